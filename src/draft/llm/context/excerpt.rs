//! Foreign text made short: one line, the first lines, the last lines; without what only a terminal shows.

/// The longest line that is shown whole, in characters; longer ones are minified code or data.
const LINE: usize = 500;

/// How much of a longer line is shown, in characters.
const LINE_HEAD: usize = 400;

/// A line, cut with a mark where it is too long.
pub(super) fn cut_line(line: &str) -> String {
    if line.len() <= LINE {
        return line.to_owned();
    }
    let count = line.chars().count();
    if count <= LINE {
        return line.to_owned();
    }
    let head: String = line.chars().take(LINE_HEAD).collect();
    format!("{head} … [{} more characters of this line]", count - LINE_HEAD)
}

/// The first line that says something, at most `most` characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    let plain: String = line.chars().filter(|character| !character.is_control()).take(most + 1).collect();
    if plain.chars().count() <= most { plain } else { format!("{}…", plain.chars().take(most).collect::<String>()) }
}

/// The first `head` and the last `tail` lines, with a mark between them where lines are left out.
pub(super) fn ends(text: &str, head: usize, tail: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= head + tail + 1 {
        return lines.into_iter().map(cut_line).collect::<Vec<_>>().join("\n");
    }
    let left_out = lines.len() - head - tail;
    let first = lines[..head].iter().map(|line| cut_line(line));
    let last = lines[lines.len() - tail..].iter().map(|line| cut_line(line));
    first.chain([format!("… {left_out} lines left out")]).chain(last).collect::<Vec<_>>().join("\n")
}

/// At most the last `bytes` of a text.
pub(super) fn end(text: &str, bytes: usize) -> &str {
    let start = (text.len().saturating_sub(bytes)..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[start.unwrap_or(text.len())..]
}

/// Without escape sequences of terminals and carriage returns.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                characters.next();
                for part in characters.by_ref() {
                    if ('@'..='~').contains(&part) {
                        break;
                    }
                }
            }
            '\r' | '\u{1b}' => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_keeps_its_ends() {
        assert_eq!(ends("a\nb\nc\nd\ne\n", 1, 2), "a\n… 2 lines left out\nd\ne");
        assert_eq!(ends("a\nb\nc\n", 1, 1), "a\nb\nc");
        assert_eq!(one_line("\n  ab\tcd \nx", 3), "abc…");
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\r\n"), "red\n");
        let cut = cut_line(&"é".repeat(600));
        assert_eq!(cut.chars().take_while(|c| *c == 'é').count(), 400);
        assert!(cut.ends_with("[200 more characters of this line]"));
    }
}
