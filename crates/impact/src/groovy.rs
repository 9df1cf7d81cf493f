//! Reads as much of Groovy and of Kotlin as takes it to find strings, what they are assigned to, and
//! which calls they are given to.
//!
//! This module owns their tokens and the values of their expressions. It does not know what a
//! Jenkinsfile or a build file of Gradle means.

use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell};
use crate::value::{self, Part, Values};

/// A token of Groovy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    Name(&'s str),
    /// A string: its text, where that begins, and whether it takes values in.
    Text(&'s str, usize, bool),
    Sign(char),
    Line,
}

pub(crate) fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    // What never ends is looked for once.
    let mut unclosed: Vec<&str> = Vec::new();
    while let Some(sign) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let start = at;
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") && !unclosed.contains(&"*/") {
            if let Some(end) = rest.find("*/") {
                at += end + 2;
                continue;
            }
            unclosed.push("*/");
        }
        let quote = ["'''", "\"\"\"", "'", "\""]
            .into_iter()
            .find(|quote| rest.starts_with(quote));
        if let Some(quote) = quote.filter(|quote| !unclosed.contains(quote)) {
            let inner = at + quote.len();
            if let Some(end) = closed(text, inner, quote) {
                let string = text.get(inner..end).unwrap_or_default();
                tokens.push((start, Token::Text(string, inner, quote.starts_with('"'))));
                at = end + quote.len();
                continue;
            }
            unclosed.push(quote);
        }
        at += sign.len_utf8();
        if sign == '\n' {
            tokens.push((start, Token::Line));
        } else if sign.is_alphanumeric() || sign == '_' {
            let is_inner = |sign: char| sign.is_alphanumeric() || sign == '_';
            let len = rest.find(|sign| !is_inner(sign)).unwrap_or(rest.len());
            at = start + len;
            tokens.push((start, Token::Name(rest.get(..len).unwrap_or_default())));
        } else if !sign.is_whitespace() {
            tokens.push((start, Token::Sign(sign)));
        }
    }
    tokens
}

/// Where a string ends. One with a single quote ends on its line.
fn closed(text: &str, from: usize, quote: &str) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let sign = rest.chars().next()?;
        if rest.starts_with(quote) {
            return Some(at);
        }
        if sign == '\n' && quote.len() == 1 {
            return None;
        }
        at += sign.len_utf8();
        if sign == '\\' {
            at += text.get(at..)?.chars().next().map_or(0, char::len_utf8);
        }
    }
}

pub(crate) type Tokens<'t, 's> = &'t [(usize, Token<'s>)];

/// How many tokens of a call are looked at.
pub(crate) const MAX_CALL: usize = 64;

/// The text of a command that a step is given: `sh '…'`, `sh(script: '…')`,
/// `sh 'docker push ' + image`.
pub(crate) fn script_of<'s>(rest: Tokens<'_, 's>) -> Option<Script<'s>> {
    let mut depth = 0usize;
    let mut is_named = false;
    let mut first = None;
    for (nth, (_, token)) in rest.iter().enumerate().take(MAX_CALL) {
        match *token {
            Token::Sign('(' | '[') => depth += 1,
            Token::Sign(')' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            Token::Line if depth == 0 => break,
            Token::Name("script") => is_named = true,
            Token::Text(..) => {
                if is_named {
                    first = Some(nth);
                    break;
                }
                first.get_or_insert(nth);
            }
            _ => {}
        }
    }
    let rest = rest.get(first?..)?;
    Some(Script::joined(command(rest), Dialect::Shell))
}

/// The pieces of a command that is put together with `+`: texts as a shell
/// gets them, and names as its variables.
fn command(rest: Tokens<'_, '_>) -> Vec<(String, usize)> {
    let mut parts = Vec::new();
    let mut rest = rest.get(..rest.len().min(MAX_CALL)).unwrap_or_default();
    while let Some(&(at, token)) = rest.first() {
        let mut after = rest.get(1..).unwrap_or_default();
        match token {
            Token::Text(text, at, _) => parts.extend(unescaped(text, at)),
            Token::Name(name) => {
                let mut name = name.to_owned();
                while let [(_, Token::Sign('.')), (_, Token::Name(next)), more @ ..] = after {
                    name = format!("{name}.{next}");
                    after = more;
                }
                parts.push((format!("${{{name}}}"), at));
            }
            _ => break,
        }
        match after {
            [(_, Token::Sign('+')), more @ ..] => {
                let lines = more.iter().take_while(|(_, token)| *token == Token::Line);
                rest = more.get(lines.count()..).unwrap_or_default();
            }
            _ => break,
        }
    }
    parts
}

/// A string without the backslashes that are Groovy's, in the pieces that stand
/// as they are.
///
/// Source: Groovy Language Documentation, "Escaping special characters".
fn unescaped(text: &str, at: usize) -> Vec<(String, usize)> {
    let mut parts = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(found) = text.get(from..).and_then(|rest| rest.find('\\')) {
        let escape = from + found;
        let Some(sign) = text.get(escape + 1..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        let piece = text.get(start..escape).unwrap_or_default();
        parts.push((piece.to_owned(), at + start));
        let meant = match sign {
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            'r' | 'b' | 'f' | '\n' => String::new(),
            sign => sign.to_string(),
        };
        parts.push((meant, at + escape));
        from = escape + 1 + sign.len_utf8();
        start = from;
    }
    let piece = text.get(start..).unwrap_or_default();
    parts.push((piece.to_owned(), at + start));
    parts
}

/// The first value that a call is given.
pub(crate) fn first_value(
    rest: Tokens<'_, '_>,
    shell: &mut Shell<'_>,
    env: &mut Env<'_>,
) -> Option<Values> {
    let inner = match rest.split_first() {
        Some(((_, Token::Sign('(')), inner)) => inner,
        _ => rest,
    };
    concatenated(inner, shell, env)
}

/// A value: strings and names with `+` between them, and what their methods
/// make of them.
pub(crate) fn concatenated(
    tokens: Tokens<'_, '_>,
    shell: &mut Shell<'_>,
    env: &mut Env<'_>,
) -> Option<Values> {
    let mut values: Option<Values> = None;
    let mut rest = tokens.get(..tokens.len().min(MAX_CALL)).unwrap_or_default();
    loop {
        let more = match operand(rest, shell, env) {
            Some((more, after)) => {
                rest = after;
                more
            }
            // What cannot be read is a part all the same.
            None if values.is_some() => {
                rest = &[];
                value::unresolved("(…)")
            }
            None => return None,
        };
        values = Some(match values {
            Some(values) => value::concat(&values, &more),
            None => more,
        });
        match rest {
            [(_, Token::Sign('+')), more @ ..] => {
                let lines = more.iter().take_while(|(_, token)| *token == Token::Line);
                rest = more.get(lines.count()..).unwrap_or_default();
            }
            _ => return values,
        }
    }
}

/// A string or a name with its methods, and what follows.
fn operand<'t, 's>(
    tokens: Tokens<'t, 's>,
    shell: &mut Shell<'_>,
    env: &mut Env<'_>,
) -> Option<(Values, Tokens<'t, 's>)> {
    let (&(_, first), mut rest) = tokens.split_first()?;
    let mut name = match first {
        Token::Name(name) => Some(name),
        _ => None,
    };
    let mut methods = Vec::new();
    while let [(_, Token::Sign('.')), (_, Token::Name(next)), after @ ..] = rest {
        rest = after;
        if let [(_, Token::Sign('(')), inner @ ..] = after {
            methods.push(*next);
            rest = behind(inner);
        } else if matches!(name, Some("env" | "params" | "project" | "rootProject")) {
            name = Some(next);
        }
    }
    let (values, shown) = match (first, name) {
        (Token::Text(text, at, true), _) => {
            let text = text.trim_end_matches(['\n', ' ']);
            let values = shell.value(&Script::new(text, at, Dialect::Shell), env);
            (values, text.to_owned())
        }
        (Token::Text(text, ..), _) => (value::text(text), text.to_owned()),
        (_, Some("version")) => {
            let part = Part::Derived("version".to_owned());
            (vec![vec![part]], "version".to_owned())
        }
        (_, Some(name)) => {
            let shown = format!("${name}");
            (shell.named(name, &shown, env), shown)
        }
        _ => return None,
    };
    let changes = |method: &&str| !matches!(*method, "trim" | "toString" | "get");
    let values = match methods.iter().find(|method| changes(method)) {
        Some(method) => value::transformed(&values, &format!("{shown}.{method}(…)")),
        None => values,
    };
    Some((values, rest))
}

/// What follows the bracket that closes one that is open.
fn behind<'t, 's>(tokens: Tokens<'t, 's>) -> Tokens<'t, 's> {
    let mut depth = 1usize;
    for (nth, (_, token)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return tokens.get(nth + 1..).unwrap_or_default();
        }
    }
    &[]
}

/// What is assigned: a value, or the output of a step.
pub(crate) fn assigned(
    value: Tokens<'_, '_>,
    shell: &mut Shell<'_>,
    env: &mut Env<'_>,
) -> Option<Values> {
    if let [(_, Token::Name("sh")), rest @ ..] = value {
        let text = format!("$({})", script_of(rest)?.text);
        return Some(shell.value(&Script::new(&text, 0, Dialect::Shell), env));
    }
    if !matches!(value, [(_, Token::Text(..) | Token::Name(_)), ..]) {
        return None;
    }
    // `condition ? a : b` can be either.
    let line: Vec<_> = value
        .iter()
        .take(MAX_CALL)
        .take_while(|(_, token)| *token != Token::Line)
        .copied()
        .collect();
    let mut depth = 0usize;
    let question = line.iter().position(|(_, token)| {
        match token {
            Token::Sign('(' | '[') => depth += 1,
            Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *token == Token::Sign('?')
    });
    if let Some(question) = question {
        let branches = line.get(question + 1..).unwrap_or_default();
        let mut all = Values::new();
        for branch in branches.split(|(_, token)| *token == Token::Sign(':')) {
            value::add(
                &mut all,
                concatenated(branch, shell, env).unwrap_or_default(),
            );
        }
        return Some(all).filter(|all| !all.is_empty());
    }
    concatenated(value, shell, env)
}
