//! What goes wrong around a run: each fault leaves the original whole, is told
//! with what to do, and ends with the right exit status.
//!
//! # What is held elsewhere
//!
//! - A file that is replaced, changed or gone when it is to be written, one
//!   that is read-only or has hard links, a link, a directory or a device in
//!   its place, a directory that may not be written: `src/files/write.rs`, the module.
//! - Special files by name and in a walk, links in a walk, names that are not
//!   UTF-8, what does not exist: `src/files/discover.rs`, the module.
//! - A link that leads out: `a_link_is_resolved_and_one_out_of_the_roots_refused`,
//!   `a_linked_folder_does_not_lead_out` in `tests/it/cli.rs`.
//! - A standard output whose reader leaves, a closed standard error:
//!   `a_reader_that_leaves_early_is_no_failure`,
//!   `a_closed_standard_error_takes_nothing_from_standard_output`, there.
//! - A report in the place of a template, or in no directory:
//!   `a_report_is_neither_scanned_nor_written_over_a_template`, there.
//! - A `.trivyignore` that leads nowhere or is not of its form:
//!   `a_trivyignore_yaml_counts_by_whatever_path_leads_to_the_file`,
//!   `a_list_of_ignores_that_cannot_be_read_stops_the_run`, there.
//! - Settings that are no file or not of their form: `tests/it/config.rs`.
//! - What git cannot answer, blobs that are missing, links and submodules in
//!   the index, a work tree beside the repository: `tests/it/git.rs`.
//! - Templates that mean harm: `tests/hostile.rs`.
//!
//! What happens to a file between reading and writing is asked for by its own
//! text, in a build with the feature `fault`:
//! `cargo test --features fault --test it faults::`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::common::{BAD, GOOD, IMMUTAG};

/// A run that waits for something would wait for ever: it is given this long,
/// which is far more than any of them takes.
const PATIENCE: Duration = Duration::from_secs(120);

struct Folder(TempDir);

#[derive(Debug)]
struct Output {
    /// None where a signal ended the process.
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: impl AsRef<Path>) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn pipe(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.at(name)).status();
        assert!(made.unwrap().success());
    }

    /// Every name in the folder, for a look at what was left.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(IMMUTAG);
        command.args(arguments);
        self.finish(command)
    }

    /// Runs a line of a shell, in which `$I` is the program.
    fn shell(&self, line: &str) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("I", IMMUTAG);
        self.finish(command)
    }

    fn finish(&self, mut command: Command) -> Output {
        let mut child = command
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let id = child.id().to_string();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let guard = thread::spawn(move || {
            let waited = ended.recv_timeout(PATIENCE);
            if waited == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-9", &id]).status();
            }
        });
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        // Both are short enough for a pipe, but the one may wait for the other.
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut stderr, &mut bytes).unwrap();
            bytes
        });
        let output = child.wait_with_output().unwrap();
        drop(end);
        guard.join().unwrap();
        Output {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(errors.join().unwrap()),
        }
    }

    /// Gives the folder and all that it holds to somebody who is not root.
    /// None where we are not root ourselves: then it is ours already.
    fn give_away(&self) {
        let owned = Command::new("chown")
            .args(["-R", "65534:65534"])
            .arg(self.path())
            .status();
        assert!(owned.unwrap().success());
    }

    /// Runs as a user whom modes bind: ourselves, or nobody if we are root.
    fn run_bound(&self, arguments: &[&str]) -> Output {
        let is_root = fs::metadata(self.path()).unwrap().uid() == 0 || is_root();
        if !is_root {
            return self.run(arguments);
        }
        // Where it is built, nobody else may be let in.
        let bin = tempfile::tempdir().unwrap();
        let program = bin.path().join("immutag");
        fs::copy(IMMUTAG, &program).unwrap();
        for path in [bin.path(), &program] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(&program)
            .args(arguments);
        self.finish(command)
    }
}

fn is_root() -> bool {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().metadata().unwrap().uid() == 0
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// An error, and the original as it was.
#[track_caller]
fn assert_told(output: &Output, said: &str) {
    assert_eq!(output.status, Some(2), "{output:?}");
    assert!(output.stderr.contains(said), "{said}: {}", output.stderr);
}

// Space.

/// A template with room for a repair that goes beyond a limit.
fn long(bytes: usize) -> String {
    let line = format!("# {}\n", "x".repeat(61));
    format!("{BAD}{}", line.repeat(bytes / line.len()))
}

#[test]
fn a_limit_for_files_leaves_the_original_and_no_other() {
    let text = long(40_000);
    let folder = Folder::new(&[("a.yaml", &text), ("b.yaml", BAD)]);
    // In blocks of 512 bytes or of 1024, by the shell.
    let output = folder.shell("ulimit -f 16; exec \"$I\" fix");
    assert_told(
        &output,
        "a.yaml: error: not written: cannot write the temporary file: File too large",
    );
    assert_eq!(folder.read("a.yaml"), text);
    assert_eq!(folder.read("b.yaml"), GOOD, "the others are repaired");
    assert_eq!(folder.names(), ["a.yaml", "b.yaml"]);

    let output = folder.shell("ulimit -f 0; exec \"$I\" check --output-file json=r.json");
    assert_told(
        &output,
        "the report r.json cannot be written: File too large",
    );
    assert_eq!(folder.names(), ["a.yaml", "b.yaml"]);
}

#[test]
#[ignore = "needs the right to mount a file system"]
fn a_full_disk_leaves_the_original_and_no_other() {
    let text = long(40_000);
    let folder = Folder::new(&[("a.yaml", &text)]);
    fs::create_dir(folder.at("small")).unwrap();
    // A file system of our own needs a user namespace, or root.
    let mount = "mount -t tmpfs -o size=64k none small || exit 77";
    let line = format!(
        "{mount}; cp a.yaml small; cd small; \"$I\" fix a.yaml; status=$?; \
         cmp -s a.yaml ../a.yaml || exit 78; ls -A; exit $status"
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &line]).env("I", IMMUTAG);
    let output = folder.finish(command);
    assert_told(&output, "No space left on device");
    assert_eq!(output.stdout, "a.yaml\n", "nothing else is left");
}

#[test]
fn what_cannot_be_printed_is_an_error() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    for arguments in [
        "check",
        "check --output-format json",
        "diff",
        "fix - < a.yaml",
        "explain",
        "config",
        "completions bash",
        "man",
        "--help",
        "--version",
    ] {
        let output = folder.shell(&format!("exec \"$I\" {arguments} > /dev/full"));
        assert_eq!(output.status, Some(2), "{arguments}: {output:?}");
    }
    assert_eq!(folder.read("a.yaml"), BAD);
    let output = folder.shell("exec \"$I\" check > /dev/full");
    assert_told(
        &output,
        "immutag: error: the output failed: No space left on device",
    );
    // What is repaired stays so, and one is told that the report is missing.
    let output = folder.shell("exec \"$I\" fix > /dev/full");
    assert_eq!(
        (output.status, folder.read("a.yaml").as_str()),
        (Some(2), GOOD)
    );
}

#[test]
fn help_whose_reader_leaves_is_no_failure() {
    let folder = Folder::new(&[]);
    for arguments in ["--help", "explain", "man fix"] {
        let line = format!("{{ \"$I\" {arguments}; echo $? >&2; }} | true");
        let output = folder.shell(&line);
        assert_eq!(output.stderr, "0\n", "{arguments}");
    }
}

#[test]
fn closed_streams_are_no_failure() {
    for streams in [">&-", "2>&-", "<&-", "<&- >&- 2>&-"] {
        let folder = Folder::new(&[("a.yaml", BAD)]);
        let output = folder.shell(&format!("exec \"$I\" fix {streams}"));
        assert_eq!(output.status, Some(0), "{streams}: {output:?}");
        // Not into the file that took the number of the stream.
        assert_eq!(folder.read("a.yaml"), GOOD, "{streams}");
    }
}

#[test]
fn a_report_goes_where_it_is_sent_or_it_is_told() {
    let folder = Folder::new(&[("a.yaml", BAD), ("sub/x", "")]);
    for (file, said) in [
        (
            "/dev/full",
            "the report /dev/full cannot be written: No space left",
        ),
        ("sub", "the report sub cannot be written: Is a directory"),
        (
            "a.yaml/x",
            "the report a.yaml/x cannot be written: Not a directory",
        ),
    ] {
        let output = folder.run(&["check", "--output-file", &format!("json={file}")]);
        assert_told(&output, said);
    }
    assert_eq!(folder.names(), ["a.yaml", "sub"]);
    // A pipe is written to, and who reads it gets all.
    folder.pipe("pipe");
    let output = folder
        .shell("cat pipe > got & \"$I\" check --output-file concise=pipe; s=$?; wait; exit $s");
    assert_eq!(output.status, Some(1), "{output:?}");
    assert!(folder.read("got").starts_with("a.yaml:2:3: Web:"));
    let output =
        folder.shell("(: < pipe) & \"$I\" check --output-file json=pipe; s=$?; wait; exit $s");
    assert!(
        matches!(output.status, Some(1 | 2)),
        "its reader leaves: {output:?}"
    );
}

// Rights.

#[test]
fn what_may_not_be_read_or_written_is_told_and_the_rest_goes_on() {
    let folder = Folder::new(&[
        ("closed.yaml", BAD),
        ("fixed.yaml", BAD),
        ("kept.yaml", BAD),
        ("dir/a.yaml", BAD),
        ("shut/a.yaml", BAD),
        ("unlisted/a.yaml", BAD),
    ]);
    if is_root() {
        folder.give_away();
    }
    for (name, mode) in [
        ("closed.yaml", 0o000),
        ("kept.yaml", 0o444),
        ("dir", 0o555),
        ("shut", 0o000),
        ("unlisted", 0o300),
    ] {
        set_mode(&folder.at(name), mode);
    }
    let output = folder.run_bound(&["fix"]);
    for name in ["shut", "unlisted", "dir"] {
        set_mode(&folder.at(name), 0o755);
    }
    for said in [
        "closed.yaml: error: cannot be read: Permission denied",
        "kept.yaml: error: not written: the file is read-only",
        "dir/a.yaml: error: not written: cannot create a temporary file in its directory",
        "shut: error: cannot be looked at: Permission denied",
        "unlisted: error: cannot be looked at: Permission denied",
    ] {
        assert_told(&output, said);
    }
    set_mode(&folder.at("closed.yaml"), 0o644);
    for name in [
        "closed.yaml",
        "kept.yaml",
        "dir/a.yaml",
        "shut/a.yaml",
        "unlisted/a.yaml",
    ] {
        assert_eq!(folder.read(name), BAD, "{name}");
    }
    assert_eq!(folder.read("fixed.yaml"), GOOD);
    assert_eq!(fs::read_dir(folder.at("dir")).unwrap().count(), 1);
}

#[test]
#[ignore = "needs root"]
fn a_file_of_somebody_else_is_not_taken_over() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    folder.give_away();
    let file = folder.at("a.yaml");
    set_mode(&file, 0o666);
    chown(&file, Some(1), Some(1)).unwrap();
    let output = folder.run_bound(&["fix"]);
    assert_told(
        &output,
        "a.yaml: error: not written: its owner and group could not be kept",
    );
    assert_eq!(folder.read("a.yaml"), BAD);
    assert_eq!(fs::metadata(file).unwrap().uid(), 1);
    assert_eq!(folder.names(), ["a.yaml"]);
}

#[test]
fn settings_and_lists_that_may_not_be_read_stop_the_run() {
    for name in ["immutag.toml", ".trivyignore", ".trivyignore.yaml"] {
        let folder = Folder::new(&[("a.yaml", BAD), (name, "")]);
        if is_root() {
            folder.give_away();
        }
        set_mode(&folder.at(name), 0o000);
        let output = folder.run_bound(&["fix"]);
        assert_told(
            &output,
            &format!("{name}: cannot be read: Permission denied"),
        );
        assert_eq!(folder.read("a.yaml"), BAD);
    }
}

// What is no file.

#[test]
fn settings_and_lists_that_are_no_small_file_stop_the_run_at_once() {
    for name in ["immutag.toml", ".trivyignore", ".trivyignore.yaml"] {
        let folder = Folder::new(&[("a.yaml", BAD)]);
        let at = folder.at(name);
        let no_file = format!("{name}: cannot be read: it is no file");
        folder.pipe(name);
        assert_told(&folder.run(&["fix"]), &no_file);
        for (target, said) in [
            ("/dev/zero", no_file.as_str()),
            ("/", &no_file),
            (
                name,
                &format!("{name}: cannot be read: Too many levels of symbolic links"),
            ),
        ] {
            fs::remove_file(&at).unwrap();
            symlink(target, &at).unwrap();
            assert_told(&folder.run(&["fix"]), said);
        }
        fs::remove_file(&at).unwrap();
        // A hole of a terabyte.
        File::create(&at).unwrap().set_len(1 << 40).unwrap();
        let said = format!("{name}: cannot be read: it has more than 1048576 bytes");
        assert_told(&folder.run(&["fix"]), &said);
        assert_eq!(folder.read("a.yaml"), BAD);
        fs::remove_file(&at).unwrap();
        assert_eq!(
            folder.run(&["fix"]).status,
            Some(0),
            "nothing else was wrong"
        );
    }
}

#[test]
fn an_ignore_file_that_cannot_be_read_is_told_and_its_directory_left() {
    type Fault = fn(&Folder, &str);
    let faults: [(Fault, &str); 5] = [
        (|folder, name| folder.pipe(name), "it is no file"),
        (
            |folder, name| symlink("/dev/zero", folder.at(name)).unwrap(),
            "it is no file",
        ),
        (
            |folder, name| folder.write(name, b"# caf\xe9\na.yaml\n"),
            "it is not UTF-8",
        ),
        (
            |folder, name| symlink("nowhere", folder.at(name)).unwrap(),
            "No such file or directory",
        ),
        (
            |folder, name| {
                let file = File::create(folder.at(name)).unwrap();
                file.set_len(1 << 40).unwrap();
            },
            "it has more than 1048576 bytes",
        ),
    ];
    for (fault, why) in faults {
        for name in [".gitignore", ".ignore"] {
            let folder = Folder::new(&[("in/a.yaml", BAD), ("in/x/b.yaml", BAD), ("c.yaml", BAD)]);
            fault(&folder, &format!("in/{name}"));
            let output = folder.run(&["fix"]);
            assert_told(&output, &format!("in/{name}: error: cannot be read: {why}"));
            assert_told(&output, "nothing below its directory was looked at");
            assert_eq!(folder.read("in/a.yaml"), BAD);
            assert_eq!(folder.read("in/x/b.yaml"), BAD);
            assert_eq!(folder.read("c.yaml"), GOOD);
            // The same for a folder below it, which its ignores hold for, too.
            let output = folder.run(&["fix", "in/x"]);
            assert_told(&output, &format!("in/{name}: error: cannot be read: {why}"));
            assert_eq!(folder.read("in/x/b.yaml"), BAD);
            let output = folder.run(&["fix", "--no-ignore"]);
            assert_eq!(output.status, Some(0), "{output:?}");
            assert_eq!(folder.read("in/x/b.yaml"), GOOD);
        }
    }
}

#[test]
fn an_ignore_file_that_may_not_be_read_is_told_and_its_directory_left() {
    let folder = Folder::new(&[
        ("in/a.yaml", BAD),
        ("in/.gitignore", "a.yaml\n"),
        ("b.yaml", BAD),
    ]);
    if is_root() {
        folder.give_away();
    }
    set_mode(&folder.at("in/.gitignore"), 0o000);
    let output = folder.run_bound(&["fix"]);
    assert_told(
        &output,
        "in/.gitignore: error: cannot be read: Permission denied",
    );
    assert_eq!(
        (folder.read("in/a.yaml"), folder.read("b.yaml")),
        (BAD.to_owned(), GOOD.to_owned())
    );
}

#[test]
fn what_a_repository_leads_the_walk_to_is_not_waited_for() {
    let folder = Folder::new(&[
        ("one/a.yaml", BAD),
        ("two/a.yaml", BAD),
        ("two/.git", ""),
        ("d/x", ""),
    ]);
    fs::create_dir_all(folder.at("one/.git/info")).unwrap();
    folder.pipe("one/.git/info/exclude");
    folder.pipe("d/commondir");
    let gitdir = format!("gitdir: {}\n", folder.at("d").display());
    folder.write("two/.git", gitdir);
    let output = folder.run(&["fix"]);
    assert_told(
        &output,
        "one/.git/info/exclude: error: cannot be read: it is no file",
    );
    assert_told(&output, "d/commondir: error: cannot be read: it is no file");
    assert_eq!(folder.read("one/a.yaml"), BAD);
    // Above a repository nothing counts, but is read.
    let folder = Folder::new(&[("above/r/a.yaml", BAD)]);
    fs::create_dir(folder.at("above/r/.git")).unwrap();
    folder.write("above/.gitignore", b"\xff\n");
    assert_eq!(folder.run(&["fix", "above/r"]).status, Some(0));
    fs::remove_file(folder.at("above/.gitignore")).unwrap();
    folder.pipe("above/.gitignore");
    assert_told(&folder.run(&["fix", "above/r"]), "it is no file");
    // A directory of that name holds no globs.
    let folder = Folder::new(&[("a.yaml", BAD), (".gitignore/a.yaml", BAD)]);
    assert_eq!(folder.run(&["fix"]).status, Some(0));
}

#[test]
fn pipes_devices_and_loops_among_the_files_are_told_or_passed_over() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    folder.pipe("pipe.yaml");
    symlink("loop.yaml", folder.at("loop.yaml")).unwrap();
    symlink("pipe.yaml", folder.at("link.yaml")).unwrap();
    symlink("/dev/zero", folder.at("zero.yaml")).unwrap();
    symlink(".", folder.at("self")).unwrap();
    let output = folder.run(&["fix"]);
    assert_eq!(output.status, Some(0), "{output:?}");
    folder.write("a.yaml", BAD);
    let output = folder.run(&[
        "fix",
        "pipe.yaml",
        "loop.yaml",
        "link.yaml",
        "zero.yaml",
        "/dev/null",
        "a.yaml",
    ]);
    for said in [
        "pipe.yaml: error: is a named pipe; only files and directories can be checked",
        "loop.yaml: error: cannot be looked at: Too many levels of symbolic links",
        "link.yaml: error: is a named pipe",
        "zero.yaml: error: is a device",
        "/dev/null: error: is a device",
    ] {
        assert_told(&output, said);
    }
    assert_eq!(folder.read("a.yaml"), GOOD);
}

#[test]
fn a_file_with_two_names_is_left_under_both() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    fs::hard_link(folder.at("a.yaml"), folder.at("b.yaml")).unwrap();
    let output = folder.run(&["fix"]);
    for name in ["a.yaml", "b.yaml"] {
        assert_told(
            &output,
            &format!("{name}: error: not written: the file has further hard links"),
        );
        assert_eq!(folder.read(name), BAD);
    }
}

// Names and numbers.

#[test]
fn names_of_every_kind_are_taken_and_shown_in_a_line() {
    let longest = format!("{}.yaml", "x".repeat(250));
    let names: [&[u8]; 6] = [
        longest.as_bytes(),
        b"a\nb.yaml",
        b"\xff\xfe.yaml",
        b"-rf.yaml",
        b" \t\r.yaml",
        b"::error::%0A.yaml",
    ];
    let folder = Folder::new(&[]);
    for name in names {
        folder.write(OsStr::from_bytes(name), BAD);
    }
    let output = folder.run(&["fix"]);
    assert_eq!(output.status, Some(0), "{output:?}");
    assert_eq!(output.stdout.lines().count(), names.len());
    for name in names {
        assert_eq!(folder.read(OsStr::from_bytes(name)), GOOD);
    }
    assert_eq!(folder.names().len(), names.len());
}

#[test]
fn a_list_of_hostile_names_is_told_name_by_name() {
    let folder = Folder::new(&[("in/a.yaml", BAD), ("b.yaml", BAD)]);
    let list = b"in/a.yaml\n\n../../no/such\n/dev/zero\nx\0y\n\xff\n--help\n\x1b[31m\n";
    folder.write("list", list);
    let output = folder.run(&["fix", "--files-from", "list"]);
    for said in [
        "../../no/such: error: no such file or directory",
        "/dev/zero: error: is a device",
        "x\\u{0}y: error: cannot be looked at",
        "--help: error: no such file or directory",
        "\\u{1b}[31m: error: no such file or directory",
    ] {
        assert_told(&output, said);
    }
    assert_eq!(folder.read("in/a.yaml"), GOOD);
    assert_eq!(folder.read("b.yaml"), BAD, "not named");
    let output = folder.run(&["fix", "--files-from", "nowhere"]);
    assert_told(
        &output,
        "immutag: error: nowhere cannot be read: No such file or directory",
    );
    let output = folder.run(&["fix", "--files-from", "in"]);
    assert_told(&output, "immutag: error: in cannot be read: Is a directory");
}

#[test]
fn a_directory_of_a_hundred_thousand_entries_is_walked() {
    let folder = Folder::new(&[]);
    for nth in 0..100_000 {
        let text = if nth % 33_333 == 0 { BAD } else { "" };
        fs::write(folder.at(format!("{nth}.yaml")), text).unwrap();
    }
    let output = folder.run(&["fix"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.stdout.lines().count(), 4);
    assert!(
        output.stderr.contains("100000 files scanned"),
        "{}",
        output.stderr
    );
}

#[test]
fn too_few_file_descriptors_are_told_and_no_directory_is_lost_in_silence() {
    let folder = Folder::new(&[]);
    for nth in 0..20 {
        folder.write(format!("d{nth}/a.yaml"), BAD);
        folder.write(format!("d{nth}/b.yaml"), BAD);
        folder.write(format!("d{nth}/.gitignore"), "b.yaml\n");
    }
    let (mut told, mut done) = (0, 0);
    for most in 3..40 {
        let arguments = format!(
            "check --color never --no-config {}",
            folder.path().display()
        );
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={most}")).arg(IMMUTAG);
        command.args(arguments.split(' '));
        let output = folder.finish(command);
        if output.stdout.is_empty() && output.status != Some(2) {
            // It does not even start: the loader needs some itself.
            assert_eq!(output.status, Some(127), "{most}: {output:?}");
            continue;
        }
        assert!(!output.stdout.contains("b.yaml"), "{most}: what is ignored");
        let found = output.stdout.lines().count();
        if found < 20 {
            assert_told(&output, "Too many open files");
            told += 1;
        } else {
            assert!(matches!(output.status, Some(1 | 2)), "{most}: {output:?}");
            done += 1;
        }
    }
    println!("{told} runs lacked file descriptors, {done} had enough");
    assert!(told > 0 && done > 0, "{told} {done}");
}

// Places.

#[test]
fn a_working_directory_that_is_gone_is_told() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    let inside = "mkdir gone; cd gone; rmdir ../gone; exec \"$I\"";
    let output = folder.shell(&format!("{inside} fix"));
    assert_told(
        &output,
        "the working directory cannot be told: No such file or directory",
    );
    let whole = folder.at("a.yaml");
    let flags = "--no-config --no-suppressions";
    let output = folder.shell(&format!("{inside} fix {flags} {}", whole.display()));
    assert_eq!(
        output.status,
        Some(0),
        "a file with a whole name needs none: {output:?}"
    );
    let output = folder.shell(&format!("{inside} check {flags}"));
    assert_told(&output, "no such file or directory");
    let output = folder.shell(&format!("{inside} check --staged {flags}"));
    assert_eq!(output.status, Some(2), "{output:?}");
}

#[test]
fn a_bare_environment_is_enough() {
    let folder = Folder::new(&[("a.yaml", BAD)]);
    let mut command = Command::new(IMMUTAG);
    command.arg("fix").env_clear();
    let output = folder.finish(command);
    assert_eq!(
        (output.status, folder.read("a.yaml").as_str()),
        (Some(0), GOOD)
    );
    let mut command = Command::new(IMMUTAG);
    command
        .args(["check", "--staged"])
        .env_clear()
        .env("PATH", "/nowhere");
    let output = folder.finish(command);
    assert_told(&output, "git cannot be started: No such file or directory");
}

/// What removes directories while they are walked loses none of the others.
#[test]
fn directories_that_go_during_the_walk_are_told_or_were_done() {
    let folder = Folder::new(&[]);
    for nth in 0..300 {
        folder.write(format!("d{nth:03}/a.yaml"), BAD);
    }
    let remove = "for d in d1*; do rm -r $d; done & \"$I\" check; s=$?; wait; exit $s";
    let output = folder.shell(remove);
    assert!(matches!(output.status, Some(1 | 2)), "{output:?}");
    let errors = output.stderr.matches(": error: ").count();
    assert_eq!(output.status == Some(2), errors > 0, "{}", output.stderr);
    for nth in (0..100).chain(200..300) {
        assert!(
            output.stdout.contains(&format!("d{nth:03}/a.yaml:2:3")),
            "{nth}"
        );
    }
}

/// What a build with the feature does between reading and writing.
#[cfg(feature = "fault")]
mod between {
    use super::*;

    fn asks(fault: &str) -> String {
        format!("{BAD}# immutag-fault: {fault}\n")
    }

    /// A run over three files of which the middle one asks for a fault.
    fn fix(fault: &str) -> (Folder, Output) {
        let folder = Folder::new(&[("a.yaml", BAD), ("b.yaml", &asks(fault)), ("c.yaml", BAD)]);
        let output = folder.run(&["fix"]);
        for name in ["a.yaml", "c.yaml"] {
            assert_eq!(folder.read(name), GOOD, "{fault}: {name}");
        }
        let left = folder.names();
        assert!(
            !left.iter().any(|name| name.contains("immutag-")),
            "{left:?}"
        );
        (folder, output)
    }

    #[test]
    fn a_panic_is_an_error_of_one_file() {
        let (folder, output) = fix("panic");
        assert_told(
            &output,
            "b.yaml: error: immutag failed on this file and left it as it was",
        );
        assert_told(&output, "1 error; the files concerned stay as they were");
        assert_eq!(folder.read("b.yaml"), asks("panic"));
        let output = folder.run(&["check", "--output-format", "json"]);
        assert_eq!(output.status, Some(2));
        assert!(
            output.stdout.contains("\"code\": \"internal\""),
            "{}",
            output.stdout
        );
    }

    #[test]
    fn a_file_that_changes_before_it_is_written_is_left_as_others_made_it() {
        let changed = "b.yaml: error: not written: the file was changed by another process";
        let (folder, output) = fix("truncate");
        assert_told(&output, changed);
        assert_eq!(folder.read("b.yaml"), "");
        let (folder, output) = fix("append");
        assert_told(&output, changed);
        assert_eq!(folder.read("b.yaml"), asks("append") + "# theirs\n");
        let (folder, output) = fix("remove");
        assert_told(&output, changed);
        assert_eq!(folder.names(), ["a.yaml", "c.yaml"]);
    }

    #[test]
    fn another_file_with_the_same_contents_is_repaired_and_a_link_is_not_followed() {
        let (folder, output) = fix("replace");
        assert_eq!(output.status, Some(0), "{output:?}");
        assert!(folder.read("b.yaml").contains("IMMUTABLE"));
        let (folder, output) = fix("link");
        assert_told(
            &output,
            "b.yaml: error: not written: this is not a regular file",
        );
        assert!(folder.at("b.yaml").is_symlink());
        assert_eq!(folder.read("b.fault"), asks("link"));
    }
}

/// A build without the feature does nothing of the kind.
#[cfg(not(feature = "fault"))]
#[test]
fn a_text_that_asks_for_a_fault_is_a_text_like_any_other() {
    let folder = Folder::new(&[("a.yaml", &format!("{BAD}# immutag-fault: panic\n"))]);
    assert_eq!(folder.run(&["fix"]).status, Some(0));
}
