//! The command line: one file per command. Here, and in `main`, errors become text and exit codes.
//!
//! In: arguments and the environment, resolved once. Out: text on stderr, at most one JSON document
//! on stdout, an [`ExitCode`].

mod answer_case;
mod answer_run;
mod args;
mod audit;
mod demo;
mod doctor;
mod doctor_app;
mod environment;
mod eval;
mod eval_answers;
mod eval_case;
mod eval_logs;
mod exit;
mod explain;
mod explain_by_model;
mod fix;
mod interrupt;
mod json;
mod models;
mod replay;
mod run;
mod serve;
mod view;

pub use args::Arguments;
pub use exit::ExitCode;
pub use run::run;
