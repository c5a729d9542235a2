from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout: nothing is tracked")


def _tracked(folder: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", folder], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    _run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)], cwd=out
    )
    (built,) = out.glob("*.whl")
    return built


def _run(command: list[str], *, cwd: Path) -> str:
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "COLUMNS")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@needs_git
def test_the_wheel_holds_every_source_and_data_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    tracked = {name.removeprefix("src/") for name in _tracked("src/remnant")}
    assert tracked - held == set()
    assert {name for name in held - tracked if not (ROOT / "src" / name).is_file()} == set()
    assert any(name.startswith("remnant/catalogue/data/") and name.endswith(".toml") for name in held)


def test_the_wheel_carries_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        licences = [n for n in archive.namelist() if n.endswith(".dist-info/licenses/LICENSE")]
        assert len(licences) == 1
        assert "Apache License" in archive.read(licences[0]).decode("utf-8")


@pytest.mark.slow
def test_the_wheel_in_an_empty_environment_gives_a_working_command(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    _run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")], cwd=tmp_path)
    _run([*pip, "--no-index", "--no-deps", str(wheel)], cwd=tmp_path)
    _run([python, "-m", "pip", "--disable-pip-version-check", "check"], cwd=tmp_path)
    command = str(home / "bin" / "remnant")

    assert _run([command, "--version"], cwd=tmp_path).startswith("remnant ")
    assert len(json.loads(_run([command, "types", "--json"], cwd=tmp_path))["types"]) >= 40
    _run([command, "init", "little"], cwd=tmp_path)
    _run([command, "check", "little"], cwd=tmp_path)
    _run([command, "assess", "little", "--out", "results"], cwd=tmp_path)
    written = {path.suffix for path in (tmp_path / "results").rglob("*")}
    assert {".html", ".gpkg", ".tif", ".csv", ".json"} <= written
