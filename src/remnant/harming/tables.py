"""Tables of harm: means and 90 % intervals by date, area, activity, method and factor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from remnant.catalogue import Catalogue, Range
from remnant.catalogue.exposure import ACTIVITY_UNITS, DEMINING_UNITS
from remnant.errors import NotEstimable
from remnant.harming.blocks import MEASURES, WORK, spread
from remnant.risk import CAUSES, HOURS_PER_YEAR, ActivityDraws, variance_shares
from remnant.units import Floats

BAND_COLUMNS = ("p_below_1e-6", "p_1e-6_to_1e-5", "p_1e-5_to_1e-4", "p_1e-4_or_more")
STATES = ("armed", "expired", "dud")
Texts = NDArray[np.object_]


def _three(what: str, values: Floats) -> dict[str, Floats]:
    """Columns of mean, 5 % and 95 % point, from (…, 3) of them, in order of the rows."""
    return {f"{what}_{k}": values[..., i].ravel() for i, k in enumerate(("mean", "q05", "q95"))}


def _each(*keys: Sequence[object]) -> list[Texts]:
    """Columns of all combinations of some keys, the last running fastest."""
    sizes = [len(k) for k in keys]
    out = []
    for i, key in enumerate(keys):
        values = np.empty(len(key), object)
        values[:] = list(key)
        out.append(np.tile(np.repeat(values, int(np.prod(sizes[i + 1 :]))), int(np.prod(sizes[:i]))))
    return out


def totals_table(
    by_activity: Floats, by_state: Floats, dates: Sequence[dt.date], as_of: dt.date
) -> pd.DataFrame:
    """A row per date: encounters, accidents, casualties, and casualties by state of the item."""
    columns: dict[str, object] = {"date": list(dates), "is_forecast": [d > as_of for d in dates]}
    for k, name in enumerate(MEASURES):
        columns |= _three(name, spread(by_activity[k].sum(axis=1)))
    for s, state in enumerate(STATES):
        columns |= _three(f"casualties_{state}", spread(by_state[:, s]))
    return pd.DataFrame(columns)


def areas_table(
    ids: Sequence[str], users: Floats, measures: Floats, dates: Sequence[dt.date], as_of: dt.date
) -> pd.DataFrame:
    """A row per area and date; `measures` is (3, n_areas, n_dates, 3)."""
    area, date = _each(ids, dates)
    columns: dict[str, object] = {"area_id": area, "date": date, "is_forecast": date > as_of}
    columns["users_mean"] = np.repeat(users, len(dates))
    for k, name in enumerate(MEASURES):
        columns |= _three(name, measures[k])
    columns["is_unknown"] = np.isnan(measures[2, ..., 0]).ravel()
    return pd.DataFrame(columns)


def activities_table(by_activity: Floats, names: Sequence[str], dates: Sequence[dt.date]) -> pd.DataFrame:
    """A row per activity and date, over all areas with a number."""
    activity, date = _each(names, dates)
    columns: dict[str, object] = {"activity": activity, "date": date}
    for k, name in enumerate(MEASURES):
        columns |= _three(name, spread(by_activity[k]))
    return pd.DataFrame(columns)


def individual_table(
    names: Sequence[str], ids: Sequence[str], dates: Sequence[dt.date], individual: Floats, bands: Floats,
    within: Floats, limit: float | None,
) -> pd.DataFrame:  # fmt: skip
    """A row per activity, area and date: yearly risk of one person, shares of draws in bands and within the policy."""
    activity, area, date = _each(names, ids, dates)
    columns: dict[str, object] = {"area_id": area, "activity": activity, "date": date}
    columns |= _three("risk", individual)
    columns |= {name: bands[..., k].ravel() for k, name in enumerate(BAND_COLUMNS)}
    columns["policy_limit"] = limit
    columns["p_within_policy"] = within.ravel()
    return pd.DataFrame(columns)


def deminers_table(
    names: Sequence[str], ids: Sequence[str], area_m2: Floats, work: Floats, causes: Floats
) -> pd.DataFrame:
    """A row per method and area: ground, items handled by state, hours, accidents and their causes."""
    method, area = _each(names, ids)
    columns: dict[str, object] = {"area_id": area, "method": method, "area_m2": np.tile(area_m2, len(names))}
    for k, name in enumerate(WORK):
        columns |= _three(name, work[:, :, k])
    columns |= {f"accidents_by_{cause}_mean": causes[..., k].ravel() for k, cause in enumerate(CAUSES)}
    return pd.DataFrame(columns)


def demining_table(names: Sequence[str], sums: Floats, num_areas: int, area_m2: float) -> pd.DataFrame:
    """A row per method: clearing all open areas with known items by it; `sums` is (n_methods, n_draws, 6)."""
    columns: dict[str, object] = {"method": list(names), "num_areas": num_areas, "area_m2": area_m2}
    for k, name in enumerate(WORK[:-1]):
        columns |= _three(name, spread(sums[:, :, k].T))
    hours, accidents = sums[:, :, 3].T, sums[:, :, 4].T
    yearly = -np.expm1(
        -np.divide(accidents, hours, out=np.zeros_like(hours), where=hours > 0) * HOURS_PER_YEAR
    )
    return pd.DataFrame(columns | _three(WORK[-1], spread(yearly)))


def factors_table(casualties: Floats, items: Floats, draws: ActivityDraws) -> pd.DataFrame:
    """Share of the variance of log casualties (n_draws,) that each factor explains alone; items are (n_draws, 3)."""
    armed, every = items[:, 0], items.sum(axis=1)
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
        shares = variance_shares(casualties, factors)
    except NotEstimable:
        shares = dict.fromkeys(factors, np.nan)
    return pd.DataFrame({"factor": list(shares), "share_of_variance": list(shares.values())})


def ranges_table(catalogue: Catalogue) -> pd.DataFrame:
    """A row per number of activities and ways of de-mining: its 90 % interval, unit, basis and source."""
    rows = []
    for kind, entries, keys in (
        ("activity", catalogue.activities, ACTIVITY_UNITS), ("demining", catalogue.demining, DEMINING_UNITS),
    ):  # fmt: skip
        for name, entry in entries.items():
            for key in keys:
                r: Range = getattr(entry, key)
                rows.append((kind, name, key, r.low, r.high, r.unit, r.basis, r.source))
    return pd.DataFrame(rows, columns=["kind", "name", "factor", "low", "high", "unit", "basis", "source"])
