//! Computed values where one text holds what is repaired beside what is not,
//! which a fixture does not say; and how far hostile ones are followed.

use std::fmt::Write;

use crate::common::proven::{Proven, proven};
use immutag_engine::{Applicability, Decision, Rules, Verdict};

fn assess(text: &str) -> Proven {
    let rules = Rules {
        allow: Applicability::Unsafe,
        ..Rules::default()
    };
    proven(text.as_bytes(), &rules).unwrap()
}

fn answers(assessment: &Proven) -> Vec<(&str, &str)> {
    let findings = assessment.facts.findings.iter();
    findings
        .map(|finding| {
            let answer = match &finding.decision {
                Decision::Fix(_) => "fixed",
                Decision::Withheld(_) => "unsafe",
                Decision::ReportOnly => "report-only",
                Decision::Suppressed { by, .. } => by,
                Decision::Declined => "declined",
                Decision::Refused { code, .. } => code,
            };
            (finding.logical_id.as_str(), answer)
        })
        .collect()
}

#[test]
fn a_source_is_repaired_for_all_that_it_feeds_or_not_at_all() {
    let declare = |mode: &str| {
        format!(
            "\
Parameters:
  Mode: {{Type: String, Default: MUTABLE}}
Resources:
  A:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: !Ref Mode
  B:
    Type: AWS::ECR::Repository
    Properties:
      {mode}
"
        )
    };
    // All want the same change.
    for mode in [
        "ImageTagMutability: !Ref Mode",
        "ImageTagMutability: !If [Big, !Sub '${Mode}', !ImportValue mode]",
        "ImageTagMutability: IMMUTABLE",
    ] {
        let text = declare(mode);
        let fixed = assess(&text).fixed.unwrap();
        let after = fixed.after();
        let expected = text.replace("Default: MUTABLE", "Default: IMMUTABLE");
        assert_eq!(after, expected, "{mode}");
    }
    // One does not, be it that it complies or that it cannot be repaired.
    for mode in [
        "ImageTagMutability: !Sub 'IM${Mode}'",
        "ImageTagMutability: !Join ['_', [!Ref Mode, WITH_EXCLUSION]]",
        "ImageTagMutability: !If [Big, !Ref Mode, !Join ['', [X, Y]]]",
        "{ImageTagMutability: !Ref Mode, 'Fn::Transform': {Name: X}}",
        "RepositoryName: !Ref Mode",
    ] {
        let assessment = assess(&declare(mode));
        let first = answers(&assessment).first().copied();
        assert_eq!(first, Some(("A", "other-user")), "{mode}");
    }
}

#[test]
fn a_finding_names_every_source_of_a_bad_value_with_its_line() {
    let assessment = assess(
        "\
Parameters:
  Mode: {Type: String, Default: MUTABLE}
Resources:
  A:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: !If [IsProd, !Ref Mode, !Ref AWS::NoValue]
",
    );
    assert_eq!(
        assessment.facts.findings.first().unwrap().message,
        "ImageTagMutability can be MUTABLE: parameter Mode defaults to MUTABLE if IsProd, line 2; \
         it is AWS::NoValue unless IsProd, line 7"
    );
}

#[test]
fn what_is_unknown_is_said_with_its_reason() {
    let assessment = assess(
        "\
Parameters:
  Mode: {Type: String}
Resources:
  A:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: !Ref Mode
",
    );
    assert_eq!(
        assessment.facts.findings.first().unwrap().message,
        "cannot tell whether tags are immutable: parameter Mode has no Default, line 2"
    );
}

/// An expression that doubles with each of its `levels`.
fn bomb(levels: usize) -> String {
    let mut text = "Bombs:\n  - &b0 MUTABLE\n".to_owned();
    for level in 1..=levels {
        let below = level - 1;
        writeln!(text, "  - &b{level} !If [C, *b{below}, *b{below}]").unwrap();
    }
    text
}

#[test]
fn what_doubles_with_each_level_is_followed_only_so_far() {
    let text = bomb(60)
        + "\
Resources:
  A:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: *b60
";
    let assessment = assess(&text);
    let finding = assessment.facts.findings.first().unwrap();
    assert_eq!(finding.verdict, Verdict::Mutable);
    assert_eq!(finding.message.matches("line 2").count(), 1);
    // The anchors stand in a list that is none of the repository's.
    assert_eq!(answers(&assessment), [("A", "shared")]);
}

#[test]
fn a_value_that_names_itself_is_unknown() {
    let text = "\
Resources:
  A:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: &self !If [C, *self, IMMUTABLE]
";
    // A parser may refuse it first; it must not be followed for ever.
    if let Ok(assessment) = proven(text.as_bytes(), &Rules::default()) {
        assert_eq!(assessment.fixed, None);
        assert!(
            assessment
                .facts
                .findings
                .iter()
                .all(|finding| !finding.counts)
        );
    }
}

#[test]
fn a_word_that_stands_alone_in_sub_is_a_literal() {
    for (was, is) in [
        ("!Sub 'MUTABLE'", "!Sub 'IMMUTABLE'"),
        ("{Fn::Sub: MUTABLE}", "{Fn::Sub: IMMUTABLE}"),
    ] {
        let declare = |mode: &str| {
            format!(
                "Resources:\n  A:\n    Type: AWS::ECR::Repository\n    Properties:\n      \
                 ImageTagMutability: {mode}\n"
            )
        };
        let assessment = assess(&declare(was));
        assert_eq!(answers(&assessment), [("A", "fixed")], "{was}");
        let fixed = assessment.fixed.unwrap();
        let after = fixed.after();
        assert_eq!(after, declare(is));
    }
}
