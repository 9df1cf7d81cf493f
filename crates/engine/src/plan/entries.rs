//! New entries as text: lines of a block mapping, or members in braces.
//!
//! This module owns punctuation and nesting. It does not know where the text
//! goes, nor why; quotes come with [`Quotes`].

use super::quotes::{Quotes, quoted};
use crate::syntax::change::New;

/// How a mapping in braces is written.
#[derive(Clone, Copy)]
pub(super) struct Braces<'p> {
    /// Between a key and its value.
    pub(super) colon: &'p str,
    /// Between two members on one line.
    pub(super) comma: &'p str,
    /// Inside the braces of a mapping on one line.
    pub(super) pad: &'p str,
}

/// The white space of lines.
#[derive(Clone, Copy)]
pub(super) struct Lines<'p> {
    /// Before the entries.
    pub(super) indent: &'p str,
    /// What each deeper level has more.
    pub(super) step: &'p str,
    /// What ends a line.
    pub(super) ending: &'p str,
}

/// Entries as lines of a block mapping, without the ending of the last.
pub(super) fn block(entries: &[(String, New)], quotes: Quotes, lines: Lines<'_>) -> String {
    let Lines {
        indent,
        step,
        ending,
    } = lines;
    let mut written = Vec::new();
    for (key, value) in entries {
        let key = quoted(key, quotes.key);
        let deeper = format!("{indent}{step}");
        match value {
            New::Text(word) => {
                let word = quoted(word, quotes.value);
                written.push(format!("{indent}{key}: {word}"));
            }
            New::Mapping(entries) => {
                let lines = Lines {
                    indent: &deeper,
                    ..lines
                };
                let below = block(entries, quotes, lines);
                written.push(format!("{indent}{key}:{ending}{below}"));
            }
            New::Sequence(items) => {
                written.push(format!("{indent}{key}:"));
                for item in items {
                    // The dash and its blank are what the item is indented by.
                    let inner = format!("{deeper}  ");
                    let lines = Lines {
                        indent: &inner,
                        ..lines
                    };
                    let item = match item {
                        New::Mapping(entries) => block(entries, quotes, lines),
                        New::Text(word) => format!("{inner}{}", quoted(word, quotes.value)),
                        New::Sequence(_) => {
                            let braces = Braces {
                                colon: ": ",
                                comma: ", ",
                                pad: "",
                            };
                            format!("{inner}{}", one_line(item, quotes, braces))
                        }
                    };
                    let item = item.strip_prefix(&inner).unwrap_or(&item);
                    written.push(format!("{deeper}- {item}"));
                }
            }
        }
    }
    written.join(ending)
}

/// Members on one line, without the braces.
pub(super) fn members(entries: &[(String, New)], quotes: Quotes, braces: Braces<'_>) -> String {
    let members = entries.iter().map(|(key, value)| {
        let (key, value) = (quoted(key, quotes.key), one_line(value, quotes, braces));
        format!("{key}{}{value}", braces.colon)
    });
    members.collect::<Vec<_>>().join(braces.comma)
}

/// A value on one line.
pub(super) fn one_line(value: &New, quotes: Quotes, braces: Braces<'_>) -> String {
    let pad = braces.pad;
    match value {
        New::Text(word) => quoted(word, quotes.value),
        New::Mapping(entries) => format!("{{{pad}{}{pad}}}", members(entries, quotes, braces)),
        New::Sequence(items) => {
            let items = items.iter().map(|item| one_line(item, quotes, braces));
            format!("[{}]", items.collect::<Vec<_>>().join(braces.comma))
        }
    }
}

/// Members on lines of their own, each with its indentation, without the
/// ending of the last.
pub(super) fn member_lines(
    entries: &[(String, New)],
    quotes: Quotes,
    colon: &str,
    lines: Lines<'_>,
) -> String {
    let members = entries.iter().map(|(key, value)| {
        let key = quoted(key, quotes.key);
        let value = over_lines(value, quotes, colon, lines);
        format!("{}{key}{colon}{value}", lines.indent)
    });
    let members: Vec<String> = members.collect();
    members.join(&format!(",{}", lines.ending))
}

/// A value whose parts have lines of their own; the first line is not
/// indented.
pub(super) fn over_lines(value: &New, quotes: Quotes, colon: &str, lines: Lines<'_>) -> String {
    let Lines {
        indent,
        step,
        ending,
    } = lines;
    let deeper = format!("{indent}{step}");
    let inner = Lines {
        indent: &deeper,
        ..lines
    };
    match value {
        New::Text(word) => quoted(word, quotes.value),
        New::Mapping(entries) => {
            let members = member_lines(entries, quotes, colon, inner);
            format!("{{{ending}{members}{ending}{indent}}}")
        }
        New::Sequence(items) => {
            let items = items
                .iter()
                .map(|item| format!("{deeper}{}", over_lines(item, quotes, colon, inner)));
            let items = items.collect::<Vec<_>>().join(&format!(",{ending}"));
            format!("[{ending}{items}{ending}{indent}]")
        }
    }
}
