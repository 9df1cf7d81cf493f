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
use super::threads;
use crate::files::paths::{WorkingDirectory, undotted, walkable};
use crate::git::repository::dot_git;

/// What to look at. The globs are explained at [`Patterns`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Files and directories, as given. Nothing is visited if there are none.
    pub(crate) paths: Vec<PathBuf>,
    /// Files met in a walk are taken if one of these globs matches.
    /// If there are none, [`DEFAULT_INCLUDE`] holds.
    pub(crate) include: Patterns,
    /// Files and directories met in a walk are left out if one of these globs matches.
    pub(crate) exclude: Patterns,
    /// Do not heed ignore files.
    pub(crate) no_ignore: bool,
    /// Walk hidden files and directories too.
    pub(crate) hidden: bool,
    /// Let `exclude` hold for the given paths themselves too.
    pub(crate) force_exclude: bool,
    /// How many threads to use; 0 means as many as there are cores.
    pub(crate) threads: usize,
    /// Which part of all files to take; None for all of them.
    pub(crate) partition: Option<Partition>,
}

/// What a visit comes to.
#[derive(Debug)]
pub(crate) enum Discovered {
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
pub(crate) struct Walk {
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
    pub(crate) fn new(selection: Selection, here: &WorkingDirectory) -> Result<Walk, GlobError> {
        let include = if selection.include.globs.is_empty() {
            Globs::new(DEFAULT_INCLUDE, Role::Include)?
        } else {
            Globs::of(&selection.include, Role::Include)?
        };
        let exclude = Globs::of(&selection.exclude, Role::Exclude)?;
        Ok(Walk {
            filter: Arc::new(Filter {
                include,
                exclude,
                here: here.path().ok().map(Path::to_path_buf),
            }),
            threads: threads::most(selection.threads),
            selection,
        })
    }

    /// Calls `on` once for each file to look at, each repository that is walked, and each path
    /// that could not be visited. It is called from several threads at once and in no
    /// particular order, but that a repository comes before what it holds; whoever needs an
    /// order sorts by [`Target::path`] and [`Problem::path`]. Once it has said to break off,
    /// each thread ends after what it has in hand.
    ///
    /// A panic in `on` is handed on to the caller.
    pub(crate) fn visit(&self, on: &Visitor<'_>) {
        let mut tell = |problem| {
            // There is nothing to break off yet.
            let _ = on(Discovered::Problem(problem));
        };
        let given = self.given(&mut tell).into_iter().map(|(_, root)| root);
        let roots = Roots::of(given.collect(), &mut tell);
        let nested = Arc::new(roots.nested());
        let (in_repositories, others): (Vec<Root>, Vec<Root>) = roots
            .directories
            .into_iter()
            .partition(|root| in_repository(&root.canonical));
        if self.visit_files(&roots.files, on).is_continue()
            && self
                .visit_directories(&in_repositories, true, &nested, on)
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
    pub(crate) fn takes(
        &self,
        folder: &Path,
        on: &mut dyn FnMut(Problem),
    ) -> impl Fn(&Path) -> bool + '_ {
        let mut roots = Vec::new();
        for (path, root) in self.given(on) {
            if root.canonical.starts_with(folder) || folder.starts_with(&root.canonical) {
                roots.push(root);
            } else {
                on(Problem::OutsideGitRepository {
                    path: path.clone(),
                    git_repository: folder.to_path_buf(),
                });
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
        let names = self.filter.absolute_names(&root.shown, &root.canonical);
        let parts = relative.ancestors().enumerate();
        let mut parts = parts.filter_map(|(up, part)| Some((up > 0, part, part.file_name()?)));
        parts.all(|(is_directory, part, name)| {
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            let shown = root.shown.join(part);
            (self.selection.hidden || !is_hidden)
                && !is_passed_over(name, is_directory)
                && self.filter.admits_path(part, &shown, is_directory, &names)
        }) && self.has_part(relative)
    }

    /// Returns the given paths that are not excluded, as far as they can be visited.
    fn given(&self, on: &mut dyn FnMut(Problem)) -> Vec<(&PathBuf, Root)> {
        let mut given = Vec::with_capacity(self.selection.paths.len());
        for path in &self.selection.paths {
            match Root::new(path) {
                Ok(root) if self.excludes(&root) => {}
                Ok(root) => given.push((path, root)),
                Err(problem) => on(problem),
            }
        }
        given
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
        let threads = match threads::affordable(self.threads) {
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
        let mut builder = WalkBuilder::empty();
        let mut names = HashMap::with_capacity(roots.len());
        for root in roots {
            let walked = walkable(&root.shown);
            builder.add(&walked);
            let of_root = self.filter.absolute_names(&root.shown, &root.canonical);
            names.insert(walked, of_root);
        }
        let met: Arc<Met> = Arc::default();
        let (filter, nested) = (Arc::clone(&self.filter), Arc::clone(nested));
        let entered = Arc::clone(&met);
        builder
            .threads(threads)
            .standard_filters(heeds)
            .hidden(!self.selection.hidden)
            .require_git(require_git)
            .filter_entry(move |entry| {
                filter.admits(entry, &nested, &names) && entered.enter(entry, heeds)
            });
        let is_broken = AtomicBool::new(false);
        builder.build_parallel().run(|| {
            Box::new(|entry| {
                let found = match entry {
                    Ok(entry) => match self.found(&entry, &met) {
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
        for problem in met.take_unusable() {
            on(Discovered::Problem(problem))?;
        }
        if is_broken.into_inner() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Returns what there is to tell about an entry, or how the walk goes on without.
    fn found(&self, entry: &DirEntry, met: &Met) -> Result<Option<Discovered>, WalkState> {
        let path = entry.path();
        let splits = self.selection.partition.is_some();
        match entry.file_type() {
            Some(kind) if kind.is_file() => {
                if splits && !self.has_part(&below_root(entry)) && !met.is_in_part(entry) {
                    return Ok(None);
                }
                let path = undotted(path).to_path_buf();
                let real = path.clone();
                Ok(Some(Discovered::File(Target { path, real })))
            }
            Some(kind) if kind.is_dir() && met.is_git_repository(entry) => {
                if splits && entry.depth() > 0 && !met.is_in_part(entry) {
                    if !self.has_part(&below_root(entry)) {
                        return Err(WalkState::Skip);
                    }
                    met.take_into_part(path);
                }
                let path = undotted(path).to_path_buf();
                Ok(Some(Discovered::GitRepository(path)))
            }
            _ => Ok(None),
        }
    }
}

/// What the threads of a walk tell each other. A poisoned lock would mean a panic in `insert`
/// or `push`.
#[derive(Default)]
struct Met {
    /// The directories with a `.git`, but for those that the walk begins at.
    git_repositories: RwLock<HashSet<PathBuf>>,
    /// The git repositories that belong to the part asked for, with all that they hold.
    in_part: RwLock<HashSet<PathBuf>>,
    /// The ignore files that cannot be heeded.
    unusable: Mutex<Vec<Problem>>,
}

impl Met {
    /// Notes a directory that the walk is about to enter. Returns whether it may: its ignore
    /// files can be read, if they are heeded. Any other entry may be taken.
    ///
    /// It is asked once for each directory: in a large tree, each further question shows.
    fn enter(&self, entry: &DirEntry, heeds: bool) -> bool {
        if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return true;
        }
        let git = dot_git(entry.path());
        if let (Some(_), Ok(mut met)) = (git, self.git_repositories.write()) {
            met.insert(entry.path().to_path_buf());
        }
        let problem = heeds.then(|| unusable_in(entry.path(), git)).flatten();
        let is_usable = problem.is_none();
        if let (Some(problem), Ok(mut unusable)) = (problem, self.unusable.lock()) {
            unusable.push(problem);
        }
        is_usable
    }

    fn is_git_repository(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 {
            return dot_git(entry.path()).is_some();
        }
        let met = self.git_repositories.read();
        met.is_ok_and(|met| met.contains(entry.path()))
    }

    fn take_into_part(&self, git_repository: &Path) {
        if let Ok(mut in_part) = self.in_part.write() {
            in_part.insert(git_repository.to_path_buf());
        }
    }

    /// Returns whether an entry lies in a git repository that belongs to the part.
    fn is_in_part(&self, entry: &DirEntry) -> bool {
        let mut above = entry.path().ancestors().skip(1).take(entry.depth());
        let in_part = self.in_part.read();
        in_part.is_ok_and(|in_part| above.any(|above| in_part.contains(above)))
    }

    fn take_unusable(&self) -> Vec<Problem> {
        let unusable = self.unusable.lock();
        unusable.map_or_else(
            |_| Vec::new(),
            |mut unusable| std::mem::take(&mut *unusable),
        )
    }
}

/// Returns the path of an entry from the root of its walk.
fn below_root(entry: &DirEntry) -> PathBuf {
    let names = entry.path().components().rev().take(entry.depth());
    let names: Vec<_> = names.collect();
    names.into_iter().rev().collect()
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
mod tests {
    use super::*;
    use crate::files::discover::testing::{Tree, visit};
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn link_met_in_a_walk_is_not_followed() {
        let tree = Tree::new(&["in/a.yaml", "out/b.yaml"]);
        tree.link("a.yaml", "in/link.yaml");
        tree.link("../out", "in/dir");
        tree.link("..", "in/loop");
        tree.link("nowhere", "in/dangling.yaml");
        assert_eq!(tree.visit_paths(&["in"]), ["in/a.yaml"]);
    }

    #[test]
    fn name_that_is_not_utf8_is_taken() {
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
    fn files_on_any_number_of_threads_are_all_visited() {
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
