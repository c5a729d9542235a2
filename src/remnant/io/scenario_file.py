"""Changes files: variants of a case, and refusals that say which key of which file to mend."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from remnant.catalogue import Basis, FateModel, Range
from remnant.decide.scenario import Belief, Effort, Scenario, Variant
from remnant.errors import CatalogueError, InvalidInput
from remnant.evidence import (
    Case,
    Ceasefire,
    Change,
    ChangeDates,
    ChangeQuantity,
    FutureSearch,
    ReplaceType,
    Where,
)
from remnant.io.layer_section import IsoDate, Number, Section, Words
from remnant.io.plan_file import Sourced
from remnant.io.toml_file import read_toml
from remnant.units import parse_age_d

DEFAULT_AGES = ("0d", "15d", "120d", "1y", "5y", "10y", "30y")
_UNITS = {"sd_delay": "h", "sd_late_delay": "h", "sda_delay": "h", "sd_delay_factor": "ratio"}


class WhereSection(Section):
    """Which records."""

    id: Words = Field(default_factory=list)
    layer: Words = Field(default_factory=list)
    type: Words = Field(default_factory=list)

    def made(self) -> Where:
        """As the change reads it."""
        return Where(id=tuple(self.id), layer=tuple(self.layer), type=tuple(self.type))


class ReplaceSection(Section):
    """Another type."""

    type: str = Field(min_length=1)
    setting: str = ""
    where: WhereSection = WhereSection()


class QuantitySection(Section):
    """Another quantity."""

    factor: Annotated[Number, Field(ge=0, le=1e6)] | None = None
    quantity: Annotated[Number, Field(ge=0)] | None = None
    quantity_low: Annotated[Number, Field(ge=0)] | None = None
    quantity_high: Annotated[Number, Field(ge=0)] | None = None
    where: WhereSection = WhereSection()

    @model_validator(mode="after")
    def _one_way(self) -> QuantitySection:
        pair = (self.quantity_low is not None, self.quantity_high is not None)
        ways = [self.factor is not None, self.quantity is not None, all(pair)]
        if pair[0] != pair[1] or sum(ways) != 1:
            raise ValueError("one of factor, quantity, or quantity_low with quantity_high is wanted")
        if all(pair) and (self.quantity_low or 0.0) > (self.quantity_high or 0.0):
            raise ValueError("quantity_low must not exceed quantity_high; swap them")
        return self


class DatesSection(Section):
    """Other days."""

    shift_days: Annotated[Number, Field(ge=-1e5, le=1e5)] | None = None
    date: IsoDate | None = None
    start: IsoDate | None = None
    end: IsoDate | None = None
    where: WhereSection = WhereSection()

    @model_validator(mode="after")
    def _one_way(self) -> DatesSection:
        ways = [self.shift_days is not None, self.date is not None, self.start is not None]
        if sum(ways) != 1 or (self.start is None) != (self.end is None):
            raise ValueError("one of shift_days, date, or start with end is wanted")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError("start must not lie after end; swap them")
        return self


class SurveySection(Section):
    """A search to come."""

    method: str = Field(min_length=1)
    coverage: Annotated[Number, Field(gt=0, le=1)]
    where: WhereSection = WhereSection()


class FateSection(Section):
    """What a type is taken to be like."""

    type: str = Field(min_length=1)
    basis: Literal["catalogue", "claim", "treaty", "learned"] = "catalogue"
    claim: str = ""
    unconfirmed: bool = False
    p_dud: Sourced | None = None
    p_sd_fails: Sourced | None = None
    sd_delay: Sourced | None = None
    sd_delay_factor: Sourced | None = None
    p_sd_late: Sourced | None = None
    sd_late_delay: Sourced | None = None
    p_sda_fails: Sourced | None = None
    sda_delay: Sourced | None = None


class PriorSection(Section):
    """A prior of the density model."""

    low: Annotated[Number, Field(ge=0)]
    high: Annotated[Number, Field(ge=0)]
    unit: str
    source: str = Field(min_length=3)
    basis: Basis = "judgement"


class ProgrammeSection(Section):
    """Less money, or money for a shorter time."""

    budget_factor: Annotated[Number, Field(ge=0, le=1e3)] = 1.0
    ends: IsoDate | None = None


class EffortSection(Section):
    """Means to search."""

    m2_per_day: Sourced
    usd_per_day: Sourced
    num_teams: Annotated[int, Field(ge=1)]
    days_per_year: Annotated[Number, Field(gt=0, le=366)]
    usd_per_year: Annotated[Number, Field(ge=0)] | None = None


class VariantSection(Section):
    """One variant."""

    name: str = Field(min_length=1, max_length=60)
    note: str = ""
    replace: list[ReplaceSection] = Field(default_factory=list)
    quantity: list[QuantitySection] = Field(default_factory=list)
    dates: list[DatesSection] = Field(default_factory=list)
    ceasefire: IsoDate | None = None
    survey: list[SurveySection] = Field(default_factory=list)
    fate: list[FateSection] = Field(default_factory=list)
    priors: dict[str, PriorSection] = Field(default_factory=dict)
    programme: ProgrammeSection = ProgrammeSection()
    effort: EffortSection | None = None


class ScenarioFile(Section):
    """Everything that a changes file may say."""

    name: str = ""
    question: str = ""
    base: str = ""
    base_note: str = ""
    against: str = ""
    dates: list[str | dt.date] = Field(default_factory=list)
    effort: EffortSection | None = None
    variant: Annotated[list[VariantSection], Field(min_length=1)]


_SECTIONS: dict[str, type[Section]] = {
    "variant": VariantSection, "replace": ReplaceSection, "quantity": QuantitySection, "dates": DatesSection,
    "survey": SurveySection, "fate": FateSection, "priors": PriorSection, "programme": ProgrammeSection,
    "effort": EffortSection, "where": WhereSection, "m2_per_day": Sourced, "usd_per_day": Sourced,
}  # fmt: skip
_ONCE = ("name", "question", "base", "base_note", "against", "dates", "effort")


def read_scenario(paths: Sequence[Path], case: Case) -> Scenario:
    """The scenario of one or several changes files, for a case.

    Parameters
    ----------
    paths
        Files; variants are taken in order, and what is said once for all may stand in one of them.
    case
        The case, for dates that are given as ages and for its name.

    Raises
    ------
    InvalidInput
        With file and key, for what cannot be read or does not hold together.
    """
    said: dict[str, tuple[str, Any]] = {}
    variants: list[Variant] = []
    for path in paths:
        content = _content(path)
        for key in _ONCE:
            value = getattr(content, key)
            if not value:
                continue
            if key in said:
                raise InvalidInput(
                    f"{path.name}: {key} must be said once for all files; {said[key][0]} says it too. Remove one."
                )
            said[key] = (path.name, value)
        variants.extend(_variant(v, k, path.name) for k, v in enumerate(content.variant))

    def of(key: str, default: Any) -> Any:
        return said[key][1] if key in said else default

    dates_file = said["dates"][0] if "dates" in said else paths[0].name
    effort = of("effort", None)
    dates = _dates(of("dates", list(DEFAULT_AGES)), case.as_of, dates_file)
    means = None if effort is None else _effort(effort, f"{said['effort'][0]}: effort")
    try:
        return Scenario(
            name=of("name", case.name), question=of("question", ""), base=of("base", "as recorded"),
            base_note=of("base_note", ""), dates=dates, variants=tuple(variants), effort=means,
            against=of("against", ""),
        )  # fmt: skip
    except InvalidInput as error:
        raise InvalidInput(f"{', '.join(dict.fromkeys(p.name for p in paths))}: {error}") from None


def _content(path: Path) -> ScenarioFile:
    if path.is_dir():
        raise InvalidInput(f"{path.name} must be a changes file; it is a folder. Name the file in it.")
    if not path.is_file():
        raise InvalidInput(f"{path.name} must be a changes file; it is not there. Check the path.")
    return read_toml(path, ScenarioFile, _SECTIONS)


def _dates(said: Sequence[str | dt.date], as_of: dt.date, file: str) -> tuple[dt.date, ...]:
    """Dates, and ages counted from the last day of the records; in order, each once."""
    out = set()
    for k, value in enumerate(said):
        where = f"{file}: dates[{k + 1}]"
        if isinstance(value, dt.datetime):
            raise InvalidInput(f"{where} must be a date without a time of day; got {value}.")
        date = value if isinstance(value, dt.date) else _date(value, as_of, where)
        if date < as_of:
            raise InvalidInput(
                f"{where} must not lie before the last day of the records, {as_of}; got {date}. Take a later one."
            )
        out.add(date)
    return tuple(sorted(out))


def _date(text: str, as_of: dt.date, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        pass
    try:
        age = parse_age_d(text)
        if text.strip().endswith("y") and float(text.strip()[:-1]).is_integer():
            year = as_of.year + int(float(text.strip()[:-1]))
            return as_of.replace(year=year, day=min(as_of.day, calendar.monthrange(year, as_of.month)[1]))
        return as_of + dt.timedelta(days=round(age))
    except InvalidInput:
        raise InvalidInput(
            f"{where} must be a date (2030-06-01) or an age from the last day of the records (15d, 10y); got {text!r}."
        ) from None
    except (OverflowError, ValueError):
        raise InvalidInput(f"{where} must lie before the year 10000; got {text!r}.") from None


def _variant(said: VariantSection, number: int, file: str) -> Variant:
    where = f"{file}: variant[{number + 1}]"
    changes: list[Change] = [
        ReplaceType(type=r.type, setting=r.setting, where=r.where.made()) for r in said.replace
    ]
    for q in said.quantity:
        low, high = (q.quantity, q.quantity) if q.quantity is not None else (q.quantity_low, q.quantity_high)
        changes.append(ChangeQuantity(factor=q.factor, low=low, high=high, where=q.where.made()))
    changes += [
        ChangeDates(
            shift_days=d.shift_days, start=d.date or d.start, end=d.date or d.end, where=d.where.made()
        )
        for d in said.dates
    ]
    if said.ceasefire is not None:
        changes.append(Ceasefire(date=said.ceasefire))
    changes += [FutureSearch(method=s.method, coverage=s.coverage, where=s.where.made()) for s in said.survey]
    return Variant(
        name=said.name,
        note=said.note,
        changes=tuple(changes),
        beliefs=tuple(_belief(f, f"{where}.fate[{k + 1}]") for k, f in enumerate(said.fate)),
        priors={
            name: _range(p.low, p.high, p.unit, p.basis, p.source, f'{where}.priors."{name}"')
            for name, p in said.priors.items()
        },
        budget_factor=said.programme.budget_factor,
        budget_end=said.programme.ends,
        effort=None if said.effort is None else _effort(said.effort, f"{where}.effort"),
        file=file,
    )


def _belief(said: FateSection, where: str) -> Belief:
    if said.claim and said.basis != "claim":
        raise InvalidInput(
            f'{where}.claim goes with basis = "claim"; got basis = {said.basis!r}. Change one.'
        )
    ranges: dict[str, Range] = {}
    for name in ("p_dud", *(f for f in FateModel.__dataclass_fields__ if f != "p_arms")):
        number: Sourced | None = getattr(said, name)
        if number is None:
            continue
        key = f"{where}.{name}"
        if name == "p_dud":
            made = _range(1.0 - number.high, 1.0 - number.low, "1", number.basis, number.source, key)
            ranges["p_arms"] = made
        else:
            unit = _UNITS.get(name, "1")
            ranges[name] = _range(number.low, number.high, unit, number.basis, number.source, key)
    return Belief(
        type=said.type, basis=said.basis, claim=said.claim, unconfirmed=said.unconfirmed, ranges=ranges
    )


def _range(low: float, high: float, unit: str, basis: Basis, source: str, where: str) -> Range:
    try:
        return Range(low=low, high=high, unit=unit, basis=basis, source=source)
    except (CatalogueError, InvalidInput) as error:
        raise InvalidInput(f"{where}: {error}. Correct it.") from None


def _effort(said: EffortSection, where: str) -> Effort:
    ranges = {
        name: _range(n.low, n.high, unit, n.basis, n.source, f"{where}.{name}")
        for name, n, unit in (
            ("m2_per_day", said.m2_per_day, "m2/d"), ("usd_per_day", said.usd_per_day, "USD/d"),
        )
    }  # fmt: skip
    try:
        return Effort(
            **ranges,
            num_teams=said.num_teams,
            days_per_year=said.days_per_year,
            usd_per_year=said.usd_per_year,
        )
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from None
