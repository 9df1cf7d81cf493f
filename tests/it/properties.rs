//! What holds for every template, and not only for those of the fixtures.
//!
//! The templates are no random text. [`model`] draws what a template says:
//! repositories in every state that the rule knows, between other resources,
//! under `Resources`, in loops, in Serverless files, in fragments, in several
//! documents. [`yaml`] and [`json`] draw how it is written. What the rule says
//! to it, and what it shall say after the fix, is known from the model alone,
//! and [`read`] tells what a text says without the crate.
//!
//! The number of cases and the seed are fixed, so that a run fails because
//! the code changed and for no other reason. To look further than CI does:
//! `PROPTEST_CASES=20000 PROPTEST_RNG_SEED=7 cargo test --release --test it properties::`.

mod json;
mod model;
mod read;
mod yaml;

use std::collections::BTreeSet;
use std::fmt;

use crate::common::proven::{Proven, proven};
use immutag_engine::Finding;
use immutag_engine::find::TagPattern;
use immutag_engine::text::edit::EditSet;
use immutag_engine::{Applicability, Decision, Policy, Profile, Rules};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use model::{Draw, FILTERS, LOOKALIKE, MODE, REPOSITORY, Resource, Template, Value};
use yaml::Written;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A template, and the tapes that its layout is drawn from.
#[derive(Clone)]
struct Case {
    template: Template,
    rules: model::Rules,
    layout: Vec<u8>,
    line_ends: Vec<u8>,
}

/// A template that is written down.
#[derive(Clone)]
struct Text {
    case: Case,
    is_json: bool,
    written: Written,
    /// What ends the lines, if all end alike.
    line_end: Option<&'static str>,
}

fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(33);
    }
    config
}

fn tape(length: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..length)
}

fn cases() -> impl Strategy<Value = Case> {
    (tape(240), tape(900), tape(8)).prop_map(|(model, layout, rest)| {
        let mut rest = Draw::new(&rest);
        Case {
            template: Template::draw(&mut Draw::new(&model)),
            rules: model::Rules {
                strict: rest.once_in(3),
                all: !rest.once_in(4),
            },
            line_ends: (0..4).map(|_| rest.of(&[0, 1, 2, 3])).collect(),
            layout,
        }
    })
}

/// Texts in YAML and JSON, their lines ended by line feeds.
fn texts() -> impl Strategy<Value = Text> {
    (cases(), any::<bool>()).prop_map(|(case, is_json)| {
        // JSON has no way to hold a second document.
        if is_json && case.template.documents.len() == 1 {
            case.json()
        } else {
            case.yaml()
        }
    })
}

/// The same with any line ends, with and without a byte order mark.
fn files() -> impl Strategy<Value = Text> {
    texts().prop_map(Text::with_line_ends)
}

impl Case {
    fn yaml(&self) -> Text {
        Text {
            written: yaml::write(&self.template, &mut Draw::new(&self.layout)),
            is_json: false,
            case: self.clone(),
            line_end: Some("\n"),
        }
    }

    fn json(&self) -> Text {
        let value = self.template.documents[0].value();
        Text {
            written: Written {
                text: json::write(&value, &mut Draw::new(&self.layout)),
                staying: Vec::new(),
                section: None,
                is_open: false,
                opens: false,
                ends_in_filters: false,
            },
            is_json: true,
            case: self.clone(),
            line_end: Some("\n"),
        }
    }

    fn rules(&self) -> Rules {
        rules(self.rules.strict, self.rules.all)
    }
}

fn rules(strict: bool, all: bool) -> Rules {
    Rules {
        policy: Policy {
            profile: if strict {
                Profile::Strict
            } else {
                Profile::Default
            },
            ..Policy::default()
        },
        allow: if all {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        },
        ..Rules::default()
    }
}

impl Text {
    fn str(&self) -> &str {
        &self.written.text
    }

    fn rules(&self) -> Rules {
        self.case.rules()
    }

    fn with_line_ends(mut self) -> Self {
        let mut draw = Draw::new(&self.case.line_ends);
        self.line_end = draw.of(&[Some("\n"), Some("\r\n"), None]);
        let lines = self.str().split_inclusive('\n').enumerate();
        let text: String = lines
            .map(|(nth, line)| match self.line_end {
                Some(end) => line.replace('\n', end),
                None if nth % 3 == 0 => to_crlf(line),
                None => line.to_owned(),
            })
            .collect();
        let mark = if draw.below(4) == 1 {
            BYTE_ORDER_MARK
        } else {
            ""
        };
        self.written.text = format!("{mark}{text}");
        self
    }

    /// What a text of this format says, documents in their order.
    fn read(&self, text: &str) -> Result<Vec<Value>, String> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if self.is_json {
            Ok(vec![read::json(text)?])
        } else {
            read::yaml(text)
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}", self.case.rules, shown(self.str()))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yaml = self.yaml().with_line_ends();
        write!(f, "{:?}\n{}", self.rules, shown(yaml.str()))?;
        if self.template.documents.len() == 1 {
            let json = self.json().with_line_ends();
            write!(f, "\nor\n{}", shown(json.str()))?;
        }
        Ok(())
    }
}

/// A text with everything to be seen that is invisible.
fn shown(text: &str) -> String {
    text.escape_debug().to_string().replace("\\n", "\\n\n")
}

fn to_crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// The assessment of a text that can be read and, if need be, repaired.
fn assess(text: &str, rules: &Rules) -> Result<Proven, TestCaseError> {
    proven(text.as_bytes(), rules)
        .map_err(|error| TestCaseError::fail(format!("{error:?} of\n{}", shown(text))))
}

/// The text after the fix.
fn fix(text: &str, rules: &Rules) -> Result<String, TestCaseError> {
    let assessment = assess(text, rules)?;
    Ok(assessment
        .fixed
        .map_or_else(|| text.to_owned(), |fixed| fixed.after().to_owned()))
}

/// The findings as the model has them.
fn found(assessment: &Proven) -> Vec<(String, (&'static str, &'static str))> {
    assessment
        .facts
        .findings
        .iter()
        .map(|finding| {
            let answer = match &finding.decision {
                Decision::Fix(_) => "fixed",
                Decision::Withheld(_) => "withheld",
                Decision::ReportOnly => "report-only",
                Decision::Refused { code, .. } => code,
                Decision::Suppressed { .. } => "suppressed",
                Decision::Declined => "declined",
            };
            (finding.logical_id.clone(), (finding.verdict.code(), answer))
        })
        .collect()
}

/// The findings that the model expects.
fn expected(
    template: &Template,
    rules: model::Rules,
) -> Vec<(String, (&'static str, &'static str))> {
    template
        .findings(rules.strict)
        .into_iter()
        .map(|(id, (code, answer))| {
            let answer = match answer {
                model::Answer::Unsafe if !rules.all => "withheld",
                model::Answer::Safe | model::Answer::Unsafe => "fixed",
                model::Answer::Refused(code) => code,
            };
            (id, (code, answer))
        })
        .collect()
}

/// Whether a text became another by gaining declarations, or the right word
/// in the place of a wrong one.
fn is_rewritten(old: &str, new: &str) -> bool {
    let (old, new) = (words(old), words(new));
    capture_diff_slices(Algorithm::Myers, &old, &new)
        .into_iter()
        .filter(|change| !matches!(change, DiffOp::Equal { .. }))
        .all(|change| {
            let gone = old[change.old_range()].concat();
            let come = &new[change.new_range()];
            (gone.is_empty() || model::WRONG_WORDS.contains(&gone.as_str()))
                && come.iter().all(|word| {
                    let words = ["ImageTagMutability", "IMMUTABLE", "Properties"];
                    words.contains(word) || "{}:,'\" \t\r\n".contains(word)
                })
        })
}

/// A text taken apart into words and the marks between them.
fn words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match rest.find(|c| !is_word(c)) {
            _ if !is_word(first) => first.len_utf8(),
            end => end.unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

proptest! {
    #![proptest_config(config(1200))]

    /// The generator is honest: what it writes is valid, and says what the
    /// model says. Without this the other properties would hold of nothing.
    #[test]
    fn each_text_says_what_its_template_says(text in files()) {
        let says = text.read(text.str());
        prop_assert_eq!(says, Ok(text.case.template.meaning()));
    }

    /// Fixing neither fails nor panics. It finds in each repository what the
    /// table of the rule says, and answers as the rules ask for: what is
    /// refused is refused for the template's sake, never for its layout's.
    #[test]
    fn what_is_found_is_what_the_rule_says(text in files()) {
        let assessment = assess(text.str(), &text.rules())?;
        prop_assert_eq!(
            found(&assessment),
            expected(&text.case.template, text.case.rules)
        );
        let is_repository = |resource: &&Resource| {
            resource.body.contains(&("Type".to_owned(), Value::text(REPOSITORY)))
        };
        let repositories = text.case.template.resources().filter(is_repository).count();
        prop_assert_eq!(assessment.facts.ecr_repositories, repositories);
        let is_fixed = |finding: &Finding| matches!(finding.decision, Decision::Fix(_));
        prop_assert_eq!(
            assessment.fixed.is_some(),
            assessment.facts.findings.iter().any(is_fixed)
        );
    }

    /// Each finding stands at the key of the property, of `Properties` or of
    /// the resource, whichever is the innermost that there is.
    #[test]
    fn each_finding_points_at_its_key(text in files()) {
        for finding in assess(text.str(), &text.rules())?.facts.findings {
            let line = text.str().split('\n').nth(finding.region.start.line - 1);
            let line = line.unwrap_or_default().trim_start_matches(BYTE_ORDER_MARK);
            let at: String = line.chars().skip(finding.region.start.column - 1).collect();
            let key = at.trim_start_matches(['"', '\'']);
            let keys = [MODE, "Properties", finding.logical_id.as_str()];
            // JSON may spell a name in escapes.
            let is_key = key.starts_with('D') || keys.iter().any(|name| key.starts_with(name));
            prop_assert!(is_key, "{finding:?} at {at:?}");
        }
    }

    /// Where every fix is allowed, only that is left which the rule refuses.
    #[test]
    fn nothing_is_left_but_what_is_refused(text in files()) {
        let rules = rules(text.case.rules.strict, true);
        let again = assess(&fix(text.str(), &rules)?, &rules)?;
        let is_refused = |(_, said): &(String, model::Said)| {
            matches!(said.1, model::Answer::Refused(_))
        };
        let left: Vec<String> = text
            .case
            .template
            .findings(text.case.rules.strict)
            .into_iter()
            .filter(is_refused)
            .map(|(id, _)| id)
            .collect();
        let found: Vec<String> = again.facts.findings.into_iter().map(|f| f.logical_id).collect();
        prop_assert_eq!(found, left);
    }

    #[test]
    fn a_second_fix_changes_nothing(text in files()) {
        let fixed = fix(text.str(), &text.rules())?;
        prop_assert_eq!(assess(&fixed, &text.rules())?.fixed, None);
    }

    /// Whoever takes the safe fixes first and the others later gets what they
    /// would have got at once.
    #[test]
    fn two_steps_lead_where_one_does(text in files()) {
        let [safe, all] = [false, true].map(|all| rules(text.case.rules.strict, all));
        let in_steps = fix(&fix(text.str(), &safe)?, &all)?;
        prop_assert_eq!(in_steps, fix(text.str(), &all)?);
    }

    /// The fixed text says what the model says when the mode is set in it and
    /// nothing else is done: every other key, value and tag, in its order.
    #[test]
    fn the_document_changes_in_the_mode_alone(text in files()) {
        let fixed = fix(text.str(), &text.rules())?;
        let meant = text.case.template.fixed(text.case.rules).meaning();
        prop_assert_eq!(text.read(&fixed), Ok(meant), "{}", shown(&fixed));
    }

    /// The same where some tags stay mutable: the mode and the filters change,
    /// and they are never a pair that ECR rejects.
    #[test]
    fn the_document_changes_in_the_mode_and_its_filters_alone(text in files()) {
        let tags = ["latest", "v1.*", "1.0"];
        let rules = model::Rules { strict: false, ..text.case.rules };
        let keep_mutable = tags.map(|tag| TagPattern::new(tag).unwrap());
        let policy = Policy { keep_mutable: keep_mutable.into(), ..Policy::default() };
        let fixed = fix(text.str(), &Rules { policy, ..text.rules() })?;
        let meant = text.case.template.fixed_but_for(rules, &tags).meaning();
        prop_assert_eq!(text.read(&fixed), Ok(meant), "{}", shown(&fixed));
    }

    /// Each fix rewrites one line at most, and the lines it adds declare the
    /// mode; all other lines stay, in their order. (Where exclusion filters
    /// go, lines go with them: that is left to the properties above and below.)
    #[test]
    fn only_lines_that_must_change_do(text in files()) {
        let assessment = assess(text.str(), &text.rules())?;
        let has_filters = |resource: &Resource| format!("{:?}", resource.body).contains(FILTERS);
        if text.case.template.resources().any(has_filters) {
            return Ok(());
        }
        let Some(fixed) = assessment.fixed else {
            return Ok(());
        };
        let end = match text.line_end {
            _ if text.str().ends_with('\n') => "",
            Some(end) => end,
            None => return Ok(()),
        };
        let [old, new] = [fixed.before(), fixed.after()].map(|text| text.to_owned() + end);
        let old: Vec<&str> = old.split_inclusive('\n').collect();
        let lines: Vec<&str> = new.split_inclusive('\n').collect();
        // Where nothing is indented, a new brace cannot be told from an old one.
        if lines.windows(2).any(|pair| pair[0] == pair[1] && pair[0].starts_with('}')) {
            return Ok(());
        }
        let mut rewritten = 0;
        for change in capture_diff_slices(Algorithm::Myers, &old, &lines) {
            if matches!(change, DiffOp::Equal { .. }) {
                continue;
            }
            let (gone, come) = (&old[change.old_range()], &lines[change.new_range()]);
            prop_assert!(is_rewritten(&gone.concat(), &come.concat()), "{gone:?} {come:?}");
            prop_assert!(come.iter().all(|line| !line.trim().is_empty()), "{new}");
            rewritten += gone.len();
        }
        let fixed = assessment.facts.findings.iter().filter(|f| matches!(f.decision, Decision::Fix(_)));
        prop_assert!(rewritten <= fixed.count(), "{new}");
    }

    /// No comment is lost, but those that belong to filters which go.
    #[test]
    fn comments_stay(case in cases()) {
        let text = case.yaml().with_line_ends();
        let fixed = fix(text.str(), &text.rules())?;
        let mut rest = fixed.as_str();
        for comment in &text.written.staying {
            let at = rest.find(comment.as_str());
            prop_assert!(at.is_some(), "{comment:?} is not in its place in\n{fixed}");
            rest = &rest[at.unwrap_or_default()..];
        }
    }

    #[test]
    fn fixing_commutes_with_line_ends(text in texts()) {
        let fixed = fix(&to_crlf(text.str()), &text.rules())?;
        prop_assert_eq!(fixed, to_crlf(&fix(text.str(), &text.rules())?));
    }

    #[test]
    fn fixing_commutes_with_a_byte_order_mark(text in texts()) {
        let fixed = fix(&format!("{BYTE_ORDER_MARK}{}", text.str()), &text.rules())?;
        let bare = fix(text.str(), &text.rules())?;
        prop_assert_eq!(fixed, format!("{BYTE_ORDER_MARK}{bare}"));
    }

    /// The last line is fixed with and without an end of its own. (The line
    /// break below a `|` or a `|+` is part of the value, and no end of a line:
    /// where it would come to stand last, values count and not bytes. Where
    /// line ends are mixed, a line without one can only guess. Where filters
    /// go from a last line without an end, the blank lines above them go, too.)
    #[test]
    fn fixing_commutes_with_the_final_newline(text in texts(), is_crlf in any::<bool>()) {
        let end = if is_crlf { "\r\n" } else { "\n" };
        let whole = text.str().replace('\n', end);
        if let (Some(cut), false) = (whole.strip_suffix(end), text.written.is_open) {
            let fixed = fix(cut, &text.rules())?;
            let meant = text.case.template.fixed(text.case.rules).meaning();
            prop_assert_eq!(text.read(&fixed), Ok(meant), "{}", shown(&fixed));
            if !text.written.opens {
                let mut expected = fix(&whole, &text.rules())?;
                if text.written.ends_in_filters && fixed.clone() + end != expected {
                    expected.truncate(expected.trim_end().len());
                    expected.push_str(end);
                }
                prop_assert_eq!(fixed + end, expected);
            }
        }
    }

    /// What stands below the last value has no influence. (JSON has no
    /// comments; and what is JSON is none any more with a comment below it.)
    #[test]
    fn fixing_commutes_with_lines_below(text in files(), choice in 0..3_usize) {
        let is_braced = text.str().trim_start_matches(BYTE_ORDER_MARK).starts_with('{');
        let below = ["\n", "# the end\n", "\n\n# ImageTagMutability: MUTABLE\n\n"];
        let below = below[if is_braced { 0 } else { choice }];
        if text.str().ends_with('\n') {
            let fixed = fix(&format!("{}{below}", text.str()), &text.rules())?;
            let bare = fix(text.str(), &text.rules())?;
            prop_assert_eq!(fixed, format!("{bare}{below}"));
        }
    }

    /// A block of a template engine around everything has no influence, nor
    /// has its comment above everything, where the last line has no end.
    #[test]
    fn fixing_commutes_with_a_block_around(text in files(), is_jinja in any::<bool>()) {
        // Right behind a byte order mark, a mark has no line to itself.
        let bare = text.str();
        let bare = bare.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bare);
        let (above, below) = match (bare.ends_with('\n'), is_jinja) {
            (true, true) => ("{% if a == 'é' %}\n", "{% endif %}\n"),
            (true, false) => ("{{- range $a := .B }}\r\n", "{{- end }}"),
            (false, _) => ("{#- a: b #}\n", ""),
        };
        let fixed = fix(&format!("{above}{bare}{below}"), &text.rules())?;
        let alone = fix(bare, &text.rules())?;
        prop_assert_eq!(fixed, format!("{above}{alone}{below}"));
    }

    /// What a template engine fills into a value has no influence.
    #[test]
    fn fixing_commutes_with_what_is_filled_in(text in files()) {
        let filled = |text: &str| text.replace("my-repo", "{{ name[\"é\"] }}");
        let fixed = fix(&filled(text.str()), &text.rules())?;
        prop_assert_eq!(fixed, filled(&fix(text.str(), &text.rules())?));
    }

    /// Another resource, appended to those there are, has no influence.
    #[test]
    fn fixing_commutes_with_another_resource(case in cases()) {
        let text = case.yaml();
        if let Some(column) = text.written.section {
            let indent = " ".repeat(column);
            let more = format!("{indent}Topic:\n{indent} Type: AWS::SNS::Topic\n");
            let fixed = fix(&format!("{}{more}", text.str()), &text.rules())?;
            let bare = fix(text.str(), &text.rules())?;
            prop_assert_eq!(fixed, format!("{bare}{more}"));
        }
    }

    /// An ignore of one line hides what is found on that line, and changes
    /// nothing for all other lines.
    #[test]
    fn an_ignored_line_is_left_and_all_else_is_done(text in files(), which in any::<Index>()) {
        let rules = text.rules();
        let plain = assess(text.str(), &rules)?;
        if text.is_json || plain.facts.findings.is_empty() {
            return Ok(());
        }
        let line = which.get(&plain.facts.findings).region.start.line;
        let start: usize = text.str().split_inclusive('\n').take(line - 1).map(str::len).sum();
        let mark = if text.str()[start..].starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        let (above, below) = text.str().split_at(start + mark);
        let ignored = assess(&format!("{above}# kics-scan ignore-line\n{below}"), &rules)?;
        prop_assert_eq!(ignored.facts.findings.len(), plain.facts.findings.len());
        for (before, after) in plain.facts.findings.iter().zip(&ignored.facts.findings) {
            if before.region.start.line == line {
                let is_hidden = matches!(after.decision, Decision::Suppressed { by: "kics", .. });
                prop_assert!(is_hidden && !after.counts, "{after:?}");
            } else {
                prop_assert_eq!(&before.decision, &after.decision);
                prop_assert_eq!(before.counts, after.counts);
            }
        }
        prop_assert_eq!(ignored.facts.unused_suppressions, Vec::new());
    }

    /// An ignore for the file leaves it as it is, whatever it is.
    #[test]
    fn an_ignored_file_is_left(text in files()) {
        if text.is_json {
            return Ok(());
        }
        let bare = text.str().trim_start_matches(BYTE_ORDER_MARK);
        let plain = assess(bare, &text.rules())?;
        for comment in ["# immutag: ignore-file", "# kics-scan ignore"] {
            let ignored = assess(&format!("{comment}\n{bare}"), &text.rules())?;
            prop_assert_eq!(ignored.facts.findings.len(), plain.facts.findings.len());
            prop_assert!(ignored.facts.findings.iter().all(|finding| !finding.counts));
            prop_assert_eq!(ignored.fixed, None);
        }
    }

    /// YAML and JSON that say the same are judged and repaired the same.
    #[test]
    fn twins_in_yaml_and_json_agree(case in cases()) {
        if case.template.documents.len() == 1 {
            let twins = [case.yaml().with_line_ends(), case.json().with_line_ends()];
            let [yaml, json] = &twins;
            let [in_yaml, in_json] = twins.each_ref().map(|twin| assess(twin.str(), &case.rules()));
            let (in_yaml, in_json) = (in_yaml?, in_json?);
            prop_assert_eq!(found(&in_yaml), found(&in_json));
            if let (Some(in_yaml), Some(in_json)) = (in_yaml.fixed, in_json.fixed) {
                prop_assert_eq!(yaml.read(in_yaml.after()), json.read(in_json.after()));
            }
        }
    }

    /// The edits are what leads from the old bytes to the new and back: in
    /// order, apart from each other, and no more than that.
    #[test]
    fn edits_lead_there_and_back(text in files()) {
        if let Some(fixed) = assess(text.str(), &text.rules())?.fixed {
            prop_assert_eq!(fixed.before(), text.str());
            let (mut made, mut at) = (String::new(), 0);
            for edit in fixed.edits() {
                prop_assert!(at <= edit.span.start && edit.span.start <= edit.span.end);
                prop_assert!(edit.span.of(text.str()) != edit.text, "{edit:?} changes nothing");
                made.push_str(&text.str()[at..edit.span.start]);
                made.push_str(&edit.text);
                at = edit.span.end;
            }
            made.push_str(&text.str()[at..]);
            prop_assert_eq!(&made, &fixed.after());
            let edits = EditSet::new(fixed.edits().to_vec()).unwrap();
            let back = edits.inverse(fixed.before());
            prop_assert_eq!(back.apply(fixed.after()), Ok(fixed.before().to_owned()));
        }
    }

    /// A text without the type's name cannot declare an ECR repository: it is neither
    /// changed nor an error, be it whole or broken off anywhere.
    #[test]
    fn a_text_without_the_name_is_left_alone(text in files(), cut in any::<Index>()) {
        let other = text.str().replace(REPOSITORY, LOOKALIKE);
        let broken_off = &other.as_bytes()[..cut.index(other.len() + 1)];
        for bytes in [other.as_bytes(), broken_off] {
            prop_assert_eq!(proven(bytes, &text.rules()), Ok(Proven::default()));
        }
    }

    /// A text that is broken off anywhere is read or refused, at a place that
    /// lies in it. If it is repaired, then once and for all. No repair is
    /// planned that cannot be proven.
    #[test]
    fn a_text_broken_off_is_read_or_refused(text in files(), cut in any::<Index>()) {
        let bytes = &text.str().as_bytes()[..cut.index(text.str().len() + 1)];
        match proven(bytes, &text.rules()) {
            Ok(assessment) => {
                if let Some(fixed) = assessment.fixed {
                    let again = assess(fixed.after(), &text.rules())?;
                    prop_assert_eq!(again.fixed, None);
                }
            }
            Err(error) => {
                prop_assert!(["syntax", "encoding"].contains(&error.code), "{error:?} {}", bytes.escape_ascii());
                let lines: Vec<_> = bytes.split(|&byte| byte == b'\n').collect();
                let line = lines.get(error.position.line - 1);
                let longest = line.map(|line| String::from_utf8_lossy(line).chars().count() + 1);
                prop_assert!(Some(error.position.column) <= longest, "{error:?}");
            }
        }
    }
}

/// The properties above hold of something: every verdict with every answer
/// comes up in both formats, and so does every place of a resource.
#[test]
fn the_templates_come_in_every_state() {
    let mut runner = TestRunner::new(config(1));
    let mut states = BTreeSet::new();
    let mut places = BTreeSet::new();
    for _ in 0..6000 {
        let text = files().new_tree(&mut runner).unwrap().current();
        for (_, (code, answer)) in text.case.template.findings(text.case.rules.strict) {
            states.insert((text.is_json, code, answer));
        }
        for document in &text.case.template.documents {
            places.insert(format!("{:?}", document.place));
        }
    }
    for is_json in [false, true] {
        for said in model::EVERYTHING_SAID {
            let (code, answer) = said;
            assert!(
                states.contains(&(is_json, code, answer)),
                "{is_json} {said:?}"
            );
        }
    }
    assert_eq!(states.len(), 2 * model::EVERYTHING_SAID.len(), "{states:?}");
    assert_eq!(places.len(), 6, "{places:?}");
}
