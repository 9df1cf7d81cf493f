//! A code host: bare repositories in a folder, and pull requests in another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::seeds::{ORGANIZATION, Outcome, Seed, original, seeds};
use super::{command, git, message, stdout, text};
use crate::common::{IMMUTAG, copy, files_below};

/// The branch that the recipes make.
pub(crate) const BRANCH: &str = "immutag";

/// How many repositories are enough to have each kind of them.
const FEW: usize = 60;

/// What the text of a pull request is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// The same for all: that of the commit message.
    Message,
    /// What `immutag diff --output-format markdown` says of the repository.
    Diff,
}

pub(crate) struct Host {
    folder: TempDir,
    seeds: Vec<&'static Seed>,
}

impl Host {
    /// One that holds all repositories.
    pub(crate) fn whole() -> Self {
        Self::with(seeds().iter().collect())
    }

    /// One that holds the first of them, some of each kind: the number is nothing to a recipe.
    pub(crate) fn new() -> Self {
        Self::with(seeds().iter().take(FEW).collect())
    }

    /// One that holds some of them.
    pub(crate) fn with(seeds: Vec<&'static Seed>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Self { folder, seeds };
        for seed in &host.seeds {
            copy(&original(seed), &host.remote(seed));
        }
        host
    }

    /// The folder of all; its name has a space.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("code host")
    }

    pub(crate) fn remote(&self, seed: &Seed) -> PathBuf {
        self.path().join(format!("{}.git", seed.repository()))
    }

    /// A folder beside the host, for what a recipe works with.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A command that knows this host, and puts temporary files beside it.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = command(program);
        command
            .env("HOST", self.path())
            .env("TMPDIR", self.folder("temporary files"))
            .env("HOME", self.folder("home"));
        command
    }

    /// The remotes, a line each.
    pub(crate) fn remotes(&self) -> String {
        let remotes = self.seeds.iter().map(|seed| self.remote(seed));
        let lines: Vec<String> = remotes.map(|path| path.display().to_string()).collect();
        lines.join("\n") + "\n"
    }

    /// The names of all repositories, a line each.
    pub(crate) fn names(&self) -> String {
        let lines = self.seeds.iter().map(|seed| seed.repository() + "\n");
        lines.collect()
    }

    /// All that a migration can change: every reference, and every pull request.
    pub(crate) fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        for seed in &self.seeds {
            let references = format!("{:?}\n", self.references(seed));
            let pull = self.path().join("pulls").join(seed.repository());
            let pull = fs::read_to_string(pull).unwrap_or_default();
            state.insert(seed.name.clone(), references + &pull);
        }
        state
    }

    /// The references of a repository, each with its object. They are read as files, since
    /// thousands of processes are slow.
    fn references(&self, seed: &Seed) -> BTreeMap<String, String> {
        let remote = self.remote(seed);
        assert!(!remote.join("packed-refs").exists(), "all are files");
        let references = files_below(&remote.join("refs")).into_iter().map(|path| {
            let name = path.strip_prefix(&remote).unwrap().to_str().unwrap();
            let object = fs::read_to_string(&path).unwrap();
            (name.to_owned(), object.trim_end().to_owned())
        });
        references.collect()
    }

    /// The names of the repositories with an outcome.
    fn named(&self, is_meant: impl Fn(&Outcome) -> bool) -> BTreeSet<String> {
        let seeds = self.seeds.iter().filter(|seed| is_meant(&seed.outcome));
        seeds.map(|seed| seed.repository()).collect()
    }

    /// The names of the repositories of which a recipe says that it failed.
    pub(crate) fn failing(&self) -> BTreeSet<String> {
        self.named(|outcome| matches!(outcome, Outcome::Failure))
    }

    /// The names of the repositories that get a branch.
    pub(crate) fn migrated(&self) -> BTreeSet<String> {
        self.named(|outcome| matches!(outcome, Outcome::Branch(_)))
    }

    pub(crate) fn seeds(&self) -> &[&'static Seed] {
        &self.seeds
    }

    /// Holds each repository against what is to become of it.
    pub(crate) fn judge(&self, body: Body) {
        for seed in &self.seeds {
            let name = &seed.name;
            let remote = self.remote(seed);
            let references = self.references(seed);
            let base_name = format!("refs/heads/{}", seed.base);
            let mut expected = BTreeSet::from([base_name.clone()]);
            let pull = self.path().join("pulls").join(seed.repository());
            let Outcome::Branch(changed) = &seed.outcome else {
                assert!(references.keys().eq(&expected), "{name}: {references:?}");
                assert!(!pull.exists(), "{name} has a pull request");
                continue;
            };
            expected.insert(format!("refs/heads/{BRANCH}"));
            assert!(references.keys().eq(&expected), "{name}: {references:?}");
            let commit = git(&remote, &["log", "-1", "--format=%P%n%B", BRANCH]);
            let (parents, said) = text(&commit).split_once('\n').unwrap();
            assert_eq!(parents, references[&base_name], "{name}: one commit");
            assert_eq!(said.trim_end(), message().trim_end(), "{name}");
            assert_eq!(&self.changes(seed), changed, "{name}");
            let message = message();
            let (title, rest) = message.split_once("\n\n").unwrap();
            let text = match body {
                Body::Message => rest,
                Body::Diff => &promised()[name],
            };
            let expected = format!("{title}\n\n{}", text.trim_end());
            let pull = fs::read_to_string(pull).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(pull.trim_end(), expected, "{name}");
        }
        self.check();
    }

    /// The files that differ on the branch, with their bytes there.
    fn changes(&self, seed: &Seed) -> BTreeMap<String, Vec<u8>> {
        let remote = self.remote(seed);
        let raw = git(
            &remote,
            &["diff-tree", "-r", "-z", "--no-renames", seed.base, BRANCH],
        );
        let raw = text(&raw);
        let mut fields = raw.split_terminator('\0');
        let mut changes = BTreeMap::new();
        while let (Some(entry), Some(path)) = (fields.next(), fields.next()) {
            let entry: Vec<&str> = entry.trim_start_matches(':').split(' ').collect();
            let [before, after, _, blob, status] = entry[..] else {
                panic!("{entry:?}");
            };
            assert_eq!((before, status), (after, "M"), "{}: {path}", seed.name);
            let bytes = git(&remote, &["cat-file", "blob", blob]);
            changes.insert(path.to_owned(), bytes);
        }
        changes
    }

    /// Nothing is left on the branches but what was refused.
    fn check(&self) {
        let folder = self.folder("branches");
        let mut left = BTreeSet::new();
        for seed in &self.seeds {
            if !matches!(seed.outcome, Outcome::Branch(_)) {
                continue;
            }
            let tree = folder.join(&seed.name);
            fs::create_dir_all(&tree).unwrap();
            let script = r#"git -C "$1" archive "$2" | tar -x -C "$3""#;
            stdout(
                command("sh")
                    .args(["-c", script, "sh"])
                    .arg(self.remote(seed))
                    .arg(BRANCH)
                    .arg(&tree),
            );
            let paths = seed.left().into_iter();
            left.extend(paths.map(|path| format!("{}/{path}", seed.name)));
        }
        let report = stdout(
            command(IMMUTAG)
                .args([
                    "check",
                    "--quiet",
                    "--exit-zero",
                    "--output-format",
                    "jsonl",
                ])
                .current_dir(&folder),
        );
        let mut found = BTreeSet::new();
        for line in text(&report).lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            if line["type"] == "file" && !line["findings"].as_array().unwrap().is_empty() {
                found.insert(line["path"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(found, left);
        fs::remove_dir_all(folder).unwrap();
    }
}

/// For each repository that gets a branch: what `immutag diff` says of it.
fn promised() -> &'static BTreeMap<String, String> {
    static PROMISED: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    PROMISED.get_or_init(|| {
        let with_branch = |seed: &&Seed| matches!(seed.outcome, Outcome::Branch(_));
        let of = |seed: &Seed| {
            let folder = tempfile::tempdir().unwrap();
            for (path, bytes) in &seed.files {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            let diff = stdout(
                command(IMMUTAG)
                    .args([
                        "diff",
                        "--quiet",
                        "--exit-zero",
                        "--output-format",
                        "markdown",
                    ])
                    .current_dir(folder.path()),
            );
            let diff = text(&diff).to_owned();
            let Outcome::Branch(changed) = &seed.outcome else {
                unreachable!();
            };
            for path in changed.keys() {
                assert!(diff.contains(&format!("+++ b/{path}")), "{}", seed.name);
            }
            for path in seed.left() {
                assert!(diff.contains(&format!("| `{path}`:")), "{}", seed.name);
            }
            (seed.name.clone(), diff)
        };
        seeds().iter().filter(with_branch).map(of).collect()
    })
}

/// The repositories that lines name behind a word.
pub(crate) fn named_behind(lines: &[&str], word: &str) -> BTreeSet<String> {
    let found = lines.iter().filter_map(|line| line.strip_prefix(word));
    found.map(str::to_owned).collect()
}

/// The repositories that the paths of lines name, up to a word.
pub(crate) fn named_before(lines: &[&str], host: &Path, word: &str) -> BTreeSet<String> {
    let remote = |line: &&str| {
        let path = line.split_once(word)?.0;
        let path = Path::new(path).strip_prefix(host).ok()?.with_extension("");
        assert!(path.starts_with(ORGANIZATION));
        Some(path.to_str()?.to_owned())
    };
    lines.iter().filter_map(remote).collect()
}
