"""Baselines: by hand, against dense sums, and never learning from the place that they forecast."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from remnant.errors import InvalidInput
from remnant.score import (
    calibrated,
    distance_to_nearest_m,
    fit_counts,
    fit_logistic,
    folds_by_block,
    folds_by_group,
    from_past_events,
    held_out,
    kernel_density_per_m2,
    kernel_share,
    nearest_find,
    nearest_neighbours,
    nearness,
    no_folds,
    prevalence,
    smoothed,
)

FITS = {
    "prevalence": prevalence,
    "neighbours": nearest_neighbours(5),
    "neighbours by distance": nearest_neighbours(5, "inverse distance"),
    "kernel": kernel_share(),
    "nearest find": nearest_find,
}


def ground(num: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    x, y = rng.random((2, num)) * 30_000.0
    p = 1.0 / (1.0 + np.exp(-(np.sin(x / 4000.0) + np.cos(y / 5000.0)) * 2.0))
    return x, y, (rng.random(num) < p).astype(float)


@pytest.mark.parametrize("name", FITS)
def test_no_fold_learns_from_its_own_outcomes(name: str) -> None:
    x, y, found = ground()
    folds = folds_by_block(x, y, 10_000.0)
    made = held_out(name, FITS[name], x, y, found, folds)
    turned = np.where(folds.label == 0, 1.0 - found, found)
    again = held_out(name, FITS[name], x, y, turned, folds)
    assert made.p_any is not None
    assert again.p_any is not None
    inside = folds.label == 0
    np.testing.assert_array_equal(made.p_any[inside], again.p_any[inside])
    assert (made.p_any[~inside] != again.p_any[~inside]).any()


@pytest.mark.parametrize("name", FITS)
def test_unknown_outcomes_teach_nothing_and_every_chance_is_possible(name: str) -> None:
    x, y, found = ground()
    folds = folds_by_block(x, y, 10_000.0)
    more = held_out(
        name, FITS[name], np.append(x, x[:20]), np.append(y, y[:20]), np.append(found, np.full(20, np.nan)),
        folds_by_block(np.append(x, x[:20]), np.append(y, y[:20]), 10_000.0),
    )  # fmt: skip
    plain = held_out(name, FITS[name], x, y, found, folds)
    assert plain.p_any is not None
    assert more.p_any is not None
    np.testing.assert_allclose(more.p_any[: x.size], plain.p_any)
    assert ((plain.p_any > 0.0) & (plain.p_any < 1.0)).all()


def test_neighbours_by_hand() -> None:
    learn_x, learn_y = np.array([0.0, 10.0, 20.0, 1000.0]), np.zeros(4)
    found = np.array([1.0, 1.0, 0.0, 0.0])
    got = nearest_neighbours(3)(learn_x, learn_y, found, np.array([5.0]), np.zeros(1))
    assert got.tolist() == [pytest.approx((2 + 0.5) / 4)]
    # distances 5, 5, 15: weights 1/5, 1/5, 1/15
    near = nearest_neighbours(3, "inverse distance")(learn_x, learn_y, found, np.array([5.0]), np.zeros(1))
    assert near.tolist() == [pytest.approx((3 * (0.4 / (0.4 + 1 / 15)) + 0.5) / 4)]


def test_a_kernel_of_given_width_is_the_dense_sum() -> None:
    x, y, found = ground(60)
    at_x, at_y = x[:7] + 100.0, y[:7]
    w = np.exp(-0.5 * ((at_x[:, None] - x) ** 2 + (at_y[:, None] - y) ** 2) / 3000.0**2)
    common = (found.sum() + 0.5) / 61.0
    expected = (w @ found + common) / (w.sum(axis=1) + 1.0)
    np.testing.assert_allclose(kernel_share(3000.0)(x, y, found, at_x, at_y), expected)


def test_kernel_density_is_the_dense_sum_and_integrates_to_the_events() -> None:
    rng = np.random.default_rng(1)
    ex, ey = np.round(rng.random((2, 30)) * 5000.0, -3)  # repeated places
    gx, gy = (
        a.ravel() for a in np.meshgrid(np.arange(-6000, 11_000, 200.0), np.arange(-6000, 11_000, 200.0))
    )
    density = kernel_density_per_m2(ex, ey, gx, gy, 800.0)
    square = (gx[:, None] - ex) ** 2 + (gy[:, None] - ey) ** 2
    dense = np.exp(-0.5 * square / 800.0**2).sum(axis=1) / (2 * np.pi * 800.0**2)
    np.testing.assert_allclose(density, dense, atol=1e-7 * dense.max())
    assert density.sum() * 200.0**2 == pytest.approx(30.0, rel=1e-4)


def test_distances_to_events_by_hand() -> None:
    ex, ey = np.array([0.0, 0.0, 30.0]), np.array([0.0, 0.0, 40.0])
    at = (np.array([3.0]), np.array([4.0]))
    assert distance_to_nearest_m(ex, ey, *at).tolist() == [5.0]
    assert distance_to_nearest_m(ex, ey, *at, k=3).tolist() == [45.0]
    with pytest.raises(InvalidInput, match="there are 3 by the cut"):
        distance_to_nearest_m(ex, ey, *at, k=4)


def test_the_logistic_curve_is_the_maximum_of_the_likelihood() -> None:
    rng = np.random.default_rng(3)
    s = rng.normal(5.0, 2.0, 4000)
    yes = (rng.random(4000) < 1.0 / (1.0 + np.exp(3.0 - 0.8 * s))).astype(float)
    level, slope = fit_logistic(s, yes)

    def loss(b: np.ndarray) -> float:
        eta = b[0] + b[1] * s
        return float(np.logaddexp(0.0, eta).sum() - yes @ eta)

    best = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})
    np.testing.assert_allclose([level, slope], best.x, rtol=2e-3)
    assert slope == pytest.approx(0.8, abs=0.12)  # three standard errors


def test_a_separated_signal_has_a_finite_curve() -> None:
    level, slope = fit_logistic(np.arange(10.0), (np.arange(10) > 4).astype(float))
    assert np.isfinite([level, slope]).all()
    assert slope > 0.0


def test_the_count_curve_finds_what_made_the_counts() -> None:
    rng = np.random.default_rng(4)
    s = rng.normal(0.0, 1.5, 20_000)
    mean = np.exp(-1.0 + 0.7 * s)
    counts = rng.negative_binomial(0.6, 0.6 / (0.6 + mean)).astype(float)
    level, slope, size = fit_counts(s, counts)
    # about four standard errors each (n = 20,000)
    assert level == pytest.approx(-1.0, abs=0.07)
    assert slope == pytest.approx(0.7, abs=0.05)
    assert size == pytest.approx(0.6, abs=0.06)


def test_a_forecast_from_past_events_does_not_look_past_the_cut() -> None:
    rng = np.random.default_rng(5)
    middle = rng.random((6, 2)) * 20_000.0
    ex, ey = (middle[rng.integers(0, 6, 800)] + rng.normal(0.0, 900.0, (800, 2))).T
    day = rng.random(800) * 900.0
    gx, gy = (a.ravel() for a in np.meshgrid(np.arange(500.0, 20_000, 1000), np.arange(500.0, 20_000, 1000)))
    place = np.where(
        (ex > 0) & (ex < 20_000) & (ey > 0) & (ey < 20_000), ey // 1000 * 20 + ex // 1000, -1
    ).astype(np.int64)
    days = {"cut_day": 600.0, "last_day": 900.0, "inner_day": 300.0}
    for signal in (nearness(), smoothed(1000.0)):
        made, score = from_past_events("x", signal, ex, ey, day, place, gx, gy, **days, read_by="rank")
        later = day > 600.0
        moved = np.where(later, rng.permutation(place), place)
        again, same = from_past_events(
            "x",
            signal,
            np.where(later, 0.0, ex),
            np.where(later, 0.0, ey),
            day,
            moved,
            gx,
            gy,
            **days,
            read_by="rank",
        )
        np.testing.assert_array_equal(made.rank, again.rank)
        assert score == same
        assert made.mean is not None
        # as many are expected as came in the inner step, up to the fit of the curve
        by_value, _ = from_past_events("x", signal, ex, ey, day, place, gx, gy, **days)
        np.testing.assert_array_equal(by_value.rank, made.rank)
        assert by_value.mean is not None
        assert by_value.mean.sum() > made.mean.sum()
        came = (place[(day > 300) & (day <= 600)] >= 0).sum()
        assert made.mean.sum() == pytest.approx(came, rel=0.3)
    with pytest.raises(InvalidInput, match="inner day must come before the cut"):
        from_past_events(
            "x", nearness(), ex, ey, day, place, gx, gy, cut_day=1.0, last_day=2.0, inner_day=1.5
        )


def test_a_signal_without_folds_only_ranks() -> None:
    made = calibrated("d", np.array([3.0, 1.0, 2.0]), np.array([1.0, 0.0, np.nan]), no_folds(3))
    assert made.p_any is None
    assert made.rank.tolist() == [3.0, 1.0, 2.0]


def test_a_signal_is_refit_without_each_fold() -> None:
    rng = np.random.default_rng(6)
    signal = rng.normal(0.0, 1.0, 500)
    found = (rng.random(500) < 1 / (1 + np.exp(-2 * signal))).astype(float)
    folds = folds_by_group(rng.integers(0, 4, 500).tolist())
    made = calibrated("s", signal, found, folds)
    assert made.p_any is not None
    test = folds.label == 2
    level, slope = fit_logistic(signal[~test], found[~test])
    np.testing.assert_allclose(made.p_any[test], stats.logistic.cdf(level + slope * signal[test]))


def test_a_baseline_needs_folds_and_something_to_learn_from() -> None:
    x, y, found = ground(20)
    with pytest.raises(InvalidInput, match=r"there are no folds\. Choose a split"):
        held_out("p", prevalence, x, y, found, no_folds(20))
    folds = folds_by_group(["a"] * 10 + ["b"] * 10)
    with pytest.raises(InvalidInput, match="nothing to learn from outside of a"):
        held_out("p", prevalence, x, y, np.where(np.arange(20) < 10, found, np.nan), folds)
