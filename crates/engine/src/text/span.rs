//! Places in a text: byte spans, lines, and the positions that people read.
//!
//! This module owns arithmetic on offsets. It knows nothing of YAML, JSON or
//! CloudFormation, and it changes nothing.
//!
//! Offsets are bytes from the start of the *file*, a byte order mark
//! included, so that a span means the same to the reader, to an edit and to
//! whoever opens the file. Lines end at `\n` (the `\r` of a `\r\n` belongs to
//! the line's end); they and columns count from 1, and a column counts
//! Unicode scalar values, as editors do.

use std::ops::Range;

/// A half-open range of bytes in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, and without, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty span at `offset`: a place between two bytes.
    #[must_use]
    pub const fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// Whether no byte lies in the span.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The span as a range of bytes.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The part of `text` that the span covers; empty where the span does not
    /// fit `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in Unicode scalar values, from 1.
    pub column: usize,
}

/// A span of a file, and where it begins and ends for people and for editors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Region {
    /// The bytes.
    pub span: Span,
    /// Where the first of them stands.
    pub start: Position,
    /// Where the byte after the last stands.
    pub end: Position,
    /// The column of the start in bytes, from 1; unlike that of the position
    /// it counts a byte order mark, which is part of the file's first line.
    pub start_byte: usize,
    /// The column of the end in bytes, likewise.
    pub end_byte: usize,
    /// The column of the start in UTF-16 code units, from 1: that of the Language Server
    /// Protocol, which counts from 0, is one less.
    pub start_utf16: usize,
    /// The column of the end in UTF-16 code units, likewise.
    pub end_utf16: usize,
}

/// The bytes of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where the line's text begins (after a byte order mark).
    pub start: usize,
    /// Where its text ends: before `\n`, `\r\n`, or at the end of the file.
    pub text_end: usize,
    /// Where the next line begins, or the end of the file.
    pub end: usize,
}

/// How far apart the places are at which characters have been counted, in
/// bytes. A minified template is one line of megabytes: without these, each
/// column would cost the whole line.
const STRIDE: usize = 4096;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// Characters before each multiple of [`STRIDE`]; empty where all are bytes (ASCII).
    counted: Vec<usize>,
    /// Characters that take two code units of UTF-16 before each multiple of [`STRIDE`]; empty
    /// where there are none at all.
    wide: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Indexes `text` in one pass.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mark = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let starts = std::iter::once(mark)
            .chain(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1))
            .collect();
        let is_ascii = text.is_ascii();
        let has_wide = !is_ascii && bytes.iter().any(|&byte| is_wide_lead(byte));
        Self {
            text,
            starts,
            counted: if is_ascii {
                Vec::new()
            } else {
                counts(bytes, characters)
            },
            wide: if has_wide {
                counts(bytes, wide_characters)
            } else {
                Vec::new()
            },
        }
    }

    /// The text that was indexed.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The line and column of the byte at `offset`.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_number(offset);
        let start = self.line_start(line);
        let offset = offset.clamp(start, self.text.len().max(start));
        let before = if self.counted.is_empty() {
            offset - start
        } else if offset - start < STRIDE {
            let line = self.text.as_bytes().get(start..offset);
            line.map_or(0, characters)
        } else {
            let before = |offset| self.count_before(&self.counted, characters, offset);
            before(offset) - before(start)
        };
        Position {
            line: line + 1,
            column: before + 1,
        }
    }

    /// A span with the positions of its ends.
    #[must_use]
    pub fn region(&self, span: Span) -> Region {
        Region {
            span,
            start: self.position(span.start),
            end: self.position(span.end),
            start_byte: self.byte_column(span.start),
            end_byte: self.byte_column(span.end),
            start_utf16: self.utf16_column(span.start),
            end_utf16: self.utf16_column(span.end),
        }
    }

    /// The column of the byte at `offset`, in code units of UTF-16 from 1.
    fn utf16_column(&self, offset: usize) -> usize {
        let column = self.position(offset).column;
        if self.wide.is_empty() {
            return column;
        }
        let start = self.line_start(self.line_number(offset));
        let offset = offset.clamp(start, self.text.len().max(start));
        let before = |offset| self.count_before(&self.wide, wide_characters, offset);
        column + before(offset) - before(start)
    }

    /// The column of the byte at `offset`, in bytes from 1.
    fn byte_column(&self, offset: usize) -> usize {
        let number = self.line_number(offset);
        let start = if number == 0 {
            0
        } else {
            self.line_start(number)
        };
        offset.saturating_sub(start) + 1
    }

    /// The offset of a position, where a parser gives none: the byte at
    /// `line` (from 1) and `column` (from 1, in bytes). Clamped to the text.
    #[must_use]
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.line_start(line.saturating_sub(1));
        (start + column.saturating_sub(1)).min(self.text.len())
    }

    /// The line that the byte at `offset` stands in.
    #[must_use]
    pub fn line(&self, offset: usize) -> Line {
        let number = self.line_number(offset);
        let start = self.line_start(number);
        let end = match self.starts.get(number + 1) {
            Some(&next) => next,
            None => self.text.len(),
        };
        let text = Span::new(start, end).of(self.text);
        let bare = text.strip_suffix('\n').unwrap_or(text);
        let bare = bare
            .strip_suffix('\r')
            .filter(|_| text.len() > bare.len())
            .unwrap_or(bare);
        Line {
            start,
            text_end: start + bare.len(),
            end,
        }
    }

    /// What ends the line at `offset`: `"\n"` or `"\r\n"`. The last line of a
    /// file may have no end of its own; it then answers as the line above it
    /// does, and `"\n"` where there is none.
    #[must_use]
    pub fn line_ending(&self, offset: usize) -> &'a str {
        let line = self.line(offset);
        let own = Span::new(line.text_end, line.end).of(self.text);
        if !own.is_empty() {
            return own;
        }
        match line.start.checked_sub(1) {
            Some(above) if self.line_number(above) < self.line_number(line.start) => {
                self.line_ending(above)
            }
            _ => "\n",
        }
    }

    /// The white space at the start of the line at `offset`.
    #[must_use]
    pub fn indent(&self, offset: usize) -> &'a str {
        let line = self.line(offset);
        let text = Span::new(line.start, line.text_end).of(self.text);
        let rest = text.trim_start_matches([' ', '\t']);
        Span::new(line.start, line.text_end - rest.len()).of(self.text)
    }

    /// Whether only white space stands before `offset` on its line.
    #[must_use]
    pub fn begins_line(&self, offset: usize) -> bool {
        let line = self.line(offset);
        line.start + self.indent(offset).len() >= offset
    }

    fn line_number(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|&start| start <= offset)
            .saturating_sub(1)
    }

    fn line_start(&self, number: usize) -> usize {
        match self.starts.get(number) {
            Some(&start) => start,
            None => self.text.len(),
        }
    }

    /// How much of something is counted before the byte at `offset`, by what is known at each
    /// multiple of [`STRIDE`].
    fn count_before(&self, known: &[usize], count: fn(&[u8]) -> usize, offset: usize) -> usize {
        let block = (offset / STRIDE).min(known.len().saturating_sub(1));
        let before = known.get(block).copied().unwrap_or_default();
        let end = offset.min(self.text.len());
        let rest = self.text.as_bytes().get(block * STRIDE..end);
        before + rest.map_or(0, count)
    }
}

/// What is counted before each multiple of [`STRIDE`].
fn counts(bytes: &[u8], count: fn(&[u8]) -> usize) -> Vec<usize> {
    let counts = bytes.chunks(STRIDE).scan(0, |before, chunk| {
        let here = *before;
        *before += count(chunk);
        Some(here)
    });
    counts.collect()
}

/// The characters that begin in `bytes`, a piece of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

/// Those of them that take two code units of UTF-16.
fn wide_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_wide_lead(byte)).count()
}

/// Whether a byte of UTF-8 begins a character above U+FFFF.
const fn is_wide_lead(byte: u8) -> bool {
    byte >= 0xf0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_pass_over_a_byte_order_mark() {
        let index = LineIndex::new("\u{feff}aé😀b\r\nc");
        assert_eq!(index.position(3), Position { line: 1, column: 1 });
        let b = 3 + "aé😀".len();
        assert_eq!(index.position(b), Position { line: 1, column: 4 });
        assert_eq!(index.position(b + 3), Position { line: 2, column: 1 });
        assert_eq!(index.position(b + 4), Position { line: 2, column: 2 });
    }

    #[test]
    fn columns_in_bytes_count_a_byte_order_mark() {
        let index = LineIndex::new("\u{feff}éa\r\néb\n");
        let first = index.region(Span::new(5, 6));
        assert_eq!((first.start_byte, first.end_byte), (6, 7));
        assert_eq!((first.start.column, first.end.column), (2, 3));
        let over = index.region(Span::new(10, 12));
        assert_eq!((over.start_byte, over.end_byte), (3, 1));
        assert_eq!((over.start.line, over.end.line), (2, 3));
    }

    #[test]
    fn utf16_column_counts_a_wide_character_twice() {
        let text = "é😀".repeat(STRIDE) + "x\n😀y";
        let index = LineIndex::new(&text);
        let x = text.find('x').unwrap();
        for offset in [0, 2, 6, x, x + 1, x + 6] {
            let region = index.region(Span::at(offset));
            let line = text.get(..offset).unwrap().rsplit('\n').next().unwrap();
            assert_eq!(region.start_utf16, line.encode_utf16().count() + 1);
            assert_eq!(region.start.column, line.chars().count() + 1);
        }
        let plain = LineIndex::new("\u{feff}aé").region(Span::new(3, 6));
        assert_eq!((plain.start_utf16, plain.end_utf16), (1, 3));
    }

    #[test]
    fn columns_on_a_long_line_equal_a_plain_count() {
        let text = "é".repeat(STRIDE) + "x";
        let index = LineIndex::new(&text);
        for offset in [0, 2, STRIDE - 2, STRIDE, STRIDE + 2, 2 * STRIDE] {
            let plain = text.get(..offset).map_or(0, |t| t.chars().count()) + 1;
            assert_eq!(index.position(offset).column, plain, "at {offset}");
        }
    }

    #[test]
    fn a_line_knows_its_own_ending() {
        let index = LineIndex::new("a\r\nb\nc");
        assert_eq!(index.line_ending(0), "\r\n");
        assert_eq!(index.line_ending(3), "\n");
        assert_eq!(
            index.line_ending(5),
            "\n",
            "the last line asks the one above"
        );
        assert_eq!(LineIndex::new("a").line_ending(0), "\n");
        let line = index.line(1);
        assert_eq!((line.start, line.text_end, line.end), (0, 1, 3));
    }

    #[test]
    fn a_carriage_return_without_a_line_feed_ends_no_line() {
        let index = LineIndex::new("a\r");
        assert_eq!(index.line(0).text_end, 2);
    }
}
