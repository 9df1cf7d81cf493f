//! Pieces of a text, to be shown around places in it.
//!
//! This module owns how much of a text is shown: whole lines, unless they are
//! so long that a minified template would be shown whole, and the beginning of
//! a word that is too long to be one. It does not know what is shown, nor how.

use std::borrow::Cow;

use crate::text::span::{LineIndex, Position, Span};

/// How many lines are shown above a place, and below.
const CONTEXT: usize = 2;

/// How many bytes are shown at most before a place, and behind it. An excerpt
/// for each finding of a minified template must not be the template.
const REACH: usize = 240;

/// How many bytes of a word are shown at most: of a name, a value, a reason. Many
/// findings can name the same one, so that without a bound what is said of a
/// template could grow with the square of its size.
pub const LONGEST: usize = 512;

/// A word as it is shown: whole, or its beginning and an ellipsis.
#[must_use]
pub fn brief(word: &str) -> Cow<'_, str> {
    if word.len() <= LONGEST {
        return Cow::Borrowed(word);
    }
    let end = (0..=LONGEST).rev().find(|&end| word.is_char_boundary(end));
    let beginning = end.and_then(|end| word.get(..end));
    Cow::Owned(format!("{}\u{2026}", beginning.unwrap_or_default()))
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Where that is. The column is not 1 only if the line was too long to be
    /// shown from its start.
    pub position: Position,
    /// The piece, with its line ends.
    pub text: String,
}

impl Excerpt {
    /// Whether all of a span of the text lies in the excerpt.
    #[must_use]
    pub fn holds(&self, span: Span) -> bool {
        self.offset <= span.start && span.end <= self.offset + self.text.len()
    }

    /// The text of a span; None where not all of it lies in the excerpt.
    #[must_use]
    pub fn slice(&self, span: Span) -> Option<&str> {
        let start = span.start.checked_sub(self.offset)?;
        let end = span.end.checked_sub(self.offset)?;
        self.text.get(start..end)
    }
}

/// The excerpts around places of a text, in its order; those that touch
/// become one. Of a place that is very long there are its beginning and its
/// end.
#[must_use]
pub fn around(lines: &LineIndex<'_>, places: impl Iterator<Item = Span>) -> Vec<Excerpt> {
    let ends = places.flat_map(|place| {
        if place.end - place.start > 4 * REACH {
            vec![Span::at(place.start), Span::at(place.end)]
        } else {
            vec![place]
        }
    });
    let mut windows: Vec<Span> = ends.map(|place| window(lines, place)).collect();
    windows.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for window in windows {
        match merged.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => merged.push(window),
        }
    }
    let excerpt = |span: &Span| Excerpt {
        offset: span.start,
        position: lines.position(span.start),
        text: span.of(lines.text()).to_owned(),
    };
    merged.iter().map(excerpt).collect()
}

/// What is shown around one place.
fn window(lines: &LineIndex<'_>, place: Span) -> Span {
    let text = lines.text();
    let mut start = lines.line(place.start).start.min(place.start);
    for _ in 0..CONTEXT {
        let Some(above) = start.checked_sub(1) else {
            break;
        };
        start = lines.line(above).start.min(start);
    }
    let mut end = lines.line(place.end).end;
    for _ in 0..CONTEXT {
        end = lines.line(end).end.max(end);
    }
    let (least, most) = (
        place.start.saturating_sub(REACH),
        place.end.saturating_add(REACH),
    );
    if start < least {
        // A whole line rather than a part of one, where there is one.
        let whole = lines.line(least).end;
        start = if whole <= lines.line(place.start).start {
            whole
        } else {
            boundary(text, least)
        };
    }
    if end > most {
        let whole = lines.line(most).start;
        end = if whole > lines.line(place.end).start {
            whole
        } else {
            boundary(text, most)
        };
    }
    Span::new(start, end)
}

/// The last place between two characters that is not behind `offset`.
fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, places: &[Span]) -> Vec<(usize, usize, String)> {
        around(&LineIndex::new(text), places.iter().copied())
            .into_iter()
            .map(|e| (e.position.line, e.position.column, e.text))
            .collect()
    }

    #[test]
    fn lines_around_a_place_are_whole() {
        let text = "1\n2\n3\n4\n5\n6\n7\n8\n";
        assert_eq!(
            shown(text, &[Span::new(6, 7)]),
            [(2, 1, "2\n3\n4\n5\n6\n".to_owned())]
        );
        assert_eq!(
            shown(text, &[Span::new(0, 1)]),
            [(1, 1, "1\n2\n3\n".to_owned())]
        );
        assert_eq!(
            shown(text, &[Span::at(16)]),
            [(7, 1, "7\n8\n".to_owned())],
            "what is added at the end"
        );
        assert_eq!(shown("", &[Span::at(0)]), [(1, 1, String::new())]);
    }

    #[test]
    fn those_that_touch_become_one() {
        let text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let one = shown(text, &[Span::new(12, 13), Span::new(2, 3)]);
        assert_eq!(one, [(1, 1, "1\n2\n3\n4\n5\n6\n7\n8\n9\n".to_owned())]);
        let two = shown(text, &[Span::new(16, 17), Span::new(0, 1)]);
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let text = format!("{}x{}", "é".repeat(1000), "é".repeat(1000));
        let [(line, column, cut)] = shown(&text, &[Span::new(2000, 2001)]).try_into().unwrap();
        assert_eq!((line, column), (1, 1000 - REACH / 2 + 1));
        assert_eq!(cut.len(), 2 * REACH + 1);
        let index = LineIndex::new(&text);
        let odd = around(&index, [Span::new(2000, 2000)].into_iter());
        assert!(odd[0].holds(Span::at(2000)) && !odd[0].holds(Span::at(0)));
    }

    #[test]
    fn a_place_that_is_very_long_is_cut_in_its_middle() {
        let text = format!("a: {}\n", "x".repeat(5000));
        let shown = shown(&text, &[Span::new(3, 5003)]);
        let lengths: Vec<usize> = shown.iter().map(|(_, _, text)| text.len()).collect();
        assert_eq!(lengths, [3 + REACH, REACH + 1]);
    }

    #[test]
    fn a_word_that_is_very_long_is_cut_between_characters() {
        assert_eq!(brief("MUTABLE"), "MUTABLE");
        let long = format!("x{}", "é".repeat(LONGEST));
        let cut = brief(&long);
        assert_eq!(cut.len(), LONGEST - 1 + '\u{2026}'.len_utf8());
        assert!(cut.ends_with("é\u{2026}"));
    }

    #[test]
    fn a_long_line_beside_is_left_out() {
        let text = format!("{}\nx\n{}\n", "a".repeat(1000), "b".repeat(1000));
        assert_eq!(
            shown(&text, &[Span::new(1001, 1002)]),
            [(2, 1, "x\n".to_owned())]
        );
    }
}
