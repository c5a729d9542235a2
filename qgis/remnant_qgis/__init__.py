"""remnant in QGIS: runs the `remnant` command out of process and opens what it writes; installs nothing."""

from __future__ import annotations

from typing import Any


def classFactory(iface: Any) -> Any:
    """The plugin; QGIS calls it with its own interface."""
    from remnant_qgis.plugin import RemnantPlugin

    return RemnantPlugin(iface)
