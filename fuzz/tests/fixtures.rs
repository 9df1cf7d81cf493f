//! The oracle holds of every fixture, under every set of rules.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use immutag_fuzz::{ignores, oracle};

#[test]
fn the_fixtures_keep_the_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut failures = Vec::new();
    let mut inputs = 0;
    for kind in ["comply", "error", "fix", "refuse", "unseen", "withheld"] {
        for folder in fs::read_dir(root.join(kind)).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                let file = file.unwrap().path();
                let name = file.file_name().unwrap().to_string_lossy();
                if !name.starts_with("input.") {
                    continue;
                }
                inputs += 1;
                let text = fs::read(&file).unwrap();
                for letter in *b"`aceip" {
                    let check = || {
                        oracle::check(&text, &oracle::rules(letter));
                        ignores::check(&[&[letter], text.as_slice()].concat());
                    };
                    if catch_unwind(AssertUnwindSafe(check)).is_err() {
                        failures.push(format!("{} {}", char::from(letter), file.display()));
                    }
                }
            }
        }
    }
    assert!(inputs > 500, "only {inputs} fixtures");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
