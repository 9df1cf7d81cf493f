//! Values of GitHub's expressions: `${{ … }}`.
//!
//! This module owns their operators and functions, as far as tags are made with them.

use crate::shell::{Env, Shell};
use crate::value::{self, Value, Values};

impl Shell<'_> {
    /// The values of an expression of GitHub's.
    ///
    /// Source: GitHub Docs, "Evaluate expressions in workflows and actions".
    pub(super) fn expression(&mut self, expression: &str, env: &Env<'_>) -> Values {
        let shown = format!("${{{{ {} }}}}", expression.trim());
        let mut all = Values::new();
        let alternatives: Vec<&str> = split_outside(expression, "||");
        let count = alternatives.len();
        for (nth, alternative) in alternatives.into_iter().enumerate() {
            let value = split_outside(alternative, "&&")
                .pop()
                .unwrap_or_default()
                .trim();
            let values = self.operand(value, &shown, env);
            // What may be given from outside gives value to the default.
            if nth + 1 < count && value::is_unresolved(&values) {
                continue;
            }
            value::add(&mut all, values);
        }
        if all.is_empty() {
            value::unresolved(shown)
        } else {
            all
        }
    }

    fn operand(&mut self, value: &str, shown: &str, env: &Env<'_>) -> Values {
        let value = value.trim().trim_matches(['(', ')']).trim();
        if let Some(text) = value
            .strip_prefix('\'')
            .and_then(|text| text.strip_suffix('\''))
        {
            return value::text(text.replace("''", "'"));
        }
        if value.starts_with("format(") || value.starts_with("format (") {
            return self.formatted(value, shown, env);
        }
        if value.contains(['(', '=', '!', '<', '>']) {
            let lower = value.to_ascii_lowercase();
            let inner = value
                .split(['(', ')', ',', ' '])
                .find(|name| name.contains('.'));
            let values = inner.map(|name| self.named(context(name), shown, env));
            return match values {
                Some(values) if !lower.contains("==") => value::transformed(&values, shown),
                _ => value::unresolved(shown),
            };
        }
        self.named(context(value), shown, env)
    }

    fn formatted(&mut self, call: &str, shown: &str, env: &Env<'_>) -> Values {
        let inner = call.split_once('(').map_or("", |(_, inner)| inner);
        let mut parts = split_outside(inner.trim_end_matches(')'), ",").into_iter();
        let format = parts
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches('\'')
            .to_owned();
        let given: Vec<Values> = parts.map(|part| self.operand(part, shown, env)).collect();
        let mut values = vec![Value::new()];
        for piece in format.split_inclusive('}') {
            let (text, number) = piece.split_once('{').unwrap_or((piece, ""));
            values = value::concat(&values, &value::text(text));
            let number = number.trim_end_matches('}').parse::<usize>();
            if let Some(more) = number.ok().and_then(|number| given.get(number)) {
                values = value::concat(&values, more);
            }
        }
        values
    }
}

/// The name that the context of an expression has in an environment:
/// `env.TAG` is `TAG`, and so is `variables.TAG` of Azure's.
fn context(name: &str) -> &str {
    let bare = name.strip_prefix("env.");
    let name = bare
        .or_else(|| name.strip_prefix("variables."))
        .unwrap_or(name);
    name.strip_prefix("github.event.inputs.")
        .map_or(name, |_| name.strip_prefix("github.event.").unwrap_or(name))
}

/// The parts of an expression between an operator that stands in no quotes and
/// no brackets.
fn split_outside<'e>(expression: &'e str, operator: &str) -> Vec<&'e str> {
    let (mut parts, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0usize, false);
    let mut skip = 0;
    for (at, sign) in expression.char_indices() {
        match sign {
            '\'' => is_quoted = !is_quoted,
            '(' | '[' if !is_quoted => depth += 1,
            ')' | ']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        let rest = expression.get(at..).unwrap_or_default();
        if at >= skip && !is_quoted && depth == 0 && rest.starts_with(operator) {
            parts.extend(expression.get(start..at));
            start = at + operator.len();
            skip = start;
        }
    }
    parts.extend(expression.get(start..));
    parts
}
