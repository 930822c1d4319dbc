//! What a project has: built-in modules, its own code, its manifests, and what its other files import.
//!
//! In: a package's name and the repository. Out: whether it is known there. Reads are bounded, and happen only
//! for an import that is new and not built in.

use std::path::Path;

use crate::testbed::read_bounded;

const PYTHON: &str = include_str!("python_stdlib.txt");
const NODE: &str = include_str!("node_builtins.txt");

/// A manifest or a source file above this many bytes is not read.
const READ_BYTES: u64 = 512 * 1024;

/// Entries of the tree that are looked at for a file that imports the same package.
const WALKED: usize = 20_000;

/// Source files that are read for that.
const READ_FILES: usize = 2_000;

/// Directories of installed or built things.
const NOT_OURS: &[&str] = &["node_modules", "venv", "env", "site-packages", "dist", "build", "target", "vendor"];

/// The package that a module belongs to; nothing for a relative one.
pub(super) fn package_of(module: &str, is_python: bool) -> Option<String> {
    if is_python {
        return (!module.starts_with('.')).then(|| module.split('.').next().unwrap_or(module).trim().to_owned());
    }
    // `#a`, `@/a` and `~/a` are names that only the project itself can give.
    if ["./", "../", "/", "node:", "#", "@/", "~/"].iter().any(|own| module.starts_with(own))
        || module == "."
        || module == ".."
    {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    Some(module.split('/').take(parts).collect::<Vec<_>>().join("/"))
}

/// Whether the language brings it with it.
pub(super) fn is_built_in(name: &str, is_python: bool) -> bool {
    let list = if is_python { PYTHON } else { NODE };
    list.lines().filter(|line| !line.starts_with('#')).any(|line| line.split(' ').any(|known| known == name))
}

/// Whether the repository holds it, declares it or already imports it somewhere.
pub(super) fn project_knows(root: &Path, file: &Path, name: &str, is_python: bool) -> bool {
    is_own(root, file, name, is_python)
        || if is_python { python_declares(root, name) } else { node_declares(root, file, name) }
        || imported_elsewhere(root, name, is_python)
}

/// A file or directory of that name beside the file, above it, or in the usual source directories.
fn is_own(root: &Path, file: &Path, name: &str, is_python: bool) -> bool {
    if name.is_empty() || name.starts_with('@') {
        return false;
    }
    let mut places: Vec<_> = file.ancestors().skip(1).map(|above| root.join(above)).collect();
    places.extend(["src", "lib", "python"].map(|directory| root.join(directory)));
    let endings: &[&str] = if is_python { &["py", "pyi"] } else { &["js", "ts", "tsx", "jsx", "mjs"] };
    places.iter().any(|place| {
        let path = place.join(name);
        path.is_dir() || endings.iter().any(|ending| place.join(format!("{name}.{ending}")).is_file())
    })
}

fn read(path: &Path) -> Option<String> {
    read_bounded(path, READ_BYTES).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a manifest of Python names the distribution; `_`, `-` and `.` are the same there.
fn python_declares(root: &Path, name: &str) -> bool {
    let normal = |text: &str| text.to_lowercase().replace(['-', '.'], "_");
    let wanted = normal(name);
    let Ok(entries) = root.read_dir() else { return false };
    let manifests = entries.take(WALKED).flatten().filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        matches!(name.as_str(), "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile" | "environment.yml" | "tox.ini")
            || (name.starts_with("requirements") || name.starts_with("constraints")) && name.ends_with(".txt")
    });
    manifests.filter_map(|entry| read(&entry.path())).any(|text| {
        let uncommented = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        uncommented
            .into_iter()
            .any(|line| normal(line).split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == wanted))
    })
}

/// Whether a `package.json` at or above the file declares the package.
fn node_declares(root: &Path, file: &Path, name: &str) -> bool {
    let tables = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
    file.ancestors().skip(1).any(|above| {
        let manifest = read(&root.join(above).join("package.json"));
        let Some(manifest) = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) else {
            return false;
        };
        manifest["name"] == name || tables.iter().any(|table| manifest[*table].get(name).is_some())
    })
}

/// Whether another source file imports it: `yaml` is of a distribution with another name.
fn imported_elsewhere(root: &Path, name: &str, is_python: bool) -> bool {
    let endings: &[&str] = if is_python { &["py", "pyi"] } else { &["js", "jsx", "mjs", "cjs", "ts", "tsx"] };
    let escaped = regex::escape(name);
    let pattern = if is_python {
        format!(r"(?m)^\s*(?:from|import)\s+{escaped}(?:\s|\.|,|$)")
    } else {
        format!(r#"(?:from|require\(|import|import\()\s*["']{escaped}["'/]"#)
    };
    let Ok(pattern) = regex::Regex::new(&pattern) else { return false };
    let ours = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !(entry.file_type().is_dir() && (name.starts_with('.') || NOT_OURS.contains(&&*name)))
    };
    let files = walkdir::WalkDir::new(root).into_iter().filter_entry(ours).take(WALKED).flatten();
    let sources = files.filter(|entry| {
        let ending = entry.path().extension().and_then(|ending| ending.to_str());
        entry.file_type().is_file() && ending.is_some_and(|ending| endings.contains(&ending))
    });
    sources.take(READ_FILES).filter_map(|entry| read(entry.path())).any(|text| pattern.is_match(&text))
}
