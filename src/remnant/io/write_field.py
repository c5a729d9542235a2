"""The density field as Cloud-Optimized GeoTIFFs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.enums import Resampling

from remnant.field import FieldMaps

_LAYERS = {
    "mean": "logarithm of density over that of a typical place, mean",
    "sd": "logarithm of density over that of a typical place, standard deviation",
    "free_sd": "the same standard deviation if nothing had been recorded nearby",
}


def write_field_cogs(field: FieldMaps, crs: str, folder: Path) -> tuple[Path, ...]:
    """Write ``field_mean.tif``, ``field_sd.tif`` and ``field_free_sd.tif``; one band per field, NaN where none is.

    Parameters
    ----------
    field
        The field of an assessment; a pixel is a node of its lattice.
    crs
        Of the assessment.
    folder
        An existing folder.
    """
    paths = []
    for name, meaning in _LAYERS.items():
        values = getattr(field, name).astype(np.float32)
        path = folder / f"field_{name}.tif"
        with rasterio.open(
            path,
            "w",
            driver="COG",
            height=values.shape[1],
            width=values.shape[2],
            count=len(values),
            dtype="float32",
            nodata=np.nan,
            crs=crs,
            transform=Affine(field.pixel_m, 0.0, field.left_m, 0.0, -field.pixel_m, field.top_m),
            compress="DEFLATE",
            predictor="YES",
            overview_resampling=Resampling.average.name,
        ) as file:
            file.write(values)
            file.descriptions = tuple(f"{meaning}{f': {kind}' if kind else ''}" for kind in field.names)
            file.units = tuple("1" for _ in field.names)
            file.update_tags(nodata="NaN: no node of the field")
        paths.append(path)
    return tuple(paths)
