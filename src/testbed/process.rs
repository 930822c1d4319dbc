//! Sandboxed processes: started through the helper, never lost, never waited for without end.
//!
//! In: a [`Spec`]. Out: either a [`Finished`] run (bounded output, report, time) or a [`Running`]
//! process to talk to over its pipes. Dropping a `Running` closes the lifeline, upon which the
//! helper kills everything inside.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::output::BoundedOutput;
use super::sandbox::{Report, SandboxError, Spec};

/// The hidden subcommand under which heal starts itself as the helper.
pub const HELPER_COMMAND: &str = "__sandbox";

/// How long output may still come after the process tree has been killed.
const DRAIN: Duration = Duration::from_secs(2);

/// What a process gets as its standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing: reading gives end-of-file.
    None,
    /// A pipe, for servers.
    Pipe,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub report: Report,
    /// Standard output and standard error in the order of writing.
    pub output: BoundedOutput,
    /// Wall-clock time of the run.
    pub elapsed: Duration,
    /// Whether `limits.time_ms` ended it.
    pub timed_out: bool,
}

/// A process that is alive until it is dropped.
#[derive(Debug)]
pub struct Running {
    /// The process's standard input.
    pub stdin: ChildStdin,
    /// The process's standard output.
    pub stdout: BufReader<ChildStdout>,
    child: Child,
    lifeline: UnixStream,
}

impl Running {
    /// Starts a process whose standard input and output are pipes; its standard error is dropped.
    pub fn start(spec: &Spec) -> Result<Self, SandboxError> {
        let (mut child, lifeline) = launch(spec, Input::Pipe, Stdio::piped(), Stdio::null())?;
        let missing = || SandboxError::Helper(std::io::ErrorKind::BrokenPipe.into());
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Running { stdin, stdout, child, lifeline })
    }

    /// Kills everything inside and waits until it is gone.
    pub async fn stop(mut self) {
        let _ = self.lifeline.shutdown(std::net::Shutdown::Both);
        if tokio::time::timeout(DRAIN, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Runs a process to its end or to its time limit.
pub async fn run_to_end(spec: &Spec, input: Input) -> Result<Finished, SandboxError> {
    let started = Instant::now();
    let (reader, writer) = std::io::pipe().map_err(SandboxError::Helper)?;
    let error_writer = writer.try_clone().map_err(SandboxError::Helper)?;
    let (mut child, lifeline) = launch(spec, input, Stdio::from(writer), Stdio::from(error_writer))?;
    nonblocking(&reader).map_err(SandboxError::Helper)?;
    let mut reader = pipe::Receiver::from_owned_fd(reader.into()).map_err(SandboxError::Helper)?;
    let limit = spec.limits.output_bytes;
    let collector = tokio::spawn(async move {
        let mut output = BoundedOutput::new(limit);
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            output.push(&buffer[..count]);
        }
        output
    });
    let time = Duration::from_millis(spec.limits.time_ms);
    let timed_out = tokio::time::timeout(time, child.wait()).await.is_err();
    let report = if timed_out {
        let _ = lifeline.shutdown(std::net::Shutdown::Both);
        if tokio::time::timeout(DRAIN, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
        Report::default()
    } else {
        read_report(lifeline).await
    };
    let output = match tokio::time::timeout(DRAIN, collector).await {
        Ok(Ok(output)) => output,
        _ => BoundedOutput::new(0),
    };
    Ok(Finished { report, output, elapsed: started.elapsed(), timed_out })
}

/// Reads the helper's last word; a helper that was killed leaves none.
async fn read_report(lifeline: UnixStream) -> Report {
    let gone = || Report { setup_error: Some("the helper ended without a report".to_owned()), ..Report::default() };
    if lifeline.set_nonblocking(true).is_err() {
        return gone();
    }
    let Ok(stream) = tokio::net::UnixStream::from_std(lifeline) else { return gone() };
    let mut line = String::new();
    let mut reader = BufReader::new(stream.take(64 * 1024));
    match tokio::time::timeout(DRAIN, reader.read_line(&mut line)).await {
        Ok(Ok(_)) => serde_json::from_str(&line).unwrap_or_else(|_| gone()),
        _ => gone(),
    }
}

/// Starts the helper and hands it the spec.
fn launch(spec: &Spec, input: Input, stdout: Stdio, stderr: Stdio) -> Result<(Child, UnixStream), SandboxError> {
    let (ours, theirs) = UnixStream::pair().map_err(SandboxError::Helper)?;
    // The helper inherits its end by number. Another thread's child may inherit it by accident;
    // helpers close what is not theirs.
    fcntl(&theirs, FcntlArg::F_SETFD(FdFlag::empty())).map_err(|errno| SandboxError::Helper(errno.into()))?;
    #[expect(clippy::disallowed_methods, reason = "this is where children are started")]
    let child = Command::new("/proc/self/exe")
        .arg(HELPER_COMMAND)
        .arg(theirs.as_raw_fd().to_string())
        .env_clear()
        .stdin(match input {
            Input::None => Stdio::null(),
            Input::Pipe => Stdio::piped(),
        })
        .stdout(stdout)
        .stderr(stderr)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(SandboxError::Helper)?;
    drop(theirs);
    let mut line = serde_json::to_string(spec).map_err(|error| SandboxError::Helper(error.into()))?;
    line.push('\n');
    (&ours).write_all(line.as_bytes()).map_err(SandboxError::Helper)?;
    Ok((child, ours))
}

fn nonblocking(pipe: &impl std::os::fd::AsFd) -> std::io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))?;
    Ok(())
}
