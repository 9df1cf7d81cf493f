//! The hooks, run by the real pre-commit on repositories that a test makes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread::available_parallelism;

use immutag::testing::DEFAULT_INCLUDE;
use tempfile::TempDir;

use super::{
    BAD, Done, GOOD, build_env, immutag, list, page, pages, path_with, read, root, run, said, tool,
    word, write, yaml,
};

const BROKEN: &str = "a: [\n  b: {{ .Values.b }}\n";
const CHART: &str = "kind: Deployment\nspec:\n  {{- if .Values.on }}\n  replicas: {{ .Values.count }}\n  {{- end }}\n";
const PLACEHOLDER: &str = "https://git.example.com/immutag";

/// What is built once, and used by all tests.
struct Workshop {
    pre_commit: String,
    /// A repository with the working tree of this one, tagged `v0.1.0`.
    mirror: PathBuf,
    /// What pre-commit has built.
    cache: PathBuf,
}

/// git, with nothing of the settings of whoever runs the tests.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    set(&mut command, folder);
    command
}

fn set(command: &mut Command, folder: &Path) {
    for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "SKIP"] {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].iter().flat_map(|who| {
            [
                (format!("GIT_{who}_NAME"), "A"),
                (format!("GIT_{who}_EMAIL"), "a@example.com"),
            ]
        }));
}

fn commit_all(folder: &Path) {
    said(git(folder).args(["add", "-A"]));
    said(git(folder).args(["commit", "-q", "-m", "All"]));
}

fn init(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    said(git(folder).args(["init", "-q", "-b", "main"]));
}

fn workshop() -> &'static Workshop {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    let pre_commit = tool("IMMUTAG_PRE_COMMIT");
    WORKSHOP.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pre-commit");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let mirror = folder.join("immutag");
        init(&mirror);
        let listed = said(git(root()).args(["ls-files", "-z", "-c", "-o", "--exclude-standard"]));
        for name in listed.split_terminator('\0') {
            let from = root().join(name);
            // One that is deleted and not yet committed so.
            if from.is_file() {
                let to = mirror.join(name);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, to).unwrap();
            }
        }
        commit_all(&mirror);
        said(git(&mirror).args(["tag", "v0.1.0"]));
        Workshop {
            pre_commit,
            mirror,
            cache: folder.join("cache"),
        }
    })
}

impl Workshop {
    fn set(&self, command: &mut Command, folder: &Path) {
        set(command, folder);
        let bin = Path::new(&self.pre_commit).parent().unwrap();
        command
            .env("PRE_COMMIT_HOME", &self.cache)
            .env("PRE_COMMIT_COLOR", "never")
            .env("PATH", path_with(bin))
            .envs(build_env());
    }

    fn pre_commit(&self, folder: &Path, arguments: &[&str]) -> Done {
        let mut command = Command::new(&self.pre_commit);
        self.set(&mut command, folder);
        run(command.args(arguments))
    }

    /// A configuration of a page, of the repository at hand.
    fn config(&self, page_name: &str, title: &str) -> String {
        let config = pages::file(&page(page_name), "yaml", title);
        assert!(config.contains(PLACEHOLDER), "{config}");
        config.replace(PLACEHOLDER, &self.mirror.display().to_string())
    }

    /// A program of the virtual environment that pre-commit is in.
    fn beside(&self, name: &str) -> Command {
        let bin = Path::new(&self.pre_commit).parent().unwrap();
        let mut command = Command::new(bin.join(name));
        command.envs(build_env());
        command
    }
}

/// A repository with these files, committed.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    for (name, text) in files {
        write(&folder.path().join(name), text);
    }
    commit_all(folder.path());
    folder
}

/// The files that differ from those of the commit.
fn changed(folder: &Path) -> BTreeSet<String> {
    let names = said(git(folder).args(["diff", "--name-only"]));
    names.lines().map(str::to_owned).collect()
}

/// How often a word stands in a text.
fn count(text: &str, word: &str) -> usize {
    text.matches(word).count()
}

#[test]
fn the_manifest_takes_what_a_walk_takes_and_keeps_its_flag() {
    let manifest = yaml(&read(&page(".pre-commit-hooks.yaml")));
    let suffixes: Vec<&str> = DEFAULT_INCLUDE
        .iter()
        .map(|glob| glob.strip_prefix("*.").unwrap())
        .collect();
    let files = format!("\\.({})$", suffixes.join("|"));
    let mut ids = Vec::new();
    for hook in list(&manifest, "") {
        ids.push((word(hook, "/id"), word(hook, "/language")));
        assert_eq!(word(hook, "/files"), files);
        let types: Vec<&str> = (0..3)
            .map(|nth| word(hook, &format!("/types_or/{nth}")))
            .collect();
        assert_eq!(types, ["yaml", "json", "text"]);
        assert!(word(hook, "/entry").ends_with(" --force-exclude"));
        assert!(hook.get("require_serial").is_none());
        assert!(hook.get("args").is_none(), "a user's would replace them");
    }
    assert_eq!(
        ids,
        [
            ("immutag", "python"),
            ("immutag-check", "python"),
            ("immutag-diff", "python"),
            ("immutag-src", "rust"),
        ]
    );
}

/// What cargo packs holds what the build takes.
#[test]
fn the_package_holds_what_it_is_built_from() {
    let cargo = env!("CARGO");
    let listed = said(
        Command::new(cargo)
            .args(["package", "--list", "--allow-dirty", "--offline"])
            .current_dir(root()),
    );
    let listed: BTreeSet<&str> = listed.lines().collect();
    for name in [
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "docs/codes.md",
        "pyproject.toml",
        "src/main.rs",
    ] {
        assert!(listed.contains(name), "{name}: {listed:?}");
    }
}

fn a_first_run_repairs_and_a_second_passes(hook: &str) {
    let workshop = workshop();
    let mut files = vec![
        (
            "app.template".to_owned(),
            "{\"Resources\": {\"Web\": {\"Type\": \"AWS::ECR::Repository\"}}}\n".to_owned(),
        ),
        (
            "web.yaml.j2".to_owned(),
            format!("{{% set a = 1 %}}\n{BAD}"),
        ),
        ("a b.tmpl".to_owned(), BAD.to_owned()),
        ("c.tpl".to_owned(), BAD.to_owned()),
        ("d.jinja".to_owned(), BAD.to_owned()),
        (
            "e.json".to_owned(),
            "{\"Resources\": {\"Web\": {\"Type\": \"AWS::ECR::Repository\", \"Properties\": {}}}}"
                .to_owned(),
        ),
    ];
    // Enough for more than one process, each with several files.
    files.extend((0..40).map(|nth| (format!("stacks/{nth}.yml"), BAD.to_owned())));
    let concerned: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let others = [
        ("chart/templates/deployment.yaml", CHART),
        ("broken.yaml", BROKEN),
        ("broken.json", "{"),
        ("notes.txt", BAD),
        ("good.yaml", GOOD),
    ];
    let all = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let folder = repository(&all.chain(others).collect::<Vec<_>>());
    let folder = folder.path();
    let mirror = workshop.mirror.to_str().unwrap();
    let try_repo = ["try-repo", mirror, hook, "--all-files", "--verbose"];

    let first = workshop.pre_commit(folder, &try_repo);
    assert_eq!(first.status, 1, "{}", first.said);
    let said = &first.said;
    assert!(said.contains("files were modified by this hook"), "{said}");
    assert!(!said.contains("exit code"), "{said}");
    assert_eq!(changed(folder), concerned, "{said}");
    assert_eq!(read(&folder.join("stacks/7.yml")), GOOD);
    assert_eq!(count(said, "[missing, fixed]"), concerned.len(), "{said}");
    if available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        assert!(count(said, "\nFixed ") > 1, "one process: {said}");
    }

    commit_all(folder);
    let second = workshop.pre_commit(folder, &try_repo);
    assert_eq!(second.status, 0, "{}", second.said);
    assert!(second.said.contains("Passed"), "{}", second.said);
    assert!(changed(folder).is_empty());
}

#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn the_hook_that_pip_builds_repairs_and_then_passes() {
    a_first_run_repairs_and_a_second_passes("immutag");
}

#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn the_hook_that_cargo_builds_repairs_and_then_passes() {
    a_first_run_repairs_and_a_second_passes("immutag-src");
}

#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn hooks_that_report_fail_and_change_nothing() {
    let workshop = workshop();
    let page = "docs/pre-commit.md";
    for (title, hooks) in [
        (".pre-commit-config.yaml, to report only", 2),
        (
            ".pre-commit-config.yaml, to report only, built with cargo",
            1,
        ),
    ] {
        let folder = repository(&[("web.yaml", BAD), ("broken.yaml", BROKEN)]);
        let folder = folder.path();
        write(
            &folder.join(".pre-commit-config.yaml"),
            &workshop.config(page, title),
        );
        commit_all(folder);
        let first = workshop.pre_commit(folder, &["run", "--all-files"]);
        assert_eq!(first.status, 1, "{}", first.said);
        assert_eq!(
            count(&first.said, "- exit code: 1"),
            hooks,
            "{}",
            first.said
        );
        assert!(first.said.contains("[missing, fixable]"), "{}", first.said);
        let has_patch = first.said.contains("+      ImageTagMutability: IMMUTABLE");
        assert_eq!(has_patch, hooks == 2, "{}", first.said);
        assert!(changed(folder).is_empty(), "{}", first.said);
        write(&folder.join("web.yaml"), GOOD);
        let second = workshop.pre_commit(folder, &["run", "--all-files"]);
        assert_eq!(second.status, 0, "{}", second.said);
    }
}

#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn arguments_of_a_user_are_taken_beside_those_of_the_hook() {
    let workshop = workshop();
    let word = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: __MODE__\n";
    let folder = repository(&[
        ("web.yaml", BAD),
        ("stage.yaml", word),
        ("vendor/a.yaml", BAD),
    ]);
    let folder = folder.path();
    let title = ".pre-commit-config.yaml, with arguments";
    write(
        &folder.join(".pre-commit-config.yaml"),
        &workshop.config("docs/pre-commit.md", title),
    );
    commit_all(folder);
    let first = workshop.pre_commit(folder, &["run", "--all-files"]);
    assert_eq!(first.status, 1, "{}", first.said);
    let both = ["stage.yaml", "web.yaml"].map(str::to_owned);
    assert_eq!(
        changed(folder),
        both.into_iter().collect(),
        "{}",
        first.said
    );
    for name in ["stage.yaml", "web.yaml"] {
        let text = read(&folder.join(name));
        assert!(text.contains("IMMUTABLE_WITH_EXCLUSION"), "{text}");
        assert!(text.contains("FilterValue: latest"), "{text}");
    }
    commit_all(folder);
    let second = workshop.pre_commit(folder, &["run", "--all-files"]);
    assert_eq!(second.status, 0, "{}", second.said);
}

/// A clone in which pre-commit is installed as a page says.
fn clone_with_hooks(workshop: &Workshop, page_name: &str, title: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path());
    let config = workshop.config(page_name, title);
    write(&folder.path().join(".pre-commit-config.yaml"), &config);
    commit_all(folder.path());
    let commands = pages::blocks(&page(page_name), "sh install");
    assert_eq!(commands.len(), 1, "{page_name}");
    let mut shell = Command::new("sh");
    workshop.set(&mut shell, folder.path());
    said(shell.args(["-ec", &commands[0]]));
    folder
}

#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn a_commit_goes_as_the_page_shows_it() {
    let workshop = workshop();
    let name = "docs/pre-commit.md";
    let folder = clone_with_hooks(workshop, name, ".pre-commit-config.yaml");
    let templates = root().join("fixtures/readme/templates");
    for file in ["web.yaml", "stage.yaml"] {
        let text = read(&templates.join(file));
        write(&folder.path().join("templates").join(file), &text);
    }
    let blocks = pages::blocks(&page(name), "console pre-commit");
    assert!(blocks.len() >= 2);
    for block in blocks {
        let mut shown = String::new();
        for line in block.lines() {
            let Some(command) = line.strip_prefix("$ ") else {
                continue;
            };
            let mut shell = Command::new("sh");
            workshop.set(&mut shell, folder.path());
            let done = run(shell.args(["-c", &format!("exec 2>&1; {command}")]));
            write!(shown, "{line}\n{}", done.said).unwrap();
        }
        assert_eq!(shown, block);
    }
}

/// The quick start of the README, from an empty repository.
#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn the_readme_sets_pre_commit_up_from_scratch() {
    let workshop = workshop();
    let title = ".pre-commit-config.yaml";
    let folder = clone_with_hooks(workshop, "README.md", title);
    let file = folder.path().join("web.yaml");
    write(&file, BAD);
    said(git(folder.path()).args(["add", "-A"]));
    let commit = || {
        let mut command = Command::new("git");
        workshop.set(&mut command, folder.path());
        run(command.args(["commit", "-q", "-m", "Add"]))
    };
    let first = commit();
    assert_eq!(first.status, 1, "{}", first.said);
    assert_eq!(read(&file), GOOD);
    said(git(folder.path()).args(["add", "-A"]));
    let second = commit();
    assert_eq!(second.status, 0, "{}", second.said);
}

/// `pip install` of this repository, and of what is released from it.
#[test]
#[ignore = "needs IMMUTAG_PRE_COMMIT"]
fn pip_installs_the_command() {
    let workshop = workshop();
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    said(
        workshop
            .beside("maturin")
            .args(["sdist", "--out"])
            .arg(&dist)
            .current_dir(&workshop.mirror),
    );
    let sdist = fs::read_dir(dist).unwrap().next().unwrap().unwrap().path();
    let version = said(immutag().arg("--version"));
    for (name, source) in [("clone", &workshop.mirror), ("sdist", &sdist)] {
        let home = folder.path().join(name);
        said(workshop.beside("python").args(["-m", "venv"]).arg(&home));
        said(
            Command::new(home.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .arg(source)
                .envs(build_env()),
        );
        let installed = home.join("bin/immutag");
        assert_eq!(said(Command::new(&installed).arg("--version")), version);
        let file = folder.path().join("web.yaml");
        write(&file, BAD);
        said(Command::new(&installed).arg("fix").arg(&file));
        assert_eq!(read(&file), GOOD, "{name}");
    }
}
