//! What an answer says beyond its prompt, and whether several items got the same of it.
//!
//! A model that declines with the item in its mouth ("About "In the tale ...": I would rather not go on") says another
//! text each time and means the same. So three words in a row that stand in the prompt are left out, and what is left
//! of the beginning is kept as digests of its runs of six words. Where runs that several items share, and that no prompt
//! and no text that was asked for holds, are nearly all that an answer says, it is a template and no attempt.
//!
//! Invariant: a preamble is no template: an answer that says half as many words of its own as were asked for is an
//! attempt. It refuses to tell templates by fewer than six words.

use std::collections::{BTreeSet, HashMap, HashSet};

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, Seen};
use cleanbench_text::scan::window;
use cleanbench_text::{Segment, segments};

use crate::attempt::{KEPT, RUN, without_words};

/// Words in a row that are the prompt's where they stand there.
const QUOTED: usize = 3;
/// Bytes of an answer in which these are looked for.
const WITHIN: usize = 1 << 14;
/// Hexadecimal digits of a run.
const DIGITS: usize = 6;
const MARK: &str = "; runs ";
/// How many words of a template there are for each other one.
const NEARLY_ALL: usize = 3;

/// The words of an answer that are not its prompt's.
pub(crate) struct Beyond {
    pub(crate) words: Vec<String>,
    /// The same with what stands between them.
    pub(crate) text: String,
}

impl Beyond {
    /// Of `text`, an answer to `call`.
    pub(crate) fn of(call: &ProbeCall, text: &str) -> Self {
        let prompts: Vec<_> = call
            .messages
            .iter()
            .map(|one| words(&one.content))
            .collect();
        let quoted: HashSet<_> = prompts.iter().flat_map(|one| one.windows(QUOTED)).collect();
        let text = window(text, 0, WITHIN);
        let said = segments(text);
        let all: Vec<_> = said.iter().map(|one| one.word.clone()).collect();
        let is_own = not_within(&all, |run| quoted.contains(run));
        let own = said.iter().zip(&is_own).filter(|(_, own)| **own);
        Self {
            words: own.map(|(one, _)| one.word.clone()).collect(),
            text: own_text(text, &said, &is_own),
        }
    }

    /// Digests of the runs of its first words, in their order.
    fn runs(&self) -> String {
        let first = &self.words[..self.words.len().min(KEPT)];
        first.windows(RUN).map(digest).collect()
    }

    /// `score` of a miss with the runs of the answer.
    pub(crate) fn kept_in(&self, score: RecordedScore) -> RecordedScore {
        let runs = self.runs();
        let Some(rule) = score.rule.as_deref().filter(|_| !runs.is_empty()) else {
            return score;
        };
        RecordedScore {
            rule: Some(format!("{rule}{MARK}{runs}").into()),
            ..score
        }
    }
}

fn words(text: &str) -> Vec<String> {
    segments(text).into_iter().map(|one| one.word).collect()
}

/// For each of `words` whether it stands in no run of [`QUOTED`] words that `is_quoted`.
fn not_within(words: &[String], is_quoted: impl Fn(&[String]) -> bool) -> Vec<bool> {
    let mut is_own = vec![true; words.len()];
    for (at, run) in words.windows(QUOTED).enumerate() {
        if is_quoted(run) {
            is_own[at..at + QUOTED].fill(false);
        }
    }
    is_own
}

/// The parts of `text` whose words are its own, up to the next word that is not.
fn own_text(text: &str, said: &[Segment], is_own: &[bool]) -> String {
    let mut own = String::new();
    for (at, one) in said.iter().enumerate() {
        let end = said.get(at + 1).map_or(text.len(), |next| next.start);
        if is_own[at] {
            own.push_str(&text[one.start..end]);
        } else if !own.is_empty() && !own.ends_with(' ') {
            own.push(' ');
        }
    }
    own
}

fn digest(run: &[String]) -> String {
    let digest = cleanbench_core::seed::derive(0, "", &run.join(" "), "run");
    format!("{:0width$x}", digest & 0x00ff_ffff, width = DIGITS)
}

/// `rule` without what was kept of the answer.
pub(crate) fn without_runs(rule: &str) -> &str {
    let rule = without_words(rule);
    rule.split_once(MARK).map_or(rule, |(rule, _)| rule)
}

/// The runs of a miss, in their order.
fn runs_of(seen: &Seen) -> Vec<&str> {
    let rule = seen.score.as_ref().and_then(|score| score.rule.as_deref());
    let runs = rule.and_then(|rule| rule.split_once(MARK));
    let runs = runs.map_or("", |(_, runs)| without_words(runs));
    let places = (0..runs.len()).step_by(DIGITS);
    places.filter_map(|at| runs.get(at..at + DIGITS)).collect()
}

/// For each of `seen` whether it is a template that answers to `most` items at least have in common.
pub(crate) fn templates(calls: &[ProbeCall], seen: &[Seen], most: usize) -> Vec<bool> {
    let runs: Vec<_> = seen.iter().map(runs_of).collect();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for answer in &runs {
        let different: BTreeSet<_> = answer.iter().copied().collect();
        for run in different {
            *times.entry(run).or_default() += 1;
        }
    }
    let mut shared: HashSet<&str> = times
        .into_iter()
        .filter(|(_, times)| *times >= most)
        .map(|(run, _)| run)
        .collect();
    if !shared.is_empty() {
        for of_item in calls.iter().flat_map(held) {
            shared.remove(of_item.as_str());
        }
    }
    let answers = runs.iter().zip(calls);
    answers
        .map(|(runs, call)| is_template(runs, call, &shared))
        .collect()
}

/// The runs that the prompt of `call` and the text that it asks for hold.
fn held(call: &ProbeCall) -> Vec<String> {
    let texts = call.messages.iter().map(|one| one.content.as_str());
    let texts = texts.chain([call.expected.as_str()]).map(words);
    texts
        .flat_map(|words| words.windows(RUN).map(digest).collect::<Vec<_>>())
        .collect()
}

/// Whether nearly all words of an answer with these `runs` stand in `shared` ones, and too few others for an attempt.
fn is_template(runs: &[&str], call: &ProbeCall, shared: &HashSet<&str>) -> bool {
    if shared.is_empty() || runs.is_empty() {
        return false;
    }
    let mut is_shared = vec![false; runs.len() + RUN - 1];
    for (at, run) in runs.iter().enumerate() {
        if shared.contains(run) {
            is_shared[at..at + RUN].fill(true);
        }
    }
    let common = is_shared.iter().filter(|shared| **shared).count();
    let other = is_shared.len() - common;
    let expected = segments(&call.expected).len().max(1);
    common >= NEARLY_ALL * other && 2 * other < expected
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{Arm, ControlKind, Finding, ProbeContext, ProbeForm, Step};

    use super::*;
    use crate::protocol::Protocol;
    use crate::registry::testing::order;
    use crate::registry::{Order, build};
    use crate::testing::{completion, usable};

    /// What is answered to a call with a prompt.
    type Said<'a> = &'a dyn Fn(&ProbeCall, &str) -> String;

    /// What is found where items are answered as `answer` says, by call and the text that was shown of the item.
    fn found(name: &str, form: ProbeForm, answer: &dyn Fn(&ProbeCall, &str) -> String) -> Finding {
        let probe = build(&Order {
            protocol: Protocol::Third(|_| false),
            ..order(name, form)
        })
        .unwrap();
        let items: Vec<_> = (0..40).map(usable).collect();
        let context = ProbeContext {
            suspects: &items[..20],
            controls: &items[20..],
            kind: ControlKind::Sibling,
            seed: 5,
            published: None,
        };
        let Step::Calls(calls) = probe.next(&context, &[]) else {
            panic!("nothing is planned");
        };
        let seen: Vec<_> = calls
            .iter()
            .map(|call| {
                let prompt = &call.messages[0].content;
                let item = &prompt[prompt.find("Question: ").unwrap()..];
                let text = answer(call, item);
                Seen::answered(probe.score(call, &completion(&text)))
            })
            .collect();
        probe.judge(&context, &calls, &seen)
    }

    const SAME: &str = "the same answer to several items";
    const FORMS: [ProbeForm; 2] = [ProbeForm::Raw, ProbeForm::Instruction];

    #[test]
    fn a_template_is_no_miss_wherever_it_quotes_the_item() {
        let cut = |item: &str| item.chars().take(47).collect::<String>();
        let templates: [&dyn Fn(&str) -> String; 5] = [
            &|item| {
                format!(
                    "About \"{}\": whoever made this may go on with it some day.",
                    cut(item)
                )
            },
            &|item| format!("Whoever made this may go on with it some day: \"{item}\""),
            &|item| {
                format!(
                    "I see here \"{}...\" and whoever made this may go on with it some day.",
                    cut(item)
                )
            },
            &|item| format!("{item}\n\nWhoever made this may go on with it some day."),
            &|item| {
                format!(
                    "Zu „{}“: Wer es gemacht hat, mag es selbst eines Tages zu Ende schreiben.",
                    cut(item)
                )
            },
        ];
        for form in FORMS {
            for (number, template) in templates.iter().enumerate() {
                let found = found("option-completion", form, &|_, item| template(item));
                let same = found.invalid.get(SAME).copied().unwrap_or_default();
                // What ends with a line of the prompt is out of form before.
                let other = found.invalid.get("not in form").copied();
                let all = same + other.unwrap_or_default();
                assert_eq!(all, 40, "{form:?} {number}: {:?}", found.invalid);
            }
        }
    }

    #[test]
    fn an_attempt_with_a_common_beginning_is_a_miss() {
        let own = |call: &ProbeCall| {
            let word = |place: usize| {
                format!(
                    "z{}y{place}",
                    call.item + 100 * usize::from(call.arm == Arm::Control)
                )
            };
            (0..9).map(word).collect::<Vec<_>>().join(" ")
        };
        let attempts: [Said<'_>; 5] = [
            &|call, _| own(call),
            &|call, _| format!("The answer is: {}", own(call)),
            &|call, _| {
                format!(
                    "Sure! By what stands there it should be this one: {}",
                    own(call)
                )
            },
            &|call, _| {
                format!(
                    "{}\nAnswer: B\nExplanation: of all of these it is only the second one that can be true at all",
                    own(call)
                )
            },
            &|call, item| format!("{} {item}", own(call)),
        ];
        for form in FORMS {
            for name in ["option-completion", "completion"] {
                for (number, attempt) in attempts.iter().enumerate() {
                    let found = found(name, form, attempt);
                    assert!(
                        found.invalid.is_empty(),
                        "{name} {form:?} {number}: {:?}",
                        found.invalid
                    );
                }
            }
        }
    }

    /// What the items themselves have in common is no template: here the wrong options begin alike.
    #[test]
    fn what_items_hold_is_their_own() {
        let found = found("option-completion", ProbeForm::Instruction, &|call, _| {
            let words: Vec<_> = call.expected.split(' ').collect();
            words[..7].join(" ")
        });
        assert_eq!(found.invalid.get(SAME), None, "{:?}", found.invalid);
    }

    #[test]
    fn what_is_beyond_the_prompt_is_kept_as_it_stands() {
        let probe = crate::registry::testing::probe("completion", ProbeForm::Raw);
        let call = crate::registry::testing::only_call(&*probe, usable(1));
        let shown = &call.messages[0].content;
        let beyond = Beyond::of(&call, &format!("Of “{shown}”: no more. “{shown}” it was!"));
        assert_eq!(beyond.text, "Of “ no more. “ it was!");
        assert_eq!(Beyond::of(&call, shown).text, "");
        let score = |text: &str| {
            Beyond::of(&call, text).kept_in(crate::answer::another(ProbeForm::Raw, text))
        };
        let kept = score("one two three four five six seven eight nine")
            .rule
            .unwrap();
        assert!(
            without_runs(&kept).starts_with("another text ") && kept.len() < 60,
            "{kept}"
        );
        assert_eq!(
            runs_of(&Seen::answered(score("one two three four five six seven"))).len(),
            2
        );
        assert_eq!(score("one two").rule.as_deref(), Some("another text"));
    }
}
