"""From a weighed case and a policy to verdicts on its hazard areas, both errors, and what would change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.decide import (
    OWNED_BY_OTHERS,
    Check,
    TwoErrors,
    Worked,
    bare_verdicts,
    checks_of,
    share_to_search,
    two_errors,
    verdicts_of,
)
from remnant.evidence import Case, Criterion, Policy, Reduction
from remnant.field import LeftInAreas, is_ageless, left_in_areas
from remnant.risk import ActivityDraws, individual_risk
from remnant.units import Floats, Ints
from remnant.weighing import Progress, Weighed, activity_draws, detection_draws

_WAIT_DRAWS = 250
_SURVEY_METHOD = "manual detector"
"""What further search is reckoned with when the case names no clearance method."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Verdicts on all hazard areas of a case, and what they rest on; all (n_areas,) where not said.

    Parameters
    ----------
    verdict, reasons, deciding
        See `remnant.decide.Verdicts`.
    checks
        Criterion → how sure each area keeps it; NaN for an area whose ground belongs to others.
    errors
        Both errors of a decision on each; NaN for such an area.
    p_any
        (n_draws, n_areas) chance of any explosive item, given the draw. [1]
    items
        (n_draws, n_areas) expected explosive items, given the draw. [items]
    """

    verdict: NDArray[np.str_]
    reasons: NDArray[np.str_]
    deciding: NDArray[np.str_]
    checks: Mapping[Criterion, Check]
    errors: TwoErrors
    p_any: NDArray[np.float32]
    items: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    """What time alone would do; all (n_areas,).

    Parameters
    ----------
    until
        First day looked at on which every limit that decides is kept; NaN: none within 30 years, or no clock runs. [d]
    not_by
        The day looked at before it, on which one was not. [d]
    p_any
        Chance that an explosive item is there then: the residue. [1]
    armed, expired, dud
        Items expected then. [items]
    """

    until: Floats
    not_by: Floats
    p_any: Floats
    armed: Floats
    expired: Floats
    dud: Floats


class Judge:
    """Holds what verdicts on one case and policy need, so that any day, draws and evidence can be judged."""

    def __init__(self, weighed: Weighed, policy: Policy | None = None) -> None:
        self.weighed = weighed
        self.policy = weighed.case.policy if policy is None else policy
        self.area_m2 = weighed.reduction.area_owned_m2
        self.own = np.flatnonzero(
            np.isin(np.arange(self.area_m2.size), weighed.reduction.source_area)
        )  # areas that carry an estimate
        self._factors: ActivityDraws | None = None

    def judge(self) -> Judged:
        """Verdicts at the first asked date."""
        weighed, num = self.weighed, self.area_m2.size
        worked = worked_in(weighed, weighed.reduction)
        verdict = np.full(num, "no policy stated" if not self.policy.criteria else "cannot tell: survey")
        reasons = np.full(num, OWNED_BY_OTHERS, dtype=object)
        deciding = np.full(num, "", dtype=object)
        draws = len(weighed.posterior.z)
        p_any, items = (np.full((draws, num), np.nan, np.float32) for _ in range(2))
        checks: dict[Criterion, Check] = {}
        errors = {name: np.full(num, np.nan) for name in TwoErrors.__dataclass_fields__}
        for left in left_in_areas(weighed.posterior, weighed.days[0], weighed.as_of_day, self.own):
            at = left.area
            done = checks_of(
                self.policy, left, self.area_m2[at], worked.of(at), risk=self.risk_of(left, np.arange(draws))
            )
            told = verdicts_of(self.policy, done, worked.of(at))
            verdict[at], reasons[at], deciding[at] = told.verdict, told.reasons, told.deciding
            for criterion, check in done.items():
                whole = checks.setdefault(criterion, _blank(check.limit, num))
                for name in ("sure", "mean", "low", "high"):
                    getattr(whole, name)[at] = getattr(check, name)
            two = two_errors(left, self.area_m2[at])
            for name, values in errors.items():
                values[at] = getattr(two, name)
            p_any[:, at], items[:, at] = left.p_any[:, :, 3], left.expected[:, :, 3]
        return Judged(
            verdict=verdict.astype(str),
            reasons=reasons.astype(str),
            deciding=deciding.astype(str),
            checks=checks,
            errors=TwoErrors(**errors),
            p_any=p_any,
            items=items,
        )

    def search_m2(
        self, methods: Sequence[str], areas: Ints, *, progress: Progress | None = None
    ) -> dict[str, Floats]:
        """Method → (n_chosen,) ground to search without a find until the limits are kept; NaN: more than all. [m²]"""
        weighed, draws = self.weighed, np.arange(len(self.weighed.posterior.z))
        detect = {name: detection_draws(weighed, name) for name in methods}
        worked = worked_in(weighed, weighed.reduction)
        out = {name: np.full(self.area_m2.size, np.nan) for name in methods}
        chosen, num_done = np.intersect1d(areas, self.own), 0
        for left in left_in_areas(weighed.posterior, weighed.days[0], weighed.as_of_day, chosen):
            at = left.area
            for name in methods:
                share = share_to_search(
                    self.policy, left, self.area_m2[at], worked.of(at), detect[name],
                    lambda after: self.known_risk(after, draws),
                )  # fmt: skip
                out[name][at] = share * self.area_m2[at]
            num_done += at.size
            if progress is not None:
                progress("ground to search", num_done / chosen.size)
        return {name: values[areas] for name, values in out.items()}

    def wait(self, areas: Ints, *, progress: Progress | None = None) -> Waiting:
        """What time alone would do to areas that do not keep every limit now, (n_chosen,)."""
        weighed, num = self.weighed, self.area_m2.size
        held = {name: np.full(num, np.nan) for name in Waiting.__dataclass_fields__}
        days = weighed.curve_days if self.has_clock else []
        decided = replace(self.policy, minimum=())
        draws = np.arange(min(_WAIT_DRAWS, len(weighed.posterior.z)))
        todo, before = np.intersect1d(areas, self.own), weighed.days[0]
        if not any(decided.decides(c) for c in decided.limits):
            todo = todo[:0]
        able = worked_in(weighed, weighed.reduction)
        able = replace(
            able, place_known=np.ones(num, np.bool_), searched_share=np.ones(num)
        )  # limits alone are asked here
        for n, day in enumerate(d for d in days if d > weighed.days[0]):
            if not todo.size:
                break
            done: list[Ints] = []
            for left in left_in_areas(weighed.posterior, day, weighed.as_of_day, todo, draws=draws):
                at = left.area
                checks = checks_of(
                    decided, left, self.area_m2[at], able.of(at), risk=self.risk_of(left, draws)
                )
                ready = bare_verdicts(decided, checks, able.of(at)) == "meets"
                here = at[ready]
                held["until"][here], held["not_by"][here] = day, before
                held["p_any"][here] = left.p_any[:, ready, 3].mean(axis=0)
                for k, state in enumerate(("armed", "expired", "dud")):
                    held[state][here] = left.expected[:, ready, k].mean(axis=0)
                done.append(here)
            todo, before = np.setdiff1d(todo, np.concatenate(done)), day
            if progress is not None:
                progress("waiting", (n + 1) / len(days))
        return Waiting(**{name: values[areas] for name, values in held.items()})

    def risk_of(self, left: LeftInAreas, draws: Ints) -> Floats | None:
        """(n_draws, n_areas) yearly risk of a person; None where the policy does not limit it. [1]"""
        return None if self.policy.individual_risk_max_per_year is None else self.known_risk(left, draws)

    def known_risk(self, left: LeftInAreas, draws: Ints) -> Floats:
        """(n_draws, n_areas) yearly risk of a person at the policy's activity, or at what is riskiest there. [1]"""
        if self._factors is None:
            self._factors = activity_draws(self.weighed)
        factors = self._factors
        return riskiest(
            left, self.area_m2[left.area], factors.names, factors.user_swept_m2[draws], factors.p_functions[draws],
            self.policy.activity,
        )  # fmt: skip

    @property
    def has_clock(self) -> bool:
        """Whether items of any type here change with time."""
        return not all(is_ageless(model) for model in self.weighed.posterior.table.class_models)


def riskiest(
    left: LeftInAreas,
    area_m2: Floats,
    names: Sequence[str],
    swept_m2: Floats,
    p_functions: Floats,
    activity: str,
) -> Floats:
    """Yearly risk of a person in areas at an activity, or, where none is named, at what is riskiest in each.

    Parameters
    ----------
    left
        What is left in n areas.
    area_m2
        (n_areas,) [m²]
    names
        Of the activities.
    swept_m2, p_functions
        (n_draws, n_activities) and (n_draws, n_activities, 3); see `remnant.risk.ActivityDraws`.
    activity
        One of the names; empty: any.

    Returns
    -------
    (n_draws, n_areas) risk. [1]
    """
    best = np.full(left.exists.shape, -1.0)
    ground = np.maximum(area_m2, np.finfo(np.float64).tiny)
    items = left.expected[:, :, None, :3]
    for b, name in enumerate(names):
        if activity in ("", name):
            risk = individual_risk(items, ground, swept_m2[:, b], p_functions[:, b])[:, :, 0]
            more = risk.mean(axis=0) > best.mean(axis=0)
            best[:, more] = risk[:, more]
    return best


def worked_in(weighed: Weighed, reduction: Reduction) -> Worked:
    """What a reduction of the case says was done in its hazard areas."""
    areas = weighed.case.areas
    return Worked(
        hazard_class=areas.hazard_class,
        place_known=~shapely.is_missing(areas.geometry),
        searched_share=reduction.area_searched,
        cleared_share=reduction.area_cleared,
        told_share=reduction.area_told,
    )


def usual_method(case: Case) -> str:
    """The clearance method that the case's records name most often."""
    methods = [str(m) for m in case.searches.method if case.catalogue.method(str(m)).kind == "clearance"]
    chosen = max(sorted(set(methods)), key=methods.count) if methods else _SURVEY_METHOD
    return case.catalogue.method(chosen).name


def _blank(limit: float, num: int) -> Check:
    sure, mean, low, high = (np.full(num, np.nan) for _ in range(4))
    return Check(limit=limit, sure=sure, mean=mean, low=low, high=high)
