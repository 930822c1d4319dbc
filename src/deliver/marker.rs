//! The hidden first line of what heal writes on a forge, by which it finds its own text again.
//!
//! In: a heal's id, head and fingerprint. Out: an HTML comment, the same for the same values; and back.
//! Only the first line of a text counts, so that a log which imitates a marker is not one. Who wrote the
//! text is for the caller to check.

/// What a text of heal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// The body of a pull request.
    PullRequest,
    /// An alert: an issue or a comment.
    Alert,
    /// A comment about a flaky failure.
    Flaky,
}

impl MarkerKind {
    /// The word between `heal:` and the values.
    fn word(self) -> &'static str {
        match self {
            MarkerKind::PullRequest => "",
            MarkerKind::Alert => "alert ",
            MarkerKind::Flaky => "flaky ",
        }
    }
}

/// A marker's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// What the text is.
    pub kind: MarkerKind,
    /// The heal's id.
    pub heal_id: String,
    /// The failing commit.
    pub head: String,
    /// The failure's fingerprint.
    pub fingerprint: String,
}

impl std::fmt::Display for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (id, head, fingerprint) = (escaped(&self.heal_id), escaped(&self.head), escaped(&self.fingerprint));
        write!(f, "<!-- heal:{}id={id} head={head} fingerprint={fingerprint} -->", self.kind.word())
    }
}

/// The marker in the first line of a text.
pub fn find_marker(text: &str) -> Option<Marker> {
    let line = text.lines().next()?.trim();
    let inside = line.strip_prefix("<!-- heal:")?.strip_suffix(" -->")?;
    let kinds = [MarkerKind::Alert, MarkerKind::Flaky, MarkerKind::PullRequest];
    let (kind, values) = kinds.into_iter().find_map(|kind| Some((kind, inside.strip_prefix(kind.word())?)))?;
    let mut values = values.split(' ');
    let mut value = |name: &str| unescaped(values.next()?.strip_prefix(name)?);
    let marker = Marker { kind, heal_id: value("id=")?, head: value("head=")?, fingerprint: value("fingerprint=")? };
    values.next().is_none().then_some(marker)
}

/// The longest value, in bytes; ids, SHAs and fingerprints have 64 at most.
const VALUE: usize = 200;

/// A value without anything that could end the comment: `%2D` for the second of two hyphens, and so on.
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes().take(VALUE) {
        let is_plain =
            byte.is_ascii_alphanumeric() || b"._:/".contains(&byte) || byte == b'-' && !escaped.ends_with('-');
        if is_plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker(kind: MarkerKind, id: &str) -> Marker {
        Marker { kind, heal_id: id.to_owned(), head: "abc123".to_owned(), fingerprint: "f00".to_owned() }
    }

    #[test]
    fn a_marker_is_found_in_the_first_line_only() {
        let text = marker(MarkerKind::PullRequest, "h-1").to_string();
        assert_eq!(text, "<!-- heal:id=h-1 head=abc123 fingerprint=f00 -->");
        assert_eq!(find_marker(&format!("{text}\r\nbody")), Some(marker(MarkerKind::PullRequest, "h-1")));
        assert_eq!(find_marker(&format!("hello\n{text}")), None);
        for text in
            ["", "<!-- heal:id=x -->", "<!-- heal:id=x head=y fingerprint=z", "<!-- heal:id=%zz head= fingerprint= -->"]
        {
            assert_eq!(find_marker(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(id in ".{0,40}", kind in 0_usize..3) {
            let kind = [MarkerKind::PullRequest, MarkerKind::Alert, MarkerKind::Flaky][kind];
            let marker = marker(kind, &id);
            let text = marker.to_string();
            prop_assert_eq!(text.matches("--").count(), 2);
            prop_assert_eq!(find_marker(&text), Some(marker));
        }

        #[test]
        fn reading_never_panics(text in "(<!-- heal:)?(alert )?(id=.{0,9} head=.{0,9} fingerprint=.{0,9})? ?-->") {
            let _ = find_marker(&text);
        }
    }
}
