//! Years of nights: how often the drift alarm is false, and how soon it finds a drop.
//!
//! A suite of `n` samples, of which a share is unstable: each of those succeeds with a chance of its own,
//! drawn from all chances, the others always or never. A night's state shifts all unstable chances alike,
//! and more or less as in the night before.

use super::table::{Effort, Row, Table, each, normal, real, three_errors};
use cleanbench_stats::drift::{Baseline, Night, watch};
use cleanbench_stats::random::Random;

const ALPHA: f64 = 0.05;
const YEAR: usize = 365;
/// Nights after the baseline before the drop.
const BEFORE: usize = 60;
const DROP: f64 = 0.05;

#[derive(Debug, Clone, Copy)]
struct Setting {
    /// Nights of the baseline, or 0.
    nights: usize,
    /// Epochs of a baseline of one night, or 0.
    epochs: usize,
    /// Samples of a hundred that are unstable.
    unstable: u64,
    /// Standard deviation of what the nights' states do to the score.
    state: f64,
    correlation: f64,
    n: u64,
}

pub(crate) fn table(effort: Effort) -> Table {
    let rows = each(&settings(effort), |setting| row(effort, *setting));
    let columns = "baseline,unstable_percent,night_deviation,night_correlation,n,alpha,years,false_alarms,drop,\
                   drops,found,median_delay_nights";
    Table::new(columns, rows)
}

/// All that must hold, and some with a correlation beyond what is promised.
fn settings(effort: Effort) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (nights, epochs) in [(14, 0), (60, 0), (0, 10), (0, 50)] {
        let mut add = |unstable, state, correlation, n| {
            settings.push(Setting {
                nights,
                epochs,
                unstable,
                state,
                correlation,
                n,
            });
        };
        for unstable in [5, 20, 40] {
            for (state, correlation) in [(0.0, 0.0), (0.005, 0.3), (0.01, 0.6)] {
                for n in [100, 300, 1000] {
                    add(unstable, state, correlation, n);
                }
            }
            add(unstable, 0.01, 0.8, 300);
        }
    }
    let step = if effort.thorough { 1 } else { 17 };
    settings.into_iter().step_by(step).collect()
}

fn row(effort: Effort, setting: Setting) -> Row {
    let mut random = Random::new(41);
    let mut false_alarms = 0_u32;
    for _ in 0..effort.years {
        let alarm = year(&mut random, setting, YEAR, YEAR);
        false_alarms += u32::from(alarm.is_some());
    }
    let drops = if effort.thorough {
        effort.years / 10
    } else {
        effort.years
    };
    let mut delays: Vec<usize> = (0..drops)
        .filter_map(|_| year(&mut random, setting, BEFORE, YEAR))
        .filter_map(|alarm| (alarm + 1).checked_sub(BEFORE))
        .collect();
    delays.sort_unstable();
    // A drop that was not found counts as later than any.
    let median = delays
        .get(drops as usize / 2)
        .map_or("beyond the year".to_owned(), usize::to_string);
    let rate = f64::from(false_alarms) / f64::from(effort.years);
    let cells = format!(
        "{},{},{},{},{},{ALPHA},{},{rate:.4},{DROP},{drops},{},{median}",
        if setting.nights > 0 {
            format!("{} nights", setting.nights)
        } else {
            format!("{} epochs", setting.epochs)
        },
        setting.unstable,
        setting.state,
        setting.correlation,
        setting.n,
        effort.years,
        delays.len(),
    );
    // Few years tell a rate only within its error.
    let slack = if effort.thorough {
        0.0
    } else {
        three_errors(ALPHA, effort.years)
    };
    if setting.correlation > 0.6 {
        return Row::told(cells);
    }
    Row::checked(
        cells,
        rate <= ALPHA + slack && 2 * delays.len() > drops as usize,
    )
}

/// The night of the alarm in a year whose scores fall by [`DROP`] from night `drop` on.
fn year(random: &mut Random, setting: Setting, drop: usize, nights: usize) -> Option<usize> {
    let suite = Suite::new(random, setting);
    let mut state = normal(random);
    let mut next = |random: &mut Random| {
        let fresh = (1.0 - setting.correlation * setting.correlation).sqrt();
        state = setting.correlation * state + fresh * normal(random);
        state * setting.state
    };
    let mut scores = |count: usize, from: usize, random: &mut Random| -> Vec<Night> {
        let night = |place| {
            let shift = next(random) - if place >= from { DROP } else { 0.0 };
            suite.night(random, shift)
        };
        (0..count).map(night).collect()
    };
    let baseline = scores(setting.nights, usize::MAX, random);
    // All epochs of one night share its state.
    let first = random.unit();
    let shift = setting.state * cleanbench_stats::normal_quantile(first.max(1e-16));
    let epochs: Vec<Night> = (0..setting.epochs)
        .map(|_| suite.night(random, shift))
        .collect();
    let later = scores(nights, drop, random);
    let before = if setting.nights > 0 {
        Baseline::Nights(&baseline)
    } else {
        Baseline::Epochs(&epochs)
    };
    watch(before, &later, ALPHA, 0.0).ok()?.alarm
}

/// The mean and the variance of one night's score without its state, for given chances.
struct Suite {
    mean: f64,
    deviation: f64,
    n: u64,
}

impl Suite {
    fn new(random: &mut Random, setting: Setting) -> Self {
        let unstable = setting.unstable * setting.n / 100;
        let (mut mean, mut variance) = (0.7 * real(setting.n - unstable), 0.0);
        for _ in 0..unstable {
            let chance = random.unit();
            mean += chance;
            variance += chance * (1.0 - chance);
        }
        let n = real(setting.n);
        Self {
            mean: mean / n,
            deviation: variance.sqrt() / n,
            n: setting.n,
        }
    }

    /// One night: the number of successes is a sum of many coins, hence nearly normal; whole again.
    fn night(&self, random: &mut Random, shift: f64) -> Night {
        let score = self.mean + shift + self.deviation * normal(random);
        let n = real(self.n);
        Night {
            score: (score * n).round().clamp(0.0, n) / n,
            n: self.n,
        }
    }
}
