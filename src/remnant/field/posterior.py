"""What every density model gives to the rest of the program, whatever is behind it."""

from __future__ import annotations

from typing import Protocol

from remnant.evidence import Reduction
from remnant.field.parameters import ParameterTable
from remnant.units import Floats, Ints


class DensityPosterior(Protocol):
    """Draws of everything uncertain, with the clumps of each unit in closed form given a draw.

    Given draw j and that its source holds anything, the density of a unit is ``Gamma(shape, scale)`` items per unit of
    ground; a source holds anything with chance ``exists``.
    """

    @property
    def reduction(self) -> Reduction:
        """The evidence behind it."""
        ...

    @property
    def table(self) -> ParameterTable:
        """The uncertain parameters."""
        ...

    @property
    def z(self) -> Floats:
        """(n_draws, n_parameters) whitened coordinates of the posterior draws."""
        ...

    @property
    def exists(self) -> Floats:
        """(n_draws, n_sources) chance that each source ever held anything, given the draw and all evidence. [1]"""
        ...

    def clumps(self, units: Ints, draws: slice | Ints) -> tuple[Floats, Floats]:
        """Shape [1] and scale [items per unit of ground] of the density of units, (n_draws, n_units) each."""
        ...
