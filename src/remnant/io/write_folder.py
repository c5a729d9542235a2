"""An output folder that appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remnant.errors import InvalidInput, RemnantError

MANIFEST = "manifest.json"
MANIFEST_FORMAT = "remnant-results/1"
WORK_FOLDER = ".work"
"""Folder inside a result that is being made; it vanishes when the result is whole."""
_SIDECARS = (
    ".aux.xml",
    ".gpkg-wal",
    ".gpkg-shm",
    ".gpkg-journal",
)  # left behind by GIS programs that looked inside
_CHUNK_BYTES = 1 << 20


@contextmanager
def whole_folder(folder: Path, begun: Path | None = None) -> Iterator[Path]:
    """A scratch folder that becomes `folder` when the block ends well, and vanishes when it does not.

    A previous result is replaced only after the new one is complete. The folder is readable by its owner only, because
    positions of uncleared hazards are sensitive.

    Parameters
    ----------
    folder
        Where the results shall lie: a path that does not exist, an empty folder, or a previous result.
    begun
        A scratch folder beside it that an earlier step has begun; it is kept when the block fails.

    Yields
    ------
    The scratch folder: a new empty one, unless one was begun.

    Raises
    ------
    InvalidInput
        `folder` holds something that is not a previous result; it is left as it is.
    RemnantError
        The disk refused (full, read-only); what was there before is unchanged.
    """
    target = Path(folder).expanduser().resolve()
    check_output_folder(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = begun or Path(
            tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent)
        )
    except OSError as error:
        raise RemnantError(f"{target} cannot be created: {error.strerror}. Choose another folder.") from error
    try:
        yield scratch
        write_manifest(scratch)
        check_output_folder(target)
        _swap(scratch, target)
        shutil.rmtree(target / WORK_FOLDER, ignore_errors=True)
    except OSError as error:
        raise RemnantError(
            f"results could not be written to {target}: {error.strerror or error}. Nothing there was changed; "
            "free space or choose another folder."
        ) from error
    finally:
        if begun is None:
            shutil.rmtree(scratch, ignore_errors=True)


def check_output_folder(folder: Path) -> None:
    """Refuse a folder in which something would be lost; cheap, so that it can stand before the computing."""
    target = Path(folder).expanduser().resolve()
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise InvalidInput(f"the output must be a folder; {target} is a file. Choose another name.")
    present = {p.relative_to(target).as_posix() for p in _files(target)}
    if not present:
        return
    ours = previous_files(target)
    if not ours:
        raise InvalidInput(
            f"the output folder must be new, empty or a previous result of remnant; {target} holds other files "
            f"({_some(present)}). Choose another folder."
        )
    foreign = {p for p in present - ours - {MANIFEST} if not p.endswith(_SIDECARS)}
    if foreign:
        raise InvalidInput(
            f"{target} is a previous result, but it also holds files that remnant did not write ({_some(foreign)}) "
            "and that would be lost. Move them away or choose another folder."
        )


def previous_files(folder: Path) -> frozenset[str]:
    """The files of a previous result, from its manifest; empty where there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != MANIFEST_FORMAT:
            return frozenset()
        return frozenset(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def write_manifest(folder: Path) -> None:
    """Write name, size and SHA-256 of every file in a folder into its manifest."""
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(_files(folder))
    }
    text = json.dumps(
        {"format": MANIFEST_FORMAT, "files": files}, indent=1, sort_keys=True, ensure_ascii=False
    )
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")


def _files(folder: Path) -> Iterator[Path]:
    """Every file of a folder, but those of a result that was being made when its run was ended."""
    return (p for p in folder.rglob("*") if not p.is_dir() and p.relative_to(folder).parts[0] != WORK_FOLDER)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _swap(scratch: Path, target: Path) -> None:
    """Move the old folder aside, the new one into its place, then drop the old one."""
    if not target.exists():
        scratch.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".old", dir=target.parent))
    old = target.rename(aside / target.name)
    try:
        scratch.rename(target)
    except OSError:
        old.rename(target)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _some(names: set[str]) -> str:
    first = sorted(names)[:3]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
