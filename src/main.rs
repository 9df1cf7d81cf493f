//! The binary: arguments in, exit status out. Everything else is the library.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use immutag::cli::{self, Request};
use immutag::files::write;
use immutag::report::escaped;
use immutag::run;
use immutag::terminal::interrupts::Interrupt;

fn main() -> ExitCode {
    write::outlive_limits();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let done = match cli::parse(arguments.clone()) {
        Ok(Request::Run(given)) => run::run(&given, &Interrupt::watch()),
        Ok(Request::Impact(given, format)) => run::impact(&given, format, &Interrupt::watch()),
        Ok(Request::Settings(flags)) => run::settings(&flags),
        Ok(Request::Explain(topic)) => run::explain(topic),
        Ok(Request::Completions(shell)) => run::completions(shell),
        Ok(Request::Manual(command)) => run::manual(command.as_deref()),
        // Help that nobody gets is a failure, too; but if its reader has left, there is
        // nobody who misses it.
        Err(error) => {
            // What is wrong is quoted, and may be the name of a file.
            let shown = arguments
                .iter()
                .map(|word| OsString::from(escaped(&word.to_string_lossy())));
            let error = cli::parse(shown).err().unwrap_or(error);
            return match error.print() {
                Err(failed) if failed.kind() != io::ErrorKind::BrokenPipe => {
                    run::ExitStatus::Error.into()
                }
                _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
            };
        }
    };
    match done {
        Ok(status) => status.into(),
        Err(error) => {
            // Where standard error is gone there is nobody left to tell.
            let error = escaped(&error.to_string());
            let _ = writeln!(std::io::stderr(), "immutag: error: {error}");
            run::ExitStatus::Error.into()
        }
    }
}
