from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.decide.plan import (
    Access,
    Must,
    PlanAnswer,
    Programme,
    Reported,
    Weights,
    after_reports,
    days_each,
    faults_of,
    make_plan,
    options_of,
)
from remnant.decide.plan.calendar import harm_after, work_days
from remnant.errors import InvalidInput, NotEstimable

sys.path.insert(0, str(Path(__file__).parent))
from programmes import PERIODS, TEAMS, programme, sure

quick = settings(max_examples=8, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def answer() -> PlanAnswer:
    return make_plan(programme(20, weights=Weights(compact=0.1)), seed=1, num_draws=8)


def test_plan_is_accepted_by_the_independent_check(answer: PlanAnswer) -> None:
    assert answer.tasks
    assert faults_of(answer.programme, answer.tasks) == ()


@given(st.integers(0, 1000), st.booleans(), st.floats(0.2, 3.0))
@quick
def test_check_accepts_every_plan(seed: int, carry_over: bool, richer: float) -> None:
    periods = tuple(dataclasses.replace(p, budget_usd=p.budget_usd * richer) for p in PERIODS)
    asked = programme(10, seed=seed, carry_over=carry_over, periods=periods)
    found = make_plan(asked, seed=1, num_draws=0)  # raises where the check does not accept it
    assert found.solution.greedy <= found.solution.value <= found.solution.bound
    assert all(bool(why) != (name in {t.area_id for t in found.tasks})
               for name, why in zip(asked.areas.area_id, found.reasons, strict=True))  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: {"usd": tuple(0.5 * u for u in t.usd)}, "cost"),
        (lambda t: {"team_days": tuple(0.5 * d for d in t.team_days)}, "team-days planned"),
        (lambda t: {"area_id": "A-unknown"}, "no such area"),
        (lambda t: {"land_m2": t.land_m2 + 5.0}, "land returned"),
        (lambda _: {"first": 0, "last": 0}, "outside the periods"),
    ],
)
def test_check_rejects_a_corrupted_plan(answer: PlanAnswer, change: object, says: str) -> None:
    assert callable(change)
    one = next(t for t in answer.tasks if t.action == "clear" or t.action == "survey")
    if says.startswith("outside"):
        one = next(t for t in answer.tasks if t.first == 1 and t.action != "monitor")
    bad = tuple(dataclasses.replace(t, **change(t)) if t is one else t for t in answer.tasks)
    assert any(says in fault for fault in faults_of(answer.programme, bad))


def test_check_rejects_twice_served_missing_and_overspent(answer: PlanAnswer) -> None:
    asked = answer.programme
    assert any("twice" in f for f in faults_of(asked, answer.tasks + answer.tasks[:1]))
    poorer = dataclasses.replace(
        asked, periods=tuple(dataclasses.replace(p, budget_usd=1.0) for p in asked.periods)
    )
    assert any("USD planned" in f for f in faults_of(poorer, answer.tasks))
    wanted = dataclasses.replace(asked, must=(Must(area_id=answer.tasks[0].area_id),))
    assert any("must be in the plan" in f for f in faults_of(wanted, answer.tasks[1:]))


def test_working_days_by_hand() -> None:
    # January to June 2026 has 31 + 30 + 31 + 30 = 122 days from March on; 5 of 7 are worked: 87.14
    assert work_days(TEAMS[0], programme(2))[0] == pytest.approx(122 * 5 / 7)


def test_expected_days_of_a_range_exceed_those_of_its_middle() -> None:
    # log-normal 100 to 400: median 200, sd of the logarithm ln(4) / 3.2897 = 0.42140; E[1/x] = e^(sd²/2) / 200
    team = dataclasses.replace(TEAMS[0], m2_per_day=sure(100, 400))
    assert days_each(team, np.array([200.0]))[0] == pytest.approx(np.exp(0.5 * 0.421400**2), rel=1e-5)


def test_harm_is_the_integral_of_straight_lines() -> None:
    asked = programme(2)
    rate = np.array([[10.0, 4.0]])  # falls from 10 to 4 between the two dates, then stays
    start, end = asked.areas.dates_d
    year = 365.25
    got = harm_after(asked.areas, rate, np.array([start, end]), end + year)
    assert got[0].tolist() == pytest.approx([7.0 * (end - start) / year + 4.0, 4.0])
    fine = np.linspace(start + 100, end + year, 200_001)
    by_sum = np.interp(fine, asked.areas.dates_d, rate[0]).mean() * (fine[-1] - fine[0]) / year
    assert harm_after(asked.areas, rate, np.array([start + 100]), end + year)[0, 0] == pytest.approx(
        by_sum, rel=1e-6
    )


def test_harm_that_time_takes_away_counts_less_and_the_answer_says_wait() -> None:
    lasting, fading = programme(3), programme(3)
    harm = np.repeat(lasting.areas.harm[:, :, :1], 2, axis=2)
    gone = harm * np.array([1.0, 0.01])
    lasting = dataclasses.replace(lasting, areas=dataclasses.replace(lasting.areas, harm=harm))
    fading = dataclasses.replace(fading, areas=dataclasses.replace(fading.areas, harm=gone))
    assert options_of(fading).harm.sum() < options_of(lasting).harm.sum()
    assert all(make_plan(fading, seed=1, num_draws=0).waits)
    assert not any(make_plan(lasting, seed=1, num_draws=0).waits)


def test_no_action_takes_all_harm_away_and_cancelling_takes_none() -> None:
    options = options_of(programme(15))
    assert options.factor.max() < 1.0
    nts = [t.action for t in TEAMS].index("cancel")
    assert np.all(options.factor[options.team == nts] == 0.0)


def test_must_and_deadline_are_kept() -> None:
    asked = programme(8, must=(Must(area_id="A-3", actions=("clear",), by=dt.date(2026, 6, 30)),))
    task = next(t for t in make_plan(asked, seed=1, num_draws=0).tasks if t.area_id == "A-3")
    assert (task.action, task.last) == ("clear", 0)


def test_infeasible_wishes_say_what_to_relax_and_the_relaxation_works() -> None:
    all_of_them = tuple(Must(area_id=f"A-{i}", actions=("clear",)) for i in range(6))
    asked = programme(
        6, must=all_of_them, periods=tuple(dataclasses.replace(p, budget_usd=5000.0) for p in PERIODS)
    )
    with pytest.raises(NotEstimable, match=r"What to relax: .*budget of .*more"):
        make_plan(asked, seed=1)


def test_area_that_must_be_done_but_cannot_be_reached_is_named() -> None:
    asked = programme(
        4, must=(Must(area_id="A-1"),), access=(Access(area_id="A-1", start=dt.date(2028, 1, 1)),)
    )
    with pytest.raises(NotEstimable, match=r"A-1: no day in season has access"):
        make_plan(asked, seed=1)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"must": (Must(area_id="B-9"),)}, "area 'B-9' must be among"),
        ({"teams": TEAMS[1:2]}, "follow_up must name a team type that clears"),
        ({"periods": PERIODS[::-1]}, "periods must follow each other"),
        ({"periods": ()}, "needs a period"),
        ({"horizon": dt.date(2026, 2, 1)}, "horizon must lie after"),
    ],
)
def test_programmes_that_do_not_hold_together_are_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        programme(4, **changed)


def test_draws_give_shares_and_a_regret_that_is_never_negative(answer: PlanAnswer) -> None:
    assert answer.regret.size == 8
    assert np.all((answer.regret >= 0.0) & (answer.regret < 1.0))
    assert np.all((answer.share >= 0.0) & (answer.share <= 1.0) & (answer.same <= answer.share))


def test_front_runs_from_most_harm_to_most_land() -> None:
    front = make_plan(programme(15), seed=1, num_draws=0, num_front=6).front
    assert len(front) >= 2
    assert np.all(np.diff([p.harm for p in front]) < 0.0)
    assert np.all(np.diff([p.land_m2 for p in front]) > 0.0)


def test_completion_without_ranges_is_the_day_that_the_work_comes_to() -> None:
    # one area of 1000 m² at 100 m² a day is 10 working days, 14 calendar days: done on 15 January
    asked = programme(1)
    team = dataclasses.replace(TEAMS[0], m2_per_day=sure(100), months=tuple(range(1, 13)), days_per_week=5.0)
    asked = dataclasses.replace(
        asked, teams=(team,), deadline=dt.date(2026, 2, 1),
        areas=dataclasses.replace(asked.areas, area_m2=np.array([1000.0])),
    )  # fmt: skip
    plan, every = make_plan(asked, seed=1, num_draws=0).completion
    assert plan.date(0.5) == every.date(0.5)
    assert abs((plan.date(0.5) or dt.date.max) - dt.date(2026, 1, 15)) <= dt.timedelta(days=1)
    assert plan.p_by_deadline == 1.0


def test_reports_close_areas_free_choices_and_take_money() -> None:
    asked = programme(10)
    before = make_plan(asked, seed=1, num_draws=0)
    first, second, third = (t.area_id for t in before.tasks[:3])
    day = dt.date(2026, 5, 1)
    left, kept = after_reports(
        asked,
        [Reported(area_id=first, outcome="done", date=day, usd=20_000.0),
         Reported(area_id=second, outcome="found", date=day, usd=1_000.0),
         Reported(area_id=third, outcome="under way", date=day, share=0.5)],
    )  # fmt: skip
    assert first not in left.areas.area_id
    assert len(kept) == 9
    assert left.periods[0].start == day
    assert left.periods[0].budget_usd == 39_000.0
    again = make_plan(left, seed=1, num_draws=0)
    assert third in {t.area_id for t in again.tasks}
    assert all(t.action in ("clear", "monitor") for t in again.tasks if t.area_id == second)


def test_reports_of_strangers_and_of_everything_are_refused() -> None:
    asked: Programme = programme(2)
    day = dt.date(2026, 5, 1)
    with pytest.raises(InvalidInput, match="'X' must be one of the programme"):
        after_reports(asked, [Reported(area_id="X", outcome="done", date=day)])
    with pytest.raises(InvalidInput, match="all of them are reported as done"):
        after_reports(asked, [Reported(area_id=a, outcome="done", date=day) for a in asked.areas.area_id])


def test_same_seed_gives_the_same_plan() -> None:
    one, two = (make_plan(programme(12), seed=4, num_draws=3) for _ in range(2))
    assert one.tasks == two.tasks
    assert np.array_equal(one.completion[1].days, two.completion[1].days)
