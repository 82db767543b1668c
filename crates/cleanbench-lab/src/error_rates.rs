//! Tables of what the probes do on models whose contamination is known.
//!
//! Every number is counted from the calibration set; the text says what its units are, because none of
//! these rates holds for another model.

use std::fmt::Write as _;

use cleanbench_core::probe::Finding;
use cleanbench_probe::Class;
use cleanbench_stats::auc::auc;
use cleanbench_stats::{Confidence, wilson};

use crate::calibration::{Assessed, AssessedItem, Kind};
use crate::quickstart::SEED;

/// Level at which a probe alone counts as having found something.
const LEVEL: f64 = 0.05;
/// Doses of the leaked models.
const DOSES: [usize; 5] = [0, 1, 4, 16, 64];
/// Doses from this one on are pooled.
const POOLED: usize = 16;

/// A table with a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows, with its units.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<String>>,
}

/// All tables of a set.
pub fn tables(models: &[Assessed]) -> Vec<Table> {
    let (shipped, set): (Vec<_>, Vec<_>) = models.iter().partition(|one| one.world == SEED);
    vec![
        verdicts(&set),
        single_probes(&set),
        accuracy("calibration set", &set),
        dose_response(
            "calibration set, leaked models pooled",
            &of(&set, Kind::Leaked),
        ),
        members("clean", &of(&set, Kind::Clean)),
        members("reworded", &of(&set, Kind::Reworded)),
        verdicts_of(
            "shipped models, on whose world the recipe was developed",
            &shipped,
        ),
        accuracy("shipped models", &shipped),
        dose_response("embedded/leaked as shipped", &of(&shipped, Kind::Leaked)),
    ]
}

fn of<'a>(models: &[&'a Assessed], kind: Kind) -> Vec<&'a Assessed> {
    models
        .iter()
        .filter(|one| one.kind == kind)
        .copied()
        .collect()
}

fn worlds(models: &[&Assessed]) -> usize {
    let worlds: std::collections::BTreeSet<_> = models.iter().map(|one| one.world).collect();
    worlds.len()
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn verdicts(models: &[&Assessed]) -> Table {
    let what = format!(
        "calibration set: {} models of about a million parameters in {} worlds, none used to choose recipe or rules",
        models.len(),
        worlds(models)
    );
    verdicts_of(&what, models)
}

fn verdicts_of(what: &str, models: &[&Assessed]) -> Table {
    let classes = [
        Class::Strong,
        Class::Suspected,
        Class::NoEvidence,
        Class::Underpowered,
    ];
    let mut names = vec!["trained on", "models"];
    names.extend(classes.map(Class::as_str));
    let rows = Kind::ALL.map(|kind| {
        let models = of(models, kind);
        let count = |class| {
            models
                .iter()
                .filter(|one| one.verdict.class == class)
                .count()
        };
        let counts = classes.map(count).map(|count| count.to_string());
        [kind.as_str().to_owned(), models.len().to_string()]
            .into_iter()
            .chain(counts)
            .collect()
    });
    Table {
        title: format!("verdicts by the rules of tables before 7, probes by protocol 1; {what}"),
        header: header(&names),
        rows: rows.to_vec(),
    }
}

/// How often each probe alone found something.
fn single_probes(models: &[&Assessed]) -> Table {
    let newer = models.iter().flat_map(|one| one.not_recorded.clone());
    let mut names = probe_names(models);
    for name in newer {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Table {
        title: format!(
            "models in which a probe alone has p of at most {LEVEL} [95 % Wilson]; n = models, not items"
        ),
        header: header(&["probe", "form", "clean", "leaked", "reworded"]),
        rows: names
            .iter()
            .map(|name| single_probe(models, name))
            .collect(),
    }
}

fn single_probe(models: &[&Assessed], name: &str) -> Vec<String> {
    let (probe, form) = name.rsplit_once('.').unwrap_or((name, ""));
    let shares = Kind::ALL.map(|kind| {
        let models = of(models, kind);
        let findings = models.iter().flat_map(|one| &one.findings);
        let findings: Vec<_> = findings.filter(|one| finding_name(one) == name).collect();
        let fired = findings.iter().filter(|finding| {
            let contrast = finding.contrast.as_ref();
            contrast.is_some_and(|contrast| contrast.p <= LEVEL)
        });
        match findings.len() {
            0 => "not recorded".to_owned(),
            n => share(fired.count(), n),
        }
    });
    let mut cells = vec![probe.to_owned(), form.to_owned()];
    cells.extend(shares);
    cells
}

/// Answers to the benchmark by dose, and to the isomorphs.
fn accuracy(what: &str, models: &[&Assessed]) -> Table {
    let mut names = vec!["trained on".to_owned()];
    names.extend(DOSES.map(|dose| format!("dose {dose}")));
    names.push("isomorphs".to_owned());
    let rows = Kind::ALL.map(|kind| {
        let models = of(models, kind);
        let mut cells = vec![kind.as_str().to_owned()];
        for dose in DOSES {
            let items: Vec<_> = items(&models).filter(|item| item.dose == dose).collect();
            let right = items.iter().filter(|item| item.right).count();
            cells.push(share(right, items.len()));
        }
        let isomorphs: Vec<_> = models.iter().flat_map(|one| &one.isomorphs).collect();
        cells.push(share(
            isomorphs.iter().filter(|right| ***right).count(),
            isomorphs.len(),
        ));
        cells
    });
    Table {
        title: format!(
            "{what}: items answered right, by how often the item was seen (for clean models: as if) [95 % Wilson]"
        ),
        header: names,
        rows: rows.to_vec(),
    }
}

fn items<'a>(models: &[&'a Assessed]) -> impl Iterator<Item = &'a AssessedItem> + use<'a> {
    let models: Vec<&'a Assessed> = models.to_vec();
    models.into_iter().flat_map(|one| &one.items)
}

/// For each probe and dose: items restored, and how well the probe's number tells them from unseen ones.
fn dose_response(what: &str, models: &[&Assessed]) -> Table {
    let mut rows = Vec::new();
    for name in probe_names(models) {
        for dose in DOSES {
            rows.push(dose_row(models, &name, &dose.to_string(), |item| {
                item == dose
            }));
        }
        let pooled = format!("{POOLED} and more");
        rows.push(dose_row(models, &name, &pooled, |item| item >= POOLED));
    }
    Table {
        title: format!(
            "dose-response; {what}; AUC of items against unseen items of the same models [95 % DeLong]"
        ),
        header: header(&["probe", "dose", "items", "restored", "AUC"]),
        rows,
    }
}

/// Members of models that never saw them word for word: nothing should be found.
fn members(what: &str, models: &[&Assessed]) -> Table {
    let rows = probe_names(models)
        .into_iter()
        .map(|name| dose_row(models, &name, "any but 0", |dose| dose > 0));
    Table {
        title: format!(
            "{what} models of the calibration set: members against the others; nothing should show"
        ),
        header: header(&["probe", "dose", "items", "restored", "AUC"]),
        rows: rows.collect(),
    }
}

/// `NAME.FORM` of every probe of which some model has answers, each once.
fn probe_names(models: &[&Assessed]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for finding in models.iter().flat_map(|one| &one.findings) {
        let name = finding_name(finding);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn finding_name(finding: &Finding) -> String {
    format!("{}.{}", finding.probe, finding.form.as_str())
}

fn dose_row(
    models: &[&Assessed],
    probe: &str,
    label: &str,
    chosen: impl Fn(usize) -> bool,
) -> Vec<String> {
    let results = |wanted: &dyn Fn(usize) -> bool| -> Vec<(bool, f64)> {
        items(models)
            .filter(|item| wanted(item.dose))
            .filter_map(|item| item.probes.get(probe).copied())
            .collect()
    };
    let found = results(&chosen);
    let unseen = results(&|dose| dose == 0);
    let numbers = |results: &[(bool, f64)]| -> Vec<f64> {
        results.iter().map(|(_, number)| *number).collect()
    };
    let area = if chosen(0) {
        String::new()
    } else {
        auc(&numbers(&found), &numbers(&unseen)).map_or_else(String::new, |area| {
            format!("{:.3} [{:.3}, {:.3}]", area.estimate, area.low, area.high)
        })
    };
    let restored = found.iter().filter(|(hit, _)| *hit).count();
    vec![
        probe.to_owned(),
        label.to_owned(),
        found.len().to_string(),
        share(restored, found.len()),
        area,
    ]
}

/// `3/20 = 0.15 [0.05, 0.36]`; empty without any.
fn share(hits: usize, n: usize) -> String {
    let mut text = String::new();
    #[expect(clippy::cast_precision_loss, reason = "counts of items are small")]
    let (successes, trials) = (hits as f64, n as f64);
    if let Some(interval) = wilson(successes, n as u64, Confidence::PERCENT_95) {
        // Writing to a string cannot fail.
        let _infallible = write!(
            text,
            "{hits}/{n} = {:.3} [{:.3}, {:.3}]",
            successes / trials,
            interval.low,
            interval.high
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::calibration::{assess_all, committed};
    use cleanbench_probe::registry;
    use cleanbench_probe::verdict::doses;

    static MODELS: LazyLock<Vec<Assessed>> =
        LazyLock::new(|| assess_all(&committed().unwrap()).unwrap());

    /// The promises of the product about its own probes, on models that were not used to choose anything.
    #[test]
    fn the_calibration_set_is_told_apart() {
        let set: Vec<_> = MODELS.iter().filter(|one| one.world != SEED).collect();
        let (clean, leaked) = (of(&set, Kind::Clean), of(&set, Kind::Leaked));
        assert!(clean.len() >= 20 && leaked.len() >= 10 && worlds(&set) >= 5);
        for model in &clean {
            let class = model.verdict.class;
            assert!(
                matches!(class, Class::NoEvidence | Class::Underpowered),
                "clean {} is {class:?}: {:?}",
                model.seed,
                model.verdict.reasons
            );
        }
        for model in &leaked {
            assert_eq!(model.verdict.class, Class::Strong, "leaked {}", model.seed);
        }
    }

    #[test]
    fn a_probe_without_recorded_answers_says_so() {
        let mut models = MODELS[..2].to_vec();
        let before = single_probes(&models.iter().collect::<Vec<_>>());
        for model in &mut models {
            model.not_recorded.push("newer.raw".to_owned());
        }
        let mut after = single_probes(&models.iter().collect::<Vec<_>>());
        let newer = [
            "newer",
            "raw",
            "not recorded",
            "not recorded",
            "not recorded",
        ];
        assert_eq!(after.rows.pop().unwrap(), newer);
        assert_eq!(after, before);
    }

    /// What stands beside every `no_evidence` is what these answers show.
    #[test]
    fn the_figures_beside_no_evidence_are_those_of_the_set() {
        let models: Vec<_> = MODELS.iter().filter(|one| one.world != SEED).collect();
        let leaked = of(&models, Kind::Leaked);
        for probe in registry::primary() {
            for form in registry::forms(probe) {
                let name = format!("{probe}.{}", form.as_str());
                for told in doses::restored(probe, *form) {
                    let seen: Vec<_> = items(&leaked)
                        .filter(|item| item.dose == told.dose as usize)
                        .filter_map(|item| item.probes.get(&name))
                        .collect();
                    let hits = seen.iter().filter(|(hit, _)| *hit).count();
                    let found = [hits, seen.len()];
                    assert_eq!(
                        found,
                        [told.items, told.of].map(|count| count as usize),
                        "{name} {}",
                        told.dose
                    );
                }
            }
        }
    }

    #[test]
    fn the_shipped_leak_shows_by_dose() {
        let shipped: Vec<_> = MODELS.iter().filter(|one| one.world == SEED).collect();
        let leaked = of(&shipped, Kind::Leaked);
        let area = |probe: &str, chosen: fn(usize) -> bool| {
            let number = |item: &AssessedItem| item.probes.get(probe).map(|(_, number)| *number);
            let of_dose = |wanted: fn(usize) -> bool| -> Vec<f64> {
                items(&leaked)
                    .filter(|item| wanted(item.dose))
                    .filter_map(number)
                    .collect()
            };
            auc(&of_dose(chosen), &of_dose(|dose| dose == 0))
                .unwrap()
                .estimate
        };
        let completion = area("completion.raw", |dose| dose >= 16);
        assert!(completion >= 0.95, "{completion}");
        let forced = area("forced-likelihood.raw", |dose| dose == 4);
        assert!(forced >= 0.80, "{forced}");
        let clean = area("completion.raw", |dose| dose == 1);
        assert!(
            (0.35..0.65).contains(&clean),
            "one copy is not restored: {clean}"
        );
    }
}
