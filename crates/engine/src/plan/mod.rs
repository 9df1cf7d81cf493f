//! From a finding to a fix or a refusal.
//!
//! This module owns the decision of *what to write where*: the insertion
//! point, the indentation, the quotes, the commas. It does no I/O and makes
//! no edit; what it plans is proven by [`crate::verify`], which does not know
//! how the plan was made.
//!
//! What a block mapping of YAML needs stands in `block`, what a mapping in
//! braces needs, be it JSON or YAML, in `flow`; how new entries are written
//! in either, in `text`; what the marks of a template engine ask for, in
//! `marks`.

mod block;
mod flow;
mod layout;
mod marks;
mod text;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use self::text::{is_string, quoted};
use crate::find::{
    FILTER_TYPE, FILTER_VALUE, FILTERS, Finding, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MAX_FILTERS,
    MODE, MOST_TAGS, Obstacle, Policy, Repair, TagPattern, WILDCARD,
};
use crate::syntax::change::{self, Change, Changes, New};
use crate::syntax::{CollectionStyle, Entry, Format, NodeId, ScalarStyle, Tree, Value};
use crate::template::value::Home;
use crate::template::{Call, Readers, Resource, Template};
use crate::text::edit::Edit;
use crate::text::span::{Line, LineIndex, Span};

pub use self::layout::Layout;

/// How sure a fix is to be wanted. Ordered: a user who allows the less sure
/// allows the surer too, so a filter is `<=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The fix is what anybody would write.
    Safe,
    /// The fix takes a decision that is the user's: made with
    /// `--unsafe-fixes` only.
    Unsafe,
}

impl Applicability {
    /// Its name, which stays the same between releases.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// What repairs one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// How sure it is to be wanted.
    pub applicability: Applicability,
    /// The bytes to change.
    pub edits: Vec<Edit>,
    /// What that means for the document.
    pub changes: Changes,
}

/// Why a finding is not repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The template does not decide, or contradicts itself.
    Obstacle(Obstacle),
    /// The bytes to change lie in an anchored node, and an alias (or the
    /// anchor) stands where the change is not wanted.
    Shared {
        /// Where it stands, in bytes.
        at: usize,
    },
    /// The declaration of the parameter whose default would change does not
    /// let it be the right word, or may not.
    NotAllowed {
        /// The name of the parameter.
        parameter: String,
        /// Where the declaration says so, in bytes.
        at: usize,
    },
    /// The literal that the mode is computed from feeds something else, too.
    OtherUser {
        /// Where that reads it, in bytes.
        at: usize,
    },
    /// The word stands in a block scalar that would not become the word
    /// alone.
    BlockScalar,
    /// More tags are to stay mutable than ECR has filters for.
    TooManyTags {
        /// How many.
        count: usize,
    },
    /// Which tags move in the repository was asked, and nobody knows.
    UnknownPushes {
        /// Why, if there is more to say than that.
        why: Option<String>,
    },
    /// The text is laid out in a way that leaves no sure place to write.
    Layout(Layout),
}

impl Refusal {
    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Obstacle(Obstacle::DuplicateKey(_)) => "duplicate-key",
            Self::Obstacle(Obstacle::Computed(_)) => "computed",
            Self::Obstacle(Obstacle::Merged(_)) => "merged",
            Self::Obstacle(Obstacle::NotAMapping) => "not-a-mapping",
            Self::Obstacle(Obstacle::NotAScalar) => "not-a-scalar",
            Self::Obstacle(Obstacle::NotAllowed { .. }) | Self::NotAllowed { .. } => "not-allowed",
            Self::Obstacle(Obstacle::PullThroughCache) => "pull-through-cache",
            Self::OtherUser { .. } => "other-user",
            Self::Shared { .. } => "shared",
            Self::BlockScalar => "block-scalar",
            Self::TooManyTags { .. } => "too-many-tags",
            Self::UnknownPushes { .. } => "unknown-pushes",
            Self::Layout(_) => "layout",
        }
    }

    /// The reason and the remedy, for people.
    #[must_use]
    pub fn explain(&self, lines: &LineIndex<'_>) -> String {
        match self {
            Self::Obstacle(obstacle) => obstacle.to_string(),
            Self::Shared { at } => format!(
                "the node is shared through an anchor (line {}); write {MODE}: {IMMUTABLE} by hand",
                lines.position(*at).line
            ),
            Self::NotAllowed { parameter, at } => format!(
                "line {} does not let parameter {parameter} be {IMMUTABLE}, or may not; let it first",
                lines.position(*at).line
            ),
            Self::OtherUser { at } => format!(
                "what it is computed from is also read on line {}; write {MODE}: {IMMUTABLE} by hand",
                lines.position(*at).line
            ),
            Self::BlockScalar => {
                format!("the value is a block scalar; write {MODE}: {IMMUTABLE} by hand")
            }
            Self::TooManyTags { count } if *count > MOST_TAGS => format!(
                "more than {MOST_TAGS} tags are moved here, and ECR takes {MAX_FILTERS} filters; cover \
                 several with a pattern, as --keep-mutable 'dev-*'"
            ),
            Self::TooManyTags { count } => format!(
                "{count} tags are moved here, and ECR takes {MAX_FILTERS} filters; cover several with a pattern, \
                 as --keep-mutable 'dev-*'"
            ),
            Self::UnknownPushes { why } => format!(
                "{}, so that --keep-moving-tags cannot tell which tags move; name them with \
                 --keep-mutable, without --keep-moving-tags",
                why.as_deref()
                    .unwrap_or("what pushes to it could not be looked for")
            ),
            Self::Layout(layout) => {
                let why = layout.reason();
                format!("{why}; write {MODE}: {IMMUTABLE} by hand")
            }
        }
    }
}

impl fmt::Display for Applicability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        })
    }
}

/// Plans the fixes of one tree.
pub struct Planner<'t, 'a> {
    tree: &'t Tree<'a>,
    lines: &'t LineIndex<'a>,
    template: &'t Template<'t>,
    policy: &'t Policy,
    /// The tags that stay mutable in the repository that is being planned for.
    keeping: RefCell<Vec<&'t TagPattern>>,
    /// Whether the same tags stay mutable in all repositories, so that they can
    /// share what they say of it.
    keeps_alike: bool,
    /// What reads a parameter or a mapping for a mode.
    reads: BTreeSet<NodeId>,
    /// All that reads one; asked for by few templates.
    readers: OnceCell<Readers<'t>>,
    /// What is known of the users of a literal.
    known_users: RefCell<BTreeMap<Home, Result<(), Refusal>>>,
    /// The nodes that aliases stand for, each with a user that is something
    /// else to a repository than the others, or is none of one, if there is.
    shared: BTreeMap<NodeId, Option<NodeId>>,
    /// Where lines end for some readers of YAML and not for others.
    unsure_line: Option<usize>,
    /// The resource whose own text a body is.
    owners: BTreeMap<NodeId, Resource>,
    /// The logical IDs of resources that a template engine may give more than
    /// stands with them.
    with_tails: BTreeSet<NodeId>,
    /// Columns from `Properties` to its children, as the file has it.
    step: Option<usize>,
}

/// What a node is to a repository, so that nodes which share their text
/// through an anchor can be told to want the same change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Body,
    Properties,
    Mode,
}

/// The words that a fix writes, dressed as those around them.
#[derive(Clone, Copy)]
struct Dress {
    key: ScalarStyle,
    value: ScalarStyle,
}

impl<'t, 'a> Planner<'t, 'a> {
    /// Prepares for a template, in time linear in its size.
    ///
    /// The resources whose logical ID is among `left_alone` are nothing that
    /// a change could be wanted for, so that what they share with others, or
    /// read, is not changed for the others' sake either. `reads` are those
    /// that [`find::verdicts`](crate::find::verdicts) gives.
    #[must_use]
    pub fn new(
        tree: &'t Tree<'a>,
        lines: &'t LineIndex<'a>,
        template: &'t Template<'t>,
        reads: &[(NodeId, NodeId)],
        left_alone: &BTreeSet<NodeId>,
        policy: &'t Policy,
    ) -> Self {
        let (mut roles, mut owners) = (BTreeMap::new(), BTreeMap::new());
        for &resource in &template.resources {
            let is_left_alone = left_alone.contains(&resource.logical_id);
            if is_left_alone || !policy.covers(tree, resource.body) {
                continue;
            }
            if resource.value == resource.body {
                owners.insert(resource.body, resource);
            }
            roles.insert(resource.value, Role::Body);
            for properties in tree.entries_named(resource.body, "Properties") {
                roles.insert(properties.value, Role::Properties);
                let mapping = tree.resolve(properties.value);
                for mode in tree.entries_named(mapping, MODE) {
                    roles.insert(mode.value, Role::Mode);
                }
                // What is merged into properties is properties.
                for merge in tree.entries_named(mapping, "<<") {
                    let all = std::iter::once(&merge.value).chain(tree.items(merge.value));
                    roles.extend(all.map(|&merged| (merged, Role::Properties)));
                }
            }
        }
        let mut shared = BTreeMap::new();
        for &alias in tree.aliases() {
            let anchored = tree.resolve(alias);
            let role = roles.get(&anchored);
            let other = shared.entry(anchored).or_insert_with(|| {
                let is_other = role.is_none();
                is_other.then_some(anchored)
            });
            if other.is_none() && roles.get(&alias) != role {
                *other = Some(alias);
            }
        }
        Self {
            tree,
            lines,
            template,
            policy,
            keeping: RefCell::new(policy.keep_mutable.iter().collect()),
            keeps_alike: keeps_alike(tree, template, policy),
            reads: reads
                .iter()
                .filter(|(logical_id, _)| !left_alone.contains(logical_id))
                .map(|&(_, read)| read)
                .collect(),
            readers: OnceCell::new(),
            known_users: RefCell::default(),
            shared,
            unsure_line: unsure_line(tree),
            owners,
            with_tails: if tree.marks().is_empty() {
                BTreeSet::new()
            } else {
                marks::with_tails(tree, lines, &template.resources)
            },
            step: block::usual_step(tree, lines, &template.resources),
        }
    }

    /// The fix of each finding, or the [`Refusal`] that says why there is
    /// none. What resources share is planned once.
    #[must_use]
    pub fn plans<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f Finding>,
    ) -> Vec<Result<Fix, Refusal>> {
        let mut known: BTreeMap<(&Repair, bool), Result<Fix, Refusal>> = BTreeMap::new();
        findings
            .into_iter()
            .map(|finding| match &finding.repair {
                Ok(_) if !self.policy.knows(&finding.logical_id) => {
                    let why = self.policy.unknown_pushes.clone();
                    Err(Refusal::UnknownPushes { why })
                }
                Ok(repair) if self.policy.keeps_own() => {
                    let own = self.policy.keep_moving.as_ref();
                    let own = own.and_then(|own| own.get(&finding.logical_id));
                    let is_own = own.is_some_and(|tags| !tags.is_empty());
                    let kept = self.policy.kept(&finding.logical_id);
                    let count = kept.len();
                    self.keeping.replace(kept);
                    if count > MAX_FILTERS {
                        return Err(Refusal::TooManyTags { count });
                    }
                    // No look at files finds all that pushes: it is for the
                    // user to say that these tags are enough.
                    self.plan(repair, finding.is_safe && !is_own)
                }
                Err(Obstacle::NotAllowed { parameter, at }) => Err(Refusal::NotAllowed {
                    parameter: parameter.clone(),
                    at: self.tree.start(*at),
                }),
                Err(obstacle) => Err(Refusal::Obstacle(obstacle.clone())),
                Ok(repair) => known
                    .entry((repair, finding.is_safe))
                    .or_insert_with(|| self.plan(repair, finding.is_safe))
                    .clone(),
            })
            .collect()
    }

    /// What the rule asks a repository to declare.
    fn declaration(&self) -> Vec<(String, New)> {
        let word = New::Text(self.word().to_owned());
        let mut declared = vec![(MODE.to_owned(), word)];
        declared.extend(self.kept());
        declared
    }

    /// The same without the filters, where a mapping has them already.
    fn missing(&self, mapping: NodeId) -> Vec<(String, New)> {
        let mut declared = self.declaration();
        if self.has_kept(mapping) {
            declared.truncate(1);
        }
        declared
    }

    /// Whether the filters that go with the mode stand in a mapping already,
    /// however they are written: then they are to change no more than
    /// anything else.
    fn has_kept(&self, mapping: NodeId) -> bool {
        let there = self.tree.entry(mapping, FILTERS);
        there.zip(self.kept()).is_some_and(|(there, (_, kept))| {
            change::says(self.tree, self.tree.resolve(there.value), &kept)
        })
    }

    /// The mode that a repair writes.
    fn word(&self) -> &'static str {
        if self.keeping.borrow().is_empty() {
            IMMUTABLE
        } else {
            IMMUTABLE_WITH_EXCLUSION
        }
    }

    /// The exclusion filters that go with it, if some tags are to stay mutable.
    fn kept(&self) -> Option<(String, New)> {
        let filter = |tag: &str| {
            let pairs = [(FILTER_TYPE, WILDCARD), (FILTER_VALUE, tag)];
            let entry = |(key, word): (&str, &str)| (key.to_owned(), New::Text(word.to_owned()));
            New::Mapping(pairs.map(entry).into())
        };
        let tags = self.keeping.borrow();
        let filters: Vec<New> = tags.iter().map(|tag| filter(tag.as_str())).collect();
        (!filters.is_empty()).then(|| (FILTERS.to_owned(), New::Sequence(filters)))
    }

    fn plan(&self, repair: &Repair, is_safe: bool) -> Result<Fix, Refusal> {
        if self.unsure_line.is_some() {
            return Err(Refusal::Layout(Layout::LineSeparator));
        }
        let sites = self.sites(repair)?;
        let mut is_shared = false;
        for &site in &sites {
            is_shared |= self.shared(site)?;
        }
        let writes_filters = !matches!(repair, Repair::RewriteSources { .. });
        if let Some(&site) = sites.first().filter(|_| is_shared && writes_filters)
            && !self.keeps_alike
        {
            let at = self.tree.start(site);
            return Err(Refusal::Shared { at });
        }
        let mut fix = Fix {
            applicability: if is_safe && !is_shared {
                Applicability::Safe
            } else {
                Applicability::Unsafe
            },
            edits: Vec::new(),
            changes: Changes::default(),
        };
        self.make(repair, &mut fix)?;
        for edit in &fix.edits {
            self.holds_no_ignore(edit.span)?;
        }
        if !self.tree.marks().is_empty() {
            marks::heed(self, repair, &sites, &mut fix)?;
        }
        let lines_at = match repair {
            Repair::AddProperties { body: site }
            | Repair::FillProperties { value: site }
            | Repair::AddMode { mapping: site, .. } => Some(*site),
            Repair::RewriteMode { mapping, .. } => self.kept().map(|_| *mapping),
            Repair::RewriteSources { .. } => None,
        };
        if let Some(site) = lines_at {
            let (resource, _) = self.owner(site)?;
            let is_block =
                self.tree.collection_style(resource.body) == Some(CollectionStyle::Block);
            if is_block && fix.edits.iter().any(|edit| self.tab_follows(edit)) {
                return Err(Refusal::Layout(Layout::TabBelow));
            }
        }
        Ok(fix)
    }

    /// The nodes whose text a repair changes, which nobody reads for anything
    /// but the mode of a repository.
    fn sites(&self, repair: &Repair) -> Result<Vec<NodeId>, Refusal> {
        Ok(match repair {
            Repair::AddProperties { body: site }
            | Repair::FillProperties { value: site }
            | Repair::AddMode { mapping: site, .. } => vec![*site],
            Repair::RewriteMode {
                mapping,
                value,
                filters,
            } => {
                let changes_filters = filters.is_some() || self.kept().is_some();
                let mapping = changes_filters.then_some(*mapping);
                std::iter::once(*value).chain(mapping).collect()
            }
            Repair::RewriteSources { literals } => {
                for &(_, home) in literals {
                    let mut known = self.known_users.borrow_mut();
                    let users = known.entry(home).or_insert_with(|| self.only_users(home));
                    users.clone()?;
                }
                literals.iter().map(|&(at, _)| at).collect()
            }
        })
    }

    /// Plans the edits of a repair, and what they mean.
    fn make(&self, repair: &Repair, fix: &mut Fix) -> Result<(), Refusal> {
        match repair {
            Repair::AddProperties { body } => self.add_properties(*body, fix),
            Repair::FillProperties { value } => self.fill_properties(*value, fix),
            Repair::AddMode { mapping, filters } => self.add_mode(*mapping, *filters, fix),
            Repair::RewriteMode {
                mapping,
                value,
                filters,
            } => {
                self.rewrite_word(*value, self.word(), fix)?;
                self.replace_filters(*mapping, *filters, fix)?;
                fix.edits = joined(std::mem::take(&mut fix.edits));
                Ok(())
            }
            Repair::RewriteSources { literals } => {
                for &(at, _) in literals {
                    if Call::of(self.tree, at).is_some_and(|call| call.name == "Ref") {
                        self.replace_call(at, fix)?;
                    } else {
                        self.rewrite_word(at, IMMUTABLE, fix)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Refuses where not all that read a literal are modes of repositories.
    fn only_users(&self, home: Home) -> Result<(), Refusal> {
        let tree = self.tree;
        let name = |key: NodeId| tree.literal(key).unwrap_or_default();
        let scopes = &self.template.scopes;
        let readers = || self.readers.get_or_init(|| Readers::of(tree, scopes));
        let root_of = |key| scopes.around(key).map(|(root, _)| root);
        let users: Vec<NodeId> = match home {
            Home::Here | Home::Nowhere => Vec::new(),
            Home::Parameter(parameter) => match root_of(parameter.key) {
                Some(root) => readers().of_parameter(root, name(parameter.key)),
                None => Vec::new(),
            },
            Home::Mapping(leaf) => match root_of(leaf.value) {
                Some(root) => readers().of_leaf(root, leaf.keys.map(name)),
                None => Vec::new(),
            },
        };
        if let Some(&other) = users.iter().find(|user| !self.reads.contains(user)) {
            let at = tree.start(other);
            return Err(Refusal::OtherUser { at });
        }
        for &user in &users {
            self.shared(user)?;
        }
        Ok(())
    }

    /// Whether a blank or comment line right below an edit is indented with
    /// a tab. That is valid YAML wherever it stands, but `PyYAML`, and so
    /// AWS's own tools, takes it in the middle of a scalar only: new text
    /// above it could make a template unreadable for them.
    fn tab_follows(&self, edit: &Edit) -> bool {
        let text = self.tree.text();
        let mut at = edit.span.end;
        if at > self.lines.line(at).start {
            at = self.lines.line(at).end;
        }
        while at < text.len() {
            let line = self.lines.line(at);
            let bare = Span::new(line.start, line.text_end).of(text).trim_start();
            if !(bare.is_empty() || bare.starts_with('#')) {
                return false;
            }
            if self.lines.indent(at).contains('\t') {
                return true;
            }
            at = line.end;
        }
        false
    }

    /// Whether a node is reached through an alias as well, all of its users
    /// wanting the same change.
    fn shared(&self, site: NodeId) -> Result<bool, Refusal> {
        let mut is_shared = false;
        let mut next = Some(site);
        while let Some(id) = next {
            match self.shared.get(&id) {
                Some(&Some(user)) => {
                    let at = self.tree.start(user);
                    return Err(Refusal::Shared { at });
                }
                Some(None) => is_shared = true,
                None => {}
            }
            next = self.tree.parent(id);
        }
        Ok(is_shared)
    }

    /// The entry that has `value` as its own text, whoever else has an alias
    /// of it. Every edit is planned from there, so that all who share a node
    /// plan the same edit.
    fn home(&self, value: NodeId) -> Result<Entry, Refusal> {
        let parent = self.tree.parent(value);
        let entries = parent.map_or(&[][..], |parent| self.tree.entries(parent));
        entries
            .get(self.tree.index(value) / 2)
            .copied()
            .ok_or(Refusal::Layout(Layout::ValueWithoutKey))
    }

    /// The resource that has `node` as its own text, and its `Type`.
    fn owner(&self, mut node: NodeId) -> Result<(Resource, Entry), Refusal> {
        loop {
            if let Some(&resource) = self.owners.get(&node) {
                let type_entry = self.tree.entry(resource.body, "Type");
                let type_entry = type_entry.ok_or(Refusal::Layout(Layout::NoType))?;
                return Ok((resource, type_entry));
            }
            let parent = self.tree.parent(node);
            node = parent.ok_or(Refusal::Layout(Layout::OutsideRepository))?;
        }
    }

    fn add_properties(&self, body: NodeId, fix: &mut Fix) -> Result<(), Refusal> {
        let (resource, type_entry) = self.owner(body)?;
        let dress = Dress {
            key: self.quote(type_entry.key),
            value: self.quote(type_entry.value),
        };
        let declared = New::Mapping(self.declaration());
        let new = ("Properties".to_owned(), declared);
        self.add_after(body, type_entry, new, resource, dress, fix)
    }

    /// An entry below another one of its mapping.
    fn add_after(
        &self,
        mapping: NodeId,
        sibling: Entry,
        new: (String, New),
        resource: Resource,
        dress: Dress,
        fix: &mut Fix,
    ) -> Result<(), Refusal> {
        let (key, value) = new.clone();
        fix.edits.extend(match self.tree.collection_style(mapping) {
            Some(CollectionStyle::Flow) => {
                flow::add_after(self, mapping, sibling, new, resource, dress)?
            }
            _ => block::add_after(self, mapping, sibling, new, resource, dress)?,
        });
        let mut entries = self.tree.entries(mapping).iter();
        let before = entries.position(|entry| *entry == sibling);
        let before = before.map_or(0, |index| index + 1);
        fix.changes
            .add(mapping, Change::Insert { before, key, value });
        Ok(())
    }

    fn fill_properties(&self, value: NodeId, fix: &mut Fix) -> Result<(), Refusal> {
        let tree = self.tree;
        let properties = self.home(value)?;
        let (resource, type_entry) = self.owner(value)?;
        let dress = Dress {
            key: self.quote(properties.key),
            value: self.quote(type_entry.value),
        };
        let edit = if tree.is_mapping(value) {
            flow::fill_empty(self, value, type_entry, resource, dress)?
        } else if !tree.span(value).is_empty() {
            let member = flow::mapping(self, resource.body, type_entry, dress);
            Edit::replace(tree.span(value), member)
        } else if tree.collection_style(resource.body) == Some(CollectionStyle::Flow) {
            let member = flow::mapping(self, resource.body, type_entry, dress);
            self.fill_blank(properties, &member)?
        } else {
            block::fill_properties(self, properties, resource, dress)?
        };
        if tree.is_mapping(value) {
            self.declare(value, 0, fix);
        } else {
            let declared = New::Mapping(self.declaration());
            fix.changes.add(value, Change::Replace(declared));
        }
        fix.edits.push(edit);
        Ok(())
    }

    /// Says that a mapping gains what the rule asks for.
    fn declare(&self, mapping: NodeId, before: usize, fix: &mut Fix) {
        for (key, value) in self.missing(mapping) {
            fix.changes
                .add(mapping, Change::Insert { before, key, value });
        }
    }

    fn add_mode(
        &self,
        mapping: NodeId,
        filters: Option<Entry>,
        fix: &mut Fix,
    ) -> Result<(), Refusal> {
        let filters = filters.filter(|_| !self.has_kept(mapping));
        let properties = self.home(mapping)?;
        let (resource, type_entry) = self.owner(mapping)?;
        let dress = Dress {
            key: self.key_style(mapping, properties.key),
            value: self.value_style(mapping, type_entry),
        };
        let is_flow = self.tree.collection_style(mapping) == Some(CollectionStyle::Flow);
        let only = filters.filter(|_| self.tree.entries(mapping).len() == 1);
        let mut before = 0;
        if let Some(only) = only {
            // The mode takes the place of the only entry.
            self.is_used_nowhere_else(only)?;
            fix.edits = if is_flow {
                vec![flow::replace_only(
                    self, mapping, only, type_entry, resource, dress,
                )]
            } else {
                block::replace_only(self, properties, mapping, only, resource, dress)?
            };
            self.forget_entry(mapping, only, fix);
        } else {
            let edit;
            (edit, before) = if is_flow {
                (
                    flow::add_first(self, mapping, type_entry, resource, dress)?,
                    0,
                )
            } else {
                block::add_first(self, properties, mapping, resource, dress)?
            };
            fix.edits.push(edit);
            if let Some(filters) = filters {
                self.remove_entry(mapping, filters, fix)?;
            }
        }
        self.declare(mapping, before, fix);
        Ok(())
    }

    /// Takes the exclusion filters away, and writes those of the tags that
    /// are to stay mutable below the mode.
    fn replace_filters(
        &self,
        mapping: NodeId,
        old: Option<Entry>,
        fix: &mut Fix,
    ) -> Result<(), Refusal> {
        let tree = self.tree;
        let Some(new) = self.kept() else {
            return match old {
                Some(old) => self.remove_entry(mapping, old, fix),
                None => Ok(()),
            };
        };
        if self.has_kept(mapping) {
            return Ok(());
        }
        let (resource, type_entry) = self.owner(mapping)?;
        let mode = tree.entry(mapping, MODE);
        let mode = mode.ok_or(Refusal::Layout(Layout::MutabilityWithoutKey))?;
        let dress = Dress {
            key: self.quote(mode.key),
            value: self.value_style(mapping, type_entry),
        };
        let mut entries = tree.entries(mapping).iter();
        let after = entries.find(|entry| **entry == mode).and(entries.next());
        let is_flow = tree.collection_style(mapping) == Some(CollectionStyle::Flow);
        match old {
            // Where the list stands in its place already, only it changes.
            Some(old) if after == Some(&old) => {
                self.is_used_nowhere_else(old)?;
                let (key, value) = new.clone();
                if is_flow {
                    let edit = flow::replace_value(self, mapping, old, &value, resource, dress)?;
                    fix.edits.push(edit);
                    fix.changes.add(old.value, Change::Become(value));
                    return Ok(());
                }
                let edit = block::replace_entry(self, mapping, old, new, resource, dress)?;
                fix.edits.push(edit);
                let before = tree.index(old.key) / 2;
                fix.changes
                    .add(mapping, Change::Insert { before, key, value });
                self.forget_entry(mapping, old, fix);
                Ok(())
            }
            Some(old) => {
                self.add_after(mapping, mode, new, resource, dress, fix)?;
                self.remove_entry(mapping, old, fix)
            }
            None => self.add_after(mapping, mode, new, resource, dress, fix),
        }
    }

    /// Puts a word in the place of `AWS::NoValue`.
    fn replace_call(&self, at: NodeId, fix: &mut Fix) -> Result<(), Refusal> {
        let tree = self.tree;
        if tree.anchor(at).is_some() {
            return Err(Refusal::Layout(Layout::Anchor));
        }
        let span = Span::new(tree.start(at), tree.end(at));
        if span.of(tree.text()).contains('\n') && tree.format() == Format::Yaml {
            return Err(Refusal::Layout(Layout::NoValueLines));
        }
        let word = quoted(IMMUTABLE, self.style_beside(at));
        fix.edits.push(Edit::replace(span, word));
        let new = New::Text(IMMUTABLE.to_owned());
        fix.changes.add(at, Change::Become(new));
        Ok(())
    }

    fn rewrite_word(&self, value: NodeId, new: &str, fix: &mut Fix) -> Result<(), Refusal> {
        let tree = self.tree;
        let span = tree.span(value);
        if tree.literal(value) == Some(new) {
            return Ok(());
        }
        let edit = match tree.value(value) {
            Value::Scalar {
                style: ScalarStyle::Single | ScalarStyle::Double,
                ..
            } => Edit::replace(Span::new(span.start + 1, span.end.saturating_sub(1)), new),
            Value::Scalar {
                style: ScalarStyle::Block,
                text,
            } => {
                // White space before the word would be in the text, too.
                let word = span.of(tree.text()).trim_end();
                if word.is_empty() || word != text || word.contains('\n') {
                    return Err(Refusal::BlockScalar);
                }
                Edit::replace(Span::new(span.start, span.start + word.len()), new)
            }
            Value::Scalar { .. } if span.is_empty() => self.fill_blank(self.home(value)?, new)?,
            // A word stays as bare as it was; null, and whatever is bare in
            // JSON, was so because it had to be.
            Value::Scalar { .. } => {
                let word = if tree.format() == Format::Json || tree.is_null(value) {
                    quoted(new, self.style_beside(value))
                } else {
                    new.to_owned()
                };
                Edit::replace(span, word)
            }
            _ => return Err(Refusal::Layout(Layout::NotAWord)),
        };
        let new = New::Text(new.to_owned());
        fix.edits.push(edit);
        fix.changes.add(value, Change::Replace(new));
        Ok(())
    }

    /// Writes `word` as the value of an entry for which nothing is written.
    fn fill_blank(&self, entry: Entry, word: &str) -> Result<Edit, Refusal> {
        let Some(colon) = self.after_colon(entry.key) else {
            let mapping = self.tree.parent(entry.key);
            let style = mapping.and_then(|mapping| self.tree.collection_style(mapping));
            let (tag, anchor) = (self.tree.tag(entry.value), self.tree.anchor(entry.value));
            return match (style, tag, anchor) {
                (Some(CollectionStyle::Flow), None, None) => {
                    let end = self.tree.span(entry.key).end;
                    Ok(Edit::insert(end, format!(": {word}")))
                }
                _ => Err(Refusal::Layout(Layout::NoColon)),
            };
        };
        let head = self.head_end(entry.value, colon);
        let place = self.behind_blank(head);
        if place > head {
            return Ok(Edit::insert(place, word));
        }
        Ok(Edit::insert(head, format!(" {word}")))
    }

    /// Where a value that is not written yet goes, whose colon, tag or anchor
    /// ends at `head`: behind a blank that is there already, unless what
    /// follows needs that.
    fn behind_blank(&self, head: usize) -> usize {
        let line = self.lines.line(head);
        let rest = Span::new(head, line.text_end).of(self.tree.text());
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let ends_line = blank == rest.len();
        if blank >= 2 || (blank == 1 && ends_line) {
            head + 1
        } else {
            head
        }
    }

    /// Where the colon between a key and its value ends; None where there is
    /// none (`? key` alone, or `{key}`).
    ///
    /// Source: YAML 1.2.2, 7.3.3 and 8.2.2: in a block, a colon with a word
    /// right behind it begins a word (`? key` and below it `:other: value`).
    fn after_colon(&self, key: NodeId) -> Option<usize> {
        let text = self.tree.text();
        let mapping = self.tree.parent(key);
        let style = mapping.and_then(|mapping| self.tree.collection_style(mapping));
        let is_block = style == Some(CollectionStyle::Block);
        let mut at = self.tree.span(key).end;
        loop {
            let rest = text.get(at..)?;
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            let mut bytes = trimmed.bytes();
            match bytes.next()? {
                b':' if is_block
                    && bytes.next().is_some_and(|next| !next.is_ascii_whitespace()) =>
                {
                    return None;
                }
                b':' => return Some(at + 1),
                b'#' => at = self.lines.line(at).end,
                _ => return None,
            }
        }
    }

    /// Where what stands before a value's content ends: the colon, or the
    /// tag and anchor behind it.
    fn head_end(&self, value: NodeId, colon: usize) -> usize {
        let tag = self.tree.tag(value).map(|tag| tag.span);
        [tag, self.tree.anchor(value)]
            .into_iter()
            .flatten()
            .map(|span| span.end)
            .fold(colon, usize::max)
    }

    /// The first line of the comment block that stands directly above a key,
    /// at its depth; the key's own line where there is none.
    fn comments_above(&self, key: usize) -> Line {
        let lines = self.lines;
        let mut first = lines.line(key);
        while let Some(above) = first.start.checked_sub(1).map(|at| lines.line(at)) {
            let text = Span::new(above.start, above.text_end).of(self.tree.text());
            let is_comment = text.trim_start().starts_with('#');
            if !is_comment || lines.indent(above.start) != lines.indent(key) {
                break;
            }
            first = above;
        }
        first
    }

    /// Refuses to take away what a scanner reads in a comment: it may be for
    /// the whole resource, wherever it stands.
    fn holds_no_ignore(&self, gone: Span) -> Result<(), Refusal> {
        const WORDS: [&str; 6] = [
            "skip=",
            "ignore",
            "disable",
            "kics-scan",
            "dd-iac-scan",
            "nosec",
        ];
        let is_ignore = |line: &str| {
            let comment = line.split_once('#').map(|(_, comment)| comment);
            comment.is_some_and(|comment| {
                let comment = comment.to_ascii_lowercase();
                WORDS.iter().any(|word| comment.contains(word))
            })
        };
        if gone.of(self.tree.text()).lines().any(is_ignore) {
            return Err(Refusal::Layout(Layout::ScannerComment));
        }
        Ok(())
    }

    fn remove_entry(&self, mapping: NodeId, entry: Entry, fix: &mut Fix) -> Result<(), Refusal> {
        self.is_used_nowhere_else(entry)?;
        let edits = match self.tree.collection_style(mapping) {
            Some(CollectionStyle::Flow) => flow::remove(self, mapping, entry)?,
            _ => block::remove(self, mapping, entry)?,
        };
        fix.edits.extend(edits);
        self.forget_entry(mapping, entry, fix);
        Ok(())
    }

    /// Refuses to take away what aliases elsewhere stand for.
    fn is_used_nowhere_else(&self, entry: Entry) -> Result<(), Refusal> {
        let mut todo = vec![entry.key, entry.value];
        while let Some(id) = todo.pop() {
            if self.shared.contains_key(&id) {
                let at = self.tree.start(id);
                return Err(Refusal::Shared { at });
            }
            todo.extend(self.tree.items(id));
            let entries = self.tree.entries(id).iter();
            todo.extend(entries.flat_map(|entry| [entry.key, entry.value]));
        }
        Ok(())
    }

    fn forget_entry(&self, mapping: NodeId, entry: Entry, fix: &mut Fix) {
        let mut entries = self.tree.entries(mapping).iter();
        if let Some(entry) = entries.position(|other| *other == entry) {
            fix.changes.add(mapping, Change::Remove { entry });
        }
    }

    /// How a key beside the first of `mapping` is quoted; as `or` is where
    /// there is none to go by.
    fn key_style(&self, mapping: NodeId, or: NodeId) -> ScalarStyle {
        let first = self
            .tree
            .entries(mapping)
            .iter()
            .map(|entry| entry.key)
            .find(|&key| self.tree.literal(key).is_some_and(|key| key != "<<"));
        self.quote(first.unwrap_or(or))
    }

    /// How a value in `mapping` is quoted: as the first string there that
    /// stands on one line, else as `Type` is.
    fn value_style(&self, mapping: NodeId, type_entry: Entry) -> ScalarStyle {
        let first = self.tree.entries(mapping).iter().find(|entry| {
            let is_mode = matches!(self.tree.literal(entry.key), Some(MODE | FILTERS));
            let is_string = match self.tree.value(entry.value) {
                Value::Scalar { text, style } => match style {
                    ScalarStyle::Plain => is_string(text),
                    ScalarStyle::Single | ScalarStyle::Double => true,
                    ScalarStyle::Block => false,
                },
                _ => false,
            };
            is_string
                && !is_mode
                && self.tree.tag(entry.value).is_none()
                && !self
                    .tree
                    .span(entry.value)
                    .of(self.tree.text())
                    .contains('\n')
        });
        self.quote(first.map_or(type_entry.value, |entry| entry.value))
    }

    /// How a value is to be quoted: as [`Planner::value_style`] says where it
    /// stands in the mapping of a repository's properties, else as the first
    /// string beside it.
    fn style_beside(&self, value: NodeId) -> ScalarStyle {
        let Some(parent) = self.tree.parent(value) else {
            return self.quote(value);
        };
        let owner = self.owner(value).ok();
        if let Some((_, type_entry)) = owner.filter(|_| self.tree.is_mapping(parent)) {
            return self.value_style(parent, type_entry);
        }
        let values = self.tree.entries(parent).iter().map(|entry| entry.value);
        let items = self.tree.items(parent).iter().copied();
        // The first item of `Fn::If` names a condition, and is no such value.
        let beside = values.chain(items.skip(1)).find(|&beside| {
            let is_word = self.tree.literal(beside).is_some_and(is_string);
            beside != value && is_word
        });
        let fallback = owner.map(|(_, type_entry)| type_entry.value);
        match beside.or(fallback) {
            Some(beside) => self.quote(beside),
            None if self.tree.format() == Format::Json => ScalarStyle::Double,
            None => ScalarStyle::Plain,
        }
    }

    fn quote(&self, id: NodeId) -> ScalarStyle {
        match self.tree.scalar_style(id) {
            Some(style @ (ScalarStyle::Single | ScalarStyle::Double)) => style,
            _ => ScalarStyle::Plain,
        }
    }

    /// The column that a node begins at, counting from 0, in characters.
    fn column(&self, id: NodeId) -> usize {
        self.lines.position(self.tree.start(id)).column - 1
    }
}

/// Whether the same tags stay mutable in all repositories.
fn keeps_alike(tree: &Tree<'_>, template: &Template<'_>, policy: &Policy) -> bool {
    if !policy.keeps_own() {
        return true;
    }
    let repositories = template.resources.iter();
    let repositories = repositories.filter(|resource| policy.covers(tree, resource.body));
    let mut kept = repositories
        .map(|resource| policy.kept(tree.literal(resource.logical_id).unwrap_or_default()));
    let first = kept.next();
    kept.all(|kept| Some(kept) == first)
}

/// Edits in which what is inserted at one place is one edit: a word where
/// nothing was written, and the member behind it.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        let place = edit.span;
        let there = joined
            .iter_mut()
            .find(|there| place.is_empty() && there.span == place);
        match there {
            Some(there) => there.text.push_str(&edit.text),
            None => joined.push(edit),
        }
    }
    joined
}

/// Where a YAML text holds a character that ends a line for some readers and
/// not for others, outside of quotes: a carriage return alone, which does for
/// YAML but for few editors; NEL, LS and PS, which did in YAML 1.1 and do not
/// in YAML 1.2.
///
/// Source: YAML 1.2.2 section 5.4; YAML 1.1 section 5.1.4.
fn unsure_line(tree: &Tree<'_>) -> Option<usize> {
    let text = tree.text();
    if tree.format() == Format::Json {
        return None;
    }
    let alone = memchr::memchr_iter(b'\r', text.as_bytes())
        .find(|&at| text.as_bytes().get(at + 1) != Some(&b'\n'));
    if alone.is_some() {
        return alone;
    }
    let mut separators = text
        .match_indices(['\u{85}', '\u{2028}', '\u{2029}'])
        .map(|(at, _)| at)
        .peekable();
    separators.peek()?;
    let quoted: Vec<Span> = tree
        .nodes()
        .filter(|&id| {
            let style = tree.scalar_style(id);
            matches!(style, Some(ScalarStyle::Single | ScalarStyle::Double))
        })
        .map(|id| tree.span(id))
        .collect();
    separators.find(|&at| {
        let next = quoted.partition_point(|span| span.start <= at);
        let before = next.checked_sub(1).and_then(|last| quoted.get(last));
        before.is_none_or(|span| span.end <= at)
    })
}
