//! Why calls got no answer, for people: the commonest reasons, grouped and counted, and what to do about them.
//!
//! Invariant: nobody is advised to ask again what would be refused again.

use cleanbench_ledger::Plan;
use cleanbench_report::{Reason, cell};
use serde_json::{Value, json};

/// So many reasons are told; the others are counted.
const MOST: usize = 3;
/// So much of a reason is told, in characters.
const LONGEST: usize = 320;

/// A line for each of the commonest of `reasons`, and one for the others.
pub(crate) fn lines(reasons: &[Reason], plan: &Plan) -> Vec<String> {
    let told = reasons.iter().take(MOST).map(|reason| line(reason, plan));
    let others = &reasons[MOST.min(reasons.len())..];
    let calls: u64 = others.iter().map(|reason| reason.count).sum();
    let rest = match others.len() {
        0 => None,
        1 => Some(format!("and 1 more reason, of {calls} calls")),
        count => Some(format!("and {count} more reasons, of {calls} calls")),
    };
    told.chain(rest).collect()
}

fn line(reason: &Reason, plan: &Plan) -> String {
    let text = cell::safe(&reason.text);
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let model = match plan.models.get(reason.model) {
        Some(model) if plan.models.len() > 1 => format!(" (model `{}`)", cell::safe(&model.name)),
        _ => String::new(),
    };
    format!("{} × {shown}{model}", reason.count)
}

/// What to do about calls that ended for `reasons`, in the folder of their run.
pub(crate) fn advice(reasons: &[Reason], folder: &str) -> String {
    let sum = |may_pass: bool| -> u64 {
        let such = reasons.iter().filter(|reason| reason.may_pass == may_pass);
        such.map(|reason| reason.count).sum()
    };
    let again = format!("cleanbench run --resume {folder} --retry-errors");
    match (sum(true), sum(false)) {
        (0, 1..) => "asked again as they are, they would end the same way".to_owned(),
        (_, 0) => format!("ask them again with: {again}"),
        (_, lost) => format!(
            "ask them again with: {again} ({lost} of them would end the same way, as long as they are asked as they are)"
        ),
    }
}

/// All of `reasons` as JSON.
pub(crate) fn document(reasons: &[Reason], plan: &Plan) -> Value {
    let each = reasons.iter().map(|reason| {
        json!({
            "model": plan.models.get(reason.model).map(|model| &model.name),
            "text": reason.text,
            "count": reason.count,
            "may_pass": reason.may_pass,
        })
    });
    each.collect()
}
