//! The rule: what is wrong with a resource.
//!
//! This module owns the verdict, and the facts that a fix can be planned
//! from. It works on the tree alone, the same for YAML and JSON, and knows
//! nothing of edits.
//!
//! The rule is `aws/ecr_image_tag_not_immutable`
//! (`33f41d31-86b1-46a4-81f7-9c9a671f59ac`): an `AWS::ECR::Repository` must
//! declare `ImageTagMutability: IMMUTABLE`. The words that the property
//! takes, and which of them go with exclusion filters, are those of the AWS
//! CloudFormation User Guide, `AWS::ECR::Repository`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::syntax::{Entry, NodeId, Tree, Value};
use crate::template::value::{self, Budget, Context, Home, Known, Word};
use crate::template::{self, Call, Merged, Resource, Scopes, Template};
use crate::text::excerpt::brief;
use crate::text::source::REPOSITORY;

/// The property that the rule is about.
pub const MODE: &str = "ImageTagMutability";
/// The property that must stand beside the `*_WITH_EXCLUSION` modes, and may
/// not stand beside the others.
pub const FILTERS: &str = "ImageTagMutabilityExclusionFilters";
/// The mode that the rule asks for.
pub const IMMUTABLE: &str = "IMMUTABLE";
/// The mode that the rule takes where some tags are to stay mutable. The
/// exclusion filters then list the mutable ones.
pub const IMMUTABLE_WITH_EXCLUSION: &str = "IMMUTABLE_WITH_EXCLUSION";
/// In an exclusion filter, the property that says how it matches.
///
/// Source: AWS CloudFormation Template Reference, `AWS::ECR::Repository
/// ImageTagMutabilityExclusionFilter`.
pub const FILTER_TYPE: &str = "ImageTagMutabilityExclusionFilterType";
/// In an exclusion filter, the property that says what it matches.
pub const FILTER_VALUE: &str = "ImageTagMutabilityExclusionFilterValue";
/// The one type of exclusion filters.
pub const WILDCARD: &str = "WILDCARD";
/// The type of the templates that ECR creates repositories from.
///
/// Source: AWS CloudFormation Template Reference,
/// `AWS::ECR::RepositoryCreationTemplate`.
pub const CREATION_TEMPLATE: &str = "AWS::ECR::RepositoryCreationTemplate";

/// How strict the rule is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What cannot be decided is a note; `IMMUTABLE_WITH_EXCLUSION` passes.
    #[default]
    Default,
    /// Only a literal `IMMUTABLE` passes, as for Checkov, Trivy and AWS
    /// Control Tower (CT.ECR.PR.3).
    Strict,
}

/// How the rule is taken, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How strict it is.
    pub profile: Profile,
    /// The tags that are to stay mutable, so that pipelines can move them.
    pub keep_mutable: Vec<TagPattern>,
    /// Those that are to stay mutable in single repositories beside them, by
    /// their logical IDs, where what moves was looked for. A repository that
    /// is not named here is one that nothing is known of; one that nothing
    /// moves in is named, with no tags.
    pub keep_moving: Option<BTreeMap<String, Vec<TagPattern>>>,
    /// Why nothing is known of any, where that is because of what was looked
    /// at; it goes before a comma.
    pub unknown_pushes: Option<String>,
    /// Whether it covers creation templates, too.
    pub creation_templates: bool,
}

/// How many exclusion filters a repository may have.
///
/// Source: Amazon ECR API Reference, `PutImageTagMutability`.
pub const MAX_FILTERS: usize = 5;

/// How many tags of a repository are counted one by one, so that many that are
/// moved in many repositories cost no more than they take to write. So many are
/// refused in any case.
pub const MOST_TAGS: usize = 100;

/// The tags that an exclusion filter matches: a tag, or a pattern in which
/// `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern(String);

impl TagPattern {
    /// Takes a pattern as ECR does: 1 to 128 letters, digits, `.`, `_`, `-`,
    /// and at most two `*`.
    ///
    /// Source: Amazon ECR API Reference, `ImageTagMutabilityExclusionFilter`.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let is_known = |sign: u8| sign.is_ascii_alphanumeric() || b"._*-".contains(&sign);
        if pattern.is_empty() || pattern.len() > 128 {
            return Err("a tag has 1 to 128 characters".to_owned());
        }
        if !pattern.bytes().all(is_known) {
            return Err("a tag is made of letters, digits, `.`, `_`, `-` and `*`".to_owned());
        }
        if pattern.bytes().filter(|&sign| sign == b'*').count() > 2 {
            return Err("a tag has at most two `*`".to_owned());
        }
        Ok(Self(pattern.to_owned()))
    }

    /// The pattern, as ECR takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a tag is among those that it matches.
    #[must_use]
    pub fn matches(&self, tag: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == tag;
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let inner = tag.strip_prefix(first);
        let inner = inner.and_then(|inner| inner.strip_suffix(last));
        inner.is_some_and(|inner| inner.contains(middle))
    }
}

/// What is wrong with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No mode is declared, which means `MUTABLE`.
    Missing,
    /// The mode is `MUTABLE` or `MUTABLE_WITH_EXCLUSION`.
    Mutable,
    /// The mode is no word that ECR knows.
    Invalid,
    /// The mode and the exclusion filters do not go together: ECR rejects
    /// the pair.
    InvalidPair,
    /// Some tags are excluded from immutability; strict only.
    Exclusion,
    /// A key stands twice, and readers differ in which one counts.
    Ambiguous,
    /// The text does not decide it: a function, a placeholder, a macro.
    Unverifiable,
}

impl Verdict {
    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Mutable => "mutable",
            Self::Invalid => "invalid",
            Self::InvalidPair => "invalid-pair",
            Self::Exclusion => "exclusion",
            Self::Ambiguous => "ambiguous",
            Self::Unverifiable => "unverifiable",
        }
    }

    /// Whether it breaks the rule under this profile; else it is a note.
    #[must_use]
    pub fn counts(self, profile: Profile) -> bool {
        self != Self::Unverifiable || profile == Profile::Strict
    }
}

/// Why the facts rule a fix out, whatever the layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// This key stands twice in one mapping.
    DuplicateKey(&'static str),
    /// What decides is computed or filled in later: said in a few words.
    Computed(String),
    /// The properties come to the resource through a merge key, so that an
    /// explicit key would hide them.
    Merged(&'static str),
    /// `Properties` is a string or a list.
    NotAMapping,
    /// The mode is a list or a mapping.
    NotAScalar,
    /// The declaration of a parameter does not let it be the right word, or
    /// may not.
    NotAllowed {
        /// The name of the parameter.
        parameter: String,
        /// The key in its declaration that has something against it.
        at: NodeId,
    },
    /// A creation template that makes the repositories of a pull through
    /// cache, whose tags move when those upstream do.
    PullThroughCache,
}

/// What there is to repair. Nodes are those of the text: where the template
/// says `*alias`, the anchored node is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// Declare `Properties` with the mode.
    AddProperties {
        /// The resource's mapping.
        body: NodeId,
    },
    /// Declare the mode in a `Properties` that is null or an empty mapping.
    FillProperties {
        /// What stands there.
        value: NodeId,
    },
    /// Declare the mode in a `Properties` that has other entries.
    AddMode {
        /// The mapping of the properties.
        mapping: NodeId,
        /// The exclusion filters, if they must go.
        filters: Option<Entry>,
    },
    /// Put the right word in the place of the mode's value.
    RewriteMode {
        /// The mapping of the properties.
        mapping: NodeId,
        /// The mode's value.
        value: NodeId,
        /// The exclusion filters, if they must go.
        filters: Option<Entry>,
    },
    /// Put the right word in the place of literals that the mode is computed
    /// from.
    RewriteSources {
        /// The literals, each with its home.
        literals: Vec<(NodeId, Home)>,
    },
}

/// One resource that breaks the rule, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub verdict: Verdict,
    /// The resource.
    pub resource: Resource,
    /// Its name in the template.
    pub logical_id: String,
    /// The node whose line a scanner would report: the mode's key; where it
    /// is missing the key of `Properties`; where that is missing too the
    /// logical ID.
    pub at: NodeId,
    /// What is wrong, as a clause for people: names the value that stands
    /// there.
    pub message: String,
    /// Where a computed value comes from, as far as it decides the verdict.
    pub sources: Vec<Source>,
    /// Whether the repair is a matter of course, or the user's decision.
    pub is_safe: bool,
    /// Whether it is still [unverifiable](Verdict::Unverifiable) when it is
    /// repaired: the mode can be something that the template does not say.
    pub is_rest_unsure: bool,
    /// What there is to do, or why nothing can be done.
    pub repair: Result<Repair, Obstacle>,
}

/// A node that a computed value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The node.
    pub at: NodeId,
    /// What comes from there, as a clause: `parameter Mode defaults to
    /// MUTABLE`.
    pub how: String,
}

/// What the rule says of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// The findings, in the order of the text.
    pub findings: Vec<Finding>,
    /// The nodes that read a parameter or a mapping for the mode of a
    /// repository that is to be repaired, with its logical ID.
    pub reads: Vec<(NodeId, NodeId)>,
    /// The logical IDs of the repositories that are to stay as they are, in
    /// what they share with others, too: those that cannot be repaired, and
    /// those that comply but would not with another mode or without filters.
    pub settled: BTreeSet<NodeId>,
    /// How many of the resources are of a type that the rule covers, by
    /// their literal `Type`.
    pub repositories: usize,
}

/// A text within the template that holds a template of its own. It is not
/// looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The scalar.
    pub at: NodeId,
}

/// Judges every resource of a template.
#[must_use]
pub fn verdicts(tree: &Tree<'_>, template: &Template<'_>, policy: &Policy) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let mut budget = Budget::of(tree.text().len());
    for &resource in &template.resources {
        verdicts.repositories += usize::from(policy.covers(tree, resource.body));
        let mut judge = Judge {
            tree,
            scopes: &template.scopes,
            resource,
            policy,
            budget: &mut budget,
            reads: Vec::new(),
            has_filters: false,
        };
        let finding = judge.verdict();
        let is_settled = match &finding {
            Some(finding) => finding.repair.is_err(),
            None => judge.has_filters || policy.keeps_any(),
        };
        if is_settled {
            verdicts.settled.insert(resource.logical_id);
        } else if finding.is_some() {
            let reads = judge.reads.into_iter();
            let reads = reads.map(|read| (resource.logical_id, read));
            verdicts.reads.extend(reads);
        }
        verdicts.findings.extend(finding);
    }
    verdicts
}

impl Policy {
    /// Whether some tags are to stay mutable in any repository.
    #[must_use]
    pub fn keeps_any(&self) -> bool {
        !self.keep_mutable.is_empty() || self.keeps_own()
    }

    /// Whether some are to stay so in single repositories.
    #[must_use]
    pub fn keeps_own(&self) -> bool {
        let mut own = self.keep_moving.iter().flat_map(BTreeMap::values);
        own.any(|tags| !tags.is_empty())
    }

    /// Whether it is known which tags are to stay mutable in a repository.
    #[must_use]
    pub fn knows(&self, logical_id: &str) -> bool {
        let moving = self.keep_moving.as_ref();
        moving.is_none_or(|moving| moving.contains_key(logical_id))
    }

    /// The tags that are to stay mutable in a repository, by its logical ID. A
    /// tag that a pattern for all matches is none of its own.
    #[must_use]
    pub fn kept(&self, logical_id: &str) -> Vec<&TagPattern> {
        let mut kept: Vec<&TagPattern> = self.keep_mutable.iter().collect();
        let is_new = |tag: &&TagPattern| {
            !self
                .keep_mutable
                .iter()
                .any(|all| all.matches(tag.as_str()))
        };
        let own = self.keep_moving.as_ref();
        let own = own.and_then(|own| own.get(logical_id));
        kept.extend(own.into_iter().flatten().filter(is_new));
        kept
    }

    /// Whether a resource's mapping says literally that it is of a type that
    /// the rule covers.
    #[must_use]
    pub fn covers(&self, tree: &Tree<'_>, body: NodeId) -> bool {
        tree.entries_named(body, "Type")
            .any(|entry| self.covers_type(tree, entry.value))
    }

    fn covers_type(&self, tree: &Tree<'_>, word: NodeId) -> bool {
        match tree.literal(word) {
            Some(REPOSITORY) => true,
            Some(CREATION_TEMPLATE) => self.creation_templates,
            _ => false,
        }
    }
}

/// The scalars that hold a template with a repository (a stack set's
/// `TemplateBody`, say).
#[must_use]
pub fn embedded(tree: &Tree<'_>) -> Vec<Embedded> {
    tree.nodes()
        .filter(|&at| match tree.value(at) {
            Value::Scalar { text, .. } => {
                text.len() > REPOSITORY.len()
                    && memchr::memmem::find(text.as_bytes(), REPOSITORY.as_bytes()).is_some()
                    && text.contains("Type")
            }
            _ => false,
        })
        .map(|at| Embedded { at })
        .collect()
}

/// The resource's literal `Type` is ours, once.
enum Ours {
    Yes,
    No,
    Twice(NodeId),
    Unsure(NodeId, &'static str),
}

struct Judge<'e, 't, 'a> {
    tree: &'t Tree<'a>,
    scopes: &'e Scopes<'t>,
    resource: Resource,
    policy: &'e Policy,
    budget: &'e mut Budget,
    /// What reads a parameter or a mapping for the mode.
    reads: Vec<NodeId>,
    /// Whether exclusion filters stand beside the mode.
    has_filters: bool,
}

/// How many branches of `Properties` are looked at.
const MAX_BRANCHES: usize = 64;

impl Judge<'_, '_, '_> {
    fn verdict(&mut self) -> Option<Finding> {
        let body = self.resource.body;
        match self.ours() {
            Ours::Yes => {}
            Ours::No => return None,
            Ours::Twice(at) => return Some(self.ambiguous(at, "Type")),
            Ours::Unsure(at, why) => return Some(self.unverifiable(at, why)),
        }
        if self.tree.has_custom_tag(body) {
            return Some(self.unverifiable(self.resource.logical_id, "the resource is computed"));
        }
        if template::holds_function(self.tree, body) {
            let why = "a function stands beside Type and may change the resource";
            return Some(self.unverifiable(self.resource.logical_id, why));
        }
        let mut properties = self.tree.entries_named(body, "Properties");
        let first = properties.next();
        if let Some(second) = properties.next() {
            return Some(self.ambiguous(second.key, "Properties"));
        }
        let mut finding = match first {
            Some(properties) => self.properties(properties),
            None => self.no_properties(),
        }?;
        if finding.repair.is_ok() && self.may_serve_a_cache() {
            finding.repair = Err(Obstacle::PullThroughCache);
        }
        Some(finding)
    }

    fn ours(&self) -> Ours {
        let body = self.resource.body;
        let types: Vec<Entry> = self.tree.entries_named(body, "Type").collect();
        let is_ours = |node: NodeId| self.policy.covers_type(self.tree, node);
        match types.as_slice() {
            [] => match template::merged(self.tree, body, "Type") {
                Merged::Found(value) if is_ours(self.tree.resolve(value)) => Ours::Unsure(
                    self.resource.logical_id,
                    "its Type comes through a merge key",
                ),
                _ => Ours::No,
            },
            &[entry] if is_ours(entry.value) => Ours::Yes,
            &[entry] if is_ours(self.tree.resolve(entry.value)) => {
                Ours::Unsure(entry.key, "its Type is an alias")
            }
            [_] => Ours::No,
            [.., last] => {
                let any = types
                    .iter()
                    .any(|entry| is_ours(self.tree.resolve(entry.value)));
                if any { Ours::Twice(last.key) } else { Ours::No }
            }
        }
    }

    /// Whether it is a creation template whose `AppliedFor` holds
    /// `PULL_THROUGH_CACHE`, or does not say.
    fn may_serve_a_cache(&self) -> bool {
        let tree = self.tree;
        let kind = tree.entry(self.resource.body, "Type");
        if kind.and_then(|kind| tree.literal(kind.value)) != Some(CREATION_TEMPLATE) {
            return false;
        }
        let held = |mapping: NodeId, key: &str| match tree.entry(mapping, key) {
            Some(entry) => Merged::Found(entry.value),
            None => template::merged(tree, mapping, key),
        };
        let applied = match held(self.resource.body, "Properties") {
            Merged::Found(properties) => held(tree.resolve(properties), "AppliedFor"),
            other => other,
        };
        match applied {
            Merged::Absent => false,
            Merged::Unknown => true,
            Merged::Found(list) => {
                let list = tree.resolve(list);
                let is_other = |&item: &NodeId| {
                    let word = tree.literal(tree.resolve(item));
                    word.is_some_and(|word| {
                        word != "PULL_THROUGH_CACHE" && !value::is_placeholder(word)
                    })
                };
                let is_list = !tree.has_custom_tag(list) && tree.entries(list).is_empty();
                !(is_list && tree.literal(list).is_none() && tree.items(list).iter().all(is_other))
            }
        }
    }

    fn no_properties(&mut self) -> Option<Finding> {
        let body = self.resource.body;
        let at = self.resource.logical_id;
        match template::merged(self.tree, body, "Properties") {
            Merged::Absent if self.may_be_filled_in(body, "Properties") => {
                Some(self.unverifiable(at, "a template engine may fill in its Properties"))
            }
            Merged::Absent => Some(self.missing(at, Ok(Repair::AddProperties { body }))),
            Merged::Unknown => {
                Some(self.unverifiable(at, "what it merges (<<) cannot be followed"))
            }
            Merged::Found(value) => {
                let mapping = self.tree.resolve(value);
                if self.tree.has_custom_tag(mapping) || !self.tree.is_mapping(mapping) {
                    return Some(self.unverifiable(at, "its Properties come through a merge key"));
                }
                let mut finding = self.judge_mapping(mapping, at)?;
                finding.at = at;
                if finding.repair.is_ok() {
                    finding.repair = Err(Obstacle::Merged("Properties"));
                }
                Some(finding)
            }
        }
    }

    fn properties(&mut self, properties: Entry) -> Option<Finding> {
        let tree = self.tree;
        let value = tree.resolve(properties.value);
        if Call::of(tree, value).is_some() {
            return self.computed_properties(properties.key, value);
        }
        if tree.has_custom_tag(value) {
            return Some(self.unverifiable(properties.key, "its Properties are computed"));
        }
        if tree.is_masked(value) || (tree.is_null(value) && self.lines_follow(properties.key)) {
            return Some(self.unverifiable(properties.key, "its Properties are a placeholder"));
        }
        let fill = Repair::FillProperties { value };
        match tree.value(value) {
            Value::Mapping { entries: [], .. } => Some(self.missing(properties.key, Ok(fill))),
            Value::Mapping { .. } => self.judge_mapping(value, properties.key),
            _ if tree.is_null(value) => Some(self.missing(properties.key, Ok(fill))),
            Value::Scalar { text, .. } if value::is_placeholder(text) => {
                Some(self.unverifiable(properties.key, "its Properties are a placeholder"))
            }
            _ => Some(self.missing(properties.key, Err(Obstacle::NotAMapping))),
        }
    }

    /// Judges every branch of `Fn::If` in the place of `Properties`. What is
    /// known to break the rule in one breaks it; nothing is repaired there.
    fn computed_properties(&mut self, at: NodeId, value: NodeId) -> Option<Finding> {
        let tree = self.tree;
        let mut unsure = None;
        let mut todo = vec![(value, String::new())];
        let mut looked_at = 0;
        while let Some((node, given)) = todo.pop() {
            looked_at += 1;
            let node = tree.resolve(node);
            let call = Call::of(tree, node);
            let name = call.map(|call| call.name);
            let finding = match (name, call.map(|call| call.arguments(tree))) {
                _ if looked_at > MAX_BRANCHES => {
                    Some(self.unverifiable(at, "its Properties have too many branches"))
                }
                (Some("If"), Some(&[condition, then, otherwise])) => {
                    let condition = brief(tree.literal(condition).unwrap_or("a condition"));
                    todo.push((
                        otherwise,
                        brief(&format!("{given}unless {condition}: ")).into_owned(),
                    ));
                    todo.push((
                        then,
                        brief(&format!("{given}if {condition}: ")).into_owned(),
                    ));
                    continue;
                }
                _ if self.is_no_value(node) => Some(self.missing(at, Err(Obstacle::NotAMapping))),
                (None, _) if tree.is_null(node) => {
                    Some(self.missing(at, Err(Obstacle::NotAMapping)))
                }
                (None, _) if tree.is_mapping(node) && !tree.has_custom_tag(node) => {
                    self.judge_mapping(node, at)
                }
                _ => Some(self.unverifiable(at, "its Properties are computed")),
            };
            match finding {
                None => {}
                Some(finding) if finding.verdict == Verdict::Unverifiable => {
                    unsure.get_or_insert(finding);
                }
                Some(finding) => {
                    let why = "its Properties are computed".to_owned();
                    return Some(Finding {
                        message: format!("{given}{}", finding.message),
                        repair: Err(Obstacle::Computed(why)),
                        ..finding
                    });
                }
            }
        }
        if unsure.is_none() && self.policy.profile == Profile::Strict {
            return Some(self.unverifiable(at, "its Properties are computed"));
        }
        unsure
    }

    /// Judges the mapping of the properties; a mode that is missing is
    /// reported `at`.
    fn judge_mapping(&mut self, mapping: NodeId, at: NodeId) -> Option<Finding> {
        let tree = self.tree;
        let is_computed = template::holds_function(tree, mapping);
        let mut modes = tree.entries_named(mapping, MODE);
        let (mode, second) = (modes.next(), modes.next());
        if let Some(second) = second {
            return Some(self.ambiguous(second.key, MODE));
        }
        let own_filters = tree.entry(mapping, FILTERS);
        if tree.entries_named(mapping, FILTERS).count() > 1 {
            return Some(self.ambiguous(mapping, FILTERS));
        }
        let merged_filters = match own_filters {
            // An explicit key hides a merged one.
            Some(_) => Merged::Absent,
            None => template::merged(tree, mapping, FILTERS),
        };
        // `AWS::NoValue` is as if they were not there.
        let own_filters = own_filters.filter(|own| !self.is_no_value(own.value) || self.keeps());
        let has_own = own_filters.is_some_and(|own| !self.is_no_value(own.value));
        let has_filters = has_own || merged_filters != Merged::Absent;
        self.has_filters |= has_filters;

        let (value, at) = match mode {
            Some(mode) => (Some(mode.value), mode.key),
            None => match template::merged(tree, mapping, MODE) {
                Merged::Found(value) => (Some(value), at),
                Merged::Absent => (None, at),
                Merged::Unknown => {
                    return Some(self.unverifiable(at, "what it merges (<<) cannot be followed"));
                }
            },
        };
        if value.is_none() && is_computed {
            return Some(self.unverifiable(at, "a function stands among its Properties"));
        }
        if value.is_none() && self.may_be_filled_in(mapping, MODE) {
            return Some(self.unverifiable(at, "a template engine may fill in its mode"));
        }
        let value = value.map(|value| tree.resolve(value));
        let filters = match (own_filters, merged_filters) {
            (Some(own), _) => Some(own.value),
            (None, Merged::Found(merged)) => Some(merged),
            _ => None,
        };
        let judged = match (self.judge_value(value, has_filters, filters), mode) {
            (Some(judged), _) => judged,
            (None, Some(mode)) if self.is_conditional(mode.key) => {
                Judged::computed(LEFT_TO_A_BLOCK)
            }
            // What the function brings is not known to leave the mode alone.
            (None, _) if is_computed && self.policy.profile == Profile::Strict => {
                Judged::computed("a function stands among its Properties")
            }
            (None, _) => return None,
        };

        // An explicit mode overrides a merged one, however that is computed.
        let is_overridden = mode.is_none() && judged.is_known_bad;
        let obstacle = judged.obstacle.filter(|_| !is_overridden);
        let obstacle = if obstacle.is_some() {
            obstacle
        } else if is_computed {
            Some(Obstacle::Computed(
                "a function stands among its Properties".to_owned(),
            ))
        } else if has_filters && own_filters.is_none() {
            Some(Obstacle::Merged(FILTERS))
        } else if !judged.literals.is_empty()
            && mode.is_some_and(|mode| self.is_conditional(mode.key))
        {
            // Right words elsewhere do not bring the mode back where it is left out.
            Some(Obstacle::Computed(LEFT_TO_A_BLOCK.to_owned()))
        } else {
            None
        };
        let filters = own_filters;
        let repair = match (obstacle, mode, value) {
            (Some(obstacle), ..) => Err(obstacle),
            (None, Some(_), Some(_)) if !judged.literals.is_empty() => Ok(Repair::RewriteSources {
                literals: judged.literals,
            }),
            (None, Some(_), Some(value)) => Ok(Repair::RewriteMode {
                mapping,
                value,
                filters,
            }),
            _ => Ok(Repair::AddMode { mapping, filters }),
        };
        Some(Finding {
            is_safe: judged.is_safe,
            is_rest_unsure: judged.is_rest_unsure && mode.is_some(),
            sources: judged.sources,
            ..self.finding(judged.verdict, at, judged.message, repair)
        })
    }

    /// Judges the mode's value; None where it complies.
    fn judge_value(
        &mut self,
        value: Option<NodeId>,
        has_filters: bool,
        filters: Option<NodeId>,
    ) -> Option<Judged> {
        let tree = self.tree;
        let (word, what) = match value {
            None => (Word::Nothing, "missing"),
            Some(value) if tree.has_custom_tag(value) || template::is_intrinsic(tree, value) => {
                return self.judge_computed(value, has_filters, filters);
            }
            Some(value) if tree.is_masked(value) => {
                return Some(Judged::computed("its value is a placeholder"));
            }
            Some(value) if tree.is_null(value) => (Word::Nothing, "null"),
            Some(value) => match tree.literal(value) {
                Some("") => (Word::Nothing, "empty"),
                Some(word) if value::is_placeholder(&brief(word)) => {
                    return self.judge_computed(value, has_filters, filters);
                }
                // No mode is too long to be shown whole.
                Some(word) => (Word::Text(brief(word).into_owned()), ""),
                None => (Word::Collection, ""),
            },
        };
        let verdict = self.judge_word(&word, has_filters, filters)?;
        let rejected = "ECR rejects the pair";
        Some(match (verdict, &word) {
            (_, Word::Collection) => Judged {
                obstacle: Some(Obstacle::NotAScalar),
                ..Judged::unsafe_(verdict, format!("{MODE} is not a word"))
            },
            (Verdict::InvalidPair, Word::Nothing) => Judged::unsafe_(
                verdict,
                format!("{MODE} is {what}, yet {FILTERS} is there: {rejected}"),
            ),
            (_, Word::Nothing) => {
                Judged::safe(verdict, format!("{MODE} is {what}, so tags are mutable"))
            }
            (Verdict::InvalidPair, Word::Text(word)) if has_filters => Judged::unsafe_(
                verdict,
                format!("{MODE} is {word}, yet {FILTERS} is there: {rejected}"),
            ),
            (Verdict::InvalidPair, Word::Text(word)) => Judged::unsafe_(
                verdict,
                format!("{MODE} is {word} without {FILTERS}: ECR rejects it"),
            ),
            (Verdict::Mutable, Word::Text(word)) if word == "MUTABLE" => {
                Judged::safe(verdict, format!("{MODE} is {word}"))
            }
            (Verdict::Mutable, Word::Text(word)) => Judged::unsafe_(
                verdict,
                format!("{MODE} is {word}, so only some tags are immutable"),
            ),
            (Verdict::Exclusion, Word::Text(word)) => Judged::unsafe_(
                verdict,
                format!("{MODE} is {word}, so some tags are mutable"),
            ),
            (_, Word::Text(text)) => {
                let message = format!("{MODE} is {text:?}, which ECR does not know");
                if is_cased(&word) && !has_filters {
                    Judged::safe(verdict, message)
                } else {
                    Judged::unsafe_(verdict, message)
                }
            }
        })
    }

    /// What the rule says of one word that the mode is or can be.
    fn judge_word(
        &self,
        word: &Word,
        has_filters: bool,
        filters: Option<NodeId>,
    ) -> Option<Verdict> {
        match word {
            Word::Text(word) => match word.as_str() {
                IMMUTABLE => None,
                IMMUTABLE_WITH_EXCLUSION if !has_filters => Some(Verdict::InvalidPair),
                IMMUTABLE_WITH_EXCLUSION => (self.policy.profile == Profile::Strict
                    && !filters.is_some_and(|filters| self.are_kept(filters)))
                .then_some(Verdict::Exclusion),
                "" | "MUTABLE" if has_filters => Some(Verdict::InvalidPair),
                "" => Some(Verdict::Missing),
                "MUTABLE" | "MUTABLE_WITH_EXCLUSION" => Some(Verdict::Mutable),
                _ => Some(Verdict::Invalid),
            },
            Word::Nothing if has_filters => Some(Verdict::InvalidPair),
            Word::Nothing => Some(Verdict::Missing),
            Word::Collection => Some(Verdict::Invalid),
        }
    }

    /// Whether some tags are to stay mutable.
    fn keeps(&self) -> bool {
        !self.kept().is_empty()
    }

    /// The tags that are to stay mutable in this repository.
    fn kept(&self) -> Vec<&TagPattern> {
        let logical_id = self.tree.literal(self.resource.logical_id);
        self.policy.kept(logical_id.unwrap_or_default())
    }

    /// Whether a node says that it is not there.
    fn is_no_value(&self, node: NodeId) -> bool {
        let call = Call::of(self.tree, self.tree.resolve(node));
        call.is_some_and(|call| call.name == "Ref" && call.word(self.tree) == Some(NO_VALUE))
    }

    /// Whether exclusion filters exclude nothing but tags that are to stay
    /// mutable.
    fn are_kept(&self, filters: NodeId) -> bool {
        let tree = self.tree;
        let items = tree.items(tree.resolve(filters));
        let patterns = self.kept();
        let is_kept = |&item: &NodeId| {
            let item = tree.resolve(item);
            let word = |key: &str| tree.entry(item, key).and_then(|e| tree.literal(e.value));
            word(FILTER_TYPE) == Some(WILDCARD)
                && tree.entries(item).len() == 2
                && word(FILTER_VALUE)
                    .is_some_and(|tag| patterns.iter().any(|pattern| pattern.as_str() == tag))
        };
        !items.is_empty() && items.iter().all(is_kept)
    }

    /// Judges everything that a computed mode can be.
    fn judge_computed(
        &mut self,
        value: NodeId,
        has_filters: bool,
        filters: Option<NodeId>,
    ) -> Option<Judged> {
        let tree = self.tree;
        let (_, sections) = self.scopes.around(value)?;
        let context = Context {
            tree,
            sections,
            loops: &template::loops(tree, self.resource.logical_id),
        };
        let (values, reads) = value::values(context, value, self.budget);
        self.reads.extend(reads);
        let judge = |known: &Known| {
            // The filters may be computed, too: whether a mode goes with them
            // is known of none but the one that needs them.
            let needs_filters = matches!(&known.word, Word::Text(word)
                if word.as_str() == IMMUTABLE_WITH_EXCLUSION);
            self.judge_word(&known.word, has_filters && needs_filters, filters)
        };

        // What aliases name more than once is one source, and is no guess where it
        // is reached in another way, too.
        let source = |known: &Known| (known.at, known.home);
        let sure = values.known.iter().filter(|known| !known.is_guess);
        let sure: BTreeSet<_> = sure.map(source).collect();
        let mut seen = BTreeSet::new();
        let mut bad: Vec<(Verdict, Known)> = Vec::new();
        let mut unsure: Vec<Source> = Vec::new();
        for known in values.known {
            match judge(&known) {
                None => {}
                Some(_) if known.is_guess && sure.contains(&source(&known)) => {}
                Some(_) if !seen.insert(source(&known)) => {}
                // What a computed key reaches may be there for something else.
                Some(Verdict::Invalid) if known.is_guess && !is_cased(&known.word) => {
                    unsure.push(known.into());
                }
                Some(verdict) => bad.push((verdict, known)),
            }
        }
        for unknown in values.unknown {
            let verdicts: Vec<Option<Verdict>> = unknown.among.iter().map(judge).collect();
            let is_open = verdicts.is_empty()
                || verdicts.iter().any(Option::is_none) && verdicts.iter().any(Option::is_some);
            if is_open {
                let (at, how) = (unknown.at, unknown.why);
                unsure.push(Source { at, how });
            } else {
                let judged = verdicts.into_iter().zip(unknown.among);
                bad.extend(judged.filter_map(|(verdict, known)| Some((verdict?, known))));
            }
        }
        let Some((verdict, first)) = bad.first() else {
            let is_strict = self.policy.profile == Profile::Strict;
            return if !unsure.is_empty() {
                Some(Judged::unsure(unsure))
            } else if is_strict {
                Some(Judged::computed("its value is computed"))
            } else {
                None
            };
        };
        let can_be = match (&first.word, verdict) {
            (Word::Nothing, _) => "missing",
            (Word::Text(word), _) if word.is_empty() => "empty",
            (Word::Text(word), _) => word,
            (Word::Collection, _) => "a list or a mapping",
        };
        let message = match verdict {
            Verdict::InvalidPair => format!("{MODE} can be {can_be} without {FILTERS}"),
            _ => format!("{MODE} can be {can_be}"),
        };
        let is_strict = self.policy.profile == Profile::Strict;
        let literals = if is_strict || has_filters || self.keeps() {
            // A computed value stays one, and is no literal; the word and the
            // filters would have to change together.
            Err(Obstacle::Computed(message.clone()))
        } else {
            bad.iter()
                .map(|(_, known)| self.literal_of(known))
                .collect()
        };
        let mut judged = Judged::unsafe_(*verdict, message);
        judged.is_known_bad = true;
        judged.is_rest_unsure = !unsure.is_empty();
        judged.sources = bad.into_iter().map(|(_, known)| known.into()).collect();
        match literals {
            Ok(literals) => judged.literals = literals,
            Err(obstacle) => judged.obstacle = Some(obstacle),
        }
        Some(judged)
    }

    /// The literal to rewrite so that a word no longer comes out.
    fn literal_of(&self, known: &Known) -> Result<(NodeId, Home), Obstacle> {
        let tree = self.tree;
        match known.home {
            Home::Nowhere => Err(Obstacle::Computed(known.how.clone())),
            Home::Parameter(parameter) => match value::objection(tree, parameter, IMMUTABLE) {
                Some(at) => Err(Obstacle::NotAllowed {
                    parameter: brief(tree.literal(parameter.key).unwrap_or_default()).into_owned(),
                    at,
                }),
                None => Ok((known.at, known.home)),
            },
            Home::Here | Home::Mapping(_) => Ok((known.at, known.home)),
        }
    }

    /// Whether a template engine may leave a node out and keep the resource.
    fn is_conditional(&self, node: NodeId) -> bool {
        let branch = |node| self.tree.markup().branch(self.tree.span(node).start);
        branch(node) != branch(self.resource.logical_id)
    }

    /// Whether a mapping has a key that holds a word beside what a template
    /// engine fills in: `{{if .A}}ImageTagMutability: …`.
    fn may_be_filled_in(&self, mapping: NodeId, word: &str) -> bool {
        let mut entries = self.tree.entries(mapping).iter();
        entries.any(|entry| {
            let key = self.tree.value(entry.key).word();
            self.tree.is_masked(entry.key) && key.is_some_and(|key| key.contains(word))
        })
    }

    /// Whether a template engine may put lines below a key for which nothing
    /// else is written.
    fn lines_follow(&self, key: NodeId) -> bool {
        let end = self.tree.span(key).end;
        self.tree
            .markup()
            .lines_behind(self.tree.text(), end)
            .is_some()
    }

    fn missing(&self, at: NodeId, repair: Result<Repair, Obstacle>) -> Finding {
        let message = format!("{MODE} is missing, so tags are mutable");
        self.finding(Verdict::Missing, at, message, repair)
    }

    fn ambiguous(&self, at: NodeId, key: &'static str) -> Finding {
        let message = format!("{key} stands twice, and readers differ in which one counts");
        let repair = Err(Obstacle::DuplicateKey(key));
        self.finding(Verdict::Ambiguous, at, message, repair)
    }

    fn unverifiable(&self, at: NodeId, why: &str) -> Finding {
        let message = format!("{UNSURE}: {why}");
        let repair = Err(Obstacle::Computed(why.to_owned()));
        self.finding(Verdict::Unverifiable, at, message, repair)
    }

    fn finding(
        &self,
        verdict: Verdict,
        at: NodeId,
        message: String,
        repair: Result<Repair, Obstacle>,
    ) -> Finding {
        let logical_id = self.tree.literal(self.resource.logical_id);
        Finding {
            verdict,
            resource: self.resource,
            logical_id: logical_id.unwrap_or("(computed)").to_owned(),
            at,
            message,
            sources: Vec::new(),
            is_safe: true,
            is_rest_unsure: false,
            repair,
        }
    }
}

/// The pseudo parameter that stands for nothing at all.
///
/// Source: AWS CloudFormation User Guide, "Pseudo parameters reference".
const NO_VALUE: &str = "AWS::NoValue";

const LEFT_TO_A_BLOCK: &str = "a block of the template engine decides whether it is there";

const UNSURE: &str = "cannot tell whether tags are immutable";

/// Whether it is the one plain mode or the other, but for upper and lower case.
fn is_cased(word: &Word) -> bool {
    let modes = ["MUTABLE", IMMUTABLE];
    matches!(word, Word::Text(word) if modes.iter().any(|mode| word.eq_ignore_ascii_case(mode)))
}

impl From<Known> for Source {
    fn from(known: Known) -> Self {
        Self {
            at: known.at,
            how: known.how,
        }
    }
}

/// The judgement of a mode's value.
struct Judged {
    verdict: Verdict,
    message: String,
    sources: Vec<Source>,
    /// The literals to rewrite, where the value is computed.
    literals: Vec<(NodeId, Home)>,
    is_safe: bool,
    is_rest_unsure: bool,
    /// Whether it is computed, and some of what it can be is known to be bad.
    is_known_bad: bool,
    obstacle: Option<Obstacle>,
}

impl Judged {
    fn safe(verdict: Verdict, message: String) -> Self {
        Self {
            verdict,
            message,
            sources: Vec::new(),
            literals: Vec::new(),
            is_safe: true,
            is_rest_unsure: false,
            is_known_bad: false,
            obstacle: None,
        }
    }

    fn unsafe_(verdict: Verdict, message: String) -> Self {
        Self {
            is_safe: false,
            ..Self::safe(verdict, message)
        }
    }

    fn computed(why: &str) -> Self {
        Self {
            obstacle: Some(Obstacle::Computed(why.to_owned())),
            ..Self::unsafe_(Verdict::Unverifiable, format!("{UNSURE}: {why}"))
        }
    }

    fn unsure(sources: Vec<Source>) -> Self {
        let why = "its value is computed".to_owned();
        Self {
            sources,
            obstacle: Some(Obstacle::Computed(why)),
            ..Self::unsafe_(Verdict::Unverifiable, UNSURE.to_owned())
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKey(key) => {
                write!(f, "{key} stands twice; remove the one that is not meant")
            }
            Self::Computed(_) => write!(
                f,
                "what is computed is not replaced; write {MODE}: {IMMUTABLE} by hand"
            ),
            Self::Merged(what) => write!(
                f,
                "{what} comes through a merge key (<<); change it where it is anchored"
            ),
            Self::NotAMapping => f.write_str("Properties is not a mapping; make it one"),
            Self::NotAScalar => {
                write!(
                    f,
                    "{MODE} is a list or a mapping; write {IMMUTABLE} by hand"
                )
            }
            Self::NotAllowed { parameter, .. } => {
                write!(f, "parameter {parameter} does not allow {IMMUTABLE}, or may not")
            }
            Self::PullThroughCache => f.write_str(
                "AppliedFor may hold PULL_THROUGH_CACHE, whose tags move with those upstream; leave it mutable",
            ),
        }
    }
}
