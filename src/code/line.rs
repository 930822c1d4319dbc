//! Line numbers, which count from 1 wherever heal shows or stores them.

use serde::{Deserialize, Serialize};

/// A line of a text file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(pub u32);

impl Line {
    /// The line of a tree-sitter row, which counts from 0.
    pub fn from_row(row: usize) -> Self {
        Line(u32::try_from(row).unwrap_or(u32::MAX - 1) + 1)
    }

    /// The 0-based index of the line in a list of lines.
    pub fn index(self) -> usize {
        (self.0 as usize).saturating_sub(1)
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
