//! Products of matrices for training: packed tiles in wide registers, on the core of the caller.
//!
//! Invariant: a product is that of the matrices as their views show them, whatever their strides. Unlike the kernels
//! that answer, sums are fused and their last bit may differ from one processor to another.

use pulp::Arch;

/// Rows and columns of a tile, which the registers hold.
const ROWS: usize = 6;
const COLUMNS: usize = 16;

/// A matrix in a slice, which begins with its first number.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    /// From a number to the one below it, and to the one beside it.
    down: usize,
    right: usize,
}

impl<'a> View<'a> {
    /// Row-major, without gaps.
    pub(super) fn new(numbers: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::within(numbers, rows, columns, columns)
    }

    /// Some columns of a row-major matrix whose rows are `down` long.
    pub(super) fn within(numbers: &'a [f32], rows: usize, columns: usize, down: usize) -> Self {
        Self {
            numbers,
            rows,
            columns,
            down,
            right: 1,
        }
    }

    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            down: self.right,
            right: self.down,
            ..self
        }
    }

    /// The rows in panels of `WIDTH`; in a panel the numbers of one column stand side by side. What is missing in the
    /// last panel is 0.
    fn pack<const WIDTH: usize>(self, panels: &mut Vec<f32>) {
        let size = WIDTH * self.columns;
        panels.resize(self.rows.div_ceil(WIDTH) * size, 0.0);
        for (number, panel) in panels.chunks_exact_mut(size.max(1)).enumerate() {
            let first = number * WIDTH;
            let width = WIDTH.min(self.rows - first);
            if width < WIDTH {
                panel.fill(0.0);
            }
            let (columns, _) = panel.as_chunks_mut::<WIDTH>();
            if self.down == 1 && width == WIDTH {
                for (column, packed) in columns.iter_mut().enumerate() {
                    let (numbers, _) = self.numbers[first + column * self.right..].as_chunks();
                    *packed = numbers[0];
                }
            } else {
                self.pack_rows(first, width, columns);
            }
        }
    }

    fn pack_rows<const WIDTH: usize>(
        self,
        first: usize,
        width: usize,
        columns: &mut [[f32; WIDTH]],
    ) {
        for row in 0..width {
            let start = (first + row) * self.down;
            let numbers = self.numbers[start..].iter().step_by(self.right);
            for (packed, number) in columns.iter_mut().zip(numbers) {
                packed[row] = *number;
            }
        }
    }
}

/// Where a product goes.
#[derive(Debug)]
pub(super) struct Out<'a> {
    numbers: &'a mut [f32],
    /// From a number to the one below it.
    down: usize,
    /// Whether it is added to what is there.
    is_added: bool,
}

impl<'a> Out<'a> {
    /// Over what is there, in rows that are `down` long.
    pub(super) fn set(numbers: &'a mut [f32], down: usize) -> Self {
        Self {
            numbers,
            down,
            is_added: false,
        }
    }

    /// On what is there, in rows that are `down` long.
    pub(super) fn add(numbers: &'a mut [f32], down: usize) -> Self {
        Self {
            is_added: true,
            ..Self::set(numbers, down)
        }
    }

    /// Puts the first `width` of `sums` where `start` says.
    #[expect(
        clippy::inline_always,
        reason = "only inlined code is compiled for the wide registers"
    )]
    #[inline(always)]
    fn put(&mut self, start: usize, sums: &[f32; COLUMNS], width: usize) {
        let out = &mut self.numbers[start..start + width];
        // A whole row of a tile is one or two registers, and no loop.
        match <&mut [f32; COLUMNS]>::try_from(&mut *out) {
            Ok(out) if self.is_added => add(out, sums),
            Ok(out) => *out = *sums,
            Err(_) if self.is_added => add(out, sums),
            Err(_) => out.copy_from_slice(&sums[..width]),
        }
    }
}

/// Adds to `out` as many of `sums` as it is long.
#[expect(
    clippy::inline_always,
    reason = "only inlined code is compiled for the wide registers"
)]
#[inline(always)]
fn add(out: &mut [f32], sums: &[f32; COLUMNS]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out += sum;
    }
}
/// Multiplies, with room that is used again.
#[derive(Debug, Default)]
pub(super) struct Multiplier {
    rows: Vec<f32>,
    columns: Vec<f32>,
}

impl Multiplier {
    /// `one` times `other`, which has a row for each column of `one`.
    pub(super) fn product(&mut self, one: View<'_>, other: View<'_>, mut out: Out<'_>) {
        one.pack::<ROWS>(&mut self.rows);
        other.transposed().pack::<COLUMNS>(&mut self.columns);
        let depth = one.columns.max(1);
        let (rows, columns) = (&self.rows, &self.columns);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (across, panel) in columns.chunks_exact(COLUMNS * depth).enumerate() {
                    let left = across * COLUMNS;
                    let width = COLUMNS.min(other.columns - left);
                    for (along, rows) in rows.chunks_exact(ROWS * depth).enumerate() {
                        let top = along * ROWS;
                        let sums = tile(rows, panel);
                        for (row, sums) in sums.iter().enumerate().take(one.rows - top) {
                            out.put((top + row) * out.down + left, sums, width);
                        }
                    }
                }
            },
        );
    }
}

/// The tile of a panel of rows and one of columns.
#[expect(
    clippy::inline_always,
    reason = "only inlined code is compiled for the wide registers"
)]
#[inline(always)]
fn tile(rows: &[f32], columns: &[f32]) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    let (rows, _) = rows.as_chunks::<ROWS>();
    let (columns, _) = columns.as_chunks::<COLUMNS>();
    for (rows, columns) in rows.iter().zip(columns) {
        for (sums, row) in sums.iter_mut().zip(rows) {
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = row.mul_add(*column, *sum);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::single;
    use crate::world::Random;

    #[test]
    fn a_product_is_what_the_views_show() {
        let mut random = Random::new(1, "product");
        for [rows, depth, columns] in [[1, 1, 1], [6, 5, 16], [7, 40, 33], [13, 9, 2]] {
            let mut numbers = |count: usize| -> Vec<f32> {
                (0..count).map(|_| single(random.normal())).collect()
            };
            let (one, other) = (numbers(rows * depth), numbers(depth * columns));
            let plain = |row: usize, column: usize| -> f32 {
                let all = 0..depth;
                all.map(|at| one[row * depth + at] * other[at * columns + column])
                    .sum()
            };
            let mut turned = vec![0.0; rows * depth];
            for place in 0..rows * depth {
                turned[place % depth * rows + place / depth] = one[place];
            }
            let mut multiplier = Multiplier::default();
            let wide = columns + 3;
            for first in [
                View::new(&one, rows, depth),
                View::new(&turned, depth, rows).transposed(),
            ] {
                let mut out = vec![1.0; rows * wide];
                let second = View::new(&other, depth, columns);
                multiplier.product(first, second, Out::set(&mut out, wide));
                multiplier.product(first, second, Out::add(&mut out, wide));
                for (place, found) in out.iter().enumerate() {
                    let (row, column) = (place / wide, place % wide);
                    let expected = if column < columns {
                        2.0 * plain(row, column)
                    } else {
                        1.0
                    };
                    assert!((found - expected).abs() < 1e-4, "{row} {column}");
                }
            }
        }
    }
}
