//! What the codes mean, for people who meet one.
//!
//! This module owns the way into `docs/codes.md`, which is the one place
//! where codes are told: what a code means, an example, what to do. It knows
//! no code itself; a test holds the document against the sources.

use std::io::{self, Write};

/// The document.
const CODES: &str = include_str!("../docs/codes.md");

/// What the document says about one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    /// The code.
    pub(crate) code: &'static str,
    /// The text, as Markdown without the title.
    pub(crate) text: &'static str,
}

impl Topic {
    /// The first sentence of the text, on one line.
    #[must_use]
    pub(crate) fn summary(&self) -> String {
        let paragraph = self.text.split("\n\n").next().unwrap_or_default();
        let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = line.find(". ").unwrap_or(line.len());
        let sentence = line.get(..end).unwrap_or(&line);
        sentence.trim_end_matches('.').to_owned()
    }
}

/// Everything that is explained, in the order of the document.
pub(crate) fn topics() -> impl Iterator<Item = Topic> {
    CODES.split("\n### `").skip(1).filter_map(|part| {
        let (code, text) = part.split_once("`\n")?;
        let end = text.find("\n## ").unwrap_or(text.len());
        let text = text.get(..end).unwrap_or(text).trim();
        Some(Topic { code, text })
    })
}

/// Writes what one code means; all codes, a line each, where none is given.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(topic: Option<Topic>, out: &mut dyn Write) -> io::Result<()> {
    if let Some(Topic { code, text }) = topic {
        return writeln!(out, "{code}\n\n{text}");
    }
    let widest = topics().map(|topic| topic.code.len()).max().unwrap_or(0);
    for topic in topics() {
        let (code, summary) = (topic.code, topic.summary());
        writeln!(out, "{code:widest$}  {summary}")?;
    }
    writeln!(
        out,
        "\n`immutag explain CODE` has an example, and what to do."
    )
}
