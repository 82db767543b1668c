//! Tables of what was simulated, each row with the bound that it must keep.
//!
//! Invariant: rows have the order of their settings, however many threads computed them.

use cleanbench_stats::random::Random;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How much is simulated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Samples drawn for each setting.
    pub(crate) samples: u32,
    /// Years for each setting of the drift alarm.
    pub(crate) years: u32,
    /// Whether all settings are gone through, or every third or so.
    pub(crate) thorough: bool,
}

impl Effort {
    /// Of the settings, those that this effort goes through.
    pub(crate) fn some<T: Copy>(self, settings: &[T]) -> Vec<T> {
        let step = if self.thorough { 1 } else { 3 };
        settings.iter().copied().step_by(step).collect()
    }
}

/// What a simulation found.
#[derive(Debug)]
pub(crate) struct Table {
    columns: &'static str,
    rows: Vec<Row>,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Row {
    cells: String,
    /// Whether it is as it must be; `None` where it only informs.
    holds: Option<bool>,
}

impl Row {
    /// A row that only informs.
    pub(crate) fn told(cells: String) -> Self {
        Self { cells, holds: None }
    }

    /// A row that must hold.
    pub(crate) fn checked(cells: String, holds: bool) -> Self {
        Self {
            cells,
            holds: Some(holds),
        }
    }
}

impl Table {
    pub(crate) fn new(columns: &'static str, rows: Vec<Row>) -> Self {
        Self { columns, rows }
    }

    /// The rows that do not hold.
    pub(crate) fn broken(&self) -> Vec<&str> {
        let broken = self.rows.iter().filter(|row| row.holds == Some(false));
        broken.map(|row| row.cells.as_str()).collect()
    }

    /// How many rows must hold.
    pub(crate) fn checked(&self) -> usize {
        self.rows.iter().filter(|row| row.holds.is_some()).count()
    }

    pub(crate) fn csv(&self) -> String {
        let header = std::iter::once(format!("{},holds\n", self.columns));
        let rows = self.rows.iter().map(|row| {
            let holds = match row.holds {
                None => "",
                Some(true) => "yes",
                Some(false) => "no",
            };
            format!("{},{holds}\n", row.cells)
        });
        header.chain(rows).collect()
    }
}

/// What `row` makes of each setting, in their order, on all cores.
pub(crate) fn each<T: Sync, R: Send>(settings: &[T], row: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(setting) = settings.get(place) else {
                        break;
                    };
                    let found = row(setting);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((place, found));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, row)| row).collect()
}

/// Three standard errors of a share near `share` of `samples`.
pub(crate) fn three_errors(share: f64, samples: u32) -> f64 {
    3.0 * (share * (1.0 - share) / f64::from(samples)).sqrt()
}

/// The share of `samples` in which `holds`.
pub(crate) fn share(samples: u32, mut holds: impl FnMut() -> bool) -> f64 {
    let held: u32 = (0..samples).map(|_| u32::from(holds())).sum();
    f64::from(held) / f64::from(samples)
}

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// The length of a list as a real number.
pub(crate) fn length<T>(list: &[T]) -> f64 {
    real(u64::try_from(list.len()).unwrap_or(u64::MAX))
}

/// A standard normal number.
pub(crate) fn normal(random: &mut Random) -> f64 {
    cleanbench_stats::normal_quantile(random.unit().max(1e-16))
}
