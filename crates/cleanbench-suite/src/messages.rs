//! A sample's own conversation.
//!
//! A message's content is a text, or an array of parts: at most one text, then images. Other orders are
//! refused, because what is sent has the text first.

use cleanbench_core::{Message, Role};

use crate::diagnostic::Fault;
use crate::images::{self, ImageRef};
use crate::json::Raw;
use crate::words::{did_you_mean, kind_of_json, shown};

/// The words for roles.
const ROLES: [(&str, Role); 3] = [
    ("system", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
];

/// The role that `word` names.
///
/// # Errors
/// A fault at `at`.
pub(crate) fn role(word: &str, at: usize) -> Result<Role, Fault> {
    let found = ROLES.iter().find(|(name, _)| *name == word);
    found.map(|(_, role)| *role).ok_or_else(|| {
        let names = ROLES.iter().map(|(name, _)| *name);
        Fault::new(at, format!("unknown role {}", shown(word)))
            .hint("a role is `system`, `user` or `assistant`")
            .maybe_hint(did_you_mean(word, names))
    })
}

/// The word for `role`.
pub(crate) fn role_name(role: Role) -> &'static str {
    let found = ROLES.iter().find(|(_, known)| *known == role);
    found.map_or("", |(name, _)| name)
}

/// Reads an array of `{"role", "content"}`: the messages without their images, and these.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn parse(raw: Raw<'_>) -> Result<(Vec<Message>, Vec<ImageRef>), Fault> {
    let elements = raw.elements("`messages`")?;
    if elements.is_empty() {
        return Err(Fault::new(raw.at, "`messages` is empty"));
    }
    let mut messages = Vec::with_capacity(elements.len());
    let mut images = Vec::new();
    for (element, position) in elements.into_iter().zip(0..) {
        let (message, carried) = message(element)?;
        if let (Some((_, at)), true) = (carried.first(), message.role != Role::User) {
            let what = "an image in a message that is not the user's";
            return Err(Fault::new(*at, what).hint("endpoints take images from the user only"));
        }
        images.extend(carried.into_iter().map(|(written, at)| ImageRef {
            written,
            at,
            message: Some(position),
        }));
        messages.push(message);
    }
    Ok((messages, images))
}

/// Paths of images, each with its place.
type Paths = Vec<(String, usize)>;

fn message(raw: Raw<'_>) -> Result<(Message, Paths), Fault> {
    let (mut role_found, mut content) = (None, None);
    for entry in raw.entries("each of `messages`")? {
        let repeated = match &*entry.key {
            "role" => {
                let word = entry.raw.string("`role`")?;
                role_found.replace(role(&word, entry.raw.at)?).is_some()
            }
            "content" => content.replace(parse_content(entry.raw)?).is_some(),
            other => {
                let message = format!("unknown field {} in a message", shown(other));
                return Err(Fault::new(entry.key_at, message)
                    .hint("a message has `role` and `content`")
                    .maybe_hint(did_you_mean(other, ["role", "content"])));
            }
        };
        if repeated {
            let message = format!("duplicate key {} in a message", shown(&entry.key));
            return Err(Fault::new(entry.key_at, message));
        }
    }
    let missing = |name: &str| Fault::new(raw.at, format!("a message without `{name}`"));
    let (text, images) = content.ok_or_else(|| missing("content"))?;
    let role = role_found.ok_or_else(|| missing("role"))?;
    Ok((Message::new(role, text), images))
}

fn parse_content(raw: Raw<'_>) -> Result<(String, Paths), Fault> {
    match kind_of_json(raw.text) {
        "a string" => Ok((raw.string("`content`")?, Vec::new())),
        "an array" => parts(raw),
        found => {
            let message = format!("`content` must be a string or an array of parts, found {found}");
            Err(Fault::new(raw.at, message))
        }
    }
}

/// Reads the parts of a message.
fn parts(raw: Raw<'_>) -> Result<(String, Paths), Fault> {
    let elements = raw.elements("`content`")?;
    if elements.is_empty() {
        return Err(Fault::new(raw.at, "`content` has no part"));
    }
    let (mut text, mut images) = (None, Vec::new());
    for element in elements {
        match part(element)? {
            Part::Image(path, at) => images.push((path, at)),
            Part::Text(own) if text.is_none() && images.is_empty() => text = Some(own),
            Part::Text(_) => {
                let message = "a text after another part of the message";
                return Err(Fault::new(element.at, message).hint(ORDER));
            }
        }
    }
    Ok((text.unwrap_or_default(), images))
}

/// A part of a message's content.
enum Part {
    Text(String),
    /// The path of an image, and its place.
    Image(String, usize),
}

fn part(raw: Raw<'_>) -> Result<Part, Fault> {
    let entries = raw.entries("each part of `content`")?;
    let value = |name: &str| entries.iter().find(|entry| entry.key == name);
    let Some(kind) = value("type") else {
        return Err(Fault::new(raw.at, "a part without `type`").hint(PARTS));
    };
    let word = kind.raw.string("`type`")?;
    if let Some(entry) = entries
        .iter()
        .find(|entry| ADDRESSES.contains(&&*entry.key))
    {
        return images::address(entry.raw.at, &address_of(entry.raw));
    }
    let key = match word.as_str() {
        "text" => "text",
        "image" => "file",
        _ => {
            let message = format!("unknown type of a part {}", shown(&word));
            return Err(Fault::new(kind.raw.at, message).hint(PARTS));
        }
    };
    for (index, entry) in entries.iter().enumerate() {
        if entry.key != "type" && entry.key != key {
            let message = format!(
                "unknown field {} in a part of type `{word}`",
                shown(&entry.key)
            );
            return Err(Fault::new(entry.key_at, message).hint(PARTS));
        }
        if entries[..index]
            .iter()
            .any(|before| before.key == entry.key)
        {
            let message = format!("duplicate key {} in a part", shown(&entry.key));
            return Err(Fault::new(entry.key_at, message));
        }
    }
    let Some(entry) = value(key) else {
        let message = format!("a part of type `{word}` without `{key}`");
        return Err(Fault::new(raw.at, message).hint(PARTS));
    };
    let text = entry.raw.string(&format!("`{key}`"))?;
    Ok(match key {
        "text" => Part::Text(text),
        _ => Part::Image(text, entry.raw.at),
    })
}

/// What the parts of a message may be.
pub(crate) const PARTS: &str =
    "a part is `{\"type\": \"text\", \"text\": …}` or `{\"type\": \"image\", \"file\": …}`";
/// In which order they stand.
pub(crate) const ORDER: &str =
    "a message is sent as one text with its images after it; write it so";
/// Fields under which other formats give the address of an image.
const ADDRESSES: [&str; 4] = ["image_url", "url", "source", "input_image"];

/// The address in `raw`, which may be `{"url": …}`.
fn address_of(raw: Raw<'_>) -> String {
    let value: serde_json::Value = raw.parse().unwrap_or_default();
    let address = value.get("url").unwrap_or(&value);
    address
        .as_str()
        .map_or_else(|| raw.text.to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_read_or_the_fault_is_named() {
        let check =
            |text: &str| parse(Raw { text, at: 0 }).map_err(|fault| (fault.at, fault.message));
        let good = check(r#"[{"role":"user","content":"a"},{"content":"b","role":"assistant"}]"#);
        assert_eq!(good.unwrap().0[1].role, Role::Assistant);
        let text = r#"[{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image","file":"x.png"},{"file":"y.png","type":"image"}]},{"role":"user","content":[{"type":"image","file":"z.png"}]}]"#;
        let parts = check(text);
        let (messages, images) = parts.unwrap();
        assert_eq!(
            (&*messages[0].content, &*messages[1].content),
            ("What?", "")
        );
        let images: Vec<_> = images
            .iter()
            .map(|image| (&*image.written, image.at, image.message))
            .collect();
        assert_eq!(
            images,
            [("x.png", 0), ("y.png", 0), ("z.png", 1)].map(|(name, position)| (
                name,
                text.find(name).unwrap() - 1,
                Some(position)
            ))
        );
        for (text, at, message) in [
            ("[]", 0, "`messages` is empty"),
            ("{}", 0, "`messages` must be an array, found an object"),
            (r#"[{"role":"usr","content":""}]"#, 9, "unknown role `usr`"),
            (r#"[{"role":"user"}]"#, 1, "a message without `content`"),
            (
                r#"[{"role":"user","content":[]}]"#,
                26,
                "`content` has no part",
            ),
            (
                r#"[{"role":"user","content":7}]"#,
                26,
                "`content` must be a string or an array of parts, found a number",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image","file":"a"},{"type":"text","text":"b"}]}]"#,
                55,
                "a text after another part of the message",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/a.png"}}]}]"#,
                59,
                "`https://x/a.png` is an address; only files of the suite are sent",
            ),
            (
                r#"[{"role":"user","content":[{"type":"audio","file":"a"}]}]"#,
                35,
                "unknown type of a part `audio`",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image","text":"a"}]}]"#,
                43,
                "unknown field `text` in a part of type `image`",
            ),
            (
                r#"[{"role":"user","content":[{"type":"image"}]}]"#,
                27,
                "a part of type `image` without `file`",
            ),
            (
                r#"[{"role":"system","content":[{"type":"image","file":"a"}]}]"#,
                52,
                "an image in a message that is not the user's",
            ),
            (
                r#"[{"role":"user","name":"x"}]"#,
                16,
                "unknown field `name` in a message",
            ),
        ] {
            assert_eq!(check(text).unwrap_err(), (at, message.to_owned()), "{text}");
        }
    }
}
