"""The exception tree.

::

    RemnantError            anything that we refuse, in one sentence a person can act on
    ├── InvalidInput        a value, a file or a row that cannot be used
    │   ├── CaseError       a case that cannot be read: carries its findings
    │   └── CatalogueError  a catalogue entry without a source, or out of bounds
    └── NotEstimable        the question has no answer with what was given
    RemnantWarning          the answer is usable but weaker; says what to check
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class RemnantError(Exception):
    """Anything that remnant refuses: what was asked, what came, what to do."""


class InvalidInput(RemnantError):
    """A value, file or row that cannot be used."""


class CaseError(InvalidInput):
    """A case that cannot be read.

    Parameters
    ----------
    message
        One sentence for a person.
    findings
        Every finding of the reader, so that all faults can be mended in one go.
    """

    def __init__(self, message: str, findings: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class CatalogueError(InvalidInput):
    """A catalogue entry without a source, or with a number out of bounds."""


class NotEstimable(RemnantError):
    """A question that has no answer with what was given."""


class RemnantWarning(UserWarning):
    """The answer is usable but weaker; the text says what to check."""
