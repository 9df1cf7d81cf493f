//! The batch spec, run as Sourcegraph's reference of batch specs tells it.
//!
//! Its steps run in a clone of each repository, in a shell, and one that does not end
//! with 0 ends the repository's run. Where they have changed something, a changeset is
//! made after the template. Here the shell is that of this machine, and not of a container.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::host::{Body, Host};
use super::{git, recipe, run, stdout, text};
use crate::common::yaml::yaml;

/// Puts values in place of what stands in `${{ }}`, all of which must be known.
fn rendered(template: &str, known: &[(&str, &str)]) -> String {
    let mut result = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("${{") {
        let (expression, behind) = behind.split_once("}}").unwrap();
        let expression = expression.trim();
        let value = known.iter().find(|(name, _)| *name == expression);
        let (_, value) = value.unwrap_or_else(|| panic!("unknown: {expression}"));
        result.push_str(before);
        result.push_str(value);
        rest = behind;
    }
    result + rest
}

/// Runs the spec over all repositories, and gives those whose run failed.
fn execute(host: &Host, spec: &Value) -> BTreeSet<String> {
    let word = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str).unwrap();
    let script = host.folder("spec").join("run.sh");
    let run_text = word("/steps/0/run");
    assert!(!run_text.contains("${{"), "a script is handed no text");
    fs::write(&script, run_text).unwrap();
    let mut failed = BTreeSet::new();
    for seed in host.seeds() {
        let clone = host.folder("clone");
        let remote = host.remote(seed);
        stdout(
            host.command("git")
                .args(["clone", "-q"])
                .arg(&remote)
                .arg(&clone),
        );
        let step = run(host.command("sh").arg(&script).current_dir(&clone));
        git(&clone, &["add", "--all"]);
        let is_changed = !git(&clone, &["diff", "--cached", "--raw"]).is_empty();
        if step.status != 0 {
            failed.insert(seed.repository());
        } else if is_changed {
            let value = rendered(
                word("/steps/0/outputs/body/value"),
                &[("step.stdout", text(&step.stdout))],
            );
            let known = [("outputs.body", value.as_str())];
            let branch = rendered(word("/changesetTemplate/branch"), &known);
            let said = rendered(word("/changesetTemplate/commit/message"), &known);
            // A changeset whose diff is the same is left as it is.
            let references =
                text(&git(&remote, &["for-each-ref", "--format=%(refname)"])).to_owned();
            let reference = format!("refs/heads/{branch}");
            if references.lines().any(|line| line == reference) {
                let is_same =
                    git(&clone, &["diff", "--cached", &format!("origin/{branch}")]).is_empty();
                assert!(is_same, "{}", seed.name);
            } else {
                git(&clone, &["switch", "-q", "-c", &branch]);
                git(&clone, &["commit", "-q", "-m", &said]);
                git(&clone, &["push", "-q", "origin", &branch]);
                stdout(host.command("pull-request").args([
                    &seed.repository(),
                    &rendered(word("/changesetTemplate/title"), &known),
                    &rendered(word("/changesetTemplate/body"), &known),
                ]));
            }
        }
        fs::remove_dir_all(clone).unwrap();
    }
    failed
}

#[test]
fn a_batch_spec_migrates_all_and_a_second_time_nothing() {
    let spec = yaml(&fs::read_to_string(recipe("batch-spec.yaml")).unwrap());
    let host = Host::new();
    assert_eq!(execute(&host, &spec), host.failing());
    host.judge(Body::Diff);
    let after = host.state();
    assert_eq!(execute(&host, &spec), host.failing());
    assert_eq!(host.state(), after);
}

/// The keys are those of the reference, so that no misspelt one is passed over.
#[test]
fn the_batch_spec_has_the_keys_of_its_reference() {
    let spec = yaml(&fs::read_to_string(recipe("batch-spec.yaml")).unwrap());
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let top = [
        "changesetTemplate",
        "description",
        "name",
        "on",
        "steps",
        "version",
    ];
    assert_eq!(keys(&spec), top);
    assert_eq!(spec["version"], "2");
    assert_eq!(keys(&spec["on"][0]), ["repositoriesMatchingQuery"]);
    assert_eq!(keys(&spec["steps"][0]), ["container", "outputs", "run"]);
    let changeset = ["body", "branch", "commit", "published", "title"];
    assert_eq!(keys(&spec["changesetTemplate"]), changeset);
    assert_eq!(keys(&spec["changesetTemplate"]["commit"]), ["message"]);
    assert_eq!(spec["changesetTemplate"]["published"], "false");
}
