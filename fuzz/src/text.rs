//! Templates as they are written: a letter for the rules, and a text.

use crate::MAX_LEN;
use crate::oracle::{check, rules};

fn parts(data: &[u8]) -> Option<(u8, &[u8])> {
    let (&letter, text) = data.split_first()?;
    (text.len() <= MAX_LEN).then_some((letter, text))
}

/// Any text, which is YAML at its best.
pub fn yaml(data: &[u8]) {
    if let Some((letter, text)) = parts(data) {
        check(text, &rules(letter));
    }
}

/// Any text that begins as JSON does.
pub fn json(data: &[u8]) {
    if let Some((letter, text)) = parts(data) {
        let bare = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        if bare.trim_ascii_start().starts_with(b"{") {
            check(text, &rules(letter));
        }
    }
}

/// Any text with what may be the mark of a template engine.
pub fn masked(data: &[u8]) {
    if let Some((letter, text)) = parts(data) {
        let marks: [&[u8]; 3] = [b"{{", b"{%", b"{#"];
        if marks
            .iter()
            .any(|mark| text.windows(2).any(|two| two == *mark))
        {
            check(text, &rules(letter));
        }
    }
}
