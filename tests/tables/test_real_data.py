"""All of Bosnia and Herzegovina, where the records are at hand: nothing is dated, and every record is accounted for."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
import shapely

from remnant.decide.tables import Period, answer_tables
from remnant.io import read_case

EXAMPLE = Path(__file__).parents[2] / "examples" / "bosnia"
DATA = Path(os.environ.get("REMNANT_DATA") or EXAMPLE / "../../../shared/data") / "bosnia"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the evaluation data is not here; set REMNANT_DATA")


def test_undated_records_are_counted_in_no_period_and_none_is_lost() -> None:
    case = read_case(EXAMPLE)
    tables = answer_tables(case, Period(first=dt.date(2024, 1, 1), last=dt.date(2024, 7, 31)))
    held = tables.balances["all"]
    assert sum(a.value("closing") for a in held.values()) == 11_068
    assert sum(a.undated_num for a in held.values()) == 8_329
    assert sum(a.value("opening") + a.value("new") + a.value("cleared") for a in held.values()) == 0
    # second route: plain sums of the outlines, by status
    area, is_open = shapely.area(case.areas.geometry), case.areas.status == "open"
    drawn = ~shapely.is_missing(case.areas.geometry)
    assert sum(a.land("closing") for a in held.values()) == pytest.approx(area[is_open & drawn].sum())
    assert sum(a.undated_m2 for a in held.values()) == pytest.approx(area[~is_open & drawn].sum())
    unsized = sum(float(a.num_unsized[-1]) for a in held.values())
    assert unsized == (is_open & ~drawn).sum()
    assert tables.items.num_undated == 925
    assert not [
        m
        for m in tables.mismatches
        if m.grade == "mismatch" and m.code not in ("overlap", "released-inside-open")
    ]
