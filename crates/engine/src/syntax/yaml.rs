//! YAML to the tree, through `granit-parser`.
//!
//! This module owns the way from the parser's events to nodes. It resolves
//! aliases to the nodes they name and nothing else: merge keys are entries
//! like any other here. Comments are no nodes; where they stand is told
//! apart from the tree.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScanError, StructureStyle, options};

use super::{
    Builder, CollectionStyle, Format, NodeId, ScalarStyle, SyntaxError, SyntaxErrorKind, Tag,
    TagKind, Tree,
};
use crate::text::span::Span;

/// Reads `text` as a stream of YAML documents.
pub(super) fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let options = options! { emit_anchor_events: true, emit_comments: false };
    let mut builder = Builder::new(text, Format::Yaml);
    let mut anchored: HashMap<usize, NodeId> = HashMap::new();
    let mut last = None;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, place) = next.map_err(|error| refused(text, &error))?;
        let span = span(&place);
        let tag = tag(&event, &place);
        let anchor = event.anchor_id();
        let id = match event {
            Event::Scalar(word, style, ..) => {
                let style = scalar_style(style);
                let written = !(style == ScalarStyle::Plain && span.is_empty());
                let text = if written { word } else { Cow::Borrowed("") };
                builder.scalar(span, text, style)
            }
            Event::MappingStart(style, ..) => {
                builder.open_mapping(span, collection_style(style))?
            }
            Event::SequenceStart(style, ..) => {
                builder.open_sequence(span, collection_style(style))?
            }
            Event::MappingEnd | Event::SequenceEnd => {
                builder.close_at(span.end);
                continue;
            }
            Event::Alias(name) => {
                let target = anchored.get(&name).copied();
                builder.alias(span, target)
            }
            Event::Anchor(..) => {
                if let Some(head) = last.and_then(|id| builder.head_mut(id)) {
                    head.anchor = Some(span);
                }
                continue;
            }
            _ => continue,
        };
        if let Some(anchor) = anchor {
            anchored.insert(anchor, id);
        }
        if tag.is_some()
            && let Some(head) = builder.head_mut(id)
        {
            head.tag = tag;
        }
        last = Some(id);
    }
    Ok(builder.finish())
}

/// Where the comments of `text` stand, in the order of the text.
pub(super) fn comments(text: &str) -> Result<Vec<Span>, SyntaxError> {
    // How many comments may stand in a row is a matter of memory only, and
    // the text that they are made of is held already.
    let options = options! { emit_comments: true, max_buffered_comment_events: usize::MAX };
    let mut comments = Vec::new();
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, place) = next.map_err(|error| refused(text, &error))?;
        if matches!(event, Event::Comment(..)) {
            comments.push(span(&place));
        }
    }
    // One that stands between a tag and its node is told of before both.
    comments.sort_unstable();
    Ok(comments)
}

fn refused(text: &str, error: &ScanError) -> SyntaxError {
    let offset = error
        .marker()
        .byte_offset()
        .unwrap_or_default()
        .min(text.len());
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => SyntaxError {
            offset,
            kind: SyntaxErrorKind::TooDeep,
        },
        _ => SyntaxError::invalid(Format::Yaml, offset, error.info()),
    }
}

/// The tag of a node, as `%TAG` directives resolve it.
fn tag(event: &Event<'_>, place: &granit_parser::Span) -> Option<Tag> {
    let own = match event {
        Event::Scalar(..) => "str",
        Event::MappingStart(..) => "map",
        Event::SequenceStart(..) => "seq",
        _ => return None,
    };
    let tag = event.tag()?;
    let is_merge = || tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() == Some("merge");
    let is_own = tag.core_suffix() == Some(own) || tag.original() == "!";
    Some(Tag {
        // Where a tag is too long to have a place it is at least there.
        span: place.tag_span().as_ref().map_or(span(place), span),
        kind: if is_own {
            TagKind::Own
        } else if own == "str" && is_merge() {
            TagKind::Merge
        } else {
            TagKind::Other
        },
    })
}

fn span(place: &granit_parser::Span) -> Span {
    // A parser made from a string gives every place in bytes.
    let range = place.byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

fn scalar_style(style: granit_parser::ScalarStyle) -> ScalarStyle {
    match style {
        granit_parser::ScalarStyle::Plain => ScalarStyle::Plain,
        granit_parser::ScalarStyle::SingleQuoted => ScalarStyle::Single,
        granit_parser::ScalarStyle::DoubleQuoted => ScalarStyle::Double,
        granit_parser::ScalarStyle::Literal | granit_parser::ScalarStyle::Folded => {
            ScalarStyle::Block
        }
    }
}

fn collection_style(style: StructureStyle) -> CollectionStyle {
    match style {
        StructureStyle::Block => CollectionStyle::Block,
        StructureStyle::Flow => CollectionStyle::Flow,
    }
}
