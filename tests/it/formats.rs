//! Every output format over one tree that holds every verdict, against what
//! was recorded and judged: `fixtures/formats/expected`. What a format must
//! be for its consumers is tested beside it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::{copy, immutag, root};

fn fixtures() -> PathBuf {
    root().join("fixtures/formats")
}

/// The tree, in two git repositories.
fn tree() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixtures().join("tree"), folder.path());
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::create_dir(folder.path().join("old stack/.git")).unwrap();
    folder
}

/// What `check` gives in a format is what was recorded.
fn assert_recorded(format: &str, extension: &str) {
    let folder = tree();
    let output = immutag(folder.path(), &["check", "--output-format", format]);
    assert_eq!(output.status.code(), Some(2), "broken.yaml is an error");
    let path = fixtures()
        .join("expected")
        .join(format!("{format}.{extension}"));
    let expected = fs::read(&path).unwrap_or_default();
    // What is recorded outlives a release.
    let version = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stdout = stdout.replace(&version, "\"VERSION\"");
    if stdout.as_bytes() != expected {
        let given = Path::new(env!("CARGO_TARGET_TMPDIR")).join(path.file_name().unwrap());
        fs::write(&given, &stdout).unwrap();
        panic!(
            "{} differs from {}: if that is right, copy it there",
            given.display(),
            path.display()
        );
    }
    let summary = String::from_utf8(output.stderr).unwrap();
    assert!(
        summary.contains("Found 11 findings in 7 templates"),
        "the summary goes to standard error: {summary}"
    );
}

#[test]
fn concise() {
    assert_recorded("concise", "txt");
}

#[test]
fn full() {
    assert_recorded("full", "txt");
}

#[test]
fn github() {
    assert_recorded("github", "txt");
}

#[test]
fn gitlab() {
    assert_recorded("gitlab", "json");
}

#[test]
fn html() {
    assert_recorded("html", "html");
}

#[test]
fn junit() {
    assert_recorded("junit", "xml");
}

#[test]
fn markdown() {
    assert_recorded("markdown", "md");
}

#[test]
fn patch() {
    assert_recorded("patch", "patch");
}

#[test]
fn json() {
    assert_recorded("json", "json");
}

#[test]
fn jsonl() {
    assert_recorded("jsonl", "jsonl");
}

#[test]
fn sarif() {
    assert_recorded("sarif", "sarif");
}

#[test]
fn rdjson() {
    assert_recorded("rdjson", "rdjson");
}

/// What somebody may write to make a report say or do something else.
const HOSTILE: &str = "|x| <script>alert(1)</script> @team #1 [a](javascript:b) \
    ![i](https://a.example/b.png) ``` **b** ::error::forged %0A::error::again </summary> & \u{1b}[31m \u{202e}";

/// A folder with a template that says it in names, values and reasons.
fn hostile() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let name = "a|b`<i>@team,line=1::x\n::error::forged.yaml";
    let text = format!(
        "Resources:\n  Web: # {HOSTILE}\n    Type: AWS::ECR::Repository\n    Properties:\n      \
         ImageTagMutability: MUTABLE # {HOSTILE}\n  '{HOSTILE}':\n    Type: AWS::ECR::Repository\n  \
         Old: # checkov:skip=CKV_AWS_51:{HOSTILE}\n    Type: AWS::ECR::Repository\n  \
         Odd:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: '{HOSTILE}'\n",
    );
    // YAML does not let an escape character be written as it is.
    fs::write(folder.path().join(name), text.replace('\u{1b}', "")).unwrap();
    folder
}

fn stdout(folder: &Path, format: &str) -> String {
    let output = immutag(folder, &["check", "--output-format", format]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A command of a GitHub workflow, as a runner takes it apart.
fn github_command(line: &str) -> (String, Vec<(String, String)>, String) {
    let rest = line.strip_prefix("::").unwrap();
    let (head, message) = rest.split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap();
    let properties = properties.split(',').map(|property| {
        let (key, value) = property.split_once('=').unwrap();
        let value = value.replace("%3A", ":").replace("%2C", ",");
        (key.to_owned(), value.replace("%25", "%"))
    });
    (
        name.to_owned(),
        properties.collect(),
        message.replace("%25", "%"),
    )
}

#[test]
fn a_runner_reads_the_annotations_that_were_meant_and_no_other() {
    let folder = hostile();
    let text = stdout(folder.path(), "github");
    assert_eq!(text.lines().count(), 3, "{text}");
    for line in text.lines() {
        let (name, properties, message) = github_command(line);
        assert_eq!(name, "warning");
        assert_eq!(
            properties[0],
            (
                "file".to_owned(),
                "a|b`<i>@team,line=1::x\\n::error::forged.yaml".to_owned()
            )
        );
        let keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            ["file", "line", "endLine", "col", "endColumn", "title"]
        );
        assert!(message.contains("ImageTagMutability"), "{message}");
        assert!(!line.contains(['\u{1b}', '\u{202e}']));
    }
    // A percent sign is not to become a line break.
    assert!(text.contains("%250A"), "{text}");
}

#[test]
fn gitlab_finds_the_keys_that_it_asks_for_and_each_fingerprint_once() {
    for folder in [tree(), hostile()] {
        let output = immutag(folder.path(), &["check", "--output-format", "gitlab"]);
        let issues: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut fingerprints = std::collections::BTreeSet::new();
        for issue in issues.as_array().unwrap() {
            for key in ["description", "check_name", "fingerprint", "severity"] {
                assert!(issue[key].as_str().is_some_and(|text| !text.is_empty()));
            }
            let severities = ["info", "minor", "major", "critical", "blocker"];
            assert!(severities.contains(&issue["severity"].as_str().unwrap()));
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() > 0);
            let path = issue["location"]["path"].as_str().unwrap();
            assert!(!path.starts_with("./") && !path.starts_with('/'));
            assert!(fingerprints.insert(issue["fingerprint"].to_string()));
        }
        assert!(fingerprints.len() >= 3);
    }
}

#[test]
fn a_fingerprint_stays_when_other_lines_change() {
    let bad = "  Web:\n    Type: AWS::ECR::Repository\n";
    let folder = tempfile::tempdir().unwrap();
    let fingerprint = |text: String, which: usize| {
        fs::write(folder.path().join("a.yaml"), text).unwrap();
        let issues = stdout(folder.path(), "gitlab");
        let issues: serde_json::Value = serde_json::from_str(&issues).unwrap();
        issues[which]["fingerprint"].as_str().unwrap().to_owned()
    };
    let plain = fingerprint(format!("Resources:\n{bad}"), 0);
    let below = "# new\n\nResources:\n  Api:\n    Type: AWS::ECR::Repository\n";
    assert_eq!(fingerprint(format!("{below}{bad}"), 1), plain);
    assert_ne!(fingerprint(format!("{below}{bad}"), 0), plain);
    let worse = "    Properties: {ImageTagMutability: MUTABLE}\n";
    assert_eq!(fingerprint(format!("Resources:\n{bad}{worse}"), 0), plain);
}

#[test]
fn a_parser_of_xml_reads_the_junit_report_and_its_counts_are_right() {
    for folder in [tree(), hostile()] {
        let output = immutag(folder.path(), &["check", "--output-format", "junit"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        let count = |name: &str| {
            let found = document
                .descendants()
                .filter(|node| node.has_tag_name(name));
            found.count().to_string()
        };
        for (attribute, tag) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ] {
            assert_eq!(root.attribute(attribute), Some(count(tag).as_str()));
        }
        assert_ne!(count("failure"), "0");
        assert_ne!(count("skipped"), "0");
    }
}

#[test]
fn what_a_template_says_is_text_in_a_comment_and_no_markup() {
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    let folder = hostile();
    let text = stdout(folder.path(), "markdown");
    let ours = [
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<code>",
        "</code>",
        "<!-- -->",
    ];
    let (mut cells, mut rows, mut is_code) = (0, 0, false);
    let mut said = String::new();
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let mut rest = html.to_string();
                for tag in ours {
                    rest = rest.replace(tag, "");
                }
                assert!(!rest.contains('<'), "{html}");
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Emphasis | Tag::Strong) => {
                panic!("markup in {text}");
            }
            Event::Start(Tag::TableRow) => rows += 1,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Text(words) if !is_code => {
                said.push_str(&words);
                assert!(!words.contains("@t") && !words.contains("#1"), "{words}");
            }
            _ => {}
        }
    }
    assert_eq!((rows, cells), (4, 5 * (4 + 1)), "{text}");
    // A bar that ends a cell would take the rest of the words with it.
    let whole = said.matches("::error::again </summary> &").count();
    assert_eq!(whole, 2, "in a value and in a reason: {said}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn a_comment_has_a_limit_and_says_what_did_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    for nth in 0..400 {
        let text = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";
        fs::write(folder.path().join(format!("template-{nth:03}.yaml")), text).unwrap();
    }
    let text = stdout(folder.path(), "markdown");
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("template-399.yaml"), "the table is whole");
    let left = text.lines().last().unwrap();
    assert!(left.starts_with("The diffs of ") && left.ends_with("see `immutag diff`."));
}

/// `check` proves a fix where the format shows its edits, and only there: of this template the
/// proof fails.
#[test]
fn check_proves_in_formats_that_show_edits_and_only_there() {
    let folder = root().join("fixtures/error/fuzz-3-mark-that-opens-in-a-word");
    let folder = folder.as_path();
    for format in ["concise", "github", "gitlab", "junit"] {
        let output = immutag(folder, &["check", "--output-format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
    }
    for format in [
        "full", "patch", "json", "jsonl", "sarif", "rdjson", "markdown", "html",
    ] {
        let output = immutag(folder, &["check", "--output-format", format]);
        assert_eq!(output.status.code(), Some(2), "{format}");
    }
    let beside = immutag(folder, &["check", "--output-file", "json=/dev/null"]);
    assert_eq!(beside.status.code(), Some(2), "a report beside the output");
    let diff = immutag(folder, &["diff", "--output-format", "concise"]);
    assert_eq!(diff.status.code(), Some(2), "diff");
}
