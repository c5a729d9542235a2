"""From checked entries to the frozen records of `remnant.catalogue.records`, with what is certain by construction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeVar

from remnant.catalogue.exposure import ACTIVITY_UNITS, DEMINING_UNITS, Activity, DeminingRisk
from remnant.catalogue.frozen import FrozenDict
from remnant.catalogue.records import (
    Claim,
    DetectionMethod,
    FateModel,
    FieldEvidence,
    ModelPrior,
    OrdnanceType,
    Quantity,
    Range,
    TreatyLimit,
)
from remnant.catalogue.schema import (
    ActivityEntry,
    ClaimEntry,
    DeminingEntry,
    Entry,
    EvidenceEntry,
    MethodEntry,
    PriorEntry,
    RangeEntry,
    TreatyEntry,
    TypeEntry,
)
from remnant.errors import CatalogueError

_T = TypeVar("_T")

FATE_UNITS: Mapping[str, str] = {
    "p_arms": "1",
    "p_dud": "1",
    "p_sd_fails": "1",
    "sd_delay": "h",
    "sd_delay_factor": "ratio",
    "p_sd_late": "1",
    "sd_late_delay": "h",
    "p_sda_fails": "1",
    "sda_delay": "h",
}
"""The one unit in which each number of a type is written."""
DUD_NOTE = "One minus the dud share, of which the source speaks."
"""Opens the note of a `p_arms` that was written as `p_dud`."""
BY_CONSTRUCTION = "by construction: "
"""Opens the source of a number that follows from the mechanism."""
_SELF_DESTRUCT_FIELDS = ("p_sd_fails", "sd_delay", "sd_delay_factor", "p_sd_late", "sd_late_delay")
_DEACTIVATION_FIELDS = ("p_sda_fails", "sda_delay")
_PRIOR_UNITS = (
    (re.compile(r"exists\.\S+"), "1"),
    (re.compile(r"density\.\S+"), "1/km2"),
    (re.compile(r"clump_shape|clump_shape\.deposits|deposit_factor|field\.spread"), "ratio"),
    (re.compile(r"field\.range"), "km"),
)
_UNIT_HINTS = {
    "1": "Probabilities are written from 0 to 1; for percent, divide by 100.",
    "h": "Times are written in hours: 1 d is 24 h.",
    "1/km2": "Densities are written in items per square kilometre.",
    "ratio": "A factor without unit is written as ratio.",
    "km": "Distances between places are written in kilometres.",
    "m2/h": "Ground per person-hour is written in square metres per hour.",
    "h/y": "Hours of a person are written per year.",
    "persons": "Casualties are written in persons per accident.",
    "1/h": "Rates are written per hour of work.",
    "1/m2": "Rates are written per square metre worked.",
}


def make_range(where: str, entry: RangeEntry, unit: str) -> Range:
    """The record of one sourced number; `where` (file and entry) opens every refusal."""
    if entry.unit != unit:
        raise CatalogueError(f"{where}.unit: must be {unit!r}; got {entry.unit!r}. {_UNIT_HINTS[unit]}")
    worst = max(entry.low, entry.high, entry.value if entry.value is not None else entry.low)
    if unit == "1" and 1.0 < worst <= 100.0:
        raise CatalogueError(f"{where}: a probability lies in [0, 1]; got {worst:g}. Percent? Divide by 100.")
    try:
        return Range(
            low=entry.low,
            high=entry.high,
            unit=unit,
            basis=entry.basis,
            source=entry.source,
            value=entry.value,
            note=entry.note,
            valid_for=entry.valid_for,
            licence=entry.licence,
            retrieved=str(entry.retrieved),
        )
    except CatalogueError as error:
        raise CatalogueError(f"{where}: {error}") from None


def make_type(where: str, name: str, entry: TypeEntry, user_file: str) -> OrdnanceType:
    """The record of an ordnance type.

    Parameters
    ----------
    where
        File and entry, for refusals.
    entry
        All that is written about it, overrides and `like` included.
    user_file
        The user's file that added or changed it, or empty.
    """
    ranges = {
        key: make_range(f"{where}.{key}", value, unit)
        for key, unit in FATE_UNITS.items()
        if (value := getattr(entry, key)) is not None
    }
    settings = {
        key: make_range(f"{where}.settings.{key}", value, "h")
        for key, value in sorted(entry.settings.items())
    }
    default = _default_setting(where, entry, settings)
    if default and "sd_delay" in ranges:
        raise CatalogueError(
            f"{where}.sd_delay: comes from the settings of this type and may not be given. "
            f"Give [settings.{default}] instead, or the setting that you mean ({', '.join(settings)})."
        )
    if default:
        ranges["sd_delay"] = settings[default]
    return OrdnanceType(
        name=name,
        title=_need(where, "title", entry.title),
        category=_need(where, "category", entry.category),
        delivery=_need(where, "delivery", entry.delivery),
        origin=_need(where, "origin", entry.origin),
        description=entry.description,
        aliases=tuple(entry.aliases),
        treaty_scope=entry.treaty_scope,
        settings=FrozenDict(settings),
        default_setting=default,
        fate=_fate(where, entry, ranges),
        user_file=user_file,
    )


def make_method(where: str, name: str, entry: MethodEntry, user_file: str) -> DetectionMethod:
    """The record of a way of searching."""
    return DetectionMethod(
        name=name,
        title=_need(where, "title", entry.title),
        kind=_need(where, "kind", entry.kind),
        p_detect=make_range(f"{where}.p_detect", _need(where, "p_detect", entry.p_detect), "1"),
        description=entry.description,
        aliases=tuple(entry.aliases),
        user_file=user_file,
    )


def make_treaty(where: str, name: str, entry: TreatyEntry, user_file: str) -> TreatyLimit:
    """The record of a treaty or policy limit."""
    return TreatyLimit(
        name=name,
        title=_need(where, "title", entry.title),
        text=_need(where, "text", entry.text),
        quantity=_need(where, "quantity", entry.quantity),
        limit=make_range(f"{where}.limit", _need(where, "limit", entry.limit), "1"),
        age_d=_need(where, "age_d", entry.age_d),
        applies_to=_need(where, "applies_to", entry.applies_to),
        user_file=user_file,
    )


def make_claim(where: str, name: str, entry: ClaimEntry, user_file: str) -> Claim:
    """The record of a claim; one with a number needs low and high, a statement has none."""
    quantity: Quantity | Literal["statement"] = _need(where, "quantity", entry.quantity)
    if quantity == "statement" and (entry.low is not None or entry.high is not None):
        raise CatalogueError(
            f"{where}: a statement carries no low or high; name the quantity that they bound."
        )
    if quantity != "statement" and (entry.low is None or entry.high is None):
        raise CatalogueError(
            f"{where}: a claim about {quantity} needs low and high; or use quantity = 'statement'."
        )
    if entry.low is not None and entry.high is not None and entry.low > entry.high:
        raise CatalogueError(
            f"{where}: low must not exceed high; got {entry.low:g} and {entry.high:g}. Swap them?"
        )
    return Claim(
        name=name,
        speaker=_need(where, "speaker", entry.speaker),
        date=_need(where, "date", entry.date),
        types=tuple(_need(where, "types", entry.types)),
        text=_need(where, "text", entry.text),
        quantity=quantity,
        low=entry.low,
        high=entry.high,
        age_d=entry.age_d,
        stance=_need(where, "stance", entry.stance),
        basis=_need(where, "basis", entry.basis),
        source=_need(where, "source", entry.source),
        note=entry.note,
        user_file=user_file,
    )


def make_evidence(where: str, name: str, entry: EvidenceEntry, user_file: str) -> FieldEvidence:
    """The record of a trial (num_tested, num_failed) or a field result (num_delivered, num_found, …)."""
    kind: Literal["trial", "field"] = _need(where, "kind", entry.kind)
    asked = (
        ("num_tested", "num_failed")
        if kind == "trial"
        else ("num_delivered", "num_found", "age_d", "p_detect")
    )
    for key in asked:
        _need(where, key, getattr(entry, key))
    if entry.num_tested is not None and entry.num_failed is not None and entry.num_failed > entry.num_tested:
        raise CatalogueError(
            f"{where}.num_failed: must not exceed num_tested; got {entry.num_failed} of {entry.num_tested}."
        )
    searched, detect = entry.share_searched, entry.p_detect
    return FieldEvidence(
        name=name,
        types=tuple(_need(where, "types", entry.types)),
        kind=kind,
        quantity=_need(where, "quantity", entry.quantity),
        basis=_need(where, "basis", entry.basis),
        source=_need(where, "source", entry.source),
        num_tested=entry.num_tested,
        num_failed=entry.num_failed,
        window_d=entry.window_d,
        num_delivered=entry.num_delivered,
        num_found=entry.num_found,
        share_searched=make_range(f"{where}.share_searched", searched, "1") if searched else None,
        p_detect=make_range(f"{where}.p_detect", detect, "1") if detect else None,
        age_d=entry.age_d,
        note=entry.note,
        user_file=user_file,
    )


def make_activity(where: str, name: str, entry: ActivityEntry, user_file: str) -> Activity:
    """The record of something civilians do on the land; every number is needed."""
    return Activity(
        name=name,
        title=_need(where, "title", entry.title),
        description=entry.description,
        user_file=user_file,
        **_ranges(where, entry, ACTIVITY_UNITS),
    )


def make_demining(where: str, name: str, entry: DeminingEntry, user_file: str) -> DeminingRisk:
    """The record of a way of de-mining; every number is needed."""
    return DeminingRisk(
        name=name,
        title=_need(where, "title", entry.title),
        description=entry.description,
        user_file=user_file,
        **_ranges(where, entry, DEMINING_UNITS),
    )


def _ranges(where: str, entry: Entry, units: Mapping[str, str]) -> dict[str, Range]:
    return {
        key: make_range(f"{where}.{key}", _need(where, key, getattr(entry, key)), unit)
        for key, unit in units.items()
    }


def make_prior(where: str, name: str, entry: PriorEntry, user_file: str) -> ModelPrior:
    """The record of a model prior; its name says its unit."""
    for pattern, unit in _PRIOR_UNITS:
        if pattern.fullmatch(name):
            if name.startswith("field.") and not entry.low > (1.0 if name == "field.spread" else 0.0):
                bound = "1: places differ by that factor" if name == "field.spread" else "0"
                raise CatalogueError(f"{where}: must be above {bound}; got {entry.low:g}. Correct low.")
            return ModelPrior(name=name, range=make_range(where, entry, unit), user_file=user_file)
    raise CatalogueError(
        f"{where}: no prior has this name. Use exists.<class>, density.<class>, clump_shape, "
        f'clump_shape.deposits, deposit_factor, field.range or field.spread (quoted, as in [priors."exists.SHA"]).'
    )


def _need(where: str, key: str, value: _T | None) -> _T:
    if value is None or value in ("", []):
        raise CatalogueError(f"{where}.{key}: must be given; nothing came. Add it to this entry.")
    return value


def _default_setting(where: str, entry: TypeEntry, settings: Mapping[str, Range]) -> str:
    if not settings:
        if entry.default_setting:
            raise CatalogueError(
                f"{where}.default_setting: {entry.default_setting!r} names no setting; the entry has none. "
                "Add [settings] or leave it out."
            )
        return ""
    longest = max(settings, key=lambda key: settings[key].high)
    if entry.default_setting is None:
        raise CatalogueError(
            f"{where}.default_setting: must be given where there are settings; nothing came. "
            f"Name the longest: {longest!r}."
        )
    if entry.default_setting not in settings:
        raise CatalogueError(
            f"{where}.default_setting: must be one of {', '.join(settings)}; got {entry.default_setting!r}."
        )
    if settings[entry.default_setting].high < settings[longest].high:
        raise CatalogueError(
            f"{where}.default_setting: must be the longest, so that doubt does not lower the hazard; "
            f"got {entry.default_setting!r}. Name {longest!r}."
        )
    return entry.default_setting


def _fate(where: str, entry: TypeEntry, given: Mapping[str, Range]) -> FateModel:
    mechanism = _need(where, "mechanism", entry.mechanism)
    ranges = {key: value for key, value in given.items() if key != "p_dud"}
    ranges["p_arms"] = _p_arms(where, given)
    certain: dict[str, tuple[float, str]] = {}
    if mechanism == "none":
        certain = dict.fromkeys(_SELF_DESTRUCT_FIELDS, (0.0, "no self-destruct mechanism"))
        certain["p_sd_fails"] = (1.0, "no self-destruct mechanism")
    elif mechanism == "impact":
        certain = dict.fromkeys(_SELF_DESTRUCT_FIELDS, (0.0, "what functions on impact is gone at once"))
    if certain:
        certain["sd_delay_factor"] = (1.0, "no self-destruct delay to scale")
    if mechanism != "self_destruct" or entry.self_deactivation == "none":
        certain["p_sda_fails"] = (1.0, "nothing runs out that would deactivate it")
        certain["sda_delay"] = (0.0, "nothing runs out that would deactivate it")
    for key in certain:
        if key in ranges:
            raise CatalogueError(
                f"{where}.{key}: is certain by construction ({certain[key][1]}) and may not be given. "
                "Leave it out, or change mechanism or self_deactivation."
            )
        value, why = certain[key]
        ranges[key] = _by_construction(value, FATE_UNITS[key], why)
    for key in (*_SELF_DESTRUCT_FIELDS, *_DEACTIVATION_FIELDS):
        _need(where, key, ranges.get(key))
    return FateModel(**ranges)


def _p_arms(where: str, given: Mapping[str, Range]) -> Range:
    arms, dud = given.get("p_arms"), given.get("p_dud")
    if (arms is None) == (dud is None):
        came = "neither" if arms is None else "both"
        raise CatalogueError(f"{where}: give p_arms or p_dud (one minus it), not both; {came} came.")
    if arms is not None:
        return arms
    assert dud is not None
    return replace(
        dud,
        low=1.0 - dud.high,
        high=1.0 - dud.low,
        value=None if dud.value is None else 1.0 - dud.value,
        note=f"{DUD_NOTE} {dud.note}".strip(),
    )


def _by_construction(value: float, unit: str, why: str) -> Range:
    return Range(low=value, high=value, value=value, unit=unit, basis="derived", source=BY_CONSTRUCTION + why)
