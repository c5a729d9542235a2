"""Labelled cells: bounds, derivatives against differences, identities with counts, and recovery of what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from remnant.errors import InvalidInput
from remnant.field.counts import CountEvidence
from remnant.field.labels import LabelEvidence, Stacked, label_terms
from remnant.numerics import link_of

LEVEL = link_of(0.1, 10.0, is_probability=False)
CLUMP = link_of(0.1, 5.0, is_probability=False)
means = st.floats(1e-6, 300.0)
shapes = st.one_of(st.floats(0.05, 50.0), st.just(np.inf))


@given(means, shapes)
def test_found_and_not_found_are_the_only_outcomes(mean: float, shape: float) -> None:
    found, none = label_terms(1.0, mean, shape)[0], label_terms(0.0, mean, shape)[0]
    assert np.exp(found) + np.exp(none) == pytest.approx(1.0, abs=1e-12)


@given(means, shapes)
def test_a_label_is_concave_in_the_log_density(mean: float, shape: float) -> None:
    assert label_terms(1.0, mean, shape)[2] >= 0.0
    assert label_terms(0.0, mean, shape)[2] >= 0.0


def test_a_search_of_one_expected_item_finds_something_with_the_published_chance() -> None:
    # Poisson: 1 − e⁻¹ = 0.632121; with clump shape 1 (geometric): 1 − 1/(1 + 1) = 0.5
    assert np.exp(label_terms(1.0, 1.0, np.inf)[0]) == pytest.approx(0.6321205588)
    assert np.exp(label_terms(1.0, 1.0, 1.0)[0]) == pytest.approx(0.5)


@given(means, st.floats(0.05, 50.0))
def test_a_label_is_a_count_of_which_only_zero_is_told(mean: float, shape: float) -> None:
    none = nbinom.logpmf(0, shape, shape / (shape + mean))
    assert label_terms(0.0, mean, shape)[0] == pytest.approx(none, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("clump", [None, CLUMP])
def test_slopes_and_curvatures_agree_with_differences(clump: object) -> None:
    rng = np.random.default_rng(1)
    found, exposure = rng.integers(0, 2, 30).astype(float), rng.uniform(0.1, 3.0, 30)
    exposure[:4] = 0.0
    labels = LabelEvidence(is_found=found, exposure=exposure, level=LEVEL, clump=clump)  # type: ignore[arg-type]
    both = Stacked(
        parts=(labels, CountEvidence(found=found, exposure=exposure + 0.1, level=LEVEL, clump=CLUMP))
    )
    for evidence in (labels, both):
        field = rng.normal(size=(evidence.num_rows, 2))
        z = rng.normal(size=(evidence.num_nuisances, 2))
        value, by_field, by_z = evidence.gradient(field, z)
        np.testing.assert_allclose(value, evidence.value(field, z))
        step = 1e-5
        for r in range(evidence.num_rows):
            nudge = np.zeros_like(field)
            nudge[r] = step
            slope = (evidence.value(field + nudge, z) - evidence.value(field - nudge, z)) / (2 * step)
            np.testing.assert_allclose(by_field[r], slope, atol=1e-7)
        for i in range(evidence.num_nuisances):
            nudge = np.zeros_like(z)
            nudge[i] = step
            slope = (evidence.value(field, z + nudge) - evidence.value(field, z - nudge)) / (2 * step)
            np.testing.assert_allclose(by_z[i], slope, atol=1e-6)
        share, weight, by_z = evidence.curvature(field[:, :1], z[:, :1])
        up = evidence.gradient(field[:, :1] + step, z[:, :1])[1][:, 0]
        down = evidence.gradient(field[:, :1] - step, z[:, :1])[1][:, 0]
        assert share is None
        assert by_z.shape == (evidence.num_rows, evidence.num_nuisances)
        np.testing.assert_allclose(weight, -(up - down) / (2 * step), atol=1e-5)


def test_an_unknown_outcome_changes_nothing_whatever_its_label() -> None:
    known = LabelEvidence(is_found=np.array([1.0, 0.0]), exposure=np.ones(2), level=LEVEL, clump=CLUMP)
    more = LabelEvidence(
        is_found=np.array([1.0, 0.0, -1.0, np.nan]),
        exposure=np.array([1.0, 1.0, 0.0, 0.0]),
        level=LEVEL,
        clump=CLUMP,
    )
    z, field = np.full((2, 1), 0.3), np.array([[0.2], [-1.0], [5.0], [-7.0]])
    assert known.value(field[:2], z) == pytest.approx(more.value(field, z))
    assert not more.gradient(field, z)[1][2:].any()


def test_labels_that_are_neither_found_nor_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"1 of 2 rows .* row 1: label -1, exposure 1. Unknown"):
        LabelEvidence(is_found=np.array([0.0, -1.0]), exposure=np.ones(2), level=LEVEL)
