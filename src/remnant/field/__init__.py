"""Density priors and posteriors, and how many items they leave in the ground."""

from remnant.field.bare import BareCells as BareCells
from remnant.field.bare import BareGround as BareGround
from remnant.field.bare import bare_cells as bare_cells
from remnant.field.bare import bare_counts as bare_counts
from remnant.field.bare import bare_ground as bare_ground
from remnant.field.bare import bare_rates as bare_rates
from remnant.field.cells import cells_remaining as cells_remaining
from remnant.field.cells import thinned as thinned
from remnant.field.history import is_ageless as is_ageless
from remnant.field.parameters import ParameterTable as ParameterTable
from remnant.field.parameters import parameters_of as parameters_of
from remnant.field.parameters import summary as summary
from remnant.field.posterior import DensityPosterior as DensityPosterior
from remnant.field.remaining import Remaining as Remaining
from remnant.field.remaining import Summary as Summary
from remnant.field.remaining import count_remaining as count_remaining
from remnant.field.remaining import never_changes as never_changes
from remnant.field.remaining import summarise as summarise
from remnant.field.stratum import StratumPosterior as StratumPosterior
from remnant.field.stratum import fit_stratum as fit_stratum
