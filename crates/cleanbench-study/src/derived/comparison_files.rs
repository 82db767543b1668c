//! The files of a comparison: `comparison.json`, `comparison.csv`, `flips.csv`, `spending.csv`, `summary.md`.

use std::collections::BTreeMap;

use csv::Writer;
use serde::Serialize;

use super::markdown::table;
use super::number;
use crate::compare::{
    ByMissing, Comparison, Counts, Finding, Flip, Level, Measure, Missing, TaskComparison,
};
use cleanbench_core::SetAside;
use cleanbench_items::{Policy, Rules, Who};
use cleanbench_report::ReportError;
use cleanbench_text::cell;
use cleanbench_text::notation::code;

/// Formats of `comparison.json`: 1.1 adds `policy`, and what is set aside by it.
const FORMATS: Formats = Formats {
    first: "cleanbench-comparison/1.0",
    with_policy: "cleanbench-comparison/1.1",
};
/// That of comparisons by the rules of tables 5, which say why they are in their mode, at which level each interval
/// is, and what was spent.
const WITH_RULES: &str = "cleanbench-comparison/1.2";
/// Flips that `summary.md` shows; all are in `flips.csv`.
const FLIPS_SHOWN: usize = 50;

/// Formats of a document, which names no later one than it needs.
#[derive(Clone, Copy)]
pub(super) struct Formats {
    pub(super) first: &'static str,
    /// That of results which say what became of pairs.
    pub(super) with_policy: &'static str,
}

impl Formats {
    /// The format of a result with this policy.
    pub(super) fn of(self, policy: Option<Policy>) -> &'static str {
        policy.map_or(self.first, |_| self.with_policy)
    }
}

/// A document of this format.
#[derive(Serialize)]
pub(super) struct Document<'a, T> {
    pub(super) format: &'static str,
    #[serde(flatten)]
    pub(super) content: &'a T,
}

/// A document as it is written: indented, one line feed at the end.
pub(super) fn json<T: Serialize>(
    format: &'static str,
    content: &T,
) -> Result<Vec<u8>, ReportError> {
    let document = Document { format, content };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(std::io::Error::from)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A CSV file of these rows.
pub(super) fn csv_file<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<Vec<u8>, ReportError> {
    csv_of(&header, rows.into_iter().map(Vec::from))
}

/// All files of `comparison`, by name, but for the `summary.md` of one by the rules of tables 5.
pub(super) fn draw(
    comparison: &Comparison,
) -> Result<BTreeMap<&'static str, Vec<u8>>, ReportError> {
    let is_now = number::by_rules_of_now(comparison.policy);
    let mut files = BTreeMap::from([
        ("comparison.json", json(format_of(comparison), comparison)?),
        (
            "flips.csv",
            csv_file(FLIPS, comparison.flips.iter().map(flip_row))?,
        ),
    ]);
    let table = if is_now {
        let spent = csv_file(SPENDING, spending_rows(comparison))?;
        files.insert("spending.csv", spent);
        let rows = rows(comparison).zip(more_rows(comparison));
        let rows = rows.map(|(row, more)| row.into_iter().chain(more).collect());
        let header = COLUMNS.into_iter().chain(MORE_COLUMNS);
        csv_of(&header.collect::<Vec<_>>(), rows)?
    } else {
        let summary = summary_by_earlier(comparison);
        files.insert("summary.md", summary.into_bytes());
        csv_file(COLUMNS, rows(comparison))?
    };
    files.insert("comparison.csv", table);
    Ok(files)
}

/// A CSV file of these rows, each as wide as its header.
fn csv_of(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, ReportError> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let written = writer.into_inner();
    Ok(written.map_err(|error| std::io::Error::other(error.to_string()))?)
}

/// What was used up, one row a task and amount.
const SPENDING: [&str; 10] = [
    "task",
    "what",
    "n",
    "base",
    "candidate",
    "difference",
    "low",
    "high",
    "confidence",
    "method",
];

fn spending_rows(comparison: &Comparison) -> impl Iterator<Item = [String; SPENDING.len()]> + '_ {
    comparison.tasks.iter().flat_map(|task| {
        task.spending.iter().map(|amount| {
            [
                cell::text(&task.task),
                amount.what.as_str().to_owned(),
                amount.n.to_string(),
                number::cell(amount.base),
                number::cell(amount.candidate),
                number::cell(amount.difference),
                number::cell(amount.low),
                number::cell(amount.high),
                number::cell(amount.low.map(|_| 0.95)),
                amount.method.clone(),
            ]
        })
    })
}

/// The lowest format that has what `comparison` says.
fn format_of(comparison: &Comparison) -> &'static str {
    match comparison.policy {
        Some(policy) if policy.rules == Rules::Now => WITH_RULES,
        policy => FORMATS.of(policy),
    }
}

const COLUMNS: [&str; 37] = [
    "task",
    "slice",
    "value",
    "scorer",
    "missing",
    "n",
    "clusters",
    "base",
    "base_low",
    "base_high",
    "base_method",
    "candidate",
    "candidate_low",
    "candidate_high",
    "candidate_method",
    "delta",
    "delta_at_best",
    "low",
    "high",
    "confidence",
    "method",
    "test",
    "p",
    "adjusted_p",
    "adjustment",
    "verdict",
    "smallest_detectable",
    "both_right",
    "base_only",
    "candidate_only",
    "both_wrong",
    "better",
    "worse",
    "equal",
    "mid_p",
    "base_contamination",
    "candidate_contamination",
];

/// What comparisons by the rules of tables 5 have besides: what is missing and set aside, and each side between what it
/// would have scored had all that is missing been wrong and had all been right.
const MORE_COLUMNS: [&str; 9] = [
    "base_missing",
    "candidate_missing",
    "set_aside",
    "base_score",
    "base_score_low",
    "base_score_high",
    "candidate_score",
    "candidate_score_low",
    "candidate_score_high",
];

/// The further cells of every row; counts are those of whole tasks.
fn more_rows(comparison: &Comparison) -> impl Iterator<Item = Vec<String>> + '_ {
    comparison.tasks.iter().flat_map(|task| {
        let missing = task.finding.missing;
        let counts = [
            task.counts.base_missing.to_string(),
            task.counts.candidate_missing.to_string(),
            set_aside(&task.counts)
                .map_or_else(String::new, |aside| number_aside(aside).to_string()),
        ];
        let whole = [counts.to_vec(), level_cells(&task.measured, missing)].concat();
        let slices = task.slices.iter().map(move |slice| {
            [
                vec![String::new(); 3],
                level_cells(&slice.measured, missing),
            ]
            .concat()
        });
        std::iter::once(whole).chain(slices)
    })
}

fn number_aside(aside: SetAside) -> u64 {
    aside.quarantined + aside.changed + aside.not_asked + aside.base_alone + aside.candidate_alone
}

fn level_cells(measured: &ByMissing, missing: Missing) -> Vec<String> {
    let Some(both) = measured.levels(missing) else {
        return vec![String::new(); 6];
    };
    let cells = |level: &Level| [Some(level.score), level.low, level.high].map(number::cell);
    [cells(&both.base), cells(&both.candidate)].concat()
}

const FLIPS: [&str; 8] = [
    "task",
    "sample",
    "direction",
    "base_score",
    "candidate_score",
    "base_answer",
    "candidate_answer",
    "input_digest",
];

/// What a row is of: samples with this value in this field, or the whole task where both are empty.
#[derive(Debug, Clone, Copy, Default)]
struct SliceName<'a> {
    field: &'a str,
    value: &'a str,
}

/// One row a task, and one a slice of it.
fn rows(comparison: &Comparison) -> impl Iterator<Item = [String; COLUMNS.len()]> + '_ {
    comparison.tasks.iter().flat_map(|task| {
        let is_now = number::by_rules_of_now(comparison.policy);
        let adjusted = if is_now { "bonferroni" } else { "holm" };
        let declared = task.measured.declared(task.finding.missing);
        let whole = row(
            task,
            SliceName::default(),
            &task.finding,
            declared,
            adjusted,
        );
        let slices = task.slices.iter().map(|slice| {
            let name = SliceName {
                field: &slice.field,
                value: &slice.value,
            };
            row(
                task,
                name,
                &slice.finding,
                slice.declared(),
                "benjamini_hochberg",
            )
        });
        std::iter::once(whole).chain(slices)
    })
}

fn row(
    task: &TaskComparison,
    slice: SliceName<'_>,
    finding: &Finding,
    measure: Option<&Measure>,
    adjustment: &str,
) -> [String; COLUMNS.len()] {
    let from = |value: fn(&Measure) -> Option<f64>| number::cell(measure.and_then(value));
    let count = |value: fn(&Measure) -> Option<u64>| {
        measure
            .and_then(value)
            .map_or_else(String::new, |count| count.to_string())
    };
    let word = |value: fn(&Measure) -> &str| measure.map_or("", value).to_owned();
    [
        cell::text(&task.task),
        cell::text(slice.field),
        cell::text(slice.value),
        task.scorer.clone(),
        finding.missing.as_str().to_owned(),
        finding.n.to_string(),
        count(|one| one.clusters),
        from(|one| Some(one.base.score)),
        from(|one| one.base.low),
        from(|one| one.base.high),
        word(|one| &one.base.method),
        from(|one| Some(one.candidate.score)),
        from(|one| one.candidate.low),
        from(|one| one.candidate.high),
        word(|one| &one.candidate.method),
        number::cell(finding.delta),
        number::cell(finding.delta_at_best),
        number::cell(finding.low),
        number::cell(finding.high),
        number::cell(finding.low.and(finding.confidence.or(Some(0.95)))),
        finding.method.clone(),
        finding.test.unwrap_or_default().to_owned(),
        number::cell(finding.p),
        number::cell(finding.adjusted_p),
        finding
            .p
            .map_or_else(String::new, |_| adjustment.to_owned()),
        finding.verdict.as_str().to_owned(),
        number::cell(finding.smallest_detectable),
        count(|one| one.table.map(|table| table.both_right)),
        count(|one| one.table.map(|table| table.base_only)),
        count(|one| one.table.map(|table| table.candidate_only)),
        count(|one| one.table.map(|table| table.both_wrong)),
        count(|one| Some(one.better)),
        count(|one| Some(one.worse)),
        count(|one| Some(one.equal)),
        from(|one| one.mid_p),
        task.base_contamination.clone(),
        task.candidate_contamination.clone(),
    ]
}

/// Ids and answers are table cells of `results.csv` already.
fn flip_row(flip: &Flip) -> [String; FLIPS.len()] {
    [
        cell::text(&flip.task),
        flip.sample.clone(),
        flip.direction().to_owned(),
        flip.base_score.to_string(),
        flip.candidate_score.to_string(),
        flip.base_answer.clone(),
        flip.candidate_answer.clone(),
        flip.input_digest.clone(),
    ]
}

/// The comparison for people, as earlier rules had it.
fn summary_by_earlier(comparison: &Comparison) -> String {
    let sections = [
        header(comparison),
        tasks(comparison),
        slices(comparison),
        flips(comparison),
    ];
    let mut sections: Vec<_> = sections
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    sections.push(method_note(comparison));
    sections.join("\n")
}

fn header(comparison: &Comparison) -> String {
    let mut text = format!(
        "# Comparison on {}, {} mode\n\n- baseline: {}\n- candidate: {}\n- samples without an answer: {}\n",
        code(&comparison.suite),
        comparison.mode.as_str(),
        who(&comparison.base),
        who(&comparison.candidate),
        comparison.missing.as_str().replace('_', " "),
    );
    for difference in &comparison.differences {
        let line = format!("- differs: {}\n", code(&difference.to_string()));
        text.push_str(&line);
    }
    text
}

pub(super) fn who(who: &Who) -> String {
    format!(
        "{} ({}), run {} of {}",
        code(&who.model),
        code(&who.identity),
        code(&who.run),
        who.created
    )
}

fn tasks(comparison: &Comparison) -> String {
    let header = [
        "task",
        "n",
        "Δ [95 %]",
        "p (Holm)",
        "result",
        "lost / gained / equal",
        "missing",
        "contamination",
    ];
    let rows = comparison.tasks.iter().map(|task| {
        let measure = task.measured.declared(task.finding.missing);
        let counts = measure.map_or("-".to_owned(), |one| {
            format!("{} / {} / {}", one.worse, one.better, one.equal)
        });
        vec![
            code(&task.task),
            task.finding.n.to_string(),
            number::delta(&task.finding),
            number::p_value(task.finding.adjusted_p),
            number::verdict(&task.finding),
            counts,
            left_out(task),
            format!(
                "{} / {}",
                task.base_contamination, task.candidate_contamination
            )
            .replace('_', " "),
        ]
    });
    table(&header, &rows.collect::<Vec<_>>())
}

/// Samples by who scored higher: by the rules of tables 5 those that both sides have an answer to, where bounds are
/// declared.
pub fn told(task: &TaskComparison) -> Option<&Measure> {
    match task.finding.confidence {
        Some(_) => task.measured.told(task.finding.missing),
        None => task.measured.declared(task.finding.missing),
    }
}

/// What of a task could not be compared, in a few words.
fn left_out(task: &TaskComparison) -> String {
    let counts = &task.counts;
    let missing = [
        (counts.base_missing, "without answer (baseline)"),
        (counts.candidate_missing, "without answer (candidate)"),
    ];
    let told = match set_aside(counts) {
        Some(aside) => vec![counted(&missing), aside.in_words()],
        None => vec![counted(&missing), counted_by_earlier(counts)],
    };
    let told: Vec<_> = told.into_iter().filter(|part| !part.is_empty()).collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        told.join(", ")
    }
}

/// What is set aside of a task, in a few words.
pub fn aside(task: &TaskComparison) -> String {
    let counts = &task.counts;
    let told =
        set_aside(counts).map_or_else(|| counted_by_earlier(counts), |aside| aside.in_words());
    if told.is_empty() {
        "none".to_owned()
    } else {
        told
    }
}

/// What is set aside, where the result says it.
fn set_aside(counts: &Counts) -> Option<SetAside> {
    Some(SetAside {
        quarantined: counts.quarantined?,
        changed: counts.changed,
        not_asked: counts.not_asked?,
        base_alone: counts.base_alone,
        candidate_alone: counts.candidate_alone,
    })
}

/// What is not compared, in the words of earlier versions.
fn counted_by_earlier(counts: &Counts) -> String {
    counted(&[
        (counts.base_alone, "in the baseline alone"),
        (counts.candidate_alone, "in the candidate alone"),
        (counts.changed, "with another target or metadata"),
    ])
}

fn counted(parts: &[(u64, &str)]) -> String {
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}

fn slices(comparison: &Comparison) -> String {
    let rows = comparison.tasks.iter().flat_map(|task| {
        task.slices.iter().map(|slice| {
            vec![
                code(&task.task),
                code(&format!("{} = {}", slice.field, slice.value)),
                slice.finding.n.to_string(),
                number::delta(&slice.finding),
                number::p_value(slice.finding.adjusted_p),
                number::verdict(&slice.finding),
            ]
        })
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "task",
        "slice",
        "n",
        "Δ [95 %]",
        "p (Benjamini-Hochberg)",
        "result",
    ];
    let worst = comparison
        .worst_slice
        .as_ref()
        .map_or(String::new(), |worst| {
            format!(
                "\nWorst slice: {} of {}, {}.\n",
                code(&format!("{} = {}", worst.field, worst.value)),
                code(&worst.task),
                number::delta(&worst.finding)
            )
        });
    format!("## Slices\n\n{}{worst}", table(&header, &rows))
}

pub(super) fn flips(comparison: &Comparison) -> String {
    if comparison.flips.is_empty() {
        return "## Flipped samples\n\nNone.\n".to_owned();
    }
    let shown = lost_first(comparison, FLIPS_SHOWN);
    let rows = shown.iter().map(|flip| {
        vec![
            code(&flip.task),
            code(&flip.sample),
            flip.direction().to_owned(),
            code(&flip.base_answer),
            code(&flip.candidate_answer),
        ]
    });
    let header = [
        "task",
        "sample",
        "",
        "baseline answered",
        "candidate answered",
    ];
    let drawn = table(&header, &rows.collect::<Vec<_>>());
    let of = comparison.flips.len();
    let rest = if of > shown.len() {
        format!("\n{} of {of}; all are in `flips.csv`.\n", shown.len())
    } else {
        String::new()
    };
    format!("## Flipped samples\n\n{drawn}{rest}")
}

/// The first `most` flips, lost ones before gained ones.
pub fn lost_first(comparison: &Comparison, most: usize) -> Vec<&Flip> {
    let lost = comparison.flips.iter().filter(|flip| flip.is_lost());
    let gained = comparison.flips.iter().filter(|flip| !flip.is_lost());
    lost.chain(gained).take(most).collect()
}

/// The methods of each task by name, as every estimate needs.
pub(super) fn methods(comparison: &Comparison) -> String {
    let methods = comparison.tasks.iter().map(|task| {
        let finding = &task.finding;
        format!(
            "{}: interval {}, test {}",
            code(&task.task),
            finding.method,
            finding.test.unwrap_or("none")
        )
    });
    methods.collect::<Vec<_>>().join("; ")
}

fn method_note(comparison: &Comparison) -> String {
    format!(
        "Δ is candidate minus baseline on the same samples. {}. \"Could have found\": the smallest \
         difference that the test finds with a power of .8, on as many pairs of which as many flip by chance.\n",
        methods(comparison)
    )
}
