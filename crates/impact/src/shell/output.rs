//! What the output of a command is made of, by its words.
//!
//! This module owns the commands that ask git, AWS and the clock. It follows no variable.

/// What the output of a command is made of.
pub(crate) enum CommandOutput<'c> {
    /// Of a commit, a build, a version or a date.
    Derived,
    /// Of a branch.
    Branch,
    /// It is what a stack gives out under this key.
    OfStack(&'c str),
    /// It is what a stack exports under this name.
    StackExport(&'c str),
    /// It is this parameter of the SSM Parameter Store.
    Parameter(&'c str),
    /// It is the physical name of the resource with this logical ID.
    Resource(&'c str),
    /// It is the URI of the ECR repository of this name.
    EcrUri(&'c str),
    /// It is unknown.
    Unknown,
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
pub(crate) fn of(command: &str) -> CommandOutput<'_> {
    let has = |word: &str| command.contains(word);
    let first = command.split_whitespace().next().unwrap_or_default();
    let first = first.rsplit('/').next().unwrap_or_default();
    if has("git ") {
        if has("--abbrev-ref") || has("symbolic-ref") || has("git branch") || has("name-rev") {
            return CommandOutput::Branch;
        }
        if COMMITS.iter().any(|word| has(word)) {
            return CommandOutput::Derived;
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
        return CommandOutput::Derived;
    }
    CommandOutput::Unknown
}

fn from_aws(command: &str) -> CommandOutput<'_> {
    let has = |word: &str| command.contains(word);
    let found = if has("describe-stacks") {
        equals(command, "OutputKey").map(CommandOutput::OfStack)
    } else if has("list-exports") {
        equals(command, "Name").map(CommandOutput::StackExport)
    } else if has("ssm get-parameter") {
        option(command, "--name")
            .or_else(|| option(command, "--names"))
            .map(CommandOutput::Parameter)
    } else if has("describe-stack-resource") {
        option(command, "--logical-resource-id")
            .or_else(|| equals(command, "LogicalResourceId"))
            .map(CommandOutput::Resource)
    } else if has("ecr describe-repositories") {
        option(command, "--repository-names").map(CommandOutput::EcrUri)
    } else if has("ecr create-repository") {
        option(command, "--repository-name").map(CommandOutput::EcrUri)
    } else {
        None
    };
    found.unwrap_or(CommandOutput::Unknown)
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
