//! Which files hold tests, by the conventions of the runners.

use std::path::Path;

/// Directories whose files are tests or serve them, in any case. A `fixtures` folder may be an application's own.
const DIRECTORIES: &[&str] =
    &["test", "tests", "__tests__", "spec", "testing", "testdata", "e2e", "__fixtures__", "__snapshots__", "__mocks__"];

/// Endings of languages whose runners collect classes by a name that ends in `Test` or `Tests`.
const CLASSES: &[&str] = &["java", "kt", "kts", "groovy", "scala", "cs", "fs", "vb", "swift", "php", "m", "mm", "cpp"];

/// Whether a path (relative to the repository) is a test's or a test helper's.
pub fn is_test_file(path: &Path) -> bool {
    let is_tests = |part: &str| DIRECTORIES.iter().any(|directory| part.eq_ignore_ascii_case(directory));
    let in_directory =
        path.parent().is_some_and(|parent| parent.iter().any(|part| part.to_str().is_some_and(is_tests)));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    let stem = name.split('.').next().unwrap_or(name);
    let lower = stem.to_ascii_lowercase();
    // The capital tells `PriceTest` from `latest` and `Contest`.
    let of_class = CLASSES.contains(&ending) && stem.ends_with("Test") || stem.ends_with("Tests");
    in_directory
        || name == "conftest.py"
        || of_class
        || ending == "snap"
        || ["test", "tests", "spec"].contains(&lower.as_str())
        || lower.starts_with("test_")
        || ["_test", "_tests", "-test", "_spec"].iter().any(|end| lower.ends_with(end))
        || [".test.", ".tests.", ".spec."].iter().any(|mark| name.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions_of_the_runners() {
        for path in [
            "tests/helpers.py",
            "a/test_b.py",
            "b_test.py",
            "src/a.test.ts",
            "conftest.py",
            "test.js",
            "Tests/helpers.py",
            "src/TESTS/a.py",
            "src/PriceTest.java",
            "src/PriceTests.cs",
            "src/PriceTests.py",
            "src/PriceTest.kt",
            "price_spec.rb",
            "price_test.go",
            "testdata/prices.json",
            "src/__fixtures__/a.js",
            "src/__snapshots__/a.snap",
        ] {
            assert!(is_test_file(Path::new(path)), "{path}");
        }
        for path in [
            "src/contest.py",
            "latest/a.py",
            "attest.js",
            "src/testimonial.ts",
            "src/Contest.java",
            "src/Latest.cs",
            "app/fixtures/prices.py",
            "src/ABTest.ts",
            "src/spectrum.py",
            "src/aspect.py",
            "src/a.snapshot.ts",
            "src/requests.py",
        ] {
            assert!(!is_test_file(Path::new(path)), "{path}");
        }
    }
}
