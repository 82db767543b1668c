//! From a prompt to the text of its answer.
//!
//! Invariant: the answer depends on the prompt's text and the book alone. A lookup of many pairs is
//! answered by an index of whole lines; only prompts without such a line are searched pair by pair.
//! A book refuses to open when its choices are missing or its file does not parse.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::key::{Draws, PromptKey, prompt_key};
use crate::memory::Memory;
use crate::question::Question;
use crate::said::Said;
use crate::script_error::{ScriptError, check_share};

/// Where answers come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answers {
    /// Always this text.
    Fixed(String),
    /// The prompt itself.
    Echo,
    /// The choice that the prompt's hash picks ([`crate::right_choice`]), or, outside of
    /// `right_share`, another one.
    Hash {
        /// What is chosen from; at least one.
        choices: Vec<String>,
        /// Share of prompts that get the right choice, 0 to 1.
        #[serde(default = "all")]
        right_share: f64,
    },
    /// The answer of the first pair whose text occurs in the prompt. A pair whose text is a whole
    /// line of the prompt goes before one that merely occurs.
    Map {
        /// Text looked for, and the answer to it.
        pairs: Vec<(String, String)>,
        /// The answer where none occurs.
        default: String,
    },
    /// As `Map`, with the pairs in a JSONL file of `{"contains": …, "answer": …}`.
    Lookup {
        /// The file.
        file: PathBuf,
        /// The answer where none occurs.
        default: String,
        /// Share of prompts that get their answer, 0 to 1; the others get `default`.
        #[serde(default = "all")]
        right_share: f64,
    },
    /// What a model knows by heart, given as such a model behaves.
    Memory(Memory),
}

impl Default for Answers {
    fn default() -> Self {
        Self::Fixed("OK".to_owned())
    }
}

fn all() -> f64 {
    1.0
}

/// The answers of a script, ready for use.
#[derive(Debug)]
pub(crate) enum Book {
    /// Always this text.
    Fixed(String),
    /// The prompt.
    Echo,
    /// A choice by hash.
    Hash {
        /// What is chosen from.
        choices: Vec<String>,
        /// Share of prompts that get the right one.
        right_share: f64,
    },
    /// The answer of a pair.
    Pairs(Pairs),
    /// What is remembered.
    Memory(Box<Memory>),
}

/// Pairs of a text and the answer to prompts that contain it.
#[derive(Debug)]
pub(crate) struct Pairs {
    entries: Vec<Entry>,
    by_line: HashMap<PromptKey, usize>,
    default: String,
    right_share: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    contains: String,
    answer: String,
}

impl Book {
    /// Makes the answers ready, reading the lookup file if there is one.
    pub(crate) fn open(answers: &Answers) -> Result<Self, ScriptError> {
        match answers {
            Answers::Fixed(text) => Ok(Self::Fixed(text.clone())),
            Answers::Echo => Ok(Self::Echo),
            Answers::Hash {
                choices,
                right_share,
            } => Self::hash(choices.clone(), *right_share),
            Answers::Map { pairs, default } => {
                let entries = pairs.iter().cloned();
                let entries = entries.map(|(contains, answer)| Entry { contains, answer });
                Pairs::new(entries.collect(), default, 1.0).map(Self::Pairs)
            }
            Answers::Lookup {
                file,
                default,
                right_share,
            } => Pairs::new(read_entries(file)?, default, *right_share).map(Self::Pairs),
            Answers::Memory(memory) => {
                memory.validate()?;
                Ok(Self::Memory(Box::new(memory.clone())))
            }
        }
    }

    fn hash(choices: Vec<String>, right_share: f64) -> Result<Self, ScriptError> {
        check_share("right share", right_share)?;
        if choices.is_empty() {
            return Err(ScriptError::Meaningless(
                "there is no choice to answer; name at least one",
            ));
        }
        Ok(Self::Hash {
            choices,
            right_share,
        })
    }

    /// The answer to `question`, whose prompt has the draws `draws`.
    pub(crate) fn reply<'a>(&'a self, question: &'a Question<'_>, draws: Draws) -> Said<'a> {
        if let Self::Memory(memory) = self {
            return memory.answer(question, draws);
        }
        Said {
            text: Cow::Borrowed(self.answer(&question.prompt, draws)),
            finish: "stop",
        }
    }

    /// The answer that `prompt`, whose draws are `draws`, has by its text alone.
    fn answer<'a>(&'a self, prompt: &'a str, draws: Draws) -> &'a str {
        match self {
            // It is asked by `reply`.
            Self::Memory(_) => "",
            Self::Fixed(text) => text,
            Self::Echo => prompt,
            Self::Hash {
                choices,
                right_share,
            } if draws.is_right(*right_share) => draws.pick(choices).unwrap_or_default(),
            Self::Hash { choices, .. } => draws.pick_other(choices).unwrap_or_default(),
            Self::Pairs(pairs) => pairs.answer(prompt, draws),
        }
    }
}

impl Pairs {
    fn new(entries: Vec<Entry>, default: &str, right_share: f64) -> Result<Self, ScriptError> {
        check_share("right share", right_share)?;
        // Reversed, so that the first of several equal texts stays in the index.
        let lines = entries.iter().enumerate().rev();
        let by_line = lines.map(|(place, entry)| (prompt_key(&entry.contains), place));
        Ok(Self {
            by_line: by_line.collect(),
            default: default.to_owned(),
            right_share,
            entries,
        })
    }

    fn answer(&self, prompt: &str, draws: Draws) -> &str {
        if !draws.is_right(self.right_share) {
            return &self.default;
        }
        let lines = || prompt.lines().find_map(|line| self.whole_line(line));
        let occurring = || {
            let mut entries = self.entries.iter();
            entries.find(|entry| prompt.contains(&entry.contains))
        };
        let entry = lines().or_else(occurring);
        entry.map_or(&self.default, |entry| &entry.answer)
    }

    fn whole_line(&self, line: &str) -> Option<&Entry> {
        let entry = self.entries.get(*self.by_line.get(&prompt_key(line))?)?;
        (entry.contains == line).then_some(entry)
    }
}

fn read_entries(file: &Path) -> Result<Vec<Entry>, ScriptError> {
    let text = fs_err::read_to_string(file)?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|source| ScriptError::Parse {
                place: format!("{}:{}", file.display(), index + 1),
                source,
            })
        })
        .collect()
}

/// The first `words` words of `text`, with the space between them as it stands.
pub(crate) fn first_words(text: &str, words: usize) -> &str {
    let end = pieces(text).take(words).map(str::len).sum();
    text.get(..end).unwrap_or(text).trim_end()
}

/// `text` cut after each run of white space, so that the pieces joined give `text` again.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, tail) = rest.split_at(piece_length(rest));
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Length in bytes of the leading space, the first word and the space behind it.
fn piece_length(text: &str) -> usize {
    let from_word = text.trim_start();
    let from_gap = from_word.trim_start_matches(|letter: char| !letter.is_whitespace());
    text.len() - from_gap.trim_start().len()
}

/// The content of a message that shows its reasoning inline.
pub(crate) fn with_think(reasoning: &str, answer: &str) -> String {
    format!("<think>\n{reasoning}\n</think>\n\n{answer}")
}

#[cfg(test)]
mod tests {
    use super::{Answers, Book, Draws, first_words, pieces};
    use crate::said::count_words;

    fn ask(answers: &Answers, prompt: &str) -> String {
        let book = Book::open(answers).unwrap();
        book.answer(prompt, Draws::of(prompt)).to_owned()
    }

    #[test]
    fn answers_follow_the_script() {
        let pair = |text: &str, answer: &str| (text.to_owned(), answer.to_owned());
        let map = Answers::Map {
            pairs: vec![
                pair("cap", "1"),
                pair("capital of France", "Paris"),
                pair("Peru?", "Lima"),
            ],
            default: "?".to_owned(),
        };
        let check = |answers: &Answers, prompt: &str, expect: &str| {
            assert_eq!(ask(answers, prompt), expect, "{prompt}");
        };
        check(&map, "the capital of France", "1");
        check(&map, "Q:\ncapital of France\nAnswer:", "Paris");
        check(&map, "and Peru?", "Lima");
        check(&map, "nothing", "?");
        check(&Answers::Echo, "say it", "say it");
        check(&Answers::Fixed("B".to_owned()), "x", "B");
    }

    #[test]
    fn the_right_share_gets_the_right_choice() {
        let choices: Vec<String> = ["A", "B", "C", "D"].map(str::to_owned).to_vec();
        let script = Answers::Hash {
            choices: choices.clone(),
            right_share: 0.75,
        };
        let book = Book::open(&script).unwrap();
        let right = (0..4_000)
            .map(|index| format!("prompt {index}"))
            .filter(|prompt| {
                Some(book.answer(prompt, Draws::of(prompt)))
                    == crate::right_choice(&choices, prompt)
            })
            .count();
        assert!((2_900..3_100).contains(&right), "{right}");
    }

    #[test]
    fn pieces_join_to_the_text() {
        let check = |text: &str, expect: &[&str]| {
            let got: Vec<&str> = pieces(text).collect();
            assert_eq!(got, expect, "{text:?}");
        };
        check("one two  three", &["one ", "two  ", "three"]);
        check(" lead tail ", &[" lead ", "tail "]);
        check("é\u{a0}ü", &["é\u{a0}", "ü"]);
        check("one", &["one"]);
        check(" \n", &[" \n"]);
        check("", &[]);
        assert_eq!(first_words("one two  three", 2), "one two");
        assert_eq!(first_words("one", 5), "one");
        assert_eq!(first_words("one", 0), "");
        assert_eq!(count_words(" one  two\n"), 2);
    }
}
