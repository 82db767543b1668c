//! Which of several different numbers of a final sentence is the answer.
//!
//! Counts, in this order: the one that equals the result of the last calculation before the sentence; the only one
//! that nothing leads in as a circumstance ("in the 6 baskets", "after a 20% discount", "because there are 6"); the
//! only one after a word like "is". It refuses the rest: several numbers are not read. Looks at a bounded part of
//! the text.

use super::calculation::operator_between;
use cleanbench_text::number::Number;
use cleanbench_text::scan::window;

/// What a sentence of several different numbers gives.
#[derive(Debug, Clone, Copy)]
pub(in crate::scorers) enum Settled {
    /// There are no several ones.
    Sole,
    Calculated(Number),
    Stated(Number),
    Several,
}

/// Part of a number in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Own,
    /// After "is" or the like.
    Said,
    Aside,
    Doubtful,
}

/// The longest sentence that is looked at.
const LONGEST: usize = 400;

/// The number of the sentence of the number at `picked` that counts; `own` are the positions of those that may.
pub(in crate::scorers) fn settled(
    text: &str,
    numbers: &[Number],
    own: &[usize],
    picked: usize,
) -> Settled {
    let start = start_of_sentence(text, numbers[picked].start);
    let group: Vec<usize> = own
        .iter()
        .copied()
        .filter(|at| *at <= picked && numbers[*at].start >= start)
        .collect();
    let all: Vec<Number> = group.iter().map(|at| numbers[*at]).collect();
    let Some(first) = group.first().filter(|_| !are_same(&all)) else {
        return Settled::Sole;
    };
    if all.iter().any(|number| number.value.is_none()) || !has_words(text, &all) {
        return Settled::Sole;
    }
    let result = calculated(text, numbers, *first);
    let equal = result.and_then(|result| all.iter().find(|number| number.value == result.value));
    if let Some(equal) = equal {
        return Settled::Calculated(*equal);
    }
    by_roles(text, start, &all)
}

fn by_roles(text: &str, start: usize, all: &[Number]) -> Settled {
    let last = all.last().filter(|last| {
        is_summed_up(&text[start..last.start]) && !is_compared(window(text, last.end, 48))
    });
    let mut others = all.iter().rev();
    let total = last.or_else(|| others.find(|number| is_total(window(text, number.end, 48))));
    if let Some(total) = total {
        return Settled::Stated(*total);
    }
    let roles: Vec<Role> = all
        .iter()
        .map(|number| role(text, start, all[0].start, number))
        .collect();
    let of = |wanted: &[Role]| -> Vec<Number> {
        let pairs = all.iter().zip(&roles);
        pairs
            .filter(|(_, role)| wanted.contains(role))
            .map(|(number, _)| *number)
            .collect()
    };
    let open = of(&[Role::Own, Role::Said, Role::Doubtful]);
    let said = of(&[Role::Said]);
    let is_last = open
        .last()
        .zip(said.last())
        .is_some_and(|(open, said)| open.start == said.start);
    match (&open[..], &said[..]) {
        (_, [number, ..]) if is_last && are_same(&said) => Settled::Stated(*number),
        ([number, ..], _) if are_same(&open) && !roles.contains(&Role::Doubtful) => {
            Settled::Stated(*number)
        }
        _ => Settled::Several,
    }
}

fn are_same(all: &[Number]) -> bool {
    all.windows(2).all(|pair| pair[0].value == pair[1].value)
}

/// Whether words stand between the numbers, so that they are those of a sentence.
fn has_words(text: &str, all: &[Number]) -> bool {
    all.windows(2).any(|pair| {
        let between = text.get(pair[0].end..pair[1].start).unwrap_or_default();
        !between.contains('\\')
            && between
                .split(|c: char| !c.is_alphabetic())
                .any(|word| word.chars().count() > 1)
    })
}

/// Where the sentence starts that holds `at`, or what follows its last sign of equality.
fn start_of_sentence(text: &str, at: usize) -> usize {
    let from = text.ceil_char_boundary(at.saturating_sub(LONGEST));
    let near = &text[from..at];
    let ends = [". ", "! ", "? ", "\n", "。", "；", "=", "≈", "→", "⇒"];
    let start = ends
        .iter()
        .filter_map(|end| near.rfind(end).map(|at| at + end.len()))
        .max();
    from + start.unwrap_or(0)
}

/// The result of the last calculation among the numbers before the one at `first`.
fn calculated(text: &str, numbers: &[Number], first: usize) -> Option<Number> {
    let from = first.saturating_sub(40);
    (from + 1..first).rev().find_map(|at| {
        let equals = matches!(
            operator_between(text, numbers, at - 1),
            Some("=" | "≈" | "\\approx")
        );
        equals.then_some(numbers[at])
    })
}

fn role(text: &str, sentence: usize, first: usize, number: &Number) -> Role {
    let head = text[sentence.min(number.start)..number.start].to_lowercase();
    let tail = window(text, number.end, 48).to_lowercase();
    let words: Vec<&str> = head
        .split(|c: char| c.is_whitespace() || "*_$€£(\"".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    if is_said(&words) {
        return if is_in_clause(&head) {
            Role::Aside
        } else {
            Role::Said
        };
    }
    let later = number.start > first;
    if is_in_clause(&head) || later && is_compared(&tail) {
        return Role::Aside;
    }
    led_in(&words, number, text, &tail)
}

/// What the words before a number make of it.
fn led_in(words: &[&str], number: &Number, text: &str, tail: &str) -> Role {
    const DEFINITE: [&str; 14] = [
        "the", "these", "those", "all", "both", "his", "her", "their", "its", "each", "los", "las",
        "les", "die",
    ];
    const PLACES: [&str; 24] = [
        "in", "on", "at", "from", "with", "for", "among", "across", "over", "per", "during",
        "within", "into", "auf", "für", "bei", "mit", "dans", "pour", "sur", "en", "para", "con",
        "por",
    ];
    let last = words.last().copied().unwrap_or_default();
    let before = words.iter().rev().nth(1).copied().unwrap_or_default();
    if DEFINITE.contains(&last) || number.percent && ["a", "an", "eine", "un"].contains(&last) {
        return Role::Aside;
    }
    let price = text[number.start..number.end].contains(['$', '€', '£']) || tail.contains("dollar");
    let left = ["left", "up", "leaves", "sold", "paid", "bought"].contains(&before);
    match last {
        "of" if before == "out" => Role::Aside,
        "by" | "um" if number.percent => Role::Aside,
        "by" | "zu" | "um" => Role::Doubtful,
        _ if PLACES.contains(&last) && (price || left || is_time(tail)) => Role::Doubtful,
        _ if PLACES.contains(&last) => Role::Aside,
        // A number that opens a sentence may be given as well as asked for.
        _ if words.iter().filter(|word| word.len() > 2).count() < 2 => Role::Doubtful,
        _ => Role::Own,
    }
}

/// Whether the end of `head` sums up what stands before it: "for a total of", ", which is", "but now it costs".
fn is_summed_up(head: &str) -> bool {
    const ENDS: &str = "总共|總共|一共|合计|合計|总计|총|모두| total of|, totaling|, totalling|, which is|, which equals|\
        , which makes|, which gives|, that is|, making it";
    let lower = head.to_lowercase();
    let body = lower.trim_end_matches(|c: char| c.is_whitespace() || "*_$€£(".contains(c));
    let (_, clause) = body.rsplit_once(", ").unwrap_or_default();
    let now = clause.starts_with("now ") || clause.starts_with("but now ");
    let mut words = clause.split(' ');
    let so = words
        .next()
        .is_some_and(|word| ["so", "thus", "hence"].contains(&word));
    let now = now || so && words.nth(2).is_none();
    now || ENDS.split('|').any(|end| body.ends_with(end))
}

/// `27 children in all`, `350 altogether`.
pub(super) fn is_total(tail: &str) -> bool {
    let end = tail
        .find(['.', ',', ';', '\n', '(', '!'])
        .unwrap_or(tail.len());
    let clause = tail[..end].trim_end_matches([' ', '*', '_']);
    let ends = [
        " in all",
        " in total",
        " altogether",
        " all together",
        " insgesamt",
        " en total",
        " au total",
    ];
    ends.iter().any(|words| clause.ends_with(words)) && clause.split_whitespace().count() <= 4
}

/// Whether the last words say that what follows is the answer.
fn is_said(words: &[&str]) -> bool {
    const FILLERS: &str =
        "exactly about approximately only just a total of then therefore thus now roughly also";
    const VERBS: &str = "is are was were be equals gives get makes make give yields totals ist sind est sont es son è \
        sono é são beträgt insgesamt equal comes so hence cost costs weighs measures";
    let is_in = |list: &str, word: &str| list.split(' ').any(|known| known == word);
    let kept = words.iter().rev().find(|word| !is_in(FILLERS, word));
    let to = words.len() > 1 && words.ends_with(&["to"]);
    let verb = if to { words[words.len() - 2] } else { "" };
    kept.is_some_and(|word| is_in(VERBS, word))
        || ["comes", "equal", "amounts", "up"].contains(&verb)
}

/// Whether the clause that a number stands in says why or under what condition.
fn is_in_clause(head: &str) -> bool {
    let clause = head.rsplit(", ").next().unwrap_or_default();
    let mut words = clause.split_whitespace();
    words.any(|word| {
        [
            "because", "since", "if", "while", "who", "whereas", "given", "when", "weil", "wenn",
            "da", "parce", "porque", "si",
        ]
        .contains(&word)
    }) || clause.rsplit_once("which ").is_some_and(|(_, after)| {
        ![
            "is", "are", "makes", "gives", "equals", "means", "comes", "totals", "leaves",
        ]
        .contains(&after.split(' ').next().unwrap_or_default())
    })
}

/// `6 more than`, `6 apples fewer than`.
pub(super) fn is_compared(tail: &str) -> bool {
    let mut words = tail
        .split_whitespace()
        .take(4)
        .skip_while(|word| !["more", "less", "fewer", "higher", "lower"].contains(word));
    words.next().is_some() && words.any(|word| word == "than")
}

fn is_time(tail: &str) -> bool {
    let word = tail.trim_start_matches([' ', '*', '-']);
    [
        "second", "minute", "hour", "day", "week", "month", "year", "stunde", "tag", "heure",
        "jour", "hora", "día",
    ]
    .iter()
    .any(|unit| word.starts_with(unit))
}
