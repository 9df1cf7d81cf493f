//! A text inside of a file, and where its parts stand there.
//!
//! This module owns offsets: what is read of a text is told by its place in the file. It reads no
//! language.

use std::borrow::Cow;

use immutag_engine::syntax::{self, NodeId, ScalarStyle, Tree};

/// Whose markup stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// That of a shell.
    Shell,
    /// That of make around that of a shell: `$(NAME)`, `$$NAME`.
    Make,
    /// That of `Fn::Sub` among that of a shell: `${Resource}`, `${!NAME}`.
    Sub,
    /// None but that which stands in braces of its own.
    Plain,
}

impl Dialect {
    /// The dialect of a command or a default value inside of a text.
    pub(crate) fn inner(self) -> Self {
        match self {
            Self::Plain => Self::Shell,
            dialect => dialect,
        }
    }
}

/// A text that is read on its own, with its places in the file.
#[derive(Clone, Debug)]
pub(crate) struct Script<'s> {
    pub(crate) text: Cow<'s, str>,
    pub(crate) dialect: Dialect,
    /// Offsets in the text, ascending, and in the file; in between, both count
    /// alike.
    places: Vec<(usize, usize)>,
}

impl<'s> Script<'s> {
    /// A text that stands in the file as it is, from `start` on.
    pub(crate) fn new(text: &'s str, start: usize, dialect: Dialect) -> Self {
        Self {
            text: Cow::Borrowed(text),
            dialect,
            places: vec![(0, start)],
        }
    }

    /// The text of a scalar.
    pub(crate) fn of(tree: &'s Tree<'_>, node: NodeId, dialect: Dialect) -> Option<Self> {
        let syntax::Value::Scalar { text, style } = tree.value(node) else {
            return None;
        };
        let span = tree.span(node);
        let written = span.of(tree.text());
        let quote = usize::from(matches!(style, ScalarStyle::Single | ScalarStyle::Double));
        let mut places = Vec::new();
        let (mut read, mut at) = (0, span.start);
        for line in written.split_inclusive('\n') {
            let inner = line.trim();
            let inner = if read == 0 && quote > 0 && places.is_empty() {
                inner.trim_start_matches(['"', '\''])
            } else {
                inner
            };
            let indent = line.find(inner).unwrap_or_default();
            let rest = text.get(read..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start().len();
            let is_last = !rest.trim_start().starts_with(inner);
            let bare = if is_last {
                inner.trim_end_matches(['"', '\''])
            } else {
                inner
            };
            if !inner.is_empty() {
                // What was escaped, or folded in another value, is not told
                // apart: it keeps the last place that is known.
                if !rest.trim_start().starts_with(bare) {
                    break;
                }
                places.push((read + blank, at + indent));
                read += blank + bare.len();
            }
            at += line.len();
        }
        if places.is_empty() {
            places.push((0, span.start + quote));
        }
        Some(Self {
            text: Cow::Borrowed(text),
            dialect,
            places,
        })
    }

    /// Texts put together, each with its place.
    pub(crate) fn joined(parts: Vec<(String, usize)>, dialect: Dialect) -> Self {
        let (mut text, mut places) = (String::new(), Vec::new());
        for (part, at) in parts {
            places.push((text.len(), at));
            text.push_str(&part);
        }
        Self {
            text: Cow::Owned(text),
            dialect,
            places,
        }
    }

    /// Where an offset of the text stands in the file.
    pub(crate) fn place(&self, offset: usize) -> usize {
        let next = self.places.partition_point(|&(from, _)| from <= offset);
        let before = next.checked_sub(1).and_then(|at| self.places.get(at));
        before.map_or(0, |&(from, at)| at + (offset - from))
    }

    /// The same where the file is itself a text inside of another.
    pub(crate) fn within(mut self, outer: Option<&Script<'_>>) -> Self {
        if let Some(outer) = outer {
            for (_, at) in &mut self.places {
                *at = outer.place(*at);
            }
        }
        self
    }

    /// A piece of it.
    pub(crate) fn part<'p>(&self, text: &'p str, offset: usize, dialect: Dialect) -> Script<'p> {
        let next = self.places.partition_point(|&(from, _)| from <= offset);
        let first = next.saturating_sub(1);
        let end = offset + text.len();
        let places = self.places.iter().skip(first);
        let places = places
            .take_while(|&&(from, _)| from <= end)
            .map(|&(from, at)| {
                let skipped = offset.saturating_sub(from);
                (from.saturating_sub(offset), at + skipped)
            });
        Script {
            text: Cow::Borrowed(text),
            dialect,
            places: places.collect(),
        }
    }
}
