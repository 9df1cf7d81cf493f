//! What shell text pushes, and what its words come to.
//!
//! This module owns assignments, the values of variables, and the order in
//! which commands stand. What a command pushes is said in `tools`. It runs
//! nothing.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use crate::script::Script;
use crate::shell::lex::{self, Dialect, Piece, Token, Word};
use crate::shell::predefined::{self as names, Output};
use crate::stack::Stacks;
use crate::tools;
use crate::value::{self, Part, Value, Values};

/// How deep texts in texts are followed: `bash -c "$(…)"`.
const MAX_DEPTH: usize = 4;

/// The variables that hold, with those around them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env<'p> {
    pub(crate) own: HashMap<String, Values>,
    around: Option<&'p Env<'p>>,
}

impl<'p> Env<'p> {
    /// None of its own yet.
    pub(crate) fn within(around: &'p Env<'p>) -> Self {
        Self {
            own: HashMap::new(),
            around: Some(around),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Values> {
        let mut env = self;
        loop {
            if let Some(values) = env.own.get(name) {
                return Some(values);
            }
            env = env.around?;
        }
    }

    pub(crate) fn set(&mut self, name: &str, values: Values) {
        self.own.insert(name.to_owned(), values);
    }
}

/// A word of a command, as it comes out.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) values: Values,
    /// Where it stands in the file.
    pub(crate) at: usize,
}

impl Argument {
    /// Its text, if that is all that it can be, or the first of what it can be.
    pub(crate) fn text(&self) -> Option<&str> {
        value::literal(self.values.first()?)
    }
}

/// A push that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// Where the image is named.
    pub(crate) at: usize,
    /// The image, with its tag.
    pub(crate) image: Value,
    /// What pushes it.
    pub(crate) by: &'static str,
}

/// How many pushes of a file are looked at, so that no file costs more than its
/// size. No pipeline has as many.
pub const MAX_PUSHES: usize = 1024;

/// How many of them are told from others, those beyond [`MAX_PUSHES`] included:
/// they are only counted, and no count is worth more room.
const MAX_SEEN: usize = 16 * MAX_PUSHES;

/// The pushes of a file, as far as they are looked at; each place and image
/// once, however many jobs run it.
#[derive(Debug, Default)]
pub(crate) struct Pushes {
    pub(crate) all: Vec<Pushed>,
    /// How many there are beside them.
    pub(crate) more: usize,
    /// How many go to registries that are none of ECR's. They use nothing up,
    /// as those that mirror others' images have any number of them.
    pub(crate) elsewhere: usize,
    /// The places and the images of all of these: hashes, since images can be large.
    seen: HashSet<u64>,
}

impl Pushes {
    pub(crate) fn push(&mut self, pushed: Pushed) {
        let place = self.seen.hasher().hash_one((pushed.at, &pushed.image));
        if self.seen.contains(&place) {
            return;
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.insert(place);
        }
        if value::is_elsewhere(&pushed.image) {
            self.elsewhere += 1;
        } else if self.all.len() < MAX_PUSHES {
            self.all.push(pushed);
        } else {
            self.more += 1;
        }
    }
}

impl Extend<Pushed> for Pushes {
    fn extend<I: IntoIterator<Item = Pushed>>(&mut self, pushes: I) {
        for pushed in pushes {
            self.push(pushed);
        }
    }
}

/// What is written for later steps of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// All of the job's.
    Job,
    /// Those that ask for an output.
    Output,
}

/// Reads shell text.
pub(crate) struct Shell<'w> {
    pub(crate) stacks: &'w Stacks,
    pub(crate) pushes: Pushes,
    /// What was written to `$GITHUB_ENV` and `$GITHUB_OUTPUT`.
    pub(crate) written: Vec<(For, String, Values)>,
    /// The images that are tagged here, for those who push all tags.
    pub(crate) tagged: HashMap<String, Vec<Value>>,
    /// Whether all images of a compose file are pushed.
    pub(crate) pushes_compose: bool,
    /// Whether `$(NAME)` can be a variable, as it is in Azure's pipelines.
    pub(crate) has_macros: bool,
    /// What a script assigns that pushes them.
    pub(crate) for_compose: HashMap<String, Values>,
    /// Variables that are assigned further below, to functions' use: those are
    /// called when all is assigned, and what stands outside of them is not.
    later: HashMap<String, Values>,
    /// In how many functions the command stands that is read.
    functions: usize,
    depth: usize,
}

impl<'w> Shell<'w> {
    pub(crate) fn new(stacks: &'w Stacks) -> Self {
        Self {
            stacks,
            pushes: Pushes::default(),
            written: Vec::new(),
            tagged: HashMap::new(),
            pushes_compose: false,
            has_macros: false,
            for_compose: HashMap::new(),
            later: HashMap::new(),
            functions: 0,
            depth: 0,
        }
    }

    /// Reads a file of its own: what is assigned at its end counts in the
    /// functions above.
    pub(crate) fn run_file(&mut self, script: &Script<'_>, env: &Env<'_>) {
        let mut first = Shell::new(self.stacks);
        let mut scope = Env::within(env);
        first.run(script, &mut scope);
        self.later = scope.own;
        self.run(script, &mut Env::within(env));
        let assigned = std::mem::take(&mut self.later);
        if self.pushes_compose {
            self.for_compose = assigned;
        }
    }

    /// Reads commands, one after the other.
    pub(crate) fn run(&mut self, script: &Script<'_>, env: &mut Env<'_>) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        let tokens = lex::tokens(&script.text, script.dialect);
        let mut flow = Flow::default();
        let mut command = Command::default();
        let mut tokens = tokens.iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Word(raw) => {
                    // `NAME=(a b c)`
                    let is_list = matches!(raw.pieces.last(), Some(Piece::Text(text)) if text.ends_with('='))
                        && tokens.peek() == Some(&&Token::Open);
                    if is_list {
                        let mut items = Vec::new();
                        tokens.next();
                        for token in tokens.by_ref() {
                            match token {
                                Token::Word(item) => items.push(item),
                                Token::Close => break,
                                _ => {}
                            }
                        }
                        self.assign_list(raw, &items, env, script);
                        continue;
                    }
                    command.words.push(raw);
                }
                Token::Redirect { appends } => {
                    if let Some(Token::Word(target)) = tokens.peek() {
                        command.redirects.push((*appends, target));
                        tokens.next();
                    }
                }
                Token::Heredoc(body, at) => command.heredoc = Some((body, *at)),
                Token::Close | Token::End | Token::Maybe | Token::Pipe | Token::Open => {
                    // `name() {`
                    let is_head = *token == Token::Open && tokens.peek() == Some(&&Token::Close);
                    if is_head {
                        tokens.next();
                        flow.is_named |= !command.words.is_empty();
                    } else {
                        self.command(&command, &mut flow, env, script);
                        match token {
                            Token::Open => self.functions += flow.opens('('),
                            Token::Close => self.functions -= flow.closes('('),
                            _ => {}
                        }
                    }
                    command = Command::default();
                    flow.is_maybe = *token == Token::Maybe;
                }
            }
        }
        self.command(&command, &mut flow, env, script);
        self.functions -= flow.functions();
        self.depth -= 1;
    }

    fn command(
        &mut self,
        command: &Command<'_, '_>,
        flow: &mut Flow,
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) {
        let mut words = command.words.as_slice();
        while let [first, rest @ ..] = words {
            match first.literal().filter(|_| !first.is_quoted) {
                Some("if" | "while" | "until") => flow.nested += 1,
                Some("fi" | "done") => flow.nested = flow.nested.saturating_sub(1),
                Some("esac") => {
                    flow.closes('c');
                    flow.nested = flow.nested.saturating_sub(1);
                }
                Some("{") => self.functions += flow.opens('{'),
                Some("}") => self.functions -= flow.closes('{'),
                Some("function") => {
                    // `function name {`
                    flow.is_named = true;
                    words = rest.get(1..).unwrap_or_default();
                    continue;
                }
                Some("then" | "do" | "else" | "elif" | "!" | "time") => {}
                Some("case") => {
                    flow.open.push(('c', false));
                    flow.nested += 1;
                    return;
                }
                Some("for" | "select") => {
                    flow.nested += 1;
                    self.loop_over(rest, env, script);
                    return;
                }
                _ => break,
            }
            words = rest;
        }
        let is_sure = flow.nested == 0 && !flow.is_maybe;
        let assigned = words.iter().take_while(|word| assignment(word).is_some());
        let count = assigned.count();
        let (assigned, rest) = words.split_at_checked(count).unwrap_or((words, &[]));
        if rest.is_empty() {
            for word in assigned {
                self.assign(word, is_sure, env, script);
            }
        }
        let Some(first) = rest.first() else {
            return;
        };
        match first.literal() {
            Some("export" | "readonly" | "local" | "declare" | "typeset" | "set") => {
                for word in rest.iter().skip(1) {
                    self.assign(word, is_sure, env, script);
                }
                return;
            }
            // `: "${TAG:=latest}"` is there for what it assigns.
            Some(":") => {
                for word in rest.iter().skip(1) {
                    self.word(word, env, script);
                }
                return self.look_into(rest, env, script);
            }
            // Where it may not be run, what was assigned holds.
            Some("unset") if !is_sure || is_of_functions(rest) => return,
            Some("read" | "unset") => {
                for word in rest.iter().skip(1).filter_map(|word| word.literal()) {
                    env.set(word, value::open(format!("${word}")));
                }
                return;
            }
            Some("echo" | "printf") => {
                self.print(command, rest, env, script);
                return self.look_into(rest, env, script);
            }
            Some("[" | "[[" | "test" | "cd" | "cat" | "grep") | None if !may_run(rest) => {
                return self.look_into(rest, env, script);
            }
            _ => {}
        }
        self.look_into(rest, env, script);
        if self.nested_text(command, rest, env, script) {
            return;
        }
        if !tools::may_push(rest) {
            return;
        }
        let arguments: Vec<Argument> = rest
            .iter()
            .flat_map(|word| self.arguments(word, env, script))
            .collect();
        tools::read(self, &arguments, env);
    }

    /// Texts that are run as commands: `bash -c '…'`, `eval "…"`, `sh << EOF`.
    fn nested_text(
        &mut self,
        command: &Command<'_, '_>,
        words: &[&Word<'_>],
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) -> bool {
        const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "ksh", "dash", "ssh"];
        let base = |word: &Word<'_>| {
            let text = word.literal().unwrap_or_default();
            text.rsplit('/').next().unwrap_or_default().to_owned()
        };
        let shell = words
            .iter()
            .take(4)
            .position(|word| SHELLS.contains(&base(word).as_str()));
        let Some(shell) = shell else {
            let [first, text, ..] = words else {
                return false;
            };
            if first.literal() == Some("eval") {
                self.run_word(text, env, script);
                return true;
            }
            return false;
        };
        if let Some((body, at)) = command.heredoc {
            let part = script.part(body, at, script.dialect);
            self.run(&part, &mut Env::within(env));
        }
        let mut after = words.iter().skip(shell + 1);
        let is_ssh = words.get(shell).is_some_and(|word| base(word) == "ssh");
        let text = if is_ssh {
            words.last().filter(|word| word.is_quoted)
        } else {
            after
                .find(|word| {
                    let flag = word.literal().unwrap_or_default();
                    flag.starts_with('-') && flag.ends_with('c')
                })
                .and_then(|_| after.next())
        };
        if let Some(text) = text {
            self.run_word(text, env, script);
        }
        true
    }

    /// Runs what stands in the quotes of a word.
    fn run_word(&mut self, word: &Word<'_>, env: &Env<'_>, script: &Script<'_>) {
        let written = script.text.get(word.start..word.end).unwrap_or_default();
        let inner = written.trim_matches(['"', '\'']);
        let start = word.start + (written.len() - written.trim_start_matches(['"', '\'']).len());
        let part = script.part(inner, start, script.dialect);
        self.run(&part, &mut Env::within(env));
    }

    /// Pushes in commands that stand for their output.
    fn look_into(&mut self, words: &[&Word<'_>], env: &mut Env<'_>, script: &Script<'_>) {
        for word in words {
            for piece in &word.pieces {
                if let Piece::Command(inner, at) = piece
                    && tools::is_mentioned(inner)
                {
                    let dialect = inner_dialect(script.dialect);
                    let part = script.part(inner, *at, dialect);
                    self.run(&part, &mut Env::within(env));
                }
            }
        }
    }

    fn loop_over(&mut self, words: &[&Word<'_>], env: &mut Env<'_>, script: &Script<'_>) {
        let Some(name) = words.first().and_then(|word| word.literal()) else {
            return;
        };
        let mut all = Values::new();
        for word in words.iter().skip(2) {
            for value in self.word(word, env, script) {
                value::add(&mut all, value::split(&value));
            }
        }
        if all.is_empty() {
            all = value::open(format!("${name}"));
        }
        env.set(name, all);
    }

    fn assign_list(
        &mut self,
        to: &Word<'_>,
        items: &[&Word<'_>],
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) {
        let Some((name, _)) = assignment(to) else {
            return;
        };
        let mut all = Values::new();
        for item in items {
            value::add(&mut all, self.word(item, env, script));
        }
        if !all.is_empty() {
            env.set(&name, all);
        }
    }

    fn assign(&mut self, word: &Word<'_>, is_sure: bool, env: &mut Env<'_>, script: &Script<'_>) {
        let Some((name, appends)) = assignment(word) else {
            return;
        };
        self.look_into(&[word], env, script);
        let skipped = name.len() + 1 + usize::from(appends);
        let mut pieces = word.pieces.clone();
        if let Some(Piece::Text(text)) = pieces.first_mut() {
            *text = text.get(skipped..).unwrap_or_default().to_owned();
        }
        let mut values = self.pieces(&pieces, env, script);
        if appends {
            let before = env.get(&name).cloned().unwrap_or_else(|| value::text(""));
            values = value::glued(&before, &values);
        }
        if !is_sure && let Some(before) = env.get(&name) {
            let mut both = before.clone();
            value::add(&mut both, values);
            values = both;
        }
        env.set(&name, values);
    }

    /// What is printed to the files of GitHub that hand values on.
    fn print(
        &mut self,
        command: &Command<'_, '_>,
        words: &[&Word<'_>],
        env: &mut Env<'_>,
        script: &Script<'_>,
    ) {
        let target = command.redirects.iter().find_map(|(_, target)| {
            let text = script.text.get(target.start..target.end)?;
            if text.contains("GITHUB_ENV") {
                Some(For::Job)
            } else if text.contains("GITHUB_OUTPUT") {
                Some(For::Output)
            } else {
                None
            }
        });
        let text = script
            .text
            .get(words.first().map_or(0, |word| word.start)..);
        let line = text
            .and_then(|text| text.lines().next())
            .unwrap_or_default();
        if target.is_none() && !line.contains("::set-output") {
            return;
        }
        for word in words.iter().skip(1) {
            let mut pieces = word.pieces.clone();
            let mut to = target;
            let Some(Piece::Text(text)) = pieces.first_mut() else {
                continue;
            };
            let stripped = text.strip_prefix("::set-output name=").map(str::to_owned);
            let sign = if stripped.is_some() { "::" } else { "=" };
            if let Some(stripped) = stripped {
                *text = stripped;
                to = Some(For::Output);
            }
            let parts = text
                .split_once(sign)
                .map(|(name, rest)| (name.to_owned(), rest.to_owned()));
            if let (Some((name, rest)), Some(to)) = (parts, to) {
                *text = rest;
                let values = self.pieces(&pieces, env, script);
                self.written.push((to, name, values));
            }
        }
    }

    /// A word as the arguments that it comes to.
    fn arguments(
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
                let one = |word: Value| Argument {
                    values: vec![word],
                    at,
                };
                words.into_iter().map(one).collect()
            }
            _ => vec![Argument { values, at }],
        }
    }

    /// What a word can be.
    fn word(&mut self, raw: &Word<'_>, env: &mut Env<'_>, script: &Script<'_>) -> Values {
        self.pieces(&raw.pieces, env, script)
    }

    /// What a text can be that is one word.
    pub(crate) fn value(&mut self, script: &Script<'_>, env: &mut Env<'_>) -> Values {
        if self.depth > MAX_DEPTH * 2 {
            return value::open(script.text.as_ref());
        }
        self.depth += 1;
        let values = self.pieces(&lex::pieces(&script.text, script.dialect), env, script);
        self.depth -= 1;
        values
    }

    fn pieces(&mut self, pieces: &[Piece<'_>], env: &mut Env<'_>, script: &Script<'_>) -> Values {
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
            values = value::glued(&values, &more);
        }
        values
    }

    /// What a name stands for.
    pub(crate) fn named(&self, name: &str, shown: &str, env: &Env<'_>) -> Values {
        let later = || self.later.get(name).filter(|_| self.functions > 0);
        if let Some(values) = env.get(name).or_else(later) {
            return values.clone();
        }
        match names::given(name, shown) {
            Some(part) => vec![vec![part]],
            None => value::open(shown),
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
        let is_nobodys = value::is_open(&value);
        let given = [":-", ":=", "-", "="]
            .into_iter()
            .find_map(|sign| rest.strip_prefix(sign));
        if let Some(default) = given {
            if !is_nobodys {
                return value;
            }
            let default = Script::new(default, 0, inner_dialect(script.dialect));
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
            let other = Script::new(other, 0, inner_dialect(script.dialect));
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
            return value::open(shown);
        }
        if self.has_macros && names::is_macro(command) {
            let is_known = env.get(command).is_some() || names::given(command, &shown).is_some();
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
        let dialect = inner_dialect(script.dialect);
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
                    values = value::glued(&values, &value::text(" "));
                }
                let more = self.word(raw, env, &inner);
                values = value::glued(&values, &more);
            }
            return if is_cut {
                value::transformed(&values, shown)
            } else {
                values
            };
        }
        let found = match names::output(command) {
            Output::Derived => return vec![vec![Part::Derived(shown.to_owned())]],
            Output::Branch => return vec![vec![Part::Branch(shown.to_owned())]],
            Output::OfStack(name) => self.stacks.output(name),
            Output::StackExport(name) => self.stacks.export(name),
            Output::Parameter(name) => self.stacks.parameter(name),
            Output::Resource(name) => self.stacks.resource(name),
            Output::Repository(name) => Some(vec![Part::Registry, Part::Text(format!("/{name}"))]),
            Output::Open => self.described(command, env, &inner),
        };
        match found {
            Some(word) => vec![word],
            None => value::open(shown),
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
        let mut word = vec![Part::Registry];
        value::push(&mut word, Part::Text("/".to_owned()));
        word.extend(name);
        Some(word)
    }

    /// What make's `$(…)` comes to.
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
                let said = values.into_iter().find(|values| !value::is_open(values));
                said.or(last).unwrap_or_else(|| value::open(shown))
            }
            "if" => {
                let mut all = Values::new();
                for branch in arguments.split(',').skip(1).take(2) {
                    value::add(&mut all, value(branch));
                }
                if all.is_empty() {
                    value::open(shown)
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

    /// What an expression of GitHub's comes to.
    ///
    /// Source: GitHub Docs, "Evaluate expressions in workflows and actions".
    pub(crate) fn expression(&mut self, expression: &str, env: &Env<'_>) -> Values {
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
            if nth + 1 < count && value::is_open(&values) {
                continue;
            }
            value::add(&mut all, values);
        }
        if all.is_empty() {
            value::open(shown)
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
                _ => value::open(shown),
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
            values = value::glued(&values, &value::text(text));
            let number = number.trim_end_matches('}').parse::<usize>();
            if let Some(more) = number.ok().and_then(|number| given.get(number)) {
                values = value::glued(&values, more);
            }
        }
        values
    }
}

/// Commands that print what they are given, or pieces of it.
const PASSING: [&str; 12] = [
    "echo", "printf", "cut", "head", "tail", "tr", "sed", "awk", "basename", "dirname", "jq", "rev",
];

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

#[allow(clippy::ptr_arg, reason = "it is what a list of words holds")]
fn lowered(word: &Value) -> Value {
    let lower = |part: &Part| match part {
        Part::Text(text) => Part::Text(text.to_ascii_lowercase()),
        part => part.clone(),
    };
    word.iter().map(lower).collect()
}

/// The dialect of a text inside of one: make has taken its marks away.
fn inner_dialect(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::Plain => Dialect::Shell,
        dialect => dialect,
    }
}

/// Whether `unset` is told to leave variables alone.
fn is_of_functions(words: &[&Word<'_>]) -> bool {
    let options = words.iter().skip(1).map_while(|word| word.literal());
    let mut options = options.take_while(|word| word.starts_with('-') && *word != "--");
    options.any(|option| option.contains('f'))
}

/// The name that a word assigns to, and whether it appends.
fn assignment(word: &Word<'_>) -> Option<(String, bool)> {
    let Some(Piece::Text(text)) = word.pieces.first() else {
        return None;
    };
    let (name, _) = text.split_once('=')?;
    let appends = name.ends_with('+');
    let name = name.trim_end_matches('+');
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
    is_name.then(|| (name.to_owned(), appends))
}

/// Whether the first word of a command is computed, so that it may be one that
/// pushes.
fn may_run(words: &[&Word<'_>]) -> bool {
    words.first().is_some_and(|word| word.literal().is_none())
}

/// Where commands stand in the flow of a script.
#[derive(Default)]
struct Flow {
    /// In how many conditions and loops.
    nested: usize,
    /// Whether the command before decides.
    is_maybe: bool,
    /// Whether a function has been named whose body follows.
    is_named: bool,
    /// The brackets that are open, a `case` among them as `c`, and whether each
    /// is that of a function.
    open: Vec<(char, bool)>,
}

impl Flow {
    /// Takes an opening bracket down; how many functions begin there.
    fn opens(&mut self, bracket: char) -> usize {
        let is_function = std::mem::take(&mut self.is_named);
        self.open.push((bracket, is_function));
        usize::from(is_function)
    }

    /// Takes the bracket down that closes one; how many functions end there. One
    /// that closes none is that of a pattern, as in `case x in a) …`.
    fn closes(&mut self, bracket: char) -> usize {
        let last = self.open.pop_if(|(other, _)| *other == bracket);
        usize::from(last.is_some_and(|(_, is_function)| is_function))
    }

    /// How many functions are open.
    fn functions(&self) -> usize {
        let functions = self.open.iter().filter(|(_, is_function)| *is_function);
        functions.count()
    }
}

#[derive(Default)]
struct Command<'t, 's> {
    words: Vec<&'t Word<'s>>,
    redirects: Vec<(bool, &'t Word<'s>)>,
    heredoc: Option<(&'s str, usize)>,
}
