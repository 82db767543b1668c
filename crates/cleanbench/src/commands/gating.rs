//! The gates of a run and its baseline, before the first call.

use cleanbench_core::{DigestKey, Exit, Gate};
use cleanbench_engine::Input;
use cleanbench_ledger::manifest::{BaselinePlan, ModelPlan, TaskPlan};
use cleanbench_ledger::{Manifest, RunDirectory, directory};
use cleanbench_report::cell;
use cleanbench_report::gates::{
    BASELINE_FILES, ENOUGH, Side, check_baseline, condition, counterpart, outlook,
};
use cleanbench_report::verify::KEY_FILE;
use cleanbench_suite::Suite;

use super::selection::Selected;
use crate::arguments::RunArguments;
use crate::failure::Failure;
use crate::plain_table::plain_table;
use crate::suite_key;
use crate::talk;

/// The run that is compared with, and its files.
pub(super) struct Baseline {
    pub(super) plan: BaselinePlan,
    pub(super) inputs: Vec<Input>,
}

/// The gates of the suite, as far as their tasks are selected. Refuses those that cannot be looked at while
/// answers come in.
pub(super) fn gates(suite: &Suite, selected: &[Selected<'_>]) -> Result<Vec<Gate>, Failure> {
    let is_selected = |name: &String| selected.iter().any(|chosen| chosen.task.name == *name);
    let narrowed = suite.gates.iter().map(|gate| {
        let mut gate = gate.clone();
        gate.tasks.retain(is_selected);
        gate
    });
    let gates: Vec<_> = narrowed.filter(|gate| !gate.tasks.is_empty()).collect();
    for gate in gates.iter().filter(|gate| gate.early_stop) {
        let mut own = selected.iter();
        let unfit = own.find(|chosen| {
            let hangs_together = chosen.task.cluster.is_some();
            gate.tasks.contains(&chosen.task.name) && (chosen.epochs > 1 || hangs_together)
        });
        if let Some(chosen) = unfit {
            let what = format!(
                "task `{}` cannot stop early: its samples are asked {} times, or hang together in clusters",
                chosen.task.name, chosen.epochs
            );
            return Err(Failure::new(Exit::ConfigInvalid, what)
                .hint("leave `early_stop` out, or ask each sample once and declare no `cluster`"));
        }
    }
    Ok(gates)
}

/// Says that the gates of `suite` are not judged where samples were picked by how they came out.
pub(super) fn say_left_out(suite: &Suite) {
    if !suite.gates.is_empty() {
        talk::warn(format!(
            "{} gates are not judged: these samples were picked by how they came out",
            suite.gates.len()
        ));
    }
}

/// Opens the baseline that was named, and refuses one that the gates cannot be judged against.
pub(super) fn baseline(
    arguments: &RunArguments,
    gates: &[Gate],
    (models, tasks): (&[ModelPlan], &[TaskPlan]),
    key: &DigestKey,
) -> Result<Option<Baseline>, Failure> {
    let paired = gates.iter().filter(|gate| gate.test.is_paired());
    let Some(word) = &arguments.baseline else {
        let count = paired.count();
        if count > 0 {
            talk::warn(format!(
                "no baseline is named with `--baseline RUN`: {count} gates that compare with one are not evaluated"
            ));
        }
        return Ok(None);
    };
    let run = directory::find(&arguments.out.out, word)?;
    let manifest = Manifest::read(&run)?;
    check_baseline(&run, &manifest).map_err(|reason| unfit(&run, reason))?;
    let same_key = manifest.plan.inputs.get(KEY_FILE) == Some(&suite_key::file_digest(key));
    if !same_key {
        let what = "it was made under another suite key, so that its samples cannot be told";
        return Err(unfit(&run, what).hint(format!(
            "copy `{}` as `suite.key` into the suite's folder",
            run.path().join(KEY_FILE).display()
        )));
    }
    let base = Side {
        models: &manifest.plan.models,
        tasks: &manifest.plan.tasks,
    };
    let new = Side { models, tasks };
    let named = arguments.baseline_model.as_deref();
    for gate in paired {
        for (task, _) in named_tasks(gate, tasks) {
            for model in 0..models.len() {
                counterpart(base, new, (model, task), gate.mode, named)
                    .map_err(|reason| unfit(&run, reason))?;
            }
        }
    }
    let inputs = BASELINE_FILES.iter().map(|name| {
        Ok(Input {
            name: format!("baseline/{name}"),
            bytes: fs_err::read(run.file(name))?,
        })
    });
    Ok(Some(Baseline {
        plan: BaselinePlan {
            run: manifest.run.clone(),
            model: arguments.baseline_model.clone(),
        },
        inputs: inputs.collect::<Result<_, std::io::Error>>()?,
    }))
}

fn named_tasks<'a>(
    gate: &'a Gate,
    tasks: &'a [TaskPlan],
) -> impl Iterator<Item = (usize, &'a TaskPlan)> {
    let positions = tasks.iter().enumerate();
    positions.filter(|(_, task)| task.probe.is_none() && gate.tasks.contains(&task.name))
}

fn unfit(run: &RunDirectory, reason: impl std::fmt::Display) -> Failure {
    let folder = run.path().display();
    Failure::new(
        Exit::ConfigInvalid,
        format!("`{folder}` cannot be the baseline: {reason}"),
    )
}

/// Prints what each gate could tell with the selected samples.
pub(super) fn print_outlook(gates: &[Gate], selected: &[Selected<'_>], models: usize) {
    if gates.is_empty() {
        return;
    }
    let paired = gates.iter().filter(|gate| gate.test.is_paired());
    let family = paired.map(|gate| gate.tasks.len()).sum::<usize>() * models.max(1);
    let rows = gates.iter().flat_map(|gate| {
        let chosen = selected.iter();
        let own = chosen.filter(|chosen| gate.tasks.contains(&chosen.task.name));
        own.map(move |chosen| outlook_row(gate, chosen, family))
    });
    let header = ["gate", "task", "n", "power", "n needed", "assuming"];
    talk::result(format!(
        "\ngates (power to pass at the assumed truth, n needed for {ENOUGH}; scores of 0 and 1, independent samples{}):\n{}",
        match family {
            0 | 1 => String::new(),
            _ => format!("; {family} comparisons share their error rate"),
        },
        plain_table(header, rows)
    ));
}

fn outlook_row(gate: &Gate, chosen: &Selected<'_>, family: usize) -> [String; 6] {
    let found = outlook(gate, chosen.samples, family, None);
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    [
        condition(gate.metric, gate.test),
        cell::safe(&chosen.task.name),
        chosen.samples.to_string(),
        known(found.power.map(|power| format!("{power:.2}"))),
        known(found.needed.map(|needed| needed.to_string())),
        found.assumed,
    ]
}
