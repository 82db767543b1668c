//! A sample while its fields are being collected, and what makes it a [`Sample`].
//!
//! Invariant: a field is given once, under one name; a fault in one field hides no fault in another; what is no field
//! is metadata.

use std::collections::HashSet;

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Message, Sample, Sensitivity};
use serde_json::{Map, Value};

use crate::at::At;
use crate::choice_forms::{self, ChoiceList};
use crate::choices::Options;
use crate::diagnostic::Fault;
use crate::field::{FIELDS, Field};
use crate::fields::{Fields, Meaning, letter_columns, missing};
use crate::folder::SuiteFolder;
use crate::grouping;
use crate::images::{self, ImageRef, Picture};
use crate::json::{Entry, Raw};
use crate::messages;
use crate::number_form::{self, Convention, Readers};
use crate::shuffle::shuffle_choices;
use crate::target_form::{self, Evidence, Form, Shown};
use crate::words::{did_you_mean, is_date, kind_of_json, shown};
use crate::written;

/// Most faults that are told of one record.
const MOST_FAULTS: usize = 20;

/// What a task lends to its samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) choices: &'a [String],
    pub(crate) sensitivity: Sensitivity,
    pub(crate) folder: &'a SuiteFolder,
    /// Images of the task's own messages.
    pub(crate) images: &'a [ImageRef],
    /// The field of the metadata that says which samples hang together.
    pub(crate) cluster: Option<&'a str>,
    /// In which form targets name options: as the task says, and as the data shows.
    pub(crate) said: Option<Form>,
    pub(crate) shown: Shown,
    /// Who reads the numbers of targets, and how these are written for all that the data shows.
    pub(crate) readers: Readers,
    pub(crate) convention: Convention,
    /// The seed by which choices are shuffled, where they are.
    pub(crate) shuffle: Option<u64>,
    /// Whether all that judge it compare texts.
    pub(crate) compares_texts: bool,
    /// Names of the columns of the data, and what the task says of them.
    pub(crate) columns: &'a [String],
    pub(crate) fields: Option<&'a Fields>,
}

/// The fields of a sample as far as they could be read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<At<String>>,
    input: Option<String>,
    messages: Option<Vec<Message>>,
    images: Vec<ImageRef>,
    /// Numbers whose text is another than that of their value are texts in it.
    target: Option<At<Value>>,
    /// The same with numbers as numbers, where there are such.
    numeric_target: Option<Value>,
    choices: Option<At<ChoiceList>>,
    choice_rewordings: Option<At<Vec<Vec<String>>>>,
    metadata: Map<String, Value>,
    created: Option<String>,
    cluster: Option<String>,
    pub(crate) rewording_of: Option<At<String>>,
    pub(crate) isomorph_of: Option<At<String>>,
    sensitivity: Option<Sensitivity>,
    /// The name under which each field was given.
    names: [Option<&'static str>; FIELDS],
    /// Which of the columns that the task names were there.
    pub(crate) met: u64,
    /// What looks odd, and is no fault.
    pub(crate) doubts: Vec<Fault>,
}

impl Draft {
    /// Reads a record that is one JSON object.
    pub(crate) fn from_json(text: &str, fields: &Fields, faults: &mut Vec<Fault>) -> Option<Self> {
        let entries = match (Raw { text, at: 0 }).entries("a sample") {
            Ok(entries) => entries,
            Err(fault) => {
                faults.push(fault);
                return None;
            }
        };
        report_duplicates(&entries, faults);
        let mut draft = Self::default();
        draft.take_mapped(&entries, fields, faults);
        draft.take_named(&entries, fields, faults);
        draft.read_target(fields, faults);
        Some(draft)
    }

    /// Takes the columns that the task names.
    fn take_mapped(&mut self, entries: &[Entry<'_>], fields: &Fields, faults: &mut Vec<Fault>) {
        for (field, column) in &fields.single {
            let Some(raw) = column.find(entries) else {
                continue;
            };
            self.meet(column.position);
            if raw.text != "null" {
                let set = self.claim(*field, field.name(), raw.at);
                faults.extend(set.and_then(|()| self.set_json(*field, raw)).err());
            }
        }
        let mut options = Vec::new();
        for column in &fields.options {
            let Some(raw) = column.find(entries) else {
                continue;
            };
            self.meet(column.position);
            match choice_forms::text_of(raw) {
                Ok(value) => options.push(At { value, at: raw.at }),
                Err(fault) => faults.push(fault),
            }
        }
        faults.extend(self.set_options(options).err());
        for column in fields.metadata.iter().flatten() {
            let Some(raw) = column.find_metadata(entries) else {
                continue;
            };
            self.meet(column.position);
            if raw.text != "null" {
                faults.extend(self.add_metadata(column.last(), raw).err());
            }
        }
    }

    /// Takes the columns that have names of fields, and the others as metadata.
    fn take_named(&mut self, entries: &[Entry<'_>], fields: &Fields, faults: &mut Vec<Fault>) {
        let letters = letter_columns(&entries.iter().map(|entry| &*entry.key));
        let mut options = Vec::new();
        for entry in entries.iter().filter(|entry| !fields.takes(&entry.key)) {
            if faults.len() >= MOST_FAULTS {
                return;
            }
            let (at, raw) = (entry.key_at, entry.raw);
            let is_null = raw.text == "null";
            let taken = match fields.meaning(&entry.key, at, letters) {
                Err(fault) => Err(fault),
                Ok(_) if is_null => Ok(()),
                Ok(Meaning::Nothing) => Ok(()),
                // Columns that the task names as metadata were taken before.
                Ok(Meaning::Field(Field::Metadata, _) | Meaning::Metadata(_))
                    if fields.metadata.is_some() =>
                {
                    Ok(())
                }
                Ok(Meaning::Field(field, name)) => self
                    .claim(field, name, at)
                    .and_then(|()| self.set_json(field, raw)),
                Ok(Meaning::Option) => {
                    choice_forms::text_of(raw).map(|value| options.push(At { value, at: raw.at }))
                }
                Ok(Meaning::Metadata(name)) => {
                    self.doubts.extend(fields.doubt(&entry.key, at));
                    self.add_metadata(&name, raw)
                }
            };
            faults.extend(taken.err());
        }
        faults.extend(self.set_options(options).err());
    }

    /// Notes that the column at `position` of those that the task names was there.
    pub(crate) fn meet(&mut self, position: usize) {
        self.met |= 1 << position;
    }

    fn add_metadata(&mut self, name: &str, raw: Raw<'_>) -> Result<(), Fault> {
        let value = written::exact(raw, raw.value()?);
        self.set_metadata(name, value, raw.at)
    }

    /// Takes the target out of what surrounds it.
    pub(crate) fn read_target(&mut self, fields: &Fields, faults: &mut Vec<Fault>) {
        let Some(target) = self.target.take() else {
            return;
        };
        match fields.target.take_out(target) {
            Ok(target) => self.target = Some(target),
            Err(fault) => faults.push(fault),
        }
    }

    /// The options: its own, else those of the task.
    fn options<'a>(&'a self, of_task: &'a [String]) -> Options<'a> {
        match &self.choices {
            Some(own) => Options::new(&own.value.texts, &own.value.labels),
            None => Options::new(of_task, &[]),
        }
    }

    /// The target, or the parts of one that is a list.
    fn targets(&self) -> &[Value] {
        match &self.target {
            Some(At {
                value: Value::Array(several),
                ..
            }) => several,
            Some(target) => std::slice::from_ref(&target.value),
            None => &[],
        }
    }

    /// Whether the target could name different options, unless more is known of its column.
    pub(crate) fn is_unclear(&self, rules: &Rules<'_>) -> bool {
        let options = self.options(rules.choices);
        let is_unclear = |target| target_form::is_unclear(target, &options);
        rules.said.is_none() && !options.texts.is_empty() && self.targets().iter().any(is_unclear)
    }

    /// The targets that are numbers for whoever reads the task's, and may be written by either convention; numbers of
    /// JSON are written by one.
    fn numbers(&self, of_task: &[String]) -> &[Value] {
        if self.numeric_target.is_some() || !self.options(of_task).texts.is_empty() {
            return &[];
        }
        self.targets()
    }

    /// Whether the target could be two numbers, unless more is known of its column.
    pub(crate) fn is_unclear_number(&self, of_task: &[String]) -> bool {
        self.numbers(of_task).iter().any(number_form::is_unclear)
    }

    /// Shows the numbers of the target to what is known of their column.
    pub(crate) fn testify_of_numbers(
        &self,
        of_task: &[String],
        evidence: &mut number_form::Evidence,
    ) {
        for target in self.numbers(of_task) {
            evidence.add(target);
        }
    }

    /// Writes the numbers of the target plainly where its column shows how they are written; where nothing does, the
    /// doubt.
    pub(crate) fn settle_numbers(&mut self, rules: &Rules<'_>) -> Option<Fault> {
        let is_shown = matches!(rules.convention, Convention::Shown(_));
        let numbers = self.numbers(rules.choices);
        match rules.readers {
            Readers::None => return None,
            Readers::All if is_shown => {}
            Readers::Some if rules.convention == Convention::POINT => return None,
            Readers::All | Readers::Some => {
                let doubt = numbers
                    .iter()
                    .find_map(|number| number_form::doubt(number, rules.convention))?;
                let at = self.target.as_ref().map_or(0, |target| target.at);
                return Some(Fault::new(at, doubt).hint(number_form::REMEDY));
            }
        }
        let settled: Vec<_> = numbers
            .iter()
            .map(|one| number_form::settled(one, rules.convention))
            .collect();
        if let Some(target) = &mut self.target
            && settled.iter().any(Option::is_some)
        {
            let each = match &mut target.value {
                Value::Array(several) => several.iter_mut().collect(),
                one => vec![one],
            };
            for (one, settled) in each.into_iter().zip(settled) {
                if let Some(settled) = settled {
                    *one = settled;
                }
            }
        }
        None
    }

    /// Shows the target to what is known of its column.
    pub(crate) fn testify(&self, of_task: &[String], evidence: &mut Evidence) {
        let options = self.options(of_task);
        if options.texts.is_empty() {
            return;
        }
        for target in self.targets() {
            evidence.add(target, &options);
        }
    }

    /// Notes that `field` is given under `name`; a second alias is a fault.
    pub(crate) fn claim(
        &mut self,
        field: Field,
        name: &'static str,
        at: usize,
    ) -> Result<(), Fault> {
        match self.names[field as usize].replace(name) {
            Some(before) if before != name => {
                let own = field.name();
                let message = format!("`{before}` and `{name}` both give the {own}");
                Err(Fault::new(at, message).hint(format!(
                    "say which is meant: `fields = {{ {own} = \"{before}\" }}`; the other is then metadata"
                )))
            }
            _ => Ok(()),
        }
    }

    fn has(&self, field: Field) -> bool {
        self.names[field as usize].is_some()
    }

    /// Sets `field` from valid JSON.
    pub(crate) fn set_json(&mut self, field: Field, raw: Raw<'_>) -> Result<(), Fault> {
        let name = self.names[field as usize].unwrap_or(field.name());
        // Only where it is told: that is seldom, and records are many.
        let what = || format!("`{name}`");
        match field {
            Field::Target => self.set_target(raw)?,
            Field::Messages => {
                let (messages, mut images) = messages::parse(raw)?;
                self.messages = Some(messages);
                self.images.append(&mut images);
            }
            Field::Images => self.images.append(&mut image_list(raw)?),
            Field::Choices => {
                let value = choice_forms::read(raw)?;
                self.keep_choices(value, raw.at)?;
            }
            Field::ChoiceRewordings => {
                self.choice_rewordings = Some(At {
                    value: choice_rewordings(raw)?,
                    at: raw.at,
                });
            }
            Field::Metadata => {
                for (name, value) in raw.map(&what())? {
                    self.set_metadata(&name, value, raw.at)?;
                }
            }
            Field::Id | Field::RewordingOf | Field::IsomorphOf => {
                return self.set_text(field, identity(raw, what)?, raw.at);
            }
            Field::Input | Field::Created | Field::Sensitivity => {
                return self.set_text(field, raw.text_of(what)?, raw.at);
            }
            Field::Cluster => return self.set_text(field, cluster_text(raw)?, raw.at),
            Field::Weight => return Err(refuse_weight(raw)),
        }
        Ok(())
    }

    fn set_target(&mut self, raw: Raw<'_>) -> Result<(), Fault> {
        let value = raw.value()?;
        let written = written::target(raw, &value)?;
        self.target = Some(match written {
            None => At { value, at: raw.at },
            Some(written) => {
                self.numeric_target = Some(value);
                At {
                    value: written,
                    at: raw.at,
                }
            }
        });
        Ok(())
    }

    /// Sets `field` from a text: a cell of a CSV file or a string of JSON.
    pub(crate) fn set_text(&mut self, field: Field, text: String, at: usize) -> Result<(), Fault> {
        let is_blank = text.trim().is_empty();
        match field {
            Field::Id | Field::Input | Field::Cluster if is_blank => {
                let name = self.names[field as usize].unwrap_or(field.name());
                return Err(Fault::new(at, format!("`{name}` is empty")));
            }
            Field::Id => self.id = Some(At { value: text, at }),
            Field::Input => self.input = Some(text),
            Field::Cluster => self.cluster = Some(text),
            Field::RewordingOf => self.rewording_of = Some(At { value: text, at }),
            Field::IsomorphOf => self.isomorph_of = Some(At { value: text, at }),
            Field::Target => {
                self.target = Some(At {
                    value: Value::String(text),
                    at,
                });
            }
            Field::Created => self.created = Some(date("created", text, at)?),
            Field::Sensitivity => self.sensitivity = Some(sensitivity(&text, at)?),
            Field::Messages
            | Field::Images
            | Field::Choices
            | Field::ChoiceRewordings
            | Field::Metadata => return self.set_cell(field, &text, at),
            Field::Weight => {
                return Err(not_yet(&format!("`{}`", field.name()), at));
            }
        }
        Ok(())
    }

    /// Sets `field` from JSON within a cell; faults stand at the start of the cell, because quotes
    /// within it may be doubled.
    fn set_cell(&mut self, field: Field, text: &str, at: usize) -> Result<(), Fault> {
        let raw = Raw { text, at };
        let known = self.images.len();
        let result = raw.check().and_then(|()| self.set_json(field, raw));
        for image in &mut self.images[known..] {
            image.at = at;
        }
        result.map_err(|fault| Fault {
            at,
            message: format!("in the cell `{}`: {}", field.name(), fault.message),
            hint: fault.hint,
        })
    }

    /// Sets the options from columns of their own: empty ones at the end are fewer options.
    pub(crate) fn set_options(&mut self, mut options: Vec<At<String>>) -> Result<(), Fault> {
        while options.last().is_some_and(|option| option.value.is_empty()) {
            options.pop();
        }
        let Some(first) = options.first() else {
            return Ok(());
        };
        let at = first.at;
        if let Some(gap) = options.iter().position(|option| option.value.is_empty()) {
            let letter = crate::choices::letter(gap);
            let message = format!("option {letter} is empty but a later one is not");
            return Err(Fault::new(options[gap].at, message));
        }
        if self.choices.is_some() {
            let message = "both a column of choices and columns that are each an option";
            return Err(Fault::new(at, message).hint("say which: `fields = { choices = … }`"));
        }
        let texts = options.into_iter().map(|option| option.value).collect();
        self.keep_choices(ChoiceList::of_texts(texts), at)
    }

    fn keep_choices(&mut self, value: ChoiceList, at: usize) -> Result<(), Fault> {
        if let Some(doubt) = value.check(at)? {
            self.doubts.push(doubt);
        }
        self.choices = Some(At { value, at });
        Ok(())
    }

    /// Adds a free field.
    pub(crate) fn set_metadata(
        &mut self,
        name: &str,
        value: Value,
        at: usize,
    ) -> Result<(), Fault> {
        if self.metadata.contains_key(name) {
            let message = format!("the metadata {} is given twice", shown(name));
            return Err(Fault::new(at, message).hint("keep one of them, or rename one"));
        }
        self.metadata.insert(name.to_owned(), value);
        Ok(())
    }

    fn check_question(&self, rules: &Rules<'_>) -> Option<Fault> {
        match (self.has(Field::Input), self.has(Field::Messages)) {
            (true, true) => {
                Some(Fault::new(0, "both an input and `messages`").hint("keep one of them"))
            }
            (false, false) => {
                let fault = Fault::new(0, "a sample without `input`");
                Some(fault.hint(missing(Field::Input, rules.fields, rules.columns)))
            }
            (false, true) if self.has(Field::Images) => {
                Some(Fault::new(0, "both `images` and `messages`").hint(
                    "put `{\"type\": \"image\", \"file\": …}` into the `content` of a message",
                ))
            }
            _ => None,
        }
    }

    /// The sample and its pictures, where nothing is wrong with them. `position` counts the task's
    /// samples from 1.
    pub(crate) fn finish(
        mut self,
        rules: Rules<'_>,
        position: u64,
        faults: &mut Vec<Fault>,
    ) -> Option<(Sample, Vec<Picture>)> {
        // What it is in doubt about was told before.
        drop(self.settle_numbers(&rules));
        faults.extend(self.check_question(&rules));
        let of_task: &[_] = if self.messages.is_none() {
            rules.images
        } else {
            &[]
        };
        let pictures = images::read_all(rules.folder, of_task.iter().chain(&self.images), faults);
        let options = self.options(rules.choices);
        faults.extend(
            self.choice_rewordings
                .as_ref()
                .and_then(|given| rewordings_fault(given, options.texts)),
        );
        let numeric = self.numeric_target.as_ref();
        let target = resolve_target(self.target.as_ref(), numeric, &options, &rules);
        let target = target.unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let choices = match self.choices {
            Some(own) => own.value.texts,
            None => rules.choices.to_vec(),
        };
        let cluster = cluster_of(self.cluster, &self.metadata, rules.cluster);
        let cluster = cluster.unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        if !faults.is_empty() {
            return None;
        }
        let mut sample = Sample {
            id: self.id.map_or_else(|| position.to_string(), |id| id.value),
            input: match (self.input, self.messages) {
                (Some(text), _) => SampleInput::Input(text),
                (None, messages) => SampleInput::Messages(messages?),
            },
            target,
            choices,
            metadata: self.metadata,
            created: self.created,
            cluster,
            rewording_of: self.rewording_of.map(|other| other.value),
            isomorph_of: self.isomorph_of.map(|other| other.value),
            images: pictures
                .iter()
                .map(|picture| picture.image.clone())
                .collect(),
            choice_rewordings: self
                .choice_rewordings
                .map_or_else(Vec::new, |given| given.value),
            sensitivity: rules
                .sensitivity
                .max(self.sensitivity.unwrap_or(rules.sensitivity)),
        };
        if let Some(seed) = rules.shuffle {
            shuffle_choices(&mut sample, seed);
        }
        Some((sample, pictures))
    }
}

/// The target as scorers get it: among choices the text of the right one, of several a list.
fn resolve_target(
    target: Option<&At<Value>>,
    numeric: Option<&Value>,
    options: &Options<'_>,
    rules: &Rules<'_>,
) -> Result<Option<Value>, Fault> {
    let Some(target) = target else {
        return Ok(None);
    };
    let number = numeric.unwrap_or(&target.value);
    if options.texts.is_empty() {
        let taken = if rules.compares_texts {
            &target.value
        } else {
            number
        };
        return Ok(Some(taken.clone()));
    }
    let text = |option: usize| Value::from(options.texts[option].as_str());
    if rules.said == Some(Form::Flags) {
        let set = target_form::flagged(number, options, target.at)?;
        return Ok(Some(match set[..] {
            [one] => text(one),
            _ => set.into_iter().map(text).collect(),
        }));
    }
    let resolve = |one: &Value| {
        target_form::resolve(one, options, rules.said, rules.shown, target.at).map(text)
    };
    match &target.value {
        Value::Array(several) if !several.is_empty() => several
            .iter()
            .map(resolve)
            .collect::<Result<_, _>>()
            .map(Some),
        one => resolve(one).map(Some),
    }
}

fn report_duplicates(entries: &[Entry<'_>], faults: &mut Vec<Fault>) {
    let mut keys = HashSet::with_capacity(entries.len());
    for entry in entries {
        if !keys.insert(&entry.key) {
            let message = format!("duplicate key {}", shown(&entry.key));
            faults.push(Fault::new(entry.key_at, message));
        }
        if faults.len() >= MOST_FAULTS {
            return;
        }
    }
}

/// A list of paths.
fn image_list(raw: Raw<'_>) -> Result<Vec<ImageRef>, Fault> {
    let elements = raw.elements("`images`")?;
    let images = elements.into_iter().map(|element| {
        Ok(ImageRef {
            written: element.string("each of `images`")?,
            at: element.at,
            message: None,
        })
    });
    images.collect()
}

/// A list with a list of texts for each choice.
fn choice_rewordings(raw: Raw<'_>) -> Result<Vec<Vec<String>>, Fault> {
    let lists = raw.elements("`choice_rewordings`")?;
    let texts = lists
        .into_iter()
        .map(|list| list.strings("each of `choice_rewordings`"));
    texts.collect()
}

/// What is wrong with the rewordings of `choices`.
fn rewordings_fault(given: &At<Vec<Vec<String>>>, choices: &[String]) -> Option<Fault> {
    if given.value.len() != choices.len() {
        let message = format!(
            "`choice_rewordings` has {} lists for {} choices",
            given.value.len(),
            choices.len()
        );
        let hint = "give one list for each choice; an empty one where there are none";
        return Some(Fault::new(given.at, message).hint(hint));
    }
    let wrong = choices.iter().zip(&given.value).find(|(choice, others)| {
        others.contains(choice) || others.iter().any(|text| text.trim().is_empty())
    });
    wrong.map(|(choice, _)| {
        let message = format!(
            "a rewording of {} is empty or the choice itself",
            shown(choice)
        );
        Fault::new(given.at, message)
    })
}

/// A string, or a whole number as text: data sets number their items.
fn identity(raw: Raw<'_>, what: impl Fn() -> String) -> Result<String, Fault> {
    let is_number = kind_of_json(raw.text) == "a number";
    if is_number && raw.parse::<Value>()?.as_i64().is_some() {
        return Ok(raw.text.to_owned());
    }
    if !raw.text.starts_with('"') {
        let found = kind_of_json(raw.text);
        let what = what();
        let message = format!("{what} must be a string or a whole number, found {found}");
        return Err(Fault::new(raw.at, message));
    }
    raw.text_of(what)
}

/// A date `YYYY-MM-DD`.
///
/// # Errors
/// A fault at `at` that names the field.
pub(crate) fn date(name: &str, text: String, at: usize) -> Result<String, Fault> {
    if is_date(&text) {
        return Ok(text);
    }
    let message = format!("`{name}` is {}, which is no date", shown(&text));
    Err(Fault::new(at, message).hint("write it as YYYY-MM-DD"))
}

/// The label that `word` names.
///
/// # Errors
/// A fault at `at`.
pub(crate) fn sensitivity(word: &str, at: usize) -> Result<Sensitivity, Fault> {
    let found = Sensitivity::ALL
        .into_iter()
        .find(|label| label.as_str() == word);
    found.ok_or_else(|| {
        let words = Sensitivity::ALL.map(Sensitivity::as_str);
        Fault::new(at, format!("unknown sensitivity {}", shown(word)))
            .hint("it is `public`, `private` or `secret`")
            .maybe_hint(did_you_mean(word, words))
    })
}

/// The fault of using something that a later version brings.
pub(crate) fn not_yet(what: &str, at: usize) -> Fault {
    Fault::new(at, format!("{what} is not yet supported")).hint("remove it")
}

/// The cluster of a sample: its own, or the value of the field that the task names.
fn cluster_of(
    own: Option<String>,
    metadata: &Map<String, Value>,
    field: Option<&str>,
) -> Result<Option<String>, Fault> {
    match (own, field) {
        (Some(own), _) => Ok(Some(own)),
        (None, Some(field)) => grouping::text_of(metadata, field).map_err(|message| {
            Fault::new(0, format!("{message}, and `cluster` of the task names it"))
        }),
        (None, None) => Ok(None),
    }
}

/// A string, or a number as text.
fn cluster_text(raw: Raw<'_>) -> Result<String, Fault> {
    match kind_of_json(raw.text) {
        "a number" => Ok(raw.text.to_owned()),
        "a string" => raw.string("`cluster`"),
        found => {
            let message = format!("`cluster` must be a string or a number, found {found}");
            Err(Fault::new(raw.at, message))
        }
    }
}

fn refuse_weight(raw: Raw<'_>) -> Fault {
    let kind = kind_of_json(raw.text);
    if raw.parse::<f64>().is_ok_and(|weight| weight > 0.0) {
        return not_yet("`weight`", raw.at);
    }
    let found = if kind == "a number" { raw.text } else { kind };
    let message = format!("`weight` must be a number above 0, found {found}");
    Fault::new(raw.at, message)
}
