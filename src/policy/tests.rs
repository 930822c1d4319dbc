//! Tables: a policy file and what it means, or what is wrong with it and where.

use std::path::Path;

use super::*;

fn check(text: &str, expected: Policy) {
    assert_eq!(Policy::parse(text), Ok(expected), "{text}");
}

fn check_error(text: &str, line: usize, column: usize, message: &str) {
    let error = Policy::parse(text).expect_err(text);
    assert_eq!((error.line, error.column, error.message.as_str()), (line, column, message), "{text}");
}

#[test]
fn an_empty_file_is_the_default() {
    check("", Policy::default());
    check("# only a comment\n", Policy::default());
    check("[limits]\n[paths]\n", Policy::default());
}

#[test]
fn each_key_replaces_one_value() {
    let default = Policy::default;
    check("enabled = false", Policy { enabled: false, ..default() });
    check("branches = 'main'", Policy { branches: Globs::branches(&["main"]).unwrap(), ..default() });
    check("classes = ['lint', 'format']", Policy { classes: vec!["lint", "format"], ..default() });
    check("attempts = 10", Policy { attempts: 10, ..default() });
    check("attempts = 0x3", Policy { attempts: 3, ..default() });
    check("autonomy = 'merge_low_risk'", Policy { autonomy: Autonomy::MergeLowRisk, ..default() });
    check("verify = 'ci'", Policy { verify: VerifyWhere::Ci, ..default() });
    check("reruns = 0", Policy { reruns: 0, ..default() });
    check("draft = true", Policy { draft: true, ..default() });
    check("test = 'make test'", Policy { test: vec!["make test".to_owned()], ..default() });
    check("test = ['a', 'b']", Policy { test: vec!["a".to_owned(), "b".to_owned()], ..default() });
    check("labels = []", Policy { labels: vec![], ..default() });
    check("ask_reviewer = false", Policy { ask_reviewer: false, ..default() });
    check("[limits]\nmax_changed_lines = 7", Policy { max_changed_lines: 7, ..default() });
    check("limits.open_pull_requests = 1", Policy { open_pull_requests: 1, ..default() });
    check("limits = { heals_per_day = 2, ci_minutes = 5 }", Policy { heals_per_day: 2, ci_minutes: 5, ..default() });
    check("[limits]\nci_start_minutes = 9", Policy { ci_start_minutes: 9, ..default() });
    check("[limits]\nci_minutes_total = 9", Policy { ci_minutes_total: 9, ..default() });
    let llm = |llm: LlmPolicy| Policy { llm, ..Policy::default() };
    check("llm.enabled = false", llm(LlmPolicy { enabled: false, ..default().llm }));
    check("llm.max_cost_usd = 0.5", llm(LlmPolicy { max_cost_usd: Some(0.5), ..default().llm }));
    check("llm.max_cost_usd = 2", llm(LlmPolicy { max_cost_usd: Some(2.0), ..default().llm }));
    let deny = Globs::files_in_any_case(&["secret"]).unwrap();
    check("llm.deny_paths = 'secret'", llm(LlmPolicy { deny_paths: deny, ..default().llm }));
    check("[limits]\nworkflows_minutes = 9", Policy { workflows_minutes: 9, ..default() });
    check("[limits]\nbudget_seconds = 9", Policy { budget_seconds: 9, ..default() });
    check("[limits]\nbot_commits = 9", Policy { bot_commits: 9, ..default() });
    check("[flaky]\nreruns = 2\ncomment = true", Policy { flaky_reruns: 2, comment_on_flaky: true, ..default() });
    check("[notify]\nchannels = ['team-a']", Policy { notify: vec!["team-a".to_owned()], ..default() });
}

#[test]
fn a_preset_is_where_the_file_starts_from() {
    check("preset = 'startup'", Policy::startup());
    check("preset = 'observe'", Policy::safest());
    check(
        "attempts = 1\npreset = 'enterprise'\ndraft = false",
        Policy { attempts: 1, draft: false, ..Policy::enterprise() },
    );
    let policy = Policy::parse("preset = 'enterprise'\n[paths]\nprotect = ['core']").unwrap();
    assert!(policy.needs_person(Path::new("core/a.py")).is_some());
    assert!(policy.needs_person(Path::new("Dockerfile")).is_some(), "the preset's own protection stays");
}

#[test]
fn the_safest_policy_changes_nothing() {
    assert_eq!(Policy::safest().autonomy, Autonomy::Observe);
    assert!(Policy::safest().autonomy < Autonomy::Suggest);
    assert!(Policy::enterprise().draft && Policy::enterprise().autonomy == Autonomy::PullRequest);
    assert_eq!(Policy::startup().attempts, 3);
    assert!(!Policy::safest().llm.enabled, "a broken file may be one that forbids models");
    assert!(Policy::enterprise().ci_minutes_total < Policy::default().ci_minutes_total);
}

#[test]
fn what_may_be_sent_to_a_model_is_asked_for() {
    let policy = Policy::parse("[llm]\nallow_paths = ['src']\ndeny_paths = ['src/keys']").unwrap();
    for (file, sent) in [("src/a.py", true), ("setup.py", false), ("src/keys/a.py", false), ("src/KEYS/a.py", false)] {
        assert_eq!(policy.llm.may_send(Path::new(file)), sent, "{file}");
    }
    assert!(!Policy::safest().llm.may_send(Path::new("src/a.py")));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    check_error("atempts = 3", 1, 1, "unknown key `atempts`; did you mean `attempts`?");
    check_error("draft = true\n\n  zzz = 1", 3, 3, "unknown key `zzz`");
    check_error("[limit]\nci_minutes = 1", 1, 2, "unknown key `limit`; did you mean `limits`?");
    check_error(
        "[limits]\nheal_per_day = 1",
        2,
        1,
        "unknown key `heal_per_day` in [limits]; did you mean `heals_per_day`?",
    );
    check_error("heals_per_day = 1", 1, 1, "unknown key `heals_per_day`; did you mean `limits.heals_per_day`?");
    check_error("allow = ['a']", 1, 1, "unknown key `allow`; did you mean `paths.allow`?");
    check_error(
        "autonomy = 'pullrequest'",
        1,
        12,
        "unknown value `pullrequest` for `autonomy`; did you mean `pull_request`?",
    );
    check_error("verify = 'nowhere'", 1, 10, "unknown value `nowhere` for `verify`; it may be `sandbox`, `ci`, `both`");
    check_error("preset = 'startups'", 1, 10, "unknown value `startups` for `preset`; did you mean `startup`?");
    check_error("classes = [\n  'code',\n  'lnt',\n]", 3, 3, "unknown value `lnt` for `classes`; did you mean `lint`?");
    check_error("classes = ['flaky']", 1, 12, "`flaky` failures are rerun, never patched");
    check_error("'a\u{200b}\tb' = 1", 1, 1, "unknown key `a\\u{200b}\\tb`");
}

#[test]
fn wrong_values_are_refused_where_they_stand() {
    check_error("attempts = 0", 1, 12, "`attempts` must be a whole number from 1 to 10, not `0`");
    check_error("attempts = -1", 1, 12, "`attempts` must be a whole number from 1 to 10, not `-1`");
    check_error(
        "attempts = 99999999999999999999999",
        1,
        12,
        "`attempts` must be a whole number from 1 to 10, not `99999999999999999999999`",
    );
    check_error("attempts = '3'", 1, 12, "`attempts` must be a whole number from 1 to 10, not a string");
    check_error("attempts = 3.0", 1, 12, "`attempts` must be a whole number from 1 to 10, not a float");
    check_error("draft = 1", 1, 9, "`draft` must be true or false, not an integer");
    check_error("limits = 3", 1, 10, "`limits` must be a table, not an integer");
    check_error(
        "[limits]\nci_minutes = 721",
        2,
        14,
        "`limits.ci_minutes` must be a whole number from 1 to 720, not `721`",
    );
    check_error("[flaky]\nreruns = 3", 2, 10, "`flaky.reruns` must be a whole number from 1 to 2, not `3`");
    check_error("llm.max_cost_usd = -1", 1, 20, "`llm.max_cost_usd` must be a number from 0 to 10000, not `-1`");
    check_error("llm.max_cost_usd = nan", 1, 20, "`llm.max_cost_usd` must be a number from 0 to 10000, not `nan`");
    check_error("llm.max_cost_usd = '1'", 1, 20, "`llm.max_cost_usd` must be a number from 0 to 10000, not a string");
    check_error("branches = []", 1, 12, "`branches` is empty; leave it out for all, or set `enabled = false`");
    check_error("branches = ['a', 1]", 1, 18, "`branches` must be a list of strings; this is an integer");
    check_error("branches = true", 1, 12, "`branches` must be a list of strings, not a boolean");
    check_error("branches = ['a', ' ']", 1, 18, "`branches` must not be empty");
    check_error(
        "[paths]\ndeny = ['a', '../b']",
        2,
        14,
        "pattern `../b` holds `.` or `..` as a part; it starts at the root of the repository",
    );
    check_error("preset = 'enterprise'\n[paths]\nprotect = ['a', '!']", 3, 17, "pattern `!` is empty");
    check_error("test = [\"a\\nb\"]", 1, 9, "a command of `test` is one line");
    check_error("test = \"a\\u0000\"", 1, 8, "`test` holds a control character");
    check_error("labels = ['a,b']", 1, 11, "a label has at most 50 characters, without commas and ends of lines");
    check_error(
        "[notify]\nchannels = ['https://example.org']",
        2,
        13,
        "`https://example.org` is no name of a channel; the server's operator defines channels by name",
    );
}

#[test]
fn broken_toml_is_refused_where_it_breaks() {
    check_error("draft = true\ndraft = true", 2, 1, "duplicate key `draft`");
    check_error("[limits]\n[limits]", 2, 2, "duplicate key `limits`");
    for (text, line) in [("attempts = ", 1), ("draft = true\n[limits", 2), ("a = 1\na = 2", 2), ("\n\nx", 3)] {
        let error = Policy::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(!error.message.contains('\n') && !error.message.is_empty(), "{error}");
    }
}

#[test]
fn what_editors_leave_in_a_file_does_no_harm() {
    check("\u{feff}draft = true\r\n", Policy { draft: true, ..Policy::default() });
    check_error("draft = true\r\n\r\nzzz = 1\r\n", 3, 1, "unknown key `zzz`");
    check_error("# ü\n'ü' = 1", 2, 1, "unknown key `ü`");
    check_error("limits.foo = 1", 1, 8, "unknown key `foo` in [limits]");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "([a-z_]{1,8}|[\\[\\]{}=.,!*'\"#\\\\\n\r ü0-9-]|attempts|limits|paths|branches|draft|true|\\*\\*){0,40}") {
        if let Err(error) = Policy::parse(&text) {
            let lines = text.split('\n').count();
            proptest::prop_assert!((1..=lines).contains(&error.line), "{error}");
            let line = text.split('\n').nth(error.line - 1).unwrap_or_default();
            proptest::prop_assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
            proptest::prop_assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
        }
    }

    #[test]
    fn no_pattern_breaks_the_globs(pattern in "[a/*?!{}\\[\\],.\\\\-]{0,24}", name in "[a/.-]{0,12}") {
        for compile in [Globs::branches, Globs::files, Globs::files_in_any_case] {
            if let Ok(globs) = compile(&[&pattern]) {
                let _ = globs.matches(&name);
            }
        }
    }
}

#[test]
fn a_file_has_a_limit() {
    let text = "#".repeat(64 * 1024);
    check(&text, Policy::default());
    check_error(&format!("{text}#"), 1, 1, "the file has 65537 bytes, more than the 65536 that are read");
    let many = format!("labels = [{}]", "'a',".repeat(201));
    check_error(&many, 1, 10, "`labels` has more than 200 entries");
    let deep = format!("a = {}", "[".repeat(50_000));
    assert!(Policy::parse(&deep).is_err());
}

#[test]
fn branches_classes_and_files_are_asked_for() {
    let text =
        "branches = ['**', '!wip/**']\nclasses = ['lint']\n[paths]\nallow = ['src', 'tests']\ndeny = ['src/vendor']";
    let policy = Policy::parse(text).unwrap();
    assert!(policy.heals_branch("feature/a") && !policy.heals_branch("wip/a"));
    assert!(policy.heals_class("lint") && !policy.heals_class("code"));
    for (file, allowed) in
        [("src/a.py", true), ("tests/b.py", true), ("setup.py", false), ("src/vendor/c.py", false), ("SRC/a.py", false)]
    {
        assert_eq!(policy.allows_path(Path::new(file)), allowed, "{file}");
    }
}

#[test]
fn every_documented_key_is_read_and_its_default_is_true() {
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        let header = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        let wrong = Policy::parse(&format!("{header}{name} = 1979-05-27"));
        let error = wrong.expect_err(key.name);
        assert!(error.message.starts_with(&format!("`{}` must be ", key.name)), "{}: {error}", key.name);
        if !key.default.is_empty() {
            check(&format!("{header}{name} = {}", key.default), Policy::default());
        }
    }
}

#[test]
fn the_reference_page_is_up_to_date() {
    let page = include_str!("../../docs/configuration.md");
    let block = |name| crate::settings::reference::block(page, name);
    assert_eq!(block("policy"), Some(Policy::reference().as_str()));
    assert_eq!(block("protected"), Some(Policy::always_protected().as_str()));
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(Policy::parse(example).unwrap().draft);
}

#[test]
#[ignore = "a generator, run by hand after a key changed; the test above fails while the page is stale"]
fn writes_the_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let mut page = std::fs::read_to_string(path).unwrap();
    for (name, text) in [("policy", Policy::reference()), ("protected", Policy::always_protected())] {
        page = crate::settings::reference::replaced(&page, name, &text).unwrap();
    }
    std::fs::write(path, page).unwrap();
}
