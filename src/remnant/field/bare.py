"""Ground of a region that no record touches: what may lie there, given each draw of the posterior.

Nothing was looked for there and nothing was found, so for class k in a block b of such ground::

    items in state s at time t ~ Poisson(r_k(t, s) g_kb X_b),    g_kb ~ Gamma(α, α),    X_b = Σ_cells ground · exp(η)

where r is the draw's density at relative density 1 times the share that remains, and η the draw's log relative density
(field and covariates), one number a block. A cell needs of a draw only x = ground · exp(η); the chance of any item is a
smooth function of log x, the same for all cells, and is tabulated. Sums over much ground need only S₁ = Σ_b X_b and
S₂ = Σ_b X_b²: blocks that no evidence tells apart add up to the clump shape α S₁² / S₂ (as in the reduction).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from remnant.errors import InvalidInput, RemnantError
from remnant.evidence import Case, History, background_classes
from remnant.field.bare_kernel import mix_and_sum
from remnant.field.history import compile_histories
from remnant.field.lattice import Lattice
from remnant.field.parameters import background_level
from remnant.field.posterior import DensityPosterior
from remnant.field.remaining import Summary
from remnant.field.spatial import FieldPosterior
from remnant.units import Floats, Ints

_KNOT_STEP = 0.0625  # of log x
_LINEAR = 1e-9  # relative error of "chance of any = expected number" below the first knot
_KNOTS_ABOVE = (
    15.0  # log of the highest relative density that is tabulated; higher ones are worked out one by one
)
_TOLERANCE = 1e-6  # greatest relative error between knots, checked when the table is made


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BareGround:
    """The posterior as ground without records needs it; draws that cells are mixed over stand first.

    Parameters
    ----------
    order
        (n_draws,) which draw of the posterior stands where.
    rate
        (n_draws, n_classes, n_dates, 3) items per m² armed, expired and dud, where the relative density is 1. [1/m²]
    clump
        (n_draws,) clump shape. [1]
    lattice
        Nodes of the field; None: the same density everywhere.
    nodes
        (n_nodes, n_draws) log relative density at the nodes.
    slopes
        (n_covariates, n_draws).
    mixed_rate, mixed_size
        (n_mixed, n_dates · 4) items per m², and size of the negative binomial that stands for all classes together, for
        the states of each date and for all of them.
    table, first_knot
        (n_mixed, n_intervals, n_dates, 4, 4) cubics of (chance of any) / x between knots of log x, by power, constant
        term first, and state; the first knot, in log m².
    """

    order: Ints
    rate: Floats
    clump: Floats
    lattice: Lattice | None
    nodes: NDArray[np.float32]
    slopes: Floats
    mixed_rate: Floats
    mixed_size: Floats
    table: Floats
    first_knot: float

    @property
    def num_dates(self) -> int:
        """Dates that it answers for."""
        return int(self.rate.shape[2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BareCells:
    """What remains on pieces of bare ground.

    Parameters
    ----------
    cells
        (n_dates, 4, n_cells) summary.
    sums
        (n_groups, 2, n_draws) S₁ and S₂ of each group, draws in the order of the posterior. [m², m⁴]
    """

    cells: Summary
    sums: Floats


def bare_rates(
    case: Case, posterior: DensityPosterior, days: Sequence[float], as_of_day: float
) -> tuple[Floats, Floats]:
    """Items per m² outside hazard areas, (n_draws, n_classes, n_dates, 3), and clump shape (n_draws,). [1/m², 1]"""
    table, classes = posterior.table, background_classes(case)
    index = {p.name: i for i, p in enumerate(table.parameters)}
    histories = [
        History(ordnance=posterior.reduction.classes.index(c), arrivals=((1.0, None, None),), searches=())
        for c in classes
    ]
    values = table.values(posterior.z)
    left = compile_histories(histories, table, as_of_day, days).remaining(table, posterior.z, values)
    level = table.levels(values)[:, [index[background_level(c)] for c in classes]]
    return level[:, :, None, None] / len(classes) * left, values[:, index["clump_shape"]]


def bare_ground(
    case: Case,
    posterior: DensityPosterior,
    days: Sequence[float],
    as_of_day: float,
    mixed: Ints,
    *,
    cell_area_m2: float,
) -> BareGround:
    """The posterior arranged for ground without records.

    Parameters
    ----------
    days, as_of_day
        Asked days; the day up to which the records run. [d]
    mixed
        Draws that the results of single cells are mixed over; sums are given for all draws.
    """
    rate, clump = bare_rates(case, posterior, days, as_of_day)
    others = np.setdiff1d(np.arange(len(clump)), mixed)
    order = np.concatenate([mixed, others]).astype(np.int64)
    every = np.concatenate([rate, rate.sum(axis=3, keepdims=True)], axis=3)[mixed]
    wide = np.ascontiguousarray(every.reshape(*every.shape[:2], -1))  # (n_mixed, n_classes, n_dates · 4)
    total, squares = wide.sum(axis=1), np.square(wide).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(squares > 0.0, clump[mixed, None] * np.square(total) / squares, 1.0)
    table, first = _table(wide, clump[mixed], cell_area_m2)
    field = posterior if isinstance(posterior, FieldPosterior) else None
    if field is not None and field.nodes.shape[1] != field.lattice.num_nodes:
        raise InvalidInput(
            'a region is worked out by tiles with one field for all classes; the case says fields = "separate". '
            'Write fields = "shared" under [model.field].'
        )
    return BareGround(
        order=order,
        rate=np.ascontiguousarray(rate[order]),
        clump=np.ascontiguousarray(clump[order]),
        lattice=None if field is None else field.lattice,
        nodes=np.zeros((0, order.size), np.float32) if field is None else _by_node(field, order),
        slopes=np.zeros((0, order.size)) if field is None else np.ascontiguousarray(field.slopes[order].T),
        mixed_rate=total,
        mixed_size=size,
        table=table,
        first_knot=first,
    )


def _by_node(field: FieldPosterior, order: Ints) -> NDArray[np.float32]:
    """(n_nodes, n_draws) log relative density at the nodes, without a second copy in double precision."""
    out = np.empty((field.nodes.shape[1], order.size), np.float32)
    for place, draw in enumerate(order.tolist()):
        out[:, place] = field.nodes[draw] + field.centre[draw]
    return out


def _table(wide: Floats, clump: Floats, cell_area_m2: float) -> tuple[Floats, float]:
    """Cubics of (chance of any) / x in log x, and the first knot."""
    steepest = float((wide.sum(axis=1) * (1.0 + 1.0 / clump)[:, None]).max(initial=0.0))
    last = np.log(cell_area_m2) + _KNOTS_ABOVE
    first = min(float(np.log(_LINEAR / steepest)), last - 1.0) if steepest > 0.0 else last - 1.0
    knots = first + _KNOT_STEP * np.arange(int(np.ceil((last - first) / _KNOT_STEP)) + 1)
    spline = CubicSpline(knots, _any_per_x(knots, wide, clump), axis=0)
    between = knots[:-1] + 0.5 * _KNOT_STEP
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.nan_to_num(np.abs(spline(between) / _any_per_x(between, wide, clump) - 1.0))
    if error.max() > _TOLERANCE:
        raise RemnantError(
            f"the table of chances is off by {error.max():.1e} where {_TOLERANCE:g} is allowed; please report the case"
        )
    powers = spline.c[::-1].reshape(4, len(between), len(wide), -1, 4)  # from highest first
    return np.ascontiguousarray(powers.transpose(2, 1, 3, 0, 4)), float(knots[0])


def _any_per_x(log_x: Floats, wide: Floats, clump: Floats) -> Floats:
    """(n, n_mixed, n_columns) chance of at least one item over x."""
    x = np.exp(log_x)
    out = np.zeros((x.size, wide.shape[0], wide.shape[2]))
    for k in range(wide.shape[1]):
        out += np.log1p(x[:, None, None] * wide[:, k] / clump[:, None])
    return -np.expm1(-clump[:, None] * out) / x[:, None, None]


def bare_cells(
    bare: BareGround,
    x_m: Floats,
    y_m: Floats,
    ground_m2: Floats,
    covariates: Floats,
    piece_start: Ints,
    piece_group: Ints,
    num_groups: int,
) -> BareCells:
    """What remains in cells of bare ground, and the sums that totals need.

    Parameters
    ----------
    x_m, y_m
        (n_pieces,) centre of the clump block that each piece lies in. [m]
    ground_m2
        (n_cells,) ground of each cell, above zero. [m²]
    covariates
        (n_pieces, n_covariates) standardised.
    piece_start, piece_group
        (n_pieces + 1,) and (n_pieces,): cells in pieces that share clumps, and the group that each piece counts for.

    Raises
    ------
    InvalidInput
        If a piece lies off the field's lattice.
    """
    if covariates.shape != (x_m.size, len(bare.slopes)):
        raise InvalidInput(
            f"covariates must be ({x_m.size}, {len(bare.slopes)}) numbers; got shape {covariates.shape}"
        )
    if not np.isfinite(covariates).all():
        raise InvalidInput("covariates must be known at every block; some are NaN or infinite")
    lattice = bare.lattice
    num_columns = bare.mixed_rate.shape[1]
    out = np.zeros((4, num_columns, ground_m2.size))
    sums = np.zeros((num_groups, 2, bare.order.size))
    num_lost = mix_and_sum(
        x_m,
        y_m,
        np.ascontiguousarray(ground_m2),
        np.ascontiguousarray(covariates),
        piece_start,
        piece_group,
        np.zeros((0, 0), np.int64) if lattice is None else lattice.node,
        (0.0, 0.0, 1.0) if lattice is None else (lattice.left_m, lattice.top_m, lattice.spacing_m),
        bare.nodes,
        bare.slopes,
        bare.table,
        bare.first_knot,
        _KNOT_STEP,
        bare.mixed_rate,
        bare.mixed_size,
        _by_class(bare),
        bare.clump,
        out,
        sums,
    )
    if num_lost:
        raise InvalidInput(
            f"the field must reach over all of the region; {num_lost:,} of {x_m.size:,} blocks lie outside its lattice"
        )
    back = np.empty_like(sums)
    back[:, :, bare.order] = sums
    mean, low, high, some = out.reshape(4, bare.num_dates, 4, ground_m2.size)
    return BareCells(cells=Summary(mean=mean, q05=low, q95=high, p_any=some), sums=back)


def _by_class(bare: BareGround) -> Floats:
    """(n_mixed, n_classes, n_dates · 4) items per m² of each class."""
    rate = bare.rate[: len(bare.mixed_rate)]
    every = np.concatenate([rate, rate.sum(axis=3, keepdims=True)], axis=3)
    return np.ascontiguousarray(every.reshape(*every.shape[:2], -1))


def bare_counts(rate: Floats, clump: Floats, sums: Floats, *, seed: Sequence[int]) -> NDArray[np.int64]:
    """(n_draws, n_dates, 3) numbers of items armed, expired and dud on bare ground, drawn given each draw.

    Parameters
    ----------
    rate, clump
        As from `bare_rates`.
    sums
        (2, n_draws) S₁ and S₂ of the ground.
    seed
        Of its stream. Every date uses the same random numbers, so that dates differ only where their rates do.
    """
    first, second = sums
    there = second > 0.0
    blocks = np.where(there, np.square(first), 1.0) / np.where(there, second, 1.0)
    shape = (clump * blocks)[:, None]
    share = np.random.default_rng([*seed, 0]).standard_gamma(np.broadcast_to(shape, rate.shape[:2])) / shape
    expected = share[:, :, None, None] * rate * np.where(there, first, 0.0)[:, None, None, None]
    return np.stack(
        [
            np.random.default_rng([*seed, 1]).poisson(expected[:, :, t]).sum(axis=1)
            for t in range(rate.shape[2])
        ],
        axis=1,
    )
