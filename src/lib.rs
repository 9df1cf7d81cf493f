//! The command line of immutag: arguments, settings, files, git, runs, reports.
//!
//! What is found and how it is fixed is for [`immutag_engine`], what pushes
//! moving tags for [`immutag_impact`].
//!
//! Data flows one way:
//!
//! ```text
//! cli, settings → run → files, git, terminal::interrupts, terminal::progress
//!                  ↓
//!       immutag_engine, survey → immutag_impact
//!                  ↓
//!   files::write, outcome → report, terminal::questions
//! ```
//!
//! # Choices, and why
//!
//! - *Whether a file may be written is asked of the system* by opening it,
//!   and not read off its mode: a rename would replace a file that its user
//!   may not write.
//! - *Every format renders the same outcome.* A finding names its place, its
//!   edits and the text around; no format reads a file or decides anything.
//! - *Only git is started*, for what it alone knows (the index, the merge
//!   base), with all turned off that a repository could have run but clean
//!   filters, without which git cannot compare contents.
//! - *An interrupt is looked at between files.* What a signal ends is the
//!   search for more, so that each file is done or not begun, and the report
//!   is whole for what was done.
//! - *What is compliant is counted and let go*: memory grows with findings,
//!   and with the folders that hold templates, not with files.
//! - *A part of a run is told by hashes of paths below the folder given*, so
//!   that machines agree wherever it lies; a git repository below it is not
//!   split, since its changes are one change.

mod cli;
mod explain;
#[cfg(feature = "fault")]
mod fault;
mod files;
mod git;
mod options;
mod outcome;
mod report;
mod run;
mod settings;
mod survey;
mod terminal;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use self::cli::Request;
use self::run::ExitStatus;
use self::terminal::interrupts::Interrupt;

/// Does what the arguments of a process say, the name of the program first, and gives its exit
/// status.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    files::write::outlive_limits();
    let done = match cli::parse(arguments.clone()) {
        Ok(Request::Run(options)) => run::run(&options, &Interrupt::watch()),
        Ok(Request::Impact(options, format)) => run::impact(&options, format, &Interrupt::watch()),
        Ok(Request::Settings(choice, flags)) => run::settings(&choice, &flags),
        Ok(Request::Explain(topic)) => run::explain(topic),
        Ok(Request::Completions(shell)) => run::completions(shell),
        Ok(Request::Manual(command)) => run::manual(command.as_deref()),
        Err(error) => return usage(arguments, error),
    };
    match done {
        Ok(status) => status.into(),
        Err(error) => {
            // Where standard error is gone there is nobody left to tell.
            let error = report::escaped(&format!("{error:#}"));
            let _ = writeln!(io::stderr(), "immutag: error: {error}");
            ExitStatus::Error.into()
        }
    }
}

/// Prints a usage error, or the help that was asked for.
fn usage(arguments: Vec<OsString>, error: clap::Error) -> ExitCode {
    // What is wrong is quoted, and may be the name of a file.
    let shown = arguments
        .into_iter()
        .map(|word| OsString::from(report::escaped(&word.to_string_lossy())));
    let error = cli::parse(shown).err().unwrap_or(error);
    match error.print() {
        // Help that nobody gets is a failure, too; but if its reader has left, there is
        // nobody who misses it.
        Err(failed) if failed.kind() != io::ErrorKind::BrokenPipe => ExitStatus::Error.into(),
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

/// What the tests and the fuzzing of this workspace need of the inside. It changes without
/// notice.
#[doc(hidden)]
pub mod testing {
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;

    use immutag_engine::{Hunk, Rules};

    use crate::cli::{self, Request};
    use crate::settings::Settings;
    use crate::{explain, files, report};

    /// The globs of the files that a walk scans where none are given.
    pub const DEFAULT_INCLUDE: &[&str] = files::discover::DEFAULT_INCLUDE;

    /// The definition of the command line.
    #[must_use]
    pub fn command() -> clap::Command {
        cli::command()
    }

    /// Whether arguments, the name of the program first, can be taken apart.
    ///
    /// # Errors
    /// A usage error.
    pub fn parses(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
        let parsed = cli::parse(arguments);
        parsed.map(drop).map_err(|error| error.to_string())
    }

    /// The rules that `immutag check` takes with these flags, for all files.
    ///
    /// # Errors
    /// A usage error.
    pub fn rules(flags: &[&str]) -> Result<Rules, String> {
        let arguments = ["immutag", "check"].iter().chain(flags);
        let arguments = arguments.map(|word| OsString::from(*word));
        let request = cli::parse(arguments).map_err(|error| error.to_string())?;
        let Request::Run(options) = request else {
            return Err("it is no run".to_owned());
        };
        let settings = Settings::new(&options.flags, None).map_err(|error| error.to_string())?;
        let mut rules = Rules {
            max_size: options.max_size,
            ..Rules::default()
        };
        rules.suppressions.are_on = options.heeds_suppressions;
        settings.apply(&mut rules);
        Ok(rules)
    }

    /// The codes that are explained, each with its text.
    pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
        explain::topics().map(|topic| (topic.code, topic.text))
    }

    /// Writes the patch of a file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_patch(file: &Path, hunks: &[Hunk], out: &mut dyn io::Write) -> io::Result<()> {
        report::patch::write_file(file, hunks, out)
    }
}
