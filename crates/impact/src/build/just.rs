//! What the recipes of justfiles push.
//!
//! This module owns their structure: variables, recipes and their parameters. What a recipe runs
//! is shell text.
//!
//! Source: Just Programmer's Manual, "Settings" and "Recipe Parameters".

use crate::build::make::logical_lines;
use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell};
use crate::value;

/// A recipe of just's: its parameters with their defaults, and its lines.
type Recipe<'s> = (Vec<(&'s str, &'s str)>, Vec<(usize, &'s str)>);

/// Reads a justfile.
pub(crate) fn read(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let mut env = Env::within(around);
    let mut recipes: Vec<Recipe<'_>> = Vec::new();
    for (start, line) in logical_lines(text) {
        if line.trim().is_empty() || line.starts_with('#') || line.starts_with('[') {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, lines)) = recipes.last_mut() {
                lines.push((start, line));
            }
            continue;
        }
        if let Some((name, value)) = line.split_once(":=") {
            let name = name.trim().trim_start_matches("export ").trim();
            let mut values = value::text("");
            for part in value.trim().split(" + ") {
                let part = part.trim();
                let script = Script::new(part, 0, Dialect::Shell);
                let is_name = !part.is_empty()
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
                let more = if is_name {
                    shell.named(part, part, &env)
                } else {
                    shell.value(&script, &mut env)
                };
                values = value::concat(&values, &more);
            }
            env.set(name, values);
            continue;
        }
        let mut parameters = Vec::new();
        if let Some((head, _)) = line.split_once(':') {
            let given = head.split_whitespace().skip(1);
            parameters.extend(given.filter_map(|parameter| parameter.split_once('=')));
        }
        recipes.push((parameters, Vec::new()));
    }
    for (parameters, lines) in recipes {
        let mut own = Env::within(&env);
        for (name, default) in parameters {
            let script = Script::new(default, 0, Dialect::Shell);
            let values = shell.value(&script, &mut own);
            own.set(name.trim_start_matches(['+', '*', '$']), values);
        }
        for (start, line) in lines {
            let trimmed = line.trim_start_matches([' ', '\t', '@', '-']);
            let at = start + (line.len() - trimmed.len());
            shell.run(&Script::new(trimmed, at, Dialect::Shell), &mut own);
        }
    }
}
