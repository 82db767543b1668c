//! `choice`: which of the sample's options the answer names, by label or by text.
//!
//! Parameter `accept`: `"both"`, `"letter"` or `"text"`. The rules, tried in this order:
//!
//! 1. "whole answer": it is an option: its text, its label (`B`, `(B)`, `B.`, `**B**`, `【B】`, "Option B", or its
//!    number where no option is one), or both.
//! 2. "json": a JSON object with a key such as `answer` holds one.
//! 3. "boxed", "tag", "stated": the last statement that names an option (see [`crate::statement`]), but for a
//!    correction after it.
//! 4. "opening": the answer opens with a label that is set off (`B) text`, "B because"), or with an option's text
//!    that is ("Yes, there is no limit"), which no other follows as one of several.
//! 5. "last line": one option stands on a line of its own and no other does, or in the last sentence.
//! 6. "verdict": each option was judged, and one was found right.
//! 7. "concluded": the last conclusion that names an option ("so C", "I choose (B)", "故选C").
//! 8. "only option": one option is named, and no other that is not denied.
//!
//! Texts are compared without case, quotes, emphasis and punctuation at the end, and without what only changes their
//! look ([`plain`]). A letter is no label where it reads as an article, a pronoun or a part of something longer
//! ([`label`]); `A:` before an answer is a role.
//! It refuses to guess: several options, a label beyond the options, and a label whose text belongs to another option
//! are not extracted.

pub(in crate::scorers) mod label;
pub(in crate::scorers) mod options;
pub(in crate::scorers) mod plain;

use std::borrow::Cow;
use std::sync::LazyLock;

use cleanbench_core::{Sample, Score};
use regex::Regex;
use serde_json::Value;

use self::label::{Label, Name, Style};
use self::options::{Accept, BEYOND, DISAGREE, NO_CHOICE, Options, Reading, SEVERAL, is_denied};
use crate::find_json::find_object;
use crate::languages::{affirms, after_turn, joint, refutes, turns};
use crate::params::Params;
use crate::rule::Rule;
use crate::statement::{Found, Kind, disowned, found, is_short, leads, run_on};
use crate::target;
use cleanbench_text::scan::{before, is_word, window};

/// Bytes at either end of an answer in which lines and sentences are looked at one by one.
const FAR: usize = 1 << 15;

/// Reads multiple-choice answers.
#[derive(Debug)]
pub(crate) struct Choice {
    accept: Accept,
}

pub(crate) fn build(params: &mut Params<'_>) -> Choice {
    let words = [
        ("both", Accept::Both),
        ("letter", Accept::Letter),
        ("text", Accept::Text),
    ];
    Choice {
        accept: params.word("accept", &words),
    }
}

/// What was read, and the rule by which it was.
struct Read {
    reading: Reading,
    rule: &'static str,
}

fn by(rule: &'static str) -> impl Fn(Reading) -> Read {
    move |reading| Read { reading, rule }
}

fn read(text: &str, options: &Options) -> Read {
    let text = text.trim();
    if let Some(whole) = whole(text, options) {
        return by(crate::rule::WHOLE)(whole);
    }
    if let Some(rest) = after_role(text, options) {
        return read_parts(rest, options);
    }
    if let Some(at) = run_on(text)
        && let Some(whole) = whole(&text[..at], options)
    {
        // Where the question is the same again, another answer to it leaves two.
        let again = options.occurring(&text[at..], true).len() == options.count();
        let differs =
            again && stated(&text[at..], options).is_some_and(|read| read.reading != whole);
        return by("opening")(if differs { Err(SEVERAL) } else { whole });
    }
    read_parts(text, options)
}

fn read_parts(text: &str, options: &Options) -> Read {
    whole(text, options)
        .map(by(crate::rule::WHOLE))
        .or_else(|| in_json(text, options).map(by("json")))
        .or_else(|| stated(text, options))
        .unwrap_or_else(|| unstated(&owned(text), options))
}

/// What an answer without a statement names.
fn unstated(text: &str, options: &Options) -> Read {
    let start = window(text, 0, FAR);
    let end = &text[text.ceil_char_boundary(text.len().saturating_sub(FAR))..];
    opening(start, text, options)
        .or_else(|| own_line(end, options).map(by("last line")))
        .or_else(|| verdict(end, options).map(by("verdict")))
        .or_else(|| confirmed(end, options).map(by("verdict")))
        .or_else(|| concluded(text, 0, options).map(by("concluded")))
        .or_else(|| affirmed(end, options).map(by("verdict")))
        .or_else(|| predicate(end, options).map(by("verdict")))
        .unwrap_or_else(|| by("only option")(only(end, options)))
}

/// The one option whose label is said to be right, as in "C fits best".
fn affirmed(text: &str, options: &Options) -> Option<Reading> {
    let affirmed = labels(text, options, false).affirmed;
    let [named] = affirmed[..] else {
        return None;
    };
    Some(Ok(named))
}

/// Whether a label after `before` is only supposed, or somebody else's.
fn is_supposed(before: &str) -> bool {
    static SUPPOSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b(?:if|whether|unless|why|think|thought|say|says|said|claims?|that|than|wenn|dass|ob|si|que|se|che|als|dat|om|att|jeśli|że|если|что)|如果|若|以为|认为)[\s*_(\x22]{0,4}(?:option |answer |choice )?[\s*_(\x22]{0,4}$")
            .expect("the pattern is fixed and its tests compile it")
    });
    let start = before.ceil_char_boundary(before.len().saturating_sub(40));
    SUPPOSED.is_match(&before[start..])
}

/// "True" or "false" where a text ends by saying that of a statement.
fn predicate(text: &str, options: &Options) -> Option<Reading> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:this|that|it|(?:statement|claim|assertion|sentence|proposition)s?) (?:is|was) (?:therefore |thus |indeed |actually |clearly )?[*_]{0,2}(true|false)[*_]{0,2}\s*[.!]?\s*$")
            .expect("the pattern is fixed and its tests compile it")
    });
    let start = text.ceil_char_boundary(text.len().saturating_sub(160));
    let found = SAID.captures(&text[start..])?;
    options.by_text(&found[1]).filter(Result::is_ok)
}

/// `text` without the clauses that are about another answer or somebody else's.
fn owned(text: &str) -> Cow<'_, str> {
    let disowned = disowned(text);
    if disowned.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in disowned {
        if found.from >= from {
            out.push_str(&text[from..found.from]);
            out.push_str(" ~ ");
            let rest = window(text, found.at, 300);
            let end = rest.find(['.', ',', ';', '!', '?', '\n', '。', '，', '؟']);
            from = found.at + end.unwrap_or(rest.len());
        }
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// The whole of a text or of a line: a text, a label, or a label and its own text in any order.
fn whole(text: &str, options: &Options) -> Option<Reading> {
    let text = text.trim();
    if text.len() > 4 * options.longest() + 256 {
        return None;
    }
    let label = options.label_at(text, 0);
    if let Some(label) = label.filter(|label| is_rest_empty(&text[label.end..])) {
        return Some(options.by_label(&label));
    }
    options
        .by_text(text)
        .or_else(|| with_own_text(text, options))
        .or_else(|| ordinal(text, options))
        .or_else(|| after_noun(text, options))
}

/// The label in "Answer B.", where nothing else stands.
fn after_noun(text: &str, options: &Options) -> Option<Reading> {
    const NOUNS: [&str; 12] = [
        "answer",
        "antwort",
        "réponse",
        "respuesta",
        "risposta",
        "resposta",
        "antwoord",
        "svar",
        "odpowiedź",
        "cevap",
        "jawaban",
        "ответ",
    ];
    let (noun, rest) = text.trim_start_matches(['*', '_']).split_once(' ')?;
    let label = options.label_at(rest, 0)?;
    let letter = matches!(label.name, Name::Letter('A'..='Z')) && is_rest_empty(&rest[label.end..]);
    (letter && NOUNS.contains(&noun.to_lowercase().as_str())).then(|| options.by_label(&label))
}

/// The option that "the second option" stands for.
fn ordinal(text: &str, options: &Options) -> Option<Reading> {
    static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix)^ [\s*_`>\#]{0,8} (?:it.s\ )? (?:the\ |die\ |la\ |el\ |il\ |l'|a\ |de\ |den\ )?
            (?: (?<a>first|1st|erste|première|primera|prima|primeira|eerste|första|pierwsza|первый)
            | (?<b>second|2nd|zweite|deuxième|seconde|segunda|seconda|tweede|andra|druga|второй)
            | (?<c>third|3rd|dritte|troisième|tercera|terza|terceira|derde|tredje|trzecia|третий)
            | (?<d>fourth|4th|vierte|quatrième|cuarta|quarta|vierde|fjärde|czwarta|четвёртый|четвертый)
            | (?<e>last|letzte|dernière) )
            \ (?:option|choice|one|answer|antwort|möglichkeit|réponse|proposition|opción|respuesta|opzione|risposta
            |opção|resposta|optie|alternativet|opcja|odpowiedź|вариант|ответ)
            [\s*_`.,!]{0,4} (?:(?:is|ist|est|es)\b [^\n]{0,80})? $",
        )
        .expect("the pattern is fixed and its tests compile it")
    });
    let found = ORDINAL.captures(text.trim())?;
    let last = options.count() - 1;
    let named = ["a", "b", "c", "d", "e"]
        .iter()
        .position(|name| found.name(name).is_some())?;
    let named = if named == 4 { last } else { named };
    let denied = refutes(&text[found.get(named + 1).map_or(0, |group| group.end())..]);
    let takes_labels = options
        .label_at("A", 0)
        .is_some_and(|label| options.by_label(&label) != Err(NO_CHOICE));
    (named <= last && !denied && takes_labels).then_some(Ok(named))
}

/// A label followed by its own text, or a text followed by its own label.
fn with_own_text(text: &str, options: &Options) -> Option<Reading> {
    if let Some(label) = options.label_at(text, 0)
        && let Ok(named) = options.by_label(&label)
        && options.by_text(after_label(text, &label)) == Some(Ok(named))
    {
        return Some(Ok(named));
    }
    let open = text.rfind(['(', '[', '（', '【'])?;
    let label = options.label_at(text, open)?;
    let named = options.by_label(&label).ok()?;
    let own = is_rest_empty(&text[label.end..]).then(|| options.by_text(&text[..open]))??;
    (own == Ok(named)).then_some(own)
}

fn is_rest_empty(rest: &str) -> bool {
    rest.chars()
        .all(|c| c.is_whitespace() || ".:,;!*_`\"'$})]>。】」』）！✓✅".contains(c))
}

/// What follows a label, without what sets it off.
fn after_label<'a>(text: &'a str, label: &Label) -> &'a str {
    text[label.end..].trim_start_matches([
        ' ', '\t', '.', ':', ')', ']', '-', '–', '—', '*', '_', '：', '、', '．', '=', '"', '\'',
        '(',
    ])
}

/// What follows the role in "A: the answer is B", or in the same after a question.
fn after_role<'a>(text: &'a str, options: &Options) -> Option<&'a str> {
    static TURNS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\A(?:q|question)\s?[:：][\s\S]*?\n\s{0,4}(?:a|answer)\s?[:：]")
            .expect("the pattern is fixed and its tests compile it")
    });
    if let Some(found) = TURNS.find(window(text, 0, 4_096)) {
        return Some(text[found.end()..].trim_start());
    }
    let marked = text.trim_start_matches(['*', '_']);
    let rest = marked.strip_prefix('A')?;
    let rest = rest
        .strip_prefix([':', '：', '.', ')'])?
        .trim_start_matches(['*', '_', ' ', '\n']);
    if marked[1..].starts_with([':', '：']) && !rest.contains('\n') {
        let other = read_parts(rest, options)
            .reading
            .is_ok_and(|other| other != 0);
        return (other && options.by_text(rest).is_none()).then_some(rest);
    }
    // "A. B": a label alone after it.
    let label = options.label_at(rest, 0)?;
    (label.name.position() != 0 && is_rest_empty(&rest[label.end..])).then_some(rest)
}

/// What a JSON object holds under a key for the answer, or under its only key.
fn in_json(text: &str, options: &Options) -> Option<Reading> {
    const KEYS: &str = "final_answer finalanswer correct_answer correct_option answer correct answer_choice selected selection \
    choice option label prediction response result correct_choice";
    /// Parts of keys that hold anything but the answer.
    const NOT_KEYS: &str = "incorrect wrong false options choices reject eliminat exclu question index not_ distractor";
    if !text.contains('{') || text.contains("\\boxed") || text.len() > FAR {
        return None;
    }
    let object = find_object(text)?;
    let folded = |key: &str| key.to_lowercase().replace([' ', '-'], "_");
    let refused = object.iter().any(|(key, value)| {
        let key = folded(key);
        ["is_correct", "correct", "right", "valid"].contains(&key.as_str())
            && (value == &Value::Bool(false) || value.as_str() == Some("false"))
    });
    if refused {
        return Some(Err(NO_CHOICE));
    }
    let other = |key: &str| {
        let key = folded(key);
        NOT_KEYS.split(' ').any(|word| key.contains(word))
    };
    let mut ranked = KEYS.split(' ');
    let ranked = ranked.find_map(|wanted| object.iter().find(|(key, _)| folded(key) == wanted));
    let found = if let Some(found) = ranked {
        found
    } else {
        let only = object.iter().next().filter(|_| object.len() == 1)?;
        if other(only.0) {
            return Some(Err(NO_CHOICE));
        }
        only
    };
    let value = target::text_of(found.1)?;
    Some(whole(&value, options).unwrap_or(Err(NO_CHOICE)))
}

/// The last statement that names an option, or what corrects it.
fn stated(text: &str, options: &Options) -> Option<Read> {
    let found = found(text);
    let named = |found: &Found| {
        let reading = read_found(text, *found, options)?;
        let rule = match found.kind {
            Kind::Boxed => "boxed",
            Kind::Tag => "tag",
            _ => "stated",
        };
        Some((found.at, by(rule)(reading)))
    };
    let right = found.iter().rev().filter(|found| is_right_one(text, found));
    let graded = found.iter().any(|found| is_given(text, found));
    let (at, read) = (graded.then_some(right).into_iter().flatten())
        .chain(found.iter().rev())
        .find_map(named)?;
    if let Ok(last) = read.reading
        && is_qualified(text, &found, at)
        && others(text, &found, last, options)
    {
        return Some(by("stated")(Err(SEVERAL)));
    }
    match corrected(text, past(text, at, options), options) {
        Some(reading) if reading != read.reading => Some(by("corrected")(reading)),
        _ => Some(read),
    }
}

/// Whether it is the "correct answer" of a form that holds a given one too.
fn is_right_one(text: &str, found: &Found) -> bool {
    let head = tail(&text[..found.from]);
    head.ends_with("correct") || head.ends_with("right")
}

fn is_given(text: &str, found: &Found) -> bool {
    let head = tail(&text[..found.from]);
    ["your", "student's", "given", "user's"]
        .iter()
        .any(|word| head.ends_with(word))
}

/// The end of `text` in lower case.
fn tail(text: &str) -> String {
    let text = text.trim_end();
    text[text.ceil_char_boundary(text.len().saturating_sub(16))..].to_lowercase()
}

/// Whether the statement at `at` is about a part of the question only: "For the largest city the answer is".
fn is_qualified(text: &str, all: &[Found], at: usize) -> bool {
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s*_(]{0,4}(?:for|as for|regarding|für|pour|para|per|voor|för|dla|для)\s[^.!?]+$")
            .expect("the pattern is fixed and its tests compile it")
    });
    all.iter()
        .find(|found| found.at == at)
        .is_some_and(|found| {
            let start = text.ceil_char_boundary(found.from.saturating_sub(200));
            let head = &text[start..found.from];
            let sentence = head
                .rsplit(['.', '!', '?', '\n', ';'])
                .next()
                .unwrap_or(head);
            let asked = ["question", "reason", "problem", "task"];
            PART.is_match(sentence) && !asked.iter().any(|word| sentence.contains(word))
        })
}

/// Whether an earlier statement names another option.
fn others(text: &str, all: &[Found], named: usize, options: &Options) -> bool {
    let mut readings = all
        .iter()
        .rev()
        .take(LEADS)
        .filter_map(|found| read_found(text, *found, options));
    readings.any(|other| other.is_ok_and(|other| !options.same(other, named)))
}

/// Where the text goes on after the label or text that stands at `at`.
fn past(text: &str, at: usize, options: &Options) -> usize {
    let rest = &text[at..];
    let bare = rest.trim_start_matches(['*', '_', '"', '\'', '`', ' ', '>', '#', '“', '‘']);
    match (options.text_at_start(bare), options.label_at(rest, 0)) {
        (Some((_, after)), _) => text.len() - after.len(),
        (None, Some(label)) => at + label.end,
        (None, None) => at,
    }
}

/// What a word of correction after `at` leads in; several, where it is unclear what.
fn corrected(text: &str, at: usize, options: &Options) -> Option<Reading> {
    let rest = window(text, at, FAR);
    let turns = turns(rest);
    let first = *turns.first()?;
    let mut stands = turns
        .iter()
        .rev()
        .filter_map(|&turn| turned(rest, turn, options));
    if let Some(reading) = stands.next() {
        return Some(reading);
    }
    let rest = &rest[first..];
    let read = concluded(rest, 0, options).or_else(|| own_line(rest, options));
    if read.is_some() {
        return read;
    }
    let last = &rest[turns.last().map_or(0, |last| last - first)..];
    let empty = is_rest_empty(last.trim_matches(['.', '…', '—', '–', '-', '?']));
    match only(rest, options) {
        Err(NO_CHOICE) => empty.then_some(Err(SEVERAL)),
        reading => Some(reading.and(Err(SEVERAL))),
    }
}

/// The label or text that stands right after the turn that ends at `turn`, but for words that lead it in.
fn turned(text: &str, turn: usize, options: &Options) -> Option<Reading> {
    let at = turn + after_turn(&text[turn..]);
    let rest = &text[at..];
    let label = options.label_at(rest, 0);
    if let Some(label) = label
        && (!label.name.is_small() || label.style == Style::Bracketed)
    {
        let after = &rest[label.end..];
        let next = after.trim_start_matches(['*', '_', '"', '\'', '`']);
        let ends = label.style != Style::Bare
            || next.starts_with([',', ';', '!', '<', '—', '–', '(', '（', '，', '；'])
            || ["です", "だ", "である", "입니다", "이다", "と", "を選"]
                .iter()
                .any(|end| next.starts_with(end))
            || affirms(next);
        if refutes(window(after, 0, 64)) || next.trim_start().starts_with(['?', '？']) || !ends {
            return None;
        }
        return Some(read_label(rest, &label, options));
    }
    let line = rest_of_line(rest, 0, options);
    line.trim().chars().nth(1)?;
    if refutes_text(line, options) || line.trim_end().ends_with('?') {
        return None;
    }
    text_at_start(line, options)
}

/// Whether the text with which `line` begins is denied right after it.
fn refutes_text(line: &str, options: &Options) -> bool {
    let bare = line.trim_start_matches(['*', '_', '"', '\'', '`', ' ']);
    let after = options.text_at_start(bare).map(|(_, after)| after);
    after.is_some_and(|after| refutes(window(after, 0, 64)))
}

fn read_found(text: &str, found: Found, options: &Options) -> Option<Reading> {
    match found.kind {
        Kind::Boxed | Kind::Tag => {
            let inner = enclosed(text, found, options);
            whole(inner, options)
                .or_else(|| {
                    let nested = crate::statement::found(inner);
                    nested
                        .iter()
                        .rev()
                        .find_map(|nested| read_at(inner, nested.at, options))
                })
                .or_else(|| several(inner, options))
        }
        Kind::Denied => instead(text, past_list(text, found, options), options),
        Kind::Plural | Kind::Lead | Kind::Disowned => None,
        Kind::Stated => {
            read_at(text, found.at, options).or_else(|| instead(text, found.at, options))
        }
    }
}

/// After the list of options that a statement denies, as in "The answer is not A, C or D".
fn past_list(text: &str, found: Found, options: &Options) -> usize {
    let mut at = found.at;
    let mut from = found.from;
    for count in 0.. {
        let end = past(text, at, options);
        if end == at {
            break;
        }
        let rest = text[end..].trim_start_matches([' ', ',', '、', '，', '*', '_', ')']);
        let next = rest.get(joint(rest)..).unwrap_or(rest);
        if count > 0 {
            from = end;
        }
        if next.len() == text[end..].len() {
            break;
        }
        at = text.len() - next.len();
    }
    from
}

/// What stands in the braces or the tag.
fn enclosed<'a>(text: &'a str, found: Found, options: &Options) -> &'a str {
    let reach = window(text, found.at, 4 * options.longest() + 256);
    if found.kind == Kind::Tag {
        return reach
            .split(['<', '['])
            .find(|part| !part.trim().is_empty())
            .unwrap_or(reach);
    }
    let mut depth = 0_usize;
    for (at, character) in reach.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return &reach[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    reach.lines().next().unwrap_or_default()
}

/// That several options are named, where `text` joins them.
fn several(text: &str, options: &Options) -> Option<Reading> {
    let label = options.label_at(text, 0)?;
    options.is_joined(text, label.end).then_some(Err(SEVERAL))
}

/// What the text at `at` names: an option's text, or a label.
fn read_at(text: &str, at: usize, options: &Options) -> Option<Reading> {
    let line = rest_of_line(text, at, options);
    if let Some(reading) = ordinal(line, options) {
        return Some(reading);
    }
    if line.trim().chars().nth(1).is_some()
        && let Some(reading) = text_at_start(line, options)
    {
        return Some(reading);
    }
    let label = options.label_at(text, at)?;
    if refutes(window(text, label.end, 64)) {
        return None;
    }
    Some(read_label(text, &label, options))
}

/// The only option that the line from `at` on names and does not deny.
fn instead(text: &str, at: usize, options: &Options) -> Option<Reading> {
    let line = rest_of_line(text, at, options);
    let label = options.label_at(line, 0);
    if label.is_some_and(|label| {
        options.is_joined(line, label.end) && !refutes_all(line, &label, options)
    }) {
        return Some(Err(SEVERAL));
    }
    match only_of(line, options, true) {
        Err(NO_CHOICE) => None,
        reading => Some(reading),
    }
}

/// Whether what follows several joined labels denies all of them, as in "A and B are wrong".
fn refutes_all(line: &str, label: &Label, options: &Options) -> bool {
    let rest = &line[label.end..];
    let next = rest.trim_start_matches([' ', ',']);
    let length = joint(next);
    let after = next.get(length..).unwrap_or_default();
    let other = options.label_at(after, 0);
    other.is_some_and(|other| refutes(&after[other.end..]))
}

/// The rest of the line from `at` on, as far as an option could reach. Bounded, so that a text of
/// nothing but statements takes linear time.
fn rest_of_line<'a>(text: &'a str, at: usize, options: &Options) -> &'a str {
    let reach = window(text, at, 2 * options.longest() + 128);
    reach.lines().next().unwrap_or_default()
}

/// The option that a line consists of, or its first sentence or clause.
fn text_at_start(line: &str, options: &Options) -> Option<Reading> {
    const ENDS: [&str; 17] = [
        ". ",
        ", ",
        "; ",
        ": ",
        " - ",
        " because ",
        " since ",
        " (",
        "。",
        "，",
        ".\"",
        "</",
        "<|",
        " weil ",
        " car ",
        " porque ",
        "입니다",
    ];
    let whole = options.by_text(line);
    whole
        .or_else(|| {
            let clauses = ENDS.iter().filter_map(|end| line.split_once(end));
            let mut clauses = clauses.filter(|(clause, _)| clause.trim().chars().nth(1).is_some());
            clauses.find_map(|(clause, rest)| {
                let named = options.by_text(clause)?;
                Some(if lists_on(rest, options) {
                    Err(SEVERAL)
                } else {
                    named
                })
            })
        })
        .or_else(|| joined_texts(line, options))
}

/// Whether another option's text stands alone at the start of `rest`.
fn lists_on(rest: &str, options: &Options) -> bool {
    let rest = rest.trim_start_matches([' ', ',', '"', '*']);
    let rest = rest.get(joint(rest)..).unwrap_or(rest).trim_start();
    options.text_at_start(rest).is_some_and(|(_, after)| {
        let after = after.trim_start_matches(['"', '*', '\'']);
        after.is_empty()
            || after.starts_with([',', '.', ';', '!', '?', '\n'])
            || joint(after.trim_start()) > 0
    })
}

/// That several options are named, as in "red or green".
fn joined_texts(line: &str, options: &Options) -> Option<Reading> {
    let bare = line.trim_start_matches([' ', '*', '_', '"', '\'', '`', '(']);
    let (_, after) = options.text_at_start(bare)?;
    let after = after.trim_start_matches([' ', '*', '_', '"', '\'', ',']);
    let length = joint(after);
    let other = after
        .get(length..)
        .filter(|_| length > 0)?
        .trim_start_matches([' ', '*', '"', '\'']);
    options.text_at_start(other).map(|_| Err(SEVERAL))
}

/// What a label names, if it stands alone and no other option's text follows it.
fn read_label(text: &str, label: &Label, options: &Options) -> Reading {
    if options.is_joined(text, label.end) {
        return Err(SEVERAL);
    }
    let named = options.by_label(label)?;
    let line = rest_of_line(text, label.end, options);
    let from = Label { end: 0, ..*label };
    let own = after_label(line, &from);
    let other = options.by_text(own).or_else(|| {
        let set_off = matches!(label.style, Style::Bracketed | Style::Punctuated);
        let (other, after) = options.text_at_start(own).filter(|_| set_off)?;
        let longer = own.starts_with(|c: char| c.is_alphabetic()) && after.starts_with(is_word);
        let ends = after.trim_start().is_empty() || after.starts_with(['.', ',', ';', '*', ')']);
        (ends && !longer).then_some(Ok(other))
    });
    match other {
        Some(Ok(other)) if !options.same(other, named) => Err(DISAGREE),
        _ => Ok(named),
    }
}

/// A label or a text with which the answer opens.
fn opening(start: &str, text: &str, options: &Options) -> Option<Read> {
    let start = start.trim_start();
    let read = match options.label_at(start, 0).filter(opens) {
        Some(label) if !options.begins(rest_of_line(start, 0, options)) => {
            opening_label(start, &label, options)
        }
        _ => None,
    };
    let reading = read.or_else(|| opening_text(start, options))?;
    let after = past(start, 0, options);
    if let Some(turned) = corrected(start, after, options)
        && turned != reading
    {
        return Some(by("corrected")(turned));
    }
    if reading.is_ok_and(|named| discusses_others(start, named, options)) {
        return None;
    }
    let last = concluded(text, 0, options).and_then(Result::ok);
    Some(by("opening")(match (reading, last) {
        (Ok(first), Some(last)) if !options.same(first, last) => Err(SEVERAL),
        (reading, _) => reading,
    }))
}

/// Whether a later sentence opens with another option, as where each is discussed in turn.
fn discusses_others(text: &str, named: usize, options: &Options) -> bool {
    let mut from = 0;
    let mut firm = false;
    for (at, end) in sentences(text).enumerate() {
        let sentence = text[from..end].trim_start_matches([' ', '\n', '*', '_', '-', '•', '"']);
        let first = at == 0;
        from = end;
        if first {
            firm = stands_alone(sentence, options);
            continue;
        }
        let label = options
            .label_at(sentence, 0)
            .filter(|label| !label.name.is_small());
        if let Some(label) = label {
            let other = options
                .by_label(&label)
                .is_ok_and(|other| !options.same(other, named));
            let set_off =
                matches!(label.style, Style::Bracketed | Style::Punctuated) || label.named;
            let denied = refutes(window(sentence, label.end, 64));
            if other && !denied && (set_off || !firm || affirms(&sentence[label.end..])) {
                return true;
            }
            continue;
        }
        let other = options.text_at_start(sentence);
        if other.is_some_and(|(other, after)| {
            !firm && !options.same(other, named) && !refutes(window(after, 0, 64))
        }) {
            return true;
        }
    }
    false
}

/// Whether a sentence is an option's label, its text or both, or gives a reason for one.
fn stands_alone(sentence: &str, options: &Options) -> bool {
    let sentence = sentence.trim();
    let Some(label) = options.label_at(sentence, 0) else {
        return options.text_at_start(sentence).is_some_and(|(_, after)| {
            let after = after.trim_start_matches(['*', '_', '"', '\'']);
            is_rest_empty(after) || after.starts_with(['.', ',', ';', '!', '—', '–'])
        });
    };
    let own = after_label(sentence, &label);
    is_rest_empty(own)
        || matches!(label.style, Style::Reasoned | Style::Emphasised)
        || options.text_at_start(own).is_some()
}

/// Where the sentences of `text` end.
fn sentences(text: &str) -> impl Iterator<Item = usize> + '_ {
    let ends = text.char_indices().filter_map(|(at, character)| {
        let end = at + character.len_utf8();
        let spaced = text[end..].starts_with(char::is_whitespace);
        // The full stop of "A." ends no sentence.
        let label = at < 2 || text[..at].ends_with(|c: char| c.is_ascii_uppercase());
        let short = label
            && text[..at]
                .chars()
                .rev()
                .nth(1)
                .is_none_or(|c| !c.is_alphanumeric());
        match character {
            '.' | '!' | '?' => spaced && !short,
            '\n' | '。' | '！' | '？' | ';' => true,
            _ => false,
        }
        .then_some(end)
    });
    ends.chain(std::iter::once(text.len()))
}

fn opening_label(text: &str, label: &Label, options: &Options) -> Option<Reading> {
    if lists_others(text, label.name, options)
        || refutes(window(text, label.end, 64))
        || lists_on_line(text, label, options)
    {
        return None;
    }
    match read_label(text, label, options) {
        // "J. Smith says" with four options is a name; "J) all of them" is a letter.
        Err(BEYOND | NO_CHOICE) if label.style != Style::Bracketed => None,
        Err(NO_CHOICE) => None,
        reading => Some(reading),
    }
}

/// Whether another label follows the text of the first, as where the options are repeated on one line.
fn lists_on_line(text: &str, label: &Label, options: &Options) -> bool {
    let own = options.text_at_start(after_label(text, label));
    own.is_some_and(|(_, after)| {
        let after = after.trim_start_matches([' ', ',', ';', '\n']);
        options.label_at(after, 0).is_some_and(|other| {
            matches!(other.style, Style::Bracketed | Style::Punctuated)
                && other.name != label.name
                && other.name != Name::Number(1)
        })
    })
}

fn opens(label: &Label) -> bool {
    match label.style {
        Style::Bracketed => true,
        Style::Bare => label.named || label.affirmed && !label.name.is_small(),
        _ => matches!(label.name, Name::Letter('A'..='Z') | Name::Letters(_)) || label.named,
    }
}

/// Whether another line opens with another label, as where the options are repeated.
fn lists_others(text: &str, name: Name, options: &Options) -> bool {
    let first = options
        .label_at(text, 0)
        .map_or("", |label| &text[label.end..]);
    let own = first.lines().next().unwrap_or_default();
    // A line that goes on in words of its own is an answer; one that is the option's text may be a repeated list.
    let repeats = options
        .by_text(own.trim_start_matches([')', '.', ':', ' ', '*']))
        .is_some();
    let mut others = text.lines().skip(1).filter(|line| {
        options.label_at(line, 0).is_some_and(|label| {
            matches!(label.style, Style::Bracketed | Style::Punctuated)
                && matches!(label.name, Name::Letter('A'..='Z'))
                && label.name != name
                && !refutes(window(line, label.end, 64))
        })
    });
    let is_alone = is_rest_empty(own);
    if is_alone {
        false
    } else {
        others.next().is_some() && (repeats || !own.is_empty())
    }
}

/// An option's text with which the answer opens, set off by punctuation or a reason.
fn opening_text(text: &str, options: &Options) -> Option<Reading> {
    let bare = text.trim_start_matches(['*', '_', '"', '\'', '`', ' ', '>', '#', '“', '‘']);
    let (named, after) = options.text_at_start(bare)?;
    let after = after.trim_start_matches(['*', '_', '"', '\'', '`', '”', '’']);
    let word = after.trim_start();
    let reasons = [
        "because", "since", "as ", "for ", "due", "weil", "car ", "porque",
    ];
    let set_off = after.starts_with([
        '.', ',', ';', ':', '!', '\n', '。', '，', '：', '！', '—', '–',
    ]) || word.starts_with(['(', '-', '–', '—', '（', '\n', '✓', '✅'])
        || reasons.iter().any(|reason| word.starts_with(reason));
    let single = bare.len() - after.len() < 2;
    if !set_off || single || refutes(window(after, 0, 64)) {
        return None;
    }
    let rest = after.trim_start_matches([' ', '.', ',', ';', ':', '!', '\n', '-', '–', '—']);
    if lists_on(rest, options) || other_lines_open(after, named, options) {
        return Some(Err(SEVERAL));
    }
    Some(Ok(named))
}

/// Whether a later line opens with another option's text that is set off, as where each option is discussed.
fn other_lines_open(rest: &str, named: usize, options: &Options) -> bool {
    rest.lines().skip(1).any(|line| {
        let line = line.trim_start_matches([' ', '*', '_', '-', '"']);
        options.text_at_start(line).is_some_and(|(other, after)| {
            let after = after.trim_start_matches(['*', '_', '"']);
            let set_off = after.trim().is_empty()
                || after.starts_with([':', ',', '.', '!', ';'])
                || after.starts_with(" -");
            set_off && !options.same(other, named)
        })
    })
}

/// An option that stands on a line of its own where no other does, or in the last sentence.
fn own_line(text: &str, options: &Options) -> Option<Reading> {
    let mut named: Option<usize> = None;
    let mut several = false;
    let mut lines = 0;
    for position in text.lines().filter_map(|line| whole(line, options)?.ok()) {
        several |= named.is_some_and(|other| !options.same(other, position));
        named = Some(position);
        lines += 1;
    }
    let last = text
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    if several {
        // A list of the options, and then the answer on a line of its own.
        let label = options
            .label_at(last, 0)
            .filter(|label| is_rest_empty(&last[label.end..]));
        let bare = label.is_some_and(|label| !label.name.is_small());
        let listed = lines > options.count();
        return Some(if bare && listed {
            whole(last, options)?
        } else {
            Err(SEVERAL)
        });
    }
    if let Some(named) = named {
        return Some(Ok(named));
    }
    let sentence = last.trim_end_matches(['.', '*', ' ', '。']);
    let at = sentence
        .rfind([':', '：'])
        .max(sentence.rfind(". "))
        .max(sentence.rfind("。"))?;
    let sentence = &sentence[at..];
    let sentence = sentence.trim_start_matches(['.', ':', '：', '。', ' ']);
    whole(sentence, options).filter(Result::is_ok)
}

/// The one option that is found right where each is judged.
fn verdict(text: &str, options: &Options) -> Option<Reading> {
    let judged = verdicts(text, options);
    let mut right = judged.iter().filter(|(_, right)| *right);
    let named = right.next()?.0;
    let wrong = judged.iter().any(|(_, right)| !right);
    if right.any(|(other, _)| *other != named) {
        return Some(Err(SEVERAL));
    }
    wrong.then_some(Ok(named))
}

/// The label that a question asks for and that is confirmed: "Is it B? Yes."
fn confirmed(text: &str, options: &Options) -> Option<Reading> {
    static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bis (?:it|the (?:correct |right )?answer) ([^?\n]{1,60})\?\s{0,4}(?:yes|correct|right)\b")
            .expect("the pattern is fixed and its tests compile it")
    });
    let found = QUESTION.captures_iter(text).last()?;
    whole(&found[1], options).filter(Result::is_ok)
}

/// The options that lines judge, and whether they are found right.
pub(in crate::scorers) fn verdicts(text: &str, options: &Options) -> Vec<(usize, bool)> {
    static RIGHT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[*_`)\]\s]{0,4}(?:\bis\b|[.:–—,(=-])?[\s*_(]{0,4}(?:✓|✔|✅|☑|(?:correct|right|true|yes|richtig|korrekt|correcte|correcto|correcta|corretto|corretta|juist|rätt|poprawna|doğru|benar|đúng|верно|правильно|صحيح|सही)\b|正确|正解|정답|맞)")
            .expect("the pattern is fixed and its tests compile it")
    });
    let judge = |line: &str| {
        let line = line.trim_start_matches(['-', '*', ' ', '•']);
        let label = options.label_at(line, 0)?;
        let named = options.by_label(&label).ok()?;
        let rest = window(line, label.end, 240);
        let own = options.text_at_start(after_label(line, &label));
        let rest = own.map_or(rest, |(_, after)| window(after, 0, 240));
        let wrong = refutes(rest);
        (wrong || RIGHT.is_match(rest)).then_some((named, !wrong))
    };
    text.lines().filter_map(judge).collect()
}

/// What the last conclusion from `from` on names.
fn concluded(text: &str, from: usize, options: &Options) -> Option<Reading> {
    let end = run_on(text).filter(|end| *end > from).unwrap_or(text.len());
    let start = text
        .ceil_char_boundary(text.len().saturating_sub(FAR))
        .max(from);
    let part = text.get(start..end)?;
    let mut last: Option<(Reading, bool)> = None;
    for found in leads(part).iter().rev().take(LEADS) {
        let Some(reading) = led_in(part, found.at, options) else {
            continue;
        };
        let strong = !is_short(&part[found.from..found.phrase]);
        match last {
            None => last = Some((reading, strong)),
            // Of two that lead in different options, the last counts where the first is but a "so".
            Some((Ok(named), firm)) => {
                let differs = reading.is_ok_and(|other| !options.same(other, named));
                if differs && (strong || !firm) {
                    return Some(Err(SEVERAL));
                }
            }
            Some((failed, _)) => return Some(failed),
        }
    }
    last.map(|(reading, _)| reading)
}

/// Most leads that are compared.
const LEADS: usize = 64;

/// What a lead that ends at `at` leads in, if it stands firm there.
fn led_in(part: &str, at: usize, options: &Options) -> Option<Reading> {
    let line = rest_of_line(part, at, options);
    let label = options.label_at(part, at);
    let firm = |label: &Label| {
        let plain = label.style != Style::Bare || is_rest_empty(line.get(1..).unwrap_or_default());
        let joined = options.is_joined(part, label.end);
        let follows = &part[label.end..];
        let ends = follows.starts_with([',', '!', '；', '，', '<', '—', '–'])
            || follows.starts_with(|c: char| c > '\u{2fff}');
        (plain || joined || ends) && !label.name.is_small() || label.style == Style::Bracketed
    };
    if let Some(label) = label.filter(firm) {
        let denied = is_denied(part, at, label.end - at);
        return (!denied).then(|| read_label(part, &label, options));
    }
    let text = line
        .trim()
        .chars()
        .nth(1)
        .and_then(|_| text_at_start(line, options))?;
    let denied = text.is_ok_and(|named| is_denied(part, at, options.length(named).min(line.len())));
    (!denied).then_some(text)
}

/// The one option that `text` names, by text or by a label that is set off, and does not deny.
fn only(text: &str, options: &Options) -> Reading {
    only_of(text, options, false)
}

/// The same; where a statement leads `text` in (`led`), a letter in the middle of a sentence is a label.
fn only_of(text: &str, options: &Options, led: bool) -> Reading {
    let standing = labels(text, options, led);
    let mut named = options.occurring(text, led);
    // What is said of a letter that is out is said of its text too.
    named.retain(|text| !standing.denied.contains(text) || standing.rivals.contains(text));
    for position in standing.named {
        if !named.contains(&position) {
            named.push(position);
        }
    }
    let rival = |named: usize| {
        standing
            .rivals
            .iter()
            .any(|other| !options.same(*other, named))
    };
    match named[..] {
        [] => Err(NO_CHOICE),
        [position] if options.has_twin(position) || !led && rival(position) => Err(SEVERAL),
        [position] => Ok(position),
        _ => Err(SEVERAL),
    }
}

/// The options whose labels stand in a text.
#[derive(Default)]
struct Standing {
    /// As labels only do, and are not denied.
    named: Vec<usize>,
    /// In any way, and are not denied.
    rivals: Vec<usize>,
    /// And are affirmed.
    affirmed: Vec<usize>,
    /// And are denied.
    denied: Vec<usize>,
}

impl Standing {
    fn add(list: &mut Vec<usize>, position: usize) {
        if !list.contains(&position) {
            list.push(position);
        }
    }
}

/// The options whose labels stand in `text`.
fn labels(text: &str, options: &Options, led: bool) -> Standing {
    let mut standing = Standing::default();
    let mut end = 0;
    // Whether the label before was denied, for its list.
    let mut after_denied = false;
    for (at, character) in text.char_indices() {
        let bracket = "([{【「".contains(character);
        if at < end || !bracket && !character.is_ascii_uppercase() {
            continue;
        }
        let previous = before(text, at);
        if previous.is_some_and(|c| is_word(c) || "-'’\\^{".contains(c)) {
            continue;
        }
        let Some(label) = options.label_at(text, at) else {
            continue;
        };
        if label.name.is_small() && !bracket || matches!(label.name, Name::Number(_)) {
            continue;
        }
        let lists = after_denied && is_list(&text[end..at]);
        let denied = lists || is_denied(text, at, label.end - at);
        end = label.end;
        after_denied = denied;
        let joined = options.is_joined(text, label.end)
            && refutes_all(
                text_from(text, at),
                &Label {
                    end: label.end - at,
                    ..label
                },
                options,
            );
        let Ok(position) = options.by_label(&label) else {
            continue;
        };
        if denied || joined {
            Standing::add(&mut standing.denied, position);
            continue;
        }
        if affirms(window(text, label.end, 64)) && !is_supposed(&text[..at]) {
            Standing::add(&mut standing.affirmed, position);
        }
        if led && label.style != Style::Bare || is_set_off(text, at, &label) {
            Standing::add(&mut standing.named, position);
        }
        if !options.mentions(label.name) {
            Standing::add(&mut standing.rivals, position);
        }
    }
    standing
}

/// Whether `text`, which stands between two labels, only joins them.
fn is_list(text: &str) -> bool {
    let text = text.trim_matches([' ', ',', '*', '_', '、', '，', '(', ')', '"', ':']);
    text.is_empty() || joint(&format!("{text} ")) > text.len()
}

fn text_from(text: &str, at: usize) -> &str {
    window(text, at, 160)
}

/// Whether a letter in a text stands where labels do: in brackets, after a noun for it, or at the start of a clause
/// and set off from what follows.
fn is_set_off(text: &str, at: usize, label: &Label) -> bool {
    let head = text[..at].trim_end_matches([' ', '*', '_', '"', '`']);
    let starts = head.is_empty()
        || head.ends_with([
            '.', ',', ':', ';', '\n', '!', '?', '(', '。', '，', '：', '-',
        ]);
    let marked = text[head.len()..at].contains(['*', '"', '`']);
    match label.style {
        Style::Bracketed => !text[at..].starts_with('{'),
        Style::Bare => label.named || label.affirmed,
        Style::Emphasised | Style::Reasoned => true,
        Style::Punctuated | Style::EndOfLine => label.named || starts || marked,
    }
}

impl Rule for Choice {
    const COMPARES_TEXTS: bool = true;

    fn version(&self) -> u32 {
        3
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let choices = &sample.choices;
        if choices.len() < 2 {
            return Err("the sample needs at least two choices".to_owned());
        }
        if let Some(position) = choices.iter().position(|choice| choice.trim().is_empty()) {
            return Err(format!("choice {} is empty", position + 1));
        }
        let target = target::required(sample)?;
        match target::text_of(target) {
            Some(text) if choices.contains(&text) => Ok(()),
            _ => Err(format!("the target {target} is not one of the choices")),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let options = Options::of(sample, self.accept);
        let read = read(&options.plain(text), &options);
        match read.reading {
            Ok(position) => {
                let named = &sample.choices[position];
                let target = sample.target.as_ref().and_then(target::text_of);
                Score::verdict(target.as_ref() == Some(named), named).by(read.rule)
            }
            Err(reason) => Score::not_extracted(reason),
        }
    }
}

#[cfg(test)]
mod tests;
