"""Risk of de-miners, by task and way of working."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.errors import InvalidInput
from remnant.risk.activities import DeminingDraws
from remnant.units import Floats, not_negative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeminerRisk:
    """What clearing areas whole asks of those who do it.

    Parameters
    ----------
    hours
        (n_draws, n_areas) person-hours on the ground. [h]
    by_cause
        (n_draws, n_areas, 5) expected accidents from armed, expired and dud items handled, from hours, and from
        ground. [1]
    accidents, casualties
        (n_draws, n_areas) expected. [1, persons]
    per_person_year
        (n_draws, n_areas) chance of an accident of one who works so for a year of `hours_per_year`. [1]
    """

    hours: Floats
    by_cause: Floats
    accidents: Floats
    casualties: Floats
    per_person_year: Floats


CAUSES = ("armed", "expired", "dud", "hours", "ground")
"""Order of the last axis of `DeminerRisk.by_cause`."""
HOURS_PER_YEAR = 1200.0
"""Hours on the ground of a de-miner in a year, for risks per person-year; a convention, not a finding. [h]"""


def deminer_risk(
    items: Floats, area_m2: Floats, draws: DeminingDraws, *, hours_per_year: float = HOURS_PER_YEAR
) -> DeminerRisk:
    """Expected accidents of de-miners when all of an area is worked and all of its items are handled.

    Parameters
    ----------
    items
        (n_draws, n_areas, 3) expected armed, expired and dud items. [items]
    area_m2
        (n_areas,) ground to be worked, above 0. [m²]
    draws
        Factors of the method, as many draws.

    Raises
    ------
    InvalidInput
        For shapes that do not fit or negative numbers.

    Notes
    -----
    ``accidents = Σ_s N_s p_s + λ_h H + λ_A A`` with ``H = A / pace``. Items that the method misses count as handled,
    which errs to the high side. Per person-year: ``1 − exp(−accidents · hours_per_year / H)``.
    """
    items = not_negative("items", items, allow_nan=True)
    area = not_negative("area_m2", area_m2)
    num = draws.pace_m2_per_h.size
    if items.shape != (num, area.size, 3) or not (area > 0.0).all():
        raise InvalidInput(
            f"items must be ({num}, {area.size}, 3) and every area_m2 above 0; got {items.shape} and a least area of "
            f"{area.min(initial=np.inf):g}."
        )
    hours = area[None] / draws.pace_m2_per_h[:, None]
    by_item = items * draws.p_accident[:, None, :]
    rest = np.stack([hours * draws.per_hour[:, None], area[None] * draws.per_m2[:, None]], axis=2)
    by_cause = np.concatenate([by_item, rest], axis=2)
    accidents = by_cause @ np.ones(by_cause.shape[2])
    return DeminerRisk(
        hours=hours,
        by_cause=by_cause,
        accidents=accidents,
        casualties=accidents * draws.casualties[:, None],
        per_person_year=np.asarray(-np.expm1(-accidents * hours_per_year / hours)),
    )
