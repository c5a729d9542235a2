"""Scenarios: variants of a case, weighed side by side on the same random numbers."""

from remnant.scenarios.run import Programmes as Programmes
from remnant.scenarios.run import run_scenario as run_scenario
