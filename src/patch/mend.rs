//! Trivial repairs of a text that does not parse: what a writer forgets at the border of an edit.
//!
//! In: a file before and after. Out: the mended text, or nothing. One repair at a time, each a small function; it
//! counts only if nothing new is wrong afterwards, and a bracket is put in or taken out only if all places where that
//! helps make the same program. No line that the edit left alone is touched, but for the one next to
//! an inserted line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::code::SourceFile;
use crate::code::likeness::tree_hash;

use super::apply::apply_to_text;
use super::{SpanEdit, first_fault};

/// The lines between the first and the last that the edit changed.
struct Region<'a> {
    lines: Vec<&'a str>,
    /// Which of them the edit inserted; the others stood there before.
    inserted: Vec<bool>,
    /// The last line with text above it; empty at the file's beginning.
    above: &'a str,
    /// Whether the file indents with tabs.
    tabs: bool,
}

/// A repair: a region goes in, other lines for it come out.
type Repair = fn(&Region<'_>) -> Vec<Vec<String>>;

/// The repairs, the surest first, and whether all tries of one that help must make the same program.
const REPAIRS: &[(Repair, bool)] =
    &[(without_marks, false), (with_colon, false), (with_bracket, true), (without_bracket, true), (reindented, false)];

/// How many tries a repair may make whose places are counted; one with more is left out.
const MOST_PLACES: usize = 600;

/// How many lines an edited region may have to be mended: each try costs a parse.
const LONGEST: usize = 200;

/// The whole text with a trivial fault repaired; nothing if it has none or no repair helps.
pub fn mend(file: &Path, before: &str, after: &str) -> Option<String> {
    first_fault(file, before, after)?;
    let (kept, edited, rest) = edited_lines(before, after);
    if edited.len() > LONGEST {
        return None;
    }
    let region = Region::of(before, kept, &before[kept.len()..before.len() - rest.len()], edited);
    let join = |lines: Vec<String>| [kept, &lines.concat(), rest].concat();
    let helps = |text: &String| text != before && first_fault(file, before, text).is_none();
    for (repair, all_alike) in REPAIRS {
        let tries: Vec<Vec<String>> = repair(&region).into_iter().filter(|lines| region.spares_others(lines)).collect();
        if *all_alike && tries.len() > MOST_PLACES {
            continue;
        }
        let mut helping = tries.into_iter().map(join).filter(helps);
        let Some(first) = helping.next() else { continue };
        let program = |text: &str| SourceFile::parse(file, text.to_owned()).ok().map(|source| tree_hash(&source));
        let known = program(&first);
        let is_sure = !all_alike || known.is_some() && helping.all(|text| program(&text) == known);
        return is_sure.then_some(first);
    }
    None
}

/// Edits that give the mended texts of all files; nothing if some file can't be mended.
pub fn mend_edits(edits: &[SpanEdit], read: &dyn Fn(&Path) -> Option<String>) -> Option<Vec<SpanEdit>> {
    let mut by_file: BTreeMap<&PathBuf, Vec<&SpanEdit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(&edit.file).or_default().push(edit);
    }
    let mut mended = Vec::new();
    for (file, edits) in by_file {
        let before = read(file)?;
        let after = apply_to_text(file, &before, edits.clone()).ok()?;
        if first_fault(file, &before, &after).is_none() {
            mended.extend(edits.into_iter().cloned());
            continue;
        }
        let text = mend(file, &before, &after)?;
        let (kept, _, rest) = edited_lines(&before, &text);
        let span: Range<usize> = kept.len()..before.len() - rest.len();
        let replacement = text[kept.len()..text.len() - rest.len()].to_owned();
        mended.push(SpanEdit { file: file.clone(), span, replacement });
    }
    Some(mended)
}

/// The text before the edited lines, those lines with their ends, and the text after them.
fn edited_lines<'a>(before: &str, after: &'a str) -> (&'a str, Vec<&'a str>, &'a str) {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let shorter = old.len().min(new.len());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take(shorter - same).take_while(|(old, new)| old == new).count();
    let start: usize = new[..same].iter().map(|line| line.len()).sum();
    let end = after.len() - new[new.len() - tail..].iter().map(|line| line.len()).sum::<usize>();
    (&after[..start], new[same..new.len() - tail].to_vec(), &after[end..])
}

impl<'a> Region<'a> {
    fn of(file: &str, kept: &'a str, old: &str, lines: Vec<&'a str>) -> Self {
        let old: Vec<&str> = old.split_inclusive('\n').collect();
        let mut inserted = vec![true; lines.len()];
        for op in capture_diff_slices(Algorithm::Myers, &old, &lines) {
            if let DiffOp::Equal { new_index, len, .. } = op {
                inserted[new_index..new_index + len].fill(false);
            }
        }
        let starts = |start: char| file.lines().filter(|line| line.starts_with(start)).count();
        let above = kept.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
        Region { lines, inserted, above, tabs: starts('\t') > starts(' ') }
    }

    /// Whether the first inserted line stands where its block's lines do: one step below a header that is right above
    /// it, else no deeper than the line above.
    fn begins_in_place(&self, lines: &[String]) -> bool {
        let has_text = |line: &str| !line.trim().is_empty();
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let first = (0..lines.len()).find(|index| self.inserted[*index] && has_text(&lines[*index]));
        let Some(first) = first else { return false };
        let above = lines[..first].iter().rev().map(String::as_str).find(|line| has_text(line)).unwrap_or(self.above);
        let step = if self.tabs { 1 } else { 4 };
        let (outer, inner) = (indent(above), indent(&lines[first]));
        if above.trim_end().ends_with(':') { (outer + 1..=outer + step).contains(&inner) } else { inner <= outer }
    }

    /// Whether a try changes nothing that is further than one line from an inserted one.
    fn spares_others(&self, lines: &[String]) -> bool {
        let new: Vec<&str> = lines.iter().map(String::as_str).collect();
        let is_near = |index: usize| {
            let (from, to) = (index.saturating_sub(1), (index + 2).min(self.inserted.len()));
            self.inserted.get(from..to).is_some_and(|near| near.contains(&true))
        };
        capture_diff_slices(Algorithm::Myers, &self.lines, &new).into_iter().all(|op| match op {
            DiffOp::Equal { .. } => true,
            DiffOp::Insert { old_index, .. } => is_near(old_index.saturating_sub(1)) || is_near(old_index),
            DiffOp::Delete { old_index, old_len, .. } | DiffOp::Replace { old_index, old_len, .. } => {
                (old_index..old_index + old_len).all(is_near)
            }
        })
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// A line with other content and its own end.
fn with_content(line: &str, change: impl Fn(&str) -> String) -> String {
    let content = line.trim_end_matches(['\n', '\r']);
    format!("{}{}", change(content), &line[content.len()..])
}

/// Code fences and conflict markers; the signs of a diff where every inserted line bears one.
fn without_marks(region: &Region<'_>) -> Vec<Vec<String>> {
    let is_mark = |line: &str| {
        let text = line.trim();
        text.starts_with("```")
            || text == "======="
            || ["<<<<<<<", ">>>>>>>", "@@ "].iter().any(|mark| text.starts_with(mark))
    };
    let lines = region.lines.iter().copied().zip(region.inserted.iter().copied());
    let kept: Vec<(&str, bool)> = lines.filter(|(line, inserted)| !inserted || !is_mark(line)).collect();
    let mut tries = vec![kept.iter().map(|(line, _)| (*line).to_owned()).collect()];
    let signs = || kept.iter().filter(|(_, inserted)| *inserted).map(|(line, _)| line.chars().next());
    if signs().all(|sign| matches!(sign, Some('+' | '-'))) && signs().any(|sign| sign == Some('+')) {
        let unsigned = kept.iter().filter(|(line, inserted)| !inserted || !line.starts_with('-'));
        tries.push(
            unsigned
                .map(|(line, inserted)| {
                    if *inserted { line.strip_prefix('+').unwrap_or(line) } else { line }.to_owned()
                })
                .collect(),
        );
    }
    tries
}

/// The colon at the end of a Python header.
fn with_colon(Region { lines, .. }: &Region<'_>) -> Vec<Vec<String>> {
    let headers =
        ["def ", "async ", "class ", "if ", "elif ", "else", "for ", "while ", "try", "except", "finally", "with "];
    let mut tries = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let text = line.trim();
        if headers.iter().any(|header| text.starts_with(header)) && !text.ends_with([':', '\\', ',', '(', '[', '{']) {
            let mut changed = owned(lines);
            changed[index] = with_content(line, |content| format!("{}:", content.trim_end()));
            tries.push(changed);
        }
    }
    tries
}

/// One closing bracket more, behind any token of an inserted line or on a line of its own; the last places first.
fn with_bracket(region: &Region<'_>) -> Vec<Vec<String>> {
    let lines = &region.lines;
    let inserted =
        || (0..lines.len()).rev().filter(|index| region.inserted[*index] && !lines[*index].trim().is_empty());
    let on_its_own = |bracket: char| {
        let last = inserted().next().map(|last| last + 1);
        last.into_iter().chain(inserted()).map(move |at| {
            let mut changed = owned(lines);
            if let Some(above) = at.checked_sub(1).filter(|above| !changed[*above].ends_with('\n')) {
                changed[above].push('\n');
            }
            changed.insert(at, format!("{}{bracket}\n", closing_indent(&lines[..at])));
            changed
        })
    };
    let within = |bracket: char| {
        inserted().flat_map(move |index| {
            // An empty pair would make a call of a name: what belongs into it is not known.
            let holds = move |at: &usize| !lines[index][..*at].ends_with(opening(bracket));
            token_ends(lines[index]).into_iter().rev().filter(holds).map(move |at| {
                let mut changed = owned(lines);
                changed[index].insert(at, bracket);
                changed
            })
        })
    };
    let blocks = on_its_own('}');
    blocks
        .chain([')', ']', '}'].into_iter().flat_map(within))
        .chain([')', ']'].into_iter().flat_map(on_its_own))
        .collect()
}

fn opening(bracket: char) -> char {
    match bracket {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

/// The places behind the tokens of a line: where a word ends, and behind each other sign.
fn token_ends(line: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut next = line.chars().skip(1);
    let mut ends = Vec::new();
    for (at, c) in line.char_indices() {
        let follows_word = next.next().is_some_and(is_word);
        if !(c.is_whitespace() || is_word(c) && follows_word) {
            ends.push(at + c.len_utf8());
        }
    }
    ends
}

/// Where the closing bracket of a block stands: below the line that opens it, or one step left of the lines within.
fn closing_indent<'a>(lines: &[&'a str]) -> &'a str {
    let indent = |line: &'a str| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
    // An opener that nothing below closes is looked for roughly: the text need not be right for the tree.
    if let Some(opener) = lines.iter().rev().find(|line| line.trim_end().ends_with(['{', '(', '['])) {
        return indent(opener);
    }
    let within = lines.first().map_or("", |line| indent(line));
    let step = match within.len() {
        _ if within.ends_with('\t') => 1,
        width if width % 4 == 0 => 4,
        _ => 2,
    };
    &within[..within.len().saturating_sub(step)]
}

/// One closing bracket less in an inserted line; the last places first.
fn without_bracket(region: &Region<'_>) -> Vec<Vec<String>> {
    let mut tries = Vec::new();
    for index in (0..region.lines.len()).rev().filter(|index| region.inserted[*index]) {
        for (at, _) in region.lines[index].rmatch_indices([')', ']', '}']) {
            let mut changed = owned(&region.lines);
            changed[index].remove(at);
            if matches!(changed[index].trim(), "" | ";") {
                changed.remove(index);
            }
            tries.push(changed);
        }
    }
    tries
}

/// All inserted lines moved by the same amount.
fn reindented(region: &Region<'_>) -> Vec<Vec<String>> {
    let mut tries = Vec::new();
    let moves = |line: &str, inserted: bool| inserted && !line.trim().is_empty();
    let moved = |change: &dyn Fn(&str) -> String| {
        let lines = region.lines.iter().zip(&region.inserted);
        lines.map(|(line, inserted)| if moves(line, *inserted) { change(line) } else { (*line).to_owned() }).collect()
    };
    let units: &[&str] = if region.tabs { &["\t", "\t\t"] } else { &["    ", "        ", "  ", " ", "   "] };
    for indent in units.iter().copied() {
        tries.push(moved(&|line| format!("{indent}{line}")));
        let mut lines = region.lines.iter().zip(&region.inserted);
        if lines.all(|(line, inserted)| !moves(line, *inserted) || line.starts_with(indent)) {
            tries.push(moved(&|line| line.strip_prefix(indent).unwrap_or(line).to_owned()));
        }
    }
    tries.retain(|lines: &Vec<String>| region.begins_in_place(lines));
    tries
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(file: &str, before: &str, after: &str, mended: Option<&str>) {
        assert_eq!(mend(Path::new(file), before, after).as_deref(), mended, "{after}");
    }

    #[test]
    fn what_is_trivial_is_mended() {
        let before = "def f(x):\n    return x\n";
        for (broken, mended) in [
            ("def f(x)\n    return x + 1\n", Some("def f(x):\n    return x + 1\n")),
            ("def f(x):\n    return g(x\n", Some("def f(x):\n    return g(x)\n")),
            // `g(x) + 1` or `g(x + 1)`, `(g(x) * 2).h()` or `(g(x) * 2.h())`: nobody knows.
            ("def f(x):\n    return g(x + 1\n", None),
            ("def f(x):\n    return (g(x) * (2 + x).h()\n", None),
            ("def f(x):\n    return [g(x), x]]\n", Some("def f(x):\n    return [g(x), x]\n")),
            ("def f(x):\n    return g(x), x)\n", None),
            ("def f(x):\n    return (x + 1))\n", Some("def f(x):\n    return (x + 1)\n")),
            ("```python\ndef f(x):\n    return x + 1\n```\n", Some("def f(x):\n    return x + 1\n")),
            ("def f(x):\n    return x +\n", None),
        ] {
            check("a.py", before, broken, mended);
        }
        check("a.js", "f(1);\n", "f(2;\n", Some("f(2);\n"));
        check("a.js", "f(1);\n", "f(g(2);\n", None);
        check("a.js", "if (x) {\n  f();\n}\n", "if (x) {\n  f(2);\n", None);
        check("a.js", "if (x) {\n  f();\n}\n", "if (x) {\n  f();\n  g();\n", None);
        let tabs = "def f():\n\tx = 1\n\treturn x\n";
        check("a.py", tabs, "def f():\n\tx = 1\nreturn 2\n", Some("def f():\n\tx = 1\n\treturn 2\n"));
        // The whole edit moved would leave the first line too deep: it is the last one that is wrong.
        let two = "def f():\n\tif x:\n\t\ty()\n\treturn x\n";
        check("a.py", two, "def f():\n\tif x:\n\t\tz()\nreturn 2\n", None);
        check("a.js", "f(1);\n", "f(2);\n", None);
    }

    #[test]
    fn edits_are_mended_against_the_original() {
        let edit = SpanEdit { file: "a.js".into(), span: 8..10, replacement: "2".to_owned() };
        let read = |_: &Path| Some("a();\r\nf(1);\r\nb();\r\n".to_owned());
        let edits = mend_edits(&[edit], &read).unwrap();
        assert_eq!(edits, [SpanEdit { file: "a.js".into(), span: 6..13, replacement: "f(2);\r\n".to_owned() }]);
    }

    #[test]
    fn signs_of_a_diff_go_only_where_every_line_has_one() {
        let before = "x = 1\ny = 2\n";
        check("a.py", before, "-x = 1\n+x = 3\ny = 2\n", Some("x = 3\ny = 2\n"));
        check("a.py", before, "+x = (3\n+)\ny = 2\n", Some("x = (3\n)\ny = 2\n"));
        // The minus is a sign of arithmetic.
        check("a.py", before, "x = (1\n- 3\ny = 2\n", None);
    }

    #[test]
    fn lines_between_two_edits_stay() {
        let before = "a = 1\nb = \"\"\"\n=======\n\"\"\"\nc = 1\n";
        let mended = before.replace("a = 1", "a = 2").replace("c = 1", "c = 2");
        check("a.py", before, &format!("```python\n{mended}```\n"), Some(&mended));
    }

    const PYTHON: &str =
        "import a\n\n\ndef f(x):\n    if x:\n        return g(\n            x,\n        )\n    return [1]\n";
    const JS: &str =
        "import a from 'a';\n\nfunction f(x) {\n  if (x) {\n    return g({\n      x,\n    });\n  }\n  return [1];\n}\n";
    const TSX: &str = "type A = { b: string };\n\nexport function F({ b }: A) {\n  return (\n    <div>\n      <b>{b}</b>\n    </div>\n  );\n}\n";
    const PIECES: &str = "(x|return|def f\\(\\)|if|<b>|</b>|[(){}:;+=`\\[\\]-]|```|    |  |\\+|-){0,6}";

    /// Whole lines are inserted in the place of `removed` lines at `at`: all other lines but the two beside them stay.
    fn spares(file: &str, before: &str, at: usize, removed: usize, inserted: &[String]) -> Result<(), TestCaseError> {
        let lines: Vec<&str> = before.split_inclusive('\n').collect();
        let at = at.min(lines.len());
        let end = (at + removed).min(lines.len());
        let (head, tail) = (&lines[..at], &lines[end..]);
        let new: String = inserted.iter().map(|line| format!("{line}\n")).collect();
        let after = [&head.concat(), &new, &tail.concat()].map(String::as_str).concat();
        if let Some(mended) = mend(Path::new(file), before, &after) {
            prop_assert_eq!(first_fault(Path::new(file), before, &mended), None);
            prop_assert!(mended.starts_with(&head[..at.saturating_sub(1)].concat()), "{}", mended);
            prop_assert!(mended.ends_with(&tail[tail.len().min(1)..].concat()), "{}", mended);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn whole_lines_are_mended_within_themselves(
            language in 0_usize..3,
            at in 0_usize..12,
            removed in 0_usize..3,
            inserted in prop::collection::vec(PIECES, 1..4),
        ) {
            let (file, before) = [("a.py", PYTHON), ("a.js", JS), ("a.tsx", TSX)][language];
            spares(file, before, at, removed, &inserted)?;
        }

        #[test]
        fn only_edited_lines_change(at in 0_usize..4, broken in "[a-z(){}:\\[\\] +`]{0,12}") {
            let lines = ["a = 1\n", "b = 2\n", "c = 3\n", "d = 4\n"];
            let mut changed = lines.map(str::to_owned);
            changed[at] = format!("{broken}\n");
            if let Some(mended) = mend(Path::new("a.py"), &lines.concat(), &changed.concat()) {
                prop_assert!(mended.starts_with(&lines[..at].concat()));
                prop_assert!(mended.ends_with(&lines[at + 1..].concat()));
            }
        }
    }
}
