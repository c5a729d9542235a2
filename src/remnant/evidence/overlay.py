"""The ground of a case cut into atoms, and which records cover each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import shapely

from remnant.evidence.records import Case, Geometries
from remnant.geo import atoms_of
from remnant.units import Floats, Ints

_CLASS_RANK = {"CHA": 0, "SHA": 1}  # which of two overlapping areas owns the ground: the stronger suspicion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """Pairs of atom and record that covers it, by atom, then record; both (n_pairs,)."""

    atom: Ints
    record: Ints

    def by_atom(self, num_atoms: int) -> list[list[int]]:
        """The records of each atom."""
        bounds = np.searchsorted(self.atom, np.arange(num_atoms + 1)).tolist()
        records = self.record.tolist()
        return [records[a:b] for a, b in itertools.pairwise(bounds)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """Atoms that any hazard area, search or deposit covers.

    Parameters
    ----------
    geometry
        (n_atoms,) polygons.
    ground_m2
        (n_atoms,) their areas. [m²]
    areas, searches, deposits
        Which records cover which atoms.
    owner
        (n_atoms,) hazard area whose estimate the ground carries, −1 outside all.
    district
        (n_atoms,) district, −1 for none.
    """

    geometry: Geometries
    ground_m2: Floats
    areas: Cover
    searches: Cover
    deposits: Cover
    owner: Ints
    district: Ints

    @property
    def num_atoms(self) -> int:
        """Length of the arrays."""
        return len(self.geometry)


def overlay_of(case: Case) -> Overlay:
    """Cut all footprints of a case into atoms; those of districts alone are left out."""
    tables = (case.areas.geometry, case.searches.geometry, case.deposits.geometry, case.districts.geometry)
    start = np.cumsum([0, *(len(t) for t in tables)])
    cut = atoms_of(np.concatenate(tables))
    carries = np.zeros(len(cut.geometry), np.bool_)
    carries[cut.atom[cut.member < start[3]]] = True
    kept = carries[cut.atom]
    atom, member = (np.cumsum(carries) - 1)[cut.atom[kept]], cut.member[kept]
    geometry = cut.geometry[carries]

    def cover(table: int) -> Cover:
        mine = (member >= start[table]) & (member < start[table + 1])
        return Cover(atom=atom[mine], record=member[mine] - start[table])

    areas, districts = cover(0), cover(3)
    district = np.full(len(geometry), -1, np.int64)
    district[districts.atom[::-1]] = districts.record[::-1]  # the first in the file, where districts overlap
    return Overlay(
        geometry=geometry,
        ground_m2=shapely.area(geometry),
        areas=areas,
        searches=cover(1),
        deposits=cover(2),
        owner=_owners(case, areas, len(geometry)),
        district=district,
    )


def _owners(case: Case, areas: Cover, num_atoms: int) -> Ints:
    """Which of several overlapping areas owns each atom: open before released, CHA before SHA, then order."""
    is_closed = case.areas.status != "open"
    rank = np.array([_CLASS_RANK.get(str(c), len(_CLASS_RANK)) for c in case.areas.hazard_class], np.int64)
    order = np.lexsort((areas.record, rank[areas.record], is_closed[areas.record], areas.atom))[::-1]
    owner = np.full(num_atoms, -1, np.int64)
    owner[areas.atom[order]] = areas.record[order]  # the last written, and so the first in order, stays
    return owner
