//! Longest common subsequence and edit distance, 64 cells of their tables at once.
//!
//! Both take time by the product of the lengths, divided by 64: sequences of 30,000 elements each take
//! some tens of milliseconds. Callers bound what they hand on.

use std::collections::HashMap;
use std::hash::Hash;

/// Bits of a word of the table.
const WORD: usize = 64;

/// For each element of `pattern` the places at which it stands, one bit each.
struct Places<'a, T> {
    bits: HashMap<&'a T, Vec<u64>>,
    nowhere: Vec<u64>,
}

impl<'a, T: Eq + Hash> Places<'a, T> {
    fn of(pattern: &'a [T]) -> Self {
        let words = pattern.len().div_ceil(WORD);
        let mut bits: HashMap<&T, Vec<u64>> = HashMap::new();
        for (place, element) in pattern.iter().enumerate() {
            let row = bits.entry(element).or_insert_with(|| vec![0; words]);
            row[place / WORD] |= 1 << (place % WORD);
        }
        Self {
            bits,
            nowhere: vec![0; words],
        }
    }

    fn of_element(&self, element: &T) -> &[u64] {
        self.bits.get(element).unwrap_or(&self.nowhere)
    }
}

/// Length of the longest sequence of elements that both have in this order, gaps allowed, by the
/// bit-parallel recurrence of Hyyrö (2004).
pub fn longest_common_subsequence<T: Eq + Hash>(one: &[T], other: &[T]) -> usize {
    let places = Places::of(one);
    let mut row = vec![u64::MAX; places.nowhere.len()];
    for element in other {
        let mut carry = false;
        for (cells, matches) in row.iter_mut().zip(places.of_element(element)) {
            let matched = *cells & matches;
            let (sum, over) = cells.overflowing_add(matched);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            carry = over || again;
            *cells = sum | (*cells & !matches);
        }
    }
    let zeros = |(index, cells): (usize, &u64)| {
        let used = (one.len() - index * WORD).min(WORD);
        let mask = u64::MAX >> (WORD - used);
        (!cells & mask).count_ones() as usize
    };
    row.iter().enumerate().map(zeros).sum()
}

/// Least number of insertions, deletions and substitutions that make `other` of `one` (Levenshtein
/// 1966), by the bit-parallel recurrence of Myers (1999) in blocks.
pub fn edit_distance<T: Eq + Hash>(one: &[T], other: &[T]) -> usize {
    if one.is_empty() {
        return other.len();
    }
    let places = Places::of(one);
    let mut blocks = vec![Block::START; places.nowhere.len()];
    let last = 1 << ((one.len() - 1) % WORD);
    let mut distance = one.len();
    for element in other {
        let mut step = Step { up: 1, down: 0 };
        let mut end = Step { up: 0, down: 0 };
        for (block, matches) in blocks.iter_mut().zip(places.of_element(element)) {
            let before = block.advance(*matches, step);
            end = before;
            step = Step {
                up: before.up >> (WORD - 1),
                down: before.down >> (WORD - 1),
            };
        }
        distance += usize::from(end.up & last != 0);
        distance -= usize::from(end.down & last != 0);
    }
    distance
}

/// Where the table grows or shrinks by one along a row.
#[derive(Debug, Clone, Copy)]
struct Step {
    up: u64,
    down: u64,
}

/// 64 cells of a column, by whether each is one more or one less than that above it.
#[derive(Debug, Clone, Copy)]
struct Block {
    more: u64,
    less: u64,
}

impl Block {
    const START: Self = Self {
        more: u64::MAX,
        less: 0,
    };

    /// The next column: `matches` are the places of its element, `from` the step above. Gives the steps
    /// to it, one bit for each cell.
    fn advance(&mut self, matches: u64, from: Step) -> Step {
        let across = matches | self.less;
        let matches = matches | from.down;
        let down_from = ((matches & self.more).wrapping_add(self.more) ^ self.more) | matches;
        let steps = Step {
            up: self.less | !(down_from | self.more),
            down: self.more & down_from,
        };
        let up = (steps.up << 1) | from.up;
        let down = (steps.down << 1) | from.down;
        self.more = down | !(across | up);
        self.less = up & across;
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table itself, cell by cell.
    fn slow(one: &[u8], other: &[u8]) -> (usize, usize) {
        let mut common = vec![vec![0; other.len() + 1]; one.len() + 1];
        let mut edits = common.clone();
        for i in 0..=one.len() {
            for j in 0..=other.len() {
                if i == 0 || j == 0 {
                    edits[i][j] = i + j;
                    continue;
                }
                let same = one[i - 1] == other[j - 1];
                common[i][j] = if same {
                    common[i - 1][j - 1] + 1
                } else {
                    common[i - 1][j].max(common[i][j - 1])
                };
                edits[i][j] = (edits[i - 1][j - 1] + usize::from(!same))
                    .min(edits[i - 1][j] + 1)
                    .min(edits[i][j - 1] + 1);
            }
        }
        (
            common[one.len()][other.len()],
            edits[one.len()][other.len()],
        )
    }

    #[test]
    fn the_same_as_the_table_cell_by_cell() {
        let mut state = 7_u32;
        let mut text = |length: usize, letters: u32| -> Vec<u8> {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u8::try_from((state >> 16) % letters).unwrap()
            };
            (0..length).map(|_| next()).collect()
        };
        for (one, other) in [
            (0, 0),
            (0, 5),
            (5, 0),
            (1, 1),
            (63, 64),
            (64, 64),
            (64, 65),
            (65, 63),
            (128, 129),
            (200, 3),
            (3, 200),
            (150, 150),
            (257, 300),
        ] {
            for letters in [1, 2, 4, 26] {
                let (one, other) = (text(one, letters), text(other, letters));
                let found = (
                    longest_common_subsequence(&one, &other),
                    edit_distance(&one, &other),
                );
                assert_eq!(found, slow(&one, &other), "{one:?} {other:?}");
            }
        }
    }
}
