//! One of several parts of what a walk comes to.
//!
//! This module owns to which part a path belongs: a hash of the path tells. The parts share no
//! file and cover all, as long as the paths given are the same. It does not know files.
//!
//! The path that counts is the one below the directory that is given, so that it does not matter
//! where that lies on a machine; that of a file which is named is the path as it is shown.
//! A git repository that is found below a directory goes to one part as a whole, since what
//! is changed in it is one change.

use std::path::Path;

use sha2::{Digest, Sha256};

/// One of the parts of a walk. They are explained in the documentation of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    index: u64,
    count: u64,
}

impl Partition {
    /// The part with a number from 1 to `count`; None for any other.
    #[must_use]
    pub(crate) fn new(number: u32, count: u32) -> Option<Partition> {
        let index = u64::from(number.checked_sub(1)?);
        let count = u64::from(count);
        (index < count).then_some(Partition { index, count })
    }

    /// Whether a path belongs to this part.
    pub(super) fn has(self, path: &Path) -> bool {
        let mut hash = Sha256::new();
        for part in path.components() {
            hash.update(part.as_os_str().as_encoded_bytes());
            hash.update(b"/");
        }
        let hash = hash.finalize();
        let number = hash
            .iter()
            .take(8)
            .fold(0, |number, &byte| number << 8 | u64::from(byte));
        number % self.count == self.index
    }
}
