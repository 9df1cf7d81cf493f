//! Makes the trees of files that `benches/compare` measures on.
//!
//! ```text
//! cargo bench --bench tree -- sparse FOLDER [--files 100000] [--candidates 1000] [--seed 1]
//! cargo bench --bench tree -- dense FOLDER [--files 5000] [--seed 1]
//! cargo bench --bench tree -- repositories FOLDER [--count 100] [--files 60] [--candidates 2]
//!     [--large BYTES] [--seed 1]
//! ```
//!
//! `sparse` is a git repository of many files, a few of which are templates with ECR repositories;
//! `dense` is such templates and nothing else; `repositories` are many small git repositories of
//! the first kind, without a commit, each with one template of `--large` bytes. The folder must
//! not be there yet. The same command makes the same files.
//!
//! Without arguments (`cargo bench`) nothing is made.

use std::path::PathBuf;
use std::process::ExitCode;

mod forest;
mod stock;
mod template;

use forest::Plan;

fn main() -> ExitCode {
    // Cargo adds a flag of its own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if arguments.is_empty() {
        return ExitCode::SUCCESS;
    }
    match read(&arguments).and_then(|job| make(&job)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "tree: {error}");
            ExitCode::from(2)
        }
    }
}

struct Job {
    folder: PathBuf,
    /// How many trees; None for one, in the folder itself.
    count: Option<usize>,
    plan: Plan,
}

fn read(arguments: &[String]) -> Result<Job, String> {
    let (kind, folder, flags) = match arguments {
        [kind, folder, flags @ ..] => (kind.as_str(), folder, flags),
        _ => return Err("needs a kind (sparse, dense, repositories) and a folder".to_owned()),
    };
    let (files, candidates, count) = match kind {
        "sparse" => (100_000, 1_000, None),
        "dense" => (5_000, 5_000, None),
        "repositories" => (60, 2, Some(100)),
        _ => return Err(format!("`{kind}` is none of sparse, dense, repositories")),
    };
    let mut job = Job {
        folder: PathBuf::from(folder),
        count,
        plan: Plan {
            seed: 1,
            files,
            candidates,
            large: None,
            only_templates: kind == "dense",
        },
    };
    for pair in flags.chunks(2) {
        let (flag, value) = match pair {
            [flag, value] => (flag.as_str(), value),
            _ => return Err(format!("{} needs a number", pair.concat())),
        };
        let number: u32 = value
            .parse()
            .map_err(|_| format!("{flag} needs a number, not `{value}`"))?;
        match (flag, &mut job.count) {
            ("--seed", _) => job.plan.seed = number.into(),
            ("--files", _) => job.plan.files = number as usize,
            ("--candidates", _) => job.plan.candidates = number as usize,
            ("--large", Some(_)) => job.plan.large = Some(number as usize),
            ("--count", Some(count)) => *count = number as usize,
            _ => return Err(format!("{kind} does not know {flag}")),
        }
    }
    if job.plan.only_templates {
        job.plan.candidates = job.plan.files;
    }
    Ok(job)
}

fn make(job: &Job) -> Result<(), String> {
    let shapes = template::Shapes::read(job.plan.only_templates)?;
    if job.folder.exists() {
        return Err(format!("{} is there already", job.folder.display()));
    }
    let failed = |error| format!("{}: {error}", job.folder.display());
    let Some(count) = job.count else {
        return forest::grow(&job.folder, &job.plan, &shapes).map_err(failed);
    };
    for number in 0..count {
        let plan = Plan {
            seed: job.plan.seed.wrapping_mul(1_000_003) + number as u64,
            ..job.plan
        };
        let folder = job.folder.join(format!("repository-{number:04}"));
        forest::grow(&folder, &plan, &shapes).map_err(failed)?;
        forest::begin_git(&folder).map_err(failed)?;
    }
    Ok(())
}
