//! Tells of each attempt that is made again, and why.
//!
//! A consumer like any other: it can be absent, and nothing it does can change a result.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use cleanbench_core::event::Place;
use cleanbench_core::{Event, EventSink};
use cleanbench_engine::Opened;
use cleanbench_ledger::RunDirectory;
use cleanbench_ledger::samples::SampleLines;
use cleanbench_report::cell;

use crate::printer::Printer;

/// Tells of retries.
pub(crate) struct Retries {
    run: RunDirectory,
    models: Vec<String>,
    printer: Printer,
    /// The samples of each batch; nothing where they cannot be read.
    samples: Mutex<BTreeMap<u32, Option<SampleLines>>>,
}

impl Retries {
    /// Tells of those in `opened`.
    pub(crate) fn new(opened: &Opened, printer: Printer) -> Self {
        let models = opened.manifest.plan.models.iter();
        Self {
            run: opened.run.clone(),
            models: models.map(|model| model.name.clone()).collect(),
            printer,
            samples: Mutex::default(),
        }
    }

    /// The sample at `place`, as the user calls it.
    fn name(&self, place: Place) -> Option<String> {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || SampleLines::of_batch(&self.run, place.batch).ok();
        let lines = samples.entry(place.batch).or_insert_with(open);
        let row = lines.as_ref()?.row(place.sample).ok()?;
        Some(row.id)
    }

    fn tell(&self, place: Place, attempt: u32, error: &str) {
        let model = self.models.get(place.model as usize);
        let model = model.map(String::as_str).unwrap_or_default();
        let name = self.name(place).unwrap_or_default();
        self.printer.detail(cell::visible(&format!(
            "sample `{name}` of `{model}` is asked again after attempt {attempt}: {error}"
        )));
    }
}

impl EventSink for Retries {
    fn event(&self, event: &Event) {
        if let Event::AttemptEnded {
            place,
            attempt,
            error: Some(error),
            outcome: None,
            ..
        } = event
        {
            self.tell(*place, *attempt, &error.message);
        }
    }
}
