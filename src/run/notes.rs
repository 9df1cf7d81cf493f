//! What is said beside the templates of a run: entries of lists that cover nothing, and
//! temporary files that were left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Run;
use crate::files::write;
use crate::options::Mode;
use crate::outcome::Outcome;
use immutag_engine::rule::TRIVY;
use immutag_engine::{Facts, Note, Position, UnusedSuppression, Useless};

impl Run<'_> {
    /// A note on each temporary file that was left beside the files that were
    /// scanned. There are none of this run's: nothing is being written. A run that
    /// only looks does not tell of what a run that writes has left.
    pub(super) fn strays(&self) -> Vec<Outcome> {
        if self.options.mode != Mode::Fix {
            return Vec::new();
        }
        let stray = |path: PathBuf| {
            let facts = Facts {
                notes: vec![Note {
                    position: Position { line: 1, column: 1 },
                    code: "stray",
                    message: "this is a temporary file of a run that was killed, or of one that \
                              goes on beside this one; if none does, delete it"
                        .to_owned(),
                }],
                ..Facts::default()
            };
            Outcome::new(path, Ok(facts))
        };
        let folders = self.git_repositories.folders();
        let strays = folders
            .iter()
            .flat_map(|folder| write::temporary_files(folder));
        strays.map(stray).collect()
    }

    /// The entries of lists that cover nothing in any file, of those that are for a file that was
    /// scanned.
    pub(super) fn unused_entries(&self, outcomes: &[Outcome]) -> Vec<Outcome> {
        let facts = outcomes.iter().filter_map(|one| one.result.as_ref().ok());
        let used: BTreeSet<usize> = facts
            .flat_map(|facts| facts.listed.iter().copied())
            .collect();
        let looked_for = self.looked_for.lock();
        let looked_for = looked_for
            .map(|numbers| numbers.clone())
            .unwrap_or_default();
        let mut unused: BTreeMap<&'static str, Vec<UnusedSuppression>> = BTreeMap::new();
        for (name, listed) in self.lists.entries() {
            let why = if !listed.until.counts_on(self.rules.suppressions.today) {
                Useless::Expired
            } else if looked_for.contains(&listed.number) && !used.contains(&listed.number) {
                Useless::HidesNothing
            } else {
                continue;
            };
            unused.entry(name).or_default().push(UnusedSuppression {
                position: listed.position,
                by: TRIVY,
                why,
            });
        }
        let outcome = |(name, unused_suppressions): (&str, _)| {
            let facts = Facts {
                unused_suppressions,
                ..Facts::default()
            };
            Outcome::new(PathBuf::from(name), Ok(facts))
        };
        unused.into_iter().map(outcome).collect()
    }
}
