//! A block read otherwise, for when its text as written is not in the file.
//!
//! Models copy line numbers (`12 | x = 1`) and signs of diffs from what they were shown, and write `&lt;` for `<`.

use std::sync::LazyLock;

use regex::Regex;

use super::locate::Wanted;

/// A further reading of a block.
pub(super) struct Variant {
    /// The texts.
    pub wanted: Wanted,
    /// The number, from 1, that the first line to find carries.
    pub line: Option<u32>,
}

/// The further readings of a block, the most probable first.
pub(super) fn of(wanted: &Wanted) -> Vec<Variant> {
    [numbered(wanted), signed(wanted), entities(wanted)].into_iter().flatten().collect()
}

fn numbered(wanted: &Wanted) -> Option<Variant> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*[>*]?\s*[Ll]?(\d{1,7})(?: ?[|│:] ?|\t|→)")
            .expect("the pattern is fixed and a test compiles it")
    });
    let strip = |line: &String| {
        if line.trim().is_empty() {
            return Some((None, String::new()));
        }
        let found = NUMBER.captures(line)?;
        let number = found.get(1)?.as_str().parse::<u32>().ok()?;
        Some((Some(number), line[found.get(0)?.end()..].to_owned()))
    };
    let search: Option<Vec<_>> = wanted.search.iter().map(strip).collect();
    let search = search?;
    let numbers: Vec<u32> = search.iter().filter_map(|(number, _)| *number).collect();
    if numbers.is_empty() || numbers.windows(2).any(|pair| pair[0] >= pair[1]) {
        return None;
    }
    let is_numbered = |line: &&String| NUMBER.is_match(line);
    let filled = || wanted.replace.iter().filter(|line| !line.trim().is_empty());
    let replace = match filled().filter(is_numbered).count() {
        0 => wanted.replace.clone(),
        count if count == filled().count() => wanted.replace.iter().filter_map(strip).map(|(_, line)| line).collect(),
        _ => return None,
    };
    let search = search.into_iter().map(|(_, line)| line).collect();
    Some(Variant { wanted: joined(search, replace), line: numbers.first().copied() })
}

/// All lines to find begin with `-` or a blank as in a diff, all new ones with `+` or a blank.
fn signed(wanted: &Wanted) -> Option<Variant> {
    let strip = |lines: &[String], sign: char| -> Option<Vec<String>> {
        let line = |line: &String| line.strip_prefix(sign).or_else(|| line.strip_prefix(' ')).map(str::to_owned);
        lines.iter().map(|text| if text.is_empty() { Some(String::new()) } else { line(text) }).collect()
    };
    let has = |lines: &[String], sign: char| lines.iter().any(|line| line.starts_with(sign));
    if !has(&wanted.search, '-') && !has(&wanted.replace, '+') {
        return None;
    }
    let (search, replace) = (strip(&wanted.search, '-')?, strip(&wanted.replace, '+')?);
    Some(Variant { wanted: joined(search, replace), line: None })
}

fn entities(wanted: &Wanted) -> Option<Variant> {
    const ENTITIES: [(&str, &str); 6] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")];
    let decode = |line: &String| ENTITIES.iter().fold(line.clone(), |line, (entity, text)| line.replace(entity, text));
    let search: Vec<String> = wanted.search.iter().map(decode).collect();
    (search != wanted.search)
        .then(|| Variant { wanted: joined(search, wanted.replace.iter().map(decode).collect()), line: None })
}

fn joined(search: Vec<String>, replace: Vec<String>) -> Wanted {
    let texts = (search.join("\n"), replace.join("\n"));
    Wanted { search, replace, texts }
}
