//! `cleanbench models`: which models can be named here. `cleanbench models check`: what they really
//! support.
//!
//! Invariant: the list opens no socket and shows no key, only whether there is one.

mod check;

use cleanbench_core::Exit;
use cleanbench_model::{Endpoint, ModelsFile, Profile, profiles};
use cleanbench_plan::endpoints::{models_file, unusable};
use cleanbench_report::cell;
use serde_json::{Value, json};

use crate::arguments::{ModelsArguments, ModelsCommand};
use crate::environment::{Environment, here, trust};
use crate::failure::Failure;
use crate::format::Format;
use crate::plain_table::plain_table;
use crate::printer::{self, Printer};

/// Schema of the list as JSON.
const SCHEMA: &str = "cleanbench/models/1";

/// Lists models, or checks them.
pub(super) fn models(arguments: &ModelsArguments, printer: Printer) -> Result<Exit, Failure> {
    match &arguments.command {
        Some(ModelsCommand::Check(arguments)) => check::check(arguments, printer),
        None => list(arguments),
    }
}

fn list(arguments: &ModelsArguments) -> Result<Exit, Failure> {
    let file = models_file(&[here()], arguments.place.models_file.as_deref(), trust())?;
    let environment = Environment::load()?;
    for entry in unusable(&file) {
        printer::warn(entry);
    }
    match arguments.place.format {
        Format::Json => printer::json(&document(&file, &environment)),
        Format::Text => print(&file, &environment),
    }
    Ok(Exit::Done)
}

/// Providers of the file, then those that are known without one and that it does not replace.
fn providers(file: &ModelsFile) -> Vec<&Profile> {
    let mut all: Vec<_> = file.providers().collect();
    let own = all.len();
    for known in profiles() {
        if !all[..own].iter().any(|profile| profile.name == known.name) {
            all.push(known);
        }
    }
    all
}

/// Names of models and providers that cannot be used, because nobody answers for what they ask for.
fn withheld(file: &ModelsFile) -> Vec<&str> {
    let (models, providers) = file.asking();
    let all = models.into_iter().chain(providers);
    all.filter(|one| one.is_withheld)
        .map(|one| one.name)
        .collect()
}

fn document(file: &ModelsFile, environment: &Environment) -> Value {
    let withheld = withheld(file);
    let is_set = |model: &str, name: Option<&String>| {
        let name = name?;
        Some(!withheld.contains(&model) && environment.get(name).is_some())
    };
    let model = |endpoint: &Endpoint| {
        json!({
            "name": endpoint.name,
            "model": endpoint.model,
            "provider": endpoint.provider,
            "protocol": endpoint.profile.protocol.as_str(),
            "form": endpoint.form,
            "url": endpoint.url.as_str(),
            "untested": endpoint.profile.untested,
            "key_env": endpoint.key_env,
            "key_set": is_set(&endpoint.name, endpoint.key_env.as_ref()),
            "withheld": withheld.contains(&endpoint.name.as_str()),
        })
    };
    let provider = |profile: &&Profile| {
        json!({
            "prefix": format!("{}/", profile.name),
            "protocol": profile.protocol.as_str(),
            "base_url": Some(&profile.base_url).filter(|url| !url.is_empty()),
            "untested": profile.untested,
            "key_env": profile.key_env,
            "key_set": is_set(&profile.name, profile.key_env.as_ref()),
            "withheld": withheld.contains(&profile.name.as_str()),
        })
    };
    let embedded = cleanbench_embedded::SHIPPED.iter();
    json!({
        "schema": SCHEMA,
        "models": file.endpoints().map(model).collect::<Value>(),
        "embedded": embedded.map(|name| format!("embedded/{name}")).collect::<Value>(),
        "providers": providers(file).iter().map(provider).collect::<Value>(),
    })
}

/// The language of a profile, and whether it was ever tried on its endpoint.
fn protocol(profile: &Profile) -> String {
    let untested = if profile.untested { " (untested)" } else { "" };
    format!("{}{untested}", profile.protocol.as_str())
}

fn print(file: &ModelsFile, environment: &Environment) {
    let withheld = withheld(file);
    let key = |model: &str, name: Option<&String>| match name {
        None => "-".to_owned(),
        Some(name) if withheld.contains(&model) => format!("{name} (withheld: not trusted)"),
        Some(name) if environment.get(name).is_some() => format!("{name} (set)"),
        Some(name) => format!("{name} (not set)"),
    };
    let own = file.endpoints().map(|endpoint| {
        [
            cell::safe(&endpoint.name),
            protocol(&endpoint.profile),
            endpoint.url.to_string(),
            key(&endpoint.name, endpoint.key_env.as_ref()),
        ]
    });
    let embedded = cleanbench_embedded::SHIPPED.iter().map(|name| {
        [
            format!("embedded/{name}"),
            "-".to_owned(),
            "in this process".to_owned(),
            key("", None),
        ]
    });
    printer::result(plain_table(
        ["model", "protocol", "asked at", "key"],
        own.chain(embedded),
    ));
    let rows = providers(file).into_iter().map(|profile| {
        let address = match profile.base_url.as_str() {
            "" => "(give one)".to_owned(),
            url => url.to_owned(),
        };
        [
            format!("{}/MODEL", cell::safe(&profile.name)),
            protocol(profile),
            address,
            key(&profile.name, profile.key_env.as_ref()),
        ]
    });
    printer::result(format!(
        "\n{}",
        plain_table(["any model of", "protocol", "base URL", "key"], rows)
    ));
    printer::result("\nalso any URL: http://127.0.0.1:8000/v1#MODEL");
}
