"""One page for people as one file: whole or not at all, readable by its owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from remnant.errors import InvalidInput, RemnantError

_STARTS = {".pdf": b"%PDF-", ".html": b"<!doctype html"}


def check_page_path(path: Path, *, suffix: str, option: str = "--out") -> Path:
    """The full path of a page to be written; cheap, so that it can stand before the work.

    Parameters
    ----------
    path
        Where the page shall lie.
    suffix
        ``.pdf`` or ``.html``.
    option
        What the user wrote it behind.

    Raises
    ------
    InvalidInput
        The path is a folder, ends otherwise, or is a file of another kind that would be lost.
    """
    target = Path(path).expanduser().resolve()
    if target.is_dir():
        raise InvalidInput(
            f"{option} must be a file such as report{suffix}; {target} is a folder. Name a file in it."
        )
    if target.suffix.lower() != suffix:
        raise InvalidInput(f"{option} must end in {suffix}; got {target.name!r}.")
    if target.exists() and target.stat().st_size and not _starts_as(target, _STARTS[suffix]):
        what = suffix.removeprefix(".").upper()
        raise InvalidInput(f"{target} is no {what}, and it would be lost. Choose another name.")
    return target


def write_page(page: bytes, path: Path, *, suffix: str = ".pdf", option: str = "--out") -> Path:
    """Write a page; what was there before stays until the new one is whole.

    Raises
    ------
    InvalidInput
        See `check_page_path`.
    RemnantError
        The disk refused; what was there before is unchanged.
    """
    target = check_page_path(path, suffix=suffix, option=option)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent)
        scratch = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(page)
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise RemnantError(
            f"{target} could not be written: {error.strerror or error}. Nothing there was changed; free space or "
            "choose another folder."
        ) from error
    return target


def _starts_as(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)).lower() == start.lower()
