"""Harm of a case, and the yearly risk of one person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from remnant._version import __version__
from remnant.errors import InvalidInput
from remnant.harming import tables as tell
from remnant.harming.blocks import MEASURES, Asked, BlockHarm, blocks, harm_of_block, items_of
from remnant.numerics.threads import side_by_side
from remnant.risk import (
    REACHES,
    ActivityDraws,
    CivilianHarm,
    People,
    draw_demining,
    individual_risk,
    scales_of,
    users_by_scale,
)
from remnant.units import KM_M, Floats, Ints
from remnant.weighing import Weighed, activity_draws

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndividualRisks:
    """Yearly risk of one who spends the hours of an activity in an area alone, at the first date.

    Parameters
    ----------
    risk
        (n_draws, n_areas) of the activity that `activity` names; NaN where items are unknown. [1/y]
    activity
        (n_areas,) name of the activity.
    """

    risk: Floats
    activity: tuple[str, ...]


def individual_risks(weighed: Weighed, activity: str | None = None) -> IndividualRisks:
    """Yearly risk of one person in each hazard area at the first date; nothing need be known about people.

    Parameters
    ----------
    weighed
        The case with its draws.
    activity
        Name in the case's catalogue; None: in each area the one with the greatest mean risk.

    Raises
    ------
    InvalidInput
        For an activity that the catalogue does not hold.

    Notes
    -----
    The draws are those of `harm_of`, in the order of the posterior's: row j goes with draw j of `weighed.counted`.
    """
    draws = activity_draws(weighed)
    if activity is not None and activity not in draws.names:
        raise InvalidInput(
            f"activity must be one of {', '.join(draws.names)}; got {activity!r}. Name one, or add it to the catalogue."
        )
    area_m2, has_ground = _ground(weighed)
    parts = [
        _greatest(weighed, draws, part, area_m2, has_ground, activity)
        for part in blocks(area_m2.size, len(weighed.posterior.z), len(draws.names))
    ]
    return IndividualRisks(
        risk=np.concatenate([risk for risk, _ in parts], axis=1),
        activity=tuple(name for _, names in parts for name in names),
    )


def _greatest(
    weighed: Weighed, draws: ActivityDraws, areas: Ints, area_m2: Floats, has_ground: NDArray[np.bool_],
    activity: str | None,
) -> tuple[Floats, list[str]]:  # fmt: skip
    """(n_draws, k) risk of the activity with the greatest mean, or of the named one, and its name by area."""
    items = items_of(weighed, areas, has_ground, 1)
    best = np.full(items.shape[:2], np.nan)
    named = np.full(areas.size, activity or draws.names[0], object)
    greatest = np.full(areas.size, -np.inf)
    for b, name in enumerate(draws.names):
        if activity in (None, name):
            swept, chance = draws.user_swept_m2[:, b], draws.p_functions[:, b]
            risk = individual_risk(items, area_m2[areas], swept, chance)[:, :, 0]
            mean = risk.mean(axis=0)
            more = mean > greatest
            best[:, more], named[more], greatest[more] = risk[:, more], name, mean[more]
    return best, named.tolist()


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
    case = weighed.case
    return {
        "program": f"remnant {__version__}",
        "model": case.model.kind,
        "seed": weighed.seed,
        "num_draws": len(weighed.posterior.z),
        "as_of": case.as_of.isoformat(),
        "dates": [d.isoformat() for d in case.dates],
        "crs": case.crs,
        "people": people.source,
        "catalogue_sha256": case.catalogue.sha256,
        "catalogue_user_files": list(case.catalogue.user_files),
        "inputs_sha256": dict(sorted(case.inputs.items())),
    }
