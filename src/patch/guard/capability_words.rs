//! What the names of the capability table are reached through, and what strings give away, as data: the environment, places
//! of the machine, a workflow's commands, modules behind modules.

use super::capability_table::{DELETE, ENVIRONMENT, EVALUATE, In, NETWORK};

/// The environment as a whole, and what reads one variable of it.
pub(super) const ENVIRONMENTS: &[(In, &str)] = &[
    (In::Python, "os.environ"),
    (In::Python, "os.environb"),
    (In::Python, "posix.environ"),
    (In::JavaScript, "process.env"),
    (In::JavaScript, "import.meta.env"),
    (In::JavaScript, "Deno.env"),
    (In::JavaScript, "Bun.env"),
    (In::JavaScript, "globalThis.process.env"),
];

/// Calls that read one variable by name.
pub(super) const VARIABLES: &[(In, &str)] =
    &[(In::Python, "os.getenv"), (In::Python, "os.environ.get"), (In::JavaScript, "Deno.env.get")];

/// Methods that give a name's variable, set one, or ask whether it is there.
pub(super) const ONE_VARIABLE: &[&str] = &["get", "has", "pop", "setdefault"];

/// Words of workflow commands and of the files behind them, in strings and in shell.
pub(super) const WORKFLOW_WORDS: &[&str] = &[
    "::set-output",
    "::set-env",
    "::add-path",
    "::add-mask",
    "::save-state",
    "::stop-commands",
    "::error",
    "::warning",
    "##[",
    "##vso[",
    "GITHUB_ENV",
    "GITHUB_OUTPUT",
    "GITHUB_PATH",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/// What does so in files without a grammar (shell, makefiles, templates).
pub(super) const SHELL_WORDS: &[(&str, &str)] = &[
    (NETWORK, "curl"),
    (NETWORK, "wget"),
    (NETWORK, "netcat"),
    (NETWORK, "/dev/tcp/"),
    (ENVIRONMENT, "printenv"),
    (EVALUATE, "eval"),
    (EVALUATE, "base64 -d"),
    (EVALUATE, "base64 --decode"),
    (DELETE, "rm -rf"),
    (DELETE, "rm -fr"),
];

/// Calls of Python that open a file, with the place of the mode among the arguments.
pub(super) const OPENERS: &[(&str, usize)] = &[("open", 1), ("io.open", 1), ("codecs.open", 1), ("os.fdopen", 1)];

/// Methods of Python that write a file, whatever they are called on (`pathlib`).
pub(super) const WRITERS: &[&str] = &["write_text", "write_bytes"];

/// Methods of Python that make or remove files and folders, whatever they are called on.
pub(super) const REMOVERS: &[&str] = &["unlink", "rmdir", "symlink_to", "hardlink_to", "chmod"];

/// Modules of Python that other modules import, by which they can be reached too: `shutil.os.system`.
pub(super) const REACHED: &[&str] = &[
    "os",
    "sys",
    "subprocess",
    "socket",
    "shutil",
    "builtins",
    "importlib",
    "posix",
    "nt",
    "ctypes",
    "pty",
    "signal",
    "atexit",
];

/// Attributes of Python's objects that lead to everything that is loaded.
pub(super) const INNARDS: &[&str] = &[
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__loader__",
    "__spec__",
    "__code__",
    "__getattribute__",
    "f_globals",
    "f_locals",
    "f_builtins",
    "gi_frame",
    "cr_frame",
    "tb_frame",
];

/// Places of the machine, of git and of the runner, in strings.
pub(super) const PLACES: &[&str] = &[
    "/proc",
    "/sys",
    ".git",
    "/etc/passwd",
    "/etc/shadow",
    ".ssh",
    "_runner_file_commands",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".aws",
    "/var/run/docker.sock",
    "/run/secrets",
    "sitecustomize",
    "usercustomize",
];

/// Texts that run when they are imported.
pub(super) const CODE_TEXTS: &[&str] = &["data:text/javascript", "data:application/javascript"];

/// Calls that read a file or list a folder by the path that comes first.
pub(super) const READERS: &[(In, &str)] = &[
    (In::Python, "open"),
    (In::Python, "io.open"),
    (In::Python, "codecs.open"),
    (In::Python, "os.open"),
    (In::Python, "os.listdir"),
    (In::Python, "os.scandir"),
    (In::Python, "os.walk"),
    (In::Python, "glob.glob"),
    (In::Python, "glob.iglob"),
    (In::Python, "linecache.getlines"),
    (In::Python, "fileinput.input"),
    (In::Python, "pathlib.Path"),
    (In::Python, "Path"),
    (In::JavaScript, "fs.readFile"),
    (In::JavaScript, "fs.readFileSync"),
    (In::JavaScript, "fs.createReadStream"),
    (In::JavaScript, "fs.open"),
    (In::JavaScript, "fs.openSync"),
    (In::JavaScript, "fs.readdir"),
    (In::JavaScript, "fs.readdirSync"),
    (In::JavaScript, "fs.readlinkSync"),
    (In::JavaScript, "fs.promises.readFile"),
    (In::JavaScript, "fs.promises.open"),
    (In::JavaScript, "fs.promises.readdir"),
    (In::JavaScript, "Deno.readTextFile"),
    (In::JavaScript, "Deno.readFile"),
    (In::JavaScript, "Bun.file"),
];
