"""From a case to its assessment: the only place that wires the steps together; it never touches a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import xarray as xr

from remnant.evidence import GridSpec, Policy

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
    """

    name: str
    as_of: dt.date
    dates: tuple[dt.date, ...]
    crs: str
    grid: GridSpec
    policy: Policy
    areas: gpd.GeoDataFrame
    area_results: pd.DataFrame
    district_results: pd.DataFrame
    total_results: pd.DataFrame
    curve: pd.DataFrame
    cells: xr.Dataset
    parameters: pd.DataFrame
    findings: pd.DataFrame
    provenance: Mapping[str, object]
    judgements: tuple[str, ...]
