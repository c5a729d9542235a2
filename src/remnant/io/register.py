"""Columns of a register: when land came on record and was released, how, and how much; items destroyed by kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Catalogue
from remnant.evidence import RELEASE_KINDS
from remnant.io.cells import UnreadableCellError, is_blank, text_of
from remnant.io.dates import read_days
from remnant.io.rows import Rows
from remnant.units import Floats

Texts = NDArray[np.object_]
_SPELLINGS = {"canceled": "cancelled", **{kind: kind for kind in RELEASE_KINDS}}
_BY_METHOD = {
    "clearance": "cleared",
    "technical_survey": "reduced",
    "non_technical_survey": "cancelled",
}
"""Which kind of release each kind of method is, by the definitions of IMAS 07.11."""
_COUNTS = ("num_ap_mines", "num_av_mines", "num_submunitions", "num_other_items")
_LAND = ("cancelled_m2", "reduced_m2", "cleared_m2", "remaining_m2")


def area_register(rows: Rows, as_of: dt.date, status: Texts, words: Texts) -> Mapping[str, Any]:
    """Columns of `AreaRegister` for hazard areas.

    Parameters
    ----------
    status, words
        (n,) ``open`` or ``released``, and the words of the record, of which ``cleared`` also says how.
    """
    how = _kinds(rows)
    raw = np.array([_SPELLINGS.get(text.casefold(), "") for text in words], dtype=object)
    how = np.where((how == "") & (status == "released"), raw, how)
    first, last = rows.span("released", as_of)
    blank = np.full(rows.size, "", dtype=object)
    columns = {
        "is_release": np.zeros(rows.size, dtype=bool), "parent_id": blank, "former_class": blank,
        "released_as": how, "how_from": np.where(how == "", "", "record"),
        "day_from": np.where(np.isnan(first), "", "record"), "released_first": first, "released_last": last,
        **_common(rows, as_of),
    }  # fmt: skip
    _tell_blanks(rows, columns, status == "released")
    return columns


def released_register(
    rows: Rows, as_of: dt.date, catalogue: Catalogue, method: Texts, work: tuple[Floats, Floats]
) -> Mapping[str, Any]:
    """Columns of `AreaRegister` for released land; day and kind may come from the work that released it."""
    how = _kinds(rows)
    by_method = np.array(
        [_BY_METHOD.get(catalogue.method(m).kind, "") if m else "" for m in method], dtype=object
    )
    how_from = np.where(how != "", "record", np.where(by_method != "", "method", ""))
    first, last = rows.span("released", as_of)
    named = ~np.isnan(first)
    work_first = work[0] if rows.spec.columns.date or rows.spec.defaults.date else _first_days(rows, work[1])
    unknown = np.isnan(work[1])
    columns = {
        "is_release": np.ones(rows.size, dtype=bool), "parent_id": rows.texts("area_id"),
        "former_class": rows.texts("former_class"), "released_as": np.where(how == "", by_method, how),
        "how_from": how_from, "day_from": np.where(named, "record", np.where(unknown, "", "work")),
        "released_first": np.where(named, first, np.where(unknown, np.nan, work_first)),
        "released_last": np.where(named, last, work[1]),
        **_common(rows, as_of),
    }  # fmt: skip
    _tell_blanks(rows, columns, np.ones(rows.size, dtype=bool))
    return columns


def items_by_kind(rows: Rows, *, has_kinds: bool) -> Mapping[str, Any]:
    """Columns of `ReportedItems`; all unknown for layers that have none."""
    return {
        key: rows.numbers(key) if has_kinds else np.full(rows.size, np.nan, dtype=np.float64)
        for key in _COUNTS
    }


def _common(rows: Rows, as_of: dt.date) -> dict[str, Any]:
    first, last = rows.span("recorded", as_of)
    return {
        "district": rows.texts("district"), "recorded_first": first, "recorded_last": last,
        **{key: rows.numbers(key) for key in _LAND},
    }  # fmt: skip


def _kinds(rows: Rows) -> Texts:
    """(n,) how land was released, as the record says; empty where blank, an error where it says something else."""
    out = np.full(rows.size, "", dtype=object)
    for index, text in enumerate(rows.texts("released_as")):
        kind = _SPELLINGS.get(text.casefold(), "")
        if text and not kind:
            rows.refuse(
                index, "unknown-released-as", f"released_as must be one of {', '.join(RELEASE_KINDS)}",
                f"got {text!r}", f'map it: [layers.values.released_as] "{text}" = "cleared"',
            )  # fmt: skip
        out[index] = kind
    return out


def _first_days(rows: Rows, last: Floats) -> Floats:
    """(n,) first day that the end of the work may mean: an end of ``2024`` may be any day of that year. [d]"""
    out = last.copy()
    column = rows.spec.columns.end
    if column is None or column not in rows.table.cells:
        return out
    mapping = {k.strip(): v for k, v in rows.spec.values.get("end", {}).items()}
    for index, cell in enumerate(rows.table.cells[column]):
        if is_blank(cell) or np.isnan(last[index]):
            continue
        value = mapping.get(text_of(cell), cell)
        try:
            out[index] = min(read_days(value, rows.spec.date_format)[0], last[index])
        except UnreadableCellError:
            continue  # a blank that is mapped, or a day that the reader of the work has refused already
    return out


def _tell_blanks(rows: Rows, columns: Mapping[str, Any], released: NDArray[np.bool_]) -> None:
    """Notes for blank cells of those columns of the register that the layer has."""
    words = {
        "recorded": (np.isnan(columns["recorded_first"]), "a day on which it came on record"),
        "released": (np.isnan(columns["released_first"]) & released, "a day of release"),
        "released_as": ((columns["released_as"] == "") & released, "a kind of release"),
        "district": (columns["district"] == "", "a district"),
    }
    for key, (blank, what) in words.items():
        if getattr(rows.spec.columns, key) is not None:
            rows.log.rows(
                "note", f"blank-{key.replace('_', '-')}", f"records of a register should have {what}",
                "records have none; it stays unknown, and the tables count it as such", "fill it in where it is known",
                rows.table.row[blank].tolist(),
            )  # fmt: skip
    early = columns["released_last"] < columns["recorded_first"]
    rows.log.rows(
        "warning", "released-before-recorded", "land should be released after it came on record",
        "records say the reverse; the tables name them as mismatches", "correct one of the two days",
        rows.table.row[early].tolist(),
    )  # fmt: skip
