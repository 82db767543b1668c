//! Work done ahead of the one who uses it.
//!
//! Invariant: results are used in the order of the items, by the thread that asks for them, whatever the number of
//! threads that work; at most two items and two results are in memory.

/// Hands what `work` makes of every item to `each`, in order. While the work on one item is done by other threads,
/// this one uses the result before it and fetches the item after it.
///
/// # Errors
/// The first that `each` returns.
pub fn in_order<I: Send, T: Send, E: Send>(
    mut items: impl Iterator<Item = I>,
    work: impl Fn(I) -> T + Sync,
    mut each: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut item = items.next();
    let mut ready = None;
    while item.is_some() || ready.is_some() {
        let mut done = None;
        let current = item.take();
        rayon::in_place_scope(|scope| {
            if let Some(current) = current {
                scope.spawn(|_| done = Some(work(current)));
                item = items.next();
            }
            ready.take().map_or(Ok(()), &mut each)
        })?;
        ready = done;
    }
    Ok(())
}

/// `items` in lists of `size`, the last of which may be shorter.
pub fn chunks<T>(mut items: impl Iterator<Item = T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let chunk: Vec<_> = items.by_ref().take(size).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_their_items() {
        for count in [0, 1, 2, 100] {
            let mut found = Vec::new();
            let each = |square| {
                found.push(square);
                Ok::<_, ()>(())
            };
            in_order(0..count, |number: u32| number * number, each).unwrap();
            let expected: Vec<_> = (0..count).map(|number| number * number).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn nothing_is_used_after_an_error() {
        let mut used = 0;
        let each = |number| {
            used += 1;
            if number == 3 { Err(number) } else { Ok(()) }
        };
        assert_eq!(in_order(0..100, |number: u32| number, each), Err(3));
        assert_eq!(used, 4);
    }

    #[test]
    fn a_worker_may_be_the_one_that_asks() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
        let mut sum = 0;
        pool.build().unwrap().install(|| {
            let each = |number: u32| {
                sum += number;
                Ok::<_, ()>(())
            };
            in_order(0..100, |number| number, each).unwrap();
        });
        assert_eq!(sum, 4950);
    }
}
