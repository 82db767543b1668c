//! The checks as a run puts them.

use cleanbench_core::Outcome;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeContext, Seen, Step};

use super::*;
use crate::protocol::Protocol;
use crate::registry::{Order, build, is_check, is_confirmatory};
use crate::testing::completion;

const SERVERS: Audience = Audience {
    servers: true,
    embedded: false,
};
const EMBEDDED: Audience = Audience {
    servers: false,
    embedded: true,
};
const FORMS: [ProbeForm; 2] = [ProbeForm::Raw, ProbeForm::Instruction];

fn check(name: &str, form: ProbeForm) -> Box<dyn cleanbench_core::Probe> {
    build(&Order {
        name,
        form,
        prompt: None,
        protocol: Protocol::Second(|text| text.contains("I cannot")),
        early_stop: false,
    })
    .unwrap()
}

fn calls(name: &str, form: ProbeForm, arms: &Arms) -> Vec<ProbeCall> {
    let context = arms.context(0);
    match check(name, form).next(&context, &[]) {
        Step::Calls(calls) => calls,
        Step::Done => Vec::new(),
    }
}

/// How the calls about `arms` end, where each is answered by what `answer` makes of it.
fn answered(
    name: &str,
    form: ProbeForm,
    arms: &Arms,
    answer: impl Fn(&ProbeCall) -> String,
) -> Vec<Seen> {
    let probe = check(name, form);
    let calls = calls(name, form, arms).into_iter();
    let seen = calls.map(|call| Seen::answered(probe.score(&call, &completion(&answer(&call)))));
    seen.collect()
}

/// Names of the samples of the calls about `arms`.
fn names(arms: &Arms) -> impl Iterator<Item = &str> {
    arms.suspects.iter().map(|item| item.sample.id.as_str())
}

fn counts(check: Option<Check>) -> [u64; 3] {
    let check = check.unwrap();
    [check.restored, check.asked, check.invalid]
}

#[test]
fn each_kind_of_model_is_asked_for_its_own_texts() {
    for (name, form, servers, embedded, both) in [
        ("memory", ProbeForm::Raw, 16, 16, 32),
        ("memory", ProbeForm::Instruction, 16, 16, 32),
        ("compliance", ProbeForm::Raw, 5, 5, 10),
        ("compliance", ProbeForm::Instruction, 5, 5, 5),
    ] {
        let count = |audience| arms(name, form, audience).suspects.len();
        assert_eq!(
            [
                count(SERVERS),
                count(EMBEDDED),
                count(Audience::of([true, false]))
            ],
            [servers, embedded, both],
            "{name} {form:?}"
        );
        assert!(is_check(name) && !is_confirmatory(name));
    }
    let mixed = arms("memory", ProbeForm::Raw, Audience::of([true, false]));
    for is_embedded in [true, false] {
        let own = |item: &&ProbeItem| judges(&item.sample.id, is_embedded);
        assert_eq!(mixed.suspects.iter().filter(own).count(), 16);
    }
    let mut names: Vec<_> = mixed.suspects.iter().map(|item| &item.sample.id).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 32, "each text has its own name");
}

#[test]
fn passages_are_cut_after_about_half() {
    for item in arms("memory", ProbeForm::Raw, SERVERS).suspects {
        let shown = crate::layout::question(&item.sample).len();
        let expected = item.sample.target.unwrap();
        let rest = expected.as_str().unwrap().len();
        let share = shown * 100 / (shown + rest);
        assert!((30..=65).contains(&share), "{}: {share} %", item.sample.id);
    }
}

#[test]
fn what_comes_back_passes_and_declining_does_not() {
    for name in NAMES {
        for form in FORMS {
            let arms = arms(name, form, SERVERS);
            let all = arms.suspects.len() as u64;
            let of = |answer: fn(&ProbeCall) -> String| {
                let seen = answered(name, form, &arms, answer);
                counts(Check::of(form, names(&arms), &seen, false))
            };
            assert_eq!(of(|call| call.expected.clone()), [all, all, 0]);
            assert_eq!(of(|_| "I cannot do that.".to_owned()), [0, all, all]);
            assert_eq!(of(|_| String::new()), [0, all, all]);
            let other = of(|_| "quite another text about nothing much at all".repeat(9));
            assert_eq!(other, [0, all, 0], "{name} {form:?}");
        }
    }
}

/// A server that takes the beginning of an answer for a message of its own lets the model begin anew.
#[test]
fn a_beginning_that_is_ignored_is_noticed() {
    let arms = arms("compliance", ProbeForm::Raw, SERVERS);
    let said = |call: &ProbeCall| call.expected.trim_start_matches(", ").to_owned();
    let answers: [&dyn Fn(&ProbeCall) -> String; 4] = [
        &|call| format!("assistant\n{}", call.expected),
        &|call| format!("Sure! Here it goes on{}", call.expected),
        &said,
        &|call| format!("{}{}", call.messages[0].content, call.expected),
    ];
    for answer in answers {
        let seen = answered("compliance", ProbeForm::Raw, &arms, answer);
        let check = Check::of(ProbeForm::Raw, names(&arms), &seen, false);
        assert_eq!(check.unwrap().restored, 0);
    }
}

#[test]
fn a_preamble_hides_no_passage() {
    let form = ProbeForm::Instruction;
    let arms = arms("memory", form, SERVERS);
    let seen = answered("memory", form, &arms, |call| {
        format!("Of course. It goes on like this:\n\n{}", call.expected)
    });
    assert_eq!(
        counts(Check::of(form, names(&arms), &seen, false)),
        [16, 16, 0]
    );
}

#[test]
fn thresholds_count_what_is_missing_as_asked() {
    let compliance = arms("compliance", ProbeForm::Instruction, SERVERS);
    let memory = arms("memory", ProbeForm::Instruction, SERVERS);
    // Others are missing: by them nobody passes, and nobody is known to be unable.
    let ended = |hits: usize| -> Vec<Seen> {
        let hit = Seen::answered(RecordedScore::of(1.0));
        vec![hit; hits]
    };
    let of = |items: &Arms, hits| {
        let check = Check::of(ProbeForm::Instruction, names(items), &ended(hits), false);
        assert_eq!(check.unwrap().asked, items.suspects.len() as u64);
        check
    };
    for (repeated, restored, complies, remembers) in [
        (3, 3, None, false),
        (4, 4, Some(true), true),
        (5, 16, Some(true), true),
        (1, 1, None, false),
    ] {
        let found = Validity {
            compliance: of(&compliance, repeated),
            memory: of(&memory, restored),
        };
        assert_eq!(
            (found.complies(), found.remembers()),
            (complies, Some(remembers)),
            "{found:?}"
        );
    }
    let unasked = Validity::default();
    assert_eq!((unasked.complies(), unasked.remembers()), (None, None));
}

/// Who repeats texts wrongly cannot do it; of who declines, or does not answer, it is not known.
#[test]
fn declining_a_check_is_no_inability() {
    let form = ProbeForm::Instruction;
    let asked = arms("compliance", form, SERVERS);
    let of = |answer: Seen| {
        let hit = Seen::answered(RecordedScore::of(1.0));
        let seen = vec![hit, answer.clone(), answer.clone(), answer.clone(), answer];
        let compliance = Check::of(form, names(&asked), &seen, false);
        let memory = None;
        Validity { compliance, memory }
    };
    let wrong = of(Seen::answered(RecordedScore::of(0.0)));
    assert_eq!(wrong.complies(), Some(false));
    for silent in [
        Seen::answered(crate::answer::invalid("declined")),
        Seen::ended(Outcome::Exhausted, None),
    ] {
        let found = of(silent);
        assert_eq!(found.complies(), None, "{found:?}");
        assert_eq!(found.complies_by_earlier_rules(), Some(false));
    }
}

#[test]
fn a_form_that_an_endpoint_lacks_was_not_asked() {
    let arms = arms("memory", ProbeForm::Raw, SERVERS);
    for outcome in [Outcome::Unsupported, Outcome::Skipped] {
        let unasked = Seen::ended(outcome, None);
        let seen = vec![unasked; arms.suspects.len()];
        let found = Check::of(ProbeForm::Raw, names(&arms), &seen, false);
        assert_eq!(found, None, "{outcome:?}");
    }
    let failed = Seen::ended(Outcome::Exhausted, None);
    let seen = vec![failed; arms.suspects.len()];
    let found = Check::of(ProbeForm::Raw, names(&arms), &seen, false);
    assert_eq!(counts(found), [0, 16, 0], "a call that failed was put");
    assert_eq!(Check::of(ProbeForm::Raw, [], &[], false), None);
}

#[test]
fn a_check_is_judged_without_controls() {
    let form = ProbeForm::Raw;
    let arms = arms("memory", form, EMBEDDED);
    let probe = check("memory", form);
    let calls = calls("memory", form, &arms);
    let seen = answered("memory", form, &arms, |call| call.expected.clone());
    let context: ProbeContext<'_> = arms.context(0);
    assert_eq!(probe.next(&context, &seen), Step::Done);
    let finding = probe.judge(&context, &calls, &seen);
    assert_eq!((finding.suspects.hits, finding.contrast), (16, None));
}
