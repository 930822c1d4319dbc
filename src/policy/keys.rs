//! Every key of `.github/heal.toml`: read by `parse.rs`, printed on the reference page.

use crate::settings::Key;

const fn key(name: &'static str, kind: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default, variable: "", doc }
}

/// Every key, in the order of the reference page.
pub const KEYS: &[Key] = &[
    key(
        "preset",
        "`\"startup\"`, `\"enterprise\"`, `\"observe\"`",
        "",
        "The set of values that the file starts from; every other key replaces one of them.",
    ),
    key("enabled", "true, false", "true", "`false` stops heal in this repository at once."),
    key(
        "branches",
        "list of patterns",
        "[\"**\"]",
        "The branches whose failures are healed. `*` stays within a part, `**` crosses slashes, `!` excepts; the last pattern that matches decides.",
    ),
    key(
        "classes",
        "list of `code`, `test`, `type`, `lint`, `format`, `timeout`, `unknown`",
        "[\"code\", \"test\", \"type\", \"lint\", \"format\", \"timeout\", \"unknown\"]",
        "The kinds of failures that may be healed. Flaky and infrastructure failures are rerun, dependency and configuration failures are reported.",
    ),
    key(
        "autonomy",
        "`\"observe\"`, `\"suggest\"`, `\"pull_request\"`, `\"push\"`, `\"merge_low_risk\"`",
        "\"pull_request\"",
        "How far heal goes by itself: it diagnoses; it shows a proven patch in a comment; it opens a pull request; it pushes to the branch of a failing pull request; it merges its own pull request when the risk is low and all checks are green.",
    ),
    key("attempts", "1 to 10", "3", "Patches put to the test for one failure."),
    key(
        "verify",
        "`\"sandbox\"`, `\"ci\"`, `\"both\"`",
        "\"both\"",
        "Where a patch is proven: on heal's machine, in the project's own CI, or in both.",
    ),
    key("reruns", "0 to 10", "1", "How often the patched tests must pass again after their first pass."),
    key("test", "command or list of commands", "", "The commands that test the project. Without it heal finds them."),
    key("draft", "true, false", "false", "Whether pull requests are opened as drafts."),
    key("labels", "list of labels", "[\"heal\"]", "The labels of heal's pull requests."),
    key(
        "ask_reviewer",
        "true, false",
        "true",
        "Whether the author of the suspected commit, else an owner from CODEOWNERS, is asked for a review.",
    ),
    key("paths.allow", "list of patterns", "[\"**\"]", "The files that a patch may touch."),
    key("paths.deny", "list of patterns", "[]", "The files that a patch may not touch, whatever is allowed."),
    key(
        "paths.protect",
        "list of patterns",
        "[]",
        "Files whose change needs a person, beside those that always do (below).",
    ),
    key(
        "limits.max_changed_lines",
        "1 to 1000",
        "40",
        "Added and removed lines of a patch together; a larger one is refused.",
    ),
    key("limits.open_pull_requests", "1 to 100", "5", "Open pull requests of heal in this repository at a time."),
    key("limits.heals_per_day", "1 to 1000", "20", "Heals in this repository within 24 hours."),
    key("limits.ci_minutes", "1 to 720", "60", "Minutes in which CI must end for a patch."),
    key(
        "limits.ci_minutes_total",
        "1 to 10000",
        "180",
        "Minutes of CI that all attempts of one heal may use together.",
    ),
    key("limits.ci_start_minutes", "1 to 60", "3", "Minutes within which a run of CI must have started after a push."),
    key(
        "limits.workflows_minutes",
        "1 to 360",
        "30",
        "Minutes for which all workflows of the failing commit are awaited before heal acts.",
    ),
    key("limits.budget_seconds", "5 to 3600", "45", "Seconds for drafting and proving, per round of attempts."),
    key("limits.bot_commits", "1 to 20", "3", "Commits in a row by bots at the head of a branch that make heal stop."),
    key("flaky.reruns", "1 to 2", "1", "How often the failed jobs of a flaky or infrastructure failure are rerun."),
    key("flaky.comment", "true, false", "false", "Whether a comment tells that a test is flaky."),
    key(
        "llm.enabled",
        "true, false",
        "true",
        "Whether language models may be asked, where the operator has configured them.",
    ),
    key("llm.allow_paths", "list of patterns", "[\"**\"]", "The files whose text may be sent to a model."),
    key("llm.deny_paths", "list of patterns", "[]", "The files whose text may not be sent, whatever is allowed."),
    key("llm.max_cost_usd", "0 to 10000", "", "US dollars per heal; the operator's own limit stands beside it."),
    key(
        "notify.channels",
        "list of names",
        "[]",
        "Channels that hear of alerts. The operator of the server defines them.",
    ),
];
