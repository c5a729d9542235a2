"""The layers of each kind of design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.decide import EffortAnswer, SampleAnswer, TransectAnswer, ValueAnswer
from remnant.io.write_design import DesignLayer

_PRIVATE = "Where people will work on suspected ground: keep private."


def transect_layers(answer: TransectAnswer, site: Any, crs: CRS | None) -> tuple[DesignLayer, ...]:
    """Lines to walk, the ground that they cover, and the site; nothing where there is no site."""
    layout = answer.layout
    if layout is None:
        return ()
    number = np.arange(1, layout.line.size + 1)
    ids = [f"{'AB'[f - 1]}{n:04d}" for f, n in zip(layout.family.tolist(), number.tolist(), strict=True)]
    plain = {"transect": ids, "bearing_deg": layout.bearing_deg}
    has_line = ~shapely.is_empty(layout.line) & (shapely.length(layout.line) > 0.0)
    lines = pd.DataFrame({**plain, "length_m": shapely.length(layout.line)})[has_line].reset_index(drop=True)
    swaths = pd.DataFrame({**plain, "covered_m2": shapely.area(layout.swath)})
    return (
        _layer(
            "transects", f"Middle lines of transects. {_PRIVATE}", lines, _lines(layout.line[has_line]), crs
        ),
        _layer(
            "swaths", f"Ground that each transect covers. {_PRIVATE}", swaths, _polygons(layout.swath), crs
        ),
        _site(site, crs),
    )


def sample_layers(answer: SampleAnswer, site: Any, crs: CRS | None) -> tuple[DesignLayer, ...]:
    """Units drawn for inspection, and the site; nothing where there is no site."""
    layout = answer.layout
    if layout is None:
        return ()
    middle = shapely.centroid(layout.square)
    table = pd.DataFrame(
        {
            "unit": np.arange(1, layout.square.size + 1),
            "middle_x_m": shapely.get_x(middle),
            "middle_y_m": shapely.get_y(middle),
            "unit_m": layout.unit_m,
        }
    )
    words = f"Units drawn at random, in the order of the draw, 1 of {layout.num_units:,} each. {_PRIVATE}"
    return (_layer("units", words, table, layout.square, crs), _site(site, crs))


def effort_layers(
    answer: EffortAnswer, geometry: NDArray[np.object_] | None, crs: CRS | None
) -> tuple[DesignLayer, ...]:
    """Areas with their hours, most first."""
    order = np.argsort(-answer.split.hours, kind="stable")
    table = pd.DataFrame(
        {
            "area_id": list(answer.id),
            "area_m2": answer.area_m2,
            "expected_items": answer.mean,
            "hours_h": answer.split.hours,
            "worked_share": answer.worked,
            "expected_found": answer.split.found,
        }
    )
    words = f"Areas with hours of search that find most in all. {_PRIVATE}"
    return (_ordered("areas", words, table, order, geometry, crs),)


def value_layers(
    answer: ValueAnswer, geometry: NDArray[np.object_] | None, crs: CRS | None
) -> tuple[DesignLayer, ...]:
    """Areas with the value of their next hours, best first."""
    table = pd.DataFrame({"area_id": list(answer.id), **answer.columns()})
    words = f"Areas with the value of their next {answer.hours:g} hours of survey, best first. {_PRIVATE}"
    return (_ordered("areas", words, table, answer.order, geometry, crs),)


def _ordered(
    name: str,
    words: str,
    table: pd.DataFrame,
    order: NDArray[np.int64],
    geometry: NDArray[np.object_] | None,
    crs: CRS | None,
) -> DesignLayer:
    ranked = table.iloc[order].reset_index(drop=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1))
    return _layer(name, words, ranked, None if geometry is None else geometry[order], crs)


def _layer(
    name: str, words: str, table: pd.DataFrame, geometry: NDArray[np.object_] | None, crs: CRS | None
) -> DesignLayer:
    return DesignLayer(name=name, description=words, table=table, geometry=geometry, crs=crs)


def _site(site: Any, crs: CRS | None) -> DesignLayer:
    table = pd.DataFrame({"area_m2": [float(shapely.area(site))]})
    return _layer("site", f"The site. {_PRIVATE}", table, np.array([site], dtype=object), crs)


def _lines(shapes: Sequence[Any] | NDArray[np.object_]) -> NDArray[np.object_]:
    """Every shape as its lines; what only touches the site in a point is dropped from it."""
    out = np.empty(len(shapes), dtype=object)
    for i, shape in enumerate(shapes):
        parts = shapely.get_parts(shape)
        out[i] = shapely.multilinestrings(parts[shapely.get_type_id(parts) == 1])
    return out


def _polygons(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Every shape as its polygons."""
    out = np.empty(len(shapes), dtype=object)
    for i, shape in enumerate(shapes):
        parts = shapely.get_parts(shape)
        out[i] = shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
    return out
