//! What is told outside the forge: a Slack-compatible message, a mail, a document for webhooks.
//!
//! In: a story and what happened. Out: plain text that calls nobody, and JSON. Chat and mail programs turn
//! addresses and names into links and calls, so that foreign text is broken where they would.

use serde::Serialize;
use serde_json::{Value, json};

use super::evidence;
use super::links::short;
use super::markdown::{first_line, inert};
use super::sections;
use super::story::Story;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Occasion<'a> {
    /// A pull request was opened.
    PullRequest {
        /// Its number.
        number: u64,
        /// Its page.
        url: &'a str,
    },
    /// A person is needed.
    Alert {
        /// The page with the alert, where there is one.
        url: Option<&'a str>,
    },
    /// The same commit failed and passed.
    Flaky,
    /// No patch would be right.
    NotCode,
}

impl Occasion<'_> {
    fn sentence(&self) -> &'static str {
        match self {
            Occasion::PullRequest { .. } => "heal opened a pull request with a proven patch",
            Occasion::Alert { .. } => "heal could not repair it; a person is needed",
            Occasion::Flaky => "it passed when it was run again: a flaky failure",
            Occasion::NotCode => "it is not a fault of the code",
        }
    }

    fn url(&self) -> Option<&str> {
        match self {
            Occasion::PullRequest { url, .. } => Some(url),
            Occasion::Alert { url } => *url,
            Occasion::Flaky | Occasion::NotCode => None,
        }
    }
}

/// One message in its forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// For Slack and what understands it: the `text` of a message, in mrkdwn.
    pub slack: String,
    /// The subject of a mail, one line.
    pub subject: String,
    /// The body of a mail, plain text.
    pub body: String,
}

/// The message.
pub fn text(story: &Story<'_>, occasion: Occasion<'_>) -> Text {
    let facts = facts(story);
    let what = inert(story.failing_test().unwrap_or("the build"), 120);
    let repository = inert(story.repository, 100);
    let branch = inert(story.branch, 60);
    let head = short(story.head);
    let sentence = occasion.sentence();
    let url = occasion.url().filter(|url| is_address(story, url));
    let mut slack = format!(
        "*{}* {}: {} fails at {}; {sentence}.\n",
        mrkdwn(&repository),
        mrkdwn(&branch),
        mrkdwn(&what),
        mrkdwn(&head)
    );
    let mut body = format!("{repository}, branch {branch}, commit {head}\n{what} fails; {sentence}.\n\n");
    for (name, value) in &facts {
        slack.push_str(&format!("• {name}: {}\n", mrkdwn(value)));
        body.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(url) = url {
        slack.push_str(&format!("<{url}>\n"));
        body.push_str(&format!("\n{url}\n"));
    }
    body.push_str(&format!("\nheal {}\n", inert(story.heal_id, 80)));
    let subject = inert(&format!("[heal] {} {}: {sentence}", story.repository, story.branch), 150);
    Text { slack, subject, body }
}

fn facts(story: &Story<'_>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(diagnosis) = story.diagnosis {
        facts.push(("Why", format!("{}: {}", diagnosis.class, inert(&diagnosis.reason, 200))));
        let message = diagnosis.failures.first().and_then(|failure| failure.message.as_deref()).map_or("", first_line);
        if !message.is_empty() {
            facts.push(("Says", inert(message, 200)));
        }
        if let Some(suspect) = diagnosis.suspects.first() {
            let commit = inert(&short(&suspect.commit), 7);
            facts.push((
                "Suspect",
                format!("{commit} {} ({})", inert(&suspect.summary, 100), inert(&suspect.author, 60)),
            ));
        }
    }
    facts.extend(story.reason.map(|reason| ("Reason", inert(reason, 200))));
    facts.push(("Took", sections::cost(story)));
    facts
}

/// Slack's three characters of control are escaped, and its marks of style are taken out of foreign text.
fn mrkdwn(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.chars().map(|c| if c == '`' { '\'' } else { c }).flat_map(unstyled).collect()
}

/// A word joiner in front of a mark keeps it from opening or closing a style.
fn unstyled(character: char) -> impl Iterator<Item = char> {
    matches!(character, '*' | '~').then_some('\u{2060}').into_iter().chain([character])
}

/// Only pages of the story's own forge are linked.
fn is_address(story: &Story<'_>, url: &str) -> bool {
    let web = format!("{}/", story.web_url.trim_end_matches('/'));
    url.len() < 500
        && url.starts_with(&web)
        && url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/?=&#%:[]".contains(&byte))
}

/// The document of a generic webhook: what happened, and the evidence.
pub fn json(story: &Story<'_>, occasion: Occasion<'_>) -> Value {
    let text = text(story, occasion);
    json!({
        "schema": 1,
        "event": occasion,
        "text": text.subject,
        "heal": evidence::full(story),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    const OPENED: Occasion<'_> = Occasion::PullRequest { number: 12, url: "https://github.com/octo/shop/pull/12" };

    #[test]
    fn a_message_says_it_in_ten_lines() {
        let sample = sample();
        let text = text(&sample.story(), OPENED);
        assert_eq!(text.subject, "[heal] octo/shop main: heal opened a pull request with a proven patch");
        insta::assert_snapshot!(text.slack, @"
        *octo/shop* main: tests/test_cart.py::test_total fails at 1f7d1fd; heal opened a pull request with a proven patch.
        • Why: code: an assertion fails in a test that passed before
        • Says: assert 110 == 90
        • Suspect: 9a3c1fd Tidy up the cart (Mona Lisa)
        • Took: 2 attempts, 1 min 15 s, 1.5 CI minutes, no cost for models
        <https://github.com/octo/shop/pull/12>
        ");
        insta::assert_snapshot!(text.body, @"
        octo/shop, branch main, commit 1f7d1fd
        tests/test_cart.py::test_total fails; heal opened a pull request with a proven patch.

        Why: code: an assertion fails in a test that passed before
        Says: assert 110 == 90
        Suspect: 9a3c1fd Tidy up the cart (Mona Lisa)
        Took: 2 attempts, 1 min 15 s, 1.5 CI minutes, no cost for models

        https://github.com/octo/shop/pull/12

        heal h-42
        ");
    }

    #[test]
    fn nobody_is_called_from_outside() {
        let mut sample = sample();
        sample.diagnosis.failures[0].test =
            Some("<!channel> <@U1> @here https://evil.example `x` *b*\r\nBcc: a@b".to_owned());
        let text = text(&sample.story(), Occasion::Alert { url: Some("https://evil.example/x") });
        for bad in ["<!", "<@", "@here", "https://evil", "`"] {
            assert!(!text.slack.contains(bad), "{}", text.slack);
        }
        assert!(!text.subject.contains('\n') && !text.body.contains("\nBcc"));
    }

    #[test]
    fn the_document_names_its_event() {
        let sample = sample();
        let document = json(&sample.story(), OPENED);
        assert_eq!(document["event"]["event"], "pull_request");
        assert_eq!(document["heal"]["attempts"][1]["rungs"][5]["passed"], true);
        assert_eq!(document["heal"]["heal_id"], "h-42");
    }
}
