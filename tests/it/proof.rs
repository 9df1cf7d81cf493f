//! The proof can fail. For each of its questions, an edit that a faulty
//! planner might make, and that must not get through.

use immutag_engine::syntax::change::{Change, Changes, New};
use immutag_engine::syntax::{NodeId, Tree, parse};
use immutag_engine::text::edit::{Edit, EditSet};
use immutag_engine::text::span::Span;
use immutag_engine::verify::{ProofError, prove};

const YAML: &str = "\
Resources:
  Web: # the front
    Type: AWS::ECR::Repository
    Properties:
      # its name
      RepositoryName: web
      ImageTagMutability: MUTABLE
";

const JSON: &str = r#"{"Web": {"Type": "AWS::ECR::Repository", "Properties": {"A": 1}}}"#;

/// The value at the end of a way of keys from the root.
fn find(tree: &Tree<'_>, keys: &[&str]) -> NodeId {
    let root = tree.documents().first().copied().expect("a document");
    keys.iter().fold(root, |at, key| {
        tree.entry(at, key).expect("the key is there").value
    })
}

/// Proves one edit; gives the text that passes.
fn proven(
    text: &str,
    edit: Edit,
    change: impl Fn(&Tree<'_>) -> (NodeId, Change),
) -> Result<String, ProofError> {
    let tree = parse(text).expect("valid");
    let edits = EditSet::new(vec![edit]).expect("disjoint");
    let mut changes = Changes::default();
    let (at, change) = change(&tree);
    changes.add(at, change);
    let after = edits.apply(text).expect("it fits");
    prove(&tree, &edits, &changes, &after)?;
    Ok(after)
}

/// The edit that makes `to` of `from`, which stands once in `text`.
fn replace(text: &str, from: &str, to: &str) -> Edit {
    assert_eq!(text.matches(from).count(), 1, "{from:?} is ambiguous");
    let start = text.find(from).expect("it is there");
    Edit::replace(Span::new(start, start + from.len()), to)
}

/// The edit that puts `what` before `from`, which stands once in `text`.
fn insert_before(text: &str, from: &str, what: &str) -> Edit {
    let start = replace(text, from, "").span.start;
    Edit::insert(start, what)
}

fn rewrite(tree: &Tree<'_>) -> (NodeId, Change) {
    let mode = find(
        tree,
        &["Resources", "Web", "Properties", "ImageTagMutability"],
    );
    (mode, Change::Replace(New::Text("IMMUTABLE".to_owned())))
}

fn insert(tree: &Tree<'_>) -> (NodeId, Change) {
    let properties = find(tree, &["Web", "Properties"]);
    let change = Change::Insert {
        before: 0,
        key: "ImageTagMutability".to_owned(),
        value: New::Text("IMMUTABLE".to_owned()),
    };
    (properties, change)
}

#[test]
fn the_intended_change_passes() {
    let after = proven(YAML, replace(YAML, "MUTABLE", "IMMUTABLE"), rewrite);
    assert_eq!(after, Ok(YAML.replace("MUTABLE", "IMMUTABLE")));
    let member = r#""ImageTagMutability": "IMMUTABLE", "#;
    let after = proven(JSON, insert_before(JSON, r#""A""#, member), insert);
    assert_eq!(
        after,
        Ok(JSON.replace(r#""A""#, &format!(r#"{member}"A""#)))
    );
}

#[test]
fn no_change_another_word_or_another_place_fails() {
    for (from, to) in [
        ("MUTABLE", "MUTABLE"),
        ("MUTABLE", "Immutable"),
        ("MUTABLE", "IMMUTABLE_WITH_EXCLUSION"),
        ("web", "IMMUTABLE"),
        ("AWS::ECR::Repository", "IMMUTABLE"),
    ] {
        let result = proven(YAML, replace(YAML, from, to), rewrite);
        assert!(result.is_err(), "{from:?} to {to:?}");
    }
}

#[test]
fn bytes_that_the_change_has_no_need_of_fail() {
    for (from, to) in [
        (" # the front", ""),
        ("      # its name\n", ""),
        ("# its name", "# IMMUTABLE"),
        (" MUTABLE", "  IMMUTABLE"),
        ("MUTABLE\n", "IMMUTABLE # fixed\n"),
    ] {
        let result = proven(YAML, replace(YAML, from, to), rewrite);
        assert!(
            matches!(result, Err(ProofError::OtherBytes { .. })),
            "{from:?}: {result:?}"
        );
    }
    let rewritten = r#"{"ImageTagMutability": "IMMUTABLE", "A""#;
    let result = proven(JSON, replace(JSON, r#"{"A""#, rewritten), insert);
    assert!(matches!(result, Err(ProofError::OtherBytes { .. })));
}

#[test]
fn a_key_in_the_wrong_mapping_or_order_fails() {
    let text = "Web:\n  Type: T\n  Properties:\n    A: b\nOther: c\n";
    let at = |from: &str, indent: &str| {
        let line = format!("{indent}ImageTagMutability: IMMUTABLE\n");
        proven(text, insert_before(text, from, &line), insert)
    };
    assert!(at("    A: b", "    ").is_ok());
    assert!(
        at("Other", "    ").is_err(),
        "after its sibling, not before"
    );
    assert!(at("    A: b", "  ").is_err(), "beside Properties");
    assert!(
        at("    A: b", "      ").is_err(),
        "deeper than its siblings"
    );
    assert!(at("    A: b", "\t").is_err(), "a tab");
    assert!(at("  Type", "  ").is_err(), "in the resource");
}

#[test]
fn key_that_readers_take_in_different_ways_beside_the_change_fails() {
    let with = |key: &str| {
        let text = YAML.replace("RepositoryName", key);
        let edit = replace(&text, "MUTABLE", "IMMUTABLE");
        proven(&text, edit, |tree| {
            let keys = ["Resources", "Web", "Properties", "ImageTagMutability"];
            let value = New::Text("IMMUTABLE".to_owned());
            (find(tree, &keys), Change::Replace(value))
        })
    };
    for key in ["RepositoryName", "! RepositoryName", "!!str RepositoryName"] {
        assert!(with(key).is_ok(), "{key}");
    }
    for key in [
        "!!merge <<",
        "!<tag:yaml.org,2002:merge> <<",
        "!Ref RepositoryName",
        "!!str <<",
        "\"<<\"",
        "'<<'",
    ] {
        let result = with(key);
        assert!(
            matches!(result, Err(ProofError::UnsureKey { .. })),
            "{key}: {result:?}"
        );
    }
}

#[test]
fn json_that_breaks_or_changes_its_kind_fails() {
    let before = |member: &str| proven(JSON, insert_before(JSON, r#""A""#, member), insert);
    assert!(
        before(r#""ImageTagMutability": "IMMUTABLE" "#).is_err(),
        "no comma"
    );
    // Valid as YAML, and no longer JSON.
    let result = before(r#""ImageTagMutability": IMMUTABLE, "#);
    assert!(
        matches!(result, Err(ProofError::Unreadable(_))),
        "{result:?}"
    );
}

#[test]
fn a_text_that_is_not_the_edited_one_fails() {
    let tree = parse(YAML).expect("valid");
    let other = YAML.replace("web", "wob");
    let result = prove(&tree, &EditSet::default(), &Changes::default(), &other);
    assert_eq!(result.map(|_| ()), Err(ProofError::Undo));
}

#[test]
fn each_failure_says_what_failed() {
    for (error, says) in [
        (ProofError::Edits("no text".to_owned()), "no text"),
        (ProofError::Undo, "give back the file"),
        (ProofError::OtherBytes { at: 7 }, "rewritten (byte 7)"),
        (
            ProofError::Unreadable("a tab".to_owned()),
            "cannot be read: a tab",
        ),
        (ProofError::OtherChange { at: 8 }, "would change (byte 8)"),
        (
            ProofError::Judge("a tab".to_owned()),
            "second parser rejects it: a tab",
        ),
        (ProofError::JudgeDisagrees, "second parser reads"),
        (ProofError::UnsureKey { at: 9 }, "means (byte 9)"),
        (ProofError::NotDone("A is left".to_owned()), "A is left"),
    ] {
        assert!(error.to_string().contains(says), "{error}");
    }
}
