//! What a template says times how it is written, both drawn by the grammar of
//! the property tests; and what a file may have beside: line ends, a byte
//! order mark, marks of template engines, ignores.

use std::collections::BTreeSet;

use crate::proven::proven;
use arbitrary::{Result, Unstructured};
use immutag_engine::Decision;

use crate::model::{self, Draw, FILTERS, Template, Value};
use crate::oracle::{self, ensure, rules};
use crate::tree::{self, Kind, Node};
use crate::{MAX_LEN, json, yaml};

/// Draws a template and its layout, and holds the text against the promise
/// and against what the template is known to say.
pub fn check(data: &[u8]) {
    if data.len() <= MAX_LEN {
        // Where the bytes end every choice is the plainest.
        let _ = drawn(Unstructured::new(data));
    }
}

fn drawn(mut u: Unstructured<'_>) -> Result<()> {
    let letter: u8 = u.arbitrary()?;
    let (is_json, line_end, has_mark, around) = (
        u.arbitrary::<bool>()?,
        u.int_in_range(0..=3u8)?,
        u.ratio(1, 4)?,
        u.int_in_range(0..=11u8)?,
    );
    let half = u.int_in_range(0..=240)?;
    let rest = u.take_rest();
    let (tape, layout) = rest.split_at(half.min(rest.len() / 2));
    let template = Template::draw(&mut Draw::new(tape));
    let is_json = is_json && template.documents.len() == 1;
    let (mut text, staying) = if is_json {
        let value = template.documents[0].value();
        (json::write(&value, &mut Draw::new(layout)), Vec::new())
    } else {
        let written = yaml::write(&template, &mut Draw::new(layout));
        (written.text, written.staying)
    };
    // `MUTABLE` may be spelled in escapes, so the marks of engines go around.
    let (above, below) = match around {
        _ if !text.ends_with('\n') => ("", ""),
        0 => ("{% if a == 'é' %}\n", "{% endif %}\n"),
        1 => ("{{- range $a := .B }}\n", "{{- end }}\n"),
        2 if !is_json => ("# immutag: ignore-file\n", ""),
        _ => ("", ""),
    };
    text = format!("{above}{text}{below}");
    text = match line_end {
        0 => text.replace('\n', "\r\n"),
        1 => {
            let lines = text.split_inclusive('\n').enumerate();
            lines
                .map(|(nth, line)| match nth % 3 {
                    0 => line.replace('\n', "\r\n"),
                    _ => line.to_owned(),
                })
                .collect()
        }
        _ => text,
    };
    if has_mark && above.is_empty() {
        text.insert(0, '\u{feff}');
    }

    // Tags that stay mutable are not in the model's table.
    let rules = rules(letter & !(1 << 2) & !(1 << 3));
    let Some(assessment) = oracle::check(text.as_bytes(), &rules) else {
        let error = proven(text.as_bytes(), &rules);
        panic!("{error:?} of\n{}", oracle::shown(&text));
    };
    let its_rules = model::Rules {
        strict: letter & 2 != 0,
        all: letter & 1 != 0,
    };
    let is_ignored = above.starts_with('#') && rules.suppressions.are_on;
    let expected: Vec<(String, &str, &str)> = template
        .findings(its_rules.strict)
        .into_iter()
        .map(|(id, (code, answer))| {
            let answer = match answer {
                _ if is_ignored => "suppressed",
                model::Answer::Unsafe if !its_rules.all => "withheld",
                model::Answer::Safe | model::Answer::Unsafe => "fixed",
                model::Answer::Refused(code) => code,
            };
            (id, code, answer)
        })
        .collect();
    let found: Vec<(String, &str, &str)> = assessment
        .facts
        .findings
        .iter()
        .map(|finding| {
            let answer = match &finding.decision {
                Decision::Fix(_) => "fixed",
                Decision::Withheld(_) => "withheld",
                Decision::Refused { code, .. } => code,
                Decision::Suppressed { .. } => "suppressed",
                Decision::ReportOnly | Decision::Declined => "not asked for",
            };
            (finding.logical_id.clone(), finding.verdict.code(), answer)
        })
        .collect();
    ensure!(
        found == expected,
        &text,
        "found {found:?}, not {expected:?}"
    );
    if let (Some(fixed), false) = (&assessment.fixed, is_ignored) {
        let after = fixed.after();
        let mut rest = after;
        for comment in &staying {
            let at = rest.find(comment.as_str());
            ensure!(
                at.is_some(),
                &text,
                "{comment:?} is not in its place in\n{}",
                oracle::shown(after)
            );
            rest = &rest[at.unwrap_or_default()..];
        }
        // What the third reader makes of the file is what the model says once
        // its modes are set.
        let is_marked = above.starts_with('{');
        let before = tree::read(&text).filter(|_| !is_marked);
        let meaning = before.map(|documents| spelled(&documents));
        if meaning.as_ref() == Some(&template.meaning()) {
            let meant = template.fixed(its_rules).meaning();
            let now = tree::read(after).map(|documents| spelled(&documents));
            ensure!(
                now.as_ref() == Some(&meant),
                &text,
                "it says {now:?}, not {meant:?}:\n{}",
                oracle::shown(after)
            );
        }
        // Lines that hold none of an edit are there still, in their order.
        if !text.contains(FILTERS) {
            let touched: BTreeSet<usize> = fixed
                .edits()
                .iter()
                .map(|edit| text[..edit.span.start].matches('\n').count())
                .collect();
            let mut lines = after.split('\n');
            for (nth, line) in text.split('\n').enumerate() {
                if !touched.contains(&nth) {
                    let is_there = lines.any(|other| other == line);
                    ensure!(
                        is_there,
                        &text,
                        "line {nth} is gone:\n{}",
                        oracle::shown(after)
                    );
                }
            }
        }
    }
    Ok(())
}

/// What documents say, functions in their long form.
fn spelled(documents: &[Node]) -> Vec<Value> {
    documents.iter().map(said).collect()
}

fn said(node: &Node) -> Value {
    let value = match &node.kind {
        Kind::Scalar(word) => match word.as_str() {
            _ if node.style == 'p' && node.is_nothing() => Value::Nothing,
            "true" | "false" if node.style == 'p' => Value::Bare(word.clone()),
            _ if node.style == 'p' && word.parse::<f64>().is_ok() => Value::Bare(word.clone()),
            _ => Value::Text(word.clone()),
        },
        Kind::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (key.word().unwrap_or_default().to_owned(), said(value)))
                .collect(),
        ),
        Kind::List(items) => Value::List(items.iter().map(said).collect()),
        Kind::Alias(name) => Value::Text(format!("*{name}")),
    };
    match node.tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
        Some(name) if !name.is_empty() => Value::Map(vec![(model::long(name), value)]),
        _ => value,
    }
}
