//! A result that is stated before the last sentence with a number: "The total is 42. This took 3 steps."
//!
//! The last number counts where the sentence goes on from the result: with a calculation or a word of [`GOES_ON`]. Where
//! it tells how the work was done, the result before it counts. Elsewhere, and where the last number only compares ("That is
//! 8 less than before"), either may be asked for, and none is read.
//!
//! Invariant: looks at a bounded part of the text before and behind the last number.

use cleanbench_text::number::Number;
use cleanbench_text::scan::window;

use super::sentence::{is_compared, is_total};

/// What stands against the last number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rival {
    /// Nothing.
    None,
    /// This number is the answer.
    Stated(Number),
    /// Either may be.
    Doubtful,
}

/// Nouns of a result.
const RESULTS: &str = "total sum result altogether overall product outcome insgesamt summe ergebnis résultat somme resultado suma \
    risultato somma soma resultaat totaal summa итого сумма";

/// Words that name another result than that of the question.
const OTHERS: &str = "next another other others subtotal would if first initial previous before";

/// Words with which a sentence goes on from a result before it.
const GOES_ON: &str = "so thus therefore hence finally then left remain remains remaining each per total altogether result answer \
    sum now after change difference need needs must means leaves half twice double gets back also final only still too \
    somit donc entonces quindi logo dus übrig rest restant quedan quedó итак значит остаётся остаток";

/// Words for the parts of the work.
const WORK: &str = "step steps method methods way ways calculation calculations operation operations source sources \
    schritte schritten pasos étapes";

/// What says how the work was done.
const WORKED: &str = "verified checked confirmed computed calculated solved took takes required requires used needed";

/// How much of a text is looked at around a number.
const NEAR: usize = 240;

struct Sentence {
    from: usize,
    text: String,
}

impl Sentence {
    fn of(text: &str, number: &Number) -> Self {
        let from = start(text, number.start);
        let tail = window(text, number.end, NEAR);
        let ends = [". ", "! ", "? ", "\n", "。"];
        let end = ends.iter().filter_map(|end| tail.find(end)).min();
        let whole = &text[from..number.end + end.unwrap_or(tail.len())];
        Self {
            from,
            text: whole.to_lowercase(),
        }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        let separates = |c: char| !c.is_alphabetic() && c != '\'';
        self.text.split(separates).filter(|word| !word.is_empty())
    }

    fn has(&self, list: &str) -> bool {
        let mut words = self.words();
        words.any(|word| list.split_whitespace().any(|known| known == word))
    }

    fn starts(&self, list: &str) -> bool {
        let first = self.words().next();
        first.is_some_and(|first| list.split_whitespace().any(|known| known == first))
    }
}

/// Where the sentence begins that holds `at`.
fn start(text: &str, at: usize) -> usize {
    let from = text.ceil_char_boundary(at.saturating_sub(NEAR));
    let near = &text[from..at];
    let ends = [". ", "! ", "? ", "\n", "。"];
    let start = ends
        .iter()
        .filter_map(|end| Some(near.rfind(end)? + end.len()))
        .max();
    from + start.unwrap_or(0)
}

/// Words of a condition, and what is only supposed under one.
const CONDITIONS: &str = "if unless provided wenn falls sofern si se als indien om ifall jeśli gdyby jeżeli если dacă hvis jos pokud \
    kdyby eğer should";
const UNREAL: &str = "would could might wäre wären würde würden käme kämen serait seraient coûterait reviendrait passerait ferait \
    sería serían costaría sarebbe sarebbero costerebbe verrebbe seria seriam custaria ficaria zou zouden skulle ville byłoby byłby \
    byłaby kosztowałoby wyniosłoby бы stálo olurdu";
const BESIDES: &str = "with without including plus mit ohne inklusive zuzüglich avec sans con sin senza com sem met zonder med utan uden";
const CONCLUSIONS: &str = "so thus therefore hence finally then";

/// Whether a number was given before the sentence of the last one, which says what would be under a condition: "It is 150.
/// If you also eat, it would be 180". Which of them was asked for cannot be told.
pub(super) fn is_supposed(text: &str, own: &[Number], picked: &Number) -> bool {
    let last = Sentence::of(text, picked);
    let before = own.partition_point(|number| number.start < last.from);
    let given = before.checked_sub(1).map(|at| &own[at]);
    let Some(given) = given.filter(|given| given.value != picked.value) else {
        return false;
    };
    let total = || {
        let stated = Sentence::of(text, given);
        stated.has(RESULTS) && !stated.has(OTHERS)
    };
    let unreal = last.has(UNREAL) && (last.has(CONDITIONS) || last.starts(BESIDES));
    let real = || last.starts(CONDITIONS) && total();
    !last.starts(CONCLUSIONS) && (unreal || real())
}

/// What stands against `picked`, the last of the numbers `own` that may count.
pub(super) fn rival(text: &str, own: &[Number], picked: &Number) -> Rival {
    let last = Sentence::of(text, picked);
    let before = own.partition_point(|number| number.start < last.from);
    let Some(given) = before.checked_sub(1).map(|at| own[at]) else {
        return Rival::None;
    };
    let alone = given.value != picked.value && given.is_known();
    let bare = last.words().nth(1).is_none();
    if !alone || bare || last.text.contains(['=', '≈', '→']) {
        return Rival::None;
    }
    if last.starts("that this it") && is_compared(window(text, picked.end, 48)) {
        return Rival::Doubtful;
    }
    let stated = Sentence::of(text, &given);
    let others = own[..before]
        .iter()
        .filter(|number| number.start >= stated.from);
    let sole = others.count() == 1;
    let against = against(&stated, &last, text, &given);
    against.filter(|_| sole).unwrap_or(Rival::None)
}

/// What the sentence of `given` and the last one make of the numbers in them.
fn against(stated: &Sentence, last: &Sentence, text: &str, given: &Number) -> Option<Rival> {
    let noun = stated.has(RESULTS) && !stated.has(OTHERS) || is_total(window(text, given.end, 48));
    let concluded = stated.starts("so thus therefore hence") && !stated.has(OTHERS);
    if (noun || stated.text.contains('=')) && last.has(WORKED) && last.has(WORK) {
        return Some(Rival::Stated(*given));
    }
    if !noun && !concluded {
        return None;
    }
    let other = last.has("next another other others");
    let about = noun || last.starts("it this that they she he we you the");
    (other || about && !last.has(GOES_ON)).then_some(Rival::Doubtful)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_text::number::{Form, numbers};

    fn read(text: &str) -> Rival {
        let own = numbers(text, Form::default());
        rival(text, &own, &own[own.len() - 1])
    }

    #[test]
    fn a_result_before_the_last_number() {
        assert!(
            matches!(read("The sum is 17. It took 3 steps."), Rival::Stated(number) if number.start == 11)
        );
        for text in [
            "So she has 17 pens. She will lose them in 3 days.",
            "In total 17 came. The other 3 left.",
            "He pays 17 euros. That is 3 euros less than Ann.",
            "The sum is 17. The next sum would be 20.",
        ] {
            assert_eq!(read(text), Rival::Doubtful, "{text}");
        }
        for text in [
            "The total is 17. After 3 are lost, 14 remain.",
            "The total is 17. So each gets 3.",
            "The total is 17. 17 - 3 = 14.",
            "Ann has 17 pens. Tom has 3.",
            "The total is 17.",
            "17 pens in total because some are lost\nA: 14",
        ] {
            assert_eq!(read(text), Rival::None, "{text}");
        }
    }
}
