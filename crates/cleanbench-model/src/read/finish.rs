//! Why an answer ended, from the endpoint's word for it.

use cleanbench_core::{CallErrorKind, Finish};

use super::fault::Fault;
use super::foreign_words;
use crate::provider::{FinishMeaning, Profile};

/// Words that mean the same wherever they are used, in lower case.
const WORDS: [(&str, FinishMeaning); 33] = [
    ("stop", FinishMeaning::Stop),
    ("eos", FinishMeaning::Stop),
    ("eos_token", FinishMeaning::Stop),
    ("end_turn", FinishMeaning::Stop),
    ("stop_sequence", FinishMeaning::Stop),
    ("completed", FinishMeaning::Stop),
    ("word", FinishMeaning::Stop),
    ("length", FinishMeaning::Length),
    ("limit", FinishMeaning::Length),
    ("max_tokens", FinishMeaning::Length),
    ("max_output_tokens", FinishMeaning::Length),
    ("model_length", FinishMeaning::Length),
    ("model_context_window_exceeded", FinishMeaning::Length),
    ("content_filter", FinishMeaning::ContentFilter),
    ("content_filtered", FinishMeaning::ContentFilter),
    ("refusal", FinishMeaning::ContentFilter),
    ("sensitive", FinishMeaning::ContentFilter),
    ("safety", FinishMeaning::ContentFilter),
    ("prohibited_content", FinishMeaning::ContentFilter),
    ("blocklist", FinishMeaning::ContentFilter),
    ("spii", FinishMeaning::ContentFilter),
    ("recitation", FinishMeaning::Recitation),
    ("tool_calls", FinishMeaning::ToolCalls),
    ("tool_call", FinishMeaning::ToolCalls),
    ("tool_use", FinishMeaning::ToolCalls),
    ("function_call", FinishMeaning::ToolCalls),
    ("insufficient_system_resource", FinishMeaning::Failed),
    ("network_error", FinishMeaning::Failed),
    ("error", FinishMeaning::Failed),
    ("failed", FinishMeaning::Failed),
    ("abort", FinishMeaning::Failed),
    ("aborted", FinishMeaning::Failed),
    ("cancelled", FinishMeaning::Failed),
];

/// What `word` means at the provider of `profile`; its own words win.
fn meaning(word: &str, profile: &Profile) -> Option<FinishMeaning> {
    let own = profile.finish.get(word).copied();
    own.or_else(|| {
        let lower = word.to_ascii_lowercase();
        let known = WORDS.iter().find(|(known, _)| *known == lower);
        known.map(|(_, meaning)| *meaning)
    })
}

/// The reason for `word`; `empty` is whether nothing was answered.
///
/// # Errors
/// When the endpoint failed, and when a filter left nothing or cut off a recitation: that the model
/// knew a text by heart must not be counted as a miss.
pub(super) fn read(word: Option<&str>, profile: &Profile, empty: bool) -> Result<Finish, Fault> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(Finish::Unreported);
    };
    match meaning(word, profile) {
        None => Ok(Finish::Other(foreign_words::clean(word, 40))),
        Some(FinishMeaning::Stop) => Ok(Finish::Stop),
        Some(FinishMeaning::Length) => Ok(Finish::Length),
        Some(FinishMeaning::ToolCalls) => Ok(Finish::ToolCalls),
        Some(FinishMeaning::ContentFilter) if !empty => Ok(Finish::ContentFilter),
        Some(FinishMeaning::ContentFilter) => Err(Fault::new(
            CallErrorKind::Censored,
            "a content filter cut off the whole answer",
        )),
        Some(FinishMeaning::Recitation) => Err(Fault::new(
            CallErrorKind::Censored,
            "a filter against recitation cut off the answer",
        )),
        Some(FinishMeaning::Failed) => {
            let word = foreign_words::clean(word, 40);
            let what = format!("the endpoint broke off its answer (`{word}`)");
            Err(Fault::new(CallErrorKind::Overloaded, what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Protocol;

    #[test]
    fn words_mean_what_their_providers_say() {
        let mut profile = Profile::plain("p", Protocol::OpenAi);
        profile.finish = [("drained".to_owned(), FinishMeaning::Failed)].into();
        let check = |word: &str, empty: bool, expect: Result<Finish, CallErrorKind>| {
            let found = read(Some(word), &profile, empty).map_err(|fault| fault.kind);
            assert_eq!(found, expect, "{word}");
        };
        check("stop", true, Ok(Finish::Stop));
        check("STOP", false, Ok(Finish::Stop));
        check("MAX_TOKENS", false, Ok(Finish::Length));
        check("model_context_window_exceeded", false, Ok(Finish::Length));
        check("tool_use", true, Ok(Finish::ToolCalls));
        check(
            "pause_turn",
            true,
            Ok(Finish::Other("pause_turn".to_owned())),
        );
        check("refusal", true, Err(CallErrorKind::Censored));
        check("refusal", false, Ok(Finish::ContentFilter));
        check("sensitive", true, Err(CallErrorKind::Censored));
        check("RECITATION", false, Err(CallErrorKind::Censored));
        check(
            "insufficient_system_resource",
            false,
            Err(CallErrorKind::Overloaded),
        );
        check("network_error", false, Err(CallErrorKind::Overloaded));
        check("drained", false, Err(CallErrorKind::Overloaded));
        check("", true, Ok(Finish::Unreported));
    }
}
