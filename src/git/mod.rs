//! What git knows of files: which are staged, which have changed, what the
//! index holds.
//!
//! This module owns every start of a program, which is always `git`, with
//! arguments and no shell. It changes nothing in a repository, and it does not
//! know what files are looked at for.
//!
//! Nothing that a repository holds is run: no external diff, no text
//! conversion, no file system monitor, nothing of a submodule's. What is left
//! is the filter of a changed file (`filter.*.clean`), without which git cannot
//! tell whether it has changed. Nothing is fetched that a partial clone lacks.
//! What the user's environment says of the repository (`GIT_DIR`,
//! `GIT_INDEX_FILE`) holds, so that this works in hooks.
//!
//! What differs from the index is asked of `git status` and not of `git diff`:
//! that one writes the index where only time stamps differ, even with
//! `--no-optional-locks`, and then runs a hook.

pub(crate) mod repository;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use thiserror::Error;

/// Why git had no answer.
#[derive(Debug, Error)]
pub(crate) enum GitError {
    /// It cannot be started.
    #[error(
        "git cannot be started: {0}; --staged, --since and --require-clean need the git command"
    )]
    Start(io::Error),
    /// It failed.
    #[error("git cannot {task}: {message}; --staged and --since work within a git repository")]
    Failed {
        /// What it was asked for, such as "list what is staged".
        task: &'static str,
        /// What it says.
        message: String,
    },
    /// There is no such revision.
    #[error("--since {revision}: git knows no such commit; fetch it, or name another")]
    UnknownRevision {
        /// As it was given.
        revision: String,
    },
    /// Two histories have no commit in common, as far as they are here.
    #[error(
        "--since {revision}: it has no commit in common with HEAD here; in a shallow clone, fetch \
         more of the history: git fetch --unshallow"
    )]
    NoMergeBase {
        /// As it was given.
        revision: String,
    },
    /// It answers for another git repository than it was asked about.
    #[error("it takes the folder for a part of {top}; is its .git whole?")]
    Elsewhere {
        /// The root of the git repository that it answers for.
        top: PathBuf,
    },
}

/// A file that git names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GitFile {
    /// Its path from the working directory, to show and to open.
    pub(crate) path: PathBuf,
    /// Its absolute path, without links.
    pub(crate) whole: PathBuf,
}

/// A file of the index that differs from the last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staged {
    /// The file.
    pub(crate) file: GitFile,
    /// The name of its contents; None while a merge has left several.
    pub(crate) blob: Option<String>,
}

/// The git repository of the working directory.
#[derive(Debug)]
pub(crate) struct GitRepository {
    /// The folder of its work tree, without links.
    top: PathBuf,
    /// The working directory, from there; empty if it is the same.
    prefix: PathBuf,
}

impl GitRepository {
    /// Finds the git repository of the working directory.
    ///
    /// # Errors
    /// Where git is not to be had, or there is no work tree.
    pub(crate) fn here() -> Result<Self, GitError> {
        let task = "find the work tree of the working directory";
        let line = |flag: &str| {
            let mut name = output(task, ["rev-parse", flag])?;
            name.pop_if(|byte| *byte == b'\n');
            Ok(path(&name))
        };
        Ok(Self {
            top: line("--show-toplevel")?,
            prefix: line("--show-prefix")?,
        })
    }

    /// The folder of its work tree, without links.
    #[must_use]
    pub(crate) fn top(&self) -> &Path {
        &self.top
    }

    /// The regular files that are staged: added, changed or renamed in the
    /// index since the last commit.
    ///
    /// # Errors
    /// Those of git.
    pub(crate) fn staged(&self) -> Result<Vec<Staged>, GitError> {
        let listed = output(
            "list what is staged",
            [
                "diff",
                "--cached",
                "--raw",
                "-z",
                "--no-abbrev",
                "--no-renames",
                "--no-ext-diff",
                "--diff-filter=d",
            ],
        )?;
        // `:MODE MODE BLOB BLOB STATUS`, then the path, each with a NUL.
        let mut fields = listed.split(|&byte| byte == 0);
        let mut staged: Vec<Staged> = Vec::new();
        while let (Some(head), Some(name)) = (fields.next(), fields.next()) {
            let head = String::from_utf8_lossy(head);
            let mut words = head.split(' ').skip(1);
            let (mode, _, blob) = (words.next(), words.next(), words.next());
            let (Some(mode), Some(blob), Some(status)) = (mode, blob, words.next()) else {
                continue;
            };
            let is_unmerged = status == "U";
            // Neither links nor submodules.
            if !(is_unmerged || mode.starts_with("100")) {
                continue;
            }
            let file = self.listed(name)?;
            // An unmerged file may stand there once more with what is left of it.
            if staged.last().is_some_and(|before| before.file == file) {
                continue;
            }
            let blob = (!is_unmerged).then(|| blob.to_owned());
            staged.push(Staged { file, blob });
        }
        Ok(staged)
    }

    /// The files whose contents in the work tree differ from the index, by
    /// their absolute paths.
    ///
    /// # Errors
    /// Those of git.
    pub(crate) fn unstaged(&self) -> Result<HashSet<PathBuf>, GitError> {
        let files = self.status("--untracked-files=no")?;
        Ok(files.into_iter().map(|file| file.whole).collect())
    }

    /// The files whose contents in the work tree differ from the index, and
    /// new ones if they are asked for.
    ///
    /// Source: git-status documentation, "Porcelain Format Version 1".
    fn status(&self, untracked: &str) -> Result<Vec<GitFile>, GitError> {
        let listed = output(
            "compare the work tree with the index",
            [
                "status",
                "--porcelain",
                "-z",
                "--no-renames",
                // What is in a submodule is its own affair.
                "--ignore-submodules=all",
                untracked,
            ],
        )?;
        let entries = listed.split(|&byte| byte == 0);
        let differing = entries.filter_map(|entry| match entry {
            // Such a file differs from the last commit only.
            [_, b' ', b' ', ..] => None,
            [_, _, b' ', name @ ..] => Some(self.listed(name)),
            _ => None,
        });
        differing.collect()
    }

    /// The files that differ between the work tree or the index and the last
    /// commit that HEAD has in common with a revision, new ones among them
    /// unless they are ignored. Some may stand there twice, or be gone.
    ///
    /// # Errors
    /// Where git knows no such revision, or no common commit.
    pub(crate) fn changed_since(&self, revision: &str) -> Result<Vec<GitFile>, GitError> {
        let commit = format!("{revision}^{{commit}}");
        let task = "look up the revision";
        let found = output(
            task,
            [
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &commit,
            ],
        );
        let first_line = |bytes: Vec<u8>| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.lines().next().unwrap_or_default().to_owned()
        };
        let commit = match found {
            Ok(name) => first_line(name),
            Err(GitError::Failed { .. }) => {
                let revision = revision.to_owned();
                return Err(GitError::UnknownRevision { revision });
            }
            Err(error) => return Err(error),
        };
        let base = match output("find the merge base", ["merge-base", &commit, "HEAD"]) {
            Ok(name) => first_line(name),
            Err(GitError::Failed { .. }) => {
                let revision = revision.to_owned();
                return Err(GitError::NoMergeBase { revision });
            }
            Err(error) => return Err(error),
        };
        let diff = [
            "diff-index",
            "--cached",
            "--name-only",
            "-z",
            "--no-renames",
            "--diff-filter=d",
            &base,
            "--",
        ];
        let mut files = self.status("--untracked-files=all")?;
        let changed = output("list what has changed", diff)?;
        for name in changed.split(|&byte| byte == 0) {
            if !name.is_empty() {
                files.push(self.listed(name)?);
            }
        }
        Ok(files)
    }

    /// A file by the name that git has for it, from the top.
    ///
    /// # Errors
    /// Where that leads out of the work tree, or into the repository. Git makes no such name,
    /// but takes it from an index that somebody else has made.
    fn listed(&self, name: &[u8]) -> Result<GitFile, GitError> {
        let name = path(name);
        let is_plain = |part| match part {
            Component::Normal(part) => !part.eq_ignore_ascii_case(".git"),
            _ => false,
        };
        if !name.components().all(is_plain) {
            return Err(GitError::Failed {
                task: "list files",
                message: format!("its index holds the path {}", name.display()),
            });
        }
        let shown = if let Ok(below) = name.strip_prefix(&self.prefix) {
            below.to_path_buf()
        } else {
            let up = self.prefix.components().map(|_| Component::ParentDir);
            up.chain(name.components()).collect()
        };
        Ok(GitFile {
            path: shown,
            whole: self.top.join(name),
        })
    }
}

/// What a git repository holds that is not committed.
#[derive(Clone, Debug)]
pub(crate) struct Uncommitted {
    /// Files, and folders all of which is not committed, by their absolute paths.
    paths: HashSet<PathBuf>,
    /// Files whose changes git is told not to look for, likewise.
    unwatched: HashSet<PathBuf>,
}

impl Uncommitted {
    /// Whether a file has changes that are not committed, or is not known to git. The path
    /// is absolute and without links.
    #[must_use]
    pub(crate) fn has(&self, file: &Path) -> bool {
        file.ancestors().any(|path| self.paths.contains(path))
    }

    /// Whether git would not tell that a file has changes (`git update-index
    /// --skip-worktree`, `--assume-unchanged`). The path is as for [`has`](Self::has).
    #[must_use]
    pub(crate) fn hides(&self, file: &Path) -> bool {
        self.unwatched.contains(file)
    }
}

/// What is not committed in the git repository with this work tree (an absolute path without
/// links): staged or not, new or ignored. What the environment says of a repository does
/// not hold, since it is about one only.
///
/// # Errors
/// Those of git.
pub(crate) fn uncommitted(top: &Path) -> Result<Uncommitted, GitError> {
    let ask = |arguments: &[&str]| {
        let mut command = git();
        // Source: `git rev-parse --local-env-vars`, those that lead to another repository.
        for name in [
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_NAMESPACE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_PREFIX",
            "GIT_WORK_TREE",
        ] {
            command.env_remove(name);
        }
        command.current_dir(top).args(arguments);
        output_of("tell what is committed", command)
    };
    // Where there is a `.git` that is no repository, it answers for the one around it, with
    // paths from there.
    let mut answering = ask(&["rev-parse", "--show-toplevel"])?;
    answering.pop_if(|byte| *byte == b'\n');
    let answering = path(&answering);
    if !std::fs::canonicalize(&answering).is_ok_and(|answering| answering == top) {
        return Err(GitError::Elsewhere { top: answering });
    }
    let listed = ask(&[
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=normal",
        "--ignored=traditional",
        "--ignore-submodules=all",
    ])?;
    // `XY path`, each with a NUL; a folder ends in `/`.
    let paths = listed
        .split(|&byte| byte == 0)
        .filter_map(|entry| match entry {
            [_, _, b' ', name @ ..] => {
                Some(top.join(path(name.strip_suffix(b"/").unwrap_or(name))))
            }
            _ => None,
        });
    // `TAG path`: `S` for a file that is not to be looked at in the work tree, and a small
    // letter for one that is to be taken for unchanged.
    //
    // Source: git-ls-files documentation, "-t" and "-v".
    let tagged = ask(&["ls-files", "-v", "-z"])?;
    let unwatched = tagged
        .split(|&byte| byte == 0)
        .filter_map(|entry| match entry {
            [b'S' | b'a'..=b'z', b' ', name @ ..] => Some(top.join(path(name))),
            _ => None,
        });
    Ok(Uncommitted {
        paths: paths.collect(),
        unwatched: unwatched.collect(),
    })
}

/// Contents of the index, one at a time from one process.
#[derive(Debug)]
pub(crate) struct Blobs {
    child: Child,
    names: ChildStdin,
    contents: BufReader<ChildStdout>,
}

impl Blobs {
    /// Starts to read.
    ///
    /// # Errors
    /// Where git cannot be started.
    pub(crate) fn open() -> Result<Self, GitError> {
        let mut command = git();
        command
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Nobody reads it, so that it could fill up and block git.
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(GitError::Start)?;
        let missing = || GitError::Start(io::Error::other("its streams are missing"));
        Ok(Self {
            names: child.stdin.take().ok_or_else(missing)?,
            contents: BufReader::new(child.stdout.take().ok_or_else(missing)?),
            child,
        })
    }

    /// Gives the contents of a blob, and how many bytes they are, to `read`,
    /// which need not read all of them.
    ///
    /// # Errors
    /// Where git does not have the blob, or those of reading.
    pub(crate) fn read<T>(
        &mut self,
        blob: &str,
        read: impl FnOnce(&mut dyn Read, u64) -> io::Result<T>,
    ) -> io::Result<T> {
        writeln!(self.names, "{blob}")?;
        self.names.flush()?;
        // `BLOB TYPE SIZE`, the contents, and a line break.
        let mut head = String::new();
        self.contents.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next();
        let size = size.and_then(|size| size.parse::<u64>().ok());
        let Some(size) = size else {
            return Err(io::Error::other(format!(
                "git does not have it: {}",
                head.trim_end()
            )));
        };
        let mut contents = Read::by_ref(&mut self.contents).take(size);
        let result = read(&mut contents, size);
        io::copy(&mut contents, &mut io::sink())?;
        self.contents.read_exact(&mut [0])?;
        result
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // It has nothing to finish: it only reads.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one program that is started, so that nothing of a repository's own is.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the place that starts git"
)]
fn git() -> Command {
    let mut command = Command::new("git");
    command
        .args(["--no-optional-locks", "--literal-pathspecs"])
        .args(["-c", "core.fsmonitor=false"])
        // Else paths would not be from the top, and an order would be read.
        .args(["-c", "diff.relative=false"])
        .args(["-c", "diff.orderFile=/dev/null"])
        .env("LC_ALL", "C")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// What git prints when it is given these arguments.
fn output(
    task: &'static str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<Vec<u8>, GitError> {
    let mut command = git();
    command.args(arguments);
    output_of(task, command)
}

/// What a command of git prints.
fn output_of(task: &'static str, mut command: Command) -> Result<Vec<u8>, GitError> {
    let output = command.output().map_err(GitError::Start)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.lines().next().unwrap_or("it failed");
    Err(GitError::Failed {
        task,
        message: message.trim_start_matches("fatal: ").to_owned(),
    })
}

#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(name))
}

/// Git has names in UTF-8 where the system has no bytes for them.
#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}
