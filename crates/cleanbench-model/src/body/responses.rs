//! `OpenAI`'s responses.

use cleanbench_core::{Image, Message, Request, ResponseFormat, ToolChoice};

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
    if let Some(what) = parameters.unsupported(Protocol::Responses).pop() {
        return Err(what);
    }
    let wanted = &request.constraints;
    let input: Vec<Json<'_>> = request.messages.iter().map(message).collect();
    let mut body = Object::default().with("model", endpoint.model.as_str());
    body.put("input", input);
    body.extend(parameters.fields(Protocol::Responses));
    if let Some(top) = wanted.logprobs {
        body.put("include", vec![Json::from("message.output_text.logprobs")]);
        body.put("top_logprobs", top);
    }
    let tools = wanted.tools.iter().map(|tool| {
        let object = Object::default().with("type", "function");
        Json::from(shared::function(object, tool, "parameters"))
    });
    if !wanted.tools.is_empty() {
        body.put("tools", Json::List(tools.collect()));
    }
    body.put_some("tool_choice", wanted.tool_choice.as_ref().map(choice));
    body.put_some("text", wanted.response_format.as_ref().map(text_format));
    body.put_some("stream", endpoint.stream.then_some(true));
    Ok(body)
}

fn message(message: &Message) -> Json<'_> {
    let object = Object::default().with("role", shared::role(message.role));
    let content = shared::content(message, "input_text", picture);
    object.with("content", content).into()
}

fn picture(image: &Image) -> Object<'_> {
    let object = Object::default().with("type", "input_image");
    object.with("image_url", shared::data_url(image))
}

fn choice(choice: &ToolChoice) -> Json<'_> {
    match (shared::choice_word(choice), choice) {
        (None, ToolChoice::Tool(name)) => {
            let object = Object::default().with("type", "function");
            object.with("name", name.as_str()).into()
        }
        (word, _) => word.unwrap_or("auto").into(),
    }
}

fn text_format(format: &ResponseFormat) -> Object<'_> {
    let format = match format {
        ResponseFormat::JsonObject => Object::default().with("type", "json_object"),
        ResponseFormat::JsonSchema {
            name,
            schema,
            strict,
        } => Object::default()
            .with("type", "json_schema")
            .with("name", name.as_str())
            .with("schema", schema)
            .with("strict", *strict),
    };
    Object::default().with("format", format)
}
