"""What the evidence of a case says of its densities: negative binomial groups of units within sources.

For a unit u of class k in a source a of stratum s, with a factor exp(η_u) where there is a field::

    Z_a ~ Bernoulli(π_s)    g_u ~ Gamma(α, α)    items found ~ Poisson(Z_a μ_sk exp(η_u) g_u E_u)

Clumps are integrated in closed form (negative binomial), existence by summation. Units whose finds cannot be told
apart enter as one group, with the clump shape that their sum has (exact for equal exposures, matched in mean and
variance otherwise). Items met outside any search of known outcome show that there was one item there: they make the
source exist and add one to the clump's shape, and say nothing about any other place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from remnant.evidence import Case, Reduction
from remnant.field.counts import by_log_shape, count_terms
from remnant.field.history import HistoryTable, compile_histories
from remnant.field.parameters import ParameterTable, parameters_of
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats, Ints, day_number

_LONG = 1_000_000  # draws times pieces of ground above which threads pay
NO_FIELD = np.zeros((0, 0))
"""Log field of rows where there is none."""


Arrays: TypeAlias = tuple[
    Ints, Ints, Floats, Floats, Ints, Ints, Ints, Floats, Ints, Floats, Floats, Floats, Floats
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Units with known exposure, by group, by source: what the likelihood walks over."""

    reduction: Reduction
    table: ParameterTable
    compiled: HistoryTable
    every_ground: csr_matrix  # (n_units, n_histories) ground that searches of known outcome tell of
    found: Floats  # (n_units,) items found by searches that may have found them
    met: Floats  # (n_units,) items that show presence only
    informed: Ints  # parameters that the evidence can say something about; the others keep their prior
    source: Ints  # (n_sources,) informed sources
    source_start: Ints  # (n_sources + 1,) groups of each
    source_exists: Ints  # (n_sources,) parameter of existence, −1 if certain
    log_unfound: Floats  # (n_sources,)
    log_unmet: Floats  # (n_sources,)
    group_start: Ints  # (n_groups + 1,) rows of each group
    group_found: Floats  # (n_groups,) items
    group_blocks: Floats  # (n_groups,) multiple of the clump shape
    group_clump: Ints  # (n_groups,) parameter of the clump shape
    unit: Ints  # (n_rows,) unit of each row
    row_level: Ints  # (n_rows,) parameter of the level
    ground_start: Ints  # (n_rows + 1,)
    ground_history: Ints
    ground: Floats

    def exposure(self, z: Floats, values: Floats) -> Floats:
        """(n_draws, n_histories) exposure per unit of ground, at full whitened coordinates."""
        return self.compiled.exposure(self.table, z, values)

    def log_likelihood(self, z: Floats, log_field: Floats = NO_FIELD) -> Floats:
        """(n_draws, n_sources) of the finds, given that the source exists; the constant −log Y! is left out.

        Parameters
        ----------
        z
            (n_draws, n_parameters) whitened coordinates.
        log_field
            (n_draws, n_rows) logarithm of the field's factor.
        """
        return self.values_of(self.arrays(z, log_field))

    def values_of(self, arrays: Arrays) -> Floats:
        """The same, from what the walks over groups take."""
        return np.asarray(_VALUES.for_work(self.work(len(arrays[-1])))(*arrays))

    def slopes_of(self, arrays: Arrays, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Derivatives of the log-likelihoods of sources, times `weight` (n_draws, n_sources).

        Returns
        -------
        By the log field of rows (n_draws, n_rows), by exposure (n_draws, n_histories), by the log clump shape of groups
        (n_draws, n_groups); then the curvature by the log mean of groups (n_draws, n_groups).
        """
        by_row, by_exposure, by_shape, bends = _SLOPES.for_work(self.work(len(weight)))(*arrays, weight)
        return by_row, by_exposure, by_shape, bends

    def reached(self, units: Ints, exposure: Floats) -> Floats:
        """(n_draws, n_units) ground of units that searches of known outcome tell of, each times its exposure.

        Parameters
        ----------
        units
            Indices of units, any order.
        exposure
            (n_draws, n_histories) from `exposure`.
        """
        ground = self.every_ground
        return np.asarray(_reached(ground.indptr, ground.indices, ground.data, units, exposure))

    def work(self, num_draws: int) -> int:
        """Of a walk: draws times pieces of ground."""
        return num_draws * self.ground.size

    def arrays(self, z: Floats, log_field: Floats) -> Arrays:
        """What the walks over groups take."""
        values = self.table.values(z)
        return (
            self.source_start,
            self.group_start,
            self.group_found,
            self.group_blocks,
            self.row_level,
            self.ground_start,
            self.ground_history,
            self.ground,
            self.group_clump,
            self.table.levels(values),
            self.exposure(z, values),
            log_field,
            values,
        )

    def scaled(self, share: float) -> Groups:
        """The same with a share of the searched ground and of the finds: from 1 to 0 the evidence goes away."""
        return replace(self, ground=self.ground * share, group_found=self.group_found * share)

    def weigh(self, z: Floats, found: Floats) -> Weighed:
        """Existence summed over, from log-likelihoods (n_draws, n_sources) given that sources exist."""
        certain, share = share_that_exists(self.source_exists, self.table.values(z))
        with np.errstate(divide="ignore", invalid="ignore"):
            log_in, log_out = np.log(share), np.log1p(-share)
            present = log_in + found
            absent = log_out + self.log_unfound + self.log_unmet
            # what was met outside searches tells that something was there, not how often areas hold anything
            reference = np.logaddexp(log_in, log_out + self.log_unmet)
            total = np.where(certain, found, np.logaddexp(present, absent) - reference)
            odds = np.where(certain, np.inf, present - absent)
            before = np.where(certain, np.inf, log_in - log_out - self.log_unmet)
        return Weighed(total=total, odds=odds, odds_before=before)

    def existence(self, z: Floats, odds: Floats) -> Floats:
        """(n_draws, all sources) chance that each source ever held anything, given the log odds of informed ones."""
        reduction = self.reduction
        certain, share = share_that_exists(self.table.source_exists, self.table.values(z))
        with np.errstate(divide="ignore"):
            # where no search informs, what a search is said to have found shows presence as well
            absent = np.exp(reduction.source_log_unmet + reduction.source_log_unfound)
            exists = np.where(certain, 1.0, share / (share + (1.0 - share) * absent))
        exists[:, self.source] = chance(odds)
        return np.asarray(exists)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighed:
    """Informed sources with existence summed over; all (n_draws, n_sources).

    Parameters
    ----------
    total
        Log-likelihood of all that was found.
    odds, odds_before
        Log odds that the source exists: given all evidence, and given only what was met outside searches.
    """

    total: Floats
    odds: Floats
    odds_before: Floats


def chance(odds: Floats) -> Floats:
    """Probability from log odds, 1 at infinity."""
    return np.where(np.isposinf(odds), 1.0, 1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0))))


def share_that_exists(index: Ints, values: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which sources exist for certain (no parameter), and the share of each one's kind that does, (n_draws, n)."""
    certain = index < 0
    return certain, np.where(certain, 1.0, values[:, np.maximum(index, 0)])


def groups_of(case: Case, reduction: Reduction) -> Groups:
    """The evidence of a case, arranged for its likelihood."""
    table = parameters_of(case, reduction)
    compiled = compile_histories(reduction.histories, table, day_number(case.as_of), [])
    known = np.array([h.is_known for h in reduction.histories], np.bool_)
    entries = reduction.by_portion
    informs = known[entries.history]
    ground = csr_matrix(
        (entries.ground[informs], (entries.unit[informs], entries.history[informs])),
        shape=(reduction.unit_source.size, len(reduction.histories)),
    )
    centre = np.zeros((1, len(table.parameters)))
    values = table.values(centre)
    per_ground = compiled.exposure(table, centre, values)[0]
    # finds on ground whose exposure is nil (no search, or none after the items came) cannot be explained by a search:
    # they show presence only
    stray = np.asarray(ground @ per_ground).reshape(-1) <= 0.0
    found = np.where(stray, 0.0, reduction.found)
    units = np.flatnonzero(np.diff(ground.indptr) > 0)
    order = units[np.lexsort((units, reduction.unit_group[units], reduction.unit_source[units]))]
    source = reduction.unit_source[order]
    group_key = source * (reduction.unit_group.max(initial=0) + 1) + reduction.unit_group[order]
    new_group = (
        np.concatenate([[True], group_key[1:] != group_key[:-1]]) if order.size else np.zeros(0, np.bool_)
    )
    group_first = np.flatnonzero(new_group)
    group_of = np.cumsum(new_group) - 1
    expected = np.asarray(ground[order] @ per_ground) * table.levels(values)[0, table.unit_level[order]]
    num = group_first.size
    total = np.bincount(group_of, expected, minlength=num)
    squares = np.bincount(group_of, np.square(expected) / reduction.unit_num_blocks[order], minlength=num)
    with np.errstate(invalid="ignore", divide="ignore"):
        blocks = np.where(squares > 0.0, np.square(total) / squares, 1.0)
    group_source = source[group_first]
    source_first = (
        np.flatnonzero(np.concatenate([[True], group_source[1:] != group_source[:-1]]))
        if num
        else group_first
    )
    sources = group_source[source_first]
    rows = ground[order].tocsr()
    clump, level, exists = table.unit_clump[order][group_first], table.unit_level[order], table.source_exists
    history = np.unique(rows.indices)
    return Groups(
        reduction=reduction,
        table=table,
        compiled=compiled,
        every_ground=ground,
        found=found,
        met=reduction.met + np.where(stray, reduction.found, 0.0),
        informed=_informed(table, reduction, np.concatenate([clump, level, exists[sources]]), history),
        source=sources,
        source_start=np.append(source_first, num).astype(np.int64),
        source_exists=exists[sources],
        log_unfound=reduction.source_log_unfound[sources],
        log_unmet=reduction.source_log_unmet[sources],
        group_start=np.append(group_first, order.size).astype(np.int64),
        group_found=np.bincount(group_of, found[order], minlength=num).astype(np.float64),
        group_blocks=blocks,
        group_clump=clump,
        unit=order,
        row_level=level,
        ground_start=rows.indptr.astype(np.int64),
        ground_history=rows.indices.astype(np.int64),
        ground=rows.data,
    )


def _informed(table: ParameterTable, reduction: Reduction, direct: Ints, histories: Ints) -> Ints:
    """Parameters that the evidence can say something about: read directly, or through histories of its ground."""
    mine = set(direct.tolist()) - {-1}
    for h in histories.tolist():
        history = reduction.histories[h]
        mine |= {table.method_detect[s.method] for s in history.searches}
        mine |= set(table.class_fate[history.ordnance].tolist())
    return np.array(sorted(i for i in mine if not table.parameters[i].link.is_certain), np.int64)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _group_mean(
    g: int,
    j: int,
    group_start: Ints,
    row_level: Ints,
    ground_start: Ints,
    ground_history: Ints,
    ground: Floats,
    level: Floats,
    exposure: Floats,
    log_field: Floats,
) -> float:
    """Expected finds of a group, for a draw."""
    expected = 0.0
    for u in range(group_start[g], group_start[g + 1]):
        reached = 0.0
        for e in range(ground_start[u], ground_start[u + 1]):
            reached += ground[e] * exposure[j, ground_history[e]]
        factor = np.exp(log_field[j, u]) if log_field.shape[0] else 1.0
        expected += level[j, row_level[u]] * factor * reached
    return expected


def _value_walk(
    source_start: Ints,
    group_start: Ints,
    group_found: Floats,
    group_blocks: Floats,
    row_level: Ints,
    ground_start: Ints,
    ground_history: Ints,
    ground: Floats,
    group_clump: Ints,
    level: Floats,
    exposure: Floats,
    log_field: Floats,
    values: Floats,
) -> Floats:
    """(n_draws, n_sources) negative binomial log-likelihood of the finds, given that the source exists."""
    num_draws, num_sources = level.shape[0], len(source_start) - 1
    out = np.zeros((num_draws, num_sources))
    for j in numba.prange(num_draws):
        for s in range(num_sources):
            total = 0.0
            for g in range(source_start[s], source_start[s + 1]):
                mean = _group_mean(
                    g,
                    j,
                    group_start,
                    row_level,
                    ground_start,
                    ground_history,
                    ground,
                    level,
                    exposure,
                    log_field,
                )
                shape = values[j, group_clump[g]] * group_blocks[g]
                total += count_terms(group_found[g], mean, shape)[0]
            out[j, s] = total
    return out


def _slope_walk(
    source_start: Ints,
    group_start: Ints,
    group_found: Floats,
    group_blocks: Floats,
    row_level: Ints,
    ground_start: Ints,
    ground_history: Ints,
    ground: Floats,
    group_clump: Ints,
    level: Floats,
    exposure: Floats,
    log_field: Floats,
    values: Floats,
    weight: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """See `Groups.slopes`."""
    num_draws, num_sources, num_groups = level.shape[0], len(source_start) - 1, len(group_found)
    by_row = np.zeros((num_draws, len(row_level)))
    by_exposure = np.zeros(exposure.shape)
    by_shape = np.zeros((num_draws, num_groups))
    bends = np.zeros((num_draws, num_groups))
    for j in numba.prange(num_draws):
        for s in range(num_sources):
            w = weight[j, s]
            for g in range(source_start[s], source_start[s + 1]):
                mean = _group_mean(
                    g,
                    j,
                    group_start,
                    row_level,
                    ground_start,
                    ground_history,
                    ground,
                    level,
                    exposure,
                    log_field,
                )
                if not mean > 0.0:
                    continue
                shape = values[j, group_clump[g]] * group_blocks[g]
                _, slope, bend = count_terms(group_found[g], mean, shape)
                bends[j, g] = w * bend
                by_shape[j, g] = w * by_log_shape(group_found[g], mean, shape)
                for u in range(group_start[g], group_start[g + 1]):
                    factor = np.exp(log_field[j, u]) if log_field.shape[0] else 1.0
                    each = w * slope * level[j, row_level[u]] * factor / mean
                    for e in range(ground_start[u], ground_start[u + 1]):
                        h = ground_history[e]
                        by_row[j, u] += each * ground[e] * exposure[j, h]
                        by_exposure[j, h] += each * ground[e]
    return by_row, by_exposure, by_shape, bends


@numba.njit(cache=True, nogil=True)
def _reached(start: Ints, history: Ints, ground: Floats, units: Ints, exposure: Floats) -> Floats:
    """See `Groups.reached`; pieces of unit u are those from start[u] to start[u + 1]."""
    out = np.zeros((exposure.shape[0], len(units)))
    for j in range(exposure.shape[0]):
        for i in range(len(units)):
            for e in range(start[units[i]], start[units[i] + 1]):
                out[j, i] += ground[e] * exposure[j, history[e]]
    return out


_VALUES, _SLOPES = OneOrAll(_value_walk, _LONG), OneOrAll(_slope_walk, _LONG)
