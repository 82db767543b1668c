//! Requests and replies worded for this project, for every shipped profile: what is asked becomes
//! exactly these bytes, and what is answered is read as this.

use std::path::Path;
use std::sync::Arc;

use cleanbench_core::{Form, Message, Reply, Request, Sampling, Sensitivity};
use cleanbench_model::{Endpoint, ModelsFile, Overrides, profiles, reader, request_body, resolve};
use serde_json::Value;

use super::{JSON, STREAM, refused, reply, shown};

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/providers")
}

fn request(asked: &Value) -> Request {
    let part = |key: &str| asked.get(key).cloned();
    let messages: Vec<Message> = serde_json::from_value(asked["messages"].clone()).unwrap();
    let form = part("form").map(|form| serde_json::from_value(form).unwrap());
    let sampling = part("sampling").map(|sampling| serde_json::from_value(sampling).unwrap());
    let constraints = part("constraints").map(|wanted| serde_json::from_value(wanted).unwrap());
    Request {
        form: form.unwrap_or_else(|| Request::form_for(Form::Chat, &messages)),
        messages,
        sampling: sampling.unwrap_or_else(Sampling::default),
        seed: asked["seed"].as_u64(),
        continuations: Vec::new(),
        constraints: Arc::new(constraints.unwrap_or_default()),
        sensitivity: Sensitivity::Public,
    }
}

/// The reply of a case: a document, the events of a stream, or lines.
fn answer(case: &Value) -> Option<Reply> {
    let list = |key: &str| case.get(key).and_then(Value::as_array);
    if let Some(document) = case.get("document") {
        return Some(reply(200, JSON, document.to_string()));
    }
    if let Some(lines) = list("lines") {
        let lines: Vec<_> = lines.iter().map(|line| format!("{line}\n")).collect();
        return Some(reply(200, "application/x-ndjson", lines.concat()));
    }
    let events = list("events")?.iter().map(|event| match event {
        Value::String(done) => format!("data: {done}\n\n"),
        event => format!("data: {event}\n\n"),
    });
    Some(reply(200, STREAM, events.collect::<String>()))
}

/// The endpoint of a case.
fn endpoint(provider: &str, case: &Value) -> Endpoint {
    let form = case["asked"]["form"]
        .as_str()
        .filter(|form| *form != "prefill");
    let form = form.map_or(String::new(), |form| format!("form = \"{form}\"\n"));
    let stream = case.get("events").is_some() || case.get("lines").is_some();
    // Where each customer has an address of their own, one is given.
    let address = match provider {
        "azure" => "base_url = \"https://m.openai.azure.com/openai/deployments/m?api-version=1\"\n",
        _ => "",
    };
    let text = format!(
        "[models.m]\nprovider = \"{provider}\"\nmodel = \"m\"\nstream = {stream}\n{form}{address}"
    );
    let file = ModelsFile::parse(&text, Path::new("models.toml")).expect(&text);
    resolve("m", &file, &Overrides::default()).unwrap()
}

/// What a case becomes: the body and what is read, as they stand in the fixture.
fn outcome(provider: &str, case: &Value) -> (String, String) {
    let endpoint = endpoint(provider, case);
    let body = match request_body(&endpoint, &request(&case["asked"])) {
        Ok(body) => String::from_utf8(body).unwrap(),
        Err(error) => return (refused(&error), String::new()),
    };
    let read = answer(case).map_or(String::new(), |reply| {
        match reader(&endpoint).read(body.as_bytes(), &reply) {
            Ok(completion) => shown(&completion),
            Err(error) => refused(&error),
        }
    });
    (body, read)
}

#[test]
fn every_provider_is_asked_and_read_as_worded() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for profile in profiles() {
        let path = directory().join(format!("{}.json", profile.name));
        let text = fs_err::read_to_string(&path).expect(&profile.name);
        let fixture: Value = serde_json::from_str(&text).expect(&profile.name);
        for case in fixture.as_array().unwrap() {
            let what = case["what"].as_str().unwrap();
            let (body, read) = outcome(&profile.name, case);
            let expect = |key: &str| case[key].as_str().unwrap_or_default();
            if (body.as_str(), read.as_str()) != (expect("body"), expect("read")) {
                wrong.push(serde_json::json!([profile.name, what, body, read]).to_string());
            }
            cases += 1;
        }
    }
    assert!(wrong.is_empty(), "otherwise:\n{}", wrong.join("\n"));
    let files = fs_err::read_dir(directory()).unwrap().count();
    assert_eq!(
        files,
        profiles().len(),
        "a file for every profile, and no other"
    );
    assert!(cases >= 2 * profiles().len(), "{cases} cases");
}

/// A stream after its first event or line, which never says how the answer ends.
fn first_part(whole: &Reply) -> Option<Reply> {
    let text = std::str::from_utf8(&whole.body).unwrap();
    let end = match whole.content_type.as_deref() {
        Some(STREAM) => text.find("\n\n")? + 2,
        Some(JSON) => return None,
        _ => text.find('\n')? + 1,
    };
    Some(Reply {
        body: whole.body[..end].to_vec(),
        ..whole.clone()
    })
}

#[test]
fn a_reply_that_breaks_off_anywhere_is_an_error_or_an_answer_and_never_a_panic() {
    let mut cut_streams = 0;
    for profile in profiles() {
        let path = directory().join(format!("{}.json", profile.name));
        let fixture: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
        for case in fixture.as_array().unwrap() {
            let Some(whole) = answer(case) else { continue };
            let reader = reader(&endpoint(&profile.name, case));
            if let Some(first) = first_part(&whole) {
                let read = reader.read(b"{}", &first);
                assert!(read.is_err(), "{} {case}: {read:?}", profile.name);
            }
            let cuts = (0..whole.body.len()).step_by(5);
            for cut in cuts {
                let mut broken = whole.clone();
                broken.body.truncate(cut);
                let read = reader.read(b"{}", &broken);
                let document = whole.content_type.as_deref() == Some(JSON);
                assert!(
                    !document || read.is_err(),
                    "{} {case} at {cut}",
                    profile.name
                );
                cut_streams += usize::from(!document && read.is_err());
            }
        }
    }
    assert!(cut_streams > 1_000, "{cut_streams}");
}
