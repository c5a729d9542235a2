"""Harm as a folder: tables and JSON; all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from remnant.harming import HarmAnswer
from remnant.io.write_folder import whole_folder
from remnant.io.write_tables import write_csv, write_json


def harm_json(answer: HarmAnswer) -> dict[str, Any]:
    """All tables of harm as plain values; unknown numbers are null."""
    return {
        "case": answer.name,
        "as_of": answer.as_of.isoformat(),
        "seed": answer.seed,
        "unit": "expected within a year from each date",
        "num_unknown_areas": answer.num_unknown,
        "notes": list(answer.notes),
        **{name: _records(table) for name, table in answer.tables.items()},
    }


def write_harm(answer: HarmAnswer, folder: Path) -> Path:
    """Write all tables of harm into a folder: all of them, or none; returns the JSON file."""
    with whole_folder(folder) as scratch:
        for name, table in answer.tables.items():
            write_csv(table, scratch / f"{name}.csv")
        write_json(harm_json(answer), scratch / "harm.json")
    return folder / "harm.json"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _plain(v) for k, v in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
