//! Blocks of Markdown pages that something else than a shell takes.

use std::path::Path;

use super::{page, read};

/// The fenced blocks of a page whose info string is `info`.
pub(crate) fn blocks(page: &Path, info: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in read(page).lines() {
        open = match (open.take(), line.strip_prefix("```")) {
            (None, Some(found)) => Some((found == info, String::new())),
            (None, None) => None,
            (Some((is_meant, text)), Some("")) => {
                blocks.extend(is_meant.then_some(text));
                None
            }
            (Some((is_meant, text)), _) => Some((is_meant, text + line + "\n")),
        };
    }
    assert!(open.is_none(), "{}: a block is open", page.display());
    blocks
}

/// The block that begins with a comment which names a file.
pub(crate) fn file(page: &Path, info: &str, name: &str) -> String {
    let first = format!("# {name}\n");
    let mut all = blocks(page, info).into_iter();
    let found = all.find(|block| block.starts_with(&first));
    found.unwrap_or_else(|| panic!("{}: no block is {name}", page.display()))
}

#[test]
fn blocks_are_told_apart_by_their_info_string() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let text = "```sh\na\n```\ntext\n```yaml\n# b.yaml\nb: 1\n\n# c\n```\n```\nd\n```\n";
    super::write(&page, text);
    assert_eq!(blocks(&page, "sh"), ["a\n"]);
    assert_eq!(blocks(&page, ""), ["d\n"]);
    assert_eq!(file(&page, "yaml", "b.yaml"), "# b.yaml\nb: 1\n\n# c\n");
}

/// An example that no test knows is an example that may be wrong.
#[test]
fn every_block_of_the_pages_is_of_a_kind_that_is_tested() {
    for name in ["docs/pre-commit.md", "docs/ci.md"] {
        let known = ["yaml", "console", "console pre-commit", "sh install"];
        let page = page(name);
        let fences = read(&page);
        let fences: Vec<&str> = fences
            .lines()
            .filter_map(|line| line.strip_prefix("```"))
            .collect();
        for info in fences.iter().step_by(2) {
            assert!(known.contains(info), "{name}: a block of {info:?}");
        }
        for block in blocks(&page, "yaml") {
            super::yaml(&block);
        }
    }
}
