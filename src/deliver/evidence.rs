//! The evidence of a heal for machines: one JSON document in a collapsed block.
//!
//! In: a story and the room that is left. Out: the block, shrunk step by step until it fits; `truncated`
//! in it says that something was cut.

use serde_json::{Value, json};

use super::markdown::{cut, head, is_invisible, verbatim};
use super::story::{Story, Tried};
use crate::redact;

/// The version of the document.
const SCHEMA: u32 = 1;

/// How much of it is kept, from all to little: characters of a diff, of other texts, items of a list.
const STEPS: [(usize, usize, usize); 6] =
    [(20_000, 2000, 50), (6000, 600, 20), (2000, 300, 10), (500, 150, 5), (0, 80, 3), (0, 64, 0)];

const OPENING: &str = "<details><summary>Evidence for machines</summary>\n\n";
const CLOSING: &str = "\n</details>\n";

/// The block, at most `room` bytes long; nothing when not even its core has room.
pub(super) fn block(story: &Story<'_>, room: usize) -> String {
    for (step, size) in STEPS.iter().enumerate() {
        let mut document = document(story, *size);
        document["truncated"] = (step > 0).into();
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        let block = format!("{OPENING}{}{CLOSING}", verbatim("json", &visible(&text)));
        if block.len() <= room {
            return block;
        }
    }
    String::new()
}

/// The document for machines in full, for webhooks.
pub(super) fn full(story: &Story<'_>) -> Value {
    document(story, STEPS[0])
}

fn document(story: &Story<'_>, (diff, text, items): (usize, usize, usize)) -> Value {
    let short = |value: &str| clean(value, text);
    let diagnosis = story.diagnosis;
    let failures = diagnosis.iter().flat_map(|diagnosis| diagnosis.failures.iter().take(items)).map(|failure| {
        json!({
            "test": failure.test.as_deref().map(short),
            "file": failure.file.as_ref().map(|file| short(&file.display().to_string())),
            "line": failure.line,
            "kind": failure.kind.as_deref().map(short),
            "message": failure.message.as_deref().map(short),
        })
    });
    let suspects = diagnosis.iter().flat_map(|diagnosis| diagnosis.suspects.iter().take(items)).map(|suspect| {
        json!({
            "commit": short(&suspect.commit),
            "summary": short(&suspect.summary),
            "author": short(&suspect.author),
            "score": suspect.score,
        })
    });
    let locations = diagnosis.iter().flat_map(|diagnosis| diagnosis.locations.iter().take(items)).map(|location| {
        json!({
            "file": short(&location.file.display().to_string()),
            "line": location.line.0,
            "symbol": location.symbol.as_deref().map(short),
            "score": location.score,
        })
    });
    json!({
        "schema": SCHEMA,
        "heal_id": short(story.heal_id),
        "repository": short(story.repository),
        "head": short(story.head),
        "branch": short(story.branch),
        "pull_request": story.pull_request,
        "fingerprint": short(story.fingerprint()),
        "class": diagnosis.map(|diagnosis| diagnosis.class),
        "confidence": diagnosis.map(|diagnosis| diagnosis.confidence),
        "reason": diagnosis.map(|diagnosis| short(&diagnosis.reason)),
        "failures": failures.collect::<Vec<_>>(),
        "suspects": suspects.collect::<Vec<_>>(),
        "locations": locations.collect::<Vec<_>>(),
        "failed_runs": runs(story.failed_runs, text, items),
        "attempts": story.attempts.iter().take(items).map(|tried| attempt(tried, diff, text, items)).collect::<Vec<_>>(),
        "proven": story.proven.map(|tried| tried.number),
        "plausible": story.plausible,
        "reproduced": story.reproduced,
        "test_command": story.test_command.map(short),
        "sandbox": story.sandbox.map(short),
        "timing": {"elapsed_s": story.elapsed_s, "ci_minutes": story.ci_minutes},
        "cost_usd": story.cost_usd,
        "tokens": story.tokens,
        "notes": story.notes.iter().take(items).map(|note| short(note)).collect::<Vec<_>>(),
        "alert_reason": story.reason.map(short),
    })
}

fn attempt(tried: &Tried, diff: usize, text: usize, items: usize) -> Value {
    let short = |value: &str| clean(value, text);
    let rungs = tried.rungs.iter().take(10).map(|rung| {
        json!({
            "number": rung.number,
            "title": short(&rung.title),
            "passed": rung.passed,
            "evidence": short(&rung.evidence),
        })
    });
    json!({
        "number": tried.number,
        "drafter": short(&tried.drafter),
        "operator": short(&tried.operator),
        "model": tried.model.as_deref().map(short),
        "files": tried.files.iter().take(items).map(|file| short(&file.display().to_string())).collect::<Vec<_>>(),
        "diff": if diff == 0 { Value::Null } else { clean(&tried.diff, diff).into() },
        "rungs": rungs.collect::<Vec<_>>(),
        "branch": tried.branch.as_deref().map(short),
        "commit": tried.commit.as_deref().map(short),
        "ci": runs(&tried.ci, text, items),
        "ci_green": tried.ci_green,
        "fell_because": tried.fell_because.as_deref().map(short),
        "review": tried.review.as_ref().map(|review| json!({
            "model": short(&review.model),
            "objects": review.objects,
            "confidence": review.confidence,
            "objections": review.objections.iter().take(items).map(|text| short(text)).collect::<Vec<_>>(),
        })),
    })
}

fn runs(runs: &[super::story::RunLink], text: usize, items: usize) -> Vec<Value> {
    let short = |value: &str| clean(value, text);
    let run = |run: &super::story::RunLink| {
        json!({
            "name": short(&run.name),
            "url": short(&run.url),
            "conclusion": run.conclusion.as_deref().map(short),
            "attempt": run.attempt,
        })
    };
    runs.iter().take(items).map(run).collect()
}

/// A text without secrets, cut.
fn clean(text: &str, limit: usize) -> String {
    cut(&redact::text(head(text, limit)), limit)
}

/// JSON whose invisible characters are escaped: they stand in strings only, so it stays the same document.
fn visible(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for character in json.chars() {
        if is_invisible(character) {
            let mut units = [0_u16; 2];
            character.encode_utf16(&mut units).iter().for_each(|unit| visible.push_str(&format!("\\u{unit:04x}")));
        } else {
            visible.push(character);
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    fn parsed(block: &str) -> Value {
        let inside = block.strip_prefix(OPENING).unwrap().strip_suffix(CLOSING).unwrap();
        let inside = inside.trim_start_matches('`').trim_end().trim_end_matches('`');
        serde_json::from_str(inside.strip_prefix("json\n").unwrap()).unwrap()
    }

    #[test]
    fn it_shrinks_and_stays_a_document() {
        let mut sample = sample();
        sample.attempts[0].diff = "+ x\u{202e} ``` y\n".repeat(5000);
        let story = sample.story();
        let mut last = usize::MAX;
        for room in [90_000, 30_000, 10_000, 4000, 2500] {
            let block = block(&story, room);
            let document = parsed(&block);
            assert!(block.len() <= room && block.len() <= last && !block.contains('\u{202e}'));
            assert_eq!(document["schema"], 1);
            assert_eq!(document["head"], sample.head.as_str());
            last = block.len();
        }
        assert_eq!(super::block(&story, 50), "");
    }
}
