//! The state machine of a heal: pure, so that every path can be listed and tested.
//!
//! ```text
//! received ─→ diagnosing ─→ drafting ─→ verifying(n) ─→ pushed(n) ─→ awaiting_ci(n) ─→ opened ─→ closed
//!    │         │  ▲    │       ▲  │         │ falls: n+1                 │ red: next draft     │
//!    │         ▼  │    │       └──┼─────────┼────────────────────────────┘                    │
//!    │      rerunning  └──────────┴─────────┴──→ alerted ─→ closed                             │
//!    └──────── superseded, stopped, the failure is gone: from every state ────────────────────→ closed
//! ```
//!
//! The same machine serves every door. On the command line CI is the test command that `verifying` has
//! already run, a pull request is the report, and an alert is the report of what was tried: there
//! `pushed` is followed by [`Event::Accepted`]. In the App each state's effect is made certain before the
//! next event, and every effect looks for its own result first, so that a killed process resumes in the
//! state that it finds.

/// Where a heal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is known, nothing was done.
    Received,
    /// The failure is read, reproduced and analysed.
    Diagnosing,
    /// The failed jobs run again without a change.
    Rerunning,
    /// Drafters work.
    Drafting,
    /// An attempt (from 1) is put to the test on this machine.
    Verifying(u32),
    /// The attempt's patch goes where it is wanted: a temporary branch, the work tree.
    Pushed(u32),
    /// The project's own CI decides on the attempt.
    AwaitingCi(u32),
    /// The proven patch is offered as a pull request, and watched until that is closed.
    Opened(u32),
    /// There is no proven patch: people are told everything that is known.
    Alerted(Unhealed),
    /// It has ended.
    Closed(End),
}

/// Why people are told instead of offered a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unhealed {
    /// No patch could be proven, or none may be made.
    NotHealed,
    /// The failure is not one of the code.
    NotCode,
}

/// How a heal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A verified patch exists; in the App it was merged or handed over.
    Healed,
    /// No patch could be proven.
    NotHealed,
    /// The tests pass.
    NothingFailing,
    /// The failure is not one of the code.
    NotCode,
    /// It passed on the same commit when it ran again.
    Flaky,
    /// A newer commit took the place of this one.
    Superseded,
    /// Another heal has the same failure of the same commit.
    Duplicate,
    /// People closed the pull request without merging it.
    Rejected,
    /// Policy, a limit or a switch forbids it.
    Forbidden,
    /// The process that worked on it is gone, or its repository is.
    Abandoned,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Work begins.
    Start,
    /// Nothing fails (any more).
    Green,
    /// The failure is one that a patch could heal.
    Patchable,
    /// It is not.
    NotPatchable,
    /// The failed jobs shall run again.
    RerunAsked,
    /// They passed.
    RerunPassed,
    /// They failed again.
    RerunFailed,
    /// There is a draft to put to the test, as attempt `n`.
    Drafted(u32),
    /// There is none (any more), or no attempt is left.
    GaveUp,
    /// The attempt holds on this machine.
    Proven,
    /// The attempt fell; another may follow.
    Fell,
    /// The patch is where it is wanted, and nothing more has to be waited for.
    Accepted,
    /// The temporary branch exists.
    Delivered,
    /// CI is green on it.
    CiGreen,
    /// CI is red on it.
    CiRed,
    /// People know.
    Told,
    /// The pull request was merged, or the patch handed over.
    Merged,
    /// The pull request was closed without a merge.
    Refused,
    /// A newer commit took the place of this one.
    Overtaken,
    /// Another heal has the same failure of the same commit.
    Doubled,
    /// Policy, a limit or a switch forbids more.
    Stopped,
    /// The process that worked on it is gone, or its repository is.
    OwnerGone,
}

impl State {
    /// The state after an event; `None` when the event can't happen in this state.
    pub fn after(self, event: Event) -> Option<State> {
        use State::{
            Alerted, AwaitingCi, Closed, Diagnosing, Drafting, Opened, Pushed, Received, Rerunning, Verifying,
        };
        Some(match (self, event) {
            (Closed(_), _) => return None,
            (_, Event::OwnerGone) => Closed(End::Abandoned),
            (_, Event::Overtaken) => Closed(End::Superseded),
            (_, Event::Stopped) => Closed(End::Forbidden),
            (Received | Diagnosing, Event::Doubled) => Closed(End::Duplicate),
            (Received, Event::Start) | (Rerunning, Event::RerunFailed) => Diagnosing,
            (Rerunning, Event::RerunPassed) => Closed(End::Flaky),
            (_, Event::Green) => Closed(End::NothingFailing),
            (Diagnosing, Event::Patchable) => Drafting,
            (Diagnosing, Event::NotPatchable) => Alerted(Unhealed::NotCode),
            (Diagnosing, Event::RerunAsked) => Rerunning,
            (Drafting | Verifying(_), Event::Drafted(attempt)) => Verifying(attempt),
            (Verifying(attempt), Event::Proven) => Pushed(attempt),
            (Verifying(attempt), Event::Fell) => Verifying(attempt + 1),
            (Pushed(attempt), Event::Delivered) => AwaitingCi(attempt),
            (Pushed(_), Event::Accepted) | (Opened(_), Event::Merged) => Closed(End::Healed),
            (Pushed(attempt) | AwaitingCi(attempt), Event::CiGreen) => Opened(attempt),
            (AwaitingCi(_), Event::CiRed) => Diagnosing,
            (
                Received | Diagnosing | Rerunning | Drafting | Verifying(_) | Pushed(_) | AwaitingCi(_) | Opened(_),
                Event::GaveUp,
            ) => Alerted(Unhealed::NotHealed),
            (Opened(_), Event::Refused) => Closed(End::Rejected),
            (Alerted(Unhealed::NotHealed), Event::Told) => Closed(End::NotHealed),
            (Alerted(Unhealed::NotCode), Event::Told) => Closed(End::NotCode),
            _ => return None,
        })
    }

    /// The names of all states.
    pub const NAMES: [&'static str; 11] = [
        "received",
        "diagnosing",
        "rerunning",
        "drafting",
        "verifying",
        "pushed",
        "awaiting_ci",
        "opened",
        "alerted",
        "alerted_not_code",
        "closed",
    ];

    /// The name under which the state is stored.
    pub fn name(self) -> &'static str {
        match self {
            State::Received => "received",
            State::Diagnosing => "diagnosing",
            State::Rerunning => "rerunning",
            State::Drafting => "drafting",
            State::Verifying(_) => "verifying",
            State::Pushed(_) => "pushed",
            State::AwaitingCi(_) => "awaiting_ci",
            State::Opened(_) => "opened",
            State::Alerted(Unhealed::NotHealed) => "alerted",
            State::Alerted(Unhealed::NotCode) => "alerted_not_code",
            State::Closed(_) => "closed",
        }
    }

    /// The attempt that the state speaks of; 0 where it speaks of none.
    pub fn attempt(self) -> u32 {
        match self {
            State::Verifying(attempt)
            | State::Pushed(attempt)
            | State::AwaitingCi(attempt)
            | State::Opened(attempt) => attempt,
            _ => 0,
        }
    }

    /// The state that was stored under a name.
    pub fn parse(name: &str, attempt: u32, outcome: Option<&str>) -> Option<State> {
        Some(match name {
            "received" => State::Received,
            "diagnosing" => State::Diagnosing,
            "rerunning" => State::Rerunning,
            "drafting" => State::Drafting,
            "verifying" => State::Verifying(attempt),
            "pushed" => State::Pushed(attempt),
            "awaiting_ci" => State::AwaitingCi(attempt),
            "opened" => State::Opened(attempt),
            "alerted" => State::Alerted(Unhealed::NotHealed),
            "alerted_not_code" => State::Alerted(Unhealed::NotCode),
            "closed" => State::Closed(End::parse(outcome?)?),
            _ => return None,
        })
    }
}

impl Event {
    /// The name under which the event is stored.
    pub fn name(self) -> &'static str {
        match self {
            Event::Start => "start",
            Event::Green => "green",
            Event::Patchable => "patchable",
            Event::NotPatchable => "not_patchable",
            Event::RerunAsked => "rerun_asked",
            Event::RerunPassed => "rerun_passed",
            Event::RerunFailed => "rerun_failed",
            Event::Drafted(_) => "drafted",
            Event::GaveUp => "gave_up",
            Event::Proven => "proven",
            Event::Fell => "fell",
            Event::Accepted => "accepted",
            Event::Delivered => "delivered",
            Event::CiGreen => "ci_green",
            Event::CiRed => "ci_red",
            Event::Told => "told",
            Event::Merged => "merged",
            Event::Refused => "refused",
            Event::Overtaken => "overtaken",
            Event::Doubled => "doubled",
            Event::Stopped => "stopped",
            Event::OwnerGone => "owner_gone",
        }
    }
}

impl End {
    const ALL: [End; 10] = [
        End::Healed,
        End::NotHealed,
        End::NothingFailing,
        End::NotCode,
        End::Flaky,
        End::Superseded,
        End::Duplicate,
        End::Rejected,
        End::Forbidden,
        End::Abandoned,
    ];

    /// The name under which the end is stored and printed.
    pub fn name(self) -> &'static str {
        match self {
            End::Healed => "healed",
            End::NotHealed => "not_healed",
            End::NothingFailing => "nothing_failing",
            End::NotCode => "not_code",
            End::Flaky => "flaky",
            End::Superseded => "superseded",
            End::Duplicate => "duplicate",
            End::Rejected => "rejected",
            End::Forbidden => "forbidden",
            End::Abandoned => "abandoned",
        }
    }

    fn parse(name: &str) -> Option<End> {
        End::ALL.into_iter().find(|end| end.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(events: &[Event]) -> Option<State> {
        events.iter().try_fold(State::Received, |state, event| state.after(*event))
    }

    #[test]
    fn a_heal_may_need_a_second_attempt() {
        use Event::{Accepted, Drafted, Fell, Patchable, Proven, Start};
        let events = [Start, Patchable, Drafted(1), Fell, Proven, Accepted];
        assert_eq!(run(&events[..4]), Some(State::Verifying(2)));
        assert_eq!(run(&events), Some(State::Closed(End::Healed)));
    }

    #[test]
    fn what_ci_refuses_is_drafted_anew() {
        use Event::{CiGreen, CiRed, Delivered, Drafted, Merged, Patchable, Proven, Start};
        let once = [Start, Patchable, Drafted(1), Proven, Delivered, CiRed];
        assert_eq!(run(&once), Some(State::Diagnosing));
        let again = [&once[..], &[Patchable, Drafted(2), Proven, Delivered, CiGreen]].concat();
        assert_eq!(run(&again), Some(State::Opened(2)));
        assert_eq!(run(&[&again[..], &[Merged]].concat()), Some(State::Closed(End::Healed)));
    }

    #[test]
    fn nothing_is_delivered_without_proof() {
        use Event::{Accepted, CiGreen, Delivered, Drafted, Patchable, Start};
        for events in [
            &[Start, Patchable, Drafted(1), Accepted][..],
            &[Start, Patchable, Drafted(1), Delivered],
            &[Start, Patchable, CiGreen],
            &[Start, Accepted],
        ] {
            assert_eq!(run(events), None, "{events:?}");
        }
    }

    #[test]
    fn a_closed_heal_stays_closed() {
        for event in [Event::Start, Event::Proven, Event::OwnerGone, Event::Overtaken] {
            assert_eq!(State::Closed(End::Healed).after(event), None);
        }
    }

    #[test]
    fn states_are_read_back_as_they_were_stored() {
        let states = [
            State::Received,
            State::Diagnosing,
            State::Rerunning,
            State::Drafting,
            State::Verifying(2),
            State::Pushed(3),
            State::AwaitingCi(1),
            State::Opened(1),
            State::Alerted(Unhealed::NotHealed),
            State::Alerted(Unhealed::NotCode),
        ];
        let ends = End::ALL.map(State::Closed);
        for state in states.into_iter().chain(ends) {
            let outcome = match state {
                State::Closed(end) => Some(end.name()),
                _ => None,
            };
            assert_eq!(State::parse(state.name(), state.attempt(), outcome), Some(state));
        }
    }
}
