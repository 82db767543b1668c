//! The options of a sample, and which of them a letter or a text names.

use std::collections::HashMap;
use std::sync::LazyLock;

use cleanbench_core::Sample;
use cleanbench_core::sample::SampleInput;
use regex::Regex;

use super::label::{Label, Name, Style, label_at};
use super::letters::Letters;
use crate::languages::{denies, joint, refutes};
use cleanbench_text::dress::{tight, undress};
use cleanbench_text::scan::{collapse, fold_case, is_word, push_folded, window, word_occurrences};
use std::borrow::Cow;

/// Why no option was read.
pub(in crate::scorers) type Failure = &'static str;

pub(in crate::scorers) const NO_CHOICE: Failure = "no choice named";
pub(in crate::scorers) const SEVERAL: Failure = "several choices named";
pub(in crate::scorers) const BEYOND: Failure = "letter beyond the options";
pub(in crate::scorers) const DISAGREE: Failure = "letter and text name different choices";
pub(in crate::scorers) const AMBIGUOUS: Failure = "letter is a label and another choice's text";

/// Position of the option that was named, or why none was.
pub(in crate::scorers) type Reading = Result<usize, Failure>;

/// In which way options may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Accept {
    Both,
    Letter,
    Text,
}

/// The options of one sample, prepared for comparison.
pub(in crate::scorers) struct Options {
    accept: Accept,
    /// Each option without decoration, white space collapsed.
    bare: Vec<String>,
    /// The same in lower case.
    folded: Vec<String>,
    /// Whether numbers can be labels, since no option is one.
    numbered: bool,
    /// Whether tags stay, since options are tags or differ by them.
    marked: bool,
    /// How letters of other scripts are taken.
    letters: Letters,
}

/// Bytes that are read of the beginning and of the end of a long answer.
const START: usize = 1 << 16;
const END: usize = 1 << 19;

/// `text` without the middle of what no answer is as long as.
fn ends(text: &str) -> Cow<'_, str> {
    if text.len() <= START + END {
        return Cow::Borrowed(text);
    }
    let start = &text[..text.floor_char_boundary(START)];
    let end = &text[text.ceil_char_boundary(text.len() - END)..];
    Cow::Owned(format!("{start}\n{end}"))
}

/// How the letters of other scripts are taken for a sample.
fn letters_of(sample: &Sample, accept: Accept) -> Letters {
    if accept == Accept::Text {
        return Letters::Own;
    }
    let asked = match &sample.input {
        SampleInput::Input(text) => text.as_str(),
        SampleInput::Messages(_) => "",
    };
    Letters::of(&sample.choices, asked)
}

/// Bytes around an option that may deny it.
const NEAR: usize = 64;

impl Options {
    pub(in crate::scorers) fn of(sample: &Sample, accept: Accept) -> Self {
        let read = |tags: bool| -> Vec<String> {
            let choices = sample.choices.iter();
            choices
                .map(|choice| undecorated(&tight(&undress(choice, tags))))
                .collect()
        };
        let (without, with) = (read(true), read(false));
        let is_empty = |choice: &String| !choice.contains(|c: char| !"*_ ".contains(c));
        let tagged = sample.choices.iter().any(|choice| choice.contains('<'));
        let mut first = HashMap::with_capacity(without.len());
        let differ = |(bare, whole)| *first.entry(bare).or_insert(whole) != whole;
        let marked =
            tagged && (without.iter().any(is_empty) || without.iter().zip(&with).any(differ));
        let bare = if marked { with } else { without };
        let folded: Vec<String> = bare.iter().map(|choice| fold_case(choice)).collect();
        let numbered = accept != Accept::Text && !folded.iter().any(|choice| holds_number(choice));
        Self {
            accept,
            bare,
            folded,
            numbered,
            marked,
            letters: letters_of(sample, accept),
        }
    }

    /// `text` without dress, in which tags stay where options differ by them.
    pub(in crate::scorers) fn plain(&self, text: &str) -> String {
        let ends = ends(text);
        let plain = undress(&ends, !self.marked);
        self.letters.latin(&tight(&plain)).into_owned()
    }

    /// Whether an option's text holds this label as a word, as "Vitamin C" does.
    pub(in crate::scorers) fn mentions(&self, name: Name) -> bool {
        let Name::Letter(letter) = name else {
            return false;
        };
        let letter = letter.to_ascii_lowercase().to_string();
        let mut options = self.folded.iter();
        options.any(|choice| word_occurrences(choice, &letter).next().is_some())
    }

    /// The label at `at` in `text`, of those that these options can have.
    pub(in crate::scorers) fn label_at(&self, text: &str, at: usize) -> Option<Label> {
        label_at(text, at).filter(|label| match label.name {
            Name::Letter(_) => true,
            Name::Letters(position) => position >= 26 && position < self.bare.len(),
            Name::Number(number) => self.numbered && number <= self.bare.len(),
        })
    }

    /// Whether another option is joined to the one that ends at `end`, as in "B or C", "A/B", "A, C".
    pub(in crate::scorers) fn is_joined(&self, text: &str, end: usize) -> bool {
        let reach = window(text, end, NEAR);
        let rest = reach.trim_start_matches([' ', '\t', '.', ':', ')', ']', '*', '_', '`', '"']);
        // An arrow leads from one option to another: which of them is meant, it does not say.
        let arrow = rest.strip_prefix(['→', '⇒']).or_else(|| {
            let rest = rest.strip_prefix(['-', '='])?;
            rest.strip_prefix('>')
        });
        if arrow.is_some_and(|rest| {
            self.label_at(rest, 0)
                .is_some_and(|label| !label.name.is_small())
        }) {
            return true;
        }
        let listed = rest
            .strip_prefix([',', ';', '，', '；'])
            .map(str::trim_start);
        let joined = listed.unwrap_or(rest);
        let length = joint(joined);
        if length > 0 {
            let start = joined.floor_char_boundary(length);
            let other = joined[start..].trim_start_matches([' ', '*', '_', '(', '[']);
            let after = if joined[..start].ends_with(['(', '[']) {
                &joined[start - 1..]
            } else {
                other
            };
            return self
                .label_at(after, 0)
                .is_some_and(|label| !label.name.is_small() || label.style != Style::Bare);
        }
        listed.is_some_and(|rest| {
            self.label_at(rest, 0).is_some_and(|label| {
                let after = rest[label.end..].trim_start_matches([' ', '.']);
                after.is_empty()
                    || after.starts_with([',', '\n', '}', '/', '&', ')'])
                    || joint(after) > 0
            })
        })
    }

    /// How many there are.
    pub(in crate::scorers) fn count(&self) -> usize {
        self.bare.len()
    }

    /// Length in bytes of an option.
    pub(in crate::scorers) fn length(&self, position: usize) -> usize {
        self.bare[position].len()
    }

    /// Length in bytes of the longest option.
    pub(in crate::scorers) fn longest(&self) -> usize {
        self.bare.iter().map(String::len).max().unwrap_or(0)
    }

    /// What a label names, as a label or as an option's whole text.
    pub(in crate::scorers) fn by_label(&self, label: &Label) -> Reading {
        let position = label.name.position();
        let named = (self.accept != Accept::Text && position < self.bare.len()).then_some(position);
        let text = match label.name {
            Name::Letter(letter) => self.by_text(letter.encode_utf8(&mut [0; 4])),
            Name::Letters(_) | Name::Number(_) => None,
        };
        match (named, text) {
            (Some(label), Some(Ok(text))) if self.folded[label] != self.folded[text] => {
                Err(AMBIGUOUS)
            }
            (Some(label), _) => Ok(label),
            (None, Some(text)) => text,
            (None, None) if self.accept == Accept::Text => Err(NO_CHOICE),
            (None, None) => Err(BEYOND),
        }
    }

    /// What a single letter names, see [`Self::by_label`].
    pub(in crate::scorers) fn by_letter(&self, letter: char) -> Reading {
        self.by_label(&Label {
            name: Name::Letter(letter),
            style: Style::Bare,
            named: false,
            affirmed: false,
            end: 0,
        })
    }

    /// The option whose text `text` is, decoration and case aside. Where options differ by case
    /// alone, case decides.
    pub(in crate::scorers) fn by_text(&self, text: &str) -> Option<Reading> {
        if self.accept == Accept::Letter {
            return None;
        }
        let bare = undecorated(text);
        let folded = fold_case(&bare);
        let first = self
            .position(&folded)
            .or_else(|| self.without_spaces(&folded))
            .or_else(|| self.without_article(&folded))
            .or_else(|| self.as_formula(&folded))
            .or_else(|| self.position(&format!("both {folded}")))?;
        if !self.has_twin(first) {
            return Some(Ok(first));
        }
        let exact = self.bare.iter().position(|choice| *choice == bare);
        Some(exact.ok_or(SEVERAL))
    }

    /// Bytes within which a list of all options could stand.
    pub(in crate::scorers) fn reach(&self) -> usize {
        let all: usize = self.bare.iter().map(String::len).sum();
        2 * all + 64 * self.bare.len()
    }

    /// The longest option with which `text` begins, case aside and as whole words, and what follows it.
    pub(in crate::scorers) fn text_at_start<'a>(&self, text: &'a str) -> Option<(usize, &'a str)> {
        if self.accept == Accept::Letter {
            return None;
        }
        let found = self
            .folded
            .iter()
            .enumerate()
            .filter_map(|(position, choice)| {
                let after = without_start(text, choice)?;
                let whole = !after.starts_with(is_word) || !choice.ends_with(is_word);
                (whole && !goes_on(choice, after)).then_some((position, after))
            });
        found.min_by_key(|(_, after)| after.len())
    }

    /// Whether two positions hold the same option.
    pub(in crate::scorers) fn same(&self, a: usize, b: usize) -> bool {
        self.bare[a] == self.bare[b]
    }

    /// Whether another option differs from this one by case alone.
    pub(in crate::scorers) fn has_twin(&self, position: usize) -> bool {
        let mut twins = self.folded.iter().zip(&self.bare);
        twins.any(|(folded, bare)| *folded == self.folded[position] && *bare != self.bare[position])
    }

    /// Whether an option of more than one character begins `text`, so that a letter there is its
    /// first word and no label ("E. coli").
    pub(in crate::scorers) fn begins(&self, text: &str) -> bool {
        let folded = fold_case(&undecorated(text));
        self.accept != Accept::Letter
            && self.folded.iter().any(|choice| {
                choice.chars().nth(1).is_some() && folded.starts_with(choice.as_str())
            })
    }

    fn position(&self, folded: &str) -> Option<usize> {
        self.folded.iter().position(|choice| *choice == folded)
    }

    /// The option that equals `folded` but for spaces, as "p=12" does "p = 12".
    fn without_spaces(&self, folded: &str) -> Option<usize> {
        if !folded.contains(['=', '+', '\\', '^']) {
            return None;
        }
        let tight = |text: &str| text.replace(' ', "");
        let wanted = tight(folded);
        let mut same = (0..self.folded.len()).filter(|&at| tight(&self.folded[at]) == wanted);
        let first = same.next()?;
        same.next().is_none().then_some(first)
    }

    /// The only option that equals `folded` but for an article before one of them, as "nucleus" does "the nucleus".
    fn without_article(&self, folded: &str) -> Option<usize> {
        let bare = bare_of_article(folded);
        let alike = |choice: &str| {
            let other = bare_of_article(choice);
            other == bare && (other.len() < choice.len() || bare.len() < folded.len())
        };
        let mut same = (0..self.folded.len()).filter(|&at| alike(&self.folded[at]));
        let first = same.next()?;
        same.next().is_none().then_some(first)
    }

    /// The only option that is the same formula in another notation, as "1/2" is "\\frac{1}{2}".
    fn as_formula(&self, folded: &str) -> Option<usize> {
        const SIGNS: [char; 6] = ['\\', '/', '√', '^', 'π', '·'];
        let wanted = formula(folded);
        let mut same = (0..self.folded.len()).filter(|&at| {
            let choice = &self.folded[at];
            (choice.contains(SIGNS) || folded.contains(SIGNS)) && formula(choice) == wanted
        });
        let first = same.next()?;
        same.next().is_none().then_some(first)
    }

    /// Whether `text` ends with an option's text or with a letter of it.
    pub(in crate::scorers) fn ends(&self, text: &str, position: usize) -> bool {
        let reach = self.bare[position].len() + 16;
        let end = &text[text.ceil_char_boundary(text.len().saturating_sub(reach))..];
        let last = end
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        let letter = last.len() == 1 && last.bytes().all(|byte| byte.is_ascii_uppercase());
        letter || fold_case(end).ends_with(self.folded[position].as_str())
    }

    /// Whether an option is a number.
    pub(in crate::scorers) fn is_number(&self, position: usize) -> bool {
        let choice = &self.folded[position];
        choice
            .chars()
            .all(|c| c.is_ascii_digit() || ".,-".contains(c))
    }

    /// The options whose texts occur in `text` as whole words and are not denied there. An occurrence inside that of
    /// a longer option does not count; neither do options of one character that is a letter, which occur in any text.
    /// A word that stands in any text, such as "no", counts only where a statement leads `text` in (`led`).
    pub(in crate::scorers) fn occurring(&self, text: &str, led: bool) -> Vec<usize> {
        if self.accept == Accept::Letter {
            return Vec::new();
        }
        let text = fold_case(&collapse(text));
        let mut order: Vec<usize> = (0..self.folded.len()).collect();
        order.sort_by_key(|&position| std::cmp::Reverse(self.folded[position].len()));
        let mut covered = Spans::default();
        let mut named: Vec<usize> = Vec::new();
        for position in order {
            let choice = &self.folded[position];
            let known = named.iter().any(|&other| self.folded[other] == *choice);
            let common = !led && COMMON.split(' ').any(|word| word == choice);
            if is_single_letter(choice) || common || known && !self.has_twin(position) {
                continue;
            }
            let mut found = covered.outside(&text, choice);
            found.retain(|&start| {
                !goes_on(choice, &text[start + choice.len()..]) && !began(choice, &text[..start])
            });
            let affirmed = found
                .iter()
                .take(MOST)
                .any(|&start| !is_denied(&text, start, choice.len()));
            if affirmed {
                named.push(position);
            }
            covered.add(found, choice.len());
        }
        named
    }
}

/// `text` without an article before it; all of it where nothing else stands there.
fn bare_of_article(text: &str) -> &str {
    const ARTICLES: &str = "the a an der die das ein eine le la les un une el los las una il lo i o os as um uma de het een";
    match text.split_once(' ') {
        Some((word, rest)) if ARTICLES.split(' ').any(|article| article == word) => {
            rest.trim_start()
        }
        _ => text,
    }
}

/// A formula without spaces, its fractions and roots as in plain text.
fn formula(text: &str) -> String {
    static FRACTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\\frac\{([^{}]{1,40})\}\{([^{}]{1,40})\}")
            .expect("the pattern is fixed and its tests compile it")
    });
    static ROOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\\sqrt\{(\w{1,40})\}").expect("the pattern is fixed and its tests compile it")
    });
    let plain = FRACTION.replace_all(text, "$1/$2");
    let plain = ROOT.replace_all(&plain, "√$1");
    let plain = plain
        .replace("\\pi", "π")
        .replace("\\cdot", "*")
        .replace("\\times", "*");
    let dress = ['$', ' ', '{', '}'];
    plain.replace(dress, "").replace(['·', '×'], "*")
}

/// Whether a number goes on after `choice`, as "3" does in "3/4" and "3.5".
fn goes_on(choice: &str, after: &str) -> bool {
    let mut next = after.chars();
    choice.ends_with(|c: char| c.is_ascii_digit())
        && match next.next() {
            Some('/' | '^') => true,
            Some('.' | ',') => next.next().is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        }
}

/// Whether a number began before `choice`, as "3" does in "2/3", "√3" and "-3".
fn began(choice: &str, before: &str) -> bool {
    let mut last = before.chars().rev();
    choice.starts_with(|c: char| c.is_ascii_digit())
        && match last.next() {
            Some('/' | '^' | '√') => true,
            Some('.' | ',') => last.next().is_some_and(|c| c.is_ascii_digit()),
            Some('-' | '−') => !last.next().is_some_and(char::is_alphanumeric),
            _ => false,
        }
}

/// Whether a number in an answer may mean the value that `choice`, in lower case, holds.
fn holds_number(choice: &str) -> bool {
    const WORDS: &str = "zero one two three four five six seven eight nine ten eleven twelve twenty hundred thousand once twice \
    null eins zwei drei vier fünf sechs sieben acht neun zehn deux trois quatre cinq sept huit neuf dix dos \
    tres cuatro cinco seis siete ocho nueve diez due tre quattro cinque sei sette otto nove dieci dois duas \
    três quatro sete oito dez twee drie vijf zes zeven negen tien två fyra fem sju åtta nio tio dwa trzy \
    cztery pięć iki üç dört beş dua tiga empat bốn два три четыре пять шесть семь восемь девять десять";
    let mut words = choice.split(|c: char| !c.is_alphanumeric());
    choice.contains(|c: char| c.is_numeric() || "一二三四五六七八九十百".contains(c))
        || words.any(|word| word != "one" && WORDS.split(' ').any(|number| number == word))
        || choice == "one"
}

/// Most occurrences of an option that are looked at.
const MOST: usize = 1000;

/// Options that are words of any text.
const COMMON: &str = "yes no true false right wrong first second last left none not all both it one ja nein wahr falsch \
    richtig oui non vrai faux sí si verdadero falso sim não verdadeiro vero nee nej sant falskt tak nie \
    prawda fałsz evet hayır doğru yanlış ya tidak benar salah có không đúng sai да нет верно неверно نعم لا \
    हाँ नहीं";

/// Whether the text around an option denies it.
pub(in crate::scorers) fn is_denied(text: &str, start: usize, length: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(NEAR));
    // What was read may be shorter than the option, as without an article.
    let end = text.ceil_char_boundary(start + length);
    denies(&text[from..start]) || refutes(window(text, end, NEAR))
}

/// What follows `folded`, which is in lower case, where `text` begins with it in any case.
fn without_start<'a>(text: &'a str, folded: &str) -> Option<&'a str> {
    let mut letters = text.chars();
    let mut read = String::new();
    while read.len() < folded.len() {
        push_folded(&mut read, letters.next()?);
        if !folded.starts_with(read.as_str()) {
            return None;
        }
    }
    Some(letters.as_str())
}

fn is_single_letter(choice: &str) -> bool {
    let mut characters = choice.chars();
    characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
}

/// Stretches of text that longer options take up.
#[derive(Default)]
struct Spans {
    /// Start, and the furthest end of this span and all before it; sorted by start.
    spans: Vec<(usize, usize)>,
}

impl Spans {
    /// Occurrences of `choice` in `text` that do not lie within a span.
    fn outside(&self, text: &str, choice: &str) -> Vec<usize> {
        word_occurrences(text, choice)
            .filter(|&start| {
                let before = self.spans.partition_point(|(other, _)| *other <= start);
                let furthest = before.checked_sub(1).map_or(0, |last| self.spans[last].1);
                furthest < start + choice.len()
            })
            .collect()
    }

    fn add(&mut self, starts: Vec<usize>, length: usize) {
        self.spans
            .extend(starts.into_iter().map(|start| (start, start + length)));
        self.spans.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut self.spans {
            furthest = furthest.max(*end);
            *end = furthest;
        }
    }
}

/// `text` without quotes, emphasis, brackets of mathematics and a bullet around it and without punctuation after it,
/// white space collapsed; unchanged but for white space where nothing else would be left.
pub(in crate::scorers) fn undecorated(text: &str) -> String {
    const DECORATION: &[char] = &[
        '*', '_', '`', '"', '\'', '“', '”', '‘', '’', '«', '»', '「', '」', '『', '』', '【', '】',
        '#',
    ];
    const ENDING: &[char] = &['.', ',', ';', ':', '!', '?', '。', '，', '！'];
    let collapsed = collapse(text);
    let bare = ["- ", "* ", "• ", "> "]
        .iter()
        .find_map(|bullet| collapsed.strip_prefix(bullet))
        .unwrap_or(&collapsed)
        .trim_start_matches(DECORATION)
        .trim_end_matches(|c| DECORATION.contains(&c) || ENDING.contains(&c))
        .trim();
    let inner = bare
        .strip_prefix('$')
        .and_then(|rest| rest.strip_suffix('$'));
    let bare = inner.map_or(bare, |inner| inner.trim_matches('$').trim());
    if bare.is_empty() {
        collapsed
    } else {
        bare.to_owned()
    }
}
