//! The known name that was most probably meant.
//!
//! In: what someone wrote and the names there are. Out: the nearest of them, if it is near at all.

/// Longer words are not compared: nobody mistypes a key into so much text.
const LONGEST: usize = 64;

/// The nearest name by edits of one letter (insert, remove, replace, swap neighbours), unless more than a
/// third of the letters differ. Case and the difference between `-` and `_` cost nothing.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = folded(written);
    if written.is_empty() || written.len() > LONGEST {
        return None;
    }
    let distances = known.into_iter().map(|name| (distance(&written, &folded(name)), name));
    let (edits, name) = distances.min_by_key(|(edits, _)| *edits)?;
    let longer = written.len().max(name.chars().count());
    (edits <= longer.div_ceil(3).min(4) && edits < longer).then_some(name)
}

/// `; did you mean …?`, or nothing.
pub fn hint<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// A word of a file as part of a message: bounded, and without characters that would break a line.
pub fn quoted(written: &str) -> String {
    let mut shown: String = written.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if written.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn folded(name: &str) -> Vec<char> {
    name.chars().map(|letter| if letter == '-' { '_' } else { letter.to_ascii_lowercase() }).collect()
}

/// Optimal string alignment distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    rows[0] = (0..=right.len()).collect();
    for i in 1..=left.len() {
        rows[i][0] = i;
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_when_it_is_near() {
        let known = ["attempts", "autonomy", "draft", "ask_reviewer", "verify", "pull_request"];
        for (written, expected) in [
            ("atempts", Some("attempts")),
            ("attmepts", Some("attempts")),
            ("Attempts", Some("attempts")),
            ("ask-reviewer", Some("ask_reviewer")),
            ("ask_reviewers", Some("ask_reviewer")),
            ("pr", None),
            ("pullrequest", Some("pull_request")),
            ("darft", Some("draft")),
            ("x", None),
            ("", None),
            ("completely_different", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), known), None);
    }

    #[test]
    fn what_is_quoted_stays_on_its_line() {
        assert_eq!(quoted("a\nb"), "`a\\nb`");
        assert_eq!(quoted(&"x".repeat(70)), format!("`{}…`", "x".repeat(64)));
    }
}
