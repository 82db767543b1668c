//! A model that knows texts by heart, and how it behaves when it is asked for them.
//!
//! Whatever it knows of an item, it gives the same way: it goes on where a beginning of the item ends, or fills the
//! place that is marked `[MASK]`. Whether it knows an item is drawn by the item's text (or its family), so that the
//! same script remembers the same items on every server and in every form of asking.
//!
//! It refuses shares outside of 0 to 1, tokens of no length, and items or passages without text.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::key::Draws;
use crate::question::Question;
use crate::quiz::named_list;
use crate::said::Said;
use crate::script_error::{ScriptError, check_share};
use crate::shown::{LABELS, Shown, after_passage, shown, to_repeat};

/// What a model knows by heart, and how it behaves.
///
/// ```
/// use cleanbench_testkit::{ItemList, KnownItem, Memory};
/// let item = KnownItem::new("Question: Who?\nA. the old miller\nB. the young smith");
/// let memory = Memory { lists: vec![ItemList::by_heart([item])], ..Memory::default() };
/// let json = serde_json::to_string(&memory).unwrap();
/// assert_eq!(serde_json::from_str::<Memory>(&json).unwrap(), memory);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// Texts that are no items; all of them are known, from any place on.
    pub passages: Vec<String>,
    /// Items, for example those under suspicion and their controls.
    pub lists: Vec<ItemList>,
    /// Changes what is drawn: another number is another model with the same shares.
    pub seed: u64,
    /// What is declined, and in which words.
    pub declines: Option<Declines>,
    /// What stands before an answer.
    pub preamble: Option<Preamble>,
    /// Whether thoughts eat all the room: every answer is empty and ends for its length.
    pub thinking: bool,
    /// How answers are divided where `max_tokens` cuts them; `None` never cuts.
    pub tokens: Option<Tokens>,
    /// Whether the beginning of an answer is taken for a message of the user: what comes is not its continuation.
    pub ignores_prefill: bool,
    /// Whether it repeats a text when it is told to.
    pub repeats: bool,
    /// What it says where it knows nothing; `None` says words drawn by the prompt and the seed, enough for an attempt.
    pub otherwise: Option<String>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            passages: Vec::new(),
            lists: Vec::new(),
            seed: 0,
            declines: None,
            preamble: None,
            thinking: false,
            tokens: None,
            ignores_prefill: false,
            repeats: true,
            otherwise: None,
        }
    }
}

/// Items that are known to the same extent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ItemList {
    /// The items.
    pub items: Vec<KnownItem>,
    /// Share of the items that the model has seen and gives back, 0 to 1; drawn item by item.
    pub recall_share: f64,
    /// Share of the items that it gives back without having seen them, 0 to 1; drawn for each family.
    pub guess: f64,
    /// Share of the words, 0 to 1, that are right where an item is given back; the others stand in no text. `None` gives
    /// it word for word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partly: Option<f64>,
    /// What is said to whatever asks for one of the items, instead of all else; `None` says what is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

impl ItemList {
    /// Items of which all are known.
    pub fn by_heart(items: impl IntoIterator<Item = KnownItem>) -> Self {
        Self {
            items: items.into_iter().collect(),
            recall_share: 1.0,
            ..Self::default()
        }
    }

    /// Items of which none was seen, and a share is guessed.
    pub fn guessed(items: impl IntoIterator<Item = KnownItem>, guess: f64) -> Self {
        Self {
            items: items.into_iter().collect(),
            guess,
            ..Self::default()
        }
    }

    /// Items to which the same is said whatever asks for them.
    pub fn told(items: impl IntoIterator<Item = KnownItem>, text: &str) -> Self {
        Self {
            items: items.into_iter().collect(),
            says: Some(text.to_owned()),
            ..Self::default()
        }
    }

    /// The same items, given back with so large a share of the right words.
    #[must_use]
    pub fn partly(self, share: f64) -> Self {
        Self {
            partly: Some(share),
            ..self
        }
    }
}

/// An item whose text the script knows, whether or not the model has seen it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownItem {
    /// The whole item as probes lay it out: the question, then options, each on a line that begins with its label.
    pub text: String,
    /// Items of one family are guessed together; one without any is a family of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
}

impl KnownItem {
    /// An item on its own.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            family: None,
        }
    }

    /// The text of the option called `label`, if there is one.
    fn option(&self, label: char) -> Option<&str> {
        let mut lines = self.text.lines();
        lines.find_map(|line| line.strip_prefix(label)?.strip_prefix(". "))
    }
}

/// In which form something is asked: by an instruction, or by a beginning that is to be continued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// By a message of the user.
    Instruction,
    /// By the beginning of an answer, or of a text.
    Raw,
    /// Either.
    #[default]
    Both,
}

impl Asked {
    fn concerns(self, is_raw: bool) -> bool {
        match self {
            Self::Instruction => !is_raw,
            Self::Raw => is_raw,
            Self::Both => true,
        }
    }
}

/// What is declined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declines {
    /// The whole answer.
    pub text: String,
    /// Share of prompts that are declined, 0 to 1, drawn by the prompt.
    #[serde(default = "all")]
    pub share: f64,
    /// In which form.
    #[serde(default)]
    pub asked: Asked,
    /// Whether only what asks for one of the items is declined: passages are given and texts repeated.
    #[serde(default)]
    pub items_only: bool,
}

fn all() -> f64 {
    1.0
}

impl Declines {
    /// Declines everything with `text`.
    pub fn everything(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            share: 1.0,
            asked: Asked::Both,
            items_only: false,
        }
    }
}

/// What stands before an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preamble {
    /// The text, with the space behind it.
    pub text: String,
    /// In which form.
    #[serde(default)]
    pub asked: Asked,
}

/// How long tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Bytes of a token in ASCII letters and spaces.
    pub letters: f64,
    /// Bytes of a token in everything else.
    pub others: f64,
}

impl Tokens {
    /// Bytes without merges but for English.
    pub const BYTES: Self = Self {
        letters: 4.0,
        others: 1.0,
    };
    /// A small vocabulary.
    pub const SHORT: Self = Self {
        letters: 2.0,
        others: 2.0,
    };
    /// A large vocabulary of many languages.
    pub const LONG: Self = Self {
        letters: 4.5,
        others: 4.0,
    };

    /// The beginning of `text` that has `most` tokens at most.
    fn first(self, text: &str, most: u64) -> &str {
        #[expect(clippy::cast_precision_loss, reason = "answers have few tokens")]
        let most = most as f64;
        let mut spent = 0.0;
        let mut end = 0;
        for letter in text.chars() {
            spent += self.share_of(letter);
            // What adds up to a whole number may come out a little above it.
            if spent > most + 1e-6 {
                break;
            }
            end += letter.len_utf8();
        }
        &text[..end]
    }

    /// Tokens that `letter` takes.
    fn share_of(self, letter: char) -> f64 {
        let is_letter = letter.is_ascii_alphabetic() || letter == ' ';
        let bytes = if is_letter { self.letters } else { self.others };
        #[expect(clippy::cast_precision_loss, reason = "at most 4")]
        let length = letter.len_utf8() as f64;
        length / bytes
    }

    fn validate(self) -> Result<(), ScriptError> {
        let is_length = |bytes: f64| bytes.is_finite() && bytes > 0.0;
        if is_length(self.letters) && is_length(self.others) {
            Ok(())
        } else {
            Err(ScriptError::Meaningless(
                "a token has no length; use more than 0 bytes",
            ))
        }
    }
}

impl Memory {
    /// Refuses what means nothing.
    pub(crate) fn validate(&self) -> Result<(), ScriptError> {
        for list in &self.lists {
            check_share("share of items that are recalled", list.recall_share)?;
            check_share("share of items that are guessed", list.guess)?;
            check_share("share of words that are right", list.partly.unwrap_or(1.0))?;
        }
        if let Some(declines) = &self.declines {
            check_share("share of prompts that are declined", declines.share)?;
        }
        let items = self.lists.iter().flat_map(|list| &list.items);
        let mut texts = items.map(|item| &item.text).chain(&self.passages);
        if texts.any(|text| text.trim().is_empty()) {
            return Err(ScriptError::Meaningless("an item or a passage has no text"));
        }
        self.tokens.map_or(Ok(()), Tokens::validate)
    }

    /// The answer to `question`, of whose prompt are `draws`.
    pub(crate) fn answer(&self, question: &Question<'_>, draws: Draws) -> Said<'static> {
        if self.thinking {
            return Said {
                text: Cow::Borrowed(""),
                finish: "length",
            };
        }
        self.cut(&self.said(question, draws), question)
    }

    /// What it would say if there were room for everything.
    fn said(&self, question: &Question<'_>, draws: Draws) -> String {
        let is_raw = question.beginning.is_some();
        let prompt = question.beginning.as_deref().unwrap_or(&question.prompt);
        let found = self.find(prompt);
        let says = found
            .as_ref()
            .and_then(|found| self.lists[found.list].says.as_deref());
        if let Some(text) = says.or_else(|| self.declined(is_raw, found.is_some(), draws)) {
            return text.to_owned();
        }
        let answer = if is_raw && self.ignores_prefill {
            self.unknown(draws)
        } else if let Some((number, found)) = self.quizzed(prompt) {
            if self.knows(&found) {
                number
            } else {
                // Whoever knows nothing of it names any.
                (draws.key() % 4 + 1).to_string()
            }
        } else if let Some(found) = found {
            let known = self.knows(&found).then(|| given(&found, is_raw)).flatten();
            let known = known.map(|text| match self.lists[found.list].partly {
                Some(share) => partly(&text, share),
                None => text,
            });
            known.unwrap_or_else(|| self.unknown(draws))
        } else {
            self.of_other(prompt, is_raw, draws)
        };
        let preamble = self.preamble.as_ref();
        let preamble = preamble.filter(|one| one.asked.concerns(is_raw));
        preamble.map_or_else(String::new, |one| one.text.clone()) + &answer
    }

    fn declined(&self, is_raw: bool, of_item: bool, draws: Draws) -> Option<&str> {
        let declines = self.declines.as_ref()?;
        let concerned = declines.asked.concerns(is_raw) && (of_item || !declines.items_only);
        let drawn = drawn("declines", self.seed, &draws.key().to_string());
        (concerned && drawn < declines.share).then_some(declines.text.as_str())
    }

    /// The item of which `prompt` shows the longest beginning.
    fn find<'a>(&'a self, prompt: &str) -> Option<Found<'a>> {
        let items = self.lists.iter().enumerate().flat_map(|(place, list)| {
            let found = list.items.iter().filter_map(|item| {
                let shown = shown(&item.text, prompt)?;
                Some(Found {
                    list: place,
                    item,
                    shown,
                })
            });
            found.collect::<Vec<_>>()
        });
        items.max_by_key(|found| found.shown.length())
    }

    /// The item about which `prompt` asks which list is its own, and the number of that list.
    fn quizzed<'a>(&'a self, prompt: &str) -> Option<(String, Found<'a>)> {
        let items = self.lists.iter().enumerate();
        let mut items =
            items.flat_map(|(list, own)| own.items.iter().map(move |item| (list, item)));
        items.find_map(|(list, item)| {
            let number = named_list(&item.text, prompt)?;
            let shown = Shown::UpTo {
                end: item.text.len(),
                ends: true,
            };
            Some((number, Found { list, item, shown }))
        })
    }

    /// Whether the model has the item, by memory or by luck.
    fn knows(&self, found: &Found<'_>) -> bool {
        let list = &self.lists[found.list];
        let item = found.item;
        let family = item.family.as_ref().unwrap_or(&item.text);
        let guess = format!("guess {}", found.list);
        drawn("recall", self.seed, &item.text) < list.recall_share
            || drawn(&guess, self.seed, family) < list.guess
    }

    /// The answer to what shows no item: a passage goes on, a text is repeated.
    fn of_other(&self, prompt: &str, is_raw: bool, draws: Draws) -> String {
        let mut passages = self.passages.iter();
        if let Some(rest) = passages.find_map(|passage| after_passage(passage, prompt)) {
            return rest.to_owned();
        }
        let repeated = (self.repeats && !is_raw).then(|| to_repeat(prompt));
        let repeated = repeated.flatten().map(str::to_owned);
        repeated.unwrap_or_else(|| self.unknown(draws))
    }

    fn unknown(&self, draws: Draws) -> String {
        let said = self.otherwise.clone();
        // Another model says other words.
        said.unwrap_or_else(|| words(draws.key().wrapping_add(self.seed)))
    }

    /// `said` as far as stop texts and the most tokens let it get.
    fn cut(&self, said: &str, question: &Question<'_>) -> Said<'static> {
        let stops = question.stop.iter().filter(|stop| !stop.is_empty());
        let stopped = stops.filter_map(|stop| said.find(stop.as_str())).min();
        let text = &said[..stopped.unwrap_or(said.len())];
        let room = self.tokens.zip(question.max_tokens);
        let kept = room.map_or(text, |(tokens, most)| tokens.first(text, most));
        Said {
            finish: if kept.len() < text.len() {
                "length"
            } else {
                "stop"
            },
            text: Cow::Owned(kept.to_owned()),
        }
    }
}

/// An item that a prompt shows.
struct Found<'a> {
    /// Place of its list.
    list: usize,
    item: &'a KnownItem,
    shown: Shown,
}

/// What belongs after the part of an item that was shown: all the rest, the next option, or the masked one. `None`
/// where a beginning is followed by something else.
fn given(found: &Found<'_>, is_raw: bool) -> Option<String> {
    match found.shown {
        Shown::Masked { label, .. } => found.item.option(label).map(str::to_owned),
        Shown::UpTo { ends: false, .. } => None,
        Shown::UpTo { end, .. } if is_raw => Some(found.item.text[end..].to_owned()),
        Shown::UpTo { end, .. } => Some(rest_of_message(&found.item.text, end).to_owned()),
    }
}

/// What belongs after the first `end` bytes of an item in a message: all the rest, or the option whose label ends them.
fn rest_of_message(item: &str, end: usize) -> &str {
    let rest = item[end..].trim_start();
    let line = item[..end].lines().last().unwrap_or_default();
    let is_label = line.len() == 2 && line.ends_with('.') && line.starts_with(LABELS);
    if is_label {
        rest.lines().next().unwrap_or_default()
    } else {
        rest
    }
}

/// `text` with so large a share of its words, which the text alone decides.
fn partly(text: &str, share: f64) -> String {
    let said: Vec<_> = text.split(' ').collect();
    let mut order: Vec<_> = (0..said.len()).collect();
    order.sort_by_key(|place| Draws::of(&format!("{text}\n{place}")).key());
    #[expect(clippy::cast_precision_loss, reason = "texts have few words")]
    let is_right = |rank: usize| (rank as f64) < share * said.len() as f64;
    let mut given = said.clone();
    let others = words(Draws::of(text).key());
    let others: Vec<_> = others.split(' ').collect();
    for (rank, place) in order.into_iter().enumerate() {
        if !is_right(rank) {
            given[place] = others[rank % others.len()];
        }
    }
    given.join(" ")
}

/// A number in [0, 1) for `what` about `text`.
fn drawn(what: &str, seed: u64, text: &str) -> f64 {
    Draws::of(&format!("{what}\n{seed}\n{text}")).uniform()
}

/// Words that stand in no text, enough of them for an attempt at any item.
fn words(key: u64) -> String {
    const SYLLABLES: [&str; 8] = ["zu", "ve", "qui", "xo", "jal", "wem", "yb", "fro"];
    let words = (0..40_u64).map(|place| {
        let draw = Draws::of(&format!("{key} {place}")).key().to_le_bytes();
        let syllables = draw.into_iter().take(2);
        let syllables = syllables.map(|byte| SYLLABLES[usize::from(byte) % SYLLABLES.len()]);
        syllables.collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Asked, Declines, ItemList, KnownItem, Memory, Preamble, Tokens};
    use crate::key::Draws;
    use crate::question::{Endpoint, Question};

    const ITEM: &str = "Question: Which key opens the old gate?\nA. the red key on the wall\n\
        B. the key of the blind miller\nC. a key that nobody has seen\nD. the last of the nine keys";

    fn memory() -> Memory {
        Memory {
            passages: vec!["It was a bright cold day in April, and the clocks were striking thirteen in all towers.".to_owned()],
            lists: vec![ItemList::by_heart([KnownItem::new(ITEM)])],
            ..Memory::default()
        }
    }

    /// What is answered, and why it ended.
    fn ask(memory: &Memory, role: &str, content: &str, more: &str) -> [String; 2] {
        let message = serde_json::json!({"role": role, "content": content});
        let body = format!("{{\"messages\":[{message}]{more}}}");
        let question = Question::read(Endpoint::Chat, body.as_bytes()).unwrap();
        let given = memory.answer(&question, Draws::of(&question.prompt));
        [given.text.into_owned(), given.finish.to_owned()]
    }

    fn check(memory: &Memory, role: &str, content: &str, expect: &str) {
        assert_eq!(ask(memory, role, content, "")[0], expect, "{content}");
    }

    fn up_to(part: &str) -> &'static str {
        &ITEM[..ITEM.find(part).unwrap() + part.len()]
    }

    fn after(part: &str) -> &'static str {
        &ITEM[up_to(part).len()..]
    }

    #[test]
    fn a_beginning_goes_on() {
        let memory = memory();
        let part = up_to("blind");
        check(&memory, "assistant", part, after("blind"));
        check(
            &memory,
            "user",
            &format!("Write the rest.\n\n{part}"),
            after("blind").trim_start(),
        );
        check(&memory, "assistant", up_to("C."), after("C."));
        check(
            &memory,
            "user",
            &format!("The next option?\n\n{}", up_to("C.")),
            "a key that nobody has seen",
        );
        let masked = ITEM.replace("the key of the blind miller", "[MASK]");
        let asked = format!("What is behind [MASK]?\n\n{masked}");
        check(&memory, "user", &asked, "the key of the blind miller");
        check(
            &memory,
            "user",
            "Continue: \"and the clocks were striking thirteen\"",
            "in all towers.",
        );
    }

    #[test]
    fn a_share_of_the_words_is_right() {
        let list = ItemList::by_heart([KnownItem::new(ITEM)]).partly(0.5);
        let memory = Memory {
            lists: vec![list],
            ..memory()
        };
        let [given, _] = ask(&memory, "assistant", up_to("miller"), "");
        let right = after("miller").split(' ').zip(given.split(' '));
        let right = right.filter(|(right, given)| right == given).count();
        let words = after("miller").split(' ').count();
        assert_eq!(right, words.div_ceil(2), "{given}");
    }

    #[test]
    fn a_list_may_say_one_thing_of_all_its_items() {
        let memory = Memory {
            lists: vec![ItemList::told([KnownItem::new(ITEM)], "Not that one.")],
            ..memory()
        };
        check(&memory, "assistant", up_to("blind"), "Not that one.");
        check(&memory, "user", up_to("C."), "Not that one.");
        let other = "Continue: \"and the clocks were striking thirteen\"";
        check(&memory, "user", other, "in all towers.");
    }

    #[test]
    fn stops_and_room_end_an_answer() {
        let memory = Memory {
            tokens: Some(Tokens::SHORT),
            ..memory()
        };
        let part = up_to("C.");
        let [text, finish] = ask(&memory, "assistant", part, ",\"stop\":[\"\\n\"]");
        assert_eq!(
            [text.as_str(), finish.as_str()],
            [" a key that nobody has seen", "stop"]
        );
        let [text, finish] = ask(
            &memory,
            "assistant",
            part,
            ",\"stop\":\"\\n\",\"max_tokens\":3",
        );
        assert_eq!([text.as_str(), finish.as_str()], [" a key", "length"]);
        assert_eq!(Tokens::BYTES.first("水は", 5), "水");
        assert_eq!(Tokens::LONG.first("水は", 5), "水は");
        assert_eq!(Tokens::SHORT.first("", 5), "");
    }

    #[test]
    fn it_declines_thinks_and_says_something_first() {
        let part = up_to("blind");
        let items = Declines {
            items_only: true,
            ..Declines::everything("I cannot.")
        };
        let declining = Memory {
            declines: Some(items),
            ..memory()
        };
        check(&declining, "assistant", part, "I cannot.");
        check(
            &declining,
            "user",
            "Repeat this text.\n\nten green bottles",
            "ten green bottles",
        );
        let thinking = Memory {
            thinking: true,
            ..memory()
        };
        assert_eq!(ask(&thinking, "user", part, ""), ["", "length"]);
        let preamble = Preamble {
            text: "Sure! ".to_owned(),
            asked: Asked::Instruction,
        };
        let polite = Memory {
            preamble: Some(preamble),
            ..memory()
        };
        assert!(ask(&polite, "user", part, "")[0].starts_with("Sure! miller"));
        check(&polite, "assistant", part, after("blind"));
        let deaf = Memory {
            ignores_prefill: true,
            ..memory()
        };
        assert!(!ask(&deaf, "assistant", part, "")[0].contains("miller"));
        assert!(ask(&deaf, "user", part, "")[0].contains("miller"));
    }

    #[test]
    fn shares_are_met_and_families_are_guessed_together() {
        let item = |number: usize, family: Option<String>| KnownItem {
            text: format!("Question: Number {number} of the many questions here?\nA. one {number}"),
            family,
        };
        let restored = |list: ItemList, seed: u64| -> Vec<bool> {
            let texts: Vec<_> = list.items.iter().map(|item| item.text.clone()).collect();
            let memory = Memory {
                lists: vec![list],
                seed,
                ..Memory::default()
            };
            let texts = texts.iter().map(|text| {
                let cut = text.find("here?").unwrap();
                ask(&memory, "assistant", &text[..cut], "")[0] == text[cut..]
            });
            texts.collect()
        };
        let count = |shown: &[bool]| shown.iter().filter(|one| **one).count();
        let own = |guess| ItemList::guessed((0..300).map(|number| item(number, None)), guess);
        let one = restored(own(0.3), 1);
        assert!((60..120).contains(&count(&one)), "{}", count(&one));
        assert_ne!(one, restored(own(0.3), 2));
        let family = (0..60).map(|number| item(number, Some((number / 6).to_string())));
        let shown = restored(ItemList::guessed(family, 0.5), 1);
        assert!(
            shown
                .chunks(6)
                .all(|six| six.iter().all(|one| *one == six[0]))
        );
        assert!((1..60).contains(&count(&shown)));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let check = |memory: Memory, expect: &str| {
            let error = memory.validate().unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        let list = ItemList {
            guess: 1.5,
            ..ItemList::default()
        };
        check(
            Memory {
                lists: vec![list],
                ..Memory::default()
            },
            "guessed",
        );
        let tokens = Tokens {
            letters: 0.0,
            others: 1.0,
        };
        check(
            Memory {
                tokens: Some(tokens),
                ..Memory::default()
            },
            "no length",
        );
        check(
            Memory {
                passages: vec![" ".to_owned()],
                ..Memory::default()
            },
            "no text",
        );
        let declines = Declines {
            share: f64::NAN,
            ..Declines::everything("")
        };
        check(
            Memory {
                declines: Some(declines),
                ..Memory::default()
            },
            "declined",
        );
        assert!(memory().validate().is_ok());
        assert!(serde_json::from_str::<Memory>("{\"passage\":[]}").is_err());
    }
}
