//! The run that another is compared with, as it was copied into `inputs/baseline/`.
//!
//! Its samples are paired with those of this run by `cleanbench-items`, in the way that the version of the
//! tables says ([`Policy::of_tables`]), so that gates and flips agree with `compare`.

use std::path::Path;

use cleanbench_core::{Aside, Coverage, GateMode, Reducer, SetAside};
use cleanbench_items::{
    Both, Identity, Item, ItemTable, ItemsError, ModelTask, PairKey, Pairing, Partner, Planned,
    Policy, Standing, Terms, check_table, counterpart, quarantine,
};
use cleanbench_items::{RESULTS_FILE, Rules, SUMMARY_FILE};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::{Damage, LedgerError, Manifest, Plan, RunDirectory, SampleRows};

use crate::{ReportError, cell};

/// Folder of a run directory that holds its baseline.
pub const BASELINE_FOLDER: &str = "inputs/baseline";
/// What is copied of a baseline.
pub const BASELINE_FILES: [&str; 3] = ["run.json", RESULTS_FILE, SUMMARY_FILE];

/// Folder of a run directory that holds what came of judging the baseline's answers again.
const ANEW_FOLDER: &str = "inputs/anew";

/// Name of the copy of the file `name`, within the run directory.
pub fn baseline_file(name: &str) -> String {
    format!("{BASELINE_FOLDER}/{name}")
}

/// Whether `run`, whose manifest this is, can be compared with: it has ended, is whole, and its table of
/// results is the one that it recorded.
///
/// # Errors
/// Why it cannot, a lowercase fragment.
pub fn check_baseline(run: &RunDirectory, manifest: &Manifest) -> Result<(), String> {
    if let Some(shard) = manifest.shard {
        return Err(format!(
            "it is shard {shard} of a run; merge the shards first"
        ));
    }
    check_table(run, manifest).map_err(|error| match error {
        ItemsError::Unfinished(_) => {
            "it has not ended in order; go on with it by `--resume`".to_owned()
        }
        ItemsError::Ledger(LedgerError::Damaged(_)) => format!(
            "its {RESULTS_FILE} is not the one that it recorded; see what `cleanbench verify` says"
        ),
        ItemsError::Old { .. } => {
            "it does not say what the model saw; make the baseline again with this version"
                .to_owned()
        }
        other => other.to_string(),
    })
}

/// The baseline of a run, and the samples of the run itself.
#[derive(Debug)]
pub(crate) struct Before {
    base: ItemTable,
    /// The model of the baseline that was named, if one was.
    named: Option<String>,
    /// The samples of each task of this run, in the order of its lines.
    own: Vec<Vec<Identity>>,
    /// The version of the tables of this run.
    tables: u32,
}

/// A task of this run beside the same task of the baseline.
#[derive(Debug)]
pub(crate) struct Facing {
    /// Where it is in the baseline.
    base: ModelTask,
    reducer: Reducer,
    /// The partner of each sample of this run.
    partners: Vec<Partner>,
    base_alone: u64,
    /// Those of them that are in quarantine.
    quarantined_alone: u64,
    /// Whether a gate of the baseline may have ended the task before all of it was asked.
    may_have_ended: bool,
}

impl Before {
    /// The baseline whose copy is in `run`; `None` where the plan has none.
    ///
    /// # Errors
    /// When the samples or the copy are damaged.
    pub(crate) fn open(run: &RunDirectory, plan: &Plan) -> Result<Option<Self>, ReportError> {
        let Some(planned) = &plan.baseline else {
            return Ok(None);
        };
        let mut base = open_copy(&run.file(BASELINE_FOLDER))?;
        if planned.judged_anew {
            let anew = open_copy(&run.file(ANEW_FOLDER))?;
            check_anew(&base.manifest, &anew.manifest)?;
            base.judge_anew(&anew);
        }
        Ok(Some(Self {
            base,
            named: planned.model.clone(),
            own: identities(run, plan)?,
            tables: plan.tables,
        }))
    }

    /// The task of this run at `at` beside that of the baseline.
    ///
    /// # Errors
    /// Why it cannot be compared with it.
    pub(crate) fn facing(
        &self,
        plan: &Plan,
        at: ModelTask,
        mode: GateMode,
    ) -> Result<Facing, String> {
        let base = self.counterpart(plan, at, self.terms(mode))?;
        let items = self.base.items(base.model, base.task);
        let policy = Policy::of_tables(self.tables);
        let pairing = Pairing::by(PairKey::of(mode), items, &self.own[at.task], policy);
        Ok(Facing {
            base,
            reducer: plan.tasks[at.task].reducer,
            partners: pairing.partners(self.own[at.task].len()),
            base_alone: pairing.set_aside().base_alone,
            quarantined_alone: quarantined(items, &pairing.base_alone),
            may_have_ended: self.may_have_ended(base),
        })
    }

    /// The same for flips: whatever gates there are.
    pub(crate) fn facing_for_flips(&self, plan: &Plan, at: ModelTask) -> Option<Facing> {
        let within = |mode| {
            let terms = Terms {
                same_epochs: false,
                ..self.terms(mode)
            };
            let base = self.counterpart(plan, at, terms).ok()?;
            Some((base, PairKey::of(mode)))
        };
        // What a gate compares in two wordings, flips in two wordings.
        let task = &plan.tasks[at.task].name;
        let mut gates = plan.gates.iter();
        let in_prompt = gates
            .any(|gate| gate.mode == GateMode::Prompt && gate.tasks.contains(task))
            .then(|| within(GateMode::Prompt));
        let (base, key) = in_prompt.flatten().or_else(|| within(GateMode::Choice))?;
        let items = self.base.items(base.model, base.task);
        let own = &self.own[at.task];
        let (partners, base_alone) = if self.tables < 4 {
            (partners_before_4(items, own), 0)
        } else {
            let pairing = Pairing::by(key, items, own, Policy::of_tables(self.tables));
            (pairing.partners(own.len()), pairing.set_aside().base_alone)
        };
        Some(Facing {
            base,
            reducer: plan.tasks[at.task].reducer,
            partners,
            base_alone,
            quarantined_alone: 0,
            may_have_ended: self.may_have_ended(base),
        })
    }

    fn may_have_ended(&self, base: ModelTask) -> bool {
        let plan = &self.base.manifest.plan;
        // What a replay did not ask was not on record, whatever a gate would have done.
        plan.may_end_early(&plan.tasks[base.task]) && plan.replay.is_none()
    }

    /// The sample at `place` among those of the baseline that `facing` stands beside.
    pub(crate) fn item(&self, facing: &Facing, place: usize) -> &Item {
        &self.base.items(facing.base.model, facing.base.task)[place]
    }

    /// What the baseline knows of the sample that stands `offset` lines after the first of its task.
    pub(crate) fn standing(&self, facing: &Facing, offset: usize) -> Standing {
        match facing.partner(offset) {
            Partner::Alone => Standing::Absent,
            Partner::Aside(why) => Standing::Aside(why),
            Partner::At(place) => {
                let item = self.item(facing, place);
                Standing::Asked(item.span(facing.reducer, Rules::of_tables(self.tables)))
            }
        }
    }

    /// What must be the same.
    fn terms(&self, mode: GateMode) -> Terms {
        match self.tables {
            // What else the mode wants was checked before the first call, by the rules of that time.
            ..4 => Terms {
                same_suite: false,
                same_model: false,
                same_request: false,
                same_epochs: false,
                ..Terms::of(mode)
            },
            4 => Terms {
                same_epochs: false,
                ..Terms::of(mode)
            },
            _ => Terms::of(mode),
        }
    }

    fn counterpart(&self, plan: &Plan, at: ModelTask, terms: Terms) -> Result<ModelTask, String> {
        let planned = Both {
            base: Planned::of(&self.base.manifest.plan),
            candidate: Planned::of(plan),
        };
        let found = counterpart(planned, at, self.named.as_deref(), terms);
        found.map_err(|reason| reason.to_string())
    }
}

/// Runs whose tables are of a version before 4 paired their samples in quarantine with none.
fn partners_before_4(items: &[Item], own: &[Identity]) -> Vec<Partner> {
    let counting = own.iter().enumerate();
    let counting = counting.filter(|(_, sample)| !sample.is_quarantined);
    let (positions, samples): (Vec<_>, Vec<_>) =
        counting.map(|(at, sample)| (at, sample.clone())).unzip();
    let pairing = Pairing::of(items, &samples, Policy::OF_EARLIER_GATES);
    let mut partners = vec![Partner::Alone; own.len()];
    for (at, partner) in positions.into_iter().zip(pairing.partners(samples.len())) {
        partners[at] = partner;
    }
    partners
}

impl Facing {
    /// Whether there is a pair to compare.
    ///
    /// # Errors
    /// Why there is none, a lowercase fragment.
    pub(crate) fn check(&self) -> Result<(), String> {
        let has_pair = |partner: &Partner| matches!(partner, Partner::At(_));
        if self.partners.iter().any(has_pair) {
            return Ok(());
        }
        let aside = self.set_aside(|_| true);
        Err(if self.partners.iter().all(|one| *one == Partner::Alone) {
            "no sample was put to the model in the same words in the baseline".to_owned()
        } else {
            format!("no sample is left to compare: {}", aside.in_words())
        })
    }

    /// Number of samples of the task in this run.
    pub(crate) fn len(&self) -> usize {
        self.partners.len()
    }

    /// How much is compared, where this run asked the samples of which `was_asked` holds.
    pub(crate) fn coverage(&self, was_asked: impl Fn(usize) -> bool) -> Coverage {
        let counted = self.partners.iter().enumerate();
        let pairs = counted
            .filter(|(offset, partner)| matches!(partner, Partner::At(_)) && was_asked(*offset));
        // A baseline that was ended by its own scores is no sample of a fixed size: what it did not reach is a gap.
        let mut aside = self.set_aside(&was_asked);
        aside.base_alone -= self.quarantined_alone;
        Coverage::of(pairs.count() as u64, &aside)
    }

    /// Whether a gate of the baseline may have ended the task before all of it was asked.
    pub(crate) fn may_have_ended(&self) -> bool {
        self.may_have_ended
    }

    /// Samples of the baseline without a partner.
    pub(crate) fn base_alone(&self) -> u64 {
        self.base_alone
    }

    /// The partner of the sample that stands `offset` lines after the first of its task.
    pub(crate) fn partner(&self, offset: usize) -> Partner {
        self.partners.get(offset).copied().unwrap_or(Partner::Alone)
    }

    /// What is in no pair, where this run asked the samples of which `was_asked` holds.
    pub(crate) fn set_aside(&self, was_asked: impl Fn(usize) -> bool) -> SetAside {
        let mut counts = SetAside {
            base_alone: self.base_alone,
            ..SetAside::default()
        };
        for (offset, partner) in self.partners.iter().enumerate() {
            match partner {
                Partner::Alone => counts.candidate_alone += 1,
                Partner::Aside(why) => counts.count(*why),
                Partner::At(_) if was_asked(offset) => {}
                Partner::At(_) => counts.count(Aside::NotAsked),
            }
        }
        counts
    }
}

/// How many of the samples at `places` are in quarantine.
fn quarantined(items: &[Item], places: &[usize]) -> u64 {
    let is_so = |place: &&usize| items[**place].identity.is_quarantined;
    places.iter().filter(is_so).count() as u64
}

/// The items of the baseline whose files lie in `folder`.
fn open_copy(folder: &Path) -> Result<ItemTable, ReportError> {
    ItemTable::of_files(folder).map_err(|error| match error {
        ItemsError::Ledger(error) => error.into(),
        ItemsError::Csv(error) => {
            LedgerError::from(Damage::whole(BASELINE_FOLDER, error.to_string())).into()
        }
        other => ReportError::Plan(format!("baseline: {other}")),
    })
}

/// Refuses what is no other judgement of the same answers.
fn check_anew(base: &Manifest, anew: &Manifest) -> Result<(), ReportError> {
    let taken = anew.plan.replay.as_ref().map(|replay| &replay.run);
    let names = |plan: &Plan| -> Vec<String> {
        let models = plan.models.iter();
        models.map(|model| model.name.clone()).collect()
    };
    if taken == Some(&base.run) && names(&base.plan) == names(&anew.plan) {
        return Ok(());
    }
    let what = format!("`{ANEW_FOLDER}` does not judge the answers of the baseline");
    Err(ReportError::Plan(what))
}

/// The samples of each task of a run.
fn identities(run: &RunDirectory, plan: &Plan) -> Result<Vec<Vec<Identity>>, ReportError> {
    let quarantine = quarantine(plan);
    let room = |task: &TaskPlan| Vec::with_capacity(usize::try_from(task.samples).unwrap_or(0));
    let mut own: Vec<Vec<Identity>> = plan.tasks.iter().map(room).collect();
    for row in SampleRows::open(run)? {
        let row = row?;
        let task = row.task as usize;
        if let (Some(samples), Some(names)) = (own.get_mut(task), quarantine.get(task)) {
            samples.push(Identity {
                is_quarantined: names.contains(&row.id),
                id: cell::text(&row.id).into(),
                input_digest: row.input_digest,
                sample_digest: row.sample_digest,
            });
        }
    }
    Ok(own)
}
