//! The pushes of moving tags, as lines and as JSON.
//!
//! This module owns the words of `immutag impact`, among them those on what it
//! does not see, and the keys of its JSON, which `docs/immutag-impact.schema.json`
//! describes. A key that is added keeps [`VERSION`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{escaped, json, shown, slashed, text, uri};
use crate::options::ImpactFormat;
use crate::outcome::Outcome;
use crate::survey::{self, Faced, Facing, Survey};
use immutag_engine::MOST_TAGS;
use immutag_impact::{EcrRepository, Evidence, FileKind, MAX_PUSHES, MAX_SIZE, Tag, Target};

/// The version of the format.
pub(crate) const VERSION: u32 = 1;

/// What no look at the files of a git repository tells.
const NOT_SEEN: [&str; 9] = [
    "pipelines of other git repositories, and those that are set up in a console",
    "what is pushed by hand",
    "scripts in other languages than those of POSIX shells (Python, PowerShell, JavaScript)",
    "what scripts, functions and make targets are called with",
    "what pipelines include from elsewhere: reusable workflows, shared libraries, orbs",
    "files of docker buildx bake, Earthfiles, Bazel",
    "steps that are no commands: plugins of Drone's, pipes of Bitbucket's, tasks of Azure's",
    "assets of the AWS CDK and of AWS SAM, and images that Terraform or Pulumi push",
    "names of repositories that come of other values of a parameter than its default",
];

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    facing: &[Facing],
    outcomes: &[Outcome],
    format: ImpactFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut errors = anstream::StripStream::new(Vec::new());
    for outcome in outcomes {
        text::write_error(outcome, &mut errors)?;
    }
    // Where standard error is gone there is nobody left to tell.
    let _ = io::stderr().write_all(&errors.into_inner());
    match format {
        ImpactFormat::Text => write_text(facing, outcomes, out),
        ImpactFormat::Json => json::write_pretty(&Document::of(facing, outcomes), out),
    }
}

fn write_text(facing: &[Facing], outcomes: &[Outcome], out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(facing);
    for one in facing {
        for faced in one.pushes() {
            let (survey, push) = (&one.survey, faced.push);
            let path = shown(&survey.shown(&push.path));
            let at = push.position;
            let what = sentence(faced, survey);
            let code = push.tag.code();
            writeln!(
                out,
                "{path}:{}:{}: {what} [{code}, {}]",
                at.line, at.column, push.by
            )?;
        }
    }
    if facing.is_empty() {
        let declared: usize = outcomes
            .iter()
            .filter_map(|outcome| outcome.result.as_ref().ok())
            .map(|facts| facts.ecr_repositories)
            .sum();
        let declared = counted(declared, "repository", "repositories");
        let failed = outcomes.iter().filter(|outcome| outcome.result.is_err());
        let failed = failed.count();
        if failed > 0 {
            // What they declare nobody has seen.
            let failed = counted(failed, "file", "files");
            return writeln!(
                out,
                "{failed} could not be judged. Nothing would turn immutable in the {declared} of the others, so \
                 nothing was looked for."
            );
        }
        return writeln!(
            out,
            "Nothing would turn immutable in {declared}, so nothing was looked for."
        );
    }
    let turning = counted(counts.turning, "repository", "repositories");
    if counts.moving + counts.astray == 0 {
        writeln!(
            out,
            "Found no push of a moving tag to {turning} that would turn immutable. That is no proof that \
             there is none."
        )?;
    } else {
        let moving = counted(counts.moving, "moving tag", "moving tags");
        let hit = counts.hit;
        write!(
            out,
            "Found {moving} for {hit} of {turning} that would turn immutable"
        )?;
        if counts.astray > 0 {
            let more = counted(counts.astray, "moving tag", "moving tags");
            write!(out, ", and {more} for repositories that cannot be told")?;
        }
        writeln!(out, ".")?;
    }
    if counts.unknown > 0 {
        let unknown = counted(counts.unknown, "push has a tag", "pushes have tags");
        writeln!(
            out,
            "{unknown} of which nothing here says whether it moves."
        )?;
    }
    if counts.literal > 0 {
        writeln!(
            out,
            "To let just these tags move: immutag fix --unsafe-fixes --keep-moving-tags"
        )?;
    }
    let files = counted(counts.files, "file", "files");
    let kinds = counted(counts.kinds, "kind", "kinds");
    let git = counted(facing.len(), "git repository", "git repositories");
    writeln!(
        out,
        "Read {files} of {kinds} in {git}; {} with tags that do not move, {} to other registries or \
        to repositories that no template here declares.",
        counted(counts.fixed, "push", "pushes"),
        counts.elsewhere
    )?;
    for one in facing {
        write_files(&one.survey, out)?;
    }
    writeln!(out, "Not seen by this:")?;
    for what in NOT_SEEN {
        writeln!(out, "  - {what}")?;
    }
    Ok(())
}

/// Says of which files not all was read, and why.
fn write_files(survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    for (path, more) in &survey.impact.more {
        let path = shown(&survey.shown(path));
        let more = counted(*more, "push is", "pushes are");
        writeln!(
            out,
            "{path}: {more} not looked at, behind the first {MAX_PUSHES}; nothing is known of their tags."
        )?;
    }
    for path in &survey.impact.read_by_lines {
        let path = shown(&survey.shown(path));
        writeln!(
            out,
            "{path}: not valid YAML; read line by line, without what its keys mean."
        )?;
    }
    for path in &survey.too_large {
        let path = shown(&survey.shown(path));
        writeln!(
            out,
            "{path}: not read; it is larger than {} KiB.",
            MAX_SIZE / 1024
        )?;
    }
    for path in &survey.unreadable {
        let path = shown(&survey.shown(path));
        writeln!(
            out,
            "{path}: not read; it cannot be opened, or is not UTF-8."
        )?;
    }
    Ok(())
}

/// What a push does, and what to do about it.
fn sentence(faced: Faced<'_>, survey: &Survey) -> String {
    let push = faced.push;
    let tag = escaped(push.tag.shown());
    let (target, is_known) = match &push.target {
        Target::EcrRepository { .. } => {
            let to = faced
                .to
                .and_then(|to| survey.impact.ecr_repositories.get(to));
            let target = to.map_or_else(String::new, |to| named(to, survey));
            match faced.more {
                0 => (target, true),
                more => (format!("{target} and {more} more of its name"), true),
            }
        }
        Target::Unknown { shown } => (format!("{}, which cannot be told", escaped(shown)), false),
    };
    let given = if is_known {
        ""
    } else {
        "if that turns immutable, "
    };
    let advice = match &push.tag {
        Tag::Moving {
            literal: Some(tag), ..
        } => {
            format!("{given}stop pushing it, or --keep-mutable {}", escaped(tag))
        }
        Tag::Moving { literal: None, .. } => {
            format!("{given}stop pushing it, or --keep-mutable with a pattern for such tags")
        }
        Tag::Unknown { .. } => "nothing here says whether it moves".to_owned(),
    };
    format!("{tag} goes to {target}: {advice}")
}

fn named(repository: &EcrRepository, survey: &Survey) -> String {
    let path = shown(&survey.shown(&repository.path));
    format!("{} ({path})", escaped(&repository.logical_id))
}

/// Says in a line what would break, or which moving tags are not kept.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_note(facing: &[Facing], is_kept: bool, out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(facing);
    if counts.more > 0 {
        let more = counted(counts.more, "push was", "pushes were");
        writeln!(out, "{more} not looked at: see `immutag impact`.")?;
    }
    if is_kept {
        let left = counts.astray + counts.moving - counts.literal;
        if left > 0 {
            let left = counted(left, "moving tag is", "moving tags are");
            writeln!(
                out,
                "{left} not kept: its repository cannot be told, or it is no literal tag; see `immutag impact`."
            )?;
        }
        return Ok(());
    }
    if counts.moving > 0 {
        let moving = counted(counts.moving, "moving tag is", "moving tags are");
        let hit = counted(counts.hit, "of these repositories", "of these repositories");
        writeln!(
            out,
            "{moving} pushed to {hit} from here, which would fail: see `immutag impact`."
        )?;
    } else if counts.astray > 0 {
        let astray = counted(counts.astray, "moving tag is", "moving tags are");
        writeln!(
            out,
            "{astray} pushed from here to repositories that cannot be told: see `immutag impact`."
        )?;
    }
    Ok(())
}

/// The report in numbers.
#[derive(Default)]
struct Counts {
    /// Repositories that turn immutable.
    turning: usize,
    /// Those of them that moving tags go to.
    hit: usize,
    /// Moving tags that go there, each once for a name of repositories.
    moving: usize,
    /// Those of them that are literal.
    literal: usize,
    /// Moving tags of which nobody can tell where they go.
    astray: usize,
    /// Tags of which nobody can tell whether they move.
    unknown: usize,
    files: usize,
    kinds: usize,
    fixed: usize,
    elsewhere: usize,
    /// Pushes that were not looked at.
    more: usize,
}

impl Counts {
    fn of(facing: &[Facing]) -> Self {
        let mut counts = Self::default();
        let mut kinds: BTreeSet<FileKind> = BTreeSet::new();
        for one in facing {
            let mut tags: BTreeSet<(&Tag, usize)> = BTreeSet::new();
            let mut astray: BTreeSet<(&Tag, &str)> = BTreeSet::new();
            for Faced { push, .. } in one.pushes() {
                match (&push.tag, &push.target) {
                    (Tag::Unknown { .. }, _) => counts.unknown += 1,
                    (tag, Target::EcrRepository { number, .. }) => _ = tags.insert((tag, *number)),
                    (tag, Target::Unknown { shown }) => _ = astray.insert((tag, shown)),
                }
            }
            let is_literal = |(tag, _): &&(&Tag, usize)| {
                matches!(
                    tag,
                    Tag::Moving {
                        literal: Some(_),
                        ..
                    }
                )
            };
            counts.literal += tags.iter().filter(is_literal).count();
            counts.hit += one.hit();
            counts.moving += tags.len();
            counts.astray += astray.len();
            counts.turning += one.numbers().count();
            let impact = &one.survey.impact;
            counts.files += impact.files.values().sum::<usize>();
            kinds.extend(impact.files.keys());
            counts.fixed += impact.pushes_of_fixed_tags;
            counts.elsewhere += impact.pushes_elsewhere;
            counts.more += impact.more.values().sum::<usize>();
        }
        counts.kinds = kinds.len();
        counts
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    tool: Tool,
    git_repositories: Vec<Git<'r>>,
    pushes: Vec<PushOf<'r>>,
    errors: Vec<ErrorOf<'r>>,
    not_seen: [&'static str; 9],
    summary: Summary,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Git<'r> {
    root: String,
    repositories: Vec<RepositoryOf<'r>>,
    files: BTreeMap<&'static str, usize>,
    pushes_of_fixed_tags: usize,
    pushes_elsewhere: usize,
    pushes_not_looked_at: Vec<More>,
    read_by_lines: Vec<String>,
    not_read: Vec<NotRead>,
}

#[derive(Serialize)]
struct More {
    path: String,
    pushes: usize,
}

#[derive(Serialize)]
struct NotRead {
    path: String,
    reason: &'static str,
}

#[derive(Serialize)]
struct RepositoryOf<'r> {
    logical_id: &'r str,
    template: String,
    position: Position,
    names: &'r [String],
    moving_tags: BTreeSet<&'r str>,
}

#[derive(Serialize)]
struct PushOf<'r> {
    path: String,
    uri: String,
    kind: &'static str,
    position: Position,
    by: &'static str,
    tag: TagOf<'r>,
    target: TargetOf<'r>,
}

#[derive(Serialize)]
struct TagOf<'r> {
    shown: &'r str,
    moves: Option<bool>,
    literal: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum TargetOf<'r> {
    Known {
        logical_id: &'r str,
        template: String,
        via: &'static str,
        more_of_its_name: usize,
    },
    Unknown {
        shown: &'r str,
    },
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct ErrorOf<'r> {
    path: String,
    code: &'r str,
    message: &'r str,
}

#[derive(Serialize)]
struct Summary {
    repositories: usize,
    repositories_with_moving_tags: usize,
    moving_tags: usize,
    moving_tags_of_unknown_repositories: usize,
    pushes_of_unknown_tags: usize,
    pushes_not_looked_at: usize,
    files: usize,
}

impl From<immutag_engine::Position> for Position {
    fn from(position: immutag_engine::Position) -> Self {
        let immutag_engine::Position { line, column } = position;
        Self { line, column }
    }
}

impl<'r> Document<'r> {
    fn of(facing: &'r [Facing], outcomes: &'r [Outcome]) -> Self {
        let counts = Counts::of(facing);
        let pushes = facing.iter().flat_map(|one| {
            let pushes = one.pushes();
            pushes.map(|faced| PushOf::of(faced, &one.survey))
        });
        let errors = outcomes.iter().filter_map(|outcome| {
            let error = outcome.result.as_ref().err()?;
            Some(ErrorOf {
                path: slashed(&outcome.path),
                code: error.code,
                message: &error.message,
            })
        });
        Self {
            version: VERSION,
            tool: Tool {
                name: "immutag",
                version: env!("CARGO_PKG_VERSION"),
            },
            git_repositories: facing.iter().map(Git::of).collect(),
            pushes: pushes.collect(),
            errors: errors.collect(),
            not_seen: NOT_SEEN,
            summary: Summary {
                repositories: counts.turning,
                repositories_with_moving_tags: counts.hit,
                moving_tags: counts.moving,
                moving_tags_of_unknown_repositories: counts.astray,
                pushes_of_unknown_tags: counts.unknown,
                pushes_not_looked_at: counts.more,
                files: counts.files,
            },
        }
    }
}

impl<'r> Git<'r> {
    fn of(facing: &'r Facing) -> Self {
        let survey = &facing.survey;
        let impact = &survey.impact;
        let path = |path: &String| slashed(&survey.shown(path));
        let not_read = |reason| move |path| NotRead { path, reason };
        let too_large = survey.too_large.iter().map(path).map(not_read("too-large"));
        let unreadable = survey
            .unreadable
            .iter()
            .map(path)
            .map(not_read("unreadable"));
        let mut moving: BTreeMap<usize, BTreeSet<(&Tag, &str)>> = BTreeMap::new();
        for Faced { push, .. } in facing.pushes() {
            if let (
                Tag::Moving {
                    literal: Some(tag), ..
                },
                Target::EcrRepository { number, .. },
            ) = (&push.tag, &push.target)
            {
                let moving = moving.entry(*number).or_default();
                moving.insert((&push.tag, tag));
            }
        }
        let moved = |repository: &EcrRepository| {
            let kept = facing.kept(repository);
            let tags = moving.get(&repository.first).into_iter().flatten();
            let tags = tags.filter(|(tag, _)| !survey::is_kept(tag, kept));
            let tags = tags.map(|(_, literal)| *literal);
            tags.take(MOST_TAGS + 1).collect()
        };
        let repositories = facing.numbers().filter_map(|number| {
            let repository = impact.ecr_repositories.get(number)?;
            Some(RepositoryOf {
                logical_id: &repository.logical_id,
                template: path(&repository.path),
                position: repository.position.into(),
                names: &repository.names,
                moving_tags: moved(repository),
            })
        });
        let root = slashed(&survey.shown(""));
        Self {
            root: if root.is_empty() {
                ".".to_owned()
            } else {
                root
            },
            repositories: repositories.collect(),
            files: impact
                .files
                .iter()
                .map(|(kind, count)| (kind.name(), *count))
                .collect(),
            pushes_of_fixed_tags: impact.pushes_of_fixed_tags,
            pushes_elsewhere: impact.pushes_elsewhere,
            pushes_not_looked_at: impact
                .more
                .iter()
                .map(|(name, &pushes)| More {
                    path: path(name),
                    pushes,
                })
                .collect(),
            read_by_lines: impact.read_by_lines.iter().map(path).collect(),
            not_read: too_large.chain(unreadable).collect(),
        }
    }
}

impl<'r> PushOf<'r> {
    fn of(faced: Faced<'r>, survey: &'r Survey) -> Self {
        let push = faced.push;
        let path = survey.shown(&push.path);
        let literal = match &push.tag {
            Tag::Moving { literal, .. } => literal.as_deref(),
            Tag::Unknown { .. } => None,
        };
        Self {
            path: slashed(&path),
            uri: uri::of(Path::new(&path)),
            kind: push.kind.name(),
            position: push.position.into(),
            by: push.by,
            tag: TagOf {
                shown: push.tag.shown(),
                moves: push.tag.moves().then_some(true),
                literal,
            },
            target: match &push.target {
                Target::EcrRepository { number, evidence } => {
                    match survey
                        .impact
                        .ecr_repositories
                        .get(faced.to.unwrap_or(*number))
                    {
                        Some(repository) => TargetOf::Known {
                            logical_id: &repository.logical_id,
                            template: slashed(&survey.shown(&repository.path)),
                            via: match evidence {
                                Evidence::Name => "name",
                                Evidence::Reference => "reference",
                            },
                            more_of_its_name: faced.more,
                        },
                        None => TargetOf::Unknown { shown: "" },
                    }
                }
                Target::Unknown { shown } => TargetOf::Unknown { shown },
            },
        }
    }
}
