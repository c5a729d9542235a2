"""A release policy: the ``[policy]`` of a case, or a small file of its own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from remnant.catalogue import Catalogue
from remnant.errors import InvalidInput
from remnant.evidence import CRITERIA, POLICY_STATES, Criterion, MinimumEvidence, Policy
from remnant.io.layer_section import Number, Probability, Section

PerKm2 = Annotated[Number, Field(ge=0)]


def _by_state(value: object) -> object:
    """One number limits explosive items of any state."""
    return {"explosive": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class MinimumSection(Section):
    """Least evidence in areas of a class; without one, in those of every class that no other entry names."""

    hazard_class: str = Field(default="", alias="class")
    searched_share_min: Probability = 0.0
    cleared_share_min: Probability = 0.0
    known_outcome: bool = False


class DensityLimits(Section):
    """Greatest 95 % points of items per square kilometre, by state."""

    armed: PerKm2 | None = None
    expired: PerKm2 | None = None
    dud: PerKm2 | None = None
    explosive: PerKm2 | None = None


class PolicySection(Section):
    """The release policy; a limit that is not named is not asked for."""

    file: str = ""
    name: str = "none stated"
    source: str = ""
    p_any_armed_max: Probability | None = None
    p_any_explosive_max: Probability | None = None
    density_q95_max_per_km2: Annotated[DensityLimits, BeforeValidator(_by_state)] = DensityLimits()
    individual_risk_max_per_year: Probability | None = None
    activity: str = ""
    minimum: list[MinimumSection] = Field(default_factory=list)
    must_hold: list[Criterion] | None = None

    @model_validator(mode="after")
    def _fits(self) -> PolicySection:
        if self.file and self.model_fields_set != {"file"}:
            raise ValueError("file says where the policy stands; put the other keys into that file")
        classes = [m.hazard_class for m in self.minimum]
        twice = next((c for c in classes if classes.count(c) > 1), None)
        if twice is not None:
            raise ValueError(f"minimum names the class {twice!r} twice; write one entry for it")
        if self.activity and self.individual_risk_max_per_year is None:
            raise ValueError("activity says whose risk is limited; name individual_risk_max_per_year too")
        asked = self.policy().criteria
        idle = [c for c in self.must_hold or () if c not in asked]
        if idle:
            raise ValueError(f"must_hold names {idle[0]!r}, for which the policy states no limit; state one")
        return self

    def policy(self) -> Policy:
        """The policy as the program keeps it."""
        limits = {s: v for s in POLICY_STATES if (v := getattr(self.density_q95_max_per_km2, s)) is not None}
        return Policy(
            name=self.name,
            source=self.source,
            p_any_armed_max=self.p_any_armed_max,
            p_any_explosive_max=self.p_any_explosive_max,
            density_q95_max_per_km2=limits,
            individual_risk_max_per_year=self.individual_risk_max_per_year,
            activity=self.activity,
            minimum=tuple(MinimumEvidence(**m.model_dump()) for m in self.minimum),
            must_hold=None if self.must_hold is None else tuple(self.must_hold),
        )


def policy_of(section: PolicySection, path: Path | None, catalogue: Catalogue) -> Policy:
    """The policy of a case: what its section says, or the file that the section names.

    Raises
    ------
    InvalidInput
        For a file that `read_policy` refuses, or an activity that the catalogue does not know.
    """
    policy = section.policy() if path is None else read_policy(path)
    if policy.activity and policy.activity not in catalogue.activities:
        known = ", ".join(catalogue.activities)
        raise InvalidInput(
            f"policy.activity must be an activity of the catalogue; got {policy.activity!r}. Known: {known}."
        )
    return policy


def read_policy(path: Path) -> Policy:
    """The policy that a small TOML file states, by the keys of a case's ``[policy]``.

    Raises
    ------
    InvalidInput
        When it cannot be read, a key is wrong, or it asks for nothing.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} must be UTF-8 text; it is not. Save it again as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise InvalidInput(
            f"{path.name} must be TOML; the parser says: {error}. Text needs quotes; shares are written 0.05."
        ) from None
    if set(data) == {"policy"} and isinstance(data["policy"], dict):
        data = data["policy"]
    try:
        policy = PolicySection.model_validate(data).policy()
    except ValidationError as error:
        raise InvalidInput("\n".join(_line(path.name, dict(e)) for e in error.errors())) from None
    if data.get("file"):
        raise InvalidInput(
            f"{path.name} is the policy itself and cannot name another file. Remove the key file."
        )
    if not policy.criteria:
        raise InvalidInput(
            f"{path.name} must state a limit or a minimum of evidence; it states none. Known keys: "
            f"{', '.join(_keys())}."
        )
    return policy


def _keys() -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in PolicySection.model_fields.items())


def _line(file: str, error: dict[str, Any]) -> str:
    """A fault that pydantic found, in one line."""
    place = [str(p + 1) if isinstance(p, int) else str(p) for p in error["loc"]]
    key = ".".join(place) or "the policy"
    if error["type"] == "extra_forbidden":
        return f"{file}: {key} is not a key of a policy. Known keys: {', '.join(_keys())}."
    if error["type"] == "literal_error":
        return f"{file}: {key} must be one of {', '.join(CRITERIA)}; got {error['input']!r}. Correct it."
    return f"{file}: {key}: {error['msg'].removeprefix('Value error, ')}; got {_short(error['input'])}. Correct it."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
