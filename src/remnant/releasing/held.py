"""Draws of areas held apart from the fit, so that another policy can be judged at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.decide import OWNED_BY_OTHERS, Verdicts, Worked, checks_of, verdicts_of
from remnant.evidence import Policy
from remnant.field import LeftInAreas, left_in_all
from remnant.releasing.judge import riskiest, worked_in
from remnant.units import Floats, Ints
from remnant.weighing import Weighed, activity_draws


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldDraws:
    """What verdicts on the first asked date rest on, for the areas that carry an estimate.

    Parameters
    ----------
    num_areas
        All areas of the case, those without an estimate among them.
    left
        What is left in the n areas with one.
    area_m2
        (n_areas,) ground that the estimate speaks of. [m²]
    worked
        What was done in them.
    activities
        Names of the catalogue's activities.
    swept_m2
        (n_draws, n_activities) ground on which a person would meet an item, a year. [m²/y]
    p_functions
        (n_draws, n_activities, 3) chance that an armed, expired or dud item functions when met. [1]
    """

    num_areas: int
    left: LeftInAreas
    area_m2: Floats
    worked: Worked
    activities: tuple[str, ...]
    swept_m2: Floats
    p_functions: Floats


def held_draws(weighed: Weighed, areas: Ints, draws: Ints) -> HeldDraws:
    """The draws of a weighed case that verdicts rest on.

    Parameters
    ----------
    areas
        Indices of the areas that carry an estimate, ascending.
    draws
        Which draws to hold.
    """
    factors = activity_draws(weighed)
    return HeldDraws(
        num_areas=weighed.case.areas.id.size,
        left=left_in_all(weighed.posterior, weighed.days[0], weighed.as_of_day, areas, draws=draws),
        area_m2=weighed.reduction.area_owned_m2[areas],
        worked=worked_in(weighed, weighed.reduction).of(areas),
        activities=factors.names,
        swept_m2=factors.user_swept_m2[draws],
        p_functions=factors.p_functions[draws],
    )


def judge_held(held: HeldDraws, policy: Policy) -> Verdicts:
    """Verdicts on all areas under a policy, from held draws: as `Judge.judge` gives them from all draws."""
    verdict = np.full(held.num_areas, "cannot tell: survey" if policy.criteria else "no policy stated")
    reasons = np.full(held.num_areas, OWNED_BY_OTHERS, dtype=object)
    deciding = np.full(held.num_areas, "", dtype=object)
    at = held.left.area
    risk = None
    if policy.individual_risk_max_per_year is not None:
        risk = riskiest(
            held.left, held.area_m2, held.activities, held.swept_m2, held.p_functions, policy.activity
        )
    checks = checks_of(policy, held.left, held.area_m2, held.worked, risk=risk)
    told = verdicts_of(policy, checks, held.worked)
    verdict = verdict.astype(object)
    verdict[at], reasons[at], deciding[at] = told.verdict, told.reasons, told.deciding
    return Verdicts(verdict=verdict.astype(str), reasons=reasons.astype(str), deciding=deciding.astype(str))
