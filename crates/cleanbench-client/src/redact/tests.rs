//! Every dress and every cut, and what must stay as it is.

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
fn nothing_else_changes() {
    for body in [
        "",
        "{\"a\":\"sk-CANARY\",\"b\":\"/9f2c_7d41.xyz\"}",
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
