"""What a record weighs: against whole new fits without it, and the promises of batches."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import shapely

from remnant.evidence import (
    AreaRecord,
    Case,
    ModelSpec,
    Policy,
    batches_of,
    records_of_areas,
    with_changed_records,
)
from remnant.releasing import Judge, RecordWeights, record_weights
from remnant.simulate import simulate_case
from remnant.weighing import Weighed, weigh

POLICY = Policy(name="test", p_any_explosive_max=0.3)


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    made: Case = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]
    return replace(made, num_draws=2000, policy=POLICY)


@pytest.fixture(scope="module")
def weighed(case: Case) -> Weighed:
    return weigh(case)


@pytest.fixture(scope="module")
def answer(weighed: Weighed) -> tuple[RecordWeights, list[AreaRecord], int]:
    return record_weights(Judge(weighed), most=20)


def test_weights_are_those_of_whole_new_fits(
    case: Case, weighed: Weighed, answer: tuple[RecordWeights, list[AreaRecord], int]
) -> None:
    """The second route: the model sampled anew without each record; levels, detection and all."""
    weights, records, _ = answer
    sure = np.flatnonzero(~weights.is_rough)
    order = np.argsort(-np.abs(weights.p_explosive_with - weights.p_explosive_without)[sure], kind="stable")
    tried = dict.fromkeys(weights.record[sure[order]].tolist()[:6])
    for number in tried:
        anew = Judge(weigh(with_changed_records(case, [records[number]]))).judge()
        for row in np.flatnonzero(weights.record == number):
            area = weights.area[row]
            chance = anew.p_any[:, area].mean()
            assert weights.p_explosive_without[row] == pytest.approx(chance, abs=0.04)
            assert weights.items_without[row] == pytest.approx(anew.items[:, area].mean(), rel=0.25, abs=0.1)
    assert len(tried) >= 4


def test_with_all_records_the_chances_are_those_of_the_fit(
    weighed: Weighed, answer: tuple[RecordWeights, list[AreaRecord], int]
) -> None:
    weights, _, _ = answer
    judged = Judge(weighed).judge()
    draws = 1000
    np.testing.assert_allclose(
        weights.p_explosive_with, judged.p_any[:draws, weights.area].mean(axis=0), rtol=1e-5, atol=1e-7
    )


def test_a_search_that_found_nothing_made_its_area_emptier(
    case: Case, answer: tuple[RecordWeights, list[AreaRecord], int]
) -> None:
    weights, records, _ = answer
    seen = 0
    for row in np.flatnonzero(~weights.is_rough):
        record = records[weights.record[row]]
        of_search = [e for e, s in enumerate(case.events.search_id) if s == case.searches.id[record.index]]
        if record.kind == "search" and record.change == "left out" and not of_search:
            inside = shapely.intersects(case.areas.geometry[weights.area[row]], case.events.geometry)
            if not inside.any():
                assert weights.p_explosive_without[row] > weights.p_explosive_with[row]
                seen += 1
    assert seen > 0


def test_if_an_unknown_search_had_found_nothing_less_would_be_there(
    answer: tuple[RecordWeights, list[AreaRecord], int],
) -> None:
    weights, records, _ = answer
    rows = [r for r, i in enumerate(weights.record) if records[i].change == "nothing found"]
    assert rows
    assert (weights.items_without[rows] < weights.items_with[rows] * (1.0 + 1e-9)).all()


def test_a_field_can_be_asked_too(case: Case) -> None:
    weighed = weigh(replace(case, num_draws=200, model=ModelSpec(kind="field")))
    weights, records, _ = record_weights(Judge(weighed), most=2)
    assert weights.area.size
    assert np.isfinite(weights.p_explosive_without).all()
    assert len({(a, r) for a, r in zip(weights.area, weights.record, strict=True)}) == weights.area.size
    assert max(weights.record) < len(records)


def test_a_case_without_records_weighs_nothing(worlds: ModuleType) -> None:
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 300, 200)], ["SHA"], [("PMN",)]),
        worlds.searches([], [], [], [], []),
        num_draws=50,
    )
    weights, records, more = record_weights(Judge(weigh(case)))
    assert (weights.area.size, records, more) == (0, [], 0)


def test_no_two_records_of_a_batch_touch_one_area() -> None:
    rng = np.random.default_rng(1)
    records = [
        AreaRecord(
            kind="search", index=i, change="left out",
            areas=np.unique(rng.integers(0, 40, rng.integers(1, 5))),
        )
        for i in range(200)
    ]  # fmt: skip
    batches = batches_of(records, 40)
    assert sorted(i for b in batches for i in b) == list(range(200))
    for batch in batches:
        touched = np.concatenate([records[i].areas for i in batch])
        assert touched.size == np.unique(touched).size


def test_a_busy_area_is_weighed_for_so_many_records_and_the_rest_is_counted(worlds: ModuleType) -> None:
    box = shapely.box(0, 0, 300, 200)
    case = worlds.case_of(
        worlds.areas([box], ["SHA"], [("PMN",)]),
        worlds.searches([box] * 3, ["dogs"] * 3, [worlds.D0 + 100.0] * 3, [0.5] * 3, [True] * 3),
        events=worlds.events([shapely.Point(10 + i, 10) for i in range(9)], kind="accident"),
    )
    records, more = records_of_areas(case, most=5)
    assert [r.kind for r in records] == ["search"] * 3 + ["accident"] * 2
    assert more == 7


def test_a_search_goes_with_the_finds_that_it_made(worlds: ModuleType) -> None:
    box = shapely.box(0, 0, 300, 200)
    case = worlds.case_of(
        worlds.areas([box], ["SHA"], [("PMN",)]),
        worlds.searches(
            [box] * 2, ["dogs", "manual detector"], [worlds.D0 + 100.0, worlds.D0 + 200.0], [1.0] * 2, [True] * 2
        ),
        events=worlds.events(
            [shapely.Point(10, 10), shapely.Point(20, 10), shapely.Point(30, 10)],
            search_id=np.array(["search 0", "search 1", "search 1"]), day=worlds.D0 + 100.0,
        ),
    )  # fmt: skip
    records, _ = records_of_areas(case, most=9)
    assert [r.index for r in records] == [0, 1]
    rest = with_changed_records(case, [records[1]])
    assert rest.searches.id.tolist() == ["search 0"]
    assert rest.events.id.tolist() == ["e0"]
    assert rest.areas is case.areas
    assert case.events.id.size == 3
