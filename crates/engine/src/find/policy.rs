//! How the rule is taken, and which tags stay mutable.
//!
//! This module owns what a user decides about the rule. It judges nothing.

use std::collections::BTreeMap;

use crate::rule::{MAX_FILTER_LENGTH, MAX_WILDCARDS, RESOURCE_TYPES, ResourceType, is_filter_byte};
use crate::syntax::{NodeId, Tree};

/// How strict the rule is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What cannot be decided is a note; `IMMUTABLE_WITH_EXCLUSION` passes.
    #[default]
    Default,
    /// Only a literal `IMMUTABLE` passes, as for Checkov, Trivy and AWS
    /// Control Tower (CT.ECR.PR.3).
    Strict,
}

/// How the rule is taken, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How strict it is.
    pub profile: Profile,
    /// The tags that are to stay mutable, so that pipelines can move them.
    pub keep_mutable: Vec<TagPattern>,
    /// Those that are to stay mutable in single repositories beside them, by
    /// their logical IDs, where what moves was looked for. A repository that
    /// is not named here is one that nothing is known of; one that nothing
    /// moves in is named, with no tags.
    pub keep_moving: Option<BTreeMap<String, Vec<TagPattern>>>,
    /// Why nothing is known of any, where that is because of what was looked
    /// at; it goes before a comma.
    pub unknown_pushes: Option<String>,
    /// Whether it covers creation templates, too.
    pub creation_templates: bool,
}

/// How many tags of a repository are counted one by one, so that many that are
/// moved in many repositories cost no more than they take to write. So many are
/// refused in any case.
pub const MOST_TAGS: usize = 100;

/// The tags that an exclusion filter matches: a tag, or a pattern in which
/// `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern(String);

impl TagPattern {
    /// Takes a pattern as ECR does: 1 to 128 letters, digits, `.`, `_`, `-`,
    /// and at most two `*`.
    ///
    /// Source: Amazon ECR API Reference, `ImageTagMutabilityExclusionFilter`.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() || pattern.len() > MAX_FILTER_LENGTH {
            return Err(format!("a tag has 1 to {MAX_FILTER_LENGTH} characters"));
        }
        if !pattern.bytes().all(is_filter_byte) {
            return Err("a tag is made of letters, digits, `.`, `_`, `-` and `*`".to_owned());
        }
        if pattern.bytes().filter(|&byte| byte == b'*').count() > MAX_WILDCARDS {
            return Err("a tag has at most two `*`".to_owned());
        }
        Ok(Self(pattern.to_owned()))
    }

    /// The pattern, as ECR takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a tag is among those that it matches.
    #[must_use]
    pub fn matches(&self, tag: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == tag;
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let inner = tag.strip_prefix(first);
        let inner = inner.and_then(|inner| inner.strip_suffix(last));
        inner.is_some_and(|inner| inner.contains(middle))
    }
}

impl Policy {
    /// Whether some tags are to stay mutable in any repository.
    #[must_use]
    pub fn keeps_any(&self) -> bool {
        !self.keep_mutable.is_empty() || self.keeps_own()
    }

    /// Whether some are to stay so in single repositories.
    #[must_use]
    pub fn keeps_own(&self) -> bool {
        let mut own = self.keep_moving.iter().flat_map(BTreeMap::values);
        own.any(|tags| !tags.is_empty())
    }

    /// Whether it is known which tags are to stay mutable in a repository.
    #[must_use]
    pub fn knows(&self, logical_id: &str) -> bool {
        let moving = self.keep_moving.as_ref();
        moving.is_none_or(|moving| moving.contains_key(logical_id))
    }

    /// The tags that are to stay mutable in a repository, by its logical ID. A
    /// tag that a pattern for all matches is none of its own.
    #[must_use]
    pub fn kept(&self, logical_id: &str) -> Vec<&TagPattern> {
        let mut kept: Vec<&TagPattern> = self.keep_mutable.iter().collect();
        let is_new = |tag: &&TagPattern| {
            !self
                .keep_mutable
                .iter()
                .any(|all| all.matches(tag.as_str()))
        };
        let own = self.keep_moving.as_ref();
        let own = own.and_then(|own| own.get(logical_id));
        kept.extend(own.into_iter().flatten().filter(is_new));
        kept
    }

    /// Whether a resource's mapping says literally that it is of a type that
    /// the rule covers.
    #[must_use]
    pub fn covers(&self, tree: &Tree<'_>, body: NodeId) -> bool {
        tree.entries_named(body, "Type")
            .any(|entry| self.covers_type(tree, entry.value).is_some())
    }

    /// The type that a node names, if the rule covers it.
    pub(super) fn covers_type(&self, tree: &Tree<'_>, word: NodeId) -> Option<ResourceType> {
        let name = tree.literal(word)?;
        let mut covered = RESOURCE_TYPES.into_iter();
        let covered = covered.find(|covered| covered.name == name)?;
        (!covered.is_opt_in || self.creation_templates).then_some(covered)
    }
}
