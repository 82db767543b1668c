//! `weighted`: other scorers, each with a weight.
//!
//! Parameter `scorers` (required): a list of tables, each as a scorer stands in a task, with `weight`
//! besides (above 0; 1). The value is the weighted mean; the parts name each. What the first scorer that
//! found an answer took for it is the answer; where none found one, nothing is extracted, and a single one
//! that found none counts 0 in the mean, as it would alone.
//!
//! Its version depends on the version of every scorer in it. It refuses to be nested more than
//! [`DEEPEST`] deep, and scorers that read likelihoods. Where a scorer in it fails itself, so does it; where
//! one cannot be repeated, neither can it.

use cleanbench_core::{Completion, Digest, Extraction, Sample, Score, Scorer, ScorerSpec};
use serde_json::Value;

use crate::params::Params;

/// How deep it may be nested.
const DEEPEST: u32 = 4;

/// One scorer in the mean.
#[derive(Debug)]
struct Part {
    name: String,
    weight: f64,
    scorer: Box<dyn Scorer>,
}

/// A weighted mean of scorers.
#[derive(Debug)]
pub(crate) struct Weighted {
    parts: Vec<Part>,
}

pub(crate) fn build(params: &mut Params<'_>) -> Option<Weighted> {
    let listed = params.value("scorers");
    let Some(listed) = listed
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty())
    else {
        let hint = "write `scorers = [{ type = \"exact\", weight = 2 }, { type = \"f1\" }]`";
        let message = "`scorers` must be a list of at least one scorer".to_owned();
        params.fault("scorers", message, Some(hint.to_owned()));
        return None;
    };
    if params.depth() >= DEEPEST {
        let message = format!("`weighted` is nested more than {DEEPEST} deep");
        params.fault("scorers", message, None);
        return None;
    }
    let parts: Vec<Part> = listed
        .iter()
        .zip(1_usize..)
        .filter_map(|(entry, number)| read_part(params, entry, number))
        .collect();
    (parts.len() == listed.len()).then_some(Weighted { parts })
}

fn read_part(params: &mut Params<'_>, entry: &Value, number: usize) -> Option<Part> {
    let mut fault = |message: String, hint| {
        params.fault(
            "scorers",
            format!("scorer {number} of `scorers`: {message}"),
            hint,
        );
    };
    let (kind, mut given) = match entry {
        Value::String(kind) => (Some(kind.as_str()), serde_json::Map::new()),
        Value::Object(table) => (table.get("type").and_then(Value::as_str), table.clone()),
        _ => (None, serde_json::Map::new()),
    };
    let Some(kind) = kind.map(str::to_owned) else {
        fault(format!("{entry} is no name and no table with `type`"), None);
        return None;
    };
    given.remove("type");
    let weight = given.remove("weight").unwrap_or(Value::from(1));
    let Some(weight) = weight
        .as_f64()
        .filter(|weight| weight.is_finite() && *weight > 0.0)
    else {
        fault(
            format!("`weight` must be a number above 0, not {weight}"),
            None,
        );
        return None;
    };
    let spec = ScorerSpec {
        kind,
        params: given,
    };
    match params.nested(&spec) {
        Ok(scorer) if scorer.reads() != cleanbench_core::Method::Generate => {
            params.fault(
                "scorers",
                format!(
                    "scorer {number} of `scorers`: `{}` reads no text",
                    spec.kind
                ),
                None,
            );
            None
        }
        Ok(scorer) => Some(Part {
            name: spec.kind,
            weight,
            scorer,
        }),
        Err(faults) => {
            for inner in faults {
                let message = format!("scorer {number} of `scorers`: {}", inner.message);
                params.inner_fault("scorers", message, inner);
            }
            None
        }
    }
}

impl Scorer for Weighted {
    /// The beginning of a digest over the versions in it, so that it changes with each of them.
    fn version(&self) -> u32 {
        let versions: Vec<[u8; 4]> = self
            .parts
            .iter()
            .map(|part| part.scorer.version().to_le_bytes())
            .collect();
        let versions: Vec<&[u8]> = versions.iter().map(<[u8; 4]>::as_slice).collect();
        let [a, b, c, d, ..] = Digest::of("cleanbench/weighted/1", &versions).0;
        u32::from_le_bytes([a, b, c, d])
    }

    fn repeatable(&self) -> bool {
        self.parts.iter().all(|part| part.scorer.repeatable())
    }

    fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        let parts = self.parts.iter();
        parts
            .map(|part| part.scorer.work(sample, completion))
            .fold(0, u64::saturating_add)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        self.parts.iter().try_for_each(|part| {
            let checked = part.scorer.check_sample(sample);
            checked.map_err(|reason| format!("`{}`: {reason}", part.name))
        })
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        let mut answer = None;
        let mut failure = None;
        let (mut sum, mut weights) = (0.0, 0.0);
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let score = part.scorer.score(sample, completion);
            sum += part.weight * score.value;
            weights += part.weight;
            parts.push((part.name.clone(), score.value));
            match score.extraction {
                Extraction::Found(found) => answer = answer.or(Some(found)),
                Extraction::Failed(reason) => failure = failure.or(Some(reason)),
                Extraction::Broken(reason) => {
                    return Score::broken(format!("`{}`: {reason}", part.name));
                }
            }
        }
        let extraction = match (answer, failure) {
            (Some(answer), _) => Extraction::Found(answer),
            (None, failure) => Extraction::Failed(failure.unwrap_or("no answer found")),
        };
        Score {
            value: sum / weights,
            extraction,
            rule: "parts".into(),
            parts,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::digest_of;
    use crate::testing::Expect::{Nothing, Part, Right};
    use crate::testing::{check, completion, faulty, refused, sample, spec};

    fn of(scorers: Value) -> cleanbench_core::ScorerSpec {
        spec("weighted", Value::from_iter([("scorers", scorers)]))
    }

    #[test]
    fn cases() {
        let both = of(json!([{"type": "exact", "weight": 3}, "f1"]));
        let red = sample(json!("red bridge"), &[]);
        check(&both, &red, "red bridge", Right("red bridge"));
        check(&both, &red, "red", Part(1.0 / 6.0, "red"));
        check(&both, &red, "", Nothing("empty completion"));
        let numbers = of(json!(["numeric", {"type": "contains", "weight": 1}]));
        check(
            &numbers,
            &sample(json!(7), &[]),
            "about a week",
            Part(0.0, "about a week"),
        );
        let nested = of(json!([{"type": "weighted", "scorers": ["exact"]}, "f1"]));
        check(&nested, &red, "red bridge", Right("red bridge"));
        let score = crate::build(&both).unwrap().score(&red, &completion("red"));
        assert_eq!(score.parts[0], ("exact".to_owned(), 0.0));
        assert_eq!(score.parts.len(), 2);
    }

    #[test]
    fn the_digest_follows_every_scorer_in_it() {
        let digest = |spec| digest_of(std::slice::from_ref(&spec), &[crate::build(&spec).unwrap()]);
        let one = of(json!(["exact", "f1"]));
        assert_eq!(digest(one.clone()), digest(one.clone()));
        for other in [
            of(json!(["f1", "exact"])),
            of(json!(["exact", {"type": "f1", "weight": 2}])),
            of(json!([{"type": "exact", "normalize": ["case"]}, "f1"])),
        ] {
            assert_ne!(digest(one.clone()), digest(other));
        }
        let version = |spec| crate::build(&spec).unwrap().version();
        assert_ne!(
            version(of(json!(["exact"]))),
            version(of(json!(["exact", "exact"])))
        );
    }

    #[test]
    fn specifications_that_are_refused() {
        refused(
            &of(json!(["exact"])),
            &sample(json!(null), &[]),
            "`exact`: the sample has no target",
        );
        faulty(
            &spec("weighted", json!({})),
            "scorers",
            "at least one scorer",
        );
        faulty(&of(json!([])), "scorers", "at least one scorer");
        faulty(
            &of(json!(["exat"])),
            "scorers",
            "scorer 1 of `scorers`: unknown scorer",
        );
        faulty(
            &of(json!([{"type": "exact", "weight": 0}])),
            "scorers",
            "above 0",
        );
        faulty(
            &of(json!([{"type": "exact", "cases": 0}])),
            "scorers",
            "unknown parameter",
        );
        faulty(&of(json!(["likelihood"])), "scorers", "reads no text");
        faulty(&of(json!([3])), "scorers", "no name and no table");
        let mut deep = json!(["exact"]);
        for _ in 0..5 {
            deep = json!([{"type": "weighted", "scorers": deep}]);
        }
        faulty(&of(deep), "scorers", "more than 4 deep");
    }
}
