"""Numbers without a domain: ranges as distributions, sampling, Gamma–Poisson arithmetic."""

from remnant.numerics.gamma import GammaSummary as GammaSummary
from remnant.numerics.gamma import gamma_summary as gamma_summary
from remnant.numerics.priors import Z95 as Z95
from remnant.numerics.priors import Link as Link
from remnant.numerics.priors import even_normals as even_normals
from remnant.numerics.priors import link_of as link_of
from remnant.numerics.smc import Population as Population
from remnant.numerics.smc import sample_posterior as sample_posterior
from remnant.numerics.tables import distinct as distinct
from remnant.numerics.tables import ranges as ranges
