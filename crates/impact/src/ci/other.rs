//! What other YAML and JSON pushes: Azure, Bitbucket, `CircleCI`, Drone, Taskfiles, Kubernetes, Ansible …
//!
//! This module owns the keys under which such files hold variables and commands. It knows no
//! format as a whole.
//!
//! Sources: the references of these systems; Taskfile, "Schema".

use immutag_engine::syntax::{self, NodeId};

use crate::shell::Env;
use crate::tools::{self, Argument};
use crate::yaml::{MAX_STEPS, YamlReader};

/// Reads any other file: variables where mappings of them are known to stand, and
/// commands under keys that are known for them.
pub(crate) fn read(yaml: &mut YamlReader<'_, '_, '_>, env: &Env<'_>) {
    yaml.shell.has_macros = true;
    for &root in yaml.tree.documents() {
        walk(yaml, root, env, 0);
    }
}

fn walk(yaml: &mut YamlReader<'_, '_, '_>, node: NodeId, env: &Env<'_>, depth: usize) {
    const VARIABLES: [&str; 4] = ["env", "environment", "variables", "vars"];
    const COMMANDS: [&str; 16] = [
        "argv",
        "run",
        "script",
        "scripts",
        "command",
        "commands",
        "cmd",
        "cmds",
        "before_script",
        "after_script",
        "bash",
        "inlineScript",
        "inline",
        "shell",
        "preBuild",
        "postBuild",
    ];
    yaml.steps += 1;
    if depth > 40 || yaml.steps > MAX_STEPS {
        return;
    }
    let node = yaml.tree.resolve(node);
    let mut env = Env::within(env);
    for key in VARIABLES {
        let Some(variables) = yaml.get(node, key) else {
            continue;
        };
        if yaml.tree.is_mapping(variables) {
            yaml.variables(variables, &mut env);
        }
        for &item in yaml.tree.items(variables) {
            // `- name: A` and `value: b`, and a mapping each.
            let item = yaml.tree.resolve(item);
            match (yaml.get(item, "name"), yaml.get(item, "value")) {
                (Some(name), Some(value)) => {
                    let name = yaml.tree.literal(name).map(str::to_owned);
                    let value = yaml.value(value, &mut env);
                    if let (Some(name), Some(value)) = (name, value) {
                        env.set(&name, value);
                    }
                }
                _ => yaml.variables(item, &mut env),
            }
        }
    }
    parameters(yaml, node, &mut env);
    kaniko(yaml, node, &mut env);
    for &entry in yaml.tree.entries(node) {
        let key = yaml.tree.literal(entry.key).unwrap_or_default();
        let value = yaml.tree.resolve(entry.value);
        // Ansible's modules have long names, too: `ansible.builtin.shell`.
        let key = key.strip_prefix("ansible.builtin.").unwrap_or(key);
        if COMMANDS.contains(&key) {
            if yaml.tree.items(value).is_empty() {
                yaml.run(value, &mut env);
            } else {
                let behind = yaml.get(node, "args");
                commands(yaml, value, behind, &mut env);
            }
        }
    }
    for &entry in yaml.tree.entries(node) {
        let is_alias = yaml.tree.resolve(entry.value) != entry.value;
        if !is_alias {
            walk(yaml, entry.value, &env, depth + 1);
        }
    }
    for &item in yaml.tree.items(node) {
        if yaml.tree.resolve(item) == item {
            walk(yaml, item, &env, depth + 1);
        }
    }
}

/// The parameters of a pipeline, a job or a command, by their defaults.
fn parameters(yaml: &mut YamlReader<'_, '_, '_>, node: NodeId, env: &mut Env<'_>) {
    let Some(parameters) = yaml.get(node, "parameters") else {
        return;
    };
    let entries = yaml.tree.entries(parameters).iter();
    let entries = entries.map(|entry| (entry.key, entry.value));
    // Azure has a list of them.
    let items = yaml.tree.items(parameters).iter();
    let items = items.filter_map(|&item| Some((yaml.get(item, "name")?, item)));
    let all: Vec<(NodeId, NodeId)> = entries.chain(items).collect();
    for (name, body) in all {
        let body = yaml.tree.resolve(body);
        let name = yaml.tree.literal(name).map(str::to_owned);
        let default = yaml.get(body, "default");
        let value = default.and_then(|default| yaml.value(default, env));
        // One that is empty is to be given.
        let value = value.filter(|values| values.iter().all(|word| !word.is_empty()));
        if let (Some(name), Some(value)) = (name, value) {
            env.set(&format!("pipeline.parameters.{name}"), value.clone());
            env.set(&format!("parameters.{name}"), value);
        }
    }
}

/// The items of a list of commands that are texts; or the one command whose
/// words they are, with those that stand behind it in another list.
fn commands(
    yaml: &mut YamlReader<'_, '_, '_>,
    list: NodeId,
    behind: Option<NodeId>,
    env: &mut Env<'_>,
) {
    const TOOLS: [&str; 10] = [
        "docker", "podman", "nerdctl", "buildah", "crane", "skopeo", "regctl", "oras", "ko", "aws",
    ];
    let items = yaml.tree.items(list);
    let first = items
        .first()
        .and_then(|&item| yaml.tree.literal(item))
        .unwrap_or_default();
    let base = first.rsplit('/').next().unwrap_or_default();
    let is_shell = matches!(base, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh");
    let is_one = !first.contains(char::is_whitespace)
        && (first.starts_with('/') || is_shell || TOOLS.contains(&first));
    if !is_one {
        for &item in items {
            let item = yaml.tree.resolve(item);
            if matches!(yaml.tree.value(item), syntax::Value::Scalar { .. }) {
                yaml.run(item, env);
            }
        }
        return;
    }
    let more = behind.map_or(&[][..], |behind| yaml.tree.items(behind));
    let mut words = items
        .iter()
        .chain(more)
        .map(|&item| yaml.tree.resolve(item));
    if is_shell {
        // `sh -c TEXT`; what comes behind are its parameters.
        let is_flag = |&word: &NodeId| {
            let word = yaml.tree.literal(word).unwrap_or_default();
            word.starts_with('-') && word.ends_with('c')
        };
        let text = words.find(is_flag).and_then(|_| words.next());
        if let Some(text) = text.or_else(|| items.last().copied()) {
            yaml.run(text, env);
        }
        return;
    }
    let words: Vec<NodeId> = words.collect();
    let mut arguments = Vec::new();
    for word in words {
        let at = yaml.place(word);
        if let Some(values) = yaml.value(word, env) {
            arguments.push(Argument { values, at });
        }
    }
    yaml.shell.run_arguments(&arguments, env);
}

/// A container of kaniko's, with its arguments in a list.
fn kaniko(yaml: &mut YamlReader<'_, '_, '_>, node: NodeId, env: &mut Env<'_>) {
    let image = ["image", "name", "uses"].into_iter().find_map(|key| {
        let text = yaml
            .get(node, key)
            .and_then(|image| yaml.tree.literal(image));
        text.filter(|text| text.contains("kaniko"))
    });
    if image.is_none() {
        return;
    }
    let Some(list) = yaml.get(node, "args") else {
        return;
    };
    let mut arguments = Vec::new();
    for &item in yaml.tree.items(list) {
        let item = yaml.tree.resolve(item);
        let at = yaml.place(item);
        if let Some(values) = yaml.value(item, env) {
            arguments.push(Argument { values, at });
        }
    }
    yaml.shell.apply(tools::kaniko(&arguments));
}
