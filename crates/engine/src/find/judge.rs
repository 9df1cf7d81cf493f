//! The judgement of one resource.
//!
//! This module owns what is asked of a resource, and in which order. It works on the tree
//! alone, the same for YAML and JSON, and knows nothing of edits.

use std::collections::BTreeSet;

use super::breach::{Breach, Obstacle, Repair, Source, Verdict};
use super::policy::{Policy, Profile, TagPattern};
use crate::rule::{
    FILTER_TYPE, FILTER_VALUE, FILTERS, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABILITY, MUTABLE,
    MutabilityValue, WILDCARD,
};
use crate::syntax::{Entry, NodeId, Tree, Value};
use crate::template::value::{self, Budget, Context, Home, Known, Word};
use crate::template::{self, Call, Merged, Resource, Scopes};
use crate::text::excerpt::brief;

/// The resource's literal `Type` is ours, once.
enum Ours {
    Yes,
    No,
    Twice(NodeId),
    Unsure(NodeId, &'static str),
}

pub(super) struct Judge<'e, 't, 'a> {
    pub(super) tree: &'t Tree<'a>,
    pub(super) scopes: &'e Scopes<'t>,
    pub(super) resource: Resource,
    pub(super) policy: &'e Policy,
    pub(super) budget: &'e mut Budget,
    /// See [`Tree::with_unsure_keys`].
    pub(super) unsure: &'e BTreeSet<NodeId>,
    /// What reads a parameter or a mapping for the mode.
    pub(super) reads: Vec<NodeId>,
    /// Whether exclusion filters stand beside the mode.
    pub(super) has_filters: bool,
}

/// How many branches of `Properties` are looked at.
const MAX_BRANCHES: usize = 64;

impl Judge<'_, '_, '_> {
    /// Returns what is wrong with the resource; None where it complies, or is none of ours.
    pub(super) fn verdict(&mut self) -> Option<Breach> {
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
        if let Ok(repair) = &finding.repair
            && self.stands_beside_an_unsure_key(repair)
        {
            finding.repair = Err(Obstacle::UnsureKey);
        }
        Some(finding)
    }

    /// Whether a repair changes a mapping with a key that readers take in different ways, or
    /// the resource that says so has one.
    fn stands_beside_an_unsure_key(&self, repair: &Repair) -> bool {
        if self.unsure.is_empty() {
            return false;
        }
        let tree = self.tree;
        let properties = tree.entries_named(self.resource.body, "Properties");
        let mut mappings: Vec<NodeId> = properties.map(|own| tree.resolve(own.value)).collect();
        mappings.push(self.resource.body);
        match repair {
            Repair::AddMutability { mapping, .. } | Repair::RewriteMutability { mapping, .. } => {
                mappings.push(*mapping);
            }
            Repair::RewriteSources { literals } => {
                mappings.extend(literals.iter().filter_map(|&(at, _)| tree.parent(at)));
            }
            Repair::AddProperties { .. } | Repair::FillProperties { .. } => {}
        }
        mappings.iter().any(|mapping| self.unsure.contains(mapping))
    }

    fn ours(&self) -> Ours {
        let body = self.resource.body;
        let types: Vec<Entry> = self.tree.entries_named(body, "Type").collect();
        let is_ours = |node: NodeId| self.policy.covers_type(self.tree, node).is_some();
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

    /// Whether its tags move with those upstream, or may: a creation template whose
    /// `AppliedFor` holds `PULL_THROUGH_CACHE`, or does not say.
    fn may_serve_a_cache(&self) -> bool {
        let tree = self.tree;
        let declared = tree.entry(self.resource.body, "Type");
        let covered = declared.and_then(|entry| self.policy.covers_type(tree, entry.value));
        let Some((list, upstream)) = covered.and_then(|covered| covered.moves_upstream) else {
            return false;
        };
        let held = |mapping: NodeId, key: &str| match tree.entry(mapping, key) {
            Some(entry) => Merged::Found(entry.value),
            None => template::merged(tree, mapping, key),
        };
        let applied = match held(self.resource.body, "Properties") {
            Merged::Found(properties) => held(tree.resolve(properties), list),
            other => other,
        };
        match applied {
            Merged::Absent => false,
            Merged::Unknown => true,
            Merged::Found(list) => {
                let list = tree.resolve(list);
                let is_other = |&item: &NodeId| {
                    let word = tree.literal(tree.resolve(item));
                    word.is_some_and(|word| word != upstream && !value::is_placeholder(word))
                };
                let is_list = !tree.has_custom_tag(list) && tree.entries(list).is_empty();
                !(is_list && tree.literal(list).is_none() && tree.items(list).iter().all(is_other))
            }
        }
    }

    fn no_properties(&mut self) -> Option<Breach> {
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

    fn properties(&mut self, properties: Entry) -> Option<Breach> {
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
    fn computed_properties(&mut self, at: NodeId, value: NodeId) -> Option<Breach> {
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
                    return Some(Breach {
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
    fn judge_mapping(&mut self, mapping: NodeId, at: NodeId) -> Option<Breach> {
        let tree = self.tree;
        let is_computed = template::holds_function(tree, mapping);
        let mut modes = tree.entries_named(mapping, MUTABILITY);
        let (mode, second) = (modes.next(), modes.next());
        if let Some(second) = second {
            return Some(self.ambiguous(second.key, MUTABILITY));
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
            None => match template::merged(tree, mapping, MUTABILITY) {
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
        if value.is_none() && self.may_be_filled_in(mapping, MUTABILITY) {
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
        } else if has_filters && own_filters.is_none() || self.uncovers(mapping, own_filters) {
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
            (None, Some(_), Some(value)) => Ok(Repair::RewriteMutability {
                mapping,
                value,
                filters,
            }),
            _ => Ok(Repair::AddMutability { mapping, filters }),
        };
        Some(Breach {
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
                ..Judged::unsafe_(verdict, format!("{MUTABILITY} is not a word"))
            },
            (Verdict::InvalidPair, Word::Nothing) => Judged::unsafe_(
                verdict,
                format!("{MUTABILITY} is {what}, yet {FILTERS} is there: {rejected}"),
            ),
            (_, Word::Nothing) => Judged::safe(
                verdict,
                format!("{MUTABILITY} is {what}, so tags are mutable"),
            ),
            (Verdict::InvalidPair, Word::Text(word)) if has_filters => Judged::unsafe_(
                verdict,
                format!("{MUTABILITY} is {word}, yet {FILTERS} is there: {rejected}"),
            ),
            (Verdict::InvalidPair, Word::Text(word)) => Judged::unsafe_(
                verdict,
                format!("{MUTABILITY} is {word} without {FILTERS}: ECR rejects it"),
            ),
            (Verdict::Mutable, Word::Text(word)) if word == MUTABLE => {
                Judged::safe(verdict, format!("{MUTABILITY} is {word}"))
            }
            (Verdict::Mutable, Word::Text(word)) => Judged::unsafe_(
                verdict,
                format!("{MUTABILITY} is {word}, so only some tags are immutable"),
            ),
            (Verdict::Exclusion, Word::Text(word)) => Judged::unsafe_(
                verdict,
                format!("{MUTABILITY} is {word}, so some tags are mutable"),
            ),
            (_, Word::Text(text)) => {
                let message = format!("{MUTABILITY} is {text:?}, which ECR does not know");
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
            Word::Text(word) if word.is_empty() => {
                self.judge_word(&Word::Nothing, has_filters, filters)
            }
            Word::Text(word) => match MutabilityValue::named(word) {
                None => Some(Verdict::Invalid),
                Some(value) if value.takes_filters && !has_filters && value.is_immutable => {
                    Some(Verdict::InvalidPair)
                }
                Some(value) if !value.takes_filters && has_filters && !value.is_immutable => {
                    Some(Verdict::InvalidPair)
                }
                Some(value) if !value.is_immutable => Some(Verdict::Mutable),
                Some(value) if !value.takes_filters => None,
                Some(_) => (self.policy.profile == Profile::Strict
                    && !filters.is_some_and(|filters| self.are_kept(filters)))
                .then_some(Verdict::Exclusion),
            },
            Word::Nothing if has_filters => Some(Verdict::InvalidPair),
            Word::Nothing => Some(Verdict::Missing),
            Word::Collection => Some(Verdict::Invalid),
        }
    }

    /// Whether merged exclusion filters would count if the own ones went.
    fn uncovers(&self, mapping: NodeId, own_filters: Option<Entry>) -> bool {
        own_filters.is_some() && template::merged(self.tree, mapping, FILTERS) != Merged::Absent
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
            Verdict::InvalidPair => format!("{MUTABILITY} can be {can_be} without {FILTERS}"),
            _ => format!("{MUTABILITY} can be {can_be}"),
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

    fn missing(&self, at: NodeId, repair: Result<Repair, Obstacle>) -> Breach {
        let message = format!("{MUTABILITY} is missing, so tags are mutable");
        self.finding(Verdict::Missing, at, message, repair)
    }

    fn ambiguous(&self, at: NodeId, key: &'static str) -> Breach {
        let message = format!("{key} stands twice, and readers differ in which one counts");
        let repair = Err(Obstacle::DuplicateKey(key));
        self.finding(Verdict::Ambiguous, at, message, repair)
    }

    fn unverifiable(&self, at: NodeId, why: &str) -> Breach {
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
    ) -> Breach {
        let logical_id = self.tree.literal(self.resource.logical_id);
        Breach {
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
    let modes = [MUTABLE, IMMUTABLE];
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
