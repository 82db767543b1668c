"""Check one run directory from outside: only its files are read, none of the product's code.

    check_run.py RUN SAMPLES [streamed]

Demands that exactly SAMPLES samples were put, that each was answered at the first attempt, and that
the tables agree with run.json and with one another. Prints how many tokens were generated. With
`streamed`, some answer must have come in over time: its first byte well before its end.
"""

import csv
import json
import sys
from pathlib import Path

# A reply that is sent whole has microseconds between its first and its last byte.
STREAMED_AT_LEAST_MS = 1.0


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def problems(run: Path, samples: int, streamed: bool) -> list[str]:
    """Everything that is wrong with the run, in words."""
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    results, calls, summary = (table(run / f"{name}.csv") for name in ("results", "calls", "summary"))
    end = manifest.get("end") or {}
    answers = [call for call in calls if call["status"] == "200"]
    found = []

    def demand(what: str, is_value: object, must_be: object) -> None:
        if is_value != must_be:
            found.append(f"{what} is {is_value!r}, must be {must_be!r}")

    demand("run.json: end.stopped", end.get("stopped"), "complete")
    demand("run.json: end.calls", end.get("calls"), {"answered": samples, "open": 0})
    demand("results.csv: rows", len(results), samples)
    demand("results.csv: outcomes", {row["outcome"] for row in results}, {"answered"})
    demand("results.csv: samples", len({row["sample"] for row in results}), samples)
    demand("calls.csv: rows", len(calls), samples)
    demand("calls.csv: statuses", {row["status"] for row in calls}, {"200"})
    demand("calls.csv: samples answered", {row["sample"] for row in answers}, {row["sample"] for row in results})
    demand("summary.csv: attempts", sum(int(row["attempts"]) for row in summary), len(calls))
    demand("summary.csv: rows", len(summary), 1)
    for row in summary:
        demand("summary.csv: answered", row["answered"], str(samples))
        demand("summary.csv: contamination", row["contamination"], "not_assessed")
        for column in ("prompt_tokens", "completion_tokens"):
            demand(f"summary.csv: {column}", row[column], str(sum(int(call[column] or 0) for call in calls)))
        scores = [float(result["score"]) for result in results if result["score"]]
        mean = sum(scores) / max(len(scores), 1)
        if abs(float(row["score"] or 0) - mean) > 1e-9:
            found.append(f"summary.csv: score is {row['score']}, the mean of results.csv is {mean}")
    spread = max((float(row["end_ms"] or 0) - float(row["first_byte_ms"] or 0) for row in answers), default=0.0)
    if streamed and spread < STREAMED_AT_LEAST_MS:
        found.append(f"calls.csv: no answer was streamed, the slowest took {spread} ms from first byte to end")
    return found


def main() -> None:
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["streamed"]):
        sys.exit("usage: check_run.py RUN SAMPLES [streamed]")
    run, samples = Path(sys.argv[1]), int(sys.argv[2])
    found = problems(run, samples, streamed=len(sys.argv) == 4)
    for problem in found:
        print(f"{run.name}: {problem}", file=sys.stderr)
    if found:
        sys.exit(1)
    calls = table(run / "calls.csv")
    print(f"{sum(int(call['completion_tokens'] or 0) for call in calls)} tokens in {len(calls)} attempts")


if __name__ == "__main__":
    main()
