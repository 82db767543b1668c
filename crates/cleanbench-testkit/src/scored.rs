//! Log-probabilities of prompts: what a server says that gives them, and what one says that seems to.
//!
//! Invariant: the numbers are those of the script, in the fields of the server whose form it names; a
//! text that the script does not hold is refused with 400, never made up. Refused with the script:
//! a text without tokens, a first token with a log-probability, another one without, and a
//! log-probability above 0.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::script_error::ScriptError;
use crate::wire::to_json;

/// Texts whose tokens are scored, and how the server shows it.
///
/// ```
/// use cleanbench_testkit::{ScoreForm, Scored};
/// let json = r#"{"form": "echo", "texts": [{"text": "a b", "tokens": [
///     {"text": "a", "id": 1}, {"text": " b", "id": 2, "logprob": -0.5}]}]}"#;
/// let scored: Scored = serde_json::from_str(json).unwrap();
/// assert_eq!(scored.form, ScoreForm::Echo);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// Which server's fields are used. Requests in another server's form are answered as that
    /// server does who does not know them: the fields are ignored, and `/generate` is no path.
    pub form: ScoreForm,
    /// What is wrong with the numbers; `None` gives them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoiled: Option<Spoiled>,
    /// The texts, found by their whole text or by their tokens' ids.
    pub texts: Vec<ScoredText>,
}

/// The server whose fields are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreForm {
    /// `POST /v1/completions` with `echo` and `logprobs`: `choices[0].logprobs`.
    Echo,
    /// `POST /v1/completions` with `prompt_logprobs`: `choices[0].prompt_logprobs`.
    Vllm,
    /// `POST /generate` with `return_logprob` and `logprob_start_len`: `meta_info`.
    Sglang,
}

/// Ways to answer with status 200 and have no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoiled {
    /// The prompt's last entry is missing.
    WrongLength,
    /// Every number is 0.
    AllZero,
    /// Numbers of generated tokens only: that the prompt was to be scored is ignored.
    GeneratedOnly,
    /// Every number is null.
    AllNull,
    /// Every number is -9999.
    #[serde(rename = "minus_9999")]
    Minus9999,
}

/// A text and its tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoredText {
    /// What is asked for.
    pub text: String,
    /// Its tokens; at least one. Their texts joined need not be the text: a tokenizer may put a mark
    /// before it.
    pub tokens: Vec<ScoredToken>,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoredToken {
    /// Its text.
    pub text: String,
    /// Its number in the vocabulary.
    pub id: u32,
    /// Natural logarithm of its probability after the tokens before it; at most 0. The first token,
    /// and no other, has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprob: Option<f64>,
}

/// The token that is generated after every scored text.
const NEXT: (&str, u32, f64) = (" next", 7, -0.25);

/// A request as far as scoring goes.
#[derive(Debug, Deserialize)]
pub(crate) struct ScoreRequest<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow, default, alias = "text", alias = "input_ids")]
    prompt: Prompt<'a>,
    #[serde(default)]
    echo: bool,
    #[serde(default)]
    logprobs: Value,
    #[serde(default)]
    prompt_logprobs: Option<i64>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    return_logprob: bool,
    #[serde(default)]
    logprob_start_len: Option<i64>,
    #[serde(default)]
    sampling_params: SamplingParams,
}

#[derive(Debug, Default, Deserialize)]
struct SamplingParams {
    #[serde(default)]
    max_new_tokens: Option<u64>,
}

/// What is to be scored.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Prompt<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Ids(Vec<u32>),
    OneText([String; 1]),
    OneList([Vec<u32>; 1]),
    #[default]
    None,
}

impl ScoreRequest<'_> {
    /// The request in `body`, if it can be one.
    pub(crate) fn read(body: &[u8]) -> Option<ScoreRequest<'_>> {
        serde_json::from_slice(body).ok()
    }

    fn generated(&self) -> bool {
        let most = self.max_tokens.or(self.sampling_params.max_new_tokens);
        most != Some(0)
    }
}

impl Scored {
    /// Whether `request`, which came to the path of `form`, asks for what this script scores.
    pub(crate) fn concerns(&self, request: &ScoreRequest<'_>) -> bool {
        match self.form {
            ScoreForm::Echo => request.echo && has_logprobs(&request.logprobs),
            ScoreForm::Vllm => request.prompt_logprobs.is_some(),
            ScoreForm::Sglang => false,
        }
    }

    /// The body of the answer, or the sentence that refuses the request.
    pub(crate) fn answer(&self, request: &ScoreRequest<'_>) -> Result<Vec<u8>, String> {
        let text = self.find(&request.prompt)?;
        let body = match self.form {
            ScoreForm::Echo => self.echo(text, request),
            ScoreForm::Vllm => self.vllm(text, request),
            ScoreForm::Sglang => self.sglang(text, request),
        };
        Ok(to_json(&body))
    }

    /// The whole text that `request` asks about, for the counts; empty where it is unknown.
    pub(crate) fn text_of(&self, request: &ScoreRequest<'_>) -> &str {
        self.find(&request.prompt).map_or("", |text| &text.text)
    }

    fn find(&self, prompt: &Prompt<'_>) -> Result<&ScoredText, String> {
        let found = self.texts.iter().find(|text| match prompt {
            Prompt::Text(asked) => text.text == *asked,
            Prompt::OneText([asked]) => text.text == *asked,
            Prompt::Ids(ids) | Prompt::OneList([ids]) => text.has_ids(ids),
            Prompt::None => false,
        });
        found.ok_or_else(|| "the prompt is none of the texts that the script scores".to_owned())
    }

    /// The prompt's tokens with the numbers that are shown.
    fn shown<'a>(&self, text: &'a ScoredText) -> Vec<(&'a ScoredToken, Option<f64>)> {
        let spoil = |token: &ScoredToken| match self.spoiled {
            Some(Spoiled::AllNull) => None,
            Some(Spoiled::AllZero) => token.logprob.map(|_| 0.0),
            Some(Spoiled::Minus9999) => token.logprob.map(|_| -9999.0),
            _ => token.logprob,
        };
        let mut shown: Vec<_> = text
            .tokens
            .iter()
            .map(|token| (token, spoil(token)))
            .collect();
        match self.spoiled {
            Some(Spoiled::WrongLength) => shown.truncate(shown.len() - 1),
            Some(Spoiled::GeneratedOnly) => shown.clear(),
            _ => {}
        }
        shown
    }

    fn echo(&self, text: &ScoredText, request: &ScoreRequest<'_>) -> Value {
        let echoed = self.spoiled != Some(Spoiled::GeneratedOnly);
        let shown = self.shown(text);
        let mut tokens: Vec<_> = shown.iter().map(|(token, _)| token.text.as_str()).collect();
        let mut numbers: Vec<_> = shown.iter().map(|(_, number)| *number).collect();
        let mut said = String::new();
        if echoed {
            said.push_str(&text.text);
        }
        // A server that knows no echo has to generate something.
        if request.generated() || !echoed {
            tokens.push(NEXT.0);
            numbers.push(Some(NEXT.2));
            said.push_str(NEXT.0);
        }
        let generated = request.generated() || !echoed;
        let logprobs = json!({
            "text_offset": offsets(&tokens),
            "token_logprobs": numbers,
            "tokens": tokens,
            "top_logprobs": null,
        });
        let choice = json!({
            "index": 0, "text": said, "logprobs": logprobs, "finish_reason": "length",
        });
        completion(request, text, generated, &choice)
    }

    fn vllm(&self, text: &ScoredText, request: &ScoreRequest<'_>) -> Value {
        let mut choice = json!({
            "index": 0, "text": NEXT.0, "logprobs": null, "finish_reason": "length",
        });
        if self.spoiled == Some(Spoiled::GeneratedOnly) {
            choice["logprobs"] = json!({
                "text_offset": [0], "token_logprobs": [NEXT.2], "tokens": [NEXT.0],
                "top_logprobs": null,
            });
        } else {
            let shown = self.shown(text).into_iter().enumerate();
            let entries = shown.map(|(place, (token, number))| vllm_entry(place, token, number));
            choice["prompt_logprobs"] = entries.collect();
        }
        // The server makes one token of a request for none.
        completion(request, text, true, &choice)
    }

    fn sglang(&self, text: &ScoredText, request: &ScoreRequest<'_>) -> Value {
        let entry = |token: &ScoredToken, number| json!([number, token.id, token.text]);
        let next = json!([[NEXT.2, NEXT.1, NEXT.0]]);
        let generated = request.generated();
        let mut meta = json!({
            "id": "scored",
            "finish_reason": {"type": "length", "length": u8::from(generated)},
            "prompt_tokens": text.tokens.len(),
            "completion_tokens": u8::from(generated),
            "cached_tokens": 0,
        });
        // Without a start the server scores from the end of the prompt on.
        let from_start = request.logprob_start_len.is_some_and(|start| start >= 0);
        if request.return_logprob {
            let shown = if from_start {
                self.shown(text)
            } else {
                Vec::new()
            };
            let entries = shown
                .into_iter()
                .map(|(token, number)| entry(token, number));
            meta["input_token_logprobs"] = entries.collect();
            meta["output_token_logprobs"] = if generated { next } else { json!([]) };
        }
        let said = if generated { NEXT.0 } else { "" };
        json!({ "text": said, "meta_info": meta })
    }

    /// Refuses what no server could have said.
    pub(crate) fn validate(&self) -> Result<(), ScriptError> {
        self.texts.iter().try_for_each(ScoredText::validate)
    }
}

impl ScoredText {
    fn has_ids(&self, ids: &[u32]) -> bool {
        let own = self.tokens.iter().map(|token| &token.id);
        !ids.is_empty() && own.eq(ids)
    }

    fn validate(&self) -> Result<(), ScriptError> {
        let Some((first, rest)) = self.tokens.split_first() else {
            return Err(ScriptError::Meaningless("a scored text has no tokens"));
        };
        if first.logprob.is_some() {
            return Err(ScriptError::Meaningless(
                "the first token of a scored text has nothing before it; leave its `logprob` out",
            ));
        }
        let is_one = |number: f64| number <= 0.0 && number.is_finite();
        if rest.iter().all(|token| token.logprob.is_some_and(is_one)) {
            return Ok(());
        }
        Err(ScriptError::Meaningless(
            "every token of a scored text but the first needs a `logprob` of at most 0",
        ))
    }
}

/// Whether `logprobs` asks for any: a number (0 counts, the chosen token's) or `true`.
fn has_logprobs(logprobs: &Value) -> bool {
    logprobs.is_u64() || logprobs == &Value::Bool(true)
}

/// Null for the first token of the prompt, else the token's own entry; only the chosen token is
/// listed.
fn vllm_entry(place: usize, token: &ScoredToken, number: Option<f64>) -> Value {
    if place == 0 {
        return Value::Null;
    }
    let entry = json!({"logprob": number, "rank": 1, "decoded_token": token.text});
    json!({ token.id.to_string(): entry })
}

/// Where each token begins, in characters.
fn offsets(tokens: &[&str]) -> Vec<usize> {
    let lengths = tokens.iter().map(|token| token.chars().count());
    let ends = lengths.scan(0, |end, length| {
        let begin = *end;
        *end += length;
        Some(begin)
    });
    ends.collect()
}

fn completion(
    request: &ScoreRequest<'_>,
    text: &ScoredText,
    generated: bool,
    choice: &Value,
) -> Value {
    let (prompt, completion) = (text.tokens.len(), usize::from(generated));
    json!({
        "id": "cmpl-scored",
        "object": "text_completion",
        "created": 1_700_000_000,
        "model": request.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ScoreForm, ScoreRequest, Scored, ScoredText, ScoredToken, Spoiled};

    fn token(text: &str, id: u32, logprob: Option<f64>) -> ScoredToken {
        let text = text.to_owned();
        ScoredToken { text, id, logprob }
    }

    fn scored(form: ScoreForm, spoiled: Option<Spoiled>) -> Scored {
        let tokens = vec![
            token("ä", 5, None),
            token(" b", 6, Some(-1.5)),
            token(" c", 9, Some(-0.125)),
        ];
        let text = "ä b c".to_owned();
        Scored {
            form,
            spoiled,
            texts: vec![ScoredText { text, tokens }],
        }
    }

    fn ask(scored: &Scored, request: &Value) -> Value {
        let body = request.to_string();
        let request = ScoreRequest::read(body.as_bytes()).unwrap();
        serde_json::from_slice(&scored.answer(&request).unwrap()).unwrap()
    }

    #[test]
    fn echo_gives_the_prompt_and_then_what_was_generated() {
        let scored = scored(ScoreForm::Echo, None);
        let request =
            |most: u64| json!({"prompt": "ä b c", "echo": true, "logprobs": 1, "max_tokens": most});
        let choice = ask(&scored, &request(0))["choices"][0].clone();
        assert_eq!(choice["text"], "ä b c");
        assert_eq!(choice["logprobs"]["tokens"], json!(["ä", " b", " c"]));
        let numbers = json!([null, -1.5, -0.125]);
        assert_eq!(choice["logprobs"]["token_logprobs"], numbers);
        assert_eq!(choice["logprobs"]["text_offset"], json!([0, 1, 3]));
        let answer = ask(&scored, &request(1));
        let logprobs = &answer["choices"][0]["logprobs"];
        assert_eq!(logprobs["tokens"][3], " next");
        assert_eq!(logprobs["token_logprobs"][3], -0.25);
        assert_eq!(logprobs["text_offset"][3], 5);
        assert_eq!(answer["usage"]["prompt_tokens"], 3);
    }

    #[test]
    fn vllm_gives_a_map_a_token_and_takes_ids() {
        let scored = scored(ScoreForm::Vllm, None);
        for prompt in [json!("ä b c"), json!([5, 6, 9]), json!([[5, 6, 9]])] {
            let answer = ask(&scored, &json!({"prompt": prompt, "prompt_logprobs": 0}));
            let expect = json!([
                null,
                {"6": {"logprob": -1.5, "rank": 1, "decoded_token": " b"}},
                {"9": {"logprob": -0.125, "rank": 1, "decoded_token": " c"}},
            ]);
            assert_eq!(answer["choices"][0]["prompt_logprobs"], expect);
        }
    }

    #[test]
    fn sglang_gives_triples_from_the_start_that_was_asked_for() {
        let scored = scored(ScoreForm::Sglang, None);
        let request = |start: i64| {
            json!({
                "text": "ä b c", "return_logprob": true, "logprob_start_len": start,
                "sampling_params": {"max_new_tokens": 0},
            })
        };
        let meta = ask(&scored, &request(0))["meta_info"].clone();
        let expect = json!([[null, 5, "ä"], [-1.5, 6, " b"], [-0.125, 9, " c"]]);
        assert_eq!(meta["input_token_logprobs"], expect);
        assert_eq!(meta["output_token_logprobs"], json!([]));
        let meta = ask(&scored, &request(-1))["meta_info"].clone();
        assert_eq!(meta["input_token_logprobs"], json!([]));
        let ids = json!({"input_ids": [5, 6, 9], "return_logprob": true, "logprob_start_len": 0});
        let meta = ask(&scored, &ids)["meta_info"].clone();
        assert_eq!(meta["input_token_logprobs"], expect);
    }

    #[test]
    fn spoiled_numbers_are_as_described() {
        let check = |spoiled: Spoiled, expect: Value| {
            let scored = scored(ScoreForm::Echo, Some(spoiled));
            let request = json!({"prompt": "ä b c", "echo": true, "logprobs": 0, "max_tokens": 0});
            let answer = ask(&scored, &request);
            let numbers = &answer["choices"][0]["logprobs"]["token_logprobs"];
            assert_eq!(*numbers, expect, "{spoiled:?}");
        };
        check(Spoiled::WrongLength, json!([null, -1.5]));
        check(Spoiled::AllZero, json!([null, 0.0, 0.0]));
        check(Spoiled::AllNull, json!([null, null, null]));
        check(Spoiled::Minus9999, json!([null, -9999.0, -9999.0]));
        check(Spoiled::GeneratedOnly, json!([-0.25]));
    }

    #[test]
    fn unknown_texts_and_other_forms_are_refused_or_left_alone() {
        let echo = scored(ScoreForm::Echo, None);
        let body = json!({"prompt": "other", "echo": true, "logprobs": 1}).to_string();
        let request = ScoreRequest::read(body.as_bytes()).unwrap();
        assert!(echo.concerns(&request));
        assert!(echo.answer(&request).unwrap_err().contains("none of"));
        assert!(!scored(ScoreForm::Vllm, None).concerns(&request));
        let plain = json!({"prompt": "ä b c", "logprobs": 1}).to_string();
        let plain = ScoreRequest::read(plain.as_bytes()).unwrap();
        assert!(!echo.concerns(&plain));
    }

    #[test]
    fn tokens_without_meaning_are_refused() {
        let check = |tokens: Vec<ScoredToken>, expect: &str| {
            let mut scored = scored(ScoreForm::Echo, None);
            scored.texts[0].tokens = tokens;
            let error = scored.validate().unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(vec![], "no tokens");
        check(vec![token("a", 1, Some(-1.0))], "nothing before");
        let first = || token("a", 1, None);
        check(vec![first(), token("b", 2, None)], "at most 0");
        check(vec![first(), token("b", 2, Some(0.5))], "at most 0");
        check(vec![first(), token("b", 2, Some(f64::NAN))], "at most 0");
    }
}
