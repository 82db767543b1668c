//! The quarantine list of a suite, judged by the day on which a run is planned.

use cleanbench_ledger::draft::Input;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::reporting::Quarantined;
use cleanbench_suite::{QUARANTINE, Suite};

use crate::selection::Selected;

/// The entries for the tasks that are `selected`. An entry whose day has passed by `today` (`YYYY-MM-DD`) holds
/// no more, and its sample counts again.
pub(crate) fn entries(suite: &Suite, selected: &[Selected<'_>], today: &str) -> Vec<Quarantined> {
    let is_selected = |task: &str| selected.iter().any(|chosen| chosen.task.name == task);
    let list = suite.quarantine.samples.iter();
    let list = list.filter(|one| is_selected(&one.task));
    list.map(|one| Quarantined {
        task: one.task.clone(),
        sample: one.sample.clone(),
        reason: one.reason.clone(),
        until: one.until.clone(),
        expired: one.until.as_str() < today,
    })
    .collect()
}

/// What must be said of the entries that hold no more.
pub(crate) fn expired(entries: &[Quarantined]) -> impl Iterator<Item = Note> + '_ {
    entries.iter().filter(|one| one.expired).map(|one| {
        let text = format!(
            "sample `{}` of task `{}` was in quarantine until {} and counts again: repair it, or renew the entry in {QUARANTINE}",
            one.sample, one.task, one.until
        );
        Note::new(NoteKind::QuarantineExpired, text)
    })
}

/// The list itself, for the inputs of a run that has any of its `entries`.
pub(crate) fn input(suite: &Suite, entries: &[Quarantined]) -> Option<Input> {
    (!entries.is_empty()).then(|| Input {
        name: QUARANTINE.to_owned(),
        bytes: suite.quarantine.bytes.clone(),
    })
}
