//! Conversions between counts and real numbers. All counts here are far below 2^24.

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "parameters and activations are single precision"
)]
pub(crate) fn single(number: f64) -> f32 {
    number as f32
}

/// The whole part of a positive number.
#[cfg(feature = "train")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive share of a small count"
)]
pub(crate) fn whole(number: f64) -> usize {
    number as usize
}
