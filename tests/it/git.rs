//! `--staged` and `--since`, in repositories that the tests make.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::common::{Folder, IMMUTAG, Output};

const BAD: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties: {ImageTagMutability: MUTABLE}\n";
const GOOD: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n    Properties: {ImageTagMutability: IMMUTABLE}\n";

/// A folder that is a repository.
struct Repository(Folder);

impl Repository {
    fn new() -> Self {
        let folder = Folder::new(&[]);
        folder.git(&["init", "-q", "-b", "main"]);
        Self(folder)
    }

    fn commit_all(&self) {
        self.0.commit_all("");
    }

    fn run(
        &self,
        program: &str,
        folder: &str,
        arguments: &[impl AsRef<OsStr>],
        stdin: &str,
    ) -> Output {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path().join(folder));
        self.finish(command, stdin)
    }

    fn immutag(&self, arguments: &[&str]) -> Output {
        self.0.run(arguments)
    }

    fn immutag_in(&self, folder: &str, arguments: &[&str]) -> Output {
        self.0.run_in(folder, arguments, b"")
    }
}

impl std::ops::Deref for Repository {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

/// The paths that lines of findings begin with.
fn paths(output: &Output) -> Vec<&str> {
    let lines = output.stdout.lines();
    lines.map(|line| line.split(':').next().unwrap()).collect()
}

#[test]
fn what_is_staged_is_checked_as_the_index_has_it_before_the_first_commit_too() {
    let repository = Repository::new();
    repository.write("a.yaml", BAD);
    repository.write("b.yaml", BAD);
    repository.write("c.txt", BAD);
    repository.git(&["add", "a.yaml", "c.txt"]);
    repository.write("a.yaml", GOOD);
    let output = repository.immutag(&["check", "--staged"]);
    assert_eq!((paths(&output), output.status), (vec!["a.yaml"], 1));
    repository.git(&["add", "a.yaml"]);
    repository.write("a.yaml", BAD);
    let output = repository.immutag(&["check", "--staged"]);
    assert_eq!(output.status, 0, "{}", output.stdout);
    repository.git(&["commit", "-q", "-m", "x"]);
    let output = repository.immutag(&["check", "--staged"]);
    assert_eq!((output.status, output.stdout.as_str()), (0, ""));
}

#[test]
fn what_is_staged_is_fixed_where_the_work_tree_agrees_and_else_it_is_said() {
    let repository = Repository::new();
    for name in ["same.yaml", "other.yaml", "gone.yaml", "sub/good.yaml"] {
        repository.write(name, BAD);
    }
    repository.write("sub/good.yaml", GOOD);
    repository.git(&["add", "-A"]);
    let other = format!("# not staged\n{BAD}");
    repository.write("other.yaml", &other);
    repository.write("sub/good.yaml", BAD);
    fs::remove_file(repository.path().join("gone.yaml")).unwrap();
    let output = repository.immutag(&["fix", "--staged"]);
    assert_eq!(output.status, 2);
    for name in ["other.yaml", "gone.yaml"] {
        assert!(
            output.stderr.contains(&format!(
                "{name}: error: not written: it has changes that are not staged"
            )),
            "{}",
            output.stderr
        );
    }
    assert_eq!(repository.read("same.yaml"), GOOD);
    assert_eq!(repository.read("other.yaml"), other);
    assert_eq!(repository.read("sub/good.yaml"), BAD, "not what is staged");
    assert_eq!(
        repository.git(&["show", ":same.yaml"]),
        BAD,
        "nothing is staged"
    );
    repository.git(&["add", "same.yaml"]);
    let output = repository.immutag(&["fix", "--staged", "same.yaml"]);
    assert_eq!(output.status, 0);
}

#[test]
fn a_diff_of_what_is_staged_applies_to_the_index() {
    let repository = Repository::new();
    repository.write("sub/a.yaml", BAD);
    repository.git(&["add", "-A"]);
    repository.write("sub/a.yaml", "# other\n");
    let output = repository.immutag(&["diff", "--staged"]);
    let applied = repository.run("git", "", &["apply", "--cached"], &output.stdout);
    assert_eq!(applied.status, 0, "{}", applied.stderr);
    assert_eq!(repository.git(&["show", ":sub/a.yaml"]), GOOD);
    assert_eq!(repository.read("sub/a.yaml"), "# other\n");
}

#[test]
fn paths_globs_and_folders_bind_what_git_lists() {
    let repository = Repository::new();
    for name in [
        "one/a.yaml",
        "one/cdk.out/b.yaml",
        "one/.hidden/c.yaml",
        "two/d.yaml",
        "two/legacy/e.yaml",
        "two/f.txt",
    ] {
        repository.write(name, BAD);
    }
    repository.git(&["add", "-A"]);
    let check = |folder: &str, arguments: &[&str]| {
        let all = [&["check", "--staged"], arguments].concat();
        let output = repository.immutag_in(folder, &all);
        assert!(output.status < 2, "{}", output.stderr);
        let mut found: Vec<String> = paths(&output).into_iter().map(str::to_owned).collect();
        found.sort();
        found
    };
    assert_eq!(
        check("", &[]),
        ["one/a.yaml", "two/d.yaml", "two/legacy/e.yaml"]
    );
    assert_eq!(check("two", &[]), ["d.yaml", "legacy/e.yaml"]);
    assert_eq!(check("two", &["../one"]), ["../one/a.yaml"]);
    assert_eq!(
        check("two", &["f.txt"]),
        ["f.txt"],
        "what is named is taken"
    );
    assert_eq!(check("", &["--exclude", "legacy", "two"]), ["two/d.yaml"]);
    assert_eq!(check("", &["--hidden", "one"]).len(), 2);
    assert_eq!(check("", &["--include", "*.txt"]), ["two/f.txt"]);
}

#[test]
fn names_are_taken_as_they_are() {
    let repository = Repository::new();
    let names = [
        OsString::from("-rf.yaml"),
        OsString::from(":(glob)*.yaml"),
        OsString::from("a\nb.yaml"),
        OsString::from("q\"uote \t.yaml"),
        OsString::from_vec(b"\xff\xfe.yaml".to_vec()),
    ];
    for name in &names {
        repository.write(name, BAD);
    }
    repository.git(&["add", "-A"]);
    let output = repository.immutag(&["check", "--staged"]);
    assert_eq!(
        output.stdout.lines().count(),
        names.len(),
        "{}",
        output.stdout
    );
    let output = repository.immutag(&["fix", "--staged"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    for name in &names {
        assert_eq!(
            fs::read_to_string(repository.path().join(name)).unwrap(),
            GOOD
        );
    }
}

#[test]
fn links_and_submodules_are_none_of_the_files() {
    let repository = Repository::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("a.yaml"), BAD).unwrap();
    repository.write("real/a.yaml", BAD);
    repository.write("target.yaml", GOOD);
    symlink("target.yaml", repository.path().join("link.yaml")).unwrap();
    let inner = repository.path().join("inner.yaml");
    fs::create_dir(&inner).unwrap();
    let mut init = Command::new("git");
    init.args(["init", "-q"]).current_dir(&inner);
    assert!(init.status().unwrap().success());
    fs::write(inner.join("x"), "x").unwrap();
    repository.run("git", "inner.yaml", &["add", "-A"], "");
    repository.run("git", "inner.yaml", &["commit", "-q", "-m", "x"], "");
    repository.git(&["add", "-A"]);
    // A folder of the index is a link to elsewhere now.
    fs::remove_dir_all(repository.path().join("real")).unwrap();
    symlink(outside.path(), repository.path().join("real")).unwrap();
    let output = repository.immutag(&["fix", "--staged"]);
    assert_eq!(output.status, 2, "{}", output.stderr);
    assert!(output.stderr.contains("real/a.yaml: error: not written"));
    assert_eq!(
        fs::read_to_string(outside.path().join("a.yaml")).unwrap(),
        BAD
    );
    let output = repository.immutag(&["check", "--since", "main"]);
    assert_eq!(output.status, 2, "there is no commit yet");
}

#[test]
fn conflicts_are_an_error() {
    let repository = Repository::new();
    repository.write("a.yaml", "Resources: {}\n");
    repository.commit_all();
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write("a.yaml", BAD);
    repository.commit_all();
    repository.git(&["checkout", "-q", "main"]);
    repository.write("a.yaml", GOOD);
    repository.commit_all();
    let merge = repository.run("git", "", &["merge", "-q", "side"], "");
    assert_eq!(merge.status, 1);
    let before = repository.read("a.yaml");
    for mode in ["check", "fix"] {
        let output = repository.immutag(&[mode, "--staged"]);
        assert_eq!(output.status, 2);
        assert!(
            output.stderr.contains("a.yaml: error: has merge conflicts"),
            "{}",
            output.stderr
        );
    }
    assert_eq!(repository.read("a.yaml"), before);
}

#[test]
fn line_ends_that_git_converts_are_kept_in_the_work_tree() {
    let repository = Repository::new();
    repository.git(&["config", "core.autocrlf", "true"]);
    repository.write("a.yaml", &BAD.replace('\n', "\r\n"));
    repository.git(&["add", "-A"]);
    assert_eq!(repository.git(&["show", ":a.yaml"]), BAD);
    let output = repository.immutag(&["fix", "--staged"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(repository.read("a.yaml"), GOOD.replace('\n', "\r\n"));
}

#[test]
fn nothing_that_a_repository_configures_is_run() {
    let repository = Repository::new();
    let trap = repository.path().join("trap.sh");
    fs::write(&trap, "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\n").unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    repository.write(".gitattributes", "*.yaml diff=trap\n");
    repository.write("a.yaml", GOOD);
    repository.commit_all();
    repository.write("a.yaml", BAD);
    repository.git(&["add", "a.yaml"]);
    repository.write("a.yaml", GOOD);
    let trap = trap.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "diff.external",
        "diff.trap.command",
        "diff.trap.textconv",
        "core.pager",
    ] {
        repository.git(&["config", key, trap]);
    }
    for arguments in [
        &["check", "--staged"][..],
        &["fix", "--staged"],
        &["check", "--since", "HEAD"],
    ] {
        repository.immutag(arguments);
    }
    assert!(!repository.path().join("sprung").exists());
}

#[test]
fn what_has_changed_since_the_merge_base_is_looked_at() {
    let repository = Repository::new();
    repository.write("old.yaml", BAD);
    repository.write("committed.yaml", "a: 1\n");
    repository.write("open.yaml", "a: 1\n");
    repository.write("gone.yaml", BAD);
    repository.write(".gitignore", "ignored.yaml\n");
    repository.commit_all();
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.write("committed.yaml", BAD);
    fs::remove_file(repository.path().join("gone.yaml")).unwrap();
    repository.commit_all();
    repository.git(&["checkout", "-q", "main"]);
    repository.write("later.yaml", BAD);
    repository.commit_all();
    repository.git(&["checkout", "-q", "side"]);
    repository.write("open.yaml", BAD);
    repository.write("sub/new.yaml", BAD);
    repository.write("ignored.yaml", BAD);
    let output = repository.immutag(&["check", "--since", "main"]);
    assert_eq!(
        paths(&output),
        ["committed.yaml", "open.yaml", "sub/new.yaml"],
        "{}",
        output.stderr
    );
    let below = repository.immutag_in("sub", &["check", "--since", "main"]);
    assert_eq!(paths(&below), ["new.yaml"]);
    let above = repository.immutag_in("sub", &["check", "--since", "main", ".."]);
    assert_eq!(
        paths(&above),
        ["../committed.yaml", "../open.yaml", "new.yaml"]
    );
    let output = repository.immutag(&["fix", "--since", "main"]);
    assert_eq!(
        (output.status, repository.read("open.yaml").as_str()),
        (0, GOOD)
    );
    assert_eq!(repository.read("old.yaml"), BAD);
}

#[test]
fn what_git_cannot_answer_is_an_error_with_a_remedy() {
    let repository = Repository::new();
    repository.write("a.yaml", BAD);
    repository.commit_all();
    repository.git(&["checkout", "-q", "--orphan", "other"]);
    // The same contents at the same second would be the same commit.
    repository.write("b.yaml", GOOD);
    repository.commit_all();
    for (arguments, expected) in [
        (
            &["check", "--since", "nowhere"][..],
            "git knows no such commit",
        ),
        (&["check", "--since=--output=x"], "git knows no such commit"),
        (&["check", "--since", "main"], "git fetch --unshallow"),
        (
            &["check", "--staged", "--since", "main"],
            "cannot be used with",
        ),
        (&["check", "--staged", "-"], "goes with no other path"),
    ] {
        let output = repository.immutag(arguments);
        assert_eq!(output.status, 2, "{arguments:?}");
        assert!(output.stderr.contains(expected), "{}", output.stderr);
    }
    assert!(!repository.path().join("x").exists());
    let none = tempfile::tempdir().unwrap();
    let output = Command::new(IMMUTAG)
        .args(["check", "--staged"])
        .current_dir(none.path())
        .env("GIT_CEILING_DIRECTORIES", none.path().parent().unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("work within a git repository"),
        "{message}"
    );
}

#[test]
fn many_and_large_files_are_read_one_by_one() {
    let repository = Repository::new();
    for nth in 0..600 {
        repository.write(format!("{nth:03}.yaml"), "a: 1\n");
    }
    let large = format!("# {}\n{BAD}", "x".repeat(1 << 20));
    for nth in 0..8 {
        repository.write(format!("large-{nth}.yaml"), &large);
    }
    repository.git(&["add", "-A"]);
    let output = repository.immutag(&["check", "--staged"]);
    assert_eq!(output.stdout.lines().count(), 8, "{}", output.stderr);
    assert!(
        output.stderr.contains("608 files scanned"),
        "{}",
        output.stderr
    );
    let output = repository.immutag(&["check", "--staged", "--max-file-size", "1M"]);
    assert_eq!(output.status, 2);
    assert_eq!(output.stderr.matches("error:").count(), 8);
}

#[test]
fn a_path_that_git_can_say_nothing_about_is_an_error_and_the_others_are_looked_at() {
    let repository = Repository::new();
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().to_str().unwrap();
    fs::write(Path::new(outside).join("b.yaml"), BAD).unwrap();
    repository.write("a.yaml", GOOD);
    repository.commit_all();
    repository.write("a.yaml", BAD);
    repository.git(&["add", "a.yaml"]);
    for flag in ["--staged", "--since=HEAD"] {
        for (path, expected) in [
            (outside, "lies outside of the repository"),
            ("gone.yaml", "no such file or directory"),
        ] {
            let output = repository.immutag(&["check", flag, "a.yaml", path]);
            assert_eq!((output.status, paths(&output)), (2, vec!["a.yaml"]));
            let error = format!("{path}: error: {expected}");
            assert!(output.stderr.starts_with(&error), "{}", output.stderr);
        }
        // A folder around the repository holds all of it; that of a test is hidden.
        let above = repository.immutag(&["check", flag, "--hidden", ".."]);
        assert_eq!((above.status, paths(&above)), (1, vec!["a.yaml"]));
    }
}

/// Makes the time stamps of a file differ from those that the index has.
fn touch(repository: &Repository, name: &str) {
    let arguments = ["-d", "2001-01-01T00:00:00Z", name];
    let output = repository.run("touch", "", &arguments, "");
    assert_eq!(output.status, 0, "{}", output.stderr);
}

#[test]
fn the_index_is_not_written_and_time_stamps_are_no_change() {
    let repository = Repository::new();
    repository.write("a.yaml", GOOD);
    repository.write("b.yaml", BAD);
    repository.commit_all();
    repository.write("a.yaml", BAD);
    repository.git(&["add", "a.yaml"]);
    repository.git(&["config", "diff.autoRefreshIndex", "false"]);
    for setting in ["false", "true"] {
        repository.git(&["config", "diff.autoRefreshIndex", setting]);
        repository.write("a.yaml", BAD);
        touch(&repository, "a.yaml");
        touch(&repository, "b.yaml");
        let index = || fs::read(repository.path().join(".git/index")).unwrap();
        let before = index();
        let output = repository.immutag(&["check", "--since=HEAD"]);
        assert_eq!(paths(&output), ["a.yaml"]);
        let output = repository.immutag(&["fix", "--staged"]);
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert_eq!(repository.read("a.yaml"), GOOD);
        assert!(index() == before, "{setting}: the index was written");
    }
}

#[test]
fn how_a_user_likes_diffs_changes_nothing() {
    let repository = Repository::new();
    repository.write("top.yaml", "a: 1\n");
    repository.commit_all();
    repository.write("sub/a.yaml", BAD);
    repository.write("sub/old.yaml", BAD);
    repository.git(&["add", "-A"]);
    for (key, value) in [
        ("diff.relative", "true"),
        ("diff.orderFile", "/nonexistent"),
        ("diff.renames", "copies"),
        ("status.relativePaths", "true"),
        ("status.renames", "copies"),
        ("status.showUntrackedFiles", "no"),
        ("status.branch", "true"),
        ("color.ui", "always"),
    ] {
        repository.git(&["config", key, value]);
    }
    repository.write("sub/new.yaml", BAD);
    let output = repository.immutag_in("sub", &["check", "--staged"]);
    assert_eq!(paths(&output), ["a.yaml", "old.yaml"], "{}", output.stderr);
    let output = repository.immutag_in("sub", &["check", "--since=HEAD"]);
    assert_eq!(paths(&output), ["a.yaml", "new.yaml", "old.yaml"]);
    let output = repository.immutag_in("sub", &["fix", "--staged", "a.yaml"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(repository.read("sub/a.yaml"), GOOD);
}

#[test]
fn neither_hooks_nor_the_filters_of_a_submodule_are_run() {
    let repository = Repository::new();
    let folder = tempfile::tempdir().unwrap();
    let trap = folder.path().join("trap.sh");
    let sprung = folder.path().join("sprung");
    fs::write(&trap, format!("#!/bin/sh\ntouch '{}'\n", sprung.display())).unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    repository.write("a.yaml", GOOD);
    repository.write("module/a.yaml", GOOD);
    repository.write("module/.gitattributes", "* filter=trap\n");
    for arguments in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-q", "-m", "x"],
        &["config", "filter.trap.clean", trap.to_str().unwrap()],
    ] {
        assert_eq!(repository.run("git", "module", arguments, "").status, 0);
    }
    repository.commit_all();
    for hook in ["post-index-change", "reference-transaction"] {
        let hooks = repository.path().join(".git/hooks");
        fs::create_dir_all(&hooks).unwrap();
        symlink(&trap, hooks.join(hook)).unwrap();
    }
    repository.write("a.yaml", BAD);
    repository.git(&["add", "a.yaml"]);
    let look = |program: &str, arguments: &[&str]| {
        touch(&repository, "a.yaml");
        touch(&repository, "module/a.yaml");
        let _ = fs::remove_file(&sprung);
        repository.run(program, "", arguments, "");
        sprung.exists()
    };
    assert!(look("git", &["status"]), "the trap is none");
    for arguments in [
        ["check", "--staged"],
        ["check", "--since=HEAD"],
        ["diff", "--staged"],
        ["fix", "--staged"],
        ["fix", "--since=HEAD"],
    ] {
        assert!(!look(IMMUTAG, &arguments), "{arguments:?}");
    }
}

#[test]
fn what_a_partial_clone_lacks_is_not_fetched() {
    let repository = Repository::new();
    repository.write("a.yaml", BAD);
    repository.commit_all();
    let from = format!("file://{}", repository.path().display());
    repository.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = [
        "clone",
        "-q",
        "--filter=blob:none",
        "--no-checkout",
        &from,
        "clone",
    ];
    repository.git(&clone);
    // Staged without having been fetched, as for a file that is moved.
    let blob = repository.git(&["rev-parse", "HEAD:a.yaml"]);
    let entry = format!("100644,{},b.yaml", blob.trim());
    let arguments = ["update-index", "--add", "--cacheinfo", &entry];
    assert_eq!(repository.run("git", "clone", &arguments, "").status, 0);
    let output = repository.immutag_in("clone", &["check", "--staged"]);
    assert_eq!((output.status, output.stdout.as_str()), (2, ""));
    assert!(
        output.stderr.contains("b.yaml: error: "),
        "{}",
        output.stderr
    );
}

#[test]
fn the_index_of_a_hook_counts_and_so_does_a_work_tree_beside_the_repository() {
    let repository = Repository::new();
    repository.write("README", "x\n");
    repository.commit_all();
    let hook = repository.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(
        &hook,
        format!("#!/bin/sh\nexec '{IMMUTAG}' check --staged\n"),
    )
    .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    // As git calls it, with all that it sets there, for a commit of one file
    // and not of what is staged.
    repository.write("b.yaml", BAD);
    repository.git(&["add", "b.yaml"]);
    repository.write("README", "changed\n");
    repository.git(&["commit", "-q", "-m", "x", "README"]);
    let commit = ["commit", "-q", "-m", "x"];
    let output = repository.run("git", "", &commit, "");
    assert_eq!(output.status, 1);
    assert!(output.stderr.contains("b.yaml:"), "{}", output.stderr);

    repository.git(&["worktree", "add", "-q", "-b", "side", "tree"]);
    repository.write("tree/sub/a.yaml", BAD);
    repository.run("git", "tree", &["add", "-A"], "");
    let output = repository.immutag_in("tree/sub", &["check", "--since", "main"]);
    assert_eq!(paths(&output), ["a.yaml"], "{}", output.stderr);
    let output = repository.immutag_in("tree/sub", &["fix", "--staged"]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(repository.read("tree/sub/a.yaml"), GOOD);
}
