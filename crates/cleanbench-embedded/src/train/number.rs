//! Conversions between counts and real numbers. All counts here are far below 2^24.

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of steps and sizes are small"
)]
pub(super) fn real(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive share of a small count"
)]
pub(super) fn whole(number: f64) -> usize {
    number as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "parameters are single precision"
)]
pub(super) fn single(number: f64) -> f32 {
    number as f32
}
