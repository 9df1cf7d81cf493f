//! What Jenkinsfiles push.
//!
//! This module owns the steps that run commands and the `docker` global variable.
//!
//! Sources: Jenkins Handbook, "Pipeline Syntax" (`sh`, `environment`); "Using Docker with
//! Pipeline" (`docker.build`, `push`, `withRegistry`).

use std::collections::HashMap;

use crate::groovy::{self, MAX_CALL, Token, Tokens, assigned, first_value, script_of};
use crate::image;
use crate::pushes::ImagePush;
use crate::shell::{Env, Shell};
use crate::value::{self, Values};

/// Reads a Jenkinsfile.
pub(crate) fn read(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let tokens = groovy::tokens(text);
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

/// Whether the output of a step is what it is run for.
fn takes_output(rest: Tokens<'_, '_>) -> bool {
    let line = rest
        .iter()
        .take(MAX_CALL)
        .take_while(|(_, token)| *token != Token::Sign(')'));
    line.map(|(_, token)| token)
        .any(|token| *token == Token::Name("returnStdout"))
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
