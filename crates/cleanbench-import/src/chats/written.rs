//! Chats that were drawn as a suite: `suite.toml`, and a file of samples for each task.
//!
//! A task is a system prompt; all are private. What the model answered is kept as metadata and is no target, because the
//! answer of an earlier model is no truth. Sessions and users are numbered, not named. Invariant: texts are those of the
//! log, and the manifest holds none of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::passes::{Drawn, LogFile};
use super::strata::Stratum;
use crate::suite::{SuiteFile, messages};

/// Most values of a field by which scores are reported.
const MOST_SLICES: usize = 50;
/// Most things that requests asked for besides that are named.
const MOST_BESIDES: usize = 30;

/// A chat as a sample.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    pub(super) drawn: &'a Drawn,
    pub(super) kind: &'a Stratum,
    /// Its number in the log, from 1.
    pub(super) number: u64,
    /// The family it is in, where it has others in the log.
    pub(super) family: Option<u32>,
}

/// What a suite is made of.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) files: &'a [LogFile],
    pub(super) samples: &'a [Sample<'a>],
    /// Chats of the logs, duplicates left out.
    pub(super) chats: usize,
    pub(super) seed: u64,
}

/// The files of the suite, the manifest first.
pub(super) fn files(made: &Made<'_>) -> Vec<SuiteFile> {
    let mut tasks: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut clusters = Clusters::among(made.samples);
    for sample in made.samples {
        let row = row(sample, &mut clusters);
        tasks.entry(task_of(sample.kind)).or_default().push(row);
    }
    let manifest = SuiteFile {
        name: "suite.toml".to_owned(),
        bytes: manifest(made, &tasks).into_bytes(),
    };
    let data = tasks.iter().map(|(name, rows)| SuiteFile {
        name: format!("{name}.jsonl"),
        bytes: lines(rows),
    });
    std::iter::once(manifest).chain(data).collect()
}

fn task_of(kind: &Stratum) -> String {
    match kind.system.as_str() {
        "none" => "no-system-prompt".to_owned(),
        "other" => "other-system-prompts".to_owned(),
        number => format!("system-prompt-{number:0>2}"),
    }
}

fn lines(rows: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend_from_slice(row.to_string().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Which samples hang together, by numbers of their own.
#[derive(Debug, Default)]
struct Clusters {
    /// How many samples share each bond.
    shared: HashMap<String, usize>,
    samples: usize,
    numbers: HashMap<String, usize>,
}

impl Clusters {
    fn among(samples: &[Sample<'_>]) -> Self {
        let mut clusters = Self {
            samples: samples.len(),
            ..Self::default()
        };
        for bond in samples.iter().flat_map(bonds) {
            *clusters.shared.entry(bond).or_default() += 1;
        }
        clusters
    }

    /// The widest bond of `sample` that another one shares, and not all do: a tracer may give each call a session of
    /// its own, and a program one user to all.
    fn of(&mut self, sample: &Sample<'_>) -> Option<String> {
        let mut bonds = bonds(sample);
        let tells = |count: &usize| (2..self.samples).contains(count);
        let bond = bonds.find(|bond| self.shared.get(bond).is_some_and(tells))?;
        let kind = bond.split(' ').next().unwrap_or_default().to_owned();
        let next = self.numbers.len() + 1;
        let number = self.numbers.entry(bond).or_insert(next);
        Some(format!("{kind}-{number}"))
    }
}

/// Whom, what and which template a sample belongs to, the widest first.
fn bonds(sample: &Sample<'_>) -> impl Iterator<Item = String> {
    let chat = &sample.drawn.chat;
    let family = sample.family.map(|family| family.to_string());
    let named = [
        ("user", chat.person.clone()),
        ("session", chat.session.clone()),
        ("family", family),
    ];
    let named = named.into_iter();
    named.filter_map(|(kind, name)| Some(format!("{kind} {}", name?)))
}

fn row(sample: &Sample<'_>, clusters: &mut Clusters) -> Value {
    let chat = &sample.drawn.chat;
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(format!("chat-{}", sample.number)));
    row.insert("messages".to_owned(), messages(&chat.messages));
    row.insert("metadata".to_owned(), Value::Object(metadata(sample)));
    if let Some(created) = &chat.created {
        row.insert("created".to_owned(), json!(created));
    }
    if let Some(cluster) = clusters.of(sample) {
        row.insert("cluster".to_owned(), json!(cluster));
    }
    Value::Object(row)
}

fn metadata(sample: &Sample<'_>) -> Map<String, Value> {
    let chat = &sample.drawn.chat;
    let kind = sample.kind;
    let known = [
        ("recorded_answer", chat.answer.as_deref()),
        ("recorded_model", chat.model.as_deref()),
        ("turns", Some(kind.turns)),
        ("length", Some(kind.length)),
        ("script", Some(kind.script)),
        ("logged_at", Some(&sample.drawn.place)),
    ];
    let known = known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut metadata: Map<_, _> = known
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    if let Some(family) = sample.family {
        metadata.insert("family".to_owned(), json!(format!("family-{family}")));
    }
    metadata
}

/// How often each thing was asked for besides a text, the most frequent first.
pub(super) fn besides(samples: &[Sample<'_>]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let named = samples.iter().flat_map(|sample| {
        let distinct: BTreeSet<_> = sample.drawn.chat.besides.iter().collect();
        distinct
    });
    named.for_each(|name| *counts.entry(name).or_default() += 1);
    let mut order: Vec<_> = counts.into_iter().collect();
    order.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = order.iter().take(MOST_BESIDES);
    let shown = shown.map(|(name, count)| format!("{name} ({count})"));
    let more = order.len().saturating_sub(MOST_BESIDES);
    let more = (more > 0).then(|| format!("{more} more"));
    shown.chain(more).collect()
}

fn manifest(made: &Made<'_>, tasks: &BTreeMap<String, Vec<Value>>) -> String {
    let mut text = head(made);
    for (name, rows) in tasks {
        let slices: Vec<_> = slices(rows)
            .into_iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        let slices = if slices.is_empty() {
            String::new()
        } else {
            format!("slices = [{}]\n", slices.join(", "))
        };
        // Writing to a string cannot fail.
        let _infallible = write!(
            text,
            "\n[[task]]\nname = \"{name}\"\ndata = \"{name}.jsonl\"\nsensitivity = \"private\"\n{slices}\
             scorers = [{{ type = \"refusal\", expect = \"answered\" }}]\n"
        );
    }
    text
}

fn head(made: &Made<'_>) -> String {
    let mut sources = String::new();
    for file in made.files {
        let path = comment(&file.path.display().to_string());
        let (format, digest) = (file.format.as_str(), file.digest);
        let _infallible = writeln!(sources, "#   {path} ({format}), SHA-256 {digest}");
    }
    let besides = besides(made.samples);
    let besides = if besides.is_empty() {
        String::new()
    } else {
        let besides = comment(&besides.join(", "));
        format!("{BESIDES}{besides}.\n")
    };
    format!(
        "# {} of {} recorded chats, drawn by `cleanbench init --from-logs` with `--seed {}` from\n{sources}{HEAD}{besides}\
         name = \"recorded-chats\"\nversion = \"1\"\ndescription = \"Recorded chats, drawn by stratum\"\n",
        made.samples.len(),
        made.chats,
        made.seed
    )
}

const HEAD: &str = "#
# Nothing here says what a right answer is: `metadata.recorded_answer` is what a model said then, and no truth. As it
# stands, `refusal` scores whether a model answers at all, and nothing of how well. To measure more, give each
# sample a `target` (the recorded answer where a person found it right, or a better one), and replace the scorer
# by one that fits: `exact`, `contains`, `numeric`, `json_fields`, `rouge_l` …
#
# All samples are private, and may hold what is personal: they go to models in the program and on this machine, and
# to a host elsewhere only with `--allow-private HOST` or `allow = [\"private\"]`.
";

const BESIDES: &str = "#
# The recorded requests asked for more than a text, which is not taken over and which `generate`, `tools` and
# `response_format` of a task say. In how many samples: ";

/// Fields of the metadata by which scores can be told apart: of more than one value, and not of too many.
fn slices(rows: &[Value]) -> Vec<&'static str> {
    let fields = ["recorded_model", "turns", "length", "script"].into_iter();
    let tells = |field: &&str| {
        let values = rows
            .iter()
            .filter_map(|row| row["metadata"][*field].as_str());
        let values: BTreeSet<_> = values.collect();
        (2..=MOST_SLICES).contains(&values.len())
    };
    fields.filter(tells).collect()
}

/// `text` as the rest of a comment: one line, no control characters.
fn comment(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}
