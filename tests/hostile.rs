//! Templates that somebody has written to do harm: to take all time or all
//! memory, or to make what is said of them act on whoever reads it.
//!
//! # Work is counted, not timed
//!
//! What is counted is the bytes that are allocated, all together and at once.
//! Each text is held to a bound that is linear in its size, the same for all
//! ([`WORK`], [`MEMORY`]). Work that allocates nothing is not counted; that it
//! is linear, too, is shown by the sizes: at a million keys a step that takes
//! the square of its input would not end. Without optimization the sizes are
//! [smaller](SCALE).
//!
//! # Why this is a binary of its own
//!
//! The allocator counts for the whole process, and a limit that is exceeded aborts it. Beside
//! other tests, theirs would be counted, and they would end with it.
//!
//! # What is held elsewhere
//!
//! - The commands of GitHub's runner, Markdown, `JUnit`, GitLab:
//!   `tests/it/formats.rs`, from `HOSTILE` on.
//! - The page, in a browser: `tests/it/page.rs`.
//! - Names in JSON, SARIF and rdjson: `names_are_kept_whatever_they_hold` in
//!   `tests/it/formats_machine.rs`; texts in SARIF that look like links:
//!   `src/report/sarif.rs`.
//! - The patch: `a_patch_quotes_names_as_git_does` in `tests/it/cli.rs`.
//! - What a repository configures for git: `tests/it/git.rs`.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test sets up its files itself, fails by panicking, and says what it saw"
)]

use std::alloc::System;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cap::Cap;
#[path = "it/common/proven.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "each test uses a part; the fuzz crate, all"
)]
mod engine;

use engine::{Failed, Proven, proven};
use immutag_engine::{Decision, Rules};
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The bytes that may be allocated in all for each byte of a text.
const WORK: usize = 2000;
/// The bytes that may be allocated at once for each byte of a text. More is
/// not given: the test then ends in an abort.
const MEMORY: usize = 600;
/// The bytes that may be allocated whatever the size.
const ALWAYS: usize = 16 << 20;

/// By what the sizes are divided where nothing is optimized.
const SCALE: usize = if cfg!(debug_assertions) { 40 } else { 1 };
const KEYS: usize = 1_000_000 / SCALE;
const REPOSITORIES: usize = 20_000 / SCALE;
/// The bytes of the largest text: four times what a file may have unless
/// somebody asks for more, as is done here.
const LIMIT: u64 = 64 << 20;
/// The bytes of a line, with which a text comes close to the limit.
const LINE: usize = (64 << 20) / SCALE - 1000;
const DEEP: usize = 10_000;

const WEB: &str = "Resources:\n  Web:\n    Type: AWS::ECR::Repository\n";

/// What is allocated is that of the one test that holds this.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Assesses a text, within the bounds.
fn assess(name: &str, text: &str) -> Result<Proven, Failed> {
    let before = ALLOCATOR.total_allocated();
    let bound = |each: usize| each * text.len() + ALWAYS;
    ALLOCATOR
        .set_limit(ALLOCATOR.allocated() + bound(MEMORY))
        .unwrap();
    let rules = Rules {
        max_size: LIMIT,
        ..Rules::default()
    };
    let result = proven(text.as_bytes(), &rules);
    ALLOCATOR.set_limit(usize::MAX).unwrap();
    let work = ALLOCATOR.total_allocated() - before;
    let size = text.len();
    println!("{name}: {size} bytes, {} allocated for each", work / size);
    assert!(work <= bound(WORK), "{name}: {work} bytes");
    result
}

/// The text is repaired: its first repository gets the mode, and every other
/// byte stays.
fn assert_repaired(name: &str, text: &str) {
    let assessment = assess(name, text).unwrap();
    let repair = assessment.fixed.unwrap();
    let (before, after) = (repair.before(), repair.after());
    assert_eq!(before, text, "{name}");
    let edits: Vec<_> = repair.edits().iter().collect();
    assert!(!edits.is_empty(), "{name}");
    let (mut kept, mut at) = (String::new(), 0);
    for edit in &edits {
        kept.push_str(&text[at..edit.span.start]);
        kept.push_str(&edit.text);
        at = edit.span.end;
    }
    kept.push_str(&text[at..]);
    assert!(kept == after, "{name}: the edits are not all that changes");
    assert!(after.contains("IMMUTABLE"), "{name}");
}

/// The text is refused with a code, whatever it declares.
fn assert_refused(name: &str, text: &str, code: &str) {
    let error = assess(name, text).unwrap_err();
    assert_eq!(error.code, code, "{name}: {}", error.message);
}

/// The findings of a text that is not repaired, each in words.
fn assert_left(name: &str, text: &str, count: usize, words: &str) {
    let assessment = assess(name, text).unwrap();
    assert!(assessment.fixed.is_none(), "{name}");
    assert_eq!(assessment.facts.findings.len(), count, "{name}");
    for finding in &assessment.facts.findings {
        let whole = format!("{} {:?}", finding.message, finding.decision);
        assert!(whole.contains(words), "{name}: {whole:.500}");
    }
}

/// Many times a piece that is told its number.
fn many(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

#[test]
fn aliases_are_not_expanded() {
    let _alone = alone();
    // Nine to the twelfth power, if they were.
    let mut text = format!("{WEB}X:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for nth in 1..12 {
        let items = vec![format!("*a{}", nth - 1); 9].join(", ");
        writeln!(text, "  a{nth}: &a{nth} [{items}]").unwrap();
    }
    assert_repaired("an alias bomb", &text);

    let mut text = format!("{WEB}    Properties: &p0 {{Tags: []}}\n");
    for nth in 1..40 {
        let inner = nth - 1;
        write!(
            text,
            "  W{nth}:\n    Type: AWS::ECR::Repository\n    Properties: &p{nth} {{A: *p{inner}, B: *p{inner}}}\n"
        )
        .unwrap();
    }
    let assessment = assess("properties that double", &text).unwrap();
    assert_eq!(assessment.facts.findings.len(), 40);
    let repair = assessment.fixed.unwrap();
    assert_eq!(repair.edits().len(), 1, "only the last is not shared");

    let mut text = String::from("X:\n  m0: &m0 {a: 1}\n");
    for nth in 1..40 {
        let inner = nth - 1;
        writeln!(text, "  m{nth}: &m{nth} {{<<: [*m{inner}, *m{inner}]}}").unwrap();
    }
    text.push_str(WEB);
    text.push_str("    Properties:\n      <<: *m39\n");
    assert_left("merges that double", &text, 1, "merge");

    let text =
        "Resources: &r\n  Web: &w\n    Type: AWS::ECR::Repository\n    Properties: *w\n  Y: *r\n";
    assert_left("nodes that hold themselves", text, 1, "shared");
}

#[test]
fn words_that_are_put_together_do_not_grow_without_end() {
    let _alone = alone();
    let modes = |value: &str| format!("{WEB}    Properties:\n      ImageTagMutability: {value}\n");
    let mut doubled = "MUTABLE".to_owned();
    for _ in 0..40 {
        doubled = format!("!Sub ['${{A}}${{A}}', {{A: {doubled}}}]");
    }
    let mut joined = format!("{WEB}    Properties:\n      V0: &v0 MUTABLE\n");
    for nth in 1..60 {
        let inner = nth - 1;
        writeln!(
            joined,
            "      V{nth}: &v{nth} !Join ['', [*v{inner}, *v{inner}]]"
        )
        .unwrap();
    }
    joined.push_str("      ImageTagMutability: *v59\n");
    let branches = many(200, |nth| format!("!If [C{nth}, a{nth}, b{nth}], "));
    let long = "x".repeat(LINE / 64);
    let names = "${P}".repeat(2000);
    let unsure = "cannot tell";
    for (name, text) in [
        ("a word that doubles", modes(&doubled)),
        ("a word that doubles by aliases", joined),
        (
            "choices that multiply",
            modes(&format!("!Join ['', [{branches}]]")),
        ),
        (
            "a long word, put together many times",
            format!(
                "Parameters: {{P: {{Default: {long}}}}}\n{}",
                modes(&format!("!Sub '{names}'"))
            ),
        ),
        (
            "a long word, cut in pieces",
            modes(&format!("!Select [1, !Split [x, {long}]]")),
        ),
    ] {
        assert_left(name, &text, 1, unsure);
    }
}

/// What is said of each repository does not hold all that it shares with
/// others: that would be the square of the text.
#[test]
fn what_many_share_is_not_told_whole_for_each() {
    let _alone = alone();
    let long = "x".repeat(1_000_000 / SCALE);
    let all = |properties: &str| {
        let one =
            |nth| format!("  W{nth}: {{Type: AWS::ECR::Repository, Properties: {properties}}}\n");
        format!("Resources:\n{}", many(REPOSITORIES / 10, one))
    };
    let of_mode = all("{ImageTagMutability: *m}");
    for (name, text) in [
        (
            "a value",
            format!("P: &p {{ImageTagMutability: {long}}}\n{}", all("*p")),
        ),
        (
            "a default",
            format!(
                "Parameters: {{P: {{Default: {long}}}}}\n{}",
                all("{ImageTagMutability: !Ref P}")
            ),
        ),
        (
            "a condition",
            format!("M: &m !If ['{long}', MUTABLE, IMMUTABLE]\n{of_mode}"),
        ),
        ("a tag", format!("M: &m !{long} x\n{of_mode}")),
        ("a reference", format!("M: &m !Ref '{long}'\n{of_mode}")),
        (
            "a text with names",
            format!("M: &m !Sub '{long}${{A}}'\n{of_mode}"),
        ),
        (
            "a mapping",
            format!("Mappings: {{M: {{k: {{v: {long}}}}}}}\nM: &m !FindInMap [M, k, v]\n{of_mode}"),
        ),
        (
            "branches of conditions",
            format!(
                "M: &m {}MUTABLE{}\n{of_mode}",
                format!("!If ['{}', ", "c".repeat(100)).repeat(30),
                ", MUTABLE]".repeat(30)
            ),
        ),
    ] {
        let assessment = assess(name, &text).unwrap();
        assert_eq!(assessment.facts.findings.len(), REPOSITORIES / 10, "{name}");
        let longest = assessment
            .facts
            .findings
            .iter()
            .map(|f| f.message.len())
            .max();
        assert!(longest < Some(16 << 10), "{name}: {longest:?}");
        let excerpts = assessment.facts.findings.iter().flat_map(|f| &f.excerpts);
        let shown: usize = excerpts.map(|excerpt| excerpt.text.len()).sum();
        assert!(shown < 64 * text.len(), "{name}: {shown} bytes shown");
    }
    let reason = format!(
        "M: &m {{checkov: {{skip: [{{id: CKV_AWS_51, comment: '{long}'}}]}}}}\nResources:\n"
    );
    let one = |nth| format!("  W{nth}: {{Type: AWS::ECR::Repository, Metadata: *m}}\n");
    let text = reason + &many(REPOSITORIES / 10, one);
    assert_left("a reason", &text, REPOSITORIES / 10, "Suppressed");
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let _alone = alone();
    let web = "{\"Resources\":{\"Web\":{\"Type\":\"AWS::ECR::Repository\"}},\"X\":";
    let (open, close) = ("[".repeat(DEEP), "]".repeat(DEEP));
    let depth = if cfg!(debug_assertions) { 1000 } else { DEEP };
    let lines = many(depth, |nth| format!("{}a:\n", " ".repeat(nth + 1)));
    for (name, text) in [
        ("brackets", format!("{WEB}X: {open}{close}\n")),
        ("brackets that do not close", format!("{WEB}X: {open}\n")),
        ("braces", format!("{WEB}X: {}\n", "{a: ".repeat(DEEP))),
        ("lines", format!("{WEB}X:\n{lines}")),
        ("dashes", format!("{WEB}X:\n  {}a\n", "- ".repeat(DEEP))),
        ("question marks", format!("{WEB}{}a\n", "? ".repeat(DEEP))),
        (
            "marks of templates that do not close",
            format!("{WEB}X: {}\n", "{{".repeat(DEEP)),
        ),
        (
            "functions",
            format!(
                "{WEB}    Properties:\n      ImageTagMutability: {}a{}\n",
                "!If [C, ".repeat(DEEP),
                ", b]".repeat(DEEP)
            ),
        ),
        ("arrays of JSON", format!("{web}{open}{close}}}")),
        (
            "objects of JSON",
            format!("{web}{}1{}}}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP)),
        ),
    ] {
        assert_refused(name, &text, "depth");
    }
    let blocks = format!("{}{}", "{{ if a }}".repeat(DEEP), "{{ end }}".repeat(DEEP));
    assert_repaired(
        "blocks of a template engine",
        &format!("{WEB}X: {blocks}\n"),
    );
}

#[test]
fn long_lines_are_repaired() {
    let _alone = alone();
    let x = "x".repeat(LINE);
    for (name, text) in [
        ("a comment", format!("{WEB}# {x}\n")),
        ("a quoted string", format!("{WEB}X: \"{x}\"\n")),
        ("words", format!("{WEB}X: {}\n", "x y ".repeat(LINE / 4))),
        (
            "escapes",
            format!("{WEB}X: \"{}\"\n", "\\u0041".repeat(LINE / 6)),
        ),
        ("tabs", format!("{WEB}#{}\n", "\t".repeat(LINE))),
        ("empty lines", format!("{WEB}{}", "\n".repeat(LINE / 8))),
        (
            "a string of JSON",
            format!(
                "{{\"X\":\"{x}\",\"Resources\":{{\"Web\":{{\"Type\":\"AWS::ECR::Repository\"}}}}}}"
            ),
        ),
        (
            "a key of JSON",
            format!(
                "{{\"{x}\":1,\"Resources\":{{\"Web\":{{\"Type\":\"AWS::ECR::Repository\"}}}}}}"
            ),
        ),
    ] {
        assert_repaired(name, &text);
    }
    // YAML 1.2.2, 7.4.2: a key without `?` has 1024 characters at most.
    for (name, text) in [
        ("a long key", format!("{WEB}{x}: 1\n")),
        ("a long key in quotes", format!("{WEB}\"{x}\": 1\n")),
        (
            "a key that never comes to its colon",
            format!("{WEB}\"{x}\n"),
        ),
    ] {
        assert_refused(name, &text, "syntax");
    }
    let key = "k".repeat(1000);
    assert_repaired("the longest key", &format!("{WEB}{key}: 1\n"));
}

#[test]
fn a_million_keys_are_repaired() {
    let _alone = alone();
    for (name, text) in [
        (
            "keys",
            format!("{WEB}X:\n{}", many(KEYS, |nth| format!("  k{nth}: 1\n"))),
        ),
        (
            "the same key",
            format!("{WEB}X:\n{}", "  k: 1\n".repeat(KEYS)),
        ),
        (
            "keys in braces",
            format!("{WEB}X: {{{}}}\n", many(KEYS, |nth| format!("k{nth}: 1, "))),
        ),
        (
            "keys of JSON",
            format!(
                "{{\"Resources\":{{\"Web\":{{\"Type\":\"AWS::ECR::Repository\"}}}},\"X\":{{{}\"k\":1}}}}",
                many(KEYS, |nth| format!("\"k{nth}\":1,"))
            ),
        ),
        (
            "the same anchor",
            format!("{WEB}X:\n{}", many(KEYS, |nth| format!("  k{nth}: &a 1\n"))),
        ),
        (
            "the same anchor and its aliases",
            format!(
                "{WEB}X:\n{}",
                many(KEYS / 2, |nth| format!("  k{nth}: &a 1\n  l{nth}: *a\n"))
            ),
        ),
        (
            "pairs in brackets",
            format!("{WEB}X: [{}]\n", "a: b, ".repeat(KEYS / 10)),
        ),
        (
            "comments that ignore nothing",
            format!("{WEB}{}", "# immutag: ignore\n".repeat(KEYS)),
        ),
        (
            "documents",
            format!("---\n{WEB}{}", "---\na: 1\n".repeat(KEYS / 10)),
        ),
        (
            "lines of a word",
            format!("{WEB}X: a\n{}", "  b\n".repeat(KEYS)),
        ),
        (
            "repositories",
            format!(
                "Resources:\n{}",
                many(REPOSITORIES, |nth| format!(
                    "  W{nth}:\n    Type: AWS::ECR::Repository\n"
                ))
            ),
        ),
        (
            "repositories on a line",
            format!(
                "Resources: {{{}}}\n",
                many(REPOSITORIES, |nth| format!(
                    "W{nth}: {{Type: AWS::ECR::Repository}}, "
                ))
            ),
        ),
        (
            "repositories of one name",
            format!(
                "Resources:\n{}",
                "  Web:\n    Type: AWS::ECR::Repository\n".repeat(REPOSITORIES)
            ),
        ),
    ] {
        assert_repaired(name, &text);
    }
    let aliases = many(REPOSITORIES, |nth| format!("  W{nth}: *w\n"));
    let text = format!("Resources:\n  W: &w\n    Type: AWS::ECR::Repository\n{aliases}");
    assert_left(
        "one repository of many names",
        &text,
        REPOSITORIES + 1,
        "Withheld",
    );
}

/// The characters at which some program ends a line.
const LINE_ENDS: [&str; 9] = [
    "\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\u{feff}",
];

#[test]
fn what_ends_a_line_elsewhere_is_kept_or_refused() {
    let _alone = alone();
    let mut repaired = 0;
    for end in LINE_ENDS {
        for text in [
            format!("# a{end}# b\n{WEB}"),
            format!("{WEB}# a{end}# b"),
            format!("X: \"a{end}  b\"\n{WEB}"),
            format!("X: 'a{end}  b'\n{WEB}"),
            format!("X: a{end}  b\n{WEB}"),
            format!("X: |\n  a{end}  b\n{WEB}"),
            format!("Resources:\n  Web{end}:\n    Type: AWS::ECR::Repository\n"),
            format!("Resources:\n  Web:{end}    Type: AWS::ECR::Repository\n"),
            format!("Resources:\n  Web:\n    Type: AWS::ECR::Repository{end}"),
            format!("Resources:\n  Web:\n    Type: AWS::ECR::Repository # a{end}"),
            format!(
                "{{\"X\": \"a{end}b\", \"Resources\": {{\"Web\": {{\"Type\": \"AWS::ECR::Repository\"}}}}}}"
            ),
            format!(
                "{{{end}\"Resources\": {{\"Web\": {{\"Type\": \"AWS::ECR::Repository\"}}}}{end}}}{end}"
            ),
            WEB.replace('\n', end),
        ] {
            let name = text.escape_debug().to_string();
            match assess(&name, &text) {
                Ok(assessment) if assessment.fixed.is_some() => {
                    assert_repaired(&name, &text);
                    repaired += 1;
                }
                Ok(assessment) => {
                    let mut answers = assessment.facts.findings.iter().map(|f| &f.decision);
                    let is_told = assessment.facts.ecr_repositories == 0
                        || assessment.facts.findings.len() == 1;
                    assert!(is_told, "{name}");
                    assert!(
                        answers.all(|answer| matches!(answer, Decision::Refused { .. })),
                        "{name}"
                    );
                }
                Err(error) => assert!(!error.message.is_empty(), "{name}"),
            }
        }
    }
    assert!(repaired > 40, "{repaired}");
}

// What is said of a template, and to whom.

/// What acts on terminals, runners and readers, in the escapes of YAML and JSON
/// where they must be.
const ACTING: &str = "\u{9b}31m\u{85}\u{7f}\u{202e}\u{2066}\u{2028}\u{2029}";
/// What acts on pages, comments and runners, and can be written as it is.
const MARKUP: &str = "::error::%0A|`<script>a</script>[x](javascript:y)![i](https://a.example/b)";

/// Whether a character acts on a terminal, turns a line around, or ends it.
fn acts(character: char) -> bool {
    character.is_control() && character != '\n'
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A file name with all of it that a name can hold.
fn hostile_name() -> String {
    let markup = MARKUP.replace('/', "\\");
    format!("n\u{1b}]0;t\u{7}\r\n::error::forged{ACTING}{markup}.yaml")
}

/// A folder with a template in YAML and one in JSON that say it in logical IDs,
/// values, reasons, names of parameters, comments, and in words that are errors.
fn hostile() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Both languages have an escape for what may not stand there as it is.
    let word = format!("\\u001b[2J\\u0007\\r\\n::error::forged{ACTING}{MARKUP}");
    let yaml = format!(
        "Parameters:\n  \"{word}\": {{Default: MUTABLE}}\n\
         Resources: # {ACTING}{MARKUP}\n\
        \x20 \"{word}\":\n    Type: AWS::ECR::Repository\n\
        \x20 Odd:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: \"{word}\"\n\
        \x20 Read:\n    Type: AWS::ECR::Repository\n    Properties:\n      ImageTagMutability: !Ref \"{word}\"\n\
        \x20 Old:\n    Type: AWS::ECR::Repository\n    Metadata:\n      checkov:\n        skip: [{{id: CKV_AWS_51, comment: \"{word}\"}}]\n\
        \x20 Note: # checkov:skip=CKV_AWS_51:{ACTING}{MARKUP}\n    Type: AWS::ECR::Repository\n"
    );
    // YAML itself allows no control characters but this one.
    let yaml = yaml.replace(['\u{9b}', '\u{7f}'], "");
    let json = format!(
        "{{\"Resources\": {{\"{word}\": {{\"Type\": \"AWS::ECR::Repository\"}},\n\
         \"W\": {{\"Type\": \"AWS::ECR::Repository\", \"Properties\": {{\"ImageTagMutability\": \"{word}\"}}}}}}}}\n"
    );
    fs::write(folder.path().join(hostile_name()), yaml).unwrap();
    fs::write(folder.path().join("b.json"), json).unwrap();
    let broken = format!("Resources: *{ACTING}\n  Type: AWS::ECR::Repository\n");
    fs::write(folder.path().join(format!("c{}", hostile_name())), broken).unwrap();
    folder
}

fn immutag(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_immutag"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Without the sequences that colour the output on purpose.
fn without_colour(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let (code, after) = after.split_once('m').unwrap();
        assert!(
            code.bytes().all(|b| b.is_ascii_digit() || b == b';'),
            "{code:?}"
        );
        rest = after;
    }
    out + rest
}

#[test]
fn nothing_that_acts_comes_through_in_any_format() {
    let _alone = alone();
    let folder = hostile();
    for format in [
        "full", "concise", "json", "jsonl", "sarif", "rdjson", "github", "gitlab", "junit",
        "markdown", "html",
    ] {
        for mode in ["check", "diff"] {
            for color in ["never", "always"] {
                let flags = ["--output-format", format, "--color", color];
                let flags = [&[mode, "-v", "--report-unused-suppressions"], &flags[..]].concat();
                let (status, out, errors) = immutag(folder.path(), &flags);
                assert_eq!(status, Some(2), "{format}: {errors}");
                assert!(out.contains("forged"), "{format}: {out}");
                for text in [&out, &errors] {
                    let text = without_colour(text);
                    let found: Vec<char> = text.chars().filter(|&c| acts(c)).collect();
                    assert!(found.is_empty(), "{format} {mode}: {found:?} in {text}");
                    // Neither at the start of a line, where a runner looks for it.
                    let is_ours = format == "github";
                    let forged = text
                        .lines()
                        .any(|line| line.trim_start().starts_with("::error::forged"));
                    assert!(!forged, "{format}: {text}");
                    assert!(
                        is_ours || !text.lines().any(|line| line.starts_with("::")),
                        "{format}"
                    );
                }
            }
        }
    }
    // A file holds what standard output does.
    let (_, out, _) = immutag(folder.path(), &["check", "--output-format", "full"]);
    immutag(folder.path(), &["check", "--output-file", "full=report"]);
    assert_eq!(
        fs::read_to_string(folder.path().join("report")).unwrap(),
        out
    );
}

#[test]
fn a_patch_is_the_bytes_to_a_program_and_escaped_to_people() {
    let _alone = alone();
    let folder = hostile();
    fs::write(folder.path().join(format!("d{}", hostile_name())), WEB).unwrap();
    let (_, shown, errors) = immutag(folder.path(), &["diff", "--color", "always"]);
    for text in [shown, errors] {
        let text = without_colour(&text);
        assert!(!text.contains(acts), "{text:?}");
    }
    let (_, patch, _) = immutag(folder.path(), &["diff"]);
    let names: Vec<&str> = patch
        .lines()
        .filter(|line| line.starts_with("+++ "))
        .collect();
    assert_eq!(names.len(), 2, "{patch}");
    assert!(names.iter().all(|name| !name.contains(acts)), "{names:?}");
}

#[test]
fn programs_get_every_name_and_word_back_whole() {
    let _alone = alone();
    let folder = hostile();
    let (_, out, _) = immutag(folder.path(), &["check", "--output-format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let files = report["files"].as_array().unwrap();
    let file = files
        .iter()
        .find(|file| file["path"] == hostile_name())
        .unwrap();
    let id = file["findings"][0]["logical_id"].as_str().unwrap();
    let word = format!("\u{1b}[2J\u{7}\r\n::error::forged{ACTING}{MARKUP}");
    assert_eq!(id, word.replace(['\u{9b}', '\u{7f}'], ""));
    let (_, out, _) = immutag(folder.path(), &["check", "--output-format", "gitlab"]);
    let issues: serde_json::Value = serde_json::from_str(&out).unwrap();
    let issues = issues.as_array().unwrap();
    assert!(
        issues
            .iter()
            .any(|issue| issue["location"]["path"] == hostile_name())
    );
}

#[test]
fn what_is_asked_on_a_terminal_does_not_act_on_it() {
    let _alone = alone();
    let folder = hostile();
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "\"$BIN\" fix --interactive --unsafe-fixes; echo status=$?",
        ])
        .current_dir(folder.path())
        .env("BIN", env!("CARGO_BIN_EXE_immutag"))
        .env("TERM", "xterm");
    let mut session = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
    let mut seen = String::new();
    seen += &session.exp_string("?]?").unwrap();
    session.send_line("n").unwrap();
    seen += &session.exp_string("?]?").unwrap();
    session.send_line("q").unwrap();
    seen += &session.exp_string("status=").unwrap();
    // It takes each byte for a character.
    let bytes: Vec<u8> = seen.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let seen = String::from_utf8(bytes).unwrap();
    assert!(seen.contains("Repair "), "{seen}");
    // A terminal adds a carriage return to each line break.
    let seen = without_colour(&seen.replace("\r\n", "\n"));
    let found: Vec<char> = seen.chars().filter(|&c| acts(c)).collect();
    assert!(found.is_empty(), "{found:?} in {seen}");
}

#[test]
fn arguments_settings_and_lists_that_are_wrong_are_quoted_escaped() {
    let _alone = alone();
    let folder = hostile();
    let name = hostile_name();
    let flag = format!("--{name}");
    let glob = format!("{name}[");
    let since = format!("--since={name}");
    let report = format!("json=no/{name}");
    for arguments in [
        &["check", flag.as_str()][..],
        &[name.as_str()],
        &["check", "--output-format", &name],
        &["check", "--include", &glob],
        &["check", "--config", &name],
        &["check", "--files-from", &glob],
        &["check", &since],
        &["check", "--output-file", &report],
        &["check", &glob],
        &["explain", &name],
    ] {
        let (status, out, errors) = immutag(folder.path(), arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        for text in [out, errors] {
            assert!(!text.contains(acts), "{arguments:?}: {text:?}");
            let forged = text.lines().any(|line| line.starts_with("::error::forged"));
            assert!(!forged, "{arguments:?}: {text}");
        }
    }
    for (file, text) in [
        ("immutag.toml", format!("{MARKUP} = '{ACTING}'\n")),
        (
            "immutag.toml",
            format!("\"{}\" = 1\n", "\\u001b[2J\\u202e\\u2028"),
        ),
        (
            "immutag.toml",
            format!("include = ['[{}']\n", "\u{202e}\u{2028}"),
        ),
        (
            ".trivyignore.yaml",
            format!("misconfigurations: [\"{ACTING}\", {MARKUP}\n"),
        ),
        (
            ".trivyignore.yaml",
            "misconfigurations: [{id: AWS-0031, paths: [\"[\\e[2J\\u202e\"]}]\n".to_owned(),
        ),
    ] {
        fs::write(folder.path().join(file), &text).unwrap();
        let (status, out, errors) = immutag(folder.path(), &["check"]);
        assert_eq!(status, Some(2), "{text}");
        assert!(
            !errors.contains(acts) && out.is_empty(),
            "{text}: {errors:?}"
        );
        fs::remove_file(folder.path().join(file)).unwrap();
    }
}

// Git.

fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    output.stdout
}

/// Puts another name of the same length into an index, with the sum that git
/// asks for. Git itself makes no index with such names.
fn rename_in_index(folder: &Path, from: &str, to: &str) {
    let path = folder.join(".git/index");
    let mut index = fs::read(&path).unwrap();
    assert_eq!(from.len(), to.len());
    let at = index
        .windows(from.len())
        .position(|window| window == from.as_bytes());
    index[at.unwrap()..][..to.len()].copy_from_slice(to.as_bytes());
    index.truncate(index.len() - 20);
    fs::write(&path, &index).unwrap();
    let sum = Command::new("sha1sum").arg(&path).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let digit = |at: usize| u8::from_str_radix(&sum[at..at + 2], 16).unwrap();
    index.extend((0..20).map(|nth| digit(2 * nth)));
    fs::write(&path, index).unwrap();
}

#[test]
fn an_index_leads_neither_out_of_the_work_tree_nor_into_git() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let bad = WEB;
    let repository = folder.path().join("in");
    fs::create_dir_all(repository.join("aa")).unwrap();
    fs::write(folder.path().join("out.yaml"), bad).unwrap();
    git(&repository, &["init", "-q"]);
    for (from, to) in [
        ("aa/out.yaml", "../out.yaml"),
        ("aaaa/a.yaml", ".git/a.yaml"),
    ] {
        let _ = fs::remove_file(repository.join(".git/index"));
        let file = repository.join(from);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bad).unwrap();
        fs::write(repository.join(".git/a.yaml"), bad).unwrap();
        git(&repository, &["add", from]);
        rename_in_index(&repository, from, to);
        for arguments in [
            &["fix", "--staged", "--hidden"][..],
            &["fix", "--staged", "--hidden", to],
            &["fix", "--staged", "--hidden", ".."],
            &["fix", "--since", "HEAD", "--hidden"],
        ] {
            let (status, out, errors) = immutag(&repository, arguments);
            assert_eq!(
                (status, out.as_str()),
                (Some(2), ""),
                "{to} {arguments:?}: {errors}"
            );
            for path in [
                folder.path().join("out.yaml"),
                repository.join(".git/a.yaml"),
            ] {
                assert_eq!(
                    fs::read_to_string(&path).unwrap(),
                    bad,
                    "{to} {arguments:?}"
                );
            }
        }
    }
}

/// A repository that names a work tree elsewhere is asked for what is there,
/// and nothing is there that its working directory has to do with.
#[test]
fn a_work_tree_elsewhere_is_not_written() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let (repository, elsewhere) = (folder.path().join("in"), folder.path().join("out"));
    for path in [&repository, &elsewhere] {
        fs::create_dir_all(path).unwrap();
    }
    fs::write(elsewhere.join("a.yaml"), WEB).unwrap();
    git(&repository, &["init", "-q"]);
    git(
        &repository,
        &["config", "core.worktree", elsewhere.to_str().unwrap()],
    );
    git(&repository, &["add", "--all", ":/"]);
    for arguments in [&["fix", "--staged"][..], &["fix", "--staged", "."]] {
        let (status, _, errors) = immutag(&repository, arguments);
        assert_eq!(status, Some(2), "{errors}");
    }
    assert_eq!(fs::read_to_string(elsewhere.join("a.yaml")).unwrap(), WEB);
}
