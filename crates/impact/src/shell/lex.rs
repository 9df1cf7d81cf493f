//! Shell text to words, as far as pipelines need it.
//!
//! This module owns quotes, comments, continuations, substitutions and
//! heredocs, and the markup that other languages leave in shell text: that of
//! make, of `Fn::Sub`, of GitHub's expressions and of Go templates. It knows
//! no command and no variable.
//!
//! No parser of a shell does this: most of what is read here is a piece of
//! shell inside of something else, with markup that no shell takes, and a
//! parser that stops at the first of them sees nothing. What cannot be read
//! here is taken for text.

use std::collections::HashSet;

use crate::script::Dialect;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'s> {
    Text(String),
    /// `$NAME`, `${NAME}` and what else stands in the braces.
    Variable {
        name: &'s str,
        rest: &'s str,
        shown: &'s str,
    },
    /// `$(command)`, and where it begins.
    Command(&'s str, usize),
    /// What stands in `${{ }}`.
    Expression(&'s str),
    /// What stands in `{{ }}`.
    Mustache(&'s str),
    /// What stands in `$( )` for make.
    Make(&'s str),
    /// The name in `<< >>` of `CircleCI`'s.
    Parameter(&'s str),
}

/// A word, or what stands between words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    Word(Word<'s>),
    /// `;`, `&`, the end of a line.
    End,
    /// `&&`, `||`: what follows may not be run.
    Maybe,
    Pipe,
    Open,
    Close,
    /// `>`, `<` and the like, whose target follows; whether it appends.
    Redirect {
        appends: bool,
    },
    /// The text of a heredoc of the command before.
    Heredoc(&'s str, usize),
}

/// A word as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'s> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) pieces: Vec<Piece<'s>>,
    pub(crate) is_quoted: bool,
}

impl Word<'_> {
    /// The text of the word, if that is all that it is.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Comes apart to tokens.
pub(crate) fn tokens(text: &str, dialect: Dialect) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(text, dialect);
    lexer.run();
    lexer.tokens
}

/// A text that is one word, blanks and all.
pub(crate) fn pieces(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    let mut lexer = Lexer::new(text, dialect);
    lexer.pieces(|_| false).pieces
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    dialect: Dialect,
    tokens: Vec<Token<'s>>,
    /// What ends the heredocs that begin below this line.
    heredocs: Vec<String>,
    /// What ends none from here on.
    endless: HashSet<String>,
    /// How many bytes may still be looked at to find where something ends, so
    /// that what never ends does not cost the text each time.
    budget: usize,
}

impl<'s> Lexer<'s> {
    fn new(text: &'s str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            dialect,
            tokens: Vec::new(),
            heredocs: Vec::new(),
            endless: HashSet::new(),
            budget: text.len().saturating_mul(8).saturating_add(1024),
        }
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skips(&mut self, word: &str) -> bool {
        let is_there = self.rest().starts_with(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn run(&mut self) {
        while let Some(sign) = self.peek() {
            let token = match sign {
                ' ' | '\t' | '\r' => {
                    self.at += 1;
                    continue;
                }
                '\\' if self.continues() => continue,
                '\n' => {
                    self.at += 1;
                    self.heredoc_bodies();
                    Token::End
                }
                '#' => {
                    let line = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at += line;
                    continue;
                }
                ';' => {
                    self.at += self.rest().bytes().take_while(|&byte| byte == b';').count();
                    Token::End
                }
                '&' if self.skips("&&") => Token::Maybe,
                '&' if self.skips("&>") => self.redirect(),
                '&' => {
                    self.at += 1;
                    Token::End
                }
                '|' if self.skips("||") => Token::Maybe,
                '|' => {
                    self.at += 1;
                    Token::Pipe
                }
                '(' => {
                    self.at += 1;
                    Token::Open
                }
                ')' => {
                    self.at += 1;
                    Token::Close
                }
                '<' if self.parameter().is_none() && self.skips("<<<") => {
                    Token::Redirect { appends: false }
                }
                '<' if self.parameter().is_none() && self.skips("<<") => {
                    self.heredoc();
                    continue;
                }
                '<' | '>' if self.dialect == Dialect::Plain && self.parameter().is_none() => {
                    self.at += 1;
                    continue;
                }
                '<' | '>' if self.parameter().is_none() => {
                    self.at += 1;
                    self.redirect()
                }
                _ => {
                    let word = self.pieces(ends_word);
                    if word.end == word.start {
                        // Nothing was taken: that must not go on for ever.
                        self.at += sign.len_utf8();
                        continue;
                    }
                    let is_number = word
                        .literal()
                        .is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                    if is_number && self.rest().starts_with(['<', '>']) {
                        continue;
                    }
                    Token::Word(word)
                }
            };
            self.tokens.push(token);
        }
        self.heredoc_bodies();
    }

    fn redirect(&mut self) -> Token<'s> {
        let appends = self.skips(">");
        let _ = self.skips("&") || self.skips("|");
        Token::Redirect { appends }
    }

    /// Skips the end of a line that a backslash takes away.
    fn continues(&mut self) -> bool {
        self.skips("\\\n") || self.skips("\\\r\n")
    }

    fn heredoc(&mut self) {
        let _ = self.skips("-");
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        let word = self.pieces(ends_word);
        let text = self.text.get(word.start..word.end).unwrap_or_default();
        let end = text.trim_matches(['"', '\'', '\\']);
        if !end.is_empty() {
            self.heredocs.push(end.to_owned());
        }
    }

    /// What begins here and never ends is no heredoc, as in `(( n = 1 << 3 ))`:
    /// what follows is read on.
    fn heredoc_bodies(&mut self) {
        for end in std::mem::take(&mut self.heredocs) {
            if self.endless.contains(&end) {
                continue;
            }
            let (start, mut at) = (self.at, self.at);
            let mut lines = self.rest().split_inclusive('\n');
            let line = lines.find(|line| {
                at += line.len();
                line.trim() == end || at - start > self.budget
            });
            self.budget = self.budget.saturating_sub(at - start);
            match line.filter(|line| line.trim() == end) {
                Some(line) => {
                    let body = self.text.get(start..at - line.len()).unwrap_or_default();
                    self.tokens.push(Token::Heredoc(body, start));
                    self.at = at;
                }
                None => _ = self.endless.insert(end),
            }
        }
    }

    /// The name of a parameter of `CircleCI`'s that is named here, and how long
    /// that is written: `<< pipeline.number >>`.
    ///
    /// Source: `CircleCI` Docs, "Using dynamic configuration", "Pipeline values".
    fn parameter(&self) -> Option<(&'s str, usize)> {
        const KINDS: [&str; 3] = ["parameters.", "pipeline.", "matrix."];
        let inner = self.rest().strip_prefix("<<")?.trim_start_matches(' ');
        if !KINDS.iter().any(|kind| inner.starts_with(kind)) {
            return None;
        }
        let is_inner = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
        let end = inner.find(|sign| !is_inner(sign))?;
        let (name, rest) = inner.split_at_checked(end)?;
        let rest = rest.trim_start_matches(' ').strip_prefix(">>")?;
        Some((name, self.rest().len() - rest.len()))
    }

    /// A word, up to a character that ends it.
    fn pieces(&mut self, ends: impl Fn(char) -> bool) -> Word<'s> {
        let mut raw = Word {
            start: self.at,
            end: self.at,
            pieces: Vec::new(),
            is_quoted: false,
        };
        let is_value = self.dialect == Dialect::Plain;
        while let Some(sign) = self.peek() {
            match sign {
                sign if ends(sign) && self.parameter().is_none() => break,
                '\\' if !is_value => {
                    if !self.continues() {
                        self.at += 1;
                        if let Some(next) = self.peek() {
                            self.at += next.len_utf8();
                            add(&mut raw.pieces, next);
                        }
                    }
                }
                '\'' if !is_value => {
                    raw.is_quoted = true;
                    self.single(&mut raw.pieces);
                }
                '"' if !is_value => {
                    raw.is_quoted = true;
                    self.double(&mut raw.pieces);
                }
                _ => self.unquoted(sign, &mut raw.pieces),
            }
        }
        raw.end = self.at;
        if raw.pieces.is_empty() && raw.is_quoted {
            raw.pieces.push(Piece::Text(String::new()));
        }
        raw
    }

    fn single(&mut self, into: &mut Vec<Piece<'s>>) {
        self.at += 1;
        let Some(end) = self.find_cheaply("'") else {
            add(into, '\'');
            return;
        };
        add_text(into, self.rest().get(..end).unwrap_or_default());
        self.at += end + 1;
    }

    fn double(&mut self, into: &mut Vec<Piece<'s>>) {
        self.at += 1;
        while let Some(sign) = self.peek() {
            match sign {
                '"' => {
                    self.at += 1;
                    if into.is_empty() {
                        into.push(Piece::Text(String::new()));
                    }
                    return;
                }
                '\\' => {
                    if !self.continues() {
                        self.at += 1;
                        let next = self.peek().unwrap_or('\\');
                        self.at += self.peek().map_or(0, char::len_utf8);
                        if !"\"$`\\".contains(next) {
                            add(into, '\\');
                        }
                        add(into, next);
                    }
                }
                _ => self.unquoted(sign, into),
            }
        }
    }

    /// What means the same in double quotes and out of them.
    fn unquoted(&mut self, sign: char, into: &mut Vec<Piece<'s>>) {
        let start = self.at;
        match sign {
            '$' => self.dollar(into),
            '`' if matches!(self.dialect, Dialect::Shell | Dialect::Sub | Dialect::Make) => {
                self.at += 1;
                match self.find_cheaply("`") {
                    Some(end) => {
                        let inner = self.rest().get(..end).unwrap_or_default();
                        into.push(Piece::Command(inner, self.at));
                        self.at += end + 1;
                    }
                    None => add(into, sign),
                }
            }
            '<' if self.parameter().is_some() => {
                if let Some((name, len)) = self.parameter() {
                    into.push(Piece::Parameter(name));
                    self.at += len;
                }
            }
            '{' if self.rest().starts_with("{{") => {
                self.at += 2;
                if let Some(end) = self.find_cheaply("}}") {
                    let inner = self.rest().get(..end).unwrap_or_default();
                    into.push(Piece::Mustache(inner));
                    self.at += end + 2;
                } else {
                    self.at = start + 1;
                    add(into, sign);
                }
            }
            sign => {
                self.at += sign.len_utf8();
                add(into, sign);
            }
        }
    }

    fn dollar(&mut self, into: &mut Vec<Piece<'s>>) {
        let start = self.at;
        self.at += 1;
        if self.skips("{{") {
            if let Some(end) = self.find_cheaply("}}") {
                let inner = self.rest().get(..end).unwrap_or_default();
                into.push(Piece::Expression(inner));
                self.at += end + 2;
                return;
            }
            self.at = start + 1;
        }
        let mut dialect = self.dialect;
        if dialect == Dialect::Plain {
            add(into, '$');
            return;
        }
        if dialect == Dialect::Make {
            if self.skips("$") {
                dialect = Dialect::Shell;
            } else {
                self.make(into);
                return;
            }
        }
        if self.rest().starts_with('(') {
            if let Some(end) = self.closing('(', ')') {
                let inner = self.text.get(self.at + 1..end).unwrap_or_default();
                into.push(Piece::Command(inner, self.at + 1));
                self.at = end + 1;
            } else {
                add(into, '$');
            }
            return;
        }
        let (inner, end) = if self.rest().starts_with('{') {
            match self.closing('{', '}') {
                Some(end) => (self.text.get(self.at + 1..end).unwrap_or_default(), end + 1),
                None => return add(into, '$'),
            }
        } else {
            let name = name_at(self.rest());
            (name, self.at + name.len())
        };
        if inner.is_empty() {
            // `$'…'` and `$"…"`: what follows is quoted; else it is a dollar.
            if !self.rest().starts_with(['\'', '"']) {
                add(into, '$');
            }
            return;
        }
        self.at = end;
        let shown = self.text.get(start..end).unwrap_or_default();
        let (name, rest) = match (dialect, inner.strip_prefix('!')) {
            (Dialect::Sub, Some(escaped)) => inner_parts(escaped),
            (Dialect::Sub, None) if shown.starts_with("${") => (inner.trim(), ""),
            (_, Some(_)) => ("", inner),
            _ => inner_parts(inner),
        };
        into.push(Piece::Variable { name, rest, shown });
    }

    fn make(&mut self, into: &mut Vec<Piece<'s>>) {
        let closing = match self.peek() {
            Some('(') => self.closing('(', ')'),
            Some('{') => self.closing('{', '}'),
            Some(sign) if sign.is_alphanumeric() || "@<*^?%+_".contains(sign) => {
                let end = self.at + sign.len_utf8();
                let inner = self.text.get(self.at..end).unwrap_or_default();
                into.push(Piece::Make(inner));
                self.at = end;
                return;
            }
            _ => None,
        };
        match closing {
            Some(end) => {
                let inner = self.text.get(self.at + 1..end).unwrap_or_default();
                into.push(Piece::Make(inner));
                self.at = end + 1;
            }
            None => add(into, '$'),
        }
    }

    /// Where the bracket that begins here is closed, quotes and nested ones
    /// considered.
    fn closing(&mut self, open: char, close: char) -> Option<usize> {
        let mut within = Vec::new();
        let mut signs = self.rest().char_indices();
        while let Some((offset, sign)) = signs.next() {
            self.budget = self.budget.checked_sub(1)?;
            let is_in_quotes = within.last() == Some(&'"');
            match sign {
                '\\' => _ = signs.next(),
                '"' if is_in_quotes => _ = within.pop(),
                '"' => within.push('"'),
                '\'' if !is_in_quotes && open == '(' => {
                    // An apostrophe that is never closed is one.
                    let rest = self.rest().get(offset + 1..).unwrap_or_default();
                    if let Some(end) = rest.find('\'') {
                        self.budget = self.budget.checked_sub(end)?;
                        let target = offset + 1 + end;
                        while signs.next().is_some_and(|(at, _)| at < target) {}
                    }
                }
                sign if sign == open && (!is_in_quotes || self.dollar_before(offset)) => {
                    within.push(open);
                }
                sign if sign == close && !is_in_quotes => {
                    within.pop();
                    if within.is_empty() {
                        return Some(self.at + offset);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn dollar_before(&self, offset: usize) -> bool {
        let before = (self.at + offset).checked_sub(1);
        before.and_then(|at| self.text.as_bytes().get(at)) == Some(&b'$')
    }

    /// Where a text is found next, from here, as long as there is time left.
    fn find_cheaply(&mut self, what: &str) -> Option<usize> {
        let rest = self.rest();
        if self.budget == 0 {
            return None;
        }
        let found = rest.find(what);
        self.budget = self.budget.saturating_sub(found.unwrap_or(rest.len()));
        found
    }
}

fn ends_word(sign: char) -> bool {
    matches!(
        sign,
        ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>'
    )
}

/// The name that a text begins with, be it a word or a single sign.
fn name_at(text: &str) -> &str {
    let is_inner = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let end = match text.chars().next() {
        Some(sign) if sign.is_ascii_digit() || "@*#?!-".contains(sign) => 1,
        _ => text.find(|sign| !is_inner(sign)).unwrap_or(text.len()),
    };
    text.get(..end).unwrap_or_default()
}

/// What stands in the braces of a variable: its name, and what is done to it.
/// (Groovy has dots in names.)
fn inner_parts(inner: &str) -> (&str, &str) {
    let is_inner = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '.';
    let end = inner.find(|sign| !is_inner(sign)).unwrap_or(inner.len());
    let end = if end == 0 { name_at(inner).len() } else { end };
    inner.split_at_checked(end).unwrap_or((inner, ""))
}

fn add(pieces: &mut Vec<Piece<'_>>, sign: char) {
    if let Some(Piece::Text(text)) = pieces.last_mut() {
        text.push(sign);
    } else {
        pieces.push(Piece::Text(sign.to_string()));
    }
}

fn add_text(pieces: &mut Vec<Piece<'_>>, more: &str) {
    if let Some(Piece::Text(text)) = pieces.last_mut() {
        text.push_str(more);
    } else {
        pieces.push(Piece::Text(more.to_owned()));
    }
}
