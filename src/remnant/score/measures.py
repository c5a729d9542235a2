"""The measures of a forecast, each as a function of the weights of the places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from remnant.errors import InvalidInput
from remnant.score.calibration import chance_bins, expected_calibration_error
from remnant.score.forecast import Q05, Q95, Forecast
from remnant.score.proper import (
    bernoulli_log_score,
    brier_score,
    count_log_score,
    crps_draws,
    crps_negative_binomial,
    crps_quantiles,
    interval_holds,
)
from remnant.score.ranking import average_precision, found_in_top, ranked, roc_auc
from remnant.units import Floats

Evaluator = Callable[[Floats | None], float]
_FEWEST_DRAWS = 400
TOP_SHARES = (0.05, 0.10, 0.20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a measure is called and which way is better.

    Parameters
    ----------
    title
        For a table.
    better
        Whether higher or lower is better, or closer to `target`.
    target
        The best value, where it is neither end.
    needs_both
        Whether places with and without a find are needed.
    """

    title: str
    better: Literal["higher", "lower", "closer"]
    target: float = float("nan")
    needs_both: bool = False


MEASURES: Mapping[str, Measure] = {
    "roc_auc": Measure(title="ROC area", better="higher", needs_both=True),
    "average_precision": Measure(title="average precision (PR area)", better="higher", needs_both=True),
    **{
        f"found_in_top_{round(100 * s):02d}": Measure(
            title=f"finds in the best {s:.0%} of ground".replace("%", " %"), better="higher"
        )
        for s in TOP_SHARES
    },
    "log_score": Measure(title="log score of found or not", better="higher"),
    "brier": Measure(title="Brier score", better="lower"),
    "calibration_error": Measure(title="calibration error", better="lower"),
    "stated_over_found": Measure(title="stated over found", better="closer", target=1.0),
    "count_log_score": Measure(title="log score of the number", better="higher"),
    "crps": Measure(title="CRPS", better="lower"),
    "coverage_90": Measure(title="90 % intervals that held", better="closer", target=0.9),
}
"""Every measure, in the order of the tables."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """One forecast beside what was found, with everything that belongs to single places worked out once.

    Parameters
    ----------
    forecast
        For the places with a known outcome.
    found
        (n,) items found, or 0 and 1. [items]
    ground
        (n,) size of the places. [any]
    per_place
        Measure → (n,) values whose weighted mean is the measure.
    expected
        (n,) what the forecast expected of `found`; None where it states no numbers. [items]
    """

    forecast: Forecast
    found: Floats
    ground: Floats
    per_place: Mapping[str, Floats]
    expected: Floats | None

    def evaluators(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[str, Evaluator]:
        """Every measure that the forecast allows, over some of the places, as a function of their weights."""
        happened, found, ground = self.found[rows] > 0.0, self.found[rows], self.ground[rows]
        order = ranked(self.forecast.rank[rows])
        worth = self.forecast.rank if self.expected is None else self.expected / self.ground
        by_ground = ranked(worth[rows])
        out: dict[str, Evaluator] = {
            "roc_auc": lambda w: roc_auc(order, happened, w),
            "average_precision": lambda w: average_precision(order, happened, w),
        }
        for share in TOP_SHARES:
            out[f"found_in_top_{round(100 * share):02d}"] = lambda w, s=share: found_in_top(  # type: ignore[misc]
                by_ground, found, s, ground=ground, weight=w
            )
        if self.forecast.p_any is not None:
            p = self.forecast.p_any[rows]
            bins = chance_bins(p)
            out["calibration_error"] = lambda w: expected_calibration_error(p, happened, w, bins)
        if self.expected is not None:
            expected = self.expected[rows]
            out["stated_over_found"] = lambda w: _ratio(expected, found, w)
        for name, values in self.per_place.items():
            cut = values[rows]
            out[name] = lambda w, v=cut: weighted_mean(v, w)  # type: ignore[misc]
        return {name: out[name] for name in MEASURES if name in out}


def weighted_mean(values: Floats, weight: Floats | None) -> float:
    """Mean of the values whose weight is above 0; NaN where there are none. Infinite values stay infinite."""
    if weight is None:
        return float(values.mean()) if values.size else float("nan")
    used = weight > 0.0
    return float((values[used] * weight[used]).sum() / weight[used].sum()) if used.any() else float("nan")


def _ratio(expected: Floats, found: Floats, weight: Floats | None) -> float:
    w = np.ones(found.size) if weight is None else weight
    total = float((w * found).sum())
    return float((w * expected).sum()) / total if total > 0.0 else float("nan")


def prepare(
    made: Forecast, found: Floats, ground: Floats, *, is_count: bool, rng: np.random.Generator
) -> Prepared:
    """Work out all that belongs to single places.

    Parameters
    ----------
    made
        The forecast for the same n places.
    found
        (n,) known outcomes. [items]
    ground
        (n,) size of the places. [any]
    is_count
        Whether `found` counts items; otherwise only whether anything was found is scored.
    rng
        For forecasts that are mixtures of counts: their intervals and CRPS are taken from draws of the counts.
    """
    values: dict[str, Floats] = {}
    happened = found > 0.0
    if made.p_any is not None:
        values["log_score"] = bernoulli_log_score(made.p_any, happened)
        values["brier"] = brier_score(made.p_any, happened)
    expected = made.p_any
    if is_count:
        if (found != np.round(found)).any():
            raise InvalidInput("numbers found must be whole; some are not. Score found or not found instead.")
        values |= _count_values(made, found, rng)
        expected = _expected(made)
    return Prepared(forecast=made, found=found, ground=ground, per_place=values, expected=expected)


def _expected(made: Forecast) -> Floats | None:
    for values in (made.mean, made.draws):
        if values is not None:
            return values if values.ndim == 1 else np.asarray(values.mean(axis=0))
    return None


def _count_values(made: Forecast, found: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    values: dict[str, Floats] = {}
    draws = made.draws
    if made.mean is not None and made.size is not None:
        values["count_log_score"] = count_log_score(made.mean, made.size, found)
        if draws is None and made.mean.ndim == 2:
            draws = count_draws(made.mean, made.size, rng)
    if draws is not None:
        values["crps"] = crps_draws(draws, found, is_fair=True)
    elif made.mean is not None and made.size is not None:
        values["crps"] = crps_negative_binomial(made.mean, made.size, found)
    elif made.levels is not None and made.quantiles is not None:
        values["crps"] = crps_quantiles(made.levels, made.quantiles, found)
    interval = _interval(made, draws)
    if interval is not None:
        values["coverage_90"] = interval_holds(*interval, found).astype(np.float64)
    return values


def count_draws(mean: Floats, size: Floats, rng: np.random.Generator) -> Floats:
    """Equally many numbers from each row of means, `_FEWEST_DRAWS` or more in all: Poisson about a Gamma."""
    times = -(-_FEWEST_DRAWS // len(mean))
    mean, size = np.tile(mean, (times, 1)), np.tile(size, (times, 1))
    finite = np.isfinite(size)
    r = np.where(finite, size, 1.0)
    level = np.where(finite, rng.gamma(r, mean / r), mean)
    return rng.poisson(level).astype(np.float64)


def _interval(made: Forecast, draws: Floats | None) -> tuple[Floats, Floats] | None:
    if made.levels is not None and made.quantiles is not None:
        low, high = (np.flatnonzero(np.isclose(made.levels, level)) for level in (Q05, Q95))
        if low.size and high.size:
            return made.quantiles[low[0]], made.quantiles[high[0]]
    if draws is not None:
        low_q, high_q = np.quantile(draws, [Q05, Q95], axis=0, method="inverted_cdf")
        return low_q, high_q
    if made.mean is None or made.size is None:
        return None
    ends = []
    for level in (Q05, Q95):
        size = np.where(np.isfinite(made.size), made.size, 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            gathered = stats.nbinom.ppf(level, size, size / (size + made.mean))
        ends.append(np.where(np.isfinite(made.size), gathered, stats.poisson.ppf(level, made.mean)))
    return ends[0], ends[1]
