"""…"""

from remnant.io.write_results import WrittenResults as WrittenResults
from remnant.io.write_results import write_results as write_results
