#!/usr/bin/env python3
"""Measures what a run waits for where calls go wrong, beside the ideal: what is let through at once, from a server that
never refuses, times the attempts that the faults make necessary.

The ideal is given twice. The computed one knows of nothing but the server's latency: neither this server nor the program
takes any time. The measured one is that of the same server without faults, asked by the same program in the same run
(scenario `steady` with the latency and the number at once of the scenario), so that it has in it what both cost. The ratio
that counts is the larger one, `ratio`: by the computed ideal nothing that the program costs is excused, and where the
computed one is a guess (`mixed`, whose answers take no time) the measured one is stricter.

`median` is the time of the last answer, `whole` until the program has ended, and `after` what of that came after the last
attempt was sent: a call that hangs ends by the idle limit, one that drips by the total limit.

Each scenario is a server of its own in this process. Its counts are compared with the journal's: every request that
came is an attempt on record, and every sample is answered. Asserts nothing about time.

usage: bash .ci/bench waits [--programs DIR] [--runs N] [--only NAME ...] [--samples N]
"""
import argparse
import asyncio
import csv
import json
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

SUITE = """name = "waits"
version = "1"
[defaults]
sensitivity = "public"
scorers = ["exact"]
prompt = "{{ input }}"
[[task]]
name = "t"
data = "t.jsonl"
"""
LATENCY = 0.1
AT_ONCE = 16


class Refuse(Exception):
    """A refusal: status, and the seconds of `Retry-After` if it says so."""

    def __init__(self, status, after=None):
        self.status, self.after = status, after


class Break(Exception):
    """The connection is closed without an answer."""


class Scenario:
    """How a server behaves. `ideal` is in seconds for `samples`, where each takes `one` seconds when nothing goes wrong and
    `served` are served at once."""

    latency = LATENCY
    at_once = AT_ONCE
    served = None
    arguments = ()
    idle = None

    def __init__(self):
        self.began = None
        self.asked_last = 0.0
        self.requests = 0
        self.in_flight = 0
        self.asked = {}

    def since(self):
        return time.monotonic() - self.began

    async def answer(self, prompt):
        await asyncio.sleep(self.latency)

    def ideal(self, samples, one):
        return samples * one

    def computed(self):
        """Seconds for each sample, by the latency alone."""
        return self.latency / (self.served or self.at_once)

    def steady(self):
        """The same server without faults."""
        steady = Steady()
        steady.latency, steady.at_once = self.latency, self.served or self.at_once
        return steady


class Steady(Scenario):
    """Never refuses: what the program itself costs."""


class Gateway(Scenario):
    """One request in twelve or so is turned away, whatever the load."""

    after = 1

    async def answer(self, prompt):
        if (self.requests * 0x9E3779B1 >> 8) % 100 < 8:
            raise Refuse(429 if self.requests % 2 else 503, self.after)
        await super().answer(prompt)

    def ideal(self, samples, one):
        return super().ideal(samples, one) / 0.92


class GatewaySilent(Gateway):
    """The same, without `Retry-After`."""

    after = None


class GatewayWide(Gateway):
    """The same with `Retry-After`, 64 at once."""

    at_once = 64


class Mixed(Scenario):
    """Three in ten prompts go wrong when they are first asked, in ten ways; answers take no time."""

    latency = 0.0
    after = 1

    async def answer(self, prompt):
        draw = (prompt * 0x9E3779B1 >> 8) % 100
        if self.asked[prompt] == 1 and draw < 30:
            way = draw % 10
            if way < 3:
                raise Refuse(429, self.after)
            if way < 5:
                raise Refuse(503, self.after)
            if way < 7:
                raise Refuse(500)
            if way < 9:
                raise Break
            raise Refuse(502)
        await super().answer(prompt)

    def computed(self):
        return 0.0005

    def ideal(self, samples, one):
        return 1.0 + samples * 1.3 * one


class MixedSilent(Mixed):
    """The same, without `Retry-After`."""

    after = None


class Window(Scenario):
    """So many a window of ten seconds, and nobody beyond."""

    allowed, seconds, after = 300, 10, None

    async def answer(self, prompt):
        window = int(self.since() / self.seconds)
        if window != getattr(self, "window", None):
            self.window, self.used = window, 0
        self.used += 1
        if self.used > self.allowed:
            left = self.seconds - self.since() % self.seconds
            raise Refuse(429, round(left + 0.5) if self.after else None)
        await super().answer(prompt)

    def ideal(self, samples, one):
        full = (samples - 1) // self.allowed
        return full * self.seconds + super().ideal(samples - full * self.allowed, one)


class WindowSpoken(Window):
    """The same, with `Retry-After`."""

    after = True


class Bucket(Scenario):
    """Fifty a second, ten saved up at most."""

    rate, size = 50, 10

    async def answer(self, prompt):
        now = self.since()
        level, then = getattr(self, "bucket", (self.size, now))
        level = min(self.size, level + (now - then) * self.rate)
        self.bucket = (level - 1 if level >= 1 else level, now)
        if level < 1:
            raise Refuse(429)
        await super().answer(prompt)

    def ideal(self, samples, one):
        return max(super().ideal(samples, one), (samples - self.size) / self.rate)


class Queue(Scenario):
    """Six at once, and nobody beyond."""

    capacity = served = 6

    async def answer(self, prompt):
        if self.in_flight > self.capacity:
            raise Refuse(429)
        await super().answer(prompt)


class Endless(Queue):
    """Six at once; whoever comes beyond waits."""

    async def answer(self, prompt):
        if not hasattr(self, "places"):
            self.places = asyncio.Semaphore(self.capacity)
        async with self.places:
            await asyncio.sleep(self.latency)


class Outage(Scenario):
    """Away for twelve seconds, after three."""

    start, length, after = 3, 12, None

    async def answer(self, prompt):
        if self.start <= self.since() < self.start + self.length:
            raise Refuse(503, self.after)
        await super().answer(prompt)

    def ideal(self, samples, one):
        return super().ideal(samples, one) + self.length


class OutageSpoken(Outage):
    """The same, with `Retry-After: 5`."""

    after = 5


class OutageLong(Outage):
    """Away for a minute."""

    length = 60


class OutageLongSpoken(OutageLong):
    """The same, with `Retry-After: 5`."""

    after = 5


class OutageBroken(Outage):
    """Away for twelve seconds: connections are closed without a word."""

    async def answer(self, prompt):
        if self.start <= self.since() < self.start + self.length:
            raise Break
        await asyncio.sleep(self.latency)


class Hangs(Scenario):
    """One prompt in fifty is never answered, and one in fifty a byte a second; the time is that of all others."""

    idle = 20
    arguments = ("--max-retries", "0", "--attempt-timeout", "40")

    def way(self, prompt):
        return {0: "hang", 1: "drip"}.get((prompt * 0x9E3779B1 >> 8) % 50)

    async def answer(self, prompt):
        if self.way(prompt) == "hang":
            await asyncio.sleep(3600)
        await super().answer(prompt)

    def ideal(self, samples, one):
        return super().ideal(samples, one) * sum(self.way(prompt) is None for prompt in range(samples)) / samples


SCENARIOS = {one.__name__.lower(): one for one in Scenario.__subclasses__() for one in [one, *one.__subclasses__()]}
SCENARIOS |= {one.__name__.lower(): one for middle in list(SCENARIOS.values()) for one in middle.__subclasses__()}


class Server:
    """Serves a scenario on a thread of its own."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.last = 0.0
        self.answered = 0
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.run, args=[ready], daemon=True).start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)

        async def serve():
            self.server = await asyncio.start_server(self.connection, "127.0.0.1", 0, backlog=1024)
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()

        self.loop.create_task(serve())
        self.loop.run_forever()

    def stop(self):
        def end():
            self.server.close()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()

        self.loop.call_soon_threadsafe(end)

    async def connection(self, reader, writer):
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        body = await reader.readexactly(length)
        if not head.startswith(b"POST"):
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return True
        prompt = int(json.loads(body)["messages"][-1]["content"].split()[-1])
        scenario = self.scenario
        scenario.began = scenario.began or time.monotonic()
        scenario.asked_last = scenario.since()
        scenario.requests += 1
        scenario.in_flight += 1
        scenario.asked[prompt] = scenario.asked.get(prompt, 0) + 1
        try:
            await scenario.answer(prompt)
            status, after, content = 200, None, {"choices": [{"message": {"role": "assistant", "content": f"{prompt}"}, "finish_reason": "stop"}]}
        except Refuse as refusal:
            status, after, content = refusal.status, refusal.after, {"error": {"message": "not now"}}
        except Break:
            return False
        finally:
            scenario.in_flight -= 1
        text = json.dumps(content).encode()
        more = f"retry-after: {after}\r\n" if after is not None else ""
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{more}content-length: {len(text)}\r\n\r\n".encode()
        answer = head + text
        if getattr(scenario, "way", lambda _: None)(prompt) == "drip":
            # The head comes at once, so that it is an answer under way and not one that has not begun.
            writer.write(head)
            for byte in text:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
            return True
        writer.write(answer)
        await writer.drain()
        if status == 200:
            self.answered += 1
            self.last = scenario.since()
        return True


def measure(program, scenario, samples):
    """Seconds until the last answer, and whether nothing was lost or doubled."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "suite").mkdir()
        (work / "suite/suite.toml").write_text(SUITE)
        with open(work / "suite/t.jsonl", "w") as out:
            for number in range(samples):
                out.write(json.dumps({"id": str(number), "input": f"What is {number}", "target": str(number)}) + "\n")
        server = Server(scenario)
        idle = f"timeouts = {{ idle = {scenario.idle} }}\n" if scenario.idle else ""
        entry = f'[models.m]\nbase_url = "http://127.0.0.1:{server.port}/v1"\nmodel = "m"\n{idle}'
        (work / "models.toml").write_text(entry)
        command = [program, "run", "suite", "--models", "models.toml", "-m", "m", "-j", str(scenario.at_once), "-o", "out", "-q", *scenario.arguments]
        done = subprocess.run([str(part) for part in command], cwd=work, capture_output=True, text=True)
        took = scenario.since()
        server.stop()
        (run,) = (work / "out").iterdir() if (work / "out").exists() else [None]
        rows = list(csv.DictReader(open(run / "results.csv")))
        attempts = sum(1 for _ in csv.DictReader(open(run / "calls.csv")))
        return {
            "exit": done.returncode,
            "seconds": server.last,
            "whole": took,
            "after": took - scenario.asked_last,
            "answered": sum(row["outcome"] == "answered" for row in rows),
            "lost": samples - len({row["sample"] for row in rows if row["outcome"] == "answered"}),
            "attempts": attempts,
            "requests": scenario.requests,
            "stderr": done.stderr.strip().splitlines()[-1:],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=Path("target/release"))
    parser.add_argument("--runs", type=int, default=3, help="runs of each scenario; medians are printed")
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--only", nargs="*", default=list(SCENARIOS), metavar="NAME", help=", ".join(SCENARIOS))
    options = parser.parse_args()
    program = (options.programs / "cleanbench").resolve()
    steady = {}
    print(
        f"{'scenario':<18} {'computed':>8} {'measured':>8} {'median':>7} {'/comp.':>6} {'/meas.':>6} {'ratio':>6} {'whole':>7} {'after':>6} {'lost':>5} {'requests':>9}"
        f" {'on record':>9}  exits"
    )
    for name in options.only:
        scenario = SCENARIOS[name]()
        kind = (scenario.latency, scenario.served or scenario.at_once)
        if kind not in steady:
            runs = [measure(program, scenario.steady(), options.samples) for _ in range(options.runs)]
            steady[kind] = statistics.median(run["seconds"] for run in runs) / options.samples
        runs = [measure(program, SCENARIOS[name](), options.samples) for _ in range(options.runs)]
        computed = scenario.ideal(options.samples, scenario.computed())
        measured = scenario.ideal(options.samples, steady[kind])
        seconds = statistics.median(run["seconds"] for run in runs)
        whole, after = (statistics.median(run[key] for run in runs) for key in ("whole", "after"))
        lost, requests, attempts = (max(run[key] for run in runs) for key in ("lost", "requests", "attempts"))
        exits = ",".join(str(run["exit"]) for run in runs)
        print(
            f"{name:<18} {computed:8.1f} {measured:8.1f} {seconds:7.1f} {seconds / computed:6.2f} {seconds / measured:6.2f}"
            f" {seconds / min(computed, measured):6.2f} {whole:7.1f} {after:6.1f} {lost:5} {requests:9} {attempts:9}  {exits} {runs[-1]['stderr']}",
            flush=True,
        )


if __name__ == "__main__":
    main()
