//! `summary.csv`: one line a model and task, and the same lines for `--format json`.

use cleanbench_core::Outcome;
use serde_json::Value;

use super::{Artefact, Maker, always, when_done};
use crate::columns::{self, CONFIDENCE, Cell, Column, CsvTable, Table};
use crate::findings::Report;
use crate::sink::TableSink;
use crate::{AnswerCounts, Recording, ReportError, Summary, SummaryRow, cell};

pub(super) const MAKER: Maker = Maker {
    files: &[SummaryTable::FILE],
    belongs: always,
    begin: when_done::<SummaryFile>,
};

#[derive(Default)]
struct SummaryFile;

impl Artefact for SummaryFile {
    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let out = sink.open(SummaryTable::FILE)?;
        let mut table = CsvTable::<SummaryTable, _>::new(out, recording.manifest.plan.tables)?;
        let mut rows = report.summary.tasks();
        rows.try_for_each(|row| table.line(row))?;
        table.finish()
    }
}

/// The lines of tasks, without those of probes, for programs: a list.
pub fn summary_json(summary: &Summary) -> Value {
    summary.tasks().map(columns::json::<SummaryTable>).collect()
}

/// The table.
pub(crate) struct SummaryTable;

type ColumnOf = Column<SummaryTable>;

impl Table for SummaryTable {
    type Line<'a> = SummaryRow;
    const FILE: &'static str = "summary.csv";
    const LINE: &'static str = "each model and task. Rates are of this run's calls and estimate nothing, \
        hence no interval; percentiles interpolate linearly (Hyndman and Fan, definition 7), and a 99th is given \
        from 300 values on";
    const COLUMNS: &'static [Column<Self>] = &[
        ColumnOf::new("model", "Name of the model.", |row| Cell::Text(&row.model)),
        ColumnOf::new("task", "Name of the task.", |row| Cell::Text(&row.task)),
        ColumnOf::new("scorer", "The scorer whose score this is.", |row| {
            Cell::word(&*row.scorer)
        }),
        ColumnOf::new(
            "score",
            "Mean over the samples of what `reducer` makes of their epochs, from 0 to 1.",
            |row| Cell::number(row.estimated.score),
        ),
        ColumnOf::new("interval_low", "Lower end of its interval.", |row| {
            Cell::number(row.estimated.interval.map(|interval| interval.low))
        })
        .json(&["interval.low"]),
        ColumnOf::new("interval_high", "Upper end of its interval.", |row| {
            Cell::number(row.estimated.interval.map(|interval| interval.high))
        })
        .json(&["interval.high"]),
        ColumnOf::new("confidence", "Confidence of the interval.", |row| {
            row.estimated.interval.map_or(Cell::Missing, |_| CONFIDENCE)
        })
        .json(&["interval.confidence"]),
        ColumnOf::new(
            "method",
            "How the interval was computed, or why there is none.",
            |row| Cell::shown(row.estimated.method),
        )
        .json(&["interval.method", "method"]),
        ColumnOf::new("n", "Samples with a score.", |row| {
            Cell::Count(row.estimated.n)
        }),
        ColumnOf::new(
            "samples",
            "Samples of the task; of a shard, those that are its own.",
            |row| Cell::Count(row.samples),
        ),
        ColumnOf::new("epochs", "Repeats of each sample.", |row| {
            Cell::Count(row.epochs.into())
        }),
        ColumnOf::new("answered", "Calls that were answered.", |row| {
            Cell::Occurrences(row.count(Outcome::Answered))
        })
        .json(&["outcomes.answered"]),
        ColumnOf::new(
            "unanswered",
            "Calls without an answer, those that have not ended among them.",
            |row| Cell::Count(row.unanswered()),
        ),
        ColumnOf::new("refused", "Calls that the endpoint rejected.", |row| {
            Cell::Occurrences(row.count(Outcome::Refused))
        })
        .json(&["outcomes.refused"]),
        ColumnOf::new("censored", "Calls that a content filter rejected or cut off.", |row| {
            Cell::Occurrences(row.count(Outcome::Censored))
        })
        .json(&["outcomes.censored"]),
        ColumnOf::new(
            "unsupported",
            "Calls of a kind that the endpoint does not do.",
            |row| Cell::Occurrences(row.count(Outcome::Unsupported)),
        )
        .json(&["outcomes.unsupported"]),
        ColumnOf::new("exhausted", "Calls of which every attempt failed.", |row| {
            Cell::Occurrences(row.count(Outcome::Exhausted))
        })
        .json(&["outcomes.exhausted"]),
        ColumnOf::new("skipped", "Calls that were decided not to be made.", |row| {
            Cell::Occurrences(row.count(Outcome::Skipped))
        })
        .json(&["outcomes.skipped"]),
        ColumnOf::new("open", "Calls that have not ended.", |row| {
            Cell::Count(row.open)
        }),
        ColumnOf::new(
            "empty",
            "Answers with neither text nor likelihoods nor calls of tools.",
            |row| Cell::Count(row.empty),
        ),
        ColumnOf::new("truncated", "Answers that the token limit cut off.", |row| {
            Cell::Count(row.truncated)
        }),
        ColumnOf::new(
            "extraction_failures",
            "Answers in which the scorer found nothing to judge; scored 0.",
            |row| Cell::Count(row.extraction_failures),
        ),
        ColumnOf::new("attempts", "Attempts that were started.", |row| {
            Cell::Count(row.totals.attempts)
        }),
        ColumnOf::new(
            "attempts_unknown",
            "Attempts whose outcome is not known, and that were possibly billed.",
            |row| Cell::Count(row.totals.unknown),
        ),
        ColumnOf::new("prompt_tokens", "Tokens of all prompts, as far as reported.", |row| {
            Cell::count(row.totals.prompt.known())
        }),
        ColumnOf::new("completion_tokens", "Generated tokens, as far as reported.", |row| {
            Cell::count(row.totals.completion.known())
        }),
        ColumnOf::new("reasoning_tokens", "Tokens of reasoning, as far as reported.", |row| {
            Cell::count(row.totals.reasoning.known())
        }),
        ColumnOf::new(
            "cost_usd",
            "Cost in US dollars of the attempts whose usage and price are known.",
            |row| Cell::shown((row.totals.priced > 0).then_some(row.totals.cost)),
        ),
        ColumnOf::new("attempts_priced", "Attempts whose cost is known.", |row| {
            Cell::Count(row.totals.priced)
        }),
        ColumnOf::new(
            "contamination",
            "Class of exposure that the probes found; `not_assessed` where nothing is known.",
            |row| Cell::word(row.contamination),
        ),
        ColumnOf::new(
            "answers_read",
            "Answers whose kind is on record, the n of the rates; 0 in runs of versions before it was.",
            |row| Cell::Count(row.answers.n),
        )
        .json(&["answers.n"]),
        ColumnOf::new(
            "truncated_thinking",
            "Answers that are `empty`, with reasoning, and cut off by the token limit.",
            |row| Cell::Count(row.answers.truncated_thinking),
        )
        .json(&["answers.truncated_thinking.count"]),
        ColumnOf::new("truncated_thinking_rate", "The same as a share of `answers_read`.", |row| {
            rate(row, |answers| answers.truncated_thinking)
        })
        .json(&["answers.truncated_thinking.rate"]),
        ColumnOf::new(
            "answer_in_reasoning",
            "Answers that are `empty`, with reasoning, and ended otherwise.",
            |row| Cell::Count(row.answers.answer_in_reasoning),
        )
        .json(&["answers.answer_in_reasoning.count"]),
        ColumnOf::new("answer_in_reasoning_rate", "The same as a share of `answers_read`.", |row| {
            rate(row, |answers| answers.answer_in_reasoning)
        })
        .json(&["answers.answer_in_reasoning.rate"]),
        ColumnOf::new("empty_content", "Answers that are `empty`, without reasoning.", |row| {
            Cell::Count(row.answers.empty_content)
        })
        .json(&["answers.empty_content.count"]),
        ColumnOf::new("empty_content_rate", "The same as a share of `answers_read`.", |row| {
            rate(row, |answers| answers.empty_content)
        })
        .json(&["answers.empty_content.rate"]),
        ColumnOf::new("looping", "Answers whose text or reasoning ends in a loop.", |row| {
            Cell::Count(row.answers.looping)
        })
        .json(&["answers.looping.count"]),
        ColumnOf::new("looping_rate", "The same as a share of `answers_read`.", |row| {
            rate(row, |answers| answers.looping)
        })
        .json(&["answers.looping.rate"]),
        ColumnOf::new("reasoned", "Answers with reasoning.", |row| {
            Cell::Count(row.answers.reasoned)
        })
        .json(&["answers.reasoned.count"]),
        ColumnOf::new("reasoned_rate", "The same as a share of `answers_read`.", |row| {
            rate(row, |answers| answers.reasoned)
        })
        .json(&["answers.reasoned.rate"]),
        ColumnOf::new("with_tool_calls", "Answers with calls of tools.", |row| {
            Cell::Count(row.answers.with_tool_calls)
        })
        .json(&["answers.with_tool_calls.count"]),
        ColumnOf::new("with_tool_calls_rate", "The same as a share of `answers_read`.", |row| {
            rate(row, |answers| answers.with_tool_calls)
        })
        .json(&["answers.with_tool_calls.rate"]),
        ColumnOf::new(
            "latency_n",
            "Attempts that were sent and answered; failed ones and answers of earlier runs are not timed.",
            |row| Cell::Count(row.latency.end_to_end.n),
        )
        .json(&["latency_ms.n"]),
        ColumnOf::new(
            "latency_p50_ms",
            "Median of their `end_ms`, in milliseconds; waits before and between attempts are not in it.",
            |row| Cell::micros(row.latency.end_to_end.p50),
        )
        .json(&["latency_ms.p50"]),
        ColumnOf::new("latency_p90_ms", "90th percentile of the same.", |row| {
            Cell::micros(row.latency.end_to_end.p90)
        })
        .json(&["latency_ms.p90"]),
        ColumnOf::new("latency_p99_ms", "99th percentile of the same.", |row| {
            Cell::micros(row.latency.end_to_end.p99)
        })
        .json(&["latency_ms.p99"]),
        ColumnOf::new("ttft_any_n", "Streamed ones among them with a first token.", |row| {
            Cell::Count(row.latency.first_any.n)
        })
        .json(&["ttft_any_ms.n"]),
        ColumnOf::new("ttft_any_p50_ms", "Median of `ttft_any_ms`, in milliseconds.", |row| {
            Cell::micros(row.latency.first_any.p50)
        })
        .json(&["ttft_any_ms.p50"]),
        ColumnOf::new("ttft_answer_n", "Streamed ones among them with a first part of the answer.", |row| {
            Cell::Count(row.latency.first_answer.n)
        })
        .json(&["ttft_answer_ms.n"]),
        ColumnOf::new("ttft_answer_p50_ms", "Median of `ttft_answer_ms`, in milliseconds.", |row| {
            Cell::micros(row.latency.first_answer.p50)
        })
        .json(&["ttft_answer_ms.p50"]),
        ColumnOf::new("queued_n", "The same attempts as far as their wait is known.", |row| {
            Cell::Count(row.latency.queued.n)
        })
        .json(&["queued_ms.n"]),
        ColumnOf::new(
            "queued_p99_ms",
            "99th percentile of how long they waited before they were sent, in milliseconds.",
            |row| Cell::micros(row.latency.queued.p99),
        )
        .json(&["queued_ms.p99"]),
        ColumnOf::new(
            "cached_tokens",
            "Prompt tokens from the endpoint's cache, as far as reported.",
            |row| Cell::count(row.totals.cached.known()),
        ),
        ColumnOf::new("cache_share_n", "Attempts that reported these and all prompt tokens.", |row| {
            Cell::Count(row.totals.cached.reported)
        })
        .json(&["cache_share.n"]),
        ColumnOf::new("cache_share", "Share of the prompt tokens of those attempts that was cached.", |row| {
            Cell::number(row.totals.cache_share())
        })
        .json(&["cache_share.share"]),
        ColumnOf::new(
            "usage_inconsistent",
            "Attempts whose token counts contradict each other.",
            |row| Cell::Count(row.totals.inconsistent),
        ),
        ColumnOf::new(
            "usage_estimated",
            "Attempts with a token count that was not reported but derived.",
            |row| Cell::Count(row.totals.estimated),
        ),
        ColumnOf::new(
            "from_cache",
            "Answers of earlier runs among the attempts; their tokens are in no sum.",
            |row| Cell::Count(row.totals.from_cache),
        ),
        ColumnOf::new("reducer", "How the scores of a sample's epochs become its score.", |row| {
            Cell::word(row.reducer.to_string())
        })
        .since(2),
        ColumnOf::new(
            "clusters",
            "Clusters of samples, a sample without one being its own; 0 where no sample names one.",
            |row| Cell::Count(row.estimated.clusters),
        )
        .since(2),
        ColumnOf::new("flaky_model", "Samples whose repeats have different scores.", |row| {
            Cell::Count(row.flakes.model)
        })
        .since(2),
        ColumnOf::new(
            "flaky_infrastructure",
            "Samples of which an attempt failed and a later one was answered.",
            |row| Cell::Count(row.flakes.infrastructure),
        )
        .since(2),
        ColumnOf::new("flaky_scorer", "Samples whose replayed answer was judged otherwise before.", |row| {
            Cell::Count(row.flakes.scorer)
        })
        .since(2),
        ColumnOf::new("quarantined", "Samples in quarantine, which are in no score.", |row| {
            Cell::Count(row.quarantined)
        })
        .since(2),
        ColumnOf::new("ttft_any_p90_ms", "90th percentile of `ttft_any_ms`.", |row| {
            Cell::micros(row.latency.first_any.p90)
        })
        .since(5)
        .json(&["ttft_any_ms.p90"]),
        ColumnOf::new("ttft_any_p99_ms", "99th percentile of `ttft_any_ms`.", |row| {
            Cell::micros(row.latency.first_any.p99)
        })
        .since(5)
        .json(&["ttft_any_ms.p99"]),
        ColumnOf::new("ttft_answer_p90_ms", "90th percentile of `ttft_answer_ms`.", |row| {
            Cell::micros(row.latency.first_answer.p90)
        })
        .since(5)
        .json(&["ttft_answer_ms.p90"]),
        ColumnOf::new("ttft_answer_p99_ms", "99th percentile of `ttft_answer_ms`.", |row| {
            Cell::micros(row.latency.first_answer.p99)
        })
        .since(5)
        .json(&["ttft_answer_ms.p99"]),
        ColumnOf::new("queued_p50_ms", "Median of the wait before they were sent.", |row| {
            Cell::micros(row.latency.queued.p50)
        })
        .since(5)
        .json(&["queued_ms.p50"]),
        ColumnOf::new("queued_p90_ms", "90th percentile of the same.", |row| {
            Cell::micros(row.latency.queued.p90)
        })
        .since(5)
        .json(&["queued_ms.p90"]),
        ColumnOf::new("judged", "Answers with a score, the n of `unread_share`.", |row| {
            Cell::Count(row.unread.judged)
        })
        .since(6)
        .json(&["unread.judged"]),
        ColumnOf::new(
            "unread_share",
            "Answers that the scorer could not read, `extraction_failures`, as a share of `judged`.",
            |row| Cell::number(row.unread.share()),
        )
        .since(6)
        .json(&["unread.share"]),
        ColumnOf::new(
            "unread_reasons",
            "Why it could not read them, each reason with the number of answers, the commonest first.",
            |row| {
                let reasons = cell::text(&row.unread.reasons());
                Cell::shown(Some(reasons).filter(|reasons| !reasons.is_empty()))
            },
        )
        .since(6)
        .json(&["unread.reasons"]),
        ColumnOf::new(
            "role",
            "`subject`, or `reference` for a model about which nothing is decided.",
            |row| Cell::word(row.role.as_str()),
        )
        .since(8),
    ];
}

fn rate(row: &SummaryRow, of: fn(&AnswerCounts) -> u64) -> Cell<'static> {
    Cell::number(row.answers.rate(of(&row.answers)))
}
