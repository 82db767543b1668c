//! The answers of an imported log, found by what is asked.

use std::collections::HashMap;

use cleanbench_core::Reply;
use cleanbench_engine::Answers;
use cleanbench_import::Imported;
use cleanbench_ledger::replay::SampleName;

/// A call of a run, by what its log calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    model: u32,
    sample: SampleName,
    epoch: u32,
}

/// The answers of a log.
#[derive(Debug)]
pub(crate) struct ImportedAnswers(HashMap<Key, Reply>);

impl ImportedAnswers {
    /// The answers of `imported`.
    ///
    /// # Errors
    /// When one cannot be written as JSON.
    pub(crate) fn of(imported: &Imported) -> Result<Self, serde_json::Error> {
        let mut answers = HashMap::new();
        for task in &imported.tasks {
            for sample in &task.samples {
                let name = SampleName::new(&task.name, &sample.id);
                for answer in &sample.answers {
                    let key = Key {
                        model: u32::try_from(answer.model).unwrap_or(u32::MAX),
                        sample: name,
                        epoch: answer.epoch,
                    };
                    answers.insert(key, answer.record.reply()?);
                }
            }
        }
        Ok(Self(answers))
    }
}

impl Answers for ImportedAnswers {
    fn find(&self, model: u32, sample: SampleName, epoch: u32) -> Option<Reply> {
        let key = Key {
            model,
            sample,
            epoch,
        };
        self.0.get(&key).cloned()
    }
}
