//! Computed modes: templates of functions, parameters and mappings, and a
//! second evaluation of them on the third reader's tree.
//!
//! The evaluation knows what AWS documents of each function (AWS
//! CloudFormation User Guide, "Intrinsic function reference"): a condition
//! goes both ways, a parameter counts by its default.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::proven::proven;
use arbitrary::{Result, Unstructured};
use immutag_engine::{Applicability, Decision, Profile, Verdict};

use crate::MAX_LEN;
use crate::oracle::{self, MODE, ensure, rules};
use crate::tree::{self, Kind, Node};

/// Draws a template with computed modes, and holds what is found and repaired
/// against what the modes can be.
pub fn check(data: &[u8]) {
    if data.len() <= MAX_LEN {
        let _ = drawn(Unstructured::new(data));
    }
}

const WORDS: [&str; 5] = ["IMMUTABLE", "MUTABLE", "immutable", "other", "''"];
const PARAMETERS: [&str; 3] = ["Mode", "Key", "Free"];

fn drawn(mut u: Unstructured<'_>) -> Result<()> {
    let letter: u8 = u.arbitrary::<u8>()? & 3;
    let is_long = u.arbitrary()?;
    let mut draw = Layout { u: &mut u, is_long };
    let text = draw.template()?;
    let text = if draw.u.ratio(1, 4)? {
        text.replace('\n', "\r\n")
    } else {
        text
    };
    let rules = rules(letter);
    let Some(assessment) = oracle::check(text.as_bytes(), &rules) else {
        let error = proven(text.as_bytes(), &rules);
        panic!("{error:?} of\n{}", oracle::shown(&text));
    };
    let documents = tree::yaml(&text).expect("libyaml reads what was drawn");
    let root = &documents[0];
    let is_strict = rules.policy.profile == Profile::Strict;
    for (key, body) in repositories(root) {
        let can_be = Evaluation::of(root, body);
        let found = assessment
            .facts
            .findings
            .iter()
            .find(|finding| finding.logical_id == key);
        let verdict = found.map(|finding| finding.verdict);
        let is_right = match (&can_be, verdict) {
            (all, None) => all.bad.is_empty() && !all.is_open && !(is_strict && all.is_computed),
            (all, Some(Verdict::Unverifiable)) => {
                all.bad.is_empty() && (all.is_open || is_strict && all.is_computed)
            }
            (all, Some(_)) => !all.bad.is_empty(),
        };
        ensure!(
            is_right,
            &text,
            "{key} is {verdict:?}, and can be {can_be:?}"
        );
    }
    let Some(fixed) = &assessment.fixed else {
        return Ok(());
    };
    let after = tree::yaml(&fixed.after()).expect("the oracle has read it");
    let new_root = &after[0];
    for ((key, old), (_, new)) in repositories(root).zip(repositories(new_root)) {
        let finding = assessment
            .facts
            .findings
            .iter()
            .find(|found| found.logical_id == key);
        let was = Evaluation::of(root, old);
        let is = Evaluation::of(new_root, new);
        let is_fixed = finding.is_some_and(|found| matches!(found.decision, Decision::Fix(_)));
        if is_fixed {
            ensure!(
                is.bad.is_empty(),
                &text,
                "{key} can be {is:?} in\n{}",
                oracle::shown(&fixed.after())
            );
        } else {
            // It may have gained by what was repaired for others.
            let is_kept = is.bad.is_subset(&was.bad) && is.is_open == was.is_open;
            ensure!(is_kept, &text, "{key} was {was:?} and is {is:?}");
        }
    }
    // Who reads the same sources for something else reads the same still.
    for name in ["Topic", "Out"] {
        let reads = |root: &Node| {
            let section = if name == "Out" {
                "Outputs"
            } else {
                "Resources"
            };
            let body = root.get(section)?.get(name)?;
            let value = body
                .get("Value")
                .or_else(|| body.get("Properties")?.get("TopicName"))?;
            let mut all = BTreeSet::new();
            words(root, value, 0, &mut all);
            Some(all)
        };
        let (was, is) = (reads(root), reads(new_root));
        ensure!(was == is, &text, "{name} read {was:?} and reads {is:?}");
    }
    let is_safe = rules.allow == Applicability::Safe;
    let parameters = (root.get("Parameters"), new_root.get("Parameters"));
    if let (Some(was), Some(is), true) = (parameters.0, parameters.1, is_safe) {
        ensure!(was.same(is), &text, "a safe repair changes a parameter");
    }
    Ok(())
}

/// The words that a value can come to, as far as they are known.
fn words(root: &Node, value: &Node, depth: usize, all: &mut BTreeSet<String>) {
    let mut evaluation = Evaluation::default();
    evaluation.depth = depth;
    let values = evaluation.value(root, value);
    all.extend(values.into_iter().map(|word| format!("{word:?}")));
}

fn repositories(root: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = root.get("Resources").map_or(&[][..], Node::entries).iter();
    entries
        .filter(|(_, body)| body.get("Type").and_then(Node::word) == Some(oracle::REPOSITORY))
        .filter_map(|(key, body)| Some((key.word()?, body)))
}

/// What comes out: a word, nothing, or what only a deployment knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Text(String),
    Nothing,
    Unknown,
    /// One of several that a key which is computed may lead to.
    Guess(String),
}

#[derive(Debug, Default)]
struct Evaluation {
    /// The wrong words that are known to come out.
    bad: BTreeSet<Word>,
    /// Whether something else may come out.
    is_open: bool,
    /// Whether the mode is anything but a word.
    is_computed: bool,
    depth: usize,
}

impl Evaluation {
    fn of(root: &Node, body: &Node) -> Self {
        let mut found = Self::default();
        let Some(mode) = body.get("Properties").and_then(|node| node.get(MODE)) else {
            found.bad.insert(Word::Nothing);
            return found;
        };
        found.is_computed = mode.tag.is_some() || mode.word().is_none();
        for word in found.value(root, mode) {
            match word {
                Word::Unknown => found.is_open = true,
                Word::Text(text) | Word::Guess(text) if text == "IMMUTABLE" => {}
                // A word that is none of ECR's is there for something else.
                Word::Guess(text)
                    if !["MUTABLE", "IMMUTABLE"].contains(&text.to_uppercase().as_str()) =>
                {
                    found.is_open = true;
                }
                word => {
                    found.bad.insert(word);
                }
            }
        }
        found
    }

    fn value(&mut self, root: &Node, node: &Node) -> Vec<Word> {
        self.depth += 1;
        let words = self.words(root, node);
        self.depth -= 1;
        words
    }

    fn words(&mut self, root: &Node, node: &Node) -> Vec<Word> {
        let Some((name, argument)) = call(node) else {
            return vec![match node.word() {
                Some(_) if node.is_nothing() => Word::Nothing,
                Some(word) => Word::Text(word.to_owned()),
                None => Word::Unknown,
            }];
        };
        let items = argument.items();
        match (name, items) {
            ("Ref", _) => Self::reference(root, argument.word().unwrap_or_default()),
            ("If", [_, then, otherwise]) => {
                let mut words = self.value(root, then);
                words.extend(self.value(root, otherwise));
                words
            }
            ("Sub", _) => {
                let text = argument.word().unwrap_or_default();
                let inner = text
                    .strip_prefix("${")
                    .and_then(|text| text.strip_suffix('}'));
                match inner {
                    Some(name) => Self::reference(root, name)
                        .into_iter()
                        .map(|word| {
                            if word == Word::Nothing {
                                Word::Unknown
                            } else {
                                word
                            }
                        })
                        .collect(),
                    None => vec![Word::Text(text.to_owned())],
                }
            }
            ("Select", [index, list]) => {
                let index: usize = index.word().and_then(|word| word.parse().ok()).unwrap_or(9);
                match list.items().get(index) {
                    Some(item) => self.value(root, item),
                    None => vec![Word::Unknown],
                }
            }
            ("FindInMap", [map, top, second]) => {
                let leaf = |entry: &Node| {
                    let word = entry.get(second.word()?)?.word()?;
                    Some(word.to_owned())
                };
                let Some(map) = root.get("Mappings").and_then(|maps| maps.get(map.word()?)) else {
                    return vec![Word::Unknown];
                };
                match top.literal().filter(|_| call(top).is_none()) {
                    Some(key) => match map.get(key).and_then(leaf) {
                        Some(word) => vec![Word::Text(word)],
                        None => vec![Word::Unknown],
                    },
                    None => {
                        let words = map.entries().iter().filter_map(|(_, entry)| leaf(entry));
                        words.map(Word::Guess).collect()
                    }
                }
            }
            _ => vec![Word::Unknown],
        }
    }

    fn reference(root: &Node, name: &str) -> Vec<Word> {
        if name == "AWS::NoValue" {
            return vec![Word::Nothing];
        }
        let parameter = root.get("Parameters").and_then(|all| all.get(name));
        let default = parameter.and_then(|parameter| parameter.get("Default"));
        vec![match default.and_then(Node::word) {
            Some(word) => Word::Text(word.to_owned()),
            None => Word::Unknown,
        }]
    }
}

/// A function and its argument, in either form.
fn call(node: &Node) -> Option<(&str, &Node)> {
    if let Some(name) = node.tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
        return Some((name, node));
    }
    match &node.kind {
        Kind::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            let name = key.word()?;
            let name = name
                .strip_prefix("Fn::")
                .or((name == "Ref").then_some(name))?;
            Some((name, value))
        }
        _ => None,
    }
}

struct Layout<'u, 'd> {
    u: &'u mut Unstructured<'d>,
    /// Whether functions are written as mappings.
    is_long: bool,
}

impl Layout<'_, '_> {
    fn of<T: Copy>(&mut self, choices: &[T]) -> Result<T> {
        Ok(choices[self.u.choose_index(choices.len())?])
    }

    fn template(&mut self) -> Result<String> {
        let mut text = String::new();
        let _ = writeln!(text, "Parameters:");
        for name in PARAMETERS {
            let _ = writeln!(text, "  {name}:\n    Type: String");
            if name != "Free" {
                let word = self.of(&WORDS)?;
                let quote = self.of(&["", "'"])?;
                let word = if word == "''" {
                    word.to_owned()
                } else {
                    format!("{quote}{word}{quote}")
                };
                let _ = writeln!(text, "    Default: {word}{}", self.note()?);
            }
        }
        let _ = writeln!(text, "Mappings:\n  Modes:");
        for top in ["one", "two"] {
            let (first, second) = (self.of(&WORDS[..4])?, self.of(&WORDS[..4])?);
            if self.u.arbitrary()? {
                let _ = writeln!(text, "    {top}: {{a: {first}, b: \"{second}\"}}");
            } else {
                let _ = writeln!(
                    text,
                    "    {top}:\n      a: {first}\n      b: {second}{}",
                    self.note()?
                );
            }
        }
        let _ = writeln!(
            text,
            "Conditions:\n  IsProd: !Equals [!Ref Free, prod]\nResources:"
        );
        for nth in 0..=self.u.int_in_range(0..=3)? {
            let mode = self.expression(0)?;
            let _ = writeln!(text, "  Repo{nth}:\n    Type: AWS::ECR::Repository");
            let _ = match self.u.int_in_range(0..=4u8)? {
                0 => writeln!(
                    text,
                    "    Properties: {{RepositoryName: a, {MODE}: {mode}}}"
                ),
                1 => writeln!(
                    text,
                    "    Properties:\n      {MODE}: {mode}{}\n      RepositoryName: !Ref Free",
                    self.note()?
                ),
                2 => writeln!(text, "    Properties:\n      {MODE}:\n        {mode}"),
                3 => writeln!(text, "    Properties:\n      ? {MODE}\n      : {mode}"),
                _ => writeln!(
                    text,
                    "    Properties:\n      RepositoryName: 'é'\n      {MODE}: {mode}"
                ),
            };
        }
        if self.u.ratio(1, 3)? {
            let value = self.expression(2)?;
            let _ = writeln!(
                text,
                "  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: {value}"
            );
        }
        if self.u.ratio(1, 3)? {
            let value = self.expression(2)?;
            let _ = writeln!(text, "Outputs:\n  Out:\n    Value: {value}");
        }
        Ok(text)
    }

    fn note(&mut self) -> Result<&'static str> {
        self.of(&["", "", " # MUTABLE", " "])
    }

    /// A function of these arguments, in braces.
    fn call(&self, name: &str, arguments: &str) -> String {
        if self.is_long {
            let prefix = if name == "Ref" { "" } else { "Fn::" };
            format!("{{\"{prefix}{name}\": {arguments}}}")
        } else {
            format!("!{name} {arguments}")
        }
    }

    fn expression(&mut self, depth: usize) -> Result<String> {
        let choices = if depth < 4 { 9 } else { 4 };
        Ok(match self.u.int_in_range(0..=choices)? {
            0 | 1 => self.of(&WORDS)?.to_owned(),
            2 => {
                let name = self.of(&["Mode", "Key", "Free", "AWS::NoValue", "Mode"])?;
                self.call("Ref", &format!("\"{name}\""))
            }
            3 => {
                let name = self.of(&["Mode", "Key", "Free"])?;
                self.call("Sub", &format!("\"${{{name}}}\""))
            }
            4 => self.call("ImportValue", "\"Mode\""),
            5 | 6 => {
                let (then, otherwise) = (self.expression(depth + 1)?, self.expression(depth + 1)?);
                self.call("If", &format!("[IsProd, {then}, {otherwise}]"))
            }
            7 => {
                let (one, two) = (self.expression(depth + 1)?, self.expression(depth + 1)?);
                let index = self.of(&["0", "1"])?;
                self.call("Select", &format!("[{index}, [{one}, {two}]]"))
            }
            _ => {
                let leaf = self.of(&["a", "b"])?;
                let key = match self.u.int_in_range(0..=2)? {
                    0 => "one".to_owned(),
                    1 => "two".to_owned(),
                    _ => self.call("Ref", "\"Free\""),
                };
                self.call("FindInMap", &format!("[Modes, {key}, {leaf}]"))
            }
        })
    }
}
