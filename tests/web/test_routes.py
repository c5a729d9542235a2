"""What the server answers, to whom, and how it refuses."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings

from remnant.errors import InvalidInput
from remnant.io.read_view import ViewFiles
from remnant.web import Access, application

TOKEN = "a-token-of-more-than-16-letters"


@pytest.fixture(scope="module")
def client(files: ViewFiles) -> TestClient:
    return TestClient(application(files, Access()), base_url="http://127.0.0.1:8470")


def test_every_route_of_the_page_answers(client: TestClient, files: ViewFiles) -> None:
    about = client.get("/api/map").json()
    assert about["num_areas"] == files.about["num_areas"]
    assert len(client.get("/api/areas").json()["area_id"]) == about["num_areas"]
    values = np.frombuffer(client.get("/api/values/armed/q95").content, "<u2")
    assert values.size == about["num_areas"] * len(about["dates"])
    tile = client.get("/tiles/areas/0/0/0")
    assert len(tile.content) == 256 * 256 * 4
    told = client.get("/api/areas/0").json()
    assert len(told["curve"]) == 4
    assert {"records", "weights", "criteria", "methods"} <= set(told)
    west, south, east, north = about["bounds"]
    place = {"longitude": 0.5 * (west + east), "latitude": 0.5 * (south + north)}
    assert set(client.get("/api/cells/at", params=place).json()) == {"cell", "curve"}
    assert client.get("/data/areas.pmtiles", headers={"Range": "bytes=0-6"}).content == b"PMTiles"
    for page in ("/", "/index.js", "/index.css", "/maplibre-gl-worker.mjs", "/base/land.pmtiles"):
        assert client.get(page).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "kind", "said"),
    [
        ("/api/areas/99999", 422, "InvalidInput", "area must be from 0 to"),
        ("/api/areas/x", 422, "InvalidInput", "area: Input should be a valid integer"),
        ("/api/values/armed/median", 422, "InvalidInput", "metric: Input should be"),
        ("/tiles/areas/3/9/0", 422, "InvalidInput", "a tile has z from 0 to 22"),
        ("/tiles/cells/-1/0/0", 422, "InvalidInput", "a tile has z from 0 to 22"),
        ("/api/cells/at?longitude=1", 422, "InvalidInput", "latitude: Field required"),
        ("/api/cells/at?longitude=nan&latitude=1", 422, "InvalidInput", "longitude"),
        ("/nothing", 404, "NotFound", "Not Found"),
        ("/data/secrets.pmtiles", 422, "InvalidInput", "name"),
    ],
)
def test_refusals_have_one_shape(client: TestClient, path: str, status: int, kind: str, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "description", "error"}
    assert answer.json()["error"]["kind"] == kind
    assert said in answer.json()["error"]["said"]


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/serve.py", "/base/..%2f..%2fserve.py", "//etc/passwd"]
)
def test_no_path_leads_out_of_the_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text


def test_pages_may_run_only_what_is_theirs(client: TestClient) -> None:
    for path in ("/", "/api/map", "/nothing"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/api/map").headers["Cache-Control"] == "no-store"


def test_another_sites_page_or_name_is_refused(client: TestClient) -> None:
    assert client.get("/api/map", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/api/map", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/api/map", headers={"Origin": "http://127.0.0.1:8470"}).status_code == 200


def test_others_need_a_token(files: ViewFiles) -> None:
    with pytest.raises(InvalidInput, match=r"a token of 16 letters or more is needed; none was given"):
        Access(host="0.0.0.0")
    with pytest.raises(InvalidInput, match=r"this one is too short"):
        Access(host="192.168.1.2", token="short")
    open_to_all = TestClient(
        application(files, Access(host="0.0.0.0", token=TOKEN)),
        base_url="http://192.168.1.2:8470",
    )
    for path in ("/", "/api/map", "/tiles/areas/0/0/0", "/data/areas.pmtiles", "/api"):
        assert open_to_all.get(path).status_code == 401
        assert open_to_all.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert open_to_all.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    first = open_to_all.get("/", params={"token": TOKEN})
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=strict" in first.headers["set-cookie"]
    assert open_to_all.get("/api/map").status_code == 200  # by the cookie


def test_tiles_are_compressed_for_other_machines_only(client: TestClient, files: ViewFiles) -> None:
    far = TestClient(
        application(files, Access(host="192.168.1.2", token=TOKEN)), base_url="http://192.168.1.2:8470",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )  # fmt: skip
    with far.stream("GET", "/tiles/cells/0/0/0") as answer:
        assert answer.headers["Content-Encoding"] == "deflate"
        assert len(zlib.decompress(b"".join(answer.iter_raw()))) == 256 * 256 * 4
    near = client.get("/tiles/cells/0/0/0")
    assert "Content-Encoding" not in near.headers
    assert len(near.content) == 256 * 256 * 4


def test_the_api_keeps_to_its_own_page(server: str) -> None:
    """Fuzz: everything that the OpenAPI page allows is asked, as schemathesis makes it up."""
    schema = schemathesis.openapi.from_url(f"{server}api")
    num_asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        def keeps(case: schemathesis.Case) -> None:
            answer = case.call(base_url=server)
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400:
                assert set(answer.json()) == {"code", "description", "error"}

        keeps()
        num_asked += 1
    assert num_asked >= 8


def test_the_folder_is_not_told(client: TestClient, result: Path) -> None:
    for path in ("/api/map", "/api/areas/99999", "/nothing", "/api"):
        assert str(result) not in client.get(path).text
