"""The lattice on which a smooth field lives, and the Matérn precision of its nodes.

The field solves the stochastic equation (κ² − Δ) u = W on the plane [1]_ (Matérn, ν = 1, α = 2), written with
differences on a square lattice of spacing h with free edges: with a = κ² h² and G the graph Laplacian of the nodes that
are there, K = a I + G and ``Q = (s²(a) / spread²) Kᵀ K``. s²(a) is the variance of a node of the endless lattice with
precision Kᵀ K, so that away from edges every node has exactly the variance spread², whatever the spacing::

    s²(a) = −d/da (1/4π²) ∬ dx dy / (a + 4 − 2 cos x − 2 cos y) = (2/π) E(16/b²) / (b² − 16),    b = a + 4

(E: complete elliptic integral of the second kind, by its parameter). Nodes may be left out anywhere: islands, holes and
bays need no special care, and nothing wraps around.

References
----------
.. [1] F. Lindgren, H. Rue, J. Lindström, "An explicit link between Gaussian fields and Gaussian Markov random fields:
   the stochastic partial differential equation approach", J. R. Statist. Soc. B 73 (2011) 423-498.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import dctn
from scipy.ndimage import binary_dilation
from scipy.sparse import coo_matrix, csc_matrix, csr_matrix, identity
from scipy.special import ellipe, k1

from remnant.errors import InvalidInput
from remnant.numerics.sparse import factorise
from remnant.units import Floats, Ints

_NODES_MAX = 4_000_000
_NEARLY_FULL = 0.75
_FEW_NODES = 16
_RANGE_KAPPA = np.sqrt(8.0)  # range · κ for ν = 1: correlation is about 0.14 at the range


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lattice:
    """Nodes of a square lattice, some of which may be missing.

    Node (r, c) lies at x = left_m + c · spacing_m, y = top_m − r · spacing_m.

    Parameters
    ----------
    left_m, top_m, spacing_m
        Place of node (0, 0), and distance of neighbours. [m]
    node
        (num_rows, num_cols) number of each node, −1 where there is none.
    """

    left_m: float
    top_m: float
    spacing_m: float
    node: Ints

    @property
    def num_rows(self) -> int:
        """Rows, from north to south."""
        return int(self.node.shape[0])

    @property
    def num_cols(self) -> int:
        """Columns, from west to east."""
        return int(self.node.shape[1])

    @property
    def num_nodes(self) -> int:
        """Nodes that are there."""
        return int(self.node.max(initial=-1)) + 1

    @property
    def is_full(self) -> bool:
        """Whether no node is missing."""
        return self.num_nodes == self.node.size

    def places(self) -> tuple[Floats, Floats]:
        """(n_nodes,) x and y of the nodes. [m]"""
        row, col = np.nonzero(self.node >= 0)
        return np.asarray(self.left_m + col * self.spacing_m), np.asarray(self.top_m - row * self.spacing_m)

    def spots(self) -> Floats:
        """(n_nodes, 2) row and column of the nodes."""
        return np.argwhere(self.node >= 0).astype(np.float64)

    def interpolation(self, x: Floats, y: Floats) -> csr_matrix:
        """(n_points, n_nodes) bilinear weights; rows sum to 1.

        Raises
        ------
        InvalidInput
            If a point lies outside every cell of four nodes.
        """
        col = (np.asarray(x, np.float64) - self.left_m) / self.spacing_m
        row = (self.top_m - np.asarray(y, np.float64)) / self.spacing_m
        left = np.clip(np.floor(col), 0, self.num_cols - 2).astype(np.int64)
        top = np.clip(np.floor(row), 0, self.num_rows - 2).astype(np.int64)
        right, down = col - left, row - top
        corners = [
            (self.node[top + i, left + j], (down if i else 1.0 - down) * (right if j else 1.0 - right))
            for i in (0, 1)
            for j in (0, 1)
        ]
        node, weight = (np.stack(part, axis=1) for part in zip(*corners, strict=True))
        outside = (np.abs(np.stack([right, down]) - 0.5) > 0.5 + 1e-9).any(axis=0) | (
            (node < 0) & (weight > 1e-12)
        ).any(axis=1)
        if outside.any():
            k = int(np.flatnonzero(outside)[0])
            raise InvalidInput(
                f"every point must lie on the field's lattice; {int(outside.sum())} of {col.size} do not, first is "
                f"({np.ravel(x)[k]:.1f}, {np.ravel(y)[k]:.1f})"
            )
        used = weight > 1e-12
        point = np.broadcast_to(np.arange(col.size)[:, None], node.shape)
        return csr_matrix(
            (weight[used], (point[used], node[used])), shape=(col.size, self.num_nodes), dtype=np.float64
        )


def lattice_over(x: Floats, y: Floats, spacing_m: float, margin_m: float) -> Lattice:
    """The lattice that carries points, with a margin around them, and no nodes elsewhere.

    Parameters
    ----------
    x, y
        (n_points,) places that the field is wanted at. [m]
    spacing_m
        Distance of neighbouring nodes. [m]
    margin_m
        Nodes reach this far beyond the points (free edges raise the variance nearby). [m]
    """
    if not spacing_m > 0.0 or margin_m < 0.0:
        raise InvalidInput(
            f"spacing_m must be above 0 and margin_m at least 0; got {spacing_m:g}, {margin_m:g}"
        )
    if np.size(x) == 0:
        raise InvalidInput("a lattice needs at least one point; got none")
    reach = int(np.ceil(margin_m / spacing_m))
    left = (np.floor(np.min(x) / spacing_m) - reach) * spacing_m
    top = (np.ceil(np.max(y) / spacing_m) + reach) * spacing_m
    num_cols = int(np.floor((np.max(x) - left) / spacing_m)) + 2 + reach
    num_rows = int(np.floor((top - np.min(y)) / spacing_m)) + 2 + reach
    if num_rows * num_cols > 8 * _NODES_MAX:
        raise InvalidInput(_too_many(num_rows * num_cols, spacing_m))
    there = np.zeros((num_rows, num_cols), np.bool_)
    col = np.clip(np.floor((np.asarray(x) - left) / spacing_m).astype(np.int64), 0, num_cols - 2)
    row = np.clip(np.floor((top - np.asarray(y)) / spacing_m).astype(np.int64), 0, num_rows - 2)
    for i in (0, 1):
        for j in (0, 1):
            there[row + i, col + j] = True
    if reach:
        step = np.arange(-reach, reach + 1)
        there = binary_dilation(there, np.hypot(step[:, None], step) <= reach + 0.5)
    if (
        there.mean() > _NEARLY_FULL
    ):  # a few more nodes make the whole lattice, whose determinant is by cosines
        there[:] = True
    node = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
    if node.max() >= _NODES_MAX:
        raise InvalidInput(_too_many(int(node.max()) + 1, spacing_m))
    return Lattice(left_m=float(left), top_m=float(top), spacing_m=float(spacing_m), node=node)


def _too_many(size: int, spacing_m: float) -> str:
    return (
        f"a field with nodes every {spacing_m:g} m would have {size:,} of them; at most {_NODES_MAX:,}. Give a longer "
        "typical range, a wider spacing, or a smaller region."
    )


def graph_laplacian(lattice: Lattice) -> csc_matrix:
    """(n_nodes, n_nodes) Laplacian of the lattice's neighbours: free edges."""
    node = lattice.node
    pairs = [
        np.stack([a.ravel(), b.ravel()]) for a, b in ((node[:, :-1], node[:, 1:]), (node[:-1], node[1:]))
    ]
    both = np.concatenate(pairs, axis=1)
    both = both[:, (both >= 0).all(axis=0)]
    i, j = np.concatenate([both, both[::-1]], axis=1)
    size = lattice.num_nodes
    adjacent = coo_matrix((np.ones(i.size), (i, j)), shape=(size, size)).tocsc()
    degree = np.asarray(adjacent.sum(axis=0)).ravel()
    return csc_matrix((degree, (np.arange(size), np.arange(size))), shape=(size, size)) - adjacent


def node_variance(a: float) -> float:
    """Variance of a node of the endless lattice with precision Kᵀ K, K = a I + G.

    Examples
    --------
    Near the plane's 1 / (4π a) where nodes are dense:

    >>> round(node_variance(1e-4) * 4.0 * np.pi * 1e-4, 3)
    1.0
    """
    b = a + 4.0
    return float(2.0 / np.pi * ellipe(16.0 / b**2) / (a * (a + 8.0)))


def stiffness(lattice: Lattice, range_m: float) -> float:
    """Stiffness a = κ² h²: how fast the field forgets from node to node. [1]"""
    return float((_RANGE_KAPPA * lattice.spacing_m / range_m) ** 2)


def precision(
    lattice: Lattice, range_m: float, spread: float, laplacian: csc_matrix | None = None
) -> csc_matrix:
    """(n_nodes, n_nodes) precision of the field.

    Parameters
    ----------
    range_m
        Distance at which the correlation has fallen to about 0.14. [m]
    spread
        Standard deviation of the field, the natural logarithm of a factor. [1]
    laplacian
        `graph_laplacian(lattice)`, if it is at hand.
    """
    a = stiffness(lattice, range_m)
    g = graph_laplacian(lattice) if laplacian is None else laplacian
    k = (a * identity(lattice.num_nodes, format="csc") + g).tocsc()
    return (node_variance(a) / spread**2 * (k.T @ k)).tocsc()


def log_det_precision(lattice: Lattice, range_m: float, spread: float, laplacian: csc_matrix) -> float:
    """Logarithm of the determinant of the precision; by cosines on full lattices."""
    a = stiffness(lattice, range_m)
    if lattice.is_full:
        cosines = [2.0 - 2.0 * np.cos(np.pi * np.arange(size) / size) for size in lattice.node.shape]
        log_k = float(np.log(a + cosines[0][:, None] + cosines[1]).sum())
    else:
        k = (a * identity(lattice.num_nodes, format="csc") + laplacian).tocsc()
        log_k = factorise(k, lattice.spots()).log_det
    return 2.0 * log_k + lattice.num_nodes * float(np.log(node_variance(a) / spread**2))


def read_variance(lattice: Lattice, read: csr_matrix, range_m: float, *, num_rows: int = 2_000) -> float:
    """Mean variance of what rows read of a field of spread 1: below 1, because between nodes it is interpolated.

    Parameters
    ----------
    read
        (n_rows, n_nodes) weights. Some `num_rows` of those that read few nodes are looked at.
    range_m
        Of the field. [m]

    Examples
    --------
    >>> lattice = Lattice(left_m=0.0, top_m=0.0, spacing_m=1.0, node=np.arange(9).reshape(3, 3))
    >>> at_node, between = (lattice.interpolation(np.array([x]), np.array([-1.0])) for x in (1.0, 1.5))
    >>> round(read_variance(lattice, at_node, 4.0), 3), round(read_variance(lattice, between, 4.0), 3)
    (1.0, 0.866)
    """
    counts = np.diff(read.indptr)
    rows = np.flatnonzero((counts > 0) & (counts <= _FEW_NODES))
    if rows.size == 0:
        return 1.0
    some = read[rows[:: max(1, rows.size // num_rows)]].tocoo()
    x, y = (np.append(v, np.nan) for v in lattice.places())
    place = np.arange(some.nnz) - np.searchsorted(some.row, some.row)
    weight, node = np.zeros((some.shape[0], _FEW_NODES)), np.full((some.shape[0], _FEW_NODES), -1)
    weight[some.row, place], node[some.row, place] = some.data, some.col % lattice.num_nodes
    d = np.hypot(*(v[node][:, :, None] - v[node][:, None, :] for v in (x, y)))
    scaled = _RANGE_KAPPA / range_m * np.maximum(np.nan_to_num(d), 1e-9)
    return float(np.einsum("ri,rij,rj->r", weight, scaled * k1(scaled), weight).mean())


def field_draws(
    lattice: Lattice, range_m: float, spread: float, num_draws: int, *, rng: np.random.Generator
) -> Floats:
    """(n_draws, n_nodes) draws of the field from its prior."""
    a = stiffness(lattice, range_m)
    white = rng.standard_normal((num_draws, lattice.num_nodes))
    scale = spread / np.sqrt(node_variance(a))
    if lattice.is_full:
        shape = lattice.node.shape
        cosines = [2.0 - 2.0 * np.cos(np.pi * np.arange(size) / size) for size in shape]
        spectrum = 1.0 / (a + cosines[0][:, None] + cosines[1])
        out = dctn(white.reshape(num_draws, *shape) * spectrum, type=3, axes=(1, 2), norm="ortho")
        return np.asarray(scale * out.reshape(num_draws, -1))
    k = (a * identity(lattice.num_nodes, format="csc") + graph_laplacian(lattice)).tocsc()
    return np.asarray(scale * factorise(k, lattice.spots()).solve(white.T).T)
