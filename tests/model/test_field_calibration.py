"""The field model is calibrated: simulated truth, fitted and ranked (300 replicates: docs/calibration.md)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

_SPEC = importlib.util.spec_from_file_location("calibration", Path(__file__).with_name("calibration.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
calibration = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(calibration)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "replicates"), [("counts-sparse", 80), ("counts-dense", 80), ("field", 40)]
)
def test_intervals_of_a_field_cover_and_ranks_are_uniform(
    world: str, replicates: int, tmp_path: Path
) -> None:
    for row in calibration.table(calibration.run(replicates, tmp_path, world)):
        # quantities of one replicate depend on one another: replicates count, not ranks
        assert abs(row["coverage"] - 0.9) < 4.0 * np.sqrt(0.09 / replicates), row
        if row["num"] == replicates:
            assert row["uniform_p"] > 2e-4, row
