//! The formats for programs, held against their schemas and by those who read
//! them: a fix that is made by what a report says gives the bytes of
//! `immutag fix`.
//!
//! `IMMUTAG_SCHEMAS` names the folder of others' schemas, with `sarif-2.1.0.json`
//! and `rdjson/`, and `IMMUTAG_SARIF_MULTITOOL` Microsoft's validator of SARIF.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::{IMMUTAG, copy, immutag, root, tool};

/// What a run prints in a format.
fn report(folder: &Path, mode: &str, format: &str, flags: &[&str]) -> String {
    let arguments = [mode, "--output-format", format];
    let output = immutag(folder, &[&arguments[..], flags].concat());
    String::from_utf8(output.stdout).unwrap()
}

/// Folders to run in, each with the flags of a run: the tree of every
/// verdict, and the cases of `fixtures`, those with the same flags together.
fn trees() -> Vec<(TempDir, Vec<String>)> {
    let formats = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/formats/tree"), formats.path());
    let mut trees = vec![(formats, Vec::new())];
    let mut by_flags: BTreeMap<(String, String), TempDir> = BTreeMap::new();
    for kind in ["comply", "error", "fix", "refuse", "unseen", "withheld"] {
        for case in fs::read_dir(root().join("fixtures").join(kind)).unwrap() {
            let case = case.unwrap().path();
            let flags = fs::read_to_string(case.join("args")).unwrap_or_default();
            let folder = by_flags
                .entry((kind.to_owned(), flags))
                .or_insert_with(|| tempfile::tempdir().unwrap());
            let slug = case.file_name().unwrap();
            for file in fs::read_dir(&case).unwrap() {
                let file = file.unwrap().path();
                if file.file_stem().is_some_and(|stem| stem == "input") {
                    let to = folder.path().join(slug);
                    fs::create_dir_all(&to).unwrap();
                    fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
                }
            }
        }
    }
    assert!(by_flags.len() > 3, "several flags");
    let flags = |flags: String| flags.split_whitespace().map(str::to_owned).collect();
    trees.extend(by_flags.into_iter().map(|((_, f), tree)| (tree, flags(f))));
    trees
}

fn strs(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}

/// Every file below a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

// Schemas.

/// Gives the schemas of a folder, and reaches no network.
struct Beside(PathBuf);

impl Retrieve for Beside {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = Path::new(uri.path().as_str()).file_name().unwrap();
        Ok(serde_json::from_slice(&fs::read(self.0.join(name))?)?)
    }
}

fn validator(path: &Path) -> Validator {
    let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    jsonschema::options()
        .with_retriever(Beside(path.parent().unwrap().to_path_buf()))
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

fn own_schema() -> Validator {
    validator(&root().join("docs/immutag-output.schema.json"))
}

fn assert_valid(validator: &Validator, text: &str) {
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{text}", errors.join("\n"));
}

/// Runs that between them hold all that a report can.
fn runs() -> Vec<(TempDir, &'static str, Vec<String>)> {
    let mut runs = Vec::new();
    for (tree, flags) in trees() {
        let again = tempfile::tempdir().unwrap();
        copy(tree.path(), again.path());
        let with = |more: &[&str]| {
            let more = more.iter().map(|flag| (*flag).to_owned());
            more.chain(flags.iter().cloned()).collect::<Vec<_>>()
        };
        if !flags.iter().any(|flag| flag == "--no-suppressions") {
            let verbose = with(&["--verbose", "--report-unused-suppressions"]);
            runs.push((tree, "check", verbose));
        }
        runs.push((again, "fix", with(&["--quiet"])));
    }
    let empty = tempfile::tempdir().unwrap();
    runs.push((empty, "check", Vec::new()));
    runs
}

#[test]
fn json_and_json_lines_hold_to_their_schema() {
    let schema = own_schema();
    let mut statuses = BTreeSet::new();
    for (tree, mode, flags) in runs() {
        let other = tempfile::tempdir().unwrap();
        copy(tree.path(), other.path());
        let json = report(tree.path(), mode, "json", &strs(&flags));
        assert!(json.ends_with("}\n"));
        assert_valid(&schema, &json);
        let lines = report(other.path(), mode, "jsonl", &strs(&flags));
        assert!(lines.ends_with("}\n"));
        for line in lines.lines() {
            assert_valid(&schema, line);
        }
        // They say the same.
        let json: Value = serde_json::from_str(&json).unwrap();
        let mut lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for line in &mut lines {
            line.as_object_mut().unwrap().remove("type");
        }
        assert_eq!(lines.pop().unwrap(), json["summary"]);
        let run = lines.remove(0);
        for key in ["version", "tool", "rule", "mode"] {
            assert_eq!(run[key], json[key]);
        }
        assert_eq!(&lines, json["files"].as_array().unwrap());
        for finding in lines.iter().flat_map(|file| array(&file["findings"])) {
            statuses.insert(finding["status"].to_string());
        }
    }
    assert_eq!(statuses.len(), 6, "every status was seen: {statuses:?}");
    assert!(!schema.is_valid(&serde_json::json!({"version": 1})));
}

/// The folder of others' schemas.
fn schemas() -> PathBuf {
    PathBuf::from(tool("IMMUTAG_SCHEMAS"))
}

#[test]
#[ignore = "needs IMMUTAG_SCHEMAS"]
fn sarif_holds_to_the_schema_of_oasis() {
    let schemas = schemas();
    let schema = validator(&schemas.join("sarif-2.1.0.json"));
    for (tree, mode, flags) in runs() {
        assert_valid(&schema, &report(tree.path(), mode, "sarif", &strs(&flags)));
    }
    assert!(!schema.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})));
}

#[test]
#[ignore = "needs IMMUTAG_SCHEMAS"]
fn rdjson_holds_to_the_schema_of_reviewdog() {
    let schemas = schemas();
    let schema = validator(&schemas.join("rdjson/DiagnosticResult.json"));
    for (tree, mode, flags) in runs() {
        assert_valid(&schema, &report(tree.path(), mode, "rdjson", &strs(&flags)));
    }
    assert!(!schema.is_valid(&serde_json::json!({"diagnostics": [{"severity": "BAD"}]})));
}

/// What the validator says that is left on purpose. `SARIF2005`: there is no
/// public address of the tool to give.
const LEFT: [&str; 1] = ["SARIF2005"];

/// The rules of Microsoft's validator that the logs in a folder break.
fn broken_rules(multitool: &str, folder: &Path, logs: usize) -> BTreeSet<String> {
    let said = folder.join("said.json");
    let output = Command::new(multitool)
        .args([
            "validate",
            "*.sarif",
            "--level",
            "Error;Warning",
            "--output",
        ])
        .arg(&said)
        .current_dir(folder)
        // Else it may not start where the system has no tables of languages.
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    println!("{log}");
    assert!(log.contains(&format!("Done. {logs} files scanned.")));
    let said: Value = serde_json::from_slice(&fs::read(&said).unwrap()).unwrap();
    array(&said["runs"][0]["results"])
        .iter()
        .map(|result| result["ruleId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
#[ignore = "needs IMMUTAG_SARIF_MULTITOOL"]
fn sarif_passes_microsofts_validator() {
    let multitool = tool("IMMUTAG_SARIF_MULTITOOL");
    let folder = tempfile::tempdir().unwrap();
    let runs = runs();
    for (nth, (tree, mode, flags)) in runs.iter().enumerate() {
        let log = report(tree.path(), mode, "sarif", &strs(flags));
        fs::write(folder.path().join(format!("{nth}.sarif")), log).unwrap();
    }
    let broken = broken_rules(&multitool, folder.path(), runs.len());
    assert_eq!(broken, LEFT.map(str::to_owned).into());

    // It would say so.
    let folder = tempfile::tempdir().unwrap();
    let log = report(runs[0].0.path(), "check", "sarif", &[]);
    let log = log.replace("\"endLine\": 12", "\"endLine\": 2");
    fs::write(folder.path().join("wrong.sarif"), log).unwrap();
    let broken = broken_rules(&multitool, folder.path(), 1);
    assert!(broken.contains("SARIF1007"), "{broken:?}");
}

// Edits, made by what a report says.

/// An edit of a file: a range of bytes, and what comes in its place.
type Edit = (usize, usize, String);

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// Makes edits; equal ones once.
fn apply(bytes: &[u8], edits: &BTreeSet<Edit>) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    for (start, end, text) in edits {
        assert!(at <= *start, "edits overlap");
        out.extend(&bytes[at..*start]);
        out.extend(text.as_bytes());
        at = *end;
    }
    out.extend(&bytes[at..]);
    out
}

/// The offset of a line and a column, both from 1. What a column counts is
/// said by `length`, which gives it for a character.
fn offset(text: &str, line: usize, column: usize, length: fn(char) -> usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let mut left = column - 1;
    let mut at = start;
    for character in text[start..].chars() {
        if left == 0 {
            break;
        }
        left -= length(character);
        at += character.len_utf8();
    }
    assert_eq!(left, 0, "{line}:{column} lies within the text");
    at
}

/// A column of characters, to which a byte order mark does not count.
fn characters(text: &str, line: usize, column: usize) -> usize {
    let mark = usize::from(text.starts_with('\u{feff}') && line == 1);
    offset(text, line, column + mark, |_| 1)
}

/// What a report says to edit, by the name of the file.
type Edits = BTreeMap<PathBuf, BTreeSet<Edit>>;

/// Edits in a report say what `fix` does.
fn assert_edits(format: &str, read: impl Fn(&Value, &Path) -> Edits) {
    let mut edited = 0;
    for (tree, flags) in trees() {
        let flags = strs(&flags);
        let text = report(tree.path(), "check", format, &flags);
        let diff = report(tree.path(), "diff", format, &flags);
        let edits = read(&serde_json::from_str(&text).unwrap(), tree.path());
        let by_diff = read(&serde_json::from_str(&diff).unwrap(), tree.path());
        assert_eq!(edits, by_diff);
        let mut expected = contents(tree.path());
        for (name, edits) in &edits {
            let file = expected.get_mut(name).unwrap();
            *file = apply(file, edits);
            edited += 1;
        }
        immutag(tree.path(), &[&["fix"], &flags[..]].concat());
        for (name, bytes) in contents(tree.path()) {
            assert_eq!(
                bytes.escape_ascii().to_string(),
                expected[&name].escape_ascii().to_string(),
                "{format}: {}",
                name.display()
            );
        }
    }
    assert!(edited > 200, "{edited}");
}

/// The bytes of a percent-encoded name.
fn decoded(uri: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(&rest[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// The fixes of a log of SARIF, by bytes; lines and columns say the same.
fn sarif_edits(log: &Value, folder: &Path) -> Edits {
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let mut edits = Edits::new();
    for result in array(&run["results"]) {
        let is_fixable = result["properties"]["status"] == "fixable";
        assert_eq!(is_fixable, result.get("fixes").is_some());
        for change in array(&result["fixes"])
            .iter()
            .flat_map(|fix| array(&fix["artifactChanges"]))
        {
            let name = decoded(change["artifactLocation"]["uri"].as_str().unwrap());
            let text = fs::read_to_string(folder.join(&name)).unwrap();
            for replacement in array(&change["replacements"]) {
                let region = &replacement["deletedRegion"];
                let start = number(&region["byteOffset"]);
                let end = start + number(&region["byteLength"]);
                for (side, at) in [("start", start), ("end", end)] {
                    let line = number(&region[format!("{side}Line")]);
                    let column = number(&region[format!("{side}Column")]);
                    assert_eq!(characters(&text, line, column), at);
                }
                let inserted = replacement["insertedContent"]["text"].as_str();
                let inserted = inserted.unwrap_or_default().to_owned();
                edits
                    .entry(name.clone())
                    .or_default()
                    .insert((start, end, inserted));
            }
        }
        // Each region has its text, in its own and in that around it.
        let place = &result["locations"][0]["physicalLocation"];
        let name = decoded(place["artifactLocation"]["uri"].as_str().unwrap());
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        for region in [&place["region"], &place["contextRegion"]] {
            let start = number(&region["byteOffset"]);
            let end = start + number(&region["byteLength"]);
            assert_eq!(region["snippet"]["text"], text[start..end]);
            let line = number(&region["endLine"]);
            assert_eq!(characters(&text, line, number(&region["endColumn"])), end);
        }
    }
    edits
}

#[test]
fn fixes_of_sarif_give_the_bytes_of_fix() {
    assert_edits("sarif", sarif_edits);
}

#[test]
fn edits_of_json_give_the_bytes_of_fix() {
    assert_edits("json", |document, folder| {
        let mut edits = Edits::new();
        for file in array(&document["files"]) {
            let name = PathBuf::from(file["path"].as_str().unwrap());
            let findings = array(&file["findings"]).iter();
            for edit in findings.flat_map(|finding| array(&finding["edits"])) {
                let text = fs::read_to_string(folder.join(&name)).unwrap();
                let region = &edit["region"];
                let start = number(&region["byte_offset"]);
                let end = start + number(&region["byte_length"]);
                for (side, at) in [("start", start), ("end", end)] {
                    let at_side = &region[side];
                    let (line, column) = (number(&at_side["line"]), number(&at_side["column"]));
                    assert_eq!(characters(&text, line, column), at);
                }
                let inserted = edit["text"].as_str().unwrap().to_owned();
                edits
                    .entry(name.clone())
                    .or_default()
                    .insert((start, end, inserted));
            }
        }
        edits
    });
}

#[test]
fn suggestions_of_rdjson_give_the_bytes_of_fix() {
    assert_edits("rdjson", |result, folder| {
        let mut edits = Edits::new();
        for diagnostic in array(&result["diagnostics"]) {
            let name = PathBuf::from(diagnostic["location"]["path"].as_str().unwrap());
            for suggestion in array(&diagnostic["suggestions"]) {
                let text = fs::read_to_string(folder.join(&name)).unwrap();
                let at = |side: &Value| {
                    let (line, column) = (number(&side["line"]), number(&side["column"]));
                    offset(&text, line, column, char::len_utf8)
                };
                let range = &suggestion["range"];
                let inserted = suggestion["text"].as_str().unwrap().to_owned();
                let edit = (at(&range["start"]), at(&range["end"]), inserted);
                edits.entry(name.clone()).or_default().insert(edit);
            }
        }
        edits
    });
}

// What else they promise.

const WEB: &str = "Resources:\n  Web: {Type: AWS::ECR::Repository}\n";

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn after_fix_edits_are_told_and_no_fix_is_offered() {
    for format in ["json", "sarif", "rdjson"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), WEB).unwrap();
        let output = immutag(folder.path(), &["fix", "--output-format", format]);
        assert_eq!(output.status.code(), Some(0));
        let report = parsed(&output);
        match format {
            "json" => {
                let file = &report["files"][0];
                assert_eq!(file["changed"], true);
                assert_eq!(file["findings"][0]["status"], "fixed");
                assert_eq!(array(&file["findings"][0]["edits"]).len(), 1);
            }
            "sarif" => {
                let result = &report["runs"][0]["results"][0];
                assert_eq!(result["properties"]["status"], "fixed");
                assert_eq!(result.get("fixes"), None);
            }
            _ => {
                let diagnostic = &report["diagnostics"][0];
                assert_eq!(diagnostic.get("suggestions"), None);
                let message = diagnostic["message"].as_str().unwrap();
                assert!(message.ends_with("(fixed)"), "{message}");
            }
        }
    }
}

#[test]
fn names_are_kept_whatever_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let names: [&[u8]; 3] = [
        b"a\n\"b\".yaml",
        b"c\xff\x1b d.yaml",
        "e\u{85}%20.yaml".as_bytes(),
    ];
    for name in names {
        fs::write(folder.path().join(OsStr::from_bytes(name)), WEB).unwrap();
    }
    for format in ["json", "jsonl", "sarif", "rdjson"] {
        let output = immutag(folder.path(), &["check", "--output-format", format]);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(acts), "{format}: {text:?}");
        let uris: BTreeSet<PathBuf> = match format {
            "json" => array(&parsed(&output)["files"])
                .iter()
                .map(|file| decoded(file["uri"].as_str().unwrap()))
                .collect(),
            "sarif" => array(&parsed(&output)["runs"][0]["results"])
                .iter()
                .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"])
                .map(|place| decoded(place["uri"].as_str().unwrap()))
                .collect(),
            "jsonl" => {
                assert_eq!(text.lines().count(), 5, "a line each");
                continue;
            }
            _ => {
                let result = parsed(&output);
                assert_eq!(array(&result["diagnostics"]).len(), 3);
                assert_eq!(
                    result["diagnostics"][0]["location"]["path"],
                    "a\n\"b\".yaml"
                );
                continue;
            }
        };
        let expected = names.map(|name| PathBuf::from(OsStr::from_bytes(name)));
        assert_eq!(uris, expected.into(), "{format}");
    }
}

#[test]
fn nothing_to_say_is_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "a: b\n").unwrap();
    for format in ["json", "jsonl", "sarif", "rdjson"] {
        let output = immutag(folder.path(), &["check", "--output-format", format]);
        assert_eq!(output.status.code(), Some(0));
        if format == "jsonl" {
            assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
            continue;
        }
        let report = parsed(&output);
        let list = match format {
            "json" => &report["files"],
            "sarif" => &report["runs"][0]["results"],
            _ => &report["diagnostics"],
        };
        assert_eq!(list, &serde_json::json!([]));
    }
}

#[test]
fn quiet_leaves_out_what_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/formats/tree"), folder.path());
    let findings = |flags: &[&str]| {
        let json = report(folder.path(), "check", "json", flags);
        let json: Value = serde_json::from_str(&json).unwrap();
        let files = array(&json["files"]).to_vec();
        let findings = files.iter().flat_map(|file| array(&file["findings"]));
        let counts = findings.map(|finding| finding["counts"] == true);
        (counts.collect::<Vec<bool>>(), files)
    };
    let (all, _) = findings(&[]);
    assert_eq!(
        (all.len(), all.iter().filter(|counts| **counts).count()),
        (14, 11)
    );
    let (quiet, files) = findings(&["--quiet"]);
    assert_eq!(quiet, [true; 11]);
    assert!(
        files.iter().any(|file| file["path"] == "broken.yaml"),
        "errors are said"
    );
    assert!(!files.iter().any(|file| file["path"] == "suppressed.yaml"));
    let (_, files) = findings(&["--verbose"]);
    assert!(files.iter().any(|file| file["path"] == "fine.yaml"));
}

#[test]
fn standard_input_is_reported_by_its_name() {
    for format in ["json", "sarif", "rdjson"] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(IMMUTAG)
            .args(["fix", "-", "--stdin-filename", "web/a b.yaml"])
            .arg("--output-file")
            .arg(format!("{format}=report"))
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(WEB.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("IMMUTABLE")
        );
        let report = fs::read_to_string(folder.path().join("report")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let name = match format {
            "json" => &report["files"][0]["path"],
            "sarif" => {
                let place = &report["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
                assert_eq!(place["artifactLocation"]["uri"], "web/a%20b.yaml");
                continue;
            }
            _ => &report["diagnostics"][0]["location"]["path"],
        };
        assert_eq!(name, "web/a b.yaml");
    }
}

#[test]
fn suppressions_of_sarif_say_whose_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let in_source =
        "Resources:\n  Web: {Type: AWS::ECR::Repository} # immutag: ignore [moves \"latest\"]\n";
    fs::write(folder.path().join("a.yaml"), in_source).unwrap();
    fs::write(folder.path().join("b.yaml"), WEB).unwrap();
    let list =
        "misconfigurations:\n  - id: AVD-AWS-0031\n    paths: [b.yaml]\n    statement: legacy\n";
    fs::write(folder.path().join(".trivyignore.yaml"), list).unwrap();
    let log: Value = serde_json::from_str(&report(folder.path(), "check", "sarif", &[])).unwrap();
    let results = array(&log["runs"][0]["results"]);
    let said: Vec<String> = results
        .iter()
        .map(|result| result["suppressions"].to_string())
        .collect();
    assert_eq!(
        said,
        [
            r#"[{"justification":"moves \"latest\"","kind":"inSource","properties":{"by":"immutag"}}]"#,
            r#"[{"justification":"legacy","kind":"external","properties":{"by":"trivy"}}]"#,
        ]
    );
    assert!(results.iter().all(|result| result["level"] == "warning"));
    // A report is not told where it was made.
    assert!(!log.to_string().contains(folder.path().to_str().unwrap()));
}

#[test]
fn fingerprints_are_the_same_in_each_format_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let known = || {
        let json: Value =
            serde_json::from_str(&report(folder.path(), "check", "json", &[])).unwrap();
        let sarif: Value =
            serde_json::from_str(&report(folder.path(), "check", "sarif", &[])).unwrap();
        let findings = array(&json["files"][0]["findings"]).iter();
        let results = array(&sarif["runs"][0]["results"]).iter();
        let by_json: Vec<Value> = findings.map(|f| f["fingerprint"].clone()).collect();
        let by_sarif: Vec<Value> = results
            .map(|r| r["partialFingerprints"]["immutag/v1"].clone())
            .collect();
        assert_eq!(by_json, by_sarif);
        by_json
    };
    fs::write(&path, WEB).unwrap();
    let before = known();
    let above = "# More.\nResources:\n  Jobs: {Type: AWS::ECR::Repository}\n  Web: {Type: AWS::ECR::Repository}\n";
    fs::write(&path, above).unwrap();
    let after = known();
    assert_eq!(after[1..], before);
    assert_ne!(after[0], after[1]);
}
