//! `cleanbench list`: the runs of the output folder.

use cleanbench_core::Exit;
use cleanbench_ledger::{Manifest, RunDirectory, directory};
use cleanbench_report::cell;
use cleanbench_study::derived;
use serde_json::{Value, json};

use crate::arguments::ListArguments;
use crate::failure::Failure;
use crate::format::Format;
use crate::plain_table::plain_table;
use crate::printer::{self, Printer};

/// Lists runs, oldest first.
pub(super) fn list(arguments: &ListArguments, printer: Printer) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for run in directory::list(&arguments.out.out)? {
        match Manifest::read(&run) {
            Ok(manifest) => rows.push((run, manifest)),
            Err(error) => printer::warn(error),
        }
    }
    if rows.is_empty() {
        printer.say(format!("no runs in `{}`", arguments.out.out.display()));
    }
    match arguments.out.format {
        Format::Json => printer::json(
            &rows
                .iter()
                .map(|(run, manifest)| run_json(run, manifest))
                .collect::<Value>(),
        ),
        Format::Text if rows.is_empty() => {}
        Format::Text => printer::result(table(&rows)),
    }
    for folder in directory::cut_off(&arguments.out.out)? {
        printer::warn(format!(
            "`{}`: planning was cut off, and nothing was asked; remove it",
            cell::safe(&folder.display().to_string())
        ));
    }
    for folder in derived::list(&arguments.out.out)? {
        printer.say(format!("result over several runs: {}", folder.display()));
    }
    Ok(Exit::Done)
}

fn run_json(run: &RunDirectory, manifest: &Manifest) -> Value {
    json!({
        "run": manifest.run,
        "directory": run.path(),
        "suite": manifest.plan.suite.name,
        "shard": manifest.shard.map(|shard| shard.to_string()),
        "created": manifest.plan.created,
        "state": progress(manifest),
        "imported": manifest.plan.imported,
    })
}

fn state(manifest: &Manifest) -> String {
    let state = progress(manifest);
    match &manifest.plan.imported {
        Some(imported) => format!("{state}, imported from {}", cell::safe(&imported.tool)),
        None => state,
    }
}

fn progress(manifest: &Manifest) -> String {
    let calls = match &manifest.end {
        None => "running, or killed".to_owned(),
        Some(end) => match end.calls.get("open").copied().unwrap_or_default() {
            0 => "complete".to_owned(),
            open => format!("{open} calls open"),
        },
    };
    match manifest.shard {
        Some(shard) => format!("shard {shard} {calls}"),
        None => calls,
    }
}

fn table(rows: &[(RunDirectory, Manifest)]) -> String {
    let rows = rows.iter().map(|(_, manifest)| {
        let plan = &manifest.plan;
        let models: Vec<_> = plan
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect();
        [
            manifest.run.to_string(),
            plan.created.clone(),
            cell::safe(&plan.suite.name),
            cell::safe(&models.join(", ")),
            state(manifest),
        ]
    });
    plain_table(["run", "created", "suite", "models", "state"], rows)
}
