//! The command line: one file per command. Here, and in `main`, errors become text and exit codes.
//!
//! In: arguments and the environment, resolved once. Out: text on stderr, at most one JSON document
//! on stdout, an [`ExitCode`].

mod args;
mod audit;
mod demo;
mod doctor;
mod doctor_app;
mod environment;
mod eval;
mod eval_logs;
mod exit;
mod explain;
mod fix;
mod interrupt;
mod json;
mod run;
mod serve;
mod view;

pub use args::Arguments;
pub use exit::ExitCode;
pub use run::run;
