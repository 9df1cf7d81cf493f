//! Every fact of the rule, as data.
//!
//! This module owns what the rule is about: the resource types and what turns each on, the
//! property and the values that it takes, the exclusion filters and their limits, and the names
//! that other tools have for the rule. Everything that finds, plans, suppresses or reports reads
//! them here. It decides nothing.
//!
//! The rule is `aws/ecr_image_tag_not_immutable`: an `AWS::ECR::Repository` must declare
//! `ImageTagMutability: IMMUTABLE`.

/// The rule's ID, which is its name for KICS and Datadog.
pub const ID: &str = "33f41d31-86b1-46a4-81f7-9c9a671f59ac";

/// Its title.
pub const TITLE: &str = "ECR image tag not immutable";

/// What it asks for and why.
pub const DESCRIPTION: &str = "ECR repositories should enforce immutable image tags, so that a \
     tag that a deployment names cannot come to mean another image. ImageTagMutability must be \
     declared, and be IMMUTABLE.";

/// How bad it is to break it, in the word of KICS and Datadog.
pub const SEVERITY: &str = "MEDIUM";

/// What kind of a rule it is, in the words of KICS and Datadog.
pub const CATEGORY: &str = "Insecure Configurations";

/// What AWS says on it.
pub const URL: &str =
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html";

/// A resource type that the rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// Its name, as `Type` has it.
    pub name: &'static str,
    /// Whether the rule covers it only where [`Policy::creation_templates`] says so.
    ///
    /// [`Policy::creation_templates`]: crate::Policy::creation_templates
    pub is_opt_in: bool,
    /// A list among its properties and a word: where the list holds the word, or may, its
    /// tags move with those upstream, and no fix is offered.
    pub moves_upstream: Option<(&'static str, &'static str)>,
}

/// The type of ECR repositories.
///
/// Source: AWS CloudFormation Template Reference, `AWS::ECR::Repository`.
pub const REPOSITORY: &str = "AWS::ECR::Repository";

/// The type of the templates that ECR creates repositories from.
///
/// Source: AWS CloudFormation Template Reference, `AWS::ECR::RepositoryCreationTemplate`. Its
/// `AppliedFor` says for what; the tags of a pull through cache move when those upstream do.
pub const CREATION_TEMPLATE: &str = "AWS::ECR::RepositoryCreationTemplate";

/// The resource types that the rule covers. The name of each begins with [`REPOSITORY`], which
/// the prefilter looks for.
pub const RESOURCE_TYPES: [ResourceType; 2] = [
    ResourceType {
        name: REPOSITORY,
        is_opt_in: false,
        moves_upstream: None,
    },
    ResourceType {
        name: CREATION_TEMPLATE,
        is_opt_in: true,
        moves_upstream: Some(("AppliedFor", "PULL_THROUGH_CACHE")),
    },
];

/// The property that the rule is about.
pub const MUTABILITY: &str = "ImageTagMutability";

/// The property that must stand beside the `*_WITH_EXCLUSION` values, and may
/// not stand beside the others.
pub const FILTERS: &str = "ImageTagMutabilityExclusionFilters";

/// In an exclusion filter, the property that says how it matches.
///
/// Source: AWS CloudFormation Template Reference, `AWS::ECR::Repository
/// ImageTagMutabilityExclusionFilter`.
pub(crate) const FILTER_TYPE: &str = "ImageTagMutabilityExclusionFilterType";

/// In an exclusion filter, the property that says what it matches.
pub(crate) const FILTER_VALUE: &str = "ImageTagMutabilityExclusionFilterValue";

/// The one type of exclusion filters.
pub(crate) const WILDCARD: &str = "WILDCARD";

/// A value that ECR allows for [`MUTABILITY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutabilityValue {
    /// The value, as the template has it.
    pub name: &'static str,
    /// Whether tags are immutable, but for those that filters exclude.
    pub is_immutable: bool,
    /// Whether [`FILTERS`] must stand beside it; else it may not.
    pub takes_filters: bool,
}

/// The value that the rule asks for.
pub const IMMUTABLE: &str = "IMMUTABLE";

/// The value that the rule takes where some tags are to stay mutable. The
/// exclusion filters then list the mutable ones.
pub const IMMUTABLE_WITH_EXCLUSION: &str = "IMMUTABLE_WITH_EXCLUSION";

/// The value that ECR takes where nothing is declared.
pub const MUTABLE: &str = "MUTABLE";

/// The values that ECR allows.
///
/// Source: AWS CloudFormation Template Reference, `AWS::ECR::Repository`,
/// `ImageTagMutability` and `ImageTagMutabilityExclusionFilters`.
pub const MUTABILITY_VALUES: [MutabilityValue; 4] = [
    MutabilityValue {
        name: MUTABLE,
        is_immutable: false,
        takes_filters: false,
    },
    MutabilityValue {
        name: "MUTABLE_WITH_EXCLUSION",
        is_immutable: false,
        takes_filters: true,
    },
    MutabilityValue {
        name: IMMUTABLE,
        is_immutable: true,
        takes_filters: false,
    },
    MutabilityValue {
        name: IMMUTABLE_WITH_EXCLUSION,
        is_immutable: true,
        takes_filters: true,
    },
];

impl MutabilityValue {
    /// Returns the value with this name, in this case; None where ECR does not know it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut values = MUTABILITY_VALUES.into_iter();
        values.find(|value| value.name == name)
    }
}

/// How many exclusion filters an ECR repository may have.
///
/// Source: Amazon ECR API Reference, `PutImageTagMutability`.
pub const MAX_FILTERS: usize = 5;

/// How many characters the value of an exclusion filter may have.
///
/// Source: Amazon ECR API Reference, `ImageTagMutabilityExclusionFilter`.
pub(crate) const MAX_FILTER_LENGTH: usize = 128;

/// How many `*` the value of an exclusion filter may have.
///
/// Source: Amazon ECR API Reference, `ImageTagMutabilityExclusionFilter`.
pub(crate) const MAX_WILDCARDS: usize = 2;

/// Whether the value of an exclusion filter may hold this byte.
///
/// Source: Amazon ECR API Reference, `ImageTagMutabilityExclusionFilter`.
pub(crate) const fn is_filter_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'*' | b'-')
}

/// A tool that has the rule, or suppressions for it that are honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanner {
    /// A short name that stays the same between releases.
    pub name: &'static str,
    /// What the rule is called there; none where a suppression needs no ID.
    pub ids: &'static [&'static str],
}

/// The tools, this one first.
pub const SCANNERS: [Scanner; 7] = [
    Scanner {
        name: IMMUTAG,
        ids: &[],
    },
    Scanner {
        name: KICS,
        ids: &[ID],
    },
    Scanner {
        name: DATADOG,
        ids: &[ID],
    },
    Scanner {
        name: CHECKOV,
        ids: &[CHECKOV_ID],
    },
    Scanner {
        name: GUARD,
        ids: &GUARD_IDS,
    },
    Scanner {
        name: TRIVY,
        ids: &[TRIVY_IDS[0], TRIVY_IDS[1], TRIVY_LONG_ID],
    },
    Scanner {
        name: TFSEC,
        ids: &[TRIVY_IDS[0], TRIVY_IDS[1], TRIVY_LONG_ID],
    },
];

/// This tool's own suppressions.
pub(crate) const IMMUTAG: &str = "immutag";
/// Those of KICS.
pub(crate) const KICS: &str = "kics";
/// Those of Datadog's scanner.
pub(crate) const DATADOG: &str = "datadog";
/// Those of Checkov, also under the names Bridgecrew and Cortex.
pub(crate) const CHECKOV: &str = "checkov";
/// Those of AWS `CloudFormation` Guard.
pub(crate) const GUARD: &str = "guard";
/// Those of Trivy.
pub const TRIVY: &str = "trivy";
/// Those of tfsec, which Trivy still reads.
pub(crate) const TFSEC: &str = "tfsec";

/// The rule's ID for Checkov.
pub(crate) const CHECKOV_ID: &str = "CKV_AWS_51";

/// The rule's IDs for Trivy, which takes them in any case; the first is the older form.
pub(crate) const TRIVY_IDS: [&str; 2] = ["AVD-AWS-0031", "AWS-0031"];

/// The rule's long ID for Trivy and tfsec, in comments.
pub(crate) const TRIVY_LONG_ID: &str = "aws-ecr-enforce-immutable-repository";

/// The rule's names for AWS `CloudFormation` Guard: of the rule, of its check, and of the
/// AWS Control Tower control that holds it.
pub(crate) const GUARD_IDS: [&str; 3] = [
    "ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED",
    "ecr_private_tag_immutability_enabled_check",
    "CT.ECR.PR.3",
];
