//! Lists the probes (`src/testbed/{python,node}/`) so that the binary carries each of them: a new
//! file there is a new entry without another line of Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let testbed = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testbed");
    let mut list = String::from("static PROBES: &[(&str, &str)] = &[\n");
    for folder in ["python", "node"] {
        println!("cargo::rerun-if-changed=src/testbed/{folder}");
        let mut files: Vec<PathBuf> = std::fs::read_dir(testbed.join(folder))
            .expect("the folder is part of the source tree")
            .map(|entry| entry.expect("the folder can be listed").path())
            .filter(|path| path.extension().is_some_and(|extension| ["py", "mjs", "cjs"].iter().any(|e| extension == *e)))
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().expect("listed files have names").to_string_lossy();
            writeln!(list, "    ({:?}, include_str!({:?})),", format!("{folder}/{name}"), file)
                .expect("writing to a string does not fail");
        }
    }
    list.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("probes.rs"), list).expect("OUT_DIR can be written");
}
