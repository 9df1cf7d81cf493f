//! What GitLab's pipelines push.
//!
//! This module owns their structure: global variables, jobs and what they extend, rules.
//!
//! Source: GitLab Docs, "CI/CD YAML syntax reference".

use std::collections::HashSet;

use immutag_engine::syntax::NodeId;

use crate::shell::Env;
use crate::value::Part;
use crate::yaml::{MAX_STEPS, YamlReader};

/// The keys of GitLab's that are no jobs.
const GLOBAL: [&str; 7] = [
    "variables",
    "default",
    "include",
    "stages",
    "workflow",
    "image",
    "spec",
];

/// Reads a `.gitlab-ci.yml` or a file that one includes.
pub(crate) fn read(yaml: &mut YamlReader<'_, '_, '_>, env: &Env<'_>) {
    for &root in yaml.tree.documents() {
        let mut global = Env::within(env);
        if let Some(variables) = yaml.get(root, "variables") {
            yaml.variables(variables, &mut global);
        }
        let extended: HashSet<&str> = yaml
            .tree
            .entries(root)
            .iter()
            .flat_map(|entry| extended(yaml, yaml.tree.resolve(entry.value)))
            .collect();
        for entry in yaml.tree.entries(root) {
            let name = yaml.tree.literal(entry.key).unwrap_or_default();
            let job = yaml.tree.resolve(entry.value);
            let is_base = name.starts_with('.') && extended.contains(name);
            if is_base || GLOBAL.contains(&name) || !yaml.tree.is_mapping(job) {
                continue;
            }
            read_job(yaml, root, job, &global);
        }
    }
}

/// The jobs that a job extends.
fn extended<'t>(yaml: &YamlReader<'_, 't, '_>, job: NodeId) -> Vec<&'t str> {
    let Some(extends) = yaml.get(job, "extends") else {
        return Vec::new();
    };
    let items = yaml.tree.items(extends).iter().copied();
    let all = std::iter::once(extends).chain(items);
    all.filter_map(|name| yaml.tree.literal(yaml.tree.resolve(name)))
        .collect()
}

fn read_job(yaml: &mut YamlReader<'_, '_, '_>, root: NodeId, job: NodeId, global: &Env<'_>) {
    // The job itself, then what it extends, the nearest first.
    let mut chain = vec![job];
    let mut todo: Vec<&str> = extended(yaml, job).into_iter().rev().collect();
    while let Some(name) = todo.pop() {
        yaml.steps += 1;
        if chain.len() > 16 || yaml.steps > MAX_STEPS {
            break;
        }
        if let Some(base) = yaml.get(root, name).filter(|base| !chain.contains(base)) {
            chain.push(base);
            todo.extend(extended(yaml, base).into_iter().rev());
        }
    }
    let mut env = Env::within(global);
    if is_for_tags(yaml, &chain) {
        for name in ["CI_COMMIT_REF_NAME", "CI_COMMIT_REF_SLUG"] {
            let part = Part::Derived(format!("${name}"));
            env.set(name, vec![vec![part]]);
        }
    }
    for &base in chain.iter().rev() {
        if let Some(variables) = yaml.get(base, "variables") {
            yaml.variables(variables, &mut env);
        }
        if let Some(matrix) = yaml.at_path(base, &["parallel", "matrix"]) {
            for &item in yaml.tree.items(matrix) {
                yaml.alternatives(yaml.tree.resolve(item), "", &mut env);
            }
        }
    }
    let default = yaml.get(root, "default");
    for key in ["before_script", "script", "after_script"] {
        let own = chain.iter().find_map(|&base| yaml.get(base, key));
        let shared = || {
            let default = default.and_then(|default| yaml.get(default, key));
            default.or_else(|| yaml.get(root, key))
        };
        if let Some(commands) = own.or_else(shared) {
            yaml.run(commands, &mut env);
        }
    }
}

/// Whether a job runs for tags alone.
fn is_for_tags(yaml: &YamlReader<'_, '_, '_>, chain: &[NodeId]) -> bool {
    let mut rules = chain.iter();
    rules.any(|&job| {
        let only = yaml.get(job, "only");
        let refs = only.and_then(|only| yaml.get(only, "refs")).or(only);
        let refs = refs.map_or(&[][..], |refs| yaml.tree.items(refs));
        let is_tags = |&item: &NodeId| yaml.tree.literal(item) == Some("tags");
        if !refs.is_empty() && refs.iter().all(is_tags) {
            return true;
        }
        let rules = yaml.get(job, "rules");
        let rules = rules.map_or(&[][..], |rules| yaml.tree.items(rules));
        let needs_tag = |&rule: &NodeId| {
            let when = yaml
                .get(rule, "if")
                .and_then(|when| yaml.tree.literal(when));
            let never = yaml
                .get(rule, "when")
                .and_then(|when| yaml.tree.literal(when));
            never == Some("never")
                || when.is_some_and(|when| {
                    when.trim().starts_with("$CI_COMMIT_TAG")
                        && !when.contains("||")
                        && !when.contains("null")
                })
        };
        !rules.is_empty() && rules.iter().all(needs_tag)
    })
}
