//! Where the tokens of a template's markup stand, and what each is.
//!
//! This module owns the syntax of the languages. Work is linear in the length of the text.

use memchr::{memchr, memchr_iter, memmem};

use super::{BLANKS, Token, TokenKind, bare, ends_line};
use crate::text::span::Span;

/// Finds the tokens of `text`, in its order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Scanner::new(text).tokens();
    widen(text, &mut tokens);
    number_branches(&mut tokens);
    tokens
}

/// Where a closing comes next. The places asked from only grow, so that all
/// answers together cost one pass over the text.
pub(super) struct Closing {
    word: &'static [u8],
    next: Option<usize>,
    is_over: bool,
}

impl Closing {
    pub(super) fn new(word: &'static [u8]) -> Self {
        Self {
            word,
            next: None,
            is_over: false,
        }
    }

    pub(super) fn after(&mut self, text: &[u8], from: usize) -> Option<usize> {
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

    fn tokens(&mut self) -> Vec<Token> {
        let bytes = self.text.as_bytes();
        let mut tokens = Vec::new();
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
                    end.map(|end| (end + 2, TokenKind::Silent))
                }
                _ => None,
            };
            let Some((end, kind)) = found else {
                continue;
            };
            tokens.push(Token {
                span: Span::new(start, end),
                kind,
                trims_behind: trims_behind(Span::new(start, end).of(self.text)),
                takes_letters: true,
                begins_line: false,
                branch: 0,
            });
            done = self.after_raw(start, end).unwrap_or(end);
        }
        tokens
    }

    /// `{{ … }}` at `start`: where it ends, and what it is.
    fn braces(&mut self, start: usize) -> Option<(usize, TokenKind)> {
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
            return Some((end + closing.len(), TokenKind::Silent));
        }
        if inner.starts_with("!--") {
            let end = self.handlebars_comment.after(bytes, open + lead + 3)?;
            return Some((end + 4, TokenKind::Silent));
        }
        let close = self.braces.after(bytes, open)?;
        if rest.starts_with('{') {
            // `{{{ … }}}`; else a brace, and the token begins behind it.
            let is_triple = bytes.get(close + 2) == Some(&b'}');
            return is_triple.then_some((close + 3, TokenKind::Placeholder));
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
    fn statement(&mut self, start: usize) -> Option<(usize, TokenKind)> {
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

/// The signs that say how white space beside a token is taken away.
const TRIMS: [char; 3] = ['-', '+', '~'];

fn trims_behind(written: &str) -> bool {
    !written.ends_with("}}") || written.ends_with("-}}")
}

/// What stands between `{{` and `}}`, by its first word.
fn expression(inner: &str) -> TokenKind {
    let inner = inner.trim_matches(TRIMS).trim();
    let (word, rest) = inner.split_at(inner.find(char::is_whitespace).unwrap_or(inner.len()));
    let rest = rest.trim_start();
    // A variable may have the name of a keyword: `{{ block | upper }}`.
    let has_argument = !rest.is_empty() && !rest.starts_with(['|', '=', '+', '~']);
    match word {
        "else" | "^" => TokenKind::Else,
        "end" if rest.is_empty() => TokenKind::End,
        "break" | "continue" if rest.is_empty() => TokenKind::Silent,
        "if" | "range" | "with" | "define" | "block" if has_argument => TokenKind::Open,
        "template" | "include" if has_argument => TokenKind::Lines,
        _ if word.starts_with('!') => TokenKind::Silent,
        _ if word.starts_with(['#', '^']) => TokenKind::Open,
        _ if is_close(inner) => TokenKind::End,
        _ if word.starts_with('>') => TokenKind::Lines,
        _ if word.starts_with('$') && (rest.starts_with(":=") || rest.starts_with("= ")) => {
            TokenKind::Silent
        }
        _ => TokenKind::Placeholder,
    }
}

/// Whether it is a slash and a name, and nothing else: `{{/if}}`.
fn is_close(inner: &str) -> bool {
    let is_of_name = |sign: char| sign.is_alphanumeric() || "_-./@:".contains(sign);
    let name = inner.strip_prefix('/').map(str::trim_start);
    name.is_some_and(|name| name.chars().all(is_of_name) && name.contains(char::is_alphanumeric))
}

/// What stands between `{%` and `%}`, by its first word.
fn statement(inner: &str) -> TokenKind {
    let inner = inner.trim_matches(TRIMS).trim();
    let word = inner
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next();
    match word.unwrap_or_default() {
        "if" | "for" | "macro" | "call" | "filter" | "block" | "with" | "autoescape" | "trans"
        | "unless" | "case" => TokenKind::Open,
        "set" if !inner.contains('=') => TokenKind::Open,
        "set" | "import" | "from" | "extends" | "do" | "break" | "continue" | "raw" | "endraw"
        | "assign" => TokenKind::Silent,
        "else" | "elif" | "elseif" | "elsif" | "when" => TokenKind::Else,
        word if word.starts_with("end") => TokenKind::End,
        _ => TokenKind::Lines,
    }
}

/// Makes [`TokenKind::Lines`] of the expressions that are alone on their line
/// with other tokens, reach over several, or join theirs to another.
fn widen(text: &str, tokens: &mut [Token]) {
    let mut first = 0;
    while first < tokens.len() {
        let rest = tokens.get_mut(first..).unwrap_or_default();
        let (length, is_bare) = same_line(text, rest);
        let line = rest.get_mut(..length).unwrap_or_default();
        let head = line
            .first()
            .map_or("", |token| line_before(text, token.span.start));
        let is_first = is_bare && begins_block_scalar(text, line);
        let last = line.len().saturating_sub(1);
        for (nth, token) in line.iter_mut().enumerate() {
            let written = token.span.of(text);
            let behind = text.get(token.span.end..).unwrap_or_default();
            token.begins_line = nth == 0 && head.is_empty();
            let joins = (token.begins_line && written.as_bytes().get(2) == Some(&b'-'))
                || (nth == last && written.ends_with("-}}") && ends_line(behind));
            let is_long = written.contains('\n');
            if token.kind == TokenKind::Placeholder && (is_bare || joins || is_long) {
                token.kind = TokenKind::Lines;
            }
            token.takes_letters = !is_bare || is_long || (is_first && nth == 0);
        }
        first += length.max(1);
    }
}

/// How many of these tokens share the line of the first (one that reaches over
/// several lines leads to the last of them), and whether nothing else does.
fn same_line(text: &str, tokens: &[Token]) -> (usize, bool) {
    let Some(first) = tokens.first() else {
        return (0, false);
    };
    let mut is_bare = line_before(text, first.span.start).is_empty();
    for (nth, token) in tokens.iter().enumerate() {
        let next = tokens.get(nth + 1);
        let end = next.map_or(text.len(), |next| next.span.start);
        let gap = Span::new(token.span.end, end).of(text);
        let line_end = memchr(b'\n', gap.as_bytes());
        let behind = gap.get(..line_end.unwrap_or(gap.len()));
        is_bare &= behind.unwrap_or_default().trim().is_empty();
        if line_end.is_some() || next.is_none() {
            return (nth + 1, is_bare);
        }
    }
    (tokens.len(), is_bare)
}

/// What stands before `offset` on its line, without white space around it.
fn line_before(text: &str, offset: usize) -> &str {
    let before = text.get(..offset).unwrap_or_default();
    let line = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
    bare(before.get(line..).unwrap_or_default()).trim_end()
}

/// Whether the tokens that are alone on a line are the first line of a block
/// scalar. That may not be blank and longer than the lines below it.
///
/// Source: YAML 1.2.2 section 8.1.1.1.
fn begins_block_scalar(text: &str, line: &[Token]) -> bool {
    let first = line.first();
    let Some(before) = first.and_then(|first| text.get(..first.span.start)) else {
        return false;
    };
    let depth = before.len() - before.trim_end_matches(BLANKS).len();
    let line_above = before.trim_end().rsplit('\n').next().unwrap_or_default();
    let above = line_above.split(" #").next().unwrap_or_default().trim_end();
    let header = above.rsplit([' ', '\t']).next().unwrap_or_default();
    let is_header = header
        .strip_prefix(['|', '>'])
        .is_some_and(|rest| rest.trim_matches(['-', '+']).len() <= 1);
    is_header && above.len() - above.trim_start().len() < depth
}

/// Numbers the branches. What ends without having begun begins a new one: it
/// is not known where its block began.
pub(super) fn number_branches(tokens: &mut [Token]) {
    let (mut here, mut last) = (0, 0);
    let mut outer = Vec::new();
    for token in tokens {
        match token.kind {
            TokenKind::Open => outer.push(here),
            TokenKind::End => {
                if let Some(out) = outer.pop() {
                    token.branch = out;
                    here = out;
                    continue;
                }
            }
            TokenKind::Else => {}
            TokenKind::Placeholder | TokenKind::Lines | TokenKind::Silent => {
                token.branch = here;
                continue;
            }
        }
        last += 1;
        here = last;
        token.branch = here;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Markup;
    use super::TokenKind::{self, Else, End, Lines, Open, Placeholder, Silent};

    fn kinds(text: &str) -> Vec<TokenKind> {
        Markup::of(text)
            .tokens
            .iter()
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn token_kind_follows_first_word_and_line() {
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
            [Placeholder; 4]
        );
        assert_eq!(kinds("{{ a }}: {{ b }}\n- {{ c }}"), [Placeholder; 3]);
        assert_eq!(kinds("a\n  {{ b }} {{ c }}\r\n{{ d }}"), [Lines; 3]);
        assert_eq!(kinds("a: {{ b\n}}\n{{- c }}: d\ne: {{ f -}}\n"), [Lines; 3]);
        assert_eq!(kinds("a: {{- b -}} c\n"), [Placeholder]);
    }

    #[test]
    fn token_in_raw_block_is_not_found() {
        let text = "{% raw %}{{ a }}{% if endraw %}{%- endraw -%}{{ b }}c";
        assert_eq!(kinds(text), [Silent, Silent, Placeholder]);
        assert_eq!(kinds("{% raw %}{{ a }}b"), [Silent, Placeholder]);
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
            assert!(Markup::of(&text).tokens.len() <= 50_000, "{opening}");
        }
    }
}
