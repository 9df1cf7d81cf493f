//! Jinja, Go templates, Handlebars and their like inside a template.
//!
//! This module owns what these languages write between `{{`, `{%`, `{#` and their closings: which
//! of it stands where, and what it may do to the text around it. `scan` finds it; `mask` puts a
//! neutral text of the same length in its place, so that what is left can be read as YAML or JSON
//! and every offset stays true. Nothing here evaluates it, or knows another syntax than its own.
//!
//! A *token* is one pair of braces: a placeholder (`{{ name }}`), a comment, or one end of a block
//! (`{% if a %}`).
//!
//! Sources: Jinja, "Template Designer Documentation"; Go, package
//! `text/template`; Handlebars, "Language Features". `{{resolve:…}}` is no
//! markup but a dynamic reference of CloudFormation's (AWS CloudFormation User
//! Guide, "Get values stored in other services").

mod mask;
mod scan;

pub use mask::otherwise_masked;

use crate::text::span::Span;

/// What a token may do to the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// It stands for a part of its line: `Name: {{ name }}`.
    Placeholder,
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

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands, its braces included.
    pub span: Span,
    /// What it may do.
    pub kind: TokenKind,
    /// Whether it takes the white space behind it away (`-}}`), or may: Jinja
    /// has options to leave out the line break behind `%}` and `#}`.
    pub trims_behind: bool,
    /// Whether letters stand in its place, and not blanks.
    takes_letters: bool,
    /// Whether nothing but white space stands before it on its line.
    begins_line: bool,
    /// The branch that the text behind it belongs to.
    branch: usize,
}

impl Token {
    /// Whether it may control or stand for whole lines.
    #[must_use]
    pub fn is_block(&self) -> bool {
        self.kind != TokenKind::Placeholder
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

/// The markup of a template: its tokens, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup {
    tokens: Vec<Token>,
}

impl Markup {
    /// Finds the tokens of `text`. What is not closed is no token, and neither
    /// is what stands in `{% raw %}`. Work is linear in the length of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let tokens = scan::tokens(text);
        Self { tokens }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The tokens in which none of these places stands, in the order of the
    /// text: for a text that could be read with its markup in it.
    #[must_use]
    pub fn without(mut self, places: impl Iterator<Item = usize>) -> Self {
        let mut places = places.peekable();
        self.tokens.retain(|token| {
            while places.next_if(|&place| place <= token.span.start).is_some() {}
            places.peek().is_none_or(|&place| place >= token.span.end)
        });
        scan::number_branches(&mut self.tokens);
        self
    }

    /// The tokens that share a byte with `span`, or have it strictly inside.
    pub fn within(&self, span: Span) -> impl Iterator<Item = &Token> {
        let first = self
            .tokens
            .partition_point(|token| token.span.end <= span.start);
        self.tokens
            .iter()
            .skip(first)
            .take_while(move |token| token.span.start < span.end.max(span.start + 1))
            .filter(move |token| !span.is_empty() || token.span.start < span.start)
    }

    /// The tokens that begin at `offset` or behind it.
    #[must_use]
    pub fn from(&self, offset: usize) -> &[Token] {
        let first = self
            .tokens
            .partition_point(|token| token.span.start < offset);
        self.tokens.get(first..).unwrap_or_default()
    }

    /// The last token that ends at `offset` or before it.
    #[must_use]
    pub fn before(&self, offset: usize) -> Option<&Token> {
        let next = self
            .tokens
            .partition_point(|token| token.span.end <= offset);
        self.tokens.get(next.checked_sub(1)?)
    }

    /// The block token among those that begin a line at `offset`, one right
    /// behind the other, which has white space behind it and then a text.
    ///
    /// That text has another column in the result than the token has
    /// (`{% if a %}    Properties:`), and so another parent.
    #[must_use]
    pub fn shift(&self, text: &str, offset: usize) -> Option<&Token> {
        let tokens = self.from(offset);
        tokens.first().filter(|token| token.begins_line)?;
        let mut next = offset;
        for token in tokens {
            if token.span.start != next || !token.is_block() {
                return None;
            }
            next = token.span.end;
            let behind = text.get(next..).unwrap_or_default();
            if behind.starts_with(BLANKS) {
                return (!ends_line(behind)).then_some(token);
            }
        }
        None
    }

    /// The token that takes away the line break before the key at `offset`
    /// (`{% if a -%}`, or one that the key begins with), where the key then
    /// has another column than it is written at, or stands behind something
    /// else.
    #[must_use]
    pub fn join(&self, text: &str, offset: usize) -> Option<&Token> {
        let before = text.get(..offset)?;
        let own = self
            .from(offset)
            .first()
            .filter(|own| own.span.start == offset && own.begins_line);
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
        // What is left of the blanks before the tokens that stand in a row.
        let (mut token, mut column) = (first, 0);
        while !matches!(token.kind, TokenKind::Placeholder | TokenKind::Lines) {
            let mut head = text.get(..token.span.start)?;
            if token.cuts_before(text) {
                head = head.trim_end();
                column = 0;
            }
            let bare = head.trim_end_matches(BLANKS);
            column += head.len() - bare.len();
            if is_head(bare) || bare.ends_with('\n') {
                return (column != written).then_some(first);
            }
            match self.before(bare.len()) {
                Some(above) if above.span.end == bare.len() => token = above,
                _ => break,
            }
        }
        Some(first)
    }

    /// The token that may stand for lines which comes behind `offset` of
    /// `masked` before anything else does but comments and a colon.
    #[must_use]
    pub fn lines_behind(&self, masked: &str, offset: usize) -> Option<&Token> {
        let (mut done, mut in_comment) = (offset, false);
        for token in self.from(offset) {
            let gap = Span::new(done, token.span.start).of(masked);
            for (nth, line) in gap.split('\n').enumerate() {
                let line = line.trim().trim_start_matches(':').trim_start();
                in_comment = line.starts_with('#') || (in_comment && nth == 0);
                if !(line.is_empty() || in_comment) {
                    return None;
                }
            }
            let gives_text = matches!(token.kind, TokenKind::Lines | TokenKind::Placeholder);
            if gives_text && !in_comment {
                return Some(token);
            }
            done = token.span.end;
        }
        None
    }

    /// Which branch of which block the text at `offset` belongs to: two
    /// places of the same branch are in the result together, and as often.
    #[must_use]
    pub fn branch(&self, offset: usize) -> usize {
        self.before(offset).map_or(0, |token| token.branch)
    }
}

/// A text without the white space and the byte order mark before it.
fn bare(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

/// Whether nothing but white space comes before the line ends.
fn ends_line(behind: &str) -> bool {
    let rest = behind.trim_start_matches([' ', '\t', '\r']);
    rest.is_empty() || rest.starts_with('\n')
}

const BLANKS: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_is_equal_for_text_emitted_together() {
        let text = "0{% if a %}1{% for b %}2{% endfor %}1{% else %}3{% endif %}0{% endif %}4";
        let tokens = Markup::of(text);
        let at = |digit: char| -> Vec<usize> {
            text.match_indices(digit)
                .map(|(at, _)| tokens.branch(at))
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
    fn white_space_behind_block_shifts_what_follows() {
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
                let tokens = Markup::of(&text);
                let found = tokens.shift(&text, before.len());
                let found = found.map(|token| token.span.start);
                let shift = shift.map(|shift| before.len() + shift);
                assert_eq!(found, shift, "{text}");
            }
        }
        let text = "A: {% if a %}  B";
        assert_eq!(Markup::of(text).shift(text, 3), None);
    }

    #[test]
    fn trimmed_line_break_may_shift_what_follows() {
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
            let found = Markup::of(&text).join(&text, before.len()).is_some();
            assert_eq!(found, is_shifted, "{before:?}");
        }
        for (before, is_shifted) in [("A: b\n  ", true), ("\n", false), ("A: ", false)] {
            let text = format!("{before}{{{{- if a }}}}B:");
            let found = Markup::of(&text).join(&text, before.len()).is_some();
            assert_eq!(found, is_shifted, "{before:?}");
        }
    }

    #[test]
    fn token_is_found_by_its_place() {
        let tokens = Markup::of("a{{ b }}c{{ d }}");
        let within = |start, end| tokens.within(Span::new(start, end)).count();
        assert_eq!(
            [within(0, 1), within(0, 2), within(0, 10), within(8, 9)],
            [0, 1, 2, 0]
        );
        assert_eq!(
            [within(1, 1), within(2, 2), within(8, 8), within(16, 16)],
            [0, 1, 0, 0]
        );
        assert_eq!(tokens.from(2).len(), 1);
        assert_eq!(tokens.before(8).map(|token| token.span.start), Some(1));
    }
}
