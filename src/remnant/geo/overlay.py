"""Footprints cut into atoms: pieces of ground that one and the same set of footprints covers.

Ground that two searches both covered has another history than ground that one of them covered. Within a cell, shares
alone cannot tell the two apart, so the footprints are cut into atoms first and the atoms are laid over the cells.
Everything downstream is then linear in ground, and cutting a footprint in two changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.errors import RemnantError

_AREA_TOLERANCE = 1e-6  # relative difference of a footprint and its atoms that rounding may leave
_SNAP_M = 1e-5  # lines closer than ten micrometres are one line: edges that only rounding tells apart
_PER_METRE_M2 = 2e-5  # ground that snapping may move, per metre of boundary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atoms:
    """Disjoint pieces of ground.

    Parameters
    ----------
    geometry
        (n_atoms,) polygons with disjoint interiors.
    atom, member
        (n_pairs,) which footprint (index into the input) covers which atom; sorted by atom, then footprint.
    """

    geometry: NDArray[np.object_]
    atom: NDArray[np.int64]
    member: NDArray[np.int64]


def atoms_of(footprints: NDArray[np.object_]) -> Atoms:
    """Cut polygons into atoms.

    Parameters
    ----------
    footprints
        (n,) valid Polygons or MultiPolygons in one plane; None and empty ones have no atoms. [m]

    Raises
    ------
    RemnantError
        If the atoms of a footprint do not add up to its area: nothing is lost without a word.

    Examples
    --------
    >>> cut = atoms_of(np.array([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]))
    >>> sorted(shapely.area(cut.geometry).tolist()), sorted(np.bincount(cut.atom).tolist())
    ([1.0, 1.0, 1.0], [1, 1, 2])
    """
    present = np.flatnonzero(~(shapely.is_missing(footprints) | shapely.is_empty(footprints)))
    shapes = footprints[present]
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="intersects")
    meets = np.zeros(len(shapes), np.bool_)
    meets[left[left != right]] = True
    alone = np.flatnonzero(~meets)
    mixed = np.flatnonzero(meets)
    faces, face, owner = _faces(shapes[mixed])
    geometry = np.concatenate([shapes[alone], faces]).astype(object)
    atom = np.concatenate([np.arange(alone.size), alone.size + face])
    member = np.concatenate([present[alone], present[mixed[owner]]])
    order = np.lexsort((member, atom))
    cut = Atoms(geometry=geometry, atom=atom[order], member=member[order])
    _check_area(footprints, cut)
    return cut


def _faces(
    shapes: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.int64], NDArray[np.int64]]:
    """Faces of the planar graph of all boundaries, with the (face, shape) pairs that cover them."""
    if shapes.size == 0:
        return shapes, np.zeros(0, np.int64), np.zeros(0, np.int64)
    shapes = shapely.set_precision(shapes, _SNAP_M)
    lines = shapely.union_all(shapely.boundary(shapes), grid_size=_SNAP_M)
    polygonised = shapely.polygonize(shapely.get_parts(np.array([lines])))
    faces = shapely.get_parts(np.array([polygonised]))
    inner = shapely.point_on_surface(faces)
    tree = shapely.STRtree(shapes)
    face, owner = tree.query(inner, predicate="intersects")
    kept = np.unique(face)
    return faces[kept], np.searchsorted(kept, face), owner


def _check_area(footprints: NDArray[np.object_], cut: Atoms) -> None:
    wanted = np.nan_to_num(shapely.area(footprints))
    got = np.bincount(cut.member, shapely.area(cut.geometry)[cut.atom], minlength=len(footprints))
    allowed = _AREA_TOLERANCE * wanted + _PER_METRE_M2 * np.nan_to_num(shapely.length(footprints))
    off = np.abs(got - wanted) > allowed
    if off.any():
        first = int(np.flatnonzero(off)[0])
        raise RemnantError(
            f"the overlay of footprints lost or gained ground: footprint {first} has {wanted[first]:,.3f} m² and its "
            f"pieces {got[first]:,.3f} m² ({int(off.sum())} footprints in all). Check its geometry for near-crossing "
            "lines; please report the case."
        )
