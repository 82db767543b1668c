//! Options that an answer judges one by one: in lines, check lists, tables, questions and exceptions.
//!
//! Invariant: put to stretches of bounded length. It refuses a text in which several are found right.

use std::sync::LazyLock;

use regex::Regex;

use super::options::{Options, Reading, SEVERAL};
use super::{after_label, labels, opening::sentences, read_label, whole};
use crate::languages::{refutes, turns};
use crate::statement::leads;
use cleanbench_text::scan::window;

/// The one option whose label is said to be right, as in "C fits best".
pub(super) fn affirmed(text: &str, options: &Options) -> Option<Reading> {
    let affirmed = labels(text, options, false).affirmed;
    let [named] = affirmed[..] else {
        return None;
    };
    Some(Ok(named))
}

/// "True" or "false" where a text ends by saying that of a statement.
pub(super) fn predicate(text: &str, options: &Options) -> Option<Reading> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:this|that|it|(?:statement|claim|assertion|sentence|proposition)s?|(?:claim|statement|assertion|belief|idea|notion|assumption|hypothesis|proposition|view|myth) that [^.!?\n;]{3,120}) (?:is|was) (?:therefore |thus |indeed |actually |clearly )?[*_]{0,2}(true|false)[*_]{0,2}(?:,? (?:since|because|as) [^.!?\n]{3,120})?\s*[.!]?\s*$")
            .expect("the pattern is fixed and its tests compile it")
    });
    static DOUBTED: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)(?:\b(?:not|never|nobody|no one|none|if|whether|unless|nor|doubt\w*|reject\w*|deny|denies|refut\w*)|n['’]t)\b[^.,;:!?\n]{0,80}$",
        )
    });
    // "It is false that bats are blind."
    static THAT: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)^\s*it(?: is|['’]s) [*_]{0,2}(true|false)[*_]{0,2} that [^.!?,;]{3,160}[.!]?\s*$",
        )
    });
    let start = text.ceil_char_boundary(text.len().saturating_sub(300));
    let near = &text[start..];
    let found = SAID.captures(near).or_else(|| THAT.captures(text))?;
    let before = found.get(0).and_then(|found| near.get(..found.start()))?;
    if DOUBTED.is_match(before) {
        return None;
    }
    options.by_text(&found[1]).filter(Result::is_ok)
}

/// "True" or "false" where a text begins by saying that of the statement, and nothing says otherwise of it later.
pub(super) fn of_statement(text: &str, options: &Options) -> Option<Reading> {
    const SUBJECTS: [&str; 6] = [
        "the statement is ",
        "this statement is ",
        "the claim is ",
        "this claim is ",
        "the assertion is ",
        "this is a ",
    ];
    let folded = window(text, 0, 4096)
        .to_lowercase()
        .replace(['*', '_', '"'], "");
    let words = folded.trim_start();
    let rest = SUBJECTS
        .iter()
        .find_map(|subject| words.strip_prefix(subject))?;
    let said = ["true", "false"]
        .into_iter()
        .find(|said| rest.starts_with(said))?;
    let other = if said == "true" { "false" } else { "true" };
    let after = &rest[said.len()..];
    let ends = [
        ".",
        "!",
        ",",
        ";",
        " because ",
        " since ",
        " statement",
        " claim",
    ];
    let set_off = after.is_empty() || ends.iter().any(|end| after.starts_with(end));
    let again = [
        "statement is ",
        "claim is ",
        "this is ",
        "so it is ",
        "it is ",
    ]
    .iter()
    .any(|head| {
        [".", ",", "!", ";"]
            .iter()
            .any(|end| after.contains(&format!("{head}{other}{end}")))
            || after.ends_with(&format!("{head}{other}"))
    });
    let is_option = options.by_text(other).is_some();
    (set_off && !again && is_option && turns(after).is_empty())
        .then(|| options.by_text(said))
        .flatten()
        .filter(Result::is_ok)
}

/// The one option that is found right where each is judged.
pub(super) fn verdict(text: &str, options: &Options) -> Option<Reading> {
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
pub(super) fn confirmed(text: &str, options: &Options) -> Option<Reading> {
    static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\bis (?:it|the (?:correct |right )?answer) |(?:^|[.!?\n]\s{0,4}))(?:is (?:it|the (?:correct |right )?answer) )?([^?.!\n]{1,60})\?\s{0,4}(?:yes|correct|right)\b")
            .expect("the pattern is fixed and its tests compile it")
    });
    let found = QUESTION.captures_iter(text).last()?;
    whole(&found[1], options).filter(Result::is_ok)
}

/// What a mark of a verdict may stand behind: emphasis, brackets, the bars of a table.
const BEFORE: &str = r"^[*_`)\]\s|]{0,6}";

/// The options that lines judge, and whether they are found right.
pub(in crate::scorers) fn verdicts(text: &str, options: &Options) -> Vec<(usize, bool)> {
    static RIGHT: LazyLock<Regex> = LazyLock::new(|| {
        compiled(&format!(
            r"(?i){BEFORE}(?:\bis\b|[.:–—,(=-])?[\s*_(]{{0,4}}(?:✓|✔|✅|☑|(?:correct|right|true|yes|richtig|korrekt|correcte|correcto|correcta|corretto|corretta|juist|rätt|poprawna|doğru|benar|đúng|верно|правильно|صحيح|सही)\b|正确|正解|정답|맞)"
        ))
    });
    static NO: LazyLock<Regex> = LazyLock::new(|| {
        compiled(&format!(
            r"(?i){BEFORE}[.:–—,(=-]?[\s*_(]{{0,4}}(?:no|nein|non|nee|nej|nie|não|нет|hayır|tidak)\b"
        ))
    });
    let judge = |line: &str| {
        let line = line.trim_start_matches(['-', '*', ' ', '•', '|']);
        let label = options.label_at(line, 0)?;
        let named = options.by_label(&label).ok()?;
        let rest = window(line, label.end, 240);
        let own = options.text_at_start(after_label(line, &label));
        let rest = own.map_or(rest, |(_, after)| window(after, 0, 240));
        let wrong = refutes(rest.trim_start_matches([' ', '|'])) || NO.is_match(rest);
        (wrong || RIGHT.is_match(rest)).then_some((named, !wrong))
    };
    text.lines().filter_map(judge).collect()
}

/// Longest line of a check list that is read, in bytes.
const LONGEST_LINE: usize = 800;

/// The lines of a check list: whether each is ticked, and what stands behind its box.
pub(in crate::scorers) fn boxes(text: &str) -> impl Iterator<Item = (bool, &str)> + '_ {
    static BOX: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?m)^\s{0,8}(?:[-*+]|[0-9]{1,2}[.)])?\s{0,4}(?:\[([xX✓✔ ])\]|([☐☑☒]))[ \t]{0,4}(.+)$",
        )
    });
    BOX.captures_iter(text).filter_map(|line| {
        let mark = line.get(1).or(line.get(2))?.as_str();
        let words = line.get(3)?.as_str();
        (words.len() <= LONGEST_LINE).then_some((mark != " " && mark != "☐", words))
    })
}

/// The one option that is ticked in a check list.
pub(super) fn ticked(text: &str, options: &Options) -> Option<Reading> {
    let named = |line: &str| {
        let label = options.label_at(line, 0);
        whole(line, options).or_else(|| label.map(|label| read_label(line, &label, options)))
    };
    let mut ticked = boxes(text).filter(|(ticked, _)| *ticked);
    let first = named(ticked.next()?.1)?;
    let others = ticked.filter_map(|(_, line)| named(line));
    Some(one_of(first, others, options))
}

/// The one option behind whose line a tick stands, where other lines have none.
pub(super) fn marked(text: &str, options: &Options) -> Option<Reading> {
    let judge = |line: &str| {
        let bare = line.trim_start_matches(['-', '*', ' ', '•', '|']);
        let label = options.label_at(bare, 0)?;
        let named = options.by_label(&label).ok()?;
        let end = line.trim_end_matches([' ', '*', '_', '.', '|', ')', '\u{fe0f}']);
        Some((named, end.ends_with(['✅', '✓', '✔', '☑'])))
    };
    let judged: Vec<(usize, bool)> = text.lines().filter_map(judge).collect();
    let mut right = judged
        .iter()
        .filter(|(_, right)| *right)
        .map(|(named, _)| Ok(*named));
    let first = right.next()?;
    let unmarked = judged.iter().any(|(_, right)| !right);
    unmarked.then(|| one_of(first, right, options))
}

/// The first, if all the others are the same.
fn one_of(first: Reading, others: impl Iterator<Item = Reading>, options: &Options) -> Reading {
    let mut others = others.filter_map(Result::ok);
    let named = first?;
    if others.any(|other| !options.same(other, named)) {
        return Err(SEVERAL);
    }
    first
}

/// The option that is left where all but one are out: "everything except B is wrong", "none but B".
pub(super) fn excepted(text: &str, options: &Options) -> Option<Reading> {
    static BUT: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)\b(?:(all|everything|anything|every (?:option|choice|answer)|all (?:the )?(?:other )?(?:options|choices|answers))|none|nothing|no (?:option|choice|answer)) (?:but|except|other than|apart from|besides)(?: for)? ",
        )
    });
    let found = BUT.captures_iter(text).last()?;
    let rest = window(text, found.get(0)?.end(), 200);
    let label = options
        .label_at(rest, 0)
        .filter(|label| !label.name.is_small())?;
    let out = refutes(window(rest, label.end, 64));
    (out == found.get(1).is_some())
        .then(|| options.by_label(&label))
        .filter(Result::is_ok)
}

/// What the last sentence names alone that begins with a word such as "therefore", or what stands alone in bold on
/// the last line.
pub(super) fn last_said(text: &str, options: &Options) -> Option<Reading> {
    static BOLD: LazyLock<Regex> = LazyLock::new(|| compiled(r"\*\*([^*\n]+)\*\*"));
    let line = text.lines().rfind(|line| !line.trim().is_empty())?.trim();
    let line = &line[line.ceil_char_boundary(line.len().saturating_sub(600))..];
    let mut ends: Vec<usize> = sentences(line).filter(|end| *end < line.len()).collect();
    let start = ends.pop().unwrap_or(0);
    let sentence = line[start..].trim_start();
    if sentence.ends_with(['?', ':', '？']) {
        return None;
    }
    let begins = leads(sentence).first().is_some_and(|lead| lead.from < 4);
    let mut bold = BOLD
        .captures_iter(sentence)
        .map(|found| whole(&found[1], options));
    let single = bold
        .next()
        .is_some_and(|first| first.is_some_and(|first| first.is_ok()));
    if !(begins || single && bold.next().is_none()) {
        return None;
    }
    super::only(sentence, options).ok().map(Ok)
}

/// What the only sentence of an answer says that something is: "The total is 12 + 6 = 18".
pub(super) fn equated(text: &str, options: &Options) -> Option<Reading> {
    static OPEN: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)n't\b|\b(?:not|wrong|incorrect|if|might|may|could|other|another|second|unlikely|never|opposite|except|false|than)\b|\?",
        )
    });
    let text = text.trim();
    if text.len() > 400 || text.contains('\n') || sentences(text).nth(1).is_some() {
        return None;
    }
    let words = [" is ", " are ", " equals ", "=", " gives "];
    let ends = words
        .iter()
        .filter_map(|word| Some(text.rfind(word)? + word.len()));
    let (head, said) = text.split_at(ends.max()?);
    if OPEN.is_match(head) {
        return None;
    }
    let said = said.trim_start();
    let named = options.by_text(said).or_else(|| {
        let (named, after) = options.text_at_start(said)?;
        let unit = after.starts_with(' ') && !after.contains(|c: char| c.is_numeric());
        (options.is_number(named) && unit).then_some(Ok(named))
    })?;
    let read = named.ok()?;
    let others = options.occurring(head, false);
    let alone = options.is_number(read) || others.iter().all(|other| options.same(*other, read));
    alone.then_some(named)
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and its tests compile it")
}
