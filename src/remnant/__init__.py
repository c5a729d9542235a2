"""What remains in the ground, in which state, where, on which date.

>>> import remnant
>>> case = remnant.read_case("examples/valley")  # doctest: +SKIP
>>> result = remnant.assess(case)  # doctest: +SKIP
"""

from remnant._version import __version__ as __version__
from remnant.assess import Assessment as Assessment
from remnant.assess import assess as assess
from remnant.io import read_case as read_case
