//! Reads shell text: how it comes apart to words, what values those have, and what its commands do.
//!
//! This module owns what is known at a point of a script. `lex` makes words, `environment` holds
//! variables, `expand` gives words their values (with `expression` for those of GitHub,
//! `predefined` for what CI systems set and `output` for what commands print), and `run` follows
//! commands. Which command pushes what is told by `tools`, which file holds the text by `ci` and
//! `build`. Nothing is executed.

mod environment;
mod expand;
mod expression;
mod lex;
mod output;
mod predefined;
mod run;

use std::collections::HashMap;

use crate::pushes::ImagePushes;
use crate::stack::Stacks;
use crate::value::{Value, Values};

pub(crate) use self::environment::Env;

/// How deep texts in texts are followed: `bash -c "$(…)"`.
const MAX_DEPTH: usize = 4;

/// Who gets a value that a step of a GitHub workflow writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenFor {
    /// All later steps of the job.
    Job,
    /// Those that name the step's output.
    Output,
}

/// Reads shell text, and remembers what the rest of the file needs of it.
pub(crate) struct Shell<'s> {
    pub(crate) stacks: &'s Stacks,
    pub(crate) pushes: ImagePushes,
    /// What was written to `$GITHUB_ENV` and `$GITHUB_OUTPUT`.
    pub(crate) written: Vec<(WrittenFor, String, Values)>,
    /// The images that are tagged here, by their names, for `docker push --all-tags`.
    tagged: HashMap<String, Vec<Value>>,
    /// Whether all images of a compose file are pushed.
    pub(crate) pushes_compose: bool,
    /// What a script that does so assigns.
    pub(crate) for_compose: HashMap<String, Values>,
    /// Whether `$(NAME)` can be a variable, as it is in Azure's pipelines.
    pub(crate) has_macros: bool,
    /// Variables that are assigned further below. Functions see them, since they are called when
    /// all is assigned; commands outside of functions do not.
    later: HashMap<String, Values>,
    /// In how many functions the command stands that is read.
    functions: usize,
    depth: usize,
}

impl<'s> Shell<'s> {
    pub(crate) fn new(stacks: &'s Stacks) -> Self {
        Self {
            stacks,
            pushes: ImagePushes::default(),
            written: Vec::new(),
            tagged: HashMap::new(),
            pushes_compose: false,
            for_compose: HashMap::new(),
            has_macros: false,
            later: HashMap::new(),
            functions: 0,
            depth: 0,
        }
    }
}
