//! What can be typed for build servers: the form of `junit.xml`, and `init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cleanbench_ledger::reporting::{JunitCases, JunitPlan};

/// What `junit.xml` says. It is part of the plan, so that the file can be drawn again from the run alone.
#[derive(Debug, Default, Args)]
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
}

/// Build servers that `init` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BuildServer {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
}
