//! Which file a name means.
//!
//! A name is a hint: models write `a/src/cart.py`, `./cart.py:`, `/repo/src/cart.py`. In: the name as written and the
//! files there are. Out: the file that is meant, or those that may be. A path never leaves the repository: only
//! files that are shown or tracked are ever returned.

use std::path::{Path, PathBuf};

use super::Files;

/// What a name means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// This file.
    Certain(PathBuf),
    /// Probably this file: a part of the name is not in its path.
    Likely(PathBuf),
    /// One of these.
    Many(Vec<PathBuf>),
    /// No file.
    Nothing,
}

/// Finds the file that a name means.
pub(super) fn resolve(written: &str, files: &Files<'_>) -> Named {
    let name = clean(written);
    let bare = name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).unwrap_or(&name).to_owned();
    for name in [&name, &bare] {
        if let Some(path) = files.shown.iter().chain(files.tracked).find(|path| path.as_path() == Path::new(name)) {
            return Named::Certain(path.clone());
        }
    }
    let parts: Vec<&str> = bare.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || parts.contains(&"..") {
        return Named::Nothing;
    }
    for among in [files.shown, files.tracked] {
        let ends = |same: fn(&str, &str) -> bool| {
            matching(among, |path| path.len() >= parts.len() && ends_with(path, &parts, same))
        };
        match ends(|a, b| a == b).as_slice() {
            [only] => return Named::Certain(only.clone()),
            [] => {}
            many => return Named::Many(many.to_vec()),
        }
        // `repository/src/cart.py` or `/home/me/repository/src/cart.py`.
        let mut within = matching(among, |path| {
            let more = parts.len().saturating_sub(path.len());
            (path.len() > 1 || more == 1) && more > 0 && ends_with(&parts, path, |a, b| a == b)
        });
        within.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
        if let Some(longest) = within.into_iter().next() {
            return Named::Likely(longest);
        }
        if let [only] = ends(str::eq_ignore_ascii_case).as_slice() {
            return Named::Likely(only.clone());
        }
    }
    Named::Nothing
}

fn matching(among: &[PathBuf], fits: impl Fn(&[&str]) -> bool) -> Vec<PathBuf> {
    let parts = |path: &PathBuf| path.to_str().is_some_and(|path| fits(&path.split('/').collect::<Vec<_>>()));
    among.iter().filter(|path| parts(path)).cloned().collect()
}

fn ends_with(path: &[&str], end: &[&str], same: fn(&str, &str) -> bool) -> bool {
    path.len() >= end.len() && path.iter().rev().zip(end.iter().rev()).all(|(a, b)| same(a, b))
}

/// A name without what is written around it: quotes, marks of Markdown, a line number, a colon.
fn clean(written: &str) -> String {
    let around: &[char] = &['`', '"', '\'', '*', '<', '>', '(', ')', ' ', '\t', '\r', '\n', '#', ','];
    let mut name = written.trim_matches(around).trim_end_matches(':').trim_matches(around);
    for label in ["file:", "filename:", "path:", "File:", "Filename:", "Path:"] {
        name = name.strip_prefix(label).unwrap_or(name).trim_matches(around);
    }
    while let Some((rest, number)) = name.rsplit_once(':')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        name = rest;
    }
    let name = name.replace('\\', "/");
    let mut name = name.as_str();
    while let Some(rest) = name.strip_prefix("./").or_else(|| name.strip_prefix('/')) {
        name = rest;
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_resolve(written: &str, expected: &Named) {
        let shown = [PathBuf::from("src/cart.py"), PathBuf::from("src/app/util.py")];
        let tracked = ["Makefile", "lib/util.py", "lib/web/view.ts", "src/app/util.py", "src/cart.py", "b/x.py"]
            .map(PathBuf::from);
        let files = Files { read: &|_| None, shown: &shown, tracked: &tracked };
        assert_eq!(resolve(written, &files), *expected, "{written}");
    }

    #[test]
    fn names_are_hints() {
        let certain = |path: &str| Named::Certain(path.into());
        for written in [
            "src/cart.py",
            "a/src/cart.py",
            "./src/cart.py",
            "/src/cart.py",
            "`src/cart.py`:",
            "**cart.py**",
            "src\\cart.py",
            "src/cart.py:12",
        ] {
            check_resolve(written, &certain("src/cart.py"));
        }
        check_resolve("b/x.py", &certain("b/x.py"));
        check_resolve("util.py", &certain("src/app/util.py"));
        check_resolve("web/view.ts", &certain("lib/web/view.ts"));
        check_resolve("shop/src/cart.py", &Named::Likely("src/cart.py".into()));
        check_resolve("/home/me/shop/src/cart.py", &Named::Likely("src/cart.py".into()));
        check_resolve("Src/Cart.py", &Named::Likely("src/cart.py".into()));
        check_resolve("shop/Makefile", &Named::Likely("Makefile".into()));
    }

    #[test]
    fn what_is_no_file_of_the_repository_is_nothing() {
        for written in ["", "...", "../src/cart.py", "/etc/passwd", "src/../../cart.py", "cart", "other.py"] {
            check_resolve(written, &Named::Nothing);
        }
    }
}
