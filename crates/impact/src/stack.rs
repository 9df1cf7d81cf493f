//! What templates say of repositories: their names, what they give out, and
//! which builds they hand it to.
//!
//! This module owns what names a repository outside of its template. It
//! neither judges repositories nor reads pipelines.
//!
//! Sources: AWS CloudFormation Template Reference, `AWS::ECR::Repository`
//! (`Ref` is the name, `RepositoryUri` the address), `AWS::CodeBuild::Project`
//! and `AWS::SSM::Parameter`; AWS CloudFormation User Guide, "Outputs" and
//! "`Fn::ImportValue`".

use std::collections::{BTreeMap, HashMap};

use immutag_engine::syntax::{NodeId, Tree};
use immutag_engine::template::value::{self as engine_value, Budget, Context};
use immutag_engine::template::{self, Call, Piece, Resource, Substitution, Template};
use immutag_engine::text::source::REPOSITORY;

use crate::script::Dialect;
use crate::script::Script;
use crate::value::{self, Part, Value};

/// What is known of a repository's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeclaredName {
    /// It is one of these.
    Known(Vec<String>),
    /// It looks like this, where `*` is anything.
    Like(String),
}

/// A repository of a template.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredRepository {
    pub(crate) template: usize,
    pub(crate) logical_id: String,
    pub(crate) at: usize,
    pub(crate) name: DeclaredName,
}

/// All that the templates of a git repository say.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    pub(crate) ecr_repositories: Vec<DeclaredRepository>,
    /// By their keys; None where several say different things.
    outputs: HashMap<String, Option<Value>>,
    exports: HashMap<String, Option<Value>>,
    parameters: HashMap<String, Option<Value>>,
    resources: HashMap<String, Option<Value>>,
    pub(crate) projects: Vec<BuildProject>,
}

/// A build that a template declares.
#[derive(Clone, Debug)]
pub(crate) struct BuildProject {
    /// The buildspec's path, if it stands in a file.
    pub(crate) buildspec: Option<String>,
    /// What the variables of its environment are.
    pub(crate) variables: Vec<(String, Value)>,
}

impl Stacks {
    pub(crate) fn output(&self, name: &str) -> Option<Value> {
        self.outputs.get(name).cloned().flatten()
    }

    pub(crate) fn export(&self, name: &str) -> Option<Value> {
        self.exports.get(name).cloned().flatten()
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<Value> {
        self.parameters.get(name).cloned().flatten()
    }

    pub(crate) fn resource(&self, logical_id: &str) -> Option<Value> {
        self.resources.get(logical_id).cloned().flatten()
    }

    pub(crate) fn output_names(&self) -> impl Iterator<Item = (&str, &Value)> {
        let mut named: Vec<(&str, &Value)> = self
            .outputs
            .iter()
            .filter_map(|(name, word)| Some((name.as_str(), word.as_ref()?)))
            .collect();
        named.sort_by_key(|(name, _)| *name);
        named.into_iter()
    }

    /// Puts what is exported in the place of its name.
    pub(crate) fn imported(&self, word: &Value) -> Value {
        let mut imported = Value::new();
        for part in word {
            match part {
                Part::Export(name) => match self.export(name) {
                    Some(word) => imported.extend(word),
                    None => imported.push(Part::Unresolved(format!("(export {name})"))),
                },
                part => value::push(&mut imported, part.clone()),
            }
        }
        imported
    }

    /// Reads a template, the `number`th of all, and gives the texts of builds
    /// that stand in it, with their variables.
    pub(crate) fn read<'t>(&mut self, number: usize, tree: &'t Tree<'_>) -> Vec<InlineBuild<'t>> {
        let template = Template::of(tree);
        let first = self.ecr_repositories.len();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut budget = Budget::of(tree.text().len());
        for resource in &template.resources {
            if kind(tree, resource) != Some(REPOSITORY) {
                continue;
            }
            let logical_id = tree.literal(resource.logical_id).unwrap_or_default();
            let number_of = self.ecr_repositories.len();
            names.insert(logical_id, number_of);
            once(
                &mut self.resources,
                logical_id,
                vec![Part::EcrName(number_of)],
            );
            self.ecr_repositories.push(DeclaredRepository {
                template: number,
                logical_id: logical_id.to_owned(),
                at: tree.start(resource.logical_id),
                name: DeclaredName::Like("*".to_owned()),
            });
        }
        let mut reader = TemplateReader {
            tree,
            template: &template,
            names: &names,
            budget: &mut budget,
        };
        let ours = template
            .resources
            .iter()
            .filter(|one| kind(tree, one) == Some(REPOSITORY));
        for (resource, declared) in ours.zip(self.ecr_repositories.iter_mut().skip(first)) {
            declared.name = reader.named(resource);
        }
        let mut inline = Vec::new();
        for resource in &template.resources {
            match kind(tree, resource) {
                Some("AWS::SSM::Parameter") => {
                    let name =
                        property(tree, resource, "Name").and_then(|name| reader.literal(name));
                    let value =
                        property(tree, resource, "Value").map(|value| reader.word(value, 0));
                    if let (Some(name), Some(value)) = (name, value) {
                        once(&mut self.parameters, &name, value);
                    }
                }
                Some("AWS::CodeBuild::Project") => {
                    let (project, text) = reader.project(resource);
                    if let Some(script) = text {
                        let variables = project.variables.clone();
                        inline.push(InlineBuild { script, variables });
                    } else {
                        self.projects.push(project);
                    }
                }
                _ => {}
            }
        }
        for &root in tree.documents() {
            for outputs in tree.entries_named(root, "Outputs") {
                for output in tree.entries(tree.resolve(outputs.value)) {
                    let body = tree.resolve(output.value);
                    let Some(value) = tree.entry(body, "Value") else {
                        continue;
                    };
                    let word = reader.word(value.value, 0);
                    if let Some(name) = tree.literal(output.key) {
                        once(&mut self.outputs, name, word.clone());
                    }
                    let export = tree.entry(body, "Export");
                    let name =
                        export.and_then(|export| tree.entry(tree.resolve(export.value), "Name"));
                    if let Some(name) = name.and_then(|name| reader.literal(name.value)) {
                        once(&mut self.exports, &name, word);
                    }
                }
            }
        }
        // What `Fn::Sub` puts into texts of builds.
        let mut references: Vec<(String, Value)> = Vec::new();
        for (name, number) in &names {
            references.push(((*name).to_owned(), vec![Part::EcrName(*number)]));
            references.push((format!("{name}.RepositoryUri"), vec![Part::EcrUri(*number)]));
        }
        for text in &mut inline {
            text.variables.extend(references.iter().cloned());
        }
        inline
    }
}

/// The text of a build that stands in a template.
pub(crate) struct InlineBuild<'t> {
    pub(crate) script: Script<'t>,
    pub(crate) variables: Vec<(String, Value)>,
}

/// Takes a word down by its name, and none where the name says several things.
fn once(into: &mut HashMap<String, Option<Value>>, name: &str, word: Value) {
    into.entry(name.to_owned())
        .and_modify(|there| {
            if there.as_ref() != Some(&word) {
                *there = None;
            }
        })
        .or_insert(Some(word));
}

fn kind<'t>(tree: &'t Tree<'_>, resource: &Resource) -> Option<&'t str> {
    let kind = tree.entry(resource.body, "Type")?;
    tree.literal(kind.value)
}

fn property(tree: &Tree<'_>, resource: &Resource, name: &str) -> Option<NodeId> {
    let properties = tree.entry(resource.body, "Properties")?;
    let found = tree.entry(tree.resolve(properties.value), name)?;
    Some(tree.resolve(found.value))
}

struct TemplateReader<'e, 't, 'a> {
    tree: &'t Tree<'a>,
    template: &'e Template<'t>,
    names: &'e BTreeMap<&'t str, usize>,
    budget: &'e mut Budget,
}

/// How deep functions in what names a repository are followed.
const MAX_DEPTH: usize = 16;

impl<'t> TemplateReader<'_, 't, '_> {
    fn known(&mut self, node: NodeId) -> Option<Vec<String>> {
        let (_, sections) = self.template.scopes.around(node)?;
        let loops = template::loops(self.tree, node);
        let context = Context {
            tree: self.tree,
            sections,
            loops: &loops,
        };
        let (values, _) = engine_value::values(context, node, self.budget);
        let words = values.known.into_iter().map(|known| match known.word {
            engine_value::Word::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        });
        let words: Option<Vec<String>> = words.collect();
        words.filter(|words| values.unknown.is_empty() && !words.is_empty())
    }

    /// The text that a node comes to, if that is one.
    fn literal(&mut self, node: NodeId) -> Option<String> {
        match self.known(node)?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    fn named(&mut self, resource: &Resource) -> DeclaredName {
        let Some(name) = property(self.tree, resource, "RepositoryName") else {
            return DeclaredName::Like("*".to_owned());
        };
        if let Some(known) = self.known(name) {
            return DeclaredName::Known(known);
        }
        let mut like = String::new();
        for part in self.word(name, 0) {
            match part {
                Part::Text(text) => like.push_str(&text),
                _ if like.ends_with('*') => {}
                _ => like.push('*'),
            }
        }
        DeclaredName::Like(like)
    }

    /// A node as a word: what it names of the template's repositories.
    fn word(&mut self, node: NodeId, depth: usize) -> Value {
        let tree = self.tree;
        let node = tree.resolve(node);
        let nobody = |shown: &str| vec![Part::Unresolved(format!("({shown})"))];
        if depth > MAX_DEPTH {
            return nobody("computed");
        }
        let Some(call) = Call::of(tree, node) else {
            return match tree.literal(node) {
                Some(text) => vec![Part::Text(text.to_owned())],
                None => nobody("computed"),
            };
        };
        match call.name {
            "Ref" => match call.word(tree) {
                Some(name) => self.reference(name, node),
                None => nobody("Ref"),
            },
            "GetAtt" => {
                let dotted = call.word(tree).map(str::to_owned);
                let listed = || {
                    let words = call.arguments(tree).iter();
                    let words: Option<Vec<&str>> = words
                        .map(|&word| tree.literal(tree.resolve(word)))
                        .collect();
                    words.map(|words| words.join("."))
                };
                let dotted = dotted.or_else(listed).unwrap_or_default();
                self.reference(&dotted, node)
            }
            "ImportValue" => {
                let inner = if call.argument == node {
                    None
                } else {
                    Some(call.argument)
                };
                let name = match (call.word(tree), inner) {
                    (Some(name), _) => Some(name.to_owned()),
                    (None, Some(inner)) => self.literal(inner),
                    (None, None) => None,
                };
                name.map_or_else(|| nobody("import"), |name| vec![Part::Export(name)])
            }
            "Sub" => {
                let Some(substitution) = Substitution::of(tree, call) else {
                    return nobody("Fn::Sub");
                };
                let mut word = Value::new();
                for piece in substitution.pieces() {
                    match piece {
                        Piece::Text(text) => value::push(&mut word, Part::Text(text.to_owned())),
                        Piece::Escaped(name) => word.push(Part::Unresolved(format!("${{{name}}}"))),
                        Piece::Variable(name) => {
                            let own = substitution.variable(tree, name).next();
                            let more = match own {
                                Some(own) => self.word(own, depth + 1),
                                None => self.reference(name, node),
                            };
                            for part in more {
                                value::push(&mut word, part);
                            }
                        }
                    }
                }
                word
            }
            "Join" => {
                let &[delimiter, list] = call.arguments(tree) else {
                    return nobody("Fn::Join");
                };
                let delimiter = tree.literal(tree.resolve(delimiter)).unwrap_or_default();
                let mut word = Value::new();
                for (nth, &item) in tree.items(tree.resolve(list)).iter().enumerate() {
                    if nth > 0 && !delimiter.is_empty() {
                        value::push(&mut word, Part::Text(delimiter.to_owned()));
                    }
                    for part in self.word(item, depth + 1) {
                        value::push(&mut word, part);
                    }
                }
                word
            }
            _ => match self.literal(node) {
                Some(text) => vec![Part::Text(text)],
                None => nobody(call.name),
            },
        }
    }

    fn reference(&mut self, name: &str, at: NodeId) -> Value {
        if let Some(&number) = self.names.get(name) {
            return vec![Part::EcrName(number)];
        }
        if let Some(logical_id) = name.strip_suffix(".RepositoryUri")
            && let Some(&number) = self.names.get(logical_id)
        {
            return vec![Part::EcrUri(number)];
        }
        let parameter = self
            .template
            .scopes
            .around(at)
            .and_then(|(_, sections)| sections.parameter(name));
        let default = parameter.and_then(|parameter| {
            let default = self
                .tree
                .entry(self.tree.resolve(parameter.value), "Default")?;
            self.tree.literal(default.value)
        });
        match default {
            Some(text) => vec![Part::Text(text.to_owned())],
            None => vec![Part::Unresolved(format!("({name})"))],
        }
    }

    fn project(&mut self, resource: &Resource) -> (BuildProject, Option<Script<'t>>) {
        let tree = self.tree;
        let mut variables = Vec::new();
        let environment = property(tree, resource, "Environment");
        let listed = environment.and_then(|node| tree.entry(node, "EnvironmentVariables"));
        let items = listed.map_or(&[][..], |listed| tree.items(tree.resolve(listed.value)));
        for &item in items {
            let item = tree.resolve(item);
            let name = tree
                .entry(item, "Name")
                .and_then(|name| tree.literal(name.value));
            let value = tree.entry(item, "Value");
            let kind = tree
                .entry(item, "Type")
                .and_then(|kind| tree.literal(kind.value));
            if let (Some(name), Some(value)) = (name, value) {
                let mut word = self.word(value.value, 0);
                if kind.is_some_and(|kind| kind != "PLAINTEXT") {
                    word = vec![Part::Unresolved(format!("${name}"))];
                }
                variables.push((name.to_owned(), word));
            }
        }
        let source = property(tree, resource, "Source");
        let spec = source.and_then(|source| tree.entry(source, "BuildSpec"));
        let spec = spec.map(|spec| tree.resolve(spec.value));
        let text = spec.and_then(|spec| self.text(spec));
        let is_path = |text: &str| !text.contains('\n') && !text.trim_start().starts_with('{');
        let path = text.as_ref().map(|script| script.text.trim().to_owned());
        match path.filter(|path| is_path(path)) {
            Some(path) => (
                BuildProject {
                    buildspec: Some(path),
                    variables,
                },
                None,
            ),
            None => (
                BuildProject {
                    buildspec: None,
                    variables,
                },
                text,
            ),
        }
    }

    /// The text of a build, functions and all.
    fn text(&mut self, node: NodeId) -> Option<Script<'t>> {
        let tree = self.tree;
        let Some(call) = Call::of(tree, node) else {
            tree.literal(node)?;
            return Script::of(tree, node, Dialect::Shell);
        };
        match call.name {
            "Sub" => {
                let substitution = Substitution::of(tree, call)?;
                Script::of(tree, substitution.at, Dialect::Sub)
            }
            "Join" => {
                let &[delimiter, list] = call.arguments(tree) else {
                    return None;
                };
                let delimiter = tree.literal(tree.resolve(delimiter))?;
                let mut parts = Vec::new();
                for &item in tree.items(tree.resolve(list)) {
                    let item = tree.resolve(item);
                    let inner = Call::of(tree, item);
                    let text = match inner.and_then(|inner| inner.word(tree)) {
                        Some(name) => format!("${{{name}}}"),
                        None => tree.literal(item).unwrap_or("${computed}").to_owned(),
                    };
                    parts.push((text, tree.start(item)));
                    parts.push((delimiter.to_owned(), tree.start(item)));
                }
                Some(Script::joined(parts, Dialect::Sub))
            }
            _ => None,
        }
    }
}
