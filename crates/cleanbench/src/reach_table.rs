//! How many items each probe can use, how many it needs, and which classes that allows, for people.

use cleanbench_core::probe::{ArmCount, Finding};
use cleanbench_plan::reach::TaskReach;
use cleanbench_probe::verdict::FEWEST_ITEMS;
use cleanbench_probe::verdict::measured::reach::ProbeReach;
use cleanbench_report::cell;

use crate::plain_table::plain_table;

/// A table of the probes of all tasks, what is left out of them, and what each task can come to.
pub(crate) fn text(tasks: &[TaskReach<'_>]) -> String {
    let rows = tasks.iter().flat_map(|task| {
        let probes = task.findings.iter().zip(&task.reach.probes);
        probes.map(|(finding, reach)| row(task.task, finding, *reach))
    });
    let header = [
        "task", "probe", "form", "suspects", "controls", "count as", "power", "needed", "left out",
    ];
    let limits: Vec<_> = tasks.iter().flat_map(limits).collect();
    format!(
        "\nwithin reach (`count as`: pairs, or items of the smaller arm, those that hang together once; power to see 20 % seen \
         and half of these restored; `needed`: items an arm for a power of .8; `no_evidence` needs {FEWEST_ITEMS} in any case):\n{}\n{}",
        plain_table(header, rows),
        limits.join("\n")
    )
}

fn row(task: &str, finding: &Finding, reach: ProbeReach) -> [String; 9] {
    let left_out = finding.filters.iter();
    let left_out = left_out.map(|(reason, count)| format!("{count} {reason}"));
    let left_out: Vec<_> = left_out.collect();
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    [
        cell::safe(task),
        finding.probe.clone(),
        finding.form.as_str().to_owned(),
        usable(finding.suspects),
        usable(finding.controls),
        reach.items.to_string(),
        or_none(reach.power.map(|power| format!("{power:.2}"))),
        or_none(reach.needed.map(|needed| needed.to_string())),
        left_out.join(", "),
    ]
}

fn usable(arm: ArmCount) -> String {
    format!("{} of {}", arm.items - arm.filtered, arm.items)
}

fn limits<'a>(task: &'a TaskReach<'_>) -> impl Iterator<Item = String> + 'a {
    let limits = task.reach.limits.iter();
    limits.map(|limit| format!("  {}: {}", cell::safe(task.task), cell::safe(limit)))
}
