//! The simulation itself: that it repeats, gives what it was asked for, and keeps the promises of ten rows.

use cleanbench_core::Completion;
use cleanbench_core::probe::{Arm, Finding, Look};
use cleanbench_probe::Class;

use super::rows::{Row, rows};
use super::scenario::{Controls, Leak, Scenario};
use super::study::{Answer, Model, Shown, Study};
use super::{simulate, table};

fn row(name: &str) -> Row {
    rows().into_iter().find(|row| row.name == name).unwrap()
}

/// Ten rows of the table again, with other models and fewer.
#[test]
fn ten_rows_hold() {
    let repeated = rows().into_iter().filter(|row| row.is_repeated);
    let mut held = 0;
    for row in repeated {
        let tally = simulate(&row, 200, 2).unwrap();
        let told = table::told_line(&row, tally);
        assert_eq!(table::holds(&row, tally), Some(true), "{told}");
        held += 1;
    }
    assert_eq!(held, 10);
}

#[test]
fn threads_have_no_say() {
    let row = row("refused-suspects-30");
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| simulate(&row, 40, 3).unwrap())
    };
    let alone = with(1);
    assert_eq!(alone, with(3));
    let again = simulate(&row, 40, 4).unwrap();
    assert_eq!(again.at_least(Class::NotAssessed).models, 40);
}

/// Models of a scenario, as many as make its rates certain.
fn models(scenario: &Scenario) -> (Study, Vec<Model>) {
    let study = Study::new(scenario, None).unwrap();
    let models = (0..200).map(|number| study.model(5, number)).collect();
    (study, models)
}

/// The share of restored items of an arm, in the first probe.
#[expect(clippy::cast_precision_loss, reason = "a few thousand answers")]
fn restored(study: &Study, models: &[Model], arm: Arm) -> f64 {
    let calls = study.main().designs()[0].calls();
    let answers = models
        .iter()
        .flat_map(|model| calls.iter().zip(&model.answers[0]));
    let of_arm: Vec<_> = answers.filter(|(call, _)| call.arm == arm).collect();
    let restored = of_arm
        .iter()
        .filter(|(_, answer)| answer.shown == Shown::Restored);
    restored.count() as f64 / of_arm.len() as f64
}

#[test]
fn models_guess_as_often_as_they_are_told_to() {
    let scenario = Scenario::new(0.3, 0.15);
    let (study, drawn) = models(&scenario);
    let rates = [Arm::Suspect, Arm::Control].map(|arm| restored(&study, &drawn, arm));
    // Five standard errors of 40,000 answers, whose difficulties differ.
    assert!(
        (rates[0] - 0.3).abs() < 0.012 && (rates[1] - 0.15).abs() < 0.01,
        "{rates:?}"
    );
    let leak = Leak {
        share: 0.5,
        recall: 0.6,
    };
    let scenario = Scenario {
        leak,
        ..Scenario::new(0.0, 0.0)
    };
    let (study, drawn) = models(&scenario);
    let rate = restored(&study, &drawn, Arm::Suspect);
    assert!((rate - 0.3).abs() < 0.012, "{rate}");
    assert!(restored(&study, &drawn, Arm::Control) <= 0.0);
}

#[test]
fn items_of_a_family_are_guessed_together() {
    let scenario = Scenario {
        family: 4,
        controls: Controls::Siblings,
        ..Scenario::new(0.3, 0.3)
    };
    let (study, drawn) = models(&scenario);
    let design = &study.main().designs()[0];
    let mut together = [0, 0];
    for (call, answer) in design.calls().iter().zip(&drawn[0].answers[0]) {
        let first = drawn[0].answers[0][design
            .calls()
            .iter()
            .position(|other| other.arm == call.arm && other.item == call.item / 4 * 4)
            .unwrap()];
        together[usize::from(first == *answer)] += 1;
    }
    assert_eq!(together, [0, 400]);
    let families = study.assess(&drawn[0]).findings[0].families.unwrap();
    assert_eq!([families.suspects, families.controls], [50, 50]);
}

/// An answer is counted as it would be if a server had given it.
#[test]
fn drawn_answers_are_what_texts_would_be() {
    let study = Study::new(&row("reworded-30-15").scenario, None).unwrap();
    let model = study.model(9, 0);
    for (design, answers) in study.main().designs().iter().zip(&model.answers) {
        for (call, answer) in design.calls().iter().zip(answers) {
            let text = match answer.shown {
                Shown::Restored => call.expected.as_str(),
                _ => {
                    "another text of some other words that nobody has ever heard or seen before it"
                }
            };
            let completion = Completion {
                text: text.to_owned(),
                ..Completion::default()
            };
            let score = design.probe().score(call, &completion);
            assert_eq!(
                score.value >= 1.0,
                answer.shown == Shown::Restored,
                "{call:?}"
            );
            assert_eq!(score.extraction_failure, None, "{call:?}");
        }
    }
}

#[test]
fn references_meet_the_same_difficulties() {
    let scenario = Scenario {
        references: 2,
        concentration: 0.2,
        ..Scenario::new(0.3, 0.3)
    };
    let (_, drawn) = models(&scenario);
    let answers = &drawn[0].answers[0];
    let agree = |other: &Vec<Answer>| {
        let both = answers.iter().zip(other);
        both.filter(|(own, other)| own.shown == other.shown).count()
    };
    // Items are nearly always or nearly never guessed; by chance 58 % would agree.
    for reference in &drawn[0].references {
        assert!(agree(&reference[0]) > 320, "{}", agree(&reference[0]));
    }
}

/// What is stopped is asked less than half, and no class is lost by it.
#[test]
fn stopping_spares_half_of_the_calls_on_a_strong_leak() {
    let scenario = row("stopping-leak-90").scenario;
    let [whole, stopping] = [Study::new, Study::stopping].map(|new| new(&scenario, None).unwrap());
    for number in 0..40 {
        let model = stopping.model(3, number);
        let found = stopping.assess(&model);
        assert_eq!(found.verdict.class, Class::Strong, "{:?}", found.verdict);
        assert_eq!(whole.assess(&model).verdict.class, Class::Strong);
        let looks = || found.findings.iter().filter_map(|one| one.look);
        let [asked, items]: [u64; 2] = [
            looks().map(|look| look.asked).sum(),
            looks().map(|look| look.items).sum(),
        ];
        assert_eq!(items, 6 * 400);
        assert!(2 * asked <= items, "{asked} of {items}");
    }
    let nothing = row("stopping-families-12-biased").scenario;
    let study = Study::stopping(&nothing, None).unwrap();
    for number in 0..20 {
        let findings = study.assess(&study.model(3, number)).findings;
        let is_last = |one: &Finding| one.look.is_some_and(Look::is_last);
        assert!(findings.iter().all(is_last), "a model that saw nothing");
    }
}

/// The rule that families move as wholes is what keeps the row: without it models are accused.
#[test]
fn a_rule_less_is_seen() {
    let single = simulate(&row("families-12-single"), 100, 1).unwrap();
    assert!(single.at_least(Class::Suspected).count > 20, "{single:?}");
    let refused = row("refused-suspects-30");
    let judged = |without| -> Vec<Finding> {
        let study = Study::new(&refused.scenario, without).unwrap();
        study.assess(&study.model(1, 0)).findings
    };
    let worst = judged(None);
    let left_out = judged(Some(super::scenario::Rule::Worst));
    assert!(worst[0].at_worst.is_some() && left_out[0].at_worst.is_none());
}
