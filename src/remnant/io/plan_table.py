"""Tables for a plan: areas with their harm, and what tasks report."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from remnant.decide.plan import ACTIONS, OUTCOMES, PlanAreas, Reported
from remnant.errors import InvalidInput
from remnant.io.cells import Bounds, UnreadableCellError
from remnant.io.dates import read_days
from remnant.io.score_tables import column, numbers, places, read_any, texts
from remnant.io.table import Table
from remnant.units import Floats, date_of

NUM_DRAWS = 200
_ANY = Bounds(low=0.0, high=1e12, words="a number of 0 or more")
_SHARE = Bounds(low=0.0, high=1.0, words="a share in [0, 1]", is_probability=True)
_Z95 = 1.6448536269514722


def read_plan_areas(
    path: Path, *, seed: int, day: float, layer: str | None = None, crs: str = ""
) -> tuple[PlanAreas, gpd.GeoDataFrame]:
    """Areas of a table, with draws made from its columns.

    Parameters
    ----------
    path
        Columns ``area_id, area_m2, harm`` (mean rate), and if known ``p_any`` (blank or none: 1, for unknown is not
        zero), ``items`` (default: `harm`), ``harm_low, harm_high`` (90 % interval of the harm where there is any),
        ``harm_unit``, ``wait_until`` (day by which time alone keeps the limits of a release policy); outlines, or
        columns ``lon, lat`` or ``x, y``.
    seed
        Of the draws: in each, an area holds something with its chance, and then does harm within its interval.
    day
        Day number from which the harm holds. [d]
    layer, crs
        Of the file, where they must be named.
    """
    table, file = read_any(path, layer=layer), path.name
    ids = texts(table, _wanted(table, "area_id", file))
    if "" in ids:
        raise InvalidInput(
            f"{file}, row {table.row[ids.index('')]}: area_id must be given; it is blank. Name the area."
        )
    area = _known(table, "area_m2", file)
    mean = _known(table, "harm", file)
    p_any = _or(table, "p_any", np.ones(mean.size), _SHARE, file)
    items = _or(table, "items", mean, _ANY, file)
    units = set(texts(table, "harm_unit")) - {""} if "harm_unit" in table.cells else set()
    if len(units) > 1:
        raise InvalidInput(f"{file}: harm_unit must be one for all; got {', '.join(sorted(units))}. Convert.")
    low, high = (_or(table, name, mean, _ANY, file) for name in ("harm_low", "harm_high"))
    bad = np.flatnonzero(low > high)
    if bad.size:
        raise InvalidInput(f"{file}, row {table.row[bad[0]]}: harm_low must not exceed harm_high. Swap them.")
    geometry = np.full(mean.size, None, dtype=object)
    found = places(table, crs, file)
    if found is not None:
        geometry = found[0]
    areas = PlanAreas(
        area_id=ids, area_m2=area, harm=_draws(mean, p_any, low, high, seed), dates_d=np.array([day]), p_any=p_any,
        items=items, harm_unit=next(iter(units), "harm as in the table"),
        place_known=np.ones(mean.size, np.bool_) if found is None else ~shapely.is_missing(geometry),
        wait_until_d=_waits(table, file),
    )  # fmt: skip
    return areas, gpd.GeoDataFrame(
        {"area_id": list(ids)}, geometry=list(geometry), crs=found[1] if found else None
    )


def _draws(mean: Floats, p_any: Floats, low: Floats, high: Floats, seed: int) -> Floats:
    """(n_draws, n_areas, 1) rates whose mean is the one given."""
    rng = np.random.default_rng([seed, *b"areas"])
    holds = rng.random((NUM_DRAWS, mean.size)) < p_any
    sure = (low > 0.0) & (high > low)
    sd = np.where(sure, np.log(np.where(sure, high, 1.0) / np.where(sure, low, 1.0)) / (2.0 * _Z95), 0.0)
    level = np.exp(sd * rng.standard_normal(holds.shape) - 0.5 * sd * sd) * holds
    scale = np.divide(mean, level.mean(axis=0), out=np.zeros_like(mean), where=level.mean(axis=0) > 0.0)
    level = np.where(level.mean(axis=0) > 0.0, level * scale, mean)
    return np.asarray(level[:, :, None])


def _waits(table: Table, file: str) -> Floats | None:
    """(n_areas,) days until which waiting pays, NaN where blank; None without the column."""
    if "wait_until" not in table.cells:
        return None
    cells = table.cells["wait_until"]
    written = texts(table, "wait_until")
    return np.array(
        [
            np.nan if not text else _day(cell, f"{file}, row {table.row[i]}: wait_until")
            for i, (cell, text) in enumerate(zip(cells, written, strict=True))
        ]
    )


def _day(cell: object, where: str) -> float:
    """A day of a cell; its last where it says a month or a year. [d]"""
    try:
        return float(read_days(cell)[1])
    except UnreadableCellError as error:
        raise InvalidInput(f"{where} must be a day such as 2027-03-14; got {error}. {error.todo}.") from None
    except (TypeError, ValueError):
        raise InvalidInput(f"{where} must be a day such as 2027-03-14; got {cell!r}. Correct it.") from None


def _wanted(table: Table, name: str, file: str) -> str:
    found = column(table, None, (name,), name, file)
    if found is None:
        raise InvalidInput(
            f"{file}: column {name} must be there; it is not. There are: {', '.join(list(table.cells)[:20])}. "
            "Add or rename it."
        )
    return found


def _known(table: Table, name: str, file: str) -> Floats:
    """A column that may not be blank."""
    values = numbers(table, _wanted(table, name, file), _ANY, file)
    blank = np.flatnonzero(np.isnan(values))
    if blank.size:
        raise InvalidInput(
            f"{file}, row {table.row[blank[0]]}: {name} must be a number; it is blank. Unknown is not zero: "
            "give a value."
        )
    return values


def _or(table: Table, name: str, otherwise: Floats, bounds: Bounds, file: str) -> Floats:
    found = column(table, None, (name,), name, file)
    if found is None:
        return otherwise
    values = numbers(table, found, bounds, file)
    return np.where(np.isnan(values), otherwise, values)


def read_reports(path: Path) -> tuple[Reported, ...]:
    """What tasks report: columns ``area_id, outcome, date``, and if known ``usd, share, action``.

    Raises
    ------
    InvalidInput
        With file and row, for a cell that cannot be read.
    """
    table, file = read_any(path), path.name
    ids, outcomes = (texts(table, _wanted(table, name, file)) for name in ("area_id", "outcome"))
    dates = table.cells[_wanted(table, "date", file)]
    zero = np.zeros(len(ids))
    usd, share = _or(table, "usd", zero, _ANY, file), _or(table, "share", zero, _SHARE, file)
    actions = texts(table, "action") if "action" in table.cells else ("",) * len(ids)
    out = []
    for i, name in enumerate(ids):
        where = f"{file}, row {table.row[i]}"
        outcome = next((o for o in OUTCOMES if o == outcomes[i].lower().replace("_", " ")), None)
        if outcome is None:
            raise InvalidInput(
                f"{where}: outcome must be one of {', '.join(OUTCOMES)}; got {outcomes[i]!r}. Correct it."
            )
        action = next((a for a in ACTIONS if a == (actions[i] or "clear")), None)
        if action is None:
            raise InvalidInput(
                f"{where}: action must be one of {', '.join(ACTIONS)}; got {actions[i]!r}. Correct it."
            )
        day = date_of(_day(dates[i], f"{where}: date"))
        out.append(
            Reported(
                area_id=name,
                outcome=outcome,
                date=day,
                usd=float(usd[i]),
                share=float(share[i]),
                action=action,
            )
        )
    return tuple(out)
