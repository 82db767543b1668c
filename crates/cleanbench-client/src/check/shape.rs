//! What answers look like: log probabilities, tools, JSON by a schema, the end of a given beginning.

use cleanbench_core::{
    Constraints, Form, Message, Request, ResponseFormat, Role, Sampling, Tool, ToolChoice,
};
use cleanbench_model::capability::Support;
use serde_json::{Value, json};

use super::asker::{Response, constrained, request};
use super::judge::{self, Assessment};
use super::{Checks, texts};

/// Room for an object or a call.
const ROOM: u32 = 128;
/// The likeliest tokens that are asked for at each place.
const LIKELIEST: u32 = 3;
const TOOL: &str = "look_up_temperature";

impl Checks<'_> {
    /// Sampling with at least `ROOM` tokens.
    fn roomy(&self) -> Sampling {
        let sampling = self.sampling();
        Sampling {
            max_tokens: sampling.max_tokens.max(Some(ROOM)),
            ..sampling
        }
    }

    async fn ask_constrained(&mut self, asked: Request, constraints: Constraints) -> Response {
        self.asker.ask(&constrained(asked, constraints)).await
    }
}

/// Log probabilities of what is generated.
pub(super) async fn logprobs(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    let constraints = Constraints {
        logprobs: Some(LIKELIEST),
        ..Constraints::default()
    };
    let asked = checks.some_text(checks.sampling());
    let answer = checks.ask_constrained(asked, constraints).await;
    let (Ok(completion), Some(reply)) = (&answer.completion, &answer.reply) else {
        return answer.failure(endpoint);
    };
    // The reader mends what can be mended; what was sent is what counts here.
    let sent: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let judged = judge::logprobs(&sent);
    if judged.verdict != Support::Yes {
        return judged;
    }
    if !judge::ranks_fall(&sent) {
        return Assessment::no("the likeliest tokens are not in the order of their probability");
    }
    if completion.tokens.is_empty() {
        return Assessment::no("they stand in a place where this protocol has none");
    }
    judged
}

/// A tool that must be asked for; where that is refused, one that may be.
pub(super) async fn tools(checks: &mut Checks<'_>) -> Assessment {
    let forced = ask_for_tool(checks, ToolChoice::Required).await;
    if forced.verdict != Support::Refused {
        return forced;
    }
    let free = ask_for_tool(checks, ToolChoice::Auto).await;
    match free.verdict {
        Support::Yes => Assessment::yes(format!("{}, but it cannot be forced", free.evidence)),
        _ => free,
    }
}

async fn ask_for_tool(checks: &mut Checks<'_>, choice: ToolChoice) -> Assessment {
    let endpoint = checks.asker.endpoint;
    let constraints = Constraints {
        tools: vec![Tool {
            name: TOOL.to_owned(),
            description: Some("Tells how warm it is in a city.".to_owned()),
            parameters: json!({
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": false,
            }),
        }],
        tool_choice: Some(choice),
        ..Constraints::default()
    };
    let asked = request(endpoint.form, texts::FOR_A_TOOL, checks.roomy());
    let answer = checks.ask_constrained(asked, constraints).await;
    match &answer.completion {
        Ok(completion) => judge::asks_for_tool(completion, TOOL),
        Err(_) => answer.failure(endpoint),
    }
}

/// A schema that no answer fits by chance.
pub(super) async fn json_schema(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    let constraints = Constraints {
        response_format: Some(ResponseFormat::JsonSchema {
            name: "utensil".to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "kind": {"type": "string", "enum": ["ladle", "spoon"]},
                    "millilitres": {"type": "integer"},
                },
                "required": ["kind", "millilitres"],
                "additionalProperties": false,
            }),
            strict: true,
        }),
        ..Constraints::default()
    };
    let asked = request(endpoint.form, texts::FOR_A_SCHEMA, checks.roomy());
    let answer = checks.ask_constrained(asked, constraints).await;
    match &answer.completion {
        Ok(completion) => judge::fits_schema(&completion.text),
        Err(_) => answer.failure(endpoint),
    }
}

/// The beginning of an answer, to be gone on with.
pub(super) async fn prefill(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    if endpoint.form == Form::Completion {
        return Assessment::no("it is asked by raw text, which has no answer to begin");
    }
    let (question, begun) = texts::BEGUN;
    let asked = Request {
        messages: vec![
            Message::new(Role::User, question),
            Message::new(Role::Assistant, begun),
        ],
        ..request(Form::Prefill, question, checks.sampling())
    };
    let answer = checks.asker.ask(&asked).await;
    match &answer.completion {
        Ok(completion) => judge::goes_on(&completion.text),
        Err(_) => answer.failure(endpoint),
    }
}
