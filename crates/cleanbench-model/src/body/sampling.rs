//! Sampling parameters under the names of a provider.

use cleanbench_core::{Form, Reasoning, Sampling};

use super::Unsupported;
use super::json::Object;
use crate::Endpoint;
use crate::provider::{Profile, Protocol};

/// Parameters as they are sent.
#[derive(Debug, Clone)]
pub(super) struct Parameters<'a> {
    temperature: Option<f64>,
    top_p: Option<f64>,
    limit: Option<u32>,
    limit_field: &'a str,
    pub(super) stop: &'a [String],
    seed: Option<(&'a str, u64)>,
    /// Names of parameters that are left out because the provider refuses them.
    pub(super) omitted: Vec<String>,
    /// Names of parameters that are sent and have no effect.
    pub(super) ignored: Vec<String>,
}

impl<'a> Parameters<'a> {
    /// How `endpoint`, asked in `form`, is asked for `sampling`.
    pub(super) fn new(endpoint: &'a Endpoint, form: Form, sampling: &'a Sampling) -> Self {
        let profile = &endpoint.profile;
        let raw_text = profile.protocol == Protocol::OpenAi && form == Form::Completion;
        let mut parameters = Self {
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            limit: sampling.max_tokens.or(profile.default_max_tokens),
            limit_field: if raw_text {
                "max_tokens"
            } else {
                &profile.max_tokens_field
            },
            stop: &sampling.stop,
            seed: None,
            omitted: Vec::new(),
            ignored: Vec::new(),
        };
        let by_name = profile.reasons_by_name(&endpoint.model);
        let reasons = match sampling.reasoning {
            Some(level) => level != Reasoning::Off,
            None => by_name.unwrap_or(profile.reasons_by_default),
        };
        if reasons {
            // Who knows better than a name tells asks in the model's own entry.
            let insisted = set_in(&endpoint.sampling);
            let is_by_name = by_name == Some(true);
            parameters.while_reasoning(profile, if is_by_name { &insisted } else { &[] });
        }
        parameters
    }

    /// Leaves out what is refused while the model reasons, but for what is `insisted` on.
    fn while_reasoning(&mut self, profile: &Profile, insisted: &[&str]) {
        let set = self.set();
        let in_both = |names: &[String]| -> Vec<String> {
            let set = set
                .iter()
                .filter(|name| names.iter().any(|known| known == *name));
            set.map(|&name| name.to_owned()).collect()
        };
        self.omitted = in_both(&profile.refused_while_reasoning);
        self.omitted
            .retain(|name| !insisted.contains(&name.as_str()));
        self.ignored = in_both(&profile.ignored_while_reasoning);
        for name in &self.omitted {
            match name.as_str() {
                "temperature" => self.temperature = None,
                "top_p" => self.top_p = None,
                _ => self.stop = &[],
            }
        }
    }

    /// Names of the parameters that are set and may be refused.
    fn set(&self) -> Vec<&'static str> {
        let mut set = Vec::new();
        set.extend(self.temperature.map(|_| "temperature"));
        set.extend(self.top_p.map(|_| "top_p"));
        set.extend((!self.stop.is_empty()).then_some("stop"));
        set
    }

    /// The same with `seed`, where the provider takes one.
    pub(super) fn seeded(self, profile: &'a Profile, seed: Option<u64>) -> Self {
        let seed = profile.seed_field.as_deref().zip(seed);
        Self { seed, ..self }
    }

    /// The parameters as fields of a request, by the names of `protocol`.
    pub(super) fn fields(&self, protocol: Protocol) -> Object<'a> {
        let mut fields = Object::default();
        let stop = match protocol {
            Protocol::Anthropic => "stop_sequences",
            _ => "stop",
        };
        fields.put_some("temperature", self.temperature);
        fields.put_some("top_p", self.top_p);
        fields.put_some(self.limit_field, self.limit);
        fields.put_some(stop, Some(self.stop).filter(|stop| !stop.is_empty()));
        if let Some((name, seed)) = self.seed {
            fields.put(name, seed);
        }
        match protocol {
            Protocol::Ollama if !fields.is_empty() => Object::default().with("options", fields),
            _ => fields,
        }
    }

    /// What `protocol` has no field for.
    pub(super) fn unsupported(&self, protocol: Protocol) -> Vec<Unsupported> {
        let stops = protocol == Protocol::Responses && !self.stop.is_empty();
        let what =
            "this protocol has no stop texts; leave `stop` out, or ask over chat completions";
        stops.then(|| what.to_owned()).into_iter().collect()
    }
}

/// Names of the parameters that `sampling` sets and that may be refused.
fn set_in(sampling: &Sampling) -> Vec<&'static str> {
    let mut set = Vec::new();
    set.extend(sampling.temperature.map(|_| "temperature"));
    set.extend(sampling.top_p.map(|_| "top_p"));
    set.extend((!sampling.stop.is_empty()).then_some("stop"));
    set
}
