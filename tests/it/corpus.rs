//! Real templates, judged by a program that shares no code with this one.
//!
//! `IMMUTAG_CORPUS` names a folder of templates, and `IMMUTAG_JUDGE` the judge: a
//! Python program that takes the folder before and after, and needs `PyYAML`.
//! `IMMUTAG_PYTHON` may name the interpreter. The templates are test data and no
//! part of this repository.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde_json::value::RawValue;

use crate::common::{files_below, immutag, tool};

/// Every file below a folder, by its path from there.
type Files = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

fn read(root: &Path) -> Files {
    let files = files_below(root).into_iter().map(|path| {
        let name = path.strip_prefix(root).unwrap().to_path_buf();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        (name, (fs::read(&path).unwrap(), modified))
    });
    files.collect()
}

/// A copy that may be written, whatever the original allows.
fn copy(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, (bytes, _)) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    folder
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    read(folder)
        .into_iter()
        .map(|(name, (bytes, _))| (name, bytes))
        .collect()
}

/// The folders that a walk passes over.
fn synthesized(files: &Files) -> Vec<String> {
    let folders = files.keys().flat_map(|name| name.ancestors());
    let found: BTreeSet<String> = folders
        .filter(|folder| folder.file_name().is_some_and(|name| name == "cdk.out"))
        .map(|folder| folder.to_string_lossy().into_owned())
        .collect();
    found.into_iter().collect()
}

#[test]
#[ignore = "needs IMMUTAG_CORPUS and IMMUTAG_JUDGE"]
fn real_templates_are_repaired_and_none_is_damaged() {
    let (corpus, judge) = (tool("IMMUTAG_CORPUS"), tool("IMMUTAG_JUDGE"));
    let originals = read(Path::new(&corpus));
    assert!(!originals.is_empty(), "no templates in {corpus}");
    let before = copy(&originals);
    let fixed = copy(&originals);
    let patched = copy(&originals);

    // What the CDK has synthesized is passed over unless it is named.
    let folders = synthesized(&originals);
    let run = |mode: &'static str, folder: &Path| {
        let paths = folders.iter().map(String::as_str);
        let arguments: Vec<&str> = [mode, "."].into_iter().chain(paths).collect();
        immutag(folder, &arguments)
    };
    let patch = run("diff", patched.path()).stdout;
    let report = run("fix", fixed.path());
    println!("left, with the reason:");
    let said = [&report.stdout[..], &report.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    for line in said.lines().filter(|line| !line.ends_with("fixed]")) {
        println!("  {line}");
    }

    // The patch is the write.
    let mut git = Command::new("git")
        .args(["apply", "--whitespace=nowarn"])
        .current_dir(patched.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut git.stdin.take().unwrap(), &patch).unwrap();
    assert!(git.wait().unwrap().success());
    assert_eq!(contents(patched.path()), contents(fixed.path()));

    // Once is enough.
    let once = read(fixed.path());
    let again = run("fix", fixed.path());
    assert_eq!(again.status.code(), report.status.code());
    assert!(
        once == read(fixed.path()),
        "a second fix changed a file or its time"
    );

    // The judge.
    let python = env::var("IMMUTAG_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let verdict = Command::new(python)
        .arg(judge)
        .args([before.path(), fixed.path()])
        .arg("--json")
        .output()
        .unwrap();
    let json = String::from_utf8(verdict.stdout).unwrap();
    assert!(
        verdict.status.success(),
        "damage: {json}\n{}",
        String::from_utf8_lossy(&verdict.stderr)
    );
    let parts: BTreeMap<String, &RawValue> = serde_json::from_str(&json).unwrap();
    println!(
        "judged: before {}, after {}, {}",
        parts["before"], parts["after"], parts["total"]
    );

    // What is left stands in files of which we said why.
    let left: Vec<(String, &RawValue)> = serde_json::from_str(parts["left"].get()).unwrap();
    for (name, what) in left {
        let is_named = said.lines().any(|line| {
            line.strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with(':') && !rest.ends_with("fixed]"))
        });
        let is_yaml = yaml_reads(&before.path().join(&name));
        assert!(!is_yaml, "{name} can be read, and is left with {what}");
        assert!(
            is_named,
            "{name} is left with {what}, and no reason is given"
        );
    }
}

/// Whether `PyYAML` reads a file as it is.
fn yaml_reads(path: &Path) -> bool {
    let python = env::var("IMMUTAG_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Command::new(python)
        .args([
            "-c",
            "import sys, yaml; list(yaml.compose_all(open(sys.argv[1], 'rb'), yaml.SafeLoader))",
        ])
        .arg(path)
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}
