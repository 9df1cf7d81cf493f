//! Paths as URIs.
//!
//! This module owns which bytes of a name are percent-encoded. It touches no
//! file, so that a relative path stays one.

use std::path::{Component, Path, Prefix};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What is encoded: all but the unreserved characters of RFC 3986, section
/// 2.3. Those that it reserves are allowed in names in part, and not worth a
/// second set.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path as a URI, with `/` between its parts and every byte kept, be they
/// UTF-8 or not: a reference that is relative to the working directory, or
/// `file:///…` where the path is absolute.
#[must_use]
pub(crate) fn of(path: &Path) -> String {
    let mut uri = String::new();
    let mut is_first = true;
    for part in path.components() {
        let bytes = match part {
            Component::CurDir => continue,
            Component::RootDir => {
                if uri.is_empty() {
                    uri.push_str("file://");
                }
                is_first = false;
                continue;
            }
            Component::Prefix(prefix) => {
                uri.push_str(&of_prefix(prefix.kind()));
                is_first = false;
                continue;
            }
            Component::ParentDir => b"..",
            Component::Normal(name) => name.as_encoded_bytes(),
        };
        if !is_first {
            uri.push('/');
        }
        is_first = false;
        uri.extend(percent_encode(bytes, ENCODED));
    }
    uri
}

/// What Windows has before a path, as the beginning of a URI.
///
/// Source: RFC 8089, appendix E.2 (drives) and E.3 (servers).
fn of_prefix(prefix: Prefix<'_>) -> String {
    match prefix {
        // Its colon is no part of a name.
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
            format!("file:///{}:", char::from(letter))
        }
        Prefix::UNC(server, share) | Prefix::VerbatimUNC(server, share) => format!(
            "file://{}/{}",
            percent_encode(server.as_encoded_bytes(), ENCODED),
            percent_encode(share.as_encoded_bytes(), ENCODED)
        ),
        Prefix::DeviceNS(name) | Prefix::Verbatim(name) => {
            format!(
                "file:///{}",
                percent_encode(name.as_encoded_bytes(), ENCODED)
            )
        }
    }
}

#[cfg(test)]
mod tests_of_prefixes {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn drives_and_servers_begin_a_uri() {
        let (server, share) = (OsStr::new("srv"), OsStr::new("a b"));
        assert_eq!(of_prefix(Prefix::Disk(b'C')), "file:///C:");
        assert_eq!(of_prefix(Prefix::VerbatimDisk(b'C')), "file:///C:");
        assert_eq!(of_prefix(Prefix::UNC(server, share)), "file://srv/a%20b");
        assert_eq!(
            of_prefix(Prefix::VerbatimUNC(server, share)),
            "file://srv/a%20b"
        );
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn every_byte_of_a_name_is_kept() {
        let uri = |path: &[u8]| of(Path::new(OsStr::from_bytes(path)));
        assert_eq!(uri(b"./web//a-b_c~1.yaml"), "web/a-b_c~1.yaml");
        assert_eq!(
            uri("größe %2f/a:b".as_bytes()),
            "gr%C3%B6%C3%9Fe%20%252f/a%3Ab"
        );
        assert_eq!(uri(b"a\nb\xff#?"), "a%0Ab%FF%23%3F");
        assert_eq!(uri(b"../x"), "../x");
        assert_eq!(uri(b"/x/y z"), "file:///x/y%20z");
    }
}
