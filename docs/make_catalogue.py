"""Write docs/catalogue.md from the catalogue's data: ``python docs/make_catalogue.py``."""

from pathlib import Path

from remnant.catalogue import load_catalogue
from remnant.catalogue.page import catalogue_page

Path(__file__).with_name("catalogue.md").write_text(catalogue_page(load_catalogue()), encoding="utf-8")
