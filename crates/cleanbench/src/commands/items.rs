//! `cleanbench items`: what the samples of a suite are worth.

use cleanbench_core::Exit;
use cleanbench_items::Policy;
use cleanbench_study::derived::{ModelOf, What};
use cleanbench_study::item_analysis::AnalysisOptions;

use super::compare::missing;
use super::derived::{Opened, make, open, role};
use crate::arguments::ItemsArguments;
use crate::failure::Failure;
use crate::printer::Printer;

/// Analyses the items of all models of the runs, writes the result with its inputs, and prints it.
pub(super) fn items(arguments: &ItemsArguments, printer: Printer) -> Result<Exit, Failure> {
    let mut inputs = Vec::new();
    for (position, word) in arguments.runs.iter().enumerate() {
        let Opened { run, table } = open(&arguments.out, word)?;
        inputs.push((
            role("run", position, arguments.runs.len()),
            Opened { run, table },
        ));
    }
    let respondents = inputs.iter().enumerate().flat_map(|(input, (_, opened))| {
        // Nothing is decided about a reference, and nothing by one.
        let models = opened.table.manifest.plan.subjects();
        models.map(move |(_, model)| ModelOf {
            input,
            model: model.name.clone(),
        })
    });
    let what = What::Items {
        respondents: respondents.collect(),
        options: AnalysisOptions {
            missing: missing(arguments.missing),
            tasks: arguments.tasks.clone(),
            policy: Some(Policy::default()),
        },
    };
    make(&what, inputs, &arguments.out, 0, printer)?;
    Ok(Exit::Done)
}
