from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "qgis"))  # the plugin is no part of the package; QGIS finds it like this, too


@pytest.fixture(scope="session")
def plugin() -> Path:
    return ROOT / "qgis" / "remnant_qgis"
