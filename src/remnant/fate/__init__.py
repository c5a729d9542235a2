"""One item over time: states, learning from trials and field results, treaty verdict, claims."""

from remnant.fate.states import STATES as STATES
from remnant.fate.states import WHITENED_FIELDS as WHITENED_FIELDS
from remnant.fate.states import FateDraws as FateDraws
from remnant.fate.states import draws_at as draws_at
from remnant.fate.states import prior_draws as prior_draws
from remnant.fate.states import state_probabilities as state_probabilities
