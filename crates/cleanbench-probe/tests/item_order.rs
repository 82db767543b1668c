//! How often models without any memory are accused by `item-order-quiz`, on files that are sorted.
//!
//! Whoever orders a file by subject, length or family makes what comes next guessable. Two thousand models guess by each
//! of these, at pairs with rewordings in the same order, and beside another file that is in no order. A subject is told by
//! words, or (the worst case) by nothing but what it is.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::BTreeMap;

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{
    Arm, BiasSource, ControlKind, Finding, ProbeCall, ProbeForm, ProbeItem, Seen,
};
use cleanbench_core::sample::SampleInput;
use cleanbench_core::seed::derive;
use cleanbench_core::{Completion, Sample, Sensitivity};
use cleanbench_probe::arms::{Arms, Declared, published};
use cleanbench_probe::registry::Order;
use cleanbench_probe::verdict::measured::{self, Grounds};
use cleanbench_probe::{Class, Design, Protocol};

const MODELS: u64 = 2_000;
const ITEMS: usize = 240;
const PROBE: &str = "item-order-quiz";

fn drawn(seed: u64, what: &str, number: usize) -> usize {
    let most = u64::try_from(1_usize << 30).unwrap();
    usize::try_from(derive(seed, what, &number.to_string(), "drawn") % most).unwrap()
}

/// How a file is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sorted {
    Not,
    /// By subject, so many items each, whose words all of its items have in part.
    BySubject(usize),
    /// By subject, which no word tells.
    ByMeaning(usize),
    /// By length, nearly.
    ByLength,
    /// By family, three items each.
    ByFamily,
}

/// What an item is about, and its words.
#[derive(Debug, Clone)]
struct Written {
    id: String,
    subject: usize,
    words: Vec<String>,
    cluster: Option<String>,
    /// What decides who likes it.
    taste: u64,
}

impl Sorted {
    fn item(self, file: &str, place: usize) -> Written {
        let own = |count: usize| -> Vec<String> {
            let common =
                |at: usize| format!("common{}", drawn(1, &format!("{file} {place}"), at) % 300);
            (0..count).map(common).collect()
        };
        let size = match self {
            Self::BySubject(size) | Self::ByMeaning(size) => size,
            Self::ByFamily => 3,
            Self::Not | Self::ByLength => 1,
        };
        let subject = match self {
            Self::Not | Self::ByLength => drawn(2, file, place) % 12,
            _ => place / size,
        };
        let mut words = match self {
            Self::ByLength => own(6 + place / 8 + drawn(3, file, place) % 4),
            _ => own(6 + drawn(3, file, place) % 8),
        };
        let told = |at: usize| {
            format!(
                "subject{subject}word{}",
                drawn(4, &format!("{file} {place}"), at) % 12
            )
        };
        if !matches!(self, Self::ByMeaning(_)) {
            words.extend((0..5).map(told));
        }
        Written {
            id: String::new(),
            taste: drawn(5, file, place) as u64,
            subject,
            words,
            cluster: (self == Self::ByFamily).then(|| format!("family {subject}")),
        }
    }
}

/// What a model without memory guesses by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guesses {
    Blindly,
    /// By what it likes best, whatever is asked.
    ByTaste,
    BySubject,
    ByWords,
    /// The one that has the fewest words in common.
    AgainstWords,
    /// The next longer one.
    ByLength,
    /// The one whose length is the farthest.
    AgainstLength,
}

const ALL: [Guesses; 7] = [
    Guesses::Blindly,
    Guesses::ByTaste,
    Guesses::BySubject,
    Guesses::ByWords,
    Guesses::AgainstWords,
    Guesses::ByLength,
    Guesses::AgainstLength,
];

/// A call with what a guess may rest on.
struct Question {
    arm: Arm,
    own: Written,
    others: Vec<Written>,
    /// By the number that is named.
    scores: Vec<RecordedScore>,
}

/// Two arms whose questions are known.
struct Scene {
    design: Design,
    questions: Vec<Question>,
}

impl Scene {
    fn new(sorted: Sorted, kind: ControlKind) -> Self {
        let is_paired = kind.paired();
        let of_controls = if is_paired { sorted } else { Sorted::Not };
        let mut written = BTreeMap::new();
        let mut items = Vec::new();
        for (file, sorted) in [("s", sorted), ("c", of_controls)] {
            let is_rewording = is_paired && file == "c";
            for place in 0..ITEMS {
                // Rewordings are about the same, in as many words of their own.
                let mut item = sorted.item(if is_paired { "s" } else { file }, place);
                if is_rewording {
                    reword(&mut item, place);
                }
                item.id = format!("{file}{place}");
                items.push(probe_item(
                    file,
                    &item,
                    is_rewording.then(|| format!("s{place}")),
                ));
                written.insert(item.id.clone(), item);
            }
        }
        let (suspects, controls) = items.split_at(ITEMS);
        let declared = (!is_paired).then_some(Declared { task: "c", kind });
        let arms = Arms {
            suspects: suspects.to_vec(),
            controls: controls.to_vec(),
            kind,
            published: Some(published("s", &items, declared, kind).unwrap()),
        };
        let order = Order {
            name: PROBE,
            form: ProbeForm::Instruction,
            prompt: None,
            protocol: Protocol::Third(|_| false),
            early_stop: false,
        };
        let design = Design::new(&order, &arms.context(1)).unwrap().unwrap();
        let question = |call| question(&design, &written, call);
        Self {
            questions: design.calls().iter().map(question).collect(),
            design,
        }
    }

    /// What a model finds that names so of each question.
    fn judged(&self, names: impl Fn(usize, &Question) -> usize) -> Finding {
        let questions = self.questions.iter().enumerate();
        let seen =
            questions.map(|(at, asked)| Seen::answered(asked.scores[names(at, asked)].clone()));
        self.design.judge(&seen.collect::<Vec<_>>())
    }

    /// The same of the model called `seed`, which guesses.
    fn guessed(&self, best: &[Vec<usize>], guesses: Guesses, seed: u64) -> Finding {
        self.judged(|at, asked| {
            if guesses == Guesses::ByTaste {
                let likes = |at: &usize| mixed(seed, asked.others[*at].taste);
                best[at].iter().copied().max_by_key(likes).unwrap()
            } else {
                let drawn = mixed(seed, at as u64) % best[at].len() as u64;
                best[at][usize::try_from(drawn).unwrap()]
            }
        })
    }

    /// For each question what a guess takes for as good as the best.
    fn best(&self, guesses: Guesses) -> Vec<Vec<usize>> {
        let best = |asked: &Question| {
            let keys: Vec<_> = asked
                .others
                .iter()
                .map(|other| guesses.key(&asked.own, other))
                .collect();
            let most = keys.iter().max().unwrap();
            (0..keys.len()).filter(|at| keys[*at] == *most).collect()
        };
        self.questions.iter().map(best).collect()
    }

    fn asked(&self, arm: Arm) -> usize {
        self.questions
            .iter()
            .filter(|asked| asked.arm == arm)
            .count()
    }
}

impl Guesses {
    /// How good `other` looks beside `own`.
    fn key(self, own: &Written, other: &Written) -> usize {
        let common = || {
            other
                .words
                .iter()
                .filter(|word| own.words.contains(word))
                .count()
        };
        let lengths = || [own, other].map(|item| item.words.join(" ").len());
        match self {
            Self::Blindly | Self::ByTaste => 0,
            Self::BySubject => usize::from(other.subject == own.subject),
            Self::ByWords => common(),
            Self::AgainstWords => 100 - common(),
            Self::ByLength => {
                let [own, other] = lengths();
                other.checked_sub(own + 1).map_or(0, |more| 10_000 - more)
            }
            Self::AgainstLength => {
                let [own, other] = lengths();
                own.abs_diff(other)
            }
        }
    }
}

/// A number that two others decide.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut mixed =
        seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for factor in [0xbf58_476d_1ce4_e5b9_u64, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 29)
}

fn question(design: &Design, written: &BTreeMap<String, Written>, call: &ProbeCall) -> Question {
    let lines = call.messages[0].content.lines();
    let lines = lines.filter_map(|line| line.split_once(": x"));
    // The item, then the others by number.
    let mut shown = lines.map(|(_, text)| written[text.split(' ').nth(1).unwrap()].clone());
    let own = shown.next().unwrap();
    let others: Vec<_> = shown.collect();
    let score = |number: usize| {
        let text = number.to_string();
        let said = Completion {
            text,
            ..Completion::default()
        };
        design.probe().score(call, &said)
    };
    Question {
        arm: call.arm,
        own,
        scores: (1..=others.len()).map(score).collect(),
        others,
    }
}

/// Other words, and some that no other item has.
fn reword(item: &mut Written, place: usize) {
    for (at, word) in item.words.iter_mut().enumerate() {
        if drawn(6, &format!("{place} {at}"), 0).is_multiple_of(2) {
            *word = format!("own{place}word{at}");
        } else {
            word.insert_str(0, "re");
        }
    }
    let more = drawn(7, "longer", place) % 4;
    item.words
        .extend((0..more).map(|at| format!("more{place}{at}")));
}

fn probe_item(task: &str, item: &Written, rewording_of: Option<String>) -> ProbeItem {
    // In no order of the alphabet.
    let first = drawn(9, &item.id, 0) % 900;
    let text = format!("x{first}y {} {}", item.id, item.words.join(" "));
    ProbeItem {
        task: task.to_owned(),
        sample: Sample {
            id: item.id.clone(),
            input: SampleInput::Input(text),
            target: None,
            choices: Vec::new(),
            choice_rewordings: Vec::new(),
            metadata: serde_json::Map::new(),
            created: None,
            cluster: item.cluster.clone(),
            rewording_of,
            isomorph_of: None,
            images: Vec::new(),
            sensitivity: Sensitivity::Public,
        },
    }
}

fn class(finding: Finding) -> Class {
    let passed = Grounds {
        complies: Some(true),
        remembers: Some(true),
    };
    let grounds = [(ProbeForm::Instruction, passed)].into();
    measured::verdict(&[finding], &grounds).class
}

#[test]
fn who_remembers_the_order_is_told_by_pairs() {
    for sorted in [Sorted::Not, Sorted::BySubject(30), Sorted::ByMeaning(30)] {
        let scene = Scene::new(sorted, ControlKind::Rewording);
        let best = scene.best(Guesses::BySubject);
        let finding = scene.judged(|at, asked| match asked.arm {
            Arm::Suspect => asked
                .scores
                .iter()
                .position(|score| score.value >= 1.0)
                .unwrap(),
            Arm::Control => best[at][0],
        });
        assert_eq!(finding.suspects.hits, finding.suspects.valid);
        assert!(finding.suspects.valid >= 50, "{sorted:?}: {finding:#?}");
        assert_eq!(class(finding), Class::Suspected, "{sorted:?}");
    }
}

const ORDERS: [Sorted; 7] = [
    Sorted::Not,
    Sorted::BySubject(30),
    Sorted::BySubject(8),
    Sorted::ByMeaning(30),
    Sorted::ByMeaning(4),
    Sorted::ByLength,
    Sorted::ByFamily,
];

/// How many of the models find anything beyond chance, and how many are accused.
fn rates(scene: &Scene, guesses: Guesses) -> [u64; 2] {
    let best = scene.best(guesses);
    let mut rates = [0; 2];
    for seed in 0..MODELS {
        let found = class(scene.guessed(&best, guesses, seed));
        let is_accused = matches!(found, Class::Strong | Class::Suspected);
        rates[0] += u64::from(is_accused || found == Class::NotIdentifiable);
        rates[1] += u64::from(is_accused);
    }
    rates
}

/// How many are accused strongly, and how many at all, where never-sent pairs in no order measured the bias.
fn accused_beside_bias(scene: &Scene, guesses: Guesses) -> [u64; 2] {
    let never_sent = Scene::new(Sorted::Not, ControlKind::Rewording);
    let [best, of_never_sent] = [scene, &never_sent].map(|scene| scene.best(guesses));
    let mut accused = [0; 2];
    for seed in 0..MODELS {
        let shown = never_sent.guessed(&of_never_sent, guesses, seed);
        let bias = measured::bias(&shown, BiasSource::NeverSent);
        let finding = scene.guessed(&best, guesses, seed);
        let found = class(Finding { bias, ..finding });
        accused[0] += u64::from(found == Class::Strong);
        accused[1] += u64::from(matches!(found, Class::Strong | Class::Suspected));
    }
    accused
}

/// At pairs no more than chance find anything, whatever they guess by. A file is one draw, on which a guess may do better:
/// so 1 in 10 of a file's models may find a difference, and 1 in 20 of all; 20 are three standard deviations above .005.
fn found_at_pairs(sorted: Sorted) -> u64 {
    let scene = Scene::new(sorted, ControlKind::Rewording);
    assert!(scene.asked(Arm::Suspect) >= 30, "{sorted:?}");
    let mut all = 0;
    for guesses in ALL {
        let [found, accused] = rates(&scene, guesses);
        let told = format!("{sorted:?} {guesses:?}: {found} {accused}");
        assert!(found <= MODELS / 10 && accused <= 20, "{told}");
        all += found;
    }
    let [strong, accused] = accused_beside_bias(&scene, Guesses::BySubject);
    let told = format!("{sorted:?}: {strong} {accused}");
    assert!(strong <= 20 && accused <= 129, "{told}");
    all
}

/// Beside another file, which is in no order, a guess by subject finds much, and accuses nobody.
fn hold_beside_another_file(sorted: Sorted) {
    let scene = Scene::new(sorted, ControlKind::Sibling);
    for guesses in [Guesses::ByTaste, Guesses::BySubject] {
        let [found, accused] = rates(&scene, guesses);
        assert_eq!(accused, 0, "{sorted:?} {guesses:?}: {found}");
    }
    let [strong, accused] = accused_beside_bias(&scene, Guesses::BySubject);
    assert_eq!(strong, 0, "{sorted:?}: {accused}");
}

#[test]
fn who_remembers_nothing_is_accused_no_more_often_than_the_level_says() {
    let found = std::thread::scope(|threads| {
        let halves = [0, 1].map(|half| {
            threads.spawn(move || {
                let sorted = ORDERS.iter().skip(half).step_by(2);
                sorted
                    .map(|sorted| {
                        hold_beside_another_file(*sorted);
                        found_at_pairs(*sorted)
                    })
                    .sum::<u64>()
            })
        });
        halves.map(|half| half.join().unwrap())
    });
    let all = MODELS * (ORDERS.len() * ALL.len()) as u64;
    assert!(found.iter().sum::<u64>() * 20 <= all, "{found:?}");
}
