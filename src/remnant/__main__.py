"""``python -m remnant``: the same as the command."""

from remnant.cli import main

main()
