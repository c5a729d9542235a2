"""A latent field under evidence: what goes into a fit."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.sparse import csr_matrix

from remnant.errors import InvalidInput
from remnant.field.counts import Likelihood
from remnant.field.lattice import Lattice
from remnant.numerics import Link
from remnant.units import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentModel:
    """Evidence of a latent field, and what is believed of it before.

    Parameters
    ----------
    lattice
        Nodes of the field.
    read
        (n_rows, n_nodes · n_fields) how rows read the field (`Lattice.interpolation`).
    likelihood
        What the evidence says.
    range_m, spread
        Priors of the field's range [m] and standard deviation [1], shared by all fields.
    covariates
        (n_rows, n_covariates) standardised; their slopes have normal priors.
    slope_mean, slope_sd
        (n_covariates,) of those priors. [1]
    num_fields
        Independent fields over the same nodes, stacked one after another.
    is_mean_one
        Whether the field's factor has mean 1 (−spread²/2 is added to the log field) instead of median 1.
    """

    lattice: Lattice
    read: csr_matrix
    likelihood: Likelihood
    range_m: Link
    spread: Link
    covariates: Floats
    slope_mean: Floats
    slope_sd: Floats
    num_fields: int = 1
    is_mean_one: bool = False

    def __post_init__(self) -> None:
        wanted = (self.likelihood.num_rows, self.lattice.num_nodes * self.num_fields)
        if self.read.shape != wanted:
            raise InvalidInput(f"read must have shape {wanted} (rows, nodes); got {self.read.shape}")
        if (
            self.covariates.shape != (wanted[0], self.slope_mean.size)
            or self.slope_sd.shape != self.slope_mean.shape
        ):
            raise InvalidInput("covariates need one mean and one sd of slope per column, and one row per row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much work goes into a fit.

    Parameters
    ----------
    exact_nodes
        Largest lattice on which draws are made exact.
    chains
        Chains per point of the grid that weigh it.
    moves
        Least Hamiltonian moves of every draw; more where chains forget slowly.
    spacing
        Of the grid of hyper-parameters, in posterior standard deviations.
    drop
        Points whose log weight is this far below the best are left out.
    """

    exact_nodes: int = 30_000
    chains: int = 32
    moves: int = 2
    spacing: float = 1.5
    drop: float = 5.0


USUAL_EFFORT = Effort()
