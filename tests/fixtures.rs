//! Every fixture, found on disk and never listed by hand.
//!
//! - `fixtures/fix/SLUG/{input,expected}.*`: the fix gives these bytes, and
//!   nothing is left to report.
//! - `fixtures/keep/SLUG/input.*`: nothing that counts, nothing to change.
//! - `fixtures/refuse/SLUG/input.*` with `codes`: nothing changes.
//!
//! A file `args` holds the flags of the case. `codes` holds what is reported,
//! in the order of the text: a line `FINDING ANSWER` each, where the answer
//! is `fixed`, `unsafe`, `suppressed TOOL`, or the code of a refusal; or the
//! one line `error CODE`. Ignores that expire are judged on 2026-01-01. Under `refuse` it leaves out notes, elsewhere it may be missing. A
//! case may have an `input.yaml` and an `input.json`: the two say the same,
//! and the same must be found in both.
//!
//! The expected bytes were written by hand; that each is one proven fix away
//! from its input is checked here, so that no recorded output can be wrong
//! twice.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use immutag::cli::{self, Request};
use immutag::settings::Settings;
#[path = "common/proven.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod engine;

use engine::{Proven, proven};
use immutag_engine::{Date, Decision, Profile, Rules, SuppressionRules, Verdict};

struct Case {
    /// The name of the folder, and of the input where there are several.
    slug: String,
    folder: PathBuf,
    /// The suffix of the input, and so of what is expected of it.
    suffix: String,
    input: Vec<u8>,
    rules: Rules,
}

impl Case {
    fn expected(&self) -> Vec<u8> {
        fs::read(self.folder.join(format!("expected.{}", self.suffix))).unwrap()
    }

    /// The lines of `codes`, if there are any.
    fn codes(&self) -> Option<Vec<String>> {
        let codes = fs::read_to_string(self.folder.join("codes")).ok()?;
        Some(codes.lines().map(str::to_owned).collect())
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
    folders.iter().flat_map(|folder| cases_in(folder)).collect()
}

fn cases_in(folder: &Path) -> Vec<Case> {
    let args = fs::read_to_string(folder.join("args")).unwrap_or_default();
    let args = ["immutag", "check"]
        .into_iter()
        .chain(args.split_whitespace())
        .map(Into::into);
    let options = match cli::parse(args) {
        Ok(Request::Run(options)) => options,
        other => panic!("{}: {other:?}", folder.display()),
    };
    let mut rules = Rules {
        suppressions: SuppressionRules {
            are_on: options.heeds_suppressions,
            today: Date {
                year: 2026,
                month: 1,
                day: 1,
            },
            ..SuppressionRules::default()
        },
        ..Rules::default()
    };
    let settings = Settings::new(&options.flags, None).unwrap();
    settings.apply(&mut rules);
    let slug = folder.file_name().unwrap().to_string_lossy();
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().is_some_and(|name| name == "input"))
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{slug}: no input");
    let is_alone = inputs.len() == 1;
    inputs
        .iter()
        .map(|input| {
            let suffix = input.extension().unwrap().to_string_lossy().into_owned();
            Case {
                slug: if is_alone {
                    slug.to_string()
                } else {
                    format!("{slug} ({suffix})")
                },
                folder: folder.to_path_buf(),
                suffix,
                input: fs::read(input).unwrap(),
                rules: rules.clone(),
            }
        })
        .collect()
}

/// What is reported, as `codes` has it; with or without notes.
fn codes(assessment: &Proven, with_notes: bool) -> Vec<String> {
    assessment
        .facts
        .findings
        .iter()
        .filter(|finding| {
            let is_suppressed = matches!(finding.decision, Decision::Suppressed { .. });
            finding.counts || with_notes || is_suppressed
        })
        .map(|finding| {
            let answer = match finding.decision {
                Decision::Declined => "declined".to_owned(),
                Decision::Fix(_) => "fixed".to_owned(),
                Decision::Withheld(_) => "unsafe".to_owned(),
                Decision::ReportOnly => "report-only".to_owned(),
                Decision::Refused { code, .. } => code.to_owned(),
                Decision::Suppressed { by, .. } => format!("suppressed {by}"),
            };
            format!("{} {answer}", finding.verdict.code())
        })
        .collect()
}

/// What is wrong with what is reported, where the case says what should be.
fn compare_codes(case: &Case, assessment: &Proven, failures: &mut Vec<String>) {
    if let Some(expected) = case.codes() {
        let actual = codes(assessment, true);
        if actual != expected {
            failures.push(format!(
                "{}: expected {expected:?}, got {actual:?}",
                case.slug
            ));
        }
    }
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
        let assessment = match proven(&case.input, &case.rules) {
            Ok(assessment) => assessment,
            Err(error) => {
                failures.push(format!("{slug}: {error}"));
                continue;
            }
        };
        compare_codes(case, &assessment, &mut failures);
        for finding in &assessment.facts.findings {
            if finding.counts && !matches!(finding.decision, Decision::Fix(_)) {
                failures.push(format!(
                    "{slug}: {} {:?}",
                    finding.logical_id, finding.decision
                ));
            }
        }
        let after = match &assessment.fixed {
            Some(fixed) => fixed.after().as_bytes(),
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
        let again = proven(&case.expected(), &case.rules).unwrap();
        let left = again
            .facts
            .findings
            .iter()
            .filter(|finding| finding.counts)
            .count();
        assert_eq!(left, 0, "{}: {:?}", case.slug, again.facts.findings);
        assert_eq!(again.fixed, None, "{}", case.slug);
        assert!(
            again.facts.ecr_repositories > 0,
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
        match proven(&case.input, &case.rules) {
            Ok(assessment) => {
                compare_codes(case, &assessment, &mut failures);
                if assessment.fixed.is_some() {
                    failures.push(format!("{}: changed", case.slug));
                }
                for finding in assessment
                    .facts
                    .findings
                    .iter()
                    .filter(|finding| finding.counts)
                {
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
        let actual = match proven(&case.input, &case.rules) {
            Err(error) => vec![format!("error {}", error.code)],
            Ok(assessment) => {
                if assessment.fixed.is_some() {
                    failures.push(format!("{}: changed", case.slug));
                }
                codes(&assessment, false)
            }
        };
        let expected = case.codes().unwrap();
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
fn twins_in_yaml_and_json_are_found_the_same() {
    let mut twins: BTreeMap<PathBuf, Vec<Case>> = BTreeMap::new();
    for case in ["fix", "keep", "refuse"].into_iter().flat_map(cases) {
        twins.entry(case.folder.clone()).or_default().push(case);
    }
    for (folder, twins) in twins.iter().filter(|(_, twins)| twins.len() > 1) {
        let found: Vec<Vec<String>> = twins
            .iter()
            .map(|case| {
                let assessment = proven(&case.input, &case.rules).unwrap();
                let ids = assessment
                    .facts
                    .findings
                    .iter()
                    .map(|found| &found.logical_id);
                ids.zip(codes(&assessment, true))
                    .map(|(id, code)| format!("{id}: {code}"))
                    .collect()
            })
            .collect();
        assert!(
            found.windows(2).all(|pair| pair[0] == pair[1]),
            "{}: {found:?}",
            folder.display()
        );
    }
}

#[test]
fn notes_never_count_by_default() {
    assert!(!Verdict::Unverifiable.counts(Profile::Default));
    assert!(Verdict::Unverifiable.counts(Profile::Strict));
}
