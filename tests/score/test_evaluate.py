"""Scores by fold and together, unknown outcomes, intervals, paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from remnant.errors import InvalidInput, NotEstimable
from remnant.score import (
    MEASURES,
    Evaluation,
    blocks,
    calibration_curve,
    compare,
    crps_draws,
    expected_calibration_error,
    folds_by_group,
    forecast,
    no_folds,
    roc_auc,
    score_forecast,
)

SEED = 5


def world(num: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances, finds and districts."""
    rng = np.random.default_rng(SEED)
    p = rng.beta(0.6, 2.0, num)
    return p, (rng.random(num) < p).astype(float), rng.integers(0, 8, num)


def scored(p: np.ndarray, found: np.ndarray, group: np.ndarray, **more: object) -> Evaluation:
    folds = folds_by_group([f"district {g}" for g in group], "district")
    return score_forecast(
        forecast("ours", p_any=p), found, folds, rng=np.random.default_rng(1), **more  # type: ignore[arg-type]
    )  # fmt: skip


def test_unknown_places_change_no_score_and_are_counted() -> None:
    p, found, group = world()
    with_unknown = scored(
        np.append(p, [0.99, 0.99]), np.append(found, [np.nan, np.nan]), np.append(group, [0, 1])
    )
    plain = scored(p, found, group)
    assert with_unknown.num_unknown == 2
    assert plain.num_unknown == 0
    for measure in MEASURES:
        assert with_unknown.value(measure) == pytest.approx(plain.value(measure), nan_ok=True)


def test_values_are_those_of_the_single_measures() -> None:
    p, found, group = world()
    result = scored(p, found, group)
    assert result.value("roc_auc") == roc_auc(p, found > 0)
    assert result.value("brier") == pytest.approx(np.mean((p - found) ** 2))
    assert result.value("stated_over_found") == pytest.approx(p.sum() / found.sum())
    per_fold = [roc_auc(p[group == g], found[group == g] > 0) for g in range(8)]
    assert result.value("roc_auc", "within") == pytest.approx(np.mean(per_fold))
    assert result.value("roc_auc", "fold", fold="district 3") == pytest.approx(per_fold[3])


def test_folds_of_one_kind_are_named_with_their_reason_and_left_out_of_the_mean() -> None:
    p, found, group = world()
    found = np.where(group == 2, 0.0, np.where(group == 5, 1.0, np.where(group == 7, np.nan, found)))
    result = scored(p, found, group)
    reasons = {u.fold: u.reason for u in result.unscored}
    assert "nothing was found in any place" in reasons["district 2"]
    assert "something was found in every place" in reasons["district 5"]
    assert "no place with a known outcome" in reasons["district 7"]
    (mean,) = [r for r in result.rows if r.scope == "within" and r.measure == "roc_auc"]
    assert mean.num_folds == 5
    assert np.isnan(result.value("roc_auc", "fold", fold="district 2"))
    assert np.isfinite(result.value("brier", "fold", fold="district 2"))


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert repr(scored(*world()).rows) == repr(scored(*world()).rows)


def test_intervals_cover_the_truth_about_nine_times_in_ten() -> None:
    # places come in blocks of 8 alike; the truth is the value of a very large sample
    rng = np.random.default_rng(11)

    def sample(num_blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        p = np.repeat(rng.beta(1.0, 2.0, num_blocks), 8)
        real = np.clip(p + np.repeat(rng.normal(0.0, 0.15, num_blocks), 8), 0.01, 0.99)
        return p, (rng.random(p.size) < real).astype(float), np.repeat(np.arange(num_blocks), 8)

    p, found, _ = sample(40_000)
    truth = {"roc_auc": roc_auc(p, found > 0), "brier": float(np.mean((p - found) ** 2))}
    held = dict.fromkeys(truth, 0)
    runs = 80
    for _ in range(runs):
        p, found, block = sample(60)
        result = score_forecast(
            forecast("x", p_any=p), found, no_folds(p.size), rng=rng, block=block, num_resamples=100
        )
        for row in result.rows:
            if row.scope == "pooled" and row.measure in held:
                held[row.measure] += row.low <= truth[row.measure] <= row.high
    for measure, number in held.items():
        # 90 % less the known shortness of percentile intervals; 3.5 standard errors of a share of 80 either way
        assert 0.87 - 3.5 * np.sqrt(0.09 / runs) <= number / runs <= 0.995, measure


def test_neighbours_that_are_alike_make_wider_intervals_than_single_places() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.random((2, 1200)) * 20_000.0
    block = blocks(x, y, 5000.0)
    p = np.full(1200, 0.5) + 0.01 * rng.random(1200)
    found = (rng.random(16)[block] < 0.5).astype(float)
    by_block, alone = (
        score_forecast(
            forecast("x", p_any=p), found, no_folds(1200), rng=np.random.default_rng(1), block=b
        )
        for b in (block, None)
    )  # fmt: skip
    wide, short = (next(r.high - r.low for r in e.rows if r.measure == "brier") for e in (by_block, alone))
    assert wide > short
    assert "too short" in alone.interval_words
    assert "too short" not in by_block.interval_words


def test_a_forecast_differs_from_itself_by_nothing() -> None:
    p, found, group = world()
    folds = folds_by_group(group.tolist())
    ours, twin = forecast("ours", p_any=p), forecast("twin", p_any=p)
    result = compare([twin], ours, found, folds, rng=np.random.default_rng(1))
    assert all(d.value == 0.0 for d in result.differences)
    assert all(d.low == d.high == 0.0 and d.p_better == 0.5 for d in result.differences if d.scope != "fold")


def test_differences_turn_their_sign_with_the_order_and_know_which_way_is_better() -> None:
    p, found, group = world()
    folds = folds_by_group(group.tolist())
    noisy = np.clip(p + np.random.default_rng(2).normal(0.0, 0.4, p.size), 0.01, 0.99)
    good, bad = forecast("good", p_any=p), forecast("bad", p_any=noisy)
    one = compare([bad], good, found, folds, rng=np.random.default_rng(1))
    two = compare([good], bad, found, folds, rng=np.random.default_rng(1))
    for a, b in zip(one.differences, two.differences, strict=True):
        assert a.value == pytest.approx(-b.value)
        assert a.p_better == pytest.approx(1.0 - b.p_better, nan_ok=True)
    pooled = {d.measure: d for d in one.differences if d.scope == "pooled"}
    assert pooled["brier"].value < 0.0 < pooled["roc_auc"].value
    assert pooled["brier"].p_better > 0.95
    assert pooled["roc_auc"].p_better > 0.95
    assert pooled["roc_auc"].num_folds == 8
    assert pooled["roc_auc"].num_better >= 5


def test_counts_are_scored_from_means_quantiles_and_draws() -> None:
    rng = np.random.default_rng(9)
    mean, size = rng.gamma(1.0, 3.0, 500), 1.5
    found = rng.negative_binomial(size, size / (size + mean)).astype(float)
    draws = rng.negative_binomial(size, size / (size + mean), (400, 500)).astype(float)
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    forms = [
        forecast("means", mean=mean, size=size),
        forecast("quantiles", levels=levels, quantiles=np.quantile(draws, levels, axis=0)),
        forecast("draws", draws=draws),
        forecast("mixture", mean=np.stack([mean, mean]), size=size),
    ]
    result = compare(
        forms[1:], forms[0], found, no_folds(500), rng=rng, is_count=True, block=np.arange(500) // 5
    )
    crps = {f.name: result.value("crps", forecast=f.name) for f in forms}
    assert crps["draws"] == pytest.approx(crps["means"], rel=0.02)
    assert crps["quantiles"] == pytest.approx(crps["means"], rel=0.05)
    assert crps["draws"] == pytest.approx(crps_draws(draws, found, is_fair=True).mean())
    assert result.value("count_log_score", forecast="mixture") == pytest.approx(
        result.value("count_log_score", forecast="means")
    )
    assert np.isnan(result.value("count_log_score", forecast="draws"))
    for f in forms:
        # exact chance of a discrete 90 % interval is 0.90 or more; 3 standard errors of a share of 500
        assert 0.9 - 3 * np.sqrt(0.09 / 500) < result.value("coverage_90", forecast=f.name) < 0.99


def test_a_find_that_was_called_impossible_scores_minus_infinity_and_is_not_hidden() -> None:
    result = score_forecast(
        forecast("x", p_any=[0.0, 0.5, 0.5]), [1.0, 0.0, 1.0], no_folds(3), rng=np.random.default_rng(1)
    )
    assert result.value("log_score") == -np.inf


def test_a_rank_alone_is_ranked_and_nothing_else() -> None:
    result = score_forecast(
        forecast("x", rank=[3.0, 2.0, 1.0]), [1.0, 0.0, 0.0], no_folds(3), rng=np.random.default_rng(1)
    )
    assert result.value("roc_auc") == 1.0
    assert {r.measure for r in result.rows} == {
        "roc_auc", "average_precision", "found_in_top_05", "found_in_top_10", "found_in_top_20",
    }  # fmt: skip


def test_mismatches_are_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(InvalidInput, match=r"x has 2, outcomes 3\. Join them first"):
        score_forecast(forecast("x", p_any=[0.1, 0.2]), [0, 1, 1], no_folds(3), rng=rng)
    with pytest.raises(InvalidInput, match="folds must be of the same places"):
        score_forecast(forecast("x", p_any=[0.1, 0.2]), [0, 1], no_folds(3), rng=rng)
    with pytest.raises(NotEstimable, match="all 2 are unknown"):
        score_forecast(forecast("x", p_any=[0.1, 0.2]), [np.nan, np.nan], no_folds(2), rng=rng)
    with pytest.raises(InvalidInput, match="must be whole"):
        score_forecast(forecast("x", mean=[0.1, 0.2]), [0.5, 1], no_folds(2), rng=rng, is_count=True)
    with pytest.raises(InvalidInput, match=r"found must be >= 0"):
        score_forecast(forecast("x", mean=[0.1, 0.2]), [-1, 1], no_folds(2), rng=rng)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "a chance, a mean, quantiles or draws are needed"),
        ({"p_any": [0.1, 90]}, r"chance of x must be in \[0, 1\].*Percent"),
        ({"p_any": [0.1, np.nan]}, r"chance of x must be in \[0, 1\]"),
        ({"mean": [-1.0]}, "mean of x must be >= 0"),
        ({"mean": [1.0], "size": 0.0}, "size of x must be above 0"),
        ({"quantiles": [[1.0]]}, "quantiles and their levels belong together"),
        ({"p_any": [0.1], "draws": [[1.0, 2.0], [1.0, 2.0]]}, "draws must be given for 1 places"),
    ],
)
def test_impossible_forecasts_are_refused(parts: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        forecast("x", **parts)  # type: ignore[arg-type]


def test_a_true_forecast_lies_on_the_line_of_the_calibration_curve() -> None:
    rng = np.random.default_rng(6)
    p = rng.beta(0.5, 3.0, 40_000)
    happened = rng.random(p.size) < p
    curve = calibration_curve(p, happened)
    assert curve.num_places.sum() == p.size
    assert ((curve.low < curve.stated) & (curve.stated < curve.high)).mean() >= 0.7  # of ten 90 % intervals
    # a perfect forecast still has about √(2 p (1 − p) / (π n)) per group: ≈ 0.005 here
    assert expected_calibration_error(p, happened) < 0.01
    assert expected_calibration_error(np.clip(p + 0.2, 0, 1), happened) == pytest.approx(0.2, abs=0.02)


def test_equal_chances_stay_in_one_group() -> None:
    curve = calibration_curve(np.array([0.1] * 50 + [0.7] * 50), np.arange(100) % 2 == 0)
    assert curve.stated.tolist() == pytest.approx([0.1, 0.7])
    assert curve.happened.tolist() == [0.5, 0.5]
