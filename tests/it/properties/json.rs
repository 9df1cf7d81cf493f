//! A template written as JSON, in any of the layouts that tools and people
//! give it.

use std::fmt::Write;

use super::model::{Draw, Value, long};

/// Writes a document.
pub(crate) fn write(value: &Value, draw: &mut Draw<'_>) -> String {
    let mut writer = Writer {
        style: Style::draw(draw),
        draw,
        text: String::new(),
    };
    writer.value(value, 0, false);
    if !writer.draw.once_in(4) {
        writer.text.push('\n');
    }
    writer.text
}

/// How the members of a collection stand on their lines.
#[derive(Clone, Copy)]
enum Lines {
    /// Each on its own.
    Own,
    /// The first on the line of the brace.
    Hanging,
    /// Each on its own, behind the comma.
    CommaFirst,
}

/// What is usual in a text.
struct Style {
    /// What a level is indented by; None: the document is one line.
    unit: Option<String>,
    lines: Lines,
    colon: &'static str,
    comma: &'static str,
    is_padded: bool,
    /// One of so many collections stands on one line.
    one_line: usize,
    /// One of so many opening braces stands on the line below its key.
    below_key: usize,
    /// One of so many strings is written with all the escapes there are.
    escapes: usize,
}

impl Style {
    fn draw(draw: &mut Draw<'_>) -> Self {
        let unit = match draw.below(12) {
            0 => Some("  ".to_owned()),
            9 => Some("\t".to_owned()),
            10 => Some(String::new()),
            11 => None,
            width => Some(" ".repeat(width)),
        };
        Self {
            unit,
            lines: draw.of(&[
                Lines::Own,
                Lines::Own,
                Lines::Own,
                Lines::Own,
                Lines::Own,
                Lines::Own,
                Lines::Hanging,
                Lines::CommaFirst,
            ]),
            colon: draw.of(&[": ", ": ", ":", " : ", " :"]),
            comma: draw.of(&[", ", ","]),
            is_padded: draw.once_in(2),
            one_line: draw.of(&[20, 3]),
            below_key: draw.of(&[100, 100, 100, 4]),
            escapes: 8,
        }
    }
}

struct Writer<'d, 't> {
    draw: &'d mut Draw<'t>,
    style: Style,
    text: String,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: &Value, depth: usize, in_line: bool) {
        match value {
            Value::Text(text) => self.string(text),
            Value::Bare(word) => self.text.push_str(word),
            Value::Nothing => self.text.push_str("null"),
            Value::Call(name, inner) => {
                let long = Value::Map(vec![(long(name), (**inner).clone())]);
                self.value(&long, depth, in_line);
            }
            Value::Map(entries) => {
                self.collection('{', entries.len(), '}', depth, in_line, &{
                    |writer: &mut Self, nth, depth, in_line| {
                        let (key, value) = &entries[nth];
                        writer.member(key, value, depth, in_line);
                    }
                });
            }
            Value::List(items) => {
                self.collection('[', items.len(), ']', depth, in_line, &{
                    |writer: &mut Self, nth, depth, in_line| {
                        let item: &Value = &items[nth];
                        writer.value(item, depth, in_line);
                    }
                });
            }
        }
    }

    fn collection(
        &mut self,
        open: char,
        count: usize,
        close: char,
        depth: usize,
        in_line: bool,
        write: &dyn Fn(&mut Self, usize, usize, bool),
    ) {
        self.text.push(open);
        let in_line = in_line
            || self.style.unit.is_none()
            || (depth > 0 && self.draw.once_in(self.style.one_line));
        if count == 0 {
            match self.draw.below(6) {
                4 => self.text.push(' '),
                5 if !in_line => self.break_line(depth),
                _ => {}
            }
        } else if in_line {
            let pad = if self.style.is_padded { " " } else { "" };
            self.text.push_str(pad);
            for nth in 0..count {
                if nth > 0 {
                    self.text.push_str(self.style.comma);
                }
                write(self, nth, depth, true);
            }
            self.text.push_str(pad);
        } else {
            for nth in 0..count {
                self.between(nth, depth + 1);
                write(self, nth, depth + 1, false);
            }
            self.break_line(depth);
        }
        self.text.push(close);
    }

    /// What stands before the member of that number.
    fn between(&mut self, nth: usize, depth: usize) {
        match self.style.lines {
            Lines::Hanging if nth == 0 => self.text.push(' '),
            Lines::CommaFirst if nth > 0 => {
                self.break_line(depth);
                self.text.push_str(", ");
            }
            _ => {
                if nth > 0 {
                    self.text.push(',');
                }
                if self.draw.once_in(24) {
                    self.text.push('\n');
                }
                self.break_line(depth);
            }
        }
    }

    fn member(&mut self, key: &str, value: &Value, depth: usize, in_line: bool) {
        self.string(key);
        self.text.push_str(self.style.colon);
        let is_collection = matches!(value, Value::Map(_) | Value::List(_));
        if is_collection && !in_line && self.draw.once_in(self.style.below_key) {
            self.break_line(depth);
        }
        self.value(value, depth, in_line);
    }

    fn break_line(&mut self, depth: usize) {
        let unit = self.style.unit.as_deref().unwrap_or_default();
        if self.draw.once_in(40) {
            self.text.push(' ');
        }
        self.text.push('\n');
        self.text.push_str(&unit.repeat(depth));
    }

    fn string(&mut self, text: &str) {
        let has_escapes = self.draw.once_in(self.style.escapes);
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '/' if has_escapes => self.text.push_str("\\/"),
                c if has_escapes && !c.is_ascii() => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.text, "\\u{unit:04X}");
                    }
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}
