//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cleanbench_core::{Caps, Shard, Usd};
use cleanbench_plan::options::{
    BaselineOptions, CheckOptions, Granting, ModelOptions, ResumeOptions, RunOptions, SelectOptions,
};

use crate::ci_arguments::{InitArguments, JunitArguments};
use crate::conduct::Conduct;
use crate::format::Format;
use crate::grant_arguments::GrantArguments;

/// Private, contamination-aware benchmarking of language models.
#[derive(Debug, Parser)]
#[command(name = "cleanbench", version, after_help = cleanbench_core::exit::HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say less; only errors and the result
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; hides the progress lines
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Take variables that are not set from this file [default: .env here, if it is trusted]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a suite to start from, and a job for a build server; or a private suite of one's own recorded chats
    Init(InitArguments),
    /// Validate a suite; list what would be sent where, and estimate tokens and cost
    Check(CheckArguments),
    /// Put the tasks of a suite to models, record everything, and score
    #[command(visible_alias = "eval")]
    Run(Box<RunArguments>),
    /// Put the shards of a run together into one run
    Merge(MergeArguments),
    /// Score the recorded answers of a run anew with the scorers that the suite has now; asks nobody
    Score(ScoreArguments),
    /// Put some samples of a run again: what failed, got no answer, was flaky, or has changed since
    Rerun(Box<RerunArguments>),
    /// Draw the tables of a run again from what it recorded
    Report(ReportArguments),
    /// Check that a run directory is whole from its head on, and recompute every number in it
    Verify(VerifyArguments),
    /// Show a run, or what was asked and answered for one of its samples
    Show(ShowArguments),
    /// Print error rates of the contamination probes, counted on models of known contamination
    Calibrate(CalibrateArguments),
    /// List the runs of the output folder
    List(ListArguments),
    /// Compare two runs, or models of one run, on the same samples
    Compare(CompareArguments),
    /// Analyse the samples of runs: difficulty, discrimination, saturation, duplicates, contradictions
    Items(ItemsArguments),
    /// Watch a model over nightly runs for a drop; exit 100 on an alarm
    Drift(DriftArguments),
    /// Make a run of what another harness logged, and a suite of its questions
    Import(ImportArguments),
    /// Write a run in the format of another harness
    Export(ExportArguments),
    /// List the models that can be named here; with `check`, ask one what it really supports
    Models(ModelsArguments),
    /// Let the models.toml and .env of a folder use keys, known names, proxies and permissions, until they change
    Trust(TrustArguments),
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Logs of another harness, files or folders, that become one run; or a suite of one
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write the questions as a suite into this folder, which must not be there [default for what has no answers: named like the suite, here]
    #[arg(long, value_name = "DIR")]
    pub(crate) suite_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// A format of another harness that runs are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A log of Inspect (`.eval`) for each task and model
    Inspect,
    /// A record of Every Eval Ever for each model, with a line for each answer
    EveryEvalEver,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The format
    #[arg(value_enum)]
    pub(crate) format: ExportFormat,
    /// The run: its id, a prefix of it, or its folder
    pub(crate) run: String,
    /// A folder for the files; or, where there is only one, a file that is not there yet and ends as it has to
    #[arg(short = 'o', long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Folder that holds the run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub(crate) runs: PathBuf,
}

/// Arguments of `trust`.
#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    /// The folder of a suite, or a run directory; what is trusted is printed [default: here]
    #[arg(conflicts_with_all = ["list", "remove"])]
    pub(crate) folder: Option<PathBuf>,
    /// List what is trusted, and what has changed since
    #[arg(long, conflicts_with = "remove")]
    pub(crate) list: bool,
    /// Trust this folder no more
    #[arg(long, value_name = "FOLDER")]
    pub(crate) remove: Option<PathBuf>,
}

/// Stands for the latest run, where `--resume` names none. Nobody can type it.
const LATEST: &str = "\0";

/// The output folder where none is named.
pub(crate) const DEFAULT_OUT: &str = "reports";

/// The output folder.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutArguments {
    /// Folder that holds the run directories
    #[arg(
        short = 'o',
        long = "out",
        value_name = "DIR",
        default_value = DEFAULT_OUT
    )]
    pub(crate) out: PathBuf,
    /// Form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

/// Which models, and what they may see.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ModelArguments {
    /// A name of the models file, `provider/model`, or a URL `http://host:port/v1#model`; repeatable
    #[arg(short, long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// A model that cannot have seen the items, to be asked the same: what it restores too is no evidence, and with two or more the bias of controls is measured; repeatable
    #[arg(short = 'R', long = "reference", value_name = "MODEL")]
    pub(crate) references: Vec<String>,
    /// The models file; what it asks for is granted, with --resume to models as they are recorded [default: models.toml in the suite's folder, here, and your own]
    #[arg(long = "models", value_name = "FILE")]
    pub(crate) models_file: Option<PathBuf>,
    /// Ask the models at this URL instead of their own
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Allow private samples to be sent to this host; repeatable
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_private: Vec<String>,
}

impl ModelArguments {
    fn options(&self) -> ModelOptions {
        ModelOptions {
            models: self.models.clone(),
            references: self.references.clone(),
            models_file: self.models_file.clone(),
            base_url: self.base_url.clone(),
            allow_private: self.allow_private.clone(),
        }
    }
}

/// Which part of the suite.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SelectArguments {
    /// Only this task; repeatable
    #[arg(short, long = "task", value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    /// Only tasks with this tag; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only the first N samples of each task
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Repeat every sample N times, whatever the suite says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) epochs: Option<u32>,
}

impl SelectArguments {
    fn options(&self) -> SelectOptions {
        SelectOptions {
            tasks: self.tasks.clone(),
            tags: self.tags.clone(),
            limit: self.limit,
            epochs: self.epochs,
        }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Folder or file of the suite [default: here]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArguments,
    #[command(flatten)]
    pub(crate) models: ModelArguments,
    #[command(flatten)]
    pub(crate) select: SelectArguments,
}

impl CheckArguments {
    /// What is looked at.
    pub(crate) fn options(&self) -> CheckOptions {
        CheckOptions {
            models: self.models.options(),
            select: self.select.options(),
        }
    }
}

/// Arguments of `run`.
#[derive(Debug, Default, Args)]
pub(crate) struct RunArguments {
    /// Folder or file of the suite [default: here]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArguments,
    #[command(flatten)]
    pub(crate) models: ModelArguments,
    #[command(flatten)]
    pub(crate) select: SelectArguments,
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
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = LATEST, conflicts_with_all = ["suite", "allow_path", "data", "models", "references", "base_url", "tasks", "tags", "limit", "epochs", "seed"])]
    pub(crate) resume: Option<String>,
    /// Make only part I of N of the calls; `cleanbench merge` puts all parts together
    #[arg(long, value_name = "I/N", conflicts_with = "resume")]
    pub(crate) shard: Option<Shard>,
    /// Take no answers of earlier runs, and keep none for later ones
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Run the programs that `command` scorers name, on this machine and unconfined
    #[arg(long)]
    pub(crate) allow_commands: bool,
    /// With --resume: also ask again what ended without an answer
    #[arg(long)]
    pub(crate) retry_errors: bool,
    /// Judge the gates that compare against this run: its id, a prefix of it, or its folder
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    pub(crate) baseline: Option<String>,
    /// With --baseline: compare with this model of it, whatever the models here are called
    #[arg(long, value_name = "MODEL", requires = "baseline")]
    pub(crate) baseline_model: Option<String>,
    #[command(flatten)]
    pub(crate) junit: JunitArguments,
    /// Take the answers that RUN recorded instead of asking; needs no key and no network. Without -m its models
    #[arg(long, value_name = "RUN")]
    pub(crate) replay: Option<String>,
}

impl RunArguments {
    /// What a new run is planned by.
    pub(crate) fn options(&self) -> RunOptions {
        let baseline = self.baseline.as_ref().map(|run| BaselineOptions {
            run: run.clone(),
            model: self.baseline_model.clone(),
            anew: None,
        });
        RunOptions {
            models: self.models.options(),
            select: self.select.options(),
            out: self.out.out.clone(),
            max_concurrency: self.max_concurrency,
            seed: self.seed,
            caps: self.caps.caps(),
            shard: self.shard,
            baseline,
            junit: self.junit.plan(),
            allow_commands: self.allow_commands,
        }
    }

    /// With what a run is gone on with, where `word` says which.
    pub(crate) fn resume_options(&self, word: &str) -> ResumeOptions {
        ResumeOptions {
            out: self.out.out.clone(),
            run: Some(word.to_owned()).filter(|word| word != LATEST),
            max_concurrency: self.max_concurrency,
            caps: self.caps.caps(),
            granting: Granting {
                models_file: self.models.models_file.clone(),
                allow_private: self.models.allow_private.clone(),
            },
            replay: self.replay.clone(),
        }
    }

    /// How it is carried out.
    pub(crate) fn conduct(&self) -> Conduct {
        Conduct {
            retry_errors: self.retry_errors,
            allow_commands: self.allow_commands,
            no_cache: self.no_cache,
            caps: self.caps.caps(),
            max_retries: self.max_retries,
            attempt_limit: Duration::from_secs(self.attempt_timeout),
            patience: Duration::from_secs(self.patience),
            format: self.out.format,
        }
    }
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// The shards, in any order: folders, or prefixes of their names
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// Merge although shards are missing; their calls are then open
    #[arg(long)]
    pub(crate) partial: bool,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// What a run may use up, over all its resumes. Before each attempt its worst case is reserved.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CapArguments {
    /// Stop before the run can cost more than this many US dollars, for example 2.50
    #[arg(long, value_name = "USD", value_parser = money)]
    pub(crate) max_cost: Option<Usd>,
    /// Stop before the run can use more tokens than this, prompts and answers together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_tokens: Option<u64>,
    /// Start no call after this time, for example 90s, 30m, 2h; calls in flight end
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) max_time: Option<Duration>,
    /// Make at most this many attempts, retries included; one that weighs texts is several requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: Option<u64>,
    /// Count only what is known where a price or `max_tokens` is missing; the cap may be exceeded
    #[arg(long)]
    pub(crate) best_effort_cap: bool,
}

impl CapArguments {
    /// As plain values.
    pub(crate) fn caps(&self) -> Caps {
        Caps {
            cost: self.max_cost,
            tokens: self.max_tokens,
            time: self.max_time,
            requests: self.max_requests,
            best_effort: self.best_effort_cap,
        }
    }
}

/// Reads an amount of US dollars that is not negative.
fn money(text: &str) -> Result<Usd, String> {
    let amount: Usd = text.parse().map_err(|error| format!("{error}"))?;
    if amount < Usd::ZERO {
        return Err("it must not be negative".to_owned());
    }
    Ok(amount)
}

/// Longest time that is accepted, in seconds: a year.
const LONGEST_TIME: f64 = 31_536_000.0;

/// Reads a duration: a number of seconds, or a number with `s`, `m`, `h` or `d`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err("write it like 90s, 30m, 2h or 1d".to_owned()),
    };
    let plain = !digits.is_empty()
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = digits
        .parse()
        .ok()
        .filter(|_| plain)
        .ok_or("write it like 90s, 30m, 2h or 1d")?;
    let seconds = number * unit;
    if (0.001..=LONGEST_TIME).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("it must be from 0.001s to 365d".to_owned())
    }
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The run: its id, a prefix of it, or its folder
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The run: its id, a prefix of it, or its folder
    pub(crate) run: String,
    /// The head that was noted when the run ended, or its first 16 digits or more: another one is another record, exit 102
    #[arg(long, value_name = "HASH", value_parser = head)]
    pub(crate) head: Option<String>,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// Fewest digits by which a head is told from others.
const FEWEST_DIGITS: usize = 16;

/// A head as it is printed, or its beginning.
fn head(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.strip_prefix("sha256:").unwrap_or(&text);
    let is_hash = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hash && (FEWEST_DIGITS..=64).contains(&digits.len()) {
        return Ok(digits.to_owned());
    }
    Err(format!(
        "a head has 64 hexadecimal digits, and at least {FEWEST_DIGITS} of them must be given"
    ))
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The run: its id, a prefix of it, or its folder
    pub(crate) run: String,
    /// Ids of samples, or `TASK:ID`
    #[arg(value_name = "SAMPLE")]
    pub(crate) samples: Vec<String>,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArguments {
    /// Form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_bounds() {
        for (text, seconds) in [
            ("90", 90.0),
            ("90s", 90.0),
            ("30m", 1800.0),
            ("1.5h", 5400.0),
            ("2d", 172_800.0),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_secs_f64(seconds)),
                "{text}"
            );
        }
        for wrong in [
            "", "s", "-1s", "1w", "0s", "1e3s", "inf", "nan", "400d", "1 h", "1ms",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn money_is_an_exact_amount_that_is_not_negative() {
        assert_eq!(
            money("2.50").map(|amount| amount.to_string()),
            Ok("2.50".to_owned())
        );
        assert_eq!(money("0"), Ok(Usd::ZERO));
        for wrong in ["-1", "1e3", "", "$1", "NaN"] {
            assert!(money(wrong).is_err(), "{wrong}");
        }
    }
}

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ModelsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<ModelsCommand>,
    #[command(flatten)]
    pub(crate) place: ModelsPlace,
}

/// Which models file, and how the result is printed.
#[derive(Debug, Args)]
pub(crate) struct ModelsPlace {
    /// The models file; what it asks for is granted [default: models.toml here, and your own]
    #[arg(long = "models", value_name = "FILE")]
    pub(crate) models_file: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Ask a model what it really supports; a few dozen short public questions, the result is kept
    Check(ModelsCheckArguments),
}

/// Arguments of `models check`.
#[derive(Debug, Args)]
pub(crate) struct ModelsCheckArguments {
    /// A name of the models file, `provider/model`, or a URL `http://host:port/v1#model`; repeatable
    #[arg(value_name = "MODEL", required_unless_present = "named")]
    pub(crate) models: Vec<String>,
    /// The same
    #[arg(short = 'm', long = "model", value_name = "MODEL")]
    pub(crate) named: Vec<String>,
    /// Ask the models at this URL instead of their own
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Ask again, whatever is kept from before
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) place: ModelsPlace,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The baseline: a run's id, a prefix of it, or its folder, and `#MODEL` where it has several; alone: all models of
    /// this run in order
    pub(crate) base: String,
    /// The candidate, a run too, with `#MODEL` likewise [default: another model of the same run]
    pub(crate) candidate: Option<String>,
    /// Model of the baseline, where its run has several
    #[arg(long, value_name = "MODEL")]
    pub(crate) base_model: Option<String>,
    /// Model of the candidate, where its run has several
    #[arg(long, value_name = "MODEL")]
    pub(crate) candidate_model: Option<String>,
    /// What must be the same on both sides [default: choice for two models or two names, prompt for the same model in
    /// other words, else regression]
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeWord>,
    /// How samples without an answer count; all three ways stand in the result
    #[arg(long, value_enum, default_value = "bounds")]
    pub(crate) missing: MissingWord,
    /// Only this task; repeatable
    #[arg(short, long = "task", value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    /// Compare what both have, though tasks or the wording of samples differ otherwise
    #[arg(long)]
    pub(crate) common: bool,
    /// Pair samples whose target or metadata changed, each scored by its own run
    #[arg(long)]
    pub(crate) pair_changed: bool,
    /// Show this many flipped samples; all are in flips.csv
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) flips: usize,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// What must be the same on both sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeWord {
    /// Suite, prompts, scorers and effective sampling: has the same model become worse?
    Regression,
    /// Suite, prompts and scorers: which of two models to take? Other differences are listed
    Choice,
    /// Suite, model, effective sampling and what is right: which of two wordings to take? They are shown
    Prompt,
}

/// How samples without an answer count in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingWord {
    /// Not: only pairs with both answers are compared
    Complete,
    /// As wrong, on either side
    ErrorAsWrong,
    /// Once against the candidate and once for it: only what holds both times is concluded
    Bounds,
}

/// Arguments of `items`.
#[derive(Debug, Args)]
pub(crate) struct ItemsArguments {
    /// The runs; every model of each counts as one that answered
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// How samples without an answer count when models are compared
    #[arg(long, value_enum, default_value = "complete")]
    pub(crate) missing: MissingWord,
    /// Only this task; repeatable
    #[arg(short, long = "task", value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// Arguments of `drift`.
#[derive(Debug, Args)]
pub(crate) struct DriftArguments {
    /// The nights, in any order: they are sorted by when their runs were planned
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// The model, where runs have several
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Nights of the baseline, at least 14; with fewer the epochs of the first run serve, at least 10
    #[arg(long, value_name = "N", default_value_t = 14)]
    pub(crate) baseline: usize,
    /// Accepted share of years with a false alarm
    #[arg(long, value_name = "SHARE", default_value_t = 0.05, value_parser = share)]
    pub(crate) alpha: f64,
    /// Difference between nights, in score, that is no drift
    #[arg(long, value_name = "SCORE", default_value_t = 0.0, value_parser = score)]
    pub(crate) allowance: f64,
    /// How answers that are missing count
    #[arg(long, value_enum, default_value = "bounds")]
    pub(crate) missing: MissingOfNights,
    /// Only this task; repeatable
    #[arg(short, long = "task", value_name = "TASK")]
    pub(crate) tasks: Vec<String>,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// How answers that are missing count when nights are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingOfNights {
    /// An alarm holds though they are right, and an all-clear though they are wrong
    Bounds,
    /// As wrong: an outage is an alarm too
    ErrorAsWrong,
}

/// Reads a number strictly between 0 and 1.
fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|error| format!("{error}"))?;
    let fits = value > 0.0 && value < 1.0;
    fits.then_some(value)
        .ok_or_else(|| "it must lie between 0 and 1".to_owned())
}

/// Reads a number from 0 to 1.
fn score(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|error| format!("{error}"))?;
    let fits = (0.0..=1.0).contains(&value);
    fits.then_some(value)
        .ok_or_else(|| "it must be from 0 to 1".to_owned())
}

/// Arguments of `score`.
#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    /// The run: its id, a prefix of it, or its folder
    pub(crate) run: String,
    /// Folder or file of the suite [default: here]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArguments,
    #[command(flatten)]
    pub(crate) out: OutArguments,
}

/// Which samples `rerun` puts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RerunOnly {
    /// Those with a score below 1, in a run of their own
    Failed,
    /// Calls that ended without an answer, in the same run; the same as `run --resume RUN --retry-errors`
    Errors,
    /// Those whose repeats disagree, that needed several attempts, or that were judged differently
    Flaky,
    /// Those whose input or target is not what it was; the new run has all others too, by replay
    Changed,
}

/// Arguments of `rerun`.
#[derive(Debug, Args)]
pub(crate) struct RerunArguments {
    /// The run: its id, a prefix of it, or its folder
    pub(crate) run: String,
    /// Folder or file of the suite [default: here]
    pub(crate) suite: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArguments,
    /// Which samples
    #[arg(long, value_enum)]
    pub(crate) only: RerunOnly,
    #[command(flatten)]
    pub(crate) out: OutArguments,
    /// Most calls in flight for each model [default: as in the run]
    #[arg(short = 'j', long, visible_alias = "max-connections", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) max_concurrency: Option<u32>,
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
    #[command(flatten)]
    pub(crate) again: AgainArguments,
}

/// What the record of a run is granted again. Its models are asked as they are recorded.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AgainArguments {
    /// A models file that grants what the models of the run ask for, where that was not remembered
    #[arg(long = "models", value_name = "FILE")]
    pub(crate) models_file: Option<PathBuf>,
    /// Allow private samples to be sent to this host, where that was not remembered; repeatable
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_private: Vec<String>,
}

impl AgainArguments {
    fn granting(&self) -> Granting {
        Granting {
            models_file: self.models_file.clone(),
            allow_private: self.allow_private.clone(),
        }
    }
}

impl RerunArguments {
    /// What a new run is planned by.
    pub(crate) fn options(&self) -> RunOptions {
        RunOptions {
            models: ModelOptions {
                models_file: self.again.models_file.clone(),
                allow_private: self.again.allow_private.clone(),
                ..ModelOptions::default()
            },
            out: self.out.out.clone(),
            max_concurrency: self.max_concurrency,
            caps: self.caps.caps(),
            ..RunOptions::default()
        }
    }

    /// With what the run itself is gone on with.
    pub(crate) fn resume_options(&self) -> ResumeOptions {
        ResumeOptions {
            out: self.out.out.clone(),
            run: Some(self.run.clone()),
            max_concurrency: self.max_concurrency,
            caps: self.caps.caps(),
            granting: self.again.granting(),
            replay: None,
        }
    }

    /// How it is carried out. An answer of before is what is in doubt, so none is taken.
    pub(crate) fn conduct(&self) -> Conduct {
        Conduct {
            retry_errors: self.only == RerunOnly::Errors,
            allow_commands: false,
            no_cache: true,
            caps: self.caps.caps(),
            max_retries: self.max_retries,
            attempt_limit: Duration::from_secs(self.attempt_timeout),
            patience: Duration::from_secs(self.patience),
            format: self.out.format,
        }
    }
}

impl ScoreArguments {
    /// What the re-score is planned by.
    pub(crate) fn options(&self) -> RunOptions {
        RunOptions {
            out: self.out.out.clone(),
            ..RunOptions::default()
        }
    }

    /// How it is carried out: nothing is sent.
    pub(crate) fn conduct(&self) -> Conduct {
        Conduct::of_recorded(self.out.format)
    }
}
