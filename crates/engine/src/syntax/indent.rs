//! What the parsers of YAML let pass that YAML forbids: lines of quoted,
//! plain or bracketed text that stand left of where their node may stand.
//!
//! ```yaml
//! key: [a,
//! b]
//! ```
//!
//! Both parsers read that as if it were indented; others reject it, and so
//! does the YAML test suite (9C9N, DK95/01, QB6E). What is not YAML to
//! everyone is not edited.
//!
//! This module owns that one question about a tree that has been read. It
//! does not ask about block collections and block scalars, which cannot be
//! told from what surrounds them otherwise, so that the parsers see to it.
//!
//! Source: YAML 1.2.2 sections 6.3 (`s-flow-line-prefix(n)`: spaces, of which
//! there must be `n`, and only then tabs) and 8.2 (`n` is one more than the
//! column of the block collection).
//!
//! One liberty is kept, since people write it and every parser in use takes
//! it: a line that begins with a closing bracket or brace may stand at the
//! column of its key.

use super::{CollectionStyle, Format, NodeId, ScalarStyle, SyntaxError, Tree};

const REASON: &str = "a line that goes on inside quotes, brackets or a text without quotes must be \
                      indented deeper than its key, by spaces";

/// Whether each line of the nodes that may have several is indented.
///
/// # Errors
/// At the first text of a line that is not.
pub(super) fn check(tree: &Tree<'_>) -> Result<(), SyntaxError> {
    let text = tree.text();
    for id in tree.nodes() {
        let is_flow = is_flow(tree, id);
        match tree.scalar_style(id) {
            Some(ScalarStyle::Block) => continue,
            None if !is_flow => continue,
            _ => {}
        }
        let span = tree.span(id);
        let written = span.of(text);
        if memchr::memchr2(b'\n', b'\r', written.as_bytes()).is_none() {
            continue;
        }
        let Some(column) = parent_column(tree, id, is_flow) else {
            continue;
        };
        let lines = written.split_inclusive(['\n', '\r']);
        let mut start = span.start;
        for (nth, line) in lines.enumerate() {
            let blanks = line.len() - line.trim_start().len();
            let spaces = line.bytes().take_while(|&byte| byte == b' ').count();
            let needed = match line.as_bytes().get(blanks) {
                // The line that the node begins on is not its own.
                _ if nth == 0 => 0,
                None => 0,
                // A comment may stand anywhere.
                Some(b'#') if is_flow => 0,
                Some(b']' | b'}') if is_flow => column,
                _ => column + 1,
            };
            if spaces < needed {
                return Err(SyntaxError::invalid(Format::Yaml, start + blanks, REASON));
            }
            start += line.len();
        }
    }
    Ok(())
}

fn is_flow(tree: &Tree<'_>, id: NodeId) -> bool {
    tree.collection_style(id) == Some(CollectionStyle::Flow)
}

/// The column of the block collection that holds a node, from 0. None where
/// there is none, or where the node is a part of brackets that are looked at
/// as a whole.
fn parent_column(tree: &Tree<'_>, id: NodeId, is_flow_collection: bool) -> Option<usize> {
    let mut parent = tree.parent(id)?;
    while is_flow(tree, parent) {
        if is_flow_collection {
            return None;
        }
        parent = tree.parent(parent)?;
    }
    // What its first key has before it is part of the line.
    let first = tree.entries(parent).first().map(|entry| entry.key);
    let own = tree.span(parent).start;
    let start = first.map_or(own, |key| tree.start(key).min(own));
    let before = tree.text().get(..start)?;
    let line = before.rsplit(['\n', '\r']).next()?;
    let line = line.trim_start_matches('\u{feff}');
    // Where the dashes stand at the column of the key above, the reader gives
    // the place of what follows the first.
    let column = match line.trim_start_matches(' ').as_bytes() {
        [b'-', ..] if first.is_none() && is_in_mapping(tree, parent) => line.find('-')?,
        _ => line.len(),
    };
    Some(column)
}

fn is_in_mapping(tree: &Tree<'_>, id: NodeId) -> bool {
    tree.parent(id)
        .is_some_and(|parent| tree.is_mapping(parent))
}

#[cfg(test)]
mod tests {
    use super::super::parse_as;
    use super::*;

    fn is_refused(text: &str) -> bool {
        match parse_as(text, Format::Yaml) {
            Ok(_) => false,
            Err(error) => {
                assert!(error.to_string().contains(REASON), "{text:?}: {error}");
                true
            }
        }
    }

    #[test]
    fn lines_that_stand_left_of_their_place_are_refused() {
        for text in [
            "k: [a,\nb]\n",
            "k: \"a\nb\"\n",
            "k: 'a\n\tb'\n",
            "k: [a,\r\nb]\r\n",
            "k: [a,\rb]\r",
            "k:\n  l: [a,\n  b]\n",
            "k:\n  l: [a, [\n    b,\n  c ]]\n",
            "k:\n  l: [\"a\n  b\"]\n",
            "k:\n  l: {a: \"b\n# c\"}\n",
            "- [a,\nb]\n",
            "- - [a,\n  b]\n",
            "- k: [a,\n  b]\n",
            "k:\n- [a,\nb]\n",
            "k:\n  l:\n  - 'a\n  b'\n",
            "k:\n  - - 'a\n    b'\n",
            "? - 'a\n  b'\n: c\n",
            "k:\n  l: [a\n ]\n",
            "? [a,\nb]\n: c\n",
            "\u{feff}k: [a,\nb]\n",
            "&a k: 'b\nc'\n",
            "k: &a\n  !t l: 'b\n  c'\n",
        ] {
            assert!(is_refused(text), "{text:?}");
        }
    }

    #[test]
    fn lines_that_stand_where_they_may_are_read() {
        for text in [
            "[a,\nb]\n",
            "--- 'a\nb'\n",
            "---\n{\"a\": [\n\"b\",\n\"c\"\n]}\n",
            "k: [a,\n b]\n",
            "k: [a,\n \tb]\n",
            "k: [\n  a\n]\n",
            "k: [{\n  a: b\n}, {\n  a: c\n}]\n",
            "k:\n  l: {\n    a: b\n  }\n",
            "k: [a,\n# a comment\n\n  b]\n",
            "k: 'a\n\n b'\n",
            "k: a\n b\n",
            "k: |\n a\n b\n",
            "- k: [a,\n   b]\n",
            "- [a,\n b]\n",
            "k:\n- [a,\n b]\n",
            "k:\n- - [a,\n   b]\n",
            "k:\n- 'a\n b'\n- l: [a,\n   b]\n",
            "k:\n  l:\n  - 'a\n   b'\n",
            "\u{feff}k: [a,\n b]\n",
            "\u{feff}- k: [a,\n   b]\n",
            "&a k: 'b\n c'\n",
            "&a k:\n  !t l: 'b\n   c'\n",
            "? [a,\n b]\n: [c,\n d]\n",
            "? - 'a\n   b'\n: c\n",
            "k: &a\n  l: 'b\n   c'\n",
            "k: &a\n- l: 'b\n   c'\n",
            "k: !t\n  &b l: {\n    c: d\n  }\n",
        ] {
            assert!(!is_refused(text), "{text:?}");
        }
    }
}
