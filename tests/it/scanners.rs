//! What is repaired, judged by the scanners that report it.
//!
//! `IMMUTAG_CHECKOV` and `IMMUTAG_CFN_LINT` name the programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::common::{immutag, root, tool};

/// What makes Checkov itself fail, so that it reports nothing on any file: a
/// `skip` in the metadata of a resource that is a word and no mapping.
const BREAKS_CHECKOV: &str = "ignore-checkov-other-check.yaml";

/// A folder with the input of each case of `fixtures/fix`, and its flags.
fn inputs() -> (tempfile::TempDir, BTreeMap<String, Vec<String>>) {
    let root = root().join("fixtures/fix");
    let folder = tempfile::tempdir().unwrap();
    let mut by_flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in fs::read_dir(root).unwrap() {
        let case = case.unwrap().path();
        let slug = case.file_name().unwrap().to_string_lossy().into_owned();
        let flags = fs::read_to_string(case.join("args")).unwrap_or_default();
        for file in fs::read_dir(&case).unwrap() {
            let file = file.unwrap().path();
            if file.file_stem().is_some_and(|stem| stem == "input") {
                let suffix = file.extension().unwrap().to_string_lossy();
                let name = format!("{slug}.{suffix}");
                fs::copy(&file, folder.path().join(&name)).unwrap();
                by_flags.entry(flags.clone()).or_default().push(name);
            }
        }
    }
    (folder, by_flags)
}

fn run(program: impl Into<PathBuf>, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program.into())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Repairs every case with its own flags.
fn fix(folder: &Path, by_flags: &BTreeMap<String, Vec<String>>) {
    for (flags, names) in by_flags {
        let flags = flags.split_whitespace();
        let names = names.iter().map(String::as_str);
        let arguments: Vec<&str> = ["fix", "-q"]
            .into_iter()
            .chain(flags)
            .chain(names)
            .collect();
        let fixed = immutag(folder, &arguments);
        let said = String::from_utf8_lossy(&fixed.stderr);
        assert_eq!(fixed.status.code(), Some(0), "{arguments:?}: {said}");
    }
}

/// The repositories that break the rule taken strictly, as `file: Id`, and
/// what is said of each.
fn strict_findings(folder: &Path) -> BTreeMap<String, String> {
    let flags = ["check", "--strict", "--no-suppressions", "-q"];
    let checked = immutag(folder, &flags);
    assert!(checked.stderr.is_empty(), "{:?}", checked.stderr);
    let said = String::from_utf8(checked.stdout).unwrap();
    said.lines()
        .map(|line| {
            let [place, id, reason] = line.splitn(3, ": ").collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let file = place.split(':').next().unwrap();
            (format!("{file}: {id}"), reason.to_owned())
        })
        .collect()
}

fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    value.pointer(path).and_then(Value::as_array).unwrap()
}

/// The repositories of a list of Checkov's, as `file: Id`.
fn resources(checks: &[Value]) -> BTreeSet<String> {
    checks
        .iter()
        .map(|check| {
            let file = check["file_path"].as_str().unwrap();
            let resource = check["resource"].as_str().unwrap();
            let id = resource.rsplit('.').next().unwrap();
            format!("{}: {id}", file.trim_start_matches('/'))
        })
        .collect()
}

#[test]
#[ignore = "needs IMMUTAG_CHECKOV"]
fn checkov_passes_what_is_compliant_when_taken_strictly() {
    let checkov = tool("IMMUTAG_CHECKOV");
    let (folder, by_flags) = inputs();
    fix(folder.path(), &by_flags);
    fs::remove_file(folder.path().join(BREAKS_CHECKOV)).unwrap();
    let ours = strict_findings(folder.path());
    let scanned = run(
        checkov,
        folder.path(),
        &[
            "-d",
            ".",
            "--framework",
            "cloudformation",
            "--check",
            "CKV_AWS_51",
            "-o",
            "json",
            "--quiet",
            "--skip-download",
        ],
    );
    let said = String::from_utf8_lossy(&scanned.stderr);
    let report: Value =
        serde_json::from_slice(&scanned.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let failed = resources(list(&report, "/results/failed_checks"));
    let passed = report.pointer("/summary/passed").and_then(Value::as_u64);
    assert!(passed.is_some_and(|passed| passed > 200), "{passed:?}");

    println!(
        "Checkov passes {} resources and fails {}; --strict reports, and Checkov passes or cannot read:",
        passed.unwrap_or_default(),
        failed.len()
    );
    for (resource, reason) in ours.iter().filter(|(name, _)| !failed.contains(*name)) {
        println!("  {resource}: {reason}");
    }
    let differs: Vec<&String> = failed
        .iter()
        .filter(|name| !ours.contains_key(*name))
        .collect();
    assert!(differs.is_empty(), "Checkov alone fails {differs:?}");
}

/// The errors of cfn-lint: how often each rule speaks of each file.
fn errors(cfn_lint: &str, folder: &Path, names: &[&str]) -> BTreeMap<(String, String), usize> {
    let flags = ["--format", "json", "--non-zero-exit-code", "none", "--"];
    let arguments: Vec<&str> = flags.into_iter().chain(names.iter().copied()).collect();
    let linted = run(cfn_lint, folder, &arguments);
    let report: Value = serde_json::from_slice(&linted.stdout).unwrap();
    let mut errors = BTreeMap::new();
    for found in report.as_array().unwrap() {
        if found["Level"] == "Error" {
            let file = found["Filename"].as_str().unwrap().to_owned();
            let rule = found
                .pointer("/Rule/Id")
                .and_then(Value::as_str)
                .unwrap()
                .to_owned();
            *errors.entry((file, rule)).or_default() += 1;
        }
    }
    errors
}

#[test]
#[ignore = "needs IMMUTAG_CFN_LINT"]
fn cfn_lint_has_no_error_that_it_did_not_have_before() {
    let cfn_lint = tool("IMMUTAG_CFN_LINT");
    let (folder, by_flags) = inputs();
    let names: Vec<&str> = by_flags.values().flatten().map(String::as_str).collect();
    let before = errors(&cfn_lint, folder.path(), &names);
    fix(folder.path(), &by_flags);
    let after = errors(&cfn_lint, folder.path(), &names);
    let sum = |errors: &BTreeMap<_, usize>| errors.values().sum::<usize>();
    println!(
        "{} files, {} errors before, {} after",
        names.len(),
        sum(&before),
        sum(&after)
    );
    assert!(before.len() > 10, "cfn-lint does not see the files");
    let new: Vec<_> = after
        .iter()
        .filter(|(what, count)| before.get(what).is_none_or(|before| before < count))
        .collect();
    assert!(new.is_empty(), "{new:?}");
}
