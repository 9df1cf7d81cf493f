//! The one way that every input takes: from a walk, a list, the index, standard input, or a
//! question.
//!
//! `Input → bytes → assess → (declined?) → prove, if shown or written → sink`. This module owns
//! these steps and their order for one input, and keeps its failure, a panic included, from
//! the others. It does not know where inputs come from.

use std::collections::BTreeSet;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use super::Run;
use super::inputs::is_plain;
use crate::files::paths;
use crate::files::{read, write};
use crate::git::Blobs;
use crate::options::Mode;
use crate::outcome::{FileError, Outcome};
use immutag_engine::{Facts, Fixed, assess};

/// Something to assess.
pub(super) struct Input<'i> {
    /// Its path, as it was named or found.
    pub(super) path: &'i Path,
    /// Its own path, behind all links.
    pub(super) real: &'i Path,
    pub(super) source: Source<'i>,
}

/// Where the bytes of an input come from, and so where those of its fix may go.
pub(super) enum Source<'i> {
    /// A file; `fix` writes it.
    File,
    /// The index of git; nothing writes there.
    Index {
        /// The name of its contents; None where it has merge conflicts.
        blob: Option<&'i str>,
        blobs: &'i mut Blobs,
    },
    /// Standard input, all of which is here; `fix` puts the fixed template in its place.
    Text(&'i mut Vec<u8>),
}

/// Asks which fixes are declined, by the indexes of their findings.
pub(super) type Asks<'a> = &'a mut dyn FnMut(&Facts, &Fixed) -> Result<BTreeSet<usize>, FileError>;

/// Returns what there is to say about an input; None where that is nothing. With `asks`, fixes
/// are made that are not declined.
pub(super) fn outcome(input: Input<'_>, run: &Run<'_>, asks: Option<Asks<'_>>) -> Option<Outcome> {
    let path = input.path.to_path_buf();
    let has_repository = !matches!(input.source, Source::Text(_));
    let done = panic::catch_unwind(AssertUnwindSafe(|| taken(input, run, asks)));
    let error = match done {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(error)) => error,
        Err(_) => FileError {
            position: None,
            code: "internal",
            message: "immutag failed on this file and left it as it was; please report it as a bug"
                .to_owned(),
        },
    };
    let mut outcome = Outcome::new(path, Err(error));
    if has_repository {
        outcome.git_repository = run.git_repositories.of(&outcome.path);
    }
    Some(outcome)
}

fn taken(
    input: Input<'_>,
    run: &Run<'_>,
    asks: Option<Asks<'_>>,
) -> Result<Option<Outcome>, FileError> {
    let Input { path, real, source } = input;
    let (bytes, sink) = match source {
        Source::File => {
            let bytes = read::file(real, run.options.max_size)?;
            let Some(bytes) = bytes.filter(|_| !run.guards.is_report(real)) else {
                return match asks {
                    Some(_) => Err(changed_meanwhile()),
                    None => Ok(None),
                };
            };
            #[cfg(feature = "fault")]
            crate::fault::strike(real, &bytes);
            (bytes, Sink::File)
        }
        Source::Index { blob, blobs } => match staged(blob, real, blobs, run)? {
            Some(bytes) => (bytes, Sink::Nowhere),
            None => return Ok(None),
        },
        Source::Text(text) => (text.clone(), Sink::Text(text)),
    };
    let mut outcome = Outcome::new(path.to_path_buf(), Ok(Facts::default()));
    if matches!(sink, Sink::File) && real != path {
        outcome.real = Some(run.here.shown(real));
    }
    let rules = run.rules_for(path, real, &bytes);
    let mut assessment = assess(&bytes, &rules)?;
    let writes = run.options.mode == Mode::Fix && (asks.is_some() || !run.options.interactive);
    if matches!(sink, Sink::Nowhere) && writes && assessment.facts.has_fix() {
        return Err(FileError {
            position: None,
            code: "unstaged",
            message: "not written: it has changes that are not staged, and the repair is for what \
                      is; stage or stash them, and run again"
                .to_owned(),
        });
    }
    let near = match sink {
        Sink::Text(_) => paths::near(path),
        Sink::File | Sink::Nowhere => outcome.patched().to_path_buf(),
    };
    run.guards
        .settings_hold(&near, &assessment.facts, &run.git_repositories)?;
    let mut fixed = if run.proves {
        assessment.prove()?
    } else {
        None
    };
    if let (Some(asks), Some(offered)) = (asks, &fixed) {
        let declined = asks(&assessment.facts, offered)?;
        if !declined.is_empty() {
            assessment = assessment.declining(&declined);
            fixed = assessment.prove()?;
        }
    }
    let is_file = !matches!(sink, Sink::Text(_));
    if let Some(fixed) = fixed {
        outcome.show(&fixed, run.shows_edits, run.shows_lines);
        match sink {
            _ if !writes => {}
            Sink::File => {
                run.guards
                    .is_clean(outcome.patched(), &run.git_repositories)?;
                write::replace(outcome.patched(), &bytes, fixed.after().as_bytes())
                    .map_err(|error| FileError::io(error.to_string()))?;
                outcome.changed = true;
            }
            Sink::Text(text) => {
                *text = fixed.after().as_bytes().to_vec();
                outcome.changed = true;
            }
            Sink::Nowhere => {}
        }
    }
    if is_file {
        outcome.git_repository = run.git_repositories.of(outcome.patched());
    }
    outcome.result = Ok(assessment.facts);
    Ok(Some(outcome))
}

/// Where the fixed template goes.
enum Sink<'i> {
    File,
    Text(&'i mut Vec<u8>),
    Nowhere,
}

/// The contents of a staged file that may concern us.
///
/// # Errors
/// Where they cannot be read, or where the file has merge conflicts.
fn staged(
    blob: Option<&str>,
    whole: &Path,
    blobs: &mut Blobs,
    run: &Run<'_>,
) -> Result<Option<Vec<u8>>, FileError> {
    let max_size = run.options.max_size;
    let Some(blob) = blob else {
        let here = is_plain(whole).then(|| read::file(whole, max_size));
        return match here {
            Some(Ok(Some(_))) => Err(FileError {
                position: None,
                code: "unmerged",
                message: "has merge conflicts; resolve them and stage the file".to_owned(),
            }),
            _ => Ok(None),
        };
    };
    let read = blobs.read(blob, |contents, size| {
        Ok(read::text(contents, size, max_size))
    });
    read.map_err(|error: io::Error| FileError::io(format!("cannot be read: {error}")))?
}

fn changed_meanwhile() -> FileError {
    FileError::io("was changed while it was looked at; run again".to_owned())
}
