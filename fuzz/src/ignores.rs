//! Ignores: what they hide is left as it is, and they hide nothing else.

use std::collections::BTreeMap;

use crate::proven::{Proven, proven};
use immutag_engine::suppress::{trivyignore, trivyignore_yaml};
use immutag_engine::{Decision, Rules, SuppressionRules};

use crate::MAX_LEN;
use crate::oracle::{self, ensure, rules, shown};
use crate::tree::{self, Node};

/// Words one of which every ignore holds, by the documentation of each tool.
const WORDS: [&str; 12] = [
    "immutag",
    "kics-scan",
    "dd-iac-scan",
    "checkov",
    "bridgecrew",
    "cortex",
    "trivy",
    "tfsec",
    "suppressedrules",
    // What may spell any of them in another way.
    "\\",
    "<<",
    "*",
];

/// A letter for the rules and a text, which is a template, and both kinds of
/// list that Trivy reads.
pub fn check(data: &[u8]) {
    let Some((&letter, bytes)) = data.split_first() else {
        return;
    };
    if bytes.len() > MAX_LEN {
        return;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        lists(text);
    }
    let on = Rules {
        suppressions: SuppressionRules::default(),
        ..rules(letter)
    };
    let off = Rules {
        suppressions: SuppressionRules {
            are_on: false,
            ..SuppressionRules::default()
        },
        ..on.clone()
    };
    let Some(with) = oracle::check(bytes, &on) else {
        return;
    };
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let without = match proven(bytes, &off) {
        Ok(without) => without,
        // Ignores may keep a repair from being tried that fails its proof.
        Err(error) => {
            ensure!(error.code == "proof", text, "{error:?} without ignores");
            return;
        }
    };
    ensure!(
        without.facts.unused_suppressions.is_empty(),
        text,
        "unused, and not looked for"
    );
    let facts = |of: &Proven| -> Vec<_> {
        let findings = of.facts.findings.iter();
        findings
            .map(|found| (found.verdict, found.logical_id.clone(), found.region))
            .collect()
    };
    ensure!(
        facts(&with) == facts(&without),
        text,
        "ignores change what is found"
    );
    let mut hidden = 0;
    for (found, plain) in with.facts.findings.iter().zip(&without.facts.findings) {
        match &found.decision {
            Decision::Suppressed { by, is_listed, .. } => {
                hidden += 1;
                ensure!(!found.counts && !is_listed, text, "{found:?} counts");
                ensure!(
                    WORDS.iter().any(|word| word.contains(by))
                        || **by == *"guard"
                        || **by == *"datadog",
                    text,
                    "by {by:?}"
                );
            }
            answer => {
                ensure!(
                    found.counts == plain.counts,
                    text,
                    "{found:?} and {plain:?}"
                );
                // What is hidden may keep what it shares from being changed.
                let is_kept =
                    matches!(answer, Decision::Refused { .. }) || *answer == plain.decision;
                ensure!(is_kept, text, "{found:?} is {plain:?} without ignores");
            }
        }
    }
    let words = text.to_lowercase();
    let may_ask = WORDS.iter().any(|word| words.contains(word));
    ensure!(
        may_ask || hidden == 0,
        text,
        "{hidden} are hidden by nothing"
    );
    ensure!(
        may_ask || with.facts.unused_suppressions.is_empty(),
        text,
        "unused, and not there"
    );
    if hidden == 0 {
        ensure!(
            with.facts.findings == without.facts.findings,
            text,
            "nothing is hidden, and something is changed"
        );
    }
    asked(text, &on, &with);
}

/// A comment of ours, written above the name of the first resource that is
/// reported and stands in lines, hides it, and hides no other.
fn asked(text: &str, rules: &Rules, before: &Proven) {
    let Some(documents) = tree::yaml(text).filter(|_| tree::json(text).is_none()) else {
        return;
    };
    // A scalar over several lines would take the comment for text, a mark
    // would do as it likes, and an alias stands where its anchor does not.
    let is_odd = ["{{", "{%", "{#", "*", "|", ">", "\\", "---", "..."];
    if is_odd.iter().any(|sign| text.contains(sign)) {
        return;
    }
    let mut names: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in documents.iter().flat_map(Node::all) {
        if node.style == ':' {
            for (key, _) in node.entries() {
                names
                    .entry(key.word().unwrap_or_default())
                    .or_default()
                    .push(key);
            }
        }
    }
    for (nth, finding) in before.facts.findings.iter().enumerate() {
        let Some([key]) = names.get(finding.logical_id.as_str()).map(Vec::as_slice) else {
            continue;
        };
        let start = text[..key.start].rfind('\n').map_or(0, |at| at + 1);
        let lead = &text[start..key.start];
        let is_alone =
            lead.chars().all(|c| c == ' ') && (start > 0 || !text.starts_with('\u{feff}'));
        let is_its_own = finding.region.span.start >= key.start;
        if !is_alone || !is_its_own || !matches!(finding.decision, Decision::Fix(_)) {
            continue;
        }
        let ignored = format!(
            "{}{lead}# immutag: ignore as told\n{}",
            &text[..start],
            &text[start..]
        );
        let after = match proven(ignored.as_bytes(), rules) {
            Ok(after) => after,
            Err(error) => panic!("{error:?} of\n{}", shown(&ignored)),
        };
        let answer = after.facts.findings.get(nth).map(|found| &found.decision);
        let is_hidden = match answer {
            Some(Decision::Suppressed { reason, .. }) => reason.as_deref() == Some("as told"),
            _ => false,
        };
        ensure!(is_hidden, &ignored, "{} is {answer:?}", finding.logical_id);
        let others = after
            .facts
            .findings
            .iter()
            .zip(&before.facts.findings)
            .enumerate();
        for (other, (now, then)) in others {
            let is_same = other == nth
                || now.decision == then.decision
                || matches!(now.decision, Decision::Refused { .. });
            ensure!(is_same, &ignored, "{now:?} was {then:?}");
        }
        return;
    }
}

/// Trivy's lists are read or not, in the order of their lines.
fn lists(text: &str) {
    let lines = text.lines().count() + 1;
    let plain = trivyignore(text);
    assert!(plain.len() <= lines);
    let yaml = trivyignore_yaml(text).unwrap_or_default();
    for listed in [plain, yaml] {
        for (nth, entry) in listed.iter().enumerate() {
            assert!(
                entry.position.line <= lines,
                "{entry:?} of\n{}",
                shown(text)
            );
            assert!(entry.position.column >= 1);
            let before = &listed[..nth];
            let is_next = before.iter().all(|other| other.position < entry.position);
            assert!(is_next, "{entry:?} of\n{}", shown(text));
        }
        let ids = text.to_lowercase();
        assert!(listed.is_empty() || ids.contains("aws-0031") || ids.contains('\\'));
    }
}
