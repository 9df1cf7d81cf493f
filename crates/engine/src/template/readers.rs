//! Who reads what is declared.
//!
//! This module owns the way back from a parameter or a mapping to all functions that may read it.

use std::collections::BTreeMap;

use super::function::{Call, Piece, Substitution};
use super::scope::Scopes;
use crate::syntax::{NodeId, Tree};

/// Who reads the parameters and the mappings of a tree.
#[derive(Debug, Default)]
pub struct Readers<'t> {
    /// The nodes that read a parameter, by the document and its name; None
    /// where the name is computed, so that it may be any.
    parameters: BTreeMap<(NodeId, Option<&'t str>), Vec<NodeId>>,
    /// The calls of `Fn::FindInMap`, by the document and those of the three
    /// keys that are written there.
    mappings: BTreeMap<(NodeId, [Option<&'t str>; 3]), Vec<NodeId>>,
}

impl<'t> Readers<'t> {
    /// Finds them, in one walk over the tree.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>, scopes: &Scopes<'t>) -> Self {
        let mut readers = Self::default();
        for node in tree.nodes() {
            let Some((root, _)) = scopes.around(node) else {
                continue;
            };
            let Some(call) = Call::of(tree, node) else {
                // A Serverless file may read any part of itself.
                if tree
                    .literal(node)
                    .is_some_and(|text| text.contains("${self:resources"))
                {
                    readers.add_parameter(root, None, node);
                    readers.add_lookup(root, [None; 3], node);
                }
                continue;
            };
            if call.name == "Ref" {
                if let Some(name) = call.word(tree) {
                    readers.add_parameter(root, Some(name), node);
                }
            } else if let Some(substitution) = Substitution::of(tree, call) {
                for piece in substitution.pieces() {
                    match piece {
                        Piece::Variable(name)
                            if substitution.variable(tree, name).next().is_none() =>
                        {
                            readers.add_parameter(root, Some(name), substitution.at);
                        }
                        _ => {}
                    }
                }
            } else if call.name == "FindInMap" {
                let mut given = call.arguments(tree).iter();
                let keys = [(); 3].map(|()| {
                    let key = tree.literal(tree.resolve(*given.next()?))?;
                    // A loop puts its items into strings, too.
                    (!key.contains('{')).then_some(key)
                });
                readers.add_lookup(root, keys, node);
            }
        }
        readers
    }

    fn add_parameter(&mut self, root: NodeId, name: Option<&'t str>, at: NodeId) {
        // `Mode${Stage}` in a loop may be any.
        let name = name.filter(|name| !name.contains('{'));
        self.parameters.entry((root, name)).or_default().push(at);
    }

    fn add_lookup(&mut self, root: NodeId, keys: [Option<&'t str>; 3], at: NodeId) {
        self.mappings.entry((root, keys)).or_default().push(at);
    }

    /// The nodes that read a parameter of a document, or may.
    #[must_use]
    pub fn of_parameter(&self, root: NodeId, name: &str) -> Vec<NodeId> {
        let names = [Some(name), None];
        let readers = names.map(|name| self.parameters.get(&(root, name)));
        readers.into_iter().flatten().flatten().copied().collect()
    }

    /// The calls that can read the entry of a mapping with these keys: a key
    /// that is computed may be any.
    #[must_use]
    pub fn of_leaf(&self, root: NodeId, keys: [&str; 3]) -> Vec<NodeId> {
        let each = |key| [Some(key), None];
        let [a, b, c] = keys.map(each);
        let mut found = Vec::new();
        for keys in a
            .into_iter()
            .flat_map(|a| b.map(|b| (a, b)))
            .flat_map(|(a, b)| c.map(|c| [a, b, c]))
        {
            found.extend(self.mappings.get(&(root, keys)).into_iter().flatten());
        }
        found
    }
}
