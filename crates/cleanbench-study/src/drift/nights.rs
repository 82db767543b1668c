//! What each night of a task is worth: its score, what that may be, and which samples it is from.
//!
//! Invariant: whatever the missing answers would have been, a night's score lies between its two ends. A night counts
//! though answers are missing; what earlier versions watched was the score of the answers that were there.
//!
//! It refuses nothing: a night of which no sample was asked has no score.

use cleanbench_core::{Digest, Reducer};
use cleanbench_items::{Filling, Identified as _, Item, Rules, Span, Treatment};
use cleanbench_stats::drift::Night as Point;
use cleanbench_stats::mean;

use super::DriftOptions;
use crate::compare::Missing;

/// A night (or epoch) of a task.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// Mean score of the samples that have one.
    pub(super) score: Option<f64>,
    /// How many these are.
    pub(super) n: u64,
    /// What is ranked; `None` where there is nothing.
    pub(super) point: Option<Point>,
    /// Share of the answers that are missing; earlier versions do not say.
    pub(super) missing: Option<f64>,
    /// Nights are compared where this is the same.
    pub(super) samples: Samples,
}

/// Which samples a night is from: by earlier rules their number, now the inputs of all that were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Samples {
    n: u64,
    inputs: Option<Digest>,
}

/// The most frequent samples of nights, the more of two that are as frequent.
pub(super) fn usual(nights: &[Measured]) -> Option<Samples> {
    let mut counts = std::collections::BTreeMap::new();
    for night in nights.iter().filter(|night| night.point.is_some()) {
        *counts.entry(night.samples).or_insert(0_usize) += 1;
    }
    let most = counts
        .iter()
        .max_by_key(|(samples, count)| (**count, **samples));
    most.map(|(samples, _)| *samples)
}

/// How the nights of a task are measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub(super) reducer: Reducer,
    pub(super) missing: Missing,
    pub(super) rules: Rules,
    /// Whether samples that were deliberately not asked are left out.
    pub(super) leaves_out: bool,
}

impl Measure {
    pub(super) fn of(reducer: Reducer, options: &DriftOptions) -> Self {
        let policy = options.policy();
        Self {
            reducer,
            missing: options.missing,
            rules: policy.rules,
            leaves_out: policy.not_asked == Treatment::SetAside,
        }
    }

    /// A night of these samples.
    pub(super) fn night(self, items: &[&Item]) -> Measured {
        let asked = self.asked(items);
        if self.rules == Rules::Earlier {
            let filling = self.filling();
            let scores = asked.iter();
            return of_scores(scores.filter_map(|item| item.score(self.reducer, filling)));
        }
        let spans = asked.iter().map(|item| item.span(self.reducer, self.rules));
        self.of_spans(&asked, spans.collect(), missing(&asked))
    }

    fn asked<'a>(self, items: &[&'a Item]) -> Vec<&'a Item> {
        let items = items.iter().copied();
        items
            .filter(|item| item.was_asked() || !self.leaves_out)
            .collect()
    }

    /// Each epoch of a night. Earlier versions took samples that were not asked for missing answers here.
    pub(super) fn epochs(self, items: &[&Item]) -> Vec<Measured> {
        let asked = self.asked(items);
        let items = match self.rules {
            Rules::Earlier => items,
            Rules::Now => &asked,
        };
        let count = items.first().map_or(0, |item| item.trials.len());
        (0..count)
            .map(|epoch| self.epoch(items, epoch))
            .filter(|epoch| epoch.point.is_some())
            .collect()
    }

    fn epoch(self, items: &[&Item], epoch: usize) -> Measured {
        let trials = items.iter().filter_map(|item| item.trials.get(epoch));
        let scores = trials.map(|trial| trial.score);
        if self.rules == Rules::Earlier {
            let filled = match self.filling() {
                Filling::LeftOut => None,
                Filling::As(value) => Some(value),
            };
            return of_scores(scores.filter_map(|score| score.or(filled)));
        }
        let spans: Vec<_> = scores.map(Span::of_score).collect();
        let open = spans.iter().filter(|span| span.is_open()).count();
        let missing = share(open, spans.len());
        self.of_spans(items, spans, missing)
    }

    fn of_spans(self, items: &[&Item], mut spans: Vec<Span>, missing: f64) -> Measured {
        if self.missing == Missing::ErrorAsWrong {
            for span in &mut spans {
                *span = Span::whole(span.low());
            }
        }
        let seen: Vec<_> = spans.iter().filter_map(|span| span.seen()).collect();
        let score = mean(seen.iter().copied());
        let ends = [Span::low, Span::high].map(|end| mean(spans.iter().map(|span| end(*span))));
        let point = match ends {
            [Some(low), Some(high)] => Some(Point {
                low,
                high,
                seen: score,
            }),
            _ => None,
        };
        Measured {
            score,
            n: count(seen.len()),
            point,
            missing: Some(missing),
            samples: samples(items),
        }
    }

    fn filling(self) -> Filling {
        match self.missing {
            Missing::Complete => Filling::LeftOut,
            // Against a model that is watched for a drop, what is missing speaks as a wrong answer does.
            Missing::ErrorAsWrong | Missing::Bounds => Filling::As(0.0),
        }
    }
}

/// A night of these scores, by earlier rules.
fn of_scores(scores: impl Iterator<Item = f64>) -> Measured {
    let scores: Vec<_> = scores.collect();
    let score = mean(scores.iter().copied());
    let n = count(scores.len());
    Measured {
        score,
        n,
        point: score.map(Point::whole),
        missing: None,
        samples: Samples { n, inputs: None },
    }
}

/// The samples that were asked, in whatever order their rows are.
fn samples(items: &[&Item]) -> Samples {
    let inputs = items.iter().map(|item| &item.identity.input_digest.0[..]);
    let mut inputs: Vec<_> = inputs.collect();
    inputs.sort_unstable();
    Samples {
        n: count(items.len()),
        inputs: Some(Digest::of("samples of a night", &inputs)),
    }
}

/// The share of the answers of `items` that are missing.
fn missing(items: &[&Item]) -> f64 {
    let trials = || items.iter().flat_map(|item| &item.trials);
    let missing = trials().filter(|trial| trial.score.is_none());
    share(missing.count(), trials().count())
}

fn share(part: usize, of: usize) -> f64 {
    let [part, of] =
        [part, of.max(1)].map(|count| f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    part / of
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Reducer;
    use cleanbench_items::testing::{item, items};

    use super::*;

    fn measured(items: &[Item], missing: Missing) -> Measured {
        let measure = Measure {
            reducer: Reducer::Mean,
            missing,
            rules: Rules::Now,
            leaves_out: true,
        };
        measure.night(&items.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_night_with_missing_answers_has_two_ends() {
        let night = measured(&items("11-0"), Missing::Bounds);
        assert_eq!(
            (night.score, night.n, night.missing),
            (Some(2.0 / 3.0), 3, Some(0.25))
        );
        let point = night.point.unwrap();
        assert_eq!(
            (point.low, point.high, point.seen),
            (0.5, 0.75, night.score)
        );
        let wrong = measured(&items("11-0"), Missing::ErrorAsWrong);
        assert_eq!(
            (wrong.score, wrong.n, wrong.missing),
            (Some(0.5), 4, Some(0.25))
        );
        assert_eq!(wrong.point, Some(Point::whole(0.5)));
        // One of two epochs.
        let epochs = [
            item("a", &[Some(1.0), None]),
            item("b", &[Some(1.0), Some(1.0)]),
        ];
        let night = measured(&epochs, Missing::Bounds);
        let point = night.point.unwrap();
        assert_eq!(
            (point.low, point.high, night.missing),
            (0.75, 1.0, Some(0.25))
        );
        let none = measured(&items("--"), Missing::Bounds);
        let point = none.point.unwrap();
        assert_eq!((point.low, point.high, point.seen), (0.0, 1.0, None));
        assert!(measured(&[], Missing::Bounds).point.is_none());
    }

    #[test]
    fn nights_are_of_the_same_samples_in_any_order_and_whatever_is_missing() {
        let one = measured(&items("1101"), Missing::Bounds);
        let mut turned = items("-011");
        turned.reverse();
        assert_eq!(measured(&turned, Missing::Bounds).samples, one.samples);
        let mut other = items("1101");
        other[2].identity.input_digest = Digest([9; 32]);
        let other = measured(&other, Missing::Bounds);
        assert_ne!(other.samples, one.samples);
        let common = one.samples;
        assert_eq!(usual(&[other.clone(), one.clone(), one]), Some(common));
        assert_eq!(usual(&[]), None);
    }
}
