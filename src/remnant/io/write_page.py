"""One page for people as one file: whole or not at all, readable by its owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from remnant.errors import InvalidInput, RemnantError

_PDF = b"%PDF-"


def check_page_path(path: Path) -> Path:
    """The full path of a PDF to be written; cheap, so that it can stand before the work.

    Raises
    ------
    InvalidInput
        The path is a folder, or a file that is no PDF and would be lost.
    """
    target = Path(path).expanduser().resolve()
    if target.is_dir():
        raise InvalidInput(
            f"--out must be a file such as report.pdf; {target} is a folder. Name a file in it."
        )
    if target.suffix.lower() != ".pdf":
        raise InvalidInput(f"--out must end in .pdf; got {target.name!r}.")
    if target.exists() and target.stat().st_size and not _starts_as_pdf(target):
        raise InvalidInput(f"{target} is no PDF, and it would be lost. Choose another name.")
    return target


def write_page(page: bytes, path: Path) -> Path:
    """Write a page; what was there before stays until the new one is whole.

    Raises
    ------
    InvalidInput
        See `check_page_path`.
    RemnantError
        The disk refused; what was there before is unchanged.
    """
    target = check_page_path(path)
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


def _starts_as_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PDF)) == _PDF
