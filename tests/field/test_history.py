"""Exposure and what remains, by hand and through the closed form of fate."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import shapely

from remnant.evidence import Case, History, SearchStep, reduce_case
from remnant.fate import state_probabilities
from remnant.field import ParameterTable, parameters_of
from remnant.field.history import compile_histories

DAY = 19_000.0


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    box = shapely.box(0, 0, 100, 100)
    return worlds.case_of(
        worlds.areas([box], ["SHA"], [("PMN", "PFM-1S")]),
        worlds.searches([box, box], ["dogs", "manual detector"], [worlds.D0] * 2, [1.0, 1.0], [True, True]),
    )


@pytest.fixture(scope="module")
def table(case: Case) -> ParameterTable:
    return parameters_of(case, reduce_case(case))


@pytest.fixture(scope="module")
def z(table: ParameterTable) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((7, len(table.parameters)))


def ordnance(table: ParameterTable, *, sd: bool) -> int:
    """The class with a self-destruct, or the one without."""
    return next(i for i, m in enumerate(table.class_models) if (m.p_sd_fails.low < 1.0) == sd)


def step(
    method: str, first: float | None, last: float, coverage: float = 1.0, known: bool = True
) -> SearchStep:
    return SearchStep(method=method, first_day=first, last_day=last, coverage=coverage, is_known=known)


def answer(
    table: ParameterTable, z: np.ndarray, dates: list[float], *histories: History
) -> tuple[np.ndarray, np.ndarray]:
    compiled = compile_histories(histories, table, DAY + 1000.0, dates)
    values = table.values(z)
    return compiled.exposure(table, z, values), compiled.remaining(table, z, values)


def detect(table: ParameterTable, z: np.ndarray, method: str) -> Any:
    return table.values(z)[:, table.method_detect[method]]


def present(table: ParameterTable, c: int, z: np.ndarray, age: float) -> np.ndarray:
    return state_probabilities(age, table.fate(c, z))[:, :3].sum(axis=1)


def test_two_searches_of_a_mine_that_never_goes_multiply_their_misses(
    table: ParameterTable, z: np.ndarray
) -> None:
    c = ordnance(table, sd=False)
    h = History(
        ordnance=c,
        arrivals=((1.0, DAY, DAY),),
        searches=(step("dogs", DAY + 10, DAY + 10, 0.7), step("manual detector", DAY + 50, DAY + 50, 0.9)),
    )
    exposure, left = answer(table, z, [DAY + 1000], h)
    one, two = 0.7 * detect(table, z, "dogs"), 0.9 * detect(table, z, "manual detector")
    assert exposure[:, 0] == pytest.approx(one + (1 - one) * two)
    assert left[:, 0, 0].sum(axis=1) == pytest.approx((1 - one) * (1 - two))


def test_the_first_search_of_unknown_outcome_shields_the_second(table: ParameterTable, z: np.ndarray) -> None:
    c = ordnance(table, sd=False)
    h = History(
        ordnance=c,
        arrivals=((1.0, DAY, DAY),),
        searches=(step("dogs", DAY + 10, DAY + 10, known=False), step("manual detector", DAY + 50, DAY + 50)),
    )
    exposure, _ = answer(table, z, [DAY + 1000], h)
    assert exposure[:, 0] == pytest.approx(
        (1 - detect(table, z, "dogs")) * detect(table, z, "manual detector")
    )


@pytest.mark.parametrize("age", [0.0, 1.0, 3.0, 40.0, 700.0])
def test_a_search_meets_only_what_has_not_destroyed_itself(
    table: ParameterTable, z: np.ndarray, age: float
) -> None:
    c = ordnance(table, sd=True)
    h = History(ordnance=c, arrivals=((1.0, DAY, DAY),), searches=(step("dogs", DAY + age, DAY + age, 0.6),))
    exposure, left = answer(table, z, [DAY + 800, DAY + 5000], h)
    works = 0.6 * detect(table, z, "dogs")
    assert exposure[:, 0] == pytest.approx(works * present(table, c, z, age))
    for t, later in enumerate((800.0, 5000.0)):
        states = state_probabilities(later, table.fate(c, z))[:, :3]
        assert left[:, 0, t] == pytest.approx((1 - works)[:, None] * states)


def test_a_range_of_arrival_days_is_averaged_over(table: ParameterTable, z: np.ndarray) -> None:
    c = ordnance(table, sd=True)
    h = History(ordnance=c, arrivals=((1.0, DAY, DAY + 80),), searches=(step("dogs", DAY + 90, DAY + 90),))
    exposure, left = answer(table, z, [DAY + 100], h)
    ages = 90.0 - (np.arange(800) + 0.5) / 10.0
    fine = np.mean([present(table, c, z, a) for a in ages], axis=0) * detect(table, z, "dogs")
    assert exposure[:, 0] == pytest.approx(fine, rel=0.03)  # eight midpoints, ages in whole days
    later = np.mean([state_probabilities(a + 10.0, table.fate(c, z))[:, :3] for a in ages], axis=0)
    assert left[:, 0, 0] == pytest.approx((1 - detect(table, z, "dogs"))[:, None] * later, rel=0.03)


def test_a_range_of_search_days_is_averaged_over(table: ParameterTable, z: np.ndarray) -> None:
    c = ordnance(table, sd=True)
    h = History(ordnance=c, arrivals=((1.0, DAY, DAY),), searches=(step("dogs", DAY + 100, DAY + 160),))
    exposure, _ = answer(table, z, [DAY + 1000], h)
    wanted = np.mean([present(table, c, z, a) for a in (110.0, 130.0, 150.0)], axis=0) * detect(
        table, z, "dogs"
    )
    assert exposure[:, 0] == pytest.approx(wanted)


def test_two_arrivals_weigh_by_their_shares(table: ParameterTable, z: np.ndarray) -> None:
    """The search comes between them: it meets a quarter of the items and leaves the later ones untouched."""
    c = ordnance(table, sd=False)
    h = History(
        ordnance=c,
        arrivals=((0.25, DAY, DAY), (0.75, DAY + 60, DAY + 60)),
        searches=(step("dogs", DAY + 30, DAY + 30),),
    )
    exposure, left = answer(table, z, [DAY + 1000], h)
    p = detect(table, z, "dogs")
    assert exposure[:, 0] == pytest.approx(0.25 * p)
    assert left[:, 0, 0].sum(axis=1) == pytest.approx(0.25 * (1 - p) + 0.75)


def test_items_of_unknown_date_are_as_young_as_the_records_allow(
    table: ParameterTable, z: np.ndarray
) -> None:
    c = ordnance(table, sd=True)
    unknown = History(ordnance=c, arrivals=((1.0, None, None),), searches=(step("dogs", DAY + 30, DAY + 30),))
    same_day = History(ordnance=c, arrivals=((1.0, DAY + 30, DAY + 30),), searches=unknown.searches)
    one, two = answer(table, z, [DAY + 1000], unknown), answer(table, z, [DAY + 1000], same_day)
    assert (one[0] == two[0]).all()
    assert (one[1] == two[1]).all()


def test_items_that_come_after_the_asked_date_are_not_there_yet(table: ParameterTable, z: np.ndarray) -> None:
    for sd in (False, True):
        h = History(ordnance=ordnance(table, sd=sd), arrivals=((1.0, DAY + 50, DAY + 50),), searches=())
        _, left = answer(table, z, [DAY, DAY + 60], h)
        assert (left[:, 0, 0] == 0.0).all()
        assert left[:, 0, 1].sum(axis=1).min() > 0.0


def test_no_history_gives_no_rows(table: ParameterTable, z: np.ndarray) -> None:
    exposure, left = answer(table, z, [DAY])
    assert exposure.shape == (7, 0)
    assert left.shape == (7, 0, 1, 3)


def test_exposure_and_what_remains_never_exceed_what_came(table: ParameterTable, z: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    histories = []
    for _ in range(40):
        steps = tuple(
            step(
                ("dogs", "manual detector")[rng.integers(2)],
                None if rng.random() < 0.2 else DAY + a,
                DAY + a + rng.integers(0, 90),
                rng.random(),
                rng.random() < 0.7,
            )
            for a in np.sort(rng.integers(0, 400, rng.integers(0, 5))).tolist()
        )
        histories.append(
            History(
                ordnance=int(rng.integers(len(table.class_models))),
                arrivals=((1.0, DAY - 20.0, DAY + 100.0),),
                searches=steps,
            )
        )
    exposure, left = answer(table, z, [DAY + 500.0, DAY + 5000.0], *histories)
    assert exposure.min() >= 0.0
    assert left.min() >= 0.0
    assert (exposure[:, :, None] + left.sum(axis=3)).max() <= 1.0 + 1e-12
