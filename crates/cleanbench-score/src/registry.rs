//! The one table of scorers.
//!
//! To add a scorer: one file in `scorers/` that is called like it, one line here, one table of test cases in
//! that file. A test fails on a file without a line.

use cleanbench_core::{Digest, Scorer, ScorerCatalog, ScorerSpec, SpecError};
use cleanbench_text::closest;
use serde_json::Value;

use crate::commands::Commands;
use crate::confine::confined;
use crate::params::{Params, Setting, UNKNOWN};
use crate::rule::{Rule, Ruled};
use crate::scorers::{
    bleu, choice, choices, chrf, command, contains, edit_similarity, exact, f1, json_diff,
    json_fields, json_schema, likelihood, list, math, numeric, quantity, recorded, refusal, regex,
    rouge_l, sql, tool_call, weighted,
};

/// Builds a scorer from its parameters; `None` only after recording a fault.
type Build = fn(&mut Params<'_>) -> Option<Box<dyn Scorer>>;

/// Every scorer by name, in the order of the documentation.
const SCORERS: &[(&str, Build)] = &[
    ("exact", |params| ruled(params, exact::build)),
    ("choice", |params| ruled(params, choice::build)),
    ("choices", |params| ruled(params, choices::build)),
    ("numeric", |params| ruled(params, numeric::build)),
    ("quantity", |params| ruled(params, quantity::build)),
    ("contains", |params| ruled(params, contains::build)),
    ("regex", |params| perhaps(params, regex::build)),
    ("f1", |params| ruled(params, |_| f1::F1)),
    ("rouge_l", |params| ruled(params, rouge_l::build)),
    ("bleu", |params| ruled(params, bleu::build)),
    ("chrf", |params| ruled(params, |_| chrf::Chrf)),
    ("edit_similarity", |params| {
        ruled(params, edit_similarity::build)
    }),
    ("list", |params| ruled(params, list::build)),
    ("math", |params| ruled(params, math::build)),
    ("json_fields", |params| ruled(params, json_fields::build)),
    ("json_diff", |params| ruled(params, json_diff::build)),
    ("json_schema", |params| perhaps(params, json_schema::build)),
    ("tool_call", |params| {
        Some(Box::new(tool_call::build(params)))
    }),
    ("sql", |params| perhaps(params, sql::build)),
    ("refusal", |params| ruled(params, refusal::build)),
    ("likelihood", |params| {
        Some(Box::new(likelihood::build(params)))
    }),
    ("weighted", |params| {
        Some(Box::new(weighted::build(params)?))
    }),
    ("recorded", |params| Some(Box::new(recorded::build(params)))),
    ("command", |params| Some(Box::new(command::build(params)?))),
];

/// A scorer of texts.
fn ruled<R: Rule + 'static>(
    params: &mut Params<'_>,
    build: impl FnOnce(&mut Params<'_>) -> R,
) -> Option<Box<dyn Scorer>> {
    perhaps(params, |params| Some(build(params)))
}

/// The same for one whose parameters may be so wrong that there is none.
fn perhaps<R: Rule + 'static>(
    params: &mut Params<'_>,
    build: impl FnOnce(&mut Params<'_>) -> Option<R>,
) -> Option<Box<dyn Scorer>> {
    Some(Box::new(Ruled::of(params, build)?))
}

/// The scorers of this crate as a catalogue for the loader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registry;

impl ScorerCatalog for Registry {
    fn build(&self, spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
        build(spec)
    }

    fn knows(&self, spec: &ScorerSpec, name: &str) -> bool {
        knows(spec, name)
    }
}

/// Whether the scorer that `spec` names has a parameter `name`. Asked by giving it one that it can only refuse, so that
/// whatever reads parameters is what answers.
fn knows(spec: &ScorerSpec, name: &str) -> bool {
    if !names().any(|known| known == spec.kind) {
        return false;
    }
    let mut asked = spec.clone();
    asked.params.insert(name.to_owned(), Value::Null);
    // Nothing is run to find out.
    let setting = Setting {
        leaves_long_work: true,
        ..Setting::default()
    };
    let faults = build_at(&asked, setting).err().unwrap_or_default();
    !faults
        .iter()
        .any(|fault| fault.param.as_deref() == Some(name) && fault.message.starts_with(UNKNOWN))
}

/// Names of all scorers, in the order of the documentation.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCORERS.iter().map(|(name, _)| *name)
}

/// Builds the scorer that `spec` names.
///
/// # Errors
/// Every fault of the specification: an unknown type, or each parameter that is unknown, missing or
/// has a wrong value.
pub fn build(spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
    let setting = Setting {
        leaves_long_work: confined::is_possible(),
        ..Setting::default()
    };
    build_at(spec, setting)
}

/// The same, with everything done in this process.
///
/// # Errors
/// As for [`build`].
pub(crate) fn build_here(spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
    build_at(spec, Setting::default())
}

/// The same, with the permission to run programs: without it the scorer `command` fails.
///
/// # Errors
/// As for [`build`].
pub fn build_allowing(
    spec: &ScorerSpec,
    commands: &Commands,
) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
    let setting = Setting {
        commands: Some(commands),
        leaves_long_work: confined::is_possible(),
        ..Setting::default()
    };
    build_at(spec, setting)
}

fn build_at(spec: &ScorerSpec, setting: Setting<'_>) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
    let Some((_, build)) = SCORERS.iter().find(|(name, _)| *name == spec.kind) else {
        return Err(vec![unknown_type(&spec.kind)]);
    };
    let mut params = Params::new(&spec.params, setting, build_at);
    let scorer = build(&mut params);
    let checks = params.has_left();
    let faults = params.finish();
    match scorer {
        Some(scorer)
            if faults.is_empty() && setting.leaves_long_work && may_be_long(&spec.kind) =>
        {
            confined::confined(spec, scorer, checks)
        }
        Some(scorer) if faults.is_empty() => Ok(scorer),
        _ => Err(faults),
    }
}

/// Whether the work of a scorer may grow faster than the answer.
fn may_be_long(kind: &str) -> bool {
    const THESE: [&str; 13] = [
        "choice",
        "choices",
        "sql",
        "json_schema",
        "tool_call",
        "regex",
        "contains",
        "rouge_l",
        "edit_similarity",
        "list",
        "bleu",
        "chrf",
        "f1",
    ];
    THESE.contains(&kind)
}

fn unknown_type(kind: &str) -> SpecError {
    let list: Vec<&str> = names().collect();
    let list = format!("known scorers: {}", list.join(", "));
    SpecError {
        param: None,
        message: format!("unknown scorer `{kind}`"),
        hint: Some(match closest(kind, names()) {
            Some(near) => format!("did you mean `{near}`? {list}"),
            None => list,
        }),
        may_pass: false,
    }
}

/// Identity of a task's scorers: changes with any parameter, any version, or their order.
///
/// `scorers[i]` must be what `specs[i]` was built into; a longer list is read up to the length of the
/// shorter.
pub fn digest_of(specs: &[ScorerSpec], scorers: &[Box<dyn Scorer>]) -> Digest {
    debug_assert_eq!(
        specs.len(),
        scorers.len(),
        "one scorer for each specification"
    );
    let digests: Vec<Digest> = specs
        .iter()
        .zip(scorers)
        .map(|(spec, scorer)| spec.digest(scorer.version()))
        .collect();
    let parts: Vec<&[u8]> = digests.iter().map(|digest| digest.0.as_slice()).collect();
    Digest::of("cleanbench/scorers/1", &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scorer_knows_its_own_parameters_and_no_others() {
        let spec = |kind: &str| ScorerSpec {
            kind: kind.to_owned(),
            params: serde_json::Map::new(),
        };
        for (kind, name, is_known) in [
            ("choice", "accept", true),
            ("choice", "tolerance", false),
            ("numeric", "tolerance", true),
            ("regex", "pattern", true),
            ("weighted", "scorers", true),
            ("weighted", "pattern", false),
            ("sql", "fixture", true),
            ("nothing", "pattern", false),
        ] {
            assert_eq!(knows(&spec(kind), name), is_known, "{kind} {name}");
        }
    }

    #[test]
    fn every_file_is_a_scorer_under_its_own_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/scorers");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != "mod")
            .collect();
        files.sort_unstable();
        let mut listed: Vec<_> = names().collect();
        listed.sort_unstable();
        assert_eq!(
            files, listed,
            "each file in src/scorers/ has one line in registry.rs, under its own name"
        );
    }
}
