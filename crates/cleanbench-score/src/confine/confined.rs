//! A scorer whose longer work is done by a child.
//!
//! Invariant: the score is the same wherever it is computed, unless the child met a limit.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cleanbench_core::score::{BROKE_OFF, RAN_OUT};
use cleanbench_core::{Completion, Method, Sample, Score, Scorer, ScorerSpec, SpecError};

use super::message::{Answer, Of, Question, Reply, lean};
use super::pool::{Lost, ask, is_on};

/// Work, in nanoseconds by [`Scorer::work`], that is done in this process.
const MOST_HERE: u64 = 300_000_000;
/// What is waited before another child is asked in place of one that the machine ended.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];

/// A scorer that asks a child where its own work would be long.
#[derive(Debug)]
struct Confined {
    spec: ScorerSpec,
    own: Box<dyn Scorer>,
}

/// Whether scorers can leave to a child what may take long.
pub(crate) fn is_possible() -> bool {
    is_on()
}

/// `own`, which is as `spec` says, with its longer work left to a child. The parameters are checked by a child
/// where `checks` says that this may take long.
///
/// # Errors
/// The faults that a child found.
pub(crate) fn confined(
    spec: &ScorerSpec,
    own: Box<dyn Scorer>,
    checks: bool,
) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
    let confined = Confined {
        spec: spec.clone(),
        own,
    };
    if checks {
        confined.check_parameters()?;
    }
    Ok(Box::new(confined))
}

impl Confined {
    fn asked(&self, of: Of) -> Result<Reply, Lost> {
        answer_to(&self.question(of)?)
    }

    /// The same for what is asked before there is an answer to judge. Nothing is recorded of that, so a child that the
    /// machine ended has said nothing, and another is asked.
    fn asked_again(&self, of: Of) -> Result<Reply, Lost> {
        let question = self.question(of)?;
        let mut pauses = PAUSES.into_iter();
        loop {
            let reply = answer_to(&question);
            let (Err(Lost::BrokeOff | Lost::NotStarted), Some(pause)) = (&reply, pauses.next())
            else {
                return reply;
            };
            std::thread::sleep(pause);
        }
    }

    fn question(&self, of: Of) -> Result<String, Lost> {
        let spec = self.spec.clone();
        serde_json::to_string(&Question { spec, of }).map_err(|_| Lost::BrokeOff)
    }

    fn check_parameters(&self) -> Result<(), Vec<SpecError>> {
        let lost = match self.asked_again(Of::Parameters) {
            Ok(Reply::Parameters(faults)) if faults.is_empty() => return Ok(()),
            Ok(Reply::Parameters(faults)) => {
                return Err(faults.into_iter().map(Into::into).collect());
            }
            Ok(_) => Lost::BrokeOff,
            Err(lost) => lost,
        };
        let what = sentence(lost);
        Err(vec![SpecError {
            param: None,
            message: format!("`{}` cannot be prepared: {what}", self.spec.kind),
            hint: Some(
                "where the machine is short of memory or of time, try again later".to_owned(),
            ),
            may_pass: true,
        }])
    }
}

fn answer_to(question: &str) -> Result<Reply, Lost> {
    let reply = ask(question.to_owned())?;
    serde_json::from_str(&reply).map_err(|_| Lost::BrokeOff)
}

/// What to say of a check without a result.
fn sentence(lost: Lost) -> &'static str {
    match lost {
        Lost::Time => "that takes too much time",
        Lost::BrokeOff => "that takes too much memory, or broke off",
        Lost::NotStarted => "no process could be started for it",
    }
}

/// The reason `text` as it lives as long as the program. There are as many as scorers have in their code.
fn known(text: String) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(reason) = known.get(text.as_str()) {
        return reason;
    }
    let reason: &'static str = Box::leak(text.into_boxed_str());
    known.insert(reason);
    reason
}

impl Scorer for Confined {
    fn version(&self) -> u32 {
        self.own.version()
    }

    fn reads(&self) -> Method {
        self.own.reads()
    }

    fn compares_texts(&self) -> bool {
        self.own.compares_texts()
    }

    fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        self.own.work(sample, completion)
    }

    fn read_out(&self, completion: &Completion) -> Option<String> {
        self.own.read_out(completion)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        if self.own.work(sample, &Completion::default()) <= MOST_HERE {
            return self.own.check_sample(sample);
        }
        match self.asked_again(Of::Sample(lean(sample))) {
            Ok(Reply::Sample(None)) => Ok(()),
            Ok(Reply::Sample(Some(reason))) => Err(reason),
            Ok(_) => Err(sentence(Lost::BrokeOff).to_owned()),
            Err(lost) => Err(format!("it cannot be checked: {}", sentence(lost))),
        }
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        if self.own.work(sample, completion) <= MOST_HERE {
            return self.own.score(sample, completion);
        }
        let answer = Answer::of(completion);
        match self.asked(Of::Answer(lean(sample), answer)) {
            Ok(Reply::Score(judged)) => judged.score(known),
            Err(Lost::Time) => Score::not_extracted(RAN_OUT),
            Err(Lost::NotStarted) => Score::broken(sentence(Lost::NotStarted)),
            Ok(_) | Err(Lost::BrokeOff) => Score::not_extracted(BROKE_OFF),
        }
    }
}
