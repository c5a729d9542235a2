"""Sparse factors against dense algebra, and the two libraries against one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, random_array

from remnant.errors import NotEstimable
from remnant.numerics import sparse
from remnant.numerics.sparse import factorise, has_cholmod


def matrix(size: int, seed: int) -> csc_matrix:
    half = random_array((size, size), density=min(1.0, 4.0 / size), rng=np.random.default_rng(seed))
    return csc_matrix(half @ half.T + csc_matrix(np.eye(size)) * 0.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 10_000), st.integers(1, 40))
def test_solve_determinant_and_variances_are_those_of_dense_algebra(size: int, seed: int, wide: int) -> None:
    a = matrix(size, seed)
    dense = a.toarray()
    factor = factorise(a)
    right = np.random.default_rng(seed).standard_normal((size, wide))
    assert factor.solve(right) == pytest.approx(np.linalg.solve(dense, right), rel=1e-9, abs=1e-9)
    assert factor.solve(right[:, 0]) == pytest.approx(np.linalg.solve(dense, right[:, 0]), rel=1e-9, abs=1e-9)
    assert factor.log_det == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-9)
    assert factor.variances() == pytest.approx(np.diag(np.linalg.inv(dense)), rel=1e-9)


def test_the_root_squares_to_the_inverse_and_whitening_is_its_transpose() -> None:
    a = matrix(30, 3)
    factor = factorise(a)
    colour = factor.colour(np.eye(30))
    assert colour @ colour.T == pytest.approx(np.linalg.inv(a.toarray()), abs=1e-10)
    assert factor.whiten(np.eye(30)) == pytest.approx(colour.T, abs=1e-12)


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    factor = factorise(matrix(60, 5))
    right = np.random.default_rng(1).standard_normal((60, 50))
    alone = factor.solve(right), factor.colour(right)
    for walk in (sparse._FORWARD, sparse._BACKWARD):
        monkeypatch.setattr(walk, "least", 0)
    assert (factor.solve(right) == alone[0]).all()
    assert (factor.colour(right) == alone[1]).all()


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    with pytest.raises(NotEstimable, match="positive definite"):
        factorise(csc_matrix(np.array([[1.0, 2.0], [2.0, 1.0]])))
    with pytest.raises(NotEstimable, match=r"singular|positive definite"):
        factorise(csc_matrix(np.zeros((2, 2)) + 1.0))


@pytest.mark.skipif(not has_cholmod(), reason="scikit-sparse is not installed: CHOLMOD cannot be compared")
def test_both_libraries_give_the_same_numbers() -> None:
    a = matrix(200, 9)
    one, other = factorise(a, use_cholmod=False), factorise(a, use_cholmod=True)
    right = np.random.default_rng(2).standard_normal((200, 3))
    assert one.solve(right) == pytest.approx(other.solve(right), rel=1e-9)
    assert one.log_det == pytest.approx(other.log_det, rel=1e-12)
    assert one.variances() == pytest.approx(other.variances(), rel=1e-9)
