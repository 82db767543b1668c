//! Tables of what the probes do on models whose contamination is known.
//!
//! Every number is counted from the calibration set; the text says what its units are, because none of
//! these rates holds for another model.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cleanbench_core::probe::{Finding, ProbeForm};
use cleanbench_probe::{Class, Verdict, read_by, registry};
use cleanbench_stats::auc::auc;
use cleanbench_stats::{Confidence, wilson};

use crate::calibration::{Assessed, AssessedItem, Kind, Shown, Verdicts};
use crate::quickstart::SEED;

/// Level at which a probe alone counts as having found something.
const LEVEL: f64 = 0.05;
/// Doses from this one on are pooled.
const POOLED: usize = 16;
/// Classes that a verdict of a model that was probed can have.
const CLASSES: [Class; 6] = [
    Class::Strong,
    Class::Suspected,
    Class::NotIdentifiable,
    Class::NotTestable,
    Class::NoEvidence,
    Class::Underpowered,
];

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
        verdicts_by_dose("calibration set", &set),
        checks(&set),
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
        verdicts_by_dose("shipped models", &shipped),
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
    let worlds: BTreeSet<_> = models.iter().map(|one| one.world).collect();
    worlds.len()
}

/// How often items of these models were seen, 0 among them.
fn doses(models: &[&Assessed]) -> BTreeSet<usize> {
    items(models).map(|item| item.dose).collect()
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

/// By what the verdicts are, as words of a title.
fn by(models: &[&Assessed]) -> String {
    let protocol = models.first().map_or(0, |one| one.protocol);
    format!(
        "by the rules of tables 9, probes by protocol {protocol}, read by protocol {}, in all forms and in the raw one alone, bias measured on items that nobody saw",
        read_by(protocol)
    )
}

/// The forms whose probes a verdict rests on.
const FORMS: [Forms; 2] = [
    Forms {
        name: "all",
        verdict: |verdicts| &verdicts.all,
    },
    Forms {
        name: "raw",
        verdict: |verdicts| &verdicts.raw,
    },
];

struct Forms {
    name: &'static str,
    verdict: fn(&Verdicts) -> &Verdict,
}

fn verdicts_of(what: &str, models: &[&Assessed]) -> Table {
    let mut rows = Vec::new();
    for forms in FORMS {
        for kind in Kind::ALL {
            let models = of(models, kind);
            let mut cells = header(&[forms.name, kind.as_str()]);
            cells.push(models.len().to_string());
            let verdicts = models.iter().map(|one| (forms.verdict)(&one.verdicts));
            rows.push(cells.into_iter().chain(counted(verdicts)).collect());
        }
    }
    Table {
        title: format!("verdicts {}; {what}", by(models)),
        header: with_classes(&["forms", "trained on", "models"]),
        rows,
    }
}

fn with_classes(names: &[&str]) -> Vec<String> {
    let mut names = header(names);
    names.extend(CLASSES.map(|class| class.as_str().to_owned()));
    names
}

/// How many verdicts have each class.
fn counted<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> impl Iterator<Item = String> {
    let found: Vec<_> = verdicts.map(|one| one.class).collect();
    let count = |class| found.iter().filter(|one| **one == class).count();
    CLASSES.map(|class| count(class).to_string()).into_iter()
}

/// Verdicts on the items of one dose alone.
fn verdicts_by_dose(what: &str, models: &[&Assessed]) -> Table {
    let mut rows = Vec::new();
    for forms in FORMS {
        for kind in Kind::ALL {
            let models = of(models, kind);
            for dose in doses(&models).into_iter().filter(|dose| *dose > 0) {
                let found = models.iter().filter_map(|one| one.by_dose.get(&dose));
                let items = items(&models).filter(|item| item.dose == dose).count();
                let mut cells = header(&[forms.name, kind.as_str()]);
                cells.extend(
                    [dose, models.len(), items / models.len().max(1)].map(|n| n.to_string()),
                );
                rows.push(
                    cells
                        .into_iter()
                        .chain(counted(found.map(forms.verdict)))
                        .collect(),
                );
            }
        }
    }
    Table {
        title: format!(
            "{what}: verdicts {}, with the items of one dose alone as suspects (for clean models: as if); of so few items nothing found is underpowered, and not_testable where two answers of an arm say nothing, whatever was seen",
            by(models)
        ),
        header: with_classes(&["forms", "trained on", "dose", "models", "items"]),
        rows,
    }
}

/// How many models pass the checks of validity.
fn checks(models: &[&Assessed]) -> Table {
    let mut rows = Vec::new();
    for form in [ProbeForm::Raw, ProbeForm::Instruction] {
        for kind in Kind::ALL {
            let models = of(models, kind);
            let found = models.iter().filter_map(|one| one.validity.get(&form));
            let found: Vec<_> = found.collect();
            let passed = |passes: fn(&cleanbench_probe::Validity) -> Option<bool>| {
                let passed = found.iter().filter(|one| passes(one) == Some(true));
                format!("{} of {}", passed.count(), found.len())
            };
            let names = [form.as_str(), kind.as_str()];
            let mut cells = header(&names);
            cells.push(passed(cleanbench_probe::Validity::complies));
            cells.push(passed(cleanbench_probe::Validity::remembers));
            rows.push(cells);
        }
    }
    Table {
        title: "calibration set: models that pass the checks of validity, asked for texts of their own training".to_owned(),
        header: header(&["form", "trained on", "compliance", "memory"]),
        rows,
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
    let of_hits: Test = |finding| Some(finding.contrast.as_ref()?.p);
    let of_measures: Test = |finding| Some(finding.values.as_ref()?.contrast.p);
    let rows = names.iter().flat_map(|name| {
        let both = [("hits", of_hits), ("measures", of_measures)];
        both.map(|(what, test)| single_probe(models, name, what, test))
    });
    Table {
        title: format!(
            "models in which a probe alone has p of at most {LEVEL}, whatever the bias [95 % Wilson]; n = models that have the test, not items"
        ),
        header: header(&["probe", "form", "test", "clean", "leaked", "reworded"]),
        rows: rows.collect(),
    }
}

/// The p-value of a test, where a finding has it.
type Test = fn(&Finding) -> Option<f64>;

fn single_probe(models: &[&Assessed], name: &str, what: &str, test: Test) -> Vec<String> {
    let (probe, form) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut cells = header(&[probe, form, what]);
    cells.extend(Kind::ALL.map(|kind| {
        let models = of(models, kind);
        if models.iter().all(|one| !has(one, name)) {
            return "not recorded".to_owned();
        }
        let findings = models.iter().flat_map(|one| &one.findings);
        let own = findings.filter(|one| finding_name(one) == name);
        let p: Vec<_> = own.filter_map(test).collect();
        let fired = p.iter().filter(|p| **p <= LEVEL).count();
        if p.is_empty() {
            "not judged".to_owned()
        } else {
            share(fired, p.len())
        }
    }));
    cells
}

fn has(model: &Assessed, name: &str) -> bool {
    model.findings.iter().any(|one| finding_name(one) == name)
}

/// Answers to the benchmark by dose, and to the isomorphs.
fn accuracy(what: &str, models: &[&Assessed]) -> Table {
    let doses = doses(models);
    let mut names = vec!["trained on".to_owned()];
    names.extend(doses.iter().map(|dose| format!("dose {dose}")));
    names.push("isomorphs".to_owned());
    let rows = Kind::ALL.map(|kind| {
        let models = of(models, kind);
        let mut cells = vec![kind.as_str().to_owned()];
        for dose in &doses {
            let items: Vec<_> = items(&models).filter(|item| item.dose == *dose).collect();
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

/// What stands beside every `no_evidence`, as `cleanbench-probe` reads it: for each probe on which that rests and each dose,
/// items of the leaked models of the set that were restored, and asked about.
pub fn doses_csv(models: &[Assessed]) -> String {
    let set: Vec<_> = models.iter().filter(|one| one.world != SEED).collect();
    let leaked = of(&set, Kind::Leaked);
    let mut lines = "probe,form,dose,restored,of\n".to_owned();
    for name in probe_names(&leaked) {
        let (probe, form) = name.rsplit_once('.').unwrap_or((&name, ""));
        let doses = doses(&leaked).into_iter().filter(|dose| *dose > 0);
        for dose in doses.filter(|_| registry::is_primary(probe)) {
            let asked = shown(&leaked, &name, |item| item == dose);
            let restored = asked.iter().filter(|one| one.hit).count();
            // Writing to a string cannot fail.
            let _infallible = writeln!(lines, "{probe},{form},{dose},{restored},{}", asked.len());
        }
    }
    lines
}

/// Columns of a row of [`dose_row`].
const DOSE_ROW: [&str; 7] = [
    "probe",
    "dose",
    "items",
    "say nothing",
    "restored",
    "AUC of hits",
    "AUC of measures",
];

/// For each probe and dose: items restored, and how well hits and measures tell them from unseen ones.
fn dose_response(what: &str, models: &[&Assessed]) -> Table {
    let mut rows = Vec::new();
    for name in probe_names(models) {
        for dose in doses(models) {
            rows.push(dose_row(models, &name, &dose.to_string(), |item| {
                item == dose
            }));
        }
        let pooled = format!("{POOLED} and more");
        rows.push(dose_row(models, &name, &pooled, |item| item >= POOLED));
    }
    Table {
        title: format!(
            "dose-response; {what}; answers that say nothing are not restored and have no measure; AUC of items against unseen items of the same models [95 % DeLong]"
        ),
        header: header(&DOSE_ROW),
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
        header: header(&DOSE_ROW),
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

/// What `probe` showed of the items whose dose is `wanted`.
fn shown(models: &[&Assessed], probe: &str, wanted: impl Fn(usize) -> bool) -> Vec<Shown> {
    items(models)
        .filter(|item| wanted(item.dose))
        .filter_map(|item| item.probes.get(probe).copied())
        .collect()
}

fn hits(shown: &[Shown]) -> Vec<f64> {
    let hits = shown.iter().map(|one| f64::from(u8::from(one.hit)));
    hits.collect()
}

fn measures(shown: &[Shown]) -> Vec<f64> {
    shown.iter().filter_map(|one| one.measure).collect()
}

fn dose_row(
    models: &[&Assessed],
    probe: &str,
    label: &str,
    chosen: impl Fn(usize) -> bool,
) -> Vec<String> {
    let is_unseen = chosen(0);
    let found = shown(models, probe, chosen);
    let unseen = shown(models, probe, |dose| dose == 0);
    let area = |of: fn(&[Shown]) -> Vec<f64>| {
        let area = auc(&of(&found), &of(&unseen)).filter(|_| !is_unseen);
        area.map_or_else(String::new, |area| {
            format!("{:.3} [{:.3}, {:.3}]", area.estimate, area.low, area.high)
        })
    };
    let restored = found.iter().filter(|one| one.hit).count();
    let silent = found.iter().filter(|one| one.is_silent).count();
    vec![
        probe.to_owned(),
        label.to_owned(),
        found.len().to_string(),
        silent.to_string(),
        share(restored, found.len()),
        area(hits),
        area(measures),
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

    static MODELS: LazyLock<Vec<Assessed>> =
        LazyLock::new(|| assess_all(&committed().unwrap()).unwrap());

    fn set(kind: Kind) -> Vec<&'static Assessed> {
        let set = MODELS.iter().filter(|one| one.world != SEED);
        set.filter(|one| one.kind == kind).collect()
    }

    /// The promise of the product about models that saw nothing, on models that were not used to choose anything: of 20
    /// none is `strong` and at most 3 are `suspected`. Where fewer worlds are on record, as many of so many.
    #[test]
    fn clean_models_are_not_accused() {
        let clean = set(Kind::Clean);
        assert_eq!(clean.len(), 2 * worlds(&clean));
        for forms in FORMS {
            let found = clean.iter().map(|one| (forms.verdict)(&one.verdicts).class);
            let count = |class| found.clone().filter(|one| *one == class).count();
            assert_eq!(count(Class::Strong), 0, "{}", forms.name);
            assert!(count(Class::Suspected) * 20 <= 3 * clean.len());
        }
    }

    #[test]
    fn leaked_models_are_found() {
        let leaked = set(Kind::Leaked);
        assert_eq!(leaked.len(), worlds(&set(Kind::Clean)));
        for model in leaked {
            let doses: Vec<_> = model.by_dose.keys().copied().collect();
            assert_eq!(doses, [1, 2, 4, 8, 16, 64]);
            let Verdicts { all, raw } = &model.verdicts;
            let is_found = matches!(raw.class, Class::Strong | Class::Suspected);
            assert!(is_found, "leaked {} is {:?}", model.seed, raw.class);
            // Silence of other forms may forbid a class, and never clears.
            let is_cleared = matches!(all.class, Class::NoEvidence | Class::Underpowered);
            assert!(!is_cleared, "leaked {} is {:?}", model.seed, all.class);
        }
    }

    #[test]
    fn every_model_was_asked_by_the_protocol_that_titles_name() {
        let tables = tables(&MODELS);
        let title = &tables[0].title;
        assert!(
            title.contains("probes by protocol 3, read by protocol 4"),
            "{title}"
        );
        assert!(MODELS.iter().all(|one| one.protocol == 3));
        for table in tables {
            let widths = table.rows.iter().map(Vec::len);
            let width = table.header.len();
            assert!(
                widths.into_iter().all(|one| one == width),
                "{}",
                table.title
            );
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
        for test in ["measures", "hits"] {
            let newer = after.rows.pop().unwrap();
            assert_eq!(newer[..3], ["newer", "raw", test]);
            assert!(newer[3..].iter().all(|cell| cell == "not recorded"));
        }
        assert_eq!(after, before);
    }

    /// What stands beside every `no_evidence` is what these answers show.
    #[test]
    fn the_figures_beside_no_evidence_are_those_of_the_set() {
        let path = "../cleanbench-probe/src/verdict/doses.csv";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let committed = fs_err::read_to_string(path).unwrap();
        assert_eq!(committed, doses_csv(&MODELS));
    }

    /// The area under the curve of a probe's measures, of items of `chosen` doses against unseen ones.
    fn area(models: &[&Assessed], probe: &str, chosen: fn(usize) -> bool) -> f64 {
        let found = measures(&shown(models, probe, chosen));
        let unseen = measures(&shown(models, probe, |dose| dose == 0));
        auc(&found, &unseen).unwrap().estimate
    }

    #[test]
    fn the_shipped_leak_shows_by_dose() {
        let shipped = MODELS.iter().filter(|one| one.world == SEED);
        let leaked: Vec<_> = shipped.filter(|one| one.kind == Kind::Leaked).collect();
        let completion = area(&leaked, "completion.raw", |dose| dose >= 16);
        assert!(completion >= 0.95, "{completion}");
        let clean = area(&leaked, "completion.raw", |dose| dose == 1);
        assert!(
            (0.35..0.65).contains(&clean),
            "one copy is not restored: {clean}"
        );
    }

    /// The shipped model alone has five such items that the probe can use.
    #[test]
    fn likelihoods_show_what_was_seen_four_times() {
        for probe in ["forced-likelihood.raw", "option-order.raw"] {
            let found = area(&set(Kind::Leaked), probe, |dose| dose == 4);
            assert!(found >= 0.80, "{probe}: {found}");
        }
    }
}
