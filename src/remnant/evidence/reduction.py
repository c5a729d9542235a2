"""What a case's records come down to: ground, its history, and what was found there.

The vocabulary of this room:

source
    what may have put items somewhere: a hazard area, a group of deposits, the background outside both.
class
    an ordnance type with a self-destruct setting: items with one fate.
unit
    one source × class × block: items in it share one clump factor.
history
    what a piece of ground went through, for a class: when items came to lie there and which searches came after.
    Pieces of equal history are added up, so a case of millions of pieces has few histories.
ground
    area in m², times the relative density that the source gives it (deposits: items per m²; areas: share of a type).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from remnant.evidence.records import Finding
from remnant.geo import Grid
from remnant.units import Floats, Ints

SourceKind = Literal["area", "deposit", "background"]
Arrivals = tuple[tuple[float, float | None, float | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdnanceClass:
    """Items with one fate: a type of the catalogue and a setting (empty: the type's default)."""

    type: str
    setting: str = ""

    @property
    def label(self) -> str:
        """Name in tables."""
        return self.type + (f" ({self.setting})" if self.setting else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStep:
    """One search as a piece of ground met it.

    Parameters
    ----------
    method
        Name of the detection method.
    first_day, last_day
        Days between which it took place; None: unknown, any day after the items came. [d]
    coverage
        Share of the ground that it worked. [1]
    is_known
        Whether its outcome is recorded. One of unknown outcome thins what is left but says nothing about density.
    """

    method: str
    first_day: float | None
    last_day: float
    coverage: float
    is_known: bool

    @property
    def middle_day(self) -> float:
        """Middle of the days between which it took place; the last where the first is unknown. [d]"""
        return 0.5 * ((self.last_day if self.first_day is None else self.first_day) + self.last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What ground went through for one class.

    Parameters
    ----------
    ordnance
        Index of the class.
    arrivals
        (weight, first day, last day) of when items came to lie there; weights sum to 1; None is unknown.
    searches
        In order of time.
    """

    ordnance: int
    arrivals: Arrivals
    searches: tuple[SearchStep, ...]

    @property
    def is_known(self) -> bool:
        """Whether any search of it has a recorded outcome, so that it informs the density."""
        return any(s.is_known and s.coverage > 0.0 for s in self.searches)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Sparse table: ground by unit, history and a third key (cell or portion). All (n,). [m²]"""

    key: Ints
    unit: Ints
    history: Ints
    ground: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """The evidence of a case as numbers.

    Parameters
    ----------
    grid
        The lattice of cells.
    classes, histories
        See `OrdnanceClass`, `History`.
    source_kind, source_area
        (n_sources,) kind, and index of the hazard area (−1 if none).
    unit_source, unit_class, unit_num_blocks
        (n_units,); units of unknown place, and added-up units without evidence, stand for several blocks.
    unit_block
        (n_units,) block of the grid that each lies in; −1: of several blocks, or of unknown place.
    unit_group
        (n_units,) units whose finds cannot be told apart share a group; the likelihood adds them up.
    found
        (n_units,) items found by searches of known outcome, spread over where they may have been. [items]
    met
        (n_units,) items found or met outside any search of known outcome: evidence of presence only. [items]
    source_log_unfound, source_log_unmet
        (n_sources,) logarithm of the chance that none of those items lay in the source.
    cells
        (n_cells,) cell numbers that results are given for, ascending.
    by_cell
        Ground with key = index into `cells`.
    portion_source, portion_district, portion_area, portion_placed
        (n_portions,) pieces of sources within one district and on the ground of one hazard area (−1: none); whether the
        place is known.
    by_portion
        Ground with key = portion.
    cell_area
        (n_cells,) hazard area that covers most of the cell, −1 for none.
    cell_searched, area_searched
        Share of ground that any clearance or survey search worked, (n_cells,) and (n_areas,). [1]
    area_cleared, area_told
        (n_areas,) share of ground that clearance worked, and that any search of known outcome (use of land included)
        tells of. [1]
    area_m2
        (n_areas,) area taken for each hazard area, reported or median where the place is unknown. [m²]
    area_owned_m2
        (n_areas,) the part of it whose estimate it carries: ground under two areas belongs to one. [m²]
    area_found
        (n_areas,) items found or met in it, spread where the place is uncertain. [items]
    findings
        What the reduction met.
    """

    grid: Grid
    classes: tuple[OrdnanceClass, ...]
    histories: tuple[History, ...]
    source_kind: NDArray[np.str_]
    source_area: Ints
    unit_source: Ints
    unit_class: Ints
    unit_num_blocks: Floats
    unit_block: Ints
    unit_group: Ints
    found: Floats
    met: Floats
    source_log_unfound: Floats
    source_log_unmet: Floats
    cells: Ints
    by_cell: Ground
    portion_source: Ints
    portion_district: Ints
    portion_area: Ints
    portion_placed: NDArray[np.bool_]
    by_portion: Ground
    cell_area: Ints
    cell_searched: Floats
    area_searched: Floats
    area_cleared: Floats
    area_told: Floats
    area_m2: Floats
    area_owned_m2: Floats
    area_found: Floats
    findings: tuple[Finding, ...]
