"""Writes the generated parts of the documentation; the same functions let a test see that none is stale.

Four kinds: the CLI reference (from the commands themselves), the API reference (from the exports of each room), the
catalogue page (from its data), and the output of commands in the pages: a fenced ``console`` block that follows the
line ``<!-- run -->`` is run, and its output written below each command. Run it as ``make docs-generate``.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main
from sphinx.pycode import ModuleAnalyzer

from remnant.catalogue import load_catalogue
from remnant.catalogue.page import catalogue_page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ROOMS = (
    "",
    "catalogue",
    "geo",
    "evidence",
    "fate",
    "field",
    "risk",
    "harming",
    "releasing",
    "decide",
    "decide.plan",
    "decide.scenario",
    "score",
    "simulate",
    "scenarios",
    "io",
    "report",
    "web",
    "numerics",
)
"""Parts of the package whose exports are public; the empty name is the package itself."""

RUN_BLOCK = re.compile(r"(?P<head><!-- run -->\n```console\n)(?P<body>.*?)(?P<tail>\n```)", re.DOTALL)
CONSOLE_BLOCK = re.compile(r"```console\n(?P<body>.*?)\n```", re.DOTALL)
_SHOWN_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_WIDTH = "100"
_SECONDS = 600
_LONGEST_VALUE = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one command of a page gave."""

    command: str
    code: int
    output: str
    errors: str


def pages() -> list[Path]:
    """The README and every page of the documentation."""
    return [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def commands_of(body: str) -> list[str]:
    r"""The commands in a console block; a line that ends in a backslash goes on.

    Examples
    --------
    >>> commands_of("$ remnant types\nPFM-1\n$ remnant fate PFM-1 \\\n    --at 15d")
    ['remnant types', 'remnant fate PFM-1 --at 15d']
    """
    return [re.sub(r"\s*\\\n\s*", " ", command) for command in _SHOWN_COMMAND.findall(body)]


def workplace(folder: Path) -> Path:
    """A folder where the commands of a page run: it holds the examples, and nothing else."""
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


def run(command: str, *, cwd: Path) -> Result:
    """One command of a page, as a reader would type it."""
    here = str(Path(sys.executable).parent)
    env = os.environ | {
        "PATH": here + os.pathsep + os.environ["PATH"],
        "COLUMNS": _WIDTH,
        "NO_COLOR": "1",
        "TERM": "dumb",
        "PYTHONHASHSEED": "0",
    }
    done = subprocess.run(  # noqa: S602 -- the pages are ours, and a reader's shell is what they are written for
        command, shell=True, cwd=cwd, env=env, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return Result(command=command, code=done.returncode, output=done.stdout, errors=done.stderr)


def with_outputs(text: str, *, cwd: Path) -> str:
    """The page with the output of each command in its ``<!-- run -->`` blocks as it is now."""

    def block(match: re.Match[str]) -> str:
        parts = []
        for shown in _SHOWN_COMMAND.finditer(match["body"]):
            result = run(commands_of(shown[0])[0], cwd=cwd)
            if result.code != 0:
                raise SystemExit(f"{result.command} ended with code {result.code}:\n{result.errors}")
            output = "\n".join(line.rstrip() for line in result.output.strip("\n").splitlines())
            parts.append(f"{shown[0]}\n{output}".rstrip())
        return match["head"] + "\n".join(parts) + match["tail"]

    return RUN_BLOCK.sub(block, text)


def cli_page() -> str:
    """The command-line reference."""
    import remnant.cli  # noqa: F401 -- registers every command
    from remnant.cli.app import app

    root: Any = typer.main.get_command(app)
    out = [
        "# Command line",
        "",
        "This page is made from the commands themselves by `make docs-generate`; do not edit it.",
        "",
        "Every command ends with code 0 when it did what was asked and with code 2 when it refused; a refusal is one",
        "line on standard error that says what was asked, what came and what to do.",
        "",
        "`remnant --version` prints the version. `remnant COMMAND --help` prints what stands here.",
    ]
    for name in sorted(getattr(root, "commands", {})):
        out += _command(f"remnant {name}", root.commands[name], level=2)
    return "\n".join(out) + "\n"


def _command(path: str, command: Any, *, level: int) -> list[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    out = ["", f"{'#' * level} {path}", "", _prose(command.help or command.short_help or "")]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    for title, params in (("Arguments", arguments), ("Options", options)):
        shown = [p for p in params if "--help" not in p.opts]
        if shown:
            out += ["", f"**{title}**", "", *(_param(p, context) for p in shown)]
    for name in sorted(getattr(command, "commands", {})):
        out += _command(f"{path} {name}", command.commands[name], level=level + 1)
    return out


def _param(param: Any, context: Any) -> str:
    is_flag = bool(getattr(param, "is_flag", False))
    if param.param_type_name == "argument":
        names = f"`{param.metavar or param.name.upper()}`"
    else:
        value = "" if is_flag else f" {param.metavar or param.display_type(context)}"
        names = ", ".join(f"`{n}{value}`" for n in [*param.opts, *param.secondary_opts])
    notes = []
    if param.required:
        notes.append("required")
    if param.multiple or param.nargs == -1:
        notes.append("may be repeated")
    if not is_flag and isinstance(param.default, str | int | float) and str(param.default):
        notes.append(f"default `{param.default}`")
    tail = f" ({'; '.join(notes)})" if notes else ""
    text = _prose(param.help or "").replace("\n", " ")
    return f"- {names}{tail}: {text}".rstrip(": ")


def _prose(text: str) -> str:
    return inspect.cleandoc(text).replace("\b\n", "").replace("<", "&lt;").strip()


def exports(room: str) -> list[str]:
    """Public names of a room: what its ``__init__`` re-exports as ``from … import y as y``."""
    path = ROOT.joinpath("src", "remnant", *room.split("."), "__init__.py")
    if not path.is_file():
        return []
    text = path.read_text("utf-8")
    names = [a for a, b in re.findall(r"\b(?:import|,)\s+(\w+) as (\w+)", text) if a == b]
    return sorted({n for n in names if not n.startswith("_")}, key=lambda n: (n.casefold(), n))


def api_page() -> str:
    """The reference of public names, by room."""
    out = [
        ".. This page is made from the exports of each part of the package by `make docs-generate`; do not edit it.",
        "",
        *_title("Python reference", "="),
        "Units stand in square brackets; ``[1]`` is a plain number. Names and symbols: :doc:`nomenclature`.",
    ]
    for room in ROOMS:
        names = exports(room)
        if not names:
            continue
        full = f"remnant.{room}" if room else "remnant"
        module = importlib.import_module(full)
        first = inspect.cleandoc(module.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        out += ["", *_title(full, "-"), first, "", f".. currentmodule:: {full}", ""]
        for name in names:
            out += _member(full, name, getattr(module, name))
    return "\n".join(out).rstrip("\n") + "\n"


def _title(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]


def _member(full: str, name: str, value: object) -> list[str]:
    if inspect.ismodule(value):
        return [f".. automodule:: {value.__name__}", "   :members:", "", f".. currentmodule:: {full}", ""]
    if inspect.isclass(value):
        return [f".. autoclass:: {name}", "   :members:", ""]
    if inspect.isroutine(value):
        return [f".. autofunction:: {name}", ""]
    words = [f"   {line}".rstrip() for line in _data_words(full, name)]
    shown = repr(value).replace("typing.", "")
    options = [f"   :value: {shown}"] if len(shown) <= _LONGEST_VALUE and " at 0x" not in shown else []
    return [f".. py:data:: {name}", *options, "", *words, ""]


def _data_words(full: str, name: str) -> list[str]:
    """The docstring below a constant, read where it is defined."""
    init = ROOT.joinpath("src", *full.split("."), "__init__.py").read_text("utf-8")
    origin = re.search(rf"from ([\w.]+) import (?:\w+ as \w+, )*{name} as {name}\b", init)
    if origin is None:
        return []
    found = ModuleAnalyzer.for_module(origin[1])
    found.analyze()
    return list(found.attr_docs.get(("", name), []))


def generated() -> dict[Path, str]:
    """Every page that holds something generated, as it should be now."""
    texts = {
        DOCS / "cli.md": cli_page(),
        DOCS / "api.rst": api_page(),
        DOCS / "catalogue.md": catalogue_page(load_catalogue()),
    }
    with tempfile.TemporaryDirectory() as name:
        cwd = workplace(Path(name))
        for page in pages():
            if page not in texts and RUN_BLOCK.search(text := page.read_text("utf-8")):
                texts[page] = with_outputs(text, cwd=cwd)
    return texts


def main() -> None:
    """Write what has changed."""
    for path, text in generated().items():
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")  # noqa: T201


if __name__ == "__main__":
    main()
