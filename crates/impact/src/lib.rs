//! What pushes tags that move to the repositories of templates.
//!
//! This module owns which files are read for that and as what, and the facts
//! that come of it: pushes, each with its place, its tag, and the repository
//! that it goes to. It opens no file, runs nothing, and writes no report.
//!
//! A tag *moves* if it is literal and names no version, date or commit, or if
//! it comes from the name of a branch. One that a commit, a build, a version or
//! a date is part of does not. What nobody says is *unknown*, and stays so.
//!
//! How a file is read: `lex` makes words of shell text, `shell` follows
//! assignments, `tools` knows what pushes; `workflow`, `yaml`, `make` and
//! `groovy` find the shell text in files and what stands beside it; `stack`
//! reads what templates give out of a repository, `join` finds the repository
//! of an image.
//!
//! # Choices, and why
//!
//! - *Shell text is read by a lexer of our own*, which takes what it cannot read
//!   for text: most of it stands in YAML, Groovy or a Makefile, with marks that
//!   no shell takes, and a parser that stops at the first sees nothing.
//! - *A push is found, never proven absent*: what no file says is unknown, and
//!   the report ends with what it does not see.

mod groovy;
mod join;
mod lex;
mod make;
mod names;
mod script;
mod shell;
mod stack;
mod tools;
mod word;
mod workflow;
mod yaml;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use self::join::{Goes, Index};
use self::lex::Dialect;
use self::script::Script;
use self::shell::{Env, Pushes, Shell};
use self::stack::World;
use self::word::{Judged, Ways};
use self::workflow::Workflow;
use self::yaml::Pipeline;
use immutag_engine::find::{MOST_TAGS, TagPattern};
use immutag_engine::markup::Markup;
use immutag_engine::syntax::{self, Tree};
use immutag_engine::text::source;
use immutag_engine::text::span::{LineIndex, Position};

pub use self::shell::MAX_PUSHES;

/// The size from which on a file is no pipeline of anybody's, in bytes.
pub const MAX_SIZE: u64 = 1 << 20;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A template of `CloudFormation`'s, with the builds that stand in it.
    Template,
    /// A buildspec of AWS `CodeBuild`'s.
    Buildspec,
    /// A workflow or an action of GitHub's.
    Workflow,
    /// A pipeline of GitLab's.
    Gitlab,
    /// A Jenkinsfile.
    Jenkins,
    /// A Makefile.
    Make,
    /// A justfile.
    Just,
    /// A script of a shell.
    Script,
    /// A compose file.
    Compose,
    /// A skaffold file.
    Skaffold,
    /// A build file of Gradle's.
    Gradle,
    /// A build file of Maven's.
    Maven,
    /// `package.json`.
    Package,
    /// Any other YAML: other CI systems, Taskfiles, Kubernetes, Ansible.
    Yaml,
}

impl Kind {
    /// Its name, which stays the same between releases.
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

    /// What a file is by its path, from the root of its git repository and
    /// with `/` between its parts. None where it is nothing that is read; a
    /// file without a suffix is a script if [`Kind::of_script`] says so.
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

    /// Whether a file begins as a script of a shell does.
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
    /// Its path from the root of its git repository, with `/`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}

/// A repository that a template declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The template, as [`File::path`].
    pub path: String,
    /// The name of the resource.
    pub logical_id: String,
    /// Where that stands.
    pub position: Position,
    /// The names that it can have, as far as the template says them.
    pub names: Vec<String>,
    /// The number of the first that can have the same names, be it this one.
    pub first: usize,
}

/// How it is known where a push goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// The image has the repository's name.
    Name,
    /// A reference leads there: an output, an export, a variable of a build.
    Reference,
}

/// The tag of a push.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    /// It moves.
    Moving {
        /// The tag, where it is literal and so can be kept mutable.
        literal: Option<String>,
        /// How it is shown: the tag, or what it comes from.
        shown: String,
    },
    /// It cannot be told.
    Unknown {
        /// What it comes from.
        shown: String,
    },
}

impl Tag {
    /// Whether it is known to move.
    #[must_use]
    pub fn moves(&self) -> bool {
        matches!(self, Self::Moving { .. })
    }

    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Moving { .. } => "moving",
            Self::Unknown { .. } => "unknown-tag",
        }
    }

    /// How it is shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Moving { shown, .. } | Self::Unknown { shown } => shown,
        }
    }
}

/// Where a push goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// To a repository, by its number in [`Impact::repositories`], and to all of
    /// which it is the first.
    Repository {
        /// The number.
        number: usize,
        /// How that is known.
        via: Via,
    },
    /// It cannot be told.
    Unknown {
        /// How the image is written.
        shown: String,
    },
}

/// A push of a tag that moves, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The file, as [`File::path`].
    pub path: String,
    /// What the file is.
    pub kind: Kind,
    /// Where the image is named.
    pub position: Position,
    /// The tag.
    pub tag: Tag,
    /// Where it goes.
    pub target: Target,
    /// What pushes it.
    pub by: &'static str,
}

/// What the files of a git repository push to the repositories of its
/// templates.
#[derive(Clone, Debug, Default)]
pub struct Impact {
    /// The repositories of the templates, in the order of the paths.
    pub repositories: Vec<Repository>,
    /// The pushes of tags that move or may, in the order of the files.
    pub pushes: Vec<Push>,
    /// How many pushes have a tag of their own each time.
    pub fixed: usize,
    /// How many go to other registries, or to repositories that no template
    /// declares.
    pub elsewhere: usize,
    /// How many files were read, of each kind.
    pub files: BTreeMap<Kind, usize>,
    /// How many pushes of a file were not looked at, by its path: those beyond
    /// [`MAX_PUSHES`].
    pub more: BTreeMap<String, usize>,
    /// The files that could not be read as what they are, and were read line
    /// by line.
    pub by_lines: Vec<String>,
}

impl Impact {
    /// The repositories of a template.
    pub fn of_template<'i>(&'i self, path: &'i str) -> impl Iterator<Item = &'i Repository> {
        // Repositories stand in the order of their paths.
        let start = self.repositories.partition_point(|one| *one.path < *path);
        let own = self.repositories.iter().skip(start);
        own.take_while(move |one| one.path == path)
    }

    /// The literal tags that are moved in the repositories of a template, by
    /// their logical IDs; one more than [`MOST_TAGS`] where there are more than
    /// those.
    #[must_use]
    pub fn moving_tags(&self, path: &str) -> BTreeMap<String, Vec<TagPattern>> {
        let own: Vec<&Repository> = self.of_template(path).collect();
        let mut tags: BTreeMap<usize, BTreeSet<&str>> =
            own.iter().map(|one| (one.first, BTreeSet::new())).collect();
        for push in &self.pushes {
            if let (
                Tag::Moving {
                    literal: Some(tag), ..
                },
                Target::Repository { number, .. },
            ) = (&push.tag, &push.target)
                && let Some(tags) = tags.get_mut(number)
            {
                tags.insert(tag);
            }
        }
        let moved = |one: &Repository| -> Vec<TagPattern> {
            let tags = tags.get(&one.first).into_iter().flatten();
            let patterns = tags.filter_map(|tag| TagPattern::new(tag).ok());
            patterns.take(MOST_TAGS + 1).collect()
        };
        own.into_iter()
            .map(|one| (one.logical_id.clone(), moved(one)))
            .filter(|(_, tags)| !tags.is_empty())
            .collect()
    }
}

/// Whether a file may be a template that has something to say here.
#[must_use]
pub fn may_be_template(bytes: &[u8]) -> bool {
    const TYPES: [&str; 2] = ["AWS::CodeBuild::Project", "AWS::SSM::Parameter"];
    source::concerns_us(bytes)
        || TYPES
            .iter()
            .any(|name| memchr::memmem::find(bytes, name.as_bytes()).is_some())
}

fn is_template(text: &str) -> bool {
    may_be_template(text.as_bytes())
}

/// Reads the files of a git repository, templates and pipelines alike.
#[must_use]
pub fn survey(files: &[File]) -> Impact {
    let mut world = World::default();
    let mut impact = Impact::default();
    let is_data = |kind: Kind| matches!(kind, Kind::Template | Kind::Yaml | Kind::Buildspec);
    let templates: Vec<(&File, Tree<'_>)> = files
        .iter()
        .filter(|file| is_data(file.kind) && is_template(&file.text))
        .filter_map(|file| Some((file, syntax::parse(&file.text).ok()?)))
        .collect();
    let parsed: HashSet<&str> = templates
        .iter()
        .map(|(file, _)| file.path.as_str())
        .collect();
    // What a template engine has marked is read with the marks taken out.
    let masked: Vec<(&File, String)> = files
        .iter()
        .filter(|file| is_data(file.kind) && is_template(&file.text))
        .filter(|file| !parsed.contains(file.path.as_str()))
        .map(|file| (file, Markup::of(&file.text).masked(&file.text)))
        .collect();
    let unmasked = masked
        .iter()
        .filter_map(|(file, text)| Some((*file, syntax::parse(text).ok()?)));
    let mut templates: Vec<(&File, Tree<'_>)> = templates.into_iter().chain(unmasked).collect();
    templates.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));

    let mut inline = Vec::new();
    for (number, (_, tree)) in templates.iter().enumerate() {
        inline.push(world.read(number, tree));
    }
    let read_as_template: HashSet<&str> = templates
        .iter()
        .map(|(file, _)| file.path.as_str())
        .collect();
    let index = Index::of(&world);
    impact.repositories = repositories(&world, &index, &templates);
    let mut found = Found {
        world: &world,
        index: &index,
        impact: &mut impact,
        seen: HashSet::new(),
    };
    let mut pushes_compose = false;
    let mut for_compose = Env::default();
    for ((file, _), builds) in templates.iter().zip(&inline) {
        let mut shell = Shell::new(&world);
        for build in builds {
            let mut env = Env::default();
            for (name, word) in &build.variables {
                env.set(name, vec![world.imported(word)]);
            }
            in_template(&build.script, &env, &mut shell);
        }
        *found.impact.files.entry(Kind::Template).or_default() += 1;
        found.take(file, Kind::Template, shell.pushes);
    }
    for file in files {
        if read_as_template.contains(file.path.as_str()) || file.kind == Kind::Template {
            continue;
        }
        *found.impact.files.entry(file.kind).or_default() += 1;
        let is_worth_it = tools::is_mentioned(&file.text) || file.text.contains("ecr");
        if file.kind == Kind::Compose || !is_worth_it {
            continue;
        }
        let mut shell = Shell::new(&world);
        read(file, &world, &mut shell, found.impact);
        pushes_compose |= shell.pushes_compose;
        let assigned: BTreeMap<String, Ways> = shell.for_compose.into_iter().collect();
        for (name, ways) in assigned {
            let mut all = for_compose.own.remove(&name).unwrap_or_default();
            word::add(&mut all, ways);
            for_compose.set(&name, all);
        }
        found.take(file, file.kind, shell.pushes);
    }
    for file in files.iter().filter(|file| file.kind == Kind::Compose) {
        if !read_as_template.contains(file.path.as_str()) {
            found.take_compose(file, &for_compose, pushes_compose);
        }
    }
    impact.by_lines.sort();
    impact.pushes.sort_by(|a, b| {
        (
            &a.path,
            a.position.line,
            a.position.column,
            &a.tag,
            &a.target,
        )
            .cmp(&(
                &b.path,
                b.position.line,
                b.position.column,
                &b.tag,
                &b.target,
            ))
    });
    impact
}

/// The repositories of the templates, for those outside.
fn repositories(
    world: &World,
    index: &Index<'_>,
    templates: &[(&File, Tree<'_>)],
) -> Vec<Repository> {
    let lines = templates.iter().map(|(file, _)| LineIndex::new(&file.text));
    let lines: Vec<LineIndex<'_>> = lines.collect();
    let known = world.repositories.iter().enumerate();
    let known = known.map(|(number, declared)| {
        let template = templates.get(declared.template);
        let lines = lines.get(declared.template);
        Repository {
            path: template.map_or_else(String::new, |(file, _)| file.path.clone()),
            logical_id: declared.logical_id.clone(),
            position: lines.map_or(Position { line: 1, column: 1 }, |lines| {
                lines.position(declared.at)
            }),
            names: match &declared.named {
                stack::Named::Known(names) => names.clone(),
                stack::Named::Like(_) => Vec::new(),
            },
            first: index.first(number),
        }
    });
    known.collect()
}

/// The text of a build that stands in a template.
fn in_template(script: &Script<'_>, env: &Env<'_>, shell: &mut Shell<'_>) {
    let Ok(tree) = syntax::parse(&script.text) else {
        return by_lines(&script.text, script.place(0), env, shell);
    };
    let mut pipeline = Pipeline::new(&tree, shell);
    pipeline.outer = Some(script);
    pipeline.dialect = script.dialect;
    pipeline.buildspec(env);
}

/// Reads a file for what it pushes, but for compose files.
fn read(file: &File, world: &World, shell: &mut Shell<'_>, impact: &mut Impact) {
    let text = &file.text;
    let env = Env::default();
    match file.kind {
        Kind::Script => {
            shell.run_file(&Script::new(text, 0, Dialect::Shell), &env);
        }
        Kind::Make => make::makefile(shell, text, &env),
        Kind::Just => make::justfile(shell, text, &env),
        Kind::Jenkins => groovy::jenkinsfile(shell, text, &env),
        Kind::Gradle => groovy::gradle(shell, text, &env),
        Kind::Maven => groovy::maven(shell, text, &env),
        _ => {
            let Ok(tree) = syntax::parse(text) else {
                impact.by_lines.push(file.path.clone());
                return by_lines(text, 0, &env, shell);
            };
            read_tree(file, &tree, world, shell);
        }
    }
}

fn read_tree(file: &File, tree: &Tree<'_>, world: &World, shell: &mut Shell<'_>) {
    let env = Env::default();
    match file.kind {
        Kind::Workflow => Workflow::new(tree, shell).read(),
        Kind::Buildspec => {
            let env = environment(&file.path, world);
            Pipeline::new(tree, shell).buildspec(&env);
        }
        Kind::Gitlab => Pipeline::new(tree, shell).gitlab(&env),
        Kind::Skaffold => Pipeline::new(tree, shell).skaffold(&env),
        Kind::Package => Pipeline::new(tree, shell).package(&env),
        _ => {
            let mut pipeline = Pipeline::new(tree, shell);
            let has = |keys: &[&str]| {
                tree.documents()
                    .iter()
                    .any(|&root| pipeline.way(root, keys).is_some())
            };
            if has(&["phases", "build", "commands"]) || has(&["phases", "post_build", "commands"]) {
                pipeline.buildspec(&environment(&file.path, world));
            } else {
                pipeline.other(&env);
            }
        }
    }
}

/// The variables of the builds that run a buildspec: those that name it, or of
/// all where none does.
fn environment(path: &str, world: &World) -> Env<'static> {
    let is_named = |project: &&stack::Project| match &project.buildspec {
        Some(named) => {
            let named = named.trim_start_matches("./");
            path == named || path.ends_with(&format!("/{named}"))
        }
        None => path.ends_with("buildspec.yml") || path.ends_with("buildspec.yaml"),
    };
    let mut projects: Vec<&stack::Project> = world.projects.iter().filter(is_named).collect();
    if projects.is_empty() {
        projects = world.projects.iter().collect();
    }
    let mut env = Env::default();
    for project in projects {
        for (name, word) in &project.variables {
            let mut ways = env.own.get(name).cloned().unwrap_or_default();
            word::add(&mut ways, vec![world.imported(word)]);
            env.set(name, ways);
        }
    }
    env
}

/// Reads what is not valid, a line at a time.
fn by_lines(text: &str, start: usize, env: &Env<'_>, shell: &mut Shell<'_>) {
    let mut env = Env::within(env);
    let mut offset = start;
    for line in text.split_inclusive('\n') {
        let mut bare = line.trim_start();
        bare = bare.strip_prefix("- ").unwrap_or(bare).trim_start();
        for key in ["run:", "script:", "command:", "cmd:", "sh:"] {
            bare = bare.strip_prefix(key).unwrap_or(bare).trim_start();
        }
        let at = offset + (line.len() - bare.len());
        shell.run(&Script::new(bare, at, Dialect::Shell), &mut env);
        offset += line.len();
    }
}

/// Takes pushes down.
struct Found<'e> {
    world: &'e World,
    index: &'e Index<'e>,
    impact: &'e mut Impact,
    /// What has been taken down: the file, the place, the tag and the target.
    seen: HashSet<(String, usize, Tag, Target)>,
}

impl std::hash::Hash for Tag {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::Moving { shown, .. } | Self::Unknown { shown } => shown.hash(state),
        }
    }
}

impl std::hash::Hash for Target {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::Repository { number, .. } => number.hash(state),
            Self::Unknown { shown } => shown.hash(state),
        }
    }
}

impl Found<'_> {
    /// Takes down what a compose file pushes, with the variables of whoever
    /// pushes it.
    fn take_compose(&mut self, file: &File, env: &Env<'_>, is_pushed: bool) {
        let mut shell = Shell::new(self.world);
        let Ok(tree) = syntax::parse(&file.text) else {
            self.impact.by_lines.push(file.path.clone());
            by_lines(&file.text, 0, env, &mut shell);
            return self.take(file, file.kind, shell.pushes);
        };
        let mut images = Pipeline::new(&tree, &mut shell).compose(env);
        images.retain(|push| is_pushed || word::is_ecr(&word::image(&push.image).registry));
        let mut pushes = Pushes::default();
        pushes.extend(images);
        self.take(file, file.kind, pushes);
    }

    fn take(&mut self, file: &File, kind: Kind, pushes: Pushes) {
        self.impact.elsewhere += pushes.elsewhere;
        if pushes.all.is_empty() {
            return;
        }
        if pushes.more > 0 {
            self.impact.more.insert(file.path.clone(), pushes.more);
        }
        let lines = LineIndex::new(&file.text);
        for pushed in pushes.all {
            let image = join::image(&pushed.image, self.world);
            let goes = self.index.repository(&image);
            if goes == Goes::Elsewhere {
                self.impact.elsewhere += 1;
                continue;
            }
            let tag = match word::judge(&image.tag) {
                _ if image.has_digest => None,
                Judged::Fixed => None,
                Judged::Moving(literal, shown) => Some(Tag::Moving { literal, shown }),
                Judged::Unknown(shown) => Some(Tag::Unknown { shown }),
            };
            let Some(tag) = tag else {
                self.impact.fixed += 1;
                continue;
            };
            let target = match goes {
                Goes::To(number, via) => Target::Repository { number, via },
                Goes::Unknown(shown) => Target::Unknown { shown },
                Goes::Elsewhere => continue,
            };
            let key = (file.path.clone(), pushed.at, tag.clone(), target.clone());
            if self.seen.insert(key) {
                self.impact.pushes.push(Push {
                    path: file.path.clone(),
                    kind,
                    position: lines.position(pushed.at),
                    tag,
                    target,
                    by: pushed.by,
                });
            }
        }
    }
}
