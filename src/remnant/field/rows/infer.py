"""Rows inferred from the finds of one area: the sampler run, its draws, and whether its chains agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from remnant.errors import InvalidInput
from remnant.field.rows.chain import run_chain
from remnant.field.rows.ground import PointFinds, SearchedGround, centre_of, data_of
from remnant.field.rows.layout import MAX_BELTS, WIDTH, Data, Limits
from remnant.field.rows.settings import PatternPriors, limits_of
from remnant.units import Floats, Ints

Progress = Callable[[float], None]
_CHAINS = 4
_PILOTS = 6
_PILOT_SWEEPS = 200
_PILOT_POWER = 0.3  # pilots count by this power of their score: far worse ones drop out, near ones stay
_BURN = 80  # sweeps of each chain before the first draw is kept
_STEPS = 120  # moves per sweep, up to three times as many where there are few finds and moves are cheap
_MANY_FINDS = 150


class _Draws(NamedTuple):
    """Outputs of one chain, one entry per kept draw."""

    belts: Floats
    num: Ints
    label: Ints
    number: Ints
    hyper: Floats
    where: Ints
    score: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowPosterior:
    """Draws of belts, memberships and background, given the finds of one area.

    Parameters
    ----------
    finds, ground, priors
        What went in.
    data, cell_block
        The same as the compiled code reads it, and the block of each cell per block size.
    centre_m
        Origin of the belts' coordinates. [m]
    belts, num_belts
        (n_draws, max_belts, width) and (n_draws,); see `remnant.field.rows.layout`.
    label, number
        (n_draws, n_finds) row of each find (−1: none) and its place along the row.
    hyper
        (n_draws, 2) log mean density [1/m²] and log clump shape of the background.
    where
        (n_draws, 2) block size and detection level of each draw.
    chain
        (n_draws,) chain that made each draw.
    """

    finds: PointFinds
    ground: SearchedGround
    priors: PatternPriors
    data: Data
    cell_block: Ints
    centre_m: tuple[float, float]
    belts: Floats
    num_belts: Ints
    label: Ints
    number: Ints
    hyper: Floats
    where: Ints
    chain: Ints

    @property
    def p_any_row(self) -> float:
        """Chance that the area holds any row. [1]"""
        return float((self.num_belts > 0).mean())


def infer_rows(
    finds: PointFinds,
    ground: SearchedGround,
    priors: PatternPriors | None = None,
    *,
    num_draws: int = 1000,
    effort: float = 1.0,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> RowPosterior:
    """Whether and how the items of an area lie in rows, as posterior draws.

    Parameters
    ----------
    finds
        Items found, at points. None at all is fine: the answer is then the prior, thinned by the search.
    ground
        The area, and the chance that an item there would have been found.
    priors
        Beliefs about patterns; `p_any_row=0` gives the unstructured model alone.
    num_draws
        Kept draws, shared between independent chains.
    effort
        Multiplies the number of moves between draws: less is quicker, and rougher. [ratio]
    rng
        The only source of randomness.
    progress
        Called with the share done, 0 to 1.
    """
    priors = priors or PatternPriors()
    if num_draws < _CHAINS:
        raise InvalidInput(f"num_draws must be at least {_CHAINS}; got {num_draws}.")
    limits = limits_of(priors)
    data, cell_block = data_of(finds, ground, priors.block_m)
    keep = -(-num_draws // _CHAINS)
    few = min(max(_MANY_FINDS / max(finds.x_m.size, 1), 1.0), 3.0)
    steps = max(int(effort * few * _STEPS), 1)
    total = _PILOTS * _PILOT_SWEEPS + _CHAINS * (_BURN + keep)
    streams = rng.spawn(_PILOTS + _CHAINS)

    def tell(sweeps: int) -> None:
        if progress is not None:
            progress(sweeps / total)

    pilots = []
    for k in range(_PILOTS):
        pilots.append(
            _run(data, limits, np.zeros((MAX_BELTS, WIDTH)), 0, _PILOT_SWEEPS - 1, 1, steps, streams[k])
        )
        tell((k + 1) * _PILOT_SWEEPS)
    score = np.array([p.score[-1] for p in pilots])
    weight = np.exp(_PILOT_POWER * (score - score.max()))
    begin = rng.choice(_PILOTS, size=_CHAINS, p=weight / weight.sum())
    chains = []
    for k, pilot in enumerate(begin):
        start, num = pilots[pilot].belts[-1], int(pilots[pilot].num[-1])
        chains.append(_run(data, limits, start, num, _BURN, keep, steps, streams[_PILOTS + k]))
        tell(_PILOTS * _PILOT_SWEEPS + (k + 1) * (_BURN + keep))
    drawn = _Draws(
        *(
            np.stack(part, axis=1).reshape(_CHAINS * keep, *part[0].shape[1:])[:num_draws]
            for part in zip(*chains, strict=True)
        )
    )
    return RowPosterior(
        finds=finds,
        ground=ground,
        priors=priors,
        data=data,
        cell_block=cell_block,
        centre_m=centre_of(ground),
        belts=drawn.belts,
        num_belts=drawn.num,
        label=drawn.label,
        number=drawn.number,
        hyper=drawn.hyper,
        where=drawn.where,
        chain=np.tile(np.arange(_CHAINS), keep)[:num_draws],
    )


def _run(
    data: Data,
    limits: Limits,
    start: Floats,
    num: int,
    burn: int,
    keep: int,
    steps: int,
    stream: np.random.Generator,
) -> _Draws:
    """One chain from given belts."""
    n = data.x.size
    out = _Draws(
        belts=np.zeros((keep, MAX_BELTS, WIDTH)),
        num=np.zeros(keep, np.int64),
        label=np.zeros((keep, n), np.int64),
        number=np.zeros((keep, n), np.int64),
        hyper=np.zeros((keep, 2)),
        where=np.zeros((keep, 2), np.int64),
        score=np.zeros(keep),
    )
    run_chain(data, limits, np.ascontiguousarray(start), num, burn, keep, steps, *out, stream)
    return out
