//! Cases of the numeric scorer.

use serde_json::{Value, json};

use crate::testing::Expect::{self, Nothing, Right, Wrong};
use crate::testing::{check, faulty, refused, sample, spec};

fn case(params: Value, target: Value, text: &str, expect: Expect) {
    check(&spec("numeric", params), &sample(target, &[]), text, expect);
}

#[test]
fn numbers_in_running_text() {
    for (target, text, expect) in [
        (json!(7), "7", Right("7")),
        (json!(7), "7.0 apples", Right("7")),
        (json!(7), "3 and 4 make 7.", Right("7")),
        (json!(7), "3 and 4 make 8.", Wrong("8")),
        (json!(7), "seven", Right("7")),
        (json!(7), " \n", Nothing("empty completion")),
        (json!(7), "NaN", Nothing("no number")),
        (json!(7), "infinity", Nothing("no number")),
        (json!(7), "1e999", Nothing("unclear number")),
        (json!("1,234,567.5"), "It is 1234567.5", Right("1234567.5")),
        (json!(1_234_567.5), "$1,234,567.50!", Right("1234567.5")),
        (
            json!(1_234_567),
            "1\u{202f}234\u{202f}567",
            Right("1234567"),
        ),
        (json!(-5), "x = −5", Right("-5")),
        (json!(5), "x = -5", Wrong("-5")),
        (json!(0), "-0.0", Right("0")),
        (json!(50), "50 %", Right("50")),
        (json!(3.25), "3,25", Right("3.25")),
        (json!(9500), "9.500", Nothing("unclear number")),
        (json!(0.75), "3/4", Right("0.75")),
        (json!(1.5e20), "1.5 × 10^20", Right("1.5e20")),
        (json!(["7", 5.0]), "5", Right("5")),
        (json!(["7", 8]), "9", Wrong("9")),
        (
            json!(18),
            "16 - 3 - 4 = <<16-3-4=9>>9\n9 * 2 = $<<9*2=18>>18\nA: 18",
            Right("18"),
        ),
    ] {
        case(json!({}), target, text, expect);
    }
}

#[test]
fn marks_of_a_final_answer() {
    for (target, text, expect) in [
        (json!(72), "48 + 24 = 72\n#### 72", Right("72")),
        (json!(72), "#### 72\nThat is 3 more than 69.", Right("72")),
        (json!(9), "#### 1. Count\nThere are 9", Right("9")),
        (json!(9), "#### Step 1\nThere are 9", Right("9")),
        (json!(5), r"so \boxed{5} as 2 + 3", Right("5")),
        (json!(5), r"so \boxed{x = 5} as 2 + 3", Right("5")),
        (json!(5), r"$\boxed{\text{5 km}}$ in 3 h", Right("5")),
        (json!(1234), r"\boxed{\$1{,}234} of 5", Right("1234")),
        (json!(4), r"\boxed{\frac{3}{4}}", Wrong("0.75")),
        (json!(3), r"\boxed{2, 3}", Nothing("several numbers")),
        (json!(3), r"\boxed{B} because of 3", Right("3")),
        (json!(6), r"\boxed{5}, no: \boxed{6}. Check 7", Right("6")),
        (
            json!(12),
            "The answer is 12 because 3 * 4 = 12, not 13",
            Right("12"),
        ),
        (json!(12), "**Answer:** 12 (of 15)", Right("12")),
        (
            json!(12),
            "The answer is approximately $12 out of 15",
            Right("12"),
        ),
        (json!(-12), "Answer: -12. It is 3 below -9", Right("-12")),
        (json!(7), "Answer: 3 + 4 = 7", Right("7")),
        (json!(7), "Answer: 7 = 3 + 4", Right("7")),
        (json!(7), "Answer: 3 + 4", Nothing("unclear number")),
        (
            json!(9),
            "The answer is in chapter 5, page 9",
            Nothing("several numbers"),
        ),
        (
            json!(6),
            "The answer is 5. Wait, the answer is 6, as 8 - 2",
            Right("6"),
        ),
        (json!(6), "The answer is not 5 but 6", Right("6")),
    ] {
        case(json!({}), target, text, expect);
    }
}

#[test]
fn parameters() {
    for (params, target, text, expect) in [
        (json!({"tolerance": 0.01}), json!(1), "1.01", Right("1.01")),
        (
            json!({"tolerance": 0.01}),
            json!(1),
            "1.011",
            Wrong("1.011"),
        ),
        (json!({"relative": 0.1}), json!(-200), "-180", Right("-180")),
        (json!({"relative": 0.1}), json!(-200), "-179", Wrong("-179")),
        (
            json!({"relative": 0.1, "tolerance": 30}),
            json!(200),
            "230",
            Right("230"),
        ),
        (
            json!({}),
            json!(0.3),
            "0.30000000000000004",
            Wrong("0.30000000000000004"),
        ),
        (json!({"take": "first"}), json!(3), "3 of 4", Right("3")),
        (
            json!({"take": "first"}),
            json!(4),
            "3 of 7. Answer: 4 of 5",
            Right("4"),
        ),
        (
            json!({"take": "only"}),
            json!(3),
            "3 of 4",
            Nothing("several numbers"),
        ),
        (json!({"take": "only"}), json!(3), "it is 3.", Right("3")),
        (
            json!({"take": "only"}),
            json!(3),
            "none",
            Nothing("no number"),
        ),
    ] {
        case(params, target, text, expect);
    }
}

#[test]
fn samples_and_parameters_that_are_refused() {
    let plain = spec("numeric", json!({}));
    for (target, reason) in [
        (json!(null), "no target"),
        (json!([]), "empty list"),
        (json!("seven"), "\"seven\", which is no finite number"),
        (json!("NaN"), "no finite number"),
        (json!("3,1,4"), "no finite number"),
        (json!([1, true]), "holds true"),
        (json!({"n": 1}), "no finite number"),
    ] {
        refused(&plain, &sample(target, &[]), reason);
    }
    for (params, param, reason) in [
        (json!({"tolerance": -1}), "tolerance", "at least 0, not -1"),
        (
            json!({"tolerance": "0.1"}),
            "tolerance",
            "at least 0, not \"0.1\"",
        ),
        (json!({"relative": true}), "relative", "must be a number"),
        (json!({"take": "lsat"}), "take", "mean `last`?"),
        (json!({"locale": "dee"}), "locale", "`de`"),
        (json!({"tolerence": 1}), "tolerence", "mean `tolerance`?"),
    ] {
        faulty(&spec("numeric", params), param, reason);
    }
}
