//! The transcript of a call: every exchange with the server, bytes as received.
//!
//! Invariant: what is decoded is what was encoded, byte for byte; a body that is no UTF-8 is kept in
//! hexadecimal.

use std::cell::OnceCell;

use cleanbench_core::Reply;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Content type of a transcript.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.cleanbench.likelihood-transcript+json";

/// One request and what came back.
#[derive(Debug)]
pub struct Exchange {
    /// Path on the endpoint's host.
    pub path: String,
    /// Body of the POST.
    pub request: String,
    /// What came back.
    pub reply: Reply,
    json: OnceCell<Value>,
}

impl Exchange {
    /// `request`, posted to `path`, and what came back.
    pub fn new(path: String, request: String, reply: Reply) -> Self {
        Self {
            path,
            request,
            reply,
            json: OnceCell::new(),
        }
    }

    /// The body as JSON; `null` where it is none.
    pub(super) fn json(&self) -> &Value {
        self.json.get_or_init(|| {
            // Tokens that end within a character make some servers send broken UTF-8.
            let text = String::from_utf8_lossy(&self.reply.body);
            serde_json::from_str(&text).unwrap_or_default()
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transcript {
    exchanges: Vec<Recorded>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    path: String,
    request: String,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_hex: Option<String>,
}

/// Whether a reply is a transcript.
pub(crate) fn is_transcript(reply: &Reply) -> bool {
    reply.content_type.as_deref() == Some(CONTENT_TYPE)
}

/// The HTTP statuses of the exchanges of a transcript, in order; `None` for any other reply.
pub fn statuses(reply: &Reply) -> Option<Vec<u16>> {
    if !is_transcript(reply) {
        return None;
    }
    let exchanges = decode(&reply.body).ok()?;
    Some(exchanges.iter().map(|one| one.reply.status).collect())
}

/// The reply that `exchanges` are on record as: the status is that of the last.
///
/// # Errors
/// Never in practice: texts and numbers can be represented in JSON.
pub fn encode(exchanges: &[Exchange]) -> Result<Reply, serde_json::Error> {
    let transcript = Transcript {
        exchanges: exchanges.iter().map(record).collect(),
    };
    let last = exchanges.last().map(|exchange| &exchange.reply);
    Ok(Reply {
        status: last.map_or(0, |reply| reply.status),
        content_type: Some(CONTENT_TYPE.to_owned()),
        retry_after: last.and_then(|reply| reply.retry_after),
        body: serde_json::to_vec(&transcript)?,
    })
}

fn record(exchange: &Exchange) -> Recorded {
    let reply = &exchange.reply;
    let text = String::from_utf8(reply.body.clone());
    let (body, body_hex) = match text {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(to_hex(error.as_bytes()))),
    };
    Recorded {
        path: exchange.path.clone(),
        request: exchange.request.clone(),
        status: reply.status,
        content_type: reply.content_type.clone(),
        body,
        body_hex,
    }
}

/// The exchanges of a transcript's bytes.
///
/// # Errors
/// What is wrong with them.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Exchange>, String> {
    let transcript: Transcript =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    transcript.exchanges.into_iter().map(exchange).collect()
}

fn exchange(recorded: Recorded) -> Result<Exchange, String> {
    let body = match (recorded.body, recorded.body_hex) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(digits)) => from_hex(&digits).ok_or("a body is no hexadecimal")?,
        _ => return Err("an exchange must have one body".to_owned()),
    };
    let reply = Reply {
        status: recorded.status,
        content_type: recorded.content_type,
        retry_after: None,
        body,
    };
    Ok(Exchange::new(recorded.path, recorded.request, reply))
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn to_hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        digits.push(char::from(DIGITS[usize::from(byte >> 4)]));
        digits.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    digits
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || digits.len() % 2 == 1 {
        return None;
    }
    let byte = |place| u8::from_str_radix(&digits[place..place + 2], 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let bodies: [&[u8]; 4] = [
            b"",
            b"{\"a\":\"\\u00e4\"}\n",
            b"\xff\x00{",
            "größer".as_bytes(),
        ];
        let exchanges: Vec<_> = bodies
            .iter()
            .map(|body| {
                let reply = Reply {
                    status: 207,
                    content_type: Some("text/plain".to_owned()),
                    retry_after: None,
                    body: body.to_vec(),
                };
                Exchange::new("/path".to_owned(), "{\"q\":1}".to_owned(), reply)
            })
            .collect();
        let reply = encode(&exchanges).unwrap();
        assert!(is_transcript(&reply));
        assert_eq!(reply.status, 207);
        let decoded = decode(&reply.body).unwrap();
        for (one, other) in exchanges.iter().zip(&decoded) {
            assert_eq!(one.reply, other.reply);
            assert_eq!((&one.path, &one.request), (&other.path, &other.request));
        }
        assert_eq!(decoded.len(), exchanges.len());
    }

    #[test]
    fn what_is_no_transcript_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"exchanges":[{"path":"","request":"","status":200}]}"#,
            r#"{"exchanges":[{"path":"","request":"","status":200,"body_hex":"f"}]}"#,
            r#"{"exchanges":[{"path":"","request":"","status":200,"body_hex":"gg"}]}"#,
            r#"{"exchanges":[{"path":"","request":"","status":200,"body_hex":"éa"}]}"#,
            r#"{"exchanges":[{"path":"","request":"","status":200,"body":"","body_hex":""}]}"#,
        ] {
            assert!(decode(text.as_bytes()).is_err(), "{text}");
        }
    }
}
