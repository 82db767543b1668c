//! `OpenAI` Batch: `{"custom_id", "method", "url", "body"}` went in, `{"custom_id", "response": {"body"}}` came out.
//!
//! The lines of both are told apart by what they hold, and joined by `custom_id` later: they come in any order. A line
//! that came out with an error is an answer without a text.

use serde_json::{Map, Value};

use crate::chats::chat::{Chat, Found, Reply, Skip};
use crate::chats::conversation::{NO_MESSAGES, answer};
use crate::chats::request;
use crate::chats::values::{day, object, text};

/// Why a line is left out.
const NEITHER: Skip = "lines of a batch that are neither a request nor a response";

pub(super) fn is_one(record: &Map<String, Value>) -> bool {
    let has = |key| record.contains_key(key);
    has("custom_id") && (has("body") || has("response") || has("error"))
}

pub(super) fn read(record: &Map<String, Value>) -> Result<Found, Skip> {
    let custom_id = text(record, &["custom_id"]).ok_or(NEITHER)?;
    if let Some(body) = record.get("body") {
        let body = object(body).ok_or(NO_MESSAGES)?;
        let chat = Chat {
            custom_id: Some(custom_id),
            ..request::chat(&body, None)?
        };
        return Ok(Found::Chat(Box::new(chat)));
    }
    let reply = Reply {
        custom_id,
        ..Reply::default()
    };
    let response = record.get("response").and_then(Value::as_object);
    let body = response.and_then(|response| object(response.get("body")?));
    Ok(Found::Reply(match body {
        None => reply,
        Some(body) => Reply {
            model: text(&body, &["model"]),
            created: day(&body, &["created", "created_at"]),
            answer: answer(&Value::Object(body)),
            ..reply
        },
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn both_sides_of_a_batch_are_read() {
        let line = json!({"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body":
            {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "q"}],
             "tools": [{"type": "function", "function": {"name": "look_up"}}]}});
        assert!(is_one(&map(&line)));
        let Ok(Found::Chat(chat)) = read(&map(&line)) else {
            panic!("no chat");
        };
        assert_eq!(chat.custom_id.as_deref(), Some("r1"));
        assert_eq!(chat.model.as_deref(), Some("m"));
        assert_eq!(chat.besides, ["tool `look_up`", "temperature"]);
        let line = json!({"id": "b", "custom_id": "r1", "error": null, "response": {"status_code": 200, "body":
            {"model": "m-1", "created": 1_700_000_000, "choices": [{"message": {"role": "assistant", "content": "a"}}]}}});
        let expected = Reply {
            custom_id: "r1".to_owned(),
            answer: Some("a".to_owned()),
            model: Some("m-1".to_owned()),
            created: Some("2023-11-14".to_owned()),
        };
        assert_eq!(read(&map(&line)), Ok(Found::Reply(expected)));
    }

    #[test]
    fn wrong_types_are_no_chats() {
        for (line, expected) in [
            (json!({"custom_id": "a", "body": 7}), Err(NO_MESSAGES)),
            (json!({"custom_id": [], "body": {}}), Err(NEITHER)),
            (
                json!({"custom_id": "a", "body": {"input": 7}}),
                Err(NO_MESSAGES),
            ),
        ] {
            assert_eq!(read(&map(&line)), expected, "{line}");
        }
        let failed = json!({"custom_id": 5, "response": null, "error": {"code": "x"}});
        let Ok(Found::Reply(reply)) = read(&map(&failed)) else {
            panic!("no reply");
        };
        assert_eq!((reply.custom_id.as_str(), reply.answer), ("5", None));
    }
}
