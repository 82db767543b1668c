//! The answers of an imported log, found by what is asked.

use std::collections::{HashMap, HashSet};

use cleanbench_core::Reply;
use cleanbench_engine::Answers;
use cleanbench_import::{AnswersElsewhere, Imported, ProbeQuestion};
use cleanbench_ledger::replay::SampleName;

/// A call of a run, by what its log calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    model: u32,
    sample: SampleName,
    epoch: u32,
}

/// A call of any model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Question {
    sample: SampleName,
    epoch: u32,
}

/// The answers of a log.
#[derive(Debug, Default)]
pub(crate) struct ImportedAnswers {
    answers: HashMap<Key, Reply>,
    /// What some model was asked.
    asked: HashSet<Question>,
}

impl ImportedAnswers {
    /// The answers of `imported`.
    ///
    /// # Errors
    /// When one cannot be written as JSON.
    pub(crate) fn of(imported: &Imported) -> Result<Self, serde_json::Error> {
        let mut found = Self::default();
        for task in &imported.tasks {
            for sample in &task.samples {
                let name = SampleName::new(&task.name, &sample.id);
                for answer in &sample.answers {
                    let key = Key {
                        model: u32::try_from(answer.model).unwrap_or(u32::MAX),
                        sample: name,
                        epoch: answer.epoch,
                    };
                    found.answers.insert(key, answer.record.reply()?);
                    found.asked.insert(Question {
                        sample: name,
                        epoch: answer.epoch,
                    });
                }
            }
        }
        Ok(found)
    }

    /// The answers that were `given` elsewhere to the questions `asked`.
    ///
    /// # Errors
    /// When one cannot be written as JSON.
    pub(crate) fn elsewhere(
        given: &AnswersElsewhere,
        asked: &[ProbeQuestion],
    ) -> Result<Self, serde_json::Error> {
        let mut found = Self::default();
        for answer in &given.answers {
            let question = &asked[answer.question];
            let key = Key {
                model: u32::try_from(answer.model).unwrap_or(u32::MAX),
                sample: SampleName::new(&question.planned, &question.sample),
                epoch: 1,
            };
            found.answers.insert(key, answer.record.reply()?);
        }
        Ok(found)
    }
}

impl Answers for ImportedAnswers {
    fn find(&self, model: u32, sample: SampleName, epoch: u32) -> Option<Reply> {
        let key = Key {
            model,
            sample,
            epoch,
        };
        self.answers.get(&key).cloned()
    }

    fn has_any(&self, sample: SampleName, epoch: u32) -> bool {
        self.asked.contains(&Question { sample, epoch })
    }
}
