"""Hand-made types, so that these tests do not depend on the numbers of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remnant.catalogue import FateModel, Range


def sourced(low: float, high: float, unit: str = "1", basis: Any = "published") -> Range:
    return Range(low=low, high=high, unit=unit, basis=basis, source="test")


def model_of(**changed: Range) -> FateModel:
    """An item that always arms, always works by the window, and has no late mode and no battery."""
    plain = {
        "p_arms": sourced(1.0, 1.0),
        "p_sd_fails": sourced(0.01, 0.3),
        "sd_delay": sourced(20 * 24, 40 * 24, "h"),
        "sd_delay_factor": sourced(1.0, 1.0, "ratio"),
        "p_sd_late": sourced(0.0, 0.0),
        "sd_late_delay": sourced(24, 48, "h"),
        "p_sda_fails": sourced(1.0, 1.0),
        "sda_delay": sourced(24, 48, "h"),
    }
    return FateModel(**{**plain, **changed})


@pytest.fixture
def make_model() -> Callable[..., FateModel]:
    return model_of


@pytest.fixture
def make_range() -> Callable[..., Range]:
    return sourced
