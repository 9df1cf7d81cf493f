//! What Jib's plugin pushes, by build files of Gradle.
//!
//! Source: "Jib - Containerize your Gradle project".

use crate::build::jib::{self, Placed};
use crate::groovy::{self, MAX_CALL, Token, Tokens, assigned, concatenated};
use crate::shell::{Env, Shell};
use crate::value::Part;

/// Reads what Jib is told in a build file of Gradle's.
pub(crate) fn read(shell: &mut Shell<'_>, text: &str, around: &Env<'_>) {
    let tokens = groovy::tokens(text);
    let mut env = Env::within(around);
    env.set("version", vec![vec![Part::Derived("version".to_owned())]]);
    env.set(
        "project.version",
        vec![vec![Part::Derived("version".to_owned())]],
    );
    let (mut is_jib, mut is_to) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    let mut image: Option<Placed> = None;
    let mut path_image: Option<Placed> = None;
    let mut tags: Vec<Placed> = Vec::new();
    for (nth, &(_, token)) in tokens.iter().enumerate() {
        let rest = tokens.get(nth + 1..).unwrap_or_default();
        match token {
            Token::Name("jib") if opens(rest) => is_jib.push(depth + 1),
            Token::Name("to") if opens(rest) && !is_jib.is_empty() => is_to.push(depth + 1),
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                if is_to.last() == Some(&depth) {
                    is_to.pop();
                    jib::push(shell, image.take(), &tags);
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
                    jib::push(shell, path_image.take(), &tags);
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
    jib::push(shell, path_image, &tags);
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
fn items(value: Tokens<'_, '_>, shell: &mut Shell<'_>, env: &mut Env<'_>) -> Vec<Placed> {
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
