//! `cleanbench probe`: contamination probes alone; or their questions in a file, and answers from one.
//!
//! It refuses to write over a file, and answers that belong to no question.

use std::path::Path;
use std::sync::Arc;

use cleanbench_core::{Exit, Form};
use cleanbench_engine::Answers;
use cleanbench_import::{
    ANSWERS_FORMAT, AnswersElsewhere, ProbeQuestion, answers_elsewhere, written,
};
use cleanbench_ledger::manifest::{ImportedPlan, ImportedSource};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_model::Endpoint;
use cleanbench_plan::earlier_run::{EarlierRun, ImportedLog};
use cleanbench_plan::options::RunOptions;
use cleanbench_plan::probes::PlannedProbe;
use cleanbench_plan::questions::questions;
use cleanbench_probe::checks;
use cleanbench_suite::Suite;

use crate::arguments::ProbeArguments;
use crate::commands::run;
use crate::conduct::Conduct;
use crate::failure::Failure;
use crate::imported::ImportedAnswers;
use crate::printer::Printer;
use crate::session::{self, Session};
use crate::starting::{load, say, start};
use crate::suite_folder;

/// What a run says that its answers are from.
const ELSEWHERE: &str = "answers recorded elsewhere";

/// Puts the probes of a suite, or goes on with a run; or writes the questions, or takes the answers in a file.
pub(super) fn probe(arguments: &ProbeArguments, printer: Printer) -> Result<Exit, Failure> {
    let elsewhere = &arguments.elsewhere;
    match (&elsewhere.questions, &elsewhere.answers) {
        (Some(path), _) => write_questions(arguments, path, printer),
        (None, Some(path)) => take_answers(arguments, path, printer),
        (None, None) => run::run(&arguments.as_run(), printer),
    }
}

fn write_questions(
    arguments: &ProbeArguments,
    path: &Path,
    printer: Printer,
) -> Result<Exit, Failure> {
    let loaded = load(arguments.suite.as_deref(), &arguments.grants)?;
    let mut notes = Vec::new();
    let asked = asked(&loaded.suite, &arguments.as_run().options(), &mut notes);
    say(&notes, printer);
    let asked = asked?;
    let bytes = written(&asked).map_err(|error| Failure::new(Exit::Internal, error))?;
    let shown = path.display();
    suite_folder::put(path, &bytes).map_err(|error| {
        let what = format!("cannot write the questions: {error}");
        Failure::new(Exit::CannotWrite, what).hint("name a file that is not there yet")
    })?;
    printer.say(format!(
        "{} questions: {shown}; put each to the model in its form, at temperature 0 and with no more than its `max_tokens`, \
         and write down `item`, `arm`, `task`, `probe`, `form` and the answer as `text`",
        asked.len()
    ));
    printer
        .say("then: cleanbench probe SUITE --answers FILE, with the same tasks, `-n` and `--seed`");
    Ok(Exit::Done)
}

fn take_answers(
    arguments: &ProbeArguments,
    path: &Path,
    printer: Printer,
) -> Result<Exit, Failure> {
    let loaded = load(arguments.suite.as_deref(), &arguments.grants)?;
    let options = arguments.as_run().options();
    // What is to be said of the plan is said when the run is planned.
    let asked = asked(&loaded.suite, &options, &mut Vec::new())?;
    let given = answers_elsewhere(path, &asked)?;
    let earlier = EarlierRun::imported(ImportedLog {
        plan: plan(&given),
        endpoints: endpoints(&given.models)?,
    });
    let notes: Vec<_> = unasked(&loaded.suite).into_iter().collect();
    say(&notes, printer);
    let started = start(&options, &earlier, &loaded, notes, printer)?;
    let answers = ImportedAnswers::elsewhere(&given, &asked);
    let answers = answers.map_err(|error| Failure::new(Exit::Internal, error))?;
    let answers: Arc<dyn Answers> = Arc::new(answers);
    let session = Session {
        endpoints: &started.endpoints,
        source: None,
        imported: Some(&answers),
        conduct: Conduct::of_recorded(arguments.out.format),
        told: &started.told,
        printer,
    };
    session::run(started.opened, session)
}

/// What is to be said of the reference models that a suite names: a file has the answers of those under test.
fn unasked(suite: &Suite) -> Option<Note> {
    let named: Vec<_> = suite
        .references
        .iter()
        .map(|one| format!("`{one}`"))
        .collect();
    let text = format!(
        "reference models of the suite are not asked, because the answers are in a file: {}",
        named.join(", ")
    );
    (!named.is_empty()).then(|| Note::new(NoteKind::ProbesAlone, text))
}

/// All questions of the probes of `suite`, in the order of the plan.
fn asked(
    suite: &Suite,
    options: &RunOptions,
    notes: &mut Vec<Note>,
) -> Result<Vec<ProbeQuestion>, Failure> {
    let seed = options.seed.unwrap_or_default();
    let planned = questions(suite, &options.select, seed, notes)?;
    Ok(planned.iter().flat_map(of_probe).collect())
}

fn of_probe(planned: &PlannedProbe) -> impl Iterator<Item = ProbeQuestion> {
    let calls = planned.calls.iter().zip(&planned.items);
    calls.filter_map(|(content, item)| {
        let plan = planned.task.probe.as_ref()?;
        let call = content.probe.as_ref()?;
        let task = match plan.suspects.as_str() {
            "" => checks::TASK,
            task => task,
        };
        Some(ProbeQuestion {
            item: item.clone(),
            arm: call.arm,
            task: task.to_owned(),
            probe: plan.id.clone(),
            form: plan.form,
            messages: call.messages.clone(),
            max_tokens: call.max_tokens,
            stop: call.stop.clone(),
            planned: planned.task.name.clone(),
            sample: content.sample.id.clone(),
            expected: call.expected.clone(),
        })
    })
}

fn endpoints(models: &[String]) -> Result<Vec<Endpoint>, Failure> {
    let each = models.iter();
    let each = each.map(|model| Endpoint::imported(model, Form::Chat));
    let all: Result<Vec<_>, _> = each.collect();
    all.map_err(|error| Failure::config(&[error]))
}

fn plan(given: &AnswersElsewhere) -> ImportedPlan {
    ImportedPlan {
        tool: ELSEWHERE.to_owned(),
        format: ANSWERS_FORMAT.to_owned(),
        sources: vec![ImportedSource {
            file: given.source.file.clone(),
            digest: given.source.digest,
        }],
        cannot_tell: given.cannot_tell.clone(),
        differences: Vec::new(),
    }
}
