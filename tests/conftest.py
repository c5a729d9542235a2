"""Settings of all tests, and what several rooms share.

Every run draws the same examples, with no deadline that a busy machine would miss.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def worlds() -> ModuleType:
    """The small worlds of tests/model."""
    path = Path(__file__).parent / "model" / "worlds.py"
    spec = importlib.util.spec_from_file_location("worlds", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
