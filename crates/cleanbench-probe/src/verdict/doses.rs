//! How often a text that was seen so many times is restored, as measured on models whose training is known.
//!
//! These are small models of the calibration set; a large one restores more of what it saw as often. They stand beside
//! every `no_evidence`, because a probe that finds nothing says nothing of texts that were seen too seldom to be restored.
//!
//! Invariant: the figures are those of the recorded answers of `cleanbench-lab`, which writes them and has a test of it.

use std::sync::LazyLock;

use cleanbench_core::probe::ProbeForm;

/// For each probe on which `no_evidence` rests, form and dose: items of leaked models that were restored, and asked about.
const LIST: &str = include_str!("doses.csv");

/// Of the items that calibration models saw `dose` times, how many a probe restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Times that an item stood in the training data.
    pub dose: u32,
    /// Items restored.
    pub items: u32,
    /// Items seen so often that the probe could use.
    pub of: u32,
}

/// A probe in a form, with what it restored.
struct Measured {
    probe: &'static str,
    form: &'static str,
    restored: Vec<Restored>,
}

fn read() -> Vec<Measured> {
    let mut all: Vec<Measured> = Vec::new();
    for line in LIST.lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        let [probe, form, dose, items, of] = cells[..] else {
            continue;
        };
        let numbers = [dose, items, of].map(str::parse);
        let [Ok(dose), Ok(items), Ok(of)] = numbers else {
            continue;
        };
        let one = Restored { dose, items, of };
        match all.last_mut() {
            Some(last) if (last.probe, last.form) == (probe, form) => last.restored.push(one),
            _ => all.push(Measured {
                probe,
                form,
                restored: vec![one],
            }),
        }
    }
    all
}

/// What `probe` restored in `form`, by dose, the smallest first; empty for probes that were not measured.
pub fn restored(probe: &str, form: ProbeForm) -> &'static [Restored] {
    static MEASURED: LazyLock<Vec<Measured>> = LazyLock::new(read);
    let mut measured = MEASURED.iter();
    let found = measured.find(|one| one.probe == probe && one.form == form.as_str());
    found.map_or(&[], |one| &one.restored)
}

/// What a probe that found nothing may not have seen: a sentence for people; `None` where nothing was measured.
pub(super) fn unseen(probe: &str, form: ProbeForm) -> Option<String> {
    let found = restored(probe, form);
    let shares = found.iter().map(|one| {
        let share = 100.0 * f64::from(one.items) / f64::from(one.of);
        format!("{share:.0}")
    });
    let doses = found.iter().map(|one| one.dose.to_string());
    (!found.is_empty()).then(|| {
        format!(
            "items seen too seldom go unseen: of the calibration set's small models {probe} ({}) restored {} % of those seen {} times",
            form.as_str(),
            listed(shares.collect()),
            listed(doses.collect())
        )
    })
}

/// `0, 0, 37 and 100`.
fn listed(mut all: Vec<String>) -> String {
    let last = all.pop().unwrap_or_default();
    format!("{} and {last}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn every_line_is_read() {
        let read = read();
        let counts = read.iter().map(|one| one.restored.len());
        assert_eq!(counts.sum::<usize>() + 1, LIST.lines().count());
    }

    #[test]
    fn every_primary_probe_was_measured_in_every_form() {
        for probe in registry::primary() {
            for form in registry::forms(probe) {
                let found = restored(probe, *form);
                assert!(
                    found.is_sorted_by_key(|one| one.dose) && !found.is_empty(),
                    "{probe}"
                );
                assert!(found.iter().all(|one| one.items <= one.of));
                let told = unseen(probe, *form).unwrap();
                assert!(
                    told.ends_with("% of those seen 1, 2, 4, 8, 16 and 64 times"),
                    "{told}"
                );
                assert!(told.chars().count() < 200, "the terminal cuts it: {told}");
            }
        }
        assert_eq!(unseen("ts-guessing", ProbeForm::Raw), None);
    }
}
