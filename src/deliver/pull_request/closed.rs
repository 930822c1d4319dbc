//! Why heal closes its own pull request.

use super::super::links::short;
use super::super::markdown::code_of;

/// The reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The branch is green without it.
    FailureGone,
    /// The branch has new commits, so the proof is about an old state.
    BranchMoved {
        /// Its head now.
        new_head: String,
    },
    /// A newer heal took over.
    Superseded,
}

/// The comment that goes with it.
pub fn closed(reason: &Closed) -> String {
    match reason {
        Closed::FailureGone => "Closed: the failure is gone without this patch.\n".to_owned(),
        Closed::BranchMoved { new_head } => format!(
            "Closed: the branch has moved on to {}. What was proven here is about an older commit; \
             if the new one fails, heal looks at it afresh.\n",
            code_of(&short(new_head), 7)
        ),
        Closed::Superseded => "Closed: a newer heal of the same branch takes its place.\n".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_a_sentence() {
        let moved = Closed::BranchMoved { new_head: "9a3c1fda0001".to_owned() };
        for (reason, says) in
            [(Closed::FailureGone, "gone"), (moved, "` 9a3c1fd `"), (Closed::Superseded, "newer heal")]
        {
            assert!(closed(&reason).contains(says), "{reason:?}");
        }
    }
}
