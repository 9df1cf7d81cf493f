//! What one comment asks for, in the words of each tool.
//!
//! This module owns the syntax of suppressions in comments. It knows neither where
//! a comment stands nor what it covers there.
//!
//! Sources, each read as its tool reads it, and no more liberally:
//!
//! - KICS: docs.kics.io, "Running KICS", "Using commands on scanned files as
//!   comments".
//! - Datadog: docs.datadoghq.com, Code Security, Infrastructure as Code,
//!   "Configuration", inline comments. The commands are those of KICS, from which the scanner comes.
//! - Checkov: checkov.io, "Suppressing and Skipping Policies".
//! - Trivy and tfsec: trivy.dev, "Misconfiguration Scanning", ignoring by
//!   inline comments; aquasecurity.github.io/tfsec, "Ignoring Checks".

use super::{CHECKOV, DATADOG, Date, IMMUTAG, KICS, TFSEC, TRIVY};
use super::{CHECKOV_ID, RULE_ID, Until};
use crate::text::excerpt::brief;

/// Words one of which each comment holds that asks for anything, in lower
/// case.
pub(super) const MARKERS: [&str; 8] = [
    "immutag:",
    "kics-scan",
    "dd-iac-scan",
    "checkov:",
    "bridgecrew:",
    "cortex:",
    "trivy:",
    "tfsec:",
];

/// How many suppressions of our rule are taken from one comment of Trivy's. Real
/// ones hold one; the bound keeps hostile ones linear.
const MAX_WORDS: usize = 64;

/// A suppression as a comment words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The tool whose words these are.
    pub(super) by: &'static str,
    /// The reason given.
    pub(super) reason: Option<String>,
    /// What it covers.
    pub(super) scope: Scope,
    /// Whether it is for every rule and not for ours by name.
    pub(super) is_blanket: bool,
    /// Until when.
    pub(super) until: Until,
}

/// What a suppression covers, by the place of its comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The resource one of whose keys the comment stands at.
    AtKey,
    /// The resource whose logical ID the comment stands at.
    AtId,
    /// The resource within which the comment stands.
    Within,
    /// The line below the comment.
    Line,
    /// The value of the key below the comment.
    Block,
    /// The file, wherever the comment stands.
    File,
    /// The file, if the comment stands at its head.
    Head,
    /// The file, if the comment stands at its head: all rules but those named
    /// are off there. Whether ours is named.
    HeadOnly {
        /// Whether ours is among the rules that stay on.
        ours: bool,
    },
}

/// Adds the suppressions in a comment that could be about our rule. Its `text` begins at
/// the `#`.
pub(super) fn requests(text: &str, found: &mut Vec<Request>) {
    let words = text.trim_start_matches('#').trim();
    found.extend(immutag(words));
    found.extend(kics(words, "kics-scan", KICS));
    found.extend(kics(words, "dd-iac-scan", DATADOG));
    found.extend(checkov(words));
    let of_trivy = words.split_whitespace().filter_map(trivy);
    found.extend(of_trivy.take(MAX_WORDS));
}

/// `immutag: ignore`, `immutag: ignore-file`, each with a reason behind it.
fn immutag(words: &str) -> Option<Request> {
    let rest = without_prefix(words, "immutag:")?.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic() && c != '-')
        .unwrap_or(rest.len());
    let (command, rest) = rest.split_at_checked(end)?;
    let scope = match command.to_ascii_lowercase().as_str() {
        "ignore" => Scope::AtKey,
        "ignore-file" => Scope::File,
        _ => return None,
    };
    let behind = rest.trim_start_matches('.');
    let is_apart = behind.is_empty()
        || behind.starts_with(char::is_whitespace)
        || rest.starts_with(['[', '(', ':', ',', ';']);
    is_apart.then(|| Request {
        by: IMMUTAG,
        reason: reason(rest.trim_start_matches([',', ';', '.'])),
        scope,
        is_blanket: false,
        until: Until::Ever,
    })
}

/// `kics-scan COMMAND`, or Datadog's name for it, at the start of a comment.
fn kics(words: &str, marker: &str, by: &'static str) -> Option<Request> {
    let rest = without_prefix(words, marker)?;
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let rest = rest.trim_start();
    let (command, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let command = command.to_ascii_lowercase();
    let (command, ids) = match command.split_once('=') {
        Some((command, ids)) => (command, Some(ids)),
        None => (command.as_str(), None),
    };
    let ours = ids.is_some_and(|ids| ids.split(',').any(|id| id.trim() == RULE_ID));
    let (scope, is_blanket) = match (command, ids) {
        ("ignore", None) => (Scope::Head, true),
        ("ignore-line", None) => (Scope::Line, true),
        ("ignore-block", None) => (Scope::Block, true),
        ("disable", Some(_)) if ours => (Scope::Head, false),
        ("enable", Some(_)) => (Scope::HeadOnly { ours }, true),
        _ => return None,
    };
    Some(Request {
        by,
        reason: reason(after),
        scope,
        is_blanket,
        until: Until::Ever,
    })
}

/// What Checkov's suppressions begin with, by the names that it has gone by.
const CHECKOV_PREFIXES: [&str; 3] = ["checkov", "bridgecrew", "cortex"];

/// `checkov:skip=ID:reason`, anywhere in a comment; the first one counts. It
/// may name several IDs with commas between (bridgecrewio/checkov, issue
/// 5381).
fn checkov(words: &str) -> Option<Request> {
    let at = |prefix: &&str| words.find(&format!("{prefix}:skip="));
    let prefix = CHECKOV_PREFIXES
        .iter()
        .filter(|prefix| at(prefix).is_some())
        .min_by_key(|prefix| at(prefix))?;
    let (_, rest) = words.split_once(&format!("{prefix}:skip="))?;
    let rest = rest.trim_start_matches(' ');
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ',')
        .unwrap_or(rest.len());
    let (ids, rest) = rest.split_at_checked(end)?;
    let is_ours = ids.split(',').any(|id| id == CHECKOV_ID);
    is_ours.then(|| Request {
        by: CHECKOV,
        reason: rest.strip_prefix(':').and_then(reason),
        scope: Scope::Within,
        is_blanket: false,
        until: Until::Ever,
    })
}

/// Whether a comment holds a suppression of Trivy's or tfsec's, for any rule.
pub(super) fn is_of_trivy(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let word = word.trim_start_matches(['#', '/', '*']);
        word.starts_with("trivy:ignore:") || word.starts_with("tfsec:ignore:")
    })
}

/// One word of a comment: `trivy:ignore:ID`, with `:exp:YYYY-MM-DD` behind
/// it. Other parts (`:ws:…`, `ID[…]`) are for Terraform; Trivy passes over
/// them in templates of CloudFormation.
fn trivy(word: &str) -> Option<Request> {
    let word = word.trim_start_matches(['#', '/', '*']);
    let (by, rest) = match (word.strip_prefix("trivy:"), word.strip_prefix("tfsec:")) {
        (Some(rest), _) => (TRIVY, rest),
        (_, Some(rest)) => (TFSEC, rest),
        _ => return None,
    };
    let mut parts = rest.split(':');
    let (mut id, mut until) = (None, Until::Ever);
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        match key {
            "ignore" => id = value.split('[').next(),
            "exp" => until = Until::day(Date::parse(value)),
            _ => {}
        }
    }
    let id = id?;
    let is_blanket = id == "*";
    let is_ours = super::is_trivy_id(id) || id == super::TRIVY_LONG_ID;
    (is_blanket || is_ours).then_some(Request {
        by,
        reason: None,
        scope: Scope::AtId,
        is_blanket,
        until,
    })
}

/// What stands behind a prefix in any case.
fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A reason without what divides it from the command: a colon, dashes,
/// brackets around it.
fn reason(text: &str) -> Option<String> {
    let text = text.trim();
    let undivided = text
        .strip_prefix(':')
        .unwrap_or(text)
        .trim_start_matches(['-', '\u{2013}', '\u{2014}'])
        .trim();
    let reason = undivided
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(undivided)
        .trim();
    (!reason.is_empty()).then(|| brief(reason).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked for, as `tool what [reason]` each.
    fn all(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        requests(text, &mut found);
        let line = |request: &Request| {
            let reason = request
                .reason
                .as_deref()
                .map(|reason| format!(" [{reason}]"));
            format!(
                "{} {:?}{}",
                request.by,
                request.scope,
                reason.unwrap_or_default()
            )
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn ours_takes_a_reason_in_several_forms() {
        assert_eq!(all("# immutag: ignore"), ["immutag AtKey"]);
        assert_eq!(all("#immutag:ignore"), ["immutag AtKey"]);
        assert_eq!(all("## Immutag:  IGNORE  "), ["immutag AtKey"]);
        for text in [
            "old pipeline",
            "[old pipeline]",
            ": old pipeline",
            "- old pipeline",
        ] {
            assert_eq!(
                all(&format!("# immutag: ignore {text}")),
                ["immutag AtKey [old pipeline]"]
            );
        }
        assert_eq!(all("# immutag: ignore[a]"), ["immutag AtKey [a]"]);
        assert_eq!(
            all("# immutag: ignore-file generated"),
            ["immutag File [generated]"]
        );
    }

    #[test]
    fn what_only_looks_like_ours_asks_for_nothing() {
        for text in [
            "# immutag: ignored",
            "# immutag: ignore-line",
            "# immutag: ignore=x",
            "# immutag:",
            "# not immutag: ignore",
            "# immutag ignore",
            "# immutag: ignore.d",
            "#",
        ] {
            assert!(all(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn commands_of_kics_are_read_in_any_case() {
        assert_eq!(all("# kics-scan ignore"), ["kics Head"]);
        assert_eq!(all("#KICS-SCAN Ignore-Line"), ["kics Line"]);
        assert_eq!(
            all("# dd-iac-scan ignore-block why"),
            ["datadog Block [why]"]
        );
        let id = RULE_ID.to_uppercase();
        assert_eq!(all(&format!("# kics-scan disable=a,{id}")), ["kics Head"]);
        assert_eq!(
            all(&format!("# kics-scan enable=a,{id}")),
            ["kics HeadOnly { ours: true }"]
        );
        assert_eq!(
            all("# kics-scan enable=a"),
            ["kics HeadOnly { ours: false }"]
        );
        for text in [
            "# kics-scan",
            "# kics-scan disable=a",
            "# kics-scan disable",
            "# kics-scanignore",
            "# kics-scan ignore-lines",
            "# see kics-scan ignore",
            "# kics-scan ignore=x",
        ] {
            assert!(all(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn checkov_takes_checks_by_their_exact_ids() {
        assert_eq!(
            all("# checkov:skip=CKV_AWS_51:a: b"),
            ["checkov Within [a: b]"]
        );
        assert_eq!(all("#checkov:skip=CKV_AWS_51"), ["checkov Within"]);
        assert_eq!(
            all("# checkov:skip=CKV_AWS_20,CKV_AWS_51:x"),
            ["checkov Within [x]"]
        );
        assert_eq!(
            all("# note checkov:skip= CKV_AWS_51 (x)"),
            ["checkov Within"]
        );
        assert_eq!(
            all("# bridgecrew:skip=CKV_AWS_51:x"),
            ["checkov Within [x]"]
        );
        assert_eq!(all("# cortex:skip=CKV_AWS_51:x"), ["checkov Within [x]"]);
        for text in [
            "# checkov:skip=CKV_AWS_510",
            "# checkov:skip=CKV_AWS_5:CKV_AWS_51",
            "# checkov:skip",
            "# checkov:skip=ckv_aws_51",
            "# Checkov:skip=CKV_AWS_51",
            "# checkov: skip=CKV_AWS_51",
            "# checkov:skip=CKV_AWS_20, CKV_AWS_51:x",
            "# checkov:skip=CKV2_AWS_51",
            "# checkov:skip=CKV_AWS_1:x bridgecrew:skip=CKV_AWS_51",
        ] {
            assert!(all(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn trivy_takes_several_on_a_line() {
        for id in [
            "AVD-AWS-0031",
            "avd-aws-0031",
            "AWS-0031",
            "aws-ecr-enforce-immutable-repository",
            "*",
        ] {
            assert_eq!(all(&format!("#trivy:ignore:{id}")), ["trivy AtId"]);
            assert_eq!(all(&format!("# tfsec:ignore:{id} why")), ["tfsec AtId"]);
        }
        assert_eq!(
            all("#trivy:ignore:AVD-AWS-0030 trivy:ignore:AVD-AWS-0031"),
            ["trivy AtId"]
        );
        for text in [
            "# trivy:ignore:AVD-AWS-0030",
            "# trivy:ignore",
            "# trivy:ignore:",
            "# trivy: ignore:*",
            "# Trivy:ignore:*",
            "# x-trivy:ignore:*",
            "# trivy:exp:2999-12-31",
        ] {
            assert!(all(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn trivy_takes_a_date() {
        let until = |text: &str| {
            let mut found = Vec::new();
            requests(text, &mut found);
            found.pop().unwrap().until
        };
        let day = Date::parse("2030-01-02").unwrap();
        assert_eq!(
            until("#trivy:ignore:AWS-0031:exp:2030-01-02"),
            Until::Day(day)
        );
        assert_eq!(
            until("#trivy:exp:2030-01-02:ignore:AWS-0031"),
            Until::Day(day)
        );
        assert_eq!(
            until("#trivy:ignore:AWS-0031:ws:x:exp:2030-1-2"),
            Until::Unreadable
        );
        assert_eq!(until("#trivy:ignore:AWS-0031:exp"), Until::Ever);
    }
}
