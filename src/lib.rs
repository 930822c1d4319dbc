//! placeholder
pub mod code;
pub mod testbed;
