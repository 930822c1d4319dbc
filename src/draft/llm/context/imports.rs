//! Which of the repository's files an import statement names.

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::files::{Files, Source};

/// How many files one statement may lead to.
const MOST: usize = 4;

static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"['"](\.{1,2}(?:/[^'"]*)?)['"]"#).expect("the pattern is constant and tested"));

static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)^\s*(?:from\s+([\w.]+)\s+import\s+(.+)|import\s+(.+))")
        .expect("the pattern is constant and tested")
});

/// What an import may be written without.
const ENDINGS: &[&str] =
    &["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", "/index.ts", "/index.tsx", "/index.js", "/index.jsx"];

/// The tracked files that the import statements of `source` with one of `names` lead to, in the statements' order.
pub(super) fn files_of(files: &Files<'_>, source: &Source, names: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let wanted = |statement: &&crate::code::anatomy::Statement| {
        statement.is_import && statement.names.iter().any(|name| names.contains(&name.as_str()))
    };
    let lines: Vec<&str> = source.text.lines().collect();
    for statement in source.statements.iter().filter(wanted).take(40) {
        let end = statement.rows.end.min(lines.len());
        let text = lines.get(statement.rows.start..end).unwrap_or_default().join("\n");
        let is_python = source.parsed.as_ref().is_some_and(|parsed| parsed.language.is_python());
        found.extend(if is_python {
            python(files, &source.path, &text)
        } else {
            javascript(files, &source.path, &text)
        });
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path: &PathBuf| path != &source.path && seen.insert(path.clone()));
    found
}

fn javascript(files: &Files<'_>, of: &Path, text: &str) -> Vec<PathBuf> {
    let folder = of.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for quoted in QUOTED.captures_iter(text) {
        let written = normal(&folder.join(&quoted[1])).to_string_lossy().into_owned();
        // TypeScript writes the name of the file that it will be compiled to.
        let stems = [written.as_str(), written.strip_suffix(".js").unwrap_or(&written)];
        let paths =
            stems.iter().flat_map(|stem| ENDINGS.iter().map(move |ending| PathBuf::from(format!("{stem}{ending}"))));
        found.extend(paths.into_iter().find(|path| files.is_tracked(path)));
    }
    found
}

fn python(files: &Files<'_>, of: &Path, text: &str) -> Vec<PathBuf> {
    let Some(parts) = PYTHON.captures(text) else { return Vec::new() };
    let part = |index: usize| parts.get(index).map_or("", |part| part.as_str());
    let listed = |text: &str| -> Vec<String> {
        let names = text.split([',', '(', ')']).filter_map(|name| name.split_whitespace().next());
        names.map(|name| name.trim_matches('.').replace('.', "/")).filter(|name| !name.is_empty()).take(40).collect()
    };
    let (from, names) = (part(1), part(2));
    let dots = from.bytes().take_while(|byte| *byte == b'.').count();
    let module = from[dots..].replace('.', "/");
    let mut ends = Vec::new();
    let modules = if from.is_empty() { listed(part(3)) } else { vec![module.clone()] };
    if !from.is_empty() {
        ends.extend(listed(names).iter().map(|name| join(&module, &format!("{name}.py"))));
    }
    ends.extend(modules.iter().filter(|module| !module.is_empty()).map(|module| format!("{module}.py")));
    ends.extend(modules.iter().map(|module| join(module, "__init__.py")));
    if dots > 0 {
        let folder = of.ancestors().nth(dots).unwrap_or(Path::new(""));
        return ends.iter().map(|end| folder.join(end)).filter(|path| files.is_tracked(path)).take(MOST).collect();
    }
    ends.iter().filter_map(|end| by_end(files, of, end)).take(MOST).collect()
}

/// The tracked file whose path ends so, the nearest of several.
fn by_end(files: &Files<'_>, of: &Path, end: &str) -> Option<PathBuf> {
    files.ending_with(end).min_by_key(|file| (distance(of, file), file.as_os_str().len())).map(Path::to_owned)
}

/// How many folders lie between two files.
pub(super) fn distance(a: &Path, b: &Path) -> usize {
    let (a, b) = (a.parent().unwrap_or(Path::new("")), b.parent().unwrap_or(Path::new("")));
    let common = a.components().zip(b.components()).take_while(|(a, b)| a == b).count();
    a.components().count() + b.components().count() - 2 * common
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
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
