"""The release verdict: every branch, both errors, and what more search would change, against simulation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from remnant.decide import (
    Verdicts,
    Worked,
    after_clean_search,
    checks_of,
    in_all,
    search_share_needed,
    share_to_search,
    stands,
    two_errors,
    verdicts_of,
)
from remnant.evidence import CRITERIA, MinimumEvidence, Policy
from remnant.field import LeftInAreas

RANK = {"meets": 2, "cannot tell: survey": 1, "does not meet": 0}


def left_with(chance: Any, armed: Any = None) -> LeftInAreas:
    """One area with chances given draw by draw; its items are few: a Poisson of mean -log(1 - chance)."""
    every = np.atleast_1d(np.asarray(chance, float))
    every = np.broadcast_to(every, (200,)) if every.size == 1 else every
    some = every if armed is None else np.broadcast_to(np.asarray(armed, float), every.shape)
    p_any = np.stack([some, 0.0 * every, every - some, every], axis=1)[:, None]
    mean = -np.log1p(-np.minimum(p_any, 1.0 - 1e-12))
    return LeftInAreas(
        area=np.array([0]), exists=np.ones((len(every), 1)), p_any=p_any, mean=mean, variance=mean
    )


def work(**given: Any) -> Worked:
    values: dict[str, Any] = {
        "hazard_class": "SHA", "place_known": True, "searched_share": 1.0, "cleared_share": 1.0, "told_share": 1.0,
    }  # fmt: skip
    return Worked(**{k: np.atleast_1d(v) for k, v in (values | given).items()})


def verdict_on(policy: Policy, left: LeftInAreas, worked: Worked | None = None, **more: Any) -> Verdicts:
    worked = work() if worked is None else worked
    return verdicts_of(policy, checks_of(policy, left, np.array([1e6]), worked, **more), worked)


def test_no_limit_means_no_verdict() -> None:
    told = verdict_on(Policy(), left_with(0.5))
    assert (told.verdict[0], told.reasons[0]) == ("no policy stated", "the case states no release policy")


@pytest.mark.parametrize(
    ("chance", "wanted"),
    [
        (0.01, "meets"),
        (0.05, "meets"),  # the limit itself is allowed
        (0.30, "does not meet"),
        (np.linspace(0.01, 0.2, 200), "cannot tell: survey"),
        (np.r_[np.full(192, 0.01), np.full(8, 0.9)], "meets"),  # 4 % of the draws above the limit
        (np.r_[np.full(190, 0.01), np.full(10, 0.9)], "meets"),  # 5 %
        (np.r_[np.full(188, 0.01), np.full(12, 0.9)], "cannot tell: survey"),  # 6 % above
        (np.r_[np.full(8, 0.01), np.full(192, 0.9)], "does not meet"),  # 96 % above
        (np.r_[np.full(12, 0.01), np.full(188, 0.9)], "cannot tell: survey"),
    ],
)
@pytest.mark.parametrize("limited", ["p_any_armed_max", "p_any_explosive_max"])
def test_a_chance_is_judged_by_95_of_100_draws(chance: Any, wanted: str, limited: str) -> None:
    told = verdict_on(Policy(**{limited: 0.05}), left_with(chance))
    assert told.verdict[0] == wanted
    assert "limit 5 %" in told.reasons[0]
    assert ("armed item" in told.reasons[0]) == (limited == "p_any_armed_max")
    assert (told.deciding[0] == "") == (wanted == "meets")


@pytest.mark.parametrize(
    ("mean", "wanted"), [(4.0, "meets"), (10.0, "cannot tell: survey"), (40.0, "does not meet")]
)
@pytest.mark.parametrize("state", ["armed", "expired", "dud", "explosive"])
def test_a_density_limit_is_judged_by_the_items_that_are_there(mean: float, wanted: str, state: str) -> None:
    """One square kilometre, negative binomial of size 5: what scipy says of at most ten items decides."""
    shape = (100, 1, 4)
    left = LeftInAreas(
        area=np.array([0]), exists=np.ones((100, 1)), p_any=np.full(shape, 0.9), mean=np.full(shape, mean),
        variance=np.full(shape, mean + mean**2 / 5.0),
    )  # fmt: skip
    policy = Policy(density_q95_max_per_km2={state: 10.0})
    check = checks_of(policy, left, np.array([1e6]), work())[f"density_{state}"]  # type: ignore[index]
    assert check.sure[0] == pytest.approx(nbinom.cdf(10, 5.0, 5.0 / (5.0 + mean)), rel=1e-9)
    assert verdict_on(policy, left).verdict[0] == wanted


def test_a_density_limit_counts_the_chance_that_nothing_ever_lay_there() -> None:
    shape = (50, 1, 4)
    left = LeftInAreas(
        area=np.array([0]), exists=np.full((50, 1), 0.03), p_any=np.full(shape, 0.03), mean=np.full(shape, 500.0),
        variance=np.full(shape, 1000.0),
    )  # fmt: skip
    policy = Policy(density_q95_max_per_km2={"explosive": 10.0})
    assert checks_of(policy, left, np.array([1e6]), work())["density_explosive"].sure[0] == pytest.approx(
        0.97
    )


def test_the_worst_of_several_limits_decides_and_all_are_told() -> None:
    policy = Policy(
        p_any_armed_max=0.5, p_any_explosive_max=0.05, density_q95_max_per_km2={"explosive": 100.0}
    )
    told = verdict_on(policy, left_with(0.3, armed=0.1))
    assert told.verdict[0] == "does not meet"
    assert told.reasons[0].count(";") == 2
    assert told.deciding[0] == "p_any_explosive"
    unsure = left_with(np.linspace(0.0, 0.2, 200), armed=0.0)
    assert verdict_on(policy, unsure).verdict[0] == "cannot tell: survey"


def test_a_criterion_that_need_not_hold_is_told_and_decides_nothing() -> None:
    policy = Policy(p_any_armed_max=0.5, p_any_explosive_max=0.05, must_hold=("p_any_armed",))
    told = verdict_on(policy, left_with(0.3, armed=0.1))
    assert (told.verdict[0], told.deciding[0]) == ("meets", "")
    assert "it does not decide" in told.reasons[0]


@pytest.mark.parametrize(
    ("risk", "wanted"), [(1e-7, "meets"), (1e-3, "does not meet"), (np.nan, "cannot tell: survey")]
)
def test_a_limit_on_the_risk_of_a_person(risk: float, wanted: str) -> None:
    policy = Policy(individual_risk_max_per_year=1e-5)
    told = verdict_on(policy, left_with(0.3), risk=np.full((200, 1), risk))
    assert told.verdict[0] == wanted
    assert "yearly risk" in told.reasons[0]


@pytest.mark.parametrize(
    ("worked", "words"),
    [
        ({"searched_share": 0.4}, "40 % of its ground is searched, the policy asks for 90 %"),
        ({"cleared_share": 0.0}, "0 % of its ground is cleared"),
        ({"told_share": 0.0}, "no search with a recorded outcome"),
    ],
)
def test_missing_evidence_leaves_an_area_open_and_never_fails_it(
    worked: dict[str, float], words: str
) -> None:
    least = MinimumEvidence(
        hazard_class="SHA", searched_share_min=0.9, cleared_share_min=0.5, known_outcome=True
    )
    policy = Policy(p_any_explosive_max=0.05, minimum=(least,))
    assert verdict_on(policy, left_with(0.01)).verdict[0] == "meets"
    told = verdict_on(policy, left_with(0.01), work(**worked))
    assert (told.verdict[0], told.deciding[0]) == ("cannot tell: survey", "evidence")
    assert words in told.reasons[0]
    assert verdict_on(policy, left_with(0.5), work(**worked)).verdict[0] == "does not meet"
    assert verdict_on(policy, left_with(0.01), work(hazard_class="CHA", **worked)).verdict[0] == "meets"


def test_nothing_is_met_without_a_search_or_without_a_place() -> None:
    policy = Policy(p_any_explosive_max=0.05)
    told = verdict_on(policy, left_with(1e-9), work(searched_share=0.0))
    assert (told.verdict[0], "no recorded search" in told.reasons[0]) == ("cannot tell: survey", True)
    told = verdict_on(policy, left_with(1e-9), work(place_known=False))
    assert (told.verdict[0], "place is unknown" in told.reasons[0]) == ("cannot tell: survey", True)


def test_a_failed_area_stays_failed_without_a_search_or_a_place() -> None:
    policy = Policy(p_any_explosive_max=0.05)
    worked = work(searched_share=0.0, place_known=False)
    assert verdict_on(policy, left_with(0.9), worked).verdict[0] == "does not meet"


def test_areas_of_a_block_are_judged_as_if_alone() -> None:
    one, two = left_with(0.3), left_with(0.01)
    both = LeftInAreas(
        area=np.array([0, 1]),
        **{
            n: np.concatenate([getattr(one, n), getattr(two, n)], axis=1)
            for n in ("exists", "p_any", "mean", "variance")
        },
    )  # fmt: skip
    worked = work(
        hazard_class=np.array(["SHA", "SHA"]), place_known=np.array([True, True]), searched_share=np.ones(2),
        cleared_share=np.ones(2), told_share=np.ones(2),
    )  # fmt: skip
    policy = Policy(p_any_explosive_max=0.05)
    told = verdicts_of(policy, checks_of(policy, both, np.full(2, 1e6), worked), worked)
    assert told.verdict.tolist() == ["does not meet", "meets"]


chances = st.lists(st.floats(0, 0.999), min_size=2, max_size=40)


@given(chances, st.floats(0, 1), st.floats(0, 1), st.floats(0, 100))
def test_a_laxer_limit_never_gives_a_stricter_verdict(
    draws: list[float], one: float, two: float, density: float
) -> None:
    left = left_with(draws)
    low, high = sorted([one, two])
    pairs = [
        *(
            (Policy(**{name: low}), Policy(**{name: high}))
            for name in ("p_any_armed_max", "p_any_explosive_max")
        ),
        tuple(Policy(density_q95_max_per_km2={"explosive": density * (1.0 + v)}) for v in (low, high)),
    ]
    for strict, lax in pairs:
        assert RANK[verdict_on(lax, left).verdict[0]] >= RANK[verdict_on(strict, left).verdict[0]]


@given(chances, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_chance_never_gives_a_better_verdict(draws: list[float], limit: float, more: float) -> None:
    low = np.array(draws)
    high = np.minimum(low + more * (1.0 - low), 0.999_999)
    policy = Policy(p_any_explosive_max=limit)
    worse, better = (verdict_on(policy, left_with(d)).verdict[0] for d in (np.maximum(high, low), low))
    assert RANK[worse] <= RANK[better]


@pytest.mark.parametrize("chance", [0.0, 1e-12, 3e-4, 0.004, 0.0499, 0.5, 0.9951, 0.99999999, 1.0])
def test_reasons_never_round_a_chance_to_none_or_to_certainty(chance: float) -> None:
    reasons = verdict_on(Policy(p_any_explosive_max=0.05), left_with(chance)).reasons[0]
    shown = reasons.removeprefix("chance of any explosive item ").split(" %")[0]
    assert (shown == "0") == (chance == 0.0)
    assert (shown == "100") == (chance == 1.0)


def test_weights_of_draws_count_as_many_draws_would() -> None:
    """Draws repeated k times are the same as draws with weight k."""
    rng = np.random.default_rng(5)
    chance, times = rng.uniform(0.0, 0.2, 40), rng.integers(1, 5, 40)
    weight = (times / times.sum())[:, None]
    policy = Policy(p_any_explosive_max=0.1, density_q95_max_per_km2={"explosive": 0.0})
    worked, ground = work(), np.array([1e6])
    one = checks_of(policy, left_with(chance), ground, worked, weight=weight)
    many = checks_of(policy, left_with(np.repeat(chance, times)), ground, worked)
    for name in one:
        assert one[name].sure == pytest.approx(many[name].sure)
        assert one[name].mean == pytest.approx(many[name].mean)


def test_every_criterion_can_be_asked_for() -> None:
    policy = Policy(
        p_any_armed_max=0.1, p_any_explosive_max=0.1,
        density_q95_max_per_km2=dict.fromkeys(("armed", "expired", "dud", "explosive"), 1.0),
        individual_risk_max_per_year=1e-5, minimum=(MinimumEvidence(),),
    )  # fmt: skip
    assert policy.criteria == CRITERIA
    assert (
        tuple(checks_of(policy, left_with(0.1), np.array([1e6]), work(), risk=np.zeros((200, 1)))) == CRITERIA
    )


def test_what_cannot_be_known_is_neither_kept_nor_broken() -> None:
    assert stands(np.array([np.nan])).tolist() == [1]


# ---- both errors ----


def test_both_errors_by_hand() -> None:
    left = left_with(np.r_[np.full(100, 0.2), np.full(100, 0.4)])
    errors = two_errors(left, np.array([1000.0]))
    assert errors.p_item_left[0] == pytest.approx(0.3)
    assert errors.p_clean[0] == pytest.approx(0.7)
    assert errors.clean_m2_held[0] == pytest.approx(700.0)
    assert errors.break_even[0] == pytest.approx(7.0 / 3.0)
    assert errors.items_left[0] == pytest.approx(-0.5 * (np.log(0.8) + np.log(0.6)))
    assert np.isinf(two_errors(left_with(0.0), np.array([1.0])).break_even[0])


@pytest.mark.parametrize("is_held", [True, False])
def test_errors_over_all_areas_follow_the_chances(is_held: bool) -> None:
    """Mean by hand; the spread is that of independent areas given the draw, plus the spread of the draws."""
    rng = np.random.default_rng(2)
    chance = np.repeat(rng.uniform(0.1, 0.9, (1, 30)), 4000, axis=0) * np.repeat([[0.5], [1.0]], 2000, axis=0)
    chosen = np.arange(30) < 20
    found = in_all(chance, chosen, np.full(30, 10.0), rng=rng, is_held=is_held)
    wrong = 1.0 - chance[:, chosen] if is_held else chance[:, chosen]
    assert found["areas"][0] == pytest.approx(wrong.sum(axis=1).mean(), abs=0.2)
    assert found["size"][0] == pytest.approx(10.0 * found["areas"][0])
    assert found["areas"][1] < found["areas"][0] < found["areas"][2]


# ---- how much more to search ----

RNG = np.random.default_rng(21)
NUM = 60
EXISTS = RNG.uniform(0.05, 0.6, NUM)
MEAN = RNG.uniform(0.5, 6.0, NUM)
SIZE = RNG.uniform(0.3, 3.0, NUM)
VARIANCE = MEAN + MEAN**2 / SIZE
DETECT = RNG.uniform(0.75, 0.98, NUM)


def needed(limit, exists=EXISTS, mean=MEAN, variance=VARIANCE, detect=DETECT) -> float:
    """The share for one area."""
    column = [np.asarray(v, float)[:, None] for v in (exists, mean, variance)]
    return float(search_share_needed(limit, *column, np.asarray(detect, float))[0])


@pytest.mark.parametrize("limit", [0.2, 0.15, 0.08])
def test_the_share_to_search_leaves_the_limit_by_simulation(limit: float) -> None:
    """Simulate items, search a share of them, keep the runs without a find, look at what is left."""
    q, m, r, p = 0.35, 3.0, 0.8, 0.9
    share = needed(limit, [q], [m], [m + m * m / r], [p])
    assert 0.0 < share < 1.0
    rng = np.random.default_rng(3)
    num = 1_000_000
    items = rng.poisson(rng.gamma(r, m / r, num)) * (rng.random(num) < q)
    found = rng.binomial(items, share * p)
    kept = items[found == 0]
    left = (kept > 0).mean()
    assert left == pytest.approx(limit, abs=5 * np.sqrt(limit * (1 - limit) / kept.size))


def test_at_the_share_five_percent_of_the_weight_lies_above_the_limit() -> None:
    """Weights and chances after a search without a find, draw by draw, by the formula of the notes."""
    share = needed(0.25)
    assert 0.0 < share < 1.0

    def above(c: float) -> float:
        weight = 1.0 - EXISTS + EXISTS * (1.0 + c * DETECT * MEAN / SIZE) ** -SIZE
        nothing = 1.0 - EXISTS + EXISTS * (1.0 + MEAN / SIZE) ** -SIZE
        return float(weight[1.0 - nothing / weight > 0.25].sum() / weight.sum())

    assert above(share + 1e-6) <= 0.05 < above(share - 1e-6)


def test_a_stricter_limit_needs_more_search() -> None:
    shares = [needed(v) for v in (0.6, 0.5, 0.4, 0.3, 0.28, 0.25)]
    assert all(a <= b for a, b in itertools.pairwise(shares))
    assert shares[0] == 0.0


def test_a_limit_below_what_one_pass_can_show_has_no_share() -> None:
    assert np.isnan(needed(1e-4))


def test_a_better_method_needs_less_ground() -> None:
    weak, strong = (needed(0.3, detect=np.full(NUM, p)) for p in (0.8, 0.99))
    assert strong < weak


def test_one_certain_poisson_area_is_the_formula_by_hand() -> None:
    """q = 1/2, m = 2, Poisson, p = 1: P(any | none found) = 1 - (1/2 + e^-2/2) / (1/2 + e^-2c/2) = 0.1."""
    inside = (0.5 + 0.5 * np.exp(-2.0)) / 0.9
    wanted = -0.5 * np.log(2.0 * inside - 1.0)
    assert needed(0.1, [0.5], [2.0], [2.0], [1.0]) == pytest.approx(
        wanted, abs=2e-6
    )  # bisected to a millionth


def test_areas_are_answered_one_by_one() -> None:
    both = [np.stack([v, v[::-1]], axis=1) for v in (EXISTS, MEAN, VARIANCE)]
    got = search_share_needed(0.3, *both, DETECT)
    assert got[0] == needed(0.3)
    assert got[1] == needed(0.3, EXISTS[::-1], MEAN[::-1], VARIANCE[::-1])


def test_ground_that_holds_nothing_needs_no_search() -> None:
    assert needed(0.0, np.zeros(3), np.ones(3), np.ones(3), np.ones(3)) == 0.0
    assert needed(0.01, np.ones(3), np.zeros(3), np.zeros(3), np.ones(3)) == 0.0


# ---- every kind of limit ----


def areas_with(num: int = 1) -> LeftInAreas:
    """Areas of explosive items by the numbers above, three in ten of them armed."""
    q, m, r = (np.repeat(v[:, None], num, axis=1) for v in (EXISTS, MEAN, SIZE))
    mean = m[:, :, None] * np.array([0.3, 0.2, 0.5, 1.0])
    none = (1.0 + mean / r[:, :, None]) ** -r[:, :, None]
    return LeftInAreas(
        area=np.arange(num), exists=q, p_any=q[:, :, None] * (1.0 - none), mean=mean,
        variance=mean + mean**2 / r[:, :, None],
    )  # fmt: skip


def test_what_a_clean_search_leaves_by_simulation() -> None:
    """Simulate each draw's items; keep the runs without a find; compare existence, mean, chance and weight."""
    left = areas_with()
    after, weight = after_clean_search(left, np.array([0.6]), DETECT)
    rng = np.random.default_rng(8)
    num = 200_000
    for j in (0, 7, 31):
        there = rng.random(num) < EXISTS[j]
        items = rng.poisson(rng.gamma(SIZE[j], MEAN[j] / SIZE[j], num)) * there
        found = rng.binomial(items, 0.6 * DETECT[j])
        silent = found == 0
        kept = items[silent]
        assert after.exists[j, 0] == pytest.approx(there[silent].mean(), abs=0.006)
        assert after.p_any[j, 0, 3] == pytest.approx((kept > 0).mean(), abs=0.006)
        assert after.expected[j, 0, 3] == pytest.approx(
            kept.mean(), abs=5 * kept.std() / np.sqrt(kept.size) + 0.002
        )
        chance = 1.0 - EXISTS[j] + EXISTS[j] * (1.0 + 0.6 * DETECT[j] * MEAN[j] / SIZE[j]) ** -SIZE[j]
        assert chance == pytest.approx(silent.mean(), abs=0.006)
    assert weight.sum() == pytest.approx(1.0)


def test_no_search_changes_nothing() -> None:
    left = areas_with(2)
    after, weight = after_clean_search(left, np.zeros(2), DETECT)
    for name in ("exists", "p_any", "mean", "variance"):
        np.testing.assert_allclose(getattr(after, name), getattr(left, name), rtol=1e-9)
    np.testing.assert_allclose(weight, 1.0 / NUM)


def test_halving_and_the_solver_for_chances_agree() -> None:
    """A limit on chances that also goes with a density limit that is always kept: the other route, one answer."""
    left, ground, worked = areas_with(), np.array([1e6]), work()
    for limit in (0.5, 0.3, 0.2):
        one = share_to_search(
            Policy(p_any_explosive_max=limit), left, ground, worked, DETECT, lambda _: np.zeros(0)
        )
        both = Policy(p_any_explosive_max=limit, density_q95_max_per_km2={"explosive": 1e6})
        two = share_to_search(both, left, ground, worked, DETECT, lambda _: np.zeros(0))
        np.testing.assert_allclose(two, one, atol=2e-3)


def test_after_the_share_every_limit_is_kept_and_just_before_it_is_not() -> None:
    left, ground, worked = areas_with(), np.array([1e6]), work()
    policy = Policy(p_any_explosive_max=0.3, density_q95_max_per_km2={"explosive": 2.0})
    share = share_to_search(policy, left, ground, worked, DETECT, lambda _: np.zeros(0))
    for change, wanted in ((0.0, True), (-2e-3, False)):
        after, weight = after_clean_search(left, share + change, DETECT)
        checks = checks_of(policy, after, ground, worked, weight=weight)
        assert all(stands(c.sure)[0] == 2 for c in checks.values()) == wanted


def test_a_limit_on_risk_asks_for_search_too() -> None:
    left, ground, worked = areas_with(), np.array([1e6]), work()
    policy = Policy(individual_risk_max_per_year=1e-3)
    share = share_to_search(
        policy, left, ground, worked, DETECT, lambda after: 2e-3 * after.expected[:, :, 3]
    )
    assert 0.0 < share[0] < 1.0
    none = share_to_search(policy, left, ground, worked, DETECT, lambda after: 1.0 + 0.0 * after.exists)
    assert np.isnan(none[0])


def test_without_a_limit_that_decides_no_search_is_named() -> None:
    policy = Policy(minimum=(MinimumEvidence(searched_share_min=1.0),))
    share = share_to_search(policy, areas_with(), np.array([1e6]), work(), DETECT, lambda _: np.zeros(0))
    assert np.isnan(share[0])
