//! What code can do to the world outside of it, as data: one row per capability, its names and why it is refused.
//! One table, therefore one file, however long.

/// Which languages a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum In {
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    JavaScript,
}

/// One capability.
#[derive(Debug)]
pub(super) struct Capability {
    /// What it does, to follow "would newly".
    pub(super) what: &'static str,
    /// The languages.
    pub(super) language: In,
    /// Dotted names: `a.b` is that name, `a.*` is `a` and everything in it.
    pub(super) names: &'static [&'static str],
    /// Whether only a call counts: the bare name has harmless uses.
    pub(super) called: bool,
}

const fn row(what: &'static str, language: In, names: &'static [&'static str]) -> Capability {
    Capability { what, language, names, called: false }
}

/// Names that say something only when they are called.
const fn called(what: &'static str, language: In, names: &'static [&'static str]) -> Capability {
    Capability { what, language, names, called: true }
}

/// Reaching other machines.
pub(super) const NETWORK: &str = "use the network";
/// Starting programs.
const PROCESS: &str = "start a process";
/// Running what is not in the repository's text.
pub(super) const EVALUATE: &str = "run code from text";
/// Data that runs when it is read.
const UNPICKLE: &str = "load data that can run code";
/// Creating or overwriting what is on the disk.
pub(super) const WRITE: &str = "write files";
/// Removing what is on the disk.
pub(super) const DELETE: &str = "delete files";
/// Ending the process, or hooking into its end, before all is told.
const EXIT: &str = "end the process or hook into its end";
/// Files of the machine, of git and of the runner.
pub(super) const PLACE: &str = "name a place outside of the project";
/// Reading by a path that is not below the project or that is hidden.
pub(super) const READ: &str = "read a file outside of the project";
/// All variables at once hold the secrets of whoever runs it.
pub(super) const ENVIRONMENT: &str = "read the whole environment";
/// One variable by its name.
pub(super) const VARIABLE: &str = "read the environment";
/// Names that are put together at run time can't be read in review.
pub(super) const HIDDEN: &str = "reach modules by hidden names";
/// Words with which a step steers the rest of a workflow.
pub(super) const WORKFLOW: &str = "write a workflow command";

/// Every row.
pub(super) const ROWS: &[Capability] = &[
    row(
        NETWORK,
        In::Python,
        &[
            "requests.*",
            "urllib.request.*",
            "urllib3.*",
            "http.client.*",
            "httplib2.*",
            "httpx.*",
            "aiohttp.*",
            "socket.*",
            "ssl.*",
            "ftplib.*",
            "smtplib.*",
            "telnetlib.*",
            "poplib.*",
            "imaplib.*",
            "xmlrpc.*",
            "websocket.*",
            "websockets.*",
            "paramiko.*",
            "pycurl.*",
            "asyncio.open_connection",
            "asyncio.start_server",
            "http.server.*",
            "socketserver.*",
            "webbrowser.*",
            "logging.handlers.HTTPHandler",
            "logging.handlers.SocketHandler",
            "logging.handlers.DatagramHandler",
            "logging.handlers.SMTPHandler",
            "logging.handlers.SysLogHandler",
        ],
    ),
    row(
        NETWORK,
        In::JavaScript,
        &[
            "http.*",
            "https.*",
            "http2.*",
            "net.*",
            "tls.*",
            "dgram.*",
            "dns.*",
            "axios.*",
            "node-fetch.*",
            "undici.*",
            "got.*",
            "superagent.*",
            "ws.*",
            "XMLHttpRequest",
            "WebSocket",
            "EventSource",
            "navigator.sendBeacon",
            "globalThis.fetch",
            "window.fetch",
            "self.fetch",
            "global.fetch",
        ],
    ),
    called(NETWORK, In::JavaScript, &["fetch", "request.*"]),
    row(
        PROCESS,
        In::Python,
        &[
            "subprocess.*",
            "os.system",
            "os.popen",
            "os.execl",
            "os.execle",
            "os.execlp",
            "os.execlpe",
            "os.execv",
            "os.execve",
            "os.execvp",
            "os.execvpe",
            "os.spawnl",
            "os.spawnle",
            "os.spawnlp",
            "os.spawnlpe",
            "os.spawnv",
            "os.spawnve",
            "os.spawnvp",
            "os.spawnvpe",
            "os.posix_spawn",
            "os.posix_spawnp",
            "os.startfile",
            "os.fork",
            "os.forkpty",
            "os.kill",
            "os.killpg",
            "posix.*",
            "nt.*",
            "pty.*",
            "pexpect.*",
            "multiprocessing.*",
            "asyncio.create_subprocess_exec",
            "asyncio.create_subprocess_shell",
            "asyncio.subprocess.create_subprocess_exec",
            "asyncio.subprocess.create_subprocess_shell",
            "concurrent.futures.ProcessPoolExecutor",
            "commands.*",
            "ctypes.*",
            "_ctypes.*",
            "cffi.*",
        ],
    ),
    row(
        PROCESS,
        In::JavaScript,
        &[
            "child_process.*",
            "execa.*",
            "shelljs.*",
            "cross-spawn.*",
            "cluster.*",
            "worker_threads.*",
            "process.kill",
            "process.binding",
            "process.dlopen",
            "Deno.run",
            "Deno.Command",
            "Bun.spawn",
        ],
    ),
    row(
        EXIT,
        In::Python,
        &[
            "atexit.*",
            "signal.*",
            "os._exit",
            "os.abort",
            "sys.exit",
            "sys.excepthook",
            "sys.unraisablehook",
            "threading.excepthook",
            "_thread.interrupt_main",
            "faulthandler.*",
            "SystemExit",
        ],
    ),
    called(EXIT, In::Python, &["exit", "quit"]),
    row(
        EXIT,
        In::JavaScript,
        &[
            "process.exit",
            "process.reallyExit",
            "process.abort",
            "process.exitCode",
            "process.on",
            "process.once",
            "process.addListener",
            "process.prependListener",
            "process.prependOnceListener",
            "process.emit",
            "process.removeAllListeners",
            "Deno.exit",
        ],
    ),
    called(
        EVALUATE,
        In::Python,
        &[
            "eval",
            "exec",
            "compile",
            "builtins.eval",
            "builtins.exec",
            "builtins.compile",
            "runpy.*",
            "code.*",
            "timeit.*",
        ],
    ),
    called(EVALUATE, In::JavaScript, &["eval", "Function", "globalThis.eval", "window.eval", "setTimeout.constructor"]),
    row(EVALUATE, In::JavaScript, &["vm.*"]),
    row(
        UNPICKLE,
        In::Python,
        &[
            "pickle.loads",
            "pickle.load",
            "pickle.Unpickler",
            "cPickle.*",
            "dill.*",
            "cloudpickle.*",
            "marshal.*",
            "shelve.*",
            "joblib.load",
            "yaml.unsafe_load",
            "yaml.full_load",
            "jsonpickle.*",
        ],
    ),
    row(UNPICKLE, In::JavaScript, &["v8.deserialize", "node-serialize.*"]),
    row(
        WRITE,
        In::Python,
        &[
            "os.mkdir",
            "os.makedirs",
            "os.symlink",
            "os.link",
            "os.mkfifo",
            "shutil.copy",
            "shutil.copy2",
            "shutil.copyfile",
            "shutil.copytree",
            "shutil.make_archive",
            "shutil.unpack_archive",
        ],
    ),
    row(
        WRITE,
        In::JavaScript,
        &[
            "fs.writeFile",
            "fs.writeFileSync",
            "fs.write",
            "fs.writeSync",
            "fs.appendFile",
            "fs.appendFileSync",
            "fs.createWriteStream",
            "fs.copyFile",
            "fs.copyFileSync",
            "fs.cp",
            "fs.cpSync",
            "fs.mkdir",
            "fs.mkdirSync",
            "fs.symlink",
            "fs.symlinkSync",
            "fs.promises.writeFile",
            "fs.promises.appendFile",
            "fs.promises.copyFile",
            "fs.promises.cp",
            "fs.promises.mkdir",
            "fs-extra.outputFile",
            "fs-extra.writeJson",
            "Deno.writeFile",
            "Deno.writeTextFile",
            "Bun.write",
        ],
    ),
    row(
        DELETE,
        In::Python,
        &[
            "shutil.rmtree",
            "shutil.move",
            "os.remove",
            "os.unlink",
            "os.rmdir",
            "os.removedirs",
            "os.rename",
            "os.renames",
            "os.replace",
            "os.truncate",
            "os.chmod",
            "os.chown",
        ],
    ),
    row(
        DELETE,
        In::JavaScript,
        &[
            "fs.rm",
            "fs.rmSync",
            "fs.rmdir",
            "fs.rmdirSync",
            "fs.unlink",
            "fs.unlinkSync",
            "fs.rename",
            "fs.renameSync",
            "fs.truncate",
            "fs.truncateSync",
            "fs.chmod",
            "fs.chmodSync",
            "fs.promises.rm",
            "fs.promises.rmdir",
            "fs.promises.unlink",
            "fs.promises.rename",
            "rimraf.*",
            "fs-extra.remove",
            "fs-extra.removeSync",
            "fs-extra.emptyDir",
            "del.*",
            "Deno.remove",
        ],
    ),
    row(
        HIDDEN,
        In::Python,
        &[
            "importlib.*",
            "sys.modules",
            "os.__dict__",
            "sys.__dict__",
            "shutil.os",
            "__builtins__",
            "builtins.__import__",
            "builtins.__dict__",
            "sys.meta_path",
        ],
    ),
    called(HIDDEN, In::Python, &["__import__", "globals", "sys.settrace", "sys.setprofile", "gc.get_objects"]),
    row(
        HIDDEN,
        In::JavaScript,
        &[
            "process.mainModule",
            "module.constructor",
            "process.getBuiltinModule",
            "module.createRequire",
            "Reflect",
            "require.cache",
        ],
    ),
];
