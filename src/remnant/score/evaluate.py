"""Forecasts scored fold by fold and together, with intervals from resampled ground, and one forecast against others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remnant.errors import InvalidInput, NotEstimable
from remnant.score.folds import Folds
from remnant.score.forecast import Forecast
from remnant.score.measures import MEASURES, Evaluator, Prepared, prepare
from remnant.score.results import Difference, Evaluation, Scope, ScoreRow, Unscored
from remnant.units import Floats, Ints, not_negative

_FEWEST_UNITS = 5  # parts of ground below which resampling them says nothing
_LOW, _HIGH = 0.05, 0.95


_Key = tuple[Scope, str, str]  # scope, fold, measure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Which places make up each part, and how often each part of ground comes in each resample."""

    folds: Folds
    members: tuple[Ints, ...]
    unit: Ints
    times: Floats  # (n_resamples, n_units)
    fold_times: Floats | None  # (n_resamples, n_folds), where folds are resampled whole


def compare(
    baselines: Sequence[Forecast],
    prediction: Forecast,
    found: ArrayLike,
    folds: Folds,
    *,
    rng: np.random.Generator,
    is_count: bool = False,
    ground: Floats | None = None,
    block: Ints | None = None,
    num_resamples: int = 300,
) -> Evaluation:
    """Score a prediction and baselines on the same places, and their paired differences.

    Parameters
    ----------
    baselines
        What to compare with; each refit inside every fold (`remnant.score.held_out`).
    prediction
        The forecast in question.
    found
        (n,) items found, or 0 and 1; NaN where nobody knows. Unknown is never scored.
    folds
        The split of the n places.
    rng
        For the resamples.
    is_count
        Score numbers too; otherwise only whether anything was found.
    ground
        (n,) size of the places; equal if left out. [any]
    block
        (n,) number of the part of ground that each place belongs to, resampled as a whole, because neighbours are alike
        (`remnant.score.blocks`). Left out: the folds.
    num_resamples
        Resamples for the intervals.

    Returns
    -------
    Every measure and difference. With five folds or more that hold out whole groups or blocks, pooled values and means
    of folds resample whole folds: they say what to expect of the next district. Single folds, and fewer folds than
    that, resample the blocks inside.

    Raises
    ------
    InvalidInput
        For unequal sizes.
    NotEstimable
        Where no outcome is known.
    """
    outcome = _outcome(found)
    for made in (prediction, *baselines):
        if made.num_places != outcome.size:
            raise InvalidInput(
                f"forecast and outcomes must be of the same places; {made.name} has {made.num_places}, outcomes "
                f"{outcome.size}. Join them first."
            )
    if folds.label.size != outcome.size:
        raise InvalidInput(
            f"folds must be of the same places; they have {folds.label.size}, outcomes {outcome.size}."
        )
    known = np.flatnonzero(~np.isnan(outcome) & (folds.label >= 0))
    num_unknown = int(np.isnan(outcome[folds.label >= 0]).sum())
    if known.size == 0:
        raise NotEstimable(
            f"a score needs places with a known outcome; all {num_unknown} are unknown. Nothing can be said yet."
        )
    seen = outcome[known]
    size = np.ones(seen.size) if ground is None else np.asarray(ground, np.float64)[known]
    plan, words = _plan(folds, known, block, num_resamples, rng)
    results: list[tuple[Forecast, dict[_Key, Floats]]] = []
    for made in (prediction, *baselines):
        done = prepare(made.at(known), seen, size, is_count=is_count, rng=rng)
        results.append((made, _all_values(done, plan)))
    sizes = _sizes(plan, seen)
    first = results[0]
    return Evaluation(
        rows=tuple(row for made, values in results for row in _rows(made.name, values, sizes)),
        differences=tuple(d for other in results[1:] for d in _differences(first, other)),
        unscored=_unscored(plan, seen),
        folds=folds,
        num_places=int((folds.label >= 0).sum()),
        num_unknown=num_unknown,
        num_with_finds=int((seen > 0).sum()),
        num_found=float(seen.sum()),
        is_count=is_count,
        interval_words=words,
    )


def score_forecast(
    prediction: Forecast,
    found: ArrayLike,
    folds: Folds,
    *,
    rng: np.random.Generator,
    is_count: bool = False,
    ground: Floats | None = None,
    block: Ints | None = None,
    num_resamples: int = 300,
) -> Evaluation:
    """Score one forecast; see `compare`."""
    return compare(
        (),
        prediction,
        found,
        folds,
        rng=rng,
        is_count=is_count,
        ground=ground,
        block=block,
        num_resamples=num_resamples,
    )


def _outcome(found: ArrayLike) -> Floats:
    return not_negative("found", found, allow_nan=True)


def _plan(
    folds: Folds, known: Ints, block: Ints | None, num_resamples: int, rng: np.random.Generator
) -> tuple[_Plan, str]:
    label = folds.label[known]
    members = tuple(np.flatnonzero(label == f) for f in range(len(folds.names)))
    used = np.array([m.size > 0 for m in members])
    is_whole = folds.kind in ("group", "block")
    unit_of = block[known] if block is not None else (label if is_whole else np.arange(known.size))
    _, unit = np.unique(unit_of, return_inverse=True)
    unit = unit.reshape(-1).astype(np.int64)
    num_units = int(unit.max()) + 1
    times = rng.multinomial(num_units, np.full(num_units, 1.0 / num_units), size=num_resamples)
    fold_times = None
    if is_whole and used.sum() >= _FEWEST_UNITS:
        chosen = rng.multinomial(used.sum(), np.full(used.sum(), 1.0 / used.sum()), size=num_resamples)
        fold_times = np.zeros((num_resamples, used.size))
        fold_times[:, used] = chosen
    blocks = "blocks of ground" if block is not None else ("folds" if is_whole else "single places")
    words = (
        f"whole folds ({used.sum()}) for all places and means; {blocks} inside each fold"
        if fold_times is not None
        else f"{blocks} ({num_units})"
    )
    if block is None and not is_whole:
        words += "; neighbours are alike, so the intervals are too short"
    return _Plan(
        folds=folds,
        members=members,
        unit=unit,
        times=times.astype(np.float64),
        fold_times=fold_times,
    ), words


def _all_values(done: Prepared, plan: _Plan) -> dict[_Key, Floats]:
    """Every measure for every scope: the value first, then one per resample."""
    out: dict[_Key, Floats] = {}
    per_fold: dict[str, list[Floats]] = {}
    where: dict[str, list[int]] = {}
    for number, (name, rows) in enumerate(zip(plan.folds.names, plan.members, strict=True)):
        if rows.size == 0:
            continue
        inside = np.unique(plan.unit[rows]).size
        has_both = 0 < (done.found[rows] > 0).sum() < rows.size
        calls = {m: c for m, c in done.evaluators(rows).items() if has_both or not MEASURES[m].needs_both}
        times = plan.times if inside >= _FEWEST_UNITS else None
        for measure, values in _repeated(calls, times, plan.unit[rows], len(plan.times)).items():
            out["fold", name, measure] = values
            if not np.isnan(values[0]):
                per_fold.setdefault(measure, []).append(values)
                where.setdefault(measure, []).append(number)
    for measure, parts in per_fold.items():
        if len(parts) > 1:
            out["within", "", measure] = _mean_of_folds(np.stack(parts), plan, np.array(where[measure]))
    everything = np.flatnonzero(plan.unit >= 0)
    label = np.zeros(plan.unit.size, np.int64)
    for number, rows in enumerate(plan.members):
        label[rows] = number
    if plan.fold_times is not None:
        times, unit = plan.fold_times, label
    else:
        times, unit = (plan.times if plan.times.shape[1] >= _FEWEST_UNITS else None), plan.unit
    for measure, values in _repeated(done.evaluators(everything), times, unit, len(plan.times)).items():
        out["pooled", "", measure] = values
    return out


def _repeated(
    calls: Mapping[str, Evaluator], times: Floats | None, unit: Ints, num: int
) -> dict[str, Floats]:
    """Every measure as it stands, and then in each resample (unknown where there are none)."""
    out = {name: np.full(num + 1, np.nan) for name in calls}
    for name, call in calls.items():
        out[name][0] = call(None)
    if times is not None:
        for i, row in enumerate(times):
            weight = row[unit]
            for name, call in calls.items():
                out[name][i + 1] = call(weight)
    return out


def _mean_of_folds(values: Floats, plan: _Plan, number: Ints) -> Floats:
    """Mean over folds; resamples take whole folds where there are enough of them, and blocks within folds elsewhere."""
    if plan.fold_times is None or number.size < _FEWEST_UNITS:
        return np.asarray(values.mean(axis=0))
    times = plan.fold_times[:, number]
    total = times.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = np.where(times > 0, times * values[:, 0], 0.0).sum(axis=1) / np.where(
            total > 0, total, np.nan
        )
    return np.concatenate([[values[:, 0].mean()], weighted])


def _interval(resampled: Floats) -> tuple[float, float]:
    """The middle 90 % of the resamples; unknown where half of them have no value."""
    there = resampled[~np.isnan(resampled)]
    if there.size < max(20, resampled.size // 2):
        return float("nan"), float("nan")
    low, high = np.quantile(there, [_LOW, _HIGH], method="inverted_cdf")
    return float(low), float(high)


def _sizes(plan: _Plan, seen: Floats) -> dict[tuple[Scope, str], tuple[int, int]]:
    sizes: dict[tuple[Scope, str], tuple[int, int]] = {
        ("pooled", ""): (seen.size, int((seen > 0).sum())),
        ("within", ""): (seen.size, int((seen > 0).sum())),
    }
    for name, rows in zip(plan.folds.names, plan.members, strict=True):
        sizes["fold", name] = (rows.size, int((seen[rows] > 0).sum()))
    return sizes


def _rows(
    name: str, values: dict[_Key, Floats], sizes: dict[tuple[Scope, str], tuple[int, int]]
) -> list[ScoreRow]:
    rows = []
    for (scope, fold, measure), numbers in values.items():
        low, high = _interval(numbers[1:])
        places, finds = sizes[scope, fold]
        count = sum(1 for s, _, m in values if s == "fold" and m == measure) if scope == "within" else 1
        rows.append(
            ScoreRow(
                forecast=name, measure=measure, scope=scope, fold=fold, value=float(numbers[0]), low=low, high=high,
                num_places=places, num_with_finds=finds, num_folds=count,
            )
        )  # fmt: skip
    order = {scope: k for k, scope in enumerate(("pooled", "within", "fold"))}
    return sorted(rows, key=lambda r: order[r.scope])


def _differences(
    first: tuple[Forecast, dict[_Key, Floats]], other: tuple[Forecast, dict[_Key, Floats]]
) -> list[Difference]:
    found = []
    for key, mine in first[1].items():
        theirs = other[1].get(key)
        if theirs is None:
            continue
        scope, fold, measure = key
        with np.errstate(invalid="ignore"):
            gap = mine - theirs
            better = _better(measure, mine, theirs)
        folds = [
            float(_better(measure, values[:1], other[1][k][:1])[0])
            for k, values in first[1].items()
            if k[0] == "fold" and k[2] == measure and k in other[1]
        ]
        folds = [b for b in folds if not np.isnan(b)]
        low, high = _interval(gap[1:])
        there = better[1:][~np.isnan(gap[1:])]
        found.append(
            Difference(
                forecast=first[0].name, against=other[0].name, measure=measure, scope=scope, fold=fold,
                value=float(gap[0]), low=low, high=high,
                p_better=float(there.mean()) if there.size else float("nan"),
                num_better=float(sum(folds)) if scope != "fold" else float("nan"),
                num_folds=len(folds) if scope != "fold" else 1,
            )
        )  # fmt: skip
    return found


def _better(measure: str, mine: Floats, theirs: Floats) -> Floats:
    """1 where the first is better, 0 where it is worse, a half where they are equal, NaN where either is unknown."""
    rule = MEASURES[measure]
    if rule.better == "closer":
        mine, theirs = -np.abs(mine - rule.target), -np.abs(theirs - rule.target)
    elif rule.better == "lower":
        mine, theirs = -mine, -theirs
    out = np.where(mine > theirs, 1.0, np.where(mine == theirs, 0.5, 0.0))
    return np.asarray(np.where(np.isnan(mine) | np.isnan(theirs), np.nan, out))


def _unscored(plan: _Plan, seen: Floats) -> tuple[Unscored, ...]:
    out = []
    for name, rows in zip(plan.folds.names, plan.members, strict=True):
        reason = one_sided(seen[rows] > 0)
        if reason:
            out.append(Unscored(fold=name, num_places=rows.size, reason=reason))
    return tuple(out)


def one_sided(happened: NDArray[np.bool_]) -> str:
    """Why places cannot be ranked; empty where they can."""
    if happened.size == 0:
        return "no place with a known outcome"
    if happened.all():
        return "something was found in every place, so there is no order to judge"
    return "" if happened.any() else "nothing was found in any place, so there is no order to judge"
