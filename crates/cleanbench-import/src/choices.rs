//! Options and targets, as a suite takes them.

use std::collections::HashSet;

use serde_json::Value;

use crate::log::Sample;

const TOO_FEW: &str = "sample whose options were left out: fewer than two, or two alike";
const NONE_OF_THEM: &str = "sample whose options were left out: its target is none of them";

/// Makes the target of `sample` the text of the right option, or leaves out options that no suite takes and says why.
pub(crate) fn settle(sample: &mut Sample) -> Option<&'static str> {
    if sample.choices.is_empty() {
        return None;
    }
    let mut seen = HashSet::new();
    if sample.choices.len() < 2 || !sample.choices.iter().all(|choice| seen.insert(choice)) {
        sample.choices.clear();
        return Some(TOO_FEW);
    }
    match sample
        .target
        .as_ref()
        .map(|target| resolved(target, &sample.choices))
    {
        None => None,
        Some(Some(target)) => {
            sample.target = Some(target);
            None
        }
        Some(None) => {
            sample.choices.clear();
            Some(NONE_OF_THEM)
        }
    }
}

fn resolved(target: &Value, choices: &[String]) -> Option<Value> {
    match target {
        Value::Array(several) => {
            let each = several.iter().map(|one| one_of(one, choices));
            each.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        one => one_of(one, choices),
    }
}

fn one_of(target: &Value, choices: &[String]) -> Option<Value> {
    let index = match target {
        Value::String(text) => choices
            .iter()
            .position(|choice| choice == text)
            .or_else(|| index_of_letter(text)),
        Value::Number(number) => number.as_u64().and_then(|index| index.try_into().ok()),
        _ => None,
    };
    let choice = choices.get(index?)?;
    Some(Value::from(choice.as_str()))
}

/// The position that a single letter means.
fn index_of_letter(text: &str) -> Option<usize> {
    let [letter @ (b'A'..=b'Z' | b'a'..=b'z')] = text.trim().as_bytes() else {
        return None;
    };
    Some(usize::from(letter.to_ascii_uppercase() - b'A'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_becomes_the_text_of_an_option_or_there_are_none() {
        for (choices, target, expected, kept) in [
            (&["x", "y"][..], json!("B"), json!("y"), 2),
            (&["x", "y"], json!("y"), json!("y"), 2),
            (&["x", "y"], json!(1), json!("y"), 2),
            (&["x", "y", "z"], json!(["A", "C"]), json!(["x", "z"]), 3),
            (&["x", "y"], json!("D"), json!("D"), 0),
            (&["x", "x"], json!("A"), json!("A"), 0),
            (&["x"], json!("A"), json!("A"), 0),
        ] {
            let mut sample = Sample {
                choices: choices.iter().map(|&text| text.to_owned()).collect(),
                target: Some(target),
                ..Sample::default()
            };
            settle(&mut sample);
            assert_eq!(
                (sample.target, sample.choices.len()),
                (Some(expected), kept)
            );
        }
    }
}
