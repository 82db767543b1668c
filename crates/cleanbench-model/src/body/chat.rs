//! Chat completions, completions and embeddings.

use cleanbench_core::{Form, Image, Message, Request, ResponseFormat, ToolChoice};
use serde_json::json;

use super::json::{Json, Object};
use super::sampling::Parameters;
use super::shared;
use crate::Endpoint;
use crate::provider::{Prefill, Profile, Protocol};

pub(super) fn body<'a>(
    endpoint: &'a Endpoint,
    request: &'a Request,
    parameters: &Parameters<'a>,
) -> Object<'a> {
    let mut body = Object::default().with("model", endpoint.model.as_str());
    match request.form {
        Form::Embedding => {
            body.put("input", shared::joined(&request.messages));
            body.put("encoding_format", "float");
            return body;
        }
        Form::Completion => body.put("prompt", shared::joined(&request.messages)),
        Form::Chat | Form::Prefill => body.put("messages", messages(&endpoint.profile, request)),
    }
    body.extend(parameters.fields(Protocol::OpenAi));
    put_logprobs(&mut body, &endpoint.profile, request);
    put_tools(&mut body, request);
    put_format(&mut body, request);
    if endpoint.stream {
        body.put("stream", true);
        let options = endpoint.profile.stream_options;
        body.put_some(
            "stream_options",
            options.then(|| json!({"include_usage": true})),
        );
    }
    let continued = endpoint.profile.prefill == Prefill::ContinueFinalMessage;
    if request.form == Form::Prefill && continued {
        body.put("continue_final_message", true);
        body.put("add_generation_prompt", false);
    }
    body
}

fn messages<'a>(profile: &Profile, request: &'a Request) -> Vec<Json<'a>> {
    let mut messages: Vec<_> = request.messages.iter().map(message).collect();
    if let (Form::Prefill, Some(last)) = (request.form, messages.last_mut()) {
        match profile.prefill {
            Prefill::Prefix => last.put("prefix", true),
            Prefill::Partial => last.put("partial", true),
            Prefill::Implied | Prefill::ContinueFinalMessage | Prefill::Unsupported => {}
        }
    }
    messages.into_iter().map(Json::from).collect()
}

fn message(message: &Message) -> Object<'_> {
    Object::default()
        .with("role", shared::role(message.role))
        .with("content", shared::content(message, "text", picture))
}

fn picture(image: &Image) -> Object<'_> {
    let url = Object::default().with("url", shared::data_url(image));
    Object::default()
        .with("type", "image_url")
        .with("image_url", url)
}

fn put_logprobs(body: &mut Object<'_>, profile: &Profile, request: &Request) {
    let Some(top) = request.constraints.logprobs else {
        return;
    };
    let top = top.max(profile.least_top_logprobs);
    if request.form == Form::Completion {
        body.put("logprobs", top);
    } else {
        body.put("logprobs", true);
        body.put("top_logprobs", top);
    }
}

fn put_tools<'a>(body: &mut Object<'a>, request: &'a Request) {
    body.put_some("tools", shared::chat_tools(&request.constraints.tools));
    body.put_some(
        "tool_choice",
        request.constraints.tool_choice.as_ref().map(choice),
    );
}

fn choice(choice: &ToolChoice) -> Json<'_> {
    match (shared::choice_word(choice), choice) {
        (None, ToolChoice::Tool(name)) => {
            let function = Object::default().with("name", name.as_str());
            let object = Object::default().with("type", "function");
            object.with("function", function).into()
        }
        (word, _) => word.unwrap_or("auto").into(),
    }
}

fn put_format<'a>(body: &mut Object<'a>, request: &'a Request) {
    let format = request.constraints.response_format.as_ref();
    body.put_some("response_format", format.map(response_format));
}

fn response_format(format: &ResponseFormat) -> Object<'_> {
    match format {
        ResponseFormat::JsonObject => Object::default().with("type", "json_object"),
        ResponseFormat::JsonSchema {
            name,
            schema,
            strict,
        } => {
            let inner = Object::default()
                .with("name", name.as_str())
                .with("schema", schema)
                .with("strict", *strict);
            let object = Object::default().with("type", "json_schema");
            object.with("json_schema", inner)
        }
    }
}
