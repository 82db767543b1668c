//! Intervals and tests of one mean, rate or quantile against values from other programs.
//!
//! Invariant: as in [`crate::reference`].
//!
//! It refuses a row of the wrong width.

use crate::reference::{absolute, count, lines, parts, relative, row};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::mean::{Mean, student_t};
use cleanbench_stats::percentile::positions;
use cleanbench_stats::proportion::{clopper_pearson, rule_of_three, upper_bound_of_none};
use cleanbench_stats::{Confidence, Method};

#[test]
fn exact_intervals_of_a_rate() {
    for line in lines(include_str!("golden/clopper_pearson.txt"), 30) {
        let [successes, n, level, low, high] = row(line);
        let confidence = Confidence::new(level).unwrap();
        let found = clopper_pearson(count(successes), count(n), confidence).unwrap();
        absolute(found.low, low, 1e-11, line);
        absolute(found.high, high, 1e-11, line);
        assert_eq!((found.n, found.method), (count(n), Method::ClopperPearson));
    }
}

#[test]
fn bounds_of_a_rate_without_events() {
    for line in lines(include_str!("golden/none_at_all.txt"), 18) {
        let [n, alpha, upper] = row(line);
        let found = upper_bound_of_none(count(n), alpha).unwrap();
        relative(found, upper, 1e-12, line);
        // The rule of three is the approximation of the exact bound at 95 %.
        assert!(alpha < 0.04 || rule_of_three(count(n)).unwrap() >= found);
    }
}

#[test]
fn means_by_student_t() {
    for line in lines(include_str!("golden/student_means.txt"), 20) {
        let [values, level, expected] = parts(line);
        let [mean, low, high, differs, above, below] = expected.try_into().unwrap();
        let found = student_t(&values, Confidence::new(level[0]).unwrap()).unwrap();
        let scale = 1.0 + f64::abs(mean);
        absolute(found.value, mean, 1e-12 * scale, line);
        absolute(found.interval.low, low, 1e-9 * scale, line);
        absolute(found.interval.high, high, 1e-9 * scale, line);
        let test = Mean::new(&values).unwrap();
        absolute(test.differs_from(0.0), differs, 1e-9, line);
        absolute(test.exceeds(-0.05), above, 1e-9, line);
        absolute(test.is_below(0.05), below, 1e-9, line);
        absolute(test.is_equivalent(0.05), above.max(below), 1e-9, line);
    }
}

#[test]
fn means_of_clusters() {
    for line in lines(include_str!("golden/cluster_means.txt"), 12) {
        let [values, names, expected] = parts(line);
        let names: Vec<u64> = names.into_iter().map(count).collect();
        let [mean, error, low, high, differs] = expected.try_into().unwrap();
        let found = Units::clustered(&values, &names).unwrap();
        let found = found.robust_mean().unwrap();
        absolute(found.value, mean, 1e-12, line);
        absolute(found.error, error, 1e-12, line);
        let interval = found.estimate(Confidence::PERCENT_95).interval;
        absolute(interval.low, low, 1e-10, line);
        absolute(interval.high, high, 1e-10, line);
        absolute(found.differs_from(0.4), differs, 1e-10, line);
        assert_eq!(interval.method, Method::ClusterT);
    }
}

#[test]
fn quantiles_between_order_statistics() {
    for line in lines(include_str!("golden/quantiles.txt"), 60) {
        let [n, quantile, level, low, high] = row(line);
        let found = positions(count(n), quantile, Confidence::new(level).unwrap());
        let expected = (low >= 0.0).then(|| (count(low), count(high)));
        assert_eq!(found, expected, "{line}");
    }
}
