//! A scorer of a task as a suite writes it: what faults of it are told at.

use cleanbench_core::ScorerSpec;

/// A scorer as it is written, with the places of its parts.
#[derive(Debug, Clone)]
pub(crate) struct ScorerEntry {
    pub(crate) spec: ScorerSpec,
    pub(crate) at: usize,
    pub(crate) params: Vec<(String, usize)>,
}

impl ScorerEntry {
    /// Where the parameter `name` is; the type where there is no such parameter.
    pub(crate) fn place_of(&self, name: Option<&str>) -> usize {
        let found = self
            .params
            .iter()
            .find(|(param, _)| Some(param.as_str()) == name);
        found.map_or(self.at, |(_, at)| *at)
    }
}
