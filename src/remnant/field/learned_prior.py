"""What was learned, in numbers that can be written down: ranges of effects and of the field, and a map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from remnant.evidence import CategoryCovariate, Covariate, Design, DistanceCovariate, RasterCovariate
from remnant.field.learned import LearnedField
from remnant.field.prior_inputs import PriorInputs
from remnant.units import YEAR_D, Floats

MAP_BANDS = ("mean", "sd", "field_mean", "field_sd")
_ENDS = (0.05, 0.95)
_LEAST_WIDTH = 1.2  # of a learned range, high over low: nothing is known better from records of this kind
_CHUNK = 20_000  # cells whose draws are held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSlope:
    """The learned effect of one column of the covariates.

    Parameters
    ----------
    name
        Of the column; categories as ``covariate: category``.
    low, high
        90 % range of the factor by which density changes over `span`. [ratio]
    span
        Difference of the (transformed) value that the factor speaks of: two standard deviations over the cells that it
        was learned at, or 1 for a category against its base. [as the value]
    is_reporting
        Whether it explains where events are told; it is not part of the map.
    make
        How the column is made, see `make_of`: a learned effect means something only for the same.
    """

    name: str
    make: str
    low: float
    high: float
    span: float
    is_reporting: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedPrior:
    """A prior that was learned, ready to be written down.

    Parameters
    ----------
    name
        Of the case that it was learned from.
    start, until
        Days between which events were taken.
    slopes, correlation
        Effects, and the (k, k) correlation of their logarithms.
    range_km, spread_factor, clump_shape
        90 % ranges. [km], [ratio], [ratio]
    crs, left_m, top_m, cell_m
        Of the map: its north-western corner and the side of a cell. [m]
    bands
        (4, num_rows, num_cols), in the order of `MAP_BANDS`: mean and sd of the natural logarithm of density against
        the mean density of the region, then of the smooth field alone; NaN outside the region. [1]
    counts
        What it was learned from: events, found, nothing, unknown, cells; and how many points of range and spread
        carry the result.
    inputs
        File name → SHA-256 of the files of the case.
    seed, num_draws
        Of the fit.
    """

    name: str
    start: dt.date | None
    until: dt.date
    slopes: tuple[LearnedSlope, ...]
    correlation: Floats
    range_km: tuple[float, float]
    spread_factor: tuple[float, float]
    clump_shape: tuple[float, float]
    crs: str
    left_m: float
    top_m: float
    cell_m: float
    bands: Floats
    counts: Mapping[str, float]
    inputs: Mapping[str, str]
    seed: int
    num_draws: int


def learned_prior(
    name: str,
    learned: LearnedField,
    given: PriorInputs,
    covariates: tuple[Covariate, ...],
    *,
    crs: str,
    inputs: Mapping[str, str],
    seed: int,
) -> LearnedPrior:
    """The numbers and the map of a learned field.

    Parameters
    ----------
    name, crs, inputs, seed
        See `LearnedPrior`.
    learned, given
        The fit, and what it was made from.
    covariates
        Those of the case, in the order of the design.
    """
    post = learned.posterior
    grid = given.grid
    bands = np.full((len(MAP_BANDS), grid.num_cells), np.nan)
    bands[:, given.cell] = _map(learned, given)
    clump = learned.beliefs.clump.value(post.z[:, 1::2])
    deviation = (post.slopes - post.slopes.mean(axis=0)) / np.maximum(post.slopes.std(axis=0), 1e-300)
    return LearnedPrior(
        name=name,
        start=given.start,
        until=given.until,
        slopes=_slopes(learned, given.design, covariates),
        correlation=deviation.T @ deviation / len(deviation),
        range_km=_ends(post.range_m / 1e3),
        spread_factor=_ends(np.exp(post.spread)),
        clump_shape=_ends(clump.ravel()),
        crs=crs,
        left_m=grid.left_m,
        top_m=grid.top_m,
        cell_m=grid.cell_m,
        bands=bands.reshape(len(MAP_BANDS), grid.num_rows, grid.num_cols),
        counts={
            "events": learned.num_events,
            "found": learned.num_found,
            "nothing": learned.num_nothing,
            "unknown": learned.num_unknown,
            "cells": given.cell.size,
            "hyper_points": round(post.diagnostics.get("effective_points", 0.0), 1),
        },
        inputs=dict(inputs),
        seed=seed,
        num_draws=len(post.range_m),
    )


def _ends(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, _ENDS)
    short = max(1.0, np.sqrt(_LEAST_WIDTH * low / high))
    return float(low / short), float(high * short)


def _map(learned: LearnedField, given: PriorInputs) -> Floats:
    """(4, n_cells) mean and sd of log relative density, whole and of the field alone.

    Each draw is taken against its own mean density over the region, so that the level, about which presence alone says
    nothing, drops out.
    """
    cells = given.cells
    ground = cells.ground_km2 / cells.ground_km2.sum()
    parts = [slice(i, i + _CHUNK) for i in range(0, cells.x_m.size, _CHUNK)]
    total = np.zeros((2, len(learned.posterior.range_m)))
    for turn in (0, 1):
        made = []
        for part in parts:
            whole = learned.log_relative_density(cells.x_m[part], cells.y_m[part], cells.covariates[part])
            field = learned.log_field(cells.x_m[part], cells.y_m[part])
            if turn == 0:
                total += [np.exp(v) @ ground[part] for v in (whole, field)]
                continue
            whole, field = whole - np.log(total[0])[:, None], field - np.log(total[1])[:, None]
            made.append([whole.mean(axis=0), whole.std(axis=0), field.mean(axis=0), field.std(axis=0)])
    return np.concatenate([np.stack(m) for m in made], axis=1)


def _slopes(
    learned: LearnedField, design: Design, covariates: tuple[Covariate, ...]
) -> tuple[LearnedSlope, ...]:
    makes = [make for c in covariates for make in make_of(c)]
    out = []
    for i, name in enumerate(design.names):
        is_category = isinstance(covariates[design.covariate[i]], CategoryCovariate)
        sd = float(design.scaling.sd[i])
        span = 1.0 if is_category else 2.0 * sd
        low, high = _ends(np.exp(learned.posterior.slopes[:, i] * span / sd))
        out.append(
            LearnedSlope(
                name=name,
                make=makes[i],
                low=low,
                high=high,
                span=span,
                is_reporting=bool(learned.beliefs.is_reporting[i]),
            )
        )
    return tuple(out)


def make_of(covariate: Covariate) -> tuple[str, ...]:
    """How each column of a covariate is made, in words: its name, kind and transform."""
    if isinstance(covariate, CategoryCovariate):
        return tuple(f"{covariate.name}: {c} against {covariate.base}" for c in covariate.categories)
    words = [covariate.name, covariate.transform]
    if isinstance(covariate, RasterCovariate):
        words += ["raster", f"offset {covariate.offset:g}"]
    elif isinstance(covariate, DistanceCovariate):
        words += ["distance", f"scale {covariate.scale_m} m", f"until {covariate.max_m} m"]
    else:
        days = covariate.end_day - covariate.start_day + 1.0
        words += ["past events", f"within {covariate.within_m:g} m", f"of {days / YEAR_D:.1f} years"]
    return (", ".join(words),)
