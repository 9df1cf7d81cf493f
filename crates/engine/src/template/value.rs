//! What a computed value can be.
//!
//! This module owns the evaluation of CloudFormation's functions, as far as a
//! template decides them: parameters by their defaults, conditions both ways,
//! mappings by the entries that can be reached. It gives every word that can
//! come out, with the literal that it comes from. It does not know which
//! words are right, and it changes nothing.
//!
//! What only a deployment knows (an import, an attribute, a parameter without
//! a default) is *unknown*, with the reason. So is what takes more steps than
//! an honest template does, or longer words, so that hostile ones cost no more
//! than that.
//!
//! Source: AWS CloudFormation User Guide, "Intrinsic function reference",
//! "Parameters", "Mappings", and "`AWS::LanguageExtensions` transform".

use crate::syntax::{Entry, NodeId, Tree, Value};
use crate::template::{self, Call, Leaf, Loop, Piece, Reached, Sections, Substitution};
use crate::text::excerpt::{LONGEST, brief};

const PLACEHOLDER: &str = "its value is a placeholder";
/// Said of a word that is longer than any that is looked for, or is looked up
/// by: put together again and again, such words would fill the memory.
const TOO_LONG: &str = "a word is too long";

/// How many functions and literals are looked at for one value.
const MAX_STEPS: usize = 4096;
/// How many words may come out where parts are put together.
const MAX_GLUED: usize = 64;
/// How deep functions may call each other, aliases followed.
const MAX_DEPTH: usize = 64;

/// Everything that a value can be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// The words that can come out.
    pub known: Vec<Known>,
    /// Why it can be something else, too.
    pub unknown: Vec<Unknown>,
}

/// A word that can come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The word.
    pub word: Word,
    /// The node that says it.
    pub at: NodeId,
    /// How it comes out, as a clause: `parameter Mode defaults to MUTABLE`.
    pub how: String,
    /// Whether another word can be written at the node to change what comes
    /// out, and only that.
    pub home: Home,
    /// Whether it was reached by a key that is computed, so that it may be
    /// there for something else.
    pub is_guess: bool,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A string, or what counts as one.
    Text(String),
    /// `AWS::NoValue`, or null: as if nothing were written.
    Nothing,
    /// A list or a mapping.
    Collection,
}

/// Where a literal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// Within the value itself.
    Here,
    /// It is the default of a parameter.
    Parameter(Entry),
    /// It is an entry of a mapping.
    Mapping(Leaf),
    /// The word is put together, or made for several copies at once: no
    /// literal stands for it alone.
    Nowhere,
}

/// Why a value cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The node that decides.
    pub at: NodeId,
    /// Why it does not say, as a clause.
    pub why: String,
    /// The words that it is one of, where they are listed.
    pub among: Vec<Known>,
}

/// What a value is computed in.
#[derive(Clone, Copy, Debug)]
pub struct Context<'e, 't, 'a> {
    /// The tree.
    pub tree: &'t Tree<'a>,
    /// The sections of its template.
    pub sections: &'e Sections<'t>,
    /// The loops that it stands in, the innermost first.
    pub loops: &'e [Loop<'t>],
}

/// How many steps the values of one text may take together: linear in its
/// size, however its values refer to each other.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    /// What a text of so many bytes is worth.
    #[must_use]
    pub fn of(bytes: usize) -> Self {
        Self(MAX_STEPS.saturating_add(bytes.saturating_mul(4)))
    }
}

/// Computes the value of a node. Gives every node on the way, too, that
/// reads a parameter or a mapping for its value.
#[must_use]
pub fn values(
    context: Context<'_, '_, '_>,
    node: NodeId,
    budget: &mut Budget,
) -> (Values, Vec<NodeId>) {
    let mut evaluation = Evaluation {
        context,
        steps: 0,
        most: budget.0.min(MAX_STEPS),
        depth: 0,
        given: Vec::new(),
        is_key: false,
        reads: Vec::new(),
    };
    let values = evaluation.value(node);
    budget.0 = budget.0.saturating_sub(evaluation.steps);
    (values, evaluation.reads)
}

/// Whether a word is filled in by something that runs before CloudFormation
/// does, or by it: `${…}`, `{{resolve:…}}`, `{{ value }}`.
#[must_use]
pub fn is_placeholder(word: &str) -> bool {
    memchr::memchr3(b'$', b'{', b'}', word.as_bytes()).is_some()
}

impl Known {
    fn new(word: Word, at: NodeId, how: String, home: Home) -> Self {
        Self {
            word,
            at,
            how,
            home,
            is_guess: false,
        }
    }
}

impl Word {
    fn shown(&self) -> &str {
        match self {
            Self::Text(text) if text.is_empty() => "empty",
            Self::Text(text) => text,
            Self::Nothing => "null",
            Self::Collection => "a list or a mapping",
        }
    }
}

impl Values {
    fn one(known: Known) -> Self {
        Self {
            known: vec![known],
            unknown: Vec::new(),
        }
    }

    fn unknown(at: NodeId, why: impl Into<String>) -> Self {
        Self {
            known: Vec::new(),
            unknown: vec![Unknown {
                at,
                why: why.into(),
                among: Vec::new(),
            }],
        }
    }

    fn add(&mut self, other: Self) {
        self.known.extend(other.known);
        self.unknown.extend(other.unknown);
    }
}

/// How many conditions are named with a word.
const MAX_GIVEN: usize = 3;

struct Evaluation<'e, 't, 'a> {
    context: Context<'e, 't, 'a>,
    steps: usize,
    most: usize,
    depth: usize,
    /// What has to hold for a branch, the innermost last: `unless`, `IsProd`.
    given: Vec<(&'static str, &'t str)>,
    /// Whether the word is to find an entry by, so that a parameter is all
    /// that it may be and not its default.
    is_key: bool,
    reads: Vec<NodeId>,
}

impl<'t> Evaluation<'_, 't, '_> {
    fn value(&mut self, node: NodeId) -> Values {
        let tree = self.context.tree;
        let node = tree.resolve(node);
        self.steps += 1;
        if self.steps > self.most || self.depth > MAX_DEPTH {
            return Values::unknown(node, "it takes too many steps to compute");
        }
        if tree.is_masked(node) {
            return Values::unknown(node, PLACEHOLDER);
        }
        self.depth += 1;
        let values = match Call::of(tree, node) {
            Some(call) => self.call(node, call),
            None if tree.has_custom_tag(node) => Values::unknown(node, "its tag is not known"),
            None if template::is_intrinsic(tree, node) => {
                Values::unknown(node, "a function stands among other keys")
            }
            None => match tree.literal(node).and_then(|text| self.copied(node, text)) {
                Some(substitution) => self.substitution(node, substitution),
                None => self.given(literal(tree, node, Home::Here, |word| {
                    format!("it is {word}")
                })),
            },
        };
        self.depth -= 1;
        values
    }

    /// The value of a node where something has to hold for it.
    fn branch(&mut self, when: &'static str, condition: &'t str, node: NodeId) -> Values {
        self.given.push((when, condition));
        let values = self.value(node);
        self.given.pop();
        values
    }

    /// Says of words that come out what has to hold for it.
    fn given(&self, mut values: Values) -> Values {
        for known in &mut values.known {
            for (when, condition) in self.given.iter().rev().take(MAX_GIVEN) {
                known.how.extend([" ", when, " ", &brief(condition)]);
            }
        }
        values
    }

    /// A string in which loops put their items, and nothing else does: in a
    /// copy, `${Name}` stands for the item wherever it is written.
    fn copied(&self, at: NodeId, text: &'t str) -> Option<Substitution<'t>> {
        if text.len() > LONGEST {
            return None;
        }
        let substitution = Substitution {
            at,
            text,
            variables: None,
        };
        let is_variable = |name: &str| {
            let mut loops = self.context.loops.iter();
            loops.any(|found| found.variable == name)
        };
        let mut pieces = substitution.pieces();
        let all = pieces.all(|piece| match piece {
            Piece::Text(text) => !is_placeholder(text),
            Piece::Variable(name) => is_variable(name),
            Piece::Escaped(_) => false,
        });
        (all && is_placeholder(text)).then_some(substitution)
    }

    fn call(&mut self, node: NodeId, call: Call<'t>) -> Values {
        let tree = self.context.tree;
        match (call.name, call.arguments(tree)) {
            ("Ref", _) => match call.word(tree) {
                Some(name) => self.reference(node, name),
                None => Values::unknown(node, "Ref is given no name"),
            },
            ("If", &[condition, then, otherwise]) => {
                let condition = tree
                    .literal(tree.resolve(condition))
                    .unwrap_or("a condition");
                let mut values = self.branch("if", condition, then);
                values.add(self.branch("unless", condition, otherwise));
                values
            }
            ("FindInMap", arguments) => self.find_in_map(node, arguments),
            ("Sub", _) => match Substitution::of(tree, call) {
                Some(substitution) => self.substitution(node, substitution),
                None => Values::unknown(node, "Fn::Sub is given no string"),
            },
            ("Join", &[delimiter, list]) => {
                let delimiter = tree.literal(tree.resolve(delimiter));
                match (delimiter, self.list(list)) {
                    (Some(delimiter), Ok(items)) => {
                        let mut parts = Vec::new();
                        for item in items {
                            if !parts.is_empty() && !delimiter.is_empty() {
                                parts.push(text(node, delimiter));
                            }
                            parts.push(item);
                        }
                        self.glued(node, "Fn::Join", parts)
                    }
                    (_, Err(unknown)) => unknown,
                    (None, _) => Values::unknown(node, "the delimiter of Fn::Join is computed"),
                }
            }
            ("Select", &[index, list]) => {
                let index = tree
                    .literal(tree.resolve(index))
                    .and_then(|index| index.trim().parse::<usize>().ok());
                match (index, self.list(list)) {
                    (Some(index), Ok(mut items)) if index < items.len() => items.swap_remove(index),
                    (_, Err(unknown)) => unknown,
                    _ => Values::unknown(node, "Fn::Select has no item of that number"),
                }
            }
            (name, _) => {
                let prefix = if name == "Condition" { "" } else { "Fn::" };
                let why = format!("{prefix}{} is known when it is deployed", brief(name));
                Values::unknown(node, why)
            }
        }
    }

    fn reference(&mut self, node: NodeId, name: &str) -> Values {
        if name == "AWS::NoValue" {
            let how = "it is AWS::NoValue".to_owned();
            let nothing = Known::new(Word::Nothing, node, how, Home::Here);
            return self.given(Values::one(nothing));
        }
        let loops = self.context.loops;
        if let Some(found) = loops.iter().find(|found| found.variable == name) {
            return self.copies(*found);
        }
        if name.starts_with("AWS::") {
            let why = format!("{} is known when it is deployed", brief(name));
            return Values::unknown(node, why);
        }
        self.parameter(node, name)
    }

    /// What the variable of a loop stands for, over all copies.
    fn copies(&mut self, found: Loop<'t>) -> Values {
        let tree = self.context.tree;
        let items = tree.items(found.collection);
        if items.is_empty() || tree.has_custom_tag(found.collection) {
            let why = format!("{} is computed", brief(found.key));
            return Values::unknown(found.collection, why);
        }
        let mut values = Values::default();
        for &item in items {
            let mut copy = self.value(item);
            for known in &mut copy.known {
                known.home = Home::Nowhere;
                known.how = format!("{} in a copy of {}", known.how, brief(found.key));
            }
            values.add(copy);
        }
        values
    }

    fn parameter(&mut self, node: NodeId, name: &str) -> Values {
        let tree = self.context.tree;
        let Some(parameter) = self.context.sections.parameter(name) else {
            let why = format!("{} is no parameter of this template", brief(name));
            return Values::unknown(node, why);
        };
        self.reads.push(node);
        let name = brief(name);
        let body = tree.resolve(parameter.value);
        let rules = ["Type", "Default", "AllowedValues", "<<"];
        let is_unsure = |rule| {
            let entries = tree.entries_named(body, rule).count();
            entries > usize::from(rule != "<<")
        };
        if rules.into_iter().any(is_unsure) || template::holds_function(tree, body) {
            let why = format!("the declaration of parameter {name} is not plain");
            return Values::unknown(parameter.key, why);
        }
        let kind = tree.entry(body, "Type").map_or(Some("String"), |kind| {
            tree.literal(tree.resolve(kind.value))
        });
        // Of any other type, the default may name the value and not be it.
        if kind != Some("String") {
            let why = format!("parameter {name} is not of type String");
            return Values::unknown(parameter.key, why);
        }
        let allowed = tree.entry(body, "AllowedValues");
        if let Some(default) = tree.entry(body, "Default").filter(|_| !self.is_key) {
            let home = Home::Parameter(parameter);
            let default = literal(tree, tree.resolve(default.value), home, |word| {
                format!("parameter {name} defaults to {word}")
            });
            return self.given(default);
        }
        let mut among = Values::default();
        let allowed = allowed.map(|allowed| tree.items(tree.resolve(allowed.value)));
        for &item in allowed.unwrap_or_default() {
            among.add(literal(tree, tree.resolve(item), Home::Nowhere, |word| {
                format!("parameter {name} allows {word}")
            }));
        }
        if self.is_key && !among.known.is_empty() && among.unknown.is_empty() {
            return among;
        }
        let mut values = Values::unknown(parameter.key, format!("parameter {name} has no Default"));
        if among.unknown.is_empty() {
            for unknown in &mut values.unknown {
                unknown.among.clone_from(&among.known);
            }
        }
        values
    }

    fn substitution(&mut self, node: NodeId, substitution: Substitution<'t>) -> Values {
        let tree = self.context.tree;
        // Room for names whose values come to a word.
        if substitution.text.len() > 16 * LONGEST {
            return Values::unknown(node, TOO_LONG);
        }
        let mut parts = Vec::new();
        for piece in substitution.pieces() {
            self.steps += 1;
            parts.push(match piece {
                Piece::Text(word) if is_placeholder(word) => {
                    Values::unknown(substitution.at, PLACEHOLDER)
                }
                Piece::Text(word) if word.len() > LONGEST => {
                    Values::unknown(substitution.at, TOO_LONG)
                }
                // Where it is all that is written there, it is a literal like
                // any other; else only what it is glued to comes out.
                Piece::Text(word) => {
                    let how = format!("it is {word}");
                    let word = Word::Text(word.to_owned());
                    let known = Known::new(word, substitution.at, how, Home::Here);
                    self.given(Values::one(known))
                }
                Piece::Escaped(name) => text(substitution.at, &format!("${{{name}}}")),
                Piece::Variable(name) => {
                    let mut own = substitution.variable(tree, name);
                    match (own.next(), own.next()) {
                        (Some(value), None) => self.value(value),
                        (Some(value), Some(_)) => {
                            let why = format!("variable {} stands twice", brief(name));
                            Values::unknown(value, why)
                        }
                        (None, _) => self.reference(substitution.at, name),
                    }
                }
            });
        }
        self.glued(node, "Fn::Sub", parts)
    }

    /// The values of the items of a list; or why it cannot be told what they
    /// are.
    fn list(&mut self, list: NodeId) -> Result<Vec<Values>, Values> {
        let tree = self.context.tree;
        let list = tree.resolve(list);
        match Call::of(tree, list) {
            None if !tree.has_custom_tag(list) && !tree.items(list).is_empty() => Ok(tree
                .items(list)
                .iter()
                .map(|&item| self.value(item))
                .collect()),
            Some(call) if call.name == "Split" => {
                let [delimiter, string] = call.arguments(tree) else {
                    return Err(Values::unknown(
                        list,
                        "Fn::Split is not given two arguments",
                    ));
                };
                let words = [delimiter, string].map(|&word| tree.literal(tree.resolve(word)));
                match words {
                    [_, Some(string)] if string.len() > LONGEST => {
                        Err(Values::unknown(list, TOO_LONG))
                    }
                    [Some(delimiter), Some(string)]
                        if !delimiter.is_empty() && !is_placeholder(string) =>
                    {
                        let parts = string.split(delimiter).take(MAX_GLUED);
                        Ok(parts.map(|part| text(list, part)).collect())
                    }
                    _ => Err(Values::unknown(list, "what Fn::Split is given is computed")),
                }
            }
            _ => Err(Values::unknown(list, "a list is computed")),
        }
    }

    fn find_in_map(&mut self, node: NodeId, arguments: &[NodeId]) -> Values {
        let tree = self.context.tree;
        let ([map, top, second], fallback) = match *arguments {
            [map, top, second] => ([map, top, second], None),
            [map, top, second, more] => ([map, top, second], Some(more)),
            _ => return Values::unknown(node, "Fn::FindInMap is not given three keys"),
        };
        let fallback = fallback.and_then(|more| tree.entry(tree.resolve(more), "DefaultValue"));
        let Some(maps) = self.keys(map) else {
            return Values::unknown(node, "the name of a mapping is computed");
        };
        self.reads.push(node);
        let (tops, seconds) = (self.keys(top), self.keys(second));
        let is_guess = tops.is_none() || seconds.is_none();
        let mut values = Values::default();
        let mut misses = is_guess;
        for map in &maps {
            let sections = self.context.sections;
            let Some(mapping) = sections.mapping(map) else {
                let why = format!("{map} is no mapping of this template");
                values.add(Values::unknown(node, why));
                continue;
            };
            let Some(leaves) = self.leaves(map, mapping, tops.as_deref(), seconds.as_deref())
            else {
                return Values::unknown(node, "it takes too many steps to compute");
            };
            if sections.is_open(map) {
                let why = format!("mapping {map} holds more than is written there");
                values.add(Values::unknown(mapping.key, why));
            }
            for leaf in leaves {
                match leaf {
                    Reached::One(leaf) => {
                        values.add(self.given(leaf_value(tree, leaf, is_guess)));
                    }
                    Reached::Several => {
                        let why = format!("an entry of mapping {map} stands twice");
                        values.add(Values::unknown(mapping.key, why));
                    }
                    Reached::Nothing => misses = true,
                }
            }
        }
        if let Some(fallback) = fallback {
            if misses {
                values.add(self.branch("as", "DefaultValue", fallback.value));
            }
        } else if values.known.is_empty() && values.unknown.is_empty() {
            return Values::unknown(node, "Fn::FindInMap reaches no entry");
        }
        values
    }

    /// What these keys of a mapping reach, or any where there are none. None
    /// where that takes too many steps.
    fn leaves(
        &mut self,
        map: &str,
        mapping: Entry,
        tops: Option<&[String]>,
        seconds: Option<&[String]>,
    ) -> Option<Vec<Reached>> {
        let tree = self.context.tree;
        let sections = self.context.sections;
        let mut found = Vec::new();
        let entries = tree.entries(tree.resolve(mapping.value));
        let all = entries.iter().map(|entry| tree.literal(entry.key));
        let tops: Box<dyn Iterator<Item = Option<&str>>> = match tops {
            Some(tops) => Box::new(tops.iter().map(|top| Some(top.as_str()))),
            None => Box::new(all),
        };
        for top in tops {
            self.steps += 1;
            if self.steps > self.most {
                return None;
            }
            let Some(top) = top else {
                continue;
            };
            if let Some(seconds) = seconds {
                self.steps += seconds.len();
                found.extend(
                    seconds
                        .iter()
                        .map(|second| sections.leaf([map, top, second])),
                );
                continue;
            }
            let below = sections
                .top(map, top)
                .map_or(&[][..], |top| tree.entries(tree.resolve(top.value)));
            self.steps += below.len();
            let second = below.iter().filter_map(|entry| tree.literal(entry.key));
            found.extend(second.map(|second| sections.leaf([map, top, second])));
        }
        Some(found)
    }

    /// The words that a key can be; None where it can be any.
    fn keys(&mut self, key: NodeId) -> Option<Vec<String>> {
        let was = std::mem::replace(&mut self.is_key, true);
        let read = self.reads.len();
        let values = self.value(key);
        // What decides which entry is read does not feed it.
        self.reads.truncate(read);
        self.is_key = was;
        if !values.unknown.is_empty() {
            return None;
        }
        let words = values.known.into_iter().map(|known| match known.word {
            Word::Text(word) if !is_placeholder(&word) => Some(word),
            _ => None,
        });
        words.collect()
    }

    /// What comes out where a function puts parts together. A part that stands
    /// alone comes out as it is.
    fn glued(&self, node: NodeId, function: &str, mut parts: Vec<Values>) -> Values {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let mut glued = vec![String::new()];
        for part in parts {
            if !part.unknown.is_empty() {
                return Values {
                    known: Vec::new(),
                    unknown: part.unknown,
                };
            }
            let mut longer = Vec::new();
            for known in part.known {
                let Word::Text(word) = known.word else {
                    return Values::unknown(known.at, format!("{function} is given no string"));
                };
                longer.extend(glued.iter().map(|start| format!("{start}{word}")));
            }
            if longer.iter().any(|word| word.len() > LONGEST) {
                return Values::unknown(node, TOO_LONG);
            }
            if longer.len() > MAX_GLUED {
                return Values::unknown(node, "it can be too many words");
            }
            glued = longer;
        }
        let known = glued.into_iter().map(|word| {
            let how = format!("{function} makes it {word}");
            Known::new(Word::Text(word), node, how, Home::Nowhere)
        });
        self.given(Values {
            known: known.collect(),
            unknown: Vec::new(),
        })
    }
}

fn leaf_value(tree: &Tree<'_>, leaf: Leaf, is_guess: bool) -> Values {
    let name = leaf
        .keys
        .map(|key| brief(tree.literal(key).unwrap_or_default()));
    let name = name.join(".");
    let at = tree.resolve(leaf.value);
    let mut values = literal(tree, at, Home::Mapping(leaf), |word| {
        format!("mapping {name} is {word}")
    });
    for known in &mut values.known {
        known.is_guess = is_guess;
    }
    values
}

/// A node that calls no function.
fn literal(tree: &Tree<'_>, at: NodeId, home: Home, how: impl Fn(&str) -> String) -> Values {
    let word = match tree.value(at) {
        _ if tree.has_custom_tag(at) => return Values::unknown(at, "a literal is computed"),
        _ if tree.is_null(at) => Word::Nothing,
        Value::Scalar { .. } if tree.is_masked(at) => return Values::unknown(at, PLACEHOLDER),
        Value::Scalar { text, .. } if text.len() > LONGEST => {
            return Values::unknown(at, TOO_LONG);
        }
        Value::Scalar { text, .. } if is_placeholder(text) => {
            return Values::unknown(at, PLACEHOLDER);
        }
        Value::Scalar { text, .. } => Word::Text(text.to_owned()),
        Value::Mapping { .. } | Value::Sequence { .. } => Word::Collection,
        Value::Alias { .. } => return Values::unknown(at, "an alias stands for nothing"),
    };
    let home = match word {
        Word::Collection => Home::Nowhere,
        _ => home,
    };
    let how = how(word.shown());
    Values::one(Known::new(word, at, how, home))
}

/// A piece of text that is part of a longer one.
fn text(at: NodeId, word: &str) -> Values {
    if word.len() > LONGEST {
        return Values::unknown(at, TOO_LONG);
    }
    let how = format!("it is {word}");
    Values::one(Known::new(
        Word::Text(word.to_owned()),
        at,
        how,
        Home::Nowhere,
    ))
}

/// What the declaration of a parameter has against a word: the key of the
/// entry that does not let the parameter be that word, or may not.
///
/// Source: AWS CloudFormation User Guide, "Parameters".
#[must_use]
pub fn objection(tree: &Tree<'_>, parameter: Entry, word: &str) -> Option<NodeId> {
    let declaration = tree.resolve(parameter.value);
    let rules = ["AllowedValues", "AllowedPattern", "MinLength", "MaxLength"];
    rules.into_iter().find_map(|rule| {
        let entry = tree.entry(declaration, rule)?;
        let value = tree.resolve(entry.value);
        let length = || tree.literal(value).and_then(|length| length.parse().ok());
        let takes = match rule {
            "AllowedValues" => {
                let allowed = tree.items(value).iter();
                allowed
                    .copied()
                    .any(|item| tree.literal(tree.resolve(item)) == Some(word))
            }
            "MinLength" => length().is_some_and(|least: usize| word.len() >= least),
            "MaxLength" => length().is_some_and(|most: usize| word.len() <= most),
            // Expressions are not judged here.
            _ => false,
        };
        (!takes).then_some(entry.key)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::syntax;
    use crate::template::{Template, loops};

    const SECTIONS: &str = "\
Parameters:
  Bad: {Type: String, Default: MUTABLE}
  Good: {Default: IMMUTABLE}
  Open: {Type: String, AllowedValues: [A, B]}
  Bare: {Type: String}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}
  Twice: {Default: a}
  Twice: {Default: b}
Mappings:
  Modes:
    A: {Mode: MUTABLE, Other: x}
    B: {Mode: IMMUTABLE}
  Odd:
    A: {Absent: null, Tagged: !Foo MUTABLE, List: [MUTABLE]}
";

    /// The values of an expression. `mappings` stand behind those of
    /// [`SECTIONS`].
    fn values_of(mappings: &str, expression: &str) -> Values {
        let text = format!(
            "{SECTIONS}{mappings}Resources:\n  Fn::ForEach::Loop:\n    - Item\n    - [A, B]\n    \
             - R${{Item}}: {{Mode: {expression}}}\n"
        );
        let tree = syntax::parse(&text).unwrap();
        let template = Template::of(&tree);
        let resource = template.resources.first().unwrap();
        let node = tree.entry(resource.body, "Mode").unwrap().value;
        let (_, sections) = template.scopes.around(node).unwrap();
        let context = Context {
            tree: &tree,
            sections,
            loops: &loops(&tree, resource.logical_id),
        };
        values(context, node, &mut Budget::of(text.len())).0
    }

    /// What an expression can be: its words in order, and `?` where it can be
    /// something else.
    fn can_be(mappings: &str, expression: &str) -> Vec<String> {
        let values = values_of(mappings, expression);
        let words = values.known.into_iter().map(|known| match known.word {
            Word::Text(word) => word,
            Word::Nothing => "~".to_owned(),
            Word::Collection => "[]".to_owned(),
        });
        let unknown = values.unknown.iter().map(|_| "?".to_owned());
        words.chain(unknown).collect()
    }

    #[test]
    fn an_expression_can_be_what_its_parts_come_to() {
        for (expression, expected) in [
            ("MUTABLE", "MUTABLE"),
            ("''", ""),
            ("~", "~"),
            ("[a]", "[]"),
            ("'{{resolve:ssm:a}}'", "?"),
            ("!Ref Bad", "MUTABLE"),
            ("{Ref: Good}", "IMMUTABLE"),
            ("!Ref AWS::NoValue", "~"),
            ("!Ref AWS::Region", "?"),
            ("!Ref Open", "?"),
            ("!Ref Bare", "?"),
            ("!Ref Stored", "?"),
            ("!Ref Twice", "?"),
            ("!Ref Nobody", "?"),
            ("!Ref Item", "A B"),
            ("'${Item}'", "A B"),
            ("'x${Item}'", "xA xB"),
            ("'${Item}${Bad}'", "?"),
            ("!If [C, a, b]", "a b"),
            (
                "!If [C, !If [D, a, !Ref Bad], {Ref: AWS::NoValue}]",
                "a MUTABLE ~",
            ),
            ("{Fn::If: [C, a, !ImportValue b]}", "a ?"),
            ("!If [C, a]", "?"),
            ("!FindInMap [Modes, A, Mode]", "MUTABLE"),
            ("!FindInMap [Modes, !Ref Open, Mode]", "MUTABLE IMMUTABLE"),
            ("!FindInMap [Modes, !Ref Bare, Mode]", "MUTABLE IMMUTABLE"),
            ("!FindInMap [Modes, !Ref Item, Mode]", "MUTABLE IMMUTABLE"),
            (
                "!FindInMap [Modes, !Sub '${Item}', Mode]",
                "MUTABLE IMMUTABLE",
            ),
            ("!FindInMap [Modes, A, !Ref Bare]", "MUTABLE x"),
            ("!FindInMap [Modes, C, Mode]", "?"),
            ("!FindInMap [Modes, C, Mode, {DefaultValue: d}]", "d"),
            ("!FindInMap [Modes, A, Mode, {DefaultValue: d}]", "MUTABLE"),
            (
                "!FindInMap [Modes, !Ref Bare, Mode, {DefaultValue: d}]",
                "MUTABLE IMMUTABLE d",
            ),
            ("!FindInMap [Odd, A, Absent]", "~"),
            ("!FindInMap [Odd, A, Tagged]", "?"),
            ("!FindInMap [Odd, A, List]", "[]"),
            (
                "!FindInMap [Modes, !Sub '${!A}', Mode, {DefaultValue: d}]",
                "MUTABLE IMMUTABLE d",
            ),
            ("!FindInMap [!Ref Bare, A, Mode]", "?"),
            ("!FindInMap [Nothing, A, Mode]", "?"),
            ("!Sub MUTABLE", "MUTABLE"),
            ("!Sub '${Bad}'", "MUTABLE"),
            ("!Sub 'IM${Bad}'", "IMMUTABLE"),
            ("!Sub ['${A}${B}', {A: !If [C, a, b], B: x}]", "ax bx"),
            ("!Sub ['${A}', {A: {Ref: Good}}]", "IMMUTABLE"),
            ("!Sub '${!Bad}'", "${Bad}"),
            ("!Sub '${Web.Arn}'", "?"),
            ("!Sub 'a${Bare}'", "?"),
            ("!Join ['', [IM, !Ref Bad]]", "IMMUTABLE"),
            ("!Join [_, [a, b]]", "a_b"),
            ("!Join [_, [a]]", "a"),
            ("!Join [!Ref Bad, [a, b]]", "?"),
            ("!Join [_, !Ref Bad]", "?"),
            ("!Join [_, []]", "?"),
            ("!Join [_, !!foo [a]]", "?"),
            ("!Select [1, [a, b]]", "b"),
            ("!Select ['0', [!Ref Bad, b]]", "MUTABLE"),
            ("!Select [2, [a, b]]", "?"),
            ("!Select [!Ref Bad, [a, b]]", "?"),
            ("!Select [1, !Split [',', 'a,b']]", "b"),
            ("!Select [1, !Split [',', !Ref Bad]]", "?"),
            ("!Select [0, !Split ['', 'a,b']]", "?"),
            ("!Select [0, !Cidr [',', 'a,b']]", "?"),
            ("!GetAtt Web.Arn", "?"),
            ("!Unheard a", "?"),
            ("{Fn::If: [C, a, b], Other: c}", "?"),
        ] {
            let expected: Vec<&str> = expected.split(' ').collect();
            assert_eq!(can_be("", expression), expected, "{expression}");
        }
    }

    #[test]
    fn it_is_said_how_a_word_comes_out_or_why_it_is_not_known() {
        for (expression, said) in [
            ("''", "it is empty"),
            ("MUTABLE", "it is MUTABLE"),
            ("!Sub MUTABLE", "it is MUTABLE"),
            ("!Sub 'a${Bad}'", "Fn::Sub makes it aMUTABLE"),
            ("!Ref Bad", "parameter Bad defaults to MUTABLE"),
            ("!1 a", "its tag is not known"),
            ("{Condition: C}", "Condition is known when it is deployed"),
            ("!GetAtt a.b", "Fn::GetAtt is known when it is deployed"),
            ("!Select [0, !GetAZs a]", "a list is computed"),
            ("!Select [1, [a]]", "Fn::Select has no item of that number"),
        ] {
            let Values { known, unknown } = values_of("", expression);
            let known = known.into_iter().map(|known| known.how);
            let all: Vec<String> = known
                .chain(unknown.into_iter().map(|unknown| unknown.why))
                .collect();
            assert_eq!(all, [said], "{expression}");
        }
    }

    /// `Fn::If` with so many words, the first of which is given.
    fn one_of(words: usize, first: &str) -> String {
        if words == 1 {
            return first.to_owned();
        }
        let half = words / 2;
        let (then, otherwise) = (one_of(half, first), one_of(words - half, "a"));
        format!("!If [C, {then}, {otherwise}]")
    }

    type Sized<'s> = &'s dyn Fn(usize) -> (String, String);

    #[test]
    fn what_is_too_long_too_deep_or_too_much_is_not_followed() {
        let a = |count: usize| "a".repeat(count);
        let tops = |count: usize| {
            let tops = (0..count).map(|top| format!("    T{top}: {{Mode: a}}\n"));
            format!("  Big:\n{}", tops.collect::<String>())
        };
        // The greatest size that is followed, in its own measure, and what
        // has a size: mappings and an expression.
        let alone = |expression: String| (String::new(), expression);
        let sized: [(usize, Sized<'_>); 13] = [
            (LONGEST, &|size| alone(a(size))),
            (LONGEST, &|size| {
                alone(format!("'${{Item}}{}'", a(size - 7)))
            }),
            (LONGEST, &|size| alone(format!("!Sub {}", a(size)))),
            (LONGEST, &|size| {
                alone(format!("!Sub '${{Good}}{}'", a(size - 9)))
            }),
            (LONGEST, &|size| {
                alone(format!("!Sub '${{!{}}}'", a(size - 3)))
            }),
            (16 * LONGEST, &|size| {
                let name = a(size - 3);
                alone(format!("!Sub ['${{{name}}}', {{? {name} : b}}]"))
            }),
            (LONGEST, &|size| {
                alone(format!("!Select [1, !Split [',', 'b,{}']]", a(size - 2)))
            }),
            (LONGEST, &|size| {
                alone(format!("!Join ['', [b, {}]]", a(size - 1)))
            }),
            (MAX_GLUED, &|size| {
                alone(format!("!Join ['', [b, {}]]", one_of(size, "a")))
            }),
            (MAX_DEPTH, &|size| {
                let (open, close) = ("!If [C, a, ".repeat(size), "]".repeat(size));
                alone(format!("{open}b{close}"))
            }),
            // One step for each word and for each function, and one for each
            // piece of the first of them.
            (MAX_STEPS, &|size| {
                let pieces = "${!b}".repeat(size - (MAX_STEPS - 1));
                alone(one_of(MAX_STEPS / 2, &format!("!Sub '{pieces}'")))
            }),
            // One step for the list, for the function and for each of its
            // keys, and two for each entry.
            (MAX_STEPS / 2 - 2, &|size| {
                let find = "!Join ['', [!FindInMap [Big, !Ref Bare, Mode]]]".to_owned();
                (tops(size), find)
            }),
            (MAX_STEPS / 2 - 2, &|size| {
                let find = "!Join ['', [!FindInMap [Big, !Ref Bare, !Ref Bare]]]".to_owned();
                (tops(size), find)
            }),
        ];
        for (nth, (most, of_size)) in sized.into_iter().enumerate() {
            for size in [most - 1, most, most + 1, most + most / 4] {
                let (mappings, expression) = of_size(size);
                let is_known = !can_be(&mappings, &expression).contains(&"?".to_owned());
                assert_eq!(is_known, size <= most, "{nth}: {size} and {most}");
            }
        }
    }

    #[test]
    fn a_parameter_objects_to_what_its_declaration_rules_out() {
        for (declaration, objects) in [
            ("{Default: MUTABLE}", false),
            ("{AllowedValues: [MUTABLE, IMMUTABLE]}", false),
            ("{AllowedValues: [MUTABLE]}", true),
            ("{AllowedPattern: '.*'}", true),
            ("{MaxLength: 9}", false),
            ("{MaxLength: 8}", true),
            ("{MinLength: '9'}", false),
            ("{MinLength: 10}", true),
            ("{MaxLength: nine}", true),
        ] {
            let text = format!("P: {declaration}");
            let tree = syntax::parse(&text).unwrap();
            let root = *tree.documents().first().unwrap();
            let parameter = tree.entry(root, "P").unwrap();
            let objection = objection(&tree, parameter, "IMMUTABLE");
            assert_eq!(objection.is_some(), objects, "{declaration}");
        }
    }
}
