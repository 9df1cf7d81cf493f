//! What the recipes of Makefiles push.
//!
//! This module owns the structure of Makefiles: variables, conditions, recipes, continuations.
//! What a recipe runs is shell text.
//!
//! Source: GNU make manual, "How to Use Variables" and "Writing Recipes in Rules".

use std::collections::{HashMap, HashSet};

use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell};
use crate::value::{self, Values};

/// How deep variables are followed that name others.
const MAX_DEPTH: usize = 12;

/// A variable as it is written.
struct Defined<'s> {
    text: String,
    at: usize,
    sign: &'s str,
    /// Whether it holds for some targets only, or under a condition.
    is_maybe: bool,
}

/// Lines put together where a backslash ends one, each with its offset.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let (mut start, mut offset) = (0, 0);
    for line in text.split_inclusive('\n') {
        offset += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        if bare.ends_with('\\') && offset < text.len() {
            continue;
        }
        lines.extend(text.get(start..offset).map(|line| (start, line)));
        start = offset;
    }
    lines
}

/// Reads a Makefile.
pub(crate) fn read(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let mut defined: HashMap<&str, Vec<Defined<'_>>> = HashMap::new();
    let mut order = Vec::new();
    let mut recipes = Vec::new();
    let mut conditions = 0usize;
    for (start, line) in logical_lines(text) {
        if let Some(recipe) = line.strip_prefix('\t') {
            recipes.push((start + 1, recipe));
            continue;
        }
        let bare = line.trim();
        if bare.starts_with("ifeq")
            || bare.starts_with("ifneq")
            || bare.starts_with("ifdef")
            || bare.starts_with("ifndef")
        {
            conditions += 1;
            continue;
        }
        if bare.starts_with("endif") {
            conditions = conditions.saturating_sub(1);
            continue;
        }
        if bare.starts_with('#') {
            continue;
        }
        if let Some((name, sign, value, is_target)) = variable(line) {
            let at = start
                + (line.len() - line.trim_start().len())
                + line.trim_start().find(value).unwrap_or_default();
            let is_maybe = conditions > 0 || is_target;
            let text = value
                .split(" #")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned();
            order.push(name);
            defined.entry(name).or_default().push(Defined {
                text,
                at,
                sign,
                is_maybe,
            });
            continue;
        }
        // `target: needs ; recipe`
        if let Some((_, recipe)) = line.split_once(';').filter(|(head, _)| head.contains(':')) {
            let at = start + (line.len() - recipe.len());
            recipes.push((at, recipe));
        }
    }
    let mut variables = Variables {
        defined,
        busy: HashSet::new(),
        steps: 0,
    };
    let mut env = Env::within(around);
    for name in order {
        variables.resolve(name, shell, &mut env, 0);
    }
    for (at, recipe) in recipes {
        let trimmed = recipe.trim_start_matches(['@', '-', '+', ' ', '\t']);
        let at = at + (recipe.len() - trimmed.len());
        let script = Script::new(trimmed, at, Dialect::Make);
        let mut own = Env::within(&env);
        shell.run(&script, &mut own);
    }
}

/// A line that sets a variable: its name, the sign, the value, and whether it
/// is for a target.
fn variable(line: &str) -> Option<(&str, &str, &str, bool)> {
    let equals = line.find('=')?;
    let (head, value) = line.split_at_checked(equals)?;
    let value = value.get(1..)?.trim();
    let (head, sign) = match head.chars().last() {
        Some(':' | '?' | '+' | '!') => {
            head.split_at_checked(head.trim_end_matches([':', '?', '+', '!']).len())?
        }
        _ => (head, "="),
    };
    let mut head = head.trim();
    let mut is_target = false;
    if let Some((_, name)) = head.rsplit_once(':') {
        is_target = true;
        head = name.trim();
    }
    for word in ["export ", "override ", "private "] {
        head = head.strip_prefix(word).unwrap_or(head).trim();
    }
    let is_name = !head.is_empty()
        && head
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    is_name.then_some((head, sign, value, is_target))
}

struct Variables<'s> {
    defined: HashMap<&'s str, Vec<Defined<'s>>>,
    busy: HashSet<&'s str>,
    steps: usize,
}

impl<'s> Variables<'s> {
    /// Computes a variable, and those that it names before.
    fn resolve(&mut self, name: &'s str, shell: &mut Shell<'_>, env: &mut Env<'_>, depth: usize) {
        self.steps += 1;
        if env.own.contains_key(name)
            || depth > MAX_DEPTH
            || self.steps > 100_000
            || !self.busy.insert(name)
        {
            return;
        }
        let Some(all) = self.defined.remove(name) else {
            return;
        };
        for one in &all {
            for needed in references(&one.text) {
                let known = self.defined.get_key_value(needed).map(|(name, _)| *name);
                if let Some(needed) = known {
                    self.resolve(needed, shell, env, depth + 1);
                }
            }
        }
        let mut values = Values::new();
        for one in &all {
            let script = Script::new(&one.text, one.at, Dialect::Make);
            // `NAME != command` is what the command prints.
            let value = if one.sign == "!" {
                shell.output(&one.text, env, &script)
            } else {
                shell.value(&script, env)
            };
            let value = value
                .into_iter()
                .map(|word| word.into_iter().collect())
                .collect();
            match one.sign {
                "+" => {
                    if values.is_empty() {
                        values = value;
                    } else {
                        values = value::concat(&value::concat(&values, &value::text(" ")), &value);
                    }
                }
                "?" if !values.is_empty() => {}
                _ if one.is_maybe => value::add(&mut values, value),
                _ => values = value,
            }
        }
        if !values.is_empty() {
            env.set(name, values);
        }
        self.busy.remove(name);
    }
}

/// The names in `$(NAME)` and `${NAME}` of a text.
fn references(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for piece in text.split('$').skip(1) {
        let inner = piece.strip_prefix(['(', '{']);
        let inner = inner.map(|inner| {
            let is_inner = |sign: char| sign.is_ascii_alphanumeric() || "_.-".contains(sign);
            let end = inner.find(|sign| !is_inner(sign)).unwrap_or(inner.len());
            inner.get(..end).unwrap_or_default()
        });
        found.extend(inner);
    }
    found.extend(
        text.split(['(', ',', ')', ' '])
            .filter_map(|word| word.strip_prefix("$(")),
    );
    found
}
