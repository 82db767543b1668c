//! The standard normal distribution: its upper tail and its quantiles.
//!
//! Method of the tail: near 0 the series of odd powers, whose terms all have one sign (NIST Digital
//! Library of Mathematical Functions, 7.6.2), beyond that Laplace's continued fraction (7.9.1). Method of
//! the quantiles: M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution",
//! Applied Statistics 37 (1988), routine PPND16: three rational approximations with a relative error
//! of about 1e-16. The coefficients below are those of the paper.
//!
//! Invariant: the same bits on every platform, because the logarithm and the exponential
//! function are the crate's own.

use crate::elementary::{exponential, natural_logarithm};

/// Numerator and denominator, lowest power first; the denominator's leading 1 is left out.
struct Rational {
    numerator: [f64; 8],
    /// Without its constant term, which is 1.
    denominator: [f64; 7],
}

/// |p - 0.5| up to 0.425.
const CENTRE: Rational = Rational {
    numerator: [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    denominator: [
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
};

/// Beyond that, where sqrt(-ln p) is at most 5.
const MIDDLE: Rational = Rational {
    numerator: [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    denominator: [
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_8e-9,
    ],
};

/// The far tail.
const TAIL: Rational = Rational {
    numerator: [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    denominator: [
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
};

/// √(2π).
const ROOT_TAU: f64 = 2.506_628_274_631_000_7;
/// Where the tail goes from the series over to the continued fraction.
const FAR: f64 = 2.5;

/// The chance that a standard normal variable exceeds `z`; its relative error is below 1e-12.
///
/// NaN for NaN; infinite values give 0 or 1.
pub fn normal_upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_upper_tail(-z);
    }
    // Beyond 39 the tail is smaller than any double.
    let z = z.min(40.0);
    let density = exponential(-z * z / 2.0) / ROOT_TAU;
    if z <= FAR {
        let series = (1..=60_u32)
            .rev()
            .fold(1.0, |sum, k| 1.0 + sum * z * z / f64::from(2 * k + 1));
        return 0.5 - density * z * series;
    }
    let fraction = (1..=150_u32)
        .rev()
        .fold(z, |rest, k| z + f64::from(k) / rest);
    density / fraction
}

/// The value below which a standard normal variable falls with probability `p`.
///
/// `p` lies strictly between 0 and 1; anything else, NaN included, gives NaN. The relative error is
/// below 1e-15 wherever `p` itself is exact.
pub fn normal_quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    let offset = p - 0.5;
    if offset.abs() <= 0.425 {
        return offset * evaluate(&CENTRE, 0.180_625 - offset * offset);
    }
    let nearer_tail = if offset < 0.0 { p } else { 1.0 - p };
    let distance = (-natural_logarithm(nearer_tail)).sqrt();
    let magnitude = if distance <= 5.0 {
        evaluate(&MIDDLE, distance - 1.6)
    } else {
        evaluate(&TAIL, distance - 5.0)
    };
    magnitude.copysign(offset)
}

fn evaluate(ratio: &Rational, x: f64) -> f64 {
    let horner = |sum: f64, coefficient: &f64| sum * x + coefficient;
    let above = ratio.numerator.iter().rev().fold(0.0, horner);
    let below = ratio.denominator.iter().rev().fold(0.0, horner) * x + 1.0;
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(p: f64, expected: f64) {
        let found = normal_quantile(p);
        let error = (found - expected).abs();
        assert!(
            error <= 2e-15 * expected.abs(),
            "{p}: {found:e}, not {expected:e}"
        );
    }

    /// Computed with mpmath 1.4.1 at 40 digits from the double nearest to each p; scipy 1.17.1
    /// (`scipy.stats.norm.ppf`) agrees with each to 4e-16, relatively.
    #[test]
    fn golden_values() {
        for (p, expected) in [
            (1e-300, -37.047_096_299_361_2),
            (1e-100, -21.273_453_560_965_326),
            (1e-20, -9.262_340_089_798_407),
            (1e-10, -6.361_340_902_404_057),
            (1e-5, -4.264_890_793_922_825),
            (0.001, -3.090_232_306_167_813_6),
            (0.005, -2.575_829_303_548_901),
            (0.025, -1.959_963_984_540_054_3),
            (0.05, -1.644_853_626_951_472_6),
            (0.075, -1.439_531_470_938_456),
            (0.1, -1.281_551_565_544_600_4),
            (0.2, -0.841_621_233_572_914_2),
            (0.3, -0.524_400_512_708_040_8),
            (0.49999, -2.506_628_274_896_000_8e-5),
            (0.6, 0.253_347_103_135_799_7),
            (0.75, 0.674_489_750_196_081_7),
            (0.9, 1.281_551_565_544_600_6),
            (0.925, 1.439_531_470_938_456_1),
            (0.926, 1.446_632_067_158_978_7),
            (0.975, 1.959_963_984_540_053_8),
            (0.995, 2.575_829_303_548_900_4),
            (0.9995, 3.290_526_731_491_926),
            (0.99999, 4.264_890_793_923_841),
        ] {
            check(p, expected);
        }
        assert_eq!(normal_quantile(0.5).abs().to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn what_is_no_probability_has_no_quantile() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(normal_quantile(p).is_nan(), "{p}");
        }
    }
}
