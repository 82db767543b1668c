//! Reads a scorer's parameters, and collects every fault instead of stopping at the first.
//!
//! Invariant: a parameter that a scorer did not ask for is a fault, so nothing that a suite says is
//! silently ignored. Each getter falls back to the default after recording a fault; the scorer built
//! from it is thrown away.

use cleanbench_core::{Scorer, ScorerSpec, SpecError};
use cleanbench_text::closest;
use serde_json::{Map, Value};

use crate::Commands;

/// How a fault of a parameter begins that no scorer of the type has.
pub(crate) const UNKNOWN: &str = "unknown parameter";

/// How a scorer is built that stands in another.
pub(crate) type Build = fn(&ScorerSpec, Setting<'_>) -> Result<Box<dyn Scorer>, Vec<SpecError>>;

/// Where a scorer stands, and what it may do there.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setting<'a> {
    /// The permission to run programs.
    pub(crate) commands: Option<&'a Commands>,
    /// How deep it stands in others.
    pub(crate) depth: u32,
    /// Whether what may take long is left to another process.
    pub(crate) leaves_long_work: bool,
}

/// Parameters of one scorer while it is being built.
pub(crate) struct Params<'a> {
    given: &'a Map<String, Value>,
    known: Vec<&'static str>,
    faults: Vec<SpecError>,
    setting: Setting<'a>,
    has_left: bool,
    build: Build,
}

impl<'a> Params<'a> {
    /// Parameters `given` to a scorer; `build` builds those that stand in it.
    pub(crate) fn new(given: &'a Map<String, Value>, setting: Setting<'a>, build: Build) -> Self {
        Self {
            given,
            known: Vec::new(),
            faults: Vec::new(),
            setting,
            has_left: false,
            build,
        }
    }

    /// The permission to run programs, where there is one.
    pub(crate) fn commands(&self) -> Option<&'a Commands> {
        self.setting.commands
    }

    /// Leaves what may take long, such as running a fixture, to another process, which finds the faults in it.
    /// `false` where there is none, and it is to be done now.
    pub(crate) fn leave(&mut self) -> bool {
        self.has_left |= self.setting.leaves_long_work;
        self.setting.leaves_long_work
    }

    /// Whether something was left to another process.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left
    }

    /// How deep the scorer stands in others.
    pub(crate) fn depth(&self) -> u32 {
        self.setting.depth
    }

    /// Builds a scorer that stands in this one.
    pub(crate) fn nested(&self, spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
        let within = Setting {
            depth: self.setting.depth + 1,
            ..self.setting
        };
        (self.build)(spec, within)
    }

    /// The raw value of `name`, and from now on `name` is a known parameter.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.given.get(name)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        match self.value(name) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.wrong(name, "must be true or false", other);
                default
            }
        }
    }

    /// A finite number of at least 0.
    pub(crate) fn at_least_zero(&mut self, name: &'static str) -> f64 {
        let Some(value) = self.value(name) else {
            return 0.0;
        };
        match value.as_f64() {
            Some(number) if number.is_finite() && number >= 0.0 => number,
            _ => {
                self.wrong(name, "must be a number of at least 0", value);
                0.0
            }
        }
    }

    /// A whole number within `range`.
    pub(crate) fn whole(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        let Some(value) = self.value(name) else {
            return default;
        };
        let given = value.as_u64().filter(|number| range.contains(number));
        if given.is_none() {
            let (least, most) = range.into_inner();
            let must = format!("must be a whole number from {least} to {most}");
            self.wrong(name, &must, value);
        }
        given.unwrap_or(default)
    }

    /// One of several words; the first is the default.
    pub(crate) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> T {
        let default = words[0].1;
        let Some(value) = self.value(name) else {
            return default;
        };
        self.known_word(name, value, words).unwrap_or(default)
    }

    /// A list of words, without a word more than once; `default` when not given.
    pub(crate) fn words<T: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        default: &[T],
    ) -> Vec<T> {
        match self.value(name) {
            None => default.to_vec(),
            Some(Value::Array(items)) => {
                let mut found: Vec<T> = Vec::with_capacity(items.len());
                for item in items {
                    match self.known_word(name, item, words) {
                        Some(word) if found.contains(&word) => self.twice(name, item),
                        Some(word) => found.push(word),
                        None => {}
                    }
                }
                found
            }
            Some(other) => {
                self.wrong(name, "must be a list of words", other);
                default.to_vec()
            }
        }
    }

    /// A list of strings that is not empty and names nothing twice; `None` when not given.
    pub(crate) fn strings(&mut self, name: &'static str) -> Option<Vec<String>> {
        let value = self.value(name)?;
        let items = value.as_array().filter(|items| !items.is_empty());
        let Some(items) = items else {
            self.wrong(name, "must be a list of at least one string", value);
            return None;
        };
        let mut found: Vec<String> = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str().filter(|text| !text.is_empty()) {
                Some(text) if found.iter().any(|other| other == text) => self.twice(name, item),
                Some(text) => found.push(text.to_owned()),
                None => self.wrong(name, "must hold strings that are not empty", item),
            }
        }
        Some(found)
    }

    /// A string that is not empty and that must be given; `None` only after recording a fault.
    pub(crate) fn required_text(&mut self, name: &'static str) -> Option<&'a str> {
        let Some(value) = self.value(name) else {
            self.fault(
                name,
                format!("`{name}` is missing"),
                Some(format!("add `{name} = \"…\"`")),
            );
            return None;
        };
        let text = value.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            self.wrong(name, "must be a string that is not empty", value);
        }
        text
    }

    /// Records a fault of `name`.
    pub(crate) fn fault(&mut self, name: &str, message: String, hint: Option<String>) {
        self.faults.push(SpecError {
            param: Some(name.to_owned()),
            message,
            hint,
            may_pass: false,
        });
    }

    /// Records the fault `inner` of a scorer that stands in this one, where `name` lists it.
    pub(crate) fn inner_fault(&mut self, name: &str, message: String, inner: SpecError) {
        self.faults.push(SpecError {
            param: Some(name.to_owned()),
            message,
            ..inner
        });
    }

    /// Records that `value` is not what `name` must be.
    pub(crate) fn wrong(&mut self, name: &str, must: &str, value: &Value) {
        self.fault(name, format!("`{name}` {must}, not {value}"), None);
    }

    /// Every fault, those of unknown parameters included.
    pub(crate) fn finish(mut self) -> Vec<SpecError> {
        let given = self.given;
        for name in given.keys() {
            if !self.known.contains(&name.as_str()) {
                let hint = self.hint_for(name);
                self.fault(name, format!("{UNKNOWN} `{name}`"), Some(hint));
            }
        }
        self.faults
    }

    fn hint_for(&self, name: &str) -> String {
        match closest(name, self.known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.known.is_empty() => "this scorer has no parameters".to_owned(),
            None => format!("known parameters: {}", self.known.join(", ")),
        }
    }

    fn known_word<T: Copy>(&mut self, name: &str, value: &Value, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
        if let Some((_, meaning)) = found {
            return Some(*meaning);
        }
        let names = words.iter().map(|(word, _)| *word);
        let near = value.as_str().and_then(|text| closest(text, names.clone()));
        let list: Vec<String> = names.map(|word| format!("`{word}`")).collect();
        self.fault(
            name,
            format!("`{name}` knows {}, not {value}", list.join(", ")),
            near.map(|word| format!("did you mean `{word}`?")),
        );
        None
    }

    fn twice(&mut self, name: &str, item: &Value) {
        self.fault(name, format!("`{name}` names {item} twice"), None);
    }
}
