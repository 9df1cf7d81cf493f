//! Gives words their values: variables, what is cut from them, the output of commands, make's
//! functions.
//!
//! This module owns what a word stands for. It follows no command, and pushes nothing.

use crate::script::{Dialect, Script};
use crate::shell::lex::{self, Piece, Token, Word};
use crate::shell::output::{self, CommandOutput};
use crate::shell::{Env, MAX_DEPTH, Shell, predefined};
use crate::tools::Argument;
use crate::value::{self, Part, Value, Values};

impl Shell<'_> {
    /// The arguments that a word expands to.
    pub(super) fn arguments(
        &mut self,
        raw: &Word<'_>,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Vec<Argument> {
        let values = self.word(raw, env, script);
        let at = script.place(raw.start);
        match values.as_slice() {
            [only] if !raw.is_quoted => {
                let words = value::split(only);
                let one = |value: Value| Argument {
                    values: vec![value],
                    at,
                };
                words.into_iter().map(one).collect()
            }
            _ => vec![Argument { values, at }],
        }
    }

    /// The values of a word.
    pub(super) fn word(
        &mut self,
        raw: &Word<'_>,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Values {
        self.pieces(&raw.pieces, env, script)
    }

    /// The values of a text that is one word, blanks and all.
    pub(crate) fn value(&mut self, script: &Script<'_>, env: &mut Env<'_>) -> Values {
        if self.depth > MAX_DEPTH * 2 {
            return value::unresolved(script.text.as_ref());
        }
        self.depth += 1;
        let values = self.pieces(&lex::pieces(&script.text, script.dialect), env, script);
        self.depth -= 1;
        values
    }

    pub(super) fn pieces(
        &mut self,
        pieces: &[Piece<'_>],
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Values {
        let mut values = vec![Value::new()];
        for piece in pieces {
            let more = match piece {
                Piece::Text(text) => value::text(text.clone()),
                Piece::Variable { name, rest, shown } => {
                    self.variable(name, rest, shown, env, script)
                }
                Piece::Command(inner, _) => self.output(inner, env, script),
                Piece::Expression(inner) => self.expression(inner, env),
                Piece::Mustache(inner) => {
                    let name = inner
                        .trim()
                        .trim_start_matches('.')
                        .trim_start_matches("env.");
                    self.named(name, &format!("{{{{{inner}}}}}"), env)
                }
                Piece::Make(inner) => self.make(inner, env, script),
                Piece::Parameter(name) => self.named(name, &format!("<< {name} >>"), env),
            };
            values = value::concat(&values, &more);
        }
        values
    }

    /// The values of a variable by its name; `shown` is how it is written.
    pub(crate) fn named(&self, name: &str, shown: &str, env: &Env<'_>) -> Values {
        let later = || self.later.get(name).filter(|_| self.functions > 0);
        if let Some(values) = env.get(name).or_else(later) {
            return values.clone();
        }
        match predefined::given(name, shown) {
            Some(part) => vec![vec![part]],
            None => value::unresolved(shown),
        }
    }

    fn variable(
        &mut self,
        name: &str,
        rest: &str,
        shown: &str,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Values {
        // Groovy's `${env.NAME}` and `${params.NAME}`.
        let bare = name
            .strip_prefix("env.")
            .or_else(|| name.strip_prefix("params."));
        let name = bare.unwrap_or(name);
        let simple = if rest.is_empty() {
            shown.to_owned()
        } else {
            format!("${{{name}}}")
        };
        let simple = if simple == format!("${{{name}}}") && !name.contains('.') {
            format!("${name}")
        } else {
            simple
        };
        let value = self.named(name, &simple, env);
        let is_unresolved = value::is_unresolved(&value);
        let given = [":-", ":=", "-", "="]
            .into_iter()
            .find_map(|sign| rest.strip_prefix(sign));
        if let Some(default) = given {
            if !is_unresolved {
                return value;
            }
            let default = Script::new(default, 0, script.dialect.inner());
            let default = self.value(&default, env);
            if rest.starts_with(":=") || rest.starts_with('=') {
                env.set(name, default.clone());
            }
            return default;
        }
        let is_whole = rest.is_empty() || rest.starts_with([':', '?']) && rest.contains('?');
        if is_whole || rest.starts_with('[') {
            return value;
        }
        if let Some(other) = rest.strip_prefix(":+").or_else(|| rest.strip_prefix('+')) {
            let other = Script::new(other, 0, script.dialect.inner());
            return self.value(&other, env);
        }
        if rest.starts_with(',') {
            return value.iter().map(lowered).collect();
        }
        // What is cut from it says that it is a tag: `${GITHUB_REF#refs/tags/}`.
        if rest.starts_with(['#', '/']) && rest.replace('\\', "").contains("refs/tags/") {
            return vec![vec![Part::Derived(shown.to_owned())]];
        }
        value::transformed(&value, shown)
    }

    /// What a command prints.
    pub(crate) fn output(
        &mut self,
        command: &str,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Values {
        let shown = value::shown_command(command);
        if self.depth > MAX_DEPTH * 2 {
            return value::unresolved(shown);
        }
        if self.has_macros && predefined::is_macro(command) {
            let is_known =
                env.get(command).is_some() || predefined::given(command, &shown).is_some();
            if is_known {
                return self.named(command, &shown, env);
            }
        }
        self.depth += 1;
        let values = self.output_of(command, &shown, env, script);
        self.depth -= 1;
        values
    }

    fn output_of(
        &mut self,
        command: &str,
        shown: &str,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Values {
        let dialect = script.dialect.inner();
        let inner = Script::new(command, 0, dialect);
        let first = command.split_whitespace().next().unwrap_or_default();
        let first = first.rsplit('/').next().unwrap_or_default();
        if PASSING.contains(&first) && !(first == "jq" && command.contains("ersion")) {
            let tokens = lex::tokens(command, dialect);
            let mut words = Vec::new();
            let mut is_cut = !matches!(first, "echo" | "printf");
            for token in &tokens {
                match token {
                    Token::Word(raw) if !is_cut || raw.literal().is_none() => words.push(raw),
                    Token::Pipe => is_cut = true,
                    _ => {}
                }
            }
            let skipped = match first {
                "echo" => 1,
                "printf" => 2,
                _ => 0,
            };
            let mut values = vec![Value::new()];
            for (nth, raw) in words.into_iter().skip(skipped).enumerate() {
                if raw.literal().is_some_and(|flag| flag.starts_with('-')) {
                    continue;
                }
                if nth > 0 && !is_cut {
                    values = value::concat(&values, &value::text(" "));
                }
                let more = self.word(raw, env, &inner);
                values = value::concat(&values, &more);
            }
            return if is_cut {
                value::transformed(&values, shown)
            } else {
                values
            };
        }
        let found = match output::of(command) {
            CommandOutput::Derived => return vec![vec![Part::Derived(shown.to_owned())]],
            CommandOutput::Branch => return vec![vec![Part::Branch(shown.to_owned())]],
            CommandOutput::OfStack(name) => self.stacks.output(name),
            CommandOutput::StackExport(name) => self.stacks.export(name),
            CommandOutput::Parameter(name) => self.stacks.parameter(name),
            CommandOutput::Resource(name) => self.stacks.resource(name),
            CommandOutput::EcrUri(name) => {
                Some(vec![Part::EcrRegistry, Part::Text(format!("/{name}"))])
            }
            CommandOutput::Unknown => self.described(command, env, &inner),
        };
        match found {
            Some(value) => vec![value],
            None => value::unresolved(shown),
        }
    }

    /// The address of a repository whose name is a variable.
    fn described(
        &mut self,
        command: &str,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> Option<Value> {
        if !(command.contains("ecr describe-repositories")
            || command.contains("ecr create-repository"))
        {
            return None;
        }
        let tokens = lex::tokens(command, script.dialect);
        let mut words = tokens.iter().filter_map(|token| match token {
            Token::Word(raw) => Some(raw),
            _ => None,
        });
        words.find(|word| {
            matches!(
                word.literal(),
                Some("--repository-names" | "--repository-name")
            )
        })?;
        let name = words.next()?;
        let name = self.word(name, env, script).into_iter().next()?;
        let mut uri = vec![Part::EcrRegistry];
        value::push(&mut uri, Part::Text("/".to_owned()));
        uri.extend(name);
        Some(uri)
    }

    /// The values of make's `$(…)`.
    fn make(&mut self, inner: &str, env: &mut Env<'_>, script: &Script<'_>) -> Values {
        let shown = format!("$({inner})");
        let inner = inner.trim();
        if let Some(command) = inner.strip_prefix("shell ") {
            return self.output(command, env, script);
        }
        let Some((function, arguments)) = inner.split_once([' ', '\t']) else {
            return match inner.split_once(':') {
                Some((name, _)) => value::transformed(&self.named(name, &shown, env), &shown),
                None => self.named(inner, &shown, env),
            };
        };
        let mut value = |text: &str| self.value(&Script::new(text.trim(), 0, Dialect::Make), env);
        match function {
            "strip" => value(arguments),
            "or" => {
                let values: Vec<Values> = arguments
                    .split(',')
                    .take(value::MAX_VALUES)
                    .map(value)
                    .collect();
                let last = values.last().cloned();
                let said = values
                    .into_iter()
                    .find(|values| !value::is_unresolved(values));
                said.or(last).unwrap_or_else(|| value::unresolved(shown))
            }
            "if" => {
                let mut all = Values::new();
                for branch in arguments.split(',').skip(1).take(2) {
                    value::add(&mut all, value(branch));
                }
                if all.is_empty() {
                    value::unresolved(shown)
                } else {
                    all
                }
            }
            _ => {
                let values = value(arguments.rsplit(',').next().unwrap_or_default());
                value::transformed(&values, &shown)
            }
        }
    }
}

/// Commands that print what they are given, or pieces of it.
const PASSING: [&str; 12] = [
    "echo", "printf", "cut", "head", "tail", "tr", "sed", "awk", "basename", "dirname", "jq", "rev",
];

#[allow(clippy::ptr_arg, reason = "it is what a list of values holds")]
fn lowered(value: &Value) -> Value {
    let lower = |part: &Part| match part {
        Part::Text(text) => Part::Text(text.to_ascii_lowercase()),
        part => part.clone(),
    };
    value.iter().map(lower).collect()
}
