//! The door for GitHub: HTTP in front of the pipeline.
//!
//! In: requests. Out: answers, and [`Delivery`](delivery::Delivery)s for the store; nothing is worked
//! on inside a request.

pub mod delivery;
mod routes;

pub use routes::{Server, router};
