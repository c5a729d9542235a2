"""What more survey of an area is worth: items removed, ground that comes within a limit, loss that is avoided.

What an area still holds is "nothing, or a negative binomial number of items", draw by draw of what is uncertain. Survey
works a share of the ground, finds each item there with chance q and removes it. With c the share worked, x = c q, and a
Gamma density of shape r and mean m, y finds leave a Gamma of shape r + y and rate r/m + x, and ground in which
``(1 − x) (r + y) / (r/m + x)`` items are expected to be left. No find also lowers the chance that anything was there.

The loss of an area that is left as it is, is a stated loss per item left; that of clearing it, the cost of clearing and
the loss of what clearing misses. Survey is worth the fall of the smaller of the two, in expectation over its outcome:
the expected value of sample information, with the items that it removes. Both numbers are the user's: nothing here
prices harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from remnant.decide.release import search_share_needed
from remnant.errors import InvalidInput
from remnant.units import Floats, not_negative, probability

_MOST_FINDS = 300  # outcomes told apart; beyond them one bound serves, and it understates the value
_POISSON_SIZE = 1e9
_SMALLEST = 1e-12
_STRETCHES = 25  # lengths of survey that are compared, from the hour to one whole pass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaLaws:
    """What each of n areas still holds, draw by draw.

    Parameters
    ----------
    exists
        (n_draws, n_areas) chance that the area holds anything. [1]
    mean
        (n_draws, n_areas) items in it if it does. [items]
    size
        (n_draws, n_areas) shape of the Gamma density: small is patchy, large is Poisson. [1]
    p_detect
        (n_draws,) chance that survey finds an item in ground it works. [1]
    """

    exists: Floats
    mean: Floats
    size: Floats
    p_detect: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "exists", probability("chance that an area holds anything", self.exists))
        object.__setattr__(self, "mean", not_negative("items in an area", self.mean))
        object.__setattr__(self, "p_detect", probability("detection", self.p_detect))
        shape = np.shape(self.exists)
        if len(shape) != 2 or np.shape(self.mean) != shape or np.shape(self.size) != shape:
            raise InvalidInput(
                f"existence, mean and size need one shape (draws, areas); got {shape} and others."
            )
        if self.p_detect.shape != shape[:1]:
            raise InvalidInput(f"detection needs one value per draw, {shape[0]}; got {self.p_detect.size}.")

    def only(self, area: int) -> AreaLaws:
        """The laws of one area."""
        one = slice(area, area + 1)
        return AreaLaws(
            exists=self.exists[:, one], mean=self.mean[:, one], size=self.size[:, one], p_detect=self.p_detect
        )

    @property
    def expected(self) -> Floats:
        """(n_areas,) items expected in all. [items]"""
        return np.asarray((self.exists * self.mean).mean(axis=0))

    @property
    def p_any(self) -> Floats:
        """(n_areas,) chance of at least one item. [1]"""
        return np.asarray((self.exists * -np.expm1(_log_none(self.mean, self.size))).mean(axis=0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurveyValue:
    """What a stretch of survey does in each of n areas.

    Parameters
    ----------
    found
        Items expected to be found and removed. [items]
    p_find
        Chance of at least one find. [1]
    p_any_after_none
        Chance of at least one item left if nothing is found. [1]
    loss_avoided
        Expected fall of the loss, in the unit of the losses; NaN where no losses are stated. [loss]
    """

    found: Floats
    p_find: Floats
    p_any_after_none: Floats
    loss_avoided: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourValue:
    """The next hours of survey in each of n areas, and the stretch of survey at which they pay best.

    Parameters
    ----------
    next_hours
        What the hours asked for do.
    best_h, best_rate
        Length of survey from the hour to one whole pass at which the loss avoided per hour is largest, and that rate;
        an hour alone may change no decision where a day does. NaN without losses. [h, loss/h]
    limit_h
        Hours without a find after which the limit is met; NaN where one pass is not enough, 0 where it is met. [h]
    p_limit
        Chance that these hours pass without a find. [1]
    m2_per_h
        Ground expected to come within the limit per hour of that survey. [m²/h]
    """

    next_hours: SurveyValue
    best_h: Floats
    best_rate: Floats
    limit_h: Floats
    p_limit: Floats
    m2_per_h: Floats


def laws_from_summary(
    mean: ArrayLike, p_any: ArrayLike, p_exists: ArrayLike, p_detect: ArrayLike
) -> AreaLaws:
    """Laws that have the stated mean, chance of any and chance of existence; one draw for each detection chance.

    Parameters
    ----------
    mean, p_any
        (n_areas,) items expected, and chance of at least one; where the second is NaN, the number is Poisson if the
        area holds anything. [items, 1]
    p_exists
        (n_areas,) chance that the area holds anything; 1 where NaN; where it is below `p_any`, that is taken. [1]
    p_detect
        (n_draws,) chances of detection, equally likely. [1]

    Notes
    -----
    The size r solves ``p_any = p_exists [1 − (1 + μ/r)^−r]`` with ``μ = mean / p_exists``. A chance above that of a
    Poisson number cannot be had, and a Poisson number is taken.

    Examples
    --------
    >>> laws = laws_from_summary([2.0], [0.3], [0.4], [0.9])
    >>> laws.expected.round(9).tolist(), laws.p_any.round(9).tolist()
    ([2.0], [0.3])
    """
    m = not_negative("items expected", np.atleast_1d(np.asarray(mean, dtype=np.float64)))
    stated = probability(
        "chance of any item", np.atleast_1d(np.asarray(p_any, dtype=np.float64)), allow_nan=True
    )
    exists = probability("chance that an area holds anything", p_exists, allow_nan=True)
    there = np.where(np.isnan(exists), 1.0, exists)
    there = np.maximum(there, np.nan_to_num(stated))
    there = np.where((m > 0.0) & (there == 0.0), 1.0, there)
    chance = np.where(np.isnan(stated), there, stated)  # as high as it goes: a Poisson number
    given = np.divide(m, there, out=np.zeros_like(m), where=there > 0.0)
    goal = np.divide(chance, there, out=np.zeros_like(m), where=there > 0.0)
    low, high = np.full(m.shape, np.log(_SMALLEST)), np.full(m.shape, np.log(_POISSON_SIZE))
    for _ in range(80):
        middle = 0.5 * (low + high)
        below = -np.expm1(_log_none(given, np.exp(middle))) < goal
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    q = np.atleast_1d(np.asarray(p_detect, dtype=np.float64))
    shape = (q.size, m.size)
    return AreaLaws(
        exists=np.broadcast_to(there, shape).copy(),
        mean=np.broadcast_to(given, shape).copy(),
        size=np.broadcast_to(np.exp(high), shape).copy(),
        p_detect=q,
    )


def survey_value(
    laws: AreaLaws,
    worked: ArrayLike,
    *,
    loss_per_item: float | None = None,
    clear_cost: ArrayLike | None = None,
) -> SurveyValue:
    """What working a share of each area by survey does.

    Parameters
    ----------
    laws
        What the areas hold.
    worked
        (n_areas,) share of the ground that is worked. [1]
    loss_per_item
        Loss that an item left in released ground brings. [loss]
    clear_cost
        (n_areas,) cost of clearing the whole area, in the unit of the loss; clearing finds as survey does. [loss]

    Examples
    --------
    Two items are expected (Poisson), half of the ground is worked at 100 %; an item left costs 10, clearing costs 3, so
    clearing is due before and after, whatever is found: nothing is avoided but by finding.

    >>> law = laws_from_summary([2.0], [0.8646647], [1.0], [1.0])
    >>> done = survey_value(law, [0.5], loss_per_item=10.0, clear_cost=3.0)
    >>> done.found.round(6).tolist(), done.loss_avoided.round(6).tolist()
    ([1.0], [0.0])
    """
    share = probability("share worked", np.atleast_1d(np.asarray(worked, dtype=np.float64)))
    num = laws.exists.shape[1]
    share = np.broadcast_to(share, (num,))
    x = laws.p_detect[:, None] * share
    unseen = 1.0 - laws.exists + laws.exists * np.exp(_log_none(x * laws.mean, laws.size))
    nothing = 1.0 - laws.exists + laws.exists * np.exp(_log_none(laws.mean, laws.size))
    avoided = np.full(num, np.nan)
    if loss_per_item is not None and clear_cost is not None:
        loss = float(not_negative("loss per item", [loss_per_item])[0])
        cost = np.broadcast_to(not_negative("cost of clearing", clear_cost), (num,))
        avoided = np.array(
            [_avoided(laws.only(i), float(share[i]), loss, float(cost[i])) for i in range(num)],
            dtype=np.float64,
        )
    return SurveyValue(
        found=np.asarray((laws.exists * laws.mean * x).mean(axis=0)),
        p_find=np.asarray(1.0 - unseen.mean(axis=0)),
        p_any_after_none=np.asarray(np.clip(1.0 - nothing.mean(axis=0) / unseen.mean(axis=0), 0.0, 1.0)),
        loss_avoided=avoided,
    )


def _avoided(law: AreaLaws, share: float, loss: float, cost: float) -> float:
    """Fall of the expected loss of one area: min(leave, clear) before, less its mean over the outcomes after."""
    missed = 1.0 - float(law.p_detect.mean())

    def least(mass: Floats, left: Floats) -> Floats:
        """The smaller loss where a chance `mass` goes with `left` = chance times items left."""
        return np.minimum(loss * left, cost * mass + loss * missed * left)

    q, exists, mean, size = (
        law.p_detect,
        law.exists[:, 0],
        law.mean[:, 0],
        np.maximum(law.size[:, 0], _SMALLEST),
    )
    x = q * share
    y = np.arange(_MOST_FINDS, dtype=np.float64)
    with np.errstate(divide="ignore"):
        rate = np.where(mean > 0.0, size / np.where(mean > 0.0, mean, 1.0), np.inf)
    with_items = exists[:, None] * _finds(y, x * mean, size)  # (n_draws, finds)
    p = with_items.copy()
    p[:, 0] += 1.0 - exists
    left = with_items * (1.0 - x)[:, None] * (size[:, None] + y) / (rate + x)[:, None]
    mass, items = p.mean(axis=0), left.mean(axis=0)
    before = least(np.ones(1), np.array([float((exists * mean).mean())]))[0]
    rest_mass = max(0.0, 1.0 - float(mass.sum()))
    rest_items = max(0.0, float((exists * mean * (1.0 - x)).mean() - items.sum()))
    after = least(mass, items).sum() + least(np.array([rest_mass]), np.array([rest_items]))[0]
    return max(0.0, float(before - after))


def _finds(y: Floats, mean: Floats, size: Floats) -> Floats:
    """(n_draws, n_finds) chance of y finds, negative binomial."""
    r, m = size[:, None], mean[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Γ(r + y) / Γ(r) r^−y, without losing digits where r is huge
        rising = np.where(r > 1e6, 0.0, gammaln(r + y) - gammaln(r) - y * np.log(r))
        power = np.where(y == 0, 0.0, y * (np.log(m) - np.log1p(m / r)))
    return np.asarray(np.exp(rising - gammaln(y + 1.0) + power - r * np.log1p(m / r)))


def _log_none(mean: Floats, size: Floats) -> Floats:
    """Logarithm of the chance that a negative binomial number is zero."""
    r = np.maximum(size, _SMALLEST)
    return np.asarray(-r * np.log1p(mean / r))


def value_of_hours(
    laws: AreaLaws,
    area_m2: ArrayLike,
    m2_per_h: float,
    hours: float,
    *,
    limit: float | None = None,
    loss_per_item: float | None = None,
    clear_cost_per_m2: float | None = None,
) -> HourValue:
    """The value of the next hours of survey, area by area.

    Parameters
    ----------
    laws
        What the areas hold.
    area_m2
        (n_areas,) their ground. [m²]
    m2_per_h
        Ground that one hour of survey works, lane by lane, no ground twice. [m²/h]
    hours
        Length of the next survey. [h]
    limit
        Greatest chance of any item for release (as in `verdicts_of`, for 95 % of the draws). [1]
    loss_per_item, clear_cost_per_m2
        In one unit; both or none. [loss, loss/m²]
    """
    ground = not_negative("ground of an area", np.atleast_1d(np.asarray(area_m2, dtype=np.float64)))
    if not (ground > 0.0).all():
        raise InvalidInput("every area needs ground above 0 m²; some has none. Leave it out.")
    if not (m2_per_h > 0.0 and hours > 0.0 and np.isfinite(m2_per_h * hours)):
        raise InvalidInput(
            f"hours and ground per hour must be above 0; got {hours:g} h and {m2_per_h:g} m²/h."
        )
    if (loss_per_item is None) != (clear_cost_per_m2 is None):
        raise InvalidInput(
            "a loss per item and a cost of clearing belong together; one came. State both or none."
        )
    pace = m2_per_h / ground
    cost = None if clear_cost_per_m2 is None else clear_cost_per_m2 * ground
    soon = survey_value(laws, np.minimum(pace * hours, 1.0), loss_per_item=loss_per_item, clear_cost=cost)
    best_h, best_rate = np.full(ground.size, np.nan), np.full(ground.size, np.nan)
    if loss_per_item is not None and cost is not None:
        for i in range(ground.size):
            best_h[i], best_rate[i] = _best_stretch(laws.only(i), pace[i], hours, loss_per_item, cost[i])
    limit_h, p_limit = _to_limit(laws, limit, pace)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_h = np.where(limit_h > 0.0, ground * p_limit / limit_h, np.nan)
    return HourValue(
        next_hours=soon, best_h=best_h, best_rate=best_rate, limit_h=limit_h, p_limit=p_limit, m2_per_h=per_h
    )


def _best_stretch(law: AreaLaws, pace: float, hours: float, loss: float, cost: float) -> tuple[float, float]:
    """Length of survey with the largest loss avoided per hour, and that rate."""
    whole = 1.0 / pace
    tried = np.geomspace(hours, whole, _STRETCHES) if whole > hours else np.array([hours])
    rates = [_avoided(law, min(pace * h, 1.0), loss, cost) / h for h in tried.tolist()]
    best = int(np.argmax(rates))
    return float(tried[best]), rates[best]


def _to_limit(laws: AreaLaws, limit: float | None, pace: Floats) -> tuple[Floats, Floats]:
    """Hours without a find until the limit is met, and their chance."""
    unknown = np.full(pace.size, np.nan)
    if limit is None:
        return unknown, unknown.copy()
    if not 0.0 < limit < 1.0:
        raise InvalidInput(f"the limit on the chance of any item lies in (0, 1); got {limit:g}. 0.05 is 5 %.")
    variance = laws.mean + np.square(laws.mean) / np.maximum(laws.size, _SMALLEST)
    share = search_share_needed(limit, laws.exists, laws.mean, variance, laws.p_detect)
    known = np.nan_to_num(share)
    unseen = 1.0 - survey_value(laws, known).p_find
    return share / pace, np.where(np.isnan(share), np.nan, unseen)
