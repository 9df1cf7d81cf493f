//! Every fixture, found on disk and never listed by hand.
//!
//! - `fixtures/fix/SLUG/{input,expected}.*`: the fix gives these bytes, and
//!   nothing is left to report.
//! - `fixtures/keep/SLUG/input.*`: nothing to report, nothing to change.
//! - `fixtures/refuse/SLUG/input.*` with `codes`: nothing changes; the
//!   findings and the reasons are those of `codes`, a line each, or the one
//!   line `error CODE`.
//!
//! A file `args` holds the flags of the case. The expected bytes were written
//! by hand; that each is one proven fix away from its input is checked here,
//! so that no recorded output can be wrong twice.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use immutag::{remediate, Answer, Applicability, Profile, Rules, Verdict};

struct Case {
    slug: String,
    folder: PathBuf,
    input: Vec<u8>,
    rules: Rules,
}

impl Case {
    fn expected(&self) -> Vec<u8> {
        fs::read(file(&self.folder, "expected")).unwrap()
    }
}

fn cases(kind: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(kind);
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders.into_iter().map(case).collect()
}

fn case(folder: PathBuf) -> Case {
    let args = fs::read_to_string(folder.join("args")).unwrap_or_default();
    let mut rules = Rules::default();
    for arg in args.split_whitespace() {
        match arg {
            "--strict" => rules.profile = Profile::Strict,
            "--unsafe-fixes" => rules.allow = Applicability::Unsafe,
            other => panic!("{}: {other} is no flag of a fixture", folder.display()),
        }
    }
    Case {
        slug: folder.file_name().unwrap().to_string_lossy().into_owned(),
        input: fs::read(file(&folder, "input")).unwrap(),
        folder,
        rules,
    }
}

fn file(folder: &Path, stem: &str) -> PathBuf {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_stem().is_some_and(|name| name == stem))
        .unwrap_or_else(|| panic!("{}: no {stem}.*", folder.display()))
}

/// What went wrong in each case, all at once.
fn report(kind: &str, failures: &[String], of: usize) {
    assert!(
        failures.is_empty(),
        "{} of {of} cases in fixtures/{kind} fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\n", "\\n\n    ")
}

#[test]
fn each_fix_gives_its_expected_bytes() {
    let cases = cases("fix");
    let mut failures = Vec::new();
    for case in &cases {
        let slug = &case.slug;
        let assessment = match remediate(&case.input, &case.rules) {
            Ok(assessment) => assessment,
            Err(error) => {
                failures.push(format!("{slug}: {error}"));
                continue;
            }
        };
        for finding in &assessment.findings {
            if finding.counts && finding.answer != Answer::Fixed {
                failures.push(format!(
                    "{slug}: {} {:?}",
                    finding.logical_id, finding.answer
                ));
            }
        }
        let after = match &assessment.remediation {
            Some(remediation) => remediation.after.as_bytes(),
            None => &case.input,
        };
        let expected = case.expected();
        if after != expected {
            failures.push(format!(
                "{slug}: expected\n    {}\n  got\n    {}",
                shown(&expected),
                shown(after)
            ));
        }
    }
    report("fix", &failures, cases.len());
}

#[test]
fn each_expected_file_complies_and_stays() {
    for case in cases("fix") {
        let again = remediate(&case.expected(), &case.rules).unwrap();
        let left = again
            .findings
            .iter()
            .filter(|finding| finding.counts)
            .count();
        assert_eq!(left, 0, "{}: {:?}", case.slug, again.findings);
        assert_eq!(again.remediation, None, "{}", case.slug);
        assert!(
            again.repositories > 0,
            "{}: declares no repository",
            case.slug
        );
    }
}

#[test]
fn what_complies_or_does_not_concern_us_is_kept() {
    let cases = cases("keep");
    let mut failures = Vec::new();
    for case in &cases {
        match remediate(&case.input, &case.rules) {
            Ok(assessment) => {
                if assessment.remediation.is_some() {
                    failures.push(format!("{}: changed", case.slug));
                }
                for finding in assessment.findings.iter().filter(|finding| finding.counts) {
                    failures.push(format!("{}: {finding:?}", case.slug));
                }
            }
            Err(error) => failures.push(format!("{}: {error}", case.slug)),
        }
    }
    report("keep", &failures, cases.len());
}

#[test]
fn what_is_refused_is_refused_for_its_reason() {
    let cases = cases("refuse");
    let mut failures = Vec::new();
    for case in &cases {
        let codes = fs::read_to_string(case.folder.join("codes")).unwrap();
        let actual: Vec<String> = match remediate(&case.input, &case.rules) {
            Err(error) => vec![format!("error {}", error.code)],
            Ok(assessment) => {
                if assessment.remediation.is_some() {
                    failures.push(format!("{}: changed", case.slug));
                }
                assessment
                    .findings
                    .iter()
                    .filter(|finding| finding.counts)
                    .map(|finding| {
                        let answer = match finding.answer {
                            Answer::Fixed => "fixed",
                            Answer::Withheld(_) => "unsafe",
                            Answer::Refused { code, .. } => code,
                        };
                        format!("{} {answer}", finding.verdict.code())
                    })
                    .collect()
            }
        };
        let expected: Vec<&str> = codes.lines().collect();
        if actual != expected {
            failures.push(format!(
                "{}: expected {expected:?}, got {actual:?}",
                case.slug
            ));
        }
    }
    report("refuse", &failures, cases.len());
}

#[test]
fn notes_never_count_by_default() {
    assert!(!Verdict::Unverifiable.counts(Profile::Default));
    assert!(Verdict::Unverifiable.counts(Profile::Strict));
}
