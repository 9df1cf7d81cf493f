//! What GitHub's workflows and actions push.
//!
//! This module owns their structure: triggers, environments, matrices, steps,
//! and the inputs of the actions that push.
//!
//! Sources: GitHub Docs, "Workflow syntax" and "Metadata syntax"; the READMEs
//! of docker/build-push-action, docker/metadata-action (`tags`, `flavor`),
//! aws-actions/amazon-ecr-login and aws-actions/aws-cloudformation-github-deploy.

use std::collections::HashMap;

use immutag_engine::syntax::{NodeId, Tree};

use crate::image;
use crate::pushes::ImagePush;
use crate::script::{Dialect, Script};
use crate::shell::{Env, Shell, WrittenFor};
use crate::tools::{self, Argument};
use crate::value::{self, Part, Value, Values};
use crate::yaml::YamlReader;

/// Reads workflows and actions.
pub(crate) struct Workflow<'e, 't, 's> {
    yaml: YamlReader<'e, 't, 's>,
    tree: &'t Tree<'t>,
    /// Whether tags start it, and whether anything else does.
    triggers: Triggers,
    /// What docker/metadata-action makes, by the names of the steps.
    metadata: HashMap<String, Vec<(Value, usize)>>,
}

impl<'e, 't, 's> Workflow<'e, 't, 's> {
    pub(crate) fn new(tree: &'t Tree<'t>, shell: &'e mut Shell<'s>) -> Self {
        let mut yaml = YamlReader::new(tree, shell);
        yaml.dialect = Dialect::Shell;
        Self {
            yaml,
            tree,
            triggers: Triggers::default(),
            metadata: HashMap::new(),
        }
    }

    pub(crate) fn read(&mut self) {
        let tree = self.tree;
        for &root in tree.documents() {
            let mut env = Env::default();
            self.triggers = Triggers {
                by_tags: self.may_be_for_tags(root),
                by_others: !self.is_for_tags(root),
            };
            if !self.triggers.by_others {
                for name in ["GITHUB_REF_NAME", "GITHUB_REF"] {
                    env.set(name, vec![vec![Part::Derived(format!("${name}"))]]);
                }
                for name in ["github.ref_name", "github.ref"] {
                    env.set(
                        name,
                        vec![vec![Part::Derived(format!("${{{{ {name} }}}}"))]],
                    );
                }
            }
            self.inputs(root, &mut env);
            self.values(root, "env", &mut env);
            if let Some(jobs) = self.yaml.get(root, "jobs") {
                let jobs: Vec<_> = tree.entries(jobs).to_vec();
                for job in jobs {
                    let name = tree.literal(job.key).unwrap_or_default().to_owned();
                    self.job(&name, tree.resolve(job.value), &mut env);
                }
            }
            // A composite action.
            if let Some(steps) = self.yaml.at_path(root, &["runs", "steps"]) {
                self.steps(steps, &mut env);
            }
        }
    }

    fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.yaml.get(node, key)
    }

    fn text(&self, node: NodeId, key: &str) -> Option<&'t str> {
        self.tree.literal(self.get(node, key)?)
    }

    /// Whether nothing but a tag, or a release of one, starts it.
    fn is_for_tags(&self, root: NodeId) -> bool {
        let Some(on) = self.get(root, "on") else {
            return false;
        };
        if self.tree.literal(on) == Some("release") {
            return true;
        }
        let triggers = self.tree.entries(on);
        let is_tagged = |name: &str, value: NodeId| match name {
            "release" => true,
            "push" => {
                let value = self.tree.resolve(value);
                let has = |key| self.get(value, key).is_some();
                has("tags") && !has("branches") && !has("branches-ignore")
            }
            _ => false,
        };
        !triggers.is_empty()
            && triggers.iter().all(|trigger| {
                let name = self.tree.literal(trigger.key).unwrap_or_default();
                is_tagged(name, trigger.value)
            })
    }

    /// Whether a tag can start it: not where pushes are of branches alone, and
    /// nothing else is known to bring one.
    fn may_be_for_tags(&self, root: NodeId) -> bool {
        let Some(on) = self.get(root, "on") else {
            return true;
        };
        let Some(push) = self.get(on, "push") else {
            return true;
        };
        let has = |key| self.get(push, key).is_some();
        let others = self.tree.entries(on).iter().any(|trigger| {
            let name = self.tree.literal(trigger.key);
            matches!(
                name,
                Some("release" | "create" | "workflow_call" | "workflow_dispatch")
            )
        });
        others || has("tags") || !(has("branches") || has("branches-ignore"))
    }

    /// The inputs of an action or of a workflow that is called, by their
    /// defaults.
    fn inputs(&mut self, root: NodeId, env: &mut Env<'_>) {
        let places: [&[&str]; 3] = [
            &["inputs"],
            &["on", "workflow_call", "inputs"],
            &["on", "workflow_dispatch", "inputs"],
        ];
        for place in places {
            let Some(inputs) = self.yaml.at_path(root, place) else {
                continue;
            };
            for input in self.tree.entries(inputs) {
                let Some(name) = self.tree.literal(input.key) else {
                    continue;
                };
                let body = self.tree.resolve(input.value);
                let mut values = Values::new();
                if let Some(default) = self.get(body, "default") {
                    values.extend(self.given(default, env).unwrap_or_default());
                }
                if let Some(options) = self.get(body, "options") {
                    for &option in self.tree.items(options) {
                        let more = self.given(self.tree.resolve(option), env);
                        value::add(&mut values, more.unwrap_or_default());
                    }
                }
                values.retain(|value| value::literal(value) != Some(""));
                if !values.is_empty() {
                    env.set(&format!("inputs.{name}"), values);
                }
            }
        }
    }

    /// What is given where no shell reads it: only expressions count.
    fn given(&mut self, node: NodeId, env: &mut Env<'_>) -> Option<Values> {
        let script = Script::of(self.tree, node, Dialect::Plain)?;
        Some(self.yaml.shell.value(&script, env))
    }

    /// The variables of an `env`.
    fn values(&mut self, node: NodeId, key: &str, env: &mut Env<'_>) {
        let Some(values) = self.get(node, key) else {
            return;
        };
        for entry in self.tree.entries(values) {
            let value = self.tree.resolve(entry.value);
            if let (Some(name), Some(values)) =
                (self.tree.literal(entry.key), self.given(value, env))
            {
                env.set(name, values);
            }
        }
    }

    fn job(&mut self, name: &str, job: NodeId, around: &mut Env<'_>) {
        let mut outputs = Vec::new();
        {
            let mut env = Env::within(around);
            if let Some(matrix) = self.yaml.at_path(job, &["strategy", "matrix"]) {
                let dialect = std::mem::replace(&mut self.yaml.dialect, Dialect::Plain);
                self.yaml.alternatives(matrix, "matrix.", &mut env);
                if let Some(more) = self.get(matrix, "include") {
                    for &item in self.tree.items(more) {
                        self.yaml
                            .alternatives(self.tree.resolve(item), "matrix.", &mut env);
                    }
                }
                self.yaml.dialect = dialect;
            }
            self.values(job, "env", &mut env);
            self.metadata.clear();
            if let Some(steps) = self.get(job, "steps") {
                self.steps(steps, &mut env);
            }
            let declared = self.get(job, "outputs");
            for output in declared.map_or(&[][..], |declared| self.tree.entries(declared)) {
                let value = self.tree.resolve(output.value);
                if let (Some(key), Some(values)) =
                    (self.tree.literal(output.key), self.given(value, &mut env))
                {
                    outputs.push((format!("needs.{name}.outputs.{key}"), values));
                }
            }
        }
        for (name, values) in outputs {
            around.set(&name, values);
        }
    }

    fn steps(&mut self, steps: NodeId, env: &mut Env<'_>) {
        for &step in self.tree.items(steps) {
            let step = self.tree.resolve(step);
            let id = self.text(step, "id").unwrap_or_default().to_owned();
            let mut written = Vec::new();
            {
                let mut own = Env::within(env);
                self.values(step, "env", &mut own);
                if let Some(run) = self.get(step, "run") {
                    self.yaml.run(run, &mut own);
                    written = std::mem::take(&mut self.yaml.shell.written);
                }
                if let Some(uses) = self.text(step, "uses") {
                    let action = uses.split('@').next().unwrap_or_default();
                    written.extend(self.action(action, &id, step, &mut own));
                }
            }
            // What one step writes more than once is likely to stand in branches.
            let mut given: Vec<(String, Values)> = Vec::new();
            for (to, name, values) in written {
                let name = match to {
                    WrittenFor::Job => name,
                    WrittenFor::Output => format!("steps.{id}.outputs.{name}"),
                };
                match given.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, both)) => value::add(both, values),
                    None => given.push((name, values)),
                }
            }
            for (name, values) in given {
                env.set(&name, values);
            }
        }
    }

    /// What an action pushes, and the outputs that it gives.
    fn action(
        &mut self,
        action: &str,
        id: &str,
        step: NodeId,
        env: &mut Env<'_>,
    ) -> Vec<(WrittenFor, String, Values)> {
        let with = self.get(step, "with");
        let input = |workflow: &Self, name: &str| with.and_then(|with| workflow.get(with, name));
        let mut outputs = Vec::new();
        let mut gives = |name: &str, values: Values| {
            outputs.push((WrittenFor::Output, name.to_owned(), values));
        };
        if action.ends_with("amazon-ecr-login") {
            let is_public = input(self, "registry-type").and_then(|node| self.tree.literal(node))
                == Some("public");
            let part = if is_public {
                Part::OtherRegistry
            } else {
                Part::EcrRegistry
            };
            gives("registry", vec![vec![part]]);
        } else if action.contains("cloudformation") {
            let stacks = self.yaml.shell.stacks;
            for (name, value) in stacks.output_names() {
                gives(name, vec![value.clone()]);
            }
        } else if action.ends_with("metadata-action") {
            let made = self.metadata_of(with, env);
            let values: Values = made
                .iter()
                .take(value::MAX_VALUES)
                .map(|(image, _)| image::parse(image).tag)
                .collect();
            if !values.is_empty() {
                gives("version", values);
            }
            self.metadata.insert(id.to_owned(), made);
        } else if action.ends_with("build-push-action")
            || action.ends_with("kaniko-action")
            || action.ends_with("docker-build-push")
        {
            let push = input(self, "push").and_then(|node| self.tree.literal(node));
            let output = input(self, "outputs")
                .and_then(|node| self.tree.literal(node))
                .unwrap_or_default();
            let to_registry = output.contains("type=registry") || output.contains("push=true");
            let is_pushed = match push {
                Some(push) => !matches!(push, "false" | "no" | ""),
                None => to_registry || action.ends_with("docker-build-push"),
            };
            if let Some(tags) = input(self, "tags").filter(|_| is_pushed) {
                let by = if action.ends_with("kaniko-action") {
                    "kaniko-action"
                } else {
                    "build-push-action"
                };
                self.tags(tags, by, env);
            }
            if let Some(caches) = input(self, "cache-to") {
                for (text, at) in entries(self.tree, caches, false) {
                    let script = Script::new(&text, at, Dialect::Plain);
                    let values = self.yaml.shell.value(&script, env);
                    let cache = Argument { values, at };
                    let actions = tools::cached(&cache, "build-push-action, cache-to");
                    self.yaml.shell.apply(actions);
                }
            }
        } else if action.contains("aws-ecr") && !action.ends_with("login") {
            // kciter/aws-ecr-action, olxbr/aws-ecr-push-action and their kin.
            let name = ["repo", "ecr_repository", "repository", "image_name"]
                .into_iter()
                .find_map(|name| input(self, name));
            let tags = input(self, "tags").or_else(|| input(self, "tag"));
            if let (Some(name), Some(tags)) = (name, tags) {
                let name = self.given(name, env).unwrap_or_default();
                for (tag, at) in self.lines(tags, env) {
                    let mut values =
                        value::concat(&vec![vec![Part::EcrRegistry]], &value::text("/"));
                    values = value::concat(&values, &name);
                    values = value::concat(&values, &value::text(":"));
                    values = value::concat(&values, &tag);
                    self.push(values, at, "an action for ECR");
                }
            }
        } else if action.contains("kaniko") {
            let args = input(self, "args").or_else(|| self.get(step, "args"));
            if let Some(script) = args.and_then(|args| Script::of(self.tree, args, Dialect::Shell))
            {
                let text = format!("executor {}", script.text);
                let at = script.place(0);
                let script = Script::joined(
                    vec![("executor ".to_owned(), at), (script.text.into_owned(), at)],
                    Dialect::Shell,
                );
                debug_assert_eq!(script.text, text);
                self.yaml.shell.run(&script, env);
            }
        }
        outputs
    }

    fn push(&mut self, values: Values, at: usize, by: &'static str) {
        let pushes = values.into_iter().map(|image| ImagePush { at, image, by });
        self.yaml.shell.pushes.extend(pushes);
    }

    /// The entries of a list of lines or of what stands between commas, each
    /// with its place.
    fn lines(&mut self, node: NodeId, env: &mut Env<'_>) -> Vec<(Values, usize)> {
        let mut found = Vec::new();
        for (text, at) in entries(self.tree, node, true) {
            let script = Script::new(&text, at, Dialect::Plain);
            found.push((self.yaml.shell.value(&script, env), at));
        }
        found
    }

    /// The images that are pushed by their names.
    fn tags(&mut self, node: NodeId, by: &'static str, env: &mut Env<'_>) {
        for (text, at) in entries(self.tree, node, true) {
            let inner = text
                .strip_prefix("${{")
                .and_then(|text| text.strip_suffix("}}"));
            let step = inner.and_then(|inner| {
                let name = inner.trim().strip_prefix("steps.")?;
                name.strip_suffix(".outputs.tags")
            });
            if let Some(made) = step.and_then(|step| self.metadata.get(step)) {
                let pushes = made.iter().map(|(image, at)| ImagePush {
                    at: *at,
                    image: image.clone(),
                    by: "build-push-action",
                });
                self.yaml.shell.pushes.extend(pushes);
                continue;
            }
            let script = Script::new(&text, at, Dialect::Plain);
            let values = self.yaml.shell.value(&script, env);
            self.push(values, at, by);
        }
    }

    /// The images that docker/metadata-action makes: each name with each tag.
    fn metadata_of(&mut self, with: Option<NodeId>, env: &mut Env<'_>) -> Vec<(Value, usize)> {
        let Some(with) = with else {
            return Vec::new();
        };
        let images = self
            .get(with, "images")
            .map(|images| self.lines(images, env));
        let flavor = self.text(with, "flavor").unwrap_or_default();
        let latest = if flavor.contains("latest=true") {
            Some(true)
        } else if flavor.contains("latest=false") {
            Some(false)
        } else {
            None
        };
        let mut tags: Vec<(Values, usize)> = Vec::new();
        let triggers = self.triggers;
        let branch = || vec![vec![triggers.branch("(branch)")]];
        let mut makes_latest = latest == Some(true);
        match self.get(with, "tags") {
            None => {
                let at = self
                    .get(with, "images")
                    .map_or(0, |node| self.tree.start(node));
                // What holds where nothing is said.
                tags.push((branch(), at));
                makes_latest |= latest.is_none() && triggers.by_tags;
            }
            Some(node) => {
                for (line, at) in entries(self.tree, node, false) {
                    let (tag, is_version) = self.metadata_tag(&line, env);
                    makes_latest |= is_version && latest.is_none() && triggers.by_tags;
                    if makes_latest {
                        tags.push((value::text("latest"), at));
                        makes_latest = false;
                    }
                    tags.push((tag, at));
                }
            }
        }
        if makes_latest {
            let at = self
                .get(with, "flavor")
                .or_else(|| self.get(with, "images"));
            tags.push((
                value::text("latest"),
                at.map_or(0, |node| self.tree.start(node)),
            ));
        }
        let mut made = Vec::new();
        for (image, _) in images.unwrap_or_default() {
            for (tag, at) in &tags {
                let values = value::concat(&value::concat(&image, &value::text(":")), tag);
                made.extend(values.into_iter().map(|value| (value, *at)));
                if made.len() > 4096 {
                    return made;
                }
            }
        }
        made
    }

    /// A line of its `tags`, and whether it makes `latest`, too, unless that
    /// is turned off.
    fn metadata_tag(&mut self, line: &str, env: &mut Env<'_>) -> (Values, bool) {
        let triggers = self.triggers;
        let derived = |shown: &str| vec![vec![Part::Derived(shown.to_owned())]];
        let attribute = |name: &str| {
            let mut given = line.split(',').map(str::trim);
            given.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let mut value = |text: &str| {
            if text.contains("{{sha}}")
                || text.contains("{{date")
                || text.contains("{{commit_date")
                || text.contains("{{version")
            {
                return derived(text);
            }
            if text.contains("{{branch") || text.contains("{{base_ref") {
                return vec![vec![triggers.branch("(branch)")]];
            }
            let script = Script::new(text, 0, Dialect::Plain);
            self.yaml.shell.value(&script, env)
        };
        let prefix = attribute("prefix").map(&mut value);
        let suffix = attribute("suffix").map(&mut value);
        let (tag, is_version) = match attribute("type") {
            Some("sha") => (derived("(commit)"), false),
            // A number alone moves from release to release, as `v1` does.
            Some("semver" | "pep440") if attribute("pattern").is_some_and(is_major) => {
                let part = Part::Branch(attribute("pattern").unwrap_or_default().to_owned());
                (vec![vec![part]], true)
            }
            Some("semver" | "pep440" | "match") => (derived("(version)"), true),
            Some("schedule") => match attribute("pattern") {
                Some(pattern) => (value(pattern), false),
                None => (value::text("nightly"), false),
            },
            Some("edge") => (value::text("edge"), false),
            Some("ref") => match attribute("event") {
                Some("tag") => (derived("(tag)"), true),
                Some("pr") => (vec![vec![triggers.branch("(pull request)")]], false),
                _ => (vec![vec![triggers.branch("(branch)")]], false),
            },
            Some("raw") => (value(attribute("value").unwrap_or_default()), false),
            _ => (value(line.trim()), false),
        };
        let prefix = prefix.unwrap_or_else(|| value::text(""));
        let suffix = suffix.unwrap_or_else(|| value::text(""));
        (
            value::concat(&value::concat(&prefix, &tag), &suffix),
            is_version,
        )
    }
}

/// Whether the first number of a version is all that a pattern takes of it.
fn is_major(pattern: &str) -> bool {
    pattern.contains("{{major}}") && pattern.matches("{{").count() == 1
}

/// What starts a workflow.
#[derive(Clone, Copy, Default)]
struct Triggers {
    by_tags: bool,
    by_others: bool,
}

impl Triggers {
    /// What comes from the name of a branch: nothing, where tags alone start it.
    fn branch(self, shown: &str) -> Part {
        if self.by_others {
            Part::Branch(shown.to_owned())
        } else {
            Part::Derived(shown.to_owned())
        }
    }
}

/// The entries of a list that is a text: its lines, or what stands between
/// commas; or the items of a sequence.
fn entries(tree: &Tree<'_>, node: NodeId, commas: bool) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let items = tree.items(node).iter().copied();
    for node in items.chain(std::iter::once(node)) {
        let Some(script) = Script::of(tree, tree.resolve(node), Dialect::Plain) else {
            continue;
        };
        let mut offset = 0;
        for line in script.text.split_inclusive('\n') {
            let mut at = offset;
            let pieces: Vec<&str> = if commas && !line.contains("{{") {
                line.split_inclusive(',').collect()
            } else {
                split_entries(line, commas)
            };
            for piece in pieces {
                let entry = piece.trim().trim_end_matches(',').trim();
                let blank = piece.len() - piece.trim_start().len();
                if !entry.is_empty() && !entry.starts_with('#') {
                    found.push((entry.to_owned(), script.place(at + blank)));
                }
                at += piece.len();
            }
            offset += line.len();
        }
    }
    found
}

/// What stands between commas that stand in no braces.
fn split_entries(line: &str, commas: bool) -> Vec<&str> {
    if !commas {
        return vec![line];
    }
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for (at, sign) in line.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(line.get(start..=at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(line.get(start..));
    parts
}
