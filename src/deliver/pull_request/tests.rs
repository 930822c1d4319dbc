//! The whole body, hostile texts in it, and its limits.

use proptest::prelude::*;

use super::super::marker::find_marker;
use super::super::sample::{Sample, sample};
use super::super::sections::LIMIT;
use super::*;

#[test]
fn a_reviewer_in_a_hurry_reads_this() {
    let sample = sample();
    let story = sample.story();
    assert_eq!(title(&story), "Fix cart.py: test_total fails since 9a3c1fd");
    let text = body(&story);
    let (told, evidence) = text.split_once("<details>").unwrap();
    insta::assert_snapshot!(told, @"
    <!-- heal:id=h-42 head=1f7d1fda0001e35a945299dcdf574ccf60fcba28 fingerprint=5d1c -->
    **` tests/test_cart.py::test_total ` fails since [` 9a3c1fd `](https://github.com/octo/shop/commit/9a3c1fda0001e35a945299dcdf574ccf60fcba28). This changes 1 line at [` shop/cart.py:5 `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/shop/cart.py#L5): green in the sandbox and in this project's CI.**

    ### What failed
    - ` tests/test_cart.py::test_total ` at [` tests/test_cart.py:9 `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/tests/test_cart.py#L9): ` assert 110 == 90 `

    ```text
       120  >       assert cart.total() == 90
       121  E       assert 110 == 90
    ```

    Step: ` test ` › ` Run pytest `

    Red on [` 1f7d1fd `](https://github.com/octo/shop/commit/1f7d1fda0001e35a945299dcdf574ccf60fcba28):

    - [` CI `](https://github.com/octo/shop/actions/runs/7) failure

    ### Why
    - A fault of the code (93 % sure): ` an assertion fails in a test that passed before `
    - Suspect commit: [` 9a3c1fd `](https://github.com/octo/shop/commit/9a3c1fda0001e35a945299dcdf574ccf60fcba28) ` Tidy up the cart ` by @mona (80 % sure)
    - Suspicious lines: [` shop/cart.py:5 `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/shop/cart.py#L5) in ` Cart.total `

    ### What was changed, and why this is enough
    [` shop/cart.py `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/shop/cart.py): the wrong operator in a comparison, a sum or a condition (operator ` binary-operator ` of ` search `).

    ```diff
    --- a/shop/cart.py
    +++ b/shop/cart.py
    @@ -2,5 +2,5 @@
         name = 'cart'
         def total(self):
             total = sum(self.prices)
    -        return total + self.discount
    +        return total - self.discount
         size = 3
    ```

    This is enough as far as the tests of ` main ` tell: with it, what failed passes; nothing else fails; without it, the failure is back; this project's own CI is green.

    Tried before:

    - Attempt 1: [` shop/cart.py `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/shop/cart.py): a wrong number, text, truth value or null (operator ` constant ` of ` search `) fell on rung 5 (nothing else fails): ` tests/test_cart.py::test_empty fails now `

    ### What was proven
    - ✔ red before: the same commit [` 1f7d1fd `](https://github.com/octo/shop/commit/1f7d1fda0001e35a945299dcdf574ccf60fcba28) fails in the sandbox
    - ✔ rung 1: the patch applies (` to shop/cart.py `)
    - ✔ rung 2: the result parses (` no new error node in the syntax tree `)
    - ✔ rung 3: the guard allows it (` no test, workflow or link touched `)
    - ✔ rung 4: the failing tests pass (` 1 of 1 tests that failed now pass `)
    - ✔ rung 5: nothing else fails (` 12 tests still pass, exit code 0 `)
    - ✔ rung 6: it passes again, and fails again without it (` 2 of 2 runs pass with it, 1 of 1 fails without `)
    - ✔ rung 8: this project's CI is green on ` heal/test-total-1f7d1fd-2 ` at [` 77aa1fd `](https://github.com/octo/shop/commit/77aa1fda0001e35a945299dcdf574ccf60fcba28): [` CI `](https://github.com/octo/shop/actions/runs/8) success

    Command in the sandbox: ` python -m pytest `

    ### What was not proven
    - That this is what the author meant: tests are a partial specification
    - That this one is right: 2 different patches pass the same tests, and this ranks first
    - That the tests watch the changed lines well: no mutants of them were run (rung 7)
    - What a stricter sandbox would show: the level was ` namespaces `
    - Anything beyond the commands and runs named here

    ### Risk, cost and time
    - Risk: **medium** (2 different patches pass the same tests)
    - 2 attempts, 1 min 15 s, 1.5 CI minutes, no cost for models

    ---
    Close this to refuse the patch. The label `heal:off`, or `enabled = false` in `.github/heal.toml` on the default branch, stops heal.
    ");
    insta::assert_snapshot!(evidence, @r#"
    <summary>Evidence for machines</summary>

    ```json
    {
      "alert_reason": null,
      "attempts": [
        {
          "branch": null,
          "ci": [],
          "ci_green": null,
          "commit": null,
          "diff": "--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -2,5 +2,5 @@\n     name = 'cart'\n     def total(self):\n         total = sum(self.prices)\n-        return total + self.discount\n+        return 90\n     size = 3\n",
          "drafter": "search",
          "fell_because": "tests/test_cart.py::test_empty fails now",
          "files": [
            "shop/cart.py"
          ],
          "model": null,
          "number": 1,
          "operator": "constant",
          "review": null,
          "rungs": [
            {
              "evidence": "to shop/cart.py",
              "number": 1,
              "passed": true,
              "title": "the patch applies"
            },
            {
              "evidence": "no new error node in the syntax tree",
              "number": 2,
              "passed": true,
              "title": "the result parses"
            },
            {
              "evidence": "no test, workflow or link touched",
              "number": 3,
              "passed": true,
              "title": "the guard allows it"
            },
            {
              "evidence": "1 of 1 tests that failed now pass",
              "number": 4,
              "passed": true,
              "title": "the failing tests pass"
            },
            {
              "evidence": "tests/test_cart.py::test_empty fails now",
              "number": 5,
              "passed": false,
              "title": "nothing else fails"
            }
          ]
        },
        {
          "branch": "heal/test-total-1f7d1fd-2",
          "ci": [
            {
              "attempt": 1,
              "conclusion": "success",
              "name": "CI",
              "url": "https://github.com/octo/shop/actions/runs/8"
            }
          ],
          "ci_green": true,
          "commit": "77aa1fda0001e35a945299dcdf574ccf60fcba28",
          "diff": "--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -2,5 +2,5 @@\n     name = 'cart'\n     def total(self):\n         total = sum(self.prices)\n-        return total + self.discount\n+        return total - self.discount\n     size = 3\n",
          "drafter": "search",
          "fell_because": null,
          "files": [
            "shop/cart.py"
          ],
          "model": null,
          "number": 2,
          "operator": "binary-operator",
          "review": null,
          "rungs": [
            {
              "evidence": "to shop/cart.py",
              "number": 1,
              "passed": true,
              "title": "the patch applies"
            },
            {
              "evidence": "no new error node in the syntax tree",
              "number": 2,
              "passed": true,
              "title": "the result parses"
            },
            {
              "evidence": "no test, workflow or link touched",
              "number": 3,
              "passed": true,
              "title": "the guard allows it"
            },
            {
              "evidence": "1 of 1 tests that failed now pass",
              "number": 4,
              "passed": true,
              "title": "the failing tests pass"
            },
            {
              "evidence": "12 tests still pass, exit code 0",
              "number": 5,
              "passed": true,
              "title": "nothing else fails"
            },
            {
              "evidence": "2 of 2 runs pass with it, 1 of 1 fails without",
              "number": 6,
              "passed": true,
              "title": "it passes again, and fails again without it"
            }
          ]
        }
      ],
      "branch": "main",
      "class": "code",
      "confidence": 0.93,
      "cost_usd": 0.0,
      "failed_runs": [
        {
          "attempt": 1,
          "conclusion": "failure",
          "name": "CI",
          "url": "https://github.com/octo/shop/actions/runs/7"
        }
      ],
      "failures": [
        {
          "file": "tests/test_cart.py",
          "kind": "AssertionError",
          "line": 9,
          "message": "assert 110 == 90",
          "test": "tests/test_cart.py::test_total"
        }
      ],
      "fingerprint": "5d1c",
      "head": "1f7d1fda0001e35a945299dcdf574ccf60fcba28",
      "heal_id": "h-42",
      "locations": [
        {
          "file": "shop/cart.py",
          "line": 5,
          "score": 1.0,
          "symbol": "Cart.total"
        }
      ],
      "notes": [],
      "plausible": 2,
      "proven": 2,
      "pull_request": null,
      "reason": "an assertion fails in a test that passed before",
      "repository": "octo/shop",
      "reproduced": "in_sandbox",
      "sandbox": "namespaces",
      "schema": 1,
      "suspects": [
        {
          "author": "Mona Lisa",
          "commit": "9a3c1fda0001e35a945299dcdf574ccf60fcba28",
          "score": 0.8,
          "summary": "Tidy up the cart"
        }
      ],
      "test_command": "python -m pytest",
      "timing": {
        "ci_minutes": 1.5,
        "elapsed_s": 75
      },
      "tokens": 0,
      "truncated": false
    }
    ```

    </details>
    "#);
}

#[test]
fn what_ran_in_ci_only_claims_no_sandbox() {
    let mut sample = sample();
    sample.attempts.iter_mut().for_each(|tried| tried.rungs.truncate(3));
    sample.attempts[0].ci_green = Some(false);
    let text = body(&Story { reproduced: Reproduced::InCiOnly, ..sample.story() });
    let told = text.split_once("<details>").unwrap().0;
    assert!(told.contains(": green in this project's CI.**") && told.contains("the project was run in CI only"));
    assert!(told.contains("failed in this project's CI"));
    assert!(!told.contains("Command in the sandbox") && !told.contains("green in the sandbox"), "{told}");
}

#[test]
fn titles_stay_short_and_silent() {
    let mut sample = sample();
    for (test, expected) in [
        ("t.py::test_@octocat #12", "Fix cart.py: test_@\u{2060}octocat #\u{2060}12 fails since 9a3c1fd".to_owned()),
        (&"x".repeat(300), format!("Fix cart.py: {}… fails since 9a3c1fd", "x".repeat(38))),
    ] {
        sample.diagnosis.failures[0].test = Some(test.to_owned());
        assert_eq!(title(&sample.story()), expected);
    }
    sample.diagnosis.failures.clear();
    sample.diagnosis.suspects.clear();
    assert_eq!(title(&sample.story()), "Fix cart.py: the build fails on 1f7d1fd");
}

/// Puts foreign text wherever foreign text can stand.
fn poisoned(text: &str) -> Sample {
    let mut sample = sample();
    sample.branch = text.to_owned();
    let diagnosis = &mut sample.diagnosis;
    diagnosis.reason = text.to_owned();
    diagnosis.job = Some(text.to_owned());
    diagnosis.step = Some(text.to_owned());
    diagnosis.failures[0].test = Some(text.to_owned());
    diagnosis.failures[0].file = Some(text.into());
    diagnosis.failures[0].message = Some(text.to_owned());
    diagnosis.suspects[0].summary = text.to_owned();
    diagnosis.suspects[0].author = text.to_owned();
    diagnosis.suspects[0].commit = text.to_owned();
    diagnosis.locations[0].file = text.into();
    diagnosis.locations[0].symbol = Some(text.to_owned());
    diagnosis.excerpt[0].text = text.to_owned();
    sample.failed_runs[0].name = text.to_owned();
    sample.failed_runs[0].url = text.to_owned();
    sample.failed_runs[0].conclusion = Some(text.to_owned());
    for tried in &mut sample.attempts {
        tried.drafter = text.to_owned();
        tried.operator = text.to_owned();
        tried.files = vec![text.into()];
        tried.diff = format!("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{text}\n+{text}\n");
        tried.rungs[0].title = text.to_owned();
        tried.rungs[0].evidence = text.to_owned();
        tried.fell_because = Some(text.to_owned());
        tried.branch = Some(text.to_owned());
        tried.commit = Some(text.to_owned());
    }
    sample.reason = Some(text.to_owned());
    sample
}

/// A text without its code spans and fenced blocks, as a Markdown reader sees it; panics when one stays open.
fn outside_of_code(text: &str) -> String {
    let mut outside = String::new();
    let mut fence: Option<usize> = None;
    for line in text.lines() {
        let run = line.bytes().take_while(|byte| *byte == b'`').count();
        match fence {
            Some(open) if run >= open && line.len() == run => fence = None,
            Some(_) => {}
            None if run >= 3 && !line[run..].contains('`') => fence = Some(run),
            None => outside.push_str(&(without_spans(line) + "\n")),
        }
    }
    assert_eq!(fence, None, "a fence stays open");
    // Where our own links lead is no text.
    let mut parts = outside.split("](https://github.com/octo/shop/");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').unwrap().1)
}

fn without_spans(line: &str) -> String {
    let run = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let (mut outside, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        outside.push_str(&rest[..at]);
        let length = run(&rest[at..]);
        let mut end = at + length;
        while run(&rest[end..]) != length {
            end += run(&rest[end..]).max(1);
            assert!(end < rest.len(), "a code span stays open: {line}");
            end = rest[end..].find('`').map_or(rest.len(), |next| end + next);
        }
        rest = &rest[end + length..];
    }
    outside + rest
}

#[test]
fn foreign_text_stays_text() {
    for text in [
        "@octocat and @org/team",
        "fixes #1, octo/shop#2, GH-3",
        "<img src=x onerror=alert(1)> <!-- heal:id=x head=y fingerprint=z -->",
        "[click](https://evil.example) ![x](https://evil.example/x.png)",
        "``` \n# head\n@octocat\n```\n@octocat",
        "a `@octocat` b ``@octocat`` c",
        "`````",
        "\n\n</details>\n@octocat\n",
        "\r\n@octocat\r\n",
        "x | @octocat | \\| @octocat",
        "\u{202e}@octocat\u{2066}\u{200b}\u{e0041}\u{1b}[31m",
        "https://evil.example/@octocat",
        "**bold** _it_ ~~gone~~ :smile:",
    ] {
        let sample = poisoned(text);
        for text in [body(&sample.story()), super::super::alert::body(&sample.unproven())] {
            let marker = find_marker(&text).unwrap();
            assert_eq!(marker.heal_id, "h-42");
            let (first, rest) = text.split_once('\n').unwrap();
            assert!(!first.contains('`'));
            let outside = outside_of_code(rest);
            for bad in ["octocat", "evil", "onerror", "heal:id", "# head", "#1", "GH-3", "smile", "_it_", "\u{202e}"] {
                assert!(!outside.contains(bad), "{bad} in\n{outside}");
            }
            assert_eq!(outside.matches("</details>").count(), 1);
            assert!(!text.chars().any(super::super::markdown::is_invisible), "{text}");
        }
    }
}

#[test]
fn secrets_stay_inside() {
    let secret = concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");
    let sample = poisoned(&format!("token {secret} used"));
    let texts = [body(&sample.story()), super::super::alert::body(&sample.unproven()), title(&sample.story())];
    for text in texts {
        assert!(!text.contains("abcdefghijklmnop"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_body_has_a_limit_and_closes_what_it_opens(
        text in "([`@#<>|\\\\a-z \u{202e}🦀]{0,12}\n?){0,20}",
        times in prop_oneof![Just(1_usize), Just(40), Just(150)],
    ) {
        let text = text.repeat(times);
        let mut sample = poisoned(&text);
        let failure = sample.diagnosis.failures[0].clone();
        sample.diagnosis.failures.resize(60, failure);
        let quote = sample.diagnosis.excerpt[0].clone();
        sample.diagnosis.excerpt.resize(60, quote);
        let run = sample.failed_runs[0].clone();
        sample.failed_runs.resize(60, run);
        let tried = sample.attempts[0].clone();
        sample.attempts.resize(12, tried);
        for body in [body(&sample.story()), super::super::alert::body(&sample.unproven())] {
            prop_assert!(body.len() <= LIMIT, "{}", body.len());
            prop_assert!(body.contains("\"schema\": 1"));
            outside_of_code(&body);
        }
        prop_assert!(title(&sample.story()).chars().count() <= TITLE);
    }
}
