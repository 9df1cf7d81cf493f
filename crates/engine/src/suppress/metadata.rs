//! Suppressions in the `Metadata` of a resource, the one place that JSON has for
//! them.
//!
//! This module owns what these entries look like. It knows nothing of
//! comments.
//!
//! Sources: checkov.io, "CloudFormation configuration scanning" (skipping by
//! metadata); the AWS Guard Rules Registry's documentation, "Guard rule
//! suppression"; AWS Control Tower, `CT.ECR.PR.3` rule specification, for the
//! rule's names.

use super::{CHECKOV, CHECKOV_ID, GUARD, IMMUTAG};
use crate::syntax::{NodeId, ScalarStyle, Tree};
use crate::template;
use crate::text::excerpt::brief;

/// The keys under which Checkov looks for what to skip. In comments it goes by
/// `cortex`, too; here it does not.
const CHECKOV_KEYS: [&str; 2] = ["checkov", "bridgecrew"];

/// A suppression in the metadata of a resource.
pub(super) struct Noted {
    /// The node that says so.
    pub(super) at: NodeId,
    pub(super) by: &'static str,
    pub(super) reason: Option<String>,
}

/// Returns the suppressions of our rule in the metadata of a resource's mapping.
pub(super) fn noted(tree: &Tree<'_>, body: NodeId) -> Vec<Noted> {
    let mut found = Vec::new();
    for metadata in values(tree, body, "Metadata") {
        for ours in values(tree, metadata, "immutag") {
            let reasons = values(tree, ours, "ignore");
            found.extend(reasons.iter().filter_map(|&reason| immutag(tree, reason)));
        }
        for prefix in CHECKOV_KEYS {
            for tool in values(tree, metadata, prefix) {
                for skip in values(tree, tool, "skip") {
                    let items = tree.items(skip).iter();
                    found.extend(items.filter_map(|&item| checkov(tree, tree.resolve(item))));
                }
            }
        }
        for guard in values(tree, metadata, "guard") {
            for rules in values(tree, guard, "SuppressedRules") {
                let names = tree.items(rules).iter().copied();
                let ours = names.filter(|&name| {
                    let name = tree.literal(tree.resolve(name));
                    name.is_some_and(|name| super::GUARD_IDS.contains(&name))
                });
                found.extend(ours.map(|at| Noted {
                    at,
                    by: GUARD,
                    reason: None,
                }));
            }
        }
    }
    found
}

/// The values that a mapping has under a key, merged ones too, aliases resolved.
fn values(tree: &Tree<'_>, mapping: NodeId, key: &str) -> Vec<NodeId> {
    let values = template::values(tree, mapping, key).into_iter();
    values.map(|value| tree.resolve(value)).collect()
}

/// `ignore: reason`, or `ignore: true` where there is none to give.
fn immutag(tree: &Tree<'_>, at: NodeId) -> Option<Noted> {
    let text = tree.literal(at)?;
    let is_word = tree.scalar_style(at) != Some(ScalarStyle::Plain);
    let reason = match text.to_ascii_lowercase().as_str() {
        // Booleans as YAML 1.1 has them, which is what CloudFormation reads.
        "true" | "yes" | "on" if !is_word => None,
        "false" | "no" | "off" if !is_word => return None,
        _ if tree.is_null(at) => return None,
        _ => Some(brief(text.trim()).into_owned()).filter(|reason| !reason.is_empty()),
    };
    Some(Noted {
        at,
        by: IMMUTAG,
        reason,
    })
}

/// `id: CKV_AWS_51` with a `comment`.
fn checkov(tree: &Tree<'_>, item: NodeId) -> Option<Noted> {
    let text = |key| {
        let entry = tree.entry(item, key)?;
        Some((entry, tree.literal(tree.resolve(entry.value))?))
    };
    let (id, word) = text("id")?;
    (word == CHECKOV_ID).then(|| Noted {
        at: id.key,
        by: CHECKOV,
        reason: text("comment")
            .map(|(_, comment)| brief(comment.trim()).into_owned())
            .filter(|comment| !comment.is_empty()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::syntax;

    #[test]
    fn suppression_in_metadata_has_its_reason() {
        let ours = |word: &str| format!("Metadata: {{immutag: {{ignore: {word}}}}}");
        let theirs = |comment: &str| {
            format!("Metadata: {{checkov: {{skip: [{{id: CKV_AWS_51{comment}}}]}}}}")
        };
        for (body, reason) in [
            (ours("true"), Some(None)),
            (ours("Yes"), Some(None)),
            (ours("'true'"), Some(Some("true"))),
            (ours("'no'"), Some(Some("no"))),
            (ours("' tags move '"), Some(Some("tags move"))),
            (ours("''"), Some(None)),
            (ours("off"), None),
            (ours("~"), None),
            (ours("[a]"), None),
            (theirs(""), Some(None)),
            (theirs(", comment: tags move"), Some(Some("tags move"))),
            (theirs(", comment: ''"), Some(None)),
        ] {
            let tree = syntax::parse(&body).unwrap();
            let found = noted(&tree, *tree.documents().first().unwrap());
            let found: Vec<_> = found.iter().map(|noted| noted.reason.as_deref()).collect();
            assert_eq!(found, reason.into_iter().collect::<Vec<_>>(), "{body}");
        }
    }
}
