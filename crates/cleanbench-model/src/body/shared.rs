//! Parts of requests that several languages share.

use cleanbench_core::{Form, Image, Message, Request, ResponseFormat, Role, Tool, ToolChoice};

use super::Unsupported;
use super::json::{Json, Object};
use crate::Endpoint;
use crate::provider::Protocol;

/// Refuses what neither the language nor the provider of `endpoint` can express.
pub(super) fn check_constraints(endpoint: &Endpoint, request: &Request) -> Result<(), Unsupported> {
    let wanted = &request.constraints;
    let protocol = endpoint.profile.protocol;
    let chat = matches!(request.form, Form::Chat | Form::Prefill);
    if !chat && (!wanted.tools.is_empty() || wanted.tool_choice.is_some()) {
        return Err("tools need a chat; set `form = \"chat\"` in the models file".to_owned());
    }
    let pictured = request
        .messages
        .iter()
        .any(|message| !message.images.is_empty());
    if !chat && pictured {
        return Err("pictures need a chat; set `form = \"chat\"` in the models file".to_owned());
    }
    if wanted.tools.is_empty() && wanted.tool_choice.is_some() {
        return Err("a tool is to be chosen, but there are no `tools`".to_owned());
    }
    if wanted.logprobs.is_some() && protocol == Protocol::Anthropic {
        return Err("it reports no log probabilities; leave `logprobs` out".to_owned());
    }
    check_format(endpoint, request)
}

fn check_format(endpoint: &Endpoint, request: &Request) -> Result<(), Unsupported> {
    let Some(format) = &request.constraints.response_format else {
        return Ok(());
    };
    let word = match format {
        ResponseFormat::JsonObject => "json_object",
        ResponseFormat::JsonSchema { .. } => "json_schema",
    };
    let profile = &endpoint.profile;
    let raw = request.form == Form::Completion && profile.protocol == Protocol::OpenAi;
    if raw || !profile.json_formats.iter().any(|known| known == word) {
        return Err(format!(
            "provider `{}` cannot be held to `{word}` in this form; leave `response_format` out, or ask in words",
            profile.name
        ));
    }
    Ok(())
}

/// All texts of a conversation as one.
pub(super) fn joined(messages: &[Message]) -> String {
    let contents: Vec<_> = messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    contents.join("\n\n")
}

/// The word for a speaker.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// A picture as a `data:` URL.
pub(super) fn data_url(image: &Image) -> String {
    format!("data:{};base64,{}", image.media_type, image.data)
}

/// A message's content: its text, or parts if it has pictures.
pub(super) fn content<'a>(
    message: &'a Message,
    text_type: &'static str,
    picture: fn(&'a Image) -> Object<'a>,
) -> Json<'a> {
    if message.images.is_empty() {
        return message.content.as_str().into();
    }
    let text = Object::default()
        .with("type", text_type)
        .with("text", message.content.as_str());
    let pictures = message.images.iter().map(picture);
    let parts: Vec<Json<'_>> = std::iter::once(text)
        .filter(|_| !message.content.is_empty())
        .chain(pictures)
        .map(Json::from)
        .collect();
    parts.into()
}

/// Name, description and parameters of a tool; `schema` is the parameters' name.
pub(super) fn function<'a>(mut object: Object<'a>, tool: &'a Tool, schema: &'a str) -> Object<'a> {
    object.put("name", tool.name.as_str());
    object.put_some("description", tool.description.as_deref());
    object.put(schema, &tool.parameters);
    object
}

/// The tools in the shape of chat completions.
pub(super) fn chat_tools(tools: &[Tool]) -> Option<Json<'_>> {
    let wrapped = tools.iter().map(|tool| {
        let function = function(Object::default(), tool, "parameters");
        let object = Object::default().with("type", "function");
        Json::from(object.with("function", function))
    });
    (!tools.is_empty()).then(|| Json::List(wrapped.collect()))
}

/// Whether a tool must be chosen, in one word; `None` for a certain one.
pub(super) fn choice_word(choice: &ToolChoice) -> Option<&'static str> {
    match choice {
        ToolChoice::Auto => Some("auto"),
        ToolChoice::None => Some("none"),
        ToolChoice::Required => Some("required"),
        ToolChoice::Tool(_) => None,
    }
}
