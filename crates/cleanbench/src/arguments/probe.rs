//! What can be typed for `probe`: the options of `run` that mean something where tasks are not asked, and the two ends
//! of probing an endpoint that cleanbench cannot reach.

use std::path::PathBuf;

use clap::Args;
use cleanbench_core::Shard;

use super::{CapArguments, LATEST, ModelArguments, OutArguments, RunArguments, SelectArguments};
use crate::ci_arguments::JunitArguments;
use crate::grant_arguments::GrantArguments;

/// Arguments of `probe`.
#[derive(Debug, Args)]
pub(crate) struct ProbeArguments {
    /// Folder or file of the suite [default: here]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArguments,
    #[command(flatten)]
    pub(crate) models: ModelArguments,
    #[command(flatten)]
    pub(crate) select: ProbedArguments,
    #[command(flatten)]
    pub(crate) out: OutArguments,
    /// Most calls in flight for each model [default: the models file, the slots of a server here, else 16]
    #[arg(short = 'j', long, visible_alias = "max-connections", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) max_concurrency: Option<u32>,
    /// Seed from which every other is derived [default: 0; with --replay, that of the run]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=9_007_199_254_740_991))]
    pub(crate) seed: Option<u64>,
    /// Attempts after the first one, for errors that can pass
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(..=100))]
    pub(crate) max_retries: u32,
    /// Longest time for one attempt, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) attempt_timeout: u64,
    /// How long an endpoint that turns every call away, or cannot be reached, is waited for, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) patience: u64,
    #[command(flatten)]
    pub(crate) caps: CapArguments,
    /// Go on with a run: its id, a prefix of it, or its folder [default: the latest]
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = LATEST, conflicts_with_all = ["suite", "allow_path", "data", "models", "references", "base_url", "tasks", "tags", "limit", "seed"])]
    pub(crate) resume: Option<String>,
    /// Make only part I of N of the calls; `cleanbench merge` puts all parts together
    #[arg(long, value_name = "I/N", conflicts_with = "resume")]
    pub(crate) shard: Option<Shard>,
    /// Take no answers of earlier runs, and keep none for later ones
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// With --resume: also ask again what ended without an answer
    #[arg(long)]
    pub(crate) retry_errors: bool,
    #[command(flatten)]
    pub(crate) junit: JunitArguments,
    /// Take the answers that RUN recorded instead of asking; needs no key and no network. Without -m its models
    #[arg(long, value_name = "RUN")]
    pub(crate) replay: Option<String>,
    #[command(flatten)]
    pub(crate) elsewhere: ElsewhereArguments,
}

/// Which part of the suite is probed.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ProbedArguments {
    /// Only this task, with its controls where they are a task too; repeatable
    #[arg(short, long = "task", value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    /// Only tasks with this tag; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only the first N samples of each task
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

/// An endpoint that cleanbench cannot reach: its questions out, its answers in.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ElsewhereArguments {
    /// Ask nobody, and write the questions into this file, which must not be there: JSON lines of `item`, `arm`, `task`, `probe`, `form`, `messages`, `max_tokens`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "models", "references", "base_url", "replay", "shard", "answers"])]
    pub(crate) questions: Option<PathBuf>,
    /// Ask nobody, and take the answers in this file: CSV or JSON lines of `item`, `arm`, `form`, `text`, and as needed `task`, `probe`, `model`, `finish`; what is not there is missing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "models", "references", "base_url", "replay", "shard"])]
    pub(crate) answers: Option<PathBuf>,
}

impl ProbeArguments {
    /// The same as arguments of `run`.
    pub(crate) fn as_run(&self) -> RunArguments {
        RunArguments {
            suite: self.suite.clone(),
            grants: self.grants.clone(),
            models: self.models.clone(),
            select: SelectArguments {
                tasks: self.select.tasks.clone(),
                tags: self.select.tags.clone(),
                limit: self.select.limit,
                epochs: None,
            },
            out: self.out.clone(),
            max_concurrency: self.max_concurrency,
            seed: self.seed,
            max_retries: self.max_retries,
            attempt_timeout: self.attempt_timeout,
            patience: self.patience,
            caps: self.caps.clone(),
            resume: self.resume.clone(),
            shard: self.shard,
            no_cache: self.no_cache,
            allow_commands: false,
            retry_errors: self.retry_errors,
            baseline: None,
            baseline_model: None,
            junit: self.junit.clone(),
            replay: self.replay.clone(),
            probes_only: true,
        }
    }
}
