//! `kill -9` at every effect: the server dies just before GitHub hears a request that writes, or just after it has
//! carried it out; it is started again, and the story ends as it would have without.
//!
//! A story is told under a list of deaths, one after the other; each is armed when the server starts. Every effect of
//! a story stands in its table ([`Effect`]); [`chains`] deals the table out, so that each effect dies on both sides in
//! a few tellings. The ignored tests die at one effect per telling.

mod stories;

use crate::github::{Fault, Mortal, When};

/// A request that writes: method, path below the repository, which of them.
type Effect = (&'static str, &'static str, u32);

const CHECK: Effect = ("POST", "check-runs", 1);
const CHECK_AGAIN: Effect = ("PATCH", "check-runs/*", 1);
const BRANCH_GOES: Effect = ("DELETE", "git/refs/**", 1);
const ISSUE: Effect = ("POST", "issues", 1);
const COMMENT: Effect = ("POST", "issues/*/comments", 1);
const REVIEW: Effect = ("POST", "pulls/*/reviews", 1);

/// The effects of a heal whose pull request is merged, in their order.
const HEALED: &[Effect] = &[
    CHECK,
    ("POST", "git/blobs", 1),
    ("POST", "git/trees", 1),
    ("POST", "git/commits", 1),
    ("POST", "git/refs", 1),
    CHECK_AGAIN,
    ("POST", "pulls", 1),
    ("POST", "issues/*/labels", 1),
    ("POST", "pulls/*/requested_reviewers", 1),
    REVIEW,
    ("PATCH", "check-runs/*", 2),
    BRANCH_GOES,
];

/// Of a failure that nothing heals.
const UNHEALED: &[Effect] = &[CHECK, ISSUE, CHECK_AGAIN];

/// Of a failure that nothing heals, on the branch of a pull request.
const UNHEALED_CHANGE: &[Effect] = &[COMMENT, CHECK_AGAIN];

/// Of a failure in the pull request of a fork.
const FORK: &[Effect] = &[CHECK, COMMENT, REVIEW];

/// Of a flaky failure.
const PASSING: &[Effect] = &[CHECK, ("POST", "actions/runs/*/rerun-failed-jobs", 1), CHECK_AGAIN];

/// Of a heal whose failure is gone by a newer commit, from the open pull request on.
const SUPERSEDED: &[Effect] = &[COMMENT, ("PATCH", "pulls/*", 1), BRANCH_GOES];

/// Of a heal whose only attempt falls in CI.
const REFUSED: &[Effect] = &[("POST", "git/refs", 1), BRANCH_GOES, ISSUE];

/// Of a patch that heal merges by itself.
const MERGED_AT_ONCE: &[Effect] = &[("PUT", "pulls/*/merge", 1), BRANCH_GOES];

/// Of a patch that goes straight onto the branch of a pull request.
const PUSHED: &[Effect] = &[("PATCH", "git/refs/**", 1), BRANCH_GOES];

/// Of a heal whose CI is started by hand.
const DISPATCHED: &[Effect] = &[("POST", "actions/workflows/*/dispatches", 1)];

/// Of a heal that pushes its commits with git.
const BY_GIT: &[Effect] = &[("POST", "git-receive-pack", 1)];

/// Of a flaky failure that people are told of.
const PASSING_TOLD: &[Effect] = &[("POST", "actions/runs/*/rerun-failed-jobs", 1), COMMENT];

/// Deals effects out into so many chains for each side.
fn chains(effects: &[Effect], count: usize) -> Vec<Vec<Fault>> {
    let chain = |when, first| {
        let dealt = effects.iter().skip(first).step_by(count);
        dealt.map(|(method, path, nth)| Fault::Kill { method, path, when, nth: *nth }).collect()
    };
    let sides = [When::Before, When::After];
    sides.iter().flat_map(|when| (0..count).map(move |first| chain(*when, first))).collect()
}

/// Tells a story under every chain, two at a time.
fn tell(story: fn(Mortal), chains: Vec<Vec<Fault>>) {
    for pair in chains.chunks(2) {
        std::thread::scope(|scope| {
            let told = pair.iter().map(|deaths| scope.spawn(move || Mortal::under(deaths).map(story)));
            let told: Vec<_> = told.collect();
            let ended: Vec<bool> = told.into_iter().map(|one| one.join().is_ok()).collect();
            for (deaths, well) in pair.iter().zip(ended) {
                assert!(well, "under {deaths:#?}");
            }
        });
    }
}

#[test]
fn deaths_on_the_way_to_a_merged_pull_request() {
    tell(stories::healed, chains(HEALED, 3));
}

#[test]
fn deaths_on_the_way_to_an_issue() {
    tell(stories::unhealed, chains(UNHEALED, 1));
}

#[test]
fn deaths_on_the_way_to_a_comment_on_a_pull_request() {
    tell(stories::unhealed_change, chains(UNHEALED_CHANGE, 1));
}

#[test]
fn deaths_over_the_pull_request_of_a_fork() {
    tell(stories::fork, chains(FORK, 1));
}

#[test]
fn deaths_over_a_flaky_failure() {
    tell(stories::passing, chains(PASSING, 1));
}

#[test]
fn deaths_while_a_pull_request_is_withdrawn() {
    tell(stories::superseded, chains(SUPERSEDED, 1));
}

#[test]
fn deaths_over_an_attempt_that_falls() {
    tell(stories::refused, chains(REFUSED, 1));
}

#[test]
fn deaths_while_a_patch_is_merged_at_once() {
    tell(stories::merged_at_once, chains(MERGED_AT_ONCE, 1));
}

#[test]
fn deaths_while_a_patch_is_pushed_onto_the_change() {
    tell(stories::pushed, chains(PUSHED, 1));
}

#[test]
fn deaths_while_ci_is_started_by_hand() {
    tell(stories::dispatched, chains(DISPATCHED, 1));
}

#[test]
fn deaths_while_git_pushes() {
    tell(stories::by_git, chains(BY_GIT, 1));
}

#[test]
fn deaths_while_people_are_told_of_a_flaky_failure() {
    tell(stories::passing_told, chains(PASSING_TOLD, 1));
}

#[test]
#[ignore = "four minutes: every death on the way to a pull request in a telling of its own"]
fn each_death_alone_on_the_way_to_a_merged_pull_request() {
    tell(stories::healed, chains(HEALED, HEALED.len()));
}

#[test]
#[ignore = "four minutes: every other death in a telling of its own"]
fn each_death_alone_over_the_other_endings() {
    tell(stories::unhealed, chains(UNHEALED, UNHEALED.len()));
    tell(stories::unhealed_change, chains(UNHEALED_CHANGE, UNHEALED_CHANGE.len()));
    tell(stories::fork, chains(FORK, FORK.len()));
    tell(stories::passing, chains(PASSING, PASSING.len()));
    tell(stories::superseded, chains(SUPERSEDED, SUPERSEDED.len()));
    tell(stories::refused, chains(REFUSED, REFUSED.len()));
    tell(stories::merged_at_once, chains(MERGED_AT_ONCE, MERGED_AT_ONCE.len()));
    tell(stories::pushed, chains(PUSHED, PUSHED.len()));
    tell(stories::passing_told, chains(PASSING_TOLD, PASSING_TOLD.len()));
}
