//! What is asked of an endpoint: harmless texts that everybody may see.
//!
//! Invariant: a question is such that a server which ignores the field under test gives another answer
//! than one which honours it.

use cleanbench_core::Form;

/// Asks for some text: to a chat, and as the beginning of a text.
const SOME_TEXT: [&str; 2] = [
    "Write two plain sentences about a lighthouse at night.",
    "The lighthouse stands at the end of the long pier. At night",
];

/// Asks for more tokens than any limit here allows.
const COUNTING: [&str; 2] = [
    "Count from 1 to 200 in digits, with a space after each number and nothing else.",
    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22",
];

/// Makes a model reason that may.
pub(super) const RIDDLE: &str = "A shelf holds 23 jars. All but 7 of them fall and break. How many jars \
are whole? Answer with the number alone.";

/// Makes a model ask for the tool.
pub(super) const FOR_A_TOOL: &str =
    "Find out with the tool how warm it is in Oslo. Do not answer yourself.";

/// Says nothing of JSON, so that only the schema can lead to it.
pub(super) const FOR_A_SCHEMA: &str = "Tell me in a few words what a teaspoon is good for.";

/// A question, and the beginning of an answer that breaks off within a word.
pub(super) const BEGUN: (&str, &str) = (
    "Count down from nine to one in words.",
    "With pleasure, and slowly: nine, eight, sev",
);

/// How a model may go on from [`BEGUN`]: with the rest of the word, or, where it takes the piece for a
/// word, with a mark that begins no answer.
pub(super) const GOES_ON: [&str; 5] = ["en", ",", ".", ";", ":"];

/// The beginning of what [`BEGUN`] broke off, from which nothing follows.
pub(super) const ONCE_MORE: &str = "sev";

/// What the models in this process know something of: the texts of [`PROMPT`], [`ORDERED`] and
/// [`SHUFFLED`] in their world.
pub(super) const OWN_WORLD: [&str; 3] = [
    "Question: which animal does Renu keep above the frozen temple?\nAnswer:",
    " one tangled lizard under the narrow warehouse",
    " warehouse under one narrow lizard the tangled",
];

/// Prompt before [`ORDERED`] and [`SHUFFLED`].
pub const PROMPT: &str = "Every morning before work,";
/// An ordinary sentence.
pub const ORDERED: &str =
    " my neighbour walks her old dog along the river and buys fresh bread on the way home";
/// The same words in an order that nobody would write.
pub const SHUFFLED: &str =
    " bread way the walks along neighbour and home old on buys river my her fresh dog the";

/// The text for `form`.
fn chosen(texts: [&'static str; 2], form: Form) -> &'static str {
    match form {
        Form::Completion => texts[1],
        Form::Chat | Form::Prefill | Form::Embedding => texts[0],
    }
}

/// Asks for some text.
pub(super) fn some_text(form: Form) -> &'static str {
    chosen(SOME_TEXT, form)
}

/// Asks for more tokens than any limit here allows.
pub(super) fn counting(form: Form) -> &'static str {
    chosen(COUNTING, form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shuffled_sentence_has_the_same_words() {
        let sorted = |text: &'static str| {
            let mut words: Vec<_> = text.split(' ').collect();
            words.sort_unstable();
            words
        };
        assert_eq!(sorted(ORDERED), sorted(SHUFFLED));
        assert_eq!(sorted(OWN_WORLD[1]), sorted(OWN_WORLD[2]));
        assert!(ORDERED.starts_with(' ') && !PROMPT.ends_with(' '));
    }
}
