//! A template without its markup.
//!
//! This module owns the neutral text that stands in the place of each token. It does not find
//! them, and it does not read what comes out.

use memchr::memchr_iter;

use super::scan::Closing;
use super::{Markup, bare};
use crate::text::span::Span;

impl Markup {
    /// `text`, whose tokens these are, with a neutral text in the place of
    /// each: blanks where it has its line to itself or shares it with other
    /// tokens only, letters elsewhere (digits where the text is like JSON, so
    /// that they are a value wherever one may stand). Its length and its line
    /// breaks are those of `text`.
    ///
    /// Letters make many a text unreadable that blanks would not
    /// (`{{if .A}}Name: a{{end}}`, a comment over several lines): what such a
    /// token leaves out or shifts is not known, so that no column and no value
    /// beside it is to be relied on.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        let word = if self.leave_braces(text) { '1' } else { 'x' };
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for token in &self.tokens {
            let neutral = if token.takes_letters { word } else { ' ' };
            out.push_str(Span::new(done, token.span.start).of(text));
            out.extend(token.span.of(text).bytes().map(|byte| match byte {
                b'\n' | b'\r' => char::from(byte),
                _ => neutral,
            }));
            done = token.span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    /// Whether the first that stands outside of tokens is a brace or bracket.
    fn leave_braces(&self, text: &str) -> bool {
        let mut done = 0;
        let gaps = self.tokens.iter().map(|token| {
            let gap = Span::new(done, token.span.start);
            done = token.span.end;
            gap
        });
        let mut rest = gaps.map(|gap| bare(gap.of(text)));
        let first = rest.find(|gap| !gap.is_empty());
        let first = first.unwrap_or_else(|| bare(text.get(done..).unwrap_or_default()));
        first.starts_with(['{', '['])
    }
}

/// A text masked in another way than by [`Markup::masked`]: whatever stands
/// between the braces is a token, to the first that closes it; those that have
/// their lines to themselves become comments, and all others letters.
///
/// A text that only the one way leaves readable says different things to
/// different readers: where a block scalar ends, say, or where a token does.
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
        // The tokens of one line, and whether nothing else stands there.
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
        let rest_of_text = text.get(at..).unwrap_or_default();
        let behind = rest_of_text.split('\n').next().unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::super::Markup;

    fn masked(text: &str) -> String {
        Markup::of(text).masked(text)
    }

    const ALL: &str = "\u{feff}{% set a = 1 %}\r\nÄ: {{ ä|ü('ß') }} # {{ 一 }}\r\n{#\r\n é #}\r\n\
        {{- range .X }}\n  - {{ . }}é{{/* }} */}}\n{{ end }}\n{{{ t }}} {{!-- }} --}}";

    #[test]
    fn masked_text_keeps_length_line_breaks_and_the_rest() {
        let text = ALL;
        let out = masked(text);
        assert_eq!(out.len(), text.len());
        for (was, is) in text.bytes().zip(out.bytes()) {
            let is_break = |byte: u8| matches!(byte, b'\n' | b'\r');
            assert_eq!(is_break(was), is_break(is));
        }
        let last = masked("é: {{ é }}é\n{{ x }}\n");
        assert_eq!(last, "é: xxxxxxxxé\n       \n");
        assert!(Markup::of(&out).is_empty(), "masking twice changes nothing");
    }

    #[test]
    fn text_without_markup_is_masked_to_itself() {
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
            assert!(Markup::of(text).is_empty(), "{text}");
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn opening_without_closing_is_not_masked() {
        assert_eq!(masked("a: {{ b {{ c }}d"), "a: {{ b xxxxxxxd");
        assert_eq!(
            masked("'{{resolve:ssm:{{ b }}:1}}'"),
            "'{{resolve:ssm:xxxxxxx:1}}'"
        );
        assert_eq!(masked("{{/* }} c"), "{{/* }} c");
        assert_eq!(masked("{{ /* }} c"), "xxxxxxxx c");
    }

    #[test]
    fn json_placeholder_is_masked_by_digits() {
        assert_eq!(masked(r#"{"a": {{ b }}}"#), r#"{"a": 1111111}"#);
        let text = "\u{feff}{{ $a := 1 }}\n[{{ b }}]";
        assert_eq!(masked(text), "\u{feff}             \n[1111111]");
        assert_eq!(masked("a: {{{ b }}}"), "a: xxxxxxxxx");
        assert_eq!(masked(r#"{"a":{{{ b }}:1}}"#), r#"{"a":{1111111:1}}"#);
    }

    #[test]
    fn first_line_of_block_scalar_is_not_blanked() {
        let text = "A: |-\n  {% if a %}\n  b\n  {% endif %}\nB: > # c\n  {{ d }}\n{% if e %}\n";
        let out = "A: |-\n  xxxxxxxxxx\n  b\n             \nB: > # c\n  xxxxxxx\n          \n";
        assert_eq!(masked(text), out);
        assert_eq!(masked("  A: |\n  {{ b }}\n"), "  A: |\n         \n");
        assert_eq!(masked("A: b|\n  {{ b }}\n"), "A: b|\n         \n");
    }

    #[test]
    fn token_alone_on_its_line_is_blanked_and_others_are_letters() {
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
}
