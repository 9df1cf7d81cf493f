//! CI systems: one file for each format, which finds the shell text in it and what stands beside it.

pub(crate) mod codebuild;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod jenkins;
pub(crate) mod other;
