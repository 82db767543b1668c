//! Anthropic's messages.

use cleanbench_core::{Image, Message, Request, ResponseFormat, Role, ToolChoice};

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
    let system = request
        .messages
        .iter()
        .take_while(|message| message.role == Role::System)
        .count();
    let (instructions, conversation) = request.messages.split_at(system);
    if conversation.is_empty() {
        return Err("it needs a message of the user beside `system`".to_owned());
    }
    if conversation
        .iter()
        .any(|message| message.role == Role::System)
    {
        return Err("it takes `system` messages at the beginning only".to_owned());
    }
    let mut body = Object::default().with("model", endpoint.model.as_str());
    if !instructions.is_empty() {
        body.put("system", shared::joined(instructions));
    }
    let conversation: Vec<_> = conversation.iter().map(message).collect();
    body.put("messages", conversation);
    body.extend(parameters.fields(Protocol::Anthropic));
    let tools = wanted
        .tools
        .iter()
        .map(|tool| Json::from(shared::function(Object::default(), tool, "input_schema")));
    if !wanted.tools.is_empty() {
        body.put("tools", Json::List(tools.collect()));
    }
    body.put_some("tool_choice", wanted.tool_choice.as_ref().map(choice));
    if let Some(ResponseFormat::JsonSchema { schema, .. }) = &wanted.response_format {
        let format = Object::default().with("type", "json_schema");
        let format = format.with("schema", schema);
        body.put("output_config", Object::default().with("format", format));
    }
    body.put_some("stream", endpoint.stream.then_some(true));
    Ok(body)
}

fn message(message: &Message) -> Json<'_> {
    let object = Object::default().with("role", shared::role(message.role));
    let content = shared::content(message, "text", picture);
    object.with("content", content).into()
}

fn picture(image: &Image) -> Object<'_> {
    let source = Object::default()
        .with("type", "base64")
        .with("media_type", image.media_type.as_str())
        .with("data", image.data.as_str());
    Object::default()
        .with("type", "image")
        .with("source", source)
}

fn choice(choice: &ToolChoice) -> Object<'_> {
    let object = Object::default();
    match choice {
        ToolChoice::Auto => object.with("type", "auto"),
        ToolChoice::None => object.with("type", "none"),
        ToolChoice::Required => object.with("type", "any"),
        ToolChoice::Tool(name) => object.with("type", "tool").with("name", name.as_str()),
    }
}
