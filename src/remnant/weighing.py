"""A case's evidence weighed: the fit, and counts of what remains where records are, before any table is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import ndtri

from remnant._version import __version__
from remnant.decide import AreaLaws
from remnant.evidence import Case, Reduction, reduce_case
from remnant.field import (
    DensityPosterior,
    Remaining,
    Summary,
    cells_remaining,
    count_remaining,
    fit_field,
    fit_stratum,
    left_in_all,
    never_changes,
    summarise,
    thinned,
)
from remnant.numerics import link_of
from remnant.risk import ActivityDraws, draw_activities
from remnant.units import YEAR_D, Floats, Ints, day_number

Progress = Callable[[str, float], None]
Counts = NDArray[np.int64]
_CURVE_DAYS = (1, 2, 5, 15, 30, 60, 120)
_CURVE_YEARS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30)
_CURVE_DRAWS = 200
_CELL_DRAWS = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighed:
    """The evidence of a case weighed.

    Parameters
    ----------
    groups, area_portions
        Portions of every scope and district by name, and of every hazard area.
    counted, over_time
        What remains on the asked dates, and of all on the days of the curve.
    in_cells, mixed
        What remains in each cell of the reduction, and the draws that were mixed over for it.
    """

    case: Case
    seed: int
    reduction: Reduction
    posterior: DensityPosterior
    groups: Mapping[str, Ints]
    area_portions: Mapping[int, Ints]
    counted: Remaining
    over_time: Remaining
    in_cells: Summary
    mixed: Ints

    @property
    def days(self) -> list[float]:
        """The asked days. [d]"""
        return [day_number(d) for d in self.case.dates]

    @property
    def as_of_day(self) -> float:
        """The day up to which the records run. [d]"""
        return day_number(self.case.as_of)

    @property
    def curve_days(self) -> list[float]:
        """Days of the curve. [d]"""
        return _curve_days(self.posterior, self.as_of_day)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rest:
    """What remains on ground that was worked out apart: numbers of items armed, expired and dud, drawn by draw.

    Parameters
    ----------
    by_group
        Name of a scope or district → (n_draws, n_dates, 3).
    over_time
        ``all`` → (n_draws, n_curve_days, 3).
    """

    by_group: Mapping[str, Counts]
    over_time: Mapping[str, Counts]


def weigh(
    case: Case, *, seed: int | None = None, progress: Progress | None = None, by_tiles: bool = False
) -> Weighed:
    """Weigh a case's evidence and count what remains where records are.

    Parameters
    ----------
    case
        Records and priors.
    seed
        Overrides the case's seed.
    progress
        Called with the name of the step and the share done of it, 0 to 1.
    by_tiles
        Leave out the part of the region that no record touches (see `remnant.evidence.reduce_case`).
    """
    seed = case.seed if seed is None else seed
    report = _reporter(progress)
    report("reduce")(0.0)
    reduction = reduce_case(case, by_tiles=by_tiles)
    report("reduce")(1.0)
    return weighed_with(
        case, fit(case, reduction, seed=seed, progress=progress), seed=seed, progress=progress
    )


def _reporter(progress: Progress | None) -> Callable[[str], Callable[[float], None]]:
    def report(step: str) -> Callable[[float], None]:
        def tell(share: float) -> None:
            if progress is not None:
                progress(step, share)

        return tell

    return report


def weighed_with(
    case: Case, posterior: DensityPosterior, *, seed: int, progress: Progress | None = None
) -> Weighed:
    """What remains where records are, given what is known of densities.

    Parameters
    ----------
    case, posterior
        The case, and draws for its evidence.
    seed
        Of the counts.
    progress
        As for `weigh`.
    """
    report, reduction = _reporter(progress), posterior.reduction
    as_of = day_number(case.as_of)
    days = [day_number(d) for d in case.dates]
    groups, area_portions = _groups_of(case, reduction)
    counted = count_remaining(
        posterior, days, as_of, groups, seed=[seed, *b"count"], progress=report("count")
    )
    over_time = count_remaining(
        posterior,
        _curve_days(posterior, as_of),
        as_of,
        {"all": groups["all"]},
        seed=[seed, *b"curve"],
        num_draws=_CURVE_DRAWS,
        progress=report("curve"),
    )
    mixed = thinned(len(posterior.z), _CELL_DRAWS, counted.group_draws["all"][:, 0, 3].astype(np.float64))
    in_cells = cells_remaining(posterior, days, as_of, draws=mixed, progress=report("cells"))
    return Weighed(
        case=case,
        seed=seed,
        reduction=reduction,
        posterior=posterior,
        groups=groups,
        area_portions=area_portions,
        counted=counted,
        over_time=over_time,
        in_cells=in_cells,
        mixed=mixed,
    )


def fit(case: Case, reduction: Reduction, *, seed: int, progress: Progress | None = None) -> DensityPosterior:
    """Posterior of the density model that the case names.

    Parameters
    ----------
    case, reduction
        The case, and its evidence.
    seed
        Of the draws.
    progress
        As for `weigh`.
    """
    rng, tell = np.random.default_rng([seed, *b"density"]), _reporter(progress)("learn")
    if case.model.kind == "field":
        return fit_field(case, reduction, rng=rng, progress=tell)
    return fit_stratum(case, reduction, rng=rng, progress=tell)


def with_rest(counted: Remaining, rest: Mapping[str, Counts]) -> Remaining:
    """Counts with those of other ground added, draw by draw, so that their correlation is kept."""
    draws = dict(counted.group_draws)
    for name, items in rest.items():
        every = np.concatenate([items, items.sum(axis=2, keepdims=True)], axis=2)
        draws[name] = draws[name] + every[: len(draws[name])] if name in draws else every
    return replace(
        counted,
        group_draws=draws,
        by_group={**counted.by_group, **{name: summarise(draws[name]) for name in rest}},
    )


def _curve_days(posterior: DensityPosterior, as_of: float) -> list[float]:
    ahead = [as_of, *(as_of + d for d in _CURVE_DAYS), *(as_of + YEAR_D * y for y in _CURVE_YEARS)]
    return [ahead[0], ahead[-1]] if never_changes(posterior) else ahead


def _groups_of(case: Case, reduction: Reduction) -> tuple[dict[str, Ints], dict[int, Ints]]:
    """Portions of every scope and district, and of every hazard area."""
    source = reduction.portion_source
    kind, area = reduction.source_kind[source], reduction.portion_area
    placed = reduction.portion_placed
    groups = {
        "hazard areas": np.flatnonzero((kind == "area") & placed),
        "deposits": np.flatnonzero((kind == "deposit") & placed),
        "outside hazard areas": np.flatnonzero((kind == "background") & placed),
        "place unknown": np.flatnonzero(~placed),
        "all": np.arange(source.size),
    }
    groups = {name: portions for name, portions in groups.items() if portions.size or name == "all"}
    for name in dict.fromkeys(case.districts.name.tolist()):  # several polygons may carry one name
        groups[f"district {name}"] = np.flatnonzero(
            np.isin(reduction.portion_district, np.flatnonzero(case.districts.name == name))
        )
    order = np.argsort(area, kind="stable")
    bounds = np.searchsorted(area[order], np.arange(case.areas.id.size + 1))
    of_area = {a: order[bounds[a] : bounds[a + 1]] for a in range(case.areas.id.size)}
    for a, portions in of_area.items():
        if portions.size > 1:
            groups[f"area {a}"] = portions
    return groups, of_area


def activity_draws(weighed: Weighed) -> ActivityDraws:
    """The activities of the case's catalogue, as many draws as its posterior has; a stream of their own."""
    rng = np.random.default_rng([weighed.seed, *b"activities"])
    return draw_activities(weighed.case.catalogue.activities, len(weighed.posterior.z), rng=rng)


def area_laws(weighed: Weighed, method: str, day: float | None = None) -> tuple[AreaLaws, Ints]:
    """What the hazard areas of a case still hold on a day, draw by draw, and which areas these are.

    Parameters
    ----------
    weighed
        The evidence of the case, weighed.
    method
        Catalogue name of the method that would survey them; where the case's own searches used it, its detection is
        what they have taught, and goes with the draws of what is left.
    day
        Default: the first asked date. [d]

    Returns
    -------
    Laws of n areas of explosive items, and the index of each area in the case: those with a place and ground of their
    own.
    """
    case, reduction, posterior = weighed.case, weighed.reduction, weighed.posterior
    has_own = np.isin(np.arange(case.areas.id.size), reduction.source_area)
    usable = np.flatnonzero(
        has_own & ~shapely.is_missing(case.areas.geometry) & (reduction.area_owned_m2 > 0.0)
    )
    asked = weighed.days[0] if day is None else day
    left = left_in_all(posterior, asked, weighed.as_of_day, usable)
    mean, variance = left.mean[:, :, 3], left.variance[:, :, 3]
    clumped = variance > mean * (1.0 + 1e-9)
    size = np.where(clumped, np.square(mean) / np.where(clumped, variance - mean, 1.0), np.inf)
    laws = AreaLaws(
        exists=left.exists,
        mean=mean,
        size=np.clip(size, 1e-12, 1e9),
        p_detect=detection_draws(weighed, method),
    )
    return laws, usable


def detection_draws(weighed: Weighed, method: str) -> Floats:
    """(n_draws,) chances of detection of a method: learned where the case used it, else even points of its range."""
    posterior, entry = weighed.posterior, weighed.case.catalogue.method(method)
    if entry.name in posterior.table.method_detect:
        values = posterior.table.values(posterior.z)
        return np.asarray(values[:, posterior.table.method_detect[entry.name]])
    link = link_of(entry.p_detect.low, entry.p_detect.high, is_probability=True)
    num = len(posterior.z)
    rng = np.random.default_rng([weighed.seed, *b"detection", *entry.name.encode()])
    return link.value(ndtri((rng.permutation(num) + 0.5) / num))  # in no order that draws of items may have


def provenance_of(case: Case, seed: int) -> dict[str, object]:
    """Version, seed, dates and hashes of all that an answer comes from."""
    return {
        "program": f"remnant {__version__}",
        "model": case.model.kind,
        "seed": seed,
        "num_draws": case.num_draws,
        "as_of": case.as_of.isoformat(),
        "dates": [d.isoformat() for d in case.dates],
        "crs": case.crs,
        "cell_m": case.grid.cell_m,
        "block_m": case.grid.block_m,
        "catalogue_sha256": case.catalogue.sha256,
        "catalogue_user_files": list(case.catalogue.user_files),
        "inputs_sha256": dict(sorted(case.inputs.items())),
    }
