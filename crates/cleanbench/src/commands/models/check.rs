//! `cleanbench models check`: asks models what they support, or says what is known from before.

use cleanbench_client::ClientFactory;
use cleanbench_client::check::{self, Way};
use cleanbench_core::Exit;
use cleanbench_model::capability::{Capability, CapabilityReport, CheckResult, Support};
use cleanbench_model::{ConfigError, Endpoint, LikelihoodMethod, Overrides, resolve};
use cleanbench_plan::connect::{embedded, key_of};
use cleanbench_plan::endpoints::{check_embedded, models_file, unusable};
use cleanbench_report::cell;
use serde_json::{Value, json};

use crate::arguments::ModelsCheckArguments;
use crate::environment::{WhenNeeded, here, trust};
use crate::failure::Failure;
use crate::format::Format;
use crate::kept::Kept;
use crate::plain_table::plain_table;
use crate::printer::{self, Printer};

/// Schema of the result as JSON.
const SCHEMA: &str = "cleanbench/models-check/1";

/// What is known of one model.
enum Known {
    /// What was found, and whether it was kept from before.
    Found(Kept, bool),
    /// Why nothing could be.
    Failed(String),
}

/// Checks the models that are named, one after the other.
pub(super) fn check(arguments: &ModelsCheckArguments, printer: Printer) -> Result<Exit, Failure> {
    let endpoints = endpoints(arguments)?;
    let mut exit = Exit::Done;
    let mut documents = Vec::new();
    for endpoint in &endpoints {
        let known = know(endpoint, arguments.refresh, printer)?;
        exit = exit.worst(exit_of(&known));
        match arguments.place.format {
            Format::Json => documents.push(document(endpoint, &known)),
            Format::Text => print(endpoint, &known),
        }
    }
    if arguments.place.format == Format::Json {
        printer::json(&json!({"schema": SCHEMA, "models": documents}));
    }
    Ok(exit)
}

fn endpoints(arguments: &ModelsCheckArguments) -> Result<Vec<Endpoint>, Failure> {
    let file = models_file(&[here()], arguments.place.models_file.as_deref(), trust())?;
    let overrides = Overrides {
        base_url: arguments.base_url.clone(),
        ..Overrides::default()
    };
    let named = arguments.models.iter().chain(&arguments.named);
    let resolved: Vec<_> = named.map(|spec| resolve(spec, &file, &overrides)).collect();
    for entry in unusable(&file) {
        printer::warn(entry);
    }
    let errors: Vec<ConfigError> = resolved
        .iter()
        .filter_map(|one| one.clone().err())
        .collect();
    if !errors.is_empty() {
        return Err(Failure::config(&errors));
    }
    let endpoints: Vec<_> = resolved.into_iter().flatten().collect();
    endpoints.iter().try_for_each(check_embedded)?;
    Ok(endpoints)
}

/// What is kept from before, else what is found by asking.
fn know(endpoint: &Endpoint, refresh: bool, printer: Printer) -> Result<Known, Failure> {
    if !refresh && let Some(kept) = Kept::find(endpoint) {
        return Ok(Known::Found(kept, true));
    }
    printer.say(format!(
        "asking {} at {} …",
        cell::safe(&endpoint.name),
        endpoint.host()
    ));
    match ask(endpoint, printer)? {
        Ok(report) => {
            let kept = Kept::now(report);
            if !endpoint.is_embedded() && kept.report.is_lasting() {
                kept.keep(endpoint);
            }
            Ok(Known::Found(kept, false))
        }
        Err(message) => Ok(Known::Failed(message)),
    }
}

fn ask(endpoint: &Endpoint, printer: Printer) -> Result<Result<CapabilityReport, String>, Failure> {
    let mut tell = |finding: &CheckResult| {
        printer.detail(format!(
            "  {}: {}, {}",
            finding.capability.as_str(),
            finding.verdict.as_str(),
            cell::safe(&finding.evidence)
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, error))?;
    let found = if endpoint.is_embedded() {
        let model = embedded(endpoint)?;
        runtime.block_on(check::support(endpoint, Way::InProcess(&*model), &mut tell))
    } else {
        let factory = ClientFactory::new(std::slice::from_ref(endpoint));
        let key = key_of(endpoint, &WhenNeeded)?;
        if let Some(note) = key.note(endpoint) {
            printer::note(&note, None, printer);
        }
        let key = key.value;
        factory
            .connect(endpoint, key.clone())
            .map_err(|error| Failure::new(Exit::ConfigInvalid, error))?;
        let way = Way::Http {
            factory: &factory,
            key: key.as_ref(),
        };
        runtime.block_on(check::support(endpoint, way, &mut tell))
    };
    Ok(found.map_err(|error| error.message))
}

/// Where nobody is there, or the key or a plain question is refused, the endpoint cannot be used; where
/// it was only too busy for a plain question, that is not known.
fn exit_of(known: &Known) -> Exit {
    let reached = match known {
        Known::Found(kept, _) => kept.report.finding(Capability::Reachable),
        Known::Failed(_) => None,
    };
    match reached.map(|finding| finding.verdict) {
        Some(Support::Yes) => Exit::Done,
        Some(Support::Unclear) => Exit::Inconclusive,
        _ => Exit::EndpointRefused,
    }
}

fn document(endpoint: &Endpoint, known: &Known) -> Value {
    match known {
        Known::Found(kept, from_before) => json!({
            "name": endpoint.name,
            "measured": kept.measured,
            "from_before": from_before,
            "requests": kept.report.requests(),
            "untested": endpoint.profile.untested,
            "report": kept.report,
        }),
        Known::Failed(message) => json!({"name": endpoint.name, "error": message}),
    }
}

fn print(endpoint: &Endpoint, known: &Known) {
    let name = cell::safe(&endpoint.name);
    let (kept, from_before) = match known {
        Known::Found(kept, from_before) => (kept, *from_before),
        Known::Failed(message) => {
            return printer::fail(&Failure::new(
                Exit::EndpointRefused,
                format!("model `{name}`: {}", cell::safe(message)),
            ));
        }
    };
    let report = &kept.report;
    let again = if from_before {
        "; kept from then, `--refresh` asks again"
    } else {
        ""
    };
    printer::result(format!(
        "model {name} at {}\nmeasured {} with {} requests{again}",
        report.url,
        kept.measured,
        report.requests()
    ));
    if endpoint.profile.untested {
        let profile = cell::safe(&endpoint.profile.name);
        printer::result(format!(
            "the profile {profile} is untested: how its endpoint really answers was never recorded"
        ));
    }
    printer::result(plain_table(
        ["capability", "verdict", "requests", "evidence"],
        report.findings.iter().map(row),
    ));
    if let Some(advice) = advice(endpoint, report) {
        printer::result(advice);
    }
}

fn row(finding: &CheckResult) -> [String; 4] {
    [
        finding.capability.as_str().to_owned(),
        finding.verdict.as_str().to_owned(),
        finding.requests.to_string(),
        cell::safe(&finding.evidence),
    ]
}

/// What to write into the models file so that likelihoods are asked for as they can be told.
fn advice(endpoint: &Endpoint, report: &CapabilityReport) -> Option<String> {
    let used = LikelihoodMethod::of(endpoint);
    let works = report.likelihood_method();
    if endpoint.is_embedded() || works == Some(used) {
        return None;
    }
    match works {
        Some(method) => Some(format!(
            "likelihoods of given texts: put `likelihood = \"{}\"` into the model's entry of the models file",
            method.as_str()
        )),
        None if used != LikelihoodMethod::None => Some(format!(
            "likelihoods of given texts would be asked for by `{}`, which was not seen to work",
            used.as_str()
        )),
        None => None,
    }
}
