//! What holds on every system: no test here asks for a shell, a mode or a
//! link.

use std::fs::{self, File};
use std::path::Path;

use crate::common::immutag;

const BEFORE: &str = "Resources:\r\n  Web:\r\n    Type: AWS::ECR::Repository\r\n";
const AFTER: &str = "Resources:\r\n  Web:\r\n    Type: AWS::ECR::Repository\r\n    \
                     Properties:\r\n      ImageTagMutability: IMMUTABLE\r\n";

fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a b").join("c");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("t.yaml"), BEFORE).unwrap();
    folder
}

fn template(folder: &Path) -> std::path::PathBuf {
    folder.join("a b").join("c").join("t.yaml")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn names_in_reports_for_programs_are_parted_by_slashes() {
    let folder = tree();
    let flags: &[(&str, &str)] = &[
        ("json", r#""path": "a b/c/t.yaml""#),
        ("rdjson", r#""path":"a b/c/t.yaml""#),
        ("sarif", "a%20b/c/t.yaml"),
        ("github", "file=a b/c/t.yaml"),
        ("gitlab", "a b/c/t.yaml"),
        ("patch", "+++ b/a b/c/t.yaml"),
    ];
    for (format, expected) in flags {
        let said = immutag(folder.path(), &["check", "--output-format", format, "."]);
        let said = text(&said.stdout);
        let squeezed = said.replace("\": \"", "\":\"");
        assert!(
            said.contains(expected) || squeezed.contains(&expected.replace("\": \"", "\":\"")),
            "{format}: {said}"
        );
        assert!(!said.contains("c\\"), "{format}: {said}");
    }
}

#[test]
fn a_file_in_a_folder_is_repaired_with_its_line_ends_once() {
    let folder = tree();
    let excluded = immutag(folder.path(), &["fix", "--exclude", "a b/**", "."]);
    assert_eq!(
        excluded.status.code(),
        Some(0),
        "{}",
        text(&excluded.stderr)
    );
    assert_eq!(fs::read_to_string(template(folder.path())).unwrap(), BEFORE);
    for _ in 0..2 {
        let fixed = immutag(folder.path(), &["fix", "."]);
        assert_eq!(fixed.status.code(), Some(0), "{}", text(&fixed.stderr));
        assert_eq!(fs::read_to_string(template(folder.path())).unwrap(), AFTER);
    }
    let names: Vec<_> = fs::read_dir(template(folder.path()).parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["t.yaml"]);
}

/// Some systems do not replace what is open. Then the file is whole, the exit
/// status says so, and nothing is left beside it.
#[test]
fn a_file_that_is_open_elsewhere_is_replaced_or_left_whole() {
    let folder = tree();
    let path = template(folder.path());
    let held = File::open(&path).unwrap();
    let fixed = immutag(folder.path(), &["fix", "."]);
    let now = fs::read_to_string(&path).unwrap();
    match fixed.status.code() {
        Some(0) => assert_eq!(now, AFTER),
        Some(2) => assert_eq!(now, BEFORE),
        other => panic!("{other:?}: {}", text(&fixed.stderr)),
    }
    drop(held);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn an_absolute_path_may_be_given_with_the_separators_of_the_system() {
    let folder = tree();
    let path = template(folder.path());
    let fixed = immutag(Path::new("."), &["fix", path.to_str().unwrap()]);
    assert_eq!(fixed.status.code(), Some(0), "{}", text(&fixed.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), AFTER);
}
