//! The indentation of new lines, told from how the lines of a block are indented and how those of the file are.
//!
//! A model that shifts a block, or writes tabs as blanks, does the same with the lines that it adds. In: pairs of
//! the indentation of a line as written and as it stands in the file. Out: the file's indentation for any line of
//! the block, or `None` where the pairs do not tell.

/// How indentation is carried from a block to a file.
pub(super) struct Reindent {
    pairs: Vec<(String, String)>,
    shift: Shift,
    hanging: Option<String>,
    file_unit: String,
    block_unit: usize,
}

enum Shift {
    Same,
    Deeper(String),
    Shallower(String),
    Scaled,
}

impl Reindent {
    /// From pairs of indentations (as written, as in the file), in the order of the lines; `file_unit` is one step in
    /// the file, `block_unit` the width of one step in the block.
    pub fn of(mut pairs: Vec<(String, String)>, file_unit: String, block_unit: usize) -> Self {
        let mut hanging = None;
        // A block whose text was trimmed has lost the indentation of its first line only.
        if pairs.len() > 1 && pairs[0].0.is_empty() && !pairs[0].1.is_empty() {
            let rest = shift(&pairs[1..]);
            if rest.is_some() && shift(&pairs).is_none() && pairs[1..].iter().all(|pair| !pair.0.is_empty()) {
                hanging = Some(pairs.remove(0).1);
            }
        }
        let shift = shift(&pairs).unwrap_or(Shift::Scaled);
        Reindent { pairs, shift, hanging, file_unit, block_unit }
    }

    /// The file's indentation of a line that is indented by `written`; `first` for the first line of the block.
    pub fn carry(&self, written: &str, first: bool) -> Option<String> {
        if let Some(hanging) = self.hanging.as_ref().filter(|_| first && written.is_empty()) {
            return Some(hanging.clone());
        }
        let mut known = self.pairs.iter().filter(|pair| pair.0 == written).map(|pair| &pair.1);
        if let Some(indent) = known.next() {
            return known.all(|other| other == indent).then(|| indent.clone());
        }
        match &self.shift {
            Shift::Same => Some(self.in_style(written)),
            Shift::Deeper(more) => Some(format!("{more}{}", self.in_style(written))),
            Shift::Shallower(less) => written.strip_prefix(less.as_str()).map(str::to_owned),
            Shift::Scaled => self.scaled(written),
        }
    }

    /// An indentation in the file's characters, when it is written in other ones.
    fn in_style(&self, written: &str) -> String {
        let tabs = self.file_unit.starts_with('\t');
        let written_with_tabs =
            self.pairs.iter().any(|pair| pair.0.contains('\t') == written.contains('\t') && !pair.0.is_empty());
        if written.is_empty() || written_with_tabs || written.contains('\t') == tabs {
            return written.to_owned();
        }
        let width = width(written, self.block_unit);
        let (steps, rest) = (width / self.block_unit, width % self.block_unit);
        format!("{}{}", self.file_unit.repeat(steps), " ".repeat(rest))
    }

    fn scaled(&self, written: &str) -> Option<String> {
        let below = |pair: &&(String, String)| written.starts_with(&pair.0);
        let steps = |indent: &str| width(indent, self.block_unit) / self.block_unit;
        let file_width = width(&self.file_unit, self.file_unit.len().max(1)).max(1);
        let known = self.pairs.iter().filter(below).max_by_key(|pair| pair.0.len());
        if let Some((block, file)) =
            known.filter(|known| self.pairs.iter().all(|pair| pair.0 != known.0 || pair.1 == known.1))
        {
            let more = &written[block.len()..];
            let rest = width(more, self.block_unit) % self.block_unit;
            return Some(format!("{file}{}{}", self.file_unit.repeat(steps(more)), " ".repeat(rest)));
        }
        // Shallower than every line that is known: counted in steps from the shallowest.
        let (block, file) = self.pairs.iter().min_by_key(|pair| width(&pair.0, self.block_unit))?;
        let up = steps(block).checked_sub(steps(written))?;
        let left = width(file, file_width).checked_div(file_width)?.checked_sub(up)?;
        Some(self.file_unit.repeat(left))
    }
}

fn shift(pairs: &[(String, String)]) -> Option<Shift> {
    let (block, file) = pairs.first()?;
    if pairs.iter().all(|(block, file)| block == file) {
        return Some(Shift::Same);
    }
    if let Some(more) = file.strip_suffix(block.as_str())
        && pairs.iter().all(|(block, file)| file.strip_prefix(more) == Some(block))
    {
        return Some(Shift::Deeper(more.to_owned()));
    }
    if let Some(less) = block.strip_suffix(file.as_str())
        && pairs.iter().all(|(block, file)| block.strip_prefix(less) == Some(file))
    {
        return Some(Shift::Shallower(less.to_owned()));
    }
    None
}

/// The width of an indentation, with tabs of one step.
pub(super) fn width(indent: &str, tab: usize) -> usize {
    indent.chars().map(|character| if character == '\t' { tab } else { 1 }).sum()
}

/// One step of indentation of a text: a tab, or the blanks by which most lines are deeper than the line before.
pub(super) fn unit<'a>(lines: impl Iterator<Item = &'a str>) -> Option<String> {
    let (mut tabs, mut before) = (0_usize, 0);
    let mut steps = [0_usize; 9];
    for line in lines.filter(|line| !line.trim().is_empty()).take(2_000) {
        let indent = super::lines::indent(line);
        tabs += usize::from(indent.starts_with('\t'));
        let here = indent.len();
        if let Some(count) = here.checked_sub(before).filter(|&step| step > 1).and_then(|step| steps.get_mut(step)) {
            *count += usize::from(indent.starts_with(' '));
        }
        before = here;
    }
    let (step, count) = steps.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
    if tabs > *count {
        return Some("\t".to_owned());
    }
    (*count > 0).then(|| " ".repeat(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_carry(pairs: &[(&str, &str)], unit: &str, written: &str, expected: Option<&str>) {
        let pairs = pairs.iter().map(|(block, file)| ((*block).to_owned(), (*file).to_owned())).collect();
        assert_eq!(Reindent::of(pairs, unit.to_owned(), 4).carry(written, false).as_deref(), expected, "{written:?}");
    }

    #[test]
    fn the_shift_of_known_lines_moves_new_ones() {
        check_carry(&[("", "    "), ("    ", "        ")], "    ", "        ", Some("            "));
        check_carry(&[("        ", "    ")], "    ", "            ", Some("        "));
        check_carry(&[("        ", "    ")], "    ", "", None);
    }

    #[test]
    fn blanks_become_the_file_s_tabs() {
        check_carry(&[("", ""), ("    ", "\t")], "\t", "        ", Some("\t\t"));
        check_carry(&[("    ", "\t")], "\t", "", Some(""));
        check_carry(&[("", "")], "\t", "    ", Some("\t"));
        check_carry(&[("", "\t")], "\t", "    ", Some("\t\t"));
    }

    #[test]
    fn what_the_lines_contradict_is_not_told() {
        check_carry(&[("", "    "), ("", "        ")], "    ", "", None);
    }
}
