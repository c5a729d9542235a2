"""Tiles on disk: a Zarr group that fills up, and a mark for each tile that is done, so that runs can be taken up again.

A tile's mark is written after its cells, and appears whole or not at all; a tile without one is worked out again. The
marks carry the sums that totals are made of. Everything lies in one hidden folder beside the wanted result until the
result is whole (see `remnant.io.write_folder`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from pyproj import CRS
from zarr.codecs import ZstdCodec

from remnant._version import __version__
from remnant.assessment import RESULT_STATES
from remnant.errors import InvalidInput, RemnantError
from remnant.io.write_folder import WORK_FOLDER, check_output_folder
from remnant.national import VARIABLES, Country, TileResult, TileSums, fingerprint
from remnant.units import date_of

CELLS = "cells.zarr"
_RUN = "run.json"
_MARKS = "done"
_FORMAT = "remnant-tiles/1"
_LEVEL = 3  # of Zstandard
_WORDS = {
    "mean": ("items", "expected items that remain"),
    "q05": ("items", "5 % point of items that remain"),
    "q95": ("items", "95 % point of items that remain"),
    "p_any": ("1", "chance of at least one item"),
}
_AXIS: dict[str, dict[str, Any]] = {
    name: {"units": "m", "standard_name": f"projection_{name}_coordinate"} for name in ("x", "y")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TileStore:
    """A folder of tiles, begun or taken up again.

    Parameters
    ----------
    folder
        Hidden folder that becomes the result.
    done
        Numbers of the tiles that were there when it was opened.
    """

    folder: Path
    done: frozenset[int]

    @property
    def cells(self) -> Path:
        """The Zarr group."""
        return self.folder / CELLS

    def put(self, result: TileResult) -> None:
        """Write one tile, its mark last."""
        try:
            group = zarr.open_group(self.cells, mode="r+")
            w = result.window
            for v, name in enumerate(VARIABLES):
                _array(group, name)[:, :, w.row : w.past_row, w.col : w.past_col] = result.values[v]
            mark = _mark(self.folder, result.number)
            draft = mark.with_suffix(".tmp")
            with draft.open("wb") as file:
                np.savez(
                    file,
                    patch=result.patch,
                    district=result.district,
                    sums=result.sums,
                    ground_m2=result.ground_m2,
                    num_cells=np.int64(result.num_cells),
                )
            draft.replace(mark)
        except OSError as error:
            raise RemnantError(
                f"tile {result.number} could not be written to {self.folder}: {error.strerror or error}. Tiles "
                "that are done are kept; make room and run the same command again."
            ) from error

    def sums(self, numbers: Sequence[int]) -> Iterator[TileSums]:
        """What totals are made of, tile by tile."""
        for number in numbers:
            with np.load(_mark(self.folder, number)) as held:
                yield TileSums(
                    patch=held["patch"],
                    district=held["district"],
                    sums=held["sums"],
                    ground_m2=held["ground_m2"],
                    num_cells=int(held["num_cells"]),
                )


def open_tiles(folder: Path, country: Country) -> TileStore:
    """Begin a folder of tiles for a wanted result, or take up the one that an earlier run left.

    Parameters
    ----------
    folder
        Where the result shall lie; tiles are kept in a hidden folder beside it.
    country
        What is worked out.

    Raises
    ------
    InvalidInput
        If tiles of another case, seed, date, version or tile size lie there.
    """
    target = Path(folder).expanduser().resolve()
    check_output_folder(target)
    begun = target.parent / f".{target.name}.tiles"
    mark = fingerprint(country)
    if begun.exists():
        found = _read_run(begun)
        if found is None:  # an earlier run ended before the first tile
            _clear(begun)
        elif found != mark:
            raise InvalidInput(
                f"{begun} holds tiles of another run: other records, dates, seed, tile size, or another version of "
                f"remnant. Remove it to start anew, or name another folder with --out."
            )
    if not begun.exists():
        _begin(begun, country, mark)
    numbers = {int(p.stem) for p in (begun / WORK_FOLDER / _MARKS).glob("*.npz")}
    return TileStore(folder=begun, done=frozenset(numbers))


def _mark(folder: Path, number: int) -> Path:
    return folder / WORK_FOLDER / _MARKS / f"{number:06d}.npz"


def _read_run(begun: Path) -> str | None:
    try:
        content = json.loads((begun / WORK_FOLDER / _RUN).read_text("utf-8"))
        return str(content["fingerprint"]) if content["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _clear(begun: Path) -> None:
    """Remove the beginnings of a run, and nothing else."""
    foreign = {p.name for p in begun.iterdir()} - {CELLS, WORK_FOLDER}
    if foreign:
        raise InvalidInput(
            f"{begun} is where tiles are kept, but it holds other files ({', '.join(sorted(foreign)[:3])}). Move them "
            "away, or name another folder with --out."
        )
    shutil.rmtree(begun)


def _begin(begun: Path, country: Country, mark: str) -> None:
    try:
        (begun / WORK_FOLDER / _MARKS).mkdir(parents=True, mode=0o700)
        begun.chmod(0o700)  # positions of uncleared hazards are sensitive
        _create_cells(begun / CELLS, country)
        draft = begun / WORK_FOLDER / f"{_RUN}.tmp"
        draft.write_text(
            json.dumps({"format": _FORMAT, "fingerprint": mark, "version": __version__}) + "\n", "utf-8"
        )
        draft.replace(begun / WORK_FOLDER / _RUN)
    except OSError as error:
        raise RemnantError(
            f"tiles cannot be kept in {begun}: {error.strerror or error}. Choose another folder with --out."
        ) from error


def _create_cells(path: Path, country: Country) -> None:
    """An empty group on the whole grid, in the manner of the CF conventions, with the CRS where GDAL looks for it."""
    grid, case = country.job.grid, country.weighed.case
    wkt = CRS.from_user_input(case.crs).to_wkt()
    group = zarr.create_group(
        path,
        attributes={
            "Conventions": "CF-1.11",
            "title": f"What remains: {case.name}",
            "source": f"remnant {__version__}",
            "as_of": case.as_of.isoformat(),
            "crs_wkt": wkt,
            "cell_m": grid.cell_m,
        },
    )
    side = country.tile_cells
    for name in VARIABLES:
        units, words = _WORDS[name]
        group.create_array(
            name,
            shape=(country.num_dates, len(RESULT_STATES), grid.num_rows, grid.num_cols),
            chunks=(1, 1, min(side, grid.num_rows), min(side, grid.num_cols)),
            dtype="float32",
            fill_value=float("nan"),
            compressors=[ZstdCodec(level=_LEVEL)],
            dimension_names=("date", "state", "y", "x"),
            attributes={"units": units, "long_name": words, "_CRS": {"wkt": wkt}},
        )
    days = np.array([int(day) for day in country.weighed.days], np.int64)
    flags = {"flag_values": list(range(len(RESULT_STATES))), "flag_meanings": " ".join(RESULT_STATES)}
    coordinates: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("date", days, {"units": f"days since {date_of(0.0).isoformat()}", "calendar": "standard"}),
        ("state", np.arange(len(RESULT_STATES), dtype=np.int8), flags),
        ("y", grid.top_m - (np.arange(grid.num_rows) + 0.5) * grid.cell_m, _AXIS["y"]),
        ("x", grid.left_m + (np.arange(grid.num_cols) + 0.5) * grid.cell_m, _AXIS["x"]),
    )
    for name, data, attributes in coordinates:
        group.create_array(name, data=data, dimension_names=(name,), attributes=attributes)


def _array(group: zarr.Group, name: str) -> Any:
    return group[name]


def cells_of(path: Path, date: int, state: int, window: tuple[slice, slice]) -> NDArray[np.float32]:
    """(4, rows, cols) of a window of the cells, by variable, at one date and state."""
    group = zarr.open_group(path, mode="r")
    return np.stack([np.asarray(_array(group, name)[date, state, *window]) for name in VARIABLES])
