"""Cloud-Optimized GeoTIFFs from tiles, window by window; those that an earlier run has finished are left alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from remnant.assessment import RESULT_STATES
from remnant.io.tile_store import cells_of
from remnant.io.write_rasters import BANDS, Piece, RasterFrame, raster_name, write_cog
from remnant.units import date_of

_SIDE = 1024  # pixels of a window: whole blocks of the files
_THREADS = 2  # files at a time


def write_tile_rasters(
    cells: Path, folder: Path, *, progress: Callable[[float], None] | None = None
) -> tuple[Path, ...]:
    """One file per date and state from the Zarr group of a result; see `remnant.io.write_rasters.write_cogs`."""
    for left in itertools.chain(folder.glob("*.tmp.tif*"), folder.glob("*.whole.tif*")):
        left.unlink()  # of a run that was ended in the middle
    group = zarr.open_group(cells, mode="r")
    dates = [date_of(float(day)).isoformat() for day in np.asarray(_values(group, "date"))]
    frame = _frame(group)

    def write(place: tuple[int, int]) -> Path:
        date, state = dates[place[0]], RESULT_STATES[place[1]]
        path = folder / raster_name(state, date)
        if path.exists():
            return path
        return write_cog(path, frame, _pieces(cells, frame, place), state, date)

    places = list(itertools.product(range(len(dates)), range(len(RESULT_STATES))))
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        jobs = [pool.submit(write, place) for place in places]
        for done, _ in enumerate(as_completed(jobs), start=1):
            if progress is not None:
                progress(done / len(jobs))
        return tuple(job.result() for job in jobs)


def _values(group: zarr.Group, name: str) -> NDArray[Any]:
    array: Any = group[name]
    return np.asarray(array[:])


def _frame(group: zarr.Group) -> RasterFrame:
    attrs = group.attrs
    x, y = _values(group, "x"), _values(group, "y")
    cell_m = float(str(attrs["cell_m"]))
    about = [group[name].attrs for name in BANDS]
    return RasterFrame(
        crs=str(attrs["crs_wkt"]),
        cell_m=cell_m,
        left_m=float(x[0]) - 0.5 * cell_m,
        top_m=float(y[0]) + 0.5 * cell_m,
        num_rows=y.size,
        num_cols=x.size,
        units=tuple(str(a["units"]) for a in about),
        descriptions=tuple(str(a["long_name"]) for a in about),
    )


def _pieces(cells: Path, frame: RasterFrame, place: tuple[int, int]) -> Iterator[Piece]:
    """Windows that hold any cell."""
    for top, left in itertools.product(range(0, frame.num_rows, _SIDE), range(0, frame.num_cols, _SIDE)):
        values = cells_of(cells, *place, (slice(top, top + _SIDE), slice(left, left + _SIDE)))
        if not np.isnan(values).all():
            yield top, left, values
