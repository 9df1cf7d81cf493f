//! Each recipe migrates all repositories, and a second time changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use super::host::{BRANCH, Body, Host, named_before, named_behind};
use super::machines::Machines;
use super::seeds::{Outcome, Seed, seeds};
use super::{git, message, recipe, run, stdout, text};
use crate::common::{root, tool, yaml::yaml};

/// The blocks of the page, by what stands behind their fences, in its order.
fn blocks() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/bulk.md")).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        open = match (open.take(), line.strip_prefix("```")) {
            (None, Some(info)) => Some((info.to_owned(), String::new())),
            (None, None) => None,
            (Some(block), Some("")) => {
                blocks.push(block);
                None
            }
            (Some((info, text)), _) => Some((info, text + line + "\n")),
        };
    }
    assert!(open.is_none(), "a block is open");
    blocks
}

/// The commands of the page for a recipe.
fn commands(name: &str) -> Vec<String> {
    let info = format!("sh {name}");
    let block = blocks().into_iter().find(|(found, _)| *found == info);
    let (_, text) = block.unwrap_or_else(|| panic!("no commands for {name}"));
    text.lines().map(str::to_owned).collect()
}

/// The folder that the reader of the page stands in: with `docs`, and with lists.
fn desk(host: &Host) -> PathBuf {
    let desk = host.folder("desk");
    symlink(root().join("docs"), desk.join("docs")).unwrap();
    fs::write(desk.join("repositories.txt"), host.names()).unwrap();
    fs::write(desk.join("remotes.txt"), host.remotes()).unwrap();
    desk
}

/// A command of the page, as its reader runs it.
fn line(host: &Host, line: &str) -> Command {
    let mut command = host.command("sh");
    command.args(["-c", line]).current_dir(host.folder("desk"));
    command
}

#[test]
fn multi_gitter_migrates_all_and_a_second_time_nothing() {
    let host = Host::new();
    desk(&host);
    let [dry_run, migrate] = &commands("multi-gitter")[..] else {
        panic!("a dry run, and a run");
    };
    let run = |command: &str| {
        let done = run(&mut line(&host, command));
        assert_eq!(done.status, 0, "{}", done.stderr);
        let failed = named_behind(&done.lines(), "The script failed: ");
        assert_eq!(failed, host.failing());
        done
    };
    let before = host.state();
    let done = run(dry_run);
    assert_eq!(
        named_behind(&done.lines(), "Would be opened: "),
        host.migrated()
    );
    assert_eq!(host.state(), before);
    let done = run(migrate);
    assert_eq!(named_behind(&done.lines(), "Opened: "), host.migrated());
    host.judge(Body::Message);
    let after = host.state();
    let done = run(migrate);
    let skipped = named_behind(&done.lines(), "The new branch already exists: ");
    assert_eq!(skipped, host.migrated());
    assert_eq!(host.state(), after);
}

#[test]
fn git_xargs_migrates_all_and_a_second_time_nothing() {
    let host = Host::new();
    desk(&host);
    let [dry_run, migrate] = &commands("git-xargs")[..] else {
        panic!("a dry run, and a run");
    };
    let run = |command: &str| {
        let done = run(&mut line(&host, command));
        assert_eq!(done.status, 0, "{}", done.stderr);
        let failed = named_behind(&done.lines(), "COMMAND ERROR: ");
        assert_eq!(failed, host.failing());
        named_behind(&done.lines(), "OPENED: ")
    };
    let before = host.state();
    assert_eq!(run(dry_run), BTreeSet::new());
    assert_eq!(host.state(), before);
    assert_eq!(run(migrate), host.migrated());
    host.judge(Body::Message);
    let after = host.state();
    assert_eq!(run(migrate), BTreeSet::new());
    assert_eq!(host.state(), after);
}

#[test]
fn turbolift_migrates_all_and_a_second_time_nothing() {
    let host = Host::new();
    desk(&host);
    let commands = commands("turbolift");
    let (migrate, prepare) = commands.split_last().unwrap();
    for command in prepare {
        stdout(&mut line(&host, command));
    }
    let done = run(&mut line(&host, migrate));
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(named_behind(&done.lines(), "errored: "), host.failing());
    assert_eq!(named_behind(&done.lines(), "opened: "), host.migrated());
    host.judge(Body::Message);
    let after = host.state();
    let done = run(&mut line(&host, migrate));
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(named_behind(&done.lines(), "opened: "), BTreeSet::new());
    assert_eq!(host.state(), after);
}

#[test]
fn a_loop_migrates_all_and_a_second_time_nothing() {
    let host = Host::new();
    desk(&host);
    let migrate = || {
        let done = run(&mut line(&host, &commands("loop")[0]));
        assert_eq!(done.status, 1, "{}", done.stderr);
        let lines: Vec<&str> = done.stderr.lines().collect();
        let failed = named_before(&lines, &host.path(), ": failed with status 2");
        assert_eq!(failed, host.failing(), "{}", done.stderr);
        assert!(done.stderr.ends_with(&format!("{} failed\n", failed.len())));
        done
    };
    let done = migrate();
    let pushed = named_before(&done.lines(), &host.path(), ": immutag is pushed");
    assert_eq!(pushed, host.migrated());
    host.judge(Body::Diff);
    let after = host.state();
    let done = migrate();
    let there = named_before(&done.lines(), &host.path(), ": immutag is there already");
    assert_eq!(there, host.migrated());
    assert_eq!(host.state(), after);
    let temporary = fs::read_dir(host.folder("temporary files")).unwrap();
    assert_eq!(temporary.count(), 0);
}

#[test]
fn a_loop_takes_a_last_line_that_has_no_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(recipe("loop.sh"), folder.path().join("loop.sh")).unwrap();
    let beside = folder.path().join("branch.sh");
    fs::write(&beside, "#!/bin/sh\necho \"$1\"\n").unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).unwrap();
    for list in ["a\nb c", "a\nb c\n"] {
        fs::write(folder.path().join("remotes.txt"), list).unwrap();
        let mut command = super::command("sh");
        command
            .args(["-c", "./loop.sh < remotes.txt"])
            .current_dir(folder.path());
        let done = run(&mut command);
        assert_eq!((done.status, done.lines()), (0, vec!["a", "b c"]));
    }
}

#[test]
#[ignore = "needs IMMUTAG_PARALLEL and IMMUTAG_SSHD"]
fn gnu_parallel_migrates_all_and_a_second_time_nothing() {
    let parallel = tool("IMMUTAG_PARALLEL");
    let host = Host::whole();
    let desk = desk(&host);
    let machines = Machines::start(&host);
    fs::write(desk.join("machines.txt"), Machines::list()).unwrap();
    let log = desk.join("immutag.joblog");
    let migrate = || {
        let mut command = line(&host, &commands("parallel")[0]);
        let done = run(command
            .env("PATH", super::path_with(&parallel))
            .env("PARALLEL_HOME", host.folder("parallel"))
            .env("PARALLEL_SSH", machines.ssh_command())
            .env("OPEN", recipe("open-github.sh")));
        // The number of those that failed.
        let failed = host.failing().len();
        assert_eq!(usize::try_from(done.status), Ok(failed), "{}", done.stderr);
        done
    };
    let done = migrate();
    let pushed = named_before(&done.lines(), &host.path(), ": immutag is pushed");
    assert_eq!(pushed, host.migrated(), "{}", done.stderr);
    host.judge(Body::Diff);
    let after = host.state();

    // Each once, over all machines.
    let rows = fs::read_to_string(&log).unwrap();
    let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split('\t').collect()).collect();
    let jobs = &rows[1..];
    let mut numbers: Vec<usize> = jobs.iter().map(|row| row[0].parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=host.seeds().len()).collect::<Vec<_>>());
    let by: BTreeSet<&str> = jobs.iter().map(|row| row[1]).collect();
    assert_eq!(by.len(), Machines::count(), "{by:?}");

    // What failed is run again, and nothing else.
    migrate();
    let rows = fs::read_to_string(&log).unwrap();
    assert_eq!(
        rows.lines().count(),
        1 + host.seeds().len() + host.failing().len(),
        "the heading, and a line for each job"
    );
    assert_eq!(host.state(), after);
    // Without its log, parallel looks at all again.
    fs::remove_file(log).unwrap();
    let done = migrate();
    let there = named_before(&done.lines(), &host.path(), ": immutag is there already");
    assert_eq!(there, host.migrated());
    assert_eq!(host.state(), after);
}

/// The parts of a walk, told by the arguments or the environment of each, are all of it.
fn cover_all(parts: Vec<Command>) {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|number| format!("a b/{number}.yaml")).collect();
    for name in &names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "Resources: {Web: {Type: AWS::ECR::Repository}}\n").unwrap();
    }
    let mut found = Vec::new();
    for mut part in parts {
        let done = run(part.current_dir(folder.path()));
        let paths = done.lines().into_iter().map(|line| line.split(':').next());
        let paths: Vec<String> = paths.map(|path| path.unwrap().to_owned()).collect();
        assert_eq!(done.status, 1, "a part of 40 files: {}", done.stderr);
        found.extend(paths);
    }
    found.sort();
    let mut names = names;
    names.sort();
    assert_eq!(found, names);
}

#[test]
fn the_matrices_of_the_page_are_all_of_a_walk() {
    let yaml = |name: &str| {
        let first = format!("# {name}\n");
        let block = blocks()
            .into_iter()
            .find(|(_, text)| text.starts_with(&first));
        yaml(&block.unwrap().1)
    };
    let job = &yaml(".github/workflows/immutag-parts.yml")["jobs"]["check"];
    let action = &job["steps"][1];
    assert!(
        action["uses"]
            .as_str()
            .unwrap()
            .starts_with("example/immutag@")
    );
    let parts = job["strategy"]["matrix"]["part"].as_array().unwrap();
    cover_all(
        parts
            .iter()
            .map(|part| {
                let argument = action["with"]["args"].as_str().unwrap();
                let argument = argument.replace("${{ matrix.part }}", part.as_str().unwrap());
                let mut command = super::command("immutag");
                command.args(["check", &argument, "--", "."]);
                command
            })
            .collect(),
    );
    let job = &yaml(".gitlab-ci.yml")["immutag"];
    let count: usize = job["parallel"].as_str().unwrap().parse().unwrap();
    cover_all(
        (1..=count)
            .map(|index| {
                let mut command = super::command("sh");
                command
                    .args(["-c", job["script"][0].as_str().unwrap()])
                    .env("CI_NODE_INDEX", index.to_string())
                    .env("CI_NODE_TOTAL", count.to_string());
                command
            })
            .collect(),
    );
}

/// An example that no test knows is an example that may be wrong.
#[test]
fn every_block_of_the_page_is_of_a_kind_that_is_tested() {
    let recipes = ["loop", "parallel", "multi-gitter", "git-xargs", "turbolift"];
    for (info, _) in blocks() {
        let known = match info.split_once(' ') {
            // The tests of the README run the first, and the test above the second.
            None => ["console", "yaml"].contains(&info.as_str()),
            Some(("sh", name)) if recipes.contains(&name) => true,
            Some((_, name)) => recipe(name).exists(),
        };
        assert!(known, "a block of {info:?}");
    }
}

#[test]
fn the_page_shows_each_file_as_it_is() {
    let shown: BTreeMap<String, String> = blocks()
        .into_iter()
        .filter_map(|(info, text)| Some((info.split_once(' ')?.1.to_owned(), text)))
        .filter(|(name, _)| name.contains('.'))
        .collect();
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(recipe("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        files.insert(name, fs::read_to_string(path).unwrap());
    }
    assert_eq!(shown, files);
}

/// The first repository with an outcome, and a host that holds it.
fn one(is_meant: fn(&Outcome) -> bool) -> (Host, &'static Seed) {
    let seed = seeds().iter().find(|seed| is_meant(&seed.outcome)).unwrap();
    (Host::with(vec![seed]), seed)
}

#[test]
fn a_branch_whose_pull_request_does_not_open_is_taken_back() {
    let (host, seed) = one(|outcome| matches!(outcome, Outcome::Branch(_)));
    let before = host.state();
    let remote = host.remote(seed);
    let branch = |open: &str| {
        let mut command = host.command(recipe("branch.sh"));
        run(command.arg(&remote).env("OPEN", open))
    };
    let done = branch("false");
    assert_eq!(done.status, 1, "{}", done.stderr);
    assert_eq!(host.state(), before);
    // One that is interrupted meanwhile, too.
    let interrupt = host.folder("bin").join("interrupt");
    fs::write(&interrupt, "#!/bin/sh\nkill -TERM $PPID\n").unwrap();
    stdout(host.command("chmod").arg("+x").arg(&interrupt));
    let done = branch(interrupt.to_str().unwrap());
    assert_eq!(done.status, 130, "{}", done.stderr);
    assert_eq!(host.state(), before);
    let done = branch("true");
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_ne!(host.state(), before);
}

#[test]
fn a_branch_has_the_name_that_is_asked_for_and_needs_no_pull_request() {
    let (host, seed) = one(|outcome| matches!(outcome, Outcome::Branch(_)));
    let remote = host.remote(seed);
    let mut command = host.command(recipe("branch.sh"));
    let done = run(command.arg(&remote).env("BRANCH", "wave/1"));
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(
        done.lines(),
        [format!("{}: wave/1 is pushed", remote.display())]
    );
    let said = git(&remote, &["log", "-1", "--format=%B", "wave/1"]);
    assert_eq!(text(&said).trim_end(), message().trim_end());
}

#[test]
fn what_is_no_repository_fails_and_an_empty_one_has_nothing_to_do() {
    let host = Host::with(Vec::new());
    let empty = host.folder("empty.git");
    stdout(
        host.command("git")
            .args(["init", "-q", "--bare"])
            .arg(&empty),
    );
    let done = run(host.command(recipe("branch.sh")).arg(&empty));
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert_eq!(
        done.lines(),
        [format!("{}: nothing to do", empty.display())]
    );
    let done = run(host
        .command(recipe("branch.sh"))
        .arg(host.path().join("missing.git")));
    assert_eq!(done.status, 128, "{}", done.stderr);
}

#[test]
fn where_a_file_cannot_be_judged_nothing_is_written() {
    let (host, seed) = one(|outcome| matches!(outcome, Outcome::Failure));
    let clone = host.folder("clone");
    stdout(
        host.command("git")
            .args(["clone", "-q"])
            .arg(host.remote(seed))
            .arg(&clone),
    );
    let done = run(host.command(recipe("fix.sh")).current_dir(&clone));
    assert_eq!(done.status, 2, "{}", done.stderr);
    assert_eq!(text(&git(&clone, &["status", "--porcelain"])), "");
}

#[test]
fn the_texts_of_the_batch_spec_are_those_of_the_message() {
    let spec = fs::read_to_string(recipe("batch-spec.yaml")).unwrap();
    let spec = yaml(&spec);
    let template = &spec["changesetTemplate"];
    let message = message();
    assert_eq!(template["commit"]["message"], message.as_str());
    assert_eq!(template["title"], message.lines().next().unwrap());
    assert_eq!(template["branch"], BRANCH);
    // A line of a message is to fit a terminal, and a title a list.
    assert!(message.lines().all(|line| line.len() <= 72));
    assert!(message.lines().next().unwrap().len() <= 50);
}

#[test]
#[ignore = "needs IMMUTAG_SHELLCHECK"]
fn shellcheck_has_no_complaint() {
    let shellcheck = tool("IMMUTAG_SHELLCHECK");
    let mut scripts = Vec::new();
    for folder in ["docs/bulk", "tests/it/bulk/stand-ins"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        scripts.extend(entries.map(|entry| entry.unwrap().path()));
    }
    scripts.retain(|path| path.extension().is_none_or(|suffix| suffix == "sh"));
    scripts.sort();
    assert!(scripts.len() >= 10, "{scripts:?}");
    let done = run(super::command(shellcheck).args(&scripts));
    assert_eq!(done.status, 0, "{}", text(&done.stdout));
}

#[test]
fn the_repositories_are_of_all_kinds() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in seeds() {
        *counts
            .entry(seed.name.split_once('-').unwrap().1)
            .or_default() += 1;
    }
    assert_eq!(counts.values().sum::<usize>(), 300);
    assert!(
        counts["broken"] == 100 && counts["compliant"] == 100,
        "{counts:?}"
    );
    for kind in ["refused", "mixed", "none", "ignored", "failing"] {
        assert!(counts[kind] >= 4, "{counts:?}");
    }
}
