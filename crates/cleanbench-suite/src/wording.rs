//! From the wording in a task's table to compiled templates, and from a fault in a template to its
//! place in the manifest or prompt file.

use std::path::PathBuf;

use cleanbench_core::Role;

use crate::at::At;
use crate::diagnostic::{Document, Fault, Severity};
use crate::folder::{PathFault, TEXT_LIMIT};
use crate::images::{self, ImageRef};
use crate::load::{Loader, whole};
use crate::log::Log;
use crate::prompt::{Origin, Prompts, Template};
use crate::task_table::{TaskTable, Turn, Wording};
use crate::toml_escape::offset_in_text;

/// Bytes that a byte of a prompt takes in memory: as it is kept, compiled and digested.
const PROMPT: u64 = 4;

impl Loader<'_> {
    pub(crate) fn prompts(&mut self, table: &TaskTable) -> Option<Prompts> {
        let named = |name: String, text: &At<String>| Template {
            name,
            text: text.value.clone(),
            origin: Origin::Manifest(text.at),
        };
        let system = table
            .system
            .as_ref()
            .map(|text| named("system".to_owned(), text));
        let images = self.turn_images(table);
        let turns = match &table.wording {
            None => vec![(Role::User, Template::built_in())],
            Some(Wording::Prompt(text)) => vec![(Role::User, named("prompt".to_owned(), text))],
            Some(Wording::File(path)) => vec![(Role::User, self.prompt_file(path)?)],
            Some(Wording::Messages(messages)) => {
                self.check_system(table, messages);
                let turns = messages.iter().enumerate();
                turns
                    .map(|(index, turn)| {
                        (turn.role, named(format!("messages[{index}]"), &turn.text))
                    })
                    .collect()
            }
        };
        let (manifest, log) = (self.manifest, &mut *self.log);
        let mut report = |template: &Template, fault: Fault| {
            template_fault(log, manifest, template, Severity::Error, fault);
        };
        let mut prompts = Prompts::compile(system, turns, &mut report)?;
        prompts.images = images;
        self.warn_of_unused_input(&prompts);
        Some(prompts)
    }

    /// The images of a task's messages, each tried once; a fault is logged and its image left out, so
    /// that it is not found again with every sample.
    fn turn_images(&mut self, table: &TaskTable) -> Vec<ImageRef> {
        let Some(Wording::Messages(turns)) = &table.wording else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (turn, position) in turns.iter().zip(0..) {
            for path in &turn.images {
                let wanted = ImageRef {
                    written: path.value.clone(),
                    at: path.at,
                    message: Some(position),
                };
                match images::read(self.folder, &wanted) {
                    // Later faults are of the sample at hand: a file that has changed meanwhile.
                    Ok(_) => found.push(ImageRef { at: 0, ..wanted }),
                    Err(fault) => self.log.error(self.manifest, fault),
                }
            }
        }
        found
    }

    fn check_system(&mut self, table: &TaskTable, messages: &[Turn]) {
        if let Some(system) = &table.system
            && messages.iter().any(|turn| turn.role == Role::System)
        {
            let message = "both `system` and a system message in `messages`";
            let fault = Fault::new(system.at, message).hint("keep one of them");
            self.log.error(self.manifest, fault);
        }
    }

    fn warn_of_unused_input(&mut self, prompts: &Prompts) {
        if let (false, Some((_, template))) = (prompts.uses("input"), prompts.turns.first()) {
            let fault = Fault::new(0, "no template uses `input`, so every question is the same")
                .hint("put `{{ input }}` where the question belongs");
            template_fault(self.log, self.manifest, template, Severity::Warning, fault);
        }
    }

    fn prompt_file(&mut self, written: &At<String>) -> Option<Template> {
        let (path, bytes, text) = self.text_file(written)?;
        self.effort.hold(bytes.len(), PROMPT);
        self.parts.push([b"prompt ", bytes.as_slice()].concat());
        Some(Template {
            name: "prompt".to_owned(),
            text,
            origin: Origin::File(path),
        })
    }

    /// The file that `written` means: its path, its bytes, and its text without a
    /// byte-order mark.
    pub(crate) fn text_file(&mut self, written: &At<String>) -> Option<(PathBuf, Vec<u8>, String)> {
        let path = self.folder.dir().join(&written.value);
        let bytes = match self.folder.read(&path, TEXT_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => {
                let fault = PathFault::of(&error, &written.value, self.folder.dir());
                self.path_fault(written.at, fault);
                return None;
            }
        };
        self.log.mention(&path);
        let without_mark = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let text = String::from_utf8_lossy(without_mark).into_owned();
        if let Err(error) = std::str::from_utf8(without_mark) {
            let at = error.valid_up_to();
            let message = format!("invalid UTF-8: byte 0x{:02x}", without_mark[at]);
            let document = Document {
                text: &text,
                ..whole(&path)
            };
            self.log.error(document, Fault::new(at, message));
            return None;
        }
        Some((path, bytes, text))
    }
}

/// Calls `then` with the document that holds `template` and the offset of its byte `at` there.
pub(crate) fn with_template<T>(
    manifest: Document<'_>,
    template: &Template,
    at: usize,
    then: impl FnOnce(Document<'_>, usize) -> T,
) -> T {
    match &template.origin {
        Origin::Manifest(start) => then(manifest, offset_in_text(manifest.text, *start, at)),
        Origin::File(path) => {
            let document = Document {
                text: &template.text,
                ..whole(path)
            };
            then(document, at)
        }
        Origin::BuiltIn => then(manifest, 0),
    }
}

pub(crate) fn template_fault(
    log: &mut Log,
    manifest: Document<'_>,
    template: &Template,
    severity: Severity,
    fault: Fault,
) {
    with_template(manifest, template, fault.at, |document, at| {
        let fault = Fault { at, ..fault };
        match severity {
            Severity::Error => log.error(document, fault),
            Severity::Warning => log.warn(document, fault),
        }
    });
}
