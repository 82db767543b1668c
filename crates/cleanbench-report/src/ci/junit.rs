//! `junit.xml`, in the flavour that Jenkins reads and the schema of its xUnit plugin describes
//! (`junit-10.xsd`): one test suite a model and task.
//!
//! | element | what |
//! |---|---|
//! | `failure` | a gate that failed; with cases `items` also a score below 1 |
//! | `error` | a call without an answer; a gate that could not decide |
//! | `skipped` | calls that were not made; gates that were not evaluated, or are to be warned of only; samples in quarantine |
//! | `flakyError` | an attempt that failed before one that brought an answer |
//! | `rerunError` | an attempt that failed before the last one, which failed too |

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use cleanbench_core::Outcome;
use cleanbench_core::event::StopReason;
use cleanbench_core::gate::{GateResult, GateVerdict, OnInconclusive, Tier};
use cleanbench_ledger::manifest::Role;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{SampleRows, samples};
use cleanbench_stats::Interval;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::cases::{Case, CaseGatherer, FailedAttempt, MOST_CASES, Status};
use super::{Missing, Source, label};
use crate::{ReportError, SummaryRow};
use cleanbench_text::notation::{attribute, for_xml};

/// Longest text of a question, a target or an answer, in characters.
const LONGEST: usize = 2_000;

/// A test suite.
struct Suite {
    name: String,
    /// What qualifies the whole of it; what is not known is left out.
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

/// How many cases came out how.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(cases: &[Case]) -> Self {
        let count = |is: fn(&Status) -> bool| cases.iter().filter(|case| is(&case.status)).count();
        Self {
            tests: cases.len(),
            failures: count(|status| matches!(status, Status::Failed { .. })),
            errors: count(|status| matches!(status, Status::Error { .. })),
            skipped: count(|status| matches!(status, Status::Skipped { .. })),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }

    fn attributes(self) -> [(&'static str, String); 4] {
        [
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
            ("skipped", self.skipped.to_string()),
        ]
    }
}

/// Writes `junit.xml` of `source` with the cases that `gatherer` has.
///
/// # Errors
/// When `out` fails, or a sample whose content is wanted cannot be read.
pub(crate) fn write(
    source: &Source<'_>,
    gatherer: &CaseGatherer,
    out: impl Write,
) -> Result<(), ReportError> {
    let suites = suites(source, gatherer);
    let content = if source.recording.manifest.plan.junit.content {
        content(source, &suites)?
    } else {
        BTreeMap::new()
    };
    let plan = &source.recording.manifest.plan;
    let name = format!("{} {}", plan.suite.name, plan.suite.version);
    Ok(document(&name, &plan.created, &suites, &content, out)?)
}

/// The whole file; `content` has question and target of samples by their position.
fn document(
    name: &str,
    created: &str,
    suites: &[Suite],
    content: &BTreeMap<u64, String>,
    out: impl Write,
) -> io::Result<()> {
    let all = suites.iter().map(|suite| Counts::of(&suite.cases));
    let all = all.fold(Counts::default(), Counts::plus);
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let [tests, failures, errors, _] = all.attributes();
    let attributes = [("name", attribute(name)), tests, failures, errors];
    xml.create_element("testsuites")
        .with_attributes(pairs(&attributes))
        .write_inner_content(|xml| {
            let mut suites = suites.iter();
            suites.try_for_each(|suite| write_suite(xml, created, suite, content))
        })?;
    let mut out = xml.into_inner();
    out.write_all(b"\n")?;
    out.flush()
}

fn pairs<'a>(attributes: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
}

fn suites(source: &Source<'_>, gatherer: &CaseGatherer) -> Vec<Suite> {
    let tasks = source.recording.manifest.plan.tasks.len();
    let rows = source.report.summary.rows.iter().enumerate();
    // Nothing is decided about a reference, so that nothing of it can fail.
    let rows = rows.filter(|(_, row)| row.role == Role::Subject);
    rows.map(|(position, row)| {
        let gathered = gatherer.of(position / tasks, position % tasks);
        let gates = source.report.gates.iter();
        let gates = gates.filter(|gate| gate.model == row.model && gate.task == row.task);
        let mut cases: Vec<Case> = gates.map(gate_case).collect();
        cases.push(Case::of(
            "answers".to_owned(),
            answers(row, source.report.index.stopped),
        ));
        cases.extend(gathered.listed.iter().cloned());
        Suite {
            name: format!("{}/{}", row.model, row.task),
            properties: properties(row, gathered.left_out),
            cases,
        }
    })
    .collect()
}

fn gate_case(result: &GateResult) -> Case {
    let name = format!("gate {}", label(&result.gate));
    let message = result.message.clone();
    let kind = result.verdict.as_str().to_owned();
    let status = match (result.verdict, result.gate.when_inconclusive()) {
        (GateVerdict::Pass, _) => Status::Passed,
        _ if result.gate.tier == Tier::Advisory => Status::Skipped {
            message: format!("{}, advisory: {message}", result.verdict.as_str()),
        },
        (GateVerdict::Fail, _) | (_, OnInconclusive::Fail) => Status::Failed { kind, message },
        (GateVerdict::NotEvaluated, _) | (_, OnInconclusive::Warn) => Status::Skipped {
            message: format!("{}: {message}", result.verdict.as_str()),
        },
        (GateVerdict::Inconclusive, _) => Status::Error { kind, message },
    };
    Case::of(name, status)
}

/// Whether every call of a task got an answer.
fn answers(row: &SummaryRow, stopped: Option<StopReason>) -> Status {
    let missing = Missing::of(row);
    let calls: u64 = row.outcomes.iter().map(|(_, count)| count).sum::<u64>() + row.open;
    if missing.failed > 0 {
        let kinds = row.outcomes.iter();
        let kinds = kinds.filter(|(outcome, _)| *outcome != Outcome::Answered);
        let kinds: Vec<_> = kinds
            .map(|(outcome, count)| format!("{count} {}", outcome.as_str()))
            .collect();
        let (failed, kinds) = (missing.failed, kinds.join(", "));
        return Status::Error {
            kind: "unanswered".to_owned(),
            message: format!("{failed} of {calls} calls ended without an answer: {kinds}"),
        };
    }
    if missing.open > 0 {
        let why = stopped.map_or("the run was cut off", stop_word);
        let message = format!("{} of {calls} calls were not made: {why}", missing.open);
        return Status::Skipped { message };
    }
    if missing.skipped > 0 {
        let skipped = missing.skipped;
        let message = format!("{skipped} of {calls} calls were left out on purpose");
        return Status::Skipped { message };
    }
    Status::Passed
}

fn stop_word(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Complete => "nothing was left to ask",
        StopReason::Interrupted => "the run was interrupted",
        StopReason::EndpointRefused => "the endpoint never answered",
        StopReason::Outage => "the endpoint stopped answering",
        StopReason::Internal => "an internal error",
        StopReason::Budget => "a cap of the run was reached",
    }
}

/// Question and target of every sample that a case is of.
fn content(source: &Source<'_>, suites: &[Suite]) -> Result<BTreeMap<u64, String>, ReportError> {
    let cases = suites.iter().flat_map(|suite| &suite.cases);
    let wanted: BTreeSet<u64> = cases.filter_map(|case| case.sample).collect();
    let mut found = BTreeMap::new();
    for (row, position) in SampleRows::open(&source.recording.run)?.zip(0..) {
        if !wanted.contains(&position) {
            continue;
        }
        let text = match samples::content(&source.recording.payloads, &row?)? {
            Some(content) => described(&content),
            None => "[erased]".to_owned(),
        };
        found.insert(position, text);
    }
    Ok(found)
}

fn described(content: &SampleContent) -> String {
    let question = content.messages.iter();
    let question: Vec<_> = question.map(|message| message.content.as_str()).collect();
    let target = match &content.sample.target {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let question = cut(&question.join("\n"));
    format!("input: {question}\ntarget: {}", cut(&target))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn write_suite<W: Write>(
    xml: &mut Writer<W>,
    created: &str,
    suite: &Suite,
    content: &BTreeMap<u64, String>,
) -> io::Result<()> {
    let [tests, failures, errors, skipped] = Counts::of(&suite.cases).attributes();
    let attributes = [
        ("name", attribute(&suite.name)),
        tests,
        failures,
        errors,
        skipped,
        ("timestamp", attribute(created)),
    ];
    xml.create_element("testsuite")
        .with_attributes(pairs(&attributes))
        .write_inner_content(|xml| {
            write_properties(xml, suite)?;
            let mut cases = suite.cases.iter();
            cases.try_for_each(|case| write_case(xml, &suite.name, case, content))
        })?;
    Ok(())
}

/// The score with everything that qualifies it.
fn properties(row: &SummaryRow, left_out: u64) -> Vec<(&'static str, String)> {
    let estimated = &row.estimated;
    let of_interval = |value: fn(&Interval) -> String| estimated.interval.as_ref().map(value);
    let all = [
        ("scorer", Some(row.scorer.clone())),
        ("score", estimated.score.map(|score| score.to_string())),
        (
            "interval_low",
            of_interval(|interval| interval.low.to_string()),
        ),
        (
            "interval_high",
            of_interval(|interval| interval.high.to_string()),
        ),
        ("confidence", of_interval(|_| "0.95".to_owned())),
        ("method", estimated.method.map(str::to_owned)),
        ("n", Some(estimated.n.to_string())),
        (
            "quarantined",
            (row.quarantined > 0).then(|| row.quarantined.to_string()),
        ),
        ("contamination", Some(row.contamination.to_owned())),
        (
            "cost_usd",
            (row.totals.priced > 0).then(|| row.totals.cost.to_string()),
        ),
        (
            "cases_left_out",
            (left_out > 0).then(|| format!("{left_out} beyond the first {MOST_CASES}")),
        ),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn write_properties<W: Write>(xml: &mut Writer<W>, suite: &Suite) -> io::Result<()> {
    xml.create_element("properties")
        .write_inner_content(|xml| {
            for (name, value) in &suite.properties {
                let value = attribute(value);
                xml.create_element("property")
                    .with_attributes([("name", *name), ("value", value.as_str())])
                    .write_empty()?;
            }
            Ok(())
        })?;
    Ok(())
}

fn write_case<W: Write>(
    xml: &mut Writer<W>,
    suite: &str,
    case: &Case,
    content: &BTreeMap<u64, String>,
) -> io::Result<()> {
    let attributes = [
        ("name", attribute(&case.name)),
        ("classname", attribute(suite)),
    ];
    let element = xml.create_element("testcase");
    let element = element.with_attributes(pairs(&attributes));
    let content = case.sample.and_then(|sample| content.get(&sample));
    if case.status == Status::Passed && case.earlier.is_empty() && content.is_none() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|xml| {
        write_status(xml, &case.status)?;
        let failed = matches!(case.status, Status::Error { .. });
        let name = if failed { "rerunError" } else { "flakyError" };
        for attempt in &case.earlier {
            write_attempt(xml, name, attempt, content.is_some())?;
        }
        if let Some(content) = content {
            let answer = case.answer.as_deref().unwrap_or_default();
            let text = for_xml(&format!("{content}\nanswer: {answer}"));
            xml.create_element("system-out")
                .write_text_content(BytesText::new(&text))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_status<W: Write>(xml: &mut Writer<W>, status: &Status) -> io::Result<()> {
    let (name, kind, message) = match status {
        Status::Passed => return Ok(()),
        Status::Failed { kind, message } => ("failure", Some(kind), message),
        Status::Error { kind, message } => ("error", Some(kind), message),
        Status::Skipped { message } => ("skipped", None, message),
    };
    let message = attribute(message);
    let kind = kind.map(|kind| attribute(kind));
    let kind = kind.as_deref().map(|kind| ("type", kind));
    xml.create_element(name)
        .with_attribute(("message", message.as_str()))
        .with_attributes(kind)
        .write_empty()?;
    Ok(())
}

/// What the endpoint said may quote the question, so it is content.
fn write_attempt<W: Write>(
    xml: &mut Writer<W>,
    name: &str,
    attempt: &FailedAttempt,
    content: bool,
) -> io::Result<()> {
    let message = attribute(&format!("attempt {}: {}", attempt.number, attempt.brief()));
    let element = xml.create_element(name);
    let element = element.with_attributes([
        ("message", message.as_str()),
        ("type", attempt.kind.as_str()),
    ]);
    if content && !attempt.message.is_empty() {
        let text = for_xml(&attempt.message);
        element.write_text_content(BytesText::new(&text))?;
    } else {
        element.write_empty()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use roxmltree::{Document, Node};

    use super::*;

    /// What ids, answers and error messages may hold.
    const HOSTILE: &str =
        "\u{0}\u{1b}[31m<b a=\"1\">&amp;]]>'\n\u{fffe}\u{202e}--><!-- é🦀 <?x?> &#0;";

    fn attempt(number: u32) -> FailedAttempt {
        FailedAttempt {
            number,
            kind: "rate_limited".to_owned(),
            status: Some(429),
            message: HOSTILE.to_owned(),
        }
    }

    fn case(name: &str, status: Status, earlier: u32) -> Case {
        Case {
            name: name.to_owned(),
            status,
            earlier: (1..=earlier).map(attempt).collect(),
            sample: Some(7),
            answer: Some(HOSTILE.to_owned()),
        }
    }

    fn suite() -> Suite {
        let (kind, message) = ("wrong".to_owned(), HOSTILE.to_owned());
        let failed = Status::Failed {
            kind: kind.clone(),
            message: message.clone(),
        };
        let error = Status::Error {
            kind,
            message: message.clone(),
        };
        Suite {
            name: HOSTILE.to_owned(),
            properties: vec![("scorer", HOSTILE.to_owned())],
            cases: vec![
                case("plain", Status::Passed, 0),
                case(HOSTILE, failed, 0),
                case("error", error, 2),
                case("flaky", Status::Passed, 1),
                case("skipped", Status::Skipped { message }, 0),
            ],
        }
    }

    fn drawn(content: &BTreeMap<u64, String>) -> String {
        let mut out = Vec::new();
        document(
            HOSTILE,
            "2026-11-25T14:00:00Z",
            &[suite(), suite()],
            content,
            &mut out,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    fn count(node: Node<'_, '_>, name: &str) -> usize {
        node.descendants()
            .filter(|node| node.has_tag_name(name))
            .count()
    }

    #[test]
    fn whatever_a_model_wrote_a_strict_reader_reads_the_file() {
        let content = BTreeMap::from([(7, HOSTILE.to_owned())]);
        let text = drawn(&content);
        let document = Document::parse(&text).unwrap();
        let root = document.root_element();
        assert!(
            root.descendants()
                .all(|node| !node.is_comment() && !node.is_pi())
        );
        for (attribute, expected) in [("tests", "10"), ("failures", "2"), ("errors", "2")] {
            assert_eq!(root.attribute(attribute), Some(expected), "{attribute}");
        }
        for (name, expected) in [
            ("testcase", 10),
            ("failure", 2),
            ("error", 2),
            ("skipped", 2),
            ("flakyError", 2),
            ("rerunError", 4),
            ("system-out", 10),
            ("b", 0),
        ] {
            assert_eq!(count(root, name), expected, "{name}");
        }
        let shown = root
            .descendants()
            .find(|node| node.has_tag_name("system-out"));
        let shown = shown.and_then(|node| node.text()).unwrap();
        assert!(shown.contains("<b a=\"1\">&amp;]]>'\n"), "{shown}");
        assert!(
            shown.contains("é🦀") && !shown.contains('\u{fffe}'),
            "{shown}"
        );
    }

    #[test]
    fn without_content_nothing_that_was_asked_or_answered_is_told() {
        let text = drawn(&BTreeMap::new());
        let document = Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!(count(root, "system-out"), 0);
        let texts = root.descendants().filter_map(|node| node.text());
        assert!(texts.map(str::trim).all(str::is_empty), "{text}");
        let rerun = root
            .descendants()
            .find(|node| node.has_tag_name("rerunError"));
        assert_eq!(
            rerun.and_then(|node| node.attribute("message")),
            Some("attempt 1: rate_limited (HTTP 429)")
        );
    }
}
