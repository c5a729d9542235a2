"""Where an item of a type is in its life, at any age, in closed form: docs/method.md, "One item over time"."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from remnant.catalogue import FateModel, Range
from remnant.numerics import Z95, link_of
from remnant.units import DAY_H

STATES = ("armed", "expired", "dud", "gone")
"""Order of the last axis of every state array. The first three are explosive items in the ground."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FateDraws:
    """Draws of the parameters θ of one type: arrays of one shape (n_draws,).

    Windows are carried as median and log-spread of log-normal delays; the median of the main mode varies from draw to
    draw through the common factor.
    """

    p_arms: NDArray[np.float64]
    p_sd_fails: NDArray[np.float64]
    sd_median_d: NDArray[np.float64]
    sd_log_sd: NDArray[np.float64]
    p_sd_late: NDArray[np.float64]
    late_median_d: NDArray[np.float64]
    late_log_sd: NDArray[np.float64]
    p_sda_fails: NDArray[np.float64]
    sda_median_d: NDArray[np.float64]
    sda_log_sd: NDArray[np.float64]

    @property
    def num_draws(self) -> int:
        """Length of the arrays."""
        return int(self.p_arms.size)


WHITENED_FIELDS = ("p_arms", "p_sd_fails", "sd_delay_factor", "p_sd_late", "p_sda_fails")
"""The uncertain fields of a `FateModel`, in the order of the whitened coordinates of `draws_at`."""


def draws_at(model: FateModel, z: NDArray[np.float64]) -> FateDraws:
    """Parameters of a type at whitened coordinates.

    Parameters
    ----------
    model
        The type's behaviour.
    z
        (n_draws, 5) standard normal coordinates, one column per field of `WHITENED_FIELDS`. [1]
    """
    value = {
        name: link_of(r.low, r.high, is_probability=r.unit == "1").value(z[:, column])
        for column, name in enumerate(WHITENED_FIELDS)
        for r in (getattr(model, name),)
    }
    ones = np.ones(len(z))
    sd_median, sd_spread = _window(model.sd_delay)
    late_median, late_spread = _window(model.sd_late_delay)
    sda_median, sda_spread = _window(model.sda_delay)
    return FateDraws(
        p_arms=value["p_arms"],
        p_sd_fails=value["p_sd_fails"],
        sd_median_d=sd_median * value["sd_delay_factor"],
        sd_log_sd=sd_spread * ones,
        p_sd_late=value["p_sd_late"],
        late_median_d=late_median * ones,
        late_log_sd=late_spread * ones,
        p_sda_fails=value["p_sda_fails"],
        sda_median_d=sda_median * ones,
        sda_log_sd=sda_spread * ones,
    )


def prior_draws(model: FateModel, num_draws: int, *, rng: np.random.Generator) -> FateDraws:
    """Draws of θ from the catalogue's ranges."""
    return draws_at(model, rng.standard_normal((num_draws, len(WHITENED_FIELDS))))


def state_probabilities(age_d: ArrayLike, draws: FateDraws) -> NDArray[np.float64]:
    """Probability of each state at each age.

    Parameters
    ----------
    age_d
        Ages of any shape; zero or more. An age below zero means "not yet emplaced" and gives zeros in every state. [d]
    draws
        Parameters θ.

    Returns
    -------
    (n_draws, *age_shape, 4) in the order of `STATES`; rows sum to 1 at ages of zero or more. [1]

    Notes
    -----
    With a arming, f self-destruct failing, F the delay of a working mechanism (a mixture of a main and a late
    log-normal) and G the deactivation (a share never)::

        dud     = 1 − a                gone    = a (1 − f) F(t)
        expired = a f G(t)             armed   = a [(1 − f)(1 − F(t)) + f (1 − G(t))]

    Every probability of survival is computed as such, not as one minus a probability, so that values near 1e-12 keep
    their digits.
    """
    age = np.asarray(age_d, dtype=np.float64)
    column = (slice(None),) + (None,) * age.ndim

    def of(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values[column])

    a, f, late, h = of(draws.p_arms), of(draws.p_sd_fails), of(draws.p_sd_late), of(draws.p_sda_fails)
    main_cdf, main_sf = _delay(age, of(draws.sd_median_d), of(draws.sd_log_sd))
    late_cdf, late_sf = _delay(age, of(draws.late_median_d), of(draws.late_log_sd))
    off_cdf, off_sf = _delay(age, of(draws.sda_median_d), of(draws.sda_log_sd))
    acted = (1.0 - late) * main_cdf + late * late_cdf
    waiting = (1.0 - late) * main_sf + late * late_sf
    deactivated = (1.0 - h) * off_cdf
    powered = h + (1.0 - h) * off_sf
    exists = (age >= 0.0).astype(np.float64)
    armed = a * ((1.0 - f) * waiting + f * powered)
    expired = a * f * deactivated
    dud = (1.0 - a) * np.ones_like(age)
    gone = a * (1.0 - f) * acted
    return np.asarray(np.stack([armed, expired, dud, gone], axis=-1) * exists[..., None])


def _window(window: Range) -> tuple[float, float]:
    """Median [d] and log-spread of the log-normal whose 5 % and 95 % points are the window [h]."""
    low_d, high_d = window.low / DAY_H, window.high / DAY_H
    if high_d == 0.0:
        return 0.0, 0.0
    return float(np.sqrt(low_d * high_d)), float(np.log(high_d / low_d) / (2.0 * Z95))


def _delay(
    age_d: NDArray[np.float64], median_d: NDArray[np.float64], log_sd: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distribution function and survival of a log-normal delay; a spread of 0 is a step at the median."""
    with np.errstate(divide="ignore", invalid="ignore"):
        score = (np.log(age_d) - np.log(median_d)) / log_sd
    step = np.where(age_d >= median_d, np.inf, -np.inf)
    score = np.where((log_sd == 0.0) | (median_d == 0.0), step, score)
    score = np.where((age_d <= 0.0) & (median_d > 0.0), -np.inf, score)
    return np.asarray(ndtr(score)), np.asarray(ndtr(-score))


def stack(draws: FateDraws) -> dict[str, NDArray[np.float64]]:
    """The draws as a plain mapping, for tables."""
    return {f.name: getattr(draws, f.name) for f in fields(FateDraws)}
