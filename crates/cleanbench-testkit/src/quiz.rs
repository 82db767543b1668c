//! A quiz over text: which of several numbered lists has an item's options in the order in which the item has them?
//!
//! Invariant: only a list that holds all options of the item in its own order is named, by the number before it.

/// The number of the list that is that of `item`, which is laid out as in [`crate::KnownItem::text`]; `None` where
/// `prompt` asks no such thing about it.
pub(crate) fn named_list(item: &str, prompt: &str) -> Option<String> {
    let (question, options) = item.split_once('\n')?;
    let list = options.lines().collect::<Vec<_>>().join(" ");
    let mut lines = prompt.lines().skip_while(|line| *line != question);
    lines.find_map(|line| {
        let (number, shown) = line.split_once(": ")?;
        (shown == list && number.parse::<u32>().is_ok()).then(|| number.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::named_list;

    #[test]
    fn the_list_in_the_items_own_order_is_named() {
        let item = "Question: Which key?\nA. red\nB. blue\nC. green";
        let prompt = "Which one?\n\nQuestion: Which key?\n\n1: A. red B. green C. blue\n2: A. red B. blue C. green";
        assert_eq!(named_list(item, prompt).as_deref(), Some("2"));
        for other in [
            "Question: Which key?\nA. red\nB. green",
            "Question: Which gate?\nA. red\nB. blue\nC. green",
            "Question: Which key?",
        ] {
            assert_eq!(named_list(other, prompt), None, "{other}");
        }
    }
}
