//! The places that immutag is at home in: shells, pre-commit, CI.
//!
//! What they run, they run here: the hooks by the real pre-commit, the
//! completions by the shells that they are for, the scripts of the CI files by
//! the shell that a runner would start. Programs that a machine need not have are
//! named by the environment: `IMMUTAG_PRE_COMMIT` (in a virtual environment that
//! holds `maturin`, too), `IMMUTAG_CARGO`, `IMMUTAG_ZSH`, `IMMUTAG_FISH`,
//! `IMMUTAG_MAN` and `IMMUTAG_GROFF`, each the path of a program or its name.

mod ci;
mod colour;
mod pages;
mod pre_commit;
mod shell;

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{BAD, GOOD, IMMUTAG, root, tool, yaml::yaml};

/// The program under test.
fn immutag() -> Command {
    Command::new(IMMUTAG)
}

/// What a command did.
#[derive(Debug)]
struct Done {
    status: i32,
    /// Both streams, standard output first.
    said: String,
}

fn run(command: &mut Command) -> Done {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done {
        status: output.status.code().unwrap(),
        said: text(output.stdout) + &text(output.stderr),
    }
}

/// What a command that succeeds says.
fn said(command: &mut Command) -> String {
    let done = run(command);
    assert_eq!(done.status, 0, "{command:?}: {}", done.said);
    done.said
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Puts a script of `sh` where it is found as a program.
fn program(path: &Path, script: &str) {
    write(path, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A `PATH` that begins with a folder.
fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), env::var("PATH").unwrap())
}

/// The environment of what is built for a test: quickly, and in a folder of
/// its own, since cargo puts the program beside the one under test else.
fn build_env() -> [(&'static str, String); 4] {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("homes");
    [
        ("CARGO_TARGET_DIR", target.display().to_string()),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0".to_owned()),
        ("CARGO_PROFILE_RELEASE_LTO", "off".to_owned()),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16".to_owned()),
    ]
}

/// The word at a JSON pointer.
fn word<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let word = value.pointer(pointer).and_then(Value::as_str);
    word.unwrap_or_else(|| panic!("no word at {pointer}: {value}"))
}

/// The items at a JSON pointer.
fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.unwrap_or_else(|| panic!("no list at {pointer}: {value}"))
}

/// A page of the documentation, by its path in the repository.
fn page(name: &str) -> PathBuf {
    root().join(name)
}
