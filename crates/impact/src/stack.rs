//! What templates give out of their ECR repositories, and which builds they hand it to.
//!
//! This module owns outputs, exports, SSM parameters, and the variables of `CodeBuild` projects. It
//! reads no pipeline.
//!
//! Sources: AWS CloudFormation Template Reference, `AWS::CodeBuild::Project` and
//! `AWS::SSM::Parameter`; AWS CloudFormation User Guide, "Outputs" and "`Fn::ImportValue`".

use std::collections::{BTreeMap, HashMap};

use immutag_engine::rule::REPOSITORY;
use immutag_engine::syntax::{NodeId, Tree};
use immutag_engine::template::value::Budget;
use immutag_engine::template::{Call, Resource, Substitution, Template};

use crate::names::{DeclaredName, DeclaredRepository, TemplateReader, kind, property};
use crate::script::{Dialect, Script};
use crate::value::{self, Part, Value};

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
            .filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?)))
            .collect();
        named.sort_by_key(|(name, _)| *name);
        named.into_iter()
    }

    /// Puts what is exported in the place of its name.
    pub(crate) fn imported(&self, value: &Value) -> Value {
        let mut imported = Value::new();
        for part in value {
            match part {
                Part::Export(name) => match self.export(name) {
                    Some(value) => imported.extend(value),
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
                        property(tree, resource, "Value").map(|value| reader.value(value, 0));
                    if let (Some(name), Some(value)) = (name, value) {
                        once(&mut self.parameters, &name, value);
                    }
                }
                Some("AWS::CodeBuild::Project") => {
                    let (project, text) = project(&mut reader, resource);
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
                    let value = reader.value(value.value, 0);
                    if let Some(name) = tree.literal(output.key) {
                        once(&mut self.outputs, name, value.clone());
                    }
                    let export = tree.entry(body, "Export");
                    let name =
                        export.and_then(|export| tree.entry(tree.resolve(export.value), "Name"));
                    if let Some(name) = name.and_then(|name| reader.literal(name.value)) {
                        once(&mut self.exports, &name, value);
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

/// Records a value by its name, and none where several values have that name.
fn once(into: &mut HashMap<String, Option<Value>>, name: &str, value: Value) {
    into.entry(name.to_owned())
        .and_modify(|there| {
            if there.as_ref() != Some(&value) {
                *there = None;
            }
        })
        .or_insert(Some(value));
}

/// Reads a `CodeBuild` project: its variables, and the text of its buildspec where that stands in the
/// template.
fn project<'t>(
    reader: &mut TemplateReader<'_, 't, '_>,
    resource: &Resource,
) -> (BuildProject, Option<Script<'t>>) {
    let tree = reader.tree;
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
            let mut value = reader.value(value.value, 0);
            if kind.is_some_and(|kind| kind != "PLAINTEXT") {
                value = vec![Part::Unresolved(format!("${name}"))];
            }
            variables.push((name.to_owned(), value));
        }
    }
    let source = property(tree, resource, "Source");
    let spec = source.and_then(|source| tree.entry(source, "BuildSpec"));
    let spec = spec.map(|spec| tree.resolve(spec.value));
    let text = spec.and_then(|spec| text(tree, spec));
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
fn text<'t>(tree: &'t Tree<'_>, node: NodeId) -> Option<Script<'t>> {
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
