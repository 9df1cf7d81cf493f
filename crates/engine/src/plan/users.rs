//! Who else uses the text that a fix would change.
//!
//! This module owns that question for both ways in which text is used elsewhere: through an
//! anchor and its aliases, and as a literal that functions read. It plans nothing.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::Refusal;
use crate::find::Policy;
use crate::rule::MUTABILITY;
use crate::syntax::{Entry, NodeId, Tree};
use crate::template::value::Home;
use crate::template::{Readers, Template};

/// What a node is to an ECR repository, so that nodes which share their text
/// through an anchor can be told to want the same change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Body,
    Properties,
    Mutability,
}

/// The nodes that aliases stand for.
pub(super) struct Anchored {
    /// Each with a user that is something else to an ECR repository than the
    /// others, or is none of one, if there is.
    others: BTreeMap<NodeId, Option<NodeId>>,
}

impl Anchored {
    /// Finds them, for ECR repositories of which those whose logical ID is among
    /// `left_alone` want no change.
    pub(super) fn of(
        tree: &Tree<'_>,
        template: &Template<'_>,
        left_alone: &BTreeSet<NodeId>,
        policy: &Policy,
    ) -> Self {
        let mut roles = BTreeMap::new();
        for resource in &template.resources {
            let is_left_alone = left_alone.contains(&resource.logical_id);
            if is_left_alone || !policy.covers(tree, resource.body) {
                continue;
            }
            roles.insert(resource.value, Role::Body);
            for properties in tree.entries_named(resource.body, "Properties") {
                roles.insert(properties.value, Role::Properties);
                let mapping = tree.resolve(properties.value);
                for mutability in tree.entries_named(mapping, MUTABILITY) {
                    roles.insert(mutability.value, Role::Mutability);
                }
                // What is merged into properties is properties.
                for merge in tree.entries_named(mapping, "<<") {
                    roles.insert(merge.value, Role::Properties);
                    let merged = tree.items(merge.value).iter();
                    roles.extend(merged.map(|&merged| (merged, Role::Properties)));
                }
            }
        }
        let mut others = BTreeMap::new();
        for &alias in tree.aliases() {
            let anchored = tree.resolve(alias);
            let role = roles.get(&anchored);
            let other = others
                .entry(anchored)
                .or_insert_with(|| role.is_none().then_some(anchored));
            if other.is_none() && roles.get(&alias) != role {
                *other = Some(alias);
            }
        }
        Self { others }
    }

    /// Whether a node is reached through an alias as well, all of its users
    /// wanting the same change.
    ///
    /// # Errors
    /// Where one of them does not want it.
    pub(super) fn is_shared(&self, tree: &Tree<'_>, node: NodeId) -> Result<bool, Refusal> {
        let mut is_shared = false;
        let mut next = Some(node);
        while let Some(id) = next {
            match self.others.get(&id) {
                Some(&Some(user)) => {
                    let at = tree.start(user);
                    return Err(Refusal::Shared { at });
                }
                Some(None) => is_shared = true,
                None => {}
            }
            next = tree.parent(id);
        }
        Ok(is_shared)
    }

    /// Refuses to take away an entry that aliases elsewhere stand for, or a part of it.
    pub(super) fn allow_removal(&self, tree: &Tree<'_>, entry: Entry) -> Result<(), Refusal> {
        let mut gone = tree.within(entry.key).chain(tree.within(entry.value));
        match gone.find(|id| self.others.contains_key(id)) {
            Some(id) => Err(Refusal::Shared { at: tree.start(id) }),
            None => Ok(()),
        }
    }
}

/// The literals that functions read.
pub(super) struct Literals<'t> {
    tree: &'t Tree<'t>,
    template: &'t Template<'t>,
    /// What reads a parameter or a mapping for a mutability that is to change.
    reads: BTreeSet<NodeId>,
    /// All that reads one; asked for by few templates.
    readers: OnceCell<Readers<'t>>,
    /// The answers that were given, since many resources may ask for the same.
    known: RefCell<BTreeMap<Home, Result<(), Refusal>>>,
}

impl<'t> Literals<'t> {
    pub(super) fn new(
        tree: &'t Tree<'t>,
        template: &'t Template<'t>,
        reads: BTreeSet<NodeId>,
    ) -> Self {
        Self {
            tree,
            template,
            reads,
            readers: OnceCell::new(),
            known: RefCell::default(),
        }
    }

    /// Refuses where something else reads a literal than mutabilities that are to change.
    pub(super) fn allow_change(&self, home: Home, anchored: &Anchored) -> Result<(), Refusal> {
        let mut known = self.known.borrow_mut();
        known
            .entry(home)
            .or_insert_with(|| self.only_users(home, anchored))
            .clone()
    }

    fn only_users(&self, home: Home, anchored: &Anchored) -> Result<(), Refusal> {
        let Self { tree, template, .. } = self;
        let name = |key: NodeId| tree.literal(key).unwrap_or_default();
        let readers = || {
            self.readers
                .get_or_init(|| Readers::of(tree, &template.scopes))
        };
        let root_of = |key| template.scopes.around(key).map(|(root, _)| root);
        let users: Vec<NodeId> = match home {
            Home::Here | Home::Nowhere => Vec::new(),
            Home::Parameter(parameter) => match root_of(parameter.key) {
                Some(root) => readers().of_parameter(root, name(parameter.key)),
                None => Vec::new(),
            },
            Home::Mapping(leaf) => match root_of(leaf.value) {
                Some(root) => readers().of_leaf(root, leaf.keys.map(name)),
                None => Vec::new(),
            },
        };
        if let Some(&other) = users.iter().find(|user| !self.reads.contains(user)) {
            let at = tree.start(other);
            return Err(Refusal::OtherUser { at });
        }
        for &user in &users {
            anchored.is_shared(tree, user)?;
        }
        Ok(())
    }
}
