//! Build tools: one file for each format, which finds what the tool pushes and the shell text that
//! it runs.

pub(crate) mod compose;
pub(crate) mod gradle;
mod jib;
pub(crate) mod just;
pub(crate) mod make;
pub(crate) mod maven;
pub(crate) mod package_json;
pub(crate) mod skaffold;
