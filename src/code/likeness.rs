//! Whether two texts are the same program: equal syntax trees, whatever their layout and comments.
//!
//! In: a parsed file. Out: a number that is equal for equal trees. What the trees mean is not looked at.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::languages::Role;
use super::source::{SourceFile, preorder};

/// A hash of the file's tree: kinds of nodes and the text of leaves, without comments and layout.
///
/// Of Python's blocks the nesting counts, which the tree holds; blanks and line ends do not.
pub fn tree_hash(source: &SourceFile) -> u64 {
    let mut hasher = DefaultHasher::new();
    for node in preorder(source.root()) {
        if node.is_extra() {
            continue;
        }
        node.kind_id().hash(&mut hasher);
        let mut cursor = node.walk();
        node.children(&mut cursor).filter(|child| !child.is_extra()).count().hash(&mut hasher);
        let is_text = source.language.role(node.kind()) == Some(Role::String);
        if node.child_count() == 0 || is_text {
            source.text_of(node).hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn hash(file: &str, text: &str) -> u64 {
        tree_hash(&SourceFile::parse(Path::new(file), text.to_owned()).unwrap())
    }

    #[test]
    fn layout_is_nothing_and_meaning_is_all() {
        let plain = hash("a.py", "def f(a):\n    return a + 1\n");
        assert_eq!(plain, hash("a.py", "def f( a ):\n\n  # one more\n  return a+1"));
        assert_ne!(plain, hash("a.py", "def f(a):\n    return a + 2\n"));
        assert_ne!(hash("a.py", "x = 'a b'\n"), hash("a.py", "x = 'a  b'\n"));
        assert_ne!(hash("a.py", "if a:\n    b()\n    c()\n"), hash("a.py", "if a:\n    b()\nc()\n"));
        assert_eq!(hash("a.ts", "const f = () => 1;"), hash("a.ts", "const f = () =>\n  1;\n"));
    }
}
