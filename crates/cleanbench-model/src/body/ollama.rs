//! Ollama's own interface.

use cleanbench_core::{Form, Message, Request, ResponseFormat, ToolChoice};

use super::json::{Json, Object};
use super::sampling::Parameters;
use super::{Unsupported, shared};
use crate::Endpoint;
use crate::provider::Protocol;

pub(super) fn body<'a>(
    endpoint: &'a Endpoint,
    request: &'a Request,
    parameters: &Parameters<'a>,
) -> Result<Object<'a>, Unsupported> {
    let wanted = &request.constraints;
    if wanted
        .tool_choice
        .as_ref()
        .is_some_and(|choice| *choice != ToolChoice::Auto)
    {
        let what = "it cannot be told which tool to choose; leave `tool_choice` out";
        return Err(what.to_owned());
    }
    let mut body = Object::default().with("model", endpoint.model.as_str());
    match request.form {
        Form::Embedding => {
            body.put("input", shared::joined(&request.messages));
            return Ok(body);
        }
        Form::Completion => {
            body.put("prompt", shared::joined(&request.messages));
            // Without it the prompt would be put into the model's chat template.
            body.put("raw", true);
        }
        Form::Chat | Form::Prefill => {
            let messages: Vec<_> = request.messages.iter().map(message).collect();
            body.put("messages", messages);
        }
    }
    body.extend(parameters.fields(Protocol::Ollama));
    if let Some(top) = wanted.logprobs {
        body.put("logprobs", true);
        body.put("top_logprobs", top);
    }
    body.put_some("tools", shared::chat_tools(&wanted.tools));
    body.put_some("format", wanted.response_format.as_ref().map(format));
    // Unlike everywhere else, a stream is what comes if nothing is said.
    body.put("stream", endpoint.stream);
    Ok(body)
}

fn message(message: &Message) -> Json<'_> {
    let mut object = Object::default()
        .with("role", shared::role(message.role))
        .with("content", message.content.as_str());
    if !message.images.is_empty() {
        let images = message
            .images
            .iter()
            .map(|image| Json::from(image.data.as_str()));
        object.put("images", Json::List(images.collect()));
    }
    object.into()
}

fn format(format: &ResponseFormat) -> Json<'_> {
    match format {
        ResponseFormat::JsonObject => "json".into(),
        ResponseFormat::JsonSchema { schema, .. } => schema.into(),
    }
}
