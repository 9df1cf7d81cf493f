//! The YAML test suite, with our resource beside, around and behind each case.
//!
//! `IMMUTAG_YAML_SUITE` names the suite's data: a folder for each case, or for
//! each part of one, with `in.yaml`, the events in `test.event`, and a file
//! `error` where a parser must reject it. `IMMUTAG_PYTHON` names a Python that
//! has `PyYAML` (and `ruamel.yaml`, which is asked, too, if it is there): by it,
//! each repair is judged by a parser that shares no code with this program as
//! well. The cases are test data and no part of this repository.
//!
//! What a case means is not asked of our own parsers: its events say so.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::proven::proven;
use immutag_engine::syntax::{self, NodeId, Tree, Value};
use immutag_engine::{Decision, Rules};

use crate::common::tool;

/// What is grafted beside a case.
const OURS: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";

/// What its repair adds right behind it.
const REPAIR: &str = "    Properties:\n      ImageTagMutability: IMMUTABLE\n";

/// How many cases the suite has, and how many of them must be rejected.
const CASES: (usize, usize) = (402, 94);

struct Case {
    /// The name of its folder: `229Q`, `DK95/01`.
    name: String,
    text: String,
    must_fail: bool,
    /// What it says: for each document its root.
    documents: Vec<Node>,
}

/// What a node says, as far as all YAML parsers must agree.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Scalar(String),
    Mapping(Vec<Node>),
    Sequence(Vec<Node>),
    Alias,
}

fn suite() -> Vec<Case> {
    let root = PathBuf::from(tool("IMMUTAG_YAML_SUITE"));
    let mut cases = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("in.yaml") {
                cases.push(case(&root, &folder));
            }
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    let failing = cases.iter().filter(|case| case.must_fail).count();
    assert_eq!(
        (cases.len(), failing),
        CASES,
        "another suite than the pinned one"
    );
    cases
}

fn case(root: &Path, folder: &Path) -> Case {
    let name = folder.strip_prefix(root).unwrap();
    let must_fail = folder.join("error").exists();
    let events = fs::read_to_string(folder.join("test.event")).unwrap();
    Case {
        name: name.to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(folder.join("in.yaml")).unwrap(),
        must_fail,
        // What a text says that must be rejected ends where it fails.
        documents: if must_fail {
            Vec::new()
        } else {
            documents(&events)
        },
    }
}

/// What the events of a case say.
fn documents(events: &str) -> Vec<Node> {
    let mut open: Vec<(char, Vec<Node>)> = vec![('d', Vec::new())];
    for event in events.lines() {
        let node = match event.get(..4).unwrap() {
            "+MAP" => {
                open.push(('m', Vec::new()));
                continue;
            }
            "+SEQ" => {
                open.push(('s', Vec::new()));
                continue;
            }
            "-MAP" => Node::Mapping(open.pop().unwrap().1),
            "-SEQ" => Node::Sequence(open.pop().unwrap().1),
            "=ALI" => Node::Alias,
            "=VAL" => Node::Scalar(scalar(event.get(5..).unwrap())),
            _ => continue,
        };
        open.last_mut().unwrap().1.push(node);
    }
    let (kind, documents) = open.pop().unwrap();
    assert!(kind == 'd' && open.is_empty(), "events in pairs: {events}");
    documents
}

/// The text of a scalar's event: behind its anchor, its tag, and the mark of
/// its style; with escapes.
fn scalar(event: &str) -> String {
    let mut rest = event;
    while rest.starts_with(['&', '<']) {
        rest = rest.split_once(' ').unwrap().1;
    }
    let mut text = String::new();
    let mut letters = rest.chars().skip(1);
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                '\\' => '\\',
                other => panic!("an escape that is not known: {other}"),
            },
            other => other,
        });
    }
    text
}

/// What a tree of ours says below a node.
fn said(tree: &Tree<'_>, id: NodeId) -> Node {
    match tree.value(id) {
        Value::Scalar { text, .. } => Node::Scalar(text.to_owned()),
        Value::Mapping { entries, .. } => Node::Mapping(
            entries
                .iter()
                .flat_map(|entry| [said(tree, entry.key), said(tree, entry.value)])
                .collect(),
        ),
        Value::Sequence { items, .. } => {
            Node::Sequence(items.iter().map(|&item| said(tree, item)).collect())
        }
        Value::Alias { .. } => Node::Alias,
    }
}

fn said_by(tree: &Tree<'_>) -> Vec<Node> {
    let roots = tree.documents().iter();
    roots.map(|&root| said(tree, root)).collect()
}

/// A text with a case in it.
struct Graft {
    /// The way in which it was put there.
    how: &'static str,
    text: String,
    /// Where the repair belongs, in bytes; and what it may be.
    at: usize,
    repairs: Vec<String>,
    /// The documents that the text means, before the repair.
    means: Vec<Node>,
}

fn word(text: &str) -> Node {
    Node::Scalar(text.to_owned())
}

fn mapping(entries: &[(&str, Node)]) -> Node {
    let nodes = entries.iter();
    Node::Mapping(
        nodes
            .flat_map(|(key, value)| [word(key), value.clone()])
            .collect(),
    )
}

/// What [`OURS`] says below `Resources`, with more entries for the resource.
fn resources(more: &[(&str, Node)]) -> Node {
    let own = [("Type", word("AWS::ECR::Repository"))];
    let entries: Vec<(&str, Node)> = own.into_iter().chain(more.iter().cloned()).collect();
    mapping(&[("Web", mapping(&entries))])
}

/// What a repair adds to properties that are there, in any quotes.
fn first_property() -> Vec<String> {
    let quotes = ["", "'", "\""];
    let line = |quote| format!("      ImageTagMutability: {quote}IMMUTABLE{quote}\n");
    quotes.map(line).to_vec()
}

/// A text that ends its last line.
fn ended(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}")
}

/// The text of a case as the value of a key, `pad` deeper than it is: what is
/// to be written behind the colon. None if it has several documents, or
/// directives, or what stands around its document cannot be left out.
fn as_value(case: &Case, pad: usize) -> Option<String> {
    if !case.must_fail && case.documents.len() != 1 {
        return None;
    }
    let text = case.text.strip_prefix('\u{feff}').unwrap_or(&case.text);
    let is_idle = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    let is_mark = |line: &str, mark: &str| {
        line.strip_prefix(mark)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']))
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let start = lines.iter().position(|line| is_mark(line, "---"));
    let (before, rest) = lines.split_at(start.unwrap_or(0));
    if !before.iter().all(is_idle) {
        return None;
    }
    let (mut head, mut rest) = ("\n", rest);
    if let (Some(_), Some((first, more))) = (start, rest.split_first()) {
        (head, rest) = (first.strip_prefix("---")?, more);
    }
    if let Some(end) = rest.iter().position(|line| is_mark(line, "...")) {
        let (body, behind) = rest.split_at(end);
        let mark_is_bare = behind.first()?.trim_end() == "...";
        if !mark_is_bare || !behind.get(1..)?.iter().all(is_idle) {
            return None;
        }
        rest = body;
    }
    if rest
        .iter()
        .any(|line| is_mark(line, "---") || line.starts_with('%'))
    {
        return None;
    }
    let pad = " ".repeat(pad);
    let mut value = ended(head);
    for line in rest {
        value.extend([pad.as_str(), line]);
    }
    Some(ended(&value))
}

/// A case in all the places of a template where we know how to put it.
fn grafts(case: &Case) -> Vec<Graft> {
    let mut grafts = Vec::new();
    let mut graft = |how, before: &str, behind: &str, repairs: Vec<String>, means: Vec<Node>| {
        grafts.push(Graft {
            how,
            text: format!("{before}{behind}"),
            at: before.len(),
            repairs,
            means,
        });
    };
    let repair = || vec![REPAIR.to_owned()];
    let text = &case.text;
    let ours = mapping(&[("Resources", resources(&[]))]);

    // As documents of one stream: whatever the case is, `...` ends it, and
    // what follows begins anew.
    let mut means = vec![ours.clone()];
    means.extend(case.documents.iter().cloned());
    graft(
        "a document behind",
        OURS,
        &format!("...\n{text}"),
        repair(),
        means,
    );
    let mut means = case.documents.clone();
    means.push(ours);
    let ending = format!("{}...\n{OURS}", ended(text));
    graft("a document before", &ending, "", repair(), means);

    // In one mapping, where the case is a mapping of lines and nothing else.
    if let [Node::Mapping(entries)] = &case.documents[..] {
        let is_bare = !text.starts_with([' ', '\t', '{', '!', '&', '\u{feff}'])
            && !text.lines().any(|line| {
                ["---", "...", "%"]
                    .iter()
                    .any(|mark| line.starts_with(mark))
            });
        if is_bare {
            let own = [word("Resources"), resources(&[])];
            let with = Node::Mapping(own.iter().chain(entries).cloned().collect());
            graft("keys behind", OURS, text, repair(), vec![with]);
            let with = Node::Mapping(entries.iter().chain(&own).cloned().collect());
            let before = format!("{}{OURS}", ended(text));
            graft("keys before", &before, "", repair(), vec![with]);
        }
    }

    // As the value of a key.
    let root = || case.documents.first().cloned().unwrap_or(Node::Alias);
    if let Some(value) = as_value(case, 2) {
        let means = mapping(&[("Resources", resources(&[])), ("Case", root())]);
        graft(
            "a value behind",
            OURS,
            &format!("Case:{value}"),
            repair(),
            vec![means],
        );
        let means = mapping(&[("Case", root()), ("Resources", resources(&[]))]);
        graft(
            "a value before",
            &format!("Case:{value}{OURS}"),
            "",
            repair(),
            vec![means],
        );
    }
    if let Some(value) = as_value(case, 8) {
        let metadata = ("Metadata", mapping(&[("Case", root())]));
        let means = mapping(&[("Resources", resources(std::slice::from_ref(&metadata)))]);
        let behind = format!("    Metadata:\n      Case:{value}");
        graft("metadata", OURS, &behind, repair(), vec![means]);

        let named = ("Properties", mapping(&[("RepositoryName", word("web"))]));
        let means = mapping(&[("Resources", resources(&[metadata, named]))]);
        let before = format!("{OURS}{behind}    Properties:\n");
        let behind = "      RepositoryName: web\n";
        graft(
            "metadata before properties",
            &before,
            behind,
            first_property(),
            vec![means],
        );

        let before = format!("{OURS}    Properties:\n");
        let properties = mapping(&[("Case", root())]);
        let means = mapping(&[("Resources", resources(&[("Properties", properties)]))]);
        let behind = format!("      Case:{value}");
        graft(
            "a property's value",
            &before,
            &behind,
            first_property(),
            vec![means],
        );

        let properties = mapping(&[("Case", root()), ("RepositoryName", word("web"))]);
        let means = mapping(&[("Resources", resources(&[("Properties", properties)]))]);
        let behind = format!("      Case:{value}      RepositoryName: web\n");
        graft(
            "a property's value before another",
            &before,
            &behind,
            first_property(),
            vec![means],
        );
    }
    grafts
}

/// What became of a text.
enum End {
    /// Repaired: the new text.
    Fixed(String),
    /// Refused, and why.
    Refused(String),
}

fn end(name: &str, text: &str) -> End {
    let assessment = match proven(text.as_bytes(), &Rules::default()) {
        Ok(assessment) => assessment,
        Err(error) => return End::Refused(format!("{}: {}", error.code, error.message)),
    };
    match assessment.fixed {
        Some(repair) => End::Fixed(repair.after().to_owned()),
        None => match assessment
            .facts
            .findings
            .first()
            .map(|found| &found.decision)
        {
            Some(Decision::Refused { code, reason }) => End::Refused(format!("{code}: {reason}")),
            other => panic!("{name}: neither repaired nor refused but {other:?} in\n{text}"),
        },
    }
}

/// The texts before and after, each pair under a name.
type Pairs = BTreeMap<String, (String, String)>;

/// Asks parsers of Python whether each pair differs by the repair alone, and
/// says how many pairs they could read.
fn judged(pairs: &Pairs) {
    let python = tool("IMMUTAG_PYTHON");
    let folder = tempfile::tempdir().unwrap();
    for (name, (before, after)) in pairs {
        let name = name.replace(['/', ' ', '\''], "_");
        fs::write(folder.path().join(format!("{name}.before")), before).unwrap();
        fs::write(folder.path().join(format!("{name}.after")), after).unwrap();
    }
    let said = Command::new(python)
        .args(["-c", JUDGE])
        .arg(folder.path())
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&said.stdout));
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
}

/// Compares what each parser makes of the texts, the mode left out.
const JUDGE: &str = r#"
import pathlib, sys
import yaml
judges = {"PyYAML": lambda text: list(yaml.compose_all(text, Loader=yaml.SafeLoader))}
try:
    from ruamel.yaml import YAML
    judges["ruamel.yaml"] = lambda text: list(YAML(pure=True).compose_all(text))
except ImportError:
    pass

def shape(node, seen):
    if node is None:
        return None
    if id(node) in seen:
        return "again"
    seen = seen | {id(node)}
    if isinstance(node.value, str):
        return (str(node.tag), node.value)
    if "map" in type(node).__name__.lower():
        pairs = [(shape(k, seen), shape(v, seen)) for k, v in node.value]
        ours = ((str(pairs[0][0][0]), "Type"), ) if pairs and pairs[0][0] and pairs[0][0][1] == "Type" else ()
        mode = [v for k, v in pairs if k and k[1] == "ImageTagMutability"]
        pairs = [(k, v) for k, v in pairs if not (k and k[1] == "ImageTagMutability")]
        pairs = [(k, v) for k, v in pairs if not (k and k[1] == "Properties" and v == ("map", (), 1))]
        return ("map", tuple(pairs), len(mode))
    return ("seq", tuple(shape(item, seen) for item in node.value))

def modes(shape):
    if not isinstance(shape, tuple):
        return 0
    own = shape[2] if len(shape) == 3 and shape[0] == "map" else 0
    return own + sum(modes(part) for part in shape if isinstance(part, tuple))

def bare(shape):
    if not isinstance(shape, tuple):
        return shape
    if len(shape) == 3 and shape[0] == "map":
        shape = shape[:2]
    return tuple(bare(part) for part in shape)

wrong = 0
for name, judge in judges.items():
    same = unread = 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.before")):
        try:
            before = [shape(d, frozenset()) for d in judge(path.read_bytes().decode())]
        except Exception:
            unread += 1
            continue
        try:
            after = [shape(d, frozenset()) for d in judge(path.with_suffix(".after").read_bytes().decode())]
        except Exception as error:
            wrong += 1
            print(f"{path.stem}: {name} cannot read the repaired text: {error}", file=sys.stderr)
            continue
        if bare(tuple(before)) != bare(tuple(after)):
            wrong += 1
            print(f"{path.stem}: {name} sees another change", file=sys.stderr)
        same += 1
    print(f"judged by {name}: {same} the same but for the mode, {unread} that it cannot read at all")
sys.exit(1 if wrong else 0)
"#;

#[test]
#[ignore = "needs IMMUTAG_YAML_SUITE"]
fn valid_cases_are_read_as_the_suite_says() {
    let suite = suite();
    let (mut read, mut refused) = (0, Vec::new());
    for case in suite.iter().filter(|case| !case.must_fail) {
        match syntax::parse(&case.text) {
            Ok(tree) => {
                assert_eq!(
                    said_by(&tree),
                    case.documents,
                    "{}:\n{}",
                    case.name,
                    case.text
                );
                read += 1;
            }
            Err(error) => refused.push(format!("{}: {error}", case.name)),
        }
    }
    println!("valid cases: {read} read as the suite says, refused {refused:#?}");
}

#[test]
#[ignore = "needs IMMUTAG_YAML_SUITE"]
fn cases_that_must_be_rejected_are_never_edited() {
    let suite = suite();
    let mut failures = Vec::new();
    let (mut rejected, mut refused) = (0, 0);
    for case in suite.iter().filter(|case| case.must_fail) {
        match syntax::parse(&case.text) {
            Ok(tree) => failures.push(format!(
                "{}: accepted alone: {:?}\n{}",
                case.name,
                said_by(&tree),
                case.text
            )),
            Err(_) => rejected += 1,
        }
        for graft in grafts(case) {
            // Deeper down, the tab of this one stands behind an indentation,
            // as a part of the text, which is right.
            if case.name == "Y79Y/000" && !graft.how.contains("document") {
                continue;
            }
            let name = format!("{} as {}", case.name, graft.how);
            match end(&name, &graft.text) {
                End::Refused(_) => refused += 1,
                End::Fixed(_) => failures.push(format!("{name}: edited\n{}", graft.text)),
            }
        }
    }
    println!(
        "cases to reject: {rejected} rejected alone, {refused} texts with a repository beside them refused"
    );
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
#[ignore = "needs IMMUTAG_YAML_SUITE and IMMUTAG_PYTHON"]
fn valid_cases_beside_a_repository_are_repaired_or_refused_and_never_wrong() {
    let suite = suite();
    let mut failures = Vec::new();
    let mut pairs = Pairs::new();
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut reasons = Vec::new();
    for case in suite.iter().filter(|case| !case.must_fail) {
        for graft in grafts(case) {
            let name = format!("{} as {}", case.name, graft.how);
            let [fixed, refused, other] = counts.entry(graft.how).or_default();
            match end(&name, &graft.text) {
                End::Refused(why) => {
                    *refused += 1;
                    reasons.push(format!("{name}: {why}"));
                }
                End::Fixed(after) => {
                    let is_meant = graft.repairs.iter().any(|repair| {
                        let (head, tail) = graft.text.split_at(graft.at);
                        after == format!("{head}{repair}{tail}")
                    });
                    if !is_meant {
                        failures.push(format!("{name}: {}\n--- became\n{after}", graft.text));
                    }
                    let tree = syntax::parse(&graft.text).unwrap();
                    if said_by(&tree) == graft.means {
                        *fixed += 1;
                    } else {
                        *other += 1;
                        reasons.push(format!(
                            "{name}: means something else there:\n{}{:?}",
                            graft.text,
                            said_by(&tree)
                        ));
                    }
                    pairs.insert(name, (graft.text, after));
                }
            }
        }
    }
    for reason in reasons {
        println!("{reason}");
    }
    for (how, [fixed, refused, other]) in counts {
        println!(
            "{how}: {fixed} fixed, {refused} refused, {other} fixed that mean something else there"
        );
    }
    judged(&pairs);
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
