//! A child that judges: questions in, replies out, until nobody asks any more.
//!
//! Invariant: it opens no file and no socket, and runs no program: it has no permission to.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cleanbench_core::{Score, Scorer, ScorerSpec, SpecError};

use super::limits::{bound_process, bound_request};
use super::message::{Of, Question, Reply};
use crate::registry::build_here;

/// Scorers that are kept for further questions.
const MOST_KEPT: usize = 16;

/// Answers what is asked on `input`, and returns at its end.
///
/// # Errors
/// When the pipes break, or something else than a question is read.
pub fn serve(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    bound_process();
    let mut kept = Vec::new();
    for line in input.lines() {
        let question: Question = serde_json::from_str(&line?)?;
        bound_request();
        let judged = catch_unwind(AssertUnwindSafe(|| reply(question, &mut kept)));
        let panicked = || Reply::Score(Score::broken("a scorer panicked").into());
        let mut reply = serde_json::to_vec(&judged.unwrap_or_else(|_| panicked()))?;
        reply.push(b'\n');
        output.write_all(&reply)?;
        output.flush()?;
    }
    Ok(())
}

/// Scorers that were built, the latest last.
type Kept = Vec<(ScorerSpec, Box<dyn Scorer>)>;

fn reply(question: Question, kept: &mut Kept) -> Reply {
    let position = match kept.iter().position(|(spec, _)| *spec == question.spec) {
        Some(position) => position,
        None => match build_here(&question.spec) {
            Ok(scorer) => keep(kept, question.spec, scorer),
            Err(faults) => return faulty(&question.of, faults),
        },
    };
    let scorer = &kept[position].1;
    match question.of {
        Of::Parameters => Reply::Parameters(Vec::new()),
        Of::Sample(sample) => Reply::Sample(scorer.check_sample(&sample).err()),
        Of::Answer(sample, answer) => {
            Reply::Score(scorer.score(&sample, &answer.completion()).into())
        }
    }
}

fn keep(kept: &mut Kept, spec: ScorerSpec, scorer: Box<dyn Scorer>) -> usize {
    if kept.len() == MOST_KEPT {
        kept.remove(0);
    }
    kept.push((spec, scorer));
    kept.len() - 1
}

fn faulty(of: &Of, faults: Vec<SpecError>) -> Reply {
    let first = || faults.first().map(ToString::to_string).unwrap_or_default();
    match of {
        Of::Parameters => Reply::Parameters(faults.into_iter().map(Into::into).collect()),
        Of::Sample(_) => Reply::Sample(Some(first())),
        Of::Answer(..) => Reply::Score(Score::broken(first()).into()),
    }
}
