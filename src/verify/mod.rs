//! The ladder of proof: what a patch must show before heal calls it one.
//!
//! In: a [`Patch`](crate::patch::Patch), the run that failed, a [`Testbed`](crate::testbed::Testbed).
//! Out: a [`Verdict`] with the evidence of every rung climbed. A patch falls at the first rung that
//! it fails. Every run here is the real command, cold, in the sandbox.

mod compare;
mod ladder;
pub mod said;

pub use compare::{Comparison, compare};
pub use ladder::{Proof, Rung, RungResult, Verdict, check, climb, refused};
