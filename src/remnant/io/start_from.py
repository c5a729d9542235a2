"""An assessment that starts from a learned prior: its map as a covariate, its ranges in place of the general ones.

The learned map enters with a slope around 1 whose range is wide enough to distrust it, wider where the map itself is
unsure. Where the case names every covariate that the prior learned from, with the same make, only the smooth part of
the map enters and the covariates take their learned effects; otherwise the whole map does, and nothing of what it holds
is counted twice. Learned ranges are widened before they serve as priors, because events are told unevenly and another
time or country is not the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.evidence import CategoryCovariate, Covariate, RasterCovariate
from remnant.field.learned_prior import MAP_BANDS, LearnedPrior, LearnedSlope, make_of
from remnant.io.case_file import CaseFile, expand
from remnant.io.findings import FindingLog
from remnant.io.prior_file import MAP_FILE, read_prior
from remnant.io.raster import Bounds, read_surface
from remnant.numerics import Z95
from remnant.units import day_number

MAP_NAME = "learned map"
WIDER = 1.5  # factor on the logarithmic width of learned ranges
SLOPE_SD, SLOPE_SD_UNSURE = (
    0.3,
    0.4,
)  # of the slope on the map: at least, and what an entirely unsure map adds
LEAST_SPREAD = 1.2  # factor: beyond the map, places may hardly differ
_AROUND_M = 50_000.0


def start_from_prior(
    spec: CaseFile, folder: Path, *, crs: CRS, shapes: NDArray[np.object_], tables: Mapping[str, Any],
    covariates: Sequence[Covariate], priors: dict[str, Range], log: FindingLog,
) -> tuple[tuple[Covariate, ...], dict[str, Range]]:  # fmt: skip
    """Covariates and priors of a case that names a learned prior; unchanged where it names none.

    Parameters
    ----------
    spec, folder
        The case file, and where it lies.
    crs, shapes, tables
        Of the case, the geometry of its records, and its tables (empty where they are refused).
    covariates, priors
        As the case gives them.
    log
        Takes what is refused, and a note of what is used.
    """
    if spec.model.start_from is None:
        return tuple(covariates), priors
    there = shapes[~shapely.is_missing(shapes)]
    try:
        path = expand(spec.model.start_from, folder)
        prior = read_prior(path)
        is_full = _names_all(prior, covariates)
        named = _with_learned_effects(prior, covariates) if is_full else tuple(covariates)
        learned = (
            _map_of(prior, path, crs, there, "field_mean" if is_full else "mean") if there.size else None
        )
    except InvalidInput as error:
        log.refuse_for("case-start-from", error, "model.start_from must be a usable prior")
        return tuple(covariates), priors
    _tell(prior, path, named, learned, tables, log, is_full=is_full)
    return (*named, *([] if learned is None else [learned])), _learned_priors(prior) | priors


def _names_all(prior: LearnedPrior, covariates: Sequence[Covariate]) -> bool:
    """Whether the case has every covariate of density that the prior learned from, made in the same way."""
    make = {make_of(c)[i]: True for c in covariates for i in range(len(make_of(c)))}
    learned = [s for s in prior.slopes if not s.is_reporting]
    return bool(learned) and all(s.make in make for s in learned)


def _with_learned_effects(prior: LearnedPrior, covariates: Sequence[Covariate]) -> tuple[Covariate, ...]:
    slope = {s.make: s for s in prior.slopes if not s.is_reporting}
    out: list[Covariate] = []
    for covariate in covariates:
        makes = make_of(covariate)
        if isinstance(covariate, CategoryCovariate):
            effects = tuple(
                _effect(slope[m], prior) if m in slope else e
                for m, e in zip(makes, covariate.effects, strict=True)
            )
            out.append(replace(covariate, effects=effects))
        elif makes[0] in slope:
            found = slope[makes[0]]
            out.append(replace(covariate, effect=_effect(found, prior), span=found.span))
        else:
            out.append(covariate)
    return tuple(out)


def _effect(slope: LearnedSlope, prior: LearnedPrior) -> Range:
    low, high = _wider(slope.low, slope.high)
    return Range(low=low, high=high, unit="ratio", basis="derived", source=_source(prior))


def _source(prior: LearnedPrior) -> str:
    return f"learned from {prior.name} until {prior.until} (remnant prior fit), range widened by a factor {WIDER:g}"


def _wider(low: float, high: float) -> tuple[float, float]:
    """A range widened on the logarithmic scale about its middle.

    Examples
    --------
    >>> [round(v, 6) for v in _wider(1.0, 4.0)]
    [0.707107, 5.656854]
    """
    middle, half = 0.5 * math.log(low * high), 0.5 * WIDER * math.log(high / low)
    return math.exp(middle - half), math.exp(middle + half)


def _learned_priors(prior: LearnedPrior) -> dict[str, Range]:
    """Range as learned and widened; spread from hardly anything to all that was learned, since the map carries much."""
    low, high = _wider(*prior.range_km)
    spread = math.exp(_wider(*(math.log(v) for v in prior.spread_factor))[1])
    source = _source(prior)
    return {
        "field.range": Range(low=low, high=high, unit="km", basis="derived", source=source),
        "field.spread": Range(low=LEAST_SPREAD, high=spread, unit="ratio", basis="derived", source=source),
    }


def slope_sd(prior: LearnedPrior, band: str) -> float:
    """Standard deviation of the slope on the map around 1: more for a map that is unsure of its own differences. [1]"""
    index = MAP_BANDS.index(band)
    mean, sd = prior.bands[index], prior.bands[index + 1]
    unsure = float(np.nanmean(np.square(sd)))
    apart = float(np.nanvar(mean))
    return SLOPE_SD + SLOPE_SD_UNSURE * unsure / max(unsure + apart, 1e-300)


def _map_of(
    prior: LearnedPrior, path: Path, crs: CRS, shapes: NDArray[np.object_], band: str
) -> RasterCovariate:
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(shapes))
    extent: Bounds = (left - _AROUND_M, bottom - _AROUND_M, right + _AROUND_M, top + _AROUND_M)
    surface = read_surface(
        path.parent / MAP_FILE, crs=crs, extent=extent, file_crs=None, band=MAP_BANDS.index(band) + 1, nodata=None
    )  # fmt: skip
    reach = Z95 * slope_sd(prior, band)
    effect = Range(
        low=math.exp(1.0 - reach), high=math.exp(1.0 + reach), unit="ratio", basis="derived",
        source=f"slope 1 ± {slope_sd(prior, band):.2f} on the map learned from {prior.name} until {prior.until}",
    )  # fmt: skip
    return RasterCovariate(name=MAP_NAME, effect=effect, surface=surface, file=MAP_FILE, span=1.0)


def _tell(
    prior: LearnedPrior, path: Path, named: Sequence[Covariate], learned: Covariate | None, tables: Mapping[str, Any],
    log: FindingLog, *, is_full: bool,
) -> None:  # fmt: skip
    what = (
        "the smooth part of its map, and its effects for the covariates of the case"
        if is_full
        else "its whole map; covariates of the case keep their own priors beside it"
    )
    log.add(
        "note", "started-from-prior", "a case may start from a learned prior",
        f"{path.name} was learned from {prior.name} until {prior.until}; the case starts from {what}",
        "nothing", count=1,
    )  # fmt: skip
    if not is_full and any(m in {s.make for s in prior.slopes} for c in named for m in make_of(c)):
        log.add(
            "warning", "learned-covariates-in-part",
            "a case should name all covariates that its prior was learned from, or none",
            "it names some of them: the map holds their effect already, and they are estimated again beside it",
            "name all of them as they were, or leave them out", count=1,
        )  # fmt: skip
    if not tables:
        return
    events = tables["events"]
    with np.errstate(invalid="ignore"):
        num = int((events.day <= day_number(prior.until)).sum())
    if num and tables["searches"].id.size:
        log.add(
            "warning", "counted-twice", "records should teach once: in the prior, or in the assessment",
            f"{num:,} events of the case lie before the prior's last day ({prior.until}); if they taught the prior, "
            "they count twice and intervals are too narrow",
            "fit the prior with an earlier --until, or from other records", count=num,
        )  # fmt: skip
