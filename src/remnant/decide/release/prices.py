"""The two errors of a release decision: land given back with an item in it, and clean land held back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.field import LeftInAreas
from remnant.units import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoErrors:
    """What either decision on an area would get wrong; all (n_areas,).

    Parameters
    ----------
    p_item_left, p_armed_left
        Chance that it would be released with an explosive, or an armed, item in it. [1]
    items_left
        Explosive items that would be left, expected. [items]
    p_clean
        Chance that it would be held back with nothing in it. [1]
    clean_m2_held
        Ground held back in vain, expected. [m²]
    break_even
        How many times worse than holding this area back in vain a release with an item in it must be, for holding to
        be right: the odds p_clean / p_item_left. [1]
    """

    p_item_left: Floats
    p_armed_left: Floats
    items_left: Floats
    p_clean: Floats
    clean_m2_held: Floats
    break_even: Floats


def two_errors(left: LeftInAreas, area_m2: Floats) -> TwoErrors:
    """Both errors for every area of a block."""
    some = left.p_any[:, :, 3].mean(axis=0)
    clean = (1.0 - left.p_any[:, :, 3]).mean(axis=0)
    with np.errstate(divide="ignore"):
        odds = np.where(some > 0.0, clean / np.maximum(some, np.finfo(np.float64).tiny), np.inf)
    return TwoErrors(
        p_item_left=some,
        p_armed_left=left.p_any[:, :, 0].mean(axis=0),
        items_left=left.expected[:, :, 3].mean(axis=0),
        p_clean=clean,
        clean_m2_held=clean * area_m2,
        break_even=odds,
    )


def in_all(
    p_any: Floats, chosen: NDArray[np.bool_], size: Floats, *, rng: np.random.Generator, is_held: bool
) -> dict[str, tuple[float, float, float]]:
    """Mean and 90 % interval of how many of the chosen areas the decision gets wrong, and of their size.

    Parameters
    ----------
    p_any
        (n_draws, n_areas) chance of any item, given the draw; areas are independent given the draw. [1]
    chosen
        (n_areas,) areas that the decision is taken for.
    size
        (n_areas,) what each adds, such as its square metres.
    is_held
        Whether the decision is to hold back, so that clean areas are the errors.
    """
    chance = p_any[:, chosen]
    wrong = rng.random(chance.shape) < (1.0 - chance if is_held else chance)
    return {"areas": _summary(wrong.sum(axis=1).astype(np.float64)), "size": _summary(wrong @ size[chosen])}


def _summary(values: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(values, [0.05, 0.95], method="inverted_cdf")
    return float(values.mean()), float(low), float(high)
