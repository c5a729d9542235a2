"""Harm of a case, and the yearly risk of one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.harming import tables as tell
from remnant.harming.blocks import MEASURES, Asked, BlockHarm, blocks, harm_of_block
from remnant.numerics.threads import side_by_side
from remnant.risk import (
    REACHES,
    CivilianHarm,
    People,
    draw_demining,
    scales_of,
    users_by_scale,
)
from remnant.units import KM_M, Floats, Ints
from remnant.weighing import Weighed, activity_draws, provenance_of

HARM_UNIT = "casualties per year"
_MOST_HOURS = 4.74  # scales of distance within which 95 % of all hours go on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarmAnswer:
    """Harm of a case.

    Parameters
    ----------
    casualties
        (n_draws, n_areas, n_dates) expected within a year from each date, for `remnant.planning.areas_to_plan`; NaN
        where people or items are unknown. [persons/y]
    civilians
        What the tables were made from, `casualties` among them.
    tables
        Name → table: ``totals``, ``areas``, ``activities``, ``individual``, ``deminers`` (by method and area),
        ``demining`` (by method), ``factors``, ``ranges``.
    outlines, crs
        (n_areas,) outlines, None where the place is unknown, and their CRS.
    num_unknown
        Areas without a number, because their people or items are unknown.
    policy_name, policy_limit
        The policy, and the greatest yearly risk of a person that it states, if any.
    notes
        Plain words on what the numbers are and rest on.
    provenance
        Program, seed, dates, hashes.
    """

    name: str
    as_of: dt.date
    dates: tuple[dt.date, ...]
    seed: int
    casualties: Floats
    civilians: CivilianHarm
    tables: Mapping[str, pd.DataFrame]
    outlines: NDArray[np.object_]
    crs: str
    num_unknown: int
    policy_name: str
    policy_limit: float | None
    notes: tuple[str, ...]
    provenance: Mapping[str, object]


def _ground(weighed: Weighed) -> tuple[Floats, NDArray[np.bool_]]:
    """(n_areas,) ground of each area's own, 1 where it has none, and whether it has any. [m²]"""
    owned = weighed.reduction.area_owned_m2
    has_ground = np.isfinite(owned) & (owned > 0.0)
    return np.where(has_ground, owned, 1.0), has_ground


def harm_of(weighed: Weighed, people: People) -> HarmAnswer:
    """Harm of a weighed case.

    Parameters
    ----------
    weighed
        The case with its draws.
    people
        Where people live, in the CRS of the case.

    Returns
    -------
    Every number with its 90 % interval over draws of items and of all factors.

    Raises
    ------
    InvalidInput
        For a case without hazard areas.
    """
    case, draws = weighed.case, activity_draws(weighed)
    if not case.areas.id.size:
        raise InvalidInput("harm needs hazard areas; the case has none. Add them.")
    area_m2, has_ground = _ground(weighed)
    scales = scales_of(draws.reach_m)
    num_draws, num_dates = len(weighed.posterior.z), len(case.dates)
    asked = Asked(
        weighed=weighed, draws=draws,
        demining={
            name: draw_demining(
                entry, num_draws, rng=np.random.default_rng([weighed.seed, *b"demining", *name.encode()])
            )
            for name, entry in case.catalogue.demining.items()
        },
        area_m2=area_m2, has_ground=has_ground, is_open=case.areas.status == "open", scales_m=scales,
        users=users_by_scale(people, case.areas.geometry, scales), limit=case.policy.individual_risk_max_per_year,
    )  # fmt: skip
    parts = blocks(area_m2.size, num_draws, max(3 * num_dates, len(draws.names)))
    by_draw = np.empty((len(MEASURES), num_draws, area_m2.size, num_dates))

    def one(part: Ints) -> BlockHarm:
        block = harm_of_block(asked, part)
        by_draw[:, :, part] = block.by_draw
        return replace(block, by_draw=np.empty(0))  # so that no number is held twice

    return _joined(asked, people, by_draw, side_by_side(one, parts))


def _joined(asked: Asked, people: People, by_draw: Floats, parts: list[BlockHarm]) -> HarmAnswer:
    case, draws, dates = asked.weighed.case, asked.draws, asked.weighed.case.dates
    ids, methods, as_of = [str(i) for i in case.areas.id], list(asked.demining), case.as_of

    def joined(name: str, axis: int) -> Floats:
        return np.concatenate([getattr(p, name) for p in parts], axis=axis)

    def summed(name: str) -> Floats:
        return np.asarray(sum(getattr(p, name) for p in parts))

    casualties, by_activity, work = by_draw[2], summed("by_activity"), joined("work", 1)
    is_unknown = np.asarray(np.isnan(casualties).any(axis=(0, 2)))
    by_state = summed("by_state")
    if is_unknown.all():  # a sum over no area is not known to be 0
        by_activity, by_state = np.full_like(by_activity, np.nan), np.full_like(by_state, np.nan)
    worked = asked.is_open & ~np.isnan(work[0, :, 0, 0]) if methods else asked.is_open
    tables = {
        "totals": tell.totals_table(by_activity, by_state, dates, as_of),
        "areas": tell.areas_table(ids, joined("users", 0), joined("measures", 1), dates, as_of),
        "activities": tell.activities_table(by_activity, draws.names, dates),
        "individual": tell.individual_table(
            draws.names, ids, dates, joined("individual", 1), joined("bands", 1), joined("within", 1), asked.limit
        ),
        "deminers": tell.deminers_table(methods, ids, _known_ground(asked), work, joined("causes", 1)),
        "demining": tell.demining_table(
            methods, summed("work_sums"), int(worked.sum()), float(asked.area_m2[worked].sum())
        ),
        "factors": tell.factors_table(by_activity[2].sum(axis=1)[:, 0], summed("items"), draws),
        "ranges": tell.ranges_table(case.catalogue),
    }  # fmt: skip
    return HarmAnswer(
        name=case.name, as_of=as_of, dates=dates, seed=asked.weighed.seed, casualties=casualties,
        civilians=CivilianHarm(
            encounters=by_draw[0], accidents=by_draw[1], casualties=casualties, by_activity=by_activity,
            by_state=by_state,
        ),
        tables=tables, outlines=case.areas.geometry, crs=case.crs,
        num_unknown=int(is_unknown.sum()), policy_name=case.policy.name, policy_limit=asked.limit,
        notes=_notes(asked, people, is_unknown, casualties[:, :, 0].mean(axis=0)),
        provenance=_provenance(asked.weighed, people),
    )  # fmt: skip


def _known_ground(asked: Asked) -> Floats:
    return np.where(asked.has_ground, asked.area_m2, np.nan)


def _notes(asked: Asked, people: People, is_unknown: NDArray[np.bool_], mean: Floats) -> tuple[str, ...]:
    case = asked.weighed.case
    num, blank = int(is_unknown.sum()), int(np.isnan(people.persons).sum())
    unplaced = int((is_unknown & shapely.is_missing(case.areas.geometry)).sum())
    released = int((~asked.is_open).sum())
    share = float(mean[~asked.is_open & ~is_unknown].sum() / max(mean[~is_unknown].sum(), 1e-300))
    where = "pixels" if people.is_pixel else "places"
    read = f"People: {np.nansum(people.persons):,.0f} in {people.persons.size - blank:,} {where}" + (
        f"; the number in {blank:,} more is unknown, which is not zero." if blank else "."
    )
    it = "it" if num == 1 else "them"
    totals = "There is no total." if is_unknown.all() else f"Totals leave {it} out, so they are too low."
    told = (
        f"{num:,} of {is_unknown.size:,} hazard areas {'has' if num == 1 else 'have'} no number: people near, place "
        f"({unplaced:,}) or items are unknown, which is not zero. {totals}"
    )
    if num > unplaced and people.is_pixel:
        reach_km = max(a.reach.high for a in case.catalogue.activities.values())
        away_km = min(_MOST_HOURS * float(asked.draws.reach_m.max()) / KM_M, REACHES * reach_km)
        told += (
            f" The raster says nothing of some of the ground from which people come: it must be known {away_km:,.0f} "
            "km around an area, with 0 where nobody lives."
        )
    part = "" if is_unknown.all() else f", so {share:.0%} of the expected casualties fall on it"
    freed = f"{released:,} of the areas are released: their ground is taken to be used like any other{part}."
    return (
        *((told,) if num else ()),
        read,
        *((freed,) if released else ()),
        "Nearly all factors of activities rest on judgement: read the intervals, and give your own ranges.",
        (
            "Use is taken to go on unchanged after an accident, so many casualties mean ground that cannot be used so, "
            "not a forecast of victims."
        ),
        "States are kept for a year from each date; ground outside hazard areas is not counted.",
    )


def _provenance(weighed: Weighed, people: People) -> dict[str, object]:
    return {**provenance_of(weighed.case, weighed.seed), "people": people.source}
