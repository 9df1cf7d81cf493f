//! CI systems: one file for each format, which finds the shell text in it and what stands beside it.

pub(crate) mod github;
