//! `cleanbench trust`: for which files that came along with a suite the user answers.
//!
//! Invariant: what is trusted is printed, and is what was read: each file is read once, and those bytes are shown and
//! kept by their digest. A folder below a trusted one is not trusted by that.

use std::collections::BTreeSet;
use std::path::Path;

use cleanbench_core::Exit;
use cleanbench_files::Limit;
use cleanbench_ledger::plan_check::check_plan;
use cleanbench_ledger::{Manifest, directory};
use cleanbench_model::{Asking, Endpoint};
use cleanbench_plan::endpoints::parse_models_file;
use cleanbench_plan::found::{ENV_LIMIT, MODELS_LIMIT, read_found};
use cleanbench_plan::replay::recorded_endpoints;
use cleanbench_plan::trust::{ENV_FILE, MODELS_FILE};
use cleanbench_suite::{MANIFEST, models_of};

use crate::arguments::TrustArguments;
use crate::environment::{trust as kept, variables};
use crate::failure::Failure;
use crate::printer;

/// What a folder is trusted with, and how much each may hold.
const FILES: [(&str, Limit); 3] = [
    (MODELS_FILE, MODELS_LIMIT),
    (ENV_FILE, ENV_LIMIT),
    (MANIFEST, MODELS_LIMIT),
];

/// Trusts a folder, lists what is trusted, or trusts a folder no more.
pub(super) fn trust(arguments: &TrustArguments) -> Result<Exit, Failure> {
    if arguments.list {
        return list();
    }
    if let Some(folder) = &arguments.remove {
        return remove(folder);
    }
    let folder = arguments.folder.as_deref().unwrap_or(Path::new("."));
    if folder.join("run.json").is_file() {
        return add_run(folder);
    }
    add(folder)
}

fn add(folder: &Path) -> Result<Exit, Failure> {
    let mut files = Vec::new();
    for (name, limit) in FILES {
        let bytes = read_found(folder, name, limit)?;
        files.extend(bytes.map(|bytes| (name, bytes)));
    }
    if files.is_empty() {
        let what = format!(
            "there is neither `{MODELS_FILE}` nor `{ENV_FILE}` nor `{MANIFEST}` in `{}`",
            folder.display()
        );
        return Err(Failure::new(Exit::NothingSelected, what)
            .hint("name the folder that holds them; folders below it are trusted one by one"));
    }
    let mut shown = Vec::new();
    for (name, bytes) in &files {
        shown.extend(contents(&folder.join(name), name, bytes)?);
    }
    let borrowed: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    let name = kept().add(folder, &borrowed)?;
    printer::result(format!("trusted {name}, until one of these files changes:"));
    for line in shown {
        printer::result(format!("  {line}"));
    }
    Ok(Exit::Done)
}

/// What the file at `path`, which holds `bytes`, asks for.
fn contents(path: &Path, name: &str, bytes: &[u8]) -> Result<Vec<String>, Failure> {
    if name == ENV_FILE {
        let names: Vec<_> = variables(path, bytes)?.into_keys().collect();
        let text = String::from_utf8_lossy(bytes);
        let taken: Vec<_> = taken_in(&text).into_iter().collect();
        let sets = format!("{ENV_FILE} sets {}", names.join(", "));
        let takes = format!(
            "{ENV_FILE} takes in {}: their values, where you have set them, become part of what it sets",
            taken.join(", ")
        );
        let takes = (!taken.is_empty()).then_some(takes);
        return Ok(std::iter::once(sets).chain(takes).collect());
    }
    if name == MANIFEST {
        let models = models_of(&String::from_utf8_lossy(bytes));
        let chosen = models.iter().map(|model| {
            format!("{MANIFEST} asks `{model}` where no model is named, with the key that it has")
        });
        return Ok(chosen.collect());
    }
    let file = parse_models_file(path, bytes)?;
    let (models, providers) = file.asking();
    let address = file.endpoints().map(Endpoint::host);
    let models = models.iter().zip(address);
    let mut lines: Vec<_> = models
        .map(|(model, host)| {
            format!(
                "{MODELS_FILE}:{}: model `{}` at {host}{}",
                model.place.line,
                model.name,
                asks(model)
            )
        })
        .collect();
    let providers = providers.iter().zip(file.providers());
    lines.extend(providers.map(|(provider, profile)| {
        let at = if profile.base_url.is_empty() {
            "no address of its own"
        } else {
            &profile.base_url
        };
        format!(
            "{MODELS_FILE}:{}: provider `{}` at {at}{}",
            provider.place.line,
            provider.name,
            asks(provider)
        )
    }));
    lines.extend(file.faulty().map(|one| {
        format!(
            "{} `{}` cannot be used as it stands; what it asks for is agreed to for a version that can read it: {}",
            one.kind,
            one.name,
            one.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        )
    }));
    Ok(lines)
}

/// The variables that values in `text` may be made from, by `$NAME` or `${NAME}`. Quotes, escapes and remarks are not
/// looked at: rather one too many than one too few.
fn taken_in(text: &str) -> BTreeSet<&str> {
    let is_end = |letter: char| !letter.is_alphanumeric();
    let after = text.match_indices('$').map(|(at, _)| &text[at + 1..]);
    let names = after.map(|rest| match rest.strip_prefix('{') {
        Some(inner) => inner.split('}').next().unwrap_or(inner),
        None => rest.split(is_end).next().unwrap_or(rest),
    });
    names.filter(|name| !name.is_empty()).collect()
}

fn asks(entry: &Asking<'_>) -> String {
    if entry.asks.is_empty() {
        return ", asks for nothing".to_owned();
    }
    let asks: Vec<_> = entry.asks.iter().map(ToString::to_string).collect();
    format!(", {}", asks.join("; "))
}

/// Grants what the record of a run asks for.
fn add_run(folder: &Path) -> Result<Exit, Failure> {
    let run = directory::find(Path::new(""), &folder.display().to_string())?;
    let manifest = Manifest::read(&run)?;
    check_plan(&run, &manifest)?;
    let endpoints = recorded_endpoints(&manifest)?;
    kept().remember(&endpoints)?;
    printer::result(format!("trusted the record of {}:", folder.display()));
    for endpoint in &endpoints {
        let asks: Vec<_> = endpoint.asks().iter().map(ToString::to_string).collect();
        let asks = if asks.is_empty() {
            "asks for nothing".to_owned()
        } else {
            asks.join("; ")
        };
        printer::result(format!(
            "  model `{}` at {}, {asks}",
            endpoint.name,
            endpoint.host()
        ));
    }
    Ok(Exit::Done)
}

fn list() -> Result<Exit, Failure> {
    let folders = kept().folders()?;
    if folders.is_empty() {
        printer::result("no folder is trusted");
    }
    for (folder, files) in folders {
        let state = |name: &String| {
            let folder = Path::new(&folder);
            let known = FILES.iter().find(|(known, _)| known == name);
            let limit = known.map_or(MODELS_LIMIT, |(_, limit)| *limit);
            let is_covered = |bytes: Vec<u8>| kept().covers(&folder.join(name), &bytes);
            let found = read_found(folder, name, limit);
            match found.map(|bytes| bytes.map(is_covered)) {
                Ok(None) => format!("{name} (gone)"),
                Ok(Some(Ok(true))) => name.clone(),
                _ => format!("{name} (changed since, so not trusted)"),
            }
        };
        let files: Vec<_> = files.keys().map(state).collect();
        printer::result(format!("{folder}: {}", files.join(", ")));
    }
    Ok(Exit::Done)
}

fn remove(folder: &Path) -> Result<Exit, Failure> {
    if kept().remove(folder)? {
        printer::result(format!("{} is trusted no more", folder.display()));
        return Ok(Exit::Done);
    }
    let what = format!("`{}` is not trusted", folder.display());
    Err(Failure::new(Exit::NothingSelected, what).hint("`cleanbench trust --list` shows what is"))
}
