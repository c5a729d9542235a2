"""From a weighed case and its people to harm: civilians by activity, de-miners by method, and what matters most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from remnant.errors import InvalidInput, NotEstimable
from remnant.field import area_states
from remnant.risk import (
    BANDS,
    ActivityDraws,
    CivilianHarm,
    People,
    civilian_harm,
    deminer_risk,
    draw_activities,
    draw_demining,
    individual_risk,
    share_in_bands,
    users_of_areas,
    variance_shares,
)
from remnant.units import Floats
from remnant.weighing import Weighed

HARM_UNIT = "casualties per year"
_MEASURES = ("encounters", "accidents", "casualties")
BAND_COLUMNS = ("p_below_1e-6", "p_1e-6_to_1e-5", "p_1e-5_to_1e-4", "p_1e-4_or_more")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarmAnswer:
    """Harm of a case.

    Parameters
    ----------
    casualties
        (n_draws, n_areas, n_dates) expected within a year from each date, for `remnant.planning.areas_to_plan`; NaN
        where people or items are unknown. [persons/y]
    civilians
        What the tables were made from.
    tables
        Name → table: ``totals``, ``areas``, ``activities``, ``individual``, ``deminers``, ``factors``.
    num_unknown
        Areas without a number, because their people or items are unknown.
    notes
        Plain words on what the numbers are and rest on.
    """

    name: str
    as_of: dt.date
    dates: tuple[dt.date, ...]
    seed: int
    casualties: Floats
    civilians: CivilianHarm
    tables: Mapping[str, pd.DataFrame]
    num_unknown: int
    notes: tuple[str, ...]


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
    items = area_states(weighed.posterior, weighed.days[:1], weighed.as_of_day)
    owned = weighed.reduction.area_owned_m2
    has_ground = np.isfinite(owned) & (owned > 0.0)
    items[:, ~has_ground] = np.nan
    area_m2 = np.where(has_ground, owned, 1.0)
    best, named = np.full(items.shape[:2], np.nan), np.full(items.shape[1], draws.names[0], object)
    greatest = np.full(items.shape[1], -np.inf)
    for b, name in enumerate(draws.names):
        if activity in (None, name):
            risk = individual_risk(items, area_m2, draws.user_swept_m2[:, b], draws.p_functions[:, b])[
                :, :, 0
            ]
            mean = risk.mean(axis=0)
            more = mean > greatest
            best[:, more], named[more], greatest[more] = risk[:, more], name, mean[more]
    if activity is not None:
        named[:] = activity
    return IndividualRisks(risk=best, activity=tuple(named.tolist()))


def activity_draws(weighed: Weighed) -> ActivityDraws:
    """The activities of the case's catalogue, as many draws as its posterior has; a stream of their own."""
    rng = np.random.default_rng([weighed.seed, *b"activities"])
    return draw_activities(weighed.case.catalogue.activities, len(weighed.posterior.z), rng=rng)


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
    items = area_states(weighed.posterior, weighed.days, weighed.as_of_day)
    owned = weighed.reduction.area_owned_m2
    has_ground = np.isfinite(owned) & (owned > 0.0)
    items[:, ~has_ground] = np.nan
    area_m2 = np.where(has_ground, owned, 1.0)
    users = users_of_areas(people, case.areas.geometry, draws.reach_m)
    swept = users * draws.swept_m2_per_person[:, None, :]
    harm = civilian_harm(items, area_m2, swept, draws.p_functions, draws.casualties)
    ids = [str(i) for i in case.areas.id]
    unknown = np.isnan(harm.casualties).any(axis=(0, 2))
    tables = {
        "totals": _totals(harm, case.dates, case.as_of),
        "areas": _areas(harm, ids, users, case.dates, case.as_of),
        "activities": _activities(harm, draws.names, case.dates),
        "individual": _individual(
            items, area_m2, draws, ids, case.dates, case.policy.individual_risk_max_per_year
        ),
        "deminers": _deminers(weighed, items[:, :, 0], area_m2, ids),
        "factors": _factors(harm, items, draws),
    }
    return HarmAnswer(
        name=case.name, as_of=case.as_of, dates=case.dates, seed=weighed.seed, casualties=harm.casualties,
        civilians=harm, tables=tables, num_unknown=int(unknown.sum()), notes=_notes(int(unknown.sum()), len(ids)),
    )  # fmt: skip


def _notes(num_unknown: int, num: int) -> tuple[str, ...]:
    told = (
        f"{num_unknown} of {num} hazard areas have no number: their people, place or items are unknown, which is not "
        "zero. Totals leave them out, so they are too low by what those areas add."
    )
    return (
        *((told,) if num_unknown else ()),
        "Nearly all factors of activities rest on judgement: read the intervals, and give your own ranges.",
        (
            "Use is taken to go on unchanged after an accident, so many casualties mean ground that cannot be used so, "
            "not a forecast of victims."
        ),
        "States are kept for a year from each date; ground outside hazard areas is not counted.",
    )


def _spread(values: Floats, what: str) -> dict[str, float]:
    """Mean and 90 % interval over draws (one axis); NaN if any is."""
    if np.isnan(values).any():
        return {f"{what}_{k}": np.nan for k in ("mean", "q05", "q95")}
    low, high = np.quantile(values, [0.05, 0.95])
    return {f"{what}_mean": float(values.mean()), f"{what}_q05": float(low), f"{what}_q95": float(high)}


def _totals(harm: CivilianHarm, dates: Sequence[dt.date], as_of: dt.date) -> pd.DataFrame:
    sums = harm.by_activity.sum(axis=2)
    rows: list[dict[str, object]] = []
    for t, date in enumerate(dates):
        row: dict[str, object] = {"date": date, "is_forecast": date > as_of}
        for k, name in enumerate(_MEASURES):
            row |= _spread(sums[k, :, t], name)
        for s, state in enumerate(("armed", "expired", "dud")):
            row |= _spread(harm.by_state[:, s, t], f"casualties_{state}")
        rows.append(row)
    return pd.DataFrame(rows)


def _areas(
    harm: CivilianHarm, ids: Sequence[str], users: Floats, dates: Sequence[dt.date], as_of: dt.date
) -> pd.DataFrame:
    people = users.mean(axis=(0, 2))
    rows: list[dict[str, object]] = []
    for a, area in enumerate(ids):
        for t, date in enumerate(dates):
            row: dict[str, object] = {"area_id": area, "date": date, "is_forecast": date > as_of}
            row["users_mean"] = float(people[a])
            for name in _MEASURES:
                row |= _spread(getattr(harm, name)[:, a, t], name)
            rows.append(row)
    return pd.DataFrame(rows)


def _activities(harm: CivilianHarm, names: Sequence[str], dates: Sequence[dt.date]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for b, activity in enumerate(names):
        for t, date in enumerate(dates):
            row: dict[str, object] = {"activity": activity, "date": date}
            for k, name in enumerate(_MEASURES):
                row |= _spread(harm.by_activity[k, :, b, t], name)
            rows.append(row)
    return pd.DataFrame(rows)


def _individual(
    items: Floats, area_m2: Floats, draws: ActivityDraws, ids: Sequence[str], dates: Sequence[dt.date],
    limit: float | None,
) -> pd.DataFrame:  # fmt: skip
    """Yearly risk of one who spends the hours of an activity in an area alone, against bands and the policy."""
    rows: list[dict[str, object]] = []
    for b, activity in enumerate(draws.names):
        risk = individual_risk(items, area_m2, draws.user_swept_m2[:, b], draws.p_functions[:, b])
        bands = share_in_bands(risk, BANDS)
        for a, area in enumerate(ids):
            for t, date in enumerate(dates):
                row: dict[str, object] = {"area_id": area, "activity": activity, "date": date}
                row |= _spread(risk[:, a, t], "risk")
                row |= dict(zip(BAND_COLUMNS, bands[:, a, t].tolist(), strict=True))
                row["policy_limit"] = limit
                within = (
                    np.nan
                    if np.isnan(risk[:, a, t]).any() or limit is None
                    else (risk[:, a, t] <= limit).mean()
                )
                row["p_within_policy"] = float(within)
                rows.append(row)
    return pd.DataFrame(rows)


def _deminers(weighed: Weighed, items: Floats, area_m2: Floats, ids: Sequence[str]) -> pd.DataFrame:
    """Risk of clearing each area whole by each way of working, at the first date."""
    rows: list[dict[str, object]] = []
    for name, entry in weighed.case.catalogue.demining.items():
        rng = np.random.default_rng([weighed.seed, *b"demining", *name.encode()])
        risk = deminer_risk(items, area_m2, draw_demining(entry, len(items), rng=rng))
        for a, area in enumerate(ids):
            row: dict[str, object] = {"area_id": area, "method": name}
            known = not np.isnan(items[:, a]).any()
            for what in ("hours", "accidents", "casualties", "per_person_year"):
                values = getattr(risk, what)[:, a]
                row |= _spread(values if known else np.full(1, np.nan), what)
            rows.append(row)
    return pd.DataFrame(rows)


def _factors(harm: CivilianHarm, items: Floats, draws: ActivityDraws) -> pd.DataFrame:
    """Share of the variance of log casualties at the first date that each factor explains alone."""
    first = harm.by_activity[2].sum(axis=1)[:, 0]
    armed, every = np.nansum(items[:, :, 0, 0], axis=1), np.nansum(items[:, :, 0], axis=(1, 2))
    factors: dict[str, Floats] = {
        "items in the ground": every,
        "share of items that is armed": np.divide(armed, every, out=np.zeros_like(every), where=every > 0.0),
    }
    for b, name in enumerate(draws.names):
        factors |= {
            f"{name}: swept": draws.swept_m2_per_h[:, b],
            f"{name}: hours": draws.hours_per_year[:, b],
            f"{name}: share_of_people": draws.share_of_people[:, b],
            f"{name}: share_entering": draws.share_entering[:, b],
            f"{name}: reach": draws.reach_m[:, b],
            f"{name}: p_armed": draws.p_functions[:, b, 0],
            f"{name}: p_expired": draws.p_functions[:, b, 1],
            f"{name}: p_dud": draws.p_functions[:, b, 2],
            f"{name}: casualties": draws.casualties[:, b],
        }
    try:
        shares = variance_shares(first, factors)
    except NotEstimable:
        shares = dict.fromkeys(factors, np.nan)
    return pd.DataFrame({"factor": list(shares), "share_of_variance": list(shares.values())})
