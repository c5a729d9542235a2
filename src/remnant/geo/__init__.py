"""Grid, footprints to cells, exact overlays: values only."""

from remnant.geo.coverage import Coverage as Coverage
from remnant.geo.coverage import coverage as coverage
from remnant.geo.grid import Grid as Grid
from remnant.geo.grid import grid_over as grid_over
from remnant.geo.overlay import Atoms as Atoms
from remnant.geo.overlay import atoms_of as atoms_of
from remnant.geo.patches import Window as Window
from remnant.geo.patches import cells_inside as cells_inside
from remnant.geo.patches import labels_at_centres as labels_at_centres
from remnant.geo.patches import num_cells_inside as num_cells_inside
from remnant.geo.patches import patch_cells as patch_cells
from remnant.geo.patches import share_inside as share_inside
from remnant.geo.patches import shares_of_cells as shares_of_cells
from remnant.geo.patches import whole_blocks as whole_blocks
from remnant.geo.patches import windows as windows
