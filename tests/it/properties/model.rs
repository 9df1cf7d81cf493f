//! What a template says: documents, resources, and the rule's answer to each.
//!
//! Nothing here knows how a text looks. A template is drawn from a tape of
//! bytes, so that a shorter tape of smaller bytes is a simpler template: a
//! failing case shrinks to a small one. What the rule says to a repository is
//! written down a second time, as the table of the rule, from the words of
//! the AWS CloudFormation User Guide (`AWS::ECR::Repository`) and without a
//! look at the crate.

/// The type that the rule is about.
pub(crate) const REPOSITORY: &str = "AWS::ECR::Repository";
/// Another type of the same length.
pub(crate) const LOOKALIKE: &str = "AWS::ECR::Repositorx";
/// The property that the rule is about.
pub(crate) const MODE: &str = "ImageTagMutability";
/// The property that goes with the `*_WITH_EXCLUSION` modes.
pub(crate) const FILTERS: &str = "ImageTagMutabilityExclusionFilters";

/// Decisions, drawn one after the other from a tape of bytes. Where the tape
/// ends every decision is the plainest.
pub(crate) struct Draw<'a> {
    tape: std::slice::Iter<'a, u8>,
}

impl<'a> Draw<'a> {
    pub(crate) fn new(tape: &'a [u8]) -> Self {
        Self { tape: tape.iter() }
    }

    /// A number below `bound`; 0 is the plainest.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(*self.tape.next().unwrap_or(&0)) % bound
    }

    /// True in one of `times` cases.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of them; the first is the plainest.
    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// What a document says, the same for YAML and JSON. Two values are equal if
/// they say the same in the same order, duplicate keys included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string.
    Text(String),
    /// A number or a boolean.
    Bare(String),
    /// Null.
    Nothing,
    /// A function: `!Name value`, or `{"Fn::Name": value}`.
    Call(&'static str, Box<Value>),
    /// Keys and values.
    Map(Vec<(String, Value)>),
    /// Items.
    List(Vec<Value>),
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Functions in their long form, so that YAML and JSON can be compared.
    pub(crate) fn spelled_out(&self) -> Self {
        match self {
            Self::Call(name, inner) => Self::Map(vec![(long(name), inner.spelled_out())]),
            Self::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.spelled_out()))
                    .collect(),
            ),
            Self::List(items) => Self::List(items.iter().map(Self::spelled_out).collect()),
            other => other.clone(),
        }
    }
}

/// The key that says in a mapping what the tag `!name` says.
pub(crate) fn long(name: &str) -> String {
    match name {
        "Ref" => name.to_owned(),
        _ => format!("Fn::{name}"),
    }
}

/// A name and what describes it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) body: Vec<(String, Value)>,
}

/// Where the resources of a document stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Under `Resources`.
    Section,
    /// The first of them in the body of an `Fn::ForEach`.
    Loop,
    /// The first of them two loops deep.
    LoopInLoop,
    /// Under a Serverless file's `resources`.
    Serverless,
    /// In the items of a Serverless file's `resources`, one each.
    ServerlessList,
    /// At the top level: a part of a template.
    Fragment,
}

/// One document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) place: Place,
    pub(crate) before: Vec<(String, Value)>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) after: Vec<(String, Value)>,
}

/// One text: its documents.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) documents: Vec<Document>,
}

/// How strict the rule is taken, and what may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) strict: bool,
    pub(crate) all: bool,
}

/// What is to be done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// The fix is a matter of course.
    Safe,
    /// The fix is the user's decision.
    Unsafe,
    /// There is no fix, for this reason.
    Refused(&'static str),
}

/// What the rule says to a resource: the verdict's code and the answer.
pub(crate) type Said = (&'static str, Answer);

impl Template {
    pub(crate) fn draw(draw: &mut Draw<'_>) -> Self {
        let mut names = 0;
        let count = draw.of(&[1, 1, 1, 1, 1, 2, 3]);
        let documents = (0..count)
            .map(|_| Document::draw(draw, &mut names))
            .collect();
        Self { documents }
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.documents.iter().flat_map(|doc| &doc.resources)
    }

    /// What is found, in the order of the text.
    pub(crate) fn findings(&self, strict: bool) -> Vec<(String, Said)> {
        self.resources()
            .filter_map(|resource| Some((resource.id.clone(), said(&resource.body, strict)?)))
            .collect()
    }

    /// The template as it shall be after the fix.
    pub(crate) fn fixed(&self, rules: Rules) -> Self {
        self.fixed_but_for(rules, &[])
    }

    /// The same where these tags stay mutable.
    pub(crate) fn fixed_but_for(&self, rules: Rules, tags: &[&str]) -> Self {
        let mut fixed = self.clone();
        for document in &mut fixed.documents {
            for resource in &mut document.resources {
                let most = if rules.all {
                    Answer::Unsafe
                } else {
                    Answer::Safe
                };
                if said(&resource.body, rules.strict).is_some_and(|(_, answer)| answer <= most) {
                    fix(&mut resource.body, tags);
                }
            }
        }
        fixed
    }

    /// What each document says, functions in their long form.
    pub(crate) fn meaning(&self) -> Vec<Value> {
        self.documents
            .iter()
            .map(|document| document.value().spelled_out())
            .collect()
    }
}

impl Document {
    fn draw(draw: &mut Draw<'_>, names: &mut usize) -> Self {
        let place = draw.of(&[
            Place::Section,
            Place::Section,
            Place::Section,
            Place::Loop,
            Place::LoopInLoop,
            Place::Serverless,
            Place::ServerlessList,
            Place::Fragment,
        ]);
        let mut resources = Vec::new();
        for nth in 0..=draw.of(&[0, 0, 1, 2, 3]) {
            *names += 1;
            let is_repository = nth == 0 || !draw.once_in(4);
            let name = draw.of(&["Repo", "Bucket", "Dépôt", "Resources", "Type"]);
            resources.push(Resource {
                id: format!("{name}{names}"),
                body: if is_repository {
                    repository(draw)
                } else {
                    other_resource(draw)
                },
            });
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        if place != Place::Fragment {
            before.push(match place {
                Place::Serverless | Place::ServerlessList => ("service", "shop"),
                _ => ("AWSTemplateFormatVersion", "2010-09-09"),
            });
            before.truncate(draw.below(2));
        }
        let mut before: Vec<(String, Value)> = before
            .into_iter()
            .map(|(key, value)| (key.to_owned(), Value::text(value)))
            .collect();
        if place != Place::Fragment && draw.once_in(4) {
            before.push(lookalike("Metadata", draw));
        }
        if place != Place::Fragment && draw.once_in(4) {
            after.push(lookalike("Outputs", draw));
        }
        Self {
            place,
            before,
            resources,
            after,
        }
    }

    /// The document as it is written.
    pub(crate) fn value(&self) -> Value {
        let all: Vec<(String, Value)> = self
            .resources
            .iter()
            .map(|resource| (resource.id.clone(), Value::Map(resource.body.clone())))
            .collect();
        let section = |resources| ("Resources".to_owned(), Value::Map(resources));
        let (first, rest) = all.split_at(1);
        let looped = |name: &str, body: Vec<(String, Value)>| {
            let collection = Value::List(vec![Value::text("a"), Value::text("b")]);
            let parts = vec![Value::text(name), collection, Value::Map(body)];
            (format!("Fn::ForEach::{name}"), Value::List(parts))
        };
        let with_rest = |entry: (String, Value)| {
            let mut entries = vec![entry];
            entries.extend_from_slice(rest);
            entries
        };
        let middle = match self.place {
            Place::Section => vec![section(all)],
            Place::Loop => vec![section(with_rest(looped("Each", first.to_vec())))],
            Place::LoopInLoop => {
                let inner = looped("Inner", first.to_vec());
                vec![section(with_rest(looped("Outer", vec![inner])))]
            }
            Place::Serverless => {
                vec![("resources".to_owned(), Value::Map(vec![section(all)]))]
            }
            Place::ServerlessList => {
                let items = all
                    .into_iter()
                    .map(|resource| Value::Map(vec![section(vec![resource])]));
                vec![("resources".to_owned(), Value::List(items.collect()))]
            }
            Place::Fragment => all,
        };
        Value::Map([self.before.clone(), middle, self.after.clone()].concat())
    }
}

/// A section that holds what looks like a repository and is none.
fn lookalike(key: &str, draw: &mut Draw<'_>) -> (String, Value) {
    let body = vec![
        ("Type".to_owned(), Value::text(REPOSITORY)),
        (MODE.to_owned(), Value::text("MUTABLE")),
        ("Value".to_owned(), value(draw, 1)),
    ];
    let entry = ("Example".to_owned(), Value::Map(body));
    (key.to_owned(), Value::Map(vec![entry]))
}

fn other_resource(draw: &mut Draw<'_>) -> Vec<(String, Value)> {
    let kind = draw.of(&[
        "AWS::S3::Bucket",
        "AWS::ECR::PublicRepository",
        "AWS::ECR::RepositoryCreationTemplate",
        LOOKALIKE,
    ]);
    let mut body = vec![("Type".to_owned(), Value::text(kind))];
    if draw.once_in(2) {
        let properties = siblings(draw);
        body.push(("Properties".to_owned(), Value::Map(properties)));
    }
    body
}

/// The body of a repository, in any state that a text can leave it in.
fn repository(draw: &mut Draw<'_>) -> Vec<(String, Value)> {
    let mut body = Vec::new();
    let properties = match draw.below(12) {
        0 => None,
        1 => Some(Value::Nothing),
        2 => Some(Value::Map(Vec::new())),
        3 if draw.once_in(3) => Some(Value::text("none")),
        4 if draw.once_in(3) => Some(Value::List(vec![Value::text("none")])),
        _ => Some(Value::Map(properties(draw))),
    };
    if let Some(properties) = properties {
        body.push(("Properties".to_owned(), properties));
    }
    for (key, times) in [("DeletionPolicy", 4), ("DependsOn", 6), ("Metadata", 6)] {
        if draw.once_in(times) {
            let value = match key {
                "DeletionPolicy" => Value::text("Retain"),
                "DependsOn" => Value::List(vec![Value::text("Topic")]),
                _ => Value::Map(vec![(MODE.to_owned(), Value::text("MUTABLE"))]),
            };
            let at = draw.below(body.len() + 1);
            body.insert(at, (key.to_owned(), value));
        }
    }
    let at = draw.of(&[0, 0, 1, 2, 3]).min(body.len());
    body.insert(at, ("Type".to_owned(), Value::text(REPOSITORY)));
    body
}

/// Every value of the mode that a fix replaces, as it may be written.
pub(crate) const WRONG_WORDS: [&str; 19] = [
    "null",
    "~",
    "MUTABLE",
    "MUTABLE_WITH_EXCLUSION",
    "IMMUTABLE_WITH_EXCLUSION",
    "immutable",
    "Mutable",
    "iMMUTABLE",
    "ENABLED",
    "IMMUTABLE ",
    " ",
    "MUTABLE_",
    "no",
    "true",
    "false",
    "1",
    "1.5",
    "",
    "  ",
];

/// The entries of a repository's properties: siblings, the mode, filters.
fn properties(draw: &mut Draw<'_>) -> Vec<(String, Value)> {
    let mut entries = siblings(draw);
    let mode = match draw.below(14) {
        0 | 1 => None,
        2 => Some(Value::Nothing),
        3 => Some(Value::text("")),
        4 | 5 => Some(Value::text("MUTABLE")),
        6 => Some(Value::text("IMMUTABLE")),
        7 => Some(Value::text("MUTABLE_WITH_EXCLUSION")),
        8 => Some(Value::text("IMMUTABLE_WITH_EXCLUSION")),
        9 => Some(Value::text(draw.of(&["immutable", "Mutable", "iMMUTABLE"]))),
        10 => Some(Value::text(draw.of(&[
            "ENABLED",
            "IMMUTABLE ",
            "MUTABLE_",
            "no",
        ]))),
        11 => Some(Value::Bare(
            draw.of(&["true", "false", "1", "1.5"]).to_owned(),
        )),
        12 => Some(Value::text(draw.of(&["${self:custom.mode}", "{{ mode }}"]))),
        _ => Some(match draw.below(3) {
            0 => Value::List(vec![Value::text("IMMUTABLE")]),
            1 => Value::Map(vec![("Mode".to_owned(), Value::text("IMMUTABLE"))]),
            _ => Value::List(Vec::new()),
        }),
    };
    if let Some(mode) = mode {
        let at = draw.below(entries.len() + 1);
        entries.insert(at, (MODE.to_owned(), mode));
        if draw.once_in(24) {
            entries.push((MODE.to_owned(), Value::text("IMMUTABLE")));
        }
    }
    if draw.once_in(3) {
        let count = 1 + draw.below(2);
        let filter = |nth: usize| {
            let mut filter = vec![
                (
                    format!("{MODE}ExclusionFilterType"),
                    Value::text("WILDCARD"),
                ),
                (
                    format!("{MODE}ExclusionFilterValue"),
                    Value::Text(format!("dev-{nth}*")),
                ),
            ];
            filter.rotate_left(nth % 2);
            Value::Map(filter)
        };
        let filters = match draw.below(8) {
            6 => Value::Nothing,
            7 => Value::List(Vec::new()),
            _ => Value::List((0..count).map(filter).collect()),
        };
        let at = entries.len() - draw.below(entries.len() + 1);
        entries.insert(at, (FILTERS.to_owned(), filters));
    }
    entries
}

/// Entries that no fix touches, with keys that differ from each other.
fn siblings(draw: &mut Draw<'_>) -> Vec<(String, Value)> {
    const KEYS: [&str; 11] = [
        "RepositoryName",
        "Tags",
        "EncryptionConfiguration",
        "imageTagMutability",
        "EmptyOnDelete",
        "Größe",
        "with space",
        "ImageTagMutability.",
        "123",
        "key: colon",
        "on",
    ];
    let first = draw.below(KEYS.len());
    (0..draw.below(4))
        .map(|nth| {
            let key = KEYS[(first + nth) % KEYS.len()];
            (key.to_owned(), value(draw, 0))
        })
        .collect()
}

/// A value that no fix touches. `depth` is how many collections it is in.
fn value(draw: &mut Draw<'_>, depth: usize) -> Value {
    match draw.below(if depth < 3 { 12 } else { 6 }) {
        0 | 1 => Value::text(draw.of(&TEXTS)),
        2 => Value::text(draw.of(&PARAGRAPHS)),
        3 => Value::Bare(draw.of(&["true", "7", "false", "-1.5"]).to_owned()),
        4 => Value::Nothing,
        5 => Value::Call(
            draw.of(&["Ref", "Sub", "ImportValue"]),
            Box::new(Value::text(draw.of(&["Stage", "app-${Stage}", "é"]))),
        ),
        6 => Value::Call(
            draw.of(&["Join", "Select"]),
            Box::new(Value::List(vec![value(draw, 3), value(draw, 3)])),
        ),
        7 | 8 => Value::List((0..draw.below(4)).map(|_| value(draw, depth + 1)).collect()),
        _ => {
            let keys = ["Key", "Value", MODE, "Type", "Größe"];
            let first = draw.below(keys.len());
            let entries = (0..draw.below(4)).map(|nth| {
                let key = keys[(first + nth) % keys.len()];
                (key.to_owned(), value(draw, depth + 1))
            });
            Value::Map(entries.collect())
        }
    }
}

const TEXTS: [&str; 20] = [
    "app",
    "my-repo",
    "team/app",
    "naïve 😀 ünïcode",
    "a: b",
    "# not a comment",
    "it's",
    "say \"hi\"",
    "{not flow}",
    "[1, 2]",
    "ImageTagMutability: MUTABLE",
    "AWS::ECR::Repository",
    "IMMUTABLE",
    "123",
    "yes",
    "",
    "back\\slash",
    "- dash",
    "three short words",
    "https://example.com/a#b",
];

const PARAGRAPHS: [&str; 6] = [
    "one\ntwo\n",
    "no end",
    "first\n\n  ImageTagMutability: MUTABLE\nlast",
    "Resources:\n  A:\n    Type: AWS::ECR::Repository\n",
    "kept\n\n",
    "# é\n{ \"a\": 1 }\n",
];

/// All that [`said`] can say.
pub(crate) const EVERYTHING_SAID: [Said; 11] = [
    ("missing", Answer::Safe),
    ("missing", Answer::Refused("not-a-mapping")),
    ("mutable", Answer::Safe),
    ("mutable", Answer::Unsafe),
    ("invalid", Answer::Safe),
    ("invalid", Answer::Unsafe),
    ("invalid", Answer::Refused("not-a-scalar")),
    ("invalid-pair", Answer::Unsafe),
    ("exclusion", Answer::Unsafe),
    ("ambiguous", Answer::Refused("duplicate-key")),
    ("unverifiable", Answer::Refused("computed")),
];

/// The table of the rule: what it says to a repository with this body; None
/// where it complies or is none.
pub(crate) fn said(body: &[(String, Value)], strict: bool) -> Option<Said> {
    use Answer::{Refused, Safe, Unsafe};

    let find = |key: &str| body.iter().find(|(name, _)| name == key);
    if find("Type").map(|(_, value)| value) != Some(&Value::text(REPOSITORY)) {
        return None;
    }
    let entries = match find("Properties") {
        None | Some((_, Value::Nothing)) => return Some(("missing", Safe)),
        Some((_, Value::Map(entries))) => entries,
        Some(_) => return Some(("missing", Refused("not-a-mapping"))),
    };
    let modes: Vec<&Value> = entries
        .iter()
        .filter(|(key, _)| key == MODE)
        .map(|(_, value)| value)
        .collect();
    let filters = entries.iter().any(|(key, _)| key == FILTERS);
    let word = match modes.as_slice() {
        [] | [Value::Nothing] => "",
        [Value::Text(word) | Value::Bare(word)] => word,
        [_] => return Some(("invalid", Refused("not-a-scalar"))),
        _ => return Some(("ambiguous", Refused("duplicate-key"))),
    };
    match (word, filters) {
        ("IMMUTABLE", _) => None,
        ("", false) => Some(("missing", Safe)),
        ("MUTABLE", false) => Some(("mutable", Safe)),
        ("MUTABLE_WITH_EXCLUSION", _) => Some(("mutable", Unsafe)),
        ("" | "MUTABLE", true) | ("IMMUTABLE_WITH_EXCLUSION", false) => {
            Some(("invalid-pair", Unsafe))
        }
        ("IMMUTABLE_WITH_EXCLUSION", true) => strict.then_some(("exclusion", Unsafe)),
        _ if word.contains(['$', '{']) => Some(("unverifiable", Refused("computed"))),
        _ => {
            let cased = ["IMMUTABLE", "MUTABLE"].contains(&word.to_uppercase().as_str());
            Some(("invalid", if cased && !filters { Safe } else { Unsafe }))
        }
    }
}

/// Makes the one change that the rule asks for.
fn fix(body: &mut Vec<(String, Value)>, tags: &[&str]) {
    let word = if tags.is_empty() {
        "IMMUTABLE"
    } else {
        "IMMUTABLE_WITH_EXCLUSION"
    };
    let mode = (MODE.to_owned(), Value::text(word));
    let filter = |tag: &&str| {
        Value::Map(vec![
            (
                "ImageTagMutabilityExclusionFilterType".to_owned(),
                Value::text("WILDCARD"),
            ),
            (
                "ImageTagMutabilityExclusionFilterValue".to_owned(),
                Value::text(tag),
            ),
        ])
    };
    let filters = (
        FILTERS.to_owned(),
        Value::List(tags.iter().map(filter).collect()),
    );
    let mut declared = vec![mode.clone()];
    declared.extend((!tags.is_empty()).then(|| filters.clone()));
    match body.iter_mut().find(|(key, _)| key == "Properties") {
        None => {
            let after = body.iter().take_while(|(key, _)| key != "Type").count() + 1;
            body.insert(after, ("Properties".to_owned(), Value::Map(declared)));
        }
        Some((_, Value::Map(entries))) => {
            entries.retain(|(key, _)| key != FILTERS);
            let there = entries.iter().position(|(key, _)| key == MODE);
            if let Some(there) = there {
                entries.splice(there..=there, declared);
            } else {
                entries.splice(0..0, declared);
            }
        }
        Some((_, value)) => *value = Value::Map(declared),
    }
}
