//! Why a finding gets no fix.
//!
//! This module owns the reasons, their codes and their wording. It does not know what a user can
//! do about one with a flag: whoever has flags adds that to the code.

use super::layout::Layout;
use crate::find::{MOST_TAGS, Obstacle};
use crate::rule::{IMMUTABLE, MAX_FILTERS, MUTABILITY};
use crate::text::span::LineIndex;

/// Why a finding is not fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The template does not decide, or contradicts itself.
    Obstacle(Obstacle),
    /// The bytes to change lie in an anchored node, and an alias (or the
    /// anchor) stands where the change is not wanted.
    Shared {
        /// Where it stands, in bytes.
        at: usize,
    },
    /// The declaration of the parameter whose default would change does not
    /// let it be the right value, or may not.
    NotAllowed {
        /// The name of the parameter.
        parameter: String,
        /// Where the declaration says so, in bytes.
        at: usize,
    },
    /// The literal that the mutability is computed from feeds something else, too.
    OtherUser {
        /// Where that reads it, in bytes.
        at: usize,
    },
    /// The value stands in a block scalar that would not become the value
    /// alone.
    BlockScalar,
    /// More tags are to stay mutable than ECR has filters for.
    TooManyTags {
        /// How many.
        count: usize,
    },
    /// It is unknown which tags move in the ECR repository, although that was asked.
    UnknownPushes {
        /// Why, if there is more to say than that.
        why: Option<String>,
    },
    /// The text is laid out in a way that leaves no sure place to write.
    Layout(Layout),
}

impl Refusal {
    /// Returns a short name that stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Obstacle(Obstacle::DuplicateKey(_)) => "duplicate-key",
            Self::Obstacle(Obstacle::Computed(_)) => "computed",
            Self::Obstacle(Obstacle::Merged(_)) => "merged",
            Self::Obstacle(Obstacle::NotAMapping) => "not-a-mapping",
            Self::Obstacle(Obstacle::NotAScalar) => "not-a-scalar",
            Self::Obstacle(Obstacle::NotAllowed { .. }) | Self::NotAllowed { .. } => "not-allowed",
            Self::Obstacle(Obstacle::UnsureKey) => "unsure-key",
            Self::Obstacle(Obstacle::PullThroughCache) => "pull-through-cache",
            Self::OtherUser { .. } => "other-user",
            Self::Shared { .. } => "shared",
            Self::BlockScalar => "block-scalar",
            Self::TooManyTags { .. } => "too-many-tags",
            Self::UnknownPushes { .. } => "unknown-pushes",
            Self::Layout(_) => "layout",
        }
    }

    /// Returns the reason as a clause, and what to do in the template where that helps.
    #[must_use]
    pub fn explain(&self, lines: &LineIndex<'_>) -> String {
        let line = |at: usize| lines.position(at).line;
        let by_hand = |why: &str| format!("{why}; write {MUTABILITY}: {IMMUTABLE} by hand");
        match self {
            Self::Obstacle(obstacle) => obstacle.to_string(),
            Self::Shared { at } => by_hand(&format!(
                "the node is shared through an anchor (line {})",
                line(*at)
            )),
            Self::NotAllowed { parameter, at } => format!(
                "line {} does not let parameter {parameter} be {IMMUTABLE}, or may not; let it first",
                line(*at)
            ),
            Self::OtherUser { at } => by_hand(&format!(
                "what it is computed from is also read on line {}",
                line(*at)
            )),
            Self::BlockScalar => by_hand("the value is a block scalar"),
            Self::TooManyTags { count } if *count > MOST_TAGS => format!(
                "more than {MOST_TAGS} tags are moved here, and ECR takes {MAX_FILTERS} filters"
            ),
            Self::TooManyTags { count } => {
                format!("{count} tags are moved here, and ECR takes {MAX_FILTERS} filters")
            }
            Self::UnknownPushes { why } => why
                .as_deref()
                .unwrap_or("what pushes to it could not be looked for")
                .to_owned(),
            Self::Layout(layout) => by_hand(layout.reason()),
        }
    }
}
