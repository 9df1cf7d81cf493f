//! What the engine says of a template, with its fix proven. The fuzz crate uses this file, too.

use std::collections::BTreeSet;

use immutag_engine::{Facts, Fixed, Position, Rules, assess};

/// What there is to say, and the proven fix, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proven {
    pub facts: Facts,
    pub fixed: Option<Fixed>,
}

/// Why there is neither: where, the code of the error, and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub position: Position,
    pub code: &'static str,
    pub message: String,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// Assesses a template, and proves what is planned. A proof that fails has the code `proof`.
pub fn proven(template: &[u8], rules: &Rules) -> Result<Proven, Failed> {
    proven_without(template, rules, &BTreeSet::new())
}

/// The same, with some fixes declined, by the indexes of their findings.
pub fn proven_without(
    template: &[u8],
    rules: &Rules,
    declined: &BTreeSet<usize>,
) -> Result<Proven, Failed> {
    let mut assessment = assess(template, rules).map_err(|error| Failed {
        position: error.position,
        code: error.code,
        message: error.message,
    })?;
    if !declined.is_empty() {
        assessment = assessment.declining(declined);
    }
    let fixed = assessment.prove().map_err(|error| Failed {
        position: Position { line: 1, column: 1 },
        code: "proof",
        message: error.to_string(),
    })?;
    let facts = assessment.facts;
    Ok(Proven { facts, fixed })
}
