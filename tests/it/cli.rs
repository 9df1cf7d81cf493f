//! The command line as its users meet it: what goes to which stream, exit
//! statuses, and that `diff` and `fix` cannot differ.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::{BAD, COMPUTED, Folder, GOOD, IMMUTAG, TWICE, UNSAFE, root};

const BROKEN: &str = "Resources:\n  Web: [\n    Type: AWS::ECR::Repository\n";

#[test]
fn check_prints_a_line_per_finding_and_the_summary_apart() {
    let folder = Folder::new(&[("a.yaml", BAD), ("b.yaml", GOOD), ("c.yaml", UNSAFE)]);
    let output = folder.run(&["check"]);
    assert_eq!(output.status, 1);
    assert_eq!(
        output.stdout,
        "a.yaml:2:3: Web: ImageTagMutability is missing, so tags are mutable [missing, fixable]\n\
         c.yaml:5:7: Web: ImageTagMutability is \"__MODE__\", which ECR does not know [invalid, fixable with --unsafe-fixes]\n"
    );
    assert!(
        output.stderr.contains("Found 2 findings in 2 templates"),
        "{}",
        output.stderr
    );
    assert_eq!(folder.read("a.yaml"), BAD);
}

#[test]
fn fix_repairs_in_place_and_a_second_time_changes_no_byte_and_no_mtime() {
    let folder = Folder::new(&[("a.yaml", BAD), ("sub/b.json", "{}")]);
    let output = folder.run(&["fix"]);
    assert_eq!((output.status, folder.read("a.yaml").as_str()), (0, GOOD));
    let modified = || {
        let metadata = fs::metadata(folder.path().join("a.yaml")).unwrap();
        metadata.modified().unwrap()
    };
    let before = modified();
    let output = folder.run(&["fix"]);
    assert_eq!((output.status, output.stdout.as_str()), (0, ""));
    assert_eq!((modified(), folder.read("a.yaml").as_str()), (before, GOOD));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "nothing is left behind: {left:?}");
}

#[test]
fn the_exit_status_tells_what_is_left() {
    let cases: &[(&str, &[&str], i32)] = &[
        (GOOD, &["check"], 0),
        (BAD, &["check"], 1),
        (BAD, &["check", "--exit-zero"], 0),
        (BAD, &["diff"], 1),
        (BAD, &["fix"], 0),
        (BAD, &["fix", "--exit-non-zero-on-fix"], 1),
        (GOOD, &["fix", "--exit-non-zero-on-fix"], 0),
        (UNSAFE, &["fix"], 1),
        (UNSAFE, &["fix", "--unsafe-fixes"], 0),
        (TWICE, &["fix", "--unsafe-fixes"], 1),
        (TWICE, &["fix", "--exit-zero"], 0),
        (COMPUTED, &["check"], 0),
        (COMPUTED, &["check", "--strict"], 1),
        (BROKEN, &["check"], 2),
        (BROKEN, &["fix", "--exit-zero"], 2),
        (GOOD, &["check", "--include", "["], 2),
        (GOOD, &["check", "--no-such-flag"], 2),
        (GOOD, &["check", "missing.yaml"], 2),
    ];
    for (text, arguments, expected) in cases {
        let folder = Folder::new(&[("a.yaml", text)]);
        let output = folder.run(arguments);
        assert_eq!(output.status, *expected, "{arguments:?}: {}", output.stderr);
    }
}

#[test]
fn one_bad_file_stops_nothing_and_outranks_findings() {
    let folder = Folder::new(&[("a.yaml", BAD), ("b.yaml", BROKEN), ("c.yaml", BAD)]);
    let output = folder.run(&["fix"]);
    assert_eq!(output.status, 2);
    assert_eq!(folder.read("a.yaml"), GOOD);
    assert_eq!(folder.read("b.yaml"), BROKEN);
    assert_eq!(folder.read("c.yaml"), GOOD);
    let error = output
        .stderr
        .lines()
        .find(|line| line.contains("error"))
        .unwrap();
    assert!(error.starts_with("b.yaml:"), "{error}");
    assert!(
        error.contains("not valid YAML") && error.ends_with("[syntax]"),
        "{error}"
    );
}

#[test]
fn files_that_do_not_concern_us_are_passed_over_whatever_they_are() {
    let folder = Folder::new(&[
        ("chart.yaml", "a: {{ .Values.x }}\n\t- ["),
        ("x.json", "{,}"),
    ]);
    fs::write(folder.path().join("latin.yaml"), b"caf\xe9: \0").unwrap();
    let output = folder.run(&["check"]);
    assert_eq!((output.status, output.stdout.as_str()), (0, ""));
}

#[test]
fn an_unreadable_text_names_its_place_and_the_remedy() {
    let cases: &[(&[u8], &str)] = &[
        (
            b"# caf\xe9\nType: AWS::ECR::Repository\n",
            "a.yaml:1:6: error: the file is not valid UTF-8",
        ),
        (
            b"Type: AWS::ECR::Repository\n\0",
            "a.yaml:2:1: error: a NUL byte",
        ),
        (
            b"Type: AWS::ECR::Repository\rA: b\r",
            "a.yaml:1:1: error: the lines end in carriage returns",
        ),
        (
            b"A:\n\tType: AWS::ECR::Repository\n",
            "a.yaml:2:2: error: not valid YAML: tabs",
        ),
        (
            b"\xff\xfeA\0W\0S\0:\0:\0E\0C\0R\0:\0:\0R\0e\0p\0o\0s\0i\0t\0o\0r\0y\0",
            "a.yaml:1:1: error: the file is UTF-16",
        ),
    ];
    for (bytes, start) in cases {
        let folder = Folder::new(&[]);
        fs::write(folder.path().join("a.yaml"), bytes).unwrap();
        let output = folder.run(&["fix"]);
        assert_eq!(output.status, 2, "{start}");
        assert!(output.stderr.starts_with(start), "{}", output.stderr);
        assert_eq!(fs::read(folder.path().join("a.yaml")).unwrap(), *bytes);
    }
}

#[test]
fn a_file_over_the_limit_is_an_error_only_if_it_concerns_us() {
    let large = format!("{}# {}\n", BAD, "x".repeat(4000));
    let folder = Folder::new(&[("a.yaml", &large), ("b.yaml", &"y: 1\n".repeat(1000))]);
    let output = folder.run(&["check", "--max-file-size", "1K"]);
    assert_eq!(output.status, 2);
    assert!(
        output.stderr.contains("more than the limit of 1024"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("b.yaml"), "{}", output.stderr);
    assert_eq!(folder.run(&["check", "--max-file-size", "5K"]).status, 1);
}

#[test]
fn a_patch_applied_by_git_gives_the_bytes_of_fix() {
    let root = root().join("fixtures").join("fix");
    // The inputs by the flags of their cases.
    let mut by_flags: BTreeMap<String, Vec<(String, PathBuf)>> = BTreeMap::new();
    for case in fs::read_dir(root).unwrap() {
        let case = case.unwrap().path();
        let flags = fs::read_to_string(case.join("args")).unwrap_or_default();
        for file in fs::read_dir(&case).unwrap() {
            let file = file.unwrap().path();
            if file.file_stem().is_some_and(|stem| stem == "input") {
                let slug = case.file_name().unwrap().to_string_lossy();
                let extension = file.extension().unwrap().to_string_lossy();
                let name = format!("{slug} one.{extension}");
                let inputs = by_flags.entry(flags.trim().to_owned()).or_default();
                inputs.push((name, file));
            }
        }
    }
    assert!(by_flags.len() > 2 && by_flags[""].len() > 100);
    for (flags, inputs) in by_flags {
        let fixed = Folder::new(&[]);
        let patched = Folder::new(&[]);
        for (name, file) in &inputs {
            for folder in [&fixed, &patched] {
                fs::copy(file, folder.path().join(name)).unwrap();
            }
        }
        let run = |folder: &Folder, mode: &str| {
            let arguments = std::iter::once(mode).chain(flags.split_whitespace());
            folder.run(&arguments.collect::<Vec<_>>())
        };
        let patch = run(&patched, "diff");
        assert_eq!(patch.status, 1, "{flags}");
        assert_eq!(run(&fixed, "fix").status, 0, "{flags}");
        let apply = ["apply", "--whitespace=nowarn"];
        patched.git_in("", &apply, patch.stdout.as_bytes());
        for (name, _) in inputs {
            let read = |folder: &Folder| fs::read(folder.path().join(&name)).unwrap();
            assert_eq!(read(&patched), read(&fixed), "{name}");
        }
        assert_eq!(run(&patched, "diff").stdout, "", "{flags}");
    }
}

#[test]
fn a_patch_quotes_names_as_git_does() {
    let names = [
        "tab\there.yaml",
        "quote\".yaml",
        "caf\u{e9}.yaml",
        "back\\slash.yaml",
    ];
    let folder = Folder::new(&names.map(|name| (name, BAD)));
    let patch = folder.run(&["diff"]);
    folder.git_in("", &["apply"], patch.stdout.as_bytes());
    for name in names {
        assert_eq!(folder.read(name), GOOD, "{name}");
    }
}

#[test]
fn standard_input_is_repaired_to_standard_output() {
    let folder = Folder::new(&[]);
    let output = folder.run_in("", &["fix", "-"], BAD.as_bytes());
    assert_eq!((output.status, output.stdout.as_str()), (0, GOOD));
    assert!(
        output.stderr.contains("stdin:2:3: Web:"),
        "{}",
        output.stderr
    );

    let named = folder.run_in(
        "",
        &["diff", "-", "--stdin-filename", "t/a.yaml"],
        BAD.as_bytes(),
    );
    assert!(
        named
            .stdout
            .starts_with("--- a/t/a.yaml\n+++ b/t/a.yaml\n@@ -1,3 +1,5 @@\n")
    );
    let checked = folder.run_in(
        "",
        &["check", "-", "--stdin-filename", "t/a.yaml"],
        BAD.as_bytes(),
    );
    assert!(
        checked.stdout.starts_with("t/a.yaml:2:3:"),
        "{}",
        checked.stdout
    );

    let broken = folder.run_in("", &["fix", "-"], BROKEN.as_bytes());
    assert_eq!(
        (broken.status, broken.stdout.as_str()),
        (2, BROKEN),
        "given back as it was"
    );
}

#[test]
fn files_are_chosen_by_ignore_files_globs_and_lists() {
    let folder = Folder::new(&[
        (".gitignore", "ignored/\n"),
        ("a.yaml", BAD),
        ("ignored/b.yaml", BAD),
        (".hidden/c.yml", BAD),
        ("legacy/d.json", BAD),
        ("e.txt", BAD),
        ("f.template", BAD),
        ("list", "a.yaml\ne.txt\n"),
        ("list0", "a.yaml\0e.txt\0"),
    ]);
    let found = |arguments: &[&str]| {
        let output = folder.run(&[&["check"], arguments].concat());
        let lines = output.stdout.lines();
        let mut names: Vec<String> = lines
            .map(|l| l.split(':').next().unwrap().to_owned())
            .collect();
        names.dedup();
        names.join(" ")
    };
    assert_eq!(found(&[]), "a.yaml f.template legacy/d.json");
    assert_eq!(
        found(&["--no-ignore"]),
        "a.yaml f.template ignored/b.yaml legacy/d.json"
    );
    assert_eq!(
        found(&["--hidden"]),
        ".hidden/c.yml a.yaml f.template legacy/d.json"
    );
    assert_eq!(found(&["--include", "*.txt"]), "e.txt");
    assert_eq!(
        found(&["--exclude", "legacy", "--exclude", "*.template"]),
        "a.yaml"
    );
    assert_eq!(found(&["e.txt", "ignored/b.yaml"]), "e.txt ignored/b.yaml");
    assert_eq!(
        found(&["legacy/d.json", "--exclude", "legacy"]),
        "legacy/d.json"
    );
    assert_eq!(
        found(&["legacy/d.json", "--exclude", "legacy", "--force-exclude"]),
        ""
    );
    assert_eq!(found(&["--files-from", "list"]), "a.yaml e.txt");
    assert_eq!(found(&["--files-from", "list0", "-0"]), "a.yaml e.txt");
    let listed = folder.run_in("", &["check", "--files-from", "-"], b"a.yaml\n");
    assert!(listed.stdout.starts_with("a.yaml:"), "{}", listed.stdout);
    let none = folder.run_in("", &["fix", "--files-from", "-"], b"");
    assert_eq!(none.status, 0, "an empty list is not this folder");
    assert_eq!(folder.read("a.yaml"), BAD);
}

#[test]
fn a_link_is_resolved_and_one_out_of_the_roots_refused() {
    let folder = Folder::new(&[("in/a.yaml", BAD), ("out/b.yaml", BAD)]);
    symlink("a.yaml", folder.path().join("in/inside.yaml")).unwrap();
    symlink("../out/b.yaml", folder.path().join("in/outside.yaml")).unwrap();

    let patch = folder.run(&["diff", "in/inside.yaml"]);
    assert!(
        patch.stdout.starts_with("--- a/in/a.yaml\n"),
        "{}",
        patch.stdout
    );
    assert_eq!(folder.run(&["fix", "in/inside.yaml"]).status, 0);
    assert_eq!(folder.read("in/a.yaml"), GOOD);
    assert!(folder.path().join("in/inside.yaml").is_symlink());

    let refused = folder.run(&["fix", "in/outside.yaml"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("outside of the paths given"),
        "{}",
        refused.stderr
    );
    assert_eq!(folder.read("out/b.yaml"), BAD);
}

/// A repository may hold such a link, and `git ls-files` name it.
#[test]
fn a_linked_folder_does_not_lead_out() {
    let folder = Folder::new(&[("in/a.yaml", BAD), ("out/b.yaml", BAD)]);
    symlink("../out", folder.path().join("in/vendor")).unwrap();
    let output = folder.run_in("", &["fix", "--files-from", "-"], b"in/a.yaml\nin/vendor\n");
    assert_eq!(output.status, 2);
    assert_eq!(folder.read("in/a.yaml"), GOOD);
    assert_eq!(folder.read("out/b.yaml"), BAD);
}

#[test]
fn a_closed_standard_error_takes_nothing_from_standard_output() {
    let mut text = BAD.to_owned();
    for number in 0..400 {
        let more =
            format!("  R{number}:\n    Type: AWS::ECR::Repository\n    Properties: !Ref X\n");
        text.push_str(&more);
    }
    let folder = Folder::new(&[("a.yaml", text.as_str())]);
    let mut child = Command::new(IMMUTAG)
        .args(["fix", "-"])
        .stdin(fs::File::open(folder.path().join("a.yaml")).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    let repaired = text.replacen(BAD, GOOD, 1);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), repaired);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_patch_names_a_file_whose_name_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new(&[]);
    let file = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"\xe9.yaml"));
    fs::write(&file, BAD).unwrap();
    let patch = folder.run(&["diff"]).stdout;
    assert!(patch.starts_with("--- \"a/\\351.yaml\"\n"), "{patch}");
    folder.git_in("", &["apply"], patch.as_bytes());
    assert_eq!(fs::read_to_string(file).unwrap(), GOOD);
}

#[test]
fn the_mode_of_a_file_is_kept() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    let path = folder.path().join("a.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(folder.run(&["fix"]).status, 0);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn output_is_in_the_order_of_the_paths_and_free_of_control_characters() {
    let names: Vec<String> = (0..200)
        .map(|n| format!("t{:03}.yaml", n * 7 % 200))
        .collect();
    let folder = Folder::new(&[]);
    for name in &names {
        folder.write(name, BAD);
    }
    folder.write("z\u{1b}[31m.yaml", BAD);
    let output = folder.run(&["check", "--color", "never"]);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines.is_sorted());
    assert_eq!(lines.len(), 201);
    assert!(!output.stdout.contains('\u{1b}'));
    let coloured = folder.run(&["check", "--color", "always"]);
    assert!(coloured.stdout.contains('\u{1b}'));

    // A patch is bytes to a program, and colours and escapes to people. (YAML
    // allows no control characters; in JSON, U+009B starts a sequence.)
    let hostile =
        "{\"Resources\": {\"Web\": {\n\"\u{9b}2J\": 1,\n\"Type\": \"AWS::ECR::Repository\"\n}}}\n";
    let folder = Folder::new(&[("a.json", hostile)]);
    let patch = folder.run(&["diff"]).stdout;
    assert!(patch.contains(" \"\u{9b}2J\": 1,\n"), "{patch:?}");
    let shown = folder.run(&["diff", "--color", "always"]).stdout;
    assert!(shown.contains(" \"\\u{9b}2J\": 1,"), "{shown:?}");
    assert!(shown.contains("\u{1b}[32m+\"Properties\": {"), "{shown:?}");
}

#[test]
fn quiet_says_no_more_than_was_asked_and_verbose_names_what_complies() {
    let folder = Folder::new(&[("a.yaml", GOOD), ("b.yaml", COMPUTED)]);
    let quiet = folder.run(&["check", "-q"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let normal = folder.run(&["check"]);
    assert!(
        normal
            .stdout
            .starts_with("b.yaml:7:7: note: Web: cannot tell"),
        "{}",
        normal.stdout
    );
    let verbose = folder.run(&["check", "-v"]);
    assert!(
        verbose.stdout.starts_with("a.yaml: ok, 1 repository\n"),
        "{}",
        verbose.stdout
    );
}

#[test]
fn a_template_inside_a_string_is_mentioned_and_left_alone() {
    let text = "Resources:\n  Set:\n    Type: AWS::CloudFormation::StackSet\n    Properties:\n      TemplateBody: |\n        Resources:\n          Web:\n            Type: AWS::ECR::Repository\n";
    let folder = Folder::new(&[("a.yaml", text)]);
    let output = folder.run(&["fix"]);
    assert_eq!((output.status, folder.read("a.yaml").as_str()), (0, text));
    assert!(
        output
            .stdout
            .contains("a template inside a string is not checked"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = Folder::new(&[]);
    for number in 0..3000 {
        folder.write(
            format!("a-rather-long-name-to-fill-the-pipe-{number}.yaml"),
            BAD,
        );
    }
    let mut child = Command::new(IMMUTAG)
        .arg("check")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The lines that KICS and Datadog report for the shapes of the rule's own
/// examples: the key of a wrong value, and `Properties` where it is missing.
#[test]
fn findings_stand_on_the_lines_that_scanners_report() {
    let yaml = "Resources:\n  A:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: \"MUTABLE\"\n  B:\n    Type: AWS::ECR::Repository\n    Properties:\n      RepositoryName: b\n  C:\n    Type: AWS::ECR::Repository\n";
    let json = "{\n \"Resources\": {\n  \"A\": {\n   \"Type\": \"AWS::ECR::Repository\",\n   \"Properties\": {\n    \"ImageTagMutability\": \"MUTABLE\"\n   }\n  },\n  \"B\": {\n   \"Type\": \"AWS::ECR::Repository\",\n   \"Properties\": {\n    \"RepositoryName\": \"b\"\n   }\n  }\n }\n}\n";
    let folder = Folder::new(&[("a.yaml", yaml), ("b.json", json)]);
    let output = folder.run(&["check"]);
    let places: Vec<String> = output
        .stdout
        .lines()
        .map(|line| line.split(": ").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        places,
        [
            "a.yaml:5:7",
            "a.yaml:8:5",
            "a.yaml:10:3",
            "b.json:6:5",
            "b.json:11:4"
        ]
    );
}

#[test]
fn help_and_version_are_there() {
    let folder = Folder::new(&[]);
    for arguments in [&["--help"][..], &["fix", "--help"], &["--version"]] {
        let output = folder.run(arguments);
        assert_eq!(output.status, 0);
        assert!(output.stdout.contains("immutag"));
    }
    let help = folder.run(&["--help"]).stdout;
    assert!(help.contains("Examples:") && help.contains("Exit status:"));
    let nothing: PathBuf = folder.path().into();
    assert_eq!(fs::read_dir(nothing).unwrap().count(), 0);
}

const IGNORED: &str = "Resources:\n  Web: # checkov:skip=CKV_AWS_51:legacy pipeline\n    Type: AWS::ECR::Repository\n";

#[test]
fn what_is_suppressed_is_said_and_neither_counts_nor_changes() {
    let folder = Folder::new(&[("a.yaml", IGNORED)]);
    let line = "a.yaml:2:3: note: Web: ImageTagMutability is missing, so tags are mutable [missing, suppressed by checkov: legacy pipeline]\n";
    for command in ["check", "fix"] {
        let output = folder.run(&[command]);
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (0, line),
            "{command}"
        );
        assert!(
            output
                .stderr
                .contains("1 finding is suppressed and left alone."),
            "{}",
            output.stderr
        );
    }
    let output = folder.run(&["diff"]);
    assert_eq!((output.status, output.stdout.as_str()), (0, ""));
    assert!(output.stderr.contains(line), "{}", output.stderr);
    assert_eq!(folder.read("a.yaml"), IGNORED);
    assert_eq!(folder.run(&["check", "-q"]).stdout, "");
}

#[test]
fn suppressions_can_be_turned_off() {
    let folder = Folder::new(&[("a.yaml", IGNORED), (".trivyignore", "AWS-0031\n")]);
    let output = folder.run(&["check", "--no-suppressions"]);
    assert_eq!(output.status, 1);
    assert!(
        output.stdout.contains("[missing, fixable]"),
        "{}",
        output.stdout
    );
    let output = folder.run(&["fix", "--no-suppressions"]);
    assert_eq!(output.status, 0);
    assert!(
        folder
            .read("a.yaml")
            .contains("ImageTagMutability: IMMUTABLE")
    );
    let both = ["check", "--no-suppressions", "--report-unused-suppressions"];
    assert_eq!(folder.run(&both).status, 2);
}

#[test]
fn ignores_beside_findings_do_not_hide_them() {
    let both = format!("{IGNORED}  Jobs:\n    Type: AWS::ECR::Repository\n");
    let folder = Folder::new(&[("a.yaml", &both)]);
    let output = folder.run(&["check"]);
    assert_eq!(output.status, 1);
    assert!(
        output.stderr.contains("Found 1 finding in 1 template")
            && output.stderr.contains("1 finding is suppressed"),
        "{}",
        output.stderr
    );
    let output = folder.run(&["fix"]);
    assert_eq!(output.status, 0);
    assert_eq!(
        folder.read("a.yaml"),
        format!("{both}    Properties:\n      ImageTagMutability: IMMUTABLE\n")
    );
}

#[test]
fn ignores_that_hide_nothing_are_named_where_that_is_asked_for() {
    let text = "\
# kics-scan disable=0a592060-8166-49f5-8e65-99ac6dce9871
Resources:
  # immutag: ignore
  Web:
    Type: AWS::ECR::Repository
    Metadata: {guard: {SuppressedRules: [CT.ECR.PR.3]}}
    Properties:
      ImageTagMutability: IMMUTABLE
  #trivy:ignore:*
  Bucket:
    Type: AWS::S3::Bucket # checkov:skip=CKV_AWS_20:public on purpose
  #trivy:ignore:* tfsec:ignore:AVD-AWS-0031:exp:2001-01-01
  Jobs:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: IMMUTABLE
  # checkov:skip=CKV_AWS_51:above the logical ID
  Api:
    Type: AWS::ECR::Repository # checkov:skip=CKV_AWS_51
Outputs:
  # kics-scan ignore
  Name: {Value: not at the head}
";
    let folder = Folder::new(&[
        ("a.yaml", text),
        (".trivyignore", "AWS-0031 exp:2001-01-01\n"),
    ]);
    let quiet = folder.run(&["check"]);
    assert!(!quiet.stdout.contains("hides nothing"), "{}", quiet.stdout);
    let output = folder.run(&["check", "--report-unused-suppressions"]);
    assert_eq!(output.status, 0, "notes do not change the exit status");
    let asked = folder.run(&["check", "-q", "--report-unused-suppressions"]);
    assert_eq!(asked.stdout.lines().count(), 7, "they were asked for");
    let notes: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.contains("this ignore"))
        .collect();
    assert_eq!(
        notes,
        [
            ".trivyignore:1:1: note: this ignore (trivy) has expired and hides nothing [expired-suppression]",
            "a.yaml:3:3: note: this ignore (immutag) hides nothing [unused-suppression]",
            "a.yaml:6:42: note: this ignore (guard) hides nothing [unused-suppression]",
            "a.yaml:12:3: note: this ignore (tfsec) has expired and hides nothing [expired-suppression]",
            "a.yaml:12:3: note: this ignore (trivy) hides nothing [unused-suppression]",
            "a.yaml:17:3: note: this ignore (checkov) hides nothing [unused-suppression]",
            "a.yaml:21:3: note: this ignore (kics) hides nothing [unused-suppression]",
        ]
    );
}

#[test]
fn a_trivyignore_of_the_working_directory_counts() {
    let folder = Folder::new(&[
        ("sub/a.yaml", BAD),
        (".trivyignore", "# why\nAVD-AWS-0031\n"),
    ]);
    let output = folder.run(&["check"]);
    assert_eq!(output.status, 0);
    assert!(
        output.stdout.contains("suppressed by trivy]"),
        "{}",
        output.stdout
    );
    for (list, status) in [
        ("AVD-AWS-0031 exp:2999-12-31\n", 0),
        ("AVD-AWS-0031 exp:2001-01-01\n", 1),
        ("AVD-AWS-0030\n*\n", 1),
        ("", 1),
    ] {
        folder.write(".trivyignore", list);
        assert_eq!(folder.run(&["check"]).status, status, "{list}");
    }
    // Only the working directory's own list is read, as Trivy does.
    folder.write(".trivyignore", "");
    folder.write("sub/.trivyignore", "AVD-AWS-0031\n");
    assert_eq!(folder.run(&["check"]).status, 1);
}

#[test]
fn a_trivyignore_yaml_counts_by_whatever_path_leads_to_the_file() {
    let folder = Folder::new(&[("w/sub/b.yaml", BAD)]);
    folder.write(
        "w/.trivyignore.yaml",
        "misconfigurations: [{id: AVD-AWS-0031, paths: [sub/b.yaml]}]\n",
    );
    symlink("w", folder.path().join("link")).unwrap();
    symlink("sub", folder.path().join("w/other")).unwrap();
    let here = folder.path().join("w");
    let by_link = folder.path().join("link/sub/b.yaml");
    for path in ["sub/b.yaml", "other/b.yaml", by_link.to_str().unwrap()] {
        let output = Command::new(IMMUTAG)
            .args(["check", path])
            .current_dir(&here)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{path}");
    }
    // A list that is there and cannot be read stops the run.
    symlink("/nowhere", here.join(".trivyignore")).unwrap();
    let output = Command::new(IMMUTAG)
        .args(["check", "sub/b.yaml"])
        .current_dir(&here)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_trivyignore_yaml_counts_for_its_paths_until_its_day() {
    let list = |rest: &str| format!("misconfigurations:\n  - id: AVD-AWS-0031\n{rest}");
    let folder = Folder::new(&[("a.yaml", BAD), ("old/b.yaml", BAD)]);
    folder.write(
        ".trivyignore.yaml",
        &list("    paths: [\"old/**\"]\n    statement: moved by hand\n"),
    );
    let output = folder.run(&["check", "--report-unused-suppressions"]);
    assert_eq!(output.status, 1);
    assert_eq!(
        output.stdout,
        "a.yaml:2:3: Web: ImageTagMutability is missing, so tags are mutable [missing, fixable]\n\
         old/b.yaml:2:3: note: Web: ImageTagMutability is missing, so tags are mutable [missing, suppressed by trivy: moved by hand]\n"
    );
    let output = folder.run(&["fix"]);
    assert_eq!(output.status, 0);
    assert_eq!(folder.read("old/b.yaml"), BAD);
    assert_eq!(folder.read("a.yaml"), GOOD);
    // An entry is of no use where it is for a file that was looked at, and not
    // where it is for others.
    let unused = ["fix", "a.yaml", "--report-unused-suppressions"];
    let output = folder.run(&unused);
    assert!(!output.stdout.contains("unused"), "{}", output.stdout);
    folder.write(
        ".trivyignore.yaml",
        &list("    paths: [\"*.yaml\", \"old/**\"]\n"),
    );
    let output = folder.run(&unused);
    assert!(
        output.stdout.contains(
            ".trivyignore.yaml:2:5: note: this ignore (trivy) hides nothing [unused-suppression]"
        ),
        "{}",
        output.stdout
    );
    let name = ["check", "-", "--stdin-filename", "old/c.yaml"];
    assert_eq!(folder.run_in("", &name, BAD.as_bytes()).status, 0);
    folder.write(".trivyignore.yaml", &list("    expired_at: 2001-01-01\n"));
    assert_eq!(folder.run(&["check"]).status, 1);
    folder.write(".trivyignore.yaml", &list("    expired_at: 2999-12-31\n"));
    assert_eq!(folder.run(&["check"]).status, 0);
}

#[test]
fn a_list_of_ignores_that_cannot_be_read_stops_the_run() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    for list in [
        "misconfigurations: [",
        "misconfigurations: x\n",
        "misconfigurations: [{id: AWS-0031, paths: ['[']}]\n",
    ] {
        folder.write(".trivyignore.yaml", list);
        let output = folder.run(&["fix"]);
        assert_eq!(output.status, 2, "{list}");
        assert!(
            output.stderr.contains(".trivyignore.yaml: ")
                && output.stderr.contains("--no-suppressions"),
            "{}",
            output.stderr
        );
        assert_eq!(folder.read("a.yaml"), BAD);
        assert_eq!(folder.run(&["check", "--no-suppressions"]).status, 1);
    }
}

#[test]
fn reports_go_to_files_beside_standard_output() {
    let folder = Folder::new(&[("a.yaml", BAD), ("b.yaml", UNSAFE)]);
    let output = folder.run(&[
        "check",
        "--output-file",
        "patch=out.patch",
        "--output-file",
        "concise=lines.txt",
        "--color=always",
    ]);
    assert_eq!(output.status, 1);
    assert!(output.stdout.contains("\u{1b}["));
    let lines = folder.read("lines.txt");
    assert!(lines.starts_with("a.yaml:2:3: Web: ImageTagMutability is missing"));
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(folder.read("out.patch"), folder.run(&["diff"]).stdout);
    let alone = folder.run(&["check", "--output-format", "patch", "--output-file", "x"]);
    assert_eq!((alone.stdout.as_str(), alone.status), ("", 1));
    assert_eq!(folder.read("x"), folder.read("out.patch"));
    let wrong = folder.run(&["check", "--output-file", "x"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.stderr.contains("as in sarif=x"), "{}", wrong.stderr);
}

#[test]
fn a_report_is_neither_scanned_nor_written_over_a_template() {
    let old = "{\"said\": \"AWS::ECR::Repository\"}";
    let creation = "Resources:\n  A:\n    Type: AWS::ECR::RepositoryCreationTemplate\n";
    let folder = Folder::new(&[
        ("a.yaml", BAD),
        ("old.json", old),
        ("old.patch", BROKEN),
        ("broken.yaml", BROKEN),
        ("creation.yaml", creation),
    ]);
    for report in ["old.json", "old.patch"] {
        let file = format!("concise={report}");
        let output = folder.run(&["check", "--output-file", &file, "a.yaml", report]);
        assert_eq!(output.status, 1, "{}", output.stderr);
        assert!(folder.read(report).starts_with("a.yaml:2:3"));
    }
    for (template, text) in [
        ("a.yaml", BAD),
        ("broken.yaml", BROKEN),
        ("creation.yaml", creation),
    ] {
        let file = format!("concise={template}");
        let output = folder.run(&["fix", "--output-file", &file]);
        assert_eq!(output.status, 2);
        let message = format!("{template} is a template, or may be one");
        assert!(output.stderr.contains(&message), "{}", output.stderr);
        assert_eq!(folder.read(template), text);
    }
    assert_eq!(folder.read("a.yaml"), BAD, "nothing is fixed then");
    let file = "concise=no/where.txt";
    let output = folder.run(&["check", "--output-file", file, "a.yaml"]);
    assert_eq!(output.status, 2);
    assert!(output.stderr.contains("no/where.txt cannot be written"));
}
