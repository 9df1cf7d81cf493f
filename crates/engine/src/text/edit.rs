//! Edits to a text: bytes to be replaced by bytes.
//!
//! This module owns the one way in which a text changes: a sorted list of
//! disjoint replacements, applied in one pass. It knows no syntax.

use std::fmt;

use crate::text::span::Span;

/// Replace the bytes of `span` by `text`. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Edit {
    /// Inserts `text` before the byte at `offset`.
    #[must_use]
    pub fn insert(offset: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(offset), text)
    }

    /// Puts `text` in the place of `span`.
    #[must_use]
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
        }
    }

    /// Takes `span` away.
    #[must_use]
    pub fn remove(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// Edits that cannot be made together, or not to that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// Two edits want the same bytes, or the same place.
    Overlap(Edit, Edit),
    /// An edit reaches beyond the text, or into the middle of a character.
    OutOfText(Edit),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap(first, second) => write!(
                f,
                "the edits of bytes {:?} and {:?} overlap",
                first.span.range(),
                second.span.range()
            ),
            Self::OutOfText(edit) => {
                write!(f, "no text at bytes {:?} to edit", edit.span.range())
            }
        }
    }
}

impl std::error::Error for EditError {}

/// Edits in the order of the text, disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    /// Sorts `edits` and takes equal ones for one (two resources that share a
    /// node ask for the same edit).
    ///
    /// # Errors
    /// Where two of them overlap, or insert at the same place: the result
    /// would depend on their order.
    pub fn new(mut edits: Vec<Edit>) -> Result<Self, EditError> {
        edits.sort();
        edits.dedup();
        for pair in edits.windows(2) {
            if let [first, second] = pair {
                let same_place = first.span.is_empty() && first.span == second.span;
                if same_place || first.span.end > second.span.start {
                    return Err(EditError::Overlap(first.clone(), second.clone()));
                }
            }
        }
        Ok(Self { edits })
    }

    /// The edits, in the order of the text.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with all edits made.
    ///
    /// # Errors
    /// Where an edit does not fit the text.
    pub fn apply(&self, text: &str) -> Result<String, EditError> {
        let gained: usize = self.edits.iter().map(|edit| edit.text.len()).sum();
        let mut out = String::with_capacity(text.len() + gained);
        let mut done = 0;
        for edit in &self.edits {
            let (Some(kept), Some(_)) =
                (text.get(done..edit.span.start), text.get(edit.span.range()))
            else {
                return Err(EditError::OutOfText(edit.clone()));
            };
            out.push_str(kept);
            out.push_str(&edit.text);
            done = edit.span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Ok(out)
    }

    /// Whether `after` is `before` with all edits made, so that undoing them
    /// gives `before` again. Neither text is copied.
    #[must_use]
    pub fn lead(&self, before: &str, after: &str) -> bool {
        let (mut old, mut new) = (0, 0);
        for edit in &self.edits {
            let kept = before.get(old..edit.span.start);
            let brought = new + kept.map_or(0, str::len);
            if kept.is_none()
                || kept != after.get(new..brought)
                || after.get(brought..brought + edit.text.len()) != Some(edit.text.as_str())
            {
                return false;
            }
            (old, new) = (edit.span.end, brought + edit.text.len());
        }
        let rest = before.get(old..);
        rest.is_some() && rest == after.get(new..)
    }

    /// The edits that turn the result of [`EditSet::apply`] back into `text`.
    #[must_use]
    pub fn inverse(&self, text: &str) -> Self {
        let (mut gained, mut lost) = (0, 0);
        let edits = self
            .edits
            .iter()
            .map(|edit| {
                let start = edit.span.start + gained - lost;
                gained += edit.text.len();
                lost += edit.span.end - edit.span.start;
                Edit::replace(
                    Span::new(start, start + edit.text.len()),
                    edit.span.of(text),
                )
            })
            .collect();
        Self { edits }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn set(edits: &[(usize, usize, &str)]) -> Result<EditSet, EditError> {
        EditSet::new(
            edits
                .iter()
                .map(|&(start, end, text)| Edit::replace(Span::new(start, end), text))
                .collect(),
        )
    }

    #[test]
    fn edits_apply_in_one_pass_and_come_back() {
        let text = "one two three";
        let edits = set(&[(8, 13, "3"), (0, 0, ">"), (4, 7, "")]).unwrap();
        let after = edits.apply(text).unwrap();
        assert_eq!(after, ">one  3");
        assert_eq!(edits.inverse(text).apply(&after).unwrap(), text);
        assert!(edits.lead(text, &after));
        for other in ["", ">one  4", ">one  3 ", "one  3", ">one 3"] {
            assert!(!edits.lead(text, other), "{other}");
        }
    }

    #[test]
    fn equal_edits_are_one() {
        let edits = set(&[(1, 2, "x"), (1, 2, "x")]).unwrap();
        assert_eq!(edits.apply("abc").unwrap(), "axc");
    }

    #[test]
    fn an_insertion_may_stand_right_before_a_removal() {
        let edits = set(&[(1, 2, ""), (1, 1, "x")]).unwrap();
        assert_eq!(edits.apply("abc").unwrap(), "axc");
    }

    #[test]
    fn overlap_is_refused() {
        assert!(set(&[(0, 2, "x"), (1, 3, "y")]).is_err());
        assert!(set(&[(1, 1, "x"), (1, 1, "y")]).is_err());
        assert!(set(&[(0, 2, ""), (1, 1, "y")]).is_err());
    }

    #[test]
    fn an_edit_outside_the_text_or_inside_a_character_is_refused() {
        assert!(set(&[(2, 9, "x")]).unwrap().apply("abc").is_err());
        assert!(set(&[(1, 1, "x")]).unwrap().apply("é").is_err());
    }

    #[test]
    fn nothing_to_do_is_told_from_something() {
        assert!(set(&[]).unwrap().is_empty());
        assert!(!set(&[(1, 1, "x")]).unwrap().is_empty());
    }

    #[test]
    fn an_error_names_the_bytes() {
        let overlap = set(&[(0, 2, "x"), (1, 3, "y")]).unwrap_err();
        assert_eq!(
            overlap.to_string(),
            "the edits of bytes 0..2 and 1..3 overlap"
        );
        let beyond = set(&[(2, 9, "x")]).unwrap().apply("abc").unwrap_err();
        assert_eq!(beyond.to_string(), "no text at bytes 2..9 to edit");
    }

    #[test]
    fn edits_that_do_not_fit_a_text_lead_nowhere() {
        assert!(!set(&[(2, 9, "")]).unwrap().lead("abc", "ab"));
        assert!(!set(&[(9, 9, "x")]).unwrap().lead("abc", "abcx"));
        assert!(!set(&[(1, 1, "é")]).unwrap().lead("abc", "ae"));
        assert!(!set(&[(2, 3, "x")]).unwrap().lead("abc", "zbx"));
    }
}
