//! Whether edits touch no more bytes than a change needs.
//!
//! Trees do not hold comments and white space, so that two trees can agree
//! although a comment was lost. This module looks at the edits themselves:
//! what is taken away must be part of a node that is replaced or of an entry
//! that goes, else white space or a comma; what is brought must be made of
//! the words of the change, else white space and punctuation.

use std::collections::BTreeSet;

use super::ProofError;
use crate::syntax::Tree;
use crate::syntax::change::{Change, Changes};
use crate::text::edit::{Edit, EditSet};
use crate::text::span::Span;

/// Checks every edit.
pub(super) fn check(tree: &Tree<'_>, edits: &EditSet, changes: &Changes) -> Result<(), ProofError> {
    let mut words = BTreeSet::new();
    let mut replaced: Vec<Span> = Vec::new();
    let mut removed: Vec<usize> = Vec::new();
    for (at, change) in changes.iter() {
        match change {
            Change::Insert { key, value, .. } => {
                words.insert(key.as_str());
                words.extend(value.words());
            }
            Change::Replace(value) => {
                words.extend(value.words());
                replaced.push(tree.span(at));
            }
            Change::Become(value) => {
                words.extend(value.words());
                replaced.push(Span::new(tree.start(at), tree.end(at)));
            }
            Change::Remove { entry } => {
                removed.extend(
                    tree.entries(at)
                        .get(*entry)
                        .map(|entry| tree.start(entry.key)),
                );
            }
        }
    }
    removed.sort_unstable();
    for edit in edits.edits() {
        // A dash alone begins an item.
        let is_sign = |sign: char| " \t\r\n{}[]:,\"'".contains(sign);
        let mut brought = edit.text.split(is_sign);
        let brings_own = brought.all(|word| matches!(word, "" | "-") || words.contains(word));
        let takes_own = is_blank(edit.span.of(tree.text()))
            || is_replaced(edit, &replaced)
            || is_removed(edit, &removed, tree.text());
        if !(brings_own && takes_own) {
            return Err(ProofError::OtherBytes {
                at: edit.span.start,
            });
        }
    }
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|sign| sign.is_ascii_whitespace() || sign == ',')
}

/// Whether the bytes lie in a node that is replaced. (The changes are in the
/// order of the text, and the nodes are disjoint.)
fn is_replaced(edit: &Edit, replaced: &[Span]) -> bool {
    let next = replaced.partition_point(|span| span.start <= edit.span.start);
    let last = next.checked_sub(1).and_then(|last| replaced.get(last));
    last.is_some_and(|span| edit.span.end <= span.end)
}

/// Whether the bytes are an entry that goes, after nothing but the comment
/// lines that stand above it. That its neighbours stay is seen in the trees.
fn is_removed(edit: &Edit, removed: &[usize], text: &str) -> bool {
    let next = removed.partition_point(|&key| key < edit.span.start);
    removed.get(next).is_some_and(|&key| {
        let lead = Span::new(edit.span.start, key).of(text);
        key < edit.span.end
            && lead.lines().all(|line| {
                let line = line.trim_start();
                is_blank(line) || line.starts_with('#')
            })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::syntax;

    #[test]
    fn an_entry_that_goes_takes_the_comments_above_it_and_nothing_else() {
        let text = "# of a\na: b\n# of c\n\n# too\nc: d\n# below\n";
        let tree = syntax::parse(text).unwrap();
        let mut changes = Changes::default();
        let root = *tree.documents().first().unwrap();
        changes.add(root, Change::Remove { entry: 1 });
        for (gone, is_right) in [
            ("# of c\n\n# too\nc: d\n", true),
            ("c: d\n", true),
            ("# too\nc: d\n# below\n", true),
            ("a: b\n# of c\n\n# too\nc: d\n", false),
            (": b\n# of c\n\n# too\nc: d\n", false),
            ("# of a\n", false),
            ("# too\n", false),
            ("# of c\n\n# too\n", false),
            ("# below\n", false),
        ] {
            let start = text.find(gone).unwrap();
            let edit = Edit::remove(Span::new(start, start + gone.len()));
            let edits = EditSet::new(vec![edit]).unwrap();
            let result = check(&tree, &edits, &changes);
            assert_eq!(result.is_ok(), is_right, "{gone}");
        }
    }
}
