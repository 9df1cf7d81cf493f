//! 300 repositories as they are before: their content, and what is to become of it.
//!
//! The templates are the fixtures, whose expected bytes were written by hand.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use super::{command, stdout};
use crate::common::{copy, root};

/// The organization that all repositories belong to.
pub(crate) const ORGANIZATION: &str = "acme";

pub(crate) struct Seed {
    pub(crate) name: String,
    /// The branch that HEAD names.
    pub(crate) base: &'static str,
    /// What is committed there, by path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) outcome: Outcome,
}

/// What a migration makes of a repository.
pub(crate) enum Outcome {
    /// A branch on which these files have these bytes.
    Branch(BTreeMap<String, Vec<u8>>),
    /// Nothing is there to do, or nothing can be done.
    Nothing,
    /// A file cannot be judged, which is said, and nothing happens.
    Failure,
}

impl Seed {
    /// `ORGANIZATION/NAME`.
    pub(crate) fn repository(&self) -> String {
        format!("{ORGANIZATION}/{}", self.name)
    }

    /// The files in which findings stay that count.
    pub(crate) fn left(&self) -> Vec<&str> {
        let paths = self.files.keys().map(String::as_str);
        paths.filter(|path| path.contains("refused")).collect()
    }

    /// Makes the bare repository, from an empty one.
    fn fill(&self, empty: &Path, path: &Path) {
        copy(empty, path);
        fs::write(
            path.join("HEAD"),
            format!("ref: refs/heads/{}\n", self.base),
        )
        .unwrap();
        let mut stream = Vec::new();
        writeln!(stream, "commit refs/heads/{}", self.base).unwrap();
        stream.extend_from_slice(b"committer a <a@example.com> 1700000000 +0000\ndata 5\nStart\n");
        for (name, bytes) in &self.files {
            let is_executable = name.ends_with("jobs.yaml");
            let mode = if is_executable { "100755" } else { "100644" };
            write!(stream, "M {mode} inline {name}\ndata {}\n", bytes.len()).unwrap();
            stream.extend_from_slice(bytes);
            stream.push(b'\n');
        }
        let mut import = command("git")
            .arg("-C")
            .arg(path)
            // A pack is two files to copy, and not one for each object.
            .args(["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        import.stdin.take().unwrap().write_all(&stream).unwrap();
        assert!(import.wait().unwrap().success(), "{}", self.name);
    }
}

/// A template that stands for those of a kind of fixture.
struct Template {
    suffix: String,
    input: Vec<u8>,
    /// What a fix makes of it.
    expected: Option<Vec<u8>>,
}

/// The templates of some kinds of fixtures that need no flags.
fn fixtures(kinds: &[&str]) -> Vec<Template> {
    let folders = kinds
        .iter()
        .flat_map(|kind| fs::read_dir(root().join("fixtures").join(kind)).unwrap());
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    // What expires was written for another day than this.
    folders.retain(|folder| {
        let name = folder.to_str().unwrap();
        !folder.join("args").exists() && !name.contains("expired")
    });
    folders.iter().map(|folder| template(folder)).collect()
}

fn template(folder: &Path) -> Template {
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().is_some_and(|stem| stem == "input"))
        .collect();
    inputs.sort();
    let suffix = inputs[0].extension().unwrap().to_str().unwrap().to_owned();
    Template {
        input: fs::read(&inputs[0]).unwrap(),
        expected: fs::read(folder.join(format!("expected.{suffix}"))).ok(),
        suffix,
    }
}

/// Content that has nothing to do with the rule: a Helm chart that is no YAML, a workflow.
fn others(index: usize) -> BTreeMap<String, Vec<u8>> {
    let chart = "kind: {{ .Values.kind }}\n{{- if .Values.more }}\nmore: [\n{{- end }}\n";
    let workflow = "on: [push]\njobs: {check: {runs-on: ubuntu-latest, steps: []}}\n";
    let readme = format!("# Service {index}\n\nIt pushes to an AWS::ECR::Repository.\n");
    BTreeMap::from([
        ("README.md".to_owned(), readme.into_bytes()),
        ("charts/web/templates/web.yaml".to_owned(), chart.into()),
        (".github/workflows/check.yml".to_owned(), workflow.into()),
    ])
}

/// The bare repository of a seed, to make copies of.
pub(crate) fn original(seed: &Seed) -> PathBuf {
    static ORIGINALS: OnceLock<PathBuf> = OnceLock::new();
    let folder = ORIGINALS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bulk");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let empty = folder.join("empty");
        stdout(
            command("git")
                .args(["init", "--quiet", "--bare", "--template="])
                .arg(&empty),
        );
        for seed in seeds() {
            seed.fill(&empty, &folder.join(&seed.name));
        }
        folder
    });
    folder.join(&seed.name)
}

/// The repositories, always the same ones.
pub(crate) fn seeds() -> &'static [Seed] {
    static SEEDS: OnceLock<Vec<Seed>> = OnceLock::new();
    SEEDS.get_or_init(make)
}

/// The templates of each kind.
struct Templates {
    broken: Vec<Template>,
    compliant: Vec<Template>,
    refused: Vec<Template>,
    errors: Vec<Template>,
}

fn make() -> Vec<Seed> {
    let templates = Templates {
        broken: fixtures(&["fix"]),
        compliant: fixtures(&["comply", "unseen"]),
        refused: fixtures(&["refuse", "withheld"]),
        errors: fixtures(&["error"]),
    };
    (0..300).map(|index| seed(index, &templates)).collect()
}

/// A seed that is being made.
struct Sown {
    folder: &'static str,
    files: BTreeMap<String, Vec<u8>>,
    changed: BTreeMap<String, Vec<u8>>,
}

impl Sown {
    /// Puts one of some templates into the repository.
    fn add(&mut self, stem: &str, from: &[Template], index: usize) {
        // Spread over all, so that neighbours are not alike.
        let template = &from[index * 7 % from.len()];
        let path = format!("{}/{stem}.{}", self.folder, template.suffix);
        let path = path.trim_start_matches("./").to_owned();
        if let Some(expected) = &template.expected {
            self.changed.insert(path.clone(), expected.clone());
        }
        self.files.insert(path, template.input.clone());
    }
}

fn seed(index: usize, templates: &Templates) -> Seed {
    let mut sown = Sown {
        folder: ["templates", "my templates", "."][index % 7 % 3],
        files: others(index),
        changed: BTreeMap::new(),
    };
    let each = index / 3;
    let kind = match (index % 3, each % 5) {
        (0, _) => {
            sown.add("web stack", &templates.broken, each);
            if index.is_multiple_of(4) {
                sown.add("jobs", &templates.broken, each + 100);
            }
            "broken"
        }
        (1, _) => {
            sown.add("web", &templates.compliant, each);
            "compliant"
        }
        (_, 0) => {
            sown.add("refused", &templates.refused, each);
            "refused"
        }
        (_, 1) => {
            sown.add("refused one", &templates.refused, each);
            sown.add("web", &templates.broken, each + 200);
            "mixed"
        }
        (_, 3) => {
            let ignored = "# immutag: ignore-file goes with the old account\nResources:\n  Web:\n    Type: AWS::ECR::Repository\n";
            sown.files.insert("web.yaml".to_owned(), ignored.into());
            "ignored"
        }
        (_, 4) if each % 25 == 4 => {
            sown.add("broken", &templates.errors, each);
            sown.add("web", &templates.broken, each);
            "failing"
        }
        (_, _) => "none",
    };
    let outcome = match kind {
        "broken" | "mixed" => Outcome::Branch(sown.changed),
        "failing" => Outcome::Failure,
        _ => Outcome::Nothing,
    };
    Seed {
        name: format!("{index:03}-{kind}"),
        base: if index % 10 == 9 { "trunk" } else { "main" },
        files: sown.files,
        outcome,
    }
}
