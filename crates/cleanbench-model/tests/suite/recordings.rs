//! What recorded replies of real servers are read as: one line of a table for every recording.
//!
//! The recordings of other projects are not part of this repository. Where they lie beside it, every
//! one of them must be in the table; where they do not, the test says so.

mod table;
mod worded;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cleanbench_core::{CallError, Completion, Reply};
use cleanbench_model::{ModelsFile, Overrides, Reader, reader, resolve};
use serde_json::Value;

/// One request and its reply.
struct Recording {
    /// Where it was sent, if the recording says so.
    url: Option<String>,
    request: Vec<u8>,
    reply: Reply,
}

fn reply(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status,
        content_type: Some(content_type.to_owned()),
        retry_after: None,
        body: body.into(),
    }
}

const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";

/// The exchanges of a file.
fn exchanges(path: &Path) -> Vec<Recording> {
    let text = fs_err::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let alone = |reply| {
        vec![Recording {
            url: None,
            request: b"{}".to_vec(),
            reply,
        }]
    };
    if name.ends_with(".chunks.txt") {
        let events = text.lines().filter(|line| !line.is_empty());
        let events: Vec<_> = events.map(|line| format!("data: {line}\n\n")).collect();
        return alone(reply(200, STREAM, events.concat()));
    }
    if Path::new(name).extension().is_some_and(|end| end == "sse") {
        return alone(reply(200, STREAM, text));
    }
    if Path::new(name)
        .extension()
        .is_some_and(|end| end == "yml" || end == "yaml")
    {
        // What YAML writes with two marks, Ruby writes with one.
        let text = text.replace(" !binary ", " !!binary ");
        return cassette(&serde_saphyr::from_str(&text).expect(name));
    }
    let document: Value = serde_json::from_str(&text).unwrap();
    if document.get("response").is_some() && document.get("request").is_some() {
        return vec![recorded(&document)];
    }
    let status = if document.get("error").is_some() {
        400
    } else {
        200
    };
    let code = document["error"]["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    alone(reply(code.unwrap_or(status), JSON, text))
}

/// A recording with decoded objects, or with the body as text.
fn recorded(document: &Value) -> Recording {
    let request = &document["request"];
    let answer = &document["response"];
    let path = request["path"].as_str().unwrap_or_default();
    let local = format!("http://127.0.0.1:8080{path}");
    let url = request["url"].as_str().map_or(local, str::to_owned);
    let reply = if let Some(body) = answer["body"].as_str() {
        let header = answer["headers"].as_array().into_iter().flatten();
        let mut kind = header.filter(|pair| pair[0] == "Content-Type");
        let kind = kind.find_map(|pair| pair[1].as_str()).unwrap_or(JSON);
        reply(status_of(&answer["status"]), kind, body)
    } else if answer["is_exception"] == true {
        let error = &answer["exception_data"];
        let body = serde_json::json!({"error": error["body"]});
        reply(status_of(&error["status_code"]), JSON, body.to_string())
    } else if let Some(chunks) = answer["body"].as_array() {
        let events = chunks
            .iter()
            .map(|chunk| format!("data: {}\n\n", chunk["__data__"]));
        reply(200, STREAM, events.collect::<String>() + "data: [DONE]\n\n")
    } else {
        reply(200, JSON, answer["body"]["__data__"].to_string())
    };
    Recording {
        url: Some(url),
        request: request["body"].to_string().into_bytes(),
        reply,
    }
}

fn status_of(value: &Value) -> u16 {
    value
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .unwrap_or(200)
}

fn cassette(document: &Value) -> Vec<Recording> {
    let list = document
        .get("http_interactions")
        .unwrap_or(&document["interactions"]);
    list.as_array().unwrap().iter().map(interaction).collect()
}

fn interaction(interaction: &Value) -> Recording {
    let (request, answer) = (&interaction["request"], &interaction["response"]);
    let body_of = |side: &Value| match side.get("parsed_body") {
        Some(parsed) => parsed.to_string(),
        None => side["body"]["string"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    let body = body_of(answer);
    let headers = answer["headers"].as_object().unwrap();
    let kind = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = kind
        .and_then(|(_, values)| values[0].as_str())
        .unwrap_or(JSON);
    Recording {
        url: request["uri"].as_str().map(str::to_owned),
        request: body_of(request).into_bytes(),
        reply: reply(status_of(&answer["status"]["code"]), kind, body),
    }
}

/// The reader for `provider` at `url`.
fn reader_for(provider: &str, url: Option<&str>) -> Reader {
    let named = url.filter(|url| url.starts_with("http"));
    let base = named.map_or(String::new(), |url| {
        format!("base_url = \"{}\"\n", url.replace("/v1/v1/", "/v1/"))
    });
    let text = format!("[models.m]\nprovider = \"{provider}\"\nmodel = \"m\"\n{base}");
    let file = ModelsFile::parse(&text, Path::new("models.toml")).expect(&text);
    reader(&resolve("m", &file, &Overrides::default()).expect(provider))
}

/// What is read, in one line.
fn summary(provider: &str, exchange: &Recording) -> String {
    let reader = reader_for(provider, exchange.url.as_deref());
    match reader.read(&exchange.request, &exchange.reply) {
        Ok(completion) => shown(&completion),
        Err(error) => refused(&error),
    }
}

/// The kind of an error and how its message begins.
fn refused(error: &CallError) -> String {
    let what = error.message.split_once(": ").map_or("", |(_, what)| what);
    let what: String = what.chars().take(48).collect();
    format!("{:?}: {what}", error.kind)
}

fn shown(completion: &Completion) -> String {
    let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let usage = completion.usage;
    let counts = [
        usage.prompt,
        usage.completion,
        usage.reasoning,
        usage.cached,
        usage.cache_write,
    ];
    let mut parts = vec![format!(
        "{} {} usage {}",
        excerpt(&completion.text),
        completion.finish.as_str(),
        counts.map(count).join("/")
    )];
    parts.extend(usage.inconsistent.then(|| "inconsistent".to_owned()));
    parts.extend(usage.estimated.then(|| "estimated".to_owned()));
    let reasoning = completion.reasoning.as_ref();
    parts.extend(reasoning.map(|reasoning| format!("reasoning {}", excerpt(reasoning))));
    let calls = completion.tool_calls.iter();
    parts.extend(calls.map(|call| format!("call {}({})", call.name, call.arguments)));
    if !completion.embedding.is_empty() {
        parts.push(format!("embedding {:?}", completion.embedding));
    }
    if let Some(first) = completion.tokens.first() {
        let count = completion.tokens.len();
        parts.push(format!("tokens {count} top {}", first.top.len()));
    }
    parts.join(" ")
}

/// Length in characters and both ends.
fn excerpt(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let ends: String = if characters.len() <= 16 {
        text.to_owned()
    } else {
        let (head, tail) = (&characters[..8], &characters[characters.len() - 8..]);
        head.iter().chain(&['…']).chain(tail).collect()
    };
    format!("{}{ends:?}", characters.len())
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn check(directory: &str, table: &[table::Line]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(directory);
    if !root.is_dir() {
        eprintln!("the recordings {directory} are not here; nothing was compared");
        return;
    }
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let relative = |path: &PathBuf| {
        path.strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let there: BTreeSet<String> = paths.iter().map(relative).collect();
    let listed: BTreeSet<String> = table.iter().map(|(file, ..)| (*file).to_owned()).collect();
    assert_eq!(listed.len(), table.len(), "a file stands twice");
    assert_eq!(there, listed, "every recording has one line");
    compare(&root, table);
}

/// Compares what the files of `table` are read as with what stands there.
fn compare(root: &Path, table: &[table::Line]) {
    let mut wrong = Vec::new();
    for (file, provider, expect) in table {
        let exchanges = exchanges(&root.join(file));
        let found: Vec<_> = exchanges
            .iter()
            .map(|exchange| summary(provider, exchange))
            .collect();
        if found != *expect {
            wrong.push(format!("(\"{file}\", \"{provider}\", &{found:?}),"));
        }
    }
    assert!(wrong.is_empty(), "read otherwise:\n{}", wrong.join("\n"));
}

#[test]
fn recordings_of_many_servers() {
    check("wire", &table::WIRE);
}

#[test]
fn recordings_of_llama_cpp() {
    check("wire_llamacpp", &table::LLAMACPP);
}

#[test]
fn recordings_that_are_part_of_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded");
    let there = |line: &&table::Line| root.join(line.0).is_file();
    let lines: Vec<_> = table::LLAMACPP.iter().filter(there).copied().collect();
    let files = fs_err::read_dir(&root).unwrap().count();
    assert_eq!((files, lines.len()), (15, 15), "every file is in the table");
    compare(&root, &lines);
}
