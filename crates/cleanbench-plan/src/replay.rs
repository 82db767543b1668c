//! The run whose recorded answers are taken instead of asking.

use std::path::Path;

use cleanbench_ledger::draft::Input;
use cleanbench_ledger::manifest::{MANIFEST_FILE, Missing, ModelPlan, REPLAYED_FILE, ReplayPlan};
use cleanbench_ledger::plan_check::check_plan;
use cleanbench_ledger::{Manifest, RunDirectory, directory};
use cleanbench_model::Endpoint;

use crate::{ErrorKind, PlanError};

/// A run whose answers are taken, and what becomes of calls that it has no answer to.
#[derive(Debug)]
pub struct Source {
    /// Its directory.
    pub run: RunDirectory,
    /// What it planned.
    pub manifest: Manifest,
    /// What becomes of calls that it has no answer to.
    pub missing: Missing,
    /// Its `run.json`.
    bytes: Vec<u8>,
}

impl Source {
    /// The run that `word` means in `out`.
    ///
    /// # Errors
    /// When there is no such run, it cannot be read, or its plan is not the one that its journal recorded.
    pub fn open(out: &Path, word: &str, missing: Missing) -> Result<Self, PlanError> {
        let run = directory::find(out, word)?;
        let manifest = Manifest::read(&run)?;
        check_plan(&run, &manifest)?;
        let bytes = run.read(MANIFEST_FILE)?;
        Ok(Self {
            run,
            manifest,
            missing,
            bytes,
        })
    }

    /// The run that a run under way, planned with `plan`, takes its answers from: the one that `word`
    /// names, else the one with that id in `out`.
    ///
    /// # Errors
    /// When it is not there, or another one is.
    pub fn again(out: &Path, word: Option<&str>, plan: &ReplayPlan) -> Result<Self, PlanError> {
        let id = plan.run.as_str();
        let found = Self::open(out, word.unwrap_or(id), plan.missing).map_err(|failure| {
            failure.hint(format!(
                "this run takes its answers from run `{id}`; name its folder with `--replay`"
            ))
        })?;
        if found.manifest.run != plan.run {
            let what = format!(
                "this run takes its answers from run `{id}`, and `{}` is run `{}`",
                found.run.path().display(),
                found.manifest.run
            );
            return Err(PlanError::new(ErrorKind::Usage, what));
        }
        Ok(found)
    }

    /// Whether calls without a recorded answer are made.
    pub fn asks(&self) -> bool {
        self.missing == Missing::Ask
    }

    /// What the plan says of it.
    pub(crate) fn plan(&self) -> ReplayPlan {
        ReplayPlan {
            run: self.manifest.run.clone(),
            missing: self.missing,
        }
    }

    /// Its plan, as an input.
    pub(crate) fn input(&self) -> Input {
        Input {
            name: REPLAYED_FILE.trim_start_matches("inputs/").to_owned(),
            bytes: self.bytes.clone(),
        }
    }

    /// For each of `endpoints` the position of the model whose answers stand for its own: the one of the same
    /// name, else one at the same endpoint.
    ///
    /// # Errors
    /// When one was never asked.
    pub fn positions(&self, endpoints: &[Endpoint]) -> Result<Vec<u32>, PlanError> {
        let recorded = recorded_endpoints(&self.manifest)?;
        let position = |endpoint| self.position(endpoint, &recorded);
        endpoints.iter().map(position).collect()
    }

    fn position(&self, endpoint: &Endpoint, recorded: &[Endpoint]) -> Result<u32, PlanError> {
        let models = &self.manifest.plan.models;
        let by_name = models.iter().position(|model| model.name == endpoint.name);
        let alike = || {
            let identity = endpoint.identity();
            recorded.iter().position(|one| one.identity() == identity)
        };
        let found = by_name.or_else(alike);
        found
            .and_then(|found| u32::try_from(found).ok())
            .ok_or_else(|| self.never_asked(endpoint))
    }

    fn never_asked(&self, endpoint: &Endpoint) -> PlanError {
        let known = self.manifest.plan.models.iter();
        let known: Vec<_> = known.map(|model| format!("`{}`", model.name)).collect();
        let what = format!(
            "run `{}` has no answers of model `{}`",
            self.manifest.run, endpoint.name
        );
        PlanError::new(ErrorKind::Usage, what).hint(format!(
            "its models are {}; without `-m` they are taken",
            known.join(", ")
        ))
    }
}

/// The endpoints of a run, as it recorded them.
///
/// # Errors
/// When a description is not one.
pub fn recorded_endpoints(manifest: &Manifest) -> Result<Vec<Endpoint>, PlanError> {
    let of_model = |model: &ModelPlan| {
        Endpoint::from_description(&model.endpoint).map_err(|error| {
            let what = format!("run.json: model `{}`: {error}", model.name);
            PlanError::new(ErrorKind::Damaged, what)
        })
    };
    manifest.plan.models.iter().map(of_model).collect()
}

/// The same, each asked at most `concurrency` at once where that is given.
pub(crate) fn asked_again(
    manifest: &Manifest,
    concurrency: Option<u32>,
) -> Result<Vec<Endpoint>, PlanError> {
    let mut endpoints = recorded_endpoints(manifest)?;
    for endpoint in &mut endpoints {
        endpoint.limits.concurrency = concurrency.or(endpoint.limits.concurrency);
    }
    Ok(endpoints)
}
