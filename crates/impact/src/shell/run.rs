//! Follows the commands of a script: assignments, conditions, loops, functions, texts in texts.
//!
//! This module owns the order in which commands stand and what each does to what is known. What a
//! command pushes is told by `tools`, from its words alone.

use crate::image;
use crate::pushes::ImagePush;
use crate::script::Script;
use crate::shell::lex::{self, Piece, Token, Word};
use crate::shell::{Env, MAX_DEPTH, Shell, WrittenFor};
use crate::tools::{self, Action, Argument};
use crate::value::{self, Values};

/// How many tags of one image are remembered. Real scripts give two or three.
const MAX_TAGS: usize = 64;

impl Shell<'_> {
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
                    env.set(word, value::unresolved(format!("${word}")));
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
        if !may_push(rest) {
            return;
        }
        let arguments: Vec<Argument> = rest
            .iter()
            .flat_map(|word| self.arguments(word, env, script))
            .collect();
        self.run_arguments(&arguments, env);
    }

    /// Runs a command whose words have been given their values.
    pub(crate) fn run_arguments(&mut self, arguments: &[Argument], env: &Env<'_>) {
        let environment = |name: &str| self.named(name, &format!("${name}"), env);
        let actions = tools::actions(arguments, &environment);
        self.apply(actions);
    }

    /// Does what a tool does.
    pub(crate) fn apply(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Push(push) => self.pushes.push(push),
                Action::Tag(image) => {
                    let name = value::shown(&image::name(&image));
                    let tagged = self.tagged.entry(name).or_default();
                    if tagged.len() < MAX_TAGS && !tagged.contains(&image) {
                        tagged.push(image);
                    }
                }
                Action::PushAllTags { image, at } => {
                    let name = value::shown(&image::name(&image));
                    let tagged = self.tagged.get(&name).into_iter().flatten();
                    self.pushes.extend(tagged.map(|image| ImagePush {
                        at,
                        image: image.clone(),
                        by: "docker push --all-tags",
                    }));
                }
                Action::PushComposeImages => self.pushes_compose = true,
            }
        }
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
                    let dialect = script.dialect.inner();
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
            all = value::unresolved(format!("${name}"));
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
            values = value::concat(&before, &values);
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
                Some(WrittenFor::Job)
            } else if text.contains("GITHUB_OUTPUT") {
                Some(WrittenFor::Output)
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
                to = Some(WrittenFor::Output);
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

/// Whether a command can be one that pushes, by what is written there.
fn may_push(words: &[&Word<'_>]) -> bool {
    words.iter().take(8).any(|word| {
        word.pieces.iter().any(|piece| match piece {
            Piece::Text(text) => tools::is_mentioned(text),
            _ => word.pieces.len() == 1,
        })
    })
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
