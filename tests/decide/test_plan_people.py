"""Plans on casualties: what stands in for unknown harm, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from remnant.cli.app import app
from remnant.errors import InvalidInput, NotEstimable
from remnant.planning import harm_of_unknown

PLAN = Path(__file__).parents[2] / "examples" / "valley" / "plan.toml"


def _harm(*rates: float) -> np.ndarray:
    return np.array(rates).reshape(1, -1, 1)


def test_unknown_harm_is_that_of_the_others_per_item_by_hand() -> None:
    # known: 3 casualties a year over 6 armed items, 0.5 an item; the unknown area holds 4 armed of 5 explosive ones.
    # per explosive item: 3 / 12 · 5 = 1.25, which is less than 0.5 · 4 = 2
    harm, assumed = harm_of_unknown(
        _harm(2.0, 1.0, np.nan), _harm(4.0, 2.0, 4.0), np.array([[8.0, 4.0, 5.0]])
    )
    assert harm[0, :, 0].tolist() == [2.0, 1.0, 2.0]
    assert assumed.tolist() == [False, False, True]
    # an area with duds alone is not counted as harmless
    harm, _ = harm_of_unknown(_harm(2.0, 1.0, np.nan), _harm(4.0, 2.0, 0.0), np.array([[8.0, 4.0, 5.0]]))
    assert harm[0, 2, 0] == pytest.approx(1.25)


@given(scale=st.floats(1e-6, 1e6), items=st.floats(1e-3, 1e3))
def test_stand_in_goes_with_items_and_with_the_unit_of_harm(scale: float, items: float) -> None:
    every = np.array([[3.0, 2.0, items]])
    one = harm_of_unknown(_harm(2.0, 1.0, np.nan), every[:, :, None], every)[0][0, 2, 0]
    scaled = harm_of_unknown(_harm(2.0 * scale, scale, np.nan), every[:, :, None], every)[0][0, 2, 0]
    assert one == pytest.approx(0.6 * items)
    assert scaled == pytest.approx(scale * one)
    assert one > 0.0


def test_one_unknown_draw_makes_an_area_unknown_and_known_harm_is_left_as_it_is() -> None:
    harm = np.array([[[1.0], [2.0]], [[3.0], [np.nan]]])
    items = np.ones((2, 2, 1))
    filled, assumed = harm_of_unknown(harm, items, items[:, :, 0])
    assert assumed.tolist() == [False, True]
    assert filled[:, 0].tolist() == harm[:, 0].tolist()
    assert filled[:, 1, 0].tolist() == [1.0, 3.0]
    known = harm[:, :1]
    assert harm_of_unknown(known, items[:, :1], items[:, :1, 0])[0] is known


@pytest.mark.parametrize(
    ("rates", "words"), [((np.nan, np.nan), "known for none"), ((0.0, np.nan), "0 in all the others")]
)
def test_nothing_to_stand_in_is_refused(rates: tuple[float, float], words: str) -> None:
    with pytest.raises(NotEstimable, match=words):
        harm_of_unknown(_harm(*rates), _harm(1.0, 1.0), np.ones((1, 2)))


def _case(folder: Path) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"HA-{i}"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 44.0], [x + 0.004, 44.0], [x + 0.004, 44.004], [x, 44.004], [x, 44.0]]],
            },
        }
        for i, x in enumerate((17.0, 17.02, 20.0))
    ]
    (folder / "areas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (folder / "case.toml").write_text(
        'name = "test"\nas_of = 2026-06-30\nnum_draws = 100\n'
        '[[layers]]\nkind = "hazard_areas"\nfile = "areas.geojson"\n[layers.defaults]\n'
        'type = "PMA-2"\nhazard_class = "CHA"\n'
    )
    (folder / "people.csv").write_text("persons,lon,lat\n300,17.01,44.01\n,20.01,44.01\n")
    return folder


def test_command_plans_on_casualties_and_counts_areas_whose_harm_is_unknown(tmp_path: Path) -> None:
    case, out = _case(tmp_path), tmp_path / "out"
    words = ["plan", str(case), str(PLAN), "--people", str(case / "people.csv"), "--draws", "0"]
    done = CliRunner().invoke(app, [*words, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "counted in casualties per year × years" in done.stdout
    assert "For 1 of 3 areas the harm is not known" in done.stdout
    said = json.loads((out / "plan.json").read_text("utf-8"))
    assert said["harm_unit"] == "casualties per year"
    assert said["num_harm_assumed"] == 1
    areas = pd.read_csv(out / "areas.csv", encoding="utf-8-sig").set_index("area_id")
    assert areas["harm_is_assumed"].to_dict() == {"areas:1": False, "areas:2": False, "areas:3": True}
    assert areas.loc["areas:3", "harm_now"] > 0.0
    page = (out / "plan.html").read_text("utf-8")
    assert "harm not known" in page
    assert "casualties per year" in page


def test_people_of_unknown_number_alone_are_refused_and_so_are_people_with_a_table(tmp_path: Path) -> None:
    case = _case(tmp_path)
    (case / "people.csv").write_text("persons,lon,lat\n,17.01,44.01\n,20.01,44.01\n")
    words = ["plan", str(case), str(PLAN), "--people", str(case / "people.csv"), "--draws", "0"]
    refused = CliRunner().invoke(app, words)
    assert isinstance(refused.exception, NotEstimable)
    assert "known for none" in str(refused.exception)
    words[1] = str(PLAN.with_name("plan-areas.csv"))
    refused = CliRunner().invoke(app, words)
    assert isinstance(refused.exception, InvalidInput)
    assert "--people needs a case" in str(refused.exception)
