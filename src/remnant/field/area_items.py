"""Expected explosive items of hazard areas given each draw, with pieces of evidence or without, and before any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from remnant.evidence import Reduction
from remnant.field.groups import share_that_exists
from remnant.field.history import compile_histories
from remnant.field.pieces import FOUND, MET, OWN, SEARCHED, Pieces
from remnant.field.spatial import FieldPosterior
from remnant.numerics import distinct, even_normals
from remnant.units import Floats, Ints

_PRIOR_DRAWS = 256
_AT_ONCE = 4_000_000  # numbers of one block of a table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaGround:
    """Ground of hazard areas by unit, in order of source, area and unit; all (n_rows,) but the last."""

    area: Ints
    unit: Ints
    source: Ints
    by_history: csr_matrix  # (n_rows, n_histories) [m²]

    @classmethod
    def of(cls, reduction: Reduction) -> AreaGround:
        """The ground of all hazard areas."""
        entries = reduction.by_portion
        area = reduction.portion_area[entries.key]
        mine = np.flatnonzero(area >= 0)
        source = reduction.unit_source[entries.unit[mine]]
        key, _, row = distinct(source, area[mine], entries.unit[mine])
        shape = (len(key), len(reduction.histories))
        ground = csr_matrix((entries.ground[mine], (row, entries.history[mine])), shape=shape)
        return cls(area=key[:, 1], unit=key[:, 2], source=key[:, 0], by_history=ground)

    def of_sources(self, sources: Ints) -> AreaGround:
        """Its rows of some sources."""
        rows = np.flatnonzero(np.isin(self.source, sources))
        return AreaGround(
            area=self.area[rows],
            unit=self.unit[rows],
            source=self.source[rows],
            by_history=self.by_history[rows],
        )

    def starts(self, rows: slice) -> Ints:
        """Where pairs of source and area begin among some rows."""
        source, area = self.source[rows], self.area[rows]
        return np.flatnonzero(np.concatenate([[True], (np.diff(source) != 0) | (np.diff(area) != 0)]))

    def blocks(self, num_draws: int) -> Iterator[slice]:
        """Runs of rows, whole pairs of source and area each, that keep tables of draws small."""
        if not self.area.size:
            return
        ends = np.append(self.starts(slice(None))[1:], self.area.size)
        step, first = max(1, _AT_ONCE // max(1, num_draws)), 0
        for k, end in enumerate(ends.tolist()):
            if end - first >= step or k + 1 == ends.size:
                yield slice(first, end)
                first = end


def _left_share(posterior: FieldPosterior, z: Floats, day: float, as_of_day: float) -> Floats:
    """(n_histories, n_draws) share of initial items that is left and explosive."""
    table = posterior.table
    compiled = compile_histories(posterior.reduction.histories, table, as_of_day, [day])
    return np.ascontiguousarray(compiled.remaining(table, z, table.values(z))[:, :, 0].sum(axis=2).T)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaItems:
    """Expected explosive items on the ground of areas, given each draw and given that their source holds any."""

    posterior: FieldPosterior
    pieces: Pieces
    values: Floats
    levels: Floats
    exposure: Floats  # (n_draws, n_histories)
    left: Floats  # (n_histories, n_draws)

    @classmethod
    def of(cls, posterior: FieldPosterior, pieces: Pieces, day: float, as_of_day: float) -> AreaItems:
        """At the draws of the pieces, on a day."""
        z = posterior.z[pieces.draws]
        values = posterior.table.values(z)
        return cls(
            posterior=posterior,
            pieces=pieces,
            values=values,
            levels=posterior.table.levels(values),
            exposure=posterior.groups.exposure(z, values),
            left=_left_share(posterior, z, day, as_of_day),
        )

    def of_rows(self, ground: AreaGround, rows: slice, share: float) -> dict[int, Floats]:
        """(n_draws, n_rows) by kind of piece, with that share of it left out; −1: with everything."""
        posterior, draws, unit = self.posterior, self.pieces.draws, ground.unit[rows]
        groups, table = posterior.groups, posterior.table
        level = self.levels[:, table.unit_level[unit]] * np.exp(posterior.log_field(unit, draws))
        alpha = self.values[:, table.unit_clump[unit]] * posterior.reduction.unit_num_blocks[unit]
        reached = level * groups.reached(unit, self.exposure)
        bare = level * np.asarray((ground.by_history[rows] @ self.left).T)
        found, met, rest = groups.found[unit], groups.met[unit], 1.0 - share
        full = bare * (alpha + found + met) / (alpha + reached)
        less = bare * (alpha + rest * found + met) / (alpha + rest * reached)
        return {
            -1: full,
            SEARCHED: less,
            FOUND: less,
            MET: bare * (alpha + found + rest * met) / (alpha + reached),
            OWN: bare * (alpha + rest * (found + met)) / (alpha + rest * reached),
        }

    def by_area(self, ground: AreaGround) -> Floats:
        """(n_draws, n_areas) given everything, existence included. [items]"""
        out = np.zeros((self.pieces.draws.size, self.posterior.reduction.area_m2.size))
        for rows in ground.blocks(len(out)):
            start = ground.starts(rows)
            items = np.add.reduceat(self.of_rows(ground, rows, 0.0)[-1], start, axis=1)
            items *= self.pieces.exists[:, ground.source[rows][start]]
            np.add.at(out.T, ground.area[rows][start], items.T)
        return out


def prior_mean(
    posterior: FieldPosterior, ground: AreaGround, day: float, as_of_day: float, *, rng: np.random.Generator
) -> Floats:
    """(n_areas,) explosive items expected if no outcome were on record. [items]"""
    reduction, table, design = posterior.reduction, posterior.table, posterior.design
    z = even_normals(_PRIOR_DRAWS, len(table.parameters), rng=rng)
    values = table.values(z)
    levels, left = table.levels(values), _left_share(posterior, z, day, as_of_day)
    _, share = share_that_exists(table.source_exists, values)
    out = np.zeros(reduction.area_m2.size)
    for rows in ground.blocks(_PRIOR_DRAWS):
        unit = ground.unit[rows]
        columns = posterior.unit_columns[unit]
        # the field has mean 1; covariates have the mean of a log-normal
        factor = np.exp(columns @ design.slope_mean + 0.5 * np.square(columns) @ np.square(design.slope_sd))
        items = levels[:, table.unit_level[unit]] * (ground.by_history[rows] @ left).T
        items *= share[:, ground.source[rows]]
        np.add.at(out, ground.area[rows], factor * items.mean(axis=0))
    return out
