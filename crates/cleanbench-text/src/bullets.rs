//! Lines that begin with a bullet, a number or a letter, and rows of a table.
//!
//! Invariant: one pass over the lines. It refuses letters and numbers before a colon that do not count from the first
//! on: "E. coli" and "3: 4" are no bullets.

use crate::scan::is_blank;

const BULLETS: &[char] = &[
    '-', '*', '•', '–', '—', '+', '·', '▪', '◦', '●', '○', '►', '▶', '➤', '→', '✓', '✔', '‣', '∙',
    '■',
];

/// What a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bullet,
    /// Of a kind that other texts begin with too; they count from 0.
    Counted(usize),
    /// A box, and whether it is ticked.
    Box(bool),
}

/// A line with a mark.
struct Line<'a> {
    indent: usize,
    mark: Mark,
    item: &'a str,
}

/// The items of the lines in `text` that begin with a mark; of nested ones the outermost, of ticked ones the ticked.
pub fn bulleted(text: &str) -> Vec<&str> {
    let roman = is_roman_list(text);
    let read = |line| {
        if roman {
            in_roman(line).or_else(|| marked(line))
        } else {
            marked(line)
        }
    };
    let mut lines: Vec<Line<'_>> = text.lines().filter_map(read).collect();
    let counts = lines.iter().filter_map(|line| match line.mark {
        Mark::Counted(number) => Some(number),
        _ => None,
    });
    if counts.enumerate().any(|(at, number)| at != number) {
        lines.retain(|line| !matches!(line.mark, Mark::Counted(_)));
    }
    if lines.iter().any(|line| line.mark == Mark::Box(true)) {
        lines.retain(|line| line.mark == Mark::Box(true));
    }
    let outermost = lines.iter().map(|line| line.indent).min().unwrap_or(0);
    let outer = lines.iter().filter(|line| line.indent < outermost + 2);
    outer.map(|line| line.item).collect()
}

/// Whether the first line that a letter or a Roman number begins is numbered i.
fn is_roman_list(text: &str) -> bool {
    let mut lines = text.lines().take(64).filter_map(in_roman);
    let counts = |at: usize, line: &Line<'_>| line.mark == Mark::Counted(at);
    lines.next().is_some_and(|line| counts(0, &line))
        && lines.next().is_some_and(|line| counts(1, &line))
}

/// A line that begins with a Roman number: "ii.", "(iv)", "III)".
fn in_roman(line: &str) -> Option<Line<'_>> {
    const NUMBERS: [&str; 20] = [
        "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv",
        "xv", "xvi", "xvii", "xviii", "xix", "xx",
    ];
    let body = line.trim_start();
    let inner = body.strip_prefix('(').unwrap_or(body);
    let end = inner
        .find(|c: char| !c.is_ascii_alphabetic())
        .filter(|end| *end <= 5)?;
    let (name, rest) = inner.split_at(end);
    let number = NUMBERS
        .iter()
        .position(|number| name.eq_ignore_ascii_case(number))?;
    let rest = rest.strip_prefix([')', '.', ':'])?;
    let item = rest.strip_prefix([' ', '\t'])?.trim_start();
    (!is_blank(item)).then_some(Line {
        indent: line.len() - body.len(),
        mark: Mark::Counted(number),
        item,
    })
}

/// The items of a text of which every line begins with its number and nothing else: "1 oak", "2 ash".
pub fn numbered_lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim).filter(|line| !is_blank(line));
    let items = lines.enumerate().map(|(at, line)| {
        let rest = line.strip_prefix(&(at + 1).to_string())?;
        let item = rest.strip_prefix([' ', '\t'])?.trim_start();
        item.starts_with(char::is_alphabetic).then_some(item)
    });
    let items: Option<Vec<&str>> = items.collect();
    items.filter(|items| items.len() > 1).unwrap_or_default()
}

fn marked(line: &str) -> Option<Line<'_>> {
    let body = line.trim_start();
    let indent = line.len() - body.len();
    let (mark, rest) = bullet(body)
        .or_else(|| numbered(body))
        .or_else(|| lettered(body))
        .or_else(|| ordinal(body))?;
    let rest = rest.trim_start();
    let (mark, item) = boxed(rest).unwrap_or((mark, rest));
    (!is_blank(item)).then_some(Line { indent, mark, item })
}

fn bullet(body: &str) -> Option<(Mark, &str)> {
    let rest = body.strip_prefix(BULLETS).unwrap_or(body);
    let rest = rest.trim_start_matches('\u{fe0f}');
    let spaced = rest.len() < body.len() && rest.starts_with([' ', '\t']);
    spaced
        .then_some((Mark::Bullet, rest))
        .or_else(|| boxed(body))
}

/// After `[x]` or `☐`.
fn boxed(body: &str) -> Option<(Mark, &str)> {
    let ticked = ["[x]", "[X]", "[✓]", "[✔]", "☑", "☒", "✅"];
    let rest = ticked.iter().find_map(|mark| body.strip_prefix(mark));
    let (mark, rest) = match rest {
        Some(rest) => (Mark::Box(true), rest),
        None => (
            Mark::Box(false),
            body.strip_prefix("[ ]").or(body.strip_prefix('☐'))?,
        ),
    };
    rest.starts_with(' ').then_some((mark, rest.trim_start()))
}

/// After "1.", "(1)", "①", "1️⃣" or "1:".
fn numbered(body: &str) -> Option<(Mark, &str)> {
    if let Some(rest) =
        body.strip_prefix(|c: char| ('①'..='⑳').contains(&c) || ('❶'..='❿').contains(&c))
    {
        return Some((Mark::Bullet, rest));
    }
    if let Some(rest) = body.strip_prefix(|c: char| ('Ⅰ'..='ⅿ').contains(&c)) {
        let item = rest.trim_start_matches(['.', ')', '、', ':']);
        return (item.len() < rest.len()).then_some((Mark::Bullet, item));
    }
    if let Some(rest) = body.strip_prefix('#') {
        let name = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let spaced = name.len() < rest.len() && name.starts_with([' ', ':']);
        return spaced.then_some((Mark::Bullet, name.trim_start_matches(':')));
    }
    let inner = body.strip_prefix(['(', '（']).unwrap_or(body);
    let rest = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &inner[..inner.len() - rest.len()];
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    if let Some(rest) = rest.trim_start_matches('\u{fe0f}').strip_prefix('\u{20e3}') {
        return Some((Mark::Bullet, rest));
    }
    if let Some(rest) = rest.strip_prefix(['、', '）', '．']) {
        return Some((Mark::Bullet, rest));
    }
    if let Some(rest) = dashed(rest) {
        return Some((
            Mark::Counted(digits.parse::<usize>().ok()?.checked_sub(1)?),
            rest,
        ));
    }
    let (mark, rest) = if let Some(rest) = rest.strip_prefix([')', '.']) {
        (Mark::Bullet, rest)
    } else {
        let number: usize = digits.parse().ok()?;
        let rest = rest.strip_prefix(':')?;
        (Mark::Counted(number.checked_sub(1)?), rest)
    };
    if rest.starts_with(char::is_alphabetic) && digits.len() < 3 && mark == Mark::Bullet {
        return Some((
            Mark::Counted(digits.parse::<usize>().ok()?.checked_sub(1)?),
            rest,
        ));
    }
    rest.starts_with([' ', '\t']).then_some((mark, rest))
}

/// After the dash in "1 - oak".
fn dashed(rest: &str) -> Option<&str> {
    let dashes = [" - ", " – ", " — "];
    let rest = dashes.iter().find_map(|dash| rest.strip_prefix(dash))?;
    rest.starts_with(char::is_alphabetic).then_some(rest)
}

/// After "First:".
fn ordinal(body: &str) -> Option<(Mark, &str)> {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    let (word, rest) = body.split_once(':').filter(|(word, _)| word.len() <= 7)?;
    let number = WORDS
        .iter()
        .position(|known| word.eq_ignore_ascii_case(known))?;
    rest.starts_with(' ')
        .then_some((Mark::Counted(number), rest))
}

/// After "a)", "(a)" or "A.".
fn lettered(body: &str) -> Option<(Mark, &str)> {
    let inner = body.strip_prefix('(').unwrap_or(body);
    let letter = inner.bytes().next().filter(u8::is_ascii_alphabetic)?;
    let rest = inner[1..].strip_prefix([')', '.'])?;
    let number = usize::from(letter.to_ascii_lowercase() - b'a');
    rest.starts_with([' ', '\t'])
        .then_some((Mark::Counted(number), rest))
}

/// The first column of a table that holds more than numbers.
pub fn column(text: &str) -> Vec<&str> {
    let rows = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows.map(cells).collect();
    let is_rule = |row: &Vec<&str>| {
        let mut cells = row.iter();
        cells.all(|cell| cell.contains('-') && cell.chars().all(|c| c == '-' || c == ':'))
    };
    let Some(rule) = rows.iter().position(is_rule) else {
        return Vec::new();
    };
    let body = &rows[rule + 1..];
    let widest = body.iter().map(Vec::len).max().unwrap_or(0);
    let is_number = |cell: &&str| {
        cell.chars()
            .all(|c| c.is_ascii_digit() || ".)#".contains(c))
    };
    let of = |at: usize| body.iter().filter_map(move |row| row.get(at).copied());
    let named = (0..widest).find(|at| !of(*at).all(|cell| is_number(&cell)));
    named.map_or_else(Vec::new, |at| {
        of(at).filter(|cell| !is_blank(cell)).collect()
    })
}

fn cells(row: &str) -> Vec<&str> {
    let row = row.trim_matches('|');
    row.split('|').map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_lines() {
        for (text, expected) in [
            ("- a\n* b\n+ c\n• d", vec!["a", "b", "c", "d"]),
            (
                "1. a\n2) b\n(3) c\n④ d\n5️⃣ e\n6、f",
                vec!["a", "b", "c", "d", "e", "f"],
            ),
            ("1: a\n2: b", vec!["a", "b"]),
            ("#1 a\n#2: b\n# c", vec!["a", "b"]),
            ("3: 4\n2: 1", vec![]),
            ("a) x\n(b) y\nC. z", vec!["x", "y", "z"]),
            ("E. coli\nB. subtilis", vec![]),
            ("- a\n  - b\n- c", vec!["a", "c"]),
            ("- [x] a\n- [ ] b\n☑ c", vec!["a", "c"]),
            ("[ ] a\n☐ b", vec!["a", "b"]),
            ("i. a\nii. b\niii. c", vec!["a", "b", "c"]),
            ("(I) a\n(II) b", vec!["a", "b"]),
            ("i. a\nx. b", vec![]),
            ("1 - a\n2 - b", vec!["a", "b"]),
            ("1.a\n2.b", vec!["a", "b"]),
            ("3.a\n2.b", vec![]),
            ("ⅰ. a\nⅱ. b", vec!["a", "b"]),
            ("First: a\nSecond: b", vec!["a", "b"]),
            ("-a\n1.5 b\n**c**\n- ", vec![]),
        ] {
            assert_eq!(bulleted(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_with_nothing_but_a_number() {
        assert_eq!(numbered_lines("1 oak\n2 ash"), ["oak", "ash"]);
        assert!(numbered_lines("2 eggs\n3 cups").is_empty());
        assert!(numbered_lines("1 oak\nash").is_empty());
        assert!(numbered_lines("1 oak").is_empty());
    }

    #[test]
    fn columns_of_tables() {
        let table = "| # | fruit | n |\n|:--|---|--|\n| 1. | fig | 3 |\n| 2. | plum | 4 |";
        assert_eq!(column(table), ["fig", "plum"]);
        assert!(column("| a | b |\n| c | d |").is_empty());
        assert!(column("|--|\n").is_empty());
    }
}
