"""The map application: a local server, and the same as one file."""

from remnant.web.desk import Desk as Desk
from remnant.web.export import one_file as one_file
from remnant.web.guard import Access as Access
from remnant.web.guard import withheld_kinds as withheld_kinds
from remnant.web.jobs import Jobs as Jobs
from remnant.web.serve import application as application
from remnant.web.serve import run_server as run_server
