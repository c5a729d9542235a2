"""The frozen records of a case: what was read, column by column, in the case's projected CRS.

Every table carries the layer and row from which each record came, so that any number can be traced. Geometry is an
object array of shapely geometries in metres. Dates are day numbers since 1970-01-01, NaN where unknown; a known single
day has start equal to end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.catalogue import Catalogue, Range
from remnant.errors import InvalidInput
from remnant.evidence.covariates import Covariate, ModelSpec
from remnant.evidence.policy import Policy
from remnant.evidence.provenance import Provenance, same_length
from remnant.evidence.register import AreaRegister, LayingRecords, ReportedItems
from remnant.units import Floats, not_negative, probability

Geometries = NDArray[np.object_]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a reader met in the records: what was asked, what came, what to do.

    Parameters
    ----------
    severity
        ``error``: the case is refused; ``warning``: used, but weaker; ``note``: counted, nothing to do.
    code
        Short stable name (``null-geometry``), one per kind of finding.
    file, layer, row
        Where. `row` is the record's number in the file (first record is 1) or None for the whole layer.
    count
        How many records the finding speaks for.
    """

    severity: Severity
    code: str
    asked: str
    came: str
    todo: str
    file: str = ""
    layer: str = ""
    row: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HazardAreas:
    """SHA and CHA polygons, and released ones with what they were (IMAS 07.11). All arrays (n,).

    Parameters
    ----------
    geometry
        Polygon or MultiPolygon; None is an area of unknown place: it counts in the totals with `reported_area_m2` or
        the median area of its layer.
    hazard_class
        Which stratum and existence prior apply: ``SHA``, ``CHA`` or a name that the case gives priors for.
    status
        ``open`` or ``released`` (cancelled, reduced, cleared).
    types
        Per area, the ordnance types suspected (names of the catalogue, at least one).
    start_day, end_day
        When the items came to lie there; NaN unknown. [d]
    reported_area_m2
        Size in the record, NaN where none. [m²]
    """

    id: NDArray[np.str_]
    geometry: Geometries
    hazard_class: NDArray[np.str_]
    status: NDArray[np.str_]
    types: tuple[tuple[str, ...], ...]
    start_day: Floats
    end_day: Floats
    reported_area_m2: Floats
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.id.size)
        not_negative("reported_area_m2", self.reported_area_m2, allow_nan=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Searches:
    """Footprints processed by a method between two dates: clearance, survey, inspection, land use. All arrays (n,).

    Parameters
    ----------
    geometry
        Polygon or MultiPolygon; None is a search of unknown place: it lowers nothing and is counted.
    method
        Names of catalogue methods.
    coverage
        Share of the footprint that was worked, at random places within it. [1]
    items_found
        Number that the record states; NaN where it states none (then nothing is concluded from silence). [items]
    is_complete
        Whether items located by linked finds are all that it found: makes silence mean zero.
    type
        Ordnance type of `items_found`; empty: the type of the hazard area that it lies in.
    """

    id: NDArray[np.str_]
    geometry: Geometries
    method: NDArray[np.str_]
    start_day: Floats
    end_day: Floats
    coverage: Floats
    items_found: Floats
    is_complete: NDArray[np.bool_]
    type: NDArray[np.str_]
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.id.size)
        probability("coverage", self.coverage)
        not_negative("items_found", self.items_found, allow_nan=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Items found, and accidents. All arrays (n,).

    Parameters
    ----------
    geometry
        Point or polygon; None is an event of unknown place: counted, changes nothing elsewhere.
    precision_m
        Radius within which the true place lies with 95 % probability; 0 exact. [m]
    kind
        ``find`` or ``accident``.
    type
        Ordnance type.
    num_items
        Items that it stands for. [items]
    search_id
        The search that made the find, empty where the record names none.
    """

    id: NDArray[np.str_]
    geometry: Geometries
    precision_m: Floats
    kind: NDArray[np.str_]
    type: NDArray[np.str_]
    num_items: Floats
    day: Floats
    search_id: NDArray[np.str_]
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.id.size)
        not_negative("precision_m", self.precision_m)
        not_negative("num_items", self.num_items)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deposits:
    """Items that came to lie in a footprint, at a time, as recorded. All arrays (n,).

    Parameters
    ----------
    quantity_low, quantity_high
        90 % interval of the number of items delivered (rounds × items per round). [items]
    kind
        ``emplaced``, ``remotely_delivered`` or ``fired``.
    setting
        Self-destruct setting, empty for the type's default.
    """

    id: NDArray[np.str_]
    geometry: Geometries
    type: NDArray[np.str_]
    setting: NDArray[np.str_]
    kind: NDArray[np.str_]
    quantity_low: Floats
    quantity_high: Floats
    start_day: Floats
    end_day: Floats
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.id.size)
        not_negative("quantity_low", self.quantity_low)
        not_negative("quantity_high", self.quantity_high)
        if (self.quantity_low > self.quantity_high).any():
            raise InvalidInput("quantity_low must not exceed quantity_high")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Districts:
    """Named polygons for which totals are wanted; (n,) each."""

    name: NDArray[np.str_]
    geometry: Geometries
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.name.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledCells:
    """Places of known or unknown outcome, from which a prior can be learned. All arrays (n,).

    Parameters
    ----------
    geometry
        Point or polygon; None is a cell of unknown place: counted, used for nothing.
    outcome
        1 something was found, 0 it was searched and nothing was found, NaN unknown (never taken for nothing).
    area_m2
        Ground that the label speaks of. [m²]
    start_day, end_day
        When the outcome became known; NaN unknown. [d]
    """

    id: NDArray[np.str_]
    geometry: Geometries
    outcome: Floats
    area_m2: Floats
    start_day: Floats
    end_day: Floats
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.id.size)
        probability("outcome", self.outcome, allow_nan=True)
        not_negative("area_m2", self.area_m2, allow_nan=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSpec:
    """Cells, clump blocks and how far around the evidence the cells reach. [m]"""

    cell_m: float = 50.0
    block_m: float = 200.0
    around_m: float = 0.0

    def __post_init__(self) -> None:
        for name in ("cell_m", "block_m"):
            if not getattr(self, name) > 0.0:
                raise InvalidInput(f"{name} must be above 0; got {getattr(self, name):g}")
        if self.around_m < 0.0:
            raise InvalidInput(f"around_m must be 0 or more; got {self.around_m:g}")
        ratio = self.block_m / self.cell_m
        if abs(ratio - round(ratio)) > 1e-9 or ratio < 1:
            raise InvalidInput(
                f"block_m must be a whole number of cells, so that results do not depend on the cell size; "
                f"got {self.block_m:g} m with cells of {self.cell_m:g} m"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything known about one region, with the date up to which it is known.

    Parameters
    ----------
    as_of
        Date up to which the records run.
    dates
        Dates for which the answer is asked; none before `as_of`. Later ones are forecasts.
    crs
        Projected CRS of every geometry, as WKT or authority code. [m]
    labels
        Labelled cells: `remnant prior fit` learns from them; an assessment does not count them.
    register, destroyed, laying
        What the register says beside the evidence, in the order of `areas`, `searches` and `deposits`; None where a
        case was not read from files. Only the tables for treaties and programmes use it.
    model
        Which density model is asked for.
    covariates
        What may go with more or fewer items; the field model uses them.
    priors
        Overrides of the catalogue's model priors, by dotted name.
    num_draws
        Posterior draws that results are made of.
    default_types
        Ordnance types that may lie outside hazard areas.
    region
        Ground for all of which results are wanted, as a valid polygon; None: the cells that records touch. [m]
    findings
        What the reader met, refused or mended.
    inputs
        File name → SHA-256 of every file read.
    """

    name: str
    as_of: dt.date
    dates: tuple[dt.date, ...]
    crs: str
    grid: GridSpec
    catalogue: Catalogue
    areas: HazardAreas
    searches: Searches
    events: Events
    deposits: Deposits
    districts: Districts
    labels: LabelledCells | None = None
    register: AreaRegister | None = None
    destroyed: ReportedItems | None = None
    laying: LayingRecords | None = None
    policy: Policy = field(default_factory=Policy)
    model: ModelSpec = field(default_factory=ModelSpec)
    covariates: tuple[Covariate, ...] = ()
    priors: Mapping[str, Range] = field(default_factory=dict)
    default_types: tuple[str, ...] = ()
    region: shapely.Geometry | None = None
    seed: int = 1
    num_draws: int = 1000
    findings: tuple[Finding, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""

    def __post_init__(self) -> None:
        early = [d for d in self.dates if d < self.as_of]
        if early:
            raise InvalidInput(
                f"dates must not lie before as_of ({self.as_of}); got {early[0]}. To look at an earlier day, "
                "make a case whose records end there."
            )
        if not self.dates:
            raise InvalidInput("at least one date must be asked for")

    def prior(self, name: str) -> Range:
        """A prior of the density model, the case's own before the catalogue's; refused where neither has one."""
        if name in self.priors:
            return self.priors[name]
        if name not in self.catalogue.priors:
            known = ", ".join(sorted(self.catalogue.priors))
            raise InvalidInput(
                f"the model needs a prior {name!r}, and neither the case nor the catalogue has one. Add "
                f'[model.priors."{name}"] with low, high, unit and source to case.toml, or use a hazard class that is '
                f"known ({known})."
            )
        return self.catalogue.priors[name].range
