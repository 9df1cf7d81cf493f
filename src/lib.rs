//! Makes AWS CloudFormation templates declare their ECR repositories
//! `ImageTagMutability: IMMUTABLE`, changing only the bytes that must change.

pub mod cli;
pub mod discover;
pub mod edit;
pub mod find;
pub mod plan;
pub mod remediate;
pub mod report;
pub mod run;
pub mod source;
pub mod span;
pub mod syntax;
pub mod template;
pub mod verify;
pub mod write;

pub use find::{Profile, Verdict};
pub use plan::Applicability;
pub use remediate::{remediate, Answer, Assessment, Rules};
