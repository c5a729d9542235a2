"""Results as CSV and JSON tables: fixed order, shortest exact numbers, no formulas."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from remnant.assessment import RESULT_STATES, Assessment

SEVERITIES = ("error", "warning", "note")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_EXACT_INTEGERS_BELOW = 1e15


def result_tables(result: Assessment) -> dict[str, pd.DataFrame]:
    """The tables of an assessment by name, sorted, without geometry."""
    ids = result.areas["area_id"].to_numpy()
    areas = pd.DataFrame(result.areas.drop(columns="geometry"))
    areas.insert(0, "area", np.arange(len(areas)))
    per_area = _sorted(result.area_results, "area")
    per_area.insert(1, "area_id", ids[per_area["area"].to_numpy(dtype=np.int64)])
    tables = {
        "areas": areas,
        "area_results": per_area,
        "districts": _sorted(pd.DataFrame(result.district_results), "district"),
        "totals": _sorted(result.total_results, "scope"),
        "curve": _sorted(result.curve),
        "parameters": result.parameters.sort_values("name", kind="stable", ignore_index=True),
        "findings": sorted_findings(result.findings),
    }
    if result.influence is not None:
        tables["influence"] = _influence(result.influence, ids)
    return tables


def _influence(influence: pd.DataFrame, ids: NDArray[np.object_]) -> pd.DataFrame:
    """What drives each area, with names of areas beside their numbers."""
    names = np.array([*ids, None], dtype=object)  # the last one is what index −1 means
    table = influence.drop(columns="from_area")
    table.insert(1, "area_id", names[influence["area"].to_numpy(dtype=np.int64)])
    table.insert(5, "from_area_id", names[influence["from_area"].to_numpy(dtype=np.int64)])
    return table


def _sorted(table: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Rows by key, date and state, with states in the order of `RESULT_STATES`."""
    plain = table.drop(columns="geometry", errors="ignore")
    order = {state: k for k, state in enumerate(RESULT_STATES)}
    ranked = plain.assign(_rank=[order.get(s, len(order)) for s in plain["state"]])
    return ranked.sort_values([*keys, "date", "_rank"], kind="stable", ignore_index=True).drop(
        columns="_rank"
    )


def sorted_findings(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings, gravest first, then by code and place; row numbers as integers."""
    order = {severity: k for k, severity in enumerate(SEVERITIES)}
    table = findings.assign(_rank=[order.get(s, len(order)) for s in findings["severity"]])
    table["row"] = pd.to_numeric(table["row"]).astype("Int64")
    keys = ["_rank", "code", "file", "layer", "row"]
    return table.sort_values(keys, kind="stable", ignore_index=True).drop(columns="_rank")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV (with the mark that lets spreadsheets see that it is UTF-8)."""
    columns = [[cell_text(value) for value in table[name].tolist()] for name in table.columns]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*columns, strict=True))


def cell_text(value: object) -> str:
    """A value as CSV text: unknown is empty, numbers are the shortest exact form, formulas are made text.

    Examples
    --------
    >>> [cell_text(v) for v in (float("nan"), 2.0, 0.1, True, "=1+1")]
    ['', '2', '0.1', 'true', "'=1+1"]
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return _number_text(float(value))
    if isinstance(value, dt.datetime | pd.Timestamp):
        return value.date().isoformat()
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text


def _number_text(value: float) -> str:
    if math.isnan(value):
        return ""
    if value.is_integer() and abs(value) < _EXACT_INTEGERS_BELOW:
        return str(int(value))
    return repr(value)


def summary_of(result: Assessment) -> dict[str, Any]:
    """Everything but the cells and the geometry, ready for JSON; unknown numbers are null."""
    tables = {name: records(table) for name, table in result_tables(result).items()}
    verdicts = result.areas["verdict"].value_counts()
    return {
        "format": "remnant-summary/1",
        "name": result.name,
        "as_of": result.as_of.isoformat(),
        "dates": [{"date": d.isoformat(), "is_forecast": d > result.as_of} for d in result.dates],
        "crs": result.crs,
        "grid": plain(asdict(result.grid)),
        "policy": plain(asdict(result.policy)),
        "verdicts": {str(name): int(verdicts[name]) for name in sorted(verdicts.index)},
        "judgements": list(result.judgements),
        "num_cells": int(result.cells.sizes["cell"]),
        **tables,
        "provenance": plain(result.provenance),
    }


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a mapping as UTF-8 JSON, one record per line in its lists, so that two runs can be compared by eye."""
    parts = []
    for key, value in content.items():
        if isinstance(value, list) and value:
            body = "[\n  " + ",\n  ".join(_json(item) for item in value) + "\n ]"
        else:
            body = _json(value)
        parts.append(f" {_json(key)}: {body}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8", newline="\n")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON knows them.

    Examples
    --------
    >>> records(pd.DataFrame({"area": ["A"], "mean": [float("nan")]}))
    [{'area': 'A', 'mean': None}]
    """
    columns = {str(name): [plain(v) for v in table[name].tolist()] for name in table.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plain(value: object) -> Any:
    """A value as JSON knows it: dates as text, unknown and infinite as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [plain(v) for v in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dt.datetime | pd.Timestamp):
        return value.date().isoformat()
    return str(value)


def flat(mapping: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Key and value of every leaf of nested mappings, keys joined by dots.

    Examples
    --------
    >>> flat({"seed": 1, "inputs": {"a.csv": "ab"}})
    [('seed', '1'), ('inputs.a.csv', 'ab')]
    """
    rows: list[tuple[str, str]] = []
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows.extend(flat(value, f"{name}."))
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
            rows.append((name, "; ".join(str(v) for v in value)))
        else:
            rows.append((name, str(value)))
    return rows
