//! How the scores of a sample's epochs become the sample's one score.
//!
//! Here is only the name of the way, as suites write it and runs record it; whoever draws numbers from a
//! run computes it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How the scores of a sample's epochs become the sample's one score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Reducer {
    /// Their mean.
    #[default]
    Mean,
    /// The middle one, or the mean of the two in the middle.
    Median,
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// The most frequent one; the lowest of several that are equally frequent.
    Mode,
    /// The chance that at least one of k answers passes, 1 − C(n−c, k) / C(n, k) for c passed answers of
    /// n: the unbiased estimate of Chen et al. 2021, "Evaluating large language models trained on code".
    /// k is at least 1 and at most the number of epochs.
    PassAtK(u32),
    /// The chance that k answers all pass, C(c, k) / C(n, k) for c passed answers of n: Yao et al. 2024,
    /// "τ-bench". k is at least 1 and at most the number of epochs.
    PassHatK(u32),
}

impl Reducer {
    /// The ways that have no number, by the words that manifests use.
    const PLAIN: [(&str, Self); 5] = [
        ("mean", Self::Mean),
        ("median", Self::Median),
        ("min", Self::Min),
        ("max", Self::Max),
        ("mode", Self::Mode),
    ];

    /// How many answers a sample needs for it to be defined.
    pub fn epochs_needed(self) -> u32 {
        match self {
            Self::PassAtK(k) | Self::PassHatK(k) => k,
            _ => 1,
        }
    }

    /// Whether it is the mean, which is what a task without `reducer` has.
    pub fn is_mean(&self) -> bool {
        *self == Self::Mean
    }
}

impl fmt::Display for Reducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassAtK(k) => write!(f, "pass@{k}"),
            Self::PassHatK(k) => write!(f, "pass^{k}"),
            plain => {
                let found = Self::PLAIN.iter().find(|(_, way)| way == plain);
                f.write_str(found.map_or("", |(word, _)| word))
            }
        }
    }
}

/// A word that names no reducer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is `mean`, `median`, `min`, `max`, `mode`, `pass@K` or `pass^K`, K from 1")]
pub struct UnknownReducer;

impl FromStr for Reducer {
    type Err = UnknownReducer;

    fn from_str(word: &str) -> Result<Self, UnknownReducer> {
        if let Some((_, plain)) = Self::PLAIN.iter().find(|(name, _)| *name == word) {
            return Ok(*plain);
        }
        let count = |text: &str| {
            let is_number =
                !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        };
        let at = word.strip_prefix("pass@").and_then(count);
        let hat = word.strip_prefix("pass^").and_then(count);
        let found = at.map(Self::PassAtK).or(hat.map(Self::PassHatK));
        found.ok_or(UnknownReducer)
    }
}

impl Serialize for Reducer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reducer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_to_reducers_and_back() {
        for word in [
            "mean", "median", "min", "max", "mode", "pass@1", "pass@10", "pass^3",
        ] {
            let reducer: Reducer = word.parse().unwrap();
            assert_eq!(reducer.to_string(), word);
            let text = serde_json::to_string(&reducer).unwrap();
            assert_eq!(text, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<Reducer>(&text).unwrap(), reducer);
        }
        for word in [
            "",
            "Mean",
            "pass@",
            "pass@0",
            "pass@03",
            "pass@+3",
            "pass@-1",
            "pass^",
            "pass@99999999999",
            "pass3",
        ] {
            assert_eq!(word.parse::<Reducer>(), Err(UnknownReducer), "{word}");
        }
        assert_eq!(Reducer::PassHatK(4).epochs_needed(), 4);
        assert_eq!(Reducer::Mode.epochs_needed(), 1);
    }
}
