//! Small tables whose results are worked out by hand.

use cleanbench_core::{Digest, Outcome};
use serde_json::json;

use super::*;
use cleanbench_items::TaskItems;
use cleanbench_items::testing::{item, items, manifest, model, table, task as task_plan};

fn sides(table: &ItemTable) -> Both<Side<'_>> {
    Both {
        base: 0,
        candidate: 1,
    }
    .map(|model| Side { table, model })
}

/// Two models of one run with these scores.
fn compared(base: &str, candidate: &str, options: &Options) -> Comparison {
    let table = table(&[items(base), items(candidate)]);
    compare(sides(&table), options).unwrap()
}

fn close(one: Option<f64>, other: f64) -> bool {
    one.is_some_and(|one| (one - other).abs() < 1e-12)
}

#[test]
fn rates_are_compared_by_who_was_right() {
    // Ten pairs: 3 both right, 5 the baseline alone, 1 the candidate alone, 1 neither.
    let found = compared("1111111100", "1110000010", &Options::default());
    let task = &found.tasks[0];
    let measure = task.measured.complete.as_ref().unwrap();
    let table = Table {
        both_right: 3,
        base_only: 5,
        candidate_only: 1,
        both_wrong: 1,
    };
    assert_eq!(measure.table, Some(table));
    assert_eq!((measure.worse, measure.better, measure.equal), (5, 1, 4));
    assert!((measure.delta + 0.4).abs() < 1e-12);
    assert_eq!(
        (measure.method.as_str(), measure.test),
        ("tango", Some("mcnemar_exact"))
    );
    // 2 · (1 + 6) / 2^6, and the mid-p takes off the chance of what was seen, 6 / 2^6.
    assert!(close(measure.p, 14.0 / 64.0), "{:?}", measure.p);
    assert!(close(measure.mid_p, 8.0 / 64.0), "{:?}", measure.mid_p);
    assert!(measure.low.unwrap() < -0.4 && measure.high.unwrap() > -0.4);
    assert_eq!(task.finding.verdict, Verdict::NoDifference);
    assert_eq!(task.flipped, 6);
    let lost = found.flips.iter().filter(|flip| flip.is_lost()).count();
    assert_eq!(lost, 5);
    assert_eq!(found.flips[0].sample, "s3");
    assert_eq!(
        (
            found.flips[0].base_answer.as_str(),
            found.flips[0].candidate_answer.as_str()
        ),
        ("answer 1", "answer 0")
    );
}

#[test]
fn a_clear_loss_is_worse_and_a_swap_is_better() {
    let (all, none) = ("1".repeat(20), "0".repeat(20));
    let lost = compared(&all, &none, &Options::default());
    assert_eq!(lost.tasks[0].finding.verdict, Verdict::Worse);
    assert!(close(lost.tasks[0].finding.p, 2.0 / 2_f64.powi(20)));
    let won = compared(&none, &all, &Options::default());
    assert_eq!(won.tasks[0].finding.verdict, Verdict::Better);
    let (one, other) = (&lost.tasks[0].finding, &won.tasks[0].finding);
    assert!(close(one.low, -other.high.unwrap()) && close(one.high, -other.low.unwrap()));
}

#[test]
fn nothing_lost_is_no_difference_with_the_smallest_that_could_be_seen() {
    let same = "10".repeat(50);
    let found = compared(&same, &same, &Options::default());
    let finding = &found.tasks[0].finding;
    assert_eq!((finding.delta, finding.p), (Some(0.0), Some(1.0)));
    assert_eq!(finding.verdict, Verdict::NoDifference);
    let smallest = finding.smallest_detectable.unwrap();
    assert!((0.05..0.15).contains(&smallest), "{smallest}");
}

#[test]
fn partial_scores_are_compared_by_t_and_flips_of_signs() {
    // Differences -½, -½, 0, 0, ½: mean -0.1; flips of three halves: |sum| ≥ ½ always, so p = 1.
    let found = compared("11005", "55001", &Options::default());
    let measure = found.tasks[0].measured.complete.as_ref().unwrap();
    assert!((measure.delta + 0.1).abs() < 1e-12);
    assert_eq!(
        (measure.method.as_str(), measure.test),
        ("student_t", Some("sign_flip"))
    );
    assert!(close(measure.p, 1.0));
    // Variance of the five is 0.7 / 4 = 0.175, so t = -0.1 / √(0.175 / 5).
    let error = (0.175_f64 / 5.0).sqrt();
    let quantile = 2.776_445_105_197_793_f64;
    assert!(
        (measure.low.unwrap() + 0.1 + quantile * error).abs() < 1e-9,
        "{:?}",
        measure.low
    );
}

#[test]
fn clusters_widen_the_interval_and_too_few_are_inconclusive() {
    let clustered = |pattern: &str, clusters: usize| -> Vec<Item> {
        let items = items(pattern).into_iter().enumerate();
        items
            .map(|(number, item)| Item {
                cluster: Some(format!("c{}", number % clusters).as_str().into()),
                ..item
            })
            .collect()
    };
    let (base, candidate) = (
        "1".repeat(40),
        format!("{}{}", "0".repeat(20), "1".repeat(20)),
    );
    let found = |clusters| {
        let table = table(&[clustered(&base, clusters), clustered(&candidate, clusters)]);
        compare(sides(&table), &Options::default())
            .unwrap()
            .tasks
            .remove(0)
    };
    let few = found(4);
    assert_eq!(few.finding.verdict, Verdict::Inconclusive);
    assert_eq!(few.finding.method, "too_few_clusters");
    assert_eq!((few.finding.p, few.finding.low), (None, None));
    let many = found(40);
    assert_eq!(many.finding.method, "cluster_t");
    assert_eq!(many.measured.complete.unwrap().clusters, Some(40));
    assert_eq!(many.finding.verdict, Verdict::Worse);
}

#[test]
fn what_is_missing_counts_as_declared_and_all_ways_are_told() {
    let with = |missing| Options {
        missing,
        ..Options::default()
    };
    let (base, candidate) = ("1110-", "10-11");
    let complete = compared(base, candidate, &with(Missing::Complete));
    let counts = &complete.tasks[0].counts;
    assert_eq!(
        (counts.pairs, counts.base_missing, counts.candidate_missing),
        (5, 1, 1)
    );
    let measured = &complete.tasks[0].measured;
    let delta = |measure: &Option<Measure>| measure.as_ref().map(|one| (one.n, one.delta));
    // s0 1→1, s1 1→0, s3 0→1 on both sides; s2 1→missing, s4 missing→1.
    assert_eq!(delta(&measured.complete), Some((3, 0.0)));
    assert_eq!(delta(&measured.error_as_wrong), Some((5, 0.0)));
    assert_eq!(delta(&measured.worst), Some((5, -0.2)));
    assert_eq!(delta(&measured.best), Some((5, 0.2)));
    let bounds = compared(base, candidate, &with(Missing::Bounds));
    let finding = &bounds.tasks[0].finding;
    assert_eq!(
        (finding.delta, finding.delta_at_best),
        (Some(-0.2), Some(0.2))
    );
    assert_eq!(
        (finding.p, finding.verdict),
        (Some(1.0), Verdict::NoDifference)
    );
    let nothing = compared("--", "11", &with(Missing::Complete));
    assert_eq!(nothing.tasks[0].finding.verdict, Verdict::Inconclusive);
    assert_eq!(nothing.tasks[0].finding.method, "no_pairs");
}

#[test]
fn slices_are_adjusted_together_and_the_worst_is_named() {
    let sliced = |pattern: &str| -> Vec<Item> {
        let items = items(pattern).into_iter().enumerate();
        items
            .map(|(number, item)| {
                let lang = if number < 20 { "de" } else { "en" };
                Item {
                    slices: [("lang".to_owned(), lang.to_owned())].into(),
                    ..item
                }
            })
            .collect()
    };
    let table = table(&[
        sliced(&"1".repeat(40)),
        sliced(&format!("{}{}", "0".repeat(12), "1".repeat(28))),
    ]);
    let found = compare(sides(&table), &Options::default()).unwrap();
    let slices = &found.tasks[0].slices;
    assert_eq!(slices.len(), 2);
    assert_eq!((slices[0].value.as_str(), slices[0].finding.n), ("de", 20));
    // p of 12 lost of 12 is 2 / 2^12; of the two slices one more is tested, so it is doubled.
    assert!(close(slices[0].finding.adjusted_p, 4.0 / 2_f64.powi(12)));
    assert_eq!(slices[1].finding.verdict, Verdict::NoDifference);
    let worst = found.worst_slice.unwrap();
    assert_eq!(
        (worst.value.as_str(), worst.finding.verdict),
        ("de", Verdict::Worse)
    );
}

/// Two runs of one model, the second as `change` makes it.
fn two_runs(change: impl FnOnce(&mut cleanbench_ledger::Manifest)) -> (ItemTable, ItemTable) {
    let base = table(&[items("1100")]);
    let mut candidate = base.clone();
    change(&mut candidate.manifest);
    (base, candidate)
}

/// The first models of two runs.
fn of_two<'a>(base: &'a ItemTable, candidate: &'a ItemTable) -> Both<Side<'a>> {
    Both { base, candidate }.map(|table| Side { table, model: 0 })
}

fn regression(base: &ItemTable, candidate: &ItemTable) -> Result<Comparison, NotComparable> {
    compare(of_two(base, candidate), &Options::default())
}

#[test]
fn the_same_model_must_be_asked_alike() {
    let (base, candidate) = two_runs(|manifest| {
        manifest.plan.models[0].effective[0] = json!({"sent": {"temperature": 0.7}, "seed": null});
    });
    let refused = regression(&base, &candidate).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("regression mode"), "{text}");
    assert!(
        text.contains("task `t`: sampling.temperature: 0.0 against 0.7"),
        "{text}"
    );
    let choice = Options {
        mode: Some(GateMode::Choice),
        ..Options::default()
    };
    let found = compare(of_two(&base, &candidate), &choice).unwrap();
    assert_eq!(found.differences.len(), 1);
    assert_eq!(found.differences[0].what, "sampling.temperature");
}

#[test]
fn scorers_keys_and_suites_must_agree() {
    let (base, candidate) =
        two_runs(|manifest| manifest.plan.tasks[0].scorers_digest = Digest([8; 32]));
    let text = regression(&base, &candidate).unwrap_err().to_string();
    assert!(text.contains("task `t`: scorers"), "{text}");
    let (base, candidate) = two_runs(|manifest| {
        let key = "inputs/suite.key".to_owned();
        manifest.plan.inputs.insert(key, Digest([7; 32]));
    });
    assert_eq!(regression(&base, &candidate), Err(NotComparable::Keys));
    let (base, candidate) = two_runs(|manifest| "other".clone_into(&mut manifest.plan.suite.name));
    let text = regression(&base, &candidate).unwrap_err().to_string();
    assert!(text.contains("suite: \"s\" against \"other\""), "{text}");
    let (base, candidate) = two_runs(|manifest| "2".clone_into(&mut manifest.plan.suite.version));
    assert_eq!(regression(&base, &candidate).unwrap().differences.len(), 1);
}

#[test]
fn reworded_samples_forbid_a_comparison_unless_only_what_is_common_counts() {
    let mut reworded = items("1100");
    reworded[2].identity.input_digest = Digest([6; 32]);
    let table = table(&[items("1100"), reworded]);
    let text = compare(sides(&table), &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("what the model saw of 1 of 4 samples (s2)"),
        "{text}"
    );
    let common = Options {
        common: true,
        ..Options::default()
    };
    let found = compare(sides(&table), &common).unwrap();
    assert_eq!(found.tasks[0].counts.pairs, 3);
    assert_eq!(found.differences.len(), 2, "{:?}", found.differences);
}

#[test]
fn tasks_of_one_side_alone_are_named() {
    let tasks = [task_plan("t"), task_plan("u")];
    let empty = || TaskItems::default();
    let base = ItemTable::from_parts(
        manifest(&[model("a", 2)], &tasks),
        vec![vec![
            TaskItems {
                items: vec![item("x", &[Some(1.0)])],
                ..empty()
            },
            empty(),
        ]],
    );
    let candidate = ItemTable::from_parts(
        manifest(&[model("a", 1)], &tasks[..1]),
        vec![vec![TaskItems {
            items: vec![item("x", &[Some(1.0)])],
            ..empty()
        }]],
    );
    let text = regression(&base, &candidate).unwrap_err().to_string();
    assert!(
        text.contains("task `u`: task: \"in the run\" against \"not in the run\""),
        "{text}"
    );
    let only = |name: &str| Options {
        tasks: vec![name.to_owned()],
        ..Options::default()
    };
    assert!(compare(of_two(&base, &candidate), &only("t")).is_ok());
    assert_eq!(
        compare(of_two(&base, &candidate), &only("u")),
        Err(NotComparable::NoSuchTask("u".to_owned()))
    );
}

#[test]
fn models_that_cannot_be_told_apart_share_their_ranks() {
    let strong = "1".repeat(40);
    let nearly = format!("{}0", "1".repeat(39));
    let weak = "0".repeat(40);
    let table = table(&[items(&weak), items(&strong), items(&nearly)]);
    let ranking = rank(&table, &Options::default()).unwrap();
    let task = &ranking.tasks[0];
    let ranks: Vec<_> = task
        .ranks
        .iter()
        .map(|rank| (rank.model.as_str(), rank.best, rank.worst))
        .collect();
    assert_eq!(ranks, [("b", 1, 2), ("c", 1, 2), ("a", 3, 3)]);
    assert_eq!(task.tied, [["b", "c"]]);
    let alone = cleanbench_items::testing::table(&[items("1")]);
    assert_eq!(
        rank(&alone, &Options::default()),
        Err(NotComparable::OneModel)
    );
}

#[test]
fn swapping_the_sides_swaps_the_result_whatever_the_scores() {
    let mut random = cleanbench_stats::random::Random::new(11);
    for _ in 0..24 {
        let letters = if random.below(2) == 0 { "01-" } else { "01-5" };
        let count = 1 + random.below(14);
        let mut pattern = || -> String {
            let letter = |_| letters.as_bytes()[random.index(letters.len())] as char;
            (0..count).map(letter).collect()
        };
        let (one, other) = (pattern(), pattern());
        for missing in Missing::ALL {
            let options = Options {
                missing,
                ..Options::default()
            };
            let there = compared(&one, &other, &options).tasks.remove(0).finding;
            let back = compared(&other, &one, &options).tasks.remove(0).finding;
            let same = |one: Option<f64>, other: Option<f64>| match (one, other) {
                (Some(one), Some(other)) => (one - other).abs() < 1e-9,
                (one, other) => one == other,
            };
            let minus = |value: Option<f64>| value.map(|value| -value);
            assert!(
                same(there.p, back.p),
                "{one} {other} {missing:?}: {there:?} {back:?}"
            );
            assert!(
                same(there.low, minus(back.high)),
                "{one} {other} {missing:?}"
            );
            let delta = back.delta_at_best.or(back.delta);
            assert!(same(there.delta, minus(delta)), "{one} {other} {missing:?}");
            let inside = |bound: Option<f64>, delta: Option<f64>, sign: f64| {
                bound
                    .zip(delta)
                    .is_none_or(|(bound, delta)| sign * (bound - delta) <= 1e-9)
            };
            assert!(inside(there.low, there.delta, 1.0) && inside(there.high, there.delta, -1.0));
        }
    }
}

#[test]
fn bounds_count_what_is_missing_in_the_smallest_that_could_be_found() {
    let candidate = format!("-----{}", "1".repeat(95));
    let found = |missing| {
        let options = Options {
            missing,
            ..Options::default()
        };
        compared(&"1".repeat(100), &candidate, &options)
            .tasks
            .remove(0)
            .finding
    };
    let best = found(Missing::Complete).smallest_detectable.unwrap();
    let bounds = found(Missing::Bounds).smallest_detectable.unwrap();
    assert!(bounds >= best + 0.05, "{bounds} {best}");
}

#[test]
fn tasks_are_one_family_of_tests() {
    let tasks = [task_plan("t"), task_plan("u")];
    let side = |t: &str, u: &str| {
        [t, u].map(|pattern| TaskItems {
            items: items(pattern),
            ..TaskItems::default()
        })
    };
    let table = ItemTable::from_parts(
        manifest(&[model("a", 2), model("b", 2)], &tasks),
        vec![side("11111111", "10").into(), side("00000000", "10").into()],
    );
    let found = compare(sides(&table), &Options::default()).unwrap();
    let finding = &found.tasks[0].finding;
    assert!(close(finding.p, 2.0 / 256.0));
    assert!(close(finding.adjusted_p, 4.0 / 256.0), "{finding:?}");
    assert_eq!(finding.verdict, Verdict::Worse);
}

#[test]
fn what_is_in_quarantine_or_was_not_asked_is_set_aside_where_the_policy_says_so() {
    let mut base = items("1111111111");
    base[0].identity.is_quarantined = true;
    base[1].trials[0].outcome = Some(Outcome::Skipped);
    base[1].trials[0].score = None;
    let mut candidate = items("0011111110");
    candidate[9].identity.is_quarantined = true;
    candidate[2].identity.sample_digest = Digest([9; 32]);
    let table = table(&[base, candidate]);
    let with = |policy| {
        let options = Options {
            policy,
            ..Options::default()
        };
        compare(sides(&table), &options).unwrap().tasks.remove(0)
    };
    let found = with(Some(Policy::default()));
    let counts = &found.counts;
    assert_eq!((counts.pairs, counts.changed), (6, 1));
    assert_eq!((counts.quarantined, counts.not_asked), (Some(2), Some(1)));
    assert_eq!(found.finding.delta, Some(0.0));
    // Results of earlier versions stay what they were.
    let earlier = with(None);
    assert_eq!(
        (earlier.counts.pairs, earlier.counts.quarantined),
        (9, None)
    );
    assert_eq!(earlier.flipped, 2);
}

/// What the rules of tables 5 make of it.
fn now(missing: Missing) -> Options {
    Options {
        policy: Some(Policy::default()),
        missing,
        ..Options::default()
    }
}

/// A run of two models on tasks of these patterns, every sample in a slice.
fn tasks_of(patterns: &[(String, String)]) -> ItemTable {
    let names: Vec<_> = (0..patterns.len()).map(|at| format!("t{at}")).collect();
    let sliced = |pattern: &str| {
        let items = items(pattern).into_iter().enumerate();
        let items = items.map(|(number, item)| Item {
            slices: [("third".to_owned(), (number % 3).to_string())].into(),
            ..item
        });
        TaskItems {
            items: items.collect(),
            ..TaskItems::default()
        }
    };
    let of = |pick: fn(&(String, String)) -> &str| -> Vec<TaskItems> {
        patterns.iter().map(|both| sliced(pick(both))).collect()
    };
    let tasks: Vec<_> = names.iter().map(|name| task_plan(name)).collect();
    let count = tasks.len();
    ItemTable::from_parts(
        manifest(&[model("a", count), model("b", count)], &tasks),
        vec![of(|both| &both.0), of(|both| &both.1)],
    )
}

/// Findings of all tasks and slices.
fn findings(comparison: &Comparison) -> Vec<&Finding> {
    let tasks = comparison.tasks.iter();
    tasks
        .flat_map(|task| {
            let slices = task.slices.iter().map(|slice| &slice.finding);
            std::iter::once(&task.finding).chain(slices)
        })
        .collect()
}

/// Tasks of scores of both kinds, with and without answers that are missing, of which some differ a little.
fn random_tasks(random: &mut cleanbench_stats::random::Random) -> Vec<(String, String)> {
    let count = 1 + random.index(8);
    let letters = ["01", "01-", "015", "015-"][random.index(4)].as_bytes();
    let most = [14, 60][random.index(2)];
    let tilt = random.index(4);
    let mut task = || {
        let length = 4 + random.index(most);
        let mut pattern = |tilt: usize| -> String {
            let mut letter = || {
                if random.index(4) < tilt {
                    '1'
                } else {
                    letters[random.index(letters.len())] as char
                }
            };
            (0..length).map(|_| letter()).collect()
        };
        (pattern(0), pattern(tilt))
    };
    (0..count).map(|_| task()).collect()
}

#[test]
fn an_interval_excludes_0_just_where_a_difference_was_found() {
    let mut random = cleanbench_stats::random::Random::new(5);
    let (mut found, mut all) = (0, 0);
    for round in 0..150 {
        let table = tasks_of(&random_tasks(&mut random));
        let missing = Missing::ALL[round % 3];
        let comparison = compare(sides(&table), &now(missing)).unwrap();
        for finding in findings(&comparison) {
            let differs = matches!(finding.verdict, Verdict::Better | Verdict::Worse);
            let significant = finding.adjusted_p.is_some_and(|p| p <= ALPHA);
            assert_eq!(differs, significant, "{finding:?}");
            let ends = finding.low.zip(finding.high);
            let excludes = ends.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
            assert_eq!(differs, excludes, "{finding:?}");
            let level = finding.confidence.unwrap();
            assert!((0.95..1.0).contains(&level), "{level}");
            found += usize::from(differs);
            all += 1;
        }
    }
    assert!(found > 60 && all > 5 * found, "{found} of {all}");
}

/// Nine samples gained and one lost: p is .0215, and Tango's interval excludes 0.
#[test]
fn one_of_seven_tasks_has_the_level_of_seven() {
    let gained = ("0000000001".to_owned(), "1111111110".to_owned());
    let same = ("1010101010".to_owned(), "1010101010".to_owned());
    let mut patterns = vec![same; 6];
    patterns.push(gained.clone());
    let table = tasks_of(&patterns);
    let finding = |options: &Options| {
        let found = compare(sides(&table), options).unwrap();
        found.tasks[6].finding.clone()
    };
    let earlier = finding(&Options::default());
    assert_eq!(earlier.verdict, Verdict::NoDifference);
    assert!(earlier.low.unwrap() > 0.0, "beside an interval without 0");
    let found = finding(&now(Missing::Bounds));
    assert!(close(found.p, 0.021_484_375));
    assert!(close(found.adjusted_p, 7.0 * 0.021_484_375));
    assert!(close(found.confidence, 1.0 - 0.05 / 7.0));
    assert_eq!(found.verdict, Verdict::NoDifference);
    assert!(found.low.unwrap() <= 0.0 && found.high.unwrap() > 0.0);
    assert!(earlier.smallest_detectable < found.smallest_detectable.or(Some(2.0)));
    let alone = compare(sides(&tasks_of(&[gained])), &now(Missing::Bounds)).unwrap();
    assert_eq!(alone.tasks[0].finding.verdict, Verdict::Better);
}

/// Five gained and none lost: Tango's interval excludes 0, and the exact test finds nothing.
#[test]
fn where_test_and_interval_disagree_the_cautious_one_stands() {
    let table = tasks_of(&[("00000111".to_owned(), "11111111".to_owned())]);
    let earlier = compare(sides(&table), &Options::default()).unwrap();
    assert!(earlier.tasks[0].finding.low.unwrap() > 0.0);
    let found = compare(sides(&table), &now(Missing::Bounds)).unwrap();
    let finding = &found.tasks[0].finding;
    assert!(close(finding.p, 0.0625));
    assert_eq!(
        (finding.low, finding.verdict),
        (Some(0.0), Verdict::NoDifference)
    );
    assert_eq!(finding.method, "tango_widened_to_test");
}

#[test]
fn the_order_of_rows_decides_nothing_to_the_last_bit() {
    let mut random = cleanbench_stats::random::Random::new(9);
    for round in 0..12 {
        let third = |random: &mut cleanbench_stats::random::Random| {
            Some(f64::from(u32::try_from(random.index(7)).unwrap()) / 6.0)
        };
        let mut side = |clusters: usize| -> Vec<Item> {
            let items = (0..40).map(|number| Item {
                cluster: (clusters > 0).then(|| format!("c{}", number % clusters).as_str().into()),
                ..item(&format!("s{number}"), &[third(&mut random)])
            });
            items.collect()
        };
        let clusters = [0, 13][round % 2];
        let mut columns = [side(clusters), side(clusters)];
        let compared = |columns: &[Vec<Item>]| {
            let found = compare(sides(&table(columns)), &now(Missing::Bounds)).unwrap();
            format!("{:?}", (&found.tasks, &found.worst_slice))
        };
        let before = compared(&columns);
        columns[0].reverse();
        columns[1].rotate_left(11);
        assert_eq!(compared(&columns), before);
    }
}

#[test]
fn swapping_the_sides_mirrors_tasks_and_slices() {
    let mut random = cleanbench_stats::random::Random::new(21);
    for round in 0..40 {
        let patterns = random_tasks(&mut random);
        let swapped: Vec<_> = patterns
            .iter()
            .map(|(one, other)| (other.clone(), one.clone()))
            .collect();
        let options = now(Missing::ALL[round % 3]);
        let [there, back] = [patterns, swapped]
            .map(|patterns| compare(sides(&tasks_of(&patterns)), &options).unwrap());
        let near = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-6,
            (one, other) => one == other,
        };
        let minus = |value: Option<f64>| value.map(|value| -value);
        for (there, back) in findings(&there).into_iter().zip(findings(&back)) {
            let what = format!("{there:?} {back:?}");
            assert!(
                near(there.p, back.p) && near(there.adjusted_p, back.adjusted_p),
                "{what}"
            );
            assert!(
                near(there.low, minus(back.high)) && near(there.high, minus(back.low)),
                "{what}"
            );
            assert_eq!(there.confidence, back.confidence, "{what}");
            let mirrored = match there.verdict {
                Verdict::Better => Verdict::Worse,
                Verdict::Worse => Verdict::Better,
                other => other,
            };
            assert_eq!(back.verdict, mirrored, "{what}");
        }
    }
}

#[test]
fn by_bounds_a_side_lies_between_what_is_missing_wrong_and_right() {
    let found = compared("1111100000", "11111111--", &now(Missing::Bounds));
    let both = found.tasks[0].measured.levels(Missing::Bounds).unwrap();
    assert!(
        (both.candidate.score - 1.0).abs() < 1e-12,
        "what was answered"
    );
    let (least, most) = (both.candidate.low.unwrap(), both.candidate.high.unwrap());
    let wilson = |right: f64| {
        cleanbench_stats::wilson(right, 10, cleanbench_stats::Confidence::PERCENT_95).unwrap()
    };
    assert!((least - wilson(8.0).low).abs() < 1e-12 && (most - wilson(10.0).high).abs() < 1e-12);
    let told = found.tasks[0].measured.told(Missing::Bounds).unwrap();
    assert_eq!((told.n, told.better, told.worse), (8, 3, 0));
}
