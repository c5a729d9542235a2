"""The archive that people install: complete, the same each time, of our version, and nothing foreign in it."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

from remnant._version import __version__

ROOT = Path(__file__).parents[2]
PURE = {"__init__", "process", "command_line", "commands", "fate_page", "result"}
# https://docs.qgis.org, PyQGIS cookbook, "Structuring Python plugins": required, and asked for at upload
FIELDS = (
    "name",
    "qgisMinimumVersion",
    "description",
    "about",
    "version",
    "author",
    "email",
    "repository",
    "tracker",
)


def _build(folder: Path) -> Path:
    spec = importlib.util.spec_from_file_location("build_plugin", ROOT / "qgis" / "build_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Path(module.build(folder))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(tmp_path_factory.mktemp("dist"))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(str(node.module))
    return found


def test_one_folder_holds_every_file_and_the_licence(archive: Path, plugin: Path) -> None:
    assert archive.name == f"remnant_qgis-{__version__}.zip"
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert opened.read("remnant_qgis/LICENSE") == (ROOT / "LICENSE").read_bytes()
    files = {f"remnant_qgis/{p.name}" for p in plugin.iterdir() if p.is_file()}
    assert set(names) == files | {"remnant_qgis/LICENSE"}


def test_two_builds_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    assert _build(tmp_path).read_bytes() == archive.read_bytes()


def test_metadata_has_what_the_plugin_repository_asks_for(archive: Path) -> None:
    read = configparser.ConfigParser(interpolation=None)
    with zipfile.ZipFile(archive) as opened:
        read.read_string(opened.read("remnant_qgis/metadata.txt").decode("utf-8"))
        general = read["general"]
        assert [field for field in FIELDS if not general.get(field)] == []
        assert general["version"] == __version__
        assert general["hasProcessingProvider"] == "yes"
        assert tuple(map(int, general["qgisMinimumVersion"].split("."))) == (3, 22)
        assert f"remnant_qgis/{general['icon']}" in opened.namelist()
        ET.fromstring(opened.read(f"remnant_qgis/{general['icon']}"))


def test_the_plugin_needs_nothing_but_python_and_qgis(plugin: Path) -> None:
    allowed = {"remnant_qgis", "qgis", *sys.stdlib_module_names}
    rooms = {"qgis.core", "qgis.gui"}
    for path in plugin.glob("*.py"):
        names = _imports(path)
        assert {name.split(".")[0] for name in names} <= allowed, path.name
        of_qgis = {name for name in names if name.startswith("qgis")}
        assert {name for name in of_qgis - rooms if not name.startswith("qgis.PyQt")} == set(), path.name


def test_the_pure_parts_know_no_qgis(plugin: Path) -> None:
    for name in PURE - {"__init__"}:
        own = {
            n.split(".")[-1]
            for n in _imports(plugin / f"{name}.py")
            if n.startswith(("remnant_qgis", "qgis"))
        }
        assert own <= PURE, name


def test_the_oldest_python_of_the_range_reads_every_file(plugin: Path) -> None:
    for path in plugin.glob("*.py"):
        ast.parse(path.read_text("utf-8"), filename=path.name, feature_version=(3, 9))
