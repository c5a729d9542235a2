"""Synthetic truth, for calibration and examples."""

from remnant.simulate.truth import Items as Items
from remnant.simulate.truth import Truth as Truth
from remnant.simulate.truth import simulate_case as simulate_case
