//! The review page in a real browser, and what templates cannot do to it.
//!
//! `IMMUTAG_CHROMIUM` names the browser, `IMMUTAG_NODE` Node.js, and
//! `IMMUTAG_NODE_MODULES` a folder with playwright-core.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::common::{IMMUTAG, copy, root, tool};

const HOSTILE: &str = "<script>globalThis.sprung=1</script> </script> --> ]]> <img src=x onerror=globalThis.sprung=2> \" onmouseover=globalThis.sprung=3 <a href=javascript:x> {{x}} &lt;b&gt; \u{2028} \u{202e} \u{200b}";

/// The tree of every verdict, with a template that would like to be markup.
fn tree() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = root().join("fixtures/formats/tree");
    copy(&fixtures, folder.path());
    let text = format!(
        "Resources:\n  Web: # {HOSTILE}\n    Type: AWS::ECR::Repository\n    Properties:\n      \
         ImageTagMutability: MUTABLE # {HOSTILE}\n  Odd:\n    Type: AWS::ECR::Repository\n    \
         Properties:\n      ImageTagMutability: '{HOSTILE}'\n  Old: # \
         checkov:skip=CKV_AWS_51:{HOSTILE}\n    Type: AWS::ECR::Repository\n  '{HOSTILE}':\n    \
         Type: AWS::ECR::Repository\n",
    );
    let name = "<script>globalThis.sprung=4<\u{202e}script> \"onmouseover=x.yaml";
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn page(folder: &Path) -> String {
    let output = Command::new(IMMUTAG)
        .args(["diff", "--output-format", "html"])
        .current_dir(folder)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_page_is_the_same_every_time_and_names_nothing_to_load() {
    let folder = tree();
    let first = page(folder.path());
    assert_eq!(first, page(folder.path()));
    for wrong in [
        "http://", "https://", "url(", "@import", "\u{202e}", "\u{200b}",
    ] {
        assert!(!first.contains(wrong), "{wrong}");
    }
    assert_eq!(first.matches("<script").count(), 1);
    assert!(first.contains("\\u{202e}"), "what turns a line is shown");
}

#[test]
fn notes_are_on_the_page_as_they_are_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Resources:\n  # immutag: ignore\n\n  Web:\n    Type: AWS::ECR::Repository\n\
                Metadata:\n  Body: |\n    Type: AWS::ECR::Repository\u{a0}\n";
    fs::write(folder.path().join("a.yaml"), text).unwrap();
    let page = |flags: &[&str]| {
        let output = Command::new(IMMUTAG)
            .args(["check", "--output-format", "html"])
            .args(flags)
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let unused = ["--report-unused-suppressions"];
    assert!(page(&unused).contains("hides nothing"));
    assert!(!page(&[]).contains("hides nothing"));
    assert!(page(&[]).contains("Web"));
}

/// Where the screenshots are put.
fn screenshots(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
#[ignore = "needs IMMUTAG_CHROMIUM, IMMUTAG_NODE and IMMUTAG_NODE_MODULES"]
fn a_reviewer_filters_expands_and_turns_diffs_in_a_browser() {
    let chromium = tool("IMMUTAG_CHROMIUM");
    let node = tool("IMMUTAG_NODE");
    let modules = tool("IMMUTAG_NODE_MODULES");
    let folder = tree();
    let file = folder.path().join("review.html");
    fs::write(&file, page(folder.path())).unwrap();
    let script = root().join("tests/it/page/review.mjs");
    let output = Command::new(node)
        .arg(script)
        .args([modules.as_str(), chromium.as_str()])
        .args([&file, &screenshots("review")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn a_page_of_two_thousand_files_has_them_all_and_is_small() {
    let folder = tempfile::tempdir().unwrap();
    for nth in 0..2000 {
        let mut text = String::from("Resources:\n");
        for id in 0..3 {
            writeln!(text, "  Repo{id}:\n    Type: AWS::ECR::Repository\n    Properties:\n      RepositoryName: r{nth}-{id}").unwrap();
        }
        fs::write(folder.path().join(format!("t{nth:04}.yaml")), text).unwrap();
    }
    let page = page(folder.path());
    assert_eq!(page.matches("<details class=\"file\"").count(), 2000);
    // What a browser takes without a thought; see the figures in docs/review.md.
    assert!(page.len() < 16 << 20, "{} bytes", page.len());
    if let Ok(kept) = env::var("IMMUTAG_KEEP_PAGE") {
        fs::write(kept, page).unwrap();
    }
}
