from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Modules of this folder, under names that worker processes can import too."""

    def module(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(name, made)
        spec.loader.exec_module(made)
        return made

    return module
