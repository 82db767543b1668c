//! Options that make sense only at their place, because they speak of others: "all of the above", "B and C", "keine der
//! genannten", or have letters of their own.
//!
//! Invariant: the phrases are data, `places.txt`, by language, and every language holds for every task, for data says
//! nowhere in which one it is. In doubt an option does speak of others: then its sample keeps the order that its author
//! gave it, which is told, while one that is shuffled and does would have another right answer in silence.

use std::collections::HashMap;
use std::sync::LazyLock;

const PHRASES: &str = include_str!("places.txt");
/// The section of the words that stand between letters of options.
const BETWEEN: &str = "and";
/// Most bytes of an option that are looked at: who speaks of others is short.
const LOOKED_AT: usize = 600;
/// What stands between letters of options besides words.
const SIGNS: [&str; 9] = ["", "&", "+", "和", "与", "及", "或", "と", "과"];

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(PHRASES));

/// The option among `choices` that speaks of the places of others, if there is one.
pub(crate) fn speaks_of_places(choices: &[String]) -> Option<&str> {
    if has_own_labels(choices) {
        return choices.first().map(String::as_str);
    }
    let found = choices.iter().find(|choice| speaks(choice, choices.len()));
    found.map(String::as_str)
}

fn speaks(choice: &str, options: usize) -> bool {
    let text = cut(choice);
    let words = words(text, options);
    TABLE.is_within(text, &words) || lists_labels(text, options) || is_labels_alone(text, &words)
}

fn cut(text: &str) -> &str {
    let mut end = LOOKED_AT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A word of an option.
#[derive(Debug, PartialEq)]
struct Word {
    /// In small letters, without accents.
    text: String,
    label: Label,
}

/// Whether a word is the letter of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    No,
    /// In small letters, as it may be a word of its own.
    Small,
    Capital,
}

fn words(text: &str, options: usize) -> Vec<Word> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let parts = parts.filter(|part| !part.is_empty());
    let words = parts.map(|part| Word {
        text: part
            .chars()
            .flat_map(char::to_lowercase)
            .map(bare)
            .collect(),
        label: label_of(part, options),
    });
    words.collect()
}

fn label_of(word: &str, options: usize) -> Label {
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if position_of(letter, options).is_some() => {
            if letter.is_uppercase() {
                Label::Capital
            } else {
                Label::Small
            }
        }
        _ => Label::No,
    }
}

/// Which of the first `options` letters of an alphabet `letter` is.
fn position_of(letter: char, options: usize) -> Option<usize> {
    let capital = letter.to_uppercase().next()?;
    let first = if capital.is_ascii_uppercase() {
        'A'
    } else {
        'А'
    };
    let position = u32::from(capital).checked_sub(u32::from(first))?;
    let position = usize::try_from(position).ok()?;
    (position < options.min(26)).then_some(position)
}

/// `letter` without its accent.
fn bare(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ả' | 'ạ' | 'ấ' | 'ầ' | 'ậ' | 'ắ' => {
            'a'
        }
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ế' | 'ề' | 'ệ' => 'e',
        'ğ' => 'g',
        'ì' | 'í' | 'î' | 'ï' | 'ı' | 'ị' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ő' | 'ở' | 'ộ' | 'ố' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ţ' | 'ț' => 't',
        'ù' | 'ú' | 'û' | 'ü' | 'ů' | 'ű' | 'ủ' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' => 'ι',
        'ό' => 'ο',
        'ύ' => 'υ',
        'ώ' => 'ω',
        'ё' => 'е',
        other => other,
    }
}

/// Whether two capital letters of options stand beside each other, with no more between them than what joins them.
fn lists_labels(text: &str, options: usize) -> bool {
    let mut last: Option<usize> = None;
    let mut before: Option<char> = None;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let after = letters.peek().map(|(_, letter)| *letter);
        let is_alone = !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word);
        let is_bracketed = before == Some('(') && after == Some(')');
        before = Some(letter);
        let is_number = position_of_number(letter, options).is_some();
        let is_letter = position_of(letter, options).is_some();
        let is_label = is_number || is_letter && (letter.is_uppercase() || is_bracketed);
        if !is_alone || !is_label {
            continue;
        }
        // A comma between numbers is a pair of numbers: "(1, 2)".
        let links = if is_number { joins_in_words } else { joins };
        if last.is_some_and(|end| links(&text[end..at])) {
            return true;
        }
        last = Some(at + letter.len_utf8());
    }
    false
}

/// Whether `letter` makes one word with a letter beside it. Signs of languages that do not part words do not.
fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() && letter < '\u{2e80}' || letter == '\'' || letter == '\u{2019}'
}

/// Which of the first `options` numbers `digit` is, counted from 1.
fn position_of_number(digit: char, options: usize) -> Option<usize> {
    let number = usize::try_from(digit.to_digit(10)?).ok()?;
    number.checked_sub(1).filter(|position| *position < options)
}

/// Whether a word joins what stands before `between` and behind it.
fn joins_in_words(between: &str) -> bool {
    between.contains(char::is_alphabetic) && joins(between)
}

fn joins(between: &str) -> bool {
    let has_mark = between.contains([',', ';', '/', '、', '，', '·']);
    let is_mark = |c: char| c.is_whitespace() || "()[].,;:/\"'、，·".contains(c);
    let word = between.trim_matches(is_mark);
    if word.is_empty() {
        return has_mark;
    }
    let word: String = word
        .chars()
        .flat_map(char::to_lowercase)
        .map(bare)
        .collect();
    SIGNS.contains(&word.as_str()) || TABLE.between.contains(&word)
}

/// Whether an option, with its `words`, is nothing but letters of options and what joins them: "a and c".
fn is_labels_alone(text: &str, words: &[Word]) -> bool {
    let labels = words.iter().filter(|word| word.label != Label::No).count();
    let joins = |word: &Word| word.label != Label::No || TABLE.between.contains(&word.text);
    let is_joined = words.len() > labels || text.contains([',', '/', '&', '+']);
    labels >= 2 && is_joined && words.iter().all(joins)
}

/// Whether the options have the letters or numbers of their places already: a second one before it would contradict.
fn has_own_labels(choices: &[String]) -> bool {
    let labelled = choices.iter().enumerate();
    let labelled = labelled.filter(|(position, choice)| is_own_label(choice.trim(), *position));
    labelled.count() >= 2.min(choices.len())
}

fn is_own_label(choice: &str, position: usize) -> bool {
    let opened = choice.trim_start_matches(['(', '[']);
    let end = opened.find(|c: char| !c.is_alphanumeric());
    let (label, rest) = opened.split_at(end.unwrap_or(opened.len()));
    let mut letters = label.chars();
    let is_letter = letters
        .next()
        .is_some_and(|letter| position_of(letter, position + 1) == Some(position))
        && letters.next().is_none();
    let is_number = label.parse() == Ok(position + 1);
    let is_closed = rest.starts_with([')', '.', ':', ']', '、', '．'])
        && !rest[1.min(rest.len())..].starts_with(|c: char| c.is_ascii_digit());
    let is_bare = rest.is_empty() && label.chars().all(char::is_uppercase);
    is_letter && (is_closed || is_bare) || is_number && is_closed && rest.len() > 1
}

/// The phrases.
#[derive(Debug, Default)]
struct Table {
    /// By their first word; those that begin with a letter of an option or an open ending under none.
    phrases: HashMap<String, Vec<Phrase>>,
    open: Vec<Phrase>,
    within: Vec<String>,
    between: Vec<String>,
}

#[derive(Debug)]
struct Phrase {
    parts: Vec<Part>,
    /// Whether it must be the whole option.
    is_whole: bool,
}

#[derive(Debug)]
enum Part {
    Label,
    Word(String),
    Beginning(String),
}

impl Table {
    fn of(text: &str) -> Self {
        let mut table = Self::default();
        let mut section = "";
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with("//") {
                continue;
            }
            match line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                Some(name) => section = name,
                None if section == BETWEEN => {
                    table.between.extend(line.split(' ').map(str::to_owned));
                }
                None => table.add(line),
            }
        }
        table
    }

    fn add(&mut self, line: &str) {
        if let Some(text) = line.strip_prefix("~ ") {
            self.within.push(text.to_owned());
            return;
        }
        let whole = line.strip_prefix("= ");
        let phrase = Phrase::of(whole.unwrap_or(line), whole.is_some());
        match phrase.parts.first() {
            Some(Part::Word(first)) => {
                let known = self.phrases.entry(first.clone()).or_default();
                known.push(phrase);
            }
            _ => self.open.push(phrase),
        }
    }

    fn is_within(&self, text: &str, words: &[Word]) -> bool {
        let stands = |at: usize| {
            let known = self.phrases.get(&words[at].text).into_iter().flatten();
            known
                .chain(&self.open)
                .any(|phrase| phrase.stands(words, at))
        };
        (0..words.len()).any(stands)
            // None of these languages is written in ASCII.
            || !text.is_ascii() && self.within.iter().any(|phrase| text.contains(phrase))
    }
}

impl Phrase {
    fn of(text: &str, is_whole: bool) -> Self {
        let parts = text.split(' ').map(|word| match word.strip_suffix('*') {
            _ if word == "#" => Part::Label,
            Some(beginning) => Part::Beginning(beginning.to_owned()),
            None => Part::Word(word.to_owned()),
        });
        Self {
            parts: parts.collect(),
            is_whole,
        }
    }

    fn stands(&self, words: &[Word], at: usize) -> bool {
        let Some(found) = words.get(at..at + self.parts.len()) else {
            return false;
        };
        let labels = self.parts.iter().filter(|part| matches!(part, Part::Label));
        // One small letter may be a word of its own: "the only a …".
        let takes_small = labels.count() > 1;
        let is_part = |(part, word): (&Part, &Word)| match part {
            Part::Label => {
                word.label == Label::Capital || takes_small && word.label == Label::Small
            }
            Part::Word(text) => word.text == *text,
            Part::Beginning(text) => word.text.starts_with(text.as_str()),
        };
        (!self.is_whole || found.len() == words.len()) && self.parts.iter().zip(found).all(is_part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaks_of_others(option: &str) -> bool {
        let choices = ["one thing", "another", "a third", option].map(str::to_owned);
        speaks_of_places(&choices) == Some(option)
    }

    #[test]
    fn options_that_speak_of_others_are_told_in_every_language() {
        for option in [
            "All of the above",
            "none of the other",
            "All three",
            "both of the above",
            "B and C",
            "A, C",
            "Both (A) and (B)",
            "a and c",
            "(a) and (b) only",
            "a, b",
            "Both 1 and 2",
            "Antwort 1 und 2 sind richtig",
            "The first two",
            "Die ersten beiden",
            "neither a nor b",
            "B only",
            "Only C.",
            "Options 1 and option B",
            "It is C or D, with reservations",
            "Keine der Genannten",
            "Sowohl A als auch C",
            "Nichts davon trifft zu",
            "Die oben genannten Gründe",
            "Ninguna de las anteriores",
            "Todas las respuestas son correctas",
            "A y B son correctas",
            "Aucune des réponses ci-dessus",
            "Les deux",
            "Nessuna delle altre",
            "Entrambe",
            "Nenhuma das alternativas",
            "Geen van bovenstaande",
            "Żadna z powyższych",
            "Odpowiedzi A i B",
            "Все вышеперечисленное",
            "А и Б",
            "Yukarıdakilerin hepsi",
            "以上皆是",
            "A和C",
            "上記のすべて",
            "AとB",
            "위의 모두",
            "उपरोक्त सभी",
            "كل ما سبق",
            "Cả A và B",
            "Semua jawaban benar",
        ] {
            assert!(speaks_of_others(option), "{option}");
        }
    }

    #[test]
    fn what_stands_for_itself_is_shuffled() {
        for option in [
            "Paris",
            "a cat and a dog",
            "vitamin A",
            "the only a posteriori claim",
            "He rose above it",
            "Three",
            "E and F",
            "1.5",
            "none",
            "I and II",
            "The answer a friend gave",
            "Grade A's best",
            "die Farbe der Wand",
            "la respuesta del perro",
            "中国",
        ] {
            assert!(!speaks_of_others(option), "{option}");
        }
    }

    #[test]
    fn letters_of_their_own_keep_options_where_they_are() {
        let told = |choices: &[&str]| {
            let choices: Vec<_> = choices.iter().map(|choice| (*choice).to_owned()).collect();
            speaks_of_places(&choices).is_some()
        };
        for choices in [
            &["A. red", "B. blue", "C. green"][..],
            &["(a) red", "(b) blue"],
            &["1) red", "2) blue", "3) green"],
            &["A", "B", "C", "D"],
            &["[A] x", "[B] y"],
        ] {
            assert!(told(choices), "{choices:?}");
        }
        for choices in [
            &["1", "2", "3", "4"][..],
            &["1.5", "2.5", "3.5"],
            &["a", "b", "c"],
            &["A. Smith", "T. Jones", "W. Brown"],
            &["c", "b", "a"],
        ] {
            assert!(!told(choices), "{choices:?}");
        }
    }

    #[test]
    fn every_phrase_is_found_as_it_is_written() {
        for line in PHRASES.lines().skip_while(|line| *line != "[english]") {
            let phrase = line.trim_start_matches(['=', '~', ' ']);
            if phrase.is_empty() || phrase.starts_with('[') {
                continue;
            }
            let option = phrase.replacen('#', "A", 1).replacen('#', "B", 1);
            let option = option.replace('*', "");
            assert!(speaks_of_others(&option), "{line}");
        }
    }
}
