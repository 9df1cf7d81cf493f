//! What templates call their ECR repositories.
//!
//! This module owns the names that a template gives, and what its functions evaluate to where they
//! name an ECR repository. It does not know what is given out under which key.
//!
//! Source: AWS CloudFormation Template Reference, `AWS::ECR::Repository` (`Ref` is the name,
//! `RepositoryUri` the URI).

use std::collections::BTreeMap;

use immutag_engine::syntax::{NodeId, Tree};
use immutag_engine::template::value::{self as engine_value, Budget, Context};
use immutag_engine::template::{self, Call, Piece, Resource, Substitution, Template};

use crate::value::{self, Part, Value};

/// What is known of the name of an ECR repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeclaredName {
    /// It is one of these.
    Known(Vec<String>),
    /// It looks like this, where `*` is anything.
    Like(String),
}

/// An ECR repository that a template declares.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredRepository {
    /// The number of the template.
    pub(crate) template: usize,
    pub(crate) logical_id: String,
    /// Where the logical ID stands.
    pub(crate) at: usize,
    pub(crate) name: DeclaredName,
}

/// The type of a resource.
pub(crate) fn kind<'t>(tree: &'t Tree<'_>, resource: &Resource) -> Option<&'t str> {
    let kind = tree.entry(resource.body, "Type")?;
    tree.literal(kind.value)
}

/// A property of a resource.
pub(crate) fn property(tree: &Tree<'_>, resource: &Resource, name: &str) -> Option<NodeId> {
    let properties = tree.entry(resource.body, "Properties")?;
    let found = tree.entry(tree.resolve(properties.value), name)?;
    Some(tree.resolve(found.value))
}

/// Evaluates what a template says of its ECR repositories.
pub(crate) struct TemplateReader<'e, 't, 'a> {
    pub(crate) tree: &'t Tree<'a>,
    pub(crate) template: &'e Template<'t>,
    /// The numbers of its ECR repositories, by their logical IDs.
    pub(crate) names: &'e BTreeMap<&'t str, usize>,
    pub(crate) budget: &'e mut Budget,
}

/// How deep functions in what names a repository are followed.
const MAX_DEPTH: usize = 16;

impl TemplateReader<'_, '_, '_> {
    /// The names that a node evaluates to, if all of them are known.
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

    /// The text that a node evaluates to, if that is one.
    pub(crate) fn literal(&mut self, node: NodeId) -> Option<String> {
        match self.known(node)?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// What is known of the name that a resource has.
    pub(crate) fn named(&mut self, resource: &Resource) -> DeclaredName {
        let Some(name) = property(self.tree, resource, "RepositoryName") else {
            return DeclaredName::Like("*".to_owned());
        };
        if let Some(known) = self.known(name) {
            return DeclaredName::Known(known);
        }
        let mut like = String::new();
        for part in self.value(name, 0) {
            match part {
                Part::Text(text) => like.push_str(&text),
                _ if like.ends_with('*') => {}
                _ => like.push('*'),
            }
        }
        DeclaredName::Like(like)
    }

    /// The value of a node, ECR repositories of the template named by their numbers.
    pub(crate) fn value(&mut self, node: NodeId, depth: usize) -> Value {
        let tree = self.tree;
        let node = tree.resolve(node);
        let unresolved = |shown: &str| vec![Part::Unresolved(format!("({shown})"))];
        if depth > MAX_DEPTH {
            return unresolved("computed");
        }
        let Some(call) = Call::of(tree, node) else {
            return match tree.literal(node) {
                Some(text) => vec![Part::Text(text.to_owned())],
                None => unresolved("computed"),
            };
        };
        match call.name {
            "Ref" => match call.word(tree) {
                Some(name) => self.reference(name, node),
                None => unresolved("Ref"),
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
                name.map_or_else(|| unresolved("import"), |name| vec![Part::Export(name)])
            }
            "Sub" => {
                let Some(substitution) = Substitution::of(tree, call) else {
                    return unresolved("Fn::Sub");
                };
                let mut value = Value::new();
                for piece in substitution.pieces() {
                    match piece {
                        Piece::Text(text) => value::push(&mut value, Part::Text(text.to_owned())),
                        Piece::Escaped(name) => {
                            value.push(Part::Unresolved(format!("${{{name}}}")));
                        }
                        Piece::Variable(name) => {
                            let own = substitution.variable(tree, name).next();
                            let more = match own {
                                Some(own) => self.value(own, depth + 1),
                                None => self.reference(name, node),
                            };
                            for part in more {
                                value::push(&mut value, part);
                            }
                        }
                    }
                }
                value
            }
            "Join" => {
                let &[delimiter, list] = call.arguments(tree) else {
                    return unresolved("Fn::Join");
                };
                let delimiter = tree.literal(tree.resolve(delimiter)).unwrap_or_default();
                let mut value = Value::new();
                for (nth, &item) in tree.items(tree.resolve(list)).iter().enumerate() {
                    if nth > 0 && !delimiter.is_empty() {
                        value::push(&mut value, Part::Text(delimiter.to_owned()));
                    }
                    for part in self.value(item, depth + 1) {
                        value::push(&mut value, part);
                    }
                }
                value
            }
            _ => match self.literal(node) {
                Some(text) => vec![Part::Text(text)],
                None => unresolved(call.name),
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
}
