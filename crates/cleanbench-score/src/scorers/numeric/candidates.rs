//! Which number counts where nothing marks the answer.
//!
//! A number in a name ("Apollo 11") is passed over while another is there, and so is one that says something else: a step, a citation, a date, a year, an
//! ordinal, what stands in brackets, "after 3 days", "42 of 50", a line that begins with "Check:". Then the number of
//! an opening line that holds nothing else counts ("opening"), the only one in bold ("bold"), or the last
//! ("last number"); of a last sentence with several different ones, the one that [`super::sentence`] finds ("last
//! sentence"); a result that is stated before the last may stand against it ([`super::rival`], "result"). It refuses ranges, alternatives and calculations without a result.

use std::sync::LazyLock;

use regex::Regex;

use super::calculation::{operator_between, result};
use super::names;
use super::rival::{Rival, is_supposed, rival};
use super::sentence::{Settled, settled};
use super::{Failure, NO_NUMBER, Read, SEVERAL, UNCLEAR};
use cleanbench_text::number::Number;
use cleanbench_text::scan::{is_word, window};
use cleanbench_text::spelled::spelled;

/// Which number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Take {
    Last,
    First,
    Only,
}

/// The longest answer that may be a number in words as a whole, with decoration.
const LONG: usize = 1 << 14;

/// How many numbers at an end of an answer are looked at.
const NEAR: usize = 400;

/// The number of `text`, all of whose numbers are `numbers`, that counts.
pub(super) fn choose(text: &str, numbers: &[Number], take: Take) -> Result<Read, Failure> {
    if let Some(read) = line_in_words(text, take) {
        return Ok(read);
    }
    if is_in_words(text, numbers) {
        let mut meant = numbers.iter().filter(|number| {
            let head = text[..number.start].trim_end_matches([' ', '*', '_']);
            !is_denied(window(
                head,
                head.ceil_char_boundary(head.len().saturating_sub(32)),
                32,
            ))
        });
        let first = *meant.next().ok_or(UNCLEAR)?;
        if meant.any(|number| number.value != first.value) {
            return Err(SEVERAL);
        }
        return plain(first, "only number");
    }
    chosen(text, numbers, take).unwrap_or(Err(NO_NUMBER))
}

fn is_in_words(text: &str, numbers: &[Number]) -> bool {
    numbers.first().is_some_and(|first| {
        let own = &text[first.start..first.end];
        own.starts_with(|c: char| c.is_alphabetic() && c != 'π')
            && !own.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// The number in words that the answer, or its last line, is.
fn line_in_words(text: &str, take: Take) -> Option<Read> {
    let decoration = |c: char| c.is_whitespace() || "*_`\"'“”„().。!#>".contains(c);
    // Of a longer answer the end, which may hold a last line.
    let near = &text[text.ceil_char_boundary(text.len().saturating_sub(LONG))..];
    if near.len() < text.len() && take != Take::Last {
        return None;
    }
    let whole = near.trim_matches(decoration);
    let line = match take {
        Take::Last => whole.rsplit('\n').next()?.trim_start_matches(decoration),
        Take::First | Take::Only => whole,
    };
    let starts = line.chars().next().is_some_and(char::is_alphabetic);
    let read = spelled(line).filter(|_| starts && line.len() <= 160)?;
    let tail = &line[read.len..];
    let unit = tail.split_whitespace().count() <= 1
        && !tail.starts_with(is_word)
        && !tail.contains([':', '=']);
    let article = read.is_one() && !tail.is_empty();
    let short = tail.chars().count() <= 12 && !tail.chars().any(char::is_numeric);
    let at = text.len() - near.len() + near.rfind(line).unwrap_or_default();
    let mut number = Number::in_words(text, at, read);
    let percent = [
        "percent",
        "per cent",
        "prozent",
        "por ciento",
        "pour cent",
        "%",
    ];
    if percent
        .iter()
        .any(|word| tail.trim_start().starts_with(word))
    {
        number.percent = true;
        number.other = number.value.map(|value| value / 100.0);
    }
    (unit && short && !article).then_some(Read {
        number,
        rule: if line.len() == whole.len() && near.len() == text.len() {
            "only number"
        } else {
            "last line"
        },
    })
}

/// The number of several that counts; `None` where there is none.
pub(super) fn chosen(text: &str, numbers: &[Number], take: Take) -> Option<Result<Read, Failure>> {
    let usable: Vec<usize> = match take {
        Take::Only if numbers.len() > 1 => return Some(Err(SEVERAL)),
        Take::Only => vec![0],
        Take::First => (0..numbers.len().min(NEAR)).collect(),
        Take::Last => (numbers.len().saturating_sub(NEAR)..numbers.len()).collect(),
    };
    let weights: Vec<(usize, Weight)> = usable
        .into_iter()
        .filter_map(|at| Some((at, Weight::of(text, numbers.get(at)?))))
        .filter(|(_, weight)| *weight != Weight::Denied)
        .collect();
    if numbers.is_empty() {
        return None;
    }
    let heaviest = weights.iter().map(|(_, weight)| *weight).max();
    let own: Vec<usize> = weights
        .iter()
        .filter(|(_, weight)| Some(*weight) == heaviest)
        .map(|(at, _)| *at)
        .collect();
    let picked = match take {
        Take::Last => own.last(),
        Take::First | Take::Only => own.first(),
    };
    let Some(&picked) = picked else {
        return Some(Err(UNCLEAR));
    };
    Some(match take {
        Take::Last => last(text, numbers, &own, picked),
        Take::First if own.len() > 1 => plain(numbers[picked], "first number"),
        Take::First | Take::Only => plain(numbers[picked], "only number"),
    })
}

fn plain(number: Number, rule: &'static str) -> Result<Read, Failure> {
    let known = Some(number).filter(Number::is_known);
    known.map(|number| Read { number, rule }).ok_or(UNCLEAR)
}

/// The number that counts where the last does, unless the form of the answer shows another.
fn last(text: &str, numbers: &[Number], own: &[usize], picked: usize) -> Result<Read, Failure> {
    if let Some(number) = opening(text, numbers) {
        return plain(number, "opening");
    }
    let mut bold = own
        .iter()
        .map(|at| numbers[*at])
        .filter(|number| is_bold(text, number));
    if let Some(first) = bold.next().filter(|_| own.len() > 1)
        && bold.all(|other| other.value == first.value)
    {
        return plain(first, "bold");
    }
    let all: Vec<Number> = own.iter().map(|at| numbers[*at]).collect();
    if is_supposed(text, &all, &numbers[picked]) {
        return Err(SEVERAL);
    }
    let mut first = picked;
    while first > 0 && picked - first < 64 && operator_between(text, numbers, first - 1).is_some() {
        first -= 1;
    }
    let (_, value) = result(text, numbers, first);
    if picked > 0 && are_listed(text, &numbers[picked - 1], &numbers[picked], false) {
        return Err(SEVERAL);
    }
    if picked > 0 && is_other_variable(text, &numbers[picked - 1], &numbers[picked]) {
        return Err(SEVERAL);
    }
    if are_juxtaposed(text, numbers, picked) {
        return Err(SEVERAL);
    }
    if let Some(number) = result_before(text, numbers, picked).filter(|_| first == picked) {
        return plain(number, "calculation");
    }
    if first == picked {
        match settled(text, numbers, own, picked) {
            Settled::Sole => {}
            Settled::Calculated(number) => return plain(number, "calculation"),
            Settled::Stated(number) => return plain(number, "last sentence"),
            Settled::Several => return Err(SEVERAL),
        }
        match rival(text, &all, &numbers[picked]) {
            Rival::None => {}
            Rival::Stated(number) => return plain(number, "result"),
            Rival::Doubtful => return Err(SEVERAL),
        }
    }
    let rule = if first < picked {
        "calculation"
    } else if own.len() == 1 {
        "only number"
    } else {
        "last number"
    };
    value.map(|number| Read { number, rule })
}

/// Whether the line of the number at `picked` holds it, another and nothing else: `4 2`.
fn are_juxtaposed(text: &str, numbers: &[Number], picked: usize) -> bool {
    let Some(first) = picked.checked_sub(1).map(|at| &numbers[at]) else {
        return false;
    };
    let between = text
        .get(first.end..numbers[picked].start)
        .unwrap_or_default();
    let spaces = !between.is_empty() && between.chars().all(|c| c == ' ');
    let from = text.ceil_char_boundary(first.start.saturating_sub(48));
    let head = text[from..first.start]
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    let tail = window(text, numbers[picked].end, 48)
        .lines()
        .next()
        .unwrap_or_default();
    spaces && !head.contains(char::is_alphabetic) && !tail.contains(char::is_alphabetic)
}

/// The result of a calculation that the same sentence holds before the number at `picked`.
fn result_before(text: &str, numbers: &[Number], picked: usize) -> Option<Number> {
    let before = picked.checked_sub(1)?;
    let number = numbers[before];
    let between = text.get(number.end..numbers[picked].start)?;
    let same = between.len() <= 64
        && !between.contains(['\n', '=', '>', ';', ':', '+'])
        && !between.contains(". ");
    let words = between.chars().any(char::is_alphabetic);
    let equals = operator_between(text, numbers, before.checked_sub(1)?) == Some("=");
    (same && words && equals).then_some(number)
}

/// Whether two numbers of a sentence are the values of two variables, or two values of one.
pub(in crate::scorers) fn is_other_variable(text: &str, first: &Number, second: &Number) -> bool {
    let variable = |number: &Number| {
        let head = text[..number.start]
            .trim_end_matches([' ', '$'])
            .strip_suffix('=')?
            .trim_end();
        let letter = head.chars().next_back().filter(|c| c.is_alphabetic())?;
        let left = head[..head.len() - letter.len_utf8()].chars().next_back();
        Some((letter, !left.is_some_and(is_word)))
    };
    let between = text.get(first.end..second.start).unwrap_or_default();
    let same = between.len() <= 24 && !between.contains(['\n', ';']) && !between.contains(". ");
    let Some(((one, alone), (other, _))) = variable(first).zip(variable(second)).filter(|_| same)
    else {
        return false;
    };
    let mut words = between.split(|c: char| !c.is_alphabetic());
    let joined =
        words.any(|word| ["and", "or", "und", "oder", "et", "ou", "y", "o"].contains(&word));
    one != other || alone && joined && first.value != second.value && words.all(is_letter)
}

/// Whether a word is a letter at most.
fn is_letter(word: &str) -> bool {
    word.chars().nth(1).is_none()
}

/// The number of an opening line that holds nothing else, where what follows is no line of that kind.
fn opening(text: &str, numbers: &[Number]) -> Option<Number> {
    let (first, last) = (numbers.first()?, numbers.last()?);
    let body = text.trim_end();
    let start = text.len() - text.trim_start().len();
    let end = body[first.end.min(body.len())..]
        .find('\n')
        .map(|at| first.end + at)?;
    let more = text[end..].chars().any(char::is_alphabetic);
    let sole = first.end <= end && !text[start..first.start].contains('\n') && is_sole(text, first);
    (sole && more && !is_sole(text, last)).then_some(*first)
}

/// Whether a line holds a number with a unit at most.
fn is_sole(text: &str, number: &Number) -> bool {
    let from = text.floor_char_boundary(number.start.saturating_sub(32));
    let head = text[from..number.start]
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    let tail = window(text, number.end, 64)
        .lines()
        .next()
        .unwrap_or_default();
    let label = tail.starts_with([':', ')', ']']) || tail.starts_with(". ");
    let words = tail
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic))
        .count();
    let fits = tail.len() <= 32 && words <= 2 && !tail.contains(char::is_numeric);
    !head.contains(char::is_alphanumeric) && !head.contains(['=', '+']) && fits && !label
}

/// Whether the number stands in bold, with a unit at most.
fn is_bold(text: &str, number: &Number) -> bool {
    let head = text[..number.start].trim_end_matches(['$', '\\', '(', '=', ' ']);
    let tail = window(text, number.end, 48);
    let Some(inside) = tail.find("**").map(|at| &tail[..at]) else {
        return false;
    };
    let label = inside.starts_with(['.', ')', ':']) && !inside[1..].is_empty()
        || inside == "." && tail[3..].starts_with(' ')
        || inside.ends_with(':')
        || tail[inside.len() + 2..].starts_with([':', ')']);
    head.ends_with("**")
        && !label
        && inside.split_whitespace().count() <= 3
        && !inside.contains('\n')
}

static SUPPOSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix) \b(?: (?:might|may|could|would|['’]d)\ (?:\w{1,10}\ )?(?:think|say|guess|expect|assume|believe)
          | (?:do\ not|don['’]t|doesn['’]t|cannot)\ (?:think|believe)
          | tempt(?:ed|ing)\ to\ (?:think|say|answer|guess) | (?:many|most|some)\ (?:people\ |students\ )?(?:think|say|answer|guess) )
        \ (?:that\ )?(?:(?:the\ answer|it|this)(?:['’]s|\ is|\ was|\ should\ be|\ would\ be)\ )?(?:about\ |around\ )?[*_$]{0,4}$",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// What a number is to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Denied,
    /// It is a part of a name.
    Named,
    Aside,
    Own,
}

impl Weight {
    fn of(text: &str, number: &Number) -> Self {
        let from = text.ceil_char_boundary(number.start.saturating_sub(64));
        let line = text[from..number.start]
            .rsplit('\n')
            .next()
            .unwrap_or_default();
        let tail = window(text, number.end, 48)
            .lines()
            .next()
            .unwrap_or_default();
        let head = line.trim_end_matches([' ', '*', '_', '$', '"']);
        if is_denied(head) || is_refuted(tail) || SUPPOSED.is_match(line) {
            return Self::Denied;
        }
        if names::is_part_of_name(text, number) {
            return Self::Named;
        }
        let aside = number.moment
            || is_reason(line)
            || is_compound(tail)
            || is_condition(head)
            || is_citation(text, number, head, tail)
            || is_bracketed(line, tail)
            || is_led_in(head, text, number)
            || is_label(line, tail)
            || is_ordinal(tail)
            || is_when(tail)
            || is_share(head, tail)
            || number.percent && is_confidence(tail)
            || head.ends_with(" for") && is_count(tail)
            || is_remark(text, number.start)
            || is_year(text, number, head, tail);
        if aside { Self::Aside } else { Self::Own }
    }
}

/// Whether the end of `head` denies what follows it.
pub(in crate::scorers) fn is_denied(head: &str) -> bool {
    const WORDS: &str = " cannot| no es| non è| não é| n'est pas| n’est pas| nie| niet| inte| ikke| bukan| не|\
        nicht gleich| less than| more than| fewer than| greater than| not|n't|n’t| nicht| never|不是|并非| instead of";
    let head = head
        .strip_suffix(" equal to")
        .or_else(|| head.strip_suffix(" be"))
        .unwrap_or(head);
    let spaced = format!(" {}", head.to_lowercase());
    WORDS.split('|').any(|word| spaced.ends_with(word)) || is_limited(&spaced)
}

/// Whether `head`, in lower case, ends with words for a bound: "up to", but not "adds up to".
fn is_limited(head: &str) -> bool {
    const SUMS: [&str; 13] = [
        "add", "adds", "added", "adding", "sum", "sums", "summing", "come", "comes", "total",
        "totals", "goes", "it",
    ];
    let bound = [
        " up to",
        " bis zu",
        " jusqu'à",
        " jusqu’à",
        " fino a",
        " nawet do",
        " tot wel",
    ];
    let Some(left) = bound.iter().find_map(|words| head.strip_suffix(words)) else {
        return false;
    };
    let word = left.split_whitespace().next_back().unwrap_or_default();
    !SUMS.contains(&word)
}

/// Whether what follows a number denies it.
pub(in crate::scorers) fn is_refuted(tail: &str) -> bool {
    const SIGNS: [&str; 10] = [
        "ではなく",
        "じゃなく",
        "ではない",
        "ではありません",
        "이 아니라",
        "가 아니라",
        "이 아닌",
        "가 아닌",
        "değil",
        "不对",
    ];
    let rest = tail.trim_start_matches([' ', '*', '_', '$', '"']);
    SIGNS.iter().any(|sign| rest.starts_with(sign))
        || [
            "is wrong",
            "is incorrect",
            "was wrong",
            "ist falsch",
            "est faux",
        ]
        .iter()
        .any(|words| rest.starts_with(words))
}

/// Whether the line before a number ends in a clause that gives a reason: "7, because 3 · 7 + 4 =".
fn is_reason(line: &str) -> bool {
    static REASON: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)[\p{L}\p{N})$*][,(\s—–-]{1,4}(?:because|since|as|denn|weil|car|puisque|porque|perché|want|bo|çünkü|karena|vì|так как|потому что|因为|因為)\b[^,;\n]{0,64}$",
        )
        .expect("the pattern is fixed and its tests compile it")
    });
    let comma = line.contains(", ") || line.contains('(') || !line.contains("as ");
    comma && REASON.is_match(line) && !line.contains(" so ") && !line.contains(" as many ")
}

/// Whether the number is that of a variable for which something holds: "42 for n = 3".
fn is_condition(head: &str) -> bool {
    const WORDS: [&str; 13] = [
        "for", "when", "if", "where", "at", "with", "für", "wenn", "bei", "pour", "para", "si",
        "quando",
    ];
    let Some(left) = head.strip_suffix('=') else {
        return false;
    };
    let mut words = left.split_whitespace().rev();
    let name = words
        .next()
        .unwrap_or_default()
        .trim_matches(['$', '\\', '(', '*']);
    let letter = name.chars().count() == 1 && name.chars().all(char::is_alphabetic);
    letter && words.next().is_some_and(|word| WORDS.contains(&word))
}

/// `12 5-liter bottles`, `a 20-year-old`.
fn is_compound(tail: &str) -> bool {
    let word = tail.strip_prefix('-').unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// `[1]` after a sentence, and `step 3`.
fn is_citation(text: &str, number: &Number, head: &str, tail: &str) -> bool {
    let cited = head.ends_with('[') && tail.starts_with(']');
    cited
        && text[..number.start]
            .trim_end_matches('[')
            .chars()
            .any(|c| c.is_alphanumeric() || c == '.')
}

/// Whether it stands in round brackets that were opened after something else, and are no result.
fn is_bracketed(line: &str, tail: &str) -> bool {
    let Some(open) = line.rfind(['(', '（']) else {
        return false;
    };
    let inside = &line[open..];
    let closed = inside.contains([')', '）']);
    let has_words = line[..open].chars().any(char::is_alphanumeric);
    let closes = tail.contains([')', '）']);
    !closed && closes && has_words && !inside.contains('=') && !line[..open].ends_with(['\\', '^'])
}

/// Words that lead in something else than the answer.
const LEADING: &str = "day week grade room floor round after before than step steps page pages chapter question problem line \
    figure table equation section no. version every per until example case method exercise paragraph since \
    nach vor als schritt seite kapitel paso página étape après después passo stap steg krok adım langkah \
    bước шаг após dopo";

/// Whether a word stands before it that leads in something else than the answer.
fn is_led_in(head: &str, text: &str, number: &Number) -> bool {
    let word = head
        .rsplit(|c: char| c.is_whitespace() || "([{,;*\\".contains(c))
        .next()
        .unwrap_or_default();
    let lower = word.to_lowercase();
    let modulus = ["mod", "bmod"].contains(&lower.as_str()) || head.ends_with("mod{");
    if modulus
        || LEADING.split(' ').any(|known| known == lower)
        || lower == "#"
        || head.ends_with("步骤")
        || head.ends_with('第')
    {
        return true;
    }
    let before = head.strip_suffix(word).unwrap_or_default().trim_end();
    match lower.as_str() {
        "of" => follows_number(before),
        "the" | "all" | "those" => before
            .strip_suffix("of")
            .is_some_and(|before| follows_number(before.trim_end())),
        "von" | "de" | "из" => before.ends_with(|c: char| c.is_ascii_digit()),
        "v" => !text[number.start..number.end].starts_with('-'),
        _ => false,
    }
}

/// Whether "of" after `before` leads in the whole, of which a number is named.
fn follows_number(before: &str) -> bool {
    before.ends_with("out") || before.ends_with(|c: char| c.is_ascii_digit() || c == '*')
}

/// Whether a percentage says how sure somebody is.
fn is_confidence(tail: &str) -> bool {
    let mut words = tail
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .take(3);
    words.any(|word| {
        [
            "sure",
            "confident",
            "certain",
            "confidence",
            "certainty",
            "sicher",
        ]
        .contains(&word)
    })
}

/// Whether people or a time are counted.
fn is_count(tail: &str) -> bool {
    let word = tail
        .trim_start()
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    [
        "people", "persons", "days", "weeks", "months", "years", "friends", "children",
    ]
    .contains(&word)
}

/// Whether "later", "ago" or the like follows.
fn is_when(tail: &str) -> bool {
    const SIGNS: [&str; 6] = ["天后", "天前", "年后", "年前", "小时后", "日後"];
    let first = tail.split([',', '.', ';', '(']).next().unwrap_or_default();
    let mut words = first.split_whitespace().take(3);
    words.any(|word| ["later", "ago", "earlier", "later."].contains(&word))
        || SIGNS.iter().any(|sign| tail.trim_start().starts_with(sign))
}

/// `3. Title` and `3) Title` at the start of a line.
fn is_label(line: &str, tail: &str) -> bool {
    let starts = !line.contains(|c: char| c.is_alphanumeric() || c == '=');
    let sign = tail.strip_prefix(['.', ')', ':']).unwrap_or_default();
    starts && sign.starts_with([' ', '*']) && sign.chars().any(char::is_alphanumeric)
}

/// Whether a clause says of how many of those before it something holds: "45 minutes, 30 of which", "45, davon 30".
fn is_share(head: &str, tail: &str) -> bool {
    const BEFORE: &str = "of which|of whom|davon|von denen|dont|de los cuales|de las cuales|di cui|dei quali|delle quali|\
        dos quais|das quais|waarvan|van wie|varav|hvoraf|hvorav|z czego|z których|из которых|из них|其中";
    let tail = tail.trim_start_matches(['*', '_', ' ']);
    let behind = ["of which ", "of whom "]
        .iter()
        .any(|words| tail.starts_with(words));
    let lower = head.to_lowercase();
    let clause = match BEFORE
        .split('|')
        .find_map(|words| lower.strip_suffix(words))
    {
        Some(left) => left.trim_end(),
        None if behind => lower.as_str(),
        None => return false,
    };
    // It hangs on a number that the same sentence gives.
    let given = clause.trim_end_matches([',', '，', '、', ';', '(', '–', '—', ' ']);
    let sentence = given.rsplit(". ").next().unwrap_or(given);
    given.len() < clause.len() && sentence.contains(|c: char| c.is_ascii_digit())
}

fn is_ordinal(tail: &str) -> bool {
    let suffix = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|suffix| tail.strip_prefix(suffix));
    suffix.is_some_and(|after| !after.starts_with(is_word))
}

/// Whether the line begins with a word for what is no answer.
fn is_remark(text: &str, start: usize) -> bool {
    const WORDS: &str = "confidence|check|checking|verification|verify|note|source|sources|steps|explanation|\
        reasoning|reference|references|probe|kontrolle|hinweis|schritte|rechenweg|pasos|nota|remarque|vérification|\
        étapes|certainty|p.s|注|验证|置信度";
    let from = text.ceil_char_boundary(start.saturating_sub(200));
    let Some((_, line)) = text[from..start].rsplit_once('\n') else {
        return false;
    };
    let line = line.trim_start_matches([' ', '*', '_', '#', '>', '-', '(', '（', '\t']);
    let Some(end) = line.find([':', '：']).filter(|end| *end <= 24) else {
        return false;
    };
    let word = line[..end].trim_matches([' ', '*', '_']).to_lowercase();
    WORDS.split('|').any(|known| known == word)
}

/// A year after "in" or a month, and a day of a month.
fn is_year(text: &str, number: &Number, head: &str, tail: &str) -> bool {
    const DATES: &str = "in since by until year im en seit jahr stand année depuis desde dal nel sinds från fra sedan od в с";
    const MONTHS: &str = "january february march april may june july august september sept october november december";
    let word = head
        .rsplit([' ', '(', ','])
        .find(|word| !word.is_empty())
        .unwrap_or_default();
    let is_month = |word: &str| {
        let lower = word.trim_end_matches(['.', ',']).to_ascii_lowercase();
        lower.len() >= 3
            && MONTHS.split(' ').any(|month| month.starts_with(&lower))
            && lower != "may"
            || word == "May"
    };
    let next = tail
        .trim_start()
        .split([' ', '.', ','])
        .next()
        .unwrap_or_default();
    let four = number.end - number.start == 4
        && number
            .value
            .is_some_and(|year| (1500.0..2200.0).contains(&year));
    let dated = text[..number.start].len() > 12
        && head.ends_with(',')
        && is_month(head.rsplit(' ').nth(1).unwrap_or_default());
    let word_of_date = DATES.split(' ').any(|known| known == word.to_lowercase());
    let as_of = head.len() >= 5
        && head
            .get(head.len() - 5..)
            .is_some_and(|end| end.eq_ignore_ascii_case("as of"));
    four && (word_of_date || as_of || is_month(word) || dated)
        || number.end - number.start <= 2
            && (is_month(word) || is_month(next) && next.len() >= 3 && tail.starts_with(' '))
}

/// Whether two numbers that follow each other are a range, alternatives or, where `marked`, a list.
pub(in crate::scorers) fn are_listed(
    text: &str,
    first: &Number,
    second: &Number,
    marked: bool,
) -> bool {
    let Some(between) = text
        .get(first.end..second.start)
        .filter(|between| between.len() <= 40)
    else {
        return false;
    };
    if between.contains(['\n', '.', ';', '(', ')', '=']) && !between.starts_with("\\text{") {
        return false;
    }
    let words: Vec<&str> = between
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !["text", "mathrm", "quad"].contains(word))
        .collect();
    let head = window(
        text,
        text.floor_char_boundary(first.start.saturating_sub(16)),
        16,
    );
    let ranged = head
        .split(|c: char| !c.is_alphabetic())
        .any(|word| ["between", "zwischen", "entre"].contains(&word.to_lowercase().as_str()));
    let joint =
        |all: &[&str]| words.last().is_some_and(|word| all.contains(word)) && words.len() <= 2;
    let alternative = joint(&["or", "oder", "ou", "bis", "или"])
        || words == ["to"] && first.percent == second.percent
        || between.trim() == "或"
        || between.trim() == "到";
    let listed = joint(&["and", "und", "et", "y", "e", "en", "och", "и"]) || between.trim() == "和";
    let comma = words.is_empty() && between.contains([',', '，', '、']) && ends_list(text, second);
    let dashed = words.is_empty() && ["-", "–", "—", " – ", "~"].contains(&between)
        || between == " : " && !labels(text, first);
    let units = [
        "h", "hr", "hrs", "hour", "hours", "min", "minutes", "ft", "feet", "foot", "lb", "lbs",
        "pounds", "days", "day", "weeks", "week", "years", "year", "months", "m", "kg", "km",
    ];
    let unit = |word: &str| {
        units.contains(&word)
            || [
                "s", "sec", "seconds", "minute", "in", "inches", "oz", "ounces", "cm", "g",
            ]
            .contains(&word)
    };
    let next = window(text, second.end, 16)
        .trim_start()
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    let compound = match words[..] {
        [word] | [word, "and"] => units.contains(&word) && !between.contains(',') && unit(next),
        _ => false,
    };
    compound || alternative || dashed || listed && (marked || ranged) || comma && marked
}

/// Whether a word before `number` makes a label of it, as in `Step 1 : 42`.
fn labels(text: &str, number: &Number) -> bool {
    let from = text.ceil_char_boundary(number.start.saturating_sub(16));
    let line = text[from..number.start].rsplit('\n').next();
    line.is_some_and(|line| line.trim_end().ends_with(char::is_alphabetic))
}

/// Whether a list ends, or goes on, after `number`.
fn ends_list(text: &str, number: &Number) -> bool {
    let tail = window(text, number.end, 16).trim_start_matches([' ', '*', '$', ')', ']', '}']);
    tail.is_empty()
        || tail.starts_with(['\n', '.', ',', '<', '，', '。', '、'])
        || tail.starts_with("and ")
}
