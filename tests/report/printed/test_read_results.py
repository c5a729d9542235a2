"""Result folders read back: the same numbers, and clear refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from remnant.assessment import Assessment
from remnant.errors import InvalidInput
from remnant.io import Results, read_results


def test_what_was_written_is_read_back(results: Results, result: Assessment) -> None:
    assert (results.name, results.as_of, results.dates) == (result.name, result.as_of, result.dates)
    assert results.policy == result.policy
    assert results.areas["area_id"].tolist() == result.areas["area_id"].tolist()
    for ours, theirs in zip(results.areas.geometry, result.areas.geometry, strict=True):
        assert (ours is None) == (theirs is None)
        assert ours is None or ours.equals(theirs)
    keys = ["area", "date", "state"]
    ours, theirs = (
        t.sort_values(keys)[["mean", "q05", "q95", "p_any"]].to_numpy(float)
        for t in (results.area_results, result.area_results)
    )
    np.testing.assert_array_equal(ours, theirs)
    assert results.num_cells == result.cells.sizes["cell"]
    assert results.influence.empty


def test_cells_lie_where_they_did(results: Results, result: Assessment) -> None:
    cells, attrs = result.cells, result.cells.attrs
    shown = ((cells["mean"].values > 0.0) | np.isnan(cells["mean"].values)).any(axis=(0, 1))
    west = attrs["left_m"] + cells["col"].values[shown] * attrs["cell_m"]
    np.testing.assert_allclose(results.cells.west_m, west)
    state = cells["state"].values.tolist().index("explosive")
    np.testing.assert_array_equal(results.cells.p_any, cells["p_any"].values[0, state, shown])


def test_influence_of_a_field_is_read(field_results: Results) -> None:
    assert field_results.influence["area"].tolist()[:2] == [0, 0]
    assert field_results.influence["factor"].isna().any()


def test_an_empty_case_is_read(empty_results: Results) -> None:
    assert (len(empty_results.areas), empty_results.cells.west_m.size) == (0, 0)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def _edited(copy: Path, **changes: object) -> None:
    path = copy / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), encoding="utf-8")


def test_what_is_no_result_is_refused_with_what_to_do(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere: it is not there\. Check the path"):
        read_results(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match=r"summary\.json: it is a file"):
        read_results(copy / "summary.json")
    with pytest.raises(InvalidInput, match=r"must hold summary\.json.*Name the folder"):
        read_results(tmp_path)


def test_a_missing_layer_file_is_refused_with_its_name(copy: Path) -> None:
    (copy / "example-valley.gpkg").unlink()
    with pytest.raises(
        InvalidInput, match=r"must hold example-valley\.gpkg, as its manifest says.*Put it back"
    ):
        read_results(copy)


def test_a_folder_without_its_manifest_is_refused(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    with pytest.raises(InvalidInput, match=r"manifest\.json that names one GeoPackage; .* names 0"):
        read_results(copy)


def test_another_version_is_refused(copy: Path) -> None:
    _edited(copy, format="remnant-summary/0")
    with pytest.raises(
        InvalidInput, match=r"format remnant-summary/1; got 'remnant-summary/0'.*assess. on the case again"
    ):
        read_results(copy)


def test_a_summary_without_a_column_is_refused_with_its_name(copy: Path) -> None:
    _edited(copy, areas=[{"area_id": "x"}])
    with pytest.raises(InvalidInput, match=r"areas\.area"):
        read_results(copy)


def test_a_summary_that_is_no_json_is_refused(copy: Path) -> None:
    (copy / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"must be JSON"):
        read_results(copy)


def test_layers_that_are_not_those_of_the_summary_are_refused(copy: Path) -> None:
    held = json.loads((copy / "summary.json").read_text("utf-8"))
    _edited(copy, areas=held["areas"][1:])
    with pytest.raises(
        InvalidInput, match=r"must hold the 27 areas .* it holds 28, and they are not the same"
    ):
        read_results(copy)
