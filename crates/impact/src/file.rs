//! The files that are read, and as what.
//!
//! This module owns how a path says what a file is. It opens nothing.

use immutag_engine::text::source;

/// The size from which on a file is not read as a pipeline, in bytes.
pub const MAX_SIZE: u64 = 1 << 20;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FileKind {
    /// A CloudFormation template, with the builds that stand in it.
    Template,
    /// A buildspec of AWS `CodeBuild`.
    Buildspec,
    /// A workflow or an action of GitHub.
    Workflow,
    /// A pipeline of GitLab.
    Gitlab,
    /// A Jenkinsfile.
    Jenkins,
    /// A Makefile.
    Make,
    /// A justfile.
    Just,
    /// A shell script.
    Script,
    /// A compose file.
    Compose,
    /// A skaffold file.
    Skaffold,
    /// A build file of Gradle.
    Gradle,
    /// A `pom.xml` of Maven.
    Maven,
    /// `package.json`.
    Package,
    /// Any other YAML: other CI systems, Taskfiles, Kubernetes, Ansible.
    Yaml,
}

impl FileKind {
    /// Returns its name, which stays the same between releases.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Buildspec => "buildspec",
            Self::Workflow => "workflow",
            Self::Gitlab => "gitlab",
            Self::Jenkins => "jenkins",
            Self::Make => "make",
            Self::Just => "just",
            Self::Script => "script",
            Self::Compose => "compose",
            Self::Skaffold => "skaffold",
            Self::Gradle => "gradle",
            Self::Maven => "maven",
            Self::Package => "package",
            Self::Yaml => "yaml",
        }
    }

    /// Returns the kind of a file by its path from the root of its git repository, with `/` between
    /// its parts.
    ///
    /// None where such files are not read. A file without a suffix may still be a script: see
    /// [`FileKind::of_script`].
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let lower = name.to_ascii_lowercase();
        let (stem, suffix) = lower.rsplit_once('.').unwrap_or((&lower, ""));
        let is_yaml = matches!(suffix, "yml" | "yaml");
        if is_yaml && path.contains(".github/workflows/") {
            // Elsewhere they are examples: GitHub runs those at the root.
            return path
                .starts_with(".github/workflows/")
                .then_some(Self::Workflow);
        }
        if is_yaml && stem == "action" {
            return Some(Self::Workflow);
        }
        if is_yaml && lower.contains("buildspec") {
            return Some(Self::Buildspec);
        }
        if is_yaml && (stem.ends_with(".gitlab-ci") || path.starts_with(".gitlab/")) {
            return Some(Self::Gitlab);
        }
        if is_yaml && (stem.starts_with("docker-compose") || stem.starts_with("compose")) {
            return Some(Self::Compose);
        }
        if is_yaml && stem.starts_with("skaffold") {
            return Some(Self::Skaffold);
        }
        if lower.starts_with("jenkinsfile") || lower.ends_with(".jenkinsfile") || suffix == "groovy"
        {
            return Some(Self::Jenkins);
        }
        match lower.as_str() {
            "makefile" | "gnumakefile" => return Some(Self::Make),
            "justfile" | ".justfile" => return Some(Self::Just),
            "package.json" => return Some(Self::Package),
            "pom.xml" => return Some(Self::Maven),
            "build.gradle" | "build.gradle.kts" => return Some(Self::Gradle),
            _ => {}
        }
        if stem == "makefile" || suffix == "mk" {
            return Some(Self::Make);
        }
        match suffix {
            "sh" | "bash" | "zsh" | "ksh" => Some(Self::Script),
            "gradle" => Some(Self::Gradle),
            "yml" | "yaml" | "taskfile" => Some(Self::Yaml),
            "json" | "template" => Some(Self::Template),
            _ => None,
        }
    }

    /// Tells whether a file begins as a shell script does: by a `#!` line that names a shell.
    #[must_use]
    pub fn of_script(head: &[u8]) -> bool {
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        line.starts_with(b"#!")
            && line.split(|byte| matches!(byte, b'/' | b' ')).any(|word| {
                let word = word.trim_ascii();
                [&b"sh"[..], b"bash", b"zsh", b"ksh", b"dash"].contains(&word)
            })
    }
}

/// A file to be read.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path from the root of its git repository, with `/` between its parts.
    pub path: String,
    /// What it is read as, mostly by [`FileKind::of`].
    pub kind: FileKind,
    /// Its text.
    pub text: String,
}

impl File {
    /// Whether a template is looked for in it.
    pub(crate) fn may_hold_template(&self) -> bool {
        let is_data = matches!(
            self.kind,
            FileKind::Template | FileKind::Yaml | FileKind::Buildspec
        );
        is_data && may_be_template(self.text.as_bytes())
    }
}

/// Tells whether a file may be a template that declares an ECR repository, or that says what one is
/// called elsewhere: a search for the names of a few resource types.
#[must_use]
pub fn may_be_template(bytes: &[u8]) -> bool {
    const TYPES: [&str; 2] = ["AWS::CodeBuild::Project", "AWS::SSM::Parameter"];
    source::concerns_us(bytes)
        || TYPES
            .iter()
            .any(|name| memchr::memmem::find(bytes, name.as_bytes()).is_some())
}
