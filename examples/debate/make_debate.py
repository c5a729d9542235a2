"""Makes the records of the debate example: `python examples/debate/make_debate.py`.

One recorded delivery on one field, and the people near by. All of it is invented and lies in the middle of a sea, so
that nobody takes it for a place. The shapes are round numbers: nothing here was measured.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

HERE = Path(__file__).parent
CRS = "EPSG:32636"
X_M, Y_M = 580_000.0, 4_765_000.0  # the middle of a sea
LENGTH_M, WIDTH_M = 800.0, 250.0
DAY = "2026-06-01"
VILLAGES = (
    ("Upper houses", 1_400.0, 2_300.0, 120.0),
    ("Lower houses", -1_600.0, -3_200.0, 280.0),
    ("Mill", 2_600.0, 300.0, 40.0),
)


def field() -> shapely.Polygon:
    """An ellipse of ground, in ten-metre steps."""
    angle = np.linspace(0.0, 2.0 * np.pi, 33)[:-1]
    x, y = X_M + LENGTH_M / 2.0 * np.cos(angle), Y_M + WIDTH_M / 2.0 * np.sin(angle)
    return shapely.Polygon(np.column_stack([x.round(-1), y.round(-1)]))


def main() -> None:
    """Write the records beside this file."""
    data = HERE / "data"
    data.mkdir(exist_ok=True)
    ground = gpd.GeoSeries([field()], crs=CRS).to_crs("EPSG:4326")
    gpd.GeoDataFrame(
        {
            "delivery": ["D-1"],
            "device": ["generic AP mine"],
            "kind": ["emplaced"],
            "number": [1000],
            "date": [DAY],
        },
        geometry=ground,
    ).to_file(data / "delivery.geojson", driver="GeoJSON", COORDINATE_PRECISION=6)
    gpd.GeoDataFrame(
        {"area": ["F-1"], "class": ["delivered field"], "device": ["generic AP mine"], "date": [DAY]},
        geometry=ground,
    ).to_file(data / "field.geojson", driver="GeoJSON", COORDINATE_PRECISION=6)
    places = gpd.GeoSeries(
        shapely.points([X_M + v[1] for v in VILLAGES], [Y_M + v[2] for v in VILLAGES]), crs=CRS
    ).to_crs("EPSG:4326")
    pd.DataFrame(
        {
            "place": [v[0] for v in VILLAGES],
            "persons": [int(v[3]) for v in VILLAGES],
            "lon": places.x.round(6),
            "lat": places.y.round(6),
        }
    ).to_csv(HERE / "people.csv", index=False)
    print(f"one field of {field().area:,.0f} m², {sum(v[3] for v in VILLAGES):.0f} people")


if __name__ == "__main__":
    main()
