//! Reading a request: only as much of its JSON as the answer needs.
//!
//! Invariant: text without escapes is borrowed from the body. What a real endpoint would refuse (no
//! JSON, no prompt, several prompts in one request) is refused with a sentence for the error body.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::said::count_words;

/// Which of the two endpoints is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Text,
}

/// What a request asks.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The endpoint.
    pub(crate) endpoint: Endpoint,
    /// The model asked for.
    pub(crate) model: Cow<'a, str>,
    /// The last user message (the last message where there is none), or the prompt.
    pub(crate) prompt: Cow<'a, str>,
    /// What the answer is to go on from: the prompt of a text completion, or the last message where it is the
    /// assistant's.
    pub(crate) beginning: Option<Cow<'a, str>>,
    /// Texts at which the answer ends.
    pub(crate) stop: Vec<String>,
    /// Most tokens of the answer.
    pub(crate) max_tokens: Option<u64>,
    /// Words of all messages, or of the prompt.
    pub(crate) words: u64,
    /// Whether the answer is to be streamed.
    pub(crate) stream: bool,
    /// Whether the stream is to end with the token counts.
    pub(crate) include_usage: bool,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow, default)]
    messages: Vec<WireMessage<'a>>,
    #[serde(borrow, default)]
    prompt: Option<&'a RawValue>,
    #[serde(default)]
    stop: Option<Stop>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct WireMessage<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

impl<'a> Question<'a> {
    /// Reads the body of a request to `endpoint`; the error is the sentence for the error body.
    pub(crate) fn read(endpoint: Endpoint, body: &'a [u8]) -> Result<Self, String> {
        let wire: Wire<'a> = serde_json::from_slice(body)
            .map_err(|error| format!("the body is not a request: {error}"))?;
        let (prompt, words) = match endpoint {
            Endpoint::Chat => last_user_message(&wire.messages)?,
            Endpoint::Text => single_prompt(wire.prompt)?,
        };
        let beginning = match endpoint {
            Endpoint::Chat => begun(&wire.messages)?,
            Endpoint::Text => Some(prompt.clone()),
        };
        Ok(Self {
            endpoint,
            model: wire.model,
            prompt,
            beginning,
            stop: wire.stop.map_or_else(Vec::new, Stop::texts),
            max_tokens: wire.max_tokens.or(wire.max_completion_tokens),
            words,
            stream: wire.stream.unwrap_or(false),
            include_usage: wire
                .stream_options
                .is_some_and(|options| options.include_usage),
        })
    }
}

impl<'a> Question<'a> {
    /// The question that a request to score `text` is, where a fault wants one.
    pub(crate) fn to_score(text: &'a str) -> Self {
        Self {
            endpoint: Endpoint::Text,
            model: Cow::Borrowed("scored"),
            prompt: Cow::Borrowed(text),
            beginning: Some(Cow::Borrowed(text)),
            stop: Vec::new(),
            max_tokens: None,
            words: count_words(text),
            stream: false,
            include_usage: false,
        }
    }
}

impl Stop {
    fn texts(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        }
    }
}

/// The beginning of the answer, where the conversation ends with one.
fn begun<'a>(messages: &[WireMessage<'a>]) -> Result<Option<Cow<'a, str>>, String> {
    let last = messages.last().filter(|last| last.role == "assistant");
    last.map(|last| content_text(last.content)).transpose()
}

fn last_user_message<'a>(messages: &[WireMessage<'a>]) -> Result<(Cow<'a, str>, u64), String> {
    let mut asked = None;
    let mut words = 0;
    for message in messages {
        let text = content_text(message.content)?;
        words += count_words(&text);
        let is_user = message.role == "user";
        if is_user || asked.as_ref().is_none_or(|(_, user)| !user) {
            asked = Some((text, is_user));
        }
    }
    let (prompt, _) = asked.ok_or("`messages` is missing or empty")?;
    Ok((prompt, words))
}

/// The text of a message: a string, nothing, or the text parts of a list joined.
fn content_text<'a>(content: Option<&'a RawValue>) -> Result<Cow<'a, str>, String> {
    let Some(raw) = content.map(RawValue::get) else {
        return Ok(Cow::Borrowed(""));
    };
    let bad = |error: serde_json::Error| format!("a message's content is not text: {error}");
    if raw.starts_with('"') {
        return serde_json::from_str(raw)
            .map(|Text(text)| text)
            .map_err(bad);
    }
    let parts: Vec<Part<'a>> = serde_json::from_str(raw).map_err(bad)?;
    Ok(Cow::Owned(parts.iter().map(|part| &*part.text).collect()))
}

fn single_prompt(prompt: Option<&RawValue>) -> Result<(Cow<'_, str>, u64), String> {
    let raw = prompt.map(RawValue::get).ok_or("`prompt` is missing")?;
    let bad = |error: serde_json::Error| format!("`prompt` is not text: {error}");
    let text = if raw.starts_with('[') {
        let mut list: Vec<Text<'_>> = serde_json::from_str(raw).map_err(bad)?;
        let Some(Text(text)) = list.pop().filter(|_| list.is_empty()) else {
            return Err("`prompt` holds no or several prompts; send one a request".to_owned());
        };
        text
    } else {
        serde_json::from_str::<Text<'_>>(raw).map_err(bad)?.0
    };
    let words = count_words(&text);
    Ok((text, words))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Endpoint, Question};

    fn check(endpoint: Endpoint, body: &str, expect: Result<(&str, u64), &str>) {
        match (Question::read(endpoint, body.as_bytes()), expect) {
            (Ok(question), Ok((prompt, words))) => {
                assert_eq!(
                    (&*question.prompt, question.words),
                    (prompt, words),
                    "{body}"
                );
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (got, _) => panic!("{body}: {got:?}"),
        }
    }

    #[test]
    fn the_last_user_message_is_the_prompt() {
        let chat = |body, expect| check(Endpoint::Chat, body, expect);
        chat(
            r#"{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"a b c"}]}"#,
            Ok(("a b c", 5)),
        );
        chat(
            r#"{"messages":[{"role":"user","content":"one"},{"role":"user","content":"two \u00e9"},
                {"role":"assistant","content":"so"}],"temperature":0}"#,
            Ok(("two é", 4)),
        );
        chat(
            r#"{"messages":[{"role":"system","content":"alone"}]}"#,
            Ok(("alone", 1)),
        );
        chat(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a "},{"type":"text","text":"b"}]}]}"#,
            Ok(("a b", 2)),
        );
        chat(
            r#"{"messages":[{"role":"user","content":null}]}"#,
            Ok(("", 0)),
        );
        chat(
            r#"{"messages":[{"role":"user","content":7}]}"#,
            Err("not text"),
        );
        chat(r#"{"messages":[]}"#, Err("missing or empty"));
        chat("{", Err("not a request"));
    }

    #[test]
    fn what_an_answer_goes_on_from_and_where_it_ends() {
        let read =
            |endpoint, body: &'static str| Question::read(endpoint, body.as_bytes()).unwrap();
        let chat = read(
            Endpoint::Chat,
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"so"}],"stop":"x","max_tokens":3}"#,
        );
        assert_eq!(chat.beginning.as_deref(), Some("so"));
        assert_eq!(
            (chat.stop, chat.max_tokens),
            (vec!["x".to_owned()], Some(3))
        );
        let asked = read(
            Endpoint::Chat,
            r#"{"messages":[{"role":"user","content":"a"}],"stop":["x","y"],"max_completion_tokens":4}"#,
        );
        assert_eq!((asked.beginning, asked.max_tokens), (None, Some(4)));
        let text = read(Endpoint::Text, r#"{"prompt":"a b","stop":null}"#);
        assert_eq!(text.beginning.as_deref(), Some("a b"));
        assert!(text.stop.is_empty() && text.max_tokens.is_none());
    }

    #[test]
    fn a_text_completion_takes_one_prompt() {
        let text = |body, expect| check(Endpoint::Text, body, expect);
        text(r#"{"prompt":"a b"}"#, Ok(("a b", 2)));
        text(r#"{"prompt":["a b"]}"#, Ok(("a b", 2)));
        text(r#"{"prompt":["a","b"]}"#, Err("several"));
        text(r#"{"prompt":[]}"#, Err("several"));
        text(r#"{"prompt":[1,2]}"#, Err("not text"));
        text("{}", Err("missing"));
    }

    #[test]
    fn plain_text_is_borrowed_and_flags_are_read() {
        let body = br#"{"model":"m","stream":true,"stream_options":{"include_usage":true},
            "messages":[{"role":"user","content":"plain"}]}"#;
        let question = Question::read(Endpoint::Chat, body).unwrap();
        assert!(matches!(question.prompt, Cow::Borrowed("plain")));
        assert!(question.stream && question.include_usage);
        assert_eq!(question.model, "m");
        assert_eq!(question.endpoint, Endpoint::Chat);
    }
}
