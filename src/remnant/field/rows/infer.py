"""Rows inferred from the finds of one area: the sampler run, its draws, and whether its chains agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from remnant.errors import InvalidInput
from remnant.field.rows.chain import run_chain
from remnant.field.rows.ground import PointFinds, SearchedGround, centre_of, data_of
from remnant.field.rows.layout import MAX_BELTS, WIDTH, Data
from remnant.field.rows.settings import PatternPriors, limits_of
from remnant.units import Floats, Ints

Progress = Callable[[float], None]
_CHAINS = 4
_BURN = 300  # sweeps of each chain before the first draw is kept
_STEPS = 120  # moves per sweep


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
    n, keep = finds.x_m.size, -(-num_draws // _CHAINS)
    belts, num = np.zeros((_CHAINS, keep, MAX_BELTS, WIDTH)), np.zeros((_CHAINS, keep), np.int64)
    label, number = np.zeros((_CHAINS, keep, n), np.int64), np.zeros((_CHAINS, keep, n), np.int64)
    hyper, where = np.zeros((_CHAINS, keep, 2)), np.zeros((_CHAINS, keep, 2), np.int64)
    for k, stream in enumerate(rng.spawn(_CHAINS)):
        run_chain(
            data,
            limits,
            _BURN,
            keep,
            _STEPS,
            belts[k],
            num[k],
            label[k],
            number[k],
            hyper[k],
            where[k],
            stream,
        )
        if progress is not None:
            progress((k + 1) / _CHAINS)
    flat = slice(0, num_draws)
    return RowPosterior(
        finds=finds,
        ground=ground,
        priors=priors,
        data=data,
        cell_block=cell_block,
        centre_m=centre_of(ground),
        belts=belts.swapaxes(0, 1).reshape(-1, MAX_BELTS, WIDTH)[flat],
        num_belts=num.T.ravel()[flat],
        label=label.swapaxes(0, 1).reshape(_CHAINS * keep, n)[flat],
        number=number.swapaxes(0, 1).reshape(_CHAINS * keep, n)[flat],
        hyper=hyper.swapaxes(0, 1).reshape(-1, 2)[flat],
        where=where.swapaxes(0, 1).reshape(-1, 2)[flat],
        chain=np.tile(np.arange(_CHAINS), keep)[flat],
    )
