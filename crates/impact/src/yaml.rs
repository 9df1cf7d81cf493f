//! What the YAML and JSON of pipelines pushes, but for GitHub's workflows.
//!
//! This module owns the structure of buildspecs, GitLab's pipelines, compose
//! files, skaffold files, Taskfiles, `package.json`, and of whatever else has
//! shell text under a key that is known for it.
//!
//! Sources: AWS `CodeBuild` User Guide, "Build specification reference";
//! GitLab Docs, "CI/CD YAML syntax reference"; Compose Build Specification
//! ("Publishing built images"); Skaffold Docs, "Taggers"; Taskfile, "Schema".

use std::collections::HashSet;

use immutag_engine::syntax::{self, Entry, NodeId, TagKind, Tree};
use immutag_engine::template::{self, Merged};

use crate::pushes::ImagePush;
use crate::script::Dialect;
use crate::script::Script;
use crate::shell::{Env, Shell};
use crate::tools::{self, Argument};
use crate::value::{self, Values};

/// How many nodes are looked at where aliases lead to some of them again.
const MAX_STEPS: usize = 200_000;

/// How deep references in references are followed.
///
/// Source: GitLab Docs, "`!reference` tags", which nests them up to ten levels.
const MAX_REFERENCES: usize = 10;

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

/// Reads a tree for what it pushes.
pub(crate) struct Pipeline<'e, 't, 'a, 'w> {
    pub(crate) tree: &'t Tree<'a>,
    pub(crate) shell: &'e mut Shell<'w>,
    /// The text that the tree's text is inside of.
    pub(crate) outer: Option<&'e Script<'e>>,
    pub(crate) dialect: Dialect,
    pub(crate) steps: usize,
}

impl<'e, 't, 'a, 'w> Pipeline<'e, 't, 'a, 'w> {
    pub(crate) fn new(tree: &'t Tree<'a>, shell: &'e mut Shell<'w>) -> Self {
        Self {
            tree,
            shell,
            outer: None,
            dialect: Dialect::Shell,
            steps: 0,
        }
    }

    fn script(&self, node: NodeId) -> Option<Script<'t>> {
        let script = Script::of(self.tree, node, self.dialect)?;
        Some(script.within(self.outer))
    }

    pub(crate) fn place(&self, node: NodeId) -> usize {
        let start = self.tree.start(node);
        self.outer.map_or(start, |outer| outer.place(start))
    }

    pub(crate) fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        let found = match self.tree.entry(node, key) {
            Some(entry) => entry.value,
            None => match template::merged(self.tree, node, key) {
                Merged::Found(value) => value,
                _ => return None,
            },
        };
        Some(self.tree.resolve(found))
    }

    pub(crate) fn at_path(&self, node: NodeId, keys: &[&str]) -> Option<NodeId> {
        let mut node = node;
        for key in keys {
            node = self.get(node, key)?;
        }
        Some(node)
    }

    /// What `!reference [job, key]` of GitLab's names.
    ///
    /// Source: GitLab Docs, "`!reference` tags".
    fn referenced(&self, node: NodeId) -> NodeId {
        let mut node = self.tree.resolve(node);
        for _ in 0..MAX_REFERENCES {
            let tag = self.tree.tag(node).filter(|tag| tag.kind == TagKind::Other);
            let is_reference =
                tag.is_some_and(|tag| tag.span.of(self.tree.text()).trim() == "!reference");
            if !is_reference {
                break;
            }
            let keys = self.tree.items(node).iter();
            let keys: Option<Vec<&str>> = keys
                .map(|&key| self.tree.literal(self.tree.resolve(key)))
                .collect();
            let mut roots = self.tree.documents().iter();
            let found = keys.and_then(|keys| roots.find_map(|&root| self.at_path(root, &keys)));
            match found {
                Some(found) => node = found,
                None => break,
            }
        }
        node
    }

    /// Runs the commands of a node: a text, or lists of texts.
    pub(crate) fn run(&mut self, node: NodeId, env: &mut Env<'_>) {
        let mut todo = vec![(node, 0)];
        while let Some((node, depth)) = todo.pop() {
            let meant = self.referenced(node);
            let depth = depth + usize::from(meant != self.tree.resolve(node));
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return;
            }
            if depth > MAX_REFERENCES {
                continue;
            }
            if let Some(script) = self.script(meant) {
                self.shell.run(&script, env);
            }
            let items = self.tree.items(meant).iter().rev();
            todo.extend(items.map(|&item| (item, depth)));
        }
    }

    /// What a scalar can be as a value of a variable.
    pub(crate) fn value(&mut self, node: NodeId, env: &mut Env<'_>) -> Option<Values> {
        let script = self.script(node)?;
        Some(self.shell.value(&script, env))
    }

    /// Takes the variables of a mapping down, those that it merges first.
    pub(crate) fn variables(&mut self, node: NodeId, env: &mut Env<'_>) {
        for entry in self.all_entries(node) {
            let Some(name) = self.tree.literal(entry.key).map(str::to_owned) else {
                continue;
            };
            let mut value = self.referenced(entry.value);
            // `NAME: {value: …}` of GitLab's.
            if let Some(inner) = self.get(value, "value") {
                value = inner;
            }
            if let Some(command) = self.get(value, "sh") {
                if let Some(text) = self.tree.literal(command) {
                    let text = format!("$({text})");
                    let script = Script::new(&text, 0, Dialect::Shell);
                    let values = self.shell.value(&script, env);
                    env.set(&name, values);
                }
                continue;
            }
            if let Some(values) = self.value(value, env) {
                env.set(&name, values);
            }
        }
    }

    /// The entries of a mapping, behind those that are merged into it.
    fn all_entries(&mut self, node: NodeId) -> Vec<Entry> {
        let mut all = Vec::new();
        let mut todo = vec![(node, 0)];
        while let Some((node, depth)) = todo.pop() {
            self.steps += 1;
            let node = self.referenced(node);
            if depth > 8 || self.steps > MAX_STEPS {
                break;
            }
            for &entry in self.tree.entries(node).iter().rev() {
                if self.tree.literal(entry.key) == Some("<<") {
                    todo.push((entry.value, depth + 1));
                } else {
                    all.push(entry);
                }
            }
            todo.extend(self.tree.items(node).iter().map(|&item| (item, depth + 1)));
        }
        all.reverse();
        all
    }

    /// A buildspec of `CodeBuild`'s.
    pub(crate) fn buildspec(&mut self, env: &Env<'_>) {
        for &root in self.tree.documents() {
            let mut env = Env::within(env);
            if let Some(variables) = self.at_path(root, &["env", "variables"]) {
                self.variables(variables, &mut env);
            }
            let Some(phases) = self.get(root, "phases") else {
                continue;
            };
            for phase in self.tree.entries(phases) {
                let phase = self.tree.resolve(phase.value);
                for key in ["commands", "finally"] {
                    if let Some(commands) = self.get(phase, key) {
                        self.run(commands, &mut env);
                    }
                }
            }
        }
    }

    /// A pipeline of GitLab's.
    pub(crate) fn gitlab(&mut self, env: &Env<'_>) {
        for &root in self.tree.documents() {
            let mut global = Env::within(env);
            if let Some(variables) = self.get(root, "variables") {
                self.variables(variables, &mut global);
            }
            let extended: HashSet<&str> = self
                .tree
                .entries(root)
                .iter()
                .flat_map(|entry| self.extended(self.tree.resolve(entry.value)))
                .collect();
            for entry in self.tree.entries(root) {
                let name = self.tree.literal(entry.key).unwrap_or_default();
                let job = self.tree.resolve(entry.value);
                let is_base = name.starts_with('.') && extended.contains(name);
                if is_base || GLOBAL.contains(&name) || !self.tree.is_mapping(job) {
                    continue;
                }
                self.gitlab_job(root, job, &global);
            }
        }
    }

    /// The jobs that a job extends.
    fn extended(&self, job: NodeId) -> Vec<&'t str> {
        let Some(extends) = self.get(job, "extends") else {
            return Vec::new();
        };
        let items = self.tree.items(extends).iter().copied();
        let all = std::iter::once(extends).chain(items);
        all.filter_map(|name| self.tree.literal(self.tree.resolve(name)))
            .collect()
    }

    fn gitlab_job(&mut self, root: NodeId, job: NodeId, global: &Env<'_>) {
        // The job itself, then what it extends, the nearest first.
        let mut chain = vec![job];
        let mut todo: Vec<&str> = self.extended(job).into_iter().rev().collect();
        while let Some(name) = todo.pop() {
            self.steps += 1;
            if chain.len() > 16 || self.steps > MAX_STEPS {
                break;
            }
            if let Some(base) = self.get(root, name).filter(|base| !chain.contains(base)) {
                chain.push(base);
                todo.extend(self.extended(base).into_iter().rev());
            }
        }
        let mut env = Env::within(global);
        if self.is_for_tags(&chain) {
            for name in ["CI_COMMIT_REF_NAME", "CI_COMMIT_REF_SLUG"] {
                let part = value::Part::Derived(format!("${name}"));
                env.set(name, vec![vec![part]]);
            }
        }
        for &base in chain.iter().rev() {
            if let Some(variables) = self.get(base, "variables") {
                self.variables(variables, &mut env);
            }
            if let Some(matrix) = self.at_path(base, &["parallel", "matrix"]) {
                for &item in self.tree.items(matrix) {
                    self.alternatives(self.tree.resolve(item), "", &mut env);
                }
            }
        }
        let default = self.get(root, "default");
        for key in ["before_script", "script", "after_script"] {
            let own = chain.iter().find_map(|&base| self.get(base, key));
            let shared = || {
                let default = default.and_then(|default| self.get(default, key));
                default.or_else(|| self.get(root, key))
            };
            if let Some(commands) = own.or_else(shared) {
                self.run(commands, &mut env);
            }
        }
    }

    /// Whether a job runs for tags alone.
    fn is_for_tags(&self, chain: &[NodeId]) -> bool {
        let mut rules = chain.iter();
        rules.any(|&job| {
            let only = self.get(job, "only");
            let refs = only.and_then(|only| self.get(only, "refs")).or(only);
            let refs = refs.map_or(&[][..], |refs| self.tree.items(refs));
            let is_tags = |&item: &NodeId| self.tree.literal(item) == Some("tags");
            if !refs.is_empty() && refs.iter().all(is_tags) {
                return true;
            }
            let rules = self.get(job, "rules");
            let rules = rules.map_or(&[][..], |rules| self.tree.items(rules));
            let needs_tag = |&rule: &NodeId| {
                let when = self
                    .get(rule, "if")
                    .and_then(|when| self.tree.literal(when));
                let never = self
                    .get(rule, "when")
                    .and_then(|when| self.tree.literal(when));
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

    /// What the lists of a matrix hold, each under its key behind a prefix.
    pub(crate) fn alternatives(&mut self, matrix: NodeId, prefix: &str, env: &mut Env<'_>) {
        for entry in self.all_entries(matrix) {
            let Some(key) = self.tree.literal(entry.key) else {
                continue;
            };
            let name = format!("{prefix}{key}");
            let value = self.tree.resolve(entry.value);
            let items = self.tree.items(value).iter().copied();
            let all: Vec<NodeId> = items.chain(std::iter::once(value)).collect();
            let mut values = env.own.get(&name).cloned().unwrap_or_default();
            for item in all {
                let item = self.tree.resolve(item);
                if let Some(more) = self.value(item, env) {
                    value::add(&mut values, more);
                }
                for inner in self.all_entries(item) {
                    let Some(inner_key) = self.tree.literal(inner.key) else {
                        continue;
                    };
                    let inner_name = format!("{name}.{inner_key}");
                    let inner_value = self.tree.resolve(inner.value);
                    if let Some(more) = self.value(inner_value, env) {
                        let mut both = env.own.get(&inner_name).cloned().unwrap_or_default();
                        value::add(&mut both, more);
                        env.set(&inner_name, both);
                    }
                }
            }
            if !values.is_empty() {
                env.set(&name, values);
            }
        }
    }

    /// The services of a compose file that are built here. Those that go to
    /// ECR by their names are pushed by whoever pushes; the others only if a
    /// script does.
    pub(crate) fn compose(&mut self, env: &Env<'_>) -> Vec<ImagePush> {
        let mut found = Vec::new();
        for &root in self.tree.documents() {
            let Some(services) = self.get(root, "services") else {
                continue;
            };
            for service in self.tree.entries(services) {
                let service = self.tree.resolve(service.value);
                let mut images = Vec::new();
                if let Some(build) = self.get(service, "build") {
                    images.extend(self.get(service, "image"));
                    if let Some(tags) = self.get(build, "tags") {
                        images.extend(self.tree.items(tags));
                    }
                }
                for image in images {
                    let Some(values) = self.value(image, &mut Env::within(env)) else {
                        continue;
                    };
                    let at = self.place(image);
                    let by = "docker compose push";
                    found.extend(values.into_iter().map(|image| ImagePush { at, image, by }));
                }
            }
        }
        found
    }

    /// The artifacts of a skaffold file.
    pub(crate) fn skaffold(&mut self, env: &Env<'_>) {
        for &root in self.tree.documents() {
            let Some(build) = self.get(root, "build") else {
                continue;
            };
            let says_no = self
                .at_path(build, &["local", "push"])
                .and_then(|push| self.tree.literal(push));
            if says_no == Some("false") {
                continue;
            }
            let policy = self.get(build, "tagPolicy");
            let has = |key: &str| policy.is_some_and(|policy| self.get(policy, key).is_some());
            let template =
                policy.and_then(|policy| self.at_path(policy, &["envTemplate", "template"]));
            let tag = if has("sha256") {
                // Source: Skaffold Docs, "sha256: tags images with latest".
                value::text("latest")
            } else if let Some(template) = template {
                let Some(values) = self.value(template, &mut Env::within(env)) else {
                    continue;
                };
                values
            } else {
                continue;
            };
            let artifacts = self.get(build, "artifacts");
            let artifacts = artifacts.map_or(&[][..], |artifacts| self.tree.items(artifacts));
            for &artifact in artifacts {
                let Some(image) = self.get(self.tree.resolve(artifact), "image") else {
                    continue;
                };
                let Some(values) = self.value(image, &mut Env::within(env)) else {
                    continue;
                };
                let values = value::concat(&value::concat(&values, &value::text(":")), &tag);
                let at = self.place(image);
                let pushes = values.into_iter().map(|image| ImagePush {
                    at,
                    image,
                    by: "skaffold",
                });
                self.shell.pushes.extend(pushes);
            }
        }
    }

    /// The scripts of `package.json` and the like.
    pub(crate) fn package(&mut self, env: &Env<'_>) {
        for &root in self.tree.documents() {
            let Some(scripts) = self.get(root, "scripts") else {
                continue;
            };
            for script in self.tree.entries(scripts) {
                self.run(script.value, &mut Env::within(env));
            }
        }
    }

    /// Any other file: variables where mappings of them are known to stand, and
    /// commands under keys that are known for them.
    pub(crate) fn other(&mut self, env: &Env<'_>) {
        self.shell.has_macros = true;
        for &root in self.tree.documents() {
            self.walk(root, env, 0);
        }
    }

    fn walk(&mut self, node: NodeId, env: &Env<'_>, depth: usize) {
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
        self.steps += 1;
        if depth > 40 || self.steps > MAX_STEPS {
            return;
        }
        let node = self.tree.resolve(node);
        let mut env = Env::within(env);
        for key in VARIABLES {
            let Some(variables) = self.get(node, key) else {
                continue;
            };
            if self.tree.is_mapping(variables) {
                self.variables(variables, &mut env);
            }
            for &item in self.tree.items(variables) {
                // `- name: A` and `value: b`, and a mapping each.
                let item = self.tree.resolve(item);
                match (self.get(item, "name"), self.get(item, "value")) {
                    (Some(name), Some(value)) => {
                        let name = self.tree.literal(name).map(str::to_owned);
                        let value = self.value(value, &mut env);
                        if let (Some(name), Some(value)) = (name, value) {
                            env.set(&name, value);
                        }
                    }
                    _ => self.variables(item, &mut env),
                }
            }
        }
        self.parameters(node, &mut env);
        self.kaniko(node, &mut env);
        for &entry in self.tree.entries(node) {
            let key = self.tree.literal(entry.key).unwrap_or_default();
            let value = self.tree.resolve(entry.value);
            // Ansible's modules have long names, too: `ansible.builtin.shell`.
            let key = key.strip_prefix("ansible.builtin.").unwrap_or(key);
            if COMMANDS.contains(&key) {
                if self.tree.items(value).is_empty() {
                    self.run(value, &mut env);
                } else {
                    let behind = self.get(node, "args");
                    self.commands(value, behind, &mut env);
                }
            }
        }
        for &entry in self.tree.entries(node) {
            let is_alias = self.tree.resolve(entry.value) != entry.value;
            if !is_alias {
                self.walk(entry.value, &env, depth + 1);
            }
        }
        for &item in self.tree.items(node) {
            if self.tree.resolve(item) == item {
                self.walk(item, &env, depth + 1);
            }
        }
    }

    /// The parameters of a pipeline, a job or a command, by their defaults.
    fn parameters(&mut self, node: NodeId, env: &mut Env<'_>) {
        let Some(parameters) = self.get(node, "parameters") else {
            return;
        };
        let entries = self.tree.entries(parameters).iter();
        let entries = entries.map(|entry| (entry.key, entry.value));
        // Azure has a list of them.
        let items = self.tree.items(parameters).iter();
        let items = items.filter_map(|&item| Some((self.get(item, "name")?, item)));
        let all: Vec<(NodeId, NodeId)> = entries.chain(items).collect();
        for (name, body) in all {
            let body = self.tree.resolve(body);
            let name = self.tree.literal(name).map(str::to_owned);
            let default = self.get(body, "default");
            let value = default.and_then(|default| self.value(default, env));
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
    fn commands(&mut self, list: NodeId, behind: Option<NodeId>, env: &mut Env<'_>) {
        const TOOLS: [&str; 10] = [
            "docker", "podman", "nerdctl", "buildah", "crane", "skopeo", "regctl", "oras", "ko",
            "aws",
        ];
        let items = self.tree.items(list);
        let first = items
            .first()
            .and_then(|&item| self.tree.literal(item))
            .unwrap_or_default();
        let base = first.rsplit('/').next().unwrap_or_default();
        let is_shell = matches!(base, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh");
        let is_one = !first.contains(char::is_whitespace)
            && (first.starts_with('/') || is_shell || TOOLS.contains(&first));
        if !is_one {
            for &item in items {
                let item = self.tree.resolve(item);
                if matches!(self.tree.value(item), syntax::Value::Scalar { .. }) {
                    self.run(item, env);
                }
            }
            return;
        }
        let more = behind.map_or(&[][..], |behind| self.tree.items(behind));
        let mut words = items
            .iter()
            .chain(more)
            .map(|&item| self.tree.resolve(item));
        if is_shell {
            // `sh -c TEXT`; what comes behind are its parameters.
            let is_flag = |&word: &NodeId| {
                let word = self.tree.literal(word).unwrap_or_default();
                word.starts_with('-') && word.ends_with('c')
            };
            let text = words.find(is_flag).and_then(|_| words.next());
            if let Some(text) = text.or_else(|| items.last().copied()) {
                self.run(text, env);
            }
            return;
        }
        let words: Vec<NodeId> = words.collect();
        let mut arguments = Vec::new();
        for word in words {
            let at = self.place(word);
            if let Some(values) = self.value(word, env) {
                arguments.push(Argument { values, at });
            }
        }
        self.shell.run_arguments(&arguments, env);
    }

    /// A container of kaniko's, with its arguments in a list.
    fn kaniko(&mut self, node: NodeId, env: &mut Env<'_>) {
        let image = ["image", "name", "uses"].into_iter().find_map(|key| {
            let text = self
                .get(node, key)
                .and_then(|image| self.tree.literal(image));
            text.filter(|text| text.contains("kaniko"))
        });
        if image.is_none() {
            return;
        }
        let Some(list) = self.get(node, "args") else {
            return;
        };
        let mut arguments = Vec::new();
        for &item in self.tree.items(list) {
            let item = self.tree.resolve(item);
            let at = self.place(item);
            if let Some(values) = self.value(item, env) {
                arguments.push(Argument { values, at });
            }
        }
        self.shell.apply(tools::kaniko(&arguments));
    }
}
