"""What is left in areas in closed form: against counts by simulation and by hand."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import shapely

from remnant.evidence import Case, ModelSpec
from remnant.field import LeftInAreas, left_in_all
from remnant.simulate import simulate_case
from remnant.weighing import Weighed, weigh


def whole(weighed: Weighed, day: int = 0, areas: np.ndarray | None = None, **more: object) -> LeftInAreas:
    """All blocks of areas joined."""
    chosen = np.arange(weighed.case.areas.id.size) if areas is None else areas
    return left_in_all(weighed.posterior, weighed.days[day], weighed.as_of_day, chosen, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["stratum", "field"])
def weighed(worlds: ModuleType, request: pytest.FixtureRequest) -> Weighed:
    case: Case = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]
    return weigh(replace(case, num_draws=2000, model=ModelSpec(kind=request.param)))


@pytest.mark.parametrize("day", [0, 1])
def test_means_by_state_are_those_of_simulated_counts(weighed: Weighed, day: int) -> None:
    left = whole(weighed, day)
    for a, mine in weighed.area_portions.items():
        if mine.size == 1:
            counted = weighed.counted.portion.mean[mine[0], day]
            expected = left.expected[:, a].mean(axis=0)
            spread = np.sqrt((left.variance[:, a] + np.square(left.mean[:, a])).mean(axis=0) / 2000)
            assert (np.abs(counted - expected) < 5.0 * spread + 1e-3).all()


def test_one_area_of_one_unit_by_hand(worlds: ModuleType) -> None:
    """A single square of one block that nobody searched: the Gamma mixture of Poissons itself."""
    case = worlds.case_of(
        worlds.areas([shapely.box(0, 0, 100, 100)], ["SHA"], [("PMN",)]),
        worlds.searches([], [], [], [], []),
        num_draws=50,
    )
    weighed = weigh(case)
    left = whole(weighed)
    shape, scale = weighed.posterior.clumps(np.array([0]), slice(0, 50))
    ground = 100.0 * 100.0
    armed = left.mean[:, 0, 0] / (shape * scale * ground)[:, 0]  # share of items that is armed
    assert ((armed > 0.0) & (armed <= 1.0)).all()
    mean = (shape * scale)[:, 0] * ground * left.mean[:, 0, 3] / left.mean[:, 0, 3]
    assert (left.mean[:, 0, 3] <= mean * (1 + 1e-9)).all()
    np.testing.assert_allclose(
        left.variance[:, 0, 3], left.mean[:, 0, 3] * (1.0 + left.mean[:, 0, 3] / shape[:, 0]), rtol=1e-9
    )
    none = (1.0 + left.mean[:, 0, 3] / shape[:, 0]) ** -shape[:, 0]
    np.testing.assert_allclose(left.p_any[:, 0, 3], left.exists[:, 0] * (1.0 - none), rtol=1e-9)


def test_blocks_draws_and_order_change_nothing(weighed: Weighed, monkeypatch: pytest.MonkeyPatch) -> None:
    every = whole(weighed)
    monkeypatch.setattr("remnant.field.area_laws._NUMBERS_AT_ONCE", 1)
    some, draws = np.array([1, 4, 7]), np.arange(5, 300, 7)
    part = whole(weighed, areas=some, draws=draws)
    assert part.area.tolist() == some.tolist()
    for name in ("exists", "p_any", "mean", "variance"):
        np.testing.assert_array_equal(getattr(part, name), getattr(every, name)[np.ix_(draws, some)])


def test_an_area_under_another_has_nothing_of_its_own(worlds: ModuleType) -> None:
    box = shapely.box(0, 0, 200, 200)
    case = worlds.case_of(
        worlds.areas([box, box.buffer(-10)], ["CHA", "SHA"], [("PMN",), ("PMN",)]),
        worlds.searches([], [], [], [], []),
        num_draws=20,
    )
    left = whole(weigh(case))
    assert (left.expected[:, 1] == 0.0).all()
    assert (left.expected[:, 0] > 0.0).any()
