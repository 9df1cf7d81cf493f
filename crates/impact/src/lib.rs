//! Finds the scripts and pipelines of a git repository that push moving tags to the ECR repositories
//! of its CloudFormation templates.
//!
//! An ECR repository that turns `IMMUTABLE` refuses a tag that it has already. Who pushes `latest`
//! again and again is broken by that: this crate tells who does, before it is merged. [`survey()`] takes
//! the texts of the files and gives an [`Impact`]; nothing is opened, started or printed.
//!
//! ```
//! use immutag_impact::{File, FileKind, Tag, Target, survey};
//!
//! let template = "
//! Resources:
//!   Web:
//!     Type: AWS::ECR::Repository
//!     Properties:
//!       RepositoryName: team/web
//! ";
//! let script = "
//! HOST=123456789012.dkr.ecr.eu-west-1.amazonaws.com
//! docker push \"$HOST/team/web:$GITHUB_SHA\"
//! docker push \"$HOST/team/web:latest\"
//! ";
//! let files = [("template.yaml", template), ("push.sh", script)];
//! let files: Vec<File> = files
//!     .into_iter()
//!     .filter_map(|(path, text)| {
//!         let kind = FileKind::of(path)?;
//!         Some(File { path: path.to_owned(), kind, text: text.to_owned() })
//!     })
//!     .collect();
//! let impact = survey(&files);
//!
//! // The tag that is the commit does not move.
//! assert_eq!(impact.pushes_of_fixed_tags, 1);
//! let [push] = impact.pushes.as_slice() else { panic!("{:?}", impact.pushes) };
//! assert_eq!((push.path.as_str(), push.position.line), ("push.sh", 4));
//! assert_eq!(push.tag.shown(), "latest");
//! let Target::EcrRepository { number, .. } = push.target else { panic!("{:?}", push.target) };
//! assert_eq!(impact.ecr_repositories[number].logical_id, "Web");
//! ```
//!
//! A tag *moves* if it is literal and names no version, date or commit, or if it comes from the name
//! of a branch. A tag that a commit, a build, a version or a date is part of does not. A tag with an
//! unresolved part is [unknown](Tag::Unknown).
//!
//! # Limitations
//!
//! - A push is found, never proven absent. What no file says is unknown, and a tool that is not known
//!   here pushes unseen.
//! - The files are those of one git repository. A push to an ECR repository that the templates of
//!   another git repository declare counts in [`Impact::pushes_elsewhere`].
//! - Scripts are read, not run. Conditions are not decided: a variable that is assigned in a branch
//!   has both values, up to eight. Arguments of scripts and of functions are unresolved.
//! - Files that others include (`include:` of GitLab, a parent's `pom.xml`, actions and orbs from
//!   elsewhere) are not followed.
//! - Of a file with more than [`MAX_PUSHES`] pushes, the others are counted in [`Impact::more`].
//! - A file that is not valid YAML or JSON is read line by line; a `pom.xml` that is not well-formed
//!   XML, or that has a document type, pushes nothing.
//!
//! # The way through the modules
//!
//! No module imports one that imports it:
//!
//! - `value` knows what a text can be of which parts are unknown; `image` what such a text says of an
//!   image; `pushes` collects pushes; `script` tells where a piece of a text stands in the file.
//! - `names` and `stack` read templates: what ECR repositories are called, and what is given out.
//! - `tools` takes the words of a command and gives actions. It does not know the shell.
//! - `shell` makes words of shell text, follows assignments with what `stack` says, and does what
//!   `tools` gives.
//! - `yaml` and `groovy` find shell text in these languages; `ci` and `build` know the formats, one
//!   file for each. `read` picks the format of a file.
//! - `join` finds the ECR repository of an image; `survey` has all files read and joins what they
//!   push. `file` and `impact` are what goes in and comes out.
//!
//! Shell text is read by a lexer of our own, which takes what it cannot read for text: most of it
//! stands in YAML, Groovy or a Makefile, with markup that no shell takes, and a parser that stops at
//! the first sees nothing.

mod build;
mod ci;
mod file;
mod groovy;
mod image;
mod impact;
mod join;
mod names;
mod pushes;
mod read;
mod script;
mod shell;
mod stack;
mod survey;
mod tools;
mod value;
mod yaml;

pub use crate::file::{File, FileKind, MAX_SIZE, may_be_template};
pub use crate::impact::{EcrRepository, Evidence, Impact, Push, Tag, Target};
pub use crate::pushes::MAX_PUSHES;
pub use crate::survey::survey;
