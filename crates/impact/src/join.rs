//! Which ECR repository of the templates an image goes to.
//!
//! This module owns the way from an image to an ECR repository. It judges no tag.

use std::collections::{HashMap, HashSet};

use crate::image::{self, Image};
use crate::impact::Evidence;
use crate::names::DeclaredName;
use crate::stack::Stacks;
use crate::value::{self, Part};

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// To the ECR repository of this number and to those of its name, and how that is known.
    EcrRepository(usize, Evidence),
    /// To another registry, or to an ECR repository that no template declares.
    Elsewhere,
    /// Its name is unresolved; how it is written.
    Unknown(String),
}

/// How many forms of names are compared with. Where templates have more, a
/// name can be any of them.
const MAX_FORMS: usize = 256;

/// The repositories by their names.
pub(crate) struct Index<'w> {
    /// Those that can have the same names are one, which goes by the number of
    /// the first: they are of several accounts or regions, and pushed to
    /// alike. None where a name is of several others.
    by_name: HashMap<&'w str, Option<usize>>,
    /// By what stands behind a slash in their names.
    by_end: HashMap<&'w str, Option<usize>>,
    /// The first of its name, for each repository.
    firsts: Vec<usize>,
    /// The forms of the names that are not known, each once.
    forms: Vec<&'w str>,
    has_more_forms: bool,
}

impl<'w> Index<'w> {
    pub(crate) fn of(stacks: &'w Stacks) -> Self {
        let mut index = Self {
            by_name: HashMap::new(),
            by_end: HashMap::new(),
            firsts: Vec::new(),
            forms: Vec::new(),
            has_more_forms: false,
        };
        let mut forms = HashSet::new();
        let mut firsts: HashMap<&[String], usize> = HashMap::new();
        for (number, declared) in stacks.ecr_repositories.iter().enumerate() {
            index.firsts.push(number);
            match &declared.name {
                DeclaredName::Known(names) => {
                    let first = *firsts.entry(names).or_insert(number);
                    if let Some(one) = index.firsts.last_mut() {
                        *one = first;
                    }
                    for name in names {
                        only(&mut index.by_name, name, first);
                        for (at, _) in name.match_indices('/') {
                            let end = name.get(at + 1..).unwrap_or_default();
                            only(&mut index.by_end, end, first);
                        }
                    }
                }
                DeclaredName::Like(form) if forms.len() < MAX_FORMS => {
                    _ = forms.insert(form.as_str());
                }
                DeclaredName::Like(_) => index.has_more_forms = true,
            }
        }
        index.forms = forms.into_iter().collect();
        index.forms.sort_unstable();
        index
    }

    /// Finds where an image goes.
    pub(crate) fn destination(&self, image: &Image) -> Destination {
        let shown = || {
            let mut all = image.registry.clone();
            if !all.is_empty() {
                value::push(&mut all, Part::Text("/".to_owned()));
            }
            all.extend(image.path.iter().cloned());
            Destination::Unknown(value::shown(&all))
        };
        if let [Part::EcrUri(number), rest @ ..] = image.path.as_slice() {
            // What follows the address is another repository.
            return if rest.is_empty() {
                Destination::EcrRepository(self.first(*number), Evidence::Reference)
            } else {
                shown()
            };
        }
        let is_foreign = |part: &Part| matches!(part, Part::OtherRegistry);
        if image.registry.iter().chain(&image.path).any(is_foreign) {
            return Destination::Elsewhere;
        }
        let is_sure = image::is_ecr(&image.registry);
        if !is_sure {
            match (value::literal(&image.registry), image.path.first()) {
                // Docker Hub, where no registry is named.
                (Some(""), Some(Part::Text(_))) => return Destination::Elsewhere,
                (Some(""), _) => return shown(),
                (Some(_), _) => return Destination::Elsewhere,
                (None, _) => {}
            }
        }
        if let [Part::EcrName(number)] = image.path.as_slice() {
            return Destination::EcrRepository(self.first(*number), Evidence::Reference);
        }
        let Some(path) = value::literal(&image.path) else {
            return shown();
        };
        match self.by_name(path, is_sure) {
            // An unresolved host may be any registry, unless its name says ECR.
            Some(Destination::EcrRepository(..))
                if !is_sure && !image::is_named_for_ecr(&image.registry) =>
            {
                shown()
            }
            found => found.unwrap_or_else(shown),
        }
    }

    /// The ECR repository of this name; None where several have it.
    fn by_name(&self, path: &str, is_sure: bool) -> Option<Destination> {
        let mut found = self.by_name.get(path);
        if found.is_none() && !is_sure {
            // A registry that is a variable may hold a part of the name.
            found = self.by_end.get(path);
        }
        let Some(first) = found else {
            let may_be = self.has_more_forms || self.forms.iter().any(|form| like(form, path));
            return (!may_be).then_some(Destination::Elsewhere);
        };
        first.map(|first| Destination::EcrRepository(first, Evidence::Name))
    }

    /// The first repository that can have the same names as this one.
    pub(crate) fn first(&self, number: usize) -> usize {
        self.firsts.get(number).copied().unwrap_or(number)
    }
}

/// Takes down that a name is of a repository, and of none where it is of
/// several.
fn only<'w>(into: &mut HashMap<&'w str, Option<usize>>, name: &'w str, first: usize) {
    let known = into.entry(name).or_insert(Some(first));
    if *known != Some(first) {
        *known = None;
    }
}

/// Whether a name fits a pattern in which `*` is anything.
fn like(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
        last = Some(part);
    }
    match last {
        None => rest.is_empty(),
        Some(last) => last.is_empty() || name.ends_with(last),
    }
}
