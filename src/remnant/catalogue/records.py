"""What a catalogue entry is: typed, frozen, and never a number without its source."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from remnant.catalogue.exposure import Activity, DeminingRisk
from remnant.errors import CatalogueError, InvalidInput

Basis = Literal["published", "second_hand", "weak", "derived", "judgement"]
"""How a number came to us, strongest first.

``published``: read in the primary source; ``second_hand``: read in a source that quotes it; ``weak``: uncited,
anonymous or partisan; ``derived``: arithmetic from sourced numbers; ``judgement``: nobody has published it, our wide
range. Everything that uses ``weak`` or ``judgement`` says so.
"""
Category = Literal["ap_mine", "av_mine", "submunition", "shell", "rocket", "grenade", "bomb", "other"]
Delivery = Literal["emplaced", "remotely_delivered", "fired"]
Mechanism = Literal["none", "impact", "self_destruct"]
"""``none``: lies until something disturbs it; ``impact``: fired, functions on impact or is a dud; ``self_destruct``."""
Quantity = Literal["p_sd_fails", "p_functions", "p_explosive", "p_dud"]
"""The shares that claims and results speak of; see `Claim`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One sourced number: a 90 % interval, and the published value where there is one.

    Parameters
    ----------
    low, high
        5 % and 95 % points of what we believe (probabilities: logit-normal between them; times and densities:
        log-normal). Equal numbers mean that the value is certain.
    unit
        ``"1"``, ``"h"``, ``"d"``, ``"1/km2"`` …
    basis, source
        See `Basis`; a blank source is refused.
    value
        The published point, if any. [unit]
    note, valid_for, licence, retrieved
        What a reader must know to use it; terms of the source; ISO date on which it was read.
    """

    low: float
    high: float
    unit: str
    basis: Basis
    source: str
    value: float | None = None
    note: str = ""
    valid_for: str = ""
    licence: str = ""
    retrieved: str = ""

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise CatalogueError("every number needs a source; this one has none")
        if not self.low <= self.high:
            raise CatalogueError(f"low must not exceed high; got {self.low:g} and {self.high:g}")
        if self.unit == "1" and not (self.low >= 0.0 and self.high <= 1.0):
            raise CatalogueError(f"a probability lies in [0, 1]; got {self.low:g} to {self.high:g}")
        if self.unit != "1" and self.low < 0.0:
            raise CatalogueError(f"a quantity in {self.unit} is not negative; got {self.low:g}")
        open_end = self.low == 0.0 or (self.unit == "1" and self.high == 1.0)
        if self.low != self.high and open_end:
            raise CatalogueError(
                f"a range may not end at exactly 0 or 1 ({self.low:g} to {self.high:g}): nothing is that certain; "
                "give a small distance, or equal numbers if it is certain by construction"
            )
        if self.value is not None and not self.low <= self.value <= self.high:
            raise CatalogueError(f"value {self.value:g} lies outside its range {self.low:g} to {self.high:g}")

    @property
    def is_certain(self) -> bool:
        """Whether the range is a single number."""
        return self.low == self.high

    @property
    def is_judgement(self) -> bool:
        """Whether no citable figure stands behind it, so that tables and plots must say so."""
        return self.basis in ("weak", "judgement")


@dataclass(frozen=True, slots=True, kw_only=True)
class FateModel:
    """How items of one type behave over time (docs/method.md, "One item over time"); every field is a `Range`.

    Parameters
    ----------
    p_arms
        Chance that an item arms on emplacement or delivery; for fired ordnance, that it functions on impact. The rest
        is a dud at once. [1]
    p_sd_fails
        Chance that the self-destruct of an armed item never acts. 1 where there is no mechanism; 0 for fired ordnance
        that functions on impact (`sd_delay` certain at 0). [1]
    sd_delay
        Window within which 90 % of the working mechanisms of the main mode act, item to item. [h]
    sd_delay_factor
        Common factor on that window (temperature, batch): how wrong the nominal window may be. [ratio]
    p_sd_late
        Share of working mechanisms that act in the late mode instead. [1]
    sd_late_delay
        Window of the late mode, item to item. [h]
    p_sda_fails
        Chance that an item whose self-destruct failed never deactivates. 1 where there is no battery to run out. [1]
    sda_delay
        Window within which 90 % of the deactivations happen, item to item. [h]
    """

    p_arms: Range
    p_sd_fails: Range
    sd_delay: Range
    sd_delay_factor: Range
    p_sd_late: Range
    sd_late_delay: Range
    p_sda_fails: Range
    sda_delay: Range


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldShare:
    """A share that is taken as stated, whatever the ranges of a type say: a claim at its word, a limit in a treaty.

    Parameters
    ----------
    quantity, share
        What is stated, in the sense of `Claim`. [1]
    age_d
        Age for which it is stated; None: for good. [d]
    """

    quantity: Quantity
    share: Range
    age_d: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdnanceType:
    """One catalogue entry: a mine, submunition, shell or other item.

    Parameters
    ----------
    name
        Short unique name, as people write it (``PFM-1S``).
    title, origin, description
        Words for people.
    category, delivery
        See `Category` and `Delivery`.
    fate
        Behaviour over time.
    aliases
        Other spellings; look-ups ignore case, spaces and hyphens.
    settings
        Self-destruct windows that can be set (``"4h"``, ``"48h"``, ``"15d"``); each replaces ``fate.sd_delay``.
    default_setting
        The one taken when a record names none: the longest, so that doubt does not lower the hazard.
    treaty_scope
        Whether CCW Amended Protocol II, Technical Annex 3, covers the type (remotely delivered AP mines).
    user_file
        Path of the user's override file when it came from one, else empty.
    held
        Shares taken as stated, in order; each changes the fate as little as needed (`remnant.fate.hold_to`).
    """

    name: str
    title: str
    category: Category
    delivery: Delivery
    origin: str
    fate: FateModel
    description: str = ""
    aliases: tuple[str, ...] = ()
    settings: Mapping[str, Range] = field(default_factory=dict)
    default_setting: str = ""
    treaty_scope: bool = False
    user_file: str = ""
    held: tuple[HeldShare, ...] = ()

    @property
    def is_persistent(self) -> bool:
        """Whether it has no self-destruct mechanism and is not fired."""
        return self.mechanism == "none"

    @property
    def mechanism(self) -> Mechanism:
        """What ends the item's life by itself, read from the fate model."""
        if self.fate.p_sd_fails.low == 1.0:
            return "none"
        if self.fate.p_sd_fails.high == 0.0 and self.fate.sd_delay.high == 0.0:
            return "impact"
        return "self_destruct"

    @property
    def judgement_fields(self) -> tuple[str, ...]:
        """Names of the fate fields that rest on judgement or a weak source."""
        names = FateModel.__dataclass_fields__
        return tuple(n for n in names if getattr(self.fate, n).is_judgement)


MethodKind = Literal[
    "clearance", "technical_survey", "non_technical_survey", "visual", "land_use", "inspection"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionMethod:
    """A way of searching land: chance that it finds and removes an item that is present where it worked.

    Parameters
    ----------
    p_detect
        Per pass, shared by all searches of the method in a case (misses are not independent). [1]
    kind
        Weak searches (``land_use``) count only where a person recorded the use.
    """

    name: str
    title: str
    kind: MethodKind
    p_detect: Range
    description: str = ""
    aliases: tuple[str, ...] = ()
    user_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatyLimit:
    """A number in a treaty text: what it bounds, at which age, of which denominator.

    Parameters
    ----------
    quantity
        ``"p_sd_fails"``: share of activated items not destroyed by `age_d`; ``"p_functions"``: share of activated items
        still functioning at `age_d`; ``"p_dud"``: share of fired items left unexploded.
    limit
        The bound. [1]
    age_d
        Age at which it is judged. [d]
    """

    name: str
    title: str
    text: str
    quantity: Literal["p_sd_fails", "p_functions", "p_dud"]
    limit: Range
    age_d: float
    applies_to: str
    user_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who said what about which type, when, and the number that it implies.

    Parameters
    ----------
    quantity
        ``"p_sd_fails"``: not self-destructed by `age_d`; ``"p_functions"``: still functions as a mine at `age_d`;
        ``"p_explosive"``: any explosive item left at `age_d`; ``"p_dud"``: dud share; ``"statement"``: no number.
    low, high
        What the claim implies for that quantity (``at most 2.35 %`` is 0 to 0.0235). [1]
    """

    name: str
    speaker: str
    date: str
    types: tuple[str, ...]
    text: str
    quantity: Quantity | Literal["statement"]
    low: float | None
    high: float | None
    age_d: float | None
    stance: Literal["assurance", "criticism", "neutral"]
    basis: Basis
    source: str
    note: str = ""
    user_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """A published trial or field result on a type, in the form that `remnant.fate` learns from.

    Parameters
    ----------
    kind
        ``"trial"``: `num_failed` of `num_tested` failed in the sense of `quantity` within `window_d`. ``"field"``:
        `num_found` items found of `num_delivered`, at `age_d`, with `share_searched` and `p_detect` as ranges.
    quantity
        As in `Claim`.
    """

    name: str
    types: tuple[str, ...]
    kind: Literal["trial", "field"]
    quantity: Quantity
    basis: Basis
    source: str
    num_tested: int | None = None
    num_failed: int | None = None
    window_d: float | None = None
    num_delivered: float | None = None
    num_found: int | None = None
    share_searched: Range | None = None
    p_detect: Range | None = None
    age_d: float | None = None
    note: str = ""
    user_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrior:
    """A prior of the density model that a user may override in the case file.

    ``name`` is dotted: ``density.SHA``, ``density.CHA``, ``density.background`` (items per km² where there are any),
    ``exists.SHA``, ``exists.CHA`` (chance that an area holds anything), ``clump_shape``,
    ``clump_shape.deposits`` (small: few places hold most items), ``deposit_factor`` (items there were per item on
    record).
    """

    name: str
    range: Range
    user_file: str = ""


_Named = TypeVar("_Named", bound=OrdnanceType | DetectionMethod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything sourced, with look-up by any spelling, and a hash for the provenance."""

    types: Mapping[str, OrdnanceType]
    methods: Mapping[str, DetectionMethod]
    treaties: Mapping[str, TreatyLimit]
    claims: Mapping[str, Claim]
    evidence: Mapping[str, FieldEvidence]
    priors: Mapping[str, ModelPrior]
    sha256: str
    user_files: tuple[str, ...] = ()
    activities: Mapping[str, Activity] = field(default_factory=dict)
    demining: Mapping[str, DeminingRisk] = field(default_factory=dict)

    def ordnance(self, name: str) -> OrdnanceType:
        """The type of that name or alias; unknown names are refused with near spellings."""
        return _look_up(self.types, name, "ordnance type", "remnant types")

    def method(self, name: str) -> DetectionMethod:
        """The detection method of that name or alias; unknown names are refused with near spellings."""
        return _look_up(self.methods, name, "detection method", "remnant methods")


def spelling_key(name: str) -> str:
    """The form in which names are compared: lower case, letters and digits only.

    Examples
    --------
    >>> spelling_key("PFM-1S") == spelling_key("pfm 1s")
    True
    """
    return "".join(ch for ch in name.casefold() if ch.isalnum())


def spelling_keys(aliases: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The key of every spelling → the name that it means; `aliases` are the other spellings of each name.

    Examples
    --------
    >>> spelling_keys({"PFM-1S": ("ПФМ-1С",)})
    {'pfm1s': 'PFM-1S', 'пфм1с': 'PFM-1S'}
    """
    keys: dict[str, str] = {}
    for name, others in aliases.items():
        for spelling in (name, *others):
            keys.setdefault(spelling_key(spelling), name)
    return keys


def _look_up(entries: Mapping[str, _Named], name: str, what: str, command: str) -> _Named:
    if name in entries:
        return entries[name]
    keys = spelling_keys({own: entry.aliases for own, entry in entries.items()})
    found = keys.get(spelling_key(name))
    if found is None:
        near = difflib.get_close_matches(spelling_key(name), keys, n=4, cutoff=0.6)
        hint = f"Near: {', '.join(sorted({keys[n] for n in near}))}. " if near else ""
        raise InvalidInput(f"{what} {name!r} is not in the catalogue. {hint}`{command}` lists all.")
    return entries[found]
