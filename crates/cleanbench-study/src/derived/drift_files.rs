//! The files of a watch over nights: `drift.json`, `drift.csv`, `summary.md`.

use std::collections::BTreeMap;

use super::comparison_files::{Formats, csv_file, json, who};
use super::markdown::table;
use super::number;
use crate::drift::{Drift, Gaps, State, TaskDrift};
use cleanbench_items::Rules;
use cleanbench_report::ReportError;
use cleanbench_text::cell;
use cleanbench_text::notation::code;

/// Formats of `drift.json`: 1.1 adds `policy`, and what is set aside by it.
const FORMATS: Formats = Formats {
    first: "cleanbench-drift/1.0",
    with_policy: "cleanbench-drift/1.1",
};
/// That of results by the present rules: 1.2 adds what is missing, what may be made of it, and delays.
const FORMAT_NOW: &str = "cleanbench-drift/1.2";

/// Columns of `drift.csv`; results by earlier rules have the first [`EARLIER`].
const COLUMNS: [&str; 14] = [
    "task",
    "night",
    "run",
    "created",
    "score",
    "n",
    "part",
    "e_value",
    "threshold",
    "alarm",
    "missing",
    "lowest",
    "highest",
    "e_value_if_wrong",
];
const EARLIER: usize = 10;

/// Nights with missing answers that are named; all are in `drift.csv`.
const NAMED: usize = 20;

/// All files of `drift`, by name.
pub(super) fn draw(drift: &Drift) -> Result<BTreeMap<&'static str, Vec<u8>>, ReportError> {
    let is_earlier = is_earlier(drift);
    let (format, table) = if is_earlier {
        let rows = rows(drift).map(|row| first(&row));
        (FORMATS.of(drift.policy), csv_file(first(&COLUMNS), rows)?)
    } else {
        (FORMAT_NOW, csv_file(COLUMNS, rows(drift))?)
    };
    let summary = summary(drift, is_earlier);
    Ok(BTreeMap::from([
        ("drift.json", json(format, drift)?),
        ("drift.csv", table),
        ("summary.md", summary.into_bytes()),
    ]))
}

fn is_earlier(drift: &Drift) -> bool {
    drift
        .policy
        .is_none_or(|policy| policy.rules == Rules::Earlier)
}

/// The cells that results by earlier rules have.
fn first<T: Clone>(row: &[T; COLUMNS.len()]) -> [T; EARLIER] {
    std::array::from_fn(|place| row[place].clone())
}

fn rows(drift: &Drift) -> impl Iterator<Item = [String; COLUMNS.len()]> + '_ {
    drift.tasks.iter().flat_map(|task| {
        task.nights.iter().enumerate().map(|(position, night)| {
            let is_alarm = task.alarm == Some(position);
            let of_gaps =
                |part: fn(&Gaps) -> Option<f64>| number::cell(night.gaps.as_ref().and_then(part));
            [
                cell::text(&task.task),
                (position + 1).to_string(),
                night.run.clone(),
                night.created.clone(),
                number::cell(night.score),
                night.n.to_string(),
                night.part.as_str().to_owned(),
                number::cell(night.e_value),
                task.threshold.to_string(),
                if is_alarm { "alarm" } else { "" }.to_owned(),
                of_gaps(|gaps| Some(gaps.missing)),
                of_gaps(|gaps| gaps.lowest),
                of_gaps(|gaps| gaps.highest),
                of_gaps(|gaps| gaps.e_value_if_wrong),
            ]
        })
    })
}

fn summary(drift: &Drift, is_earlier: bool) -> String {
    let rows = drift.tasks.iter().map(|task| {
        vec![
            code(&task.task),
            task.nights.len().to_string(),
            statement(task),
            evidence(task),
        ]
    });
    format!(
        "# Drift of {} on {}\n\n- first night: {}\n{}\n{}\n{}Method: {}; a false alarm in any task in at most {} \
         of years{}.\n",
        code(&drift.first.model),
        code(&drift.suite),
        who(&drift.first),
        drift.tasks.iter().filter_map(left_out).collect::<String>(),
        table(
            &["task", "nights", "result", "evidence"],
            &rows.collect::<Vec<_>>()
        ),
        drift.tasks.iter().flat_map(more).collect::<String>(),
        drift.method.replace('_', " "),
        drift.alpha,
        if is_earlier {
            ""
        } else {
            ", whatever the missing answers would have been"
        }
    )
}

/// What is missing of a task's nights and how soon drops are found, as entries of a list.
fn more(task: &TaskDrift) -> Vec<String> {
    let entry = |told: String| format!("- {}: {told}\n", code(&task.task));
    let told = missing(task).into_iter().chain(delays(task));
    let mut entries: Vec<_> = told.map(entry).collect();
    if !entries.is_empty() {
        entries.push("\n".to_owned());
    }
    entries
}

/// Which share of each night's answers is missing, in words; `None` where none is.
pub fn missing(task: &TaskDrift) -> Option<String> {
    let shares = task
        .nights
        .iter()
        .enumerate()
        .filter_map(|(position, night)| {
            let missing = night.gaps.as_ref().map(|gaps| gaps.missing)?;
            (missing > 0.0).then(|| format!("night {} {:.1} %", position + 1, 100.0 * missing))
        });
    let mut shares: Vec<_> = shares.collect();
    let unnamed = shares.len().saturating_sub(NAMED);
    if unnamed > 0 {
        shares.drain(..unnamed);
        shares.insert(0, format!("{unnamed} earlier nights, see drift.csv"));
    }
    (!shares.is_empty()).then(|| format!("answers missing: {}", shares.join(", ")))
}

/// How soon drops are found, in words; `None` where nothing is known of it.
pub fn delays(task: &TaskDrift) -> Option<String> {
    let delays = task.delays.as_ref().filter(|delays| !delays.is_empty())?;
    let told: Vec<_> = delays.iter().map(ToString::to_string).collect();
    Some(format!(
        "a drop right after this baseline would be found, where no answer is missing (median): {}",
        told.join(", ")
    ))
}

/// What is left out of every night, as an entry of a list; `None` where nothing is.
fn left_out(task: &TaskDrift) -> Option<String> {
    let told = aside(task)?;
    Some(format!("- set aside in {}: {told}\n", code(&task.task)))
}

/// What is left out of every night, in words; `None` where nothing is.
pub fn aside(task: &TaskDrift) -> Option<String> {
    let told = task.set_aside?.in_words();
    (!told.is_empty()).then_some(told)
}

/// What was found, in words.
pub fn statement(task: &TaskDrift) -> String {
    match (task.state, task.alarm.and_then(|at| task.nights.get(at))) {
        (State::Alarm, Some(night)) => format!(
            "ALARM in night {} (run {} of {}): worse than before",
            task.alarm.unwrap_or_default() + 1,
            night.run,
            night.created
        ),
        (State::Alarm | State::NoAlarm, _) => "no alarm".to_owned(),
        (State::TooShort | State::Availability | State::NotWatched, _) => {
            task.reason.clone().unwrap_or_default()
        }
    }
}

/// The evidence after the last night, and what it takes for an alarm.
pub fn evidence(task: &TaskDrift) -> String {
    let last = task.nights.iter().rev().find_map(|night| night.e_value);
    let passed = task
        .nights
        .iter()
        .filter(|night| night.part == crate::drift::Part::PassedOver);
    let passed = passed.count();
    let rest = if passed > 0 {
        format!("; {passed} nights passed over")
    } else {
        String::new()
    };
    match last {
        Some(e_value) => format!("e {e_value:.3} of {:.0}{rest}", task.threshold),
        None => format!("none{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_items::testing::{item, items, table};
    use cleanbench_items::{ItemTable, Policy, Rules, Side};

    use super::draw;
    use crate::compare::Missing;
    use crate::drift::{DriftOptions, drift};

    fn files(tables: &[ItemTable], options: &DriftOptions) -> String {
        let sides = tables.iter().map(|table| Side { table, model: 0 });
        let found = drift(&sides.collect::<Vec<_>>(), options).unwrap();
        let files = draw(&found).unwrap();
        let text = |(name, bytes)| format!("{name}\n{}", String::from_utf8(bytes).unwrap());
        files.into_iter().map(text).collect()
    }

    /// What results of earlier versions hold, written by the last program before missing answers were bounded.
    #[test]
    fn results_by_earlier_rules_stay_as_they_were() {
        let night = |right: usize| {
            let rest = 19_usize.saturating_sub(right);
            items(&format!("{}{}-", "1".repeat(right), "0".repeat(rest)))
        };
        let mut nights: Vec<_> = (0..30).map(|place| night(16 + (place * 7) % 3)).collect();
        nights[17] = items("--------------------");
        nights[18] = items("11111111111111111111");
        for (place, lower) in nights.iter_mut().enumerate().skip(22) {
            *lower = night(3 + place % 2);
        }
        nights[24][3].identity.is_quarantined = true;
        let epochs =
            |scores: &[Option<f64>; 10]| vec![item("a", scores), item("b", &[Some(1.0); 10])];
        let mut of_epochs = vec![table(&[epochs(&[Some(1.0); 10])])];
        of_epochs.extend((0..6).map(|_| table(&[epochs(&[None; 10])])));
        let nights: Vec<_> = nights.into_iter().map(|night| table(&[night])).collect();
        let policy = Policy {
            rules: Rules::Earlier,
            ..Policy::default()
        };
        let unsaid = DriftOptions {
            missing: Missing::Complete,
            policy: None,
            ..DriftOptions::default()
        };
        let said = DriftOptions {
            missing: Missing::ErrorAsWrong,
            policy: Some(policy),
            ..DriftOptions::default()
        };
        let found = [
            files(&nights, &unsaid),
            files(&nights, &said),
            files(&nights[..16], &unsaid),
            files(&nights[..12], &said),
            files(&of_epochs, &unsaid),
            files(&of_epochs, &said),
        ];
        let found = found.concat();
        assert_eq!(found, include_str!("earlier_drift.txt"));
    }
}
