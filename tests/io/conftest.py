"""Small cases written by the tests themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from remnant.catalogue import Catalogue, load_catalogue
from remnant.cli import app as cli_app

HEAD = 'name = "test"\nas_of = 2024-07-31\n'
SQUARE = [[[17.0, 44.0], [17.001, 44.0], [17.001, 44.001], [17.0, 44.001], [17.0, 44.0]]]


def _feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _polygon(lon: float = 17.0, lat: float = 44.0, size: float = 0.001) -> dict[str, Any]:
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


class CaseMaker:
    """Writes files of a case into a folder and runs `check` on it."""

    polygon = staticmethod(_polygon)
    feature = staticmethod(_feature)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def text(self, name: str, content: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode(encoding))
        return path

    def geojson(self, name: str, features: Sequence[dict[str, Any]] | None = None, **more: Any) -> Path:
        listed = [_feature(_polygon(), type="PMA-2")] if features is None else list(features)
        return self.text(name, json.dumps({"type": "FeatureCollection", "features": listed, **more}))

    def toml(self, layers: str, head: str = HEAD) -> Path:
        return self.text("case.toml", head + layers)

    def hazards(
        self,
        file: str,
        body: str = '[layers.defaults]\ntype = "PMA-2"\nhazard_class = "SHA"\n',
        extra: str = "",
    ) -> Path:
        return self.toml(f'[[layers]]\nkind = "hazard_areas"\nfile = "{file}"\n{extra}{body}')

    def check(self, *options: str) -> Any:
        return CliRunner().invoke(cli_app.app, ["check", str(self.folder), *options])


@pytest.fixture
def maker(tmp_path: Path) -> CaseMaker:
    folder = tmp_path / "case"
    folder.mkdir()
    return CaseMaker(folder)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def new_maker(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], CaseMaker]:
    return lambda: CaseMaker(tmp_path_factory.mktemp("case"))
