//! Likelihoods of given texts over real sockets: four wire forms, the same numbers; and servers that
//! answer 200 without having them.

mod server;

use std::sync::Arc;

use cleanbench_client::{ApiKey, ClientFactory, HttpModel};
use cleanbench_core::{
    CallError, CallErrorKind, Completion, Form, Likelihood, Message, Model, Reply, Request, Role,
    Sampling, Sensitivity,
};
use cleanbench_embedded::{EmbeddedModel, shipped};
use cleanbench_model::{Endpoint, LikelihoodMethod, ModelsFile, Overrides, resolve};
use serde_json::{Value, json};
use server::{Handler, Served, paths, serve};

const PROMPT: &str = "Question: which animal does Renu keep above the frozen temple?\nAnswer:";
const TEXTS: [&str; 4] = [
    " one tangled lizard under the narrow warehouse",
    " one bitter heron beyond the pale palace",
    " größer, 中文 😀",
    "",
];
const KEY: &str = "sk-canary-0123456789";

fn endpoint(port: u16, method: LikelihoodMethod) -> Endpoint {
    let spec = format!("http://127.0.0.1:{port}/v1#m");
    let mut endpoint = resolve(&spec, &ModelsFile::empty(), &Overrides::default()).unwrap();
    endpoint.likelihood = Some(method);
    endpoint
}

fn model(endpoint: &Endpoint) -> HttpModel {
    let factory = ClientFactory::new(std::slice::from_ref(endpoint));
    factory.connect(endpoint, Some(ApiKey::new(KEY))).unwrap()
}

fn request(prompt: &str, texts: &[&str]) -> Request {
    Request {
        form: Form::Chat,
        messages: vec![Message::new(Role::User, prompt)],
        sampling: Sampling::default(),
        seed: None,
        continuations: texts.iter().map(|text| (*text).to_owned()).collect(),
        constraints: Arc::default(),
        sensitivity: Sensitivity::Public,
    }
}

/// What is found, and the transcript.
async fn weigh(
    handler: Handler,
    method: LikelihoodMethod,
    asked: &Request,
) -> (Result<Completion, CallError>, Reply) {
    let model = model(&endpoint(serve(handler).await, method));
    let body = model.body(asked).unwrap();
    let sent = model.send(&body, Sensitivity::Public).await;
    assert_eq!(sent.error, None);
    let reply = sent.reply.unwrap();
    let read = model.read(&body, &reply);
    assert_eq!(read, model.read(&body, &reply), "reading is pure");
    (read, reply)
}

fn exchanges(reply: &Reply) -> Vec<Value> {
    let transcript: Value = serde_json::from_slice(&reply.body).unwrap();
    transcript["exchanges"].as_array().unwrap().clone()
}

/// What the model itself says, by its own arithmetic.
fn own(asked: &Request) -> Vec<Likelihood> {
    let model = EmbeddedModel::load(shipped("clean").unwrap()).unwrap();
    let body = model.body(asked).unwrap();
    let reply = Reply {
        body: model.answer(&body).unwrap(),
        ..Reply::default()
    };
    model.read(&body, &reply).unwrap().likelihoods
}

#[tokio::test]
async fn every_wire_form_gives_the_model_s_own_numbers() {
    let asked = request(PROMPT, &TEXTS);
    let expect = own(&asked);
    let served = Arc::new(Served::new());
    for method in [
        LikelihoodMethod::Echo,
        LikelihoodMethod::Vllm,
        LikelihoodMethod::Sglang,
        LikelihoodMethod::Llamacpp,
    ] {
        let (found, reply) = weigh(Arc::clone(&served).handler(), method, &asked).await;
        let found = found.unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(found.likelihoods.len(), expect.len());
        for (one, own) in found.likelihoods.iter().zip(&expect) {
            assert_eq!(
                (one.bytes, one.logprobs.len()),
                (own.bytes, own.logprobs.len())
            );
            for (one, own) in one.logprobs.iter().zip(&own.logprobs) {
                assert!((one - own).abs() < 1e-3, "{method:?}: {one} and {own}");
            }
        }
        assert!(found.usage.prompt.unwrap() > 20, "{method:?}");
    }
}

#[tokio::test]
async fn broken_characters_are_looked_up_and_the_rest_is_forced() {
    let asked = request(PROMPT, &[" one ä"]);
    let handler = Arc::new(Served::new()).handler();
    let (found, reply) = weigh(handler, LikelihoodMethod::Llamacpp, &asked).await;
    assert_eq!(
        found.unwrap().likelihoods[0].logprobs.len(),
        own(&asked)[0].logprobs.len()
    );
    let exchanges = exchanges(&reply);
    // Prompt and whole are cut into tokens; the whole characters are one run, each byte of the other
    // is looked up: the first 2,000 tokens hold it.
    assert_eq!(paths(&exchanges)["/tokenize"], 2);
    assert_eq!(paths(&exchanges)["/completion"], 3);
}

#[tokio::test]
async fn a_server_that_wants_to_generate_is_let_to() {
    let served = Arc::new(Served::new());
    let handler: Handler = Arc::new(move |path, body| {
        assert_eq!(path, "/v1/completions");
        if body["max_tokens"] == 0 {
            return (
                400,
                br#"{"error":{"message":"max_tokens must be at least 1"}}"#.to_vec(),
            );
        }
        (200, served.echo(body).to_string().into_bytes())
    });
    let asked = request(PROMPT, &TEXTS[..2]);
    let (found, reply) = weigh(handler, LikelihoodMethod::Echo, &asked).await;
    for (one, own) in found.unwrap().likelihoods.iter().zip(&own(&asked)) {
        assert!((one.total() - own.total()).abs() < 1e-3);
    }
    // The prompt twice, then it is known.
    assert_eq!(exchanges(&reply).len(), 4);
}

/// A server whose answers to `method` are changed by `spoil` before they leave.
async fn spoilt(
    method: LikelihoodMethod,
    asked: &Request,
    spoil: impl Fn(&mut Value) + Send + Sync + 'static,
) -> CallError {
    let inner = Arc::new(Served::new()).handler();
    let handler: Handler = Arc::new(move |path, body| {
        let (status, answer) = inner(path, body);
        let mut answer = serde_json::from_slice(&answer).unwrap();
        spoil(&mut answer);
        (status, answer.to_string().into_bytes())
    });
    weigh(handler, method, asked).await.0.unwrap_err()
}

type Spoil = fn(&mut Value);

#[expect(clippy::too_many_lines, reason = "a table of cases")]
#[tokio::test]
async fn an_answer_of_200_is_not_believed() {
    use LikelihoodMethod::{Echo, Llamacpp, Sglang, Vllm};
    fn fill(list: &mut Value, with: &Value) {
        for entry in list.as_array_mut().unwrap().iter_mut().skip(1) {
            *entry = with.clone();
        }
    }
    fn entries(answer: &mut Value) -> &mut Value {
        &mut answer["choices"][0]["prompt_logprobs"]
    }
    fn input(answer: &mut Value) -> &mut Value {
        &mut answer["meta_info"]["input_token_logprobs"]
    }
    fn values(answer: &mut Value) -> &mut Value {
        &mut answer["choices"][0]["logprobs"]["token_logprobs"]
    }
    fn written(answer: &mut Value) -> &mut Value {
        &mut answer["completion_probabilities"]
    }
    let cases: [(LikelihoodMethod, Spoil, &str); 20] = [
        (
            Echo,
            |it| values(it)[0] = json!(-1.0),
            "first of the logprobs is not null",
        ),
        (Echo, |it| fill(values(it), &json!(0.0)), "logprobs are 0"),
        (
            Echo,
            |it| fill(values(it), &json!(null)),
            "logprobs are null",
        ),
        (Echo, |it| fill(values(it), &json!(-9999.0)), "-9999"),
        (Echo, |it| values(it)[3] = json!(0.5), "above 0"),
        (Echo, |it| values(it)[3] = json!(null), "1 of"),
        (Echo, |it| values(it)[3] = json!("NaN"), "no numbers"),
        (
            Echo,
            |it| drop(values(it).as_array_mut().unwrap().pop()),
            "tokens and",
        ),
        (
            Echo,
            |it| it["usage"] = json!(null),
            "does not say how many",
        ),
        (
            Echo,
            |it| it["usage"]["prompt_tokens"] = json!(3),
            "for a prompt of 3 tokens",
        ),
        (
            Echo,
            |it| it["choices"][0]["text"] = json!("Paris"),
            "not echoed",
        ),
        (
            Echo,
            |it| {
                it["choices"][0]["logprobs"] =
                    json!({"content": [{"token": " x", "logprob": -1.0}]});
            },
            "none of the prompt",
        ),
        (
            Vllm,
            |it| *entries(it) = json!(null),
            "no `prompt_logprobs`",
        ),
        (
            Vllm,
            |it| *entries(it) = json!([null, {"1": {"logprob": -1.0}}]),
            "2 logprobs for a prompt",
        ),
        (
            Vllm,
            |it| entries(it)[0] = json!({"1": {"logprob": -1.0}}),
            "not null",
        ),
        (
            Vllm,
            |it| entries(it)[1] = json!({"1": {"logprob": -1}, "2": {"logprob": -2}}),
            "several tokens",
        ),
        (
            Sglang,
            |it| *input(it) = json!(null),
            "no `meta_info.input_token_logprobs`",
        ),
        (
            Sglang,
            |it| *input(it) = json!([[-1.0, 5, " x"]]),
            "1 logprobs for a prompt",
        ),
        (
            Llamacpp,
            |it| {
                if it["completion_probabilities"].is_array() {
                    it["tokens_evaluated"] = json!(7);
                }
            },
            "read 7 tokens",
        ),
        (
            Llamacpp,
            |it| {
                if it["completion_probabilities"].is_array() {
                    for entry in written(it).as_array_mut().unwrap() {
                        entry["logprob"] = json!(0.0);
                    }
                }
            },
            "logprobs are 0",
        ),
    ];
    for (method, spoil, reason) in cases {
        let asked = request(PROMPT, &TEXTS[..2]);
        let error = spoilt(method, &asked, spoil).await;
        assert_eq!(
            error.kind,
            CallErrorKind::Unsupported,
            "{method:?}: {error}"
        );
        assert!(
            error.message.contains(reason),
            "{method:?}, {reason}: {error}"
        );
        assert!(error.message.contains("no prompt logprobs"), "{error}");
        assert!(
            !error.message.contains("Renu"),
            "the prompt does not show: {error}"
        );
    }
}

#[tokio::test]
async fn other_ids_than_the_forced_ones_are_not_used() {
    let asked = request(PROMPT, &TEXTS[..1]);
    let expect = own(&asked);
    let inner = Arc::new(Served::new()).handler();
    let handler: Handler = Arc::new(move |path, body| {
        let (status, answer) = inner(path, body);
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        if path == "/completion" && body["n_probs"] == 1 {
            let entries = answer["completion_probabilities"].as_array_mut().unwrap();
            entries.remove(1);
        }
        (status, answer.to_string().into_bytes())
    });
    let (found, reply) = weigh(handler, LikelihoodMethod::Llamacpp, &asked).await;
    let found = found.unwrap();
    assert!((found.likelihoods[0].total() - expect[0].total()).abs() < 1e-3);
    let tokens = expect[0].logprobs.len();
    assert_eq!(
        paths(&exchanges(&reply))["/completion"],
        1 + tokens,
        "one try, then each alone"
    );
}

#[tokio::test]
async fn a_token_outside_the_likeliest_is_censored_and_not_invented() {
    let asked = request(PROMPT, &[" ä"]);
    let error = spoilt(LikelihoodMethod::Llamacpp, &asked, |answer| {
        if let Some(entries) = answer["completion_probabilities"].as_array_mut() {
            for entry in entries {
                entry["top_logprobs"].as_array_mut().unwrap().truncate(1);
            }
        }
    })
    .await;
    assert_eq!(error.kind, CallErrorKind::Censored, "{error}");
}

#[tokio::test]
async fn a_token_across_the_boundary_is_never_scored_for_the_text() {
    // The model has a word " one": cut after the space, prompt and text share it.
    let asked = request(&format!("{PROMPT} "), &["one tangled lizard"]);
    let served = Arc::new(Served::new());
    for method in [
        LikelihoodMethod::Echo,
        LikelihoodMethod::Vllm,
        LikelihoodMethod::Sglang,
    ] {
        let (found, _) = weigh(Arc::clone(&served).handler(), method, &asked).await;
        let error = found.unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Unsupported, "{error}");
        assert!(error.message.contains("spans the boundary"), "{error}");
    }
    // llama.cpp takes tokens, so the text's own follow the prompt's own.
    let (found, _) = weigh(
        Arc::clone(&served).handler(),
        LikelihoodMethod::Llamacpp,
        &asked,
    )
    .await;
    let (found, own) = (found.unwrap(), own(&asked));
    assert!((found.likelihoods[0].total() - own[0].total()).abs() < 1e-3);
}

#[tokio::test]
async fn failures_of_an_exchange_keep_their_kind_and_their_bytes() {
    for (method, status, kind) in [
        (LikelihoodMethod::Sglang, 404, CallErrorKind::Unsupported),
        (LikelihoodMethod::Echo, 400, CallErrorKind::Unsupported),
        (LikelihoodMethod::Vllm, 429, CallErrorKind::RateLimited),
        (LikelihoodMethod::Vllm, 401, CallErrorKind::Auth),
        (LikelihoodMethod::Llamacpp, 503, CallErrorKind::Overloaded),
    ] {
        let handler: Handler =
            Arc::new(move |_, _| (status, format!("{{\"error\":\"no, {KEY}\"}}").into_bytes()));
        let (found, reply) = weigh(handler, method, &request(PROMPT, &TEXTS[..1])).await;
        assert_eq!(found.unwrap_err().kind, kind, "{method:?}");
        assert_eq!(reply.status, status);
        let text = String::from_utf8(reply.body).unwrap();
        assert!(!text.contains(KEY) && text.contains("********"), "{text}");
    }
}

#[tokio::test]
async fn a_record_that_was_changed_is_not_read() {
    let asked = request(PROMPT, &TEXTS[..1]);
    let model = model(&endpoint(
        serve(Arc::new(Served::new()).handler()).await,
        LikelihoodMethod::Vllm,
    ));
    let body = model.body(&asked).unwrap();
    let reply = model.send(&body, Sensitivity::Public).await.reply.unwrap();
    let spoil = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut exchanges = exchanges(&reply);
        change(&mut exchanges);
        let spoilt = Reply {
            body: json!({"exchanges": exchanges}).to_string().into_bytes(),
            ..reply.clone()
        };
        model.read(&body, &spoilt).unwrap_err()
    };
    let error = spoil(&|exchanges| drop(exchanges.pop()));
    assert!(error.message.contains("break off"), "{error}");
    let error = spoil(&|exchanges| exchanges.push(exchanges[0].clone()));
    assert!(error.message.contains("go on"), "{error}");
    let error = spoil(&|exchanges| exchanges[1]["request"] = json!("{}"));
    assert!(error.message.contains("exchange 2"), "{error}");
    let error = spoil(&|exchanges| exchanges[1]["path"] = json!("/other"));
    assert!(error.message.contains("exchange 2"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_asked_sends_nothing() {
    let spec = "http://127.0.0.1:9/v1#m";
    let unknown = resolve(spec, &ModelsFile::empty(), &Overrides::default()).unwrap();
    let error = model(&unknown).body(&request(PROMPT, &TEXTS)).unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unsupported);
    assert!(error.message.contains("set `likelihood`"), "{error}");
    let known = model(&endpoint(9, LikelihoodMethod::Echo));
    let error = known.body(&request("", &TEXTS)).unwrap_err();
    assert!(error.message.contains("needs a prompt"), "{error}");
    let mut remote = endpoint(9, LikelihoodMethod::Echo);
    remote.allow.remove(&Sensitivity::Secret);
    let remote = model(&remote);
    let body = remote.body(&request(PROMPT, &TEXTS)).unwrap();
    let sent = remote.send(&body, Sensitivity::Secret).await;
    assert_eq!(sent.error.unwrap().kind, CallErrorKind::Forbidden);
    assert!(sent.reply.is_none());
}
