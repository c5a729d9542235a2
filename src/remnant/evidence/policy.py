"""The user's written release policy: limits, the evidence that must be there, and which of them decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Criterion = Literal[
    "p_any_armed", "p_any_explosive", "density_armed", "density_expired", "density_dud", "density_explosive",
    "individual_risk", "evidence",
]  # fmt: skip
CRITERIA: tuple[Criterion, ...] = get_args(Criterion)
"""What a policy may ask, in the order in which reasons are given."""
POLICY_STATES = ("armed", "expired", "dud", "explosive")
"""States that a limit on density may name; ``explosive`` is any of the first three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumEvidence:
    """What must have been done in an area of one class before any number is trusted there.

    Parameters
    ----------
    hazard_class
        Class of areas; empty: every class that no other entry names.
    searched_share_min, cleared_share_min
        Least share of the ground that clearance or survey, and that clearance, has worked. [1]
    known_outcome
        Whether some search with a recorded outcome must tell of its ground.
    """

    hazard_class: str = ""
    searched_share_min: float = 0.0
    cleared_share_min: float = 0.0
    known_outcome: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The user's written release policy; a limit of None is not asked for.

    Parameters
    ----------
    p_any_armed_max
        Greatest chance that an area still holds an item in state ``armed``. [1]
    p_any_explosive_max
        The same for any explosive item (armed, expired or dud). [1]
    density_q95_max_per_km2
        State (`POLICY_STATES`) → greatest 95 % point of items per square kilometre. [1/km²]
    individual_risk_max_per_year
        Greatest yearly risk of a person who uses an area. [1]
    activity
        What that person does there (name of the catalogue); empty: in each area, what is riskiest.
    minimum
        Least evidence by class of area.
    must_hold
        Criteria that decide; None: all that are asked for. The others are told beside the verdict.
    """

    name: str = "none stated"
    source: str = ""
    p_any_armed_max: float | None = None
    p_any_explosive_max: float | None = None
    density_q95_max_per_km2: Mapping[str, float] = field(default_factory=dict)
    individual_risk_max_per_year: float | None = None
    activity: str = ""
    minimum: tuple[MinimumEvidence, ...] = ()
    must_hold: tuple[Criterion, ...] | None = None

    @property
    def limits(self) -> dict[Criterion, float]:
        """Limit of every criterion that is asked for and has one, in the order of `CRITERIA`."""
        given: dict[str, float | None] = {
            "p_any_armed": self.p_any_armed_max,
            "p_any_explosive": self.p_any_explosive_max,
            **{f"density_{s}": self.density_q95_max_per_km2.get(s) for s in POLICY_STATES},
            "individual_risk": self.individual_risk_max_per_year,
        }
        return {c: v for c in CRITERIA if (v := given.get(c)) is not None}

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """All that is asked for."""
        asked = self.limits
        return tuple(c for c in CRITERIA if c in asked or (c == "evidence" and self.minimum))

    def decides(self, criterion: Criterion) -> bool:
        """Whether a criterion must hold, rather than being told beside the verdict."""
        return self.must_hold is None or criterion in self.must_hold

    def least_evidence(self, hazard_class: str) -> MinimumEvidence:
        """What must have been done in areas of a class."""
        by_class = {m.hazard_class: m for m in self.minimum}
        return by_class.get(hazard_class, by_class.get("", MinimumEvidence()))
