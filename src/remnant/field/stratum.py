"""The stratum model: one density level per stratum, clumps per block, existence per hazard area.

For a unit u of class k in a source a of stratum s::

    Z_a ~ Bernoulli(π_s)         g_u ~ Gamma(α, α)          items found ~ Poisson(Z_a μ_sk g_u E_u)

Clumps are integrated in closed form (negative binomial), existence by summation; levels, clump shape, shares that
exist, detection and fate are sampled together. Units whose finds cannot be told apart enter as one, with the clump
shape that their sum has (exact for equal exposures, matched in mean and variance otherwise). Items met outside any
search of known outcome show that there was one item there: they make the source exist and add one to the clump's
shape, and say nothing about any other place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from remnant.evidence import Case, Reduction
from remnant.field.history import HistoryTable, compile_histories
from remnant.field.parameters import ParameterTable, parameters_of
from remnant.numerics import even_normals, sample_posterior
from remnant.units import Floats, Ints, day_number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """Units with known exposure, by group, by source: what the likelihood walks over."""

    source_start: Ints  # (n_informed + 1,) groups of each informed source
    source: Ints  # (n_informed,) its index
    source_exists: Ints  # (n_informed,) parameter of existence, −1 if certain
    log_unfound: Floats  # (n_informed,)
    log_unmet: Floats  # (n_informed,)
    group_start: Ints  # (n_groups + 1,) units of each group
    group_found: Floats  # (n_groups,) items
    group_blocks: Floats  # (n_groups,) multiple of the clump shape
    group_clump: Ints  # (n_groups,) parameter of the clump shape
    unit_level: Ints  # (n_rows,) parameter of the level
    ground_start: Ints  # (n_rows + 1,)
    ground_history: Ints
    ground: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StratumPosterior:
    """Posterior of the stratum model; see `remnant.field.DensityPosterior`."""

    reduction: Reduction
    table: ParameterTable
    z: Floats
    exists: Floats
    log_evidence: float
    _ground: csr_matrix
    _exposure: Floats
    _found: Floats
    _met: Floats

    def clumps(self, units: Ints, draws: slice | Ints) -> tuple[Floats, Floats]:
        """Shape [1] and scale [items per unit of ground] of the density of units, (n_draws, n_units) each."""
        values = self.table.values(self.z[draws])
        level = self.table.levels(values)[:, self.table.unit_level[units]]
        blocks = self.reduction.unit_num_blocks[units]
        alpha = values[:, self.table.unit_clump[units]] * blocks
        expected = level * np.asarray((self._ground[units] @ self._exposure[draws].T).T)
        shape = alpha + self._found[units] + self._met[units]
        return shape, level / (alpha + expected)


def fit_stratum(
    case: Case,
    reduction: Reduction,
    *,
    rng: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> StratumPosterior:
    """Posterior draws of the stratum model.

    Parameters
    ----------
    case
        Priors, catalogue and number of draws.
    reduction
        Its evidence.
    rng
        Source of all randomness.
    progress
        Called with the share done, 0 to 1.
    """
    table = parameters_of(case, reduction)
    compiled = compile_histories(reduction.histories, table, day_number(case.as_of), [])
    num_units = reduction.unit_source.size
    known = np.array([h.is_known for h in reduction.histories], np.bool_)
    entries = reduction.by_portion
    informs = known[entries.history]
    ground = csr_matrix(
        (entries.ground[informs], (entries.unit[informs], entries.history[informs])),
        shape=(num_units, len(reduction.histories)),
    )
    centre = np.zeros((1, len(table.parameters)))
    reach = np.asarray(ground @ compiled.exposure(table, centre, table.values(centre))[0]).reshape(-1)
    # finds on ground whose exposure is nil (no search, or none after the items came) cannot be explained by a search:
    # they show presence only
    stray = reach <= 0.0
    found = np.where(stray, 0.0, reduction.found)
    met = reduction.met + np.where(stray, reduction.found, 0.0)
    groups = _groups(reduction, table, ground, found, compiled, centre)
    informed = _informed(table, reduction, groups, known)
    z = even_normals(case.num_draws, len(table.parameters), rng=rng)
    log_evidence = 0.0
    if groups.source.size and informed.size:

        def log_likelihood(some: Floats) -> Floats:
            full = np.zeros((len(some), len(table.parameters)))
            full[:, informed] = some
            return np.asarray(_sources(groups, table, compiled, full)[0].sum(axis=1))

        population = sample_posterior(
            log_likelihood, informed.size, num_draws=case.num_draws, rng=rng, progress=progress
        )
        z[:, informed] = population.z
        log_evidence = population.log_evidence
    _, odds = _sources(groups, table, compiled, z)
    return StratumPosterior(
        reduction=reduction,
        table=table,
        z=z,
        exists=_existence(reduction, table, groups, z, odds),
        log_evidence=log_evidence,
        _ground=ground,
        _exposure=compiled.exposure(table, z, table.values(z)),
        _found=found,
        _met=met,
    )


def _groups(
    reduction: Reduction,
    table: ParameterTable,
    ground: csr_matrix,
    found: Floats,
    compiled: HistoryTable,
    centre: Floats,
) -> _Groups:
    """Arrange the informed units by source and group."""
    units = np.flatnonzero(np.diff(ground.indptr) > 0)
    order = units[np.lexsort((units, reduction.unit_group[units], reduction.unit_source[units]))]
    source = reduction.unit_source[order]
    group_key = source * (reduction.unit_group.max(initial=0) + 1) + reduction.unit_group[order]
    new_group = (
        np.concatenate([[True], group_key[1:] != group_key[:-1]]) if order.size else np.zeros(0, np.bool_)
    )
    group_first = np.flatnonzero(new_group)
    group_of = np.cumsum(new_group) - 1
    values = table.values(centre)
    exposure = np.asarray(ground[order] @ compiled.exposure(table, centre, values)[0])
    expected = exposure * table.levels(values)[0, table.unit_level[order]]
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
    informed = group_source[source_first]
    rows = ground[order].tocsr()
    return _Groups(
        source_start=np.append(source_first, num).astype(np.int64),
        source=informed,
        source_exists=table.source_exists[informed],
        log_unfound=reduction.source_log_unfound[informed],
        log_unmet=reduction.source_log_unmet[informed],
        group_start=np.append(group_first, order.size).astype(np.int64),
        group_found=np.bincount(group_of, found[order], minlength=num).astype(np.float64),
        group_blocks=blocks,
        group_clump=table.unit_clump[order][group_first],
        unit_level=table.unit_level[order],
        ground_start=rows.indptr.astype(np.int64),
        ground_history=rows.indices.astype(np.int64),
        ground=rows.data,
    )


def _informed(table: ParameterTable, reduction: Reduction, groups: _Groups, known: NDArray[np.bool_]) -> Ints:
    """Parameters that the evidence can say something about; the others keep their prior draws."""
    mine = {*groups.group_clump.tolist(), *groups.unit_level.tolist(), *groups.source_exists.tolist()} - {-1}
    for h in np.unique(groups.ground_history).tolist():
        history = reduction.histories[h]
        mine |= {table.method_detect[s.method] for s in history.searches}
        mine |= set(table.class_fate[history.ordnance].tolist())
    return np.array(sorted(i for i in mine if not table.parameters[i].link.is_certain), np.int64)


def _sources(
    groups: _Groups, table: ParameterTable, compiled: HistoryTable, z: Floats
) -> tuple[Floats, Floats]:
    """Log-likelihood of each informed source, and its log odds of existence given the evidence; (n_draws, n)."""
    values = table.values(z)
    found = _group_log_likelihood(
        groups.source_start,
        groups.group_start,
        groups.group_found,
        groups.group_blocks,
        groups.unit_level,
        groups.ground_start,
        groups.ground_history,
        groups.ground,
        table.levels(values),
        compiled.exposure(table, z, values),
        groups.group_clump,
        values,
    )
    certain, share = _share_that_exists(groups.source_exists, values)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_in, log_out = np.log(share), np.log1p(-share)
        present = log_in + found
        absent = log_out + groups.log_unfound + groups.log_unmet
        # what was met outside searches tells that something was there, not how often areas hold anything
        reference = np.logaddexp(log_in, log_out + groups.log_unmet)
        total = np.where(certain, found, np.logaddexp(present, absent) - reference)
        odds = np.where(certain, np.inf, present - absent)
    return total, odds


def _share_that_exists(index: Ints, values: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which sources exist for certain (no parameter), and the share of each one's kind that does, (n_draws, n)."""
    certain = index < 0
    return certain, np.where(certain, 1.0, values[:, np.maximum(index, 0)])


def _existence(
    reduction: Reduction, table: ParameterTable, groups: _Groups, z: Floats, odds: Floats
) -> Floats:
    values = table.values(z)
    certain, share = _share_that_exists(table.source_exists, values)
    with np.errstate(divide="ignore"):
        # where no search informs, what a search is said to have found shows presence as well
        absent = np.exp(reduction.source_log_unmet + reduction.source_log_unfound)
        exists = np.where(certain, 1.0, share / (share + (1.0 - share) * absent))
    exists[:, groups.source] = np.where(
        np.isposinf(odds), 1.0, 1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0)))
    )
    return np.asarray(exists)


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def _group_log_likelihood(
    source_start: Ints,
    group_start: Ints,
    group_found: Floats,
    group_blocks: Floats,
    unit_level: Ints,
    ground_start: Ints,
    ground_history: Ints,
    ground: Floats,
    level: Floats,
    exposure: Floats,
    group_clump: Ints,
    values: Floats,
) -> Floats:
    """(n_draws, n_sources) negative binomial log-likelihood of the finds, given that the source exists.

    The constant −log Y! is left out.
    """
    num_draws, num_sources = level.shape[0], len(source_start) - 1
    out = np.zeros((num_draws, num_sources))
    for j in numba.prange(num_draws):
        for s in range(num_sources):
            total = 0.0
            for g in range(source_start[s], source_start[s + 1]):
                expected = 0.0
                for u in range(group_start[g], group_start[g + 1]):
                    reached = 0.0
                    for e in range(ground_start[u], ground_start[u + 1]):
                        reached += ground[e] * exposure[j, ground_history[e]]
                    expected += level[j, unit_level[u]] * reached
                shape, found = values[j, group_clump[g]] * group_blocks[g], group_found[g]
                if found > 0.0:
                    total += (
                        math.lgamma(shape + found)
                        - math.lgamma(shape)
                        - shape * np.log1p(expected / shape)
                        + found * (np.log(expected) - np.log(shape + expected))
                    )
                else:
                    total -= shape * np.log1p(expected / shape)
            out[j, s] = total
    return out
