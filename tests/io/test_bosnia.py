"""The real records of examples/bosnia, where they are at hand: every one is accounted for."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest
import shapely

from remnant.evidence import Case
from remnant.io import read_case
from remnant.units import KM2_M2

EXAMPLE = Path(__file__).parents[2] / "examples" / "bosnia"
DATA = Path(os.environ.get("REMNANT_DATA") or EXAMPLE / "../../../shared/data") / "bosnia"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the evaluation data is not here; set REMNANT_DATA")
SECONDS = 15.0


@pytest.fixture(scope="module")
def case() -> Case:
    return read_case(EXAMPLE)


def counts(case: Case, code: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for finding in case.findings:
        if finding.code == code:
            total[finding.layer] += finding.count
    return dict(total)


def test_every_record_is_accounted_for(case: Case) -> None:
    assert counts(case, "records-read") == {
        "suspected areas": 11_068, "cleared areas": 8_329, "incidents": 1_442, "lifted minefields": 925,
    }  # fmt: skip
    assert case.areas.id.size == 11_068 + 8_329
    assert case.searches.id.size == 8_329
    assert Counter(case.events.kind.tolist()) == {"accident": 1_442, "find": 925}


def test_null_and_invalid_geometries_are_counted(case: Case) -> None:
    # counts of the data's own SOURCE.txt: 3,094 + 108 null, 467 + 709 invalid
    assert counts(case, "null-geometry") == {"suspected areas": 3_094, "cleared areas": 108}
    assert counts(case, "invalid-geometry") == {"suspected areas": 467, "cleared areas": 709}


def test_the_accounts_of_place_add_up(case: Case) -> None:
    unknown = sum(g is None for g in case.areas.geometry)
    lost = sum(
        sum(counts(case, code).values()) for code in ("null-geometry", "empty-geometry", "collapsed-geometry")
    )
    assert unknown == lost


def test_exact_duplicate_incidents_are_found_and_kept(case: Case) -> None:
    assert counts(case, "duplicate-record")["incidents"] == 202


def test_the_repaired_suspected_total_is_812_square_kilometres(case: Case) -> None:
    is_open = case.areas.status == "open"
    there = [g for g in case.areas.geometry[is_open] if g is not None]
    assert shapely.area(there).sum() / KM2_M2 == pytest.approx(812.0, rel=0.01)


def test_every_outline_of_the_case_is_valid(case: Case) -> None:
    for shapes in (case.areas.geometry, case.searches.geometry):
        there = shapes[~shapely.is_missing(shapes)]
        assert shapely.is_valid(there).all()
        assert set(shapely.get_type_id(there)) <= {3, 6}


def test_the_whole_country_is_read_within_the_time_stated() -> None:
    start = time.perf_counter()
    read_case(EXAMPLE)
    assert time.perf_counter() - start < SECONDS
