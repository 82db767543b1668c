//! What `models.toml` and `-m` become, and what they refuse.

use std::path::Path;

use cleanbench_core::Sensitivity;

use super::*;
use crate::LikelihoodMethod;

fn parse(text: &str) -> Result<ModelsFile, Vec<ConfigError>> {
    ModelsFile::parse(text, Path::new("models.toml"))
}

fn faults(text: &str) -> Vec<String> {
    let errors = match parse(text) {
        Err(errors) => errors,
        Ok(file) => {
            let of_entries = file.faulty().flat_map(|one| one.faults.to_vec());
            let mut errors: Vec<ConfigError> = of_entries.collect();
            errors
                .sort_by_key(|error| error.place.as_ref().map(|place| (place.line, place.column)));
            errors
        }
    };
    assert!(!errors.is_empty(), "{text}");
    errors
        .iter()
        .map(|error| match &error.hint {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        })
        .collect()
}

const FULL: &str = r#"
[models.local-qwen]
provider = "llamacpp"
base_url = "http://127.0.0.1:8080/v1/"
model = "qwen3-8b"
api_key_env = "LOCAL_KEY"
form = "completion"
stream = true
generate = { temperature = 0, top_p = 0.9, max_tokens = 64, stop = ["\n"] }
limits = { concurrency = 32 }
timeouts = { connect = 2, idle = 0.5 }
price = { input = "0.15", output = "0.60", cached_input = "0.003", source = "list", date = "2026-10-01" }

[models.remote]
base_url = "https://llm.example/v1"
model = "m"
allow = ["private"]
"#;

#[test]
fn every_field_arrives_and_survives_a_description() {
    let file = parse(FULL).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), ["local-qwen", "remote"]);
    let local = resolve("local-qwen", &file, &Overrides::default()).unwrap();
    assert_eq!(local.url.as_str(), "http://127.0.0.1:8080/v1/completions");
    assert_eq!(local.host(), "127.0.0.1:8080");
    assert_eq!(local.key_env.as_deref(), Some("LOCAL_KEY"));
    assert!(local.stream && local.loopback && !local.key_required);
    assert_eq!(local.sampling.max_tokens, Some(64));
    assert_eq!(local.limits.concurrency, Some(32));
    assert_eq!(local.timeouts.idle.as_millis(), 500);
    assert!(local.price.is_some() && local.may_see(Sensitivity::Private));
    for name in ["local-qwen", "remote"] {
        let endpoint = resolve(name, &file, &Overrides::default()).unwrap();
        let described = endpoint.describe();
        let again = Endpoint::from_description(&described).unwrap();
        assert_eq!(again.describe(), described);
    }
}

#[test]
fn a_description_cannot_smuggle_in_a_user_or_a_loopback() {
    let file = parse(FULL).unwrap();
    let remote = resolve("remote", &file, &Overrides::default()).unwrap();
    let mut described = remote.describe();
    described["loopback"] = true.into();
    assert!(!Endpoint::from_description(&described).unwrap().loopback);
    described["url"] = "https://user:secret@llm.example/v1/chat/completions".into();
    let error = Endpoint::from_description(&described).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn faults_are_all_found_with_their_places() {
    let check = |text: &str, expect: &[&str]| assert_eq!(faults(text), expect, "{text}");
    check(
        "[models.a\n",
        &["models.toml:1:10: unclosed table, expected `]`"],
    );
    check(
        "[model.a]\n",
        &["models.toml:1:2: unknown key `model` (did you mean `models`?)"],
    );
    check(
        "[models.a]\nprovider = \"vlm\"\nmodle = \"x\"\n[models.b]\nprovider = \"vllm\"\n",
        &[
            "models.toml:2:12: unknown provider `vlm` (did you mean `vllm`?)",
            "models.toml:3:1: unknown key `modle` (did you mean `model`?)",
            "models.toml:4:1: model `b` needs `model` (the name by which the endpoint knows the model)",
        ],
    );
    check(
        "[models.a]\nmodel = \"m\"\n",
        &["models.toml:1:1: model `a` needs `provider` or `base_url`"],
    );
    check("models.a = 3\n", &["models.toml:1:12: `a` must be a table"]);
}

/// A model whose table also has `line` has one fault, `expected`, in that line.
fn check_line(line: &str, expected: &str) {
    let text = format!("[models.a]\nprovider = \"vllm\"\nmodel = \"m\"\n{line}\n");
    let found = faults(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0], format!("models.toml:4:{expected}"));
}

#[test]
fn words_that_say_nothing_are_refused() {
    check_line("stream = \"yes\"", "10: `stream` must be true or false");
    check_line(
        "form = \"raw\"",
        "8: `form` must be one of \"chat\", \"completion\", \"embedding\"",
    );
    check_line(
        "allow = [\"all\"]",
        "10: `allow` may list \"public\", \"private\" and \"secret\"",
    );
}

#[test]
fn values_of_sampling_out_of_range_are_refused() {
    check_line(
        "generate = { temperature = 2.5 }",
        "28: `temperature` must be from 0 to 2",
    );
    check_line(
        "generate = { temperature = nan }",
        "28: `temperature` must be from 0 to 2",
    );
    check_line(
        "generate = { top_p = 0 }",
        "22: `top_p` must be above 0 and at most 1",
    );
    check_line(
        "generate = { max_tokens = 0 }",
        "27: `max_tokens` must be a whole number of at least 1",
    );
    check_line(
        "generate = { stop = [\"\"] }",
        "22: a text in `stop` must not be empty",
    );
    check_line(
        "generate = { reasoning = \"max\" }",
        "26: provider `vllm` cannot be asked for `reasoning = \"max\"` (it can be asked for: off, on, low, medium, high)",
    );
    check_line(
        "generate = { reasoning = \"none\" }",
        "26: `reasoning` must be one of \"off\", \"on\", \"minimal\", \"low\", \"medium\", \"high\", \"max\"",
    );
}

#[test]
fn what_must_not_be_merged_into_requests_is_refused() {
    check_line(
        "extra_body = { messages = [] }",
        "14: `extra_body` must not set `messages` (it may add anything but what is asked)",
    );
    check_line(
        "extra_body = { since = 2026-01-01 }",
        "14: `extra_body` must be a table without dates and infinite numbers",
    );
}

#[test]
fn limits_timeouts_and_prices_out_of_range_are_refused() {
    check_line(
        "limits = { requests_per_minute = 0 }",
        "34: `requests_per_minute` must be a whole number of at least 1",
    );
    check_line(
        "timeouts = { total = 0 }",
        "22: `total` must be from 0.001 to 86400 seconds",
    );
    check_line(
        "timeouts = { idle = 0 }",
        "21: `idle` must be from 0.001 to 86400 seconds",
    );
    check_line(
        "price = { input = \"1\" }",
        "9: `price` needs `output`, in US dollars per million tokens",
    );
    check_line(
        "price = { input = 0.5, output = \"1\" }",
        "19: `input` must be a text in quotes",
    );
    check_line(
        "price = { input = \"-1\", output = \"1\" }",
        "9: price -1.00 is not between 0 and 1000000.00 US dollars per million tokens",
    );
    check_line(
        "price = { input = \"1\", output = \"1\", date = \"1.10.2026\" }",
        "9: `1.10.2026` is not a date such as \"2026-10-01\"",
    );
}

#[test]
fn a_key_in_the_file_is_refused_and_never_repeated() {
    for line in [
        "api_key_env = \"sk-0123456789\"",
        "api_key = \"sk-0123456789\"",
    ] {
        let found = faults(&format!(
            "[models.a]\nprovider = \"vllm\"\nmodel = \"m\"\n{line}\n"
        ));
        assert!(
            found.iter().any(|fault| fault.contains("variable")),
            "{found:?}"
        );
        assert!(!found.concat().contains("sk-"), "{found:?}");
    }
}

#[test]
fn every_way_to_name_a_model() {
    let file = parse(FULL).unwrap();
    let check = |spec: &str, base_url: &str, expect: &str| {
        let overrides = Overrides {
            base_url: Some(base_url.to_owned()).filter(|url| !url.is_empty()),
            ..Overrides::default()
        };
        let endpoint = resolve(spec, &file, &overrides).expect(spec);
        let key = endpoint.key_env.as_deref().unwrap_or("no key");
        let Endpoint {
            url,
            provider,
            model,
            ..
        } = &endpoint;
        let got = format!("{url} {provider} {key} {model}");
        assert_eq!(got, expect.replace("CHAT", "chat/completions"), "{spec}");
        assert_eq!(endpoint.name, spec);
    };
    let expect = "https://llm.example/v1/CHAT openai-compatible no key m";
    check("remote", "", expect);
    let expect = "https://openrouter.ai/api/v1/CHAT openrouter OPENROUTER_API_KEY a/b:free";
    check("openrouter/a/b:free", "", expect);
    let expect = "http://127.0.0.1:11434/v1/CHAT ollama no key llama3.2";
    check("ollama/llama3.2", "", expect);
    let expect = "http://localhost:8000/v1/CHAT openai-compatible no key Qwen/Qwen3 8B";
    check("http://localhost:8000/v1#Qwen/Qwen3 8B", "", expect);
    let expect = "http://[::1]:8000/v1/completions openai-compatible no key n";
    check("http://[::1]:8000/v1/completions#n", "", expect);
    let expect = "https://api.deepseek.com/v1/CHAT deepseek DEEPSEEK_API_KEY d";
    check("https://api.deepseek.com/v1#d", "", expect);
    let expect = "https://api.deepseek.com/beta/CHAT deepseek DEEPSEEK_API_KEY d";
    check("deepseek/d", "https://api.deepseek.com/beta", expect);
    let expect = "https://elsewhere.example/v1/CHAT deepseek no key d";
    check("deepseek/d", "https://elsewhere.example/v1", expect);
    let expect = "http://gpu:8000/v1/CHAT openai-compatible no key Qwen/Qwen3";
    check("Qwen/Qwen3", "http://gpu:8000/v1/chat/completions", expect);
    let expect = "https://api.anthropic.com/v1/messages anthropic ANTHROPIC_API_KEY claude";
    check("anthropic/claude", "", expect);
    let expect = "https://api.openai.com/v1/responses openai-responses OPENAI_API_KEY g";
    check("openai-responses/g", "", expect);
    check("openai/g", "https://api.openai.com/v1/responses", expect);
    let expect = "http://127.0.0.1:11434/api/chat ollama-native no key l";
    check("ollama-native/l", "", expect);
    check("ollama/l", "http://127.0.0.1:11434/api/chat", expect);
    let expect = "http://127.0.0.1:8080/completion llamacpp-native no key q";
    check("llamacpp-native/q", "", expect);
    let expect = "http://gpu:9/v1/embeddings openai-compatible no key e";
    check("http://gpu:9/v1/embeddings#e", "", expect);
    let expect = "http://gpu:1/v1/completions llamacpp no key qwen3-8b";
    check("local-qwen", "http://gpu:1/v1", expect);
}

#[test]
fn what_names_no_model_says_what_to_do() {
    let file = parse(FULL).unwrap();
    let check = |spec: &str, message: &str, hint: &str| {
        let error = resolve(spec, &file, &Overrides::default()).expect_err(spec);
        assert!(error.message.contains(message), "{spec}: {error}");
        let given = error.hint.unwrap_or_default();
        assert!(given.contains(hint), "{spec}: {given}");
    };
    check("local-qwem", "unknown model `local-qwem`", "`local-qwen`");
    check("zzz", "unknown model `zzz`", "provider/model");
    check("opnai/gpt", "unknown provider `opnai`", "`openai`");
    check("openai/", "which model", "openai/MODEL");
    check("http://127.0.0.1:8000/v1", "which model", "/v1#NAME");
    check("ftp://host/v1#m", "http://", "127.0.0.1");
    check("http://u:p@host/v1#m", "user name", "api_key_env");
    check("http://host/v1?key=1#m", "query", "api_key_env");
    check(
        "http://host/v1?api-version=1&code=2#m",
        "query",
        "api_key_env",
    );
    check("http://host/v1?api-version=a%20b#m", "query", "api_key_env");
}

#[test]
fn the_version_of_an_interface_stays_behind_the_path() {
    let check = |given: &str, expect: &str| {
        let endpoint = resolve(
            &format!("{given}#m"),
            &ModelsFile::empty(),
            &Overrides::default(),
        )
        .expect(given);
        assert_eq!(endpoint.url.as_str(), expect);
        let described = endpoint.describe();
        let again = Endpoint::from_description(&described).expect(given);
        assert_eq!(again.url, endpoint.url);
        endpoint.profile
    };
    let deployment = "https://mine.openai.azure.com/openai/deployments/d";
    let query = "?api-version=2024-10-21";
    for given in [
        format!("{deployment}{query}"),
        format!("{deployment}/{query}"),
        format!("{deployment}/chat/completions{query}"),
    ] {
        let profile = check(&given, &format!("{deployment}/chat/completions{query}"));
        assert_eq!(profile.name, "azure");
        assert_eq!(profile.key_header, crate::KeyHeader::ApiKey);
    }
    check(
        "http://host/v1?version=v2-preview",
        "http://host/v1/chat/completions?version=v2-preview",
    );
}

#[test]
fn one_bad_entry_costs_itself_alone() {
    let text = "[providers.bad]\nbase_url = 3\n\
        [models.a]\nbase_url = \"http://127.0.0.1/v1\"\nmodel = \"m\"\n\
        [models.b]\nbase_url = \"http://127.0.0.1/v1\"\nmodel = \"m\"\nform = 3\n\
        [models.c]\nprovider = \"bad\"\nbase_url = \"http://127.0.0.1/v1\"\nmodel = \"m\"\n";
    let file = parse(text).unwrap();
    let overrides = Overrides::default();
    resolve("a", &file, &overrides).unwrap();
    for (spec, words) in [
        ("b", "models.toml:9:8: `form` must be"),
        (
            "c",
            "provider `bad` cannot be used: models.toml:2:12: `base_url`",
        ),
        ("bad/m", "models.toml:2:12: `base_url`"),
    ] {
        let error = resolve(spec, &file, &overrides).expect_err(spec);
        assert!(error.to_string().contains(words), "{spec}: {error}");
        assert!(!file.faults_of(spec).is_empty(), "{spec}");
    }
    let faulty: Vec<_> = file.faulty().map(|one| (one.kind, one.name)).collect();
    assert_eq!(
        faulty,
        [("model", "b"), ("model", "c"), ("provider", "bad")]
    );
    assert_eq!(file.names().collect::<Vec<_>>(), ["a"]);
    assert!(file.faults_of("a").is_empty());
}

const OWN_PROVIDER: &str = r#"
[providers.lab]
like = "vllm"
base_url = "https://gpu.example/v1/"
api_key_env = "LAB_KEY"
headers = { "X-Team" = "evaluation" }
always = { priority = 3 }
reasoning.max = { chat_template_kwargs = { budget = "all" } }
finish = { drained = "failed" }
[models.big]
provider = "lab"
model = "m"
generate = { reasoning = "max" }
extra_body = { top_k = 20, chat_template_kwargs = { lang = "en" } }
"#;

#[test]
fn a_provider_needs_no_code() {
    let file = parse(OWN_PROVIDER).unwrap();
    let endpoint = resolve("big", &file, &Overrides::default()).unwrap();
    let profile = &endpoint.profile;
    assert_eq!(
        endpoint.url.as_str(),
        "https://gpu.example/v1/chat/completions"
    );
    assert_eq!(endpoint.key_env.as_deref(), Some("LAB_KEY"));
    assert_eq!(profile.prefill, crate::Prefill::ContinueFinalMessage);
    assert_eq!(profile.headers["x-team"], "evaluation");
    assert_eq!(profile.reasoning.len(), 6, "those of vllm and one more");
    let method = LikelihoodMethod::of;
    assert_eq!(method(&endpoint), LikelihoodMethod::Vllm, "that of vllm");
    assert_eq!(endpoint.extra_body["top_k"], 20);
    let again = Endpoint::from_description(&endpoint.describe()).unwrap();
    assert_eq!(again.profile, *profile);
    let other = OWN_PROVIDER.replace("like =", "likelihood = \"echo\"\nlike =");
    let other = parse(&other).unwrap();
    let other = resolve("big", &other, &Overrides::default()).unwrap();
    assert_eq!(method(&other), LikelihoodMethod::Echo, "its own");
    let bare = resolve("lab/other", &file, &Overrides::default()).unwrap();
    assert_eq!(
        (bare.model.as_str(), bare.provider.as_str()),
        ("other", "lab")
    );
}

#[test]
fn a_description_without_a_profile_is_still_read() {
    let file = parse(FULL).unwrap();
    let mut described = resolve("local-qwen", &file, &Overrides::default())
        .unwrap()
        .describe();
    described.as_object_mut().unwrap().remove("profile");
    let endpoint = Endpoint::from_description(&described).unwrap();
    assert_eq!(endpoint.profile.name, "llamacpp");
    assert_eq!(endpoint.profile.max_tokens_field, "max_tokens");
}

#[test]
fn a_description_whose_profile_knows_no_likelihood_is_read_as_before() {
    let vllm = resolve("vllm/m", &ModelsFile::empty(), &Overrides::default()).unwrap();
    let mut described = vllm.describe();
    let known = described["profile"].as_object_mut().unwrap();
    assert_eq!(known.remove("likelihood").unwrap(), "vllm");
    let endpoint = Endpoint::from_description(&described).unwrap();
    assert_eq!(LikelihoodMethod::of(&endpoint), LikelihoodMethod::Vllm);
}

#[test]
fn faults_of_a_provider_are_found_with_their_places() {
    let check = |line: &str, expect: &str| {
        let found = faults(&format!("[providers.lab]\n{line}\n"));
        assert_eq!(found, [format!("models.toml:2:{expect}")], "{line}");
    };
    check(
        "like = \"vlm\"",
        "8: unknown provider `vlm` (did you mean `vllm`?)",
    );
    check(
        "protocol = \"grpc\"",
        "12: `protocol` must be one of \"openai\", \"responses\", \"anthropic\", \"ollama\", \"llamacpp\"",
    );
    check(
        "prefil = \"prefix\"",
        "1: unknown key `prefil` (did you mean `prefill`?)",
    );
    check(
        "reasoning = { of = {} }",
        "15: unknown key `of` (did you mean `off`?)",
    );
    check(
        "reasoning.off = { model = \"x\" }",
        "17: `off` must not set `model` (it may add anything but what is asked)",
    );
    check(
        "ignored_while_reasoning = [\"heat\"]",
        "28: `ignored_while_reasoning` must be one of \"temperature\", \"top_p\", \"stop\"",
    );
    check(
        "headers = { Authorization = \"Bearer x\" }",
        "29: the header `authorization` must not be set here (name the key's variable with `api_key_env`)",
    );
    check(
        "finish = { odd = \"bad\" }",
        "18: `odd` must be one of \"stop\", \"length\", \"content_filter\", \"recitation\", \"tool_calls\", \"failed\"",
    );
    check(
        "base_url = \"ftp://x\"",
        "12: a URL must begin with http:// or https://, not ftp: (for example `http://127.0.0.1:8000/v1`)",
    );
}

#[test]
fn who_may_see_what() {
    let file = parse(FULL).unwrap();
    let check = |spec: &str, allow_private: &[&str], expect: &[Sensitivity]| {
        let overrides = Overrides {
            allow_private: allow_private.iter().map(|&host| host.to_owned()).collect(),
            ..Overrides::default()
        };
        let endpoint = resolve(spec, &file, &overrides).expect(spec);
        let seen = Sensitivity::ALL.map(|label| endpoint.may_see(label).then_some(label));
        let seen: Vec<_> = seen.into_iter().flatten().collect();
        assert_eq!(seen, expect, "{spec} {allow_private:?}");
    };
    let public = &Sensitivity::ALL[..1];
    let private = &Sensitivity::ALL[..2];
    check("local-qwen", &[], private);
    check("http://localhost:1/v1#m", &[], private);
    check("http://[::1]:1/v1#m", &[], private);
    check("embedded/clean", &[], &Sensitivity::ALL);
    check("http://localhost.evil.example/v1#m", &[], public);
    check("http://10.0.0.5:8000/v1#m", &[], public);
    check("http://10.0.0.5:8000/v1#m", &["10.0.0.5"], private);
    check("http://10.0.0.5:8000/v1#m", &["10.0.0.5:8000"], private);
    check(
        "http://10.0.0.5:8000/v1#m",
        &["10.0.0.5:8001", "10.0.0.50"],
        public,
    );
    check("openai/gpt", &["API.openai.com:443"], private);
    check("remote", &[], private);
}

#[test]
fn a_permission_does_not_move_to_another_host() {
    let file = parse(FULL).unwrap();
    let overrides = Overrides {
        base_url: Some("https://other.example/v1".to_owned()),
        concurrency: Some(3),
        ..Overrides::default()
    };
    let moved = resolve("remote", &file, &overrides).unwrap();
    assert!(!moved.may_see(Sensitivity::Private));
    assert_eq!(moved.limits.concurrency, Some(3));
}

#[test]
fn a_model_in_the_program_may_have_a_name_of_the_users_own() {
    let file = parse("[models.assistant]\nprovider = \"embedded\"\nmodel = \"leaked\"\n").unwrap();
    let endpoint = file.endpoint("assistant").unwrap().unwrap();
    assert!(endpoint.is_embedded() && endpoint.may_see(Sensitivity::Secret));
    assert_eq!(
        (endpoint.name.as_str(), endpoint.model.as_str()),
        ("assistant", "leaked")
    );
    for (more, what) in [
        ("model = \"\"", "needs `model`"),
        ("model = \"a b\"", "needs `model`"),
        (
            "model = \"leaked\"\nbase_url = \"http://127.0.0.1/v1\"",
            "no `base_url`",
        ),
        (
            "model = \"leaked\"\napi_key_env = \"KEY\"",
            "`api_key_env` means nothing",
        ),
        (
            "model = \"leaked\"\nstream = true",
            "`stream` means nothing",
        ),
    ] {
        let found = faults(&format!("[models.m]\nprovider = \"embedded\"\n{more}\n"));
        assert!(
            found.iter().any(|fault| fault.contains(what)),
            "{what}: {found:?}"
        );
    }
}

/// What the model `spec` of a file that nobody answers for is refused for.
fn withheld(text: &str, spec: &str) -> Option<String> {
    let file = parse(text).expect(text).withheld();
    let refused = resolve(spec, &file, &Overrides::default()).err()?;
    assert!(
        refused.place.is_some() && refused.hint.is_some(),
        "{refused:?}"
    );
    Some(refused.to_string())
}

#[test]
fn what_asks_for_nothing_needs_no_word() {
    for more in [
        "",
        "allow = [\"public\"]",
        "provider = \"vllm\"",
        "extra_body = { top_k = 1 }",
    ] {
        for url in ["http://127.0.0.1:1/v1", "https://llm.example/v1"] {
            let text = format!("[models.m]\nbase_url = \"{url}\"\nmodel = \"m\"\n{more}\n");
            assert_eq!(withheld(&text, "m"), None, "{text}");
        }
    }
    let both = "[models.a]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n[models.b]\nprovider = \"openai\"\nmodel = \"m\"\n";
    assert_eq!(withheld(both, "a"), None);
    let refused = withheld(both, "b").unwrap();
    assert!(refused.starts_with("models.toml:4:1: model `b` asks for the key in `OPENAI_API_KEY`, to be sent to api.openai.com:443"), "{refused}");
}

#[test]
fn whatever_is_asked_for_is_named() {
    let at = "base_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n";
    let check = |text: &str, spec: &str, words: &str| {
        let refused = withheld(text, spec).expect(text);
        assert!(refused.contains(words), "{refused}");
    };
    for name in [
        "openai/gpt-4o",
        "OpenAI/gpt-4o",
        "embedded/clean",
        "\u{43e}penai/gpt-4o",
    ] {
        let words = format!("takes the place of `{name}`");
        check(&format!("[models.\"{name}\"]\n{at}"), name, &words);
    }
    let url = "http://127.0.0.1:2/v1#m";
    check(
        &format!("[models.\"{url}\"]\n{at}"),
        url,
        "takes the place of the address",
    );
    let provider = "base_url = \"http://127.0.0.1:1/v1\"\n";
    check(
        &format!("[providers.openai]\n{provider}"),
        "openai/gpt-4o",
        "takes the place of the provider `openai`",
    );
    check(
        &format!(
            "[providers.openai]\n{provider}[models.m]\nprovider = \"openai\"\nmodel = \"m\"\n"
        ),
        "m",
        "the provider `openai`",
    );
    check(
        &format!("[providers.lab]\n{provider}api_key_env = \"AWS_SECRET_ACCESS_KEY\"\n"),
        "lab/m",
        "AWS_SECRET_ACCESS_KEY",
    );
    check(
        &format!(
            "[providers.lab]\n{provider}api_key_env = \"K\"\n[models.m]\nprovider = \"lab\"\nmodel = \"m\"\n"
        ),
        "m",
        "`K`, to be sent to 127.0.0.1:1",
    );
    check(
        &format!("[models.m]\n{at}proxy = \"http://p.example:1\"\n"),
        "m",
        "through the proxy p.example:1",
    );
    check(
        &format!("[models.m]\n{at}allow = [\"private\"]\n"),
        "m",
        "grants itself private samples",
    );
    check(
        &format!("[models.m]\n{at}api_key_env = \"K\"\nallow = [\"private\", \"secret\"]\n"),
        "m",
        "`K`, to be sent to 127.0.0.1:1; grants itself private and secret samples",
    );
}

#[test]
fn a_name_of_a_file_below_is_one_more_thing_that_is_asked_for() {
    let upper = "[models.m]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n[models.\"lab/x\"]\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n";
    let lower = "[models.m]\nbase_url = \"http://127.0.0.1:2/v1\"\nmodel = \"m\"\n[models.n]\nbase_url = \"http://127.0.0.1:2/v1\"\nmodel = \"m\"\n[providers.lab]\nbase_url = \"http://127.0.0.1:2/v1\"\n";
    let upper = parse(upper).unwrap();
    let lower = ModelsFile::parse(lower, Path::new("own.toml")).unwrap();
    let trusted = upper.clone().over(lower.clone());
    let endpoint = resolve("m", &trusted, &Overrides::default()).unwrap();
    assert_eq!(endpoint.host(), "127.0.0.1:1");
    let stacked = upper.withheld().over(lower);
    for name in ["m", "lab/x"] {
        let refused = resolve(name, &stacked, &Overrides::default()).unwrap_err();
        assert!(
            refused.to_string().contains("takes the place of"),
            "{refused}"
        );
    }
    for name in ["n", "lab/y"] {
        let endpoint = resolve(name, &stacked, &Overrides::default()).unwrap();
        assert_eq!(endpoint.host(), "127.0.0.1:2", "{name}");
    }
}

#[test]
fn a_providers_key_does_not_travel_in_the_open() {
    let file = ModelsFile::empty();
    let endpoint = resolve("http://api.openai.com/v1#m", &file, &Overrides::default()).unwrap();
    assert_eq!(endpoint.key_env, None);
    assert!(endpoint.asks().is_empty());
}

#[test]
fn secrets_in_the_file_are_refused_and_never_repeated() {
    for line in [
        "extra_body = { api_key = \"abc-canary\" }",
        "extra_body = { deep = [{ x = \"sk-canary-0123\" }] }",
        "extra_body = { user = \"Zx8Qp2LmN4vT7wRb9KcY\" }",
    ] {
        let text = format!("[models.a]\nprovider = \"vllm\"\nmodel = \"m\"\n{line}\n");
        let found = faults(&text).concat();
        assert!(
            found.contains("looks like a secret") && found.contains("api_key_env"),
            "{found}"
        );
        assert!(
            !found.contains("canary") && !found.contains("Zx8"),
            "{found}"
        );
    }
    let found = faults("[providers.a]\nheaders = { X-Goog-Api-Key = \"abc-canary\" }\n").concat();
    assert!(
        found.contains("looks like a secret") && !found.contains("canary"),
        "{found}"
    );
}
