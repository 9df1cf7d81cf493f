//! The files for CI: what their scripts do, run by the shell that a runner
//! starts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{
    BAD, Done, GOOD, IMMUTAG, build_env, list, page, pages, path_with, program, read, root, run,
    said, tool, word, write, yaml,
};

/// An `immutag` that says how it was called, an argument a line.
const STUB: &str = r#"if [ "$1" = --version ]; then echo "immutag $VERSION"; exit; fi
printf '%s\n' "$@" > "$CALLED"; exit "${STATUS:-0}""#;

fn action() -> Value {
    yaml(&read(&page("action.yml")))
}

/// The step of the action with this name.
fn step<'a>(action: &'a Value, name: &str) -> &'a Value {
    let mut steps = list(action, "/runs/steps").iter();
    steps.find(|step| step["name"] == name).unwrap()
}

/// The step of the action that runs immutag, as a runner runs it.
struct Runner {
    folder: TempDir,
    inputs: Vec<(String, String)>,
    environment: Vec<(&'static str, String)>,
}

impl Runner {
    fn new(inputs: &[(&str, &str)]) -> Self {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            folder: tempfile::tempdir().unwrap(),
            inputs: inputs.iter().map(own).collect(),
            environment: Vec::new(),
        }
    }

    /// With a stub in place of immutag.
    fn stubbed(inputs: &[(&str, &str)]) -> Self {
        let mut runner = Self::new(inputs);
        let path = runner.path();
        program(&path.join("bin/immutag"), STUB);
        runner.environment = vec![
            ("PATH", path_with(&path.join("bin"))),
            ("CALLED", path.join("called").display().to_string()),
        ];
        runner
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().to_owned()
    }

    fn shell(&self, step: &Value, folder: &Path) -> Command {
        // What GitHub starts for `shell: bash`.
        assert_eq!(word(step, "/shell"), "bash");
        let script = self.path().join("script.sh");
        write(&script, word(step, "/run"));
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(script)
            .current_dir(folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs immutag in a folder, with what the inputs put into the environment.
    fn run(&self, folder: &Path) -> Done {
        let action = action();
        let step = step(&action, "Run immutag");
        let mut command = self.shell(step, folder);
        for (name, value) in step["env"].as_object().unwrap() {
            let input = value.as_str().unwrap();
            let input = input.strip_prefix("${{ inputs.").unwrap();
            let input = input.strip_suffix(" }}").unwrap();
            let given = self.inputs.iter().find(|(name, _)| name == input);
            let default = word(&action, &format!("/inputs/{input}/default"));
            command.env(name, given.map_or(default, |(_, value)| value));
        }
        run(&mut command)
    }

    /// The arguments that the stub was called with.
    fn called(&self) -> Vec<String> {
        let called = read(&self.path().join("called"));
        called.lines().map(str::to_owned).collect()
    }
}

#[test]
fn no_script_of_the_action_has_an_input_put_into_it() {
    let action = action();
    assert_eq!(word(&action, "/runs/using"), "composite");
    let steps = list(&action, "/runs/steps");
    assert_eq!(steps.len(), 2);
    for step in steps {
        assert!(!word(step, "/run").contains("${{"), "{step}");
        assert!(step.get("uses").is_none(), "{step}");
    }
}

#[test]
fn the_action_checks_the_checkout_if_nothing_else_is_said() {
    let runner = Runner::stubbed(&[]);
    let done = runner.run(&runner.path());
    assert_eq!(done.status, 0, "{}", done.said);
    let expected = ["check", "--output-format", "github", "--", "."];
    assert_eq!(runner.called(), expected);
}

#[test]
fn the_action_hands_on_each_line_as_one_argument_and_runs_none() {
    let runner = Runner::stubbed(&[
        ("command", "fix"),
        (
            "paths",
            "my templates/a.yaml\n\n$(touch ran)\n`touch ran`\n*\n-q\n",
        ),
        (
            "args",
            "--exclude=a b/**\n--keep-mutable=latest; touch ran\n",
        ),
        ("sarif-file", "out of it.sarif"),
    ]);
    let done = runner.run(&runner.path());
    assert_eq!(done.status, 0, "{}", done.said);
    let expected = [
        "fix",
        "--output-format",
        "github",
        "--output-file",
        "sarif=out of it.sarif",
        "--exclude=a b/**",
        "--keep-mutable=latest; touch ran",
        "--",
        "my templates/a.yaml",
        "$(touch ran)",
        "`touch ran`",
        "*",
        "-q",
    ];
    assert_eq!(runner.called(), expected);
    assert!(!runner.path().join("ran").exists());
}

#[test]
fn the_action_ends_as_immutag_ends() {
    for status in ["1", "2"] {
        let mut runner = Runner::stubbed(&[]);
        runner.environment.push(("STATUS", status.to_owned()));
        assert_eq!(runner.run(&runner.path()).status.to_string(), status);
    }
}

/// The step that installs, with a cargo that says how it was called.
#[test]
fn the_action_installs_itself_unless_its_version_is_there() {
    let action = action();
    for (version, is_installed) in [(env!("CARGO_PKG_VERSION"), true), ("0.0.1", false)] {
        let mut runner = Runner::stubbed(&[]);
        let path = runner.path();
        program(
            &path.join("bin/cargo"),
            r#"pwd > "$CALLED"; printf '%s\n' "$@" >> "$CALLED""#,
        );
        let install = path.join("new").display().to_string();
        let github_path = path.join("github-path");
        write(&github_path, "");
        runner.environment.extend([
            ("VERSION", version.to_owned()),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
            ("GITHUB_PATH", github_path.display().to_string()),
            ("RUNNER_TEMP", install.clone()),
        ]);
        said(&mut runner.shell(step(&action, "Install immutag"), &path));
        assert_eq!(path.join("called").exists(), !is_installed);
        if is_installed {
            assert_eq!(read(&github_path), "");
        } else {
            let root = root().display().to_string();
            let install = format!("{install}/immutag");
            let flags = ["install", "--path", &root, "--locked", "--root", &install];
            let mut expected = vec![root.as_str()];
            expected.extend(flags);
            assert_eq!(runner.called(), expected);
            assert_eq!(read(&github_path), format!("{install}/bin\n"));
        }
    }
}

#[test]
#[ignore = "needs IMMUTAG_CARGO"]
fn the_action_builds_what_it_runs() {
    tool("IMMUTAG_CARGO");
    let mut runner = Runner::new(&[]);
    let path = runner.path();
    let github_path = path.join("github-path");
    // An immutag of another version stands in the way of none at all.
    program(&path.join("old/immutag"), "echo immutag 0.0.1");
    runner.environment = vec![
        ("PATH", path_with(&path.join("old"))),
        ("GITHUB_ACTION_PATH", root().display().to_string()),
        ("GITHUB_PATH", github_path.display().to_string()),
        ("RUNNER_TEMP", path.join("temp").display().to_string()),
    ];
    runner.environment.extend(build_env());
    let action = action();
    said(&mut runner.shell(step(&action, "Install immutag"), &path));
    let bin = read(&github_path);
    let program = Path::new(bin.trim_end()).join("immutag");
    let version = said(Command::new(program).arg("--version"));
    assert_eq!(
        version,
        concat!("immutag ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn the_action_marks_the_findings_and_writes_the_report() {
    let mut runner = Runner::new(&[("paths", "my templates\n"), ("sarif-file", "immutag.sarif")]);
    let bin = Path::new(IMMUTAG).parent().unwrap();
    runner.environment = vec![("PATH", path_with(bin))];
    let folder = runner.path();
    write(&folder.join("my templates/web.yaml"), BAD);
    let first = runner.run(&folder);
    assert_eq!(first.status, 1, "{}", first.said);
    assert!(
        first.said.contains("file=my templates/web.yaml"),
        "{}",
        first.said
    );
    let sarif: Value = serde_json::from_str(&read(&folder.join("immutag.sarif"))).unwrap();
    assert_eq!(list(&sarif, "/runs/0/results").len(), 1);
    write(&folder.join("my templates/web.yaml"), GOOD);
    let second = runner.run(&folder);
    assert_eq!(second.status, 0, "{}", second.said);
}

/// The workflows of the page call the action that there is.
#[test]
fn the_workflows_of_the_page_say_what_the_action_takes() {
    let action = action();
    let inputs: BTreeSet<&String> = action["inputs"].as_object().unwrap().keys().collect();
    let page = page("docs/ci.md");
    let mut called = Vec::new();
    for workflow in pages::blocks(&page, "yaml") {
        let workflow = yaml(&workflow);
        let jobs = workflow["jobs"].as_object().unwrap().values();
        for step in jobs.flat_map(|job| list(job, "/steps")) {
            let uses = word(step, "/uses");
            let allowed = [
                "actions/checkout@",
                "example/immutag@v0.1.0",
                "github/codeql-action/upload-sarif@",
            ];
            assert!(
                allowed.iter().any(|known| uses.starts_with(known)),
                "{uses}"
            );
            if !uses.starts_with("example/immutag@") {
                continue;
            }
            let with = step["with"].as_object().unwrap();
            assert!(with.keys().all(|name| inputs.contains(name)), "{with:?}");
            let given: Vec<(&str, &str)> = with
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let runner = Runner::stubbed(&given);
            let done = runner.run(&runner.path());
            assert_eq!(done.status, 0, "{}", done.said);
            called.push(runner.called().join(" "));
        }
        // What is uploaded is what was written.
        let text = workflow.to_string();
        if text.contains("sarif_file") {
            assert!(text.contains(r#""sarif_file":"immutag.sarif""#), "{text}");
            assert!(text.contains(r#""sarif-file":"immutag.sarif""#), "{text}");
        }
    }
    assert_eq!(
        called,
        [
            "check --output-format github --strict --exclude=vendor/** -- templates more templates/app.yaml",
            "check --output-format github --output-file sarif=immutag.sarif --exit-zero -- .",
        ]
    );
    // Every input is in the table.
    let text = read(&page);
    for input in inputs {
        assert!(text.contains(&format!("\n| `{input}` |")), "{input}");
    }
}

/// The job of the example for GitLab.
fn gitlab_job() -> Value {
    yaml(&read(&page("docs/gitlab-ci.yml")))["immutag"].clone()
}

/// The lines of a job's scripts, as GitLab runs them: one after the other, in
/// one shell that ends where one fails.
fn gitlab(job: &Value, scripts: &[&str], folder: &Path) -> Command {
    let lines = scripts.iter().flat_map(|name| list(job, name));
    let lines: Vec<&str> = lines.map(|line| line.as_str().unwrap()).collect();
    let mut command = Command::new("bash");
    let root = word(job, "/variables/CARGO_INSTALL_ROOT");
    let root = root.replace("$CI_PROJECT_DIR", &folder.display().to_string());
    command
        .args(["-eo", "pipefail", "-c", &lines.join("\n")])
        .current_dir(folder)
        .env("CARGO_INSTALL_ROOT", root);
    command
}

#[test]
fn the_gitlab_job_installs_and_checks_and_keeps_what_it_reports() {
    let job = gitlab_job();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    program(
        &folder.join("bin/cargo"),
        r#"printf '%s ' cargo "$@" > installed; mkdir -p "$CARGO_INSTALL_ROOT/bin"
cp bin/stub "$CARGO_INSTALL_ROOT/bin/immutag""#,
    );
    program(&folder.join("bin/stub"), STUB);
    let done = run(gitlab(&job, &["/before_script", "/script"], folder)
        .env("PATH", path_with(&folder.join("bin")))
        .env("CALLED", folder.join("called"))
        .env("STATUS", "1"));
    assert_eq!(done.status, 1, "findings fail the job: {}", done.said);
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        read(&folder.join("installed")),
        format!(
            "cargo install --locked --git https://git.example.com/immutag --tag {tag} immutag "
        )
    );
    let quality = word(&job, "/artifacts/reports/codequality");
    let junit = word(&job, "/artifacts/reports/junit");
    assert_eq!(
        read(&folder.join("called")),
        format!("check\n--output-file\ngitlab={quality}\n--output-file\njunit={junit}\n")
    );
    // Else the reports of a job that fails are thrown away.
    assert_eq!(word(&job, "/artifacts/when"), "always");
    // What is kept for the next job is what was installed, of this version.
    let kept = format!("$CI_PROJECT_DIR/{}", word(&job, "/cache/paths/0"));
    assert_eq!(word(&job, "/variables/CARGO_INSTALL_ROOT"), kept);
    assert_eq!(word(&job, "/cache/key"), format!("immutag-{tag}"));
}

#[test]
fn the_gitlab_job_writes_its_reports() {
    let job = gitlab_job();
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("web.yaml"), BAD);
    let bin = Path::new(IMMUTAG).parent().unwrap();
    let done = run(gitlab(&job, &["/script"], folder.path()).env("PATH", path_with(bin)));
    assert_eq!(done.status, 1, "{}", done.said);
    for (_, name) in job
        .pointer("/artifacts/reports")
        .unwrap()
        .as_object()
        .unwrap()
    {
        let report = fs::metadata(folder.path().join(name.as_str().unwrap())).unwrap();
        assert!(report.len() > 0);
    }
}
