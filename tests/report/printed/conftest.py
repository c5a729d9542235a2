"""Result folders of the made-up assessment, and the languages that pages are printed in."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from remnant.assessment import Assessment
from remnant.io import Results, read_results, write_results
from remnant.report import languages, read_language
from remnant.report.printed.language import Language, language_of


def _neighbour(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"printed_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"printed_{name}"] = module
    spec.loader.exec_module(module)
    return module


_PAPER, _PSEUDO = _neighbour("paper"), _neighbour("pseudo")
WRITTEN = (*languages(), "right-to-left")


@pytest.fixture(scope="session")
def paper() -> ModuleType:
    return _PAPER


@pytest.fixture(scope="session")
def pseudo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("languages") / "ar.toml"
    path.write_text(_PSEUDO.pseudo_toml(), encoding="utf-8")
    return path


@pytest.fixture(scope="session", params=WRITTEN)
def language(request: pytest.FixtureRequest, pseudo_file: Path) -> Language:
    return read_language(pseudo_file) if request.param == "right-to-left" else language_of(request.param)


@pytest.fixture(scope="session")
def folder(result: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("result") / "results"
    write_results(result, path, report_html=None)
    return path


@pytest.fixture(scope="session")
def results(folder: Path) -> Results:
    return read_results(folder)


@pytest.fixture(scope="session")
def empty_results(empty: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Results:
    path = tmp_path_factory.mktemp("empty") / "results"
    write_results(empty, path, report_html=None)
    return read_results(path)


@pytest.fixture(scope="session")
def field_results(
    make_with_field: Callable[..., Assessment], tmp_path_factory: pytest.TempPathFactory
) -> Results:
    path = tmp_path_factory.mktemp("field") / "results"
    write_results(make_with_field(), path, report_html=None)
    return read_results(path)
