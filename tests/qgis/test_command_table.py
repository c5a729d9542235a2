"""What the plugin asks the command is what the command takes."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from remnant.cli.app import app
from remnant_qgis.command_line import Command, command_line
from remnant_qgis.commands import COMMANDS

KINDS: dict[str, Any] = {"whole": int, "number": float, "texts": list | tuple, "text": str, "choice": str}
SAMPLES = {"whole": 3, "number": 2.5, "layer": ("/a b/ž.gpkg", "one")}


def _asked_of(command: Command) -> Any:
    here: Any = typer.main.get_command(app)
    for word in command.name.split():
        here = here.commands[word]
    return here


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_option_is_one_of_the_command_with_its_kind_and_default(command: Command) -> None:
    params = {name: param for param in _asked_of(command).params for name in param.opts}
    values = {o.key: SAMPLES.get(o.kind, "x") if o.default is None else o.default for o in command.options}
    arguments = command_line(command, values)[len(command.name.split()) :]
    read = _asked_of(command).make_context(command.name, arguments).params
    for option in command.options:
        if option.flag:
            param = params[option.flag]
            assert isinstance(read[param.name], KINDS.get(option.kind, object)), option.key
            if option.default is not None and param.default is not None:
                assert option.default == param.default, option.key


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_the_command_cannot_do_without_is_required(command: Command) -> None:
    needed = {p.opts[0] for p in _asked_of(command).params if p.required and p.param_type_name == "option"}
    assert needed <= {option.flag for option in command.options if option.is_required}
    places = [p.name for p in _asked_of(command).params if p.param_type_name == "argument"]
    assert len(places) == sum(not option.flag for option in command.options)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_keys_are_unique_and_words_tell_units(command: Command) -> None:
    keys = [option.key for option in command.options]
    assert len(set(keys)) == len(keys)
    assert all(option.words for option in command.options)
    for option in command.options:
        if option.kind == "number":
            assert "[" in option.words, option.key


def test_a_value_that_looks_like_an_option_stays_a_value() -> None:
    arguments = command_line(COMMANDS["fate"], {"TYPE": "--version", "CLAIM": "--help; rm -rf"})
    read = _asked_of(COMMANDS["fate"]).make_context("fate", arguments[1:])
    assert read.params["type_name"] == "--version"
    assert read.params["claim"] == "--help; rm -rf"


def test_nothing_given_is_nothing_said() -> None:
    assert command_line(COMMANDS["assess"], {"CASE": "/c", "DATES": "", "SEED": None}) == [
        "assess",
        "--",
        "/c",
    ]


def test_a_layer_brings_its_name_along() -> None:
    said = command_line(COMMANDS["design_sample"], {"SITE": ("/a b.gpkg", "site 1")})
    assert said == ["design", "sample", "--site=/a b.gpkg", "--layer=site 1"]
    assert command_line(COMMANDS["design_sample"], {"SITE": ("/a.shp", "")}) == [
        "design",
        "sample",
        "--site=/a.shp",
    ]


def test_commas_part_methods_whose_names_hold_spaces() -> None:
    said = command_line(COMMANDS["release"], {"CASE": "/c", "METHODS": "manual detector, dogs"})
    assert said == ["release", "--method=manual detector", "--method=dogs", "--", "/c"]
