//! The visit: from the paths that are given to files, on several threads.
//!
//! This module owns the order of the steps and the limits of the machine: roots are resolved, the
//! files among them visited, the directories walked. What a root, a glob, an ignore file or a part
//! means is for the modules beside it. It does not know what files are looked at for.
//!
//! Hidden entries and what `.gitignore`, `.ignore`, `.git/info/exclude` and git's global
//! excludes name are skipped, unless the options say otherwise. In a git repository they
//! count as git counts them, so that a `.gitignore` above the repository does not reach
//! into it (tools that handle many repositories often clone them into an ignored
//! directory). Outside of any repository, `.gitignore` files count as well, so that a
//! template gives the same result before and after `git init`. A line in an ignore file
//! that is not a valid glob is passed over, as git does.
//!
//! Four things are skipped whatever the options say: anything named `.git`, whose files
//! are not the user's to edit; a directory named `cdk.out`, in which the AWS CDK puts what
//! it synthesizes, and will again (unless it is named itself); symbolic links, as git and
//! ripgrep do, so that a walk neither leaves its root nor meets a file twice; and what is
//! neither a file nor a directory.

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::filter::{Filter, is_passed_over};
use super::globs::{DEFAULT_INCLUDE, GlobError, Globs, Patterns, Role};
use super::ignore_files::{in_repository, unusable_around, unusable_in};
use super::partition::Partition;
use super::problem::Problem;
use super::roots::{Root, Roots, Target};
use crate::files::paths::{WorkingDirectory, undotted, walkable};
use crate::git::repository::dot_git;

/// More threads than this are not started, whatever is asked for.
pub const MAX_THREADS: usize = 256;

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

/// What a visit comes to.
#[derive(Debug)]
pub enum Discovered {
    /// A file to look at.
    File(Target),
    /// A directory that holds the work tree of a git repository, as it would be shown. A
    /// directory that is given is told, too; one around it is not.
    GitRepository(PathBuf),
    /// A path that could not be visited.
    Problem(Problem),
}

/// What is called for each thing found, and says whether to go on.
type Visitor<'v> = dyn Fn(Discovered) -> ControlFlow<()> + Sync + 'v;

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
    pub fn new(selection: Selection, here: &WorkingDirectory) -> Result<Walk, GlobError> {
        let include = if selection.include.globs.is_empty() {
            Globs::new(DEFAULT_INCLUDE, Role::Include)?
        } else {
            Globs::of(&selection.include, Role::Include)?
        };
        let exclude = Globs::of(&selection.exclude, Role::Exclude)?;
        let threads = match selection.threads {
            0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
            n => n,
        };
        Ok(Walk {
            selection,
            filter: Arc::new(Filter {
                include,
                exclude,
                here: here.path().ok().map(Path::to_path_buf),
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
            let _ = on(Discovered::Problem(problem));
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
                Ok(_) => on(Problem::OutsideGitRepository {
                    path: path.clone(),
                    git_repository: folder.to_path_buf(),
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
                if self.has_part(&file.shown) && on(Discovered::File(file.target())).is_break() {
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
                let _ = on(Discovered::Problem(problem));
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
                    let error = io::Error::new(error.kind(), error.to_string());
                    let path = walkable(&root.shown);
                    on(Discovered::Problem(Problem::Io { path, error }))?;
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
            let git = dot_git(entry.path());
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
                    Err(error) => walk_problem(error).map(Discovered::Problem),
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
            on(Discovered::Problem(problem))?;
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
    ) -> Result<Option<Discovered>, WalkState> {
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
            0 => dot_git(path).is_some(),
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
                Ok(Some(Discovered::File(Target { path, real })))
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
                Ok(Some(Discovered::GitRepository(
                    undotted(path).to_path_buf(),
                )))
            }
            _ => Ok(None),
        }
    }
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
    let error = error.into_io_error()?;
    Some(Problem::Io {
        path: path.unwrap_or_default(),
        error,
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

#[cfg(all(test, unix))]
#[allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test sets up its files itself, and is to fail if it cannot"
)]
mod tests {
    use super::*;
    use crate::files::discover::testing::{Tree, visit};
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::ffi::OsStringExt;

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
