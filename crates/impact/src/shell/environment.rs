//! The variables that hold at a place, with their values.

use std::collections::HashMap;

use crate::value::Values;

/// Variables with their values, and those of the scope around them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env<'p> {
    pub(crate) own: HashMap<String, Values>,
    around: Option<&'p Env<'p>>,
}

impl<'p> Env<'p> {
    /// An empty scope inside of another.
    pub(crate) fn within(around: &'p Env<'p>) -> Self {
        Self {
            own: HashMap::new(),
            around: Some(around),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Values> {
        let mut env = self;
        loop {
            if let Some(values) = env.own.get(name) {
                return Some(values);
            }
            env = env.around?;
        }
    }

    pub(crate) fn set(&mut self, name: &str, values: Values) {
        self.own.insert(name.to_owned(), values);
    }
}
