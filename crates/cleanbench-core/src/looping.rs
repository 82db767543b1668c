//! Whether a text ends in a loop: models that lose their way write the same passage until the token
//! limit stops them.
//!
//! A text loops when it ends in a passage that stands there at least [`LEAST_REPEATS`] times in a row
//! and either is at least [`LEAST_PASSAGE`] characters long or fills at least [`LEAST_IN_ALL`]
//! characters with its repeats. The passage is the shortest that gives the end of the text (a rule of
//! eighty dashes is one dash, not four times twenty), and the last repeat may be unfinished. White space
//! counts as one space, however long; around the text it does not count. Only the last [`LONGEST_TAIL`]
//! characters are looked at.
//!
//! Method: the Z function (D. Gusfield, "Algorithms on Strings, Trees, and Sequences", 1997, section
//! 1.4) of the reversed text. A text has at most logarithmically many passages that stand twice at its
//! end and repeat no shorter one, so that the search is linear but for that factor.

/// How often a passage must stand there.
pub const LEAST_REPEATS: usize = 4;
/// Characters from which a passage counts by itself.
pub const LEAST_PASSAGE: usize = 20;
/// Characters that the repeats of a shorter passage must fill.
pub const LEAST_IN_ALL: usize = 200;
/// Characters that are looked at, from the end.
pub const LONGEST_TAIL: usize = 65_536;

/// Whether `text` ends in a loop.
pub fn ends_in_loop(text: &str) -> bool {
    // The search adds at most a space at either end, and most answers are shorter than any loop.
    const SHORTEST: usize = LEAST_REPEATS * LEAST_PASSAGE;
    const _: () = assert!(SHORTEST <= LEAST_IN_ALL);
    if text.len() + 2 < SHORTEST {
        return false;
    }
    let words = text.split_whitespace().rev();
    let letters = words.flat_map(|word| word.chars().rev().chain([' ']));
    let tail = |first: Option<char>| -> Vec<char> {
        first
            .into_iter()
            .chain(letters.clone())
            .take(LONGEST_TAIL)
            .collect()
    };
    // The last of several equal lines has no line feed, yet it is one of them.
    [None, Some(' ')]
        .into_iter()
        .any(|end| starts_in_loop(&tail(end), LEAST_PASSAGE, LEAST_IN_ALL))
}

/// The same for a reversed text, with the least lengths of a passage and of all its repeats.
fn starts_in_loop(tail: &[char], least_passage: usize, least_in_all: usize) -> bool {
    let same = matching_prefixes(tail);
    let mut shortest: Vec<usize> = Vec::new();
    for length in 1..=tail.len() / 2 {
        let run = length + same[length];
        let repeats_a_shorter =
            |part: &usize| length.is_multiple_of(*part) && part + same[*part] >= length;
        if run < 2 * length || shortest.iter().any(repeats_a_shorter) {
            continue;
        }
        shortest.push(length);
        if run / length >= LEAST_REPEATS && (length >= least_passage || run >= least_in_all) {
            return true;
        }
    }
    false
}

/// For each position, how many characters from there on equal those at the start.
fn matching_prefixes(text: &[char]) -> Vec<usize> {
    let mut same = vec![0; text.len()];
    let (mut start, mut end) = (0, 0);
    for at in 1..text.len() {
        let mut length = if at < end {
            same[at - start].min(end - at)
        } else {
            0
        };
        while at + length < text.len() && text[length] == text[at + length] {
            length += 1;
        }
        if at + length > end {
            (start, end) = (at, at + length);
        }
        same[at] = length;
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, tried for every passage.
    fn by_definition(tail: &[char], least_passage: usize, least_in_all: usize) -> bool {
        (1..=tail.len() / LEAST_REPEATS).any(|length| {
            let passage = &tail[..length];
            let repeats_a_shorter = (1..length).any(|part| {
                length % part == 0 && passage.chunks(part).all(|one| one == &passage[..part])
            });
            let run = (0..tail.len())
                .take_while(|at| tail[*at] == passage[at % length])
                .count();
            !repeats_a_shorter
                && run / length >= LEAST_REPEATS
                && (length >= least_passage || run >= least_in_all)
        })
    }

    #[test]
    fn the_fast_search_finds_what_the_definition_says() {
        let mut loops = 0;
        for length in 0..=16_u32 {
            for bits in 0..1_u32 << length {
                let text: Vec<char> = (0..length)
                    .map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' })
                    .collect();
                let expected = by_definition(&text, 3, 10);
                assert_eq!(starts_in_loop(&text, 3, 10), expected, "{text:?}");
                loops += u32::from(expected);
            }
        }
        assert!(loops > 100, "{loops}");
    }

    #[test]
    fn loops_are_found() {
        let wait = "Wait, let me check that again. ";
        for text in [
            wait.repeat(4),
            format!("The answer may be 7. {} Wait, let", wait.repeat(5)),
            "!".repeat(200),
            format!("x{}\n\n", "0, 1, ".repeat(40)),
            "The queue is: network".repeat(3) + "The queue is: network",
            ["The queue is: network"; 4].join("\n"),
            "请让我再次仔细检查一下这个问题的答案是否正确。".repeat(4),
        ] {
            assert!(ends_in_loop(&text), "{text}");
        }
        for text in [
            wait.repeat(3),
            format!("{}So the answer is 7.", wait.repeat(9)),
            "-".repeat(80),
            "ha ".repeat(60),
            " ".repeat(1_000),
            String::new(),
        ] {
            assert!(!ends_in_loop(&text), "{text}");
        }
    }

    /// Numbers that look random and are the same every time (Knuth's linear congruence).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % bound
        }

        fn text(&mut self, words: u64) -> String {
            const WORDS: [&str; 12] = [
                "the", "ticket", "goes", "to", "a", "queue", "of", "network", "is", "not", "and",
                "billing",
            ];
            let words = (0..words).map(|_| WORDS[usize::try_from(self.below(12)).unwrap()]);
            words.collect::<Vec<_>>().join(" ")
        }
    }

    #[test]
    fn text_tables_and_lists_are_no_loops() {
        let mut numbers = Numbers(1);
        for _ in 0..300 {
            let words = 1 + numbers.below(400);
            let text = numbers.text(words);
            let rows = 4 + numbers.below(60);
            let table: Vec<String> = (1..=rows)
                .map(|row| format!("| {row} | yes | {} | 0 | 0 | 0 |\n", numbers.below(10)))
                .collect();
            let table = format!(
                "| n | a | b | c | d | e |\n|---|---|---|---|---|---|\n{}",
                table.concat()
            );
            let list: Vec<String> = (1..=rows)
                .map(|row| format!("{row}. The answer to question {row} is A\n"))
                .collect();
            let bullets: Vec<String> = (0..rows)
                .map(|_| format!("- {}\n", numbers.text(6)))
                .collect();
            for ordinary in [text, table, list.concat(), bullets.concat()] {
                assert!(!ends_in_loop(&ordinary), "{ordinary}");
            }
        }
    }

    #[test]
    fn a_long_text_takes_little_time() {
        let worst = format!("{}b", "a".repeat(LONGEST_TAIL * 4));
        let fibonacci = (0..25).fold(("b".to_owned(), "a".to_owned()), |(before, last), _| {
            (last.clone(), last + &before)
        });
        let begin = std::time::Instant::now();
        assert!(!ends_in_loop(&worst));
        let _either = ends_in_loop(&fibonacci.1);
        assert!(begin.elapsed().as_secs() < 2);
    }
}
