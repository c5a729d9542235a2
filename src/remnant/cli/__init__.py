"""The ``remnant`` command: parse, call, render; no arithmetic."""

from remnant.cli import assess as _assess  # noqa: F401
from remnant.cli import case as _case  # noqa: F401
from remnant.cli import catalogue as _catalogue  # noqa: F401
from remnant.cli import design as _design  # noqa: F401
from remnant.cli import fate as _fate  # noqa: F401
from remnant.cli import harm as _harm  # noqa: F401
from remnant.cli import paper as _paper  # noqa: F401
from remnant.cli import parties as _parties  # noqa: F401
from remnant.cli import plan as _plan  # noqa: F401
from remnant.cli import prior as _prior  # noqa: F401
from remnant.cli import release as _release  # noqa: F401
from remnant.cli import rows as _rows  # noqa: F401
from remnant.cli import scenario as _scenario  # noqa: F401
from remnant.cli import score as _score  # noqa: F401
from remnant.cli import serve as _serve  # noqa: F401
from remnant.cli import tables as _tables  # noqa: F401
from remnant.cli.app import main as main
