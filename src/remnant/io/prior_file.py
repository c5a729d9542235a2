"""A learned prior on disk: a small readable prior.toml beside a raster of the learned map."""

from __future__ import annotations

import datetime as dt
import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine

from remnant._version import __version__
from remnant.errors import InvalidInput
from remnant.field.learned_prior import MAP_BANDS, LearnedPrior, LearnedSlope
from remnant.io.table import sha256
from remnant.io.write_folder import whole_folder

PRIOR_FILE, MAP_FILE = "prior.toml", "prior.tif"
FORMAT = "remnant-prior/1"
_BLOCK = 256
_TITLES = {
    "mean": "log density against the region's mean (natural logarithm), mean",
    "sd": "the same, standard deviation",
    "field_mean": "smooth field alone, without covariates, mean",
    "field_sd": "smooth field alone, standard deviation",
}
_HEAD = """\
# What remnant learned of where items lie thick or thin. An assessment starts from it with
#     [model]
#     kind = "field"
#     start_from = "prior.toml"
# Ranges hold 90 % of what is believed. The map (prior.tif) is relative: it says nothing of how many items there are.
"""


def write_prior(prior: LearnedPrior, folder: Path) -> tuple[Path, Path]:
    """Write prior.toml and prior.tif into a folder, whole or not at all; returns their paths.

    Raises
    ------
    InvalidInput
        The folder holds something else.
    """
    with whole_folder(folder) as scratch:
        _write_map(prior, scratch / MAP_FILE)
        text = _toml(prior, sha256(scratch / MAP_FILE))
        (scratch / PRIOR_FILE).write_text(text, encoding="utf-8", newline="\n")
    return folder / PRIOR_FILE, folder / MAP_FILE


def _write_map(prior: LearnedPrior, path: Path) -> None:
    num_bands, num_rows, num_cols = prior.bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=num_rows, width=num_cols, count=num_bands, dtype="float32", nodata=np.nan,
        crs=prior.crs, transform=Affine(prior.cell_m, 0.0, prior.left_m, 0.0, -prior.cell_m, prior.top_m),
        tiled=True, blockxsize=_BLOCK, blockysize=_BLOCK, compress="DEFLATE", predictor=3, interleave="BAND",
    ) as file:  # fmt: skip
        file.write(prior.bands.astype(np.float32))
        file.descriptions = tuple(_TITLES[name] for name in MAP_BANDS)
        file.update_tags(learned_from=prior.name, until=str(prior.until), nodata="NaN: outside the region")


def _toml(prior: LearnedPrior, map_hash: str) -> str:
    counts = {k: int(v) if float(v).is_integer() else round(float(v), 2) for k, v in prior.counts.items()}
    lines = [
        _HEAD,
        f"format = {_text(FORMAT)}",
        f"learned_from = {_text(prior.name)}",
        *([] if prior.start is None else [f"from = {prior.start}"]),
        f"until = {prior.until}",
        f"version = {_text(__version__)}",
        f"seed = {prior.seed}",
        f"num_draws = {prior.num_draws}",
        "",
        "[counts]  # cells looked at; events counted in them; labelled cells by outcome",
        *(f"{key} = {value}" for key, value in counts.items()),
        "",
        "[map]",
        f"file = {_text(MAP_FILE)}",
        f"sha256 = {_text(map_hash)}",
        f"bands = [{', '.join(_text(b) for b in MAP_BANDS)}]",
        "",
        "[range_km]  # distance over which places are alike",
        *_range(prior.range_km),
        "",
        "[spread_factor]  # factor by which places far apart typically differ",
        *_range(prior.spread_factor),
        "",
        "[clump_shape]  # how unevenly events lie within a cell",
        *_range(prior.clump_shape),
    ]
    for slope, row in zip(prior.slopes, prior.correlation, strict=True):
        lines += [
            "",
            "[[slopes]]  # factor by which density changes over a span of the covariate",
            f"name = {_text(slope.name)}",
            f"make = {_text(slope.make)}",
            f"is_reporting = {str(slope.is_reporting).lower()}",
            f"span = {_number(slope.span)}",
            *_range((slope.low, slope.high)),
            f"correlation = [{', '.join(f'{v:.3f}' for v in row)}]",
        ]
    lines += ["", "[inputs]  # SHA-256 of the files that it was learned from"]
    lines += [f"{_text(name)} = {_text(value)}" for name, value in sorted(prior.inputs.items())]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    text = f"{value:.6g}"
    return text if any(c in text for c in ".e") else f"{text}.0"


def _range(ends: tuple[float, float]) -> list[str]:
    return [f"low = {_number(ends[0])}", f"high = {_number(ends[1])}"]


def read_prior(path: Path) -> LearnedPrior:
    """A learned prior from its prior.toml and the raster beside it.

    Raises
    ------
    InvalidInput
        When either is missing, changed, or not of this kind.
    """
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InvalidInput(
            f"{path.name} must be a prior that `remnant prior fit` wrote; it cannot be read: {error.strerror}. "
            "Check the path."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{path.name} must be TOML; the parser says: {error}. Fit the prior again."
        ) from None
    if data.get("format") != FORMAT:
        raise InvalidInput(
            f'{path.name} must have format = "{FORMAT}"; got {data.get("format")!r}. Name a file that '
            "`remnant prior fit` wrote."
        )
    try:
        return _prior(data, path)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{path.name} must be as `remnant prior fit` wrote it; a key is missing or wrong ({error}). Fit it again."
        ) from None


def _prior(data: Mapping[str, Any], path: Path) -> LearnedPrior:
    raster = path.parent / str(data["map"]["file"])
    if not raster.is_file():
        raise InvalidInput(
            f"{path.name} needs its map {raster.name} beside it; it is not there. Copy both files."
        )
    if sha256(raster) != data["map"]["sha256"]:
        raise InvalidInput(
            f"{raster.name} must be the map that {path.name} speaks of; its content has changed. Fit the prior again."
        )
    with rasterio.open(raster) as file:
        bands, crs, place = file.read().astype(np.float64), file.crs.to_wkt(), file.transform
    slopes = tuple(
        LearnedSlope(
            name=str(s["name"]), make=str(s["make"]), low=_ends(s)[0], high=_ends(s)[1], span=_positive(s["span"]),
            is_reporting=bool(s["is_reporting"]),
        )
        for s in data.get("slopes", [])
    )  # fmt: skip
    return LearnedPrior(
        name=str(data["learned_from"]),
        start=_day(data["from"]) if "from" in data else None,
        until=_day(data["until"]),
        slopes=slopes,
        correlation=np.array([s["correlation"] for s in data.get("slopes", [])]).reshape(len(slopes), -1),
        range_km=_ends(data["range_km"]),
        spread_factor=_ends(data["spread_factor"]),
        clump_shape=_ends(data["clump_shape"]),
        crs=crs,
        left_m=float(place.c),
        top_m=float(place.f),
        cell_m=float(place.a),
        bands=bands,
        counts=dict(data["counts"]),
        inputs=dict(data["inputs"]),
        seed=int(data["seed"]),
        num_draws=int(data["num_draws"]),
    )


def _day(value: object) -> dt.date:
    if not isinstance(value, dt.date):
        raise TypeError(f"{value!r} is no date")
    return value


def _positive(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not (math.isfinite(number) and number > 0.0):
        raise ValueError(f"{value!r} must be above 0")
    return number


def _ends(section: Mapping[str, Any]) -> tuple[float, float]:
    low, high = _positive(section["low"]), _positive(section["high"])
    if not low < high:
        raise ValueError(f"low {low:g} must be below high {high:g}")
    return low, high
