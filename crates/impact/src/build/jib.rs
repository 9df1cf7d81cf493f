//! What Jib pushes for an image: its own tag, and each of the tags beside it.

use crate::image;
use crate::pushes::ImagePush;
use crate::shell::Shell;
use crate::value::{self, Values};

/// Values, and where they stand in the file.
pub(super) type Placed = (Values, usize);

/// Takes an image down, where there is one, and the same image with each of the tags.
pub(super) fn push(shell: &mut Shell<'_>, image: Option<Placed>, tags: &[Placed]) {
    let Some((image, at)) = image else {
        return;
    };
    let names = image.iter().map(image::name).collect();
    let pushes = image.into_iter().map(|image| ImagePush {
        at,
        image,
        by: "jib",
    });
    shell.pushes.extend(pushes);
    for (tag, at) in tags {
        let values = value::concat(&names, tag);
        let pushes = values.into_iter().map(|image| ImagePush {
            at: *at,
            image,
            by: "jib",
        });
        shell.pushes.extend(pushes);
    }
}
