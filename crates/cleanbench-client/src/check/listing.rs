//! Is the model in the endpoint's list of models?

use cleanbench_model::{Endpoint, Protocol};
use cleanbench_text::closest;
use serde_json::Value;

use super::Checks;
use super::judge::{Assessment, shown};

/// Looks the model up in the list, where the protocol has one.
pub(super) async fn check(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    if checks.asker.is_in_process() {
        return Assessment::yes("it is one of the models that cleanbench brings with it");
    }
    let path = path_of(endpoint);
    let reply = match checks.asker.look_up(&path).await {
        Ok(reply) => reply,
        Err(error) => return Assessment::unclear(error.message).for_now(),
    };
    if reply.status != 200 {
        return Assessment::unclear(format!(
            "no list of models at {path}: HTTP {}",
            reply.status
        ));
    }
    let list: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    judge(&list, &endpoint.model, &path)
}

/// The path of the list on the endpoint's host.
fn path_of(endpoint: &Endpoint) -> String {
    let protocol = endpoint.profile.protocol;
    let path = endpoint.url.path().trim_end_matches('/');
    let end = protocol.path(endpoint.form).unwrap_or_default();
    let base = path.strip_suffix(end).unwrap_or(path);
    let list = match protocol {
        Protocol::OpenAi | Protocol::Responses | Protocol::Anthropic | Protocol::Imported => {
            "/models"
        }
        Protocol::Ollama => "/api/tags",
        Protocol::LlamaCpp => "/v1/models",
    };
    format!("{base}{list}")
}

fn judge(list: &Value, model: &str, path: &str) -> Assessment {
    let items = ["data", "models"]
        .iter()
        .find_map(|key| list[*key].as_array());
    let Some(items) = items.or_else(|| list.as_array()) else {
        return Assessment::unclear(format!("what stands at {path} is no list of models"));
    };
    let name = |item: &Value| {
        let name = ["id", "name", "model"]
            .iter()
            .find_map(|key| item[*key].as_str());
        name.map(str::to_owned)
    };
    let names: Vec<_> = items.iter().filter_map(name).collect();
    if names.iter().any(|name| is_same(name, model)) {
        return Assessment::yes(format!("one of {} listed at {path}", names.len()));
    }
    let near = closest(model, names.iter().map(String::as_str));
    let near = near.or(names.first().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("; there is {}", shown(near)));
    let what = format!("not among the {} listed at {path}{near}", names.len());
    if list["has_more"] == true {
        return Assessment::unclear(format!("{what}, and the list goes on"));
    }
    Assessment::no(what)
}

/// Whether a listed name means `model`: some lists put an owner before it or a tag after it.
fn is_same(listed: &str, model: &str) -> bool {
    listed == model
        || listed
            .strip_suffix(model)
            .is_some_and(|before| before.ends_with('/'))
        || listed.strip_suffix(":latest") == Some(model)
}

#[cfg(test)]
mod tests {
    use cleanbench_model::capability::Support;
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_several_makers_are_read() {
        let check = |list: Value, verdict| {
            assert_eq!(judge(&list, "m", "/v1/models").verdict, verdict, "{list}");
        };
        check(json!({"data": [{"id": "k"}, {"id": "m"}]}), Support::Yes);
        check(json!({"data": [{"id": "models/m"}]}), Support::Yes);
        check(json!({"models": [{"name": "m:latest"}]}), Support::Yes);
        check(json!([{"id": "m"}]), Support::Yes);
        check(json!({"data": [{"id": "xm"}]}), Support::No);
        check(json!({"data": []}), Support::No);
        check(
            json!({"data": [{"id": "k"}], "has_more": true}),
            Support::Unclear,
        );
        check(json!({"status": "ok"}), Support::Unclear);
        check(Value::Null, Support::Unclear);
    }
}
