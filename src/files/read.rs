//! A file in: the bytes of those that may concern us, and nothing of the others.
//!
//! This module owns how files are read: in as few calls as it takes, and without holding
//! in memory what is too large. Most files that are looked at are small and do not concern
//! us, so each thread reads into a piece of memory of its own, and only what is wanted is
//! copied out of it. It knows neither which files there are nor what is done with them.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::outcome::FileError;
use immutag_engine::{TemplateError, concerns_us};

/// What most templates fit into, in bytes. A file that does is read without a question
/// for its size.
const PIECE: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The bytes of a file that may concern us; None for any other. One that is
/// over the limit is not held in memory to find that out.
///
/// # Errors
/// What the operating system says, or that a file which may concern us has more than
/// `max_size` bytes.
pub(crate) fn file(path: &Path, max_size: u64) -> Result<Option<Vec<u8>>, FileError> {
    let mut file = File::open(path).map_err(failed)?;
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(PIECE, 0);
        let first = fill(&mut file, buffer).map_err(failed)?;
        if first.len() < PIECE && first.len() as u64 <= max_size {
            return Ok(concerns_us(first).then(|| first.to_vec()));
        }
        let size = file.metadata().map_err(failed)?.len();
        text(
            &mut first.chain(file),
            size.max(first.len() as u64),
            max_size,
        )
    })
}

/// The same of a text that is still to be read, of about `size` bytes.
///
/// # Errors
/// As those of [`file()`].
pub(crate) fn text(
    text: &mut dyn Read,
    size: u64,
    max_size: u64,
) -> Result<Option<Vec<u8>>, FileError> {
    if size > max_size {
        return if names_ecr_repository(text).map_err(failed)? {
            let error = TemplateError::too_large(size, max_size);
            Err(FileError {
                position: None,
                ..error.into()
            })
        } else {
            Ok(None)
        };
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    text.read_to_end(&mut bytes).map_err(failed)?;
    Ok(concerns_us(&bytes).then_some(bytes))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "it is handed to `map_err` as it is"
)]
fn failed(error: io::Error) -> FileError {
    FileError::io(format!("cannot be read: {error}"))
}

/// Reads until there is no more, or no more room. Gives what was read.
fn fill<'b>(text: &mut dyn Read, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match text.read(room) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}

/// The prefilter over a text of any size, a piece at a time.
fn names_ecr_repository(text: &mut dyn Read) -> io::Result<bool> {
    /// More than the name takes in any spelling, so that none is missed
    /// where two pieces meet.
    const OVERLAP: usize = 4096;
    let mut piece = Vec::new();
    loop {
        let kept = piece.len().min(OVERLAP);
        piece.drain(..piece.len() - kept);
        let read = text.take(1 << 20).read_to_end(&mut piece)?;
        if concerns_us(&piece) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test sets up its files itself")]
mod tests {
    use super::*;
    use std::fs;

    /// A text of that many bytes that ends in the name of the type.
    fn naming(size: usize) -> Vec<u8> {
        let mut bytes = vec![b'#'; size - immutag_engine::rule::REPOSITORY.len()];
        bytes.extend(immutag_engine::rule::REPOSITORY.as_bytes());
        bytes
    }

    fn read(bytes: &[u8], max_size: u64) -> Result<Option<Vec<u8>>, FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, bytes).unwrap();
        file(&path, max_size)
    }

    #[test]
    fn file_around_the_size_of_a_piece_is_read_whole() {
        for size in [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes = naming(size);
            assert_eq!(read(&bytes, 1 << 30).unwrap(), Some(bytes), "{size}");
        }
    }

    #[test]
    fn short_file_after_a_long_one_keeps_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (long, short) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&long, naming(2000)).unwrap();
        fs::write(&short, naming(100)).unwrap();
        assert_eq!(file(&long, 1 << 30).unwrap(), Some(naming(2000)));
        assert_eq!(file(&short, 1 << 30).unwrap(), Some(naming(100)));
        fs::write(&short, "Resources: {}\n").unwrap();
        assert_eq!(file(&short, 1 << 30).unwrap(), None);
        fs::write(&short, "").unwrap();
        assert_eq!(file(&short, 1 << 30).unwrap(), None);
    }

    #[test]
    fn file_over_the_limit_is_an_error_only_if_it_concerns_us() {
        for size in [1000, PIECE - 1, PIECE, 2 * PIECE] {
            let limit = size as u64;
            assert!(read(&naming(size), limit).unwrap().is_some(), "{size}");
            let error = read(&naming(size), limit - 1).unwrap_err();
            assert_eq!(error.code, "size");
            assert!(error.message.contains(&size.to_string()), "{error:?}");
            assert_eq!(read(&vec![b'#'; size], limit - 1).unwrap(), None);
        }
    }
}
