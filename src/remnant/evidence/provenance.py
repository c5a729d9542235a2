"""Where each record of a table came from, and the check that all of its columns have one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Provenance:
    """Where each record of a table came from: layer name and row (first record is 1), both (n,)."""

    layer: NDArray[np.str_]
    row: NDArray[np.int64]


def same_length(record: Any, size: int) -> None:
    """Refuse a record whose columns differ in length."""
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        length = value.row.size if isinstance(value, Provenance) else len(value)
        if length != size:
            raise InvalidInput(f"{type(record).__name__}.{name} must have {size} entries; got {length}")
