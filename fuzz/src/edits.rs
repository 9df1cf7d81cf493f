//! Edits by themselves, against the plainest way to make them.

use arbitrary::{Result, Unstructured};
use immutag_engine::text::edit::{Edit, EditError, EditSet};
use immutag_engine::text::span::Span;

use crate::MAX_LEN;

/// Draws a text and edits, and makes them in two ways.
pub fn check(data: &[u8]) {
    if data.len() <= MAX_LEN {
        // Where the bytes end there is nothing more to draw.
        let _ = drawn(Unstructured::new(data));
    }
}

fn drawn(mut u: Unstructured<'_>) -> Result<()> {
    let count = u.int_in_range(0..=6)?;
    let mut edits = Vec::new();
    for _ in 0..count {
        let start = usize::from(u.int_in_range(0..=24u8)?);
        let length = usize::from(u.int_in_range(0..=4u8)?);
        let length = length.saturating_sub(1);
        let text = ["", "x", "é\r\n", "IMMUTABLE"][u.choose_index(4)?];
        edits.push(Edit::replace(Span::new(start, start + length), text));
    }
    let is_turned = u.arbitrary()?;
    let text = std::str::from_utf8(u.take_rest()).unwrap_or("aé\u{1f600}\r\nb");
    let result = EditSet::new(edits.clone());

    // The order in which they are given is of no account.
    let mut turned = edits.clone();
    if is_turned {
        turned.reverse();
    }
    turned.rotate_left(edits.len() / 2);
    assert_eq!(result.is_ok(), EditSet::new(turned.clone()).is_ok());
    if let (Ok(one), Ok(other)) = (&result, &EditSet::new(turned)) {
        assert_eq!(one, other);
    }

    // They can be made together if no two different ones want the same bytes,
    // or a place that the other takes or fills.
    let clash = |a: &Edit, b: &Edit| {
        let (a, b) = (a.span, b.span);
        match (a.is_empty(), b.is_empty()) {
            (true, true) => a.start == b.start,
            (true, false) => b.start < a.start && a.start < b.end,
            (false, true) => a.start < b.start && b.start < a.end,
            (false, false) => a.start < b.end && b.start < a.end,
        }
    };
    let clashes = edits
        .iter()
        .enumerate()
        .any(|(nth, a)| edits[nth + 1..].iter().any(|b| a != b && clash(a, b)));
    let set = match result {
        Ok(set) => set,
        Err(EditError::Overlap(a, b)) => {
            assert!(clashes && a != b && clash(&a, &b), "{a:?} {b:?}");
            return Ok(());
        }
        Err(error) => panic!("{error:?}"),
    };
    assert!(!clashes, "{edits:?} clash, and are taken");
    assert_eq!(set.is_empty(), edits.is_empty());

    // From the last to the first, each in the text that the others left.
    let mut naive = Some(text.to_owned());
    for edit in set.edits().iter().rev() {
        naive = naive.and_then(|mut text| {
            text.get(edit.span.range())?;
            text.replace_range(edit.span.range(), &edit.text);
            Some(text)
        });
    }
    let after = set.apply(text).ok();
    assert_eq!(after, naive, "{set:?} of {text:?}");
    let Some(after) = after else {
        assert!(!set.lead(text, ""), "{set:?} does not fit {text:?}");
        return Ok(());
    };
    assert!(set.lead(text, &after));
    let back = set.inverse(text);
    assert_eq!(back.apply(&after).as_deref(), Ok(text));
    assert!(back.lead(&after, text));
    // No other text is what they lead to.
    for at in (0..=after.len()).filter(|&at| after.is_char_boundary(at)) {
        let mut other = after.clone();
        other.insert(at, 'y');
        assert!(
            !set.lead(text, &other),
            "{set:?} lead from {text:?} to {other:?}"
        );
        if let Some(sign) = after[at..].chars().next() {
            let mut other = after.clone();
            other.replace_range(at..at + sign.len_utf8(), "");
            assert!(
                !set.lead(text, &other),
                "{set:?} lead from {text:?} to {other:?}"
            );
        }
    }
    Ok(())
}
