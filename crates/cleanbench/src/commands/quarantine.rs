//! The quarantine list of a suite, judged by the day on which a run is planned.

use cleanbench_engine::Input;
use cleanbench_ledger::reporting::Quarantined;
use cleanbench_report::cell;
use cleanbench_suite::{QUARANTINE, Suite};

use super::selection::Selected;
use crate::talk;

/// The entries for the tasks that are `selected`, and the list itself for the run's inputs. An entry whose
/// day has passed is warned of, and its sample counts again.
pub(super) fn plan(
    suite: &Suite,
    selected: &[Selected<'_>],
    today: &str,
) -> (Vec<Quarantined>, Option<Input>) {
    let is_selected = |task: &str| selected.iter().any(|chosen| chosen.task.name == task);
    let list = suite.quarantine.samples.iter();
    let list = list.filter(|one| is_selected(&one.task));
    let list: Vec<_> = list
        .map(|one| Quarantined {
            task: one.task.clone(),
            sample: one.sample.clone(),
            reason: one.reason.clone(),
            until: one.until.clone(),
            expired: one.until.as_str() < today,
        })
        .collect();
    for one in list.iter().filter(|one| one.expired) {
        talk::warn(format!(
            "sample `{}` of task `{}` was in quarantine until {} and counts again: repair it, or renew the entry in {QUARANTINE}",
            cell::safe(&one.sample),
            cell::safe(&one.task),
            one.until
        ));
    }
    let input = (!list.is_empty()).then(|| Input {
        name: QUARANTINE.to_owned(),
        bytes: suite.quarantine.bytes.clone(),
    });
    (list, input)
}

/// The day it is, UTC, `YYYY-MM-DD`.
pub(super) fn today() -> String {
    let now = jiff::Timestamp::now().to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}
