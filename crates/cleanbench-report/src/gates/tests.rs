//! Every test's three verdicts on numbers that were worked out by hand or by other means.

use cleanbench_core::gate::{Metric, Tier, USUAL_COVERAGE, WorstExposure};
use cleanbench_core::{Gate, GateMode, GateResult, GateTest, GateVerdict, OnInconclusive};
use cleanbench_items::{Pair, Pairs, Rules, Shares, Span};
use cleanbench_probe::{Class, Verdict};

use super::{single, versus};
use crate::{Contamination, TaskVerdict};
use GateVerdict::{Fail, Inconclusive, Pass};
use WorstExposure::{NoEvidence, Strong, Suspected};

fn blank(metric: Metric, test: GateTest) -> GateResult {
    GateResult {
        gate: Gate {
            tasks: vec!["t".to_owned()],
            metric,
            test,
            alpha: 0.05,
            min_items: 0,
            mode: GateMode::Regression,
            on_inconclusive: OnInconclusive::Inconclusive,
            early_stop: false,
            tier: Tier::Critical,
            min_coverage: USUAL_COVERAGE,
        },
        model: "m".to_owned(),
        task: "t".to_owned(),
        verdict: Inconclusive,
        estimate: None,
        low: None,
        high: None,
        confidence: 0.95,
        n: 0,
        method: String::new(),
        p: None,
        adjusted_p: None,
        class: None,
        set_aside: None,
        coverage: None,
        stopped_early: None,
        message: String::new(),
    }
}

/// `right` ones, then zeros, of `n`, of which the last `missing` are not known.
fn shares(right: usize, n: usize, missing: usize) -> Shares {
    let mut spans = vec![Span::whole(1.0); right];
    spans.resize(n - missing, Span::whole(0.0));
    spans.resize(n, Span::UNKNOWN);
    of(spans, Vec::new())
}

fn of(spans: Vec<Span>, clusters: Vec<u32>) -> Shares {
    Shares::new(spans, clusters, Rules::Now)
}

fn judged(test: GateTest, shares: &Shares) -> GateResult {
    let mut result = blank(Metric::Accuracy, test);
    let bounds = shares.bounds(0.05).unwrap();
    super::result::fill(&mut result, &bounds);
    single::decide(&mut result, &bounds);
    result
}

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
}

#[test]
fn floors_and_ceilings_compare_exact_bounds() {
    // Bounds p at which 160 or more (or fewer) of 200 have a chance of .05, from binomial sums in Python.
    let result = judged(GateTest::Floor { min: 0.747 }, &shares(160, 200, 0));
    near(result.low, 0.747_750_467_991_785_1);
    near(result.high, 0.845_449_012_333_130_6);
    assert_eq!(result.verdict, Pass);
    assert_eq!(result.method, "clopper_pearson");
    for (min, verdict) in [
        (0.747, Pass),
        (0.748, Inconclusive),
        (0.845, Inconclusive),
        (0.846, Fail),
    ] {
        let floor = judged(GateTest::Floor { min }, &shares(160, 200, 0));
        assert_eq!(floor.verdict, verdict, "{min}");
        let mirrored = match verdict {
            Pass => Fail,
            Fail => Pass,
            other => other,
        };
        let ceiling = judged(GateTest::Ceiling { max: min }, &shares(160, 200, 0));
        assert_eq!(ceiling.verdict, mirrored, "{min}");
    }
}

#[test]
fn missing_answers_count_against_a_pass_and_against_a_failure() {
    // Of 200 the last 20 are missing: 160 to 180 may be right.
    let result = judged(GateTest::Floor { min: 0.8 }, &shares(160, 200, 20));
    near(result.low, 0.747_750_467_991_785_1);
    near(result.high, 0.932_738_598_899_860_2);
    near(result.estimate, 160.0 / 180.0);
    assert_eq!(result.verdict, Inconclusive);
    assert_eq!(
        result.method,
        "clopper_pearson, 20 missing counted either way"
    );
}

#[test]
fn fewer_than_min_items_or_than_ten_clusters_decide_nothing() {
    let mut result = blank(Metric::Accuracy, GateTest::Floor { min: 0.1 });
    result.gate.min_items = 201;
    result.n = 200;
    let bounds = shares(160, 200, 0).bounds(0.05).unwrap();
    single::decide(&mut result, &bounds);
    assert_eq!(result.verdict, Inconclusive);
    assert!(result.message.contains("min_items"), "{}", result.message);

    let clustered = |clusters: u32, rules| {
        let spans = [vec![Span::whole(1.0); 120], vec![Span::whole(0.0); 80]].concat();
        let of = (0..200).map(|sample| sample * clusters / 200).collect();
        Shares::new(spans, of, rules)
    };
    let refused = clustered(9, Rules::Now).bounds(0.05).unwrap_err();
    assert!(refused.contains("9 clusters are too few"), "{refused}");
    let method = |clusters, rules| clustered(clusters, rules).bounds(0.05).unwrap().method;
    assert_eq!(method(10, Rules::Earlier), "cluster_t");
    assert_eq!(method(10, Rules::Now), "betting_portfolio");
    assert_eq!(method(100, Rules::Now), "cluster_t");
    assert!(Shares::default().bounds(0.05).is_err(), "no answers");
}

#[test]
fn partial_scores_have_bounds_by_t_or_where_they_are_few_by_betting() {
    let shares = |pairs| of([0.25, 0.75].map(Span::whole).repeat(pairs), Vec::new());
    // 200 values, mean .5, s² = 200 · .25² / 199, so that the standard error is .25 / √199; t(.95, 199) is
    // 1.6525 in tables.
    let bounds = shares(100).bounds(0.05).unwrap();
    let half = 1.652_5 * 0.25 / 199_f64.sqrt();
    assert!((bounds.low - (0.5 - half)).abs() < 1e-5, "{bounds:?}");
    assert!((bounds.high - (0.5 + half)).abs() < 1e-5);
    assert_eq!(bounds.method, "student_t");
    // With 20 values t is not trusted; betting is wider.
    let few = shares(10).bounds(0.05).unwrap();
    assert_eq!(few.method, "betting_portfolio");
    let half = 1.729 * 0.25 / 19_f64.sqrt();
    assert!(few.low < 0.5 - half && few.high > 0.5 + half, "{few:?}");
    assert!(shares(4).bounds(0.05).unwrap_err().contains("too few"));
}

/// `n` pairs of which the candidate alone solved `only_new` and the baseline alone `only_base`.
fn pairs(n: usize, only_new: usize, only_base: usize) -> Pairs {
    let pair = |base: f64, new: f64| Pair {
        base: Span::whole(base),
        new: Span::whole(new),
    };
    let mut all = vec![pair(0.0, 1.0); only_new];
    all.resize(only_new + only_base, pair(1.0, 0.0));
    all.resize(n, pair(1.0, 1.0));
    Pairs {
        all,
        ..Pairs::default()
    }
}

/// Judges one gate that is alone in its family.
fn versus(test: GateTest, pairs: &Pairs) -> GateResult {
    let mut result = blank(Metric::Accuracy, test);
    if let Some(claim) = versus::claim(&mut result, pairs, 1) {
        versus::decide(&mut result, &claim, claim.p, 1);
    }
    result
}

#[test]
fn non_inferiority_agrees_with_published_numbers() {
    // n = 500, b = 31, c = 44: Tango's Z at .05 is 1.36722, the lower one-sided 95 % bound -0.055017.
    let test = |margin| GateTest::non_inferiority(margin);
    let result = versus(test(0.05), &pairs(500, 31, 44));
    near(result.estimate, -0.026);
    assert!(
        (result.low.unwrap() - -0.055_017).abs() < 1e-6,
        "{result:?}"
    );
    // P(Z > 1.36722) of the normal distribution.
    assert!((result.p.unwrap() - 0.085_78).abs() < 1e-4, "{result:?}");
    assert_eq!(result.verdict, Inconclusive);
    assert_eq!(versus(test(0.0551), &pairs(500, 31, 44)).verdict, Pass);
    assert_eq!(
        versus(test(0.0549), &pairs(500, 31, 44)).verdict,
        Inconclusive
    );
    // -.1 ± 1.645 · √((.14 - .01) / 500) is about -.127 to -.073.
    assert_eq!(versus(test(0.05), &pairs(500, 10, 60)).verdict, Fail);
    assert_eq!(
        versus(test(0.08), &pairs(500, 10, 60)).verdict,
        Inconclusive
    );
    assert_eq!(versus(test(0.15), &pairs(500, 10, 60)).verdict, Pass);
}

#[test]
fn superiority_is_mcnemars_and_fails_only_where_better_is_ruled_out() {
    // P(X ≥ 44) of 75 tosses is .0827, P(X ≥ 30) of 40 is .00111.
    let result = versus(GateTest::Superiority, &pairs(500, 44, 31));
    near(result.p, 0.082_713_970_862_128_34);
    assert_eq!(result.verdict, Inconclusive);
    let better = versus(GateTest::Superiority, &pairs(500, 30, 10));
    near(better.p, 0.001_110_716_886_614_682_2);
    assert_eq!(better.verdict, Pass);
    assert_eq!(
        versus(GateTest::Superiority, &pairs(500, 10, 30)).verdict,
        Fail
    );
    let same = versus(GateTest::Superiority, &pairs(500, 0, 0));
    assert_eq!(
        same.verdict, Inconclusive,
        "no difference is not shown to be none: {same:?}"
    );
}

#[test]
fn a_largest_drop_is_a_margin() {
    let drop = |drop, pairs: &Pairs| versus(GateTest::max_drop(drop), pairs);
    for margin in [0.02, 0.05, 0.1, 0.14] {
        for pairs in [pairs(500, 10, 60), pairs(500, 10, 12), pairs(50, 1, 1)] {
            let same = versus(GateTest::non_inferiority(margin), &pairs);
            let found = drop(margin, &pairs);
            assert_eq!(
                (
                    found.verdict,
                    found.p,
                    found.low,
                    found.high,
                    &found.message
                ),
                (same.verdict, same.p, same.low, same.high, &same.message)
            );
        }
    }
    // A drop of just what is allowed was seen: it is not shown to be smaller.
    assert_eq!(drop(0.1, &pairs(500, 10, 60)).verdict, Inconclusive);
    assert_eq!(drop(0.05, &pairs(500, 10, 60)).verdict, Fail);
    assert_eq!(drop(0.05, &pairs(500, 10, 12)).verdict, Pass);
}

/// Of 500 pairs 10 are solved by the candidate alone and 60 by the baseline alone, which solved 300: the candidate has
/// 250 / 300 of its score.
#[test]
fn a_relative_drop_is_a_share_of_the_baseline() {
    let mut pairs = pairs(500, 10, 60);
    for pair in &mut pairs.all[310..] {
        (pair.base, pair.new) = (Span::whole(0.0), Span::whole(0.0));
    }
    let drop = |drop| {
        let relative = true;
        versus(GateTest::MaxDrop { drop, relative }, &pairs)
    };
    let verdicts = [0.05, 0.15, 0.22, 0.3].map(|share| drop(share).verdict);
    assert_eq!(verdicts, [Fail, Inconclusive, Pass, Pass]);
    let found = drop(0.22);
    near(found.estimate, -0.1);
    assert!(
        found.message.contains("78 % of the baseline's score"),
        "{}",
        found.message
    );
    // Student's t of new - .78 · base: 240 of .22, 60 of -.78, 10 of 1 and 190 of 0; from scipy.
    near(found.p, 0.017_854_696_977_166_07);
}

#[test]
fn by_earlier_rules_a_drop_must_be_shown_and_no_drop_must_be_visible() {
    let test = |drop| GateTest::max_drop(drop);
    let pairs = |n, only_new, only_base| Pairs {
        rules: Rules::Earlier,
        ..pairs(n, only_new, only_base)
    };
    // 10 against 60 of 500: p = 4e-10 and a drop of .1.
    assert_eq!(versus(test(0.05), &pairs(500, 10, 60)).verdict, Fail);
    assert_eq!(
        versus(test(0.1), &pairs(500, 10, 60)).verdict,
        Pass,
        "not more than .1"
    );
    // Nothing shown; with 500 pairs of which few differ, a drop of .05 would have been.
    assert_eq!(versus(test(0.05), &pairs(500, 10, 12)).verdict, Pass);
    // With 50 pairs it would not.
    let small = versus(test(0.05), &pairs(50, 1, 1));
    assert_eq!(small.verdict, Inconclusive);
    assert!(small.message.contains("smallest drop"), "{}", small.message);
}

#[test]
fn a_missing_answer_on_either_side_decides_nothing_in_anyones_favour() {
    let mut unknown = pairs(500, 31, 44);
    for pair in &mut unknown.all[100..120] {
        pair.new = Span::UNKNOWN;
    }
    let test = GateTest::non_inferiority(0.0551);
    let result = versus(test, &unknown);
    assert_eq!(result.verdict, Inconclusive);
    // All 20 wrong makes 64 against 31; all right changes nothing.
    near(result.estimate, -13.0 / 480.0);
    let worst = versus(test, &pairs(500, 31, 64));
    near(result.low, worst.low.unwrap());
    near(result.high, versus(test, &pairs(500, 31, 44)).high.unwrap());
    for pair in &mut unknown.all[120..200] {
        pair.base = Span::UNKNOWN;
    }
    assert_eq!(
        versus(GateTest::Superiority, &unknown).verdict,
        Inconclusive
    );
}

#[test]
fn a_family_shares_its_error_rate() {
    let mut result = blank(Metric::Accuracy, GateTest::Superiority);
    let claim = versus::claim(&mut result, &pairs(200, 12, 3), 1).unwrap();
    // P(X ≥ 12) of 15 tosses: (455 + 105 + 15 + 1) / 32768.
    near(Some(claim.p), 576.0 / 32_768.0);
    versus::decide(&mut result, &claim, claim.p * 2.0, 2);
    assert_eq!(result.verdict, Pass);
    versus::decide(&mut result, &claim, claim.p * 3.0, 3);
    assert_eq!(result.verdict, Inconclusive);
    assert!(
        result.message.contains("over 3 gates"),
        "{}",
        result.message
    );
}

#[test]
fn a_class_that_says_nothing_is_no_pass() {
    let contamination = |class| Contamination {
        verdicts: vec![TaskVerdict {
            model: "m".to_owned(),
            task: "t".to_owned(),
            verdict: Verdict {
                rests_on: None,
                class,
                reasons: Vec::new(),
                adjusted: Vec::new(),
                adjusted_values: Vec::new(),
                power: Vec::new(),
            },
            findings: Vec::new(),
            power_curve: Vec::new(),
        }],
        ..Contamination::default()
    };
    for (class, worst, verdict) in [
        (Class::NoEvidence, NoEvidence, Pass),
        (Class::Suspected, NoEvidence, Fail),
        (Class::Suspected, Suspected, Pass),
        (Class::Strong, Suspected, Fail),
        (Class::Strong, Strong, Pass),
        (Class::Proven, Strong, Fail),
        (Class::Underpowered, Strong, Inconclusive),
        (Class::NotIdentifiable, Strong, Inconclusive),
        (Class::NotTestable, Strong, Inconclusive),
        (Class::NotAssessed, Strong, Inconclusive),
    ] {
        let mut result = blank(Metric::Contamination, GateTest::AtMost { worst });
        single::exposure(&mut result, worst, &contamination(class));
        assert_eq!(result.verdict, verdict, "{class:?} {worst:?}");
        assert_eq!(result.class.as_deref(), Some(class.as_str()));
    }
    let mut unprobed = blank(Metric::Contamination, GateTest::AtMost { worst: Strong });
    single::exposure(&mut unprobed, Strong, &Contamination::default());
    assert_eq!(unprobed.verdict, Inconclusive);
}

/// A worse candidate by just the margin, 2,000 times: the gate must not pass more often than α = .05, but
/// for what chance gives (four standard errors of a share of .05 in 2,000 are .0195).
#[test]
fn what_is_inferior_by_the_margin_seldom_passes() {
    for (n, margin, discordant) in [(200, 0.05, 0.2), (400, 0.03, 0.1), (150, 0.1, 0.3)] {
        let mut random = cleanbench_stats::random::Random::new(n as u64);
        let (only_new, only_base) = (
            (discordant - margin) / 2.0,
            f64::midpoint(discordant, margin),
        );
        let mut passes = 0;
        for _ in 0..2000 {
            let (mut new, mut base) = (0, 0);
            for _ in 0..n {
                let drawn = random.unit();
                new += usize::from(drawn < only_new);
                base += usize::from(drawn >= only_new && drawn < only_new + only_base);
            }
            let result = versus(GateTest::non_inferiority(margin), &pairs(n, new, base));
            passes += usize::from(result.verdict == Pass);
        }
        // 1.3 α is what the score test may have in its domain.
        assert!(
            passes <= 139,
            "{passes} of 2000 pass at n = {n}, margin {margin}"
        );
        assert!(passes > 20, "a test that never passes is no test: {passes}");
    }
}
