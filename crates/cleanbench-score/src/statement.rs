//! Where an answer says what its final answer is.
//!
//! Recognised are statements in the languages of `languages/` ("the answer is", "Answer:", "die richtige Antwort
//! lautet", "正确答案是"), `\boxed{` and the tags that are asked for around answers (`<answer>`, `<final>`).
//! What follows is the caller's to read. No statement is: one about another answer ("the wrong answer is", "a
//! tempting answer is"; where adjectives precede the noun, any word that is not known to leave it the final
//! answer), one that is supposed or somebody else's ("if …, the answer would be", "you might think the answer is"),
//! a question that no "yes" follows, and what stands after a new question or a user's turn, once something was
//! answered.
//!
//! Invariant: linear in the length of the text: nouns are looked for by one pattern without repetition, and what
//! stands around the last [`MOST`] of them is read within bounds.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use crate::languages::{LANGUAGES, Language, spoken};
use cleanbench_text::scan::{after, before, is_word, window};

/// A place at which a final answer may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Where the answer would start, after decoration.
    pub(crate) at: usize,
    /// Whether it stands in the braces of `\boxed{…}`.
    pub(crate) boxed: bool,
}

/// What leads an answer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `\boxed{`.
    Boxed,
    /// `<answer>` and the like.
    Tag,
    /// "The answer is".
    Stated,
    /// "The answers are".
    Plural,
    /// "The answer is not".
    Denied,
    /// "I choose", "so".
    Lead,
    /// "The wrong answer is", "you might think the answer is".
    Disowned,
}

/// A place at which an answer follows, and how it is led in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where what leads it in begins.
    pub(crate) from: usize,
    /// Where the noun, the mark or the phrase ends that leads it in.
    pub(crate) phrase: usize,
    /// Where the answer would start, after decoration.
    pub(crate) at: usize,
    /// By what it is led in.
    pub(crate) kind: Kind,
}

/// Most places that are read, the last ones.
const MOST: usize = 512;

/// Bytes at the end of a text in which places are looked for before they are in all of it.
const NEAR: usize = 1 << 18;

/// Bytes on either side of a noun that are read.
const REACH: usize = 200;

/// What a word may lead in, in which language.
#[derive(Debug, Clone, Copy)]
struct Word {
    language: usize,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Noun,
    Plural,
    Weak,
    Lead,
}

/// The words of all languages, and one pattern for all of them.
struct Words {
    known: HashMap<String, Vec<Word>>,
    pattern: Regex,
}

impl Words {
    fn of(roles: &[(&str, Role)], more: &str) -> Self {
        let mut known: HashMap<String, Vec<Word>> = HashMap::new();
        for (language, file) in LANGUAGES.iter().enumerate() {
            for (key, role) in roles {
                for word in file.values(key) {
                    let word_of = Word {
                        language,
                        role: *role,
                    };
                    known.entry(word.to_lowercase()).or_default().push(word_of);
                }
            }
        }
        let mut words: Vec<String> = known.keys().map(|word| regex::escape(word)).collect();
        words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        let pattern = RegexBuilder::new(&format!("{more}{}", words.join("|")))
            .case_insensitive(true)
            .dfa_size_limit(1 << 23)
            .build()
            .expect("the languages are fixed and the tests compile them");
        Self { known, pattern }
    }

    /// The last places in `text` at which a word or a mark stands, in order.
    fn places(&self, text: &str) -> VecDeque<std::ops::Range<usize>> {
        let near = text.ceil_char_boundary(text.len().saturating_sub(NEAR));
        let places = self.places_from(text, near);
        // The end of a long text may hold as many as are read.
        if near == 0 || places.len() == MOST {
            return places;
        }
        self.places_from(text, 0)
    }

    fn places_from(&self, text: &str, from: usize) -> VecDeque<std::ops::Range<usize>> {
        let mut places = VecDeque::new();
        for found in self.pattern.find_iter(&text[from..]) {
            if places.len() == MOST {
                places.pop_front();
            }
            places.push_back(from + found.start()..from + found.end());
        }
        places
    }
}

static NOUNS: LazyLock<Words> = LazyLock::new(|| {
    let roles = [
        ("noun", Role::Noun),
        ("plural", Role::Plural),
        ("weak", Role::Weak),
    ];
    Words::of(
        &roles,
        r"\\(?:boxed|fbox)[ \t]{0,4}\{|<(?:final[_ -]?)?(?:answer|final|choice|option|response|result|output|solution|label|ans)>|\[answer\]|<\|begin_of_box\|>|",
    )
});

static LEADS: LazyLock<Words> = LazyLock::new(|| Words::of(&[("lead", Role::Lead)], ""));

/// Every statement in `text`, in order.
pub(crate) fn statements(text: &str) -> impl Iterator<Item = Statement> + '_ {
    found(text).into_iter().filter_map(|found| {
        let boxed = found.kind == Kind::Boxed;
        matches!(found.kind, Kind::Boxed | Kind::Tag | Kind::Stated).then_some(Statement {
            at: found.at,
            boxed,
        })
    })
}

/// Every statement in `text`, those of several answers and the denied ones included, in order.
pub(crate) fn found(text: &str) -> Vec<Found> {
    let mut all = all(text);
    all.retain(|found| found.kind != Kind::Disowned);
    all
}

/// Every statement that is about another answer, or not the answer's own, in order.
pub(crate) fn disowned(text: &str) -> Vec<Found> {
    let mut all = all(text);
    all.retain(|found| found.kind == Kind::Disowned);
    all
}

fn all(text: &str) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for place in NOUNS.places(text) {
        let inside = all
            .last()
            .is_some_and(|last| last.at > place.start && last.kind != Kind::Stated);
        if !inside {
            all.extend(read(text, &place));
        }
    }
    let echo = |found: &Found| {
        let tag = text[found.from..found.phrase].to_lowercase();
        found.kind == Kind::Tag && (tag == "<option>" || tag == "<choice>")
    };
    if all.iter().filter(|found| echo(found)).take(2).count() > 1 {
        all.retain(|found| !echo(found));
    }
    if let Some(end) = run_on(text) {
        let first = all.first().is_some_and(|first| first.at <= end);
        if first || is_short_answer(&text[..end]) {
            all.retain(|found| found.at <= end);
        }
    }
    all
}

/// Every phrase in `text` after which an answer may follow without a noun for it, in order.
pub(crate) fn leads(text: &str) -> Vec<Found> {
    let places = LEADS.places(text);
    let spoken = spoken(text);
    places
        .into_iter()
        .filter_map(|place| lead(text, &place, &spoken))
        .collect()
}

/// Where a new question or a user's turn begins, after something was said.
pub(crate) fn run_on(text: &str) -> Option<usize> {
    static TURN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?im)^[ \t>*#_]{0,6}(?:(?:next |new )?(?:question|q|problem|exercise|user|human|frage|aufgabe|pregunta|pregunta|pergunta|domanda|vraag|fråga|pytanie|soru|pertanyaan|câu hỏi|вопрос|задача|سؤال|السؤال|प्रश्न)[ \t]{0,2}[0-9]{0,4}[*_ \t]{0,3}[:：.]|(?:问题|題目|题目|質問|問題|질문|문제)[ \t]{0,2}[0-9]{0,4}[*_ \t]{0,3}[:：]|<\|(?:user|im_start)\|>)",
        )
        .expect("the pattern is fixed and the tests compile it")
    });
    let places = TURN.find_iter(text).map(|found| found.start());
    let turn = places
        .take(64)
        .find(|&at| text[..at].chars().any(char::is_alphanumeric));
    match (turn, unmarked(text)) {
        (Some(turn), Some(unmarked)) => Some(turn.min(unmarked)),
        (turn, unmarked) => turn.or(unmarked),
    }
}

/// Where a question with its options begins, after a short answer and a blank line.
fn unmarked(text: &str) -> Option<usize> {
    static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"\A(\s{0,64}[^\n]{1,48}\n[ \t]{0,8}\n\s{0,64})[^\n]+[?？][ \t]{0,8}\n\s{0,64}\(?[Aa1][.):：]",
        )
        .expect("the pattern is fixed and the tests compile it")
    });
    let end = QUESTION.captures(window(text, 0, 4096))?.get(1)?.end();
    is_short_answer(&text[..end]).then_some(end)
}

/// Whether a text is so short that it is an answer: a number, a letter or a word or two.
fn is_short_answer(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 48
        && !text.ends_with('?')
        && text.split_whitespace().take(3).count() <= 2
        && text.split_whitespace().any(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            word.chars().count() == 1 || word.chars().any(char::is_numeric)
        })
}

/// The statement that begins at `place`, if it is one.
fn read(text: &str, place: &std::ops::Range<usize>) -> Option<Found> {
    let word = &text[place.clone()];
    let found = |at, kind| Found {
        from: place.start,
        phrase: place.end,
        at,
        kind,
    };
    if word.starts_with(['\\', '<', '[']) {
        let before = left(text, place.start);
        let denied = crate::languages::denies(before) || disowns(before);
        let boxed = word.starts_with('\\');
        let (at, kind) = if boxed {
            (in_box(text, place.end), Kind::Boxed)
        } else {
            (place.end, Kind::Tag)
        };
        return (!denied).then(|| found(at, kind));
    }
    let folded = word.to_lowercase();
    let mut readings = NOUNS.known.get(&folded)?.iter().filter_map(|word| {
        let language = &LANGUAGES[word.language];
        let (at, kind) = led_in(text, place, *word, language)?;
        let firm =
            matches!(kind, Kind::Denied | Kind::Disowned) || stands_firm(text, place, language);
        let read = found(at, if firm { kind } else { Kind::Disowned });
        Some((read, language.strict))
    });
    let (first, _) = readings.next()?;
    // What one language does not know before a noun that it shares with another may be known there.
    let known = readings.find(|(read, strict)| *strict && read.kind != Kind::Disowned);
    let disowned = first.kind == Kind::Disowned;
    Some(known.filter(|_| disowned).map_or(first, |(read, _)| read))
}

/// Whether the end of `before` says that a box that follows holds another answer: "a wrong answer is".
pub(crate) fn disowns(before: &str) -> bool {
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix)(?: \b(?:wrong|incorrect|tempting|mistaken|initial|naive|false|erroneous)\ (?:\w{1,12}\ )?
              (?:answer|result|value|guess|response|solution|attempt)s?\ (?:\w{1,8}\ )?(?:is|was|are|of|would\ be|might\ be|gives|gave)
            | \bif\ (?:you|one|we)\ (?:made?|forgot|forget|ignored?|miss(?:ed)?|used?|did\ not|do\ not|didn['’]t|don['’]t)\b[^.!?\n]{0,80}
              (?:would|['’]d)\ (?:get|have|obtain|find|end\ up\ with)
            | \bfalsche\ (?:antwort|lösung)\ (?:ist|wäre|war) | \bréponse\ (?:fausse|incorrecte)\ (?:est|serait|était)
            | \brespuesta\ (?:incorrecta|equivocada)\ (?:es|sería|era) | \bрешение\ неверно | (?:错误|錯誤)的?(?:答案|结果|結果)(?:是|为|為) )
            [\s:：$*(\[\\]{0,6}$",
        )
        .expect("the pattern is fixed and the tests compile it")
    });
    OTHER.is_match(before)
}

/// After `\text{` and the like in a box.
fn in_box(text: &str, at: usize) -> usize {
    static TEXT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s{0,4}\\(?:text|textbf|mathrm|mathbf|textrm)\s{0,4}\{")
            .expect("the pattern is fixed and the tests compile it")
    });
    at + TEXT
        .find(window(text, at, 32))
        .map_or(0, |found| found.end())
}

/// Where the answer begins that a noun leads in, where the noun is about the final answer.
fn led_in(
    text: &str,
    place: &std::ops::Range<usize>,
    word: Word,
    language: &Language,
) -> Option<(usize, Kind)> {
    if language.spaced && !is_whole(text, place) {
        return None;
    }
    let rest = window(text, place.end, REACH);
    let premodified = premodified(text, place.start, language);
    if is_wrong_after(rest, language) {
        return Some((place.end, Kind::Disowned));
    }
    let Some(right) = premodified else {
        let end = language.lead_in().find(rest)?.end();
        return Some((place.end + end, Kind::Disowned));
    };
    if word.role == Role::Weak && !right && !right_after(rest, language) {
        return None;
    }
    if language.denied().is_match(rest) {
        let end = language.denied().find(rest)?.end();
        return Some((place.end + end, Kind::Denied));
    }
    let end = language.lead_in().find(rest)?.end();
    let lead_in = rest[..end].trim_end_matches([' ', '*', '_', '$']);
    if is_calculation(lead_in, &rest[end..]) {
        return None;
    }
    let kind = match word.role {
        _ if is_elsewhere(lead_in) => Kind::Disowned,
        Role::Plural => Kind::Plural,
        _ => Kind::Stated,
    };
    Some((place.end + end, kind))
}

/// Whether a sign that may lead an answer in is one of a calculation: "To find the answer we add 3 + 4 =".
fn is_calculation(lead_in: &str, rest: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    let equals = lead_in.ends_with('=') && lead_in.contains(digit);
    let minus = lead_in.strip_suffix(['-', '–']);
    let minus = minus.is_some_and(|left| left.trim_end().ends_with(digit));
    equals || minus && rest.starts_with(digit)
}

/// Whether what stands between a noun and its verb is another question: "to the follow-up question".
fn is_elsewhere(between: &str) -> bool {
    static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix)\b(?:follow[\ -]?up|next|other|another|similar|related|previous|earlier|different|bonus|alternative)\ (?:\w{1,12}\ )?
              (?:question|problem|exercise|version|variant|scenario|task)s?\b
            | \b(?:nächste|andere|vorige)[nrs]?\ (?:frage|aufgabe)\b | \b(?:siguiente|otra|otro|anterior)\ (?:pregunta|problema)\b
            | \bquestion\ (?:suivante|précédente)\b | \bautre\ question\b | [上下另][一个個]{0,2}(?:问题|問題|题|題)",
        )
        .expect("the pattern is fixed and the tests compile it")
    });
    between.len() > 8 && ELSEWHERE.is_match(between)
}

/// Whether one of the two words after a noun makes another answer of it, in languages where adjectives follow.
fn is_wrong_after(rest: &str, language: &Language) -> bool {
    let before = rest.split([':', '：']).next().unwrap_or(rest);
    let mut words = before
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let two = [words.next(), words.next()];
    let post = language.values("post");
    let post: Vec<&str> = post.collect();
    two.into_iter()
        .flatten()
        .any(|word| post.contains(&word.to_lowercase().as_str()))
}

/// Whether the word after a noun says that it is the right one, in languages where adjectives follow.
fn right_after(rest: &str, language: &Language) -> bool {
    let mut words = rest.split(|c: char| !c.is_alphanumeric());
    let word = words.find(|word| !word.is_empty()).unwrap_or_default();
    !language.strict && language.has("after", &word.to_lowercase())
}

/// Whether a word is no part of a longer one.
fn is_whole(text: &str, place: &std::ops::Range<usize>) -> bool {
    let starts = !before(text, place.start).is_some_and(|c| is_word(c) && c != '_' || c == '-');
    let ends = !after(text, place.end).is_some_and(|c| is_word(c) && c != '_');
    starts && ends
}

/// The text before `at`, as far as it is read.
fn left(text: &str, at: usize) -> &str {
    let start = text.ceil_char_boundary(at.saturating_sub(REACH));
    &text[start..at]
}

const ENDS: [char; 17] = [
    '.', '!', '?', ';', ':', '\n', ',', '(', ')', '。', '！', '？', '；', '：', '，', '、', '।',
];

/// Whether a word before the noun says that it is the right one; `None` where one makes another answer of it.
fn premodified(text: &str, at: usize, language: &Language) -> Option<bool> {
    let left = left(text, at);
    let clause = left.rsplit(ENDS).next().unwrap_or(left);
    let clause = clause.to_lowercase().replace(['’', '´'], "'");
    if !language.spaced {
        let wrong = language.values("wrong").any(|word| clause.contains(word));
        let right = ["正确", "正確", "正しい", "최종", "올바른", "맞는", "옳은"];
        return (!wrong).then(|| right.iter().any(|word| clause.ends_with(word)));
    }
    let mut right = false;
    for word in clause.split([' ', '\t', '*', '_', '`', '"']).rev() {
        let word = word.trim_matches('\'');
        if word.is_empty() {
            continue;
        }
        if language.has("wrong", word) {
            return None;
        }
        if language.has("right", word) {
            right = true;
        } else if language.has("det", word) {
            // "The" stands in a name, "my" in none: both end what describes the noun.
            return Some(right || word == "my");
        } else if language.strict && !right && word.chars().any(char::is_alphabetic) {
            return None;
        } else {
            return Some(right);
        }
    }
    Some(right)
}

/// Whether nothing around a statement makes a supposition or a question of it.
fn stands_firm(text: &str, place: &std::ops::Range<usize>, language: &Language) -> bool {
    let left = left(text, place.start);
    let sentence = left
        .rsplit([
            '.', '!', '?', ';', '\n', '。', '！', '？', '；', '।', '؟', '¿',
        ])
        .next()
        .unwrap_or(left);
    let turn = language.contrast().find_iter(sentence).last();
    let clause = turn.map_or(sentence, |found| &sentence[found.end()..]);
    !language.doubt().is_match(clause) && !is_open_question(text, place.end, language)
}

/// Whether the sentence around `at` ends in a question mark, and nothing affirms it.
fn is_open_question(text: &str, at: usize, language: &Language) -> bool {
    let rest = window(text, at, REACH);
    let mut characters = rest.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        match character {
            '?' | '？' | '؟' => {
                let after = &rest[offset + character.len_utf8()..];
                return !language.yes().is_match(after);
            }
            '!' | '\n' | '。' | '！' | '।' => return false,
            '.' if characters
                .peek()
                .is_none_or(|(_, next)| next.is_whitespace()) =>
            {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// The place after a phrase that leads an answer in.
fn lead(text: &str, place: &std::ops::Range<usize>, spoken: &[bool]) -> Option<Found> {
    let word = text[place.clone()].to_lowercase();
    LEADS.known.get(&word)?.iter().find_map(|known| {
        let language = &LANGUAGES[known.language];
        if language.spaced && !is_whole(text, place) || !stands_firm(text, place, language) {
            return None;
        }
        // "Don't pick C".
        if crate::languages::denies(left(text, place.start)) {
            return None;
        }
        let end = language
            .filler()
            .find(window(text, place.end, REACH))?
            .end();
        let leads = !is_short(&text[place.clone()])
            || (spoken[known.language] || !word.is_ascii() && word.chars().nth(1).is_some())
                && (opens_clause(text, place.start) || is_capital(&text[place.end + end..]));
        leads.then_some(Found {
            from: place.start,
            phrase: place.end,
            at: place.end + end,
            kind: Kind::Lead,
        })
    })
}

/// Whether a phrase is so short that it is a word of another language too, or a mere verb: "to", "so", "è la".
pub(crate) fn is_short(phrase: &str) -> bool {
    const LONGER: [&str; 9] = [
        "reste", "resta", "sobra", "queda", "assim", "ainsi", "es la", "leaves", "es ist",
    ];
    let latin = phrase
        .chars()
        .all(|c| c < '\u{0370}' || ('\u{1e00}'..'\u{2000}').contains(&c));
    latin && phrase.chars().nth(4).is_none() || LONGER.contains(&phrase.to_lowercase().as_str())
}

/// Whether what stands before `at` ends a clause.
fn opens_clause(text: &str, at: usize) -> bool {
    let head = left(text, at).trim_end_matches([' ', '\t', '*', '_', '"']);
    head.is_empty() || head.ends_with(ENDS) || head.ends_with(['-', '–', '—', '…', '>'])
}

/// Whether `text` begins with a capital that stands alone.
fn is_capital(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '*', '_', '(', '"', '`']);
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && !text
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_alphanumeric() || c == '\'' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = statements(text).map(|found| &text[found.at..]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_follows_a_statement() {
        check("The answer is B.", &["B."]);
        check("**Answer:** (C)", &["(C)"]);
        check("ANSWER : option D", &["D"]);
        check("answer\n\n**B**", &[]);
        check("Final answer:\n**B**", &["B**"]);
        check("the correct option is the letter B", &["B"]);
        check("The answer to question 3 is: (C)", &["(C)"]);
        check("The answer for 3: 7", &["7"]);
        check("so \\boxed{\\text{B}}", &["B}}"]);
        check("\\boxed {5}", &["5}"]);
        check("The answer isn't B", &[]);
        check("The answers: A, B", &[]);
        check("The answered is A", &[]);
        check("answer is 5. Answer: 6", &["5. Answer: 6", "6"]);
        check("The answer would be - 5", &["- 5"]);
        check("answer - 5, answer -5", &["5, answer -5"]);
        check("答え：B。answer：B", &["B。answer：B", "B"]);
    }

    #[test]
    fn what_is_about_another_answer() {
        for text in [
            "The wrong answer is A",
            "A tempting answer is A",
            "Second best answer: C",
            "(my initial answer was A)",
            "You might think the answer is A",
            "If it rains, the answer is A",
            "Many would say that the answer is A",
            "Is the answer A? No.",
            "I don't think the answer is A",
            "Die falsche Antwort ist A",
            "La réponse incorrecte est A",
            "La respuesta incorrecta es A",
            "错误答案是A",
            "틀린 답은 A",
            "Неправильный ответ: A",
            "Man könnte meinen, die Antwort ist A",
            "The answer to the next question is A",
            "A common wrong answer is \\boxed{A}",
            "To find the answer we add 3 + 4 = A",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn what_comes_after_a_new_question_is_no_statement() {
        check(
            "Answer: B\n\nQuestion: which?\nAnswer: A",
            &["B\n\nQuestion: which?\nAnswer: A"],
        );
        check("42\n\nQuestion: which?\nAnswer: 7", &[]);
        check("Let me restate it.\nQuestion: which?\nAnswer: 7", &["7"]);
    }
}
