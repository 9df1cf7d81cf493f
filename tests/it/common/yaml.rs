//! YAML of the pages and files of this repository, as a value.

use immutag_engine::syntax::{self, NodeId, Tree, Value as Node};
use serde_json::Value;

/// A YAML text as a value, all its words as strings.
pub(crate) fn yaml(text: &str) -> Value {
    let tree = syntax::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    value(&tree, tree.documents()[0])
}

fn value(tree: &Tree<'_>, id: NodeId) -> Value {
    match tree.value(id) {
        Node::Scalar { text, .. } => Value::from(text),
        Node::Mapping { entries, .. } => entries
            .iter()
            .map(|entry| {
                let key = tree.value(entry.key).word().unwrap().to_owned();
                (key, value(tree, entry.value))
            })
            .collect(),
        Node::Sequence { items, .. } => items.iter().map(|id| value(tree, *id)).collect(),
        Node::Alias { target } => value(tree, target.unwrap()),
    }
}
