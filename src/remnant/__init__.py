"""What remains in the ground, in which state, where, on which date.

>>> import remnant
>>> case = remnant.read_case("examples/valley")  # doctest: +SKIP
>>> result = remnant.assess(case)  # doctest: +SKIP

The names below are loaded when they are first used, so that short commands start quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from remnant._version import __version__ as __version__

if TYPE_CHECKING:
    from remnant.assessment import Assessment as Assessment
    from remnant.assessment import assess as assess
    from remnant.io import read_case as read_case

_HOME = {"Assessment": "remnant.assessment", "assess": "remnant.assessment", "read_case": "remnant.io"}
__all__ = ["Assessment", "__version__", "assess", "read_case"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'remnant' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
