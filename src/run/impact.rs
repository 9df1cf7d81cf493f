//! What pushes moving tags to the ECR repositories that a run would make immutable.
//!
//! This module owns when that is looked for, and the rules of a file with what is known of it.
//! Which files may push, and where their pushes go, is for [`crate::survey`].

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use anstream::AutoStream;

use super::inputs::Inputs;
use super::{ExitStatus, Run, printed, resolved};
use crate::files::paths::WorkingDirectory;
use crate::options::{ImpactFormat, Input, Options, Verbosity};
use crate::outcome::Outcome;
use crate::report;
use crate::survey::{self, Facing, Moving, Surveys, Turning};
use crate::terminal::interrupts::Interrupt;
use immutag_engine::{Decision, Rules};

/// Looks for what pushes moving tags to the ECR repositories that would turn
/// immutable, and reports it.
///
/// # Errors
/// Those of [`run()`](super::run).
pub(crate) fn impact(
    options: &Options,
    format: ImpactFormat,
    interrupt: &Interrupt,
) -> anyhow::Result<ExitStatus> {
    let here = &WorkingDirectory::read();
    let settings = &resolved(&options.config, &options.flags, here)?;
    let inputs = Inputs::of(options, settings, here)?;
    let run = Run::new(options, settings, &inputs, interrupt, here)?;
    let mut outcomes = match &inputs {
        Inputs::Walk { walk, problems, .. } => run.walk(walk, problems).kept,
        // The command line has no such input for this.
        Inputs::Text(_) | Inputs::Staged(_) => Vec::new(),
    };
    outcomes.sort_by(|a, b| a.path.cmp(&b.path));
    let facing = run.facing(&outcomes, |_| true);
    let result = report::impact::write(&facing, &outcomes, format, &mut io::stdout().lock());
    printed(result)?;
    let pushes = facing.iter().flat_map(Facing::pushes);
    let moving = pushes.filter(|faced| faced.push.tag.moves()).count();
    // What was not scanned may move, too.
    let more = facing.iter().any(|one| !one.survey.impact.more.is_empty());
    Ok(if outcomes.iter().any(|outcome| outcome.result.is_err()) {
        ExitStatus::Error
    } else if (moving > 0 || more) && !options.exit_zero {
        ExitStatus::Findings
    } else {
        ExitStatus::Clean
    })
}

impl Run<'_> {
    /// The rules for one file, by its path as it is named and by its own.
    fn rules(&self, path: &Path, real: &Path) -> Rules {
        let mut rules = self.rules.clone();
        self.settings.apply_for(path, real, self.here, &mut rules);
        rules.suppressions.listed = self.lists.of(path, real);
        let numbers = rules.suppressions.listed.iter().map(|listed| listed.number);
        // A poisoned lock would mean a panic in `extend`.
        if let Ok(mut looked_for) = self.looked_for.lock() {
            looked_for.extend(numbers);
        }
        rules
    }

    /// The rules for the template in one file, with what is known of the pushes to
    /// its ECR repositories.
    pub(super) fn rules_for(&self, path: &Path, real: &Path, template: &[u8]) -> Rules {
        let mut rules = self.rules(path, real);
        let Some(surveys) = &self.surveys else {
            return rules;
        };
        let (known, why) = match surveys.moving_tags(real, template) {
            Moving::Known(known) => (known, None),
            Moving::OtherText => {
                let why = "what pushes to it was looked for by the file on disk, and this text is another";
                (BTreeMap::new(), Some(why.to_owned()))
            }
            Moving::NotWhole(file) => {
                let file = report::portable(&file);
                let why = format!("{file}, which may push to it, was not read whole");
                (BTreeMap::new(), Some(why))
            }
        };
        rules.policy.keep_moving = Some(known);
        rules.policy.unknown_pushes = why;
        rules
    }

    /// What of the outcomes turns immutable, and what that breaks.
    fn facing(&self, outcomes: &[Outcome], is_meant: impl Fn(&Decision) -> bool) -> Vec<Facing> {
        let turning = outcomes.iter().filter_map(|outcome| {
            let findings = &outcome.result.as_ref().ok()?.findings;
            let is_left_alone = |decision: &Decision| {
                matches!(decision, Decision::Suppressed { .. } | Decision::ReportOnly)
            };
            let logical_ids: BTreeSet<String> = findings
                .iter()
                .filter(|one| is_meant(&one.decision) && !is_left_alone(&one.decision))
                .map(|finding| finding.logical_id.clone())
                .collect();
            if logical_ids.is_empty() {
                return None;
            }
            let file = outcome.patched().to_path_buf();
            let kept = self.rules(&outcome.path, &file).policy.keep_mutable;
            Some((file, Turning { logical_ids, kept }))
        });
        let turning: Vec<(PathBuf, Turning)> = turning.collect();
        if let Some(surveys) = &self.surveys {
            return survey::facing(surveys, turning);
        }
        let files = turning.iter().map(|(file, _)| file.as_path());
        let surveys = Surveys::new(self.options.selection.no_ignore, files, self.here);
        survey::facing(&surveys, turning)
    }

    /// Says on standard error that something would break, where a folder is
    /// checked; and what is not kept, where moving tags are.
    pub(super) fn note_impact(&self, outcomes: &[Outcome]) {
        let options = self.options;
        let is_folder = matches!(options.input, Input::Paths)
            && options.selection.paths.iter().any(|path| path.is_dir());
        let is_asked = options.keep_moving_tags || options.notes_impact && is_folder;
        if !is_asked || options.verbosity == Verbosity::Quiet {
            return;
        }
        let is_fixed = |decision: &Decision| {
            matches!(decision, Decision::Fix(_))
                || options.keep_moving_tags && matches!(decision, Decision::Withheld(_))
        };
        let facing = self.facing(outcomes, is_fixed);
        let mut errors = AutoStream::new(io::stderr(), report::choice(options.color));
        // Where standard error is gone there is nobody left to tell.
        let _ = report::impact::write_note(&facing, options.keep_moving_tags, &mut errors);
    }
}
