"""Small programmes for the tests of plans."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from remnant.catalogue import Range
from remnant.decide.plan import Period, PlanAreas, Problem, Programme, TeamType


def sure(low: float, high: float | None = None, unit: str = "m2/d") -> Range:
    return Range(low=low, high=low if high is None else high, unit=unit, basis="judgement", source="a test")


def areas(num: int, *, seed: int = 1, draws: int = 12, m2: float = 4000.0) -> PlanAreas:
    rng = np.random.default_rng(seed)
    p_any = rng.beta(0.6, 0.8, num)
    items = p_any * rng.lognormal(1.0, 0.7, num)
    harm = items[None, :, None] * rng.gamma(3.0, 1.0 / 3.0, (draws, num, 1)) * np.array([1.0, 0.6])
    pairs = np.stack([np.arange(num - 1), np.arange(1, num)], axis=1)
    return PlanAreas(
        area_id=tuple(f"A-{i}" for i in range(num)), area_m2=m2 * rng.lognormal(0.0, 0.6, num), harm=harm,
        dates_d=np.array([20454.0, 21550.0]), p_any=p_any, items=items, harm_unit="armed items",
        place_known=np.ones(num, bool), pairs=pairs,
    )  # fmt: skip


PERIODS = (
    Period(name="first", start=dt.date(2026, 1, 1), end=dt.date(2026, 7, 1), budget_usd=60_000.0),
    Period(name="second", start=dt.date(2026, 7, 1), end=dt.date(2027, 1, 1), budget_usd=60_000.0),
)
TEAMS = (
    TeamType(name="manual", action="clear", num_teams=1, m2_per_day=sure(80, 200), usd_per_day=sure(600, unit="USD/d"),
             removes=0.99, months=(3, 4, 5, 6, 7, 8, 9, 10)),
    TeamType(name="survey", action="survey", num_teams=1, m2_per_day=sure(400, 900), removes=0.8, covers=0.4,
             usd_per_day=sure(500, unit="USD/d"), usd_per_task=400.0, follow_up="manual"),
    TeamType(name="nts", action="cancel", num_teams=1, days_per_task=sure(2, 4, "d"),
             usd_per_day=sure(200, unit="USD/d")),
    TeamType(name="marking", action="monitor", num_teams=1, days_per_task=sure(1, unit="d"), removes=0.2,
             usd_per_day=sure(150, unit="USD/d")),
)  # fmt: skip


def programme(num: int = 12, *, seed: int = 1, **changed: Any) -> Programme:
    given: dict[str, Any] = {
        "areas": areas(num, seed=seed), "periods": PERIODS, "teams": TEAMS, "horizon": dt.date(2036, 1, 1),
    }  # fmt: skip
    return Programme(**(given | changed))


def bare(
    rng: np.random.Generator, num_groups: int, *, ways: int = 2, rows: int = 2, tight: float = 0.5
) -> Problem:
    """A problem of choice without a programme; neighbours in a chain."""
    num = num_groups * ways
    use = rng.uniform(0.5, 3.0, (num, rows)) * (rng.random((num, rows)) < 0.8)
    return Problem(
        group=np.repeat(np.arange(num_groups), ways), value=rng.uniform(0.1, 5.0, num), use=csr_array(use),
        capacity=np.full(rows, tight * num_groups), must=np.zeros(num_groups, bool),
        pairs=np.stack([np.arange(num_groups - 1), np.arange(1, num_groups)], axis=1),
        pair_value=rng.uniform(0.0, 1.5, num_groups - 1), cost=use.sum(axis=1) + 1e-3,
    )  # fmt: skip
