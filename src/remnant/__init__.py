"""What remains in the ground, in which state, where, on which date."""

from remnant._version import __version__ as __version__
