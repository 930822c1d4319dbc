//! The readers of all forms, one after the other.

use std::ops::Range;

use super::lines::Found;
use super::{MAX_BLOCKS, MAX_BYTES, Problem, Reply, diff, fences, json, markers, prose};

/// Reads an answer.
pub fn read(text: &str) -> Reply {
    let mut problems = Vec::new();
    let text = cut(text, &mut problems).replace("\r\n", "\n");
    let mut reply = answer(prose::without_reasoning(&text), 0);
    reply.problems.splice(0..0, problems);
    let count = reply.blocks.len();
    if count > MAX_BLOCKS {
        reply.blocks.truncate(MAX_BLOCKS);
        reply.problems.retain(|problem| !matches!(problem, Problem::Unfinished { .. }));
        reply.problems.push(Problem::TooMany { count });
    }
    reply
}

fn cut<'t>(text: &'t str, problems: &mut Vec<Problem>) -> &'t str {
    if text.len() <= MAX_BYTES {
        return text;
    }
    problems.push(Problem::TooLong);
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

/// `depth`: how many documents this text was found in.
fn answer(text: &str, depth: usize) -> Reply {
    let text = text.trim_start_matches('\u{feff}');
    let document = || json::whole(unfenced(text)).filter(json::Document::is_known);
    if let Some(document) = document() {
        return of_document(document, "", depth);
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut problems = Vec::new();
    let readers: [fn(&[&str]) -> Found; 2] = [markers::read, diff::read];
    for reader in readers {
        let found = reader(&lines);
        if !found.blocks.is_empty() {
            return of_blocks(&lines, found);
        }
        problems.extend(found.problems);
    }
    if let Some((place, document)) = json::within(text) {
        let around = format!("{}\n{}", &text[..place.start], &text[place.end..]);
        return of_document(document, &around, depth);
    }
    if text.trim_start().trim_start_matches('`').trim_start_matches("json").trim_start().starts_with(['{', '[']) {
        problems.push(Problem::Malformed { line: 1, why: "the JSON document can't be read; it may be cut off" });
        return Reply { problems, ..Reply::default() };
    }
    // What was meant as an edit and is none must not be read as something else.
    if problems.is_empty() {
        let found = fences::read(&lines);
        if !found.blocks.is_empty() {
            return of_blocks(&lines, found);
        }
        problems.extend(found.problems);
    }
    let gave_up = prose::gave_up(text);
    let refusal = if gave_up.is_none() && problems.is_empty() { prose::refusal(text) } else { None };
    Reply { blocks: Vec::new(), refusal, gave_up, thoughts: prose::thoughts(text), problems }
}

/// A text without the fence that is around all of it.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    let inner = inner.and_then(|inner| inner.split_once('\n')).filter(|(info, _)| !info.contains(['{', '[']));
    inner.map_or(text, |(_, inner)| inner)
}

fn of_document(document: json::Document, around: &str, depth: usize) -> Reply {
    if let Some(nested) = document.nested.filter(|_| depth == 0) {
        let mut reply = answer(&nested, depth + 1);
        reply.thoughts = document.explanation.as_deref().and_then(prose::thoughts).or(reply.thoughts);
        reply.gave_up = document.gave_up.or(reply.gave_up);
        return reply;
    }
    let thoughts = document.explanation.as_deref().and_then(prose::thoughts).or_else(|| prose::thoughts(around));
    let refusal = if document.blocks.is_empty() { document.refusal } else { None };
    Reply { refusal, gave_up: document.gave_up, thoughts, problems: Vec::new(), blocks: document.blocks }
}

fn of_blocks(lines: &[&str], found: Found) -> Reply {
    let taken: Vec<Range<usize>> = found.blocks.iter().map(|(lines, _)| lines.clone()).collect();
    let mut rest = String::new();
    let mut next = 0;
    for range in taken {
        let free = lines.get(next..range.start).unwrap_or(&[]);
        free.iter().filter(|line| super::lines::fence(line).is_none()).for_each(|line| rest.extend([line, "\n"]));
        next = next.max(range.end);
    }
    let free = lines.get(next..).unwrap_or(&[]);
    free.iter().filter(|line| super::lines::fence(line).is_none()).for_each(|line| rest.extend([line, "\n"]));
    let gave_up = prose::gave_up(&rest);
    let blocks = found.blocks.into_iter().map(|(_, block)| block).collect();
    Reply { blocks, refusal: None, gave_up, thoughts: prose::thoughts(&rest), problems: found.problems }
}
