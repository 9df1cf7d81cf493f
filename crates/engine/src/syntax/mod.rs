//! Text to one read-only tree, the same for YAML and JSON, with byte spans.
//!
//! This module owns what a document *says* and where each of its nodes
//! stands. It does not know CloudFormation, and it cannot change anything:
//! the tree has no setters, and what a tree is meant to become is described
//! beside it, in [`change`].
//!
//! The format is decided by content, never by the file's name: a text that
//! begins with a brace or a bracket and is valid JSON is JSON, everything
//! else is YAML. (So JSON with a trailing comma is read as the YAML flow
//! mapping that it also is.)
//!
//! The tree itself, and how it is held in memory, stands in `tree`; the way to make one, in
//! `build`. The parsers and their types stand in `yaml` and `json`, and nowhere else.

mod build;
pub mod change;
mod indent;
mod json;
mod read;
mod tree;
mod yaml;

use std::fmt;

use crate::text::span::Span;

pub(crate) use build::Builder;
pub use read::read;
pub(crate) use read::read_again;
pub(crate) use tree::Head;
pub use tree::{CollectionStyle, Entry, NodeId, ScalarStyle, Tag, TagKind, Tree, Value};

/// How deep collections may be nested. Templates of CloudFormation stay
/// below 40; the limit keeps hostile ones from costing more than their size.
pub const MAX_DEPTH: usize = 100;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, read as liberally as AWS does.
    Yaml,
    /// JSON as RFC 8259 has it.
    Json,
}

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where it fails, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: SyntaxErrorKind,
}

/// The kinds of [`SyntaxError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Neither valid YAML nor valid JSON.
    Invalid {
        /// What it was read as when it failed.
        format: Format,
        /// The parser's words.
        reason: String,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl SyntaxError {
    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind {
            SyntaxErrorKind::Invalid { .. } => "syntax",
            SyntaxErrorKind::TooDeep => "depth",
        }
    }

    /// The same of a text that masking its markup does not help to read.
    fn although_masked(mut self) -> Self {
        if let SyntaxErrorKind::Invalid { reason, .. } = &mut self.kind {
            reason.push_str("; masking the template marks did not help");
        }
        self
    }

    /// A text that is not of a format, from `offset` on, in bytes.
    pub(crate) fn invalid(format: Format, offset: usize, reason: impl Into<String>) -> Self {
        Self {
            offset,
            kind: SyntaxErrorKind::Invalid {
                format,
                reason: reason.into(),
            },
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SyntaxErrorKind::Invalid { format, reason } => {
                let format = match format {
                    Format::Yaml => "YAML",
                    Format::Json => "JSON",
                };
                write!(f, "not valid {format}: {reason}")
            }
            SyntaxErrorKind::TooDeep => write!(f, "nested more than {MAX_DEPTH} levels deep"),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Reads a text, in the format that its content says. An empty one, or one
/// of comments only, has documents without content or none.
///
/// # Errors
/// Where the text is neither JSON nor YAML, or nested too deep.
pub fn parse(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    if bare.starts_with('\u{feff}') {
        let offset = text.len() - bare.len();
        let reason = "a second byte order mark";
        return Err(SyntaxError::invalid(Format::Yaml, offset, reason));
    }
    let bare = bare.trim_start();
    if !bare.starts_with(['{', '[']) {
        return parse_as(text, Format::Yaml);
    }
    let json_error = match parse_as(text, Format::Json) {
        Ok(tree) => return Ok(tree),
        Err(error) if error.kind == SyntaxErrorKind::TooDeep => return Err(error),
        Err(error) => error,
    };
    // Whoever opens with a quoted key meant JSON and wants its error, unless
    // all that is against it is what YAML allows more: trailing commas, words
    // without quotes.
    let is_json_like = looks_like_json(bare);
    match parse_as(text, Format::Yaml) {
        Ok(tree) if is_json_like && tree.documents().len() == 1 && holds_broken_json(&tree) => {
            Err(json_error)
        }
        Ok(tree) => Ok(tree),
        Err(_) if is_json_like => Err(json_error),
        Err(error) => Err(error),
    }
}

/// Reads a text in a format.
///
/// # Errors
/// Where the text is not of that format, or nested too deep.
pub fn parse_as(text: &str, format: Format) -> Result<Tree<'_>, SyntaxError> {
    match format {
        Format::Yaml => {
            let tree = yaml::read(text)?;
            indent::check(&tree)?;
            Ok(tree)
        }
        Format::Json => json::read(text),
    }
}

/// Where the comments of a tree's text stand, each from its `#` to the end of
/// its line, in the order of the text. JSON has none. A `#` in a string or in
/// a block scalar begins no comment.
///
/// The text is read once more for this, and the tree knows nothing of it: few
/// have a use for comments, and they alone pay.
///
/// # Errors
/// Where the text cannot be read in this way, although it could be read
/// without its comments.
pub fn comments(tree: &Tree<'_>) -> Result<Vec<Span>, SyntaxError> {
    match tree.format() {
        Format::Yaml => yaml::comments(tree.text()),
        Format::Json => Ok(Vec::new()),
    }
}

fn looks_like_json(text: &str) -> bool {
    text.get(1..).is_some_and(|inner| {
        inner
            .trim_start()
            .starts_with(['"', '{', '[', '}', ']', '/'])
    })
}

/// Whether a plain scalar is in truth a slip in JSON: to YAML, a comment of
/// JavaScript's (`// note`) and all up to the next comma are words, too.
fn holds_broken_json(tree: &Tree<'_>) -> bool {
    tree.nodes().any(|id| match tree.value(id) {
        Value::Scalar {
            text,
            style: ScalarStyle::Plain,
        } => {
            text.starts_with("//")
                || text.starts_with("/*")
                || text.contains(" //")
                || text.contains('"')
                || tree.span(id).of(tree.text()).contains('\n')
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comments_of(text: &str) -> Vec<&str> {
        let tree = parse(text).unwrap();
        let comments = comments(&tree).unwrap();
        comments.iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn comments_are_told_from_what_looks_like_them() {
        let text = "\u{feff}# a\r\nk: 'x # no' # b\r\ns: |\r\n  # no\r\nt: u#no\r\nf: {a: 1, # c\r\n  b: \"# no\"}\r\n---\r\n# d\r\ng: !t # e\r\n  h\r\n# f";
        assert_eq!(
            comments_of(text),
            ["# a", "# b", "# c", "# d", "# e", "# f"]
        );
    }

    #[test]
    fn json_has_no_comments() {
        assert!(comments_of("{\"a\": \"# b\"}").is_empty());
    }

    #[test]
    fn any_number_of_comments_may_stand_in_a_row() {
        let row = "  # a\n".repeat(5000);
        let text = format!("a:\n{row}  b:\n{row}    - c\n{row}{row}d: [\n{row}]\n");
        assert_eq!(comments_of(&text).len(), 25_000);
    }
}
