//! After how many nights a drop would be found: the watch itself, over nights that are drawn.
//!
//! Invariant: the same question has the same answer everywhere, since the draws have a fixed seed. The answer is a
//! median: half of all drops of that size take longer. Drawn nights differ by themselves alone, never as their
//! neighbours do, and have all of their answers; where that is otherwise it takes longer.
//!
//! It refuses a drop of more than the score: there is none.

use super::{Baseline, Bets, NotWatched, Spread, Terms};
use crate::normal_quantile;
use crate::random::Random;

/// The drops that are asked about, in score.
pub const DROPS: [f64; 3] = [0.05, 0.1, 0.2];
/// Nights within which a drop is looked for.
pub const WITHIN: usize = 60;

/// Series of nights that are drawn for each drop; odd, so that one is in the middle.
const SERIES: usize = 101;
const SEED: u64 = 41;

/// What nights are expected to be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expected<'nights> {
    /// Like those of this baseline, after it.
    Like(Baseline<'nights>),
    /// Each answer is right with this chance, and nothing else differs between nights.
    ByChance {
        /// The chance.
        score: f64,
        /// Samples of a night.
        samples: u64,
        /// Nights of the baseline.
        nights: usize,
    },
}

/// After how many nights a drop would be found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// The drop, in score.
    pub drop: f64,
    /// Nights from its beginning to the alarm, in the median; `None` where there are more than [`WITHIN`].
    pub nights: Option<usize>,
}

impl std::fmt::Display for Delay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} points ", 100.0 * self.drop)?;
        match self.nights {
            Some(1) => f.write_str("after 1 night"),
            Some(nights) => write!(f, "after {nights} nights"),
            None => write!(f, "not within {WITHIN} nights"),
        }
    }
}

/// After how many nights each of [`DROPS`] that is no more than the score would be found, if it began with the
/// first night after the baseline and lasted.
///
/// # Errors
/// When the baseline is too short, or the `terms` are out of range.
pub fn delays(expected: Expected<'_>, terms: Terms) -> Result<Vec<Delay>, NotWatched> {
    if !terms.are_sound() {
        return Err(NotWatched::NoLevel);
    }
    let drawn = Drawn::of(expected)?;
    let possible = DROPS.into_iter().filter(|drop| *drop <= drawn.mean);
    possible
        .map(|drop| {
            let nights = drawn.median_delay(drop, terms)?;
            Ok(Delay { drop, nights })
        })
        .collect()
}

/// How nights are drawn: normally, and not beyond 0 and 1.
struct Drawn<'nights> {
    expected: Expected<'nights>,
    mean: f64,
    deviation: f64,
    /// Samples, where scores are a number of right answers of these.
    samples: Option<f64>,
}

impl<'nights> Drawn<'nights> {
    fn of(expected: Expected<'nights>) -> Result<Self, NotWatched> {
        Ok(match expected {
            Expected::Like(baseline) => {
                let spread = Spread::of(baseline.known()?);
                Self {
                    expected,
                    mean: spread.mean(),
                    deviation: spread.deviation(),
                    samples: None,
                }
            }
            Expected::ByChance { score, samples, .. } => {
                let samples = crate::elementary::real(samples.max(1));
                Self {
                    expected,
                    mean: score,
                    deviation: (score * (1.0 - score) / samples).sqrt(),
                    samples: Some(samples),
                }
            }
        })
    }

    fn night(&self, drop: f64, random: &mut Random) -> super::Night {
        let normal = normal_quantile(random.unit().max(1e-16));
        let score = self.mean - drop + self.deviation * normal;
        let score = match self.samples {
            Some(samples) => (score * samples).round() / samples,
            None => score,
        };
        super::Night::whole(score.clamp(0.0, 1.0))
    }

    /// Bets after the baseline, one for each series.
    fn series(&self, random: &mut Random, terms: Terms) -> Result<Bets, NotWatched> {
        match self.expected {
            Expected::Like(baseline) => Bets::new(baseline, terms),
            Expected::ByChance { nights, .. } => {
                let nights: Vec<_> = (0..nights).map(|_| self.night(0.0, random)).collect();
                Bets::new(Baseline::Nights(&nights), terms)
            }
        }
    }

    /// All series go on night by night until half of them have an alarm.
    fn median_delay(&self, drop: f64, terms: Terms) -> Result<Option<usize>, NotWatched> {
        let mut random = Random::new(SEED);
        let series = (0..SERIES).map(|_| self.series(&mut random, terms));
        let mut open = series.collect::<Result<Vec<_>, _>>()?;
        for night in 1..=WITHIN {
            for bets in &mut open {
                bets.place(self.night(drop, &mut random));
            }
            open.retain(|bets| bets.wealth() < terms.threshold());
            if 2 * open.len() < SERIES {
                return Ok(Some(night));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Night, Stakes};
    use super::*;

    const TERMS: Terms = Terms {
        alpha: 0.05,
        allowance: 0.0,
        stakes: Stakes::EarlyToo,
    };

    fn nights(expected: Expected<'_>, terms: Terms) -> Vec<Option<usize>> {
        let found = delays(expected, terms).unwrap();
        found.iter().map(|delay| delay.nights).collect()
    }

    #[test]
    fn more_samples_and_larger_drops_are_found_sooner() {
        let of = |samples| {
            let expected = Expected::ByChance {
                score: 0.9,
                samples,
                nights: 14,
            };
            nights(expected, TERMS)
        };
        let late = |found: &Option<usize>| found.unwrap_or(WITHIN + 1);
        let sizes = [10, 100, 1000, 100_000].map(of);
        for found in &sizes {
            assert_eq!(found.len(), 3);
            assert!(
                found.is_sorted_by_key(|found| std::cmp::Reverse(late(found))),
                "{sizes:?}"
            );
        }
        assert!(
            sizes.is_sorted_by_key(|found| std::cmp::Reverse(late(&found[0]))),
            "{sizes:?}"
        );
        assert_eq!(sizes[0][0], None);
        assert_eq!(sizes[3], [Some(3); 3]);
    }

    #[test]
    fn the_baseline_and_the_allowance_decide_and_no_more_than_the_score_can_be_lost() {
        let steady = [Night::whole(0.12); 14];
        let like = Expected::Like(Baseline::Nights(&steady));
        assert_eq!(nights(like, TERMS), [Some(3); 2]);
        let allowing = Terms {
            allowance: 0.06,
            ..TERMS
        };
        assert_eq!(nights(like, allowing), [None, Some(3)]);
        let few = Expected::Like(Baseline::Nights(&steady[1..]));
        let needed = NotWatched::BaselineTooShort {
            found: 13,
            needed: 14,
        };
        assert_eq!(delays(few, TERMS), Err(needed));
        let wrong = Terms {
            alpha: 0.0,
            ..TERMS
        };
        assert_eq!(delays(like, wrong), Err(NotWatched::NoLevel));
    }
}
