//! Where resources stand in a document: what CloudFormation, SAM, the
//! Serverless Framework and fragments make of a tree.
//!
//! This module owns the structure of templates: resources, parameters,
//! mappings, loops, the forms of functions, and who reads what. It neither
//! computes a value nor judges a resource, and it knows neither bytes nor
//! edits.
//!
//! Resources are looked for in these places and in no other, so that
//! examples in `Metadata`, `Outputs`, `Mappings` or a list stay data:
//!
//! - the entries of a top-level `Resources`;
//! - the body of an `Fn::ForEach::…` there, nested ones too;
//! - the same under a Serverless file's `resources`, be that a mapping or a
//!   list of mappings, each with its `Resources`;
//! - in a *fragment*, a document with neither of the two keys, the top-level
//!   entries themselves, if all of them are mappings (no loops: those are a
//!   section's).
//!
//! Sources: AWS CloudFormation User Guide, "Template anatomy" and
//! "`Fn::ForEach`"; Serverless Framework documentation, "AWS - Resources".

pub mod value;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use crate::syntax::{Entry, NodeId, Tree, Value};

/// A resource of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The key that names it.
    pub logical_id: NodeId,
    /// What stands at the key: the body itself or an alias of it.
    pub value: NodeId,
    /// The mapping that describes it.
    pub body: NodeId,
}

/// What a tree is as a template.
#[derive(Debug)]
pub struct Template<'t> {
    /// Every resource, in the order of the text.
    pub resources: Vec<Resource>,
    /// What values are computed from.
    pub scopes: Scopes<'t>,
}

impl<'t> Template<'t> {
    /// Reads a tree as a template.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>) -> Self {
        Self {
            resources: resources(tree),
            scopes: Scopes::of(tree),
        }
    }
}

fn resources(tree: &Tree<'_>) -> Vec<Resource> {
    let mut walk = Walk {
        tree,
        found: Vec::new(),
        seen: BTreeSet::new(),
    };
    for &root in tree.documents() {
        let mut sections = walk.all(root, "Resources");
        let mut serverless = walk.all(root, "resources");
        if sections.is_empty() && serverless.is_empty() {
            walk.fragment(root);
        }
        sections.drain(..).for_each(|section| walk.section(section));
        serverless
            .drain(..)
            .for_each(|value| walk.serverless(value));
    }
    walk.found
}

struct Walk<'t, 'a> {
    tree: &'t Tree<'a>,
    found: Vec<Resource>,
    /// Sections already read: aliases may name one twice, or itself.
    seen: BTreeSet<NodeId>,
}

impl Walk<'_, '_> {
    /// What a mapping has under a key: its own entries, else a merged one.
    fn all(&self, mapping: NodeId, key: &str) -> Vec<NodeId> {
        let own = self
            .tree
            .entries_named(mapping, key)
            .map(|entry| entry.value);
        let mut all: Vec<NodeId> = own.collect();
        if all.is_empty()
            && let Merged::Found(value) = merged(self.tree, mapping, key)
        {
            all.push(value);
        }
        all
    }

    fn serverless(&mut self, value: NodeId) {
        let value = self.tree.resolve(value);
        if !self.seen.insert(value) {
            return;
        }
        for section in self.all(value, "Resources") {
            self.section(section);
        }
        for &item in self.tree.items(value) {
            self.serverless(item);
        }
    }

    fn section(&mut self, value: NodeId) {
        let section = self.tree.resolve(value);
        if !self.seen.insert(section) {
            return;
        }
        for &entry in self.tree.entries(section) {
            match self.tree.literal(entry.key) {
                Some(key) if key.starts_with("Fn::ForEach::") => {
                    // Identifier, collection, and the body with its resources.
                    let parts = self.tree.items(self.tree.resolve(entry.value));
                    if let Some(&body) = parts.get(2) {
                        self.section(body);
                    }
                }
                Some("<<") => {
                    let merged = self.tree.resolve(entry.value);
                    self.section(merged);
                    for &item in self.tree.items(merged) {
                        self.section(item);
                    }
                }
                _ => self.resource(entry),
            }
        }
    }

    /// A document of resources alone: nothing but mappings, and functions.
    fn fragment(&mut self, root: NodeId) {
        let entries = self.tree.entries(root);
        let is_apt = |entry: &Entry| {
            let key = self.tree.literal(entry.key);
            key.is_some_and(|key| key.starts_with("Fn::"))
                || self.tree.is_mapping(self.tree.resolve(entry.value))
        };
        if entries.iter().all(is_apt) {
            for &entry in entries {
                self.resource(entry);
            }
        }
    }

    fn resource(&mut self, entry: Entry) {
        let body = self.tree.resolve(entry.value);
        if self.tree.is_mapping(body) {
            self.found.push(Resource {
                logical_id: entry.key,
                value: entry.value,
                body,
            });
        }
    }
}

/// Where a template shows that the AWS CDK has synthesized it: the metadata
/// that it gives a resource, or the resource that it reports itself with.
///
/// Source: AWS CDK Developer Guide, "Version reporting"; `aws:cdk:path` in
/// the metadata of every resource that it synthesizes.
#[must_use]
pub fn synthesized(tree: &Tree<'_>, resources: &[Resource]) -> Option<NodeId> {
    resources.iter().find_map(|resource| {
        if tree.literal(resource.logical_id) == Some("CDKMetadata") {
            return Some(resource.logical_id);
        }
        let metadata = tree.entry(resource.body, "Metadata")?;
        let path = tree.entry(tree.resolve(metadata.value), "aws:cdk:path")?;
        Some(path.key)
    })
}

/// What a mapping holds under a key, its merge keys considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Neither the mapping nor what it merges has the key.
    Absent,
    /// A merged mapping has it, with this value.
    Found(NodeId),
    /// What is merged cannot be followed.
    Unknown,
}

/// How many mappings a merge is followed through. Real ones take two or
/// three; the bound keeps hostile ones linear.
const MAX_MERGED: usize = 64;

/// What `mapping` gets for `key` through its merge keys (`<<`). An explicit
/// key would win; whether there is one is for the caller to see. Earlier
/// mappings of a list win over later ones.
///
/// Source: the YAML merge key language-independent type (yaml.org/type/merge).
#[must_use]
pub fn merged(tree: &Tree<'_>, mapping: NodeId, key: &str) -> Merged {
    merged_by(tree, mapping, |node| tree.entry(node, key))
}

/// The first entry that `find` gives for what is merged into a mapping.
fn merged_by(tree: &Tree<'_>, mapping: NodeId, find: impl Fn(NodeId) -> Option<Entry>) -> Merged {
    let mut todo: Vec<NodeId> = Vec::new();
    let mut looked_at = 0;
    push_merges(tree, mapping, &mut todo);
    while let Some(next) = todo.pop() {
        let node = tree.resolve(next);
        looked_at += 1;
        if looked_at > MAX_MERGED || tree.has_custom_tag(node) {
            return Merged::Unknown;
        }
        match tree.value(node) {
            Value::Mapping { .. } => match find(node) {
                Some(entry) => return Merged::Found(entry.value),
                None => push_merges(tree, node, &mut todo),
            },
            Value::Sequence { items, .. } if items.len() <= MAX_MERGED => {
                todo.extend(items.iter().rev());
            }
            _ => return Merged::Unknown,
        }
    }
    Merged::Absent
}

fn push_merges(tree: &Tree<'_>, mapping: NodeId, todo: &mut Vec<NodeId>) {
    let merges: Vec<NodeId> = tree.entries_named(mapping, "<<").map(|e| e.value).collect();
    todo.extend(merges.iter().rev());
}

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

/// The sections of a template that values are computed from.
#[derive(Debug, Default)]
pub struct Sections<'t> {
    /// The parameters by their names; None where a name stands twice.
    parameters: HashMap<&'t str, Option<Entry>>,
    /// The mappings, likewise.
    mappings: HashMap<&'t str, Option<Entry>>,
    /// The top levels of the mappings by their names, likewise.
    tops: HashMap<[&'t str; 2], Option<Entry>>,
    /// The entries of the mappings by the names of all three levels.
    leaves: HashMap<[&'t str; 3], Option<Leaf>>,
    /// The mappings that hold more than is written there: a merge key or a
    /// function brings entries.
    open: HashSet<&'t str>,
}

/// An entry of a mapping, with the keys that lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// The key of the mapping, of its top level and of its second level.
    pub keys: [NodeId; 3],
    /// What stands there.
    pub value: NodeId,
}

/// What the keys of a mapping lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// No entry.
    Nothing,
    /// Just one.
    One(Leaf),
    /// Several with the same keys.
    Several,
}

impl<'t> Sections<'t> {
    /// A parameter's declaration, if there is just one.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<Entry> {
        self.parameters.get(name).copied().flatten()
    }

    /// A mapping, if there is just one of that name.
    #[must_use]
    pub fn mapping(&self, name: &str) -> Option<Entry> {
        self.mappings.get(name).copied().flatten()
    }

    /// The top level of a mapping with this key, if there is just one.
    #[must_use]
    pub fn top(&self, mapping: &str, key: &str) -> Option<Entry> {
        self.tops.get(&[mapping, key]).copied().flatten()
    }

    /// What a mapping has for these keys.
    #[must_use]
    pub fn leaf(&self, keys: [&str; 3]) -> Reached {
        match self.leaves.get(&keys) {
            None => Reached::Nothing,
            Some(None) => Reached::Several,
            Some(&Some(leaf)) => Reached::One(leaf),
        }
    }

    /// Whether a mapping may hold more than is written there.
    #[must_use]
    pub fn is_open(&self, mapping: &str) -> bool {
        self.open.contains(mapping)
    }

    /// Reads the sections of one template, which may stand in several parts.
    fn of(tree: &'t Tree<'_>, parts: &[NodeId]) -> Self {
        let mut sections = Self::default();
        let named = |section: &str, into: &mut HashMap<&'t str, Option<Entry>>| {
            let declared = parts
                .iter()
                .flat_map(|&part| tree.entries_named(part, section));
            for entry in declared {
                for &entry in tree.entries(tree.resolve(entry.value)) {
                    if let Some(name) = tree.literal(entry.key) {
                        once(into, name, entry);
                    }
                }
            }
        };
        named("Parameters", &mut sections.parameters);
        named("Mappings", &mut sections.mappings);
        let Self {
            mappings,
            tops,
            leaves,
            open,
            ..
        } = &mut sections;
        for mapping in mappings.values().flatten() {
            let Some(map) = tree.literal(mapping.key) else {
                continue;
            };
            let levels = tree.resolve(mapping.value);
            if brings_more(tree, levels) {
                open.insert(map);
            }
            for &top in tree.entries(levels) {
                let Some(name) = tree.literal(top.key) else {
                    open.insert(map);
                    continue;
                };
                once(tops, [map, name], top);
                if brings_more(tree, tree.resolve(top.value)) {
                    open.insert(map);
                }
                for second in tree.entries(tree.resolve(top.value)) {
                    let leaf = Leaf {
                        keys: [mapping.key, top.key, second.key],
                        value: second.value,
                    };
                    match tree.literal(second.key) {
                        Some(key) => once(leaves, [map, name, key], leaf),
                        None => _ = open.insert(map),
                    }
                }
            }
        }
        sections
    }
}

/// Whether something brings entries to a mapping: a merge key, or a function.
fn brings_more(tree: &Tree<'_>, mapping: NodeId) -> bool {
    tree.has_custom_tag(mapping)
        || tree.entry(mapping, "<<").is_some()
        || tree.entries_prefixed(mapping, "Fn::").next().is_some()
}

/// Takes a value down by its name, and none where the name stands twice.
fn once<K: Eq + Hash, V>(into: &mut HashMap<K, Option<V>>, name: K, value: V) {
    into.entry(name)
        .and_modify(|there| *there = None)
        .or_insert(Some(value));
}

/// The sections of every document of a tree.
#[derive(Debug)]
pub struct Scopes<'t> {
    /// By the documents' roots, in the order of the text.
    by_root: BTreeMap<NodeId, Sections<'t>>,
}

impl<'t> Scopes<'t> {
    /// Reads the sections: those at the top, and those of the template that
    /// stands under `resources` of a Serverless file.
    #[must_use]
    pub fn of(tree: &'t Tree<'_>) -> Self {
        let mut by_root = BTreeMap::new();
        for &root in tree.documents() {
            let mut parts = vec![root];
            for serverless in tree.entries_named(root, "resources") {
                let value = tree.resolve(serverless.value);
                parts.push(value);
                parts.extend(tree.items(value).iter().map(|&item| tree.resolve(item)));
            }
            let sections = Sections::of(tree, &parts);
            by_root.insert(root, sections);
        }
        Self { by_root }
    }

    /// The sections of the document that a node stands in. (Nodes are named
    /// in the order of the text, so that a document's follow its root.)
    #[must_use]
    pub fn around(&self, node: NodeId) -> Option<(NodeId, &Sections<'t>)> {
        let (&root, sections) = self.by_root.range(..=node).next_back()?;
        Some((root, sections))
    }
}

/// A loop that makes copies of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop<'t> {
    /// The key, `Fn::ForEach::Name`.
    pub key: &'t str,
    /// The name that stands for the item of the copy.
    pub variable: &'t str,
    /// The node that lists the items.
    pub collection: NodeId,
}

/// The loops that a node stands in, the innermost first.
///
/// Source: AWS CloudFormation User Guide, "`Fn::ForEach`".
#[must_use]
pub fn loops<'t>(tree: &'t Tree<'_>, node: NodeId) -> Vec<Loop<'t>> {
    let mut found = Vec::new();
    let mut at = node;
    while let Some(parent) = tree.parent(at) {
        if let &[variable, collection, _] = tree.items(parent) {
            let key = tree.parent(parent).and_then(|mapping| {
                let entry = tree.entries(mapping).get(tree.index(parent) / 2)?;
                tree.literal(entry.key)
            });
            let key = key.filter(|key| key.starts_with("Fn::ForEach::"));
            if let (Some(key), Some(variable)) = (key, tree.literal(variable)) {
                found.push(Loop {
                    key,
                    variable,
                    collection: tree.resolve(collection),
                });
            }
        }
        at = parent;
    }
    found
}

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
                    let key = given.next().map(|&key| tree.resolve(key));
                    // A loop puts its items into strings, too.
                    let key = key.and_then(|key| tree.literal(key));
                    key.filter(|key| !key.contains('{'))
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
