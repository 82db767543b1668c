//! What intervals, tests and alarms refuse, and what they say then.
//!
//! Invariant: no test here needs a value from elsewhere.
//!
//! It refuses nothing.

use cleanbench_stats::cluster::{Units, cluster_t, design_effect};
use cleanbench_stats::drift::{Baseline, Night, NotWatched, Stakes, Terms, watch};
use cleanbench_stats::mean::{Mean, differences, is_in_domain, student_t};
use cleanbench_stats::percentile::{position_above, quantile};
use cleanbench_stats::proportion::{
    clopper_pearson, exceeds_floor, rule_of_three, upper_bound_of_none,
};
use cleanbench_stats::random::Random;
use cleanbench_stats::resample::{bootstrap, bootstrap_given, sign_flip, sign_flip_given};
use cleanbench_stats::sequential::{ConfidenceSequence, MeanAbove, mcnemar_e_value};
use cleanbench_stats::tango::{self, Pairs};
use cleanbench_stats::{Confidence, NoInterval, ratio};

const LEVEL: Confidence = Confidence::PERCENT_95;

#[test]
fn means_without_a_standard_error() {
    for (values, reason) in [
        (vec![], NoInterval::NoValues),
        (vec![0.3], NoInterval::OneValue),
        (vec![0.3; 7], NoInterval::NoVariation),
        (vec![0.0; 7], NoInterval::NoVariation),
        (vec![0.1, f64::NAN], NoInterval::NotFinite),
        (vec![0.1, f64::INFINITY], NoInterval::NotFinite),
        (vec![1e308, 1e308, -1e308], NoInterval::NotFinite),
    ] {
        assert_eq!(student_t(&values, LEVEL), Err(reason), "{values:?}");
        assert_eq!(
            Units::single(&values).robust_mean().err(),
            Some(reason),
            "{values:?}"
        );
        assert_eq!(bootstrap(&Units::single(&values), 1, 9, LEVEL), Err(reason));
        assert!(!is_in_domain(&values, 0.05) && !Units::single(&values).is_in_domain(0.05));
    }
    let mean = Mean::new(&[1.0, 2.0]).unwrap();
    assert!(mean.is_equivalent(0.0).is_nan() && mean.is_equivalent(f64::NAN).is_nan());
    assert_eq!(differences(&[1.0, 0.5], &[0.25]), None);
    assert_eq!(
        differences(&[1.0, 0.5], &[0.25, 1.0]),
        Some(vec![0.75, -0.5])
    );
}

#[test]
fn few_clusters_are_inconclusive_by_every_method() {
    let values: Vec<f64> = (0..40_u32).map(f64::from).collect();
    let names = |clusters: u32| -> Vec<u32> { (0..40).map(|place| place % clusters).collect() };
    let few = NoInterval::TooFewClusters { clusters: 9 };
    let units = Units::clustered(&values, &names(9)).unwrap();
    assert_eq!(cluster_t(&values, &names(9), LEVEL), Err(few));
    assert_eq!(bootstrap(&units, 1, 99, LEVEL), Err(few));
    assert_eq!(sign_flip(&units, 1, 99), Err(few));
    assert_eq!(ratio::fieller(&units, &units, LEVEL), Err(few));
    assert_eq!(few.to_string(), "9 clusters, fewer than 10");
    let enough = cluster_t(&values, &names(10), LEVEL).unwrap();
    assert_eq!(
        (enough.interval.n, enough.interval.method.as_str()),
        (10, "cluster_t")
    );
    assert_eq!(Units::clustered(&values, &[1, 2]), None);
    // Ten clusters of four weigh alike; with one of 31 and nine of one they do not.
    let even = Units::clustered(&values, &names(10)).unwrap();
    assert!((even.effective() - 10.0).abs() < 1e-12 && even.len() == 10 && even.are_clusters());
    let uneven: Vec<u32> = (0..40_u32).map(|place| place.min(9)).collect();
    assert!(Units::clustered(&values, &uneven).unwrap().effective() < 2.0);
    assert!((design_effect(5.0, 0.1) - 1.4).abs() < 1e-15 && design_effect(0.5, 0.9) >= 1.0);
}

/// Clusters of one value each are single values, and give the same interval.
#[test]
fn clusters_of_one_are_single_values() {
    let values: Vec<f64> = (0..30_u32)
        .map(|place| f64::from(place * place % 17))
        .collect();
    let names: Vec<usize> = (0..30).collect();
    let clustered = cluster_t(&values, &names, LEVEL).unwrap();
    let single = student_t(&values, LEVEL).unwrap();
    assert!((clustered.interval.low - single.interval.low).abs() < 1e-12);
    assert!((clustered.interval.high - single.interval.high).abs() < 1e-12);
}

#[test]
fn rates_and_quantiles_without_data() {
    assert_eq!(clopper_pearson(0, 0, LEVEL), None);
    assert_eq!(clopper_pearson(3, 2, LEVEL), None);
    assert_eq!(upper_bound_of_none(0, 0.05), None);
    assert_eq!(upper_bound_of_none(9, 1.0), None);
    assert_eq!((rule_of_three(0), rule_of_three(2)), (None, Some(1.0)));
    assert!(exceeds_floor(0, 0, 0.9) >= 1.0 && exceeds_floor(1, 2, 1.5).is_nan());
    let all = clopper_pearson(7, 7, LEVEL).unwrap();
    assert_eq!(all.high.to_bits(), 1.0_f64.to_bits());
    assert_eq!(quantile(&[], 0.5, LEVEL), Err(NoInterval::NoValues));
    let few = NoInterval::TooFewValues { values: 2 };
    assert_eq!(quantile(&[1.0, 2.0], 0.5, LEVEL), Err(few));
    assert_eq!(
        quantile(&[1.0, f64::NAN], 0.5, LEVEL),
        Err(NoInterval::NotFinite)
    );
    assert_eq!(quantile(&[1.0, 2.0], 1.5, LEVEL), Err(NoInterval::NoValues));
    // The fewest values that bound the 90th, 95th and 99th percentile from above at 95 %.
    for (least, q) in [(29, 0.9), (59, 0.95), (299, 0.99)] {
        assert_eq!(position_above(least - 1, q, 0.05), None);
        assert_eq!(position_above(least, q, 0.05), Some(least - 1));
    }
    let tied = [4.0; 100];
    let found = quantile(&tied, 0.5, LEVEL).unwrap();
    assert_eq!(
        (found.interval.low, found.value, found.interval.high),
        (4.0, 4.0, 4.0)
    );
}

#[test]
fn pairs_that_cannot_be_and_pairs_without_a_difference() {
    assert_eq!(Pairs::new(0, 0, 0), None);
    assert_eq!(Pairs::new(3, 2, 2), None);
    assert_eq!(Pairs::new(u64::MAX, u64::MAX, 1), None);
    let same = Pairs::new(1000, 0, 0).unwrap();
    assert!(tango::z(same, 0.0).abs() <= 0.0 && tango::z(same, 2.0).is_nan());
    let found = tango::interval(same, LEVEL);
    // z² / (n + z²) on either side, as for no event in as many trials by Wilson.
    let reach = 3.841_458_820_694_124 / (1000.0 + 3.841_458_820_694_124);
    assert!((found.interval.high - reach).abs() < 1e-12, "{found:?}");
    assert!((found.interval.low + reach).abs() < 1e-12, "{found:?}");
    for margin in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(tango::score_non_inferiority(same, margin).is_nan());
        assert!(tango::exact_non_inferiority(same, margin).is_nan());
    }
    // A thousand pairs without a difference show equivalence; ten do not.
    assert!(tango::equivalence(same, 0.02, 0.05) < 0.01);
    assert!(tango::equivalence(Pairs::new(10, 0, 0).unwrap(), 0.02, 0.05) > 0.5);
    assert!(tango::is_in_domain(200, 0.05, 0.05) && !tango::is_in_domain(199, 0.05, 0.05));
    assert!(!tango::is_in_domain(200, 0.05, 0.001) && !tango::is_in_domain(5000, 0.5, 0.05));
}

#[test]
fn resamples_and_flips_that_do_not_fit() {
    let units = Units::single(&[1.0, 2.0, 4.0]);
    for resamples in [vec![vec![0, 3]], vec![vec![]]] {
        assert_eq!(
            bootstrap_given(&units, &resamples, LEVEL),
            Err(NoInterval::NoValues)
        );
    }
    assert_eq!(
        bootstrap_given(&units, &[], LEVEL),
        Err(NoInterval::NoValues)
    );
    assert_eq!(
        sign_flip_given(&units, &[vec![true]]),
        Err(NoInterval::NoValues)
    );
    assert_eq!(
        sign_flip(&Units::single(&[]), 1, 9),
        Err(NoInterval::NoValues)
    );
    // Nothing differs: every flip is as extreme.
    let none = sign_flip(&Units::single(&[0.0; 50]), 1, 9).unwrap();
    assert_eq!((none.greater, none.two_sided, none.n), (1.0, 1.0, 50));
    assert!(Units::single(&[]).is_empty());
}

/// Random flips agree with going through all of them, and a seed with itself.
#[test]
fn random_flips_and_resamples_are_near_what_they_estimate() {
    let values: Vec<f64> = (0..20_u32)
        .map(|place| f64::from(place % 5) - 1.5)
        .collect();
    let units = Units::single(&values);
    let (one, other) = (sign_flip(&units, 5, 20_000), sign_flip(&units, 6, 20_000));
    assert_eq!(one, sign_flip(&units, 5, 20_000));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.flips, Some(20_000));
    assert!(
        (one.two_sided - other.two_sided).abs() < 0.02,
        "{one:?} {other:?}"
    );
    assert!((one.two_sided - 2.0 * one.greater).abs() < 0.02, "{one:?}");
    let t = student_t(&values, LEVEL).unwrap().interval;
    let found = bootstrap(&units, 5, 4_000, LEVEL).unwrap().interval;
    // Four standard errors of such percentiles, and what t is wider than the normal: a tenth of the width.
    let slack = (t.high - t.low) / 10.0;
    assert!((found.low - t.low).abs() < slack && (found.high - t.high).abs() < slack);
    assert_eq!(found, bootstrap(&units, 5, 4_000, LEVEL).unwrap().interval);
}

#[test]
fn sequential_tests_take_no_value_outside_of_their_bounds() {
    for (bound, low, high, alpha) in [
        (0.0, 0.0, 1.0, 0.05),
        (0.5, 1.0, 0.0, 0.05),
        (0.5, 0.0, 1.0, 0.0),
        (f64::NAN, 0.0, 1.0, 0.05),
    ] {
        assert!(MeanAbove::new(bound, low, high, alpha).is_none());
    }
    let mut test = MeanAbove::new(0.5, 0.0, 1.0, 0.05).unwrap();
    assert!(!test.add(1.1) && !test.add(f64::NAN) && test.n() == 0);
    assert_eq!((test.e_value(), test.p_value()), (1.0, 1.0));
    for _ in 0..10_000 {
        assert!(test.add(1.0));
    }
    assert!(test.e_value().is_finite() && test.p_value() < 1e-100);
    assert!(ConfidenceSequence::new(1.0, 1.0, LEVEL).is_none());
    let mut sequence = ConfidenceSequence::new(-1.0, 1.0, LEVEL).unwrap();
    assert_eq!(sequence.mean(), None);
    assert_eq!(
        (sequence.interval().low, sequence.interval().high),
        (-1.0, 1.0)
    );
    for _ in 0..2_000 {
        assert!(sequence.add(0.25) && !sequence.add(2.0));
    }
    let found = sequence.interval();
    assert!(found.low > 0.2 && found.low <= 0.25 && found.high >= 0.25 && found.high < 0.3);
    assert_eq!((found.n, found.method.as_str()), (2_000, "betting"));
    assert!((mcnemar_e_value(0, 0) - 1.0).abs() < 1e-12);
    assert!(mcnemar_e_value(5_000, 0).is_finite());
}

#[test]
fn ratios_whose_denominator_may_be_nothing() {
    let cost = Units::single(&[1.0, 2.0, 1.5, 1.0]);
    let solved = Units::single(&[0.0, 1.0, 0.0, 0.0]);
    assert_eq!(
        ratio::fieller(&cost, &solved, LEVEL),
        Err(NoInterval::Unbounded)
    );
    assert_eq!(
        ratio::bootstrap(&cost, &solved, 1, 500, LEVEL),
        Err(NoInterval::Unbounded)
    );
    assert_eq!(
        ratio::fieller(&cost, &Units::single(&[1.0]), LEVEL),
        Err(NoInterval::NoValues)
    );
    let same = Units::single(&[1.0; 4]);
    assert_eq!(
        ratio::fieller(&same, &same, LEVEL),
        Err(NoInterval::NoVariation)
    );
    // A denominator that does not vary leaves the interval of a mean.
    let found = ratio::fieller(&cost, &same, LEVEL).unwrap();
    let mean = student_t(&[1.0, 2.0, 1.5, 1.0], LEVEL).unwrap();
    assert!((found.interval.low - mean.interval.low).abs() < 1e-12);
    assert!((found.interval.high - mean.interval.high).abs() < 1e-12);
    let many = Units::single(&[1.0, 0.0, 1.0, 1.0].repeat(30));
    let costs = Units::single(&[1.0, 2.0, 1.5, 1.0].repeat(30));
    let (exact, drawn) = (
        ratio::fieller(&costs, &many, LEVEL).unwrap().interval,
        ratio::bootstrap(&costs, &many, 3, 4_000, LEVEL)
            .unwrap()
            .interval,
    );
    assert!((exact.low - drawn.low).abs() < 0.05 && (exact.high - drawn.high).abs() < 0.05);
    // Nothing solved in a hundred at a cent each: at least 34 cents for one.
    let least = ratio::least_without_events(1.0, 100, 0.05).unwrap();
    assert!((least - 0.338_8).abs() < 1e-4, "{least}");
    assert_eq!(ratio::least_without_events(1.0, 0, 0.05), None);
}

const TERMS: Terms = Terms {
    alpha: 0.05,
    allowance: 0.0,
    stakes: Stakes::EarlyToo,
};

fn nights(scores: &[f64]) -> Vec<Night> {
    scores.iter().copied().map(Night::whole).collect()
}

#[test]
fn a_short_baseline_is_neither_alarm_nor_all_clear() {
    let short = |found, needed| Err(NotWatched::BaselineTooShort { found, needed });
    let later = nights(&[0.1; 30]);
    assert_eq!(
        watch(Baseline::Nights(&nights(&[0.8; 13])), &later, TERMS),
        short(13, 14)
    );
    assert_eq!(
        watch(Baseline::Epochs(&nights(&[0.8; 9])), &later, TERMS),
        short(9, 10)
    );
    let good = nights(&[0.8; 14]);
    for (alpha, allowance) in [(0.0, 0.0), (1.0, 0.0), (0.05, -0.1), (0.05, f64::NAN)] {
        let terms = Terms {
            alpha,
            allowance,
            ..TERMS
        };
        let found = watch(Baseline::Nights(&good), &later, terms);
        assert_eq!(found, Err(NotWatched::NoLevel));
    }
    let unknown = watch(Baseline::Nights(&good), &nights(&[f64::NAN]), TERMS);
    assert_eq!(unknown, Err(NotWatched::NotFinite));
}

#[test]
fn a_drop_is_found_and_its_absence_is_not() {
    let mut random = Random::new(9);
    let mut scores = |count: usize, around: f64| -> Vec<Night> {
        let score = |_| around + 0.02 * (random.unit() - 0.5);
        nights(&(0..count).map(score).collect::<Vec<f64>>())
    };
    let baseline = scores(20, 0.8);
    let mut later = scores(40, 0.8);
    let quiet = watch(Baseline::Nights(&baseline), &later, TERMS).unwrap();
    assert_eq!((quiet.alarm, quiet.path.len()), (None, 40));
    later.extend(scores(10, 0.75));
    let found = watch(Baseline::Nights(&baseline), &later, TERMS).unwrap();
    assert!(
        found.alarm.is_some_and(|night| (41..46).contains(&night)),
        "{:?}",
        found.alarm
    );
    // What is known at the alarm is what would have been known that night.
    assert_eq!(found.path[..40], quiet.path[..]);
    // A drop that is allowed, and a rise, are no alarm.
    let allowing = Terms {
        allowance: 0.1,
        ..TERMS
    };
    let allowed = watch(Baseline::Nights(&baseline), &later, allowing).unwrap();
    assert_eq!(allowed.alarm, None);
    let better = watch(Baseline::Nights(&baseline), &scores(60, 0.9), TERMS).unwrap();
    assert_eq!(better.alarm, None);
    // Epochs serve too.
    let by_epochs = watch(Baseline::Epochs(&baseline), &later, TERMS).unwrap();
    assert!(
        by_epochs
            .alarm
            .is_some_and(|night| (41..47).contains(&night)),
        "{:?}",
        by_epochs.alarm
    );
}

/// What is missing makes no alarm as long as it may be right, and hides none once it cannot.
#[test]
fn missing_answers_only_make_ranks_higher() {
    let baseline = nights(&[0.9, 0.88, 0.91, 0.9, 0.89, 0.9, 0.92].repeat(2));
    let gap = |low: f64, missing: f64| Night {
        low,
        high: low + missing,
        seen: Some(low / (1.0 - missing)),
    };
    let watched = |later: &[Night]| watch(Baseline::Nights(&baseline), later, TERMS).unwrap();
    let hidden = vec![gap(0.0, 0.99); 60];
    assert_eq!(watched(&hidden).alarm, None);
    let at_least: Vec<_> = hidden.iter().map(|night| night.at_least()).collect();
    assert_eq!(watched(&at_least).alarm, Some(2));
    assert_eq!(watched(&[gap(0.0, 0.01); 6]).alarm, Some(2));
    let whole = watched(&nights(&[0.8; 30])).path;
    let open = watched(&[gap(0.8, 0.06); 30]).path;
    assert!(open.iter().zip(&whole).all(|(open, whole)| open <= whole));
    // In the baseline it counts against the alarm too.
    let mut lost = baseline.clone();
    lost[..5].fill(Night {
        low: 0.0,
        high: 1.0,
        seen: None,
    });
    let found = watch(Baseline::Nights(&lost), &nights(&[0.5; 60]), TERMS).unwrap();
    assert!(
        found.alarm.is_none_or(|night| night > 10),
        "{:?}",
        found.alarm
    );
    // All wrong, but for what is missing.
    let wrong = gap(0.5, 0.25).all_wrong();
    assert_eq!((wrong.low, wrong.high, wrong.seen), (0.0, 0.25, Some(0.0)));
}

/// A fall to nothing after fourteen nights, and after a hundred more.
#[test]
fn a_fall_to_nothing_is_found_by_the_fourth_night() {
    let baseline = nights(&[0.9, 0.88, 0.91, 0.9, 0.89, 0.9, 0.92].repeat(2));
    for quiet in [0, 1, 10, 100, 300] {
        let mut later = nights(&[0.9, 0.88, 0.91, 0.9, 0.89].repeat(quiet / 5 + 1)[..quiet]);
        later.extend(nights(&[0.0; 6]));
        let found = watch(Baseline::Nights(&baseline), &later, TERMS).unwrap();
        assert!(
            found
                .alarm
                .is_some_and(|night| (quiet..quiet + 4).contains(&night)),
            "{quiet}: {:?}",
            found.alarm
        );
        let even = Terms {
            stakes: Stakes::Even,
            ..TERMS
        };
        let earlier = watch(Baseline::Nights(&baseline), &later, even).unwrap();
        assert!(quiet > 1 || earlier.alarm.is_none_or(|night| night >= quiet + 5));
    }
}

/// Scores that are all alike are ties, which count against an alarm.
#[test]
fn nights_that_are_all_the_same_never_alarm() {
    let same = nights(&[0.8; 400]);
    let found = watch(Baseline::Nights(&same[..14]), &same, TERMS).unwrap();
    assert_eq!(found.alarm, None);
    assert!(found.path.iter().all(|e_value| *e_value <= 1.0 + 1e-12));
    assert_eq!((found.ranked, found.path.len()), (365, 400));
}
