//! Overlap of two sequences of tokens: F1 of the bags, BLEU, chrF.
//!
//! Invariants: time is linear in the lengths of the texts; values are from 0 to 1; sums are in a fixed
//! order, and logarithms those of `libm`, so that every machine gives the same bits.

use std::collections::HashMap;

use crate::python::is_space;
use crate::real;

/// F1 of the tokens as bags, as `SQuAD` 2.0 has it: with neither holding a token 1, with one of them
/// empty 0.
pub fn bag_f1(candidate: &[String], reference: &[String]) -> f64 {
    if candidate.is_empty() || reference.is_empty() {
        return f64::from(u8::from(candidate.is_empty() && reference.is_empty()));
    }
    let common = Counts::of([reference], 1).matches(candidate, 1);
    if common == 0 {
        return 0.0;
    }
    let precision = real(common) / real(candidate.len());
    let recall = real(common) / real(reference.len());
    2.0 * precision * recall / (precision + recall)
}

/// Longest n-gram of BLEU.
const BLEU_ORDER: usize = 4;

/// BLEU (Papineni et al. 2002) of one sentence as `sacrebleu.sentence_bleu` has it, divided by 100:
/// orders 1 to 4, no more than the candidate has tokens (effective order); an order without a match
/// counts half of that before it (`exp` smoothing); the reference nearest in length, of two the shorter,
/// sets the brevity penalty. 0 where no token matches.
pub fn bleu(candidate: &[String], references: &[Vec<String>]) -> f64 {
    let mut logarithms = 0.0;
    let mut halves = 1.0;
    let mut any = false;
    let orders = candidate.len().min(BLEU_ORDER);
    for order in 1..=orders {
        let total = real(candidate.len() + 1 - order);
        let references = references.iter().map(Vec::as_slice);
        let matches = Counts::of(references, order).matches(candidate, order);
        any |= matches > 0;
        let precision = if matches == 0 {
            halves *= 2.0;
            1.0 / (halves * total)
        } else {
            real(matches) / total
        };
        logarithms += libm::log(precision);
    }
    if !any {
        return 0.0;
    }
    brevity(candidate.len(), references) * libm::exp(logarithms / real(orders))
}

/// What BLEU takes off an answer that is shorter than the nearest reference.
fn brevity(length: usize, references: &[Vec<String>]) -> f64 {
    let nearest = references
        .iter()
        .map(Vec::len)
        .min_by_key(|reference| (reference.abs_diff(length), *reference))
        .unwrap_or(0);
    if length < nearest {
        libm::exp(1.0 - real(nearest) / real(length))
    } else {
        1.0
    }
}

/// Longest n-gram of chrF.
const CHRF_ORDER: usize = 6;
/// How much more recall counts than precision in chrF2, squared.
const BETA_SQUARED: f64 = 4.0;

/// chrF2 (Popović 2015) of one sentence as `sacrebleu.sentence_chrf` has it, divided by 100: n-grams of 1
/// to 6 characters without white space, precision and recall averaged over the orders that both texts
/// have.
pub fn chrf(candidate: &str, reference: &str) -> f64 {
    let (candidate, reference) = (letters(candidate), letters(reference));
    let (mut precision, mut recall) = (0.0, 0.0);
    let orders = candidate.len().min(reference.len()).min(CHRF_ORDER);
    for order in 1..=orders {
        let counts = Counts::of([reference.as_slice()], order);
        let matches = real(counts.matches(&candidate, order));
        precision += matches / real(candidate.len() + 1 - order);
        recall += matches / real(reference.len() + 1 - order);
    }
    if precision + recall == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (precision / real(orders), recall / real(orders));
    (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|letter| !is_space(*letter)).collect()
}

/// How often each n-gram occurs, over several references the most in any one.
struct Counts<'a, T>(HashMap<&'a [T], usize>);

impl<'a, T: Eq + std::hash::Hash> Counts<'a, T> {
    fn of(references: impl IntoIterator<Item = &'a [T]>, order: usize) -> Self {
        let mut most: HashMap<&[T], usize> = HashMap::new();
        for reference in references {
            let mut seen: HashMap<&[T], usize> = HashMap::new();
            for gram in reference.windows(order) {
                let count = seen.entry(gram).or_default();
                *count += 1;
                let most = most.entry(gram).or_default();
                *most = (*most).max(*count);
            }
        }
        Self(most)
    }

    /// How many n-grams of `candidate` are among those counted, each as often at most.
    fn matches(mut self, candidate: &'a [T], order: usize) -> usize {
        let mut matches = 0;
        for gram in candidate.windows(order) {
            if let Some(left) = self.0.get_mut(gram)
                && *left > 0
            {
                *left -= 1;
                matches += 1;
            }
        }
        matches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;

    fn near(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} is not {expected}"
        );
    }

    #[test]
    fn overlaps_computed_by_hand() {
        near(bag_f1(&words("a b b c"), &words("b b d")), 4.0 / 7.0);
        near(bag_f1(&words("a"), &words("b")), 0.0);
        near(bag_f1(&[], &words("b")), 0.0);
        near(bag_f1(&[], &[]), 1.0);
        // Precisions 2/3, 1/2 and, without a match, 1/2 of 1/1.
        let product: f64 = 2.0 / 3.0 * 0.5 * 0.5;
        near(bleu(&words("a b x"), &[words("a b c")]), product.cbrt());
        near(bleu(&words("x"), &[words("a b c")]), 0.0);
        near(bleu(&[], &[words("a b c")]), 0.0);
        // One token of three: precision 1, brevity e^(1-3).
        near(bleu(&words("a"), &[words("a b c")]), (-2.0_f64).exp());
        near(chrf("ab", "a b"), 1.0);
        near(chrf("", "a"), 0.0);
        // Orders 1 and 2: precision (1/2 + 0)/2, recall the same.
        near(chrf("ab", "ac"), 0.25);
    }

    #[test]
    fn of_several_references_the_nearest_in_length_counts() {
        let references = [words("a b c d e f g h"), words("a b c"), words("a b c d e")];
        // Four tokens: three and five are as near, and the shorter counts, so nothing is taken off.
        near(bleu(&words("a b c d"), &references), 1.0);
    }
}
