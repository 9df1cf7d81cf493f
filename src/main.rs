//! The binary: arguments in, exit status out. Everything else is the library.

use std::io::Write;
use std::process::ExitCode;

use immutag::{cli, run};

fn main() -> ExitCode {
    let options = match cli::parse(std::env::args_os()) {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    match run::run(&options) {
        Ok(status) => status.into(),
        Err(error) => {
            // Where standard error is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "immutag: error: {error}");
            run::ExitStatus::Error.into()
        }
    }
}
