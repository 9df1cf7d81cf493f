//! Suppressions: what people have written so that a finding is left alone.
//!
//! This module owns the way from comments, metadata and lists to
//! suppressions, and which findings each of them covers. A finding that one covers is
//! reported as such and never edited. This module judges no resource and knows nothing of
//! edits.
//!
//! What a comment says stands in `comment`, and what it covers where it
//! stands in `place`; what metadata says in `metadata`, Trivy's lists in
//! `list`, days in `date`.
//!
//! # What covers what
//!
//! Each suppression covers what its own tool documents, or less. Two mistakes are
//! possible, to hide a finding that nobody asked to hide and to edit a
//! resource that its owner asked to leave, and both are bad. So a suppression of
//! another rule counts for nothing, and a suppression that stands in one resource
//! never covers the next one:
//!
//! - A comment on a line of its own is *above* a key if only comments stand
//!   between, no blank line, and if it is not indented deeper than the key:
//!   one that is belongs to what stands before.
//! - A comment is *within* a resource if it stands on the logical ID's line,
//!   or below it, up to the resource's end; behind the resource's last line
//!   only if it is indented deeper than the logical ID.
//! - KICS lets `ignore-block` above the first key of a mapping cover the whole
//!   mapping (Checkmarx/kics, issue 6917). Here it covers that key's value.
//! - Checkov counts the comments between two resources to the first of them.
//!   Here they count to none, since they are written for the second.
//! - What a resource says in its `Metadata` it says for all that are aliases
//!   of it. What stands in a comment does not go through an alias.

mod comment;
mod date;
mod list;
mod metadata;
mod place;

use std::collections::BTreeMap;

pub use date::Date;
pub use list::{ListError, Listed, trivyignore, trivyignore_yaml};

use crate::find::{Breach, Policy};
use crate::rule::{
    CHECKOV, CHECKOV_ID, DATADOG, GUARD, GUARD_IDS, ID as RULE_ID, IMMUTAG, KICS, MUTABILITY,
    TFSEC, TRIVY, TRIVY_IDS, TRIVY_LONG_ID,
};

/// The tool whose suppression it is: the name of one of [`SCANNERS`](crate::rule::SCANNERS).
pub type Tool = &'static str;
use crate::syntax::{self, Format, NodeId, SyntaxError, Tree};
use crate::template::Resource;
use crate::text::span::LineIndex;

/// Whether this is the rule's name for Trivy, in any case, the older form
/// with `AVD-` included.
fn is_trivy_id(id: &str) -> bool {
    TRIVY_IDS.iter().any(|ours| id.eq_ignore_ascii_case(ours))
}

/// Which suppressions count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionRules {
    /// Whether any do.
    pub are_on: bool,
    /// What day it is. By default nothing has expired.
    pub today: Date,
    /// The entries of lists beside the text that are for it.
    pub listed: Vec<Listed>,
}

impl Default for SuppressionRules {
    fn default() -> Self {
        Self {
            are_on: true,
            today: Date::default(),
            listed: Vec::new(),
        }
    }
}

/// Until when a suppression counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It does not expire.
    Ever,
    /// It counts on the days before this one.
    Day(Date),
    /// The day that is given is invalid. Such a suppression does not count.
    Unreadable,
}

impl Until {
    fn day(day: Option<Date>) -> Self {
        day.map_or(Self::Unreadable, Self::Day)
    }

    /// Whether a suppression counts on a day.
    ///
    /// Trivy compares with the beginning of the day in UTC, so that a suppression
    /// no longer counts on the day itself.
    #[must_use]
    pub fn counts_on(self, today: Date) -> bool {
        match self {
            Self::Ever => true,
            Self::Day(day) => today < day,
            Self::Unreadable => false,
        }
    }
}

/// Why a suppression is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Useless {
    /// It covers no finding.
    HidesNothing,
    /// Its day has come, or cannot be read.
    Expired,
}

impl Useless {
    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::HidesNothing => "unused-suppression",
            Self::Expired => "expired-suppression",
        }
    }
}

/// What a user asked to leave alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Where it is written, in bytes; None where it comes from a list.
    pub at: Option<usize>,
    /// The number of its entry, if it comes from a list.
    pub listed: Option<usize>,
    /// The tool whose suppression it is.
    pub by: Tool,
    /// The reason given.
    pub reason: Option<String>,
    /// Whether it is for every rule and not for ours by name.
    is_blanket: bool,
    has_expired: bool,
}

/// All that a text asks for, and what each covers.
#[derive(Debug, Default)]
pub struct Suppressions {
    all: Vec<Suppression>,
    /// Those that cover the file.
    file: Vec<usize>,
    /// Those that cover a resource, by its logical ID.
    resources: BTreeMap<NodeId, Vec<usize>>,
    /// Those that cover a key and its value, by either.
    blocks: BTreeMap<NodeId, Vec<usize>>,
    /// Those that cover a line, by its start in bytes.
    lines: BTreeMap<usize, Vec<usize>>,
}

impl Suppressions {
    /// A suppression by its number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Suppression> {
        self.all.get(number)
    }

    /// The numbers of those that cover a finding, the one to name first.
    #[must_use]
    pub fn covering(&self, tree: &Tree<'_>, lines: &LineIndex<'_>, finding: &Breach) -> Vec<usize> {
        self.at(tree, lines, finding.resource, finding.at)
            .into_iter()
            .filter(|&number| self.get(number).is_some_and(|found| !found.has_expired))
            .collect()
    }

    /// Those of no use, given the numbers of the others, in the order of the
    /// text. One that is for every rule may serve another one: it is named
    /// only where it covers an ECR repository.
    #[must_use]
    pub fn useless(
        &self,
        tree: &Tree<'_>,
        lines: &LineIndex<'_>,
        resources: &[Resource],
        policy: &Policy,
        used: &[usize],
    ) -> Vec<(&Suppression, Useless)> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut is_used = vec![false; self.all.len()];
        let mut is_near = vec![false; self.all.len()];
        let set = |flags: &mut Vec<bool>, numbers: &[usize]| {
            for &number in numbers {
                if let Some(flag) = flags.get_mut(number) {
                    *flag = true;
                }
            }
        };
        set(&mut is_used, used);
        for &resource in resources {
            if policy.covers(tree, resource.body) {
                for at in own_keys(tree, resource) {
                    set(&mut is_near, &self.at(tree, lines, resource, at));
                }
            }
        }
        let mut useless: Vec<(&Suppression, Useless)> = self
            .all
            .iter()
            .zip(is_used.into_iter().zip(is_near))
            .filter(|(found, (is_used, is_near))| {
                found.listed.is_none() && !is_used && (*is_near || !found.is_blanket)
            })
            .map(|(found, _)| {
                let why = if found.has_expired {
                    Useless::Expired
                } else {
                    Useless::HidesNothing
                };
                (found, why)
            })
            .collect();
        useless.sort_by_key(|(found, why)| (found.at, found.by, *why));
        // Metadata says the same for each alias of its resource.
        useless.dedup_by_key(|(found, _)| (found.at, found.by));
        useless
    }

    /// The numbers of those that cover what a resource says `at` a node.
    fn at(
        &self,
        tree: &Tree<'_>,
        lines: &LineIndex<'_>,
        resource: Resource,
        at: NodeId,
    ) -> Vec<usize> {
        let mut found = self.file.clone();
        found.extend(
            self.resources
                .get(&resource.logical_id)
                .into_iter()
                .flatten(),
        );
        if !self.lines.is_empty() {
            let line = lines.line(tree.start(at)).start;
            found.extend(self.lines.get(&line).into_iter().flatten());
        }
        let mut next = Some(at).filter(|_| !self.blocks.is_empty());
        while let Some(node) = next {
            found.extend(self.blocks.get(&node).into_iter().flatten());
            next = tree.parent(node);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Adds one that covers nothing yet; gives its number.
    fn add(&mut self, suppression: Suppression) -> usize {
        self.all.push(suppression);
        self.all.len() - 1
    }

    fn cover_file(&mut self, number: usize) {
        push(&mut self.file, number, &self.all);
    }

    fn cover_resource(&mut self, logical_id: NodeId, number: usize) {
        let covering = self.resources.entry(logical_id).or_default();
        push(covering, number, &self.all);
    }

    fn cover_block(&mut self, key: NodeId, value: NodeId, number: usize) {
        for node in [key, value] {
            push(self.blocks.entry(node).or_default(), number, &self.all);
        }
    }

    fn cover_line(&mut self, start: usize, number: usize) {
        push(self.lines.entry(start).or_default(), number, &self.all);
    }
}

/// How many suppressions are kept for one thing. Real ones are one or two;
/// the bound keeps a hostile text, with a row of them above each of many
/// findings, from costing more than its length.
const MAX_PER_PLACE: usize = 64;

/// Adds one to those that cover a thing, in any case the first that counts.
fn push(covering: &mut Vec<usize>, number: usize, all: &[Suppression]) {
    let counts = |&number: &usize| all.get(number).is_some_and(|found| !found.has_expired);
    let is_needed = counts(&number) && !covering.iter().any(counts);
    if covering.len() < MAX_PER_PLACE || is_needed {
        covering.push(number);
    }
}

/// Reads what a text, and the lists beside it, ask for.
///
/// # Errors
/// Where the template may hold suppressions in comments that cannot be read. Nothing
/// may be edited then.
pub fn read(
    tree: &Tree<'_>,
    lines: &LineIndex<'_>,
    resources: &[Resource],
    rules: &SuppressionRules,
) -> Result<Suppressions, SyntaxError> {
    let mut found = Suppressions::default();
    if !rules.are_on {
        return Ok(found);
    }
    if may_ask(tree) {
        let comments = syntax::comments(tree)?;
        place::place(tree, lines, resources, &comments, rules.today, &mut found);
    }
    // Once for each mapping, however many aliases of it there are.
    let mut numbered: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    for resource in resources {
        let numbers = numbered.entry(resource.body).or_insert_with(|| {
            let notes = metadata::noted(tree, resource.body).into_iter();
            let add = |note: metadata::Noted| {
                found.add(Suppression {
                    at: Some(tree.start(note.at)),
                    listed: None,
                    by: note.by,
                    reason: note.reason,
                    is_blanket: false,
                    has_expired: false,
                })
            };
            notes.take(MAX_PER_PLACE).map(add).collect()
        });
        for &number in numbers.iter() {
            found.cover_resource(resource.logical_id, number);
        }
    }
    for listed in &rules.listed {
        let number = found.add(Suppression {
            at: None,
            listed: Some(listed.number),
            by: TRIVY,
            reason: listed.reason.clone(),
            is_blanket: false,
            has_expired: !listed.until.counts_on(rules.today),
        });
        found.cover_file(number);
    }
    Ok(found)
}

/// Whether a text has comments that may ask for something. Few have, and the
/// others are not read twice.
fn may_ask(tree: &Tree<'_>) -> bool {
    let text = tree.text();
    if tree.format() == Format::Json || memchr::memchr(b'#', text.as_bytes()).is_none() {
        return false;
    }
    let text = text.to_ascii_lowercase();
    comment::MARKERS
        .iter()
        .any(|marker| memchr::memmem::find(text.as_bytes(), marker.as_bytes()).is_some())
}

/// The keys of a resource at which a comment of ours covers it, as far as they
/// are its own text and not that of a node that it is an alias of.
fn own_keys(tree: &Tree<'_>, resource: Resource) -> Vec<NodeId> {
    let mut keys = vec![resource.logical_id];
    for name in ["Type", "Properties"] {
        for entry in tree.entries_named(resource.value, name) {
            keys.push(entry.key);
            if name == "Properties" {
                keys.extend(
                    tree.entries_named(entry.value, MUTABILITY)
                        .map(|mutability| mutability.key),
                );
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_keeps_a_bounded_number_and_the_first_that_counts() {
        const MOST: usize = MAX_PER_PLACE;
        // How many have expired, how many count behind them, and how many of
        // all are kept.
        for (expired, counting, kept) in [
            (0, 0, 0),
            (0, 1, 1),
            (0, MOST, MOST),
            (0, MOST + 2, MOST),
            (1, MOST + 2, MOST),
            (MOST - 1, 2, MOST),
            (MOST, 0, MOST),
            (MOST, 1, MOST + 1),
            (MOST + 2, 0, MOST),
            (MOST + 2, 3, MOST + 1),
        ] {
            let all = (0..expired + counting).map(|number| Suppression {
                at: None,
                listed: None,
                by: TRIVY,
                reason: None,
                is_blanket: false,
                has_expired: number < expired,
            });
            let all: Vec<Suppression> = all.collect();
            let mut covering = Vec::new();
            for number in 0..all.len() {
                push(&mut covering, number, &all);
            }
            assert_eq!(covering.len(), kept, "{expired} and {counting}");
            let first = (counting > 0).then_some(expired);
            let counts = covering.into_iter().find(|&number| number >= expired);
            assert_eq!(counts, first, "{expired} and {counting}");
        }
    }
}
