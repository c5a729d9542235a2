"""The ``remnant`` command: parse, call, render; no arithmetic."""

from remnant.cli.app import main as main
