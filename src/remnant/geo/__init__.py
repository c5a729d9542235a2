"""Grid, footprints to cells, exact overlays: values only."""

from remnant.geo.coverage import Coverage as Coverage
from remnant.geo.coverage import coverage as coverage
from remnant.geo.grid import Grid as Grid
from remnant.geo.grid import grid_over as grid_over
from remnant.geo.overlay import Atoms as Atoms
from remnant.geo.overlay import atoms_of as atoms_of
