//! Paths in, files out: which files are to be looked at.
//!
//! This module owns the meaning of the paths on the command line, of the include and
//! exclude globs, and of ignore files. It decides that from names and from the kind of a
//! directory entry alone. It opens no file but ignore files, knows nothing about templates,
//! and writes nothing.
//!
//! # Paths that are named
//!
//! A file that is named is always taken, whatever the include globs and ignore files say:
//! somebody asked for it. Exclude globs bind it only with [`Selection::force_exclude`],
//! for hooks, which name every file of a commit.
//!
//! A directory that is named is walked, even if it is hidden or ignored.
//!
//! A symbolic link that is named stands for the file or directory behind it, as long as
//! that lies below one of the directories named, or below the directory of a file or link
//! named. A link that leads elsewhere is a [`Problem`]: a repository that holds such a link must not decide
//! what is edited outside of it.
//!
//! A named pipe, a device or a socket is a [`Problem`], and is not opened, since that
//! could block for ever.
//!
//! # Directories that are walked
//!
//! Hidden entries and what `.gitignore`, `.ignore`, `.git/info/exclude` and git's global
//! excludes name are skipped, unless the options say otherwise. In a repository they
//! count as git counts them, so that a `.gitignore` above the repository does not reach
//! into it (tools that handle many repositories often clone them into an ignored
//! directory). Outside of any repository, `.gitignore` files count as well, so that a
//! template gives the same result before and after `git init`. A line in an ignore file
//! that is not a valid glob is passed over, as git does.
//!
//! Where an ignore file cannot be read, or is not UTF-8, there is no telling what it names:
//! that is a [`Problem`], and its directory is not walked.
//!
//! Four things are skipped whatever the options say: anything named `.git`, whose files
//! are not the user's to edit; a directory named `cdk.out`, in which the AWS CDK puts what
//! it synthesizes, and will again (unless it is named itself); symbolic links, as git and
//! ripgrep do, so that a walk neither leaves its root nor meets a file twice; and what is
//! neither a file nor a directory.
//!
//! # Each file once
//!
//! A file is visited once, however many of the given paths lead to it. A path that is
//! given and lies below another one is left out of the walk of the outer one and handled
//! on its own, so that the rules for paths that are named hold for it. Of several names
//! for one file or directory, the first counts that is not a symbolic link.
//!
//! To know this, canonical paths of the *given* paths suffice: a walk follows no links,
//! so what it will meet below a root is known from the root. No state is kept for files
//! that a walk meets; memory does not grow with their number.
//!
//! # Parts
//!
//! A [`Partition`] takes one of several parts of what a walk comes to, by a hash of paths.
//! The parts share no file and cover all, as long as the paths given are the same. The path
//! that counts is the one below the directory that is given, so that it does not matter
//! where that lies on a machine; that of a file which is named is the path as it is shown.
//! A git repository that is found below a directory goes to one part as a whole, since what
//! is changed in it is one change.
//!
//! # Globs
//!
//! - `*` and `?` do not match `/`; `**` crosses directories; `[a-z]` and `{a,b}` work as
//!   in a shell. Case counts.
//! - A glob without `/` is matched against the name, at any depth: `*.yaml`, `legacy`.
//! - A glob with `/` is matched against the whole path: `templates/**`. It may start with
//!   `/` or `./`, which changes nothing but that it counts as a glob with `/`; one that
//!   starts with `/` is also matched against absolute paths.
//! - A slash at the end means a directory, at any depth if there is no other slash, as in
//!   a `.gitignore`: `legacy/`. An include glob of that kind takes all files below it.
//! - An exclude glob that matches a directory prunes it: the directory is not read.
//! - There is no negation; a leading `!` is an error rather than a glob that silently
//!   matches nothing.
//!
//! What the whole path of a glob with `/` is depends on where the glob was written
//! ([`Patterns::base`]):
//!
//! - On the command line there is no telling what its writer had in mind, so it is the path
//!   relative to the root that is walked, and the path as it is shown, relative to the
//!   working directory: `immutag check templates --exclude 'old/**'` and
//!   `--exclude 'templates/old/**'` mean the same.
//! - In a file it is the path relative to the folder that holds the file, whatever the
//!   working directory is and however the path is given (absolute, with `..`, through a
//!   link): a file means the same for all who use it. Both the path as it is named and the
//!   one behind all links count. Outside of that folder, only globs without `/` and absolute
//!   ones match.
//!
//! [`Cover`] asks the second way about single files: whether a glob matches a file, or a
//! directory that it lies in.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, FileType};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use sha2::{Digest, Sha256};

use crate::files::bounded;

/// The include globs that hold when none are given: the names that CloudFormation's own
/// tools take for templates, and those of files from which a template engine makes one.
pub const DEFAULT_INCLUDE: &[&str] = &[
    "*.yaml",
    "*.yml",
    "*.json",
    "*.template",
    "*.j2",
    "*.jinja",
    "*.tmpl",
    "*.tpl",
];

/// More threads than this are not started, whatever is asked for.
pub const MAX_THREADS: usize = 256;

/// Globs as they were written, and where. They are explained in the
/// [module documentation](self).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// The globs.
    pub globs: Vec<String>,
    /// The folder that they are relative to, as an absolute path without links. None for
    /// those of the command line.
    pub base: Option<PathBuf>,
}

impl From<Vec<String>> for Patterns {
    fn from(globs: Vec<String>) -> Self {
        Patterns { globs, base: None }
    }
}

/// What to look at. The globs are explained in the [module documentation](self).
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Files and directories, as given. Nothing is visited if there are none.
    pub paths: Vec<PathBuf>,
    /// Files met in a walk are taken if one of these globs matches.
    /// If there are none, [`DEFAULT_INCLUDE`] holds.
    pub include: Patterns,
    /// Files and directories met in a walk are left out if one of these globs matches.
    pub exclude: Patterns,
    /// Do not heed ignore files.
    pub no_ignore: bool,
    /// Walk hidden files and directories too.
    pub hidden: bool,
    /// Let `exclude` hold for the given paths themselves too.
    pub force_exclude: bool,
    /// How many threads to use; 0 means as many as there are cores.
    pub threads: usize,
    /// Which part of all files to take; None for all of them.
    pub partition: Option<Partition>,
}

/// One of the parts of a walk. They are explained in the [module documentation](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    index: u64,
    count: u64,
}

impl Partition {
    /// The part with a number from 1 to `count`; None for any other.
    #[must_use]
    pub fn new(number: u32, count: u32) -> Option<Partition> {
        let index = u64::from(number.checked_sub(1)?);
        let count = u64::from(count);
        (index < count).then_some(Partition { index, count })
    }

    /// Whether a path belongs to this part.
    fn has(self, path: &Path) -> bool {
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

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The path to show: the given path joined with the rest, without a leading `./`.
    pub path: PathBuf,
    /// The path to read and to replace. It differs from `path` only if a symbolic link
    /// was given: then it is the absolute path of the file behind it.
    pub real: PathBuf,
}

/// What a visit comes to.
#[derive(Debug)]
pub enum Found {
    /// A file to look at.
    File(Target),
    /// A directory that holds the work tree of a git repository, as it would be shown. A
    /// directory that is given is told, too; one around it is not.
    Repository(PathBuf),
    /// A path that could not be visited.
    Problem(Problem),
}

/// What is called for each thing found, and says whether to go on.
type Visitor<'v> = dyn Fn(Found) -> ControlFlow<()> + Sync + 'v;

/// A path that could not be visited. The others are visited nevertheless.
///
/// The message says what is wrong and what to do, and does not repeat the path.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A given path does not exist, or is a symbolic link to nothing.
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A given path is neither a file nor a directory.
    NotRegular {
        /// The path as given.
        path: PathBuf,
        /// What it is instead, such as "a named pipe".
        kind: &'static str,
    },
    /// A given path is a symbolic link to a file outside of all given paths.
    OutsideRoots {
        /// The path as given.
        path: PathBuf,
        /// The file behind the link.
        target: PathBuf,
    },
    /// A given path does not lie in the repository whose files are asked for.
    OutsideRepository {
        /// The path as given.
        path: PathBuf,
        /// The folder of the repository.
        repository: PathBuf,
    },
    /// What is to be left out of a directory cannot be told.
    IgnoreFile {
        /// The ignore file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The operating system did not let us look.
    Io {
        /// The path as it would be shown.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Problem {
    /// The path that the problem is about, as it is to be shown.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Problem::NotFound { path }
            | Problem::NotRegular { path, .. }
            | Problem::OutsideRoots { path, .. }
            | Problem::OutsideRepository { path, .. }
            | Problem::IgnoreFile { path, .. }
            | Problem::Io { path, .. } => path,
        }
    }

    fn io(path: &Path, source: io::Error) -> Problem {
        let path = path.to_path_buf();
        if source.kind() == io::ErrorKind::NotFound {
            Problem::NotFound { path }
        } else {
            Problem::Io { path, source }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NotFound { .. } => f.write_str("no such file or directory"),
            Problem::NotRegular { kind, .. } => {
                write!(f, "is {kind}; only files and directories can be checked")
            }
            Problem::OutsideRoots { target, .. } => write!(
                f,
                "is a symbolic link to {}, which lies outside of the paths given; \
                 give that path instead to have it checked",
                target.display()
            ),
            Problem::OutsideRepository { repository, .. } => write!(
                f,
                "lies outside of the repository {}; run in the repository that it belongs to",
                repository.display()
            ),
            Problem::IgnoreFile { source, .. } => write!(
                f,
                "cannot be read: {source}; what it leaves out cannot be told, so nothing below \
                 its directory was looked at; correct it, or heed no such file with --no-ignore"
            ),
            Problem::Io { source, .. } => write!(f, "cannot be looked at: {source}"),
        }
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Problem::IgnoreFile { source, .. } | Problem::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// An include or exclude glob that has no meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobError {
    glob: String,
    reason: String,
}

impl GlobError {
    fn new(glob: &str, reason: impl fmt::Display) -> GlobError {
        GlobError {
            glob: glob.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// The glob, as given.
    #[must_use]
    pub fn glob(&self) -> &str {
        &self.glob
    }
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid glob `{}`: {}", self.glob, self.reason)
    }
}

impl std::error::Error for GlobError {}

/// A [`Selection`] whose globs are known to be valid.
#[derive(Clone, Debug)]
pub struct Walk {
    selection: Selection,
    filter: Arc<Filter>,
    threads: usize,
}

impl Walk {
    /// Compiles the globs of a selection. No file is looked at.
    ///
    /// # Errors
    ///
    /// The first glob that is empty, negated, or not valid.
    pub fn new(selection: Selection) -> Result<Walk, GlobError> {
        let include = if selection.include.globs.is_empty() {
            Globs::new(DEFAULT_INCLUDE, Role::Include)?
        } else {
            Globs::of(&selection.include, Role::Include)?
        };
        let exclude = Globs::of(&selection.exclude, Role::Exclude)?;
        let cwd = std::env::current_dir().ok();
        let threads = match selection.threads {
            0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
            n => n,
        };
        Ok(Walk {
            selection,
            filter: Arc::new(Filter {
                include,
                exclude,
                cwd,
            }),
            threads: threads.min(MAX_THREADS),
        })
    }

    /// Calls `on` once for each file to look at, each repository that is walked, and each path
    /// that could not be visited. It is called from several threads at once and in no
    /// particular order, but that a repository comes before what it holds; whoever needs an
    /// order sorts by [`Target::path`] and [`Problem::path`]. Once it has said to break off,
    /// each thread ends after what it has in hand.
    ///
    /// A panic in `on` is handed on to the caller.
    pub fn visit(&self, on: &Visitor<'_>) {
        let roots = self.resolve(&mut |problem| {
            // There is nothing to break off yet.
            let _ = on(Found::Problem(problem));
        });
        let nested = Arc::new(roots.nested());
        let (repositories, others): (Vec<Root>, Vec<Root>) = roots
            .directories
            .into_iter()
            .partition(|root| in_repository(&root.canonical));
        if self.visit_files(&roots.files, on).is_continue()
            && self
                .visit_directories(&repositories, true, &nested, on)
                .is_continue()
        {
            let _ = self.visit_directories(&others, false, &nested, on);
        }
    }

    /// Whether a visit would come to a file, asked of canonical paths: of files that somebody
    /// else has listed, below a folder (a canonical path, too). Ignore files have no say, and
    /// the file need not be there.
    ///
    /// A path that could not be visited is handed to `on`, and so is one that has nothing to
    /// do with the folder: it would hold no such file whatever is in it.
    pub fn takes(&self, folder: &Path, on: &mut dyn FnMut(Problem)) -> impl Fn(&Path) -> bool + '_ {
        let mut roots = Vec::new();
        for path in &self.selection.paths {
            match Root::new(path) {
                Ok(root) if self.excludes(&root) => {}
                Ok(root)
                    if root.canonical.starts_with(folder)
                        || folder.starts_with(&root.canonical) =>
                {
                    roots.push(root);
                }
                Ok(_) => on(Problem::OutsideRepository {
                    path: path.clone(),
                    repository: folder.to_path_buf(),
                }),
                Err(problem) => on(problem),
            }
        }
        move |file| roots.iter().any(|root| self.leads_to(root, file))
    }

    fn leads_to(&self, root: &Root, file: &Path) -> bool {
        if !root.directory {
            return root.canonical == file && self.has_part(&root.shown);
        }
        let Ok(relative) = file.strip_prefix(&root.canonical) else {
            return false;
        };
        let wholes = self.filter.wholes(&root.shown, &root.canonical);
        let parts = relative.ancestors().enumerate();
        let mut parts = parts.filter_map(|(up, part)| Some((up > 0, part, part.file_name()?)));
        parts.all(|(is_directory, part, name)| {
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            let shown = root.shown.join(part);
            (self.selection.hidden || !is_hidden)
                && !is_passed_over(name, is_directory)
                && self.filter.admits_path(part, &shown, is_directory, &wholes)
        }) && self.has_part(relative)
    }

    /// Sorts the given paths into files and directories, each of them once.
    fn resolve(&self, on: &mut dyn FnMut(Problem)) -> Roots {
        let mut given = Vec::new();
        for path in &self.selection.paths {
            match Root::new(path) {
                Ok(root) if self.excludes(&root) => {}
                Ok(root) => given.push(root),
                Err(problem) => on(problem),
            }
        }
        let allowed: HashSet<PathBuf> = given.iter().map(|root| root.allows.clone()).collect();
        given.retain(|root| {
            let inside = root.canonical.ancestors().any(|a| allowed.contains(a));
            if !inside {
                on(Problem::OutsideRoots {
                    path: root.shown.clone(),
                    target: root.canonical.clone(),
                });
            }
            inside
        });
        // Stable: of several names, the first that is not a link is kept.
        given.sort_by_key(|root| root.link);
        let mut seen = HashSet::with_capacity(given.len());
        given.retain(|root| seen.insert(root.canonical.clone()));
        let (directories, files) = given.into_iter().partition(|root| root.directory);
        Roots { directories, files }
    }

    fn excludes(&self, root: &Root) -> bool {
        self.selection.force_exclude && self.filter.excludes_given(root)
    }

    fn visit_files(&self, files: &[Root], on: &Visitor<'_>) -> ControlFlow<()> {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if self.has_part(&file.shown) && on(Found::File(file.target())).is_break() {
                    next.store(files.len(), Ordering::Relaxed);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.min(files.len()))
                // If there is no thread to be had, the work is done by the others.
                .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let mut ended = work();
            for other in others {
                match other.join() {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(broken) => ended = broken,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            ended
        })
    }

    /// Whether a path belongs to the part that is asked for.
    fn has_part(&self, path: &Path) -> bool {
        let partition = self.selection.partition;
        partition.is_none_or(|partition| partition.has(path))
    }

    fn visit_directories(
        &self,
        roots: &[Root],
        require_git: bool,
        nested: &Arc<HashSet<PathBuf>>,
        on: &Visitor<'_>,
    ) -> ControlFlow<()> {
        if roots.is_empty() {
            return ControlFlow::Continue(());
        }
        let heeds = !self.selection.no_ignore;
        let usable = |root: &&Root| {
            let problem = heeds.then(|| unusable_around(root)).flatten();
            problem.is_none_or(|problem| {
                // There is nothing to break off yet.
                let _ = on(Found::Problem(problem));
                false
            })
        };
        let roots: Vec<&Root> = roots.iter().filter(usable).collect();
        if roots.is_empty() {
            return ControlFlow::Continue(());
        }
        let threads = match affordable_threads(self.threads) {
            Ok(threads) => threads,
            Err(error) => {
                for root in roots {
                    let source = io::Error::new(error.kind(), error.to_string());
                    let path = walkable(&root.shown);
                    on(Found::Problem(Problem::Io { path, source }))?;
                }
                return ControlFlow::Continue(());
            }
        };
        let problems = Arc::new(Mutex::new(Vec::new()));
        let mut builder = WalkBuilder::empty();
        let mut wholes = HashMap::with_capacity(roots.len());
        for root in roots {
            let walked = walkable(&root.shown);
            builder.add(&walked);
            wholes.insert(walked, self.filter.wholes(&root.shown, &root.canonical));
        }
        let (filter, nested) = (Arc::clone(&self.filter), Arc::clone(nested));
        let repositories: Arc<RwLock<HashSet<PathBuf>>> = Arc::default();
        let (told, seen) = (Arc::clone(&problems), Arc::clone(&repositories));
        // Asked once for each directory: in a large tree, each further question shows.
        let is_usable = move |entry: &DirEntry| {
            if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return true;
            }
            let git = kind_of_git(entry.path());
            // A poisoned lock would mean a panic in `insert`.
            if let (Some(_), Ok(mut seen)) = (git, seen.write()) {
                seen.insert(entry.path().to_path_buf());
            }
            let problem = heeds.then(|| unusable_in(entry.path(), git)).flatten();
            let Some(problem) = problem else {
                return true;
            };
            // A poisoned lock would mean a panic in `push`.
            if let Ok(mut told) = told.lock() {
                told.push(problem);
            }
            false
        };
        builder
            .threads(threads)
            .standard_filters(!self.selection.no_ignore)
            .hidden(!self.selection.hidden)
            .require_git(require_git)
            .filter_entry(move |entry| filter.admits(entry, &nested, &wholes) && is_usable(entry));
        let whole = RwLock::default();
        let is_broken = AtomicBool::new(false);
        builder.build_parallel().run(|| {
            Box::new(|entry| {
                let found = match entry {
                    Ok(entry) => match self.found(&entry, &repositories, &whole) {
                        Ok(found) => found,
                        Err(state) => return state,
                    },
                    Err(error) => walk_problem(error).map(Found::Problem),
                };
                match found.map(on) {
                    Some(ControlFlow::Break(())) => {
                        is_broken.store(true, Ordering::Relaxed);
                        WalkState::Quit
                    }
                    _ => WalkState::Continue,
                }
            })
        });
        let problems = problems
            .lock()
            .map(|mut problems| std::mem::take(&mut *problems));
        for problem in problems.unwrap_or_default() {
            on(Found::Problem(problem))?;
        }
        if is_broken.into_inner() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// What there is to tell about an entry, or how the walk goes on without. `repositories`
    /// has those that were met below a root; `whole` takes those of the part, and is asked for
    /// those that hold a file.
    fn found(
        &self,
        entry: &DirEntry,
        repositories: &RwLock<HashSet<PathBuf>>,
        whole: &RwLock<HashSet<PathBuf>>,
    ) -> Result<Option<Found>, WalkState> {
        let path = entry.path();
        let below = |path: &Path| {
            let names = path.components().rev().take(entry.depth());
            names
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<PathBuf>()
        };
        let is_whole = || {
            let above = path.ancestors().skip(1).take(entry.depth());
            // A poisoned lock would mean a panic in `insert`.
            whole
                .read()
                .is_ok_and(|whole| { above }.any(|above| whole.contains(above)))
        };
        let is_repository = || match entry.depth() {
            0 => kind_of_git(path).is_some(),
            // A poisoned lock would mean a panic in `insert`.
            _ => repositories.read().is_ok_and(|seen| seen.contains(path)),
        };
        let splits = self.selection.partition.is_some();
        match entry.file_type() {
            Some(kind) if kind.is_file() => {
                if splits && !self.has_part(&below(path)) && !is_whole() {
                    return Ok(None);
                }
                let path = undotted(path).to_path_buf();
                let real = path.clone();
                Ok(Some(Found::File(Target { path, real })))
            }
            Some(kind) if kind.is_dir() && is_repository() => {
                if splits && entry.depth() > 0 && !is_whole() {
                    if !self.has_part(&below(path)) {
                        return Err(WalkState::Skip);
                    }
                    if let Ok(mut whole) = whole.write() {
                        whole.insert(path.to_path_buf());
                    }
                }
                Ok(Some(Found::Repository(undotted(path).to_path_buf())))
            }
            _ => Ok(None),
        }
    }
}

/// A given path that exists and is a file or a directory.
#[derive(Debug)]
struct Root {
    /// The path to show; empty for the working directory.
    shown: PathBuf,
    canonical: PathBuf,
    /// The canonical directory that this root allows links to lead into.
    allows: PathBuf,
    directory: bool,
    /// Whether the path itself is a symbolic link.
    link: bool,
}

impl Root {
    fn new(path: &Path) -> Result<Root, Problem> {
        let shown = tidy(path);
        let problem = |error| Problem::io(path, error);
        let kind = fs::metadata(path).map_err(problem)?.file_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(Problem::NotRegular {
                path: path.to_path_buf(),
                kind: kind_name(kind),
            });
        }
        let canonical = fs::canonicalize(path).map_err(problem)?;
        let link = fs::symlink_metadata(walkable(&shown))
            .map_err(problem)?
            .is_symlink();
        let allows = match (link, kind.is_dir(), canonical.parent()) {
            (false, true, _) => canonical.clone(),
            (false, false, Some(parent)) => parent.to_path_buf(),
            _ => {
                let parent = shown.parent().unwrap_or(Path::new(""));
                fs::canonicalize(walkable(parent)).map_err(problem)?
            }
        };
        Ok(Root {
            shown,
            canonical,
            allows,
            directory: kind.is_dir(),
            link,
        })
    }

    fn target(&self) -> Target {
        Target {
            path: self.shown.clone(),
            real: if self.link {
                self.canonical.clone()
            } else {
                self.shown.clone()
            },
        }
    }
}

/// The given paths, no two of them the same.
struct Roots {
    directories: Vec<Root>,
    files: Vec<Root>,
}

impl Roots {
    /// The paths, as a walk shows them, that a walk must leave out since they are
    /// handled on their own.
    fn nested(&self) -> HashSet<PathBuf> {
        let shown: HashMap<&Path, &Path> = self
            .directories
            .iter()
            .map(|root| (root.canonical.as_path(), root.shown.as_path()))
            .collect();
        let mut nested = HashSet::new();
        for root in self.directories.iter().chain(&self.files) {
            // The nearest directory is enough: the ones around it do not enter that one.
            for outer in root.canonical.ancestors().skip(1) {
                if let (Some(shown), Ok(rest)) =
                    (shown.get(outer), root.canonical.strip_prefix(outer))
                {
                    nested.insert(shown.join(rest));
                    break;
                }
            }
        }
        nested
    }
}

/// The rules for what a walk takes.
#[derive(Debug)]
struct Filter {
    include: Globs,
    exclude: Globs,
    /// Paths below the working directory are matched relative to it, even if they are
    /// given as absolute ones.
    cwd: Option<PathBuf>,
}

impl Filter {
    /// Whether a walk enters this directory, or takes this file.
    ///
    /// `wholes` has [`Filter::wholes`] of each root that is walked.
    fn admits(
        &self,
        entry: &DirEntry,
        nested: &HashSet<PathBuf>,
        wholes: &HashMap<PathBuf, Vec<PathBuf>>,
    ) -> bool {
        let Some(kind) = entry.file_type() else {
            return false;
        };
        let name = entry.file_name();
        if !(kind.is_file() || kind.is_dir()) {
            return false;
        }
        if is_passed_over(name, kind.is_dir()) && (name != "cdk.out" || entry.depth() > 0) {
            return false;
        }
        let shown = undotted(entry.path());
        if nested.contains(shown) {
            return false;
        }
        // Most globs ask for nothing but names, and taking a path apart takes longer than
        // matching them: a walk does it for everything that there is.
        if self.include.only_names && self.exclude.only_names && entry.depth() > 0 {
            let name = Path::new(name);
            return self.admits_path(name, name, kind.is_dir(), &[]);
        }
        let root = entry.path().ancestors().nth(entry.depth());
        let relative = root
            .and_then(|root| entry.path().strip_prefix(root).ok())
            .unwrap_or(shown);
        let wholes = root.and_then(|root| wholes.get(root));
        let wholes = wholes.map_or(&[][..], Vec::as_slice);
        self.admits_path(relative, shown, kind.is_dir(), wholes)
    }

    /// What the globs say of a file or a directory, by its path from the root of a walk and
    /// the one that is shown.
    fn admits_path(
        &self,
        relative: &Path,
        shown: &Path,
        is_directory: bool,
        wholes: &[PathBuf],
    ) -> bool {
        let matches = |globs: &Globs| match &globs.base {
            _ if globs.rules.is_empty() => false,
            _ if globs.only_names => globs.match_path(relative, is_directory),
            None => self.matches(globs, relative, shown, is_directory),
            Some(base) => wholes
                .iter()
                .any(|root| globs.match_below(base, &root.join(relative), is_directory)),
        };
        !matches(&self.exclude) && (is_directory || matches(&self.include))
    }

    /// The absolute paths by which globs that have a base know a path: the one that is
    /// named, and the one behind all links. None where no glob has a base.
    fn wholes(&self, shown: &Path, canonical: &Path) -> Vec<PathBuf> {
        if self.include.base.is_none() && self.exclude.base.is_none() {
            return Vec::new();
        }
        wholes(self.cwd.as_deref(), shown, Some(canonical.to_path_buf()))
    }

    /// Whether an exclude glob matches a given path or a directory that it lies in.
    fn excludes_given(&self, root: &Root) -> bool {
        match &self.exclude.base {
            None => self.excludes_shown(&root.shown, root.directory),
            Some(base) => self
                .wholes(&root.shown, &root.canonical)
                .iter()
                .any(|path| self.exclude.cover(base, path, root.directory)),
        }
    }

    /// The same for globs of the command line and the path as it is shown.
    fn excludes_shown(&self, shown: &Path, directory: bool) -> bool {
        let base = self.cwd.as_deref().filter(|cwd| shown.starts_with(cwd));
        shown
            .ancestors()
            .take_while(|path| Some(*path) != base && path.file_name().is_some())
            .enumerate()
            .any(|(up, path)| {
                // An absolute path outside of the working directory has no root that it
                // could be relative to, so all of it counts.
                let relative = match base {
                    None if path.is_absolute() => unrooted(path),
                    _ => path.to_path_buf(),
                };
                self.matches(&self.exclude, &relative, path, directory || up > 0)
            })
    }

    fn matches(&self, globs: &Globs, relative: &Path, shown: &Path, directory: bool) -> bool {
        if globs.match_path(relative, directory) {
            return true;
        }
        if relative != shown && globs.match_path(shown, directory) {
            return true;
        }
        match &self.cwd {
            Some(cwd) if shown.is_absolute() => shown
                .strip_prefix(cwd)
                .is_ok_and(|path| globs.match_path(path, directory)),
            _ => false,
        }
    }
}

/// Globs with which single files are picked: see the [module documentation](self).
#[derive(Clone, Debug)]
pub struct Cover {
    globs: Arc<Globs>,
    base: PathBuf,
    cwd: Option<PathBuf>,
}

impl Cover {
    /// Compiles the globs. Those without a base are relative to the working directory.
    ///
    /// # Errors
    /// The first glob that is empty, negated, or not valid.
    pub fn new(patterns: &Patterns) -> Result<Cover, GlobError> {
        let cwd = std::env::current_dir().ok();
        let base = patterns.base.clone().or_else(|| cwd.clone());
        Ok(Cover {
            globs: Arc::new(Globs::of(patterns, Role::Exclude)?),
            base: base.unwrap_or_default(),
            cwd,
        })
    }

    /// Whether one of the globs matches a file or a directory that it lies in, by its path
    /// as it is named or by its own, behind all links. The file need not exist.
    #[must_use]
    pub fn has(&self, path: &Path, real: &Path) -> bool {
        wholes(self.cwd.as_deref(), path, fs::canonicalize(real).ok())
            .iter()
            .any(|path| self.globs.cover(&self.base, path, false))
    }
}

/// Checks a glob without keeping it.
///
/// # Errors
/// Where it is empty, negated, or not valid.
pub fn check_glob(glob: &str) -> Result<(), GlobError> {
    Globs::new(&[glob], Role::Exclude).map(|_| ())
}

/// A path as an absolute one, as it is named and as it is behind all links, each once.
fn wholes(cwd: Option<&Path>, path: &Path, canonical: Option<PathBuf>) -> Vec<PathBuf> {
    let mut named = PathBuf::new();
    for part in cwd.unwrap_or(Path::new("")).join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                named.pop();
            }
            part => named.push(part),
        }
    }
    let mut wholes = vec![named];
    if let Some(canonical) = canonical
        && !wholes.contains(&canonical)
    {
        wholes.push(canonical);
    }
    wholes
}

/// What a set of globs is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Include,
    Exclude,
}

/// A set of globs, all of which are matched at once.
#[derive(Debug)]
struct Globs {
    set: GlobSet,
    /// What is to be known about each pattern in `set`, by its index.
    rules: Vec<Rule>,
    /// Whether a name, or the end of a path, tells what matches: no glob has a `/`.
    only_names: bool,
    /// See [`Patterns::base`].
    base: Option<PathBuf>,
}

#[derive(Debug)]
struct Rule {
    /// Matches directories only.
    directory: bool,
    /// Matches absolute paths only; the others match relative paths only. Otherwise
    /// `**/build/**` would leave out all of `/home/me/build/project`.
    absolute: bool,
    /// Matches a name, wherever it is.
    name: bool,
}

impl Globs {
    fn of(patterns: &Patterns, role: Role) -> Result<Globs, GlobError> {
        Ok(Globs {
            base: patterns.base.clone(),
            ..Globs::new(&patterns.globs, role)?
        })
    }

    fn new<S: AsRef<str>>(globs: &[S], role: Role) -> Result<Globs, GlobError> {
        let mut set = GlobSetBuilder::new();
        let mut rules = Vec::new();
        let mut only_names = true;
        for given in globs {
            let given = given.as_ref();
            if given.starts_with('!') {
                return Err(GlobError::new(given, "a glob cannot be negated with `!`"));
            }
            let mut body = given.trim_end_matches('/');
            let below = body.len() < given.len();
            let whole_path = body.contains('/');
            only_names &= !(whole_path || below && role == Role::Include);
            while let Some(rest) = body.strip_prefix("./") {
                body = rest;
            }
            if body.is_empty() || body == "." {
                return Err(GlobError::new(given, "it can match no path"));
            }
            let absolute = Path::new(body).is_absolute();
            let relative = match body.strip_prefix('/') {
                Some(rest) => Some(rest.to_owned()),
                None if absolute => None,
                None if whole_path => Some(body.to_owned()),
                None => Some(format!("**/{body}")),
            };
            let patterns = relative
                .map(|pattern| (pattern, false))
                .into_iter()
                .chain(absolute.then(|| (body.to_owned(), true)));
            for (mut pattern, absolute) in patterns {
                if below && role == Role::Include {
                    pattern.push_str("/**");
                }
                let glob = GlobBuilder::new(&pattern)
                    .literal_separator(true)
                    .empty_alternates(true)
                    .build()
                    .map_err(|error| GlobError::new(given, error.kind()))?;
                set.add(glob);
                rules.push(Rule {
                    directory: below && role == Role::Exclude,
                    absolute,
                    name: !whole_path,
                });
            }
        }
        let set = set.build().map_err(|error| {
            GlobError::new(error.glob().unwrap_or("(all of them)"), error.kind())
        })?;
        Ok(Globs {
            set,
            only_names,
            rules,
            base: None,
        })
    }

    /// Whether a glob that is relative to `base` matches an absolute path.
    fn match_below(&self, base: &Path, path: &Path, directory: bool) -> bool {
        let is_matched = if let Ok(relative) = path.strip_prefix(base) {
            self.match_path(relative, directory)
        } else {
            let matched = self.set.matches(unrooted(path));
            let mut rules = matched
                .into_iter()
                .filter_map(|index| self.rules.get(index));
            rules.any(|rule| rule.name && (directory || !rule.directory))
        };
        is_matched || self.match_path(path, directory)
    }

    /// The same for the path or a directory that it lies in; not for `base` and those
    /// around it.
    fn cover(&self, base: &Path, path: &Path, directory: bool) -> bool {
        path.ancestors()
            .take_while(|path| *path != base && path.file_name().is_some())
            .enumerate()
            .any(|(up, path)| self.match_below(base, path, directory || up > 0))
    }

    fn match_path(&self, path: &Path, directory: bool) -> bool {
        self.set.matches(path).into_iter().any(|index| {
            self.rules.get(index).is_some_and(|rule| {
                rule.absolute == path.is_absolute() && (directory || !rule.directory)
            })
        })
    }
}

/// A given path as it is shown: without `.` parts and doubled or trailing separators. It
/// means the same to the operating system, except that an empty one stands for `.`.
fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}

/// The path to hand to the operating system and to the walker for one that is shown. A
/// message names the working directory this way too, since an empty path says nothing.
fn walkable(shown: &Path) -> PathBuf {
    if shown.as_os_str().is_empty() {
        PathBuf::from(".")
    } else if shown == Path::new("-") {
        // The walker takes a bare dash for standard input.
        PathBuf::from("./-")
    } else {
        shown.to_path_buf()
    }
}

/// The path without what makes it absolute.
fn unrooted(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .collect()
}

/// The path without a leading `./`.
fn undotted(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

/// Whether a walk passes over what has this name, whatever the options say.
fn is_passed_over(name: &OsStr, is_directory: bool) -> bool {
    name == ".git" || is_temporary(name) || is_directory && name == "cdk.out"
}

/// Whether a name is that of a file which is being written beside the one it will
/// replace. A walk with `--hidden` and a wide include glob could meet it.
fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".immutag-") && name.ends_with(b".tmp")
}

/// The files in a folder that were being written when the process was killed, or are just
/// now, in order. None of a folder that cannot be read.
#[must_use]
pub fn temporary_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(walkable(folder))
        .into_iter()
        .flatten()
        .flatten();
    let temporary = entries.filter(|entry| is_temporary(&entry.file_name()));
    let mut files: Vec<_> = temporary
        .map(|entry| folder.join(entry.file_name()))
        .collect();
    files.sort();
    files
}

/// Whether a file has one of the names that [`DEFAULT_INCLUDE`] takes.
#[must_use]
pub fn is_named_as_template(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    let mut suffixes = DEFAULT_INCLUDE
        .iter()
        .map(|glob| glob.trim_start_matches('*'));
    suffixes.any(|suffix| name.ends_with(suffix.as_bytes()))
}

/// Whether a directory lies in a git (or Jujutsu) repository.
fn in_repository(canonical: &Path) -> bool {
    canonical
        .ancestors()
        .any(|directory| directory.join(".git").exists() || directory.join(".jj").exists())
}

/// What is wrong with the ignore files of a directory, if anything is: the files that the
/// walker reads for it, which waits for a pipe without end and passes over what it cannot
/// read.
///
/// `git` has [`kind_of_git`] of the directory.
fn unusable_in(directory: &Path, git: Option<FileType>) -> Option<Problem> {
    let of = |names: &[&str]| {
        let paths = names.iter().map(|name| directory.join(name));
        { paths }.find_map(|path| content(&path).err())
    };
    of(&[".ignore", ".gitignore"]).or_else(|| match git? {
        kind if kind.is_dir() => of(&[".git/info/exclude"]),
        kind if kind.is_file() => unusable_of_worktree(&directory.join(".git")).err(),
        _ => None,
    })
}

/// What the `.git` of a directory is, if there is one.
fn kind_of_git(directory: &Path) -> Option<FileType> {
    let git = fs::metadata(directory.join(".git"));
    git.ok().map(|git| git.file_type())
}

/// The same for a directory whose `.git` is a file, which leads to the repository.
fn unusable_of_worktree(git: &Path) -> Result<(), Problem> {
    let line = |path: &Path| {
        let text = content(path)?.unwrap_or_default();
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let pointer = line(git)?;
    let Some(folder) = pointer.strip_prefix("gitdir: ").map(Path::new) else {
        return Ok(());
    };
    let common = folder.join(line(&folder.join("commondir"))?);
    content(&common.join("info/exclude")).map(|_| ())
}

/// What is wrong with the ignore files of a directory that is to be walked, and of those
/// around it. What is above a repository does not count in it, but is read nevertheless.
fn unusable_around(root: &Root) -> Option<Problem> {
    let git = kind_of_git(&root.canonical);
    if let Some(problem) = unusable_in(&walkable(&root.shown), git) {
        return Some(problem);
    }
    let mut is_outside = git.is_some();
    root.canonical.ancestors().skip(1).find_map(|directory| {
        let git = kind_of_git(directory);
        let problem = unusable_in(directory, git).filter(|problem| match problem {
            Problem::IgnoreFile { source, .. } => {
                let would_stop = [io::ErrorKind::Unsupported, io::ErrorKind::FileTooLarge];
                !is_outside || would_stop.contains(&source.kind())
            }
            _ => true,
        });
        is_outside |= git.is_some();
        problem
    })
}

/// What an ignore file says; None where there is none, or a directory. One in a directory
/// that may not be entered is not looked for: whatever else is in there is told.
fn content(path: &Path) -> Result<Option<String>, Problem> {
    let absent = [
        io::ErrorKind::NotFound,
        io::ErrorKind::NotADirectory,
        io::ErrorKind::PermissionDenied,
    ];
    let source = match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_dir() => return Ok(None),
        Ok(_) => match bounded::text(path) {
            Ok(text) => return Ok(Some(text)),
            Err(error) => error,
        },
        Err(error) if absent.contains(&error.kind()) => return Ok(None),
        Err(error) => error,
    };
    let path = undotted(path).to_path_buf();
    Err(Problem::IgnoreFile { path, source })
}

/// How many file descriptors a thread may have open at once, with room to spare: those of a
/// directory and of an ignore file, in two walks where one counts ahead, of a file and of what
/// replaces it.
const DESCRIPTORS: u64 = 8;

/// How many of the threads there are file descriptors for. The walker passes over an ignore
/// file for which it has none, and would then take what is to be left out.
///
/// # Errors
/// Where there are too few for one.
#[cfg(unix)]
fn affordable_threads(threads: usize) -> io::Result<usize> {
    use rustix::io::Errno;
    use rustix::process::{Resource, getrlimit};
    /// What is open beside the walk: streams, a terminal, git.
    const OTHERS: u64 = 8;
    let Some(most) = getrlimit(Resource::Nofile).current else {
        return Ok(threads);
    };
    let affordable = most.saturating_sub(OTHERS) / DESCRIPTORS;
    if affordable == 0 {
        return Err(Errno::MFILE.into());
    }
    Ok(threads.min(usize::try_from(affordable).unwrap_or(threads)))
}

/// Other systems have no such limit, or one that is out of reach.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "other systems have a limit")]
fn affordable_threads(threads: usize) -> io::Result<usize> {
    Ok(threads)
}

/// What is wrong with a path met in a walk. Errors that are not about I/O come from lines
/// in ignore files and are passed over.
fn walk_problem(error: ignore::Error) -> Option<Problem> {
    let path = error_path(&error).map(undotted).map(walkable);
    let source = error.into_io_error()?;
    Some(Problem::Io {
        path: path.unwrap_or_default(),
        source,
    })
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            error_path(err)
        }
        _ => None,
    }
}

#[cfg(unix)]
fn kind_name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "not a regular file"
    }
}

#[cfg(not(unix))]
fn kind_name(_: FileType) -> &'static str {
    "not a regular file"
}

#[cfg(all(test, unix))]
#[allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and is to fail if it cannot"
)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;
    use std::sync::Mutex;
    use tempfile::TempDir;

    /// A directory with files in it.
    struct Tree {
        root: PathBuf,
        _directory: TempDir,
    }

    impl Tree {
        fn new(files: &[&str]) -> Tree {
            let directory = tempfile::tempdir().unwrap();
            let tree = Tree {
                root: fs::canonicalize(directory.path()).unwrap(),
                _directory: directory,
            };
            for file in files {
                tree.file(file, "");
            }
            tree
        }

        fn path(&self, name: &str) -> PathBuf {
            self.root.join(name)
        }

        fn file(&self, name: &str, contents: &str) {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }

        fn link(&self, target: &str, name: &str) {
            symlink(target, self.path(name)).unwrap();
        }

        /// A selection of paths of this tree.
        fn select(&self, paths: &[&str]) -> Selection {
            Selection {
                paths: paths.iter().map(|name| self.path(name)).collect(),
                ..Selection::default()
            }
        }

        /// What a visit finds, one line each, sorted, relative to this tree. The file
        /// behind a link follows an arrow, and a problem follows a colon.
        fn visit(&self, selection: Selection) -> Vec<String> {
            let here = format!("{}/", self.root.display());
            let mut lines: Vec<String> = visit(selection)
                .into_iter()
                .map(|result| match result {
                    Ok(target) if target.path == target.real => target.path.display().to_string(),
                    Ok(Target { path, real }) => {
                        format!("{} -> {}", path.display(), real.display())
                    }
                    Err(problem) => format!("{}: {problem}", problem.path().display()),
                })
                .map(|line| line.replace(&here, ""))
                .collect();
            lines.sort();
            lines
        }

        fn visit_paths(&self, paths: &[&str]) -> Vec<String> {
            self.visit(self.select(paths))
        }
    }

    fn visit(selection: Selection) -> Vec<Result<Target, Problem>> {
        let results = Mutex::new(Vec::new());
        let walk = Walk::new(selection).unwrap();
        walk.visit(&|found| {
            let result = match found {
                Found::File(target) => Ok(target),
                Found::Problem(problem) => Err(problem),
                Found::Repository(_) => return ControlFlow::Continue(()),
            };
            results.lock().unwrap().push(result);
            ControlFlow::Continue(())
        });
        results.into_inner().unwrap()
    }

    fn owned(globs: &[&str]) -> Patterns {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        Patterns::from(globs)
    }

    /// Globs that are relative to a folder of a tree.
    fn below(tree: &Tree, base: &str, globs: &[&str]) -> Patterns {
        Patterns {
            base: Some(tree.root.join(base).components().collect()),
            ..owned(globs)
        }
    }

    /// The path from the working directory to an absolute one.
    fn from_cwd(path: &Path) -> PathBuf {
        let cwd = std::env::current_dir().unwrap();
        let mut relative: PathBuf = cwd.components().skip(1).map(|_| "..").collect();
        relative.push(path.strip_prefix("/").unwrap());
        relative
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn a_walk_takes_what_is_included() {
        let tree = Tree::new(&[
            "a.yaml",
            "b/c.yml",
            "b/d.json",
            "e.template",
            "f.txt",
            "yaml",
        ]);
        let all = ["a.yaml", "b/c.yml", "b/d.json", "e.template"];
        assert_eq!(tree.visit_paths(&[""]), all);
        let include = |globs: &[&str]| {
            tree.visit(Selection {
                include: owned(globs),
                ..tree.select(&[""])
            })
        };
        assert_eq!(include(&["*.txt", "*.yml"]), ["b/c.yml", "f.txt"]);
        assert_eq!(include(&["b/*.yml"]), ["b/c.yml"]);
        assert_eq!(include(&["/*.yaml"]), ["a.yaml"]);
        assert_eq!(include(&["./*.y{,a}ml"]), ["a.yaml"]);
        assert_eq!(include(&["b/"]), ["b/c.yml", "b/d.json"]);
        assert_eq!(include(&["*.YAML"]), NOTHING);
    }

    #[test]
    fn a_file_that_is_named_is_taken_in_spite_of_the_rules() {
        let tree = Tree::new(&["f.txt", "ignored.yaml", ".hidden.yaml", "x/old.yaml"]);
        tree.file(".gitignore", "ignored.yaml\n");
        let names = [".hidden.yaml", "f.txt", "ignored.yaml", "x/old.yaml"];
        let mut selection = tree.select(&names);
        selection.exclude = owned(&["old.yaml", "x"]);
        assert_eq!(tree.visit(selection.clone()), names);
        selection.force_exclude = true;
        assert_eq!(
            tree.visit(selection),
            [".hidden.yaml", "f.txt", "ignored.yaml"]
        );
    }

    #[test]
    fn ignore_files_count_without_a_repository_and_hidden_files_are_skipped() {
        let tree = Tree::new(&[
            "a.yaml",
            "b.yaml",
            "c.yaml",
            "out/d.yaml",
            ".h.yaml",
            ".h/e.yaml",
        ]);
        tree.file(".gitignore", "b.yaml\nout/\n[\n");
        tree.file(".ignore", "c.yaml\n");
        assert_eq!(tree.visit_paths(&[""]), ["a.yaml"]);
        let no_ignore = Selection {
            no_ignore: true,
            ..tree.select(&[""])
        };
        assert_eq!(
            tree.visit(no_ignore),
            ["a.yaml", "b.yaml", "c.yaml", "out/d.yaml"]
        );
        let hidden = Selection {
            hidden: true,
            ..tree.select(&[""])
        };
        assert_eq!(tree.visit(hidden), [".h.yaml", ".h/e.yaml", "a.yaml"]);
        // What is named is walked in spite of it.
        assert_eq!(
            tree.visit_paths(&["out", ".h"]),
            [".h/e.yaml", "out/d.yaml"]
        );
    }

    #[test]
    fn what_the_cdk_synthesizes_is_passed_over_unless_named() {
        let tree = Tree::new(&["cdk.out/a.json", "x/cdk.out/b.json", "cdk.out.yaml"]);
        assert_eq!(tree.visit_paths(&[""]), ["cdk.out.yaml"]);
        assert_eq!(tree.visit_paths(&["cdk.out"]), ["cdk.out/a.json"]);
        let named = ["x/cdk.out/b.json"];
        assert_eq!(tree.visit_paths(&named), named);
    }

    #[test]
    fn ignore_files_above_the_root_count() {
        let tree = Tree::new(&["sub/a.yaml", "sub/b.yaml", "sub/deep/c.yaml"]);
        tree.file(".gitignore", "b.yaml\n/sub/deep\n");
        assert_eq!(tree.visit_paths(&["sub"]), ["sub/a.yaml"]);
    }

    #[test]
    fn a_gitignore_above_a_repository_does_not_reach_into_it() {
        let tree = Tree::new(&["clone/.git/HEAD", "clone/a.yaml", "clone/b.yaml", "c.yaml"]);
        tree.file(".gitignore", "*\n");
        tree.file("clone/.gitignore", "b.yaml\n");
        assert_eq!(tree.visit_paths(&["clone"]), ["clone/a.yaml"]);
        assert_eq!(tree.visit_paths(&["clone", ""]), ["clone/a.yaml"]);
        assert_eq!(tree.visit_paths(&[""]), NOTHING);
    }

    #[test]
    fn a_git_directory_is_never_entered() {
        let tree = Tree::new(&[".git/a.yaml", "sub/.git/b.yaml", "c.yaml"]);
        let selection = Selection {
            hidden: true,
            no_ignore: true,
            include: owned(&["*"]),
            ..tree.select(&[""])
        };
        assert_eq!(tree.visit(selection), ["c.yaml"]);
    }

    #[test]
    fn our_own_temporary_files_are_not_met() {
        let tree = Tree::new(&[".immutag-aB3xyz.tmp", ".other.tmp"]);
        let selection = Selection {
            hidden: true,
            include: owned(&["*"]),
            ..tree.select(&[""])
        };
        assert_eq!(tree.visit(selection), [".other.tmp"]);
    }

    #[test]
    fn exclude_globs() {
        let tree = Tree::new(&[
            "a.yaml",
            "old/b.yaml",
            "x/old/c.yaml",
            "x/old.yaml",
            "x/y/d.yaml",
        ]);
        let exclude = |root: &str, globs: &[&str]| {
            tree.visit(Selection {
                exclude: owned(globs),
                ..tree.select(&[root])
            })
        };
        let absolute = tree.path("x/old").display().to_string();
        let all = [
            "a.yaml",
            "old/b.yaml",
            "x/old.yaml",
            "x/old/c.yaml",
            "x/y/d.yaml",
        ];
        assert_eq!(exclude("", &[]), all);
        // Without a slash: a name at any depth.
        assert_eq!(
            exclude("", &["old"]),
            ["a.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        assert_eq!(exclude("", &["*.yaml"]), NOTHING);
        // With a slash: the path from the root.
        assert_eq!(
            exclude("", &["x/*.yaml", "a.yaml"]),
            ["old/b.yaml", "x/old/c.yaml", "x/y/d.yaml"]
        );
        assert_eq!(exclude("", &["x/**", "/old"]), ["a.yaml"]);
        assert_eq!(
            exclude("", &["**/y/**", "./old"]),
            ["a.yaml", "x/old.yaml", "x/old/c.yaml"]
        );
        assert_eq!(exclude("x", &["old/*"]), ["x/old.yaml", "x/y/d.yaml"]);
        assert_eq!(
            exclude("", &[&absolute]),
            ["a.yaml", "old/b.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        // A slash at the end: a directory.
        assert_eq!(
            exclude("", &["old/", "a.yaml/"]),
            ["a.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        assert_eq!(
            exclude("", &["x/old/", "x/old.yaml/"]),
            ["a.yaml", "old/b.yaml", "x/old.yaml", "x/y/d.yaml"]
        );
        // The root itself was asked for, and directories above it do not count.
        assert_eq!(exclude("old", &["old", "old/"]), ["old/b.yaml"]);
        assert_eq!(exclude("x/y", &["**/x/**"]), ["x/y/d.yaml"]);
    }

    #[test]
    fn an_excluded_directory_is_not_read() {
        let tree = Tree::new(&["a.yaml", "locked/b.yaml"]);
        let locked = tree.path("locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
        let exempt = fs::read_dir(&locked).is_ok(); // root may read everything
        let open = tree.visit_paths(&[""]);
        let pruned = tree.visit(Selection {
            exclude: owned(&["locked"]),
            ..tree.select(&[""])
        });
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
        if !exempt {
            assert_eq!(
                open,
                [
                    "a.yaml",
                    "locked: cannot be looked at: Permission denied (os error 13)"
                ]
            );
        }
        assert_eq!(pruned, ["a.yaml"]);
    }

    #[test]
    fn force_exclude_binds_given_paths() {
        let tree = Tree::new(&["a.yaml", "old/b.yaml", "x/old/c.yaml", "x/d.yaml"]);
        let excluded = |globs: &[&str]| {
            tree.visit(Selection {
                exclude: owned(globs),
                force_exclude: true,
                ..tree.select(&["a.yaml", "old", "x/old/c.yaml", "x/d.yaml"])
            })
        };
        assert_eq!(excluded(&["old"]), ["a.yaml", "x/d.yaml"]);
        assert_eq!(excluded(&["old/"]), ["a.yaml", "x/d.yaml"]);
        assert_eq!(
            excluded(&["a.yaml/", "d.yaml"]),
            ["a.yaml", "old/b.yaml", "x/old/c.yaml"]
        );
        assert_eq!(excluded(&["**/x/**"]), ["a.yaml", "old/b.yaml"]);
    }

    #[test]
    fn given_paths_are_matched_relative_to_the_working_directory() {
        let filter = |glob: &str| Filter {
            include: Globs::new(DEFAULT_INCLUDE, Role::Include).unwrap(),
            exclude: Globs::new(&[glob], Role::Exclude).unwrap(),
            cwd: Some(PathBuf::from("/home/me/build/project")),
        };
        let excludes = |glob, path| filter(glob).excludes_shown(Path::new(path), false);
        for path in ["legacy/a.yaml", "/home/me/build/project/legacy/a.yaml"] {
            for glob in [
                "legacy/**",
                "legacy",
                "legacy/",
                "/legacy",
                "./legacy",
                "a.yaml",
            ] {
                assert!(excludes(glob, path), "{glob} {path}");
            }
            assert!(excludes("/home/me/build/project/legacy", path) == path.starts_with('/'));
            for glob in [
                "build",
                "**/build/**",
                "legacy/a.yaml/",
                "a",
                "x/legacy",
                "*",
            ] {
                assert_eq!(excludes(glob, path), glob == "*", "{glob} {path}");
            }
        }
        assert!(excludes("../other/**", "../other/a.yaml"));
        assert!(excludes("other", "../other/a.yaml"));
        assert!(excludes("legacy", "/srv/legacy/a.yaml"));
    }

    #[test]
    fn globs_of_a_file_are_relative_to_its_folder() {
        let tree = Tree::new(&[
            "a.yaml",
            "p/a.yaml",
            "p/old/b.yaml",
            "p/x/old/c.yaml",
            "p/x/old.yaml",
            "q/old/d.yaml",
        ]);
        let exclude = |root: &str, globs: &[&str]| {
            tree.visit(Selection {
                exclude: below(&tree, "p", globs),
                ..tree.select(&[root])
            })
        };
        // Wherever the walk begins.
        for root in ["", "p", "p/x"] {
            let left = exclude(root, &["x/old/**", "/a.yaml"]);
            assert!(!left.contains(&"p/x/old/c.yaml".to_owned()), "{left:?}");
            assert!(!left.contains(&"p/a.yaml".to_owned()), "{left:?}");
            assert!(left.contains(&"p/x/old.yaml".to_owned()), "{left:?}");
            assert_eq!(left.contains(&"a.yaml".to_owned()), root.is_empty());
        }
        assert_eq!(
            exclude("p/x", &["old/**"]),
            ["p/x/old.yaml", "p/x/old/c.yaml"]
        );
        assert_eq!(exclude("p", &["p/**", "/p"]).len(), 4);
        // A name is one at any depth, outside of the folder, too.
        assert_eq!(
            exclude("", &["old"]),
            ["a.yaml", "p/a.yaml", "p/x/old.yaml"]
        );
        assert_eq!(exclude("q", &["old/"]), NOTHING);
        assert_eq!(exclude("q", &["**/old/**", "q/**"]), ["q/old/d.yaml"]);
        let absolute = tree.path("q/old").display().to_string();
        assert_eq!(exclude("q", &[&absolute]), NOTHING);
        // The root itself was asked for.
        assert_eq!(exclude("p/old", &["old"]), ["p/old/b.yaml"]);

        let include = |root: &str, globs: &[&str]| {
            tree.visit(Selection {
                include: below(&tree, "p", globs),
                ..tree.select(&[root])
            })
        };
        assert_eq!(include("", &["x/**"]), ["p/x/old.yaml", "p/x/old/c.yaml"]);
        assert_eq!(include("p/x", &["x/*.yaml"]), ["p/x/old.yaml"]);
        assert_eq!(include("q", &["*.yaml"]), ["q/old/d.yaml"]);
        assert_eq!(include("q", &["old/"]), ["q/old/d.yaml"]);
    }

    #[test]
    fn globs_of_a_file_bind_given_paths_by_force_only() {
        let tree = Tree::new(&["p/old/b.yaml", "p/c.yaml", "old/d.yaml"]);
        tree.link("old/b.yaml", "p/link.yaml");
        let given = |force_exclude, globs: &[&str]| {
            tree.visit(Selection {
                exclude: below(&tree, "p", globs),
                force_exclude,
                ..tree.select(&["p/old/b.yaml", "p/old/../c.yaml", "old/d.yaml"])
            })
        };
        let (b, c, d) = ("p/old/b.yaml", "p/old/../c.yaml", "old/d.yaml");
        assert_eq!(given(false, &["old/**", "c.yaml"]), [d, c, b]);
        assert_eq!(given(true, &["old/**"]), [d, c]);
        assert_eq!(given(true, &["/old"]), [d, c]);
        assert_eq!(given(true, &["/c.yaml"]), [d, b]);
        assert_eq!(given(true, &["old"]), [c]);
        let linked = tree.visit(Selection {
            exclude: below(&tree, "p", &["old/"]),
            force_exclude: true,
            ..tree.select(&["p/link.yaml"])
        });
        assert_eq!(linked, NOTHING);
    }

    #[test]
    fn a_file_is_covered_by_its_own_name_and_by_that_of_its_link() {
        let tree = Tree::new(&["p/old/b.yaml", "p/c.yaml", "old/d.yaml"]);
        tree.link("p/old", "link");
        let covers = |glob: &str, path: &str| {
            let cover = Cover::new(&below(&tree, "p", &[glob])).unwrap();
            let path = tree.path(path);
            cover.has(&path, &path)
        };
        for glob in ["old/**", "old", "old/", "/old", "./old/b.yaml", "b.yaml"] {
            assert!(covers(glob, "p/old/b.yaml"), "{glob}");
            assert!(covers(glob, "p/old/../old/b.yaml"), "{glob}");
            assert!(covers(glob, "link/b.yaml"), "{glob}");
            assert!(!covers(glob, "p/c.yaml"), "{glob}");
        }
        assert!(covers("gone.yaml", "p/gone.yaml"));
        assert!(covers("**", "p/c.yaml"));
        // What is around the folder does not count, and what is beside it has no path there.
        assert!(!covers("p", "p/c.yaml"));
        assert!(!covers("old/**", "old/d.yaml"));
        assert!(covers("old", "old/d.yaml"));
        assert!(covers("*.yaml", "old/d.yaml"));
    }

    #[test]
    fn bad_globs_are_errors() {
        for glob in ["", "/", "./", ".", "!a", "a[", "{a", "x/[z-a]"] {
            for role in [Role::Include, Role::Exclude] {
                let error = Globs::new(&["*.yaml", glob], role).unwrap_err();
                assert_eq!(error.glob(), glob);
                assert!(error.to_string().starts_with("invalid glob `"), "{error}");
            }
        }
        let selection = Selection {
            exclude: owned(&["[a"]),
            ..Selection::default()
        };
        assert_eq!(
            Walk::new(selection).unwrap_err().to_string(),
            "invalid glob `[a`: unclosed character class; missing ']'"
        );
    }

    #[test]
    fn links_met_in_a_walk_are_not_followed() {
        let tree = Tree::new(&["in/a.yaml", "out/b.yaml"]);
        tree.link("a.yaml", "in/link.yaml");
        tree.link("../out", "in/dir");
        tree.link("..", "in/loop");
        tree.link("nowhere", "in/dangling.yaml");
        assert_eq!(tree.visit_paths(&["in"]), ["in/a.yaml"]);
    }

    #[test]
    fn a_link_that_is_named_is_resolved() {
        let tree = Tree::new(&["in/a.yaml", "in/sub/b.yaml", "out/c.yaml", "out/d.yaml"]);
        tree.link("sub/b.yaml", "in/inside.yaml");
        tree.link("../out/c.yaml", "in/outside.yaml");
        tree.link("../out", "in/dir");
        tree.link("nowhere", "in/dangling.yaml");
        tree.link("self.yaml", "in/self.yaml");
        assert_eq!(
            tree.visit_paths(&["in/inside.yaml"]),
            ["in/inside.yaml -> in/sub/b.yaml"]
        );
        let refused = "in/outside.yaml: is a symbolic link to out/c.yaml, which lies outside \
                       of the paths given; give that path instead to have it checked";
        assert_eq!(tree.visit_paths(&["in/outside.yaml"]), [refused]);
        assert_eq!(
            tree.visit_paths(&["in", "in/outside.yaml"]),
            ["in/a.yaml", refused, "in/sub/b.yaml"]
        );
        // The directory of another file that is named counts as a root.
        assert_eq!(
            tree.visit_paths(&["in/outside.yaml", "out/d.yaml"]),
            ["in/outside.yaml -> out/c.yaml", "out/d.yaml"]
        );
        let refused = "in/dir: is a symbolic link to out, which lies outside \
                       of the paths given; give that path instead to have it checked";
        assert_eq!(tree.visit_paths(&["in/dir"]), [refused]);
        assert_eq!(tree.visit_paths(&["in/dir/"]), [refused]);
        assert_eq!(
            tree.visit_paths(&["in/dir", "out"]),
            ["out/c.yaml", "out/d.yaml"]
        );
        tree.link("sub", "in/below");
        assert_eq!(tree.visit_paths(&["in/below"]), ["in/below/b.yaml"]);
        assert_eq!(tree.visit_paths(&["in/dir/c.yaml"]), ["in/dir/c.yaml"]);
        assert_eq!(
            tree.visit_paths(&["in/dangling.yaml"]),
            ["in/dangling.yaml: no such file or directory"]
        );
        assert!(matches!(
            visit(tree.select(&["in/self.yaml"])).as_slice(),
            [Err(Problem::Io { .. })]
        ));
    }

    #[test]
    fn special_files_are_skipped_in_a_walk_and_refused_by_name() {
        let tree = Tree::new(&["a.yaml"]);
        let made = Command::new("mkfifo").arg(tree.path("pipe.yaml")).status();
        assert!(made.unwrap().success());
        let _socket = UnixListener::bind(tree.path("socket.yaml")).unwrap();
        assert_eq!(tree.visit_paths(&[""]), ["a.yaml"]);
        assert_eq!(
            tree.visit_paths(&["pipe.yaml", "socket.yaml", "/dev/null", "a.yaml"]),
            [
                "/dev/null: is a device; only files and directories can be checked",
                "a.yaml",
                "pipe.yaml: is a named pipe; only files and directories can be checked",
                "socket.yaml: is a socket; only files and directories can be checked",
            ]
        );
    }

    #[test]
    fn what_does_not_exist_is_told_and_the_rest_goes_on() {
        let tree = Tree::new(&["a.yaml", "sub/b.yaml"]);
        assert_eq!(
            tree.visit_paths(&["gone.yaml", "a.yaml", "gone/", "sub"]),
            [
                "a.yaml",
                "gone.yaml: no such file or directory",
                "gone/: no such file or directory",
                "sub/b.yaml"
            ]
        );
        let empty = visit(Selection {
            paths: vec![PathBuf::new()],
            ..Selection::default()
        });
        assert!(matches!(empty.as_slice(), [Err(Problem::NotFound { .. })]));
        assert!(visit(Selection::default()).is_empty());
    }

    #[test]
    fn each_file_once() {
        let tree = Tree::new(&[
            "a.yaml",
            "sub/b.yaml",
            "sub/.c.yaml",
            "sub/deep/d.yaml",
            "sub/e.txt",
        ]);
        tree.link("sub", "dir");
        tree.link("sub/b.yaml", "b.yaml");
        let all = ["a.yaml", "sub/b.yaml", "sub/deep/d.yaml"];
        for paths in [
            &["", ""][..],
            &["", "./"],
            &["", "a.yaml", "./a.yaml", "sub/../a.yaml"],
            &["", "sub"],
            &["sub", "", "sub/deep", "sub/deep/d.yaml"],
            &["sub/deep", "sub", ""],
        ] {
            let found: Vec<String> = tree
                .visit_paths(paths)
                .into_iter()
                .map(|line| line.replace("sub/../", ""))
                .collect();
            assert_eq!(found, all, "{paths:?}");
        }
        // The rules for names hold inside of a root that is walked.
        assert_eq!(
            tree.visit_paths(&["", "sub/.c.yaml", "sub/e.txt"]),
            [
                "a.yaml",
                "sub/.c.yaml",
                "sub/b.yaml",
                "sub/deep/d.yaml",
                "sub/e.txt"
            ]
        );
        // A link is another name for what is walked anyway, and loses to the real name.
        assert_eq!(
            tree.visit_paths(&["dir", "sub"]),
            ["sub/b.yaml", "sub/deep/d.yaml"]
        );
        assert_eq!(tree.visit_paths(&["b.yaml", "sub/b.yaml"]), ["sub/b.yaml"]);
        assert_eq!(
            tree.visit_paths(&["", "dir"]),
            ["a.yaml", "dir/b.yaml", "dir/deep/d.yaml"]
        );
        assert_eq!(
            tree.visit_paths(&["", "b.yaml"]),
            ["a.yaml", "b.yaml -> sub/b.yaml", "sub/deep/d.yaml"]
        );
        // A name that is excluded does not take the file from the walk.
        let selection = Selection {
            exclude: owned(&[tree.path("b.yaml").to_str().unwrap()]),
            force_exclude: true,
            ..tree.select(&["", "b.yaml"])
        };
        assert_eq!(tree.visit(selection), all);
    }

    #[test]
    fn paths_are_shown_as_given() {
        let tree = Tree::new(&["t/a.yaml", "t/-/b.yaml"]);
        let root = from_cwd(&tree.path("t"));
        let shown = |given: PathBuf| {
            let mut paths: Vec<PathBuf> = visit(Selection {
                paths: vec![given],
                ..Selection::default()
            })
            .into_iter()
            .map(|result| result.unwrap())
            .inspect(|target| assert_eq!(target.path, target.real))
            .map(|target| target.path)
            .collect();
            paths.sort();
            paths
        };
        let expected = [root.join("-/b.yaml"), root.join("a.yaml")];
        assert_eq!(shown(root.clone()), expected);
        assert_eq!(shown(Path::new("./").join(&root).join(".//")), expected);
        assert_eq!(
            shown(Path::new(".").join(&root).join("./a.yaml")),
            [root.join("a.yaml")]
        );
        // The working directory of a test is the root of the package.
        for root in [".", "./", "././."] {
            let found = visit(Selection {
                paths: vec![PathBuf::from(root)],
                include: owned(&["/Cargo.toml"]),
                ..Selection::default()
            });
            let paths: Vec<_> = found
                .into_iter()
                .map(|result| result.unwrap().path)
                .collect();
            assert_eq!(paths, [PathBuf::from("Cargo.toml")]);
        }
        assert_eq!(walkable(Path::new("-")), PathBuf::from("./-"));
        assert_eq!(undotted(Path::new("./-/b.yaml")), Path::new("-/b.yaml"));
    }

    #[test]
    fn names_need_not_be_utf8() {
        let tree = Tree::new(&["a.yaml"]);
        let name = OsString::from_vec(b"caf\xe9.yaml".to_vec());
        let path = tree.root.join(&name);
        if fs::write(&path, "").is_err() {
            return; // Some file systems, such as that of macOS, do not allow it.
        }
        let mut walked: Vec<PathBuf> = visit(tree.select(&[""]))
            .into_iter()
            .map(|result| result.unwrap().path)
            .collect();
        walked.sort();
        assert_eq!(walked, [tree.path("a.yaml"), path.clone()]);
        let named = visit(Selection {
            paths: vec![path.clone()],
            ..Selection::default()
        });
        assert!(matches!(named.as_slice(), [Ok(target)] if target.real == path));
    }

    #[test]
    fn many_files_on_any_number_of_threads() {
        let names: Vec<String> = (0..500).map(|n| format!("d{}/{n}.yaml", n % 7)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let tree = Tree::new(&names);
        let mut sorted = names.clone();
        sorted.sort_unstable();
        for threads in [0, 1, 3, 1_000_000] {
            for paths in [&names[..], &[""], &["d3", "d4/4.yaml", "", "d5"]] {
                let selection = Selection {
                    threads,
                    ..tree.select(paths)
                };
                assert_eq!(tree.visit(selection), sorted);
            }
        }
    }
}
