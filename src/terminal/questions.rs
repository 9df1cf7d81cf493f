//! Which repairs a user wants, asked one by one on a terminal.
//!
//! This module owns the questions and the answers, which are those of
//! `git add -p`. It repairs nothing, and does not know where the answers go.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::explain;
use crate::options::Mode;
use crate::report::{escaped, shown, text};
use immutag_engine::{Decision, Facts, Finding, Fixed};

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
pub(crate) struct Session<I, O> {
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
    pub(crate) fn new(answers: I, questions: O, total: usize) -> Self {
        Self {
            answers,
            questions,
            total,
            passed: 0,
            has_quit: false,
        }
    }

    /// Asks for each finding of a file that a proven fix would fix, in order, and
    /// gives the indexes of those that are declined. An end of the answers
    /// means to quit.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(crate) fn declined(
        &mut self,
        path: &Path,
        facts: &Facts,
        fixed: &Fixed,
    ) -> io::Result<BTreeSet<usize>> {
        let mut declined = BTreeSet::new();
        let mut rest = if self.has_quit { Rest::None } else { Rest::Ask };
        for (index, finding) in facts.findings.iter().enumerate() {
            if !matches!(finding.decision, Decision::Fix(_)) {
                continue;
            }
            self.passed += 1;
            let is_wanted = match rest {
                Rest::All => true,
                Rest::None => false,
                Rest::Ask => {
                    writeln!(self.questions)?;
                    text::write_finding(path, finding, Mode::Check, &mut self.questions)?;
                    text::write_hunks(&fixed.hunks_of(index), &mut self.questions)?;
                    let (is_wanted, then) = self.ask(path, finding)?;
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

    /// Asks until there is an answer: whether the repair is wanted, and what
    /// holds for the rest of the file.
    fn ask(&mut self, path: &Path, finding: &Finding) -> io::Result<(bool, Rest)> {
        loop {
            let (passed, total) = (self.passed, self.total);
            write!(
                self.questions,
                "{PROMPT}({passed}/{total}) Repair {} in {} [y,n,a,d,q,e,?]?{PROMPT:#} ",
                escaped(&finding.logical_id),
                shown(path)
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
