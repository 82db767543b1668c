//! What a plan says about its reports: how `junit.xml` is drawn, and which samples are set aside.
//!
//! Both change what reports show and nothing that is asked, and both stand in the plan, so that a report
//! follows from the run directory alone: not from the day it is drawn on, nor from what is typed then.

use serde::{Deserialize, Serialize};

/// How `junit.xml` is drawn.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JunitPlan {
    /// What a test case is.
    #[serde(default)]
    pub cases: JunitCases,
    /// Whether questions, targets and answers stand in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub content: bool,
}

impl JunitPlan {
    /// Whether nothing but the default was asked for.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a test case of `junit.xml` is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JunitCases {
    /// A gate, a task, and every call that met a failure. A wrong answer is a measurement, no failure.
    #[default]
    Gates,
    /// These and every sample; a wrong answer is a failure.
    Items,
}

/// A sample that is asked and recorded, and left out of the score and of gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    /// Name of the task.
    pub task: String,
    /// Id of the sample.
    pub sample: String,
    /// Why, in the words of who set it aside.
    pub reason: String,
    /// Last day on which it is set aside, `YYYY-MM-DD`, UTC.
    pub until: String,
    /// Whether that day had passed when the run was planned: then it counts like any other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
}
