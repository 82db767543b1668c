"""Measures `cleanbench run` beside wrk and a bare HTTP client, against the same fake server, in turns.

Nothing is asserted: a table on stdout, and two CSV files in the work folder, `runs.csv` with every
single measurement and `bench.csv` with the medians. Phases of a run are told apart from outside, by
what the server has counted and by the times of the files in the run directory.
"""

import argparse
import csv
import http.client
import http.server
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

CHOICES = "billing,network,hardware,account"
POLL = 0.02  # seconds between two looks at the process and the server
QUESTION = (
    "Ticket {number:07}: the printer on floor {floor} has not printed for {days} days, and nobody knows why."
    " Who looks after it?"
)
SUITE = """name = "bench"
version = "1"

[[task]]
name = "routing"
data = "items.jsonl"
sensitivity = "public"
prompt = "{{ input }} Answer with one word: {{ choices | join(', ') }}."
choices = ["billing", "network", "hardware", "account"]
scorers = ["choice"]
generate = { temperature = 0, max_tokens = 24 }
"""
# Requests are made before the clock starts; then they are sent in turn.
LUA = """
local requests, at = {}, 0
function init(arguments)
  local headers = { ["content-type"] = "application/json", ["host"] = wrk.host .. ":" .. wrk.port }
  for body in io.lines("%s") do
    requests[#requests + 1] = wrk.format("POST", "/v1/chat/completions", headers, body)
  end
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
"""


def question(number):
    return QUESTION.format(number=number, floor=number % 17 + 1, days=number % 29 + 2)


def write_suite(folder, samples):
    folder.mkdir(parents=True)
    (folder / "suite.toml").write_text(SUITE)
    answers = CHOICES.split(",")
    with open(folder / "items.jsonl", "w") as out:
        for number in range(samples):
            item = {"id": f"t{number:07}", "input": question(number), "target": answers[number % 4]}
            out.write(json.dumps(item) + "\n")


class Server:
    """The fake server as a process of its own, and what it has counted."""

    def __init__(self, programs, latency_ms):
        command = [programs / "fake-server", "--choices", CHOICES, "--latency-ms", str(latency_ms)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.address = self.url.removeprefix("http://").removesuffix("/v1")
        self.connection = http.client.HTTPConnection(self.address, timeout=30)

    def counts(self):
        self.connection.request("GET", "/__counts")
        return json.loads(self.connection.getresponse().read())

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def cpu_seconds(pid):
    """User and system time of a living process, from its own clock (nanoseconds, not ticks)."""
    return time.clock_gettime(((~pid) << 3) | 2)


def peak_mib(pid):
    """Peak of the resident set. Not from `wait4`, which counts what the parent had before the exec."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    except (OSError, TypeError):
        return 0.0


def capture_body(programs, work):
    """The body that cleanbench sends for the first item, as sent."""
    bodies = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
            choice = {"message": {"role": "assistant", "content": "billing"}, "finish_reason": "stop"}
            answer = json.dumps({"choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        model = f"http://127.0.0.1:{server.server_port}/v1#bench"
        run_quietly([programs / "cleanbench", "run", work / "suite", "-m", model, "-n", "1", "-o", work / "first"])
        server.shutdown()
    shutil.rmtree(work / "first")
    return bodies[0]


def run_quietly(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def write_bodies(programs, work, samples):
    body = capture_body(programs, work)
    if question(0) not in body:
        sys.exit(f"the request of the first item does not hold its text: {body}")
    with open(work / "bodies", "w") as out:
        for number in range(samples):
            out.write(body.replace(question(0), question(number)) + "\n")
    (work / "requests.lua").write_text(LUA % (work / "bodies"))
    return len(body)


def measure_wrk(programs, work, latency, concurrency, seconds):
    server = Server(programs, latency)
    before = server.cpu()
    output = run_quietly(
        ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "--timeout", "30s", "-s", work / "requests.lua",
         f"http://{server.address}/"]
    )
    cpu, asked = server.cpu() - before, server.counts()["requests"]
    server.stop()
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"wrk met errors, so it is no limit:\n{output}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]), 1e6 * cpu / asked


def measure_bare(programs, work, latency, concurrency, samples):
    """The HTTP client alone, nothing kept: calls a second, and microseconds of CPU a call."""
    server = Server(programs, latency)
    command = [programs / "examples" / "bare_client", f"{server.url}/chat/completions", work / "bodies", str(samples),
               str(concurrency)]
    before = os.times()
    run_quietly(command)
    after, counts = os.times(), server.counts()
    server.stop()
    calling = (counts["last_request_us"] - counts["first_request_us"]) / 1e6
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return samples / calling, 1e6 * cpu / samples


class Watched:
    """A run of cleanbench, looked at from outside until it ends."""

    def __init__(self, programs, work, suite, server, concurrency, samples):
        out = work / "runs"
        command = [programs / "cleanbench", "run", suite, "-m", f"{server.url}#bench", "-j", str(concurrency)]
        self.samples = samples
        self.began = time.time()
        self.log = open(work / "cleanbench.log", "w+")
        process = subprocess.Popen([*command, "-o", out], stdout=self.log, stderr=self.log)
        looks = []
        while process.poll() is None:
            try:
                looks.append((cpu_seconds(process.pid), peak_mib(process.pid), server.counts()))
            except OSError:
                break
            time.sleep(POLL)
        code = process.wait()
        self.ended = time.time()
        self.log.seek(0)
        text = self.log.read()
        self.log.close()
        if code != 0:
            sys.exit(f"cleanbench exited with {code}:\n{text}")
        self.looks = looks
        (self.run,) = out.iterdir()

    def numbers(self, counts):
        before = [look for look in self.looks if look[2]["requests"] == 0][-1]
        after = next(look for look in self.looks if look[2]["requests"] >= self.samples)
        last = self.looks[-1]
        calling = (counts["last_request_us"] - counts["first_request_us"]) / 1e6
        loaded = (self.run / "inputs" / "suite.toml").stat().st_mtime
        written = (self.run / "samples.jsonl").stat().st_mtime
        return {
            "calls_per_s": self.samples / calling,
            "cpu_us": 1e6 * (after[0] - before[0]) / self.samples,
            "cpu_before_us": 1e6 * before[0] / self.samples,
            "cpu_tables_us": 1e6 * (last[0] - after[0]) / self.samples,
            "calling_mib": after[1],
            "peak_mib": max(look[1] for look in self.looks),
            "load_us": 1e6 * (loaded - self.began) / self.samples,
            "write_us": 1e6 * (written - loaded) / self.samples,
            "first_ms": counts["first_request_us"] / 1e3 - 1e3 * written,
            "wall_s": self.ended - self.began,
            "connections": counts["connections"],
            "in_flight_max": counts["in_flight_max"],
        }


def lag(run):
    """How late the timers of cleanbench itself were, as its journal says in the end; microseconds."""
    journal = max((run / "journal").iterdir())
    with open(journal, "rb") as lines:
        lines.seek(max(0, journal.stat().st_size - 4096))
        stopped = json.loads(lines.read().splitlines()[-1])["event"]["stopped"]
    measured = stopped.get("lag") or {}
    return {f"lag_{name}_us": measured.get(name) for name in ["p50", "p99", "max"]}


def measure_cleanbench(programs, work, suite, latency, concurrency, samples):
    shutil.rmtree(work / "runs", ignore_errors=True)
    os.sync()
    server = Server(programs, latency)
    watched = Watched(programs, work, suite, server, concurrency, samples)
    counts = server.counts()
    server.stop()
    if counts["requests"] != samples or counts["max_per_prompt"] != 1:
        sys.exit(f"{samples} calls were planned, but the server counted {counts}")
    numbers = watched.numbers(counts)
    numbers.update(lag(watched.run))
    numbers["disk_mib"] = sum(path.stat().st_size for path in watched.run.rglob("*") if path.is_file()) / 2**20
    shutil.rmtree(work / "runs")
    return numbers


def measure_setting(options, programs, work, latency, concurrency):
    rows = []
    for repeat in range(options.repeats):
        row = {"latency_ms": latency, "concurrency": concurrency, "repeat": repeat + 1}
        row["load_average"] = os.getloadavg()[0]
        wrk = lambda: measure_wrk(programs, work, latency, concurrency, options.wrk_seconds)
        ours = lambda: measure_cleanbench(programs, work, work / "suite", latency, concurrency, options.samples)
        # Whoever comes first meets the machine as the other left it, so they take turns.
        if repeat % 2 == 0:
            (raw, server_cpu), numbers = wrk(), ours()
        else:
            numbers, (raw, server_cpu) = ours(), wrk()
        row.update(wrk_per_s=raw, server_cpu_us=server_cpu, **numbers)
        bare, bare_cpu = measure_bare(programs, work, latency, concurrency, options.samples)
        row.update(bare_per_s=bare, bare_cpu_us=bare_cpu, bare_ratio=bare / raw)
        row["ratio"] = row["calls_per_s"] / raw
        row["ideal"] = row["calls_per_s"] * latency / 1e3 / concurrency if latency else None
        row["wrk_ideal"] = raw * latency / 1e3 / concurrency if latency else None
        rows.append(row)
        print(f"{latency} ms, {concurrency} at once, {repeat + 1} of {options.repeats}: "
              f"wrk {raw:.0f}/s, bare client {bare:.0f}/s, cleanbench {row['calls_per_s']:.0f}/s, {row['cpu_us']:.0f} us CPU a call",
              file=sys.stderr, flush=True)
    return rows


def median(rows):
    numbers = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        known = [value for value in values if value is not None]
        numbers[name] = statistics.median(known) if known else None
    return numbers


COLUMNS = [
    ("latency ms", "latency_ms", "{:.0f}"),
    ("at once", "concurrency", "{:.0f}"),
    ("wrk/s", "wrk_per_s", "{:.0f}"),
    ("bare/s", "bare_per_s", "{:.0f}"),
    ("cleanbench/s", "calls_per_s", "{:.0f}"),
    ("ratio", "ratio", "{:.2f}"),
    ("bare ratio", "bare_ratio", "{:.2f}"),
    ("of ideal", "ideal", "{:.3f}"),
    ("wrk of ideal", "wrk_ideal", "{:.3f}"),
    ("CPU ms/call", "cpu_us", "ms"),
    ("bare", "bare_cpu_us", "ms"),
    ("before", "cpu_before_us", "ms"),
    ("tables", "cpu_tables_us", "ms"),
    ("MiB calling", "calling_mib", "{:.0f}"),
    ("MiB peak", "peak_mib", "{:.0f}"),
    ("first ms", "first_ms", "{:.0f}"),
    ("load us", "load_us", "{:.1f}"),
    ("write us", "write_us", "{:.1f}"),
    ("server us", "server_cpu_us", "{:.0f}"),
    ("lag p50 ms", "lag_p50_us", "ms"),
    ("lag p99 ms", "lag_p99_us", "ms"),
]


def cell(value, form):
    if value is None:
        return "-"
    return f"{value / 1e3:.3f}" if form == "ms" else form.format(value)


def print_table(rows):
    lines = [[title for title, _, _ in COLUMNS]]
    lines += [[cell(row[name], form) for _, name, form in COLUMNS] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths)))


def write_csv(path, rows):
    with open(path, "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def measure_memory(options, programs, work):
    samples = options.memory
    suite = work / "memory"
    write_suite(suite, samples)
    numbers = measure_cleanbench(programs, work, suite, 0, 256, samples)
    shutil.rmtree(suite)
    limit = 64 + 48 * samples / 2**20
    print(f"\n{samples} samples, 0 ms, 256 at once, one run: peak {numbers['peak_mib']:.0f} MiB "
          f"({numbers['calling_mib']:.0f} MiB until the last call was sent); 64 MiB + 48 bytes a sample are {limit:.0f} MiB; "
          f"{numbers['disk_mib']:.0f} MiB on disk, {numbers['wall_s']:.0f} s")
    write_csv(work / "memory.csv", [{"samples": samples, "limit_mib": limit, **numbers}])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000, metavar="N", help="samples of the suite [100000]")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="measurements per setting [5]")
    parser.add_argument("--latency", type=int, nargs="+", default=[0, 50], metavar="MS", help="[0 50]")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[64, 256], metavar="N", help="[64 256]")
    parser.add_argument("--wrk-seconds", type=int, default=5, metavar="S", help="length of a run of wrk [5]")
    parser.add_argument("--memory", type=int, nargs="?", const=1_000_000, metavar="N",
                        help="measure only peak memory, at N samples [1000000]")
    parser.add_argument("--programs", type=Path, default=Path("target/dist"), help="folder of the built programs")
    options = parser.parse_args()
    if options.samples < 1 or options.repeats < 1:
        parser.error("--samples and --repeats are at least 1")
    return options


def main():
    options = arguments()
    programs = options.programs.resolve()
    work = programs.parent / "bench"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print(f"{os.cpu_count()} cores, load average {' '.join(f'{load:.1f}' for load in os.getloadavg())} at the start")
    if options.memory:
        return measure_memory(options, programs, work)
    write_suite(work / "suite", options.samples)
    size = write_bodies(programs, work, options.samples)
    print(f"{options.samples} samples, request bodies of {size} bytes, medians of {options.repeats}")
    rows, runs = [], []
    for latency in options.latency:
        for concurrency in options.concurrency:
            measured = measure_setting(options, programs, work, latency, concurrency)
            runs += measured
            rows.append(median(measured))
    write_csv(work / "runs.csv", runs)
    write_csv(work / "bench.csv", rows)
    for name in ["suite", "bodies"]:
        path = work / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    print()
    print_table(rows)
    print(f"\nload average {' '.join(f'{load:.1f}' for load in os.getloadavg())} at the end; server, wrk and cleanbench share"
          " the cores")
    print("bare: a common HTTP client (reqwest), which cleanbench uses for TLS, reading answers and keeping nothing; ratio:"
          " of wrk/s")
    print("CPU ms/call: user and system time of cleanbench from first to last request; before: until then, per sample;"
          " tables: after the last request")
    print("first ms: from the last byte of samples.jsonl to the first request's arrival; load, write: microseconds a"
          " sample, from the start to the run directory and on to the last sample in it")
    print("lag: how late a timer of cleanbench fires that does nothing else; it has a resolution of 1 ms")
    print("not measured: memory at 1,000,000 samples (--memory), TLS, streamed answers, retries, reading a run again")
    print(f"every measurement: {os.path.relpath(work / 'runs.csv')}; medians: {os.path.relpath(work / 'bench.csv')}")


if __name__ == "__main__":
    main()
