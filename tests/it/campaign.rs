//! Many git repositories in one run: what is told of each, what is refused,
//! how a run is split, and what one that is interrupted or killed leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{BAD, Folder, GOOD, IMMUTAG, Output, TWICE, UNSAFE};

const IGNORED: &str = "Resources:\n  # immutag: ignore\n  Web:\n    Type: AWS::ECR::Repository\n";

/// A folder `src` with a git repository for every verdict, and one file
/// outside of any.
fn repositories() -> Folder {
    let folder = Folder::new(&[
        ("src/bad/a.yaml", BAD),
        ("src/bad/deep/b.yaml", BAD),
        ("src/good/a.yaml", GOOD),
        ("src/ignored/a.yaml", IGNORED),
        ("src/none/readme.yaml", "a: b\n"),
        ("src/twice/a.yaml", TWICE),
        ("src/unsafe/a.yaml", UNSAFE),
        ("src/loose.yaml", BAD),
    ]);
    for name in ["bad", "good", "ignored", "none", "twice", "unsafe"] {
        folder.commit_all(&format!("src/{name}"));
    }
    folder
}

/// The lines of the table on standard error, as words.
fn table(output: &Output) -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    let lines = output.stderr.lines();
    let lines = lines.skip_while(|line| !line.starts_with("git repository"));
    let lines = lines.skip(1).take_while(|line| line.contains("  "));
    lines.map(words).collect()
}

#[test]
fn a_run_over_several_repositories_ends_with_a_table_of_them() {
    let folder = repositories();
    let output = folder.run(&["fix", "src"]);
    assert_eq!(
        table(&output),
        [
            "(in no git repository) 1 1 1 0 0 0 0",
            "src/bad 2 2 2 0 0 0 0",
            "src/ignored 1 1 0 0 0 1 0",
            "src/twice 1 1 0 0 1 0 0",
            "src/unsafe 1 1 0 1 0 0 0",
        ]
        .map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>()),
        "{}",
        output.stderr
    );
    assert!(
        output
            .stderr
            .contains("\n2 more git repositories with nothing to do.\n"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.lines().any(|line| line
            == "git repository          templates  ECR repositories  fixed  unsafe  refused  suppressed  errors"),
        "{}",
        output.stderr
    );
    let again = folder.run(&["fix", "src", "-v"]);
    let names: Vec<_> = table(&again)
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(
        names,
        [
            "(in",
            "src/bad",
            "src/good",
            "src/ignored",
            "src/none",
            "src/twice",
            "src/unsafe"
        ]
    );
    let quiet = folder.run(&["fix", "src", "-q"]);
    assert_eq!((quiet.stderr.as_str(), table(&quiet).len()), ("", 0));
}

#[test]
fn a_run_in_one_repository_has_no_table() {
    let folder = repositories();
    for arguments in [["check", "src/bad"], ["check", "src/bad/deep/b.yaml"]] {
        let output = folder.run(&arguments);
        assert!(
            !output.stderr.contains("git repository"),
            "{}",
            output.stderr
        );
    }
    let inside = folder.run_in("src/bad", &["check"], b"");
    assert!(
        !inside.stderr.contains("git repository"),
        "{}",
        inside.stderr
    );
}

#[test]
fn files_that_are_listed_are_grouped_by_repository_too() {
    let folder = repositories();
    folder.write("list", "src/bad/a.yaml\nsrc/unsafe/a.yaml\n");
    let output = folder.run(&["check", "--files-from", "list"]);
    let names: Vec<_> = table(&output)
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(names, ["src/bad", "src/unsafe"], "{}", output.stderr);
}

#[test]
fn the_summary_file_has_every_repository_and_fits_its_schema() {
    let folder = repositories();
    let output = folder.run(&["check", "src", "-q", "--summary-file", "campaign.json"]);
    assert_eq!(output.status, 1, "{}", output.stderr);
    let summary: serde_json::Value = serde_json::from_str(&folder.read("campaign.json")).unwrap();
    let schema = include_str!("../../docs/immutag-output.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&summary).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let found: BTreeMap<Option<&str>, u64> = summary["repositories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["path"].as_str(), one["findings"].as_u64().unwrap()))
        .collect();
    let expected = [
        (None, 1),
        (Some("src/bad"), 2),
        (Some("src/good"), 0),
        (Some("src/ignored"), 0),
        (Some("src/none"), 0),
        (Some("src/twice"), 1),
        (Some("src/unsafe"), 1),
    ];
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(summary["summary"]["findings"], 5);
    assert_eq!(summary["summary"]["files"], 8);
    assert_eq!(summary["summary"]["interrupted"], false);

    folder.run(&["check", "src", "-q", "--summary-file", "campaign.md"]);
    let markdown = folder.read("campaign.md");
    assert!(
        markdown.contains("| `src/bad` | 2 | 2 | 2 | 0 | 0 | 0 | 0 |\n"),
        "{markdown}"
    );
}

#[test]
fn the_summary_file_lies_outside_of_what_is_looked_at() {
    let folder = repositories();
    fs::create_dir(folder.path().join("src/bad/out")).unwrap();
    for arguments in [
        ["fix", "src", "--summary-file", "src/x.json"],
        ["fix", "src", "--summary-file", "src/bad/out/x.json"],
        [
            "fix",
            "src/bad/a.yaml",
            "--summary-file",
            "src/bad/out/x.json",
        ],
        ["fix", ".", "--summary-file", "x.json"],
    ] {
        let output = folder.run(&arguments);
        assert_eq!(output.status, 2, "{arguments:?}");
        assert!(
            output.stderr.contains("name a file outside"),
            "{}",
            output.stderr
        );
        assert_eq!(folder.read("src/bad/a.yaml"), BAD);
    }
    let output = folder.run(&["fix", "src/bad", "-q", "--summary-file", "src/x.json"]);
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
    assert!(folder.read("src/x.json").contains("\"path\": \"src/bad\""));
}

#[test]
fn the_summary_file_lies_outside_of_the_repositories_of_files_that_are_listed() {
    let folder = repositories();
    folder.write("list", "src/bad/a.yaml\n");
    for arguments in [
        &["--files-from", "list"][..],
        &["src/good", "--files-from", "list"],
    ] {
        let flags = ["check", "--summary-file", "src/bad/x.md"];
        let output = folder.run(&[&flags, arguments].concat());
        assert_eq!(output.status, 2, "{arguments:?}");
        assert!(
            output.stderr.contains("name a file outside"),
            "{}",
            output.stderr
        );
    }
    for flags in [["--staged", "deep"], ["--since=HEAD", "deep"]] {
        let flags = [&["check", "--summary-file", "x.md"], &flags[..]].concat();
        let output = folder.run_in("src/bad", &flags, b"");
        assert_eq!(output.status, 2, "{flags:?}");
        assert!(!folder.path().join("src/bad/x.md").exists());
    }
}

#[test]
fn the_summary_file_is_no_template_and_no_other_report() {
    let folder = repositories();
    std::os::unix::fs::symlink("src/bad/a.yaml", folder.path().join("l.md")).unwrap();
    std::os::unix::fs::symlink("src/bad", folder.path().join("into")).unwrap();
    folder.write("plain.yaml", GOOD);
    for file in ["l.md", "plain.yaml"] {
        let output = folder.run(&["fix", "src", "--summary-file", file]);
        assert_eq!(output.status, 2);
        assert!(
            output.stderr.contains("no report is written over it")
                && output.stderr.contains("with --summary-file"),
            "{}",
            output.stderr
        );
    }
    let output = folder.run(&["fix", "src", "--summary-file", "into/x.md"]);
    assert!(
        output.stderr.contains("name a file outside"),
        "{}",
        output.stderr
    );
    for other in ["json=s.json", "json=./s.json"] {
        let flags = ["fix", "src", "--summary-file", "s.json", "--output-file"];
        let output = folder.run(&[&flags[..], &[other]].concat());
        assert_eq!(output.status, 2, "{other}");
        assert!(
            output.stderr.contains("a file takes one"),
            "{}",
            output.stderr
        );
    }
    assert_eq!(folder.read("src/bad/a.yaml"), BAD);
    assert_eq!(folder.read("plain.yaml"), GOOD);
    // One of the run before is replaced.
    for _ in 0..2 {
        let output = folder.run(&["check", "src", "-q", "--summary-file", "s.md"]);
        assert_eq!((output.status, output.stderr.as_str()), (1, ""));
    }
}

/// A link may lead to a file that is not there yet.
#[test]
fn a_report_goes_where_a_link_leads() {
    let folder = repositories();
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
    };
    link("a", "l");
    link("../l", "src/m");
    link("src/new.json", "into");
    link("none/a", "nowhere");
    link("round", "round");
    for (one, other) in [("a", "l"), ("l", "a"), ("a", "src/m"), ("src/m", "l")] {
        for flag in ["--output-file", "--summary-file"] {
            let (one, other) = (format!("json={one}"), format!("json={other}"));
            let flags = ["fix", "src/bad", "--output-file", &one, flag, &other];
            let output = folder.run(&flags);
            assert_eq!(output.status, 2, "{one} {other}: {}", output.stdout);
            assert!(
                output.stderr.contains("a file takes one"),
                "{}",
                output.stderr
            );
        }
    }
    for (name, said) in [
        ("into", "name a file outside"),
        ("nowhere", "No such file or directory"),
        ("round", "Too many levels of symbolic links"),
    ] {
        let output = folder.run(&["fix", "src", "--summary-file", &format!("json={name}")]);
        assert_eq!(output.status, 2, "{name}");
        assert!(output.stderr.contains(said), "{name}: {}", output.stderr);
    }
    assert_eq!(folder.read("src/bad/a.yaml"), BAD);
    let output = folder.run(&["check", "src/bad", "-q", "--output-file", "json=src/m"]);
    assert_eq!((output.status, output.stderr.as_str()), (1, ""));
    assert!(folder.read("a").starts_with('{'));
    assert!(folder.path().join("l").is_symlink());
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is() {
    let folder = repositories();
    for (file, said) in [
        ("nowhere/x.json", "No such file or directory"),
        ("src/loose.yaml/x.json", "Not a directory"),
        ("src", "Is a directory"),
    ] {
        for flag in ["--summary-file", "--output-file"] {
            let file = format!("json={file}");
            let output = folder.run(&["fix", "src/bad", flag, &file]);
            assert_eq!(output.status, 2, "{flag} {file}");
            assert!(
                output.stderr.contains("cannot be written: ") && output.stderr.contains(said),
                "{}",
                output.stderr
            );
            assert_eq!(folder.read("src/bad/a.yaml"), BAD, "{flag} {file}");
        }
    }
}

/// What a stream was sent to is written on, and not replaced.
#[cfg(target_os = "linux")]
#[test]
fn a_report_on_a_stream_leaves_what_was_there() {
    let folder = repositories();
    let sh = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line, IMMUTAG]);
        folder.finish(command, b"")
    };
    std::os::unix::fs::symlink("/dev/stdout", folder.path().join("link")).unwrap();
    for flag in ["--output-file", "--summary-file"] {
        for (name, to) in [
            ("/dev/stdout", ">> log"),
            ("/proc/self/fd/1", ">> log"),
            ("/dev/fd/1", "> log"),
            ("link", ">> log"),
            ("/dev/stderr", "2>> log"),
            ("/dev/fd/2", "2> log"),
        ] {
            folder.write("log", "old\n");
            let output = sh(&format!("\"$0\" check src/bad {flag} json={name} {to}"));
            assert_eq!(output.status, 1, "{flag} {name}: {}", output.stderr);
            let log = folder.read("log");
            assert_eq!(log.starts_with("old\n"), to.contains(">>"), "{name}: {log}");
            assert!(
                log.contains("\"version\"") || log.contains("\"tool\""),
                "{name}: {log}"
            );
            let rest = if name.contains('2') || name.contains("err") {
                "Found 2 findings"
            } else {
                "a.yaml:2:3: Web"
            };
            assert!(log.contains(rest), "{flag} {name}: {log}");
        }
        // What goes on with another descriptor would go over the report.
        folder.write("log", "old\n");
        let output = sh(&format!("\"$0\" fix src/bad {flag} json=/dev/fd/3 3>> log"));
        assert_eq!(output.status, 2, "{}", output.stderr);
        assert!(
            output.stderr.contains("/dev/fd/3 cannot be written: ")
                && output.stderr.contains("name the file itself"),
            "{}",
            output.stderr
        );
        assert_eq!(folder.read("log"), "old\n");
        // As a shell has it for `>(command)`.
        let pipe = format!("(\"$0\" check src/bad -q {flag} json=/dev/fd/3 3>&1 >&2) | wc -l");
        let output = sh(&pipe);
        assert_ne!(output.stdout.trim(), "0", "{}", output.stderr);
    }
    assert_eq!(folder.read("src/bad/a.yaml"), BAD);
    // A stream takes as many as there are, but no file takes one in its place, too.
    let both = "--output-file json=/dev/stdout --output-file junit=/dev/fd/1";
    let output = sh(&format!("\"$0\" check src/bad {both}"));
    assert_eq!(output.status, 1, "{}", output.stderr);
    assert!(output.stdout.contains("<testsuites"), "{}", output.stdout);
    for both in [
        "--output-file json=log --output-file junit=/dev/stdout",
        "--output-file junit=/dev/stdout --output-file json=log",
    ] {
        let output = sh(&format!("\"$0\" check src/bad {both} >> log"));
        assert_eq!(output.status, 2, "{both}");
        assert!(
            output.stderr.contains("a file takes one"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn what_is_not_committed_is_not_written_where_that_is_asked_for() {
    let folder = repositories();
    folder.write("src/bad/new.yaml", BAD);
    folder.write("src/bad/.gitignore", "ignored.yaml\nbuild/\n");
    folder.write("src/bad/ignored.yaml", BAD);
    folder.write("src/bad/build/a.yaml", BAD);
    let staged = format!("{BAD}    # more\n");
    folder.write("src/bad/deep/b.yaml", &staged);
    folder.git_in("src/bad", &["add", "deep"], b"");
    folder.write("src/unsafe/a.yaml", &format!("{UNSAFE}# more\n"));
    let output = folder.run(&[
        "fix",
        "--require-clean",
        "src",
        "src/bad/ignored.yaml",
        "src/bad/build/a.yaml",
    ]);
    assert_eq!(output.status, 2);
    let refused: BTreeSet<&str> = output
        .stderr
        .lines()
        .filter(|line| line.ends_with("[uncommitted]"))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        refused,
        BTreeSet::from([
            "src/bad/build/a.yaml",
            "src/bad/deep/b.yaml",
            "src/bad/ignored.yaml",
            "src/bad/new.yaml",
            "src/loose.yaml",
        ]),
        "{}",
        output.stderr
    );
    for refused in refused {
        assert!(folder.read(refused).starts_with(BAD), "{refused}");
    }
    assert_eq!(folder.read("src/bad/a.yaml"), GOOD, "it is committed");
    let before = folder.git_in("src/bad", &["diff", "--cached", "--name-only"], b"");
    assert_eq!(before, "deep/b.yaml\n", "the index is as it was");
    let output = folder.run(&["fix", "src/bad/deep"]);
    assert_eq!(output.status, 0, "everyday use needs nothing committed");
    assert!(!folder.read("src/bad/deep/b.yaml").starts_with(&staged));
}

/// What somebody asked for in one repository is not passed over by a run over
/// many, whose settings are others.
#[test]
fn settings_of_another_repository_are_not_passed_over() {
    let folder = repositories();
    folder.write("src/bad/immutag.toml", "keep-mutable = ['latest']\n");
    folder.write("src/good/immutag.toml", "strict = true\n");
    folder.write("src/ignored/immutag.toml", "strict = true\n");
    let told = "a.yaml: error: its repository has settings of its own, src/bad/immutag.toml, and \
                they do not hold here; run immutag where they do, leave the file out with --exclude, \
                or say which settings hold with --config FILE or --no-config [settings]\n";
    for command in ["check", "diff", "fix", "impact"] {
        let output = folder.run(&[command, "src"]);
        assert_eq!(output.status, 2, "{command}");
        assert!(output.stderr.contains(told), "{command}: {}", output.stderr);
        assert_eq!(
            output.stderr.matches("[settings]").count(),
            2,
            "where something is found: {}",
            output.stderr
        );
        assert_eq!(folder.read("src/bad/a.yaml"), BAD);
    }
    let name = ["fix", "-", "--stdin-filename", "src/bad/a.yaml"];
    let text = folder.run_in("", &name, BAD);
    assert_eq!((text.status, text.stdout.as_str()), (2, BAD));
    let from_beside = folder.run_in("src/good", &["fix", "../bad"], b"");
    assert_eq!(from_beside.status, 2);
    assert!(
        from_beside.stderr.contains("bad/immutag.toml, and they"),
        "{}",
        from_beside.stderr
    );
    // There they hold, wherever below one is.
    for (inside, path) in [("src/bad", "."), ("src/bad/deep", "..")] {
        let output = folder.run_in(inside, &["check", path], b"");
        assert_eq!(output.status, 1, "{}", output.stderr);
    }
    // Who says which settings hold is believed.
    folder.write("all.toml", "keep-mutable = ['dev']\n");
    let output = folder.run(&["diff", "src/bad", "--config", "all.toml"]);
    assert_eq!(output.status, 1, "{}", output.stderr);
    assert!(output.stdout.contains("Value: dev"), "{}", output.stdout);
    let output = folder.run(&["fix", "src/bad", "--no-config"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(folder.read("src/bad/a.yaml"), GOOD);
}

/// Settings that come to what holds are none to be told of.
#[test]
fn settings_of_another_repository_that_make_no_difference_are_not_told() {
    let folder = repositories();
    let status = |here: Option<&str>, there: &str, flags: &[&str]| {
        let _ = fs::remove_file(folder.path().join("immutag.toml"));
        if let Some(here) = here {
            folder.write("immutag.toml", here);
        }
        folder.write("src/bad/immutag.toml", there);
        let output = folder.run(&[&["check", "src/bad", "-q"], flags].concat());
        let is_told = output.stderr.contains("[settings]");
        assert_eq!(is_told, output.status == 2, "{there}: {}", output.stderr);
        output.status
    };
    let latest = "keep-mutable = ['latest']\n";
    let part = "[[override]]\npaths = ['deep/**']\nreport-only = true\n";
    for (here, there, flags, is_same) in [
        (None, "", &[][..], true),
        (None, "# nothing yet\n", &[], true),
        (Some(latest), "# nothing yet\n", &[], true),
        (None, "strict = false\nexclude = []\n", &[], true),
        (Some("strict = true\n"), "strict = false\n", &[], false),
        (
            Some(latest),
            "# as all\nkeep-mutable = [\n'latest']\n",
            &[],
            true,
        ),
        (Some(latest), "keep-mutable = ['dev']\n", &[], false),
        (None, "strict = true\n", &["--strict"], true),
        (None, "exclude = ['*.j2']\n", &[], false),
        (
            Some("exclude = ['*.j2']\n"),
            "exclude = ['*.j2']\n",
            &[],
            true,
        ),
        (
            Some("exclude = ['x/y']\n"),
            "exclude = ['x/y']\n",
            &[],
            false,
        ),
        (Some(part), part, &[], false),
        // Nothing is to be written, so that only the verdict counts.
        (None, "unsafe-fixes = true\n", &[], false),
        (
            None,
            "unsafe-fixes = true\n",
            &["--report-only", "src/bad/**"],
            true,
        ),
        (None, part, &["--report-only", "src/bad/**"], true),
        (None, latest, &["--report-only", "src/bad/**"], false),
        (
            None,
            "exclude = ['*.j2']\n",
            &["--report-only", "src/bad/**"],
            false,
        ),
        // Whatever it is.
        (None, "nonsense", &["--report-only", "src/bad/**"], false),
    ] {
        let expected = if is_same { 1 } else { 2 };
        assert_eq!(
            status(here, there, flags),
            expected,
            "{here:?} {there} {flags:?}"
        );
    }
    let out = ["--exclude", "src/bad/**"];
    assert_eq!(status(None, latest, &out), 0, "there is a way out");
}

/// What holds in a folder is what is found from there.
#[test]
fn settings_in_a_folder_of_another_repository_are_not_passed_over() {
    let folder = repositories();
    folder.write("src/bad/deep/immutag.toml", "keep-mutable = ['latest']\n");
    folder.write("src/immutag.toml", "keep-mutable = ['latest']\n");
    let output = folder.run(&["fix", "src/bad"]);
    assert_eq!(output.status, 2, "{}", output.stderr);
    assert!(
        output.stderr.starts_with("src/bad/deep/b.yaml: error: its repository has settings of its own, src/bad/deep/immutag.toml, "),
        "{}",
        output.stderr
    );
    assert_eq!(folder.read("src/bad/a.yaml"), GOOD);
    assert_eq!(folder.read("src/bad/deep/b.yaml"), BAD);
    // The nearest counts, and alone.
    folder.write("src/bad/immutag.toml", "strict = true\n");
    folder.write("src/bad/deep/immutag.toml", "");
    let output = folder.run(&["check", "src/bad"]);
    assert_eq!(output.status, 1, "{}", output.stderr);
}

/// A text may be for a file that is not there yet.
#[test]
fn settings_of_another_repository_hold_for_a_folder_to_come() {
    let folder = repositories();
    folder.write("src/bad/deep/immutag.toml", "keep-mutable = ['latest']\n");
    for name in ["src/bad/deep/new/t.yaml", "src/bad/deep/new/er/t.yaml"] {
        let name = ["fix", "-", "--stdin-filename", name];
        let text = folder.run_in("", &name, BAD);
        assert_eq!((text.status, text.stdout.as_str()), (2, BAD));
        assert!(text.stderr.contains("[settings]"), "{}", text.stderr);
    }
    for (inside, name) in [("", "new/t.yaml"), ("src/bad/deep", "new/t.yaml")] {
        let name = ["fix", "-", "--stdin-filename", name];
        let text = folder.run_in(inside, &name, BAD);
        assert_eq!(text.status, 0, "{}", text.stderr);
    }
}

/// Many repositories may share one file of settings.
#[test]
fn settings_that_are_shared_by_a_link_hold() {
    let folder = Folder::new(&[
        ("immutag.toml", "keep-mutable = ['latest']\n"),
        ("r/a.yaml", BAD),
    ]);
    std::os::unix::fs::symlink("../immutag.toml", folder.path().join("r/immutag.toml")).unwrap();
    folder.commit_all("r");
    let output = folder.run(&["fix", "r"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(folder.read("r/a.yaml").contains("Value: latest"));
}

/// Git tells of no change in a file that it is told not to look at.
#[test]
fn what_git_does_not_look_at_is_not_written_where_that_is_asked_for() {
    for flag in ["--skip-worktree", "--assume-unchanged"] {
        let folder = repositories();
        let mine = format!("{BAD}# mine\n");
        folder.git_in("src/bad", &["update-index", flag, "deep/b.yaml"], b"");
        folder.write("src/bad/deep/b.yaml", &mine);
        let output = folder.run(&["fix", "--require-clean", "src/bad"]);
        assert_eq!(output.status, 2, "{}", output.stdout);
        assert_eq!(folder.read("src/bad/deep/b.yaml"), mine, "{flag}");
        assert!(
            output
                .stderr
                .contains("src/bad/deep/b.yaml: error: not written: git is told not to look"),
            "{}",
            output.stderr
        );
        assert_eq!(folder.read("src/bad/a.yaml"), GOOD);
    }
}

/// A `.git` that is no repository: git answers for the one around it, and not
/// for the files that immutag asks about.
#[test]
fn what_git_takes_for_a_part_of_another_repository_is_not_written() {
    let folder = Folder::new(&[("outer/x/t.yaml", BAD), ("outer/a.yaml", BAD)]);
    folder.commit_all("outer");
    fs::create_dir(folder.path().join("outer/x/.git")).unwrap();
    let mine = format!("{BAD}# mine\n");
    folder.write("outer/x/t.yaml", &mine);
    let output = folder.run(&["fix", "--require-clean", "outer"]);
    assert_eq!(output.status, 2, "{}", output.stdout);
    assert_eq!(folder.read("outer/x/t.yaml"), mine);
    assert!(
        output.stderr.contains("it takes the folder for a part of"),
        "{}",
        output.stderr
    );
    assert_eq!(folder.read("outer/a.yaml"), GOOD);
}

/// In a hook git says which repository it is about: only that one.
#[test]
fn what_the_environment_says_of_a_repository_holds_for_no_other() {
    let folder = repositories();
    let mut command = Command::new(IMMUTAG);
    command.args(["fix", "--require-clean", "src/bad"]);
    command.env("GIT_DIR", folder.path().join("src/good/.git"));
    command.env("GIT_INDEX_FILE", folder.path().join("src/good/.git/index"));
    let output = folder.finish(command, b"");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(folder.read("src/bad/a.yaml"), GOOD);
}

/// The paths that a check reports.
fn reported(output: &Output) -> Vec<String> {
    let lines = output.stdout.lines();
    lines
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_parts_share_nothing_and_are_all() {
    let folder = Folder::new(&[]);
    for number in 0..40 {
        folder.write(format!("all/flat/{number}.yaml"), BAD);
        folder.write(format!("all/r{number}/a.yaml"), BAD);
        folder.write(format!("all/r{number}/b/c.yaml"), BAD);
        fs::create_dir(folder.path().join(format!("all/r{number}/.git"))).unwrap();
    }
    let whole = reported(&folder.run(&["check", "all"]));
    assert_eq!(whole.len(), 120);
    let mut parts = Vec::new();
    for number in 1..=4 {
        let part = folder.run(&["check", "all", "--partition", &format!("{number}/4")]);
        let part = reported(&part);
        assert!((15..=45).contains(&part.len()), "{} of 120", part.len());
        for number in 0..40 {
            let of_one = part
                .iter()
                .filter(|path| path.starts_with(&format!("all/r{number}/")));
            assert!(
                [0, 2].contains(&of_one.count()),
                "r{number} is split: {part:?}"
            );
        }
        // The same part, wherever the folder lies and whatever it is called.
        let inside = folder.run_in(
            "all",
            &["check", "--partition", &format!("{number}/4")],
            b"",
        );
        let inside: Vec<_> = reported(&inside)
            .iter()
            .map(|path| format!("all/{path}"))
            .collect();
        assert_eq!(part, inside);
        parts.extend(part);
    }
    parts.sort();
    let mut sorted = whole;
    sorted.sort();
    assert_eq!(parts, sorted);
}

#[test]
fn the_parts_of_one_repository_are_its_files() {
    let folder = Folder::new(&[]);
    for number in 0..40 {
        folder.write(format!("{number}.yaml"), BAD);
    }
    folder.commit_all("");
    for flags in [&[][..], &["--since", "HEAD~0"], &["--staged"]] {
        if flags == ["--staged"] {
            folder.git(&["rm", "-q", "--cached", "*.yaml"]);
            folder.git(&["commit", "-q", "-m", "x", "--allow-empty"]);
            folder.git(&["add", "-A"]);
        } else if !flags.is_empty() {
            for number in 0..40 {
                folder.write(format!("{number}.yaml"), &format!("{BAD}# more\n"));
            }
        }
        let mut parts = Vec::new();
        for part in ["1/3", "2/3", "3/3"] {
            let arguments = [&["check", "--partition", part], flags].concat();
            let part = reported(&folder.run(&arguments));
            assert!(part.len() > 3, "{flags:?}: {} of 40", part.len());
            parts.extend(part);
        }
        let all: BTreeSet<_> = parts.iter().collect();
        assert_eq!((all.len(), parts.len()), (40, 40), "{flags:?}");
    }
}

#[test]
fn the_output_is_in_the_order_of_the_paths_whatever_the_threads_do() {
    let folder = Folder::new(&[]);
    for number in 0..200 {
        folder.write(format!("{}/{number}.yaml", number % 7), BAD);
    }
    let one = folder.run(&["check", "--jobs", "1"]);
    for _ in 0..5 {
        let many = folder.run(&["check", "-j", "8"]);
        assert_eq!((&many.stdout, &many.stderr), (&one.stdout, &one.stderr));
    }
    let paths: Vec<PathBuf> = reported(&one).into_iter().map(PathBuf::from).collect();
    assert!(paths.is_sorted() && paths.len() == 200);
}

#[test]
fn a_temporary_file_of_a_run_that_was_killed_is_told_and_left() {
    let folder = Folder::new(&[("a.yaml", GOOD), (".immutag-abc123.tmp", BAD)]);
    let output = folder.run(&["fix", "--hidden", "--include", "*"]);
    assert_eq!(output.status, 0);
    assert!(
        output.stdout.starts_with(".immutag-abc123.tmp:1:1: note: "),
        "{}",
        output.stdout
    );
    assert_eq!(folder.read(".immutag-abc123.tmp"), BAD);
}

/// A tree of so many templates to repair, with `fix` on its way through it.
/// It lies in memory where that is to be had: each write is flushed, and
/// hundreds of runs would wait for the disk.
struct Campaign {
    folder: tempfile::TempDir,
    old: BTreeMap<PathBuf, String>,
}

impl Campaign {
    fn new(files: usize) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let mut old = BTreeMap::new();
        for number in 0..files {
            let mut text = String::from("Resources:\n");
            for repository in 0..=number % 5 {
                let _ = write!(
                    text,
                    "  R{number}x{repository}:\n    Type: AWS::ECR::Repository\n"
                );
            }
            let path = folder.path().join(format!("{}/{number}.yaml", number % 50));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
            old.insert(path, text);
        }
        Self { folder, old }
    }

    fn start(&self) -> Child {
        self.start_with(Command::new(IMMUTAG))
    }

    fn start_with(&self, mut command: Command) -> Child {
        command
            .args(["fix", "--no-config"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Whether a file is as it was, or as it is to be; None for neither.
    fn is_new(path: &Path, old: &str) -> Option<bool> {
        let new = old.replace(
            "Repository\n",
            "Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n",
        );
        let text = fs::read_to_string(path).unwrap();
        (text == new)
            .then_some(true)
            .or((text == old).then_some(false))
    }

    /// How many files are new. Each is old or new.
    fn new_files(&self) -> usize {
        let is_new = |(path, old): (&PathBuf, &String)| {
            usize::from(
                Self::is_new(path, old).unwrap_or_else(|| panic!("{} is torn", path.display())),
            )
        };
        self.old.iter().map(is_new).sum()
    }

    /// The names that are none of the files'.
    fn strays(&self) -> Vec<PathBuf> {
        let mut strays = Vec::new();
        for folder in fs::read_dir(self.folder.path()).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                if !self.old.contains_key(&path) {
                    strays.push(path);
                }
            }
        }
        strays
    }

    /// Makes the files that are new old again.
    fn reset(&self) {
        for (path, old) in &self.old {
            if Self::is_new(path, old) == Some(true) {
                fs::write(path, old).unwrap();
            }
        }
    }

    /// Waits until something is written, but not for ever. Looks at the first files only, so
    /// that it does not take the run's time.
    fn await_a_write(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        let mut first = self.old.iter().take(20).cycle();
        while let Some((path, old)) = first.next()
            && Self::is_new(path, old) == Some(false)
            && Instant::now() < end
        {
            thread::sleep(Duration::from_micros(100));
        }
    }
}

/// Whether a terminal that closes would end the programs that are started here:
/// not if somebody runs the tests with `nohup`, and not where it cannot be told.
fn hangup_ends() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut ignored = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.next().map(str::trim);
    ignored.is_some_and(|mask| u64::from_str_radix(mask, 16).unwrap() & 1 == 0)
}

#[test]
fn a_run_that_is_to_outlive_its_terminal_does() {
    let campaign = Campaign::new(3_000);
    let mut command = Command::new("sh");
    let run = "trap '' HUP; exec \"$0\" \"$@\" > /dev/null";
    command.args(["-c", run, IMMUTAG]);
    let child = campaign.start_with(command);
    campaign.await_a_write();
    let kill = format!("kill -HUP {}", child.id());
    let killed = Command::new("sh").args(["-c", &kill]).status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(campaign.new_files(), 3_000);
}

#[test]
fn an_interrupted_run_finishes_its_files_tells_what_it_did_and_can_be_run_again() {
    let mut signals = vec!["INT", "TERM"];
    if hangup_ends() {
        signals.push("HUP");
    }
    for signal in signals {
        let campaign = Campaign::new(3_000);
        let mut child = campaign.start();
        // Its output must not fill a pipe before it is read.
        let mut stdout = child.stdout.take().unwrap();
        let reader = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        campaign.await_a_write();
        let kill = format!("kill -{signal} {}", child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}: {stderr}");
        let fixed = campaign.new_files();
        assert!((1..3_000).contains(&fixed), "{fixed}");
        assert_eq!(campaign.strays(), Vec::<PathBuf>::new());
        assert!(
            stderr.contains(&format!(" in {fixed} files;")),
            "{fixed}: {stderr}"
        );
        assert!(stderr.contains("Interrupted before all files"), "{stderr}");
        let told = reader.join().unwrap();
        let paths: BTreeSet<_> = told.lines().map(|line| line.split(':').next()).collect();
        assert_eq!(paths.len(), fixed);
        let rest = campaign.start().wait_with_output().unwrap();
        assert_eq!(rest.status.code(), Some(0));
        assert_eq!(campaign.new_files(), 3_000);
    }
}

/// At 200 moments between the first write and the last.
#[test]
fn a_run_that_is_killed_leaves_every_file_old_or_new() {
    const MOMENTS: u32 = 200;
    // So many that most of a run is writing, and no more: each of them is read after each run.
    const FILES: usize = 400;
    let campaign = Campaign::new(FILES);
    let begun = Instant::now();
    let whole = campaign.start().wait_with_output().unwrap();
    let mut takes = begun.elapsed();
    assert_eq!(
        (whole.status.code(), campaign.new_files()),
        (Some(0), FILES)
    );
    campaign.reset();
    let (mut old, mut new, mut killed, mut strays) = (0, 0, 0, BTreeSet::new());
    // A moment is a step of the golden ratio away from the last one: all of
    // them lie evenly, and none twice.
    let mut moment = 0.5;
    for _ in 0..MOMENTS {
        moment = f64::fract(moment + 0.618_033_988_749_895);
        let mut child = campaign.start();
        drop(child.stdout.take());
        thread::sleep(takes.mul_f64(moment));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.signal() == Some(9) {
            killed += 1;
        } else {
            // It was over before: the machine has become faster.
            takes = takes.mul_f64(0.9);
        }
        let done = campaign.new_files();
        new += done;
        old += FILES - done;
        strays.extend(campaign.strays());
        campaign.reset();
    }
    eprintln!(
        "{killed} of {MOMENTS} runs were killed at work: {old} files old, {new} new, none torn; \
         {} stray temporary files",
        strays.len()
    );
    assert!(killed > MOMENTS / 2, "{killed}");
    assert!(old > 0 && new > 0, "{old} {new}");
    for stray in &strays {
        let name = stray.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(".immutag-") && stray.extension().unwrap() == "tmp",
            "{name}"
        );
    }
    // The next run does the rest and names what was left.
    let next = campaign.start().wait_with_output().unwrap();
    assert_eq!((next.status.code(), campaign.new_files()), (Some(0), FILES));
    let stdout = String::from_utf8(next.stdout).unwrap();
    let told = stdout.lines().filter(|line| line.ends_with("[stray]"));
    assert_eq!(told.count(), strays.len());
}
