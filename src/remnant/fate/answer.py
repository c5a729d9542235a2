"""What is left of a delivered quantity of one type: the whole answer on one basis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Catalogue, OrdnanceType
from remnant.errors import InvalidInput, NotEstimable
from remnant.fate.basis import BASES, BasisDraws, basis_draws, with_setting
from remnant.fate.items import (
    ITEM_STATES,
    ItemCounts,
    count_items,
    item_shares,
    mixture_quantile,
    representatives,
)
from remnant.fate.treaty import TreatyVerdict, annex_limits, judge_treaty
from remnant.units import parse_age_d

DEFAULT_AGES = ("15d", "120d", "10y")
NUM_DRAWS = 4000
_CURVE_GROUPS = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FateAnswer:
    """Items of one delivered quantity over time, on one basis.

    Parameters
    ----------
    ordnance, setting
        The type, and the self-destruct setting taken (empty: it has none).
    on
        Date of delivery; None: not dated, ages only.
    dates
        Calendar date of each age; None where not dated or beyond the calendar.
    basis
        θ, and what the basis means.
    counts
        Items by age and state.
    treaty
        Verdict against CCW Amended Protocol II, Technical Annex 3(a).
    seed, num_draws, catalogue_sha256
        For the provenance.
    """

    ordnance: OrdnanceType
    setting: str
    on: dt.date | None
    dates: tuple[dt.date | None, ...]
    basis: BasisDraws
    counts: ItemCounts
    treaty: TreatyVerdict
    seed: int
    num_draws: int
    catalogue_sha256: str


def answer_fate(
    name: str,
    catalogue: Catalogue,
    *,
    quantity: int,
    on: dt.date | None,
    ages_d: Sequence[float],
    setting: str = "",
    basis: str = "catalogue",
    claim: str = "",
    unconfirmed: bool = False,
    seed: int = 1,
    num_draws: int = NUM_DRAWS,
) -> FateAnswer:
    """How many items of a delivered quantity are in which state at each age.

    Parameters
    ----------
    name
        Type, in any spelling of the catalogue.
    quantity
        Items delivered. [items]
    ages_d
        Ages. [d]
    setting, basis, claim, unconfirmed
        As in `with_setting` and `basis_draws`.
    seed
        The same seed gives the same numbers.
    """
    if seed < 0:
        raise InvalidInput(f"seed must be 0 or more; got {seed}")
    ordnance, chosen = with_setting(catalogue.ordnance(name), setting)
    rng = np.random.default_rng([seed, *b"fate"])
    found = basis_draws(
        ordnance, basis, catalogue, num_draws=num_draws, rng=rng, claim=claim, unconfirmed=unconfirmed
    )
    ages = np.asarray(ages_d, dtype=np.float64)
    return FateAnswer(
        ordnance=ordnance,
        setting=chosen,
        on=on,
        dates=tuple(date_after(on, age) for age in ages),
        basis=found,
        counts=count_items(found.draws, quantity, ages),
        treaty=judge_treaty(found.draws, annex_limits(catalogue), is_in_scope=ordnance.treaty_scope),
        seed=seed,
        num_draws=num_draws,
        catalogue_sha256=catalogue.sha256,
    )


def date_after(on: dt.date | None, age_d: float) -> dt.date | None:
    """The calendar date of an age; None without a date, or beyond the year 9999."""
    if on is None or age_d > (dt.date.max - on).days:
        return None
    return on + dt.timedelta(days=int(age_d))


def parse_ages_d(texts: Sequence[str]) -> tuple[float, ...]:
    """Ages from texts such as ``15d``, in rising order, each once; none gives the default. [d]

    Examples
    --------
    >>> parse_ages_d(["120d", "15d"])
    (15.0, 120.0)
    """
    return tuple(sorted({parse_age_d(text) for text in (texts or DEFAULT_AGES)}))


def parse_date(text: str) -> dt.date | None:
    """A date written as year-month-day; empty is "not dated"."""
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            f"--on must be a date written as year-month-day (2024-11-20); got {text!r}"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FateCurve:
    """Items over a sequence of ages, for pictures.

    Parameters
    ----------
    age_d
        (n_ages,). [d]
    mean
        (n_ages, 5) mean items, states in the order of `ITEM_STATES`. [items]
    band
        By state (``armed``, ``explosive``): 5 % and 95 % points, (2, n_ages). [items]
    """

    age_d: NDArray[np.float64]
    mean: NDArray[np.float64]
    band: Mapping[str, NDArray[np.float64]]


def fate_curve(answer: FateAnswer, age_d: NDArray[np.float64]) -> FateCurve:
    """The answer at many ages: means from all draws, bands from groups of them."""
    quantity = answer.counts.quantity
    share = item_shares(answer.basis.draws, age_d)
    few = representatives(share, _CURVE_GROUPS)
    band = {
        state: np.stack([mixture_quantile(few[..., k], quantity, level) for level in (0.05, 0.95)])
        for state in ("armed", "explosive")
        for k in (ITEM_STATES.index(state),)
    }
    return FateCurve(age_d=age_d, mean=quantity * share.mean(axis=0), band=band)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times more items one answer leaves than another, at one age and in one state.

    Parameters
    ----------
    of_means
        Ratio of the means; inf where the other leaves none, NaN where neither leaves any. [1]
    q05, q95
        90 % interval of the ratio of shares, doubt about θ of both. [1]
    """

    age_d: float
    state: str
    of_means: float
    q05: float
    q95: float


def ratios(more: FateAnswer, less: FateAnswer) -> tuple[Ratio, ...]:
    """Factors between two answers at their common ages, for ``explosive`` and ``armed``, per item delivered."""
    found = []
    for age in sorted(set(more.counts.age_d.tolist()) & set(less.counts.age_d.tolist())):
        above = item_shares(more.basis.draws, np.array([age]))[:, 0]
        below = item_shares(less.basis.draws, np.array([age]))[:, 0]
        for state in ("explosive", "armed"):
            k = ITEM_STATES.index(state)
            with np.errstate(divide="ignore", invalid="ignore"):
                factors = above[:, k] / below[:, k]
                of_means = float(above[:, k].mean() / below[:, k].mean())
            known = factors[~np.isnan(factors)]
            low, high = np.quantile(known, [0.05, 0.95], method="nearest") if known.size else (np.nan, np.nan)
            found.append(Ratio(age_d=age, state=state, of_means=of_means, q05=float(low), q95=float(high)))
    return tuple(found)


def answer_comparison(
    names: Sequence[str],
    catalogue: Catalogue,
    *,
    bases: Sequence[str],
    quantity: int,
    on: dt.date | None,
    ages_d: Sequence[float],
    unconfirmed: bool = False,
    seed: int = 1,
    num_draws: int = NUM_DRAWS,
) -> tuple[tuple[FateAnswer, ...], tuple[str, ...]]:
    """Every type on every basis that it has, and a sentence for each that it has not.

    Parameters
    ----------
    names
        Types; the first is what the others are compared with.
    bases
        None: ``catalogue`` for several types, all of them for one.
    """
    asked = tuple(dict.fromkeys(bases)) or (("catalogue",) if len(set(names)) > 1 else BASES)
    answers: list[FateAnswer] = []
    missing: list[str] = []
    for name in dict.fromkeys(catalogue.ordnance(n).name for n in names):
        for basis in asked:
            try:
                answers.append(
                    answer_fate(
                        name,
                        catalogue,
                        quantity=quantity,
                        on=on,
                        ages_d=ages_d,
                        basis=basis,
                        unconfirmed=unconfirmed,
                        seed=seed,
                        num_draws=num_draws,
                    )
                )
            except NotEstimable as reason:
                missing.append(f"{name}, basis {basis}: {reason}")
    if not answers:
        raise NotEstimable(missing[0])
    return tuple(answers), tuple(missing)
