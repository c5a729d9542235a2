"""What each kind of record is taken to say, against amounts worked out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import shapely

from remnant.evidence import Case, Districts, Reduction, Searches, reduce_case
from remnant.evidence.spread import spread_over_cells
from remnant.field import parameters_of
from remnant.field.history import compile_histories
from remnant.geo import Grid
from remnant.units import day_number

SQUARE = shapely.box(0, 0, 300, 300)


def searched(
    worlds: ModuleType,
    shapes: list[Any],
    methods: list[str],
    days: list[float],
    coverage: list[float],
    known: list[bool],
    **given: Any,
) -> Searches:
    table = worlds.searches(shapes, methods, days, coverage, known)
    table = replace(table, items_found=np.full(len(shapes), np.nan))
    return replace(table, **{name: np.asarray(value) for name, value in given.items()})


def by_class(case: Case, reduction: Reduction) -> dict[tuple[str, str], dict[str, Any]]:
    """Exposure, share left and finds by source kind and type, at median parameters."""
    table = parameters_of(case, reduction)
    z = np.zeros((1, len(table.parameters)))
    values = table.values(z)
    compiled = compile_histories(
        reduction.histories, table, day_number(case.as_of), [day_number(case.dates[0])]
    )
    exposure = compiled.exposure(table, z, values)[0]
    left = compiled.remaining(table, z, values)[0, :, 0].sum(axis=1)
    result: dict[tuple[str, str], dict[str, Any]] = {}
    rows = reduction.by_portion
    for kind in np.unique(reduction.source_kind):
        for c, entry in enumerate(reduction.classes):
            unit = np.flatnonzero(
                (reduction.source_kind[reduction.unit_source] == kind) & (reduction.unit_class == c)
            )
            mine = np.isin(rows.unit, unit)
            result[str(kind), entry.type] = {
                "ground": rows.ground[mine].sum(),
                "exposure": (rows.ground * exposure[rows.history])[mine].sum(),
                "left": (rows.ground * left[rows.history])[mine].sum(),
                "found": reduction.found[unit].sum(),
                "met": reduction.met[unit].sum(),
            }
    return result


def detection(case: Case, name: str) -> float:
    """Median of a method's logit-normal range: the logistic of the middle of the ends' logits."""
    prior = case.catalogue.method(name).p_detect
    odds = np.sqrt(prior.low / (1 - prior.low) * prior.high / (1 - prior.high))
    return float(odds / (1 + odds))


def test_three_overlapping_searches_give_the_exposure_worked_out_by_clipping(worlds: ModuleType) -> None:
    """PMN never goes: exposure of ground is 1 − Π(1 − c p) over the known searches that met it, in order of time."""
    area = shapely.affinity.rotate(shapely.box(13, 27, 391, 288), 17)
    sweeps = [
        shapely.box(-20, 0, 180, 340),
        shapely.Point(230, 160).buffer(130),
        shapely.box(100, 130, 460, 210),
    ]
    methods, coverage, days = (
        ["manual detector", "dogs", "visual search"],
        [0.8, 1.0, 0.35],
        [300.0, 150.0, 200.0],
    )
    case = worlds.case_of(
        worlds.areas([area], ["SHA"], [("PMN",)]),
        searched(worlds, sweeps, methods, [worlds.D0 + d for d in days], coverage, [True, True, False]),
    )
    wanted_exposure = wanted_left = 0.0
    works = [c * detection(case, m) for c, m in zip(coverage, methods, strict=True)]
    for mask in range(8):
        piece = area
        for s in range(3):
            act = shapely.intersection if mask >> s & 1 else shapely.difference
            piece = act(piece, sweeps[s])
        left, gain = 1.0, 0.0
        for s in np.argsort(days):
            if mask >> s & 1:
                gain += left * works[s] if s != 2 else 0.0  # the outcome of the third is not on record
                left *= 1.0 - works[s]
        wanted_exposure += piece.area * gain
        wanted_left += piece.area * left
    got = by_class(case, reduce_case(case))["area", "PMN"]
    assert got["ground"] == pytest.approx(area.area, rel=1e-6)
    assert got["exposure"] == pytest.approx(wanted_exposure, rel=1e-6)
    assert got["left"] == pytest.approx(wanted_left, rel=1e-6)


def one_search(
    worlds: ModuleType,
    *,
    day: float = 200.0,
    known: bool = True,
    method: str = "manual detector",
    **options: Any,
) -> Case:
    return worlds.case_of(
        worlds.areas([SQUARE], ["SHA"], [("PMN",)], end=worlds.D0),
        searched(worlds, [SQUARE], [method], [worlds.D0 + day], [1.0], [known]),
        **options,
    )


def test_a_search_of_unknown_outcome_thins_but_does_not_inform(worlds: ModuleType) -> None:
    case = one_search(worlds, known=False)
    got = by_class(case, reduce_case(case))["area", "PMN"]
    assert got["exposure"] == 0.0
    assert got["left"] == pytest.approx(9e4 * (1 - detection(case, "manual detector")))


def test_land_use_without_recorded_outcome_does_nothing_at_all(worlds: ModuleType) -> None:
    case = one_search(worlds, known=False, method="ploughing")
    reduction = reduce_case(case)
    got = by_class(case, reduction)["area", "PMN"]
    assert (got["exposure"], got["left"]) == (0.0, pytest.approx(9e4))
    assert reduction.area_searched.tolist() == [0.0]


def test_recorded_land_use_is_a_search_but_not_searched_ground(worlds: ModuleType) -> None:
    case = one_search(worlds, known=True, method="ploughing")
    reduction = reduce_case(case)
    assert by_class(case, reduction)["area", "PMN"]["exposure"] == pytest.approx(
        9e4 * detection(case, "ploughing")
    )
    assert reduction.area_searched.tolist() == [0.0]
    assert (reduction.cell_searched == 0.0).all()


def test_a_search_before_the_items_came_changes_nothing(worlds: ModuleType) -> None:
    case = one_search(worlds, day=-30.0)
    got = by_class(case, reduce_case(case))["area", "PMN"]
    assert (got["exposure"], got["left"]) == (0.0, pytest.approx(9e4))


def test_a_search_whose_days_nobody_recorded_counts_after_the_items_came(worlds: ModuleType) -> None:
    case = one_search(worlds)
    unknown = replace(case.searches, start_day=np.full(1, np.nan), end_day=np.full(1, np.nan))
    got = by_class(c := replace(case, searches=unknown), reduce_case(c))["area", "PMN"]
    assert got["left"] == pytest.approx(9e4 * (1 - detection(case, "manual detector")))


def test_items_of_unknown_date_were_there_when_the_first_search_came(worlds: ModuleType) -> None:
    case = one_search(worlds)
    undated = replace(case.areas, start_day=np.full(1, np.nan), end_day=np.full(1, np.nan))
    got = by_class(c := replace(case, areas=undated), reduce_case(c))["area", "PMN"]
    assert got["exposure"] == pytest.approx(9e4 * detection(case, "manual detector"))


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_the_first_of_january_1970_is_a_day_like_any_other(worlds: ModuleType, start: float) -> None:
    case = one_search(worlds)
    long_ago = replace(case.searches, start_day=np.array([start]), end_day=np.array([500.0]))
    steps = [s for h in reduce_case(replace(case, searches=long_ago)).histories for s in h.searches]
    assert {s.first_day for s in steps} == {start}


def test_finds_of_unknown_place_change_nothing_and_are_counted(worlds: ModuleType) -> None:
    case = one_search(worlds)
    more = replace(case, events=worlds.events([None, None]))
    one, two = reduce_case(case), reduce_case(more)
    assert by_class(case, one) == by_class(more, two)
    assert [(f.code, f.count) for f in two.findings] == [("events-of-unknown-place", 2)]


def test_a_find_of_known_precision_is_spread_and_its_shares_add_up_to_one() -> None:
    grid = Grid(left_m=0.0, top_m=2000.0, cell_m=50.0, block_cells=4, num_rows=40, num_cols=40)
    point = shapely.Point(1013, 977)
    for precision in (0.0, 5.0, 60.0, 400.0):
        shares = spread_over_cells(np.array([point]), np.array([precision]), grid)
        assert shares.share.sum() == pytest.approx(1.0, abs=1e-3)
        row, col = grid.row_col(shares.cell)
        x, y = grid.left_m + (col + 0.5) * 50.0, grid.top_m - (row + 0.5) * 50.0
        inside = shares.share[np.hypot(x - 1013, y - 977) <= precision].sum()
        if precision >= 400.0:
            # a round normal whose 95 % radius is the precision; cells are small beside it
            assert inside == pytest.approx(0.95, abs=0.02)
            assert shares.share.max() < 0.02
            assert (shares.share * x).sum() == pytest.approx(1013, abs=1.0)
            assert (shares.share * y).sum() == pytest.approx(977, abs=1.0)


def test_the_spread_is_the_round_normal_drawn_at_random() -> None:
    grid = Grid(left_m=0.0, top_m=800.0, cell_m=50.0, block_cells=4, num_rows=16, num_cols=16)
    shares = spread_over_cells(np.array([shapely.Point(401, 423)]), np.array([150.0]), grid)
    rng = np.random.default_rng(7)
    sigma = 150.0 / 2.4477468  # Rayleigh: 95 % radius = σ √(−2 ln 0.05)
    cell = grid.cell_at(
        401 + sigma * rng.standard_normal(400_000), 423 + sigma * rng.standard_normal(400_000)
    )
    wanted = np.bincount(cell[cell >= 0], minlength=grid.num_cells) / 400_000
    got = np.bincount(shares.cell, shares.share, grid.num_cells)
    assert np.abs(got - wanted).max() < 4e-3  # the square of 1.1 radii cuts off less than 1 %


def test_a_find_in_an_admin_area_is_spread_evenly_over_all_its_parts() -> None:
    grid = Grid(left_m=0.0, top_m=800.0, cell_m=50.0, block_cells=4, num_rows=16, num_cols=16)
    region = shapely.union_all([shapely.box(0, 0, 100, 100), shapely.box(400, 400, 700, 500)])
    shares = spread_over_cells(np.array([region], dtype=object), np.array([0.0]), grid)
    assert shares.share.sum() == pytest.approx(1.0)
    west = shares.share[(shares.cell % 16) < 4].sum()
    assert west == pytest.approx(0.25)  # 10,000 of 40,000 m²


def test_no_record_at_all_can_be_spread() -> None:
    grid = Grid(left_m=0.0, top_m=800.0, cell_m=50.0, block_cells=4, num_rows=16, num_cols=16)
    assert spread_over_cells(np.array([None], dtype=object), np.zeros(1), grid).share.size == 0
    assert spread_over_cells(np.zeros(0, dtype=object), np.zeros(0), grid).share.size == 0


def test_an_imprecise_find_across_the_border_forces_no_existence(worlds: ModuleType) -> None:
    case = replace(one_search(worlds), events=worlds.events([shapely.Point(300, 150)], precision_m=60.0))
    kind = str(case.areas.hazard_class[0])
    centre = np.sqrt(
        np.prod(
            [
                getattr(worlds.PRIORS[f"{what}.{kind}"], end)
                for what in ("exists", "density")
                for end in ("low", "high")
            ]
        )
    )
    # as many items expected outside as inside: then the border alone decides
    even = {**worlds.PRIORS, "density.background": worlds.prior(0.5 * centre, 2.0 * centre, "1/km2")}
    case = replace(case, searches=worlds.searches([], [], [], [], []), priors=even)
    reduction = reduce_case(case)
    a = int(np.flatnonzero(reduction.source_kind == "area")[0])
    share = by_class(case, reduction)["area", "PMN"]["met"]
    assert 0.4 < share < 0.6
    assert reduction.source_log_unmet[a] == pytest.approx(np.log1p(-share), rel=1e-6)
    assert by_class(case, reduction)["background", "PMN"]["met"] == pytest.approx(1 - share)
    exact = replace(case, events=worlds.events([shapely.Point(200, 150)]))
    assert np.isneginf(reduce_case(exact).source_log_unmet[a])
    # where next to nothing is expected outside, the find is all but certain to be from inside, and still not quite
    sparse = reduce_case(replace(case, priors=worlds.PRIORS))
    assert -40.0 < sparse.source_log_unmet[a] < np.log(1e-3)


def test_shares_of_every_find_add_up_to_its_items(worlds: ModuleType) -> None:
    places = [
        shapely.Point(10, 10),
        shapely.Point(150, 295),
        shapely.box(200, 200, 500, 500),
        shapely.Point(900, 900),
    ]
    case = replace(
        one_search(worlds), events=worlds.events(places, precision_m=[0, 40, 0, 30], num_items=[1, 2, 3, 4])
    )
    reduction = reduce_case(case)
    assert (reduction.found + reduction.met).sum() == pytest.approx(10.0)


def test_a_find_named_after_a_search_is_explained_by_it_and_others_only_show_presence(
    worlds: ModuleType,
) -> None:
    case = one_search(worlds)
    table = worlds.events([shapely.Point(10, 10), shapely.Point(20, 20)], search_id=["search 0", "another"])
    got = by_class(c := replace(case, events=table), reduce_case(c))["area", "PMN"]
    assert (got["found"], got["met"]) == (1.0, 1.0)


def test_an_imprecise_find_of_a_named_search_lies_where_that_search_worked(worlds: ModuleType) -> None:
    half = shapely.box(0, 0, 150, 300)
    case = worlds.case_of(
        worlds.areas([SQUARE], ["SHA"], [("PMN",)], end=worlds.D0),
        searched(worlds, [half], ["dogs"], [worlds.D0 + 200.0], [1.0], [True]),
        events=worlds.events([shapely.Point(150, 150)], precision_m=150.0, search_id="search 0"),
    )
    reduction = reduce_case(case)
    col = reduction.grid.row_col(reduction.cells)[1]
    east = reduction.grid.left_m + col * reduction.grid.cell_m >= 200.0  # blocks wholly outside the search
    far = np.unique(reduction.by_cell.unit[east[reduction.by_cell.key]])
    assert reduction.found.sum() == pytest.approx(1.0)
    assert reduction.found[far].sum() == 0.0


def test_a_find_without_a_name_belongs_to_the_search_that_fits_place_and_day(worlds: ModuleType) -> None:
    case = one_search(worlds)
    when = worlds.D0 + np.array([200.0, 240.0, np.nan])
    table = worlds.events([shapely.Point(10, 10), shapely.Point(20, 20), shapely.Point(30, 30)], day=when)
    got = by_class(c := replace(case, events=table), reduce_case(c))["area", "PMN"]
    assert (got["found"], got["met"]) == (2.0, 1.0)


def test_accidents_are_explained_by_land_use_and_finds_are_not(worlds: ModuleType) -> None:
    case = one_search(worlds, method="ploughing")
    table = worlds.events([shapely.Point(10, 10), shapely.Point(20, 20)], kind=["accident", "find"])
    got = by_class(c := replace(case, events=table), reduce_case(c))["area", "PMN"]
    assert (got["found"], got["met"]) == (1.0, 1.0)


def test_a_total_without_points_is_shared_over_the_ground_of_its_search(worlds: ModuleType) -> None:
    case = one_search(worlds)
    case = replace(
        case,
        searches=replace(case.searches, items_found=np.array([5.0])),
        events=worlds.events([shapely.Point(10, 10)]),
    )
    reduction = reduce_case(case)
    got = by_class(case, reduction)["area", "PMN"]
    assert got["found"] == pytest.approx(5.0)  # one has a place, four do not
    unit = np.flatnonzero(reduction.found > 0)
    assert unit.size == 9  # all blocks of 100 m
    assert np.unique(reduction.unit_group[unit]).size == 1  # their finds cannot be told apart
    at_point = reduction.found.max()
    assert at_point == pytest.approx(1 + 4 / 9, rel=1e-6)


def test_more_points_than_the_search_reports_are_all_used_and_noted(worlds: ModuleType) -> None:
    case = one_search(worlds)
    case = replace(
        case,
        searches=replace(case.searches, items_found=np.array([1.0])),
        events=worlds.events([shapely.Point(10, 10), shapely.Point(20, 20)]),
    )
    reduction = reduce_case(case)
    assert by_class(case, reduction)["area", "PMN"]["found"] == 2.0
    assert "more-finds-than-reported" in [f.code for f in reduction.findings]


def test_ground_of_two_areas_belongs_to_the_open_then_the_confirmed_one(worlds: ModuleType) -> None:
    shapes = [SQUARE, shapely.box(100, 0, 400, 300), shapely.box(200, 0, 500, 300)]
    table = worlds.areas(shapes, ["SHA", "CHA", "CHA"], [("PMN",)] * 3)
    table = replace(table, status=np.array(["open", "open", "released"]))
    reduction = reduce_case(worlds.case_of(table, worlds.searches([], [], [], [], [])))
    ground = np.zeros(3)
    owner = reduction.source_area[reduction.unit_source[reduction.by_portion.unit]]
    np.add.at(ground, owner[owner >= 0], reduction.by_portion.ground[owner >= 0])
    assert ground == pytest.approx(np.array([3e4, 9e4, 3e4]), rel=1e-6)
    assert reduction.area_m2 == pytest.approx(np.full(3, 9e4))


def test_a_type_found_in_an_area_is_added_without_diluting_the_others(worlds: ModuleType) -> None:
    case = replace(one_search(worlds), events=worlds.events([shapely.Point(10, 10)], type="TM-62M"))
    reduction = reduce_case(case)
    got = by_class(case, reduction)
    assert got["area", "PMN"]["ground"] == pytest.approx(9e4)
    assert got["area", "TM-62M"]["ground"] == pytest.approx(9e4)
    assert got["area", "TM-62M"]["found"] == 1.0
    assert ("type-added-to-area", 1) in [(f.code, f.count) for f in reduction.findings]


def test_a_generic_find_may_be_any_item_of_its_category(worlds: ModuleType) -> None:
    case = replace(one_search(worlds), events=worlds.events([shapely.Point(10, 10)], type="generic AP mine"))
    reduction = reduce_case(case)
    assert by_class(case, reduction)["area", "PMN"]["found"] == 1.0
    assert "type-added-to-area" not in [f.code for f in reduction.findings]


def test_two_types_share_the_density_of_their_area(worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([SQUARE], ["CHA"], [("PMN", "PFM-1S")]), worlds.searches([], [], [], [], [])
    )
    got = by_class(case, reduce_case(case))
    assert got["area", "PMN"]["ground"] == pytest.approx(4.5e4)
    assert got["area", "PFM-1S"]["ground"] == pytest.approx(4.5e4)


@pytest.mark.parametrize(("reported", "wanted"), [(5e4, 5e4), (np.nan, 9e4), (0.0, 9e4)])
def test_an_area_of_unknown_place_keeps_its_size_or_the_typical_one(
    worlds: ModuleType, reported: float, wanted: float
) -> None:
    """Zero square metres on record is a field that nobody filled in, never an area without a hazard."""
    table = worlds.areas([SQUARE, shapely.box(500, 0, 800, 300), None], ["SHA"] * 3, [("PMN",)] * 3)
    table = replace(table, reported_area_m2=np.array([np.nan, np.nan, reported]))
    reduction = reduce_case(worlds.case_of(table, worlds.searches([], [], [], [], [])))
    assert reduction.area_m2[2] == pytest.approx(wanted)
    mine = ~reduction.portion_placed
    assert mine.sum() == 1
    assert reduction.by_portion.ground[
        reduction.by_portion.key == np.flatnonzero(mine)[0]
    ].sum() == pytest.approx(wanted)


def test_a_deposit_of_unknown_place_keeps_its_items(worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([], [], []),
        worlds.searches([], [], [], [], []),
        worlds.deposits([None], ["PFM-1S"], [100.0], [400.0]),
    )
    reduction = reduce_case(case)
    assert reduction.by_portion.ground.sum() == pytest.approx(200.0)  # √(100 · 400)
    assert reduction.portion_placed.tolist() == [False]


def test_a_deposit_spreads_its_items_over_its_footprint(worlds: ModuleType) -> None:
    shape = shapely.Point(200, 200).buffer(137)
    case = worlds.case_of(
        worlds.areas([], [], []),
        worlds.searches([], [], [], [], []),
        worlds.deposits([shape], ["PFM-1S"], [100.0], [400.0]),
    )
    assert by_class(case, reduce_case(case))["deposit", "PFM-1S"]["ground"] == pytest.approx(200.0, rel=1e-6)


def test_ground_of_districts_and_outside_them_adds_up_to_all(worlds: ModuleType) -> None:
    regions = np.array([shapely.box(-500, -500, 120, 500), shapely.box(120, -500, 220, 500)])
    case = one_search(worlds)
    case = replace(
        case, districts=Districts(name=np.array(["W", "E"]), geometry=regions, source=worlds.source(2, "d"))
    )
    reduction = reduce_case(case)
    rows = reduction.by_portion
    area = reduction.source_kind[reduction.unit_source[rows.unit]] == "area"
    district = reduction.portion_district[rows.key]
    got = [rows.ground[area & (district == d)].sum() for d in (0, 1, -1)]
    assert got == pytest.approx([3.6e4, 3e4, 2.4e4], rel=1e-6)
    alone = replace(case, districts=worlds.case_of(case.areas, case.searches).districts)
    assert by_class(case, reduction)["area", "PMN"]["exposure"] == pytest.approx(
        by_class(alone, reduce_case(alone))["area", "PMN"]["exposure"], rel=1e-9
    )


def test_searched_share_takes_partial_coverage_as_independent(worlds: ModuleType) -> None:
    sweeps = [SQUARE, shapely.box(0, 0, 150, 300)]
    case = worlds.case_of(
        worlds.areas([SQUARE], ["SHA"], [("PMN",)]),
        searched(worlds, sweeps, ["dogs", "manual detector"], [worlds.D0 + 99] * 2, [0.5, 0.5], [True, True]),
    )
    assert reduce_case(case).area_searched.tolist() == pytest.approx([(0.75 + 0.5) / 2])


def test_cells_carry_the_same_ground_as_portions(worlds: ModuleType) -> None:
    case = worlds.world(np.random.default_rng(9))
    reduction = reduce_case(case)
    for one, two in zip(
        *(
            np.bincount(reduction.unit_source[t.unit], t.ground, reduction.source_kind.size)
            for t in (reduction.by_cell, reduction.by_portion)
        ),
        strict=True,
    ):
        assert one == pytest.approx(two, rel=1e-9)
    assert (np.diff(reduction.cells) > 0).all()


def test_a_case_without_any_place_still_reduces(worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([None], ["SHA"], [("PMN",)]),
        worlds.searches([], [], [], [], []),
        as_of=dt.date(2023, 6, 1),
    )
    reduction = reduce_case(case)
    assert reduction.cells.size == 0
    assert reduction.by_portion.ground.sum() > 0.0


def test_a_delivery_inside_a_hazard_area_adds_to_it(worlds: ModuleType) -> None:
    case = one_search(worlds)
    square = shapely.box(*case.areas.geometry[0].bounds)
    drop = worlds.deposits([square], [case.areas.types[0][0]], [10.0], [20.0])
    alone, both = reduce_case(case), reduce_case(replace(case, deposits=drop))
    for kind in ("area", "deposit"):
        mine = both.source_kind[both.unit_source[both.by_portion.unit]] == kind
        assert both.by_portion.ground[mine].sum() > 0.0
    inside = alone.source_kind[alone.unit_source[alone.by_portion.unit]] == "area"
    still = both.source_kind[both.unit_source[both.by_portion.unit]] == "area"
    assert both.by_portion.ground[still].sum() == pytest.approx(
        alone.by_portion.ground[inside].sum(), rel=1e-6
    )


def test_overlapping_areas_bring_their_types_along(worlds: ModuleType) -> None:
    square = shapely.box(0, 0, 300, 300)
    table = worlds.areas([square, square], ["CHA", "SHA"], [("PMN",), ("TM-62",)])
    reduction = reduce_case(worlds.case_of(table, worlds.searches([], [], [], [], [])))
    owner = np.flatnonzero(reduction.source_area == 0)[0]
    mine = reduction.unit_source[reduction.by_portion.unit] == owner
    names = {reduction.classes[c].type for c in reduction.unit_class[reduction.by_portion.unit[mine]]}
    assert {"PMN"} < names
    assert any(name.startswith("TM-62") for name in names)


def test_a_search_total_adds_its_type_to_the_area(worlds: ModuleType) -> None:
    case = one_search(worlds)
    search = replace(case.searches, items_found=np.array([5.0]), type=np.array(["TM-62"]))
    reduction = reduce_case(replace(case, searches=search))
    assert (reduction.found + reduction.met).sum() == pytest.approx(5.0)
    assert any(f.code == "type-added-to-area" for f in reduction.findings)
