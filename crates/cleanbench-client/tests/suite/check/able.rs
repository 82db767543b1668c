//! A chat server that does all that can be asked of it, and, told so, ignores a field.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it answers where nothing else is asked.
const TEXT: &str = "The old tower shines over the bay while every ship sails home";

/// Serves on a free port as if `ignored` were not in any request.
pub(crate) async fn serve(ignored: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, ignored));
        }
    });
    port
}

async fn answer(mut stream: TcpStream, ignored: &'static str) {
    let mut received = Vec::new();
    let mut buffer = [0; 16_384];
    let (path, mut body) = loop {
        let count = stream.read(&mut buffer).await.unwrap();
        received.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(count > 0, "the request broke off");
            continue;
        };
        let path = head.split(' ').nth(1).unwrap().to_owned();
        if head.starts_with("GET") {
            break (path, Value::Null);
        }
        if let Ok(body) = serde_json::from_str::<Value>(body) {
            break (path, body);
        }
    };
    if let Some(body) = body.as_object_mut() {
        body.remove(ignored);
    }
    let (status, reply) = reply(&path, &body, ignored);
    let kind = if reply.starts_with("data:") {
        "text/event-stream"
    } else {
        "application/json"
    };
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        reply.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(reply.as_bytes()).await.unwrap();
}

fn reply(path: &str, body: &Value, ignored: &str) -> (u16, String) {
    match path {
        "/v1/models" => (200, json!({"data": [{"id": "m"}]}).to_string()),
        "/v1/chat/completions" => (200, chat(body, ignored)),
        _ => (
            404,
            json!({"error": {"message": "no such path"}}).to_string(),
        ),
    }
}

fn chat(body: &Value, ignored: &str) -> String {
    let said = text(body, ignored);
    let words: Vec<_> = said.split(' ').collect();
    let most = body["max_tokens"]
        .as_u64()
        .map_or(99, |most| usize::try_from(most).unwrap());
    let finish = if words.len() > most { "length" } else { "stop" };
    let words = &words[..words.len().min(most)];
    let spent = json!({"prompt_tokens": 9, "completion_tokens": words.len(),
        "total_tokens": 9 + words.len()});
    let usage = if ignored == "usage" {
        Value::Null
    } else {
        spent
    };
    let said = words.join(" ");
    if body["stream"] == true {
        return stream(words, &usage);
    }
    let mut message = json!({"role": "assistant", "content": said});
    if body["tool_choice"] == "required" {
        let call = json!({"name": "look_up_temperature", "arguments": "{\"city\":\"Oslo\"}"});
        message["content"] = Value::Null;
        message["tool_calls"] = json!([{"id": "1", "type": "function", "function": call}]);
    }
    let mut logprobs = Value::Null;
    if body["logprobs"] == true {
        let beside = json!([{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -2.0}]);
        let entry = |word: &&str| json!({"token": word, "logprob": -0.5, "top_logprobs": beside});
        logprobs = json!({"content": words.iter().map(entry).collect::<Value>()});
    }
    json!({
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs}],
        "usage": usage,
    })
    .to_string()
}

fn stream(words: &[&str], usage: &Value) -> String {
    let events = words.iter().map(|word| {
        let delta = json!({"content": format!("{word} ")});
        let event = json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
        format!("data: {event}\n\n")
    });
    let last =
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage});
    events.collect::<Vec<_>>().concat() + &format!("data: {last}\n\ndata: [DONE]\n\n")
}

fn text(body: &Value, ignored: &str) -> String {
    let messages = body["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    if body["response_format"]["type"] == "json_schema" {
        return "{\"kind\":\"spoon\",\"millilitres\":5}".to_owned();
    }
    if last["role"] == "assistant" && ignored != "prefill" {
        return "en, six, five".to_owned();
    }
    if last["content"].as_str().unwrap().starts_with("Count from") {
        return (1..=200).map(|number| format!("{number} ")).collect();
    }
    let mut said = TEXT.to_owned();
    if body["temperature"] == 1.0 {
        said = format!("{} {said}", body["seed"]);
    }
    match body["stop"][0].as_str().and_then(|stop| said.find(stop)) {
        Some(place) => said[..place].to_owned(),
        None => said,
    }
}
