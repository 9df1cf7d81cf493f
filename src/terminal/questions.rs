//! Which repairs a user wants, asked one by one on a terminal.
//!
//! This module owns the questions and the answers, which are those of
//! `git add -p`. It repairs nothing, and does not know where the answers go.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use anstyle::{AnsiColor, Style};

use crate::cli::Mode;
use crate::explain;
use crate::outcome::Outcome;
use crate::report::{escaped, shown, text};
use immutag_engine::assess::{Answer, Assessment, Reported};
use immutag_engine::text::diff;
use immutag_engine::text::edit::{Edit, EditSet};

const PROMPT: Style = AnsiColor::Blue.on_default().bold();

const HELP: &str = "\
y - repair it
n - leave it as it is
a - repair it and all that follow in this file
d - leave it and all that follow in this file as they are
q - quit: leave it and all that follow in all files as they are
e - explain the code of the finding
? - print this help
";

/// What the user says for the rest of a file, or of all files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Ask,
    All,
    None,
}

/// A conversation with the user, over all files.
#[derive(Debug)]
pub struct Session<I, O> {
    answers: I,
    questions: O,
    /// How many repairs there are in all, and how many were passed.
    total: usize,
    passed: usize,
    has_quit: bool,
}

impl<I: BufRead, O: Write> Session<I, O> {
    /// A session that reads lines from `answers` and writes to `questions`
    /// (with the escape sequences of colour), about `total` repairs.
    pub fn new(answers: I, questions: O, total: usize) -> Self {
        Self {
            answers,
            questions,
            total,
            passed: 0,
            has_quit: false,
        }
    }

    /// Asks for each finding of a file that would be repaired, in order, and
    /// gives the indexes of those that are not to be. An end of the answers
    /// means to quit. Nothing is asked of a text without a remediation.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn declined(
        &mut self,
        outcome: &Outcome,
        assessment: &Assessment,
    ) -> io::Result<BTreeSet<usize>> {
        let mut declined = BTreeSet::new();
        let mut rest = if self.has_quit { Rest::None } else { Rest::Ask };
        let Some(remediation) = &assessment.remediation else {
            return Ok(declined);
        };
        for (index, finding) in assessment.findings.iter().enumerate() {
            if !matches!(finding.answer, Answer::Fixed(_)) {
                continue;
            }
            self.passed += 1;
            let is_wanted = match rest {
                Rest::All => true,
                Rest::None => false,
                Rest::Ask => {
                    writeln!(self.questions)?;
                    let mode = Mode::Check;
                    text::write_finding(outcome, finding, mode, &mut self.questions)?;
                    self.show(&remediation.before, finding)?;
                    let (is_wanted, then) = self.ask(outcome, finding)?;
                    rest = then;
                    is_wanted
                }
            };
            if !is_wanted {
                declined.insert(index);
            }
        }
        Ok(declined)
    }

    /// Shows the lines that a repair changes.
    fn show(&mut self, before: &str, finding: &Reported) -> io::Result<()> {
        let edits = finding.edits.iter();
        let edits = edits.map(|edit| Edit::replace(edit.region.span, edit.text.clone()));
        let edits = EditSet::new(edits.collect()).map_err(io::Error::other)?;
        let after = edits.apply(before).map_err(io::Error::other)?;
        let hunks = diff::hunks(before, &after, &edits);
        text::write_hunks(&hunks, &mut self.questions)
    }

    /// Asks until there is an answer: whether the repair is wanted, and what
    /// holds for the rest of the file.
    fn ask(&mut self, outcome: &Outcome, finding: &Reported) -> io::Result<(bool, Rest)> {
        loop {
            let (passed, total) = (self.passed, self.total);
            write!(
                self.questions,
                "{PROMPT}({passed}/{total}) Repair {} in {} [y,n,a,d,q,e,?]?{PROMPT:#} ",
                escaped(&finding.logical_id),
                shown(&outcome.path)
            )?;
            self.questions.flush()?;
            let mut line = String::new();
            if self.answers.read_line(&mut line)? == 0 {
                writeln!(self.questions)?;
                line.push('q');
            }
            match line.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok((true, Rest::Ask)),
                "n" | "no" => return Ok((false, Rest::Ask)),
                "a" => return Ok((true, Rest::All)),
                "d" => return Ok((false, Rest::None)),
                "q" => {
                    self.has_quit = true;
                    return Ok((false, Rest::None));
                }
                "e" => {
                    let code = finding.verdict.code();
                    let topic = explain::topics().find(|topic| topic.code == code);
                    explain::write(topic, &mut self.questions)?;
                }
                _ => self.questions.write_all(HELP.as_bytes())?,
            }
        }
    }
}
