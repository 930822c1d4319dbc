//! Behaviour from outside: the built `heal` on real repositories with real runners.
//!
//! [`world`] holds the vocabulary; each other file tells stories of one kind.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![expect(clippy::disallowed_methods, reason = "tests start heal and git as a user would")]

mod answers;
mod app;
mod app_attempts;
mod app_crash;
mod app_fidelity;
mod app_llm;
mod app_poison;
mod app_policies;
mod app_postgres;
mod app_stress;
mod app_tools;
mod app_world;
mod bad_input;
mod commands;
mod fixtures;
mod github;
mod healing;
mod hostile_logs;
mod llm;
mod llm_client;
mod llm_faults;
mod llm_fix;
mod log_fixtures;
mod logs;
mod projects;
mod repairs;
mod replay;
mod sandbox;
mod world;
