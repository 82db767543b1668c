//! Options and targets, as a suite takes them.
//!
//! Invariants: a target names an option by the one form that its format has; what could name two is decided by the
//! other targets of its task, and left out where those show nothing. What cannot be put never changes how the rest
//! of its task is judged. Alike options are none to refuse: scorers compare texts.

use serde_json::Value;

use crate::log::{Sample, Task};

/// Most samples that are named where several are left out.
const MOST_SHOWN: usize = 5;

/// In which form the targets of a format name options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Named {
    /// By their texts.
    #[default]
    Text,
    /// By their letters, `A` the first; what is no letter of an option is a text.
    Letter,
    /// By their positions from 0, which may stand there as a text; what is none is an option's text.
    Position,
}

/// Why the options of a sample cannot be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unfit {
    TooFew,
    NoneOfThem,
    TwoOfThem,
}

impl Unfit {
    const ALL: [Self; 3] = [Self::TooFew, Self::NoneOfThem, Self::TwoOfThem];

    fn why(self) -> &'static str {
        match self {
            Self::TooFew => "it has fewer than two options",
            Self::NoneOfThem => "its target is none of its options",
            Self::TwoOfThem => {
                "its target may be the text of one option or the position of another"
            }
        }
    }
}

/// Makes each target of `task` the texts of the options that it names. A sample of which that cannot be told is left
/// out where all others have options, and else only its options are. Says which ones.
pub(crate) fn settle(task: &mut Task, named: Named) -> Vec<String> {
    let readings = Readings::of(&task.samples, named);
    let each = task.samples.iter_mut();
    let unfit: Vec<_> = each.map(|sample| settled(sample, readings)).collect();
    let samples = || task.samples.iter().zip(&unfit);
    let is_choice = |(sample, _): (&Sample, _)| !sample.choices.is_empty();
    let whole = samples().all(is_choice) && unfit.iter().any(Option::is_none);
    let told = Unfit::ALL.iter().filter_map(|why| {
        let ids = samples().filter(|(_, unfit)| **unfit == Some(*why));
        let ids: Vec<_> = ids.map(|(sample, _)| sample.id.as_str()).collect();
        (!ids.is_empty()).then(|| told(&task.name, *why, &ids, whole))
    });
    let told = told.collect();
    leave_out(task, &unfit, whole);
    told
}

fn told(task: &str, why: Unfit, ids: &[&str], whole: bool) -> String {
    let what = if whole {
        "× sample"
    } else {
        "× options of a sample"
    };
    let shown: Vec<_> = ids.iter().take(MOST_SHOWN).copied().collect();
    let more = if ids.len() > MOST_SHOWN { ", …" } else { "" };
    format!(
        "task `{task}`: {} {what} left out, because {}: `{}`{more}",
        ids.len(),
        why.why(),
        shown.join("`, `")
    )
}

fn leave_out(task: &mut Task, unfit: &[Option<Unfit>], whole: bool) {
    if whole {
        let mut unfit = unfit.iter();
        task.samples
            .retain(|_| unfit.next().is_none_or(Option::is_none));
        return;
    }
    let each = task.samples.iter_mut().zip(unfit);
    for (sample, unfit) in each.filter(|(_, unfit)| unfit.is_some()) {
        sample.choices.clear();
        if *unfit == Some(Unfit::TwoOfThem) {
            sample.target = None;
        }
    }
}

fn settled(sample: &mut Sample, readings: Readings) -> Option<Unfit> {
    if sample.choices.is_empty() {
        return None;
    }
    if sample.choices.len() < 2 {
        return Some(Unfit::TooFew);
    }
    let read = |target: &Value| readings.read(target, &sample.choices).map(Value::from);
    let found = match sample.target.as_ref()? {
        Value::Array(several) => several.iter().map(read).collect::<Result<_, _>>(),
        one => read(one),
    };
    match found {
        Ok(target) => sample.target = Some(target),
        Err(unfit) => return Some(unfit),
    }
    None
}

/// What the targets of a task show of their form.
#[derive(Debug, Clone, Copy)]
struct Readings {
    named: Named,
    /// Whether some can be read by their positions alone, and some by their texts alone.
    positions: bool,
    texts: bool,
}

impl Readings {
    fn of(samples: &[Sample], named: Named) -> Self {
        let mut readings = Self {
            named,
            positions: false,
            texts: false,
        };
        for sample in samples.iter().filter(|sample| sample.choices.len() > 1) {
            for target in sample.target.iter().flat_map(parts) {
                let text = by_text(target, &sample.choices);
                let position = by_position(target, &sample.choices);
                readings.positions |= text.is_none() && position.is_some();
                readings.texts |= text.is_some() && position.is_none();
            }
        }
        readings
    }

    fn read<'c>(self, target: &Value, choices: &'c [String]) -> Result<&'c str, Unfit> {
        let text = by_text(target, choices);
        let other = match self.named {
            Named::Text => None,
            Named::Letter => return by_letter(target, choices).or(text).ok_or(Unfit::NoneOfThem),
            Named::Position => by_position(target, choices),
        };
        match (other, text) {
            (Some(other), Some(text)) if other != text => self.decide(target, other, text),
            (other, text) => other.or(text).ok_or(Unfit::NoneOfThem),
        }
    }

    /// A number is a position; of a text the other targets tell.
    fn decide<'c>(
        self,
        target: &Value,
        position: &'c str,
        text: &'c str,
    ) -> Result<&'c str, Unfit> {
        match (self.positions || target.is_number(), self.texts) {
            (true, false) => Ok(position),
            (false, true) => Ok(text),
            _ => Err(Unfit::TwoOfThem),
        }
    }
}

fn parts(target: &Value) -> &[Value] {
    match target {
        Value::Array(several) => several,
        one => std::slice::from_ref(one),
    }
}

fn by_text<'c>(target: &Value, choices: &'c [String]) -> Option<&'c str> {
    let target = target.as_str()?;
    let mut choices = choices.iter().map(String::as_str);
    choices.find(|choice| *choice == target)
}

fn by_position<'c>(target: &Value, choices: &'c [String]) -> Option<&'c str> {
    let position = match target {
        Value::String(text) => text.trim().parse::<usize>().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        _ => None,
    };
    choices.get(position?).map(String::as_str)
}

/// A small letter is one where it is no option itself.
fn by_letter<'c>(target: &Value, choices: &'c [String]) -> Option<&'c str> {
    let [letter] = target.as_str()?.trim().as_bytes() else {
        return None;
    };
    let is_text = by_text(target, choices).is_some();
    let first = match letter {
        b'A'..=b'Z' => b'A',
        b'a'..=b'z' if !is_text => b'a',
        _ => return None,
    };
    choices.get(usize::from(letter - first)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample(id: &str, choices: &[&str], target: Value) -> Sample {
        Sample {
            id: id.to_owned(),
            choices: choices.iter().map(|&text| text.to_owned()).collect(),
            target: Some(target),
            ..Sample::default()
        }
    }

    fn settled_alone(named: Named, choices: &[&str], target: Value) -> Option<Value> {
        let other = sample("other", &["p", "q"], json!("p"));
        let samples = match named {
            Named::Letter => vec![sample("1", choices, target), other],
            _ => vec![sample("1", choices, target)],
        };
        let mut task = Task {
            samples,
            ..Task::default()
        };
        settle(&mut task, named);
        let first = task.samples.into_iter().find(|sample| sample.id == "1")?;
        first.target.filter(|_| !first.choices.is_empty())
    }

    #[test]
    fn a_target_becomes_the_text_of_the_option_that_its_format_means() {
        for (named, choices, target, expected) in [
            (Named::Letter, &["x", "y"][..], json!("B"), Some(json!("y"))),
            (Named::Letter, &["x", "y"], json!("b"), Some(json!("y"))),
            (Named::Letter, &["x", "y"], json!("y"), Some(json!("y"))),
            (
                Named::Letter,
                &["x", "y", "z"],
                json!(["A", "C"]),
                Some(json!(["x", "z"])),
            ),
            // The letter of an option is no text of another.
            (
                Named::Letter,
                &["B", "C", "A"],
                json!("B"),
                Some(json!("C")),
            ),
            (Named::Letter, &["x", "y"], json!("D"), None),
            (Named::Letter, &["x"], json!("A"), None),
            (Named::Letter, &["x", "x"], json!("A"), Some(json!("x"))),
            (Named::Position, &["x", "y"], json!(1), Some(json!("y"))),
            (Named::Position, &["x", "y"], json!("1"), Some(json!("y"))),
            (Named::Position, &["x", "y"], json!("y"), Some(json!("y"))),
            (
                Named::Position,
                &["1", "2", "3"],
                json!("3"),
                Some(json!("3")),
            ),
            (
                Named::Position,
                &["1", "2", "3"],
                json!(2),
                Some(json!("3")),
            ),
            (Named::Position, &["1", "2", "3"], json!("2"), None),
            (Named::Position, &["x", "y"], json!("A"), None),
            (Named::Text, &["x", "y"], json!("A"), None),
            (Named::Text, &["0", "1"], json!("1"), Some(json!("1"))),
        ] {
            let found = settled_alone(named, choices, target.clone());
            assert_eq!(found, expected, "{named:?} {choices:?} {target}");
        }
    }

    #[test]
    fn what_may_name_two_options_is_told_by_the_other_targets() {
        for (other, expected) in [(json!("0"), Some("3")), (json!("3"), Some("2"))] {
            let mut task = Task {
                samples: vec![
                    sample("unclear", &["1", "2", "3"], json!("2")),
                    sample("clear", &["1", "2", "3"], other),
                ],
                ..Task::default()
            };
            assert!(settle(&mut task, Named::Position).is_empty());
            let found = task.samples[0].target.as_ref().and_then(Value::as_str);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn one_sample_that_cannot_be_put_leaves_the_others_their_options() {
        let mut task = Task {
            name: "t".to_owned(),
            samples: vec![
                sample("a", &["x", "y"], json!("A")),
                sample("b", &["x", "y"], json!("Z")),
                sample("c", &["x", "x"], json!("B")),
            ],
            ..Task::default()
        };
        let told = settle(&mut task, Named::Letter);
        assert_eq!(
            told,
            ["task `t`: 1 × sample left out, because its target is none of its options: `b`"]
        );
        let kept: Vec<_> = task
            .samples
            .iter()
            .map(|sample| sample.choices.len())
            .collect();
        assert_eq!(kept, [2, 2]);
    }
}
