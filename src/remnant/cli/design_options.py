"""What the commands of `remnant design` share: options, shares and sizes as people write them, and the output."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remnant.cli.printing import print_json
from remnant.errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from remnant.decide import Detection
    from remnant.io.write_design import DesignLayer

Files = tuple["tuple[DesignLayer, ...]", "Figure"]
"""Layers and figure of an answer."""

DETECTION = Annotated[
    str,
    typer.Option(
        "--detection", metavar="P", help="Chance to find an item in worked ground: 0.9, or 0.5-0.98."
    ),
]
METHOD = Annotated[
    str,
    typer.Option("--method", metavar="NAME", help="Take it from the catalogue (`remnant methods` lists)."),
]
STATE = Annotated[str, typer.Option("--state", help="Of a result folder: which items.")]
DATE = Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD", help="Of a result folder: which date.")]
LAYER = Annotated[str | None, typer.Option("--layer", help="Layer of the file, if there are several.")]
CRS = Annotated[
    str, typer.Option("--crs", help="Coordinate system of the file, such as EPSG:32633, if it names none.")
]
SEED = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same layout.")]
CATALOGUE = Annotated[
    Path | None,
    typer.Option("--catalogue", metavar="FILE", help="Your own entries, added to or replacing ours."),
]
OUT = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for layers (GeoPackage), plot and figures."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def share(option: str, text: str) -> float:
    """A share from 0.95 or 95%; 95 alone is refused, because 1 could be either."""
    words = text.strip()
    try:
        value = float(words[:-1]) / 100.0 if words.endswith("%") else float(words)
    except ValueError:
        raise InvalidInput(f"{option} must be a share such as 0.95 or 95%; got {text!r}.") from None
    if not 0.0 <= value <= 1.0:
        hint = f" Write {value / 100:g} or {value:g}%." if 1.0 < value <= 100.0 else ""
        raise InvalidInput(f"{option} must be a share in [0, 1], such as 0.95 or 95%; got {text!r}.{hint}")
    return round(value, 15)


def pair(option: str, text: str) -> tuple[float, float]:
    """One number, or two as 100x30; in metres."""
    first, cross, second = text.lower().replace("×", "x").partition("x")
    try:
        one = float(first)
        two = float(second) if cross else one
    except ValueError:
        one = two = math.nan
    if not (math.isfinite(one) and math.isfinite(two)):
        raise InvalidInput(f"{option} must be a number, or two such as 100x30, in metres; got {text!r}.")
    return one, two


def detection_from(text: str, method: str, catalogue: Path | None) -> Detection:
    """The detection chance that the user states, or that of a catalogue method; one of the two must come."""
    from remnant.catalogue import load_catalogue
    from remnant.decide import detection_of

    if bool(text) == bool(method):
        raise InvalidInput(
            f"either --detection or --method is wanted; {'both' if text else 'neither'} came. No detector finds "
            "everything: write --detection 0.9, --detection 0.5-0.98 or --method dogs."
        )
    if method:
        entry = load_catalogue([catalogue] if catalogue is not None else []).method(method)
        words = f"catalogue, {entry.name} ({entry.p_detect.source})"
        return detection_of(entry.p_detect.low, entry.p_detect.high, source=words)
    low, dash, high = text.partition("-")
    if "e" in text.lower():
        raise InvalidInput(f"--detection must be a share such as 0.9, or two such as 0.5-0.98; got {text!r}.")
    one = share("--detection", low)
    return detection_of(one, share("--detection", high) if dash else one, source="stated by the user")


def finish(
    words: str, plain: Mapping[str, Any], as_json: bool, out: Path | None, files: Callable[[], Files] | None
) -> None:
    """Write the folder, if one is asked for, then print."""
    written = None
    if out is not None and files is not None:
        from remnant.io.write_design import write_design
        from remnant.io.write_folder import check_output_folder
        from remnant.report.design_plot import figure_bytes

        check_output_folder(out)
        layers, figure = files()
        written = write_design(out, layers=layers, summary=plain, words=words, picture=figure_bytes(figure))
    if as_json:
        print_json(plain)
        return
    typer.echo(words)
    if written is not None:
        has_layers = (written / "design.gpkg").is_file()
        typer.echo(
            f"\nWritten to {written}: plot design.png" + (", layers design.gpkg" if has_layers else "")
        )
