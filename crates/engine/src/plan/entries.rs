//! New entries as text: lines of a block mapping, or members in braces.
//!
//! This module owns punctuation and nesting. It does not know where the text
//! goes, nor why; quotes come with the [`Dress`].

use super::Dress;
use crate::syntax::ScalarStyle;
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
pub(super) fn block(entries: &[(String, New)], dress: Dress, lines: Lines<'_>) -> String {
    let Lines {
        indent,
        step,
        ending,
    } = lines;
    let mut written = Vec::new();
    for (key, value) in entries {
        let key = quoted(key, dress.key);
        let deeper = format!("{indent}{step}");
        match value {
            New::Text(word) => {
                let word = quoted(word, dress.value);
                written.push(format!("{indent}{key}: {word}"));
            }
            New::Mapping(entries) => {
                let lines = Lines {
                    indent: &deeper,
                    ..lines
                };
                let below = block(entries, dress, lines);
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
                        New::Mapping(entries) => block(entries, dress, lines),
                        New::Text(word) => format!("{inner}{}", quoted(word, dress.value)),
                        New::Sequence(_) => {
                            let braces = Braces {
                                colon: ": ",
                                comma: ", ",
                                pad: "",
                            };
                            format!("{inner}{}", one_line(item, dress, braces))
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
pub(super) fn members(entries: &[(String, New)], dress: Dress, braces: Braces<'_>) -> String {
    let members = entries.iter().map(|(key, value)| {
        let (key, value) = (quoted(key, dress.key), one_line(value, dress, braces));
        format!("{key}{}{value}", braces.colon)
    });
    members.collect::<Vec<_>>().join(braces.comma)
}

/// A value on one line.
pub(super) fn one_line(value: &New, dress: Dress, braces: Braces<'_>) -> String {
    let pad = braces.pad;
    match value {
        New::Text(word) => quoted(word, dress.value),
        New::Mapping(entries) => format!("{{{pad}{}{pad}}}", members(entries, dress, braces)),
        New::Sequence(items) => {
            let items = items.iter().map(|item| one_line(item, dress, braces));
            format!("[{}]", items.collect::<Vec<_>>().join(braces.comma))
        }
    }
}

/// Members on lines of their own, each with its indentation, without the
/// ending of the last.
pub(super) fn member_lines(
    entries: &[(String, New)],
    dress: Dress,
    colon: &str,
    lines: Lines<'_>,
) -> String {
    let members = entries.iter().map(|(key, value)| {
        let key = quoted(key, dress.key);
        let value = over_lines(value, dress, colon, lines);
        format!("{}{key}{colon}{value}", lines.indent)
    });
    let members: Vec<String> = members.collect();
    members.join(&format!(",{}", lines.ending))
}

/// A value whose parts have lines of their own; the first line is not
/// indented.
pub(super) fn over_lines(value: &New, dress: Dress, colon: &str, lines: Lines<'_>) -> String {
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
        New::Text(word) => quoted(word, dress.value),
        New::Mapping(entries) => {
            let members = member_lines(entries, dress, colon, inner);
            format!("{{{ending}{members}{ending}{indent}}}")
        }
        New::Sequence(items) => {
            let items = items
                .iter()
                .map(|item| format!("{deeper}{}", over_lines(item, dress, colon, inner)));
            let items = items.collect::<Vec<_>>().join(&format!(",{ending}"));
            format!("[{ending}{items}{ending}{indent}]")
        }
    }
}

/// A word in the quotes of a style, or in double quotes where it needs some.
pub(super) fn quoted(word: &str, style: ScalarStyle) -> String {
    match style {
        ScalarStyle::Single => format!("'{word}'"),
        ScalarStyle::Plain | ScalarStyle::Block if is_plain(word) => word.to_owned(),
        _ => format!("\"{word}\""),
    }
}

/// Whether every reader takes a word without quotes for that string: it
/// begins with a letter, and is no other value.
fn is_plain(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic()) && is_string(word)
}

/// Whether a plain word is a string, so that it could have been quoted: not
/// null, a boolean or a number.
///
/// Source: YAML 1.2.2 section 10.3.2, and the booleans of YAML 1.1.
pub(super) fn is_string(plain: &str) -> bool {
    let lower = plain.to_ascii_lowercase();
    !matches!(
        lower.as_str(),
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    ) && plain.parse::<f64>().is_err()
}
