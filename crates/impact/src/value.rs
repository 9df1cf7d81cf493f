//! What a word can be: parts of which some are known, and what the image that
//! it names says of its repository and of its tag.
//!
//! This module owns the judgement of tags. It reads no language.

use std::fmt::Write as _;

/// How many things one word can be. What can be more is cut: real pipelines
/// have two or three.
pub(crate) const MAX_VALUES: usize = 8;
/// How many parts a word has, and how many bytes one of them.
const MAX_PARTS: usize = 32;
const MAX_TEXT: usize = 1024;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// Text that stands for itself.
    Text(String),
    /// What differs for each commit, build, version or date; as it is written.
    Derived(String),
    /// The name of a branch, or what comes from it; as it is written.
    Branch(String),
    /// What nobody says, as it is written.
    Open(String),
    /// The host of the account's ECR registry.
    Registry,
    /// The host of a registry that is none of ECR's.
    Foreign,
    /// The address of a repository, by its number.
    Uri(usize),
    /// The name of a repository, by its number.
    Name(usize),
    /// What a stack exports under this name.
    Export(String),
}

/// One thing that a word can be.
pub(crate) type Value = Vec<Part>;
/// All that it can be; never empty.
pub(crate) type Values = Vec<Value>;

/// A word that stands for itself.
pub(crate) fn text(text: impl Into<String>) -> Values {
    vec![vec![Part::Text(text.into())]]
}

/// A word that nobody says.
pub(crate) fn open(shown: impl Into<String>) -> Values {
    vec![vec![Part::Open(cut(&shown.into()))]]
}

/// A text that is not too long to be shown.
fn cut(text: &str) -> String {
    const MOST: usize = 60;
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short + "…"
    } else {
        short
    }
}

/// A command, as it is shown where it stands for its output.
pub(crate) fn shown_command(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().take(16).collect();
    cut(&format!("$({})", words.join(" ")))
}

/// Puts a part behind a word.
pub(crate) fn push(word: &mut Value, part: Part) {
    if matches!(&part, Part::Text(text) if text.is_empty()) {
        return;
    }
    if let (Some(Part::Text(before)), Part::Text(more)) = (word.last_mut(), &part) {
        if before.len() + more.len() <= MAX_TEXT {
            before.push_str(more);
        }
    } else if word.len() < MAX_PARTS {
        word.push(part);
    }
}

/// Every value of one followed by every value of the other.
pub(crate) fn glued(before: &Values, after: &Values) -> Values {
    let mut values = Values::new();
    for before in before {
        for after in after {
            if values.len() == MAX_VALUES {
                return values;
            }
            let mut word = before.clone();
            for part in after {
                push(&mut word, part.clone());
            }
            values.push(word);
        }
    }
    values
}

/// Adds what a word can be, too.
pub(crate) fn add(values: &mut Values, more: Values) {
    for word in more {
        if values.len() < MAX_VALUES && !values.contains(&word) {
            values.push(word);
        }
    }
}

/// Whether nobody says what a word is.
pub(crate) fn is_open(values: &Values) -> bool {
    let is_open = |word: &Value| word.iter().all(|part| matches!(part, Part::Open(_)));
    values.iter().all(|word| !word.is_empty() && is_open(word))
}

/// What becomes of a word that something is cut from, or put in: what it is
/// made of is all that is known. `shown` is how that is written.
pub(crate) fn transformed(values: &Values, shown: &str) -> Values {
    let mut all = Values::new();
    for word in values {
        let kept = word.iter().find(|part| matches!(part, Part::Derived(_)));
        let kept = kept.or_else(|| word.iter().find(|part| matches!(part, Part::Branch(_))));
        let value = match kept {
            Some(part) => vec![part.clone()],
            None => vec![Part::Open(cut(shown))],
        };
        add(&mut all, vec![value]);
    }
    all
}

/// The text of a word, if that is all that it is.
pub(crate) fn literal(word: &Value) -> Option<&str> {
    match word.as_slice() {
        [] => Some(""),
        [Part::Text(text)] => Some(text),
        _ => None,
    }
}

/// A word as it is shown.
pub(crate) fn shown(word: &[Part]) -> String {
    let mut shown = String::new();
    for part in word {
        // Writing to a string does not fail.
        let _ = match part {
            Part::Text(text) | Part::Derived(text) | Part::Branch(text) | Part::Open(text) => {
                write!(shown, "{text}")
            }
            Part::Registry => write!(shown, "(registry)"),
            Part::Foreign => write!(shown, "(another registry)"),
            Part::Uri(_) => write!(shown, "(repository)"),
            Part::Name(_) => write!(shown, "(name)"),
            Part::Export(name) => write!(shown, "(export {name})"),
        };
    }
    shown
}

/// The words that a text with blanks comes apart to.
pub(crate) fn split(word: &Value) -> Vec<Value> {
    let mut words = vec![Value::new()];
    for part in word {
        let Part::Text(text) = part else {
            if let Some(last) = words.last_mut() {
                last.push(part.clone());
            }
            continue;
        };
        for (nth, piece) in text.split(char::is_whitespace).enumerate() {
            if nth > 0 {
                words.push(Value::new());
            }
            if let Some(last) = words.last_mut().filter(|_| !piece.is_empty()) {
                push(last, Part::Text(piece.to_owned()));
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What is known of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Movement {
    /// It moves: the tag where that is literal, and how it is shown.
    Moving(Option<String>, String),
    /// It does not: each push has its own.
    Fixed,
    /// It cannot be told; how it is shown.
    Unknown(String),
}

/// Judges the tag of an image.
pub(crate) fn movement(tag: &[Part]) -> Movement {
    let has = |kind: fn(&Part) -> bool| tag.iter().any(kind);
    if has(|part| matches!(part, Part::Derived(_))) {
        return Movement::Fixed;
    }
    let is_known = |part: &Part| matches!(part, Part::Text(_) | Part::Branch(_));
    if !tag.iter().all(is_known) {
        return Movement::Unknown(shown(tag));
    }
    if has(|part| matches!(part, Part::Branch(_))) {
        return Movement::Moving(None, shown(tag));
    }
    let tag = shown(tag);
    if !is_tag(&tag) {
        Movement::Unknown(tag)
    } else if names_version(&tag) {
        Movement::Fixed
    } else {
        Movement::Moving(Some(tag.clone()), tag)
    }
}

/// Whether a text can be a tag at all.
///
/// Source: OCI Distribution Specification, "Pulling manifests":
/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
fn is_tag(tag: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    tag.len() <= 128 && tag.bytes().all(is_inner) && !tag.is_empty() && !tag.starts_with(['.', '-'])
}

/// Whether a literal tag is a version (`1.4`, `v1.4.2-rc1`, `alpine-3.20`), a
/// date or a commit. A number alone (`1`, `v2`) is not: such tags move from
/// release to release.
fn names_version(tag: &str) -> bool {
    let mut segments = tag.split(['-', '_', '+']);
    let is_date = tag.len() == 10 && {
        let digits = tag.bytes().filter(u8::is_ascii_digit).count();
        digits == 8 && tag.split('-').count() == 3
    };
    is_date
        || segments.any(|segment| {
            let bare = segment.strip_prefix(['v', 'V']).unwrap_or(segment);
            let numbers = bare.split('.').take_while(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            });
            let is_number = segment.bytes().all(|byte| byte.is_ascii_digit());
            let is_hex = segment.bytes().all(|byte| byte.is_ascii_hexdigit());
            let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
            numbers.count() >= 2
                || is_number && segment.len() >= 6
                || is_hex && has_digit && (7..=64).contains(&segment.len())
        })
}

/// An image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// What names the registry, with nothing behind it; empty if nothing does.
    pub(crate) registry: Value,
    /// The repository in it.
    pub(crate) path: Value,
    /// The tag; that which holds where none is written.
    pub(crate) tag: Value,
    /// Whether it is named by its digest.
    pub(crate) has_digest: bool,
}

/// Takes a word apart.
pub(crate) fn image(word: &Value) -> Image {
    let mut parts = word.clone();
    if let Some(Part::Text(first)) = parts.first_mut() {
        *first = without_scheme(first).to_owned();
    }
    let (name, tag, has_digest) = tagged(&parts);
    let slash = name
        .iter()
        .position(|part| matches!(part, Part::Text(text) if text.contains('/')));
    let is_whole = matches!(name.first(), Some(Part::Uri(_)));
    let (registry, path) = match slash {
        Some(at) if !is_whole => {
            let mut registry: Value = name.iter().take(at).cloned().collect();
            let mut path = Value::new();
            if let Some(Part::Text(text)) = name.get(at) {
                let (before, after) = text.split_once('/').unwrap_or_default();
                push_text(&mut registry, before);
                push_text(&mut path, after);
            }
            path.extend(name.iter().skip(at + 1).cloned());
            (registry, path)
        }
        _ => (Value::new(), name),
    };
    Image {
        registry,
        path,
        tag,
        has_digest,
    }
}

fn without_scheme(text: &str) -> &str {
    let mut schemes = ["docker://", "oci://", "https://", "http://"].iter();
    schemes
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text)
}

fn push_text(word: &mut Value, text: &str) {
    if !text.is_empty() {
        push(word, Part::Text(text.to_owned()));
    }
}

/// The name and the tag of an image; and whether a digest is all that names it.
fn tagged(parts: &[Part]) -> (Value, Value, bool) {
    let latest = || vec![Part::Text("latest".to_owned())];
    let is_digest = |part: &Part| matches!(part, Part::Text(text) if text.contains('@'));
    if let Some(at) = parts.iter().position(is_digest) {
        let mut name: Value = parts.iter().take(at).cloned().collect();
        if let Some(Part::Text(text)) = parts.get(at) {
            push_text(&mut name, text.split('@').next().unwrap_or_default());
        }
        let (name, _, _) = tagged(&name);
        return (name, latest(), true);
    }
    for (at, part) in parts.iter().enumerate().rev() {
        let Part::Text(text) = part else {
            continue;
        };
        let after_slash = text.rfind('/').map_or(0, |slash| slash + 1);
        let tail = text.get(after_slash..).unwrap_or_default();
        if let Some((_, tag)) = tail.split_once(':') {
            let mut name: Value = parts.iter().take(at).cloned().collect();
            let end = text.len() - tag.len() - 1;
            push_text(&mut name, text.get(..end).unwrap_or_default());
            let mut word = Value::new();
            push_text(&mut word, tag);
            word.extend(parts.iter().skip(at + 1).cloned());
            return (name, word, false);
        }
        if after_slash > 0 {
            break;
        }
    }
    // What nobody says may hold a tag.
    let tag = match parts.last() {
        Some(Part::Open(shown)) => vec![Part::Open(shown.clone())],
        _ => latest(),
    };
    (parts.to_vec(), tag, false)
}

/// Whether a word names a host of ECR's: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`,
/// its dual-stack form and that for FIPS.
///
/// Sources: Amazon ECR User Guide, "Private registry"; AWS General Reference,
/// "Amazon ECR endpoints and quotas".
pub(crate) fn is_ecr(registry: &[Part]) -> bool {
    registry.iter().any(|part| match part {
        Part::Registry => true,
        Part::Text(text) => is_ecr_host(text),
        _ => false,
    })
}

fn is_ecr_host(text: &str) -> bool {
    [".dkr.ecr.", ".dkr-ecr.", ".dkr.ecr-fips."]
        .iter()
        .any(|host| text.contains(host))
}

/// Whether an image goes to a registry that is literal and none of ECR's,
/// whatever else of it cannot be told. Asked of every push, so that nothing is
/// taken apart for it.
pub(crate) fn is_elsewhere(written: &[Part]) -> bool {
    let [Part::Text(first), rest @ ..] = written else {
        return false;
    };
    let Some((host, path)) = without_scheme(first).split_once('/') else {
        return false;
    };
    // The address of a repository is one, wherever it stands.
    let is_address = path.is_empty() && matches!(rest, [Part::Uri(_) | Part::Export(_), ..]);
    !host.is_empty() && !is_ecr_host(host) && !is_address
}

/// Whether what nobody says has a name that begins a word with ECR, as
/// `ECR_REGISTRY`, `MY_ECR`, `awsEcrHost`; `secrets.HOST` does not.
pub(crate) fn is_named_for_ecr(registry: &[Part]) -> bool {
    registry.iter().any(|part| match part {
        Part::Open(name) => name.char_indices().any(|(at, sign)| {
            let is_there = name
                .get(at..at + 3)
                .is_some_and(|word| word.eq_ignore_ascii_case("ecr"));
            let before = name.get(..at).and_then(|before| before.chars().last());
            is_there
                && before.is_none_or(|before| {
                    !before.is_alphabetic() || before.is_lowercase() && sign.is_uppercase()
                })
        }),
        _ => false,
    })
}

/// What names of variables hold that are for another registry.
const WORDS: [&str; 12] = [
    "dockerhub",
    "docker_hub",
    "docker-hub",
    "docker_user",
    "docker_id",
    "hub_user",
    "ghcr",
    "gcr_",
    "quay",
    "ci_registry",
    "acr_",
    "github_repository",
];

/// Whether a variable's name says that it is for another registry.
pub(crate) fn is_foreign_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.contains("ecr_") && WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Value {
        vec![Part::Text(text.to_owned())]
    }

    #[test]
    fn tags_that_move_are_told_from_those_that_do_not() {
        for tag in [
            "latest", "dev", "main", "v1", "2", "node-18", "prod-eu", "py3", "a-b_c",
        ] {
            assert_eq!(
                movement(&of(tag)),
                Movement::Moving(Some(tag.into()), tag.into())
            );
        }
        for tag in [
            "1.4",
            "v1.4.2",
            "1.4.2-alpine",
            "alpine-3.20",
            "2024-11-05",
            "20241105",
            "3f8c2a9",
            "main-3f8c2a9b1c",
            "release-1.2.3",
        ] {
            assert_eq!(movement(&of(tag)), Movement::Fixed, "{tag}");
        }
        for tag in ["", "<tag>", "a b", ".x", "\u{1b}[31m"] {
            assert_eq!(movement(&of(tag)), Movement::Unknown(tag.into()));
        }
    }

    #[test]
    fn other_registries_are_told_without_taking_images_apart() {
        for (text, is) in [
            ("quay.io/a/b:1", true),
            ("docker://registry.example.com:5000/a", true),
            ("docker://1.dkr.ecr.eu-west-1.amazonaws.com/a", false),
            ("web:latest", false),
            ("/web", false),
        ] {
            assert_eq!(is_elsewhere(&of(text)), is, "{text}");
        }
        let text = |text: &str| Part::Text(text.to_owned());
        assert!(is_elsewhere(&[text("quay.io/"), Part::Open("$A".into())]));
        assert!(!is_elsewhere(&[text("quay.io/"), Part::Uri(0)]));
        assert!(!is_elsewhere(&[Part::Open("$R".into()), text("/a")]));
        assert!(!is_elsewhere(&[
            text("x"),
            Part::Open("$R".into()),
            text("/a")
        ]));
    }

    #[test]
    fn images_come_apart() {
        let parts = |text: &str| {
            let image = image(&of(text));
            [image.registry, image.path, image.tag].map(|word| shown(&word))
        };
        assert_eq!(parts("a.b:5000/c/d:e"), ["a.b:5000", "c/d", "e"]);
        assert_eq!(parts("docker://a.b/c"), ["a.b", "c", "latest"]);
        assert_eq!(parts("web"), ["", "web", "latest"]);
        assert_eq!(parts("web:1"), ["", "web", "1"]);
        assert!(image(&of("a.b/c:d@sha256:0")).has_digest);
        let word = vec![
            Part::Open("$R".into()),
            Part::Text("/w:".into()),
            Part::Branch("b".into()),
        ];
        let found = image(&word);
        assert_eq!(shown(&found.registry), "$R");
        assert_eq!(movement(&found.tag), Movement::Moving(None, "b".into()));
        assert_eq!(image(&vec![Part::Uri(0)]).path, [Part::Uri(0)]);
    }
}
