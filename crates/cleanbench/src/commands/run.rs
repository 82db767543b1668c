//! `cleanbench run`: write the plan down, make the calls, draw the tables.

use cleanbench_core::request::choice_continuations;
use cleanbench_core::{Exit, Form, Method, Reasoning, RunId, Sampling, ScorerSpec};
use cleanbench_engine::{Draft, Input, Opened, PrepareError, prepare, reopen};
use cleanbench_ledger::manifest::{ModelPlan, SuitePlan, TaskPlan};
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{Manifest, Plan, RunDirectory, directory};
use cleanbench_model::{Endpoint, effective};
use cleanbench_suite::{Rendered, Suite};

use super::basis::{Basis, Narrowed};
use super::gating;
use super::probing::{self, Planned};
use super::quarantine;
use super::selection::{Selected, check_samplings, load_suite, select};
use crate::arguments::RunArguments;
use crate::endpoints::check_label;
use crate::failure::Failure;
use crate::foreign::check_commands;
use crate::limits;
use crate::replaying::{Source, recorded_endpoints};
use crate::session::{self, TOOL};
use crate::suite_key;
use crate::talk::{self, Talk};

/// Runs a suite, or goes on with a run.
pub(super) fn run(arguments: &RunArguments, talk: Talk) -> Result<Exit, Failure> {
    if arguments.retry_errors && arguments.resume.is_none() {
        // The parser drops a requirement whose own conflicts are met.
        return Err(Failure::new(
            Exit::Usage,
            "`--retry-errors` goes on with a run, and none is named",
        )
        .hint("add `--resume RUN`, or `--resume` for the latest"));
    }
    if let Some(word) = &arguments.resume {
        let (opened, endpoints, source) = resume(arguments, word, talk)?;
        return session::run(opened, &endpoints, source.as_ref(), arguments, talk);
    }
    let basis = Basis::of(arguments)?;
    let (opened, endpoints) = start(arguments, &basis, talk)?;
    session::run(opened, &endpoints, basis.replay.as_ref(), arguments, talk)
}

/// Writes a new run down that starts from `basis`.
pub(super) fn start(
    arguments: &RunArguments,
    basis: &Basis,
    talk: Talk,
) -> Result<(Opened, Vec<Endpoint>), Failure> {
    let suite = load_suite(arguments.suite.as_ref())?;
    plan(arguments, basis, &suite, talk)
}

/// The same, of a suite that was loaded.
pub(super) fn plan(
    arguments: &RunArguments,
    basis: &Basis,
    suite: &Suite,
    talk: Talk,
) -> Result<(Opened, Vec<Endpoint>), Failure> {
    let selected = basis.narrow(select(suite, &arguments.select)?, talk)?;
    let endpoints = basis.endpoints(arguments, suite)?;
    if endpoints.is_empty() {
        return Err(Failure::new(Exit::Usage, "no model named")
            .hint("pass `-m`, for example `-m http://127.0.0.1:8080/v1#my-model`, or write `models = [\"…\"]` into suite.toml"));
    }
    // A label says what may be sent, and nothing may be where nothing is.
    let asked = if basis.asks() { &endpoints[..] } else { &[] };
    for Selected { task, .. } in &selected {
        check_label(asked, task.sensitivity, || format!("task `{}`", task.name))?;
    }
    let scored = selected.iter().map(|chosen| chosen.task);
    check_commands(
        scored.map(|task| (task.name.as_str(), task.scorers.as_slice())),
        arguments.allow_commands,
    )?;
    session::check_keys(asked)?;
    let has_probes = basis.has_probes();
    let probes = if has_probes {
        probing::plan(suite, &selected, basis.seed(arguments))?
    } else {
        Vec::new()
    };
    if has_probes && suite.probes.is_some() && probes.is_empty() {
        talk::warn(
            "no probe is put: no selected task has controls (`rewording_of`, `isomorph_of` or `control`)",
        );
    }
    let plans = (selected.as_slice(), probes.as_slice());
    let draft = draft((arguments, basis), suite, plans, &endpoints, talk)?;
    limits::check_caps(&arguments.caps.caps(), (&draft.models, &draft.tasks), asked)?;
    let out = draft.out.clone();
    let id = draft.run.clone();
    let first = u32::try_from(selected.len()).unwrap_or(u32::MAX);
    let calls = probes
        .into_iter()
        .zip(first..)
        .flat_map(|(probe, position)| {
            probe
                .calls
                .into_iter()
                .map(move |call| Ok((position, call)))
        });
    let prepared = prepare(draft, samples(&selected, asked).chain(calls));
    if prepared.is_err() {
        discard(&out, &id);
    }
    match prepared {
        Ok(opened) => Ok((opened, endpoints)),
        Err(PrepareError::Sample(failure)) => Err(failure),
        Err(PrepareError::Ledger(error)) => {
            let what = format!(
                "cannot write a run directory in `{}`: {error}",
                out.display()
            );
            Err(Failure::new(Exit::CannotWrite, what).hint(
                "nothing was asked; make room there, or choose another output folder with `-o DIR`, and start again",
            ))
        }
    }
}

/// Removes what a run that could not be planned left behind: nothing was asked, nothing is lost.
fn discard(out: &std::path::Path, id: &RunId) {
    let Ok(entries) = fs_err::read_dir(out) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.ends_with(&format!("-{id}")) && !path.join("run.json").exists() {
            drop(fs_err::remove_dir_all(path));
        }
    }
}

fn draft(
    (arguments, basis): (&RunArguments, &Basis),
    suite: &Suite,
    (selected, probes): (&[Selected<'_>], &[Planned]),
    endpoints: &[Endpoint],
    talk: Talk,
) -> Result<Draft, Failure> {
    let key = suite_key::load_or_make(suite, arguments.shard, talk)?;
    let mut random = [0; 5];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    let mut inputs = vec![
        Input {
            name: "suite.toml".to_owned(),
            bytes: suite.manifest_bytes.clone(),
        },
        Input {
            name: "suite.key".to_owned(),
            bytes: suite_key::file_bytes(&key),
        },
    ];
    inputs.extend(basis.replay.as_ref().map(Source::input));
    let narrowed = basis.narrowed.as_ref();
    let models = endpoints
        .iter()
        .map(|endpoint| model_plan(endpoint, selected, probes))
        .collect::<Result<Vec<_>, _>>()?;
    let tasks = selected
        .iter()
        .map(task_plan)
        .chain(probes.iter().map(|probe| Ok(probe.task.clone())))
        .collect::<Result<Vec<_>, _>>()?;
    let gates = if narrowed.is_some_and(Narrowed::is_picked_by_result) {
        gating::say_left_out(suite);
        Vec::new()
    } else {
        gating::gates(suite, selected)?
    };
    let baseline = gating::baseline(arguments, &gates, (&models, &tasks), &key)?;
    let baseline = baseline.map(|baseline| {
        inputs.extend(baseline.inputs);
        baseline.plan
    });
    let (quarantine, list) = quarantine::plan(suite, selected, &quarantine::today());
    inputs.extend(list);
    Ok(Draft {
        out: arguments.out.out.clone(),
        tool: TOOL.to_owned(),
        run: RunId::from_random(random),
        shard: arguments.shard,
        suite: SuitePlan {
            name: suite.name.clone(),
            version: suite.version.clone(),
            digest: suite.digest,
        },
        models,
        tasks,
        seed: basis.seed(arguments),
        key,
        inputs,
        gates,
        baseline,
        junit: arguments.junit.plan(),
        quarantine,
        replay: basis.replay.as_ref().map(Source::plan),
        selection: narrowed.and_then(|narrowed| narrowed.selection.clone()),
    })
}

fn model_plan(
    endpoint: &Endpoint,
    selected: &[Selected<'_>],
    probes: &[Planned],
) -> Result<ModelPlan, Failure> {
    check_samplings(endpoint, selected)?;
    // A call of a probe brings its own, except that what is remembered is asked for without reasoning.
    let off = Reasoning::Off;
    let can = endpoint.form == Form::Chat && endpoint.profile.reasoning_fields(off).is_some();
    let of_probes = Sampling {
        reasoning: can.then_some(off),
        ..Sampling::default()
    };
    let sampling: Vec<_> = selected
        .iter()
        .map(|chosen| chosen.sampling(endpoint))
        .chain(probes.iter().map(|_| of_probes.clone()))
        .collect();
    let effective = sampling
        .iter()
        .map(|sampling| effective(endpoint, sampling));
    Ok(ModelPlan {
        name: endpoint.name.clone(),
        endpoint: endpoint.describe(),
        effective: effective.collect(),
        sampling,
    })
}

fn task_plan(selected: &Selected<'_>) -> Result<TaskPlan, Failure> {
    let task = selected.task;
    Ok(TaskPlan {
        name: task.name.clone(),
        epochs: selected.epochs,
        samples: selected.samples,
        sensitivity: task.sensitivity,
        scorers: task.scorers.clone(),
        scorers_digest: scorers_digest(&task.scorers)?,
        reducer: task.reducer,
        cluster: task.cluster.clone(),
        slices: task.slices.clone(),
        constraints: task.constraints.clone(),
        definition: task.describe(),
        probe: None,
    })
}

fn scorers_digest(specs: &[ScorerSpec]) -> Result<cleanbench_core::Digest, Failure> {
    let built = session::build_scorers(specs, None)?;
    Ok(cleanbench_score::digest_of(specs, &built))
}

/// The samples of all selected tasks, each refused if a model may not see it.
pub(super) fn samples<'a>(
    selected: &'a [Selected<'a>],
    endpoints: &'a [Endpoint],
) -> impl Iterator<Item = Result<(u32, SampleContent), Failure>> + 'a {
    selected
        .iter()
        .zip(0_u32..)
        .flat_map(move |(chosen, position)| {
            chosen.rendered().map(move |rendered| {
                let rendered = rendered.map_err(|error| Failure::new(Exit::SuiteInvalid, error))?;
                let sample = &rendered.sample;
                check_label(endpoints, sample.sensitivity, || {
                    format!("sample `{}` of task `{}`", sample.id, chosen.task.name)
                })?;
                Ok((
                    position,
                    SampleContent {
                        continuations: continuations(chosen.task.method, &rendered),
                        messages: rendered.messages,
                        sample: rendered.sample,
                        probe: None,
                    },
                ))
            })
        })
}

/// The texts that a task of `method` has weighed.
fn continuations(method: Method, rendered: &Rendered) -> Vec<String> {
    match method {
        Method::Generate => Vec::new(),
        Method::Likelihood => choice_continuations(&rendered.messages, &rendered.sample.choices),
    }
}

fn resume(
    arguments: &RunArguments,
    word: &str,
    talk: Talk,
) -> Result<(Opened, Vec<Endpoint>, Option<Source>), Failure> {
    let run = if word.is_empty() {
        latest(arguments)?
    } else {
        directory::find(&arguments.out.out, word)?
    };
    talk.detail(format!("resuming {}", run.path().display()));
    let opened = reopen(run)?;
    let mut endpoints = recorded_endpoints(&opened.manifest)?;
    for endpoint in &mut endpoints {
        endpoint.limits.concurrency = arguments.max_concurrency.or(endpoint.limits.concurrency);
    }
    let plan = &opened.manifest.plan;
    let source = source_again(arguments, plan)?;
    if source.as_ref().is_none_or(Source::asks) {
        let caps = arguments.caps.caps();
        limits::check_caps(&caps, (&plan.models, &plan.tasks), &endpoints)?;
        session::check_keys(&endpoints)?;
    }
    Ok((opened, endpoints, source))
}

/// The run that a run planned with `plan` takes its answers from.
fn source_again(arguments: &RunArguments, plan: &Plan) -> Result<Option<Source>, Failure> {
    let word = arguments.replay.as_deref();
    match &plan.replay {
        Some(replay) => Source::again(&arguments.out.out, word, replay).map(Some),
        None if word.is_some() => Err(Failure::new(
            Exit::Usage,
            "`--replay` cannot be added to a run that was begun without it",
        )),
        None => Ok(None),
    }
}

fn latest(arguments: &RunArguments) -> Result<RunDirectory, Failure> {
    let out = &arguments.out.out;
    let created = |run: &RunDirectory| {
        Manifest::read(run)
            .map(|manifest| manifest.plan.created)
            .unwrap_or_default()
    };
    directory::list(out)?
        .into_iter()
        .max_by_key(created)
        .ok_or_else(|| {
            Failure::new(
                Exit::NothingSelected,
                format!("there is no run in `{}`", out.display()),
            )
        })
}
