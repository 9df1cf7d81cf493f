//! The README stays true by being executed.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and fails by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");

/// The text of each fenced block in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README
        .split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
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

#[test]
fn the_console_examples_run_as_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    copy(&root.join("fixtures/readme"), folder.path());
    let bin = Path::new(env!("CARGO_BIN_EXE_immutag")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let shown = blocks("console");
    assert!(shown.len() >= 3);
    for block in shown {
        let mut script = String::new();
        for line in block.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                // `$?` in the next command is the status of this one.
                writeln!(script, "(exit $status); printf '%s\\n' '{line}'").unwrap();
                writeln!(script, "(exit $status); {command}\nstatus=$?").unwrap();
            }
        }
        let output = Command::new("sh")
            .args(["-c", &format!("status=0; exec 2>&1\n{script}")])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), block);
    }
}

#[test]
fn the_diff_at_the_top_is_what_the_program_prints() {
    let shown = blocks("diff").concat();
    assert_eq!(shown.lines().count(), 5, "a diff of five lines");
    let output = Command::new(env!("CARGO_BIN_EXE_immutag"))
        .args(["diff", "-q", "templates/web.yaml"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/readme"))
        .output()
        .unwrap();
    let patch = String::from_utf8(output.stdout).unwrap();
    assert!(patch.contains(&shown), "{patch}");
}

#[test]
fn each_guarantee_names_a_test_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    let mut folders = vec![root.join("tests"), root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                code.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let table = README.split("## Guarantees").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut named = 0;
    for row in rows {
        let tests = row.rsplit('|').nth(1).unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            assert!(code.contains(&format!("fn {test}(")), "no test {test}");
            named += 1;
        }
    }
    assert!(named >= 8);
}
