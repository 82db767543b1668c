//! llama.cpp's own `/completion`: raw text in, raw text out.

use cleanbench_core::{Request, ResponseFormat};
use serde_json::json;

use super::json::{Json, Object};
use super::sampling::Parameters;
use super::shared;
use crate::Endpoint;
use crate::provider::Protocol;

pub(super) fn body<'a>(
    endpoint: &'a Endpoint,
    request: &'a Request,
    parameters: &Parameters<'a>,
) -> Object<'a> {
    let wanted = &request.constraints;
    let mut body = Object::default().with("model", endpoint.model.as_str());
    body.put("prompt", shared::joined(&request.messages));
    body.extend(parameters.fields(Protocol::LlamaCpp));
    body.put_some("n_probs", wanted.logprobs.map(|top| top.max(1)));
    body.put_some("json_schema", wanted.response_format.as_ref().map(schema));
    body.put_some("stream", endpoint.stream.then_some(true));
    body
}

fn schema(format: &ResponseFormat) -> Json<'_> {
    match format {
        ResponseFormat::JsonObject => json!({"type": "object"}).into(),
        ResponseFormat::JsonSchema { schema, .. } => schema.into(),
    }
}
