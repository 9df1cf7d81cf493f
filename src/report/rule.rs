//! The rule, as reports introduce it to those who have not heard of it.
//!
//! This module owns words about the rule that only reports have, which are the same in every
//! one. The facts are for [`immutag_engine::rule`]; what a finding says is not its matter.

pub(crate) use immutag_engine::rule::{CATEGORY, DESCRIPTION, ID, SEVERITY, TITLE, URL};

/// Its name, in words that can be part of one.
pub(crate) const NAME: &str = "EcrImageTagNotImmutable";

/// Its severity on the scale of CVSS, from 0 to 10: in the middle of what code
/// scanning calls medium (4.0 to 6.9).
pub(crate) const SECURITY_SEVERITY: &str = "5.0";

/// The same as [`HELP`], with a link.
pub(crate) const HELP_MARKDOWN: &str = "Declare `ImageTagMutability: IMMUTABLE` in the `Properties` of \
     the repository. `immutag fix` does that and changes no other byte; `immutag diff` shows it \
     first. Where a pipeline moves a tag, `--keep-mutable TAG` lets it. See \
     [tag mutability](https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html).";

/// What to do about a finding.
pub(crate) const HELP: &str = "Declare ImageTagMutability: IMMUTABLE in the Properties of the \
     repository. `immutag fix` does that and changes no other byte; `immutag diff` shows it \
     first. Where a pipeline moves a tag, `--keep-mutable TAG` lets it.";
