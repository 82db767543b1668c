//! How often a text that was seen so many times is restored, as measured on models whose training is known.
//!
//! These are small models of the calibration set; a large one restores more of what it saw as often. They stand beside
//! every `no_evidence`, because a probe that finds nothing says nothing of texts that were seen too seldom to be restored.
//!
//! Invariant: `cleanbench-lab` has a test that the figures are those of its recorded answers.

use cleanbench_core::probe::ProbeForm;

/// Of the items that calibration models saw `dose` times, how many a probe restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Times that an item stood in the training data.
    pub dose: u32,
    /// Items restored.
    pub items: u32,
    /// Items seen so often.
    pub of: u32,
}

/// A probe in a form, with what it restored.
struct Measured {
    probe: &'static str,
    form: ProbeForm,
    restored: [Restored; 4],
}

const fn of_300([once, four, sixteen, sixty_four]: [u32; 4]) -> [Restored; 4] {
    const fn seen(dose: u32, items: u32) -> Restored {
        Restored {
            dose,
            items,
            of: 300,
        }
    }
    [
        seen(1, once),
        seen(4, four),
        seen(16, sixteen),
        seen(64, sixty_four),
    ]
}

/// The probes on which `no_evidence` rests; ten leaked models, 300 items a dose.
const MEASURED: [Measured; 4] = [
    Measured {
        probe: "completion",
        form: ProbeForm::Raw,
        restored: of_300([0, 0, 110, 300]),
    },
    Measured {
        probe: "completion",
        form: ProbeForm::Instruction,
        restored: of_300([0, 0, 2, 55]),
    },
    Measured {
        probe: "option-completion",
        form: ProbeForm::Raw,
        restored: of_300([0, 0, 50, 300]),
    },
    Measured {
        probe: "option-completion",
        form: ProbeForm::Instruction,
        restored: of_300([0, 0, 1, 54]),
    },
];

/// What `probe` restored in `form`, by dose, the smallest first; empty for probes that were not measured.
pub fn restored(probe: &str, form: ProbeForm) -> &'static [Restored] {
    let mut measured = MEASURED.iter();
    let found = measured.find(|one| one.probe == probe && one.form == form);
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
                    told.ends_with("% of those seen 1, 4, 16 and 64 times"),
                    "{told}"
                );
                assert!(told.chars().count() < 200, "the terminal cuts it: {told}");
            }
        }
        assert_eq!(unseen("ts-guessing", ProbeForm::Raw), None);
    }
}
