"""Learning θ: conjugate and quadrature answers as second route, zero failures, batches, and the published defect."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from scipy.stats import beta, binom, norm

from remnant.catalogue import FateModel
from remnant.errors import InvalidInput
from remnant.fate import FieldResult, Inspections, Trial, group_visits, learn, state_probabilities
from remnant.fate.learning import WindowPrior, _integrated, _log_likelihood, _plan, _survivals, _terms

Make = Callable[..., FateModel]


def trial(n: int, k: int, **more: object) -> Trial:
    return Trial(num_tested=n, num_failed=k, quantity="p_sd_fails", **more)


def quantile_error(draws: np.ndarray, level: float, density: float) -> float:
    """Standard error of an empirical quantile of independent draws."""
    return float(np.sqrt(level * (1 - level) / draws.size) / density)


# --- second routes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "k"), [(400, 0), (400, 20), (67_000, 0), (67_000, 6), (1, 1), (30, 30)])
def test_a_flat_prior_gives_the_exact_beta(make_model: Make, n: int, k: int) -> None:
    # conjugate: flat prior and k of n give Beta(k + 1, n − k + 1)
    found = learn(
        make_model(), [trial(n, k)], rng=np.random.default_rng(n + k), num_draws=8000, flat=["p_sd_fails"]
    )
    exact = beta(k + 1, n - k + 1)
    for level in (0.05, 0.5, 0.95):
        error = quantile_error(found.draws.p_sd_fails, level, exact.pdf(exact.ppf(level)))
        assert abs(np.quantile(found.draws.p_sd_fails, level) - exact.ppf(level)) < 5.0 * error


def test_zero_failures_bound_the_share_where_the_beta_does(make_model: Make) -> None:
    found = learn(
        make_model(), [trial(400, 0)], rng=np.random.default_rng(1), num_draws=20_000, flat=["p_sd_fails"]
    )
    exact = 1.0 - 0.05 ** (1.0 / 401.0)  # 0.744 %; the exact one-sided bound is 0.746 %
    assert np.quantile(found.draws.p_sd_fails, 0.95) == pytest.approx(exact, rel=0.05)


def test_a_trial_within_a_window_agrees_with_quadrature(make_model: Make, make_range: Callable) -> None:
    model = make_model(sd_delay=make_range(24, 240, "h"))
    found = learn(model, [trial(50, 20, window_d=4.0)], rng=np.random.default_rng(3), num_draws=20_000)
    low, high = logit(0.01), logit(0.3)
    centre, spread = (low + high) / 2, (high - low) / 2 / norm.ppf(0.95)
    waiting = norm.sf((np.log(4.0) - np.log(np.sqrt(10.0))) / (np.log(10.0) / 2 / norm.ppf(0.95)))

    def weight(z: float) -> float:
        f = expit(centre + spread * z)
        return float(norm.pdf(z) * binom.pmf(20, 50, f + (1 - f) * waiting))

    total = quad(weight, -8, 8)[0]
    mean = quad(lambda z: weight(z) * expit(centre + spread * z), -8, 8)[0] / total
    square = quad(lambda z: weight(z) * expit(centre + spread * z) ** 2, -8, 8)[0] / total
    error = np.sqrt((square - mean**2) / 20_000)
    assert abs(found.draws.p_sd_fails.mean() - mean) < 5.0 * error
    coefficient = binom.logpmf(20, 50, 0.5) - 50 * np.log(0.5)
    assert found.log_evidence == pytest.approx(np.log(total) - coefficient, abs=0.05)


def test_a_field_result_agrees_with_a_grid(make_model: Make, make_range: Callable) -> None:
    # k of N delivered, with unknown share searched and detection: sum over a grid of the three
    model = make_model(p_sd_fails=make_range(0.01, 0.5))
    result = FieldResult(
        num_found=9,
        delivered=make_range(300, 300, "items"),
        share_searched=make_range(0.2, 0.6),
        p_detect=make_range(0.5, 0.9),
        age_d=1000.0,
    )
    found = learn(model, [result], rng=np.random.default_rng(4), num_draws=10_000)
    z = (np.arange(81) - 40) / 8.0
    ends = [(0.01, 0.5), (0.2, 0.6), (0.5, 0.9)]
    f, s, p = (
        expit((logit(a) + logit(b)) / 2 + (logit(b) - logit(a)) / 2 / norm.ppf(0.95) * z) for a, b in ends
    )
    w = norm.pdf(z)
    q = f[:, None, None] * s[None, :, None] * p[None, None, :]
    weight = binom.pmf(9, 300, q) * w[:, None, None] * w[None, :, None] * w[None, None, :]
    mean = (weight.sum((1, 2)) * f).sum() / weight.sum()
    sd = np.sqrt((weight.sum((1, 2)) * f**2).sum() / weight.sum() - mean**2)
    assert abs(found.draws.p_sd_fails.mean() - mean) < 5.0 * sd / 100.0
    searched = found.nuisance["field result 1: share_searched"]
    assert abs(searched.mean() - (weight.sum((0, 2)) * s).sum() / weight.sum()) < 0.01


def test_no_evidence_leaves_the_prior(make_model: Make) -> None:
    found = learn(make_model(), [], rng=np.random.default_rng(5), num_draws=20_000)
    assert np.quantile(found.draws.p_sd_fails, [0.05, 0.95]) == pytest.approx([0.01, 0.3], rel=0.06)


def test_two_trials_say_what_their_sum_says(make_model: Make) -> None:
    z = np.random.default_rng(6).standard_normal((50, 1))
    plan = _plan(make_model(), [], batch_spread=None, trial_to_use=None, window=None, flat=())
    apart = _log_likelihood(plan, [trial(30, 2), trial(70, 5)])(z)
    together = _log_likelihood(plan, [trial(100, 7)])(z)
    np.testing.assert_allclose(apart, together, rtol=1e-12)


# --- batches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "k"), [(400, 0), (400, 20), (67_000, 0), (67_000, 6), (67_000, 6000), (9408, 100), (5, 5)]
)
@pytest.mark.parametrize("away", [-2.0, 0.0, 2.0])
@pytest.mark.parametrize("spread", [0.05, 0.7, 2.5])
def test_the_batch_integral_agrees_with_adaptive_quadrature(
    make_model: Make, n: int, k: int, away: float, spread: float
) -> None:
    centre = logit((k + 0.5) / (n + 1.0)) + away * spread
    terms, _ = _trial_terms(make_model(), trial(n, k), expit(centre))

    def log_value(e: np.ndarray) -> np.ndarray:
        return binom.logpmf(k, n, expit(centre + spread * e)) + norm.logpdf(e)

    grid = np.linspace(-10.0, 10.0, 4001)
    near = grid[np.argmax(log_value(grid))]
    peak = minimize_scalar(lambda e: -log_value(e), bounds=(near - 0.02, near + 0.02), method="bounded").x
    top = log_value(peak)
    edges = peak + np.array([-9.0, -1.0, -0.1, -0.01, 0.0, 0.01, 0.1, 1.0, 9.0])
    exact = sum(quad(lambda e: np.exp(log_value(e) - top), *ends, limit=200)[0] for ends in pairwise(edges))
    coefficient = binom.logpmf(k, n, 0.5) - n * np.log(0.5)
    found = _integrated(terms, expit(np.array([centre])), np.array([1.0]), np.array([spread]))[0]
    assert found + coefficient == pytest.approx(np.log(exact) + top, abs=2e-3)


def _trial_terms(model: FateModel, record: Trial, f: float) -> tuple[list, np.ndarray]:
    plan = _plan(model, [record], batch_spread=None, trial_to_use=None, window=None, flat=("p_sd_fails",))
    z = norm.ppf([[f]])
    return _terms(plan, record, 0, plan.theta(z), z)


def test_batches_that_differ_widen_the_share_and_show_their_spread(
    make_model: Make, make_range: Callable
) -> None:
    model = make_model(p_sd_fails=make_range(0.001, 0.6))
    spread = make_range(0.05, 3.0, "logit")
    alike = [trial(200, 10) for _ in range(8)]
    apart = [trial(200, k) for k in (0, 1, 2, 4, 8, 15, 25, 25)]  # the same 80 of 1,600
    same = learn(model, alike, rng=np.random.default_rng(7), batch_spread=spread)
    mixed = learn(model, apart, rng=np.random.default_rng(7), batch_spread=spread)
    pooled = learn(model, apart, rng=np.random.default_rng(7))
    assert np.median(same.batch_spread) < 0.4
    assert np.quantile(mixed.batch_spread, 0.05) > 0.6
    width = {name: np.ptp(np.quantile(x.draws.p_sd_fails, [0.05, 0.95])) for name, x in
             {"same": same, "mixed": mixed, "pooled": pooled}.items()}  # fmt: skip
    assert width["mixed"] > 1.5 * width["pooled"]
    assert width["mixed"] > width["same"]
    fresh = np.ptp(np.quantile(mixed.new_batch.p_sd_fails, [0.05, 0.95]))
    assert fresh > 1.5 * width["mixed"]


def test_records_of_one_batch_share_its_deviation(make_model: Make, make_range: Callable) -> None:
    spread = make_range(0.5, 0.5, "logit")
    z = np.random.default_rng(8).standard_normal((40, 2))
    plan = _plan(make_model(), [], batch_spread=spread, trial_to_use=None, window=None, flat=())
    one = _log_likelihood(plan, [trial(30, 2, batch="lot 7"), trial(70, 5, batch="lot 7")])(z)
    summed = _log_likelihood(plan, [trial(100, 7)])(z)
    two = _log_likelihood(plan, [trial(30, 2), trial(70, 5)])(z)
    np.testing.assert_allclose(one, summed, rtol=1e-9)
    assert not np.allclose(one, two)


def test_no_failure_in_many_batches_is_answered(make_model: Make, make_range: Callable) -> None:
    found = learn(
        make_model(p_sd_fails=make_range(1e-5, 0.5)),
        [trial(40, 0) for _ in range(10)],
        rng=np.random.default_rng(9),
        batch_spread=make_range(0.1, 1.0, "logit"),
    )
    upper = np.quantile(found.new_batch.p_sd_fails, 0.95)
    assert 0.0 < upper < 0.02
    assert np.isfinite(found.log_evidence)


def test_use_that_is_harder_than_a_trial_raises_the_share(make_model: Make, make_range: Callable) -> None:
    model = make_model(p_sd_fails=make_range(1e-4, 0.9))
    kind = learn(model, [trial(2000, 40)], rng=np.random.default_rng(10))
    hard = learn(
        model, [trial(2000, 40)], rng=np.random.default_rng(10), trial_to_use=make_range(3.0, 3.0, "ratio")
    )
    odds = np.median(hard.draws.p_sd_fails / (1 - hard.draws.p_sd_fails)) / np.median(
        kind.draws.p_sd_fails / (1 - kind.draws.p_sd_fails)
    )
    assert odds == pytest.approx(3.0, rel=0.05)


# --- inspections -------------------------------------------------------------------------------------------------

VISITS_D = np.array([7.0, 14.0, 21.0, 28.0, 35.0, 42.0, 60.0, 90.0, 120.0])


def visited(never: np.ndarray, act_d: np.ndarray) -> Inspections:
    time_d = np.where(never, np.inf, act_d)
    index = np.searchsorted(VISITS_D, time_d)
    return group_visits(np.r_[0.0, VISITS_D][index], np.r_[VISITS_D, np.inf][index])


def test_items_never_seen_gone_are_not_explained_away(make_model: Make, make_range: Callable) -> None:
    # a survival package answers 0.0000 here in 20 of 20: it takes S(lo) − S(inf), in which the share cancels
    rng = np.random.default_rng(11)
    never = np.arange(400) < 20
    found = learn(
        make_model(p_sd_fails=make_range(0.001, 0.8)),
        [visited(never, rng.normal(28.0, 1.0, 400))],
        rng=rng,
        window=window(make_range),
    )
    exact = beta(20, 380)
    assert np.quantile(found.draws.p_sd_fails, 0.05) == pytest.approx(exact.ppf(0.05), abs=0.004)
    assert np.quantile(found.draws.p_sd_fails, 0.95) == pytest.approx(exact.ppf(0.95), abs=0.006)
    assert np.median(found.draws.sd_median_d) == pytest.approx(28.0, abs=0.4)
    assert np.quantile(found.draws.sd_log_sd, 0.95) < 0.12


def window(make_range: Callable) -> WindowPrior:
    return WindowPrior(median_d=make_range(5.0, 100.0, "d"), log_sd=make_range(0.01, 1.0, "log"))


def test_all_seen_gone_bounds_the_share_by_the_exact_beta(make_model: Make, make_range: Callable) -> None:
    rng = np.random.default_rng(12)
    found = learn(
        make_model(),
        [visited(np.zeros(400, bool), rng.normal(28.0, 1.0, 400))],
        rng=rng,
        num_draws=8000,
        window=window(make_range),
        flat=["p_sd_fails"],
    )
    assert np.quantile(found.draws.p_sd_fails, 0.95) == pytest.approx(1 - 0.05 ** (1 / 401), rel=0.08)


def test_inspections_agree_with_a_grid_over_share_median_and_spread(
    make_model: Make, make_range: Callable
) -> None:
    rng = np.random.default_rng(13)
    seen = visited(np.arange(60) < 6, 28.0 * np.exp(0.3 * rng.standard_normal(60)))
    model = make_model(p_sd_fails=make_range(0.01, 0.5))
    found = learn(model, [seen], rng=rng, num_draws=8000, window=window(make_range))
    z = np.linspace(-5.0, 5.0, 71)
    median_z = np.linspace(-0.1, 1.0, 81)
    width = 2 * norm.ppf(0.95)
    f = expit((logit(0.01) + logit(0.5)) / 2 + (logit(0.5) - logit(0.01)) / width * z)[:, None, None]
    m = np.exp((np.log(5) + np.log(100)) / 2 + np.log(20) / width * median_z)[None, :, None]
    s = np.exp((np.log(0.01) + np.log(1)) / 2 + np.log(100) / width * z)[None, None, :]
    log_post = (
        norm.logpdf(z)[:, None, None] + norm.logpdf(median_z)[None, :, None] + norm.logpdf(z)[None, None, :]
    )
    for low, high, count in zip(seen.last_seen_d, seen.first_gone_d, seen.count, strict=True):
        with np.errstate(divide="ignore"):
            before = norm.cdf((np.log(low) - np.log(m)) / s)
            after = norm.cdf((np.log(high) - np.log(m)) / s)
            log_post = log_post + count * np.log((1 - f) * (after - before) + (f if np.isinf(high) else 0.0))
    weight = np.exp(log_post - log_post.max())
    for values, draws in (
        (f, found.draws.p_sd_fails),
        (m, found.draws.sd_median_d),
        (s, found.draws.sd_log_sd),
    ):
        mean = float((weight * values).sum() / weight.sum())
        sd = float(np.sqrt((weight * values**2).sum() / weight.sum() - mean**2))
        assert abs(draws.mean() - mean) < 0.08 * sd


def test_inspections_of_delivered_items_count_duds(make_model: Make, make_range: Callable) -> None:
    rng = np.random.default_rng(14)
    model = make_model(p_arms=make_range(0.5, 0.99), p_sd_fails=make_range(0.0, 0.0))
    seen = visited(np.arange(200) < 30, np.full(200, 25.0))
    as_delivered = Inspections(
        last_seen_d=seen.last_seen_d, first_gone_d=seen.first_gone_d, count=seen.count, of="delivered"
    )
    found = learn(model, [as_delivered], rng=rng)
    assert 1 - found.draws.p_arms.mean() == pytest.approx(0.15, abs=0.02)


def test_survivals_are_those_of_the_closed_form(make_model: Make, make_range: Callable) -> None:
    model = make_model(
        p_sd_late=make_range(0.1, 0.3),
        sd_late_delay=make_range(500, 5000, "h"),
        p_sda_fails=make_range(0.1, 0.3),
    )
    draws = learn(model, [], rng=np.random.default_rng(15), num_draws=20).draws
    waiting, powered = _survivals(30.0, draws)
    armed, expired, _, _ = np.moveaxis(state_probabilities(30.0, draws), -1, 0)
    f = draws.p_sd_fails
    np.testing.assert_allclose(armed, (1 - f) * waiting + f * powered, rtol=1e-12)
    np.testing.assert_allclose(expired, f * (1 - powered), rtol=1e-12)


# --- refusals ----------------------------------------------------------------------------------------------------


def test_impossible_records_are_refused(make_range: Callable) -> None:
    with pytest.raises(InvalidInput, match="between 0 and the 5"):
        trial(5, 6)
    with pytest.raises(InvalidInput, match="at least 1"):
        trial(0, 0)
    with pytest.raises(InvalidInput, match="zero or more"):
        trial(5, 1, window_d=-1.0)
    with pytest.raises(InvalidInput, match="quantity must be one of"):
        Trial(num_tested=5, num_failed=1, quantity="duds")
    with pytest.raises(InvalidInput, match="must lie after"):
        Inspections(last_seen_d=[5.0], first_gone_d=[5.0], count=[1.0])
    with pytest.raises(InvalidInput, match="one last_seen_d"):
        Inspections(last_seen_d=[5.0, 6.0], first_gone_d=[7.0], count=[1.0])
    with pytest.raises(InvalidInput, match="more were found"):
        FieldResult(
            num_found=10,
            delivered=make_range(5, 5, "items"),
            share_searched=make_range(0.5, 0.5),
            p_detect=make_range(0.5, 0.5),
            age_d=1.0,
        )


def test_settings_that_mean_nothing_are_refused(make_model: Make, make_range: Callable) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(InvalidInput, match="flat prior is for a probability"):
        learn(make_model(), [], rng=rng, flat=["sd_delay_factor"])
    with pytest.raises(InvalidInput, match="must lie above 0"):
        learn(make_model(), [], rng=rng, batch_spread=make_range(0.0, 0.0, "logit"))
    with pytest.raises(InvalidInput, match="median and a spread above 0"):
        WindowPrior(median_d=make_range(0.0, 0.0, "d"), log_sd=make_range(0.1, 1.0, "log"))
