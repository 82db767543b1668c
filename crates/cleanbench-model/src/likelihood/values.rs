//! What a log probability can be.
//!
//! Invariant: numbers that no model can have given are refused with the reason; nothing is repaired but
//! rounding above 0.

/// How far above 0 rounding may bring a log probability, in nats.
const ROUNDING: f64 = 1e-6;
/// What servers put where they have no value.
const PLACEHOLDER: f64 = -9999.0;

/// `values` with rounding above 0 taken off.
///
/// # Errors
/// Why they are no log probabilities of consecutive tokens.
pub fn checked(values: &[f64]) -> Result<Vec<f64>, String> {
    for value in values {
        if !value.is_finite() {
            return Err("a logprob is no finite number".to_owned());
        }
        if *value > ROUNDING {
            return Err(format!("a logprob of {value} is above 0"));
        }
    }
    let all = |wanted: f64| values.len() > 1 && values.iter().all(|value| same(*value, wanted));
    if all(0.0) {
        return Err(format!("all {} logprobs are 0", values.len()));
    }
    let placeholders = values
        .iter()
        .filter(|value| same(**value, PLACEHOLDER))
        .count();
    if placeholders > 0 {
        return Err(format!(
            "{placeholders} of {} logprobs are {PLACEHOLDER}, which stands for no value",
            values.len()
        ));
    }
    Ok(values.iter().map(|value| value.min(0.0)).collect())
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= ROUNDING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_log_probabilities_pass() {
        assert_eq!(checked(&[-1.0, 5e-7, -0.0]), Ok(vec![-1.0, 0.0, -0.0]));
        assert_eq!(checked(&[0.0]), Ok(vec![0.0]), "one certain token");
        assert_eq!(checked(&[]), Ok(Vec::new()));
        for (values, reason) in [
            (&[-1.0, 1e-3][..], "above 0"),
            (&[-1.0, f64::NAN], "finite"),
            (&[f64::NEG_INFINITY, -1.0], "finite"),
            (&[0.0, 0.0, 0.0], "all 3 logprobs are 0"),
            (&[-9999.0, -9999.0], "2 of 2"),
            (&[-9999.0], "1 of 1"),
            (&[-2.0, -9999.0], "1 of 2"),
        ] {
            let error = checked(values).unwrap_err();
            assert!(error.contains(reason), "{values:?}: {error}");
        }
    }
}
