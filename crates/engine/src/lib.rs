//! Finds ECR repositories in AWS CloudFormation templates that are not declared
//! `ImageTagMutability: IMMUTABLE`, and fixes them by changing only the bytes that must change.
//!
//! > One finding, one edit. Every other byte stays. If we cannot prove it, we
//! > do not write it, and we say why.
//!
//! Two steps: [`assess()`] reads a template, finds what breaks the rule and plans the fixes;
//! [`Assessment::prove`] makes the edits and proves them. There is no other way to the new text:
//! no proof, no bytes.
//!
//! ```
//! use immutag_engine::{Rules, assess};
//!
//! let template = b"Resources:\n  Web:\n    Type: AWS::ECR::Repository # the shop\n";
//! let assessment = assess(template, &Rules::default())?;
//! for finding in &assessment.facts.findings {
//!     println!("line {}: {}", finding.region.start.line, finding.message);
//! }
//! if let Some(fixed) = assessment.prove()? {
//!     assert_eq!(
//!         fixed.after(),
//!         "Resources:\n  Web:\n    Type: AWS::ECR::Repository # the shop\n    \
//!          Properties:\n      ImageTagMutability: IMMUTABLE\n",
//!     );
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An editor offers each finding as a quick fix: [`Fixed::edits_by_finding`] gives the edits of each
//! finding, and a [`Region`] has its columns in characters, in bytes and in UTF-16 code units:
//!
//! ```
//! use immutag_engine::{Rules, assess};
//!
//! let template = "Resources: {W: {Type: AWS::ECR::Repository, Properties: {
//!   RepositoryName: '😀', ImageTagMutability: MUTABLE}}}";
//! let assessment = assess(template.as_bytes(), &Rules::default())?;
//! let fixed = assessment.prove()?.expect("one fix is planned");
//! let [edit] = &fixed.edits_by_finding()[&0][..] else { panic!("one edit") };
//! assert_eq!(edit.text, "IMMUTABLE");
//! assert_eq!(edit.region.start.line, 2);
//! assert_eq!(edit.region.start.column, 44);
//! assert_eq!(edit.region.start_byte, 47);
//! assert_eq!(edit.region.start_utf16, 45);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture
//!
//! Everything is pure: bytes in, values out. No module opens a file, reads the environment, asks
//! for the time, or prints; what day it is, is told from outside
//! ([`SuppressionRules::today`]). Data flows one way:
//!
//! ```text
//! bytes → text → markup → syntax → template → find → suppress → plan      (assess)
//!                                                                ↓
//!                                                     edit → verify → Fixed  (prove)
//! ```
//!
//! - `rule`: every fact of the rule, as data. See [`rule`].
//! - `text`: whether bytes may concern us (the prefilter), whether they are text, places in it,
//!   *edits* (bytes that replace bytes), and the lines that they change.
//! - `markup`: Jinja, Go templates and their like inside a template, and a text of the
//!   same length without them.
//! - `syntax`: text to one read-only tree with byte spans, from YAML and
//!   JSON alike; and what a tree is meant to become.
//! - `template`: where resources stand in a tree, what else a template declares, and what a
//!   function can evaluate to.
//! - `find`: the rule. A resource becomes a *finding*, which is a fact.
//! - `suppress`: which findings people asked to leave alone, in comments, metadata and lists of
//!   many tools. A *suppression* is a person's word.
//! - `plan`: a finding becomes a *fix*, which is an intent, or a *reason* why there is none.
//! - `verify`: the proof, by two parsers that share no code.
//!
//! # The proof
//!
//! On the new bytes: undoing the edits gives the old bytes; the reader's tree is the old tree
//! with exactly the intended change; the judge accepts both texts and sees the same change;
//! the finding is gone, none is new, and planning again yields nothing. If
//! one of these fails there is a [`ProofError`], and no new text.
//!
//! # Choices, and why
//!
//! - *Splices, not setters.* The judge can edit YAML, too, but reformats
//!   while it does: quotes go, keys are glued to braces. It only reads here.
//! - *Braces are planned once.* A JSON object and a YAML flow mapping differ
//!   in quotes alone, so the planner is divided by layout (lines, braces) and
//!   not by language.
//! - *A value that is not written at all is filled in bare*, even beside
//!   quoted ones: there are no quotes to keep.
//! - *An entry beside the colon of an explicit key stays there*, and the new
//!   one goes below it: the other way round two lines would change.
//! - *Edits are planned from where the text stands*, not from the alias that
//!   leads there, so that all who share a node ask for the same edit.
//! - *A patch is made from the edits*, not by comparing the texts, which
//!   takes quadratic time where much has changed.
//! - *Markup is masked, not cut*, by a text of the same length: no
//!   offset has to be translated, and the proof runs on what was read. A text
//!   that can be read as it is, is: then its markup only tells how sure a fix
//!   is.
//! - *A block of a template engine that begins in the middle of a line is
//!   masked whole.* What it holds is not at the column that it will have, or
//!   is an alternative to what stands beside it; without that, half of the
//!   real templates of Go could not be read.
//! - *Whether text is in the result together is asked of its branch*, the
//!   stretch between two tags that open, part or end a block: an edit is
//!   made where the logical ID is, and nowhere else.
//! - *The judge of YAML compares its own two trees.* Only on the way to a
//!   change must it see what the reader sees; elsewhere the two may differ in
//!   how they fold a long text without a file being refused for it. The judge
//!   of JSON walks along the reader's trees and must agree in everything.
//! - *A literal is rewritten for all that it feeds, or not at all.* Who reads
//!   a parameter or a mapping is looked up in the whole document; a reader
//!   that is no mutability value of an ECR repository, that is suppressed, or that has
//!   exclusion filters beside it keeps the literal as it is.
//! - *Taken strictly, a computed value is not repaired*: it would stay
//!   computed, and so a finding.
//! - *A mutability value beside exclusion filters is not rewritten where it is computed*:
//!   the two would have to change together.
//! - *What a computed key reaches is bad only if it is a mutability value* in any case:
//!   other words in the mapping are there for something else.
//! - *Nodes own nothing.* Their entries, items and words lie in lists of the
//!   tree: at ten megabytes, time is what memory takes (1.6 times as long per
//!   byte as at ten kilobytes with owning nodes, 1.3 times without).
//! - *A suppression covers what its tool documents, or less*, and its resource is
//!   out of reach for the edits of others: see `suppress`.
//! - *What is declined is planned around*, like what is suppressed: a finding
//!   is not simply left out of the edits, since it may share them.
//! - *Lines inside quotes and brackets that stand left of their place are
//!   refused*, although both parsers of YAML read them: others do not. Only a
//!   closing bracket may stand at the column of its key, as everyone has it.
//! - *Comments are read in a pass of their own*, where a text has any that may
//!   be suppressions: the tree has no use for them, and most texts have none.
//!
//!
//! # Limitations
//!
//! - A parameter counts by its default, a condition both ways. Where only a deployment knows
//!   the value, the ECR repository is *unverifiable*: a note, unless the rule is taken strictly.
//! - Template engines are not run. A template with markup that is neither YAML nor JSON with
//!   the markup masked is an error if it names the resource type. `Type`, `Properties` or a
//!   mutability value that an engine fills in is unknown.
//! - A template inside a string (`TemplateBody: |`) is mentioned, not read.
//! - UTF-8 only, nested to 100 levels, to [`DEFAULT_MAX_SIZE`] bytes unless
//!   [`Rules::max_size`] says otherwise.
//! - A carriage return alone ends a line for YAML but not for the positions
//!   reported here. A file with no other line endings is refused.
//! - An assessment with planned fixes holds the template and its tree, some 50 times the
//!   template's size: keep its [`Facts`], not the assessment.
//!
//! # Stability
//!
//! The modules that this page does not list are for the crates of this workspace, its tests
//! and its fuzzing. They change without notice.

mod assess;
#[doc(hidden)]
pub mod find;
#[doc(hidden)]
pub mod markup;
#[doc(hidden)]
pub mod plan;
mod prove;
pub mod rule;
#[doc(hidden)]
pub mod suppress;
#[doc(hidden)]
pub mod syntax;
#[doc(hidden)]
pub mod template;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod verify;

pub use assess::{
    Assessment, Decision, Facts, Finding, Note, Rules, Source, TemplateError, UnusedSuppression,
    assess,
};
pub use find::{MOST_TAGS, Policy, Profile, TagPattern, Verdict};
pub use plan::Applicability;
pub use prove::{Fixed, FixedEdit};
pub use suppress::{
    Date, ListError, Listed, SuppressionRules, Until, Useless, trivyignore, trivyignore_yaml,
};
pub use text::diff::{DiffLine, Hunk, Sign};
pub use text::edit::Edit;
pub use text::excerpt::Excerpt;
pub use text::source::{DEFAULT_MAX_SIZE, concerns_us};
pub use text::span::{Position, Region, Span};
pub use verify::ProofError;
