//! Streams a task's samples again after loading, rendered.
//!
//! Invariant: what is yielded went through the same code as at loading; a file with another digest
//! than at loading ends the stream with an error.

use std::io;
use std::path::PathBuf;

use cleanbench_core::{Message, Sample};

use crate::diagnostic::{Diagnostic, Document, Fault, Severity};
use crate::folder::DataSource;
use crate::images::{self, ImageSum};
use crate::place::Place;
use crate::row::Row;
use crate::rows::Rows;
use crate::suite::Task;

/// A sample and what a model is sent for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The sample.
    pub sample: Sample,
    /// The conversation, exactly as it is to be sent.
    pub messages: Vec<Message>,
}

/// Why samples that were there at loading cannot be read now.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be opened.
    #[error("cannot read {path} again: {source}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds other bytes than when the suite was loaded.
    #[error("{path} has changed since the suite was loaded; load it again", path = .0.display())]
    Changed(PathBuf),
    /// A picture that a sample of the file names holds other bytes than when the suite was loaded.
    #[error("an image that {path} names has changed since the suite was loaded; load it again", path = .0.display())]
    ImagesChanged(PathBuf),
    /// A record no longer validates, so the file has changed.
    #[error("the data has changed since the suite was loaded; load it again\n{0}")]
    Invalid(Box<Diagnostic>),
}

/// The samples of a task; made by [`Task::samples`].
pub struct Samples<'a> {
    task: &'a Task,
    rows: Option<Rows>,
    /// Pictures of the samples of the open file.
    images: ImageSum,
    /// Files opened so far.
    opened: usize,
    /// Samples read so far.
    position: u64,
    failed: bool,
}

impl Task {
    /// Streams the samples in the order of files and lines, rendered.
    ///
    /// An error ends the stream. That a file has changed since loading is noticed at its end (or at
    /// a line that no longer validates), so whoever must not act on changed files collects first.
    pub fn samples(&self) -> Samples<'_> {
        Samples::new(self)
    }
}

impl<'a> Samples<'a> {
    fn new(task: &'a Task) -> Self {
        Self {
            task,
            rows: None,
            images: ImageSum::default(),
            opened: 0,
            position: 0,
            failed: false,
        }
    }

    fn advance(&mut self) -> Result<Option<Rendered>, LoadError> {
        loop {
            if self.rows.is_none() {
                let Some(file) = self.task.files.get(self.opened) else {
                    return Ok(None);
                };
                let source = DataSource::of(file);
                let rows = Rows::open(&self.task.folder, &source, &self.task.fields);
                let rows = rows.map_err(|source| LoadError::Unreadable {
                    path: file.path.clone(),
                    source,
                })?;
                self.rows = Some(rows);
                self.images = ImageSum::default();
                self.opened += 1;
            }
            let file = &self.task.files[self.opened - 1];
            if let Some(rows) = &mut self.rows {
                if let Some(row) = rows.next_row() {
                    if !row.is_sample && row.faults.is_empty() {
                        continue;
                    }
                    self.position += 1;
                    let rendered = render(self.task, row, self.position);
                    if let Ok(rendered) = &rendered {
                        self.images.add(&rendered.sample);
                    }
                    return rendered.map(Some).map_err(|Failed { place, text, fault }| {
                        let document = Document {
                            path: &file.path,
                            text: &text,
                            line: place.line,
                            column: place.column,
                        };
                        LoadError::Invalid(Box::new(document.diagnostic(Severity::Error, fault)))
                    });
                }
                if rows.digest() != file.digest {
                    return Err(LoadError::Changed(file.path.clone()));
                }
                if self.images.set() != file.images {
                    return Err(LoadError::ImagesChanged(file.path.clone()));
                }
            }
            self.rows = None;
        }
    }
}

/// The first fault of a row, with the row's place and text.
struct Failed {
    place: Place,
    text: String,
    fault: Fault,
}

/// The rendered sample of a row, or its first fault.
fn render(task: &Task, row: Row<'_>, position: u64) -> Result<Rendered, Failed> {
    let mut faults = row.faults;
    let sample = row
        .draft
        .and_then(|draft| draft.finish(task.rules(), position, &mut faults));
    let failed = |fault: Fault| Failed {
        place: row.place,
        text: row.text.clone().into_owned(),
        fault,
    };
    let Some((sample, pictures)) = sample else {
        let unknown = || Fault::new(0, "no sample");
        return Err(failed(faults.into_iter().next().unwrap_or_else(unknown)));
    };
    match task.prompts.render(&sample) {
        Ok(mut messages) => {
            images::attach(&mut messages, &sample, task.prompts.turns.len(), &pictures);
            if let Some(fewshot) = &task.fewshot {
                fewshot.insert(&task.name, &sample, &mut messages);
            }
            Ok(Rendered { sample, messages })
        }
        Err(error) => Err(failed(Fault::new(0, error.message))),
    }
}

impl Iterator for Samples<'_> {
    type Item = Result<Rendered, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.advance().transpose();
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}
