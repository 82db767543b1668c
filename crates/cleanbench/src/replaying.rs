//! The run whose recorded answers are taken instead of asking.
//!
//! Invariant: where what is missing is skipped, no client is made and no key is read.

use std::path::Path;
use std::sync::Arc;

use cleanbench_core::{Exit, Model};
use cleanbench_engine::{Input, ModelReplay};
use cleanbench_ledger::manifest::{Missing, REPLAYED_FILE, ReplayPlan};
use cleanbench_ledger::{Manifest, ReplaySource, RunDirectory, directory};
use cleanbench_model::{Endpoint, OfflineModel};

use crate::endpoints::{self, connect};
use crate::environment::Environment;
use crate::failure::Failure;

/// A run whose answers are taken, and what becomes of calls that it has no answer to.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) run: RunDirectory,
    pub(crate) manifest: Manifest,
    pub(crate) missing: Missing,
    /// Its `run.json`.
    bytes: Vec<u8>,
}

impl Source {
    /// The run that `word` means in `out`.
    pub(crate) fn open(out: &Path, word: &str, missing: Missing) -> Result<Self, Failure> {
        let run = directory::find(out, word)?;
        let manifest = Manifest::read(&run)?;
        let bytes = fs_err::read(run.file("run.json"))?;
        Ok(Self {
            run,
            manifest,
            missing,
            bytes,
        })
    }

    /// The run that a run under way, planned with `plan`, takes its answers from: the one that `word`
    /// names, else the one with that id in `out`.
    pub(crate) fn again(
        out: &Path,
        word: Option<&str>,
        plan: &ReplayPlan,
    ) -> Result<Self, Failure> {
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
            return Err(Failure::new(Exit::Usage, what));
        }
        Ok(found)
    }

    /// Whether calls without a recorded answer are made.
    pub(crate) fn asks(&self) -> bool {
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

    /// The endpoints that it asked.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        recorded_endpoints(&self.manifest)
    }

    /// What is replayed for each of `endpoints`: the answers of the model of the same name, else of one at
    /// the same endpoint.
    pub(crate) fn of_models(&self, endpoints: &[Endpoint]) -> Result<Vec<ModelReplay>, Failure> {
        let recorded = self.endpoints()?;
        let source = Arc::new(ReplaySource::open(&self.run, &self.manifest)?);
        let replay = |endpoint: &Endpoint| {
            let model = self.position(endpoint, &recorded)?;
            Ok(ModelReplay {
                source: Arc::clone(&source),
                model,
                missing: self.missing,
            })
        };
        endpoints.iter().map(replay).collect()
    }

    /// Refuses models that the run never asked.
    pub(crate) fn check_models(&self, endpoints: &[Endpoint]) -> Result<(), Failure> {
        let recorded = self.endpoints()?;
        let check = |endpoint| self.position(endpoint, &recorded).map(drop);
        endpoints.iter().try_for_each(check)
    }

    /// Position of the model whose answers stand for those of `endpoint`.
    fn position(&self, endpoint: &Endpoint, recorded: &[Endpoint]) -> Result<u32, Failure> {
        let models = &self.manifest.plan.models;
        let by_name = models.iter().position(|model| model.name == endpoint.name);
        let alike = || {
            let identity = endpoint.identity();
            recorded.iter().position(|one| one.identity() == identity)
        };
        let found = by_name.or_else(alike);
        found
            .and_then(|found| u32::try_from(found).ok())
            .ok_or_else(|| {
                let known: Vec<_> = models
                    .iter()
                    .map(|model| format!("`{}`", model.name))
                    .collect();
                Failure::new(
                    Exit::Usage,
                    format!(
                        "run `{}` has no answers of model `{}`",
                        self.manifest.run, endpoint.name
                    ),
                )
                .hint(format!(
                    "its models are {}; without `-m` they are taken",
                    known.join(", ")
                ))
            })
    }
}

/// The endpoints of a run, as it recorded them.
pub(crate) fn recorded_endpoints(manifest: &Manifest) -> Result<Vec<Endpoint>, Failure> {
    let of_model = |model: &cleanbench_ledger::manifest::ModelPlan| {
        Endpoint::from_description(&model.endpoint).map_err(|error| {
            Failure::new(
                Exit::VerifyFailed,
                format!("run.json: model `{}`: {error}", model.name),
            )
        })
    };
    manifest.plan.models.iter().map(of_model).collect()
}

/// Makes models of endpoints: such as can be asked, or where nothing is asked at all, such as cannot.
pub(crate) fn models(
    endpoints: &[Endpoint],
    source: Option<&Source>,
) -> Result<Vec<Arc<dyn Model>>, Failure> {
    if source.is_none_or(Source::asks) {
        return connect(endpoints, &Environment::load()?);
    }
    let offline = |endpoint: &Endpoint| {
        if endpoint.is_embedded() {
            return endpoints::embedded(endpoint);
        }
        Ok(Arc::new(OfflineModel::new(endpoint)) as Arc<dyn Model>)
    };
    endpoints.iter().map(offline).collect()
}
