//! The bytes of a file: whether they can concern us, and whether they are text.
//!
//! This module owns the prefilter and the encoding. It takes the *name* of
//! the resource type from [`rule`](crate::rule), because that is what the prefilter looks for,
//! but knows nothing of syntax. It never opens a file: bytes come in.

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::rule::REPOSITORY;

/// The size, in bytes, above which a file is refused unless the user says
/// otherwise.
///
/// CloudFormation itself takes templates of at most 1 MB (AWS CloudFormation
/// User Guide, "Understand CloudFormation quotas"). The limit is above that
/// for what names the type and is no template, such as the resource
/// specification, and low enough for the worst text of that size to be held:
/// one of short keys takes some 370 bytes for each of its own.
pub const DEFAULT_MAX_SIZE: u64 = 16 * 1024 * 1024;

/// Why the bytes of a file that concerns us are not text that we can edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// The file is larger than the limit.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is UTF-16 or UTF-32; only UTF-8 is edited.
    WideEncoding,
    /// A byte that UTF-8 does not allow.
    NotUtf8 {
        /// Where it stands, in bytes.
        offset: usize,
    },
    /// A NUL byte, which neither YAML nor JSON allows.
    Nul {
        /// Where it stands, in bytes.
        offset: usize,
    },
    /// Every line ends in a carriage return alone.
    CarriageReturns,
}

impl SourceError {
    /// Where in the file it stands, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        match *self {
            Self::NotUtf8 { offset } | Self::Nul { offset } => offset,
            Self::TooLarge { .. } | Self::WideEncoding | Self::CarriageReturns => 0,
        }
    }

    /// A short name that stays the same between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "size",
            Self::WideEncoding | Self::NotUtf8 { .. } | Self::Nul { .. } => "encoding",
            Self::CarriageReturns => "line-endings",
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => write!(
                f,
                "the file has {size} bytes, more than the limit of {limit}"
            ),
            Self::WideEncoding => f.write_str("the file is UTF-16 or UTF-32; save it as UTF-8"),
            Self::NotUtf8 { .. } => {
                f.write_str("the file is not valid UTF-8 from here on; save it as UTF-8")
            }
            Self::Nul { .. } => {
                f.write_str("a NUL byte, which neither YAML nor JSON allows; remove it")
            }
            Self::CarriageReturns => f.write_str(
                "the lines end in carriage returns alone; save the file with LF or CRLF line endings",
            ),
        }
    }
}

impl std::error::Error for SourceError {}

/// Whether a file can declare an ECR repository at all.
///
/// True where the bytes hold [`REPOSITORY`]: literally, in UTF-16, or spelled
/// with escapes inside a double-quoted string (`"AWS\u003a\u003aECR…"`, or a
/// YAML string folded by a backslash at a line's end). A file for which this
/// is false is not read further, so whatever else is wrong with it is none
/// of our business.
#[must_use]
pub fn concerns_us(bytes: &[u8]) -> bool {
    // Made ready once: most files are so small that it would take longer than the search.
    static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(REPOSITORY));
    let names = |bytes: &[u8]| {
        NAME.find(bytes).is_some() || holds_escapes(bytes) && NAME.find(&unescaped(bytes)).is_some()
    };
    if is_wide(bytes) {
        // The zero bytes of a wide encoding stand between those of the name.
        let narrow: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        return names(bytes) || names(&narrow);
    }
    names(bytes)
}

/// The bytes as text, or why they are none.
///
/// # Errors
/// As [`SourceError`] says; `limit` is a size in bytes, of 4 GiB at most.
pub fn text(bytes: &[u8], limit: u64) -> Result<&str, SourceError> {
    let size = bytes.len() as u64;
    let limit = limit.min(u64::from(u32::MAX));
    if size > limit {
        return Err(SourceError::TooLarge { size, limit });
    }
    if is_wide(bytes) {
        return Err(SourceError::WideEncoding);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| SourceError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    if let Some(offset) = memchr::memchr(0, bytes) {
        return Err(SourceError::Nul { offset });
    }
    if memchr::memchr(b'\n', bytes).is_none() {
        let inner = text.trim_end_matches('\r');
        if inner.contains('\r') {
            return Err(SourceError::CarriageReturns);
        }
    }
    Ok(text)
}

/// A byte order mark of UTF-16 or UTF-32, or a first character of theirs: an
/// ASCII character beside a zero byte.
fn is_wide(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0..=0x7f, ..] | [1..=0x7f, 0, ..]
    )
}

/// Whether an escape can be part of the name: one that stands for a character of it, or a line
/// break that is escaped right behind one. What shells continue, and the letters that JSON
/// escapes, are in many files, and unescaping those would take longer than all else.
fn holds_escapes(bytes: &[u8]) -> bool {
    let is_ours = |byte: &u8| REPOSITORY.as_bytes().contains(byte);
    memchr::memchr_iter(b'\\', bytes).any(|at| {
        let (before, rest) = (bytes.get(..at), bytes.get(at + 1..).unwrap_or_default());
        match rest.first() {
            Some(b'u' | b'U' | b'x') => decoded(rest).is_some_and(|(byte, _)| is_ours(&byte)),
            _ => before.and_then(<[u8]>::last).is_some_and(is_ours) && line_break(rest).is_some(),
        }
    })
}

/// The length of the line break that comes first, if one does: YAML 1.1 has more of them than
/// YAML 1.2 (section 5.4 of both).
fn line_break(rest: &[u8]) -> Option<usize> {
    let breaks = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"];
    let found = breaks.iter().find(|sign| rest.starts_with(sign.as_bytes()));
    found.map(|sign| sign.len())
}

/// The ASCII character that an escape stands for, whose backslash is right before `rest`, and
/// the length of the escape without that.
fn decoded(rest: &[u8]) -> Option<(u8, usize)> {
    let length = match rest.first()? {
        b'x' => 3,
        b'u' => 5,
        b'U' => 9,
        _ => return None,
    };
    let digits = std::str::from_utf8(rest.get(1..length)?).ok()?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    let byte = u8::try_from(code).ok().filter(u8::is_ascii)?;
    Some((byte, length))
}

/// The bytes with every escape that can stand for an ASCII character
/// replaced by it, whether or not it stands in a string. Only good for
/// asking whether a word can be in there.
///
/// Source: YAML 1.2.2 section 5.7 (`\x`, `\u`, `\U`, escaped line break);
/// RFC 8259 section 7 (`\u`).
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    // Backslashes are few and far between, so what is between them is copied at once.
    while let Some((plain, after)) =
        memchr::memchr(b'\\', rest).and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))
    {
        out.extend_from_slice(plain);
        rest = after;
        match rest.first() {
            Some(b'x' | b'u' | b'U') => match decoded(rest) {
                Some((byte, length)) => {
                    out.push(byte);
                    rest = rest.get(length..).unwrap_or_default();
                }
                None => out.push(b'\\'),
            },
            Some(_) if line_break(rest).is_some() => loop {
                rest = rest.trim_ascii_start();
                let Some(length) = line_break(rest) else {
                    break;
                };
                rest = rest.get(length..).unwrap_or_default();
            },
            // The escaped character itself: so that a backslash escaped by a
            // backslash begins no further escape.
            Some(&other) => {
                out.extend([b'\\', other]);
                rest = rest.get(1..).unwrap_or_default();
            }
            None => return out,
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefilter_sees_the_name_however_it_is_spelled() {
        for spelled in [
            "AWS::ECR::Repository",
            r#""AWS\u003a\u003AECR::Repository""#,
            r#""\x41WS::ECR::Repository""#,
            r#""AWS\U0000003a:ECR::Repository""#,
            "\"AWS::ECR::\\\n    Repository\"",
            "\"AWS::ECR::\\\r\n  Repository\"",
            "\"AWS::ECR::\\\n  \\\n  Reposi\\\n  tory\"",
            "\"\\x41\\\n  WS::ECR::Repository\"",
            "\"AWS::\\\u{85} \u{2028}\n ECR::\\\u{2029}Repository\"",
            "\"caf\\u00e9 \\\n AWS::ECR::Repositor\\\n  \\x79\"",
        ] {
            assert!(concerns_us(spelled.as_bytes()), "{spelled}");
        }
        let wide: Vec<u8> = REPOSITORY
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(concerns_us(&wide));
        let escaped = r#"{"Type":"AWS\u003a\u003aECR::Repository"}"#.encode_utf16();
        let wide: Vec<u8> = escaped.flat_map(u16::to_be_bytes).collect();
        assert!(concerns_us(&wide));
    }

    #[test]
    fn the_prefilter_passes_over_everything_else() {
        for other in [
            "",
            "AWS::ECR::PublicRepository",
            r#""AWS\\u003a\\u003aECR::Repository""#,
            r#""\u00"#,
            r"\",
        ] {
            assert!(!concerns_us(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_is_not_text_is_said_with_its_place() {
        assert_eq!(text(b"ab\xffc", 9), Err(SourceError::NotUtf8 { offset: 2 }));
        assert_eq!(text(b"abc\0", 9), Err(SourceError::Nul { offset: 3 }));
        assert_eq!(text(b"a\rb\r", 9), Err(SourceError::CarriageReturns));
        assert_eq!(text(b"\xff\xfea\0", 9), Err(SourceError::WideEncoding));
        assert_eq!(
            text(b"abc", 2),
            Err(SourceError::TooLarge { size: 3, limit: 2 })
        );
        assert_eq!(text(b"a\r\nb", 9), Ok("a\r\nb"));
        assert_eq!(text(b"", 9), Ok(""));
    }
}
