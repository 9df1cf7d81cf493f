//! A tree of a text, by a reader that the crate does not know.

use std::collections::HashMap;
use std::panic;

use json_event_parser::{JsonEvent, LowLevelJsonParser, LowLevelJsonParserResult};
use libyaml_safer::{EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

/// A node, with all that a repair may not change.
#[derive(Debug)]
pub struct Node {
    /// Where it stands, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Its tag, as it is resolved.
    pub tag: Option<String>,
    /// The name of its anchor.
    pub anchor: Option<String>,
    /// How it is written: `p`lain, `s`ingle- or `d`ouble-quoted, a block, in
    /// lines or in braces.
    pub style: char,
    /// What it holds.
    pub kind: Kind,
}

/// What a node holds.
#[derive(Debug)]
pub enum Kind {
    /// A word.
    Scalar(String),
    /// Keys and values.
    Map(Vec<(Node, Node)>),
    /// Items.
    List(Vec<Node>),
    /// The name of an anchor.
    Alias(String),
}

impl Node {
    /// The word of a scalar.
    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(word) => Some(word),
            _ => None,
        }
    }

    /// The word of a scalar that is a string whatever else it says: it has no
    /// tag, or that of strings.
    pub fn literal(&self) -> Option<&str> {
        let tag = self.tag.as_deref();
        self.word()
            .filter(|_| matches!(tag, None | Some("!" | "tag:yaml.org,2002:str")))
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key that stands once.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let mut named = self
            .entries()
            .iter()
            .filter(|(k, _)| k.literal() == Some(key));
        let (_, value) = named.next()?;
        named.next().is_none().then_some(value)
    }

    /// Whether a key stands there, however often.
    pub fn has(&self, key: &str) -> bool {
        self.entries().iter().any(|(k, _)| k.literal() == Some(key))
    }

    /// Whether one of its keys stands twice.
    pub fn has_twins(&self) -> bool {
        let mut keys: Vec<&str> = self
            .entries()
            .iter()
            .filter_map(|(k, _)| k.word())
            .collect();
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// Whether it says nothing: null, or no text at all.
    pub fn is_nothing(&self) -> bool {
        self.style == 'p'
            && self.tag.is_none()
            && matches!(self.word(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether two nodes are the same in all but their places.
    pub fn same(&self, other: &Node) -> bool {
        self.tag == other.tag
            && self.anchor == other.anchor
            && self.style == other.style
            && match (&self.kind, &other.kind) {
                (Kind::Scalar(a), Kind::Scalar(b)) | (Kind::Alias(a), Kind::Alias(b)) => a == b,
                (Kind::List(a), Kind::List(b)) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
                }
                (Kind::Map(a), Kind::Map(b)) => {
                    a.len() == b.len()
                        && a.iter()
                            .zip(b)
                            .all(|(a, b)| a.0.same(&b.0) && a.1.same(&b.1))
                }
                _ => false,
            }
    }

    /// This node and all below it.
    pub fn all(&self) -> Vec<&Node> {
        let mut all = vec![self];
        let mut next = 0;
        while let Some(&node) = all.get(next) {
            all.extend(node.entries().iter().flat_map(|(k, v)| [k, v]));
            all.extend(node.items());
            next += 1;
        }
        all
    }

    /// The nodes that anchors name, by their names; those that are named
    /// twice are left out.
    pub fn anchors(&self) -> HashMap<&str, &Node> {
        let mut found = HashMap::new();
        let mut twice = Vec::new();
        for node in self.all() {
            if let Some(name) = &node.anchor {
                if found.insert(name.as_str(), node).is_some() {
                    twice.push(name.as_str());
                }
            }
        }
        for name in twice {
            found.remove(name);
        }
        found
    }
}

/// The deepest nesting that is looked at: what follows recurses.
const MAX_DEPTH: usize = 256;

enum Open {
    Map(Vec<(Node, Node)>, Option<Node>),
    List(Vec<Node>),
}

/// Puts nodes into the collections that are open.
#[derive(Default)]
struct Nest {
    documents: Vec<Node>,
    open: Vec<(Node, Open)>,
}

impl Nest {
    fn begin(&mut self, node: Node, open: Open) -> Option<()> {
        self.open.push((node, open));
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    fn end(&mut self, end: usize) -> Option<()> {
        let (mut node, open) = self.open.pop()?;
        node.end = end;
        node.kind = match open {
            Open::Map(entries, None) => Kind::Map(entries),
            Open::Map(_, Some(_)) => return None,
            Open::List(items) => Kind::List(items),
        };
        self.add(node);
        Some(())
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some((_, Open::List(items))) => items.push(node),
            Some((_, Open::Map(entries, waiting))) => match waiting.take() {
                None => *waiting = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
    }
}

/// The documents of a text, as JSON if it is, else as YAML; None where the
/// reader cannot read it.
pub fn read(text: &str) -> Option<Vec<Node>> {
    json(text).or_else(|| yaml(text))
}

/// The documents of a YAML text; none where the reader gives up on it, be it
/// by a panic: it has a few on broken texts, which are no concern of ours.
pub fn yaml(text: &str) -> Option<Vec<Node>> {
    // Under the fuzzer a panic ends the process before it can be caught.
    let hook = cfg!(fuzzing).then(panic::take_hook);
    if hook.is_some() {
        panic::set_hook(Box::new(|_| {}));
    }
    let read = panic::catch_unwind(|| libyaml(text)).unwrap_or_default();
    if let Some(hook) = hook {
        panic::set_hook(hook);
    }
    read
}

fn libyaml(text: &str) -> Option<Vec<Node>> {
    // Marks count bytes, those of the byte order mark not among them.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let base = text.len() - bare.len();
    let place = |index: u64| {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        index.saturating_add(base).min(text.len())
    };
    // This port panics where a block scalar's last line has no end.
    let ended = format!("{bare}\n");
    let mut bytes = ended.as_bytes();
    let mut parser = Parser::new();
    parser.set_encoding(libyaml_safer::Encoding::Utf8);
    parser.set_input_string(&mut bytes);
    let mut nest = Nest::default();
    loop {
        let event = parser.parse().ok()?;
        let node = |tag: Option<String>, anchor: Option<String>, style, kind| Node {
            start: place(event.start_mark.index),
            end: place(event.end_mark.index),
            tag,
            anchor,
            style,
            kind,
        };
        match event.data {
            EventData::StreamEnd => return Some(nest.documents),
            EventData::Alias { anchor } => nest.add(node(None, None, '*', Kind::Alias(anchor))),
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let style = match style {
                    ScalarStyle::SingleQuoted => 's',
                    ScalarStyle::DoubleQuoted => 'd',
                    ScalarStyle::Literal => '|',
                    ScalarStyle::Folded => '>',
                    _ => 'p',
                };
                nest.add(node(tag, anchor, style, Kind::Scalar(value)));
            }
            EventData::SequenceStart {
                anchor, tag, style, ..
            } => {
                let style = if style == SequenceStyle::Flow {
                    '['
                } else {
                    '-'
                };
                let node = node(tag, anchor, style, Kind::List(Vec::new()));
                nest.begin(node, Open::List(Vec::new()))?;
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                let style = if style == MappingStyle::Flow {
                    '{'
                } else {
                    ':'
                };
                let node = node(tag, anchor, style, Kind::Map(Vec::new()));
                nest.begin(node, Open::Map(Vec::new(), None))?;
            }
            EventData::SequenceEnd | EventData::MappingEnd => {
                nest.end(place(event.end_mark.index))?;
            }
            _ => {}
        }
    }
}

/// The document of a JSON text.
pub fn json(text: &str) -> Option<Vec<Node>> {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut at = text.len() - bare.len();
    if !bare.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut parser = LowLevelJsonParser::new();
    let mut nest = Nest::default();
    loop {
        let LowLevelJsonParserResult {
            event,
            consumed_bytes,
        } = parser.parse_next(&text.as_bytes()[at..], true);
        // Where it fails it may stop within a character.
        let whole = text.get(at..at + consumed_bytes)?;
        let bare = whole.trim_start_matches([' ', '\t', '\r', '\n', ',', ':']);
        let start = at + whole.len() - bare.len();
        at += consumed_bytes;
        let node = |style, kind| Node {
            start,
            end: at,
            tag: None,
            anchor: None,
            style,
            kind,
        };
        match event? {
            Err(_) => return None,
            Ok(event) => match event {
                JsonEvent::String(word) | JsonEvent::ObjectKey(word) => {
                    nest.add(node('d', Kind::Scalar(word.into_owned())));
                }
                JsonEvent::Number(word) => nest.add(node('p', Kind::Scalar(word.into_owned()))),
                JsonEvent::Boolean(is) => nest.add(node('p', Kind::Scalar(is.to_string()))),
                JsonEvent::Null => nest.add(node('p', Kind::Scalar("null".to_owned()))),
                JsonEvent::StartArray => {
                    nest.begin(node('[', Kind::List(Vec::new())), Open::List(Vec::new()))?;
                }
                JsonEvent::StartObject => {
                    let open = Open::Map(Vec::new(), None);
                    nest.begin(node('{', Kind::Map(Vec::new())), open)?;
                }
                JsonEvent::EndArray | JsonEvent::EndObject => nest.end(at)?,
                JsonEvent::Eof => return Some(nest.documents),
            },
        }
    }
}
