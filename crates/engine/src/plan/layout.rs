//! The layouts that leave no sure place to write: one variant a reason.
//!
//! People read the reason, behind the code `layout`. The sub-code is for the fixtures, so that
//! each says which of the reasons it is for. Where a layout is met is not known here.

/// Why the layout of a text leaves no sure place to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the reason below says it")]
pub enum Layout {
    NoColon,
    Tab,
    TabBelow,
    LineSeparator,
    NoEntry,
    BesideParent,
    BlockScalar,
    BlankLine,
    FiltersBesideKey,
    FiltersBlockScalar,
    ScannerComment,
    Anchor,
    NoValueLines,
    NotAWord,
    ValueWithoutKey,
    MutabilityWithoutKey,
    NoType,
    OutsideRepository,
    NoMembers,
    ExplicitKey,
    MemberSharesLine,
    NoMember,
    MemberAlone,
    CommentBetween,
    NoComma,
    NoBraces,
    MarkupProperties,
    MarkupInPlace,
    MarkupDecides,
    MarkupTrims,
    MarkupBelow,
    MarkupEndsInside,
    MarkupBeforeKey,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::NoColon,
        Self::Tab,
        Self::TabBelow,
        Self::LineSeparator,
        Self::NoEntry,
        Self::BesideParent,
        Self::BlockScalar,
        Self::BlankLine,
        Self::FiltersBesideKey,
        Self::FiltersBlockScalar,
        Self::ScannerComment,
        Self::Anchor,
        Self::NoValueLines,
        Self::NotAWord,
        Self::ValueWithoutKey,
        Self::MutabilityWithoutKey,
        Self::NoType,
        Self::OutsideRepository,
        Self::NoMembers,
        Self::ExplicitKey,
        Self::MemberSharesLine,
        Self::NoMember,
        Self::MemberAlone,
        Self::CommentBetween,
        Self::NoComma,
        Self::NoBraces,
        Self::MarkupProperties,
        Self::MarkupInPlace,
        Self::MarkupDecides,
        Self::MarkupTrims,
        Self::MarkupBelow,
        Self::MarkupEndsInside,
        Self::MarkupBeforeKey,
    ];

    /// Returns the name of the reason, as fixtures have it.
    #[must_use]
    pub fn sub_code(self) -> &'static str {
        self.texts().0
    }

    /// Returns the reason, for people. No two layouts have the same.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::NoColon => ("layout/no-colon", "the key has no colon"),
            Self::Tab => ("layout/tab", "the indentation holds tabs"),
            Self::TabBelow => (
                "layout/tab-below",
                "a tab stands in the indentation of a line below, which some readers reject",
            ),
            Self::LineSeparator => (
                "layout/line-separator",
                "the file has a line separator that some readers take for the end of a line",
            ),
            Self::NoEntry => ("layout/no-entry", "no entry to go by"),
            Self::BesideParent => (
                "layout/beside-parent",
                "the first property shares the line of its parent",
            ),
            Self::BlockScalar => ("layout/block-scalar", "a block scalar stands in the way"),
            Self::BlankLine => (
                "layout/blank-line",
                "a blank line would become a part of the block scalar above",
            ),
            Self::FiltersBesideKey => (
                "layout/filters-beside-key",
                "the exclusion filters share a line with another key",
            ),
            Self::FiltersBlockScalar => (
                "layout/filters-block-scalar",
                "the exclusion filters hold a block scalar",
            ),
            Self::ScannerComment => (
                "layout/scanner-comment",
                "a comment for a scanner stands in the lines that would go; move it first",
            ),
            Self::Anchor => ("layout/anchor", "an anchor stands in the way"),
            Self::NoValueLines => (
                "layout/no-value-lines",
                "AWS::NoValue stands on several lines",
            ),
            Self::NotAWord => ("layout/not-a-word", "the value is not a word"),
            Self::ValueWithoutKey => ("layout/value-without-key", "the value belongs to no key"),
            Self::MutabilityWithoutKey => ("layout/mutability-without-key", "the mode has no key"),
            Self::NoType => ("layout/no-type", "the resource has no Type"),
            Self::OutsideRepository => (
                "layout/outside-repository",
                "the node stands in no repository",
            ),
            Self::NoMembers => ("layout/no-members", "the mapping has no members"),
            Self::ExplicitKey => (
                "layout/explicit-key",
                "the first key of the mapping is explicit",
            ),
            Self::MemberSharesLine => (
                "layout/member-shares-line",
                "the first member shares its line",
            ),
            Self::NoMember => ("layout/no-member", "the member is not there"),
            Self::MemberAlone => ("layout/member-alone", "the member stands alone"),
            Self::CommentBetween => (
                "layout/comment-between",
                "a comment stands between the members",
            ),
            Self::NoComma => ("layout/no-comma", "no comma between the members"),
            Self::NoBraces => ("layout/no-braces", "the mapping has no braces"),
            Self::MarkupProperties => (
                "layout/markup-properties",
                "a mark of the template engine may bring Properties",
            ),
            Self::MarkupInPlace => (
                "layout/markup-in-place",
                "a mark of the template engine stands where the text would change",
            ),
            Self::MarkupDecides => (
                "layout/markup-decides",
                "a block of the template engine decides whether the changed text is there",
            ),
            Self::MarkupTrims => (
                "layout/markup-trims",
                "the template engine takes the white space away before the changed text",
            ),
            Self::MarkupBelow => (
                "layout/markup-below",
                "what stands below the next block of the template engine may belong to the resource",
            ),
            Self::MarkupEndsInside => (
                "layout/markup-ends-inside",
                "a block of the template engine ends inside a property",
            ),
            Self::MarkupBeforeKey => (
                "layout/markup-before-key",
                "a mark of the template engine stands before a key to indent by",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Fixtures tell the sub-code by the reason, which others may follow.
    #[test]
    fn reason_begins_no_other_reason() {
        for one in Layout::ALL {
            let mut others = Layout::ALL.into_iter().filter(|other| *other != one);
            assert!(!others.any(|other| other.reason().starts_with(one.reason())));
        }
    }

    #[test]
    fn sub_codes_are_distinct() {
        let codes: BTreeSet<&str> = Layout::ALL.into_iter().map(Layout::sub_code).collect();
        assert_eq!(codes.len(), Layout::ALL.len());
    }
}
