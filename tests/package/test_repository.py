from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout: nothing is tracked")
ABSOLUTE_PATH = re.compile(r"(?<![\w./~<-])/(?:home|root|work|Users|opt|srv|mnt)/[\w.-]+")
PACKAGE_HOST = re.compile(
    r"(?:pypi\.org|pythonhosted\.org|registry\.npmjs|index-url|find-links=|trusted-host)"
)


def _tracked_texts() -> list[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    names = [n for n in listed.stdout.split("\0") if n and (ROOT / n).is_file()]
    texts = []
    for name in names:
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw[:4096]:
            texts.append((name, raw.decode("utf-8", errors="replace")))
    return texts


def _hits(pattern: re.Pattern[str]) -> list[str]:
    here = str(Path(__file__).relative_to(ROOT))
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in _tracked_texts()
        if name not in (here, "Makefile")
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


@needs_git
def test_no_tracked_file_holds_an_absolute_path_of_a_machine() -> None:
    assert _hits(ABSOLUTE_PATH) == []


@needs_git
def test_no_link_is_tracked() -> None:
    """A link names a place of one machine."""
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, check=True, text=True)
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000")] == []


@needs_git
def test_no_tracked_file_holds_the_address_of_a_package_host() -> None:
    assert _hits(PACKAGE_HOST) == []


def test_the_locks_pin_every_line_with_a_hash_and_hold_no_address() -> None:
    for name in ("run", "build", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        assert "://" not in text
        blocks = re.split(r"\n(?=[a-z0-9])", "\n" + re.sub(r"(?m)^#.*\n", "", text).strip())[1:]
        assert len(blocks) > 3
        for block in blocks:
            assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+", block), block[:80]
            assert "--hash=sha256:" in block, block[:80]


def test_the_ci_script_calls_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [line for line in lines if "make" in line] == ["exec make test"]
