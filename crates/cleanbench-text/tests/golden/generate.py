"""Writes the golden values of the text metrics by their reference implementations.

    python -m venv venv && venv/bin/pip install rouge-score==0.1.2 sacrebleu==2.6.0 nltk==3.10.4
    venv/bin/python generate.py [FOLDER WITH PUBLIC DATA]

Writes `own.json` from the texts below, and, where the folder is named, `public.json`: values for
answers that stand there, by their ids and without their texts. F1 follows the published formula of
SQuAD (normalise, compare as bags), written down here anew.
"""

import json
import re
import string
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from nltk.metrics.distance import edit_distance
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

ROUGE = RougeScorer(["rougeL"], use_stemmer=False)
BLEU_13A = BLEU(effective_order=True)
BLEU_CHAR = BLEU(effective_order=True, tokenize="char")
CHRF2 = CHRF()


def squad_tokens(text):
    text = "".join(sign for sign in text.lower() if sign not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def f1(answer, target):
    answer, target = squad_tokens(answer), squad_tokens(target)
    if not answer or not target:
        return float(answer == target)
    common = sum((Counter(answer) & Counter(target)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(answer), common / len(target)
    return 2 * precision * recall / (precision + recall)


def edits(answer, target):
    longest = max(len(answer), len(target))
    return 1 - edit_distance(answer, target) / longest if longest else 1.0


def values(answer, targets):
    return {
        "f1": max(f1(answer, target) for target in targets),
        "rouge_l": ROUGE.score_multi(targets, answer)["rougeL"].fmeasure,
        "bleu": BLEU_13A.sentence_score(answer, targets).score / 100,
        "bleu_char": BLEU_CHAR.sentence_score(answer, targets).score / 100,
        "chrf": CHRF2.sentence_score(answer, targets).score / 100,
        "edit_similarity": max(edits(answer, target) for target in targets),
    }


OWN = [
    ("The parcel was left with the neighbour.", ["The parcel was left with the neighbour."]),
    ("the parcel was left with a neighbour", ["The parcel was left with the neighbour."]),
    ("A neighbour has it.", ["The parcel was left with the neighbour.", "The neighbour has the parcel."]),
    ("left neighbour the with was parcel the", ["The parcel was left with the neighbour."]),
    ("Nothing of the sort", ["Parcel delivered on time"]),
    ("", ["Something"]),
    ("Something", [""]),
    ("", [""]),
    ("!?", ["..."]),
    ("the", ["a"]),
    ("the", ["The an a"]),
    ("yes", ["yes", "yes"]),
    ("one two three four", ["one two three", "one two three four five"]),
    ("one two three four", ["one two three four five", "one two three"]),
    ("echo echo echo echo", ["echo", "echo echo"]),
    ("Der Zähler wurde am 3. März abgelesen; er stand auf 4.711,5 kWh.",
     ["Am 3. März wurde der Zähler abgelesen: 4.711,5 kWh."]),
    ("Größe, Straße, Übermaß", ["GRÖSSE, STRASSE, ÜBERMASS"]),
    ("Die Müllabfuhr kommt freitags.", ["Freitags kommt die Müllabfuhr nicht."]),
    ("包裹放在邻居家了。", ["包裹已经放在邻居家。"]),
    ("水表读数是三百二十。", ["电表读数是四百。", "水表的读数是三百二十。"]),
    ("倉庫は三階にあります", ["倉庫は二階にある"]),
    ("def area(r):\n    return 3.14159 * r ** 2\n", ["def area(radius):\n    return math.pi * radius**2"]),
    ("for (int i=0;i<n;i++) sum+=a[i];", ["for (size_t i = 0; i < n; ++i) { sum += a[i]; }"]),
    ('{"status": "ok", "count": 3}', ['{"count": 3, "status": "OK"}']),
    ("Great 👍🏽 see you 🚆 at 9!", ["Great 👍 see you at 9 🚆"]),
    ("👨‍👩‍👧", ["👨‍👩‍👦"]),
    ("Costs rose 3.5% to $1,200 -- or 1,200.00?", ["Costs rose by 3.5 % to $ 1,200."]),
    ("e.g. the mid-1990s-era half-\nfinished bridge", ["the half-finished bridge of the mid-1990s"]),
    ("R&amp;D &lt;b&gt;team&lt;/b&gt; &quot;A&quot; <skipped>x", ["R&D <b>team</b> \"A\" x"]),
    ("tabs\tand\u00a0no-break\u2009spaces\u001cand separators", ["tabs and no-break spaces and separators"]),
    ("İstanbul ΟΔΟΣ ſ K", ["istanbul οδος s k"]),
    ("trailing   \n", ["trailing"]),
    ("café naïve", ["café naïve"]),
    ("don't can't won't", ["do not cannot will not", "dont cant wont"]),
    ("word " * 70 + "end", ["word " * 65 + "start " * 3 + "end"]),
    ("a" * 130 + "b" * 70, ["a" * 70 + "c" + "b" * 128]),
]


def write(name, rows):
    about = {
        "by": {name: version(name) for name in ["rouge-score", "sacrebleu", "nltk"]},
        "python": sys.version.split()[0],
    }
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    text = '{"about": ' + json.dumps(about) + ',\n"rows": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(__file__).with_name(name).write_text(text, encoding="utf-8")


def public(folder):
    rows = []
    lines = (folder / "truthfulqa/truthfulqa_test.jsonl").read_text(encoding="utf-8").splitlines()
    for item in map(json.loads, lines[:200]):
        found = values(item["best_incorrect_answer"], item["correct_answers"])
        rows.append({"set": "truthfulqa", "id": item["id"], "values": found})
    lines = (folder / "model_outputs/gsm8k_openai_2021.jsonl").read_text(encoding="utf-8").splitlines()
    for item in map(json.loads, lines[:150]):
        found = values(item["6b_finetuning"]["solution"], [item["ground_truth"]])
        rows.append({"set": "gsm8k", "id": item["id"], "values": found})
    return rows


write("own.json", [{"answer": a, "targets": t, "values": values(a, t)} for a, t in OWN])
if len(sys.argv) > 1:
    write("public.json", public(Path(sys.argv[1])))
