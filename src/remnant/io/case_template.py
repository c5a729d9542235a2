"""The commented case that `remnant init` writes, with one made-up layer so that it can be checked at once."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from remnant.errors import InvalidInput
from remnant.io.case_file import CASE_FILE

EXAMPLE_FILE = "example_areas.csv"
_EXAMPLE = """id,type,outline
A-1,PMA-2,"POLYGON ((0.100 0.100, 0.105 0.100, 0.105 0.103, 0.100 0.103, 0.100 0.100))"
A-2,PMA-2; PROM-1,"POLYGON ((0.110 0.100, 0.114 0.100, 0.114 0.104, 0.110 0.104, 0.110 0.100))"
"""
_TEMPLATE = """\
# A case: everything known about one region, with the day up to which it is known.
# `remnant check {folder}` says what is wrong or weak in it; `remnant assess {folder}` says what remains in the ground.
# Lines that begin with # are remarks. Paths start at this folder.

name = {name}
as_of = {as_of}            # the day up to which the records run: required, since silence after it means nothing
# dates = ["{later}"]      # days for which the answer is wanted, none before as_of; later ones are forecasts
seed = 1                       # same inputs and seed: same numbers
# crs = "EPSG:32633"           # projected CRS in metres; by default UTM, or an equal-area one for wide regions
# catalogue = ["my-types.toml"] # your own types, methods and priors, under the catalogue's rules

# [region]                     # records outside are reported: finds swapped axes and wrong CRSs
# bbox = [15.6, 42.4, 19.7, 45.4] # west, south, east, north in degrees; or file = "region.gpkg"

[grid]
cell_m = 50                    # cells in which the answer is given
block_m = 200                  # size of clumps: a whole number of cells
around_m = 0                   # how far cells reach around the evidence

# [policy]                     # your authority's written release policy, if it has one
# name = "NMAS 07.11, 2024"
# p_any_explosive_max = 0.05   # a share, not percent

# [outside]
# types = ["generic AP mine"]  # what may lie outside hazard areas

# [model]
# kind = "field"               # density that varies over the land; the default "stratum" has one level per hazard class
# [model.field]
# range_km = {{ low = 1, high = 30, source = "judgement" }} # over which places are alike
# spread_factor = {{ low = 2, high = 20, source = "judgement" }} # by which places typically differ
# [[model.covariates]]         # what may go with more or fewer items: raster, distance, past_events, category
# name = "distance to road"
# kind = "distance"
# file = "roads.gpkg"
# max_m = 5000
# effect = {{ low = 0.3, high = 1.5, source = "judgement" }} # factor from a near to a far place; 1: no difference

# One [[layers]] per file. Kinds: hazard_areas, released_areas, searches, land_use, finds, accidents, deposits,
# districts.
# Formats: GeoPackage, GeoJSON, Shapefile, KML, FlatGeobuf, File Geodatabase, GeoParquet, CSV, XLSX, ODS.
# This one is made up (in the sea); put your own in its place and delete {example}.
[[layers]]
kind = "hazard_areas"
file = "{example}"
[layers.columns]
id = "id"
type = "type"                  # several types in one cell are separated by ;  `remnant types` lists the names
geometry = "outline"           # only for tables: a WKT column, or {{lon = "x", lat = "y"}}
[layers.defaults]              # for what the file does not say
hazard_class = "SHA"           # SHA or CHA

# [[layers]]
# kind = "released_areas"      # cancelled, reduced or cleared land, with how it was searched
# file = "released.gpkg"
# layer = "released_2024"      # layer of a GeoPackage or geodatabase, or sheet of a workbook
# [layers.columns]
# date = "DateCompleted"
# method = "Method"            # `remnant methods` lists the names
# items_found = "DevicesFound" # leave out if the file does not say: nothing is concluded from silence
# type = "Model"
# [layers.defaults]
# coverage = 1.0               # share of the outline that was worked
# [layers.values.method]       # what the file says = what the catalogue says
# "Manual" = "manual detector"

# [[layers]]
# kind = "accidents"
# file = "accidents.csv"
# encoding = "cp1252"          # by default detected
# date_format = "%d/%m/%Y"     # needed for dates that can be read two ways
# [layers.columns]
# geometry = {{lon = "longitude", lat = "latitude"}}
# date = "AccidentDate"
# [layers.defaults]
# type = "generic AP mine"
# precision_m = 100            # radius within which the true place lies
# [layers.where]               # only these records; the others are counted as left out
# status = ["Confirmed", "Closed"]
"""


def case_template(name: str, as_of: dt.date, folder: str) -> str:
    """Text of a commented case.toml."""
    later = as_of + dt.timedelta(days=3653)
    return _TEMPLATE.format(
        name=json.dumps(name, ensure_ascii=True),
        as_of=as_of,
        later=later,
        folder=folder,
        example=EXAMPLE_FILE,
    )


def write_new_case(folder: Path, *, name: str, as_of: dt.date) -> tuple[Path, ...]:
    """Write a commented case and its example layer into a new or empty place.

    Raises
    ------
    InvalidInput
        When a case or the example is there already (nothing is written), or the place cannot be written to.
    """
    if not name.strip():
        raise InvalidInput("a case needs a name; got an empty one. Give --name.")
    texts = {folder / CASE_FILE: case_template(name, as_of, folder.name), folder / EXAMPLE_FILE: _EXAMPLE}
    there = [path.name for path in texts if path.exists()]
    if there:
        raise InvalidInput(
            f"{folder} must not hold a case yet; {' and '.join(there)} is there. Choose another folder."
        )
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                written.append(path)
                stream.write(text)
    except (OSError, ValueError) as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise InvalidInput(f"{folder} cannot be written to; {error}. Choose another folder.") from None
    return tuple(written)
