from __future__ import annotations

import doctest
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_BLOCK = re.compile(r"```python\n(.*?)\n```", re.DOTALL)


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_generate"] = module
    spec.loader.exec_module(module)
    return module


generate: Any = _generator()
PAGES: list[Path] = generate.pages()


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _with(pattern: re.Pattern[str]) -> list[Path]:
    return [page for page in PAGES if pattern.search(page.read_text("utf-8"))]


def test_the_command_line_page_says_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == generate.cli_page(), "run `make docs-generate`"


def test_the_python_page_lists_the_exports_of_every_room() -> None:
    assert (ROOT / "docs" / "api.rst").read_text("utf-8") == generate.api_page(), "run `make docs-generate`"


def test_every_folder_of_the_package_is_a_room_of_the_python_page_or_private_to_the_command() -> None:
    folders = {path.parent.name for path in (ROOT / "src" / "remnant").glob("*/__init__.py")}
    assert folders - set(generate.ROOMS) == {"cli"}


@pytest.mark.parametrize("page", _with(generate.RUN_BLOCK), ids=_name)
def test_printed_output_is_what_the_command_prints_today(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    assert generate.with_outputs(text, cwd=generate.workplace(tmp_path)) == text, "run `make docs-generate`"


def _shown() -> set[str]:
    """Commands that some page shows with what they print: they are run for that page."""
    return {
        command
        for page in PAGES
        for block in generate.RUN_BLOCK.finditer(page.read_text("utf-8"))
        for command in generate.commands_of(block["body"])
    }


@pytest.mark.parametrize("page", _with(generate.CONSOLE_BLOCK), ids=_name)
def test_commands_of_the_page_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    text = generate.RUN_BLOCK.sub("", page.read_text("utf-8"))
    cwd = generate.workplace(tmp_path)
    for block in generate.CONSOLE_BLOCK.finditer(text):
        for command in generate.commands_of(block["body"]):
            if command.startswith("remnant ") and command not in _shown():
                result = generate.run(command, cwd=cwd)
                assert result.code == 0, f"{command}\n{result.output}\n{result.errors}"


@pytest.mark.parametrize("page", _with(PYTHON_BLOCK), ids=_name)
def test_python_of_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(generate.workplace(tmp_path))
    names: dict[str, Any] = {"__name__": "page"}
    for number, block in enumerate(PYTHON_BLOCK.findall(page.read_text("utf-8"))):
        if ">>>" in block:
            parsed = doctest.DocTestParser().get_doctest(
                block, names, f"{_name(page)}[{number}]", str(page), 0
            )
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
            runner.run(parsed, clear_globs=False)
            assert runner.failures == 0
            names = parsed.globs
        else:
            exec(compile(block, f"{_name(page)}[{number}]", "exec"), names)


def test_no_page_calls_land_safe_but_to_say_that_the_program_never_does() -> None:
    word = re.compile(r"\bsafe\b|free of mines|mine-free", re.IGNORECASE)
    denial = re.compile(r"\bnever\b|\bno verdict\b|\bneither\b|\bnot\b|out of scope", re.IGNORECASE)
    wrong = [
        f"{_name(page)}: {sentence}"
        for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
        for sentence in re.split(r"(?<=[.:|])\s+", page.read_text("utf-8").replace("\n", " "))
        if word.search(sentence) and not denial.search(sentence)
    ]
    assert wrong == []
