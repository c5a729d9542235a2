"""Atoms: disjoint, complete, rightly owned, also where rounding bites."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.errors import RemnantError
from remnant.geo import Atoms, atoms_of


def sized(shape: shapely.Geometry, low: float = 1e-3) -> bool:
    return bool(shapely.area(shape) > low)


def assert_right(
    footprints: np.ndarray, cut: Atoms, rng: np.random.Generator, tolerance_m2: float = 1e-2
) -> None:
    """Disjoint, covering the union, and each atom owned by exactly the footprints that hold it."""
    present = [f for f in footprints if f is not None and not f.is_empty]
    union = shapely.union_all(np.array(present, dtype=object))
    ground = shapely.area(cut.geometry)
    assert ground.sum() == pytest.approx(union.area, abs=tolerance_m2)
    assert shapely.area(shapely.union_all(cut.geometry)) == pytest.approx(union.area, abs=tolerance_m2)
    owners = [set(cut.member[cut.atom == a].tolist()) for a in range(len(cut.geometry))]
    assert all(owners), "an atom that nobody owns"
    assert (np.diff(cut.atom * len(footprints) + cut.member) > 0).all()
    # membership by random points that lie clear of every line
    x0, y0, x1, y1 = union.bounds
    points = shapely.points(rng.uniform(x0, x1, 400), rng.uniform(y0, y1, 400))
    lines = shapely.union_all(shapely.boundary(np.array(present, dtype=object)))
    points = points[shapely.distance(points, lines) > 1e-3]
    shapely.prepare(cut.geometry)
    for point in points:
        wanted = {i for i, f in enumerate(footprints) if f is not None and shapely.contains(f, point)}
        holding = np.flatnonzero(shapely.contains(cut.geometry, point))
        assert len(holding) == (1 if wanted else 0)
        if wanted:
            assert owners[holding[0]] == wanted


def blob(rng: np.random.Generator, span: float = 600.0) -> shapely.Geometry:
    x, y = rng.uniform(0, span, 2)
    kind = rng.integers(4)
    if kind == 0:
        return shapely.affinity.rotate(
            shapely.box(x, y, x + rng.uniform(20, 300), y + rng.uniform(20, 300)), rng.uniform(0, 90)
        )
    if kind == 1:
        return shapely.Point(x, y).buffer(rng.uniform(10, 150))
    if kind == 2:
        return shapely.Point(x, y).buffer(140).difference(shapely.Point(x + 10, y).buffer(60))
    return shapely.union_all(
        [shapely.box(x, y, x + 50, y + 90), shapely.box(x + 120, y + 10, x + 190, y + 60)]
    )


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14))
def test_random_footprints_are_cut_rightly(seed: int, num: int) -> None:
    rng = np.random.default_rng(seed)
    footprints = np.array([blob(rng) for _ in range(num)], dtype=object)
    assert_right(footprints, atoms_of(footprints), rng)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_edges_that_only_rounding_tells_apart_are_one_edge(seed: int) -> None:
    """Intersections of rotated shapes, clipped again, at the size of a UTM northing: new corners on old edges."""
    rng = np.random.default_rng(seed)
    where = (500_000.0, 4_900_000.0)
    base = [
        shapely.affinity.translate(shapely.affinity.rotate(blob(rng), rng.uniform(0, 90)), *where)
        for _ in range(5)
    ]
    pieces = [shapely.intersection(a, b) for i, a in enumerate(base) for b in base[:i]]
    halves = [shapely.intersection(a, shapely.box(*where, where[0] + 300, where[1] + 300)) for a in base]
    rests = [shapely.difference(a, h) for a, h in zip(base, halves, strict=True)]
    polygonal = [
        p
        for p in [*base, *pieces, *halves, *rests]
        if p.geom_type in ("Polygon", "MultiPolygon") and sized(p, 1.0)
    ]
    footprints = np.array(polygonal, dtype=object)
    cut = atoms_of(footprints)
    assert_right(footprints, cut, rng, tolerance_m2=0.5)  # ten micrometres along some kilometres of line


def test_a_shape_turned_there_and_back_is_the_same_shape() -> None:
    shape = shapely.affinity.translate(shapely.box(0, 0, 317, 211), 4e5, 4.9e6)
    turned = [shape]
    for angle in (11.0, 23.0, 37.0):
        there = shapely.affinity.rotate(shape, angle, origin=(4e5, 4.9e6))
        turned.append(shapely.affinity.rotate(there, -angle, origin=(4e5, 4.9e6)))
    cut = atoms_of(np.array(turned))
    assert len({shapely.to_wkb(t) for t in turned}) > 1  # rounding did tell them apart
    assert len(cut.geometry) == 1  # and no sliver is left of it
    assert cut.member.tolist() == [0, 1, 2, 3]


def test_the_same_polygon_three_times_is_one_atom_of_three() -> None:
    shape = shapely.Point(10, 20).buffer(50)
    cut = atoms_of(np.array([shape, shape, shape]))
    assert len(cut.geometry) == 1
    assert cut.member.tolist() == [0, 1, 2]


def test_nested_footprints_make_a_ring_and_a_core() -> None:
    cut = atoms_of(np.array([shapely.box(0, 0, 30, 30), shapely.box(10, 10, 20, 20)]))
    owners = {tuple(cut.member[cut.atom == a].tolist()): g.area for a, g in enumerate(cut.geometry)}
    assert owners == pytest.approx({(0,): 800.0, (0, 1): 100.0})


def test_neighbours_that_touch_share_no_ground() -> None:
    cut = atoms_of(
        np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), shapely.box(10, 10, 20, 20)])
    )
    assert sorted(shapely.area(cut.geometry).tolist()) == pytest.approx([100.0, 100.0, 100.0])
    assert np.bincount(cut.atom).tolist() == [1, 1, 1]


def test_touching_along_a_part_of_an_edge_keeps_membership() -> None:
    long, short = shapely.box(0, 0, 30, 10), shapely.box(7, 10, 13.3, 20)
    assert_right(np.array([long, short]), atoms_of(np.array([long, short])), np.random.default_rng(1))


def test_nothing_and_empty_shapes_have_no_atoms() -> None:
    shapes = np.array([None, shapely.Polygon(), shapely.box(0, 0, 1, 1), None], dtype=object)
    cut = atoms_of(shapes)
    assert cut.member.tolist() == [2]
    for nothing in (np.zeros(0, object), np.array([None], object), np.array([shapely.Polygon()], object)):
        assert len(atoms_of(nothing).geometry) == 0


def test_a_hole_filled_by_another_belongs_to_the_other_alone() -> None:
    plate = shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 20, 20))
    plug = shapely.box(10, 10, 20, 20)
    cut = atoms_of(np.array([plate, plug]))
    owners = {tuple(cut.member[cut.atom == a].tolist()): g.area for a, g in enumerate(cut.geometry)}
    assert owners == pytest.approx({(0,): 800.0, (1,): 100.0})


def test_a_hole_that_nobody_fills_is_no_atom() -> None:
    ring = shapely.Point(0, 0).buffer(20).difference(shapely.Point(0, 0).buffer(10))
    bar = shapely.box(-30, 12, 30, 14)
    cut = atoms_of(np.array([ring, bar]))
    assert shapely.area(cut.geometry).sum() == pytest.approx(shapely.union(ring, bar).area, abs=1e-3)
    assert not shapely.contains(cut.geometry, shapely.Point(0, 0)).any()


def test_order_of_footprints_does_not_change_the_ground() -> None:
    rng = np.random.default_rng(8)
    footprints = np.array([blob(rng) for _ in range(12)], dtype=object)
    order = rng.permutation(12)
    one, two = atoms_of(footprints), atoms_of(footprints[order])

    def table(cut: Atoms, number: np.ndarray) -> dict[frozenset[int], float]:
        ground: dict[frozenset[int], float] = {}
        for a, shape in enumerate(cut.geometry):
            key = frozenset(number[cut.member[cut.atom == a]].tolist())
            ground[key] = ground.get(key, 0.0) + shape.area
        return ground

    assert table(one, np.arange(12)) == pytest.approx(table(two, order), abs=1e-2)


def test_lost_ground_is_an_error_not_a_smaller_hazard(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["remnant.geo.overlay"]
    honest = module._faces

    def faulty(shapes):  # type: ignore[no-untyped-def]
        faces, face, owner = honest(shapes)
        kept = face > 0  # the first face is forgotten
        return faces, face[kept], owner[kept]

    monkeypatch.setattr(module, "_faces", faulty)
    with pytest.raises(RemnantError, match=r"lost or gained ground: footprint \d+ has .* pieces .* m²"):
        atoms_of(np.array([shapely.box(0, 0, 20, 10), shapely.box(10, 0, 30, 10)]))


def test_several_parts_that_stand_alone_keep_all_their_ground() -> None:
    """An area of two parts that meets nobody is one atom of two parts, and both count in the cells."""
    two = shapely.union_all([shapely.box(0, 0, 10, 10), shapely.box(50, 50, 70, 60)])
    cut = atoms_of(np.array([two, shapely.box(500, 500, 510, 510)]))
    ground = np.bincount(cut.member, shapely.area(cut.geometry)[cut.atom])
    assert ground.tolist() == pytest.approx([300.0, 100.0])
