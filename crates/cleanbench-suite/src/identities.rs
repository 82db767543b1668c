//! Which sample identities exist, and which are referred to, as hashes: about 24 bytes a sample.
//!
//! Trees and not hash tables, whose doubling would for a moment take twice that.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};

/// 64 bits of a hash, as bytes so that a table entry takes 12 bytes and not 16.
type Key = [u8; 8];

fn key_of(id: &str) -> Key {
    let mut hasher = DefaultHasher::new();
    hasher.write(id.as_bytes());
    hasher.finish().to_le_bytes()
}

/// The identities of one task, with the line of each in its files put one after the other.
#[derive(Debug, Default)]
struct TaskIdentities {
    lines: BTreeMap<Key, u32>,
    /// For each file the number of lines in the files before it.
    starts: Vec<u32>,
}

/// The identities of a suite.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    tasks: Vec<TaskIdentities>,
    /// References to samples that had not been met when they were read.
    open: BTreeSet<Key>,
}

impl Identities {
    pub(crate) fn begin_task(&mut self) {
        self.tasks.push(TaskIdentities::default());
    }

    /// Notes that the next file of the task begins, `lines` lines after the previous one began.
    pub(crate) fn begin_file(&mut self, lines: u32) {
        if let Some(task) = self.tasks.last_mut() {
            let start = task
                .starts
                .last()
                .map_or(0, |start| start.saturating_add(lines));
            task.starts.push(start);
        }
    }

    /// Adds a sample of the current file. If its identity is taken: file (position in the task)
    /// and line of the sample that has it.
    pub(crate) fn add(&mut self, id: &str, line: u32) -> Option<(usize, u32)> {
        let task = self.tasks.last_mut()?;
        let line = task.starts.last()?.saturating_add(line);
        let first = *task.lines.entry(key_of(id)).or_insert(line);
        if first == line {
            return None;
        }
        let file = task.starts.partition_point(|start| *start < first) - 1;
        Some((file, first - task.starts[file]))
    }

    /// Notes that some sample refers to `id`.
    pub(crate) fn refer(&mut self, id: &str) {
        let key = key_of(id);
        let own = self.tasks.last();
        if !own.is_some_and(|task| task.lines.contains_key(&key)) {
            self.open.insert(key);
        }
    }

    /// Whether the task at position `task` has the sample `id`.
    pub(crate) fn contains(&self, task: usize, id: &str) -> bool {
        let task = self.tasks.get(task);
        task.is_some_and(|task| task.lines.contains_key(&key_of(id)))
    }

    /// Drops the open references that have been met by now; whether some are left.
    pub(crate) fn settle(&mut self) -> bool {
        for task in &self.tasks {
            // Whichever is shorter is gone through: the work is bounded by the number of samples.
            if self.open.len() < task.lines.len() {
                self.open.retain(|key| !task.lines.contains_key(key));
            } else {
                for key in task.lines.keys() {
                    self.open.remove(key);
                }
            }
        }
        !self.open.is_empty()
    }

    /// Whether no sample has the identity `id`, as found by [`Identities::settle`].
    pub(crate) fn is_missing(&self, id: &str) -> bool {
        self.open.contains(&key_of(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_occurrences_and_open_references_are_known() {
        let mut identities = Identities::default();
        identities.begin_task();
        identities.begin_file(0);
        assert_eq!(identities.add("a", 3), None);
        identities.refer("b");
        identities.refer("nowhere");
        identities.begin_file(10);
        assert_eq!(identities.add("b", 1), None);
        assert_eq!(identities.add("a", 3), Some((0, 3)));
        assert_eq!(identities.add("b", 9), Some((1, 1)));
        identities.begin_task();
        identities.begin_file(0);
        assert_eq!(identities.add("a", 3), None);
        assert!(identities.settle());
        assert!(identities.is_missing("nowhere"));
        assert!(!identities.is_missing("b"));
    }
}
