//! The page on dependencies says what `Cargo.toml` and `Cargo.lock` say.

use std::collections::BTreeMap;
use std::fs;

use toml::{Table, Value};

use crate::common::root;

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn table(name: &str) -> Table {
    toml::from_str(&text(name)).unwrap()
}

/// The manifests of all crates of the workspace.
fn manifests() -> [Table; 3] {
    [
        "Cargo.toml",
        "crates/engine/Cargo.toml",
        "crates/impact/Cargo.toml",
    ]
    .map(table)
}

/// The direct dependencies of a kind, of every crate and platform, but for those within the
/// workspace.
fn direct<'m>(manifests: &'m [Table], kind: &str) -> BTreeMap<&'m str, Vec<&'m Value>> {
    let mut direct: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for manifest in manifests {
        let own = manifest.get(kind).and_then(Value::as_table);
        let targets = manifest.get("target").and_then(Value::as_table);
        let of_targets = targets
            .into_iter()
            .flat_map(Table::values)
            .filter_map(|target| target.get(kind)?.as_table());
        for (name, wanted) in own.into_iter().chain(of_targets).flatten() {
            if wanted.get("path").is_none() {
                direct.entry(name).or_default().push(wanted);
            }
        }
    }
    direct
}

/// The versions and checksums that are locked, by name.
fn locked(lock: &Table) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let mut locked: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let word = |key| package.get(key).and_then(Value::as_str).unwrap_or_default();
        let version = word("version").split('+').next().unwrap_or_default();
        let entry = locked.entry(word("name")).or_default();
        entry.push((version, word("checksum")));
    }
    locked
}

#[test]
fn the_page_has_a_row_for_each_dependency_and_no_other() {
    let (manifests, lock, page) = (
        manifests(),
        table("Cargo.lock"),
        text("docs/dependencies.md"),
    );
    let dependencies = direct(&manifests, "dependencies");
    let locked = locked(&lock);
    let mut rows = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [head, job, kept_by, features, _] = cells[..] else {
            panic!("a row of five cells: {row}");
        };
        let (name, version) = head.trim_start_matches('`').split_once("` ").unwrap();
        assert!(!job.is_empty() && !kept_by.is_empty(), "{row}");
        let wanted = dependencies.get(name);
        let wanted = wanted.unwrap_or_else(|| panic!("{name} is no dependency any more"));
        assert!(
            locked[name].iter().any(|(locked, _)| *locked == version),
            "{name} is locked at {:?}",
            locked[name]
        );
        let asked = wanted
            .iter()
            .filter_map(|one| one.get("features")?.as_array());
        for feature in asked.flatten().filter_map(Value::as_str) {
            assert!(
                features.contains(feature),
                "{name}: the row lacks {feature}"
            );
        }
        rows.push(name);
    }
    let names: Vec<&str> = dependencies.keys().copied().collect();
    rows.sort_unstable();
    assert_eq!(rows, names);
    for name in direct(&manifests, "dev-dependencies").keys() {
        assert!(page.contains(&format!("`{name}`")), "{name} is not named");
    }
}

#[test]
fn the_parsers_of_yaml_are_pinned_and_are_the_ones_that_were_read() {
    let (manifests, lock, page) = (
        manifests(),
        table("Cargo.lock"),
        text("docs/dependencies.md"),
    );
    for name in ["granit-parser", "yaml-edit"] {
        let wanted = &direct(&manifests, "dependencies")[name];
        let [wanted] = wanted[..] else {
            panic!("{name} is asked for once");
        };
        let version = wanted["version"].as_str().unwrap();
        let exact = version.strip_prefix('=');
        let exact = exact.unwrap_or_else(|| panic!("{name} is not pinned: {version}"));
        let locked = locked(&lock);
        let [(version, checksum)] = locked[name][..] else {
            panic!("{name} is locked once");
        };
        assert_eq!(version, exact);
        assert!(page.contains(&format!("### {name} {version}")), "{name}");
        assert!(
            page.contains(checksum),
            "{name} was read with another checksum"
        );
    }
}

/// Nothing of ours runs while this is built.
#[test]
fn there_is_no_build_script() {
    let root = root();
    for folder in [".", "crates/engine", "crates/impact"] {
        assert!(!root.join(folder).join("build.rs").exists(), "{folder}");
    }
    for manifest in manifests() {
        let package = manifest["package"].as_table().unwrap();
        assert!(!package.contains_key("build"));
    }
    assert!(direct(&manifests(), "build-dependencies").is_empty());
}
