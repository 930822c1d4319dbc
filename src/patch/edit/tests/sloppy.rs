//! Random edits of random files, written as models write them, read, placed and applied: each one makes exactly the
//! intended file or is refused; nearly all that are unambiguous apply.

use super::super::*;
use super::random::{File, Intent, Random, file, intent, is_unique};
use crate::draft::llm::reply::read;
use crate::patch::apply;

/// How many cases each kind of sloppiness is put to.
const CASES: usize = 15_000;

/// A case as it is asked: the answer, and whether it says which place is meant.
struct Asked {
    answer: String,
    is_clear: bool,
}

/// What happened to the cases of a kind.
#[derive(Default)]
struct Tally {
    clear: usize,
    clear_applied: usize,
    unclear: usize,
}

/// Runs the cases of a kind and checks that none applies elsewhere and that `least` of a hundred clear ones apply.
fn check_kind(kind: u64, least: usize, ask: fn(&mut Random, &File, &Intent) -> Option<Asked>) {
    let mut tally = Tally::default();
    let mut seed = kind << 32;
    while tally.clear + tally.unclear < CASES {
        seed += 1;
        let mut random = Random::of(seed);
        let file = file(&mut random);
        for _ in 0..6 {
            let Some(intent) = intent(&mut random, &file, 6) else { continue };
            let Some(asked) = ask(&mut random, &file, &intent) else { continue };
            check_case(seed, &file, &intent, &asked, &mut tally);
        }
    }
    let rate = tally.clear_applied * 1000 / tally.clear.max(1);
    println!("kind {kind}: {rate} of 1000 clear cases applied, {} clear, {} unclear", tally.clear, tally.unclear);
    assert!(rate >= least * 10, "kind {kind}: {rate} of 1000 clear cases applied");
}

fn check_case(seed: u64, file: &File, intent: &Intent, asked: &Asked, tally: &mut Tally) {
    let (before, intended) = (file.text(), intent.applied(file).text());
    let reply = read(&asked.answer);
    // A second file that shares nothing with the edits.
    let shown = [PathBuf::from(file.path()), PathBuf::from("src/other.py")];
    let text = |path: &Path| match path.to_str() {
        Some("src/other.py") => Some("other = 1\n".to_owned()),
        Some(path) if path == file.path() => Some(before.clone()),
        _ => None,
    };
    let placed = place(&reply.blocks, &Files { read: &text, shown: &shown, tracked: &shown });
    let context = || {
        format!(
            "seed {seed}\n--- answer\n{}\n--- file\n{before}\n--- placed {placed:?}\n{:?}",
            asked.answer, reply.problems
        )
    };
    let applied = !placed.edits.is_empty();
    if applied {
        assert!(placed.edits.iter().all(|edit| edit.file == Path::new(file.path())), "{}", context());
        let edits: Vec<&SpanEdit> = placed.edits.iter().collect();
        assert_eq!(sequence::applied(&before, &edits), intended, "{}", context());
        // To parse every file twice takes longer than all the rest; some do.
        if seed.is_multiple_of(16) {
            let patch = apply(&placed.edits, &text).unwrap_or_else(|error| panic!("{error}\n{}", context()));
            let after: Vec<&String> = patch.files.values().map(|changed| &changed.after).collect();
            assert_eq!(after, [&intended], "{}", context());
        }
    }
    if asked.is_clear {
        tally.clear += 1;
        tally.clear_applied += usize::from(applied);
        if !applied && std::option_env!("HEAL_SHOW_REFUSED").is_some() {
            println!("REFUSED {}", context());
        }
    } else {
        tally.unclear += 1;
    }
}

fn lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn json(fields: &[(&str, serde_json::Value)]) -> String {
    let edit: serde_json::Map<String, serde_json::Value> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    serde_json::json!({"explanation": "e", "edits": [edit], "give_up": null}).to_string()
}

fn blocks(path: &str, search: &[String], replace: &[String]) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n", lines(search), lines(replace))
}

fn clear(file: &File, intent: &Intent) -> bool {
    is_unique(file, &intent.search(file))
}

#[test]
fn markers_in_all_variants() {
    check_kind(1, 99, |random, file, intent| {
        let path = file.path();
        let name = random.pick(&["", "### ", "File: ", "**"]);
        let open = random.pick(&["SEARCH", "search", "ORIGINAL", "", "HEAD"]);
        let close = random.pick(&["REPLACE", "UPDATED", "", "replace"]);
        let arrows = 5 + random.below(5);
        let marker = |sign: &str| sign.repeat(arrows);
        let (search, replace) = (lines(&intent.search(file)), lines(&intent.replace()));
        let block = format!("{} {open}\n{search}{}\n{replace}{} {close}\n", marker("<"), marker("="), marker(">"));
        let mut answer = match random.below(4) {
            0 => format!("{name}{path}\n```\n{block}```\n"),
            1 => format!("```python\n{path}\n{block}```\n"),
            2 => format!("Text.\n\n{name}{path}\n{block}"),
            _ => format!("```{path}\n{block}"),
        };
        if random.one_in(3) {
            answer = answer.replace('\n', "\r\n");
        }
        Some(Asked { answer, is_clear: clear(file, intent) })
    });
}

#[test]
fn blanks_drift() {
    check_kind(2, 97, |random, file, intent| {
        let (search, replace) = (intent.search(file), intent.replace());
        let common = search
            .iter()
            .chain(&replace)
            .filter(|line| !line.trim().is_empty())
            .map(|line| super::super::lines::indent(line).len())
            .min()?;
        let way = random.below(5);
        let deeper = random.pick(&["  ", "    ", "\t"]);
        let drift = |random: &mut Random, line: &String| {
            let mut line = match way {
                0 => line.get(common..).unwrap_or("").to_owned(),
                1 if !line.trim().is_empty() => format!("{deeper}{line}"),
                2 => line.replace('\t', "    "),
                3 if file.step == "    " => line.replace("    ", "\t"),
                _ => line.clone(),
            };
            if random.one_in(6) {
                line.push_str("  ");
            }
            line
        };
        let trail = random.one_in(2);
        let mut quiet =
            |line: &String| if trail { drift(random, line).trim_end().to_owned() } else { drift(random, line) };
        let (mut search, mut replace): (Vec<String>, Vec<String>) =
            (search.iter().map(&mut quiet).collect(), replace.iter().map(&mut quiet).collect());
        if random.one_in(4) {
            search.insert(0, String::new());
            replace.insert(0, String::new());
        }
        if random.one_in(4) {
            search.push(String::new());
            replace.push(String::new());
        }
        let search_text = lines(&search);
        let replace_text = lines(&replace);
        let fields = [("file", file.path().into()), ("search", search_text.into()), ("replace", replace_text.into())];
        let answer = if random.one_in(2) { json(&fields) } else { blocks(file.path(), &search, &replace) };
        Some(Asked { answer, is_clear: clear(file, intent) })
    });
}

#[test]
fn lines_left_out() {
    check_kind(3, 97, |random, file, intent| {
        // The longest run of lines, not the first nor the last, that stay as they are.
        let kept: Vec<bool> = intent.new.iter().zip(intent.search(file)).map(|(new, old)| *new == [old]).collect();
        let runs = (1..kept.len().checked_sub(1)?).flat_map(|from| (from + 1..kept.len()).map(move |to| from..to));
        let run = runs.filter(|run| run.clone().all(|row| kept[row])).max_by_key(|run| run.len())?;
        let mark = random.pick(&[
            "...",
            "# ...",
            "// ...",
            "# ... existing code ...",
            "// rest of the code",
            "…",
            "/* ... */",
        ]);
        let mark = format!("{}{mark}", random.pick(&["", "    "]));
        let search = intent.search(file);
        let (head, tail) = (search[..run.start].to_vec(), search[run.end..].to_vec());
        let elided = |head: &[String], tail: &[String]| [head, std::slice::from_ref(&mark), tail].concat();
        let replace = elided(&intent.new[..run.start].concat(), &intent.new[run.end..].concat());
        let is_clear = is_unique(file, &head) && is_unique(file, &tail);
        Some(Asked { answer: blocks(file.path(), &elided(&head, &tail), &replace), is_clear })
    });
}

#[test]
fn line_numbers_and_definitions_are_hints() {
    check_kind(4, 98, |random, file, intent| {
        let line = match random.below(3) {
            0 => intent.rows.start + 1,
            1 => random.below(file.lines.len() + 20),
            _ => (intent.rows.start + random.below(9)).saturating_sub(3),
        };
        let fields = [
            ("file", file.path().into()),
            ("definition", serde_json::Value::Null),
            ("line", line.into()),
            ("search", lines(&intent.search(file)).into()),
            ("replace", lines(&intent.replace()).into()),
        ];
        Some(Asked { answer: json(&fields), is_clear: clear(file, intent) })
    });
}

#[test]
fn file_names_are_hints() {
    check_kind(5, 98, |random, file, intent| {
        let path = file.path();
        let ending = path.rsplit('.').next()?;
        let name = match random.below(9) {
            0 => format!("a/{path}"),
            1 => format!("./{path}"),
            2 => format!("/{path}"),
            3 => format!("shop/{path}"),
            4 => format!("cart.{ending}"),
            5 => format!("`{path}`:"),
            6 => format!("lib/wrong.{ending}"),
            7 => "src/other.py".to_owned(),
            _ => String::new(),
        };
        let (search, replace) = (lines(&intent.search(file)), lines(&intent.replace()));
        let fields = [("file", name.into()), ("search", search.into()), ("replace", replace.into())];
        Some(Asked { answer: json(&fields), is_clear: clear(file, intent) })
    });
}

#[test]
fn diffs_with_wrong_counts() {
    check_kind(6, 97, |random, file, intent| {
        let raw = random.one_in(5);
        let blank = random.one_in(2);
        let mut body = String::new();
        for (old, new) in intent.search(file).iter().zip(&intent.new) {
            if *new == [old.clone()] {
                let sign = if raw || blank && old.is_empty() { "" } else { " " };
                body.push_str(&format!("{sign}{old}\n"));
                continue;
            }
            let keeps = new.contains(old);
            for line in new.iter().take_while(|line| *line != old).filter(|_| keeps) {
                body.push_str(&format!("+{line}\n"));
            }
            body.push_str(&if !keeps {
                format!("-{old}\n")
            } else if raw {
                format!("{old}\n")
            } else {
                format!(" {old}\n")
            });
            for line in new.iter().skip(if keeps { new.iter().position(|line| line == old)? + 1 } else { 0 }) {
                body.push_str(&format!("+{line}\n"));
            }
        }
        let numbers = [random.below(60), random.below(9), random.below(60), random.below(9)];
        let header = match random.below(4) {
            0 => "@@ ... @@".to_owned(),
            1 => "@@".to_owned(),
            _ => format!("@@ -{},{} +{},{} @@", numbers[0], numbers[1], numbers[2], numbers[3]),
        };
        let path = file.path();
        let names = match random.below(3) {
            0 => format!("diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"),
            1 => format!("--- {path}\n+++ {path}\n"),
            _ => format!("--- a/{path}\n+++ b/{path}\n"),
        };
        let answer = format!("```diff\n{names}{header}\n{body}```\n");
        let additions_only = !body.lines().any(|line| !line.starts_with('+'));
        (!additions_only).then(|| Asked { answer, is_clear: clear(file, intent) && !raw })
    });
}

#[test]
fn words_are_wrong() {
    check_kind(7, 0, |random, file, intent| {
        let (mut search, mut replace) = (intent.search(file), intent.replace());
        let row = random.below(search.len());
        let wrong = |line: &str, random: &mut Random| match random.below(3) {
            0 => line.replace("item", "itm").replace("total", "totl").replace("price", "prise"),
            1 => line.replace(['1', '3'], "2"),
            _ => line.replace(", ", ",  ").replace("value", "valeu"),
        };
        let typo = wrong(&search[row], random);
        if intent.new[row] == [search[row].clone()] {
            let at = intent.new[..row].iter().map(Vec::len).sum::<usize>();
            replace[at].clone_from(&typo);
        } else if intent.new[row].contains(&search[row]) {
            return None;
        }
        search[row] = typo;
        let definition = if random.one_in(2) { file.around(&intent.rows).into() } else { serde_json::Value::Null };
        let (search, replace) = (lines(&search), lines(&replace));
        let fields = [
            ("file", file.path().into()),
            ("definition", definition),
            ("search", search.into()),
            ("replace", replace.into()),
        ];
        Some(Asked { answer: json(&fields), is_clear: false })
    });
}
