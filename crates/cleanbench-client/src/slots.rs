//! How many calls a server answers at once, where it says so.
//!
//! llama.cpp does (`/props`, and `/slots` where that is switched on): what comes beyond its slots waits in its queue
//! and only makes times longer. A server that says nothing is none of them.

use std::time::Duration;

use serde_json::Value;

use crate::http::HttpModel;

/// Longest time for either question.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server with more slots than this says something else.
const MOST: u64 = 4096;

/// The slots of the server behind `model`; `None` where it does not say.
pub async fn slots(model: &HttpModel) -> Option<u32> {
    for path in ["/props", "/slots"] {
        let asked = tokio::time::timeout(PATIENCE, model.look_up(path)).await;
        let reply = asked.ok()?.reply?;
        let body = serde_json::from_slice(&reply.body).unwrap_or_default();
        if let Some(slots) = read(&body).filter(|_| reply.status == 200) {
            return Some(slots);
        }
    }
    None
}

/// The number of slots in what `/props` or `/slots` says.
fn read(body: &Value) -> Option<u32> {
    let listed = || body.as_array().map(|slots| slots.len() as u64);
    let slots = body["total_slots"].as_u64().or_else(listed)?;
    let slots = u32::try_from(slots).ok()?;
    (1..=MOST).contains(&slots.into()).then_some(slots)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slots_are_read_where_they_stand() {
        for (body, expected) in [
            (json!({"total_slots": 4, "model_path": "m.gguf"}), Some(4)),
            (json!([{"id": 0}, {"id": 1}]), Some(2)),
            (json!([]), None),
            (json!({"total_slots": 0}), None),
            (json!({"total_slots": 100_000}), None),
            (json!({"error": "not found"}), None),
            (Value::Null, None),
        ] {
            assert_eq!(read(&body), expected, "{body}");
        }
    }
}
