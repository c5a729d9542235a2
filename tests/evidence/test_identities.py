"""What may not change the evidence: how the records are cut, ordered and gridded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import shapely

from remnant.evidence import Case, GridSpec, Provenance, reduce_case
from remnant.field import parameters_of
from remnant.field.history import compile_histories
from remnant.simulate import simulate_case
from remnant.units import day_number

Amounts = dict[tuple[str, str, str], np.ndarray]


def taken(table: Any, rows: np.ndarray | list[int]) -> Any:
    """Rows of a record table, in the given order."""
    rows = np.asarray(rows, dtype=np.int64)
    values: dict[str, Any] = {}
    for field in fields(table):
        value = getattr(table, field.name)
        if isinstance(value, Provenance):
            values[field.name] = Provenance(layer=value.layer[rows], row=value.row[rows])
        elif isinstance(value, tuple):
            values[field.name] = tuple(value[i] for i in rows)
        else:
            values[field.name] = value[rows]
    return type(table)(**values)


def amounts(case: Case) -> Amounts:
    """Ground, exposure, what remains by date and state, finds and meetings, per source and class, at median θ."""
    reduction = reduce_case(case)
    table = parameters_of(case, reduction)
    z = np.zeros((1, len(table.parameters)))
    values = table.values(z)
    days = [day_number(d) for d in case.dates]
    compiled = compile_histories(reduction.histories, table, day_number(case.as_of), days)
    exposure = compiled.exposure(table, z, values)[0]
    remaining = compiled.remaining(table, z, values)[0].reshape(len(reduction.histories), -1)
    each = np.concatenate([np.ones((len(exposure), 1)), exposure[:, None], remaining], axis=1)
    rows = reduction.by_portion
    result: Amounts = {}
    width = each.shape[1]

    def at(unit: int) -> np.ndarray:
        source, ordnance = (
            int(reduction.unit_source[unit]),
            reduction.classes[int(reduction.unit_class[unit])],
        )
        area = int(reduction.source_area[source])
        name = str(case.areas.id[area]) if area >= 0 else ""
        key = (str(reduction.source_kind[source]), name, ordnance.type + ordnance.setting)
        return result.setdefault(key, np.zeros(width + 2))

    for unit, history, ground in zip(rows.unit, rows.history, rows.ground, strict=True):
        at(unit)[:width] += ground * each[history]
    for unit in range(reduction.unit_source.size):
        at(unit)[width:] += reduction.found[unit], reduction.met[unit]
    return result


def assert_same(one: Amounts, two: Amounts, skip: tuple[str, ...] = ("background",)) -> None:
    """Equal up to the ten micrometres to which lines are snapped."""
    one, two = ({k: v for k, v in a.items() if k[0] not in skip} for a in (one, two))
    assert one.keys() == two.keys()
    for key in one:
        assert two[key] == pytest.approx(one[key], rel=1e-5, abs=1e-6), key


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    """A world with its finds: exact points named after their searches, which are complete."""
    world, _ = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))
    world = replace(
        world, searches=replace(world.searches, items_found=np.full(world.searches.id.size, np.nan))
    )
    assert world.events.id.size > 10
    return world


def split(shape: shapely.Geometry) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Two pieces of a shape, cut aslant a third of the way along."""
    x0, y0, x1, y1 = shape.bounds
    wedge = shapely.Polygon(
        [(x0 - 9, y0 - 9), (x0 + 0.37 * (x1 - x0), y0 - 9), (x0 + 0.29 * (x1 - x0), y1 + 9), (x0 - 9, y1 + 9)]
    )
    return shapely.intersection(shape, wedge), shapely.difference(shape, wedge)


def test_a_search_recorded_as_two_is_the_same_search(case: Case) -> None:
    s = int(np.flatnonzero(case.searches.id == case.events.search_id[0])[0])
    one, two = split(case.searches.geometry[s])
    table = taken(case.searches, [*range(case.searches.id.size), s])
    geometry, names = table.geometry.copy(), table.id.astype("U20")
    geometry[s], geometry[-1], names[-1] = one, two, "second half"
    named = case.events.search_id.astype("U20")
    named[(named == case.searches.id[s]) & shapely.intersects(two, case.events.geometry)] = "second half"
    changed = replace(
        case,
        searches=replace(table, geometry=geometry, id=names),
        events=replace(case.events, search_id=named),
    )
    assert_same(amounts(case), amounts(changed))


def test_a_deposit_recorded_as_two_with_its_share_of_the_items_is_the_same_deposit(case: Case) -> None:
    one, two = split(case.deposits.geometry[0])
    table = taken(case.deposits, [0, 0])
    part = np.array([one.area, two.area]) / case.deposits.geometry[0].area
    changed = replace(
        case,
        deposits=replace(
            table,
            geometry=np.array([one, two]),
            id=np.array(["a", "b"]),
            quantity_low=table.quantity_low * part,
            quantity_high=table.quantity_high * part,
        ),
    )
    assert_same(amounts(case), amounts(changed))


def test_a_deposit_recorded_twice_over_one_footprint_at_half_each_is_the_same_deposit(case: Case) -> None:
    table = taken(case.deposits, [0, 0])
    changed = replace(
        case,
        deposits=replace(
            table,
            id=np.array(["a", "b"]),
            quantity_low=table.quantity_low / 2,
            quantity_high=table.quantity_high / 2,
        ),
    )
    assert_same(amounts(case), amounts(changed))


@pytest.mark.parametrize("cell_m", [25.0, 100.0, 20.0])
def test_the_size_of_cells_changes_no_total(case: Case, cell_m: float) -> None:
    changed = replace(case, grid=GridSpec(cell_m=cell_m, block_m=case.grid.block_m))
    assert_same(amounts(case), amounts(changed))


def test_the_size_of_cells_changes_no_unit_that_holds_evidence(case: Case) -> None:
    """Blocks are of fixed size, so every unit with evidence has the same finds and ground on a finer grid."""

    def units(c: Case) -> list[tuple[float, ...]]:
        reduction = reduce_case(c)
        ground = np.bincount(
            reduction.by_portion.unit, reduction.by_portion.ground, reduction.unit_source.size
        )
        kind = reduction.source_kind[reduction.unit_source]
        rows = np.stack([ground, reduction.found, reduction.met], axis=1)[
            (kind != "background") & (ground > 1.0)
        ]
        return rows[np.lexsort(rows.T.round(3))]

    one, two = units(case), units(replace(case, grid=GridSpec(cell_m=25.0, block_m=case.grid.block_m)))
    assert np.asarray(two) == pytest.approx(np.asarray(one), rel=1e-5, abs=1e-2)


def test_order_of_searches_does_not_matter(case: Case) -> None:
    order = np.random.default_rng(1).permutation(case.searches.id.size)
    assert_same(amounts(case), amounts(replace(case, searches=taken(case.searches, order))))


def test_order_of_all_records_does_not_matter(case: Case) -> None:
    rng = np.random.default_rng(2)
    changed = replace(
        case,
        areas=taken(case.areas, rng.permutation(case.areas.id.size)),
        searches=taken(case.searches, rng.permutation(case.searches.id.size)),
        events=taken(case.events, rng.permutation(case.events.id.size)),
    )
    assert_same(amounts(case), amounts(changed))


def test_order_of_searches_does_not_matter_to_finds_that_name_none(worlds: ModuleType) -> None:
    """A find in two overlapping searches belongs to the one that reports items, whichever row comes first."""
    sweeps = worlds.searches(
        [shapely.box(0, 0, 200, 300), shapely.box(100, 0, 300, 300)],
        ["manual detector", "dogs"],
        [worlds.D0 + 100, worlds.D0 + 100],
        [1.0, 1.0],
        [True, True],
    )
    sweeps = replace(sweeps, items_found=np.array([1.0, 0.0]), is_complete=np.array([False, False]))
    area = worlds.areas([shapely.box(0, 0, 300, 300)], ["CHA"], [("PMN",)])
    event = worlds.events([shapely.Point(150, 50)])
    one, two = (amounts(worlds.case_of(area, taken(sweeps, rows), events=event)) for rows in ([0, 1], [1, 0]))
    assert_same(one, two)
    assert one["area", "area 0", "PMN"][-2] == 1.0  # one item, not one found and one more reported


def test_a_record_with_an_empty_shape_changes_nothing(case: Case) -> None:
    table = taken(case.searches, [*range(case.searches.id.size), 0])
    geometry, names = table.geometry.copy(), table.id.astype("U20")
    geometry[-1], names[-1] = shapely.Polygon(), "nowhere"
    assert_same(amounts(case), amounts(replace(case, searches=replace(table, geometry=geometry, id=names))))


def test_a_search_of_unknown_place_lowers_nothing(case: Case) -> None:
    table = taken(case.searches, [*range(case.searches.id.size), 0])
    geometry, names = table.geometry.copy(), table.id.astype("U20")
    geometry[-1], names[-1] = None, "lost"
    assert_same(amounts(case), amounts(replace(case, searches=replace(table, geometry=geometry, id=names))))


def test_a_shift_of_everything_by_whole_blocks_changes_nothing(case: Case) -> None:
    def moved(shapes: np.ndarray) -> np.ndarray:
        return shapely.transform(shapes, lambda xy: xy + np.array([700.0, -1300.0]))

    changed = replace(
        case,
        **{
            name: replace(getattr(case, name), geometry=moved(getattr(case, name).geometry))
            for name in ("areas", "searches", "events", "deposits")
        },
    )
    assert_same(amounts(case), amounts(changed))


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(
            lambda x: shapely.union_all(
                [shapely.box(x, 0, x + 80, 60), shapely.box(x + 300, 0, x + 420, 90)]
            ),
            id="parts",
        ),
        pytest.param(
            lambda x: shapely.Point(x, 0).buffer(90).difference(shapely.Point(x, 0).buffer(40)), id="hole"
        ),
    ],
)
def test_an_area_that_meets_no_other_record_keeps_all_its_ground(
    worlds: ModuleType, shape: Callable[[float], shapely.Geometry]
) -> None:
    drawn = shape(1000.0)
    got = amounts(
        worlds.case_of(worlds.areas([drawn], ["SHA"], [("PMN",)]), worlds.searches([], [], [], [], []))
    )
    assert got["area", "area 0", "PMN"][0] == pytest.approx(drawn.area, rel=1e-9)
