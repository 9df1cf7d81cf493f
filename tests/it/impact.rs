//! What pushes moving tags is found in small repositories of every kind, and
//! nothing else is.
//!
//! Each folder of `fixtures/impact` is a git repository. `expected.tsv` says
//! what is pushed there: a line each of `moving` or `unknown`, the file and the
//! line, the tag, the repository's logical ID or `unknown`. It was written
//! from what the files say, before there was a program to ask. A fifth field,
//! `limit: reason`, is of a push that is there and is not found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{IMMUTAG, copy, immutag, root};

/// A git repository of its own.
fn repository(fixture: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(fixture, folder.path());
    let _ = fs::remove_file(folder.path().join("expected.tsv"));
    let made = Command::new("git")
        .args(["init", "-q"])
        .current_dir(folder.path())
        .status();
    assert!(made.unwrap().success());
    folder
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(folder: &Path) -> Value {
    let output = immutag(folder, &["impact", "--output-format", "json"]);
    let found = serde_json::from_slice(&output.stdout);
    found.unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

/// What is found, as lines of `expected.tsv`.
fn found(folder: &Path) -> BTreeSet<String> {
    let report = json(folder);
    let pushes = report["pushes"].as_array().unwrap();
    let line = |push: &Value| {
        let kind = if push["tag"]["moves"].is_null() {
            "unknown"
        } else {
            "moving"
        };
        let target = push["target"]["logical_id"].as_str().unwrap_or("unknown");
        format!(
            "{kind}\t{}:{}\t{}\t{target}",
            push["path"].as_str().unwrap(),
            push["position"]["line"],
            push["tag"]["shown"].as_str().unwrap()
        )
    };
    pushes.iter().map(line).collect()
}

/// The lines of `expected.tsv`, and those of them that are known limits.
fn expected(fixture: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = fs::read_to_string(fixture.join("expected.tsv")).unwrap();
    let (mut all, mut limits) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        match line.split_once("\tlimit: ") {
            Some((line, reason)) => {
                assert!(!reason.is_empty(), "{line}");
                limits.insert(line.to_owned());
            }
            None => _ = all.insert(line.to_owned()),
        }
    }
    (all, limits)
}

fn fixtures() -> Vec<PathBuf> {
    let root = root().join("fixtures/impact");
    let folders = fs::read_dir(root).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// What was found rightly, wrongly, and not.
#[derive(Clone, Copy, Default)]
struct Score {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Score {
    fn shown(self) -> String {
        #[allow(clippy::cast_precision_loss, reason = "these are small")]
        let share = |of: usize| match self.right + of {
            0 => 1.0,
            all => self.right as f64 / all as f64,
        };
        format!(
            "precision {:.3}, recall {:.3} ({} found, {} wrong, {} missed)",
            share(self.wrong),
            share(self.missed),
            self.right,
            self.wrong,
            self.missed
        )
    }
}

#[test]
fn what_pushes_moving_tags_is_found_and_nothing_else() {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut failures = Vec::new();
    let fixtures = fixtures();
    assert!(fixtures.len() >= 40, "{}", fixtures.len());
    for fixture in &fixtures {
        let slug = fixture.file_name().unwrap().to_string_lossy().into_owned();
        let (all, limits) = expected(fixture);
        let folder = repository(fixture);
        let found = found(folder.path());
        for line in found.difference(&all) {
            failures.push(format!("{slug}: wrong: {line}"));
        }
        for line in all.difference(&found) {
            failures.push(format!("{slug}: missed: {line}"));
        }
        for line in limits.intersection(&found) {
            failures.push(format!("{slug}: no limit any more: {line}"));
        }
        let kind = slug.split('-').next().unwrap().to_owned();
        for name in [kind, "all".to_owned()] {
            // What goes somewhere is right or wrong only where it is said.
            let score = scores.entry(name).or_default();
            score.right += found.intersection(&all).count();
            score.wrong += found.difference(&all).count();
            score.missed += all.difference(&found).count() + limits.difference(&found).count();
        }
    }
    println!("{} repositories", fixtures.len());
    for (kind, score) in &scores {
        println!("{kind:>10}: {}", score.shown());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A git repository with these files.
fn with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    repository(folder.path())
}

const WEB: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      RepositoryName: web\n";
const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// A script that pushes these images to ECR.
fn pushing(images: &[&str]) -> String {
    let lines = images
        .iter()
        .map(|image| format!("docker push {REGISTRY}/{image}\n"));
    lines.collect()
}

#[test]
fn the_exit_status_says_whether_something_moves() {
    let status = |script: &str, arguments: &[&str]| {
        let folder = with(&[("t.yaml", WEB), ("push.sh", script)]);
        immutag(folder.path(), &[&["impact"], arguments].concat())
            .status
            .code()
    };
    let latest = pushing(&["web:latest"]);
    assert_eq!(status(&latest, &[]), Some(1));
    assert_eq!(status(&latest, &["--exit-zero"]), Some(0));
    assert_eq!(status(&latest, &["--keep-mutable", "lat*"]), Some(0));
    assert_eq!(status(&pushing(&["web:$1"]), &[]), Some(0));
    assert_eq!(status(&pushing(&["web:1.0.0"]), &[]), Some(0));
    assert_eq!(status(&latest, &["nowhere.yaml"]), Some(2));
    assert_eq!(status(&latest, &["-"]), Some(2));
    let broken = with(&[
        ("t.yaml", "a: [\n  AWS::ECR::Repository\n"),
        ("push.sh", &latest),
    ]);
    let output = immutag(broken.path(), &["impact"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("t.yaml:"), "{}", stderr(&output));
}

#[test]
fn nothing_found_is_not_called_safe() {
    let folder = with(&[("t.yaml", WEB), ("push.sh", &pushing(&["web:$GITHUB_SHA"]))]);
    let text = stdout(&immutag(folder.path(), &["impact"]));
    assert!(text.contains("no proof that there is none"), "{text}");
    assert!(
        text.contains("Read 2 files of 2 kinds in 1 git repository"),
        "{text}"
    );
    assert!(
        text.contains("Not seen by this:\n  - pipelines of other git"),
        "{text}"
    );
}

#[test]
fn check_says_so_where_a_folder_is_checked_and_nowhere_else() {
    let folder = with(&[("t.yaml", WEB), ("push.sh", &pushing(&["web:latest"]))]);
    let note = "1 moving tag is pushed to 1 of these repositories from here";
    let says = |arguments: &[&str]| {
        let output = immutag(folder.path(), arguments);
        assert!(!stdout(&output).contains(note));
        stderr(&output).contains(note)
    };
    assert!(says(&["check"]));
    assert!(says(&["check", "."]));
    assert!(says(&["check", "--output-format", "json"]));
    assert!(!says(&["check", "t.yaml"]));
    assert!(!says(&["check", "--no-impact"]));
    assert!(!says(&["check", "--quiet"]));
    assert!(!says(&["check", "--keep-mutable", "latest"]));
    assert!(!says(&["check", "--staged"]));
    assert!(!says(&["diff"]));
    assert!(!says(&["fix"]));
    assert!(!says(&["check"]), "nothing is left to repair");
}

#[test]
fn moving_tags_are_kept_in_the_repositories_that_they_go_to() {
    let template = format!(
        "{WEB}  Jobs:\n    Type: AWS::ECR::Repository\n    Properties:\n      RepositoryName: jobs\n"
    );
    let images = ["web:latest", "web:dev", "web:$BRANCH", "jobs:$GITHUB_SHA"];
    let script = pushing(&images) + "docker push $ELSEWHERE:edge\n";
    let folder = with(&[("t.yaml", &template), ("push.sh", &script)]);
    let path = folder.path().join("t.yaml");
    let read = || fs::read_to_string(&path).unwrap();

    let safe = immutag(folder.path(), &["diff", "--keep-moving-tags"]);
    assert!(
        !stdout(&safe).contains("RepositoryName: web\n+"),
        "{}",
        stdout(&safe)
    );
    assert!(
        stderr(&safe).contains("1 finding needs --unsafe-fixes"),
        "{}",
        stderr(&safe)
    );

    let arguments = ["--unsafe-fixes", "--keep-moving-tags"];
    let dry_run = stdout(&immutag(
        folder.path(),
        &[&["diff", "-q"], &arguments[..]].concat(),
    ));
    let fixed = immutag(folder.path(), &[&["fix"], &arguments[..]].concat());
    assert_eq!(fixed.status.code(), Some(0), "{}", stderr(&fixed));
    assert!(
        stderr(&fixed).contains("2 moving tags are not kept"),
        "{}",
        stderr(&fixed)
    );
    let expected = "\
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: IMMUTABLE_WITH_EXCLUSION
      ImageTagMutabilityExclusionFilters:
        - ImageTagMutabilityExclusionFilterType: WILDCARD
          ImageTagMutabilityExclusionFilterValue: dev
        - ImageTagMutabilityExclusionFilterType: WILDCARD
          ImageTagMutabilityExclusionFilterValue: latest
      RepositoryName: web
  Jobs:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: IMMUTABLE
      RepositoryName: jobs
";
    assert_eq!(read(), expected);
    // The dry run was the same.
    fs::write(&path, &template).unwrap();
    fs::write(folder.path().join("p.patch"), dry_run).unwrap();
    let applied = Command::new("git")
        .args(["apply", "p.patch"])
        .current_dir(folder.path())
        .status();
    assert!(applied.unwrap().success());
    assert_eq!(read(), expected);
    // A second run changes nothing, and finds nothing.
    let again = immutag(folder.path(), &[&["fix"], &arguments[..]].concat());
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(read(), expected);
    let strict = [&["check", "-q", "--strict"], &arguments[..]].concat();
    assert_eq!(immutag(folder.path(), &strict).status.code(), Some(0));
    assert_eq!(immutag(folder.path(), &["impact"]).status.code(), Some(0));
}

/// Whatever a template is called and wherever it lies: a run that repairs it
/// looks for what pushes to it.
#[test]
fn moving_tags_are_kept_in_every_template_of_the_run() {
    let script = pushing(&["web:latest"]);
    for (path, arguments) in [
        ("a/web.yaml.j2", &["a"][..]),
        ("a/web.cfn", &["a/web.cfn"]),
        ("a/web", &["a", "--include", "web"]),
        ("a/docker-compose-web.yaml", &["a"]),
        ("a/action.yml", &["a"]),
        ("vendor/web.yaml", &["vendor/web.yaml"]),
        ("vendor/web.yaml", &["."]),
        ("a/node_modules/web.yaml", &["a/node_modules"]),
        ("ignored/web.yaml", &["ignored/web.yaml"]),
        ("ignored/web.yaml", &[".", "--no-ignore"]),
    ] {
        let files = [
            (path, WEB),
            ("a/push.sh", script.as_str()),
            (".gitignore", "ignored\n"),
        ];
        let folder = with(&files);
        let flags = ["fix", "--unsafe-fixes", "--keep-moving-tags"];
        let output = immutag(folder.path(), &[&flags, arguments].concat());
        let after = fs::read_to_string(folder.path().join(path)).unwrap();
        assert!(
            after.contains("FilterValue: latest"),
            "{arguments:?}: {after}{}",
            stderr(&output)
        );
        // Nor is it overlooked where only the question is asked.
        let folder = with(&files);
        let output = immutag(folder.path(), &[&["impact"], arguments].concat());
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            stdout(&output)
        );
    }
}

/// There are files around a text only where it has a name.
#[test]
fn moving_tags_are_kept_in_a_text_that_has_the_name_of_a_file() {
    let folder = with(&[("t.yaml", WEB), ("push.sh", &pushing(&["web:latest"]))]);
    let run = |name: &[&str]| {
        let flags = ["fix", "-", "--unsafe-fixes", "--keep-moving-tags"];
        let mut command = Command::new(IMMUTAG);
        command
            .args(flags)
            .args(name)
            .current_dir(folder.path())
            .stdin(fs::File::open(folder.path().join("t.yaml")).unwrap());
        command.output().unwrap()
    };
    let unnamed = run(&[]);
    assert_eq!(unnamed.status.code(), Some(2));
    assert_eq!(stdout(&unnamed), "");
    assert!(
        stderr(&unnamed).contains("say which file that is: --stdin-filename"),
        "{}",
        stderr(&unnamed)
    );
    let named = run(&["--stdin-filename", "t.yaml"]);
    assert!(
        stdout(&named).contains("FilterValue: latest"),
        "{}",
        stdout(&named)
    );
    let unknown = run(&["--stdin-filename", "new.yaml"]);
    assert_eq!(
        (unknown.status.code(), stdout(&unknown).as_str()),
        (Some(1), WEB)
    );
    assert!(
        stderr(&unknown).contains("what pushes to it could not be looked for"),
        "{}",
        stderr(&unknown)
    );
}

/// What was looked for is what pushes to the repositories of the file: a text
/// that is another may declare others under the same names.
#[test]
fn a_text_is_not_judged_by_what_pushes_to_another() {
    let other = WEB.replace("RepositoryName: web", "RepositoryName: other");
    let flags = ["--unsafe-fixes", "--keep-moving-tags"];
    let folder = with(&[("t.yaml", &other), ("push.sh", &pushing(&["web:latest"]))]);
    fs::write(folder.path().join("text"), WEB).unwrap();
    let mut command = Command::new(IMMUTAG);
    command
        .args(["fix", "-", "--stdin-filename", "t.yaml"])
        .args(flags)
        .current_dir(folder.path())
        .stdin(fs::File::open(folder.path().join("text")).unwrap());
    let output = command.output().unwrap();
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(1), WEB)
    );
    let why = "not fixable: what pushes to it was looked for by the file on disk, and this text is another";
    assert!(stderr(&output).contains(why), "{}", stderr(&output));

    // The same with what is staged.
    let path = folder.path().join("t.yaml");
    fs::write(&path, WEB).unwrap();
    let added = Command::new("git")
        .args(["add", "t.yaml"])
        .current_dir(folder.path())
        .status();
    assert!(added.unwrap().success());
    let diff = || {
        let arguments = [&["diff", "--staged"], &flags[..]].concat();
        let output = immutag(folder.path(), &arguments);
        stdout(&output) + &stderr(&output)
    };
    let same = diff();
    assert!(same.contains("FilterValue: latest"), "{same}");
    let unknown = "not fixable: what pushes to it could not be looked for";
    for (text, why) in [(other.as_str(), why), ("Resources: {}\n", unknown)] {
        fs::write(&path, text).unwrap();
        let told = diff();
        assert!(!told.contains("+      ImageTagMutability"), "{text}{told}");
        let check = ["check", "--staged", "--keep-moving-tags"];
        let told = stdout(&immutag(folder.path(), &check));
        assert!(told.contains(why), "{text}{told}");
    }
}

/// What is behind the end of what was read may move any tag.
#[test]
fn nothing_is_kept_by_half_of_a_file() {
    let large = "# a line\n".repeat(120_000) + &pushing(&["web:latest"]);
    let many: Vec<String> = (0..1100).map(|n| format!("web:1.{n}.0")).collect();
    let many = many.iter().map(String::as_str).chain(["web:latest"]);
    let many: Vec<&str> = many.collect();
    let many = pushing(&many);
    for (script, path) in [
        (large.as_bytes(), "ci/push.sh"),
        (many.as_bytes(), "ci/push.sh"),
        (b"docker push \xff\n", "ci/push.sh"),
    ] {
        let folder = with(&[("t.yaml", WEB), ("ci/x", "")]);
        fs::write(folder.path().join(path), script).unwrap();
        let arguments = ["fix", "--unsafe-fixes", "--keep-moving-tags"];
        let output = immutag(folder.path(), &arguments);
        let told = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{told}{}", stderr(&output));
        let why = format!("not fixable: {path}, which may push to it, was not read whole, so that");
        assert!(told.contains(&why), "{told}");
        let after = fs::read_to_string(folder.path().join("t.yaml")).unwrap();
        assert_eq!(after, WEB);
    }
}

/// What lies in a folder that is not looked into may move any tag, too.
#[test]
fn nothing_is_kept_by_a_part_of_the_folders() {
    let push = pushing(&["web:latest"]);
    let folder = with(&[("t.yaml", WEB), ("ci/push.sh", &push)]);
    fs::write(folder.path().join("ci/.gitignore"), b"\xff\n").unwrap();
    let output = immutag(folder.path(), &["fix", "--keep-moving-tags", "t.yaml"]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{told}{}", stderr(&output));
    let why = "not fixable: ci/.gitignore, which may push to it, was not read whole, so that";
    assert!(told.contains(why), "{told}");
    let after = fs::read_to_string(folder.path().join("t.yaml")).unwrap();
    assert_eq!(after, WEB);
    let output = immutag(folder.path(), &["impact"]);
    assert!(
        stderr(&output).contains("ci/.gitignore"),
        "{}",
        stderr(&output)
    );
}

/// Where it cannot be told what pushes to a repository, it is left as it is.
#[test]
fn a_repository_that_no_pushes_can_be_looked_for_is_left() {
    let masked = WEB.replace("  Web:", "  {{ name }}Web:");
    let creation = "Resources:\n  New:\n    Type: AWS::ECR::RepositoryCreationTemplate\n    \
                    Properties:\n      Prefix: a\n      AppliedFor: [REPLICATION]\n";
    let shared = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties: &all\n      \
                  ImageTagMutability: MUTABLE\n  {{ name }}:\n    Type: AWS::ECR::Repository\n    \
                  Properties: *all\n";
    for (name, text) in [
        ("t.yaml.j2", masked.as_str()),
        ("t.yaml", creation),
        ("t.yaml.j2", shared),
    ] {
        let folder = with(&[(name, text), ("push.sh", &pushing(&["web:latest"]))]);
        let flags = [
            "fix",
            "--unsafe-fixes",
            "--keep-moving-tags",
            "--creation-templates",
        ];
        let output = immutag(folder.path(), &flags);
        let told = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{told}{}", stderr(&output));
        assert!(
            told.contains("not fixable: what pushes to it could not be looked for"),
            "{told}"
        );
        let after = fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(after, text, "{told}");
    }
}

#[test]
fn what_is_shared_is_not_given_tags_of_one_only() {
    let template = "\
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties: &all
      ImageTagMutability: MUTABLE
      RepositoryName: web
  Jobs:
    Type: AWS::ECR::Repository
    Properties: *all
  Own:
    Type: AWS::ECR::Repository
    Properties:
      RepositoryName: own
";
    let folder = with(&[("t.yaml", template), ("push.sh", &pushing(&["own:latest"]))]);
    let arguments = ["fix", "--unsafe-fixes", "--keep-moving-tags"];
    let fixed = immutag(folder.path(), &arguments);
    let text = stdout(&fixed) + &stderr(&fixed);
    assert!(text.contains("shared through an anchor"), "{text}");
    let after = fs::read_to_string(folder.path().join("t.yaml")).unwrap();
    assert_eq!(
        after.matches("IMMUTABLE_WITH_EXCLUSION\n").count(),
        1,
        "{after}"
    );
    assert!(after.contains("ImageTagMutability: MUTABLE\n"), "{after}");

    // The same tags in both, and in no other.
    let (alike, _) = template.split_once("  Own:").unwrap();
    let folder = with(&[("t.yaml", alike), ("push.sh", &pushing(&["web:latest"]))]);
    let fixed = immutag(folder.path(), &arguments);
    assert_eq!(fixed.status.code(), Some(0), "{}", stdout(&fixed));
    let after = fs::read_to_string(folder.path().join("t.yaml")).unwrap();
    assert_eq!(after.matches("FilterValue: latest").count(), 1, "{after}");
}

#[test]
fn a_computed_mode_gets_no_filters_beside_it() {
    let template = "\
Parameters:
  Mode: {Type: String, Default: MUTABLE}
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: !Ref Mode
      RepositoryName: web
  Jobs:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: !Ref Mode
      RepositoryName: jobs
";
    let folder = with(&[("t.yaml", template), ("push.sh", &pushing(&["web:latest"]))]);
    let fixed = immutag(
        folder.path(),
        &["fix", "--unsafe-fixes", "--keep-moving-tags"],
    );
    assert_eq!(fixed.status.code(), Some(1), "{}", stderr(&fixed));
    let after = fs::read_to_string(folder.path().join("t.yaml")).unwrap();
    assert_eq!(after, template);
}

#[test]
fn more_tags_than_filters_are_refused() {
    let images = ["a", "b", "c", "d", "e", "f"].map(|tag| format!("web:{tag}"));
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let folder = with(&[("t.yaml", WEB), ("push.sh", &pushing(&images))]);
    let run = |more: &[&str]| {
        let arguments = [&["fix", "--unsafe-fixes", "--keep-moving-tags"], more].concat();
        immutag(folder.path(), &arguments)
    };
    let refused = run(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stdout(&refused).contains("6 tags are moved here"),
        "{}",
        stdout(&refused)
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("t.yaml")).unwrap(),
        WEB
    );
    let covered = run(&["--keep-mutable", "*"]);
    assert_eq!(covered.status.code(), Some(0), "{}", stderr(&covered));
}

/// No look at files finds all that pushes: that these tags are enough is for
/// the user to say, and only where there are any.
#[test]
fn as_many_tags_as_filters_are_kept_where_the_user_allows_it() {
    let images = ["a", "b", "c", "d", "e"].map(|tag| format!("web:{tag}"));
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let quiet = WEB.replace("Web", "Quiet").replace("web", "quiet");
    let folder = with(&[
        ("t.yaml", WEB),
        ("quiet.yaml", &quiet),
        ("push.sh", &pushing(&images)),
    ]);
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let output = immutag(folder.path(), &["fix", "--keep-moving-tags"]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{told}{}", stderr(&output));
    assert!(told.contains("t.yaml:4:5: Web: "), "{told}");
    assert!(
        told.contains("[missing, fixable with --unsafe-fixes]"),
        "{told}"
    );
    assert_eq!(text("t.yaml"), WEB);
    assert!(text("quiet.yaml").contains("ImageTagMutability: IMMUTABLE\n"));
    let output = immutag(
        folder.path(),
        &["fix", "--unsafe-fixes", "--keep-moving-tags"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let kept = text("t.yaml");
    assert_eq!(kept.matches("FilterValue: ").count(), 5, "{kept}");
}

#[test]
fn the_json_is_as_its_schema_says() {
    let schema = include_str!("../../docs/immutag-impact.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut pushes = 0;
    for fixture in fixtures() {
        let folder = repository(&fixture);
        let report = json(folder.path());
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", fixture.display());
        pushes += report["pushes"].as_array().unwrap().len();
    }
    assert!(pushes > 50, "{pushes}");
}

#[test]
fn paths_are_shown_from_the_working_directory() {
    let script = pushing(&["web:latest"]);
    let folder = with(&[("a/t.yaml", WEB), ("b/c/push.sh", &script)]);
    let from = |inner: &str| stdout(&immutag(&folder.path().join(inner), &["impact"]));
    assert!(from("").starts_with("b/c/push.sh:1:13: latest goes to Web (a/t.yaml)"));
    assert!(from("a").starts_with("../b/c/push.sh:1:13: latest goes to Web (t.yaml)"));
    let outside = tempfile::tempdir().unwrap();
    let output = immutag(
        outside.path(),
        &["impact", &folder.path().to_string_lossy()],
    );
    assert!(
        stdout(&output).contains("/b/c/push.sh:1:13: latest"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn each_git_repository_is_looked_at_on_its_own() {
    let script = pushing(&["web:latest"]);
    let all = tempfile::tempdir().unwrap();
    for (name, text) in [("one", script.as_str()), ("two", "true\n")] {
        let one = with(&[("t.yaml", WEB), ("push.sh", text)]);
        copy(one.path(), &all.path().join(name));
    }
    let output = immutag(all.path(), &["impact"]);
    let text = stdout(&output);
    assert!(
        text.contains("Found 1 moving tag for 1 of 2 repositories"),
        "{text}"
    );
    assert!(text.contains("in 2 git repositories"), "{text}");
    assert!(
        text.contains("one/push.sh:1:13: latest goes to Web (one/t.yaml)"),
        "{text}"
    );
}

#[test]
fn ignored_and_suppressed_is_left_out() {
    let script = pushing(&["web:latest"]);
    let suppressed = WEB.replace("  Web:", "  # immutag: ignore\n  Web:");
    for files in [
        [
            ("t.yaml", suppressed.as_str()),
            ("push.sh", script.as_str()),
            ("x", ""),
        ],
        [
            ("t.yaml", WEB),
            ("push.sh", &script),
            (".gitignore", "push.sh\n"),
        ],
        [
            ("t.yaml", WEB),
            ("node_modules/x/push.sh", &script),
            ("x", ""),
        ],
        [
            ("t.yaml", WEB),
            ("sub/.git/HEAD", ""),
            ("sub/push.sh", &script),
        ],
    ] {
        let folder = with(&files);
        let output = immutag(folder.path(), &["impact"]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    }
}

#[test]
fn many_pushes_to_many_repositories_of_a_name_are_not_multiplied() {
    let repositories = (0..256).map(|n| {
        format!(
            "  W{n}:\n    Type: AWS::ECR::Repository\n    Properties: {{RepositoryName: web}}\n"
        )
    });
    let template = "Resources:\n".to_owned() + &repositories.collect::<String>();
    let pushes = |range: std::ops::Range<usize>, tag: &str| {
        let lines = range.map(|n| format!("docker push $r:{tag}{n}\n"));
        format!("r={REGISTRY}/web\n") + &lines.collect::<String>()
    };
    let folder = with(&[("t.yaml", &template), ("x.sh", &pushes(0..4000, "t"))]);
    let output = immutag(folder.path(), &["impact"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.lines().count() < 1100, "{}", text.lines().count());
    assert!(
        text.starts_with("x.sh:2:13: t0 goes to W0 (t.yaml) and 255 more of its name: stop"),
        "{text}"
    );
    assert!(
        text.contains("x.sh: 2976 pushes are not looked at, behind the first 1024;"),
        "{text}"
    );
    let arguments = ["fix", "--unsafe-fixes", "--keep-moving-tags"];
    let folder = with(&[("t.yaml", &template), ("x.sh", &pushes(0..1000, "t"))]);
    let fixed = stdout(&immutag(folder.path(), &arguments));
    assert!(
        fixed.contains("more than 100 tags are moved here"),
        "{fixed}"
    );
    // One that is left out is not named, and its namesakes are.
    let suppressed = template.replace("  W0:", "  # immutag: ignore\n  W0:");
    let folder = with(&[("t.yaml", &suppressed), ("x.sh", &pushes(0..1, "t"))]);
    let text = stdout(&immutag(folder.path(), &["impact"]));
    assert!(
        text.contains("W1 (t.yaml) and 254 more of its name"),
        "{text}"
    );
    assert!(text.contains("1 moving tag for 255 of 255"), "{text}");
    assert_eq!(
        json(folder.path())["git_repositories"][0]["repositories"][254]["moving_tags"][0],
        "t0"
    );
    // All that was looked at is fixed: the rest may not be.
    let folder = with(&[("t.yaml", WEB), ("x.sh", &pushes(0..1025, "1.0."))]);
    let status = |arguments: &[&str]| immutag(folder.path(), arguments);
    assert_eq!(status(&["impact"]).status.code(), Some(1));
    assert_eq!(status(&["impact", "--exit-zero"]).status.code(), Some(0));
    assert_eq!(json(folder.path())["summary"]["pushes_not_looked_at"], 1);
    let says = stderr(&status(&["check"]));
    assert!(says.contains("1 push was not looked at: see"), "{says}");
    // A push of all tags is one of each that was given before.
    let all = (0..500)
        .map(|n| format!("docker tag x {REGISTRY}/web:t{n}\ndocker push -a {REGISTRY}/web\n"));
    let folder = with(&[("t.yaml", WEB), ("x.sh", &all.collect::<String>())]);
    let text = stdout(&immutag(folder.path(), &["impact"]));
    assert!(text.lines().count() < 1100, "{}", text.lines().count());
    assert!(text.contains("pushes are not looked at"), "{text}");
}

/// One push that many jobs run is one.
#[test]
fn a_push_counts_once_however_many_run_it() {
    let jobs = |image: &str| {
        let jobs = (0..1100).map(|n| format!("job{n}: {{extends: .push}}\n"));
        format!(".push: {{script: ['docker push {REGISTRY}/{image}']}}\n")
            + &jobs.collect::<String>()
    };
    let folder = with(&[("t.yaml", WEB), (".gitlab-ci.yml", &jobs("web:latest"))]);
    let text = stdout(&immutag(folder.path(), &["impact"]));
    assert!(!text.contains("not looked at"), "{text}");
    assert!(text.contains("Found 1 moving tag for 1 of 1"), "{text}");
    let fixed = jobs("web:$CI_COMMIT_SHA");
    let folder = with(&[("t.yaml", WEB), (".gitlab-ci.yml", &fixed)]);
    let output = immutag(folder.path(), &["impact"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("; 1 push with tags that do not move, 0 to"),
        "{text}"
    );
}

/// A mirror of everything is no reason to look at nothing.
#[test]
fn what_goes_to_other_registries_uses_nothing_up() {
    let copies = (0..1100).map(|n| {
        format!(
            "skopeo copy docker://quay.io/a/b:1.{n}.0 docker://registry.example.com/a/b:1.{n}.0\n"
        )
    });
    let mirror = copies.collect::<String>();
    let script = mirror.clone() + &pushing(&["web:$(git rev-parse HEAD)"]);
    let folder = with(&[("t.yaml", WEB), ("mirror.sh", &script)]);
    let output = immutag(folder.path(), &["impact"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("; 1 push with tags that do not move, 1100 to other registries"),
        "{text}"
    );
    // What comes after them is found.
    let script = mirror + &pushing(&["web:latest"]);
    let folder = with(&[("t.yaml", WEB), ("mirror.sh", &script)]);
    let text = stdout(&immutag(folder.path(), &["impact"]));
    assert!(
        text.starts_with("mirror.sh:1101:13: latest goes to Web"),
        "{text}"
    );
}

/// Who cannot be judged is not told that nothing is wrong.
#[test]
fn files_that_could_not_be_judged_are_named() {
    let folder = with(&[("mod/t.yaml", &format!("{WEB}  - x\n"))]);
    let output = immutag(folder.path(), &["impact", "mod"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(
        text,
        "1 file could not be judged. Nothing would turn immutable in the 0 repositories of the others, so \
         nothing was looked for.\n"
    );
}

#[allow(clippy::too_many_lines, reason = "a line for each file")]
#[test]
fn hostile_files_cost_no_more_than_their_size() {
    let mut files: Vec<(String, String)> = vec![("t.yaml".to_owned(), WEB.to_owned())];
    let mut add = |name: &str, text: String| files.push((name.to_owned(), text));
    let many = |text: &str| text.repeat(200_000 / text.len());
    add("open-quotes.sh", many("docker push \" $("));
    add("open-parts.sh", many("docker push $("));
    add("braces.sh", many("docker ${a:-"));
    add("marks.sh", many("docker ${{ "));
    add("ticks.sh", many("docker ` "));
    add("heredocs.sh", many("docker << A\n"));
    add(
        "grows.sh",
        "A=docker\n".to_owned() + &many("A=$A$A\ndocker push $A\n"),
    );
    add("apostrophes.sh", many("docker push $(' "));
    add("one-line.sh", many("docker push x;"));
    add("endless.sh", {
        let lines = (0..20_000).map(|n| format!("docker << A{n}\n"));
        lines.collect::<String>()
    });
    add("parameters.sh", many("docker push << parameters.a "));
    add("functions.sh", many("f() { docker push $A; function g {\n"));
    add("closing.sh", many("} docker ) } }\n"));
    add("d/Jenkinsfile", many("sh 'docker \\\\' + a.b + "));
    add("e/Jenkinsfile", many("a = 'docker'.b('' + ( "));
    add(
        "b/build.gradle",
        many("jib.to.tags = ['docker', jib.to.image = "),
    );
    add(
        "b/.gitlab-ci.yml",
        ".a:\n  script:\n    - docker push x\n    - !reference [.a, script]\n    - !reference [.a, script]\n\
         b: !reference [b]\nc: {extends: .a, variables: !reference [c, variables]}\n"
            .to_owned(),
    );
    add(
        "lists.yml",
        format!(
            "a:\n{}",
            "  - command: [docker, push, x]\n    args: [a]\n".repeat(2000)
        ),
    );
    add("huge.sh", "docker push x ".repeat(4_000_000));
    add("Makefile", many("A = $(A) docker\n\tdocker push $(A)\n"));
    add("b/Makefile", {
        let lines = (0..20_000).map(|n| format!("A{n} = $(A{}) docker\n", n + 1));
        lines.collect::<String>() + "x:\n\tdocker push $(A0)\n"
    });
    add("Jenkinsfile", many("docker \"\"\" ${ sh( "));
    add("c/Jenkinsfile", many("docker.build('a').push("));
    add("build.gradle", many("jib { to { image = "));
    add("pom.xml", many("jib-maven-plugin <to><image>"));
    add("justfile", many("a := `docker\n"));
    add("deep.yaml", "docker: ".to_owned() + &"[".repeat(200_000));
    add(
        "deeper.yml",
        "docker:\n".to_owned() + &(0..900).map(|n| " ".repeat(n) + "a:\n").collect::<String>(),
    );
    let bomb: Vec<String> = (1..40)
        .map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1))
        .collect();
    let bomb = bomb.concat();
    add(
        ".gitlab-ci.yml",
        format!("a0: &a0 [docker push x]\n{bomb}x: {{script: *a39}}\n"),
    );
    add(
        ".github/workflows/w.yml",
        format!(
            "a0: &a0 [docker]\n{bomb}jobs: {{x: {{steps: *a39, strategy: {{matrix: *a39}}}}}}\n"
        ),
    );
    add(
        "package.json",
        format!(
            "{{\"scripts\": {{\"a\": \"{}\"}}}}",
            "docker push \\\"$( ".repeat(40_000)
        ),
    );
    add(
        "names/\u{1b}[31m.sh",
        "docker push $R:\u{1b}[0m\ndocker push $R:x\n".to_owned(),
    );
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let folder = with(&files);
    let output = immutag(folder.path(), &["impact"]);
    let text = stdout(&output);
    assert!(
        !text.contains('\u{1b}') && !stderr(&output).contains('\u{1b}'),
        "{text}"
    );
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{}",
        stderr(&output)
    );
    assert!(
        text.contains("huge.sh: not read; it is larger than 1024 KiB."),
        "{text}"
    );
    assert!(
        text.contains("names/\\u{1b}[31m.sh:2:13: x goes to $R"),
        "{text}"
    );
    assert!(text.contains("deep.yaml: not valid YAML"), "{text}");
}
