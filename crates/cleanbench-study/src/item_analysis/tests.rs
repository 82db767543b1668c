//! Small tables whose results are worked out by hand.

use super::*;
use cleanbench_items::ItemTable;
use cleanbench_items::testing::{items, table};

fn analysed(table: &ItemTable) -> TaskAnalysis {
    let models = table.manifest.plan.models.len();
    let sides: Vec<_> = (0..models).map(|model| Side { table, model }).collect();
    let mut found = analyse(&sides, &AnalysisOptions::default()).unwrap();
    found.tasks.remove(0)
}

#[test]
fn difficulty_and_discrimination_by_hand() {
    // Four models: a 1110, b 1100, c 1001, d 1000. Item s1 is solved by a and b.
    let table = table(&[items("1110"), items("1100"), items("1001"), items("1000")]);
    let found = analysed(&table);
    assert_eq!((found.n, found.always_right, found.always_wrong), (4, 1, 0));
    let second = &found.items[1];
    let difficulty = second.difficulty.unwrap();
    assert_eq!((difficulty.score, difficulty.n), (0.5, 4));
    // Rest scores over the other three items: 2/3, 1/3, 2/3, 1/3, so r with (1, 1, 0, 0) is 0.
    let discrimination = second.discrimination.unwrap();
    assert!(discrimination.r.abs() < 1e-12 && discrimination.n == 4);
    // s3 is solved by c alone, whose rest is 1/3 of (2/3·…): a 1, b 2/3, c 1/3, d 1/3.
    let last = found.items[3].discrimination.unwrap();
    let rests = [1.0, 2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];
    let centre = rests.iter().sum::<f64>() / 4.0;
    let squares: f64 = rests
        .iter()
        .map(|rest| (rest - centre) * (rest - centre))
        .sum();
    let expected = (rests[2] - centre) / (0.75_f64.sqrt() * squares.sqrt());
    assert!((last.r - expected).abs() < 1e-12, "{} {expected}", last.r);
    assert_eq!(found.items[0].always, Some(Always::Right));
    assert_eq!(found.items[0].discrimination, None);
}

#[test]
fn saturation_needs_proof_of_sameness() {
    let few = analysed(&table(&[items("1111"), items("1111")]));
    assert_eq!(few.saturation.separation, Separation::Unclear);
    let same = "1".repeat(300);
    let many = analysed(&table(&[items(&same), items(&same)]));
    assert_eq!(many.saturation.separation, Separation::Saturated);
    let none = "0".repeat(300);
    let apart = analysed(&table(&[items(&same), items(&none)]));
    assert_eq!(apart.saturation.separation, Separation::Separates);
    let alone = analysed(&table(&[items("1")]));
    assert_eq!(alone.saturation.separation, Separation::OneRespondent);
}

#[test]
fn equal_inputs_are_found_and_contradictions_among_them() {
    let mut items = items("1011");
    for at in [1, 2] {
        items[at].identity.input_digest = items[0].identity.input_digest;
        items[at].trials[0].answer = "billing".into();
    }
    items[0].trials[0].answer = "billing".into();
    let found = analysed(&table(&[items])).duplicates;
    assert_eq!(found.groups, [["s0", "s1", "s2"]]);
    let pairs: Vec<_> = found
        .contradictions
        .iter()
        .map(|one| (one.right.as_str(), one.wrong.as_str()))
        .collect();
    assert_eq!(pairs, [("s0", "s1"), ("s2", "s1")]);
}

#[test]
fn the_worst_slice_stands_out_beyond_chance() {
    let mut items = items(&format!("{}{}", "1".repeat(20), "0".repeat(10)));
    for (number, item) in items.iter_mut().enumerate() {
        let lang = if number < 20 { "en" } else { "de" };
        item.slices = [("lang".to_owned(), lang.to_owned())].into();
    }
    let table = table(&[items]);
    let side = Side {
        table: &table,
        model: 0,
    };
    let found = analyse(&[side], &AnalysisOptions::default()).unwrap();
    let (task, worst) = found.worst_slice.unwrap();
    assert_eq!((task.as_str(), worst.value.as_str()), ("t", "de"));
    assert!((worst.delta + 1.0).abs() < 1e-12);
    // 1 of C(30, 10) tables is as extreme; both slices are the same split.
    assert!(
        (worst.p.unwrap() * 30_045_015.0 - 1.0).abs() < 1e-6,
        "{:?}",
        worst.p
    );
    assert!((worst.adjusted_p.unwrap() / worst.p.unwrap() - 1.0).abs() < 1e-9);
}
