//! Files that are known and cannot be made a run or a suite: each is refused with what it is, and what to name instead.

use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::Gathering;
use crate::source::{Source, ends_in};

/// A kind of file, how it is told, and why it is refused.
struct Kind {
    name: &'static str,
    is: fn(&Look<'_>) -> bool,
    why: &'static str,
    instead: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "Every Eval Ever record",
        is: |look| look.has("schema_version") && look.has("evaluation_id"),
        why: "a record of Every Eval Ever: it has scores of a whole, and no conversations to judge",
        instead: "import the log that it was made of; `cleanbench export every-eval-ever` writes such records",
    },
    Kind {
        name: "HELM part",
        is: |look| {
            let is_scenario = look.has("definition_path") && look.has("name");
            let is_stats = look.starts_with(b"[")
                && (look.holds(b"\"instance_id\"") || look.holds(b"\"sum_squared\""));
            is_scenario || is_stats
        },
        why: "a part of a run of HELM, which alone says nothing of what was asked and answered",
        instead: "name the folder of the run, which has `scenario_state.json` in it",
    },
    Kind {
        name: "EvalScope report",
        is: |look| look.has("dataset_name") && look.has("model_name") && look.has("metrics"),
        why: "a report of EvalScope: it has scores of a whole, and no answers",
        instead: "name the folder that has `reviews` in it",
    },
    Kind {
        name: "lm-eval table",
        is: |look| look.starts_with(b"|") && look.holds(b"|Version|"),
        why: "a table of lm-eval for people: it has scores of a whole, and no answers",
        instead: "run lm-eval with `--log_samples -o DIR`, and name that folder",
    },
    Kind {
        name: "promptfoo table",
        is: |look| ends_in(look.path, "csv") && (look.holds(b"[PASS]") || look.holds(b"[FAIL]")),
        why: "a table of promptfoo for people: scores and answers stand in one cell",
        instead: "import `output.json` of the same evaluation (`promptfoo eval -o output.json`)",
    },
    Kind {
        name: "EvalScope configuration",
        is: |look| look.has_line(b"eval_type:") && look.has_line(b"datasets:"),
        why: "the configuration of a run of EvalScope, which has neither questions nor answers",
        instead: "name the folder that has `reviews` in it",
    },
    Kind {
        name: "promptfoo assertions",
        is: |look| look.has_line(b"- type: ") && ends_in(look.path, "yaml"),
        why: "assertions of promptfoo without prompts and tests",
        instead: "name the `promptfooconfig.yaml` that they belong to",
    },
    Kind {
        name: "few-shot examples",
        is: |look| look.has("sample") && look.keys.len() == 1,
        why: "examples of a suite of OpenAI evals, and no questions",
        instead: "name the file of the registry (`evals/NAME.yaml`) that refers to it",
    },
];

/// What kind of them `look` is.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let kind = KINDS.iter().find(|kind| (kind.is)(look))?;
    Some(Found::refused(kind.name, refuse))
}

fn refuse(source: &Source, _gathering: &mut Gathering) -> Result<(), ImportError> {
    let Some(file) = source.files.first() else {
        return Ok(());
    };
    let bytes = source.look(file, crate::source::COLLECTION)?;
    let look = Look::of(file, &bytes);
    let place = source.shown(file);
    let kind = KINDS.iter().find(|kind| (kind.is)(&look));
    Err(kind.map_or_else(
        || ImportError::damaged(&place, "it changed while it was read"),
        |kind| ImportError::refused(&place, kind.why).hint(kind.instead),
    ))
}
