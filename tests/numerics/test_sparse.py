"""Sparse factors against dense algebra, on any pattern and on lattices with holes."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, diags, identity, random_array
from scipy.sparse.linalg import splu

from remnant.errors import NotEstimable
from remnant.numerics import sparse
from remnant.numerics.dissection import dissected, staged
from remnant.numerics.sparse import Factor, factorise
from remnant.units import Floats


def matrix(size: int, seed: int) -> csc_matrix:
    half = random_array((size, size), density=min(1.0, 4.0 / size), rng=np.random.default_rng(seed))
    return csc_matrix(half @ half.T + csc_matrix(np.eye(size)) * 0.5)


def places(size: int, seed: int) -> Floats:
    return np.random.default_rng([seed, 1]).random((size, 2))


def squared_laplacian(there: NDArray[np.bool_]) -> tuple[csc_matrix, Floats]:
    """(a I + G)² of the cells of a mask, with a diagonal that differs from cell to cell, and their places."""
    at = np.argwhere(there)
    number = np.full(np.add(there.shape, 1), -1)
    number[:-1, :-1][there] = np.arange(len(at))
    row, col = at.T
    pairs = [(number[row, col], number[row + i, col + j]) for i, j in ((0, 1), (1, 0))]
    one, other = (np.concatenate(p) for p in zip(*pairs, strict=True))
    one, other = one[other >= 0], other[other >= 0]
    near = csc_matrix((np.ones(one.size), (one, other)), shape=(len(at), len(at)))
    near = near + near.T
    k = 0.1 * identity(len(at)) + diags(np.asarray(near.sum(axis=0)).ravel()) - near
    own = diags(np.random.default_rng(len(at)).random(len(at)))
    return csc_matrix(k @ k + own), at.astype(float)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.integers(0, 10_000), st.integers(1, 40))
def test_solve_and_determinant_are_those_of_dense_algebra(size: int, seed: int, wide: int) -> None:
    a = matrix(size, seed)
    dense = a.toarray()
    factor = factorise(a, places(size, seed))
    right = np.random.default_rng(seed).standard_normal((size, wide))
    assert factor.solve(right) == pytest.approx(np.linalg.solve(dense, right), rel=1e-9, abs=1e-9)
    assert factor.solve(right[:, 0]) == pytest.approx(np.linalg.solve(dense, right[:, 0]), rel=1e-9, abs=1e-9)
    assert factor.log_det == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.3, 1.0), st.integers(0, 10_000))
def test_masks_of_any_shape_are_solved(num_rows: int, num_cols: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    there = rng.random((num_rows, num_cols)) < share
    there[0, 0] = True
    a, at = squared_laplacian(there)
    right = rng.standard_normal((len(at), 3))
    other = splu(a, permc_spec="MMD_AT_PLUS_A")  # a second route: another library, in another order
    factor = factorise(a, at)
    assert factor.solve(right) == pytest.approx(other.solve(right), rel=1e-7, abs=1e-9)
    assert factor.log_det == pytest.approx(np.log(np.abs(other.U.diagonal())).sum(), rel=1e-10, abs=1e-9)


def test_fronts_of_many_panels_are_solved() -> None:
    """On 150 × 150 nodes the last front has some 300 rows of its own: several panels."""
    there = np.ones((150, 150), np.bool_)
    there[40:60, 70:90] = False
    a, at = squared_laplacian(there)
    factor = factorise(a, at)
    assert np.diff(factor.fronts.start).max() > 3 * sparse._PANEL
    right = np.random.default_rng(1).standard_normal((len(at), 20))
    assert a @ factor.solve(right) == pytest.approx(right, abs=1e-9)
    assert factor.log_det == pytest.approx(
        np.log(np.abs(splu(a, permc_spec="MMD_AT_PLUS_A").U.diagonal())).sum(), rel=1e-10
    )


def test_the_root_squares_to_the_inverse_and_whitening_is_its_transpose() -> None:
    a, at = squared_laplacian(np.ones((12, 15), np.bool_))
    factor = factorise(a, at)
    colour = factor.colour(np.eye(180))
    assert colour @ colour.T == pytest.approx(np.linalg.inv(a.toarray()), abs=1e-10)
    assert factor.whiten(np.eye(180)) == pytest.approx(colour.T, abs=1e-12)


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    a, at = squared_laplacian(np.ones((40, 40), np.bool_))
    right = np.random.default_rng(1).standard_normal((1600, 50))

    def found() -> tuple[Factor, Floats]:
        factor = factorise(a, at)
        return factor, factor.solve(right)

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    alone, solved = found()
    numba.set_num_threads(threads)
    for walk in (sparse._FORWARD, sparse._BACKWARD):
        monkeypatch.setattr(walk, "least", 0)
    factor, again = found()
    assert (factor.value == alone.value).all()
    assert (again == solved).all()


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    at = np.zeros((2, 2))
    with pytest.raises(NotEstimable, match="positive definite"):
        factorise(csc_matrix(np.array([[1.0, 2.0], [2.0, 1.0]])), at)
    with pytest.raises(NotEstimable, match="positive definite"):
        factorise(csc_matrix(np.zeros((2, 2)) + 1.0), at)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 300), st.integers(0, 10_000))
def test_fronts_hold_every_entry_of_the_factor(size: int, seed: int) -> None:
    a = matrix(size, seed)
    fronts = dissected(a.indptr, a.indices, places(size, seed))
    assert sorted(fronts.order) == list(range(size))
    held = np.zeros((size, size), np.bool_)
    for f in range(len(fronts.start) - 1):
        own = np.arange(fronts.start[f], fronts.start[f + 1])
        held[np.ix_(own, own)] = True
        held[np.ix_(fronts.rim[fronts.rim_start[f] : fronts.rim_start[f + 1]], own)] = True
    # signs of a factor could cancel: the pattern is that of a matrix of the same pattern whose entries are all negative
    pattern = (a.toarray() != 0.0)[np.ix_(fronts.order, fronts.order)]
    root = np.linalg.cholesky(np.where(np.eye(size) > 0, size + 1.0, -pattern.astype(float)))
    assert held[np.abs(root) > 1e-300].all()
    tasks = [f for stage in staged(fronts) for task in stage for f in task]
    assert sorted(tasks) == list(range(len(fronts.start) - 1))
    seen = {f: number for number, f in enumerate(tasks)}
    for f in range(len(fronts.start) - 1):
        for c in fronts.child[fronts.child_start[f] : fronts.child_start[f + 1]]:
            assert seen[c] < seen[f]


def test_a_factor_grows_with_a_lattice_but_little_faster() -> None:
    """Per node by a constant for every doubling of the side: O(n log n) entries."""
    per_node = []
    for side in (32, 64, 128, 256):
        a, at = squared_laplacian(np.ones((side, side), np.bool_))
        fronts = dissected(a.indptr, a.indices, at)
        own, rim = np.diff(fronts.start), np.diff(fronts.rim_start)
        per_node.append((own * (0.5 * own + rim)).sum() / side**2)
    steps = np.diff(per_node)
    assert steps.max() < 40.0
    assert steps[-1] < 1.3 * steps[0]
