"""Catalogue entries in plain words and as plain values, the same for the command line, the docs page and JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from remnant.catalogue.build import BY_CONSTRUCTION, DUD_NOTE
from remnant.catalogue.records import (
    Basis,
    Catalogue,
    Category,
    Claim,
    FateModel,
    FieldEvidence,
    Mechanism,
    MethodKind,
    OrdnanceType,
    Range,
    TreatyLimit,
)
from remnant.errors import InvalidInput
from remnant.units import DAY_H

_SHOWN_IN_DAYS_H = 96.0  # times from here on are written in days
_CATEGORY_WORDS: Mapping[Category, str] = {
    "ap_mine": "AP mine",
    "av_mine": "AV mine",
    "submunition": "submunition",
    "shell": "shell",
    "rocket": "rocket",
    "grenade": "grenade",
    "bomb": "bomb",
    "other": "other",
}
_MECHANISM_WORDS: Mapping[Mechanism, str] = {
    "none": "no self-destruct",
    "impact": "on impact",
    "self_destruct": "self-destruct",
}
_BASIS_WORDS: Mapping[Basis, str] = {
    "published": "published",
    "second_hand": "second hand",
    "weak": "weak source",
    "derived": "derived",
    "judgement": "judgement",
}
_KIND_WORDS: Mapping[MethodKind, str] = {
    "clearance": "clearance",
    "technical_survey": "technical survey",
    "non_technical_survey": "non-technical survey",
    "visual": "visual search",
    "land_use": "land use (weak search)",
    "inspection": "inspection",
}
_FIELD_WORDS: Mapping[str, str] = {
    "p_arms": "never arms (a dud at once)",
    "p_sd_fails": "self-destruct never acts",
    "sd_delay": "self-destruct window",
    "sd_delay_factor": "window wrong by a factor of",
    "p_sd_late": "acts late instead",
    "sd_late_delay": "late window",
    "p_sda_fails": "never deactivates",
    "sda_delay": "deactivation window",
}
_QUANTITY_WORDS: Mapping[str, str] = {
    "p_sd_fails": "not self-destructed",
    "p_functions": "still functions",
    "p_explosive": "any explosive item left",
    "p_dud": "dud share",
    "statement": "no number",
}


def category_words(category: Category) -> str:
    """The category for people."""
    return _CATEGORY_WORDS[category]


def basis_words(basis: Basis) -> str:
    """The basis for people."""
    return _BASIS_WORDS[basis]


def kind_words(kind: MethodKind) -> str:
    """The kind of a detection method for people."""
    return _KIND_WORDS[kind]


def field_words(ordnance: OrdnanceType, field: str) -> str:
    """What a fate field means for this type, as people ask for it: `p_arms` is shown as its complement, the duds.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> field_words(load_catalogue().ordnance("BL755"), "p_arms")
    'dud share'
    """
    if field == "p_arms" and ordnance.mechanism == "impact":
        return "dud share"
    return _FIELD_WORDS[field]


def number_words(value: float, unit: str) -> str:
    """One number with its unit: probabilities in percent, long times in days.

    Examples
    --------
    >>> number_words(0.015, "1"), number_words(360.0, "h"), number_words(0.5, "ratio"), number_words(30.0, "1/km2")
    ('1.5 %', '15 d', '0.5', '30 per km²')
    """
    if unit == "1":
        return f"{100.0 * value:.6g} %"
    if unit == "h":
        return f"{value / DAY_H:.6g} d" if value >= _SHOWN_IN_DAYS_H else f"{value:.6g} h"
    return f"{value:.6g}" + {"ratio": "", "1/km2": " per km²"}.get(unit, f" {unit}")


def range_words(given: Range) -> str:
    """A range for people, its unit written once where both ends share it.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> range_words(load_catalogue().ordnance("PFM-1S").fate.sd_delay)
    '1 to 40 h'
    """
    low, high = number_words(given.low, given.unit), number_words(given.high, given.unit)
    if low == high:
        return low
    low_number, _, low_unit = low.partition(" ")
    _, _, high_unit = high.partition(" ")
    return f"{low_number} to {high}" if low_unit == high_unit else f"{low} to {high}"


def point_words(given: Range) -> str:
    """The published point of a range, empty where there is none or the number is certain."""
    return "" if given.value is None or given.is_certain else number_words(given.value, given.unit)


def mechanism_words(ordnance: OrdnanceType) -> str:
    """What ends the item's life by itself."""
    return _MECHANISM_WORDS[ordnance.mechanism]


def lifetime_words(ordnance: OrdnanceType) -> str:
    """Time to self-destruct: the settings' nominal times, else the window; for fired ordnance its dud share.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> lifetime_words(load_catalogue().ordnance("GATOR"))
    '4 h, 48 h or 15 d'
    """
    if ordnance.mechanism == "none":
        return "until found"
    if ordnance.mechanism == "impact":
        return f"duds {range_words(dud_share(ordnance))}"
    if not ordnance.settings:
        return range_words(ordnance.fate.sd_delay)
    nominal = sorted(ordnance.settings.values(), key=lambda r: r.high)
    words = [range_words(r) if r.value is None else number_words(r.value, "h") for r in nominal]
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def lifetime_basis(ordnance: OrdnanceType) -> Basis | None:
    """The basis of the number that `lifetime_words` shows; None where it shows none."""
    if ordnance.mechanism == "none":
        return None
    return (ordnance.fate.sd_delay if ordnance.mechanism == "self_destruct" else ordnance.fate.p_arms).basis


def dud_share(ordnance: OrdnanceType) -> Range:
    """One minus the share that arms or functions, with the same source. [1]"""
    arms = ordnance.fate.p_arms
    is_written_so = arms.note.startswith(DUD_NOTE)
    note = arms.note.removeprefix(DUD_NOTE).strip()
    return dataclasses.replace(
        arms,
        low=round(1.0 - arms.high, 12),
        high=round(1.0 - arms.low, 12),
        value=None if arms.value is None else round(1.0 - arms.value, 12),
        note=note if is_written_so else f"One minus the share of which the source speaks. {note}".strip(),
    )


def judgement_words(ordnance: OrdnanceType) -> str:
    """How much of what is not certain by construction rests on judgement or a weak source: all, part or none.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> [judgement_words(load_catalogue().ordnance(name)) for name in ("POM-2", "PFM-1S", "BL755")]
    ['all', 'part', 'none']
    """
    uncertain = [n for n in FateModel.__dataclass_fields__ if not getattr(ordnance.fate, n).is_certain]
    judged = [n for n in uncertain if n in ordnance.judgement_fields]
    if not judged:
        return "none"
    return "all" if len(judged) == len(uncertain) else "part"


def claim_words(claim: Claim) -> str:
    """What a claim implies, as a number: quantity, range and age.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> claim_words(load_catalogue().claims["six-in-a-million"])
    'still functions at 30 d: at most 0.0006 %'
    """
    if claim.low is None or claim.high is None:
        return _QUANTITY_WORDS["statement"]
    words = _QUANTITY_WORDS[claim.quantity]
    if claim.age_d is not None:
        words += f" at {number_words(claim.age_d * DAY_H, 'h')}"
    if claim.low == 0.0:
        return f"{words}: at most {number_words(claim.high, '1')}"
    if claim.high == 1.0:
        return f"{words}: at least {number_words(claim.low, '1')}"
    return f"{words}: {100.0 * claim.low:.6g} to {number_words(claim.high, '1')}"


def evidence_words(evidence: FieldEvidence) -> str:
    """What was seen, as counts."""
    words = _QUANTITY_WORDS[evidence.quantity]
    if evidence.kind == "trial":
        return f"trial, {words}: {evidence.num_failed} of {evidence.num_tested}"
    return f"field, {words}: {evidence.num_found} found of {evidence.num_delivered:.0f} delivered"


def treaty_words(limit: TreatyLimit) -> str:
    """The limit as a number: quantity, bound and age."""
    words = _QUANTITY_WORDS[limit.quantity]
    age = f" at {number_words(limit.age_d * DAY_H, 'h')}" if limit.age_d > 0.0 else ""
    return f"{words}{age}: at most {number_words(limit.limit.high, '1')}"


def select_types(
    catalogue: Catalogue, *, category: str = "", non_persistent: bool = False
) -> tuple[OrdnanceType, ...]:
    """Types by category and then name; optionally of one category, or only those with a self-destruct."""
    if category and category not in _CATEGORY_WORDS:
        raise InvalidInput(f"category must be one of {', '.join(_CATEGORY_WORDS)}; got {category!r}.")
    order = list(_CATEGORY_WORDS)
    chosen = (
        t
        for t in catalogue.types.values()
        if category in ("", t.category) and (t.mechanism == "self_destruct" or not non_persistent)
    )
    return tuple(sorted(chosen, key=lambda t: (order.index(t.category), t.name.casefold())))


def numbers_of(ordnance: OrdnanceType) -> tuple[tuple[str, Range], ...]:
    """Every number of a type that is not certain by construction, with what it is; settings instead of one window.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> [what for what, _ in numbers_of(load_catalogue().ordnance("POM-3"))][2:4]
    ['self-destruct window, set to 8h', 'self-destruct window, set to 24h (taken if a record names none)']
    """
    rows: list[tuple[str, Range]] = [(field_words(ordnance, "p_arms"), dud_share(ordnance))]
    for field in list(FateModel.__dataclass_fields__)[1:]:
        given: Range = getattr(ordnance.fate, field)
        if field == "sd_delay" and ordnance.settings:
            for key, value in sorted(ordnance.settings.items(), key=lambda item: item[1].high):
                default = " (taken if a record names none)" if key == ordnance.default_setting else ""
                rows.append((f"{field_words(ordnance, field)}, set to {key}{default}", value))
        elif not given.source.startswith(BY_CONSTRUCTION):
            rows.append((field_words(ordnance, field), given))
    return tuple(rows)


def construction_words(ordnance: OrdnanceType) -> str:
    """What is certain of a type by construction, in one sentence; empty where nothing is.

    Examples
    --------
    >>> from remnant.catalogue import load_catalogue
    >>> construction_words(load_catalogue().ordnance("PFM-1S"))
    'By construction: nothing in it runs out, so one whose self-destruct failed never deactivates.'
    """
    if ordnance.mechanism == "none":
        return "By construction: no self-destruct, nothing that runs out; it stays until found or set off."
    if ordnance.mechanism == "impact":
        return "By construction: what functions on impact is gone at once, and a dud stays a dud."
    if ordnance.fate.p_sda_fails.is_certain:
        return "By construction: nothing in it runs out, so one whose self-destruct failed never deactivates."
    return ""


def source_words(given: Range | Claim | FieldEvidence) -> str:
    """Source and note in one; what the basis already says is not said again."""
    source = given.source.removeprefix("judgement: ")
    return f"{source}. {given.note}" if given.note else source


def claims_about(catalogue: Catalogue, name: str) -> tuple[Claim, ...]:
    """Claims that name the type, oldest first."""
    return tuple(sorted((c for c in catalogue.claims.values() if name in c.types), key=lambda c: c.date))


def evidence_about(catalogue: Catalogue, name: str) -> tuple[FieldEvidence, ...]:
    """Trials and field results on the type."""
    return tuple(e for e in catalogue.evidence.values() if name in e.types)


def type_summary(ordnance: OrdnanceType) -> dict[str, Any]:
    """One row of the list of types, as plain values."""
    return {
        "name": ordnance.name,
        "title": ordnance.title,
        "category": ordnance.category,
        "delivery": ordnance.delivery,
        "origin": ordnance.origin,
        "mechanism": ordnance.mechanism,
        "lifetime": lifetime_words(ordnance),
        "lifetime_basis": lifetime_basis(ordnance),
        "settings": list(ordnance.settings),
        "default_setting": ordnance.default_setting,
        "treaty_scope": ordnance.treaty_scope,
        "judgement": judgement_words(ordnance),
        "judgement_fields": list(ordnance.judgement_fields),
        "aliases": list(ordnance.aliases),
        "user_file": ordnance.user_file,
    }


def type_detail(catalogue: Catalogue, ordnance: OrdnanceType) -> dict[str, Any]:
    """Everything on one type as plain values: numbers with sources, claims and evidence about it."""
    return {
        **type_summary(ordnance),
        "description": ordnance.description,
        "fate": asdict(ordnance.fate),
        "settings": {key: asdict(value) for key, value in ordnance.settings.items()},
        "claims": [asdict(claim) for claim in claims_about(catalogue, ordnance.name)],
        "evidence": [asdict(item) for item in evidence_about(catalogue, ordnance.name)],
    }
