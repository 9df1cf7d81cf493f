//! The document of codes, held against the program that prints them.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use immutag::testing::topics;
use immutag_engine::rule::SCANNERS;

use crate::common::{IMMUTAG, files_below, root};

/// Every text of the sources.
fn sources() -> Vec<String> {
    let folders = ["src", "crates"].map(|name| files_below(&root().join(name)));
    let files = folders.into_iter().flatten();
    files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The words in quotes of a piece of code.
fn words(code: &str) -> impl Iterator<Item = String> + '_ {
    code.split('"').skip(1).step_by(2).map(str::to_owned)
}

/// Every code that the sources name: in what a function `code` gives, and in
/// what a field `code` is given.
fn named() -> BTreeSet<String> {
    // Whose suppressions count.
    let tools = SCANNERS.iter().map(|scanner| scanner.name.to_owned());
    let mut named: BTreeSet<String> = tools.collect();
    for text in sources() {
        for part in text.split("fn code(").skip(1) {
            let (body, _) = part.split_once("\n    }\n").unwrap();
            named.extend(words(body));
        }
        for part in text.split(" code: ").skip(1) {
            let line = part.lines().next().unwrap();
            if line.starts_with('"') {
                named.extend(words(line));
            }
        }
    }
    named
}

fn explain(arguments: &[&str]) -> Output {
    Command::new(IMMUTAG)
        .arg("explain")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn every_code_is_explained_and_nothing_else() {
    let explained: BTreeSet<String> = topics().map(|(code, _)| code.to_owned()).collect();
    assert!(explained.len() > 20, "{explained:?}");
    assert_eq!(explained.len(), topics().count(), "a code stands twice");
    assert_eq!(explained, named());
}

#[test]
fn every_code_has_an_example_and_what_to_do() {
    for (code, text) in topics() {
        assert!(text.contains("\n```"), "{code}");
        assert!(text.contains("\nWhat to do: "), "{code}");
        assert!(text.split(". ").next().unwrap().len() > 20, "{code}");
    }
}

#[test]
fn explain_prints_one_code_or_all() {
    let one = explain(&["computed"]);
    assert!(one.status.success());
    let text = String::from_utf8(one.stdout).unwrap();
    assert!(text.starts_with("computed\n\n"), "{text}");
    assert!(
        text.contains("Fn::Join") || text.contains("!Join"),
        "{text}"
    );
    assert!(!text.contains("other-user"), "{text}");

    let all = explain(&[]);
    assert!(all.status.success());
    let text = String::from_utf8(all.stdout).unwrap();
    for (code, _) in topics() {
        let mut lines = text.lines();
        assert!(lines.any(|line| line.starts_with(code)), "{}", code);
    }
}

#[test]
fn explain_suggests_what_was_meant() {
    let wrong = explain(&["compted"]);
    assert_eq!(wrong.status.code(), Some(2));
    let text = String::from_utf8(wrong.stderr).unwrap();
    assert!(text.contains("'computed'"), "{text}");
}
