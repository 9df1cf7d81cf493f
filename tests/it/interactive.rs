//! `fix --interactive`, in a terminal of its own.

use std::fs;
use std::process::{Command, Stdio};

use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

use crate::common::IMMUTAG;

const BAD: &str = "Resources:\n  One:\n    Type: AWS::ECR::Repository\n    Properties: {ImageTagMutability: MUTABLE}\n  Two:\n    Type: AWS::ECR::Repository\n    Properties: {ImageTagMutability: MUTABLE}\n";

fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        fs::write(folder.path().join(file), BAD).unwrap();
    }
    folder
}

/// A run in a terminal, which ends by telling its exit status.
fn start_with(folder: &TempDir, flags: &str) -> PtySession {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!("\"$BIN\" fix --interactive {flags}; echo status=$?"),
        ])
        .current_dir(folder.path())
        .env("BIN", IMMUTAG)
        .env("NO_COLOR", "1");
    spawn_command(command, Some(60_000)).unwrap()
}

fn start(folder: &TempDir) -> PtySession {
    start_with(folder, "")
}

/// Answers each question for a resource.
fn answer(session: &mut PtySession, resource: &str, answer: &str) {
    session
        .exp_string(&format!("Repair {resource} in "))
        .unwrap();
    session.exp_string("?]? ").unwrap();
    session.send_line(answer).unwrap();
}

/// The exit status.
fn end(mut session: PtySession) -> i32 {
    session.exp_string("status=").unwrap();
    session.read_line().unwrap().trim().parse().unwrap()
}

/// Which of the repositories of a file are repaired.
fn repaired(folder: &TempDir, file: &str) -> [bool; 2] {
    let text = fs::read_to_string(folder.path().join(file)).unwrap();
    let (one, two) = text.split_once("Two:").unwrap();
    [one, two].map(|part| part.contains(": IMMUTABLE}"))
}

#[test]
fn yes_repairs_and_no_leaves() {
    let folder = folder(&["a.yaml"]);
    let mut session = start(&folder);
    session
        .exp_string("-    Properties: {ImageTagMutability: MUTABLE}")
        .unwrap();
    session
        .exp_string("+    Properties: {ImageTagMutability: IMMUTABLE}")
        .unwrap();
    answer(&mut session, "One", "y");
    answer(&mut session, "Two", "n");
    session.exp_string("1 finding was declined").unwrap();
    assert_eq!(end(session), 1, "a finding is left");
    assert_eq!(repaired(&folder, "a.yaml"), [true, false]);
}

#[test]
fn all_and_none_hold_for_the_rest_of_a_file() {
    let folder = folder(&["a.yaml", "b.yaml", "c.yaml"]);
    let mut session = start(&folder);
    answer(&mut session, "One", "a");
    answer(&mut session, "One", "d");
    answer(&mut session, "One", "n");
    answer(&mut session, "Two", "y");
    assert_eq!(end(session), 1);
    assert_eq!(repaired(&folder, "a.yaml"), [true, true]);
    assert_eq!(repaired(&folder, "b.yaml"), [false, false]);
    assert_eq!(repaired(&folder, "c.yaml"), [false, true]);
}

#[test]
fn quitting_keeps_what_was_done_and_leaves_the_rest() {
    for last in ["q", "\u{4}"] {
        let folder = folder(&["a.yaml", "b.yaml"]);
        let mut session = start(&folder);
        answer(&mut session, "One", "y");
        answer(&mut session, "Two", last);
        assert_eq!(end(session), 1);
        assert_eq!(repaired(&folder, "a.yaml"), [true, false]);
        assert_eq!(repaired(&folder, "b.yaml"), [false, false]);
    }
}

#[test]
fn the_code_and_the_answers_are_explained_and_asked_again() {
    let folder = folder(&["a.yaml"]);
    let mut session = start(&folder);
    answer(&mut session, "One", "e");
    session.exp_string("mutable").unwrap();
    answer(&mut session, "One", "?");
    session.exp_string("q - quit").unwrap();
    answer(&mut session, "One", "what");
    session.exp_string("y - repair it").unwrap();
    answer(&mut session, "One", "a");
    assert_eq!(end(session), 0, "nothing is left");
    assert_eq!(repaired(&folder, "a.yaml"), [true, true]);
}

#[test]
fn what_is_shared_with_a_declined_one_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Resources:\n  One:\n    Type: AWS::ECR::Repository\n    Properties: &p {ImageTagMutability: MUTABLE}\n  Two:\n    Type: AWS::ECR::Repository\n    Properties: *p\n";
    fs::write(folder.path().join("a.yaml"), text).unwrap();
    let mut session = start_with(&folder, "--unsafe-fixes");
    answer(&mut session, "One", "y");
    answer(&mut session, "Two", "n");
    session.exp_string("not fixable").unwrap();
    assert_eq!(end(session), 1);
    assert_eq!(
        fs::read_to_string(folder.path().join("a.yaml")).unwrap(),
        text
    );
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_done() {
    let folder = folder(&["a.yaml"]);
    let output = Command::new(IMMUTAG)
        .args(["fix", "--interactive"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("--interactive needs a terminal"),
        "{message}"
    );
    assert_eq!(repaired(&folder, "a.yaml"), [false, false]);
}
