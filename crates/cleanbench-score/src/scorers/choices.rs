//! `choices`: which of the sample's options the answer names, where several are right.
//!
//! Parameters: `score` (`"exact"`: 1 only for the right set; `"jaccard"`: those named and right over those
//! named or right; `"f1"`), `accept` (`"both"`, `"letter"`, `"text"`, as for `choice`).
//!
//! The rules, in this order: "whole answer": it is a list of options ("A, C", "ACD", "A-C", "salt and pepper", one
//! on each line, "all of the above"); "json": a JSON list; "boxed", "tag", "stated": the last statement that leads
//! such a list in ("the answers are A and C"); "verdict": each option was judged; "concluded": "so A and C"; "last
//! line": the lines at the end that are such lists; "lines": any lines that are. A list names options only, in any
//! order, divided by commas, semicolons, slashes or "and"; each option on its own line is the question again, and "A or
//! C" says of neither that it is right. "verdict" are also the ticks of a check list, and lists under heads that say
//! which are right and which wrong; what is left over where only the wrong ones are listed was not said.
//!
//! A complete answer in the first paragraph is read alone where another item follows it, and a short text that denies some
//! options names the ones that it affirms.
//!
//! It refuses to guess: an answer that names no option in these forms is not extracted, and a list with
//! something else in it is no list. The target is an option or a list of options.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use cleanbench_core::{Sample, Score};
use regex::Regex;
use serde_json::Value;

use crate::languages::{affirms, after_turn, joint, refutes, turns};
use crate::params::Params;
use crate::rule::{Rule, WHOLE};
use crate::scorers::choice::contrast::affirmed;
use crate::scorers::choice::item::{Next, next, opens, paragraphs, revises};
use crate::scorers::choice::judged::verdicts;
use crate::scorers::choice::label::Style;
use crate::scorers::choice::listing::breaks_off;
use crate::scorers::choice::options::{Accept, NO_CHOICE, Options, undecorated};
use crate::statement::{Found, Kind, found, leads, run_on};
use crate::target;
use cleanbench_text::json::find_value;
use cleanbench_text::scan::{is_blank, window};

mod parts;
mod words;

use parts::{Heads, headed, ticked};
use words::{alternates, retracts, says_right, says_wrong};

/// Bytes at the end of an answer in which lines are looked at one by one.
const FAR: usize = 1 << 15;

/// What is made of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Exact,
    Jaccard,
    F1,
}

/// Reads multiple-choice answers with several right options.
#[derive(Debug)]
pub(crate) struct Choices {
    accept: Accept,
    measure: Measure,
}

pub(crate) fn build(params: &mut Params<'_>) -> Choices {
    let accept = [
        ("both", Accept::Both),
        ("letter", Accept::Letter),
        ("text", Accept::Text),
    ];
    let measures = [
        ("exact", Measure::Exact),
        ("jaccard", Measure::Jaccard),
        ("f1", Measure::F1),
    ];
    Choices {
        accept: params.word("accept", &accept),
        measure: params.word("score", &measures),
    }
}

/// Positions of options.
type Named = BTreeSet<usize>;

/// What was read, and the rule by which it was.
type Read = Option<(Named, &'static str)>;

fn read(text: &str, options: &Options) -> Read {
    match before_next(text, options) {
        Some(read) => read,
        None => read_all(text, options),
    }
}

/// The answer that fills the first paragraph, where another item follows; nothing, where only another answer does.
fn before_next(text: &str, options: &Options) -> Option<Read> {
    let (first, rest) = paragraphs(text)?;
    let (named, rule) = complete(first, options)?;
    if next(rest, options) == Next::Item {
        return Some(Some((named, rule)));
    }
    if run_on(text).is_some() {
        return None;
    }
    if revises(rest) || complete(rest, options).is_some() {
        return None;
    }
    let (later, _) = stated(rest, options)?;
    let changed = later == named || !turns(rest).is_empty();
    (!changed).then_some(None)
}

/// What a paragraph names that is an answer and nothing else: "A, C", "Answer: A, C".
fn complete(text: &str, options: &Options) -> Read {
    if let Some(named) = listed(text, options) {
        return Some((named, WHOLE));
    }
    let found = found(window(text, 0, 1 << 10));
    let [only] = found[..] else {
        return None;
    };
    let alone = opens(text, only.from) && listed(text.get(only.at..)?, options).is_some();
    alone.then(|| stated(text, options)).flatten()
}

fn read_all(text: &str, options: &Options) -> Read {
    let end = &text[text.ceil_char_boundary(text.len().saturating_sub(FAR))..];
    let by = |rule| move |named| (named, rule);
    let first = ticked(end, options)
        .map(by("verdict"))
        .or_else(|| listed(text, options).map(by(WHOLE)))
        .or_else(|| in_json(text, options).map(by("json")));
    if first.is_some() {
        return first;
    }
    if let Some(right) = affirmed(text.trim(), options) {
        return Some((right, "verdict"));
    }
    match headed(end, options) {
        Heads::Right(named) => return Some((named, "verdict")),
        Heads::OnlyWrong => return None,
        Heads::None => {}
    }
    first
        .or_else(|| stated(text, options))
        .or_else(|| judged(end, options).map(by("verdict")))
        .or_else(|| concluded(end, options).map(by("concluded")))
        .or_else(|| said(end, options).map(by("stated")))
        .or_else(|| labelled(text, options).map(by("stated")))
        .or_else(|| {
            let within = breaks_off(end, options);
            let last = at_end(end, options).map(by("last line"));
            let any = || any_line(end, options).map(by("lines"));
            last.or_else(any).filter(|_| !within)
        })
}

/// What the only sentence says that something is, where each option has its label and its text: "They are A) red and C) blue".
fn labelled(text: &str, options: &Options) -> Option<Named> {
    const IS: &str =
        "are include includes sind sont son sono são zijn är jest są jsou er adalah là это : —";
    const ASKED: &str = "options choices alternatives possibilities candidates optionen opciones opzioni opções варианты";
    let text = text.trim();
    if text.len() > 600 || text.contains(['\n', '?']) {
        return None;
    }
    let mut starts = text.char_indices().filter(|(at, c)| {
        let opens = c.is_ascii_uppercase() || *c == '(';
        opens && text[..*at].ends_with([' ', '*']) && is_in_full(&text[*at..], options)
    });
    let at = starts.next()?.0;
    let head = text[..at].trim_end_matches([' ', '*']);
    let has = |words: &str, word: &str| words.split(' ').any(|known| known == word);
    let spaced = head.replace(':', " :").to_lowercase();
    let mut words = spaced.split_whitespace();
    let asked = words.clone().any(|word| has(ASKED, word));
    let is = words.next_back().is_some_and(|word| has(IS, word));
    let named = names(&text[at..], options).filter(|named| named.len() < options.count())?;
    (is && !asked && !says_wrong(head) && named.len() > 1).then_some(named)
}

/// Whether `text` begins with a label that is set off and its own text.
fn is_in_full(text: &str, options: &Options) -> bool {
    let label = options.label_at(text, 0);
    let label = label.filter(|label| matches!(label.style, Style::Bracketed | Style::Punctuated));
    label.is_some_and(|label| {
        let own = text[label.end..].trim_start_matches([' ', '.', ':', ')', '*']);
        let named = options.text_at_start(own).map(|(named, _)| named);
        named.is_some() && named == options.by_label(&label).ok()
    })
}

/// What the lines name that end the text and are lists, as far up as they go.
fn at_end(text: &str, options: &Options) -> Option<Named> {
    let lines = text.lines().rev().filter(|line| !is_blank(line));
    let lists: Vec<Named> = lines.map_while(|line| listed(line, options)).collect();
    let named: Named = lists.iter().flatten().copied().collect();
    let echo = lists.len() == options.count() && named.len() == options.count();
    (!named.is_empty() && !echo).then_some(named)
}

/// What any lines name that are lists, if not each option has its own.
fn any_line(text: &str, options: &Options) -> Option<Named> {
    let lists: Vec<Named> = text
        .lines()
        .filter_map(|line| listed(line, options))
        .collect();
    let named: Named = lists.iter().flatten().copied().collect();
    (!named.is_empty() && named.len() < options.count()).then_some(named)
}

/// The list in a JSON value: the whole of it, or under a key.
fn in_json(text: &str, options: &Options) -> Option<Named> {
    if text.len() > FAR || !text.contains(['{', '[']) || text.contains("\\boxed") {
        return None;
    }
    let value = find_value(text)?;
    let value = match &value {
        Value::Object(object) => {
            if let Some(named) = marked(object, options) {
                return Some(named);
            }
            under_key(object)?
        }
        other => other,
    };
    match value {
        Value::Array(items) => {
            let each = items
                .iter()
                .map(|item| listed(&target::text_of(item)?, options));
            let named: Option<Vec<Named>> = each.collect();
            let named: Named = named?.into_iter().flatten().collect();
            (!named.is_empty()).then_some(named)
        }
        other => listed(&target::text_of(other)?, options),
    }
}

/// The value of the key that says most that it is the answer.
fn under_key(object: &serde_json::Map<String, Value>) -> Option<&Value> {
    const KEYS: [&str; 7] = [
        "selected", "correct", "answer", "final", "label", "choice", "option",
    ];
    let of = |name: &&str| {
        let mut entries = object.iter();
        entries.find(|(key, _)| key.to_lowercase().starts_with(*name))
    };
    let only = || object.iter().next().filter(|_| object.len() == 1);
    let (key, value) = KEYS.iter().find_map(of).or_else(only)?;
    (!says_wrong(key)).then_some(value)
}

/// The options that an object of options marks as true.
fn marked(object: &serde_json::Map<String, Value>, options: &Options) -> Option<Named> {
    let mut named = Named::new();
    for (key, value) in object {
        let one = listed(key, options)?;
        if value.as_bool()? {
            named.extend(one);
        }
    }
    (!named.is_empty()).then_some(named)
}

/// What the last sentence names that speaks of right answers: "Doğru cevaplar A ve C'dir".
fn said(text: &str, options: &Options) -> Option<Named> {
    let sentences = text.rsplit(['\n', '.', '!', '?', '。', ';']);
    let mut behind = "";
    sentences.take(200).find_map(|sentence| {
        let sentence = sentence.trim();
        let taken_back = retracts(behind);
        if !sentence.is_empty() {
            behind = window(sentence, 0, 40);
        }
        if sentence.len() > 200 || says_wrong(sentence) || taken_back {
            return None;
        }
        let rest = &sentence[says_right(sentence)?..];
        let starts = rest.char_indices().filter(|(at, _)| {
            let joined = rest[..*at].chars().next_back();
            joined.is_none_or(|c| !c.is_ascii_alphanumeric())
        });
        let several = |named: &Named| named.len() > 1;
        let mut starts = starts.take(24).map(|(at, _)| without_copula(&rest[at..]));
        starts.find_map(|list| names(list, options).filter(several))
    })
}

/// A list without the verb that some languages put behind it.
fn without_copula(list: &str) -> &str {
    const ENDS: &str = "'dir|'dır|'tir|'tır|’dir|’dır|’tir|입니다|이다|です|である|हैं|है|।";
    let mut list = list.trim_end_matches(['.', '。', ' ']);
    while let Some(shorter) = ENDS.split('|').find_map(|end| list.strip_suffix(end)) {
        list = shorter.trim_end();
    }
    list
}

/// Whether the clause of a statement that answers at `at` says that what follows is not the answer.
fn is_of_wrong(text: &str, from: usize, at: usize) -> bool {
    const ENDS: [char; 10] = ['\n', '.', '!', '?', '。', ';', ',', '，', ':', '：'];
    let left = &text[text.ceil_char_boundary(from.saturating_sub(40))..from];
    let clause = left.rsplit(ENDS).next().unwrap_or(left);
    let clause = clause.rsplit(" so ").next().unwrap_or(clause);
    says_wrong(clause) || says_wrong(&text[from..at])
}

/// What the last statement leads in. "The answers are" is a statement here too.
fn stated(text: &str, options: &Options) -> Read {
    let all = found(text);
    let (place, (named, rule)) = all.iter().enumerate().rev().find_map(|(place, found)| {
        let rule = match found.kind {
            Kind::Boxed => "boxed",
            Kind::Tag => "tag",
            Kind::Stated | Kind::Plural | Kind::Denied => "stated",
            Kind::Lead | Kind::Disowned => return None,
        };
        Some((place, (led(text, found, options)?, rule)))
    })?;
    if let Some(corrected) = corrected(text, all[place].at, options) {
        return Some((corrected, "corrected"));
    }
    let named = if rule == "stated" {
        named
    } else {
        with_earlier(text, &all[..=place], named, options)
    };
    Some((named, rule))
}

/// What one statement leads in.
fn led(text: &str, found: &Found, options: &Options) -> Option<Named> {
    let reach = window(text, found.at, options.reach());
    match found.kind {
        Kind::Boxed => listed(in_braces(reach), options),
        Kind::Tag => listed(in_tag(reach), options),
        Kind::Denied => {
            let line = reach.lines().next()?;
            let turns = [
                " but ",
                " sondern ",
                " sino ",
                " mais ",
                " bensì ",
                " ma ",
                " maar ",
                "而是",
            ];
            let rest = turns
                .iter()
                .find_map(|turn| Some(line.split_once(turn)?.1))?;
            listed(rest, options)
        }
        _ if is_of_wrong(text, found.from, found.at) => None,
        _ => lines_from(reach, options),
    }
}

fn in_tag(text: &str) -> &str {
    text.split('<').next().unwrap_or(text)
}

/// `named` and what stands in boxes or tags of its kind right before the last of `found`.
fn with_earlier(text: &str, found: &[Found], mut named: Named, options: &Options) -> Named {
    for pair in found.windows(2).rev() {
        let reach = window(text, pair[0].at, options.reach());
        let inner = if pair[0].kind == Kind::Boxed {
            in_braces(reach)
        } else {
            in_tag(reach)
        };
        let end = pair[0].at + inner.len();
        let between = text.get(end..pair[1].from).unwrap_or("?");
        let between = between
            .trim_start_matches('}')
            .trim_start_matches("</answer>");
        let more = listed(inner, options);
        match more {
            Some(more) if pair[0].kind == pair[1].kind && after_joints(between).is_empty() => {
                named.extend(more);
            }
            _ => break,
        }
    }
    named
}

/// What a word of correction after `at` leads in; nothing, where it is unclear what.
fn corrected(text: &str, at: usize, options: &Options) -> Option<Named> {
    let rest = window(text, at, FAR);
    let turn = turns(rest).pop()?;
    let behind = &rest[turn..];
    let behind = &behind[after_turn(behind)..];
    match lines_from(behind, options) {
        Some(named) => Some(named),
        None => option_at_start(behind, options).map(|_| Named::new()),
    }
}

/// What stands before the closing brace of `text`.
fn in_braces(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return &text[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The list with which `text` begins, over lines as long as they go on with it.
fn lines_from(text: &str, options: &Options) -> Option<Named> {
    let mut lines = text.lines();
    let mut named = listed(lines.next()?, options)?;
    for line in lines {
        match listed(line, options) {
            Some(more) => named.extend(more),
            None => break,
        }
    }
    Some(named)
}

/// The options that are found right where each is judged.
fn judged(text: &str, options: &Options) -> Option<Named> {
    let mut judged = verdicts(text, options);
    if judged.len() < 2 {
        // One after another on a line: "A is wrong. B is right.", "A: no, B: yes".
        static NEXT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"[.;] |, ([A-Z] ?[:.)=] )")
                .expect("the pattern is fixed and its tests compile it")
        });
        judged = verdicts(&NEXT.replace_all(text, "\n$1"), options);
    }
    let right: Named = judged
        .iter()
        .filter(|(_, right)| *right)
        .map(|(named, _)| *named)
        .collect();
    (judged.len() > 1 && !right.is_empty() && right.len() < judged.len()).then_some(right)
}

/// What the last conclusion leads in.
fn concluded(text: &str, options: &Options) -> Option<Named> {
    leads(text).into_iter().rev().find_map(|found| {
        let line = text[found.at..].lines().next().unwrap_or_default();
        listed(line, options)
    })
}

/// The options of which `text` is a list, on one line or several; `None` where anything else stands in it.
fn listed(text: &str, options: &Options) -> Option<Named> {
    let text = text.trim();
    if text.len() > options.reach() {
        return None;
    }
    if !text.contains('\n') {
        return on_line(text, options);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !is_blank(line)).collect();
    let lists: Option<Vec<Named>> = lines.iter().map(|line| on_line(line, options)).collect();
    let lists = lists?;
    let named: Named = lists.iter().flatten().copied().collect();
    // Each option on a line of its own is the question again.
    let echo = lists.len() == options.count() && named.len() == options.count();
    (!named.is_empty() && !echo).then_some(named)
}

/// The options that a line names, after a bullet or a number.
fn on_line(line: &str, options: &Options) -> Option<Named> {
    let line = line.trim();
    let bullet = without_bullet(line);
    bullet
        .and_then(|rest| names(rest, options))
        .or_else(|| names(line, options))
        .or_else(|| marked_in_line(line, options))
        .or_else(|| {
            let list = without_copula(line);
            let shorter = list.len() < line.len();
            shorter.then(|| names(list, options)).flatten()
        })
}

/// The letters behind which a tick stands, in a line of nothing but letters with ticks and crosses: "A✓ B✗".
fn marked_in_line(line: &str, options: &Options) -> Option<Named> {
    let mut named = Named::new();
    let mut letter = None;
    let marks = line
        .chars()
        .filter(|c| !c.is_whitespace() && !",;:-()".contains(*c));
    for character in marks.take(200) {
        match (letter, character) {
            (None, 'A'..='Z') => letter = Some(options.by_letter(character).ok()?),
            (Some(position), '✓' | '✔' | '✅') => {
                named.insert(position);
                letter = None;
            }
            (Some(_), '✗' | '✘' | '❌' | '✖') => letter = None,
            _ => return None,
        }
    }
    (letter.is_none() && !named.is_empty()).then_some(named)
}

fn without_bullet(line: &str) -> Option<&str> {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = line.len() - digits.len();
    let rest = if (1..3).contains(&numbered) {
        digits.strip_prefix(['.', ')'])?
    } else {
        line.strip_prefix(['-', '*', '•', '–', '✓', '✔', '✅'])?
    };
    rest.starts_with([' ', '\t'])
        .then(|| rest.trim_start())
        .filter(|rest| !rest.is_empty())
}

/// The options in a list on one line.
fn names(text: &str, options: &Options) -> Option<Named> {
    let text = in_brackets(text.trim());
    if let Some(named) = together(text, options)
        .or_else(|| range(text, options))
        .or_else(|| all(text, options))
        .or_else(|| all_but(text, options))
    {
        return Some(named);
    }
    let mut named = Named::new();
    let mut rest = after_joints(text);
    let mut ended = false;
    while !rest.is_empty() {
        let (position, after) = option_at_start(rest, options)?;
        if refutes(window(after, 0, 64)) {
            return (ended && !named.is_empty()).then_some(named);
        }
        named.insert(position);
        let next = next_item(after, options);
        let between = &after[..after.len() - next.len()];
        if alternates(between) {
            return None;
        }
        ended = between.contains(['.', '。', '\n']);
        let more = option_at_start(next, options).is_some();
        if !more && ends_list(next) {
            let turned = next.starts_with("are ") && says_wrong(sentence(next));
            return if turned {
                None
            } else {
                with_later(named, next, options)
            };
        }
        if !more && ended && named.len() > 1 && !retracts(window(next, 0, 200)) {
            return Some(named);
        }
        if next.len() == after.len() && !next.is_empty() {
            return None;
        }
        rest = next;
    }
    (!named.is_empty()).then_some(named)
}

/// What stands before the end of the sentence.
fn sentence(text: &str) -> &str {
    let text = window(text, 0, 120);
    let text = text.split(['.', ';', '\n']).next().unwrap_or(text);
    let turns = [", while ", ", whereas ", " while ", " whereas ", ", but "];
    turns
        .iter()
        .find_map(|turn| Some(text.split_once(turn)?.0))
        .unwrap_or(text)
}

/// `named` and what later clauses affirm too; `None` where one leaves it open whether another is right.
fn with_later(mut named: Named, text: &str, options: &Options) -> Option<Named> {
    static OPEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[^.;,]{0,12}\b(?:might|may|could|possibly|perhaps|maybe|probably)\b")
            .expect("the pattern is fixed and its tests compile it")
    });
    let text = window(text, 0, 400);
    for clause in text.split(['.', ';', ',', '\n']).skip(1) {
        let clause = after_joints(clause);
        let Some((position, after)) = option_at_start(clause, options) else {
            continue;
        };
        let said = after
            .trim_start()
            .strip_prefix("is ")
            .unwrap_or(after)
            .trim_start();
        let also = ["also ", "too", "as well", "likewise"]
            .iter()
            .any(|word| said.starts_with(word));
        if OPEN.is_match(after) {
            return None;
        }
        if !refutes(window(after, 0, 64))
            && !says_wrong(window(after, 0, 40))
            && (also || affirms(after))
        {
            named.insert(position);
        }
    }
    Some(named)
}

/// What follows after joints, also in brackets: "(and also C)".
fn next_item<'a>(after: &'a str, options: &Options) -> &'a str {
    let next = after_joints(after);
    let Some(inner) = next.strip_prefix('(') else {
        return next;
    };
    let item = after_joints(inner);
    let joined = item.len() < inner.len() && option_at_start(item, options).is_some();
    if joined { item } else { next }
}

/// Whether a list is over and a reason or a verdict follows.
fn ends_list(rest: &str) -> bool {
    const WORDS: &str = "because |since |are correct|are right|are the |are both |are all |are true|is true|\
        is correct|as they|weil |car |porque |perché |sind richtig|sind korrekt|sont correct|sont juste|son correct|\
        sono corrett|sono giust|são corret|zijn juist|zijn correct|są popraw|not |but not |nicht |aber nicht |pas |\
        mais pas |pero no |ma non |mas não |而不是|但不是|(";
    WORDS.split('|').any(|word| rest.starts_with(word))
}

/// What stands in brackets that hold a list.
fn in_brackets(text: &str) -> &str {
    let pairs = [('{', '}'), ('[', ']'), ('(', ')'), ('【', '】'), ('$', '$')];
    let inner = pairs.iter().find_map(|(open, close)| {
        let inner = text
            .trim_end_matches('.')
            .strip_prefix(*open)?
            .strip_suffix(*close)?;
        (inner.contains([',', ';', '、', ' ']) && !inner.contains([*open, *close])).then_some(inner)
    });
    inner.unwrap_or(text)
}

/// Letters written as one word: "ACD".
fn together(text: &str, options: &Options) -> Option<Named> {
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    if options.by_text(word).is_some() || options.count() > 26 || word.len() > 256 {
        return None;
    }
    // "A B D", "(A)(C)" and "A.C." too, but no words of several letters among them.
    let letters = || {
        word.split(|c: char| " .()[]".contains(c))
            .filter(|part| !part.is_empty())
    };
    let apart = letters().all(|part| part.len() == 1);
    let word: String = if apart {
        letters().collect()
    } else {
        word.to_owned()
    };
    if word.len() < 2 || !word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut named = Named::new();
    for letter in word.chars() {
        if !named.insert(options.by_letter(letter).ok()?) {
            return None;
        }
    }
    Some(named)
}

/// A run of letters: "A-C", "A to C".
fn range(text: &str, options: &Options) -> Option<Named> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    let first = text.chars().next().filter(char::is_ascii_uppercase)?;
    let last = text.chars().next_back().filter(char::is_ascii_uppercase)?;
    let between = text.get(1..text.len().checked_sub(1)?)?.trim();
    if !["-", "–", "to", "through", "bis", "à", "~"].contains(&between) || first >= last {
        return None;
    }
    (first..=last)
        .map(|letter| options.by_letter(letter).ok())
        .collect()
}

/// Every option, where the answer says so.
fn all(text: &str, options: &Options) -> Option<Named> {
    const PHRASES: &str = "all of the above|all of them|all options|all of these|all the above|all four|alle|\
        alle genannten|alle antworten|toutes|toutes les réponses|todas las anteriores|todas|tutte|以上都是|以上皆是|以上全部|全部";
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^all (?:of )?(?:the |these )?(?:(two|three|four|five|six|seven|eight) )?(?:options |choices |answers |statements |of them |above )?(?:above )?(?:are |is )?(?:correct|true|right)$")
            .expect("the pattern is fixed and its tests compile it")
    });
    const NUMBERS: [&str; 7] = ["two", "three", "four", "five", "six", "seven", "eight"];
    let bare = undecorated(text).to_lowercase();
    let as_many = |number: Option<regex::Match<'_>>| {
        number.is_none_or(|number| NUMBERS.get(options.count() - 2) == Some(&number.as_str()))
    };
    let every = PHRASES
        .split('|')
        .any(|phrase| phrase == bare.trim_end_matches(" are correct"))
        || SAID
            .captures(&bare)
            .is_some_and(|said| as_many(said.get(1)));
    every.then(|| (0..options.count()).collect())
}

/// Every option but those that are named: "all except B".
fn all_but(text: &str, options: &Options) -> Option<Named> {
    static BUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:all|everything|every (?:option|choice|answer)|alle|alles|tous|toutes|tutte|todas|todos)(?: (?:of )?(?:them|these|the)?\s?(?:options|choices|answers|above)?)? ?(?:but|except|apart from|other than|besides|außer|sauf|tranne|excepto|salvo|menos|exceto)(?: for)? ")
            .expect("the pattern is fixed and its tests compile it")
    });
    let rest = &text[BUT.find(text)?.end()..];
    let out = names(rest, options)?;
    let left: Named = (0..options.count())
        .filter(|at| !out.contains(at))
        .collect();
    (!left.is_empty()).then_some(left)
}

/// The option that begins `text`, by its text, or by its label and possibly its text, and what follows.
fn option_at_start<'a>(text: &'a str, options: &Options) -> Option<(usize, &'a str)> {
    if let Some(found) = options.text_at_start(text) {
        return Some(found);
    }
    if let Some(found) = ordinal_at_start(text, options) {
        return Some(found);
    }
    let label = options.label_at(text, 0)?;
    let position = options.by_label(&label).ok()?;
    let after = &text[label.end..];
    if label.style == Style::Bare && label.name.is_small() && after.starts_with(' ') {
        return None;
    }
    let own = after.trim_start_matches(|c: char| c.is_whitespace() || ".:)]*_-–—(：".contains(c));
    match options.text_at_start(own) {
        Some((same, after)) if same == position => Some((position, after)),
        _ => Some((position, after)),
    }
}

/// The option for which "the third" stands that begins `text`, and what follows.
fn ordinal_at_start<'a>(text: &'a str, options: &Options) -> Option<(usize, &'a str)> {
    const WORDS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let bare = text.strip_prefix("the ").or(text.strip_prefix("The "));
    let bare = bare.unwrap_or(text);
    let (at, rest) = WORDS.iter().enumerate().find_map(|(at, word)| {
        let start = bare.get(..word.len())?;
        start
            .eq_ignore_ascii_case(word)
            .then(|| (at, &bare[word.len()..]))
    })?;
    let rest = ["option", "choice", "one", "answer"]
        .iter()
        .find_map(|noun| rest.trim_start().strip_prefix(noun))
        .unwrap_or(rest);
    let ends = rest.is_empty() || rest.starts_with([' ', ',', '.', ';', '\n']);
    (at < options.count() && ends).then_some((at, rest))
}

/// `text` after white space, decoration, bullets, and what joins the items of a list.
fn after_joints(text: &str) -> &str {
    const WORDS: &str = "both|just|nur|seulement|uniquement|solo|sólo|somente|alleen|tylko|только|options|option|only|\
        choices|so|thus|therefore|also|letters|as well as|sowie";
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || "*_`\"'-•,;/&+、，；。.!)]}”“|∧∨$".contains(c)
        });
        let word = WORDS.split('|').find_map(|word| {
            let start = rest.get(..word.len())?;
            let after = &rest[word.len()..];
            let ends = after.is_empty() || after.starts_with([' ', ':', '\n', '.', ',']);
            (ends && start.eq_ignore_ascii_case(word)).then_some(after)
        });
        match word {
            Some(after) => rest = after,
            None => match joint(rest) {
                0 => return rest,
                length => {
                    let at = rest.floor_char_boundary(length);
                    let opens = rest[..at].ends_with(['(', '[']);
                    rest = &rest[at - usize::from(opens)..];
                }
            },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "samples have few choices")]
fn value(measure: Measure, named: &Named, right: &Named) -> f64 {
    let both = named.intersection(right).count() as f64;
    match measure {
        Measure::Exact => f64::from(u8::from(named == right)),
        Measure::Jaccard => both / named.union(right).count() as f64,
        Measure::F1 => 2.0 * both / (named.len() + right.len()) as f64,
    }
}

/// Positions of the right options.
fn right(sample: &Sample) -> Named {
    let mut first = HashMap::with_capacity(sample.choices.len());
    for (position, choice) in sample.choices.iter().enumerate() {
        first.entry(choice.as_str()).or_insert(position);
    }
    let texts = target::texts(sample);
    let position = |text: &String| first.get(text.as_str()).copied();
    texts.iter().filter_map(position).collect()
}

impl Rule for Choices {
    const COMPARES_TEXTS: bool = true;
    const LOOKS: bool = true;
    const LISTS: bool = true;

    fn version(&self) -> u32 {
        4
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        if sample.choices.len() < 2 {
            return Err("the sample needs at least two choices".to_owned());
        }
        target::check_texts(sample)?;
        let texts = target::texts(sample);
        let known: HashSet<&String> = sample.choices.iter().collect();
        match texts.iter().find(|text| !known.contains(text)) {
            Some(text) => Err(format!("the target {text:?} is not one of the choices")),
            None if right(sample).len() < texts.len() => {
                Err("the target names a choice twice".to_owned())
            }
            None => Ok(()),
        }
    }

    /// At worst each line is compared with every option, several times.
    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_options(sample, text, 75)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let options = Options::of(sample, self.accept);
        let read = read(&options.plain(text), &options);
        let Some((named, rule)) = read.filter(|read| !read.0.is_empty()) else {
            return Score::not_extracted(NO_CHOICE);
        };
        let texts: Vec<&str> = named
            .iter()
            .map(|position| sample.choices[*position].as_str())
            .collect();
        Score::share(
            value(self.measure, &named, &right(sample)),
            texts.join("; "),
        )
        .by(rule)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    const OPTIONS: [&str; 4] = ["salt", "salt and pepper", "Öl", "water, cold"];

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(
            &spec("choices", params),
            &sample(target, &OPTIONS),
            text,
            expect,
        );
    }

    #[test]
    fn forms_of_an_answer() {
        let target = json!(["salt", "Öl"]);
        for text in [
            "A, C",
            "AC",
            "(A) and (C)",
            "A and C.",
            "salt, öl",
            "A) salt\nC) Öl",
            "- salt\n- Öl",
            "The answers are A and C.",
            "Thinking of B first.\nAnswer: **A, C**",
            "so \\boxed{A, C}",
            "I would take these:\nA. salt\nC. Öl",
            "Options A & C",
            "A、C。",
        ] {
            case(json!({}), target.clone(), text, Right("salt; Öl"));
        }
        case(
            json!({}),
            json!(["salt and pepper", "water, cold"]),
            "salt and pepper and water, cold",
            Right("salt and pepper; water, cold"),
        );
        case(json!({}), json!("salt"), "A", Right("salt"));
        case(json!({}), target.clone(), "A", Wrong("salt"));
        for text in ["A good one", "E, F", "none of them", "AEC", "A, perhaps C"] {
            case(json!({}), target.clone(), text, Nothing("no choice named"));
        }
        case(json!({}), target, "", Nothing("empty completion"));
    }

    #[test]
    fn shares() {
        let target = json!(["salt", "Öl"]);
        case(
            json!({"score": "jaccard"}),
            target.clone(),
            "A, B",
            Part(1.0 / 3.0, "salt; salt and pepper"),
        );
        case(
            json!({"score": "f1"}),
            target.clone(),
            "A",
            Part(2.0 / 3.0, "salt"),
        );
        case(
            json!({"accept": "text"}),
            target.clone(),
            "A, C",
            Nothing("no choice named"),
        );
        case(
            json!({"accept": "letter"}),
            target,
            "salt, Öl",
            Nothing("no choice named"),
        );
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("choices", json!({}));
        refused(
            &plain,
            &sample(json!(["a"]), &["a"]),
            "at least two choices",
        );
        refused(
            &plain,
            &sample(json!(["a", "x"]), &["a", "b"]),
            "not one of the choices",
        );
        refused(&plain, &sample(json!(["a", "a"]), &["a", "b"]), "twice");
        faulty(
            &spec("choices", json!({"score": "share"})),
            "score",
            "`jaccard`",
        );
    }
}
