//! Which column of the data is which field of a sample: what the key `fields` of a task says, and what names say
//! without it.
//!
//! Invariants: a field that `fields` maps is taken from there and nowhere else; a column that the target is taken from
//! is no metadata unless it is named as such, so that no template sees an answer by accident; a name means the same in
//! every format.
//!
//! Refused: a name close to `sensitivity`, because what was meant to protect a sample would do nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::at::At;
use crate::choices;
use crate::diagnostic::Fault;
use crate::field::{Field, plain};
use crate::json::{Entry, Raw};
use crate::target_form::TargetReading;
use crate::words::shown;

/// Most columns that `fields` names: which of them were met is kept as bits.
pub(crate) const MOST_COLUMNS: usize = 64;

/// How the name of a column may say that it is metadata.
const METADATA: &str = "metadata.";

/// A column as `fields` names it: its name, or names within one another with dots between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: At<String>,
    /// Where it stands among all columns of the table.
    pub(crate) position: usize,
}

impl Column {
    /// The name under which it is kept as metadata.
    pub(crate) fn last(&self) -> &str {
        let name = self.name.value.as_str();
        name.rsplit_once('.').map_or(name, |(_, last)| last)
    }

    /// Whether `key` is its name, which may say that it is metadata.
    pub(crate) fn is_named(&self, key: &str) -> bool {
        let free = key.trim_start().strip_prefix(METADATA);
        let is_it = |key: &str| self.name.value == key || plain(&self.name.value) == plain(key);
        is_it(key) || free.is_some_and(is_it)
    }

    /// Whether the column `key` of a row is this one, or holds it.
    pub(crate) fn lies_in(&self, key: &str) -> bool {
        let first = self.name.value.split('.').next().unwrap_or_default();
        self.is_named(key) || plain(first) == plain(key)
    }

    /// Its value in a row.
    pub(crate) fn find<'a>(&self, entries: &[Entry<'a>]) -> Option<Raw<'a>> {
        let exact = entries.iter().find(|entry| entry.key == self.name.value);
        let whole = exact.or_else(|| entries.iter().find(|entry| self.is_named(&entry.key)));
        whole.map_or_else(|| self.find_within(entries), |entry| Some(entry.raw))
    }

    /// Its value in a row, where it is metadata, which may stand in an object of its own.
    pub(crate) fn find_metadata<'a>(&self, entries: &[Entry<'a>]) -> Option<Raw<'a>> {
        self.find(entries).or_else(|| {
            let own = entries
                .iter()
                .find(|entry| entry.key == Field::Metadata.name())?;
            self.name.value.split('.').try_fold(own.raw, part)
        })
    }

    fn find_within<'a>(&self, entries: &[Entry<'a>]) -> Option<Raw<'a>> {
        let mut parts = self.name.value.split('.');
        let first = parts.next()?;
        let entry = entries
            .iter()
            .find(|entry| plain(&entry.key) == plain(first))?;
        parts.try_fold(entry.raw, part)
    }
}

/// The part `name` of a value: of an object by its key, of an array by its position from 0.
fn part<'a>(raw: Raw<'a>, name: &str) -> Option<Raw<'a>> {
    match raw.text.trim_start().as_bytes().first()? {
        b'{' => {
            let entries = raw.entries("a value").ok()?;
            let found = entries.into_iter().find(|entry| entry.key == name)?;
            Some(found.raw)
        }
        b'[' => {
            let position: usize = name.parse().ok()?;
            raw.elements("a value").ok()?.into_iter().nth(position)
        }
        _ => None,
    }
}

/// What a task says of its columns.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Fields that are each one column.
    pub(crate) single: Vec<(Field, Column)>,
    /// Columns that are each an option.
    pub(crate) options: Vec<Column>,
    /// The columns that are metadata, where not all others are.
    pub(crate) metadata: Option<Vec<Column>>,
    /// How targets are written.
    pub(crate) target: TargetReading,
    near: NearNames,
}

/// Most names of columns that are kept.
const MOST_NAMES: usize = 1_000;

/// What names of columns were probably meant to be. Every row has the same names, and a comparison with all that are
/// known takes longer than the rest of the row.
#[derive(Debug, Default)]
struct NearNames(Mutex<HashMap<String, Option<&'static str>>>);

impl NearNames {
    /// The name of a field that `key`, which is none, was probably meant to be.
    fn of(&self, key: &str) -> Option<&'static str> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(key) {
            return *found;
        }
        if known.len() >= MOST_NAMES {
            return None;
        }
        let found = Field::near(key).filter(|_| Field::named(key).is_none());
        known.insert(key.to_owned(), found);
        found
    }
}

/// What a column is by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    Field(Field, &'static str),
    /// An option of a multiple-choice sample.
    Option,
    Metadata(String),
    /// Nothing that is kept.
    Nothing,
}

impl Fields {
    /// All columns that are named.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        let single = self.single.iter().map(|(_, column)| column);
        let metadata = self.metadata.iter().flatten();
        single.chain(&self.options).chain(metadata)
    }

    /// Whether some column is named for `field`.
    pub(crate) fn maps(&self, field: Field) -> bool {
        let is_option = field == Field::Choices && !self.options.is_empty();
        is_option || self.single.iter().any(|(mapped, _)| *mapped == field)
    }

    /// Whether the column `key` is taken for a field by `fields`.
    pub(crate) fn takes(&self, key: &str) -> bool {
        let single = self.single.iter().map(|(_, column)| column);
        let mut taken = single.chain(&self.options);
        taken.any(|column| column.lies_in(key))
    }

    /// What a column is that `fields` does not take, of a row whose first `letters` options stand in columns `A`,
    /// `B`, …
    ///
    /// # Errors
    /// A fault at `at` for a name that protects nothing.
    pub(crate) fn meaning(&self, key: &str, at: usize, letters: usize) -> Result<Meaning, Fault> {
        if let Some((field, known)) = Field::named(key)
            && !self.maps(field)
        {
            return Ok(Meaning::Field(field, known));
        }
        let name = key.trim();
        if is_letter_column(name, letters) && !self.maps(Field::Choices) {
            return Ok(Meaning::Option);
        }
        let free = name.strip_prefix(METADATA).filter(|free| !free.is_empty());
        let name = free.unwrap_or(name);
        let mut listed = self.metadata.iter().flatten();
        if let Some(column) = listed.find(|column| column.is_named(key)) {
            return Ok(Meaning::Metadata(column.last().to_owned()));
        }
        if free.is_none() && Field::is_nearly_sensitivity(name) {
            return Err(near_sensitivity(name, at));
        }
        if self.metadata.is_some() || name.is_empty() {
            return Ok(Meaning::Nothing);
        }
        Ok(Meaning::Metadata(name.to_owned()))
    }

    /// Whether an object of `entries` asks something.
    pub(crate) fn has_question(&self, entries: &[Entry<'_>]) -> bool {
        let is_question = |field| matches!(field, Field::Input | Field::Messages);
        let mut single = self.single.iter();
        let mut keys = entries.iter();
        single.any(|(field, column)| is_question(*field) && column.find(entries).is_some())
            || keys.any(|entry| self.named(&entry.key).is_some_and(is_question))
    }

    /// Whether `key` says something of one sample, or was meant to protect it. What identifies and describes may be
    /// that of the whole file.
    pub(crate) fn is_of_sample(&self, key: &str) -> bool {
        let mut mapped = self.single.iter();
        let mapped = mapped.find(|(_, column)| column.is_named(key));
        let field = mapped.map(|(field, _)| *field).or_else(|| self.named(key));
        match field {
            Some(field) => !matches!(field, Field::Id | Field::Metadata),
            None => Field::is_nearly_sensitivity(key.trim()),
        }
    }

    /// The field that `key` names by itself.
    fn named(&self, key: &str) -> Option<Field> {
        let (field, _) = Field::named(key)?;
        (!self.maps(field)).then_some(field)
    }

    /// What to say of a column that is kept as metadata and may have been meant for a field.
    pub(crate) fn doubt(&self, key: &str, at: usize) -> Option<Fault> {
        let is_listed = self.metadata.is_some() || key.trim_start().starts_with(METADATA);
        let near = self.near.of(key).filter(|_| !is_listed)?;
        let message = format!("{} is taken for metadata", shown(key));
        let hint = format!(
            "did you mean `{near}`? If not, name it in `fields = {{ metadata = [\"{}\"] }}`",
            key.trim()
        );
        Some(Fault::new(at, message).hint(hint))
    }
}

fn near_sensitivity(name: &str, at: usize) -> Fault {
    let message = format!("{} protects no sample", shown(name));
    Fault::new(at, message).hint(
        "did you mean `sensitivity`? If not, name it in `fields = { metadata = […] }` or call it something else",
    )
}

/// Whether `name` is the letter of one of the first `letters` options.
fn is_letter_column(name: &str, letters: usize) -> bool {
    name.len() == 1
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && choices::index_of_letter(name, letters).is_some()
}

/// How many of `names`, `A`, `B`, …, are columns that hold options; 0 unless there are at least two.
pub(crate) fn letter_columns<'n, N>(names: &N) -> usize
where
    N: Iterator<Item = &'n str> + Clone,
{
    // Bytes and not texts: this is asked of every record.
    let present = |letter: &u8| {
        let mut names = names.clone();
        names.any(|name| name.trim().as_bytes() == [*letter])
    };
    let count = (b'A'..=b'Z').take_while(present).count();
    if count >= 2 { count } else { 0 }
}

/// What to do about a record without `field`, where the columns are `columns` and `fields` says what some of them are.
pub(crate) fn missing(field: Field, fields: Option<&Fields>, columns: &[String]) -> String {
    let mapped = fields.into_iter().flat_map(|fields| &fields.single);
    let mut mapped = mapped.filter(|(one, _)| *one == field);
    let named = mapped.next().map(|(_, column)| column.name.value.as_str());
    let is_its_own = |column: &&String| Field::named(column).is_some_and(|(own, _)| own == field);
    let own = columns.iter().find(is_its_own).map(String::as_str);
    let Some(column) = named.or(own) else {
        return which_column(field, columns);
    };
    let column = shown(column);
    match field {
        Field::Target => format!(
            "{column} is empty here, or left out: write the right answer into it, or leave the record out; a task that has no right answers needs a scorer without a target, such as `refusal`, or `regex` with `compare = \"match\"`"
        ),
        _ => format!(
            "{column} is empty here, or left out: write the question into it, or leave the record out"
        ),
    }
}

/// A question for the column of `field`, where there are `columns`.
pub(crate) fn which_column(field: Field, columns: &[String]) -> String {
    let what = match field {
        Field::Target => "the target, the right answer",
        _ => "the input, the question",
    };
    let names = field.names().map(|name| format!("`{name}`"));
    let names: Vec<_> = names.collect();
    if columns.is_empty() {
        return format!("give {}", names.join(", "));
    }
    let there = crate::words::shown_list(columns.iter().map(String::as_str), 20);
    let own = field.name();
    format!(
        "the columns are {there}; which is {what}? Say so in the task, `fields = {{ {own} = \"…\" }}`, or call it {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Column {
        Column {
            name: At {
                value: name.to_owned(),
                at: 0,
            },
            position: 0,
        }
    }

    #[test]
    fn a_column_is_found_by_its_name_or_within_others() {
        let text =
            r#"{"a.b": 1, "q": {"stem": "x", "choices": [{"t": "y"}]}, "Expected Answer": "z"}"#;
        let entries = Raw { text, at: 0 }.entries("a sample").unwrap();
        for (name, expected) in [
            ("a.b", Some("1")),
            ("q.stem", Some("\"x\"")),
            ("q.choices.0.t", Some("\"y\"")),
            ("expected_answer", Some("\"z\"")),
            ("q.choices.1", None),
            ("q.stem.t", None),
            ("none", None),
        ] {
            let found = column(name).find(&entries);
            assert_eq!(found.map(|raw| raw.text), expected, "{name}");
        }
        assert!(column("q.stem").lies_in("q"));
        assert_eq!(column("q.stem").last(), "stem");
    }

    #[test]
    fn names_say_what_a_column_is_unless_fields_do() {
        let mut fields = Fields::default();
        let meaning = |fields: &Fields, key: &str| fields.meaning(key, 0, 4).ok();
        assert_eq!(
            meaning(&fields, "Answer"),
            Some(Meaning::Field(Field::Target, "answer"))
        );
        assert_eq!(meaning(&fields, "B"), Some(Meaning::Option));
        assert_eq!(meaning(&fields, "sensitivty"), None);
        assert_eq!(
            meaning(&fields, "metadata.lang"),
            Some(Meaning::Metadata("lang".to_owned()))
        );
        fields.single.push((Field::Target, column("gold.text")));
        assert!(fields.takes("gold"));
        assert_eq!(
            meaning(&fields, "Answer"),
            Some(Meaning::Metadata("Answer".to_owned()))
        );
        fields.metadata = Some(vec![column("lang")]);
        assert_eq!(meaning(&fields, "Answer"), Some(Meaning::Nothing));
        assert!(fields.doubt("inputs", 0).is_none());
    }
}
