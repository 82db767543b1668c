//! Options of multiple-choice samples: their letters, their wording, and what a target means.

use std::cell::OnceCell;
use std::collections::HashMap;

use serde_json::Value;

use crate::diagnostic::Fault;
use crate::words::{shown, shown_list};

/// The letter of option `index`: A to Z, then AA, AB and so on.
pub(crate) fn letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// The index that `text` means as a letter, in any case, where it is below `options`.
pub(crate) fn index_of_letter(text: &str, options: usize) -> Option<usize> {
    if text.is_empty() || text.len() > 3 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let value = text.bytes().fold(0, |value, byte| {
        value * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1
    });
    (value <= options).then(|| value - 1)
}

/// The options as a prompt shows them: one `A. text` a line.
pub(crate) fn wording(choices: &[String]) -> String {
    let lines = choices.iter().enumerate();
    let lines = lines.map(|(index, text)| format!("{}. {text}", letter(index)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a list of options: the index of the option at fault and a message.
pub(crate) fn fault_of(choices: &[String]) -> Option<(usize, String)> {
    if choices.len() < 2 {
        let message = format!("{} choices; at least 2 are needed", choices.len());
        return Some((0, message.replace("1 choices", "1 choice")));
    }
    let mut seen = std::collections::HashSet::with_capacity(choices.len());
    let repeated = choices.iter().position(|choice| !seen.insert(choice))?;
    let message = format!(
        "the choice {} stands there twice",
        shown(&choices[repeated])
    );
    Some((repeated, message))
}

/// The options of a sample, and the labels that its data gives them, where it does. A target may name thousands among
/// thousands, so each is found without going through all.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    pub(crate) texts: &'a [String],
    labels: &'a [String],
    index: OnceCell<Index<'a>>,
}

/// The first option for each text, trimmed text and label, and those that say no and yes.
#[derive(Debug)]
struct Index<'a> {
    texts: HashMap<&'a str, usize>,
    trimmed: HashMap<&'a str, usize>,
    labels: HashMap<&'a str, usize>,
    truths: [Option<usize>; 2],
}

impl<'a> Index<'a> {
    fn of(texts: &'a [String], labels: &'a [String]) -> Self {
        Self {
            texts: first_of(texts.iter().map(String::as_str)),
            trimmed: first_of(texts.iter().map(|text| text.trim())),
            labels: first_of(labels.iter().map(String::as_str)),
            truths: [NO, YES].map(|words| texts.iter().position(|text| is_one_of(words, text))),
        }
    }
}

/// Words that say no, in small letters, of any language: data does not say in which one it is.
const NO: &str = "no|false|wrong|incorrect|nein|falsch|non|faux|falso|falsa|não|nao|nee|onwaar|nej|falsk|falskt|nei|nie|fałsz|\
    ne|nepravda|nu|fals|nem|hamis|ei|väärin|hayır|yanlış|tidak|salah|không|sai|όχι|нет|ложь|неверно|ні|否|不|不是|错|错误|\
    錯誤|いいえ|偽|아니요|아니오|거짓|لا|خطأ|नहीं|गलत|לא|ไม่|ไม่ใช่";
/// Words that say yes.
const YES: &str = "yes|true|right|correct|ja|wahr|richtig|oui|vrai|si|sí|sì|verdadero|verdadera|vero|sim|verdadeiro|waar|sant|\
    sand|sandt|tak|prawda|ano|pravda|da|adevărat|igen|igaz|kyllä|tosi|evet|doğru|ya|benar|có|đúng|ναι|да|истина|верно|так|\
    是|对|正确|正確|真|はい|예|네|참|نعم|صحيح|हाँ|हां|सही|כן|ใช่";

fn is_one_of(words: &str, text: &str) -> bool {
    let text = text.trim().to_lowercase();
    words.split('|').any(|word| word == text)
}

/// Where each of `texts` stands first.
fn first_of<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut first = HashMap::with_capacity(texts.len());
    for (position, text) in texts.enumerate() {
        first.entry(text).or_insert(position);
    }
    first
}

impl<'a> Options<'a> {
    /// The options `texts`, with as many `labels` or none.
    pub(crate) fn new(texts: &'a [String], labels: &'a [String]) -> Self {
        let index = OnceCell::new();
        Self {
            texts,
            labels,
            index,
        }
    }

    fn index(&self) -> &Index<'a> {
        self.index
            .get_or_init(|| Index::of(self.texts, self.labels))
    }

    /// The option with this text.
    pub(crate) fn of_text(&self, text: &str) -> Option<usize> {
        let index = self.index();
        let exact = index.texts.get(text);
        exact.or_else(|| index.trimmed.get(text.trim())).copied()
    }

    /// The option of a letter, which may stand in parentheses or before a point.
    pub(crate) fn of_letter(&self, written: &str) -> Option<usize> {
        let inner = written.trim();
        let inner = inner.strip_prefix('(').unwrap_or(inner);
        let inner = inner.strip_suffix([')', '.', ':']).unwrap_or(inner);
        index_of_letter(inner, self.texts.len())
    }

    /// The option that has `target` as its label.
    pub(crate) fn of_label(&self, target: &Value) -> Option<usize> {
        if self.labels.is_empty() {
            return None;
        }
        let position = |text: &str| self.index().labels.get(text.trim()).copied();
        match target {
            Value::String(text) => position(text),
            Value::Number(number) => position(&number.to_string()),
            _ => None,
        }
    }

    /// The option that says yes or no.
    pub(crate) fn of_truth(&self, truth: bool) -> Option<usize> {
        self.index().truths[usize::from(truth)]
    }
}

/// The fault at `at` of a target that is none of `options`.
pub(crate) fn not_among(target: &Value, options: &Options<'_>, at: usize) -> Fault {
    let text = match target {
        Value::String(text) => text.clone(),
        Value::Bool(truth) => return no_truth(*truth, options, at),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => {
            let message = "`target` of a sample with choices must be an option's text, its letter or its index";
            return Fault::new(at, message);
        }
    };
    let list = shown_list(options.texts.iter().map(String::as_str), 6);
    let last = letter(options.texts.len().saturating_sub(1));
    let message = format!("target {} is not among the choices {list}", shown(&text));
    Fault::new(at, message).hint(format!(
        "write the option's text, a letter A to {last}, or an index from 0 or from 1"
    ))
}

fn no_truth(truth: bool, options: &Options<'_>, at: usize) -> Fault {
    let list = shown_list(options.texts.iter().map(String::as_str), 6);
    let message = format!("target {truth}, and none of the choices {list} says so");
    Fault::new(at, message).hint("write `choices = [\"no\", \"yes\"]` in the task")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z_and_back() {
        for (index, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (702, "AAA")] {
            assert_eq!(letter(index), expected);
            assert_eq!(index_of_letter(expected, 1_000), Some(index));
        }
        assert_eq!(index_of_letter("c", 3), Some(2));
        assert_eq!(index_of_letter("d", 3), None);
        assert_eq!(index_of_letter("", 3), None);
        assert_eq!(index_of_letter("é", 3), None);
    }
}
