//! What tells the letters of an answer once more: the bytes and numbers of its tokens, and the tokens that might have
//! stood there.
//!
//! Where an answer quoted the key, these spell it, each in a place of its own where nothing can be searched for.
//! Invariants: no length changes, JSON stays JSON, probabilities stay. Total, in time linear in the body.

use memchr::memmem;

/// Names of lists of numbers that stand for letters or tokens.
const NUMBERS: [&[u8]; 6] = [
    b"\"bytes\"",
    b"\"context\"",
    b"\"output_ids\"",
    b"\"prompt_token_ids\"",
    b"\"token_ids\"",
    b"\"tokens\"",
];
/// Names of lists of other tokens.
const OTHERS: [&[u8]; 3] = [b"\"probs\"", b"\"top_logprobs\"", b"\"top_probs\""];
/// Names within these that are no tokens.
const FIELDS: [&[u8]; 8] = [
    b"bytes",
    b"decoded_token",
    b"id",
    b"logprob",
    b"prob",
    b"rank",
    b"tok_str",
    b"token",
];

/// Overwrites them in `body`: numbers by 0, tokens by `*`.
pub(super) fn overwrite(body: &mut [u8]) {
    for name in NUMBERS {
        each_value(body, name, Part::Numbers);
    }
    for name in OTHERS {
        each_value(body, name, Part::Texts);
    }
}

/// What of a value is overwritten.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Numbers,
    Texts,
}

/// Overwrites `part` of every value that stands under `name`, in its quotes.
fn each_value(body: &mut [u8], name: &[u8], part: Part) {
    let mut at = 0;
    while let Some(ahead) = memmem::find(&body[at..], name) {
        at += ahead + name.len();
        let start = after_white_space(body, at);
        if body.get(start) == Some(&b':') {
            let start = after_white_space(body, start + 1);
            if matches!(body.get(start), Some(b'[' | b'{')) {
                at = value(body, start, part);
            }
        }
    }
}

fn after_white_space(body: &[u8], at: usize) -> usize {
    let rest = body[at..].iter();
    at + rest.take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Overwrites `part` of the list or object at `at`, and gives where it ends.
fn value(body: &mut [u8], mut at: usize, part: Part) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = body.get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth <= 1 => return at,
            b']' | b'}' => depth -= 1,
            b'"' => at = text(body, at + 1, part),
            byte if part == Part::Numbers && is_of_number(*byte) => at = number(body, at),
            _ => {}
        }
        at += 1;
    }
    body.len()
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.')
}

/// Overwrites the number at `start`, and gives its last place.
fn number(body: &mut [u8], start: usize) -> usize {
    let digits = body[start..].iter();
    let length = digits
        .take_while(|byte| is_of_number(**byte) || matches!(byte, b'e' | b'E'))
        .count();
    body[start..start + length].fill(b' ');
    body[start] = b'0';
    start + length - 1
}

/// Overwrites the text that begins at `start` where it is a token, and gives the place of its closing quote.
fn text(body: &mut [u8], start: usize, part: Part) -> usize {
    let mut end = start;
    while let Some(byte) = body.get(end) {
        match byte {
            b'"' => break,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    let end = end.min(body.len());
    let text = &mut body[start..end];
    if part == Part::Texts && !FIELDS.contains(&&*text) {
        text.fill(b'*');
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overwritten(body: &str) -> String {
        let mut bytes = body.as_bytes().to_vec();
        overwrite(&mut bytes);
        assert_eq!(bytes.len(), body.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn letters_and_tokens_are_overwritten_and_probabilities_stay() {
        for (body, expect) in [
            (
                r#"{"token":"a","logprob":-0.1,"bytes":[115, 7],"top_logprobs":[{"token":"s\"k","logprob":-0.1,"bytes":[115]}]}"#,
                r#"{"token":"a","logprob":-0.1,"bytes":[0  , 0],"top_logprobs":[{"token":"****","logprob":-0.1,"bytes":[0  ]}]}"#,
            ),
            (
                r#"{"tokens":["sk",17],"token_logprobs":[-1.5],"top_logprobs":[{"sk":-1.5}, null]}"#,
                r#"{"tokens":["sk",0 ],"token_logprobs":[-1.5],"top_logprobs":[{"**":-1.5}, null]}"#,
            ),
            (
                r#"{"probs":[{"tok_str":"sk","prob":0.5}],"token_ids" : [12],"tokens":12}"#,
                r#"{"probs":[{"tok_str":"**","prob":0.5}],"token_ids" : [0 ],"tokens":12}"#,
            ),
            (
                r#"{"bytes":null,"a":"bytes","b":1}"#,
                r#"{"bytes":null,"a":"bytes","b":1}"#,
            ),
        ] {
            assert_eq!(overwritten(body), expect);
        }
        for broken in [
            "\"bytes\"",
            "\"bytes\":",
            "\"bytes\":[1",
            "\"probs\":[\"a\\",
            "\"probs\":\"\\",
        ] {
            overwritten(broken);
        }
    }
}
