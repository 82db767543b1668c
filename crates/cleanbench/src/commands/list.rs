//! `cleanbench list`: the runs of the output folder.

use cleanbench_core::Exit;
use cleanbench_ledger::{Manifest, directory};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::arguments::{Format, ListArguments};
use crate::failure::Failure;
use crate::talk::Talk;

/// Lists runs, oldest first.
pub(super) fn list(arguments: &ListArguments, talk: Talk) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for run in directory::list(&arguments.out.out)? {
        match Manifest::read(&run) {
            Ok(manifest) => rows.push((run, manifest)),
            Err(error) => talk.warn(error),
        }
    }
    if rows.is_empty() {
        talk.say(format!("no runs in `{}`", arguments.out.out.display()));
    }
    match arguments.out.format {
        Format::Json => talk.result(Value::from_iter(rows.iter().map(|(run, manifest)| {
            json!({"run": manifest.run, "directory": run.path(), "suite": manifest.plan.suite.name,
                   "created": manifest.plan.created, "state": state(manifest)})
        }))),
        Format::Text if rows.is_empty() => {}
        Format::Text => talk.result(table(&rows)),
    }
    Ok(Exit::Done)
}

fn state(manifest: &Manifest) -> String {
    match &manifest.end {
        None => "running, or killed".to_owned(),
        Some(end) => match end.calls.get("open").copied().unwrap_or_default() {
            0 => "complete".to_owned(),
            open => format!("{open} calls open"),
        },
    }
}

fn table(rows: &[(cleanbench_ledger::RunDirectory, Manifest)]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["run", "created", "suite", "models", "state"]);
    for (_, manifest) in rows {
        let plan = &manifest.plan;
        let models: Vec<_> = plan
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect();
        table.add_row([
            manifest.run.to_string(),
            plan.created.clone(),
            plan.suite.name.clone(),
            models.join(", "),
            state(manifest),
        ]);
    }
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}
