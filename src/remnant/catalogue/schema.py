"""What a catalogue file may hold, key by key: strict pydantic models, one per kind of entry.

Every field of an entry is optional here, because a user's file may override one field of an existing entry; what a
whole entry must have is checked when it is built (`remnant.catalogue.build`). A number is never partial: it comes with
its unit, basis and source, or it is refused.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from remnant.catalogue.records import Basis, Category, Delivery, Mechanism, MethodKind, Quantity


class Entry(BaseModel):
    """Base of all entries: no unknown keys, no silent conversion, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class RangeEntry(Entry):
    """A sourced number, as written: low, high, unit, basis and source are all required."""

    low: float
    high: float
    unit: str
    basis: Basis
    source: str
    value: float | None = None
    note: str = ""
    valid_for: str = ""
    licence: str = ""
    retrieved: dt.date | str = ""


class TypeEntry(Entry):
    """An ordnance type, or the part of one that a user overrides.

    ``like`` names an entry whose numbers this one takes where it gives none. ``p_dud`` is one minus ``p_arms``.
    """

    title: str | None = None
    category: Category | None = None
    delivery: Delivery | None = None
    origin: str | None = None
    description: str = ""
    aliases: list[str] = Field(default_factory=list)
    treaty_scope: bool = False
    like: str | None = None
    mechanism: Mechanism | None = None
    self_deactivation: Literal["none", "battery"] | None = None
    p_arms: RangeEntry | None = None
    p_dud: RangeEntry | None = None
    p_sd_fails: RangeEntry | None = None
    sd_delay: RangeEntry | None = None
    sd_delay_factor: RangeEntry | None = None
    p_sd_late: RangeEntry | None = None
    sd_late_delay: RangeEntry | None = None
    p_sda_fails: RangeEntry | None = None
    sda_delay: RangeEntry | None = None
    settings: dict[str, RangeEntry] = Field(default_factory=dict)
    default_setting: str | None = None


class MethodEntry(Entry):
    """A way of searching land."""

    title: str | None = None
    kind: MethodKind | None = None
    description: str = ""
    aliases: list[str] = Field(default_factory=list)
    p_detect: RangeEntry | None = None


class TreatyEntry(Entry):
    """A number in a treaty or policy text."""

    title: str | None = None
    text: str | None = None
    quantity: Literal["p_sd_fails", "p_functions", "p_dud"] | None = None
    limit: RangeEntry | None = None
    age_d: float | None = Field(default=None, ge=0.0)
    applies_to: str | None = None


class ClaimEntry(Entry):
    """Who said what about which type."""

    speaker: str | None = None
    date: str | None = Field(default=None, pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    types: list[str] | None = None
    text: str | None = None
    quantity: Quantity | Literal["statement"] | None = None
    low: float | None = Field(default=None, ge=0.0, le=1.0)
    high: float | None = Field(default=None, ge=0.0, le=1.0)
    age_d: float | None = Field(default=None, ge=0.0)
    stance: Literal["assurance", "criticism", "neutral"] | None = None
    basis: Basis | None = None
    source: str | None = None
    note: str = ""


class EvidenceEntry(Entry):
    """A published trial or field result."""

    types: list[str] | None = None
    kind: Literal["trial", "field"] | None = None
    quantity: Quantity | None = None
    basis: Basis | None = None
    source: str | None = None
    num_tested: int | None = Field(default=None, gt=0)
    num_failed: int | None = Field(default=None, ge=0)
    window_d: float | None = Field(default=None, ge=0.0)
    num_delivered: float | None = Field(default=None, gt=0.0)
    num_found: int | None = Field(default=None, ge=0)
    share_searched: RangeEntry | None = None
    p_detect: RangeEntry | None = None
    age_d: float | None = Field(default=None, ge=0.0)
    note: str = ""


class ActivityEntry(Entry):
    """Something civilians do on the land."""

    title: str | None = None
    description: str = ""
    swept: RangeEntry | None = None
    hours: RangeEntry | None = None
    share_of_people: RangeEntry | None = None
    share_entering: RangeEntry | None = None
    reach: RangeEntry | None = None
    p_armed: RangeEntry | None = None
    p_expired: RangeEntry | None = None
    p_dud: RangeEntry | None = None
    casualties: RangeEntry | None = None


class DeminingEntry(Entry):
    """A way of de-mining, as a risk to those who do it."""

    title: str | None = None
    description: str = ""
    pace: RangeEntry | None = None
    p_armed: RangeEntry | None = None
    p_expired: RangeEntry | None = None
    p_dud: RangeEntry | None = None
    per_hour: RangeEntry | None = None
    per_m2: RangeEntry | None = None
    casualties: RangeEntry | None = None


class PriorEntry(RangeEntry):
    """A prior of the density model: a range under its dotted name, always whole."""
