"""What evidence drives each hazard area: how the expected items there would differ if a piece of it were left out.

Leaving a piece out (`remnant.field.pieces`) changes the estimate in two ways:

- where it lies, the clump factors and the existence of its source are no longer conditioned on it: in closed form;
- everywhere, what is shared (levels, field, detection, fate) is learned without it: draws are weighed by exp(−ℓ), where
  ℓ is the log-likelihood that the piece adds given all the rest.

Where a piece says so much that fewer than a fifth of the draws would carry the weight, only a share τ of it is left
out, the largest of a few that does not, and the change of the logarithm is extended by 1/τ: as τ → 0 that is the
first-order influence, the covariance of the estimate with ℓ over the draws [1]_. It is right in sign and rough in size.
Where it would be a guess (finds of the area itself, changes of more than tenfold) the answer is unknown,
and said to be.

References
----------
.. [1] R. Giordano, T. Broderick, M. I. Jordan, "Covariances, robustness, and variational Bayes", J. Mach. Learn. Res.
   19 (2018) 1-49.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.field.area_items import AreaGround, AreaItems, prior_mean
from remnant.field.pieces import FOUND, KINDS, OWN, Pieces, pieces_of
from remnant.field.spatial import FieldPosterior
from remnant.units import Floats, Ints

MATERIAL = float(np.log(1.05))
"""Least change of the logarithm of the expected items that is named."""
_EFFECTIVE = 0.2  # least share of draws that must carry the weight
_SHARES = (1.0, 0.5, 0.25, 0.1)  # of a piece, left out until the draws can carry it
_LARGEST = float(np.log(10.0))  # change of a logarithm beyond which an extended one is a guess
_NOISE = 3.0  # standard errors of the draws above which a change stands out, when one is looked at
_NUMBERS_HELD = 3e7  # draws times areas and pieces
_AT_ONCE = 4_000_000  # numbers of one block of a table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Influence:
    """Rows: what the evidence, or a piece of it, does to the expected explosive items of a hazard area; all (n,).

    Parameters
    ----------
    area
        Index of the hazard area.
    rank
        0 for the evidence as a whole, elsewhere, and its own; 1, 2, 3 for the single pieces that matter most.
    evidence
        ``all``, ``elsewhere``, ``own``; for single pieces ``searched``, ``found`` or ``met``.
    source
        Source whose piece it is; −1 for the evidence as a whole and elsewhere.
    mean_with, mean_without
        Expected explosive items with it, and with it left out; NaN where the draws cannot tell. [items]
    is_rough
        Whether the draws could carry a part of the change only, from which the rest is extended.
    """

    area: Ints
    rank: Ints
    evidence: NDArray[np.str_]
    source: Ints
    mean_with: Floats
    mean_without: Floats
    is_rough: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Left:
    """The pieces that were left out.

    Parameters
    ----------
    weight
        (n_pieces, n_draws) of draws without it; rows sum to 1.
    share_out
        (n_pieces,) share of the piece that was left out: 1, or a part where that says too much. [1]
    noise
        (n_pieces,) standard error of the change of a logarithm, for an estimate that varies by all of its mean. [1]
    area, piece
        (n_pairs,) areas and the pieces that lie on their own ground.
    log_change
        (n_pairs,) logarithm of the area's expected items with the piece, over those without; extended from a part. [1]
    """

    weight: Floats
    share_out: Floats
    noise: Floats
    area: Ints
    piece: Ints
    log_change: Floats


def influence_rows(posterior: FieldPosterior, influence: Influence) -> dict[str, object]:
    """Columns of the table of influences, with words for whose evidence it is.

    ``area, rank, evidence``; ``whose`` (``own``, ``hazard area``, ``deliveries of …``, ``outside hazard areas``, or
    nothing); ``from_area`` (its index, −1 for none); ``mean_with, mean_without, factor`` (of the two); ``is_rough``.
    """
    reduction, source = posterior.reduction, influence.source
    kind = np.append(reduction.source_kind, "")[source]
    whose_area = np.where(kind == "area", np.append(reduction.source_area, -1)[source], -1)
    first_unit = np.append(
        np.searchsorted(np.sort(reduction.unit_source), np.arange(reduction.source_kind.size)), 0
    )
    unit = np.argsort(reduction.unit_source, kind="stable")[first_unit[source]] if source.size else source
    words = {"area": "hazard area", "background": "outside hazard areas", "": ""}
    whose = [
        "own" if k == "area" and w == a
        else f"deliveries of {reduction.classes[c].label}" if k == "deposit"
        else words[str(k)]
        for k, w, a, c in zip(kind, whose_area, influence.area, reduction.unit_class[unit], strict=True)
    ]  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = influence.mean_with / influence.mean_without
    return {
        "area": influence.area,
        "rank": influence.rank,
        "evidence": influence.evidence,
        "whose": whose,
        "from_area": whose_area,
        "mean_with": influence.mean_with,
        "mean_without": influence.mean_without,
        "factor": factor,
        "is_rough": influence.is_rough,
    }


def influence_of(
    posterior: FieldPosterior,
    day: float,
    as_of_day: float,
    *,
    rng: np.random.Generator,
    top: int = 3,
    num_draws: int = 1000,
) -> Influence:
    """What drives the estimate of each hazard area.

    Parameters
    ----------
    posterior
        The fit.
    day, as_of_day
        Day on which the items are counted; day up to which the records run. [d]
    rng
        For draws from the prior.
    top
        Single pieces to name for each area, at most: those that matter and stand out of the noise of the draws.
    num_draws
        Draws to use, at most; fewer where areas are many.
    """
    reduction = posterior.reduction
    size = reduction.area_m2.size + 4 * reduction.source_kind.size
    draws = np.arange(min(len(posterior.z), num_draws, max(100, int(_NUMBERS_HELD / max(1, size)))))
    ground = AreaGround.of(reduction)
    pieces = pieces_of(posterior, draws)
    items = AreaItems.of(posterior, pieces, day, as_of_day)
    by_area = items.by_area(ground)
    before = prior_mean(posterior, ground, day, as_of_day, rng=rng)
    left = _leave_out(pieces, items, ground, by_area)
    parts = [
        _overall(pieces, reduction.source_area, left, by_area.mean(axis=0), before),
        *_singles(pieces, left, by_area, top),
    ]
    area, rank, kind, source, with_, without, rough = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.lexsort((kind, rank, area))
    names = np.array([*KINDS, "elsewhere", "all"])
    return Influence(
        area=area[order].astype(np.int64),
        rank=rank[order].astype(np.int64),
        evidence=names[kind[order].astype(np.int64)],
        source=source[order].astype(np.int64),
        mean_with=with_[order],
        mean_without=without[order],
        is_rough=rough[order].astype(np.bool_),
    )


_ELSEWHERE, _ALL = len(KINDS), len(KINDS) + 1
_Rows = tuple[Ints, Ints, Ints, Ints, Floats, Floats, NDArray[np.bool_]]


def _leave_out(pieces: Pieces, items: AreaItems, ground: AreaGround, by_area: Floats) -> _Left:
    """Leave every piece out, as far as the draws can show it."""
    num, mean = len(by_area), by_area.mean(axis=0)
    weight = np.full((pieces.source.size, num), 1.0 / num)
    share_out = np.zeros(pieces.source.size)
    areas, which, logs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for share in _SHARES:
        todo = share_out == 0.0
        if not todo.any():
            break
        lost, exists = pieces.without(share)
        w = np.exp(-lost - np.max(-lost, axis=0, initial=-np.inf))
        w /= w.sum(axis=0)
        done = todo & ((1.0 / np.square(w).sum(axis=0) >= _EFFECTIVE * num) | (share == _SHARES[-1]))
        weight[done], share_out[done] = w.T[done], share
        number = np.full((pieces.exists.shape[1], len(KINDS)), -1, np.int64)
        number[pieces.source[done], pieces.kind[done]] = np.flatnonzero(done)
        some = ground.of_sources(np.unique(pieces.source[done]))
        for rows in some.blocks(num):
            start = some.starts(rows)
            source, area = some.source[rows][start], some.area[rows][start]
            by_kind = items.of_rows(some, rows, share)
            held = pieces.exists[:, source] * np.add.reduceat(by_kind[-1], start, axis=1)
            for kind in range(len(KINDS)):
                mine = np.flatnonzero(number[source, kind] >= 0)
                piece = number[source[mine], kind]
                other = exists[:, piece] * np.add.reduceat(by_kind[kind], start, axis=1)[:, mine]
                without = by_area[:, area[mine]] - held[:, mine] + other
                areas.append(area[mine])
                which.append(piece)
                logs.append(_log_ratio(mean[area[mine]], (weight[piece].T * without).sum(axis=0)) / share)
    return _Left(
        weight=weight,
        share_out=share_out,
        noise=weight.std(axis=1) * np.sqrt(num) / share_out,
        area=np.concatenate(areas),
        piece=np.concatenate(which),
        log_change=np.concatenate(logs),
    )


def _log_ratio(with_: Floats, without: Floats) -> Floats:
    """Logarithm of the ratio, 0 where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.log(with_ / without)
    return np.where(np.isfinite(out), out, 0.0)


def _overall(pieces: Pieces, source_area: Ints, left: _Left, mean: Floats, before: Floats) -> _Rows:
    """All evidence of every area, and its two parts: elsewhere, and its own."""
    area = np.flatnonzero(mean > 0.0)
    own = np.flatnonzero(pieces.kind[left.piece] == OWN)
    own = own[source_area[pieces.source[left.piece[own]]] == left.area[own]]
    middle, source = mean.copy(), np.full(mean.size, -1, np.int64)
    where, rough = left.area[own], np.zeros(mean.size, np.bool_)
    finds = np.isin(pieces.source[left.piece[own]], pieces.source[pieces.kind == FOUND])
    middle[where] = _without(left, left.piece[own], mean[where], left.log_change[own], finds)
    source[where] = pieces.source[left.piece[own]]
    rough[where] = left.share_out[left.piece[own]] < 1.0
    has_own, nobody = area[source[area] >= 0], np.full(area.size, -1)
    sure = np.zeros(area.size, np.bool_)
    columns = (
        (area, np.full(area.size, _ALL), nobody, mean[area], before[area], sure),
        (area, np.full(area.size, _ELSEWHERE), nobody, middle[area], before[area], rough[area]),
        (
            has_own,
            np.full(has_own.size, OWN),
            source[has_own],
            mean[has_own],
            middle[has_own],
            rough[has_own],
        ),
    )
    where, kind, which, with_, without, rough = (np.concatenate(c) for c in zip(*columns, strict=True))
    return where, np.zeros(where.size, np.int64), kind, which, with_, without, rough


def _without(
    left: _Left, piece: Ints, mean: Floats, log_change: Floats, is_own_find: NDArray[np.bool_]
) -> Floats:
    """Expected items without pieces; NaN where it would be a guess."""
    share = left.share_out[piece]
    guess = (share < 1.0) & ((np.abs(log_change) > _LARGEST) | is_own_find)
    return np.where(guess, np.nan, mean * np.exp(-log_change))


def _singles(pieces: Pieces, left: _Left, by_area: Floats, top: int) -> Iterator[_Rows]:
    """The single pieces that change each area most, a block of areas at a time."""
    mean = by_area.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where(mean > 0.0, by_area.std(axis=0) / mean, 0.0)
    single = pieces.kind != OWN
    # the largest of so many standard normals is about that
    distance = max(_NOISE, 0.5 + float(np.sqrt(2.0 * np.log(max(1, single.sum())))))
    reach = left.noise * np.sqrt(len(by_area)) * spread.max(initial=0.0)  # no covariance is larger
    loud = np.flatnonzero(single & (reach > MATERIAL))
    local = np.full(pieces.source.size, -1, np.int64)
    local[loud] = np.arange(loud.size)
    step = max(1, _AT_ONCE // max(1, loud.size))
    order = np.argsort(left.area, kind="stable")
    for first in range(0, mean.size, step):
        block = np.arange(first, min(first + step, mean.size))
        change = _log_ratio(mean[block], left.weight[loud] @ by_area[:, block]) / left.share_out[loud, None]
        limit = np.maximum(MATERIAL, distance * left.noise[loud, None] * spread[block])
        change = np.where(np.abs(change) > limit, change, 0.0)
        here = order[slice(*np.searchsorted(left.area[order], [first, first + block.size]))]
        here = here[single[left.piece[here]]]
        piece, area, log = left.piece[here], left.area[here], left.log_change[here]
        seen = local[piece] >= 0
        change[local[piece[seen]], area[seen] - first] = 0.0  # it lies there: in closed form instead
        keep = np.abs(log) > np.maximum(MATERIAL, _NOISE * left.noise[piece] * spread[area])
        far, column = np.nonzero(_largest(change, top))
        yield _ranked(
            np.concatenate([piece[keep], loud[far]]),
            np.concatenate([area[keep], block[column]]),
            np.concatenate([log[keep], change[far, column]]),
            np.arange(keep.sum() + far.size) < keep.sum(),
            pieces,
            left,
            mean,
            top,
        )


def _largest(change: Floats, top: int) -> NDArray[np.bool_]:
    """Which of the rows are among the largest of their column, and not zero."""
    if len(change) > top:
        least = -np.partition(-np.abs(change), top - 1, axis=0)[top - 1]
        return np.asarray((np.abs(change) >= least) & (change != 0.0))
    return np.asarray(change != 0.0)


def _ranked(
    piece: Ints,
    area: Ints,
    log: Floats,
    at_home: NDArray[np.bool_],
    pieces: Pieces,
    left: _Left,
    mean: Floats,
    top: int,
) -> _Rows:
    order = np.lexsort((piece, -np.abs(log), area))
    piece, area, log, at_home = piece[order], area[order], log[order], at_home[order]
    first = np.searchsorted(area, area)
    rank = np.arange(area.size) - first + 1
    keep = rank <= top
    piece, area, log, at_home = piece[keep], area[keep], log[keep], at_home[keep]
    return (
        area,
        rank[keep],
        pieces.kind[piece],
        pieces.source[piece],
        mean[area],
        _without(left, piece, mean[area], log, at_home & (pieces.kind[piece] == FOUND)),
        left.share_out[piece] < 1.0,
    )
