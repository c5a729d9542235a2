"""Forecasts for Colombia held against what was found: the splits, and the baselines that know only where things are.

``python -m benchmarks.colombia cells`` and ``python -m benchmarks.colombia events`` print the tables. Two questions:

- *cells*: 3,381 labelled cells of Antioquia, whole municipalities held out. Labels are built from the events of all
  years, so no event may help to forecast a label.
- *events*: events of 2007–2012 per cell of 1 km, from the events up to 2006, wherever an event up to 2006 lies within
  `REGION_M`.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
from scipy import spatial

from remnant.score import (
    MEASURES,
    Evaluation,
    Folds,
    Forecast,
    blocks,
    compare,
    folds_at_random,
    folds_by_block,
    folds_by_group,
    from_past_events,
    held_out,
    kernel_share,
    nearest_find,
    nearest_neighbours,
    nearness,
    no_folds,
    prevalence,
    smoothed,
)
from remnant.units import Floats, Ints

ROOT = Path(__file__).resolve().parents[1]
EPSG = 3116  # MAGNA-SIRGAS, Colombia Bogotá zone
CUT_YEAR, LAST_YEAR, INNER_YEAR = 2006, 2012, 2003
IN_THE_GROUND = (
    1,
    2,
    4,
    6,
    8,
)  # accidents, clearance, unexploded ordnance, suspected minefields; no arsenals or seizures
CELL_M, REGION_M, BLOCK_M = 1000.0, 20_000.0, 50_000.0
CELL_BLOCK_M = 5000.0
BANDWIDTHS_M = (1000.0, 2000.0, 4000.0, 8000.0, 16_000.0)
_SPELLINGS = {"EL CARMEN DE VIBORAL": "CARMEN DE VIBORAL", "EL SANTUARIO": "SANTUARIO"}
_YEAR_D = 365.25


def folder() -> Path:
    """Where the records lie; not part of the project."""
    return Path(os.environ.get("REMNANT_DATA") or ROOT.parent / "shared" / "data") / "colombia"


def is_here() -> bool:
    """Whether the records are at hand."""
    return (folder() / "cells_antioquia.csv").is_file()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Labelled and unlabelled cells of Antioquia.

    Parameters
    ----------
    x_m, y_m
        (n,) middles. [m]
    found
        (n,) 1 where an event, a hazard or a clearance with finds is on record, 0 where it was cleared and nothing was
        found, NaN where nobody knows.
    municipality
        (n,) names, of one spelling.
    features
        The other columns, as they stand.
    """

    x_m: Floats
    y_m: Floats
    found: Floats
    municipality: tuple[str, ...]
    features: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Events in the ground.

    Parameters
    ----------
    x_m, y_m, year, kind
        (n,) each. [m, m, year, 1]
    department, municipality
        (n,) names, of one spelling.
    num_left_out
        Records of other kinds, exact repeats and places outside of the country, in that order.
    """

    x_m: Floats
    y_m: Floats
    year: Ints
    kind: Ints
    department: tuple[str, ...]
    municipality: tuple[str, ...]
    num_left_out: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventCells:
    """Cells of 1 km around the events up to the cut, and which event lies in which.

    Parameters
    ----------
    x_m, y_m
        (n,) middles. [m]
    place
        (n_events,) cell of each event; −1 outside of all.
    found
        (n,) events after the cut.
    department
        (n,) that of the nearest event up to the cut.
    num_outside
        Later events outside of all cells: nobody forecast them.
    """

    x_m: Floats
    y_m: Floats
    place: Ints
    found: Floats
    department: tuple[str, ...]
    num_outside: int


def plain_name(name: str) -> str:
    """One spelling of a name: capitals without accents, bytes of the old code page mended.

    Examples
    --------
    >>> plain_name("NARI¥O"), plain_name("Nariño"), plain_name("EL SANTUARIO")
    ('NARINO', 'NARINO', 'SANTUARIO')
    """
    mended = name.strip().upper().replace("¥", "Ñ")
    plain = unicodedata.normalize("NFKD", mended).encode("ascii", "ignore").decode()
    return _SPELLINGS.get(plain, plain)


def _projected(lon: pd.Series, lat: pd.Series) -> tuple[Floats, Floats]:
    to_metres = pyproj.Transformer.from_crs(4326, EPSG, always_xy=True)
    x, y = to_metres.transform(lon.to_numpy(), lat.to_numpy())
    return np.asarray(x), np.asarray(y)


def load_cells() -> Cells:
    """The cells of Antioquia, in the order of the file."""
    table = pd.read_csv(folder() / "cells_antioquia.csv", encoding="utf-8")
    x, y = _projected(table["LONGITUD_X"], table["LATITUD_Y"])
    label = table["mines_outcome"].to_numpy(dtype=np.float64)
    known = ["mines_outcome", "Municipio", "geometry", "LONGITUD_X", "LATITUD_Y"]
    return Cells(
        x_m=x,
        y_m=y,
        found=np.where(label < 0, np.nan, label),
        municipality=tuple(plain_name(m) for m in table["Municipio"]),
        features=table.drop(columns=known),
    )


def load_events(*, kinds: Sequence[int] = IN_THE_GROUND, keep_repeats: bool = False) -> Events:
    """Events of some kinds, each exact repeat once (unless asked for), inside the country."""
    table = pd.read_csv(folder() / "events_1990_2012.csv", encoding="utf-8")
    chosen = table[table["tipo_evento"].isin(kinds)]
    once = chosen if keep_repeats else chosen.drop_duplicates()
    inside = once[(once["lon"] < -66.0) & (once["lat"] < 13.0)]
    x, y = _projected(inside["lon"], inside["lat"])
    return Events(
        x_m=x,
        y_m=y,
        year=inside["year"].to_numpy(dtype=np.int64),
        kind=inside["tipo_evento"].to_numpy(dtype=np.int64),
        department=tuple(plain_name(d) for d in inside["departamento"]),
        municipality=tuple(plain_name(m) for m in inside["municipio"]),
        num_left_out=(len(table) - len(chosen), len(chosen) - len(once), len(once) - len(inside)),
    )


def cells_of(events: Events, *, department: str = "", region_m: float = REGION_M) -> EventCells:
    """Cells within a distance of an event up to the cut, so that the region itself is no knowledge of later years."""
    past = events.year <= CUT_YEAR
    names = np.array(events.department)
    if department:
        past = past & (names == plain_name(department))
    points = np.column_stack([events.x_m, events.y_m])
    tree = spatial.cKDTree(points[past])
    corner = np.floor((points[past].min(axis=0) - region_m) / CELL_M).astype(np.int64)
    num_cols, num_rows = np.ceil((points[past].max(axis=0) + region_m) / CELL_M).astype(np.int64) - corner
    col, row = (a.ravel() for a in np.meshgrid(np.arange(num_cols), np.arange(num_rows)))
    middle = (np.column_stack([col, row]) + corner + 0.5) * CELL_M
    distance, nearest = tree.query(middle, distance_upper_bound=region_m)
    inside = np.isfinite(distance)
    number = np.full(num_cols * num_rows, -1)
    number[inside] = np.arange(inside.sum())
    at = np.floor(points / CELL_M).astype(np.int64) - corner
    there = ((at >= 0) & (at < (num_cols, num_rows))).all(axis=1)
    place = np.where(there, number[np.where(there, at[:, 1] * num_cols + at[:, 0], 0)], -1)
    later = (events.year > CUT_YEAR) & (events.year <= LAST_YEAR)
    mine = later & (names == plain_name(department)) if department else later
    return EventCells(
        x_m=middle[inside, 0],
        y_m=middle[inside, 1],
        place=place,
        found=np.bincount(place[later & (place >= 0)], minlength=int(inside.sum())).astype(np.float64),
        department=tuple(names[past][nearest[inside]]),
        num_outside=int((mine & (place < 0)).sum()),
    )


def municipality_folds(cells: Cells) -> Folds:
    """Whole municipalities held out in turn."""
    return folds_by_group(cells.municipality, "municipality")


def block_folds(cells: Cells, block_m: float = 10_000.0) -> Folds:
    """Square blocks of ground held out in turn."""
    return folds_by_block(cells.x_m, cells.y_m, block_m)


def random_folds(cells: Cells, *, seed: int = 1) -> Folds:
    """Ten parts at random: to show how much it flatters, never as a result."""
    rng = np.random.default_rng([seed, *b"random folds"])
    return folds_at_random(cells.found.size, 10, rng=rng, i_know_it_flatters=True)


def department_folds(cells: EventCells) -> Folds:
    """Departments, for scores by region of a forecast that was cut in time."""
    if len(set(cells.department)) == 1:
        return no_folds(cells.found.size)
    return folds_by_group(cells.department, "department")


def cell_baselines(cells: Cells, folds: Folds) -> tuple[Forecast, ...]:
    """Forecasts of labels from coordinates alone, refit without each fold."""
    fits = {
        "25 nearest places": nearest_neighbours(25),
        "25 nearest places, by inverse distance": nearest_neighbours(25, "inverse distance"),
        "10 nearest places": nearest_neighbours(10),
        "kernel-weighted share": kernel_share(),
        "distance to the nearest find": nearest_find,
        "the same everywhere": prevalence,
    }
    return tuple(held_out(name, fit, cells.x_m, cells.y_m, cells.found, folds) for name, fit in fits.items())


def event_baselines(events: Events, cells: EventCells) -> tuple[Forecast, ...]:
    """Forecasts of later events from the places of events up to the cut."""
    day = (events.year + 1.0) * _YEAR_D  # an event is known by the end of its year
    days = {
        "cut_day": (CUT_YEAR + 1.0) * _YEAR_D,
        "last_day": (LAST_YEAR + 1.0) * _YEAR_D,
        "inner_day": (INNER_YEAR + 1.0) * _YEAR_D,
    }
    data = (events.x_m, events.y_m, day, cells.place, cells.x_m, cells.y_m)
    kernels = [
        from_past_events(f"kernel density ({b / 1e3:g} km)", smoothed(b), *data, **days) for b in BANDWIDTHS_M
    ]
    best, _ = max(kernels, key=lambda pair: pair[1])  # by the inner step: nothing after the cut is looked at
    return (
        from_past_events("distance to the nearest event", nearness(), *data, **days)[0],
        from_past_events("distance to the 10th nearest event", nearness(10), *data, **days)[0],
        best,
        from_past_events("the same everywhere", lambda _a, _b, x, _y: np.zeros(x.size), *data, **days)[0],
    )


def score_cells(
    prediction: Forecast,
    baselines: Sequence[Forecast],
    cells: Cells,
    folds: Folds,
    *,
    num_resamples: int = 300,
) -> Evaluation:
    """Scores of labels; parts of ground of `CELL_BLOCK_M` are resampled inside folds, municipalities as a whole."""
    return compare(
        baselines,
        prediction,
        cells.found,
        folds,
        rng=np.random.default_rng([1, *b"score"]),
        block=blocks(cells.x_m, cells.y_m, CELL_BLOCK_M),
        num_resamples=num_resamples,
    )


def score_events(
    prediction: Forecast, baselines: Sequence[Forecast], cells: EventCells, *, num_resamples: int = 100
) -> Evaluation:
    """Scores of the number of later events per cell; departments as a whole are resampled, blocks inside them."""
    return compare(
        baselines,
        prediction,
        cells.found,
        department_folds(cells),
        rng=np.random.default_rng([1, *b"score"]),
        is_count=True,
        block=blocks(cells.x_m, cells.y_m, BLOCK_M),
        num_resamples=num_resamples,
    )


def lines(result: Evaluation, measures: Sequence[str]) -> list[str]:
    """A Markdown table: each forecast, together and as the mean of folds, with 90 % intervals."""
    names = list(dict.fromkeys(r.forecast for r in result.rows))
    values = {(r.forecast, r.measure, r.scope): r for r in result.rows if r.scope != "fold"}
    head = [f"{MEASURES[m].title}, {s}" for m in measures for s in ("all", "mean of folds")]
    out = [f"| forecast | {' | '.join(head)} |", f"|---{'|---:' * len(head)}|"]
    for name in names:
        cells = []
        for measure in measures:
            for scope in ("pooled", "within"):
                row = values.get((name, measure, scope))
                cells.append("–" if row is None else f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})")
        out.append(f"| {name} | {' | '.join(cells)} |")
    return [*out, *([f"**{result.folds.warning}**"] if result.folds.warning else [])]


def main() -> None:
    """Print the table that is asked for."""
    if not is_here():
        raise SystemExit(f"the Colombian records are not in {folder()}; name their folder in REMNANT_DATA")
    if "events" in sys.argv[1:]:
        events = load_events()
        where = cells_of(events)
        first, *others = event_baselines(events, where)
        result = score_events(first, others, where)
        print(
            f"{where.found.size:,} cells, {where.found.sum():,.0f} later events, {where.num_outside:,} outside"
        )
        print(
            "\n".join(
                lines(result, ["roc_auc", "found_in_top_10", "log_score", "count_log_score", "coverage_90"])
            )
        )
        return
    cells = load_cells()
    for folds in (municipality_folds(cells), block_folds(cells), random_folds(cells)):
        first, *others = cell_baselines(cells, folds)
        print(f"\n{folds.words}\n")
        result = score_cells(first, others, cells, folds)
        print("\n".join(lines(result, ["roc_auc", "average_precision", "log_score", "brier"])))


if __name__ == "__main__":
    main()
