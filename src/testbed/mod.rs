//! The floor on which tests run: sandbox, copies of trees, runners, warm servers, coverage.
//!
//! In: a repository on this machine, a [`TestCommand`](command::TestCommand), changed files held in
//! memory. Out: a [`TestRun`](run::TestRun) of the real command (cold), or answers of a
//! [`warm`] server. Localisation and search run tests too, therefore this is a floor and not a
//! part of `verify/`.
//!
//! Invariants: nothing that the repository brings runs outside the sandbox; the user's work tree is
//! only read; every process, pipe and file made here is gone when the [`Testbed`] is dropped.

pub mod command;
pub mod detect;
pub mod limits;
mod observer;
pub mod output;
mod probes;
pub mod process;
pub mod run;
pub mod runners;
pub mod sandbox;
pub mod scratch;
#[path = "testbed.rs"]
mod stage;
mod syntax;
pub mod toolchain;
mod tree;
pub mod warm;

pub use stage::{Isolation, Patched, Testbed, TestbedError, TestbedOptions};
pub use syntax::{CheckedFault, SyntaxCheck};
pub use tree::read_bounded;
