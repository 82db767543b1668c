//! What of a run an export has not in it: how many calls, and why.
//!
//! Invariant: a call is either written or counted here; none is left out in silence.

use cleanbench_text::counted;

use super::Exported;

/// Calls of a model at a task that came to no answer and no error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Absent {
    /// Name of the task.
    pub task: String,
    /// Name of the model.
    pub model: String,
    /// Calls that were skipped: nobody was asked.
    pub skipped: u64,
    /// Calls that have not ended.
    pub unfinished: u64,
    /// Calls whose question or answer was erased.
    pub erased: u64,
}

impl Absent {
    fn parts(&self) -> Vec<String> {
        let parts = [
            (self.skipped, "never asked (skipped)"),
            (self.unfinished, "not finished"),
            (self.erased, "erased"),
        ];
        let some = parts.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, what)| format!("{count} {what}"))
            .collect()
    }
}

/// What no format of others has a place for: calls without an answer and without an error, a sentence for each model
/// and task.
pub fn left_out(exported: &Exported) -> Vec<String> {
    let each = exported.absent.iter();
    let each = each.filter(|absent| !absent.parts().is_empty());
    each.map(|absent| {
        let total = absent.skipped + absent.unfinished + absent.erased;
        format!(
            "{} at task `{}`: {} left out: {}; {} neither right nor wrong nor an error",
            absent.model,
            absent.task,
            counted(total, "call is", "calls are"),
            absent.parts().join(", "),
            if total == 1 { "it is" } else { "they are" }
        )
    })
    .collect()
}

/// Answers and errors that have no score of the first scorer of their task, which a record of scores must leave out: a
/// sentence for each model and task.
pub fn has_no_score(exported: &Exported) -> Vec<String> {
    let run = &exported.run;
    let mut found = Vec::new();
    for task in &run.tasks {
        let first = task.recorded.first();
        for (position, model) in run.models.iter().enumerate() {
            let answers = task.samples.iter().flat_map(|sample| &sample.answers);
            let unscored = answers.filter(|answer| {
                let mut scores = answer.record.scores.iter();
                answer.model == position && !scores.any(|score| Some(&score.scorer) == first)
            });
            let mut errors = 0;
            let mut answered = 0;
            for answer in unscored {
                match answer.record.error {
                    Some(_) => errors += 1,
                    None => answered += 1,
                }
            }
            found.extend(unscored_line(&model.name, &task.name, errors, answered));
        }
    }
    found
}

fn unscored_line(model: &str, task: &str, errors: u64, answered: u64) -> Option<String> {
    let errors_told = counted(
        errors,
        "call that ended in an error",
        "calls that ended in errors",
    );
    let answers_told = counted(
        answered,
        "answer without a score",
        "answers without a score",
    );
    let what = match (errors, answered) {
        (0, 0) => return None,
        (_, 0) => errors_told,
        (0, _) => answers_told,
        _ => format!("{errors_told} and {answers_told}"),
    };
    Some(format!(
        "{model} at task `{task}`: left out of the record, which has a score in each line: {what}"
    ))
}
