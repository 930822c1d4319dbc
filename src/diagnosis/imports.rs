//! The files that failing tests import, where nothing but the tests' own files is named.
//!
//! In: failures and the repository's files. Out: files, one hop from the tests.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::{RepositoryFiles, is_test_file};
use crate::evidence::Failure;

/// How many test files are read.
const TEST_FILES: usize = 20;

static JAVASCRIPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:from|import|require\()\s*['"](\.{1,2}/[^'"]+)['"]"#).expect("the pattern is constant and tested")
});

static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*(?:from\s+([\w.]+)\s+import\s+([\w, ]+)|import\s+([\w.]+))")
        .expect("the pattern is constant and tested")
});

/// The repository's files that the failing tests' files import.
pub(super) fn of_failing_tests(failures: &[Failure], files: &RepositoryFiles<'_>) -> HashSet<PathBuf> {
    let named = failures.iter().flat_map(|failure| {
        failure.file.iter().chain(failure.stack.iter().map(|frame| &frame.file)).filter(|file| is_test_file(file))
    });
    let tests: HashSet<&PathBuf> = named.take(1000).collect();
    let tracked: HashSet<&Path> = files.tracked.iter().map(PathBuf::as_path).collect();
    let mut found = HashSet::new();
    for test in tests.into_iter().take(TEST_FILES) {
        let Some(text) = (files.read)(test) else { continue };
        if test.extension().is_some_and(|extension| extension == "py") {
            found.extend(python(&text, files.tracked));
        } else {
            found.extend(javascript(&text, test, &tracked));
        }
    }
    found
}

fn javascript(text: &str, test: &Path, tracked: &HashSet<&Path>) -> Vec<PathBuf> {
    const ENDINGS: &[&str] =
        &["", ".js", ".ts", ".tsx", ".jsx", ".mjs", ".cjs", "/index.js", "/index.ts", "/index.tsx"];
    let folder = test.parent().unwrap_or(Path::new(""));
    let of_import = |import: &str| {
        let base = normal(&folder.join(import));
        let written = base.to_string_lossy().into_owned();
        // TypeScript writes the name of the file that it will be compiled to.
        let stems = [written.as_str(), written.strip_suffix(".js").unwrap_or(&written)];
        let paths = stems
            .into_iter()
            .flat_map(|stem| ENDINGS.iter().map(move |ending| PathBuf::from(format!("{stem}{ending}"))));
        paths.into_iter().find(|path| tracked.contains(path.as_path()))
    };
    JAVASCRIPT.captures_iter(text).filter_map(|found| of_import(&found[1])).collect()
}

fn python(text: &str, tracked: &[PathBuf]) -> Vec<PathBuf> {
    let mut wanted: Vec<String> = Vec::new();
    for found in PYTHON.captures_iter(text) {
        let module =
            found.get(1).or(found.get(3)).map_or("", |module| module.as_str()).trim_matches('.').replace('.', "/");
        if module.is_empty() {
            continue;
        }
        let names = found.get(2).map_or("", |names| names.as_str()).split(',');
        wanted.extend(names.map(|name| format!("{module}/{}.py", name.split_whitespace().next().unwrap_or(""))));
        wanted.push(format!("{module}.py"));
        wanted.push(format!("{module}/__init__.py"));
    }
    let ends = |file: &Path| wanted.iter().any(|end| file.ends_with(end));
    tracked
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "py") && ends(file))
        .cloned()
        .collect()
}

/// Without `.` and `..`, as far as the path has parts to go up.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(test: &str, text: &str, tracked: &[&str]) -> Vec<String> {
        let tracked: Vec<PathBuf> = tracked.iter().map(PathBuf::from).collect();
        let read = |_: &Path| Some(text.to_owned());
        let failure = Failure { file: Some(test.into()), ..Failure::default() };
        let found = of_failing_tests(&[failure], &RepositoryFiles { read: &read, tracked: &tracked });
        found.into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn imports_of_both_languages() {
        assert_eq!(
            imported("test/a.test.ts", "import { a } from '../src/a.js';", &["src/a.ts", "src/b.ts"]),
            ["src/a.ts"]
        );
        assert_eq!(
            imported("tests/test_a.py", "from shop import cart, x\n", &["src/shop/cart.py", "src/other.py"]),
            ["src/shop/cart.py"]
        );
        assert_eq!(imported("tests/test_a.py", "import os\n", &["src/shop/cart.py"]), Vec::<String>::new());
    }
}
