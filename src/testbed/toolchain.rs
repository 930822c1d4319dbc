//! The interpreters of this machine, and what of the file system they need.
//!
//! In: the caller's `PATH`. Out: the directories that the sandbox shows and the `PATH` inside. The
//! interpreters are asked where they live, because version managers (pyenv, nvm, asdf) put shims
//! and links in front of them. The home directory itself is never shown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

/// What every sandbox shows of the system.
pub const SYSTEM_DIRECTORIES: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/alternatives",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/services",
    "/etc/protocols",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
];

/// How long an interpreter may take to say where it lives.
const ASK: Duration = Duration::from_secs(10);

/// An interpreter that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The command it was asked for, e.g. `python3`.
    pub name: &'static str,
    /// The real executable.
    pub executable: PathBuf,
    /// Its version, as it says it.
    pub version: String,
}

/// What was found on this machine.
#[derive(Clone, Debug, Default)]
pub struct Toolchain {
    /// Interpreters, in the order asked.
    pub interpreters: Vec<Interpreter>,
    /// Directories to show inside besides the system's.
    pub read_only: BTreeSet<PathBuf>,
    /// `PATH` inside.
    pub path: String,
    /// The user's Python packages directory (`pip install --user`), where there is one.
    pub python_user_base: Option<PathBuf>,
}

const PYTHON_QUESTION: &str = "import site,sys,sysconfig\n\
print(sys.executable)\nprint('.'.join(map(str, sys.version_info[:3])))\n\
print(site.getuserbase())\n\
for p in [sys.prefix, sys.base_prefix, sysconfig.get_path('stdlib'), site.getusersitepackages()]: print(p)";

const NODE_QUESTION: &str = "console.log(process.execPath);console.log(process.versions.node);console.log('')";

impl Toolchain {
    /// Asks `python3`, `python` and `node` on the caller's `PATH`.
    pub async fn discover(search_path: &str) -> Self {
        let mut toolchain = Toolchain::default();
        let mut first = Vec::new();
        for (name, arguments) in
            [("python3", ["-c", PYTHON_QUESTION]), ("python", ["-c", PYTHON_QUESTION]), ("node", ["-e", NODE_QUESTION])]
        {
            let Some(answer) = ask(name, &arguments, search_path).await else { continue };
            let mut lines = answer.lines();
            let (Some(executable), Some(version), user_base) = (lines.next(), lines.next(), lines.next()) else {
                continue;
            };
            let executable = PathBuf::from(executable);
            if name != "node" {
                toolchain.python_user_base = user_base.map(PathBuf::from);
            }
            toolchain.read_only.extend(lines.map(PathBuf::from));
            toolchain.read_only.extend(install_prefix(&executable));
            first.extend(executable.parent().map(Path::to_owned));
            toolchain.interpreters.push(Interpreter { name, executable, version: version.to_owned() });
        }
        // Programs that came with `pip install --user`.
        if let Some(scripts) =
            toolchain.python_user_base.as_ref().map(|base| base.join("bin")).filter(|bin| bin.is_dir())
        {
            toolchain.read_only.insert(scripts.clone());
            first.push(scripts);
        }
        let home = std::env::home_dir();
        let others = std::env::split_paths(search_path).filter(|directory| {
            // Of the home directory only what an interpreter named above is shown.
            directory.is_absolute() && !home.as_ref().is_some_and(|home| directory.starts_with(home))
        });
        let mut seen = BTreeSet::new();
        let directories: Vec<PathBuf> =
            first.into_iter().chain(others).filter(|directory| seen.insert(directory.clone())).collect();
        toolchain.path = std::env::join_paths(directories)
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
        toolchain.read_only.retain(|path| is_safe_to_show(path, home.as_deref()));
        toolchain
    }

    /// The interpreter of that name.
    pub fn interpreter(&self, name: &str) -> Option<&Interpreter> {
        self.interpreters.iter().find(|interpreter| interpreter.name == name)
    }
}

/// `…/bin/node` → `…`, where npm and its modules live.
fn install_prefix(executable: &Path) -> Option<PathBuf> {
    let real = executable.canonicalize().ok()?;
    Some(real.parent()?.parent()?.to_owned())
}

/// The root, the home directory itself and what lies above it stay hidden.
fn is_safe_to_show(path: &Path, home: Option<&Path>) -> bool {
    path.is_absolute()
        && path.parent().is_some()
        && path.is_dir()
        && !home.is_some_and(|home| home.starts_with(path) || path == home.join(".local"))
}

async fn ask(name: &str, arguments: &[&str], search_path: &str) -> Option<String> {
    let program = which::which_in_global(name, Some(search_path)).ok()?.next()?;
    #[expect(clippy::disallowed_methods, reason = "asks the user's own interpreter, no code of a repository")]
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(ASK, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
