//! `option-order`: is the published order of an item's options likelier than other orders of the same texts?
//!
//! The same words in another order are no other wording, so nothing but having seen the item tells them apart
//! (Oren et al. 2024 for the order of items, Ni et al. 2024 for that of options). The order was not drawn by us: habits of
//! whoever ordered them are measured on the controls. A model that has seen nothing prefers one order in six.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::request::choice_continuations;
use cleanbench_core::{Completion, Sample};

use crate::layout;
use crate::order::orders;
use crate::probes::forced_likelihood::{advantage, likeliest_first};
use crate::recall::{Ask, Asking, Pick, Recall};

/// The probe.
#[derive(Debug)]
pub(crate) struct OptionOrder;

impl Recall for OptionOrder {
    fn id(&self) -> &'static str {
        "option-order"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        ""
    }

    fn ask(&self, sample: &Sample, form: ProbeForm, _pick: Pick) -> Result<Ask, &'static str> {
        orders(sample)?;
        Ok(self.ask_at(sample, form, 0))
    }

    fn places(&self, sample: &Sample, _asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        orders(sample).map(|_| vec![0])
    }

    fn ask_at(&self, sample: &Sample, _form: ProbeForm, _place: usize) -> Ask {
        let lists: Vec<_> = orders(sample)
            .unwrap_or_default()
            .iter()
            .map(|order| list(order))
            .collect();
        Ask {
            beginning: layout::before_option(sample, 0),
            shown: None,
            continuations: choice_continuations(&[], &lists),
            stop: Vec::new(),
            expected: lists.first().cloned().unwrap_or_default(),
        }
    }

    fn restored(&self, _call: &ProbeCall, _completion: &Completion) -> Option<RecordedScore> {
        None
    }

    fn measure(&self, _call: &ProbeCall, completion: &Completion) -> Option<f64> {
        advantage(completion)
    }

    fn is_generated(&self) -> bool {
        false
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        likeliest_first(call, completion)
    }
}

/// The options one a line, without the label of the first, which ends what stands before.
fn list(options: &[&str]) -> String {
    let (first, others) = options.split_first().unwrap_or((&"", &[]));
    let mut text = (*first).to_owned();
    for (place, option) in others.iter().enumerate() {
        text.extend(["\n", &layout::label(place + 1), " ", option]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::OTHERS;
    use crate::registry::testing::{only_call, probe};
    use crate::testing::{usable, weighed};

    #[test]
    fn the_published_order_must_be_the_likeliest() {
        let probe = probe("option-order", ProbeForm::Raw);
        let item = usable(3);
        let call = only_call(&*probe, item.clone());
        assert_eq!(call.continuations.len(), 1 + OTHERS);
        let whole = format!("{}{}", call.messages[0].content, call.continuations[0]);
        let options = item.sample.choices.iter().map(String::as_str);
        assert_eq!(whole, layout::item(&item.sample, options));
        for (texts, hit) in [
            (
                &[&[-1.0][..], &[-2.0], &[-2.0], &[-2.0], &[-2.0], &[-1.5]][..],
                true,
            ),
            (
                &[&[-1.0], &[-2.0], &[-2.0], &[-0.5], &[-2.0], &[-1.5]],
                false,
            ),
            (
                &[&[-1.0], &[-2.0], &[-1.0], &[-2.0], &[-2.0], &[-1.5]],
                false,
            ),
        ] {
            assert_eq!(
                probe.score(&call, &weighed(texts)).value >= 1.0,
                hit,
                "{texts:?}"
            );
        }
        let short = probe.score(&call, &weighed(&[&[-1.0], &[-2.0]]));
        assert!(short.extraction_failure.is_some());
    }
}
