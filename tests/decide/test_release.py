"""The release verdict: every branch, and what more search would change, against simulation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.decide import AreaEvidence, release_verdict, search_share_needed
from remnant.evidence import Policy

RANK = {"meets": 2, "cannot tell: survey": 1, "does not meet": 0}


def area(chance: Any = 0.01, armed: Any = None, **given: Any) -> AreaEvidence:
    values: dict[str, Any] = {"density_q95_per_km2": 5.0, "place_known": True, "searched_share": 1.0}
    values.update(given)
    explosive = np.broadcast_to(np.asarray(chance, float), (200,))
    return AreaEvidence(
        p_any_armed=explosive if armed is None else np.broadcast_to(np.asarray(armed, float), (200,)),
        p_any_explosive=explosive,
        **values,
    )


def test_no_limit_means_no_verdict() -> None:
    assert release_verdict(Policy(), area()) == ("no policy stated", "the case states no release policy")


@pytest.mark.parametrize(
    ("chance", "wanted"),
    [
        (0.01, "meets"),
        (0.05, "meets"),  # the limit itself is allowed
        (0.30, "does not meet"),
        (np.linspace(0.01, 0.2, 200), "cannot tell: survey"),
        (np.r_[np.full(192, 0.01), np.full(8, 0.9)], "meets"),  # 4 % of the draws above the limit
        (np.r_[np.full(188, 0.01), np.full(12, 0.9)], "cannot tell: survey"),  # 6 % above
        (np.r_[np.full(8, 0.01), np.full(192, 0.9)], "does not meet"),  # 96 % above
        (np.r_[np.full(12, 0.01), np.full(188, 0.9)], "cannot tell: survey"),
    ],
)
@pytest.mark.parametrize("limited", ["p_any_armed_max", "p_any_explosive_max"])
def test_a_chance_is_judged_by_95_of_100_draws(chance: Any, wanted: str, limited: str) -> None:
    verdict, reasons = release_verdict(Policy(**{limited: 0.05}), area(chance))
    assert verdict == wanted
    assert "limit 5 %" in reasons
    assert ("armed item" in reasons) == (limited == "p_any_armed_max")


@pytest.mark.parametrize(
    ("density", "chance", "wanted"),
    [
        (10.0, 0.9, "meets"),
        (10.1, 0.9, "does not meet"),
        (10.1, 0.3, "cannot tell: survey"),  # the upper point is high, but most likely nothing is there
        (np.nan, 0.3, "cannot tell: survey"),
        (np.inf, 0.9, "does not meet"),
    ],
)
def test_a_density_limit_fails_only_where_something_is_likely(
    density: float, chance: float, wanted: str
) -> None:
    policy = Policy(density_q95_max_per_km2=10.0)
    assert release_verdict(policy, area(chance, density_q95_per_km2=density))[0] == wanted


def test_the_worst_of_several_limits_decides_and_all_are_told() -> None:
    policy = Policy(p_any_armed_max=0.5, p_any_explosive_max=0.05, density_q95_max_per_km2=100.0)
    verdict, reasons = release_verdict(policy, area(0.3, armed=0.1))
    assert verdict == "does not meet"
    assert reasons.count(";") == 2
    unsure = area(np.linspace(0.0, 0.2, 200), armed=0.1)
    assert release_verdict(policy, unsure)[0] == "cannot tell: survey"


def test_nothing_is_met_without_a_search_or_without_a_place() -> None:
    policy = Policy(p_any_explosive_max=0.05)
    verdict, reasons = release_verdict(policy, area(1e-9, searched_share=0.0))
    assert (verdict, "no recorded search" in reasons) == ("cannot tell: survey", True)
    verdict, reasons = release_verdict(policy, area(1e-9, place_known=False))
    assert (verdict, "place is unknown" in reasons) == ("cannot tell: survey", True)


def test_a_failed_area_stays_failed_without_a_search_or_a_place() -> None:
    policy = Policy(p_any_explosive_max=0.05)
    assert release_verdict(policy, area(0.9, searched_share=0.0, place_known=False))[0] == "does not meet"


chances = st.lists(st.floats(0, 1), min_size=2, max_size=40)


@given(chances, st.floats(0, 1), st.floats(0, 1), st.floats(0, 100))
def test_a_laxer_limit_never_gives_a_stricter_verdict(
    draws: list[float], one: float, two: float, density: float
) -> None:
    evidence = AreaEvidence(
        p_any_armed=np.array(draws),
        p_any_explosive=np.array(draws),
        density_q95_per_km2=density,
        place_known=True,
        searched_share=0.5,
    )
    low, high = sorted([one, two])
    for name, scale in (
        ("p_any_armed_max", 1.0),
        ("p_any_explosive_max", 1.0),
        ("density_q95_max_per_km2", 100.0),
    ):
        strict, lax = (release_verdict(Policy(**{name: v * scale}), evidence)[0] for v in (low, high))
        assert RANK[lax] >= RANK[strict]


@given(chances, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_chance_never_gives_a_better_verdict(draws: list[float], limit: float, more: float) -> None:
    low = np.array(draws)
    high = low + more * (1.0 - low)
    verdicts = [
        release_verdict(
            Policy(p_any_explosive_max=limit),
            AreaEvidence(
                p_any_armed=d,
                p_any_explosive=d,
                density_q95_per_km2=1.0,
                place_known=True,
                searched_share=1.0,
            ),
        )[0]
        for d in (low, high)
    ]
    assert RANK[verdicts[1]] <= RANK[verdicts[0]]


@pytest.mark.parametrize("chance", [0.0, 1e-12, 3e-4, 0.004, 0.0499, 0.5, 0.9951, 0.99999999, 1.0])
def test_reasons_never_round_a_chance_to_none_or_to_certainty(chance: float) -> None:
    _, reasons = release_verdict(Policy(p_any_explosive_max=0.05), area(chance))
    shown = reasons.removeprefix("chance of any explosive item ").split(" %")[0]
    assert (shown == "0") == (chance == 0.0)
    assert (shown == "100") == (chance == 1.0)


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


def test_a_limit_on_the_risk_of_a_person_is_never_met_without_people() -> None:
    area = AreaEvidence(
        p_any_armed=np.zeros(200), p_any_explosive=np.zeros(200), density_q95_per_km2=0.0, place_known=True,
        searched_share=1.0,
    )  # fmt: skip
    assert release_verdict(Policy(p_any_armed_max=0.1), area)[0] == "meets"
    limited = Policy(p_any_armed_max=0.1, individual_risk_max_per_year=1e-5)
    verdict, words = release_verdict(limited, area)
    assert verdict == "cannot tell: survey"
    assert "remnant harm" in words
