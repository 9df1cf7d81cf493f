//! The targets take what any builder can give them, without the fuzzer: bytes
//! from a fixed seed, and fixtures with a line or a word gone wrong. To look
//! further: `SMOKE=20000 SMOKE_SEED=7 cargo test --release --test smoke`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use immutag_fuzz::{computed, edits, ignores, template, text};

/// Numbers from a seed (Steele, Lea, Flood: `SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn tape(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest);
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |given| given.parse().unwrap())
}

/// Runs a target on inputs; gives those that it fails on.
fn holds(name: &str, mut input: impl FnMut(&mut Numbers) -> Vec<u8>, target: fn(&[u8])) {
    let mut numbers = Numbers(number("SMOKE_SEED", 1));
    let mut failures = Vec::new();
    for _ in 0..number("SMOKE", 40) {
        let input = input(&mut numbers);
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            failures.push(input);
        }
    }
    assert!(
        failures.is_empty(),
        "{name} fails on {} inputs, the first is {:?}",
        failures.len(),
        failures[0].escape_ascii().to_string()
    );
}

#[test]
fn templates() {
    holds("template", |numbers| numbers.tape(1100), template::check);
}

#[test]
fn values() {
    holds("value", |numbers| numbers.tape(200), computed::check);
}

#[test]
fn edit_sets() {
    holds("edit_set", |numbers| numbers.tape(80), edits::check);
}

/// Fixtures, behind a letter for the rules, with a few things gone wrong.
fn mutilated(is_wanted: impl Fn(&str) -> bool) -> impl FnMut(&mut Numbers) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut texts = Vec::new();
    for kind in ["comply", "error", "fix", "refuse", "unseen", "withheld"] {
        for folder in fs::read_dir(root.join(kind)).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path().to_string_lossy().into_owned();
                if path.contains("/input.") && is_wanted(&path) {
                    let text = fs::read(&path).unwrap();
                    texts.extend((text.len() < 2000).then_some((path, text)));
                }
            }
        }
    }
    texts.sort();
    let words: [&[u8]; 24] = [
        b"\n",
        b"\r\n",
        b" ",
        b"  ",
        b"\t",
        b": ",
        b"- ",
        b"? ",
        b"# ",
        b"&a ",
        b"*a",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\"",
        b"'",
        b"|\n",
        b"---\n",
        b"MUTABLE",
        b"~",
        b"!Ref ",
        b"\xc3\xa9",
    ];
    move |numbers| {
        let mut text = texts[numbers.below(texts.len())].1.clone();
        for _ in 0..=numbers.below(4) {
            let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
            let at = numbers.below(text.len() + 1);
            match numbers.below(6) {
                0 => {
                    let gone = numbers.below(lines.len());
                    let kept = lines.iter().enumerate().filter(|(nth, _)| *nth != gone);
                    text = kept.flat_map(|(_, line)| line.to_vec()).collect();
                }
                1 if !lines.is_empty() => {
                    let mut lines = lines.clone();
                    let line = lines[numbers.below(lines.len())];
                    lines.insert(numbers.below(lines.len() + 1), line);
                    text = lines.concat();
                }
                2 => {
                    let end = (at + numbers.below(8)).min(text.len());
                    text.drain(at..end);
                }
                3 => text.truncate(text.len() - numbers.below(text.len() + 1) / 8),
                _ => {
                    let word = words[numbers.below(words.len())];
                    text.splice(at..at, word.iter().copied());
                }
            }
        }
        let letter = b'`' + u8::try_from(numbers.below(32)).unwrap();
        [vec![letter], text].concat()
    }
}

#[test]
fn texts_in_yaml() {
    holds(
        "fix_yaml",
        mutilated(|path| path.ends_with(".yaml") && !path.contains("mask")),
        text::yaml,
    );
}

#[test]
fn texts_in_json() {
    holds(
        "fix_json",
        mutilated(|path| path.ends_with(".json")),
        text::json,
    );
}

#[test]
fn texts_with_marks() {
    holds(
        "masked",
        mutilated(|path| path.contains("mask")),
        text::masked,
    );
}

#[test]
fn texts_with_ignores() {
    holds(
        "suppressions",
        mutilated(|path| path.contains("ignore") || path.contains("suppressed")),
        ignores::check,
    );
}
