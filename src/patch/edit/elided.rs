//! Blocks that leave lines out: `...`, `# ... existing code ...`, `// rest of the function` alone on a line.
//!
//! The lines between the marks must stand in the file in that order, and there must be one way only to place them all:
//! in the definition that the block names, else in the whole file. That an end which comes again in a later function
//! belongs to the nearer one would be a guess. The lines that were left out are never touched.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Fit;
use super::lines::{Filled, bare, loose, occurrences};
use super::locate::{Hints, Located, Wanted, align_blanks, decide};
use super::source::Source;

/// Whether a line only says that lines were left out.
pub(super) fn is_mark(line: &str) -> bool {
    static COMMENT: LazyLock<Regex> =
        LazyLock::new(|| compiled(r"^(?:#+|//+|/\*+|--|<!--|\{\s*/\*+|;+|%+)\s*(?P<text>.*?)\s*(?:\*+/\s*\}?|-->)?$"));
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)^[\[(<]*(?:the |all |any )?(?:(?:rest|remainder|remaining)\b.*|(?:existing|other|previous|unchanged|same)\s+(?:code|lines?|methods?|functions?|imports?|implementation|content|logic|body|definitions?|fields?|statements?)\b.*|(?:code|lines?|everything else|body|implementation|content)?\s*(?:omitted|unchanged|(?:remains?|stays?) (?:the same|unchanged|as is)|same as (?:before|above))\b.*)[\])>]*$",
        )
    });
    let line = line.trim();
    let (text, is_comment) = match COMMENT.captures(line).and_then(|found| found.name("text")) {
        Some(text) => (text.as_str().trim(), true),
        None => (line, false),
    };
    let undotted = text.trim_start_matches(['.', '…']);
    let dots = &text[..text.len() - undotted.len()];
    if dots.len() >= 3 {
        let said = undotted.trim_end_matches(['.', '…']).trim();
        let apart = undotted.starts_with(char::is_whitespace);
        return said.is_empty() || apart && is_comment || (apart || is_comment) && WORDS.is_match(said);
    }
    is_comment && WORDS.is_match(text.trim_end_matches(['.', '…', ' ']))
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and a test compiles it")
}

/// The parts between the marks, as ranges of lines; one more than there are marks.
pub(super) fn segments(lines: &[String]) -> Vec<Range<usize>> {
    let mut segments = Vec::new();
    let mut start = 0;
    for mark in (0..lines.len()).filter(|&index| is_mark(&lines[index])) {
        segments.push(start..mark);
        start = mark + 1;
    }
    segments.push(start..lines.len());
    segments
}

/// Whether the text that comes in has marks that the text to find has not.
pub(super) fn only_replace_leaves_out(wanted: &Wanted, is_python: bool) -> bool {
    // `...` alone is a statement of Python.
    let marks =
        |lines: &[String]| lines.iter().filter(|line| is_mark(line) && !(is_python && line.trim() == "...")).count();
    marks(&wanted.replace) > marks(&wanted.search)
}

/// Places a block with marks.
pub(super) fn locate(source: &Source, wanted: &Wanted, hints: &Hints) -> Located {
    let (parts, new_parts) = (segments(&wanted.search), segments(&wanted.replace));
    let is_blank = |part: &Range<usize>| wanted.search[part.clone()].iter().all(|line| line.trim().is_empty());
    if parts.len() < 2 || parts.iter().all(is_blank) {
        return Located::Nowhere;
    }
    if parts.len() != new_parts.len() {
        return Located::Unclear("the lines left out (`...`) must be the same in the text to find and in the new text");
    }
    let filled_parts: Vec<&Range<usize>> = parts.iter().filter(|part| !is_blank(part)).collect();
    let forms: [(&Filled, Form); 2] = [(source.lines.loose(), loose), (source.lines.bare(), bare)];
    for (filled, form) in forms {
        let places: Vec<Placed> = filled_parts.iter().map(|part| Placed::of(part, wanted, filled, form)).collect();
        for bounds in [hints.definitions.as_slice(), std::slice::from_ref(&(0..source.lines.len()))] {
            match chains(filled, &places, bounds) {
                Err((first, second)) => return Located::Many(first, second),
                Ok(chains) if chains.is_empty() => {}
                Ok(chains) => {
                    let align = |chain: &Vec<usize>| aligned(source, wanted, filled, &places, chain);
                    return decide(chains.iter().map(align).collect(), Fit::Elided, &Hints::default());
                }
            }
        }
    }
    Located::Nowhere
}

/// Makes the form in which a line is compared.
type Form = fn(&str) -> String;

/// A part and every place of it, as indices of lines that are not blank.
struct Placed {
    rows: Vec<usize>,
    starts: Vec<usize>,
}

impl Placed {
    fn of(part: &Range<usize>, wanted: &Wanted, filled: &Filled, form: Form) -> Self {
        let rows: Vec<usize> = part.clone().filter(|&row| !wanted.search[row].trim().is_empty()).collect();
        let needle: Vec<String> = rows.iter().map(|&row| form(&wanted.search[row])).collect();
        Placed { rows, starts: occurrences(&needle, &filled.forms) }
    }
}

/// The ways to place all parts in order within one of the bounds, by the place of the first part; two ways for the same
/// place are an error. The earliest and the latest way are the same exactly when there is one way only.
fn chains(filled: &Filled, places: &[Placed], bounds: &[Range<usize>]) -> Result<Vec<Vec<usize>>, (usize, usize)> {
    let mut chains = Vec::new();
    let [first, rest @ ..] = places else { return Ok(chains) };
    for outer in bounds {
        let index = |row: usize| filled.indices.partition_point(|&filled| filled < row);
        let (from, limit) = (index(outer.start), index(outer.end));
        for &start in first.starts.iter().filter(|start| **start >= from) {
            let end = start + first.rows.len();
            if end > limit {
                break;
            }
            let (Some(earliest), Some(latest)) = (earliest(rest, end, limit), latest(rest, end, limit)) else { break };
            if let Some((a, b)) = earliest.iter().zip(&latest).find(|(a, b)| a != b) {
                return Err((filled.indices[*a], filled.indices[*b]));
            }
            chains.push(std::iter::once(start).chain(earliest).collect());
            if chains.len() > 1 {
                return Ok(chains);
            }
        }
    }
    Ok(chains)
}

fn earliest(places: &[Placed], mut from: usize, limit: usize) -> Option<Vec<usize>> {
    let mut chain = Vec::new();
    for place in places {
        let start = *place.starts.get(place.starts.partition_point(|&start| start < from))?;
        from = start + place.rows.len();
        chain.push(start);
    }
    (from <= limit).then_some(chain)
}

fn latest(places: &[Placed], from: usize, limit: usize) -> Option<Vec<usize>> {
    let (mut chain, mut end) = (Vec::new(), limit);
    for place in places.iter().rev() {
        let last = place.starts.partition_point(|&start| start + place.rows.len() <= end).checked_sub(1)?;
        end = place.starts[last];
        chain.push(end);
    }
    chain.reverse();
    (chain.first().is_none_or(|&first| first >= from)).then_some(chain)
}

fn aligned(
    source: &Source,
    wanted: &Wanted,
    filled: &Filled,
    places: &[Placed],
    chain: &[usize],
) -> Vec<Option<usize>> {
    let mut aligned = vec![None; wanted.search.len()];
    for (place, &start) in places.iter().zip(chain) {
        for (offset, &row) in place.rows.iter().enumerate() {
            aligned[row] = Some(filled.indices[start + offset]);
        }
    }
    for part in segments(&wanted.search) {
        align_blanks(&mut aligned[part.clone()], &wanted.search[part], source);
    }
    aligned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_code() {
        let marks = [
            "...",
            "…",
            "  # ...",
            "// ...",
            "/* ... */",
            "# rest of the code",
            "// existing code",
            "// ... existing code ...",
            "# ... (unchanged)",
            "{/* ... */}",
            "<!-- ... -->",
            "# [rest of the function remains the same]",
            "// Other methods",
            "... rest of the code ...",
            "// ...rest of file",
            "# unchanged",
        ];
        for mark in marks {
            assert!(is_mark(mark), "{mark}");
        }
        let code = [
            "...args,",
            "...(a ? b : c),",
            "x = ...",
            "# total of the cart",
            "// unchanged_total()",
            "..",
            "# existing users only",
            "pass",
            "",
            "// the code is 4",
            "# same shape",
            "return ...",
        ];
        for code in code {
            assert!(!is_mark(code), "{code}");
        }
    }
}
