"""The field model of a case: the stratum model times a smooth field and the effects of covariates.

A unit in hazard areas or outside them has density ``μ_sk exp(η_b) g_b`` with one η per clump block::

    η_b = −spread²/2 + Σ A_bn u_n + X_b β,    u ~ Matérn field,    β ~ Normal

so that μ is the mean density of its stratum and the field says where it is more and where less. Recorded deliveries
keep their own density: their footprint says where they lie. Units of unknown place have the mean, η = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_matrix, hstack

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.evidence import (
    Case,
    CategoryCovariate,
    Design,
    OrdnanceClass,
    Reduction,
    Scaling,
    design_matrix,
)
from remnant.field.groups import Groups, chance, groups_of
from remnant.field.latent import LatentPosterior, sample_latent
from remnant.field.latent_model import USUAL_EFFORT, Effort, LatentModel
from remnant.field.lattice import Lattice, lattice_over
from remnant.field.parameters import ParameterTable
from remnant.geo import cells_inside, grid_over
from remnant.numerics import Link, even_normals, link_of
from remnant.units import KM_M, Floats, Ints

_STEP = 1e-4  # of a whitened coordinate, for how exposure follows detection and fate
_NODES_PER_RANGE = 4.0  # of the shortest likely range
_NODES_WANTED = 20_000  # a lattice of more nodes is made coarser, down to two nodes a range
_MARGIN = 0.5  # of the middle of the likely ranges, around the ground


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldPosterior:
    """Posterior of the field model; see `remnant.field.DensityPosterior`.

    Parameters
    ----------
    lattice
        Nodes of the field.
    nodes
        (n_draws, n_nodes · n_fields) field at the nodes. [1]
    slopes
        (n_draws, n_covariate_columns) change of log density per standard deviation of each column. [1]
    centre
        (n_draws,) −spread²/2. [1]
    range_m, spread
        (n_draws,) of the field. [m], [1]
    design
        Covariates at the units that the field carries, and how they are scaled.
    unit_read
        (n_units, n_nodes · n_fields) how units read the field; empty rows have no field.
    unit_columns
        (n_units, n_covariate_columns).
    log_evidence, diagnostics
        As in `remnant.field.latent.LatentPosterior`.
    """

    reduction: Reduction
    table: ParameterTable
    z: Floats
    exists: Floats
    lattice: Lattice
    nodes: Floats
    slopes: Floats
    centre: Floats
    range_m: Floats
    spread: Floats
    design: Design
    unit_read: csr_matrix
    unit_columns: Floats
    log_evidence: float
    diagnostics: Mapping[str, float]
    groups: Groups
    _exposure: Floats

    def clumps(self, units: Ints, draws: slice | Ints) -> tuple[Floats, Floats]:
        """Shape [1] and scale [items per unit of ground] of the density of units, (n_draws, n_units) each."""
        values = self.table.values(self.z[draws])
        level = self.table.levels(values)[:, self.table.unit_level[units]]
        level *= np.exp(self.log_field(units, draws))
        blocks = self.reduction.unit_num_blocks[units]
        alpha = values[:, self.table.unit_clump[units]] * blocks
        expected = level * self.groups.reached(units, self._exposure[draws])
        shape = alpha + self.groups.found[units] + self.groups.met[units]
        return shape, level / (alpha + expected)

    def log_field(self, units: Ints, draws: slice | Ints) -> Floats:
        """(n_draws, n_units) logarithm of the factor by which the field and covariates change the density of units."""
        read = self.unit_read[units]
        carried = (np.diff(read.indptr) > 0).astype(np.float64)
        out = np.asarray((read @ self.nodes[draws].T).T)
        out += self.centre[draws][:, None] * carried + self.slopes[draws] @ self.unit_columns[units].T
        return out

    def log_relative_density(self, x_m: Floats, y_m: Floats, columns: Floats, draws: slice | Ints) -> Floats:
        """(n_draws, n_points) the same at any points of the lattice, of the first field.

        Parameters
        ----------
        x_m, y_m
            (n_points,) [m]
        columns
            (n_points, n_covariate_columns) covariates there, scaled by `design.scaling`.
        """
        read = self.lattice.interpolation(x_m, y_m)
        out = np.asarray((read @ self.nodes[draws, : self.lattice.num_nodes].T).T)
        return np.asarray(out + self.centre[draws][:, None] + self.slopes[draws] @ columns.T)


def fit_field(
    case: Case,
    reduction: Reduction,
    *,
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
    effort: Effort = USUAL_EFFORT,
) -> FieldPosterior:
    """Posterior draws of the field model.

    Parameters
    ----------
    case
        Priors, covariates, catalogue and number of draws.
    reduction
        Its evidence, with a unit for every block.
    rng
        Source of all randomness.
    progress
        Called with the share done, 0 to 1.
    effort
        How much work to do.
    """
    groups = groups_of(case, reduction)
    table = groups.table
    lattice, read, carried = _lattice_of(case, reduction)
    x, y = reduction.grid.block_centre(reduction.unit_block[carried])
    design = design_matrix(case.covariates, x, y)
    columns = np.zeros((reduction.unit_source.size, design.columns.shape[1]))
    columns[carried] = design.columns
    likelihood = GroupsLikelihood.of(groups)
    fields = read.shape[1] // lattice.num_nodes
    latent = sample_latent(
        LatentModel(
            lattice=lattice,
            read=read[groups.unit],
            likelihood=likelihood,
            range_m=_range_link(case),
            spread=_spread_link(case),
            covariates=columns[groups.unit],
            slope_mean=design.slope_mean,
            slope_sd=design.slope_sd,
            num_fields=fields,
            is_mean_one=True,
        ),
        num_draws=case.num_draws,
        rng=rng,
        progress=progress,
        effort=effort,
    )
    z = even_normals(case.num_draws, len(table.parameters), rng=rng)
    z[:, groups.informed] = latent.z
    return _posterior(groups, latent, lattice, read, design, columns, z)


def _posterior(
    groups: Groups,
    latent: LatentPosterior,
    lattice: Lattice,
    read: csr_matrix,
    design: Design,
    columns: Floats,
    z: Floats,
) -> FieldPosterior:
    mine = read[groups.unit]
    has_field = (np.diff(mine.indptr) > 0).astype(np.float64)
    log_field = np.asarray((mine @ latent.nodes.T).T) + latent.centre[:, None] * has_field
    log_field += latent.slopes @ columns[groups.unit].T
    odds = groups.weigh(z, groups.log_likelihood(z, log_field)).odds
    return FieldPosterior(
        reduction=groups.reduction,
        table=groups.table,
        z=z,
        exists=groups.existence(z, odds),
        lattice=lattice,
        nodes=latent.nodes,
        slopes=latent.slopes,
        centre=latent.centre,
        range_m=latent.range_m,
        spread=latent.spread,
        design=design,
        unit_read=read,
        unit_columns=columns,
        log_evidence=latent.log_evidence,
        diagnostics=latent.diagnostics,
        groups=groups,
        _exposure=groups.exposure(z, groups.table.values(z)),
    )


def _range_link(case: Case) -> Link:
    prior = case.prior("field.range")
    return link_of(prior.low * KM_M, prior.high * KM_M, is_probability=False)


def _spread_link(case: Case) -> Link:
    prior = case.prior("field.spread")
    return link_of(float(np.log(prior.low)), float(np.log(prior.high)), is_probability=False)


def _lattice_of(case: Case, reduction: Reduction) -> tuple[Lattice, csr_matrix, Ints]:
    """The lattice, how every unit reads it, and the units that it carries."""
    carried = _carried(reduction)
    if carried.size == 0:
        raise InvalidInput(
            'kind = "field" needs hazard areas or ground outside them with a place; the case has none. '
            'Use kind = "stratum".'
        )
    x, y = reduction.grid.block_centre(reduction.unit_block[carried])
    prior = case.prior("field.range")
    low, middle = prior.low * KM_M, float(np.sqrt(prior.low * prior.high)) * KM_M
    spacing = case.model.field.spacing_m
    if spacing is None:
        spacing = max(low / _NODES_PER_RANGE, case.grid.block_m)
        while spacing < 0.5 * low and _num_nodes(case, x, y, spacing, _MARGIN * middle) > _NODES_WANTED:
            spacing = min(spacing * 1.25, 0.5 * low)
    lattice = lattice_over(*_with_region(case, x, y, spacing), spacing, _MARGIN * middle)
    return lattice, _reading(case, reduction, lattice, carried, reduction.classes), carried


def _reading(
    case: Case, reduction: Reduction, lattice: Lattice, carried: Ints, classes: tuple[OrdnanceClass, ...]
) -> csr_matrix:
    """(n_units, n_nodes · n_fields) how the carried units read the field; separate ones stand in order of `classes`."""
    inside = lattice.interpolation(*reduction.grid.block_centre(reduction.unit_block[carried]))
    one = csr_matrix(
        (inside.data, (carried[np.repeat(np.arange(carried.size), np.diff(inside.indptr))], inside.indices)),
        shape=(reduction.unit_source.size, lattice.num_nodes),
    )
    if case.model.field.fields == "shared":
        return one
    number = np.array([classes.index(c) for c in reduction.classes], np.int64)[reduction.unit_class]
    return csr_matrix(hstack([csr_matrix(one.multiply((number == c)[:, None])) for c in range(len(classes))]))


def field_at_units(
    case: Case, reduction: Reduction, lattice: Lattice, scaling: Scaling, classes: tuple[OrdnanceClass, ...]
) -> tuple[csr_matrix, Floats]:
    """How the units of a reduction read a field that is there, and their covariates by its scaling."""
    carried = _carried(reduction)
    x, y = reduction.grid.block_centre(reduction.unit_block[carried])
    design = design_matrix(case.covariates, x, y, scaling=scaling)
    columns = np.zeros((reduction.unit_source.size, design.columns.shape[1]))
    columns[carried] = design.columns
    return _reading(case, reduction, lattice, carried, classes), columns


def _carried(reduction: Reduction) -> Ints:
    """Units that the field carries."""
    kind = reduction.source_kind[reduction.unit_source]
    return np.flatnonzero((reduction.unit_block >= 0) & (kind != "deposit"))


def _num_nodes(case: Case, x: Floats, y: Floats, spacing_m: float, margin_m: float) -> int:
    return lattice_over(*_with_region(case, x, y, spacing_m), spacing_m, margin_m).num_nodes


def _with_region(case: Case, x: Floats, y: Floats, spacing_m: float) -> tuple[Floats, Floats]:
    """Places of units, and the middle of each square of nodes that a block of the case's region may lie in. [m]"""
    if case.region is None:
        return x, y
    ground = shapely.buffer(case.region, case.grid.block_m)
    squares = grid_over(shapely.bounds(ground).tolist(), spacing_m, spacing_m)
    more_x, more_y = squares.block_centre(cells_inside(ground, squares))
    return np.concatenate([x, more_x]), np.concatenate([y, more_y])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupsLikelihood:
    """The evidence of a case as a function of the field: see `remnant.field.counts.Likelihood`."""

    groups: Groups
    level_of: csr_matrix  # (n_rows, n_parameters) spread of the level that each row reads
    clump_of: csr_matrix  # (n_groups, n_parameters)
    exists_of: csr_matrix  # (n_sources, n_parameters)
    through_exposure: Ints  # places among the informed parameters that change the exposure

    @classmethod
    def of(cls, groups: Groups) -> GroupsLikelihood:
        """The likelihood of grouped evidence."""
        table = groups.table
        spreads = np.array([p.link.spread for p in table.parameters])
        direct = {*groups.row_level.tolist(), *groups.group_clump.tolist(), *groups.source_exists.tolist()}

        def reads(index: Ints) -> csr_matrix:
            used = np.flatnonzero(index >= 0)
            return csr_matrix(
                (spreads[index[used]], (used, index[used])), shape=(index.size, len(table.parameters))
            )

        return cls(
            groups=groups,
            level_of=reads(groups.row_level),
            clump_of=reads(groups.group_clump),
            exists_of=reads(groups.source_exists),
            through_exposure=np.array(
                [i for i, p in enumerate(groups.informed.tolist()) if p not in direct], np.int64
            ),
        )

    @property
    def num_rows(self) -> int:
        """Units that searches of known outcome tell of."""
        return int(self.groups.unit.size)

    @property
    def num_nuisances(self) -> int:
        """Parameters that the evidence can say something about."""
        return int(self.groups.informed.size)

    def _full(self, z: Floats) -> Floats:
        full = np.zeros((z.shape[1], len(self.groups.table.parameters)))
        full[:, self.groups.informed] = z.T
        return full

    def value(self, field: Floats, z: Floats) -> Floats:
        """See `Likelihood`."""
        full = self._full(z)
        found = self.groups.log_likelihood(full, np.ascontiguousarray(field.T))
        return np.asarray(self.groups.weigh(full, found).total.sum(axis=1))

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Likelihood`; how exposure follows detection and fate is taken by differences."""
        groups, full, log_field = self.groups, self._full(z), np.ascontiguousarray(field.T)
        arrays = groups.arrays(full, log_field)
        weighed = groups.weigh(full, groups.values_of(arrays))
        share, before = chance(weighed.odds), chance(weighed.odds_before)
        by_row, by_exposure, by_shape, _ = groups.slopes_of(arrays, share)
        by_full = np.asarray(self.level_of.T @ by_row.T + self.clump_of.T @ by_shape.T)
        by_full += self.exists_of.T @ (share - before).T
        by_z = by_full[groups.informed]
        for i, change in self._exposure_changes(full):
            by_z[i] += (by_exposure * change).sum(axis=1)
        return weighed.total.sum(axis=1), np.ascontiguousarray(by_row.T), by_z

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
        """See `Likelihood`."""
        groups, full, log_field = self.groups, self._full(z), np.ascontiguousarray(field.T)
        arrays = groups.arrays(full, log_field)
        *_, bends = groups.slopes_of(arrays, chance(groups.weigh(full, groups.values_of(arrays)).odds))
        middle, at = full.mean(axis=0, keepdims=True), log_field.mean(axis=0)
        values = groups.table.values(middle)
        exposure = groups.exposure(middle, values)[0]
        ground = csr_matrix(
            (groups.ground, groups.ground_history, groups.ground_start),
            shape=(self.num_rows, len(groups.reduction.histories)),
        )
        density = groups.table.levels(values)[0, groups.row_level] * np.exp(at)
        mean = density * np.asarray(ground @ exposure)
        group = np.repeat(np.arange(len(groups.group_found)), np.diff(groups.group_start))
        total = np.maximum(np.bincount(group, mean, minlength=len(groups.group_found)), 1e-300)
        share = csr_matrix(
            (mean / total[group], (group, np.arange(mean.size))), shape=(total.size, mean.size)
        )
        by_z = np.asarray((share @ self.level_of).toarray()[:, groups.informed])
        for i, change in self._exposure_changes(middle):
            by_z[:, i] += (
                np.bincount(group, density * np.asarray(ground @ change[0]), minlength=total.size) / total
            )
        return share, bends.mean(axis=0), by_z

    def _exposure_changes(self, full: Floats) -> list[tuple[int, Floats]]:
        """How exposure (n_chains, n_histories) follows each coordinate that it depends on."""
        groups, chains = self.groups, len(full)
        moved = np.repeat(full[None], 1 + self.through_exposure.size, axis=0)  # all in one call
        for place, i in enumerate(self.through_exposure.tolist()):
            moved[1 + place, :, groups.informed[i]] += _STEP
        every = moved.reshape(-1, full.shape[1])
        exposure = groups.exposure(every, groups.table.values(every)).reshape(len(moved), chains, -1)
        return [
            (i, (exposure[1 + place] - exposure[0]) / _STEP)
            for place, i in enumerate(self.through_exposure.tolist())
        ]


def field_summary(case: Case, posterior: FieldPosterior) -> list[dict[str, object]]:
    """Prior and posterior of range, spread and effects of covariates, as rows of the table of parameters."""
    rows = [
        _row(
            "field.range",
            "distance over which places are alike",
            case.prior("field.range"),
            posterior.range_m / KM_M,
        ),
        _row(
            "field.spread",
            "factor by which places typically differ",
            case.prior("field.spread"),
            np.exp(posterior.spread),
        ),
    ]
    design = posterior.design
    for i, name in enumerate(design.names):
        covariate = case.covariates[int(design.covariate[i])]
        if isinstance(covariate, CategoryCovariate):
            prior = covariate.effects[i - int(np.searchsorted(design.covariate, design.covariate[i]))]
            times, against = 1.0 / float(design.scaling.sd[i]), f"{covariate.base} ground"
        else:
            prior, times, against = covariate.effect, 2.0, "a place two standard deviations lower"
        title = f"{name}: density there against {against}"
        rows.append(_row(f"covariate.{name}", title, prior, np.exp(times * posterior.slopes[:, i])))
    return rows


def _row(name: str, title: str, prior: Range, draws: Floats) -> dict[str, object]:
    low, high = np.quantile(draws, [0.05, 0.95])
    return {
        "name": name,
        "title": title,
        "unit": prior.unit,
        "prior_q05": prior.low,
        "prior_mean": float(np.sqrt(prior.low * prior.high)),
        "prior_q95": prior.high,
        "posterior_q05": float(low),
        "posterior_mean": float(draws.mean()),
        "posterior_q95": float(high),
        "basis": prior.basis,
        "source": prior.source,
    }
