//! Reads a file as what it is.
//!
//! This module owns which reader a file gets, and what becomes of one that is not valid. It knows
//! no format.

use immutag_engine::syntax::{self, Tree};

use crate::build::{compose, gradle, just, make, maven, package_json, skaffold};
use crate::ci::github::Workflow;
use crate::ci::{codebuild, gitlab, jenkins, other};
use crate::file::{File, FileKind};
use crate::image;
use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell};
use crate::stack::{BuildProject, Stacks};
use crate::value;
use crate::yaml::YamlReader;

/// Reads the text of a build that stands in a template.
pub(crate) fn inline_build(script: &Script<'_>, env: &Env<'_>, shell: &mut Shell<'_>) {
    let Ok(tree) = syntax::parse(&script.text) else {
        return lines(&script.text, script.place(0), env, shell);
    };
    let mut yaml = YamlReader::new(&tree, shell);
    yaml.outer = Some(script);
    yaml.dialect = script.dialect;
    codebuild::read(&mut yaml, env);
}

/// Reads a file for what it pushes, compose files apart. Returns false where it is not valid YAML or
/// JSON and was read line by line.
pub(crate) fn file(file: &File, stacks: &Stacks, shell: &mut Shell<'_>) -> bool {
    let text = &file.text;
    let env = Env::default();
    match file.kind {
        FileKind::Script => {
            shell.run_file(&Script::new(text, 0, Dialect::Shell), &env);
        }
        FileKind::Make => make::read(shell, text, &env),
        FileKind::Just => just::read(shell, text, &env),
        FileKind::Jenkins => jenkins::read(shell, text, &env),
        FileKind::Gradle => gradle::read(shell, text, &env),
        FileKind::Maven => maven::read(shell, text, &env),
        _ => {
            let Ok(tree) = syntax::parse(text) else {
                lines(text, 0, &env, shell);
                return false;
            };
            tree_of(file, &tree, stacks, shell);
        }
    }
    true
}

/// Reads a compose file, with the variables of the scripts that push it. `is_pushed` tells whether
/// there are any: else only images that name ECR count. Returns false as [`file()`] does.
pub(crate) fn compose_file(
    file: &File,
    env: &Env<'_>,
    is_pushed: bool,
    shell: &mut Shell<'_>,
) -> bool {
    let Ok(tree) = syntax::parse(&file.text) else {
        lines(&file.text, 0, env, shell);
        return false;
    };
    let mut images = compose::pushes(&mut YamlReader::new(&tree, shell), env);
    images.retain(|push| is_pushed || image::is_ecr(&image::parse(&push.image).registry));
    shell.pushes.extend(images);
    true
}

fn tree_of(file: &File, tree: &Tree<'_>, stacks: &Stacks, shell: &mut Shell<'_>) {
    let env = Env::default();
    match file.kind {
        FileKind::Workflow => Workflow::new(tree, shell).read(),
        FileKind::Buildspec => {
            let env = environment(&file.path, stacks);
            codebuild::read(&mut YamlReader::new(tree, shell), &env);
        }
        FileKind::Gitlab => gitlab::read(&mut YamlReader::new(tree, shell), &env),
        FileKind::Skaffold => skaffold::read(&mut YamlReader::new(tree, shell), &env),
        FileKind::Package => package_json::read(&mut YamlReader::new(tree, shell), &env),
        _ => {
            let mut yaml = YamlReader::new(tree, shell);
            let has = |keys: &[&str]| {
                tree.documents()
                    .iter()
                    .any(|&root| yaml.at_path(root, keys).is_some())
            };
            if has(&["phases", "build", "commands"]) || has(&["phases", "post_build", "commands"]) {
                codebuild::read(&mut yaml, &environment(&file.path, stacks));
            } else {
                other::read(&mut yaml, &env);
            }
        }
    }
}

/// The variables of the builds that run a buildspec: those that name it, or of
/// all where none does.
fn environment(path: &str, stacks: &Stacks) -> Env<'static> {
    let is_named = |project: &&BuildProject| match &project.buildspec {
        Some(named) => {
            let named = named.trim_start_matches("./");
            path == named || path.ends_with(&format!("/{named}"))
        }
        None => path.ends_with("buildspec.yml") || path.ends_with("buildspec.yaml"),
    };
    let mut projects: Vec<&BuildProject> = stacks.projects.iter().filter(is_named).collect();
    if projects.is_empty() {
        projects = stacks.projects.iter().collect();
    }
    let mut env = Env::default();
    for project in projects {
        for (name, value) in &project.variables {
            let mut values = env.own.get(name).cloned().unwrap_or_default();
            value::add(&mut values, vec![stacks.imported(value)]);
            env.set(name, values);
        }
    }
    env
}

/// Reads a text that is not valid, a line at a time.
fn lines(text: &str, start: usize, env: &Env<'_>, shell: &mut Shell<'_>) {
    let mut env = Env::within(env);
    let mut offset = start;
    for line in text.split_inclusive('\n') {
        let mut bare = line.trim_start();
        bare = bare.strip_prefix("- ").unwrap_or(bare).trim_start();
        for key in ["run:", "script:", "command:", "cmd:", "sh:"] {
            bare = bare.strip_prefix(key).unwrap_or(bare).trim_start();
        }
        let at = offset + (line.len() - bare.len());
        shell.run(&Script::new(bare, at, Dialect::Shell), &mut env);
        offset += line.len();
    }
}
