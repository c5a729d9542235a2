"""Columns of the features that are served: kind and meaning of each."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from remnant.errors import InvalidInput

Kind = Literal["string", "number", "integer", "boolean", "date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Kind and meaning of a column."""

    kind: Kind
    meaning: str

    @property
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema says it."""
        if self.kind == "date":
            return {"type": "string", "format": "date"}
        return {"type": self.kind}

    def read(self, name: str, text: str) -> object:
        """A value of this column from text.

        Raises
        ------
        InvalidInput
            The text is no value of this kind.

        Examples
        --------
        >>> Column(kind="boolean", meaning="").read("place_known", "true")
        True
        """
        try:
            if self.kind == "boolean":
                return {"true": True, "false": False}[text.lower()]
            if self.kind in ("number", "integer"):
                return _number(text)
            return dt.date.fromisoformat(text).isoformat() if self.kind == "date" else text
        except (ValueError, KeyError):
            raise InvalidInput(f"{name} must be a {self.kind}; got {text[:80]!r}.") from None


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _columns(*rows: tuple[str, Kind, str]) -> Mapping[str, Column]:
    return {name: Column(kind=kind, meaning=meaning) for name, kind, meaning in rows}


AREA_COLUMNS = dict(
    _columns(
        ("area", "integer", "number of the area, from 0"),
        ("area_id", "string", "name of the area in the records"),
        ("hazard_class", "string", "suspected (SHA), confirmed (CHA) or released"),
        ("status", "string", "status in the records"),
        ("types", "string", "types of ordnance"),
        ("layer", "string", "layer of the records"),
        ("row", "integer", "row in that layer"),
        ("area_m2", "number", "area in square metres"),
        ("place_known", "boolean", "whether the records say where it is"),
        ("searched_share", "number", "share of its ground that was searched"),
        ("num_found", "number", "items found in it"),
        ("p_exists", "number", "chance that it ever held anything, given the evidence"),
        ("verdict", "string", "how it stands against the written policy; a person releases land"),
        ("reasons", "string", "reasons of the verdict"),
        (
            "search_m2",
            "number",
            "square metres to search without a find before the policy is met; null: cannot",
        ),
    )
)
RELEASE_COLUMNS = dict(
    _columns(
        ("deciding", "string", "criteria that decide"),
        ("missing_evidence", "string", "evidence that the policy asks for and that is not there"),
        ("to_fetch", "string", "evidence that would change the verdict"),
        ("wait_until", "date", "day from which the policy would be met without work"),
        ("search_method", "string", "method to which search_m2 belongs"),
    )
)
RECORD_COLUMNS = dict(
    _columns(
        ("record", "integer", "number of the record, from 0"),
        ("kind", "string", "search, find, accident or delivery"),
        ("record_id", "string", "name of the record"),
        ("what", "string", "method of a search, type of the others"),
        ("date", "date", "day; of a search or delivery the last"),
        ("items", "number", "items; of a delivery at most"),
        ("precision_m", "number", "metres within which the place lies; null: the shape is the place"),
        ("layer", "string", "layer of the records"),
        ("row", "integer", "row in that layer"),
    )
)
RESULT_COLUMNS = dict(
    _columns(
        ("area", "integer", "number of the area, from 0"),
        ("area_id", "string", "name of the area in the records"),
        ("date", "date", "day"),
        ("state", "string", "armed, expired, dud, or explosive: any of the three"),
        ("is_forecast", "boolean", "whether the day lies after the records"),
        ("mean", "number", "expected number of items; null: unknown"),
        ("q05", "number", "5 % point of the number of items"),
        ("q95", "number", "95 % point of the number of items"),
        ("p_any", "number", "chance of at least one item"),
    )
)
RECORD_KINDS = {"searches": "search", "finds": "find", "accidents": "accident", "deliveries": "delivery"}
"""Layer that holds one kind of record → the kind."""
MEASURED = ("mean", "q05", "q95", "p_any")
"""Columns of results that are told but not asked for: nobody asks for an exact chance."""
