//! What Jenkinsfiles push, and what Jib's plugins for Gradle and Maven say.
//!
//! This module owns as much of Groovy and of Kotlin as takes it to find
//! strings, what they are assigned to, and which calls they are given to.
//!
//! Sources: Jenkins Handbook, "Pipeline Syntax" (`sh`, `environment`);
//! "Using Docker with Pipeline" (`docker.build`, `push`, `withRegistry`);
//! "Jib - Containerize your Gradle project" and "… your Maven project".

use std::collections::HashMap;

use crate::image;
use crate::pushes::ImagePush;
use crate::script::Dialect;
use crate::script::Script;
use crate::shell::{Env, Shell};
use crate::value::{self, Part, Values};

/// A token of Groovy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'s> {
    Name(&'s str),
    /// A string: its text, where that begins, and whether it takes values in.
    Text(&'s str, usize, bool),
    Sign(char),
    Line,
}

fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
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

/// Reads a Jenkinsfile.
pub(crate) fn jenkinsfile(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let tokens = tokens(text);
    let mut env = Env::within(around);
    let mut images: HashMap<&str, Values> = HashMap::new();
    // The registries whose blocks are open, with the depth of their braces.
    let mut registries: Vec<(usize, Values)> = Vec::new();
    let mut depth = 0;
    let mut waiting: Option<Values> = None;
    let mut nth = 0;
    while let Some(&(at, token)) = tokens.get(nth) {
        let rest = tokens.get(nth + 1..).unwrap_or_default();
        match token {
            Token::Sign('{') => {
                depth += 1;
                registries.extend(waiting.take().map(|registry| (depth, registry)));
            }
            Token::Sign('}') => {
                registries.retain(|(opened, _)| *opened < depth);
                depth = depth.saturating_sub(1);
            }
            Token::Name("withRegistry") => {
                waiting = first_value(rest, shell, &mut env);
            }
            Token::Name("sh" | "bat") => {
                let script = script_of(rest);
                let is_printed = takes_output(rest);
                if let Some(script) = script.filter(|_| !is_printed) {
                    shell.run(&script, &mut Env::within(&env));
                }
            }
            Token::Name("push") => {
                let image = pushed_image(&tokens, nth, &images, shell, &mut env);
                if let Some(image) = image {
                    push(
                        shell,
                        image,
                        rest,
                        at,
                        registries.last().map(|(_, values)| values),
                        &mut env,
                    );
                }
            }
            Token::Name(name) => {
                if let [(_, Token::Sign('=')), value @ ..] = rest
                    && !matches!(value, [(_, Token::Sign('=')), ..])
                {
                    if let Some(image) = docker_image(value, shell, &mut env) {
                        images.insert(name, image);
                    } else if let Some(values) = assigned(value, shell, &mut env) {
                        env.set(name, values);
                    }
                }
            }
            _ => {}
        }
        nth += 1;
    }
}

type Tokens<'t, 's> = &'t [(usize, Token<'s>)];

/// How many tokens of a call are looked at.
const MAX_CALL: usize = 64;

/// The text of a command that a step is given: `sh '…'`, `sh(script: '…')`,
/// `sh 'docker push ' + image`.
fn script_of<'s>(rest: Tokens<'_, 's>) -> Option<Script<'s>> {
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

/// Whether the output of a step is what it is run for.
fn takes_output(rest: Tokens<'_, '_>) -> bool {
    let line = rest
        .iter()
        .take(MAX_CALL)
        .take_while(|(_, token)| *token != Token::Sign(')'));
    line.map(|(_, token)| token)
        .any(|token| *token == Token::Name("returnStdout"))
}

/// The first value that a call is given.
fn first_value(rest: Tokens<'_, '_>, shell: &mut Shell<'_>, env: &mut Env<'_>) -> Option<Values> {
    let inner = match rest.split_first() {
        Some(((_, Token::Sign('(')), inner)) => inner,
        _ => rest,
    };
    concatenated(inner, shell, env)
}

/// A value: strings and names with `+` between them, and what their methods
/// make of them.
fn concatenated(
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
fn assigned(value: Tokens<'_, '_>, shell: &mut Shell<'_>, env: &mut Env<'_>) -> Option<Values> {
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

/// `docker.build("name")` and `docker.image("name")`.
fn docker_image(value: Tokens<'_, '_>, shell: &mut Shell<'_>, env: &mut Env<'_>) -> Option<Values> {
    match value {
        [
            (_, Token::Name("docker")),
            (_, Token::Sign('.')),
            (_, Token::Name("build" | "image")),
            rest @ ..,
        ] => first_value(rest, shell, env),
        _ => None,
    }
}

/// The image that `.push` is called on.
fn pushed_image<'s>(
    tokens: Tokens<'_, 's>,
    nth: usize,
    images: &HashMap<&'s str, Values>,
    shell: &mut Shell<'_>,
    env: &mut Env<'_>,
) -> Option<Values> {
    let before = tokens.get(..nth)?;
    let [.., (_, other), (_, Token::Sign('.'))] = before else {
        return None;
    };
    match other {
        Token::Name(name) => images.get(name).cloned(),
        Token::Sign(')') => {
            let line = before.iter().rev().take(MAX_CALL);
            let back = line
                .enumerate()
                .find(|(_, (_, token))| *token == Token::Name("docker"))?
                .0;
            docker_image(before.get(before.len() - 1 - back..)?, shell, env)
        }
        _ => None,
    }
}

/// `image.push()` and `image.push(tag)`.
fn push(
    shell: &mut Shell<'_>,
    image: Values,
    rest: Tokens<'_, '_>,
    at: usize,
    registry: Option<&Values>,
    env: &mut Env<'_>,
) {
    let mut at = at;
    let mut image = image;
    // Groovy's calls need no parentheses: `image.push 'latest'`.
    let given = match rest {
        [(_, Token::Sign('(')), (_, Token::Sign(')')), ..] => None,
        [(_, Token::Sign('(')), (start, _), ..]
        | [(start, Token::Text(..) | Token::Name(_)), ..] => Some(*start),
        _ => None,
    };
    if let Some(start) = given {
        at = start;
        let tag = first_value(rest, shell, env).unwrap_or_else(|| value::unresolved("(tag)"));
        let names = image.iter().map(image::name).collect();
        image = value::concat(&names, &tag);
    }
    for value in image {
        let is_whole = !image::parse(&value).registry.is_empty() && image::is_ecr(&value);
        let values = match registry.filter(|_| !is_whole) {
            Some(registry) => {
                value::concat(&value::concat(registry, &value::text("/")), &vec![value])
            }
            None => vec![value],
        };
        let pushes = values.into_iter().map(|image| ImagePush {
            at,
            image,
            by: "docker.push",
        });
        shell.pushes.extend(pushes);
    }
}

/// Reads what Jib is told in a build file of Gradle's.
pub(crate) fn gradle(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let tokens = tokens(text);
    let mut env = Env::within(around);
    env.set("version", vec![vec![Part::Derived("version".to_owned())]]);
    env.set(
        "project.version",
        vec![vec![Part::Derived("version".to_owned())]],
    );
    let (mut is_jib, mut is_to) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    let mut image: Option<(Values, usize)> = None;
    let mut path_image: Option<(Values, usize)> = None;
    let mut tags: Vec<(Values, usize)> = Vec::new();
    for (nth, &(_, token)) in tokens.iter().enumerate() {
        let rest = tokens.get(nth + 1..).unwrap_or_default();
        match token {
            Token::Name("jib") if opens(rest) => is_jib.push(depth + 1),
            Token::Name("to") if opens(rest) && !is_jib.is_empty() => is_to.push(depth + 1),
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                if is_to.last() == Some(&depth) {
                    is_to.pop();
                    jib(shell, image.take(), &tags);
                    tags.clear();
                }
                if is_jib.last() == Some(&depth) {
                    is_jib.pop();
                }
                depth = depth.saturating_sub(1);
            }
            // `jib.to.image = …`, of which the tags come behind the image.
            Token::Name(name @ ("image" | "tags"))
                if is_to.is_empty() && is_path(&tokens, nth, !is_jib.is_empty()) =>
            {
                let value = given(rest);
                if name == "image" {
                    jib(shell, path_image.take(), &tags);
                    tags.clear();
                    let at = value.first().map_or(0, |(at, _)| *at);
                    path_image = concatenated(value, shell, &mut env).map(|values| (values, at));
                } else {
                    tags.extend(items(value, shell, &mut env));
                }
            }
            Token::Name("image") if !is_to.is_empty() => {
                let value = given(rest);
                let at = value.first().map_or(0, |(at, _)| *at);
                image = concatenated(value, shell, &mut env).map(|values| (values, at));
            }
            Token::Name("tags") if !is_to.is_empty() => {
                tags.extend(items(given(rest), shell, &mut env));
            }
            Token::Name(name) if is_to.is_empty() => {
                if let [(_, Token::Sign('=')), value @ ..] = rest
                    && name != "version"
                    && let Some(values) = assigned(value, shell, &mut env)
                {
                    env.set(name, values);
                }
            }
            _ => {}
        }
    }
    jib(shell, path_image, &tags);
}

/// Whether a property is named by its path: `jib.to.image`, or `to.image` in
/// the block of Jib's.
fn is_path(tokens: Tokens<'_, '_>, nth: usize, is_in_jib: bool) -> bool {
    let before = tokens.get(..nth).unwrap_or_default();
    match before {
        [
            ..,
            (_, Token::Name("jib")),
            (_, Token::Sign('.')),
            (_, Token::Name("to")),
            (_, Token::Sign('.')),
        ] => true,
        [.., (_, Token::Name("to")), (_, Token::Sign('.'))] => is_in_jib,
        _ => false,
    }
}

/// The items of a list, each with its place.
fn items(value: Tokens<'_, '_>, shell: &mut Shell<'_>, env: &mut Env<'_>) -> Vec<(Values, usize)> {
    let mut items = value
        .iter()
        .take(MAX_CALL)
        .filter(|(_, token)| *token != Token::Line)
        .skip_while(|(_, token)| !matches!(token, Token::Sign('[' | '(')));
    items.next();
    let items: Vec<_> = items
        .take_while(|(_, token)| !matches!(token, Token::Sign(']' | ')')))
        .copied()
        .collect();
    let items = items.split(|(_, token)| *token == Token::Sign(','));
    let item = |item: Tokens<'_, '_>| {
        let at = item.first().map_or(0, |(at, _)| *at);
        concatenated(item, shell, env).map(|values| (values, at))
    };
    items.filter_map(item).collect()
}

fn opens(rest: Tokens<'_, '_>) -> bool {
    matches!(rest.first(), Some((_, Token::Sign('{'))))
}

/// What is given to a property: behind `=`, in `set(…)`, or right behind it.
#[allow(
    clippy::match_same_arms,
    reason = "the arms name different parts, in the order in which they are tried"
)]
fn given<'t, 's>(rest: Tokens<'t, 's>) -> Tokens<'t, 's> {
    match rest {
        [(_, Token::Sign('=')), value @ ..]
        | [
            (_, Token::Sign('.')),
            (_, Token::Name("set")),
            (_, Token::Sign('(')),
            value @ ..,
        ] => value,
        value => value,
    }
}

/// An image of Jib's: with its own tag, and with others.
fn jib(shell: &mut Shell<'_>, image: Option<(Values, usize)>, tags: &[(Values, usize)]) {
    let Some((image, at)) = image else {
        return;
    };
    let names = image.iter().map(image::name).collect();
    let pushes = image.into_iter().map(|image| ImagePush {
        at,
        image,
        by: "jib",
    });
    shell.pushes.extend(pushes);
    for (tag, at) in tags {
        let values = value::concat(&names, tag);
        let pushes = values.into_iter().map(|image| ImagePush {
            at: *at,
            image,
            by: "jib",
        });
        shell.pushes.extend(pushes);
    }
}

/// Reads what Jib is told in a `pom.xml`.
pub(crate) fn maven(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let mut env = Env::within(around);
    env.set(
        "project.version",
        vec![vec![Part::Derived("${project.version}".to_owned())]],
    );
    if let Some((_, properties)) = text.split_once("<properties>") {
        let properties = properties.split("</properties>").next().unwrap_or_default();
        for piece in properties.split('<').skip(1) {
            if let Some((name, value)) = piece
                .split_once('>')
                .filter(|(name, _)| !name.starts_with('/'))
            {
                let script = Script::new(value.trim(), 0, Dialect::Shell);
                let values = shell.value(&script, &mut env);
                env.set(name.trim(), values);
            }
        }
    }
    let mut from = 0;
    while let Some(found) = text
        .get(from..)
        .and_then(|rest| rest.find("jib-maven-plugin"))
    {
        let start = from + found;
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find("</plugin>").unwrap_or(rest.len());
        from = start + end.max(1);
        let plugin = rest.get(..end).unwrap_or_default();
        let only_local =
            plugin.contains("<goal>dockerBuild</goal>") && !plugin.contains("<goal>build</goal>");
        let Some((to, offset)) = element(plugin, "to", 0).filter(|_| !only_local) else {
            continue;
        };
        let base = start + offset;
        let mut value =
            |text: &str, at: usize| shell.value(&Script::new(text, at, Dialect::Shell), &mut env);
        let Some((image, offset)) = element(to, "image", 0) else {
            continue;
        };
        let image = (value(image.trim(), base + offset), base + offset);
        let mut tags = Vec::new();
        let mut next = 0;
        while let Some((tag, offset)) = element(to, "tag", next) {
            next = offset + tag.len();
            tags.push((value(tag.trim(), base + offset), base + offset));
        }
        jib(shell, Some(image), &tags);
    }
}

/// What the next element of a name holds, and where that begins.
fn element<'x>(text: &'x str, name: &str, from: usize) -> Option<(&'x str, usize)> {
    let open = format!("<{name}>");
    let start = from + text.get(from..)?.find(&open)? + open.len();
    let len = text.get(start..)?.find(&format!("</{name}>"))?;
    Some((text.get(start..start + len)?, start))
}
