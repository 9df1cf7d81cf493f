//! The promise, stated from the bytes and from a third reader's trees.
//!
//! For each text and each set of rules: nothing panics, no repair is planned
//! that the crate itself cannot prove, the edits lead from the old bytes to
//! the new and back, they take and bring nothing but what the rule asks for,
//! the trees differ in the intended keys alone, what was repaired is right,
//! nothing else has changed, a second repair has nothing to do, and a report,
//! a patch and a repair tell of the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::proven::{Failed, Proven, proven, proven_without};
use immutag::testing::write_patch;
use immutag_engine::Fixed;
use immutag_engine::find::TagPattern;
use immutag_engine::plan::Applicability;
use immutag_engine::{Decision, Policy, Profile, Rules, SuppressionRules, Verdict};

use crate::tree::{self, Kind, Node};

/// The type that the rule is about.
pub const REPOSITORY: &str = "AWS::ECR::Repository";
const TEMPLATE: &str = "AWS::ECR::RepositoryCreationTemplate";
/// The property that the rule is about.
pub const MODE: &str = "ImageTagMutability";
/// The property that goes with it.
pub const FILTERS: &str = "ImageTagMutabilityExclusionFilters";

/// The rules that a letter stands for: `` ` `` the default, and one bit each
/// for unsafe fixes, strictness, a tag that stays mutable, creation
/// templates, and no ignores.
pub fn rules(letter: u8) -> Rules {
    let has = |bit: u8| letter & (1 << bit) != 0;
    let keep_mutable = if has(2) {
        vec![TagPattern::new("latest").expect("a tag")]
    } else {
        Vec::new()
    };
    Rules {
        policy: Policy {
            profile: if has(1) {
                Profile::Strict
            } else {
                Profile::Default
            },
            keep_mutable,
            creation_templates: has(3),
            ..Policy::default()
        },
        allow: if has(0) {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        },
        suppressions: SuppressionRules {
            are_on: !has(4),
            ..SuppressionRules::default()
        },
        ..Rules::default()
    }
}

/// Fails with all that is needed to see why.
macro_rules! ensure {
    ($holds:expr, $text:expr, $($why:tt)+) => {
        if !$holds {
            panic!("{}\nof\n{}", format!($($why)+), $crate::oracle::shown($text));
        }
    };
}
pub(crate) use ensure;

/// A text with everything to be seen that is invisible.
pub fn shown(text: &str) -> String {
    text.escape_debug().to_string().replace("\\n", "\\n\n")
}

/// Holds a text against the whole promise. Gives what was found, where the
/// text could be read.
pub fn check(bytes: &[u8], rules: &Rules) -> Option<Proven> {
    let result = proven(bytes, rules);
    let lossy = String::from_utf8_lossy(bytes);
    ensure!(
        result == proven(bytes, rules),
        &lossy,
        "it is not the same twice"
    );
    let assessment = match result {
        Ok(assessment) => assessment,
        Err(error) => {
            refused(&lossy, &error);
            return None;
        }
    };
    if assessment == Proven::default() {
        return Some(assessment);
    }
    let text = std::str::from_utf8(bytes).expect("read, so it is text");
    findings(text, &assessment, rules);
    sinks(text, &assessment, rules);
    if let Some(fixed) = &assessment.fixed {
        repaired(text, &assessment, fixed, rules);
    }
    if let Some(documents) = tree::read(text) {
        is_complete(text, &documents, &assessment, rules);
    }
    declined(text, &assessment, rules);
    Some(assessment)
}

/// An error lies in the text, and is never a repair that failed its proof for
/// a fault of the planner's. (The judge of YAML is known to reject or to
/// misread some of what the reader takes: that it is asked is its use.)
fn refused(text: &str, error: &Failed) {
    let lines = text.split('\n').count();
    ensure!(
        error.position.line <= lines,
        text,
        "{error:?} lies behind the end"
    );
    let is_judge = error.message.contains("the second parser");
    // What a broken mark does to the text is known only once it is repaired.
    let is_marked = error.message.contains("taken in another way");
    let is_planner = error.code == "proof" && !is_judge && !is_marked;
    ensure!(!is_planner, text, "{error:?}");
    let looks_for_judge = std::env::var_os("IMMUTAG_FUZZ_JUDGE").is_some();
    ensure!(!(is_judge && looks_for_judge), text, "{error:?}");
}

/// What is reported lies in the text, and its edits are those that are made.
fn findings(text: &str, assessment: &Proven, rules: &Rules) {
    let mut edits = BTreeSet::new();
    let fixed = assessment.fixed.as_ref();
    let by_finding = fixed.map(Fixed::edits_by_finding).unwrap_or_default();
    for (index, finding) in assessment.facts.findings.iter().enumerate() {
        let its_edits = by_finding.get(&index).map_or(&[][..], Vec::as_slice);
        let spans = [finding.region.span]
            .into_iter()
            .chain(finding.sources.iter().map(|source| source.region.span))
            .chain(its_edits.iter().map(|edit| edit.region.span));
        for span in spans {
            ensure!(
                text.get(span.range()).is_some(),
                text,
                "{span:?} is no text"
            );
        }
        match finding.decision {
            Decision::Fix(how) => {
                ensure!(how <= rules.allow, text, "{finding:?} is not allowed");
                ensure!(!its_edits.is_empty(), text, "{finding:?} has no edit");
            }
            _ => ensure!(its_edits.is_empty(), text, "{finding:?} has an edit"),
        }
        for edit in its_edits {
            edits.insert((edit.region.span, edit.text.as_str()));
        }
    }
    let made: BTreeSet<_> = match &assessment.fixed {
        Some(fixed) => fixed
            .edits()
            .iter()
            .map(|edit| (edit.span, edit.text.as_str()))
            .collect(),
        None => BTreeSet::new(),
    };
    ensure!(
        edits == made,
        text,
        "findings have the edits {edits:?}, made are {made:?}"
    );
    let is_fixed = |answer: &Decision| matches!(answer, Decision::Fix(_));
    let any = assessment
        .facts
        .findings
        .iter()
        .any(|found| is_fixed(&found.decision));
    ensure!(
        any == assessment.fixed.is_some(),
        text,
        "fixed without a change"
    );
}

/// A report finds what a repair finds, and a patch gives what a repair gives.
fn sinks(text: &str, assessment: &Proven, rules: &Rules) {
    let report_only = Rules {
        report_only: true,
        ..rules.clone()
    };
    let report = proven(text.as_bytes(), &report_only);
    let report = report.unwrap_or_else(|error| panic!("only repaired, not reported: {error:?}"));
    ensure!(report.fixed.is_none(), text, "a report repairs");
    let facts = |of: &Proven| -> Vec<_> {
        let findings = of.facts.findings.iter();
        findings
            .map(|found| {
                (
                    found.verdict,
                    found.counts,
                    found.logical_id.clone(),
                    found.region,
                )
            })
            .collect()
    };
    ensure!(
        facts(&report) == facts(assessment),
        text,
        "a report finds {report:?}"
    );
    for (reported, found) in report.facts.findings.iter().zip(&assessment.facts.findings) {
        let is_same = match &found.decision {
            Decision::Fix(_) | Decision::Withheld(_) => reported.decision == Decision::ReportOnly,
            answer => reported.decision == *answer,
        };
        // A resource that is repaired keeps nothing from being changed for
        // others; one that is not allowed to be, neither.
        ensure!(is_same, text, "{reported:?} is reported for {found:?}");
    }
    if let Some(fixed) = &assessment.fixed {
        let mut out = Vec::new();
        write_patch(Path::new("t"), &fixed.hunks(), &mut out).expect("memory takes it");
        let out = String::from_utf8(out).expect("text");
        let patched = patched(fixed.before(), &out);
        ensure!(
            patched.as_deref() == Some(fixed.after()),
            text,
            "the patch gives {patched:?}:\n{out}"
        );
    }
}

/// A text with a unified diff applied, with no fuzz; None where it does not
/// fit.
fn patched(before: &str, patch: &str) -> Option<String> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let mut out = String::new();
    let mut at = 0;
    let mut lines = patch.split_inclusive('\n').skip(2).peekable();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("@@ -") {
            let numbers = header.split_once(" +")?.0;
            let (start, count) = numbers.split_once(',').unwrap_or((numbers, "1"));
            let mut start: usize = start.parse().ok()?;
            if count != "0" {
                start -= 1;
            }
            while at < start {
                out.push_str(old.get(at)?);
                at += 1;
            }
            continue;
        }
        let (sign, mut rest) = line.split_at(1);
        if lines.next_if(|next| next.starts_with('\\')).is_some() {
            rest = rest.strip_suffix('\n')?;
        }
        match sign {
            "+" => out.push_str(rest),
            " " | "-" => {
                if *old.get(at)? != rest {
                    return None;
                }
                at += 1;
                if sign == " " {
                    out.push_str(rest);
                }
            }
            _ => return None,
        }
    }
    old.get(at..)?.iter().for_each(|line| out.push_str(line));
    Some(out)
}

/// A repair, by its bytes, by its trees, and by what is left after it.
fn repaired(text: &str, assessment: &Proven, fixed: &Fixed, rules: &Rules) {
    let (before, after, edits) = (fixed.before(), fixed.after(), fixed.edits());
    ensure!(before == text, text, "another text was repaired");
    ensure!(before != after, text, "the repair changes nothing");

    // The edits lead there, and back.
    let (mut there, mut back) = (String::new(), String::new());
    let (mut old, mut new) = (0, 0);
    for edit in edits {
        ensure!(old <= edit.span.start, text, "{edit:?} overlaps");
        let kept = &before[old..edit.span.start];
        there.push_str(kept);
        there.push_str(&edit.text);
        let at = new + kept.len();
        back.push_str(&after[new..at]);
        back.push_str(&before[edit.span.range()]);
        old = edit.span.end;
        new = at + edit.text.len();
    }
    there.push_str(&before[old..]);
    back.push_str(&after[new..]);
    ensure!(there == *after, text, "the edits give\n{}", shown(&there));
    ensure!(
        back == *before,
        text,
        "undone, the edits give\n{}",
        shown(&back)
    );

    let has_filters = text.contains(FILTERS) || text.contains('\\');
    let is_open = !text.ends_with('\n');
    ensure!(
        has_filters || is_open != after.ends_with('\n'),
        text,
        "another final line end:\n{}",
        shown(after)
    );
    let alone = |text: &str, end: &str| text.replace("\r\n", "").contains(end);
    for end in ["\r", "\n"] {
        let is_new = alone(after, end) && !alone(before, end);
        let has_any = before.contains('\n');
        ensure!(
            !is_new || !has_any,
            text,
            "another line end:\n{}",
            shown(after)
        );
    }
    for edit in edits {
        brings_its_own(text, &edit.text, rules);
        let gone = &before[edit.span.range()];
        ensure!(gone != edit.text, text, "{edit:?} changes nothing");
        for mark in marks(text) {
            let touches = edit.span.start < mark.1 && mark.0 < edit.span.end;
            ensure!(!touches, text, "{edit:?} changes a mark at {mark:?}");
        }
    }

    let was = tree::read(before);
    let masks = was.is_none();
    let was = was.or_else(|| tree::read(&masked(before)));
    if let Some(was) = was {
        let is = if masks {
            tree::read(&masked(after))
        } else {
            tree::read(after)
        };
        let Some(is) = is else {
            panic!(
                "what could be read no longer can:\n{}\nof\n{}",
                shown(after),
                shown(text)
            )
        };
        trees(text, after, &was, &is, fixed, rules);
        results(text, after, &was, &is, assessment);
    }

    // Nothing is left to do, and nothing is new.
    let again = proven(after.as_bytes(), rules);
    let again = match again {
        Ok(again) => again,
        Err(error) => panic!("repaired, it cannot be read: {error:?}\n{}", shown(after)),
    };
    ensure!(
        again.fixed.is_none(),
        text,
        "a second repair:\n{}",
        shown(after)
    );
    ensure!(
        again.facts.ecr_repositories == assessment.facts.ecr_repositories,
        text,
        "another number of repositories"
    );
    let mut left: BTreeMap<&str, (usize, usize, usize, usize)> = BTreeMap::new();
    for finding in &assessment.facts.findings {
        let counts = left.entry(&finding.logical_id).or_default();
        if matches!(finding.decision, Decision::Fix(_)) {
            counts.1 += 1;
        } else {
            counts.0 += 1;
        }
    }
    for finding in &again.facts.findings {
        let counts = left.entry(&finding.logical_id).or_default();
        counts.2 += 1;
        counts.3 += usize::from(finding.verdict != Verdict::Unverifiable);
    }
    for (id, (open, fixed, all, certain)) in left {
        let holds = open <= all && all <= open + fixed && certain <= open;
        ensure!(
            holds,
            text,
            "{id} is reported {all} times after, {certain} surely; it was {open} times left and {fixed} times repaired:\n{}",
            shown(after)
        );
    }
}

/// What an edit brings is made of the words of the rule.
fn brings_its_own(text: &str, brought: &str, rules: &Rules) {
    let own = ["", MODE, "IMMUTABLE", "Properties"];
    let kept = [
        "-",
        FILTERS,
        "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilterType",
        "ImageTagMutabilityExclusionFilterValue",
        "WILDCARD",
        "latest",
    ];
    let keeps = !rules.policy.keep_mutable.is_empty();
    for word in brought.split([
        ' ', '\t', '\r', '\n', '{', '}', '[', ']', ':', ',', '"', '\'',
    ]) {
        let is_own = own.contains(&word) || keeps && kept.contains(&word);
        ensure!(is_own, text, "{word:?} is brought in {brought:?}");
    }
}

/// The marks of template engines that open and close on one line, outside of
/// any that stand raw.
fn marks(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    if text.contains("raw") || text.contains("verbatim") {
        return found;
    }
    let mut at = 0;
    while let Some(open) = text[at..].find('{') {
        let start = at + open;
        at = start + 1;
        let closing = match text[at..].chars().next() {
            Some('{') => "}}",
            Some('%') => "%}",
            Some('#') => "#}",
            _ => continue,
        };
        let line = text[at..].split('\n').next().unwrap_or_default();
        // Braces and quotes inside may be anything: a mapping in a mapping,
        // or two strings that hold one brace each.
        if let Some(end) = line[1..].find(closing) {
            let inner = &line[1..=end];
            if !inner.contains(['{', '}', '"', '\'', ',', ':']) {
                found.push((start, at + 1 + end + 2));
                at += 1 + end + 2;
            }
        }
    }
    found
}

/// A text with what may be marks replaced, byte by byte: expressions by words,
/// blocks and comments of the engine by blanks. What stands behind those that
/// begin a line gets the column that it has without them: a line break among
/// the blanks sees to that, so that no other byte moves.
fn masked(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    for (start, end) in marks(text) {
        let is_word = !gives_nothing(&text[start..end]);
        out[start..end].fill(if is_word { b'x' } else { b' ' });
    }
    let mut line = 0;
    while line < out.len() {
        let rest = &out[line..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.unwrap_or(rest.len());
        let head = rest.iter().take_while(|&&byte| byte == b' ').count();
        let written = &text.as_bytes()[line..line + head];
        let own = written.len() - marks_in(&text[line..line + head]);
        if head < length && own < head {
            out[line + head - own - 1] = b'\n';
        }
        line += length + 1;
    }
    String::from_utf8(out).unwrap_or_default()
}

/// How many bytes of marks are in a part of a text.
fn marks_in(text: &str) -> usize {
    marks(text).iter().map(|(start, end)| end - start).sum()
}

/// Whether a mark controls what is around it and stands for no text itself.
fn gives_nothing(mark: &str) -> bool {
    let Some(inner) = mark.strip_prefix("{{") else {
        return true;
    };
    let inner = inner.trim_start_matches('-').trim_start();
    let words = ["if", "else", "end", "range", "with"];
    let word = inner.split([' ', '-', '}']).next().unwrap_or_default();
    words.contains(&word) || inner.starts_with("/*")
}

/// A step from a mapping to the value of one of its keys.
type Step<'n> = (&'n Node, &'n str);

/// What a repair has done, as the trees have it.
enum Delta<'n> {
    /// A word, or what stands for none, was replaced.
    Word(&'n Node),
    /// The filters went, or became others: key and value.
    Filters(&'n Node, &'n Node),
    /// Something came.
    Gain,
}

/// The trees are the same but for what the rule asks for, and the edits lie
/// where the trees differ.
fn trees(text: &str, after: &str, was: &[Node], is: &[Node], fixed: &Fixed, rules: &Rules) {
    // A key that is an alias has its name elsewhere: that is left to the
    // crate's own proof.
    let has_alias = |(key, _): &(Node, Node)| matches!(key.kind, Kind::Alias(_));
    if was
        .iter()
        .flat_map(Node::all)
        .any(|node| node.entries().iter().any(has_alias))
    {
        return;
    }
    ensure!(
        was.len() == is.len(),
        text,
        "{} documents became {}",
        was.len(),
        is.len()
    );
    let mut walk = Walk {
        rules,
        trail: Vec::new(),
        deltas: Vec::new(),
    };
    for (was, is) in was.iter().zip(is) {
        if let Err(why) = walk.compare(was, is) {
            panic!("{why}\nin\n{}\nof\n{}", shown(after), shown(text));
        }
    }
    let deltas = walk.deltas;
    ensure!(
        !deltas.is_empty(),
        text,
        "nothing has changed in\n{}",
        shown(after)
    );
    for edit in fixed.edits() {
        let (start, end) = (edit.span.start, edit.span.end);
        let gone = &text[start..end];
        let is_blank = |text: &str| {
            text.trim_matches(|c: char| " \t\r\n,".contains(c))
                .is_empty()
        };
        let is_note = |text: &str| {
            text.lines()
                .all(|line| is_blank(line) || line.trim_start().starts_with('#'))
        };
        let is_expected = is_blank(gone)
            || deltas.iter().any(|delta| match delta {
                Delta::Word(node) => node.start <= start && end <= node.end,
                Delta::Filters(key, value) => {
                    let within = value.start <= start && end <= value.end;
                    let lead = text.get(start..key.start);
                    let rest = text.get(value.end..end.max(value.end));
                    within
                        || lead.is_some_and(is_note)
                            && rest.is_some_and(|rest| {
                                rest.split('\n').all(|line| {
                                    let line = line.split('#').next().unwrap_or_default();
                                    is_blank(line)
                                })
                            })
                }
                Delta::Gain => false,
            });
        ensure!(is_expected, text, "{gone:?} goes at {start}");
    }
}

struct Walk<'n, 'r> {
    rules: &'r Rules,
    trail: Vec<Step<'n>>,
    deltas: Vec<Delta<'n>>,
}

impl<'n> Walk<'n, '_> {
    fn is_repository(&self, body: &Node) -> bool {
        let word = body.get("Type").and_then(Node::word);
        word == Some(REPOSITORY) || self.rules.policy.creation_templates && word == Some(TEMPLATE)
    }

    /// Whether the way leads through the properties of a repository to
    /// `below` of them.
    fn is_in_place(&self, below: &[&str]) -> bool {
        let keys: Vec<&str> = self.trail.iter().map(|(_, key)| *key).collect();
        let Some(way) = keys.strip_suffix(below) else {
            return false;
        };
        way.last() == Some(&"Properties")
            && self
                .trail
                .get(way.len() - 1)
                .is_some_and(|(body, _)| self.is_repository(body))
    }

    /// Whether a node may be changed although it stands elsewhere: it is
    /// shared, or a value is computed from it.
    fn is_elsewhere(&self, node: &Node) -> bool {
        let keys: Vec<&str> = self.trail.iter().map(|(_, key)| *key).collect();
        let is_shared =
            node.anchor.is_some() || self.trail.iter().any(|(node, _)| node.anchor.is_some());
        let is_default = keys.contains(&"Parameters") && keys.last() == Some(&"Default");
        let is_leaf = keys.contains(&"Mappings");
        let is_within = keys.windows(2).any(|pair| pair == ["Properties", MODE]);
        self.rules.allow == Applicability::Unsafe
            && (is_shared || is_default || is_leaf || is_within)
    }

    /// Whether a node is what the rule asks for.
    fn is_right(&self, node: &Node) -> bool {
        let word = match node.style {
            'p' | 's' | 'd' => node.literal(),
            _ => None,
        };
        let keeps = !self.rules.policy.keep_mutable.is_empty();
        word == Some("IMMUTABLE") || keeps && word == Some("IMMUTABLE_WITH_EXCLUSION")
    }

    /// Whether a node is what the rule asks for, in the lines that the old
    /// word had.
    fn is_right_in_a_block(&self, was: &Node, is: &Node) -> bool {
        let keeps = !self.rules.policy.keep_mutable.is_empty();
        was.style == is.style
            && (is.literal() == Some("IMMUTABLE")
                || keeps && is.literal() == Some("IMMUTABLE_WITH_EXCLUSION"))
    }

    /// Whether a node is the right word in the place of all that `Fn::Sub` was
    /// given.
    fn is_right_in_a_function(&self, was: &Node, is: &Node) -> bool {
        let is_sub = was.tag == is.tag && is.tag.as_deref() == Some("!Sub");
        let is_allowed = self.rules.allow == Applicability::Unsafe;
        is_sub && is_allowed && was.style == is.style && is.word() == Some("IMMUTABLE")
    }

    /// Whether a mapping declares what the rule asks for and nothing else.
    fn declares(&self, node: &Node) -> bool {
        let entries = node.entries();
        node.get(MODE).is_some_and(|mode| self.is_right(mode))
            && entries
                .iter()
                .all(|(key, _)| matches!(key.literal(), Some(MODE | FILTERS)))
            && (entries.len() == 1 || !self.rules.policy.keep_mutable.is_empty())
    }

    fn compare(&mut self, was: &'n Node, is: &Node) -> Result<(), String> {
        if was.same(is) {
            return Ok(());
        }
        // A value that is filled in, or another word.
        if (self.is_right(is)
            || self.is_right_in_a_block(was, is)
            || self.is_right_in_a_function(was, is))
            && was.anchor == is.anchor
            && !self.is_right(was)
        {
            let keys_are_kept = was.tag == is.tag || self.rules.allow == Applicability::Unsafe;
            let quotes_are_kept = was.style == is.style
                || was.is_nothing()
                || was.literal() == Some("")
                || self.rules.allow == Applicability::Unsafe;
            if (self.is_in_place(&[MODE]) && quotes_are_kept && keys_are_kept)
                || self.is_elsewhere(was)
            {
                self.deltas.push(Delta::Word(was));
                return Ok(());
            }
        }
        if was.tag != is.tag || was.anchor != is.anchor {
            return Err(format!("{was:?} became {is:?}"));
        }
        let is_properties = self.is_in_place(&[]) || self.is_elsewhere(was);
        if is_properties
            && was
                .literal()
                .is_some_and(|word| word.is_empty() || was.is_nothing())
            && self.declares(is)
        {
            self.deltas.push(Delta::Word(was));
            return Ok(());
        }
        if is_properties
            && was.entries().is_empty()
            && matches!(was.kind, Kind::Map(_))
            && self.declares(is)
        {
            self.deltas.push(Delta::Gain);
            return Ok(());
        }
        if was.style != is.style {
            return Err(format!("{was:?} became {is:?}"));
        }
        match (&was.kind, &is.kind) {
            (Kind::List(old), Kind::List(new)) if old.len() == new.len() => {
                self.trail.push((was, ""));
                for (was, is) in old.iter().zip(new) {
                    self.compare(was, is)?;
                }
                self.trail.pop();
                Ok(())
            }
            (Kind::Map(old), Kind::Map(new)) => self.entries(was, old, new),
            _ => Err(format!("{was:?} became {is:?}")),
        }
    }

    fn entries(
        &mut self,
        was: &'n Node,
        old: &'n [(Node, Node)],
        new: &[(Node, Node)],
    ) -> Result<(), String> {
        let is_properties = self.is_in_place(&[]) || self.is_elsewhere(was);
        let mut new = new.iter().peekable();
        let mut old = old.iter().peekable();
        loop {
            match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(was_entry), Some(is_entry)) if was_entry.0.same(&is_entry.0) => {
                    let (key, value) = *was_entry;
                    let is_filters = key.word() == Some(FILTERS) && is_properties;
                    let may_change = is_filters
                        && self.rules.allow == Applicability::Unsafe
                        && !self.rules.policy.keep_mutable.is_empty();
                    if may_change && !value.same(&is_entry.1) {
                        self.deltas.push(Delta::Filters(key, value));
                    } else {
                        self.trail.push((was, key.word().unwrap_or_default()));
                        self.compare(value, &is_entry.1)?;
                        self.trail.pop();
                    }
                    old.next();
                    new.next();
                }
                // A key that has come, before one that has gone: the filters
                // may do both.
                (_, Some((key, value))) if self.may_come(was, is_properties, key, value) => {
                    self.deltas.push(Delta::Gain);
                    new.next();
                }
                (Some((key, value)), _)
                    if key.word() == Some(FILTERS)
                        && is_properties
                        && self.rules.allow == Applicability::Unsafe =>
                {
                    self.deltas.push(Delta::Filters(key, value));
                    old.next();
                }
                (was, is) => return Err(format!("{was:?} became {is:?}")),
            }
        }
    }

    /// Whether an entry may come to a mapping.
    fn may_come(&self, mapping: &Node, is_properties: bool, key: &Node, value: &Node) -> bool {
        match key.literal() {
            Some(MODE) => is_properties && self.is_right(value) && !mapping.has(MODE),
            Some("Properties") => {
                let is_shared = self.is_elsewhere(mapping);
                (self.is_repository(mapping) || is_shared)
                    && !mapping.has("Properties")
                    && self.declares(value)
            }
            Some(FILTERS) => is_properties && !self.rules.policy.keep_mutable.is_empty(),
            _ => false,
        }
    }
}

/// The one mapping that has this name, wherever it stands, if it is a repository.
fn body<'n>(documents: &'n [Node], id: &str) -> Option<&'n Node> {
    let nodes = documents.iter().flat_map(Node::all);
    let mut named = nodes
        .flat_map(Node::entries)
        .filter(|(key, body)| key.word() == Some(id) && !body.entries().is_empty());
    let (_, body) = named.next().filter(|_| named.next().is_none())?;
    let word = body.get("Type").and_then(Node::word);
    matches!(word, Some(REPOSITORY | TEMPLATE)).then_some(body)
}

/// How often something has this name.
fn named(documents: &[Node], id: &str) -> usize {
    let entries = documents.iter().flat_map(Node::all).flat_map(Node::entries);
    entries.filter(|(key, _)| key.word() == Some(id)).count()
}

/// What was repaired is as the rule asks for, and a resource that was not is
/// as it was.
fn results(text: &str, after: &str, was: &[Node], is: &[Node], assessment: &Proven) {
    let is_shared = text.contains('&') || text.contains("<<");
    for finding in &assessment.facts.findings {
        let id = &finding.logical_id;
        let (Some(old), Some(new)) = (body(was, id), body(is, id)) else {
            continue;
        };
        if matches!(finding.decision, Decision::Fix(_)) {
            let Some(properties) = new.get("Properties") else {
                panic!("{id} has no properties in\n{}", shown(after));
            };
            let Some(word) = properties.get(MODE).and_then(Node::word) else {
                continue;
            };
            let has_filters = properties.get(FILTERS).is_some_and(|filters| {
                let is_no_value = filters.word() == Some("AWS::NoValue") || filters.has("Ref");
                !filters.is_nothing() && !is_no_value
            });
            let is_right = match (word, has_filters) {
                ("IMMUTABLE", has_filters) => !has_filters,
                ("IMMUTABLE_WITH_EXCLUSION", has_filters) => has_filters,
                _ => false,
            };
            // A word that a function puts together is in its text still.
            let is_computed = word.contains(['$', '{', '}']) || !finding.sources.is_empty();
            ensure!(
                is_right || is_computed,
                text,
                "{id} has {word}:\n{}",
                shown(after)
            );
        } else if !is_shared
            && assessment
                .facts
                .findings
                .iter()
                .filter(|f| f.logical_id == *id)
                .count()
                == 1
        {
            let is_kept = old.same(new);
            ensure!(
                is_kept,
                text,
                "{id} was left and has changed:\n{}",
                shown(after)
            );
        }
    }
}

/// No plain case is missed: a resource directly under `Resources` whose mode
/// is written as a word, or not at all, is reported if the word is wrong.
fn is_complete(text: &str, documents: &[Node], assessment: &Proven, rules: &Rules) {
    let engine = ["{{", "{%", "{#", "<<", "Fn::", "!"];
    // What ends a line for this reader and for no other.
    let breaks = ["\u{85}", "\u{2028}", "\u{2029}"];
    if engine.iter().chain(&breaks).any(|sign| text.contains(sign)) {
        return;
    }
    for root in documents {
        let Some(resources) = root.get("Resources") else {
            continue;
        };
        if resources.tag.is_some() || root.tag.is_some() {
            continue;
        }
        for (key, body) in resources.entries() {
            let Some(id) = key.literal() else { continue };
            let is_repository = body.get("Type").and_then(Node::literal) == Some(REPOSITORY);
            let is_once = named(documents, id) == 1;
            if !is_repository
                || !is_once
                || body.entries().iter().any(|(key, _)| key.word().is_none())
            {
                continue;
            }
            let Some(verdict) = plain_verdict(body, rules) else {
                continue;
            };
            let found: Vec<Verdict> = assessment
                .facts
                .findings
                .iter()
                .filter(|finding| finding.logical_id == id)
                .map(|finding| finding.verdict)
                .collect();
            let is_right = match verdict {
                None => found.is_empty(),
                Some(verdict) => found == [verdict],
            };
            ensure!(
                is_right,
                text,
                "{id} is {verdict:?}, and was found to be {found:?}"
            );
        }
    }
}

/// The verdict on a body that is written out; None where there is more to it.
fn plain_verdict(body: &Node, rules: &Rules) -> Option<Option<Verdict>> {
    let is_ambiguous = body.has_twins() || body.entries().iter().any(|(_, v)| v.has_twins());
    if is_ambiguous {
        return None;
    }
    if !body.has("Properties") {
        return Some(Some(Verdict::Missing));
    }
    let properties = body.get("Properties")?;
    if properties.is_nothing() {
        return Some(Some(Verdict::Missing));
    }
    let Kind::Map(entries) = &properties.kind else {
        return None;
    };
    let is_odd = |key: &Node| key.literal().is_none();
    if properties.tag.is_some() || entries.iter().any(|(key, _)| is_odd(key)) {
        return None;
    }
    let has_filters = properties.has(FILTERS);
    if !properties.has(MODE) {
        return Some(Some(if has_filters {
            Verdict::InvalidPair
        } else {
            Verdict::Missing
        }));
    }
    let mode = properties.get(MODE)?;
    let word = mode.literal()?;
    let is_strict = rules.policy.profile == Profile::Strict;
    match (word, has_filters) {
        _ if mode.is_nothing() => None,
        ("IMMUTABLE", _) => Some(None),
        ("MUTABLE", false) | ("MUTABLE_WITH_EXCLUSION", _) => Some(Some(Verdict::Mutable)),
        ("MUTABLE", true) | ("IMMUTABLE_WITH_EXCLUSION", false) => Some(Some(Verdict::InvalidPair)),
        ("IMMUTABLE_WITH_EXCLUSION", true) if is_strict && rules.policy.keep_mutable.is_empty() => {
            Some(Some(Verdict::Exclusion))
        }
        ("IMMUTABLE_WITH_EXCLUSION", true) if !is_strict => Some(None),
        _ => None,
    }
}

/// Whoever says no to a repair gets all the others, and that one stays.
fn declined(text: &str, assessment: &Proven, rules: &Rules) {
    let fixed =
        |(_, found): &(usize, &immutag_engine::Finding)| matches!(found.decision, Decision::Fix(_));
    let all: Vec<usize> = assessment
        .facts
        .findings
        .iter()
        .enumerate()
        .filter(fixed)
        .map(|(nth, _)| nth)
        .collect();
    let Some(&first) = all.first() else { return };
    let none = proven_without(text.as_bytes(), rules, &all.iter().copied().collect());
    let none = none.unwrap_or_else(|error| panic!("all declined: {error:?} of\n{}", shown(text)));
    ensure!(none.fixed.is_none(), text, "all is declined, and repaired");
    if all.len() > 1 {
        let others = proven_without(text.as_bytes(), rules, &BTreeSet::from([first]));
        let others = match others {
            Ok(others) => others,
            Err(error) => panic!("one declined: {error:?} of\n{}", shown(text)),
        };
        ensure!(
            others.facts.findings[first].decision == Decision::Declined,
            text,
            "{first} is declined"
        );
        if let Some(fixed) = &others.fixed {
            let documents = tree::read(text).zip(tree::read(fixed.after()));
            if let Some((was, is)) = documents {
                trees(text, fixed.after(), &was, &is, fixed, rules);
                results(text, fixed.after(), &was, &is, &others);
            }
        }
    }
}
