//! Every row of a run, for whoever asks something of all of them and draws nothing.

use cleanbench_ledger::Tail;

use crate::rows::{Row, for_each};
use crate::scan::scan;
use crate::{Recording, ReportError};

/// Hands every row of the run to `each`, in plan order.
///
/// # Errors
/// When the run is damaged.
pub fn every_row(recording: &Recording, mut each: impl FnMut(&Row)) -> Result<(), ReportError> {
    let index = scan(
        &recording.run,
        &recording.manifest,
        &recording.prices,
        Tail::MayBeTorn,
        |_| Ok(()),
    )?;
    for_each(recording, &index, |row| {
        each(&row);
        Ok(())
    })
}
