"""Small cases for scenarios: a delivery without evidence, and a world with searches and finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from remnant.evidence import Case
from remnant.io import read_case
from remnant.io.people import read_people
from remnant.risk import People
from remnant.simulate import simulate_case

EXAMPLE = Path(__file__).parents[2] / "examples" / "debate"


@pytest.fixture(scope="session")
def field() -> Case:
    """The shipped example: one delivery, no search."""
    return replace(read_case(EXAMPLE), num_draws=512)


@pytest.fixture(scope="session")
def people(field: Case) -> People:
    return read_people(EXAMPLE / "people.csv", crs=field.crs, geometry=field.areas.geometry, reach_m=40_000.0)


@pytest.fixture(scope="session")
def searched(worlds: ModuleType) -> Case:
    """A world with hazard areas, deliveries, searches and finds."""
    case: Case = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]
    return replace(case, num_draws=256)
