"""Waiting as a task: what it takes, brings and rests on."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from remnant.decide.plan import Must, PlanAnswer, Programme, TeamType, faults_of, make_plan
from remnant.decide.plan.options import options_of, waited_out
from remnant.errors import InvalidInput
from remnant.io.plan_table import read_plan_areas
from remnant.units import YEAR_D, day_number

sys.path.insert(0, str(Path(__file__).parent))
from programmes import PERIODS, TEAMS, areas, programme, sure

WATCH = TeamType(
    name="marks kept up", action="wait", num_teams=1, days_per_task=sure(2, unit="d"), removes=0.3,
    usd_per_day=sure(100, unit="USD/d"),
)  # fmt: skip
SOON = day_number(PERIODS[0].end) - 30.0


def with_waits(until: float = SOON, **changed: object) -> Programme:
    """Area 0 is over by itself soon, area 1 in the second period, area 2 after the plan, the others never."""
    there = areas(6)
    waits = np.full(6, np.nan)
    waits[:3] = until, day_number(PERIODS[1].end), day_number(PERIODS[1].end) + 1.0
    return programme(areas=replace(there, wait_until_d=waits), teams=(*TEAMS, WATCH), **changed)


def plan(asked: Programme) -> PlanAnswer:
    return make_plan(asked, seed=1, num_draws=4)


def test_a_wait_ends_with_the_period_in_which_time_has_done_its_part() -> None:
    assert waited_out(with_waits()).tolist() == [0, 1, -1, -1, -1, -1]
    assert (waited_out(programme(6)) == -1).all()


def test_what_a_wait_takes_and_brings_by_hand() -> None:
    asked = with_waits()
    options = options_of(asked)
    mine = np.flatnonzero(options.team == len(TEAMS))
    assert options.area[mine].tolist() == [0, 1, 1]
    first = mine[0]
    assert options.days[first].tolist() == [2.0, 0.0]
    assert options.usd[first].sum() == pytest.approx(200.0)
    assert options.land_m2[first] == asked.areas.area_m2[0]
    start, end = (day_number(d) for d in (PERIODS[0].start, PERIODS[0].end))
    rate = asked.areas.harm.mean(axis=0)[0]
    at = np.interp([start, end], asked.areas.dates_d, rate)
    assert options.harm[first] == pytest.approx(0.3 * at.mean() * (end - start) / YEAR_D)


def test_a_plan_with_nothing_but_waits_waits_where_it_pays_and_is_checked() -> None:
    asked = replace(with_waits(), teams=(WATCH,))
    answer = plan(asked)
    assert {t.area_id for t in answer.tasks} == {"A-0", "A-1"}
    assert answer.land_m2 == pytest.approx(asked.areas.area_m2[:2].sum())
    assert faults_of(asked, answer.tasks) == ()
    late = replace(asked.areas, wait_until_d=asked.areas.wait_until_d + 400.0)  # type: ignore[operator]
    assert any("time alone" in f for f in faults_of(replace(asked, areas=late), answer.tasks))


def test_an_area_that_must_wait_waits() -> None:
    answer = plan(with_waits(must=(Must(area_id="A-1", actions=("wait",)),)))
    task = next(t for t in answer.tasks if t.area_id == "A-1")
    assert (task.action, task.last) == ("wait", 1)


def test_waiting_is_no_work_on_the_ground_so_it_does_not_complete_an_area() -> None:
    asked = replace(with_waits(), teams=(WATCH, TEAMS[0]), must=(Must(area_id="A-0", actions=("wait",)),))
    cleared = plan(replace(asked, must=()))
    assert plan(asked).completion[1].days.mean() == pytest.approx(cleared.completion[1].days.mean(), rel=0.05)


def test_without_a_team_that_waits_the_day_is_told() -> None:
    answer = plan(replace(with_waits(), teams=TEAMS))
    assert "time alone keeps the limits of the release policy" in answer.waits[0]
    assert answer.waits[5] == "" or "half" in answer.waits[5]


def test_a_table_brings_the_day(tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    file.write_text("area_id,area_m2,harm,wait_until\na,1000,2,2026-05-01\nb,1000,2,\n")
    read, _ = read_plan_areas(file, seed=1, day=20000.0)
    assert read.wait_until_d is not None
    assert read.wait_until_d[0] == 20574.0
    assert np.isnan(read.wait_until_d[1])
    file.write_text("area_id,area_m2,harm,wait_until\na,1000,2,soon\n")
    with pytest.raises(InvalidInput, match=r"areas.csv, row 1: wait_until must be a day such as 2027-03-14"):
        read_plan_areas(file, seed=1, day=20000.0)
