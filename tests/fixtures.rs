//! Each fixture is a test of its own name: `cargo test fix/flow-comment`.
//!
//! They are found on disk and listed nowhere. The folder says what becomes of a template:
//!
//! | folder | what must hold |
//! |---|---|
//! | `fix` | the fix gives `expected.*`, which complies |
//! | `withheld` | there is a fix, which only `--unsafe-fixes` makes |
//! | `refuse` | there is no fix, for the reason in `codes` |
//! | `error` | the file is an error, with the code in `codes` |
//! | `comply` | as many ECR repositories as `repositories` says are seen, and nothing is to do |
//! | `unseen` | no ECR repository is seen |
//!
//! In each lies `input.*`, and perhaps `args`, the flags of the case. `codes` holds what is
//! reported, in the order of the text, a line `FINDING ANSWER` each. The answer is `fixed`,
//! `unsafe`, `suppressed TOOL` or the code of a refusal, where `layout` stands with its
//! sub-code: `layout/tab`. Where nothing fails, the lines hold notes, too. Under `fix` the file
//! may be missing; under `comply` that means that nothing is reported.
//!
//! `input.yaml` and `input.json` in one folder are twins: the same must be found in both.
//! Suppressions that expire are judged on 2026-01-01.
//!
//! The expected bytes were written by hand. That each is one proven fix away from its input is
//! checked here, so that no recorded output can be wrong twice.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use immutag::testing;
#[path = "it/common/proven.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "each test uses a part; the fuzz crate, all"
)]
mod engine;

use engine::{Proven, proven};
use immutag_engine::plan::Layout;
use immutag_engine::{Date, Decision, Rules};
use libtest_mimic::{Arguments, Trial};

/// What becomes of the templates in a folder.
type Judge = fn(&Case, &Input);

const KINDS: [(&str, Judge); 6] = [
    ("comply", complies),
    ("error", is_an_error),
    ("fix", is_fixed),
    ("refuse", is_refused),
    ("unseen", is_unseen),
    ("withheld", is_withheld),
];
/// What lies beside these folders, for other tests.
const OTHERS: [&str; 3] = ["formats", "impact", "readme"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut trials = Vec::new();
    for folder in entries(&root) {
        let kind = name(&folder);
        if OTHERS.contains(&kind.as_str()) {
            continue;
        }
        let judge = KINDS.iter().find(|(known, _)| *known == kind);
        let (_, judge) = judge.unwrap_or_else(|| panic!("fixtures/{kind} is unknown"));
        for case in entries(&folder) {
            let name = format!("{kind}/{}", name(&case));
            trials.push(Trial::test(name, || {
                test(case, *judge);
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

struct Case {
    folder: PathBuf,
    rules: Rules,
}

struct Input {
    /// The suffix of the file, and so of what is expected of it.
    suffix: String,
    bytes: Vec<u8>,
}

fn test(folder: PathBuf, judge: Judge) {
    let case = Case {
        rules: rules(&folder),
        folder,
    };
    let inputs = case.inputs();
    assert!(!inputs.is_empty(), "no input");
    for input in &inputs {
        judge(&case, input);
    }
    if let [one, other] = &inputs[..] {
        assert_eq!(
            case.found(one),
            case.found(other),
            "{} and {}",
            one.suffix,
            other.suffix
        );
    }
}

/// What the flags in `args` mean, on the day of the fixtures.
fn rules(folder: &Path) -> Rules {
    let flags = fs::read_to_string(folder.join("args")).unwrap_or_default();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let mut rules = testing::rules(&flags).unwrap();
    rules.suppressions.today = Date {
        year: 2026,
        month: 1,
        day: 1,
    };
    rules
}

impl Case {
    fn inputs(&self) -> Vec<Input> {
        let mut inputs = entries(&self.folder);
        inputs.retain(|path| path.file_stem().is_some_and(|stem| stem == "input"));
        let input = |path: PathBuf| Input {
            suffix: path.extension().unwrap().to_string_lossy().into_owned(),
            bytes: fs::read(path).unwrap(),
        };
        inputs.into_iter().map(input).collect()
    }

    fn assess(&self, text: &[u8]) -> Proven {
        proven(text, &self.rules).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the lines of `codes`, if there are any.
    fn codes(&self) -> Option<Vec<String>> {
        let codes = fs::read_to_string(self.folder.join("codes")).ok()?;
        assert!(!codes.is_empty(), "a file without a line says nothing");
        Some(codes.lines().map(str::to_owned).collect())
    }

    /// Returns what is found, to compare twins by.
    fn found(&self, input: &Input) -> Option<Vec<String>> {
        let assessment = proven(&input.bytes, &self.rules).ok()?;
        let ids = assessment
            .facts
            .findings
            .iter()
            .map(|found| &found.logical_id);
        let found = ids.zip(codes(&assessment, true));
        Some(found.map(|(id, code)| format!("{id}: {code}")).collect())
    }
}

/// Returns what is reported, as `codes` has it; with or without notes.
fn codes(assessment: &Proven, with_notes: bool) -> Vec<String> {
    let findings = assessment.facts.findings.iter().filter(|finding| {
        let is_suppressed = matches!(finding.decision, Decision::Suppressed { .. });
        finding.counts || with_notes || is_suppressed
    });
    findings
        .map(|finding| {
            let answer = match &finding.decision {
                Decision::Declined => "declined".to_owned(),
                Decision::Fix(_) => "fixed".to_owned(),
                Decision::Withheld(_) => "unsafe".to_owned(),
                Decision::ReportOnly => "report-only".to_owned(),
                Decision::Refused { code, reason } if *code == "layout" => {
                    layout(reason).to_owned()
                }
                Decision::Refused { code, .. } => (*code).to_owned(),
                Decision::Suppressed { by, .. } => format!("suppressed {by}"),
            };
            format!("{} {answer}", finding.verdict.code())
        })
        .collect()
}

/// Returns the sub-code of the layout that a reason is given for.
fn layout(reason: &str) -> &'static str {
    let mut all = Layout::ALL.into_iter();
    let layout = all.find(|layout| reason.starts_with(layout.reason()));
    layout
        .unwrap_or_else(|| panic!("{reason}: no layout"))
        .sub_code()
}

fn is_fixed(case: &Case, input: &Input) {
    let assessment = case.assess(&input.bytes);
    if let Some(codes_of_case) = case.codes() {
        assert_eq!(codes(&assessment, true), codes_of_case);
    }
    for finding in assessment
        .facts
        .findings
        .iter()
        .filter(|finding| finding.counts)
    {
        assert!(matches!(finding.decision, Decision::Fix(_)), "{finding:?}");
    }
    let expected = fs::read(case.folder.join(format!("expected.{}", input.suffix))).unwrap();
    let after = match &assessment.fixed {
        Some(fixed) => fixed.after().as_bytes(),
        None => &input.bytes,
    };
    assert!(
        after == expected,
        "expected\n    {}\ngot\n    {}",
        shown(&expected),
        shown(after)
    );
    let again = case.assess(&expected);
    assert_left_alone(&again);
    assert!(
        again.facts.ecr_repositories > 0,
        "no ECR repository is seen"
    );
}

fn complies(case: &Case, input: &Input) {
    let assessment = case.assess(&input.bytes);
    let repositories = fs::read_to_string(case.folder.join("repositories")).unwrap();
    let repositories: usize = repositories.trim_end().parse().unwrap();
    let codes_of_case = case.codes().unwrap_or_default();
    // Where an alias or a merge says what a resource is, it is reported and not counted.
    assert!(
        repositories > 0 || !codes_of_case.is_empty(),
        "a case of `unseen`"
    );
    assert_eq!(
        assessment.facts.ecr_repositories, repositories,
        "ECR repositories"
    );
    assert_eq!(codes(&assessment, true), codes_of_case);
    assert_left_alone(&assessment);
}

fn is_unseen(case: &Case, input: &Input) {
    let assessment = case.assess(&input.bytes);
    assert_eq!(assessment.facts.ecr_repositories, 0, "ECR repositories");
    assert!(
        assessment.facts.findings.is_empty(),
        "{:?}",
        codes(&assessment, true)
    );
    assert_left_alone(&assessment);
}

fn is_withheld(case: &Case, input: &Input) {
    let assessment = case.assess(&input.bytes);
    assert_eq!(Some(codes(&assessment, false)), case.codes());
    for finding in assessment
        .facts
        .findings
        .iter()
        .filter(|finding| finding.counts)
    {
        assert!(
            matches!(finding.decision, Decision::Withheld(_)),
            "{finding:?}"
        );
    }
    assert_eq!(assessment.fixed, None);
}

fn is_refused(case: &Case, input: &Input) {
    let assessment = case.assess(&input.bytes);
    assert_eq!(Some(codes(&assessment, false)), case.codes());
    let mut findings = assessment.facts.findings.iter();
    assert!(findings.any(|finding| matches!(finding.decision, Decision::Refused { .. })));
    assert_eq!(assessment.fixed, None);
}

fn is_an_error(case: &Case, input: &Input) {
    let error = proven(&input.bytes, &case.rules).unwrap_err();
    assert_eq!(Some(vec![format!("error {}", error.code)]), case.codes());
}

/// Nothing counts, and nothing changes.
fn assert_left_alone(assessment: &Proven) {
    let counts = assessment
        .facts
        .findings
        .iter()
        .filter(|finding| finding.counts);
    assert_eq!(counts.count(), 0, "{:?}", assessment.facts.findings);
    assert_eq!(assessment.fixed, None);
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\n", "\\n\n    ")
}
