//! Generated tokens with their log probabilities, in every shape in which they come.
//!
//! A token without a log probability is left out, and a probability above 1 by a rounding error is
//! taken for 1.

use cleanbench_core::GeneratedToken;
use serde_json::Value;

/// The tokens of a choice's `logprobs`: `content` of chats, or `tokens` of completions.
pub(super) fn of_choice(logprobs: &Value) -> Vec<GeneratedToken> {
    match &logprobs["content"] {
        Value::Array(tokens) => of_list(tokens),
        _ => of_columns(logprobs),
    }
}

/// The tokens of a list of `{token, logprob, top_logprobs}`.
pub(super) fn of_list(tokens: &[Value]) -> Vec<GeneratedToken> {
    tokens.iter().filter_map(token).collect()
}

/// The tokens of a value that may be such a list.
pub(super) fn of_value(tokens: &Value) -> Vec<GeneratedToken> {
    tokens
        .as_array()
        .map_or_else(Vec::new, |list| of_list(list))
}

fn token(token: &Value) -> Option<GeneratedToken> {
    let (text, logprob) = pair(token)?;
    let top = token["top_logprobs"].as_array();
    Some(GeneratedToken {
        text,
        logprob,
        top: sorted(top.into_iter().flatten().filter_map(pair).collect()),
    })
}

fn pair(token: &Value) -> Option<(String, f64)> {
    let text = token["token"].as_str()?.to_owned();
    Some((text, logprob(&token["logprob"])?))
}

fn logprob(value: &Value) -> Option<f64> {
    value.as_f64().map(|number| number.min(0.0))
}

/// `tokens`, `token_logprobs` and `top_logprobs` side by side.
fn of_columns(logprobs: &Value) -> Vec<GeneratedToken> {
    let column = |key: &str| logprobs[key].as_array().map_or(&[][..], Vec::as_slice);
    let top = column("top_logprobs");
    let rows = column("tokens").iter().zip(column("token_logprobs"));
    let rows = rows.enumerate().filter_map(|(place, (text, number))| {
        Some(GeneratedToken {
            text: text.as_str()?.to_owned(),
            logprob: logprob(number)?,
            top: top.get(place).map_or_else(Vec::new, of_map),
        })
    });
    rows.collect()
}

fn of_map(top: &Value) -> Vec<(String, f64)> {
    let entries = top.as_object().into_iter().flatten();
    sorted(
        entries
            .filter_map(|(text, number)| Some((text.clone(), logprob(number)?)))
            .collect(),
    )
}

/// The likeliest first; equally likely ones as they came.
fn sorted(mut top: Vec<(String, f64)>) -> Vec<(String, f64)> {
    top.sort_by(|a, b| b.1.total_cmp(&a.1));
    top
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_shapes_say_the_same() {
        let chat = json!({"content": [
            {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [
                {"token": "b", "logprob": -2.0}, {"token": "a", "logprob": -0.5}]},
            {"token": "c", "logprob": 1e-9, "top_logprobs": []},
            {"token": "d", "logprob": null},
        ]});
        let columns = json!({
            "tokens": ["a", "c", "d"], "token_logprobs": [-0.5, 0.0, null],
            "top_logprobs": [{"b": -2.0, "a": -0.5}, null, null],
        });
        let token = |text: &str, logprob, top: &[(&str, f64)]| GeneratedToken {
            text: text.to_owned(),
            logprob,
            top: top
                .iter()
                .map(|(text, logprob)| ((*text).to_owned(), *logprob))
                .collect(),
        };
        let expect = [
            token("a", -0.5, &[("a", -0.5), ("b", -2.0)]),
            token("c", 0.0, &[]),
        ];
        assert_eq!(of_choice(&chat), expect);
        assert_eq!(of_choice(&columns), expect);
        assert_eq!(of_choice(&Value::Null), []);
        assert_eq!(of_choice(&json!({"content": null, "tokens": 7})), []);
    }
}
