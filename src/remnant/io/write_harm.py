"""Harm as a folder: page, tables, map layer and JSON; all of it or nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from remnant.harming import MEASURES, HarmAnswer
from remnant.io.write_answer import write_answer
from remnant.io.write_areas import write_areas
from remnant.io.write_colours import HARM_BREAKS, rate_labels
from remnant.io.write_geopackage import column_name
from remnant.io.write_styles import LayerStyle, class_rules
from remnant.io.write_tables import plain, records


def harm_json(answer: HarmAnswer) -> dict[str, Any]:
    """All tables of harm as plain values; unknown numbers are null."""
    return {
        "format": "remnant-harm/1",
        "case": answer.name,
        "as_of": answer.as_of.isoformat(),
        "seed": answer.seed,
        "unit": "expected within a year from each date",
        "num_unknown_areas": answer.num_unknown,
        "policy": {"name": answer.policy_name, "individual_risk_max_per_year": answer.policy_limit},
        "notes": list(answer.notes),
        **{name: records(table) for name, table in answer.tables.items()},
        "provenance": plain(answer.provenance),
    }


def write_harm(answer: HarmAnswer, folder: Path, *, page: str = "") -> Path:
    """Write harm into a folder, all of it or nothing; returns the page.

    Parameters
    ----------
    answer
        The harm of a case.
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    page
        The page as HTML; empty: none.

    Raises
    ------
    RemnantError
        A file could not be written; what was in `folder` before is unchanged.
    """
    return write_answer(
        folder,
        "harm",
        tables=answer.tables,
        summary=harm_json(answer),
        page=page,
        more={"harm.gpkg": partial(_write_layer, answer)},
    )


def _write_layer(answer: HarmAnswer, path: Path) -> None:
    """Areas with harm by date in columns, and styles."""
    write_areas(
        answer,
        _wide(answer),
        np.asarray(answer.outlines),
        path,
        crs=answer.crs,
        words="Hazard areas with expected harm within a year.",
        styles=_styles(answer),
    )


def _wide(answer: HarmAnswer) -> pd.DataFrame:
    """A row per area: people, whether its harm is unknown, and every measure by date."""
    long = answer.tables["areas"]
    first = long[long["date"] == answer.dates[0]].reset_index(drop=True)
    columns: dict[str, Any] = {"area_id": first["area_id"], "users_mean": first["users_mean"]}
    columns["is_unknown"] = first["is_unknown"]
    for date in answer.dates:
        part = long[long["date"] == date]
        for name in reversed(MEASURES):
            for point in ("mean", "q05", "q95"):
                columns[column_name(name, point, date)] = part[f"{name}_{point}"].to_numpy()
    return pd.DataFrame(columns)


def _styles(answer: HarmAnswer) -> list[LayerStyle]:
    labels = rate_labels(HARM_BREAKS)
    return [
        LayerStyle(
            layer="areas", name=f"casualties {date}",
            description=f"Casualties expected within a year from {date}"
            + (" (forecast)" if date > answer.as_of else ""),
            rules=class_rules(column_name("casualties", "mean", date), HARM_BREAKS, labels), outline=True,
        )
        for date in answer.dates
    ]  # fmt: skip
