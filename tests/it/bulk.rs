//! The recipes of `docs/bulk.md`, each run over repositories of every kind: GNU
//! parallel over 300, which it spreads over machines, the others over the first 60 of them.
//!
//! The scripts are those in `docs/bulk`, as they are. Their runners that cannot be had
//! everywhere are stood in for by small scripts in `stand-ins`, which do what the
//! documentation of the runner says, and take no flag that they do not know. GNU
//! parallel, `sshd` and `shellcheck` are the real ones: `IMMUTAG_PARALLEL`,
//! `IMMUTAG_SSHD` and `IMMUTAG_SHELLCHECK` name them, each by its path.
//!
//! What comes out is judged with `git` against what each fixture expects, and not
//! against what the program says of itself.

mod host;
mod machines;
mod recipes;
mod seeds;
mod sourcegraph;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{IMMUTAG, root};

/// A file below `docs/bulk`.
fn recipe(name: &str) -> PathBuf {
    root().join("docs/bulk").join(name)
}

/// The program under test, and the stand-ins, before all else.
fn path() -> String {
    let bin = Path::new(IMMUTAG).parent().unwrap();
    let stand_ins = root().join("tests/it/bulk/stand-ins");
    let rest = env::var("PATH").unwrap();
    format!("{}:{}:{rest}", bin.display(), stand_ins.display())
}

/// The same, with the folder of a program before it.
fn path_with(program: &str) -> String {
    match Path::new(program).parent() {
        Some(folder) if folder.is_absolute() => format!("{}:{}", folder.display(), path()),
        _ => path(),
    }
}

/// What `git` needs to know, and nothing that the user of this machine has set.
fn git_environment() -> Vec<(String, String)> {
    let pairs = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
        // Neither tidied up nor flushed to the disk: all of it is gone in a minute.
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", "gc.auto"),
        ("GIT_CONFIG_VALUE_0", "0"),
        ("GIT_CONFIG_KEY_1", "core.fsync"),
        ("GIT_CONFIG_VALUE_1", "none"),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.into_iter().map(own).collect()
}

/// A command that sees the programs above, and no settings of the user's.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", path()).envs(git_environment());
    command
}

/// What a command did.
#[derive(Debug)]
struct Done {
    status: i32,
    stdout: Vec<u8>,
    stderr: String,
}

impl Done {
    /// The lines of standard output.
    fn lines(&self) -> Vec<&str> {
        std::str::from_utf8(&self.stdout).unwrap().lines().collect()
    }
}

fn run(command: &mut Command) -> Done {
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Done {
        status: output.status.code().unwrap(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What a command that succeeds writes to standard output.
fn stdout(command: &mut Command) -> Vec<u8> {
    let done = run(command);
    assert_eq!(done.status, 0, "{command:?}: {}", done.stderr);
    done.stdout
}

/// What `git` says of a repository.
fn git(repository: &Path, arguments: &[&str]) -> Vec<u8> {
    stdout(command("git").arg("-C").arg(repository).args(arguments))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The commit message: a title, an empty line, and a text.
fn message() -> String {
    fs::read_to_string(recipe("message.txt")).unwrap()
}
