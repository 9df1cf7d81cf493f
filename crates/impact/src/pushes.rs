//! The pushes of one file.
//!
//! This module owns how many of them are looked at, and that each place and image counts once. It
//! knows neither what pushes nor where an image goes.

use std::collections::HashSet;
use std::hash::BuildHasher;

use crate::image;
use crate::value::Value;

/// A push of an image, as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImagePush {
    /// Where the image is named.
    pub(crate) at: usize,
    /// The image, with its tag.
    pub(crate) image: Value,
    /// What pushes it.
    pub(crate) by: &'static str,
}

/// How many pushes of a file are looked at, so that no file costs more than its
/// size. No pipeline has as many.
pub const MAX_PUSHES: usize = 1024;

/// How many of them are told from others, those beyond [`MAX_PUSHES`] included:
/// they are only counted, and no count is worth more room.
const MAX_SEEN: usize = 16 * MAX_PUSHES;

/// The pushes of a file, as far as they are looked at; each place and image
/// once, however many jobs run it.
#[derive(Debug, Default)]
pub(crate) struct ImagePushes {
    pub(crate) all: Vec<ImagePush>,
    /// How many there are beside them.
    pub(crate) more: usize,
    /// How many go to other registries. They do not count towards the limit: pipelines that mirror
    /// images have any number of them.
    pub(crate) elsewhere: usize,
    /// The places and the images of all of these: hashes, since images can be large.
    seen: HashSet<u64>,
}

impl ImagePushes {
    pub(crate) fn push(&mut self, pushed: ImagePush) {
        let place = self.seen.hasher().hash_one((pushed.at, &pushed.image));
        if self.seen.contains(&place) {
            return;
        }
        if self.seen.len() < MAX_SEEN {
            self.seen.insert(place);
        }
        if image::is_elsewhere(&pushed.image) {
            self.elsewhere += 1;
        } else if self.all.len() < MAX_PUSHES {
            self.all.push(pushed);
        } else {
            self.more += 1;
        }
    }
}

impl Extend<ImagePush> for ImagePushes {
    fn extend<I: IntoIterator<Item = ImagePush>>(&mut self, pushes: I) {
        for pushed in pushes {
            self.push(pushed);
        }
    }
}
