"""The catalogue's ranges for people's activities as draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from remnant.catalogue import Activity, DeminingRisk, Range
from remnant.errors import InvalidInput
from remnant.numerics import even_normals, link_of
from remnant.units import KM_M, Floats

_ACTIVITY_KEYS = (
    "swept", "hours", "share_of_people", "share_entering", "reach", "p_armed", "p_expired", "p_dud", "casualties",
)  # fmt: skip
_DEMINING_KEYS = ("pace", "p_armed", "p_expired", "p_dud", "per_hour", "per_m2", "casualties")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActivityDraws:
    """Draws of what people do, all (n_draws, n_activities) but where said.

    Parameters
    ----------
    names
        (n_activities,) of the catalogue.
    swept_m2_per_h
        Ground on which a person would meet an item, per hour. [m²/h]
    hours_per_year
        Of a person who does it. [h/y]
    share_of_people, share_entering
        Share of all people who do it; share of the hours that goes on in hazard areas as elsewhere. [1]
    reach_m
        Scale of the distance from home. [m]
    p_functions
        (n_draws, n_activities, 3) chance that an armed, expired or dud item functions when met. [1]
    casualties
        Per accident. [persons]
    """

    names: tuple[str, ...]
    swept_m2_per_h: Floats
    hours_per_year: Floats
    share_of_people: Floats
    share_entering: Floats
    reach_m: Floats
    p_functions: Floats
    casualties: Floats

    @property
    def user_swept_m2(self) -> Floats:
        """(n_draws, n_activities) ground that one person who does it sweeps in a year. [m²/y]"""
        return self.swept_m2_per_h * self.hours_per_year


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeminingDraws:
    """Draws of the risk of one way of de-mining, all (n_draws,) but where said.

    Parameters
    ----------
    pace_m2_per_h
        Ground worked per person-hour. [m²/h]
    p_accident
        (n_draws, 3) per armed, expired or dud item handled. [1]
    per_hour, per_m2
        Accidents per hour and per square metre, whatever is handled. [1/h, 1/m²]
    casualties
        Per accident. [persons]
    """

    pace_m2_per_h: Floats
    p_accident: Floats
    per_hour: Floats
    per_m2: Floats
    casualties: Floats


def draw_activities(
    activities: Mapping[str, Activity], num_draws: int, *, rng: np.random.Generator
) -> ActivityDraws:
    """Draws of all factors of some activities, each independent of the others.

    Parameters
    ----------
    activities
        Name → catalogue entry.
    num_draws
        As many as the draws of items that they go with.

    Raises
    ------
    InvalidInput
        Without an activity.
    """
    if not activities:
        raise InvalidInput("at least one activity must be named; none was. Name one of the catalogue.")
    by_activity = _drawn(
        [[getattr(a, key) for key in _ACTIVITY_KEYS] for a in activities.values()], num_draws, rng
    )
    value = dict(zip(_ACTIVITY_KEYS, np.moveaxis(by_activity, 2, 0), strict=True))
    return ActivityDraws(
        names=tuple(activities),
        swept_m2_per_h=value["swept"],
        hours_per_year=value["hours"],
        share_of_people=value["share_of_people"],
        share_entering=value["share_entering"],
        reach_m=value["reach"] * KM_M,
        p_functions=np.stack([value["p_armed"], value["p_expired"], value["p_dud"]], axis=2),
        casualties=value["casualties"],
    )


def draw_demining(entry: DeminingRisk, num_draws: int, *, rng: np.random.Generator) -> DeminingDraws:
    """Draws of all factors of a way of de-mining, each independent of the others."""
    drawn = _drawn([[getattr(entry, key) for key in _DEMINING_KEYS]], num_draws, rng)[:, 0]
    value = dict(zip(_DEMINING_KEYS, drawn.T, strict=True))
    return DeminingDraws(
        pace_m2_per_h=value["pace"],
        p_accident=np.stack([value["p_armed"], value["p_expired"], value["p_dud"]], axis=1),
        per_hour=value["per_hour"],
        per_m2=value["per_m2"],
        casualties=value["casualties"],
    )


def _drawn(ranges: list[list[Range]], num_draws: int, rng: np.random.Generator) -> Floats:
    """(n_draws, n_entries, n_keys) draws of ranges."""
    num_entries, num_keys = len(ranges), len(ranges[0])
    z = even_normals(num_draws, num_entries * num_keys, rng=rng).reshape(num_draws, num_entries, num_keys)
    # the draws of items may come from a Sobol sequence too: in its order, factors would go along with them
    z = rng.permutation(z, axis=0)
    out = np.empty_like(z)
    for i, row in enumerate(ranges):
        for k, r in enumerate(row):
            out[:, i, k] = link_of(r.low, r.high, is_probability=r.unit == "1").value(z[:, i, k])
    return out
