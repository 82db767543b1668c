//! The keys of a `[[task]]` table, which may also stand in `[defaults]`.
//!
//! Refused with "not yet supported" rather than ignored: `generate.seed`.

use std::sync::Arc;

use cleanbench_core::history::MOST_EPOCHS;
use cleanbench_core::probe::ControlKind;
use cleanbench_core::reducer::UnknownReducer;
use cleanbench_core::{Method, Reasoning, Reducer, Role, Sampling, ScorerSpec, Sensitivity};
use toml::de::{DeTable, DeValue};

use crate::at::At;
use crate::choices;
use crate::constraint_table::{self, ConstraintTable};
use crate::diagnostic::Fault;
use crate::draft::{date, not_yet, sensitivity};
use crate::fewshot_table::FewShotTable;
use crate::fields::Fields;
use crate::fields_table;
use crate::messages::{self, role};
use crate::reading_keys::{self, ReadingKey};
use crate::scorer_entry::ScorerEntry;
use crate::suite::Control;
use crate::toml_read::{Node, Reader};
use crate::words::{did_you_mean, shown};

/// Keys that this version reads.
const KNOWN: [&str; 23] = [
    "name",
    "data",
    "fields",
    "shuffle_choices",
    "sensitivity",
    "released",
    "system",
    "prompt",
    "prompt_file",
    "messages",
    "choices",
    "method",
    "control",
    "never_sent",
    "scorers",
    "tags",
    "epochs",
    "generate",
    "fewshot",
    "primary",
    "reducer",
    "cluster",
    "slices",
];

/// Keys of `generate`; the last is refused.
const GENERATE: [&str; 6] = [
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "reasoning",
    "seed",
];

/// How a task words its question.
#[derive(Debug, Clone)]
pub(crate) enum Wording {
    Prompt(At<String>),
    File(At<String>),
    Messages(Vec<Turn>),
}

/// A message of a task's wording.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) text: At<String>,
    /// Paths of the images that go with it to every sample.
    pub(crate) images: Vec<At<String>>,
}

/// Whether options are shuffled, and by which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shuffle {
    No,
    By(u64),
}

impl Shuffle {
    /// The seed, where options are shuffled.
    pub(crate) fn seed(self) -> Option<u64> {
        match self {
            Self::No => None,
            Self::By(seed) => Some(seed),
        }
    }
}

/// What a table says; None where it says nothing (or something wrong, which is logged).
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskTable {
    pub(crate) name: Option<At<String>>,
    pub(crate) data: Option<At<String>>,
    pub(crate) fields: Option<Arc<Fields>>,
    pub(crate) shuffle_choices: Option<Shuffle>,
    pub(crate) sensitivity: Option<Sensitivity>,
    pub(crate) released: Option<String>,
    pub(crate) system: Option<At<String>>,
    pub(crate) wording: Option<Wording>,
    pub(crate) choices: Option<Vec<String>>,
    pub(crate) scorers: Option<Vec<ScorerEntry>>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) epochs: Option<u32>,
    pub(crate) method: Option<At<Method>>,
    pub(crate) control: Option<At<Control>>,
    /// Name of the task of items that were never sent anywhere.
    pub(crate) never_sent: Option<At<String>>,
    pub(crate) sampling: Sampling,
    pub(crate) constraints: ConstraintTable,
    pub(crate) fewshot: Option<FewShotTable>,
    pub(crate) primary: Option<At<String>>,
    pub(crate) reducer: Option<At<Reducer>>,
    pub(crate) cluster: Option<At<String>>,
    pub(crate) slices: Option<Vec<At<String>>>,
    /// How its answers are read.
    pub(crate) reading: Vec<ReadingKey>,
}

impl TaskTable {
    /// Reads a table called `what` in messages.
    pub(crate) fn read(reader: &mut Reader<'_>, what: &str, table: &DeTable<'_>) -> Self {
        let mut fields = Self::default();
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            if constraint_table::KEYS.contains(&name) {
                fields.constraints.read_key(reader, name, node);
            } else if reading_keys::KEYS.contains(&name) {
                let read = reading_keys::read(reader, name, node);
                fields.reading.extend(read);
            } else if KNOWN.contains(&name) {
                fields.read_key(reader, name, node);
            } else {
                let known = KNOWN.into_iter().chain(constraint_table::KEYS);
                let known: Vec<_> = known.chain(reading_keys::KEYS).collect();
                reader.unknown_key(name, key.span().start, what, &known);
            }
        }
        check_wordings(reader, table);
        fields
    }

    fn read_key(&mut self, reader: &mut Reader<'_>, name: &str, node: &Node<'_>) {
        match name {
            "name" => self.name = reader.plain_name(name, node),
            "data" => self.data = reader.text(name, node),
            "fields" => self.fields = fields_table::read(reader, name, node).map(Arc::new),
            "shuffle_choices" => self.shuffle_choices = read_shuffle(reader, name, node),
            "sensitivity" => self.sensitivity = read_sensitivity(reader, name, node),
            "released" => self.released = read_released(reader, name, node),
            "system" => self.system = reader.string(name, node),
            "prompt" => self.wording = reader.string(name, node).map(Wording::Prompt),
            "prompt_file" => self.wording = reader.text(name, node).map(Wording::File),
            "messages" => self.wording = read_messages(reader, name, node).map(Wording::Messages),
            "choices" => self.choices = read_choices(reader, name, node),
            "scorers" => self.scorers = read_scorers(reader, name, node),
            "method" => self.method = read_method(reader, name, node),
            "control" => self.control = read_control(reader, name, node),
            "never_sent" => self.never_sent = reader.text(name, node),
            "fewshot" => self.fewshot = FewShotTable::read(reader, name, node),
            "primary" => self.primary = reader.text(name, node),
            "reducer" => self.reducer = read_reducer(reader, name, node),
            "cluster" => self.cluster = reader.text(name, node),
            "slices" => self.slices = read_slices(reader, name, node),
            "tags" => {
                let tags = reader.texts(name, node);
                self.tags = tags.map(|tags| tags.into_iter().map(|tag| tag.value).collect());
            }
            "epochs" => {
                let number = reader.whole(name, node, 1..=i64::from(MOST_EPOCHS));
                self.epochs = number.and_then(|number| u32::try_from(number).ok());
            }
            _ => self.sampling = read_generate(reader, name, node),
        }
    }

    /// This table where it says something, else `base`.
    pub(crate) fn or(self, base: &Self) -> Self {
        Self {
            name: self.name,
            data: self.data,
            fields: self.fields.or_else(|| base.fields.clone()),
            shuffle_choices: self.shuffle_choices.or(base.shuffle_choices),
            sensitivity: self.sensitivity.or(base.sensitivity),
            released: self.released.or_else(|| base.released.clone()),
            system: self.system.or_else(|| base.system.clone()),
            wording: self.wording.or_else(|| base.wording.clone()),
            choices: self.choices.or_else(|| base.choices.clone()),
            scorers: self.scorers.or_else(|| base.scorers.clone()),
            tags: self.tags.or_else(|| base.tags.clone()),
            epochs: self.epochs.or(base.epochs),
            method: self.method.or_else(|| base.method.clone()),
            control: self.control.or_else(|| base.control.clone()),
            never_sent: self.never_sent.or_else(|| base.never_sent.clone()),
            sampling: self.sampling.or(&base.sampling),
            constraints: self.constraints.or(&base.constraints),
            fewshot: self.fewshot.or_else(|| base.fewshot.clone()),
            primary: self.primary.or_else(|| base.primary.clone()),
            reducer: self.reducer.or_else(|| base.reducer.clone()),
            cluster: self.cluster.or_else(|| base.cluster.clone()),
            slices: self.slices.or_else(|| base.slices.clone()),
            reading: reading_keys::or(self.reading, &base.reading),
        }
    }
}

/// Reads a truth value, or a table with a seed.
fn read_shuffle(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Shuffle> {
    let DeValue::Table(table) = node.get_ref() else {
        let is_wanted = reader.boolean(name, node)?;
        return Some(if is_wanted {
            Shuffle::By(0)
        } else {
            Shuffle::No
        });
    };
    let mut seed = 0;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "seed" => {
                let number = reader.whole("seed", value, 0..=i64::MAX)?;
                seed = number.unsigned_abs();
            }
            other => reader.unknown_key(other, key.span().start, name, &["seed"]),
        }
    }
    Some(Shuffle::By(seed))
}

fn read_reducer(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<At<Reducer>> {
    let word = reader.text(name, node)?;
    let found = word.value.parse().map_err(|error: UnknownReducer| {
        let message = format!("unknown reducer {}", shown(&word.value));
        Fault::new(word.at, message).hint(error.to_string())
    });
    let value = reader.accept(found)?;
    Some(At { value, at: word.at })
}

fn read_slices(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Vec<At<String>>> {
    let fields = reader.texts(name, node)?;
    for (position, field) in fields.iter().enumerate() {
        if fields[..position]
            .iter()
            .any(|before| before.value == field.value)
        {
            let message = format!("the field {} stands there twice", shown(&field.value));
            reader.fault(Fault::new(field.at, message));
        }
    }
    Some(fields)
}

/// At most one way of wording the question may be used in one table.
fn check_wordings(reader: &mut Reader<'_>, table: &DeTable<'_>) {
    let wordings = ["prompt", "prompt_file", "messages"];
    let mut used: Vec<_> = table
        .keys()
        .filter(|key| wordings.contains(&key.get_ref().as_ref()))
        .collect();
    used.sort_by_key(|key| key.span().start);
    if let [first, rest @ ..] = used.as_slice() {
        for key in rest {
            let message = format!("both `{}` and `{}`", first.get_ref(), key.get_ref());
            reader.fault(Fault::new(key.span().start, message).hint("keep one of them"));
        }
    }
}

fn read_sensitivity(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Sensitivity> {
    let word = reader.string(name, node)?;
    reader.accept(sensitivity(&word.value, word.at))
}

fn read_released(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<String> {
    let text = match node.get_ref() {
        DeValue::Datetime(moment) => At {
            value: moment.to_string(),
            at: node.span().start,
        },
        _ => reader.string(name, node)?,
    };
    reader.accept(date(name, text.value, text.at))
}

fn read_method(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<At<Method>> {
    let word = reader.string(name, node)?;
    let found = Method::ALL
        .into_iter()
        .find(|method| method.as_str() == word.value);
    let fault = || {
        let message = format!("unknown method {}", shown(&word.value));
        Fault::new(word.at, message).hint("it is `generate` or `likelihood`")
    };
    let value = reader.accept(found.ok_or_else(fault))?;
    Some(At { value, at: word.at })
}

fn read_control(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<At<Control>> {
    let at = node.span().start;
    let (mut task, mut kind) = (None, None);
    for (key, value) in reader.table(name, node)? {
        match key.get_ref().as_ref() {
            "task" => task = Some(reader.text("task", value)?.value),
            "kind" => kind = Some(read_control_kind(reader, value)?),
            other => reader.unknown_key(other, key.span().start, "control", &["task", "kind"]),
        }
    }
    let (Some(task), Some(kind)) = (task, kind) else {
        reader.fault(Fault::new(at, "`control` needs `task` and `kind`"));
        return None;
    };
    Some(At {
        value: Control { task, kind },
        at,
    })
}

fn read_control_kind(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<ControlKind> {
    let declared = [
        ControlKind::Sibling,
        ControlKind::PostCutoff,
        ControlKind::Private,
    ];
    let word = reader.string("kind", node)?;
    let found = declared
        .into_iter()
        .find(|kind| kind.as_str() == word.value);
    let fault = || {
        let message = format!("unknown kind of control {}", shown(&word.value));
        let hint = "it is `sibling`, `post_cutoff` or `private`; rewordings and isomorphs are named by their samples, with `rewording_of` and `isomorph_of`";
        Fault::new(word.at, message).hint(hint)
    };
    reader.accept(found.ok_or_else(fault))
}

fn read_choices(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Vec<String>> {
    let texts = reader.texts(name, node)?;
    let places: Vec<_> = texts.iter().map(|text| text.at).collect();
    let texts: Vec<_> = texts.into_iter().map(|text| text.value).collect();
    let Some((index, message)) = choices::fault_of(&texts) else {
        return Some(texts);
    };
    let place = places.get(index).filter(|_| places.len() > 1);
    reader.fault(Fault::new(
        place.copied().unwrap_or(node.span().start),
        message,
    ));
    None
}

fn read_messages(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Vec<Turn>> {
    let elements = reader.array(name, node)?;
    if elements.is_empty() {
        reader.fault(Fault::new(node.span().start, "`messages` is empty"));
    }
    let messages: Vec<_> = elements
        .iter()
        .map(|element| read_message(reader, element))
        .collect();
    messages.into_iter().collect()
}

fn read_message(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Turn> {
    let table = reader.table("each of messages", node)?;
    let (mut found_role, mut content) = (None, None);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "role" => {
                let word = reader.string("role", value)?;
                found_role = Some(reader.accept(role(&word.value, word.at))?);
            }
            "content" => content = Some(read_content(reader, value)?),
            other => reader.unknown_key(other, key.span().start, "a message", &["role", "content"]),
        }
    }
    if found_role.is_none() || content.is_none() {
        let fault = Fault::new(node.span().start, "a message needs `role` and `content`");
        reader.fault(fault);
    }
    let (role, (text, images)) = found_role.zip(content)?;
    if let (Some(image), true) = (images.first(), role != Role::User) {
        let what = "an image in a message that is not the user's";
        let hint = "endpoints take images from the user only";
        reader.fault(Fault::new(image.at, what).hint(hint));
    }
    Some(Turn { role, text, images })
}

/// The text of a message, and the paths of its images.
type Content = (At<String>, Vec<At<String>>);

/// Reads a text, or an array of one text part and image parts after it.
fn read_content(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Content> {
    let Some(elements) = node.get_ref().as_array() else {
        return Some((reader.string("content", node)?, Vec::new()));
    };
    let (mut text, mut images) = (None, Vec::new());
    for element in elements {
        let (key, value) = read_part(reader, element)?;
        if key == "file" {
            images.push(value);
        } else if text.is_none() && images.is_empty() {
            text = Some(value);
        } else {
            let message = "a text after another part of the message";
            let fault = Fault::new(element.span().start, message);
            reader.fault(fault.hint(messages::ORDER));
        }
    }
    if text.is_none() {
        let message = "a message of a task needs a part of type `text`";
        reader.fault(Fault::new(node.span().start, message));
    }
    Some((text?, images))
}

/// Reads `{type = "text", text}` or `{type = "image", file}`: the second key and its value.
fn read_part(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<(&'static str, At<String>)> {
    let table = reader.table("each part of content", node)?;
    let Some(kind) = table.get("type") else {
        let fault = Fault::new(node.span().start, "a part without `type`");
        reader.fault(fault.hint(messages::PARTS));
        return None;
    };
    let kind = reader.text("type", kind)?;
    let wanted = match kind.value.as_str() {
        "text" => "text",
        "image" => "file",
        other => {
            let message = format!("unknown type of a part {}", shown(other));
            reader.fault(Fault::new(kind.at, message).hint(messages::PARTS));
            return None;
        }
    };
    for (key, _) in table {
        let known = ["type", wanted];
        if !known.contains(&key.get_ref().as_ref()) {
            reader.unknown_key(key.get_ref(), key.span().start, "a part", &known);
        }
    }
    let Some(value) = table.get(wanted) else {
        let message = format!("a part of type `{}` without `{wanted}`", kind.value);
        reader.fault(Fault::new(node.span().start, message).hint(messages::PARTS));
        return None;
    };
    Some((wanted, reader.string(wanted, value)?))
}

fn read_scorers(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Vec<ScorerEntry>> {
    let elements = reader.array(name, node)?;
    if elements.is_empty() {
        let fault = Fault::new(
            node.span().start,
            "`scorers` is empty; at least one is needed",
        );
        reader.fault(fault);
        return None;
    }
    let mut entries: Vec<ScorerEntry> = Vec::new();
    for element in elements {
        let entry = read_scorer(reader, element)?;
        if entries.iter().any(|before| before.spec == entry.spec) {
            reader.fault(Fault::new(entry.at, "the same scorer stands there twice"));
        }
        entries.push(entry);
    }
    Some(entries)
}

fn read_scorer(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<ScorerEntry> {
    let at = node.span().start;
    if let DeValue::String(kind) = node.get_ref() {
        return Some(scorer_entry(kind.as_ref(), at));
    }
    let table = reader.table("each of scorers", node)?;
    let Some(kind) = table.get("type") else {
        let fault = Fault::new(at, "a scorer without `type`");
        reader.fault(fault.hint("write `{ type = \"exact\" }`, or a name"));
        return None;
    };
    let kind = reader.text("type", kind)?;
    let mut entry = scorer_entry(&kind.value, kind.at);
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if name != "type" {
            entry.params.push((name.to_owned(), key.span().start));
            let value = reader.json(name, value)?;
            entry.spec.params.insert(name.to_owned(), value);
        }
    }
    Some(entry)
}

fn scorer_entry(kind: &str, at: usize) -> ScorerEntry {
    ScorerEntry {
        spec: ScorerSpec {
            kind: kind.to_owned(),
            params: serde_json::Map::new(),
        },
        at,
        params: Vec::new(),
    }
}

fn read_generate(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Sampling {
    let mut sampling = Sampling::default();
    let Some(table) = reader.table(name, node) else {
        return sampling;
    };
    for (key, value) in table {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        match name {
            "temperature" => {
                let fits = |number: f64| (0.0..=2.0).contains(&number);
                sampling.temperature = read_share(reader, name, value, "from 0 to 2", fits);
            }
            "top_p" => {
                let fits = |number: f64| number > 0.0 && number <= 1.0;
                sampling.top_p = read_share(reader, name, value, "above 0 and at most 1", fits);
            }
            "max_tokens" => {
                let number = reader.whole(name, value, 1..=i64::from(u32::MAX));
                sampling.max_tokens = number.and_then(|number| u32::try_from(number).ok());
            }
            "stop" => sampling.stop = read_stop(reader, name, value).unwrap_or_default(),
            "reasoning" => sampling.reasoning = read_reasoning(reader, name, value),
            "seed" => {
                if reader.whole(name, value, 0..=i64::MAX).is_some() {
                    let hint = "remove it and give `--seed` on the command line";
                    reader.fault(not_yet("`generate.seed`", at).hint(hint));
                }
            }
            _ => {
                let hint = did_you_mean(name, GENERATE);
                let message = format!("unknown key {} in generate", shown(name));
                reader.fault(Fault::new(at, message).maybe_hint(hint));
            }
        }
    }
    sampling
}

fn read_reasoning(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Reasoning> {
    let word = reader.text(name, node)?;
    let fault = || {
        let words = Reasoning::ALL.map(Reasoning::as_str);
        Fault::new(
            word.at,
            format!("unknown `reasoning` {}", shown(&word.value)),
        )
        .hint(format!("it is one of {}", words.join(", ")))
        .maybe_hint(did_you_mean(&word.value, words))
    };
    reader.accept(Reasoning::named(&word.value).ok_or_else(fault))
}

/// A number that fulfils `fits`, which `range` describes.
fn read_share(
    reader: &mut Reader<'_>,
    name: &str,
    node: &Node<'_>,
    range: &str,
    fits: impl Fn(f64) -> bool,
) -> Option<f64> {
    let number = reader.number(name, node)?;
    if fits(number) {
        return Some(number);
    }
    let message = format!("`{name}` must be {range}, found {number}");
    reader.fault(Fault::new(node.span().start, message));
    None
}

/// One text or several; a stop text may be white space.
fn read_stop(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Vec<String>> {
    let texts: Vec<_> = if let Some(elements) = node.get_ref().as_array() {
        let texts = elements
            .iter()
            .map(|element| reader.string("each of stop", element));
        texts.collect::<Option<_>>()?
    } else {
        vec![reader.string(name, node)?]
    };
    if let Some(empty) = texts.iter().find(|text| text.value.is_empty()) {
        reader.fault(Fault::new(
            empty.at,
            "an empty stop text ends every answer at once",
        ));
    }
    Some(texts.into_iter().map(|text| text.value).collect())
}
