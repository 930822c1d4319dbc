//! A candidate for a section, in several lengths.

use std::path::PathBuf;

use super::excerpt::one_line;
use super::{Section, SectionKind};

/// What a section costs beside its title and text, in tokens: the fences and the heading around it.
const FRAME: u64 = 12;

/// The smallest room that is worth trimming a text to, in tokens.
const SMALLEST: u64 = 20;

/// The longest title, in characters.
const TITLE: usize = 240;

/// What may become a section.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub kind: SectionKind,
    pub title: String,
    /// Its texts, the fullest first.
    pub forms: Vec<String>,
    /// The files of which it shows source.
    pub files: Vec<PathBuf>,
    /// What may be cut off the shortest form.
    pub trim: Trim,
}

/// How a text is cut when no form fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trim {
    /// Its end.
    End,
    /// Its middle.
    Middle,
    /// Its beginning.
    Start,
}

/// A piece in the form that fits.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub text: String,
    /// In tokens.
    pub cost: u64,
}

impl Piece {
    pub fn new(kind: SectionKind, title: &str, forms: Vec<String>, trim: Trim) -> Self {
        Piece { kind, title: one_line(title, TITLE), forms, files: Vec::new(), trim }
    }

    /// Another text in the place of its forms.
    pub fn fitted(&self, text: &str, estimate: fn(&str) -> u64) -> Fitted {
        Fitted { text: text.to_owned(), cost: FRAME + estimate(&self.title) + estimate(text) }
    }

    /// The fullest form that costs at most `room` tokens.
    pub fn fit(&self, room: u64, estimate: fn(&str) -> u64) -> Option<Fitted> {
        let frame = FRAME + estimate(&self.title);
        let fits = |text: &str| {
            let cost = frame.saturating_add(estimate(text));
            (cost <= room).then_some(cost)
        };
        for form in &self.forms {
            if let Some(cost) = fits(form) {
                return Some(Fitted { text: form.clone(), cost });
            }
        }
        let shortest = self.forms.last()?;
        if room < frame + SMALLEST {
            return None;
        }
        // A token has some three bytes of code; what is still too long is tried shorter.
        let mut bytes = usize::try_from((room - frame) * 4).unwrap_or(usize::MAX);
        while bytes >= 60 {
            let text = self.trimmed(shortest, bytes);
            if let Some(cost) = fits(&text) {
                return Some(Fitted { text, cost });
            }
            bytes = bytes / 8 * 7;
        }
        None
    }

    /// At most `bytes` of whole lines and a mark.
    fn trimmed(&self, text: &str, bytes: usize) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let (head, tail) = match self.trim {
            Trim::End => (bytes, 0),
            Trim::Middle => (bytes / 2, bytes / 2),
            Trim::Start => (0, bytes),
        };
        let first = count_fitting(lines.iter(), head);
        let last = count_fitting(lines[first..].iter().rev(), tail);
        let left_out = lines.len() - first - last;
        if left_out == 0 {
            return text.to_owned();
        }
        let mark = format!("… {left_out} lines left out");
        let shown =
            lines[..first].iter().copied().chain([mark.as_str()]).chain(lines[lines.len() - last..].iter().copied());
        shown.collect::<Vec<_>>().join("\n") + "\n"
    }

    pub fn section(&self, text: String) -> Section {
        Section { kind: self.kind, title: self.title.clone(), text }
    }
}

/// How many lines fit into so many bytes.
fn count_fitting<'a>(lines: impl Iterator<Item = &'a &'a str>, bytes: usize) -> usize {
    let mut left = bytes;
    let mut count = 0;
    for line in lines {
        match left.checked_sub(line.len() + 1) {
            Some(rest) => left = rest,
            None => break,
        }
        count += 1;
    }
    count
}
