//! How the functions of CloudFormation are written.
//!
//! This module owns their two forms and the pieces of `Fn::Sub`. It does not know what a function
//! evaluates to.

use super::merge::{Merged, merged_by};
use crate::syntax::{NodeId, Tree, Value};

/// A function of CloudFormation's and what it is given, in the short form
/// (`!If [a, b, c]`) or the long one (`Fn::If: [a, b, c]`).
///
/// Source: AWS CloudFormation User Guide, "Intrinsic function reference".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'t> {
    /// `If`, `Ref`, `Sub`: without `Fn::`.
    pub name: &'t str,
    /// What it is given. In the short form this is the tagged node itself.
    pub argument: NodeId,
    /// Whether the tag of the argument is the function's own.
    is_short: bool,
}

impl<'t> Call<'t> {
    /// The function that a node calls, if that is all that the node says.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>, node: NodeId) -> Option<Self> {
        if let Some(tag) = tree.tag(node).filter(|_| tree.has_custom_tag(node)) {
            let written = tag.span.of(tree.text());
            let verbatim = written
                .strip_prefix("!<!")
                .and_then(|s| s.strip_suffix('>'));
            let name = verbatim.or(written.strip_prefix('!'))?;
            return name.starts_with(char::is_alphabetic).then_some(Self {
                name,
                argument: node,
                is_short: true,
            });
        }
        let &[entry] = tree.entries(node) else {
            return None;
        };
        let name = match tree.literal(entry.key)? {
            name @ ("Ref" | "Condition") => name,
            name => name.strip_prefix("Fn::")?,
        };
        Some(Self {
            name,
            argument: tree.resolve(entry.value),
            is_short: false,
        })
    }

    /// The word that it is given, if that is one: the name for `Ref`.
    #[must_use]
    pub fn word(&self, tree: &'t Tree<'_>) -> Option<&'t str> {
        match tree.value(self.argument) {
            Value::Scalar { text, .. } if self.is_short => Some(text),
            _ => tree.literal(self.argument),
        }
    }

    /// The list that it is given; empty where it is given none.
    #[must_use]
    pub fn arguments(&self, tree: &'t Tree<'_>) -> &'t [NodeId] {
        if self.is_short || !tree.has_custom_tag(self.argument) {
            tree.items(self.argument)
        } else {
            &[]
        }
    }
}

/// A string in which `Fn::Sub` puts values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Substitution<'t> {
    /// The node of the string.
    pub at: NodeId,
    /// The string.
    pub text: &'t str,
    /// The mapping of its own variables, in the form with two arguments.
    pub variables: Option<NodeId>,
}

impl<'t> Substitution<'t> {
    /// What a call of `Fn::Sub` is given; None for other calls, and where
    /// the string is not written there.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>, call: Call<'t>) -> Option<Self> {
        if call.name != "Sub" {
            return None;
        }
        if let Some(text) = call.word(tree) {
            return Some(Self {
                at: call.argument,
                text,
                variables: None,
            });
        }
        let (&string, rest) = call.arguments(tree).split_first()?;
        let at = tree.resolve(string);
        Some(Self {
            at,
            text: tree.literal(at)?,
            variables: rest.first().map(|&variables| tree.resolve(variables)),
        })
    }

    /// The pieces of the string, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'t>> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let open = rest.find("${").unwrap_or(rest.len());
            let (text, from) = rest.split_at(open);
            if !text.is_empty() {
                rest = from;
                return Some(Piece::Text(text));
            }
            let Some((inner, after)) = from.strip_prefix("${").and_then(|s| s.split_once('}'))
            else {
                rest = "";
                return Some(Piece::Text(from));
            };
            rest = after;
            Some(match inner.strip_prefix('!') {
                Some(literal) => Piece::Escaped(literal),
                None => Piece::Variable(inner.trim()),
            })
        })
    }

    /// The values that the call itself gives to a variable: more than one
    /// where its name stands twice.
    pub fn variable<'s>(
        &self,
        tree: &'s Tree<'_>,
        name: &'s str,
    ) -> impl Iterator<Item = NodeId> + 's {
        let variables = self.variables.into_iter();
        variables.flat_map(move |variables| {
            let named = tree.entries_named(variables, name);
            named.map(|entry| entry.value)
        })
    }
}

/// A piece of the string of `Fn::Sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Text that stands for itself.
    Text(&'t str),
    /// `${!Name}`, which stands for `${Name}`.
    Escaped(&'t str),
    /// `${Name}`.
    Variable(&'t str),
}

/// Whether a mapping is, or holds, a function of CloudFormation's in its
/// long form (`Fn::If`, `Ref`, `Condition`), so that what it says is not
/// decided by its text.
#[must_use]
pub fn is_intrinsic(tree: &Tree<'_>, mapping: NodeId) -> bool {
    let entries = tree.entries(mapping);
    holds_function(tree, mapping)
        || (entries.len() == 1
            && entries
                .iter()
                .any(|entry| matches!(tree.literal(entry.key), Some("Ref" | "Condition"))))
}

/// Whether a mapping has a key that is a function (`Fn::…`), its own or a
/// merged one: what the function yields is merged into it or takes its place.
#[must_use]
pub fn holds_function(tree: &Tree<'_>, mapping: NodeId) -> bool {
    let function = |node: NodeId| tree.entries_prefixed(node, "Fn::").next();
    function(mapping).is_some() || matches!(merged_by(tree, mapping, function), Merged::Found(_))
}
