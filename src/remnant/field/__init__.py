"""Density priors and posteriors, and how many items they leave in the ground."""

from remnant.field.cells import cells_remaining as cells_remaining
from remnant.field.counts import CountEvidence as CountEvidence
from remnant.field.counts import Likelihood as Likelihood
from remnant.field.history import is_ageless as is_ageless
from remnant.field.latent import Effort as Effort
from remnant.field.latent import LatentModel as LatentModel
from remnant.field.latent import LatentPosterior as LatentPosterior
from remnant.field.latent import sample_latent as sample_latent
from remnant.field.lattice import Lattice as Lattice
from remnant.field.lattice import field_draws as field_draws
from remnant.field.lattice import lattice_over as lattice_over
from remnant.field.lattice import precision as precision
from remnant.field.parameters import ParameterTable as ParameterTable
from remnant.field.parameters import parameters_of as parameters_of
from remnant.field.parameters import summary as summary
from remnant.field.posterior import DensityPosterior as DensityPosterior
from remnant.field.remaining import Remaining as Remaining
from remnant.field.remaining import Summary as Summary
from remnant.field.remaining import count_remaining as count_remaining
from remnant.field.remaining import summarise as summarise
from remnant.field.spatial import FieldPosterior as FieldPosterior
from remnant.field.spatial import field_summary as field_summary
from remnant.field.spatial import fit_field as fit_field
from remnant.field.stratum import StratumPosterior as StratumPosterior
from remnant.field.stratum import fit_stratum as fit_stratum
