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
//! No option at which an answer stops that goes through them is read ([`listing`]); what is granted before the answer, or
//! set against it behind, is told from it ([`apart`]).
//!
//! Before all of them but the first: a row of verdicts ("A: no. B: yes."), a complete answer in the first paragraph where
//! another item follows ([`item`]), and a short text that denies some options and affirms one ([`contrast`]). What later
//! words change an answer to ([`revised`]) is read instead of it.
//!
//! Letters of other scripts stand for labels where they stand alone ([`letters`]).
//! Texts are compared without case, quotes, emphasis and punctuation at the end, and without what only changes their
//! look ([`cleanbench_text::dress`]). A letter is no label where it reads as an article, a pronoun or a part of something longer
//! ([`label`]); `A:` before an answer is a role.
//! Of an answer of more than half a mebibyte the beginning and the end are read.
//! It refuses to guess: several options, a label beyond the options, and a label whose text belongs to another option
//! are not extracted.

mod apart;
pub(in crate::scorers) mod contrast;
mod inline;
pub(in crate::scorers) mod item;
pub(in crate::scorers) mod judged;
pub(in crate::scorers) mod label;
mod letters;
pub(in crate::scorers) mod listing;
mod opening;
pub(in crate::scorers) mod options;
mod revised;
mod stated;

use std::borrow::Cow;
use std::sync::LazyLock;

use cleanbench_core::{Sample, Score};
use regex::Regex;
use serde_json::Value;

use self::judged::{
    affirmed, confirmed, equated, excepted, last_said, marked, of_statement, predicate, ticked,
    verdict,
};
use self::label::{Label, Name, Style};
use self::opening::{opening, sentences};
use self::options::{Accept, DISAGREE, NO_CHOICE, Options, Reading, SEVERAL, is_denied};
use self::revised::revised;
use self::stated::{denied, refutes_all, stated};
use crate::languages::{affirms, joint, refutes, turns};
use crate::params::Params;
use crate::rule::Rule;
use crate::statement::{disowned, is_short, leads, run_on};
use crate::target;
use cleanbench_text::json::find_object;
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
    let all = whole(text, options)
        .or_else(|| whole(unhedged(text), options))
        .or_else(|| colloquial(text, options));
    if let Some(all) = all {
        return by(crate::rule::WHOLE)(all);
    }
    if let Some(read) = in_a_row(text, options) {
        return read;
    }
    if let Some(read) = before_next(text, options).or_else(|| contrasted(text, options)) {
        return read;
    }
    if let Some(rest) = after_role(text, options).or_else(|| after_number(text, options)) {
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

/// What a row of verdicts says, with which the text begins, unless what follows says something else.
fn in_a_row(text: &str, options: &Options) -> Option<Read> {
    let (reading, rest) = inline::row(text, options)?;
    let after = (!rest.is_empty()).then(|| read_parts(rest, options).reading);
    let reading = match (reading, after) {
        (reading, None | Some(Err(NO_CHOICE))) => reading,
        (Ok(named), Some(Ok(other))) if options.same(named, other) => Ok(named),
        (Err(_), Some(Ok(_))) => stated(rest, options)?.reading,
        _ => Err(SEVERAL),
    };
    Some(by("verdict")(reading))
}

/// The one option that a short answer says to be right, where it denies others.
fn contrasted(text: &str, options: &Options) -> Option<Read> {
    let right = contrast::affirmed(text, options)?;
    let named = right.first().filter(|_| right.len() == 1)?;
    Some(by("verdict")(Ok(*named)))
}

/// The answer that fills the first paragraph, where another item follows; several, where only another answer does.
fn before_next(text: &str, options: &Options) -> Option<Read> {
    let (first, rest) = item::paragraphs(text)?;
    let read = complete(first, options)?;
    let named = read.reading.ok()?;
    if item::next(rest, options) == item::Next::Item {
        return Some(read);
    }
    if run_on(text).is_some() {
        return None;
    }
    if item::revises(rest) || complete(rest, options).is_some() {
        return None;
    }
    let later = stated(rest, options)?.reading.ok()?;
    let changed = options.same(later, named) || !turns(rest).is_empty();
    (!changed).then(|| by(read.rule)(Err(SEVERAL)))
}

/// What a paragraph reads that is an answer and nothing else: "B", "B. Venus", "Answer: B".
fn complete(text: &str, options: &Options) -> Option<Read> {
    if let Some(reading) = whole(text, options) {
        return Some(by("opening")(reading));
    }
    let found = crate::statement::found(window(text, 0, 1 << 10));
    let [only] = found[..] else {
        return None;
    };
    let alone = item::opens(text, only.from) && whole(text.get(only.at..)?, options).is_some();
    alone.then(|| stated(text, options)).flatten()
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
    let read = ruled(text, start, end, options);
    // What stands where an answer would is not said to be one.
    let open = end
        .trim_end_matches(['*', ' '])
        .ends_with([':', '：', '-', '–', '—']);
    let placed = ["opening", "last line", "only option"].contains(&read.rule)
        || open && read.rule == "concluded";
    if placed && read.reading.is_ok() && listing::breaks_off(end, options) {
        return by(read.rule)(Err(NO_CHOICE));
    }
    read
}

/// What the first rule reads that applies to a text with this start and end.
fn ruled(text: &str, start: &str, end: &str, options: &Options) -> Read {
    ticked(end, options)
        .map(by("verdict"))
        .or_else(|| opening(start, text, options))
        .or_else(|| own_line(end, options).map(by("last line")))
        .or_else(|| verdict(end, options).map(by("verdict")))
        .or_else(|| marked(end, options).map(by("verdict")))
        .or_else(|| confirmed(end, options).map(by("verdict")))
        .or_else(|| concluded(text, 0, options).map(by("concluded")))
        .or_else(|| affirmed(end, options).map(by("verdict")))
        .or_else(|| of_statement(end, options).map(by("verdict")))
        .or_else(|| predicate(end, options).map(by("verdict")))
        .or_else(|| excepted(end, options).map(by("verdict")))
        .or_else(|| last_said(end, options).map(by("concluded")))
        .or_else(|| equated(text, options).map(by("concluded")))
        .or_else(|| apart::conceded(end, options).map(by("concluded")))
        .or_else(|| apart::set_against(text, options).map(by("concluded")))
        .unwrap_or_else(|| by("only option")(left(text, end, options)))
}

/// The only option that the end of a text names, unless a statement denies it or the text is cut off.
fn left(text: &str, end: &str, options: &Options) -> Reading {
    let named = only(end, options)?;
    let denied = denied(text, options);
    let granted = apart::is_granted(end, named, options);
    if denied.contains(&named) || granted || is_cut_off(text, named, options) {
        return Err(NO_CHOICE);
    }
    Ok(named)
}

/// Whether a text of several sentences breaks off within one, and not with the option that it names.
fn is_cut_off(text: &str, named: usize, options: &Options) -> bool {
    let text = text.trim_end();
    let last: usize = sentences(text)
        .filter(|end| *end < text.len())
        .last()
        .unwrap_or(0);
    last > 0
        && text.ends_with(char::is_alphanumeric)
        && text.ends_with(|c: char| c < '\u{2e80}')
        && !options.ends(text, named)
}

/// A short answer without what says how sure it is: "Probably B", "B, I think.", "B?".
fn unhedged(text: &str) -> &str {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[*_]{0,2}(?:probably|most likely|likely|definitely|certainly|clearly|surely|sadly|unfortunately|fortunately|luckily|maybe|perhaps|just|only|i(?: would|'d)? (?:think|guess|believe|say)|my guess(?: is)?|vermutlich|wahrscheinlich|probablement|sans doute|probablemente|probabilmente|provavelmente|waarschijnlijk|troligen|prawdopodobnie|вероятно|верно|es|la|chọn|jawabannya|tl;dr|well|hmm|okay|ok)[,:.]?[*_]{0,2}\s{1,4}")
            .expect("the pattern is fixed and its tests compile it")
    });
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,.]?\s{1,4}\(?(?:i (?:think|guess|believe|suppose)|probably|most likely|for sure|definitely|imo|i'm (?:pretty|fairly|quite|almost) sure|but i(?:'m| am| could| might| may)\b[^.\n]{0,40})\)?[.!]?$|\?$")
            .expect("the pattern is fixed and its tests compile it")
    });
    if text.len() > 200 {
        return text;
    }
    let without = |text| BEFORE.find(text).map_or(text, |found| &text[found.end()..]);
    let rest = without(without(text));
    AFTER
        .find(rest)
        .map_or(rest, |found| &rest[..found.start()])
}

/// The option that a word of speech stands for, where one says the same: "Nope", "Not true."
fn colloquial(text: &str, options: &Options) -> Option<Reading> {
    const WORDS: [(&str, &str); 12] = [
        ("that's not true", "false"),
        ("that is not true", "false"),
        ("this is not true", "false"),
        ("yeah", "yes"),
        ("yep", "yes"),
        ("yup", "yes"),
        ("nope", "no"),
        ("nah", "no"),
        ("untrue", "false"),
        ("not true", "false"),
        ("it is not true", "false"),
        ("not false", "true"),
    ];
    let said = window(text, 0, 32).trim_matches([' ', '*', '_', '.', '!', ',']);
    let said = said.to_lowercase();
    let word = WORDS.iter().find(|(spoken, _)| *spoken == said)?.1;
    options.by_text(word).filter(Result::is_ok)
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

/// Whether a label from `at` to `end` would be right under a condition: "If it rained, B would be right".
fn is_unreal(text: &str, at: usize, end: usize) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:if|unless|were|had|wenn|falls|si|se|als|jeśli|если)\s[^.!?;\n]{1,80}$",
        )
        .expect("the pattern is fixed and its tests compile it")
    });
    let before = &text[text.ceil_char_boundary(at.saturating_sub(100))..at];
    let after = window(text, end, 16).trim_start_matches([' ', '*', '_', ')']);
    let unreal = ["would", "wäre", "serait", "sería", "sarebbe"];
    unreal.iter().any(|word| after.starts_with(word)) && CONDITION.is_match(before)
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
    let text = without_sign(text.trim());
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

/// `text` without an arrow or a tick before it.
fn without_sign(text: &str) -> &str {
    const SIGNS: [&str; 13] = [
        "∴", "=>", "->", "→", "⇒", "➡", "➜", "▶", "👉", "✅", "☑", "✓", "✔",
    ];
    let rest = SIGNS.iter().find_map(|sign| text.strip_prefix(sign));
    let rest = rest.map(|rest| rest.trim_start_matches(['\u{fe0f}', ' ', '\t']));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(text)
}

/// The label in "Answer B.", where nothing else stands.
fn after_noun(text: &str, options: &Options) -> Option<Reading> {
    const NOUNS: &str = "odpověď vastaus răspuns răspunsul válasz απάντηση відповідь תשובה คำตอบ answer antwort \
        réponse respuesta risposta resposta antwoord svar odpowiedź cevap jawaban ответ";
    let text = text.trim_start_matches(['*', '_']);
    if let Some(rest) = text.strip_prefix("Đáp án ") {
        return after_noun(&format!("answer {rest}"), options);
    }
    let (noun, rest) = text.split_once(' ')?;
    let label = options.label_at(rest, 0)?;
    let letter = matches!(label.name, Name::Letter('A'..='Z'))
        && !label.named
        && is_rest_empty(&rest[label.end..]);
    let noun = noun.to_lowercase();
    let leads = letter && NOUNS.split(' ').any(|known| known == noun);
    leads.then(|| options.by_label(&label))
}

/// The option that "the second option" stands for.
fn ordinal(text: &str, options: &Options) -> Option<Reading> {
    static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix)^ [\s*_`>\#]{0,8} (?:it.s\ |it\ is\ |i.d\ say\ )? (?:the\ |die\ |la\ |el\ |il\ |l'|a\ |de\ |den\ )?
            (?: (?<a>first|1st|erste|première|primera|prima|primeira|eerste|första|pierwsza|первый)
            | (?<b>second|2nd|zweite|deuxième|seconde|segunda|seconda|tweede|andra|druga|второй)
            | (?<c>third|3rd|dritte|troisième|tercera|terza|terceira|derde|tredje|trzecia|третий)
            | (?<d>fourth|4th|vierte|quatrième|cuarta|quarta|vierde|fjärde|czwarta|четвёртый|четвертый)
            | (?<e>last|letzte|dernière) )
            (?: \ (?:option|choice|one|answer|antwort|möglichkeit|réponse|proposition|opción|respuesta|opzione|risposta
            |opção|resposta|optie|alternativet|opcja|odpowiedź|вариант|ответ)
            [\s*_`.,!]{0,4} (?<said>(?:is|ist|est|es)\b [^\n.!?]{0,80}[.!]?)? | [\s*_`.,!]{0,4} ) $",
        )
        .expect("the pattern is fixed and its tests compile it")
    });
    let found = ORDINAL.captures(text.trim())?;
    let last = options.count() - 1;
    let named = ["a", "b", "c", "d", "e"]
        .iter()
        .position(|name| found.name(name).is_some())?;
    let named = if named == 4 { last } else { named };
    let denied = found
        .name("said")
        .is_some_and(|said| refutes(said.as_str()));
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
        .all(|c| c.is_whitespace() || ".:,;!*_`\"'$})]>。】」』）！".contains(c) || is_picture(c))
}

/// Whether a character is a picture that does not say that something is wrong.
fn is_picture(character: char) -> bool {
    let picture =
        matches!(character, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}');
    picture && !"❌✗✘✖❎🚫⛔👎❓❔".contains(character)
}

/// What follows a label, without what sets it off.
fn after_label<'a>(text: &'a str, label: &Label) -> &'a str {
    text[label.end..].trim_start_matches([
        ' ', '\t', '.', ':', ')', ']', '-', '–', '—', '*', '_', '：', '、', '．', '=', '"', '\'',
        '(', '|',
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

/// What follows the number of the question in "1) B) green".
fn after_number<'a>(text: &'a str, options: &Options) -> Option<&'a str> {
    let rest = text
        .strip_prefix("1)")
        .or_else(|| text.strip_prefix("1."))?
        .trim_start();
    let label = options.label_at(rest, 0)?;
    let set_off = matches!(
        label.style,
        Style::Bracketed | Style::Punctuated | Style::EndOfLine
    );
    let letter = matches!(label.name, Name::Letter('A'..='Z'));
    (letter && set_off && !rest.contains('\n')).then_some(rest)
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
    if let Some(marked) = marked_true(&object, options) {
        return Some(marked);
    }
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
    held(found.1, options)
}

/// The option that is marked as true in an object of options.
fn marked_true(object: &serde_json::Map<String, Value>, options: &Options) -> Option<Reading> {
    let mut right = None;
    for (key, value) in object {
        let named = whole(key, options)?.ok()?;
        if value.as_bool()? && right.replace(named).is_some() {
            return Some(Err(SEVERAL));
        }
    }
    right.map(Ok)
}

/// What the value of such a key names.
fn held(value: &Value, options: &Options) -> Option<Reading> {
    let value = match value {
        Value::Null => return Some(Err(NO_CHOICE)),
        Value::Array(items) => match &items[..] {
            [] => return Some(Err(NO_CHOICE)),
            [only] => only,
            _ => return Some(Err(SEVERAL)),
        },
        Value::Object(object) => ["label", "letter", "option", "choice"]
            .iter()
            .find_map(|key| object.get(*key))?,
        value => value,
    };
    let text = target::text_of(value)?;
    Some(whole(&text, options).unwrap_or(Err(NO_CHOICE)))
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
    let other = other
        .or_else(|| apposed(line, options))
        .or_else(|| bracketed(line, options));
    match other {
        Some(Ok(other)) if !options.same(other, named) => Err(DISAGREE),
        _ => Ok(named),
    }
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
    last_sentence(last, options).or_else(|| classified(text, options))
}

/// What the last sentence of a line consists of, or stands behind a colon in it.
fn last_sentence(line: &str, options: &Options) -> Option<Reading> {
    static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:backup|alternativ\w*|runner-?up|second|2nd|other|previous|initial|first guess|wrong|incorrect|distractors?|trap|example|not|rejected|eliminated|old|former|student|user|their|his|her)\b[^.!?:]{0,40}$")
            .expect("the pattern is fixed and its tests compile it")
    });
    let sentence = line.trim_end_matches(['.', '*', ' ', '。']);
    if sentence.ends_with([',', '，']) {
        return None;
    }
    let ends = [". ", "? ", "! ", "。", "？", "！"];
    let colon = sentence.rfind([':', '：']);
    let at = ends
        .iter()
        .filter_map(|end| sentence.rfind(end))
        .max()
        .max(colon)?;
    let head = sentence[..at].rsplit([',', ';']).next().unwrap_or_default();
    if Some(at) == colon && OTHER.is_match(head) {
        return None;
    }
    let sentence =
        sentence[at..].trim_start_matches(['.', ':', '?', '!', '：', '。', '？', '！', ' ']);
    whole(sentence, options).filter(Result::is_ok)
}

/// The one option that stands behind a head such as "Overall sentiment:", before an explanation.
fn classified(text: &str, options: &Options) -> Option<Reading> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)^[ \t*_#>-]{0,8}(?:\w{1,20} )?(?:sentiment|label|class|category|classification|verdict|decision|relation(?:ship)?|stance|intent|topic|emotion|rating|judge?ment|prediction|tone|polarity)[ *_]{0,4}[:：][ *_\x22]{0,4}")
            .expect("the pattern is fixed and its tests compile it")
    });
    let named = |head: regex::Match<'_>| {
        let (named, after) = options.text_at_start(&text[head.end()..])?;
        let after = after.trim_start_matches(['*', '_', '"']);
        let ends = after.is_empty() || after.starts_with(['\n', '.', ',', ';', '(', '|']);
        let aside = after.starts_with(" (")
            || after.starts_with(" -")
            || after.starts_with(" –")
            || after.starts_with(" —");
        (ends || aside).then_some(named)
    };
    let mut found = HEAD.find_iter(text).filter_map(named);
    let first = found.next()?;
    found
        .all(|other| options.same(other, first))
        .then_some(Ok(first))
}

/// What the last conclusion from `from` on names.
fn concluded(text: &str, from: usize, options: &Options) -> Option<Reading> {
    let end = run_on(text).filter(|end| *end > from).unwrap_or(text.len());
    let start = text
        .ceil_char_boundary(text.len().saturating_sub(FAR))
        .max(from);
    let part = text.get(start..end)?;
    let mut last: Option<(Reading, bool)> = None;
    let mut behind = 0;
    for found in leads(part).iter().rev().take(LEADS) {
        let Some(reading) = led_in(part, found.at, options) else {
            continue;
        };
        let strong = !is_short(&part[found.from..found.phrase]);
        match last {
            None => {
                last = Some((reading, strong));
                behind = found.at;
            }
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
    let (reading, _) = last?;
    let after = &part[stated::past(part, behind, options)..];
    let changed = reading
        .ok()
        .and_then(|named| revised(after, named, options));
    Some(changed.unwrap_or(reading))
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
        (plain || joined || ends || affirms(follows) || stands_in_clause(follows))
            && !label.name.is_small()
            || label.style == Style::Bracketed
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

/// Whether what follows a letter goes on as after a name: "I'd go with C here".
fn stands_in_clause(follows: &str) -> bool {
    const WORDS: &str =
        "ครับ ค่ะ คะ after qui que here for in as with based given over rather instead again too";
    let word = follows
        .trim_start()
        .split(|c: char| !c.is_alphabetic())
        .next();
    follows.starts_with(' ') && word.is_some_and(|word| WORDS.split(' ').any(|known| known == word))
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

/// The text that a label is said to stand for, as in "B, which is green".
fn apposed(line: &str, options: &Options) -> Option<Reading> {
    const WORDS: [&str; 8] = [
        "which is ",
        "that is ",
        "i.e. ",
        "i.e., ",
        "namely ",
        "also ist das ",
        "à savoir ",
        "es decir ",
    ];
    let rest = line.trim_start_matches(['*', '_', ')', '"', ' ']);
    let rest = rest.strip_prefix([',', '，']).unwrap_or(rest).trim_start();
    let said = WORDS.iter().find_map(|word| rest.strip_prefix(word));
    let rest = said
        .unwrap_or(rest)
        .trim_start_matches(['*', '_', '"', ' ']);
    let (other, after) = options.text_at_start(rest)?;
    let after = after.trim_start_matches(['*', '_', '"']);
    let ends = after.trim().is_empty() || after.starts_with(['.', ';', ',', ')', '\n']);
    let sets_off = said.is_some()
        || line
            .trim_start_matches(['*', '_', ')', '"'])
            .starts_with([',', '，']);
    (ends && sets_off).then_some(Ok(other))
}

/// The option whose text stands in brackets right behind a label, as in "B (green)".
fn bracketed(line: &str, options: &Options) -> Option<Reading> {
    let rest = line
        .trim_start_matches(['*', '_', ' '])
        .strip_prefix(['(', '（'])?;
    let (inner, _) = rest.split_once([')', '）'])?;
    options.by_text(inner)
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
        if is_unreal(text, at, label.end) {
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
    const LOOKS: bool = true;

    fn version(&self) -> u32 {
        4
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

    /// At worst each line is compared with every option.
    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_options(sample, text, 40)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
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
