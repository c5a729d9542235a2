"""Single vector tiles out of one file (PMTiles)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression

from remnant.io.view_tiles import check_tile


@dataclass(frozen=True, slots=True, kw_only=True)
class TileFile:
    """A file of vector tiles.

    Parameters
    ----------
    path
        Where it lies.
    least_zoom, most_zoom
        Zooms between which it has tiles.
    bounds
        West, south, east, north of what is in it. [degrees]
    """

    path: Path
    least_zoom: int
    most_zoom: int
    bounds: tuple[float, float, float, float]

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """A tile (Mapbox vector tile); None where nothing lies.

        Raises
        ------
        InvalidInput
            It is no tile of the web Mercator quad.
        """
        check_tile(z, x, y)
        with self.path.open("rb") as file:
            reader = Reader(MmapSource(file))  # type: ignore[no-untyped-call]
            content: bytes | None = reader.get(z, x, y)  # type: ignore[no-untyped-call]
            if content is None or reader.header()["tile_compression"] != Compression.GZIP:  # type: ignore[no-untyped-call]
                return content
        return gzip.decompress(content)


def open_tile_file(path: Path) -> TileFile:
    """A file of vector tiles, opened."""
    with path.open("rb") as file:
        header = Reader(MmapSource(file)).header()  # type: ignore[no-untyped-call]
    west, south, east, north = (
        header[f"{name}_e7"] / 1e7 for name in ("min_lon", "min_lat", "max_lon", "max_lat")
    )
    return TileFile(
        path=path,
        least_zoom=header["min_zoom"],
        most_zoom=header["max_zoom"],
        bounds=(west, south, east, north),
    )
