//! The keys of a `[[gate]]` table, and which of them go together.
//!
//! Refused: a gate that nothing could fail, one that nothing could pass, and a key that would do nothing.

use cleanbench_core::gate::{USUAL_COVERAGE, WorstExposure};
use cleanbench_core::{Gate, GateMode, GateTest, Metric, OnInconclusive, Tier};
use toml::de::DeTable;

use crate::at::At;
use crate::diagnostic::Fault;
use crate::toml_read::{Node, Reader};
use crate::words::{did_you_mean, shown, shown_list};

/// Keys of a gate; those from `min` to `at_most` each belong to one test.
const KNOWN: [&str; 16] = [
    "task",
    "metric",
    "test",
    "min",
    "max",
    "drop",
    "margin",
    "at_most",
    "alpha",
    "min_items",
    "mode",
    "on_inconclusive",
    "early_stop",
    "relative",
    "tier",
    "min_coverage",
];
/// The tests, each with the key that it needs.
const TESTS: [(&str, Option<&str>); 6] = [
    ("floor", Some("min")),
    ("ceiling", Some("max")),
    ("max_drop", Some("drop")),
    ("superiority", None),
    ("non_inferiority", Some("margin")),
    ("at_most", Some("at_most")),
];
const ALPHA: f64 = 0.05;

/// A gate as it is written; tasks are not yet looked up.
#[derive(Debug)]
pub(crate) struct GateTable {
    /// Where the table begins.
    at: usize,
    /// Names of tasks; `None` for all of them.
    tasks: Option<Vec<At<String>>>,
    gate: Gate,
}

/// What a table says, key by key.
#[derive(Default)]
struct Keys {
    tasks: Option<Vec<At<String>>>,
    metric: Option<At<Metric>>,
    test: Option<At<&'static str>>,
    /// The numbers `min`, `max`, `drop` and `margin` by their key.
    numbers: Vec<(&'static str, At<f64>)>,
    at_most: Option<At<WorstExposure>>,
    alpha: Option<At<f64>>,
    min_items: Option<At<u64>>,
    mode: Option<At<GateMode>>,
    on_inconclusive: OnInconclusive,
    early_stop: Option<At<bool>>,
    relative: Option<At<bool>>,
    tier: Option<At<Tier>>,
    min_coverage: Option<At<f64>>,
    /// Whether every key could be read.
    is_whole: bool,
}

/// Reads all gates of a suite.
pub(crate) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<GateTable> {
    let Some(elements) = reader.array("gate", node) else {
        return Vec::new();
    };
    let gates = elements.iter().filter_map(|element| {
        let at = element.span().start;
        let table = reader.table("each of gate", element)?;
        let mut keys = Keys {
            is_whole: true,
            ..Keys::default()
        };
        for (key, value) in table {
            keys.read_key(reader, key.get_ref().as_ref(), key.span().start, value);
        }
        keys.is_whole.then(|| keys.build(reader, at, table))?
    });
    gates.collect()
}

/// The gates with their tasks, each a task of `names`. Faults are logged.
pub(crate) fn resolve(
    reader: &mut Reader<'_>,
    tables: Vec<GateTable>,
    names: &[&str],
) -> Vec<Gate> {
    let mut gates: Vec<Gate> = Vec::new();
    let places: Vec<_> = tables.iter().map(|table| table.at).collect();
    for table in tables {
        let mut gate = table.gate;
        gate.tasks = match &table.tasks {
            None => names.iter().map(|name| (*name).to_owned()).collect(),
            Some(tasks) => look_up(reader, tasks, names),
        };
        if gates.contains(&gate) {
            let fault = Fault::new(table.at, "the same gate stands there twice");
            reader.fault(fault.hint("remove one of them"));
        }
        gates.push(gate);
    }
    check_early(reader, &gates, &places);
    gates
}

/// What is asked of a task that ends early depends on the scores, so that no other gate can be judged on it
/// as if all had been asked.
fn check_early(reader: &mut Reader<'_>, gates: &[Gate], places: &[usize]) {
    for (gate, at) in gates.iter().zip(places) {
        if gate.early_stop || gate.metric == Metric::Contamination {
            continue;
        }
        let ends_early = |task: &&String| {
            let mut others = gates.iter().filter(|other| other.early_stop);
            others.any(|other| other.tasks.contains(task))
        };
        if let Some(task) = gate.tasks.iter().find(ends_early) {
            let message = format!("the task {} ends early by another gate", shown(task));
            let hint =
                "this gate needs all of its samples: put `early_stop` into both, or into none";
            reader.fault(Fault::new(*at, message).hint(hint));
        }
    }
}

fn look_up(reader: &mut Reader<'_>, tasks: &[At<String>], names: &[&str]) -> Vec<String> {
    for (position, task) in tasks.iter().enumerate() {
        let before = &tasks[..position];
        if before.iter().any(|before| before.value == task.value) {
            let message = format!("the task {} stands there twice", shown(&task.value));
            reader.fault(Fault::new(task.at, message));
        }
        if !names.contains(&task.value.as_str()) {
            let message = format!("the suite has no task {}", shown(&task.value));
            let list = format!("its tasks: {}", shown_list(names.iter().copied(), 10));
            let near = did_you_mean(&task.value, names.iter().copied());
            let hint = near.map_or(list.clone(), |near| format!("{near} {list}"));
            reader.fault(Fault::new(task.at, message).hint(hint));
        }
    }
    tasks.iter().map(|task| task.value.clone()).collect()
}

impl Keys {
    fn read_key(&mut self, reader: &mut Reader<'_>, name: &str, at: usize, node: &Node<'_>) {
        let place = node.span().start;
        let read = match name {
            "task" => keep(&mut self.tasks, read_tasks(reader, node)),
            "metric" => keep(&mut self.metric, read_metric(reader, node)),
            "test" => {
                let word = read_word(reader, name, node, TESTS.map(|(test, _)| (test, test)));
                keep(&mut self.test, word)
            }
            "at_most" => {
                let words = WorstExposure::ALL.map(|class| (class.as_str(), class));
                keep(&mut self.at_most, read_word(reader, name, node, words))
            }
            "alpha" => {
                let fits = |number: f64| number > 0.0 && number < 0.5;
                let number = read_number(reader, name, node, "above 0 and below 0.5", fits);
                keep(&mut self.alpha, number)
            }
            "min_items" => {
                let number = reader.whole(name, node, 1..=i64::from(u32::MAX));
                let value = number.and_then(|number| u64::try_from(number).ok());
                keep(
                    &mut self.min_items,
                    value.map(|value| At { value, at: place }),
                )
            }
            "mode" => {
                let words = GateMode::ALL.map(|mode| (mode.as_str(), mode));
                keep(&mut self.mode, read_word(reader, name, node, words))
            }
            "on_inconclusive" => {
                let words = [
                    ("fail", OnInconclusive::Fail),
                    ("warn", OnInconclusive::Warn),
                ];
                let word = read_word(reader, name, node, words);
                word.map(|word| self.on_inconclusive = word.value).is_some()
            }
            "early_stop" | "relative" => {
                let value = reader.boolean(name, node);
                let slot = match name {
                    "relative" => &mut self.relative,
                    _ => &mut self.early_stop,
                };
                keep(slot, value.map(|value| At { value, at: place }))
            }
            "tier" => {
                let words = Tier::ALL.map(|tier| (tier.as_str(), tier));
                keep(&mut self.tier, read_word(reader, name, node, words))
            }
            "min_coverage" => {
                let fits = |number: f64| number > 0.0 && number <= 1.0;
                let number = read_number(reader, name, node, "above 0 and at most 1", fits);
                keep(&mut self.min_coverage, number)
            }
            _ => self.read_limit(reader, &At { value: name, at }, node),
        };
        self.is_whole &= read;
    }

    /// Reads a number that belongs to one test.
    fn read_limit(&mut self, reader: &mut Reader<'_>, name: &At<&str>, node: &Node<'_>) -> bool {
        let keys = ["min", "max", "drop", "margin"];
        let Some(key) = keys.into_iter().find(|key| *key == name.value) else {
            reader.unknown_key(name.value, name.at, "a gate", &KNOWN);
            return false;
        };
        let number = read_number(reader, name.value, node, "a finite number", f64::is_finite);
        self.numbers.extend(number.map(|number| (key, number)));
        self.numbers.last().is_some_and(|(last, _)| *last == key)
    }

    fn build(self, reader: &mut Reader<'_>, at: usize, table: &DeTable<'_>) -> Option<GateTable> {
        let Some(metric) = &self.metric else {
            let fault = Fault::new(at, "the gate has no `metric`");
            reader.fault(fault.hint(format!("it is one of {}", metrics())));
            return None;
        };
        let test = self.test(reader, at, metric)?;
        let metric = metric.value;
        let fine = extras(reader, metric, test, table) & self.goes_together(reader, table);
        fine.then(|| GateTable {
            at,
            tasks: self.tasks,
            gate: Gate {
                tasks: Vec::new(),
                metric,
                test,
                alpha: self.alpha.map_or(ALPHA, |alpha| alpha.value),
                min_items: self.min_items.map_or(0, |number| number.value),
                mode: self.mode.map(|mode| mode.value).unwrap_or_default(),
                on_inconclusive: self.on_inconclusive,
                early_stop: self.early_stop.is_some_and(|stop| stop.value),
                tier: self.tier.map_or(Tier::Critical, |tier| tier.value),
                min_coverage: self
                    .min_coverage
                    .map_or(USUAL_COVERAGE, |share| share.value),
            },
        })
    }

    /// The test with its number, which must fit the metric.
    fn test(&self, reader: &mut Reader<'_>, at: usize, metric: &At<Metric>) -> Option<GateTest> {
        let place = metric.at;
        let metric = metric.value;
        let possible = tests_of(metric);
        let test = match &self.test {
            Some(test) => test.clone(),
            // There is only one way to judge a class.
            None if metric == Metric::Contamination => At {
                value: "at_most",
                at: place,
            },
            None => {
                let fault = Fault::new(at, "the gate has no `test`");
                reader.fault(fault.hint(format!("for this metric: {}", possible.join(", "))));
                return None;
            }
        };
        if !possible.contains(&test.value) {
            let metric = metric.as_str();
            let message = format!("`{}` does not go with `{metric}`", test.value);
            let hint = format!("tests of `{metric}`: {}", possible.join(", "));
            reader.fault(Fault::new(test.at, message).hint(hint));
            return None;
        }
        self.check_foreign_numbers(reader, test.value)?;
        if test.value == "at_most" {
            return self.exposure(reader, test.at);
        }
        let (_, key) = TESTS.iter().find(|(name, _)| *name == test.value)?;
        let Some(key) = key else {
            return Some(GateTest::Superiority);
        };
        let Some((_, number)) = self.numbers.iter().find(|(name, _)| name == key) else {
            let message = format!("`test = \"{}\"` needs `{key}`", test.value);
            reader.fault(Fault::new(test.at, message).hint(example_of(metric, key)));
            return None;
        };
        check_range(reader, metric, key, number)?;
        Some(match *key {
            "min" => GateTest::Floor { min: number.value },
            "max" => GateTest::Ceiling { max: number.value },
            "drop" => GateTest::MaxDrop {
                drop: number.value,
                relative: self.is_relative(),
            },
            _ => GateTest::NonInferiority {
                margin: number.value,
                relative: self.is_relative(),
            },
        })
    }

    /// Whether no key undoes another.
    fn goes_together(&self, reader: &mut Reader<'_>, table: &DeTable<'_>) -> bool {
        let stops = self.early_stop.as_ref().is_some_and(|stop| stop.value);
        let is_advisory = self
            .tier
            .as_ref()
            .is_some_and(|tier| tier.value == Tier::Advisory);
        let undone = [
            (
                "relative",
                stops && self.is_relative(),
                "`relative` does not go with `early_stop`",
                "a gate that stops early has a margin in points of score",
            ),
            (
                "on_inconclusive",
                is_advisory,
                "`on_inconclusive` does nothing with `tier = \"advisory\"`",
                "an advisory gate is told and never changes the exit code",
            ),
        ];
        let mut fine = true;
        for (key, is_undone, message, hint) in undone {
            if let (true, Some((place, _))) = (is_undone, table.get_key_value(key)) {
                reader.fault(Fault::new(place.span().start, message).hint(hint));
                fine = false;
            }
        }
        fine
    }

    fn is_relative(&self) -> bool {
        self.relative
            .as_ref()
            .is_some_and(|relative| relative.value)
    }

    fn exposure(&self, reader: &mut Reader<'_>, at: usize) -> Option<GateTest> {
        let Some(worst) = &self.at_most else {
            let fault = Fault::new(at, "a gate on contamination needs `at_most`");
            reader.fault(
                fault.hint("the worst class that passes, as in `at_most = \"no_evidence\"`"),
            );
            return None;
        };
        Some(GateTest::AtMost { worst: worst.value })
    }

    /// Numbers that belong to another test.
    fn check_foreign_numbers(&self, reader: &mut Reader<'_>, test: &str) -> Option<()> {
        let own = TESTS.iter().find(|(name, _)| *name == test);
        let own = own.and_then(|(_, key)| *key);
        let exposure = self.at_most.as_ref().map(|class| ("at_most", class.at));
        let numbers = self.numbers.iter().map(|(key, number)| (*key, number.at));
        let foreign = numbers.chain(exposure).find(|(key, _)| Some(*key) != own);
        let Some((key, at)) = foreign else {
            return Some(());
        };
        let message = format!("`{key}` does nothing with `test = \"{test}\"`");
        let owner = TESTS.iter().find(|(_, needs)| *needs == Some(key));
        let hint = owner.map(|(name, _)| format!("it belongs to `test = \"{name}\"`"));
        reader.fault(Fault::new(at, message).maybe_hint(hint));
        None
    }
}

/// Keys that only some gates have.
fn extras(reader: &mut Reader<'_>, metric: Metric, test: GateTest, table: &DeTable<'_>) -> bool {
    let can_stop = matches!(
        test,
        GateTest::Floor { .. } | GateTest::Superiority | GateTest::NonInferiority { .. }
    );
    let is_class = metric == Metric::Contamination;
    let has_margin = matches!(
        test,
        GateTest::NonInferiority { .. } | GateTest::MaxDrop { .. }
    );
    let idle = [
        (
            "mode",
            !test.is_paired(),
            "it is for tests that compare with a baseline: max_drop, superiority, non_inferiority",
        ),
        (
            "early_stop",
            !can_stop,
            "it is for floor, superiority and non_inferiority of the accuracy",
        ),
        (
            "min_coverage",
            !test.is_paired(),
            "it is for tests that compare with a baseline: max_drop, superiority, non_inferiority",
        ),
        (
            "relative",
            !has_margin,
            "it makes the `drop` or `margin` of max_drop and non_inferiority a share of the baseline's score",
        ),
        (
            "alpha",
            is_class,
            "the classes of exposure have error rates of their own",
        ),
        (
            "min_items",
            is_class,
            "the classes of exposure ask for enough items themselves",
        ),
    ];
    let mut fine = true;
    for (key, is_idle, hint) in idle {
        if let (true, Some((place, _))) = (is_idle, table.get_key_value(key)) {
            let message = format!("`{key}` does nothing with `test = \"{}\"`", test.as_str());
            reader.fault(Fault::new(place.span().start, message).hint(hint));
            fine = false;
        }
    }
    fine
}

/// Puts what was read in its place; whether there was anything.
fn keep<T>(slot: &mut Option<T>, read: Option<T>) -> bool {
    *slot = read;
    slot.is_some()
}

fn tests_of(metric: Metric) -> &'static [&'static str] {
    match metric {
        Metric::Accuracy => &["floor", "max_drop", "superiority", "non_inferiority"],
        Metric::CostPerSolved
        | Metric::LatencyP95
        | Metric::ErrorRate
        | Metric::ExtractionFailureRate => &["ceiling"],
        Metric::Contamination => &["at_most"],
    }
}

fn metrics() -> String {
    Metric::ALL.map(Metric::as_str).join(", ")
}

fn example_of(metric: Metric, key: &str) -> String {
    match (metric, key) {
        (Metric::CostPerSolved, _) => "in US dollars, as in `max = 0.02`".to_owned(),
        (Metric::LatencyP95, _) => "in milliseconds, as in `max = 8000`".to_owned(),
        (_, "min") => "as in `min = 0.8`".to_owned(),
        (_, key) => format!("as in `{key} = 0.03`"),
    }
}

/// A share strictly between 0 and 1, or an amount above 0. What lies outside could not be failed, or
/// could not be passed however much is measured.
fn check_range(reader: &mut Reader<'_>, metric: Metric, key: &str, number: &At<f64>) -> Option<()> {
    let is_amount = matches!(metric, Metric::CostPerSolved | Metric::LatencyP95);
    let value = number.value;
    if value > 0.0 && (is_amount || value < 1.0) {
        return Some(());
    }
    let range = if is_amount {
        "above 0"
    } else {
        "above 0 and below 1"
    };
    let hint = if (1.0..=100.0).contains(&value) && !is_amount {
        format!(
            "a share, not a percentage: {} % is {}",
            value,
            value / 100.0
        )
    } else {
        "no number of samples can show that a rate is exactly 0 or 1".to_owned()
    };
    let message = format!("`{key}` must be {range}, found {value}");
    let fault = Fault::new(number.at, message);
    reader.fault(if is_amount { fault } else { fault.hint(hint) });
    None
}

fn read_tasks(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Vec<At<String>>> {
    if node.get_ref().as_array().is_none() {
        return Some(vec![reader.text("task", node)?]);
    }
    let tasks = reader.texts("task", node)?;
    if tasks.is_empty() {
        let fault = Fault::new(node.span().start, "`task` is empty");
        reader.fault(fault.hint("leave it out for all tasks"));
        return None;
    }
    Some(tasks)
}

fn read_metric(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<At<Metric>> {
    let own = Metric::ALL.map(|metric| (metric.as_str(), metric));
    let alias = [("score", Metric::Accuracy)];
    read_word(reader, "metric", node, own.into_iter().chain(alias))
}

/// The value that a word stands for.
fn read_word<T: Copy>(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node<'_>,
    words: impl IntoIterator<Item = (&'static str, T)>,
) -> Option<At<T>> {
    let word = reader.text(name, node)?;
    let words: Vec<_> = words.into_iter().collect();
    let found = words.iter().find(|(known, _)| *known == word.value);
    let Some((_, value)) = found else {
        let list: Vec<_> = words.iter().map(|(known, _)| *known).collect();
        let message = format!("unknown `{name}` {}", shown(&word.value));
        let hint = format!("it is one of {}", list.join(", "));
        reader.fault(Fault::new(word.at, message).hint(hint));
        return None;
    };
    Some(At {
        value: *value,
        at: word.at,
    })
}

fn read_number(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node<'_>,
    range: &str,
    fits: impl Fn(f64) -> bool,
) -> Option<At<f64>> {
    let (value, at) = (reader.number(name, node)?, node.span().start);
    if fits(value) {
        return Some(At { value, at });
    }
    reader.fault(Fault::new(
        at,
        format!("`{name}` must be {range}, found {value}"),
    ));
    None
}

#[cfg(test)]
mod tests;
