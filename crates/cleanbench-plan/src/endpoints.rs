//! From the models that were named and the models file to endpoints, and what they may see.

use std::path::Path;

use cleanbench_core::{Sampling, Sensitivity};
use cleanbench_ledger::manifest::Role;
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_model::{Endpoint, FilePlace, ModelsFile, Overrides, effective, resolve};
use cleanbench_suite::Suite;

use crate::found::{MODELS_LIMIT, folder_or_here, read_found, read_named};
use crate::options::{Granting, ModelOptions};
use crate::trust::{MODELS_FILE, Trust};
use crate::{ErrorKind, PlanError, Surroundings};

/// An endpoint, and where it stands in a models file, if it does.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Where it stands.
    pub place: Option<FilePlace>,
    /// Whether the user named its host, or answers for the file that does.
    pub is_named: bool,
    /// What it is asked for.
    pub role: Role,
}

/// The endpoints that `options`, else the suite, name: the models under test, and then the reference models.
///
/// # Errors
/// When a model is not known, is named twice, or its entry of the models file has faults or asks for what nobody
/// grants.
pub fn resolve_all(
    options: &ModelOptions,
    concurrency: Option<u32>,
    suite: &Suite,
    around: Surroundings<'_>,
) -> Result<Vec<Placed>, PlanError> {
    let folders = [suite.dir.as_path(), around.folder];
    let file = models_file(&folders, options.models_file.as_deref(), around.trust)?;
    let overrides = Overrides {
        base_url: options.base_url.clone(),
        allow_private: options.allow_private.clone(),
        concurrency,
    };
    let mut all = Vec::new();
    for (role, own, of_suite) in [
        (Role::Subject, &options.models, &suite.models),
        (Role::Reference, &options.references, &suite.references),
    ] {
        let specs = if own.is_empty() { of_suite } else { own };
        let is_chosen =
            !own.is_empty() || around.trust.covers(&suite.file, &suite.manifest_bytes)?;
        let endpoints = resolve_each(specs, &file, &overrides)?;
        let placed = endpoints.into_iter().map(|endpoint| {
            let place = file.place_of(&endpoint.name).cloned();
            let is_own = match &place {
                Some(_) => !file.is_withheld(&endpoint.name),
                None => is_chosen,
            };
            Placed {
                place,
                is_named: is_own || options.base_url.is_some(),
                endpoint,
                role,
            }
        });
        let placed: Vec<_> = placed.collect();
        if !is_chosen {
            check_choice(options, suite, &placed)?;
        }
        all.extend(placed);
    }
    Ok(all)
}

/// What must be said of hosts elsewhere that a file names which came along, and nobody else: `otherwise`, where it is no
/// models file. Asking them needs no leave, because they get no key and nothing but public samples; it needs a word.
pub(crate) fn unnamed_hosts<'a>(
    placed: &'a [Placed],
    otherwise: &'a Path,
) -> impl Iterator<Item = Note> + 'a {
    let unnamed = placed.iter().filter(|one| !one.is_named);
    unnamed.filter(|one| one.endpoint.is_elsewhere()).map(|one| {
        let file = match &one.place {
            Some(place) => place.to_string(),
            None => otherwise.display().to_string(),
        };
        let text = format!(
            "model `{}` is asked at {}: only {file} names that host, which you neither named nor trusted",
            one.endpoint.name,
            one.endpoint.host()
        );
        Note::new(NoteKind::UnnamedHost, text)
    })
}

/// Refuses to let a suite choose where the user's keys go: a model that the suite alone names may have a key only from a
/// models file that the user named, or trusted in the suite's folder.
fn check_choice(options: &ModelOptions, suite: &Suite, asked: &[Placed]) -> Result<(), PlanError> {
    let answered = |place: &FilePlace| match &options.models_file {
        Some(named) => place.path == *named,
        None => place.path.parent() == Some(suite.dir.as_path()),
    };
    let chosen = asked
        .iter()
        .filter(|one| !one.place.as_ref().is_some_and(answered));
    let asking: Vec<_> = chosen
        .filter_map(|one| asks_for_key(suite, &one.endpoint))
        .collect();
    let Some((name, _)) = asking.first() else {
        return Ok(());
    };
    let option = match asked.first().map(|one| one.role) {
        Some(Role::Reference) => "-R",
        _ => "-m",
    };
    let hint = format!(
        "if that is what you want, name it with `{option} {name}`, or trust the suite as it is now with `cleanbench trust {}`",
        folder_or_here(&suite.dir).display()
    );
    let what = asking.iter().map(|(_, what)| what.clone()).collect();
    Err(PlanError::of_all(ErrorKind::ConfigInvalid, what).hint(hint))
}

/// The name of `endpoint`, and what it means that `suite` names it, where it has a key.
fn asks_for_key(suite: &Suite, endpoint: &Endpoint) -> Option<(String, String)> {
    let variable = endpoint.key_env.as_ref()?;
    let name = endpoint.name.clone();
    let what = format!(
        "{}: `models` names `{name}`, which asks for the key in `{variable}`, to be sent to {}; you neither named this model nor trusted this suite",
        suite.file.display(),
        endpoint.host()
    );
    Some((name, what))
}

fn resolve_each(
    specs: &[String],
    file: &ModelsFile,
    overrides: &Overrides,
) -> Result<Vec<Endpoint>, PlanError> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut errors = Vec::new();
    for spec in specs {
        let faults = file.faults_of(spec);
        if !faults.is_empty() {
            errors.extend_from_slice(faults);
            continue;
        }
        match resolve(spec, file, overrides) {
            Ok(endpoint) if endpoints.iter().any(|other| other.name == endpoint.name) => {
                let what = format!("model `{spec}` is named twice");
                return Err(PlanError::new(ErrorKind::Usage, what));
            }
            Ok(endpoint) => {
                check_embedded(&endpoint)?;
                endpoints.push(endpoint);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(endpoints)
    } else {
        Err(PlanError::config(&errors))
    }
}

/// What must be said of where `endpoints` are asked.
pub fn proxies(endpoints: &[Endpoint]) -> impl Iterator<Item = Note> + '_ {
    endpoints.iter().filter_map(|endpoint| {
        let proxy = endpoint.proxy_host()?;
        let text = format!(
            "model `{}` ({}) is asked through the proxy {proxy}",
            endpoint.name,
            endpoint.host()
        );
        Some(Note::new(NoteKind::Proxy, text))
    })
}

/// What must be said of profiles that were never tried on their endpoints.
pub fn untested(endpoints: &[Endpoint]) -> impl Iterator<Item = Note> + '_ {
    let untested = endpoints
        .iter()
        .filter(|endpoint| endpoint.profile.untested);
    untested.map(|endpoint| {
        let text = format!(
            "model `{}` is asked by the profile `{}`, which is untested: it is from the provider's documents, and how its endpoint really answers was never recorded",
            endpoint.name, endpoint.profile.name
        );
        Note::new(NoteKind::Untested, text)
    })
}

/// Parameters that `endpoint` is not sent with `sampling`, because it refuses them while it reasons.
pub fn left_out_of(endpoint: &Endpoint, sampling: &Sampling) -> Vec<String> {
    let omitted = effective(endpoint, sampling);
    let omitted = omitted["omitted"].as_array().into_iter().flatten();
    let names = omitted.filter_map(|name| name.as_str());
    names.map(str::to_owned).collect()
}

/// So many unusable entries are told; the others are counted.
const MOST_UNUSABLE: usize = 5;

/// The entries of the models files that cannot be used, as far as the files can be read; empty where they cannot.
pub fn unusable_of(options: &ModelOptions, suite: &Suite, around: Surroundings<'_>) -> Vec<String> {
    let folders = [suite.dir.as_path(), around.folder];
    let file = models_file(&folders, options.models_file.as_deref(), around.trust);
    file.map_or_else(|_| Vec::new(), |file| unusable(&file))
}

/// The entries of `file` that cannot be used, a sentence each.
pub fn unusable(file: &ModelsFile) -> Vec<String> {
    let faulty: Vec<_> = file.faulty().collect();
    let told = faulty.iter().take(MOST_UNUSABLE).filter_map(|one| {
        let fault = one.faults.first()?;
        let more = match one.faults.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let (kind, name) = (one.kind, one.name);
        Some(format!("{kind} `{name}` cannot be used: {fault}{more}"))
    });
    let mut told: Vec<_> = told.collect();
    let more = faulty.len().saturating_sub(MOST_UNUSABLE);
    if more > 0 {
        told.push(format!(
            "and {more} more entries of the models file cannot be used"
        ));
    }
    told
}

/// An embedded model must be one that is shipped.
///
/// # Errors
/// Which are.
pub fn check_embedded(endpoint: &Endpoint) -> Result<(), PlanError> {
    if !endpoint.is_embedded() || cleanbench_embedded::shipped(&endpoint.model).is_some() {
        return Ok(());
    }
    let known = cleanbench_embedded::SHIPPED.iter();
    let known: Vec<_> = known.map(|name| format!("`embedded/{name}`")).collect();
    let what = format!("there is no embedded model `{}`", endpoint.model);
    Err(PlanError::new(ErrorKind::ConfigInvalid, what)
        .hint(format!("the embedded models are {}", known.join(", "))))
}

/// The models file that was named, else those in `folders` and the user's own, the first above the others. What nobody
/// answers for is [withheld](ModelsFile::withheld).
///
/// # Errors
/// When one cannot be read or has faults.
pub fn models_file(
    folders: &[&Path],
    named: Option<&Path>,
    trust: &Trust,
) -> Result<ModelsFile, PlanError> {
    if let Some(path) = named {
        return parse_models_file(path, &read_named(path, MODELS_LIMIT)?);
    }
    let mut file = ModelsFile::empty();
    let mut seen = Vec::new();
    for folder in folders {
        let place = fs_err::canonicalize(folder_or_here(folder));
        let place = place.unwrap_or_else(|_| folder.to_path_buf());
        if !seen.contains(&place)
            && let Some(bytes) = read_found(folder, MODELS_FILE, MODELS_LIMIT)?
        {
            let path = folder.join(MODELS_FILE);
            file = file.over(found_file(&path, &bytes, trust)?);
        }
        seen.push(place);
    }
    let own = trust.models_file().filter(|path| {
        let place = path.parent().map(fs_err::canonicalize);
        !place.is_some_and(|place| place.is_ok_and(|place| seen.contains(&place)))
    });
    if let Some(path) = own {
        let bytes = read_named(&path, MODELS_LIMIT)?;
        file = file.over(found_file(&path, &bytes, trust)?);
    }
    Ok(file)
}

/// The models file that was found at `path` and holds `bytes`, withheld where nobody answers for it.
fn found_file(path: &Path, bytes: &[u8], trust: &Trust) -> Result<ModelsFile, PlanError> {
    let found = parse_models_file(path, bytes)?;
    let is_covered = trust.covers(path, bytes)?;
    Ok(if is_covered { found } else { found.withheld() })
}

/// The `endpoints` of the record of the run in `run`, which are about to be asked. The user has named one for which they
/// grant now what it asks for, or which they asked before.
///
/// # Errors
/// When one asks for what was never granted, or the models file that was named cannot be read or has faults.
pub(crate) fn placed_again(
    run: &Path,
    endpoints: &[Endpoint],
    granting: &Granting,
    around: Surroundings<'_>,
) -> Result<Vec<Placed>, PlanError> {
    let granted = granted_again(endpoints, granting)?;
    around.trust.check_record(run, endpoints, &granted)?;
    let own = own_endpoints(granting, around);
    let placed = endpoints.iter().map(|endpoint| Placed {
        place: None,
        is_named: around.trust.remembers(endpoint)
            || own.iter().any(|one| one.url == endpoint.url)
            || granting
                .allow_private
                .iter()
                .any(|host| endpoint.is_at(host)),
        endpoint: endpoint.clone(),
        role: Role::Subject,
    });
    Ok(placed.collect())
}

/// The endpoints of models files for which the user answers. What is wrong with such a file is said where more of it is
/// needed.
fn own_endpoints(granting: &Granting, around: Surroundings<'_>) -> Vec<Endpoint> {
    let named = granting.models_file.as_deref();
    let Ok(file) = models_file(&[around.folder], named, around.trust) else {
        return Vec::new();
    };
    let own = file.endpoints().filter(|one| !file.is_withheld(&one.name));
    own.cloned().collect()
}

/// Endpoints with the names of `recorded`, as far as `granting` has any: what they may do is granted.
fn granted_again(recorded: &[Endpoint], granting: &Granting) -> Result<Vec<Endpoint>, PlanError> {
    let file = granting.models_file.as_deref();
    let file = file.map(|path| parse_models_file(path, &read_named(path, MODELS_LIMIT)?));
    let file = file.transpose()?.unwrap_or_else(ModelsFile::empty);
    let overrides = Overrides {
        allow_private: granting.allow_private.clone(),
        ..Overrides::default()
    };
    // What means nothing now grants nothing; the record's own refusal says what is missing.
    let each = recorded
        .iter()
        .filter_map(|endpoint| resolve(&endpoint.name, &file, &overrides).ok());
    Ok(each.collect())
}

/// The models file at `path`, which holds `bytes`.
///
/// # Errors
/// When it is no text, or has faults.
pub fn parse_models_file(path: &Path, bytes: &[u8]) -> Result<ModelsFile, PlanError> {
    let text = str::from_utf8(bytes).map_err(|_| {
        let what = format!("`{}` is not a text in UTF-8", path.display());
        PlanError::new(ErrorKind::ConfigInvalid, what)
    })?;
    ModelsFile::parse(text, path).map_err(|errors| PlanError::config(&errors))
}

/// Refuses what a label forbids, before anything is sent: task or sample, and host, are named.
///
/// # Errors
/// Which of `endpoints` may not see `what`, and what would allow it.
pub fn check_label(
    endpoints: &[Endpoint],
    sensitivity: Sensitivity,
    what: impl Fn() -> String,
) -> Result<(), PlanError> {
    let mut forbidden = endpoints.iter();
    let Some(endpoint) = forbidden.find(|endpoint| !endpoint.may_see(sensitivity)) else {
        return Ok(());
    };
    let (host, name) = (endpoint.host(), &endpoint.name);
    let message = format!(
        "{} is {sensitivity} and must not be sent to `{host}` (model `{name}`)",
        what()
    );
    let hint = match sensitivity {
        Sensitivity::Secret => format!(
            "if it may, put `allow = [\"secret\"]` into `{name}`'s entry of the models file"
        ),
        _ => format!(
            "if it may, pass `--allow-private {host}` or put `allow = [\"private\"]` into the model's entry of the models file"
        ),
    };
    Err(PlanError::new(ErrorKind::ConfigInvalid, message).hint(hint))
}
