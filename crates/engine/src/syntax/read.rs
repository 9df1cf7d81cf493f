//! A template to a tree, with its markup masked where that is the right reading.
//!
//! This module owns the choice between the two readings of a template that holds markup: as it
//! stands, or with blanks and letters in the place of the markup. It does not know what the
//! tree is asked for.

use super::{CollectionStyle, Format, NodeId, SyntaxError, Tree, parse, parse_as};
use crate::markup::{self, Markup, Token};
use crate::text::source;

/// Reads a template. The tree's text is the template's own, or the same with its markup
/// masked: both have the same length, so that a span means the same in either.
///
/// # Errors
/// Where neither reading is valid YAML or JSON, where the masked one is not sure to be what an
/// engine would give, or where the template is nested too deep.
pub fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let marks = Markup::of(text);
    let plain = parse(text);
    let deceptive = plain.as_ref().ok().and_then(|tree| deceptive(tree, &marks));
    if marks.is_empty() && deceptive.is_none() {
        return plain;
    }
    if plain.is_err() || deceptive.is_some() {
        let masked = marks.masked(text);
        let tree = parse(&masked).map(|tree| tree.with_markup(marks.clone()));
        let is_sure = |tree: &Tree<'_>| {
            let otherwise = markup::otherwise_masked(text);
            self::deceptive(tree, &marks).is_none() && parse(&otherwise).is_ok()
        };
        if let Some(tree) = tree.ok().filter(is_whole).filter(is_sure) {
            if let Some(mark) = shifting(text, &tree, &marks) {
                let reason = "the column of what stands behind this template mark is not known \
                    (put the mark on a line of its own, with no line break taken away)";
                return Err(SyntaxError::invalid(Format::Yaml, mark.span.start, reason));
            }
            return Ok(tree.into_owned());
        }
        if let Some(offset) = deceptive {
            // It can be read, but a mark as what it is not.
            let reason = "its template marks are no YAML, and masking them did not help";
            return Err(SyntaxError::invalid(Format::Yaml, offset, reason));
        }
    }
    let tree = plain.map_err(SyntaxError::although_masked)?;
    // What begins in one string and ends in another is no mark.
    let marks = marks.without(tree.nodes().map(|id| tree.span(id).start));
    Ok(tree.with_markup(marks))
}

/// Reads an edited template as `before` was read: as it stands, or with its markup masked.
/// Gives the text that a tree is to be made of, and the markup.
///
/// # Errors
/// Where the edited template could only be read by one way of masking: it would be an error
/// as soon as it is written.
pub(crate) fn read_again(
    before: &Tree<'_>,
    is_masked: bool,
    after: &str,
) -> Result<(String, Markup), SyntaxError> {
    let marks = Markup::of(after);
    if is_masked {
        parse(&markup::otherwise_masked(after))?;
        return Ok((marks.masked(after), marks));
    }
    let new = parse_as(after, before.format())?;
    let marks = marks.without(new.nodes().map(|id| new.span(id).start));
    Ok((after.to_owned(), marks))
}

/// Whether a masked text was read as all that it is: no mark hides the only
/// repository, and none has become a word that swallows all behind it
/// (`{% set a = 1 %}{"Resources": …`).
fn is_whole(tree: &Tree<'_>) -> bool {
    let mut roots = tree.documents().iter();
    source::concerns_us(tree.text().as_bytes()) && !roots.any(|&root| tree.is_masked(root))
}

/// Where a mark was read as what it is not, the first one: `Name: {{ name }}`
/// is valid YAML, a mapping for the key of a mapping. So is what only looks
/// like a mark (`{{/* below *}}`), and no engine takes it; but a dynamic
/// reference without quotes is somebody's slip.
fn deceptive(tree: &Tree<'_>, marks: &Markup) -> Option<usize> {
    // Most templates hold neither, and cost no look at their nodes.
    if marks.is_empty() && memchr::memmem::find(tree.text().as_bytes(), b"{{").is_none() {
        return None;
    }
    let flow = tree
        .nodes()
        .filter(|&id| tree.collection_style(id) == Some(CollectionStyle::Flow));
    let mut starts = flow
        .filter(|&id| tree.is_mapping(id))
        .map(|id| tree.span(id).start);
    starts.find(|&start| {
        let written = tree.text().get(start..).unwrap_or_default();
        let is_open = written.starts_with("{{") && !written.starts_with("{{resolve:");
        let first = marks.from(start).first();
        is_open || first.is_some_and(|mark| mark.span.start == start)
    })
}

/// The first mark that gives a node another column than it was read at.
fn shifting<'m>(text: &str, tree: &Tree<'_>, marks: &'m Markup) -> Option<&'m Token> {
    let mut starts = tree.nodes().map(|id| tree.span(id).start);
    let shift = starts.find_map(|start| marks.shift(text, start));
    let is_block = |id: &NodeId| tree.collection_style(*id) == Some(CollectionStyle::Block);
    let keys = tree.nodes().filter(is_block);
    let mut keys = keys.flat_map(|id| tree.entries(id)).map(|entry| entry.key);
    shift.or_else(|| keys.find_map(|key| marks.join(text, tree.start(key))))
}
