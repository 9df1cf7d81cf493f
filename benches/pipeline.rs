//! How long `assess` and `prove` take, by the size of a text and its format.
//!
//! The time per byte is to stay the same, within half as much again, from
//! 10 KB to 10 MB, and a file of 20,000 findings is to take seconds, not
//! minutes: what grows faster than the text is a mistake, and shows here as
//! a throughput that falls from one size to the next.
//!
//! All texts are made here. One resource in six is an ECR repository, and two
//! of these in three break the rule, each in another way; the others are
//! what templates are mostly made of.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use immutag_engine::{Applicability, Rules, assess};

#[path = "tree/stock.rs"]
mod stock;
use stock::{JSON, Stock, YAML};

const KILO: usize = 1000;
const SIZES: [(&str, usize); 4] = [
    ("10KB", 10 * KILO),
    ("100KB", 100 * KILO),
    ("1MB", KILO * KILO),
    ("10MB", 10 * KILO * KILO),
];

/// The mutability values that ECR repositories declare in turn; None: none.
const MUTABILITIES: [Option<&str>; 3] = [None, Some("MUTABLE"), Some("IMMUTABLE")];

/// The resource of that number; `declare` writes a mutability value.
fn resource(stock: &Stock, number: usize, declare: impl Fn(&str) -> String) -> String {
    const EVERY: usize = 6;
    // The ECR repositories take turns of their own.
    let (forms, turn) = if number.is_multiple_of(EVERY) {
        (stock.ecr_repositories, number / EVERY)
    } else {
        (stock.others, number)
    };
    let form = forms.get(turn % forms.len());
    let mutability = MUTABILITIES.get(turn / forms.len() % MUTABILITIES.len());
    let declaration = mutability.copied().flatten().map(declare);
    form.map_or_else(String::new, |form| {
        form.replace('@', &declaration.unwrap_or_default())
            .replace('~', &number.to_string())
    })
}

fn yaml(size: usize) -> String {
    let mut text = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n".to_owned();
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        text += &resource(&YAML, number, |value| {
            format!("      ImageTagMutability: {value}\n")
        });
    }
    text
}

fn json(size: usize) -> String {
    let mut text = "{\n  \"Resources\": {\n".to_owned();
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        if number > 0 {
            text += ",\n";
        }
        text += &resource(&JSON, number, |value| {
            format!("\n        \"ImageTagMutability\": \"{value}\",")
        });
    }
    text + "\n  }\n}\n"
}

/// As many repositories, every one of which is to be repaired, on lines.
fn many_in_yaml(count: usize) -> String {
    let mut text = "Resources:\n".to_owned();
    for number in 0..count {
        let form = [
            "    Properties:\n      RepositoryName: r$\n",
            "    Properties:\n      ImageTagMutability: MUTABLE\n",
            "    Properties: {}\n",
            "",
        ];
        let properties = form.iter().cycle().nth(number % form.len());
        let properties = properties.copied().unwrap_or_default();
        let _ = write!(
            text,
            "  R{number}:\n    Type: AWS::ECR::Repository\n{}",
            properties.replace('$', &number.to_string())
        );
    }
    text
}

/// The same on one line.
fn many_in_json(count: usize) -> String {
    let mut text = "{\"Resources\":{".to_owned();
    for number in 0..count {
        let form = [
            ",\"Properties\":{\"RepositoryName\":\"r$\"}",
            ",\"Properties\":{\"ImageTagMutability\":\"MUTABLE\"}",
            ",\"Properties\":{}",
            "",
        ];
        let properties = form.iter().cycle().nth(number % form.len());
        let properties = properties.copied().unwrap_or_default();
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}\"R{number}\":{{\"Type\":\"AWS::ECR::Repository\"{}}}",
            properties.replace('$', &number.to_string())
        );
    }
    text + "}}"
}

/// Repairs a text; gives the number of edits, so that a bench of a text with
/// nothing to do cannot pass for a fast one.
fn repair(text: &str) -> usize {
    let rules = Rules {
        allow: Applicability::Unsafe,
        ..Rules::default()
    };
    assess(text.as_bytes(), &rules)
        .ok()
        .and_then(|assessment| assessment.prove().ok()?)
        .map_or(0, |fixed| fixed.edits().len())
}

fn by_size(c: &mut Criterion, format: &str, make: fn(usize) -> String) {
    let mut group = c.benchmark_group(format);
    for (name, size) in SIZES {
        let text = make(size);
        let edits = repair(&text);
        assert!(edits > size / 10_000, "{format} {name}: {edits} edits");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.sample_size(if size > KILO * KILO { 10 } else { 20 });
        group.measurement_time(Duration::from_secs(5));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |bencher, text| {
            bencher.iter(|| repair(black_box(text)));
        });
    }
    group.finish();
}

fn sizes(c: &mut Criterion) {
    by_size(c, "yaml", yaml);
    by_size(c, "json", json);
}

fn many(c: &mut Criterion) {
    const COUNT: usize = 20_000;
    let mut group = c.benchmark_group("20,000 repositories in one file");
    group.sample_size(10);
    for (name, text) in [
        ("yaml", many_in_yaml(COUNT)),
        ("json on one line", many_in_json(COUNT)),
    ] {
        assert_eq!(repair(&text), COUNT, "{name}");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |bencher, text| {
            bencher.iter(|| repair(black_box(text)));
        });
    }
    group.finish();
}

criterion_group!(benches, sizes, many);
criterion_main!(benches);
