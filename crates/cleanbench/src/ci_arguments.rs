//! What can be typed for build servers: the form of `junit.xml`, and `init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cleanbench_import::chats::LogFormat;
use cleanbench_ledger::reporting::{JunitCases, JunitPlan};

/// What `junit.xml` says. It is part of the plan, so that the file can be drawn again from the run alone.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct JunitArguments {
    /// Test cases of junit.xml: gates and failed calls, or also every sample, a wrong one being a failure
    #[arg(
        long = "junit",
        value_name = "CASES",
        value_enum,
        default_value = "gates",
        conflicts_with = "resume"
    )]
    pub(crate) cases: JunitChoice,
    /// Put questions, targets and answers into junit.xml
    #[arg(long, conflicts_with = "resume")]
    pub(crate) junit_include_content: bool,
}

/// Test cases of `junit.xml`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum JunitChoice {
    /// Gates, tasks, and calls that met an error
    #[default]
    Gates,
    /// These and every sample
    Items,
}

impl JunitArguments {
    /// For the plan.
    pub(crate) fn plan(&self) -> JunitPlan {
        JunitPlan {
            cases: match self.cases {
                JunitChoice::Gates => JunitCases::Gates,
                JunitChoice::Items => JunitCases::Items,
            },
            content: self.junit_include_content,
        }
    }
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Folder to write into, for example that of a repository [default: here]
    pub(crate) dir: Option<PathBuf>,
    /// Also write a job for this build server
    #[arg(long, value_enum, value_name = "SERVER")]
    pub(crate) ci: Option<BuildServer>,
    /// Replace files that are there; the suite's key is kept
    #[arg(long)]
    pub(crate) force: bool,
    /// Make the suite of the chats recorded in this file instead (an `OpenAI` batch, chats or exchanges in JSON lines, or OpenTelemetry spans; plain, gzip or zstd); repeatable. Everything stays on this machine
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ci", "force"])]
    pub(crate) from_logs: Vec<PathBuf>,
    /// Most samples of that suite, drawn by stratum
    #[arg(
        long,
        value_name = "N",
        default_value_t = 200,
        value_parser = clap::value_parser!(u32).range(1..=10_000),
        requires = "from_logs"
    )]
    pub(crate) samples: u32,
    /// Which of all possible samples are drawn
    #[arg(long, value_name = "N", default_value_t = 0, requires = "from_logs")]
    pub(crate) seed: u64,
    /// What all of the files are [default: what the first record of each looks like]
    #[arg(long, value_enum, value_name = "FORMAT", requires = "from_logs")]
    pub(crate) log_format: Option<LogFormatChoice>,
}

/// Formats of logs that `init` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormatChoice {
    /// Lines of an `OpenAI` batch, requests or responses
    Batch,
    /// Chats, or requests with their responses as proxies write them
    Chat,
    /// OpenTelemetry spans in JSON
    Otlp,
}

impl From<LogFormatChoice> for LogFormat {
    fn from(choice: LogFormatChoice) -> Self {
        match choice {
            LogFormatChoice::Batch => Self::Batch,
            LogFormatChoice::Chat => Self::Chat,
            LogFormatChoice::Otlp => Self::Otlp,
        }
    }
}

/// Build servers that `init` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BuildServer {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
}
