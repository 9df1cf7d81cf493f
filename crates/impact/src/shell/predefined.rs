//! What the variables and the commands of pipelines stand for.
//!
//! This module owns the lists of the names that CI systems give, and what the
//! output of a command can be. It follows no assignment.

use crate::value::Part;

/// What differs for each commit, build or release.
///
/// Sources: "Environment variables in build environments" (AWS `CodeBuild`);
/// "Default environment variables" (GitHub); "Predefined CI/CD variables"
/// (GitLab); "Using environment variables" (Jenkins), and those of its Git
/// plugin; the same of `CircleCI`, Bitbucket, Azure, Travis, Drone, Buildkite;
/// GNU Bash Reference Manual, "Bash Variables"; npm Docs, "scripts".
const DERIVED: &[&str] = &[
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "CODEBUILD_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "CODEBUILD_START_TIME",
    "CODEBUILD_WEBHOOK_PREV_COMMIT",
    "CODEBUILD_WEBHOOK_MERGE_COMMIT",
    "GITHUB_SHA",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_EVENT_AFTER",
    "GITHUB_EVENT_PULL_REQUEST_HEAD_SHA",
    "GITHUB_EVENT_WORKFLOW_RUN_HEAD_SHA",
    "GITHUB_EVENT_HEAD_COMMIT_ID",
    "GITHUB_EVENT_RELEASE_TAG_NAME",
    "GITHUB_EVENT_RELEASE_NAME",
    "GITHUB_EVENT_RELEASE_ID",
    "CI_COMMIT_SHA",
    "CI_COMMIT_SHORT_SHA",
    "CI_COMMIT_BEFORE_SHA",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TIMESTAMP",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_IID",
    "CI_PIPELINE_CREATED_AT",
    "CI_JOB_ID",
    "CI_JOB_STARTED_AT",
    "BUILD_NUMBER",
    "BUILD_ID",
    "BUILD_TAG",
    "BUILD_TIMESTAMP",
    "GIT_COMMIT",
    "TAG_NAME",
    "CIRCLE_SHA1",
    "CIRCLE_BUILD_NUM",
    "CIRCLE_TAG",
    "CIRCLE_WORKFLOW_ID",
    "PIPELINE_ID",
    "PIPELINE_NUMBER",
    "PIPELINE_GIT_REVISION",
    "PIPELINE_GIT_TAG",
    "BITBUCKET_COMMIT",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_TAG",
    "BUILD_BUILDID",
    "BUILD_BUILDNUMBER",
    "BUILD_SOURCEVERSION",
    "TRAVIS_COMMIT",
    "TRAVIS_BUILD_NUMBER",
    "TRAVIS_TAG",
    "DRONE_COMMIT",
    "DRONE_COMMIT_SHA",
    "DRONE_BUILD_NUMBER",
    "DRONE_TAG",
    "BUILDKITE_COMMIT",
    "BUILDKITE_BUILD_NUMBER",
    "BUILDKITE_TAG",
    "RANDOM",
    "EPOCHSECONDS",
    "NPM_PACKAGE_VERSION",
    "PROJECT_VERSION",
    "MAVEN_BUILD_TIMESTAMP",
    "GIT_COMMIT_ID",
    "GIT_COMMIT_ID_ABBREV",
    "BUILDNUMBER",
];

/// What comes from a branch or a pull request, and so stands for another
/// commit with each push. Sources: those of [`DERIVED`]; `BRANCH` is the
/// common word.
const BRANCHES: &[&str] = &[
    "BRANCH",
    "CODEBUILD_WEBHOOK_HEAD_REF",
    "CODEBUILD_WEBHOOK_BASE_REF",
    "CODEBUILD_WEBHOOK_TRIGGER",
    "GITHUB_REF",
    "GITHUB_REF_NAME",
    "GITHUB_HEAD_REF",
    "GITHUB_BASE_REF",
    "GITHUB_EVENT_NUMBER",
    "GITHUB_EVENT_PULL_REQUEST_NUMBER",
    "GITHUB_EVENT_PULL_REQUEST_HEAD_REF",
    "GITHUB_EVENT_WORKFLOW_RUN_HEAD_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_REF_SLUG",
    "CI_COMMIT_BRANCH",
    "CI_DEFAULT_BRANCH",
    "CI_MERGE_REQUEST_IID",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_ENVIRONMENT_NAME",
    "CI_ENVIRONMENT_SLUG",
    "BRANCH_NAME",
    "CHANGE_ID",
    "CHANGE_BRANCH",
    "GIT_BRANCH",
    "GIT_LOCAL_BRANCH",
    "CIRCLE_BRANCH",
    "PIPELINE_GIT_BRANCH",
    "BITBUCKET_BRANCH",
    "BITBUCKET_PR_ID",
    "BUILD_SOURCEBRANCH",
    "BUILD_SOURCEBRANCHNAME",
    "SYSTEM_PULLREQUEST_PULLREQUESTID",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "TRAVIS_BRANCH",
    "DRONE_BRANCH",
    "BUILDKITE_BRANCH",
];

/// What a variable stands for that no file assigns; `shown` is how it is
/// written. None where nobody knows.
pub(crate) fn given(name: &str, shown: &str) -> Option<Part> {
    let name: String = name
        .chars()
        .map(|sign| match sign {
            '.' | '-' => '_',
            sign => sign.to_ascii_uppercase(),
        })
        .collect();
    if DERIVED.contains(&name.as_str()) {
        Some(Part::Derived(shown.to_owned()))
    } else if BRANCHES.contains(&name.as_str()) {
        Some(Part::Branch(shown.to_owned()))
    } else if crate::value::is_foreign_name(&name) {
        Some(Part::Foreign)
    } else {
        None
    }
}

/// Whether what stands in `$( )` can be the name of a variable of Azure's.
///
/// Source: Azure Pipelines, "Define variables", "Macro syntax".
pub(crate) fn is_macro(inner: &str) -> bool {
    let is_inner = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    !inner.is_empty() && inner.chars().all(is_inner)
}

/// What the output of a command is made of.
pub(crate) enum Output<'c> {
    /// Of a commit, a build, a version or a date.
    Derived,
    /// Of a branch.
    Branch,
    /// It is what a stack gives out under this key.
    OfStack(&'c str),
    /// It is what a stack exports under this name.
    StackExport(&'c str),
    /// It is a parameter of the Systems Manager's.
    Parameter(&'c str),
    /// It is the physical name of the resource with this logical ID.
    Resource(&'c str),
    /// It is the address of the repository of this name.
    Repository(&'c str),
    /// Nobody knows.
    Open,
}

/// Commands whose output differs each time, or with what they are given.
const UNIQUE: [&str; 10] = [
    "date",
    "gdate",
    "uuidgen",
    "md5sum",
    "md5",
    "sha1sum",
    "sha256sum",
    "shasum",
    "mktemp",
    "gitversion",
];

/// What asks git for a commit or a tag of it.
const COMMITS: [&str; 8] = [
    "rev-parse",
    "describe",
    "git log",
    "rev-list",
    "git tag",
    "git show",
    "hash-object",
    "ls-remote",
];

/// What the output of a command is, by its words.
pub(crate) fn output(command: &str) -> Output<'_> {
    let has = |word: &str| command.contains(word);
    let first = command.split_whitespace().next().unwrap_or_default();
    let first = first.rsplit('/').next().unwrap_or_default();
    if has("git ") {
        if has("--abbrev-ref") || has("symbolic-ref") || has("git branch") || has("name-rev") {
            return Output::Branch;
        }
        if COMMITS.iter().any(|word| has(word)) {
            return Output::Derived;
        }
    }
    if has("aws ") || has("awslocal ") {
        return from_aws(command);
    }
    let is_unique = UNIQUE.contains(&first)
        || has("openssl rand")
        || has("sha256sum")
        || has("md5sum")
        || has("shasum");
    if is_unique || command.to_ascii_lowercase().contains("version") {
        return Output::Derived;
    }
    Output::Open
}

fn from_aws(command: &str) -> Output<'_> {
    let has = |word: &str| command.contains(word);
    let found = if has("describe-stacks") {
        equals(command, "OutputKey").map(Output::OfStack)
    } else if has("list-exports") {
        equals(command, "Name").map(Output::StackExport)
    } else if has("ssm get-parameter") {
        option(command, "--name")
            .or_else(|| option(command, "--names"))
            .map(Output::Parameter)
    } else if has("describe-stack-resource") {
        option(command, "--logical-resource-id")
            .or_else(|| equals(command, "LogicalResourceId"))
            .map(Output::Resource)
    } else if has("ecr describe-repositories") {
        option(command, "--repository-names").map(Output::Repository)
    } else if has("ecr create-repository") {
        option(command, "--repository-name").map(Output::Repository)
    } else {
        None
    };
    found.unwrap_or(Output::Open)
}

/// What a key is compared with in a query: `Outputs[?OutputKey=='Uri']`,
/// `select(.OutputKey == "Uri")`.
fn equals<'c>(command: &'c str, key: &str) -> Option<&'c str> {
    let (_, mut rest) = command.split_once(key)?;
    rest = rest
        .trim_start_matches(['"', '\'', ')', ' '])
        .trim_start_matches('\\');
    rest = rest.strip_prefix("==")?;
    named(rest.trim_start_matches([' ', '\'', '"', '`', '\\']))
}

/// What an option of a command is given.
fn option<'c>(command: &'c str, option: &str) -> Option<&'c str> {
    let mut from = command;
    loop {
        let (_, rest) = from.split_once(option)?;
        if rest.starts_with(['=', ' ', '\t', '\n', '\\']) {
            return named(rest.trim_start_matches(['=', ' ', '\t', '\n', '\r', '\\', '"', '\'']));
        }
        from = rest;
    }
}

/// The name at the beginning of a text.
fn named(text: &str) -> Option<&str> {
    let is_inner = |sign: char| sign.is_alphanumeric() || "._-/:".contains(sign);
    let end = text.find(|sign| !is_inner(sign)).unwrap_or(text.len());
    text.get(..end).filter(|name| !name.is_empty())
}
