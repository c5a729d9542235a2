"""The small worlds of tests/model, as a fixture."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

_SPEC = importlib.util.spec_from_file_location("worlds", Path(__file__).parents[1] / "model" / "worlds.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_WORLDS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_WORLDS)


@pytest.fixture(scope="session")
def worlds() -> ModuleType:
    return _WORLDS
