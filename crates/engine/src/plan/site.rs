//! What is written where.
//!
//! This module owns what both layouts, lines and braces, need to know of a place before they
//! write to it.

use super::page::{Owner, Page};
use super::quotes::Quotes;
use crate::syntax::NodeId;

/// By what to indent below a key, where the template gives no evidence.
pub(super) const COMMON_STEP: &str = "  ";

/// A place that entries are written to.
#[derive(Clone, Copy)]
pub(super) struct Site<'p> {
    /// The template.
    pub(super) page: &'p Page<'p>,
    /// The ECR repository that has the place as its own text.
    pub(super) owner: Owner,
    /// The mapping that gains entries, or what becomes one.
    pub(super) mapping: NodeId,
    /// How the new keys and values are quoted.
    pub(super) quotes: Quotes,
}
