"""Harm of some areas at a time, so that a country fits into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.field import area_states
from remnant.risk import (
    BANDS,
    CAUSES,
    ActivityDraws,
    DeminingDraws,
    civilian_harm,
    deminer_risk,
    individual_risk,
    share_in_bands,
    users_between,
)
from remnant.units import Floats, Ints
from remnant.weighing import Weighed

MEASURES = ("encounters", "accidents", "casualties")
WORK = ("items_armed", "items_expired", "items_dud", "hours", "accidents", "casualties", "per_person_year")
"""What is told of clearing an area whole, each as mean and 90 % interval."""
_NUMBERS_AT_ONCE = 1_000_000  # of the largest array of a block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What is the same for every block of areas.

    Parameters
    ----------
    area_m2, has_ground, is_open
        (n_areas,) ground of its own (1 where it has none), whether it has any, whether it is still to be worked. [m²]
    scales_m, users
        (n_scales,) scales of distance, (n_areas, n_scales) users at them. [m, persons]
    limit
        The policy's greatest yearly risk of a person; None: not stated.
    """

    weighed: Weighed
    draws: ActivityDraws
    demining: Mapping[str, DeminingDraws]
    area_m2: Floats
    has_ground: NDArray[np.bool_]
    is_open: NDArray[np.bool_]
    scales_m: Floats
    users: Floats
    limit: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockHarm:
    """Harm of a block of k areas.

    Parameters
    ----------
    by_draw
        (3, n_draws, k, n_dates) each of `MEASURES` within a year from each date; NaN unknown. [1/y]
    by_activity, by_state
        As in `remnant.risk.CivilianHarm`.
    items
        (n_draws, 3) armed, expired and dud items at the first date in areas with a number. [items]
    users
        (k,) mean number of people whose hours go on in the area. [persons]
    measures
        (3, k, n_dates, 3) mean, 5 % and 95 % point of each of `MEASURES`.
    individual, bands, within
        (n_activities, k, n_dates, …): mean, 5 % and 95 % point of the yearly risk of one person; share of draws in each
        band; share of draws within the limit. [1]
    work, causes
        (n_methods, k, …): mean, 5 % and 95 % point of each of `WORK`; mean accidents by each of `CAUSES`.
    work_sums
        (n_methods, n_draws, 6) sums of the first six of `WORK` over open areas with known items.
    """

    by_draw: Floats
    by_activity: Floats
    by_state: Floats
    items: Floats
    users: Floats
    measures: Floats
    individual: Floats
    bands: Floats
    within: Floats
    work: Floats
    causes: Floats
    work_sums: Floats


def spread(values: Floats) -> Floats:
    """(…, 3) mean, 5 % and 95 % point over the first axis; NaN where any draw is.

    Examples
    --------
    >>> spread(np.arange(101.0)[:, None]).tolist()
    [[50.0, 5.0, 95.0]]
    """
    last = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    low, high = np.quantile(last, [0.05, 0.95], axis=-1)
    return np.stack([last.mean(axis=-1), low, high], axis=-1)


def blocks(num_areas: int, num_draws: int, width: int) -> list[Ints]:
    """Indices of areas, some at a time: so many that arrays of `width` numbers a draw and area stay small."""
    step = max(1, _NUMBERS_AT_ONCE // max(num_draws * width, 1))
    return [np.arange(first, min(first + step, num_areas)) for first in range(0, num_areas, step)]


def items_of(
    weighed: Weighed, areas: Ints, has_ground: NDArray[np.bool_], num_dates: int | None = None
) -> Floats:
    """(n_draws, k, n_dates, 3) items of areas by state; NaN where they have no ground of their own. [items]"""
    items = area_states(weighed.posterior, weighed.days[:num_dates], weighed.as_of_day, areas)
    items[:, ~has_ground[areas]] = np.nan
    return items


def harm_of_block(asked: Asked, areas: Ints) -> BlockHarm:
    """Harm of some areas, with everything that the tables say of them."""
    draws, area_m2 = asked.draws, asked.area_m2[areas]
    items = items_of(asked.weighed, areas, asked.has_ground)
    users = users_between(asked.users[areas], asked.scales_m, draws.reach_m)
    # people know open hazard areas and avoid them; released ground is used like any other
    entering = np.where(asked.is_open[areas][None, :, None], draws.share_entering[:, None, :], 1.0)
    swept = users * (draws.user_swept_m2 * draws.share_of_people)[:, None, :] * entering
    harm = civilian_harm(items, area_m2, swept, draws.p_functions, draws.casualties)
    by_draw = np.stack([getattr(harm, name) for name in MEASURES])
    is_known = ~np.isnan(harm.casualties).any(axis=(0, 2))
    individual, bands, within = _individual(asked, items, area_m2)
    work, causes, work_sums = _work(asked, items[:, :, 0], areas)
    return BlockHarm(
        by_draw=by_draw,
        by_activity=harm.by_activity,
        by_state=harm.by_state,
        items=items[:, is_known, 0].sum(axis=1),
        users=users.mean(axis=(0, 2)),
        measures=np.stack([spread(values) for values in by_draw]),
        individual=individual,
        bands=bands,
        within=within,
        work=work,
        causes=causes,
        work_sums=work_sums,
    )


def _individual(asked: Asked, items: Floats, area_m2: Floats) -> tuple[Floats, Floats, Floats]:
    """Yearly risk of one who spends the hours of an activity in an area alone, against bands and the policy."""
    draws, shape = asked.draws, (len(asked.draws.names), *items.shape[1:3])
    out, bands = np.empty((*shape, 3)), np.empty((*shape, len(BANDS) + 1))
    within = np.full(shape, np.nan)
    for b in range(shape[0]):
        risk = individual_risk(items, area_m2, draws.user_swept_m2[:, b], draws.p_functions[:, b])
        out[b] = spread(risk)
        bands[b] = np.moveaxis(share_in_bands(risk, BANDS), 0, -1)
        if asked.limit is not None:
            within[b] = np.where(np.isnan(out[b, ..., 0]), np.nan, (risk <= asked.limit).mean(axis=0))
    return out, bands, within


def _work(asked: Asked, items: Floats, areas: Ints) -> tuple[Floats, Floats, Floats]:
    """Clearing each area whole by each way of working, at the first date."""
    num = len(asked.demining)
    out, causes = np.empty((num, areas.size, len(WORK), 3)), np.empty((num, areas.size, len(CAUSES)))
    sums = np.empty((num, len(items), len(WORK) - 1))
    is_known = ~np.isnan(items).any(axis=(0, 2))
    counted = is_known & asked.is_open[areas]
    handled = np.moveaxis(spread(items), 1, 0)  # (3, k, 3)
    for m, draws in enumerate(asked.demining.values()):
        risk = deminer_risk(items, asked.area_m2[areas], draws)
        told = (risk.hours, risk.accidents, risk.casualties)
        out[m] = np.stack([*handled, *(spread(v) for v in (*told, risk.per_person_year))], axis=1)
        out[m, ~is_known] = np.nan
        causes[m] = risk.by_cause.mean(axis=0)
        sums[m, :, :3] = items[:, counted].sum(axis=1)
        sums[m, :, 3:] = np.stack([v[:, counted].sum(axis=1) for v in told], axis=1)
    return out, causes, sums
