//! The binary: arguments in, exit status out. Everything else is the library.

use std::io::Write;
use std::process::ExitCode;

use immutag::cli::{self, Request};
use immutag::interrupt::Interrupt;
use immutag::report::escaped;
use immutag::run;

fn main() -> ExitCode {
    let done = match cli::parse(std::env::args_os()) {
        Ok(Request::Run(given)) => run::run(&given, &Interrupt::watch()),
        Ok(Request::Impact(given, format)) => run::impact(&given, format, &Interrupt::watch()),
        Ok(Request::Settings(flags)) => run::settings(&flags),
        Ok(Request::Explain(topic)) => run::explain(topic),
        Ok(Request::Completions(shell)) => run::completions(shell),
        Ok(Request::Manual(command)) => run::manual(command.as_deref()),
        Err(error) => error.exit(),
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
