//! The keys of `[probes]`.

use cleanbench_core::probe::ProbeForm;
use toml::de::{DeTable, DeValue};

use crate::at::At;
use crate::diagnostic::Fault;
use crate::toml_read::{Node, Reader};
use crate::words::{did_you_mean, shown};

const KNOWN: [&str; 5] = ["use", "items", "forms", "prompts", "early_stop"];
const FORMS: [ProbeForm; 2] = [ProbeForm::Raw, ProbeForm::Instruction];
/// Most items of a task that are put to a probe, where the suite gives no number.
pub const DEFAULT_ITEMS: u64 = 1_000;
/// Items are held in memory while calls are planned.
const MOST_ITEMS: i64 = 20_000;

/// What the table says; names and files are not yet looked at.
#[derive(Debug)]
pub(crate) struct ProbeTable {
    pub(crate) names: Vec<At<String>>,
    pub(crate) items: u64,
    /// The forms in which probes are put.
    pub(crate) forms: Vec<ProbeForm>,
    /// Name of the probe and path of its prompt.
    pub(crate) prompts: Vec<(At<String>, At<String>)>,
    pub(crate) early_stop: bool,
}

impl ProbeTable {
    /// Reads the table, whose key is at `at`.
    pub(crate) fn read(reader: &mut Reader<'_>, at: usize, table: &DeTable<'_>) -> Option<Self> {
        let mut read = Self {
            names: Vec::new(),
            items: DEFAULT_ITEMS,
            forms: FORMS.to_vec(),
            prompts: Vec::new(),
            early_stop: false,
        };
        for (key, node) in table {
            match key.get_ref().as_ref() {
                "use" => read.names = reader.texts("use", node)?,
                "items" => {
                    let items = reader.whole("items", node, 1..=MOST_ITEMS)?;
                    read.items = u64::try_from(items).unwrap_or(DEFAULT_ITEMS);
                }
                "forms" => read.forms = read_forms(reader, node)?,
                "early_stop" => read.early_stop = reader.boolean("early_stop", node)?,
                "prompts" => read.prompts = read_prompts(reader, node)?,
                other => reader.unknown_key(other, key.span().start, "[probes]", &KNOWN),
            }
        }
        if read.names.is_empty() {
            let fault = Fault::new(at, "`[probes]` uses no probe");
            reader.fault(fault.hint("write `use = [\"completion\"]`, or remove the table"));
            return None;
        }
        Some(read)
    }

    /// Whether a probe is put in the form that has a prompt.
    fn has_prompts(&self) -> bool {
        self.forms.contains(&ProbeForm::Instruction)
    }

    /// Reports names that are not among `known`, and names that stand there twice.
    pub(crate) fn faults(&self, known: &[&str]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (position, name) in self.names.iter().enumerate() {
            if self.names[..position]
                .iter()
                .any(|before| before.value == name.value)
            {
                let message = format!("the probe {} stands there twice", shown(&name.value));
                faults.push(Fault::new(name.at, message));
            }
        }
        let prompted = self.prompts.iter().map(|(name, _)| name);
        if let Some(prompt) = prompted.clone().next().filter(|_| !self.has_prompts()) {
            let message = "prompts are for the `instruction` form, which `forms` leaves out";
            faults.push(Fault::new(prompt.at, message));
        }
        for name in self.names.iter().chain(prompted) {
            if !known.contains(&name.value.as_str()) {
                let message = format!("unknown probe {}", shown(&name.value));
                let list = format!("known probes: {}", known.join(", "));
                let hint = did_you_mean(&name.value, known.iter().copied())
                    .map_or(list.clone(), |near| format!("{near} {list}"));
                faults.push(Fault::new(name.at, message).hint(hint));
            }
        }
        faults
    }
}

/// The forms that `node` names, each once, in the order in which probes are put.
fn read_forms(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Vec<ProbeForm>> {
    let named = reader.texts("forms", node)?;
    let mut is_fine = true;
    for (position, name) in named.iter().enumerate() {
        let earlier = &named[..position];
        let fault = if FORMS.iter().all(|form| form.as_str() != name.value) {
            format!("unknown form {}", shown(&name.value))
        } else if earlier.iter().any(|before| before.value == name.value) {
            format!("the form {} stands there twice", shown(&name.value))
        } else {
            continue;
        };
        is_fine = false;
        reader.fault(Fault::new(name.at, fault).hint("known forms: raw, instruction"));
    }
    if named.is_empty() {
        is_fine = false;
        let fault = Fault::new(node.span().start, "`forms` names no form");
        reader.fault(fault.hint("write `forms = [\"raw\"]`, or leave it out for both forms"));
    }
    let is_named = |form: &ProbeForm| named.iter().any(|name| name.value == form.as_str());
    is_fine.then(|| FORMS.into_iter().filter(is_named).collect())
}

fn read_prompts(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Vec<(At<String>, At<String>)>> {
    let DeValue::Table(table) = node.get_ref() else {
        let fault = Fault::new(node.span().start, "`prompts` must be a table");
        reader.fault(fault.hint("write `prompts = { completion = \"completion.txt\" }`"));
        return None;
    };
    let entries = table.iter().map(|(key, value)| {
        let name = At {
            value: key.get_ref().clone().into_owned(),
            at: key.span().start,
        };
        Some((name, reader.text("each of prompts", value)?))
    });
    entries.collect()
}
