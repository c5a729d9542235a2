"""What the tables take from other results: estimates of an assessment, the closing of the last report."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remnant.decide.tables import ClosingArea, Estimate, Estimates, PreviousReport
from remnant.errors import InvalidInput
from remnant.evidence import Case
from remnant.io.cells import Bounds
from remnant.io.score_tables import numbers, texts
from remnant.io.sheets import read_text
from remnant.io.table import Table
from remnant.io.write_programme import FORMAT, SUMMARY

_RESULT = "summary.json"
_RESULT_FORMAT = "remnant-summary/1"
_AREAS = "areas.csv"
_CLOSING = ("record", "layer", "row", "district", "class", "num_closing", "closing_m2")
_COUNT = Bounds(low=0.0, high=1e12, words="a number, 0 or more")
_ROW = Bounds(low=0.0, high=1e12, words="a row number")


def read_estimates(folder: Path, case: Case) -> Estimates:
    """What an assessment says remains by district, for a table beside the counts.

    Parameters
    ----------
    folder
        Result folder of ``remnant assess``.
    case
        The case that the tables are made from, to tell whether both rest on the same files.

    Raises
    ------
    InvalidInput
        The folder holds no result, or that of another case.
    """
    held = _json(folder, _RESULT, _RESULT_FORMAT, "the result folder of `remnant assess`")
    if held["name"] != case.name:
        raise InvalidInput(
            f"--result must be an assessment of {case.name!r}; {folder} is one of {held['name']!r}. "
            "Name the right folder."
        )
    try:
        return _estimates(held, case)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{folder / _RESULT} must be as `remnant assess` wrote it; {error!r} is wrong. Assess the case again."
        ) from None


def _estimates(held: Mapping[str, Any], case: Case) -> Estimates:
    made = held["provenance"]
    rows = [_estimate(row, "district", is_total=False) for row in held["districts"]]
    rows += [_estimate(row, "scope", is_total=True) for row in held["totals"] if row["scope"] == "all"]
    return Estimates(
        name=str(held["name"]), as_of=dt.date.fromisoformat(held["as_of"]), program=str(made["program"]),
        model=str(made["model"]), seed=int(made["seed"]), catalogue_sha256=str(made["catalogue_sha256"]),
        is_same_records=dict(made["inputs_sha256"]) == dict(case.inputs), rows=tuple(rows),
    )  # fmt: skip


def _estimate(row: Mapping[str, Any], place: str, *, is_total: bool) -> Estimate:
    return Estimate(
        place=str(row[place]), is_total=is_total, date=dt.date.fromisoformat(row["date"]), state=str(row["state"]),
        is_forecast=bool(row["is_forecast"]), **{key: _float(row[key]) for key in ("mean", "q05", "q95", "p_any")},
    )  # fmt: skip


def _float(value: object) -> float:
    return math.nan if value is None else float(str(value))


def read_previous(folder: Path) -> PreviousReport:
    """The closing of an earlier report, area by area.

    Parameters
    ----------
    folder
        That ``remnant tables`` wrote.

    Raises
    ------
    InvalidInput
        The folder holds no such report, or its table of areas cannot be read.
    """
    held = _json(folder, SUMMARY, FORMAT, "a folder that `remnant tables` wrote")
    path = folder / _AREAS
    try:
        table = read_text(path, encoding="utf-8-sig", skip_rows=0)
        last = dt.date.fromisoformat(str(held["last"]))
    except OSError as error:
        raise InvalidInput(
            f"{path} must be readable; {error.strerror}. Write the last report again."
        ) from None
    except (KeyError, ValueError):
        raise InvalidInput(
            f"{folder / SUMMARY} must name its last day; it does not. Write it again."
        ) from None
    lacking = [name for name in _CLOSING if name not in table.cells]
    if lacking:
        raise InvalidInput(
            f"{path} must have a column {lacking[0]!r}; it has none. Write the last report again."
        )
    return PreviousReport(name=str(held.get("name", "")), last=last, areas=_closing(table))


def _closing(table: Table) -> tuple[ClosingArea, ...]:
    words = {name: texts(table, name) for name in ("record", "layer", "district", "class")}
    counts = {name: numbers(table, name, _COUNT, _AREAS) for name in ("num_closing", "closing_m2")}
    rows = numbers(table, "row", _ROW, _AREAS)
    return tuple(
        ClosingArea(
            record_id=words["record"][k].removeprefix("'"), layer=words["layer"][k].removeprefix("'"), row=int(rows[k]),
            district=words["district"][k].removeprefix("'"), hazard_class=words["class"][k].removeprefix("'"),
            area_m2=float(counts["closing_m2"][k]),
        )
        for k in range(table.row.size)
        if counts["num_closing"][k] > 0
    )  # fmt: skip


def _json(folder: Path, name: str, form: str, what: str) -> Mapping[str, Any]:
    path = folder / name
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise InvalidInput(f"{what} is wanted; {folder} has no {name}. Name the right folder.") from None
    except ValueError:
        raise InvalidInput(f"{path} must be JSON; it is not. It may be cut off: write it again.") from None
    if not isinstance(held, dict) or held.get("format") != form:
        raise InvalidInput(f"{path} must be of the form {form!r}; it is not. It may be of another version.")
    return held
