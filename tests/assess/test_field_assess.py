"""An assessment with a density field carries what is to be seen of it; one without carries nothing of the kind."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import shapely

from remnant.assessment import Assessment, assess
from remnant.evidence import Case, ModelSpec


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    """Three areas in a row and one of unknown place; finds in the first, the second searched without a find."""
    shapes = [shapely.box(x, 0, x + 300, 300) for x in (0, 500, 1000)]
    base = worlds.case_of(
        worlds.areas([*shapes, None], ["SHA"] * 4, [("PMN",)] * 4),
        worlds.searches(shapes[:2], ["manual detector"] * 2, [worlds.D0 + 200.0] * 2, [1.0] * 2, [True] * 2),
        priors={
            **worlds.PRIORS,
            "field.range": worlds.prior(0.8, 2.0, "km"),
            "field.spread": worlds.prior(1.6, 3.0, "ratio"),
        },
        num_draws=300,
        model=ModelSpec(kind="field"),
    )
    points = [shapely.Point(20 + 30 * k, 150) for k in range(6)]
    return replace(base, events=worlds.events(points, search_id="search 0"))


@pytest.fixture(scope="module")
def result(case: Case) -> Assessment:
    return assess(case)


def test_the_field_is_there_with_its_numbers(result: Assessment) -> None:
    assert result.field is not None
    assert [t.kind for t in result.field.told] == ["range", "spread"]
    assert np.isfinite(result.field.mean).any()
    assert result.field.area_placed.tolist() == [True, True, True, False]


def test_areas_tell_their_factor_and_the_placeless_one_has_none(case: Case) -> None:
    # logarithms differ by 0.04 between the first two, with a spread of 0.8 from draw to draw: 300 draws cannot tell
    areas = assess(replace(case, num_draws=4000)).areas
    assert areas["field_factor"].isna().tolist() == [False, False, False, True]
    assert (areas["field_q05"][:3] < areas["field_factor"][:3]).all()
    assert areas["field_factor"][0] > areas["field_factor"][1]
    assert not areas["field_untold"][3]


def test_every_area_has_its_drivers(result: Assessment) -> None:
    table = result.influence
    assert table is not None
    assert table[table["evidence"] == "all"]["area"].tolist() == [0, 1, 2, 3]
    own = table[(table["area"] == 1) & (table["evidence"] == "searched") & (table["whose"] == "own")]
    assert own["factor"].iloc[0] < 0.5
    explosive = result.area_results.query("state == 'explosive'").groupby("area")["mean"].first()
    now = table[table["evidence"] == "all"].set_index("area")["mean_with"]
    assert now[2] == pytest.approx(explosive[2], rel=0.25)  # counts are one draw each of the same means


def test_what_the_records_leave_open_is_a_finding(result: Assessment) -> None:
    assert result.field is not None
    told = result.findings["code"].tolist()
    assert ("field-is-prior" in told) == bool(result.field.area_untold.any())


def test_the_same_seed_gives_the_same_field(case: Case, result: Assessment) -> None:
    again = assess(case)
    assert again.field is not None
    assert result.field is not None
    assert again.influence is not None
    np.testing.assert_array_equal(again.field.mean, result.field.mean)
    np.testing.assert_array_equal(again.field.free_sd, result.field.free_sd)
    assert again.influence.equals(result.influence)


def test_a_model_without_a_field_has_none(case: Case) -> None:
    plain = assess(replace(case, model=ModelSpec()))
    assert plain.field is None
    assert plain.influence is None
    assert "field_factor" not in plain.areas
    assert not plain.findings["code"].str.startswith("field").any()
