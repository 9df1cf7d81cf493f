//! The way from the files of a git repository to what they push.
//!
//! This module owns the order: templates first, since they say what ECR repositories are called,
//! then what pushes, and compose files last, with the variables of the scripts that push them. It
//! reads no format.

use std::collections::{BTreeMap, HashSet};

use immutag_engine::markup::Markup;
use immutag_engine::syntax::{self, Tree};
use immutag_engine::text::span::{LineIndex, Position};

use crate::file::{File, FileKind};
use crate::image::{self, Movement};
use crate::impact::{EcrRepository, Impact, Push, Tag, Target};
use crate::join::{Destination, Index};
use crate::names::DeclaredName;
use crate::pushes::ImagePushes;
use crate::read;
use crate::shell::{Env, Shell};
use crate::stack::Stacks;
use crate::tools;
use crate::value::{self, Values};

/// Reads the files of one git repository, templates and pipelines alike, and returns what they push
/// to the ECR repositories of the templates.
///
/// No file is an error: one that is not valid is read as far as it can be.
#[must_use]
pub fn survey(files: &[File]) -> Impact {
    let candidates = || files.iter().filter(|file| file.may_hold_template());
    let mut templates: Vec<(&File, Tree<'_>)> = candidates()
        .filter_map(|file| Some((file, syntax::parse(&file.text).ok()?)))
        .collect();
    let parsed = paths(&templates);
    // A text that parses with its markup taken out is a template, too.
    let masked: Vec<(&File, String)> = candidates()
        .filter(|file| !parsed.contains(file.path.as_str()))
        .map(|file| (file, Markup::of(&file.text).masked(&file.text)))
        .collect();
    let unmasked = masked.iter();
    templates.extend(unmasked.filter_map(|(file, text)| Some((*file, syntax::parse(text).ok()?))));
    templates.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let read_as_template = paths(&templates);

    let mut stacks = Stacks::default();
    let mut builds = Vec::new();
    for (number, (_, tree)) in templates.iter().enumerate() {
        builds.push(stacks.read(number, tree));
    }
    let index = Index::of(&stacks);
    let mut impact = Impact {
        ecr_repositories: ecr_repositories(&stacks, &index, &templates),
        ..Impact::default()
    };
    let mut recorder = Recorder {
        stacks: &stacks,
        index: &index,
        impact: &mut impact,
        seen: HashSet::new(),
    };
    for ((file, _), builds) in templates.iter().zip(&builds) {
        let mut shell = Shell::new(&stacks);
        for build in builds {
            let mut env = Env::default();
            for (name, value) in &build.variables {
                env.set(name, vec![stacks.imported(value)]);
            }
            read::inline_build(&build.script, &env, &mut shell);
        }
        recorder.count(FileKind::Template);
        recorder.record(file, FileKind::Template, shell.pushes);
    }
    let mut compose_is_pushed = false;
    let mut for_compose = Env::default();
    let others = files.iter().filter(|file| {
        file.kind != FileKind::Template && !read_as_template.contains(file.path.as_str())
    });
    for file in others.clone() {
        recorder.count(file.kind);
        let is_worth_it = tools::is_mentioned(&file.text) || file.text.contains("ecr");
        if file.kind == FileKind::Compose || !is_worth_it {
            continue;
        }
        let mut shell = Shell::new(&stacks);
        let is_valid = read::file(file, &stacks, &mut shell);
        compose_is_pushed |= shell.pushes_compose;
        let assigned: BTreeMap<String, Values> = shell.for_compose.into_iter().collect();
        for (name, values) in assigned {
            let mut all = for_compose.own.remove(&name).unwrap_or_default();
            value::add(&mut all, values);
            for_compose.set(&name, all);
        }
        recorder.validity(file, is_valid);
        recorder.record(file, file.kind, shell.pushes);
    }
    for file in others.filter(|file| file.kind == FileKind::Compose) {
        let mut shell = Shell::new(&stacks);
        let is_valid = read::compose_file(file, &for_compose, compose_is_pushed, &mut shell);
        recorder.validity(file, is_valid);
        recorder.record(file, file.kind, shell.pushes);
    }
    impact.read_by_lines.sort();
    impact.pushes.sort_by(|a, b| order(a).cmp(&order(b)));
    impact
}

fn paths<'f>(templates: &[(&'f File, Tree<'_>)]) -> HashSet<&'f str> {
    let paths = templates.iter().map(|(file, _)| file.path.as_str());
    paths.collect()
}

/// What pushes are sorted by.
fn order(push: &Push) -> (&str, usize, usize, &Tag, &Target) {
    let Position { line, column } = push.position;
    (&push.path, line, column, &push.tag, &push.target)
}

/// The ECR repositories of the templates, as they are given out.
fn ecr_repositories(
    stacks: &Stacks,
    index: &Index<'_>,
    templates: &[(&File, Tree<'_>)],
) -> Vec<EcrRepository> {
    let lines = templates.iter().map(|(file, _)| LineIndex::new(&file.text));
    let lines: Vec<LineIndex<'_>> = lines.collect();
    let known = stacks.ecr_repositories.iter().enumerate();
    let known = known.map(|(number, declared)| {
        let template = templates.get(declared.template);
        let lines = lines.get(declared.template);
        EcrRepository {
            path: template.map_or_else(String::new, |(file, _)| file.path.clone()),
            logical_id: declared.logical_id.clone(),
            position: lines.map_or(Position { line: 1, column: 1 }, |lines| {
                lines.position(declared.at)
            }),
            names: match &declared.name {
                DeclaredName::Known(names) => names.clone(),
                DeclaredName::Like(_) => Vec::new(),
            },
            first: index.first(number),
        }
    });
    known.collect()
}

/// Writes pushes into an [`Impact`], each once.
struct Recorder<'r> {
    stacks: &'r Stacks,
    index: &'r Index<'r>,
    impact: &'r mut Impact,
    /// What has been recorded: the file, the place, the tag and the target.
    seen: HashSet<(String, usize, Tag, Target)>,
}

impl Recorder<'_> {
    fn count(&mut self, kind: FileKind) {
        *self.impact.files.entry(kind).or_default() += 1;
    }

    fn validity(&mut self, file: &File, is_valid: bool) {
        if !is_valid {
            self.impact.read_by_lines.push(file.path.clone());
        }
    }

    fn record(&mut self, file: &File, kind: FileKind, pushes: ImagePushes) {
        self.impact.pushes_elsewhere += pushes.elsewhere;
        if pushes.all.is_empty() {
            return;
        }
        if pushes.more > 0 {
            self.impact.more.insert(file.path.clone(), pushes.more);
        }
        let lines = LineIndex::new(&file.text);
        for push in pushes.all {
            let image = image::parse(&self.stacks.imported(&push.image));
            let target = match self.index.destination(&image) {
                Destination::EcrRepository(number, evidence) => {
                    Target::EcrRepository { number, evidence }
                }
                Destination::Unknown(shown) => Target::Unknown { shown },
                Destination::Elsewhere => {
                    self.impact.pushes_elsewhere += 1;
                    continue;
                }
            };
            let tag = match image::movement(&image.tag) {
                _ if image.has_digest => None,
                Movement::Fixed => None,
                Movement::Moving(literal, shown) => Some(Tag::Moving { literal, shown }),
                Movement::Unknown(shown) => Some(Tag::Unknown { shown }),
            };
            let Some(tag) = tag else {
                self.impact.pushes_of_fixed_tags += 1;
                continue;
            };
            let key = (file.path.clone(), push.at, tag.clone(), target.clone());
            if self.seen.insert(key) {
                self.impact.pushes.push(Push {
                    path: file.path.clone(),
                    kind,
                    position: lines.position(push.at),
                    tag,
                    target,
                    by: push.by,
                });
            }
        }
    }
}
