//! The key `fewshot`: a file, or a table that says how many of its examples are taken, and in which order.

use toml::de::DeValue;

use crate::at::At;
use crate::diagnostic::Fault;
use crate::toml_read::{Node, Reader};
use crate::words::{did_you_mean, shown};

const KEYS: [&str; 4] = ["file", "count", "order", "seed"];

/// In which order examples are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As they stand in the file.
    Fixed,
    /// Drawn for each sample, by this seed.
    Seeded(u64),
}

/// What `fewshot` says.
#[derive(Debug, Clone)]
pub(crate) struct FewShotTable {
    pub(crate) file: At<String>,
    /// Examples before each question; all where it is not said.
    pub(crate) count: Option<At<usize>>,
    pub(crate) order: Order,
}

impl FewShotTable {
    /// Reads a path, or a table with one.
    pub(crate) fn read(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Self> {
        if matches!(node.get_ref(), DeValue::String(_)) {
            return Some(Self {
                file: reader.text(name, node)?,
                count: None,
                order: Order::Fixed,
            });
        }
        let at = node.span().start;
        let (mut file, mut count, mut seeded, mut seed) = (None, None, false, None);
        for (key, value) in reader.table(name, node)? {
            match key.get_ref().as_ref() {
                "file" => file = Some(reader.text("file", value)?),
                "count" => count = Some(read_count(reader, value)?),
                "order" => seeded = read_order(reader, value)?,
                "seed" => seed = Some(read_seed(reader, value)?),
                other => reader.unknown_key(other, key.span().start, "fewshot", &KEYS),
            }
        }
        let Some(file) = file else {
            let fault = Fault::new(at, "`fewshot` without `file`");
            reader
                .fault(fault.hint("write `fewshot = \"examples.jsonl\"`, or a table with `file`"));
            return None;
        };
        if let (Some(seed), false) = (&seed, seeded) {
            let fault = Fault::new(seed.at, "`seed` without `order = \"seeded\"`");
            reader.fault(fault.hint("examples in the order of the file are not drawn"));
        }
        let order = if seeded {
            Order::Seeded(seed.map_or(0, |seed| seed.value))
        } else {
            Order::Fixed
        };
        Some(Self { file, count, order })
    }
}

fn read_count(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<At<usize>> {
    let number = reader.whole("count", node, 1..=1_000_000)?;
    Some(At {
        value: usize::try_from(number).ok()?,
        at: node.span().start,
    })
}

fn read_seed(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<At<u64>> {
    let number = reader.whole("seed", node, 0..=i64::MAX)?;
    Some(At {
        value: u64::try_from(number).ok()?,
        at: node.span().start,
    })
}

/// Whether examples are drawn.
fn read_order(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<bool> {
    let word = reader.string("order", node)?;
    let found = match word.value.as_str() {
        "fixed" => Ok(false),
        "seeded" => Ok(true),
        other => Err(
            Fault::new(word.at, format!("unknown order {}", shown(other)))
                .hint("it is `fixed` or `seeded`")
                .maybe_hint(did_you_mean(other, ["fixed", "seeded"])),
        ),
    };
    reader.accept(found)
}
