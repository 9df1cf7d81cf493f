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

use std::fmt;

use crate::source::REPOSITORY;
use crate::syntax::{Entry, NodeId, Tree, Value};
use crate::template::{self, Merged, Resource};

/// The property that the rule is about.
pub const MODE: &str = "ImageTagMutability";
/// The property that must stand beside the `*_WITH_EXCLUSION` modes, and may
/// not stand beside the others.
pub const FILTERS: &str = "ImageTagMutabilityExclusionFilters";
/// The mode that the rule asks for.
pub const IMMUTABLE: &str = "IMMUTABLE";

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
}

/// What there is to repair. Nodes are those of the text: where the template
/// says `*alias`, the anchored node is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Whether the repair is a matter of course, or the user's decision.
    pub is_safe: bool,
    /// What there is to do, or why nothing can be done.
    pub repair: Result<Repair, Obstacle>,
}

/// A text within the template that holds a template of its own. It is not
/// looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The scalar.
    pub at: NodeId,
}

/// Every finding of a tree, in the order of the text.
#[must_use]
pub fn findings(tree: &Tree<'_>, resources: &[Resource], profile: Profile) -> Vec<Finding> {
    resources
        .iter()
        .filter_map(|&resource| {
            Judge {
                tree,
                resource,
                profile,
            }
            .verdict()
        })
        .collect()
}

/// How many of the resources are repositories of images by their literal
/// `Type`.
#[must_use]
pub fn repositories(tree: &Tree<'_>, resources: &[Resource]) -> usize {
    resources
        .iter()
        .filter(|resource| is_repository(tree, resource.body))
        .count()
}

/// Whether a resource's mapping says literally that it is a repository.
#[must_use]
pub fn is_repository(tree: &Tree<'_>, body: NodeId) -> bool {
    tree.entries_named(body, "Type")
        .any(|entry| tree.literal(entry.value) == Some(REPOSITORY))
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

struct Judge<'t, 'a> {
    tree: &'t Tree<'a>,
    resource: Resource,
    profile: Profile,
}

impl Judge<'_, '_> {
    fn verdict(&self) -> Option<Finding> {
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
        match first {
            Some(properties) => self.properties(properties),
            None => self.no_properties(),
        }
    }

    fn ours(&self) -> Ours {
        let body = self.resource.body;
        let types: Vec<Entry> = self.tree.entries_named(body, "Type").collect();
        let is_ours = |node: NodeId| self.tree.literal(node) == Some(REPOSITORY);
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
                if any {
                    Ours::Twice(last.key)
                } else {
                    Ours::No
                }
            }
        }
    }

    fn no_properties(&self) -> Option<Finding> {
        let body = self.resource.body;
        let at = self.resource.logical_id;
        match template::merged(self.tree, body, "Properties") {
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

    fn properties(&self, properties: Entry) -> Option<Finding> {
        let tree = self.tree;
        let value = tree.resolve(properties.value);
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
            Value::Scalar { text, .. } if is_placeholder(text) => {
                Some(self.unverifiable(properties.key, "its Properties are a placeholder"))
            }
            _ => Some(self.missing(properties.key, Err(Obstacle::NotAMapping))),
        }
    }

    /// Judges the mapping of the properties; a mode that is missing is
    /// reported `at`.
    fn judge_mapping(&self, mapping: NodeId, at: NodeId) -> Option<Finding> {
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
            Some(_) => Merged::Absent,
            None => template::merged(tree, mapping, FILTERS),
        };
        let has_filters = own_filters.is_some() || merged_filters != Merged::Absent;

        let (value, at) = match mode {
            Some(mode) => (Some(mode.value), mode.key),
            None => match template::merged(tree, mapping, MODE) {
                Merged::Found(value) => (Some(value), at),
                Merged::Absent => (None, at),
                Merged::Unknown => {
                    return Some(self.unverifiable(at, "what it merges (<<) cannot be followed"))
                }
            },
        };
        if value.is_none() && is_computed {
            return Some(self.unverifiable(at, "a function stands among its Properties"));
        }
        let value = value.map(|value| tree.resolve(value));
        let judged = match (self.judge_value(value, has_filters), mode) {
            (Some(judged), _) => judged,
            (None, Some(mode)) if self.is_conditional(mode.key) => {
                Judged::computed("a block of the template engine decides whether it is there")
            }
            (None, _) => return None,
        };

        let obstacle = if let Some(obstacle) = judged.obstacle {
            Some(obstacle)
        } else if is_computed {
            Some(Obstacle::Computed(
                "a function stands among its Properties".to_owned(),
            ))
        } else if has_filters && own_filters.is_none() {
            Some(Obstacle::Merged(FILTERS))
        } else {
            None
        };
        let filters = own_filters;
        let repair = match (obstacle, mode, value) {
            (Some(obstacle), ..) => Err(obstacle),
            (None, Some(_), Some(value)) => Ok(Repair::RewriteMode {
                mapping,
                value,
                filters,
            }),
            _ => Ok(Repair::AddMode { mapping, filters }),
        };
        Some(Finding {
            is_safe: judged.is_safe,
            ..self.finding(judged.verdict, at, judged.message, repair)
        })
    }

    /// Judges the mode's value; None where it complies.
    fn judge_value(&self, value: Option<NodeId>, has_filters: bool) -> Option<Judged> {
        let tree = self.tree;
        let missing = |message: &str| {
            if has_filters {
                Judged::unsafe_(
                    Verdict::InvalidPair,
                    format!("{message}, yet {FILTERS} is there: ECR rejects the pair"),
                )
            } else {
                Judged::safe(Verdict::Missing, format!("{message}, so tags are mutable"))
            }
        };
        let Some(value) = value else {
            return Some(missing(&format!("{MODE} is missing")));
        };
        if tree.has_custom_tag(value) || template::is_intrinsic(tree, value) {
            return Some(Judged::computed("its value is computed"));
        }
        if tree.is_masked(value) {
            return Some(Judged::computed("its value is a placeholder"));
        }
        if tree.is_null(value) {
            return Some(missing(&format!("{MODE} is null")));
        }
        let Some(word) = tree.literal(value) else {
            let message = format!("{MODE} is not a word");
            return Some(Judged {
                obstacle: Some(Obstacle::NotAScalar),
                ..Judged::unsafe_(Verdict::Invalid, message)
            });
        };
        match word {
            "" => Some(missing(&format!("{MODE} is empty"))),
            IMMUTABLE => None,
            "MUTABLE" if !has_filters => {
                Some(Judged::safe(Verdict::Mutable, format!("{MODE} is MUTABLE")))
            }
            "MUTABLE" => Some(Judged::unsafe_(
                Verdict::InvalidPair,
                format!("{MODE} is MUTABLE, yet {FILTERS} is there: ECR rejects the pair"),
            )),
            "MUTABLE_WITH_EXCLUSION" => Some(Judged::unsafe_(
                Verdict::Mutable,
                format!("{MODE} is MUTABLE_WITH_EXCLUSION, so only some tags are immutable"),
            )),
            "IMMUTABLE_WITH_EXCLUSION" if !has_filters => Some(Judged::unsafe_(
                Verdict::InvalidPair,
                format!("{MODE} is IMMUTABLE_WITH_EXCLUSION without {FILTERS}: ECR rejects it"),
            )),
            "IMMUTABLE_WITH_EXCLUSION" if self.profile == Profile::Strict => Some(Judged::unsafe_(
                Verdict::Exclusion,
                format!("{MODE} is IMMUTABLE_WITH_EXCLUSION, so some tags are mutable"),
            )),
            "IMMUTABLE_WITH_EXCLUSION" => None,
            _ if is_placeholder(word) => Some(Judged::computed("its value is a placeholder")),
            _ => {
                let cased = ["MUTABLE", IMMUTABLE]
                    .iter()
                    .any(|known| word.eq_ignore_ascii_case(known));
                let message = format!("{MODE} is {word:?}, which ECR does not know");
                Some(if cased && !has_filters {
                    Judged::safe(Verdict::Invalid, message)
                } else {
                    Judged::unsafe_(Verdict::Invalid, message)
                })
            }
        }
    }

    /// Whether a template engine may leave a node out and keep the resource.
    fn is_conditional(&self, node: NodeId) -> bool {
        let branch = |node| self.tree.marks().branch(self.tree.span(node).start);
        branch(node) != branch(self.resource.logical_id)
    }

    /// Whether a template engine may put lines below a key for which nothing
    /// else is written.
    fn lines_follow(&self, key: NodeId) -> bool {
        let end = self.tree.span(key).end;
        self.tree
            .marks()
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
        let message = format!("cannot tell whether tags are immutable: {why}");
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
            is_safe: true,
            repair,
        }
    }
}

/// The judgement of a mode's value.
struct Judged {
    verdict: Verdict,
    message: String,
    is_safe: bool,
    obstacle: Option<Obstacle>,
}

impl Judged {
    fn safe(verdict: Verdict, message: String) -> Self {
        Self {
            verdict,
            message,
            is_safe: true,
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
        let message = format!("cannot tell whether tags are immutable: {why}");
        Self {
            obstacle: Some(Obstacle::Computed(why.to_owned())),
            ..Self::unsafe_(Verdict::Unverifiable, message)
        }
    }
}

/// Whether a word is filled in by something that runs before CloudFormation
/// does, or by it: `${…}`, `{{resolve:…}}`, `{{ value }}`.
fn is_placeholder(word: &str) -> bool {
    word.contains(['$', '{', '}'])
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
        }
    }
}
