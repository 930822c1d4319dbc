//! Which level of isolation this machine offers, found by trying.

use std::path::Path;

use super::SandboxError;
use super::spec::{Level, Spec, TreeMount};
use crate::testbed::limits::Limits;
use crate::testbed::process::{Input, run_to_end};
use crate::testbed::toolchain::SYSTEM_DIRECTORIES;

/// The strongest level that works here, and why each stronger one does not.
pub async fn best_level(scratch: &Path) -> Result<(Level, Vec<SandboxError>), SandboxError> {
    let mut reasons = Vec::new();
    for level in [Level::Namespaces, Level::Landlock] {
        match try_level(level, scratch).await {
            Ok(()) => return Ok((level, reasons)),
            Err(error) => reasons.push(error),
        }
    }
    Ok((Level::Limits, reasons))
}

/// Runs `true` at `level`; an error says which step of the set-up failed.
///
/// `scratch` is an empty directory for the mount points.
pub async fn try_level(level: Level, scratch: &Path) -> Result<(), SandboxError> {
    let directory = |name: &str| -> Result<std::path::PathBuf, SandboxError> {
        let path = scratch.join(format!("probe-{level}-{name}"));
        std::fs::create_dir_all(&path).map_err(SandboxError::Helper)?;
        Ok(path)
    };
    let results = directory("results")?.join("pipe");
    std::fs::write(&results, "").map_err(SandboxError::Helper)?;
    let tree = directory("tree")?;
    let inside = level == Level::Namespaces;
    let spec = Spec {
        level,
        argv: vec!["true".to_owned()],
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        cwd: "/".into(),
        root: directory("root")?,
        read_only: SYSTEM_DIRECTORIES.iter().map(Into::into).collect(),
        probes: (directory("probes")?, if inside { "/heal".into() } else { directory("probes")? }),
        results: (results.clone(), if inside { "/run/heal-results".into() } else { results }),
        tmp: if inside { "/tmp/heal".into() } else { directory("tmp")? },
        tree: match level {
            Level::Namespaces => TreeMount::Overlay { at: "/tmp/heal-tree".into(), lower: vec![tree] },
            Level::Landlock | Level::Limits => TreeMount::Copy { at: tree.clone(), source: tree },
        },
        limits: Limits { time_ms: 10_000, ..Limits::default() },
    };
    let finished = run_to_end(&spec, Input::None).await?;
    match (finished.report.setup_error, finished.report.exit) {
        (None, Some(0)) => Ok(()),
        (Some(reason), _) => Err(SandboxError::Setup { level, reason }),
        (None, exit) => {
            let reason = format!("`true` ended with {exit:?}: {}", String::from_utf8_lossy(&finished.output.bytes()));
            Err(SandboxError::Setup { level, reason })
        }
    }
}
