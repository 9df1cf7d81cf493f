//! What the rule says of a resource, as facts.
//!
//! This module owns the types in which it is said: what is wrong, where, and what there is to
//! fix or why nothing can be. It judges nothing, and knows no bytes.

use std::fmt;

use super::policy::Profile;
use crate::rule::{IMMUTABLE, MUTABILITY};
use crate::syntax::{Entry, NodeId};
use crate::template::Resource;
use crate::template::value::Home;

/// What is wrong with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No mode is declared, which means `MUTABLE`.
    Missing,
    /// The mode is `MUTABLE` or `MUTABLE_WITH_EXCLUSION`.
    Mutable,
    /// The mode is no word that ECR knows.
    Invalid,
    /// The mode and the exclusion filters do not go together: ECR rejects
    /// the pair.
    InvalidPair,
    /// Some tags are excluded from immutability; strict only.
    Exclusion,
    /// A duplicate key: some parsers use its first value, others its last.
    Ambiguous,
    /// The text does not decide it: a function, a placeholder, a macro.
    Unverifiable,
}

impl Verdict {
    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Mutable => "mutable",
            Self::Invalid => "invalid",
            Self::InvalidPair => "invalid-pair",
            Self::Exclusion => "exclusion",
            Self::Ambiguous => "ambiguous",
            Self::Unverifiable => "unverifiable",
        }
    }

    /// Whether it breaks the rule under this profile; else it is a note.
    #[must_use]
    pub fn counts(self, profile: Profile) -> bool {
        self != Self::Unverifiable || profile == Profile::Strict
    }
}

/// Why the facts rule a fix out, whatever the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// This key stands twice in one mapping.
    DuplicateKey(&'static str),
    /// What decides is computed or filled in later: said in a few words.
    Computed(String),
    /// The properties come to the resource through a merge key, so that an
    /// explicit key would hide them.
    Merged(&'static str),
    /// `Properties` is a string or a list.
    NotAMapping,
    /// The mode is a list or a mapping.
    NotAScalar,
    /// The declaration of a parameter does not let it be the right word, or
    /// may not.
    NotAllowed {
        /// The name of the parameter.
        parameter: String,
        /// The key in its declaration that has something against it.
        at: NodeId,
    },
    /// A key beside the place has a tag, or is a merge key in quotes: readers take it in
    /// different ways, so that what the mapping says is not sure.
    UnsureKey,
    /// A creation template that makes the repositories of a pull through
    /// cache, whose tags move when those upstream do.
    PullThroughCache,
}

/// What there is to repair. Nodes are those of the text: where the template
/// says `*alias`, the anchored node is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// Declare `Properties` with the mode.
    AddProperties {
        /// The resource's mapping.
        body: NodeId,
    },
    /// Declare the mode in a `Properties` that is null or an empty mapping.
    FillProperties {
        /// What stands there.
        value: NodeId,
    },
    /// Declare the mode in a `Properties` that has other entries.
    AddMutability {
        /// The mapping of the properties.
        mapping: NodeId,
        /// The exclusion filters, if they must go.
        filters: Option<Entry>,
    },
    /// Put the right word in the place of the mode's value.
    RewriteMutability {
        /// The mapping of the properties.
        mapping: NodeId,
        /// The mode's value.
        value: NodeId,
        /// The exclusion filters, if they must go.
        filters: Option<Entry>,
    },
    /// Put the right word in the place of literals that the mode is computed
    /// from.
    RewriteSources {
        /// The literals, each with its home.
        literals: Vec<(NodeId, Home)>,
    },
}

/// One resource that breaks the rule, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// What is wrong.
    pub verdict: Verdict,
    /// The resource.
    pub resource: Resource,
    /// Its name in the template.
    pub logical_id: String,
    /// The node whose line a scanner would report: the mode's key; where it
    /// is missing the key of `Properties`; where that is missing too the
    /// logical ID.
    pub at: NodeId,
    /// What is wrong, as a clause for people: names the value that stands
    /// there.
    pub message: String,
    /// Where a computed value comes from, as far as it decides the verdict.
    pub sources: Vec<Source>,
    /// Whether the repair is a matter of course, or the user's decision.
    pub is_safe: bool,
    /// Whether it is still [unverifiable](Verdict::Unverifiable) when it is
    /// repaired: the mode can be something that the template does not say.
    pub is_rest_unsure: bool,
    /// What there is to do, or why nothing can be done.
    pub repair: Result<Repair, Obstacle>,
}

/// A node that a computed value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The node.
    pub at: NodeId,
    /// What comes from there, as a clause: `parameter Mode defaults to
    /// MUTABLE`.
    pub how: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKey(key) => {
                write!(f, "{key} stands twice; remove the one that is not meant")
            }
            Self::Computed(_) => write!(
                f,
                "what is computed is not replaced; write {MUTABILITY}: {IMMUTABLE} by hand"
            ),
            Self::Merged(what) => write!(
                f,
                "{what} comes through a merge key (<<); change it where it is anchored"
            ),
            Self::NotAMapping => f.write_str("Properties is not a mapping; make it one"),
            Self::NotAScalar => {
                write!(
                    f,
                    "{MUTABILITY} is a list or a mapping; write {IMMUTABLE} by hand"
                )
            }
            Self::NotAllowed { parameter, .. } => {
                write!(f, "parameter {parameter} does not allow {IMMUTABLE}, or may not")
            }
            Self::UnsureKey => write!(
                f,
                "a key beside the place has a tag, or is a merge key in quotes, and readers \
                 differ in what it means; write {MUTABILITY}: {IMMUTABLE} by hand"
            ),
            Self::PullThroughCache => f.write_str(
                "AppliedFor may hold PULL_THROUGH_CACHE, whose tags move with those upstream; leave it mutable",
            ),
        }
    }
}
