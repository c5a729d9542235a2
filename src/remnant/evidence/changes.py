"""What-ifs of a case, as pure functions from case to case: other items, quantities, days, and searches to come.

No record is added or taken away but the searches that a what-if asks for: what did not happen has quantity 0, so that
ground, blocks and random numbers stay in place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.evidence.provenance import Provenance
from remnant.evidence.records import Case, Deposits, Events, HazardAreas, Searches
from remnant.evidence.streams import deposit_class
from remnant.units import day_number

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which deposits, or hazard areas, a change is for: those that fit every list that is given; none given: all.

    Parameters
    ----------
    id, layer, type
        Names; of an area one of its types is enough.
    """

    id: tuple[str, ...] = ()
    layer: tuple[str, ...] = ()
    type: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceType:
    """Another type in place of what was recorded, in deposits and hazard areas."""

    type: str
    setting: str = ""
    where: Where = Where()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuantity:
    """Recorded quantities times a factor, or replaced by a range."""

    factor: float | None = None
    low: float | None = None
    high: float | None = None
    where: Where = Where()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDates:
    """Deliveries on other days: moved by days, or between two days."""

    shift_days: float | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    where: Where = Where()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceasefire:
    """From this day on nothing is delivered; of a delivery over days the share before it is."""

    date: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureSearch:
    """A search of hazard areas on the last day of the records, whose outcome nobody knows yet."""

    method: str
    coverage: float
    where: Where = Where()


Change = ReplaceType | ChangeQuantity | ChangeDates | Ceasefire | FutureSearch


def changed(case: Case, changes: Sequence[Change]) -> Case:
    """The case with changes made in order.

    Raises
    ------
    InvalidInput
        Where a change fits no record, or asks for what cannot be.
    """
    for change in changes:
        match change:
            case ReplaceType():
                case = _replace_type(case, change)
            case ChangeQuantity():
                case = replace(case, deposits=_quantity(case, change))
            case ChangeDates():
                case = replace(case, deposits=_dates(case, change))
            case Ceasefire():
                case = replace(case, deposits=_until(case, change.date))
            case FutureSearch():
                case = replace(case, searches=_searched(case, change))
    return case


def aliases(before: Case, after: Case) -> dict[str, str]:
    """Class of a changed case → class that it stands in for, by label; classes that were there before are left out."""
    was = {deposit_class(before.deposits, d).label for d in range(before.deposits.id.size)}
    was |= {name for types in before.areas.types for name in types}
    out: dict[str, str] = {}
    for d in range(before.deposits.id.size):
        new = deposit_class(after.deposits, d).label
        if new not in was:
            out.setdefault(new, deposit_class(before.deposits, d).label)
    for old_types, new_types in zip(before.areas.types, after.areas.types, strict=True):
        for old, new in zip(old_types, new_types, strict=False):
            if new not in was:
                out.setdefault(new, old)
    return out


def _replace_type(case: Case, change: ReplaceType) -> Case:
    ordnance = case.catalogue.ordnance(change.type)
    if change.setting and change.setting not in ordnance.settings:
        known = ", ".join(ordnance.settings) or "none"
        raise InvalidInput(
            f"setting must be one of {ordnance.name}; got {change.setting!r}. Its settings: {known}."
        )
    chosen = _canonical(case, change.where)
    mine = _deposits(case, chosen, may_be_none=True)
    here = _areas(case, chosen, may_be_none=True)
    if not (mine.any() or here.any()):
        raise _no_match("deposit or hazard area", change.where, [*case.deposits.id, *case.areas.id])
    setting = change.setting or (ordnance.default_setting if ordnance.settings else "")
    deposits = replace(
        case.deposits,
        type=np.where(mine, ordnance.name, case.deposits.type.astype(object)).astype(str),
        setting=np.where(mine, setting, case.deposits.setting.astype(object)).astype(str),
        kind=np.where(mine, ordnance.delivery, case.deposits.kind.astype(object)).astype(str),
    )
    wanted = set(chosen.type)
    types = tuple(
        tuple(
            dict.fromkeys(ordnance.name if hit and (not wanted or name in wanted) else name for name in own)
        )
        for own, hit in zip(_names(case), here, strict=True)
    )
    gone = {case.catalogue.ordnance(str(name)).name for name in case.deposits.type[mine]}
    gone |= {
        n
        for own, hit in zip(_names(case), here, strict=True)
        if hit
        for n in own
        if not wanted or n in wanted
    }
    ground = shapely.union_all([*case.deposits.geometry[mine], *case.areas.geometry[here]])
    searches = case.searches
    if not (change.where.id or change.where.layer):
        searches = replace(searches, type=_renamed(case, searches.type, gone, ordnance.name))
    events = _met(case, ground, gone, ordnance.name)
    return replace(
        case, deposits=deposits, areas=replace(case.areas, types=types), events=events, searches=searches
    )


def _met(case: Case, ground: shapely.Geometry, gone: set[str], name: str) -> Events:
    """Events on changed ground speak of the new type: what was learned from them stays with that ground."""
    events = case.events
    placed = ~shapely.is_missing(events.geometry)
    near = np.zeros(events.id.size, np.bool_)
    near[placed] = shapely.dwithin(
        events.geometry[placed], ground, np.maximum(events.precision_m[placed], 1.0)
    )
    return replace(
        events, type=np.where(near, _renamed(case, events.type, gone, name), events.type).astype(str)
    )


def _renamed(case: Case, names: NDArray[np.str_], gone: set[str], name: str) -> NDArray[np.str_]:
    own = [case.catalogue.ordnance(str(n)).name if n else "" for n in names]
    return np.array([name if n in gone else str(was) for n, was in zip(own, names, strict=True)], dtype=str)


def _quantity(case: Case, change: ChangeQuantity) -> Deposits:
    mine = _deposits(case, _canonical(case, change.where))
    low, high = case.deposits.quantity_low, case.deposits.quantity_high
    if change.factor is not None:
        low, high = np.where(mine, low * change.factor, low), np.where(mine, high * change.factor, high)
    else:
        assert change.low is not None
        assert change.high is not None
        low, high = np.where(mine, change.low, low), np.where(mine, change.high, high)
    return replace(case.deposits, quantity_low=low, quantity_high=high)


def _dates(case: Case, change: ChangeDates) -> Deposits:
    mine, as_of = _deposits(case, _canonical(case, change.where)), day_number(case.as_of)
    start, end = case.deposits.start_day, case.deposits.end_day
    if change.shift_days is not None:
        start, end = (
            np.where(mine, start + change.shift_days, start),
            np.where(mine, end + change.shift_days, end),
        )
    else:
        assert change.start is not None
        last = change.end or change.start
        start = np.where(mine, day_number(change.start), start)
        end = np.where(mine, day_number(last), end)
    late = np.flatnonzero(mine & (np.fmax(start, end) > as_of))
    if late.size:
        raise InvalidInput(
            f"deliveries must not lie after the last day of the records ({case.as_of}); with the change "
            f"{case.deposits.id[late[0]]} would. Take an earlier day, or give the case a later as_of."
        )
    return replace(case.deposits, start_day=start, end_day=end)


def _until(case: Case, date: dt.date) -> Deposits:
    """Deliveries before a day; where a day is not known the whole delivery is kept."""
    day = day_number(date)
    start, end = case.deposits.start_day, case.deposits.end_day
    first, last = np.where(np.isnan(start), end, start), np.where(np.isnan(end), start, end)
    days = np.maximum(last - first + 1.0, 1.0)
    share = np.where(np.isnan(first), 1.0, np.clip((day - first) / days, 0.0, 1.0))
    return replace(
        case.deposits,
        quantity_low=case.deposits.quantity_low * share,
        quantity_high=case.deposits.quantity_high * share,
        end_day=np.where((share > 0.0) & (share < 1.0), day - 1.0, end),
    )


def _searched(case: Case, change: FutureSearch) -> Searches:
    """The searches with one more per area, of unknown outcome."""
    method = case.catalogue.method(change.method).name
    chosen = _areas(case, _canonical(case, change.where)) & (case.areas.status == "open")
    placed = chosen & ~shapely.is_missing(case.areas.geometry)
    if not placed.any():
        raise InvalidInput("a survey needs open hazard areas with a place; none of those asked for is one.")
    mine = np.flatnonzero(placed)
    old, num, day = case.searches, mine.size, day_number(case.as_of)

    def text(values: NDArray[np.str_], more: Sequence[str]) -> NDArray[np.str_]:
        return np.array([*values.tolist(), *more], dtype=str)

    return Searches(
        id=text(old.id, [f"what-if survey of {case.areas.id[a]}" for a in mine]),
        geometry=np.concatenate([old.geometry, case.areas.geometry[mine]]),
        method=text(old.method, [method] * num),
        start_day=np.concatenate([old.start_day, np.full(num, day)]),
        end_day=np.concatenate([old.end_day, np.full(num, day)]),
        coverage=np.concatenate([old.coverage, np.full(num, change.coverage)]),
        items_found=np.concatenate([old.items_found, np.full(num, np.nan)]),
        is_complete=np.concatenate([old.is_complete, np.zeros(num, np.bool_)]),
        type=text(old.type, [""] * num),
        source=Provenance(
            layer=text(old.source.layer, ["what-if"] * num),
            row=np.concatenate([old.source.row, np.arange(1, num + 1)]),
        ),
    )


def surveyed_areas(case: Case, change: FutureSearch) -> NDArray[np.bool_]:
    """(n_areas,) whether a search to come works each hazard area."""
    placed = ~shapely.is_missing(case.areas.geometry)
    return np.asarray(_areas(case, _canonical(case, change.where)) & (case.areas.status == "open") & placed)


def _canonical(case: Case, where: Where) -> Where:
    return replace(where, type=tuple(case.catalogue.ordnance(name).name for name in where.type))


def _names(case: Case) -> tuple[tuple[str, ...], ...]:
    """Types of every area by the catalogue's own names."""
    return tuple(tuple(case.catalogue.ordnance(name).name for name in own) for own in case.areas.types)


def _deposits(case: Case, where: Where, *, may_be_none: bool = False) -> NDArray[np.bool_]:
    records = case.deposits
    hit = np.ones(records.id.size, np.bool_)
    if where.id:
        hit &= np.isin(records.id, where.id)
    if where.layer:
        hit &= np.isin(records.source.layer, where.layer)
    if where.type:
        own = np.array([case.catalogue.ordnance(str(name)).name for name in records.type], dtype=str)
        hit &= np.isin(own, where.type)
    if not hit.any() and not may_be_none:
        raise _no_match("deposit", where, list(records.id))
    return hit


def _areas(case: Case, where: Where, *, may_be_none: bool = False) -> NDArray[np.bool_]:
    records: HazardAreas = case.areas
    hit = np.ones(records.id.size, np.bool_)
    if where.id:
        hit &= np.isin(records.id, where.id)
    if where.layer:
        hit &= np.isin(records.source.layer, where.layer)
    if where.type:
        hit &= np.array([bool(set(own) & set(where.type)) for own in _names(case)], np.bool_)
    if not hit.any() and not may_be_none:
        raise _no_match("hazard area", where, list(records.id))
    return hit


def _no_match(what: str, where: Where, known: Sequence[str]) -> InvalidInput:
    asked = ", ".join(
        f"{key} = {list(value)}" for key in ("id", "layer", "type") if (value := getattr(where, key))
    )
    shown = ", ".join(str(name) for name in known[:_SHOWN]) or "none"
    return InvalidInput(
        f"the change must fit a {what}; {f'none has {asked}' if asked else 'the case has none'}. "
        f"There are {len(known)}, such as: {shown}."
    )
