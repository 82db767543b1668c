//! Chats and exchanges: `{"messages": […]}`, alone or with a `response`, and `{"request": …, "response": …}` as
//! proxies write them (`LiteLLM`'s standard payload, Helicone, Portkey).
//!
//! What was sent may stand in the record itself or in a part of it, as an object or as a text of one; so may what came
//! back. Where nothing came back, the model's last turn among the messages is its answer.

use serde_json::{Map, Value};

use crate::chats::chat::{Found, Skip};
use crate::chats::conversation::{NO_MESSAGES, answer};
use crate::chats::request;
use crate::chats::values::{first, object};

const REQUEST: [&str; 6] = [
    "request",
    "request_body",
    "requestBody",
    "request_payload",
    "requestPayload",
    "providerRequest",
];
const RESPONSE: [&str; 8] = [
    "response",
    "response_body",
    "responseBody",
    "response_payload",
    "responsePayload",
    "providerResponse",
    "completion",
    "output",
];
/// What stands between a request or response and its body, in some logs.
const BODY: [&str; 4] = ["body", "json", "requestBody", "responseBody"];

pub(super) fn is_one(record: &Map<String, Value>) -> bool {
    let has = |key: &&str| record.contains_key(*key);
    has(&"messages") || REQUEST.iter().any(&has) && RESPONSE.iter().any(has)
}

pub(super) fn read(record: &Map<String, Value>) -> Result<Found, Skip> {
    let response = first(record, &RESPONSE).map(body_of);
    let said = response.as_ref().and_then(answer);
    let sent = first(record, &REQUEST).map(body_of);
    let mut chat = match &sent {
        None => request::chat(record, said)?,
        Some(sent) => request::chat(&object(sent).ok_or(NO_MESSAGES)?, said)?,
    };
    request::about(&mut chat, record);
    if let Some(Value::Object(response)) = &response {
        request::about(&mut chat, response);
    }
    Ok(Found::Chat(Box::new(chat)))
}

/// The body within `value`, where it has one; itself where not.
fn body_of(value: &Value) -> Value {
    let Some(map) = object(value) else {
        return value.clone();
    };
    match first(&map, &BODY) {
        Some(body) => object(body).map_or_else(|| body.clone(), Value::Object),
        None => Value::Object(map),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chats::chat::Chat;

    fn chat(value: &Value) -> Result<Chat, Skip> {
        let record = value.as_object().unwrap();
        assert!(is_one(record), "{value}");
        match read(record)? {
            Found::Chat(chat) => Ok(*chat),
            Found::Reply(_) => Err("a reply"),
        }
    }

    const STREAM: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    #[test]
    fn every_way_to_write_an_exchange_is_read() {
        let sent =
            json!({"model": "m", "messages": [{"role": "user", "content": "q"}], "user": "u"});
        let back = json!({"created": 1_700_000_000, "choices": [{"message": {"role": "assistant", "content": "a"}}]});
        for record in [
            json!({"request": sent, "response": back}),
            json!({"request": {"url": "x", "body": sent}, "response": {"status": 200, "body": back}}),
            json!({"request_body": sent.to_string(), "response_body": back.to_string()}),
            json!({"requestBody": sent, "responseBody": back}),
            json!({"requestBody": {"body": sent.to_string()}, "responseBody": {"body": back}}),
            json!({"request": {"requestBody": sent}, "response": {"status": 200, "body": STREAM}, "timestamp": 1_700_000_000}),
            json!({"providerRequest": {"json": sent}, "providerResponse": {"status": 200, "json": back}}),
            json!({"model": "m", "messages": sent["messages"], "response": back, "end_user": "u"}),
            json!({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
                "model": "m", "timestamp": "2023-11-14 08:00", "metadata": {"user_id": "u"}}),
        ] {
            let chat = chat(&record).unwrap();
            assert_eq!(chat.messages.len(), 1, "{record}");
            assert_eq!(chat.answer.as_deref(), Some("a"), "{record}");
            assert_eq!(chat.model.as_deref(), Some("m"), "{record}");
            assert_eq!(chat.person.as_deref(), Some("u"), "{record}");
            assert_eq!(chat.created.as_deref(), Some("2023-11-14"), "{record}");
        }
    }

    #[test]
    fn other_protocols_and_wrong_types() {
        let record = json!({"request": {"system": "s", "messages": [{"role": "user", "content": "q"}]},
            "response": {"content": [{"type": "text", "text": "a"}], "role": "assistant"}});
        let found = chat(&record).unwrap();
        assert_eq!(
            (found.messages.len(), found.answer.as_deref()),
            (2, Some("a"))
        );
        let record = json!({"request": {"input": "q", "instructions": "s"}, "response": null});
        let found = chat(&record).unwrap();
        assert_eq!((found.messages.len(), found.answer), (2, None));
        for record in [
            json!({"request": 7, "response": 8}),
            json!({"request": {"input": ["a", "b"], "model": "embed"}, "response": {}}),
            json!({"messages": 7}),
            json!({"request": {"body": {}}, "response": []}),
        ] {
            assert!(chat(&record).is_err(), "{record}");
        }
    }
}
