"""The STAC item of a result names every file for people and programs, and says the same as the files themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac
import pytest
import rasterio
import shapely
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from rasterio.warp import transform_bounds

from remnant.assessment import Assessment
from remnant.io import write_results
from remnant.io.write_folder import MANIFEST


@pytest.fixture(scope="module")
def folder(make_assessment: Callable[..., Assessment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("stac") / "out"
    write_results(make_assessment(), target, report_html="<p>page</p>")
    return target


@pytest.fixture(scope="module")
def item(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "stac.json").read_text("utf-8"))
    return told


def test_the_item_keeps_to_the_schemas_of_stac(item: dict[str, Any]) -> None:
    """Second route: the schemas that pystac carries; those of extensions would need a network."""
    JsonSchemaSTACValidator().validate_core(item, pystac.STACObjectType.ITEM, item["stac_version"])
    assert (
        pystac.Item.from_dict(item).to_dict(include_self_link=False)["assets"].keys() == item["assets"].keys()
    )


def test_every_file_is_named_once_and_no_path_is_absolute(item: dict[str, Any], folder: Path) -> None:
    named = [asset["href"].removeprefix("./") for asset in item["assets"].values()]
    assert len(named) == len(set(named))
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(named) <= there
    assert {n for n in there - set(named) if not n.endswith(".qml")} == {"README.txt", "stac.json", MANIFEST}
    assert str(folder) not in (folder / "stac.json").read_text("utf-8")
    assert item["links"] == []


def test_rasters_are_told_as_they_are(item: dict[str, Any], folder: Path) -> None:
    rasters = {k: a for k, a in item["assets"].items() if a["href"].endswith(".tif")}
    assert rasters
    for asset in rasters.values():
        with rasterio.open(folder / asset["href"]) as file:
            assert asset["proj:shape"] == [file.height, file.width]
            assert asset["proj:code"] == f"EPSG:{file.crs.to_epsg()}"
            assert asset["proj:transform"] == list(file.transform)[:6]
            assert asset["proj:bbox"] == list(file.bounds)
            assert [b["name"] for b in asset["bands"]] == ["mean", "q05", "q95", "p_any"]
            assert [b["unit"] for b in asset["bands"]] == list(file.units)
            assert [b["unit"] for b in asset["raster:bands"]] == list(file.units)
            assert asset["datetime"] == f"{file.tags()['date']}T00:00:00Z"
            box = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
            assert item["bbox"] == pytest.approx(box, abs=1e-6)
    assert shapely.from_geojson(json.dumps(item["geometry"])).bounds == tuple(item["bbox"])


def test_days_and_provenance_are_those_of_the_assessment(
    item: dict[str, Any], make_assessment: Callable[..., Assessment]
) -> None:
    result, told = make_assessment(), item["properties"]
    assert told["datetime"] == f"{result.as_of.isoformat()}T00:00:00Z"
    assert told["end_datetime"] == f"{max(result.as_of, *result.dates).isoformat()}T00:00:00Z"
    assert told["remnant:seed"] == str(result.provenance["seed"])
