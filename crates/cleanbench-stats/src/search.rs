//! Searches among counts for which something holds from some count on.
//!
//! It refuses nothing; where what is asked does not stay true, what is found is some count for which it
//! holds and which the one before lacks.

/// The first count in `from..end` for which `holds`, or `end`; `holds` stays true once it is.
///
/// It looks at the next few counts first, where the answer usually is, then ever further.
pub(crate) fn first_at_least(from: u64, end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut step) = (from, 1);
    let mut high = from;
    while high < end && !holds(high) {
        low = high + 1;
        high = low.saturating_add(step - 1).min(end);
        step *= 2;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The first of 0 to `last` for which `holds`, by bisection.
pub(crate) fn first_within(last: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(last) {
        return None;
    }
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
