//! Every output format over one tree that holds every verdict, against what
//! was recorded and judged: `fixtures/formats/expected`. What a format must
//! be for its consumers is tested beside it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The tree, in two git repositories.
fn tree() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixtures().join("tree"), folder.path());
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::create_dir(folder.path().join("old stack/.git")).unwrap();
    folder
}

fn immutag(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_immutag"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// What `check` gives in a format is what was recorded.
fn assert_recorded(format: &str, extension: &str) {
    let folder = tree();
    let output = immutag(folder.path(), &["check", "--output-format", format]);
    assert_eq!(output.status.code(), Some(2), "broken.yaml is an error");
    let path = fixtures()
        .join("expected")
        .join(format!("{format}.{extension}"));
    let expected = fs::read(&path).unwrap_or_default();
    // What is recorded outlives a release.
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stdout = stdout.replace(&version, "\"VERSION\"");
    if stdout.as_bytes() != expected {
        let given = Path::new(env!("CARGO_TARGET_TMPDIR")).join(path.file_name().unwrap());
        fs::write(&given, &stdout).unwrap();
        panic!(
            "{} differs from {}: if that is right, copy it there",
            given.display(),
            path.display()
        );
    }
    let summary = String::from_utf8(output.stderr).unwrap();
    assert!(
        summary.contains("Found 9 findings in 5 templates"),
        "the summary goes to standard error: {summary}"
    );
}

#[test]
fn concise() {
    assert_recorded("concise", "txt");
}

#[test]
fn patch() {
    assert_recorded("patch", "patch");
}

#[test]
fn json() {
    assert_recorded("json", "json");
}

#[test]
fn jsonl() {
    assert_recorded("jsonl", "jsonl");
}

#[test]
fn sarif() {
    assert_recorded("sarif", "sarif");
}

#[test]
fn rdjson() {
    assert_recorded("rdjson", "rdjson");
}
