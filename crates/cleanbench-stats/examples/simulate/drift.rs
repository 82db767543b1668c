//! Years of nights: how often the drift alarm is false, and how soon it finds a drop.
//!
//! A suite of `n` samples, of which a share is unstable: each of those succeeds with a chance of its own,
//! drawn from all chances, the others always or never; or all succeed with the same chance. A night's state
//! shifts all unstable chances alike, and more or less as in the night before. Answers may be missing: a share of
//! them, more where they are wrong, or half or all of some nights in a row.

use super::table::{Effort, Row, Table, each, normal, real, three_errors};
use cleanbench_stats::drift::{Baseline, Night, Stakes, Terms, watch};
use cleanbench_stats::random::Random;

const TERMS: Terms = Terms {
    alpha: 0.05,
    allowance: 0.0,
    stakes: Stakes::EarlyToo,
};
const YEAR: usize = 365;
/// Nights after the baseline before the drop of a year.
const BEFORE: usize = 60;
const DROP: f64 = 0.05;
/// Falls that begin with the first night after the baseline.
const FALLS: [Fall; 4] = [
    Fall::By(0.05),
    Fall::By(0.1),
    Fall::By(0.2),
    Fall::ToNothing,
];
/// Nights within which these are looked for.
const WITHIN: usize = 60;
/// Within how many nights the fall to nothing must be found, in the median.
const SOON: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Setting {
    /// Nights of the baseline, or 0.
    nights: usize,
    /// Epochs of a baseline of one night, or 0.
    epochs: usize,
    samples: Samples,
    /// Standard deviation of what the nights' states do to the score.
    state: f64,
    correlation: f64,
    n: u64,
    missing: Missing,
}

/// What the samples of a suite are like.
#[derive(Debug, Clone, Copy)]
enum Samples {
    /// So many of a hundred are unstable.
    Unstable(u64),
    /// All succeed with the same chance.
    Alike(f64),
}

/// Which answers are missing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Missing {
    None,
    /// One of twenty, whatever it is.
    Random,
    /// One of five that are wrong, one of a hundred that are right.
    WithFailure,
    /// Half or all answers of one to three nights in a row, about six times a year.
    Outages,
}

#[derive(Debug, Clone, Copy)]
enum Fall {
    By(f64),
    ToNothing,
}

/// A fall, and the nights after the baseline before it.
#[derive(Debug, Clone, Copy)]
struct Onset {
    before: usize,
    fall: Fall,
}

pub(crate) fn table(effort: Effort) -> Table {
    let rows = each(&settings(effort), |setting| row(effort, *setting));
    let columns = "baseline,unstable_percent,night_deviation,night_correlation,n,missing,alpha,years,false_alarms,\
                   evidence_if_missing_are_wrong,drop,drops,found,median_delay_nights,falls,median_nights_5_points,\
                   median_nights_10_points,median_nights_20_points,median_nights_to_nothing";
    Table::new(columns, rows)
}

/// Baselines of nights and of epochs.
const BASELINES: [[usize; 2]; 4] = [[14, 0], [60, 0], [0, 10], [0, 50]];

/// All that must hold, and some with a correlation beyond what is promised.
fn settings(effort: Effort) -> Vec<Setting> {
    let mut settings = Vec::new();
    for baseline in BASELINES {
        for unstable in [5, 20, 40] {
            let samples = Samples::Unstable(unstable);
            add(&mut settings, baseline, samples, Missing::None);
            settings.push(Setting {
                nights: baseline[0],
                epochs: baseline[1],
                samples,
                state: 0.01,
                correlation: 0.8,
                n: 300,
                missing: Missing::None,
            });
        }
    }
    for baseline in [BASELINES[0], BASELINES[2]] {
        add(&mut settings, baseline, Samples::Alike(0.9), Missing::None);
        for missing in [Missing::Random, Missing::WithFailure, Missing::Outages] {
            add(&mut settings, baseline, Samples::Alike(0.9), missing);
            add(&mut settings, baseline, Samples::Unstable(20), missing);
        }
    }
    let step = if effort.thorough { 1 } else { 17 };
    settings.into_iter().step_by(step).collect()
}

/// Three kinds of nights for three sizes of a suite.
fn add(settings: &mut Vec<Setting>, baseline: [usize; 2], samples: Samples, missing: Missing) {
    for [state, correlation] in [[0.0, 0.0], [0.005, 0.3], [0.01, 0.6]] {
        settings.extend([100, 300, 1000].map(|n| Setting {
            nights: baseline[0],
            epochs: baseline[1],
            samples,
            state,
            correlation,
            n,
            missing,
        }));
    }
}

fn row(effort: Effort, setting: Setting) -> Row {
    let mut random = Random::new(41);
    let (mut false_alarms, mut evidence) = (0_u32, 0_u32);
    for _ in 0..effort.years {
        let year = Year::draw(&mut random, setting, None);
        false_alarms += u32::from(year.alarm().is_some());
        evidence += u32::from(setting.missing != Missing::None && year.if_wrong().is_some());
    }
    let drops = if effort.thorough {
        effort.years / 10
    } else {
        effort.years
    };
    let onset = Onset {
        before: BEFORE,
        fall: Fall::By(DROP),
    };
    let late = delays(&mut random, setting, drops, onset);
    let soon = FALLS.map(|fall| {
        let delays = delays(&mut random, setting, drops, Onset { before: 0, fall });
        median(&delays, drops)
    });
    let told = |median: Option<usize>, limit: &str| {
        median.map_or_else(|| format!("beyond {limit}"), |nights| nights.to_string())
    };
    let share = |count: u32| f64::from(count) / f64::from(effort.years);
    let cells = format!(
        "{},{:.4},{},{DROP},{drops},{},{},{drops},{}",
        setting.cells(effort.years),
        share(false_alarms),
        match setting.missing {
            Missing::None => String::new(),
            _ => format!("{:.4}", share(evidence)),
        },
        late.len(),
        told(median(&late, drops), "the year"),
        soon.map(|median| told(median, "60")).join(",")
    );
    if setting.correlation > 0.6 {
        return Row::told(cells);
    }
    // Few years tell a rate only within its error.
    let slack = if effort.thorough {
        0.0
    } else {
        three_errors(TERMS.alpha, effort.years)
    };
    let is_rare = share(false_alarms) <= TERMS.alpha + slack;
    // With answers missing a small drop may be hidden for ever.
    let is_found = setting.missing != Missing::None || median(&late, drops).is_some();
    let is_soon = soon[3].is_some_and(|nights| nights <= SOON);
    Row::checked(cells, is_rare && is_found && is_soon)
}

impl Setting {
    fn cells(self, years: u32) -> String {
        let baseline = if self.nights > 0 {
            format!("{} nights", self.nights)
        } else {
            format!("{} epochs", self.epochs)
        };
        let samples = match self.samples {
            Samples::Unstable(percent) => percent.to_string(),
            Samples::Alike(chance) => format!("all at {chance}"),
        };
        let missing = match self.missing {
            Missing::None => "none",
            Missing::Random => "5 % at random",
            Missing::WithFailure => "20 % of wrong and 1 % of right",
            Missing::Outages => "outages",
        };
        format!(
            "{baseline},{samples},{},{},{},{missing},{},{years}",
            self.state, self.correlation, self.n, TERMS.alpha
        )
    }
}

/// Nights from the beginning of a fall to the alarm, ascending, of those that were found.
fn delays(random: &mut Random, setting: Setting, drops: u32, onset: Onset) -> Vec<usize> {
    let mut delays: Vec<usize> = (0..drops)
        .filter_map(|_| Year::draw(random, setting, Some(onset)).alarm())
        .filter_map(|alarm| (alarm + 1).checked_sub(onset.before))
        .collect();
    delays.sort_unstable();
    delays
}

/// A drop that was not found counts as later than any.
fn median(delays: &[usize], drops: u32) -> Option<usize> {
    delays.get(drops as usize / 2).copied()
}

/// A baseline and the nights after it.
struct Year {
    is_epochs: bool,
    baseline: Vec<Night>,
    later: Vec<Night>,
}

impl Year {
    /// Nights of which those from a certain one on have fallen; without a fall they are a year.
    fn draw(random: &mut Random, setting: Setting, onset: Option<Onset>) -> Self {
        let mut draws = Draws::new(random, setting);
        let is_epochs = setting.epochs > 0;
        let baseline = if is_epochs {
            draws.epochs(random, setting.epochs)
        } else {
            (0..setting.nights)
                .map(|_| draws.night(random, None))
                .collect()
        };
        let nights = match onset {
            Some(Onset { before: 0, .. }) => WITHIN,
            _ => YEAR,
        };
        let fallen = |place| onset.filter(|onset| place >= onset.before);
        let later = (0..nights).map(|place| {
            let fall = fallen(place).map(|onset| onset.fall);
            draws.night(random, fall)
        });
        Self {
            is_epochs,
            baseline,
            later: later.collect(),
        }
    }

    fn alarm(&self) -> Option<usize> {
        found(self.is_epochs, &self.baseline, &self.later)
    }

    /// The same with all that is missing as wrong.
    fn if_wrong(&self) -> Option<usize> {
        let at_least = |nights: &[Night]| nights.iter().map(|night| night.at_least()).collect();
        let (baseline, later): (Vec<_>, Vec<_>) = (at_least(&self.baseline), at_least(&self.later));
        found(self.is_epochs, &baseline, &later)
    }
}

fn found(is_epochs: bool, baseline: &[Night], later: &[Night]) -> Option<usize> {
    let before = if is_epochs {
        Baseline::Epochs(baseline)
    } else {
        Baseline::Nights(baseline)
    };
    watch(before, later, TERMS).ok()?.alarm
}

/// What a suite's nights are drawn from.
struct Draws {
    setting: Setting,
    /// The mean and the deviation of one night's score without its state, for given chances.
    mean: f64,
    deviation: f64,
    state: f64,
    /// Nights that an outage goes on for, and which share of answers is missing in it.
    outage: (u32, f64),
}

impl Draws {
    fn new(random: &mut Random, setting: Setting) -> Self {
        let n = real(setting.n);
        let (mean, variance) = match setting.samples {
            Samples::Alike(chance) => (n * chance, n * chance * (1.0 - chance)),
            Samples::Unstable(percent) => {
                let unstable = percent * setting.n / 100;
                let start = (0.7 * real(setting.n - unstable), 0.0);
                (0..unstable).fold(start, |(mean, variance), _| {
                    let chance = random.unit();
                    (mean + chance, variance + chance * (1.0 - chance))
                })
            }
        };
        Self {
            setting,
            mean: mean / n,
            deviation: variance.sqrt() / n,
            state: normal(random),
            outage: (0, 0.0),
        }
    }

    /// The next night, which has fallen or not.
    fn night(&mut self, random: &mut Random, fall: Option<Fall>) -> Night {
        let correlation = self.setting.correlation;
        let fresh = (1.0 - correlation * correlation).sqrt();
        self.state = correlation * self.state + fresh * normal(random);
        let shift = self.state * self.setting.state;
        let right = match fall {
            Some(Fall::ToNothing) => 0.0,
            Some(Fall::By(drop)) => self.right(random, shift - drop),
            None => self.right(random, shift),
        };
        self.with_missing(random, right)
    }

    /// Epochs of one night, which share its state.
    fn epochs(&mut self, random: &mut Random, count: usize) -> Vec<Night> {
        let shift = self.setting.state * normal(random);
        let mut epoch = || {
            let right = self.right(random, shift);
            self.with_missing(random, right)
        };
        (0..count).map(|_| epoch()).collect()
    }

    /// The number of successes: a sum of many coins, hence nearly normal; whole again.
    fn right(&self, random: &mut Random, shift: f64) -> f64 {
        let score = self.mean + shift + self.deviation * normal(random);
        let n = real(self.setting.n);
        (score * n).round().clamp(0.0, n)
    }

    /// A night of so many right answers, some of them missing.
    fn with_missing(&mut self, random: &mut Random, right: f64) -> Night {
        let n = real(self.setting.n);
        let [of_right, of_wrong] = self.shares_missing(random);
        let lost_right = successes(random, right, of_right);
        let lost_wrong = successes(random, n - right, of_wrong);
        let there = n - lost_right - lost_wrong;
        Night {
            low: (right - lost_right) / n,
            high: (right + lost_wrong) / n,
            seen: (there > 0.0).then(|| (right - lost_right) / there),
        }
    }

    /// Which share of right and of wrong answers is missing in this night.
    fn shares_missing(&mut self, random: &mut Random) -> [f64; 2] {
        match self.setting.missing {
            Missing::None => [0.0; 2],
            Missing::Random => [0.05; 2],
            Missing::WithFailure => [0.01, 0.2],
            Missing::Outages => {
                if self.outage.0 == 0 && random.unit() < 1.0 / 60.0 {
                    let length =
                        1 + u32::from(random.unit() < 0.6) + u32::from(random.unit() < 0.3);
                    self.outage = (length, if random.unit() < 0.5 { 0.5 } else { 1.0 });
                }
                if self.outage.0 == 0 {
                    return [0.0; 2];
                }
                self.outage.0 -= 1;
                [self.outage.1; 2]
            }
        }
    }
}

/// How many of `count` coins succeed, each with `chance`: one by one where few do, else nearly normal.
fn successes(random: &mut Random, count: f64, chance: f64) -> f64 {
    if chance <= 0.0 || chance >= 1.0 {
        return count * chance;
    }
    let variance = count * chance * (1.0 - chance);
    if variance > 9.0 {
        let drawn = count * chance + variance.sqrt() * normal(random);
        return drawn.round().clamp(0.0, count);
    }
    let unit = random.unit();
    let (mut found, mut mass) = (0.0, (1.0 - chance).powf(count));
    let mut below = mass;
    while below < unit && found < count {
        mass *= (count - found) / (found + 1.0) * chance / (1.0 - chance);
        found += 1.0;
        below += mass;
    }
    found
}
