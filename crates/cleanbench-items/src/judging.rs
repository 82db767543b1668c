//! What of a scorer says what is right, and what only reads an answer.
//!
//! Two wordings of a task may ask for answers in two forms, and each is read in its own: a letter or the option's text,
//! the first number or the last one. That is compared; what makes an answer right must be the same.
//!
//! Invariant: a parameter that is not known to read only says what is right.

use cleanbench_core::ScorerSpec;
use cleanbench_ledger::manifest::TaskPlan;
use serde_json::{Map, Value};

use crate::both::Both;

/// The parameters by which scorers only read. How strictly what was read is compared with the target is not among
/// them: `normalize`, `case`, `tolerance`.
const READING: [(&str, &[&str]); 6] = [
    ("choice", &["accept"]),
    ("choices", &["accept"]),
    ("numeric", &["take"]),
    ("quantity", &["take"]),
    ("regex", &["pattern", "group"]),
    ("tool_call", &["from_text"]),
];

/// Whether both sides call the same answers right, however they read them.
pub(crate) fn agree(tasks: Both<&TaskPlan>) -> bool {
    let of = |task: &TaskPlan| -> Vec<Value> { task.scorers.iter().map(deciding).collect() };
    !tasks.map(of).differ()
}

/// The scorer without what only reads.
fn deciding(scorer: &ScorerSpec) -> Value {
    let mut fields = scorer.params.clone();
    let kind = scorer.kind.as_str();
    strip(kind, &mut fields);
    fields.insert("type".to_owned(), kind.into());
    Value::Object(fields)
}

fn strip(kind: &str, fields: &mut Map<String, Value>) {
    let known = READING.iter().find(|(name, _)| *name == kind);
    // A pattern that must match, or whose groups are the fields to compare, is itself what is right.
    let is_judge = kind == "regex" && fields.get("compare").is_some_and(|how| how != "target");
    for name in known.map_or(&[][..], |(_, names)| names) {
        if !is_judge {
            fields.remove(*name);
        }
    }
    // Those that `weighted` puts together.
    if let Some(Value::Array(parts)) = fields.get_mut("scorers") {
        parts.iter_mut().for_each(strip_part);
    }
}

fn strip_part(part: &mut Value) {
    if let Value::Object(fields) = part {
        let kind = fields.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or_default().to_owned();
        strip(&kind, fields);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{manifest, model, task};

    fn agreed(base: &Value, candidate: &Value) -> bool {
        let plan = |scorer: &Value| {
            let mut task = task("t");
            task["scorers"] = json!([{"type": scorer["type"], "params": scorer}]);
            manifest(&[model("a", 1)], &[task]).plan.tasks.remove(0)
        };
        let both = [base, candidate].map(plan);
        agree(Both {
            base: &both[0],
            candidate: &both[1],
        })
    }

    #[test]
    fn what_only_reads_may_differ_and_nothing_else() {
        let regex = |pattern: &str, compare: &str| json!({"type": "regex", "pattern": pattern, "compare": compare});
        let weighted = |accept: &str| json!({"type": "weighted", "scorers": [{"type": "choice", "accept": accept, "weight": 1}]});
        let choice = |accept: &str| json!({"type": "choice", "accept": accept});
        let numeric = |tolerance: f64, take: &str| json!({"type": "numeric", "tolerance": tolerance, "take": take});
        for (base, candidate, expected) in [
            (choice("letter"), json!({"type": "choice"}), true),
            (choice("letter"), json!({"type": "exact"}), false),
            (numeric(0.1, "first"), numeric(0.1, "last"), true),
            (numeric(0.1, "first"), numeric(0.2, "first"), false),
            // Whether a number without its unit will do is part of what is right.
            (
                json!({"type": "quantity"}),
                json!({"type": "quantity", "bare": "same"}),
                false,
            ),
            (regex("a", "target"), regex("b", "target"), true),
            (regex("a", "match"), regex("b", "match"), false),
            (weighted("letter"), weighted("text"), true),
            (
                json!({"type": "exact", "normalize": ["trim"]}),
                json!({"type": "exact"}),
                false,
            ),
        ] {
            assert_eq!(agreed(&base, &candidate), expected, "{base} {candidate}");
        }
    }
}
