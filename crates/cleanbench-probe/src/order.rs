//! The published order of an item's options, and other orders that nothing about the item tells from it.
//!
//! Whoever made the benchmark drew the order; we did not. So it is compared with orders that only move wrong options
//! among their own places: the right one keeps its place, and knowing the answer tells nothing.
//!
//! It refuses lists whose order can be told from what they say: sorted ones, and options that speak of one another.

use cleanbench_core::Sample;
use cleanbench_core::seed::derive;
use cleanbench_text::words;

use crate::filter::{is_collective, is_combination, right_option, whole_item};
use crate::layout;

/// With fewer wrong options there are too few other orders.
const FEWEST_WRONG: usize = 3;
/// Orders beside the published one; of three wrong options, all there are.
pub(crate) const OTHERS: usize = 5;
/// Words by which an option speaks of where another stands.
const POINTING: [&str; 8] = [
    "above",
    "below",
    "former",
    "latter",
    "previous",
    "preceding",
    "following",
    "aforementioned",
];

/// The item's options in the published order, then in [`OTHERS`] other ones, each once; or why the item cannot be used.
pub(crate) fn orders(sample: &Sample) -> Result<Vec<Vec<&str>>, &'static str> {
    if let Some(reason) = unusable(sample) {
        return Err(reason);
    }
    let wrong = wrong_places(sample);
    let published: Vec<_> = sample.choices.iter().map(String::as_str).collect();
    let mut orders = vec![published.clone()];
    for moved in other_orders(sample, &wrong) {
        let mut order = published.clone();
        for (place, from) in wrong.iter().zip(moved) {
            order[*place] = published[from];
        }
        orders.push(order);
    }
    Ok(orders)
}

/// Why the order of the item's options shows nothing.
fn unusable(sample: &Sample) -> Option<&'static str> {
    if let Some(reason) = whole_item(sample) {
        return Some(reason);
    }
    if wrong_places(sample).len() < FEWEST_WRONG {
        return Some("too few wrong options");
    }
    let options: Vec<_> = sample.choices.iter().map(|text| words(text)).collect();
    if options.iter().any(|option| points(option)) {
        return Some("options that speak of one another");
    }
    let numbers: Vec<_> = options.iter().filter_map(|option| number(option)).collect();
    let counted = numbers.len() == options.len() && is_sorted(&numbers);
    let texts: Vec<_> = sample
        .choices
        .iter()
        .map(|text| text.to_lowercase())
        .collect();
    let lengths: Vec<_> = texts.iter().map(|text| text.chars().count()).collect();
    (counted || is_sorted(&texts) || is_sorted(&lengths))
        .then_some("options in an order of their own")
}

fn wrong_places(sample: &Sample) -> Vec<usize> {
    let right = right_option(sample);
    let places = 0..sample.choices.len();
    places.filter(|place| Some(*place) != right).collect()
}

fn points(option: &[String]) -> bool {
    let points = option.iter().any(|word| POINTING.contains(&word.as_str()));
    points || is_collective(option) || is_combination(option)
}

/// The first number in an option.
fn number(option: &[String]) -> Option<u64> {
    option.iter().find_map(|word| word.parse().ok())
}

/// Whether it rises or falls throughout.
fn is_sorted<T: PartialOrd>(values: &[T]) -> bool {
    let rises = values.windows(2).all(|pair| pair[0] < pair[1]);
    rises || values.windows(2).all(|pair| pair[0] > pair[1])
}

/// [`OTHERS`] orders of `wrong` but its own, drawn by what the item says: the same item is asked alike in every suite.
fn other_orders(sample: &Sample, wrong: &[usize]) -> Vec<Vec<usize>> {
    let text = layout::item(sample, sample.choices.iter().map(String::as_str));
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut drawn = 0_u64;
    while found.len() < OTHERS {
        let order = shuffled(wrong, &text, drawn);
        drawn += 1;
        if order != wrong && !found.contains(&order) {
            found.push(order);
        }
    }
    found
}

/// `places` in the order of digests that hang on `text` and `drawn`.
fn shuffled(places: &[usize], text: &str, drawn: u64) -> Vec<usize> {
    let mut keyed: Vec<_> = places
        .iter()
        .map(|place| (derive(drawn, &place.to_string(), text, "order"), *place))
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::{choice_sample, usable};

    #[test]
    fn wrong_options_alone_change_places() {
        for number in 0..40 {
            let sample = usable(number).sample;
            let found = orders(&sample).unwrap();
            assert_eq!(found.len(), 1 + OTHERS);
            assert_eq!(found[0], sample.choices);
            assert_eq!(
                found.iter().collect::<BTreeSet<_>>().len(),
                found.len(),
                "each once"
            );
            let right = number % 4;
            for order in &found {
                assert_eq!(order[right], sample.choices[right], "the right one stays");
                let [mut own, mut all] = [order.clone(), found[0].clone()];
                own.sort_unstable();
                all.sort_unstable();
                assert_eq!(own, all, "nothing is lost");
            }
        }
        let sample = usable(3).sample;
        assert_eq!(orders(&sample), orders(&sample.clone()));
    }

    #[test]
    fn an_order_that_options_tell_is_not_asked_for() {
        let options = |texts: &[&str; 4]| orders(&choice_sample("x", "Which?", texts, 1)).err();
        for (texts, reason) in [
            (
                [
                    "a green old mill",
                    "some ducks",
                    "the baker's red cart",
                    "two towers of glass",
                ],
                Some("options in an order of their own"),
            ),
            (
                [
                    "in 1901 by rail",
                    "after 1890 on foot",
                    "before 1870 by boat",
                    "in 1850",
                ],
                Some("options in an order of their own"),
            ),
            (
                [
                    "some ducks by the mill",
                    "the oldest cart",
                    "a red tower",
                    "rain",
                ],
                Some("options in an order of their own"),
            ),
            (
                [
                    "some ducks",
                    "a tower of old glass",
                    "the cart",
                    "the former two",
                ],
                Some("options that speak of one another"),
            ),
            (
                [
                    "some ducks",
                    "a tower of old glass",
                    "the cart",
                    "All of the above",
                ],
                Some("options that speak of one another"),
            ),
            (
                [
                    "some ducks",
                    "a tower of old glass",
                    "the cart",
                    "no rain at all",
                ],
                None,
            ),
        ] {
            assert_eq!(options(&texts), reason, "{texts:?}");
        }
        let three = choice_sample(
            "x",
            "Which?",
            &["some ducks", "a tall tower", "the cart"],
            1,
        );
        assert_eq!(orders(&three).err(), Some("too few wrong options"));
    }
}
