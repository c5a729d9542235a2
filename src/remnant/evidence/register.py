"""What a programme's register says of its areas, its searches and its records of laying, beside the evidence in them.

An assessment does not use any of it; the tables for treaties and programmes do (`remnant.decide.tables`). Every table
here is in the order of another one of the case, record by record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.evidence.provenance import Provenance, same_length
from remnant.units import Floats, not_negative

RELEASE_KINDS = ("cancelled", "reduced", "cleared")
"""How land is released: by non-technical survey, technical survey, clearance (IMAS 07.11)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaRegister:
    """When each record of `Case.areas` came on record and was released, how, and how much of it. All arrays (n,).

    Parameters
    ----------
    is_release
        Whether the record speaks of released land (a ``released_areas`` layer) and not of a hazard area.
    parent_id
        Hazard area that released land was part of; empty where the record names none.
    district
        District that the record names; empty where it names none.
    former_class
        Class (SHA, CHA) before the release; empty where the record does not say.
    released_as
        ``cancelled``, ``reduced`` or ``cleared``; empty where it is not known.
    how_from
        Where `released_as` comes from: ``record``, ``method`` (of the search that released it), or empty.
    day_from
        Where the day of release comes from: ``record``, ``work`` (the end of the work on it), or empty.
    recorded_first, recorded_last
        First and last day on which it may have come on record; NaN unknown. [d]
    released_first, released_last
        The same for its release. [d]
    cancelled_m2, reduced_m2, cleared_m2
        Land of it that was released in each way, where the record says so; NaN where it does not. [m²]
    remaining_m2
        Land of it that still is hazardous, where the record says so. [m²]
    """

    is_release: NDArray[np.bool_]
    parent_id: NDArray[np.str_]
    district: NDArray[np.str_]
    former_class: NDArray[np.str_]
    released_as: NDArray[np.str_]
    how_from: NDArray[np.str_]
    day_from: NDArray[np.str_]
    recorded_first: Floats
    recorded_last: Floats
    released_first: Floats
    released_last: Floats
    cancelled_m2: Floats
    reduced_m2: Floats
    cleared_m2: Floats
    remaining_m2: Floats
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.is_release.size)
        for name in ("cancelled_m2", "reduced_m2", "cleared_m2", "remaining_m2"):
            not_negative(name, getattr(self, name), allow_nan=True)
        unknown = sorted({str(h) for h in self.released_as} - {*RELEASE_KINDS, ""})
        if unknown:
            raise InvalidInput(f"released_as must be one of {', '.join(RELEASE_KINDS)}; got {unknown[0]!r}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportedItems:
    """Items by kind that records of `Case.searches` say were destroyed; all (n,), NaN where they do not. [items]"""

    num_ap_mines: Floats
    num_av_mines: Floats
    num_submunitions: Floats
    num_other_items: Floats
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.num_ap_mines.size)
        for name in ("num_ap_mines", "num_av_mines", "num_submunitions", "num_other_items"):
            not_negative(name, getattr(self, name), allow_nan=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayingRecords:
    """What each record of `Case.deposits` says beside place, type, number and day, in its own words; all (n,).

    These are fields that the Technical Annex of CCW Amended Protocol II asks of records of mines, for those who clear
    them: time of day, fuze and lifetime, anti-handling devices, self-destruct period. Empty: not recorded.
    """

    time_of_day: NDArray[np.str_]
    fuze: NDArray[np.str_]
    anti_handling: NDArray[np.str_]
    self_destruct: NDArray[np.str_]
    source: Provenance

    def __post_init__(self) -> None:
        same_length(self, self.fuze.size)
