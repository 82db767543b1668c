//! Checks of validity: what an endpoint must be able to do before what it does not restore says anything.
//!
//! | check | form | what is asked | passes |
//! |---|---|---|---|
//! | `compliance` | instruction | to repeat a text | nearly all of it comes back |
//! | `compliance` | raw | a beginning that goes on in one way only | it goes on so, at once |
//! | `memory` | both | the rest of a passage that every model has met | ROUGE-L of at least .75, as in `completion` |
//!
//! A model that declines everything, or whose answers are empty, restores no item and no passage either: the checks
//! tell it from one that has not seen the items. They are about an endpoint in a form, not about a task, and belong to
//! no family.
//!
//! Servers are asked for famous passages, embedded models for texts of their own training, as they have met no others;
//! each is judged by its own alone.

mod asking;
mod compliance;
mod memory;
mod texts;
mod validity;

pub use validity::{Check, Validity};

pub(crate) use asking::Asking;
pub(crate) use compliance::Compliance;
pub(crate) use memory::Memory;

use cleanbench_core::probe::{ControlKind, ProbeForm, ProbeItem};
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Sample, Sensitivity};

use crate::arms::Arms;
use texts::{Addressee, Text, texts};

/// Name of the task that their items are of; no suite has it.
pub const TASK: &str = "validity";
/// Names of the checks, in the order in which they are put.
pub const NAMES: [&str; 2] = ["compliance", "memory"];
/// Raised whenever a text, or what is made of it, changes.
const VERSION: u32 = 1;

/// Whom the checks of a run are put to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audience {
    /// Some model is behind a server.
    pub servers: bool,
    /// Some model is an embedded one.
    pub embedded: bool,
}

impl Audience {
    /// Of a run whose models are embedded ones, or not.
    pub fn of(is_embedded: impl IntoIterator<Item = bool>) -> Self {
        let mut audience = Self::default();
        for one in is_embedded {
            audience.embedded |= one;
            audience.servers |= !one;
        }
        audience
    }

    fn includes(self, addressee: Addressee) -> bool {
        match addressee {
            Addressee::All => self.servers || self.embedded,
            Addressee::Servers => self.servers,
            Addressee::Embedded => self.embedded,
        }
    }
}

/// What the check called `name` asks `audience` in `form`, as an arm without controls.
pub fn arms(name: &str, form: ProbeForm, audience: Audience) -> Arms {
    let asked = texts().filter(|text| text.is_of(name, form) && audience.includes(text.addressee));
    Arms {
        suspects: asked.map(item).collect(),
        controls: Vec::new(),
        kind: ControlKind::Sibling,
        published: None,
    }
}

/// Whether a model, embedded or not, is judged by the item of `id`, or by the sample of a call about it.
pub(crate) fn judges(id: &str, is_embedded: bool) -> bool {
    let addressee = id.rsplit('/').nth(1).and_then(Addressee::named);
    addressee.is_some_and(|addressee| Audience::of([is_embedded]).includes(addressee))
}

fn item(text: Text) -> ProbeItem {
    let lines = |text: &str| text.replace("\\n", "\n");
    ProbeItem {
        task: TASK.to_owned(),
        sample: Sample {
            id: format!("{}/{}", text.addressee.as_str(), text.name),
            input: SampleInput::Input(lines(text.shown)),
            target: Some(lines(text.expected).into()),
            choices: Vec::new(),
            choice_rewordings: Vec::new(),
            metadata: serde_json::Map::new(),
            created: None,
            cluster: None,
            rewording_of: None,
            isomorph_of: None,
            images: Vec::new(),
            sensitivity: Sensitivity::Public,
        },
    }
}

#[cfg(test)]
mod tests;
