//! From arguments to a command, and from an error to text and an exit code.

use clap::{CommandFactory, Parser};

use super::args::{Arguments, Command};
use super::exit::ExitCode;
use super::interrupt::until_interrupted;
use super::serve::{self, Role};
use super::{audit, demo, doctor, eval, explain, fix, replay};

/// Runs the process's command line to its exit code.
pub fn run() -> ExitCode {
    if let Some(code) = hidden_command() {
        return code;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::Usage } else { ExitCode::Healed };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::from(error).context("can't start")),
    };
    let done = runtime.block_on(async {
        match arguments.command {
            // They end in their own order, so that nothing is lost.
            Command::Serve(arguments) => Some(serve::serve(&arguments, Role::Server).await),
            Command::Worker(arguments) => Some(serve::serve(&arguments, Role::Worker).await),
            command => until_interrupted(dispatch(command)).await,
        }
    });
    match done {
        Some(Ok(code)) => code,
        Some(Err(error)) => failed(&error),
        None => {
            eprintln!("interrupted; everything that was started is stopped");
            ExitCode::Interrupted
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Fix(arguments) => fix::fix(arguments).await,
        Command::Explain(arguments) => explain::explain(&arguments).await,
        Command::Demo(arguments) => demo::demo(&arguments).await,
        Command::Doctor(arguments) => doctor::doctor(&arguments).await,
        Command::Eval(arguments) => eval::eval(&arguments).await,
        Command::Audit(command) => audit::audit(&command).await,
        Command::Replay(arguments) => replay::replay(&arguments).await,
        Command::Serve(_) | Command::Worker(_) => Ok(ExitCode::Usage),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "heal", &mut std::io::stdout());
            Ok(ExitCode::Healed)
        }
        Command::Man => {
            clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout())?;
            Ok(ExitCode::Healed)
        }
    }
}

/// heal's own helper processes; not for people, so not among the arguments.
fn hidden_command() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let (command, argument) = (arguments.next()?, arguments.next()?);
    match command.to_str()? {
        crate::testbed::process::HELPER_COMMAND => {
            crate::testbed::sandbox::helper::run(argument.to_str()?.parse().ok()?);
        }
        crate::testbed::scratch::JANITOR_COMMAND => crate::testbed::scratch::janitor(argument.as_ref()),
        _ => return None,
    }
    Some(ExitCode::Healed)
}

/// Errors are wrong usage or a machine that can't do what was asked.
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    if let Some(hint) = fix::hint(error) {
        eprintln!("hint: {hint}");
    }
    ExitCode::Usage
}
