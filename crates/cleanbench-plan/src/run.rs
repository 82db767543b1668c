//! A new run: everything that is decided before its first call.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use cleanbench_core::{DigestKey, Form, Gate, Reasoning, RunId, Sampling};
use cleanbench_items::Planned;
use cleanbench_ledger::draft::{Draft, Input};
use cleanbench_ledger::manifest::{ModelPlan, Role, SuitePlan, TaskPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::samples::SampleContent;
use cleanbench_model::{Endpoint, effective};
use cleanbench_suite::Suite;

use crate::caps::{Asked, check_caps};
use crate::connect::connect;
use crate::earlier_run::{EarlierRun, Narrowed};
use crate::endpoints::{Placed, check_label, proxies, untested};
use crate::gates::{self, Baseline, Gated};
use crate::judges::{self, Judged, check_commands};
use crate::options::RunOptions;
use crate::probes::{self, PlannedProbe};
use crate::replay::Source;
use crate::selection::{Selected, check_samplings, left_out, select};
use crate::suite_key::{self, SuiteKey};
use crate::{ErrorKind, PlanError, Surroundings, probes_only, quarantine, references};

/// A run that is planned, and not yet written down.
pub struct NewRun<'a> {
    /// The plan.
    pub draft: Draft,
    /// The endpoints of its models, in plan order.
    pub endpoints: Vec<Endpoint>,
    /// Those of them that the user named, or granted something.
    pub named: Vec<Endpoint>,
    /// Its samples with the positions of their tasks, in plan order: read and checked as they are taken.
    pub samples: PlannedSamples<'a>,
    /// The file of the suite's key, where it was made just now.
    pub made_key: Option<PathBuf>,
}

/// Samples of a plan, each with the position of its task.
pub type PlannedSamples<'a> =
    Box<dyn Iterator<Item = Result<(u32, SampleContent), PlanError>> + 'a>;

/// Plans a run of `suite` that starts from `earlier`. What people must know of it is added to `notes`, also when
/// it comes to nothing.
///
/// # Errors
/// Whatever stands in the way of the first call. Nothing was written but, at most, the suite's key.
pub fn plan<'a>(
    options: &RunOptions,
    earlier: &EarlierRun,
    suite: &'a Suite,
    around: Surroundings<'_>,
    notes: &mut Vec<Note>,
) -> Result<NewRun<'a>, PlanError> {
    let mut selected = earlier.narrow(select(suite, &options.select)?, notes)?;
    let probes_only = options.probes_only || earlier.is_of_probes_alone();
    if probes_only {
        probes_only::leave_unasked(&mut selected);
        notes.extend(probes_only::notes(suite));
    }
    let placed = earlier.endpoints(options, suite, around, notes)?;
    if placed.iter().all(|one| one.role == Role::Reference) {
        return Err(no_model());
    }
    let mut planner = Planner {
        options,
        earlier,
        suite,
        around,
        selected,
        probes_only,
        endpoints: Vec::new(),
        roles: Vec::new(),
        named: Vec::new(),
    };
    planner.ask(placed.clone());
    let endpoints = &planner.endpoints;
    notes.extend(proxies(endpoints).chain(untested(endpoints)));
    if !probes_only {
        notes.extend(left_out(endpoints, &planner.selected));
    }
    planner.check(notes)?;
    let mut probes = planner.probes(notes)?;
    if probes.is_empty() && earlier.asks() {
        planner.ask(references::without_probes(
            placed,
            &options.models,
            suite,
            notes,
        )?);
    }
    if earlier.has_checks() {
        probes.extend(probes::checks_beside(&probes, &planner.endpoints)?);
    }
    planner.finish(probes, notes)
}

fn no_model() -> PlanError {
    PlanError::new(ErrorKind::Usage, "no model named")
        .hint("pass `-m`, for example `-m http://127.0.0.1:8080/v1#my-model`, or write `models = [\"…\"]` into suite.toml")
}

/// What a plan is made from.
struct Planner<'a, 'o> {
    options: &'o RunOptions,
    earlier: &'o EarlierRun,
    suite: &'a Suite,
    around: Surroundings<'o>,
    selected: Vec<Selected<'a>>,
    /// Whether the tasks are not asked.
    probes_only: bool,
    endpoints: Vec<Endpoint>,
    /// What each of them is asked for.
    roles: Vec<Role>,
    named: Vec<Endpoint>,
}

impl<'a> Planner<'a, '_> {
    /// Takes `placed` for those that are asked.
    fn ask(&mut self, placed: Vec<Placed>) {
        let answered = |one: &&Placed| one.is_named || !one.endpoint.asks().is_empty();
        let named = placed.iter().filter(answered);
        self.named = named.map(|one| one.endpoint.clone()).collect();
        self.roles = placed.iter().map(|one| one.role).collect();
        self.endpoints = placed.into_iter().map(|one| one.endpoint).collect();
    }

    /// The endpoints that are really asked: a label says what may be sent, and nothing may be where nothing is.
    fn asked(&self) -> &[Endpoint] {
        if self.earlier.asks() {
            &self.endpoints
        } else {
            &[]
        }
    }

    /// Refuses what must not be sent, run, or cannot be asked.
    fn check(&self, notes: &mut Vec<Note>) -> Result<(), PlanError> {
        let asked = self.asked();
        for Selected { task, .. } in &self.selected {
            check_label(asked, task.sensitivity, || format!("task `{}`", task.name))?;
        }
        let judged = self.selected.iter().filter(|chosen| chosen.is_asked());
        let judged = judged.map(|chosen| Judged {
            task: &chosen.task.name,
            scorers: &chosen.task.scorers,
        });
        check_commands(judged, self.options.allow_commands)?;
        connect(asked, self.around.variables, notes).map(drop)
    }

    fn probes(&self, notes: &mut Vec<Note>) -> Result<Vec<PlannedProbe>, PlanError> {
        if !self.earlier.has_probes() {
            return Ok(Vec::new());
        }
        let wanted = if self.probes_only && self.earlier.imported.is_some() {
            notes.extend(probes_only::not_elsewhere(self.suite));
            Some(Cow::Owned(probes_only::put_elsewhere(self.suite)?))
        } else {
            probes_only::wanted(self.suite, self.probes_only)
        };
        let probes = probes::plan(wanted.as_deref(), &self.selected, self.seed())?;
        if self.probes_only && probes.is_empty() {
            return Err(probes_only::no_controls(&self.selected));
        }
        if self.suite.probes.is_some() && probes.is_empty() {
            let text = "no probe is put: no selected task has controls (`rewording_of`, `isomorph_of` or `control`)";
            notes.push(Note::new(NoteKind::NoProbes, text));
        }
        Ok(probes)
    }

    fn seed(&self) -> u64 {
        self.earlier.seed(self.options)
    }

    fn finish(
        self,
        probes: Vec<PlannedProbe>,
        notes: &mut Vec<Note>,
    ) -> Result<NewRun<'a>, PlanError> {
        let SuiteKey { key, made, note } = suite_key::load_or_make(self.suite, self.options.shard)?;
        notes.extend(note);
        let mut draft = self.draft(key, &probes, notes)?;
        let asked = Asked {
            models: &draft.models,
            tasks: &draft.tasks,
            endpoints: self.asked(),
        };
        notes.extend(check_caps(self.options.caps, asked)?);
        draft.notes.clone_from(notes);
        let asked = self.asked().into();
        Ok(NewRun {
            draft,
            samples: samples(self.selected, asked, probes),
            endpoints: self.endpoints,
            named: self.named,
            made_key: made,
        })
    }

    fn draft(
        &self,
        key: DigestKey,
        probes: &[PlannedProbe],
        notes: &mut Vec<Note>,
    ) -> Result<Draft, PlanError> {
        let models = self.models(probes.len())?;
        let tasks = self.tasks(probes)?;
        let gates = self.gates(notes)?;
        let gated = Gated {
            gates: &gates,
            planned: Planned {
                suite: &self.suite.name,
                models: &models,
                tasks: &tasks,
            },
            key: suite_key::file_digest(&key),
        };
        let baseline = gates::baseline(self.options, gated, notes)?;
        if baseline.is_none() && !self.probes_only {
            notes.extend(gates::without_baseline(&gates));
        }
        let quarantine = quarantine::entries(self.suite, &self.selected, self.around.today);
        notes.extend(quarantine::expired(&quarantine));
        let mut inputs = self.inputs(&key);
        let baseline = baseline.map(
            |Baseline {
                 plan,
                 inputs: files,
             }| {
                inputs.extend(files);
                plan
            },
        );
        inputs.extend(quarantine::input(self.suite, &quarantine));
        let narrowed = self.earlier.narrowed.as_ref();
        Ok(Draft {
            out: self.options.out.clone(),
            tool: self.around.tool.to_owned(),
            run: new_id()?,
            shard: self.options.shard,
            suite: suite_plan(self.suite),
            models,
            tasks,
            seed: self.seed(),
            key,
            inputs,
            gates,
            baseline,
            junit: self.options.junit,
            quarantine,
            replay: self.earlier.replay.as_ref().map(Source::plan),
            selection: narrowed.and_then(|narrowed| narrowed.selection.clone()),
            imported: self.earlier.log().cloned(),
            notes: Vec::new(),
        })
    }

    fn models(&self, probes: usize) -> Result<Vec<ModelPlan>, PlanError> {
        let planned = self.endpoints.iter().zip(&self.roles);
        let plan = |(endpoint, role): (&Endpoint, &Role)| {
            model_plan(endpoint, *role, &self.selected, probes)
        };
        planned.map(plan).collect()
    }

    fn tasks(&self, probes: &[PlannedProbe]) -> Result<Vec<TaskPlan>, PlanError> {
        let tasks = self.selected.iter().map(task_plan);
        let probes = probes.iter().map(|probe| Ok(probe.task.clone()));
        tasks.chain(probes).collect()
    }

    fn gates(&self, notes: &mut Vec<Note>) -> Result<Vec<Gate>, PlanError> {
        let narrowed = self.earlier.narrowed.as_ref();
        if narrowed.is_some_and(Narrowed::is_picked_by_result) {
            notes.extend(gates::left_out(self.suite));
            return Ok(Vec::new());
        }
        let mut gates = gates::gates(self.suite, &self.selected)?;
        notes.extend(gates::of_others(self.suite, &self.selected));
        if self.probes_only {
            probes_only::decide_nothing_by_scores(&mut gates);
        }
        Ok(gates)
    }

    fn inputs(&self, key: &DigestKey) -> Vec<Input> {
        let manifest = Input {
            name: "suite.toml".to_owned(),
            bytes: self.suite.manifest_bytes.clone(),
        };
        let key = Input {
            name: "suite.key".to_owned(),
            bytes: suite_key::file_bytes(key),
        };
        let replayed = self.earlier.replay.as_ref().map(Source::input);
        [manifest, key].into_iter().chain(replayed).collect()
    }
}

fn new_id() -> Result<RunId, PlanError> {
    let mut random = [0; 5];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    Ok(RunId::from_random(random))
}

fn suite_plan(suite: &Suite) -> SuitePlan {
    SuitePlan {
        name: suite.name.clone(),
        version: suite.version.clone(),
        digest: suite.digest,
    }
}

fn model_plan(
    endpoint: &Endpoint,
    role: Role,
    selected: &[Selected<'_>],
    probes: usize,
) -> Result<ModelPlan, PlanError> {
    check_samplings(endpoint, selected)?;
    let of_tasks = selected.iter().map(|chosen| chosen.sampling(endpoint));
    let of_probes = std::iter::repeat_n(probe_sampling(endpoint), probes);
    let sampling: Vec<_> = of_tasks.chain(of_probes).collect();
    let known = sampling.iter();
    let known = known.map(|sampling| effective(endpoint, sampling));
    Ok(ModelPlan {
        name: endpoint.name.clone(),
        endpoint: endpoint.describe(),
        effective: known.collect(),
        sampling,
        role,
    })
}

/// A call of a probe brings its own sampling, except that what is remembered is asked for without reasoning.
fn probe_sampling(endpoint: &Endpoint) -> Sampling {
    let off = Reasoning::Off;
    let can = endpoint.form == Form::Chat && endpoint.profile.reasoning_fields(off).is_some();
    Sampling {
        reasoning: can.then_some(off),
        ..Sampling::default()
    }
}

fn task_plan(selected: &Selected<'_>) -> Result<TaskPlan, PlanError> {
    let task = selected.task;
    Ok(TaskPlan {
        name: task.name.clone(),
        epochs: selected.epochs,
        samples: selected.samples,
        sensitivity: task.sensitivity,
        scorers: task.scorers.clone(),
        scorers_digest: judges::digest(&task.scorers)?,
        reducer: task.reducer,
        cluster: task.cluster.clone(),
        slices: task.slices.clone(),
        constraints: task.constraints.clone(),
        definition: task.describe(),
        probe: None,
    })
}

/// The samples of all `selected` tasks, each refused if one of `asked` may not see it, and then the calls of
/// `probes`.
pub(crate) fn samples(
    selected: Vec<Selected<'_>>,
    asked: Arc<[Endpoint]>,
    probes: Vec<PlannedProbe>,
) -> PlannedSamples<'_> {
    let first = u32::try_from(selected.len()).unwrap_or(u32::MAX);
    let of_tasks = selected.into_iter().zip(0_u32..);
    let of_tasks = of_tasks.flat_map(move |(chosen, position)| {
        let contents = chosen.contents(Arc::clone(&asked));
        contents.map(move |content| Ok((position, content?)))
    });
    let of_probes = probes.into_iter().zip(first..);
    let of_probes = of_probes.flat_map(|(probe, position)| {
        let calls = probe.calls.into_iter();
        calls.map(move |call| Ok((position, call)))
    });
    Box::new(of_tasks.chain(of_probes))
}
