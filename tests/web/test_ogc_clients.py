"""Programs that others wrote read the running server: GDAL, OWSLib and QGIS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pyogrio
import pytest
import shapely
from owslib.ogcapi.features import Features

from remnant.viewing import View

PYTHON_OF_QGIS = Path("/usr/bin/python3")
READ_BY_QGIS = """
import json, os, sys
from qgis.core import QgsApplication, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
out = {}
for name in sys.argv[2:]:
    layer = QgsVectorLayer(f"url='{sys.argv[1]}' typename='{name}' pageSize='500'", name, "OAPIF")
    assert layer.isValid(), (name, layer.error().message())
    features = list(layer.getFeatures())
    box = layer.extent()
    for f in features:
        if f.hasGeometry():
            box.combineExtentWith(f.geometry().boundingBox())
    names = [f.name() for f in layer.fields()]
    out[name] = [len(features), [f["verdict"] for f in features] if "verdict" in names else [], box.xMinimum()]
print(json.dumps(out), flush=True)
os._exit(0)  # without tidying up: layers that outlive the application end it hard
"""


@pytest.fixture(scope="module")
def served(result: Path) -> Iterator[str]:
    """Address of a server in a process of its own: GDAL waits for answers without letting other threads run."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    code = "import sys; from remnant.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "serve", str(result), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            said = running.stdout.readline()
            assert f"http://127.0.0.1:{port}/" in said
            yield f"http://127.0.0.1:{port}/ogc"
        finally:
            running.terminate()


def num_results(view: View) -> int:
    return len(view.assessment.areas) * len(view.dates) * 4


def test_gdal_reads_every_collection(served: str, view: View) -> None:
    address = f"OAPIF:{served}"
    counts = {"areas": len(view.assessment.areas), "results": num_results(view), "records": len(view.records)}
    assert set(counts) <= set(pyogrio.list_layers(address)[:, 0])
    for name, num in counts.items():
        frame = pyogrio.read_dataframe(address, layer=name, PAGE_SIZE="500")
        assert len(frame) == num, name
        assert frame.crs.to_epsg() == 32636, "the coordinates of the case, as storageCrs says"
        if name == "areas":
            apart = shapely.hausdorff_distance(
                frame.geometry.to_numpy(), view.assessment.areas.geometry.to_numpy()
            )
            assert np.nanmax(apart) < 2e-3
            assert frame["verdict"].tolist() == view.assessment.areas["verdict"].tolist()


def test_gdal_asks_for_a_part(served: str, view: View) -> None:
    address, wanted = f"OAPIF:{served}", view.assessment.areas["area_id"].iloc[3]
    frame = pyogrio.read_dataframe(address, layer="results", where=f"area_id = '{wanted}' AND state = 'dud'")
    assert len(frame) == len(view.dates)
    box = shapely.bounds(view.assessment.areas.geometry.iloc[3]).tolist()
    part = pyogrio.read_dataframe(address, layer="areas", bbox=tuple(box))
    assert wanted in part["area_id"].tolist()
    assert len(part) < len(view.assessment.areas)


def test_owslib_reads_every_collection(served: str, view: View) -> None:
    service = Features(served)
    assert {"areas", "results", "records"} <= set(service.feature_collections())
    told = service.collection_items("areas", limit=1000)
    assert told["numberMatched"] == len(told["features"]) == len(view.assessment.areas)
    assert "verdict" in service.collection_queryables("areas")["properties"]
    assert service.api()["openapi"] == "3.0.3"
    one = service.collection_item("areas", "2")
    assert one["properties"]["area_id"] == view.assessment.areas["area_id"].iloc[2]


def test_qgis_reads_every_collection(served: str, view: View, tmp_path: Path) -> None:
    probe = [str(PYTHON_OF_QGIS), "-c", "import qgis.core"]
    if not PYTHON_OF_QGIS.is_file() or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("QGIS with its Python bindings is not installed")
    own = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    command = [str(PYTHON_OF_QGIS), "-c", READ_BY_QGIS, served, "areas", "results", "searches"]
    done = subprocess.run(command, env=kept | own, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    num, verdicts, west = told["areas"]
    assert num == len(view.assessment.areas)
    assert sorted(verdicts) == sorted(view.assessment.areas["verdict"])
    assert west == pytest.approx(view.assessment.areas.geometry.to_crs("EPSG:4326").total_bounds[0], abs=1e-6)
    assert told["results"][0] == num_results(view)
    assert told["searches"][0] == int((view.records["kind"] == "search").sum())


def test_a_name_that_is_a_script_comes_through_as_it_is(served: str, view: View) -> None:
    frame = pyogrio.read_dataframe(f"OAPIF:{served}", layer="areas", max_features=1)
    assert frame["area_id"].iloc[0] == view.assessment.areas["area_id"].iloc[0]
    page = httpx2.get(f"{served}/collections/areas/items?f=html").text
    assert "<script" not in page
