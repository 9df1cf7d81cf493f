//! Names for findings that last: by which a platform knows that a finding of
//! today is the one of yesterday.
//!
//! A name is made of the rule, the file and the logical ID, and not of lines,
//! words or verdicts, so that other edits to the file do not change it, nor
//! does a mode that is wrong in another way than before.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::slashed;
use crate::find::RULE_ID;
use crate::outcome::Outcome;
use crate::remediate::Assessment;

/// How many bytes of the hash are kept: as many as an MD5 sum has, which
/// platforms show as an example.
const BYTES: usize = 16;

/// The fingerprints of a file's findings, in their order, as hexadecimal
/// digits. Those of findings with the same logical ID (in the documents of
/// one file) differ by which of them comes first.
#[must_use]
pub fn fingerprints(outcome: &Outcome, assessment: &Assessment) -> Vec<String> {
    let path = slashed(&outcome.path);
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let fingerprint = |logical_id: &str, nth: usize| {
        // A NUL is in no path and in no part that follows one.
        let parts = [RULE_ID, &path, logical_id, &nth.to_string()].join("\0");
        let hash = Sha256::digest(parts.as_bytes());
        let digits = hash.iter().take(BYTES).map(|byte| format!("{byte:02x}"));
        digits.collect::<String>()
    };
    let findings = assessment.findings.iter();
    findings
        .map(|finding| {
            let nth = known.entry(&finding.logical_id).or_default();
            *nth += 1;
            fingerprint(&finding.logical_id, *nth)
        })
        .collect()
}
