"""The numbers of gates, `compare`, `summary.csv` and `slices.csv`, computed by others: scipy, statsmodels, and formulas
written down a second time from the papers that the program names.

    python3 values.py data     writes the samples of every task, with what each side answers
    python3 values.py          reads them and `suite.toml`, and writes golden.json

Run with Python 3.11, scipy 1.17.1 and statsmodels 0.15.0. The test, `independent_values.rs`, needs none of them.

A value is {"file", "at", "value", "by"}: where it stands in what the program writes, and what it was computed by.
"""

import itertools
import json
import math
import random
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
TASKS = ["rates", "few", "partial", "clusters", "skewed", "sparse", "epochs"]
RIGHT = "north gate"
PARTS = {"1": RIGHT, "4/5": "north gate now", "2/3": "north", "1/2": "north then", "0": "south"}
LOST = "lost"
ALPHA = 0.05
MISSING = object()

# --- the data ------------------------------------------------------------------------------------------------------


def line(task, number, base, new, **metadata):
    words = " please" * (number % 3)
    return {
        "id": f"{task}{number}",
        "input": f"Answer {number} of {task}{words}.",
        "target": RIGHT,
        "metadata": {**metadata, "lang": ["de", "en", "fr"][number % 3], "base": base, "new": new},
    }


def pick(draw, weights):
    return PARTS[draw.choices(list(weights), list(weights.values()))[0]]


def make():
    draw = random.Random(2026)
    rows = {task: [] for task in TASKS}
    for number in range(240):
        base = pick(draw, {"1": 82, "0": 18})
        flips = draw.random() < 0.12
        new = base if not flips else PARTS["0"] if base == RIGHT else RIGHT
        rows["rates"].append(line("rates", number, base, new))
    for number in range(80):
        base = LOST if number % 31 == 5 else pick(draw, {"1": 80, "0": 20})
        new = LOST if number % 17 == 3 else pick(draw, {"1": 85, "0": 15})
        rows["few"].append(line("few", number, base, new))
    even = {"1": 30, "4/5": 20, "2/3": 20, "1/2": 10, "0": 20}
    for number in range(400):
        rows["partial"].append(line("partial", number, pick(draw, even), pick(draw, even)))
    number = 0
    for cluster in range(150):
        kind = pick(draw, even)
        for _ in range(1 + cluster % 3):
            base, new = (kind if draw.random() < 0.6 else pick(draw, even) for _ in range(2))
            rows["clusters"].append(line("clusters", number, base, new, customer=f"c{cluster}"))
            number += 1
    for number in range(40):
        rows["skewed"].append(line("skewed", number, RIGHT, PARTS["2/3"] if number in (7, 30) else RIGHT))
    for number in range(48):
        up, down = number % 7 == 1, number % 7 == 4
        base = PARTS["2/3"] if up or number % 2 else RIGHT
        base = RIGHT if down else base
        new = RIGHT if up else PARTS["1/2"] if down else base
        rows["sparse"].append(line("sparse", number, base, new))
    for number in range(40):
        # How many of five answers are empty.
        base, new = (str(draw.choice([0, 0, 1, 2, 3])) for _ in range(2))
        rows["epochs"].append(line("epochs", number, base, new))
    for task, samples in rows.items():
        text = "".join(json.dumps(sample) + "\n" for sample in samples)
        (HERE / f"{task}.jsonl").write_text(text, encoding="utf-8")


def f1(answer):
    """Words in common, by how many there are: the harmonic mean of both shares."""
    target, words = RIGHT.split(), answer.split()
    common = sum(word in target for word in words)
    if common == 0:
        return 0.0
    precision, recall = common / len(words), common / len(target)
    return 2 * precision * recall / (precision + recall)


def score(task, answer):
    if answer == LOST:
        return MISSING
    if task == "epochs":
        return (5 - int(answer)) / 5
    return f1(answer)


class Task:
    def __init__(self, name):
        text = (HERE / f"{name}.jsonl").read_text(encoding="utf-8")
        self.name = name
        self.samples = [json.loads(row) for row in text.splitlines()]
        self.base, self.new = (
            [score(name, sample["metadata"][side]) for sample in self.samples] for side in ("base", "new")
        )
        self.clusters = [sample["metadata"].get("customer") for sample in self.samples]
        self.langs = [sample["metadata"]["lang"] for sample in self.samples]

    def known(self, lang=None):
        """Scores of the candidate that are known, of all samples or of a slice."""
        rows = zip(self.new, self.langs)
        return [score for score, own in rows if score is not MISSING and lang in (None, own)]

    def complete(self, lang=None):
        rows = zip(self.base, self.new, self.langs, self.clusters)
        return [row for row in rows if MISSING not in row[:2] and lang in (None, row[2])]

    def at_worst(self):
        """What speaks against the candidate."""
        return [
            (1.0 if base is MISSING else base, 0.0 if new is MISSING else new) for base, new in zip(self.base, self.new)
        ]

    def at_best(self):
        return [
            (0.0 if base is MISSING else base, 1.0 if new is MISSING else new) for base, new in zip(self.base, self.new)
        ]


# --- the methods ---------------------------------------------------------------------------------------------------


def wilson(right, n, alpha=ALPHA):
    from statsmodels.stats.proportion import proportion_confint

    return proportion_confint(right, n, alpha, method="wilson")


def clopper_pearson(right, n, alpha):
    """Both ends, each wrong with a chance of `alpha`."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(right, n, 2 * alpha, method="beta")
    return (0.0 if right == 0 else low), (1.0 if right == n else high)


def student(values, alpha):
    """Both ends of the mean, each wrong with a chance of `alpha`."""
    from statsmodels.stats.weightstats import DescrStatsW

    return DescrStatsW(values).tconfint_mean(2 * alpha)


def clustered(values, clusters):
    """Mean, cluster-robust standard error and degrees of freedom."""
    import numpy
    from statsmodels.api import OLS

    _, groups = numpy.unique(clusters, return_inverse=True)
    fit = OLS(values, numpy.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}, use_t=True
    )
    return fit.params[0], fit.bse[0], len(set(clusters)) - 1


def cluster_t(values, clusters, alpha):
    from scipy.stats import t

    mean, error, degrees = clustered(values, clusters)
    reach = t.isf(alpha, degrees) * error
    return mean - reach, mean + reach


def t_above(values, bound):
    from scipy.stats import ttest_1samp

    return ttest_1samp(values, bound, alternative="greater").pvalue


def cluster_t_above(values, clusters, bound):
    from scipy.stats import t

    mean, error, degrees = clustered(values, clusters)
    return t.sf((mean - bound) / error, degrees)


def portfolio(values, low, high, clusters=None):
    """Logarithm of the capital of those who bet that the mean is above `mean`, 0 to 1: parts from .99 on, each smaller by
    the root of 2, down to one over the root of n. A cluster is one bet, and none stakes more than the largest."""
    scaled = [(value - low) / (high - low) for value in values]
    units = defaultdict(list)
    for number, value_ in enumerate(scaled):
        units[clusters[number] if clusters else number].append(value_)
    least, largest = 1 / math.sqrt(len(units)), max(map(len, units.values()))
    parts = list(itertools.takewhile(lambda part: part >= least, (0.99 / math.sqrt(2) ** step for step in range(99))))

    def capital(mean):
        gains = [(math.fsum(unit) / mean - len(unit)) / largest for unit in units.values()]
        logs = [math.fsum(math.log1p(part * gain) for gain in gains) for part in parts]
        most = max(logs)
        return most + math.log(math.fsum(math.exp(log - most) for log in logs) / len(parts))

    return capital


def bets(values, low, high, alpha, clusters=None):
    """Both ends, each rounded outward to 2^-30 of the width."""

    def lowest(values, low, high):
        capital, (out, inside) = portfolio(values, low, high, clusters), (0.0, 1.0)
        for _ in range(30):
            middle = (out + inside) / 2
            if capital(middle) >= -math.log(alpha):
                out = middle
            else:
                inside = middle
        return low + out * (high - low)

    return lowest(values, low, high), -lowest([-value for value in values], -high, -low)


def bets_above(values, low, high, bound, clusters=None):
    return min(1.0, math.exp(-portfolio(values, low, high, clusters)((bound - low) / (high - low))))


def counts(pairs):
    """Number of pairs, and those that the candidate alone, and the baseline alone, solved."""
    return len(pairs), sum(new > base for base, new in pairs), sum(base > new for base, new in pairs)


def tango_z(n, first, second, delta):
    """T. Tango 1998: the statistic at the difference `delta`, first arm minus second."""
    quadratic, linear = 2 * n, -first - second + (2 * n - first + second) * delta
    constant = -second * delta * (1 - delta)
    rate = (math.sqrt(max(linear**2 - 4 * quadratic * constant, 0)) - linear) / (2 * quadratic)
    variance = n * (2 * rate + delta * (1 - delta))
    return (first - second - n * delta) / math.sqrt(variance)


def tango(n, first, second, alpha):
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, estimate = norm.isf(alpha), (first - second) / n
    low = brentq(lambda delta: tango_z(n, first, second, delta) - z, -1 + 1e-12, estimate - 1e-12, xtol=1e-15)
    high = brentq(lambda delta: tango_z(n, first, second, delta) + z, estimate + 1e-12, 1 - 1e-12, xtol=1e-15)
    return low, high


def exact_tango(n, first, second, margin):
    """The largest chance, over the share of discordant pairs, of a statistic as large as the one observed."""
    import numpy
    from scipy.optimize import minimize_scalar
    from scipy.stats import multinomial

    least = tango_z(n, first, second, -margin)
    least -= 1e-9 * max(abs(least), 1)
    inside = [
        (one, other) for one in range(n + 1) for other in range(n + 1 - one) if tango_z(n, one, other, -margin) >= least
    ]
    outcomes = numpy.array([(one, other, n - one - other) for one, other in inside])

    def chance(rate):
        return multinomial.pmf(outcomes, n, [rate, rate + margin, 1 - 2 * rate - margin]).sum()

    widest = (1 - margin) / 2
    grid = [widest * (step / 200) ** 2 for step in range(1, 200)]
    best = max(grid, key=chance)
    around = sorted([best * 0.97, min(best * 1.03, widest)])
    found = minimize_scalar(lambda rate: -chance(rate), bounds=around, method="bounded", options={"xatol": 1e-12})
    return max(-found.fun, chance(best))


def mcnemar(first, second, exact=True):
    from statsmodels.stats.contingency_tables import mcnemar as test

    return test([[0, first], [second, 0]], exact=exact).pvalue


def mid_p(first, second):
    from scipy.stats import binom

    if first == second:
        return 1.0
    most, n = max(first, second), first + second
    return 2 * (binom.sf(most - 1, n, 0.5) - binom.pmf(most, n, 0.5) / 2)


def mcnemar_greater(first, second):
    from scipy.stats import binomtest

    return binomtest(first, first + second, 0.5, alternative="greater").pvalue


def sign_flip(values):
    """Over all flips of the values that are not 0, in whole sixths."""
    moving = [round(value * 6) for value in values if value != 0]
    observed = abs(sum(moving))
    sums = defaultdict(int)
    sums[0] = 1
    for value in moving:
        after = defaultdict(int)
        for total, ways in sums.items():
            after[total + value] += ways
            after[total - value] += ways
        sums = after
    return sum(ways for total, ways in sums.items() if abs(total) >= observed) / 2 ** len(moving)


def holm(p):
    from statsmodels.stats.multitest import multipletests

    return list(multipletests(p, method="holm")[1])


def bonferroni(p):
    from statsmodels.stats.multitest import multipletests

    return list(multipletests(p, method="bonferroni")[1])


def benjamini_hochberg(p):
    from statsmodels.stats.multitest import multipletests

    return list(multipletests(p, method="fdr_bh")[1])


def fieller(costs, solved, clusters, alpha):
    """Where t of costs minus a ratio times scores is just rejected, by searching the ratio."""
    from scipy.optimize import brentq
    from scipy.stats import t

    ratio = math.fsum(costs) / math.fsum(solved)

    def gap(theta, sign):
        values = [cost - theta * score for cost, score in zip(costs, solved)]
        if clusters:
            mean, error, degrees = clustered(values, clusters)
        else:
            degrees = len(values) - 1
            mean = math.fsum(values) / len(values)
            error = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / degrees / len(values))
        return sign * mean / error - t.isf(alpha, degrees)

    low = brentq(lambda theta: gap(theta, 1), ratio * 0.3, ratio, xtol=1e-20, rtol=1e-14)
    high = brentq(lambda theta: gap(theta, -1), ratio, ratio * 3, xtol=1e-20, rtol=1e-14)
    return ratio, low, high


def order_statistics(n, quantile, alpha):
    """Positions, from 0, of two order statistics between which the quantile lies; each wrong with a chance of `alpha`."""
    from scipy.stats import binom

    high = next(rank - 1 for rank in range(1, n + 1) if binom.sf(rank - 1, n, quantile) <= alpha)
    low = next(n - rank for rank in range(1, n + 1) if binom.sf(rank - 1, n, 1 - quantile) <= alpha)
    return low, high


# --- what the program must write -----------------------------------------------------------------------------------

VALUES = []


def value(file, at, found, by):
    VALUES.append({"file": file, "at": at, "value": found if isinstance(found, str) else float(found), "by": by})


def gate(number, by, **fields):
    for name, found in fields.items():
        value("gates.json", f"/gates/{number}/{name}", found, by)


def mean(values):
    return math.fsum(values) / len(values)


def ends(values, clusters):
    """Bounds of a mean score, each wrong with a chance of ALPHA, by what the values bear, and by what that was computed."""
    if not bears_t(values, clusters or [None], ALPHA):
        return (*bets(values, 0.0, 1.0, ALPHA, clusters), "universal portfolio")
    if clusters:
        return (*cluster_t(values, clusters, ALPHA), "statsmodels OLS cov_type cluster, scipy t")
    return (*student(values, ALPHA), "statsmodels DescrStatsW")


def single_gates(tasks):
    """Gates 0 to 10, in the order of suite.toml."""
    rates = tasks["rates"].new
    low, high = clopper_pearson(sum(rates), len(rates), ALPHA)
    gate(0, "statsmodels proportion_confint beta", estimate=mean(rates), low=low, high=high)
    few = tasks["few"]
    worst, best = (sum(new for _, new in pairs) for pairs in (few.at_worst(), few.at_best()))
    low, _ = clopper_pearson(worst, len(few.new), ALPHA)
    _, high = clopper_pearson(best, len(few.new), ALPHA)
    gate(1, "statsmodels proportion_confint beta, missing either way", estimate=mean(few.known()), low=low, high=high)
    for number, name in [(2, "partial"), (3, "clusters"), (4, "skewed"), (5, "epochs")]:
        task = tasks[name]
        low, high, by = ends(task.new, of_cluster(task))
        gate(number, by, estimate=mean(task.new), low=low, high=high)
    lost = sum(new is MISSING for new in few.new)
    low, high = clopper_pearson(lost, len(few.new), ALPHA)
    gate(6, "statsmodels proportion_confint beta", estimate=lost / len(few.new), low=low, high=high)
    for number, name in [(7, "rates"), (8, "partial"), (9, "clusters")]:
        task = tasks[name]
        ratio, low, high = fieller([cost(sample) for sample in task.samples], task.new, of_cluster(task), ALPHA)
        gate(number, "Fieller by search, scipy t and brentq", estimate=ratio, low=low, high=high)
    low, high = order_statistics(len(rates), 0.95, ALPHA)
    value("latency", "/low", low, "scipy binom")
    value("latency", "/high", high, "scipy binom")


def of_cluster(task):
    return task.clusters if task.clusters[0] else None


def cost(sample):
    """A dollar for a million words asked, and two for a million answered."""
    asked, answered = sample["input"].split(), sample["metadata"]["new"].split()
    return float(Fraction(len(asked) + 2 * len(answered), 10**6))


def paired_gates(tasks):
    """Gates 11 to 17; their one-sided p-values are adjusted together."""
    raw = []

    def paired(task, by, p, ends):
        number = 11 + len(raw)
        differences = [new - base for base, new, _, _ in task.complete()]
        gate(number, by, estimate=mean(differences), low=ends[0], high=ends[1], p=p)
        raw.append(p)

    rates, few = tasks["rates"], tasks["few"]
    table = counts(rates.at_worst())
    from scipy.stats import norm

    paired(rates, "Tango's score test", norm.sf(tango_z(*table, -0.08)), tango(*table, ALPHA))
    ends = tango(*counts(few.at_worst()), ALPHA)[0], tango(*counts(few.at_best()), ALPHA)[1]
    paired(few, "exact unconditional", exact_tango(*counts(few.at_worst()), 0.2), ends)
    partial = [new - base for base, new in zip(tasks["partial"].base, tasks["partial"].new)]
    paired(tasks["partial"], "scipy ttest_1samp", t_above(partial, -0.1), student(partial, ALPHA))
    clusters = tasks["clusters"]
    gaps = [new - base for base, new in zip(clusters.base, clusters.new)]
    ends = cluster_t(gaps, clusters.clusters, ALPHA)
    paired(clusters, "statsmodels OLS cluster", cluster_t_above(gaps, clusters.clusters, -0.1), ends)
    paired(rates, "scipy binomtest", mcnemar_greater(table[1], table[2]), tango(*table, ALPHA))
    paired(clusters, "statsmodels OLS cluster", cluster_t_above(gaps, clusters.clusters, 0.0), ends)
    skewed = [new - base for base, new in zip(tasks["skewed"].base, tasks["skewed"].new)]
    ends = bets(skewed, -1.0, 1.0, ALPHA)
    paired(tasks["skewed"], "universal portfolio", bets_above(skewed, -1.0, 1.0, -0.3), ends)
    for number, adjusted in enumerate(holm(raw)):
        value("gates.json", f"/gates/{11 + number}/adjusted_p", adjusted, "statsmodels multipletests holm")


def compared(tasks):
    """Tasks are judged at .05 shared out among them; a method for slices must be good at .05 shared out among these."""
    two_sided, sliced, places = [], [], []
    slices = sum(len(set(tasks[name].langs)) for name in TASKS)
    for at, name in enumerate(TASKS):
        task = tasks[name]
        where, pairs = f"/tasks/{at}/measured/complete", task.complete()
        by, found = measure(pairs, ALPHA / len(TASKS) / 2)
        two_sided.append(found["p"])
        for field, number in found.items():
            value("compare", f"{where}/{field}", number, by)
        for place, lang in enumerate(sorted(set(task.langs))):
            by, found = measure(task.complete(lang), ALPHA / slices / 2)
            sliced.append(found["p"])
            places.append(f"/tasks/{at}/slices/{place}")
            value("compare", f"{places[-1]}/measured/complete/p", found["p"], by)
    for at, adjusted in enumerate(bonferroni(two_sided)):
        value("compare", f"/tasks/{at}/finding/adjusted_p", adjusted, "statsmodels multipletests bonferroni")
    for place, adjusted in zip(places, benjamini_hochberg(sliced)):
        value("compare", f"{place}/finding/adjusted_p", adjusted, "statsmodels multipletests fdr_bh")


def measure(rows, alpha):
    """The method, and everything that is told of complete pairs; each end of the interval is wrong with a chance of `alpha`."""
    pairs = [row[:2] for row in rows]
    gaps, clusters = [new - base for base, new in pairs], [row[3] for row in rows]
    found = {"delta": mean(gaps)}
    if all(score in (0.0, 1.0) for pair in pairs for score in pair):
        n, first, second = counts(pairs)
        found["low"], found["high"] = tango(n, first, second, alpha)
        found |= {"p": mcnemar(first, second), "mid_p": mid_p(first, second)}
        for side, right in [("base", sum(base for base, _ in pairs)), ("candidate", sum(new for _, new in pairs))]:
            found[f"{side}/low"], found[f"{side}/high"] = wilson(right, n)
        return "Tango by brentq, statsmodels mcnemar and wilson, scipy binom", found
    if not bears_t(gaps, clusters, alpha):
        of = clusters if clusters[0] else None
        found["low"], found["high"] = bets(gaps, -1.0, 1.0, alpha, of)
        above, below = (bets_above([sign * gap for gap in gaps], -1.0, 1.0, 0.0, of) for sign in (1, -1))
        return "universal portfolio", found | {"p": min(1.0, 2 * min(above, below))}
    from scipy.stats import t, ttest_1samp

    if clusters[0]:
        centre, error, degrees = clustered(gaps, clusters)
        found["low"], found["high"] = cluster_t(gaps, clusters, alpha)
        found["p"] = 2 * t.sf(abs(centre) / error, degrees)
        return "statsmodels OLS cov_type cluster", found
    found["low"], found["high"] = student(gaps, alpha)
    found["p"] = ttest_1samp(gaps, 0.0).pvalue
    if sum(gap != 0 for gap in gaps) <= 16:
        found["sign_flip_p"] = sign_flip(gaps)
    return "scipy ttest_1samp, all flips of signs", found


def bears_t(values, clusters, alpha):
    """At least 30 values or clusters like 20 equal ones, and enough for their skewness."""
    from scipy.stats import norm, skew

    units = values
    if clusters[0]:
        grouped = defaultdict(list)
        for value_, cluster in zip(values, clusters):
            grouped[cluster].append(value_)
        centre, sizes = mean(values), [len(unit) for unit in grouped.values()]
        units = [sum(unit) - len(unit) * centre for unit in grouped.values()]
        if sum(sizes) ** 2 / sum(size**2 for size in sizes) < 20:
            return False
    elif len(values) < 30:
        return False
    if len(set(units)) == 1:
        return False
    z = norm.isf(alpha)
    shift = abs(skew(units)) * (2 * z * z + 1) * norm.pdf(z) / 6 / math.sqrt(len(units))
    return shift <= 0.15 * alpha


def summaries(tasks):
    for name in TASKS:
        task = tasks[name]
        scores = task.known()
        interval(f"summary.csv {name}", scores, [cluster for cluster in task.clusters if cluster], name == "epochs")
    for name in ["rates", "partial"]:
        for lang in ["de", "en", "fr"]:
            interval(f"slices.csv {name} {lang}", tasks[name].known(lang), [], False)


def interval(where, scores, clusters, epochs):
    if all(score in (0.0, 1.0) for score in scores) and not epochs:
        (low, high), by = wilson(sum(scores), len(scores)), "statsmodels proportion_confint wilson"
    elif not bears_t(scores, clusters or [None], ALPHA / 2):
        (low, high), by = bets(scores, 0.0, 1.0, ALPHA / 2, clusters), "universal portfolio"
    elif clusters:
        (low, high), by = cluster_t(scores, clusters, ALPHA / 2), "statsmodels OLS cov_type cluster"
    else:
        (low, high), by = student(scores, ALPHA / 2), "statsmodels DescrStatsW"
    value(where, "score", mean(scores), by)
    value(where, "interval_low", max(low, 0.0), by)
    value(where, "interval_high", min(high, 1.0), by)


def main():
    if sys.argv[1:] == ["data"]:
        make()
        return
    tasks = {name: Task(name) for name in TASKS}
    single_gates(tasks)
    paired_gates(tasks)
    compared(tasks)
    summaries(tasks)
    rows = ",\n".join(json.dumps(entry) for entry in VALUES)
    (HERE / "golden.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    print(len(VALUES), "values")


if __name__ == "__main__":
    main()
