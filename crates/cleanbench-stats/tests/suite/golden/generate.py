"""Writes the lists of expected values in this folder that name it in their first line.

Nothing here uses the crate: values come from mpmath at 40 digits, scipy, statsmodels and numpy, or from
the published formulas written down a second time. The versions stand in each list.

    pip install mpmath==1.4.1 scipy==1.17.1 statsmodels==0.15.0 numpy==2.4.6
    python generate.py [LIST ...]
"""

import itertools
import sys
from pathlib import Path

import mpmath
import numpy
import scipy
import scipy.optimize
import scipy.special
import scipy.stats
import statsmodels
from mpmath import mp, mpf

mp.dps = 40
HERE = Path(__file__).parent
VERSIONS = {
    "mpmath": mpmath.__version__,
    "scipy": scipy.__version__,
    "statsmodels": statsmodels.__version__,
    "numpy": numpy.__version__,
}
LISTS = {}


def listed(function):
    LISTS[function.__name__] = function
    return function


def number(value):
    if isinstance(value, (int, numpy.integer)) and not isinstance(value, bool):
        return str(int(value))
    return repr(float(value))


def write(name, using, columns, rows):
    """Rows of numbers; a row that is a list of lists has its parts separated by bars."""
    made_with = ", ".join(f"{library} {VERSIONS[library]}" for library in using)
    lines = [f"# generate.py with {made_with}.", f"# {columns}"]
    for row in rows:
        parts = row if isinstance(row[0], (list, tuple)) else [row]
        lines.append(" | ".join(" ".join(number(value) for value in part) for part in parts))
    (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")
    print(name, len(rows))


def bisect(function, low, high):
    """The root of an increasing function, to 20 digits or more of the bracket."""
    low, high = mpf(low), mpf(high)
    for _ in range(80):
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_cdf(x, a, b):
    """Large parameters take mpmath too long; scipy computes them with Boost."""
    if a + b > 1500:
        return mpf(float(scipy.special.betainc(float(a), float(b), float(x))))
    return mpmath.betainc(a, b, 0, x, regularized=True)


def z_of(level):
    """Normal quantile for a two-sided interval at a confidence level."""
    return mpmath.sqrt(2) * mpmath.erfinv(mpf(level))


@listed
def ln_gamma():
    points = [1e-8, 0.1, 0.5, 1.0, 1.5, 2.0, 3.7, 10.5, 15.999, 16.0, 33.3, 100.5, 1e4, 1e6, 1e12]
    write("ln_gamma", ["mpmath"], "x value", [(x, mpmath.loggamma(mpf(x))) for x in points])


@listed
def normal_upper_tail():
    points = [-38.0, -8.0, -2.6, -1.0, -1e-9, 0.0, 1e-9, 0.3, 1.0, 1.959963984540054, 2.49, 2.5, 2.51, 3.0]
    points += [4.0, 6.0, 10.0, 20.0, 37.0]
    rows = [(z, mpmath.erfc(mpf(z) / mpmath.sqrt(2)) / 2) for z in points]
    write("normal_upper_tail", ["mpmath"], "z value", rows)


@listed
def incomplete_beta():
    cases = [
        (0.5, 1, 1), (0.01, 0.5, 0.5), (0.99, 0.5, 0.5), (0.3, 2, 5), (0.7, 2, 5), (1e-10, 0.5, 30),
        (0.2, 40, 160), (0.25, 40, 160), (0.1, 40, 160), (0.5, 5000, 5000), (0.51, 5000, 5000),
        (0.001, 1, 1000), (0.999, 1000, 1), (1e-6, 3, 100000), (0.9, 0.5, 500), (0.97, 100, 2.5),
        (0.2, 200000.5, 800000), (0.2003, 200000.5, 800000),
    ]
    rows = [(x, a, b, beta_cdf(mpf(x), mpf(a), mpf(b))) for x, a, b in cases]
    write("incomplete_beta", ["mpmath", "scipy"], "x a b value", rows)


@listed
def beta_quantile():
    cases = [
        (0.025, 1, 10), (0.975, 1, 10), (0.025, 11, 1), (0.975, 11, 1), (0.5, 3, 3), (1e-9, 2, 8),
        (0.999999, 2, 8), (0.05, 0.5, 0.5), (0.95, 0.5, 0.5), (0.001, 0.5, 40), (0.025, 812, 189),
        (0.975, 813, 188), (0.005, 5, 99996), (0.995, 6, 99995), (0.3, 2000.5, 100.25), (1e-12, 30, 2),
    ]
    rows = []
    for p, a, b in cases:
        start = scipy.stats.beta.ppf(p, a, b)
        scale = min(start, 1 - start)
        found = bisect(lambda x: beta_cdf(x, a, b) - mpf(p), max(0, start - scale / 1000), start + scale / 1000)
        rows.append((p, a, b, found))
    write("beta_quantile", ["mpmath", "scipy"], "p a b value", rows)


@listed
def student():
    degrees = [1, 2, 3, 9, 10, 29.5, 100, 10000, 1e6]
    points = [-5.0, -1.0, -1e-6, 0.0, 1e-6, 0.3, 1.0, 2.0, 2.2621571628, 6.0, 40.0]
    rows = []
    for v, t in itertools.product(degrees, points):
        if v > 1000:
            rows.append((t, v, scipy.stats.t.sf(t, v)))
            continue
        v, t = mpf(v), mpf(t)
        half = beta_cdf(v / (v + t * t), v / 2, mpf(1) / 2) / 2
        rows.append((t, v, half if t > 0 else 1 - half))
    write("student_upper_tail", ["mpmath", "scipy"], "t degrees value", rows)
    rows = []
    for v, p in itertools.product(degrees, [1e-6, 0.005, 0.025, 0.05, 0.3, 0.5, 0.75, 0.975, 0.9999]):
        near = scipy.stats.t.ppf(p, v)
        if v > 1000:
            rows.append((p, v, near))
            continue

        def gap(t):
            half = beta_cdf(v / (v + t * t), mpf(v) / 2, mpf(1) / 2) / 2
            return (1 - half if t > 0 else half) - mpf(p)
        width = max(abs(near) / 1000, 1e-9)
        rows.append((p, v, 0.0 if p == 0.5 else bisect(gap, near - width, near + width)))
    write("student_quantile", ["mpmath", "scipy"], "p degrees value", rows)


@listed
def noncentral():
    rows = []
    for t, v, d in [
        (1.8, 9, 0.5), (1.8, 9, 2.5), (2.0, 30, 0), (1.66, 99, 2.48), (0.5, 4, -1.0), (-1.0, 4, 0.7),
        (1.65, 1000, 2.8), (6.0, 5, 4.0), (2.5, 2, 1.5), (1.645, 20000, 8.0), (0.0, 7, 1.2), (1.7, 25, -3.0),
    ]:
        rows.append((t, v, d, scipy.stats.nct.sf(t, v, d)))
    write("noncentral_upper_tail", ["scipy"], "t degrees noncentrality value", rows)



def interval_cases(counts, levels):
    for level, (k, n) in itertools.product(levels, counts):
        yield k, n, level


COUNTS = [(0, 1), (1, 1), (0, 10), (10, 10), (5, 10), (1, 7), (19, 20), (81, 263), (812, 1000), (3, 20000)]


@listed
def clopper_pearson():
    rows = []
    for k, n, level in interval_cases(COUNTS, [0.95, 0.9, 0.99]):
        tail = (1 - level) / 2
        low = scipy.stats.beta.ppf(tail, k, n - k + 1) if k else 0.0
        high = scipy.stats.beta.isf(tail, k + 1, n - k) if k < n else 1.0
        found = scipy.stats.binomtest(k, n).proportion_ci(level, "exact")
        assert abs(found.low - low) + abs(found.high - high) < 1e-9
        rows.append((k, n, level, low, high))
    write("clopper_pearson", ["scipy"], "successes n level low high", rows)


@listed
def none_at_all():
    cases = itertools.product([1, 2, 5, 10, 29, 59, 100, 1000, 10**6], [0.05, 0.01])
    rows = [(n, alpha, 1 - mpf(alpha) ** (mpf(1) / n)) for n, alpha in cases]
    write("none_at_all", ["mpmath"], "n alpha upper", rows)


SAMPLES = [
    [1, 2], [0.5, 0.25, 1], [0, 0, 0, 1], [1, 1, 1, 0, 1, 0.5, 0.25], [1e6, 1e6 + 1, 1e6 + 3],
    [-1, 0, 0, 0, 1, 1, 1, 0, 0, -1, 1, 1], [3.5, 3.5, 3.5, 3.75], [-2.5, 7.25, 1e-3, 4, 4, 4, 9, -11],
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], [-0.01, 0.02, -0.03, 0.04, -0.05] * 9,
    [(7 * i * i + 3 * i) % 11 / 10 for i in range(200)],
]


@listed
def student_means():
    rows = []
    for values, level in itertools.product(SAMPLES, [0.95, 0.9]):
        test = scipy.stats.ttest_1samp(values, 0)
        low, high = test.confidence_interval(level)
        above = scipy.stats.ttest_1samp(values, -0.05, alternative="greater").pvalue
        below = scipy.stats.ttest_1samp(values, 0.05, alternative="less").pvalue
        rows.append((values, [level], [numpy.mean(values), low, high, test.pvalue, above, below]))
    columns = "values | level | mean low high p(not 0) p(above -0.05) p(below 0.05)"
    write("student_means", ["scipy", "numpy"], columns, rows)


@listed
def cluster_means():
    """statsmodels: a regression on a constant, with cov_type="cluster", counts the factor itself."""
    import statsmodels.api

    rows = []
    for seed in range(12):
        random = numpy.random.default_rng(seed)
        clusters = 10 + 3 * seed
        sizes = random.integers(1, 2 + seed % 5 * 3, clusters)
        names = numpy.repeat(numpy.arange(clusters), sizes)
        if seed % 3 == 0:
            names = numpy.sort(names)[random.permutation(len(names))]
        centres = random.normal(0.5, 0.2, clusters)
        values = numpy.round(centres[names] + random.normal(0, 0.1, len(names)), 3)
        if seed % 4 == 1:
            values = (values > 0.5).astype(float)
        fit = statsmodels.api.OLS(values, numpy.ones(len(values))).fit(
            cov_type="cluster", cov_kwds={"groups": names, "use_correction": False}, use_t=True
        )
        error = fit.bse[0] * numpy.sqrt(clusters / (clusters - 1))
        reach = scipy.stats.t.ppf(0.975, clusters - 1) * error
        p = 2 * scipy.stats.t.sf(abs(values.mean() - 0.4) / error, clusters - 1)
        mean = values.mean()
        rows.append((list(values), list(names), [mean, error, mean - reach, mean + reach, p]))
    write("cluster_means", ["statsmodels", "scipy", "numpy"], "values | clusters | mean error low high p(not 0.4)", rows)


@listed
def quantiles():
    rows = []
    for n, q, level in itertools.product([10, 29, 59, 100, 299, 300, 1000, 5000], [0.5, 0.9, 0.95, 0.99], [0.95, 0.9]):
        tail = (1 - level) / 2
        ranks = numpy.arange(1, n + 1)
        upper = ranks[scipy.stats.binom.sf(ranks - 1, n, q) <= tail * (1 + 1e-12)]
        lower = ranks[scipy.stats.binom.cdf(ranks - 1, n, q) <= tail * (1 + 1e-12)]
        known = len(upper) > 0 and len(lower) > 0
        rows.append((n, q, level, lower[-1] - 1 if known else -1, upper[0] - 1 if known else -1))
    write("quantiles", ["scipy", "numpy"], "n quantile level low high (positions from 0; -1: none)", rows)


PAIRS = [
    (0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (5, 0), (6, 1), (8, 2), (12, 12), (31, 44), (44, 31), (3, 20), (100, 60),
    (500, 470), (3000, 3300),
]


@listed
def mcnemar_more():
    rows = []
    for b, c in PAIRS:
        n = b + c
        two = scipy.stats.binomtest(b, n, 0.5).pvalue if n else 1.0
        half = scipy.stats.binom.pmf(b, n, 0.5) / 2
        mid = scipy.stats.binom.sf(b - 1, n, 0.5) - half if n else 1.0
        least = scipy.stats.binom.sf(max(b, c) - 1, n, 0.5) - half
        rows.append((b, c, two, mid, 1.0 if b == c else 2 * least))
    columns = "only_first only_second two_sided mid_p_greater mid_p_two_sided"
    write("mcnemar_more", ["scipy"], columns, rows)


@listed
def fisher_two_sided():
    tables = [
        (0, 1, 0, 1), (1, 1, 0, 1), (5, 10, 5, 10), (8, 10, 3, 10), (3, 10, 8, 10), (0, 5, 5, 5), (1, 7, 6, 9),
        (81, 263, 50, 200), (7, 300, 9, 20), (500, 1000, 450, 1000), (2, 1000, 9, 1000), (10, 10, 10, 10),
    ]
    rows = []
    for a, n, b, m in tables:
        rows.append((a, n, b, m, scipy.stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue))
    write("fisher_two_sided", ["scipy"], "hits_a n_a hits_b n_b p", rows)


def tango_z(n, b, c, delta):
    """The restricted likelihood is maximised as such, not by the published root of its derivative.

    With q the chance of success in the second arm alone: b ln(q + delta) + c ln q + rest ln(1 - 2q - delta).
    """
    delta = mpf(delta)
    low, high = max(mpf(0), -delta), (1 - delta) / 2
    rest = n - b - c

    def falling(q):
        total = mpf(0)
        total += b / (q + delta) if b else 0
        total += c / q if c else 0
        return total - (2 * rest / (1 - 2 * q - delta) if rest else 0)

    tiny = (high - low) * mpf(10) ** -36
    if falling(low + tiny) <= 0:
        q = low
    elif falling(high - tiny) >= 0:
        q = high
    else:
        q = bisect(lambda x: -falling(x), low + tiny, high - tiny)
    gap, variance = b - c - n * delta, n * (2 * q + delta * (1 - delta))
    return mpf(0) if gap == 0 else gap / mpmath.sqrt(variance)


TANGO = [
    (500, 31, 44), (1, 0, 0), (1, 1, 0), (10, 0, 0), (10, 10, 0), (10, 0, 10), (44, 0, 1), (50, 12, 2), (50, 2, 12),
    (30, 5, 5), (100, 3, 3), (124, 3, 3), (1000, 20, 25), (20000, 300, 250), (7, 3, 4),
]


@listed
def tango():
    rows = []
    for n, b, c in TANGO:
        for level in [0.95, 0.9]:
            z = z_of(level)
            edge = mpf(10) ** -25
            centre = mpf(b - c) / n
            low = mpf(-1) if centre == -1 else bisect(lambda d: z - tango_z(n, b, c, d), -1 + edge, centre)
            high = mpf(1) if centre == 1 else bisect(lambda d: -z - tango_z(n, b, c, d), centre, 1 - edge)
            margin = 0.05 if level == 0.95 else 0.1
            score = tango_z(n, b, c, -margin)
            rows.append((n, b, c, level, margin, low, high, score, mpmath.erfc(score / mpmath.sqrt(2)) / 2))
    write("tango", ["mpmath"], "n only_first only_second level margin low high z p", rows)


@listed
def exact_non_inferiority():
    """Every outcome, a fine grid of the unknown share, and a search around its best point."""
    rows = []
    for n, b, c, margin in [
        (10, 0, 0, 0.1), (10, 2, 0, 0.1), (20, 1, 1, 0.1), (20, 3, 2, 0.2), (30, 0, 0, 0.05), (30, 2, 2, 0.1),
        (40, 1, 0, 0.05), (40, 6, 5, 0.1), (12, 0, 3, 0.3), (15, 5, 0, 0.05), (1, 0, 0, 0.5),
    ]:
        observed = float(tango_z(n, b, c, -margin))
        inside = []
        for first in range(n + 1):
            for second in range(n + 1 - first):
                if float(tango_z(n, first, second, -margin)) >= observed - 1e-9:
                    inside.append((first, second))
        inside = numpy.array(inside)
        left = n - inside.sum(axis=1)
        coefficients = scipy.special.gammaln(n + 1) - scipy.special.gammaln(inside + 1).sum(axis=1)
        coefficients -= scipy.special.gammaln(left + 1)

        def chance(q):
            logs = scipy.special.xlogy(inside[:, 0], q) + scipy.special.xlogy(inside[:, 1], q + margin)
            return numpy.exp(coefficients + logs + scipy.special.xlogy(left, max(1 - 2 * q - margin, 0.0))).sum()

        grid = numpy.linspace(0, (1 - margin) / 2, 4001)
        at = int(numpy.argmax([chance(q) for q in grid]))
        low, high = grid[max(at - 1, 0)], grid[min(at + 1, 4000)]
        best = scipy.optimize.minimize_scalar(lambda q: -chance(q), bounds=(low, high), method="bounded",
                                              options={"xatol": 1e-13})
        rows.append((n, b, c, margin, max(-best.fun, chance(grid[at]))))
    write("exact_non_inferiority", ["scipy", "numpy", "mpmath"], "n only_first only_second margin p", rows)


@listed
def resampled():
    rows = []
    for seed in range(11):
        random = numpy.random.default_rng(100 + seed)
        n = 10 + 2 * seed
        values = numpy.round(random.normal(0.1, 1, n), 2) if seed % 2 else random.integers(-1, 2, n).astype(float)
        names = numpy.arange(n) if seed < 6 else random.permutation(numpy.arange(n) % (10 + seed % 2))
        units = len(set(names))
        order = list(dict.fromkeys(names))
        sums = numpy.array([values[names == name].sum() for name in order])
        sizes = numpy.array([(names == name).sum() for name in order])
        draws = random.integers(0, units, (25, units))
        means = sums[draws].sum(axis=1) / sizes[draws].sum(axis=1)
        signs = random.integers(0, 2, (25, units))
        flipped = numpy.where(signs == 1, -sums, sums).sum(axis=1)
        total = sums.sum()
        greater = (1 + (flipped >= total - 1e-9).sum()) / 26
        two_sided = (1 + (abs(flipped) >= abs(total) - 1e-9).sum()) / 26
        low, high = numpy.percentile(means, [5, 95])
        exact = [2.0, 2.0]
        moving = sums[abs(sums) > 1e-12]
        if len(moving) <= 16:
            every = numpy.array(list(itertools.product([1, -1], repeat=len(moving)))) @ moving
            exact = [(every >= total - 1e-9).mean(), (abs(every) >= abs(total) - 1e-9).mean()]
        rows.append((list(values), list(names), list(draws.ravel()), list(signs.ravel()),
                     [values.mean(), low, high, greater, two_sided, *exact]))
    columns = "values | clusters | 25 resamples | 25 flips | mean low high(90 %) greater two_sided, all flips: greater two_sided (2: too many)"
    write("resampled", ["numpy"], columns, rows)


def rotate(word, by):
    return (word << by | word >> (32 - by)) & 0xFFFFFFFF


def chacha8(key, counter):
    start = [int.from_bytes(b"expand 32-byte k"[i : i + 4], "little") for i in range(0, 16, 4)]
    start += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    start += [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
    x = list(start)
    rounds = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)]
    rounds += [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
    for a, b, c, d in rounds * 4:
        for p, q, r, by in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
            x[p] = (x[p] + x[q]) & 0xFFFFFFFF
            x[r] = rotate(x[r] ^ x[p], by)
    return [(one + other) & 0xFFFFFFFF for one, other in zip(x, start)]


@listed
def random_below():
    rows = []
    for seed in range(10):
        words = itertools.chain.from_iterable(chacha8(seed.to_bytes(8, "little") + bytes(24), i) for i in itertools.count())
        longs = (low | high << 32 for low, high in zip(words, words))
        found = []
        for bound in [2, 6, 1000, 10**12, 2**63 + 1] * 4:
            product = next(longs) * bound
            while product % 2**64 < (2**64 - bound) % bound:
                product = next(longs) * bound
            found.append(product >> 64)
        rows.append([seed, *found])
    lines = [" ".join(str(value) for value in row) for row in rows]
    text = "# generate.py, the cipher and the bounded draw written down a second time.\n# seed, then draws below 2, 6, 1000, 10^12, 2^63 + 1, four times\n"
    (HERE / "random_below.txt").write_text(text + "\n".join(lines) + "\n")



@listed
def power_non_inferiority():
    """All outcomes, the published root for the statistic, weights by scipy's multinomial."""
    rows = []
    for n, p, q, margin, alpha in [
        (200, 0.1, 0.1, 0.05, 0.05), (248, 0.05, 0.05, 0.05, 0.05), (300, 0.02, 0.04, 0.05, 0.025),
        (495, 0.1, 0.1, 0.05, 0.05), (200, 0.0, 0.0, 0.1, 0.05), (250, 0.3, 0.25, 0.02, 0.05), (220, 0.0, 0.03, 0.03, 0.05),
        (400, 0.05, 0.0, 0.01, 0.01), (333, 0.5, 0.5, 0.2, 0.005), (600, 0.15, 0.18, 0.08, 0.05), (500, 0.062, 0.088, 0.05, 0.05),
    ]:
        b, c = numpy.meshgrid(numpy.arange(n + 1), numpy.arange(n + 1), indexing="ij")
        keep = b + c <= n
        b, c = b[keep], c[keep]
        d = -margin
        linear = -b - c + (2 * n - b + c) * d
        root = (numpy.sqrt(linear**2 + 8 * n * c * d * (1 - d)) - linear) / (4 * n)
        z = (b - c - n * d) / numpy.sqrt(n * (2 * root + d * (1 - d)))
        inside = z >= scipy.stats.norm.isf(alpha)
        counts = numpy.stack([b, c, n - b - c], axis=1)[inside]
        weights = scipy.stats.multinomial.pmf(counts, n, [p, q, 1 - p - q])
        rows.append((n, p, q, margin, alpha, weights.sum()))
    write("power_non_inferiority", ["scipy", "numpy"], "n p_only_a p_only_b margin alpha power", rows)


@listed
def power_means():
    import statsmodels.stats.power

    cases = itertools.product([2, 5, 30, 100, 1000], [0.0, 0.1, 0.5, -0.2], [0.05, 0.01])
    rows = []
    for n, effect, alpha in cases:
        found = scipy.stats.nct.sf(scipy.stats.t.isf(alpha, n - 1), n - 1, effect * numpy.sqrt(n))
        if effect == 0:
            found = alpha
        other = statsmodels.stats.power.TTestPower().power(effect, n, alpha, alternative="larger")
        assert abs(found - other) < 1e-9
        rows.append((n, effect, alpha, found))
    write("power_means", ["scipy", "statsmodels"], "n effect alpha power", rows)


@listed
def power_floor():
    rows = []
    for n, floor, rate, alpha in [
        (10, 0.5, 0.9, 0.05), (59, 0.95, 1.0, 0.05), (58, 0.95, 1.0, 0.05), (100, 0.8, 0.9, 0.05), (100, 0.8, 0.8, 0.05),
        (200, 0.8, 0.7, 0.05), (1000, 0.9, 0.93, 0.01), (5000, 0.01, 0.015, 0.05), (1, 0.01, 0.5, 0.05), (560, 0.9, 0.93, 0.05),
    ]:
        critical = next(k for k in range(n + 2) if scipy.stats.binom.sf(k - 1, n, floor) <= alpha)
        rows.append((n, floor, rate, alpha, scipy.stats.binom.sf(critical - 1, n, rate)))
    write("power_floor", ["scipy"], "n floor rate alpha power", rows)


@listed
def e_values():
    rows = []
    for b, c in PAIRS:
        total = mpf(2) ** (b + c) * mpmath.beta(b + mpf(1) / 2, c + mpf(1) / 2) / mpmath.pi
        above = 1 - beta_cdf(mpf(1) / 2, b + mpf(1) / 2, c + mpf(1) / 2)
        rows.append((b, c, total, 2 * above * total))
    write("e_values", ["mpmath", "scipy"], "only_first only_second either greater", rows)


def betting_capital(values, mean, alpha, sides, sign):
    """Waudby-Smith and Ramdas, their predictable plug-in bets, with arrays."""
    values = numpy.array(values)
    t = numpy.arange(1, len(values) + 1)
    means = (0.5 + numpy.cumsum(values)) / (t + 1)
    variances = (0.25 + numpy.cumsum((values - means) ** 2)) / (t + 1)
    before = numpy.concatenate([[0.25], variances[:-1]])
    bets = numpy.sqrt(2 * numpy.log(sides / alpha) / (before * t * numpy.log(1 + t)))
    bets = numpy.minimum(bets, 0.5 / (mean if sign > 0 else 1 - mean))
    return numpy.cumprod(1 + sign * bets * (values - mean))


@listed
def betting():
    rows = []
    for seed in range(12):
        random = numpy.random.default_rng(500 + seed)
        n = [1, 2, 10, 50, 200, 400][seed % 6]
        values = numpy.round(random.beta(2, 1 + seed % 3, n), 3) if seed % 2 else random.integers(0, 2, n).astype(float)
        bound = [0.3, 0.5, 0.62][seed % 3]
        capital = betting_capital(values, bound, 0.05, 1, 1)
        low, high = 0, 1000
        for place in range(1, 1000):
            if low == place - 1 and betting_capital(values, place / 1000, 0.05, 2, 1).max() >= 40:
                low = place
        for place in range(999, 0, -1):
            if high == place + 1 and betting_capital(values, place / 1000, 0.05, 2, -1).max() >= 40:
                high = place
        rows.append((list(values), [bound], [capital[-1], 1 / max(1, capital.max()), low / 1000, high / 1000]))
    write("betting", ["numpy"], "values from 0 to 1 | bound | e_value p low high", rows)


@listed
def repeats():
    from fractions import Fraction
    from math import comb

    rows = []
    for n, c, k in [(1, 0, 1), (1, 1, 1), (5, 2, 1), (5, 2, 3), (5, 2, 4), (5, 5, 5), (10, 0, 3), (10, 9, 10), (200, 7, 10),
                    (200, 150, 100), (1000, 1, 999), (64, 32, 2)]:
        at = 1 - Fraction(comb(n - c, k), comb(n, k))
        rows.append((n, c, k, at, Fraction(comb(c, k), comb(n, k))))
    write("repeats", ["numpy"], "attempts successes k pass_at_k pass_power_k", rows)


@listed
def ratios():
    """Fieller as the set of ratios r whose mean of y - r x is not told from 0 by a t test."""
    rows = []
    for seed in range(12):
        random = numpy.random.default_rng(900 + seed)
        n = [3, 10, 25, 60][seed % 4]
        x = numpy.round(random.uniform(0.5, 1.5, n), 3) if seed % 2 else numpy.maximum(random.integers(0, 2, n), numpy.arange(n) < 3).astype(float)
        y = numpy.round(random.gamma(2.0, 1.0, n) * (1 if seed % 3 else x + 0.5), 3)
        level = 0.95 if seed % 3 else 0.8

        def gap(r, sign):
            d = y - r * x
            return sign * d.mean() - scipy.stats.t.isf((1 - level) / 2, n - 1) * d.std(ddof=1) / numpy.sqrt(n)

        t = scipy.stats.t.isf((1 - level) / 2, n - 1)
        if x.mean() - t * x.std(ddof=1) / numpy.sqrt(n) <= 0:
            rows.append((list(y), list(x), [level], [y.mean() / x.mean(), 1, -1]))
            continue
        ratio = y.mean() / x.mean()
        far = 1000 * (1 + abs(ratio))
        low = scipy.optimize.brentq(lambda r: gap(r, 1), -far, ratio, xtol=1e-14, rtol=1e-14)
        high = scipy.optimize.brentq(lambda r: gap(r, -1), ratio, far, xtol=1e-14, rtol=1e-14)
        rows.append((list(y), list(x), [level], [ratio, low, high]))
    write("ratios", ["scipy", "numpy"], "numerator | denominator | level | ratio low high (low > high: unbounded)", rows)



def nights(name, early, gaps):
    """The martingale with plain loops; for baselines of nights and of epochs, and a drop in every third. `early` of
    the stake is the larger the sooner a drop begins; with `gaps` later nights lack answers, which count as right in
    the night that is ranked and as wrong in those before."""
    bets = [(0.0, 0.1), (0.0, 0.4), (0.1, 0.1), (0.1, 0.4), (0.25, 0.1), (0.25, 0.4)]

    def spread(x):
        x = numpy.array(x)
        differences = x - x.mean()
        squares = (differences**2).sum()
        alike = 0.0
        if squares > 1e-18:
            alike = numpy.clip((differences[:-1] * differences[1:]).sum() / squares + 1 / len(x), 0, 1)
        return 0.6 * (1 + 5.0 * alike) * numpy.sqrt(squares / (len(x) - 1))

    rows = []
    for seed in range(12):
        random = numpy.random.default_rng(1300 + seed)
        epochs = seed % 2 == 1
        before, later = (10 if epochs else 14 + seed), 30
        x = 0.75 + 0.01 * random.normal(size=before + later)
        if seed % 4 < 2:
            x = numpy.cumsum(x - 0.75) * 0.5 + 0.75
        if seed % 3 == 0:
            x[-8:] -= 0.06
        x = list(numpy.round(x * 200) / 200)
        missing = [0.0] * before + list(random.integers(0, 4, size=later) / 200 if gaps else numpy.zeros(later))
        starts, path = [], []
        for t in range(before, before + later):
            known = x[before:t] if epochs else x[:t]
            allowance = spread(known) if len(known) >= 14 else max(spread(x[:t]), 0.03)
            starts.append((t, allowance, numpy.ones(6)))
            for s, allowed, wealth in starts:
                best = x[t] + missing[t]
                rank = 1 + sum(v <= best + allowed for v in x[:s]) + sum(v <= best for v in x[s:t])
                for place, (share, kept) in enumerate(bets):
                    reach = numpy.floor(share * s) + t - s + 1
                    wealth[place] *= kept + ((1 - kept) * (t + 1) / reach if rank <= reach else 0)
            starts = [start for start in starts if start[2].mean() > 1e-6]
            begun = t - before + 1
            evenly = (sum(start[2].mean() for start in starts) + 365 - begun) / 365
            numbered = [(start[0] - before + 1, start[2].mean()) for start in starts]
            soon = sum(3 / ((k + 2) * (k + 3)) * wealth for k, wealth in numbered) + 3 / (begun + 3)
            path.append((1 - early) * evenly + early * soon)
        rows.append(([int(epochs)], x[:before], x[before:], missing[before:], path))
    write(name, ["numpy"], "epochs (1) or nights (0) | baseline | later | missing of later | e-values", rows)


@listed
def drift():
    nights("drift", 0.5, True)


@listed
def drift_even():
    nights("drift_even", 0.0, False)


if __name__ == "__main__":
    for name in sys.argv[1:] or LISTS:
        LISTS[name]()
