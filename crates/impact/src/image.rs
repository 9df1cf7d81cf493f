//! What the reference of an image says: its registry, its repository, its tag, and whether that
//! tag moves.
//!
//! This module owns how references come apart and the judgement of tags. It knows no template:
//! which ECR repository an image goes to is told in `join`.

use crate::value::{Part, Value, push, shown};

/// Whether a tag moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Movement {
    /// It moves: the tag where that is literal, and how it is shown.
    Moving(Option<String>, String),
    /// It does not: each push has its own.
    Fixed,
    /// Its parts are unresolved; how it is shown.
    Unknown(String),
}

/// Judges whether the tag of an image moves.
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

/// The reference of an image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// What names the registry, with nothing behind it; empty if nothing does.
    pub(crate) registry: Value,
    /// The name of the repository in it.
    pub(crate) path: Value,
    /// The tag; that which holds where none is written.
    pub(crate) tag: Value,
    /// Whether it is named by its digest.
    pub(crate) has_digest: bool,
}

/// Takes the reference of an image apart.
pub(crate) fn parse(reference: &Value) -> Image {
    let mut parts = reference.clone();
    if let Some(Part::Text(first)) = parts.first_mut() {
        *first = without_scheme(first).to_owned();
    }
    let (name, tag, has_digest) = tagged(&parts);
    let slash = name
        .iter()
        .position(|part| matches!(part, Part::Text(text) if text.contains('/')));
    let is_whole = matches!(name.first(), Some(Part::EcrUri(_)));
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

fn push_text(value: &mut Value, text: &str) {
    if !text.is_empty() {
        push(value, Part::Text(text.to_owned()));
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
            let mut written = Value::new();
            push_text(&mut written, tag);
            written.extend(parts.iter().skip(at + 1).cloned());
            return (name, written, false);
        }
        if after_slash > 0 {
            break;
        }
    }
    // An unresolved variable may hold a tag.
    let tag = match parts.last() {
        Some(Part::Unresolved(shown)) => vec![Part::Unresolved(shown.clone())],
        _ => latest(),
    };
    (parts.to_vec(), tag, false)
}

/// Whether a registry is a host of ECR's: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`,
/// its dual-stack form and that for FIPS.
///
/// Sources: Amazon ECR User Guide, "Private registry"; AWS General Reference,
/// "Amazon ECR endpoints and quotas".
pub(crate) fn is_ecr(registry: &[Part]) -> bool {
    registry.iter().any(|part| match part {
        Part::EcrRegistry => true,
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
/// whatever else of it is unresolved. Asked of every push, so that nothing is
/// taken apart for it.
pub(crate) fn is_elsewhere(written: &[Part]) -> bool {
    let [Part::Text(first), rest @ ..] = written else {
        return false;
    };
    let Some((host, path)) = without_scheme(first).split_once('/') else {
        return false;
    };
    // The address of a repository is one, wherever it stands.
    let is_address = path.is_empty() && matches!(rest, [Part::EcrUri(_) | Part::Export(_), ..]);
    !host.is_empty() && !is_ecr_host(host) && !is_address
}

/// Whether an unresolved variable has a name in which a word begins with ECR, as
/// `ECR_REGISTRY`, `MY_ECR`, `awsEcrHost`; `secrets.HOST` does not.
pub(crate) fn is_named_for_ecr(registry: &[Part]) -> bool {
    registry.iter().any(|part| match part {
        Part::Unresolved(name) => name.char_indices().any(|(at, sign)| {
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

/// The name of an image up to its tag, with the colon.
pub(crate) fn name(image: &Value) -> Value {
    let image = parse(image);
    let mut name = image.registry;
    if !name.is_empty() {
        push(&mut name, Part::Text("/".to_owned()));
    }
    for part in image.path {
        push(&mut name, part);
    }
    push(&mut name, Part::Text(":".to_owned()));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Value {
        vec![Part::Text(text.to_owned())]
    }

    #[test]
    fn version_or_commit_in_tag_is_fixed_and_other_tag_moves() {
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
    fn literal_host_of_another_registry_is_elsewhere() {
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
        assert!(is_elsewhere(&[
            text("quay.io/"),
            Part::Unresolved("$A".into())
        ]));
        assert!(!is_elsewhere(&[text("quay.io/"), Part::EcrUri(0)]));
        assert!(!is_elsewhere(&[Part::Unresolved("$R".into()), text("/a")]));
        assert!(!is_elsewhere(&[
            text("x"),
            Part::Unresolved("$R".into()),
            text("/a")
        ]));
    }

    #[test]
    fn image_reference_splits_into_registry_path_and_tag() {
        let parts = |text: &str| {
            let image = parse(&of(text));
            [image.registry, image.path, image.tag].map(|value| shown(&value))
        };
        assert_eq!(parts("a.b:5000/c/d:e"), ["a.b:5000", "c/d", "e"]);
        assert_eq!(parts("docker://a.b/c"), ["a.b", "c", "latest"]);
        assert_eq!(parts("web"), ["", "web", "latest"]);
        assert_eq!(parts("web:1"), ["", "web", "1"]);
        assert!(parse(&of("a.b/c:d@sha256:0")).has_digest);
        let reference = vec![
            Part::Unresolved("$R".into()),
            Part::Text("/w:".into()),
            Part::Branch("b".into()),
        ];
        let found = parse(&reference);
        assert_eq!(shown(&found.registry), "$R");
        assert_eq!(movement(&found.tag), Movement::Moving(None, "b".into()));
        assert_eq!(parse(&vec![Part::EcrUri(0)]).path, [Part::EcrUri(0)]);
    }
}
