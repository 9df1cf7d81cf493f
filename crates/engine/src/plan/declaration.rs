//! What a fix makes an ECR repository declare.
//!
//! This module owns the mutability value and the exclusion filters that go with it, as entries of
//! the properties. It does not know where they are written, nor how they are laid out.

use crate::find::TagPattern;
use crate::rule::{
    FILTER_TYPE, FILTER_VALUE, FILTERS, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABILITY, WILDCARD,
};
use crate::syntax::change::{self, New};
use crate::syntax::{NodeId, Tree};

/// What one ECR repository is to declare.
pub(super) struct Declaration {
    /// The exclusion filters; None where no tag is to stay mutable.
    filters: Option<New>,
}

impl Declaration {
    /// Returns the declaration that keeps these tags mutable, and no others.
    pub(super) fn keeping<'t>(tags: impl IntoIterator<Item = &'t TagPattern>) -> Self {
        let filter = |tag: &TagPattern| {
            let pairs = [(FILTER_TYPE, WILDCARD), (FILTER_VALUE, tag.as_str())];
            let entry = |(key, word): (&str, &str)| (key.to_owned(), New::Text(word.to_owned()));
            New::Mapping(pairs.map(entry).into())
        };
        let filters: Vec<New> = tags.into_iter().map(filter).collect();
        Self {
            filters: (!filters.is_empty()).then_some(New::Sequence(filters)),
        }
    }

    /// Returns the mutability value.
    pub(super) fn mutability(&self) -> &'static str {
        if self.filters.is_none() {
            IMMUTABLE
        } else {
            IMMUTABLE_WITH_EXCLUSION
        }
    }

    /// Returns the entry of the exclusion filters, if there are to be any.
    pub(super) fn filters(&self) -> Option<(String, New)> {
        let filters = self.filters.clone()?;
        Some((FILTERS.to_owned(), filters))
    }

    /// Whether there are to be exclusion filters.
    pub(super) fn has_filters(&self) -> bool {
        self.filters.is_some()
    }

    /// Returns all entries, the mutability first.
    pub(super) fn entries(&self) -> Vec<(String, New)> {
        let value = New::Text(self.mutability().to_owned());
        let mut entries = vec![(MUTABILITY.to_owned(), value)];
        entries.extend(self.filters());
        entries
    }

    /// Returns the same without the filters, where the properties have them already.
    pub(super) fn missing_in(&self, tree: &Tree<'_>, properties: NodeId) -> Vec<(String, New)> {
        let mut entries = self.entries();
        if self.has_filters_in(tree, properties) {
            entries.truncate(1);
        }
        entries
    }

    /// Whether the properties have the right filters already, however they are written:
    /// then they are to change no more than anything else.
    pub(super) fn has_filters_in(&self, tree: &Tree<'_>, properties: NodeId) -> bool {
        tree.entry(properties, FILTERS)
            .zip(self.filters.as_ref())
            .is_some_and(|(there, filters)| change::says(tree, tree.resolve(there.value), filters))
    }
}
