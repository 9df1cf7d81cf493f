//! The proof of the fixes that are planned for a template, and the text that comes of it.
//!
//! This module owns the last step and the proof's last question: the findings are gone, and
//! planning again yields nothing. How the two parsers are asked is for [`verify`], which knows
//! neither the rule nor the plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::{Assessment, Reading, Rules};
use crate::find::{Breach, Verdict};
use crate::plan::{Fix, Refusal};
use crate::syntax::change::Changes;
use crate::syntax::{self, Tree};
use crate::template::Template;
use crate::text::diff::{self, Hunk};
use crate::text::edit::{Edit, EditError, EditSet};
use crate::text::span::{LineIndex, Region};
use crate::verify::{self, ProofError};

/// What is planned for a template, with all that the proof needs.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The template itself, where its markup is masked in the tree.
    pub(crate) text: Option<String>,
    pub(crate) tree: Tree<'static>,
    pub(crate) read: Reading,
    /// For each open finding of the reading.
    pub(crate) fixes: Vec<Result<Fix, Refusal>>,
    pub(crate) rules: Rules,
}

/// A template before and after its fixes, and the edits between: proven.
///
/// There is no other way to have one than [`Assessment::prove`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    before: String,
    after: String,
    edits: EditSet,
    /// The edits that fix each finding, by its index.
    by_finding: BTreeMap<usize, Vec<Edit>>,
}

/// An edit, with its place in the template before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FixedEdit {
    /// The bytes that go; none where the edit inserts.
    pub region: Region,
    /// What comes in their place.
    pub text: String,
}

impl Fixed {
    /// The template as it was read.
    #[must_use]
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The template with the fixes made.
    #[must_use]
    pub fn after(&self) -> &str {
        &self.after
    }

    /// All edits, in the order of the template and disjoint.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        self.edits.edits()
    }

    /// The edits that fix each finding, with their places, by the index of the finding in
    /// [`Facts::findings`](crate::Facts::findings). Findings that share what is edited have the
    /// same edits; a finding that is not fixed is not there. Takes time linear in the template.
    #[must_use]
    pub fn edits_by_finding(&self) -> BTreeMap<usize, Vec<FixedEdit>> {
        let lines = LineIndex::new(&self.before);
        let placed = |edit: &Edit| FixedEdit {
            region: lines.region(edit.span),
            text: edit.text.clone(),
        };
        let by_finding = self.by_finding.iter();
        by_finding
            .map(|(&index, edits)| (index, edits.iter().map(placed).collect()))
            .collect()
    }

    /// The lines that the fix of one finding changes, by its index, as if it were made alone.
    #[must_use]
    pub fn hunks_of(&self, finding: usize) -> Vec<Hunk> {
        let edits = self.by_finding.get(&finding).cloned().unwrap_or_default();
        // They are some of those that were applied together, so that they can be alone.
        let edits = EditSet::new(edits).unwrap_or_default();
        let after = edits.apply(&self.before).unwrap_or_default();
        diff::hunks(&self.before, &after, &edits)
    }

    /// The lines that the fixes change, with three lines around, as a unified diff has them.
    #[must_use]
    pub fn hunks(&self) -> Vec<Hunk> {
        diff::hunks(&self.before, &self.after, &self.edits)
    }
}

impl Assessment {
    /// Makes the planned fixes and proves them; None where none is planned.
    ///
    /// The proof: undoing the edits gives the old bytes; the reader's tree of the new text is
    /// the old tree with exactly the intended change; the judge, a parser that shares no code
    /// with the reader, accepts both texts and sees the same change; the fixed findings are
    /// gone, no other finding has changed, and planning again yields nothing.
    ///
    /// # Errors
    /// Where one of these does not hold. The template is to stay as it is then, and its shape
    /// is worth a bug report.
    ///
    /// ```
    /// use immutag_engine::{Rules, assess};
    ///
    /// let template = b"Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";
    /// let fixed = assess(template, &Rules::default())?.prove()?.expect("a fix is planned");
    /// assert_eq!(
    ///     fixed.after(),
    ///     "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    \
    ///      Properties:\n      ImageTagMutability: IMMUTABLE\n",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prove(&self) -> Result<Option<Fixed>, ProofError> {
        self.plan.as_deref().map(Plan::proven).transpose()
    }
}

impl Plan {
    /// Makes the fixes, and proves them on what was read of the template.
    fn proven(&self) -> Result<Fixed, ProofError> {
        let tree = &self.tree;
        let before = self.text.as_deref().unwrap_or(tree.text());
        let mut changes = Changes::default();
        let made = self.fixes.iter().filter_map(|fix| self.rules.made(fix));
        let mut all = Vec::new();
        for fix in made {
            changes.extend(&fix.changes);
            all.extend(fix.edits.iter().cloned());
        }
        let failed = |error: EditError| ProofError::Edits(error.to_string());
        let edits = EditSet::new(all).map_err(failed)?;
        let after = edits.apply(before).map_err(failed)?;
        if tree.markup().is_empty() {
            self.is_done(&verify::prove(tree, &edits, &changes, &after)?)?;
        } else {
            let mut spans = edits.edits().iter().map(|edit| edit.span);
            let on_markup = spans.find(|&span| tree.markup().within(span).next().is_some());
            if let Some(span) = on_markup {
                return Err(ProofError::OtherBytes { at: span.start });
            }
            let is_masked = self.text.is_some();
            let (read, marks) = syntax::read_again(tree, is_masked, &after).map_err(|error| {
                ProofError::Unreadable(if is_masked {
                    format!("with its template marks taken in another way, {error}")
                } else {
                    error.to_string()
                })
            })?;
            // That it is what was read before, with the edits made, is the first
            // thing to prove.
            let new = verify::prove(tree, &edits, &changes, &read)?;
            self.is_done(&new.with_markup(marks))?;
        }
        Ok(Fixed {
            by_finding: self.by_finding(),
            before: before.to_owned(),
            after,
            edits,
        })
    }

    /// The edits that fix each finding, by its index.
    fn by_finding(&self) -> BTreeMap<usize, Vec<Edit>> {
        let open = self.read.found.iter().enumerate();
        let open = open.filter(|(_, found)| found.is_open());
        let made = open
            .zip(&self.fixes)
            .filter_map(|((index, _), fix)| Some((index, self.rules.made(fix)?.edits.clone())));
        made.collect()
    }

    /// Asks the proof's last question: the fixed findings are gone, the others are
    /// as they were, those that are suppressed still are, and nothing is left
    /// that the rules would fix.
    fn is_done(&self, tree: &Tree<'_>) -> Result<(), ProofError> {
        let rules = &self.rules;
        let lines = &LineIndex::new(tree.text());
        let template = Template::of(tree);
        let new = Reading::of(tree, &template, lines, rules)
            .map_err(|error| ProofError::NotDone(format!("its ignores cannot be read: {error}")))?;
        let mut fixes = self.fixes.iter();
        // What each finding is to become, if it is to be reported still.
        let mut expected = self.read.found.iter().filter_map(|found| {
            let breach = &found.breach;
            if !found.is_open() {
                return Some((found, breach.verdict));
            }
            match fixes.next().and_then(|fix| rules.made(fix)) {
                None => Some((found, breach.verdict)),
                Some(_) if breach.is_rest_unsure => Some((found, Verdict::Unverifiable)),
                Some(_) => None,
            }
        });
        let mut declined = BTreeSet::new();
        for (index, found) in new.found.iter().enumerate() {
            let is_left = expected.next().is_some_and(|(before, verdict)| {
                if before.is_declined {
                    declined.insert(index);
                }
                let (was, is) = (&before.breach, &found.breach);
                // One of several sources may have been fixed for others.
                let is_computed = !was.sources.is_empty() && !is.sources.is_empty();
                was.logical_id == is.logical_id
                    && before.suppressed == found.suppressed
                    && (verdict == is.verdict || is_computed)
            });
            if !is_left {
                return Err(still_reported(&found.breach));
            }
        }
        if let Some((found, _)) = expected.next() {
            return Err(ProofError::NotDone(format!(
                "{} would no longer be reported",
                found.breach.logical_id
            )));
        }
        let new = new.without(&declined);
        let fixes = new.fixes(tree, &template, lines, rules);
        let mut again = new.open().zip(&fixes);
        match again.find(|(_, fix)| rules.made(fix).is_some()) {
            Some((breach, _)) => Err(still_reported(breach)),
            None => Ok(()),
        }
    }
}

fn still_reported(breach: &Breach) -> ProofError {
    ProofError::NotDone(format!("{} would still be reported", breach.logical_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::{Decision, assess};

    const OPEN: &str = "\
Resources:
  Web:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: MUTABLE
  Api:
    Type: AWS::ECR::Repository
    Properties: [none]
";

    /// What the last question says if `after` came of [`OPEN`].
    fn asked(after: &str) -> Result<(), ProofError> {
        let assessment = assess(OPEN.as_bytes(), &Rules::default()).unwrap();
        let plan = assessment.plan.unwrap();
        plan.is_done(&syntax::parse(after).unwrap())
    }

    fn not_done(after: &str) -> String {
        asked(after).unwrap_err().to_string()
    }

    #[test]
    fn last_question_wants_fixed_findings_gone_and_the_rest_unchanged() {
        assert_eq!(asked(&OPEN.replace(": MUTABLE", ": IMMUTABLE")), Ok(()));
        assert_eq!(not_done(OPEN), "Web would still be reported");
        let others = [
            // Another verdict on what is left, or another name.
            ("Properties: [none]", "Properties: {}"),
            (
                "Properties: [none]",
                "Properties: {ImageTagMutability: MUTABLE}",
            ),
            ("  Api:", "  Apis:"),
        ];
        for (from, to) in others {
            let after = OPEN.replace(": MUTABLE", ": IMMUTABLE").replace(from, to);
            assert!(
                not_done(&after).ends_with("would still be reported"),
                "{to}"
            );
        }
        let (without, _) = OPEN.split_once("  Api:").unwrap();
        let without = without.replace(": MUTABLE", ": IMMUTABLE");
        assert_eq!(not_done(&without), "Api would no longer be reported");
    }

    #[test]
    fn last_question_sees_a_suppression_that_comes() {
        let suppressed = OPEN
            .replace(": MUTABLE", ": IMMUTABLE")
            .replace("  Api:", "  # immutag: ignore\n  Api:");
        assert_eq!(not_done(&suppressed), "Api would still be reported");
    }

    #[test]
    fn declined_finding_is_left() {
        let rules = Rules::default();
        let declined = BTreeSet::from([0]);
        let assessment = assess(OPEN.as_bytes(), &rules).unwrap();
        let assessment = assessment.declining(&declined);
        assert_eq!(assessment.facts.findings[0].decision, Decision::Declined);
        assert_eq!(assessment.prove(), Ok(None));
        // The number is that of the finding, whatever was fixed before it.
        let two = OPEN.replace("Properties: [none]", "Properties: {}");
        let assessment = assess(two.as_bytes(), &rules).unwrap();
        let assessment = assessment.declining(&declined);
        assert_eq!(assessment.facts.findings[0].decision, Decision::Declined);
        let fixed = assessment.prove().unwrap().unwrap();
        assert_eq!(
            fixed.after(),
            two.replace("{}", "{ImageTagMutability: IMMUTABLE}")
        );
        let edits = fixed.edits_by_finding();
        assert_eq!(edits.keys().collect::<Vec<_>>(), [&1]);
        assert_eq!(edits[&1].len(), 1);
    }

    #[test]
    fn report_only_plans_nothing() {
        let rules = Rules {
            report_only: true,
            ..Rules::default()
        };
        let assessment = assess(OPEN.as_bytes(), &rules).unwrap();
        assert_eq!(assessment.facts.findings[0].decision, Decision::ReportOnly);
        assert_eq!(assessment.prove(), Ok(None));
    }
}
