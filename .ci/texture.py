"""The texture of the code: how long functions are, how large crates are, what travels as a tuple.

Prints what it measured and fails beyond the bounds below. Code of tests does not count, but in one of the two
shares of the largest crate: files of tests, and what follows `#[cfg(test)]` in a file. Run it from anywhere:
`python3 .ci/texture.py`.
"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_SHARE = 13.0  # per cent of all lines that one crate may hold, with tests and without
MEDIAN, P90, LONGEST = 9, 26, 80  # lines of a function, its signature and its last brace included
TESTKIT = "cleanbench-testkit"  # counted in lines, not in functions: it is for tests

FUNCTION = re.compile(
    r"^(\s*)(?:pub(?:\([^)]*\))?\s+)?(?:default\s+|const\s+|async\s+|unsafe\s+|extern\s+)*fn\s+(\w+)"
)
# A parameter that is a tuple, refers to one or may be one: `at: (u64, &str)`, `run: &(A, B)`, `x: Option<(A, B)>`.
TUPLE = re.compile(r":\s*(?:&\s*(?:'\w+\s+)?(?:mut\s+)?)?(?:Option<)?(?:&\s*(?:'\w+\s+)?(?:mut\s+)?)?\(")
# The arguments of a function that is a parameter are no tuple.
FUNCTION_TYPE = re.compile(r"\b(?:Fn|FnMut|FnOnce|fn)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)")


def sources():
    """Crate, path and lines before the tests, of every source file."""
    for path in sorted(ROOT.glob("crates/*/src/**/*.rs")):
        if path.name == "tests.rs" or "tests" in path.parts:
            continue
        lines = path.read_text(encoding="utf-8").split("\n")
        ends = (at for at, line in enumerate(lines) if line.strip() == "#[cfg(test)]")
        yield path.relative_to(ROOT / "crates").parts[0], path, lines[: next(ends, len(lines))]


def signature(lines, start):
    """The text of a signature that begins at `start`, and the line on which it ends."""
    text = ""
    for at in range(start, len(lines)):
        text += lines[at].strip() + " "
        if lines[at].rstrip().endswith(("{", ";", "}")):
            return text, at
    return text, len(lines) - 1


def parameters(text):
    """What stands between the outermost parentheses of a signature."""
    depth, begin = 0, text.find("(", text.find("fn "))
    for at in range(begin, len(text)):
        depth += text[at] in "([{"
        depth -= text[at] in ")]}"
        if depth == 0:
            return text[begin + 1 : at]
    return text[begin + 1 :]


def functions(lines):
    """First line, name, length and parameters of every function that stands in no other."""
    at = 0
    while at < len(lines):
        found = FUNCTION.match(lines[at])
        if not found:
            at += 1
            continue
        text, opened = signature(lines, at)
        end = opened
        if text.rstrip().endswith("{"):
            closing = found.group(1) + "}"
            end = next((n for n in range(opened + 1, len(lines)) if lines[n].rstrip() == closing), opened)
        yield at + 1, found.group(2), end - at + 1, parameters(text)
        at = end + 1


def largest(sizes, what, faults):
    """Prints which crate is the largest by `sizes`, and what share it holds; too large a one is a fault."""
    crate, size = sizes.most_common(1)[0]
    share = 100 * size / sum(sizes.values())
    print(f"{sum(sizes.values())} lines {what} in {len(sizes)} crates; the largest, {crate}, holds {share:.1f} %")
    if share > LARGEST_SHARE:
        faults.append(f"{crate} holds {share:.1f} % of the lines {what}, more than {LARGEST_SHARE}: divide it")


def main():
    # A crate is what must be read to change it, its tests too, and what runs, without them.
    lengths, faults, with_tests, without = [], [], Counter(), Counter()
    for path in ROOT.glob("crates/**/*.rs"):
        with_tests[path.relative_to(ROOT / "crates").parts[0]] += path.read_text(encoding="utf-8").count("\n")
    for crate, path, lines in sources():
        place = path.relative_to(ROOT)
        without[crate] += len(lines)
        if not lines[0].startswith("//!"):
            faults.append(f"{place}: does not open with `//!`")
        if crate == TESTKIT:
            continue
        for line, name, length, given in functions(lines):
            lengths.append(length)
            if length > LONGEST:
                faults.append(f"{place}:{line}: `{name}` has {length} lines, more than {LONGEST}")
            if TUPLE.search(FUNCTION_TYPE.sub("", given)):
                faults.append(f"{place}:{line}: `{name}` takes a tuple; give it a type with names")
    lengths.sort()
    median, p90 = (lengths[int(len(lengths) * share)] for share in (0.5, 0.9))
    print(f"{len(lengths)} functions: median {median} lines, p90 {p90}, longest {lengths[-1]}")
    largest(with_tests, "with tests", faults)
    largest(without, "without tests", faults)
    if median > MEDIAN:
        faults.append(f"the median function has {median} lines, more than {MEDIAN}")
    if p90 > P90:
        faults.append(f"a tenth of the functions have {p90} lines or more, {P90} are allowed")
    for fault in faults:
        print(f"- {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
