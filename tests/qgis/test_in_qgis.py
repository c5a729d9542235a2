"""The plugin in a real QGIS without a screen, where the machine has one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QGIS_PYTHON = Path("/usr/bin/python3")  # the bindings of Debian are built for this one
WRAPPER = """#!/bin/sh
PYTHONPATH='{src}' exec '{python}' -c 'from remnant.cli import main; main()' "$@"
"""


def _has_qgis() -> bool:
    if not QGIS_PYTHON.exists():
        return False
    asked = [str(QGIS_PYTHON), "-c", "import qgis.core, qgis.gui"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(asked, capture_output=True, check=False, env=env, timeout=60)
    return done.returncode == 0


@pytest.mark.slow
def test_the_plugin_works_in_qgis_on_the_shipped_example(tmp_path: Path) -> None:
    if not _has_qgis():
        pytest.skip(
            "no QGIS here: /usr/bin/python3 cannot import qgis.core (Debian: apt install python3-qgis)"
        )
    command = tmp_path / "bin ünï code" / "remnant"
    command.parent.mkdir()
    command.write_text(WRAPPER.format(src=ROOT / "src", python=sys.executable), encoding="utf-8")
    command.chmod(0o755)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(QGIS_PYTHON), str(ROOT / "qgis" / "check_in_qgis.py"), "--command", str(command),
         "--work", str(tmp_path / "work")],
        capture_output=True, text=True, check=False, env={**env, "QT_QPA_PLATFORM": "offscreen"}, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all checks hold" in done.stdout
    assert {p.name for p in (tmp_path / "work").glob("*.png")} == {
        "first.png",
        "areas.png",
        "cells.png",
        "raster.png",
    }
