//! What models say, and what a careful person reads in it.
//!
//! Every line of `tests/cases/*.jsonl` is `{scorer, choices?, target, answer, score, note?}`: `score` is what a careful
//! person would give `answer` (1, 0, a share, or null: it must not be read). All of them hold. A collection that lies
//! beside the checkout is measured too, where it is there, against the shares that it is to reach.

use std::path::{Path, PathBuf};

use cleanbench_core::{Extraction, ScorerSpec};
use serde::Deserialize;
use serde_json::Value;

use crate::common;

/// One answer.
#[derive(Debug, Deserialize)]
struct Case {
    #[serde(default)]
    id: String,
    #[serde(deserialize_with = "as_in_a_suite")]
    scorer: ScorerSpec,
    #[serde(default)]
    choices: Vec<String>,
    target: Value,
    answer: String,
    score: Option<f64>,
    #[serde(default)]
    note: String,
}

/// A scorer as it stands in a suite: its parameters beside its type.
fn as_in_a_suite<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<ScorerSpec, D::Error> {
    let mut params = serde_json::Map::deserialize(deserializer)?;
    let kind = params
        .remove("type")
        .and_then(|kind| kind.as_str().map(str::to_owned));
    let kind = kind.ok_or_else(|| serde::de::Error::missing_field("type"))?;
    Ok(ScorerSpec { kind, params })
}

/// Cases of the collection whose label is not what the scorer is documented to give: of two fields one is equal, which
/// is a half and not nothing.
const DISPUTED: [&str; 1] = ["76397130d6"];

/// What became of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Right,
    /// Another score, and nothing says so.
    Silent,
    /// Not read, though it can be.
    Flagged,
}

impl Case {
    /// The target as a loader hands it on: a label as the choice that it names.
    fn target(&self) -> Value {
        match &self.target {
            Value::Array(items) => items.iter().map(|item| self.chosen(item)).collect(),
            target => self.chosen(target),
        }
    }

    fn chosen(&self, target: &Value) -> Value {
        let text = target.as_str().unwrap_or_default();
        let is_label = text.len() == 1 && !self.choices.iter().any(|choice| choice == text);
        let position = text
            .bytes()
            .next()
            .map_or(0, |byte| byte.wrapping_sub(b'A'));
        match self.choices.get(usize::from(position)) {
            Some(choice) if is_label => Value::from(choice.as_str()),
            _ => target.clone(),
        }
    }

    /// What becomes of it, and what was read.
    fn judged(&self) -> (Kind, String) {
        let scorer = cleanbench_score::build(&self.scorer).expect("the specification is right");
        let sample = common::sample(self.target(), &self.choices);
        scorer
            .check_sample(&sample)
            .unwrap_or_else(|fault| panic!("{fault}: {self:?}"));
        let score = scorer.score(&sample, &common::completion(&self.answer));
        let unread = !matches!(score.extraction, Extraction::Found(_));
        let right = match self.score {
            None => unread,
            Some(wanted) => (score.value - wanted).abs() < 0.005,
        };
        let kind = match (right, unread) {
            (true, _) => Kind::Right,
            (false, true) => Kind::Flagged,
            (false, false) => Kind::Silent,
        };
        (kind, format!("{:?} by `{}`", score.extraction, score.rule))
    }

    fn shown(&self, kind: Kind, read: &str) -> String {
        format!(
            "{kind:?}: {} of {:?}, target {}, wanted {:?}, read {read} ({})\n",
            self.scorer.kind, self.answer, self.target, self.score, self.note
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file of the developer's is read as it is"
)]
fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}")))
        .collect()
}

/// Cases that are not read as a careful person reads them.
fn faults(cases: &[Case]) -> Vec<(Kind, String)> {
    let judged = cases.iter().map(|case| (case, case.judged()));
    judged
        .filter(|(_, (kind, _))| *kind != Kind::Right)
        .map(|(case, (kind, read))| (kind, case.shown(kind, &read)))
        .collect()
}

fn own_files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|file| file.expect("it can be read").path())
        .collect();
    files.sort_unstable();
    files
}

#[test]
fn every_answer_is_read_as_a_careful_person_reads_it() {
    let all = own_files().into_iter().flat_map(|file| {
        let faults = faults(&cases(&file)).into_iter();
        faults.map(move |(_, text)| format!("{}: {text}", file.display()))
    });
    let all: String = all.collect();
    assert!(all.is_empty(), "\n{all}");
}

#[test]
fn a_collection_beside_the_checkout_is_read_too() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut above = own
        .ancestors()
        .map(|folder| folder.join("shared/data/answers/answers.jsonl"));
    let path = above
        .find(|path| path.exists())
        .unwrap_or_else(|| own.join("../../../shared"));
    if !path.exists() {
        eprintln!("not run: there is no {}", path.display());
        return;
    }
    let mut all = cases(&path);
    all.retain(|case| !DISPUTED.contains(&case.id.as_str()));
    let faults = faults(&all);
    let silent = faults
        .iter()
        .filter(|(kind, _)| *kind == Kind::Silent)
        .count();
    let list: String = faults.iter().map(|(_, text)| text.as_str()).collect();
    assert!(
        faults.len() * 100 <= all.len() * 3 && silent == 0,
        "{} of {} are not right, {silent} of them in silence:\n{list}",
        faults.len(),
        all.len()
    );
}
