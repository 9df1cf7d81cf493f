//! The rule, as reports introduce it to those who have not heard of it.
//!
//! This module owns words about the rule as such, which are the same in every
//! report. What a finding says is no matter of its.

use immutag_engine::suppress;

/// The rule's id, the one that KICS and Datadog's scanner have for it.
pub const ID: &str = suppress::RULE_ID;

/// Its name, in words that can be part of one.
pub const NAME: &str = "EcrImageTagNotImmutable";

/// Its title.
pub const TITLE: &str = "ECR image tag not immutable";

/// What it asks for and why.
pub const DESCRIPTION: &str = "ECR repositories should enforce immutable image tags, so that a \
     tag that a deployment names cannot come to mean another image. ImageTagMutability must be \
     declared, and be IMMUTABLE.";

/// How bad it is to break it, in the word of KICS and Datadog.
pub const SEVERITY: &str = "MEDIUM";

/// The same on the scale of CVSS, from 0 to 10: in the middle of what code
/// scanning calls medium (4.0 to 6.9).
pub const SECURITY_SEVERITY: &str = "5.0";

/// What kind of a rule it is, in the words of KICS and Datadog.
pub const CATEGORY: &str = "Insecure Configurations";

/// What AWS says on it.
pub const URL: &str =
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html";

/// The same as [`HELP`], with a link.
pub const HELP_MARKDOWN: &str = "Declare `ImageTagMutability: IMMUTABLE` in the `Properties` of \
     the repository. `immutag fix` does that and changes no other byte; `immutag diff` shows it \
     first. Where a pipeline moves a tag, `--keep-mutable TAG` lets it. See \
     [tag mutability](https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html).";

/// What to do about a finding.
pub const HELP: &str = "Declare ImageTagMutability: IMMUTABLE in the Properties of the \
     repository. `immutag fix` does that and changes no other byte; `immutag diff` shows it \
     first. Where a pipeline moves a tag, `--keep-mutable TAG` lets it.";
