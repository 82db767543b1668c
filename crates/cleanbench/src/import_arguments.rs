//! What can be typed after `import`.

use std::path::PathBuf;

use clap::Args;

use crate::arguments::OutArguments;

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
