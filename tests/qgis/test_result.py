"""What lies in a result folder, and names that fit into a Shapefile."""

from __future__ import annotations

import doctest
import importlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant_qgis.result import MOST_LETTERS, NoResult, read_result, short_names


def _package(path: Path, *, has_styles: bool = True, facts: dict[str, str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
        names = [("areas", "features"), ("totals", "attributes"), ("tiles", "tiles")]
        if facts is not None:
            names.append(("provenance", "attributes"))
            database.execute("CREATE TABLE provenance (key TEXT, value TEXT)")
            database.executemany("INSERT INTO provenance VALUES (?, ?)", facts.items())
        if has_styles:
            names.append(("layer_styles", "attributes"))
            database.execute(
                "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, f_table_name, description, useAsDefault)"
            )
            database.execute(
                "INSERT INTO layer_styles VALUES (1, 'areas', 'Release verdict on 2026-06-30', 1)"
            )
            database.execute("INSERT INTO layer_styles VALUES (2, 'areas', 'Something else', 0)")
        database.executemany("INSERT INTO gpkg_contents VALUES (?, ?)", names)
    return path


def test_a_result_names_its_case_its_layers_and_what_they_show(tmp_path: Path) -> None:
    folder = tmp_path / "höhe #1 50%"
    _package(folder / "x.gpkg", facts={"case": "Долина", "as_of": "2026-06-30"})
    before = sorted(folder.iterdir())
    result = read_result(folder)
    assert result.title == "Долина (records up to 2026-06-30)"
    assert [layer.name for layer in result.layers] == ["areas", "totals", "provenance"]
    assert result.layers[0].title == "areas: release verdict on 2026-06-30"
    assert [layer.has_places for layer in result.layers] == [True, False, False]
    assert sorted(folder.iterdir()) == before  # no side-car is left


def test_a_result_that_says_nothing_of_its_case_has_the_name_of_its_folder(tmp_path: Path) -> None:
    _package(tmp_path / "plan of May" / "plan.gpkg", has_styles=False)
    result = read_result(tmp_path / "plan of May")
    assert result.title == "plan of May"
    assert result.layers[0].title == "areas"


def test_rasters_come_by_date_then_state(tmp_path: Path) -> None:
    _package(tmp_path / "x.gpkg")
    (tmp_path / "rasters").mkdir()
    for name in ("field_mean", "dud_2026-06-30", "explosive_2036-06-30", "explosive_2026-06-30"):
        (tmp_path / "rasters" / f"{name}.tif").touch()
    names = [path.stem for path in read_result(tmp_path).rasters]
    assert names == ["explosive_2026-06-30", "dud_2026-06-30", "explosive_2036-06-30", "field_mean"]


def test_a_folder_without_a_result_is_refused_with_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(NoResult, match=r"holds no GeoPackage\. Name the folder that an assessment"):
        read_result(tmp_path)
    (tmp_path / "a.gpkg").write_bytes(b"no database at all, and long enough to be read as one" * 20)
    with pytest.raises(NoResult, match="cannot be read"):
        read_result(tmp_path)
    (tmp_path / "b.gpkg").touch()
    with pytest.raises(NoResult, match="holds 2 GeoPackages"):
        read_result(tmp_path)


def test_names_say_state_measure_and_number_of_the_date() -> None:
    names = ["armed_q95_2036_06_30", "explosive_mean_2026_06_30", "expired_p_any_2026_06_30"]
    assert list(short_names(names).values()) == ["ar_q95_02", "ex_mean_01", "xp_pany_01"]


def test_a_name_that_fits_is_kept_though_a_longer_one_comes_first() -> None:
    names = ["hazard_class", "hazard_cla", "Hazard_Cla2"]
    assert short_names(names) == {
        "hazard_class": "hazard_c_2",
        "hazard_cla": "hazard_cla",
        "Hazard_Cla2": "Hazard_C_3",
    }


@given(st.lists(st.text(alphabet="abcABC_é0123 ", min_size=1, max_size=30), unique=True, max_size=60))
def test_short_names_fit_and_no_two_are_alike(names: list[str]) -> None:
    short = short_names(names)
    assert list(short) == names
    assert all(len(name.encode()) <= MOST_LETTERS for name in short.values())
    assert len({name.lower() for name in short.values()}) == len(names)


@pytest.mark.parametrize("module", ["process", "result", "command_line", "fate_page"])
def test_examples_in_the_plugin_hold(module: str) -> None:
    failed, tried = doctest.testmod(
        importlib.import_module(f"remnant_qgis.{module}"), optionflags=doctest.ELLIPSIS
    )
    assert failed == 0
    assert tried > 0
