//! The shipped profiles.

use cleanbench_core::Reasoning;
use url::Url;

use super::*;

#[test]
fn every_shipped_profile_can_be_used() {
    let text = include_str!("../provider/profiles.toml");
    let read = reading::read_shipped(text, Path::new("profiles.toml")).expect("the shipped table");
    assert_eq!(read, *profiles());
    for profile in &read {
        let name = &profile.name;
        if name == "azure" {
            // Every customer has an address of their own.
            assert_eq!(profile.base_url, "");
            continue;
        }
        let url = Url::parse(&profile.base_url).expect(name);
        let scheme = if profile.key_env.is_some() {
            "https"
        } else {
            "http"
        };
        assert_eq!(url.scheme(), scheme, "{name}");
        assert!(!profile.base_url.ends_with('/'), "{name}");
        assert!(
            profile
                .reasoning
                .keys()
                .all(|level| { Reasoning::ALL.iter().any(|known| known.as_str() == level) })
        );
        let recorded = serde_json::to_string(profile).unwrap();
        let again: Profile = serde_json::from_str(&recorded).unwrap();
        assert_eq!(again, *profile, "{recorded}");
    }
}

/// A provider without a recorded conversation, or a conversation with nobody.
#[test]
fn every_shipped_profile_has_a_fixture_of_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/providers");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort_unstable();
    let names: Vec<_> = profiles().iter().map(|one| one.name.clone()).collect();
    assert_eq!(
        files, names,
        "each table in profiles.toml has one file in tests/fixtures/providers"
    );
}

#[test]
fn a_key_belongs_to_its_own_hosts() {
    let owner = |host| owner_of(host, None).map(|profile| profile.name.as_str());
    let speaks = owner_of("api.openai.com", Some(Protocol::Responses));
    assert_eq!(speaks.unwrap().name, "openai-responses");
    assert_eq!(owner("api.deepseek.com"), Some("deepseek"));
    assert_eq!(owner("dashscope.aliyuncs.com"), Some("qwen"));
    assert_eq!(owner("deepseek.com"), None);
    assert_eq!(owner("mine.openai.azure.com"), Some("azure"));
    assert_eq!(owner("openai.azure.com"), None);
    assert_eq!(
        named("azure").unwrap().key_env,
        None,
        "everybody may have a host there"
    );
    assert_eq!(owner("127.0.0.1"), None, "local profiles own no key");
}

#[test]
fn models_that_reason_are_known_by_their_names() {
    let check = |model: &str, expect: Option<bool>| {
        for provider in ["openai", "openai-responses", "azure"] {
            let profile = named(provider).expect(provider);
            assert_eq!(profile.reasons_by_name(model), expect, "{provider}/{model}");
        }
    };
    for model in [
        "o1",
        "o1-preview",
        "o3",
        "o3-mini-2025-01-31",
        "o4-mini",
        "gpt-5",
        "GPT-5-nano",
        "gpt-5.2",
        "ft:o4-mini-2025-04-16:me::1",
        "openai/gpt-5-mini",
    ] {
        check(model, Some(true));
    }
    check("gpt-5-chat-latest", Some(false));
    for model in [
        "gpt-4o",
        "gpt-4.1-mini",
        "o30",
        "gpt-50",
        "gpt-5o",
        "foo1",
        "gpt-oss-20b",
    ] {
        check(model, None);
    }
}

#[test]
fn a_path_selects_the_language() {
    let check = |name: &str, protocol, expect: &str| {
        let profile = speaking(named(name).expect(name), protocol);
        let key = profile.key_env.as_deref().unwrap_or("no key");
        assert_eq!(format!("{} {key}", profile.name), expect);
        assert_eq!(profile.protocol, protocol);
    };
    check("openai", Protocol::OpenAi, "openai OPENAI_API_KEY");
    check(
        "openai",
        Protocol::Responses,
        "openai-responses OPENAI_API_KEY",
    );
    check(
        "openai-responses",
        Protocol::OpenAi,
        "openai OPENAI_API_KEY",
    );
    check("ollama", Protocol::Ollama, "ollama-native no key");
    check("llamacpp", Protocol::LlamaCpp, "llamacpp-native no key");
    check("deepseek", Protocol::Anthropic, "deepseek DEEPSEEK_API_KEY");
    check("vllm", Protocol::Responses, "vllm no key");
}
