"""What the field of a case looks like on a map, and where the records say nothing about it.

Density at a place is compared with that of a typical place (the median of the field): the mean of ``u + X β`` and its
spread over the draws. Where no evidence reaches, the field is as wide as its range and spread, as learned, leave it:
`free_sd` is that width, and a place whose field is nearly as wide has learned nothing of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.sparse import csr_matrix, diags_array

from remnant.evidence import Case, CategoryCovariate, DistanceCovariate, Finding, design_matrix
from remnant.field.lattice import field_draws
from remnant.field.spatial import FieldPosterior
from remnant.numerics import Z95
from remnant.units import KM_M, Floats

UNTOLD = 0.9
"""Share of its free width above which the field of a place counts as not told by the records. [1]"""
_RANGES = 5  # ranges at which the free width is computed
_FREE_DRAWS = (40, 200)  # draws at each, fewer where nodes are many
_FREE_NUMBERS = 2e6  # nodes times draws


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One number that describes the field, before and after the records.

    Parameters
    ----------
    kind
        ``range`` [km], ``spread`` [a factor], or the kind of a covariate, whose number is a factor of density:
        ``number`` between a place two standard deviations higher and one lower, ``distance`` between places near and
        far, ``category`` between this kind of ground and `base`.
    name, base
        Of the covariate, or the category and its base; empty for range and spread.
    prior_low, prior_high, low, middle, high
        90 % ranges before and after, and the median after.
    """

    kind: Literal["range", "spread", "number", "distance", "category"]
    name: str
    base: str
    prior_low: float
    prior_high: float
    low: float
    middle: float
    high: float

    @property
    def is_prior(self) -> bool:
        """Whether the records have hardly changed it: as wide as before (nine tenths) and in the same place."""
        before = np.log([self.prior_low, self.prior_high])
        after = np.log([self.low, self.high])
        width = before[1] - before[0]
        return bool(after[1] - after[0] >= UNTOLD * width and abs(after.mean() - before.mean()) < 0.1 * width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldMaps:
    """The field of a case at the nodes of its lattice, and over its hazard areas.

    Parameters
    ----------
    left_m, top_m, pixel_m
        North-western corner of the first pixel, and its size; a node is the middle of a pixel. [m]
    names
        (n_fields,) what each field is of; one name, empty, where all classes share it.
    mean, sd
        (n_fields, n_rows, n_cols) mean and standard deviation of the logarithm of density there over that of a typical
        place; NaN where there is no node. [1]
    free_sd
        The same width if nothing had been recorded nearby. [1]
    area_untold
        (n_areas,) whether the records say nothing of how the area differs from others; False where its place is
        unknown, which `area_placed` tells.
    area_placed
        (n_areas,) whether the field reaches the area.
    area_log
        (n_areas, 3) mean, 5 % and 95 % point of the logarithm of its density over that of a typical place. [1]
    untold_m2, placed_m2
        Ground of hazard areas of which the records say nothing so, and all that the field reaches. [m²]
    told
        Range, spread and effects of covariates, before and after.
    """

    left_m: float
    top_m: float
    pixel_m: float
    names: tuple[str, ...]
    mean: Floats
    sd: Floats
    free_sd: Floats
    area_untold: NDArray[np.bool_]
    area_placed: NDArray[np.bool_]
    area_log: Floats
    untold_m2: float
    placed_m2: float
    told: tuple[Told, ...]

    @property
    def by_area(self) -> dict[str, NDArray[np.generic]]:
        """Columns of the table of areas."""
        middle, low, high = np.exp(self.area_log).T
        return {"field_factor": middle, "field_q05": low, "field_q95": high, "field_untold": self.area_untold}

    @property
    def untold(self) -> NDArray[np.bool_]:
        """(n_fields, n_rows, n_cols) where the records say nothing."""
        return np.asarray(self.sd >= UNTOLD * self.free_sd)


def field_maps(case: Case, posterior: FieldPosterior, *, rng: np.random.Generator) -> FieldMaps:
    """The field on a map, where it is untold, and its numbers.

    Parameters
    ----------
    case, posterior
        The case and its fit.
    rng
        For draws of the field that no evidence reaches.
    """
    lattice = posterior.lattice
    num = posterior.nodes.shape[1] // lattice.num_nodes
    free = np.tile(_free_variance(posterior, rng=rng), num)
    ratio = np.sqrt(posterior.nodes.var(axis=0) / free)
    x, y = lattice.places()
    design = design_matrix(case.covariates, x, y, scaling=posterior.design.scaling)
    # beyond what the fit has seen, the nearest value that it has
    scaling = design.scaling
    low, high = (scaling.low - scaling.mean) / scaling.sd, (scaling.high - scaling.mean) / scaling.sd
    effect = posterior.slopes @ np.clip(design.columns, low, high).T
    shape, there = lattice.node.shape, lattice.node >= 0
    mean, sd, free_sd = np.full((3, num, *shape), np.nan)
    for f in range(num):
        at = posterior.nodes[:, f * lattice.num_nodes : (f + 1) * lattice.num_nodes] + effect
        mean[f, there], sd[f, there] = at.mean(axis=0), at.std(axis=0)
        free_sd[f, there] = np.sqrt(free[: lattice.num_nodes] + effect.var(axis=0))
    untold, placed, ground_m2, area_log = _areas(posterior, ratio)
    return FieldMaps(
        left_m=lattice.left_m - 0.5 * lattice.spacing_m,
        top_m=lattice.top_m + 0.5 * lattice.spacing_m,
        pixel_m=lattice.spacing_m,
        names=tuple(c.label for c in posterior.reduction.classes) if num > 1 else ("",),
        mean=mean,
        sd=sd,
        free_sd=free_sd,
        area_untold=untold,
        area_placed=placed,
        area_log=area_log,
        untold_m2=float(ground_m2[untold].sum()),
        placed_m2=float(ground_m2[placed].sum()),
        told=_told(case, posterior),
    )


def field_findings(maps: FieldMaps) -> tuple[Finding, ...]:
    """A warning where the records say nothing of how areas differ; a note for each number that they leave as it was."""
    found = []
    num, placed = int(maps.area_untold.sum()), int(maps.area_placed.sum())
    if num:
        share = maps.untold_m2 / maps.placed_m2 if maps.placed_m2 > 0.0 else 1.0
        found.append(
            Finding(
                severity="warning",
                code="field-is-prior",
                count=num,
                asked="records that tell how hazard areas differ from one another",
                came=f"of {num:,} of {placed:,} hazard areas ({share:.0%} of their ground) they say next to nothing: "
                "there the density field is what was believed before",
                todo="survey there, or read their numbers as those of an average area of their kind",
            )
        )
    names = {"range": "model.field.range_km", "spread": "model.field.spread_factor"}
    found.extend(
        Finding(
            severity="note",
            code="field-number-is-prior",
            asked=f"records that tell {names.get(told.kind, f'the effect of {told.name}')}",
            came="they say next to nothing about it: it is what the case file believed before",
            todo="check that its range and source in the case file are what you mean",
        )
        for told in maps.told
        if told.is_prior
    )
    return tuple(found)


def _free_variance(posterior: FieldPosterior, *, rng: np.random.Generator) -> Floats:
    """(n_nodes,) variance of the field at the range and spread of the draws, where nothing else is known of it."""
    lattice = posterior.lattice
    order = np.argsort(posterior.range_m, kind="stable")
    num = int(np.clip(_FREE_NUMBERS / lattice.num_nodes, *_FREE_DRAWS))
    out = np.zeros(lattice.num_nodes)
    for part in np.array_split(order, min(_RANGES, order.size)):
        unit = field_draws(lattice, float(np.median(posterior.range_m[part])), 1.0, num, rng=rng)
        # far from edges the variance is 1; neighbours have nearly the same
        rough = np.square(unit).mean(axis=0)
        picture = np.zeros(lattice.node.shape)
        picture[lattice.node >= 0] = rough
        smooth = _smoothed(picture, lattice.node >= 0)[lattice.node >= 0]
        out += smooth * np.square(posterior.spread[part]).sum() / order.size
    return out


def _smoothed(picture: Floats, there: NDArray[np.bool_]) -> Floats:
    """Means over the nodes that are there of three by three."""
    weight = uniform_filter(there.astype(np.float64), size=3, mode="constant")
    total = uniform_filter(np.where(there, picture, 0.0), size=3, mode="constant")
    return np.where(there, total / np.maximum(weight, 1e-12), 0.0)


def _areas(
    posterior: FieldPosterior, ratio: Floats
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Floats, Floats]:
    """Which hazard areas are untold, which the field reaches, their ground, and their density over the typical one."""
    reduction = posterior.reduction
    entries = reduction.by_portion
    area = reduction.portion_area[entries.key]
    reached = np.diff(posterior.unit_read.indptr) > 0
    mine = np.flatnonzero((area >= 0) & reached[entries.unit])
    num = reduction.area_m2.size
    share = csr_matrix(
        (entries.ground[mine], (area[mine], entries.unit[mine])), shape=(num, reduction.unit_source.size)
    )
    weight = np.asarray(share.sum(axis=1)).ravel()
    placed = weight > 0.0
    share = diags_array(1.0 / np.where(placed, weight, 1.0)) @ share
    untold = placed & (share @ (posterior.unit_read @ ratio) >= UNTOLD)
    # the field averaged over the area's ground, on the log scale
    log = (share @ posterior.unit_read) @ posterior.nodes.T + (
        share @ posterior.unit_columns
    ) @ posterior.slopes.T
    summary = np.concatenate([log.mean(axis=1)[:, None], np.quantile(log, [0.05, 0.95], axis=1).T], axis=1)
    summary[~placed] = np.nan
    return untold, placed, np.where(placed, reduction.area_owned_m2, 0.0), summary


def _told(case: Case, posterior: FieldPosterior) -> tuple[Told, ...]:
    def row(
        kind: Literal["range", "spread", "number", "distance", "category"],
        prior: tuple[float, float],
        draws: Floats,
        name: str = "",
        base: str = "",
    ) -> Told:
        low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95]).tolist()
        return Told(
            kind=kind, name=name, base=base, prior_low=prior[0], prior_high=prior[1],
            low=low, middle=middle, high=high,
        )  # fmt: skip

    distance, spread = case.prior("field.range"), case.prior("field.spread")
    rows = [
        row("range", (distance.low, distance.high), posterior.range_m / KM_M),
        row("spread", (spread.low, spread.high), np.exp(posterior.spread)),
    ]
    design = posterior.design
    for k, name in enumerate(design.names):
        covariate = case.covariates[int(design.covariate[k])]
        is_category = isinstance(covariate, CategoryCovariate)
        steps = 1.0 / float(design.scaling.sd[k]) if is_category else 2.0
        centre, half = steps * design.slope_mean[k], steps * design.slope_sd[k] * Z95
        factor = np.exp(steps * posterior.slopes[:, k])
        prior = (float(np.exp(centre - half)), float(np.exp(centre + half)))
        if isinstance(covariate, DistanceCovariate):  # near against far: the other way round
            rows.append(row("distance", (1.0 / prior[1], 1.0 / prior[0]), 1.0 / factor, covariate.name))
        elif isinstance(covariate, CategoryCovariate):
            rows.append(row("category", prior, factor, name, covariate.base))
        else:
            rows.append(row("number", prior, factor, name))
    return tuple(rows)
