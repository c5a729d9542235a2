"""Pack the plugin as dist/remnant_qgis-<version>.zip; the same sources give the same bytes.

    python3 qgis/build_plugin.py [folder]

Needs nothing but Python.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLUGIN = HERE / "remnant_qgis"
SUFFIXES = (".py", ".svg", ".txt")
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that the format knows
_READABLE = 0o100644 << 16


def version() -> str:
    """What metadata.txt says."""
    lines = (PLUGIN / "metadata.txt").read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("version="))


def build(folder: Path) -> Path:
    """Write the archive into a folder; returns its path."""
    files = {f"{PLUGIN.name}/{p.name}": p for p in PLUGIN.iterdir() if p.suffix in SUFFIXES}
    files[f"{PLUGIN.name}/LICENSE"] = HERE.parent / "LICENSE"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{PLUGIN.name}-{version()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE
            entry.create_system = 3  # on every system alike
            archive.writestr(entry, files[name].read_bytes().replace(b"\r\n", b"\n"))
    return path


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "dist"))
