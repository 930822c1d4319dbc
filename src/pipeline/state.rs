//! The state machine of a heal: pure, so that every path can be listed and tested.
//!
//! ```text
//! received ─→ reproducing ─→ diagnosing ─→ drafting ─→ verifying(n) ─→ delivering ─→ closed
//!                  │ green        │ not code    │ none      │ falls: n+1, or
//!                  └──────────────┴─────────────┴───────────┴─────────────────────→ closed
//! ```

/// Where a heal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is known, nothing was done.
    Received,
    /// The tests run, to see the failure.
    Reproducing,
    /// The failure is analysed.
    Diagnosing,
    /// Drafters work.
    Drafting,
    /// An attempt (from 1) is put to the test.
    Verifying(u32),
    /// The proven patch is delivered.
    Delivering,
    /// It has ended.
    Closed(End),
}

/// How a heal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A verified patch exists.
    Healed,
    /// No patch could be proven.
    NotHealed,
    /// The tests pass.
    NothingFailing,
    /// The failure is not one of the code.
    NotCode,
    /// The process that worked on it is gone.
    Abandoned,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Work begins.
    Start,
    /// The tests failed.
    Failing,
    /// The tests passed.
    Green,
    /// The failure is one that a patch could heal.
    Patchable,
    /// It is not.
    NotPatchable,
    /// There is a draft to put to the test.
    Drafted,
    /// There is none (any more).
    NoDraft,
    /// The attempt was proven.
    Proven,
    /// The attempt fell; another may follow.
    Fell,
    /// The attempt fell, and no further one is allowed.
    FellForGood,
    /// The patch is where it should be.
    Delivered,
    /// The process that worked on it is gone.
    OwnerGone,
}

impl State {
    /// The state after an event; `None` when the event can't happen in this state.
    pub fn after(self, event: Event) -> Option<State> {
        use State::{Closed, Delivering, Diagnosing, Drafting, Received, Reproducing, Verifying};
        Some(match (self, event) {
            (Received, Event::Start) => Reproducing,
            (Reproducing, Event::Failing) => Diagnosing,
            (Reproducing, Event::Green) => Closed(End::NothingFailing),
            (Diagnosing, Event::Patchable) => Drafting,
            (Diagnosing, Event::NotPatchable) => Closed(End::NotCode),
            (Drafting, Event::Drafted) => Verifying(1),
            (Drafting | Verifying(_), Event::NoDraft) => Closed(End::NotHealed),
            (Verifying(_), Event::Proven) => Delivering,
            (Verifying(attempt), Event::Fell) => Verifying(attempt + 1),
            (Verifying(_), Event::FellForGood) => Closed(End::NotHealed),
            (Delivering, Event::Delivered) => Closed(End::Healed),
            (Closed(_), _) => return None,
            (_, Event::OwnerGone) => Closed(End::Abandoned),
            _ => return None,
        })
    }

    /// The name under which the state is stored.
    pub fn name(self) -> &'static str {
        match self {
            State::Received => "received",
            State::Reproducing => "reproducing",
            State::Diagnosing => "diagnosing",
            State::Drafting => "drafting",
            State::Verifying(_) => "verifying",
            State::Delivering => "delivering",
            State::Closed(_) => "closed",
        }
    }
}

impl Event {
    /// The name under which the event is stored.
    pub fn name(self) -> &'static str {
        match self {
            Event::Start => "start",
            Event::Failing => "failing",
            Event::Green => "green",
            Event::Patchable => "patchable",
            Event::NotPatchable => "not_patchable",
            Event::Drafted => "drafted",
            Event::NoDraft => "no_draft",
            Event::Proven => "proven",
            Event::Fell => "fell",
            Event::FellForGood => "fell_for_good",
            Event::Delivered => "delivered",
            Event::OwnerGone => "owner_gone",
        }
    }
}

impl End {
    /// The name under which the end is stored and printed.
    pub fn name(self) -> &'static str {
        match self {
            End::Healed => "healed",
            End::NotHealed => "not_healed",
            End::NothingFailing => "nothing_failing",
            End::NotCode => "not_code",
            End::Abandoned => "abandoned",
        }
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
        use Event::{Delivered, Drafted, Failing, Fell, Patchable, Proven, Start};
        let events = [Start, Failing, Patchable, Drafted, Fell, Proven, Delivered];
        assert_eq!(run(&events[..5]), Some(State::Verifying(2)));
        assert_eq!(run(&events), Some(State::Closed(End::Healed)));
    }

    #[test]
    fn nothing_is_delivered_without_proof() {
        use Event::{Delivered, Drafted, Failing, Patchable, Start};
        assert_eq!(run(&[Start, Failing, Patchable, Drafted, Delivered]), None);
        assert_eq!(run(&[Start, Failing, Patchable, Delivered]), None);
    }

    #[test]
    fn a_closed_heal_stays_closed() {
        for event in [Event::Start, Event::Proven, Event::OwnerGone] {
            assert_eq!(State::Closed(End::Healed).after(event), None);
        }
    }
}
