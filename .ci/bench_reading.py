"""Measures reading a run again: `report`, `verify` and `show`, beside the raw cost of hashing the same bytes.

One run of short samples is made against the fake server and read several times, in turns. Prints seconds, CPU
seconds, peak memory, bytes on disk a sample, and ratios to hashing. Asserts nothing.
Run it as `bash .ci/bench reading`; for the options: `bash .ci/bench reading --help`.
"""

import argparse
import hashlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bench

CHUNK = 1 << 20


def make_run(programs, work, samples):
    """A finished run of `samples` short samples."""
    bench.write_suite(work / "suite", samples)
    server = bench.Server(programs, 0)
    command = [programs / "cleanbench", "run", work / "suite", "-m", f"{server.url}#bench", "-j", "256", "-q"]
    done = subprocess.run([*command, "-o", work / "runs"], capture_output=True, text=True)
    server.stop()
    if done.returncode != 0:
        sys.exit(f"cleanbench exited with {done.returncode}:\n{done.stderr}")
    (run,) = (work / "runs").iterdir()
    return run


def hash_pieces(pieces):
    """SHA-256 over parts of files, as much as a thread of its own would read."""
    for path, start, length in pieces:
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            file.seek(start)
            while length > 0 and (block := file.read(min(CHUNK, length))):
                digest.update(block)
                length -= len(block)


def shares(run, threads):
    """The bytes that a report rests on, in `threads` equal shares."""
    sources = [run / "samples.jsonl", *sorted((run / "journal").iterdir()), *sorted((run / "payloads").iterdir())]
    found = [[] for _ in range(threads)]
    for path in sources:
        part = path.stat().st_size // threads + 1
        for thread in range(threads):
            found[thread].append((path, thread * part, part))
    return found


def hashing(run, threads):
    began = time.time()
    with ThreadPoolExecutor(threads) as pool:
        # `hashlib` lets other threads work while it hashes.
        list(pool.map(hash_pieces, shares(run, threads)))
    return {"wall_s": time.time() - began}


def reading(command):
    """One command as a process of its own: seconds, CPU seconds, peak memory."""
    began = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    error = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} exited with {process.returncode}:\n{error}")
    # The resident set of a child counts what its parent had before the exec; that is far below these.
    return {"wall_s": time.time() - began, "cpu_s": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}


def measure(program, run, repeats, samples):
    """All measurements, each kind once a turn."""
    one = f"t{samples // 3:07}"
    found = {}
    for _ in range(repeats):
        (run / "show.index").unlink(missing_ok=True)
        for name, once in {
            "hash, 1 thread": lambda: hashing(run, 1),
            "hash, 2 threads": lambda: hashing(run, 2),
            "report": lambda: reading([program, "report", run]),
            "show, first": lambda: reading([program, "show", run, one]),
            "show, again": lambda: reading([program, "show", run, one]),
            "verify": lambda: reading([program, "verify", run]),
        }.items():
            found.setdefault(name, []).append(once())
    return found


def cell(rows, key, form):
    values = [row[key] for row in rows if key in row]
    return form.format(statistics.median(values)) if values else "-"


def print_table(found):
    base = statistics.median(row["wall_s"] for row in found["hash, 1 thread"])
    print(f"{'':17}{'seconds':>9}{'least':>8}{'most':>8}{'CPU s':>8}{'peak MiB':>10}{'x hash':>8}")
    for name, rows in found.items():
        walls = [row["wall_s"] for row in rows]
        print(f"{name:17}{statistics.median(walls):9.2f}{min(walls):8.2f}{max(walls):8.2f}"
              f"{cell(rows, 'cpu_s', '{:.2f}'):>8}{cell(rows, 'peak_mib', '{:.0f}'):>10}"
              f"{statistics.median(walls) / base:8.1f}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=300_000, metavar="N", help="samples of the run [300000]")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="turns [3]")
    parser.add_argument("--run", type=Path, metavar="DIR", help="a run made before, instead of a new one; its tables and show.index are made anew")
    parser.add_argument("--programs", type=Path, default=Path("target/dist"), help="folder of the built programs")
    options = parser.parse_args()
    if options.samples < 1 or options.repeats < 1:
        parser.error("--samples and --repeats are at least 1")
    return options


def main():
    options = arguments()
    programs = options.programs.resolve()
    work = programs.parent / "bench-reading"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print(f"{os.cpu_count()} cores, load average {' '.join(f'{load:.1f}' for load in os.getloadavg())} at the start")
    run = options.run or make_run(programs, work, options.samples)
    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file() and path.name != "show.index")
    hashed = sum(path.stat().st_size for path, start, _ in shares(run, 1)[0] if start == 0)
    samples = int(re.search(r'"samples":\s*(\d+)', (run / "run.json").read_text())[1])
    print(f"{samples} samples, {size / samples / 1000:.2f} kB a sample on disk; hashed: {hashed / 1e6:.0f} MB of journal,"
          f" payloads and samples; medians of {options.repeats}, in turns")
    print_table(measure(programs / "cleanbench", run, options.repeats, samples))
    print("hash: SHA-256 (Python's hashlib) of what a report rests on, from the page cache; show, first: without its index")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
