"""Compare the likelihoods of texts that cleanbench recorded with ones worked out here.

    independent_likelihood.py CLEANBENCH SERVER_URL suite FOLDER
    independent_likelihood.py CLEANBENCH SERVER_URL check RUN

`suite` writes a suite of texts in English, German, Chinese, code and emoji; `check` takes every
token of them to the llama.cpp server once more, one at a time: what follows each prefix is asked
for without forcing anything, and the token is looked up in the server's list. It shares no code
with cleanbench, and fails if a token or a text differs by more than TOLERANCE nats.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

TOLERANCE = 1e-3
LIKELIEST = [5_000, 1_000_000]
TEXTS = {
    "english": [
        ("The ferry leaves the harbour at", ["half past seven in the morning", "the end of a long pier"]),
        ("A good hammer needs", ["a handle of ash and a head of steel", "nobody who cannot swing it"]),
    ],
    "german": [
        ("Die Brücke über den Fluss ist", ["seit März für Lastwagen gesperrt", "größer als die übrigen Stege"]),
        ("Im Garten hinter dem Haus", ["blühen die Äpfel früh", "hört man abends die Frösche"]),
    ],
    "chinese": [
        ("今天早上的火车", ["晚点了二十分钟", "没有停在这个小站"]),
        ("图书馆的门口有", ["一棵很老的银杏树", "两个卖花的孩子"]),
    ],
    "code": [
        ("fn area(width: f64, height: f64) -> f64 {", ["\n    width * height\n}", "\n    return 2.0 * (width + height);\n}"]),
        ("for row in table:", ["\n    total += row[\"price\"]", "\n    print(row, end=\"\\t\")"]),
    ],
    "emoji": [
        ("Party at eight", ["🎉 bring cake 🍰", "🥳🎈 and no speeches"]),
        ("The weather tomorrow:", ["🌧️ then 🌤️", "❄️❄️ all day ☃️"]),
    ],
}
SUITE = """name = "weighed-texts"
version = "1"

[[task]]
name = "texts"
data = "texts.jsonl"
sensitivity = "public"
prompt = "{{ input }}"
method = "likelihood"
scorers = ["likelihood"]
"""


def write_suite(folder):
    folder.mkdir(parents=True)
    (folder / "suite.toml").write_text(SUITE)
    with open(folder / "texts.jsonl", "w", encoding="utf-8") as out:
        for kind, pairs in TEXTS.items():
            for number, (prompt, texts) in enumerate(pairs):
                row = {"id": f"{kind}-{number}", "input": prompt, "choices": texts, "target": texts[0]}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


class Server:
    def __init__(self, url):
        self.url = url
        self.direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path, body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        return json.loads(self.direct.open(request, timeout=120).read().decode("utf-8", "replace"))

    def tokens(self, text, begins):
        return self.ask("/tokenize", {"content": text, "add_special": begins, "parse_special": False})["tokens"]

    def after(self, prefix, token):
        """Log probability of `token` after `prefix`."""
        for count in LIKELIEST:
            body = {"prompt": prefix, "n_predict": 1, "n_probs": count, "temperature": 0,
                    "post_sampling_probs": False, "cache_prompt": False}
            entries = self.ask("/completion", body).get("completion_probabilities")
            if not entries:
                # What it would write begins within a character, and then it lists nothing. The list is
                # the same whatever is written.
                entries = self.ask("/completion", body | {"grammar": 'root ::= "the"'})["completion_probabilities"]
            for entry in entries[0]["top_logprobs"]:
                if entry["id"] == token:
                    return entry["logprob"]
        sys.exit(f"token {token} is not in the whole list after {prefix}")


def recorded(program, run, sample):
    shown = subprocess.run([program, "show", run, sample, "--format", "json"], capture_output=True, text=True)
    if shown.returncode:
        sys.exit(f"show {sample} exited with {shown.returncode}: {shown.stderr}")
    return json.loads(shown.stdout)


def compare(program, server, run):
    worst, failed = 0.0, []
    for kind, pairs in TEXTS.items():
        tokens, largest, largest_sum = 0, 0.0, 0.0
        for number, (prompt, texts) in enumerate(pairs):
            (sample,) = recorded(program, run, f"{kind}-{number}")
            (call,) = sample["calls"]
            if not call["likelihoods"]:
                sys.exit(f"{kind}-{number}: {call['outcome']}: {call['error']}")
            for text, found in zip(texts, call["likelihoods"], strict=True):
                if found["bytes"] == len(text.encode()) + 1:
                    text = " " + text
                start, whole = server.tokens(prompt, True), server.tokens(prompt + text, True)
                rest = whole[len(start):] if whole[:len(start)] == start else server.tokens(text, False)
                if len(rest) != len(found["logprobs"]):
                    failed.append(f"{text!r}: {len(found['logprobs'])} tokens recorded, {len(rest)} here")
                    continue
                own = [server.after(start + rest[:place], token) for place, token in enumerate(rest)]
                differences = [abs(one - other) for one, other in zip(own, found["logprobs"])]
                apart = abs(sum(own) - sum(found["logprobs"]))
                if max(differences) > TOLERANCE or apart > TOLERANCE:
                    failed.append(f"{text!r}: {max(differences):.2g} nats at a token, {apart:.2g} in the sum")
                tokens += len(rest)
                largest, largest_sum = max(largest, *differences), max(largest_sum, apart)
        worst = max(worst, largest, largest_sum)
        print(f"{kind}: {sum(len(texts) for _, texts in pairs)} texts, {tokens} tokens, apart by at most "
              f"{largest:.1e} nats a token, {largest_sum:.1e} a text", flush=True)
    if failed:
        sys.exit("\n".join(failed))
    print(f"likelihoods agree to {worst:.1e} nats")


def main():
    program, url, what, folder = sys.argv[1:]
    if what == "suite":
        write_suite(Path(folder))
    else:
        compare(program, Server(url), folder)


if __name__ == "__main__":
    main()
