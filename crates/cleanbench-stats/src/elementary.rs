//! The logarithm and the exponential function, from the four operations alone.
//!
//! Invariant: the same bits on every platform, because no function of the platform's library is used.
//!
//! It refuses nothing: what lies outside a function's range is stated at the function.

/// ln 2 in two parts: the first has 21 trailing zero bits, so that its multiples are exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// A count as a real number.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact below 2^53, beyond which one more or less changes no result"
)]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

/// Natural logarithm of a positive, finite `x`, to about one unit in the last place.
///
/// `x` is split into 2^k times a mantissa near 1, and ln m = 2 artanh((m - 1) / (m + 1)) is summed as
/// a series; with |s| below 0.1716 the terms after the thirteenth fall below the precision.
pub(crate) fn natural_logarithm(x: f64) -> f64 {
    let (mantissa, exponent) = split(x);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = (0..13_u32)
        .rev()
        .fold(0.0, |sum, k| sum * square + 2.0 / f64::from(2 * k + 1));
    exponent * LN_2_HIGH + (s * series + exponent * LN_2_LOW)
}

/// `x` as (m, k) with x = m · 2^k and m between √½ and √2.
fn split(x: f64) -> (f64, f64) {
    const FRACTION_BITS: u64 = (1 << 52) - 1;
    const EXPONENT_OF_ONE: u64 = 1023 << 52;
    // Numbers below the normal range have no leading bit to read an exponent from.
    let (x, shift) = if x < f64::MIN_POSITIVE {
        (x * 18_014_398_509_481_984.0, 54)
    } else {
        (x, 0)
    };
    let bits = x.to_bits();
    let mantissa = f64::from_bits((bits & FRACTION_BITS) | EXPONENT_OF_ONE);
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or_default() - 1023 - shift;
    if mantissa > std::f64::consts::SQRT_2 {
        (mantissa / 2.0, f64::from(exponent + 1))
    } else {
        (mantissa, f64::from(exponent))
    }
}

/// e to the power `x`, to a few units in the last place; 0 below -746, infinite above 709.8.
///
/// `x` is split into k ln 2 plus a rest of at most 0.35, whose series ends after fourteen terms.
pub(crate) fn exponential(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let x = x.clamp(-800.0, 800.0);
    let exponent = (x / std::f64::consts::LN_2).round();
    let rest = (x - exponent * LN_2_HIGH) - exponent * LN_2_LOW;
    let series = (1..=14_u32)
        .rev()
        .fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    // In two halves, since 2^k alone may lie beyond what a double holds where the product does not.
    let half = (exponent / 2.0).trunc();
    series * power_of_two(half) * power_of_two(exponent - half)
}

/// 2^k for a whole number k between -1022 and 1023.
fn power_of_two(exponent: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 1 to 2046"
    )]
    let biased = (exponent + 1023.0) as u64;
    f64::from_bits(biased << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_the_platform() {
        for x in [
            5e-324, 1e-310, 1e-300, 1e-9, 0.01, 0.5, 0.7, 0.71, 0.999_999, 1.5, 1e300,
        ] {
            let (found, expected) = (natural_logarithm(x), x.ln());
            assert!(
                (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(),
                "{x:e}: {found:e}, not {expected:e}"
            );
        }
    }

    #[test]
    fn the_exponential_agrees_with_the_platform() {
        for x in [
            -800.0, -745.0, -709.0, -300.25, -20.0, -1.0, -0.35, -1e-9, 0.0, 1e-12, 0.5, 1.0, 33.3,
            700.0, 709.7, 800.0,
        ] {
            let (found, expected) = (exponential(x), x.exp());
            let close = (found - expected).abs() <= 4.0 * f64::EPSILON * expected + 1e-323;
            assert!(
                close || found.to_bits() == expected.to_bits(),
                "{x}: {found:e}, not {expected:e}"
            );
        }
        assert!(exponential(f64::NAN).is_nan());
    }
}
