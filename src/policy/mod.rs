//! The floor that says what heal may do in a repository.
//!
//! In: nothing yet but the command line's options; `.github/heal.toml` joins when the App needs it.
//! Out: a [`Policy`] whose every value is in range.

/// Limits on what heal does by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Patches put to the test per heal, 1 to 10.
    pub attempts: u32,
    /// Added and removed lines of a patch together.
    pub max_changed_lines: usize,
    /// How often the patched tree must pass in a row (rung 6 adds `reruns` runs to the first).
    pub reruns: u32,
}

impl Default for Policy {
    /// Three attempts, as in the paper (section 5.3); small patches; one rerun.
    fn default() -> Self {
        Policy { attempts: 3, max_changed_lines: 40, reruns: 1 }
    }
}
