//! The forms in which data gives the options of a sample.
//!
//! A list of texts; a list of `{text, label}`; lists of texts and labels side by side, `{text: […], label: […]}`; a
//! text for each label, `{"A": …, "B": …}`. Texts may be numbers and truth values, which are taken as they are written.
//!
//! Refused: fewer than two options, and lists of texts and labels that differ in length.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::diagnostic::Fault;
use crate::json::{Entry, Raw};
use crate::words::{kind_of_json, shown};

/// The names under which a text and its label stand.
const TEXT: [&str; 2] = ["text", "texts"];
const LABEL: [&str; 2] = ["label", "labels"];

const HINT: &str =
    "write a list of texts, of `{\"text\": …, \"label\": …}`, or `{\"A\": …, \"B\": …}`";

/// Options with the labels that the data gives them, where it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChoiceList {
    pub(crate) texts: Vec<String>,
    /// None, or as many as texts.
    pub(crate) labels: Vec<String>,
}

impl ChoiceList {
    /// Options without labels.
    pub(crate) fn of_texts(texts: Vec<String>) -> Self {
        Self {
            texts,
            labels: Vec::new(),
        }
    }

    /// What looks odd in it, at `at`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(&self, at: usize) -> Result<Option<Fault>, Fault> {
        match self.texts.len() {
            0 => return Err(Fault::new(at, "0 choices; at least 2 are needed")),
            1 => return Err(Fault::new(at, "1 choice; at least 2 are needed")),
            _ => {}
        }
        let mut seen = HashSet::with_capacity(self.texts.len());
        let repeated = self.texts.iter().find(|text| !seen.insert(*text));
        Ok(repeated.map(|text| {
            let message = format!("the choice {} stands there twice", shown(text));
            Fault::new(at, message).hint("whichever of the two is named counts as the same answer")
        }))
    }
}

/// Reads options.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read(raw: Raw<'_>) -> Result<ChoiceList, Fault> {
    match kind_of_json(raw.text) {
        "an array" => list(raw),
        "an object" => object(raw),
        found => {
            let message = format!("`choices` must be an array, found {found}");
            Err(Fault::new(raw.at, message).hint(HINT))
        }
    }
}

/// The text of an option.
///
/// # Errors
/// When it is neither text, number nor truth value.
pub(crate) fn text_of(raw: Raw<'_>) -> Result<String, Fault> {
    match kind_of_json(raw.text) {
        "a string" => raw.string("a choice"),
        "a number" | "a boolean" => Ok(raw.text.to_owned()),
        "null" => Ok(String::new()),
        found => {
            let message = format!("each of `choices` must be a string, found {found}");
            Err(Fault::new(raw.at, message).hint(HINT))
        }
    }
}

fn list(raw: Raw<'_>) -> Result<ChoiceList, Fault> {
    let elements = raw.elements("`choices`")?;
    let is_object = |element: &Raw<'_>| kind_of_json(element.text) == "an object";
    if !elements.first().is_some_and(is_object) {
        return texts(&elements).map(ChoiceList::of_texts);
    }
    let mut found = ChoiceList::default();
    for element in elements {
        let entries = element.entries("each of `choices`")?;
        let text = entry(&entries, &TEXT).ok_or_else(|| no_text(element.at))?;
        found.texts.push(text_of(text)?);
        if let Some(label) = entry(&entries, &LABEL) {
            found.labels.push(text_of(label)?);
        }
    }
    check_labels(found, raw.at)
}

fn object(raw: Raw<'_>) -> Result<ChoiceList, Fault> {
    let entries = raw.entries("`choices`")?;
    if let Some(list) = entry(&entries, &TEXT) {
        let labels = entry(&entries, &LABEL).map(strings);
        let found = ChoiceList {
            texts: strings(list)?,
            labels: labels.transpose()?.unwrap_or_default(),
        };
        return check_labels(found, raw.at);
    }
    let mut found = ChoiceList::default();
    for Entry { key, raw, .. } in entries {
        found.texts.push(text_of(raw)?);
        found.labels.push(Cow::into_owned(key));
    }
    Ok(found)
}

fn check_labels(found: ChoiceList, at: usize) -> Result<ChoiceList, Fault> {
    let (texts, labels) = (found.texts.len(), found.labels.len());
    if labels == 0 || labels == texts {
        return Ok(found);
    }
    let message = format!("`choices` has {texts} texts and {labels} labels");
    Err(Fault::new(at, message).hint("give each text one label, or none at all"))
}

fn entry<'a>(entries: &[Entry<'a>], names: &[&str]) -> Option<Raw<'a>> {
    let found = entries.iter().find(|entry| names.contains(&&*entry.key))?;
    Some(found.raw)
}

fn strings(raw: Raw<'_>) -> Result<Vec<String>, Fault> {
    texts(&raw.elements("`choices`")?)
}

fn texts(elements: &[Raw<'_>]) -> Result<Vec<String>, Fault> {
    elements.iter().map(|element| text_of(*element)).collect()
}

fn no_text(at: usize) -> Fault {
    Fault::new(at, "a choice without `text`").hint(HINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_world_are_read() {
        let read = |text: &str| {
            let found = read(Raw { text, at: 0 }).map_err(|fault| (fault.at, fault.message))?;
            Ok::<_, (usize, String)>((found.texts.join("|"), found.labels.join("|")))
        };
        for (text, texts, labels) in [
            (r#"["x", 2, true]"#, "x|2|true", ""),
            (
                r#"[{"text": "x", "label": "A"}, {"label": "B", "text": "y"}]"#,
                "x|y",
                "A|B",
            ),
            (r#"{"text": ["x", "y"], "label": ["1", "2"]}"#, "x|y", "1|2"),
            (r#"{"A": "x", "B": "y"}"#, "x|y", "A|B"),
        ] {
            assert_eq!(
                read(text),
                Ok((texts.to_owned(), labels.to_owned())),
                "{text}"
            );
        }
        for (text, at, message) in [
            (r#""x""#, 0, "`choices` must be an array, found a string"),
            (
                r#"["x", ["y"]]"#,
                6,
                "each of `choices` must be a string, found an array",
            ),
            (
                r#"[{"text": "x"}, {"label": "B"}]"#,
                16,
                "a choice without `text`",
            ),
            (
                r#"{"text": ["x", "y"], "label": ["1"]}"#,
                0,
                "`choices` has 2 texts and 1 labels",
            ),
        ] {
            assert_eq!(read(text), Err((at, message.to_owned())), "{text}");
        }
        let twice = ChoiceList::of_texts(vec!["x".to_owned(), "x".to_owned()]);
        assert!(twice.check(3).unwrap().is_some());
        assert!(ChoiceList::of_texts(vec!["x".to_owned()]).check(3).is_err());
    }
}
