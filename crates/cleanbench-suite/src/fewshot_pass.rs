//! The pass over a task's examples: each is worded by the task's own templates, its answer is the assistant's
//! turn after it.
//!
//! Refused: examples without an answer, examples of samples of the suite, and examples with pictures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_core::{Completion, Message, Method, Role, Sample, Sensitivity};
use serde_json::Value;

use crate::at::At;
use crate::choices;
use crate::data_file::DataFile;
use crate::diagnostic::{Document, Fault};
use crate::draft::{Draft, Rules};
use crate::fewshot::{Examples, FewShot, question};
use crate::fewshot_table::{FewShotTable, Order};
use crate::files;
use crate::folder::DataSource;
use crate::load::{Loader, whole};
use crate::prompt::Prompts;
use crate::reading::Reading;
use crate::row::Row;
use crate::rows::Rows;
use crate::words::shown;

/// Most examples of a task: they are held in memory, and each is sent with every sample.
const MOST: usize = 1_000;

/// The answer that an example shows.
///
/// Among choices it is the option's text, or its letter where the task is one of letters: a template shows
/// them, and the scorer `choice` reads the answer.
fn answer(sample: &Sample, letters: bool) -> Option<String> {
    let text = match sample.target.as_ref()? {
        Value::String(text) => text.clone(),
        Value::Array(accepted) => match accepted.first()? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        Value::Null => return None,
        other => other.to_string(),
    };
    let position = sample.choices.iter().position(|choice| *choice == text);
    match position.filter(|_| letters) {
        Some(position) => Some(choices::letter(position)),
        None => Some(text),
    }
}

/// Adds the answer to the turns of an example: as the assistant's, behind what the task's own wording
/// begins it with.
fn close(turns: &mut Vec<Message>, answer: &str) {
    match turns.last_mut() {
        Some(begun) if begun.role == Role::Assistant => {
            if !begun.content.ends_with(char::is_whitespace) && !begun.content.is_empty() {
                begun.content.push(' ');
            }
            begun.content.push_str(answer);
        }
        _ => turns.push(Message::new(Role::Assistant, answer.to_owned())),
    }
}

impl Loader<'_> {
    /// Reads the examples that the task's table names.
    pub(crate) fn examples(&mut self, reading: &mut Reading) -> Option<Examples> {
        let table = reading.table.fewshot.clone()?;
        let table = &table;
        let path = self.example_file(&table.file)?;
        let source = in_folder(&path);
        let mut rows = match Rows::open(self.folder, &source, &reading.fields()) {
            Ok(rows) => rows,
            Err(error) => {
                let fault = Fault::new(0, format!("cannot read the file: {error}"));
                self.log.error(whole(&path), fault);
                return None;
            }
        };
        let errors = self.log.errors();
        let mut found = Found::default();
        let is_first = self.effort.begins(rows.identity());
        while let Some(row) = rows.next_row() {
            if self.gives_up() {
                return None;
            }
            self.given.pulse.beat();
            self.effort.record(row.text.len(), is_first);
            self.effort.hold(row.text.len(), 2);
            self.example(reading, &path, row, &mut found);
        }
        self.parts
            .push([b"fewshot ", rows.digest().0.as_slice()].concat());
        if self.log.errors() > errors {
            return None;
        }
        let count = self.count(table, found.turns.len())?;
        let used = match table.order {
            Order::Fixed => &found.labels[..count],
            Order::Seeded(_) => &found.labels,
        };
        let strictest = used.iter().copied().max().unwrap_or(reading.sensitivity());
        Some(Examples {
            fewshot: FewShot {
                file: DataFile {
                    path,
                    is_named: false,
                    digest: rows.digest(),
                    samples: found.turns.len() as u64,
                    images: crate::ImageSet::default(),
                },
                count,
                seed: match table.order {
                    Order::Fixed => None,
                    Order::Seeded(seed) => Some(seed),
                },
                sensitivity: strictest,
                turns: found.turns,
            },
            ids: found.ids,
            questions: found.questions,
        })
    }

    /// The file of examples of a task, where it has one.
    pub(crate) fn example_source(&mut self, reading: &Reading) -> Option<DataSource> {
        let written = &reading.table.fewshot.as_ref()?.file.value;
        let paths = files::all(self.folder, written, &mut self.globs).ok()?;
        paths.first().map(|path| in_folder(path))
    }

    /// The one data file that `written` means.
    fn example_file(&mut self, written: &At<String>) -> Option<PathBuf> {
        match files::all(self.folder, &written.value, &mut self.globs) {
            Ok(paths) => {
                if let [path] = &*paths {
                    self.log.mention(path);
                    return Some(path.clone());
                }
                let message = format!("`fewshot` means {} files", paths.len());
                let fault = Fault::new(written.at, message).hint("name one");
                self.log.error(self.manifest, fault);
                None
            }
            Err(fault) => {
                self.path_fault(written.at, fault);
                None
            }
        }
    }

    /// How many of the `there` examples stand before each question.
    fn count(&mut self, table: &FewShotTable, there: usize) -> Option<usize> {
        let (at, message) = match &table.count {
            _ if there == 0 => (
                table.file.at,
                "empty data: there is no example in it".to_owned(),
            ),
            _ if there > MOST => (
                table.file.at,
                format!("{there} examples; at most {MOST} are held"),
            ),
            Some(count) if count.value > there => (
                count.at,
                format!("`count` is {}, and there are {there} examples", count.value),
            ),
            Some(count) => return Some(count.value),
            None => return Some(there),
        };
        self.log.error(self.manifest, Fault::new(at, message));
        None
    }

    fn example(&mut self, reading: &mut Reading, path: &Path, mut row: Row<'_>, found: &mut Found) {
        let mut faults = std::mem::take(&mut row.faults);
        let draft = row.draft.take();
        let (line, document) = (row.place.number, row.document(path));
        reading.columns = Arc::clone(&row.columns);
        if let Some(draft) = draft {
            self.settle_form(reading, &draft);
            faults.extend(found.identify(&draft, line));
            faults.extend(related(&draft));
            let rules = Rules {
                sensitivity: reading.sensitivity(),
                ..reading.rules(self.folder)
            };
            let position = found.turns.len() as u64 + 1;
            let sample = draft.finish(rules, position, &mut faults);
            if let (Some((sample, _)), Some(prompts)) = (sample, &reading.prompts)
                && !prompts.is_too_much()
            {
                match word(reading, prompts, &sample) {
                    Ok((turns, answer)) => {
                        self.warn_of_score(reading, document, &sample, answer);
                        found.turns.push(turns);
                        found.labels.push(sample.sensitivity);
                        found.questions.entry(question(&sample)).or_insert(line);
                    }
                    Err(fault) => faults.push(fault),
                }
            }
        }
        for fault in faults {
            self.log.record_error(document, fault);
        }
        for doubt in std::mem::take(&mut row.doubts) {
            self.log.record_warning(row.document(path), doubt);
        }
    }

    /// Warns where an answer like that of the example would be wrong by the scorer that counts.
    fn warn_of_score(
        &mut self,
        reading: &Reading,
        document: Document<'_>,
        sample: &Sample,
        answer: String,
    ) {
        let Some((kind, scorer)) = reading.scorers.first() else {
            return;
        };
        if scorer.reads() != Method::Generate || scorer.check_sample(sample).is_err() {
            return;
        }
        let completion = Completion {
            text: answer,
            ..Completion::default()
        };
        let score = scorer.score(sample, &completion).value;
        if score < 1.0 {
            let message =
                format!("scorer `{kind}` gives {score} for the answer of this example, written so");
            self.log.warn(document, Fault::new(0, message));
        }
    }
}

/// A file that the suite names.
fn in_folder(path: &Path) -> DataSource {
    DataSource {
        path: path.to_owned(),
        is_named: false,
    }
}

/// The examples of a file as far as they were read.
#[derive(Default)]
struct Found {
    turns: Vec<Vec<Message>>,
    labels: Vec<Sensitivity>,
    ids: BTreeMap<String, u32>,
    questions: BTreeMap<u64, u32>,
}

impl Found {
    /// Notes an example's identity; the fault if it is taken.
    fn identify(&mut self, draft: &Draft, line: u32) -> Option<Fault> {
        let id = draft.id.as_ref()?;
        if let Some(first) = self.ids.get(&id.value) {
            let shown = shown(&id.value);
            let message = format!("duplicate id {shown}; the first is at line {first}");
            return Some(Fault::new(id.at, message));
        }
        self.ids.insert(id.value.clone(), line);
        None
    }
}

/// The fault of an example that names the sample that it belongs to.
fn related(draft: &Draft) -> Option<Fault> {
    let other = draft.rewording_of.as_ref().or(draft.isomorph_of.as_ref())?;
    let message = "an example cannot be a rewording or isomorph of a sample";
    Some(Fault::new(other.at, message).hint("it would help the model with the answer"))
}

/// The turns of an example, and its answer.
fn word(
    reading: &Reading,
    prompts: &Prompts,
    sample: &Sample,
) -> Result<(Vec<Message>, String), Fault> {
    if !sample.images.is_empty() {
        let message = "examples with images are not yet supported";
        return Err(Fault::new(0, message));
    }
    let method = reading.table.method.as_ref().map(|method| method.value);
    let letters = method.unwrap_or_default() == Method::Generate
        && (prompts.uses("options") || prompts.uses("letters"))
        && reading.scorers.iter().any(|(kind, _)| kind == "choice");
    let answer = answer(sample, letters).ok_or_else(|| {
        Fault::new(0, "an example without `target`").hint("its target is the answer that it shows")
    })?;
    let mut turns = prompts
        .render(sample)
        .map_err(|error| Fault::new(0, error.message))?;
    turns.retain(|turn| turn.role != Role::System);
    close(&mut turns, &answer);
    Ok((turns, answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_behind_what_the_wording_begins_it_with() {
        let begun = |text: &str| vec![Message::new(Role::Assistant, text)];
        for (mut turns, expected) in [
            (begun("Answer:"), "Answer: B"),
            (begun("Answer:\n"), "Answer:\nB"),
            (begun(""), "B"),
            (vec![Message::new(Role::User, "q")], "B"),
        ] {
            close(&mut turns, "B");
            let last = turns.last().unwrap();
            assert_eq!(
                (last.role, last.content.as_str()),
                (Role::Assistant, expected)
            );
        }
    }
}
