//! Golden values: scipy 1.17.1 (`mannwhitneyu`, `permutation_test` over all permutations, `tiecorrect`, `brentq`) and
//! numpy 2.4 for the variances of `DeLong` and Obuchowski, written from their formulas over the matrix of all wins.

use super::*;

const FIRST: [f64; 10] = [0.1, 0.4, 0.4, 0.9, 0.35, 0.8, 0.0, 0.55, 0.62, 0.7];
const SECOND: [f64; 8] = [0.0, 0.3, 0.4, 0.2, 0.0, 0.15, 0.5, 0.05];

fn values(values: &[f64], families: &[usize]) -> Vec<Value> {
    let both = values.iter().zip(families);
    both.map(|(value, family)| Value {
        value: *value,
        family: *family,
    })
    .collect()
}

/// Each on its own.
fn alone(of: &[f64]) -> Vec<Value> {
    values(of, &(0..of.len()).collect::<Vec<_>>())
}

fn pairs(first: &[f64], second: &[f64], families: &[usize]) -> Vec<Pair> {
    let both = first.iter().zip(second).zip(families);
    both.map(|((first, second), family)| Pair {
        first: *first,
        second: *second,
        family: *family,
    })
    .collect()
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
}

#[test]
fn an_area_is_that_of_mann_and_whitney() {
    let found = unpaired(&alone(&FIRST), &alone(&SECOND)).unwrap();
    near(found.estimate, 0.7875);
    near(found.low, 0.513_017_734_581_103_8);
    near(found.high, 1.0);
    // Over all permutations .0171626; four standard errors of the draws.
    let error = (0.017_162_576_f64 / f64::from(DRAWS)).sqrt();
    assert!((found.p - 0.017_162_576).abs() < 4.0 * error, "{found:?}");
    assert_eq!(found.families, 8);
}

#[test]
fn an_area_over_families_has_the_variance_of_obuchowski() {
    let first = values(&FIRST, &[0, 0, 1, 2, 3, 4, 5, 6, 6, 6]);
    let second = values(&SECOND, &[0, 1, 2, 2, 3, 4, 5, 6]);
    let high = sorted(&first);
    let low = sorted(&second);
    let placed = [
        gathered(first.iter().map(|one| (one.family, below(one.value, &low)))),
        gathered(
            second
                .iter()
                .map(|one| (one.family, 1.0 - below(one.value, &high))),
        ),
    ];
    let spread = Spread::of_arms([Spread::of(&placed[0]), Spread::of(&placed[1])]);
    near(spread.variance.unwrap().sqrt(), 0.126_314_314_270_328_58);
    let found = unpaired(&first, &second).unwrap();
    near(found.low, 0.476_168_367_064_031_76);
    near(found.high, 1.0);
    assert_eq!(found.families, 7);
}

#[test]
fn pairs_are_those_of_a_test_of_all_signs() {
    let families: Vec<_> = (0..8).collect();
    let found = paired(&pairs(&FIRST, &SECOND, &families)).unwrap();
    near(found.p, 0.070_312_5);
    let found = paired(&pairs(&FIRST, &SECOND, &[0, 0, 1, 2, 2, 3, 4, 5])).unwrap();
    near(found.p, 8.0 / 64.0);
    near(found.estimate, 0.8125);
    near(found.low, 0.441_758_453_005_529_5);
    near(found.high, 1.0);
    assert_eq!(found.families, 6);
}

#[test]
fn drawn_signs_agree_with_all_signs() {
    let mut random = Random::new(8);
    let drawn = |_| Family {
        sum: random.unit() - 0.3,
        items: 1.0,
    };
    let families: Vec<_> = (0..EXACTLY).map(drawn).collect();
    let exact = sign_flips(&families, 1.0);
    // Families that hardly differ push it over the limit and change nothing but ties.
    let tiny = Family {
        sum: 1e-15,
        items: 1.0,
    };
    let drawn = sign_flips(&[&families[..], &[tiny]].concat(), 1.0);
    let error = (exact.p / f64::from(DRAWS)).sqrt();
    assert!((exact.p - drawn.p).abs() < 4.0 * error);
    assert_ne!(exact.test, drawn.test);
}

/// Where all values are alike, or all of one arm are above, an interval is no point.
#[test]
fn an_interval_is_never_a_point() {
    let alike = [0.0; 120];
    let numbers: Vec<_> = (0..120).collect();
    let found = paired(&pairs(&alike, &alike, &numbers)).unwrap();
    // Newcombe's interval for 0 and 0 of 120, halved about one half.
    near(found.low, 0.484_490_416_790_648_3);
    near(found.upper, 0.511_024_536_343_573_5);
    near(found.p, 1.0);
    let found = unpaired(&alone(&alike[..60]), &alone(&alike[..60])).unwrap();
    near(found.low, 0.468_328_090_233_251_5);
    near(found.estimate, 0.5);
    // 70 won, 20 lost, 30 ties: below by Newcombe, above by Student's t.
    let won: Vec<_> = (0..120)
        .map(|place| if place < 70 { 1.0 } else { 0.0 })
        .collect();
    let lost: Vec<_> = (0..120)
        .map(|place| f64::from(u8::from((70..90).contains(&place))))
        .collect();
    let found = paired(&pairs(&won, &lost, &numbers)).unwrap();
    near(found.low, 0.635_588_649_165_726_5);
    assert!(found.high > 0.776 && found.high < 0.778, "{found:?}");
    let above = unpaired(&alone(&[1.0; 20]), &alone(&[0.0; 30])).unwrap();
    assert!(above.low < 0.95 && above.high >= 1.0, "{above:?}");
    let whole = paired(&pairs(&[1.0; 100], &[0.0; 100], &numbers[..100])).unwrap();
    let of_five: Vec<_> = (0..100).map(|place| place / 20).collect();
    let five = paired(&pairs(&[1.0; 100], &[0.0; 100], &of_five)).unwrap();
    assert!(five.low < 0.75 && whole.low > 0.95, "{five:?} {whole:?}");
    let of_four: Vec<_> = (0..100).map(|place| place / 25).collect();
    let four = paired(&pairs(&[1.0; 100], &[0.0; 100], &of_four)).unwrap();
    assert!((four.low, four.high, four.upper) == (0.0, 1.0, 1.0));
}

#[test]
fn there_is_nothing_to_say_of_nothing() {
    assert_eq!(paired(&[]), None);
    assert_eq!(unpaired(&[], &alone(&SECOND)), None);
    assert_eq!(unpaired(&alone(&FIRST), &alone(&[f64::NAN])), None);
    assert_eq!(paired(&pairs(&[f64::INFINITY], &[0.0], &[0])), None);
}

#[test]
fn order_and_names_have_no_say() {
    let mut random = Random::new(4);
    let mut arm = |n: usize| -> Vec<Value> {
        let value = |place| Value {
            value: (random.unit() * 9.0).floor() / 10.0,
            family: place / 3,
        };
        (0..n).map(value).collect()
    };
    let [first, second] = [arm(60), arm(75)];
    let turned = |arm: &[Value]| -> Vec<Value> {
        let other = |one: &Value| Value {
            family: 100 - one.family,
            ..*one
        };
        arm.iter().rev().map(other).collect()
    };
    let other = unpaired(&turned(&first), &turned(&second));
    assert_eq!(unpaired(&first, &second), other);
    let pairs: Vec<_> = first.iter().zip(&second).collect();
    let pair = |(first, second): &(&Value, &Value)| Pair {
        first: first.value,
        second: second.value,
        family: first.family,
    };
    let straight: Vec<_> = pairs.iter().map(pair).collect();
    let turned: Vec<_> = pairs.iter().rev().map(pair).collect();
    assert_eq!(paired(&straight), paired(&turned));
}

/// Rounds of a hard null, and how many a test at 5 % may reject: three standard errors above.
const ROUNDS: u32 = 100;
const MOST: u32 = 11;

/// Families that have a value in common, skewed, with ties at 0, and more of them in one arm: neither test may find
/// more than it should, and the lower end is seldom above one half.
#[test]
fn nothing_is_found_in_arms_that_are_alike() {
    let mut random = Random::new(11);
    let mut arm = |families: usize, scale: f64| -> Vec<Value> {
        let mut values = Vec::new();
        for family in 0..families {
            let common = (random.unit() - 0.5).max(0.0).powi(3) * scale;
            for _ in 0..=random.index(6) {
                let own = (random.unit() - 0.7).max(0.0).powi(2);
                values.push(Value {
                    value: ((common + own) * 20.0).floor() / 20.0,
                    family,
                });
            }
        }
        values
    };
    let [mut arms, mut bounds, mut flips, mut ends, mut plain] = [0_u32; 5];
    for _ in 0..ROUNDS {
        let [first, second] = [arm(18, 8.0), arm(40, 8.0)];
        let found = unpaired(&first, &second).unwrap();
        arms += u32::from(found.p <= 0.05);
        bounds += u32::from(found.low > 0.5);
        plain += u32::from(unpaired(&singly(&first), &singly(&second)).unwrap().p <= 0.05);
        let [first, second] = [arm(25, 8.0), arm(25, 8.0)];
        let both = first.iter().zip(&second);
        let pairs: Vec<_> = both
            .map(|(first, second)| Pair {
                first: first.value,
                second: second.value,
                family: first.family,
            })
            .collect();
        let found = paired(&pairs).unwrap();
        flips += u32::from(found.p <= 0.05);
        ends += u32::from(found.low > 0.5);
    }
    let counts = [arms, bounds, flips, ends];
    assert!(counts.iter().all(|count| *count <= MOST), "{counts:?}");
    assert!(plain > MOST, "families matter: {plain}");
}

fn singly(arm: &[Value]) -> Vec<Value> {
    let values: Vec<_> = arm.iter().map(|one| one.value).collect();
    alone(&values)
}

/// What the head of the file says of means and ranks, roughly: a sparse leak is found.
#[test]
fn a_sparse_leak_is_found() {
    let mut random = Random::new(2);
    let mut found = 0;
    for _ in 0..60 {
        let mut arm = |leaked: f64| -> Vec<Value> {
            let value = |place| {
                let low = random.unit() * random.unit() * 0.5;
                let is_leaked = random.unit() < leaked;
                Value {
                    value: if is_leaked {
                        0.5 + 0.4 * random.unit()
                    } else {
                        low
                    },
                    family: place,
                }
            };
            (0..120).map(value).collect()
        };
        let [first, second] = [arm(0.15), arm(0.0)];
        found += u32::from(unpaired(&first, &second).unwrap().p <= 0.01);
    }
    assert!(found >= 40, "{found} of 60");
}

#[test]
fn only_p_values_above_the_most_are_told_as_1() {
    let mut random = Random::new(8);
    let mut seen = [0, 0];
    for _ in 0..30 {
        let mut values = |above: f64| -> Vec<Value> {
            let value = |family| Value {
                value: random.unit() + above,
                family,
            };
            (0..24).map(value).collect()
        };
        let [first, second] = [values(0.15), values(0.0)];
        let pairs: Vec<_> = first
            .iter()
            .zip(&second)
            .map(|(first, second)| Pair {
                first: first.value,
                second: second.value,
                family: first.family,
            })
            .collect();
        for (whole, short) in [
            (paired(&pairs), paired_at(&pairs, 0.05, ALPHA)),
            (
                unpaired(&first, &second),
                unpaired_at(&first, &second, 0.05, ALPHA),
            ),
        ] {
            let (whole, short) = (whole.unwrap(), short.unwrap());
            let p = if whole.p > 0.05 { 1.0 } else { whole.p };
            seen[usize::from(whole.p > 0.05)] += 1;
            assert_eq!(short, Superiority { p, ..whole });
        }
    }
    assert!(seen[0] > 5 && seen[1] > 5, "{seen:?}");
}
