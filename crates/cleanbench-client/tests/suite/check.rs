//! Endpoints are asked what they support: those that do, those that say so, and those that say so by
//! a success and do not.

mod able;

use cleanbench_client::check::{Way, support, texts};
use cleanbench_client::{ApiKey, ClientFactory};
use cleanbench_core::{CallError, CallErrorKind, Sensitivity};
use cleanbench_model::capability::{Capability, CapabilityReport, Support, identity};
use cleanbench_model::{Endpoint, LikelihoodMethod, ModelsFile, Overrides, resolve};
use cleanbench_testkit::{
    Answers, FakeServer, Fault, Reasoning, Rule, ScoreForm, Scored, ScoredText, ScoredToken,
    Script, Spoiled, Usage,
};

const LONG: &str = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen \
fifteen sixteen seventeen eighteen nineteen twenty twentyone twentytwo twentythree twentyfour \
twentyfive twentysix twentyseven twentyeight twentynine thirty thirtyone thirtytwo thirtythree";

fn endpoint(base: &str) -> Endpoint {
    let spec = format!("{base}#m");
    resolve(&spec, &ModelsFile::empty(), &Overrides::default()).unwrap()
}

async fn ask(endpoint: &Endpoint) -> Result<CapabilityReport, CallError> {
    let factory = ClientFactory::new(std::slice::from_ref(endpoint));
    let key = ApiKey::new("sk-canary-0123456789");
    let way = Way::Http {
        factory: &factory,
        key: Some(&key),
    };
    let mut told = 0;
    let report = support(endpoint, way, &mut |_| told += 1).await?;
    assert_eq!(told, report.findings.len(), "each finding is told once");
    assert!(report.fits(endpoint));
    assert!(!serde_json::to_string(&report).unwrap().contains("canary"));
    Ok(report)
}

async fn ask_script(script: Script) -> Result<CapabilityReport, CallError> {
    let server = FakeServer::start(script);
    ask(&endpoint(&server.url())).await
}

#[track_caller]
fn check(report: &CapabilityReport, capability: Capability, verdict: Support, evidence: &str) {
    let finding = report.finding(capability).unwrap();
    assert_eq!(finding.verdict, verdict, "{finding:?}");
    assert!(finding.evidence.contains(evidence), "{finding:?}");
}

/// A server's sentences with a number for each word, likelier where the order is right.
fn scored(form: ScoreForm, spoiled: Option<Spoiled>) -> Script {
    let score = |text: &str, logprob: f64| {
        let whole = format!("{}{text}", texts::PROMPT);
        let pieces: Vec<_> = whole.split_inclusive(' ').collect();
        // A space belongs to the word after it, as tokenizers have it.
        let mut tokens: Vec<ScoredToken> = Vec::new();
        for (place, piece) in pieces.iter().enumerate() {
            let before = if place == 0 { "" } else { " " };
            let word = format!("{before}{}", piece.trim_end());
            let id = word
                .bytes()
                .fold(0, |id: u32, byte| id.wrapping_mul(31) + u32::from(byte));
            tokens.push(ScoredToken {
                text: word,
                id,
                logprob: (place > 0).then_some(logprob),
            });
        }
        ScoredText {
            text: whole,
            tokens,
        }
    };
    Script {
        scored: Some(Scored {
            form,
            spoiled,
            texts: vec![
                score("", -2.0),
                score(texts::ORDERED, -2.0),
                score(texts::SHUFFLED, -6.0),
            ],
        }),
        models: vec!["m".to_owned()],
        ..Script::answering(Answers::Fixed(LONG.to_owned()))
    }
}

const FORMS: [(ScoreForm, Capability, LikelihoodMethod); 3] = [
    (
        ScoreForm::Echo,
        Capability::LikelihoodEcho,
        LikelihoodMethod::Echo,
    ),
    (
        ScoreForm::Vllm,
        Capability::LikelihoodVllm,
        LikelihoodMethod::Vllm,
    ),
    (
        ScoreForm::Sglang,
        Capability::LikelihoodSglang,
        LikelihoodMethod::Sglang,
    ),
];

#[tokio::test]
async fn a_server_that_tells_likelihoods_is_found_by_its_form() {
    for (form, capability, method) in FORMS {
        let report = ask_script(scored(form, None)).await.unwrap();
        check(&report, capability, Support::Yes, "words in disorder");
        assert_eq!(report.likelihood_method(), Some(method));
        for (_, other, _) in FORMS.iter().filter(|one| one.1 != capability) {
            let finding = report.finding(*other).unwrap();
            assert_ne!(finding.verdict, Support::Yes, "{form:?}: {finding:?}");
        }
        check(&report, Capability::ModelKnown, Support::Yes, "one of 1");
    }
}

#[tokio::test]
async fn numbers_that_are_none_are_no_and_say_why() {
    for (form, capability, _) in FORMS {
        for (spoiled, reason) in [
            (Spoiled::WrongLength, "logprobs for a prompt of"),
            (Spoiled::AllZero, "are 0"),
            (Spoiled::GeneratedOnly, ""),
            (Spoiled::AllNull, "null"),
            (Spoiled::Minus9999, "-9999"),
        ] {
            let report = ask_script(scored(form, Some(spoiled))).await.unwrap();
            check(&report, capability, Support::No, reason);
            assert_eq!(report.likelihood_method(), None, "{form:?} {spoiled:?}");
        }
    }
}

#[tokio::test]
async fn numbers_of_no_model_are_no() {
    let mut script = scored(ScoreForm::Vllm, None);
    for text in &mut script.scored.as_mut().unwrap().texts {
        for token in text.tokens.iter_mut().skip(1) {
            token.logprob = Some(-2.0);
        }
    }
    let report = ask_script(script).await.unwrap();
    check(
        &report,
        Capability::LikelihoodVllm,
        Support::No,
        "not a model's",
    );
}

#[tokio::test]
async fn the_method_of_the_models_file_is_the_only_one_asked() {
    let server = FakeServer::start(scored(ScoreForm::Vllm, None));
    let mut endpoint = endpoint(&server.url());
    endpoint.likelihood = Some(LikelihoodMethod::Vllm);
    let report = ask(&endpoint).await.unwrap();
    check(&report, Capability::LikelihoodVllm, Support::Yes, "");
    check(
        &report,
        Capability::LikelihoodEcho,
        Support::Unclear,
        "not asked",
    );
    assert_eq!(
        report.finding(Capability::LikelihoodEcho).unwrap().requests,
        0
    );
}

#[tokio::test]
async fn an_able_server_is_told_from_one_that_ignores_a_field() {
    let all = [
        (Capability::Usage, "usage"),
        (Capability::Seed, "seed"),
        (Capability::MaxTokens, "max_tokens"),
        (Capability::Stop, "stop"),
        (Capability::Streaming, "stream"),
        (Capability::Logprobs, "logprobs"),
        (Capability::Tools, "tool_choice"),
        (Capability::JsonSchema, "response_format"),
        (Capability::Prefill, "prefill"),
    ];
    let port = able::serve("").await;
    let report = ask(&endpoint(&format!("http://127.0.0.1:{port}/v1")))
        .await
        .unwrap();
    let always = [
        Capability::Reachable,
        Capability::ModelKnown,
        Capability::Deterministic,
    ];
    for capability in always
        .into_iter()
        .chain(all.map(|(capability, _)| capability))
    {
        check(&report, capability, Support::Yes, "");
    }
    assert!(report.is_lasting());
    let mut streamed = endpoint(&format!("http://127.0.0.1:{port}/v1"));
    streamed.stream = true;
    assert_eq!(
        ask(&streamed).await.unwrap(),
        report,
        "what is asked is the same"
    );
    for (capability, ignored) in all {
        let port = able::serve(ignored).await;
        let report = ask(&endpoint(&format!("http://127.0.0.1:{port}/v1")))
            .await
            .unwrap();
        let finding = report.finding(capability).unwrap();
        let expect = match capability {
            // All drawn alike: it cannot be told whether anything is drawn.
            Capability::Seed => Support::Unclear,
            _ => Support::No,
        };
        assert_eq!(finding.verdict, expect, "{finding:?}");
        for (other, _) in all.iter().filter(|(other, _)| *other != capability) {
            check(&report, *other, Support::Yes, "");
        }
    }
}

#[tokio::test]
async fn a_plain_server_is_seen_through() {
    let script = Script {
        usage: Usage::Absent,
        ..Script::answering(Answers::Fixed(LONG.to_owned()))
    };
    let report = ask_script(script).await.unwrap();
    check(&report, Capability::Usage, Support::No, "no count");
    check(&report, Capability::MaxTokens, Support::No, "33 words");
    check(&report, Capability::Stop, Support::No, "goes on");
    check(
        &report,
        Capability::Streaming,
        Support::Yes,
        "without token counts",
    );
    check(&report, Capability::Logprobs, Support::No, "none came back");
    check(
        &report,
        Capability::Seed,
        Support::Unclear,
        "whatever the seed",
    );
    check(&report, Capability::ModelKnown, Support::No, "fake");
    check(
        &report,
        Capability::LikelihoodSglang,
        Support::Refused,
        "404",
    );
    check(
        &report,
        Capability::LikelihoodLlamacpp,
        Support::Refused,
        "404",
    );
}

#[tokio::test]
async fn reasoning_that_goes_on_when_turned_off_is_seen() {
    let verdict = async |reasoning, verdict, evidence: &str| {
        let server = FakeServer::start(Script {
            reasoning,
            ..Script::answering(Answers::Fixed(LONG.to_owned()))
        });
        let overrides = Overrides {
            base_url: Some(server.url()),
            ..Overrides::default()
        };
        let endpoint = resolve("deepseek/m", &ModelsFile::empty(), &overrides).unwrap();
        let report = ask(&endpoint).await.unwrap();
        check(&report, Capability::ReasoningOff, verdict, evidence);
        report.reasoning
    };
    let on = Reasoning::ReasoningContent("let me see".to_owned());
    assert_eq!(verdict(on, Support::No, "let me see").await, None);
    let off = Some(cleanbench_core::Reasoning::Off);
    assert_eq!(
        verdict(Reasoning::None, Support::Yes, "no reasoning").await,
        off
    );
    let unknown = ask_script(Script::default()).await.unwrap();
    check(
        &unknown,
        Capability::ReasoningOff,
        Support::Unclear,
        "no way is known",
    );
}

#[tokio::test]
async fn one_failing_check_leaves_the_others_alone() {
    let broken = Fault::Status {
        code: 400,
        retry_after: None,
        error: Some("unsupported".to_owned()),
    };
    let tool = Rule::always(broken).when_prompt_contains("Oslo");
    let limited = Fault::Status {
        code: 429,
        retry_after: Some(0),
        error: None,
    };
    let schema = Rule::always(limited).when_prompt_contains("teaspoon");
    let script = Script::answering(Answers::Fixed(LONG.to_owned()));
    let report = ask_script(script.with_rule(tool).with_rule(schema))
        .await
        .unwrap();
    check(&report, Capability::Tools, Support::Refused, "");
    assert_eq!(report.finding(Capability::Tools).unwrap().requests, 2);
    check(&report, Capability::JsonSchema, Support::Unclear, "429");
    assert!(!report.is_lasting(), "a limit of requests passes");
    check(&report, Capability::Prefill, Support::No, "anew");
    check(&report, Capability::Deterministic, Support::Yes, "5 times");
}

#[tokio::test]
async fn nobody_and_a_refused_key_end_the_checks() {
    let script = Script {
        require_key: Some("another".to_owned()),
        ..Script::default()
    };
    let server = FakeServer::start(script);
    let error = ask(&endpoint(&server.url())).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Auth);
    assert_eq!(server.totals().requests, 1);
    let url = server.url();
    drop(server);
    let error = ask(&endpoint(&url)).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Connect);
}

#[tokio::test]
async fn a_wrong_path_is_asked_no_further_questions_of_its_kind() {
    let server = FakeServer::start(Script::default());
    let base = server.url().replace("/v1", "/v2");
    let report = ask(&endpoint(&base)).await.unwrap();
    check(&report, Capability::Reachable, Support::Refused, "404");
    assert!(report.finding(Capability::Stop).is_none());
}

#[tokio::test]
async fn a_server_that_goes_away_is_not_asked_for_ever() {
    let gone = Rule::always(Fault::Close).after(1);
    let report = ask_script(Script::default().with_rule(gone)).await.unwrap();
    assert!(!report.is_lasting());
    assert!(report.requests() <= 5, "{report:?}");
    check(&report, Capability::Prefill, Support::Unclear, "not asked");
}

#[tokio::test]
async fn a_host_that_was_not_named_is_not_asked() {
    let server = FakeServer::start(Script::default());
    let endpoint = endpoint(&server.url());
    let factory = ClientFactory::new(&[]);
    let way = Way::Http {
        factory: &factory,
        key: None,
    };
    let error = support(&endpoint, way, &mut |_| ()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Forbidden);
    assert!(endpoint.may_see(Sensitivity::Public));
    assert_eq!(server.totals().connections, 0);
}

#[test]
fn an_identity_is_that_of_what_is_asked() {
    let first = endpoint("http://127.0.0.1:9/v1");
    let mut same = first.clone();
    same.key_env = Some("OTHER".to_owned());
    same.name = "another name".to_owned();
    assert_eq!(identity(&first), identity(&same));
    let mut others = vec![endpoint("http://127.0.0.1:8/v1"); 4];
    others[1] = first.clone();
    others[1].model = "n".to_owned();
    others[2] = first.clone();
    others[2].extra_body.insert("a".to_owned(), 1.into());
    others[3] = first.clone();
    others[3].likelihood = Some(LikelihoodMethod::None);
    for other in others {
        assert_ne!(identity(&first), identity(&other), "{other:?}");
    }
}
