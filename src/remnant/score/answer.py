"""One joined table of forecast and outcome, scored in the way that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from remnant.errors import InvalidInput
from remnant.score.baselines import held_out, kernel_share, nearest_find, nearest_neighbours, prevalence
from remnant.score.evaluate import compare
from remnant.score.events import calibrated, kernel_density_per_m2, nearness
from remnant.score.folds import Folds, blocks, folds_at_random, folds_by_block, folds_by_group, no_folds
from remnant.score.forecast import Forecast, forecast
from remnant.score.results import Evaluation
from remnant.units import Floats, Ints

SplitKind = Literal["none", "group", "block", "random"]
_BLOCKS_ACROSS = 6  # parts of ground along the longer side, where nobody names a size
_NEIGHBOURS = 25
_EVENT_KERNEL_M = 2000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How places are held out.

    Parameters
    ----------
    kind
        ``none``, ``group`` (a column), ``block`` (squares of ground) or ``random``.
    block_km
        Side of a block; also of the parts of ground that are resampled for the intervals. [km]
    num_parts
        Of a random split.
    i_know_it_flatters
        A random split is refused without it.
    """

    kind: SplitKind = "none"
    block_km: float | None = None
    num_parts: int = 10
    i_know_it_flatters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreCase:
    """Places with a forecast and what was found there later.

    Parameters
    ----------
    forecast
        For n places.
    found
        (n,) items found, or 0 and 1; NaN where nobody knows. [items]
    is_count
        Whether `found` counts items.
    x_m, y_m
        (n,) places; None where the files name none, NaN where one is unknown. [m]
    ground_m2
        (n,) size; None where unknown. [m²]
    group, group_name
        (n,) names of the parts to hold out, and what they are.
    event_x_m, event_y_m
        (n_events,) past events for comparison; None without. [m]
    notes
        What a reader must know about the joining.
    """

    forecast: Forecast
    found: Floats
    is_count: bool
    x_m: Floats | None = None
    y_m: Floats | None = None
    ground_m2: Floats | None = None
    group: tuple[str, ...] | None = None
    group_name: str = ""
    event_x_m: Floats | None = None
    event_y_m: Floats | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreAnswer:
    """The scores, and what they were made from.

    Parameters
    ----------
    case
        The joined table.
    evaluation
        The scores; the forecast in question first.
    baselines
        The simple forecasts beside it.
    seed
        Of the resamples.
    """

    case: ScoreCase
    evaluation: Evaluation
    baselines: tuple[Forecast, ...]
    seed: int


def answer_score(
    case: ScoreCase,
    split: Split,
    *,
    seed: int = 1,
    with_baselines: bool = True,
    num_resamples: int = 300,
) -> ScoreAnswer:
    """Score a forecast, beside simple ones that see no more than it was allowed to.

    Parameters
    ----------
    case
        The joined table.
    split
        How places are held out.
    seed
        Of the resamples, and of a random split.
    with_baselines
        Whether to compare with forecasts from places alone.
    num_resamples
        For the intervals.
    """
    folds = _folds(case, split, np.random.default_rng([seed, *b"folds"]))
    simple = _baselines(case, folds) if with_baselines else ()
    result = compare(
        simple,
        case.forecast,
        case.found,
        folds,
        rng=np.random.default_rng([seed, *b"score"]),
        is_count=case.is_count,
        ground=case.ground_m2,
        block=_block(case, split),
        num_resamples=num_resamples,
    )
    return ScoreAnswer(case=case, evaluation=result, baselines=simple, seed=seed)


def _has_places(case: ScoreCase) -> bool:
    return case.x_m is not None and case.y_m is not None and bool(np.isfinite(case.x_m + case.y_m).all())


def _folds(case: ScoreCase, split: Split, rng: np.random.Generator) -> Folds:
    if split.kind == "group":
        if case.group is None:
            raise InvalidInput(
                "a split by a column needs that column; none was read. Name it with --fold-by."
            )
        return folds_by_group(case.group, case.group_name)
    if split.kind == "random":
        return folds_at_random(
            case.found.size, split.num_parts, rng=rng, i_know_it_flatters=split.i_know_it_flatters
        )
    if split.kind == "block":
        if case.x_m is None or case.y_m is None or not _has_places(case):
            raise InvalidInput(
                "blocks need the place of every row; some have none. Give outlines or coordinates, or use --fold-by."
            )
        if split.block_km is None:
            raise InvalidInput(
                "blocks need the length of a side; none came. Write --block-km 10, for example."
            )
        return folds_by_block(case.x_m, case.y_m, 1e3 * split.block_km)
    return no_folds(case.found.size)


def _block(case: ScoreCase, split: Split) -> Ints | None:
    """Parts of ground to resample: blocks of the size named (smaller inside folds that are blocks), else of a tenth."""
    if case.x_m is None or case.y_m is None or not _has_places(case):
        return None
    extent = max(float(np.ptp(case.x_m)), float(np.ptp(case.y_m)), 1.0)
    side = 1e3 * split.block_km if split.block_km else extent / _BLOCKS_ACROSS
    return blocks(case.x_m, case.y_m, side / 5.0 if split.kind == "block" else side)


def _baselines(case: ScoreCase, folds: Folds) -> tuple[Forecast, ...]:
    made: list[Forecast] = []
    is_whole = not (case.x_m is None or case.y_m is None) and _has_places(case)
    x = case.x_m if is_whole and case.x_m is not None else np.zeros(case.found.size)
    y = case.y_m if is_whole and case.y_m is not None else np.zeros(case.found.size)
    if folds.kind != "none":
        made.append(held_out("the same everywhere", prevalence, x, y, case.found, folds))
        if is_whole:
            near = nearest_neighbours(_NEIGHBOURS, "inverse distance")
            for name, fit in (
                (f"{_NEIGHBOURS} nearest places", near),
                ("kernel-weighted share", kernel_share()),
                ("distance to the nearest find", nearest_find),
            ):
                made.append(held_out(name, fit, x, y, case.found, folds))
    if case.event_x_m is not None and case.event_y_m is not None:
        if not is_whole:
            raise InvalidInput(
                "distances to past events need the place of every row; some have none. Leave --events out."
            )
        near_event = nearness()(case.event_x_m, case.event_y_m, x, y)
        density = kernel_density_per_m2(case.event_x_m, case.event_y_m, x, y, _EVENT_KERNEL_M)
        made.append(calibrated("distance to the nearest past event", near_event, case.found, folds))
        made.append(calibrated("density of past events", np.log1p(1e6 * density), case.found, folds))
    elif folds.kind == "none" and case.ground_m2 is not None and np.ptp(case.ground_m2) > 0.0:
        made.append(forecast("the larger the likelier", rank=case.ground_m2))
    return tuple(made)
