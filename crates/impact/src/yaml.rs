//! Reads YAML and JSON that hold shell text.
//!
//! This module owns how commands and variables stand in a tree: anchors, merged mappings, GitLab's
//! references, lists of lists. It knows no format: which keys hold what is told in `ci` and
//! `build`.

use immutag_engine::syntax::{Entry, NodeId, TagKind, Tree};
use immutag_engine::template::{self, Merged};

use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell};
use crate::value::{self, Values};

/// How many nodes are looked at where aliases lead to some of them again.
pub(crate) const MAX_STEPS: usize = 200_000;

/// How deep references in references are followed.
///
/// Source: GitLab Docs, "`!reference` tags", which nests them up to ten levels.
const MAX_REFERENCES: usize = 10;

/// Reads a tree for what it pushes.
pub(crate) struct YamlReader<'e, 't, 's> {
    pub(crate) tree: &'t Tree<'t>,
    pub(crate) shell: &'e mut Shell<'s>,
    /// The text that the tree's text is inside of.
    pub(crate) outer: Option<&'e Script<'e>>,
    pub(crate) dialect: Dialect,
    pub(crate) steps: usize,
}

impl<'e, 't, 's> YamlReader<'e, 't, 's> {
    pub(crate) fn new(tree: &'t Tree<'t>, shell: &'e mut Shell<'s>) -> Self {
        Self {
            tree,
            shell,
            outer: None,
            dialect: Dialect::Shell,
            steps: 0,
        }
    }

    fn script(&self, node: NodeId) -> Option<Script<'t>> {
        let script = Script::of(self.tree, node, self.dialect)?;
        Some(script.within(self.outer))
    }

    /// Where a node stands in the file.
    pub(crate) fn place(&self, node: NodeId) -> usize {
        let start = self.tree.start(node);
        self.outer.map_or(start, |outer| outer.place(start))
    }

    /// The value under a key, merged mappings included.
    pub(crate) fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        let found = match self.tree.entry(node, key) {
            Some(entry) => entry.value,
            None => match template::merged(self.tree, node, key) {
                Merged::Found(value) => value,
                _ => return None,
            },
        };
        Some(self.tree.resolve(found))
    }

    /// The value under a key of a value under a key and so on.
    pub(crate) fn at_path(&self, node: NodeId, keys: &[&str]) -> Option<NodeId> {
        let mut node = node;
        for key in keys {
            node = self.get(node, key)?;
        }
        Some(node)
    }

    /// What `!reference [job, key]` of GitLab's names.
    ///
    /// Source: GitLab Docs, "`!reference` tags".
    pub(crate) fn referenced(&self, node: NodeId) -> NodeId {
        let mut node = self.tree.resolve(node);
        for _ in 0..MAX_REFERENCES {
            let tag = self.tree.tag(node).filter(|tag| tag.kind == TagKind::Other);
            let is_reference =
                tag.is_some_and(|tag| tag.span.of(self.tree.text()).trim() == "!reference");
            if !is_reference {
                break;
            }
            let keys = self.tree.items(node).iter();
            let keys: Option<Vec<&str>> = keys
                .map(|&key| self.tree.literal(self.tree.resolve(key)))
                .collect();
            let mut roots = self.tree.documents().iter();
            let found = keys.and_then(|keys| roots.find_map(|&root| self.at_path(root, &keys)));
            match found {
                Some(found) => node = found,
                None => break,
            }
        }
        node
    }

    /// Runs the commands of a node: a text, or lists of texts.
    pub(crate) fn run(&mut self, node: NodeId, env: &mut Env<'_>) {
        let mut todo = vec![(node, 0)];
        while let Some((node, depth)) = todo.pop() {
            let meant = self.referenced(node);
            let depth = depth + usize::from(meant != self.tree.resolve(node));
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return;
            }
            if depth > MAX_REFERENCES {
                continue;
            }
            if let Some(script) = self.script(meant) {
                self.shell.run(&script, env);
            }
            let items = self.tree.items(meant).iter().rev();
            todo.extend(items.map(|&item| (item, depth)));
        }
    }

    /// What a scalar can be as a value of a variable.
    pub(crate) fn value(&mut self, node: NodeId, env: &mut Env<'_>) -> Option<Values> {
        let script = self.script(node)?;
        Some(self.shell.value(&script, env))
    }

    /// Takes the variables of a mapping down, those that it merges first.
    pub(crate) fn variables(&mut self, node: NodeId, env: &mut Env<'_>) {
        for entry in self.all_entries(node) {
            let Some(name) = self.tree.literal(entry.key).map(str::to_owned) else {
                continue;
            };
            let mut value = self.referenced(entry.value);
            // `NAME: {value: …}` of GitLab's.
            if let Some(inner) = self.get(value, "value") {
                value = inner;
            }
            if let Some(command) = self.get(value, "sh") {
                if let Some(text) = self.tree.literal(command) {
                    let text = format!("$({text})");
                    let script = Script::new(&text, 0, Dialect::Shell);
                    let values = self.shell.value(&script, env);
                    env.set(&name, values);
                }
                continue;
            }
            if let Some(values) = self.value(value, env) {
                env.set(&name, values);
            }
        }
    }

    /// The entries of a mapping, behind those that are merged into it.
    pub(crate) fn all_entries(&mut self, node: NodeId) -> Vec<Entry> {
        let mut all = Vec::new();
        let mut todo = vec![(node, 0)];
        while let Some((node, depth)) = todo.pop() {
            self.steps += 1;
            let node = self.referenced(node);
            if depth > 8 || self.steps > MAX_STEPS {
                break;
            }
            for &entry in self.tree.entries(node).iter().rev() {
                if self.tree.literal(entry.key) == Some("<<") {
                    todo.push((entry.value, depth + 1));
                } else {
                    all.push(entry);
                }
            }
            todo.extend(self.tree.items(node).iter().map(|&item| (item, depth + 1)));
        }
        all.reverse();
        all
    }

    /// What the lists of a matrix hold, each under its key behind a prefix.
    pub(crate) fn alternatives(&mut self, matrix: NodeId, prefix: &str, env: &mut Env<'_>) {
        for entry in self.all_entries(matrix) {
            let Some(key) = self.tree.literal(entry.key) else {
                continue;
            };
            let name = format!("{prefix}{key}");
            let value = self.tree.resolve(entry.value);
            let items = self.tree.items(value).iter().copied();
            let all: Vec<NodeId> = items.chain(std::iter::once(value)).collect();
            let mut values = env.own.get(&name).cloned().unwrap_or_default();
            for item in all {
                let item = self.tree.resolve(item);
                if let Some(more) = self.value(item, env) {
                    value::add(&mut values, more);
                }
                for inner in self.all_entries(item) {
                    let Some(inner_key) = self.tree.literal(inner.key) else {
                        continue;
                    };
                    let inner_name = format!("{name}.{inner_key}");
                    let inner_value = self.tree.resolve(inner.value);
                    if let Some(more) = self.value(inner_value, env) {
                        let mut both = env.own.get(&inner_name).cloned().unwrap_or_default();
                        value::add(&mut both, more);
                        env.set(&inner_name, both);
                    }
                }
            }
            if !values.is_empty() {
                env.set(&name, values);
            }
        }
    }
}
