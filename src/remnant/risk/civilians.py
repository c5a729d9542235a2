"""Encounters, accidents and casualties of civilians, and the yearly risk of one who uses an area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remnant.errors import InvalidInput
from remnant.units import Floats, not_negative, probability

BANDS = (1e-6, 1e-5, 1e-4)
"""Yearly risks of death or injury between which published criteria for single persons mostly lie (1e-6 to 1e-4)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CivilianHarm:
    """What is expected within a year from each date; NaN where people or items are unknown.

    Parameters
    ----------
    encounters, accidents, casualties
        (n_draws, n_areas, n_dates) times that a person meets an item; items that function; killed and injured. [1/y]
    by_activity
        (3, n_draws, n_activities, n_dates) the same three over all areas with a number. [1/y]
    by_state
        (n_draws, 3, n_dates) casualties from armed, expired and dud items over all areas with a number. [persons/y]
    """

    encounters: Floats
    accidents: Floats
    casualties: Floats
    by_activity: Floats
    by_state: Floats


def share_of_year_left(rate_per_year: Floats) -> Floats:
    """Mean share of a year for which an item that functions at a rate is still there: ``(1 − exp(−r)) / r``. [1]

    Examples
    --------
    >>> share_of_year_left(np.array([0.0, 1e-9, 2.0])).round(6).tolist()
    [1.0, 1.0, 0.432332]
    """
    rate = np.asarray(rate_per_year, np.float64)
    tiny = np.abs(rate) < 1e-12
    return np.where(tiny, 1.0, -np.expm1(-rate) / np.where(tiny, 1.0, rate))


def civilian_harm(
    items: Floats, area_m2: Floats, swept_m2: Floats, p_functions: Floats, casualties: Floats
) -> CivilianHarm:
    """What the items of areas do to the people who use them, within a year.

    Parameters
    ----------
    items
        (n_draws, n_areas, n_dates, 3) expected armed, expired and dud items; NaN unknown. [items]
    area_m2
        (n_areas,) above 0. [m²]
    swept_m2
        (n_draws, n_areas, n_activities) ground swept in a year; NaN unknown. [m²/y]
    p_functions
        (n_draws, n_activities, 3) chance that an item functions when it is met. [1]
    casualties
        (n_draws, n_activities) per accident. [persons]

    Raises
    ------
    InvalidInput
        For shapes that do not fit, negative numbers, or chances outside [0, 1].

    Notes
    -----
    Items and swept ground lie evenly over the area, so an item is met at the rate m = Σ_b W_b / A and functions at the
    rate r_s = Σ_b p_bs W_b / A. An item that functions is gone, so in a year (state kept as on the date)::

        accidents of b from s = N_s (p_bs W_b / A) (1 − exp(−r_s)) / r_s

    and encounters with W_b / A in front. For r → 0 this is the linear rate; it never exceeds N_s. The chance of
    functioning is that of one encounter: an item that was passed may function at the next.
    """
    items, swept, chance, hurt = _checked(items, area_m2, swept_m2, p_functions, casualties)
    met = swept / np.asarray(area_m2, np.float64)[None, :, None]  # (draws, areas, activities)
    rate = met @ chance
    hurting = (met * hurt[:, None, :]) @ chance
    left = items * share_of_year_left(rate)[:, :, None, :]  # mean items over the year
    every = left[..., 0] + left[..., 1] + left[..., 2]  # sums over so short an axis are slow
    unknown = np.isnan(every) | np.asarray(np.isnan(met).any(axis=2))[:, :, None]
    known = np.where(unknown[..., None], 0.0, left).reshape(*items.shape[:2], -1)
    seen = (np.nan_to_num(met).transpose(0, 2, 1) @ known).reshape(len(items), -1, *items.shape[2:])
    gone_off = seen * chance[:, :, None, :]  # (draws, activities, dates, states)
    people = gone_off * hurt[:, :, None, None]
    return CivilianHarm(
        encounters=every * met.sum(axis=2)[:, :, None],
        accidents=(left @ rate[..., None])[..., 0],
        casualties=(left @ hurting[..., None])[..., 0],
        by_activity=np.stack([part.sum(axis=3) for part in (seen, gone_off, people)]),
        by_state=people.sum(axis=1).transpose(0, 2, 1),
    )


def individual_risk(items: Floats, area_m2: Floats, swept_m2: Floats, p_functions: Floats) -> Floats:
    """Chance that a person who spends a year of one activity in an area alone is in an accident there.

    Parameters
    ----------
    items
        (n_draws, n_areas, n_dates, 3) expected items by state. [items]
    area_m2
        (n_areas,) above 0. [m²]
    swept_m2
        (n_draws,) ground that the person sweeps in the year, all of it in the area. [m²/y]
    p_functions
        (n_draws, 3) chance that an item functions when met. [1]

    Returns
    -------
    (n_draws, n_areas, n_dates) chances. [1]

    Notes
    -----
    ``1 − exp(−Σ_s N_s (1 − exp(−p_s W / A)))`` for N_s items strewn independently. Items in clumps, or an area that
    holds none at all with some chance, give less for the same mean, so this errs to the high side. Whoever is in the
    accident counts as a casualty.
    """
    rate = swept_m2[:, None, None] * p_functions[:, None, :] / np.asarray(area_m2)[None, :, None]
    expected = (items @ -np.expm1(-rate)[..., None])[..., 0]
    return np.asarray(-np.expm1(-expected))


def share_in_bands(risk: Floats, bands: Sequence[float] = BANDS) -> Floats:
    """Share of draws below, between and at or above the edges of bands: first axis (n_edges + 1), then all but draws.

    Which band is acceptable is not for the program to say: the policy file does.

    Examples
    --------
    >>> share_in_bands(np.array([[5e-7], [5e-6], [2e-3], [1e-4]])).ravel().tolist()
    [0.25, 0.25, 0.0, 0.5]
    """
    above = np.stack([(risk >= edge).sum(axis=0) for edge in bands])  # (n_edges, ...)
    whole, none = np.full(above.shape[1:], len(risk)), np.zeros(above.shape[1:], np.int64)
    shares = -np.diff(np.stack([whole, *above, none]), axis=0) / len(risk)
    return np.where(np.isnan(risk).any(axis=0), np.nan, shares)


def _checked(
    items: Floats, area_m2: Floats, swept_m2: Floats, p_functions: Floats, casualties: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    items = not_negative("items", items, allow_nan=True)
    swept = not_negative("swept_m2", swept_m2, allow_nan=True)
    chance = probability("p_functions", p_functions)
    hurt = not_negative("casualties", casualties)
    area = np.asarray(area_m2, np.float64)
    if items.ndim != 4 or swept.ndim != 3 or items.shape[3] != 3:
        raise InvalidInput(
            "items must be (draws, areas, dates, 3) and swept_m2 (draws, areas, activities); "
            f"got {items.shape} and {swept.shape}."
        )
    draws, areas, activities = swept.shape
    fits = items.shape[:2] == (draws, areas) and area.shape == (areas,)
    if not (fits and chance.shape == (draws, activities, 3) and hurt.shape == (draws, activities)):
        raise InvalidInput(
            f"draws, areas and activities must be the same in all; got items {items.shape}, swept_m2 {swept.shape}, "
            f"area_m2 {area.shape}, p_functions {chance.shape}, casualties {hurt.shape}."
        )
    if not (area > 0.0).all():
        raise InvalidInput(f"area_m2 must be above 0; the least is {area.min():g}. Leave such areas out.")
    return items, swept, chance, hurt
