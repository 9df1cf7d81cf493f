//! The files of git repositories that may push images, on their way to
//! [`immutag_impact`].
//!
//! This module owns which files are opened for that, once for each git
//! repository, and whose pushes concern a run. It reads files and nothing else:
//! no program is started, and no link is followed. What pushes, it does not
//! know.
//!
//! The templates of a run are told beforehand and are read whatever their names
//! are and wherever they lie. Else what pushes to their ECR repositories would go
//! to none that is known, as if there were no such pushes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::files::discover::{Discovered, Patterns, Selection, Walk};
use crate::files::paths::WorkingDirectory;
use crate::git::repository::{GitRepositories, dot_git};
use immutag_engine::{DEFAULT_MAX_SIZE, TagPattern};
use immutag_impact::{self, EcrRepository, FileKind, Impact, Push, Tag, Target};

/// Folders that hold what others wrote: no pipeline runs from there.
const PASSED_OVER: [&str; 5] = [
    "node_modules/",
    "vendor/",
    ".terraform/",
    ".venv/",
    "site-packages/",
];

/// How much is read of a file to tell a script, and whether it is text.
const HEAD: usize = 8192;

/// What is known of one git repository.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    /// Its root, without links.
    pub(crate) root: PathBuf,
    /// What its files push.
    pub(crate) impact: Impact,
    /// The files that were too large to be read, from the root.
    pub(crate) too_large: Vec<String>,
    /// The files and folders that could not be opened, from the root.
    pub(crate) unreadable: Vec<String>,
    /// The texts of the run's templates, by their paths from the root: hashes,
    /// since all that is asked is whether a text is the same.
    texts: HashMap<String, u64>,
    here: WorkingDirectory,
}

/// Which tags pipelines move in the ECR repositories of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moving {
    /// Those that are literal, by the logical IDs of all ECR repositories that are
    /// known. None at all are known of a template that could not be read as
    /// one.
    Known(BTreeMap<String, Vec<TagPattern>>),
    /// The text is not that of the file: its ECR repositories may be others.
    OtherText,
    /// A file was not read whole, and may push anything: its path from the
    /// working directory.
    NotWhole(PathBuf),
}

/// The surveys of a run, each made when it is asked for.
#[derive(Debug)]
pub(crate) struct Surveys {
    no_ignore: bool,
    here: WorkingDirectory,
    git_repositories: GitRepositories,
    /// The templates of the run, without links, by the roots that they are
    /// surveyed with.
    templates: HashMap<PathBuf, Vec<PathBuf>>,
    known: Mutex<HashMap<PathBuf, Arc<Survey>>>,
}

impl Surveys {
    /// None is made yet. `templates` are those of the run that declare an
    /// ECR repository.
    #[must_use]
    pub(crate) fn new<'t>(
        no_ignore: bool,
        templates: impl IntoIterator<Item = &'t Path>,
        here: &WorkingDirectory,
    ) -> Self {
        let mut surveys = Self {
            no_ignore,
            here: here.clone(),
            git_repositories: GitRepositories::new(here),
            templates: HashMap::new(),
            known: Mutex::default(),
        };
        for template in templates {
            let Ok(whole) = fs::canonicalize(template) else {
                continue;
            };
            if let Some(root) = surveys.root(&whole) {
                surveys.templates.entry(root).or_default().push(whole);
            }
        }
        surveys
    }

    /// What a file is surveyed with, by its path without links.
    fn root(&self, whole: &Path) -> Option<PathBuf> {
        let here = || self.here.real().filter(|here| whole.starts_with(here));
        let root = self.git_repositories.root(whole);
        root.or_else(|| here().or(whole.parent()).map(Path::to_path_buf))
    }

    /// The survey of the git repository that a file lies in. Outside of any,
    /// that of the working directory, if the file lies below, or else of its
    /// folder. None where there is no such file.
    #[must_use]
    pub(crate) fn of(&self, file: &Path) -> Option<Arc<Survey>> {
        let whole = fs::canonicalize(file).ok()?;
        let root = self.root(&whole)?;
        // Others wait: they are likely to ask for the same. A poisoned lock
        // would mean a panic in here.
        let mut known = self.known.lock().ok()?;
        let survey = known.entry(root.clone()).or_insert_with(|| {
            let templates = self.templates.get(&root).map_or(&[][..], Vec::as_slice);
            Arc::new(Survey::of(root, templates, self.no_ignore, &self.here))
        });
        Some(Arc::clone(survey))
    }

    /// Which tags pipelines move in the ECR repositories of a template, if this is
    /// its text: standard input and what is staged may be others than the file
    /// that was read here.
    #[must_use]
    pub(crate) fn moving_tags(&self, file: &Path, text: &[u8]) -> Moving {
        let nothing = || Moving::Known(BTreeMap::new());
        let Some(survey) = self.of(file) else {
            return nothing();
        };
        let Some(path) = survey.relative(file) else {
            return nothing();
        };
        match survey.texts.get(&path) {
            None => return nothing(),
            Some(read) if *read != survey.hash(text) => return Moving::OtherText,
            Some(_) => {}
        }
        if let Some(file) = survey.not_whole() {
            return Moving::NotWhole(survey.shown(file));
        }
        let known = survey.impact.of_template(&path);
        let mut tags: BTreeMap<String, Vec<TagPattern>> = known
            .map(|ecr_repository| (ecr_repository.logical_id.clone(), Vec::new()))
            .collect();
        tags.extend(survey.impact.moving_tags(&path));
        Moving::Known(tags)
    }
}

impl Survey {
    /// Reads the files of a git repository, and these templates among them.
    fn of(root: PathBuf, templates: &[PathBuf], no_ignore: bool, here: &WorkingDirectory) -> Self {
        let mut survey = Self {
            root,
            impact: Impact::default(),
            too_large: Vec::new(),
            unreadable: Vec::new(),
            texts: HashMap::new(),
            here: here.clone(),
        };
        let include = Patterns::from(vec!["*".to_owned()]);
        let exclude: Vec<String> = PASSED_OVER.iter().map(|&glob| glob.to_owned()).collect();
        let selection = Selection {
            paths: vec![survey.root.clone()],
            include,
            exclude: Patterns::from(exclude),
            no_ignore,
            hidden: true,
            ..Selection::default()
        };
        let walk = Walk::new(selection, here);
        // The globs are those above, and valid.
        let Ok(walk) = walk else {
            return survey;
        };
        let of_run = templates.iter();
        let of_run = of_run.filter_map(|file| Some((relative(&survey.root, file)?, file)));
        let of_run: BTreeMap<String, &PathBuf> = of_run.collect();
        let found = Mutex::new(Vec::new());
        walk.visit(&|target| {
            let read = match target {
                Discovered::File(target) => {
                    let path = relative(&survey.root, &target.real);
                    let path = path.filter(|path| !of_run.contains_key(path));
                    path.and_then(|path| read(&target.real, FileKind::of(&path), path))
                }
                // What lies below is not seen.
                Discovered::Problem(problem) => {
                    relative(&survey.root, problem.path()).map(Surveyed::Unreadable)
                }
                Discovered::GitRepository(_) => None,
            };
            if let (Some(read), Ok(mut found)) = (read, found.lock()) {
                found.push(read);
            }
            ControlFlow::Continue(())
        });
        let mut nested: HashMap<PathBuf, bool> = HashMap::new();
        let mut found = found.into_inner().unwrap_or_default();
        found.retain(|read| !survey.is_of_another(read.path(), &mut nested));
        for (path, file) in of_run {
            // As what its name says it would be passed over, or be read for
            // what it pushes alone.
            let kind = FileKind::of(&path).filter(|kind| may_be_template(*kind));
            let read = read(file, Some(kind.unwrap_or(FileKind::Template)), path);
            if let Some(Surveyed::File(file)) = &read {
                let hash = survey.hash(file.text.as_bytes());
                survey.texts.insert(file.path.clone(), hash);
            }
            found.extend(read);
        }
        let mut files = Vec::new();
        for read in found {
            match read {
                Surveyed::File(file) => files.push(file),
                Surveyed::TooLarge(path) => survey.too_large.push(path),
                Surveyed::Unreadable(path) => survey.unreadable.push(path),
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        survey.too_large.sort();
        survey.unreadable.sort();
        survey.impact = immutag_impact::survey(&files);
        survey
    }

    /// A file that may push what nobody has looked at.
    fn not_whole(&self) -> Option<&str> {
        let cut = self.impact.more.keys();
        let mut files = cut.chain(&self.too_large).chain(&self.unreadable);
        files.next().map(String::as_str)
    }

    /// What tells a text from others.
    fn hash(&self, text: &[u8]) -> u64 {
        self.texts.hasher().hash_one(text)
    }

    /// Whether a file lies in a git repository inside of this one.
    fn is_of_another(&self, path: &str, nested: &mut HashMap<PathBuf, bool>) -> bool {
        let folders = Path::new(path).ancestors().skip(1);
        let mut folders = folders.filter(|folder| !folder.as_os_str().is_empty());
        folders.any(|folder| {
            let has_git = || dot_git(&self.root.join(folder)).is_some();
            *nested.entry(folder.to_path_buf()).or_insert_with(has_git)
        })
    }

    /// The path of a file from the root, with `/`.
    #[must_use]
    pub(crate) fn relative(&self, file: &Path) -> Option<String> {
        relative(&self.root, &fs::canonicalize(file).ok()?)
    }

    /// The path of a file of this git repository as it is to be shown: from the
    /// working directory, where that lies in it or around it.
    #[must_use]
    pub(crate) fn shown(&self, path: &str) -> PathBuf {
        let whole = self.root.join(path);
        let Some(here) = self.here.real() else {
            return whole;
        };
        if let Ok(below) = whole.strip_prefix(here) {
            return below.to_path_buf();
        }
        match here.strip_prefix(&self.root) {
            Ok(inside) => {
                let common = inside
                    .components()
                    .zip(Path::new(path).components())
                    .take_while(|(a, b)| a == b)
                    .count();
                let ups = inside.components().count() - common;
                let up = std::iter::repeat_n(Component::ParentDir, ups);
                up.chain(Path::new(path).components().skip(common))
                    .collect()
            }
            Err(_) => whole,
        }
    }
}

/// What became of a file.
enum Surveyed {
    File(immutag_impact::File),
    TooLarge(String),
    Unreadable(String),
}

impl Surveyed {
    fn path(&self) -> &str {
        match self {
            Self::File(file) => &file.path,
            Self::TooLarge(path) | Self::Unreadable(path) => path,
        }
    }
}

/// Whether a template is looked for in files of a kind.
fn may_be_template(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Template | FileKind::Yaml | FileKind::Buildspec
    )
}

/// Reads a file, if it is one that may push or a template, by what its name
/// says that it is.
fn read(real: &Path, kind: Option<FileKind>, path: String) -> Option<Surveyed> {
    let has_suffix = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    if kind.is_none() && has_suffix || kind.is_none() && path.contains(".github/workflows/") {
        return None;
    }
    let may_be_template = kind.is_some_and(may_be_template);
    let Ok(mut file) = File::open(real) else {
        return kind.map(|_| Surveyed::Unreadable(path));
    };
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let limit = if may_be_template {
        DEFAULT_MAX_SIZE
    } else {
        immutag_impact::MAX_SIZE
    };
    if size > limit {
        return kind.map(|_| Surveyed::TooLarge(path));
    }
    let mut bytes = Vec::new();
    let Ok(_) = file.by_ref().take(HEAD as u64).read_to_end(&mut bytes) else {
        return kind.map(|_| Surveyed::Unreadable(path));
    };
    if bytes.contains(&0) {
        return None;
    }
    let kind = match kind {
        Some(kind) => kind,
        None if FileKind::of_script(&bytes) => FileKind::Script,
        None => return None,
    };
    if file.take(limit).read_to_end(&mut bytes).is_err() {
        return Some(Surveyed::Unreadable(path));
    }
    let is_template = may_be_template && immutag_impact::may_be_template(&bytes);
    if kind == FileKind::Template && !is_template {
        return None;
    }
    if !is_template && bytes.len() as u64 > immutag_impact::MAX_SIZE {
        return Some(Surveyed::TooLarge(path));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Some(Surveyed::Unreadable(path));
    };
    Some(Surveyed::File(immutag_impact::File { path, kind, text }))
}

/// A path from a folder, with `/` between its parts.
fn relative(root: &Path, file: &Path) -> Option<String> {
    let below = file.strip_prefix(root).ok()?;
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// What is to turn immutable in one template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turning {
    /// The logical IDs of the ECR repositories.
    pub(crate) logical_ids: BTreeSet<String>,
    /// The tags that stay mutable there.
    pub(crate) kept: Vec<TagPattern>,
}

/// What a run would turn immutable in one git repository, and what that breaks.
#[derive(Clone, Debug)]
pub(crate) struct Facing {
    /// What is known of the git repository.
    pub(crate) survey: Arc<Survey>,
    /// The templates, by their paths from the root.
    pub(crate) turning: BTreeMap<String, Turning>,
}

impl Facing {
    /// The pushes that matter to what turns immutable: those that go there,
    /// but for tags that stay mutable, and those of which nobody can tell
    /// where they go.
    pub(crate) fn pushes(&self) -> impl Iterator<Item = Faced<'_>> {
        let kin = self.kin();
        self.survey.impact.pushes.iter().filter_map(move |push| {
            let Target::EcrRepository { number, .. } = push.target else {
                let (to, more) = (None, 0);
                return Some(Faced { push, to, more });
            };
            let concerned = kin.get(&number).into_iter().flatten();
            let mut concerned = concerned.filter(|one| !is_kept(&push.tag, one.kept));
            let first = concerned.next()?;
            let more = concerned.map(|one| one.count).sum::<usize>();
            Some(Faced {
                push,
                to: Some(first.first),
                more: first.count - 1 + more,
            })
        })
    }

    /// How many ECR repositories turn immutable that moving tags are pushed to.
    #[must_use]
    pub(crate) fn hit(&self) -> usize {
        let kin = self.kin();
        let mut hit: BTreeMap<usize, usize> = BTreeMap::new();
        for push in &self.survey.impact.pushes {
            if let Target::EcrRepository { number, .. } = push.target
                && push.tag.moves()
            {
                let concerned = kin.get(&number).into_iter().flatten();
                let concerned = concerned.filter(|one| !is_kept(&push.tag, one.kept));
                hit.extend(concerned.map(|one| (one.first, one.count)));
            }
        }
        hit.into_values().sum()
    }

    /// What turns immutable by the first ECR repository of its name: those in which
    /// the same tags stay mutable are one.
    fn kin(&self) -> HashMap<usize, Vec<Kin<'_>>> {
        let mut all: HashMap<usize, Vec<Kin<'_>>> = HashMap::new();
        for number in self.numbers() {
            let Some(ecr_repository) = self.survey.impact.ecr_repositories.get(number) else {
                continue;
            };
            let kept = self.kept(ecr_repository);
            let kin = all.entry(ecr_repository.first).or_default();
            match kin.iter_mut().find(|one| one.kept == kept) {
                Some(one) => one.count += 1,
                None => kin.push(Kin {
                    kept,
                    first: number,
                    count: 1,
                }),
            }
        }
        all
    }

    /// The tags that stay mutable in an ECR repository.
    #[must_use]
    pub(crate) fn kept(&self, ecr_repository: &EcrRepository) -> &[TagPattern] {
        let turning = self.turning.get(&ecr_repository.path);
        turning.map_or(&[], |turning| &turning.kept)
    }

    /// The ECR repositories that turn immutable, by their numbers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.survey.impact.ecr_repositories.iter().enumerate();
        all.filter(|(_, ecr_repository)| {
            let turning = self.turning.get(&ecr_repository.path);
            turning.is_some_and(|turning| turning.logical_ids.contains(&ecr_repository.logical_id))
        })
        .map(|(number, _)| number)
    }
}

/// A push of a tag to what turns immutable, or that may go there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faced<'f> {
    /// The push.
    pub(crate) push: &'f Push,
    /// The first ECR repository that it goes to, by its number, if that can be told.
    pub(crate) to: Option<usize>,
    /// How many others of the same name it goes to.
    pub(crate) more: usize,
}

/// ECR repositories of one name in which the same tags stay mutable.
struct Kin<'f> {
    kept: &'f [TagPattern],
    first: usize,
    count: usize,
}

/// Whether a tag stays mutable where these do.
#[must_use]
pub(crate) fn is_kept(tag: &Tag, kept: &[TagPattern]) -> bool {
    match tag {
        Tag::Moving {
            literal: Some(tag), ..
        } => kept.iter().any(|pattern| pattern.matches(tag)),
        _ => false,
    }
}

/// What turns immutable, sorted by the git repositories that it lies in.
#[must_use]
pub(crate) fn facing(surveys: &Surveys, templates: Vec<(PathBuf, Turning)>) -> Vec<Facing> {
    let mut by_root: BTreeMap<PathBuf, Facing> = BTreeMap::new();
    for (file, turning) in templates {
        let Some(survey) = surveys.of(&file) else {
            continue;
        };
        let Some(path) = survey.relative(&file) else {
            continue;
        };
        let facing = by_root
            .entry(survey.root.clone())
            .or_insert_with(|| Facing {
                survey,
                turning: BTreeMap::new(),
            });
        facing.turning.insert(path, turning);
    }
    by_root.into_values().collect()
}
