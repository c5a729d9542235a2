"""Which places are forecast from which: whole districts, blocks of ground, or what came after a date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.units import Floats, Ints

FoldKind = Literal["none", "group", "block", "time", "random"]
RANDOM_WARNING = (
    "random split: the neighbours of every place were in the training, so these numbers flatter the forecast"
)
_TRAIN_ONLY = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folds:
    """A split of places into parts that are held out in turn.

    Parameters
    ----------
    kind
        How it was made.
    label
        (n,) part of each place; −1 where a place is never held out.
    names
        Name of each part.
    words
        How it was made, for a reader.
    warning
        What must stand beside every number; empty for an honest split.
    """

    kind: FoldKind
    label: Ints
    names: tuple[str, ...]
    words: str
    warning: str = ""

    def held_out(self) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
        """Name, mask of the places to learn from and mask of the places to forecast, for each part."""
        for number, name in enumerate(self.names):
            test = self.label == number
            learn = self.label == _TRAIN_ONLY if self.kind == "time" else ~test
            yield name, learn, test


def no_folds(num_places: int) -> Folds:
    """All places in one part, for a forecast that was made elsewhere."""
    return Folds(
        kind="none", label=np.zeros(num_places, np.int64), names=("all places",), words="all places at once"
    )


def folds_by_group(group: Sequence[object] | NDArray[np.object_], what: str = "group") -> Folds:
    """Whole groups, such as municipalities, held out in turn.

    Parameters
    ----------
    group
        (n,) name of the group of each place.
    what
        What the groups are, for a reader.

    Raises
    ------
    InvalidInput
        For a place without a group, or one group only.

    Examples
    --------
    >>> folds_by_group(["Granada", "Nariño", "Granada"], "municipality").names
    ('Granada', 'Nariño')
    """
    texts = np.array(["" if g is None or g != g else str(g).strip() for g in group], dtype=object)
    if (texts == "").any():
        raise InvalidInput(
            f"every place must have a {what}; {int((texts == '').sum())} of {texts.size} have none. "
            "Fill the column, or leave those places out."
        )
    names, label = np.unique(texts.astype(str), return_inverse=True)
    _two_or_more(names.size, what)
    return Folds(
        kind="group",
        label=label.reshape(-1).astype(np.int64),
        names=tuple(str(n) for n in names),
        words=f"whole groups by {what}, each held out in turn",
    )


def folds_by_block(x_m: Floats, y_m: Floats, block_m: float) -> Folds:
    """Square blocks of ground, held out in turn.

    Parameters
    ----------
    x_m, y_m
        (n,) places in a projection. [m]
    block_m
        Side of a block; longer than the distance over which places are alike. [m]
    """
    label = blocks(x_m, y_m, block_m)
    num = int(label.max()) + 1
    _two_or_more(num, f"block of {block_m / 1e3:g} km")
    names = tuple(f"block {i + 1}" for i in range(num))
    return Folds(
        kind="block",
        label=label,
        names=names,
        words=f"blocks of {block_m / 1e3:g} km × {block_m / 1e3:g} km, each held out in turn",
    )


def blocks(x_m: Floats, y_m: Floats, block_m: float) -> Ints:
    """Number of the square block of ground in which each place lies, from the north-west row by row. (n,)"""
    if not block_m > 0.0:
        raise InvalidInput(f"the side of a block must be above 0 m; got {block_m:g}.")
    if not (np.isfinite(x_m).all() and np.isfinite(y_m).all()):
        raise InvalidInput(
            "blocks need the place of every row; some have none. Leave them out or split by a column."
        )
    col, row = np.floor(x_m / block_m).astype(np.int64), np.floor(y_m / block_m).astype(np.int64)
    _, label = np.unique(np.column_stack([-row, col]), axis=0, return_inverse=True)
    return np.asarray(label.reshape(-1), np.int64)


def folds_by_time(day: Floats, cut_day: float, words: str = "") -> Folds:
    """What happened after a day is forecast from what was known by it.

    Parameters
    ----------
    day
        (n,) day of each record; unknown days are refused, because they may lie on either side. [d]
    cut_day
        Last day that may be learned from. [d]
    """
    if np.isnan(day).any():
        raise InvalidInput(
            f"a cut in time needs a date on every record; {int(np.isnan(day).sum())} of {day.size} have none. "
            "Leave them out and say so."
        )
    later = day > cut_day
    if not later.any() or later.all():
        side = "after" if not later.any() else "on or before"
        raise InvalidInput(f"a cut in time needs records on both sides; none lies {side} it. Move the cut.")
    return Folds(
        kind="time",
        label=np.where(later, 0, _TRAIN_ONLY).astype(np.int64),
        names=("after the cut",),
        words=words or "records after a date, forecast from those up to it",
    )


def folds_at_random(
    num_places: int, num_folds: int, *, rng: np.random.Generator, i_know_it_flatters: bool = False
) -> Folds:
    """Places dealt at random; refused unless the caller says that he knows what that hides.

    Raises
    ------
    InvalidInput
        Without `i_know_it_flatters`.
    """
    if not i_know_it_flatters:
        raise InvalidInput(
            "places that lie side by side must not be split at random; that was asked. The forecast then sees the "
            "neighbours of every place and looks far better than it is. Split by a column such as the municipality, by "
            "blocks or by a date, or say that you know (--random-split-i-know-it-flatters)."
        )
    if not 2 <= num_folds <= num_places:
        raise InvalidInput(f"a random split needs 2 to {num_places} parts; got {num_folds}.")
    label = rng.permutation(np.arange(num_places) % num_folds).astype(np.int64)
    return Folds(
        kind="random",
        label=label,
        names=tuple(f"random part {i + 1}" for i in range(num_folds)),
        words=f"{num_folds} parts at random",
        warning=RANDOM_WARNING,
    )


def _two_or_more(num: int, what: str) -> None:
    if num < 2:
        raise InvalidInput(
            f"holding out in turn needs two or more parts; there is one {what}. Take smaller parts."
        )
