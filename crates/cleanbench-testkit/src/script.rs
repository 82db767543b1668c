//! What the fake server says, and how: the script.
//!
//! Invariant: a script is plain data (JSON with unknown keys refused), and an answer follows from the
//! script and the prompt's text alone. A script that could not be served as written (a share above
//! 1, no choices, a lookup file that does not parse) is refused when it is installed.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::answer::{Answers, Book};
use crate::fault::{Fault, Rule};
use crate::key::Draws;
use crate::scored::{ScoreForm, Scored};
use crate::script_error::ScriptError;

/// How the server behaves. The default answers `OK` at once and never fails.
///
/// ```
/// use cleanbench_testkit::{Answers, Fault, Rule, Script};
/// let script = Script::answering(Answers::Fixed("42".to_owned()))
///     .with_rule(Rule::always(Fault::Hang).when_prompt_contains("sleep"));
/// let json = r#"{"answers":{"fixed":"42"},"faults":[{"fault":"hang","prompt_contains":"sleep"}]}"#;
/// assert_eq!(serde_json::from_str::<Script>(json).unwrap(), script);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Where answers come from.
    pub answers: Answers,
    /// How long a true answer takes; statuses and other bare faults come at once.
    pub latency: Latency,
    /// How reasoning is shown beside the answer.
    pub reasoning: Reasoning,
    /// Whether token counts (words, in truth) are reported.
    pub usage: Usage,
    /// What goes wrong; the first rule that strikes counts.
    pub faults: Vec<Rule>,
    /// The key that `authorization: Bearer …` must carry; other requests get 401. `None` asks for no
    /// key.
    pub require_key: Option<String>,
    /// The model reported in answers; `None` repeats the model that was asked for.
    pub model: Option<String>,
    /// The models listed by `GET /v1/models`.
    pub models: Vec<String>,
    /// The fingerprint reported in answers; `None` leaves the field out.
    pub system_fingerprint: Option<String>,
    /// Texts whose tokens the server scores, and in which form; `None` scores nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scored: Option<Scored>,
    /// The slots that `GET /props` tells of, as llama.cpp does; `None` serves no such path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<u32>,
    /// How many of the latest requests are kept whole, for [`crate::FakeServer::seen`]; 0 keeps
    /// none.
    pub record: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            answers: Answers::default(),
            latency: Latency::default(),
            reasoning: Reasoning::default(),
            usage: Usage::default(),
            faults: Vec::new(),
            require_key: None,
            model: None,
            models: vec!["fake".to_owned()],
            system_fingerprint: Some("fp_fake".to_owned()),
            scored: None,
            slots: None,
            record: 0,
        }
    }
}

impl Script {
    /// The default script with these answers.
    pub fn answering(answers: Answers) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    /// Appends a rule.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.faults.push(rule);
        self
    }

    /// The default script in which `fault` strikes every request.
    pub fn failing(fault: Fault) -> Self {
        Self::default().with_rule(Rule::always(fault))
    }

    /// Reads a script from a JSON file. A relative lookup file is looked for beside the script.
    ///
    /// Errors: the file cannot be read, or is not a script.
    pub fn load(path: &Path) -> Result<Self, ScriptError> {
        let text = fs_err::read_to_string(path)?;
        let place = || path.display().to_string();
        let mut script: Self =
            serde_json::from_str(&text).map_err(|source| ScriptError::Parse {
                place: place(),
                source,
            })?;
        if let (Answers::Lookup { file, .. }, Some(folder)) = (&mut script.answers, path.parent()) {
            *file = folder.join(&*file);
        }
        Ok(script)
    }

    /// Whether there is a path `/generate`.
    pub(crate) fn serves_generate(&self) -> bool {
        let form = self.scored.as_ref().map(|scored| scored.form);
        form == Some(ScoreForm::Sglang)
    }

    /// Refuses what cannot be served, and reads the lookup file if there is one.
    pub(crate) fn install(self) -> Result<Installed, ScriptError> {
        self.faults.iter().try_for_each(Rule::validate)?;
        self.latency.validate()?;
        self.scored.as_ref().map_or(Ok(()), Scored::validate)?;
        let book = Book::open(&self.answers)?;
        Ok(Installed { script: self, book })
    }
}

/// A script that has been checked and is being served.
#[derive(Debug)]
pub(crate) struct Installed {
    /// The script as given.
    pub(crate) script: Script,
    /// Its answers, ready for use.
    pub(crate) book: Book,
}

/// How long a true answer takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Latency {
    /// Milliseconds before the first byte.
    pub fixed_ms: u64,
    /// Up to this many milliseconds more, drawn by the prompt's hash.
    pub jitter_ms: u64,
    /// What the prompt's hash adds on top of both.
    pub law: Law,
    /// Milliseconds between two events of a stream.
    pub event_ms: u64,
    /// Events of a stream per second, in place of `event_ms`; an event holds a word.
    pub tokens_per_second: Option<u32>,
}

/// A law of latency, drawn by the prompt's hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Law {
    /// Nothing more.
    #[default]
    None,
    /// Lognormal, as service times often are.
    LogNormal {
        /// Median, in milliseconds.
        median_ms: u64,
        /// Standard deviation of the logarithm, in hundredths.
        sigma_percent: u32,
    },
    /// Nothing for most, very long for some.
    TwoPoint {
        /// Milliseconds for the slow ones.
        slow_ms: u64,
        /// How many of a thousand are slow.
        slow_per_mille: u32,
    },
}

/// The longest time a law can draw: an hour.
const LONGEST_MS: f64 = 3_600_000.0;

impl Latency {
    /// Milliseconds before the answer to the prompt of `draws`.
    pub(crate) fn before_answer(&self, draws: Draws) -> u64 {
        self.fixed_ms
            .saturating_add(draws.jitter(self.jitter_ms))
            .saturating_add(self.law.draw(draws))
    }

    /// Refuses two speeds for one stream, none at all, and more slow prompts than there are.
    fn validate(&self) -> Result<(), ScriptError> {
        let refused = match (self.tokens_per_second, self.law) {
            (Some(0), _) => "`tokens_per_second` is 0; use 1 or more",
            (Some(_), _) if self.event_ms > 0 => {
                "`event_ms` and `tokens_per_second` are both given; use one of them"
            }
            (_, Law::TwoPoint { slow_per_mille, .. }) if slow_per_mille > 1000 => {
                "`slow_per_mille` is above 1000"
            }
            _ => return Ok(()),
        };
        Err(ScriptError::Meaningless(refused))
    }

    /// Time between two events of a stream.
    pub(crate) fn between_events(&self) -> Duration {
        match self.tokens_per_second {
            Some(rate) => Duration::from_secs(1) / rate.max(1),
            None => Duration::from_millis(self.event_ms),
        }
    }
}

impl Law {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "bounded by an hour, and no test depends on a fraction of a millisecond"
    )]
    fn draw(self, draws: Draws) -> u64 {
        match self {
            Self::None => 0,
            Self::LogNormal {
                median_ms,
                sigma_percent,
            } => {
                let sigma = f64::from(sigma_percent) / 100.0;
                let time = median_ms as f64 * (sigma * draws.normal()).exp();
                time.min(LONGEST_MS) as u64
            }
            Self::TwoPoint {
                slow_ms,
                slow_per_mille,
            } => {
                let slow = draws.uniform() < f64::from(slow_per_mille) / 1000.0;
                if slow { slow_ms } else { 0 }
            }
        }
    }
}

/// How reasoning is shown beside the answer; the text is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reasoning {
    /// Not at all.
    #[default]
    None,
    /// In the message's field `reasoning_content`.
    ReasoningContent(String),
    /// In the message's field `reasoning`.
    Reasoning(String),
    /// In the content, before the answer, between `<think>` and `</think>`.
    Think(String),
}

/// Whether token counts are reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// Words of the messages and of the answer; reasoning counts as part of the answer and is told
    /// apart.
    #[default]
    Words,
    /// As `Words`, with this many of the prompt's tokens reported as read from a cache (all of them
    /// at most).
    Cached(u64),
    /// No usage at all.
    Absent,
}

#[cfg(test)]
mod tests {
    use super::{Answers, Script};

    #[test]
    fn scripts_survive_json() {
        let check = |json: &str| {
            let script: Script = serde_json::from_str(json).unwrap();
            let text = serde_json::to_string(&script).unwrap();
            assert_eq!(serde_json::from_str::<Script>(&text).unwrap(), script);
        };
        check("{}");
        check(r#"{"answers": "echo", "latency": {"fixed_ms": 5}, "usage": {"cached": 3}}"#);
        check(
            r#"{"answers": {"memory": {"passages": ["a b"], "tokens": {"letters": 4, "others": 1},
                "lists": [{"items": [{"text": "Question: a?", "family": "f"}], "guess": 0.2}],
                "declines": {"text": "no", "items_only": true},
                "preamble": {"text": "Sure: ", "asked": "instruction"}}}}"#,
        );
        check(r#"{"reasoning": {"think": "hm"}, "require_key": "k", "record": 4}"#);
        check(
            r#"{"faults": [
                {"fault": {"status": {"code": 429, "retry_after": 0}}, "share": 0.1, "times_per_prompt": 1},
                {"fault": "reset", "every": 7}, {"fault": {"slow_drip": {"bytes": 3, "pause_ms": 1}}}
            ]}"#,
        );
    }

    #[test]
    fn bad_scripts_are_refused_with_a_reason() {
        let check = |json: &str, expect: &str| {
            let installed = serde_json::from_str::<Script>(json)
                .map_err(|error| error.to_string())
                .and_then(|script| script.install().map_err(|error| error.to_string()));
            let error = installed.unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        check(r#"{"answer": "x"}"#, "unknown field `answer`");
        check(r#"{"faults": [{"fault": "hang", "shar": 1}]}"#, "shar");
        check(r#"{"answers": {"hash": {"choices": []}}}"#, "choice");
        check(
            r#"{"answers": {"hash": {"choices": ["a"], "right_share": 2}}}"#,
            "2",
        );
        check(r#"{"faults": [{"fault": "hang", "every": 0}]}"#, "every");
        check(r#"{"answers": {"memory": {"recall": 1}}}"#, "recall");
        check(
            r#"{"answers": {"memory": {"lists": [{"items": [], "guess": 2}]}}}"#,
            "guessed",
        );
        check(
            r#"{"latency": {"event_ms": 3, "tokens_per_second": 9}}"#,
            "both given",
        );
        check(r#"{"latency": {"tokens_per_second": 0}}"#, "use 1 or more");
        check(
            r#"{"latency": {"law": {"two_point": {"slow_ms": 9, "slow_per_mille": 1001}}}}"#,
            "above 1000",
        );
        check(
            r#"{"scored": {"form": "echo", "texts": [{"text": "a", "tokens": []}]}}"#,
            "no tokens",
        );
        check(
            r#"{"answers": {"lookup": {"file": "/no/such/file", "default": ""}}}"#,
            "/no/such/file",
        );
    }

    #[test]
    fn a_lookup_file_is_found_beside_its_script() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs_err::write(&path, text).unwrap();
            path
        };
        let json = r#"{"answers": {"lookup": {"file": "answers.jsonl", "default": "?"}}}"#;
        let path = write("script.json", json);
        write(
            "answers.jsonl",
            "{\"contains\": \"a\", \"answer\": \"b\"}\n\n",
        );
        let script = Script::load(&path).unwrap();
        assert!(matches!(&script.answers, Answers::Lookup { file, .. } if file.is_absolute()));
        assert!(script.clone().install().is_ok());
        write(
            "answers.jsonl",
            "{\"contains\": \"a\", \"answer\": \"b\"}\n{}\n",
        );
        let error = script.install().unwrap_err().to_string();
        assert!(error.contains("answers.jsonl:2"), "{error}");
        let broken = Script::load(&write("broken.json", "[")).unwrap_err();
        assert!(broken.to_string().contains("broken.json"), "{broken}");
    }
}
