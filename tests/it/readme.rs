//! The README and the pages below `docs` stay true by being executed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{IMMUTAG, copy, files_below, root};

const README: &str = include_str!("../../README.md");

/// The text of each fenced block of a page in a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("\n```{language}\n");
    page.split(fence.as_str())
        .skip(1)
        .map(|rest| {
            let end = rest.find("\n```").map_or(0, |end| end + 1);
            rest.get(..end).unwrap()
        })
        .collect()
}

/// The README and what lies in `docs`.
fn pages() -> Vec<PathBuf> {
    let root = root();
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = docs.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|end| end == "md"));
    pages.sort();
    pages.insert(0, root.join("README.md"));
    pages
}

/// A script that does what the reader of a block would do, and shows it as
/// the block does: what stands behind `$ ` is a command, and what stands
/// behind `> ` directly below continues it.
fn script(block: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut script = String::new();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else {
            continue;
        };
        let (mut shown, mut command) = (line.to_owned(), first.to_owned());
        while let Some(line) = lines.next_if(|line| line.starts_with("> ") || *line == ">") {
            write!(shown, "\n{line}").unwrap();
            let more = line.strip_prefix("> ").unwrap_or_default();
            write!(command, "\n{more}").unwrap();
        }
        // `$?` in the next command is the status of this one.
        writeln!(script, "printf '%s\\n' {}", quoted(&shown)).unwrap();
        writeln!(script, "(exit $status); {command}\nstatus=$?").unwrap();
    }
    script
}

#[test]
fn the_console_examples_run_as_shown() {
    let root = root();
    let bin = Path::new(IMMUTAG).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    assert!(blocks(README, "console").len() >= 3);
    for page in pages() {
        // The blocks of one page build on each other, and on no other page.
        let folder = tempfile::tempdir().unwrap();
        copy(&root.join("fixtures/readme"), folder.path());
        for block in blocks(&fs::read_to_string(&page).unwrap(), "console") {
            let output = Command::new("sh")
                .args(["-c", &format!("status=0; exec 2>&1\n{}", script(block))])
                .current_dir(folder.path())
                .env("PATH", &path)
                .output()
                .unwrap();
            let shown = String::from_utf8(output.stdout).unwrap();
            assert_eq!(shown, block, "{}", page.display());
        }
    }
}

#[test]
fn a_block_is_run_command_by_command() {
    let page = "text\n```console\n$ cat << E\n> it's\n>\n> E\nit's\n\n$ (exit 3)\n$ echo $?\n3\n```\nmore ```console\n";
    let blocks = blocks(page, "console");
    assert_eq!(blocks.len(), 1);
    let script = format!("status=0\n{}", script(blocks[0]));
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), blocks[0]);
}

#[test]
fn the_diff_at_the_top_is_what_the_program_prints() {
    let shown = blocks(README, "diff").concat();
    assert_eq!(shown.lines().count(), 5, "a diff of five lines");
    let output = Command::new(IMMUTAG)
        .args(["diff", "-q", "templates/web.yaml"])
        .current_dir(root().join("fixtures/readme"))
        .output()
        .unwrap();
    let patch = String::from_utf8(output.stdout).unwrap();
    assert!(patch.contains(&shown), "{patch}");
}

#[test]
fn each_guarantee_names_a_test_that_there_is() {
    let folders = ["tests", "src", "crates"].map(|name| files_below(&root().join(name)));
    let files = folders.into_iter().flatten();
    let code: String = files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let table = README.split("## Guarantees").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let trust = include_str!("../../docs/trust.md");
    let trust = trust.split("\n## What is no test").next().unwrap();
    let rows = table.lines().chain(trust.lines());
    let rows = rows.filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut named = 0;
    for row in rows {
        // The second column, in either.
        let tests = row.split('|').nth(2).unwrap();
        for test in tests.split('`').skip(1).step_by(2) {
            // The fixtures of a folder, or a function.
            let is_there = match test.strip_suffix('/') {
                Some(kind) => root().join("fixtures").join(kind).is_dir(),
                None => code.contains(&format!("fn {test}(")),
            };
            assert!(is_there, "no test {test}");
            named += 1;
        }
    }
    assert!(named >= 100, "{named}");
}
