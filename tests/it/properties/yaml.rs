//! A template written as YAML, in any of the layouts that people use.
//!
//! Every decision of the layout is drawn: indentation, quotes, braces,
//! comments, blank lines, where lines break. The writer keeps to what YAML
//! allows, and remembers of each comment whether a fix may take it away:
//! only those may go that belong to the exclusion filters.

use std::fmt::Write;

use super::model::{Draw, FILTERS, Place, Template, Value, long};

/// A text and what is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    /// The comments that every fix must leave in the text.
    pub(crate) staying: Vec<String>,
    /// The column of the last document's resources, if another resource can
    /// be appended there.
    pub(crate) section: Option<usize>,
    /// Whether the end of the last line is part of a value.
    pub(crate) is_open: bool,
    /// Whether it will be once the filters that stand there have gone.
    pub(crate) opens: bool,
    /// Whether exclusion filters stand last.
    pub(crate) ends_in_filters: bool,
}

/// Writes a template.
pub(crate) fn write(template: &Template, draw: &mut Draw<'_>) -> Written {
    let style = Style::draw(draw);
    let mut writer = Writer {
        draw,
        style,
        lines: Vec::new(),
        line: String::new(),
        notes: 0,
        anchors: 0,
        staying: Vec::new(),
        has_explicit_key: false,
        is_braced: false,
        in_filters: false,
        is_above_filters: false,
        scalar_above_filters: None,
        below_filters: None,
        scalar_above: None,
        section: None,
    };
    let count = template.documents.len();
    for (nth, document) in template.documents.iter().enumerate() {
        let is_marked = nth > 0 || writer.draw.once_in(6);
        if is_marked {
            writer.gap(0, false);
            writer.line.push_str("---");
            writer.end_line();
        }
        writer.document(&document.value(), document.place);
        if !document.after.is_empty() {
            writer.section = None;
        }
        if nth + 1 < count && writer.draw.once_in(6) || writer.draw.once_in(16) {
            writer.section = None;
            writer.line.push_str("...");
            writer.end_line();
        }
    }
    writer.gap(0, false);
    let mut text = writer.lines.join("\n");
    let is_open = matches!(writer.scalar_above, Some(Chomp::Clip | Chomp::Keep));
    let opens = writer.below_filters.is_some()
        && matches!(writer.scalar_above_filters, Some(Chomp::Clip | Chomp::Keep));
    if is_open || !writer.draw.once_in(4) {
        text.push('\n');
    } else {
        writer.section = None;
    }
    Written {
        text,
        staying: writer.staying,
        section: writer.section,
        is_open,
        opens,
        ends_in_filters: writer.below_filters.is_some(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Plain,
    Single,
    Double,
}

const QUOTES: [Quote; 3] = [Quote::Plain, Quote::Single, Quote::Double];

/// What becomes of the line breaks at the end of a block scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

/// How the lines of a collection in braces or brackets are broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    OneLine,
    /// Each member on a line of its own.
    Lines,
    /// The first on the line of the brace, the others below it.
    Hanging,
}

/// What is usual in a text.
struct Style {
    step: usize,
    is_uneven: bool,
    has_dedented_lists: bool,
    key: Quote,
    value: Quote,
    /// A comment or a blank line stands in one of so many places.
    comments: Option<usize>,
    /// One of so many collections is in braces.
    flow: usize,
    flow_colon: &'static str,
    flow_comma: &'static str,
    is_padded: bool,
}

impl Style {
    fn draw(draw: &mut Draw<'_>) -> Self {
        Self {
            step: draw.of(&[2, 4, 3, 1, 2, 6, 8, 5, 7]),
            is_uneven: draw.once_in(6),
            has_dedented_lists: draw.once_in(2),
            key: draw.of(&[Quote::Plain, Quote::Plain, Quote::Single, Quote::Double]),
            value: draw.of(&QUOTES),
            comments: draw.of(&[None, Some(8), Some(3)]),
            flow: draw.of(&[16, 5, 2]),
            flow_colon: draw.of(&[": ", ": ", ":", " : "]),
            flow_comma: draw.of(&[", ", ",", " , "]),
            is_padded: draw.once_in(2),
        }
    }
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a state of the writer, independent of the others"
)]
struct Writer<'d, 't> {
    draw: &'d mut Draw<'t>,
    style: Style,
    lines: Vec<String>,
    /// The line that is being written.
    line: String,
    notes: usize,
    anchors: usize,
    staying: Vec<String>,
    has_explicit_key: bool,
    /// Whether a document is one pair of braces.
    is_braced: bool,
    in_filters: bool,
    is_above_filters: bool,
    /// The block scalar that ends right above the filters.
    scalar_above_filters: Option<Chomp>,
    /// The column of the filters, until something stands below them.
    below_filters: Option<usize>,
    /// How the block scalar ends that the last line belongs to.
    scalar_above: Option<Chomp>,
    section: Option<usize>,
}

impl Writer<'_, '_> {
    fn document(&mut self, value: &Value, place: Place) {
        let Value::Map(entries) = value else {
            panic!("a document is a mapping");
        };
        self.section = None;
        if self.draw.once_in(16) {
            self.is_braced = true;
            self.begin(0, false);
            self.flow(value, 0, Flow::Lines);
            self.end_line();
            return;
        }
        self.entries(entries, 0);
        if place == Place::Fragment {
            self.section = Some(0);
        }
    }

    /// A block mapping, its first entry on the line that is being written.
    fn entries(&mut self, entries: &[(String, Value)], column: usize) {
        for (nth, (key, value)) in entries.iter().enumerate() {
            let is_filters = key == FILTERS;
            if is_filters {
                self.scalar_above_filters = self.scalar_above;
            }
            let is_above_filters = entries.get(nth + 1).is_some_and(|next| next.0 == FILTERS);
            self.is_above_filters |= is_above_filters;
            self.begin(column, is_filters);
            self.in_filters |= is_filters;
            let may_be_explicit = !is_filters && !matches!(value, Value::List(_));
            let is_explicit = may_be_explicit && self.draw.once_in(32) && !self.has_explicit_key;
            if is_explicit {
                self.line.push_str("? ");
            }
            self.key(key, false);
            if is_explicit {
                // The judge of YAML loses its way where more stands between,
                // or where two such entries follow each other.
                self.has_explicit_key = true;
                self.push_line();
                self.line = " ".repeat(column);
            }
            let is_apart = !is_explicit && self.draw.once_in(6);
            self.line.push_str(if is_apart { " :" } else { ":" });
            if self.draw.once_in(24) {
                self.anchors += 1;
                let _ = write!(self.line, " &anchor{}", self.anchors);
            }
            if let ("Resources", Value::Map(_)) = (key.as_str(), value) {
                self.section = None;
            }
            let is_block = self.node(key, value, column);
            if let ("Resources", Value::Map(_), Some(inner)) = (key.as_str(), value, is_block) {
                self.section = Some(inner);
            }
            self.is_above_filters &= !is_above_filters;
            if is_filters {
                self.in_filters = false;
                self.below_filters = Some(column);
            }
        }
    }

    /// What follows a colon or a dash; `column` is that of the key or the
    /// dash. Gives the column of a block mapping's entries.
    fn node(&mut self, key: &str, value: &Value, column: usize) -> Option<usize> {
        let in_list = self.line.ends_with('-');
        match value {
            Value::Text(text) => self.text(key, text, column),
            Value::Bare(word) => self.word(word, column),
            Value::Nothing => {
                let null = self.draw.of(&["", " ~", " null"]);
                self.line.push_str(null);
                self.end_line();
            }
            Value::Call(name, inner) => {
                if self.draw.once_in(4) {
                    let long = Value::Map(vec![(long(name), (**inner).clone())]);
                    return self.node(key, &long, column);
                }
                let _ = write!(self.line, " !{name}");
                match &**inner {
                    Value::List(items) if !items.is_empty() && self.draw.once_in(3) => {
                        self.end_line();
                        let inner = column + if in_list { 2 } else { self.step() };
                        self.items(items, inner);
                    }
                    inner => {
                        self.line.push(' ');
                        self.flow(inner, column, Flow::OneLine);
                        self.end_line();
                    }
                }
            }
            Value::Map(entries) if entries.is_empty() => {
                let empty = self.draw.of(&["{}", "{ }", "{}", "{  }"]);
                self.word(empty, column);
            }
            Value::List(items) if items.is_empty() => {
                let empty = self.draw.of(&["[]", "[ ]"]);
                self.word(empty, column);
            }
            Value::Map(_) | Value::List(_) if self.draw.once_in(self.style.flow) => {
                self.section = None;
                let mut inner = column;
                if self.draw.once_in(12) {
                    self.end_line();
                    inner = column + self.step();
                    self.begin(inner, false);
                } else {
                    self.line.push(' ');
                }
                let flow =
                    self.draw
                        .of(&[Flow::OneLine, Flow::Lines, Flow::OneLine, Flow::Hanging]);
                self.flow(value, inner, flow);
                self.end_line();
            }
            Value::Map(entries) => {
                let inner = if in_list && !self.draw.once_in(8) {
                    let blanks = self.draw.of(&[1, 1, 1, 3]);
                    self.line.push_str(&" ".repeat(blanks));
                    column + 1 + blanks
                } else {
                    self.end_line();
                    column + self.step()
                };
                self.entries(entries, inner);
                return Some(inner);
            }
            Value::List(items) => {
                if in_list {
                    self.line.push(' ');
                    self.items(items, column + 2);
                } else {
                    self.end_line();
                    let step = if self.style.has_dedented_lists {
                        0
                    } else {
                        self.step()
                    };
                    self.items(items, column + step);
                }
            }
        }
        None
    }

    /// A block sequence, its first item on the line that is being written.
    fn items(&mut self, items: &[Value], column: usize) {
        for item in items {
            self.begin(column, false);
            self.line.push('-');
            self.node("", item, column);
        }
    }

    /// A word that is written one way only.
    fn word(&mut self, word: &str, column: usize) {
        if self.draw.once_in(16) {
            self.end_line();
            let inner = column + self.step();
            self.begin(inner, false);
        } else {
            self.line.push(' ');
        }
        self.line.push_str(word);
        self.end_line();
    }

    /// A string, in any of the ways that a block mapping has for it.
    fn text(&mut self, key: &str, text: &str, column: usize) {
        // Blank lines below a `|+` are part of it: what is below filters that
        // go would become so.
        let is_kept_above_filters = self.is_above_filters && text.ends_with("\n\n");
        if text.contains('\n') && !is_kept_above_filters && !self.draw.once_in(4) {
            return self.block_scalar(text, column);
        }
        // A fix may have to write below the type, or to take the filters away:
        // where they are block scalars that is refused.
        let is_anchor_of_a_fix = key == "Type" || self.in_filters;
        let fits_a_block = !is_anchor_of_a_fix && !text.is_empty() && text.trim() == text;
        if fits_a_block && !text.contains('\n') && self.draw.once_in(14) {
            return self.block_scalar(text, column);
        }
        let written = self.scalar(text, false);
        let broken = written
            .split_once(' ')
            .filter(|(first, second)| {
                let are_words = |part: &str| part.chars().all(|c| c.is_alphanumeric() || c == '"');
                are_words(first)
                    && are_words(&second.replace(' ', ""))
                    && second.starts_with(char::is_alphanumeric)
            })
            .filter(|_| self.draw.once_in(3) && !self.is_braced);
        if let Some((first, second)) = broken {
            self.line.push(' ');
            self.line.push_str(first);
            self.push_line();
            let inner = column + self.step();
            self.line = format!("{}{second}", " ".repeat(inner));
            self.end_line();
            return;
        }
        self.word(&written, column);
    }

    fn block_scalar(&mut self, text: &str, column: usize) {
        let body = text.trim_end_matches('\n');
        let chomp = match text.len() - body.len() {
            0 => Chomp::Strip,
            1 => Chomp::Clip,
            _ => Chomp::Keep,
        };
        let is_folded = !text.contains('\n') && self.draw.once_in(2);
        self.line.push(' ');
        self.line.push(if is_folded { '>' } else { '|' });
        self.line.push_str(match chomp {
            Chomp::Strip => "-",
            Chomp::Clip => "",
            Chomp::Keep => "+",
        });
        self.end_line();
        let indent = " ".repeat(column + self.step().max(2));
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.line = format!("{indent}{line}");
            }
            self.push_line();
        }
        self.scalar_above = Some(chomp);
    }

    /// A key, quoted as is usual here, or as it must be.
    fn key(&mut self, key: &str, in_flow: bool) {
        let usual = self.style.key;
        let quote = if self.draw.once_in(12) {
            self.draw.of(&QUOTES)
        } else {
            usual
        };
        let written = self.quoted(key, quote, in_flow);
        self.line.push_str(&written);
    }

    /// A string on one line, quoted as is usual here, or as it must be.
    fn scalar(&mut self, text: &str, in_flow: bool) -> String {
        let usual = self.style.value;
        let quote = if self.draw.once_in(6) {
            self.draw.of(&QUOTES)
        } else {
            usual
        };
        if quote == Quote::Plain && is_other_when_plain(text) {
            return self.quoted(text, Quote::Single, in_flow);
        }
        self.quoted(text, quote, in_flow)
    }

    fn quoted(&mut self, text: &str, quote: Quote, in_flow: bool) -> String {
        match quote {
            // In braces from its beginning, a text is close to JSON: a quote
            // or a line break in a word is taken for a comma that is missing.
            Quote::Plain if is_plain(text, in_flow) && !(self.is_braced && text.contains('"')) => {
                text.to_owned()
            }
            Quote::Plain | Quote::Single if !text.contains('\n') => {
                format!("'{}'", text.replace('\'', "''"))
            }
            _ => {
                let escapes = self.draw.once_in(4);
                double_quoted(text, escapes)
            }
        }
    }

    /// A value in one line or in braces; `column` is that of the line's
    /// beginning.
    fn flow(&mut self, value: &Value, column: usize, flow: Flow) {
        match value {
            Value::Text(text) => {
                let written = self.scalar(text, true);
                self.line.push_str(&written);
            }
            Value::Bare(word) => self.line.push_str(word),
            Value::Nothing => {
                let null = self.draw.of(&["null", "~"]);
                self.line.push_str(null);
            }
            Value::Call(name, inner) => {
                let _ = write!(self.line, "!{name} ");
                self.flow(inner, column, Flow::OneLine);
            }
            Value::Map(entries) => {
                let members: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (Some(key.as_str()), value))
                    .collect();
                self.members(["{", "}"], &members, column, flow);
            }
            Value::List(items) => {
                let members: Vec<_> = items.iter().map(|item| (None, item)).collect();
                self.members(["[", "]"], &members, column, flow);
            }
        }
    }

    fn members(
        &mut self,
        [open, close]: [&str; 2],
        members: &[(Option<&str>, &Value)],
        column: usize,
        flow: Flow,
    ) {
        let count = members.len();
        let is_within_filters = self.in_filters;
        self.line.push_str(open);
        let is_padded = self.style.is_padded;
        let comma = self.style.flow_comma;
        match flow {
            _ if count == 0 => self.line.push_str(self.draw.of(&["", "", " "])),
            Flow::OneLine => {
                if is_padded {
                    self.line.push(' ');
                }
                for (nth, &member) in members.iter().enumerate() {
                    self.member(member, column, flow);
                    self.in_filters = is_within_filters;
                    if nth + 1 < count {
                        self.line.push_str(comma);
                    }
                }
                if self.draw.once_in(8) {
                    self.line.push(',');
                }
                if is_padded {
                    self.line.push(' ');
                }
            }
            Flow::Hanging => {
                let inner = self.line.chars().count();
                for (nth, &member) in members.iter().enumerate() {
                    self.member(member, inner, flow);
                    self.in_filters = is_within_filters;
                    if nth + 1 < count {
                        self.line.push(',');
                        self.push_line();
                        self.line = " ".repeat(inner);
                    }
                }
            }
            Flow::Lines => {
                self.end_line();
                let inner = column + self.step();
                for (nth, &member) in members.iter().enumerate() {
                    self.begin(inner, member.0 == Some(FILTERS));
                    self.member(member, inner, flow);
                    let has_comma = nth + 1 < count || self.draw.once_in(3);
                    if has_comma {
                        self.line.push(',');
                    }
                    // The comment on the line of a member goes with it.
                    self.end_line();
                    self.in_filters = is_within_filters;
                }
                self.begin(column, false);
            }
        }
        self.line.push_str(close);
    }

    /// An item, or a key and its value.
    fn member(&mut self, (key, value): (Option<&str>, &Value), column: usize, outer: Flow) {
        if let Some(key) = key {
            self.in_filters |= key == FILTERS;
            self.key(key, true);
            if *value == Value::Nothing && self.draw.once_in(3) {
                let nothing = self.draw.of(&[":", ": "]);
                self.line.push_str(nothing);
                return;
            }
            // Only behind quotes may a value stand right after the colon.
            let is_quoted = self.line.ends_with(['"', '\'']);
            self.line.push_str(match self.style.flow_colon {
                ":" if !is_quoted => ": ",
                colon => colon,
            });
        }
        let flow = self.flow_within(outer);
        self.flow(value, column, flow);
    }

    fn flow_within(&mut self, outer: Flow) -> Flow {
        match outer {
            Flow::Lines => self.draw.of(&[Flow::OneLine, Flow::Lines]),
            Flow::OneLine | Flow::Hanging => Flow::OneLine,
        }
    }

    fn step(&mut self) -> usize {
        if self.style.is_uneven {
            1 + self.draw.below(8)
        } else {
            self.style.step
        }
    }

    /// Begins a line at `column`, unless one is begun already.
    fn begin(&mut self, column: usize, is_filters: bool) {
        if self.line.is_empty() {
            self.gap(column, is_filters);
            self.line = " ".repeat(column);
            self.below_filters = None;
            self.scalar_above = None;
        }
    }

    /// Comments and blank lines above a line at `column`.
    fn gap(&mut self, column: usize, is_filters: bool) {
        let Some(comments) = self.style.comments else {
            return;
        };
        for _ in 0..2 {
            if !self.draw.once_in(comments) {
                continue;
            }
            if self.draw.once_in(3) {
                match self.scalar_above {
                    None => self.line.push_str(self.draw.of(&["", "", "  "])),
                    Some(Chomp::Keep) => continue,
                    Some(_) => {}
                }
            } else {
                let mut at = self.draw.of(&[column, column, 0, column + 3]);
                if self.scalar_above.is_some() {
                    at = at.min(column);
                }
                let goes = is_filters && at == column
                    || self.below_filters.is_some_and(|filters| at > filters);
                self.line = " ".repeat(at);
                self.note(goes);
            }
            self.push_line();
        }
    }

    /// Ends a line, with blanks and a comment behind it or without.
    fn end_line(&mut self) {
        if let Some(comments) = self.style.comments {
            if self.draw.once_in(2 * comments) {
                self.line.push_str(self.draw.of(&[" ", "  ", "\t"]));
            }
            if self.draw.once_in(comments) {
                self.line.push(' ');
                self.note(false);
            }
        }
        self.push_line();
    }

    fn push_line(&mut self) {
        self.lines.push(std::mem::take(&mut self.line));
    }

    fn note(&mut self, goes: bool) {
        let says = self.draw.of(&[
            "",
            "ImageTagMutability: MUTABLE",
            "Type: AWS::ECR::Repository",
            "- é }, {",
            "it's",
        ]);
        self.notes += 1;
        let note = format!("# note {}: {says}", self.notes);
        self.line.push_str(&note);
        if !goes && !self.in_filters {
            self.staying.push(note);
        }
    }
}

/// Whether a plain word would be something else than a string.
fn is_other_when_plain(text: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "~"];
    words.contains(&text.to_lowercase().as_str()) || text.parse::<f64>().is_ok()
}

/// Whether a string can be written without quotes.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let first = text.chars().next();
    first.is_some_and(|first| first.is_alphanumeric() || "/$".contains(first))
        && text.trim() == text
        && !text.contains(['\n', '\t'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !(in_flow && text.contains([',', '[', ']', '{', '}', '#']))
}

fn double_quoted(text: &str, escapes: bool) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if escapes && !c.is_ascii() => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
