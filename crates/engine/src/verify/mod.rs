//! The proof that an edit did what was meant, and nothing else.
//!
//! This module owns the questions, not the answers' makers: it knows the two
//! texts, the edits, and what the document was meant to become, but not how
//! the edits were planned. Two readers that share no code are asked: the one
//! that the plan was made from, and a judge (`yaml` through `yaml-edit`,
//! `json` through `serde_json` without spans).
//!
//! The fourth question of the proof, whether the finding is gone and nothing
//! is left to do, is the rule's to answer: [`prove`](crate::Assessment::prove) asks it.

mod bytes;
mod json;
mod yaml;

use std::collections::BTreeSet;
use std::fmt;

use crate::syntax::change::{self, Changes};
use crate::syntax::{self, Format, NodeId, ScalarStyle, Tree};
use crate::text::edit::EditSet;

/// Which part of the proof failed. It is never the user's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The edits overlap, or do not fit the text.
    Edits(String),
    /// Undoing the edits does not give the old bytes.
    Undo,
    /// An edit takes or brings bytes that the change has no need of.
    OtherBytes {
        /// Where in the old text, in bytes.
        at: usize,
    },
    /// The new text cannot be read.
    Unreadable(String),
    /// The new document is not the old one with the change.
    OtherChange {
        /// Where in the new text it differs, in bytes.
        at: usize,
    },
    /// The judge rejects a text.
    Judge(String),
    /// The judge sees another document than the reader, or another change.
    JudgeDisagrees,
    /// The judge sees a key beside the change that readers take in different ways.
    UnsureKey {
        /// Where in the old text, in bytes.
        at: usize,
    },
    /// Something is left to do, or something new is wrong.
    NotDone(String),
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edits(why) => write!(f, "{why}"),
            Self::Undo => f.write_str("undoing the edits does not give back the file"),
            Self::OtherBytes { at } => {
                write!(f, "more than the property would be rewritten (byte {at})")
            }
            Self::Unreadable(why) => write!(f, "the edited text cannot be read: {why}"),
            Self::OtherChange { at } => {
                write!(f, "more than the property would change (byte {at})")
            }
            Self::Judge(why) => write!(f, "the second parser rejects it: {why}"),
            Self::JudgeDisagrees => {
                f.write_str("the second parser reads the file in another way than the first")
            }
            Self::UnsureKey { at } => write!(
                f,
                "readers differ in what a key beside the change means (byte {at})"
            ),
            Self::NotDone(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ProofError {}

/// Proves that `after` is what the edits were meant to make of a text; gives
/// the tree of `after`.
///
/// 1. Undoing the edits gives the old bytes; what they take away is what
///    changes, and what they bring is made of its words (`bytes`).
/// 2. The reader's tree of the new text is `tree` with `changes` made.
/// 3. The judge accepts both texts, prints both back byte for byte, and sees
///    the same change at the same place.
///
/// # Errors
/// The first question that is answered with no. Nothing may be written then.
pub fn prove<'t>(
    tree: &Tree<'_>,
    edits: &EditSet,
    changes: &Changes,
    after: &'t str,
) -> Result<Tree<'t>, ProofError> {
    let before = tree.text();
    if !edits.lead(before, after) {
        return Err(ProofError::Undo);
    }
    bytes::check(tree, edits, changes)?;
    // In the same format: a flow mapping of YAML may have become JSON, too.
    let new = syntax::parse_as(after, tree.format())
        .map_err(|error| ProofError::Unreadable(error.to_string()))?;
    compare(tree, &new, changes)?;

    match tree.format() {
        Format::Json => {
            json::agrees(tree).map_err(ProofError::Judge)?;
            json::agrees(&new).map_err(ProofError::Judge)?;
        }
        Format::Yaml => {
            let judged_old = yaml::read(before).map_err(ProofError::Judge)?;
            let judged_new = yaml::read(after).map_err(ProofError::Judge)?;
            let judged_changes = changes
                .renamed(|id| counterpart(tree, &judged_old, id))
                .ok_or(ProofError::JudgeDisagrees)?;
            if let Some(key) = unsure_key(&judged_old, &judged_changes) {
                let at = judged_old.start(key);
                return Err(ProofError::UnsureKey { at });
            }
            compare(&judged_old, &judged_new, &judged_changes)
                .map_err(|_| ProofError::JudgeDisagrees)?;
        }
    }
    Ok(new)
}

/// The judge's own reading of what a key is: the first key of a changed mapping that is written
/// with a tag other than that of a string, or that is a merge key in any other way than `<<`.
/// The reader decides by what a tag means; this goes by what is written.
fn unsure_key(judged: &Tree<'_>, changes: &Changes) -> Option<NodeId> {
    let mappings = changes.iter().filter_map(|(at, _)| {
        if judged.is_mapping(at) {
            Some(at)
        } else {
            judged.parent(at)
        }
    });
    let mappings: BTreeSet<NodeId> = mappings.collect();
    let mut keys = mappings
        .into_iter()
        .flat_map(|mapping| judged.entries(mapping))
        .map(|entry| entry.key);
    keys.find(|&key| {
        let tag = judged
            .tag(key)
            .map(|tag| tag.span.of(judged.text()).trim_end());
        let is_merge = judged.value(key).word() == Some("<<");
        let is_plain = judged.scalar_style(key) == Some(ScalarStyle::Plain);
        match tag {
            Some("!" | "!!str") => is_merge,
            Some(_) => true,
            None => is_merge && !is_plain,
        }
    })
}

fn compare(old: &Tree<'_>, new: &Tree<'_>, changes: &Changes) -> Result<(), ProofError> {
    match change::difference(old, new, changes) {
        None => Ok(()),
        Some(id) => Err(ProofError::OtherChange { at: new.start(id) }),
    }
}

/// The node of the judge's tree that stands where `id` stands in the
/// reader's. On the way down both must see the same kinds of nodes, and the
/// same keys.
fn counterpart(tree: &Tree<'_>, judged: &Tree<'_>, id: NodeId) -> Option<NodeId> {
    let path = tree.path(id);
    for depth in 1..=path.len() {
        let way = path.get(..depth)?;
        let (mine, theirs) = (tree.at(way)?, judged.at(way)?);
        let (my_value, their_value) = (tree.value(mine), judged.value(theirs));
        if std::mem::discriminant(&my_value) != std::mem::discriminant(&their_value) {
            return None;
        }
        // A value is known by its key, which is its left neighbour.
        if let Some((&last, parents)) = way.split_last() {
            let is_value = depth > 1 && last % 2 == 1 && tree.is_mapping(tree.at(parents)?);
            if is_value {
                let mut key = parents.to_vec();
                key.push(last - 1);
                let (mine, theirs) = (tree.at(&key)?, judged.at(&key)?);
                if tree.value(mine).word() != judged.value(theirs).word() {
                    return None;
                }
            }
        }
    }
    judged.at(&path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// What the judge sees at the place of the reader's last node, where they
    /// read these two texts.
    fn counterpart_of_last<'j>(mine: &str, theirs: &'j str) -> Option<&'j str> {
        let (tree, judged) = (syntax::parse(mine).unwrap(), syntax::parse(theirs).unwrap());
        let last = tree.last_within(*tree.documents().last().unwrap());
        let id = counterpart(&tree, &judged, last)?;
        Some(judged.span(id).of(theirs))
    }

    #[test]
    fn a_node_has_a_counterpart_behind_the_same_keys_only() {
        for (mine, theirs, found) in [
            ("a: {b: c}", "a: {b: c}", Some("c")),
            ("a: {b: c}", "a: {b: d}", Some("d")),
            ("a: {b: c}", "a: {x: c}", None),
            ("a: {b: c}", "x: {b: c}", None),
            ("a: {b: c}", "a: {b: [c]}", None),
            ("a: {b: c}", "a: [b, c]", None),
            ("a: {b: c}", "a: {}", None),
            // What stands beside the way does not matter.
            ("a: {x: y, b: c}", "a: {p: q, b: c}", Some("c")),
            ("- a\n- b", "- c\n- b", Some("b")),
            ("--- a: b\n--- {c: d}", "--- e: f\n--- {c: d}", Some("d")),
        ] {
            let [mine, theirs] = [mine, theirs].map(|text| text.replace("--- ", "---\n"));
            let known = counterpart_of_last(&mine, &theirs);
            assert_eq!(known, found, "{mine} and {theirs}");
        }
    }
}
