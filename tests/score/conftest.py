"""The made-up assessment of tests/report, written as a result folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from remnant.io import write_results

_SPEC = importlib.util.spec_from_file_location(
    "synthetic_assessment", Path(__file__).parents[1] / "report" / "synthetic.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)


@pytest.fixture(scope="session")
def result_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(
        _MODULE.assessment(), tmp_path_factory.mktemp("score") / "results", report_html=None
    ).folder
