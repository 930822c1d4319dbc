//! A GitHub for the App's tests: the third-party emulator `emulate`, and in front of it what it lacks.
//!
//! One emulator serves the whole test binary. Each [`World`] has its own owner, App, installation and proxy in it, so
//! that tests that run at the same time never see each other. The proxy ([`proxy`]) is what `heal serve` takes for
//! GitHub: it relays the API, serves git over HTTP ([`transport`]) and Actions ([`actions`]), writes every request down
//! and checks it against GitHub's own description ([`openapi`]), and misbehaves when told to ([`faults`]).
//!
//! CI is real: every branch that moves has its workflows read from the commit and their steps run ([`runner`]).
//! Bare repositories and the emulator's git database hold the same objects under the same SHAs ([`mirror`]).
//!
//! What is not played: GitHub's search, GraphQL, organisations and teams, artifacts, caches, matrices of jobs.

mod actions;
mod actions_api;
mod auth;
mod checks;
mod clock;
mod conduct;
mod corrections;
mod emulator;
mod examples;
mod faults;
mod git;
mod joblog;
mod mirror;
mod mortal;
mod openapi;
mod proxy;
mod pulls;
mod relay;
mod reply;
mod repository;
mod runner;
mod serve;
mod shapes;
mod site;
mod storage;
mod transport;
mod visitor;
mod webhooks;
mod workflow;
mod world;

pub use examples::{example, missing};
pub use faults::{Fault, When};
pub use mortal::Mortal;
pub use openapi::answer_fault;
pub use repository::Repository;
pub use serve::Serve;
pub use visitor::{all_permissions, listen};
pub use webhooks::{Delivery, signature};
pub use world::{World, eventually};
