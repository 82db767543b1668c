//! Every dress and every cut, and what must stay as it is.

#![expect(clippy::format_collect, reason = "short texts, seldom")]

use super::*;

const KEY: &str = "sk-CANARY/9f2c_7d41.xyz";

fn overwritten(body: &str) -> String {
    let mut bytes = body.as_bytes().to_vec();
    Forms::of(KEY).overwrite(&mut bytes);
    assert_eq!(bytes.len(), body.len());
    String::from_utf8(bytes).unwrap()
}

fn unicode(text: &str) -> String {
    text.bytes().map(|byte| format!("\\u{byte:04x}")).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn html(text: &str, hexadecimal: bool) -> String {
    let each = text.bytes();
    if hexadecimal {
        each.map(|byte| format!("&#x{byte:x};")).collect()
    } else {
        each.map(|byte| format!("&#{byte};")).collect()
    }
}

#[test]
fn a_key_is_overwritten_in_every_dress() {
    let dresses = [
        KEY.to_owned(),
        KEY.replace('/', "\\/"),
        unicode(KEY),
        unicode(KEY).replace('\\', "\\\\"),
        unicode(KEY).replace('\\', "\\\\\\\\"),
        unicode(KEY).to_uppercase().replace("\\U", "\\u"),
        format!("{}{}", unicode("sk"), &KEY[2..]),
        format!("{}{}", &KEY[..5], unicode(&KEY[5..])),
        percent(KEY),
        percent(KEY).replace('%', "%25"),
        percent("/").to_lowercase(),
        KEY.replace('/', "%2F"),
        KEY.replace('/', "%2f"),
        html(KEY, true),
        html(KEY, false),
        KEY.replace('/', "&sol;"),
        html(KEY, true).replace('&', "&amp;"),
        "736b2d43414e4152592f396632635f376434312e78797a".to_owned(),
    ];
    for dress in dresses.iter().filter(|dress| dress.len() >= KEY.len()) {
        let body = format!("{{\"a\":\"it is {dress}, yes\"}}");
        let found = overwritten(&body);
        let stars = "*".repeat(dress.len());
        assert_eq!(
            found,
            format!("{{\"a\":\"it is {stars}, yes\"}}"),
            "{dress}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&found).is_ok());
    }
}

#[test]
fn a_key_in_base64_is_overwritten_wherever_it_begins() {
    // `Bearer `, `x`, `xy` and nothing before it.
    for (encoded, inner) in [
        (
            "c2stQ0FOQVJZLzlmMmNfN2Q0MS54eXo=",
            "stQ0FOQVJZLzlmMmNfN2Q0MS54eX",
        ),
        (
            "eHNrLUNBTkFSWS85ZjJjXzdkNDEueHl6",
            "NrLUNBTkFSWS85ZjJjXzdkNDEueHl6",
        ),
        (
            "QmVhcmVyIHNrLUNBTkFSWS85ZjJjXzdkNDEueHl6",
            "NrLUNBTkFSWS85ZjJjXzdkNDEueHl6",
        ),
    ] {
        let found = overwritten(&format!("\"{encoded}\""));
        assert!(
            !found.contains(inner) && found.contains("********"),
            "{found}"
        );
    }
}

#[test]
fn a_key_that_is_cut_anywhere_is_overwritten_in_both_pieces() {
    let dresses = [
        KEY.to_owned(),
        unicode(KEY),
        KEY.replace('/', "\\\\/"),
        unicode(KEY).replace('\\', "\\\\"),
    ];
    for dress in &dresses {
        for cut in 1..dress.len() {
            let (one, other) = dress.split_at(cut);
            let pieces = [one, other];
            if pieces
                .iter()
                .any(|piece| serde_json::from_str::<String>(&format!("\"{piece}\"")).is_err())
            {
                continue;
            }
            for (before, after) in [
                (
                    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"",
                    "\"}}],\"id\":\"x\"}",
                ),
                (
                    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"",
                    "\"}}]}}]}",
                ),
                (
                    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"",
                    "\"}}",
                ),
            ] {
                let event = |piece: &str| format!("data: {before}{piece}{after}\n\n");
                let body = format!(
                    "{}{}data: [DONE]\n\n",
                    event(&format!("a{one}")),
                    event(&format!("{other}b"))
                );
                let expected = format!(
                    "{}{}data: [DONE]\n\n",
                    event(&format!("a{}", "*".repeat(one.len()))),
                    event(&format!("{}b", "*".repeat(other.len())))
                );
                assert_eq!(overwritten(&body), expected, "{dress} {cut}");
            }
        }
    }
}

#[test]
fn pieces_of_two_answers_are_told_apart() {
    let event = |index: u32, piece: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":\"{piece}\"}}}}]}}}}]}}\r\n\r\n"
        )
    };
    let body = [event(0, &KEY[..9]), event(1, "other"), event(0, &KEY[9..])].concat();
    let expected = [
        event(0, "*********"),
        event(1, "other"),
        event(0, &"*".repeat(KEY.len() - 9)),
    ]
    .concat();
    assert_eq!(overwritten(&body), expected);
}

#[test]
fn names_of_reasoning_are_one() {
    let body = format!(
        "{{\"delta\":{{\"reasoning\":\"{}\"}}}}\n{{\"delta\":{{\"reasoning_content\":\"{}\"}}}}\n",
        &KEY[..4],
        &KEY[4..]
    );
    let found = overwritten(&body);
    assert!(
        found.contains("\"****\"") && !found.contains("CANARY"),
        "{found}"
    );
}

#[test]
fn pieces_side_by_side_are_one_whatever_stands_above_them() {
    assert_eq!(
        overwritten("{\"a\":{\"text\":\"a sk-CANARY\"}}\n\n{\"b\":\"/9f2c_7d41.xyz b\"}"),
        "{\"a\":{\"text\":\"a *********\"}}\n\n{\"b\":\"************** b\"}"
    );
}

#[test]
fn nothing_else_changes() {
    for body in [
        "",
        "{\"a\":\"sk-CANARY\",\"c\":\"between\",\"b\":\"/9f2c_7d41.xyz\"}",
        "data: {\"content\":\"sk-\"}\n\ndata: {\"content\":\"nothing\"}\n\n",
        "\\u00",
        "\"\\",
        "%&#;&#x;%%%\\\\\\u{",
        "{{{{[[[[\"\n\"}}}}",
    ] {
        assert_eq!(overwritten(body), body);
    }
    // An answer that breaks off within the key, and an escape before it.
    assert_eq!(overwritten("a sk-CANARY/9f"), "a ************");
    assert_eq!(overwritten("sk-CANARY"), "*********");
    assert_eq!(overwritten("sk-CAN"), "sk-CAN");
    let mut compressed = [0x1f, 0x8b, 8, 0, 1, 2, 3];
    Forms::of(KEY).overwrite(&mut compressed);
    assert_eq!(compressed, *b"\x1f\x8b\x08\x00***");
    assert_eq!(overwritten(&format!("\\{KEY}")), "*".repeat(KEY.len() + 1));
}

#[test]
fn hostile_bytes_do_no_harm() {
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut body: Vec<u8> = (0..40)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                b"\"\\{}[]:,u0s&#;%5\n\rk-%\xff"[usize::try_from(state >> 33).unwrap() % 22]
            })
            .collect();
        Forms::of(KEY).overwrite(&mut body);
        assert_eq!(body.len(), 40);
    }
}

/// A stream of numbers that depends on its seed alone.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// The signs that begin the escapes of JSON, URLs and HTML.
const SIGNS: [char; 3] = ['\\', '%', '&'];

fn escaped(letter: char, sign: char) -> String {
    let number = u32::from(letter);
    match sign {
        '\\' => format!("\\u{number:04x}"),
        '%' => format!("%{number:02X}"),
        _ => format!("&#x{number:x};"),
    }
}

/// `text` in a layer of escapes that begin with `sign`: the sign itself, and every eighth letter.
fn dressed(text: &str, sign: char, numbers: &mut Numbers) -> String {
    let each = text.chars().map(|letter| {
        if letter == '\\' && sign == '\\' && numbers.below(2) == 0 {
            return "\\\\".to_owned();
        }
        if letter == sign || numbers.below(8) == 0 {
            return escaped(letter, sign);
        }
        letter.to_string()
    });
    each.collect()
}

/// `text` without that layer.
fn undressed(text: &str, sign: char) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(sign) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let letters = ('!'..='~').chain(['\\']);
        let mut meant = letters.map(|letter| match (letter, rest.starts_with("\\\\")) {
            ('\\', true) => (letter, "\\\\".to_owned()),
            _ => (letter, escaped(letter, sign)),
        });
        let (letter, length) = meant
            .find(|(_, escape)| rest.starts_with(escape.as_str()))
            .map_or((sign, sign.len_utf8()), |(letter, escape)| {
                (letter, escape.len())
            });
        plain.push(letter);
        rest = &rest[length..];
    }
    plain + rest
}

#[test]
fn keys_of_any_letters_are_found_in_any_mixture_and_any_pieces() {
    for seed in 0..3_000 {
        let mut numbers = Numbers(seed);
        let key: String = (0..8 + numbers.below(40))
            .map(|_| char::from(b'#' + u8::try_from(numbers.below(92)).unwrap()))
            .collect();
        // Signs of escapes mean several things under several layers; no maker's keys have one.
        let key = key.replace(SIGNS, "_");
        let mut text = key.clone();
        let layers = numbers.below(3);
        let signs: Vec<_> = (0..layers).map(|_| SIGNS[numbers.below(3)]).collect();
        for sign in &signs {
            text = dressed(&text, *sign, &mut numbers);
        }
        let text = format!("before {text} after");
        let cuts = numbers.below(4);
        let mut places: Vec<_> = (0..cuts).map(|_| numbers.below(text.len())).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let events = places.windows(2).map(|piece| {
            let content = &text[piece[0]..piece[1]];
            let event = serde_json::json!({"id": "c", "choices": [{"index": 0, "delta": {"content": content}}]});
            format!("data: {event}\n\n")
        });
        let mut body = events.collect::<String>().into_bytes();
        Forms::of(&key).overwrite(&mut body);
        let body = String::from_utf8(body).unwrap();
        let pieces = body
            .split("\n\n")
            .filter(|event| !event.is_empty())
            .map(|event| {
                let event: serde_json::Value =
                    serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
                event["choices"][0]["delta"]["content"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            });
        let mut assembled: String = pieces.collect();
        assert!(
            assembled.starts_with("before ") && assembled.ends_with(" after"),
            "{seed}: {assembled}"
        );
        for sign in signs.iter().rev() {
            assert!(!assembled.contains(&key), "{seed}: {key} in {assembled}");
            assembled = undressed(&assembled, *sign);
        }
        assert!(
            !assembled.contains(&key),
            "{seed}: {key} of {text} in {assembled}"
        );
    }
}
