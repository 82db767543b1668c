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


if __name__ == "__main__":
    for name in sys.argv[1:] or LISTS:
        LISTS[name]()
