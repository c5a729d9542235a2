"""Areas for `remnant design next-hour`: from a case, whose draws are then used, or from results and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remnant.cli.progress import progress_bar
from remnant.errors import InvalidInput

if TYPE_CHECKING:
    from pyproj import CRS

    from remnant.decide import AreaLaws, Detection
    from remnant.units import Floats

_AVERAGED = (
    "a result or table does not say how uncertain the level of each area is, so hours to a limit are too few for a "
    "release policy; name the case instead, and every draw is weighed"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LawfulAreas:
    """Areas with what they may hold: (n,) names, ground, laws, outlines; whose detection, which source, notes."""

    id: tuple[str, ...]
    area_m2: Floats
    laws: AreaLaws
    geometry: NDArray[np.object_] | None
    crs: CRS | None
    detection_words: str
    source: str
    notes: tuple[str, ...]


def is_case(path: Path) -> bool:
    """Whether a path is a case rather than a result or a table."""
    return path.suffix == ".toml" or (path.is_dir() and (path / "case.toml").is_file())


def from_case(
    path: Path, method: str, detection: str, state: str, date: str, seed: int | None, *, quiet: bool
) -> LawfulAreas:
    """Areas of a case with all draws of what is uncertain."""
    from remnant.io import read_case
    from remnant.io.geometry import crs_of
    from remnant.weighing import area_laws, weigh

    if detection or not method:
        raise InvalidInput(
            "a case learns how well its methods detect: name one with --method, not --detection."
        )
    if state != "explosive" or date:
        raise InvalidInput(
            "a case gives explosive items on its first date; another state or date came. Assess it, and name the "
            "folder of its result."
        )
    with progress_bar(quiet=quiet) as tell:
        tell("reading the records", 0.0)
        case = read_case(path)
        entry = case.catalogue.method(method)
        weighed = weigh(case, seed=seed, progress=tell)
        laws, usable = area_laws(weighed, entry.name)
    if not usable.size:
        raise InvalidInput(
            "some hazard area must have a place and ground of its own; none has. Add outlines."
        )
    left_out = case.areas.id.size - usable.size
    note = f"areas left out because they have no place or no ground of their own: {left_out:,}"
    return LawfulAreas(
        id=tuple(str(i) for i in case.areas.id[usable]),
        area_m2=weighed.reduction.area_owned_m2[usable],
        laws=laws,
        geometry=np.asarray(case.areas.geometry[usable], dtype=object),
        crs=crs_of(case.crs, "crs"),
        detection_words=f"{entry.name}: catalogue ({entry.p_detect.source}), with what the case's searches taught",
        source=f"case {case.name}, records up to {case.as_of}, items on {case.dates[0]}, seed {weighed.seed}",
        notes=(note,) if left_out else (),
    )


def from_areas(
    path: Path, detection: Detection, layer: str | None, crs: str, state: str, date: str
) -> LawfulAreas:
    """Areas of a result folder or table, as laws with the means and chances that it states."""
    from remnant.decide import laws_from_summary
    from remnant.io.design_areas import read_survey_areas

    read = read_survey_areas(path, layer=layer, crs=crs, state=state, date=date)
    return LawfulAreas(
        id=read.id,
        area_m2=read.area_m2,
        laws=laws_from_summary(read.mean, read.p_any, read.p_exists, detection.draws),
        geometry=read.geometry,
        crs=read.crs,
        detection_words=f"{detection.words}: {detection.source}",
        source=read.source,
        notes=(*read.notes, _AVERAGED),
    )
