//! What the samples of a suite are worth: how hard they are, whether they separate models, and which of
//! them are suspect.
//!
//! A *respondent* is a model in a run. Statistics of an item are over respondents, so that few of them say
//! little: every figure stands beside its n and its interval, and what needs more than there are is empty.
//!
//! Invariant: a task is said to be saturated only if every two respondents are shown to lie within 5 points
//! of each other; that no difference was found is not enough.
//!
//! Contradictory items are those with the same input to which a model gave the same answer and got another
//! score: scorers are pure, so their targets must differ. Duplicates that no model answered alike stay
//! undetected.

mod duplicates;
mod item;
mod saturation;
mod set_aside;
mod slices;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use duplicates::{Contradiction, Duplicates};
pub use item::{Always, Difficulty, ItemReport};
pub use saturation::{EQUIVALENT, Saturation, Separation};
pub use slices::SliceScore;

use cleanbench_core::SetAside;
use cleanbench_items::{Item, Policy, Side, Treatment, Who};

use crate::compare::{Missing, NotComparable, Options};

/// What is analysed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalysisOptions {
    /// How samples without an answer count when respondents are compared.
    #[serde(default)]
    pub missing: Missing,
    /// Only these tasks; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// What becomes of items that are in quarantine in a run, or differ between runs; results of earlier versions
    /// do not say, and leave none out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

/// The items of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskAnalysis {
    /// Name of the task.
    pub task: String,
    /// Number of items, each input and id counted once.
    pub n: u64,
    /// Items that are in none of the figures; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
    /// Respondents that have the task, by position.
    pub respondents: Vec<usize>,
    /// Items that every respondent always got right.
    pub always_right: u64,
    /// Items that every respondent always got wrong.
    pub always_wrong: u64,
    /// Items that better respondents get wrong more often than worse ones, beyond chance.
    pub negative: u64,
    /// Whether it still separates these models.
    pub saturation: Saturation,
    /// Groups of items with the same input.
    pub duplicates: Duplicates,
    /// Scores by slice, against the rest of the task.
    pub slices: Vec<SliceScore>,
    /// The items, in the order of the first respondent's.
    #[serde(skip)]
    pub items: Vec<ItemReport>,
}

/// The items of a suite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// Name of the suite.
    pub suite: String,
    /// What became of items in quarantine or that differ between runs; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The respondents.
    pub respondents: Vec<Who>,
    /// One entry a task.
    pub tasks: Vec<TaskAnalysis>,
    /// The slice that is worst beyond chance; where none is, the one that is worst.
    pub worst_slice: Option<(String, SliceScore)>,
}

/// Analyses the items that `respondents` were asked.
///
/// # Errors
/// When the respondents were not asked alike, or there are none.
pub fn analyse(
    respondents: &[Side<'_>],
    options: &AnalysisOptions,
) -> Result<Analysis, NotComparable> {
    let first = respondents.first().ok_or(NotComparable::NothingInCommon)?;
    let names = task_names(respondents, &options.tasks)?;
    let mut tasks = Vec::new();
    for name in names {
        tasks.push(of_task(respondents, name, options)?);
    }
    slices::adjust(&mut tasks);
    Ok(Analysis {
        suite: first.table.manifest.plan.suite.name.clone(),
        policy: options.policy,
        respondents: respondents.iter().map(|side| side.who()).collect(),
        worst_slice: slices::worst(&tasks),
        tasks,
    })
}

/// Names of the tasks of all respondents, of those that are wanted, in the order in which they appear.
fn task_names<'a>(
    respondents: &[Side<'a>],
    wanted: &[String],
) -> Result<Vec<&'a str>, NotComparable> {
    let mut names: Vec<&str> = Vec::new();
    for side in respondents {
        for at in side.table.task_positions() {
            let name = side.table.manifest.plan.tasks[at].name.as_str();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if let Some(missing) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(NotComparable::NoSuchTask(missing.clone()));
    }
    names.retain(|name| wanted.is_empty() || wanted.iter().any(|one| one == name));
    Ok(names)
}

/// What a respondent made of a task.
pub(crate) struct Answers<'a> {
    pub(crate) side: Side<'a>,
    pub(crate) reducer: cleanbench_core::Reducer,
    pub(crate) items: Vec<&'a Item>,
}

fn of_task(
    respondents: &[Side<'_>],
    name: &str,
    options: &AnalysisOptions,
) -> Result<TaskAnalysis, NotComparable> {
    let (mut positions, mut answers) = (Vec::new(), Vec::new());
    for (position, side) in respondents.iter().enumerate() {
        let plan = &side.table.manifest.plan;
        if let Some(at) = plan.tasks.iter().position(|task| task.name == name) {
            positions.push(position);
            answers.push(Answers {
                side: *side,
                reducer: plan.tasks[at].reducer,
                items: side.items(at).iter().collect(),
            });
        }
    }
    let earlier = Policy {
        changed: Treatment::Compared,
        ..Policy::OF_EARLIER_COMPARISONS
    };
    let aside = set_aside::leave_out(&mut answers, options.policy.unwrap_or(earlier));
    let compared = Options {
        tasks: vec![name.to_owned()],
        missing: options.missing,
        common: true,
        policy: options.policy,
        ..Options::default()
    };
    let saturation = saturation::of_task(&answers, &compared)?;
    let rules = options.policy.unwrap_or(earlier).rules;
    let items = item::of_task(&answers, rules);
    let duplicates = duplicates::of_task(&answers);
    let number = |fits: fn(&ItemReport) -> bool| {
        u64::try_from(items.iter().filter(|item| fits(item)).count()).unwrap_or(u64::MAX)
    };
    Ok(TaskAnalysis {
        task: name.to_owned(),
        n: number(|_| true),
        set_aside: options.policy.map(|_| aside),
        respondents: positions,
        always_right: number(|item| item.always == Some(Always::Right)),
        always_wrong: number(|item| item.always == Some(Always::Wrong)),
        negative: number(|item| item.is_negative),
        saturation,
        duplicates,
        slices: slices::of_task(&answers, rules),
        items,
    })
}
