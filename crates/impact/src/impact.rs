//! What the files of a git repository push to the ECR repositories of its templates.
//!
//! This module owns the facts that are given out. It does not know how they are found.

use std::collections::{BTreeMap, BTreeSet};

use immutag_engine::find::{MOST_TAGS, TagPattern};
use immutag_engine::text::span::Position;

use crate::file::FileKind;

/// An ECR repository that a template declares.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EcrRepository {
    /// The path of the template, as [`File::path`](crate::File::path).
    pub path: String,
    /// The logical ID of the resource.
    pub logical_id: String,
    /// Where the logical ID stands.
    pub position: Position,
    /// The names that it can have, as far as the template says them.
    pub names: Vec<String>,
    /// The index in [`Impact::ecr_repositories`] of the first that can have the same names, which
    /// may be this one: they are deployed to several accounts or regions, and pushed to alike.
    pub first: usize,
}

/// How it is known which ECR repository a push goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The image has the name of the ECR repository.
    Name,
    /// A reference leads there: an output, an export, a variable of a build.
    Reference,
}

/// The tag of a push.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// It moves.
    Moving {
        /// The tag, where it is literal and so can be kept mutable.
        literal: Option<String>,
        /// How it is shown: the tag, or what it comes from.
        shown: String,
    },
    /// It may move: its value is unresolved.
    Unknown {
        /// What it comes from.
        shown: String,
    },
}

impl Tag {
    /// Tells whether it is known to move.
    #[must_use]
    pub fn moves(&self) -> bool {
        matches!(self, Self::Moving { .. })
    }

    /// Returns a short name of what is known, which stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Moving { .. } => "moving",
            Self::Unknown { .. } => "unknown-tag",
        }
    }

    /// Returns how it is shown to people.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Moving { shown, .. } | Self::Unknown { shown } => shown,
        }
    }
}

/// Where a push goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To an ECR repository of a template.
    EcrRepository {
        /// Its index in [`Impact::ecr_repositories`]; it stands for all of which it is the
        /// [first](EcrRepository::first).
        number: usize,
        /// How that is known.
        evidence: Evidence,
    },
    /// To ECR or to an unresolved registry, where it may be any repository.
    Unknown {
        /// How the image is written.
        shown: String,
    },
}

/// A push of a tag that moves, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Push {
    /// The path of the file, as [`File::path`](crate::File::path).
    pub path: String,
    /// What the file was read as.
    pub kind: FileKind,
    /// Where the image is named.
    pub position: Position,
    /// The tag.
    pub tag: Tag,
    /// Where it goes.
    pub target: Target,
    /// The command or the action that pushes it.
    pub by: &'static str,
}

/// What the files of a git repository push to the ECR repositories of its templates.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Impact {
    /// The ECR repositories of the templates, in the order of the paths.
    pub ecr_repositories: Vec<EcrRepository>,
    /// The pushes of tags that move or may, in the order of the files and of their places.
    pub pushes: Vec<Push>,
    /// How many pushes have a tag that does not move.
    pub pushes_of_fixed_tags: usize,
    /// How many go to other registries, or to ECR repositories that no template declares.
    pub pushes_elsewhere: usize,
    /// How many pushes of a file were not looked at, by its path: those beyond
    /// [`MAX_PUSHES`](crate::MAX_PUSHES).
    pub more: BTreeMap<String, usize>,
    /// How many files were read, of each kind.
    pub files: BTreeMap<FileKind, usize>,
    /// The files that are not valid YAML or JSON and were read line by line, without what their
    /// keys mean.
    pub read_by_lines: Vec<String>,
}

impl Impact {
    /// Returns the ECR repositories of a template, by its path as in [`File::path`](crate::File::path).
    pub fn of_template<'i>(&'i self, path: &'i str) -> impl Iterator<Item = &'i EcrRepository> {
        // They stand in the order of their paths.
        let start = self
            .ecr_repositories
            .partition_point(|one| *one.path < *path);
        let own = self.ecr_repositories.iter().skip(start);
        own.take_while(move |one| one.path == path)
    }

    /// Returns the literal tags that pipelines move in the ECR repositories of a template, by the
    /// logical IDs of those; at most one more than [`MOST_TAGS`].
    #[must_use]
    pub fn moving_tags(&self, path: &str) -> BTreeMap<String, Vec<TagPattern>> {
        let own: Vec<&EcrRepository> = self.of_template(path).collect();
        let mut tags: BTreeMap<usize, BTreeSet<&str>> =
            own.iter().map(|one| (one.first, BTreeSet::new())).collect();
        for push in &self.pushes {
            if let (
                Tag::Moving {
                    literal: Some(tag), ..
                },
                Target::EcrRepository { number, .. },
            ) = (&push.tag, &push.target)
                && let Some(tags) = tags.get_mut(number)
            {
                tags.insert(tag);
            }
        }
        let moved = |one: &EcrRepository| -> Vec<TagPattern> {
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
