//! heal's own programs that run inside the sandbox beside the tests, carried in the binary.
//!
//! In: a scratch directory. Out: the same files there, to be shown read-only inside. They are
//! interpreted by the project's own python and node and depend on nothing but these.

use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/probes.rs"));

/// Writes the probes below `directory` as `python/…` and `node/…`.
pub fn install(directory: &Path) -> std::io::Result<PathBuf> {
    for (name, text) in PROBES {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(directory.to_owned())
}
