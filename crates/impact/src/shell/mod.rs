//! Shell text: how it comes apart to words, what those can be, and what its commands do.

pub(crate) mod lex;
pub(crate) mod predefined;
pub(crate) mod run;
