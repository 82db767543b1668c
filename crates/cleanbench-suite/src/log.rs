//! Collects diagnostics: no fault twice, at most [`MOST`] errors a file, in reading order.
//!
//! Invariant: records that are wrong for one cause give one diagnostic, which counts them and says where they stand.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Document, Fault, Severity};

/// Most errors that are listed for one file; the rest are counted.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Log {
    files: Vec<FileLog>,
    /// Where each file stands among them.
    places: HashMap<PathBuf, usize>,
    seen: HashSet<u64>,
    errors: u64,
}

#[derive(Debug)]
struct FileLog {
    path: PathBuf,
    diagnostics: Vec<Diagnostic>,
    /// Records that are wrong like an earlier one: by hash of the cause, which diagnostic that is, and where they stand.
    causes: BTreeMap<u64, Cause>,
    /// Line of the first fault that is not listed, and how many are not.
    unlisted: Option<(u32, u64)>,
}

/// Records that are all wrong for one cause.
#[derive(Debug)]
struct Cause {
    /// Position of the diagnostic of the first.
    first: usize,
    /// How many more there are.
    more: u64,
    /// Lines of some of them.
    lines: Vec<u32>,
}

impl Cause {
    /// What is added to the message of the first.
    fn tail(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(u32::to_string).collect();
        let rest = if self.more > lines.len() as u64 {
            ", …"
        } else {
            ""
        };
        let word = if lines.len() == 1 { "line" } else { "lines" };
        format!(
            " (and {} more like it, {word} {}{rest})",
            self.more,
            lines.join(", ")
        )
    }
}

/// Most lines that are named of records that are wrong for one cause.
const MOST_LINES: usize = 10;

/// What `message` says of whatever record: without what stands in quotes and without numbers.
fn cause_of(message: &str) -> String {
    let mut cause = String::with_capacity(message.len());
    let mut quote = None;
    for character in message.chars() {
        match quote {
            Some(end) if character == end => quote = None,
            Some(_) => {}
            None if matches!(character, '`' | '"') => quote = Some(character),
            None if character.is_ascii_digit() => {}
            None => cause.push(character),
        }
    }
    cause
}

impl Log {
    /// Files are listed in the order in which they are first mentioned here or by a fault.
    pub(crate) fn mention(&mut self, path: &Path) -> usize {
        if let Some(index) = self.places.get(path) {
            return *index;
        }
        self.places.insert(path.to_owned(), self.files.len());
        self.files.push(FileLog {
            path: path.to_owned(),
            diagnostics: Vec::new(),
            causes: BTreeMap::new(),
            unlisted: None,
        });
        self.files.len() - 1
    }

    pub(crate) fn error(&mut self, document: Document<'_>, fault: Fault) {
        self.errors += 1;
        self.add(document, Severity::Error, fault);
    }

    pub(crate) fn warn(&mut self, document: Document<'_>, fault: Fault) {
        self.add(document, Severity::Warning, fault);
    }

    /// A fault of one of many records.
    pub(crate) fn record_error(&mut self, document: Document<'_>, fault: Fault) {
        self.errors += 1;
        self.add_record(document, Severity::Error, fault);
    }

    /// What looks odd in one of many records.
    pub(crate) fn record_warning(&mut self, document: Document<'_>, fault: Fault) {
        self.add_record(document, Severity::Warning, fault);
    }

    fn add_record(&mut self, document: Document<'_>, severity: Severity, fault: Fault) {
        let index = self.mention(document.path);
        let mut hasher = DefaultHasher::new();
        (severity, cause_of(&fault.message)).hash(&mut hasher);
        let key = hasher.finish();
        let file = &mut self.files[index];
        if let Some(cause) = file.causes.get_mut(&key) {
            cause.more += 1;
            if cause.lines.len() < MOST_LINES {
                cause.lines.push(document.place(fault.at).line);
            }
            return;
        }
        let first = file.diagnostics.len();
        self.add(document, severity, fault);
        let file = &mut self.files[index];
        if file.diagnostics.len() > first {
            let cause = Cause {
                first,
                more: 0,
                lines: Vec::new(),
            };
            file.causes.insert(key, cause);
        }
    }

    /// How many errors there were so far, repeated and unlisted ones included.
    pub(crate) fn errors(&self) -> u64 {
        self.errors
    }

    fn add(&mut self, document: Document<'_>, severity: Severity, fault: Fault) {
        let index = self.mention(document.path);
        // To find the place of a fault takes a look at all the text before it.
        if let Some((_, unlisted)) = &mut self.files[index].unlisted {
            *unlisted += 1;
            return;
        }
        let place = document.place(fault.at);
        let mut hasher = DefaultHasher::new();
        (index, place.line, place.column, &fault.message).hash(&mut hasher);
        let file = &mut self.files[index];
        if file.diagnostics.len() >= MOST {
            file.unlisted.get_or_insert((place.line, 0)).1 += 1;
        } else if self.seen.insert(hasher.finish()) {
            file.diagnostics.push(document.diagnostic(severity, fault));
        }
    }

    /// Everything in order: files as first mentioned, then by line and column.
    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        self.files.into_iter().flat_map(FileLog::finish).collect()
    }
}

impl FileLog {
    fn finish(mut self) -> Vec<Diagnostic> {
        for cause in std::mem::take(&mut self.causes).into_values() {
            if cause.more > 0 {
                self.diagnostics[cause.first]
                    .message
                    .push_str(&cause.tail());
            }
        }
        self.diagnostics
            .sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        if let Some((line, number)) = self.unlisted {
            self.diagnostics.push(Diagnostic {
                severity: Severity::Error,
                path: self.path,
                line,
                column: 1,
                message: format!("{number} more faults in this file are not listed"),
                excerpt: None,
                hint: Some("repair the ones above first".to_owned()),
            });
        }
        self.diagnostics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: &str, line: u32) -> Document<'_> {
        Document {
            path: Path::new(path),
            text: "abc",
            line,
            column: 0,
        }
    }

    #[test]
    fn repeats_are_dropped_and_the_order_is_that_of_reading() {
        let mut log = Log::default();
        log.mention(Path::new("z"));
        log.warn(document("a", 1), Fault::new(0, "third"));
        log.error(document("z", 2), Fault::new(1, "second"));
        log.error(document("z", 2), Fault::new(0, "first"));
        log.error(document("z", 2), Fault::new(0, "first"));
        let messages: Vec<_> = log.finish().into_iter().map(|d| d.message).collect();
        assert_eq!(messages, ["first", "second", "third"]);
    }

    #[test]
    fn one_cause_is_told_once_with_its_count_and_places() {
        let mut log = Log::default();
        for line in 1..=30 {
            let message = format!("target `x{line}` is not among 4 choices");
            log.record_error(document("a", line), Fault::new(0, message));
        }
        log.record_warning(
            document("a", 3),
            Fault::new(0, "target `x` is not among 4 choices"),
        );
        log.record_error(document("a", 40), Fault::new(0, "other"));
        assert_eq!(log.errors(), 31);
        let messages: Vec<_> = log.finish().into_iter().map(|d| d.message).collect();
        assert_eq!(
            messages,
            [
                "target `x1` is not among 4 choices (and 29 more like it, lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …)",
                "target `x` is not among 4 choices",
                "other"
            ]
        );
    }

    #[test]
    fn a_thousand_errors_a_file_are_enough() {
        let mut log = Log::default();
        for line in 1..=1_005 {
            log.error(document("a", line), Fault::new(0, "bad"));
        }
        log.error(document("b", 1), Fault::new(0, "bad"));
        let diagnostics = log.finish();
        assert_eq!(diagnostics.len(), 1_002);
        let last = &diagnostics[1_000];
        assert_eq!(
            (last.line, last.message.as_str()),
            (1_001, "5 more faults in this file are not listed")
        );
    }
}
