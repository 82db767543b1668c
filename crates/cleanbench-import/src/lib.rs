//! Logs and suites of other harnesses in, ours out.
//!
//! [`read`] finds out what files are and reads them into one neutral value, [`Imported`]; [`suite_files`] writes that
//! down as a suite of ours, and [`recorded`] names what judges a run that is made of it.
//!
//! | format | file of `src/formats/` | comes to |
//! |---|---|---|
//! | Inspect `.json` and `.eval`, whole and in chunks | `inspect` | a run and a suite |
//! | lm-evaluation-harness `samples_*.jsonl` with `results_*.json` | `lm_eval` | a run and a suite |
//! | promptfoo results, versions 1 to 3, JSON or YAML | `promptfoo` | a run and a suite |
//! | `OpenAI` evals, the log of events | `openai_log` | a run and a suite |
//! | `EvalScope` reviews, with predictions and reports | `evalscope` | a run and a suite |
//! | HELM, the folder of a run | `helm` | a run and a suite |
//! | `promptfooconfig.yaml` with prompts and tests | `promptfoo_suite` | a suite |
//! | `OpenAI` evals, registry or samples | `openai_suite` | a suite |
//! | lm-evaluation-harness, a task whose data lie beside it | `lm_eval_suite` | a suite |
//!
//! Invariants: pure but for reading what was named, by `cleanbench-files` alone; memory is bounded by the bounds on
//! files, entries of archives and values; time is linear in what is read; nothing panics, whatever the bytes. What a
//! log does not tell is listed and never made up; an error or a missing answer is never a 0.
//!
//! It refuses what no format fits, logs that hold no samples, and files that are broken, each with its place; it never
//! opens a socket and never runs what a file names. Apart from all that, [`chats`] makes a suite of recorded chats, and
//! [`written`] and [`answers_elsewhere`] are the two ends of probing an endpoint that only somebody else can reach.

pub mod chats;
mod choices;
mod elsewhere;
mod error;
mod export;
mod formats;
mod gather;
mod json;
mod log;
mod scorers;
mod source;
mod stated;
mod suite;
mod template;
mod yaml;

pub use elsewhere::{
    ANSWERS_FORMAT, AnswerElsewhere, AnswersElsewhere, ProbeQuestion, answers_elsewhere, written,
};
pub use error::{ErrorKind, ImportError};
pub use export::{
    Absent, Exported, ExportedFile, every_eval_ever, has_no_score, inspect, left_out,
};
pub use formats::{names, read};
pub use log::{Answer, Imported, Model, Sample, SourceFile, Task};
pub use scorers::recorded;
pub use suite::{SuiteFile, suite_files};
