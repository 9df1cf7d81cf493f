//! Replaces a template by new contents, wholly or not at all.
//!
//! This module owns which files may be replaced, and that a file is replaced only if it still
//! holds what was read. It does not know what the contents mean or whether they are right.
//!
//! # How
//!
//! The new contents go to a temporary file in the same directory, since only there is a
//! rename sure to be atomic. That file is given the owner, group and mode of the original
//! and is flushed to disk. Then the original is looked at again, and only if it still
//! holds what was read is it replaced, by a rename. So whoever reads the file, at any time
//! and after any crash, sees the old contents or the new ones, and an edit that somebody
//! else made meanwhile is not lost. (Between the last look and the rename lies an instant
//! that no portable means can close.)
//!
//! Whatever fails, the original stays as it was, and the temporary file is removed. It can
//! outlive only a process that is killed, for which too large a file is no reason
//! ([`outlive_limits`](super::outlive_limits)); its name, `.immutag-*.tmp`, tells where it
//! is from.
//!
//! # What is refused
//!
//! - A symbolic link, or anything else that is not a regular file: a rename would replace
//!   the link, not the file behind it. Whoever calls resolves links first.
//! - A file that the user may not open for writing, although the right to its directory
//!   would suffice for a rename: somebody has said that it must not change. The operating
//!   system is asked, not the mode, so that root may write what root may write.
//! - A file with further hard links (on Unix): a rename would part the names, so that the
//!   others keep the old contents, and to write in place would give up all of the above.
//! - A file whose owner or group we may not restore (on Unix): nobody should lose a file
//!   to the one who repaired it.
//!
//! # What is not kept
//!
//! Extended attributes (and with them ACLs and security labels), file flags, and the times
//! of the file, which are those of the replacement. What matters for templates in a
//! repository is contents and mode, as it does for git.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use thiserror::Error;

use super::temporary;
use crate::files::paths::folder_of;

/// Why a file was not replaced. It is as it was before.
///
/// The message says what is wrong, what the operating system says about it, and what to
/// do. It does not repeat the path.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum WriteError {
    /// The path is a symbolic link, a directory, or a special file.
    #[error("not written: this is not a regular file; give the path of the file itself")]
    NotRegular,
    /// The user may not write the file.
    #[error("not written: the file is read-only; make it writable if it may be changed")]
    ReadOnly,
    /// The file has more than one name.
    #[error(
        "not written: the file has further hard links, which would keep the old contents; \
         replace them by copies or symbolic links"
    )]
    HardLinked,
    /// The file, its mode or its owner has changed since it was read, or it is gone.
    #[error(
        "not written: the file was changed by another process after it had been read; run again"
    )]
    Changed,
    /// The owner and group of the file could not be given to its replacement.
    #[error(
        "not written: its owner and group could not be kept: {0}; run as the user who owns the \
         file"
    )]
    Owner(io::Error),
    /// No temporary file could be made in the folder of the file.
    #[error(
        "not written: cannot create a temporary file in its directory: {0}; the directory must \
         be writable, since a file is replaced as a whole"
    )]
    Folder(io::Error),
    /// Another step failed.
    #[error("not written: cannot {action}: {error}")]
    Io {
        /// The step, such as "read the file again".
        action: &'static str,
        /// The error of the operating system.
        error: io::Error,
    },
}

/// Returns what makes an error of the operating system that of a step.
fn failed(action: &'static str) -> impl FnOnce(io::Error) -> WriteError {
    move |error| WriteError::Io { action, error }
}

/// Replaces the file at `path` by `new`, if it still holds `read`.
///
/// `path` names the file itself, not a symbolic link to it. Owner, group and mode are
/// kept; see the documentation of the module for what is not.
///
/// # Errors
///
/// If the file is not one that is written (see the documentation of the module), if it
/// does not hold `read` any more, or if the operating system does not let us do this. The
/// file is then as it was, and no temporary file is left.
pub(crate) fn replace(path: &Path, read: &[u8], new: &[u8]) -> Result<(), WriteError> {
    let before = inspect(path)?;
    if !may_write(path) {
        return Err(WriteError::ReadOnly);
    }
    let folder = folder_of(path);
    let mut temporary = temporary::create(folder, 0o600).map_err(WriteError::Folder)?;

    let file = temporary.as_file_mut();
    file.write_all(new)
        .map_err(failed("write the temporary file"))?;
    // In this order, since both a write and a change of owner can clear mode bits.
    keep_owner(file, &before).map_err(WriteError::Owner)?;
    file.set_permissions(before.permissions())
        .map_err(failed("set the mode of the temporary file"))?;
    file.sync_all()
        .map_err(failed("flush the temporary file"))?;

    let after = inspect(path)?;
    let is_unchanged = same_file(&before, &after)
        && after.len() == read.len() as u64
        && fs::read(path).map_err(failed("read the file again"))? == read;
    if !is_unchanged {
        return Err(WriteError::Changed);
    }
    temporary
        .persist(path)
        .map_err(|error| failed("rename the temporary file")(error.error))?;
    sync_folder(folder);
    Ok(())
}

/// Refuses all that is not to be written.
fn inspect(path: &Path) -> Result<Metadata, WriteError> {
    let metadata = fs::symlink_metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => WriteError::Changed,
        _ => failed("look at the file")(error),
    })?;
    if !metadata.is_file() {
        return Err(WriteError::NotRegular);
    }
    if has_other_names(&metadata) {
        return Err(WriteError::HardLinked);
    }
    Ok(metadata)
}

/// Whether the operating system lets us open the file for writing. Nothing is written,
/// and no time stamp changes.
#[allow(
    clippy::disallowed_methods,
    reason = "the one module that writes: asks for the right to, and does not use it here"
)]
fn may_write(path: &Path) -> bool {
    let denied = [
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
    ];
    match OpenOptions::new().write(true).open(path) {
        Ok(_) => true,
        Err(error) => !denied.contains(&error.kind()),
    }
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink() > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// Whether both are the same file, with the same mode and owner.
#[cfg(unix)]
fn same_file(before: &Metadata, after: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |m: &Metadata| (m.dev(), m.ino(), m.mode(), m.uid(), m.gid());
    key(before) == key(after)
}

#[cfg(not(unix))]
fn same_file(before: &Metadata, after: &Metadata) -> bool {
    before.permissions() == after.permissions()
}

/// Gives the file the owner and group of the original, if it does not have them already.
#[cfg(unix)]
fn keep_owner(file: &File, original: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let ours = file.metadata()?;
    let uid = (ours.uid() != original.uid()).then_some(original.uid());
    let gid = (ours.gid() != original.gid()).then_some(original.gid());
    if uid.is_some() || gid.is_some() {
        fchown(file, uid, gid)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Flushes the new name to disk. A failure is not an error: the file has been replaced,
/// and after a crash it is the old or the new one, but nothing else. Some file systems
/// do not offer this, and a directory that may be written need not be readable.
#[cfg(unix)]
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::path::PathBuf;
    use tempfile::TempDir;

    const OLD: &[u8] = b"old\r\n\xff\0";
    const NEW: &[u8] = b"new contents, longer than the old ones\n";

    /// A directory that holds `a.yaml` with the old contents.
    fn directory() -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.yaml");
        fs::write(&path, OLD).unwrap();
        (directory, path)
    }

    fn names(directory: &TempDir) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn replaced_file_has_the_new_contents_and_nothing_is_left() {
        let (directory, path) = directory();
        replace(&path, OLD, NEW).unwrap();
        assert_eq!(fs::read(&path).unwrap(), NEW);
        replace(&path, NEW, b"").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(names(&directory), ["a.yaml"]);
    }

    #[test]
    fn reader_of_a_replaced_file_keeps_the_old_contents() {
        let (_directory, path) = directory();
        let mut reader = File::open(&path).unwrap();
        replace(&path, OLD, NEW).unwrap();
        let mut seen = Vec::new();
        io::Read::read_to_end(&mut reader, &mut seen).unwrap();
        assert_eq!(seen, OLD);
    }

    #[test]
    fn replaced_file_keeps_its_mode() {
        let (_directory, path) = directory();
        for bits in [0o600, 0o640, 0o644, 0o664, 0o666, 0o755, 0o4755, 0o200] {
            fs::remove_file(&path).unwrap();
            fs::write(&path, OLD).unwrap();
            set_mode(&path, bits);
            if File::open(&path).is_err() {
                continue; // Write-only: only root gets this far.
            }
            replace(&path, OLD, NEW).unwrap();
            assert_eq!(mode(&path), bits, "{bits:o}");
        }
    }

    #[test]
    fn replaced_file_keeps_its_owner_and_group() {
        let (_directory, path) = directory();
        set_mode(&path, 0o4755);
        if chown(&path, Some(12345), Some(54321)).is_err() {
            return; // Only root may give files away.
        }
        set_mode(&path, 0o4755);
        replace(&path, OLD, NEW).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12345, 54321));
        assert_eq!(mode(&path), 0o4755);
    }

    #[test]
    fn changed_file_is_not_overwritten() {
        let (directory, path) = directory();
        for theirs in [&b"OLD\r\n\xff\0"[..], b"longer than it was", b""] {
            fs::write(&path, theirs).unwrap();
            let error = replace(&path, OLD, NEW).unwrap_err();
            assert!(matches!(error, WriteError::Changed), "{error:?}");
            assert_eq!(fs::read(&path).unwrap(), theirs);
        }
        fs::remove_file(&path).unwrap();
        let error = replace(&path, OLD, NEW).unwrap_err();
        assert!(matches!(error, WriteError::Changed), "{error:?}");
        assert_eq!(names(&directory), [""; 0]);
    }

    #[test]
    fn file_with_another_mode_or_identity_is_changed() {
        let (directory, path) = directory();
        let before = inspect(&path).unwrap();
        assert!(same_file(&before, &inspect(&path).unwrap()));
        let other = directory.path().join("b.yaml");
        fs::write(&other, OLD).unwrap();
        assert!(!same_file(&before, &inspect(&other).unwrap()));
        set_mode(&path, 0o600);
        assert!(!same_file(&before, &inspect(&path).unwrap()));
    }

    /// Root may write where the mode says otherwise, so what is right depends on who runs
    /// the test; the mode is kept either way.
    #[test]
    fn read_only_file_is_refused() {
        for bits in [0o444, 0o555, 0o400] {
            let (directory, path) = directory();
            set_mode(&path, bits);
            let is_allowed = OpenOptions::new().write(true).open(&path).is_ok();
            let result = replace(&path, OLD, NEW);
            if is_allowed {
                assert!(result.is_ok(), "{result:?}");
            } else {
                let error = result.unwrap_err();
                assert!(matches!(error, WriteError::ReadOnly), "{error:?}");
            }
            let left = if is_allowed { NEW } else { OLD };
            assert_eq!(
                (fs::read(&path).unwrap(), mode(&path)),
                (left.to_vec(), bits)
            );
            assert_eq!(names(&directory), ["a.yaml"]);
        }
    }

    #[test]
    fn hard_linked_file_is_refused() {
        let (directory, path) = directory();
        fs::hard_link(&path, directory.path().join("b.yaml")).unwrap();
        let error = replace(&path, OLD, NEW).unwrap_err();
        assert!(matches!(error, WriteError::HardLinked), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), OLD);
        assert_eq!(names(&directory), ["a.yaml", "b.yaml"]);
    }

    #[test]
    fn special_file_or_link_is_refused() {
        let (directory, path) = directory();
        let link = directory.path().join("link.yaml");
        symlink(&path, &link).unwrap();
        for path in [
            &link,
            directory.path(),
            Path::new("/dev/null"),
            Path::new("/"),
        ] {
            let error = replace(path, OLD, NEW).unwrap_err();
            assert!(matches!(error, WriteError::NotRegular), "{error:?}");
        }
        assert!(link.is_symlink());
        assert_eq!(fs::read(&path).unwrap(), OLD);
        assert_eq!(names(&directory), ["a.yaml", "link.yaml"]);
    }

    #[test]
    fn read_only_folder_is_told_without_the_random_name() {
        let (directory, path) = directory();
        set_mode(directory.path(), 0o555);
        let exempt = tempfile::tempfile_in(directory.path()).is_ok(); // root may write anywhere
        let error = replace(&path, OLD, NEW).err();
        set_mode(directory.path(), 0o755);
        if exempt {
            return;
        }
        assert_eq!(
            error.unwrap().to_string(),
            "not written: cannot create a temporary file in its directory: Permission denied \
             (os error 13); the directory must be writable, since a file is replaced as a whole"
        );
        assert_eq!(fs::read(&path).unwrap(), OLD);
    }

    #[test]
    fn unreadable_folder_can_be_written_to() {
        let (directory, path) = directory();
        set_mode(directory.path(), 0o300);
        replace(&path, OLD, NEW).unwrap();
        set_mode(directory.path(), 0o700);
        assert_eq!(fs::read(&path).unwrap(), NEW);
    }
}
