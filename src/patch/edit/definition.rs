//! Whole definitions put in the place of the ones of their names.
//!
//! In: the text of one or more functions, methods or classes. Out: what changes in the file: the lines that differ.
//! Decorators and `export` stay unless the text brings its own; the text is indented as its place is.

use std::ops::Range;

use tree_sitter::Node;

use super::elided::is_mark;
use super::indent::{self, width};
use super::lines::indent as indentation;
use super::locate::Wanted;
use super::rewrite::{LineChange, rewrite};
use super::source::{Source, ends_with, plain_name};
use super::{EditBlock, Misfit};
use crate::code::SourceFile;
use crate::code::outline::{self, Definition};

/// The class that a method is put into to be parsed.
const HULL: &str = "HullOfMethods";

/// What changes when the definitions of `text` come into the file.
pub(super) fn replace(
    source: &Source,
    block: &EditBlock,
    text: &str,
    line: Option<usize>,
) -> Result<Vec<LineChange>, Misfit> {
    let unclear = |why| Misfit::Unclear { file: source.path.clone(), why };
    if source.tree().is_none() {
        return Err(unclear("definitions are not known in files of this kind; write the lines to find"));
    }
    let text = dedented(text);
    let new = parse(source, &text).ok_or_else(|| unclear("the definition does not parse"))?;
    let pieces = pieces(source, &new).map_err(unclear)?;
    let mut changes: Vec<LineChange> = Vec::new();
    for piece in &pieces {
        let target = target(source, block.definition.as_deref(), piece, line)?;
        changes.extend(put(source, &new, piece, target).map_err(unclear)?);
    }
    changes.sort_by_key(|change| (change.gone.start, change.gone.end));
    if changes.windows(2).any(|pair| pair[0].gone.end > pair[1].gone.start) {
        return Err(unclear("the definitions overlap"));
    }
    Ok(changes)
}

/// A definition of the new text.
struct Piece {
    name: String,
    inner: Range<usize>,
    outer: Range<usize>,
    is_method: bool,
}

fn dedented(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    let filled = || lines.iter().filter(|line| !line.trim().is_empty());
    let first = filled().next().map_or("", |line| indentation(line));
    let common = if filled().all(|line| line.starts_with(first)) { first.len() } else { 0 };
    let mut result = String::new();
    for line in lines {
        result.push_str(line.get(common..).unwrap_or("").trim_end());
        result.push('\n');
    }
    result.trim_matches('\n').to_owned() + "\n"
}

fn parse(source: &Source, text: &str) -> Option<SourceFile> {
    let parsed = SourceFile::parse(&source.path, text.to_owned()).ok()?;
    if parsed.error_count() == 0 && !outline::definitions(&parsed).is_empty() {
        return Some(parsed);
    }
    if parsed.language.is_python() {
        return None;
    }
    let wrapped = SourceFile::parse(&source.path, format!("class {HULL} {{\n{text}}}\n")).ok()?;
    (wrapped.error_count() == 0).then_some(wrapped)
}

/// The definitions of a text that stand in no other one.
fn pieces(source: &Source, new: &SourceFile) -> Result<Vec<Piece>, &'static str> {
    let all = outline::definitions(new);
    let hull = all.iter().find(|definition| definition.name == HULL).map(|hull| hull.bytes.clone());
    let mut pieces: Vec<Piece> = Vec::new();
    for definition in all.iter().filter(|definition| definition.name != HULL) {
        if pieces.last().is_some_and(|last| definition.bytes.start < last.inner.end) {
            continue;
        }
        let node = node_of(new, &definition.bytes).ok_or("the definition does not parse")?;
        let (inner, outer) = surroundings(node);
        let name =
            definition.name.strip_prefix(HULL).map_or(definition.name.as_str(), |name| name.trim_start_matches('.'));
        pieces.push(Piece { name: name.to_owned(), inner, outer, is_method: hull.is_some() });
    }
    let root = if hull.is_some() { class_body(new) } else { Some(new.root()) };
    let covered = |node: &Node<'_>| {
        pieces.iter().any(|piece| piece.outer.start <= node.start_byte() && node.end_byte() <= piece.outer.end)
    };
    let mut known = source.lines.text.lines().map(str::trim).collect::<Vec<_>>();
    known.sort_unstable();
    let is_known = |node: &Node<'_>| new.text_of(*node).lines().all(|line| known.binary_search(&line.trim()).is_ok());
    let mut cursor = new.root().walk();
    let others = root.into_iter().flat_map(|root| root.named_children(&mut cursor).collect::<Vec<_>>());
    let others = others.filter(|node| !covered(node) && !node.is_extra());
    match others.filter(|node| !is_known(node)).count() {
        _ if pieces.is_empty() => Err("it holds no definition"),
        0 => Ok(pieces),
        _ => Err("it holds more than definitions; write the other lines as edits of their own"),
    }
}

fn class_body(new: &SourceFile) -> Option<Node<'_>> {
    new.root().named_child(0)?.child_by_field_name("body")
}

fn node_of<'tree>(file: &'tree SourceFile, bytes: &Range<usize>) -> Option<Node<'tree>> {
    let mut node = file.root().descendant_for_byte_range(bytes.start, bytes.end.saturating_sub(1).max(bytes.start))?;
    while node.byte_range() != *bytes {
        node = node.parent()?;
    }
    // A statement may have the same bytes as the definition; the outermost such node is as good.
    Some(node)
}

/// The bytes of the statement that a definition is, and those with its decorators or `export`.
fn surroundings(node: Node<'_>) -> (Range<usize>, Range<usize>) {
    let mut inner = node;
    while let Some(parent) = inner.parent() {
        let is_binding = parent.kind() == "variable_declarator"
            || matches!(parent.kind(), "lexical_declaration" | "variable_declaration")
                && parent.named_child_count() == 1;
        if !is_binding && parent.byte_range() != inner.byte_range() {
            break;
        }
        if matches!(parent.kind(), "module" | "program" | "block" | "class_body") {
            break;
        }
        inner = parent;
    }
    let outer = inner.parent().filter(|parent| matches!(parent.kind(), "decorated_definition" | "export_statement"));
    (inner.byte_range(), outer.map_or(inner.byte_range(), |outer| outer.byte_range()))
}

/// The definition of the file that a piece is to replace.
fn target<'a>(
    source: &'a Source,
    named: Option<&str>,
    piece: &Piece,
    line: Option<usize>,
) -> Result<&'a Definition, Misfit> {
    let mut found: Vec<&Definition> = source.definitions().iter().filter(|d| ends_with(&d.name, &piece.name)).collect();
    if let Some(named) = named.map(plain_name).filter(|named| !named.is_empty()) {
        let keep = |fits: &dyn Fn(&str) -> bool| -> Vec<&Definition> {
            found.iter().copied().filter(|definition| fits(&definition.name)).collect()
        };
        let within = format!("{named}.{}", piece.name);
        let choices = [
            keep(&|name| name == named),
            keep(&|name| ends_with(name, &named)),
            keep(&|name| ends_with(name, &within)),
        ];
        found = choices.into_iter().find(|choice| !choice.is_empty()).unwrap_or(if named.contains('.') {
            Vec::new()
        } else {
            found
        });
    } else if found.len() > 1 {
        let outermost: Vec<&Definition> =
            found.iter().copied().filter(|definition| definition.name == piece.name).collect();
        // A text that is indented as a function may still be a method: only the name tells, and it does not.
        found = if outermost.len() == found.len() { outermost } else { found };
    }
    if found.len() > 1
        && let Some(line) = line
    {
        let there: Vec<&Definition> =
            found.iter().copied().filter(|definition| source.rows(definition).contains(&line)).collect();
        found = if there.len() == 1 { there } else { found };
    }
    match found.as_slice() {
        [only] => Ok(only),
        many => Err(Misfit::Definition { file: source.path.clone(), name: piece.name.clone(), found: many.len() }),
    }
}

/// What changes when a piece comes to the place of a definition.
fn put(source: &Source, new: &SourceFile, piece: &Piece, target: &Definition) -> Result<Vec<LineChange>, &'static str> {
    let tree = source.tree().ok_or("the file does not parse")?;
    let node = node_of(tree, &target.bytes).ok_or("the file does not parse")?;
    let is_method = node.kind() == "method_definition";
    if !tree.language.is_python() && piece.is_method != is_method {
        return Err("a method and a function can't take each other's place");
    }
    let (inner, outer) = surroundings(node);
    let brings = piece.inner != piece.outer;
    let (old_bytes, new_bytes) = if brings { (outer, piece.outer.clone()) } else { (inner, piece.inner.clone()) };
    let lines = &source.lines;
    let (first, last) = (lines.at(old_bytes.start), lines.at(old_bytes.end.saturating_sub(1)));
    let head = &lines.text[lines.span(first).start..old_bytes.start];
    let tail = &lines.text[old_bytes.end..lines.span(last).end.max(old_bytes.end)];
    let mut replace = indented(source, &new.text[new_bytes], first..last + 1, indentation(head));
    if let Some(line) = replace.first_mut() {
        *line = format!("{head}{}", line.trim_start());
    }
    if let Some(line) = replace.last_mut() {
        line.push_str(tail.trim_end());
    }
    let search: Vec<String> = (first..=last).map(|row| lines.content(row).trim_end().to_owned()).collect();
    // `...` alone is a statement of Python, too; that a fix makes a real body empty is less likely than that it was
    // not written out.
    let marks = |lines: &[String]| lines.iter().filter(|line| is_mark(line)).count();
    if marks(&replace) > marks(&search) {
        return Err("the definition leaves lines out; write it whole");
    }
    let aligned: Vec<Option<usize>> = (first..=last).map(Some).collect();
    let wanted = Wanted { search, replace, texts: Default::default() };
    rewrite(lines, &wanted, &aligned, false)
}

/// The lines of a text in the indentation of the lines that they replace.
fn indented(source: &Source, text: &str, rows: Range<usize>, base: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let of_file = |rows: Range<usize>| indent::unit(rows.map(|row| source.lines.content(row)));
    let file_unit = of_file(rows).or_else(|| of_file(0..source.lines.len()));
    let rest = || lines.iter().skip(1).copied().filter(|line| !line.trim().is_empty());
    // A text whose first line was trimmed: the others are indented as in the file.
    let closes = rest().next_back().is_some_and(|line| indentation(line) == base && line.trim_start().starts_with('}'));
    let least = rest().map(indentation).min_by_key(|indent| indent.len()).unwrap_or("");
    let body = format!("{base}{}", file_unit.as_deref().unwrap_or("    "));
    let absolute = !base.is_empty()
        && rest().all(|line| line.starts_with(base))
        && (closes || least == body && !text.trim_end().ends_with('}'));
    let unit = indent::unit(lines.iter().copied());
    let step = |line: &str| match (&unit, &file_unit) {
        (Some(unit), Some(file_unit)) if unit != file_unit => {
            let size = if unit == "\t" { 1 } else { unit.len() };
            let width = width(indentation(line), size);
            format!("{}{}", file_unit.repeat(width / size), " ".repeat(width % size))
        }
        _ => indentation(line).to_owned(),
    };
    let put = |(index, line): (usize, &&str)| match line.trim() {
        "" => String::new(),
        _ if index == 0 => format!("{base}{}", line.trim_start()),
        _ if absolute => (*line).to_owned(),
        text => format!("{base}{}{text}", step(line)),
    };
    lines.iter().enumerate().map(put).collect()
}
