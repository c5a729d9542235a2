"""The lattice and its Matérn precision: closed forms, dense algebra, cosines, and the continuous covariance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.special import kv

from remnant.errors import InvalidInput
from remnant.field.lattice import (
    Lattice,
    field_draws,
    graph_laplacian,
    lattice_over,
    log_det_precision,
    node_variance,
    precision,
    stiffness,
)


def square(size: int, spacing: float = 1.0) -> Lattice:
    return Lattice(left_m=0.0, top_m=0.0, spacing_m=spacing, node=np.arange(size * size).reshape(size, size))


def with_a_hole() -> Lattice:
    there = np.ones((14, 11), np.bool_)
    there[4:8, 3:6] = False
    there[:, 9] = False  # an island of one column
    return Lattice(
        left_m=0.0,
        top_m=0.0,
        spacing_m=2.0,
        node=np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1),
    )


@pytest.mark.parametrize("a", [0.01, 0.3, 2.0])
def test_node_variance_is_the_spectral_integral(a: float) -> None:
    """Second route: numerical integration of 1 / (a + 4 − 2 cos x − 2 cos y)² over the frequencies."""

    def density(x: float, y: float) -> float:
        return float((a + 4.0 - 2.0 * np.cos(x) - 2.0 * np.cos(y)) ** -2)

    total = 4.0 * dblquad(density, 0.0, np.pi, 0.0, np.pi, epsabs=1e-7)[0]
    assert node_variance(a) == pytest.approx(total / (4.0 * np.pi**2), rel=1e-5)


def test_nodes_far_from_edges_have_the_stated_spread_and_the_matern_correlation() -> None:
    """κd K₁(κd) at distance d: the covariance of ν = 1 (Lindgren, Rue, Lindström 2011, eq. 1)."""
    lattice = square(61, spacing=100.0)
    covariance = np.linalg.inv(precision(lattice, 1500.0, 0.7).toarray())
    middle = 30 * 61 + 30
    assert covariance[middle, middle] == pytest.approx(0.49, rel=0.003)
    for steps in (5, 10, 15):
        kd = np.sqrt(8.0) * steps * 100.0 / 1500.0
        assert covariance[middle, middle + steps] / 0.49 == pytest.approx(kd * kv(1, kd), abs=0.02)
    # 0.1396 = √8 K₁(√8): what "about 0.14 at the range" means
    assert np.sqrt(8.0) * kv(1, np.sqrt(8.0)) == pytest.approx(0.1396, abs=1e-4)


@pytest.mark.parametrize("lattice", [square(9), with_a_hole()])
def test_determinant_is_that_of_dense_algebra(lattice: Lattice) -> None:
    g = graph_laplacian(lattice)
    dense = np.linalg.slogdet(precision(lattice, 7.0, 1.3).toarray())[1]
    assert log_det_precision(lattice, 7.0, 1.3, g) == pytest.approx(dense, rel=1e-10)


def test_nothing_wraps_around_and_islands_are_independent() -> None:
    lattice = with_a_hole()
    covariance = np.linalg.inv(precision(lattice, 9.0, 1.0).toarray())
    island = lattice.node[:, 10]
    mainland = np.setdiff1d(np.arange(lattice.num_nodes), island)
    assert np.abs(covariance[np.ix_(island, mainland)]).max() < 1e-12
    left, right = lattice.node[0, 0], lattice.node[0, 8]
    assert covariance[left, right] < 0.35 * covariance[left, left]


def test_rows_of_the_laplacian_add_up_to_nothing() -> None:
    assert np.abs(np.asarray(graph_laplacian(with_a_hole()).sum(axis=0))).max() == 0.0


def test_draws_have_the_covariance_of_the_precision() -> None:
    for lattice in (square(8), with_a_hole()):
        draws = field_draws(lattice, 5.0, 0.8, 20_000, rng=np.random.default_rng(1))
        covariance = np.linalg.inv(precision(lattice, 5.0, 0.8).toarray())
        error = np.sqrt(2.0 * np.diag(covariance) ** 2 / 20_000)
        assert (np.abs(draws.var(axis=0) - np.diag(covariance)) < 5.0 * error).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-900.0, 900.0), st.floats(-900.0, 900.0)), min_size=1, max_size=20))
def test_interpolation_reproduces_planes(points: list[tuple[float, float]]) -> None:
    x, y = np.array(points).T
    lattice = lattice_over(x, y, 130.0, 200.0)
    read = lattice.interpolation(x, y)
    node_x, node_y = lattice.places()
    assert np.asarray(read.sum(axis=1)).ravel() == pytest.approx(1.0)
    assert read @ (3.0 * node_x - 2.0 * node_y + 5.0) == pytest.approx(3.0 * x - 2.0 * y + 5.0, abs=1e-6)


def test_a_lattice_lies_on_a_fixed_grid_of_the_plane() -> None:
    """More points elsewhere never move nodes."""
    x, y = np.array([10.0, 900.0]), np.array([-30.0, 400.0])
    one, two = lattice_over(x, y, 100.0, 0.0), lattice_over(np.append(x, 5e3), np.append(y, 7e3), 100.0, 0.0)
    assert (one.left_m - two.left_m) % 100.0 == 0.0
    assert (one.top_m - two.top_m) % 100.0 == 0.0


def test_places_without_nodes_are_refused() -> None:
    lattice = lattice_over(np.array([0.0, 5000.0]), np.array([0.0, 0.0]), 100.0, 0.0)
    with pytest.raises(InvalidInput, match=r"1 of 2 do not, first is \(2500.0, 0.0\)"):
        lattice.interpolation(np.array([0.0, 2500.0]), np.array([0.0, 0.0]))


def test_too_fine_a_lattice_is_refused_with_a_way_out() -> None:
    x = np.array([0.0, 1e6])
    with pytest.raises(InvalidInput, match="wider spacing"):
        lattice_over(x, x, 10.0, 0.0)


def test_stiffness_does_not_depend_on_the_unit_of_length() -> None:
    assert stiffness(square(3, 1.0), 5.0) == pytest.approx(stiffness(square(3, 1000.0), 5000.0))
