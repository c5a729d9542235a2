"""Pages, plots and plain words for people."""

from remnant.report.case_page import answer_lines as answer_lines
from remnant.report.case_page import render_report as render_report
from remnant.report.tables_page import render_tables as render_tables
