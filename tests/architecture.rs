//! The map of the crate: which module may name which.
//!
//! The map is data, and each row may only name rows above it, so that the
//! data flows one way and no two modules depend on each other, however many
//! others stand between. What the sources say is read from them as text:
//! every `crate::…` and every `super::…` that leaves its module. The two must
//! agree. A module that is not on the map fails, so that new ones are put
//! there on purpose; so does an edge that nothing uses any more.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One module of the crate.
struct Room {
    name: &'static str,
    /// The modules that it may name.
    may_name: &'static [&'static str],
    /// Whether it is a function of its arguments: no files, no clock, no
    /// environment, no printing.
    is_pure: bool,
}

const fn pure(name: &'static str, may_name: &'static [&'static str]) -> Room {
    Room {
        name,
        may_name,
        is_pure: true,
    }
}

const fn shell(name: &'static str, may_name: &'static [&'static str]) -> Room {
    Room {
        name,
        may_name,
        is_pure: false,
    }
}

/// The map. `lib.rs` and `main.rs` are not on it: they name everything.
const MAP: [Room; 34] = [
    // Arithmetic on offsets, and bytes on their way in: these know nothing.
    pure("span", &[]),
    pure("source", &[]),
    // What template engines write between braces. It must not know what the
    // text around it is written in.
    pure("mask", &["span"]),
    // Pieces of a text. They must not know what is shown around.
    pure("excerpt", &["span"]),
    // A tree of spans. It must not know what is looked for in it.
    pure("syntax", &["mask", "span"]),
    // Bytes that replace bytes. They must not know why.
    pure("edit", &["span"]),
    // Which lines bytes change. It must not know how a diff is written.
    pure("diff", &["edit", "span"]),
    // Where resources stand. It must not know what is wrong with them.
    pure("template", &["syntax"]),
    // What functions come to. It must not know which words are right.
    pure("value", &["excerpt", "syntax", "template"]),
    // The rule: facts about a tree. It must not know of bytes or edits, so
    // that YAML and JSON are judged the same.
    pure(
        "find",
        &["excerpt", "source", "syntax", "template", "value"],
    ),
    // The users' word on what is to be left alone. It must not know of edits,
    // nor judge.
    pure(
        "suppress",
        &["excerpt", "find", "span", "syntax", "template"],
    ),
    // From facts to edits. It must not know how they will be proven.
    pure(
        "plan",
        &[
            "edit", "find", "mask", "span", "syntax", "template", "value",
        ],
    ),
    // The proof. It must not know how the edits were planned, nor the rule:
    // else it would repeat their mistakes.
    pure("verify", &["edit", "span", "syntax"]),
    // What pushes moving tags to the repositories of templates. It must not
    // know of edits, nor whether anything is wrong with a repository.
    pure(
        "impact",
        &[
            "find", "mask", "source", "span", "syntax", "template", "value",
        ],
    ),
    // The order of the steps above.
    pure(
        "remediate",
        &[
            "edit", "excerpt", "find", "mask", "plan", "source", "span", "suppress", "syntax",
            "template", "verify",
        ],
    ),
    // Facts about files, for whoever counts or tells them.
    shell("outcome", &["diff", "remediate", "span"]),
    // Files that say how a run goes. It must not know what they say.
    shell("bounded", &[]),
    // What goes wrong in tests. It must not know what it breaks.
    shell("fault", &[]),
    // The file system, one module for each direction. Neither must know what
    // the bytes say.
    shell("discover", &["bounded"]),
    shell("write", &[]),
    // Bytes in, if they may concern us. It must not know which files there are.
    shell("read", &["outcome", "source"]),
    // What git knows of files. It must not know what they are looked at for.
    shell("git", &[]),
    // Which repository a file lies in. It must not ask git.
    shell("repository", &[]),
    // The files that may push, on their way to `impact`. It must not know what
    // a push is.
    shell(
        "survey",
        &["discover", "find", "impact", "repository", "source"],
    ),
    // The signals of the process. It must not know what there is to finish.
    shell("interrupt", &[]),
    // What is shown while a run goes on. It must not know what is done.
    shell("progress", &[]),
    // The lists that Trivy keeps beside templates: which of them are for a
    // file. It must not know what they are for.
    shell("trivyignore", &["bounded", "suppress"]),
    // What the codes mean. It must not know who uses them.
    shell("explain", &[]),
    // The file of the settings. It must not know the command line.
    shell("config", &["bounded", "discover", "find", "span"]),
    // Who wins where several say something about a setting. It must not know
    // how any of them says it.
    shell(
        "settings",
        &["config", "discover", "find", "plan", "remediate"],
    ),
    // What the user wants. It must not know how it is done.
    shell(
        "cli",
        &[
            "config",
            "discover",
            "explain",
            "find",
            "remediate",
            "settings",
            "source",
            "suppress",
        ],
    ),
    // Words. It must not decide anything, nor touch a file.
    shell(
        "report",
        &[
            "cli",
            "diff",
            "excerpt",
            "find",
            "impact",
            "outcome",
            "plan",
            "remediate",
            "settings",
            "span",
            "suppress",
            "survey",
        ],
    ),
    // Which repairs a user wants. It must not make them.
    shell(
        "interactive",
        &[
            "cli",
            "diff",
            "edit",
            "explain",
            "outcome",
            "remediate",
            "report",
        ],
    ),
    // One file after the other, through all of it. It must not know syntax.
    shell(
        "run",
        &[
            "cli",
            "config",
            "diff",
            "discover",
            "explain",
            "fault",
            "git",
            "interactive",
            "interrupt",
            "outcome",
            "progress",
            "read",
            "remediate",
            "report",
            "repository",
            "settings",
            "span",
            "suppress",
            "survey",
            "trivyignore",
            "write",
        ],
    ),
];

/// What a pure module does not name, of the standard library.
const IMPURE: [&str; 6] = ["env", "fs", "io", "net", "process", "time"];

/// What a pure module does not call.
const PRINTS: [&str; 5] = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];

/// A file of the crate.
struct Source {
    path: PathBuf,
    /// The module that it is, or is part of.
    room: String,
    /// How many `super::` lead from it to the crate's root.
    depth: usize,
    /// Its text without comments and tests.
    code: String,
}

impl Source {
    /// The modules of the crate that it names, without its own.
    fn names(&self) -> BTreeSet<String> {
        let mut names = heads(&self.code, "crate");
        names.extend(heads(&self.code, &vec!["super"; self.depth].join("::")));
        names.remove("super");
        names.remove(&self.room);
        names
    }
}

/// Every file of the modules of the crate.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let way: Vec<String> = path
                .strip_prefix(&root)
                .unwrap()
                .with_extension("")
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .filter(|part| part != "mod")
                .collect();
            if path.extension().is_some_and(|end| end == "rs") && way != ["lib"] && way != ["main"]
            {
                found.push(Source {
                    room: way.first().cloned().unwrap_or_default(),
                    depth: way.len(),
                    code: code(&fs::read_to_string(&path).unwrap()),
                    path,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A text of Rust without comments, and without the tests at its end.
fn code(text: &str) -> String {
    let tests = ["\n#[cfg(test)]", "\n#[cfg(all(test,"];
    let text = tests
        .iter()
        .find_map(|tests| text.rsplit_once(tests))
        .map_or(text, |(code, _)| code);
    let lines = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

/// The names that follow `root::` in some code, alone or in braces.
fn heads(code: &str, root: &str) -> BTreeSet<String> {
    let is_part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let root = format!("{root}::");
    let mut heads = BTreeSet::new();
    for (at, _) in code.match_indices(&root) {
        let (before, after) = code.split_at(at);
        if before.ends_with(|c| is_part_of_a_name(c) || c == ':') {
            continue;
        }
        let after = after.strip_prefix(&root).unwrap_or_default().trim_start();
        let parts = match after.strip_prefix('{') {
            Some(group) => members(group),
            None => vec![after],
        };
        for part in parts {
            let head = part.trim().split(|c| !is_part_of_a_name(c)).next();
            heads.extend(head.filter(|head| !head.is_empty()).map(str::to_owned));
        }
    }
    heads
}

/// What stands between the commas of a group in braces; `group` begins
/// behind its brace.
fn members(group: &str) -> Vec<&str> {
    let (mut members, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                members.extend(group.get(start..at));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    members
}

#[test]
fn the_map_leads_one_way() {
    for (nth, room) in MAP.iter().enumerate() {
        for name in room.may_name {
            let above = MAP.iter().take(nth).any(|other| other.name == *name);
            assert!(
                above,
                "{} may name {name}, which is not above it",
                room.name
            );
            let is_pure = MAP.iter().any(|other| other.name == *name && other.is_pure);
            assert!(
                is_pure || !room.is_pure,
                "{} is pure and may name {name}, which is not",
                room.name
            );
        }
    }
}

#[test]
fn every_module_is_on_the_map_and_names_what_it_may() {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let room = MAP.iter().find(|room| room.name == source.room);
        let path = source.path.display();
        let room = room.unwrap_or_else(|| panic!("{path}: {} is not on the map", source.room));
        for name in source.names() {
            assert!(
                room.may_name.contains(&name.as_str()),
                "{path}: {} may not name {name}",
                room.name
            );
        }
        named
            .entry(source.room.clone())
            .or_default()
            .extend(source.names());
    }
    for room in MAP {
        let named = named.get(room.name);
        let named = named.unwrap_or_else(|| panic!("{} is on the map only", room.name));
        for name in room.may_name {
            assert!(
                named.contains(*name),
                "{} does not name {name} any more: take it off the map",
                room.name
            );
        }
    }
}

#[test]
fn the_core_is_pure() {
    for source in sources() {
        if !MAP
            .iter()
            .any(|room| room.is_pure && room.name == source.room)
        {
            continue;
        }
        let path = source.path.display();
        let names = heads(&source.code, "std");
        for impure in IMPURE {
            assert!(!names.contains(impure), "{path} names std::{impure}");
        }
        for call in PRINTS {
            assert!(!source.code.contains(call), "{path} calls {call}");
        }
    }
}

#[test]
fn no_module_reaches_the_network_and_git_is_the_only_program_started() {
    let mut started = 0;
    for source in sources() {
        let path = source.path.display();
        assert!(!heads(&source.code, "std").contains("net"), "{path}");
        let starts: Vec<&str> = source.code.split("Command::new(").skip(1).collect();
        let is_git = starts.iter().all(|rest| rest.starts_with("\"git\")"));
        started += starts.len();
        if source.room == "git" {
            assert!(is_git, "{path}");
        } else {
            assert!(starts.is_empty(), "{path}");
            assert!(!source.code.contains("process::Command"), "{path}");
        }
    }
    assert_eq!(started, 1, "one place starts git");
}

/// What Unix alone has stands behind `cfg(unix)`: on the line itself, on the
/// function around it, or on the whole file of a test. (The check for a target
/// of Windows is the proof; this one needs no other target.)
#[test]
fn what_unix_alone_has_stands_behind_cfg() {
    const OF_UNIX: [&str; 4] = ["std::os::unix", "libc::", "rexpect::", "nix::"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for source in sources() {
        let lines: Vec<&str> = source.code.lines().collect();
        for (nth, line) in lines.iter().enumerate() {
            if !OF_UNIX.iter().any(|name| line.contains(name)) {
                continue;
            }
            seen += 1;
            let is_cfg = |line: &&str| line.trim() == "#[cfg(unix)]";
            let (before, _) = lines.split_at(nth);
            let head = before
                .iter()
                .rposition(|line| line.trim_start() == *line && line.contains("fn "));
            let above = head.map_or(&[][..], |head| &before[head.saturating_sub(6)..head]);
            let attributes = above
                .rsplit(|line| line.trim().is_empty() || *line == "}")
                .next();
            assert!(
                before.last().is_some_and(is_cfg)
                    || attributes.is_some_and(|lines| lines.iter().any(is_cfg)),
                "{}:{}: {line}",
                source.path.display(),
                nth + 1
            );
        }
    }
    assert!(seen > 4, "the sources name nothing of Unix any more");
    for entry in fs::read_dir(root.join("tests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "rs") || path.ends_with("architecture.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let is_of_unix = ["std::os::unix", "rexpect::", "Command::new(\"sh\")"]
            .iter()
            .any(|name| text.contains(name));
        assert!(
            !is_of_unix || text.contains("#![cfg(unix)]"),
            "{}: names what Unix alone has",
            path.display()
        );
    }
}

/// The reader of paths sees every way to name a module, or the tests above
/// would hold of nothing.
#[test]
fn no_way_to_name_a_module_is_overlooked() {
    let text = "\
//! See [`crate::comment`].
use crate::alone;
use crate::{first, second::{self, Inner}, third::*};
fn f(x: crate::typed::Type) -> u8 { crate::called::f() } // crate::comment
use other_crate::item;
use ::foreign::item;
let x = super::sibling::f();
use super::super::{above::Name, beside};

#[cfg(test)]
mod tests { use crate::tested; }
";
    let source = |depth| Source {
        path: PathBuf::new(),
        room: "called".to_owned(),
        depth,
        code: code(text),
    };
    let by_crate = ["alone", "first", "second", "third", "typed"];
    let with = |more: &[&str]| -> BTreeSet<String> {
        let all = by_crate.iter().chain(more);
        all.map(|name| (*name).to_owned()).collect()
    };
    assert_eq!(source(1).names(), with(&["sibling"]));
    assert_eq!(source(2).names(), with(&["above", "beside"]));
    let io = code("use std::{fs, io::{self, Write}};\nlet t = std::time::now();");
    let io: Vec<String> = heads(&io, "std").into_iter().collect();
    assert_eq!(io, ["fs", "io", "time"]);
}
