"""Files in and out: cases are read here, assessments are written here."""

from remnant.io.case_reader import read_case as read_case
from remnant.io.write_results import WrittenResults as WrittenResults
from remnant.io.write_results import write_results as write_results
