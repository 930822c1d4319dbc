//! The pipeline: one state machine for every door.
//!
//! In: a [`Signal`](crate::signal::Signal) and options. Out: an [`Outcome`]. [`state`] is pure: state
//! and event give state and effect. [`worker`] commits every transition to the store before it
//! attempts the effect, and calls the stages. No parsing, SQL, HTTP or text for people is in here.

pub mod app;
mod attempt;
pub mod bench;
pub mod budget;
pub mod ledger;
pub mod local;
pub mod progress;
pub mod record;
mod repair;
pub mod scribe;
mod stages;
pub mod state;
pub mod worker;

pub use progress::{Progress, ProgressEvent};
pub use worker::{Heal, HealError, HealOptions, HealReport, Outcome};
