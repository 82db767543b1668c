//! How often the interval of a mean holds it where samples are nearly always right: pass rates of several epochs near 1, of
//! which Student's t, to which they were left until tables 5, missed up to a tenth.

use super::law::coin;
use super::table::{Effort, Row, Table, each, share, three_errors};
use cleanbench_items::{Rules, Tally};
use cleanbench_stats::random::Random;

/// Five epochs of samples that are always right but for a few, which are right with a chance of .2.
const EPOCHS: u32 = 5;

pub(crate) fn table(effort: Effort) -> Table {
    let settings = [
        (30, 0.02),
        (30, 0.05),
        (100, 0.02),
        (100, 0.05),
        (300, 0.02),
        (300, 0.1),
    ];
    let rows = each(&effort.some(&settings), |&(samples, hard)| {
        row(effort.samples, samples, hard)
    });
    Table::new(
        "interval,setting,confidence,sets,holds,at least,by Student's t alone",
        rows,
    )
}

fn row(sets: u32, samples: u32, hard: f64) -> Row {
    let truth = 1.0 - hard * 0.8;
    let mut random = Random::new(57);
    let mut by_t = 0;
    let holds = share(sets, || {
        let mut tally = Tally::default();
        for _ in 0..samples {
            tally.add(pass_rate(&mut random, hard), None);
        }
        let covers = |rules| {
            let interval = tally.estimate(EPOCHS, rules).interval;
            interval.is_some_and(|interval| (interval.low..=interval.high).contains(&truth))
        };
        by_t += u32::from(covers(Rules::Earlier));
        covers(Rules::Now)
    });
    let by_t = f64::from(by_t) / f64::from(sets);
    // Each end may be wrong in 1.3 times 2.5 %.
    let least = 1.0 - 0.065 - three_errors(0.065, sets);
    Row::checked(
        format!(
            "summary,{samples} samples of {EPOCHS} epochs; {hard} of them hard,0.95,{sets},{holds:.5},{least:.5},{by_t:.5}"
        ),
        holds >= least,
    )
}

fn pass_rate(random: &mut Random, hard: f64) -> f64 {
    if coin(random, hard) < 0.5 {
        return 1.0;
    }
    (0..EPOCHS).map(|_| coin(random, 0.2)).sum::<f64>() / f64::from(EPOCHS)
}
