from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from remnant.cli import app as cli_app

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "register"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the shipped example, to change."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "register"))


@pytest.fixture
def run() -> Callable[..., Any]:
    """The command line, in this process; a refusal is raised."""
    return lambda *words: CliRunner().invoke(cli_app.app, [str(w) for w in words])
