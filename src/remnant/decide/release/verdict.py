"""Does an area meet the user's written release policy: verdicts and their reasons.

A limit is met when one may be 95 % sure that it is kept, and failed when one may be 95 % sure that it is not; between
the two, the evidence cannot tell. The program states this; a person releases land.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from remnant.decide.release.checks import Check, Worked, missing_evidence
from remnant.evidence import Criterion, Policy
from remnant.units import Floats

Verdict = Literal["meets", "does not meet", "cannot tell: survey", "no policy stated"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SURE = 0.95
"""Chance from which a limit counts as kept; from its complement down, it counts as not kept."""
_SLACK = 1e-9  # shares of draws are sums of rounded numbers
_WHAT: Mapping[Criterion, str] = {
    "p_any_armed": "chance of an armed item",
    "p_any_explosive": "chance of any explosive item",
    "density_armed": "armed items per km²",
    "density_expired": "expired items per km²",
    "density_dud": "duds per km²",
    "density_explosive": "explosive items per km²",
    "individual_risk": "yearly risk of a person",
}
_PLACE = "its place is unknown, so nothing can be checked on the ground"
_UNSEARCHED = "no recorded search has worked any of it: this rests on prior knowledge alone"
OWNED_BY_OTHERS = "all of its ground is covered by another hazard area, which carries the estimate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdicts:
    """Verdicts on areas.

    Parameters
    ----------
    verdict
        (n_areas,) one of `VERDICTS`.
    reasons
        (n_areas,) in plain words; for each criterion what is known and what is allowed.
    deciding
        (n_areas,) criteria that keep the area from meeting the policy, joined with "; "; empty where none does.
    """

    verdict: NDArray[np.str_]
    reasons: NDArray[np.str_]
    deciding: NDArray[np.str_]


def stands(sure: Floats) -> NDArray[np.int8]:
    """2 where a limit is kept, 0 where it is not, 1 where the evidence cannot tell.

    Examples
    --------
    >>> stands(np.array([0.99, 0.95, 0.5, 0.05, np.nan])).tolist()
    [2, 2, 1, 0, 1]
    """
    with np.errstate(invalid="ignore"):
        return np.where(sure >= SURE - _SLACK, 2, np.where(sure <= 1.0 - SURE + _SLACK, 0, 1)).astype(np.int8)


def bare_verdicts(policy: Policy, checks: Mapping[Criterion, Check], worked: Worked) -> NDArray[np.str_]:
    """(n_areas,) verdicts without their reasons."""
    num = worked.place_known.size
    worst = np.full(num, 2, np.int8)
    for criterion, check in checks.items():
        if policy.decides(criterion):
            # evidence that is not there cannot fail an area, only leave it open
            floor = 1 if criterion == "evidence" else 0
            worst = np.minimum(worst, np.maximum(stands(check.sure), floor))
    blocked = ~worked.place_known | ~(worked.searched_share > 0.0)
    worst = np.where(blocked, np.minimum(worst, 1), worst)
    names = np.array(["does not meet", "cannot tell: survey", "meets"])
    if not any(policy.decides(c) for c in checks):
        return np.full(num, "no policy stated", dtype=names.dtype)
    return np.asarray(names[worst])


def verdicts_of(policy: Policy, checks: Mapping[Criterion, Check], worked: Worked) -> Verdicts:
    """Verdicts on areas, from how sure one may be of each limit."""
    verdict = bare_verdicts(policy, checks, worked)
    num = verdict.size
    if not checks:
        blank = np.full(num, "")
        return Verdicts(
            verdict=verdict, reasons=np.full(num, "the case states no release policy"), deciding=blank
        )
    missing = missing_evidence(policy, worked) if "evidence" in checks else np.full(num, "")
    state = {c: stands(check.sure) for c, check in checks.items()}
    reasons, deciding = [], []
    for i in range(num):
        words, keeps = [], []
        for criterion, check in checks.items():
            told = missing[i] if criterion == "evidence" else _told(criterion, check, i)
            aside = "" if policy.decides(criterion) else " (told only: it does not decide)"
            if told:
                words.append(f"{told}{aside}")
            if policy.decides(criterion) and state[criterion][i] < 2:
                keeps.append(str(criterion))
        if not keeps and not worked.place_known[i]:
            words.append(_PLACE)
            keeps.append("place")
        if not keeps and not worked.searched_share[i] > 0.0:
            words.append(_UNSEARCHED)
            keeps.append("searched")
        reasons.append("; ".join(words))
        deciding.append("; ".join(keeps))
    return Verdicts(
        verdict=verdict, reasons=np.array(reasons, dtype=str), deciding=np.array(deciding, dtype=str)
    )


def _told(criterion: Criterion, check: Check, i: int) -> str:
    """One criterion in one area, in words."""
    number = _percent if criterion.startswith("p_any") else _plain
    words = f"{_WHAT[criterion]} {number(check.mean[i])}"
    if np.isfinite(check.low[i]):
        words += f" ({number(check.low[i])} to {number(check.high[i])})"
    words += f", limit {number(check.limit)}"
    if criterion.startswith("density"):
        words += f", kept with a chance of {_percent(check.sure[i])}"
    return words


def _percent(share: float) -> str:
    if np.isnan(share):
        return "unknown"
    if share <= 0.0:
        return "0 %"
    if share < 1e-4:
        return "under 0.01 %"
    return f"{100 * share:.2g} %" if share < 0.995 else ("over 99 %" if share < 1.0 else "100 %")


def _plain(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.2g}"
