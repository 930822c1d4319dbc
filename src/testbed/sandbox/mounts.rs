//! The file system inside: a fresh root of read-only binds, the project and private tmpfs.
//!
//! Runs in the helper, in its own mount namespace, so that nothing here can change the machine's.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statvfs::{FsFlags, statvfs};

use super::spec::{Spec, TreeMount};

const NONE: Option<&str> = None;

/// Devices that programs expect and that give nothing away.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

/// Builds the new root below `spec.root`. `/proc` and the switch to it follow in PID 1, because a
/// proc file system shows the PID namespace of the process that mounts it.
pub fn build_root(spec: &Spec) -> Result<()> {
    mount(NONE, "/", NONE, MsFlags::MS_PRIVATE | MsFlags::MS_REC, NONE).context("private mounts")?;
    tmpfs(&spec.root, "size=16m,mode=755")?;
    let disk = spec.limits.disk_bytes;
    // Before what is shown read-only, some of which may lie below it.
    tmpfs(&inside(&spec.root, Path::new("/tmp")), &format!("size={disk},mode=1777"))?;
    for path in &spec.read_only {
        show_read_only(&spec.root, path, path)?;
    }
    devices(&spec.root)?;
    fs::create_dir_all(inside(&spec.root, Path::new("/proc")))?;
    show_tree(spec)?;
    show_read_only(&spec.root, &spec.probes.0, &spec.probes.1)?;
    let results = inside(&spec.root, &spec.results.1);
    fs::create_dir_all(results.parent().unwrap_or(&spec.root))?;
    fs::File::create(&results).context("results mount point")?;
    bind(&spec.results.0, &results)?;
    fs::create_dir_all(inside(&spec.root, &spec.tmp))?;
    Ok(())
}

/// Mounts `/proc` and makes `root` the root of the process. PID 1 only.
pub fn enter_root(root: &Path) -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), &root.join("proc"), Some("proc"), flags, NONE).context("mount /proc")?;
    std::env::set_current_dir(root)?;
    nix::unistd::pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("detach the old root")?;
    std::env::set_current_dir("/")?;
    let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
    mount(NONE, "/", NONE, read_only, NONE).context("read-only root")
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn tmpfs(at: &Path, options: &str) -> Result<()> {
    fs::create_dir_all(at)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), at, Some("tmpfs"), flags, Some(options)).with_context(|| format!("tmpfs at {}", at.display()))
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)
        .with_context(|| format!("bind {}", source.display()))
}

/// Shows `source` at `at`, read-only; a missing one is left out, a symbolic link stays one.
fn show_read_only(root: &Path, source: &Path, at: &Path) -> Result<()> {
    let target = inside(root, at);
    let Ok(metadata) = fs::symlink_metadata(source) else { return Ok(()) };
    if target.symlink_metadata().is_ok() && source == at {
        return Ok(()); // below a directory that is shown already
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    if metadata.is_symlink() {
        return symlink(fs::read_link(source)?, &target).context("symbolic link");
    }
    if metadata.is_dir() {
        fs::create_dir_all(&target)?;
    } else {
        fs::File::create(&target)?;
    }
    bind(source, &target)?;
    make_read_only(&target)
}

/// Remounts `target` and every mount below it read-only; flags that the kernel locked are kept.
fn make_read_only(target: &Path) -> Result<()> {
    for point in mount_points_below(target)? {
        let locked = statvfs(&point).map_or(FsFlags::empty(), |found| found.flags());
        let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
        for (held, flag) in [
            (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
            (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
            (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
            (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
        ] {
            if locked.contains(held) {
                flags |= flag;
            }
        }
        mount(NONE, &point, NONE, flags, NONE).with_context(|| format!("read-only {}", point.display()))?;
    }
    Ok(())
}

fn mount_points_below(target: &Path) -> Result<Vec<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo").context("mountinfo")?;
    let points = table
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
        .map(unescape_octal)
        .filter(|point| point.starts_with(target))
        .collect();
    Ok(points)
}

/// mountinfo writes blank, tab, newline and backslash as `\040` and so on (proc(5)).
fn unescape_octal(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'\\' && tail.len() >= 3)
            .then(|| std::str::from_utf8(&tail[..3]).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsStr::from_bytes(&bytes))
}

fn devices(root: &Path) -> Result<()> {
    let dev = inside(root, Path::new("/dev"));
    fs::create_dir_all(&dev)?;
    for name in DEVICES {
        fs::File::create(dev.join(name))?;
        bind(&Path::new("/dev").join(name), &dev.join(name))?;
    }
    for (name, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        symlink(target, dev.join(name))?;
    }
    tmpfs(&dev.join("shm"), "size=64m,mode=1777")
}

fn show_tree(spec: &Spec) -> Result<()> {
    let target = inside(&spec.root, spec.tree.at());
    fs::create_dir_all(&target).context("the project's mount point")?;
    match &spec.tree {
        TreeMount::Copy { source, .. } => bind(source, &target),
        TreeMount::Overlay { lower, .. } => overlay(spec, lower, &target),
    }
}

/// An overlay needs its upper and work directory on one file system: a tmpfs of its own, which
/// also bounds what the tests may write.
fn overlay(spec: &Spec, lower: &[PathBuf], target: &Path) -> Result<()> {
    let layers = inside(&spec.root, Path::new("/.layers"));
    tmpfs(&layers, &format!("size={},mode=700", spec.limits.disk_bytes))?;
    let (upper, work) = (layers.join("upper"), layers.join("work"));
    fs::create_dir(&upper)?;
    fs::create_dir(&work)?;
    let lower: Vec<String> = lower.iter().map(|path| escape_layer(path)).collect();
    let options = format!(
        "lowerdir={},upperdir={},workdir={},userxattr",
        lower.join(":"),
        escape_layer(&upper),
        escape_layer(&work)
    );
    mount(Some("overlay"), target, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .context("overlay over the project")
}

fn escape_layer(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "\\\\").replace(':', "\\:").replace(',', "\\,")
}
