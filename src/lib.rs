//! heal repairs failing builds: it finds out why the tests fail, drafts the smallest fix with the
//! syntax tree in hand, proves it by running the tests, and delivers it.
//!
//! ```text
//! signal ─→ evidence ─→ diagnosis ─→ draft ─→ patch ─→ verify ─→ deliver
//! what      runs, logs  why, where,  recall   place,   ladder    branch,
//! failed    commits     since when   search   parse,   of proof  report
//!                                    llm      guard
//! ```
//!
//! The rooms, in the order in which a failure passes through them; a room knows those before it and
//! the floors below, and nothing of those after it. `docs/architecture.md` is the guided tour.

pub mod deliver;
pub mod diagnosis;
pub mod draft;
pub mod evidence;
pub mod patch;
pub mod signal;
pub mod verify;

pub mod clock;
pub mod code;
pub mod config;
pub mod fixture;
pub mod forge;
pub mod notify;
pub mod policy;
pub mod redact;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod testbed;
pub mod tls;

pub mod pipeline;

pub mod cli;
pub mod web;
