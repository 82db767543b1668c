//! In which order the samples of a task are asked that a gate may end early.
//!
//! Invariant: the order follows from the run's seed and from what a sample asks, never from its place in the file, so
//! that whoever sorts a suite anew decides nothing; equal inputs stand in an order by their ids. By tables before 5
//! it followed from the place.
//!
//! It refuses tasks that no gate may end: their order is the engine's own, and decides nothing.

use cleanbench_core::Digest;
use cleanbench_core::seed::{order_of, shuffle};

use crate::{LedgerError, Plan, RunDirectory, SampleRow, SampleRows};

/// From these tables on a sample's turn is its own, wherever it stands.
const BY_IDENTITY: u32 = 5;

/// The order of each task of a plan.
#[derive(Debug, Clone, Default)]
pub struct Turns(Vec<Vec<u32>>);

/// What decides when a sample is asked: 24 bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Drawn {
    by_input: u64,
    by_id: u64,
    offset: u32,
}

impl Drawn {
    fn of(row: &SampleRow, seed: u64, offset: u32) -> Self {
        let number = |bytes: &[u8]| {
            let Digest(digest) = Digest::of("cleanbench/turn/1", &[&seed.to_le_bytes(), bytes]);
            let first = digest.first_chunk::<8>();
            first.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        Self {
            by_input: number(&row.input_digest.0),
            by_id: number(row.id.as_bytes()),
            offset,
        }
    }
}

impl Turns {
    /// Of the tasks of `plan` that a gate may end early; their samples are in `run`.
    ///
    /// # Errors
    /// When the samples cannot be read.
    pub fn open(run: &RunDirectory, plan: &Plan) -> Result<Self, LedgerError> {
        let ends: Vec<_> = plan
            .tasks
            .iter()
            .map(|task| plan.may_end_early(task))
            .collect();
        if !ends.contains(&true) {
            return Ok(Self(vec![Vec::new(); ends.len()]));
        }
        if plan.tables < BY_IDENTITY {
            return Ok(Self::by_place(plan, &ends));
        }
        let mut drawn: Vec<Vec<Drawn>> = ends.iter().map(|_| Vec::new()).collect();
        for row in SampleRows::open(run)? {
            let row = row?;
            let task = row.task as usize;
            if ends.get(task) != Some(&true) {
                continue;
            }
            let seed = order_of(plan.seed, &plan.tasks[task].name);
            let samples = &mut drawn[task];
            let offset = u32::try_from(samples.len()).unwrap_or(u32::MAX);
            samples.push(Drawn::of(&row, seed, offset));
        }
        let in_order = drawn.into_iter().map(|mut samples| {
            samples.sort_unstable();
            samples.into_iter().map(|one| one.offset).collect()
        });
        Ok(Self(in_order.collect()))
    }

    fn by_place(plan: &Plan, ends: &[bool]) -> Self {
        let of_task = plan.tasks.iter().zip(ends).map(|(task, ends)| {
            let samples = if *ends { task.samples } else { 0 };
            let mut order: Vec<u32> = (0..u32::try_from(samples).unwrap_or(u32::MAX)).collect();
            shuffle(&mut order, order_of(plan.seed, &task.name));
            order
        });
        Self(of_task.collect())
    }

    /// The samples of the task at position `task` in the order in which they are asked, as distances from its first
    /// line; empty where no gate may end it.
    pub fn order(&self, task: usize) -> &[u32] {
        self.0.get(task).map_or(&[], Vec::as_slice)
    }
}
