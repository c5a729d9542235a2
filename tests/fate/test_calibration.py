"""Calibration of learning: data simulated from the prior are fitted, and the truth must rank evenly among the draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.stats import chi2

from remnant.catalogue import FateModel, Range
from remnant.fate import (
    WHITENED_FIELDS,
    Evidence,
    FateDraws,
    FieldResult,
    Trial,
    draws_at,
    group_visits,
    in_batch,
    learn,
    state_probabilities,
)
from remnant.fate.learning import WindowPrior
from remnant.numerics import link_of

NUM_REPLICATES = 200
NUM_DRAWS = 159
NUM_BINS = 8
VISITS_D = np.array([7.0, 14.0, 21.0, 28.0, 35.0, 42.0, 60.0, 90.0, 120.0])
# the chance that a right program fails one of these checks; there are about twelve
ALARM = 1e-4


def draw_from(number: Range, rng: np.random.Generator) -> float:
    link = link_of(number.low, number.high, is_probability=number.unit == "1")
    return float(link.value(rng.standard_normal(1))[0])


def assert_ranks_are_even(ranks: Sequence[int]) -> None:
    """Chi-square of ranks in equal bins, and 90 % coverage within Monte Carlo error."""
    counts, _ = np.histogram(ranks, bins=NUM_BINS, range=(0, NUM_DRAWS + 1))
    expected = len(ranks) / NUM_BINS
    assert float(((counts - expected) ** 2 / expected).sum()) < chi2.isf(ALARM, NUM_BINS - 1), counts
    share = (np.asarray(ranks) + 0.5) / (NUM_DRAWS + 1)
    covered = float(((share > 0.05) & (share < 0.95)).mean())
    assert abs(covered - 0.9) < 3.9 * np.sqrt(0.9 * 0.1 / len(ranks)), covered


def rank(truth: float, draws: np.ndarray) -> int:
    return int((draws < truth).sum())


class World:
    """One truth and the data that it gives."""

    def __init__(
        self, model: FateModel, window: WindowPrior, spread: Range, rng: np.random.Generator
    ) -> None:
        self.rng = rng
        self.values = {n: draw_from(getattr(model, n), rng) for n in ("p_arms", "p_sd_fails")}
        self.values |= {"median": draw_from(window.median_d, rng), "log_sd": draw_from(window.log_sd, rng)}
        self.spread = draw_from(spread, rng)

    def theta(self, *, with_window: bool, model: FateModel) -> FateDraws:
        draws = centre_of(model)
        changed = {n: getattr(draws, n) for n in FateDraws.__dataclass_fields__}
        changed |= {n: np.array([self.values[n]]) for n in ("p_arms", "p_sd_fails")}
        if with_window:
            changed |= {
                "sd_median_d": np.array([self.values["median"]]),
                "sd_log_sd": np.array([self.values["log_sd"]]),
            }
        return FateDraws(**changed)


def centre_of(model: FateModel) -> FateDraws:
    """The middle of every range."""
    return draws_at(model, np.zeros((1, len(WHITENED_FIELDS))))


def simulate_trial(draws: FateDraws, n: int, window_d: float, rng: np.random.Generator) -> Trial:
    armed, expired, dud, _ = state_probabilities(window_d, draws)[0]
    share = (armed + expired) / (1.0 - dud)
    return Trial(
        num_tested=n, num_failed=int(rng.binomial(n, share)), quantity="p_sd_fails", window_d=window_d
    )


def simulate_inspections(draws: FateDraws, n: int, rng: np.random.Generator) -> Evidence:
    acts = rng.random(n) >= draws.p_sd_fails[0]
    delay = draws.sd_median_d[0] * np.exp(draws.sd_log_sd[0] * rng.standard_normal(n))
    index = np.searchsorted(VISITS_D, np.where(acts, delay, np.inf))
    return group_visits(np.r_[0.0, VISITS_D][index], np.r_[VISITS_D, np.inf][index])


def simulate_field(
    draws: FateDraws, n: int, searched: Range, detected: Range, age_d: float, rng: np.random.Generator
) -> FieldResult:
    share = float(state_probabilities(age_d, draws)[0, :3].sum())
    thinning = draw_from(searched, rng) * draw_from(detected, rng)
    return FieldResult(
        num_found=int(rng.binomial(n, share * thinning)),
        delivered=Range(low=n, high=n, unit="items", basis="published", source="test"),
        share_searched=searched,
        p_detect=detected,
        age_d=age_d,
    )


@pytest.mark.parametrize(
    "kinds", [("trial",), ("inspections",), ("field",), ("trial", "inspections", "field")]
)
def test_the_truth_ranks_evenly_among_the_draws(
    kinds: tuple[str, ...], make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    model = make_model(p_arms=make_range(0.85, 0.99), p_sd_fails=make_range(0.01, 0.4))
    window = WindowPrior(median_d=make_range(10, 50, "d"), log_sd=make_range(0.05, 0.6, "log"))
    searched, detected = make_range(0.2, 0.8), make_range(0.5, 0.95)
    with_window = "inspections" in kinds
    ranks: dict[str, list[int]] = {"p_sd_fails": []}
    for replicate in range(NUM_REPLICATES):
        rng = np.random.default_rng([replicate, *b"calibration", len(kinds)])
        world = World(model, window, make_range(0.1, 1.0, "logit"), rng)
        truth = world.theta(with_window=with_window, model=model)
        records: list[Evidence] = []
        if "trial" in kinds:
            records.append(simulate_trial(truth, 80, 45.0, rng))
        if "inspections" in kinds:
            records.append(simulate_inspections(truth, 60, rng))
        if "field" in kinds:
            records.append(simulate_field(truth, 500, searched, detected, 200.0, rng))
        found = learn(model, records, rng=rng, num_draws=NUM_DRAWS, window=window if with_window else None)
        ranks["p_sd_fails"].append(rank(world.values["p_sd_fails"], found.draws.p_sd_fails))
        if with_window:
            ranks.setdefault("median", []).append(rank(world.values["median"], found.draws.sd_median_d))
            ranks.setdefault("log_sd", []).append(rank(world.values["log_sd"], found.draws.sd_log_sd))
        if "field" in kinds:
            ranks.setdefault("p_arms", []).append(rank(world.values["p_arms"], found.draws.p_arms))
    for found_ranks in ranks.values():
        assert_ranks_are_even(found_ranks)


def test_batches_of_one_type_are_calibrated(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    model = make_model(p_sd_fails=make_range(0.01, 0.4))
    spread = make_range(0.2, 1.5, "logit")
    ranks: dict[str, list[int]] = {"share": [], "spread": [], "new": []}
    for replicate in range(NUM_REPLICATES):
        rng = np.random.default_rng([replicate, *b"batches"])
        share, sd = draw_from(model.p_sd_fails, rng), draw_from(spread, rng)
        theta = FateDraws(
            **{n: getattr(centre_of(model), n) for n in FateDraws.__dataclass_fields__}
            | {"p_sd_fails": np.array([share])}
        )
        batches = [in_batch(theta, sd * rng.standard_normal(1)) for _ in range(5)]
        records = [
            Trial(num_tested=60, num_failed=int(rng.binomial(60, b.p_sd_fails[0])), quantity="p_sd_fails")
            for b in batches[:4]
        ]
        found = learn(model, records, rng=rng, num_draws=NUM_DRAWS, batch_spread=spread)
        ranks["share"].append(rank(share, found.draws.p_sd_fails))
        ranks["spread"].append(rank(sd, found.batch_spread))
        ranks["new"].append(rank(float(batches[4].p_sd_fails[0]), found.new_batch.p_sd_fails))
    for found_ranks in ranks.values():
        assert_ranks_are_even(found_ranks)


def test_four_hundred_mines_of_which_one_in_twenty_never_acts(
    make_model: Callable[..., FateModel], make_range: Callable[..., Range]
) -> None:
    """No bias, nominal coverage, where survival packages answer 0.0000 or fail.

    400 mines, 5 % never self-destruct, the rest near day 28 (normal, sd 1 d), seen at nine visits. Criterion for the
    bias: the mean of the posterior means over the replicates lies within two standard errors of 5 %, the prior being
    vague on the logit scale (0.1 % to 80 %). Coverage: of the 90 % interval, within 3.3 binomial standard errors.
    """
    model = make_model(p_sd_fails=make_range(0.001, 0.8))
    window = WindowPrior(median_d=make_range(5.0, 150.0, "d"), log_sd=make_range(0.01, 1.0, "log"))
    means, covered = [], []
    for replicate in range(NUM_REPLICATES):
        rng = np.random.default_rng([replicate, *b"nine visits"])
        act_d = np.where(rng.random(400) < 0.05, np.inf, rng.normal(28.0, 1.0, 400))
        index = np.searchsorted(VISITS_D, act_d)
        seen = group_visits(np.r_[0.0, VISITS_D][index], np.r_[VISITS_D, np.inf][index])
        share = learn(model, [seen], rng=rng, num_draws=NUM_DRAWS, window=window).draws.p_sd_fails
        low, high = np.quantile(share, [0.05, 0.95])
        means.append(share.mean())
        covered.append(low <= 0.05 <= high)
    error = np.std(means, ddof=1) / np.sqrt(NUM_REPLICATES)
    assert abs(np.mean(means) - 0.05) < 2.0 * error
    assert abs(np.mean(covered) - 0.9) < 3.3 * np.sqrt(0.09 / NUM_REPLICATES)
    assert np.mean(covered) >= 0.85
