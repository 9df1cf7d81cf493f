//! `immutag.toml` as its users meet it: where it is found, what wins, what it
//! means for which file, and what is said about it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::common::{BAD, COMPUTED, Folder, GOOD, Output, UNSAFE};

const CREATION: &str = "Resources:\n  Made:\n    Type: AWS::ECR::RepositoryCreationTemplate\n    Properties:\n      Prefix: web\n      AppliedFor: [CREATE_ON_PUSH]\n  Web:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: IMMUTABLE\n";
const LEGACY: &str = "[[override]]\npaths = [\"legacy/**\"]\nreport-only = true\n";

/// The paths that a check reports, each once.
fn reported(output: &Output) -> Vec<String> {
    let path = |line: &str| line.split(':').next().unwrap().to_owned();
    let mut paths: Vec<String> = output.stdout.lines().map(path).collect();
    paths.dedup();
    paths
}

#[test]
fn every_key_does_what_its_flag_does() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("strict = true", &["--strict"], COMPUTED),
        ("unsafe-fixes = true", &["--unsafe-fixes"], UNSAFE),
        (
            "keep-mutable = ['latest', 'dev-*']",
            &["--keep-mutable", "latest", "--keep-mutable", "dev-*"],
            BAD,
        ),
        (
            "creation-templates = true",
            &["--creation-templates"],
            CREATION,
        ),
        ("include = ['*.txt']", &["--include", "*.txt"], BAD),
        ("exclude = ['a.yaml']", &["--exclude", "a.yaml"], BAD),
        (
            "[[override]]\npaths = ['a.*']\nreport-only = true",
            &["--report-only", "a.*"],
            BAD,
        ),
    ];
    for (key, flag, text) in cases {
        let done = |files: &[(&str, &str)], flag: &[&str]| {
            let folder = Folder::new(files);
            let output = folder.run(&[&["fix"], flag].concat());
            (
                output.status,
                output.stdout,
                output.stderr,
                folder.read("a.yaml"),
            )
        };
        let plain = done(&[("a.yaml", text)], &[]);
        let by_flag = done(&[("a.yaml", text)], flag);
        let by_file = done(&[("a.yaml", text), ("immutag.toml", key)], &[]);
        assert_eq!(by_file, by_flag, "{key}");
        assert_ne!(by_file, plain, "{key}");
        let without = done(&[("a.yaml", text), ("immutag.toml", key)], &["--no-config"]);
        assert_eq!(without, plain, "{key}");
    }
}

#[test]
fn flags_win_over_the_file_and_its_overrides() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("strict = true", &["--no-strict"], COMPUTED),
        (
            "[[override]]\npaths = ['*']\nstrict = true",
            &["--no-strict"],
            COMPUTED,
        ),
        ("unsafe-fixes = true", &["--no-unsafe-fixes"], UNSAFE),
        (
            "[[override]]\npaths = ['*']\nunsafe-fixes = true",
            &["--no-unsafe-fixes"],
            UNSAFE,
        ),
        (
            "creation-templates = true",
            &["--no-creation-templates"],
            CREATION,
        ),
        ("keep-mutable = ['a']", &["--keep-mutable", "b"], BAD),
        (
            "[[override]]\npaths = ['*']\nkeep-mutable = ['a']",
            &["--keep-mutable", "b"],
            BAD,
        ),
        ("include = ['*.txt']", &["--include", "*.yaml"], BAD),
        ("exclude = ['*.yaml']", &["--exclude", "b.yaml"], BAD),
        (
            "[[override]]\npaths = ['*']\nreport-only = false",
            &["--report-only", "*.yaml"],
            BAD,
        ),
    ];
    for (key, flags, text) in cases {
        let folder = Folder::new(&[("a.yaml", text), ("immutag.toml", key)]);
        let alone = Folder::new(&[("a.yaml", text)]);
        let both = [&["diff"], *flags].concat();
        let (with, without) = (folder.run(&both), alone.run(&both));
        assert_eq!(with.status, without.status, "{key}");
        assert_eq!(with.stdout, without.stdout, "{key}");
        assert_eq!(with.stderr, without.stderr, "{key}");
    }
}

#[test]
fn of_two_overrides_the_later_wins_key_by_key() {
    let toml = "strict = true\n\
        [[override]]\npaths = ['a.yaml', 'b.yaml']\nstrict = false\nunsafe-fixes = true\n\
        [[override]]\npaths = ['b.yaml']\nstrict = true\n";
    let folder = Folder::new(&[
        ("a.yaml", COMPUTED),
        ("b.yaml", COMPUTED),
        ("c.yaml", COMPUTED),
        ("b/b.yaml", UNSAFE),
        ("c/c.yaml", UNSAFE),
        ("immutag.toml", toml),
    ]);
    let output = folder.run(&["check", "-q"]);
    assert_eq!(
        reported(&output),
        ["b/b.yaml", "b.yaml", "c/c.yaml", "c.yaml"]
    );
    folder.run(&["fix"]);
    assert_eq!(folder.read("b/b.yaml"), GOOD);
    assert_eq!(folder.read("c/c.yaml"), UNSAFE);
    // A flag for one key leaves the other keys of an override as they are.
    folder.write("b/b.yaml", UNSAFE);
    let output = folder.run(&["fix", "--no-strict"]);
    assert_eq!(
        reported(&output),
        ["a.yaml", "b/b.yaml", "b.yaml", "c/c.yaml", "c.yaml"]
    );
    assert_eq!(folder.read("b/b.yaml"), GOOD);
}

#[test]
fn the_file_is_found_from_below_and_not_beyond_the_repository() {
    let folder = Folder::new(&[
        ("immutag.toml", "nonsense"),
        ("repo/immutag.toml", "exclude = ['/sub/deep/no.yaml']"),
        ("repo/sub/deep/a.yaml", BAD),
        ("repo/sub/deep/no.yaml", BAD),
        ("other/a.yaml", BAD),
    ]);
    // The file of a worktree marks a repository, too.
    folder.write("repo/.git", "gitdir: elsewhere\n");
    for sub in ["repo", "repo/sub", "repo/sub/deep"] {
        let output = folder.run_in(sub, &["check"], "");
        assert_eq!(output.status, 1, "{}", output.stderr);
        assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
    }
    // No repository: what lies above does not count.
    assert_eq!(folder.run_in("other", &["check"], "").status, 1);
    assert_eq!(folder.run(&["check"]).status, 2);
    fs::create_dir(folder.path().join("other/.git")).unwrap();
    assert_eq!(folder.run_in("other", &["check"], "").status, 1);
    // It is the working directory that counts, not the paths; so what is found
    // where another file would hold is told, and not judged.
    let output = folder.run_in("other", &["check", "-q", "../repo/sub"], "");
    let told = output.stderr.lines();
    let told = told.filter(|line| line.ends_with("[settings]"));
    assert_eq!(told.count(), 2, "{}", output.stderr);
    assert_eq!((output.status, output.stdout.as_str()), (2, ""));
    let none = ["check", "-q", "../repo/sub", "--no-config"];
    let output = folder.run_in("other", &none, "");
    assert_eq!(output.stdout.lines().count(), 2, "{}", output.stdout);
}

#[test]
fn what_is_no_such_file_stops_the_run_and_nothing_is_touched() {
    let cases = [
        (
            "exlude = []",
            "immutag: error: immutag.toml:1: unknown key `exlude`; did you mean `exclude`?\n",
        ),
        (
            "strict = true\n\n[[override]]\npaths = ['a']\nstirct = true",
            "immutag: error: immutag.toml:5: unknown key `stirct`; did you mean `strict`?\n",
        ),
        (
            "keep-mutable = [\n'a','b','c','d','e','f']",
            "immutag: error: immutag.toml:1: it takes at most 5 tags",
        ),
        (
            "[[override]]\nstrict = true",
            "immutag: error: immutag.toml:1: missing field `paths`",
        ),
        (
            "exclude = ['a', '[']",
            "immutag: error: immutag.toml:1: invalid glob `[`",
        ),
        (
            "'\\u' = 1\n\"\\u001b[2J\" = 1",
            "immutag: error: immutag.toml:1: unknown key `\\u`",
        ),
        (
            "\"a\\u001b[2J\" = 1",
            "immutag: error: immutag.toml:1: unknown key `a\\u{1b}[2J`",
        ),
    ];
    for (toml, message) in cases {
        let folder = Folder::new(&[("a.yaml", BAD), ("immutag.toml", toml)]);
        for command in ["check", "diff", "fix", "config"] {
            let output = folder.run(&[command]);
            assert_eq!((output.status, output.stdout.as_str()), (2, ""), "{toml}");
            assert!(output.stderr.starts_with(message), "{}", output.stderr);
        }
        assert_eq!(folder.run(&["fix", "--exit-zero"]).status, 2, "{toml}");
        assert_eq!(folder.read("a.yaml"), BAD);
        assert_eq!(folder.run(&["fix", "--no-config"]).status, 0);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let error = |folder: &Folder, arguments: &[&str]| {
        let output = folder.run(&[&["fix"], arguments].concat());
        assert_eq!((output.status, output.stdout.as_str()), (2, ""));
        assert_eq!(folder.read("a.yaml"), BAD);
        output.stderr
    };
    let folder = Folder::new(&[("a.yaml", BAD), ("immutag.toml/x", "")]);
    let stderr = error(&folder, &[]);
    assert!(
        stderr.contains("immutag.toml: cannot be read: it is no file"),
        "{stderr}"
    );

    let folder = Folder::new(&[("a.yaml", BAD)]);
    symlink("nowhere", folder.path().join("immutag.toml")).unwrap();
    assert!(error(&folder, &[]).contains("immutag.toml: cannot be read: No such file"));

    let folder = Folder::new(&[("a.yaml", BAD), ("immutag.toml", "")]);
    assert!(error(&folder, &["--config", "gone.toml"]).contains("gone.toml: cannot be read"));
    let locked = folder.path().join("immutag.toml");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read(&locked).is_err() {
        // Root may read everything.
        assert!(error(&folder, &[]).contains("immutag.toml: cannot be read: Permission denied"));
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&locked, b"# a\nexclude = ['caf\xe9']\n").unwrap();
    assert!(error(&folder, &[]).contains("immutag.toml:2: it is not UTF-8"));
    assert_eq!(
        folder
            .run(&["check", "--config", "x", "--no-config"])
            .status,
        2
    );
}

#[test]
fn a_named_file_counts_alone_and_for_the_folder_that_holds_it() {
    let folder = Folder::new(&[
        ("immutag.toml", "nonsense"),
        (
            "ci/strict.toml",
            "strict = true\nexclude = ['own/**', '/a.yaml']\n",
        ),
        ("ci/own/b.yaml", COMPUTED),
        ("ci/a.yaml", COMPUTED),
        ("a.yaml", COMPUTED),
        ("own/b.yaml", COMPUTED),
    ]);
    let output = folder.run(&["check", "-q", "--config", "ci/strict.toml"]);
    assert_eq!(
        reported(&output),
        ["a.yaml", "own/b.yaml"],
        "{}",
        output.stderr
    );
}

#[test]
fn byte_order_marks_line_endings_and_empty_files_change_nothing() {
    for toml in ["", "\u{feff}", "\r\n# nothing\r\n"] {
        let folder = Folder::new(&[("a.yaml", BAD), ("immutag.toml", toml)]);
        assert_eq!(folder.run(&["fix"]).status, 0, "{toml:?}");
    }
    let toml = "\u{feff}# head\r\n\r\n[[override]]\r\npaths = [\r\n  'a.yaml',\r\n]\r\nreport-only = true\r\n";
    let folder = Folder::new(&[("a.yaml", BAD), ("immutag.toml", toml)]);
    assert_eq!(folder.run(&["fix"]).status, 1);
    let shown = folder.run(&["config"]).stdout;
    assert!(
        shown.contains("paths = [\"a.yaml\"]  # immutag.toml:4\n"),
        "{shown}"
    );
    assert!(
        shown.contains("report-only = true  # immutag.toml:7\n"),
        "{shown}"
    );
}

#[test]
fn globs_of_the_file_mean_the_same_from_everywhere() {
    let toml = "exclude = ['gone/**', 'old.yaml']\n".to_owned() + LEGACY;
    let folder = Folder::new(&[
        (".git/HEAD", ""),
        ("immutag.toml", &toml),
        ("legacy/a.yaml", BAD),
        ("new/legacy/b.yaml", BAD),
        ("new/old.yaml", BAD),
        ("gone/c.yaml", BAD),
    ]);
    let real = fs::canonicalize(folder.path()).unwrap();
    let absolute = real.join("legacy/a.yaml").display().to_string();
    let whole = real.display().to_string();
    let link = tempfile::tempdir().unwrap();
    let link = link.path().join("link");
    symlink(&real, &link).unwrap();
    let linked = link.join("legacy/a.yaml").display().to_string();
    let ways: &[(&str, &str)] = &[
        ("", "legacy/a.yaml"),
        ("", "./new/../legacy/a.yaml"),
        ("", "legacy"),
        ("", "."),
        ("", &absolute),
        ("", &linked),
        ("legacy", "."),
        ("legacy", "a.yaml"),
        ("new", "../legacy"),
        ("new", "../legacy/a.yaml"),
        ("new/legacy", "../.."),
        ("new", &absolute),
        ("new", &whole),
    ];
    for (from, path) in ways {
        folder.write("new/legacy/b.yaml", BAD);
        let output = folder.run_in(from, &["fix", path], "");
        assert_eq!(output.status, 1, "{from} {path}: {}", output.stderr);
        assert!(
            output
                .stdout
                .contains("[missing, fixable, but report-only here]"),
            "{path}"
        );
        assert_eq!(folder.read("legacy/a.yaml"), BAD, "{from} {path}");
        // What is meant is `legacy` beside the file, and not another one.
        let is_whole = matches!(*path, "." | "../..") && *from != "legacy" || *path == whole;
        assert_eq!(
            folder.read("new/legacy/b.yaml") == GOOD,
            is_whole,
            "{from} {path}"
        );
        assert_eq!(folder.read("new/old.yaml"), BAD);
        assert_eq!(folder.read("gone/c.yaml"), BAD);
    }
}

#[test]
fn a_file_is_reached_through_no_link_that_would_hide_its_folder() {
    let folder = Folder::new(&[
        ("immutag.toml", LEGACY),
        ("legacy/a.yaml", BAD),
        ("b.yaml", BAD),
    ]);
    symlink("legacy/a.yaml", folder.path().join("a.yaml")).unwrap();
    symlink("legacy", folder.path().join("new")).unwrap();
    for path in ["a.yaml", "new/a.yaml"] {
        assert_eq!(folder.run(&["fix", path]).status, 1, "{path}");
        assert_eq!(folder.read("legacy/a.yaml"), BAD, "{path}");
    }
}

#[test]
fn an_exclude_of_the_file_binds_named_files_by_force_only() {
    let folder = Folder::new(&[
        (".git/HEAD", ""),
        ("immutag.toml", "exclude = ['legacy/**']"),
        ("legacy/a.yaml", BAD),
        ("new/b.yaml", BAD),
    ]);
    let named = ["check", "-q", "legacy/a.yaml", "new/b.yaml"];
    assert_eq!(
        reported(&folder.run(&named)),
        ["legacy/a.yaml", "new/b.yaml"]
    );
    let forced = [&named[..], &["--force-exclude"]].concat();
    assert_eq!(reported(&folder.run(&forced)), ["new/b.yaml"]);
    let from_below = [
        "check",
        "-q",
        "../legacy/a.yaml",
        "b.yaml",
        "--force-exclude",
    ];
    assert_eq!(reported(&folder.run_in("new", &from_below, "")), ["b.yaml"]);
}

#[test]
fn what_is_report_only_is_said_and_neither_shown_as_a_patch_nor_written() {
    let folder = Folder::new(&[
        ("immutag.toml", LEGACY),
        ("legacy/a.yaml", BAD),
        ("legacy/u.yaml", UNSAFE),
        ("new/b.yaml", BAD),
    ]);
    let legacy = "legacy/a.yaml:2:3: Web: ImageTagMutability is missing, so tags are mutable [missing, fixable, but report-only here]\n";
    let check = folder.run(&["check"]);
    assert_eq!(check.status, 1);
    assert!(check.stdout.starts_with(legacy), "{}", check.stdout);
    assert_eq!(
        check.stderr,
        "Found 3 findings in 3 templates; 1 fixable with `immutag fix`; 3 files scanned.\n\
         2 findings are in report-only files and left alone.\n"
    );
    let diff = folder.run(&["diff"]);
    assert_eq!(diff.status, 1);
    assert!(diff.stdout.contains("+++ b/new/b.yaml"), "{}", diff.stdout);
    assert!(!diff.stdout.contains("legacy"), "{}", diff.stdout);
    assert!(diff.stderr.starts_with(legacy), "{}", diff.stderr);
    let fix = folder.run(&["fix", "--unsafe-fixes"]);
    assert_eq!(fix.status, 1);
    assert!(fix.stdout.starts_with(legacy), "{}", fix.stdout);
    assert!(
        fix.stderr.contains("Fixed 1 finding in 1 file;"),
        "{}",
        fix.stderr
    );
    assert_eq!(folder.read("legacy/a.yaml"), BAD);
    assert_eq!(folder.read("legacy/u.yaml"), UNSAFE);
    assert_eq!(folder.read("new/b.yaml"), GOOD);
    // Nothing is left elsewhere; what is left here still counts.
    assert_eq!(folder.run(&["fix"]).status, 1);
    for command in ["check", "diff", "fix"] {
        assert_eq!(folder.run(&[command, "--exit-zero"]).status, 0);
    }
    // A later override of the same files takes it back.
    folder.write(
        "immutag.toml",
        &format!("{LEGACY}[[override]]\npaths = ['a.yaml']\nreport-only = false\n"),
    );
    folder.run(&["fix"]);
    assert_eq!(folder.read("legacy/a.yaml"), GOOD);
    assert_eq!(folder.read("legacy/u.yaml"), UNSAFE);
}

#[test]
fn the_flag_for_report_only_counts_from_the_working_directory() {
    let folder = Folder::new(&[
        (".git/HEAD", ""),
        ("sub/old/a.yaml", BAD),
        ("sub/b.yaml", BAD),
    ]);
    let output = folder.run_in(
        "sub",
        &["fix", "--report-only", "old/**", "--report-only", "x"],
        "",
    );
    assert_eq!(output.status, 1);
    assert_eq!(folder.read("sub/old/a.yaml"), BAD);
    assert_eq!(folder.read("sub/b.yaml"), GOOD);
    assert_eq!(folder.run(&["fix", "--report-only", "["]).status, 2);
}

#[test]
fn standard_input_has_the_overrides_of_its_name() {
    let folder = Folder::new(&[(".git/HEAD", ""), ("immutag.toml", LEGACY), ("sub/x", "")]);
    let fix =
        |from: &str, name: &str| folder.run_in(from, &["fix", "-", "--stdin-filename", name], BAD);
    for (from, name) in [("", "legacy/a.yaml"), ("sub", "../legacy/a.yaml")] {
        let output = fix(from, name);
        assert_eq!((output.status, output.stdout.as_str()), (1, BAD), "{name}");
        assert!(
            output.stderr.contains("report-only here"),
            "{}",
            output.stderr
        );
    }
    for (from, name) in [("", "new/a.yaml"), ("sub", "legacy/a.yaml")] {
        let output = fix(from, name);
        assert_eq!((output.status, output.stdout.as_str()), (0, GOOD), "{name}");
    }
    let output = folder.run_in("", &["fix", "-"], BAD);
    assert_eq!((output.status, output.stdout.as_str()), (0, GOOD));
}

#[test]
fn config_prints_each_setting_and_where_it_comes_from() {
    let toml = "strict = true\n\n\
        keep-mutable = [\n  'latest',\n]\n\
        [[override]]\npaths = ['legacy/**', 'old']\nreport-only = true\nstrict = false\n";
    let folder = Folder::new(&[(".git/HEAD", ""), ("immutag.toml", toml), ("sub/x", "")]);
    let output = folder.run(&["config", "--unsafe-fixes", "--report-only", "x/**"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(
        output.stdout,
        r#"include = ["*.yaml", "*.yml", "*.json", "*.template", "*.j2", "*.jinja", "*.tmpl", "*.tpl"]  # default
exclude = []  # default
strict = true  # immutag.toml:1
unsafe-fixes = true  # --unsafe-fixes
keep-mutable = ["latest"]  # immutag.toml:3
creation-templates = false  # default

[[override]]  # immutag.toml:6
paths = ["legacy/**", "old"]  # immutag.toml:7
strict = false  # immutag.toml:9
report-only = true  # immutag.toml:8

[[override]]  # --report-only
paths = ["x/**"]  # --report-only
report-only = true  # --report-only
"#
    );
    let output = folder.run_in(
        "sub",
        &["config", "--no-strict", "--exclude", "a", "--exclude", "b"],
        "",
    );
    let shown = &output.stdout;
    assert!(
        shown.starts_with("# Globs of ../immutag.toml are relative to its folder.\n"),
        "{shown}"
    );
    assert!(
        shown.contains("\nexclude = [\"a\", \"b\"]  # --exclude\n"),
        "{shown}"
    );
    assert!(
        shown.contains("\nstrict = false  # --no-strict\n"),
        "{shown}"
    );
    assert!(shown.contains("  # ../immutag.toml:3\n"), "{shown}");
    // What the flag beats is gone.
    assert!(!shown.contains("immutag.toml:9"), "{shown}");
    for wrong in [
        &["config", "--include", "["][..],
        &["config", "--exclude", "!a"],
        &["config", "a.yaml"],
    ] {
        let output = folder.run(wrong);
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (2, ""),
            "{wrong:?}"
        );
    }
}

#[test]
fn what_config_prints_is_a_file_that_says_the_same() {
    let toml = "include = ['*.yaml', \"a\\\"b\\n'c\\u001b\"]\nexclude = ['x/']\ncreation-templates = true\n\
        [[override]]\npaths = ['*.yaml']\nkeep-mutable = []\nunsafe-fixes = false\n\
        [[override]]\npaths = ['b/**']\nkeep-mutable = ['dev-*']\ncreation-templates = false\n";
    let folder = Folder::new(&[("immutag.toml", toml)]);
    for flags in [
        &[][..],
        &[
            "--strict",
            "--no-creation-templates",
            "--keep-mutable",
            "latest",
            "--report-only",
            "é*",
        ],
    ] {
        let first = folder.run(&[&["config"], flags].concat());
        assert_eq!(first.status, 0, "{}", first.stderr);
        folder.write("again.toml", &first.stdout);
        let second = folder.run(&["config", "--config", "again.toml"]);
        assert_eq!(second.status, 0, "{}", second.stderr);
        let values = |text: &str| -> toml::Table { text.parse().unwrap() };
        assert_eq!(values(&second.stdout), values(&first.stdout));
    }
}

#[test]
fn a_name_with_a_line_break_ends_no_comment() {
    let folder = Folder::new(&[("a\nb.toml", "strict = true")]);
    let output = folder.run(&["config", "--config", "a\nb.toml"]);
    assert!(
        output.stdout.contains("strict = true  # a\\nb.toml:1\n"),
        "{}",
        output.stdout
    );
    let gone = folder.run(&["config", "--config", "c\nd.toml"]);
    assert!(
        gone.stderr.contains("c\\nd.toml: cannot be read"),
        "{}",
        gone.stderr
    );
}

#[test]
fn the_rules_of_a_file_are_not_those_of_another_repository() {
    // A stray file beside the templates that are checked has no say.
    let folder = Folder::new(&[
        ("here/x", ""),
        ("there/immutag.toml", "nonsense"),
        ("there/a.yaml", BAD),
    ]);
    let path = PathBuf::from("../there");
    let output = folder.run_in("here", &["fix", path.to_str().unwrap()], "");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(folder.read("there/a.yaml"), GOOD);
}

/// What an override says may hold for a file there and not here, also where a flag says
/// something else for all files, or where it says nothing but for which files.
#[test]
fn override_of_another_git_repository_keeps_its_files_from_being_fixed() {
    for settings in [
        "[[override]]\npaths = ['a.yaml']\nstrict = false\n",
        "[[override]]\npaths = ['x']\n",
    ] {
        let folder = Folder::new(&[("r/immutag.toml", settings), ("r/a.yaml", BAD)]);
        folder.git_in("r", &["init", "-q"], b"");
        for flags in [&["fix", "r"][..], &["fix", "--strict", "r"]] {
            let output = folder.run(flags);
            assert_eq!(output.status, 2, "{flags:?}: {}", output.stderr);
            assert!(output.stderr.contains("[settings]"), "{}", output.stderr);
            assert_eq!(folder.read("r/a.yaml"), BAD);
        }
    }
}
