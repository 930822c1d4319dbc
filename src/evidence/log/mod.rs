//! Reading logs of any size: bytes → [`Log`], the cleaned lines of every step.
//!
//! In: a file, a stream or a zip of logs, as a CI service or a tool wrote it. Out: [`Log`]: its steps
//! with their commands and endings, and their lines with the numbers of the input. One pass; memory
//! is bounded by [`Limits`], whatever the input. A log that does not fit is thinned: lines far from
//! anything that a tool or an error would write go first.

mod archive;
mod clean;
mod ending;
mod keep;
mod read;
mod service;
mod steps;

pub use clean::{Cleaned, Cleaner};
pub use ending::Ending;
pub use keep::Words;
pub use read::{Limits, Log, LogError, open, read, read_file};
pub use service::Service;
pub use steps::Step;
