//! The pass over a task's data: every record is taken apart, checked, shown to the scorers, rendered.
//!
//! Invariant: files are read once, streaming; a second time only to see what the whole column of targets shows, and to
//! show where references to missing samples stand.

use std::path::Path;
use std::sync::Arc;

use cleanbench_core::Sample;

use crate::at::At;
use crate::boxed;
use crate::data_file::DataFile;
use crate::diagnostic::{Fault, Severity};
use crate::draft::Draft;
use crate::field::Field;
use crate::fields::missing;
use crate::folder::DataSource;
use crate::images::ImageSum;
use crate::load::{Loader, whole};
use crate::number_form::{self, Convention, Readers};
use crate::prompt::RenderError;
use crate::reading::Reading;
use crate::row::Row;
use crate::rows::Rows;
use crate::target_form::{ColumnForm, Evidence, Shown};
use crate::wording::{template_fault, with_template};
use crate::words::shown;

/// Errors of a file after which the rest of it is not read.
const MOST_ERRORS: u64 = 100_000;

/// What is said where templates do more than all templates of suites need to.
const TOO_MUCH: &str =
    "the templates of the task do too much work; from here on nothing is rendered";

impl Loader<'_> {
    /// Reads one data file; gives its number of lines.
    pub(crate) fn data_file(&mut self, reading: &mut Reading, file: &DataSource) -> u32 {
        let path = &*file.path;
        let mut rows = match Rows::open(self.folder, file, &reading.fields()) {
            Ok(rows) => rows,
            Err(error) => {
                let fault = Fault::new(0, format!("cannot read the file: {error}"));
                self.log.error(whole(path), fault);
                return 0;
            }
        };
        let before = reading.samples;
        let mut images = ImageSum::default();
        let errors = self.log.errors();
        let is_first = self.effort.begins(rows.identity());
        reading.counted.push(rows.counts_records());
        while let Some(row) = rows.next_row() {
            if self.log.errors() - errors > MOST_ERRORS || self.gives_up() {
                break;
            }
            self.effort.record(row.text.len(), is_first);
            self.given.pulse.beat();
            reading.samples += u64::from(row.is_sample);
            if let Some(sample) = self.row(reading, path, row) {
                images.add(&sample);
            }
        }
        for what in rows.lost() {
            let fault = Fault::new(0, what);
            let hint = "write it as text or as a number, or leave the column out of the file, if a template or a scorer needs it";
            self.log.warn(whole(path), fault.hint(hint));
        }
        if is_first {
            self.effort.holds(rows.bytes_on_disk());
        }
        let digest = rows.digest();
        self.parts.push([b"data ", digest.0.as_slice()].concat());
        let images = images.set();
        if let Some(digest) = images.digest {
            self.parts.push([b"images ", digest.0.as_slice()].concat());
        }
        reading.files.push(DataFile {
            path: path.to_owned(),
            is_named: file.is_named,
            digest,
            samples: reading.samples - before,
            images,
        });
        rows.lines()
    }

    /// Checks one record; gives its sample where it could be read.
    fn row(&mut self, reading: &mut Reading, path: &Path, mut row: Row<'_>) -> Option<Sample> {
        let mut faults = std::mem::take(&mut row.faults);
        let mut doubts = std::mem::take(&mut row.doubts);
        let draft = row.draft.take();
        let document = row.document(path);
        reading.columns = Arc::clone(&row.columns);
        let mut found = None;
        if let Some(mut draft) = draft {
            reading.met |= draft.met;
            self.settle_form(reading, &draft);
            doubts.extend(draft.settle_numbers(&reading.rules(self.folder)));
            let own_id = draft.id.as_ref().map(|id| id.at);
            let id = draft.id.clone().unwrap_or_else(|| At {
                value: reading.samples.to_string(),
                at: 0,
            });
            faults.extend(self.identify(reading, row.place.number, &id));
            for other in [&draft.rewording_of, &draft.isomorph_of]
                .into_iter()
                .flatten()
            {
                faults.extend(self.refer(&id.value, other));
            }
            draft.id = Some(id);
            let finished = draft.finish(reading.rules(self.folder), reading.samples, &mut faults);
            if let Some((sample, _)) = finished {
                reading.strictest = reading.strictest.max(sample.sensitivity);
                reading.grouping.add(&sample, &mut faults);
                let is_shuffled = reading.table.shuffle_choices.is_some();
                reading.balance.add(&sample, is_shuffled);
                let examples = reading.examples.as_ref();
                faults.extend(examples.and_then(|all| all.fault_of(&sample, own_id)));
                self.try_out(reading, &sample, &mut faults);
                found = Some(sample);
            }
        }
        for fault in faults {
            self.log.record_error(document, fault);
        }
        for doubt in doubts {
            self.log.record_warning(document, doubt);
        }
        found
    }

    /// Looks at the whole column of targets where that of `draft` alone does not show what it means.
    pub(crate) fn settle_form(&mut self, reading: &mut Reading, draft: &Draft) {
        let is_unknown = reading.form == ColumnForm::Unknown;
        if is_unknown && draft.is_unclear(&reading.rules(self.folder)) {
            reading.form = ColumnForm::Looked(self.form_of_targets(reading));
        }
        let of_task = reading.table.choices.as_deref().unwrap_or_default();
        if reading.convention == Convention::Unknown
            && reading.readers != Readers::None
            && draft.is_unclear_number(of_task)
        {
            reading.convention = self.convention_of_targets(reading);
        }
    }

    /// What the targets of a task show of how they name options, its examples included.
    fn form_of_targets(&mut self, reading: &Reading) -> Shown {
        let mut evidence = Evidence::default();
        self.look_at_targets(reading, |of_task, draft| {
            draft.testify(of_task, &mut evidence);
            !evidence.is_settled()
        });
        evidence.shown()
    }

    /// What they show of how their numbers are written.
    fn convention_of_targets(&mut self, reading: &Reading) -> Convention {
        let mut evidence = number_form::Evidence::default();
        self.look_at_targets(reading, |of_task, draft| {
            draft.testify_of_numbers(of_task, &mut evidence);
            !evidence.is_settled()
        });
        evidence.convention()
    }

    /// Shows the records of a task, its examples included, and its own choices to `look`, until that has seen enough.
    fn look_at_targets(
        &mut self,
        reading: &Reading,
        mut look: impl FnMut(&[String], &Draft) -> bool,
    ) {
        let of_task = reading.table.choices.as_deref().unwrap_or_default();
        let examples = self.example_source(reading);
        for source in reading.sources.iter().chain(&examples) {
            // What cannot be read is told of where it is read in its turn.
            let Ok(mut rows) = Rows::open(self.folder, source, &reading.fields()) else {
                continue;
            };
            let is_first = self.effort.looks_at(rows.identity());
            while let Some(row) = rows.next_row() {
                if self.effort.fault().is_some() {
                    return;
                }
                if !is_first {
                    self.effort.record(row.text.len(), false);
                }
                self.given.pulse.beat();
                let goes_on = row.draft.as_ref().is_none_or(|draft| look(of_task, draft));
                if !goes_on {
                    return;
                }
            }
        }
    }

    /// Notes the sample's identity; the fault if it is taken.
    fn identify(&mut self, reading: &Reading, line: u32, id: &At<String>) -> Option<Fault> {
        let (file, first) = self.identities.add(&id.value, line)?;
        let is_counted = reading.counted.get(file) == Some(&true);
        let place = match (reading.files.get(file), is_counted) {
            (Some(other), false) => format!("{}:{first}", other.path.display()),
            (Some(other), true) => format!("record {first} of {}", other.path.display()),
            (None, false) => format!("line {first}"),
            (None, true) => format!("record {first}"),
        };
        let shown = shown(&id.value);
        let message = format!("duplicate id {shown}; the first is at {place}");
        Some(Fault::new(id.at, message).hint("an id is unique within its task"))
    }

    /// Notes a reference to another sample; the fault if it is one to itself.
    fn refer(&mut self, id: &str, other: &At<String>) -> Option<Fault> {
        self.identities.refer(&other.value);
        let message = "a sample cannot be a rewording or isomorph of itself";
        (id == other.value).then(|| Fault::new(other.at, message))
    }

    /// Renders a sample and shows it to the scorers.
    fn try_out(&mut self, reading: &mut Reading, sample: &Sample, faults: &mut Vec<Fault>) {
        for (kind, scorer) in &reading.scorers {
            if let Err(message) = scorer.check_sample(sample) {
                let fault = Fault::new(0, format!("scorer `{kind}`: {message}"));
                faults.push(fault.maybe_hint(hint_of(reading, sample)));
            }
        }
        let Some(prompts) = &reading.prompts else {
            return;
        };
        if prompts.is_too_much() {
            if reading.template_faults.insert(TOO_MUCH.to_owned()) {
                faults.push(
                    Fault::new(0, TOO_MUCH)
                        .hint("a loop does too much; what it makes can stand in the data instead"),
                );
            }
            return;
        }
        if sample.images.iter().any(|image| image.message.is_none()) && !prompts.ask() {
            let message = "`images` without a question: no message of the task is the user's";
            faults.push(Fault::new(0, message));
        }
        let examples = reading.examples.as_ref();
        let error = match prompts.render(sample) {
            Ok(messages) => {
                let more = examples.map_or(0, |examples| examples.fewshot.bytes());
                self.effort.send(sample, &messages, more);
                reading.tally.add(sample, &messages);
                return;
            }
            Err(error) => error,
        };
        let place = self.template_place(&error);
        if !error.is_of_template {
            faults.push(Fault::new(0, format!("{}{place}", error.message)));
        } else if reading.template_faults.insert(error.message.clone()) {
            let at = error.range.map_or(0, |range| range.start);
            let fault = Fault::new(at, error.message);
            template_fault(
                self.log,
                self.manifest,
                error.template,
                Severity::Error,
                fault,
            );
        }
    }

    /// ` (file:line:column)` of the part of a template at fault.
    fn template_place(&self, error: &RenderError<'_>) -> String {
        let (Some(range), false) = (&error.range, error.is_of_template) else {
            return String::new();
        };
        with_template(
            self.manifest,
            error.template,
            range.start,
            |document, at| {
                let place = document.place(at);
                format!(
                    " ({}:{}:{})",
                    document.path.display(),
                    place.line,
                    place.column
                )
            },
        )
    }

    /// Reports references to samples that no task has.
    pub(crate) fn check_references(&mut self, tasks: &[Reading]) {
        if !self.identities.settle() {
            return;
        }
        let files = tasks.iter().flat_map(|task| {
            let fields = task.fields();
            let files = task.files.iter();
            files.map(move |file| (file, Arc::clone(&fields)))
        });
        for (file, fields) in files {
            let Ok(mut rows) = Rows::open(self.folder, &DataSource::of(file), &fields) else {
                continue;
            };
            while let Some(row) = rows.next_row() {
                self.given.pulse.beat();
                let document = row.document(&file.path);
                let Some(draft) = &row.draft else { continue };
                for other in [&draft.rewording_of, &draft.isomorph_of]
                    .into_iter()
                    .flatten()
                {
                    if self.identities.is_missing(&other.value) {
                        let shown = shown(&other.value);
                        let message = format!("no sample of the suite has the id {shown}");
                        self.log.error(document, Fault::new(other.at, message));
                    }
                }
            }
        }
    }
}

/// What to do about a sample that a scorer does not take.
fn hint_of(reading: &Reading, sample: &Sample) -> Option<String> {
    match &sample.target {
        None => Some(missing(
            Field::Target,
            reading.table.fields.as_deref(),
            &reading.columns,
        )),
        Some(serde_json::Value::String(text)) if text.trim().is_empty() => Some(missing(
            Field::Target,
            reading.table.fields.as_deref(),
            &reading.columns,
        )),
        Some(serde_json::Value::String(text)) if text.contains("####") => {
            let hint = "the answer stands behind `####`: write `fields = { target = { after = \"####\" } }`";
            Some(hint.to_owned())
        }
        Some(serde_json::Value::String(text)) if boxed::has_box(text) => {
            let hint = "the answer stands in a box: write `fields = { target = { boxed = true } }`";
            Some(hint.to_owned())
        }
        Some(_) => None,
    }
}
