//! What is known of the text that a word stands for.
//!
//! This module owns [`Value`], a text of which some parts may be unknown, and the arithmetic on
//! all the values that one word can have. It reads no language, and does not know what an image is.

use std::fmt::Write as _;

/// How many values one word can have. The others are dropped: real pipelines have two or three.
pub(crate) const MAX_VALUES: usize = 8;
/// How many parts a value has, and how many bytes one of them.
const MAX_PARTS: usize = 32;
const MAX_TEXT: usize = 1024;

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// Text that stands for itself.
    Text(String),
    /// What differs for each commit, build, version or date; as it is written.
    Derived(String),
    /// The name of a branch, or what comes from it; as it is written.
    Branch(String),
    /// An unresolved variable or function, as it is written.
    Unresolved(String),
    /// The host of the account's ECR registry.
    EcrRegistry,
    /// The host of another registry.
    OtherRegistry,
    /// The URI of a template's ECR repository, by its number.
    EcrUri(usize),
    /// The name of a template's ECR repository, by its number.
    EcrName(usize),
    /// What a stack exports under this name.
    Export(String),
}

/// One value that a word can have.
pub(crate) type Value = Vec<Part>;
/// All values that a word can have; never empty.
pub(crate) type Values = Vec<Value>;

/// The value of a literal text.
pub(crate) fn text(text: impl Into<String>) -> Values {
    vec![vec![Part::Text(text.into())]]
}

/// The value of an unresolved variable or function.
pub(crate) fn unresolved(shown: impl Into<String>) -> Values {
    vec![vec![Part::Unresolved(cut(&shown.into()))]]
}

/// A text that is not too long to be shown.
fn cut(text: &str) -> String {
    const MOST: usize = 60;
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short + "…"
    } else {
        short
    }
}

/// A command, as it is shown where it stands for its output.
pub(crate) fn shown_command(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().take(16).collect();
    cut(&format!("$({})", words.join(" ")))
}

/// Appends a part to a value.
pub(crate) fn push(value: &mut Value, part: Part) {
    if matches!(&part, Part::Text(text) if text.is_empty()) {
        return;
    }
    if let (Some(Part::Text(before)), Part::Text(more)) = (value.last_mut(), &part) {
        if before.len() + more.len() <= MAX_TEXT {
            before.push_str(more);
        }
    } else if value.len() < MAX_PARTS {
        value.push(part);
    }
}

/// Every value of `before` followed by every value of `after`.
pub(crate) fn concat(before: &Values, after: &Values) -> Values {
    let mut values = Values::new();
    for before in before {
        for after in after {
            if values.len() == MAX_VALUES {
                return values;
            }
            let mut value = before.clone();
            for part in after {
                push(&mut value, part.clone());
            }
            values.push(value);
        }
    }
    values
}

/// Adds the values of `more` that are not among `values` yet.
pub(crate) fn add(values: &mut Values, more: Values) {
    for value in more {
        if values.len() < MAX_VALUES && !values.contains(&value) {
            values.push(value);
        }
    }
}

/// Whether nothing is known of any of the values.
pub(crate) fn is_unresolved(values: &Values) -> bool {
    let is_unresolved =
        |value: &Value| value.iter().all(|part| matches!(part, Part::Unresolved(_)));
    values
        .iter()
        .all(|value| !value.is_empty() && is_unresolved(value))
}

/// The values after something was cut from them or replaced in them: all that is known then is
/// whether a commit or a branch is among their parts. `shown` is how the change is written.
pub(crate) fn transformed(values: &Values, shown: &str) -> Values {
    let mut all = Values::new();
    for value in values {
        let kept = value.iter().find(|part| matches!(part, Part::Derived(_)));
        let kept = kept.or_else(|| value.iter().find(|part| matches!(part, Part::Branch(_))));
        let changed = match kept {
            Some(part) => vec![part.clone()],
            None => vec![Part::Unresolved(cut(shown))],
        };
        add(&mut all, vec![changed]);
    }
    all
}

/// The text of a value that is known as a whole.
pub(crate) fn literal(value: &Value) -> Option<&str> {
    match value.as_slice() {
        [] => Some(""),
        [Part::Text(text)] => Some(text),
        _ => None,
    }
}

/// A value as it is shown to people.
pub(crate) fn shown(value: &[Part]) -> String {
    let mut shown = String::new();
    for part in value {
        // Writing to a string does not fail.
        let _ = match part {
            Part::Text(text)
            | Part::Derived(text)
            | Part::Branch(text)
            | Part::Unresolved(text) => {
                write!(shown, "{text}")
            }
            Part::EcrRegistry => write!(shown, "(registry)"),
            Part::OtherRegistry => write!(shown, "(another registry)"),
            Part::EcrUri(_) => write!(shown, "(repository)"),
            Part::EcrName(_) => write!(shown, "(name)"),
            Part::Export(name) => write!(shown, "(export {name})"),
        };
    }
    shown
}

/// The pieces of a value between white space.
pub(crate) fn split(value: &Value) -> Vec<Value> {
    let mut words = vec![Value::new()];
    for part in value {
        let Part::Text(text) = part else {
            if let Some(last) = words.last_mut() {
                last.push(part.clone());
            }
            continue;
        };
        for (nth, piece) in text.split(char::is_whitespace).enumerate() {
            if nth > 0 {
                words.push(Value::new());
            }
            if let Some(last) = words.last_mut().filter(|_| !piece.is_empty()) {
                push(last, Part::Text(piece.to_owned()));
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The items of a list with commas.
pub(crate) fn listed(value: &Value) -> Vec<Value> {
    let spaced: Value = value
        .iter()
        .map(|part| match part {
            Part::Text(text) => Part::Text(text.replace(',', " ")),
            part => part.clone(),
        })
        .collect();
    split(&spaced)
}
