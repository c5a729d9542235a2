"""The stratum model: one density level per stratum, clumps per block, existence per hazard area.

Levels, clump shape, shares that exist, detection and fate are sampled together; what the evidence says of them is in
`remnant.field.groups`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from remnant.evidence import Case, Reduction
from remnant.field.groups import Groups, groups_of
from remnant.field.parameters import ParameterTable
from remnant.numerics import even_normals, sample_posterior
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StratumPosterior:
    """Posterior of the stratum model; see `remnant.field.DensityPosterior`."""

    reduction: Reduction
    table: ParameterTable
    z: Floats
    exists: Floats
    log_evidence: float
    groups: Groups
    _exposure: Floats

    def clumps(self, units: Ints, draws: slice | Ints) -> tuple[Floats, Floats]:
        """Shape [1] and scale [items per unit of ground] of the density of units, (n_draws, n_units) each."""
        values = self.table.values(self.z[draws])
        level = self.table.levels(values)[:, self.table.unit_level[units]]
        blocks = self.reduction.unit_num_blocks[units]
        alpha = values[:, self.table.unit_clump[units]] * blocks
        expected = level * self.groups.reached(units, self._exposure[draws])
        shape = alpha + self.groups.found[units] + self.groups.met[units]
        return shape, level / (alpha + expected)

    def paired_with(self, other: StratumPosterior) -> StratumPosterior:
        """The same posterior with its draws in the order in which they lie nearest to those of another one.

        Numbers of which evidence says nothing stay in place: two readings of one case share them by name. Those that it
        informs come from two samplers, which part ways; any order of theirs is a valid one, and the one that minimises
        the squared distance to the other draws makes differences between the two as little noisy as they can be. Draws
        that are equal stay equal.

        Parameters
        ----------
        other
            Of another reading of the same case, with as many draws.
        """
        place = {p.name: i for i, p in enumerate(other.table.parameters)}
        names = [p.name for p in self.table.parameters]
        informed = self.groups.informed
        shared = [(i, place[names[i]]) for i in informed.tolist() if names[i] in place]
        if not shared or not self.groups.source.size:
            return self
        here, there = (np.array(column) for column in zip(*shared, strict=True))
        order = linear_sum_assignment(cdist(other.z[:, there], self.z[:, here], "sqeuclidean"))[1]
        z = self.z.copy()
        z[:, informed] = self.z[order][:, informed]
        return posterior_at(self.groups, z, self.log_evidence)


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
    groups = groups_of(case, reduction)
    table, informed = groups.table, groups.informed
    z = even_normals(case.num_draws, len(table.parameters), rng=rng)
    log_evidence = 0.0
    if groups.source.size and informed.size:

        def log_likelihood(some: Floats) -> Floats:
            full = np.zeros((len(some), len(table.parameters)))
            full[:, informed] = some
            return np.asarray(groups.weigh(full, groups.log_likelihood(full)).total.sum(axis=1))

        population = sample_posterior(
            log_likelihood, informed.size, num_draws=case.num_draws, rng=rng, progress=progress
        )
        z[:, informed] = population.z
        log_evidence = population.log_evidence
    return posterior_at(groups, z, log_evidence)


def posterior_at(groups: Groups, z: Floats, log_evidence: float) -> StratumPosterior:
    """The posterior at draws of everything uncertain."""
    table = groups.table
    return StratumPosterior(
        reduction=groups.reduction,
        table=table,
        z=z,
        exists=groups.existence(z, groups.weigh(z, groups.log_likelihood(z)).odds),
        log_evidence=log_evidence,
        groups=groups,
        _exposure=groups.exposure(z, table.values(z)),
    )
