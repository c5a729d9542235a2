"""Files in and out: cases are read here, assessments are written here."""

from remnant.io.case_reader import read_case as read_case
from remnant.io.case_template import write_new_case as write_new_case
from remnant.io.read_programme import read_estimates as read_estimates
from remnant.io.read_programme import read_previous as read_previous
from remnant.io.read_results import Results as Results
from remnant.io.read_results import read_results as read_results
from remnant.io.steps import StepLog as StepLog
from remnant.io.tile_store import TileStore as TileStore
from remnant.io.tile_store import open_tiles as open_tiles
from remnant.io.tile_workers import cluster_results as cluster_results
from remnant.io.tile_workers import local_results as local_results
from remnant.io.write_findings import write_findings as write_findings
from remnant.io.write_folder import check_output_folder as check_output_folder
from remnant.io.write_outputs import WrittenResults as WrittenResults
from remnant.io.write_outputs import write_results as write_results
from remnant.io.write_page import check_page_path as check_page_path
from remnant.io.write_page import write_page as write_page
from remnant.io.write_programme import write_programme as write_programme
