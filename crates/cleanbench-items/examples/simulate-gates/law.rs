//! How scores, and pairs of scores, are drawn: of each kind so that its mean is what is asked for.
//!
//! Invariant: the mean over all samples is exact, so that a pass at the boundary is wrong.

use cleanbench_items::Span;
use cleanbench_stats::random::Random;

/// What a sample's scores look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 0 or 1.
    Binary,
    /// 0, ½ or 1.
    Fractional,
    /// Mostly 1, and now and then far from it.
    Skewed,
    /// Clusters of five that are all right or all wrong.
    EqualClusters,
    /// The same of 1 to 9 samples.
    UnevenClusters,
    /// The mean of five answers, where half of all samples are always right.
    Epochs,
    /// 0 or 1, of which a tenth is missing.
    Gaps,
    /// 0, ½ or 1, of which a tenth is missing.
    FractionalGaps,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Binary,
        Self::Fractional,
        Self::Skewed,
        Self::EqualClusters,
        Self::UnevenClusters,
        Self::Epochs,
        Self::Gaps,
        Self::FractionalGaps,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Binary => "0/1",
            Self::Fractional => "fractional",
            Self::Skewed => "skewed",
            Self::EqualClusters => "equal clusters of 5",
            Self::UnevenClusters => "clusters of 1 to 9",
            Self::Epochs => "5 epochs",
            Self::Gaps => "0/1; a tenth missing",
            Self::FractionalGaps => "fractional; a tenth missing",
        }
    }

    fn is_open(self, random: &mut Random) -> bool {
        matches!(self, Self::Gaps | Self::FractionalGaps) && random.unit() < 0.1
    }

    /// The cluster of each of `samples` samples; none where they are independent.
    pub(crate) fn clusters(self, samples: u32) -> Vec<u32> {
        match self {
            Self::EqualClusters => (0..samples).map(|number| number / 5).collect(),
            Self::UnevenClusters => {
                let sizes = (0..).flat_map(|cluster: u32| {
                    std::iter::repeat_n(cluster, 1 + cluster as usize % 9)
                });
                sizes.take(samples as usize).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether its gates on one run are exact, or hold whenever one looks.
    pub(crate) fn is_exact(self) -> bool {
        matches!(self, Self::Binary | Self::Gaps)
    }
}

pub(crate) fn coin(random: &mut Random, chance: f64) -> f64 {
    f64::from(u8::from(random.unit() < chance))
}

/// What is drawn once for each cluster, or for each sample where there are none.
pub(crate) fn each<T: Copy>(clusters: &[u32], samples: u32, mut draw: impl FnMut() -> T) -> Vec<T> {
    if clusters.is_empty() {
        return (0..samples).map(|_| draw()).collect();
    }
    let count = clusters.last().map_or(0, |last| last + 1);
    let drawn: Vec<_> = (0..count).map(|_| draw()).collect();
    clusters
        .iter()
        .map(|cluster| drawn[*cluster as usize])
        .collect()
}

/// A score of a kind whose mean is `mean`, of those that are known.
pub(crate) fn score(random: &mut Random, kind: Kind, mean: f64) -> f64 {
    let unit = random.unit();
    match kind {
        Kind::Fractional | Kind::FractionalGaps => match unit {
            unit if unit < 0.1 => 0.5,
            unit if unit < 0.05 + mean => 1.0,
            _ => 0.0,
        },
        Kind::Skewed if unit < (1.0 - mean) / 0.8 => 0.2,
        Kind::Skewed => 1.0,
        Kind::Epochs if unit < 0.5 => 1.0,
        Kind::Epochs => {
            let right = (0..5).map(|_| coin(random, 2.0 * mean - 1.0));
            right.sum::<f64>() / 5.0
        }
        _ => f64::from(u8::from(unit < mean)),
    }
}

/// What a gate sees of a score.
pub(crate) fn seen(random: &mut Random, kind: Kind, score: f64) -> Span {
    if kind.is_open(random) {
        Span::UNKNOWN
    } else {
        Span::whole(score)
    }
}

/// The scores of the baseline and of the candidate, whose difference has the mean `effect`.
pub(crate) fn pair(random: &mut Random, kind: Kind, effect: f64) -> (f64, f64) {
    let unit = random.unit();
    match kind {
        Kind::Fractional | Kind::FractionalGaps => match unit {
            unit if unit < 0.15 - effect => (0.5, 0.0),
            unit if unit < 0.3 => (0.5, 1.0),
            _ => (0.5, 0.5),
        },
        Kind::Skewed => {
            let up = 0.02 + effect.max(0.0);
            let down = (up - effect) / 0.2;
            match unit {
                unit if unit < up => (0.0, 1.0),
                unit if unit < up + down => (1.0, 0.8),
                _ => (1.0, 1.0),
            }
        }
        Kind::Epochs if unit < 0.5 => (1.0, 1.0),
        Kind::Epochs => {
            let mut of = |chance| (0..5).map(|_| coin(random, chance)).sum::<f64>() / 5.0;
            (of(0.6), of(0.6 + 2.0 * effect))
        }
        _ => match unit {
            unit if unit < 0.1 - effect / 2.0 => (1.0, 0.0),
            unit if unit < 0.2 => (0.0, 1.0),
            unit if unit < 0.8 => (1.0, 1.0),
            _ => (0.0, 0.0),
        },
    }
}
