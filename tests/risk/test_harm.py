"""Harm: hand values, limits, properties, and simulation."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from remnant.catalogue import load_catalogue
from remnant.errors import InvalidInput, NotEstimable
from remnant.evidence import Case
from remnant.field import area_states, left_in_all
from remnant.numerics import even_normals
from remnant.risk import (
    DeminingDraws,
    People,
    civilian_harm,
    deminer_risk,
    draw_activities,
    draw_demining,
    individual_risk,
    share_in_bands,
    share_of_hours,
    share_of_year_left,
    users_of_areas,
    variance_shares,
)
from remnant.simulate import simulate_case
from remnant.units import Floats
from remnant.weighing import weigh

positive = st.floats(1e-6, 1e4)
chances = st.floats(0.0, 1.0)


def one(items: list[float], area: float, swept: list[float], p: list[list[float]], hurt: list[float]):  # type: ignore[no-untyped-def]
    """One draw, area and date."""
    return civilian_harm(
        np.array(items).reshape(1, 1, 1, 3),
        np.array([area]),
        np.array(swept).reshape(1, 1, -1),
        np.array(p).reshape(1, -1, 3),
        np.array(hurt).reshape(1, -1),
    )


def test_hand_case_of_two_activities() -> None:
    # By hand: A = 10,000 m²; farming sweeps 1,000 m², so meets each item 0.1 times a year; herding 200 m²: 0.02 times.
    # Armed: 4 items; p 0.5 and 0.25; r = 0.1·0.5 + 0.02·0.25 = 0.055; phi = (1 − e^−0.055)/0.055 = 0.9729973
    # Dud: 2 items; p 0.1 and 0; r = 0.01; phi = 0.99501663
    # accidents armed = 4 · 0.055 · 0.9729973 = 0.2140594; dud = 2 · 0.01 · 0.99501663 = 0.0199003
    # casualties = farming (4·0.05·0.9729973 + 0.0199003) · 1.5 + herding 4·0.005·0.9729973 · 2
    result = one([4, 0, 2], 1e4, [1000, 200], [[0.5, 0.01, 0.1], [0.25, 0.0, 0.0]], [1.5, 2.0])
    assert result.accidents.item() == pytest.approx(0.2140594 + 0.0199003, abs=2e-7)
    assert result.encounters.item() == pytest.approx(4 * 0.12 * 0.9729973 + 2 * 0.12 * 0.99501663, abs=2e-7)
    assert result.casualties.item() == pytest.approx(
        1.5 * (0.2 * 0.9729973 + 0.0199003) + 2 * 0.02 * 0.9729973, abs=2e-7
    )
    assert result.by_activity[2].sum() == pytest.approx(result.casualties.item())
    assert result.by_state.sum() == pytest.approx(result.casualties.item())
    assert result.by_state[0, 1, 0] == 0.0


@given(n=positive, swept=positive, p=chances, scale=st.floats(1e-3, 1e3))
def test_unit_rescaling_of_ground_changes_nothing(n: float, swept: float, p: float, scale: float) -> None:
    first = one([n, n, n], 1e3, [swept], [[p, p / 2, p / 3]], [1.0])
    other = one([n, n, n], 1e3 * scale, [swept * scale], [[p, p / 2, p / 3]], [1.0])
    assert other.casualties.item() == pytest.approx(first.casualties.item(), rel=1e-9)


@given(n=positive, swept=positive, p=chances)
def test_accidents_never_exceed_items_encounters_or_the_linear_rate(n: float, swept: float, p: float) -> None:
    result = one([n, 0, 0], 100.0, [swept], [[p, 0, 0]], [1.0])
    accidents = result.accidents.item()
    assert accidents <= n * (1 + 1e-12)
    assert accidents <= result.encounters.item() * (1 + 1e-12)
    assert accidents <= n * swept / 100.0 * p * (1 + 1e-12) + 1e-300


@given(n=positive, low=positive, more=positive, p=st.floats(0.01, 1.0))
def test_more_people_and_more_items_never_harm_less(n: float, low: float, more: float, p: float) -> None:
    few = one([n, 0, 0], 1e4, [low], [[p, 0, 0]], [1.0]).casualties.item()
    assert one([n, 0, 0], 1e4, [low + more], [[p, 0, 0]], [1.0]).casualties.item() >= few * (1 - 1e-12)
    assert one([n + more, 0, 0], 1e4, [low], [[p, 0, 0]], [1.0]).casualties.item() >= few * (1 - 1e-12)


@given(n=positive, swept=positive, p=chances, cut=st.floats(0.05, 0.95))
def test_an_area_cut_in_two_harms_as_much(n: float, swept: float, p: float, cut: float) -> None:
    parts = [
        one([n * c, 0, n * c], 1e4 * c, [swept * c], [[p, 0, p / 2]], [2.0]).casualties.item()
        for c in (cut, 1 - cut)
    ]
    assert sum(parts) == pytest.approx(
        one([n, 0, n], 1e4, [swept], [[p, 0, p / 2]], [2.0]).casualties.item(), rel=1e-9
    )


def test_no_people_and_no_items_do_no_harm_and_unknown_is_not_zero() -> None:
    p = [[0.9, 0.9, 0.9]]
    assert one([5, 5, 5], 1e4, [0.0], p, [1.0]).casualties.item() == 0.0
    assert one([0, 0, 0], 1e4, [1e5], p, [1.0]).casualties.item() == 0.0
    assert np.isnan(one([5, 5, 5], 1e4, [np.nan], p, [1.0]).casualties.item())
    assert np.isnan(one([np.nan, 5, 5], 1e4, [10.0], p, [1.0]).casualties.item())


def test_small_rates_keep_their_digits() -> None:
    assert share_of_year_left(np.array([1e-10])).item() == pytest.approx(1 - 5e-11, rel=1e-15)
    assert one([1e-6, 0, 0], 1e8, [1.0], [[1e-6, 0, 0]], [1.0]).casualties.item() == pytest.approx(
        1e-20, rel=1e-9
    )


def test_simulated_year_agrees_with_the_formula() -> None:
    # every item is met at random times of the year, and is gone once it functions
    rng = np.random.default_rng(5)
    area, swept, p, items = 400.0, (700.0, 150.0), ((0.6, 0.02, 0.2), (0.3, 0.01, 0.5)), (3.0, 2.0, 4.0)
    num = 60_000
    met, gone_off = np.zeros(num), np.zeros(num)
    for s, mean in enumerate(items):
        lies = rng.poisson(mean, num)
        for trial in range(lies.max()):
            here = lies > trial
            alive = here.copy()
            times = [rng.poisson(w / area, num) for w in swept]
            until = np.cumsum(times, axis=0)[:, :, None]  # the first meetings are farming, the next herding
            order = rng.permuted((np.arange(24) >= until).sum(axis=0), axis=1)
            for k in range(24):
                who = order[:, k]
                meets = alive & (who < 2)
                works = meets & (rng.random(num) < np.where(who == 0, p[0][s], p[1][s]))
                met += meets
                gone_off += works
                alive &= ~works
    result = one(list(items), area, list(swept), [list(row) for row in p], [1.0, 1.0])
    for seen, told in ((met, result.encounters), (gone_off, result.accidents)):
        assert abs(seen.mean() - told.item()) < 4 * seen.std() / np.sqrt(num)
    assert told.item() < 0.8 * sum(
        n * w / area * p[b][s] for s, n in enumerate(items) for b, w in enumerate(swept)
    )


def test_individual_risk_by_hand_and_by_simulation() -> None:
    # By hand: N = 2, W/A = 0.5, p = 0.4: expected 2(1 − e^−0.2) = 0.36253849; risk 1 − e^−0.36253849 = 0.30409...
    risk = individual_risk(
        np.array([2.0, 0, 0]).reshape(1, 1, 1, 3),
        np.array([100.0]),
        np.array([50.0]),
        np.array([[0.4, 0, 0]]),
    ).item()
    assert risk == pytest.approx(0.3040918, abs=1e-6)
    rng = np.random.default_rng(2)
    num = 200_000
    hit = rng.binomial(rng.poisson(2.0, num), 1 - (1 - 0.4 * 0.005) ** 100) > 0  # 100 walks of 0.5 m² each
    assert abs(hit.mean() - risk) < 4 * hit.std() / np.sqrt(num) + 3e-4


def test_bands_hold_every_draw_and_unknown_stays_unknown() -> None:
    shares = share_in_bands(np.array([[1e-7, np.nan], [1e-6, 0.5], [1e-3, 0.5], [5e-5, 0.5]]))
    assert shares[:, 0].tolist() == [0.25, 0.25, 0.25, 0.25]
    assert np.isnan(shares[:, 1]).all()


# people


def test_hours_over_the_whole_plane_are_all_hours() -> None:
    r = np.linspace(0.0, 40_000.0, 400_001)
    ring = share_of_hours(r, 1000.0) * 2 * np.pi * r
    assert np.trapezoid(ring, r) == pytest.approx(1.0, abs=1e-6)


def _square(x: float, y: float, side: float) -> shapely.Geometry:
    return shapely.box(x, y, x + side, y + side)


def test_users_of_a_large_square_by_monte_carlo() -> None:
    people = People(
        x_m=np.array([300.0, 4000.0]), y_m=np.array([200.0, 0.0]), persons=np.array([500.0, 900.0])
    )
    square = np.array([_square(0, 0, 1500.0)], dtype=object)
    users = users_of_areas(people, square, np.array([[800.0]])).item()
    rng, num = np.random.default_rng(3), 400_000
    away, turn = rng.gamma(2.0, 800.0, num), rng.random(num) * 2 * np.pi  # radius of the kernel: Gamma(2, R)
    total = 0.0
    for x, y, persons in zip(people.x_m, people.y_m, people.persons, strict=True):
        inside = shapely.contains_xy(square[0], x + away * np.cos(turn), y + away * np.sin(turn))
        total += persons * inside.mean()
    assert users == pytest.approx(total, rel=0.01)


@pytest.mark.parametrize("turn", [0.0, 0.6, 1.57])
@pytest.mark.parametrize("away", [260.0, 420.0, 1500.0])
def test_an_area_seen_from_afar_is_its_integral(turn: float, away: float) -> None:
    # a strip of 160 m by 40 m, of a radius up to half the scale of 200 m; integral over 320 by 80 points
    people = People(
        x_m=np.array([away * np.cos(turn)]), y_m=np.array([away * np.sin(turn)]), persons=np.array([1000.0])
    )
    strip = np.array([shapely.box(-80.0, -20.0, 80.0, 20.0)], dtype=object)
    x, y = np.meshgrid(np.arange(-79.75, 80.0, 0.5), np.arange(-19.75, 20.0, 0.5))
    exact = 1000.0 * share_of_hours(np.hypot(x - people.x_m, y - people.y_m), 200.0).mean() * 160.0 * 40.0
    assert users_of_areas(people, strip, np.array([[200.0]])).item() == pytest.approx(exact, rel=3e-3)


def test_small_far_area_by_hand() -> None:
    # 1,000 people, 3 km away, R = 1 km, 100 m²: 1000 · 100 · e^−3 / (2π·10⁶) = 7.9239e-4
    people = People(x_m=np.array([0.0]), y_m=np.array([0.0]), persons=np.array([1000.0]))
    area = np.array([_square(2995.0, -5.0, 10.0)], dtype=object)
    assert users_of_areas(people, area, np.array([[1000.0]])).item() == pytest.approx(7.9239e-4, rel=1e-3)


def test_scales_between_those_worked_out_are_close() -> None:
    people = People(x_m=np.array([0.0]), y_m=np.array([0.0]), persons=np.array([1000.0]))
    area = np.array([_square(500.0, 0.0, 200.0)], dtype=object)
    reach = np.geomspace(300.0, 4000.0, 40)[:, None]
    exact = [users_of_areas(people, area, np.array([[r]])).item() for r in reach[:, 0]]
    assert np.allclose(users_of_areas(people, area, reach)[:, 0, 0], exact, rtol=0.02)


def test_unknown_people_leave_near_areas_unknown_and_far_ones_not() -> None:
    people = People(
        x_m=np.array([0.0, 0.0]), y_m=np.array([0.0, 50_000.0]), persons=np.array([np.nan, 100.0])
    )
    areas = np.array([_square(1000.0, 0.0, 100.0), _square(0.0, 49_000.0, 100.0), None], dtype=object)
    users = users_of_areas(people, areas, np.array([[1000.0]]))[0, :, 0]
    assert np.isnan(users[0])
    assert users[1] > 0.0
    assert np.isnan(users[2])  # its place is unknown


def test_a_place_of_unknown_number_counts_as_the_greatest_where_that_adds_little() -> None:
    # by hand: 1,000 people at the area, an unknown number 6 scales off: adds at most e^-6 = 0.25 %
    people = People(
        x_m=np.array([0.0, 0.0, 6000.0]),
        y_m=np.array([0.0, 0.0, 0.0]),
        persons=np.array([300.0, 700.0, np.nan]),
    )
    area = np.array([_square(-0.5, -0.5, 1.0)], dtype=object)
    expected = (1000.0 + 700.0 * np.exp(-6.0)) / (2 * np.pi * 1e6)
    assert users_of_areas(people, area, np.array([[1000.0]])).item() == pytest.approx(expected, rel=2e-3)
    near = replace(people, x_m=np.array([0.0, 0.0, 2000.0]))  # may add 9 %
    assert np.isnan(users_of_areas(near, area, np.array([[1000.0]])).item())
    nobody = replace(near, persons=np.array([0.0, 0.0, np.nan]))
    assert np.isnan(users_of_areas(nobody, area, np.array([[1000.0]])).item())


def test_few_unknown_pixels_count_like_the_known_ones_and_many_leave_it_unknown() -> None:
    x, y = (
        v.ravel()
        for v in np.meshgrid(np.arange(-9500.0, 10_000.0, 1000.0), np.arange(-9500.0, 10_000.0, 1000.0))
    )
    area = np.array([_square(-50.0, -50.0, 100.0)], dtype=object)
    full = People(x_m=x, y_m=y, persons=np.full(x.size, 20.0), is_pixel=True)
    some = full.persons.copy()
    some[np.hypot(x, y) > 8000.0] = np.nan
    few = People(x_m=x, y_m=y, persons=some, is_pixel=True)
    reach = np.array([[1500.0]])
    told = users_of_areas(full, area, reach).item()
    assert users_of_areas(few, area, reach).item() == pytest.approx(told, rel=1e-9)
    # 20 people a square kilometre use 100 m × 100 m: 0.2 of them, whatever the scale
    assert told == pytest.approx(0.2, rel=0.02)
    some[x > 0] = np.nan
    assert np.isnan(users_of_areas(People(x_m=x, y_m=y, persons=some, is_pixel=True), area, reach).item())


def test_negative_people_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"persons must be >= 0 and finite; 1 of 1 is not, first is -3"):
        People(x_m=np.zeros(1), y_m=np.zeros(1), persons=np.array([-3.0]))


# de-miners


def _demining(num: int = 1) -> DeminingDraws:
    full = np.ones(num)
    return DeminingDraws(
        pace_m2_per_h=5.0 * full, p_accident=np.tile([1e-3, 1e-4, 2e-3], (num, 1)), per_hour=1e-5 * full,
        per_m2=1e-7 * full, casualties=1.5 * full,
    )  # fmt: skip


def test_deminers_by_hand() -> None:
    # 10 armed, 20 expired, 5 duds on 10,000 m²: 0.01 + 0.002 + 0.01 + 2,000 h · 1e-5 + 10,000 · 1e-7 = 0.043
    risk = deminer_risk(np.array([[[10.0, 20.0, 5.0]]]), np.array([1e4]), _demining())
    assert risk.by_cause[0, 0].tolist() == pytest.approx([0.01, 0.002, 0.01, 0.02, 0.001])
    assert risk.accidents.item() == pytest.approx(0.043)
    assert risk.casualties.item() == pytest.approx(0.0645)
    assert risk.hours.item() == 2000.0
    assert risk.per_person_year.item() == pytest.approx(1 - np.exp(-0.043 * 1200 / 2000))


@given(items=st.floats(0, 1e4), area=st.floats(1.0, 1e7), cut=st.floats(0.01, 0.99))
def test_a_task_cut_in_two_is_the_same_risk(items: float, area: float, cut: float) -> None:
    whole = deminer_risk(np.full((1, 1, 3), items), np.array([area]), _demining()).accidents.item()
    parts = deminer_risk(
        np.array([[[items * c] * 3 for c in (cut, 1 - cut)]]), area * np.array([cut, 1 - cut]), _demining()
    )
    assert parts.accidents.sum() == pytest.approx(whole, rel=1e-9)


def test_deminers_by_simulation() -> None:
    rng, num = np.random.default_rng(4), 100_000
    seen = (
        rng.binomial(rng.poisson(10, num), 1e-3) + rng.binomial(rng.poisson(20, num), 1e-4)
        + rng.binomial(rng.poisson(5, num), 2e-3) + rng.poisson(2000 * 1e-5 + 1e4 * 1e-7, num)
    )  # fmt: skip
    told = deminer_risk(np.array([[[10.0, 20.0, 5.0]]]), np.array([1e4]), _demining()).accidents.item()
    assert abs(seen.mean() - told) < 4 * seen.std() / np.sqrt(num)


def test_areas_without_ground_are_refused() -> None:
    with pytest.raises(InvalidInput, match="every area_m2 above 0"):
        deminer_risk(np.zeros((1, 1, 3)), np.array([0.0]), _demining())
    with pytest.raises(InvalidInput, match="area_m2 must be above 0"):
        one([1, 0, 0], 0.0, [1.0], [[0.1, 0.1, 0.1]], [1.0])
    with pytest.raises(InvalidInput, match="Percent"):
        one([1, 0, 0], 1.0, [1.0], [[10, 0.1, 0.1]], [1.0])


# factors


def test_draws_of_the_catalogue_have_the_ranges_that_it_states() -> None:
    activities = load_catalogue().activities
    assert set(activities) == {"farming", "grazing", "wood_and_water", "transport", "play", "construction"}
    draws = draw_activities(activities, 4096, rng=np.random.default_rng(1))
    for b, entry in enumerate(activities.values()):
        low, high = np.quantile(draws.swept_m2_per_h[:, b], [0.05, 0.95])
        assert low == pytest.approx(entry.swept.low, rel=0.05)
        assert high == pytest.approx(entry.swept.high, rel=0.05)
        assert np.quantile(draws.reach_m[:, b], 0.95) == pytest.approx(1000 * entry.reach.high, rel=0.05)
    manual = draw_demining(load_catalogue().demining["manual"], 4096, rng=np.random.default_rng(1))
    assert np.quantile(manual.pace_m2_per_h, 0.95) == pytest.approx(10.0, rel=0.05)


def test_factors_do_not_go_along_with_items_drawn_from_a_sequence_of_their_own() -> None:
    # two Sobol sequences of one length, in their own order, are functions of one another
    factors = draw_activities(load_catalogue().activities, 1024, rng=np.random.default_rng(1))
    other = even_normals(1024, 12, rng=np.random.default_rng(2))
    for k in range(12):
        shares = variance_shares(
            np.exp(other[:, k]), {name: factors.hours_per_year[:, b] for b, name in enumerate(factors.names)}
        )
        assert max(shares.values()) < 0.05


def test_every_number_of_activities_and_demining_has_a_source() -> None:
    catalogue = load_catalogue()
    for entry in (*catalogue.activities.values(), *catalogue.demining.values()):
        ranges = [getattr(entry, key) for key in entry.__slots__ if hasattr(getattr(entry, key), "basis")]
        assert len(ranges) in (9, 7)
        assert all(r.source and (r.basis != "judgement" or r.source.startswith("judgement:")) for r in ranges)


def test_no_activity_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one activity"):
        draw_activities({}, 8, rng=np.random.default_rng(1))


@pytest.mark.parametrize("weights", [(1.0, 2.0, 0.5), (0.1, 0.1, 3.0)])
def test_variance_shares_of_a_product_of_log_normals_are_the_squares(weights: tuple[float, ...]) -> None:
    z = np.random.default_rng(8).standard_normal((8000, 3))
    a = np.array(weights)
    shares = variance_shares(np.exp(z @ a), {str(k): z[:, k] for k in range(3)})
    for k in range(3):
        assert shares[str(k)] == pytest.approx(a[k] ** 2 / (a @ a), abs=0.03)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


@given(scale=st.floats(1e-6, 1e6))
def test_variance_shares_do_not_depend_on_units(scale: float) -> None:
    z = np.random.default_rng(8).standard_normal((500, 2))
    harm: Floats = np.exp(z[:, 0] + 0.3 * z[:, 1])
    first = variance_shares(harm, {"a": z[:, 0]})["a"]
    assert variance_shares(scale * harm, {"a": np.exp(z[:, 0])})["a"] == pytest.approx(first, abs=1e-9)


def test_a_factor_that_does_nothing_explains_nothing_and_few_draws_are_refused() -> None:
    z = np.random.default_rng(9).standard_normal((2000, 2))
    shares = variance_shares(np.exp(z[:, 0]), {"a": z[:, 0], "idle": z[:, 1], "fixed": np.ones(2000)})
    assert shares["idle"] < 0.02
    assert shares["fixed"] == 0.0
    with pytest.raises(NotEstimable, match="64 draws"):
        variance_shares(np.ones(10), {"a": np.ones(10)})
    with pytest.raises(NotEstimable, match="the same in every draw"):
        variance_shares(np.ones(100), {"a": np.ones(100)})


# items of a case


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    return simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]


def test_items_by_state_add_up_to_the_moments_and_counts_of_the_case(case: Case) -> None:
    weighed = weigh(replace(case, num_draws=200))
    states = area_states(weighed.posterior, weighed.days, weighed.as_of_day)
    counted = weighed.counted
    known = ~np.isnan(states[0, :, 0, 0])
    assert known.any()
    every = np.arange(known.size)
    left = left_in_all(weighed.posterior, weighed.days[0], weighed.as_of_day, every)
    expected = left.expected[:, :, 3]
    assert np.allclose(states[:, known, 0].sum(axis=2), expected[:, known], rtol=1e-9)
    # counts of areas, drawn item by item, have these means
    for a, portions in weighed.area_portions.items():
        if portions.size == 1 and known[a]:
            mean = counted.portion.mean[portions[0], :, :3]
            error = np.sqrt(np.maximum(states[:, a].mean(axis=0), 1e-3) / 200) + states[:, a].std(axis=0)
            assert (np.abs(states[:, a].mean(axis=0) - mean) < 6 * error + 0.5).all()
