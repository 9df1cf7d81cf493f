//! The marks of template engines: where they stand, and a text without them.
//!
//! This module owns what Jinja, Go templates and Handlebars write between
//! `{{`, `{%`, `{#` and their closings: it finds each mark, says what it may
//! do to the text around it, and puts a neutral text of the same length in
//! its place, so that what is left can be read as YAML or JSON and every
//! offset stays true. It evaluates nothing, and it knows no syntax but that of
//! the marks.
//!
//! Sources: Jinja, "Template Designer Documentation"; Go, package
//! `text/template`; Handlebars, "Language Features". `{{resolve:…}}` is no
//! mark but a dynamic reference of CloudFormation's (AWS CloudFormation User
//! Guide, "Get values stored in other services").

use memchr::{memchr, memchr_iter, memmem};

use crate::text::span::Span;

/// What a mark may do to the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// It stands for a part of its line: `Name: {{ name }}`.
    Text,
    /// It may stand for any lines: an expression alone on its line, or an
    /// `include`.
    Lines,
    /// It begins a block that may be left out, or repeated: `{% if … %}`.
    Open,
    /// It ends one branch of a block and begins another.
    Else,
    /// It ends a block.
    End,
    /// It gives no text: a comment, an assignment.
    Silent,
}

/// One mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where it stands, its braces included.
    pub span: Span,
    /// What it may do.
    pub kind: MarkKind,
    /// Whether it takes the white space behind it away (`-}}`), or may: Jinja
    /// has options to leave out the line break behind `%}` and `#}`.
    pub trims_behind: bool,
    /// Whether letters stand in its place, and not blanks.
    is_word: bool,
    /// Whether nothing but white space stands before it on its line.
    begins_line: bool,
    /// The branch that the text behind it belongs to.
    branch: usize,
}

impl Mark {
    /// Whether it may control or stand for whole lines.
    #[must_use]
    pub fn is_block(&self) -> bool {
        self.kind != MarkKind::Text
    }

    /// Whether it takes all white space before it away: `{%- … %}`.
    fn cuts_before(&self, text: &str) -> bool {
        let sign = self.span.of(text).as_bytes().get(2);
        sign.is_some_and(|sign| matches!(sign, b'-' | b'~'))
    }

    /// Whether it takes all white space behind it away: `{% … -%}`.
    fn cuts_behind(&self, text: &str) -> bool {
        let written = self.span.of(text);
        let inner = written.get(..written.len().saturating_sub(2));
        inner.is_some_and(|inner| inner.ends_with(['-', '~']))
    }
}

/// The marks of a text, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    marks: Vec<Mark>,
}

impl Marks {
    /// Finds the marks of `text`. What is not closed is no mark, and neither
    /// is what stands in `{% raw %}`. Work is linear in the length of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut marks = Scanner::new(text).marks();
        widen(text, &mut marks);
        branch(&mut marks);
        Self { marks }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The marks in which none of these places stands, in the order of the
    /// text: for a text that could be read with its marks in it.
    #[must_use]
    pub fn without(mut self, places: impl Iterator<Item = usize>) -> Self {
        let mut places = places.peekable();
        self.marks.retain(|mark| {
            while places.next_if(|&place| place <= mark.span.start).is_some() {}
            places.peek().is_none_or(|&place| place >= mark.span.end)
        });
        branch(&mut self.marks);
        self
    }

    /// The marks that share a byte with `span`, or have it strictly inside.
    pub fn within(&self, span: Span) -> impl Iterator<Item = &Mark> {
        let first = self
            .marks
            .partition_point(|mark| mark.span.end <= span.start);
        self.marks
            .iter()
            .skip(first)
            .take_while(move |mark| mark.span.start < span.end.max(span.start + 1))
            .filter(move |mark| !span.is_empty() || mark.span.start < span.start)
    }

    /// The marks that begin at `offset` or behind it.
    #[must_use]
    pub fn from(&self, offset: usize) -> &[Mark] {
        let first = self.marks.partition_point(|mark| mark.span.start < offset);
        self.marks.get(first..).unwrap_or_default()
    }

    /// The last mark that ends at `offset` or before it.
    #[must_use]
    pub fn before(&self, offset: usize) -> Option<&Mark> {
        let next = self.marks.partition_point(|mark| mark.span.end <= offset);
        self.marks.get(next.checked_sub(1)?)
    }

    /// The block mark among those that begin a line at `offset`, one right
    /// behind the other, which has white space behind it and then a text.
    ///
    /// That text has another column in the result than the mark has
    /// (`{% if a %}    Properties:`), and so another parent.
    #[must_use]
    pub fn shift(&self, text: &str, offset: usize) -> Option<&Mark> {
        let marks = self.from(offset);
        marks.first().filter(|mark| mark.begins_line)?;
        let mut next = offset;
        for mark in marks {
            if mark.span.start != next || !mark.is_block() {
                return None;
            }
            next = mark.span.end;
            let behind = text.get(next..).unwrap_or_default();
            if behind.starts_with(BLANKS) {
                return (!ends_line(behind)).then_some(mark);
            }
        }
        None
    }

    /// The mark that takes away the line break before the key at `offset`
    /// (`{% if a -%}`, or one that the key begins with), where the key then
    /// has another column than it is written at, or stands behind something
    /// else.
    #[must_use]
    pub fn join(&self, text: &str, offset: usize) -> Option<&Mark> {
        let before = text.get(..offset)?;
        let own = self.from(offset).first();
        let own = own.filter(|own| own.span.start == offset && own.begins_line);
        // Looked at from the end only, so that all keys together cost one pass.
        let is_head = |text: &str| matches!(text, "" | "\u{feff}");
        let above = before.trim_end();
        if own.is_some_and(|own| own.cuts_before(text)) && !is_head(above) {
            return own;
        }
        let gap = before.len() - above.len();
        let first = self.before(offset - gap)?;
        let is_behind = first.span.end == offset - gap && first.cuts_behind(text);
        if !is_behind || !before.get(first.span.end..)?.contains('\n') {
            return None;
        }
        let written = gap - (before.rfind('\n')? + 1 - first.span.end);
        // What is left of the blanks before the marks that stand in a row.
        let (mut mark, mut column) = (first, 0);
        while !matches!(mark.kind, MarkKind::Text | MarkKind::Lines) {
            let mut head = text.get(..mark.span.start)?;
            if mark.cuts_before(text) {
                head = head.trim_end();
                column = 0;
            }
            let bare = head.trim_end_matches(BLANKS);
            column += head.len() - bare.len();
            if is_head(bare) || bare.ends_with('\n') {
                return (column != written).then_some(first);
            }
            match self.before(bare.len()) {
                Some(above) if above.span.end == bare.len() => mark = above,
                _ => break,
            }
        }
        Some(first)
    }

    /// The mark that may stand for lines which comes behind `offset` of
    /// `masked` before anything else does but comments and a colon.
    #[must_use]
    pub fn lines_behind(&self, masked: &str, offset: usize) -> Option<&Mark> {
        let (mut done, mut in_comment) = (offset, false);
        for mark in self.from(offset) {
            let gap = Span::new(done, mark.span.start).of(masked);
            for (nth, line) in gap.split('\n').enumerate() {
                let line = line.trim().trim_start_matches(':').trim_start();
                in_comment = line.starts_with('#') || (in_comment && nth == 0);
                if !(line.is_empty() || in_comment) {
                    return None;
                }
            }
            let gives_text = matches!(mark.kind, MarkKind::Lines | MarkKind::Text);
            if gives_text && !in_comment {
                return Some(mark);
            }
            done = mark.span.end;
        }
        None
    }

    /// Which branch of which block the text at `offset` belongs to: two
    /// places of the same branch are in the result together, and as often.
    #[must_use]
    pub fn branch(&self, offset: usize) -> usize {
        self.before(offset).map_or(0, |mark| mark.branch)
    }

    /// `text`, whose marks these are, with a neutral text in the place of
    /// each: blanks where it has its line to itself or shares it with other
    /// marks only, letters elsewhere (digits where the text is like JSON, so
    /// that they are a value wherever one may stand). Its length and its line
    /// breaks are those of `text`.
    ///
    /// Letters make many a text unreadable that blanks would not
    /// (`{{if .A}}Name: a{{end}}`, a comment over several lines): what such a
    /// mark leaves out or shifts is not known, so that no column and no value
    /// beside it is to be relied on.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        let word = if self.leave_braces(text) { '1' } else { 'x' };
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for mark in &self.marks {
            let neutral = if mark.is_word { word } else { ' ' };
            out.push_str(Span::new(done, mark.span.start).of(text));
            out.extend(mark.span.of(text).bytes().map(|byte| match byte {
                b'\n' | b'\r' => char::from(byte),
                _ => neutral,
            }));
            done = mark.span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// Whether the first that stands outside of marks is a brace or bracket.
    fn leave_braces(&self, text: &str) -> bool {
        let mut done = 0;
        let gaps = self.marks.iter().map(|mark| {
            let gap = Span::new(done, mark.span.start);
            done = mark.span.end;
            gap
        });
        let mut rest = gaps.map(|gap| bare(gap.of(text)));
        let first = rest.find(|gap| !gap.is_empty());
        let first = first.unwrap_or_else(|| bare(text.get(done..).unwrap_or_default()));
        first.starts_with(['{', '['])
    }
}

/// A text masked in another way than by [`Marks::masked`]: whatever stands
/// between the braces is a mark, to the first that closes it; those that have
/// their lines to themselves become comments, and all others letters.
///
/// A text that only the one way leaves readable says different things to
/// different readers: where a block scalar ends, say, or where a mark does.
#[must_use]
pub fn otherwise_masked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut closings = [(b'{', "}}"), (b'%', "%}"), (b'#', "#}")]
        .map(|(sign, closing)| (sign, Closing::new(closing.as_bytes())));
    let mut spans: Vec<Span> = Vec::new();
    let mut done = 0;
    for start in memchr_iter(b'{', bytes).collect::<Vec<_>>() {
        let sign = bytes.get(start + 1);
        let closing = closings.iter_mut().find(|(known, _)| Some(known) == sign);
        let end = closing.and_then(|(_, closing)| closing.after(bytes, start + 2));
        if let Some(end) = end.filter(|_| start >= done) {
            done = end + 2;
            spans.push(Span::new(start, done));
        }
    }
    let mut out = String::with_capacity(text.len());
    let (mut done, mut next) = (0, 0);
    while next < spans.len() {
        // The marks of one line, and whether nothing else stands there.
        let rest = spans.get(next..).unwrap_or_default();
        let head = rest.first().map_or(0, |span| span.start);
        let line = text.get(..head).and_then(|before| before.rfind('\n'));
        let mut at = line.map_or(0, |at| at + 1);
        let (mut is_bare, mut count) = (true, 0);
        for span in rest {
            let gap = Span::new(at, span.start).of(text);
            if count > 0 && gap.contains('\n') {
                break;
            }
            is_bare &= gap.trim().is_empty() && !span.of(text).contains('\n');
            at = span.end;
            count += 1;
        }
        let behind = text.get(at..).unwrap_or_default();
        let behind = behind.split('\n').next().unwrap_or_default();
        is_bare &= behind.trim().is_empty();
        for span in rest.iter().take(count) {
            out.push_str(Span::new(done, span.start).of(text));
            let neutral = if is_bare { '#' } else { 'x' };
            out.extend(span.of(text).chars().map(|sign| match sign {
                '\n' => '\n',
                _ => neutral,
            }));
            done = span.end;
        }
        next += count.max(1);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// A text without the white space and the byte order mark before it.
fn bare(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

/// Where a closing comes next. The places asked from only grow, so that all
/// answers together cost one pass over the text.
struct Closing {
    word: &'static [u8],
    next: Option<usize>,
    is_over: bool,
}

impl Closing {
    fn new(word: &'static [u8]) -> Self {
        Self {
            word,
            next: None,
            is_over: false,
        }
    }

    fn after(&mut self, text: &[u8], from: usize) -> Option<usize> {
        if self.next.is_none_or(|next| next < from) && !self.is_over {
            let rest = text.get(from..).unwrap_or_default();
            self.next = memmem::find(rest, self.word).map(|at| from + at);
            self.is_over = self.next.is_none();
        }
        self.next.filter(|&next| next >= from)
    }
}

struct Scanner<'a> {
    text: &'a str,
    braces: Closing,
    again: Closing,
    percent: Closing,
    hash: Closing,
    go_comment: Closing,
    handlebars_comment: Closing,
    end_raw: Closing,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            braces: Closing::new(b"}}"),
            again: Closing::new(b"{{"),
            percent: Closing::new(b"%}"),
            hash: Closing::new(b"#}"),
            go_comment: Closing::new(b"*/"),
            handlebars_comment: Closing::new(b"--}}"),
            end_raw: Closing::new(b"endraw"),
        }
    }

    fn marks(&mut self) -> Vec<Mark> {
        let bytes = self.text.as_bytes();
        let mut marks = Vec::new();
        let mut done = 0;
        for start in memchr_iter(b'{', bytes) {
            if start < done {
                continue;
            }
            let found = match bytes.get(start + 1) {
                Some(b'{') => self.braces(start),
                Some(b'%') => self.statement(start),
                Some(b'#') => {
                    let end = self.hash.after(bytes, start + 2);
                    end.map(|end| (end + 2, MarkKind::Silent))
                }
                _ => None,
            };
            let Some((end, kind)) = found else {
                continue;
            };
            marks.push(Mark {
                span: Span::new(start, end),
                kind,
                trims_behind: trims_behind(Span::new(start, end).of(self.text)),
                is_word: true,
                begins_line: false,
                branch: 0,
            });
            done = self.after_raw(start, end).unwrap_or(end);
        }
        marks
    }

    /// `{{ … }}` at `start`: where it ends, and what it is.
    fn braces(&mut self, start: usize) -> Option<(usize, MarkKind)> {
        let bytes = self.text.as_bytes();
        let open = start + 2;
        let rest = self.text.get(open..)?;
        if rest.starts_with("resolve:") {
            return None;
        }
        let inner = rest.trim_start_matches(['-', '~']);
        let inner = inner.trim_start();
        let lead = rest.len() - inner.len();
        // Go takes a blank before a comment only behind a trim marker; whatever else
        // begins so is an expression, if a wrong one.
        if inner.starts_with("/*") && (lead == 0 || rest.starts_with('-')) {
            let end = self.go_comment.after(bytes, open + lead + 2)? + 2;
            // Go takes nothing else between.
            let tail = self.text.get(end..)?;
            let closing = ["}}", " -}}", "-}}"]
                .iter()
                .find(|&&c| tail.starts_with(c))?;
            return Some((end + closing.len(), MarkKind::Silent));
        }
        if inner.starts_with("!--") {
            let end = self.handlebars_comment.after(bytes, open + lead + 3)?;
            return Some((end + 4, MarkKind::Silent));
        }
        let close = self.braces.after(bytes, open)?;
        if rest.starts_with('{') {
            // `{{{ … }}}`; else a brace, and the mark begins behind it.
            let is_triple = bytes.get(close + 2) == Some(&b'}');
            return is_triple.then_some((close + 3, MarkKind::Text));
        }
        // An opening before the closing: this one is not closed.
        if self
            .again
            .after(bytes, open)
            .is_some_and(|again| again < close)
        {
            return None;
        }
        let inner = Span::new(open, close).of(self.text);
        Some((close + 2, expression(inner)))
    }

    /// `{% … %}` at `start`: where it ends, and what it is.
    fn statement(&mut self, start: usize) -> Option<(usize, MarkKind)> {
        let close = self.percent.after(self.text.as_bytes(), start + 2)?;
        let inner = Span::new(start + 2, close).of(self.text);
        Some((close + 2, statement(inner)))
    }

    /// Where the `{% endraw %}` begins that belongs to a `{% raw %}`.
    fn after_raw(&mut self, start: usize, end: usize) -> Option<usize> {
        let written = Span::new(start, end).of(self.text);
        let inner = written.strip_prefix("{%")?.strip_suffix("%}")?;
        if inner.trim_matches(TRIMS).trim() != "raw" {
            return None;
        }
        let mut from = end;
        loop {
            let word = self.end_raw.after(self.text.as_bytes(), from)?;
            let before = Span::new(end, word).of(self.text).trim_end();
            let before = before.trim_end_matches(TRIMS);
            if before.ends_with("{%") {
                return Some(end + before.len() - 2);
            }
            from = word + 1;
        }
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// The signs that say how white space beside a mark is taken away.
const TRIMS: [char; 3] = ['-', '+', '~'];

fn trims_behind(written: &str) -> bool {
    !written.ends_with("}}") || written.ends_with("-}}")
}

/// What stands between `{{` and `}}`, by its first word.
fn expression(inner: &str) -> MarkKind {
    let inner = inner.trim_matches(TRIMS).trim();
    let (word, rest) = inner.split_at(inner.find(char::is_whitespace).unwrap_or(inner.len()));
    let rest = rest.trim_start();
    // A variable may have the name of a keyword: `{{ block | upper }}`.
    let has_argument = !rest.is_empty() && !rest.starts_with(['|', '=', '+', '~']);
    match word {
        "else" | "^" => MarkKind::Else,
        "end" if rest.is_empty() => MarkKind::End,
        "break" | "continue" if rest.is_empty() => MarkKind::Silent,
        "if" | "range" | "with" | "define" | "block" if has_argument => MarkKind::Open,
        "template" | "include" if has_argument => MarkKind::Lines,
        _ if word.starts_with('!') => MarkKind::Silent,
        _ if word.starts_with(['#', '^']) => MarkKind::Open,
        _ if is_close(inner) => MarkKind::End,
        _ if word.starts_with('>') => MarkKind::Lines,
        _ if word.starts_with('$') && (rest.starts_with(":=") || rest.starts_with("= ")) => {
            MarkKind::Silent
        }
        _ => MarkKind::Text,
    }
}

/// Whether it is a slash and a name, and nothing else: `{{/if}}`.
fn is_close(inner: &str) -> bool {
    let is_of_name = |sign: char| sign.is_alphanumeric() || "_-./@:".contains(sign);
    let name = inner.strip_prefix('/').map(str::trim_start);
    name.is_some_and(|name| name.chars().all(is_of_name) && name.contains(char::is_alphanumeric))
}

/// What stands between `{%` and `%}`, by its first word.
fn statement(inner: &str) -> MarkKind {
    let inner = inner.trim_matches(TRIMS).trim();
    let word = inner
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next();
    match word.unwrap_or_default() {
        "if" | "for" | "macro" | "call" | "filter" | "block" | "with" | "autoescape" | "trans"
        | "unless" | "case" => MarkKind::Open,
        "set" if !inner.contains('=') => MarkKind::Open,
        "set" | "import" | "from" | "extends" | "do" | "break" | "continue" | "raw" | "endraw"
        | "assign" => MarkKind::Silent,
        "else" | "elif" | "elseif" | "elsif" | "when" => MarkKind::Else,
        word if word.starts_with("end") => MarkKind::End,
        _ => MarkKind::Lines,
    }
}

/// Makes [`MarkKind::Lines`] of the expressions that are alone on their line
/// with other marks, reach over several, or join theirs to another.
fn widen(text: &str, marks: &mut [Mark]) {
    let mut first = 0;
    while first < marks.len() {
        let rest = marks.get_mut(first..).unwrap_or_default();
        let (length, is_bare) = same_line(text, rest);
        let line = rest.get_mut(..length).unwrap_or_default();
        let head = line
            .first()
            .map_or("", |mark| line_before(text, mark.span.start));
        let is_first = is_bare && begins_block_scalar(text, line);
        let last = line.len().saturating_sub(1);
        for (nth, mark) in line.iter_mut().enumerate() {
            let written = mark.span.of(text);
            let behind = text.get(mark.span.end..).unwrap_or_default();
            mark.begins_line = nth == 0 && head.is_empty();
            let joins = (mark.begins_line && written.as_bytes().get(2) == Some(&b'-'))
                || (nth == last && written.ends_with("-}}") && ends_line(behind));
            let is_long = written.contains('\n');
            if mark.kind == MarkKind::Text && (is_bare || joins || is_long) {
                mark.kind = MarkKind::Lines;
            }
            mark.is_word = !is_bare || is_long || (is_first && nth == 0);
        }
        first += length.max(1);
    }
}

/// How many of these marks share the line of the first (one that reaches over
/// several lines leads to the last of them), and whether nothing else does.
fn same_line(text: &str, marks: &[Mark]) -> (usize, bool) {
    let Some(first) = marks.first() else {
        return (0, false);
    };
    let mut is_bare = line_before(text, first.span.start).is_empty();
    for (nth, mark) in marks.iter().enumerate() {
        let next = marks.get(nth + 1);
        let end = next.map_or(text.len(), |next| next.span.start);
        let gap = Span::new(mark.span.end, end).of(text);
        let line_end = memchr(b'\n', gap.as_bytes());
        let behind = gap.get(..line_end.unwrap_or(gap.len()));
        is_bare &= behind.unwrap_or_default().trim().is_empty();
        if line_end.is_some() || next.is_none() {
            return (nth + 1, is_bare);
        }
    }
    (marks.len(), is_bare)
}

/// What stands before `offset` on its line, without white space around it.
fn line_before(text: &str, offset: usize) -> &str {
    let before = text.get(..offset).unwrap_or_default();
    let line = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
    bare(before.get(line..).unwrap_or_default()).trim_end()
}

/// Whether nothing but white space comes before the line ends.
fn ends_line(behind: &str) -> bool {
    let rest = behind.trim_start_matches([' ', '\t', '\r']);
    rest.is_empty() || rest.starts_with('\n')
}

/// Whether the marks that are alone on a line are the first line of a block
/// scalar. That may not be blank and longer than the lines below it.
///
/// Source: YAML 1.2.2 section 8.1.1.1.
fn begins_block_scalar(text: &str, line: &[Mark]) -> bool {
    let first = line.first();
    let Some(before) = first.and_then(|first| text.get(..first.span.start)) else {
        return false;
    };
    let above = before.trim_end();
    let depth = before.len() - before.trim_end_matches(BLANKS).len();
    let above = above.get(above.rfind('\n').map_or(0, |at| at + 1)..);
    let above = above.unwrap_or_default();
    let above = above.split(" #").next().unwrap_or_default().trim_end();
    let header = above.rsplit([' ', '\t']).next().unwrap_or_default();
    let is_header = header
        .strip_prefix(['|', '>'])
        .is_some_and(|rest| rest.trim_matches(['-', '+']).len() <= 1);
    is_header && above.len() - above.trim_start().len() < depth
}

/// Numbers the branches. What ends without having begun begins a new one: it
/// is not known where its block began.
fn branch(marks: &mut [Mark]) {
    let (mut here, mut last) = (0, 0);
    let mut outer = Vec::new();
    for mark in marks {
        match mark.kind {
            MarkKind::Open => outer.push(here),
            MarkKind::End => {
                if let Some(out) = outer.pop() {
                    mark.branch = out;
                    here = out;
                    continue;
                }
            }
            MarkKind::Else => {}
            MarkKind::Text | MarkKind::Lines | MarkKind::Silent => {
                mark.branch = here;
                continue;
            }
        }
        last += 1;
        here = last;
        mark.branch = here;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use MarkKind::{Else, End, Lines, Open, Silent, Text};

    fn kinds(text: &str) -> Vec<MarkKind> {
        Marks::of(text).marks.iter().map(|mark| mark.kind).collect()
    }

    fn masked(text: &str) -> String {
        Marks::of(text).masked(text)
    }

    const ALL: &str = "\u{feff}{% set a = 1 %}\r\nÄ: {{ ä|ü('ß') }} # {{ 一 }}\r\n{#\r\n é #}\r\n\
        {{- range .X }}\n  - {{ . }}é{{/* }} */}}\n{{ end }}\n{{{ t }}} {{!-- }} --}}";

    #[test]
    fn length_line_breaks_and_all_outside_of_marks_stay() {
        let text = ALL;
        let out = masked(text);
        assert_eq!(out.len(), text.len());
        for (was, is) in text.bytes().zip(out.bytes()) {
            let is_break = |byte: u8| matches!(byte, b'\n' | b'\r');
            assert_eq!(is_break(was), is_break(is));
        }
        let last = masked("é: {{ é }}é\n{{ x }}\n");
        assert_eq!(last, "é: xxxxxxxxé\n       \n");
        assert!(Marks::of(&out).is_empty(), "masking twice changes nothing");
    }

    #[test]
    fn a_text_without_marks_is_as_it_was() {
        for text in [
            "",
            "{",
            "a: {b: {c: d}}",
            r#"{"a":{"b":{}}}"#,
            "a: '{{resolve:ssm:name:1}}'",
            "a: {{ b",
            "a: {% b",
            "a: {# b",
            "${#array[@]}",
            "a }} b %} c #}",
        ] {
            assert!(Marks::of(text).is_empty(), "{text}");
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn an_opening_that_is_not_closed_is_no_mark() {
        assert_eq!(masked("a: {{ b {{ c }}d"), "a: {{ b xxxxxxxd");
        assert_eq!(
            masked("'{{resolve:ssm:{{ b }}:1}}'"),
            "'{{resolve:ssm:xxxxxxx:1}}'"
        );
        assert_eq!(masked("{{/* }} c"), "{{/* }} c");
        assert_eq!(masked("{{ /* }} c"), "xxxxxxxx c");
    }

    #[test]
    fn digits_stand_where_json_has_values() {
        assert_eq!(masked(r#"{"a": {{ b }}}"#), r#"{"a": 1111111}"#);
        let text = "\u{feff}{{ $a := 1 }}\n[{{ b }}]";
        assert_eq!(masked(text), "\u{feff}             \n[1111111]");
        assert_eq!(masked("a: {{{ b }}}"), "a: xxxxxxxxx");
        assert_eq!(masked(r#"{"a":{{{ b }}:1}}"#), r#"{"a":{1111111:1}}"#);
    }

    #[test]
    fn what_a_mark_may_do_is_said_by_its_first_word_and_its_line() {
        assert_eq!(
            kinds("{% if a %}{%- elif b -%}{% else %}{% endif %}"),
            [Open, Else, Else, End]
        );
        assert_eq!(
            kinds("{{if .A}}{{- else if b }}{{else}}{{end}}"),
            [Open, Else, Else, End]
        );
        assert_eq!(
            kinds("{{/ if }}{{ /a.b-c }}{{ / a | b }}{{ /+ a }}"),
            [End, End, Lines, Lines]
        );
        assert_eq!(
            kinds("{{#if a}}{{else}}{{^}}{{/if}}{{> b}}"),
            [Open, Else, Else, End, Lines]
        );
        assert_eq!(
            kinds("a{{$b := 1}}{{! c }}{# d #}{% set e = 1 %}"),
            [Silent; 4]
        );
        assert_eq!(
            kinds("{% set a %}{% endset %}{% include 'b' %}"),
            [Open, End, Lines]
        );
        assert_eq!(
            kinds("a{{ template \"b\" . }}{{ include \"b\" . }}"),
            [Lines, Lines]
        );
        // Names that only look like keywords.
        assert_eq!(
            kinds("a{{ block }}{{ range(3) }}{{ if | b }}{{ ending }}"),
            [Text; 4]
        );
        assert_eq!(kinds("{{ a }}: {{ b }}\n- {{ c }}"), [Text; 3]);
        assert_eq!(kinds("a\n  {{ b }} {{ c }}\r\n{{ d }}"), [Lines; 3]);
        assert_eq!(kinds("a: {{ b\n}}\n{{- c }}: d\ne: {{ f -}}\n"), [Lines; 3]);
        assert_eq!(kinds("a: {{- b -}} c\n"), [Text]);
    }

    #[test]
    fn what_stands_in_raw_is_no_mark() {
        let text = "{% raw %}{{ a }}{% if endraw %}{%- endraw -%}{{ b }}c";
        assert_eq!(kinds(text), [Silent, Silent, Text]);
        assert_eq!(kinds("{% raw %}{{ a }}b"), [Silent, Text]);
    }

    #[test]
    fn the_first_line_of_a_block_scalar_stays_one() {
        let text = "A: |-\n  {% if a %}\n  b\n  {% endif %}\nB: > # c\n  {{ d }}\n{% if e %}\n";
        let out = "A: |-\n  xxxxxxxxxx\n  b\n             \nB: > # c\n  xxxxxxx\n          \n";
        assert_eq!(masked(text), out);
        assert_eq!(masked("  A: |\n  {{ b }}\n"), "  A: |\n         \n");
        assert_eq!(masked("A: b|\n  {{ b }}\n"), "A: b|\n         \n");
    }

    #[test]
    fn marks_with_a_line_to_themselves_are_blanks_and_all_others_letters() {
        for (text, out) in [
            ("{{if b}}\nA: c\n{{end}}\n", "        \nA: c\n       \n"),
            ("  {{if b}} {% c %}\r\n", "                  \r\n"),
            ("A: {{if b}}c{{end}}\n", "A: xxxxxxxxcxxxxxxx\n"),
            ("{{end}}A: b\n", "xxxxxxxA: b\n"),
            ("# {{if b}}\n", "# xxxxxxxx\n"),
            ("{#\n a\n#}\nA: b\n", "xx\nxx\nxx\nA: b\n"),
            ("[{{if b}}1{{end}}, 3]", "[1111111111111111, 3]"),
        ] {
            assert_eq!(masked(text), out, "{text}");
        }
    }

    #[test]
    fn branches_tell_what_is_in_the_result_together() {
        let text = "0{% if a %}1{% for b %}2{% endfor %}1{% else %}3{% endif %}0{% endif %}4";
        let marks = Marks::of(text);
        let at = |digit: char| -> Vec<usize> {
            text.match_indices(digit)
                .map(|(at, _)| marks.branch(at))
                .collect()
        };
        let all: Vec<Vec<usize>> = "01234".chars().map(at).collect();
        for same in &all {
            assert!(same.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
        }
        let mut different: Vec<usize> = all.iter().map(|same| same[0]).collect();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 5, "{all:?}");
    }

    #[test]
    fn white_space_behind_a_block_shifts_what_follows() {
        for (text, shift) in [
            ("{% if a %}  B:", Some(0)),
            ("{% if a %}{{ end }}\t{{ b }}:", Some(10)),
            ("{% if a %}B:", None),
            ("{% if a %}  \r\nB:", None),
            ("{{ a }}  b", None),
            ("{{ a }}{% if b %}  c", None),
        ] {
            for before in ["", "\u{feff}", "A:\n  "] {
                let text = format!("{before}{text}");
                let marks = Marks::of(&text);
                let found = marks.shift(&text, before.len());
                let found = found.map(|mark| mark.span.start);
                let shift = shift.map(|shift| before.len() + shift);
                assert_eq!(found, shift, "{text}");
            }
        }
        let text = "A: {% if a %}  B";
        assert_eq!(Marks::of(text).shift(text, 3), None);
    }

    #[test]
    fn a_line_break_that_is_taken_away_may_shift_what_follows() {
        for (before, is_shifted) in [
            ("  {% if a -%}\n  ", false),
            ("  {% if a %}\n  ", false),
            ("{% if a -%}\n  ", true),
            ("  {%- if a -%}\n  ", true),
            ("A: b\n  {% if a -%}\n\n  ", false),
            ("A: b {% end -%}\n  ", true),
            ("A:\n  {% if a %} {{ end -}}\n   ", false),
            ("A:\n  {% if a %} {{- end -}}\n  ", false),
            ("A:\n  {% if a %} {{ end -}}\n  ", true),
            ("\u{feff}{{- $a := 1 -}}\n", false),
            ("\n {{- $a := 1 -}}\n{# b -#}\n", false),
            ("\n {{- $a := 1 -}}\n ", true),
            ("{{ a -}}\n", true),
            ("  {% if a -%}  ", false),
        ] {
            let text = format!("{before}B:");
            let found = Marks::of(&text).join(&text, before.len()).is_some();
            assert_eq!(found, is_shifted, "{before:?}");
        }
        for (before, is_shifted) in [("A: b\n  ", true), ("\n", false), ("A: ", false)] {
            let text = format!("{before}{{{{- if a }}}}B:");
            let found = Marks::of(&text).join(&text, before.len()).is_some();
            assert_eq!(found, is_shifted, "{before:?}");
        }
    }

    #[test]
    fn marks_are_found_by_their_place() {
        let marks = Marks::of("a{{ b }}c{{ d }}");
        let within = |start, end| marks.within(Span::new(start, end)).count();
        assert_eq!(
            [within(0, 1), within(0, 2), within(0, 10), within(8, 9)],
            [0, 1, 2, 0]
        );
        assert_eq!(
            [within(1, 1), within(2, 2), within(8, 8), within(16, 16)],
            [0, 1, 0, 0]
        );
        assert_eq!(marks.from(2).len(), 1);
        assert_eq!(marks.before(8).map(|mark| mark.span.start), Some(1));
    }

    #[test]
    fn openings_without_closings_take_linear_time() {
        for opening in [
            "{{",
            "{{ ",
            "{%",
            "{#",
            "{{/*",
            "{{!--",
            "{% raw %}",
            "{% raw %}endraw",
        ] {
            let text = opening.repeat(50_000);
            assert!(Marks::of(&text).marks.len() <= 50_000, "{opening}");
        }
    }
}
