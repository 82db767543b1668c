//! What can be typed after `import` and `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::arguments::{DEFAULT_OUT, OutArguments};

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
    /// A file that is not there yet, or a folder for the files where there are several
    #[arg(short = 'o', long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Folder that holds the run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub(crate) runs: PathBuf,
}
