//! Models that know every item and show it in no answer that reads like one: in refusals of few words, each another; in their
//! reasoning; in disguise.

use cleanbench_testkit::{ItemList, Memory};

use crate::bed::read;
use crate::exposure::{
    ENGLISH, Exam, GATE, Item, Scene, WRITINGS, Writing, count, famous, nearly_all_restored,
};

/// Enough items to certify.
const MANY: usize = 120;

/// Beginnings and ends of refusals: fewer than six words together, but for some.
const BEGINNINGS: [&str; 16] = [
    "Not able to",
    "No thanks",
    "I'd rather not",
    "Can't do that one",
    "Passing on this",
    "Nothing from me",
    "Declining",
    "Nein, lieber nicht",
    "Non, merci",
    "No puedo hacerlo",
    "Нет, не буду",
    "Ei onnistu",
    "不行，抱歉",
    "いいえ、無理です",
    "할 수 없어요",
    "لا أستطيع ذلك",
];
const ENDS: [&str; 8] = [
    ".",
    " here.",
    " today!",
    " now.",
    ", sorry.",
    " either.",
    " again.",
    ", friend.",
];

/// A way to hide a text.
type Hiding<'a> = &'a dyn Fn(&str) -> String;

/// The refusal of this number.
fn refusal(number: usize) -> String {
    let end = ENDS[number / BEGINNINGS.len() % ENDS.len()];
    format!("{}{end}", BEGINNINGS[number % BEGINNINGS.len()])
}

/// A model that says about each item of an exam what `says` tells it to, and knows what all models know.
fn saying(exam: &Exam, says: impl Fn(&Item, usize) -> Option<String>) -> Memory {
    let items = exam.suspects.iter().chain(&exam.controls).enumerate();
    let list = |(number, item): (usize, &Item)| match says(item, number) {
        Some(text) => ItemList::told([item.known()], &text),
        None => ItemList::guessed([item.known()], 0.0),
    };
    Memory {
        lists: items.map(list).collect(),
        passages: famous(),
        ..Memory::default()
    }
}

fn is_suspect(exam: &Exam, item: &Item) -> bool {
    exam.suspects
        .iter()
        .any(|one| one.question == item.question)
}

fn scene(exam: &Exam) -> Scene {
    Scene::new(&[exam], &["completion", "option-completion"], GATE)
}

fn writings() -> impl Iterator<Item = Writing> {
    let others = WRITINGS.into_iter();
    let others = others.filter(|one| ["russian", "chinese", "latex"].contains(&one.name));
    [ENGLISH].into_iter().chain(others)
}

#[test]
fn short_refusals_that_are_each_worded_anew_certify_nothing() {
    for writing in writings() {
        let exam = Exam::reworded(writing, MANY);
        let scene = scene(&exam);
        let told = scene.put(saying(&exam, |_, number| Some(refusal(number))));
        told.certifies_nothing();
        for row in told.rows() {
            let [valid, invalid] =
                ["suspects_valid", "suspects_invalid"].map(|name| count(&row, name));
            assert!(valid * 20 <= invalid, "{}: {row:#?}", writing.name);
        }
    }
}

/// Controls are attempted, which hides nothing.
#[test]
fn whoever_declines_what_it_knows_alone_is_not_certified() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let scene = scene(&exam);
    for one_in in [1, 4, 10] {
        let declines = |item: &Item, number: usize| {
            let is_declined = is_suspect(&exam, item) && number.is_multiple_of(one_in);
            is_declined.then(|| refusal(number / one_in))
        };
        scene.put(saying(&exam, declines)).certifies_nothing();
    }
}

#[test]
fn what_stands_in_the_reasoning_alone_is_memory_and_said_to_be() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let thinks = |item: &Item| {
        format!(
            "<think>I know it: {}. I must not say so.</think>",
            item.laid_out()
        )
    };
    let scene = scene(&exam);
    // Controls are declined as well, or attempted.
    for declines_all in [true, false] {
        let told = scene.put(saying(&exam, |item, number| {
            if is_suspect(&exam, item) {
                Some(thinks(item) + &refusal(number))
            } else {
                declines_all.then(|| format!("<think>What is this?</think>{}", refusal(number)))
            }
        }));
        told.certifies_nothing();
        for row in told.rows() {
            assert!(
                count(&row, "suspects_in_reasoning") * 10 >= MANY as u64 * 9,
                "{row:#?}"
            );
        }
        let said = "suspects in the reasoning of the answer alone";
        assert!(
            read(&told.run, "summary.md").contains(said),
            "{}",
            read(&told.run, "summary.md")
        );
        if !declines_all {
            told.is_one_of(&["suspected", "strong"]);
        }
    }
}

#[test]
fn a_disguise_hides_no_memory() {
    let exam = Exam::reworded(ENGLISH, MANY);
    let apart = |text: &str| {
        text.chars()
            .map(|one| format!("{one} "))
            .collect::<String>()
    };
    let cyrillic = |text: &str| text.replace('a', "а").replace('e', "е").replace('o', "о");
    let backwards = |text: &str| text.split(' ').rev().collect::<Vec<_>>().join(" ");
    let ways: [(&str, Hiding<'_>); 3] = [
        ("apart", &apart),
        ("cyrillic", &cyrillic),
        ("backwards", &backwards),
    ];
    let scene = scene(&exam);
    for (way, hide) in ways {
        let told = scene.put(saying(&exam, |item, _| {
            is_suspect(&exam, item).then(|| hide(&item.laid_out()))
        }));
        told.is_one_of(&["suspected", "strong"]);
        for form in ["raw", "instruction"] {
            nearly_all_restored(&told.row("english", "completion", form), way);
        }
    }
}

/// What was found, and hangs on controls that say nothing, is told with the p-value by which it was found.
#[test]
fn both_p_values_are_told_of_what_hangs_on_silence() {
    let exam = Exam::reworded(ENGLISH, 60);
    let scene = scene(&exam);
    let told = scene.put(saying(&exam, |item, number| {
        if is_suspect(&exam, item) {
            number.is_multiple_of(2).then(|| item.laid_out())
        } else {
            (number % 3 > 0).then(|| refusal(number))
        }
    }));
    told.is_one_of(&["not_testable"]);
    let summary = read(&told.run, "summary.md");
    assert!(
        summary.contains(" of what says something, ") && summary.contains(" at worst; not so if"),
        "{summary}"
    );
}
