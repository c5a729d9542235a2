"""From a case to its assessment: the only place that wires the steps together; it never touches a file."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from remnant.evidence import Case, Finding, GridSpec, Policy, Reduction
from remnant.field import (
    DensityPosterior,
    FieldMaps,
    FieldPosterior,
    Remaining,
    Summary,
    field_findings,
    field_maps,
    field_summary,
    influence_of,
    influence_rows,
    left_in_areas,
    summary,
    targeting_findings,
    targeting_of,
)
from remnant.releasing import Judge, usual_method
from remnant.units import KM2_M2, date_of
from remnant.weighing import Progress, Rest, Weighed, provenance_of, weigh, with_rest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESULT_STATES = ("armed", "expired", "dud", "explosive")
"""States in results; ``explosive`` is any of the first three."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessment:
    """The answer for a case: what remains, where, in which state, on each asked date.

    Every result table has, per row, ``mean`` (items), ``q05`` and ``q95`` (90 % interval of the number of items),
    ``p_any`` (chance of at least one item), ``date`` (datetime.date), ``state`` (see `RESULT_STATES`) and
    ``is_forecast`` (date after `as_of`).

    Parameters
    ----------
    areas
        One row per hazard area, index 0…n−1: ``area_id, hazard_class, status, types`` (joined with "; "),
        ``layer, row, area_m2, place_known, searched_share`` (of its ground, 0–1), ``num_found`` (items),
        ``p_exists`` (chance that it ever held anything, given the evidence), ``verdict`` (``meets``,
        ``does not meet``, ``cannot tell: survey``, ``no policy stated``), ``reasons`` (plain words),
        ``search_m2`` (further ground to search without a find before the policy is met; NaN: cannot be met so),
        ``geometry`` (None where the place is unknown).
    area_results
        Long table: ``area`` (index into `areas`) and the result columns, plus ``density_q95_per_km2``.
    districts
        ``district`` and ``geometry`` of every district.
    district_results
        The same by ``district``.
    total_results
        The same by ``scope``: ``hazard areas``, ``deposits``, ``outside hazard areas``, ``place unknown``, ``all``.
    curve
        The whole case over time: result columns at a sequence of dates from `as_of` to 30 years later.
    cells
        Dataset with dimensions (date, state, cell) and variables ``mean, q05, q95, p_any``; variables on (cell):
        ``row, col`` of the grid (row 0 is the northern edge), ``area`` (index of the hazard area that covers most of
        it, −1 outside), ``searched_share``. Attributes: ``crs, cell_m, left_m, top_m, num_rows, num_cols``; every
        variable has ``units`` and ``long_name``.
    parameters
        Prior and posterior of every uncertain number: ``name, title, unit, prior_q05, prior_mean, prior_q95,
        posterior_q05, posterior_mean, posterior_q95, basis, source``.
    findings
        ``severity, code, count, file, layer, row, asked, came, todo``.
    provenance
        Version, seed, dates, hashes of inputs and catalogue, licence notes.
    judgements
        Sentences that name what rests on judgement.
    field
        The density field on a map, and its numbers; None for a model without one.
    influence
        What evidence drives each hazard area (`remnant.field.influence_rows`); None for a model without a field. With
        one, `areas` also has ``field_factor, field_q05, field_q95`` (density there over that of a typical place: mean
        on the log scale, and 90 % interval) and ``field_untold`` (the records say nothing of it).
    """

    name: str
    as_of: dt.date
    dates: tuple[dt.date, ...]
    crs: str
    grid: GridSpec
    policy: Policy
    areas: gpd.GeoDataFrame
    area_results: pd.DataFrame
    districts: gpd.GeoDataFrame
    district_results: pd.DataFrame
    total_results: pd.DataFrame
    curve: pd.DataFrame
    cells: xr.Dataset
    parameters: pd.DataFrame
    findings: pd.DataFrame
    provenance: Mapping[str, object]
    judgements: tuple[str, ...]
    field: FieldMaps | None = None
    influence: pd.DataFrame | None = None


def assess(case: Case, *, seed: int | None = None, progress: Progress | None = None) -> Assessment:
    """What remains in the ground for a case, with honest uncertainty.

    Parameters
    ----------
    case
        Records, priors, policy and dates.
    seed
        Overrides the case's seed.
    progress
        Called with the name of the step and the share done of it, 0 to 1.

    Returns
    -------
    The assessment; the same case and seed give the same numbers.
    """
    return answer(weigh(case, seed=seed, progress=progress))


def answer(weighed: Weighed, rest: Rest | None = None) -> Assessment:
    """The assessment of a case whose evidence is weighed.

    Parameters
    ----------
    weighed
        What remains where records are.
    rest
        What remains on the other ground of the region, where that was worked out apart.
    """
    case, reduction, posterior = weighed.case, weighed.reduction, weighed.posterior
    counted, over_time = weighed.counted, weighed.over_time
    if rest is not None:
        counted, over_time = with_rest(counted, rest.by_group), with_rest(over_time, rest.over_time)
    curve_days = weighed.curve_days
    known = summary(posterior.table, posterior.z)
    met = case.findings + reduction.findings
    if isinstance(posterior, FieldPosterior):
        known += field_summary(case, posterior)
        spread = targeting_of(posterior)
        met += () if spread is None else targeting_findings(spread)
    parameters = pd.DataFrame(known, columns=list(_PARAMETER_COLUMNS))
    area_results = _area_results(weighed, counted)
    areas = _areas(weighed)
    maps, influence, noticed = _seen(case, posterior, weighed.days[0], weighed.as_of_day, weighed.seed)
    findings = pd.DataFrame(
        [dataclasses.asdict(f) for f in met + noticed],
        columns=list(_FINDING_COLUMNS),
    )
    return Assessment(
        name=case.name,
        as_of=case.as_of,
        dates=case.dates,
        crs=case.crs,
        grid=case.grid,
        policy=case.policy,
        areas=areas if maps is None else areas.assign(**maps.by_area),
        area_results=area_results,
        districts=gpd.GeoDataFrame(
            {"district": case.districts.name}, geometry=list(case.districts.geometry), crs=case.crs
        ),
        district_results=_by_name(
            case, counted, "district", {str(n): f"district {n}" for n in case.districts.name}
        ),
        total_results=_by_name(
            case, counted, "scope", {name: name for name in counted.by_group if name in _SCOPES}
        ),
        curve=_rows(over_time.by_group["all"], [date_of(d) for d in curve_days], case.as_of, {}),
        cells=_cells(case, reduction, weighed.in_cells),
        parameters=parameters,
        findings=findings,
        provenance=provenance_of(case, weighed.seed),
        judgements=_judgements(parameters),
        field=maps,
        influence=influence,
    )


def _seen(
    case: Case, posterior: DensityPosterior, day: float, as_of: float, seed: int
) -> tuple[FieldMaps | None, pd.DataFrame | None, tuple[Finding, ...]]:
    """What a field looks like, what drives each area, and what is to be said of it; nothing for other models."""
    if not isinstance(posterior, FieldPosterior):
        return None, None, ()
    maps = field_maps(case, posterior, rng=np.random.default_rng([seed, *b"maps"]))
    driven = influence_of(posterior, day, as_of, rng=np.random.default_rng([seed, *b"influence"]))
    return maps, pd.DataFrame(influence_rows(posterior, driven)), field_findings(maps)


_SCOPES = ("hazard areas", "deposits", "outside hazard areas", "place unknown", "all")
_PARAMETER_COLUMNS = (
    "name",
    "title",
    "unit",
    "prior_q05",
    "prior_mean",
    "prior_q95",
    "posterior_q05",
    "posterior_mean",
    "posterior_q95",
    "basis",
    "source",
)
_FINDING_COLUMNS = ("severity", "code", "count", "file", "layer", "row", "asked", "came", "todo")


def _rows(
    result: Summary, dates: Sequence[dt.date], as_of: dt.date, extra: Mapping[str, object]
) -> pd.DataFrame:
    """Long table of one summary (n_dates, 4)."""
    return pd.DataFrame(
        [
            {
                **extra,
                "date": date,
                "state": state,
                "is_forecast": date > as_of,
                "mean": float(result.mean[t, k]),
                "q05": float(result.q05[t, k]),
                "q95": float(result.q95[t, k]),
                "p_any": float(result.p_any[t, k]),
            }
            for t, date in enumerate(dates)
            for k, state in enumerate(RESULT_STATES)
        ]
    )


def _by_name(case: Case, counted: Remaining, column: str, groups: Mapping[str, str]) -> pd.DataFrame:
    tables = [
        _rows(counted.by_group[group], case.dates, case.as_of, {column: name})
        for name, group in groups.items()
    ]
    empty = pd.DataFrame(columns=[column, "date", "state", "is_forecast", "mean", "q05", "q95", "p_any"])
    return pd.concat(tables, ignore_index=True) if tables else empty


def _area_results(weighed: Weighed, counted: Remaining) -> pd.DataFrame:
    """Long table of all hazard areas.

    The chance of any is that of the law given each draw: simulated counts would make what is rare look impossible.
    """
    case, reduction = weighed.case, weighed.reduction
    num, num_dates = case.areas.id.size, len(case.dates)
    # an area whose ground belongs to others has no estimate of its own: unknown, not zero
    blank = np.full((num, num_dates, 4), np.nan)
    columns = {name: blank.copy() for name in ("mean", "q05", "q95", "p_any")}
    for a, mine in weighed.area_portions.items():
        for name in ("mean", "q05", "q95"):
            if mine.size == 1:
                columns[name][a] = getattr(counted.portion, name)[mine[0]]
            elif mine.size > 1:
                columns[name][a] = getattr(counted.by_group[f"area {a}"], name)
    own = np.flatnonzero([weighed.area_portions[a].size > 0 for a in range(num)])
    for t, day in enumerate(weighed.days):
        for left in left_in_areas(weighed.posterior, day, weighed.as_of_day, own):
            columns["p_any"][left.area, t] = left.p_any.mean(axis=0)
    area_km2 = reduction.area_owned_m2 / KM2_M2
    with np.errstate(divide="ignore", invalid="ignore"):
        density = columns["q95"] / area_km2[:, None, None]
    index = np.indices(blank.shape)
    dates = np.array(case.dates, dtype=object)
    return pd.DataFrame(
        {
            "area": index[0].ravel(),
            "date": dates[index[1].ravel()],
            "state": np.array(RESULT_STATES)[index[2].ravel()],
            "is_forecast": (dates > case.as_of)[index[1].ravel()].astype(bool),
            **{name: values.ravel() for name, values in columns.items()},
            "density_q95_per_km2": density.ravel(),
        }
    )


def _areas(weighed: Weighed) -> gpd.GeoDataFrame:
    """One row per hazard area, with the release verdict at the first asked date."""
    case, reduction, posterior = weighed.case, weighed.reduction, weighed.posterior
    records = case.areas
    num = records.id.size
    source_of = np.full(num, -1, np.int64)
    mine = reduction.source_area >= 0
    source_of[reduction.source_area[mine]] = np.flatnonzero(mine)
    exists = np.full(num, np.nan)
    exists[source_of >= 0] = posterior.exists.mean(axis=0)[source_of[source_of >= 0]]
    judge = Judge(weighed)
    judged = judge.judge()
    meets = judged.verdict == "meets"
    further = np.where(meets, 0.0, np.nan)
    others = np.flatnonzero(~meets)
    usual = usual_method(case)
    further[others] = judge.search_m2([usual], others)[usual]
    reasons = judged.reasons.astype(object)
    for a, day in zip(others.tolist(), judge.wait(others).until.tolist(), strict=True):
        if not np.isnan(day):
            reasons[a] += f"; time alone brings it within the limits by {date_of(day)}"
    return gpd.GeoDataFrame(
        {
            "area_id": records.id,
            "hazard_class": records.hazard_class,
            "status": records.status,
            "types": ["; ".join(t) for t in records.types],
            "layer": records.source.layer,
            "row": records.source.row,
            "area_m2": reduction.area_m2,
            "place_known": ~shapely.is_missing(records.geometry),
            "searched_share": reduction.area_searched,
            "num_found": reduction.area_found,
            "p_exists": exists,
            "verdict": judged.verdict,
            "reasons": reasons.astype(str),
            "search_m2": further,
        },
        geometry=gpd.GeoSeries(list(records.geometry), crs=case.crs),
        crs=case.crs,
    )


def _cells(case: Case, reduction: Reduction, result: Summary) -> xr.Dataset:
    grid = reduction.grid
    row, col = grid.row_col(reduction.cells)
    words = {
        "mean": ("items", "expected items that remain"),
        "q05": ("items", "5 % point of items that remain"),
        "q95": ("items", "95 % point of items that remain"),
        "p_any": ("1", "chance of at least one item"),
    }
    variables = {
        name: (("date", "state", "cell"), getattr(result, name), {"units": unit, "long_name": text})
        for name, (unit, text) in words.items()
    }
    flat = {
        "row": (row, "1", "row of the grid, 0 at the northern edge"),
        "col": (col, "1", "column of the grid"),
        "area": (reduction.cell_area, "1", "hazard area that covers most of the cell, -1 for none"),
        "searched_share": (reduction.cell_searched, "1", "share of the cell that a search worked"),
    }
    return xr.Dataset(
        {**variables, **{n: (("cell",), v, {"units": u, "long_name": t}) for n, (v, u, t) in flat.items()}},
        coords={"date": [np.datetime64(d, "ns") for d in case.dates], "state": list(RESULT_STATES)},
        attrs={
            "crs": case.crs,
            "cell_m": grid.cell_m,
            "left_m": grid.left_m,
            "top_m": grid.top_m,
            "num_rows": grid.num_rows,
            "num_cols": grid.num_cols,
        },
    )


def _judgements(parameters: pd.DataFrame) -> tuple[str, ...]:
    """One sentence for each number that rests on judgement or a weak source."""
    mine = parameters[parameters["basis"].isin(["judgement", "weak"])]
    return tuple(_judgement(row) for row in mine.to_dict("records"))


def _judgement(row: Mapping[Hashable, object]) -> str:
    low, high = (f"{float(str(row[key])):,.4g}" for key in ("prior_q05", "prior_q95"))
    unit = {"1": "", "1/km2": " per km²", "ratio": " ×"}.get(str(row["unit"]), f" {row['unit']}")
    source, basis = str(row["source"]), str(row["basis"])
    return f"{row['title']}: {low} to {high}{unit} ({source if source.startswith(basis) else f'{basis}: {source}'})"
