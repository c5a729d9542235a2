"""Fields that CCW Amended Protocol II asks of records of mines, held against the records of a case."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import shapely

from remnant.evidence import Case
from remnant.units import date_of

NOT_RECORDED = "not on record"
_SOURCE = "CCW Amended Protocol II (3 May 1996), Technical Annex"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingField:
    """One field of the Technical Annex.

    Parameters
    ----------
    paragraph
        ``1(a)``: mines that were not remotely delivered; ``1(b)``: remotely delivered ones.
    """

    key: str
    title: str
    paragraph: str

    @property
    def source(self) -> str:
        """Where the text asks for it."""
        return f"{_SOURCE}, {self.paragraph}"


FIELDS: tuple[RecordingField, ...] = (
    RecordingField(key="reference_points", title="reference points, perimeter and extent", paragraph="1(a)"),
    RecordingField(key="types", title="type of the mines", paragraph="1(a)"),
    RecordingField(key="number", title="number", paragraph="1(a)"),
    RecordingField(key="method", title="emplacing method", paragraph="1(a)"),
    RecordingField(key="fuze", title="type of fuze and life time", paragraph="1(a)"),
    RecordingField(key="date", title="date of laying", paragraph="1(a)"),
    RecordingField(key="time_of_day", title="time of laying", paragraph="1(a)"),
    RecordingField(key="anti_handling", title="anti-handling devices", paragraph="1(a)"),
    RecordingField(key="reference_points", title="area by coordinates of reference points", paragraph="1(b)"),
    RecordingField(key="number", title="total number", paragraph="1(b)"),
    RecordingField(key="types", title="types", paragraph="1(b)"),
    RecordingField(key="date", title="date of laying", paragraph="1(b)"),
    RecordingField(key="time_of_day", title="time of laying", paragraph="1(b)"),
    RecordingField(key="self_destruct", title="self-destruction time periods", paragraph="1(b)"),
)
"""Fields by paragraph of the Technical Annex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayingEntry:
    """One record of laying, field by field.

    Parameters
    ----------
    paragraph
        The paragraph that applies to it.
    values
        Key of the field → words, `NOT_RECORDED` where the case holds nothing.
    """

    record_id: str
    layer: str
    row: int
    paragraph: str
    values: Mapping[str, str]

    @property
    def num_missing(self) -> int:
        """Fields that are not on record. [1]"""
        return sum(value == NOT_RECORDED for value in self.values.values())


def laying_entries(case: Case) -> tuple[LayingEntry, ...]:
    """Every deposit of mines, held against the fields of its paragraph, in the order of the case.

    Deposits of other ordnance (submunitions, shells) are not mines in the sense of the Protocol and are left out. Where
    a place is recorded, the number of its corners is told, never a coordinate.
    """
    return tuple(
        _entry(case, index)
        for index in range(case.deposits.id.size)
        if case.catalogue.types[str(case.deposits.type[index])].category in ("ap_mine", "av_mine")
    )


def _entry(case: Case, index: int) -> LayingEntry:
    deposits = case.deposits
    paragraph = "1(b)" if deposits.kind[index] == "remotely_delivered" else "1(a)"
    return LayingEntry(
        record_id=str(deposits.id[index]), layer=str(deposits.source.layer[index]),
        row=int(deposits.source.row[index]), paragraph=paragraph,
        values={f.key: _VALUES[f.key](case, index) for f in FIELDS if f.paragraph == paragraph},
    )  # fmt: skip


def _points(case: Case, index: int) -> str:
    shape = case.deposits.geometry[index]
    if shape is None:
        return NOT_RECORDED
    corners = shapely.get_num_coordinates(shape) - shapely.get_num_geometries(shape)
    return f"outline with {corners:,} corners, {shapely.area(shape):,.0f} m²"


def _number(case: Case, index: int) -> str:
    low, high = float(case.deposits.quantity_low[index]), float(case.deposits.quantity_high[index])
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _date(case: Case, index: int) -> str:
    start, end = float(case.deposits.start_day[index]), float(case.deposits.end_day[index])
    known = [day for day in (start, end) if not math.isnan(day)]
    if not known:
        return NOT_RECORDED
    words = [str(date_of(day)) for day in dict.fromkeys(known)]
    return " to ".join(words) if len(known) == 2 else f"{words[0]} (one end of the period only)"


def _method(case: Case, index: int) -> str:
    return str(case.deposits.kind[index]).replace("_", " ") or NOT_RECORDED


def _self_destruct(case: Case, index: int) -> str:
    stated = _text("self_destruct")(case, index)
    setting = str(case.deposits.setting[index])
    return stated if stated != NOT_RECORDED or not setting else f"setting {setting}"


def _text(key: str) -> Callable[[Case, int], str]:
    def value(case: Case, index: int) -> str:
        return NOT_RECORDED if case.laying is None else str(getattr(case.laying, key)[index]) or NOT_RECORDED

    return value


_VALUES: Mapping[str, Callable[[Case, int], str]] = {
    "reference_points": _points,
    "types": lambda case, index: str(case.deposits.type[index]),
    "number": _number,
    "method": _method,
    "fuze": _text("fuze"),
    "date": _date,
    "time_of_day": _text("time_of_day"),
    "anti_handling": _text("anti_handling"),
    "self_destruct": _self_destruct,
}
