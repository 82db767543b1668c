//! Provider profiles: what differs between OpenAI-compatible endpoints, as one table.
//!
//! Invariant: a provider is one entry of [`profiles`]; no other code names one. A key variable is
//! the provider's own, and its key travels to that provider's hosts only.

use url::Url;

/// How an endpoint is told to continue the last message instead of answering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefill {
    /// It is not told: a conversation that ends with the assistant is enough, or nothing is known.
    Implied,
    /// `continue_final_message: true, add_generation_prompt: false` in the request.
    ContinueFinalMessage,
    /// `prefix: true` in the last message. `DeepSeek` honours it under
    /// `base_url = "https://api.deepseek.com/beta"` only.
    PrefixFlag,
    /// `partial: true` in the last message.
    PartialFlag,
}

impl Prefill {
    /// Whether the answer may begin with the text that was to be continued.
    pub fn may_repeat(self) -> bool {
        match self {
            Self::Implied | Self::PrefixFlag => true,
            Self::ContinueFinalMessage | Self::PartialFlag => false,
        }
    }
}

/// One provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The name before the slash in `provider/model`.
    pub name: &'static str,
    /// Where it is reached unless `base_url` says otherwise.
    pub base_url: &'static str,
    /// The usual environment variable of its key; `None` where no key is needed.
    pub key_env: Option<&'static str>,
    /// Hosts beside that of `base_url` that take the same key.
    pub other_hosts: &'static [&'static str],
    /// How a prefill is asked for.
    pub prefill: Prefill,
    /// Whether chat requests name the limit `max_completion_tokens` instead of `max_tokens`.
    pub max_completion_tokens: bool,
    /// Whether the seed is called `random_seed` instead of `seed`.
    pub random_seed: bool,
    /// Whether `stream_options` is understood. Where it is not, usage comes with the last event.
    pub stream_options: bool,
}

impl Profile {
    const fn hosted(name: &'static str, base_url: &'static str, key_env: &'static str) -> Self {
        Self {
            key_env: Some(key_env),
            ..Self::local(name, base_url)
        }
    }

    const fn local(name: &'static str, base_url: &'static str) -> Self {
        Self {
            name,
            base_url,
            key_env: None,
            other_hosts: &[],
            prefill: Prefill::Implied,
            max_completion_tokens: false,
            random_seed: false,
            stream_options: true,
        }
    }

    const fn also_at(self, other_hosts: &'static [&'static str]) -> Self {
        Self {
            other_hosts,
            ..self
        }
    }

    const fn prefill(self, prefill: Prefill) -> Self {
        Self { prefill, ..self }
    }

    const fn max_completion_tokens(self) -> Self {
        Self {
            max_completion_tokens: true,
            ..self
        }
    }

    const fn strict_fields(self) -> Self {
        Self {
            random_seed: true,
            stream_options: false,
            ..self
        }
    }

    /// Whether `host` is one of the provider's own, so that it may be handed the provider's key.
    pub fn owns(&self, host: &str) -> bool {
        let own = Url::parse(self.base_url).ok();
        own.and_then(|url| url.host_str().map(|own| own == host))
            .unwrap_or(false)
            || self.other_hosts.contains(&host)
    }
}

/// What is assumed of an endpoint about which nothing is known but its URL.
pub(crate) const UNKNOWN: Profile = Profile::local("openai-compatible", "");

/// Providers that the product will know, and what is missing until then.
pub(crate) const NOT_YET: [(&str, &str); 1] = [(
    "anthropic",
    "reach the model through an OpenAI-compatible endpoint, for example `openrouter/anthropic/…`",
)];

#[rustfmt::skip]
static PROFILES: [Profile; 15] = [
    Profile::hosted("openai", "https://api.openai.com/v1", "OPENAI_API_KEY").max_completion_tokens(),
    Profile::hosted("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY").prefill(Prefill::PrefixFlag),
    Profile::hosted("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    Profile::hosted("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    Profile::hosted("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    Profile::hosted("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY").also_at(&["api.moonshot.cn"]).prefill(Prefill::PartialFlag),
    Profile::hosted("minimax", "https://api.minimax.io/v1", "MINIMAX_API_KEY").also_at(&["api.minimaxi.com"]),
    Profile::hosted("qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY").also_at(&["dashscope.aliyuncs.com", "dashscope-us.aliyuncs.com"]).prefill(Prefill::PartialFlag),
    Profile::hosted("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    Profile::hosted("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY").prefill(Prefill::PrefixFlag).strict_fields(),
    Profile::local("llamacpp", "http://127.0.0.1:8080/v1"),
    Profile::local("vllm", "http://127.0.0.1:8000/v1").prefill(Prefill::ContinueFinalMessage),
    Profile::local("sglang", "http://127.0.0.1:30000/v1").prefill(Prefill::ContinueFinalMessage),
    Profile::local("ollama", "http://127.0.0.1:11434/v1"),
    Profile::local("lmstudio", "http://127.0.0.1:1234/v1"),
];

/// All providers, hosted ones first.
pub fn profiles() -> &'static [Profile] {
    &PROFILES
}

/// The profile called `name`.
pub(crate) fn named(name: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| profile.name == name)
}

/// The profile called `name`, or the one that assumes nothing.
pub(crate) fn named_or_unknown(name: &str) -> &'static Profile {
    named(name).unwrap_or(&UNKNOWN)
}

/// The hosted provider that `host` belongs to.
pub(crate) fn owner_of(host: &str) -> Option<&'static Profile> {
    PROFILES
        .iter()
        .find(|profile| profile.key_env.is_some() && profile.owns(host))
}

/// The hint for a provider that is not known yet, if `name` is one.
pub(crate) fn not_yet(name: &str) -> Option<&'static str> {
    NOT_YET
        .iter()
        .find_map(|(known, hint)| (*known == name).then_some(*hint))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_profile_can_be_used() {
        let names: BTreeSet<_> = profiles().iter().map(|profile| profile.name).collect();
        assert_eq!(names.len(), profiles().len(), "a name stands twice");
        for profile in profiles() {
            let url = Url::parse(profile.base_url).expect(profile.name);
            let scheme = if profile.key_env.is_some() {
                "https"
            } else {
                "http"
            };
            assert_eq!(url.scheme(), scheme, "{}", profile.name);
            assert!(!profile.base_url.ends_with('/'), "{}", profile.name);
            assert!(not_yet(profile.name).is_none(), "{}", profile.name);
        }
    }

    #[test]
    fn a_key_belongs_to_its_own_hosts() {
        let owner = |host| owner_of(host).map(|profile| profile.name);
        assert_eq!(owner("api.deepseek.com"), Some("deepseek"));
        assert_eq!(owner("dashscope.aliyuncs.com"), Some("qwen"));
        assert_eq!(owner("deepseek.com"), None);
        assert_eq!(owner("127.0.0.1"), None, "local profiles own no key");
    }
}
