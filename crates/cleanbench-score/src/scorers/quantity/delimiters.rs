//! The `$` of LaTeX, which is no dollar.
//!
//! A `$` that another closes on the same line is a delimiter where what stands between may be a formula: it touches
//! both signs or is spaced from both, no digit follows the second sign (`$5 to $7`), none stands before the first
//! (`5$`), and it holds at most one word outside of commands. `$$` is one always. Invariant: linear, and the result has
//! the length of the text. It refuses nothing: what is no delimiter stays.

use std::borrow::Cow;

/// Most signs of a line that are looked at; answers with more numbers are not read.
const MOST: usize = 20_000;
/// The longest formula of a line.
const LONGEST: usize = 400;

/// `text` with a blank for each delimiter.
pub(super) fn blanked(text: &str) -> Cow<'_, str> {
    if text.bytes().filter(|byte| *byte == b'$').count() < 2 {
        return Cow::Borrowed(text);
    }
    let text = text.replace("$$", "  ");
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut from = 0;
        for at in delimiters(line) {
            out.push_str(&line[from..at]);
            out.push(' ');
            from = at + 1;
        }
        out.push_str(&line[from..]);
    }
    Cow::Owned(out)
}

/// Where the delimiters of a line stand.
fn delimiters(line: &str) -> Vec<usize> {
    let signs: Vec<usize> = line
        .match_indices('$')
        .map(|(at, _)| at)
        .filter(|at| !line[..*at].ends_with('\\'))
        .take(MOST)
        .collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some([open, close]) = signs.get(at..at + 2) {
        let is_pair = close - open <= LONGEST && are_delimiters(line, *open, *close);
        if is_pair {
            found.extend([*open, *close]);
        }
        let are_prices = [open, close]
            .iter()
            .all(|sign| line[**sign + 1..].starts_with(|c: char| c.is_ascii_digit()));
        at += 1 + usize::from(is_pair || are_prices);
    }
    found
}

fn are_delimiters(line: &str, open: usize, close: usize) -> bool {
    let inside = &line[open + 1..close];
    let spaced = inside.starts_with(' ');
    let (before, after) = (&line[..open], &line[close + 1..]);
    let digit = |c: char| c.is_ascii_digit();
    let priced = if spaced {
        before.trim_end().ends_with(digit) || after.trim_start().starts_with(digit)
    } else {
        before.ends_with(digit) || after.starts_with(digit)
    };
    spaced == inside.ends_with(' ') && !priced && is_formula(inside.trim())
}

/// Whether there is no more than a word in it but for what commands hold.
fn is_formula(inside: &str) -> bool {
    let commands = inside.contains(['\\', '=', '^']);
    let words = inside
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 1)
        .count();
    !inside.is_empty() && (commands || words <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_go_and_prices_stay() {
        for (text, expected) in [
            (r"a $5\,\text{kg}$.", r"a  5\,\text{kg} ."),
            ("$5$ and $6$", " 5  and  6 "),
            ("$$v = 5$$", "  v = 5  "),
            ("$ 5 $ kg", "  5   kg"),
            ("from $5 to $7", "from $5 to $7"),
            ("$5-$7, 5$ or 6$", "$5-$7, 5$ or 6$"),
            (r"$\$5$ and \$6", r" \$5  and \$6"),
            ("$5\n6$", "$5\n6$"),
        ] {
            assert_eq!(blanked(text), expected);
        }
    }
}
