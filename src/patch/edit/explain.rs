//! What goes back to whoever wrote blocks that did not fit: one sentence for each of them.

use super::{EditBlock, Misfit, Placed};

/// One sentence per misfit, in their order, that names the block by its number (from 1) and says what did not match.
/// What was placed is not spoken of.
pub fn explain(placed: &Placed, blocks: &[EditBlock]) -> Vec<String> {
    let sentence = |(index, misfit): &(usize, Misfit)| {
        let of =
            if blocks.len() > 1 { format!("edit {} of {}", index + 1, blocks.len()) } else { "the edit".to_owned() };
        format!("{of} does not apply: {}", clause(misfit))
    };
    placed.misfits.iter().map(sentence).collect()
}

fn clause(misfit: &Misfit) -> String {
    match misfit {
        Misfit::NotFound { file, wanted, line: 0, .. } => {
            format!("{}: this line is not there, nor one like it: `{wanted}`", file.display())
        }
        Misfit::NotFound { file, wanted, line, nearest } if nearest.is_empty() => {
            format!("{}: this line is not there: `{wanted}`; line {line} is blank", file.display())
        }
        Misfit::NotFound { file, wanted, line, nearest } if wanted == nearest => {
            format!(
                "{}: line {line} is `{nearest}`, but the lines around it are others than those to find",
                file.display()
            )
        }
        Misfit::NotFound { file, wanted, line, nearest } => {
            format!("{}: this line is not there: `{wanted}`; line {line} is `{nearest}`", file.display())
        }
        Misfit::Definition { file, name, found: 0 } => format!("{}: no definition is called {name}", file.display()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::edit::Change;

    #[test]
    fn every_misfit_is_a_sentence() {
        let file = std::path::PathBuf::from("a.py");
        let change = Change::Definition { text: String::new() };
        let blocks = vec![EditBlock { file: None, definition: None, line: None, change }; 4];
        let not_found = |line, nearest: &str| {
            let (wanted, nearest) = ("x = 1".to_owned(), nearest.to_owned());
            Misfit::NotFound { file: file.clone(), wanted, line, nearest }
        };
        let misfits = vec![
            (0, not_found(0, "")),
            (1, not_found(7, "x = 2")),
            (2, Misfit::Definition { file: file.clone(), name: "f".to_owned(), found: 0 }),
            (3, Misfit::ManyPlaces { file: file.clone(), first: 3, second: 9 }),
        ];
        insta::assert_snapshot!(explain(&Placed { misfits, ..Placed::default() }, &blocks).join("\n"), @r"
        edit 1 of 4 does not apply: a.py: this line is not there, nor one like it: `x = 1`
        edit 2 of 4 does not apply: a.py: this line is not there: `x = 1`; line 7 is `x = 2`
        edit 3 of 4 does not apply: a.py: no definition is called f
        edit 4 of 4 does not apply: a.py: it fits at lines 3 and 9; add the lines around it
        ");
    }
}
