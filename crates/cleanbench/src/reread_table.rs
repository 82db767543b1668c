//! What `score` prints besides: which answers are read or judged otherwise than in the run they are of.

use cleanbench_report::{cell, foreign};
use cleanbench_study::reread::{Change, LISTED, Reading, Reread, RereadRow};

use crate::plain_table::plain_table;

/// A line for each task and scorer, and the first changes.
pub(crate) fn text(reread: &Reread) -> String {
    let header = [
        "task",
        "scorer",
        "answers judged twice",
        "other score",
        "now right",
        "now wrong",
        "now unread",
        "now read",
    ];
    let rows = reread.rows.iter().map(|row| {
        [
            cell::visible(&row.task),
            row.scorer.clone(),
            row.judged.to_string(),
            row.score_changed.to_string(),
            row.became_right.to_string(),
            row.became_wrong.to_string(),
            row.became_unread.to_string(),
            row.became_read.to_string(),
        ]
    });
    let mut lines = vec![
        "what judging the same answers anew changes:".to_owned(),
        plain_table(header, rows),
    ];
    if reread.rows.iter().all(|row| row.judged == 0) {
        lines.push("no answer was judged twice by one scorer: the run's are others".to_owned());
    } else if reread.rows.iter().all(RereadRow::is_as_before) {
        lines.push("no answer is read or judged otherwise by the scorers of the run".to_owned());
    }
    lines.extend(reread.changes.iter().map(change));
    if reread.changes.len() == LISTED {
        lines.push(format!(
            "at most {LISTED} are listed; `cleanbench show RUN SAMPLE` shows any"
        ));
    }
    lines.join("\n")
}

fn change(change: &Change) -> String {
    let line = format!(
        "{} {}:{} epoch {} {}: {} -> {}",
        cell::visible(&change.model),
        cell::visible(&change.task),
        cell::visible(&change.sample),
        change.epoch,
        change.scorer,
        reading(&change.before),
        reading(&change.now)
    );
    foreign::line(&line)
}

/// The score, with what was read by which rule or why nothing was.
fn reading(reading: &Reading) -> String {
    let Reading {
        score,
        answer,
        rule,
        unread,
    } = reading;
    if let Some(reason) = unread {
        return format!("{score} (unread: {})", cell::visible(reason));
    }
    let answer = answer
        .iter()
        .map(|answer| format!("{:?}", cell::safe(answer)));
    let rule = match rule {
        Some(rule) => format!("by: {}", cell::visible(rule)),
        None => "rule not on record".to_owned(),
    };
    let said: Vec<_> = answer.chain([rule]).collect();
    format!("{score} ({})", said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_what_was_read_by_which_rule() {
        let read = Reading {
            score: 1.0,
            answer: Some("B\u{1b}".to_owned()),
            rule: Some("stated".to_owned()),
            unread: None,
        };
        let unread = Reading {
            score: 0.0,
            answer: None,
            rule: None,
            unread: Some("no choice named".to_owned()),
        };
        assert_eq!(reading(&unread), "0 (unread: no choice named)");
        let text = reading(&read);
        assert!(
            text.contains("by: stated") && !text.contains('\u{1b}'),
            "{text}"
        );
        let old = Reading { rule: None, ..read };
        assert!(reading(&old).ends_with(", rule not on record)"));
    }
}
