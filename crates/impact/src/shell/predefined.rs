//! What variables stand for that no file assigns.
//!
//! This module owns the lists of the names that CI systems give. It follows no assignment.

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

/// What a predefined variable stands for; `shown` is how it is written. None for any other name.
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
    } else if names_other_registry(&name) {
        Some(Part::OtherRegistry)
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

/// What names of variables hold that are for another registry.
const OTHER_REGISTRIES: [&str; 12] = [
    "dockerhub",
    "docker_hub",
    "docker-hub",
    "docker_user",
    "docker_id",
    "hub_user",
    "ghcr",
    "gcr_",
    "quay",
    "ci_registry",
    "acr_",
    "github_repository",
];

/// Whether a variable's name says that it is for another registry.
pub(crate) fn names_other_registry(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.contains("ecr_") && OTHER_REGISTRIES.iter().any(|word| name.contains(word))
}
