//! The App's heals: from a failed check to a reviewed pull request, or one alert.
//!
//! In: deliveries and sweeps ([`intake`], [`sweep`]) name a failing commit; the [`engine`] claims heals
//! that are due and moves each on by one step at a time. Out: branches, reruns, pull requests, comments,
//! checks and messages on GitHub, and the record of every one.
//!
//! ```text
//! deliveries ─→ intake ─┐
//!                       ├─→ heals (store) ─→ engine ─→ steps/ ─→ GitHub
//! GitHub ─────→ sweep ──┘                       ▲           │
//!                                               └── due ────┘
//! ```
//!
//! A *step* reads the state, makes that state's effect certain and says what happened: the transition is
//! committed, and the next step begins or the heal sleeps until it is due or woken. Three rules make a
//! process killed anywhere harmless:
//!
//! 1. What an effect will be (the branch's name, the attempt's edits, which run is run again from which
//!    attempt on) is committed before the effect is attempted.
//! 2. Every effect looks for its own result first, by names and hidden markers.
//! 3. Drafting has no effect outside the machine, so it is simply done again.
//!
//! Races considered: two workers (leases, renewed while a step runs); a delivery that comes while a step
//! runs (its wake-up is kept and the heal is due again); a branch that moves under the heal (looked at
//! before every step and before every effect that writes); people who merge or close in between (the
//! pull request is asked, never assumed).

mod branches;
mod case;
mod checks;
mod ci;
mod codeowners;
mod commands;
mod engine;
mod evidence;
mod identity;
mod intake;
mod knowledge;
mod models;
mod reviews;
mod services;
mod standing;
mod steps;
mod story;
mod sweep;
mod triggers;

pub use engine::run;
pub use identity::{claim_name, owner_is_gone, owner_name};
pub use intake::receive;
pub use services::{App, AppSettings, CommitMode, StepError};
pub use triggers::starts_on_push;
