//! What a finding is known by from one run to the next.
//!
//! This module owns what makes two findings the same for those who keep a
//! history of them. A fingerprint is made of what stays when a file is edited
//! elsewhere: neither lines nor the words of a message are part of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path};

use sha2::{Digest, Sha256};

use super::rule;
use immutag_engine::Facts;

/// The version of the recipe. It changes if the fingerprints do.
pub(crate) const VERSION: &str = "immutag/v1";

/// How many bytes of the hash are kept.
const BYTES: usize = 16;

/// The fingerprints of all findings of a file, in their order: 32 hexadecimal
/// digits each, the beginning of the SHA-256 of the rule's id, the path with
/// `/` between its parts, the logical ID, and how many findings of that ID
/// stand above in the file, with a NUL behind each.
#[must_use]
pub(crate) fn all(path: &Path, facts: &Facts) -> Vec<String> {
    let mut place = Sha256::new();
    place.update(rule::ID);
    place.update([0]);
    let parts = path.components().filter(|part| *part != Component::CurDir);
    for (nth, part) in parts.enumerate() {
        if nth > 0 {
            place.update("/");
        }
        place.update(match part {
            Component::RootDir => b"",
            part => part.as_os_str().as_encoded_bytes(),
        });
    }
    place.update([0]);
    let mut above: BTreeMap<&str, usize> = BTreeMap::new();
    let fingerprint = |logical_id| {
        let nth = above.entry(logical_id).or_default();
        let mut hash = place.clone();
        hash.update(logical_id);
        hash.update([0]);
        hash.update(nth.to_string());
        hash.update([0]);
        *nth += 1;
        let mut digits = String::with_capacity(2 * BYTES);
        for byte in hash.finalize().iter().take(BYTES) {
            // Writing to a string does not fail.
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    };
    let findings = facts.findings.iter();
    findings
        .map(|finding| finding.logical_id.as_str())
        .map(fingerprint)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use immutag_engine::{Rules, assess};

    const WEB: &str = "  Web: {Type: AWS::ECR::Repository}\n";
    const JOBS: &str = "  Jobs: {Type: AWS::ECR::Repository}\n";

    fn of(path: &str, text: &str) -> Vec<String> {
        all(
            Path::new(path),
            &assess(text.as_bytes(), &Rules::default()).unwrap().facts,
        )
    }

    #[test]
    fn it_stays_when_the_file_changes_elsewhere() {
        let [web]: [String; 1] = of("a.yaml", &format!("Resources:\n{WEB}"))
            .try_into()
            .unwrap();
        assert_eq!(web.len(), 32);
        let above = format!("# One more line.\nResources:\n\n{WEB}");
        assert_eq!(of("a.yaml", &above), std::slice::from_ref(&web));
        let with_jobs = of("a.yaml", &format!("Resources:\n{JOBS}{WEB}"));
        assert_eq!(with_jobs[1], web);
        assert_ne!(with_jobs[0], web, "another resource");
        let other_verdict = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: MUTABLE\n";
        assert_eq!(of("./a.yaml", other_verdict), [web]);
    }

    #[test]
    fn it_differs_between_files_and_between_namesakes() {
        let text = format!("Resources:\n{WEB}");
        assert_ne!(of("a.yaml", &text), of("b/a.yaml", &text));
        assert_ne!(of("/a.yaml", &text), of("a.yaml", &text));
        let twice = of("a.yaml", &format!("{text}---\n{text}"));
        assert_eq!(twice.len(), 2);
        assert_ne!(twice[0], twice[1]);
        assert_eq!(twice[0], of("a.yaml", &text)[0]);
    }
}
