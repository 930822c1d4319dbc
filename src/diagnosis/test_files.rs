//! Which files hold tests, by the conventions of the runners.

use std::path::Path;

/// Directories whose files are tests or serve them.
const DIRECTORIES: &[&str] = &["test", "tests", "__tests__", "spec", "testing", "e2e", "__snapshots__", "__mocks__"];

/// Whether a path (relative to the repository) is a test's or a test helper's.
pub fn is_test_file(path: &Path) -> bool {
    let in_directory = path
        .parent()
        .is_some_and(|parent| parent.iter().any(|part| part.to_str().is_some_and(|part| DIRECTORIES.contains(&part))));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    let stem = name.split('.').next().unwrap_or(name);
    in_directory
        || name == "conftest.py"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "test"
        || stem == "tests"
        || stem.ends_with("-test")
        || [".test.", ".spec.", "_spec."].iter().any(|mark| name.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions_of_the_runners() {
        for path in ["tests/helpers.py", "a/test_b.py", "b_test.py", "src/a.test.ts", "conftest.py", "test.js"] {
            assert!(is_test_file(Path::new(path)), "{path}");
        }
        for path in ["src/contest.py", "latest/a.py", "attest.js", "src/testimonial.ts"] {
            assert!(!is_test_file(Path::new(path)), "{path}");
        }
    }
}
