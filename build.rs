//! Lists the probes (`src/testbed/{python,nodejs}/`) and the demo's fixture, so that the binary carries
//! each of their files: a new file there is a new entry without another line of Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let testbed = source.join("src/testbed");
    let is_probe = |path: &Path| path.extension().is_some_and(|e| ["py", "mjs", "cjs"].iter().any(|known| e == *known));
    let mut probes = files(&testbed.join("python"));
    probes.extend(files(&testbed.join("nodejs")));
    probes.retain(|path| is_probe(path));
    write("probes.rs", "static PROBES", &testbed, &probes);
    let demo = source.join("fixtures/demo-shop");
    write("demo.rs", "/// The fixture that `heal demo` heals.\npub static BUNDLED", &demo, &files(&demo));
    println!("cargo::rerun-if-changed=src/testbed/python");
    println!("cargo::rerun-if-changed=src/testbed/nodejs");
    println!("cargo::rerun-if-changed=fixtures/demo-shop");
}

/// Every file below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is part of the source tree") {
            let path = entry.expect("the folder can be listed").path();
            match (path.is_dir(), path.file_name().is_some_and(|name| name == "__pycache__")) {
                (true, false) => open.push(path),
                (false, _) => found.push(path),
                (true, true) => {}
            }
        }
    }
    found.sort();
    found
}

/// Writes `declaration: &[(name below folder, text)]` into `OUT_DIR`.
fn write(name: &str, declaration: &str, folder: &Path, files: &[PathBuf]) {
    let mut list = format!("{declaration}: &[(&str, &str)] = &[\n");
    for file in files {
        let relative = file.strip_prefix(folder).expect("listed below the folder");
        writeln!(list, "    ({relative:?}, include_str!({file:?})),").expect("writing to a string does not fail");
    }
    list.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join(name), list).expect("OUT_DIR can be written");
}
