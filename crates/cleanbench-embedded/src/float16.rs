//! Half precision (IEEE 754 binary16), the form in which weights are shipped.
//!
//! Invariant: [`to_single`] is exact, and [`from_single`] rounds to nearest, ties to even, so a file
//! that is read and written again keeps every byte.

/// The value of the half-precision pattern `bits`.
pub(crate) fn to_single(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => {
            // Subnormal: the fraction counts units of 2^-24.
            let units = f32::from(bits & 0x3ff);
            return f32::from_bits((units / 16_777_216.0).to_bits() | sign);
        }
        31 => 0x7f80_0000 | (fraction << 13),
        _ => ((exponent + 112) << 23) | (fraction << 13),
    };
    f32::from_bits(sign | magnitude)
}

/// The half-precision pattern nearest to `value`; too large becomes infinite.
pub(crate) fn from_single(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = low(bits >> 16) & 0x8000;
    let magnitude = bits & 0x7fff_ffff;
    let rounded = match magnitude {
        0x7f80_0001.. => 0x7e00,
        // 65,520 and more is nearer to the next power of two, which does not exist.
        0x477f_f000.. => 0x7c00,
        // Normal: drop 13 bits of the fraction.
        0x3880_0000.. => low(round(magnitude - 0x3800_0000, 13)),
        // Subnormal: the implicit bit becomes visible.
        0x3300_0000.. => {
            let fraction = (magnitude & 0x7f_ffff) | 0x80_0000;
            low(round(fraction, 126 - (magnitude >> 23)))
        }
        _ => 0,
    };
    sign | rounded
}

/// `bits` without its last `count` bits, rounded to nearest, ties to even.
fn round(bits: u32, count: u32) -> u32 {
    let kept = bits >> count;
    let rest = bits & ((1 << count) - 1);
    let half = 1 << (count - 1);
    kept + u32::from(rest > half || (rest == half && kept & 1 == 1))
}

fn low(bits: u32) -> u16 {
    u16::try_from(bits & 0xffff).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_survives() {
        for bits in 0..=u16::MAX {
            let value = to_single(bits);
            let back = from_single(value);
            if value.is_nan() {
                assert_eq!(back & 0x7fff, 0x7e00, "{bits:#x}");
            } else {
                assert_eq!(back, bits, "{bits:#x} is {value}");
            }
        }
    }

    #[test]
    fn known_values() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(to_single(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
    }

    #[test]
    fn halfway_goes_to_even_and_everything_else_to_the_nearest() {
        for bits in 0x0001..0x7bff_u16 {
            let (here, next) = (to_single(bits), to_single(bits + 1));
            let middle = f32::midpoint(here, next);
            assert_eq!(from_single(middle), bits + (bits & 1), "{bits:#x}");
            assert_eq!(from_single(middle.next_down()), bits);
            assert_eq!(from_single(middle.next_up()), bits + 1);
        }
        assert_eq!(from_single(65_519.996), 0x7bff);
        assert_eq!(from_single(65_520.0), 0x7c00);
        assert_eq!(from_single(f32::MAX), 0x7c00);
    }
}
