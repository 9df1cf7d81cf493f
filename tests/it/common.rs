//! What several tests set up in the same way: the program, folders to run it in, templates.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

use tempfile::TempDir;

#[allow(unreachable_pub, reason = "the fuzz crate uses it, too")]
pub(crate) mod proven;
pub(crate) mod yaml;

/// The program under test.
pub(crate) const IMMUTAG: &str = env!("CARGO_BIN_EXE_immutag");

/// An ECR repository that breaks the rule.
pub(crate) const BAD: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";
/// What a fix makes of it.
pub(crate) const GOOD: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n";
/// One that only an unsafe fix changes.
pub(crate) const UNSAFE: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: __MODE__\n";
/// One that is refused: a key stands twice.
pub(crate) const TWICE: &str =
    "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties: {}\n    Properties: {}\n";
/// One whose mutability is a parameter without a default.
pub(crate) const COMPUTED: &str = "Parameters:\n  Mode: {Type: String}\nResources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: !Ref Mode\n";

/// The folder of this git repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program or the files that a variable of the environment names. The tests that need them
/// are ignored unless they are asked for.
pub(crate) fn tool(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: see .ci/run"))
}

/// Runs the program in a folder.
pub(crate) fn immutag(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> process::Output {
    Command::new(IMMUTAG)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Copies all that a folder holds to another, which need not be there.
pub(crate) fn copy(from: &Path, to: &Path) {
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

/// Returns all files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

/// A folder of a test's own, to run programs in.
pub(crate) struct Folder(TempDir);

/// What a program that was run has to say.
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs the product here.
    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Output {
        self.run_in("", arguments, b"")
    }

    /// Runs the product in a folder below, with something on standard input.
    pub(crate) fn run_in(
        &self,
        folder: &str,
        arguments: &[impl AsRef<OsStr>],
        stdin: impl AsRef<[u8]>,
    ) -> Output {
        let mut command = Command::new(IMMUTAG);
        command
            .args(arguments)
            .current_dir(self.path().join(folder));
        self.finish(command, stdin)
    }

    /// Runs git here and gives what it prints. It must not fail.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in("", arguments, b"")
    }

    pub(crate) fn git_in(
        &self,
        folder: &str,
        arguments: &[&str],
        stdin: impl AsRef<[u8]>,
    ) -> String {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.path().join(folder));
        let output = self.finish(command, stdin);
        assert_eq!(output.status, 0, "{arguments:?}: {}", output.stderr);
        output.stdout
    }

    /// Commits all files of a folder below, which becomes a repository if it
    /// is none.
    pub(crate) fn commit_all(&self, folder: &str) {
        self.git_in(folder, &["init", "-q", "-b", "main"], b"");
        self.git_in(folder, &["add", "-A"], b"");
        self.git_in(folder, &["commit", "-q", "-m", "x"], b"");
    }

    /// Runs a command to its end, here unless it says where, with no settings
    /// of the user's for git.
    pub(crate) fn finish(&self, mut command: Command, stdin: impl AsRef<[u8]>) -> Output {
        if command.get_current_dir().is_none() {
            command.current_dir(self.path());
        }
        let mut child = command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "a")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "a")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input closes it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
        let output = child.wait_with_output().unwrap();
        Output {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
