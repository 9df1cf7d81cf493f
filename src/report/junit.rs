//! A `JUnit` report: a suite for each file, a case for each repository with a
//! finding, and one for those that comply.
//!
//! A finding that is left is a failure, one that a user asked to leave alone
//! is skipped, a file that failed is an error. What is only a note passes.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Report, answer, escaped, shown};
use crate::options::Mode;
use crate::outcome::Outcome;
use immutag_engine::{Decision, Finding};

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suites = quick_junit::Report::new("immutag");
    for outcome in report.outcomes {
        let suite = suite(report, outcome);
        if !suite.test_cases.is_empty() {
            suites.add_test_suite(suite);
        }
    }
    suites.serialize(out).map_err(io::Error::other)
}

fn suite(report: &Report<'_>, outcome: &Outcome) -> TestSuite {
    let path = shown(&outcome.path);
    let mut suite = TestSuite::new(path.as_str());
    let mut add = |name: String, status: TestCaseStatus| {
        let mut case = TestCase::new(name, status);
        case.set_classname(path.as_str());
        suite.add_test_case(case);
    };
    match &outcome.result {
        Err(error) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let place = error.position.map_or(path.clone(), |at| {
                format!("{path}:{}:{}", at.line, at.column)
            });
            let message = escaped(&error.message);
            status
                .set_type(error.code)
                .set_message(message.as_str())
                .set_description(format!("{place}: {message}"));
            add("immutag".to_owned(), status);
        }
        Ok(facts) => {
            for finding in report.findings(facts) {
                add(
                    escaped(&finding.logical_id),
                    status(&path, finding, report.options.mode),
                );
            }
            let comply = facts.ecr_repositories.saturating_sub(facts.findings.len());
            if comply > 0 {
                let name = match comply {
                    1 => "1 repository complies".to_owned(),
                    more => format!("{more} repositories comply"),
                };
                add(name, TestCaseStatus::success());
            }
        }
    }
    suite
}

fn status(path: &str, finding: &Finding, mode: Mode) -> TestCaseStatus {
    let words = escaped(&format!("{} [{}]", finding.message, answer(finding, mode)));
    if matches!(finding.decision, Decision::Suppressed { .. }) {
        let mut skipped = TestCaseStatus::skipped();
        skipped.set_message(words);
        return skipped;
    }
    let is_done = mode == Mode::Fix && matches!(finding.decision, Decision::Fix(_));
    if is_done || !finding.counts {
        return TestCaseStatus::success();
    }
    let at = finding.region.start;
    let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
    failure
        .set_type(finding.verdict.code())
        .set_message(words.as_str())
        .set_description(format!("{path}:{}:{}: {words}", at.line, at.column));
    failure
}
